/* SPDX-License-Identifier: MIT */
/*
 * What a caller may rely on when a delta is applied.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "codec/access.h"
#include "fixture.h"
#include "lib/prng.h"
#include "lib/random_value.h"
#include "shapes.h"
#include "world.h"

/* Apply a delta in hexadecimal that must be good. */
static mw_stats
good(const mw_type *type, void *object, const char *text)
{
    uint8_t bytes[512];
    size_t len = unhex(text, bytes, sizeof(bytes));
    mw_stats stats;
    mw_error error;

    cr_assert_eq(apply(type, object, bytes, len, &error, &stats), MW_OK, "%s",
        error.text);
    return stats;
}

static char *
copied(const char *text)
{
    char *copy = mwi_strndup(text, strlen(text));

    cr_assert_not_null(copy);
    return copy;
}

Test(patch, what_does_not_change_stays_where_it_is)
{
    seq_item seq = { calloc(3, sizeof(item)), 3, 3 };
    const item *items = seq.items;
    const char *name;
    mw_stats stats;

    cr_assert_not_null(seq.items);
    for (uint32_t i = 0; i < 3; i++) {
        seq.items[i].id = i;
        seq.items[i].name = copied("name");
    }
    name = seq.items[1].name;
    /* {1: {1: {2: 2.0}}} */
    stats = good(&seq_item_type, &seq, "a101a101a102fb4000000000000000");
    cr_expect_eq(seq.items, items);
    cr_expect_eq(seq.items[1].name, name);
    cr_expect_eq(seq.items[1].price, 2.0);
    cr_expect_eq(stats.values_changed, 1);
    cr_expect_eq(stats.elements_inserted, 0);
    mw_object_clear(&seq_item_type, &seq);
    cr_expect_not(has_leaks());
}

Test(patch, elements_that_move_keep_what_they_own)
{
    seq_item seq = { calloc(5, sizeof(item)), 3, 5 };
    const char *names[3];
    mw_stats stats;

    cr_assert_not_null(seq.items);
    for (uint32_t i = 0; i < 3; i++) {
        seq.items[i].id = i;
        seq.items[i].name = copied("name");
        names[i] = seq.items[i].name;
    }
    /* {1: {2: {2: 2.0}}, 2: [2, 1, [], 0, 1, [[9, "new", 0.0, null, 86(h'')]]]}
     */
    stats = good(&seq_item_type, &seq,
        "a2 01 a1 02 a1 02 fb4000000000000000"
        "02 86 02 01 80 00 01 81 85 09 63 6e6577 fb0000000000000000 f6 d85640");
    cr_assert_eq(seq.len, 3);
    cr_expect_eq(seq.items[0].name, names[2]);
    cr_expect_eq(seq.items[0].price, 2.0);
    cr_expect_eq(seq.items[1].name, names[0]);
    cr_expect_str_eq(seq.items[2].name, "new");
    cr_expect_eq(stats.elements_inserted, 1);
    cr_expect_eq(stats.elements_removed, 1);
    cr_expect_eq(stats.elements_moved, 1);
    mw_object_clear(&seq_item_type, &seq);
    cr_expect_not(has_leaks());
}

Test(patch, numbers_and_texts_are_counted)
{
    mw_seq_u8 seq = { mwi_calloc(8, 1), 8, 8 };
    const uint8_t *items = seq.items;
    char *text = copied("some text or other");
    mw_stats stats;

    /* {1: [[1, h'09'], [5, h'0a0b']]} */
    stats = good(&mw_type_seq_u8, &seq, "a10182 820141 09 820542 0a0b");
    cr_expect_eq(stats.values_changed, 2);
    cr_expect_eq(stats.splices, 0);
    cr_expect_eq(seq.items, items);
    cr_expect_eq(seq.items[6], 11);
    /* {0: [[1, 1, h''], [5, 0, h'07']], 1: [[2, h'08'], [4, h'0304']]} */
    stats = good(&mw_type_seq_u8, &seq,
        "a2 00 82 83010140 8305004107 01 82 82024108 8204420304");
    cr_expect_eq(stats.splices, 2);
    cr_expect_eq(stats.values_changed, 2);
    cr_assert_eq(seq.len, 8);
    cr_expect_eq(memcmp(seq.items, "\0\x08\0\x03\x07\x04\x0b\0", 8), 0);
    /* {0: [[0, 4, "any"], [10, 0, "what"]]} */
    stats = good(&mw_type_string, &text,
        "a10082 83000463616e79"
        "830a006477686174");
    cr_expect_str_eq(text, "any text whator other");
    cr_expect_eq(stats.splices, 2);
    mw_object_clear(&mw_type_seq_u8, &seq);
    mw_object_clear(&mw_type_string, &text);
    cr_expect_not(has_leaks());
}

Test(patch, null_reads_as_empty)
{
    char *text = NULL;
    mw_seq_u8 bytes = { 0 };
    seq_line lines = { 0 };

    good(&mw_type_string, &text, "a10081 830000626869");
    cr_expect_str_eq(text, "hi");
    good(&mw_type_seq_u8, &bytes, "a10081 830000420102");
    cr_expect_eq(bytes.len, 2);
    good(&seq_line_type, &lines, "a10081 83000081 8161 61");
    cr_assert_eq(lines.len, 1);
    cr_expect_str_eq(lines.items[0].sku, "a");
    cr_expect_eq(lines.items[0].count, 1, "the rest has its defaults");
    good(&seq_line_type, &lines, "a10080");
    cr_expect_eq(lines.len, 1);
    good(&seq_line_type, &lines, "a10280");
    cr_expect_eq(lines.len, 0);
    mw_object_clear(&mw_type_string, &text);
    mw_object_clear(&mw_type_seq_u8, &bytes);
    mw_object_clear(&seq_line_type, &lines);
    cr_expect_not(has_leaks());
}

Test(patch, numbers_may_come_in_either_order_or_plain)
{
    mw_seq_u16 seq = { mwi_calloc(4, 2), 4, 4 };

    /* 65(h'0102') is big-endian, [515] is plain. */
    good(&mw_type_seq_u16, &seq, "a10182 8200d841420102 820281190203");
    cr_expect_eq(seq.items[0], 0x0102);
    cr_expect_eq(seq.items[2], 0x0203);
    /* {0: [[0, 1, [7, 8]], [4, 0, 65(h'0009')]], 1: [[1, [5, 6]]]} */
    good(&mw_type_seq_u16, &seq,
        "a2 00 82 830001820708 830400d841420009 01 81 8201820506");
    cr_assert_eq(seq.len, 6);
    cr_expect_eq(seq.items[0], 7);
    cr_expect_eq(seq.items[1], 8);
    cr_expect_eq(seq.items[2], 5);
    cr_expect_eq(seq.items[3], 6);
    cr_expect_eq(seq.items[4], 0);
    cr_expect_eq(seq.items[5], 9);
    mw_object_clear(&mw_type_seq_u16, &seq);
}

/* What an older peer does not know of a struct, it does not reset. */
Test(patch, a_shorter_struct_leaves_the_rest_alone)
{
    line one = { copied("bolt"), 5, copied("note"), true, { .x = 0 } };
    order whole = { .id = 3, .values.u8 = 4, .customer = copied("c") };
    const char *note = one.note;

    one.where.x = 2.5;
    /* ["nut", 6] */
    good(&line_type, &one, "82 636e7574 06");
    cr_expect_str_eq(one.sku, "nut");
    cr_expect_eq(one.count, 6);
    cr_expect_eq(one.note, note);
    cr_expect_eq(one.where.x, 2.5);
    /* ["nut", 6, null, [1.0]]: a struct in a struct, and what is absent */
    good(&line_type, &one, "84 636e7574 06 f6 81fb3ff0000000000000");
    cr_expect_null(one.note);
    cr_expect_eq(one.where.x, 1.0);
    /* [7, "d", "", [true]] */
    good(&order_type, &whole, "84 07 6164 60 81f5");
    cr_expect_eq(whole.id, 7);
    cr_expect_eq(whole.values.u8, 4);
    cr_expect(whole.values.b);
    mw_object_clear(&line_type, &one);
    mw_object_clear(&order_type, &whole);
    cr_expect_not(has_leaks());
}

/* What a newer peer knows beyond us is passed over. */
Test(patch, unknown_members_are_passed_over)
{
    line one = { copied("bolt"), 5, NULL, false, { .x = 0 } };

    /* {1: 6, 9: {0: [[1, 2]]}} */
    good(&line_type, &one, "a2 01 06 09 a10081820102");
    cr_expect_eq(one.count, 6);
    /* ["nut", 7, null, null, 5, "x"] */
    good(&line_type, &one, "86 636e7574 07 f6 f6 05 6178");
    cr_expect_eq(one.count, 7);
    mw_object_clear(&line_type, &one);
}

/* Client and server with different versions of a struct. */
Test(patch, an_older_server_keeps_what_it_does_not_know)
{
    struct mwt_prng prng = mwt_prng_seeded("patch");
    size_t whole = 0;

    for (size_t i = 0; i < 300; i++) {
        seq_item seq;
        seq_item before;
        struct mwi_buf message;
        struct mwi_buf delta;
        struct server server;
        seq_old_item *live;
        mw_error error;

        mwt_random_object(&prng, &seq_item_type, &seq);
        for (size_t k = 0; k < seq.len; k++) {
            seq.items[k].id = (uint32_t) k;
        }
        cr_assert_eq(mw_object_copy(&seq_item_type, &before, &seq), MW_OK);
        message = value_of(&seq_item_type, &seq);
        server_open_bytes(&server, &seq_old_item_type, mwi_buf_bytes(&message),
            mwi_buf_len(&message));
        live = server.object;
        for (size_t k = mwt_below(&prng, 4); k > 0 && live->len > 0; k--) {
            old_item *a = &live->items[mwt_below(&prng, live->len)];
            old_item *b = &live->items[mwt_below(&prng, live->len)];
            old_item c = *a;

            *a = *b;
            *b = c;
            a->price += 1;
            live->len -= mwt_below(&prng, 2);
        }
        delta = server_delta(&server);
        cr_assert_eq(apply(&seq_item_type, &seq, mwi_buf_bytes(&delta),
                         mwi_buf_len(&delta), &error, NULL),
            MW_OK, "%s", error.text);
        cr_assert_eq(seq.len, live->len);
        for (size_t k = 0; k < seq.len; k++) {
            item *one = &seq.items[k];

            cr_expect_eq(one->id, live->items[k].id);
            cr_expect_eq(memcmp(&one->price, &live->items[k].price, 8), 0);
            one->price = before.items[one->id].price;
            /* Elements of a sequence that went as a whole are new. */
            cr_expect(mwi_buf_bytes(&delta)[0] >> 5 != 5 ||
                      mwi_equal(&item_type, one, &before.items[one->id]));
            whole += mwi_buf_bytes(&delta)[0] >> 5 != 5;
        }
        mwi_buf_fini(&message);
        mwi_buf_fini(&delta);
        server_close(&server);
        mw_object_clear(&seq_item_type, &seq);
        mw_object_clear(&seq_item_type, &before);
    }
    cr_expect_lt(whole, 100);
    cr_expect_not(has_leaks());
}

Test(patch, a_newer_server_may_change_what_the_client_does_not_know)
{
    old_item one = { .id = 4, .name = copied("bolt") };
    struct mwi_buf message = value_of(&old_item_type, &one);
    double samples[] = { 1.0, 2.0 };
    struct server server;
    struct mwi_buf delta;
    mw_error error;
    item *live;

    server_open_bytes(
        &server, &item_type, mwi_buf_bytes(&message), mwi_buf_len(&message));
    live = server.object;
    live->price = 2.0;
    live->samples = (mw_seq_f64){ samples, 2, 2 };
    delta = server_delta(&server);
    cr_assert_eq(apply(&old_item_type, &one, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, NULL),
        MW_OK, "%s", error.text);
    cr_expect_eq(one.price, 2.0);
    cr_expect_str_eq(one.name, "bolt");
    mwi_buf_fini(&message);
    mwi_buf_fini(&delta);
    server_close(&server);
    mw_object_clear(&old_item_type, &one);
    cr_expect_not(has_leaks());
}

Test(patch, what_was_absent_frees_what_it_still_owned)
{
    doc one = { 0 };

    /* As a program may leave it that says has_spare = false. */
    one.spare.name = copied("stale");
    /* {41: [5, "new", 1.0, null, 86(h'')]} */
    good(
        &doc_type, &one, "a1 1829 85 05 636e6577 fb3ff0000000000000 f6 d85640");
    cr_expect(one.has_spare);
    cr_expect_str_eq(one.spare.name, "new");
    good(&doc_type, &one, "a1 1829 f6");
    cr_expect_not(one.has_spare);
    good(&doc_type, &one, "a1 1829 f6");
    cr_expect_not(one.has_spare);
    mw_object_clear(&doc_type, &one);
    cr_expect_not(has_leaks());
}

/* Several parameters are one patch: all or none. */
Test(patch, parameters_stand_and_fall_together)
{
    for (int good_end = 0; good_end < 2; good_end++) {
        uint8_t bytes[64];
        size_t len = unhex("a10109 83616101f6 07", bytes, sizeof(bytes));
        line first = { copied("bolt"), 5, NULL, false, { .x = 0 } };
        line out;
        uint32_t number = 1;
        struct mwi_patch patch;
        struct mwi_reader r;

        memset(&out, 0xa5, sizeof(out));
        bytes[len - 1] = good_end != 0 ? 0x07 : 0x27;
        mwi_patch_init(&patch, 1 << 20);
        mwi_reader_init(&r, bytes, len, 64);
        mwi_patch_stage(&patch, &r, &line_type, &mwi_mask_all, &first);
        mwi_patch_stage_out(&patch, &r, &line_type, &out);
        mwi_patch_stage(&patch, &r, &mw_type_u32, &mwi_mask_all, &number);
        cr_expect_eq(first.count, 5);
        if (good_end != 0) {
            cr_assert_eq(mwi_reader_finish(&r), MW_OK);
            mwi_patch_commit(&patch);
            cr_expect_eq(first.count, 9);
            cr_expect_str_eq(out.sku, "a");
            cr_expect_eq(number, 7);
            mw_object_clear(&line_type, &out);
        } else {
            cr_assert_eq(mwi_reader_finish(&r), MW_EINVAL);
            mwi_patch_abort(&patch);
            cr_expect_eq(first.count, 5);
            cr_expect_eq(out.count, 0xa5a5a5a5);
            cr_expect_eq(number, 1);
        }
        mw_object_clear(&line_type, &first);
    }
    cr_expect_not(has_leaks());
}

Test(patch, parameters_must_not_share_memory)
{
    line both[2] = { 0 };
    uint8_t bytes[] = { 0xa1, 0x01, 0x09, 0xa0 };
    struct mwi_patch patch;
    struct mwi_reader r;

    mwi_patch_init(&patch, 1 << 20);
    mwi_reader_init(&r, bytes, sizeof(bytes), 64);
    mwi_patch_stage(&patch, &r, &line_type, &mwi_mask_all, &both[1]);
    mwi_patch_stage(&patch, &r, &array_line_2_type, &mwi_mask_all, both);
    cr_expect_eq(r.error.status, MW_EINVAL);
    cr_expect_str_eq(r.error.text, "shares memory with another one at byte 3");
    mwi_patch_abort(&patch);
    cr_expect_eq(both[1].count, 0);
}

Test(patch, floats_change_bit_by_bit)
{
    double values[2] = { 0.0, -0.0 };
    struct mwi_buf delta;

    delta = delta_between(&mw_type_f64, &values[0], &values[1]);
    cr_expect_eq(mwi_buf_len(&delta), 9);
    mwi_buf_fini(&delta);
    values[0] = values[1] = NAN;
    delta = delta_between(&mw_type_f64, &values[0], &values[1]);
    cr_expect_eq(mwi_buf_len(&delta), 1, "a NaN is what it was");
    mwi_buf_fini(&delta);
}

/* The bytes behind a text's NUL and in padding are nobody's. */
Test(patch, padding_does_not_matter)
{
    point old;
    point live;
    struct mwi_buf delta;

    memset(&old, 0xff, sizeof(old));
    memset(&live, 0x00, sizeof(live));
    old.x = live.x = 1.0;
    old.y = live.y = 2.0f;
    old.has_label = live.has_label = true;
    memcpy(old.label, "ab", 3);
    memcpy(live.label, "ab", 3);
    delta = delta_between(&point_type, &old, &live);
    cr_expect_eq(mwi_buf_len(&delta), 1);
    mwi_buf_fini(&delta);
    old.has_label = live.has_label = false;
    memset(live.label, 'x', sizeof(live.label));
    delta = delta_between(&point_type, &old, &live);
    cr_expect_eq(mwi_buf_len(&delta), 1, "nor is what is absent");
    mwi_buf_fini(&delta);
}

Test(patch, what_is_behind_a_length_does_not_matter)
{
    slot old[2];
    slot live[2];
    seq_slot was = { old, 2, 2 };
    seq_slot is = { live, 2, 2 };
    struct mwi_buf delta;

    memset(old, 0xff, sizeof(old));
    memset(live, 0x00, sizeof(live));
    for (size_t i = 0; i < 2; i++) {
        old[i].place = live[i].place = 1;
        old[i].ring.len = live[i].ring.len = i;
        old[i].ring.items[0] = live[i].ring.items[0] = 7;
        old[i].label[0] = '\0';
    }
    delta = delta_between(&seq_slot_type, &was, &is);
    cr_expect_eq(mwi_buf_len(&delta), 1);
    mwi_buf_fini(&delta);
    live[1].ring.items[0] = 8;
    delta = delta_between(&seq_slot_type, &was, &is);
    /* {1: {1: {1: {1: [[0, 69(h'0800')]]}}}} is longer than the ring. */
    cr_expect_str_eq(hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)),
        "a101a101a101d845420800");
    mwi_buf_fini(&delta);
}

static mw_status
diff_error(
    const mw_type *type, const void *old, const void *live, const char *text)
{
    struct mwi_snapshot none = { 0 };
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_diff(&w, type, &mwi_mask_all, &none, old, live);
    cr_expect_not_null(strstr(w.error.text, text), "%s", w.error.text);
    mwi_buf_fini(&buf);
    return w.error.status;
}

/* What a handler leaves is checked before it is sent. */
Test(patch, a_handlers_mistakes_are_noticed)
{
    line old = { (char[]){ "a name that is long enough" }, 1, NULL, false,
        { .x = 0 } };
    line live = old;
    seq_line lines = { &old, 1, 1 };
    seq_line broken = { NULL, 2, 0 };
    mw_seq_i32 numbers = { 0 };
    mw_seq_i32 no_numbers = { NULL, 2, 2 };
    seq_line_3 few = { 0 };
    seq_line_3 many = { .len = 4 };
    colour red = COLOUR_RED;
    colour none = (colour) 77;

    live.sku = (char[]){ "a name that is l\xffng enough" };
    cr_expect_eq(diff_error(&line_type, &old, &live,
                     "sku: text is not UTF-8 from its byte 16 on"),
        MW_EINVAL);
    cr_expect_eq(diff_error(&seq_line_type, &lines, &broken,
                     "sequence of 2 elements has no items"),
        MW_EINVAL);
    cr_expect_eq(diff_error(&mw_type_seq_i32, &numbers, &no_numbers,
                     "sequence of 2 elements has no items"),
        MW_EINVAL);
    cr_expect_eq(diff_error(&seq_line_3_type, &few, &many,
                     "sequence of 4 elements exceeds the bound of 3"),
        MW_EINVAL);
    cr_expect_eq(diff_error(&colour_type, &red, &none,
                     "77 is not a value of test::Colour"),
        MW_EINVAL);
}

/* A handler may link elements to one another's memory; what is too deep to be
 * sent is refused without walking it forever. */
Test(patch, a_handlers_circle_is_noticed)
{
    node old = { 0 };
    node live = { 0 };
    node kids[2] = { { 0 } };
    node was[2] = { { 0 } };

    old.kids = (seq_node){ was, 2, 2 };
    live.kids = (seq_node){ kids, 2, 2 };
    kids[0].weight = 1;
    kids[0].kids = live.kids;
    kids[1].kids = live.kids;
    cr_expect_eq(
        diff_error(&node_type, &old, &live, "nested deeper than 64 levels"),
        MW_ERANGE);
}

/* Patches stop at a depth, where what differs goes as a whole. */
Test(patch, deep_values_are_patched_to_a_depth)
{
    enum { LEVELS = 30 };
    node old[LEVELS] = { { 0 } };
    node live[LEVELS] = { { 0 } };
    node *copy = calloc(1, sizeof(*copy));
    struct mwi_buf delta;
    mw_error error;

    cr_assert_not_null(copy);
    for (size_t i = 0; i + 1 < LEVELS; i++) {
        old[i].kids = (seq_node){ &old[i + 1], 1, 1 };
        live[i].kids = (seq_node){ &live[i + 1], 1, 1 };
    }
    live[LEVELS - 1].weight = 5;
    delta = delta_between(&node_type, old, live);
    cr_assert_eq(mw_object_copy(&node_type, copy, old), MW_OK);
    cr_expect_eq(apply(&node_type, copy, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, NULL),
        MW_OK, "%s", error.text);
    cr_expect(mwi_equal(&node_type, copy, live));
    mwi_buf_fini(&delta);
    mw_object_clear(&node_type, copy);
    free(copy);
}
