/* SPDX-License-Identifier: MIT */
/*
 * Random documents that both ends change at random, through operations of all
 * kinds, with mirrors and without: the server gets the same, the caller's
 * objects become the same.
 *
 * MW_SEED sets the seed, MW_CASES the number of cases.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/mirrored.h"
#include "lib/random_value.h"

enum {
    CASES = 3000,
    PAIRS = 4, /* of which the server keeps fewer */
    KEPT = 3,
};

/* A document with a mirror, and an equal one without. */
struct pair {
    mirror_Doc mirrored;
    mirror_Doc plain;
    mw_mirror *mirror;
    mw_ctx ctx;
    mw_ctx plain_ctx;
};

struct oracle {
    struct mwt_desk desk;
    mw_client *client;
    struct mwt_prng prng;
    struct pair pairs[PAIRS];
    uint64_t sent;   /* bytes, with mirrors ... */
    uint64_t whole;  /* ... and without */
    uint64_t deltas; /* sent */
};

static size_t
n_cases(void)
{
    const char *text = getenv("MW_CASES");

    return text != NULL ? strtoull(text, NULL, 10) : CASES;
}

static void
begin_pair(struct oracle *o, struct pair *pair)
{
    memset(pair, 0, sizeof(*pair));
    mwt_random_object(&o->prng, &mirror_Doc_type, &pair->mirrored);
    cr_assert_eq(mirror_Doc_copy(&pair->plain, &pair->mirrored), MW_OK);
    mwt_open_mirror(&pair->mirror, &pair->mirrored);
    pair->ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = pair->mirror);
    pair->plain_ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);
}

static void
end_pair(struct pair *pair)
{
    mw_mirror_close(pair->mirror);
    mirror_Doc_clear(&pair->mirrored);
    mirror_Doc_clear(&pair->plain);
    mw_ctx_clear(&pair->ctx);
    mw_ctx_clear(&pair->plain_ctx);
}

/* Change both in the same way. */
static void
mutate(struct oracle *o, struct pair *pair)
{
    uint64_t seed = mwt_next(&o->prng);
    struct mwt_prng a = { .state = seed };
    struct mwt_prng b = { .state = seed };

    mwt_mutate_object(&a, &mirror_Doc_type, &pair->mirrored);
    mwt_mutate_object(&b, &mirror_Doc_type, &pair->plain);
}

static mw_status
call(struct oracle *o, mw_ctx *ctx, mirror_Doc *doc, size_t what, uint64_t seed,
    mw_seq_u8 *got)
{
    mirror_Node node = { .name = NULL };
    mirror_Node *list = &node;
    mw_status status;

    switch (what) {
    case 0:
        return mirror_Desk_see(o->client, ctx, doc, got);
    case 1:
        return mirror_Desk_partial(o->client, ctx, doc, seed, got);
    case 2:
        return mirror_Desk_fail(o->client, ctx, doc, MW_EABORTED);
    case 3:
        return mirror_Desk_put(o->client, ctx, doc);
    case 4:
        status = mirror_Desk_with_nodes(o->client, ctx, &list, doc, seed, got);
        free(node.name);
        return status;
    default:
        return mirror_Desk_change(o->client, ctx, doc, seed, got);
    }
}

/* The same call with both. */
static void
check_case(struct oracle *o, struct pair *pair)
{
    size_t what = mwt_below(&o->prng, 12);
    uint64_t seed = mwt_next(&o->prng);
    mw_seq_u8 got = { 0 };
    mw_seq_u8 plain = { 0 };
    mw_status status;

    /* A whole value would show what the contract excludes. */
    pair->ctx.full_values = what != 1 && mwt_chance(&o->prng, 20);
    status = call(o, &pair->ctx, &pair->mirrored, what, seed, &got);
    o->sent += pair->ctx.stats.bytes_sent;
    o->deltas += pair->ctx.stats.deltas_sent;
    cr_assert_eq(call(o, &pair->plain_ctx, &pair->plain, what, seed, &plain),
        status, "%s", mw_ctx_error(&pair->ctx));
    o->whole += pair->plain_ctx.stats.bytes_sent;
    cr_assert_eq(status, what == 2 ? MW_EABORTED : MW_OK, "%s",
        mw_ctx_error(&pair->ctx));
    cr_assert_eq(got.len, plain.len);
    cr_assert(got.len == 0 || memcmp(got.items, plain.items, got.len) == 0);
    cr_assert(mirror_Doc_equal(&pair->mirrored, &pair->plain));
    free(got.items);
    free(plain.items);
}

Test(mirror_oracle, with_mirrors_and_without)
{
    static struct oracle o;

    o.prng = mwt_prng_seeded("mirror_oracle");
    mwt_desk_start(&o.desk, MW_SERVER(.threads_max = 2, .mirrors_max = KEPT));
    o.client = mwt_desk_client(&o.desk);
    for (size_t i = 0; i < PAIRS; i++) {
        begin_pair(&o, &o.pairs[i]);
    }
    for (size_t i = 0; i < n_cases(); i++) {
        struct pair *pair = &o.pairs[mwt_below(&o.prng, PAIRS)];

        if (mwt_chance(&o.prng, 70)) {
            mutate(&o, pair);
        }
        if (mwt_chance(&o.prng, 1)) {
            mw_mirror_reset(pair->mirror);
        }
        if (mwt_chance(&o.prng, 1)) {
            end_pair(pair);
            begin_pair(&o, pair);
        }
        if (mwt_chance(&o.prng, 1)) {
            mw_client_close(o.client);
            o.client = mwt_desk_client(&o.desk);
        }
        check_case(&o, pair);
    }
    cr_log_info("requests: %llu bytes, %llu deltas; without mirrors %llu",
        (unsigned long long) o.sent, (unsigned long long) o.deltas,
        (unsigned long long) o.whole);
    cr_assert_gt(o.deltas, n_cases() / 4);
    cr_assert_lt(o.sent, o.whole);
    for (size_t i = 0; i < PAIRS; i++) {
        end_pair(&o.pairs[i]);
    }
    mw_client_close(o.client);
    mwt_desk_close(&o.desk);
}
