/* SPDX-License-Identifier: MIT */
/*
 * Two values walked side by side, and a line for each change.
 */
#include "codec/access.h"
#include "codec/map.h"
#include "delta/changes_lines.h"
#include "delta/compare.h"

enum {
    LEVELS_MAX = 64
}; /* that are told of one by one; also the length of
      the way to a value */

static void
put_replaced(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    mwi_line_begin(l, "", step);
    mwi_line_value(l, type, old);
    mwi_line_puts(l, " -> ");
    mwi_line_value(l, type, live);
    mwi_line_end(l);
}

static void
compare_field(struct mwi_lines *l, const struct mwi_step *up,
    const mw_field *field, const void *old, const void *live)
{
    struct mwi_step step = { .up = up, .name = field->name };
    bool was = mwi_field_is_present(field, old);
    bool is = mwi_field_is_present(field, live);
    const void *old_member = mwi_field_at(field, old);
    const void *live_member = mwi_field_at(field, live);

    if (was && is) {
        mwi_lines_compare(l, &step, field->type, old_member, live_member);
    } else if (was) {
        mwi_line_one(l, "- ", &step, field->type, old_member);
    } else if (is) {
        mwi_line_one(l, "+ ", &step, field->type, live_member);
    }
}

static void
compare_unions(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    const mw_field *arm = mwi_union_arm(type, live);

    if (!mwi_same(type->elem, NULL, old, NULL, live)) {
        put_replaced(l, step, type, old, live);
    } else if (arm != NULL) {
        compare_field(l, step, arm, old, live);
    }
}

static void
compare_boxes(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    const void *was = mwi_load_pointer(old);
    const void *is = mwi_load_pointer(live);

    if (was != NULL && is != NULL) {
        mwi_lines_compare(l, step, type->elem, was, is);
    } else if (was != is) {
        put_replaced(l, step, type, old, live);
    }
}

/* Which of two maps has the lower key next: negative for the first, 0 for both,
 * positive for the second. */
static int
next_key(const mw_type *type, struct mwi_items a, struct mwi_items b)
{
    const mw_field *key = mwi_map_key(type);

    if (a.len == 0 || b.len == 0) {
        return a.len == 0 ? 1 : -1;
    }
    return mwi_key_compare(
        key->type, mwi_field_at(key, a.at), mwi_field_at(key, b.at));
}

static struct mwi_items
without_first(struct mwi_items items, const mw_type *elem)
{
    return (struct mwi_items){ items.at + elem->size, items.len - 1 };
}

/* Both in ascending order of their keys. */
static void
compare_maps(struct mwi_lines *l, const struct mwi_step *up,
    const mw_type *type, const void *old, const void *live)
{
    struct mwi_items was = mwi_items_of(type, old);
    struct mwi_items is = mwi_items_of(type, live);
    const mw_field *key = mwi_map_key(type);
    const mw_field *value = mwi_map_value(type);

    while (was.len > 0 || is.len > 0) {
        int order = next_key(type, was, is);
        struct mwi_step step = {
            .up = up,
            .key_type = key->type,
            .key = mwi_field_at(key, order <= 0 ? was.at : is.at),
        };

        if (order < 0) {
            mwi_line_one(
                l, "- ", &step, value->type, mwi_field_at(value, was.at));
        } else if (order > 0) {
            mwi_line_one(
                l, "+ ", &step, value->type, mwi_field_at(value, is.at));
        } else {
            mwi_lines_compare(l, &step, value->type,
                mwi_field_at(value, was.at), mwi_field_at(value, is.at));
        }
        was = order <= 0 ? without_first(was, type->elem) : was;
        is = order >= 0 ? without_first(is, type->elem) : is;
    }
}

static void
compare_within(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    switch (type->kind) {
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            compare_field(l, step, &type->fields[i], old, live);
        }
        break;
    case MW_KIND_UNION:
        compare_unions(l, step, type, old, live);
        break;
    case MW_KIND_BOX:
        compare_boxes(l, step, type, old, live);
        break;
    case MW_KIND_MAP:
        compare_maps(l, step, type, old, live);
        break;
    default:
        mwi_lines_compare_items(l, step, type, old, live);
        break;
    }
}

static void
compare_container(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    if (l->depth < LEVELS_MAX) {
        l->depth++;
        compare_within(l, step, type, old, live);
        l->depth--;
    } else if (!mwi_same(type, NULL, old, NULL, live)) {
        mwi_line_begin(l, "", step);
        mwi_line_puts(l, "changed, too deep to tell where");
        mwi_line_end(l);
    }
}

void
mwi_lines_compare(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        mwi_lines_compare_texts(l, step, type, old, live);
        break;
    case MW_KIND_STRUCT:
    case MW_KIND_UNION:
    case MW_KIND_BOX:
    case MW_KIND_MAP:
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        compare_container(l, step, type, old, live);
        break;
    default:
        if (!mwi_same(type, NULL, old, NULL, live)) {
            put_replaced(l, step, type, old, live);
        }
        break;
    }
}
