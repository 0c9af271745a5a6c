/* SPDX-License-Identifier: MIT */
/*
 * bench: a call with one inout parameter that leads to a graph, both ends of
 * it, without what carries the bytes between them; put together as rpc does.
 */
#ifndef CALL_H
#define CALL_H

#include "codec/graph.h"
#include "codec/value.h"
#include "delta/patch.h"
#include "delta/snapshot.h"

struct call {
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
void call_open(struct call *call, const mw_type *type, void *client);

/* What happens one after the other.  Each ends the program on an error. */
void call_write_request(struct call *call);
void call_read_request(struct call *call);
void call_take_snapshot(struct call *call);
/* Here the handler runs. */
void call_write_reply(struct call *call);
void call_stage(struct call *call);
void call_commit(struct call *call);

/** Memory for the handler, which it is never without. */
void *call_alloc(struct call *call, size_t size);

void call_close(struct call *call);

#endif
