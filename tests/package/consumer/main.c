/* SPDX-License-Identifier: MIT */
/*
 * A program as a stranger writes it: server and client in one process, one
 * call, one look at what came of it.  Exits 0 when all is as it should be.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mw/introspect_client.mw.h"
#include "mw/mw.h"

#include "tally_client.mw.h"
#include "tally_server.mw.h"

static mw_status
add(mw_call *call, tally_Count *count, int64_t n)
{
    (void) call;
    count->value += n;
    return MW_OK;
}

static void *
serve(void *server)
{
    return mw_server_run(server, NULL) < 0 ? server : NULL;
}

static int
call_once(mw_server *server)
{
    tally_Count count = { .value = 40 };
    mw_Health health = mw_Health_UNKNOWN;
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = 5000);

    if (mw_set_string(NULL, &count.name, "sheep") < 0 ||
        mw_client_open_local(&client, server, NULL, &ctx.error) < 0) {
        fprintf(stderr, "client: %s\n", mw_ctx_error(&ctx));
        return EXIT_FAILURE;
    }
    if (tally_Counter_add(client, &ctx, &count, 2) < 0)
        fprintf(stderr, "add: %s\n", mw_ctx_error(&ctx));
    if (mw_Server_health(client, &ctx, "tally.Counter", &health) < 0)
        fprintf(stderr, "health: %s\n", mw_ctx_error(&ctx));
    printf("%lld %s, libmw %s\n", (long long) count.value, count.name,
        mw_version());
    bool right = count.value == 42 && strcmp(count.name, "sheep") == 0 &&
                 health == mw_Health_SERVING;
    mw_client_close(client);
    tally_Count_clear(&count);
    return right ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(void)
{
    static const tally_Counter_ops ops = { .add = add };
    mw_server *server;
    mw_error err;
    pthread_t thread;

    if (mw_server_open(&server, MW_SERVER(.threads_max = 2), &err) < 0 ||
        tally_Counter_serve(server, &ops, NULL) < 0 ||
        pthread_create(&thread, NULL, serve, server) != 0) {
        fprintf(stderr, "server: cannot start\n");
        return EXIT_FAILURE;
    }
    int status = call_once(server);

    void *failed;
    mw_server_stop(server);
    pthread_join(thread, &failed);
    mw_server_close(server);
    return failed != NULL ? EXIT_FAILURE : status;
}
