/* SPDX-License-Identifier: MIT */
/*
 * Calls of every form, one after the other and at once, and what may be said of
 * each afterwards.  For criterion tests.
 */
#ifndef MWT_WORKLOAD_H
#define MWT_WORKLOAD_H

#include "faults/scene.h"

enum { MWT_RECORDS = 16, MWT_ACCOUNTS = 4 };

/* What the caller has seen of a call. */
struct mwt_record {
    const char *what;
    uint64_t id;
    mw_status status;
    bool not_run;
    bool is_started; /* and finished later */
    char text[MW_ERROR_TEXT_MAX];
};

/* An account of which can be said that not a byte has changed, or only what
 * had to. */
struct mwt_watched_account {
    faults_Account account;
    faults_Account shallow; /* its bytes: the same addresses */
    faults_Account before;  /* an equal one */
    faults_Account after;   /* what it must be after a success */
};

struct mwt_workload {
    mw_client *client;
    mw_ctx options; /* of every call */
    uint64_t first_id;
    struct mwt_record records[MWT_RECORDS];
    size_t n_records;
    struct mwt_watched_account accounts[MWT_ACCOUNTS];
    size_t n_used;    /* accounts */
    bool is_prepared; /* all accounts are made */
};

/* What has become of calls; each is in one of these. */
struct mwt_tally {
    size_t n_done;        /* success, and it has run */
    size_t n_waited_for;  /* calls whose caller has waited, and so could be sent
                             again, that did not succeed */
    size_t n_not_run;     /* failed, told so, and it has not run */
    size_t n_unknown;     /* failed, nothing told, and it has not run */
    size_t n_unknown_run; /* failed, nothing told, and it has run once */
};

/** Make all objects, so that mwt_workload_run() allocates nothing of its own.
 */
void mwt_workload_prepare(struct mwt_workload *w);

/** Free them, if the workload is not run. */
void mwt_workload_drop(struct mwt_workload *w);

/** Make the calls: two-way, with an object that changes, one-way, started
 * ones.  Asserts that objects are as they must be by each call's status. */
void mwt_workload_run(struct mwt_workload *w);

/** Assert of each call that it has run once if it succeeded, not at all if it
 * failed and said so, and never twice.  The server must be stopped.
 *
 * @param where  what was done to the connection, for the text of a failure
 */
void mwt_workload_judge(const struct mwt_workload *w,
    const struct mwt_ledger *ledger, const char *where,
    struct mwt_tally *tally);

#endif
