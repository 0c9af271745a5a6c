/* SPDX-License-Identifier: MIT */
/*
 * rpc: which calls a server takes on, and what it says to those that it does
 * not.
 *
 * Besides the pool's queue and the memory of calls there are limits on the
 * calls of one connection and of one peer, whoever may connect how often; on
 * those of an operation or interface (rpc/gate.h); and, if wished for, one on
 * all calls that the server finds by itself (rpc/adaptive.h).  Where none of
 * them is set a call is admitted without a look at anything that is shared.
 */
#ifndef MWI_RPC_ADMISSION_H
#define MWI_RPC_ADMISSION_H

#include "mw/call.h"
#include "mw/server.h"

#include "base/map.h"
#include "base/sync.h"
#include "rpc/adaptive.h"
#include "rpc/ticket.h"

struct mwi_session;
struct mwi_turn;
struct mwi_host;

/* Calls that were admitted and are not answered: ordinary ones, and those with
 * a priority, which the former cannot keep out. */
struct mwi_tally {
    _Atomic uint32_t n[2];
};

struct mwi_peer_tally;

/* A server's. */
struct mwi_admission {
    bool is_limited;             /* constant: by a tally or adaptive */
    bool is_adaptive;            /* constant */
    struct mwi_mutex mutex;      /* nothing is locked inside it */
    struct mwi_map peers;        /* [mutex] hash of an identity -> peers */
    struct mwi_adaptive control; /* [mutex] */
    _Atomic uint32_t limit;      /* of control */
    _Atomic int64_t service;     /* ns that a call runs which is not quick, of
                                    late */
};

/** options: with defaults. */
void mwi_admission_init(
    struct mwi_admission *admission, const mw_server_options *options);
void mwi_admission_fini(struct mwi_admission *admission);

/** The session knows its peer, and is to be counted with others of that.
 *
 * @retval MW_ENOMEM  out of memory
 * @thread the one that has the turn
 */
MW_MUST_USE mw_status mwi_admission_join(
    struct mwi_session *session, mw_error *reterr);

/** The session ends.  @thread any, after all that use it */
void mwi_admission_part(struct mwi_session *session);

/** Admit a call, or say which limit it is beyond.  Only where is_limited.
 *
 * @retval MW_EEXHAUSTED  it is
 * @thread the one that has the turn
 */
MW_MUST_USE mw_status mwi_admission_enter(
    struct mwi_turn *turn, mw_call *call, mw_error *reterr);

/** The call is answered, or will not be run: give back what its ticket holds.
 * @thread any */
void mwi_admission_leave(struct mwi_session *session, mw_call *call);

/** A call that is not quick has run for so long.  @thread any */
void mwi_admission_note(struct mwi_admission *admission, int64_t ns);

/** The server is full: say so, with a guess when it will not be.
 *
 * @return  MW_EEXHAUSTED
 * @thread the one that has the turn */
mw_status mwi_admission_refuse(struct mwi_turn *turn, mw_error *reterr,
    const char *format, ...) MW_PRINTF(3, 4);

/** Whether a call would wait in the queue for so long that it is likely to miss
 * its deadline.  @thread any */
bool mwi_admission_is_hopeless(
    const struct mwi_host *host, const mw_call *call);

#endif
