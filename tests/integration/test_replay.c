/* SPDX-License-Identifier: MIT */
/*
 * Calls with a key: sent more than once, on one connection and on several,
 * while they run and after it.  Each runs once, or it is not known whether it
 * has.
 */
#include <criterion/criterion.h>

#include "integration/ledger.h"

#define KEY(text)                \
    {                            \
        (text), sizeof(text) - 1 \
    }

static struct mwi_call_head
first(void)
{
    return (struct mwi_call_head){ .timeout_ms = 60000, .key = KEY("k1") };
}

static struct mwi_call_head
again(uint64_t instance, uint64_t lead_ms)
{
    struct mwi_call_head head = first();

    head.is_repeat = true;
    head.instance = instance;
    head.lead_ms = lead_ms;
    return head;
}

struct scene {
    struct mwt_bank bank;
    struct mwt_raw raw;
    uint64_t instance;
};

static void
begin_with(struct scene *c, const mw_server_options *options)
{
    mwt_bank_start(&c->bank, options);
    mwt_bank_connect(&c->bank, &c->raw, &c->instance);
}

static void
begin(struct scene *c)
{
    begin_with(c, MW_SERVER(.threads_max = 2));
}

static void
end(struct scene *c)
{
    mwt_raw_close(&c->raw);
    mwt_bank_close(&c->bank);
}

static void
reconnect(struct scene *c)
{
    mwt_raw_close(&c->raw);
    mwt_bank_connect(&c->bank, &c->raw, NULL);
}

Test(replay, after_a_reconnect)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin(&c);
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 1, 5);
    mwt_bank_call(&c.raw, 2, "add", NULL, 1);
    mwt_bank_expect_reply(&c.raw, 2, 6);
    reconnect(&c);
    head = again(c.instance, 60000);
    mwt_bank_call(&c.raw, 300, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 300, 5); /* as it was then */
    mwt_bank_call(&c.raw, 301, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 301, 5);
    cr_assert_eq(mwt_bank_total(&c.bank), 6);
    end(&c);
}

/* The first one's answer is lost with its connection; nothing is cancelled. */
Test(replay, while_it_runs)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin(&c);
    mwt_bank_call(&c.raw, 1, "add_later", &head, 5);
    mwt_bank_await_inside(&c.bank, 1);
    reconnect(&c);
    head = again(c.instance, 60000);
    mwt_bank_call(&c.raw, 1, "add_later", &head, 5);
    mwt_bank_call(&c.raw, 2, "add_later", &head, 5);
    mwt_bank_sync(&c.raw);
    mwt_bank_open_gate(&c.bank);
    mwt_bank_expect_reply(&c.raw, 1, 5);
    mwt_bank_expect_reply(&c.raw, 2, 5);
    cr_assert_eq(c.bank.n_cancelled, 0);
    cr_assert_eq(mwt_bank_total(&c.bank), 5);
    end(&c);
}

/* To cancel it, however, is to cancel it. */
Test(replay, cancelled)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin(&c);
    mwt_bank_call_plain(&c.raw, 1, "linger", &head);
    mwt_bank_await_inside(&c.bank, 1);
    mwt_bank_cancel(&c.raw, 1);
    mwt_bank_expect_fail(&c.raw, 1, MW_ECANCELLED, false);
    mwt_bank_call_plain(&c.raw, 2, "linger", &head);
    mwt_bank_expect_fail(&c.raw, 2, MW_ECANCELLED, false);
    end(&c);
}

Test(replay, a_failure)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin(&c);
    mwt_bank_call(&c.raw, 1, "spoil", &head, 5);
    mwt_bank_expect_fail(&c.raw, 1, MW_EPRECONDITION, false);
    mwt_bank_call(&c.raw, 2, "spoil", &head, 5);
    mwt_bank_expect_fail(&c.raw, 2, MW_EPRECONDITION, false);
    cr_assert_str_eq(mwt_raw_text(&c.raw), "spoilt");
    cr_assert_eq(mwt_bank_total(&c.bank), 5);
    end(&c);
}

Test(replay, a_one_way_call)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin(&c);
    mwt_bank_call(&c.raw, 1, "deposit", &head, 5);
    mwt_bank_expect(&c.raw, MWI_ACK, 1);
    reconnect(&c);
    head = again(c.instance, 60000);
    mwt_bank_call(&c.raw, 7, "deposit", &head, 5);
    mwt_bank_expect(&c.raw, MWI_ACK, 7);
    mwt_bank_await_runs(&c.bank, 1);
    mwt_bank_call(&c.raw, 8, "add", NULL, 1);
    mwt_bank_expect_reply(&c.raw, 8, 6);
    end(&c);
}

Test(replay, other_keys_and_other_calls)
{
    struct scene c;
    struct mwi_call_head head = first();
    struct mwi_call_head other = first();

    begin(&c);
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 1, 5);
    other.key = (struct mwi_text) KEY("k2");
    mwt_bank_call(&c.raw, 2, "add", &other, 5);
    mwt_bank_expect_reply(&c.raw, 2, 10);
    mwt_bank_call(&c.raw, 3, "add", &head, 6);
    mwt_bank_expect_fail(&c.raw, 3, MW_EINVAL, true);
    mwt_bank_call(&c.raw, 4, "spoil", &head, 5);
    mwt_bank_expect_fail(&c.raw, 4, MW_EINVAL, true);
    end(&c);
}

/* What was not run has no record, and may be sent again. */
Test(replay, refused_calls)
{
    struct scene c;
    struct mwi_call_head head = first();
    struct mwi_call_head at_once = first();

    begin_with(&c, MW_SERVER(.threads_max = 1));
    mwt_bank_call_plain(&c.raw, 1, "add", &head);
    mwt_bank_expect_fail(&c.raw, 1, MW_EINVAL, true);
    mwt_bank_call(&c.raw, 2, "add_later", NULL, 1);
    mwt_bank_await_inside(&c.bank, 1);
    at_once.timeout_ms = 0;
    mwt_bank_call(&c.raw, 3, "add", &at_once, 5);
    mwt_bank_sync(&c.raw);
    mwt_bank_open_gate(&c.bank);
    mwt_bank_expect_reply(&c.raw, 2, 1);
    mwt_bank_expect_fail(&c.raw, 3, MW_ETIMEDOUT, true);
    mwt_bank_call(&c.raw, 4, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 4, 6);
    end(&c);
}

/* ---- repeats without a record ---- */

/* The first sending never came. */
Test(replay, a_repeat_that_is_the_first)
{
    struct scene c;
    struct mwi_call_head head;

    begin(&c);
    head = again(c.instance, 60000);
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 1, 5);
    end(&c);
}

Test(replay, a_repeat_to_another_server)
{
    struct scene c;
    struct mwi_call_head head;

    begin(&c);
    head = again(c.instance ^ 1, 0);
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_fail(&c.raw, 1, MW_EDATALOSS, false);
    cr_assert_eq(mwt_bank_total(&c.bank), 0);
    end(&c);
}

/* With room for one record: what came before the one that had to go may have
 * had one, what came after it has not. */
Test(replay, a_record_that_is_gone)
{
    struct scene c;
    struct mwi_call_head head = first();
    struct mwi_call_head other = first();

    begin_with(&c, MW_SERVER(.threads_max = 2, .outcomes_max = 1));
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 1, 5);
    other.key = (struct mwi_text) KEY("k2");
    mwt_bank_call(&c.raw, 2, "add", &other, 10);
    mwt_bank_expect_reply(&c.raw, 2, 15);
    head = again(c.instance, 0); /* behind the HELLO: it may have come */
    mwt_bank_call(&c.raw, 3, "add", &head, 5);
    mwt_bank_expect_fail(&c.raw, 3, MW_EDATALOSS, false);
    reconnect(&c);
    mwt_bank_call(&c.raw, 4, "add", &head, 5); /* behind this one's */
    mwt_bank_expect_reply(&c.raw, 4, 20);
    end(&c);
}

Test(replay, an_outcome_too_large_to_be_kept)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin_with(
        &c, MW_SERVER(.threads_max = 2, .outcomes_memory_max = 64 << 10));
    mwt_bank_call(&c.raw, 1, "fill", &head, 20000);
    mwt_bank_expect(&c.raw, MWI_REPLY, 1);
    mwt_bank_call(&c.raw, 2, "fill", &head, 20000);
    mwt_bank_expect_fail(&c.raw, 2, MW_EDATALOSS, false);
    cr_assert_eq(c.bank.n_runs, 1);
    end(&c);
}

Test(replay, an_outcome_of_some_size)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin(&c);
    for (uint64_t id = 1; id <= 2; id++) {
        size_t len;

        mwt_bank_call(&c.raw, id, "fill", &head, 60000);
        mwt_bank_expect(&c.raw, MWI_REPLY, id);
        cr_assert_eq(mwi_read_array(&c.raw.reader), 1);
        (void) mwi_read_bytes(&c.raw.reader, &len);
        cr_assert_eq(len, 60000);
    }
    cr_assert_eq(c.bank.n_runs, 1);
    end(&c);
}

/* A server that stops still says what has become of calls. */
Test(replay, draining)
{
    struct scene c;
    struct mwi_call_head head = first();
    struct mwi_call_head unknown = again(0, 0);
    struct mwi_call_head other;

    begin(&c);
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 1, 5);
    mwt_bank_call(&c.raw, 2, "add_later", NULL, 1);
    mwt_bank_await_inside(&c.bank, 1);
    mw_server_stop(c.bank.server);
    mwt_bank_expect(&c.raw, MWI_GOAWAY, 0);
    head = again(c.instance, 0);
    mwt_bank_call(&c.raw, 3, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 3, 5);
    other = head;
    other.key = (struct mwi_text) KEY("k2");
    mwt_bank_call(&c.raw, 4, "add", &other, 5); /* it has certainly not run */
    mwt_bank_expect_fail(&c.raw, 4, MW_EUNAVAILABLE, true);
    unknown.key = (struct mwi_text) KEY("k3");
    mwt_bank_call(&c.raw, 5, "add", &unknown, 5); /* perhaps, elsewhere */
    mwt_bank_expect_fail(&c.raw, 5, MW_EDATALOSS, false);
    mwt_bank_open_gate(&c.bank);
    mwt_bank_expect_reply(&c.raw, 2, 6);
    end(&c);
}

/* ---- hostile ---- */

Test(replay, bad_keys)
{
    struct scene c;
    struct mwi_call_head head = first();
    static const char long_key[MWI_KEY_MAX + 1] = "x";

    begin(&c);
    head.key = (struct mwi_text){ long_key, 0 };
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_fail(&c.raw, 1, MW_EPROTO, true);
    head.key.len = sizeof(long_key);
    mwt_bank_call(&c.raw, 2, "add", &head, 5);
    mwt_bank_expect_fail(&c.raw, 2, MW_EPROTO, true);
    head.key.len = MWI_KEY_MAX;
    mwt_bank_call(&c.raw, 3, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 3, 5);
    end(&c);
}

/* Times that cannot be. */
Test(replay, absurd_leads)
{
    struct scene c;
    struct mwi_call_head head;

    begin(&c);
    head = again(c.instance, UINT64_MAX);
    mwt_bank_call(&c.raw, 1, "add", &head, 5);
    mwt_bank_expect_reply(&c.raw, 1, 5); /* no record has ever gone */
    end(&c);
}

/* Keys without end: old records go. */
Test(replay, a_flood_of_keys)
{
    struct scene c;
    struct mwi_call_head head = first();

    begin_with(&c, MW_SERVER(.threads_max = 2, .outcomes_max = 16));
    for (uint64_t id = 1; id <= 1000; id++) {
        head.key = (struct mwi_text){ (const char *) &id, sizeof(id) };
        mwt_bank_call(&c.raw, id, "add", &head, 1);
        mwt_bank_expect_reply(&c.raw, id, (int64_t) id);
    }
    end(&c);
}
