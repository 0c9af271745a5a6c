/* SPDX-License-Identifier: MIT */
/*
 * A client of several servers, or of one that comes and goes.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/fixture.h"
#include "lib/pki.h"

enum { PATIENCE_MS = 60000, SERVERS = 3, WAITERS = 12 };

/* A resolver of our own, for names of loopback addresses. */

static const char *const *resolved; /* of pair.test; NULL at its end */

static struct addrinfo *
new_result(const char *ip, const char *port, struct addrinfo *next)
{
    struct addrinfo *result = calloc(1, sizeof(*result));
    struct sockaddr_in *to = calloc(1, sizeof(*to));

    to->sin_family = AF_INET;
    to->sin_port = htons((in_port_t) atoi(port));
    cr_assert_eq(inet_pton(AF_INET, ip, &to->sin_addr), 1);
    result->ai_family = AF_INET;
    result->ai_socktype = SOCK_STREAM;
    result->ai_addr = (struct sockaddr *) (void *) to;
    result->ai_addrlen = sizeof(*to);
    result->ai_next = next;
    return result;
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **result)
{
    (void) hints;
    *result = NULL;
    if (strcmp(host, "pair.test") != 0) {
        *result = new_result(host, port, NULL);
        return 0;
    }
    for (size_t i = 0; resolved != NULL && resolved[i] != NULL; i++) {
        *result = new_result(resolved[i], port, *result);
    }
    return *result != NULL ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_addr);
        free(list);
        list = next;
    }
}

/* Several servers, on unix sockets, and a client of all. */

struct waiter {
    pthread_t thread;
    mw_client *client;
    mw_status status;
};

struct scene {
    struct mwt_server servers[SERVERS];
    char listen[SERVERS][160];
    char all[SERVERS * 160]; /* addresses, as a list */
    mw_client *client;
    atomic_uint n_connected; /* lines that the client has logged */
    atomic_uint n_failed;
    struct waiter waiters[WAITERS];
    size_t n_waiters;
};

static void
count(void *user, mw_log_level level, const char *text)
{
    struct scene *c = user;

    (void) level;
    if (strncmp(text, "connected to", 12) == 0) {
        atomic_fetch_add(&c->n_connected, 1);
    } else if (strncmp(text, "cannot connect", 14) == 0) {
        atomic_fetch_add(&c->n_failed, 1);
    }
}

static void
start_server(struct scene *c, size_t i)
{
    mwt_server_start(&c->servers[i],
        MW_SERVER(.listen = c->listen[i], .threads_max = WAITERS));
}

static void
begin(struct scene *c, const mw_client_options *options)
{
    mw_client_options o = *options;
    mw_error error;

    memset(c, 0, sizeof(*c));
    for (size_t i = 0; i < SERVERS; i++) {
        (void) snprintf(c->listen[i], sizeof(c->listen[i]), "unix:%s/server%zu",
            mwt_pki_get()->dir, i);
        start_server(c, i);
        (void) snprintf(c->all + strlen(c->all),
            sizeof(c->all) - strlen(c->all), "%s%s", i > 0 ? "," : "",
            /* The short form for all but the first. */
            c->listen[i] + (i > 0 ? strlen("unix:") : 0));
    }
    o.log = count;
    o.log_user = c;
    cr_assert_eq(mw_client_open(&c->client, c->all, &o, &error), MW_OK, "%s",
        error.text);
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

static uint32_t
n_inside(struct scene *c, size_t i)
{
    struct mwt_gate *gate = &c->servers[i].gate;
    uint32_t n;

    mwi_lock(&gate->mutex);
    n = gate->n_inside;
    mwi_unlock(&gate->mutex);
    return n;
}

static uint32_t
n_inside_all(struct scene *c)
{
    uint32_t n = 0;

    for (size_t i = 0; i < SERVERS; i++) {
        n += n_inside(c, i);
    }
    return n;
}

static void
add_waiter(struct scene *c)
{
    struct waiter *w = &c->waiters[c->n_waiters++];

    w->client = c->client;
    cr_assert_eq(pthread_create(&w->thread, NULL, wait_at_gate, w), 0);
    while (n_inside_all(c) < c->n_waiters) {
        (void) sched_yield();
    }
}

static void
end(struct scene *c)
{
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_gate_open(&c->servers[i].gate);
    }
    for (size_t i = 0; i < c->n_waiters; i++) {
        cr_assert_eq(pthread_join(c->waiters[i].thread, NULL), 0);
        cr_assert_eq(c->waiters[i].status, MW_OK);
    }
    mw_client_close(c->client);
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_server_close(&c->servers[i]);
    }
}

static mw_status
add_once(mw_client *client, mw_ctx *ctx)
{
    double sum = 0;
    mw_status status = probe_Probe_add(client, ctx, 1, 2, &sum);

    cr_assert(status < 0 || sum == 3);
    return status;
}

static void
must_add(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    cr_assert_eq(add_once(client, &ctx), MW_OK, "%s", mw_ctx_error(&ctx));
}

/* Each call goes to the server that has the fewest. */
Test(addresses, calls_are_balanced)
{
    struct scene c;

    begin(&c, MW_CLIENT());
    for (size_t i = 0; i < WAITERS; i++) {
        add_waiter(&c);
    }
    for (size_t i = 0; i < SERVERS; i++) {
        cr_assert_eq(
            n_inside(&c, i), WAITERS / SERVERS, "%zu: %u", i, n_inside(&c, i));
    }
    cr_assert_eq(atomic_load(&c.n_connected), SERVERS);
    end(&c);
}

/* As many as there may be, of each. */
Test(addresses, connections_are_per_address)
{
    struct scene c;

    begin(&c, MW_CLIENT(.connections = 2));
    for (size_t i = 0; i < WAITERS; i++) {
        add_waiter(&c);
    }
    cr_assert_eq(atomic_load(&c.n_connected), 2 * SERVERS);
    for (size_t i = 0; i < SERVERS; i++) {
        cr_assert_eq(n_inside(&c, i), WAITERS / SERVERS);
    }
    end(&c);
}

/* One call at a time needs one connection. */
Test(addresses, none_is_made_for_nothing)
{
    struct scene c;

    begin(&c, MW_CLIENT(.connections = 2));
    for (size_t i = 0; i < 20; i++) {
        must_add(c.client);
    }
    cr_assert_eq(atomic_load(&c.n_connected), 1);
    end(&c);
}

/* Servers go one after the other, and come back: no call fails, and the one
 * that is not there is not tried by each of them. */
Test(addresses, failover)
{
    struct scene c;

    begin(&c, MW_CLIENT(.reconnect_min_ms = PATIENCE_MS,
                  .reconnect_max_ms = PATIENCE_MS));
    for (size_t i = 0; i < SERVERS; i++) {
        add_waiter(&c);
    }
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_gate_open(&c.servers[i].gate);
    }
    for (size_t i = 0; i < c.n_waiters; i++) {
        cr_assert_eq(pthread_join(c.waiters[i].thread, NULL), 0);
    }
    c.n_waiters = 0;
    for (size_t i = 0; i + 1 < SERVERS; i++) {
        mwt_server_close(&c.servers[i]);
        for (size_t j = 0; j < 50; j++) {
            must_add(c.client);
        }
    }
    /* Each of the two is looked for a few times at the most. */
    cr_assert_leq(atomic_load(&c.n_failed), 6, "%u", atomic_load(&c.n_failed));
    for (size_t i = 0; i + 1 < SERVERS; i++) {
        start_server(&c, i);
    }
    must_add(c.client);
    end(&c);
}

/* The last one is gone, too. */

static void *
call_add(void *arg)
{
    struct waiter *w = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    w->status = add_once(w->client, &ctx);
    return NULL;
}

Test(addresses, a_call_waits_for_a_server)
{
    struct scene c;
    struct waiter w[4];

    begin(&c, MW_CLIENT());
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_server_close(&c.servers[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        w[i].client = c.client;
        cr_assert_eq(pthread_create(&w[i].thread, NULL, call_add, &w[i]), 0);
    }
    /* They have all been looked for. */
    while (atomic_load(&c.n_failed) < SERVERS) {
        (void) sched_yield();
    }
    for (size_t i = SERVERS; i-- > 0;) {
        start_server(&c, i);
    }
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(pthread_join(w[i].thread, NULL), 0);
        cr_assert_eq(w[i].status, MW_OK);
    }
    end(&c);
}

Test(addresses, a_call_waits_no_longer_than_its_deadline)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = 50);

    begin(&c, MW_CLIENT());
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_server_close(&c.servers[i]);
    }
    cr_assert_eq(add_once(c.client, &ctx), MW_EUNAVAILABLE);
    cr_assert_not_null(
        strstr(mw_ctx_error(&ctx), "no connection in time: unix:"), "%s",
        mw_ctx_error(&ctx));
    cr_assert(ctx.not_run);
    for (size_t i = 0; i < SERVERS; i++) {
        start_server(&c, i);
    }
    must_add(c.client);
    end(&c);
}

/* All are tried, those that have just failed too, and then the call fails. */
Test(addresses, fail_fast)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    begin(&c, MW_CLIENT(.fail_fast = true));
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_server_close(&c.servers[i]);
    }
    for (unsigned i = 1; i <= 3; i++) {
        cr_assert_eq(add_once(c.client, &ctx), MW_EUNAVAILABLE);
        cr_assert(ctx.not_run);
        cr_assert_geq(atomic_load(&c.n_failed), i * SERVERS);
    }
    cr_log_info("%s", mw_ctx_error(&ctx));
    /* It comes back: the next call finds it. */
    for (size_t i = 0; i < SERVERS; i++) {
        start_server(&c, i);
    }
    must_add(c.client);
    end(&c);
}

/* Opening tells at once. */
Test(addresses, opening)
{
    mw_client *client;
    mw_error error;
    char listen[2][160];
    char both[400];
    struct mwt_server s;

    for (size_t i = 0; i < 2; i++) {
        (void) snprintf(listen[i], sizeof(listen[i]), "unix:%s/opening%zu",
            mwt_pki_get()->dir, i);
    }
    (void) snprintf(both, sizeof(both), "%s,%s", listen[0], listen[1]);
    cr_assert_eq(mw_client_open(&client, both,
                     MW_CLIENT(.timeout_ms = PATIENCE_MS), &error),
        MW_EUNAVAILABLE);
    /* One of them is enough. */
    mwt_server_start(&s, MW_SERVER(.listen = listen[1]));
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(mw_client_open(&client, both, NULL, &error), MW_OK, "%s",
            error.text);
        mw_client_close(client);
    }
    mwt_server_close(&s);
}

/* Names. */

static void
start_at(struct mwt_server *s, const char *ip, const char *port, char *address)
{
    char listen[64];

    (void) snprintf(listen, sizeof(listen), "plaintext://%s:%s", ip, port);
    mwt_server_start(s, MW_SERVER(.listen = listen));
    (void) snprintf(address, 64, "%s", mw_server_address(s->server, 0));
}

Test(addresses, each_address_of_a_name)
{
    static const char *const both[] = { "127.0.0.2", "127.0.0.3", NULL };
    static const char *const moved[] = { "127.0.0.4", NULL };
    struct mwt_server s[3];
    char address[64];
    char name[64];
    const char *port;
    mw_client *client;
    mw_error error;
    mw_peer peer;

    resolved = both;
    start_at(&s[0], "127.0.0.2", "0", address);
    port = strrchr(address, ':') + 1;
    (void) snprintf(name, sizeof(name), "plaintext://pair.test:%s", port);
    start_at(&s[1], "127.0.0.3", port, address);
    cr_assert_eq(
        mw_client_open(&client, name, NULL, &error), MW_OK, "%s", error.text);
    must_add(client);
    mwt_server_close(&s[0]);
    must_add(client);
    cr_assert_eq(mw_client_peer(client, &peer), MW_OK);
    cr_assert_not_null(strstr(peer.address, "127.0.0.3"), "%s", peer.address);
    /* All that it led to is gone: it is looked up again. */
    resolved = moved;
    mwt_server_close(&s[1]);
    start_at(&s[2], "127.0.0.4", port, address);
    must_add(client);
    cr_assert_eq(mw_client_peer(client, &peer), MW_OK);
    cr_assert_not_null(strstr(peer.address, "127.0.0.4"), "%s", peer.address);
    mw_client_close(client);
    mwt_server_close(&s[2]);
}

Test(addresses, a_name_that_leads_nowhere)
{
    mw_client *client;
    mw_error error;
    mw_ctx ctx = MW_CTX(.timeout_ms = 50);

    cr_assert_eq(mw_client_open(&client, "plaintext://pair.test:1",
                     MW_CLIENT(.timeout_ms = PATIENCE_MS), &error),
        MW_EUNAVAILABLE);
    cr_assert_not_null(strstr(error.text, "pair.test"), "%s", error.text);
    cr_assert_eq(mw_client_open(&client, "plaintext://pair.test:1",
                     MW_CLIENT(.lazy = true), &error),
        MW_OK);
    cr_assert_eq(add_once(client, &ctx), MW_EUNAVAILABLE);
    cr_assert_not_null(
        strstr(mw_ctx_error(&ctx), "pair.test"), "%s", mw_ctx_error(&ctx));
    mw_client_close(client);
}

/* Who each server must be is what was written for it. */
Test(addresses, verified_by_name)
{
    static const char *const here[] = { "127.0.0.1", NULL };
    struct mwt_server s;
    char wrong[64];
    char both[160];
    const char *right;
    mw_client *client;
    mw_error error;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    resolved = here;
    mwt_server_start(
        &s, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS));
    right = mw_server_address(s.server, 0);
    (void) snprintf(
        wrong, sizeof(wrong), "tls://pair.test%s", strrchr(right, ':'));
    (void) snprintf(both, sizeof(both), "%s,%s", wrong, right);
    cr_assert_eq(
        mw_client_open(&client, both, MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    must_add(client);
    mw_client_close(client);
    /* That does not get better by waiting. */
    cr_assert_eq(mw_client_open(&client, wrong,
                     MW_CLIENT(.tls = MWT_CLIENT_TLS, .lazy = true), &error),
        MW_OK);
    cr_assert_eq(add_once(client, &ctx), MW_EUNAUTHENTICATED);
    cr_assert_not_null(
        strstr(mw_ctx_error(&ctx), "pair.test"), "%s", mw_ctx_error(&ctx));
    cr_assert(ctx.not_run);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(addresses, options)
{
    mw_client *client;
    mw_error error;

    cr_assert_eq(mw_client_open(&client, "unix:/x",
                     MW_CLIENT(.lazy = true, .reconnect_min_ms = 7,
                         .reconnect_max_ms = 6),
                     &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text, "reconnect_max_ms is 6, may be 7 to 86400000");
    cr_assert_eq(mw_client_open(&client, "unix:/x",
                     MW_CLIENT(.lazy = true, .reconnect_max_ms = 1), &error),
        MW_OK);
    mw_client_close(client);
    cr_assert_eq(mw_client_open(&client, "unix:/x,tls://localhost:1",
                     MW_CLIENT(.lazy = true), &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text,
        "unix:/x,tls://localhost:1 needs certificates: set .tls = MW_TLS(...)");
}

/* Whatever cannot be allocated: the call that needed it fails, the next one
 * does not. */
Test(addresses, no_memory)
{
    static const char *const here[] = { "127.0.0.2", "127.0.0.3", NULL };
    struct mwt_server s;
    char address[64];
    char name[64];
    bool has_failed = true;

    resolved = here;
    start_at(&s, "127.0.0.3", "0", address);
    (void) snprintf(name, sizeof(name), "plaintext://pair.test:%s",
        strrchr(address, ':') + 1);
    for (uint64_t n = 1; has_failed; n++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
        mw_client *client;
        mw_error error;
        mw_status status;

        cr_assert_eq(
            mw_client_open(&client, name, MW_CLIENT(.lazy = true), &error),
            MW_OK);
        mwi_mem_fail_at(n);
        status = add_once(client, &ctx);
        has_failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert(status == MW_OK || has_failed, "%s", mw_ctx_error(&ctx));
        must_add(client);
        mw_client_close(client);
    }
    mwt_server_close(&s);
}
