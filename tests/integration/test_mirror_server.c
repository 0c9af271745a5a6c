/* SPDX-License-Identifier: MIT */
/*
 * Servers that do not do with mirrors what ours does: that have none, that
 * remember nothing, that answer what they should not.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/hostile.h"
#include "integration/mirrored.h"

/* How a call came, and how it is answered. */
struct turn {
    bool is_mirrored;
    bool is_delta;
    const char *answer;
};

/* A server that goes by a list. */
struct script {
    const struct turn *turns;
    size_t n;
};

static void
answer_in_turn(struct mwt_hostile *h, struct mwt_raw *peer)
{
    const struct script *script = h->user;
    const struct mwi_mirror_head *mirror = &peer->message.call.mirror;
    size_t i = h->n_calls - 1;

    cr_assert_lt(i, script->n, "more calls than expected");
    cr_assert_eq(
        mirror->version != 0, script->turns[i].is_mirrored, "call %zu", i);
    cr_assert_eq(mirror->base != 0, script->turns[i].is_delta, "call %zu", i);
    mwt_raw_send_message(peer, script->turns[i].answer);
}

static mw_status
call(mw_client *client, mw_mirror *mirror, mirror_Doc *doc)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = mirror);
    mw_seq_u8 got = { 0 };
    mw_status status = mirror_Desk_change(client, &ctx, doc, 0, &got);

    free(got.items);
    mw_ctx_clear(&ctx);
    return status;
}

/* [4, n, status, "", {0: true}]: -12, -37 */
#define UNKNOWN(n) "85 04 " n " 2b 60 a1 00 f5"
#define STALE(n)   "85 04 " n " 38 24 60 a1 00 f5"
/* The same without not_run, as a handler may fail. */
#define FAILED(n) "84 04 " n " 38 24 60"
/* [3, n, [{}, h'']]; and with a title that is no text */
#define NOTHING(n) "83 03 " n " 82 a0 40"
#define BROKEN(n)  "83 03 " n " 82 a1 00 07 40"

static void
play(const struct turn *turns, size_t n, const mw_status *expected,
    size_t n_expected)
{
    struct script script = { turns, n };
    struct mwt_hostile h = { .user = &script };
    mw_client *client = mwt_hostile_begin(&h, answer_in_turn);
    mw_mirror *mirror;
    mirror_Doc doc = { 0 };

    mwt_open_mirror(&mirror, &doc);
    for (size_t i = 0; i < n_expected; i++) {
        cr_assert_eq(call(client, mirror, &doc), expected[i], "call %zu", i);
    }
    mw_mirror_close(mirror);
    mirror_Doc_clear(&doc);
    mwt_hostile_end(&h, client);
    cr_assert_eq(h.n_calls, n);
}

#define PLAY(turns, ...)                            \
    play(turns, sizeof(turns) / sizeof((turns)[0]), \
        (const mw_status[]){ __VA_ARGS__ },         \
        sizeof((const mw_status[]){ __VA_ARGS__ }) / sizeof(mw_status))

Test(mirror_server, has_no_mirrors)
{
    static const struct turn turns[] = {
        { true, false, UNKNOWN("01") },
        { false, false, NOTHING("02") },
        /* It is not asked again. */
        { false, false, NOTHING("03") },
        { false, false, NOTHING("04") },
    };

    PLAY(turns, MW_OK, MW_OK, MW_OK);
}

/* The operation was unknown, not the mirror. */
Test(mirror_server, has_no_such_operation)
{
    static const struct turn turns[] = {
        { true, false, UNKNOWN("01") },
        { false, false, UNKNOWN("02") },
        { true, false, NOTHING("03") },
        { true, true, NOTHING("04") },
    };

    PLAY(turns, MW_EUNIMPLEMENTED, MW_OK, MW_OK);
}

Test(mirror_server, has_forgotten)
{
    static const struct turn turns[] = {
        { true, false, NOTHING("01") },
        { true, true, STALE("02") },
        { true, false, NOTHING("03") },
        { true, true, NOTHING("04") },
    };

    PLAY(turns, MW_OK, MW_OK, MW_OK);
}

/* To one that says so of what came whole we do not say it for ever. */
Test(mirror_server, says_stale_of_all)
{
    static const struct turn turns[] = {
        { true, false, STALE("01") },
        { true, false, NOTHING("02") },
        { true, true, STALE("03") },
        { true, false, STALE("04") },
    };

    PLAY(turns, MW_ESTALE, MW_OK, MW_ESTALE);
}

/* A handler that fails so has read the argument; the call is not made again. */
Test(mirror_server, fails_as_if_stale)
{
    static const struct turn turns[] = {
        { true, false, NOTHING("01") },
        { true, true, FAILED("02") },
        { true, true, NOTHING("03") },
    };

    PLAY(turns, MW_OK, MW_ESTALE, MW_OK);
}

/* After a reply that could not be applied nobody knows what it has. */
Test(mirror_server, answers_nonsense)
{
    static const struct turn turns[] = {
        { true, false, NOTHING("01") },
        { true, true, BROKEN("02") },
        { true, false, NOTHING("03") },
        { true, true, NOTHING("04") },
    };

    PLAY(turns, MW_OK, MW_EPROTO, MW_OK, MW_OK);
}
