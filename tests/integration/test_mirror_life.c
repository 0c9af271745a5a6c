/* SPDX-License-Identifier: MIT */
/*
 * Whatever the server forgets, and whatever fails on the way: a call with a
 * mirror does what it does without one.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/mirrored.h"

Test(mirror_life, forgotten_by_count)
{
    struct mwt_mirrored c;
    mirror_Doc docs[2];
    mw_mirror *mirrors[2];
    mw_ctx ctx[2];

    mwt_mirrored_begin(&c, MW_SERVER(.mirrors_max = 2));
    for (size_t i = 0; i < 2; i++) {
        mwt_make_doc(&docs[i]);
        mwt_open_mirror(&mirrors[i], &docs[i]);
        ctx[i] = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = mirrors[i]);
    }
    mwt_see_whole(&c);
    mwt_see(&c, &ctx[0], &docs[0]);
    mwt_see_delta(&c);
    /* Of the two the other was not used for longer. */
    mwt_see(&c, &ctx[1], &docs[1]);
    mwt_see_delta(&c);
    mwt_see(&c, &ctx[1], &docs[1]);
    mwt_assert_delta(&ctx[1]);
    docs[0].serial = 1;
    mwt_see(&c, &ctx[0], &docs[0]);
    mwt_assert_whole(&ctx[0]);
    mwt_see(&c, &ctx[0], &docs[0]);
    mwt_assert_delta(&ctx[0]);
    mwt_see_whole(&c);
    for (size_t i = 0; i < 2; i++) {
        mw_mirror_close(mirrors[i]);
        mirror_Doc_clear(&docs[i]);
    }
    mwt_mirrored_end(&c);
}

Test(mirror_life, forgotten_by_bytes)
{
    struct mwt_mirrored c;
    mirror_Doc other;
    mw_mirror *mirror;
    mw_ctx ctx;

    mwt_mirrored_begin(&c, MW_SERVER(.mirror_memory_max = MWT_BLOB * 3 / 2));
    mwt_make_doc(&other);
    mwt_open_mirror(&mirror, &other);
    ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = mirror);
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mwt_see(&c, &ctx, &other);
    mwt_see(&c, &ctx, &other);
    mwt_assert_delta(&ctx);
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mw_mirror_close(mirror);
    mirror_Doc_clear(&other);
    mwt_mirrored_end(&c);
}

/* A server that keeps nothing at all is asked less and less often. */
static void
assert_hardly_asked(const mw_server_options *options)
{
    struct mwt_mirrored c;
    size_t n_asked = 0;

    mwt_mirrored_begin(&c, options);
    for (size_t i = 0; i < 300; i++) {
        mwt_see_whole(&c);
        n_asked += c.ctx.stats.bytes_received > MWT_BLOB + MWT_SMALL / 2;
    }
    cr_assert_gt(n_asked, 0);
    cr_assert_lt(n_asked, 20, "%zu", n_asked);
    mwt_mirrored_end(&c);
}

Test(mirror_life, never_kept)
{
    assert_hardly_asked(MW_SERVER(.mirror_memory_max = 1));
    assert_hardly_asked(MW_SERVER(.mirrors_memory_max = MWT_BLOB));
}

Test(mirror_life, all_connections_together)
{
    struct mwt_mirrored c;
    mirror_Doc other;
    mw_mirror *mirror;
    mw_ctx ctx;
    mw_client *first;

    mwt_mirrored_begin(&c, MW_SERVER(.mirrors_memory_max = MWT_BLOB * 3 / 2));
    mwt_make_doc(&other);
    mwt_open_mirror(&mirror, &other);
    ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = mirror);
    mwt_see_whole(&c);
    first = c.client;
    c.client = mwt_desk_client(&c.desk);
    mwt_see(&c, &ctx, &other);
    mwt_see(&c, &ctx, &other);
    mwt_assert_whole(&ctx);
    mw_client_close(c.client);
    c.client = first;
    mwt_see_delta(&c);
    mw_mirror_close(mirror);
    mirror_Doc_clear(&other);
    mwt_mirrored_end(&c);
}

Test(mirror_life, server_restarted)
{
    char address[] = "unix:/tmp/mwt-mirror-XXXXXX";
    char *path = address + strlen("unix:");
    struct mwt_mirrored c;
    mw_client *local;
    mw_error error;

    close(mkstemp(path));
    unlink(path);
    mwt_mirrored_begin(&c, MW_SERVER(.listen = address));
    local = c.client;
    cr_assert_eq(mw_client_open(&c.client, address, NULL, &error), MW_OK, "%s",
        error.text);
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mw_client_close(local);
    mwt_desk_close(&c.desk);
    mwt_desk_start(&c.desk, MW_SERVER(.listen = address));
    c.doc.serial++;
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror_life, of_another_connection)
{
    struct mwt_mirrored c;
    mw_client *first;

    mwt_mirrored_begin(&c, NULL);
    mwt_see_whole(&c);
    first = c.client;
    c.client = mwt_desk_client(&c.desk);
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mw_client_close(c.client);
    c.client = first;
    c.doc.serial++;
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

static void *
hold_other(void *arg)
{
    struct mwt_mirrored *c = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);
    mw_seq_u8 got = { 0 };
    mirror_Doc doc;

    mwt_make_doc(&doc);
    cr_assert_eq(mirror_Desk_hold(c->client, &ctx, &doc, &got), MW_OK);
    mwt_assert_got(&got, &doc);
    mirror_Doc_clear(&doc);
    return NULL;
}

/* The server keeps mirrors by connection.  A call with one goes by that which
 * has it, even if another one has less to do. */
Test(mirror_life, of_several_connections)
{
    struct mwt_mirrored c;
    pthread_t threads[3];

    mwt_mirrored_begin(&c, MW_SERVER(.threads_max = 8));
    mw_client_close(c.client);
    cr_assert_eq(mw_client_open_local(&c.client, c.desk.server,
                     MW_CLIENT(.connections = 3), NULL),
        MW_OK);
    mwt_see_whole(&c);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, hold_other, &c), 0);
        mwt_desk_wait_inside(&c.desk, i + 1);
        c.doc.serial++;
        mwt_see_delta(&c);
    }
    mwt_desk_let_go(&c.desk);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

static void *
hold(void *arg)
{
    struct mwt_mirrored *c = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = c->mirror);
    mw_seq_u8 got = { 0 };

    cr_assert_eq(mirror_Desk_hold(c->client, &ctx, &c->doc, &got), MW_OK);
    cr_assert_eq(ctx.stats.deltas_sent, 1);
    mwt_assert_got(&got, &c->doc);
    return NULL;
}

Test(mirror_life, used_by_two_threads)
{
    struct mwt_mirrored c;
    pthread_t thread;

    mwt_mirrored_begin(&c, NULL);
    mwt_see_whole(&c);
    cr_assert_eq(pthread_create(&thread, NULL, hold, &c), 0);
    mwt_desk_wait_inside(&c.desk, 1);
    /* The other call has it. */
    mwt_see_whole(&c);
    mw_mirror_reset(c.mirror);
    mwt_desk_let_go(&c.desk);
    pthread_join(thread, NULL);
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

/* The call is given up, and its end comes after the next call's. */
Test(mirror_life, given_up)
{
    struct mwt_mirrored c;
    mw_seq_u8 got = { 0 };

    mwt_mirrored_begin(&c, NULL);
    mwt_see_whole(&c);
    c.ctx.timeout_ms = 1;
    cr_assert_eq(
        mirror_Desk_hold(c.client, &c.ctx, &c.doc, &got), MW_ETIMEDOUT);
    c.ctx.timeout_ms = MWT_PATIENCE_MS;
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mwt_desk_let_go(&c.desk);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

/* Each allocation of a call fails in turn, at either end. */
static size_t
fail_each_allocation(struct mwt_mirrored *c)
{
    size_t n_errors = 0;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        mirror_Doc before;
        mirror_Doc after;
        mw_seq_u8 got = { 0 };
        mw_status status;

        cr_assert_eq(mirror_Doc_copy(&before, &c->doc), MW_OK);
        cr_assert_eq(mirror_Doc_copy(&after, &c->doc), MW_OK);
        cr_assert_eq(mwt_desk_edit(NULL, &after), MW_OK);
        mwi_mem_fail_at(n);
        status = mirror_Desk_edit(c->client, &c->ctx, &c->doc, &got);
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        cr_assert(mirror_Doc_equal(&c->doc, status == MW_OK ? &after : &before),
            "allocation %llu", (unsigned long long) n);
        if (status == MW_OK) {
            mwt_assert_got(&got, &before);
        } else {
            n_errors++;
            cr_assert(status == MW_ENOMEM || status == MW_EUNAVAILABLE,
                "allocation %llu: %s", (unsigned long long) n,
                mw_ctx_error(&c->ctx));
        }
        mirror_Doc_clear(&before);
        mirror_Doc_clear(&after);
        mwt_see(c, &c->ctx, &c->doc);
        cr_assert_lt(n, 100000);
    }
    return n_errors;
}

Test(mirror_life, out_of_memory)
{
    struct mwt_mirrored c;
    size_t n_errors = 0;

    mwt_mirrored_begin(&c, NULL);
    for (size_t i = 0; i < 12; i++) {
        /* Whole, and as a delta. */
        if (i % 2 == 0) {
            mw_mirror_reset(c.mirror);
        } else {
            mwt_see(&c, &c.ctx, &c.doc);
        }
        n_errors += fail_each_allocation(&c);
    }
    cr_log_info("%zu failures", n_errors);
    cr_assert_gt(n_errors, 100);
    mwt_mirrored_end(&c);
}
