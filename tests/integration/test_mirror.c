/* SPDX-License-Identifier: MIT */
/*
 * Mirrored arguments from end to end: what goes whole, what as a delta, and
 * that the server has got what was meant, which it tells in bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/mirrored.h"

Test(mirror, first_whole_then_deltas)
{
    struct mwt_mirrored c;

    mwt_mirrored_begin(&c, NULL);
    c.ctx.measure = true;
    mwt_see_whole(&c);
    cr_assert_eq(c.ctx.stats.bytes_full_sent, c.ctx.stats.bytes_sent);
    mwt_see_delta(&c);
    cr_assert_gt(c.ctx.stats.bytes_full_sent, MWT_BLOB);
    c.doc.serial++;
    c.doc.blob.items[MWT_BLOB / 2] = 1;
    mwt_see_delta(&c);
    cr_assert_eq(mw_set_string(NULL, &c.doc.subtitle, "and nuts"), MW_OK);
    c.doc.has_at = true;
    *mirror_Line_seq_add(NULL, &c.doc.lines) = (mirror_Line){ .number = 4 };
    *mw_f64_by_string_put(NULL, &c.doc.totals, "sum") = 2.5;
    mwt_see_delta(&c);
    mirror_Line_seq_remove(NULL, &c.doc.lines, 0, 1);
    free(c.doc.subtitle);
    c.doc.subtitle = NULL;
    c.doc.has_at = false;
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror, what_the_server_changes_is_mirrored)
{
    struct mwt_mirrored c;
    mirror_Doc local;
    mw_seq_u8 got = { 0 };

    mwt_mirrored_begin(&c, NULL);
    for (uint64_t seed = 1; seed < 30; seed++) {
        c.ctx.full_values = seed % 3 == 0;
        cr_assert_eq(mirror_Doc_copy(&local, &c.doc), MW_OK);
        cr_assert_eq(mirror_Desk_change(c.client, &c.ctx, &c.doc, seed, &got),
            MW_OK, "%s", mw_ctx_error(&c.ctx));
        cr_assert_eq(c.ctx.stats.deltas_sent, seed > 1);
        mwt_assert_got(&got, &local);
        mwt_desk_mutate(NULL, &local, seed);
        cr_assert(mirror_Doc_equal(&local, &c.doc));
        mirror_Doc_clear(&local);
        mwt_see(&c, &c.ctx, &c.doc);
        /* Nothing has changed since. */
        mwt_assert_delta(&c.ctx);
    }
    mwt_mirrored_end(&c);
}

Test(mirror, what_the_contract_excludes_is_not)
{
    struct mwt_mirrored c;
    mirror_Doc before;
    mw_seq_u8 got = { 0 };

    mwt_mirrored_begin(&c, NULL);
    mwt_see_whole(&c);
    for (uint64_t seed = 1; seed < 60; seed++) {
        cr_assert_eq(mirror_Doc_copy(&before, &c.doc), MW_OK);
        cr_assert_eq(mirror_Desk_partial(c.client, &c.ctx, &c.doc, seed, &got),
            MW_OK, "%s", mw_ctx_error(&c.ctx));
        mwt_assert_got(&got, &before);
        mirror_Doc_clear(&before);
        mwt_see_delta(&c);
    }
    /* A whole value shows it, and is refused. */
    c.ctx.full_values = true;
    cr_assert_eq(
        mirror_Desk_partial(c.client, &c.ctx, &c.doc, 7, &got), MW_ECONTRACT);
    mwt_see(&c, &c.ctx, &c.doc);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror, other_parameters)
{
    struct mwt_mirrored c;
    mirror_Doc other;
    mirror_Node second = { .name = NULL };
    mirror_Node first = { .name = NULL, .next = &second };
    mirror_Node *list = &first;
    mw_seq_u8 got = { 0 };

    mwt_mirrored_begin(&c, NULL);
    mwt_make_doc(&other);
    other.serial = 5;
    mwt_see_whole(&c);
    /* It is the second parameter, and the other one the whole one. */
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(
            mirror_Desk_exchange(c.client, &c.ctx, &other, &c.doc, &got), MW_OK,
            "%s", mw_ctx_error(&c.ctx));
        free(got.items);
        cr_assert_eq(c.doc.serial, i % 2 == 0 ? 5 : 0);
        mwt_see_delta(&c);
    }
    cr_assert_eq(
        mirror_Desk_with_nodes(c.client, &c.ctx, &list, &c.doc, 9, &got), MW_OK,
        "%s", mw_ctx_error(&c.ctx));
    mwt_assert_delta(&c.ctx);
    free(got.items);
    cr_assert_str_eq(second.name, "renamed");
    mwt_see_delta(&c);
    free(first.name);
    free(second.name);
    mirror_Doc_clear(&other);
    mwt_mirrored_end(&c);
}

Test(mirror, one_way)
{
    struct mwt_mirrored c;
    mw_seq_u8 got = { 0 };

    mwt_mirrored_begin(&c, MW_SERVER(.threads_max = 1));
    for (uint64_t i = 0; i < 5; i++) {
        c.doc.serial++;
        cr_assert_eq(mirror_Desk_put(c.client, &c.ctx, &c.doc), MW_OK);
        cr_assert_eq(c.ctx.stats.deltas_sent, i > 0);
        /* With one thread it comes behind. */
        cr_assert_eq(mirror_Desk_last(c.client, NULL, &got), MW_OK);
        mwt_assert_got(&got, &c.doc);
    }
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror, failing_handlers)
{
    struct mwt_mirrored c;
    mirror_Doc before;
    static const struct {
        int32_t status;
    } cases[] = { { MW_EINVAL }, { MW_ESTALE }, { MW_EUNIMPLEMENTED } };

    mwt_mirrored_begin(&c, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(mirror_Doc_copy(&before, &c.doc), MW_OK);
        cr_assert_eq((int32_t) mirror_Desk_fail(
                         c.client, &c.ctx, &c.doc, cases[i].status),
            cases[i].status);
        cr_assert_not(c.ctx.not_run);
        cr_assert(mirror_Doc_equal(&before, &c.doc));
        mirror_Doc_clear(&before);
        c.doc.serial++;
        mwt_see_delta(&c);
    }
    cr_assert_eq(mirror_Desk_refuse(c.client, &c.ctx, &c.doc), MW_EEXCEPTION);
    mwt_see_delta(&c);
    cr_assert_eq(mirror_Desk_spoil(c.client, &c.ctx, &c.doc), MW_EINTERNAL);
    mwt_see_delta(&c);
    /* Refused before it was sent. */
    cr_assert_eq(mw_set_string(NULL, &c.doc.subtitle, "\xff"), MW_OK);
    cr_assert_eq(mirror_Desk_put(c.client, &c.ctx, &c.doc), MW_EINVAL);
    cr_assert_eq(mw_set_string(NULL, &c.doc.subtitle, "f"), MW_OK);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror, reset)
{
    struct mwt_mirrored c;

    mwt_mirrored_begin(&c, NULL);
    mw_mirror_reset(NULL);
    mw_mirror_reset(c.mirror);
    mwt_see_whole(&c);
    mw_mirror_reset(c.mirror);
    mwt_see_whole(&c);
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror, of_no_argument)
{
    struct mwt_mirrored c;
    mirror_Doc other = { 0 };
    mirror_Doc fetched;
    mw_seq_u8 got = { 0 };

    mwt_mirrored_begin(&c, NULL);
    mwt_see_whole(&c);
    mwt_see(&c, &c.ctx, &other);
    cr_assert_eq(c.ctx.stats.deltas_sent, 0);
    /* It is there, but as something else. */
    cr_assert_eq(mirror_Desk_configure(c.client, &c.ctx,
                     (const mirror_Settings *) (const void *) &c.doc, &got),
        MW_OK);
    cr_assert_eq(c.ctx.stats.deltas_sent, 0);
    free(got.items);
    fetched = c.doc;
    memset(&c.doc, 0, sizeof(c.doc));
    cr_assert_eq(mirror_Desk_fetch(c.client, &c.ctx, &c.doc), MW_OK);
    mirror_Doc_clear(&c.doc);
    c.doc = fetched;
    mwt_see_delta(&c);
    mwt_mirrored_end(&c);
}

Test(mirror, that_cannot_be)
{
    mirror_Doc doc = { 0 };
    mw_mirror *mirror = (mw_mirror *) &doc;
    mw_error error;

    cr_assert_eq(mw_mirror_open(&mirror, NULL, &doc, &error), MW_EINVAL);
    cr_assert_null(mirror);
    cr_assert_str_eq(error.text, "the type is NULL");
    cr_assert_eq(
        mw_mirror_open(&mirror, &mirror_Doc_type, NULL, &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "the object is NULL");
    mw_mirror_close(NULL);
}

/* What the caller changes meanwhile is the next call's delta. */
static void
change_meanwhile(void *user)
{
    mirror_Doc *doc = user;

    doc->serial += 100;
    doc->grid[1][1] = 7;
}

Test(mirror, changed_during_the_call)
{
    static const mw_conflict conflicts[] = { MW_CONFLICT_FAIL,
        MW_CONFLICT_SERVER, MW_CONFLICT_CALLER };

    for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
        struct mwt_mirrored c;
        mw_seq_u8 got = { 0 };

        mwt_mirrored_begin(&c, NULL);
        mwt_see_whole(&c);
        c.desk.meanwhile = change_meanwhile;
        c.desk.meanwhile_user = &c.doc;
        c.ctx.conflict = conflicts[i];
        for (uint64_t seed = 1; seed < 20; seed++) {
            mw_status status =
                mirror_Desk_change(c.client, &c.ctx, &c.doc, seed, &got);

            cr_assert_eq(status,
                conflicts[i] == MW_CONFLICT_FAIL ? MW_ECONFLICT : MW_OK, "%s",
                mw_ctx_error(&c.ctx));
            free(got.items);
            got = (mw_seq_u8){ 0 };
            mwt_see(&c, &c.ctx, &c.doc);
            cr_assert_eq(c.ctx.stats.deltas_sent, 1);
        }
        mwt_mirrored_end(&c);
    }
}
