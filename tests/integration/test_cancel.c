/* SPDX-License-Identifier: MIT */
/*
 * Calls that their callers give up, as the server and its handlers see it; and
 * how far a call has come, as the server says it.
 */
#include <criterion/criterion.h>

#include "integration/ledger.h"

static const struct mwi_call_head asks = {
    .timeout_ms = 60000,
    .ack = MWI_ACK_STARTED,
};

/* Hold all threads of a server that has one. */
static void
occupy(struct mwt_bank *bank, struct mwt_raw *raw)
{
    mwt_bank_call(raw, 1, "add_later", NULL, 1);
    mwt_bank_await_inside(bank, 1);
}

static void
begin(struct mwt_bank *bank, struct mwt_raw *raw)
{
    mwt_bank_start(bank, MW_SERVER(.threads_max = 1));
    mwt_bank_connect(bank, raw, NULL);
}

static void
end(struct mwt_bank *bank, struct mwt_raw *raw)
{
    mwt_raw_close(raw);
    mwt_bank_close(bank);
}

Test(cancel, a_running_call)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    mwt_bank_call_plain(&raw, 7, "linger", NULL);
    mwt_bank_await_inside(&bank, 1);
    mwt_bank_cancel(&raw, 7);
    mwt_bank_await_cancelled(&bank, 1);
    mwt_bank_expect_fail(&raw, 7, MW_ECANCELLED, false);
    mwt_bank_cancel(&raw, 7); /* once more, and what never was */
    mwt_bank_cancel(&raw, 8);
    mwt_bank_sync(&raw);
    end(&bank, &raw);
}

Test(cancel, a_waiting_call_is_not_run)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "add", NULL, 10);
    mwt_bank_call(&raw, 3, "add", NULL, 100);
    mwt_bank_cancel(&raw, 2);
    mwt_bank_expect_fail(&raw, 2, MW_ECANCELLED, true);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    mwt_bank_expect_reply(&raw, 3, 101);
    end(&bank, &raw);
}

/* The server is full until it notices that another peer has gone. */
static void
call_until_accepted(struct mwt_raw *raw, uint64_t id, int64_t amount)
{
    do {
        mwt_bank_call(raw, id++, "add", &asks, amount);
        cr_assert(mwt_raw_receive(raw));
    } while (raw->message.kind == MWI_FAIL);
    cr_assert_eq(raw->message.kind, MWI_ACK);
}

/* Their places in the queue are free at once. */
Test(cancel, waiting_calls_make_room)
{
    struct mwt_bank bank;
    struct mwt_raw raw;
    struct mwt_raw other;

    mwt_bank_start(&bank, MW_SERVER(.threads_max = 1, .queue_max = 2));
    mwt_bank_connect(&bank, &raw, NULL);
    mwt_bank_connect(&bank, &other, NULL);
    occupy(&bank, &raw);
    mwt_bank_call(&other, 2, "add", NULL, 10);
    mwt_bank_call(&other, 3, "add", NULL, 10);
    mwt_bank_call(&other, 4, "add", NULL, 10);
    mwt_bank_expect_fail(&other, 4, MW_EEXHAUSTED, true);
    mwt_bank_cancel(&other, 3);
    mwt_bank_expect_fail(&other, 3, MW_ECANCELLED, true);
    mwt_bank_call(&other, 5, "add", NULL, 100);
    mwt_bank_sync(&other);
    mwt_raw_close(&other); /* cancels 2 and 5 */
    call_until_accepted(&raw, 6, 1000);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    mwt_bank_await_runs(&bank, 2);
    cr_assert_eq(mwt_bank_total(&bank), 1001);
    end(&bank, &raw);
}

/* Nobody but its own caller suffers from one that goes on. */
Test(cancel, a_handler_that_does_not_care)
{
    struct mwt_bank bank;
    struct mwt_raw raw;
    struct mwt_raw other;

    mwt_bank_start(&bank, MW_SERVER(.threads_max = 2));
    mwt_bank_connect(&bank, &raw, NULL);
    mwt_bank_connect(&bank, &other, NULL);
    occupy(&bank, &raw);
    mwt_bank_cancel(&raw, 1);
    mwt_bank_sync(&raw);
    mwt_bank_call(&other, 1, "add", NULL, 5);
    mwt_bank_expect_reply(&other, 1, 5);
    mwt_bank_open_gate(&bank);
    mwt_bank_await_cancelled(&bank, 1);
    mwt_bank_expect_reply(&raw, 1, 6);
    mwt_raw_close(&other);
    end(&bank, &raw);
}

Test(cancel, a_lost_connection)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    mwt_bank_start(&bank, MW_SERVER(.threads_max = 3));
    mwt_bank_connect(&bank, &raw, NULL);
    mwt_bank_call_plain(&raw, 1, "linger", NULL);
    mwt_bank_call_plain(&raw, 2, "linger", NULL);
    mwt_bank_await_inside(&bank, 2);
    mwt_raw_close(&raw);
    mwt_bank_await_cancelled(&bank, 2);
    mwt_bank_close(&bank);
}

/* Also when all threads are busy. */
Test(cancel, a_lost_connection_of_a_busy_server)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    mwt_bank_call_plain(&raw, 1, "linger", NULL);
    mwt_bank_await_inside(&bank, 1);
    mwt_raw_close(&raw);
    mwt_bank_await_cancelled(&bank, 1);
    mwt_bank_close(&bank);
}

Test(cancel, the_deadline)
{
    const struct mwi_call_head soon = { .timeout_ms = 30 };
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    mwt_bank_call_plain(&raw, 1, "linger", &soon);
    mwt_bank_await_cancelled(&bank, 1);
    mwt_bank_expect_fail(&raw, 1, MW_ECANCELLED, false);
    end(&bank, &raw);
}

Test(cancel, the_deadline_of_a_waiting_call)
{
    const struct mwi_call_head at_once = { .timeout_ms = 0 };
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "add", &at_once, 10);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    mwt_bank_expect_fail(&raw, 2, MW_ETIMEDOUT, true);
    cr_assert_eq(mwt_bank_total(&bank), 1);
    end(&bank, &raw);
}

/* A server that is closed tells handlers that overstay. */
Test(cancel, the_end_of_the_server)
{
    struct mwt_bank bank;
    mw_client *client;
    mw_pending *pending;

    mwt_bank_start(&bank, MW_SERVER(.threads_max = 2, .drain_ms = 1));
    client = mwt_bank_client(&bank);
    cr_assert_eq(ledger_Bank_linger_start(client, NULL, &pending), MW_OK);
    mwt_bank_await_inside(&bank, 1);
    mw_server_stop(bank.server);
    mwt_bank_await_cancelled(&bank, 1);
    cr_assert_lt(mw_pending_finish(pending), 0);
    mw_client_close(client);
    mwt_bank_close(&bank);
}

/* One-way calls run whatever happens; see deposit(). */
Test(cancel, one_way_calls_are_not)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "deposit", NULL, 10);
    mwt_bank_cancel(&raw, 2);
    mwt_bank_expect(&raw, MWI_ACK, 2);
    mwt_bank_sync(&raw);
    mwt_raw_close(&raw);
    mwt_bank_open_gate(&bank);
    mwt_bank_await_runs(&bank, 2);
    cr_assert_eq(mwt_bank_total(&bank), 11);
    mwt_bank_close(&bank);
}

/* ---- nested calls ---- */

struct two {
    struct mwt_bank front; /* whose handlers call ... */
    struct mwt_bank back;  /* ... this one */
    mw_client *client;     /* of front */
};

static void
begin_two(struct two *t)
{
    mwt_bank_start(&t->back, MW_SERVER(.threads_max = 3));
    mwt_bank_start(&t->front, MW_SERVER(.threads_max = 3));
    t->front.next = mwt_bank_client(&t->back);
    t->client = mwt_bank_client(&t->front);
}

static void
end_two(struct two *t)
{
    mw_client_close(t->client);
    mw_client_close(t->front.next);
    mwt_bank_close(&t->front);
    mwt_bank_close(&t->back);
}

Test(cancel, nested_calls_have_what_is_left)
{
    struct two t;
    mw_ctx ctx = MW_CTX(.timeout_ms = 30000);
    uint32_t ms = 0;

    begin_two(&t);
    cr_assert_eq(ledger_Bank_remaining(t.client, &ctx, &ms), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_gt(ms, 0);
    cr_assert_leq(ms, 30000);
    end_two(&t);
}

Test(cancel, nested_calls_end_at_the_deadline)
{
    struct two t;
    mw_ctx ctx = MW_CTX(.timeout_ms = 100);

    begin_two(&t);
    /* By its own clock, or as the inner one says it. */
    cr_assert_lt(ledger_Bank_nest(t.client, &ctx, false), 0);
    mwt_bank_await_cancelled(&t.back, 1);
    end_two(&t);
}

/* Cancelling goes on from server to server; also where another thread reads the
 * connection that the handler waits on. */
Test(cancel, nested_calls_are_cancelled)
{
    struct two t;
    mw_pending *pending[2];

    begin_two(&t);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(
            ledger_Bank_nest_start(t.client, NULL, false, &pending[i]), MW_OK);
    }
    mwt_bank_await_inside(&t.back, 2);
    mw_pending_cancel(pending[1]);
    mwt_bank_await_cancelled(&t.back, 1);
    mw_pending_cancel(pending[0]);
    mwt_bank_await_cancelled(&t.back, 2);
    end_two(&t);
}

/* ---- acknowledgements ---- */

static void
expect_ack(struct mwt_raw *raw, uint64_t id, uint64_t state)
{
    mwt_bank_expect(raw, MWI_ACK, id);
    cr_assert_eq(raw->message.state, state);
}

Test(acknowledge, accepted_and_started)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "add", &asks, 10);
    expect_ack(&raw, 2, 0);
    mwt_bank_sync(&raw);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    expect_ack(&raw, 2, 1);
    mwt_bank_expect_reply(&raw, 2, 11);
    end(&bank, &raw);
}

Test(acknowledge, accepted_only)
{
    const struct mwi_call_head accepted = {
        .timeout_ms = UINT64_MAX,
        .ack = MWI_ACK_ACCEPTED,
    };
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "add", &accepted, 10);
    expect_ack(&raw, 2, 0);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    mwt_bank_expect_reply(&raw, 2, 11);
    end(&bank, &raw);
}

/* Arguments that cannot be decoded are not accepted. */
Test(acknowledge, refused)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    mwt_bank_call_plain(&raw, 2, "add", &asks);
    mwt_bank_expect_fail(&raw, 2, MW_EINVAL, true);
    mwt_bank_call(&raw, 3, "missing", &asks, 1);
    mwt_bank_expect_fail(&raw, 3, MW_EUNIMPLEMENTED, true);
    end(&bank, &raw);
}

Test(acknowledge, cancelled_in_the_queue)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "add", &asks, 10);
    expect_ack(&raw, 2, 0);
    mwt_bank_cancel(&raw, 2);
    mwt_bank_expect_fail(&raw, 2, MW_ECANCELLED, true);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    end(&bank, &raw);
}

/* What was accepted is run, also when the server stops. */
Test(acknowledge, draining)
{
    struct mwt_bank bank;
    struct mwt_raw raw;

    begin(&bank, &raw);
    occupy(&bank, &raw);
    mwt_bank_call(&raw, 2, "add", &asks, 10);
    expect_ack(&raw, 2, 0);
    mwt_bank_call(&raw, 3, "deposit", NULL, 100);
    mwt_bank_expect(&raw, MWI_ACK, 3);
    mw_server_stop(bank.server);
    mwt_bank_expect(&raw, MWI_GOAWAY, 0);
    mwt_bank_call(&raw, 4, "add", &asks, 1000);
    mwt_bank_expect_fail(&raw, 4, MW_EUNAVAILABLE, true);
    mwt_bank_open_gate(&bank);
    mwt_bank_expect_reply(&raw, 1, 1);
    expect_ack(&raw, 2, 1);
    mwt_bank_expect_reply(&raw, 2, 11);
    mwt_bank_await_runs(&bank, 3);
    cr_assert_eq(mwt_bank_total(&bank), 111);
    end(&bank, &raw);
}
