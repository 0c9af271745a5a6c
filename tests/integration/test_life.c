/* SPDX-License-Identifier: MIT */
/*
 * One-way calls, a full server, deadlines, stopping, reconnecting.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/fixture.h"
#include "lib/pki.h"

/* A call in a thread of its own. */
struct caller {
    pthread_t thread;
    mw_client *client;
    mw_ctx ctx;
    mw_status status;
};

static void *
call_wait(void *arg)
{
    struct caller *c = arg;

    c->status = probe_Probe_wait(c->client, &c->ctx);
    return NULL;
}

static void
start_waiting(struct caller *c, mw_client *client)
{
    *c = (struct caller){ .client = client };
    c->ctx = MW_CTX(.timeout_ms = 60000);
    cr_assert_eq(pthread_create(&c->thread, NULL, call_wait, c), 0);
}

static mw_status
join(struct caller *c)
{
    cr_assert_eq(pthread_join(c->thread, NULL), 0);
    return c->status;
}

Test(life, one_way_returns_before_it_runs)
{
    struct mwt_server s;
    mw_client *client;
    probe_Box box = { .text = (char[]){ "slow" } };

    mwt_server_start(&s, MW_SERVER(.threads_max = 1));
    client = mwt_local_client(&s);
    /* Its handler returns only when the gate opens, which we do after. */
    cr_assert_eq(probe_Probe_note_slowly(client, NULL, &box), MW_OK);
    cr_assert_eq(s.gate.n_notes, 0);
    mwt_gate_wait_inside(&s.gate, 1);
    /* Accepted although the only thread is busy. */
    cr_assert_eq(probe_Probe_note(client, NULL, "second"), MW_OK);
    mwt_gate_open(&s.gate);
    mwt_gate_wait_notes(&s.gate, 2);
    cr_assert_str_eq(s.gate.last_note, "second");
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, full_server_refuses)
{
    struct mwt_server s;
    mw_client *client;
    struct caller callers[5]; /* 2 run, 3 wait */
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .no_retry = true);
    char *text = NULL;
    probe_Box box = { 0 };

    mwt_server_start(
        &s, MW_SERVER(.threads_min = 1, .threads_max = 2, .queue_max = 3));
    client = mwt_local_client(&s);
    for (size_t i = 0; i < 2; i++) {
        start_waiting(&callers[i], client);
    }
    mwt_gate_wait_inside(&s.gate, 2);
    for (size_t i = 2; i < 5; i++) {
        cr_assert_eq(probe_Probe_note_slowly(client, &ctx, &box), MW_OK);
    }
    cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text), MW_EEXHAUSTED);
    cr_assert_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.echo: the server is full: 2 calls run and 3 wait");
    cr_assert(ctx.not_run);
    cr_assert_eq(probe_Probe_note(client, &ctx, "lost"), MW_EEXHAUSTED);
    mwt_gate_open(&s.gate);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(join(&callers[i]), MW_OK);
    }
    mwt_gate_wait_notes(&s.gate, 3);
    cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text), MW_OK, "%s",
        mw_ctx_error(&ctx));
    free(text);
    mw_client_close(client);
    mwt_server_close(&s);
    cr_assert_eq(s.gate.n_notes, 3);
}

/* Few calls, but long ones. */
Test(life, full_memory_refuses)
{
    struct mwt_server s;
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .no_retry = true);
    probe_Box box = { 0 };
    mw_status status;
    uint32_t n_accepted = 0;

    mwt_server_start(
        &s, MW_SERVER(.threads_max = 1, .queue_memory_max = 1 << 20));
    client = mwt_local_client(&s);
    box.blob.items = calloc(1, 100000);
    box.blob.len = 100000;
    while ((status = probe_Probe_note_slowly(client, &ctx, &box)) == MW_OK) {
        n_accepted++;
        cr_assert_lt(n_accepted, 20);
    }
    cr_assert_eq(status, MW_EEXHAUSTED);
    cr_assert_not_null(
        strstr(mw_ctx_error(&ctx), "the server is full: the calls it has take"),
        "%s", mw_ctx_error(&ctx));
    cr_assert(ctx.not_run);
    cr_assert_gt(n_accepted, 2);
    mwt_gate_open(&s.gate);
    mwt_gate_wait_notes(&s.gate, n_accepted);
    probe_Box_clear(&box);
    mw_client_close(client);
    mwt_server_close(&s);
}

/* Nodes count as much as other arguments. */
Test(life, full_memory_refuses_nodes)
{
    enum { N_LINKS = 200 };
    struct mwt_server s;
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .no_retry = true);
    probe_Link *links = calloc(N_LINKS, sizeof(*links));
    uint32_t n_accepted = 0;
    mw_status status;

    mwt_server_start(
        &s, MW_SERVER(.threads_max = 1, .queue_memory_max = 1 << 20));
    client = mwt_local_client(&s);
    for (size_t i = 0; i + 1 < N_LINKS; i++) {
        links[i].next = &links[i + 1];
    }
    while ((status = probe_Probe_note_links(client, &ctx, links)) == MW_OK) {
        n_accepted++;
        cr_assert_lt(n_accepted, 20);
    }
    cr_assert_eq(status, MW_EEXHAUSTED, "%s", mw_ctx_error(&ctx));
    cr_assert_gt(n_accepted, 2);
    mwt_gate_open(&s.gate);
    mwt_gate_wait_notes(&s.gate, n_accepted);
    free(links);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, as_many_run_at_once_as_there_are_threads)
{
    enum { N = 16 };
    struct mwt_server s;
    mw_client *client;
    struct caller callers[N];

    mwt_server_start(&s, MW_SERVER(.threads_min = 1, .threads_max = N));
    client = mwt_local_client(&s);
    for (size_t i = 0; i < N; i++) {
        start_waiting(&callers[i], client);
    }
    mwt_gate_wait_inside(&s.gate, N);
    mwt_gate_open(&s.gate);
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(join(&callers[i]), MW_OK);
    }
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, deadline)
{
    struct mwt_server s;
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = 30);
    uint32_t left = 0;
    char *text = NULL;

    mwt_server_start(&s, MW_SERVER(.threads_max = 1));
    client = mwt_local_client(&s);
    cr_assert_eq(probe_Probe_wait(client, &ctx), MW_ETIMEDOUT);
    cr_assert_str_eq(mw_ctx_error(&ctx), "probe.Probe.wait: no answer in time");
    cr_assert_not(ctx.not_run);
    /* The only thread is still at the gate: this one waits in the queue, its
     * deadline passes there, and it is never run. */
    cr_assert_eq(probe_Probe_wait(client, &ctx), MW_ETIMEDOUT);
    mwt_gate_open(&s.gate);
    /* The late answers to both are dropped. */
    ctx.timeout_ms = 20000;
    cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text), MW_OK);
    cr_assert_eq(probe_Probe_remaining(client, &ctx, &left), MW_OK);
    cr_assert_leq(left, 20000);
    cr_assert_gt(left, 1000);
    free(text);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, default_deadline_is_finite)
{
    struct mwt_server s;
    mw_client *client;
    uint32_t left = 0;

    mwt_server_start(&s, MW_SERVER());
    client = mwt_local_client(&s);
    cr_assert_eq(probe_Probe_remaining(client, NULL, &left), MW_OK);
    cr_assert_leq(left, MW_DEFAULT_TIMEOUT_MS);
    mw_client_close(client);
    mwt_server_close(&s);
}

static mw_server *stopped_by_signal;

static void
on_signal(int number)
{
    (void) number;
    mw_server_stop(stopped_by_signal);
}

Test(life, stop_from_a_signal_handler)
{
    struct mwt_server s;

    mwt_server_start(&s, MW_SERVER());
    stopped_by_signal = s.server;
    cr_assert_neq(signal(SIGUSR1, on_signal), SIG_ERR);
    cr_assert_eq(raise(SIGUSR1), 0);
    cr_assert_eq(pthread_join(s.thread, NULL), 0);
    s.is_running = false;
    cr_assert_eq(s.status, MW_OK);
    mwt_server_close(&s);
}

Test(life, stop_from_a_handler)
{
    struct mwt_server s;
    mw_client *client;

    mwt_server_start(&s, MW_SERVER());
    client = mwt_local_client(&s);
    cr_assert_eq(probe_Probe_stop(client, NULL), MW_OK);
    cr_assert_eq(pthread_join(s.thread, NULL), 0);
    s.is_running = false;
    cr_assert_eq(s.status, MW_OK);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, stop_before_run)
{
    mw_server *server;
    mw_error error;

    cr_assert_eq(mw_server_open(&server, MW_SERVER(), &error), MW_OK);
    mw_server_stop(server);
    cr_assert_eq(mw_server_run(server, &error), MW_OK);
    cr_assert_eq(mw_server_run(server, &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "the server has run already");
    mw_server_close(server);
}

/* Stopping waits for what was accepted, and answers it. */
Test(life, drain)
{
    struct mwt_server s;
    mw_client *client;
    struct caller caller;
    probe_Box box = { .text = (char[]){ "kept" } };
    mw_ctx ctx = MW_CTX(.timeout_ms = 50);
    mw_status status;
    char *text = NULL;

    mwt_server_start(&s, MW_SERVER(.threads_max = 1, .drain_ms = 60000));
    client = mwt_local_client(&s);
    start_waiting(&caller, client);
    mwt_gate_wait_inside(&s.gate, 1);
    cr_assert_eq(probe_Probe_note_slowly(client, &ctx, &box), MW_OK);
    mw_server_stop(s.server);
    /* Queued behind the gate until the server has seen that it is to stop;
     * then refused, on the old connection or for want of a new one. */
    do {
        status = probe_Probe_echo(client, &ctx, "x", &text);
    } while (status == MW_ETIMEDOUT);
    cr_assert_eq(status, MW_EUNAVAILABLE, "%s", mw_ctx_error(&ctx));
    cr_assert(ctx.not_run);
    mwt_gate_open(&s.gate);
    cr_assert_eq(join(&caller), MW_OK, "%s", mw_ctx_error(&caller.ctx));
    mwt_server_stop(&s);
    cr_assert_eq(s.status, MW_OK);
    cr_assert_eq(s.gate.n_notes, 1);
    cr_assert_str_eq(s.gate.last_note, "kept");
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, drain_gives_up)
{
    struct mwt_server s;
    mw_client *client;
    struct caller caller;

    mwt_server_start(&s, MW_SERVER(.drain_ms = 20));
    client = mwt_local_client(&s);
    start_waiting(&caller, client);
    mwt_gate_wait_inside(&s.gate, 1);
    mwt_server_stop(&s);
    cr_assert_eq(s.status, MW_ETIMEDOUT);
    cr_assert_str_eq(s.error.text, "1 calls were still running after 20 ms");
    cr_assert_eq(join(&caller), MW_EUNAVAILABLE);
    cr_assert_not_null(strstr(mw_ctx_error(&caller.ctx), "stopping"), "%s",
        mw_ctx_error(&caller.ctx));
    mwt_gate_open(&s.gate);
    mw_client_close(client);
    mwt_server_close(&s); /* waits for the handler */
}

Test(life, reconnect)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char address[128];
    char listen[128];
    char *text = NULL;

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/again", mwt_pki_get()->dir);
    mwt_server_start(&s, MW_SERVER(.listen = listen));
    (void) snprintf(
        address, sizeof(address), "%s", mw_server_address(s.server, 0));
    cr_assert_eq(
        mw_client_open(&client, address, MW_CLIENT(.fail_fast = true), &error),
        MW_OK, "%s", error.text);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text), MW_OK, "%s",
            mw_ctx_error(&ctx));
        free(text);
        mwt_server_close(&s);
        cr_assert_eq(
            probe_Probe_echo(client, &ctx, "x", &text), MW_EUNAVAILABLE);
        cr_assert(ctx.not_run);
        cr_log_info("%s", mw_ctx_error(&ctx));
        mwt_server_start(&s, MW_SERVER(.listen = listen));
    }
    cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text), MW_OK, "%s",
        mw_ctx_error(&ctx));
    free(text);
    mw_client_close(client);
    mwt_server_close(&s);
}

/* A server that was restarted while the client was idle is found gone before
 * the next call, which does not fail. */
static void
check_restarts(const char *listen)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char address[128];

    mwt_server_start(&s, MW_SERVER(.listen = listen, .tls = MWT_SERVER_TLS));
    (void) snprintf(
        address, sizeof(address), "%s", mw_server_address(s.server, 0));
    cr_assert_eq(mw_client_open(&client, address,
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    for (size_t i = 0; i < 5; i++) {
        double sum = 0;

        cr_assert_eq(probe_Probe_add(client, &ctx, 1, 2, &sum), MW_OK,
            "%zu: %s", i, mw_ctx_error(&ctx));
        cr_assert_eq(sum, 3);
        mwt_server_close(&s);
        mwt_server_start(
            &s, MW_SERVER(.listen = address, .tls = MWT_SERVER_TLS));
    }
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, restart_unix)
{
    char listen[128];

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/restart", mwt_pki_get()->dir);
    check_restarts(listen);
}

Test(life, restart_plaintext)
{
    check_restarts("plaintext://127.0.0.1:0");
}

Test(life, restart_tls)
{
    check_restarts("tls://127.0.0.1:0");
}

Test(life, lazy_client_connects_when_needed)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_peer peer;
    char listen[128];

    (void) snprintf(listen, sizeof(listen), "unix:%s/lazy", mwt_pki_get()->dir);
    cr_assert_eq(
        mw_client_open(&client, listen, NULL, &error), MW_EUNAVAILABLE);
    cr_assert_eq(
        mw_client_open(&client, listen, MW_CLIENT(.lazy = true), &error),
        MW_OK);
    cr_assert_eq(mw_client_peer(client, &peer), MW_EUNAVAILABLE);
    cr_assert_eq(mw_client_ping(client, NULL), MW_EUNAVAILABLE);
    mwt_server_start(&s, MW_SERVER(.listen = listen));
    cr_assert_eq(mw_client_ping(client, NULL), MW_OK);
    cr_assert_eq(mw_client_peer(client, &peer), MW_OK);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, peers_know_each_other)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_peer peer;
    char *name = NULL;

    mwt_server_start(
        &s, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS));
    cr_assert_eq(mw_client_open(&client, mw_server_address(s.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(probe_Probe_who(client, NULL, &name), MW_OK);
    cr_assert_str_eq(name, "client.test");
    cr_assert_eq(mw_client_peer(client, &peer), MW_OK);
    cr_assert_str_eq(peer.name, "localhost");
    free(name);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(life, options_are_checked)
{
    mw_server *server;
    mw_client *client;
    mw_error error;
    mw_server_options unset = { .threads_max = 3 };
    struct {
        mw_server_options known;
        uint32_t later;
    } longer = { .known = { .size = sizeof(longer) }, .later = 1 };

    cr_assert_eq(mw_server_open(&server, &unset, &error), MW_EINVAL);
    cr_assert_str_eq(
        error.text, "the options' size is 0: make them with MW_SERVER(...)");
    cr_assert_eq(mw_server_open(&server, &longer.known, &error), MW_EINVAL);
    cr_assert_str_eq(
        error.text, "an option is set that libmw 0.1.0 does not know");
    longer.later = 0;
    cr_assert_eq(mw_server_open(&server, &longer.known, &error), MW_OK);
    mw_server_close(server);
    cr_assert_eq(mw_server_open(&server,
                     MW_SERVER(.threads_min = 5, .threads_max = 4), &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text, "threads_min is 5, may be 1 to 4");
    cr_assert_eq(mw_server_open(
                     &server, MW_SERVER(.listen = "tls://127.0.0.1:0"), &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text,
        "tls://127.0.0.1:0 needs certificates: set .tls = MW_TLS(...)");
    cr_assert_eq(
        mw_client_open(&client, "tls://localhost:1", NULL, &error), MW_EINVAL);
    cr_assert_eq(mw_client_open(&client, NULL, NULL, &error), MW_EINVAL);
    cr_assert_eq(mw_client_open(&client, "plaintext://localhost:1",
                     MW_CLIENT(.message_max = 1000), &error),
        MW_EINVAL);
    cr_assert_str_eq(
        error.text, "message_max is 1000, may be 65536 to 1073741824");
}

/* What the log said, cut to fit. */
struct logged {
    struct mwi_mutex mutex;
    char text[4096]; /* [mutex] */
    size_t n;        /* [mutex] lines */
};

static void
note_line(void *user, mw_log_level level, const char *line)
{
    struct logged *logged = user;
    size_t len;

    mwi_lock(&logged->mutex);
    len = strlen(logged->text);
    (void) snprintf(logged->text + len, sizeof(logged->text) - len, "%d %s\n",
        (int) level, line);
    logged->n++;
    mwi_unlock(&logged->mutex);
}

/* Names and causes, never what was passed. */
Test(life, log_lines)
{
    struct logged logged = { .n = 0 };
    probe_Box box = { 0 };
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    char *text = NULL;

    mwi_mutex_init(&logged.mutex);
    mwt_server_start(&s, MW_SERVER(.log = note_line, .log_user = &logged));
    cr_assert_eq(mw_client_open_local(&client, s.server,
                     MW_CLIENT(.log = note_line, .log_user = &logged), &error),
        MW_OK);
    cr_assert_eq(probe_Probe_echo(client, NULL, "a secret", &text), MW_OK);
    cr_assert_eq(probe_Probe_garble(client, NULL, &text), MW_EINTERNAL);
    cr_assert_eq(probe_Probe_missing(client, NULL), MW_EUNIMPLEMENTED);
    cr_assert_eq(
        probe_Probe_spoil(client, NULL, &box, &text, MW_EACCES), MW_EACCES);
    mwt_server_close(&s);
    mw_client_close(client);
    cr_assert_geq(logged.n, 4);
    cr_assert_not_null(strstr(logged.text, "3 serving\n"), "%s", logged.text);
    cr_assert_not_null(strstr(logged.text, "probe.Probe.garble"));
    cr_assert_not_null(strstr(logged.text, "3 stopping: 1 connections\n"));
    cr_assert_not_null(strstr(logged.text, "MW_EACCES: the handler failed it"));
    cr_assert_null(strstr(logged.text, "spoiled"));
    cr_assert_null(strstr(logged.text, "secret"));
    mwi_mutex_fini(&logged.mutex);
    free(text);
}
