/* SPDX-License-Identifier: MIT */
/*
 * What servers and clients count, against what a test knows to have happened.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/fixture.h"
#include "integration/raw.h"
#include "lib/pki.h"
#include "rpc/local.h"

enum { PATIENCE_MS = 60000 };

static mw_method_counts
method(struct mwt_pair *p, const char *target)
{
    mw_method_counts c = { .size = sizeof(c) };

    for (size_t i = 0; mw_server_method_stats(p->s.server, i, &c) == MW_OK;
         i++) {
        if (strcmp(c.target, target) == 0) {
            return c;
        }
    }
    cr_assert_fail("no %s", target);
    return c;
}

static mw_server_counts
server(struct mwt_pair *p)
{
    mw_server_counts c = { .size = sizeof(c) };

    cr_assert_eq(mw_server_stats(p->s.server, &c), MW_OK);
    return c;
}

static mw_client_counts
client(struct mwt_pair *p)
{
    mw_client_counts c = { .size = sizeof(c) };

    cr_assert_eq(mw_client_stats(p->client, &c), MW_OK);
    return c;
}

static void
echo(struct mwt_pair *p, mw_ctx *ctx)
{
    char *text = NULL;

    cr_assert_eq(probe_Probe_echo(p->client, ctx, "abc", &text), MW_OK);
    free(text);
}

Test(stats, successes_with_bytes_and_times)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    uint64_t sent = 0;
    uint64_t received = 0;
    mw_method_counts m;
    mw_client_counts c;

    mwt_pair_begin(&p, 2);
    for (size_t i = 0; i < 100; i++) {
        echo(&p, &ctx);
        sent += ctx.stats.bytes_sent;
        received += ctx.stats.bytes_received;
        cr_assert_eq(ctx.attempts, 1);
    }
    m = method(&p, "probe.Probe.echo");
    c = client(&p);
    cr_assert_eq(m.ok, 100);
    cr_assert_eq(m.failed + m.refused + m.expired + m.running, 0);
    cr_assert_eq(m.latency.n, 100);
    cr_assert_gt(m.latency.sum_ns, 0);
    cr_assert_eq(m.bytes_in, sent);
    cr_assert_eq(m.bytes_out, received);
    cr_assert_eq(m.sampled, 0); /* it has no inout parameter */
    cr_assert_eq(c.ok, 100);
    cr_assert_eq(c.failed + c.under_way + c.retried, 0);
    cr_assert_eq(c.bytes_sent, sent);
    cr_assert_eq(c.bytes_received, received);
    cr_assert_eq(c.latency.n, 100);
    /* The client's times have the server's in them. */
    cr_assert_geq(c.latency.sum_ns, m.latency.sum_ns);
    cr_assert_eq(c.connections, 1);
    cr_assert_eq(c.connections_made, 1);
    cr_assert_eq(server(&p).ok, 100);
    cr_assert_eq(server(&p).bytes_in, sent);
    cr_assert_eq(server(&p).bytes_out, received);
    mwt_pair_end(&p);
}

Test(stats, failures_by_their_status)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    probe_Box box = { 0 };
    char *text = NULL;
    mw_method_counts m;

    mwt_pair_begin(&p, 2);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(probe_Probe_spoil(p.client, &ctx, &box, &text, MW_ERANGE),
            MW_ERANGE);
    }
    cr_assert_eq(probe_Probe_refuse(p.client, &ctx, &box), MW_EEXCEPTION);
    cr_assert_eq(probe_Probe_missing(p.client, &ctx), MW_EUNIMPLEMENTED);
    m = method(&p, "probe.Probe.spoil");
    cr_assert_eq(m.failed, 3);
    cr_assert_eq(m.ok, 0);
    cr_assert_eq(m.by_status[-MW_ERANGE], 3);
    cr_assert_eq(m.latency.n, 3);
    m = method(&p, "probe.Probe.refuse");
    cr_assert_eq(m.failed, 1);
    cr_assert_eq(m.by_status[-MW_EEXCEPTION], 1);
    cr_assert_eq(server(&p).strange, 1);
    cr_assert_eq(client(&p).failed, 5);
    cr_assert_eq(client(&p).by_status[-MW_ERANGE], 3);
    cr_assert_eq(client(&p).by_status[-MW_EUNIMPLEMENTED], 1);
    mw_ctx_clear(&ctx);
    mwt_pair_end(&p);
}

struct caller {
    pthread_t thread;
    mw_client *client;
    uint32_t timeout_ms;
    mw_status status;
};

static void *
call_wait(void *arg)
{
    struct caller *c = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = c->timeout_ms);

    c->status = probe_Probe_wait(c->client, &ctx);
    return NULL;
}

static void
start_waiting(struct caller *c, mw_client *to, uint32_t timeout_ms)
{
    *c = (struct caller){ .client = to, .timeout_ms = timeout_ms };
    cr_assert_eq(pthread_create(&c->thread, NULL, call_wait, c), 0);
}

static mw_status
join(struct caller *c)
{
    cr_assert_eq(pthread_join(c->thread, NULL), 0);
    return c->status;
}

Test(stats, what_runs_waits_is_refused_and_expires)
{
    struct mwt_pair p;
    struct caller running;
    struct caller waiting;
    probe_Box box = { 0 };
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .no_retry = true);
    mw_method_counts m;

    mwt_server_start(
        &p.s, MW_SERVER(.threads_min = 1, .threads_max = 1, .queue_max = 2));
    p.client = mwt_local_client(&p.s);
    start_waiting(&running, p.client, PATIENCE_MS);
    mwt_gate_wait_inside(&p.s.gate, 1);
    m = method(&p, "probe.Probe.wait");
    cr_assert_eq(m.running, 1);
    cr_assert_eq(m.ok, 0);
    cr_assert_eq(server(&p).running, 1);
    cr_assert_eq(server(&p).threads, 1);
    cr_assert_eq(server(&p).calls, 1);
    cr_assert_eq(client(&p).under_way, 1);
    start_waiting(&waiting, p.client, 50);
    cr_assert_eq(join(&waiting), MW_ETIMEDOUT);
    /* It was in the queue, and is cancelled before what follows is read. */
    cr_assert_eq(probe_Probe_note_slowly(p.client, &ctx, &box), MW_OK);
    cr_assert_eq(server(&p).queued, 1);
    cr_assert_eq(probe_Probe_note_slowly(p.client, &ctx, &box), MW_OK);
    cr_assert_eq(server(&p).queued, 2);
    cr_assert_eq(probe_Probe_note_slowly(p.client, &ctx, &box), MW_EEXHAUSTED);
    m = method(&p, "probe.Probe.note_slowly");
    cr_assert_eq(m.refused, 1);
    cr_assert_eq(m.by_status[-MW_EEXHAUSTED], 1);
    mwt_gate_open(&p.s.gate);
    cr_assert_eq(join(&running), MW_OK);
    mwt_gate_wait_notes(&p.s.gate, 2);
    mwt_server_stop(&p.s); /* all that was accepted has been counted */
    m = method(&p, "probe.Probe.wait");
    cr_assert_eq(m.running, 0);
    cr_assert_eq(m.ok, 1);
    cr_assert_eq(m.expired, 1);
    cr_assert_eq(m.by_status[-MW_ETIMEDOUT] + m.by_status[-MW_ECANCELLED], 1);
    cr_assert_eq(method(&p, "probe.Probe.note_slowly").ok, 2);
    cr_assert_eq(server(&p).expired, 1);
    cr_assert_eq(server(&p).refused, 1);
    cr_assert(server(&p).draining);
    mwt_pair_end(&p);
}

/* Against what the client measures of each reply. */
Test(stats, savings_of_deltas)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .measure = true);
    probe_Box box = { 0 };
    mw_method_counts m;

    mwt_pair_begin(&p, 2);
    box.blob.items = calloc(1, 5000);
    box.blob.len = 5000;
    /* The first that succeeds, whatever went before. */
    ctx.full_values = true;
    cr_assert_eq(probe_Probe_edit(p.client, &ctx, &box), MW_OK);
    cr_assert_eq(method(&p, "probe.Probe.edit").sampled, 0);
    ctx.full_values = false;
    cr_assert_eq(probe_Probe_edit(p.client, &ctx, &box), MW_OK);
    m = method(&p, "probe.Probe.edit");
    cr_assert_eq(m.sampled, 1);
    cr_assert_eq(m.sampled_bytes, ctx.stats.bytes_received);
    cr_assert_eq(m.sampled_bytes_full, ctx.stats.bytes_full);
    cr_assert_gt(mw_method_saved(&m), 4900);
    for (size_t i = 1; i < 65; i++) {
        cr_assert_eq(probe_Probe_edit(p.client, &ctx, &box), MW_OK);
    }
    m = method(&p, "probe.Probe.edit");
    cr_assert_eq(m.sampled, 2);
    cr_assert_gt(mw_method_saved(&m), 64 * 4900);
    /* Whole values on demand save nothing. */
    ctx.full_values = true;
    for (size_t i = 0; i < 64; i++) {
        cr_assert_eq(probe_Probe_edit(p.client, &ctx, &box), MW_OK);
    }
    cr_assert_eq(method(&p, "probe.Probe.edit").sampled, 2);
    probe_Box_clear(&box);
    mwt_pair_end(&p);
}

Test(stats, started_calls_and_cancelled_ones)
{
    struct mwt_pair p;
    mw_pending *pending;
    char *text = NULL;
    mw_client_counts c;

    mwt_pair_begin(&p, 2);
    cr_assert_eq(
        probe_Probe_echo_start(p.client, NULL, "x", &text, &pending), MW_OK);
    cr_assert_eq(client(&p).under_way, 1);
    cr_assert_eq(mw_pending_finish(pending), MW_OK);
    free(text);
    cr_assert_eq(
        probe_Probe_echo_start(p.client, NULL, "x", &text, &pending), MW_OK);
    mw_pending_cancel(pending);
    c = client(&p);
    cr_assert_eq(c.ok, 1);
    cr_assert_eq(c.failed, 1);
    cr_assert_eq(c.by_status[-MW_ECANCELLED], 1);
    cr_assert_eq(c.under_way, 0);
    mwt_pair_end(&p);
}

/* Wait until a counter of the server has come to a value. */
static void
wait_for(struct mwt_pair *p, size_t offset, uint64_t value)
{
    int64_t deadline = mwi_deadline_in(PATIENCE_MS);
    uint64_t found;

    do {
        mw_server_counts c = server(p);

        memcpy(&found, (const char *) &c + offset, sizeof(found));
        (void) sched_yield();
    } while (found != value && mwi_now() < deadline);
    cr_assert_eq(found, value);
}

Test(stats, connections)
{
    struct mwt_pair p;
    struct mwi_stream *stream;
    struct mwt_raw raw;
    mw_client *more;
    mw_error error;

    mwt_server_start(&p.s, MW_SERVER(.connections_max = 2));
    p.client = mwt_local_client(&p.s);
    more = mwt_local_client(&p.s);
    cr_assert_eq(server(&p).connections, 2);
    cr_assert_eq(server(&p).connections_accepted, 2);
    cr_assert_eq(mwi_server_connect(p.s.server, &stream, &error), MW_OK);
    mwi_stream_close(stream);
    wait_for(&p, offsetof(mw_server_counts, connections_refused), 1);
    mw_client_close(more);
    wait_for(&p, offsetof(mw_server_counts, connections), 1);
    /* One that does not begin with a HELLO. */
    cr_assert_eq(mwi_server_connect(p.s.server, &stream, &error), MW_OK);
    mwt_raw_open(&raw, stream);
    mwt_raw_send_message(&raw, "82 06 01");
    wait_for(&p, offsetof(mw_server_counts, handshakes_failed), 1);
    mwt_raw_close(&raw);
    cr_assert_eq(server(&p).connections_accepted, 3);
    mwt_pair_end(&p);
}

Test(stats, a_client_counts_attempts_to_connect)
{
    mw_client *lonely;
    mw_client_counts c = { .size = sizeof(c) };
    mw_error error;
    double sum;

    cr_assert_eq(mw_client_open(&lonely, "plaintext://127.0.0.1:1",
                     MW_CLIENT(.lazy = true, .fail_fast = true,
                         .timeout_ms = PATIENCE_MS),
                     &error),
        MW_OK);
    cr_assert_lt(probe_Probe_add(lonely, NULL, 1, 2, &sum), 0);
    cr_assert_eq(mw_client_stats(lonely, &c), MW_OK);
    cr_assert_geq(c.connections_failed, 1);
    cr_assert_eq(c.connections_made, 0);
    cr_assert_eq(c.connections, 0);
    cr_assert_eq(c.failed, 1);
    cr_assert_eq(c.bytes_sent, 0);
    mw_client_close(lonely);
}

/* Of a server that does not run yet, of one that does no more. */
Test(stats, at_any_time)
{
    struct mwt_pair p;
    mw_server_counts s = { .size = sizeof(s) };
    mw_method_counts m = { .size = sizeof(m) };
    mw_client_counts c = { 0 };

    cr_assert_eq(mw_server_open(&p.s.server, NULL, NULL), MW_OK);
    cr_assert_eq(mw_server_stats(p.s.server, &s), MW_OK);
    cr_assert_eq(s.threads, 0);
    mw_server_close(p.s.server);
    mwt_pair_begin(&p, 2);
    echo(&p, NULL);
    s.size = 0;
    cr_assert_eq(mw_server_stats(p.s.server, &s), MW_EINVAL);
    m.size = 0;
    cr_assert_eq(mw_server_method_stats(p.s.server, 0, &m), MW_EINVAL);
    m.size = sizeof(m);
    cr_assert_eq(mw_server_method_stats(p.s.server, 1000, &m), MW_ENOTFOUND);
    cr_assert_eq(mw_client_stats(p.client, &c), MW_EINVAL);
    mwt_server_stop(&p.s);
    cr_assert_eq(server(&p).ok, 1);
    mwt_pair_end(&p);
}
