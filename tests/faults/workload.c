/* SPDX-License-Identifier: MIT */
#include "faults/workload.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static void
watch(struct mwt_watched_account *watched, uint64_t id)
{
    mwt_account_make(&watched->account, id);
    mwt_account_make(&watched->before, id);
    mwt_account_make(&watched->after, id);
    cr_assert_eq(mwt_account_change(NULL, &watched->after, id), MW_OK);
    memcpy(&watched->shallow, &watched->account, sizeof(watched->account));
}

/* After a success it is as if changed here, else as it was. */
static void
check(const struct mwt_watched_account *watched, uint64_t id, mw_status status)
{
    if (status != MW_OK) {
        cr_assert_arr_eq(
            &watched->account, &watched->shallow, sizeof(watched->account));
    }
    cr_assert(faults_Account_equal(&watched->account,
                  status == MW_OK ? &watched->after : &watched->before),
        "the object of call %llu, %s", (unsigned long long) id,
        mw_status_text(status));
}

static void
unwatch(struct mwt_watched_account *watched)
{
    faults_Account_clear(&watched->account);
    faults_Account_clear(&watched->before);
    faults_Account_clear(&watched->after);
}

static uint64_t
next_id(const struct mwt_workload *w)
{
    return w->first_id + w->n_records;
}

static void
record(struct mwt_workload *w, const char *what, mw_status status,
    const mw_ctx *ctx)
{
    struct mwt_record *r = &w->records[w->n_records];

    cr_assert_lt(w->n_records, MWT_RECORDS);
    *r = (struct mwt_record){
        .what = what,
        .id = next_id(w),
        .status = status,
        .not_run = ctx->not_run,
    };
    (void) snprintf(r->text, sizeof(r->text), "%s", mw_ctx_error(ctx));
    w->n_records++;
}

static void
call_post(struct mwt_workload *w)
{
    mw_ctx ctx = w->options;
    uint64_t id = next_id(w);
    uint64_t answer = UINT64_MAX;
    mw_status status = faults_Ledger_post(w->client, &ctx, id, &answer);

    cr_assert_eq(answer, status == MW_OK ? id : UINT64_MAX);
    record(w, "post", status, &ctx);
}

static void
call_change(struct mwt_workload *w)
{
    mw_ctx ctx = w->options;
    uint64_t id = next_id(w);
    struct mwt_watched_account *watched = &w->accounts[w->n_used++];
    mw_status status =
        faults_Ledger_change(w->client, &ctx, &watched->account, id);

    check(watched, id, status);
    record(w, "change", status, &ctx);
}

static void
call_tell(struct mwt_workload *w)
{
    mw_ctx ctx = w->options;
    mw_status status = faults_Ledger_tell(w->client, &ctx, next_id(w));

    record(w, "tell", status, &ctx);
}

/* Several at once, finished in the reverse order. */
static void
start_changes(struct mwt_workload *w)
{
    enum { N = 3 };
    mw_ctx ctx[N];
    struct mwt_watched_account *watched = &w->accounts[w->n_used];
    mw_pending *pending[N];
    mw_status status[N];
    uint64_t first = next_id(w);

    for (size_t i = 0; i < N; i++) {
        ctx[i] = w->options;
        status[i] = faults_Ledger_change_start(
            w->client, &ctx[i], &watched[i].account, first + i, &pending[i]);
    }
    for (size_t i = N; i > 0; i--) {
        if (status[i - 1] == MW_OK) {
            status[i - 1] = mw_pending_finish(pending[i - 1]);
        }
    }
    for (size_t i = 0; i < N; i++) {
        check(&watched[i], first + i, status[i]);
        record(w, "started change", status[i], &ctx[i]);
        w->records[w->n_records - 1].is_started = true;
    }
    w->n_used += N;
}

/* What the id of a call is that has an account: the second, and those that are
 * started. */
static uint64_t
id_of_account(const struct mwt_workload *w, size_t i)
{
    return w->first_id + (i == 0 ? 1 : 2 + i);
}

void
mwt_workload_prepare(struct mwt_workload *w)
{
    for (size_t i = 0; i < MWT_ACCOUNTS; i++) {
        watch(&w->accounts[i], id_of_account(w, i));
    }
    w->is_prepared = true;
}

void
mwt_workload_drop(struct mwt_workload *w)
{
    for (size_t i = 0; i < MWT_ACCOUNTS; i++) {
        unwatch(&w->accounts[i]);
    }
    w->is_prepared = false;
}

void
mwt_workload_run(struct mwt_workload *w)
{
    if (!w->is_prepared) {
        mwt_workload_prepare(w);
    }
    w->n_records = w->n_used = 0;
    call_post(w);
    call_change(w);
    call_tell(w);
    start_changes(w);
    call_tell(w);
    call_post(w);
    mwt_workload_drop(w);
}

void
mwt_workload_judge(const struct mwt_workload *w,
    const struct mwt_ledger *ledger, const char *where, struct mwt_tally *tally)
{
    for (size_t i = 0; i < w->n_records; i++) {
        const struct mwt_record *r = &w->records[i];
        unsigned runs = mwt_ledger_runs(ledger, r->id);

        if (r->status == MW_OK) {
            cr_assert_eq(runs, 1, "%s: %s succeeded and has run %u times",
                where, r->what, runs);
            tally->n_done++;
            continue;
        }
        tally->n_waited_for += !r->is_started;
        if (r->not_run) {
            cr_assert_eq(runs, 0, "%s: %s has run %u times, but said: %s",
                where, r->what, runs, r->text);
            tally->n_not_run++;
        } else {
            cr_assert_leq(runs, 1, "%s: %s has run %u times: %s", where,
                r->what, runs, r->text);
            tally->n_unknown += runs == 0;
            tally->n_unknown_run += runs == 1;
        }
    }
}
