/* SPDX-License-Identifier: MIT */
#include "integration/told.h"

#include <criterion/criterion.h>

#include "base/clock.h"
#include "probe_client.mw.h"

enum { PATIENCE_MS = 60000 };

struct mwi_mutex mwt_told_mutex = { PTHREAD_MUTEX_INITIALIZER };
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void
tell(void *user, mw_pending *pending)
{
    struct mwt_told *t = user;
    void (*then)(struct mwt_told *) = t->then;

    t->pending = pending;
    if (then != NULL) {
        then(t);
    }
    mwi_lock(&mwt_told_mutex);
    t->thread = pthread_self();
    t->n_told++;
    (void) pthread_cond_broadcast(&changed);
    mwi_unlock(&mwt_told_mutex);
}

void
mwt_told_init(struct mwt_told *t, uint32_t timeout_ms)
{
    *t = (struct mwt_told){
        .ctx = MW_CTX(.timeout_ms = timeout_ms, .on_done = tell,
            .on_done_user = t),
        .status = MW_EUNKNOWN,
    };
}

mw_status
mwt_told_start(struct mwt_told *t, mw_client *client)
{
    mw_pending *pending;
    mw_status status =
        probe_Probe_echo_start(client, &t->ctx, "x", &t->text, &pending);

    if (t->then == NULL) { /* else it may be finished already */
        t->pending = pending;
    }
    return status;
}

void
mwt_told_finish(struct mwt_told *t)
{
    cr_assert_null(t->text);
    cr_assert(mw_pending_is_done(t->pending));
    t->status = mw_pending_finish(t->pending);
    t->pending = NULL;
}

uint32_t
mwt_told_count(struct mwt_told *t)
{
    uint32_t n;

    mwi_lock(&mwt_told_mutex);
    n = t->n_told;
    mwi_unlock(&mwt_told_mutex);
    return n;
}

void
mwt_told_wait(struct mwt_told *t, uint32_t n)
{
    struct timespec until;

    (void) clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    mwi_lock(&mwt_told_mutex);
    while (t->n_told < n) {
        cr_assert_eq(
            pthread_cond_timedwait(&changed, &mwt_told_mutex.impl, &until), 0);
    }
    mwi_unlock(&mwt_told_mutex);
}
