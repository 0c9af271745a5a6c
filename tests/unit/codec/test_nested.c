/* SPDX-License-Identifier: MIT */
/*
 * Objects that a program has nested deeper than any peer may: they cannot be
 * sent, but whatever else is done with them does not exhaust the stack.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "mw/node.h"

#include "base/mem.h"
#include "graph_types.h"
#include "kinds.h"
#include "object_assert.h"

enum { LENGTH = 100000, STACK = 256 * 1024 };

/* How a branch leads to the next one. */
typedef branch *(*next_fn)(branch *last);

static void *
must(void *block)
{
    cr_assert_not_null(block);
    return block;
}

static branch *
go_left(branch *last)
{
    last->left = must(calloc(1, sizeof(branch)));
    return last->left;
}

/* With something smaller on the other side, and a text behind it. */
static branch *
go_right(branch *last)
{
    last->left = must(calloc(1, sizeof(branch)));
    last->right = must(calloc(1, sizeof(branch)));
    last->first = must(calloc(1, sizeof(line)));
    last->first->note = must(strdup("note"));
    return last->right;
}

static branch *
go_left_of_two(branch *last)
{
    last->right = must(calloc(1, sizeof(branch)));
    return go_left(last);
}

static branch *
go_to_a_kid(branch *last)
{
    last->kids.items = must(calloc(2, sizeof(branch)));
    last->kids.len = last->kids.cap = 2;
    return &last->kids.items[0];
}

static branch *
go_through_a_map(branch *last)
{
    last->by_colour.items = must(calloc(2, sizeof(branch_by_colour_entry)));
    last->by_colour.len = last->by_colour.cap = 2;
    last->by_colour.items[0].value = must(calloc(1, sizeof(branch)));
    last->by_colour.items[1].value = must(calloc(1, sizeof(branch)));
    return last->by_colour.items[0].value;
}

static const next_fn ways[] = { go_left, go_right, go_left_of_two, go_to_a_kid,
    go_through_a_map };

enum { N_WAYS = sizeof(ways) / sizeof(ways[0]) };

static branch
nested(next_fn next, size_t length, uint32_t value)
{
    branch root = { 0 };
    branch *last = &root;

    for (size_t i = 0; i < length; i++) {
        last = next(last);
    }
    last->settings.count = value;
    return root;
}

/* Each test runs in a process of its own. */
static void
shrink_stack(void)
{
    struct rlimit limit = { STACK, STACK };

    cr_assert_eq(setrlimit(RLIMIT_STACK, &limit), 0);
}

Test(nested, clear)
{
    shrink_stack();
    for (size_t i = 0; i < N_WAYS; i++) {
        branch root = nested(ways[i], LENGTH, 1);

        mw_object_clear(&branch_type, &root);
        cr_assert_null(root.left);
    }
}

Test(nested, copy_and_equal)
{
    shrink_stack();
    for (size_t i = 0; i < N_WAYS; i++) {
        branch root = nested(ways[i], LENGTH, 1);
        branch other = nested(ways[i], LENGTH, 2);
        branch shorter = nested(ways[i], LENGTH - 1, 1);
        branch copy;

        cr_assert_eq(mw_object_copy(&branch_type, &copy, &root), MW_OK);
        cr_assert(mw_object_equal(&branch_type, &root, &copy));
        cr_assert_not(mw_object_equal(&branch_type, &root, &other));
        cr_assert_not(mw_object_equal(&branch_type, &root, &shorter));
        mw_object_clear(&branch_type, &copy);
        mw_object_clear(&branch_type, &root);
        mw_object_clear(&branch_type, &other);
        mw_object_clear(&branch_type, &shorter);
    }
}

Test(nested, print)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        branch root = nested(ways[i], 2000, 1);
        char *text = mw_object_text(&branch_type, &root);

        cr_assert_not_null(text);
        cr_assert_not_null(strstr(text, "..."));
        free(text);
        mw_object_clear(&branch_type, &root);
    }
}

Test(nested, encode)
{
    chain *first = NULL;
    chain value = { 0 };
    mw_error error;

    shrink_stack();
    for (size_t i = 0; i < LENGTH; i++) {
        chain *link = must(calloc(1, sizeof(*link)));

        link->next = first;
        first = link;
    }
    value.next = first;
    error = encode_error(&chain_type, &value);
    cr_assert_eq(error.status, MW_ERANGE);
    cr_assert_not_null(strstr(error.text, "nested deeper than 64 levels"));
    /* Any size will do, if only it comes back. */
    cr_assert_gt(mwi_encoded_size(NULL, &chain_type, &value, SIZE_MAX), 0);
    mw_object_clear(&chain_type, &value);
}

/* As deep as may be encoded, and one level more. */
Test(nested, the_last_level)
{
    branch fits = nested(go_left, 62, 1);
    branch back;
    uint8_t *bytes;
    size_t len;
    mw_error error;

    for (branch *at = &fits; at != NULL; at = at->left) {
        at->first = must(calloc(1, sizeof(line)));
        at->shape.tag = FIGURE_NOTHING;
        at->number = (number){ .tag = 8, .byte = 10 };
        at->settings.count = 1;
    }
    cr_assert_eq(mw_object_encode(&branch_type, &fits, &bytes, &len, &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(mwi_encoded_size(NULL, &branch_type, &fits, SIZE_MAX), len);
    cr_assert_eq(mw_object_decode(&branch_type, bytes, len, &back, &error),
        MW_OK, "%s", error.text);
    cr_assert(mw_object_equal(&branch_type, &fits, &back));
    free(bytes);
    mw_object_clear(&branch_type, &back);
    mw_object_clear(&branch_type, &fits);
}

/* Nothing is lost where there is no memory to go on with. */
Test(nested, without_memory)
{
    bool failed = true;

    for (uint64_t n = 1; failed; n++) {
        branch root = nested(go_left_of_two, 200, 1);
        branch copy;
        mw_status status;

        mwi_mem_fail_at(n);
        status = mw_object_copy(&branch_type, &copy, &root);
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, failed ? MW_ENOMEM : MW_OK);
        mw_object_clear(&branch_type, &copy);
        mw_object_clear(&branch_type, &root);
    }
}

/* A wide tree has more places to come back to than fit beside the walk. */
static branch
bushy(size_t levels)
{
    branch root = nested(go_left, 70, 1);
    branch *last = &root;

    while (last->left != NULL) {
        last = last->left;
    }
    last->kids.items = must(calloc(levels, sizeof(branch)));
    last->kids.len = last->kids.cap = levels;
    for (size_t i = 0; i < levels; i++) {
        branch *kid = &last->kids.items[i];

        kid->left = must(calloc(1, sizeof(branch)));
        *kid->left = nested(go_left, 70, 1);
    }
    return root;
}

Test(nested, wide)
{
    for (uint64_t n = 0; n < 3; n++) {
        branch root = bushy(200);
        branch copy;
        bool same;

        cr_assert_eq(mw_object_copy(&branch_type, &copy, &root), MW_OK);
        mwi_mem_fail_at(n);
        same = mw_object_equal(&branch_type, &root, &copy);
        cr_assert(same || mwi_mem_has_failed());
        mwi_mem_fail_at(n);
        mw_object_clear(&branch_type, &copy);
        mwi_mem_fail_at(0);
        mw_object_clear(&branch_type, &root);
    }
}

/* With references at every level. */
typedef struct shelf shelf;

struct shelf {
    shelf *below; /* @optional @external */
    node *item;
};

static const mw_type shelf_type;

static const mw_type shelf_box_type = {
    .name = "Shelf",
    .kind = MW_KIND_BOX,
    .flags = MW_TYPE_REFS,
    .size = sizeof(shelf *),
    .align = _Alignof(shelf *),
    .elem = &shelf_type,
};

static const mw_field shelf_fields[] = {
    { .name = "below",
        .type = &shelf_box_type,
        .offset = offsetof(shelf, below),
        .flags = MW_FIELD_OPTIONAL },
    { .name = "item",
        .type = &node_ref_type,
        .id = 1,
        .offset = offsetof(shelf, item) },
};

static const mw_type shelf_type = {
    .name = "Shelf",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_REFS,
    .size = sizeof(shelf),
    .align = _Alignof(shelf),
    .n_members = 2,
    .fields = shelf_fields,
};

/* All levels share a node, but the lowest, which has one of its own. */
Test(nested, references)
{
    shelf root = { .item = new_node(1, "shared") };
    shelf *last = &root;

    shrink_stack();
    for (size_t i = 0; i < LENGTH; i++) {
        last->below = must(calloc(1, sizeof(shelf)));
        last = last->below;
        last->item = root.item;
    }
    last->item = new_node(2, "own");
    cr_assert_eq(mw_graph_clear(&shelf_type, &root), MW_OK);
    cr_expect_null(root.below);
    cr_expect_null(root.item);
}
