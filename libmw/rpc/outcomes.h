/* SPDX-License-Identifier: MIT */
/*
 * rpc: what has become of calls that have a key, so that one that is sent again
 * is not run again but answered again.
 *
 * A record is made when the call comes, and kept for a while after it has
 * ended, within limits of number and memory.  A record of a call that has ended
 * may be dropped at any time: what first came no later than the horizon may
 * have had one.  So of a repeat without a record it is known that its call
 * never came, if it was first sent after the horizon, and only then it may run.
 */
#ifndef MWI_RPC_OUTCOMES_H
#define MWI_RPC_OUTCOMES_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/sync.h"
#include "wire/message.h"

struct mwi_outcomes_limits {
    size_t n_max;      /* records of calls that have ended */
    size_t memory_max; /* bytes of them; of one, a quarter of that */
    uint32_t keep_ms;  /* that they are kept */
};

/* Thread-safe. */
struct mwi_outcomes {
    struct mwi_outcomes_limits limits; /* constant */
    uint64_t instance;                 /* constant; no other server's */
    struct mwi_mutex mutex;            /* nothing is locked inside it */
    struct mwi_map by_hash;            /* [mutex] -> first of a chain */
    struct mwi_list ended;             /* [mutex] the oldest first */
    size_t n_ended;                    /* [mutex] */
    size_t bytes;                      /* [mutex] of the ended ones */
    int64_t horizon;                   /* [mutex] base/clock.h */
};

/* A call's record. */
struct mwi_outcome;

/* Who waits for the outcome of a call that another one has begun. */
struct mwi_asker {
    struct mwi_list link;
    void *owner;          /* the user's */
    uint64_t id;          /* to answer */
    uint64_t message_max; /* bytes that it takes */
};

/* A keyed call that has come. */
struct mwi_claim {
    const char
        *peer; /* [borrow: this call] who calls: keys are apart for each */
    struct mwi_text key;
    const void *op;         /* the operation, by its address */
    uint64_t digest;        /* of the arguments; 0: not to be compared */
    bool is_repeat;         /* has been sent before ... */
    int64_t first_at;       /* ... no earlier than this; base/clock.h */
    bool is_same_instance;  /* ... to this server */
    struct mwi_asker asker; /* should it have to wait; link is not used */
};

enum mwi_claimed {
    MWI_CLAIM_NEW,     /* to be run; *ret_outcome is to be settled */
    MWI_CLAIM_ENDED,   /* answered: the frame is there */
    MWI_CLAIM_RUNS,    /* the asker will be among those of the outcome */
    MWI_CLAIM_REFUSED, /* *reterr; it is another call's key, or out of memory:
                          it does not run */
    MWI_CLAIM_UNKNOWN, /* *reterr; it may have run */
};

/** Without records. */
void mwi_outcomes_init(struct mwi_outcomes *outcomes);

/** Draw the instance.  MW_EUNAVAILABLE: there is no randomness. */
MW_MUST_USE mw_status mwi_outcomes_start(struct mwi_outcomes *outcomes,
    const struct mwi_outcomes_limits *limits, mw_error *reterr);

void mwi_outcomes_fini(struct mwi_outcomes *outcomes);

/** Look for the record of a call, or make one.
 *
 * @param ret_outcome  [out] with MWI_CLAIM_NEW
 * @param ret_frame    [inout] initialised; with MWI_CLAIM_ENDED the frame of
 *                     the answer, or empty for want of memory
 * @thread any */
enum mwi_claimed mwi_outcomes_claim(struct mwi_outcomes *outcomes,
    const struct mwi_claim *claim, struct mwi_outcome **ret_outcome,
    struct mwi_buf *ret_frame, mw_error *reterr);

/** The call has run.
 *
 * @param frame       its answer; empty if there was no memory for one
 * @param ret_askers  [out] a list of askers, each [own: mwi_free()]
 * @thread any, once */
void mwi_outcomes_settle(struct mwi_outcomes *outcomes,
    struct mwi_outcome *outcome, const struct mwi_buf *frame,
    struct mwi_list *ret_askers);

/** The call will not run: there is no record of it any more.
 *
 * @param ret_askers  as above
 * @thread any, once */
void mwi_outcomes_forget(struct mwi_outcomes *outcomes,
    struct mwi_outcome *outcome, struct mwi_list *ret_askers);

/** Make the frame of an answer again, for another id.  Empty when out of
 * memory.
 *
 * @param answer  a frame */
void mwi_outcome_readdress(const struct mwi_buf *answer, uint64_t id,
    uint64_t message_max, struct mwi_buf *ret_frame);

/** A digest of a call's arguments, for a claim. */
uint64_t mwi_outcome_digest(const uint8_t *bytes, size_t len);

#endif
