/* SPDX-License-Identifier: MIT */
/*
 * The list of connections holds no references, for these tell how many calls a
 * connection has; a connection that is about to be freed takes itself out, and
 * who uses the list takes a reference if there is still one.
 *
 * No function of the program's is called with a lock held.  A thread that calls
 * them is known by an entry on its stack, so that it does not begin again
 * further down, and so that others can wait until a certain one has returned.
 */
#include "rpc/attend.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fork.h"
#include "rpc/conn_parts.h"

enum {
    EVENTS_MAX = 16, /* taken from the poller at once */
    CALLS_MAX = 64,  /* before a program's loop has its turn again */
    /* A connection that another thread was reading is looked at again after so
     * long, unless that thread says so before. */
    MISSED_NS = 20 * 1000 * 1000,
};

/* A thread that calls functions. */
struct caller {
    struct mwi_list link;
    pthread_t thread;
    const struct mwi_notice *notice; /* whose function is being called */
};

static struct mwi_notice *
notice_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct mwi_notice, link);
}

static struct mwi_notice *
notice_of_deadline(struct mwi_heap_link *link)
{
    return MWI_CONTAINER(link, struct mwi_notice, deadline);
}

static struct caller *
caller_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct caller, link);
}

static void
reset(struct mwi_attend *attend)
{
    *attend = (struct mwi_attend){
        .alarm = MWI_FOREVER,
        .look_at = MWI_FOREVER,
    };
    mwi_mutex_init(&attend->mutex);
    mwi_cond_init(&attend->returned);
    mwi_list_init(&attend->conns);
    mwi_list_init(&attend->due);
    mwi_list_init(&attend->callers);
}

void
mwi_attend_init(struct mwi_attend *attend)
{
    reset(attend);
}

void
mwi_attend_fini(struct mwi_attend *attend)
{
    if (attend->has_poller) {
        mwi_poller_fini(&attend->poller);
    }
    mwi_cond_fini(&attend->returned);
    mwi_mutex_fini(&attend->mutex);
}

void
mwi_attend_renew(struct mwi_attend *attend)
{
    MWI_LIST_FOREACH(link, &attend->conns) {
        (void) close(mwi_conn_of_attend(link)->channel->fd);
    }
    if (attend->has_poller) {
        mwi_poller_fini(&attend->poller);
    }
    reset(attend);
}

/* The connections. */

/* The one whose turn comes after another's, referenced; NULL: none. */
static struct mwi_conn *
next_conn(struct mwi_attend *attend, uint64_t turn)
{
    struct mwi_conn *found = NULL;

    mwi_lock(&attend->mutex);
    MWI_LIST_FOREACH(link, &attend->conns) {
        struct mwi_conn *conn = mwi_conn_of_attend(link);

        if (conn->turn > turn && mwi_conn_try_ref(conn)) {
            found = conn;
            break;
        }
    }
    mwi_unlock(&attend->mutex);
    return found;
}

/* The one that the poller means, referenced; NULL: it has gone. */
static struct mwi_conn *
find_conn(struct mwi_attend *attend, const void *owner)
{
    struct mwi_conn *found = NULL;

    mwi_lock(&attend->mutex);
    MWI_LIST_FOREACH(link, &attend->conns) {
        struct mwi_conn *conn = mwi_conn_of_attend(link);

        if (conn == owner && mwi_conn_try_ref(conn)) {
            found = conn;
            break;
        }
    }
    mwi_unlock(&attend->mutex);
    return found;
}

mw_status
mwi_attend_add(
    struct mwi_attend *attend, struct mwi_conn *conn, mw_error *reterr)
{
    bool is_closed;
    bool has_poller;

    mwi_lock(&attend->mutex);
    is_closed = attend->is_closed;
    has_poller = attend->has_poller;
    if (!is_closed) {
        conn->turn = ++attend->last_turn;
        conn->attend = attend;
        mwi_list_append(&attend->conns, &conn->attend_link);
    }
    mwi_unlock(&attend->mutex);
    if (is_closed) {
        return mwi_fail(reterr, MW_ECANCELLED, "the client was closed");
    }
    return has_poller ? mwi_conn_poll(conn, &attend->poller, reterr) : MW_OK;
}

void
mwi_attend_remove(struct mwi_attend *attend, struct mwi_conn *conn)
{
    mwi_lock(&attend->mutex);
    mwi_list_remove(&conn->attend_link);
    mwi_unlock(&attend->mutex);
}

void
mwi_attend_close(struct mwi_attend *attend)
{
    struct mwi_conn *conn;
    uint64_t turn = 0;
    mw_error error;

    (void) mwi_fail(&error, MW_ECANCELLED, "the client was closed");
    mwi_lock(&attend->mutex);
    attend->is_closed = true;
    mwi_unlock(&attend->mutex);
    while ((conn = next_conn(attend, turn)) != NULL) {
        turn = conn->turn;
        mwi_conn_break(conn, &error);
        mwi_conn_unref(conn);
    }
}

bool
mwi_attend_is_closed(struct mwi_attend *attend)
{
    bool is_closed;

    mwi_lock(&attend->mutex);
    is_closed = attend->is_closed;
    mwi_unlock(&attend->mutex);
    return is_closed;
}

void
mwi_attend_leave(struct mwi_attend *attend)
{
    mwi_lock(&attend->mutex);
    attend->is_leaving = true;
    mwi_poller_wake(&attend->poller);
    mwi_unlock(&attend->mutex);
}

bool
mwi_attend_is_leaving(struct mwi_attend *attend)
{
    bool is_leaving;

    mwi_lock(&attend->mutex);
    is_leaving = attend->is_leaving;
    mwi_unlock(&attend->mutex);
    return is_leaving;
}

/* The poller. */

static void
set_alarm_locked(struct mwi_attend *attend, int64_t when)
    MWI_REQUIRES(attend->mutex)
{
    int64_t ns;

    if (when == attend->alarm) {
        return;
    }
    attend->alarm = when;
    if (when == MWI_FOREVER) {
        ns = 0; /* off */
    } else {
        ns = when - mwi_now();
        ns = ns > 0 ? ns : 1;
    }
    mwi_poller_alarm(&attend->poller, ns);
}

/* The next that is to be done at a certain time. */
static int64_t
next_time_locked(const struct mwi_attend *attend) MWI_REQUIRES(attend->mutex)
{
    const struct mwi_heap_link *first = attend->deadlines.root;

    return first != NULL && first->key < attend->look_at ? first->key
                                                         : attend->look_at;
}

/* The next time may be earlier now. */
static void
look_locked(struct mwi_attend *attend, int64_t when) MWI_REQUIRES(attend->mutex)
{
    attend->look_at = when < attend->look_at ? when : attend->look_at;
    if (attend->has_poller && next_time_locked(attend) < attend->alarm) {
        set_alarm_locked(attend, next_time_locked(attend));
    }
}

static mw_status
open_locked(struct mwi_attend *attend, mw_error *reterr)
    MWI_REQUIRES(attend->mutex)
{
    if (attend->has_poller) {
        return MW_OK;
    }
    if (mwi_poller_init(&attend->poller, reterr) < 0) {
        return reterr->status;
    }
    attend->has_poller = true;
    set_alarm_locked(attend, next_time_locked(attend));
    if (!mwi_list_is_empty(&attend->due)) {
        mwi_poller_wake(&attend->poller);
    }
    return MW_OK;
}

mw_status
mwi_attend_open(struct mwi_attend *attend, mw_error *reterr)
{
    struct mwi_conn *conn;
    uint64_t turn = 0;
    mw_status status;

    mwi_lock(&attend->mutex);
    status = open_locked(attend, reterr);
    mwi_unlock(&attend->mutex);
    while (status == MW_OK && (conn = next_conn(attend, turn)) != NULL) {
        turn = conn->turn;
        status = mwi_conn_poll(conn, &attend->poller, reterr);
        mwi_conn_unref(conn);
    }
    return status;
}

/* True: some were missed, for other threads read them. */
static bool
attend_to_all(struct mwi_attend *attend)
{
    bool has_missed = false;
    struct mwi_conn *conn;
    uint64_t turn = 0;

    mwi_lock(&attend->mutex);
    attend->look_at = MWI_FOREVER;
    mwi_unlock(&attend->mutex);
    while ((conn = next_conn(attend, turn)) != NULL) {
        turn = conn->turn;
        has_missed |= !mwi_conn_attend(conn);
        mwi_conn_unref(conn);
    }
    return has_missed;
}

static bool
attend_to(
    struct mwi_attend *attend, const struct mwi_poll_event *events, size_t n)
{
    bool has_missed = false;

    for (size_t i = 0; i < n; i++) {
        struct mwi_conn *conn;

        if (events[i].owner == NULL) { /* woken: it may be any of them */
            return attend_to_all(attend);
        }
        conn = find_conn(attend, events[i].owner);
        if (conn != NULL) {
            has_missed |= !mwi_conn_attend(conn);
            mwi_conn_unref(conn);
        }
    }
    return has_missed;
}

static void
fall_due_locked(struct mwi_attend *attend, struct mwi_notice *notice)
    MWI_REQUIRES(attend->mutex)
{
    notice->is_settled = true;
    mwi_heap_remove(&attend->deadlines, &notice->deadline);
    mwi_list_append(&attend->due, &notice->link);
}

static void
expire_locked(struct mwi_attend *attend, int64_t now)
    MWI_REQUIRES(attend->mutex)
{
    struct mwi_heap_link *first;

    while ((first = attend->deadlines.root) != NULL && first->key <= now) {
        fall_due_locked(attend, notice_of_deadline(first));
    }
}

void
mwi_attend_step(struct mwi_attend *attend, int64_t deadline)
{
    struct mwi_poll_event events[EVENTS_MAX];
    size_t n = mwi_poller_wait(&attend->poller, events, EVENTS_MAX, deadline);
    bool has_missed;
    int64_t now;

    mwi_lock(&attend->mutex);
    attend->n_busy++;
    mwi_unlock(&attend->mutex);
    has_missed = attend_to(attend, events, n);
    now = mwi_now();
    mwi_lock(&attend->mutex);
    attend->n_busy--;
    expire_locked(attend, now);
    if (has_missed && attend->look_at > now + MISSED_NS) {
        attend->look_at = now + MISSED_NS;
    }
    set_alarm_locked(attend, next_time_locked(attend));
    mwi_unlock(&attend->mutex);
    mwi_attend_call(attend, CALLS_MAX);
}

/* Calling. */

static bool
is_calling_locked(const struct mwi_attend *attend) MWI_REQUIRES(attend->mutex)
{
    MWI_LIST_FOREACH(link, &attend->callers) {
        if (pthread_equal(caller_of(link)->thread, pthread_self())) {
            return true;
        }
    }
    return false;
}

/* False: this is a child process now, and nothing here is to be touched. */
static bool
call_function(struct mwi_notice *notice)
{
    uint32_t generation = mwi_fork_generation();

    notice->done(notice->user, notice->pending);
    return generation == mwi_fork_generation(); /* the notice may be gone */
}

void
mwi_attend_call(struct mwi_attend *attend, size_t max)
{
    struct caller caller = { .thread = pthread_self() };

    mwi_lock(&attend->mutex);
    if (is_calling_locked(attend)) {
        mwi_unlock(&attend->mutex);
        return;
    }
    mwi_list_append(&attend->callers, &caller.link);
    for (size_t i = 0; i < max && !mwi_list_is_empty(&attend->due); i++) {
        struct mwi_notice *notice = notice_of(mwi_list_pop(&attend->due));

        caller.notice = notice;
        mwi_unlock(&attend->mutex);
        if (!call_function(notice)) {
            return;
        }
        mwi_lock(&attend->mutex);
        caller.notice = NULL;
        mwi_cond_broadcast(&attend->returned);
    }
    mwi_list_remove(&caller.link);
    if (attend->has_poller && !mwi_list_is_empty(&attend->due)) {
        mwi_poller_wake(&attend->poller);
    }
    mwi_unlock(&attend->mutex);
}

/* Notices. */

void
mwi_attend_look(struct mwi_attend *attend, int64_t when)
{
    mwi_lock(&attend->mutex);
    look_locked(attend, when);
    mwi_unlock(&attend->mutex);
}

void
mwi_notice_expect(struct mwi_notice *notice, int64_t deadline, int64_t look_at)
{
    struct mwi_attend *attend = notice->attend;

    mwi_lock(&attend->mutex);
    mwi_heap_add(&attend->deadlines, &notice->deadline, deadline);
    look_locked(attend, look_at);
    mwi_unlock(&attend->mutex);
}

bool
mwi_notice_fall_due(struct mwi_notice *notice)
{
    struct mwi_attend *attend = notice->attend;
    bool is_callers;

    mwi_lock(&attend->mutex);
    if (!notice->is_settled) {
        bool is_first = mwi_list_is_empty(&attend->due);

        fall_due_locked(attend, notice);
        if (attend->has_poller && attend->n_busy == 0 && is_first) {
            mwi_poller_wake(&attend->poller);
        }
    }
    is_callers = !attend->has_poller || attend->is_closed;
    mwi_unlock(&attend->mutex);
    return is_callers;
}

static bool
is_called_elsewhere_locked(const struct mwi_attend *attend,
    const struct mwi_notice *notice) MWI_REQUIRES(attend->mutex)
{
    MWI_LIST_FOREACH(link, &attend->callers) {
        if (caller_of(link)->notice == notice &&
            !pthread_equal(caller_of(link)->thread, pthread_self())) {
            return true;
        }
    }
    return false;
}

/* Called within the function itself, the notice is about to be freed: another
 * one at its address is not it. */
static void
leave_callers_locked(struct mwi_attend *attend, const struct mwi_notice *notice)
    MWI_REQUIRES(attend->mutex)
{
    MWI_LIST_FOREACH(link, &attend->callers) {
        if (caller_of(link)->notice == notice) {
            caller_of(link)->notice = NULL;
        }
    }
}

void
mwi_notice_forget(struct mwi_notice *notice)
{
    struct mwi_attend *attend = notice->attend;

    if (notice->done == NULL) {
        return;
    }
    mwi_lock(&attend->mutex);
    notice->is_settled = true;
    mwi_list_remove(&notice->link);
    mwi_heap_remove(&attend->deadlines, &notice->deadline);
    while (is_called_elsewhere_locked(attend, notice)) {
        (void) mwi_cond_wait(&attend->returned, &attend->mutex, MWI_FOREVER);
    }
    leave_callers_locked(attend, notice);
    mwi_unlock(&attend->mutex);
}
