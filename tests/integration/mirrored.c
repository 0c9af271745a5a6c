/* SPDX-License-Identifier: MIT */
#include "integration/mirrored.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

void
mwt_make_doc(mirror_Doc *ret_doc)
{
    cr_assert_eq(mirror_Doc_init(ret_doc), MW_OK);
    cr_assert_eq(mw_set_string(NULL, &ret_doc->title, "Of bolts"), MW_OK);
    ret_doc->blob.items = calloc(1, MWT_BLOB);
    ret_doc->blob.len = ret_doc->blob.cap = MWT_BLOB;
}

void
mwt_open_mirror(mw_mirror **ret_mirror, const mirror_Doc *doc)
{
    mw_error error;

    cr_assert_eq(mw_mirror_open(ret_mirror, &mirror_Doc_type, doc, &error),
        MW_OK, "%s", error.text);
}

void
mwt_mirrored_begin(struct mwt_mirrored *c, const mw_server_options *options)
{
    mwt_desk_start(&c->desk, options);
    c->client = mwt_desk_client(&c->desk);
    mwt_make_doc(&c->doc);
    mwt_open_mirror(&c->mirror, &c->doc);
    c->ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = c->mirror);
}

void
mwt_mirrored_end(struct mwt_mirrored *c)
{
    mw_ctx_clear(&c->ctx);
    mw_mirror_close(c->mirror);
    mirror_Doc_clear(&c->doc);
    mw_client_close(c->client);
    mwt_desk_close(&c->desk);
}

void
mwt_assert_got(mw_seq_u8 *got, const mirror_Doc *doc)
{
    uint8_t *bytes;
    size_t len;

    cr_assert_eq(
        mw_object_encode(&mirror_Doc_type, doc, &bytes, &len, NULL), MW_OK);
    cr_assert_eq(got->len, len, "%zu bytes, expected %zu", got->len, len);
    cr_assert_eq(memcmp(got->items, bytes, len), 0);
    free(bytes);
    free(got->items);
    *got = (mw_seq_u8){ 0 };
}

void
mwt_see(struct mwt_mirrored *c, mw_ctx *ctx, const mirror_Doc *doc)
{
    mw_seq_u8 got = { 0 };

    cr_assert_eq(mirror_Desk_see(c->client, ctx, doc, &got), MW_OK, "%s",
        mw_ctx_error(ctx));
    mwt_assert_got(&got, doc);
}

void
mwt_assert_whole(const mw_ctx *ctx)
{
    cr_assert_eq(ctx->stats.deltas_sent, 0);
    cr_assert_gt(ctx->stats.bytes_sent, MWT_BLOB);
}

void
mwt_assert_delta(const mw_ctx *ctx)
{
    cr_assert_eq(ctx->stats.deltas_sent, 1);
    cr_assert_lt(ctx->stats.bytes_sent, MWT_SMALL);
}

void
mwt_see_whole(struct mwt_mirrored *c)
{
    mwt_see(c, &c->ctx, &c->doc);
    mwt_assert_whole(&c->ctx);
}

void
mwt_see_delta(struct mwt_mirrored *c)
{
    mwt_see(c, &c->ctx, &c->doc);
    mwt_assert_delta(&c->ctx);
}
