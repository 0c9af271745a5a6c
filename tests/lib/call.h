/* SPDX-License-Identifier: MIT */
/*
 * tests: a call with one inout parameter that leads to a graph, both ends of
 * it, without what carries the bytes between them; put together as rpc does.
 * Whatever goes wrong ends the program.
 */
#ifndef MWT_CALL_H
#define MWT_CALL_H

#include "codec/graph.h"
#include "codec/value.h"
#include "delta/patch.h"
#include "delta/snapshot.h"

struct mwt_call {
    mw_param param;
    void *client; /* the caller's value */
    void *server; /* the handler's */
    struct mwi_type_set types;
    struct mwi_nodes client_nodes;
    struct mwi_nodes server_nodes;
    struct mwi_arena inout; /* what was decoded */
    struct mwi_arena other; /* what the handler makes */
    struct mwi_snapshot snapshot;
    struct mwi_buf request;
    struct mwi_buf reply;
    void **released; /* n_released nodes of the handler's, by the handler */
    size_t n_released;
    struct mwi_patch patch;
};

/** A call with a value of a type.  It stays the caller's. */
void mwt_call_open(struct mwt_call *call, const mw_type *type, void *client);

/* What happens one after the other. */
void mwt_call_write_request(struct mwt_call *call);
void mwt_call_read_request(struct mwt_call *call);
void mwt_call_take_snapshot(struct mwt_call *call);
/* Here the handler runs. */
void mwt_call_write_reply(struct mwt_call *call);
void mwt_call_stage(struct mwt_call *call);
void mwt_call_commit(struct mwt_call *call);

/** Memory for the handler, which it is never without. */
void *mwt_call_alloc(struct mwt_call *call, size_t size);

void mwt_call_close(struct mwt_call *call);

#endif
