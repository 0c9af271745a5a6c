/* SPDX-License-Identifier: MIT */
/*
 * A session is watched for one event at a time.  From that on, some thread has
 * the turn, until it gives it back, which watches the session again.  An event
 * that comes nevertheless, for it was under way already, is noted and leaves
 * the thread that it reached with nothing to do.
 *
 * While a handler runs in the thread that has the turn, session->run is its
 * number.  The loop looks at these every so often.  Where it finds the one that
 * it saw the last time, it exchanges it for TAKEN; the thread notices when the
 * handler returns.  Whoever makes the exchange has the turn.
 */
#include "rpc/turn.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "rpc/dispatch.h"

enum {
    LOOK_NS = 1000 * 1000,      /* between looks at handlers */
    REST_NS = 20 * 1000 * 1000, /* that idle sessions keep buffers */
    FLUSH_SIZE = 32 << 10,      /* bytes of replies that are not kept waiting */
    BACKLOG_PAUSE = 1 << 20,    /* bytes unsent, above which we do not read */
    YOUNG_TURNS = 16, /* in which a session has not proven to be a busy one */
};

/* mwi_session.run besides numbers. */
enum { READS = 0, TAKEN = 1, FIRST_RUN = 2 };

/* Having and giving back. */

/* Have the poller report the next event; at once, if there is more to do than
 * its descriptor shows.  Who has the turn does this when it gives it back. */
static void
watch_locked(struct mwi_session *session) MWI_REQUIRES(session->channel.mutex)
{
    uint32_t events = MWI_POLL_ONCE;

    if (!session->is_paused) {
        events |= MWI_POLL_READ;
    }
    if (session->has_more || session->is_paused ||
        session->channel.wants_write) {
        events |= MWI_POLL_WRITE;
    }
    mwi_poller_modify(&session->host->poller, session->channel.fd, events,
        mwi_session_owner(session));
}

/* The channel's own mutex is held; the analysis does not know that the
 * session's channel is the one it was called with. */
MWI_NO_ANALYSIS void
mwi_turn_want_write(struct mwi_channel *channel, bool wanted)
{
    struct mwi_session *session =
        MWI_CONTAINER(channel, struct mwi_session, channel);

    if (wanted) {
        mwi_upkeep_call_writing(session->host);
    }
    if (!session->has_turn) {
        watch_locked(session);
    }
}

/* False: another thread has the turn, and will look again. */
static bool
take(struct mwi_session *session)
{
    bool taken;

    mwi_lock(&session->channel.mutex);
    taken = !session->has_turn;
    session->has_turn = true;
    session->was_called = !taken;
    if (taken) {
        session->is_paused = false;
        session->has_more = false;
    }
    mwi_unlock(&session->channel.mutex);
    return taken;
}

/* The turn for a moment, in which nothing is read. */
static bool
take_idle(struct mwi_session *session)
{
    bool taken;

    mwi_lock(&session->channel.mutex);
    taken = !session->has_turn && !session->has_more;
    session->has_turn = session->has_turn || taken;
    mwi_unlock(&session->channel.mutex);
    return taken;
}

/* has_more: for another thread, at once.  False: there was an event meanwhile,
 * to be looked after first. */
static bool
give_back(struct mwi_session *session, bool has_more)
{
    bool given;

    mwi_lock(&session->channel.mutex);
    given = has_more || !session->was_called;
    session->was_called = false;
    if (given) {
        session->has_turn = false;
        session->has_more = has_more;
        if (!session->channel.closed) {
            watch_locked(session);
        }
    }
    mwi_unlock(&session->channel.mutex);
    return given;
}

bool
mwi_turn_must_pause(struct mwi_turn *turn)
{
    struct mwi_session *session = turn->session;
    bool pause;

    mwi_lock(&session->channel.mutex);
    pause = mwi_buf_len(&session->channel.out) > BACKLOG_PAUSE;
    session->is_paused = pause;
    mwi_unlock(&session->channel.mutex);
    return pause;
}

/* Handlers that run in the thread that has the turn. */

void
mwi_turn_begin_run(struct mwi_turn *turn, const struct mwi_operation *op)
{
    struct mwi_session *session = turn->session;

    session->running = op;
    turn->n_run = FIRST_RUN + session->n_runs++;
    atomic_store(&session->run, turn->n_run);
}

void
mwi_turn_end_run(struct mwi_turn *turn)
{
    uint64_t expected = turn->n_run;

    turn->is_lost =
        !atomic_compare_exchange_strong(&turn->session->run, &expected, READS);
}

/* The turn. */

/* The loop must look after us from now on. */
static void
enlist(struct mwi_session *session)
{
    struct mwi_host *host = session->host;

    mwi_lock(&host->roster.mutex);
    mwi_list_append(&host->roster.turns, &session->turn);
    mwi_list_remove(&session->active);
    mwi_list_append(&host->roster.active, &session->active);
    session->active_at = mwi_now();
    mwi_unlock(&host->roster.mutex);
    if (!atomic_load(&host->is_watched) &&
        !atomic_exchange(&host->is_watched, true)) {
        mwi_poller_alarm(&host->control, LOOK_NS);
    }
}

static void
delist(struct mwi_session *session)
{
    struct mwi_roster *roster = &session->host->roster;

    mwi_lock(&roster->mutex);
    mwi_list_remove(&session->turn);
    mwi_unlock(&roster->mutex);
}

static void
flush(struct mwi_turn *turn)
{
    mw_error ignored; /* is found again when the session is read */

    if (turn->n_put > 0) {
        turn->n_put = 0;
        (void) mwi_channel_flush(&turn->session->channel, &ignored);
    }
}

void
mwi_turn_note_put(struct mwi_turn *turn, size_t len)
{
    turn->n_put += len;
    if (turn->n_put >= FLUSH_SIZE) {
        flush(turn);
    }
}

/* Whether to look once more before the session is given back. */
static bool
may_wait_awake(struct mwi_turn *turn)
{
    struct mwi_session *session = turn->session;

    if (turn->made_progress) {
        turn->made_progress = false;
        mwi_spin_end(&session->spin);
    }
    mwi_spin_begin(&session->spin);
    return turn->may_run && turn->deferred == NULL && !session->is_paused &&
           !mwi_pool_has_queue(session->host->pool) &&
           mwi_spin_again(&session->spin);
}

/* The session waits for its peer.  False: something has come meanwhile. */
static bool
leave(struct mwi_turn *turn)
{
    flush(turn);
    if (may_wait_awake(turn)) {
        return false;
    }
    mwi_spin_pause(&turn->session->spin);
    if (turn->session->n_turns < YOUNG_TURNS) {
        turn->session->n_turns++;
        mwi_channel_rest(&turn->session->channel);
    }
    delist(turn->session);
    if (give_back(turn->session, false)) {
        return true;
    }
    enlist(turn->session);
    return false;
}

/* Calls wait for a thread, so this one goes and runs them; or it may run none,
 * and other sessions want to be read, too.  Whoever waits at the poller goes on
 * with the session, or else the loop does. */
static void
pass_on(struct mwi_turn *turn)
{
    struct mwi_session *session = turn->session;

    flush(turn);
    mwi_spin_cancel(&session->spin);
    delist(session);
    (void) give_back(session, true);
    mwi_pool_relieve(session->host->pool);
}

void
mwi_turn_let_go(struct mwi_turn *turn)
{
    uint64_t expected = turn->n_run;

    if (atomic_compare_exchange_strong(&turn->session->run, &expected, READS)) {
        pass_on(turn);
    }
}

static void
run_turn(struct mwi_turn *turn)
{
    struct mwi_session *session = turn->session;
    struct mwi_host *host = session->host;
    bool is_over = false;
    mw_error why = { .status = MW_OK };

    while (!is_over) {
        switch (mwi_session_advance(session, turn, &why)) {
        case MWI_SESSION_WAITS:
            is_over = leave(turn);
            break;
        case MWI_SESSION_MORE:
            if (!turn->may_run || mwi_pool_has_queue(host->pool)) {
                pass_on(turn);
                is_over = true;
            }
            break;
        case MWI_SESSION_LOST:
            is_over = true;
            break;
        case MWI_SESSION_ENDED:
            flush(turn);
            mwi_spin_cancel(&session->spin);
            mwi_session_end(session, &why);
            is_over = true;
            break;
        }
    }
    if (turn->deferred != NULL) {
        mwi_dispatch_deferred(host, turn->deferred);
    }
}

static void
have_turn(struct mwi_session *session, bool may_run)
{
    struct mwi_turn turn = { .session = session, .may_run = may_run };

    if (take(session)) {
        enlist(session);
        turn.n_put = mwi_channel_wants_write(&session->channel);
        flush(&turn);
        run_turn(&turn);
    }
    mwi_session_unref(session);
}

/* The pool's threads. */

void *
mwi_turn_await(void *user, int64_t deadline)
{
    struct mwi_host *host = user;
    struct mwi_poll_event event;

    if (mwi_poller_wait(&host->poller, &event, 1, deadline) == 0 ||
        event.owner == NULL) {
        return NULL;
    }
    return mwi_roster_find(&host->roster, (uintptr_t) event.owner);
}

void
mwi_turn_run(void *user, void *session, bool may_run)
{
    (void) user;
    have_turn(session, may_run);
}

void
mwi_turn_wake(void *user)
{
    struct mwi_host *host = user;

    mwi_poller_wake(&host->poller);
}

void
mwi_turn_unattended(void *user)
{
    struct mwi_host *host = user;

    if (!atomic_exchange(&host->wants_help, true)) {
        mwi_poller_wake(&host->control);
    }
}

/* The loop. */

bool
mwi_turn_help(struct mwi_host *host)
{
    struct mwi_poll_event event;
    struct mwi_session *session;

    if (mwi_poller_wait(&host->poller, &event, 1, 0) == 0) {
        return true; /* another thread was quicker */
    }
    if (event.owner == NULL) {
        return false;
    }
    session = mwi_roster_find(&host->roster, (uintptr_t) event.owner);
    if (session != NULL) {
        have_turn(session, false);
    }
    return true;
}

/* Whether the session's thread has been running the same handler since the
 * last look; then the turn is the caller's. */
static bool
take_over_locked(struct mwi_session *session)
{
    uint64_t run = atomic_load(&session->run);
    bool is_same = run >= FIRST_RUN && run == session->seen_run;

    session->seen_run = run;
    return is_same &&
           atomic_compare_exchange_strong(&session->run, &run, TAKEN);
}

/* Move those turns that are taken over to a list.  Returns whether others are
 * left. */
static bool
take_over(struct mwi_host *host, struct mwi_list *taken)
{
    bool others = false;

    mwi_lock(&host->roster.mutex);
    MWI_LIST_FOREACH(link, &host->roster.turns) {
        struct mwi_session *session =
            MWI_CONTAINER(link, struct mwi_session, turn);

        if (take_over_locked(session)) {
            mwi_session_ref(session);
            mwi_list_remove(link);
            mwi_list_append(taken, link);
        } else {
            others = true;
        }
    }
    mwi_unlock(&host->roster.mutex);
    return others;
}

/* Go on where another thread has left off, and still is. */
static void
go_on_instead(struct mwi_session *session)
{
    struct mwi_turn turn = { .session = session, .n_put = 1 };

    mwi_pace_note(session->running->pace, MWI_QUICK_NS + 1);
    atomic_store(&session->run, READS);
    enlist(session);
    run_turn(&turn);
    mwi_session_unref(session);
}

/* The session that has been idle for the longest, taken out, if that is long
 * enough.  NULL: *ret_next is when there will be one. */
static struct mwi_session *
find_idle(struct mwi_host *host, int64_t now, int64_t *ret_next)
{
    struct mwi_roster *roster = &host->roster;
    struct mwi_session *found = NULL;

    *ret_next = MWI_FOREVER;
    mwi_lock(&roster->mutex);
    /* In the order in which their last turns began. */
    MWI_LIST_FOREACH(link, &roster->active) {
        struct mwi_session *session =
            MWI_CONTAINER(link, struct mwi_session, active);

        if (session->active_at > now - REST_NS) {
            *ret_next = session->active_at + REST_NS;
            break;
        }
        /* One that still has its turn goes in again with the next. */
        mwi_list_remove(link);
        if (mwi_list_is_empty(&session->turn)) {
            mwi_session_ref(session);
            found = session;
            break;
        }
    }
    mwi_unlock(&roster->mutex);
    return found;
}

static void
rest(struct mwi_session *session)
{
    struct mwi_turn turn = { .session = session };

    if (take_idle(session)) {
        mwi_channel_rest(&session->channel);
        if (!give_back(session, false)) {
            enlist(session);
            run_turn(&turn);
        }
    }
    mwi_session_unref(session);
}

/* A thread that may still be at it counts as being there if one has come there
 * lately; up to one for each processor may be. */
static void
relieve(struct mwi_host *host)
{
    struct mwi_pool_stats stats;
    bool has_moved;

    mwi_pool_stats(host->pool, &stats);
    has_moved = stats.turns != host->seen_turns;
    host->seen_turns = stats.turns;
    if (!has_moved || stats.threads < mwi_cpu_count()) {
        mwi_pool_relieve(host->pool);
    }
}

/* Returns when to come again. */
static int64_t
rest_idle(struct mwi_host *host)
{
    struct mwi_session *session;
    int64_t now = mwi_now();
    int64_t next;

    while ((session = find_idle(host, now, &next)) != NULL) {
        rest(session);
    }
    if (next == MWI_FOREVER) {
        mwi_call_cache_trim(&host->calls_ended);
    }
    return next;
}

int64_t
mwi_turn_look_after(struct mwi_host *host)
{
    int64_t again;
    struct mwi_list taken;
    struct mwi_list *link;
    bool is_busy;

    /* Before the look: a turn that begins after it sees that. */
    atomic_store(&host->is_watched, false);
    mwi_list_init(&taken);
    is_busy = take_over(host, &taken);
    while ((link = mwi_list_pop(&taken)) != NULL) {
        go_on_instead(MWI_CONTAINER(link, struct mwi_session, turn));
    }
    again = rest_idle(host);
    if (is_busy && !atomic_exchange(&host->is_watched, true)) {
        mwi_poller_alarm(&host->control, LOOK_NS);
    }
    relieve(host);
    return again;
}
