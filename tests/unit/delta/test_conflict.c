/* SPDX-License-Identifier: MIT */
/*
 * Deltas over objects that the caller has changed since they were sent: what
 * both sides have changed, and what only one of them has.
 */
#include <criterion/criterion.h>

#include "codec/mask.h"
#include "delta/patch.h"
#include "fixture.h"
#include "forms.h"
#include "hex.h"

/* Values as V(T): what was sent, what it is meanwhile, the reply, and what it
 * is then if the server wins or the caller does. */
struct conflict {
    const mw_type *type;
    const char *base;
    const char *object;
    const char *delta;
    const char *server;
    const char *caller;
};

#define BOLT "64 626f6c74"
#define NUT  "63 6e7574"
#define PIN  "63 70696e"

static const struct conflict conflicts[] = {
    /* the server has changed the text, the caller the number */
    { &line_type, "84" BOLT "01 f6 f6", "84" BOLT "05 f6 f6", "a1 00" NUT,
        "84" NUT "05 f6 f6", "84" NUT "05 f6 f6" },
    { &line_type, "84" BOLT "01 f6 f6", "84" BOLT "05 f6 f6",
        "84" NUT "01 f6 f6", "84" NUT "05 f6 f6", "84" NUT "05 f6 f6" },
    /* the caller what is optional */
    { &line_type, "84" BOLT "01 f6 f6", "84" BOLT "01" PIN "f6",
        "84" NUT "01 f6 f6", "84" NUT "01" PIN "f6", "84" NUT "01" PIN "f6" },
    { &line_type, "84" BOLT "01" PIN "f6", "84" BOLT "01 f6 f6",
        "84" NUT "01" PIN "f6", "84" NUT "01 f6 f6", "84" NUT "01 f6 f6" },
    { &line_type, "84" BOLT "01" PIN "f6", "84" BOLT "01 f6 f6", "a1 02 a0",
        "84" BOLT "01 f6 f6", "84" BOLT "01 f6 f6" },
    /* both */
    { &line_type, "84" BOLT "01" PIN "f6", "84" BOLT "01 f6 f6",
        "84" NUT "01" NUT "f6", "84" NUT "01" NUT "f6", "84" NUT "01 f6 f6" },
    { &line_type, "84" BOLT "01 f6 f6", "84" PIN "05 f6 f6",
        "84" NUT "01 f6 f6", "84" NUT "05 f6 f6", "84" PIN "05 f6 f6" },
    { &line_type, "84" BOLT "01 f6 f6", "84" PIN "05 f6 f6",
        "a1 00 a1 00 81 83 00 01 61 43", "84 64 436f6c74 05 f6 f6",
        "84" PIN "05 f6 f6" },
    /* what is one thing as a whole */
    { &mw_type_string, BOLT, PIN, BOLT, PIN, PIN },
    { &mw_type_string, BOLT, PIN, "a0", PIN, PIN },
    { &mw_type_string, BOLT, PIN, NUT, NUT, PIN },
};

static void
check(const struct conflict *c, mw_conflict winner, const char *expected)
{
    void *base = decoded(c->type, c->base);
    void *object = decoded(c->type, c->object);
    void *wanted = decoded(c->type, expected);
    struct hex hex = unhex(c->delta);
    struct mwi_patch patch;
    struct mwi_reader r;

    mwi_patch_init(&patch, 1 << 20);
    patch.conflict = winner;
    mwi_reader_init(&r, hex.bytes, hex.len, 64);
    mwi_patch_stage_over(&patch, &r, c->type, &mwi_mask_all, object, base);
    cr_expect_eq(mwi_reader_finish(&r), MW_OK, "%s over %s: %s", c->delta,
        c->object, r.error.text);
    if (mwi_reader_ok(&r)) {
        mwi_patch_commit(&patch);
    } else {
        mwi_patch_abort(&patch);
    }
    cr_expect(mwi_equal(c->type, object, wanted), "%s over %s is not %s",
        c->delta, c->object, expected);
    free(hex.bytes);
    drop(c->type, base);
    drop(c->type, object);
    drop(c->type, wanted);
}

Test(conflict, server_wins)
{
    for (size_t i = 0; i < sizeof(conflicts) / sizeof(*conflicts); i++) {
        check(&conflicts[i], MW_CONFLICT_SERVER, conflicts[i].server);
    }
}

Test(conflict, caller_wins)
{
    for (size_t i = 0; i < sizeof(conflicts) / sizeof(*conflicts); i++) {
        check(&conflicts[i], MW_CONFLICT_CALLER, conflicts[i].caller);
    }
}

/* What is done to a copy of the base counts as well. */
Test(conflict, counts)
{
    char **base = decoded(&mw_type_string, BOLT);
    char **object = decoded(&mw_type_string, PIN);
    struct hex hex = unhex("a1 00 81 83 00 01 61 43");
    struct mwi_patch patch;
    struct mwi_reader r;

    mwi_patch_init(&patch, 1 << 20);
    patch.conflict = MW_CONFLICT_SERVER;
    mwi_reader_init(&r, hex.bytes, hex.len, 64);
    mwi_patch_stage_over(
        &patch, &r, &mw_type_string, &mwi_mask_all, object, base);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK, "%s", r.error.text);
    cr_expect_eq(patch.stats.splices, 1);
    mwi_patch_commit(&patch);
    cr_expect_str_eq(*object, "Colt");
    free(hex.bytes);
    drop(&mw_type_string, base);
    drop(&mw_type_string, object);
}
