/* SPDX-License-Identifier: MIT */
/* A server with an operation that takes its time. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "async_server.mw.h"
#include "options.h"

enum { THREADS = 16 };

static mw_server *server; /* for the signal handler */

static void
stop(int signal_number)
{
    (void) signal_number;
    mw_server_stop(server);
}

static void
catch_signals(void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Whoever works for long sees to it that somebody still waits. */
static mw_status
cook(mw_call *call, const char *dish, uint32_t ms, char **ret_value)
{
    struct pollfd cancelled = {
        .fd = mw_call_cancel_fd(call),
        .events = POLLIN,
    };

    if (poll(&cancelled, 1, (int) ms) > 0) {
        return mw_call_fail(call, MW_ECANCELLED, "nobody waits any more");
    }
    *ret_value = mw_sprintf(call, "%s, after %u ms", dish, (unsigned) ms);
    return *ret_value != NULL ? MW_OK : MW_ENOMEM;
}

static const async_Kitchen_ops ops = { .cook = cook };

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/server.pem",
               *key = "certs/server.key", *ca = "certs/ca.pem";
    const struct option_text options[] = {
        { "--listen", &address, "address to serve; port 0 takes a free one" },
        { "--cert", &cert, "PEM file with the server's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for clients" },
        { NULL, NULL, NULL },
    };
    mw_error err = { .status = MW_OK };
    mw_status status;

    options_read(options, "Cooks slowly.", argc, argv);
    status = mw_server_open(&server,
        MW_SERVER(.listen = address, .threads_max = THREADS,
            .tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
        &err);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    status = async_Kitchen_serve(server, &ops, NULL);
    if (status == MW_OK) {
        catch_signals(stop);
        printf("listening on %s\n", mw_server_address(server, 0));
        fflush(stdout);
        status = mw_server_run(server, &err);
        catch_signals(SIG_DFL);
    }
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", argv[0],
            err.status < 0 ? err.text : mw_status_text(status));
    }
    mw_server_close(server);
    return status < 0;
}
