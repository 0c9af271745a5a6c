/* SPDX-License-Identifier: MIT */
/*
 * Records are found by a hash of peer and key, which leads to a chain of those
 * that have it, and compared in full.  Those of calls that have ended are also
 * in a list in which each goes when it is too old, or too many come behind it.
 */
#include "rpc/outcomes.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "wire/frame.h"

enum {
    SHARE = 4,        /* of the memory, which one outcome may take */
    DEPTH_MAX = 2000, /* of an answer of our own */
    NS_PER_MS = 1000000,
};

struct mwi_outcome {
    struct mwi_outcome *next; /* [outcomes.mutex] of the same hash */
    struct mwi_list link;     /* [outcomes.mutex] in outcomes.ended */
    struct mwi_list askers;   /* [outcomes.mutex] while it runs */
    struct mwi_buf answer;    /* [outcomes.mutex] a frame; empty: lost */
    int64_t ended_at;         /* [outcomes.mutex] */
    bool has_ended;           /* [outcomes.mutex] */
    int64_t came_at;          /* constant */
    uint64_t hash;            /* constant */
    uint64_t digest;          /* constant */
    const void *op;           /* constant */
    size_t peer_len;          /* constant */
    size_t key_len;           /* constant */
    char names[];             /* constant; peer, then key */
};

static uint64_t
mix(uint64_t state, uint64_t word)
{
    state = (state ^ word) * UINT64_C(0x9fb21c651e98df25);
    return state ^ state >> 32;
}

static uint64_t
mix_bytes(uint64_t state, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t word;

    state = mix(state, len);
    for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        state = mix(state, word);
    }
    word = 0;
    if (len > 0) {
        memcpy(&word, at, len);
    }
    return mix(state, word);
}

uint64_t
mwi_outcome_digest(const uint8_t *bytes, size_t len)
{
    return mix_bytes(0, bytes, len) | 1; /* 0 is none */
}

void
mwi_outcomes_init(struct mwi_outcomes *outcomes)
{
    *outcomes = (struct mwi_outcomes){ .horizon = INT64_MIN };
    mwi_mutex_init(&outcomes->mutex);
    mwi_map_init(&outcomes->by_hash);
    mwi_list_init(&outcomes->ended);
}

mw_status
mwi_outcomes_start(struct mwi_outcomes *outcomes,
    const struct mwi_outcomes_limits *limits, mw_error *reterr)
{
    outcomes->limits = *limits;
    if (getrandom(&outcomes->instance, sizeof(outcomes->instance), 0) !=
        (ssize_t) sizeof(outcomes->instance)) {
        return mwi_fail_sys(
            reterr, MW_EUNAVAILABLE, errno, "drawing a random number");
    }
    return MW_OK;
}

static void
free_outcome(struct mwi_outcome *outcome)
{
    mwi_buf_fini(&outcome->answer);
    mwi_free(outcome);
}

/* What a record takes of the memory. */
static size_t
weight(const struct mwi_outcome *outcome)
{
    return sizeof(*outcome) + outcome->peer_len + outcome->key_len +
           outcome->answer.cap;
}

/* Take a record out of its chain. */
static void
unchain_locked(struct mwi_outcomes *outcomes, struct mwi_outcome *outcome)
    MWI_REQUIRES(outcomes->mutex)
{
    struct mwi_outcome *first = mwi_map_get(&outcomes->by_hash, outcome->hash);

    if (first != outcome) {
        while (first->next != outcome) {
            first = first->next;
        }
        first->next = outcome->next;
    } else if (outcome->next != NULL) {
        /* Cannot fail: it is there. */
        (void) !mwi_map_put(&outcomes->by_hash, outcome->hash, outcome->next);
    } else {
        (void) mwi_map_remove(&outcomes->by_hash, outcome->hash);
    }
}

static void
drop_locked(struct mwi_outcomes *outcomes, struct mwi_outcome *outcome)
    MWI_REQUIRES(outcomes->mutex)
{
    unchain_locked(outcomes, outcome);
    mwi_list_remove(&outcome->link);
    outcomes->n_ended--;
    outcomes->bytes -= weight(outcome);
    if (outcome->came_at > outcomes->horizon) {
        outcomes->horizon = outcome->came_at;
    }
    free_outcome(outcome);
}

/* Drop those that are too old, and the oldest that are too many. */
static void
trim_locked(struct mwi_outcomes *outcomes) MWI_REQUIRES(outcomes->mutex)
{
    const struct mwi_outcomes_limits *limits = &outcomes->limits;
    int64_t latest = mwi_now() - (int64_t) limits->keep_ms * NS_PER_MS;

    MWI_LIST_FOREACH(link, &outcomes->ended) {
        struct mwi_outcome *outcome =
            MWI_CONTAINER(link, struct mwi_outcome, link);

        if (outcome->ended_at > latest && outcomes->n_ended <= limits->n_max &&
            outcomes->bytes <= limits->memory_max) {
            break;
        }
        drop_locked(outcomes, outcome);
    }
}

void
mwi_outcomes_fini(struct mwi_outcomes *outcomes)
{
    struct mwi_list *link;

    while ((link = mwi_list_pop(&outcomes->ended)) != NULL) {
        free_outcome(MWI_CONTAINER(link, struct mwi_outcome, link));
    }
    mwi_map_fini(&outcomes->by_hash);
    mwi_mutex_fini(&outcomes->mutex);
}

static uint64_t
hash_of(const struct mwi_outcomes *outcomes, const struct mwi_claim *claim)
{
    /* The instance is secret enough: who knows a server's makes chains long
     * for its own name at most. */
    uint64_t hash =
        mix_bytes(outcomes->instance, claim->peer, strlen(claim->peer));

    return mix_bytes(hash, claim->key.at, claim->key.len);
}

static bool
is_of(const struct mwi_outcome *outcome, const struct mwi_claim *claim)
{
    size_t peer_len = strlen(claim->peer);

    return outcome->peer_len == peer_len &&
           outcome->key_len == claim->key.len &&
           memcmp(outcome->names, claim->peer, peer_len) == 0 &&
           memcmp(outcome->names + peer_len, claim->key.at, claim->key.len) ==
               0;
}

static struct mwi_outcome *
find_locked(struct mwi_outcomes *outcomes, const struct mwi_claim *claim,
    uint64_t hash) MWI_REQUIRES(outcomes->mutex)
{
    struct mwi_outcome *outcome = mwi_map_get(&outcomes->by_hash, hash);

    while (outcome != NULL && !is_of(outcome, claim)) {
        outcome = outcome->next;
    }
    return outcome;
}

static enum mwi_claimed
make_locked(struct mwi_outcomes *outcomes, const struct mwi_claim *claim,
    uint64_t hash, struct mwi_outcome **ret_outcome, mw_error *reterr)
    MWI_REQUIRES(outcomes->mutex)
{
    size_t peer_len = strlen(claim->peer);
    struct mwi_outcome *outcome =
        mwi_malloc(sizeof(*outcome) + peer_len + claim->key.len);

    if (outcome == NULL) {
        mwi_fail_nomem(reterr);
        return MWI_CLAIM_REFUSED;
    }
    *outcome = (struct mwi_outcome){
        .next = mwi_map_get(&outcomes->by_hash, hash),
        .came_at = mwi_now(),
        .hash = hash,
        .digest = claim->digest,
        .op = claim->op,
        .peer_len = peer_len,
        .key_len = claim->key.len,
    };
    mwi_list_init(&outcome->link);
    mwi_list_init(&outcome->askers);
    mwi_buf_init(&outcome->answer, SIZE_MAX);
    memcpy(outcome->names, claim->peer, peer_len);
    memcpy(outcome->names + peer_len, claim->key.at, claim->key.len);
    if (mwi_map_put(&outcomes->by_hash, hash, outcome) < 0) {
        free_outcome(outcome);
        mwi_fail_nomem(reterr);
        return MWI_CLAIM_REFUSED;
    }
    *ret_outcome = outcome;
    return MWI_CLAIM_NEW;
}

/* There is no record: may it run? */
static enum mwi_claimed
claim_new_locked(struct mwi_outcomes *outcomes, const struct mwi_claim *claim,
    uint64_t hash, struct mwi_outcome **ret_outcome, mw_error *reterr)
    MWI_REQUIRES(outcomes->mutex)
{
    if (claim->is_repeat &&
        (!claim->is_same_instance || claim->first_at <= outcomes->horizon)) {
        mwi_fail(reterr, MW_EDATALOSS,
            claim->is_same_instance
                ? "the server no longer knows what became of the call"
                : "the call was sent to another server, or to this one before "
                  "it was started anew");
        return MWI_CLAIM_UNKNOWN;
    }
    return make_locked(outcomes, claim, hash, ret_outcome, reterr);
}

static enum mwi_claimed
ask_locked(struct mwi_outcome *outcome, const struct mwi_claim *claim,
    mw_error *reterr)
{
    struct mwi_asker *asker = mwi_malloc(sizeof(*asker));

    if (asker == NULL) {
        mwi_fail_nomem(reterr);
        return MWI_CLAIM_UNKNOWN;
    }
    *asker = claim->asker;
    mwi_list_append(&outcome->askers, &asker->link);
    return MWI_CLAIM_RUNS;
}

static enum mwi_claimed
claim_locked(struct mwi_outcomes *outcomes, const struct mwi_claim *claim,
    struct mwi_outcome **ret_outcome, struct mwi_buf *ret_frame,
    mw_error *reterr) MWI_REQUIRES(outcomes->mutex)
{
    uint64_t hash = hash_of(outcomes, claim);
    struct mwi_outcome *outcome;

    trim_locked(outcomes);
    outcome = find_locked(outcomes, claim, hash);
    if (outcome == NULL) {
        return claim_new_locked(outcomes, claim, hash, ret_outcome, reterr);
    }
    if (outcome->op != claim->op ||
        (outcome->digest != claim->digest && outcome->digest != 0 &&
            claim->digest != 0)) {
        mwi_fail(reterr, MW_EINVAL,
            "the key is that of another call, with other arguments");
        return MWI_CLAIM_REFUSED;
    }
    if (!outcome->has_ended) {
        return ask_locked(outcome, claim, reterr);
    }
    if (mwi_buf_len(&outcome->answer) == 0) {
        mwi_fail(reterr, MW_EDATALOSS,
            "the call has run, but its outcome was too large to be kept");
        return MWI_CLAIM_UNKNOWN;
    }
    mwi_outcome_readdress(
        &outcome->answer, claim->asker.id, claim->asker.message_max, ret_frame);
    return MWI_CLAIM_ENDED;
}

enum mwi_claimed
mwi_outcomes_claim(struct mwi_outcomes *outcomes, const struct mwi_claim *claim,
    struct mwi_outcome **ret_outcome, struct mwi_buf *ret_frame,
    mw_error *reterr)
{
    enum mwi_claimed claimed;

    mwi_lock(&outcomes->mutex);
    claimed = claim_locked(outcomes, claim, ret_outcome, ret_frame, reterr);
    mwi_unlock(&outcomes->mutex);
    return claimed;
}

static void
take_askers(struct mwi_outcome *outcome, struct mwi_list *ret_askers)
{
    struct mwi_list *link;

    mwi_list_init(ret_askers);
    while ((link = mwi_list_pop(&outcome->askers)) != NULL) {
        mwi_list_append(ret_askers, link);
    }
}

void
mwi_outcomes_settle(struct mwi_outcomes *outcomes, struct mwi_outcome *outcome,
    const struct mwi_buf *frame, struct mwi_list *ret_askers)
{
    size_t len = mwi_buf_len(frame);

    mwi_lock(&outcomes->mutex);
    if (len <= outcomes->limits.memory_max / SHARE) {
        /* Without memory the record says that the outcome is lost. */
        (void) !mwi_buf_append(&outcome->answer, mwi_buf_bytes(frame), len);
    }
    outcome->has_ended = true;
    outcome->ended_at = mwi_now();
    mwi_list_append(&outcomes->ended, &outcome->link);
    outcomes->n_ended++;
    outcomes->bytes += weight(outcome);
    take_askers(outcome, ret_askers);
    trim_locked(outcomes);
    mwi_unlock(&outcomes->mutex);
}

void
mwi_outcomes_forget(struct mwi_outcomes *outcomes, struct mwi_outcome *outcome,
    struct mwi_list *ret_askers)
{
    mwi_lock(&outcomes->mutex);
    unchain_locked(outcomes, outcome);
    take_askers(outcome, ret_askers);
    mwi_unlock(&outcomes->mutex);
    free_outcome(outcome);
}

static void
write_again(
    struct mwi_writer *w, const uint8_t *message, size_t len, uint64_t id)
{
    struct mwi_reader r;
    size_t n;
    uint64_t kind;

    mwi_reader_init(&r, message, len, DEPTH_MAX);
    n = mwi_read_array(&r);
    kind = mwi_read_uint(&r);
    (void) mwi_read_uint(&r);
    mwi_write_array(w, n);
    mwi_write_uint(w, kind);
    mwi_write_uint(w, id);
    mwi_write_raw(w, r.at, (size_t) (r.last - r.at));
}

void
mwi_outcome_readdress(const struct mwi_buf *answer, uint64_t id,
    uint64_t message_max, struct mwi_buf *ret_frame)
{
    struct mwi_frame frame;
    struct mwi_writer w;

    if (mwi_frame_parse(mwi_buf_bytes(answer), mwi_buf_len(answer), &frame) !=
            MWI_FRAME_WHOLE ||
        mwi_frame_begin(ret_frame) < 0) {
        return;
    }
    mwi_writer_init(&w, ret_frame);
    if (frame.len > message_max) {
        mwi_fail_write(&w, id, MW_EDATALOSS,
            "the call has run, but its outcome is longer than this client "
            "takes",
            false, 0);
    } else {
        write_again(
            &w, mwi_buf_bytes(answer) + frame.head, (size_t) frame.len, id);
    }
    if (mwi_writer_ok(&w)) {
        mwi_frame_end(ret_frame);
    } else {
        mwi_buf_fini(ret_frame);
    }
}
