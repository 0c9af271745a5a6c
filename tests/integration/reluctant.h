/* SPDX-License-Identifier: MIT */
/*
 * A server that refuses calls, or ends the connection instead of answering, as
 * a test has told it to; and a client of it.
 */
#ifndef MWT_RELUCTANT_H
#define MWT_RELUCTANT_H

#include "integration/hostile.h"

enum { MWT_PATIENCE_MS = 60000, MWT_CALLS_MAX = 64, MWT_INSTANCE = 42 };

/* What the server does with a call. */
enum mwt_act {
    ACCEPT,   /* REPLY */
    FULL,     /* FAIL MW_EEXHAUSTED, not run */
    LEAVING,  /* FAIL MW_EUNAVAILABLE, not run */
    FAILED,   /* FAIL MW_EUNAVAILABLE, run */
    CUT,      /* the end of the connection */
    FAREWELL, /* GOAWAY, then as LEAVING */
    NO_TRACE, /* FAIL MW_EDATALOSS, as a server without a record does */
};

/* What the server has seen of one. */
struct mwt_seen {
    char key[MWI_KEY_MAX];
    size_t key_len;
    bool is_repeat;
    uint64_t instance;
    uint64_t lead_ms;
};

/* Done with the calls in turn, the last one with all that follow. */
struct mwt_script {
    const enum mwt_act *acts;
    size_t n_acts;
    uint32_t retry_after_ms;
    struct mwt_seen seen[MWT_CALLS_MAX];
};

struct mwt_reluctant {
    struct mwt_hostile h;
    struct mwt_script script;
    mw_client *client;
};

/** Serve, and make a lazy client.
 *
 * @param also  other servers' addresses, each behind a comma
 */
void mwt_reluctant_begin(struct mwt_reluctant *c, const enum mwt_act *acts,
    size_t n_acts, const char *also, const mw_client_options *options);

#define MWT_RELUCTANT(c, options, ...)                   \
    static const enum mwt_act acts_[] = { __VA_ARGS__ }; \
    mwt_reluctant_begin(c, acts_, sizeof(acts_) / sizeof(acts_[0]), "", options)

/** Probe.wait() with other flags: it takes and gives nothing. */
mw_status mwt_reluctant_call(
    struct mwt_reluctant *c, mw_ctx *ctx, uint32_t flags);

void mwt_reluctant_end(struct mwt_reluctant *c);

#endif
