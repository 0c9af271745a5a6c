/* SPDX-License-Identifier: MIT */
/*
 * rpc: where a client's calls may go.
 *
 * The addresses that a client was given are its targets.  Each leads to an
 * endpoint, or to several if it is a name that has several addresses.  An
 * endpoint that could not be reached is left alone for a while, longer each
 * time.  Nothing here blocks, and nothing is thread-safe: it is guarded by the
 * lock of the client that has it.
 */
#ifndef MWI_RPC_ENDPOINTS_H
#define MWI_RPC_ENDPOINTS_H

#include "mw/status.h"

#include "net/address.h"
#include "rpc/backoff.h"

enum {
    MWI_TARGETS_MAX = 32,   /* addresses that a client is given */
    MWI_ENDPOINTS_MAX = 64, /* and what they lead to */
};

/* How it went to reach something. */
struct mwi_attempts {
    uint32_t n_failed; /* in a row */
    int64_t tried_at;  /* when the last of those began; base/clock.h */
    int64_t retry_at;  /* not before */
    mw_error why;      /* it failed */
};

/* An address as it was written. */
struct mwi_target {
    struct mwi_address address;   /* constant */
    bool is_name;                 /* constant; it is to be resolved */
    bool is_resolving;            /* some thread is at it */
    bool is_resolved;             /* was, once */
    int64_t resolved_at;          /* base/clock.h */
    struct mwi_attempts attempts; /* to resolve it */
};

struct mwi_endpoint {
    uint64_t id;                /* constant; no other's of this client */
    struct mwi_target *target;  /* constant; NULL: a server in the process */
    struct mwi_address address; /* constant; not a name */
    uint32_t n_conns;           /* that there are */
    uint32_t n_connecting;      /* threads that make another one */
    bool is_gone;               /* its name does not lead here any more */
    int64_t more_after;         /* not before this a connection beside others */
    struct mwi_attempts attempts;
};

struct mwi_endpoints {
    struct mwi_backoff backoff; /* constant */
    uint32_t conns_max;         /* constant; of each */
    size_t n;                   /* endpoints */
    size_t first;               /* of them, to be looked at first: they take
                                   turns */
    struct mwi_target *targets; /* n_targets of them */
    size_t n_targets;
    uint64_t last_id;
    struct mwi_endpoint *all[MWI_ENDPOINTS_MAX]; /* n of them */
};

/* Which of them will do for a call. */
struct mwi_wish {
    uint64_t serial;   /* of the connection that is best, or 0 */
    uint64_t endpoint; /* the id of the only one that will do, or 0 */
    uint64_t avoid;    /* of the one to be taken if there is no other, or 0 */
    bool fail_fast;    /* wait for no endpoint that cannot be reached */
};

void mwi_endpoints_init(struct mwi_endpoints *e,
    const struct mwi_backoff *backoff, uint32_t conns_max);
void mwi_endpoints_fini(struct mwi_endpoints *e);

/** Nobody connects, and there are no connections: in a child of the process. */
void mwi_endpoints_renew(struct mwi_endpoints *e);

/** Take addresses as they are written: separated by commas, the scheme of the
 * one before holding good for those that have none.
 *
 * @retval MW_EINVAL  one is wrong, there are none, or too many
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_endpoints_take(
    struct mwi_endpoints *e, const char *text, mw_error *reterr);

/** Take the one endpoint of a server in the process. */
MW_MUST_USE mw_status mwi_endpoints_take_local(
    struct mwi_endpoints *e, mw_error *reterr);

/** Whether any of the addresses is to be reached by TLS. */
bool mwi_endpoints_need_tls(const struct mwi_endpoints *e);

/** A name that is to be resolved before anything else is done, or NULL. */
struct mwi_target *mwi_endpoints_unresolved(
    struct mwi_endpoints *e, int64_t now);

/** How many endpoints there may ever be at once. */
size_t mwi_endpoints_max(const struct mwi_endpoints *e);

/** The name leads to these, and to nothing else.  Without memory for all of
 * them it leads to fewer.
 *
 * @retval MW_ENOMEM  to none */
MW_MUST_USE mw_status mwi_endpoints_resolved(struct mwi_endpoints *e,
    struct mwi_target *target, const struct mwi_address *addresses, size_t n,
    mw_error *reterr);

/** One that may be connected to, or NULL.
 *
 * @param is_extra  there are connections already */
struct mwi_endpoint *mwi_endpoints_vacant(struct mwi_endpoints *e,
    const struct mwi_wish *wish, bool is_extra, int64_t now);

/** How many may be connected to, of those without a connection. */
size_t mwi_endpoints_count_open(
    const struct mwi_endpoints *e, const struct mwi_wish *wish, int64_t now);

/** When there may be another name to resolve or endpoint to connect to, given
 * that there is none now; MWI_FOREVER: when some thread is through. */
int64_t mwi_endpoints_next(
    const struct mwi_endpoints *e, const struct mwi_wish *wish);

/** Whether to wait is in vain: all that will do has been tried since, and has
 * failed, and that for reasons that will not go away by themselves, unless
 * wish->fail_fast; or nothing will do any more. */
bool mwi_endpoints_are_hopeless(
    const struct mwi_endpoints *e, const struct mwi_wish *wish, int64_t since);

/** Why the one that was tried last has failed, or NULL. */
const mw_error *mwi_endpoints_why(
    const struct mwi_endpoints *e, const struct mwi_wish *wish);

/** An attempt that began then has failed. */
void mwi_attempts_failed(struct mwi_attempts *attempts,
    const struct mwi_backoff *backoff, int64_t began, const mw_error *why);

/** It was reached. */
void mwi_attempts_succeeded(struct mwi_attempts *attempts);

/** Nobody uses it any more: free it if its name does not lead there. */
void mwi_endpoints_drop_gone(struct mwi_endpoints *e);

#endif
