/* SPDX-License-Identifier: MIT */
/*
 * What is submitted runs: all of it, once, in order, also when jobs submit
 * jobs, free themselves, or wait while the pool is closed.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "unit/pool/fixture.h"

enum { MANY = 1000 };

/* ---- all, in order ---- */

/* Notes in which place it ran. */
struct note {
    struct mwi_job job;
    _Atomic unsigned *next; /* place, shared by all */
    unsigned place;
    _Atomic unsigned runs;
};

static void
run_note(struct mwi_job *job)
{
    struct note *note = MWI_CONTAINER(job, struct note, job);

    note->place = atomic_fetch_add(note->next, 1);
    atomic_fetch_add(&note->runs, 1);
}

static struct note *
notes_new(_Atomic unsigned *next, unsigned n)
{
    struct note *notes = calloc(n, sizeof(*notes));

    cr_assert_not_null(notes);
    for (unsigned i = 0; i < n; i++) {
        notes[i].job.run = run_note;
        notes[i].next = next;
    }
    return notes;
}

static void
run_all(uint32_t threads_min, uint32_t threads_max, uint32_t idle_ms)
{
    _Atomic unsigned next = 0;
    struct note *notes = notes_new(&next, MANY);
    struct mwi_pool *pool = open_pool(threads_min, threads_max, MANY, idle_ms);

    for (unsigned i = 0; i < MANY; i++) {
        must_submit(pool, &notes[i].job);
    }
    mwi_pool_close(pool);
    cr_assert_eq(next, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(notes[i].runs, 1, "job %u ran %u times", i, notes[i].runs);
        if (threads_max == 1) {
            cr_assert_eq(notes[i].place, i);
        }
    }
    free(notes);
}

Test(pool_jobs, all_run_once)
{
    run_all(0, 2, 1000);
    run_all(1, 8, 1000);
    run_all(8, 8, 1000);
    run_all(0, 8, 0);
    run_all(3, 64, 1);
}

Test(pool_jobs, one_thread_runs_them_in_order)
{
    run_all(0, 1, 1000);
    run_all(1, 1, 1000);
    run_all(1, 1, 0);
    run_all(0, 1, 0);
}

/* The order of starting holds also when nothing has started yet. */
Test(pool_jobs, the_queue_is_in_order)
{
    _Atomic unsigned next = 0;
    struct note *notes = notes_new(&next, MANY);
    struct mwi_pool *pool = open_pool(0, 1, MANY, POOL_IDLE_LONG);
    struct gate gate;
    struct blocker *blocker;

    gate_init(&gate);
    blocker = blockers_new(&gate, 1);
    must_submit(pool, &blocker->job);
    gate_await(&gate, 1);
    for (unsigned i = 0; i < MANY; i++) {
        must_submit(pool, &notes[i].job);
    }
    assert_stats(pool, 1, 1, MANY);
    cr_assert_eq(next, 0);
    gate_let_go(&gate, 1);
    await_stats(pool, 1, 0, 0);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(notes[i].place, i);
    }
    mwi_pool_close(pool);
    free(blocker);
    free(notes);
    gate_fini(&gate);
}

Test(pool_jobs, close_finishes_the_queue)
{
    _Atomic unsigned next = 0;
    struct note *notes = notes_new(&next, MANY);
    struct mwi_pool *pool = open_pool(0, 2, MANY, POOL_IDLE_LONG);
    struct gate gate;
    struct blocker *blockers;

    gate_init(&gate);
    blockers = blockers_new(&gate, 2);
    must_submit(pool, &blockers[0].job);
    must_submit(pool, &blockers[1].job);
    for (unsigned i = 0; i < MANY; i++) {
        must_submit(pool, &notes[i].job);
    }
    gate_await(&gate, 2);
    assert_stats(pool, 2, 2, MANY);
    gate_let_go(&gate, 2);
    mwi_pool_close(pool);
    cr_assert_eq(next, MANY);
    free(blockers);
    free(notes);
    gate_fini(&gate);
}

/* ---- jobs and their memory ---- */

struct last_words {
    struct mwi_job job;
    _Atomic unsigned *count;
};

static void
run_last_words(struct mwi_job *job)
{
    struct last_words *words = MWI_CONTAINER(job, struct last_words, job);
    _Atomic unsigned *count = words->count;

    free(words);
    atomic_fetch_add(count, 1);
}

Test(pool_jobs, a_job_frees_itself)
{
    struct mwi_pool *pool = open_pool(1, 4, MANY, 1000);
    _Atomic unsigned count = 0;

    for (unsigned i = 0; i < MANY; i++) {
        struct last_words *words = calloc(1, sizeof(*words));

        cr_assert_not_null(words);
        words->job.run = run_last_words;
        words->count = &count;
        must_submit(pool, &words->job);
    }
    mwi_pool_close(pool);
    cr_assert_eq(count, MANY);
}

/* A job that is refused stays the caller's, as it was. */
Test(pool_jobs, a_refused_job_is_not_taken)
{
    struct mwi_pool *pool = open_pool(0, 1, 0, POOL_IDLE_LONG);
    struct blocker *blockers;
    struct gate gate;

    gate_init(&gate);
    blockers = blockers_new(&gate, 2);
    must_submit(pool, &blockers[0].job);
    cr_assert_eq(mwi_pool_submit(pool, &blockers[1].job), MW_EEXHAUSTED);
    gate_let_go(&gate, 1);
    await_stats(pool, POOL_ANY, 0, 0);
    cr_assert_eq(gate_inside(&gate), 1);
    must_submit(pool, &blockers[1].job);
    gate_let_go(&gate, 1);
    mwi_pool_close(pool);
    cr_assert_eq(gate_inside(&gate), 2);
    free(blockers);
    gate_fini(&gate);
}

/* ---- jobs that submit jobs ---- */

/* Submits two of its kind, and they two each, down to level 0. */
struct branch {
    struct mwi_job job;
    struct mwi_pool *pool;
    _Atomic unsigned *refused;
    unsigned level;
};

static void run_branch(struct mwi_job *job);

static void
submit_branch(const struct branch *like, unsigned level)
{
    struct branch *branch = malloc(sizeof(*branch));

    if (branch == NULL) {
        abort();
    }
    *branch = *like;
    branch->job.run = run_branch;
    branch->level = level;
    if (mwi_pool_submit(branch->pool, &branch->job) < 0) {
        atomic_fetch_add(branch->refused, 1);
        free(branch);
    }
}

static _Atomic unsigned n_branches;

static void
run_branch(struct mwi_job *job)
{
    struct branch *branch = MWI_CONTAINER(job, struct branch, job);

    atomic_fetch_add(&n_branches, 1);
    if (branch->level > 0) {
        submit_branch(branch, branch->level - 1);
        submit_branch(branch, branch->level - 1);
    }
    free(branch);
}

static void
grow_tree(uint32_t threads_max)
{
    _Atomic unsigned refused = 0;
    struct mwi_pool *pool = open_pool(0, threads_max, 4096, 1);
    struct branch root = { .pool = pool, .refused = &refused };

    n_branches = 0;
    submit_branch(&root, 10);
    await_stats(pool, POOL_ANY, 0, 0);
    mwi_pool_close(pool);
    cr_assert_eq(refused, 0);
    cr_assert_eq(n_branches, (1u << 11) - 1);
}

Test(pool_jobs, jobs_submit_jobs)
{
    grow_tree(1);
    grow_tree(2);
    grow_tree(16);
}

/* The same job again, from within itself: the queue has let go of it. */
struct again {
    struct mwi_job job;
    struct mwi_pool *pool;
    unsigned left;
    unsigned refused;
};

static void
run_again(struct mwi_job *job)
{
    struct again *again = MWI_CONTAINER(job, struct again, job);

    if (again->left > 0) {
        again->left--;
        again->refused += mwi_pool_submit(again->pool, job) < 0;
    }
}

Test(pool_jobs, a_job_submits_itself)
{
    struct again again = { .job.run = run_again, .left = MANY };

    again.pool = open_pool(0, 1, 1, POOL_IDLE_LONG);
    must_submit(again.pool, &again.job);
    await_stats(again.pool, POOL_ANY, 0, 0);
    mwi_pool_close(again.pool);
    cr_assert_eq(again.left, 0);
    cr_assert_eq(again.refused, 0);
}

/* ---- signals ---- */

struct look {
    struct mwi_job job;
    sigset_t blocked;
};

static void
run_look(struct mwi_job *job)
{
    struct look *look = MWI_CONTAINER(job, struct look, job);

    (void) pthread_sigmask(SIG_SETMASK, NULL, &look->blocked);
}

static void
assert_all_blocked(const sigset_t *blocked)
{
    for (int number = 1; number <= SIGRTMAX; number++) {
        /* Two cannot be blocked, and libc keeps some for itself. */
        if (number == SIGKILL || number == SIGSTOP ||
            (number >= 32 && number < SIGRTMIN)) {
            continue;
        }
        cr_assert_eq(sigismember(blocked, number), 1, "signal %d", number);
    }
}

Test(pool_jobs, workers_have_all_signals_blocked)
{
    struct look look = { .job.run = run_look };
    sigset_t before;
    sigset_t after;

    for (uint32_t threads_min = 0; threads_min <= 1; threads_min++) {
        struct mwi_pool *pool;

        cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
        pool = open_pool(threads_min, 1, 1, 1000);
        (void) sigemptyset(&look.blocked);
        must_submit(pool, &look.job);
        cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
        mwi_pool_close(pool);
        assert_all_blocked(&look.blocked);
        for (int number = 1; number < SIGRTMAX; number++) {
            cr_assert_eq(
                sigismember(&before, number), sigismember(&after, number));
        }
    }
}

/* ---- memory ---- */

Test(pool_jobs, out_of_memory)
{
    const struct mwi_pool_limits limits = { .threads_max = 1 };
    struct mwi_pool *pool = NULL;
    mw_error error = { 0 };

    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_pool_open(&pool, &limits, &error), MW_ENOMEM);
    cr_assert(mwi_mem_has_failed());
    cr_assert_null(pool);
    cr_assert_eq(error.status, MW_ENOMEM);
    cr_assert_str_eq(error.text, "out of memory");
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_pool_open(&pool, &limits, NULL), MW_ENOMEM);
    mwi_mem_fail_at(0);
}

/* So that a call which was accepted cannot fail for want of memory. */
Test(pool_jobs, submitting_allocates_nothing)
{
    _Atomic unsigned next = 0;
    struct note *notes = notes_new(&next, MANY);
    struct mwi_pool *pool = open_pool(0, 4, MANY, 1);

    mwi_mem_fail_at(1);
    for (unsigned i = 0; i < MANY; i++) {
        must_submit(pool, &notes[i].job);
    }
    mwi_pool_close(pool);
    cr_assert_not(mwi_mem_has_failed());
    mwi_mem_fail_at(0);
    cr_assert_eq(next, MANY);
    free(notes);
}

Test(pool_jobs, close_of_nothing)
{
    struct mwi_pool *pool = open_pool(0, 1, 0, 0);

    mwi_pool_close(NULL);
    mwi_pool_close(pool);
}
