/* SPDX-License-Identifier: MIT */
/*
 * Waiting for whichever of several pending calls is over first.
 *
 * On each connection that some of them are on, a waiter stands for all of
 * these. If it is a single connection, waiting for that is like waiting for one
 * call. Else the thread takes the reader's role wherever it is free, and polls
 * those connections; where others read, they wake it through an eventfd, when
 * one of the calls is over or when the role is to be taken.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mw/pending.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/poller.h"
#include "rpc/conn_parts.h"
#include "rpc/pending.h"

/* One connection. */
struct seat {
    struct mwi_conn *conn;
    struct mwi_waiter any;
    bool reads; /* has the reader's role */
};

/* All of them. */
struct table {
    mw_pending *const *pendings; /* n of them, some NULL */
    size_t n;
    int64_t deadline;
    struct seat *seats; /* n_seats of them */
    size_t n_seats;
    struct pollfd *fds; /* one for each seat, and the eventfd */
    int wake_fd;        /* -1: there is one seat */
};

static bool
find_over(const struct table *t, size_t *ret_index)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->pendings[i] != NULL && mwi_pending_is_over(t->pendings[i])) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* The earliest of the calls' deadlines and the caller's; false: no calls. */
static bool
find_deadline(struct table *t, uint32_t timeout_ms)
{
    bool has_any = false;

    t->deadline = mwi_deadline_in(timeout_ms);
    for (size_t i = 0; i < t->n; i++) {
        if (t->pendings[i] != NULL) {
            int64_t deadline = t->pendings[i]->request.deadline;

            t->deadline = deadline < t->deadline ? deadline : t->deadline;
            has_any = true;
        }
    }
    return has_any;
}

static struct seat *
seat_of(struct table *t, const struct mwi_conn *conn)
{
    for (size_t i = 0; i < t->n_seats; i++) {
        if (t->seats[i].conn == conn) {
            return &t->seats[i];
        }
    }
    return NULL;
}

/* Room for one more seat. */
static struct seat *
add_seat(struct table *t, struct mwi_conn *conn)
{
    struct seat *seats =
        mwi_realloc(t->seats, t->n_seats + 1, sizeof(t->seats[0]));

    if (seats == NULL) {
        return NULL;
    }
    t->seats = seats;
    seats[t->n_seats] = (struct seat){ .conn = conn };
    return &seats[t->n_seats++];
}

/* A seat for each connection.  Nobody sits yet, for they may still move. */
static mw_status
find_seats(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->pendings[i] != NULL) {
            struct mwi_conn *conn = t->pendings[i]->request.conn;

            if (seat_of(t, conn) == NULL && add_seat(t, conn) == NULL) {
                return MW_ENOMEM;
            }
        }
    }
    if (t->n_seats == 1) {
        return MW_OK;
    }
    t->fds = mwi_calloc(t->n_seats + 1, sizeof(t->fds[0]));
    if (t->fds == NULL) {
        return MW_ENOMEM;
    }
    t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return t->wake_fd >= 0   ? MW_OK
           : errno == ENOMEM ? MW_ENOMEM
                             : MW_EEXHAUSTED;
}

/* Begin to wait as one who stands for all calls of a connection. */
static void
begin_any(struct seat *seat, int wake_fd)
{
    mwi_conn_init_waiter(&seat->any);
    seat->any.id = MWI_ID_ANY;
    seat->any.wake_fd = wake_fd;
    mwi_lock(&seat->conn->mutex);
    mwi_list_append(&seat->conn->waiting, &seat->any.link);
    mwi_unlock(&seat->conn->mutex);
}

static void
join(struct mwi_request *q, struct mwi_waiter *any)
{
    mwi_lock(&q->conn->mutex);
    if (q->waiter.is_done) {
        mwi_list_remove(&any->link);
        any->is_done = true;
    } else {
        q->waiter.any = any;
    }
    mwi_unlock(&q->conn->mutex);
}

static void
part(struct mwi_request *q)
{
    if (!mwi_conn_is_inherited(q->conn)) {
        mwi_lock(&q->conn->mutex);
        q->waiter.any = NULL;
        mwi_unlock(&q->conn->mutex);
    }
}

static void
sit_down(struct table *t)
{
    for (size_t i = 0; i < t->n_seats; i++) {
        begin_any(&t->seats[i], t->wake_fd);
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->pendings[i] != NULL) {
            struct mwi_request *q = &t->pendings[i]->request;

            join(q, &seat_of(t, q->conn)->any);
        }
    }
}

static void
get_up(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->pendings[i] != NULL) {
            part(&t->pendings[i]->request);
        }
    }
    for (size_t i = 0; i < t->n_seats; i++) {
        (void) mwi_conn_end(t->seats[i].conn, &t->seats[i].any);
    }
}

/* Take the reader's role where it is free, and be told by others elsewhere.
 * True: a call on this connection is over. */
static bool
look_at(struct seat *seat)
{
    struct mwi_conn *conn = seat->conn;
    bool is_over;

    mwi_lock(&conn->mutex);
    is_over = seat->any.is_done || conn->is_broken;
    if (!is_over && !seat->reads) {
        if (conn->has_reader) {
            mwi_conn_lie_down_locked(conn, &seat->any);
        } else {
            mwi_conn_get_up_locked(conn, &seat->any);
            conn->has_reader = seat->reads = true;
        }
    }
    mwi_unlock(&conn->mutex);
    return is_over;
}

static bool
look_at_all(struct table *t)
{
    bool is_over = false;

    for (size_t i = 0; i < t->n_seats; i++) {
        is_over |= look_at(&t->seats[i]);
    }
    return is_over;
}

/* Read, and prepare to sleep.  False: there was something. */
static bool
read_all(struct table *t)
{
    bool is_quiet = true;

    for (size_t i = 0; i < t->n_seats; i++) {
        struct seat *seat = &t->seats[i];
        enum mwi_io io =
            seat->reads ? mwi_conn_pump(seat->conn) : MWI_IO_WANT_READ;

        t->fds[i] = (struct pollfd){ .fd = -1 };
        is_quiet &= io == MWI_IO_WANT_READ || io == MWI_IO_WANT_WRITE;
        if (seat->reads) {
            t->fds[i].fd = seat->conn->channel->fd;
            t->fds[i].events =
                io == MWI_IO_WANT_WRITE ? POLLIN | POLLOUT : POLLIN;
        }
    }
    return is_quiet;
}

static void
sleep_all(struct table *t)
{
    int64_t deadline = t->deadline;
    uint64_t count;

    for (size_t i = 0; i < t->n_seats; i++) {
        if (t->seats[i].reads &&
            (mwi_conn_fall_asleep(t->seats[i].conn, MWI_POLL_READ, &deadline) &
                MWI_POLL_WRITE) != 0) {
            t->fds[i].events |= POLLOUT;
        }
    }
    t->fds[t->n_seats] = (struct pollfd){ .fd = t->wake_fd, .events = POLLIN };
    (void) poll(
        t->fds, (nfds_t) t->n_seats + 1, mwi_deadline_poll_ms(deadline));
    (void) !read(t->wake_fd, &count, sizeof(count));
    for (size_t i = 0; i < t->n_seats; i++) {
        if (t->seats[i].reads) {
            if (t->fds[i].revents == 0) {
                mwi_conn_doubt(t->seats[i].conn);
            }
            mwi_conn_wake_up(t->seats[i].conn);
        }
    }
}

static void
stop_reading(struct table *t)
{
    for (size_t i = 0; i < t->n_seats; i++) {
        if (t->seats[i].reads) {
            t->seats[i].reads = false;
            mwi_conn_end_reading(t->seats[i].conn);
        }
    }
}

/* Call functions that are due, without any role.  False: this is a child of the
 * process now. */
static bool
call_at(struct table *t, struct mwi_conn *conn)
{
    bool owes_calls;

    mwi_lock(&conn->mutex);
    owes_calls = conn->owes_calls;
    conn->owes_calls = false;
    mwi_unlock(&conn->mutex);
    if (!owes_calls) {
        return true;
    }
    stop_reading(t);
    return mwi_conn_call(conn);
}

static bool
call_at_all(struct table *t)
{
    for (size_t i = 0; i < t->n_seats; i++) {
        if (!call_at(t, t->seats[i].conn)) {
            return false;
        }
    }
    return true;
}

/* A deadline that has passed still lets what is there be read once. */
static void
wait_at_all(struct table *t)
{
    bool is_late = false;

    while (!look_at_all(t) && !is_late) {
        is_late = t->deadline <= mwi_now();
        if (read_all(t)) {
            if (!is_late) {
                sleep_all(t);
            }
        } else if (!call_at_all(t)) {
            return;
        }
    }
    stop_reading(t);
}

static mw_status
wait_for_any(struct table *t)
{
    mw_status status = find_seats(t);
    mw_error ignored; /* who finishes the call meets it again */

    if (status < 0) {
        return status;
    }
    sit_down(t);
    if (t->n_seats == 1) {
        (void) !mwi_conn_wait(
            t->seats[0].conn, &t->seats[0].any, t->deadline, &ignored);
    } else {
        wait_at_all(t);
    }
    get_up(t);
    return MW_OK;
}

mw_status
mw_pending_wait_any(mw_pending *const pendings[], size_t n, uint32_t timeout_ms,
    size_t *ret_index)
{
    struct table t = { .pendings = pendings, .n = n, .wake_fd = -1 };
    mw_status status = MW_OK;

    if (!find_deadline(&t, timeout_ms)) {
        return MW_EINVAL;
    }
    if (find_over(&t, ret_index)) {
        return MW_OK;
    }
    status = wait_for_any(&t);
    if (t.wake_fd >= 0) {
        (void) close(t.wake_fd);
    }
    mwi_free(t.fds);
    mwi_free(t.seats);
    if (status < 0) {
        return status;
    }
    return find_over(&t, ret_index) ? MW_OK : MW_ETIMEDOUT;
}
