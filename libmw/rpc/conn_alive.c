/* SPDX-License-Identifier: MIT */
/*
 * Whether the server of a connection still answers.  Only while somebody waits
 * for it: a client without calls asks nothing, and leaves that to the kernel.
 *
 * What counts is that anything comes, in whatever call's interest, also a piece
 * of a long message; and, as long as something of ours is under way, that the
 * server's host takes it, for then a PING has not arrived yet either.
 */
#include "base/clock.h"
#include "base/error.h"
#include "net/progress.h"
#include "rpc/conn_parts.h"

enum { NS_PER_MS = 1000000 };

int64_t
mwi_conn_alive_until(struct mwi_conn *conn)
{
    struct mwi_silence *silence = &conn->silence;
    int64_t ms = conn->limits.keepalive_ms;

    if (ms == 0) {
        return MWI_FOREVER;
    }
    if (atomic_load(&conn->heard_at) >= silence->since) {
        silence->since = mwi_now();
        silence->is_asked = false;
    }
    if (silence->is_asked) {
        ms += conn->limits.keepalive_timeout_ms;
    }
    return silence->since + ms * NS_PER_MS;
}

/* Whether what we have sent is still arriving. */
static bool
is_moving(struct mwi_conn *conn)
{
    struct mwi_silence *silence = &conn->silence;
    struct mwi_progress progress;
    bool moves;

    mwi_progress_of(conn->channel->fd, &progress);
    moves = progress.moved != silence->moved &&
            (progress.left > 0 || mwi_channel_wants_write(conn->channel));
    silence->moved = progress.moved;
    return moves;
}

static void
ask(struct mwi_conn *conn)
{
    mw_error ignored; /* pump() finds it, too */
    struct mwi_progress progress;
    uint64_t id;

    mwi_lock(&conn->mutex);
    id = conn->next_id++; /* nobody waits for it */
    mwi_unlock(&conn->mutex);
    (void) !mwi_conn_send_small(conn, MWI_PING, id, &ignored);
    conn->silence.is_asked = true;
    mwi_progress_of(conn->channel->fd, &progress);
    conn->silence.moved = progress.moved;
}

void
mwi_conn_doubt(struct mwi_conn *conn)
{
    mw_error dead;

    if (mwi_conn_alive_until(conn) > mwi_now()) {
        return;
    }
    if (is_moving(conn)) {
        conn->silence.since = mwi_now();
        conn->silence.is_asked = false;
    } else if (!conn->silence.is_asked) {
        ask(conn);
    } else {
        mwi_fail(&dead, MW_EUNAVAILABLE,
            "the server no longer answers: nothing came for %u ms",
            conn->limits.keepalive_ms + conn->limits.keepalive_timeout_ms);
        mwi_conn_break(conn, &dead);
    }
}
