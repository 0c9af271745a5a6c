/* SPDX-License-Identifier: MIT */
/*
 * A session that is closed here is ended by the thread that the poller then
 * reports it to, as those of the roster are.
 *
 * One that is idle is told so, and refuses calls from then on; it is closed
 * only a while later, so that a call that was under way when it was told gets
 * its refusal, and is made elsewhere.
 */
#include "rpc/upkeep.h"

#include "base/clock.h"
#include "base/error.h"
#include "net/progress.h"
#include "rpc/session.h"

enum { NS_PER_MS = 1000000, FRACTION = 8 };

/* One look at all sessions. */
struct look {
    struct mwi_host *host;
    int64_t now;
    int64_t next;       /* when the first of them is due */
    int64_t often;      /* the shortest of the times that matter */
    bool found_writing; /* there is one whose peer does not read */
};

void
mwi_upkeep_call(struct mwi_host *host)
{
    if (!atomic_exchange(&host->upkeep_called, true)) {
        mwi_poller_wake(&host->control);
    }
}

void
mwi_upkeep_call_writing(struct mwi_host *host)
{
    /* One that is found by looking often, anyway, need not be called for. */
    if (!atomic_load(&host->upkeep_sees_writing)) {
        mwi_upkeep_call(host);
    }
}

int64_t
mwi_upkeep_soon(const struct mwi_host *host, int64_t again)
{
    const mw_server_options *options = &host->options;
    uint32_t ms = options->keepalive_ms;
    int64_t soon;

    ms = options->read_stall_ms < ms ? options->read_stall_ms : ms;
    ms = options->idle_ms != 0 && options->idle_ms < ms ? options->idle_ms : ms;
    soon = mwi_now() + (int64_t) ms * NS_PER_MS / FRACTION;
    return soon < again ? soon : again;
}

/* Whether so much time has passed since then.  If not, it is due later. */
static bool
is_due(struct look *look, int64_t since, uint32_t ms)
{
    int64_t wait = (int64_t) ms * NS_PER_MS;
    bool due = look->now - since >= wait;

    if (!due && since + wait < look->next) {
        look->next = since + wait;
    }
    if (wait < look->often) {
        look->often = wait;
    }
    return due;
}

/* For what is only found by looking. */
static void
look_often(struct look *look, uint32_t ms)
{
    int64_t next = look->now + (int64_t) ms * NS_PER_MS / FRACTION;

    look->next = next < look->next ? next : look->next;
}

static void
close_session(struct mwi_session *session, mw_status status, const char *text)
{
    mw_error why;

    mwi_fail(&why, status, "%s", text);
    mwi_channel_close(&session->channel, &why);
}

/* A peer that does not read. */
static void
look_at_reading(struct look *look, struct mwi_session *session)
{
    struct mwi_upkeep *upkeep = &session->upkeep;
    struct mwi_progress progress;

    if (!mwi_channel_wants_write(&session->channel)) {
        upkeep->stalled_at = 0;
        return;
    }
    mwi_progress_of(session->channel.fd, &progress);
    if (upkeep->stalled_at == 0 || progress.moved != upkeep->moved) {
        upkeep->stalled_at = look->now;
        upkeep->moved = progress.moved;
    }
    look->found_writing = true;
    look_often(look, look->host->options.read_stall_ms);
    if (is_due(look, upkeep->stalled_at, look->host->options.read_stall_ms)) {
        close_session(session, MW_ETIMEDOUT,
            "the peer has not read anything for too long");
    }
}

/* A peer that says that it answers at any time. */
static void
look_at_answering(struct look *look, struct mwi_session *session)
{
    const mw_server_options *options = &look->host->options;
    struct mwi_upkeep *upkeep = &session->upkeep;

    if (!atomic_load(&session->attends) || upkeep->stalled_at != 0) {
        return;
    }
    if (upkeep->asked_at < session->active_at) {
        upkeep->asked_at = 0; /* something has come since */
    }
    if (upkeep->asked_at == 0) {
        if (is_due(look, session->active_at, options->keepalive_ms)) {
            upkeep->asked_at = look->now;
            mwi_session_send_ping(session, MWI_UPKEEP_ID + upkeep->n_pings++);
        }
    }
    if (upkeep->asked_at == 0) {
        return;
    }
    look_often(look, options->keepalive_ms); /* whether it has answered */
    if (is_due(look, upkeep->asked_at, options->keepalive_timeout_ms)) {
        close_session(session, MW_EUNAVAILABLE, "the peer no longer answers");
    }
}

static bool
has_calls(const struct mwi_session *session)
{
    /* The roster has one; calls have others, and the ways back to the peer that
     * handlers have opened. */
    return atomic_load(&session->refs) > 1 ||
           !mwi_list_is_empty(&session->turn);
}

/* It was told to go: has it had the time to hear that? */
static void
look_at_leaving(struct look *look, struct mwi_session *session)
{
    struct mwi_upkeep *upkeep = &session->upkeep;

    if (!is_due(
            look, upkeep->left_at, look->host->options.keepalive_timeout_ms)) {
        return;
    }
    if (!upkeep->is_settled) {
        upkeep->is_settled = true;
        mwi_session_send_goaway(session, MW_OK, "all is answered");
    }
    close_session(session, MW_OK, "closed, for it was idle");
}

/* A connection without calls. */
static void
look_at_use(struct look *look, struct mwi_session *session)
{
    struct mwi_upkeep *upkeep = &session->upkeep;
    uint32_t idle_ms = look->host->options.idle_ms;
    uint64_t n_called = atomic_load(&session->n_called);

    if (idle_ms == 0) {
        return;
    }
    if (upkeep->busy_at == 0 || n_called != upkeep->n_called ||
        has_calls(session)) {
        upkeep->busy_at = look->now;
        upkeep->n_called = n_called;
    }
    look_often(look, idle_ms);
    if (upkeep->left_at == 0 && is_due(look, upkeep->busy_at, idle_ms)) {
        upkeep->left_at = look->now;
        /* In this order: see drain() in rpc/loop.c. */
        mwi_session_send_goaway(session, MW_EUNAVAILABLE, mwi_session_idle);
        atomic_store(&session->is_leaving, true);
    }
    if (upkeep->left_at != 0 && !has_calls(session)) {
        look_at_leaving(look, session);
    }
}

int64_t
mwi_upkeep_look(struct mwi_host *host)
{
    struct mwi_roster *roster = &host->roster;
    struct look look = {
        .host = host,
        .now = mwi_now(),
        .next = MWI_FOREVER,
        .often = MWI_FOREVER,
    };
    int64_t soonest;

    atomic_store(&host->upkeep_called, false);
    mwi_lock(&roster->mutex);
    MWI_LIST_FOREACH(link, &roster->sessions) {
        struct mwi_session *session =
            MWI_CONTAINER(link, struct mwi_session, link);

        if (mwi_list_is_empty(&session->greeting)) {
            look_at_reading(&look, session);
            look_at_answering(&look, session);
            look_at_use(&look, session);
        }
    }
    mwi_unlock(&roster->mutex);
    atomic_store(&host->upkeep_sees_writing, look.found_writing);
    if (look.next == MWI_FOREVER) {
        return MWI_FOREVER;
    }
    soonest = look.now + look.often / FRACTION;
    return look.next > soonest ? look.next : soonest;
}
