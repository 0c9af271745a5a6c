/* SPDX-License-Identifier: MIT */
/*
 * traceparent texts: those of the W3C's document and its test suite, and what
 * is made of them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lib/prng.h"
#include "rpc/trace.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"
#define GOOD  "00-" TRACE "-" SPAN "-01"

static const char *
taken(const char *text)
{
    static char room[MW_TRACEPARENT_SIZE];
    /* In a block of its own length, so that a sanitizer sees who reads on. */
    size_t len = strlen(text);
    char *exact = malloc(len > 0 ? len : 1);

    cr_assert_not_null(exact);
    memcpy(exact, text, len);
    (void) mwi_trace_take(exact, len, room);
    free(exact);
    return room;
}

Test(trace, valid_texts)
{
    cr_assert_str_eq(taken(GOOD), GOOD);
    cr_assert_str_eq(
        taken("00-" TRACE "-" SPAN "-00"), "00-" TRACE "-" SPAN "-00");
    /* Flags that are not known are not passed on. */
    cr_assert_str_eq(
        taken("00-" TRACE "-" SPAN "-ff"), "00-" TRACE "-" SPAN "-03");
    /* A later version, perhaps with more behind. */
    cr_assert_str_eq(taken("01-" TRACE "-" SPAN "-01"), GOOD);
    cr_assert_str_eq(taken("cc-" TRACE "-" SPAN "-01-what-comes-later"), GOOD);
    cr_assert_str_eq(taken("cc-" TRACE "-" SPAN "-01-"), GOOD);
}

Test(trace, texts_that_are_none)
{
    static const char *const bad[] = {
        "",
        "0",
        "00-",
        "00-" TRACE "-" SPAN,
        "00-" TRACE "-" SPAN "-",
        "00-" TRACE "-" SPAN "-0",
        GOOD "-",
        GOOD "0",
        GOOD "-what-comes-later",
        "ff-" TRACE "-" SPAN "-01",
        "0-" TRACE "-" SPAN "-01",
        ".0-" TRACE "-" SPAN "-01",
        "0A-" TRACE "-" SPAN "-01",
        "cc-" TRACE "-" SPAN "-01.what-comes-later",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
        "00-" TRACE "-B7AD6B7169203331-01",
        "00-" TRACE "-" SPAN "-0F",
        "00-" TRACE "-" SPAN "-.0",
        "00-.af7651916cd43dd8448eb211c80319c-" SPAN "-01",
        "00_" TRACE "-" SPAN "-01",
        "00-" TRACE "_" SPAN "-01",
        "00-" TRACE "-" SPAN "_01",
        " " GOOD,
        GOOD " ",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_str_eq(taken(bad[i]), "", "%s", bad[i]);
    }
}

/* A byte changed at random leads to a valid text or to none. */
Test(trace, damaged_texts)
{
    struct mwt_prng prng = mwt_prng_seeded("damaged_texts");
    size_t n_valid = 0;

    for (size_t i = 0; i < 20000; i++) {
        char text[] = GOOD;
        char again[MW_TRACEPARENT_SIZE];

        text[mwt_below(&prng, sizeof(text) - 1)] =
            (char) (1 + mwt_below(&prng, 255));
        (void) snprintf(again, sizeof(again), "%s", taken(text));
        n_valid += again[0] != '\0';
        cr_assert_str_eq(taken(again), again);
    }
    cr_assert(n_valid > 100 && n_valid < 10000, "%zu", n_valid);
}

Test(trace, new_ones)
{
    char a[MW_TRACEPARENT_SIZE];
    char b[MW_TRACEPARENT_SIZE];

    mw_traceparent_new(NULL, a);
    mw_traceparent_new(NULL, b);
    cr_assert_str_eq(taken(a), a);
    cr_assert_str_eq(taken(b), b);
    cr_assert(memcmp(a, b, 35) != 0);
    cr_assert(memcmp(a + 36, b + 36, 16) != 0);
    cr_assert_str_eq(a + 53, "01");
    mw_traceparent_new(a, b);
    cr_assert_str_eq(taken(b), b);
    cr_assert(memcmp(a, b, 36) == 0);
    cr_assert(memcmp(a + 36, b + 36, 16) != 0);
    mw_traceparent_new("nonsense", b);
    cr_assert_str_eq(taken(b), b);
    cr_assert(memcmp(a, b, 35) != 0);
    mw_traceparent_new(a, a); /* in place */
    cr_assert_str_eq(taken(a), a);
}

/* Parent and child would else have the same numbers. */
Test(trace, a_child_of_fork_has_numbers_of_its_own)
{
    char ours[MW_TRACEPARENT_SIZE];
    char theirs[MW_TRACEPARENT_SIZE] = "";
    int ends[2];
    pid_t child;

    mw_traceparent_new(GOOD, ours); /* seeds */
    cr_assert_eq(pipe(ends), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        mw_traceparent_new(GOOD, theirs);
        _exit(write(ends[1], theirs, sizeof(theirs)) != sizeof(theirs));
    }
    mw_traceparent_new(GOOD, ours);
    cr_assert_eq(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_str_eq(taken(theirs), theirs);
    cr_assert_str_neq(ours, theirs);
}
