/* SPDX-License-Identifier: MIT */
/*
 * Many threads on one connection, each with a document and a mirror of its own
 * and all with two that they share, one of which is of another graph than they
 * pass for all but one: what the server gets must be right.  Made for the
 * thread sanitizer.
 *
 *     stress_mirrors [threads [calls of each [connections]]]
 *
 * The server keeps fewer mirrors than there are.  Now and then a mirror is
 * reset, and a call given up.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integration/desk.h"
#include "lib/prng.h"

enum { THREADS = 8, CALLS = 2000, KEPT = 5, SHARED_LINES = 50 };

static struct mwt_desk desk;
static mw_client *client;
static mirror_Doc shared; /* not changed while the threads run */
static mw_mirror *shared_mirror;
static mirror_Node node; /* the first thread's */
static mw_mirror *node_mirror;
static size_t n_calls = CALLS;
static atomic_ulong n_right;
static atomic_ulong n_wrong;
static atomic_ulong n_deltas;

static void
judge(bool right, const char *what, const mw_ctx *ctx)
{
    atomic_fetch_add(&n_deltas, ctx->stats.deltas_sent);
    if (right) {
        atomic_fetch_add(&n_right, 1);
    } else {
        atomic_fetch_add(&n_wrong, 1);
        (void) fprintf(stderr, "%s: %s\n", what, mw_ctx_error(ctx));
    }
}

/* Whether the server has got this document; frees what it said. */
static bool
is_got(mw_seq_u8 *got, const mirror_Doc *doc)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool same =
        mw_object_encode(&mirror_Doc_type, doc, &bytes, &len, NULL) == MW_OK &&
        len == got->len && memcmp(bytes, got->items, len) == 0;

    free(bytes);
    free(got->items);
    *got = (mw_seq_u8){ 0 };
    return same;
}

static void
see_shared(mw_ctx *ctx)
{
    mw_seq_u8 got = { 0 };
    mw_status status;

    ctx->mirror = shared_mirror;
    status = mirror_Desk_see(client, ctx, &shared, &got);
    judge(status == MW_OK && is_got(&got, &shared), "shared", ctx);
}

static void
edit_own(mw_ctx *ctx, mw_mirror *mirror, mirror_Doc *doc)
{
    mirror_Doc before;
    mw_seq_u8 got = { 0 };
    mw_status status;

    if (mirror_Doc_copy(&before, doc) < 0) {
        abort();
    }
    ctx->mirror = mirror;
    status = mirror_Desk_edit(client, ctx, doc, &got);
    judge(status == MW_OK && is_got(&got, &before) &&
              doc->serial == before.serial + 1,
        "own", ctx);
    if (doc->lines.len > 20) {
        mirror_Doc_clear(doc);
    }
    mirror_Doc_clear(&before);
}

/* Each with a node of its own. */
static void
grow_own(mw_ctx *ctx, mirror_Node *own)
{
    mirror_Node *list = own;
    mw_seq_u8 got = { 0 };
    mw_status status;

    ctx->mirror = node_mirror;
    status = mirror_Desk_grow(client, ctx, &list, 0, &got);
    free(got.items);
    judge(status == MW_OK && list == own, "node", ctx);
}

/* Refused at once: only the mirror is looked at. */
static void
share_memory(mw_ctx *ctx)
{
    union {
        mirror_Node *list;
        mw_seq_u8 got;
    } shared_by = { .list = NULL };
    mw_status status;

    ctx->mirror = node_mirror;
    status = mirror_Desk_grow(client, ctx, &shared_by.list, 0, &shared_by.got);
    judge(status == MW_EINVAL, "refused", ctx);
}

/* Its end comes whenever it comes. */
static void
give_up(mw_ctx *ctx, mirror_Doc *doc)
{
    uint32_t timeout_ms = ctx->timeout_ms;
    mw_seq_u8 got = { 0 };

    ctx->timeout_ms = 1;
    (void) !mirror_Desk_see(client, ctx, doc, &got);
    free(got.items);
    ctx->timeout_ms = timeout_ms;
}

static void *
make_calls(void *arg)
{
    struct mwt_prng prng = { .state = (uintptr_t) arg };
    mw_ctx ctx = MW_CTX(.timeout_ms = 120000);
    mirror_Doc doc = { 0 };
    mirror_Node other = { 0 };
    mw_mirror *mirror;

    if (mw_mirror_open(&mirror, &mirror_Doc_type, &doc, NULL) < 0) {
        abort();
    }
    for (size_t i = 0; i < n_calls; i++) {
        if (mwt_chance(&prng, 30)) {
            see_shared(&ctx);
        } else {
            edit_own(&ctx, mirror, &doc);
        }
        if (mwt_chance(&prng, 10)) {
            grow_own(&ctx, (uintptr_t) arg == 1 ? &node : &other);
        }
        share_memory(&ctx);
        if (mwt_chance(&prng, 2)) {
            mw_mirror_reset(mwt_chance(&prng, 50) ? mirror : shared_mirror);
        }
        if (mwt_chance(&prng, 2)) {
            give_up(&ctx, &doc);
        }
    }
    mw_mirror_close(mirror);
    mirror_Doc_clear(&doc);
    mw_ctx_clear(&ctx);
    return NULL;
}

int
main(int argc, char **argv)
{
    size_t n_threads = argc > 1 ? strtoul(argv[1], NULL, 10) : THREADS;
    pthread_t *threads = calloc(n_threads, sizeof(*threads));

    n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : CALLS;
    mwt_desk_start(&desk, MW_SERVER(.mirrors_max = KEPT));
    if (mw_client_open_local(&client, desk.server,
            MW_CLIENT(.connections = argc > 3 ? (uint32_t) atoi(argv[3]) : 1),
            NULL) < 0) {
        abort();
    }
    for (size_t i = 0; i < SHARED_LINES; i++) {
        if (mwt_desk_edit(NULL, &shared) < 0) {
            abort();
        }
    }
    if (threads == NULL ||
        mw_mirror_open(&shared_mirror, &mirror_Doc_type, &shared, NULL) < 0 ||
        mw_mirror_open(&node_mirror, &mirror_Node_ref_type, &node, NULL) < 0) {
        abort();
    }
    for (size_t i = 0; i < n_threads; i++) {
        if (pthread_create(&threads[i], NULL, make_calls,
                (void *) (uintptr_t) (i + 1)) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < n_threads; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    mw_mirror_close(node_mirror);
    mw_mirror_close(shared_mirror);
    mirror_Doc_clear(&shared);
    mw_client_close(client);
    mwt_desk_close(&desk);
    free(threads);
    (void) printf("%lu right, %lu wrong, %lu deltas\n", atomic_load(&n_right),
        atomic_load(&n_wrong), atomic_load(&n_deltas));
    return atomic_load(&n_wrong) > 0 || atomic_load(&n_deltas) == 0;
}
