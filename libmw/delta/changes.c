/* SPDX-License-Identifier: MIT */
/*
 * Watching objects and telling of their changes.
 */
#include "delta/changes.h"

#include "mw/object.h"

#include "base/mem.h"
#include "codec/access.h"
#include "delta/changes_lines.h"

void
mwi_changes_init(struct mwi_changes *changes)
{
    *changes = (struct mwi_changes){ .failed = false };
    mwi_nodes_init(&changes->nodes.from);
    mwi_nodes_init(&changes->nodes.to);
    mwi_nodes_init(&changes->copies);
    mwi_map_init(&changes->gone);
}

void
mwi_changes_fini(struct mwi_changes *changes)
{
    for (size_t i = 0; i < changes->n_objects; i++) {
        struct mwi_watched *object = &changes->objects[i];

        if (object->before != NULL) {
            mwi_clear(object->type, object->before);
            mwi_free(object->before);
        }
    }
    mwi_free(changes->objects);
    for (size_t t = 0; t < changes->copies.n_tables; t++) {
        changes->copies.tables[t].n_known = 0;
    }
    mwi_nodes_free_new(&changes->copies);
    mwi_nodes_fini(&changes->copies);
    mwi_nodes_fini(&changes->nodes.from);
    mwi_nodes_fini(&changes->nodes.to);
    mwi_map_fini(&changes->gone);
}

/* How many nodes of a type were copied. */
static size_t
count_watched(const struct mwi_changes *changes, const mw_type *type)
{
    const struct mwi_node_table *table =
        mwi_nodes_find_table(&changes->copies, type);

    return table != NULL ? mwi_node_count(table) : 0;
}

static struct mwi_watched *
add_object(struct mwi_changes *changes)
{
    if (changes->n_objects == changes->cap) {
        size_t cap = changes->cap > 0 ? 2 * changes->cap : 2;
        struct mwi_watched *objects =
            mwi_realloc(changes->objects, cap, sizeof(*objects));

        if (objects == NULL) {
            return NULL;
        }
        changes->objects = objects;
        changes->cap = cap;
    }
    return &changes->objects[changes->n_objects++];
}

mw_status
mwi_changes_make_room(
    struct mwi_changes *changes, const struct mwi_nodes *nodes)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    mw_status status = MW_OK;

    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];
        size_t i = count_watched(changes, table->type);

        for (; i < mwi_node_count(table) && status == MW_OK; i++) {
            status = mwi_nodes_append_new(&changes->copies, &heap, table->type);
        }
    }
    return status;
}

/* Copy those nodes that have not been copied yet. */
static mw_status
copy_nodes(struct mwi_changes *changes, struct mwi_place *place,
    const struct mwi_nodes *nodes)
{
    mw_status status = MW_OK;

    for (size_t t = 0; t < changes->copies.n_tables; t++) {
        struct mwi_node_table *table = &changes->copies.tables[t];

        while (table->n_known < mwi_node_count(table) && status == MW_OK) {
            size_t i = table->n_known++;

            status = mwi_copy(place, table->type, mwi_node_at(table, i),
                mwi_nodes_at(nodes, table->type, i));
        }
    }
    return status;
}

mw_status
mwi_changes_add(struct mwi_changes *changes, const struct mwi_watched *object,
    const void *before, struct mwi_node_copies *references)
{
    struct mwi_place heap = { .budget = SIZE_MAX, .copies = references };
    struct mwi_watched *added = add_object(changes);
    const struct mwi_nodes *nodes =
        references != NULL ? &references->from : &changes->nodes.to;
    mw_status status;

    if (added == NULL) {
        return MW_ENOMEM;
    }
    *added = *object;
    added->before = mwi_calloc(1, object->type->size);
    if (added->before == NULL) {
        return MW_ENOMEM;
    }
    status = mwi_copy(&heap, object->type, added->before, before);
    return status == MW_OK ? copy_nodes(changes, &heap, nodes) : status;
}

void
mwi_changes_watch(struct mwi_changes *changes, const char *name,
    const mw_type *type, const void *object)
{
    const struct mwi_watched watched = { name, type, object, NULL };
    struct mwi_nodes *nodes = &changes->nodes.to;

    changes->failed = changes->failed ||
                      mwi_nodes_collect(nodes, type, object) < 0 ||
                      mwi_changes_make_room(changes, nodes) < 0 ||
                      mwi_changes_add(changes, &watched, object, NULL) < 0;
}

void
mwi_changes_expect(
    struct mwi_changes *changes, const mw_type *type, const void *object)
{
    struct mwi_watched *expected;

    if (mwi_type_has_refs(type)) {
        expected = add_object(changes);
        changes->failed = changes->failed || expected == NULL;
        if (expected != NULL) {
            *expected = (struct mwi_watched){ NULL, type, object, NULL };
        }
    }
}

void
mwi_changes_keep(
    struct mwi_changes *changes, const mw_type *type, const void *object)
{
    mwi_changes_expect(changes, type, object);
    changes->failed = changes->failed ||
                      mwi_nodes_collect(&changes->nodes.to, type, object) < 0;
}

void
mwi_changes_free_node(struct mwi_changes *changes, const void *node)
{
    void *value = (void *) (uintptr_t) node;

    changes->failed =
        mwi_map_put(&changes->gone, (uintptr_t) node, value) < 0 ||
        changes->failed;
}

/* What the text is made from. */
struct telling {
    struct mwi_changes *changes;
    struct mwi_nodes reached; /* from the objects as they are */
    struct mwi_nodes beyond;  /* from nodes that are not */
    size_t *n_before;         /* by table: nodes that are not new */
    size_t n_tables;
    struct mwi_lines lines;
};

static bool
is_gone(const struct mwi_changes *changes, const void *node)
{
    return mwi_map_get(&changes->gone, (uintptr_t) node) != NULL;
}

/* Give numbers to nodes that have none. */
static mw_status
number_all(struct mwi_changes *changes, const struct mwi_nodes *met)
{
    mw_status status = MW_OK;

    for (size_t t = 0; t < met->n_tables; t++) {
        const struct mwi_node_table *table = &met->tables[t];
        const mw_type ref = { .kind = MW_KIND_REF, .elem = table->type };
        size_t number;

        for (size_t i = 0; i < mwi_node_count(table) && status == MW_OK; i++) {
            status = mwi_nodes_number(
                &changes->nodes.to, &ref, mwi_node_at(table, i), &number, NULL);
        }
    }
    return status;
}

/* Whether a node was met when the objects were looked at again. */
static bool
is_reached(const struct telling *t, const mw_type *type, const void *node)
{
    size_t number;

    return mwi_nodes_find(&t->reached, type, node, &number);
}

/* Find all nodes that there are now, and number them. */
static mw_status
find_nodes(struct telling *t)
{
    struct mwi_changes *changes = t->changes;
    mw_status status = MW_OK;

    for (size_t i = 0; i < changes->n_objects && status == MW_OK; i++) {
        status = mwi_nodes_collect(
            &t->reached, changes->objects[i].type, changes->objects[i].live);
    }
    for (size_t k = 0; k < changes->copies.n_tables; k++) {
        const mw_type *type = changes->copies.tables[k].type;
        size_t n = count_watched(changes, type);

        for (size_t i = 0; i < n && status == MW_OK; i++) {
            void *node = mwi_nodes_at(&changes->nodes.to, type, i);

            if (!is_gone(changes, node) && !is_reached(t, type, node)) {
                status = mwi_nodes_collect(&t->beyond, type, node);
            }
        }
    }
    if (status == MW_OK) {
        status = number_all(changes, &t->reached);
    }
    return status == MW_OK ? number_all(changes, &t->beyond) : status;
}

static void
tell_fate(struct mwi_lines *l, const mw_type *type, size_t number,
    const char *fate, const void *value)
{
    const struct mwi_step step = {
        .name = fate, .node = type, .first = number
    };

    mwi_line_one(l, "", &step, type, value);
}

static void
tell_node(struct telling *t, const mw_type *type, size_t number, bool is_new)
{
    const struct mwi_changes *changes = t->changes;
    const struct mwi_step step = { .node = type, .first = number };
    const void *node = mwi_nodes_at(&changes->nodes.to, type, number);
    const void *copy = mwi_nodes_at(&changes->copies, type, number);

    if (is_new) {
        tell_fate(&t->lines, type, number, " new", node);
    } else if (copy != NULL && is_gone(changes, node)) {
        tell_fate(&t->lines, type, number, " gone", copy);
    } else if (copy != NULL) {
        if (!is_reached(t, type, node)) {
            tell_fate(&t->lines, type, number, " unlinked", node);
        }
        mwi_lines_compare(&t->lines, &step, type, copy, node);
    }
}

static void
tell(struct telling *t)
{
    const struct mwi_nodes *nodes = &t->changes->nodes.to;

    for (size_t i = 0; i < t->changes->n_objects; i++) {
        const struct mwi_watched *object = &t->changes->objects[i];
        const struct mwi_step step = { .name = object->name };

        if (object->before != NULL) {
            mwi_lines_compare(&t->lines, object->name != NULL ? &step : NULL,
                object->type, object->before, object->live);
        }
    }
    for (size_t k = 0; k < nodes->n_tables; k++) {
        size_t n_before = k < t->n_tables ? t->n_before[k] : 0;

        for (size_t i = 0; i < mwi_node_count(&nodes->tables[k]); i++) {
            tell_node(t, nodes->tables[k].type, i, i >= n_before);
        }
    }
}

char *
mwi_changes_text(struct mwi_changes *changes)
{
    struct telling t = { .changes = changes,
        .n_tables = changes->nodes.to.n_tables };
    char *text = NULL;

    mwi_nodes_init(&t.reached);
    mwi_nodes_init(&t.beyond);
    t.n_before = mwi_calloc(t.n_tables, sizeof(*t.n_before));
    for (size_t k = 0; k < t.n_tables && t.n_before != NULL; k++) {
        t.n_before[k] = mwi_node_count(&changes->nodes.to.tables[k]);
    }
    if (!changes->failed && t.n_before != NULL && find_nodes(&t) == MW_OK) {
        mwi_lines_init(&t.lines, &changes->nodes.to);
        tell(&t);
        text = mwi_lines_finish(&t.lines);
    }
    mwi_free(t.n_before);
    mwi_nodes_fini(&t.reached);
    mwi_nodes_fini(&t.beyond);
    return text;
}

/* Two objects without references need not be copied to be compared. */
static char *
changes_by_value(const mw_type *type, const void *before, const void *after)
{
    struct mwi_lines lines;

    mwi_lines_init(&lines, NULL);
    mwi_lines_compare(&lines, NULL, type, before, after);
    return mwi_lines_finish(&lines);
}

char *
mw_object_changes(const mw_type *type, const void *before, const void *after)
{
    struct mwi_changes changes;
    char *text;

    if (!mwi_type_has_refs(type)) {
        return changes_by_value(type, before, after);
    }
    mwi_changes_init(&changes);
    mwi_changes_pair(&changes, type, before, after);
    text = mwi_changes_text(&changes);
    mwi_changes_fini(&changes);
    return text;
}
