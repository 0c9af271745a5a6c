/* SPDX-License-Identifier: MIT */
/*
 * A document that is mirrored with a server, and what tests say of it.
 */
#ifndef MWT_MIRRORED_H
#define MWT_MIRRORED_H

#include "integration/desk.h"

enum {
    MWT_PATIENCE_MS = 60000,
    MWT_BLOB = 20000, /* bytes, by which a whole document can be told */
    MWT_SMALL = 256,  /* bytes of a request with a small delta */
};

struct mwt_mirrored {
    struct mwt_desk desk;
    mw_client *client;
    mirror_Doc doc;
    mw_mirror *mirror;
    mw_ctx ctx;
};

void mwt_mirrored_begin(
    struct mwt_mirrored *c, const mw_server_options *options);
void mwt_mirrored_end(struct mwt_mirrored *c);

/** A document, and a mirror of one. */
void mwt_make_doc(mirror_Doc *ret_doc);
void mwt_open_mirror(mw_mirror **ret_mirror, const mirror_Doc *doc);

/** Assert that bytes are V of a document, and free them. */
void mwt_assert_got(mw_seq_u8 *got, const mirror_Doc *doc);

/** Assert that the server sees a document as it is. */
void mwt_see(struct mwt_mirrored *c, mw_ctx *ctx, const mirror_Doc *doc);

/** Assert how a call has sent a document. */
void mwt_assert_whole(const mw_ctx *ctx);
void mwt_assert_delta(const mw_ctx *ctx);

/** All of it with the mirrored document. */
void mwt_see_whole(struct mwt_mirrored *c);
void mwt_see_delta(struct mwt_mirrored *c);

#endif
