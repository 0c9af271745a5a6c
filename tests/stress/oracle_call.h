/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a call, without a network between them: a random operation, a
 * caller's random objects, and a handler that mutates what it gets.
 */
#ifndef ORACLE_CALL_H
#define ORACLE_CALL_H

#include "mw/ctx.h"

#include "base/buf.h"
#include "codec/nodes.h"
#include "lib/graph.h"
#include "lib/random_graph.h"
#include "lib/random_type.h"
#include "rpc/registry.h"

enum { ORACLE_STEPS_MAX = 16 };

/* What a case is made from. */
struct oracle_plan {
    uint64_t seed;                    /* of types and objects */
    uint64_t steps[ORACLE_STEPS_MAX]; /* seeds of what the handler does */
    size_t n_steps;
    uint32_t kinds; /* see mwt_types_init() */
};

/* An operation, its arguments, and what a local call makes of them. */
struct oracle_case {
    struct oracle_plan plan;
    struct mwt_prng prng; /* of the types, which keep it */
    struct mwt_types types;
    mw_param params[MWT_ROOTS_MAX];
    mw_method method;
    struct mwi_operation op;
    struct mwt_graph caller;    /* before the call; its roots are the
                                   arguments.  On the heap, as all of these */
    struct mwt_graph local;     /* after it */
    size_t n_new;               /* nodes that the mutation made and left
                                   reachable */
    size_t n_released;          /* of the caller's */
    bool *is_unlinked;          /* by number; of the caller's */
    size_t n_unlinked;          /* of them */
    size_t counts[MWT_CHANGES]; /* of changes, by kind */
    uint64_t fail_before;       /* allocation to fail in decoding, or 0 */
    uint64_t fail_after;        /* allocation to fail in making the reply */
    bool has_failed;            /* it has come */
};

/** Make a case. */
void oracle_open(struct oracle_case *c, const struct oracle_plan *plan);
void oracle_close(struct oracle_case *c);

/** A copy of the caller's objects as they were before the call. */
struct mwt_graph oracle_caller(const struct oracle_case *c);

/** Free all of a caller, whatever it has come to. */
void oracle_free_caller(struct mwt_graph *caller);

/** Append the message of the CALL, numbering the caller's nodes. */
mw_status oracle_request(const struct oracle_case *c,
    const struct mwt_graph *caller, bool full_values, struct mwi_buf *message,
    struct mwi_nodes *nodes, mw_error *ret_error);

/** Be the server: from the message of a CALL to that of the REPLY or FAIL. */
mw_status oracle_serve(struct oracle_case *c, const struct mwi_buf *request,
    struct mwi_buf *reply, mw_error *ret_error);

/* What applying a reply came to. */
struct oracle_outcome {
    mw_error error; /* status MW_OK: it was applied */
    mw_stats stats;
    bool has_failed; /* an allocation has; see mwi_mem_fail_at() */
    size_t n_unlinked;
    bool is_wrong_unlinked; /* one was told of that is not */
    size_t n_orphans;       /* new nodes that nothing leads to */
};

/** Be the client: apply the message of a REPLY to the caller's objects, or
 * leave them alone.  Nodes that were released are marked in its list. */
struct oracle_outcome oracle_take(const struct oracle_case *c,
    struct mwt_graph *caller, struct mwi_nodes *nodes, const uint8_t *reply,
    size_t len);

#endif
