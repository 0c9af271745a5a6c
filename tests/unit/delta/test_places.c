/* SPDX-License-Identifier: MIT */
/*
 * What stays where it is when unions, maps, boxes and references are patched,
 * and what the differ does about values that it must not send.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "codec/nodes.h"
#include "forms.h"
#include "kinds.h"
#include "lib/prng.h"
#include "lib/random_value.h"
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

/* {-2: [1, "anvil", 1.0, null, 86(h'')], 5: [2, "bolt", …], 300: [3, "chain",
 * …]} */
static const char stocks[] =
    "a3 21 85 01 65 616e76696c fb3ff0000000000000 f6 d85640"
    "05 85 02 64 626f6c74 fb3ff0000000000000 f6 d85640"
    "19012c 85 03 65 636861696e fb3ff0000000000000 f6 d85640";

Test(places, entries_keep_what_they_own)
{
    stock_map *map = decoded(&stock_map_type, stocks);
    const char *bolt = map->items[1].value.name;
    const char *chain = map->items[2].value.name;
    mw_stats stats;

    /* [{-3: [4, "new", 0.0, null, 86(h'')], 6: […]}, [-2], {5: {2: 2.0}}] */
    stats = good(&stock_map_type, map,
        "83 a2 22 85 04 63 6e6577 fb0000000000000000 f6 d85640"
        "06 85 05 63 6e6577 fb0000000000000000 f6 d85640"
        "81 21 a1 05 a1 02 fb4000000000000000");
    cr_assert_eq(map->len, 4);
    cr_expect_eq(map->cap, 4);
    cr_expect_eq(map->items[0].key, -3);
    cr_expect_eq(map->items[1].key, 5);
    cr_expect_eq(map->items[1].value.name, bolt);
    cr_expect_eq(map->items[1].value.price, 2.0);
    cr_expect_eq(map->items[2].key, 6);
    cr_expect_eq(map->items[3].value.name, chain);
    cr_expect_eq(stats.elements_inserted, 2);
    cr_expect_eq(stats.elements_removed, 1);
    cr_expect_eq(stats.elements_moved, 0);
    cr_expect_eq(stats.values_changed, 1);
    drop(&stock_map_type, map);
    cr_expect_not(has_leaks());
}

Test(places, a_map_without_new_keys_is_not_rebuilt)
{
    stock_map *map = decoded(&stock_map_type, stocks);
    const stock *items = map->items;
    const char *chain = map->items[2].value.name;

    /* [{5: [9, "x", 1.0, null, 86(h'')]}, [], {300: {2: 2.0}}]: what is put
     * is another, the struct is where it was */
    good(&stock_map_type, map,
        "83 a1 05 85 09 61 78 fb3ff0000000000000 f6 d85640"
        "80 a1 19012c a1 02 fb4000000000000000");
    cr_expect_eq(map->items, items);
    cr_expect_eq(map->items[1].value.id, 9);
    cr_expect_str_eq(map->items[1].value.name, "x");
    cr_expect_eq(map->items[2].value.name, chain);
    cr_expect_eq(map->items[2].value.price, 2.0);
    drop(&stock_map_type, map);
    cr_expect_not(has_leaks());
}

Test(places, all_that_a_map_can_lose)
{
    stock_map *map = decoded(&stock_map_type, stocks);
    mw_stats stats;

    /* [{}, [-2, 5, 300]] */
    stats = good(&stock_map_type, map, "82 a0 83 21 05 19012c");
    cr_expect_eq(map->len, 0);
    cr_expect_null(map->items);
    cr_expect_eq(stats.elements_removed, 3);
    /* [{7: …}] */
    good(&stock_map_type, map,
        "81 a1 07 85 09 61 78 fb3ff0000000000000 f6 d85640");
    cr_assert_eq(map->len, 1);
    cr_expect_eq(map->items[0].key, 7);
    drop(&stock_map_type, map);
    cr_expect_not(has_leaks());
}

Test(places, boxes_keep_their_blocks)
{
    /* [1, [1, "anvil", 1.0, null, 86(h'')], null, null] */
    crate *box = decoded(&crate_type,
        "84 01 85 01 65 616e76696c fb3ff0000000000000 f6 d85640 f6 f6");
    const item *thing = box->main;
    const char *name = box->main->name;

    /* {1: {2: 2.0}} */
    good(&crate_type, box, "a1 01 a1 02 fb4000000000000000");
    cr_expect_eq(box->main, thing);
    cr_expect_eq(box->main->name, name);
    cr_expect_eq(box->main->price, 2.0);
    /* {1: [9, "x", 3.0]}: an older peer's */
    good(&crate_type, box, "a1 01 83 09 61 78 fb4008000000000000");
    cr_expect_eq(box->main, thing);
    cr_expect_str_eq(box->main->name, "x");
    /* the whole struct, with a new box */
    good(&crate_type, box,
        "84 02 85 01 65 616e76696c fb3ff0000000000000 f6 d85640"
        "85 02 64 626f6c74 fb3ff0000000000000 f6 d85640 f6");
    cr_expect_eq(box->main, thing);
    cr_assert_not_null(box->spare);
    cr_expect_str_eq(box->spare->name, "bolt");
    /* {2: null} */
    good(&crate_type, box, "a1 02 f6");
    cr_expect_null(box->spare);
    drop(&crate_type, box);
    cr_expect_not(has_leaks());
}

Test(places, a_box_is_compared_by_what_it_holds)
{
    crate *box = decoded(&crate_type,
        "84 01 85 01 65 616e76696c fb3ff0000000000000 f6 d85640 f6 f6");
    struct server server;
    struct mwi_buf delta;
    item other = { 0 };
    crate *live;

    server_open(&server, &crate_type, box);
    live = server.object;
    other = *live->main;
    live->main = &other;
    delta = server_delta(&server);
    cr_expect_str_eq(hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)), "a0");
    mwi_buf_fini(&delta);
    other.price = 2.0;
    delta = server_delta(&server);
    cr_expect_str_eq(hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)),
        "a101a102fb4000000000000000");
    mwi_buf_fini(&delta);
    server_close(&server);
    drop(&crate_type, box);
}

Test(places, what_an_older_peer_does_not_know_stays)
{
    /* [3, [1, "anvil", 1.0, "note", 86(h'')]] */
    figure *sign = decoded(&figure_type,
        "82 03 85 01 65 616e76696c fb3ff0000000000000 64 6e6f7465 d85640");
    /* {3: 30, 7: 5, 10: "Ada", 20: "x"} */
    profile *owner =
        decoded(&profile_type, "a4 03 181e 07 05 0a 63 416461 14 61 78");

    /* the arm as a whole, but without note */
    good(&figure_type, sign, "82 03 83 02 61 61 fb4000000000000000");
    cr_expect_str_eq(sign->thing.name, "a");
    cr_assert_not_null(sign->thing.note);
    cr_expect_str_eq(sign->thing.note, "note");
    /* another member that is not known here, and no name */
    good(&profile_type, owner, "a3 03 181f 0b 05 14 f6");
    cr_expect_eq(owner->age, 31);
    cr_expect_str_eq(owner->name, "Ada");
    cr_expect_null(owner->note);
    good(&profile_type, owner, "84 0b 81 05 14 61 79");
    cr_expect_str_eq(owner->note, "y");
    drop(&figure_type, sign);
    drop(&profile_type, owner);
    cr_expect_not(has_leaks());
}

/* What the differ says of a value that is not to be sent. */
static void
check_unsendable(const mw_type *type, const void *old, const void *live,
    mw_status status, const char *text)
{
    struct mwi_snapshot none = { 0 };
    struct mwi_path root = { .name = "x" };
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    w.path = &root;
    mwi_diff(&w, type, &mwi_mask_all, &none, old, live);
    cr_expect_eq(w.error.status, status);
    cr_expect_str_eq(w.error.text, text);
    mwi_buf_fini(&buf);
}

Test(places, values_that_are_not_sent)
{
    stock_map *old = decoded(&stock_map_type, stocks);
    stock_map *live = decoded(&stock_map_type, stocks);
    gauge was = { .level = 10, .has_ratio = true, .ratio = 0.5 };
    gauge is = was;
    crate *box = decoded(&crate_type,
        "84 01 85 01 65 616e76696c fb3ff0000000000000 f6 d85640 f6 f6");
    crate bare = *box;
    figure sign = { .kind = FIGURE_NONE };
    figure other = { .kind = (figure_kind) 9 };

    live->items[0].key = 6;
    check_unsendable(
        &stock_map_type, old, live, MW_EINVAL, "x[5]: is out of order");
    live->items[0].key = -2;
    live->items[1].key = 300;
    check_unsendable(
        &stock_map_type, old, live, MW_EINVAL, "x[300]: is twice in the map");
    is.level = 9;
    check_unsendable(&gauge_type, &was, &is, MW_EINVAL,
        "x.level: 9 is below the minimum of 10");
    is = was;
    is.ratio = 1.5;
    check_unsendable(&gauge_type, &was, &is, MW_EINVAL,
        "x.ratio: 1.5 is above the maximum of 1");
    bare.main = NULL;
    check_unsendable(&crate_type, box, &bare, MW_EINVAL, "x.main: is NULL");
    check_unsendable(&figure_type, &sign, &other, MW_EINVAL,
        "x.tag: 9 is not a value of test::FigureKind");
    drop(&stock_map_type, old);
    drop(&stock_map_type, live);
    drop(&crate_type, box);
}

/* A chain of boxes that is deeper than patches go. */
Test(places, boxes_in_boxes)
{
    enum { DEPTH = 50 };
    item thing = { .id = 1 };
    item changed = { .id = 1 };
    crate old[DEPTH] = { { 0 } };
    crate live[DEPTH] = { { 0 } };
    crate *object = calloc(1, sizeof(*object));
    struct mwi_buf delta;
    mw_error error;

    cr_assert_not_null(object);
    for (size_t i = 0; i < DEPTH; i++) {
        old[i].main = live[i].main = &thing;
        if (i + 1 < DEPTH) {
            old[i].next = &old[i + 1];
            live[i].next = &live[i + 1];
        }
    }
    live[DEPTH - 1].main = &changed;
    cr_assert_eq(mw_object_copy(&crate_type, object, old), MW_OK);
    delta = delta_between(&crate_type, old, live);
    cr_expect_str_eq(hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)), "a0");
    mwi_buf_fini(&delta);
    changed.id = 2;
    delta = delta_between(&crate_type, old, live);
    cr_assert_eq(apply(&crate_type, object, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, NULL),
        MW_OK, "%s", error.text);
    cr_expect(mwi_equal(&crate_type, object, live));
    mwi_buf_fini(&delta);
    drop(&crate_type, object);
    cr_expect_not(has_leaks());
}

/* What only a program that breaks its promise, or a server that does, makes. */
Test(places, patches_of_what_has_none)
{
    const uint8_t delta[] = { 0xa1, 0x00, 0x81, 0x82, 0x00, 0x41, 0x01 };
    const uint8_t patch[] = { 0xa1, 0x01, 0xa1, 0x00, 0x05 };
    knot one = { 0 };
    knot *ref = &one;
    crate bare = { 0 };
    mw_error error;

    cr_expect_eq(
        apply(&knot_ref_type, &ref, delta, sizeof(delta), &error, NULL),
        MW_EPROTO);
    cr_expect_not_null(
        strstr(error.text, "x: test::Knot cannot be patched at byte 0"));
    cr_expect_eq(ref, &one);
    cr_expect_eq(apply(&crate_type, &bare, patch, sizeof(patch), &error, NULL),
        MW_EPROTO);
    cr_expect_not_null(
        strstr(error.text, "x.main: is NULL and cannot be patched"));
}

/* References are values: numbers in the message, addresses in memory. */
Test(places, references)
{
    knot theirs[3] = { { 0 } };
    knot ours[3] = { { 0 } };
    knot *near_then[] = { &theirs[0], &theirs[1] };
    knot *near_now[] = { &theirs[1], &theirs[2], &theirs[0] };
    char name[] = "bowline";
    knot old = { name, &theirs[0], { near_then, 2, 2 } };
    knot live = { name, &theirs[2], { near_now, 3, 3 } };
    knot object = { .name = mwi_strndup(name, strlen(name)),
        .next = &ours[0],
        .near = { mwi_calloc(2, sizeof(knot *)), 2, 2 } };
    struct mwi_snapshot none = { 0 };
    struct mwi_patch patch;
    struct mwi_nodes nodes;
    struct mwi_writer w;
    struct mwi_reader r;
    struct mwi_buf buf;
    size_t number;

    cr_assert(object.name != NULL && object.near.items != NULL);
    object.near.items[0] = &ours[0];
    object.near.items[1] = &ours[1];
    mwi_nodes_init(&nodes);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(
            mwi_nodes_number(&nodes, &knot_ref_type, &theirs[i], &number, NULL),
            MW_OK);
    }
    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    w.nodes = &nodes;
    mwi_diff(&w, &knot_type, &mwi_mask_all, &none, &old, &live);
    /* {1: 2, 2: [1, 2, 0]} */
    cr_expect_str_eq(hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf)), "a2010202"
                                                                  "83010200");
    mwi_nodes_fini(&nodes);

    mwi_nodes_init(&nodes);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(
            mwi_nodes_number(&nodes, &knot_ref_type, &ours[i], &number, NULL),
            MW_OK);
    }
    mwi_patch_init(&patch, 1 << 20);
    mwi_reader_init(&r, mwi_buf_bytes(&buf), mwi_buf_len(&buf), DELTA_DEPTH);
    r.nodes = &nodes;
    mwi_patch_stage(&patch, &r, &knot_type, &mwi_mask_all, &object);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK, "%s", r.error.text);
    mwi_patch_commit(&patch);
    cr_expect_eq(object.next, &ours[2]);
    cr_assert_eq(object.near.len, 3);
    cr_expect_eq(object.near.items[0], &ours[1]);
    cr_expect_eq(object.near.items[1], &ours[2]);
    cr_expect_eq(object.near.items[2], &ours[0]);
    mw_object_clear(&knot_type, &object);
    mwi_nodes_fini(&nodes);
    mwi_buf_fini(&buf);
    cr_expect_not(has_leaks());
}
