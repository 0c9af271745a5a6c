/* SPDX-License-Identifier: MIT */
/*
 * Two graphs, of which one is what became of the other: which node became
 * which.
 *
 * Both are walked side by side.  Nodes that are met for the first time, in the
 * same place, are a pair, whose name is the address of the node after.  A node
 * before that is half of none is gone; its name is the address of its copy.
 * The copies of what was before refer to nodes by these names.
 */
#include "base/mem.h"
#include "codec/access.h"
#include "codec/map.h"
#include "delta/changes.h"

enum { LEVELS_MAX = 64 }; /* in which pairs are looked for */

struct pairing {
    struct mwi_nodes *from;
    struct mwi_nodes *to;
    uint32_t depth;
    mw_status status;
};

static void walk(struct pairing *p, const mw_type *type, const void *before,
    const void *after);

/* Two references in the same place. */
static void
pair_nodes(struct pairing *p, const mw_type *ref, const void *before,
    const void *after)
{
    size_t number;

    if (before == NULL || after == NULL || p->status < 0 ||
        mwi_nodes_find(p->from, ref->elem, before, &number) ||
        mwi_nodes_find(p->to, ref->elem, after, &number)) {
        return;
    }
    p->status = mwi_nodes_number(p->from, ref, before, &number, NULL);
    if (p->status == MW_OK) {
        p->status = mwi_nodes_number(p->to, ref, after, &number, NULL);
    }
}

static void
walk_field(struct pairing *p, const mw_field *field, const void *before,
    const void *after)
{
    if (mwi_field_is_present(field, before) &&
        mwi_field_is_present(field, after)) {
        walk(p, field->type, mwi_field_at(field, before),
            mwi_field_at(field, after));
    }
}

static void
walk_maps(struct pairing *p, const mw_type *type, const void *before,
    const void *after)
{
    struct mwi_items was = mwi_items_of(type, before);
    struct mwi_items is = mwi_items_of(type, after);
    const mw_field *key = mwi_map_key(type);
    size_t i = 0;
    size_t j = 0;

    while (i < was.len && j < is.len) {
        const unsigned char *a = was.at + i * type->elem->size;
        const unsigned char *b = is.at + j * type->elem->size;
        int order = mwi_key_compare(
            key->type, mwi_field_at(key, a), mwi_field_at(key, b));

        if (order == 0) {
            walk_field(p, mwi_map_value(type), a, b);
        }
        i += order <= 0;
        j += order >= 0;
    }
}

static void
walk_items(struct pairing *p, const mw_type *type, const void *before,
    const void *after)
{
    struct mwi_items was = mwi_items_of(type, before);
    struct mwi_items is = mwi_items_of(type, after);
    size_t size = type->elem->size;

    for (size_t i = 0; i < was.len && i < is.len && p->status == MW_OK; i++) {
        walk(p, type->elem, was.at + i * size, is.at + i * size);
    }
}

static void
walk_within(struct pairing *p, const mw_type *type, const void *before,
    const void *after)
{
    const mw_field *arm;

    switch (type->kind) {
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            walk_field(p, &type->fields[i], before, after);
        }
        break;
    case MW_KIND_UNION:
        arm = mwi_union_arm(type, before);
        if (arm != NULL && arm == mwi_union_arm(type, after)) {
            walk_field(p, arm, before, after);
        }
        break;
    case MW_KIND_BOX:
        before = mwi_load_pointer(before);
        after = mwi_load_pointer(after);
        if (before != NULL && after != NULL) {
            walk(p, type->elem, before, after);
        }
        break;
    case MW_KIND_MAP:
        walk_maps(p, type, before, after);
        break;
    default:
        walk_items(p, type, before, after);
        break;
    }
}

static void
walk(struct pairing *p, const mw_type *type, const void *before,
    const void *after)
{
    if (!mwi_type_has_refs(type) || p->status < 0) {
        return;
    }
    if (type->kind == MW_KIND_REF) {
        pair_nodes(p, type, mwi_load_pointer(before), mwi_load_pointer(after));
    } else if (p->depth < LEVELS_MAX) {
        p->depth++;
        walk_within(p, type, before, after);
        p->depth--;
    }
}

/* Walk the pairs that were met until no more are. */
static void
walk_pairs(struct pairing *p)
{
    size_t t = 0;
    size_t i;

    while (p->status == MW_OK && mwi_nodes_next(p->from, &t, &i)) {
        const mw_type *type = p->from->tables[t].type;

        walk(p, type, mwi_nodes_at(p->from, type, i),
            mwi_nodes_at(p->to, type, i));
    }
}

/* Find what is in no pair. */
static mw_status
collect_rest(struct mwi_nodes *from, const mw_type *type, const void *before)
{
    for (size_t t = 0; t < from->n_tables; t++) {
        from->tables[t].n_known = 0;
    }
    return mwi_nodes_collect(from, type, before);
}

/* Name the nodes that are gone. */
static mw_status
name_gone(struct mwi_changes *changes)
{
    mw_status status = MW_OK;

    for (size_t t = 0; t < changes->copies.n_tables; t++) {
        const struct mwi_node_table *copies = &changes->copies.tables[t];
        const mw_type ref = { .kind = MW_KIND_REF, .elem = copies->type };
        const struct mwi_node_table *pairs =
            mwi_nodes_find_table(&changes->nodes.to, copies->type);
        size_t i = pairs != NULL ? mwi_node_count(pairs) : 0;
        size_t number;

        for (; i < mwi_node_count(copies) && status == MW_OK; i++) {
            void *node = mwi_node_at(copies, i);

            status =
                mwi_nodes_number(&changes->nodes.to, &ref, node, &number, NULL);
            mwi_changes_free_node(changes, node);
        }
    }
    return status;
}

void
mwi_changes_pair(struct mwi_changes *changes, const mw_type *type,
    const void *before, const void *after)
{
    const struct mwi_watched object = { NULL, type, after, NULL };
    struct mwi_node_copies *nodes = &changes->nodes;
    struct pairing p = { .from = &nodes->from, .to = &nodes->to };

    walk(&p, type, before, after);
    walk_pairs(&p);
    changes->failed = changes->failed || p.status < 0 ||
                      collect_rest(&nodes->from, type, before) < 0 ||
                      mwi_changes_make_room(changes, &nodes->from) < 0 ||
                      name_gone(changes) < 0 ||
                      mwi_changes_add(changes, &object, before, nodes) < 0;
}
