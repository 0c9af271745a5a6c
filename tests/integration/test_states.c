/* SPDX-License-Identifier: MIT */
/*
 * How far a call is, and how the server learns that nobody waits any more:
 * against a server that says what the test wants and notes what it hears.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/fixture.h"
#include "integration/scripted.h"

enum { LONG_MS = 60000, SHORT_MS = 100 };

static mw_pending *
start_echo(struct mwt_scripted *s, mw_ctx *ctx, char **ret_text)
{
    mw_pending *pending;

    cr_assert_eq(
        probe_Probe_echo_start(s->client, ctx, "x", ret_text, &pending), MW_OK,
        "%s", mw_ctx_error(ctx));
    return pending;
}

static void
await_state(mw_pending *pending, mw_call_state state)
{
    int64_t deadline = mwi_deadline_in(LONG_MS);

    while (mw_pending_state(pending) != state) {
        cr_assert_lt(mwi_now(), deadline);
    }
}

Test(states, acks_are_no_answers)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS, .ack = true);
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, &ctx, &text);
    mwt_scripted_await(&s, MWI_CALL);
    cr_expect_eq(s.raw.message.call.ack, MWI_ACK_STARTED);
    cr_expect_eq(mw_pending_state(pending), MW_CALL_NEW);
    mwt_raw_send_message(&s.raw, "82 02 01");
    await_state(pending, MW_CALL_ACCEPTED);
    cr_expect_not(mw_pending_is_done(pending));
    mwt_raw_send_message(&s.raw, "83 02 01 01");
    await_state(pending, MW_CALL_STARTED);
    /* Not back again. */
    mwt_raw_send_message(&s.raw, "83 02 01 00");
    mwt_raw_send_message(&s.raw, "83 03 01 81 62 6f6b");
    await_state(pending, MW_CALL_DONE);
    cr_expect(mw_pending_is_done(pending));
    cr_expect_eq(ctx.state, MW_CALL_NEW);
    cr_assert_eq(mw_pending_finish(pending), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_eq(ctx.state, MW_CALL_DONE);
    cr_expect_str_eq(text, "ok");
    free(text);
    mwt_scripted_end(&s);
}

/* Who did not ask for ACKs gets one as a wrong answer. */
Test(states, ack_that_was_not_asked_for)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, &ctx, &text);
    mwt_scripted_await(&s, MWI_CALL);
    cr_expect_eq(s.raw.message.call.ack, MWI_ACK_NONE);
    mwt_raw_send_message(&s.raw, "82 02 01");
    cr_expect_eq(mw_pending_finish(pending), MW_EPROTO);
    cr_expect_eq(ctx.state, MW_CALL_UNKNOWN);
    mwt_scripted_end(&s);
}

/* A FAIL, and what it comes to. */
static void
check_fail(const char *hex, mw_status status, mw_call_state state)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, &ctx, &text);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, hex);
    await_state(pending, state);
    cr_expect_eq(mw_pending_finish(pending), status);
    cr_expect_eq(ctx.state, state);
    mwt_scripted_end(&s);
}

Test(states, fails)
{
    check_fail("84 04 01 27 60", MW_EEXHAUSTED, MW_CALL_DONE);
    check_fail("85 04 01 27 60 a1 00 f5", MW_EEXHAUSTED, MW_CALL_REFUSED);
    check_fail("85 04 01 23 60 a1 00 f5", MW_ETIMEDOUT, MW_CALL_EXPIRED);
    check_fail("84 04 01 23 60", MW_ETIMEDOUT, MW_CALL_DONE);
}

Test(states, malformed_fail)
{
    check_fail("84 04 01 61 60", MW_EPROTO, MW_CALL_UNKNOWN);
}

Test(states, of_a_synchronous_call)
{
    struct mwt_pair p;
    struct mwt_server *s = &p.s;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_ctx quick = MW_CTX(.timeout_ms = SHORT_MS);
    char *text = NULL;
    double sum;

    mwt_pair_begin_tls(&p, 1);
    cr_expect_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_OK);
    cr_expect_eq(ctx.state, MW_CALL_DONE);
    cr_expect_eq(probe_Probe_note(p.client, &ctx, "x"), MW_OK);
    cr_expect_eq(ctx.state, MW_CALL_ACCEPTED);
    cr_expect_eq(probe_Probe_echo(p.client, &ctx, "\xff", &text), MW_EINVAL);
    cr_expect_eq(ctx.state, MW_CALL_REFUSED);
    cr_expect_eq(probe_Probe_missing(p.client, &ctx), MW_EUNIMPLEMENTED);
    cr_expect_eq(ctx.state, MW_CALL_REFUSED);
    cr_expect_eq(probe_Probe_wait(p.client, &quick), MW_ETIMEDOUT);
    cr_expect_eq(quick.state, MW_CALL_UNKNOWN);
    mwt_gate_open(&s->gate);
    mwt_server_close(s);
    ctx.timeout_ms = SHORT_MS; /* which it waits for a server */
    cr_expect_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_EUNAVAILABLE);
    cr_expect_eq(ctx.state, MW_CALL_REFUSED);
    mw_ctx_clear(&ctx);
    cr_expect_eq(ctx.state, MW_CALL_NEW);
    mw_client_close(p.client);
}

Test(states, lost_connection)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS, .ack = true);
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, &ctx, &text);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, "82 02 01");
    await_state(pending, MW_CALL_ACCEPTED);
    mwt_scripted_hang_up(&s);
    await_state(pending, MW_CALL_UNKNOWN);
    cr_expect_eq(mw_pending_finish(pending), MW_EUNAVAILABLE);
    cr_expect_eq(ctx.state, MW_CALL_UNKNOWN);
    mwt_scripted_end(&s);
}

Test(states, of_nothing)
{
    cr_expect_eq(mw_pending_state(NULL), MW_CALL_REFUSED);
}

/* CANCEL. */

Test(states, cancel_tells_the_server)
{
    struct mwt_scripted s;
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, NULL, &text);
    mwt_scripted_await(&s, MWI_CALL);
    mw_pending_cancel(pending);
    mwt_scripted_await(&s, MWI_CANCEL);
    cr_expect_eq(s.raw.message.id, 1);
    cr_expect_null(text);
    mwt_scripted_end(&s);
}

Test(states, deadline_tells_the_server)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, &ctx, &text);
    cr_expect_eq(mw_pending_finish(pending), MW_ETIMEDOUT);
    cr_expect_eq(ctx.state, MW_CALL_UNKNOWN);
    mwt_scripted_await(&s, MWI_CANCEL);
    cr_expect_eq(s.raw.message.id, 1);
    cr_expect_eq(probe_Probe_echo(s.client, &ctx, "x", &text), MW_ETIMEDOUT);
    cr_expect_eq(ctx.state, MW_CALL_UNKNOWN);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_scripted_await(&s, MWI_CANCEL);
    cr_expect_eq(s.raw.message.id, 2);
    mwt_scripted_end(&s);
}

/* What is answered, and what is accepted for good, is not cancelled. */
Test(states, nothing_to_cancel)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    mw_pending *pending;
    char *text = NULL;

    mwt_scripted_begin(&s);
    pending = start_echo(&s, NULL, &text);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, "83 03 01 81 62 6f6b");
    await_state(pending, MW_CALL_DONE);
    mw_pending_cancel(pending);
    cr_expect_eq(probe_Probe_note(s.client, &ctx, "x"), MW_ETIMEDOUT);
    pending = start_echo(&s, NULL, &text);
    cr_expect(mwt_scripted_next(&s));
    cr_expect_eq(s.raw.message.kind, MWI_CALL);
    cr_expect(mwt_scripted_next(&s));
    cr_expect_eq(s.raw.message.kind, MWI_CALL);
    mw_pending_cancel(pending);
    cr_expect(mwt_scripted_next(&s));
    cr_expect_eq(s.raw.message.kind, MWI_CANCEL);
    cr_expect_eq(s.raw.message.id, 3);
    cr_expect_null(text);
    mwt_scripted_end(&s);
}

/* The reply to a call that was dropped comes when all of it is gone. */
Test(states, late_reply_is_dropped)
{
    struct mwt_scripted s;
    mw_ctx *ctx = malloc(sizeof(*ctx));
    probe_Box *box = calloc(1, sizeof(*box));
    mw_pending *pending;
    char *text = NULL;

    cr_assert(ctx != NULL && box != NULL);
    *ctx = MW_CTX(.timeout_ms = LONG_MS, .show_changes = true,
        .conflict = MW_CONFLICT_SERVER);
    mwt_scripted_begin(&s);
    cr_assert_eq(probe_Probe_edit_start(s.client, ctx, box, &pending), MW_OK);
    mwt_scripted_await(&s, MWI_CALL);
    free(box);
    free(ctx);
    mw_pending_cancel(pending);
    mwt_scripted_await(&s, MWI_CANCEL);
    mwt_raw_send_message(&s.raw, "83 03 01 81 a1 00 61 78"); /* label: "x" */
    pending = start_echo(&s, NULL, &text);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, "83 03 02 81 62 6f6b");
    cr_expect_eq(mw_pending_finish(pending), MW_OK);
    cr_expect_str_eq(text, "ok");
    free(text);
    mwt_scripted_end(&s);
}
