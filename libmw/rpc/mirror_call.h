/* SPDX-License-Identifier: MIT */
/*
 * rpc: the mirrored argument of a call at the server, and what both ends make
 * of a REPLY for it.
 *
 * While the call runs it holds the baseline, which is the argument as the
 * client sent it, under the version that the client has given it.  A FAIL of
 * the handler leaves it so; a REPLY makes it what the client's object becomes,
 * by the very bytes that the client gets, and that is one version more.
 *
 * Where references are involved the baseline is what the client sent, byte by
 * byte, and stays that.
 */
#ifndef MWI_RPC_MIRROR_CALL_H
#define MWI_RPC_MIRROR_CALL_H

#include "mw/call.h"

#include "codec/value.h"
#include "rpc/mirrors.h"
#include "wire/message.h"

struct mwi_call_mirror {
    struct mwi_mirrors *kept;      /* the session's */
    struct mwi_mirror_head head;   /* version 0: no argument is mirrored */
    struct mwi_baseline *baseline; /* once the argument is read, or NULL */
};

/** Check that the operation has such a parameter.  Errors are the reader's. */
void mwi_call_mirror_check(struct mwi_reader *r, const mw_call *call);

/** Whether argument i is mirrored as a value. */
bool mwi_call_mirror_is_of(const mw_call *call, size_t i);

/** Read it, which is whole or a delta.  Errors are the reader's: MW_ESTALE if
 * there is no such baseline. */
void mwi_call_mirror_read(
    struct mwi_reader *r, mw_call *call, struct mwi_place *place);

/** Whether the mirrored argument holds references.  Then all the arguments are
 * mirrored, as the bytes that they are in the message. */
bool mwi_call_mirror_is_of_all(const mw_call *call);

/** They were whole, and have been read: they begin at a place of the message
 * and end at the reader. */
void mwi_call_mirror_take_all(
    const struct mwi_reader *r, mw_call *call, const uint8_t *at);

/** They are a delta: read it, and begin to read what it makes of the baseline.
 * Errors are r's, and then false is returned. */
MW_MUST_USE bool mwi_call_mirror_patch_all(
    struct mwi_reader *r, mw_call *call, struct mwi_reader *ret_reader);

/** The arguments are read: what the reply does not change is kept from now
 * on. */
void mwi_call_mirror_end_args(mw_call *call);

/** The call is over: keep the baseline.
 *
 * @param reply  the message; NULL if the call failed
 */
void mwi_call_mirror_end(mw_call *call, const uint8_t *reply, size_t len);

/** Have done, keeping nothing. */
void mwi_call_mirror_drop(mw_call *call);

/** Do to an object, which is what the argument was, what a REPLY does to it.
 * After a failure it is as it was.
 *
 * @param param   index of an inout parameter that holds no references
 * @param budget  bytes that it may allocate
 */
MW_MUST_USE mw_status mwi_mirror_apply(const mw_method *method, size_t param,
    const uint8_t *reply, size_t len, size_t budget, void *object);

#endif
