/* SPDX-License-Identifier: MIT */
#include "rpc/retry.h"

#include "base/clock.h"
#include "rpc/backoff.h"
#include "rpc/client.h"
#include "rpc/request.h"

enum { NS_PER_MS = 1000000 };

/* What may be done about a failure. */
enum remedy {
    GIVE_UP,
    MOVE,  /* it has not run, nor did its server have work with it */
    AGAIN, /* it has not run, or may twice */
    ASK,   /* for its outcome, by its key */
};

bool
mwi_budget_spend(struct mwi_budget *budget)
{
    int32_t spent = atomic_load(&budget->spent);

    do {
        if (spent > MWI_BUDGET_MAX - MWI_BUDGET_PRICE) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(
        &budget->spent, &spent, spent + MWI_BUDGET_PRICE));
    return true;
}

/* The connection was lost. */
static enum remedy
after_no_answer(const struct mwi_request *q, mw_status status)
{
    if (status != MW_EUNAVAILABLE) {
        return GIVE_UP;
    }
    if ((q->method->flags & MW_METHOD_IDEMPOTENT) != 0) {
        return AGAIN;
    }
    return q->key.at != NULL ? ASK : GIVE_UP;
}

static enum remedy
after_answer(const struct mwi_request *q, mw_status status)
{
    if (!q->not_run) {
        return GIVE_UP;
    }
    if (status == MW_EUNAVAILABLE && q->tries.is_moved) {
        return MOVE;
    }
    return status == MW_EUNAVAILABLE || status == MW_EEXHAUSTED ? AGAIN
                                                                : GIVE_UP;
}

static enum remedy
find_remedy(const struct mwi_request *q, mw_status status)
{
    switch (q->tries.fate) {
    case MWI_NOT_SENT:
        return status == MW_EUNAVAILABLE ? MOVE : GIVE_UP;
    case MWI_NO_ANSWER:
        return after_no_answer(q, status);
    case MWI_ANSWERED:
        return after_answer(q, status);
    case MWI_NOT_TRIED:
        break;
    }
    return GIVE_UP;
}

/* What ends moving is the deadline: a server that leaves says so once. */
static bool
is_allowed(const struct mwi_request *q, enum remedy remedy)
{
    const mw_client_options *options = mwi_client_options(q->client);

    return !options->no_retry && (q->ctx == NULL || !q->ctx->no_retry) &&
           (remedy == MOVE || q->tries.n_again < options->retries_max);
}

/* When to try again. */
static int64_t
find_time(const struct mwi_request *q, enum remedy remedy)
{
    const mw_client_options *options = mwi_client_options(q->client);
    const struct mwi_backoff backoff = {
        .min_ms = options->retry_min_ms,
        .max_ms = options->retry_max_ms,
    };
    uint32_t n = q->tries.n_again + q->tries.n_moved;
    int64_t wait = (int64_t) q->tries.retry_after_ms * NS_PER_MS;

    if (remedy == MOVE && n == 0) {
        return mwi_now();
    }
    return mwi_now() + wait + mwi_backoff_ns(&backoff, n + 1);
}

/* What the next try has to know. */
static void
note_remedy(struct mwi_request *q, enum remedy remedy)
{
    struct mwi_tries *tries = &q->tries;

    if (tries->fate == MWI_NO_ANSWER) {
        tries->may_have_run = true;
    }
    if (remedy == ASK) {
        q->key.is_repeat = true;
        tries->only = tries->endpoint;
    }
    tries->avoid = tries->fate == MWI_ANSWERED ? tries->endpoint : 0;
    tries->retry_after_ms = 0;
    tries->is_moved = false;
    tries->n_moved += remedy == MOVE;
    tries->n_again += remedy != MOVE;
}

bool
mwi_retry(struct mwi_request *q, mw_status status)
{
    enum remedy remedy = find_remedy(q, status);
    int64_t at;

    if (remedy == GIVE_UP || !is_allowed(q, remedy)) {
        return false;
    }
    at = find_time(q, remedy);
    if (at >= q->deadline ||
        (remedy != MOVE && !mwi_budget_spend(mwi_client_budget(q->client)))) {
        return false;
    }
    note_remedy(q, remedy);
    mwi_client_pause(q->client, at);
    return true;
}
