/* SPDX-License-Identifier: MIT */
/*
 * What a session keeps of its client's mirrors, and what it forgets first.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "codec/access.h"
#include "codec/value.h"
#include "rpc/mirrors.h"

enum { TEXT_LEN = 1000 };

static _Atomic uint64_t total;

static void
init(struct mwi_mirrors *mirrors, size_t n_max, size_t weight_max,
    size_t total_max)
{
    mwi_mirrors_init(mirrors, &(struct mwi_mirror_limits){
                                  .n_max = n_max,
                                  .weight_max = weight_max,
                                  .total_max = total_max,
                                  .total = &total,
                              });
}

/* A text of a length. */
static struct mwi_baseline *
make(uint64_t id, uint64_t version, size_t len)
{
    struct mwi_baseline *baseline = mwi_baseline_new(&mw_type_string, id);
    char *text = mwi_calloc(1, len + 1);

    cr_assert_not_null(baseline);
    cr_assert_not_null(text);
    for (size_t i = 0; i < len; i++) {
        text[i] = 'x';
    }
    mwi_store_string(baseline->object, text);
    baseline->version = version;
    return baseline;
}

static void
keep(struct mwi_mirrors *mirrors, uint64_t id, uint64_t version, size_t len)
{
    mwi_mirrors_keep(mirrors, make(id, version, len));
}

/* Take it out and put it back, as a newer version, or say that it is not
 * there. */
static bool
use(struct mwi_mirrors *mirrors, uint64_t id, uint64_t version)
{
    struct mwi_baseline *baseline =
        mwi_mirrors_take(mirrors, id, version, &mw_type_string);

    if (baseline == NULL) {
        return false;
    }
    cr_assert_eq(baseline->id, id);
    cr_assert_eq(baseline->version, version);
    baseline->version++;
    mwi_mirrors_keep(mirrors, baseline);
    return true;
}

Test(mirrors, taken_by_id_version_and_type)
{
    struct mwi_mirrors mirrors;
    struct mwi_baseline *baseline;

    init(&mirrors, 4, SIZE_MAX, SIZE_MAX);
    cr_assert_null(mwi_mirrors_take(&mirrors, 1, 1, &mw_type_string));
    keep(&mirrors, 1, 5, TEXT_LEN);
    cr_assert_null(mwi_mirrors_take(&mirrors, 2, 5, &mw_type_string));
    cr_assert_null(mwi_mirrors_take(&mirrors, 1, 4, &mw_type_string));
    cr_assert_null(mwi_mirrors_take(&mirrors, 1, 6, &mw_type_string));
    cr_assert_null(mwi_mirrors_take(&mirrors, 1, 5, &mw_type_u64));
    baseline = mwi_mirrors_take(&mirrors, 1, 5, &mw_type_string);
    cr_assert_not_null(baseline);
    /* Nobody else has it now, and it is not counted. */
    cr_assert_null(mwi_mirrors_take(&mirrors, 1, 5, &mw_type_string));
    cr_assert_eq(mirrors.n, 0);
    cr_assert_eq(mirrors.weight, 0);
    mwi_baseline_free(baseline);
    mwi_baseline_free(NULL);
    mwi_mirrors_fini(&mirrors);
    cr_assert_eq(atomic_load(&total), 0);
}

Test(mirrors, newer_version_wins)
{
    struct mwi_mirrors mirrors;

    init(&mirrors, 4, SIZE_MAX, SIZE_MAX);
    keep(&mirrors, 1, 5, TEXT_LEN);
    keep(&mirrors, 1, 3, TEXT_LEN);
    cr_assert_eq(mirrors.n, 1);
    cr_assert_not(use(&mirrors, 1, 3));
    keep(&mirrors, 1, 9, TEXT_LEN);
    cr_assert_eq(mirrors.n, 1);
    cr_assert_not(use(&mirrors, 1, 5));
    cr_assert(use(&mirrors, 1, 9));
    mwi_mirrors_fini(&mirrors);
    cr_assert_eq(atomic_load(&total), 0);
}

Test(mirrors, least_recently_used_goes)
{
    struct mwi_mirrors mirrors;

    init(&mirrors, 3, SIZE_MAX, SIZE_MAX);
    for (uint64_t id = 1; id <= 3; id++) {
        keep(&mirrors, id, 1, TEXT_LEN);
    }
    cr_assert(use(&mirrors, 1, 1));
    keep(&mirrors, 4, 1, TEXT_LEN);
    cr_assert_eq(mirrors.n, 3);
    cr_assert_not(use(&mirrors, 2, 1));
    cr_assert(use(&mirrors, 3, 1));
    cr_assert(use(&mirrors, 1, 2));
    cr_assert(use(&mirrors, 4, 1));
    mwi_mirrors_fini(&mirrors);
    cr_assert_eq(atomic_load(&total), 0);
}

Test(mirrors, limit_of_bytes)
{
    struct mwi_mirrors mirrors;

    init(&mirrors, 100, 5 * TEXT_LEN, SIZE_MAX);
    for (uint64_t id = 1; id <= 10; id++) {
        keep(&mirrors, id, 1, TEXT_LEN);
        cr_assert_leq(mirrors.weight, 5 * TEXT_LEN);
        cr_assert_eq(atomic_load(&total), mirrors.weight);
    }
    cr_assert_eq(mirrors.n, 4);
    /* What cannot be kept pushes nothing out, but what it is newer than. */
    keep(&mirrors, 11, 1, 6 * TEXT_LEN);
    cr_assert_eq(mirrors.n, 4);
    keep(&mirrors, 10, 2, 6 * TEXT_LEN);
    cr_assert_eq(mirrors.n, 3);
    /* One that has grown pushes out others. */
    keep(&mirrors, 9, 2, 4 * TEXT_LEN);
    cr_assert_eq(mirrors.n, 1);
    cr_assert(use(&mirrors, 9, 2));
    mwi_mirrors_fini(&mirrors);
    cr_assert_eq(atomic_load(&total), 0);
}

Test(mirrors, limit_of_all_sessions)
{
    struct mwi_mirrors a;
    struct mwi_mirrors b;

    init(&a, 100, SIZE_MAX, 4 * TEXT_LEN);
    init(&b, 100, SIZE_MAX, 4 * TEXT_LEN);
    keep(&a, 1, 1, TEXT_LEN);
    keep(&a, 2, 1, TEXT_LEN);
    keep(&b, 1, 1, TEXT_LEN);
    /* Each makes room among its own only. */
    keep(&b, 2, 1, TEXT_LEN);
    cr_assert_eq(a.n, 2);
    cr_assert_eq(b.n, 1);
    cr_assert(use(&b, 2, 1));
    keep(&b, 3, 1, 3 * TEXT_LEN);
    cr_assert_eq(b.n, 1);
    cr_assert(use(&a, 1, 1));
    cr_assert(use(&a, 2, 1));
    mwi_mirrors_fini(&a);
    keep(&b, 3, 1, 3 * TEXT_LEN);
    cr_assert(use(&b, 3, 1));
    mwi_mirrors_fini(&b);
    cr_assert_eq(atomic_load(&total), 0);
}

/* Blocks are counted, too. */
Test(mirrors, many_tiny_texts)
{
    enum { MANY = 1000 };
    char **texts = mwi_calloc(MANY, sizeof(*texts));
    struct mwi_seq seq = { .items = texts, .len = MANY, .cap = MANY };
    size_t weight;

    for (size_t i = 0; i < MANY; i++) {
        texts[i] = mwi_calloc(1, 1);
    }
    weight = mwi_heap_weight(&mw_type_seq_string, &seq);
    cr_assert_eq(weight, MANY * (sizeof(char *) + 1 + MWI_HEAP_BLOCK_COST) +
                             MWI_HEAP_BLOCK_COST);
    mwi_clear(&mw_type_seq_string, &seq);
    cr_assert_eq(mwi_heap_weight(&mw_type_seq_string, &seq), 0);
}

/* Two sessions that keep something at the same time, each of which alone would
 * leave no room for the other. */
enum { SESSIONS = 2, ROUNDS = 20000, ROOM = 3 * TEXT_LEN / 2 };

static atomic_uint n_arrived;
static atomic_uint n_above;

static void
meet(unsigned *phase)
{
    ++*phase;
    atomic_fetch_add(&n_arrived, 1);
    for (unsigned i = 1; atomic_load(&n_arrived) < *phase * SESSIONS; i++) {
        if (i % 1000 == 0) {
            (void) sched_yield();
        }
    }
}

static void *
keep_at_once(void *arg)
{
    struct mwi_mirrors mirrors;
    unsigned phase = 0;

    (void) arg;
    init(&mirrors, 4, SIZE_MAX, ROOM);
    for (uint64_t version = 1; version <= ROUNDS; version++) {
        struct mwi_baseline *baseline = make(1, version, TEXT_LEN);

        meet(&phase);
        mwi_mirrors_keep(&mirrors, baseline);
        meet(&phase);
        atomic_fetch_add(&n_above, atomic_load(&total) > ROOM);
        meet(&phase);
        mwi_baseline_free(
            mwi_mirrors_take(&mirrors, 1, version, &mw_type_string));
    }
    mwi_mirrors_fini(&mirrors);
    return NULL;
}

Test(mirrors, sessions_keep_to_the_total_at_once)
{
    pthread_t threads[SESSIONS];

    for (size_t i = 0; i < SESSIONS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, keep_at_once, NULL), 0);
    }
    for (size_t i = 0; i < SESSIONS; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    cr_assert_eq(atomic_load(&n_above), 0);
    cr_assert_eq(atomic_load(&total), 0);
}
