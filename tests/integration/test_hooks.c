/* SPDX-License-Identifier: MIT */
/*
 * Hooks of servers and clients, and traces that go through nested calls: two
 * servers, of which one calls the other.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/mw.h"

#include "integration/fixture.h"
#include "rpc/current.h"

enum { PATIENCE_MS = 60000 };

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define GOOD  "00-" TRACE "-b7ad6b7169203331-01"

/* What hooks have noted, in order.  All calls of a test come one by one, so
 * that nobody writes at once. */
struct notes {
    char text[4096];
    mw_call_outcome outcome; /* of the last end() */
    mw_client_call call;     /* of the last start() or end() */
};

static void
note(struct notes *notes, const char *who, const char *what)
{
    size_t len = strlen(notes->text);

    (void) snprintf(notes->text + len, sizeof(notes->text) - len, "%s%s%s",
        len > 0 ? " " : "", who, what);
}

/* A hook's user. */
struct watcher {
    struct notes *notes;
    const char *name;
    mw_status verdict; /* of admit() */
    bool has_text;
};

static mw_status
admit(void *user, mw_call *call)
{
    struct watcher *w = user;

    note(w->notes, w->name, "?");
    cr_assert_not_null(mw_call_peer(call));
    if (w->has_text) {
        return mw_call_fail(call, w->verdict, "%s says no", w->name);
    }
    return w->verdict;
}

static void
begin(void *user, mw_call *call)
{
    struct watcher *w = user;

    note(w->notes, w->name, "<");
    cr_assert_gt(strlen(mw_call_target(call)), 0);
}

static void
end(void *user, mw_call *call, const mw_call_outcome *outcome)
{
    struct watcher *w = user;

    note(w->notes, w->name, ">");
    note(w->notes, "", mw_call_target(call));
    w->notes->outcome = *outcome;
}

static void
client_start(void *user, const mw_client_call *call)
{
    struct watcher *w = user;

    note(w->notes, w->name, "(");
    w->notes->call = *call;
}

static void
client_end(void *user, const mw_client_call *call)
{
    struct watcher *w = user;

    note(w->notes, w->name, ")");
    w->notes->call = *call;
}

#define HOOKS(watcher, behind)                                              \
    {                                                                       \
        .size = sizeof(mw_server_hooks), .user = (watcher), .admit = admit, \
        .begin = begin, .end = end, .next = (behind)                        \
    }

Test(hooks, a_chain_at_the_server)
{
    struct notes notes = { .text = "" };
    struct watcher a = { .notes = &notes, .name = "a" };
    struct watcher b = { .notes = &notes, .name = "b" };
    const mw_server_hooks empty = { .size = sizeof(empty) };
    const mw_server_hooks second = HOOKS(&b, &empty);
    const mw_server_hooks first = HOOKS(&a, &second);
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    probe_Box box = { 0 };
    struct mwt_pair p;
    double sum;

    mwt_server_start(&p.s, MW_SERVER(.threads_max = 2, .hooks = &first));
    p.client = mwt_local_client(&p.s);
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_OK);
    cr_assert_str_eq(
        notes.text, "a? b? a< b< b> probe.Probe.add a> probe.Probe.add");
    cr_assert_eq(notes.outcome.status, MW_OK);
    cr_assert_not(notes.outcome.not_run);
    cr_assert_eq(notes.outcome.bytes_in, ctx.stats.bytes_sent);
    cr_assert_eq(notes.outcome.bytes_out, ctx.stats.bytes_received);
    cr_assert_eq(probe_Probe_refuse(p.client, &ctx, &box), MW_EEXCEPTION);
    cr_assert_eq(notes.outcome.status, MW_EEXCEPTION);
    cr_assert_not(notes.outcome.not_run);
    mw_ctx_clear(&ctx);
    mwt_pair_end(&p);
}

static mw_method_counts
counts_of(mw_server *server, const char *target)
{
    mw_method_counts c = { .size = sizeof(c) };

    for (size_t i = 0; mw_server_method_stats(server, i, &c) == MW_OK; i++) {
        if (strcmp(c.target, target) == 0) {
            return c;
        }
    }
    cr_assert_fail("no %s", target);
    return c;
}

Test(hooks, one_that_refuses)
{
    struct notes notes = { .text = "" };
    struct watcher a = { .notes = &notes, .name = "a" };
    struct watcher b = { .notes = &notes, .name = "b", .verdict = MW_EACCES };
    struct watcher c = { .notes = &notes, .name = "c" };
    const mw_server_hooks third = HOOKS(&c, NULL);
    const mw_server_hooks second = HOOKS(&b, &third);
    const mw_server_hooks first = HOOKS(&a, &second);
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    struct mwt_pair p;
    double sum;

    mwt_server_start(&p.s, MW_SERVER(.threads_max = 2, .hooks = &first));
    p.client = mwt_local_client(&p.s);
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_EACCES);
    cr_assert(ctx.not_run);
    cr_assert_str_eq(mw_ctx_error(&ctx), "probe.Probe.add: permission denied");
    b.has_text = true;
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_EACCES);
    cr_assert_str_eq(mw_ctx_error(&ctx), "probe.Probe.add: b says no");
    /* One-way calls are not acknowledged. */
    cr_assert_eq(probe_Probe_note(p.client, &ctx, "x"), MW_EACCES);
    cr_assert_str_eq(notes.text, "a? b? a? b? a? b?");
    cr_assert_eq(p.s.gate.n_notes, 0);
    cr_assert_eq(counts_of(p.s.server, "probe.Probe.add").refused, 2);
    /* What is no refusal is a fault of the hook's. */
    b.has_text = false;
    b.verdict = (mw_status) 7;
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_EINTERNAL);
    b.verdict = MW_EEXCEPTION;
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_EINTERNAL);
    b.verdict = MW_OK;
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_OK);
    mwt_pair_end(&p);
}

Test(hooks, calls_that_are_not_run)
{
    struct notes notes = { .text = "" };
    struct watcher a = { .notes = &notes, .name = "a" };
    const mw_server_hooks hooks = HOOKS(&a, NULL);
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    struct mwt_pair p;
    mw_pending *pending;

    mwt_server_start(
        &p.s, MW_SERVER(.threads_min = 1, .threads_max = 1, .hooks = &hooks));
    p.client = mwt_local_client(&p.s);
    cr_assert_eq(probe_Probe_wait_start(p.client, &ctx, &pending), MW_OK);
    mwt_gate_wait_inside(&p.s.gate, 1);
    {
        mw_ctx short_ctx = MW_CTX(.timeout_ms = 30);

        cr_assert_eq(probe_Probe_wait(p.client, &short_ctx), MW_ETIMEDOUT);
        /* What is answered comes behind its CANCEL. */
        cr_assert_eq(mw_client_ping(p.client, &ctx), MW_OK);
    }
    cr_assert(notes.outcome.status == MW_ECANCELLED ||
              notes.outcome.status == MW_ETIMEDOUT);
    cr_assert(notes.outcome.not_run);
    mwt_gate_open(&p.s.gate);
    cr_assert_eq(mw_pending_finish(pending), MW_OK);
    mwt_server_stop(&p.s);
    cr_assert_eq(notes.outcome.status, MW_OK);
    cr_assert_str_eq(
        notes.text, "a? a< a? a< a> probe.Probe.wait a> probe.Probe.wait");
    mwt_pair_end(&p);
}

Test(hooks, of_clients)
{
    struct notes notes = { .text = "" };
    struct watcher a = { .notes = &notes, .name = "a" };
    struct watcher b = { .notes = &notes, .name = "b" };
    const mw_client_hooks second = { .size = sizeof(second),
        .user = &b,
        .start = client_start,
        .end = client_end };
    const mw_client_hooks first = { .size = sizeof(first),
        .user = &a,
        .start = client_start,
        .end = client_end,
        .next = &second };
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    struct mwt_pair p;
    mw_pending *pending;
    mw_error error;
    char *text = NULL;
    double sum;

    mwt_server_start(&p.s, MW_SERVER(.threads_max = 2));
    cr_assert_eq(mw_client_open_local(
                     &p.client, p.s.server, MW_CLIENT(.hooks = &first), &error),
        MW_OK);
    cr_assert_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_OK);
    cr_assert_str_eq(notes.text, "a( b( b) a)");
    cr_assert_eq(notes.call.number, 0);
    cr_assert_str_eq(notes.call.method->target, "probe.Probe.add");
    cr_assert_eq(notes.call.status, MW_OK);
    cr_assert_eq(notes.call.attempts, 1);
    cr_assert_gt(notes.call.duration_ns, 0);
    cr_assert_eq(notes.call.bytes_sent, ctx.stats.bytes_sent);
    cr_assert_eq(notes.call.bytes_received, ctx.stats.bytes_received);
    cr_assert_eq(probe_Probe_missing(p.client, &ctx), MW_EUNIMPLEMENTED);
    cr_assert_eq(notes.call.number, 1);
    cr_assert_eq(notes.call.status, MW_EUNIMPLEMENTED);
    cr_assert(notes.call.not_run);
    cr_assert_eq(
        probe_Probe_echo_start(p.client, &ctx, "x", &text, &pending), MW_OK);
    mw_pending_cancel(pending);
    cr_assert_eq(notes.call.number, 2);
    cr_assert_eq(notes.call.status, MW_ECANCELLED);
    cr_assert_str_eq(notes.text, "a( b( b) a) a( b( b) a) a( b( b) a)");
    mwt_pair_end(&p);
}

Test(hooks, that_are_none)
{
    mw_server_hooks circle = { .size = sizeof(circle) };
    mw_server_hooks unsized = { .size = 0 };
    mw_client_hooks short_ones = { .size = 8 };
    mw_server *server;
    mw_client *client;
    mw_error error;

    circle.next = &circle;
    cr_assert_eq(mw_server_open(&server, MW_SERVER(.hooks = &circle), &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text, "there are more than 64 hooks");
    cr_assert_eq(mw_server_open(&server, MW_SERVER(.hooks = &unsized), &error),
        MW_EINVAL);
    cr_assert_eq(mw_client_open(&client, "unix:/nowhere",
                     MW_CLIENT(.lazy = true, .hooks = &short_ones), &error),
        MW_EINVAL);
    cr_assert_eq(mw_server_open(
                     &server, MW_SERVER(.log_level = (mw_log_level) 5), &error),
        MW_EINVAL);
}

/* Traces. */

struct node {
    mw_server *server;
    mw_client *next; /* whom its handler calls; or NULL */
    pthread_t thread;
    char seen[MW_TRACEPARENT_SIZE];
    char span[MW_TRACEPARENT_SIZE];
    bool detaches;
    const char *own; /* trace that the handler sets; or NULL */
};

/* version() of each server asks the next. */
static mw_status
ask(mw_call *call, uint32_t *ret_value)
{
    struct node *node = mw_call_user(call);
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .detached = node->detaches);
    char again[MW_TRACEPARENT_SIZE];

    cr_assert_eq(mwi_call_current(), call);
    (void) snprintf(
        node->seen, sizeof(node->seen), "%s", mw_call_traceparent(call));
    node->span[0] = '\0';
    if (mw_call_span(call, node->span) == MW_OK) {
        cr_assert_eq(mw_call_span(call, again), MW_OK);
        cr_assert_str_eq(again, node->span);
    }
    if (node->own != NULL) {
        (void) snprintf(
            ctx.traceparent, sizeof(ctx.traceparent), "%s", node->own);
    }
    *ret_value = 1;
    return node->next != NULL ? probe_Base_version(node->next, &ctx, ret_value)
                              : MW_OK;
}

static void *
run(void *server)
{
    cr_expect_eq(mw_server_run(server, NULL), MW_OK);
    return NULL;
}

/* A server of its own thread, and a client of it. */
static mw_client *
start(struct node *node, mw_client *next)
{
    static const probe_Base_ops ops = { .version = ask };
    mw_client *client;

    *node = (struct node){ .next = next };
    cr_assert_eq(mw_server_open(&node->server, NULL, NULL), MW_OK);
    cr_assert_eq(probe_Base_serve(node->server, &ops, node), MW_OK);
    cr_assert_eq(pthread_create(&node->thread, NULL, run, node->server), 0);
    cr_assert_eq(
        mw_client_open_local(&client, node->server, NULL, NULL), MW_OK);
    return client;
}

static void
stop(struct node *node, mw_client *client)
{
    mw_client_close(client);
    mw_server_stop(node->server);
    cr_assert_eq(pthread_join(node->thread, NULL), 0);
    mw_server_close(node->server);
}

static void
call_with(mw_client *client, const char *traceparent)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    uint32_t value = 0;

    memcpy(ctx.traceparent, traceparent, strlen(traceparent));
    cr_assert_eq(probe_Base_version(client, &ctx, &value), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(value, 1);
    cr_assert_null(mwi_call_current());
}

Test(tracing, goes_through_nested_calls)
{
    struct node back;
    struct node middle;
    struct node front;
    mw_client *to_back = start(&back, NULL);
    mw_client *to_middle = start(&middle, to_back);
    mw_client *to_front = start(&front, to_middle);

    call_with(to_front, GOOD);
    cr_assert_str_eq(front.seen, GOOD);
    cr_assert_str_eq(middle.seen, front.span);
    cr_assert_str_eq(back.seen, middle.span);
    /* One trace, three spans of its own. */
    cr_assert(strstr(front.span, TRACE) == front.span + 3);
    cr_assert(strstr(back.span, TRACE) == back.span + 3);
    cr_assert_str_neq(front.seen, front.span);
    cr_assert_str_neq(middle.span, front.span);
    cr_assert_str_neq(middle.span, back.span);
    /* A call without one begins none. */
    call_with(to_front, "");
    cr_assert_str_eq(front.seen, "");
    cr_assert_str_eq(front.span, "");
    cr_assert_str_eq(back.seen, "");
    /* What is not valid is as nothing. */
    call_with(to_front, "00-" TRACE "-0000000000000000-01");
    cr_assert_str_eq(front.seen, "");
    memset(front.seen, 0, sizeof(front.seen));
    stop(&front, to_front);
    stop(&middle, to_middle);
    stop(&back, to_back);
}

Test(tracing, a_handler_may_leave_the_trace)
{
    struct node back;
    struct node front;
    mw_client *to_back = start(&back, NULL);
    mw_client *to_front = start(&front, to_back);
    char own[MW_TRACEPARENT_SIZE];

    front.detaches = true;
    call_with(to_front, GOOD);
    cr_assert_str_eq(front.seen, GOOD);
    cr_assert_str_eq(back.seen, "");
    front.detaches = false;
    mw_traceparent_new(NULL, own);
    front.own = own;
    call_with(to_front, GOOD);
    cr_assert_str_eq(back.seen, own);
    front.own = "no trace at all";
    call_with(to_front, GOOD);
    cr_assert_str_eq(back.seen, front.span);
    stop(&front, to_front);
    stop(&back, to_back);
}
