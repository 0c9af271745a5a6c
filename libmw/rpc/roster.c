/* SPDX-License-Identifier: MIT */
/*
 * To close a session's channel from here ends it: the poller reports that, and
 * the thread that has its turn then takes it out.
 */
#include "rpc/roster.h"

#include "base/clock.h"
#include "base/error.h"
#include "rpc/session.h"

void
mwi_roster_init(struct mwi_roster *roster)
{
    *roster = (struct mwi_roster){ .last_id = 0 };
    mwi_mutex_init(&roster->mutex);
    mwi_map_init(&roster->by_id);
    mwi_list_init(&roster->sessions);
    mwi_list_init(&roster->greeting);
    mwi_list_init(&roster->turns);
    mwi_list_init(&roster->active);
}

void
mwi_roster_fini(struct mwi_roster *roster)
{
    mwi_map_fini(&roster->by_id);
    mwi_mutex_fini(&roster->mutex);
}

static mw_status
add_locked(struct mwi_roster *roster, struct mwi_session *session, size_t max,
    mw_error *reterr) MWI_REQUIRES(roster->mutex)
{
    if (roster->by_id.len >= max) {
        return mwi_fail(reterr, MW_EEXHAUSTED,
            "refused a connection: there are %zu already", max);
    }
    session->id = ++roster->last_id;
    if (mwi_map_put(&roster->by_id, session->id, session) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_list_append(&roster->sessions, &session->link);
    mwi_list_append(&roster->greeting, &session->greeting);
    roster->n_greeting++;
    session->active_at = mwi_now();
    mwi_session_ref(session);
    return MW_OK;
}

mw_status
mwi_roster_add(struct mwi_roster *roster, struct mwi_session *session,
    size_t max, mw_error *reterr)
{
    mw_status status;

    mwi_lock(&roster->mutex);
    status = add_locked(roster, session, max, reterr);
    mwi_unlock(&roster->mutex);
    return status;
}

/* It has sent its HELLO, or it has gone. */
static void
end_greeting_locked(struct mwi_roster *roster, struct mwi_session *session)
    MWI_REQUIRES(roster->mutex)
{
    if (!mwi_list_is_empty(&session->greeting)) {
        mwi_list_remove(&session->greeting);
        roster->n_greeting--;
    }
}

bool
mwi_roster_remove(struct mwi_roster *roster, struct mwi_session *session)
{
    bool was_there;

    mwi_lock(&roster->mutex);
    was_there = mwi_map_remove(&roster->by_id, session->id) != NULL;
    mwi_list_remove(&session->link);
    end_greeting_locked(roster, session);
    mwi_list_remove(&session->turn);
    mwi_list_remove(&session->active);
    mwi_unlock(&roster->mutex);
    return was_there;
}

struct mwi_session *
mwi_roster_find(struct mwi_roster *roster, uintptr_t id)
{
    struct mwi_session *session;

    mwi_lock(&roster->mutex);
    session = mwi_map_get(&roster->by_id, id);
    if (session != NULL) {
        mwi_session_ref(session);
    }
    mwi_unlock(&roster->mutex);
    return session;
}

struct mwi_session *
mwi_roster_first(struct mwi_roster *roster)
{
    struct mwi_session *session = NULL;

    mwi_lock(&roster->mutex);
    if (!mwi_list_is_empty(&roster->sessions)) {
        session =
            MWI_CONTAINER(roster->sessions.next, struct mwi_session, link);
        mwi_session_ref(session);
    }
    mwi_unlock(&roster->mutex);
    return session;
}

size_t
mwi_roster_count(struct mwi_roster *roster)
{
    size_t n;

    mwi_lock(&roster->mutex);
    n = roster->by_id.len;
    mwi_unlock(&roster->mutex);
    return n;
}

size_t
mwi_roster_count_greeting(struct mwi_roster *roster)
{
    size_t n;

    mwi_lock(&roster->mutex);
    n = roster->n_greeting;
    mwi_unlock(&roster->mutex);
    return n;
}

void
mwi_roster_greeted(struct mwi_roster *roster, struct mwi_session *session)
{
    mwi_lock(&roster->mutex);
    end_greeting_locked(roster, session);
    mwi_unlock(&roster->mutex);
}

int64_t
mwi_roster_close_silent(struct mwi_roster *roster, uint32_t limit_ms)
{
    int64_t now = mwi_now();
    int64_t next = MWI_FOREVER;

    mwi_lock(&roster->mutex);
    /* All have the same time, so the list is in the order of the deadlines. */
    MWI_LIST_FOREACH(link, &roster->greeting) {
        struct mwi_session *session =
            MWI_CONTAINER(link, struct mwi_session, greeting);
        mw_error why;

        if (session->hello_deadline > now) {
            next = session->hello_deadline;
            break;
        }
        end_greeting_locked(roster, session);
        mwi_fail(&why, MW_ETIMEDOUT, "no HELLO within %u ms", limit_ms);
        mwi_channel_close(&session->channel, &why);
    }
    mwi_unlock(&roster->mutex);
    return next;
}

void
mwi_roster_close_all(struct mwi_roster *roster, const mw_error *why)
{
    mwi_lock(&roster->mutex);
    MWI_LIST_FOREACH(link, &roster->sessions) {
        mwi_channel_close(
            &MWI_CONTAINER(link, struct mwi_session, link)->channel, why);
    }
    mwi_unlock(&roster->mutex);
}
