/* SPDX-License-Identifier: MIT */
/*
 * Records of calls with keys: what is found, what is dropped first, and of what
 * it is known then that it never came.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lib/prng.h"
#include "rpc/outcomes.h"
#include "wire/frame.h"

static const int op_a;
static const int op_b;

static void
begin(struct mwi_outcomes *outcomes, size_t n_max, size_t memory_max)
{
    mw_error error;

    mwi_outcomes_init(outcomes);
    cr_assert_eq(
        mwi_outcomes_start(outcomes,
            &(struct mwi_outcomes_limits){
                .n_max = n_max, .memory_max = memory_max, .keep_ms = 3600000 },
            &error),
        MW_OK);
}

static struct mwi_claim
claim_of(const char *key)
{
    return (struct mwi_claim){
        .peer = "ada",
        .key = { key, strlen(key) },
        .op = &op_a,
        .digest = 7,
        .asker = { .id = 1, .message_max = 1 << 20 },
    };
}

static enum mwi_claimed
claim(struct mwi_outcomes *outcomes, const struct mwi_claim *wanted,
    struct mwi_outcome **ret_outcome)
{
    mw_error error = { .status = MW_OK };
    struct mwi_buf frame;
    enum mwi_claimed claimed;

    mwi_buf_init(&frame, SIZE_MAX);
    claimed = mwi_outcomes_claim(outcomes, wanted, ret_outcome, &frame, &error);
    cr_assert_eq(mwi_buf_len(&frame) > 0, claimed == MWI_CLAIM_ENDED);
    cr_assert_eq(error.status < 0,
        claimed == MWI_CLAIM_REFUSED || claimed == MWI_CLAIM_UNKNOWN);
    mwi_buf_fini(&frame);
    return claimed;
}

/* A REPLY of about so many bytes. */
static void
make_answer(struct mwi_buf *frame, size_t len)
{
    struct mwi_writer w;
    char *bytes = mwi_calloc(1, len + 1);

    cr_assert_not_null(bytes);
    mwi_buf_init(frame, SIZE_MAX);
    cr_assert_eq(mwi_frame_begin(frame), MW_OK);
    mwi_writer_init(&w, frame);
    mwi_reply_begin(&w, 1);
    mwi_write_array(&w, 1);
    mwi_write_bytes(&w, bytes, len);
    mwi_frame_end(frame);
    mwi_free(bytes);
}

static size_t
drop_all(struct mwi_list *askers)
{
    struct mwi_list *link;
    size_t n = 0;

    while ((link = mwi_list_pop(askers)) != NULL) {
        mwi_free(MWI_CONTAINER(link, struct mwi_asker, link));
        n++;
    }
    return n;
}

static size_t
settle(struct mwi_outcomes *outcomes, struct mwi_outcome *outcome, size_t len)
{
    struct mwi_list askers;
    struct mwi_buf frame;

    make_answer(&frame, len);
    mwi_outcomes_settle(outcomes, outcome, &frame, &askers);
    mwi_buf_fini(&frame);
    return drop_all(&askers);
}

static void
run(struct mwi_outcomes *outcomes, const char *key, size_t len)
{
    struct mwi_claim wanted = claim_of(key);
    struct mwi_outcome *outcome;

    cr_assert_eq(claim(outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
    cr_assert_eq(settle(outcomes, outcome, len), 0);
}

Test(outcomes, once)
{
    struct mwi_outcomes outcomes;
    struct mwi_claim wanted = claim_of("k");
    struct mwi_outcome *outcome;

    begin(&outcomes, 10, 1 << 20);
    cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_RUNS);
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_RUNS);
    cr_assert_eq(settle(&outcomes, outcome, 100), 2);
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_ENDED);
    mwi_outcomes_fini(&outcomes);
}

Test(outcomes, forgotten_is_new)
{
    struct mwi_outcomes outcomes;
    struct mwi_claim wanted = claim_of("k");
    struct mwi_outcome *outcome;
    struct mwi_list askers;

    begin(&outcomes, 10, 1 << 20);
    cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_RUNS);
    mwi_outcomes_forget(&outcomes, outcome, &askers);
    cr_assert_eq(drop_all(&askers), 1);
    run(&outcomes, "k", 1);
    mwi_outcomes_fini(&outcomes);
}

/* Peer, key, operation, arguments. */
Test(outcomes, whose)
{
    struct mwi_outcomes outcomes;
    struct mwi_claim wanted = claim_of("key");
    struct mwi_outcome *outcome;

    begin(&outcomes, 10, 1 << 20);
    run(&outcomes, "key", 1);
    wanted.peer = "adak";
    wanted.key = (struct mwi_text){ "ey", 2 };
    cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
    cr_assert_eq(settle(&outcomes, outcome, 1), 0);
    wanted = claim_of("key");
    wanted.op = &op_b;
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_REFUSED);
    wanted = claim_of("key");
    wanted.digest = 8;
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_REFUSED);
    wanted.digest = 0;
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_ENDED);
    mwi_outcomes_fini(&outcomes);
}

/* A repeat of a call that was first sent before or behind what was dropped. */
Test(outcomes, the_horizon)
{
    struct mwi_outcomes outcomes;
    struct mwi_claim wanted = claim_of("other");
    struct mwi_outcome *outcome;
    int64_t early = mwi_now();

    begin(&outcomes, 1, 1 << 20);
    wanted.is_repeat = true;
    wanted.first_at = INT64_MIN + 1;
    wanted.is_same_instance = true;
    run(&outcomes, "one", 1);
    cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW,
        "nothing was dropped yet");
    cr_assert_eq(settle(&outcomes, outcome, 1), 0); /* drops one */
    wanted = claim_of("one");
    wanted.is_repeat = true;
    wanted.is_same_instance = true;
    wanted.first_at = early;
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_UNKNOWN);
    wanted.first_at = mwi_now() + 1;
    wanted.is_same_instance = false;
    cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_UNKNOWN);
    wanted.is_same_instance = true;
    cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
    cr_assert_eq(settle(&outcomes, outcome, 1), 0);
    mwi_outcomes_fini(&outcomes);
}

Test(outcomes, memory_is_bounded)
{
    struct mwi_outcomes outcomes;
    char key[16];

    begin(&outcomes, SIZE_MAX, 64 << 10);
    for (int i = 0; i < 1000; i++) {
        (void) snprintf(key, sizeof(key), "k%d", i);
        run(&outcomes, key, 4000);
        cr_assert_leq(outcomes.bytes, 64 << 10);
        cr_assert_eq(outcomes.by_hash.len, outcomes.n_ended);
    }
    run(&outcomes, "large", 32 << 10); /* more than its share */
    {
        struct mwi_claim wanted = claim_of("large");

        cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_UNKNOWN);
    }
    mwi_outcomes_fini(&outcomes);
}

Test(outcomes, old_ones_go)
{
    struct mwi_outcomes outcomes;
    struct mwi_claim wanted = claim_of("k");
    struct mwi_outcome *outcome;
    int64_t later;

    begin(&outcomes, 10, 1 << 20);
    run(&outcomes, "k", 1);
    outcomes.limits.keep_ms = 1;
    later = mwi_deadline_in(2);
    while (mwi_now() < later) {
        continue;
    }
    cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
    cr_assert_eq(settle(&outcomes, outcome, 1), 0);
    mwi_outcomes_fini(&outcomes);
}

/* The message with another id; longer than the asker takes; damaged. */
Test(outcomes, readdressed)
{
    struct mwi_buf answer;
    struct mwi_buf again;
    struct mwi_frame frame;
    struct mwi_reader r;
    struct mwi_message m;
    size_t len;

    make_answer(&answer, 1000);
    mwi_buf_init(&again, SIZE_MAX);
    mwi_outcome_readdress(&answer, UINT64_MAX, 1 << 20, &again);
    cr_assert_eq(
        mwi_frame_parse(mwi_buf_bytes(&again), mwi_buf_len(&again), &frame),
        MWI_FRAME_WHOLE);
    mwi_reader_init(
        &r, mwi_buf_bytes(&again) + frame.head, (size_t) frame.len, 10);
    mwi_message_read(&r, &m);
    cr_assert_eq(m.kind, MWI_REPLY);
    cr_assert_eq(m.id, UINT64_MAX);
    cr_assert_eq(mwi_read_array(&r), 1);
    (void) mwi_read_bytes(&r, &len);
    cr_assert_eq(len, 1000);
    mwi_leave(&r);
    cr_assert_eq(mwi_message_finish(&r, &m), MW_OK);
    mwi_buf_fini(&again);

    mwi_outcome_readdress(&answer, 5, 1000, &again);
    (void) mwi_frame_parse(mwi_buf_bytes(&again), mwi_buf_len(&again), &frame);
    mwi_reader_init(
        &r, mwi_buf_bytes(&again) + frame.head, (size_t) frame.len, 10);
    mwi_message_read(&r, &m);
    cr_assert_eq(m.kind, MWI_FAIL);
    cr_assert_eq(m.id, 5);
    cr_assert_eq(m.status, MW_EDATALOSS);
    cr_assert_not(m.not_run);
    mwi_buf_fini(&again);
    mwi_buf_fini(&answer);
}

/* Each allocation fails once; what had run still has. */
Test(outcomes, out_of_memory)
{
    bool failed = true;

    for (uint64_t n = 1; failed; n++) {
        struct mwi_outcomes outcomes;
        struct mwi_claim wanted = claim_of("k");
        struct mwi_outcome *outcome = NULL;
        struct mwi_list askers;
        struct mwi_buf answer;
        struct mwi_buf frame;
        mw_error error;
        enum mwi_claimed claimed;

        make_answer(&answer, 100);
        begin(&outcomes, 10, 1 << 20);
        mwi_buf_init(&frame, SIZE_MAX);
        mwi_mem_fail_at(n);
        claimed =
            mwi_outcomes_claim(&outcomes, &wanted, &outcome, &frame, &error);
        if (claimed == MWI_CLAIM_NEW) {
            (void) mwi_outcomes_claim(&outcomes, &wanted, NULL, &frame, &error);
            mwi_outcomes_settle(&outcomes, outcome, &answer, &askers);
            (void) drop_all(&askers);
            claimed = mwi_outcomes_claim(
                &outcomes, &wanted, &outcome, &frame, &error);
            cr_assert_neq(claimed, MWI_CLAIM_NEW);
        } else {
            cr_assert_eq(claimed, MWI_CLAIM_REFUSED);
            cr_assert_eq(outcomes.by_hash.len, 0);
        }
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        mwi_buf_fini(&frame);
        mwi_buf_fini(&answer);
        mwi_outcomes_fini(&outcomes);
    }
}

/* Chains: every key the same hash cannot be had, so many keys, dropped and
 * found at random. */
Test(outcomes, at_random)
{
    struct mwi_outcomes outcomes;
    struct mwt_prng prng = mwt_prng_seeded("outcomes");
    bool has_run[64] = { false };

    begin(&outcomes, SIZE_MAX, SIZE_MAX);
    for (int i = 0; i < 2000; i++) {
        size_t k = mwt_below(&prng, 64);
        char key[16];
        struct mwi_claim wanted;
        struct mwi_outcome *outcome;
        struct mwi_list askers;

        (void) snprintf(key, sizeof(key), "%zu", k);
        wanted = claim_of(key);
        if (has_run[k]) {
            cr_assert_eq(claim(&outcomes, &wanted, NULL), MWI_CLAIM_ENDED);
            continue;
        }
        cr_assert_eq(claim(&outcomes, &wanted, &outcome), MWI_CLAIM_NEW);
        if (mwt_below(&prng, 2) == 0) {
            mwi_outcomes_forget(&outcomes, outcome, &askers);
        } else {
            (void) settle(&outcomes, outcome, 10);
            has_run[k] = true;
        }
    }
    mwi_outcomes_fini(&outcomes);
}
