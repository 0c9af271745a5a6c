/* SPDX-License-Identifier: MIT */
/*
 * rpc: the key of a call at the client, by which a server knows one that is
 * sent again (docs/wire.md, Keys).
 */
#ifndef MWI_RPC_KEY_H
#define MWI_RPC_KEY_H

#include "mw/ctx.h"

#include "rpc/conn.h"

enum { MWI_KEY_MADE = 16 }; /* bytes of one that the client makes */

/* Zeroed: the call has none. */
struct mwi_key {
    const char *at;    /* the caller's or made; NULL: none */
    size_t len;        /* bytes */
    int64_t first_at;  /* when the call was first sent; base/clock.h */
    uint64_t instance; /* of the server that it was sent to then */
    bool is_sent;      /* it was */
    bool is_repeat;    /* and what has become of it is unknown */
    char made[MWI_KEY_MADE];
};

/** Take the context's key, or make one if the call is to have one.
 *
 * @param makes  make one: the call may be sent again
 * @retval MW_EINVAL  the caller's is empty or too long
 */
MW_MUST_USE mw_status mwi_key_take(struct mwi_key *key, const mw_ctx *ctx,
    const mw_method *method, bool makes, mw_error *reterr);

/** The call is about to be sent on a connection: wait for the HELLO, which says
 * to which server.
 *
 * @param head  [inout] key and repeat are set
 * @thread any; blocks up to the deadline */
MW_MUST_USE mw_status mwi_key_apply(struct mwi_key *key, struct mwi_conn *conn,
    int64_t deadline, struct mwi_call_head *head, mw_error *reterr);

#endif
