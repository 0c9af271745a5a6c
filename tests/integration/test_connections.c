/* SPDX-License-Identifier: MIT */
/*
 * A client with several connections to its server.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/fixture.h"
#include "lib/pki.h"

enum { PATIENCE_MS = 60000, WAITERS = 8 };

struct waiter {
    pthread_t thread;
    mw_client *client;
    mw_status status;
};

struct scene {
    struct mwt_server s;
    char listen[160];
    mw_client *client;
    atomic_uint n_connections; /* that the client has made */
    struct waiter waiters[WAITERS];
    size_t n_waiters;
};

static void
count(void *user, mw_log_level level, const char *text)
{
    struct scene *c = user;

    (void) level;
    if (strncmp(text, "connected to", 12) == 0) {
        atomic_fetch_add(&c->n_connections, 1);
    }
}

static void
begin(struct scene *c, uint32_t connections, const mw_server_options *options)
{
    mw_server_options o = *options;
    mw_error error;

    memset(c, 0, sizeof(*c));
    (void) snprintf(
        c->listen, sizeof(c->listen), "unix:%s/several", mwt_pki_get()->dir);
    o.listen = c->listen;
    mwt_server_start(&c->s, &o);
    cr_assert_eq(
        mw_client_open(&c->client, c->listen,
            MW_CLIENT(.connections = connections, .log = count, .log_user = c),
            &error),
        MW_OK, "%s", error.text);
}

static void *
wait_at_gate(void *arg)
{
    struct waiter *w = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    w->status = probe_Probe_wait(w->client, &ctx);
    mw_ctx_clear(&ctx);
    return NULL;
}

/* One more call that is under way until the gate opens. */
static void
add_waiter(struct scene *c)
{
    struct waiter *w = &c->waiters[c->n_waiters++];

    w->client = c->client;
    cr_assert_eq(pthread_create(&w->thread, NULL, wait_at_gate, w), 0);
    mwt_gate_wait_inside(&c->s.gate, (uint32_t) c->n_waiters);
}

static void
join_waiters(struct scene *c, mw_status status)
{
    for (size_t i = 0; i < c->n_waiters; i++) {
        cr_assert_eq(pthread_join(c->waiters[i].thread, NULL), 0);
        cr_assert_eq(c->waiters[i].status, status);
    }
    c->n_waiters = 0;
}

static void
end(struct scene *c)
{
    mwt_gate_open(&c->s.gate);
    join_waiters(c, MW_OK);
    mw_client_close(c->client);
    mwt_server_close(&c->s);
}

static void
echo(struct scene *c)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    char *text = NULL;

    cr_assert_eq(probe_Probe_echo(c->client, &ctx, "x", &text), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_str_eq(text, "x");
    free(text);
}

static void
expect_connections(struct scene *c, unsigned n)
{
    cr_assert_eq(atomic_load(&c->n_connections), n, "%u connections, not %u",
        atomic_load(&c->n_connections), n);
}

Test(connections, one_unless_told_otherwise)
{
    struct scene c;

    begin(&c, 0, MW_SERVER(.threads_max = WAITERS));
    for (int i = 0; i < 3; i++) {
        add_waiter(&c);
        echo(&c);
    }
    expect_connections(&c, 1);
    end(&c);
}

Test(connections, made_when_none_is_idle)
{
    struct scene c;

    begin(&c, 3, MW_SERVER(.threads_max = WAITERS));
    for (int i = 0; i < 10; i++) {
        echo(&c);
    }
    expect_connections(&c, 1);
    add_waiter(&c);
    expect_connections(&c, 1);
    for (int i = 0; i < 10; i++) {
        echo(&c);
    }
    expect_connections(&c, 2);
    add_waiter(&c);
    add_waiter(&c);
    expect_connections(&c, 3);
    add_waiter(&c);
    add_waiter(&c);
    echo(&c);
    expect_connections(&c, 3);
    end(&c);
}

Test(connections, range)
{
    struct scene c;
    mw_client *client;
    mw_error error;

    begin(&c, 64, MW_SERVER(.threads_max = 1));
    echo(&c);
    cr_assert_eq(
        mw_client_open(&client, c.listen, MW_CLIENT(.connections = 65), &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text, "connections is 65, may be 1 to 64");
    end(&c);
}

/* A server that takes no more connections: calls share those that there are,
 * and none of them fails. */
Test(connections, server_takes_no_more)
{
    struct scene c;

    begin(&c, 4, MW_SERVER(.threads_max = WAITERS, .connections_max = 2));
    add_waiter(&c);
    for (int i = 0; i < 5; i++) {
        add_waiter(&c);
        echo(&c);
    }
    end(&c);
}

/* Those that are lost are replaced as they are needed. */
Test(connections, lost_and_made_again)
{
    struct scene c;
    mw_peer peer;

    begin(&c, 3, MW_SERVER(.threads_max = WAITERS));
    for (int i = 0; i < 3; i++) {
        add_waiter(&c);
    }
    expect_connections(&c, 3);
    mwt_gate_open(&c.s.gate);
    join_waiters(&c, MW_OK);
    mwt_server_close(&c.s);
    cr_assert_eq(mw_client_peer(c.client, &peer), MW_EUNAVAILABLE);
    mwt_server_start(
        &c.s, MW_SERVER(.listen = c.listen, .threads_max = WAITERS));
    cr_assert_eq(mw_client_peer(c.client, &peer), MW_EUNAVAILABLE);
    echo(&c);
    expect_connections(&c, 4);
    cr_assert_eq(mw_client_peer(c.client, &peer), MW_OK);
    for (int i = 0; i < 3; i++) {
        add_waiter(&c);
    }
    expect_connections(&c, 6);
    end(&c);
}

/* A draining server lets the calls that it has accepted end, on all of them. */
Test(connections, drained)
{
    struct scene c;

    begin(&c, 3, MW_SERVER(.threads_max = WAITERS));
    for (int i = 0; i < 6; i++) {
        add_waiter(&c);
    }
    expect_connections(&c, 3);
    mw_server_stop(c.s.server);
    mwt_gate_open(&c.s.gate);
    join_waiters(&c, MW_OK);
    end(&c);
}

/* The later ones resume the TLS session of the first. */
Test(connections, over_tls)
{
    struct scene c;
    mw_error error;

    memset(&c, 0, sizeof(c));
    mwt_server_start(&c.s, MW_SERVER(.listen = "tls://127.0.0.1:0",
                               .tls = MWT_SERVER_TLS, .threads_max = WAITERS));
    cr_assert_eq(mw_client_open(&c.client, mw_server_address(c.s.server, 0),
                     MW_CLIENT(.connections = 4, .tls = MWT_CLIENT_TLS,
                         .log = count, .log_user = &c),
                     &error),
        MW_OK, "%s", error.text);
    for (int i = 0; i < 4; i++) {
        add_waiter(&c);
        echo(&c);
    }
    expect_connections(&c, 4);
    end(&c);
}

/* Whatever cannot be allocated to connect: the call fails for that, or goes by
 * another connection. */
Test(connections, no_memory)
{
    struct scene c;
    bool has_failed = true;

    begin(&c, 4, MW_SERVER(.threads_max = WAITERS));
    for (uint64_t n = 1; has_failed; n++) {
        mw_client *client;
        mw_error error = { 0 };
        mw_status status;

        mwi_mem_fail_at(n);
        status = mw_client_open(&client, c.listen,
            MW_CLIENT(.connections = 4, .lazy = true), &error);
        has_failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, has_failed ? MW_ENOMEM : MW_OK);
        if (status == MW_OK) {
            mw_client_close(client);
        }
    }
    end(&c);
}
