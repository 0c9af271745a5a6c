/* SPDX-License-Identifier: MIT */
#include "rpc/replay.h"

#include "base/error.h"
#include "base/mem.h"
#include "wire/frame.h"

enum {
    NS_PER_MS = 1000000,
    ACK_SIZE_MAX = 64, /* bytes */
};

/* When the call was first sent, at the earliest.  The client says how long
 * before it had our HELLO, which was made before that. */
static int64_t
first_at(const struct mwi_session *session, const struct mwi_call_head *head)
{
    uint64_t max = (uint64_t) (INT64_MAX / NS_PER_MS);
    uint64_t lead_ms = head->lead_ms < max ? head->lead_ms : max;

    return session->hello_at - (int64_t) lead_ms * NS_PER_MS;
}

static void
put_answer(struct mwi_turn *turn, struct mwi_buf *frame)
{
    size_t len = mwi_buf_len(frame);
    mw_error ignored; /* is found again when the session is read */

    if (len > 0) {
        (void) !mwi_channel_put(&turn->session->channel, frame, &ignored);
        mwi_turn_note_put(turn, len);
    }
}

mw_status
mwi_replay_claim(struct mwi_turn *turn, mw_call *call,
    const struct mwi_message *m, const struct mwi_reader *r, bool *ret_runs,
    mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    struct mwi_outcomes *outcomes = &session->host->outcomes;
    bool is_mirrored = m->call.mirror.version != 0;
    struct mwi_claim claim = {
        .peer = session->peer.name,
        .key = m->call.key,
        .op = call->op,
        /* A mirrored argument may be sent again in another form. */
        .digest = is_mirrored
                      ? 0
                      : mwi_outcome_digest(r->at, (size_t) (r->last - r->at)),
        .is_repeat = m->call.is_repeat,
        .first_at = first_at(session, &m->call),
        .is_same_instance = m->call.instance == outcomes->instance,
        .asker = { .owner = session,
            .id = m->id,
            .message_max = atomic_load(&session->message_max) },
    };
    struct mwi_buf frame;
    enum mwi_claimed claimed;

    mwi_buf_init(&frame, SIZE_MAX);
    mwi_session_ref(session); /* for the asker */
    claimed =
        mwi_outcomes_claim(outcomes, &claim, &call->outcome, &frame, reterr);
    if (claimed != MWI_CLAIM_RUNS) {
        mwi_session_unref(session);
    }
    if (claimed == MWI_CLAIM_ENDED) {
        put_answer(turn, &frame);
    } else if (claimed == MWI_CLAIM_UNKNOWN) {
        mwi_session_put_fail(session, m->id, reterr, false, 0);
        mwi_turn_note_put(turn, 1);
    }
    mwi_buf_fini(&frame);
    *ret_runs = claimed == MWI_CLAIM_NEW;
    return claimed == MWI_CLAIM_REFUSED ? reterr->status : MW_OK;
}

/* Give those who have asked meanwhile the same answer. */
static void
answer_askers(struct mwi_list *askers, const struct mwi_buf *answer)
{
    struct mwi_list *link;

    while ((link = mwi_list_pop(askers)) != NULL) {
        struct mwi_asker *asker = MWI_CONTAINER(link, struct mwi_asker, link);
        struct mwi_session *session = asker->owner;
        struct mwi_buf frame;
        mw_error ignored; /* is found again when the session is read */

        mwi_buf_init(&frame, SIZE_MAX);
        mwi_outcome_readdress(answer, asker->id, asker->message_max, &frame);
        if (mwi_buf_len(&frame) > 0) {
            (void) !mwi_channel_send(&session->channel, &frame, &ignored);
        }
        mwi_buf_fini(&frame);
        mwi_session_unref(session);
        mwi_free(asker);
    }
}

void
mwi_replay_settle(struct mwi_host *host, mw_call *call)
{
    struct mwi_list askers;

    if (call->outcome == NULL) {
        return;
    }
    if (call->is_prepared) {
        mwi_outcomes_settle(
            &host->outcomes, call->outcome, &call->reply, &askers);
    } else {
        mwi_outcomes_forget(&host->outcomes, call->outcome, &askers);
    }
    call->outcome = NULL;
    answer_askers(&askers, &call->reply);
}

void
mwi_replay_accept(
    struct mwi_host *host, struct mwi_outcome *outcome, uint64_t id)
{
    struct mwi_list askers;
    struct mwi_buf frame;
    struct mwi_writer w;

    if (outcome == NULL) {
        return;
    }
    mwi_buf_init(&frame, ACK_SIZE_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        mwi_ack_write(&w, id, false);
        mwi_frame_end(&frame);
    }
    mwi_outcomes_settle(&host->outcomes, outcome, &frame, &askers);
    answer_askers(&askers, &frame);
    mwi_buf_fini(&frame);
}

void
mwi_replay_drop(
    struct mwi_host *host, struct mwi_outcome *outcome, const mw_error *why)
{
    struct mwi_list askers;
    struct mwi_buf frame;

    if (outcome == NULL) {
        return;
    }
    mwi_outcomes_forget(&host->outcomes, outcome, &askers);
    mwi_buf_init(&frame, SIZE_MAX);
    mwi_call_make_fail(&frame, 1, why, true, 0);
    answer_askers(&askers, &frame);
    mwi_buf_fini(&frame);
}
