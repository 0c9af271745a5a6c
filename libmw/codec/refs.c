/* SPDX-License-Identifier: MIT */
/*
 * Where there is no memory to note blocks for later, the stack has to do: that
 * takes a value far deeper than any that travels.
 */
#include "codec/refs.h"

#include <string.h>

#include "base/mem.h"
#include "codec/access.h"
#include "codec/later.h"
#include "codec/value.h"

struct visitor {
    mwi_ref_fn fn;
    void *user;
    struct mwi_later later;
};

static mw_status visit(
    struct visitor *v, const mw_type *type, unsigned char *value);

static mw_status
visit_items(
    struct visitor *v, const mw_type *elem, unsigned char *items, size_t n)
{
    mw_status status = MW_OK;

    for (size_t i = 0; i < n && status == MW_OK; i++) {
        status = visit(v, elem, items + i * elem->size);
    }
    return status;
}

/* Elements in a block of their own. */
static mw_status
visit_block(
    struct visitor *v, const mw_type *elem, unsigned char *block, size_t n)
{
    struct mwi_deferred deferred = { .type = elem, .at = block, .n = n };
    mw_status status;

    if (v->later.depth >= MWI_LATER_DEPTH &&
        mwi_later_push(&v->later, deferred)) {
        return MW_OK;
    }
    v->later.depth++;
    status = visit_items(v, elem, block, n);
    v->later.depth--;
    return status;
}

static mw_status
visit_members(struct visitor *v, const mw_type *type, const void *record)
{
    mw_status status = MW_OK;

    for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
        const mw_field *field = &type->fields[i];

        if (mwi_type_has_refs(field->type) &&
            mwi_field_is_present(field, record)) {
            status = visit(v, field->type, mwi_field_at(field, record));
        }
    }
    return status;
}

/* Where a value leads.  It holds references. */
static mw_status
visit(struct visitor *v, const mw_type *type, unsigned char *value)
{
    struct mwi_items items;
    const mw_field *arm;
    void *to;

    switch (type->kind) {
    case MW_KIND_REF:
        to = mwi_load_pointer(value);
        return to != NULL ? v->fn(v->user, type, to) : MW_OK;
    case MW_KIND_STRUCT:
        return visit_members(v, type, value);
    case MW_KIND_UNION:
        arm = mwi_union_arm(type, value);
        return arm != NULL && mwi_type_has_refs(arm->type)
                   ? visit(v, arm->type, mwi_field_at(arm, value))
                   : MW_OK;
    case MW_KIND_BOX:
        to = mwi_load_pointer(value);
        return to != NULL ? visit_block(v, type->elem, to, 1) : MW_OK;
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
        items = mwi_items_of(type, value);
        return visit_block(v, type->elem, items.at, items.len);
    default:
        items = mwi_items_of(type, value);
        return visit_items(v, type->elem, items.at, items.len);
    }
}

mw_status
mwi_each_ref(const mw_type *type, const void *value, mwi_ref_fn fn, void *user)
{
    struct visitor v;
    struct mwi_deferred deferred;
    mw_status status;

    if (value == NULL || !mwi_type_has_refs(type)) {
        return MW_OK;
    }
    v.fn = fn;
    v.user = user;
    mwi_later_init(&v.later);
    /* It is only read. */
    status = visit(&v, type, (unsigned char *) (uintptr_t) value);
    while (status == MW_OK && mwi_later_pop(&v.later, &deferred)) {
        status = visit_items(&v, deferred.type, deferred.at, deferred.n);
    }
    mwi_later_fini(&v.later);
    return status;
}

void
mwi_type_set_fini(struct mwi_type_set *set)
{
    mwi_free(set->at);
    *set = (struct mwi_type_set){ 0 };
}

static mw_status
enter(struct mwi_type_set *set, const mw_type *type)
{
    if (type == NULL || (type->flags & (MW_TYPE_REFS | MW_TYPE_NODE)) == 0) {
        return MW_OK;
    }
    for (size_t i = 0; i < set->n; i++) {
        if (set->at[i] == type) {
            return MW_OK;
        }
    }
    if (set->n == set->cap) {
        size_t cap = set->cap > 0 ? 2 * set->cap : 8;
        const mw_type **at = mwi_realloc(set->at, cap, sizeof(void *));

        if (at == NULL) {
            return MW_ENOMEM;
        }
        set->at = at;
        set->cap = cap;
    }
    set->at[set->n++] = type;
    return MW_OK;
}

mw_status
mwi_type_set_add(struct mwi_type_set *set, const mw_type *type)
{
    size_t next = set->n;
    mw_status status = enter(set, type);

    /* The set is the queue, too. */
    for (; next < set->n && status == MW_OK; next++) {
        const mw_type *met = set->at[next];

        status = enter(set, met->elem);
        for (uint32_t i = 0;
             met->fields != NULL && i < met->n_members && status == MW_OK;
             i++) {
            status = enter(set, met->fields[i].type);
        }
    }
    return status;
}

const mw_type *
mwi_type_set_node(const struct mwi_type_set *set, const char *name, size_t len)
{
    for (size_t i = 0; i < set->n; i++) {
        const mw_type *type = set->at[i];

        if ((type->flags & MW_TYPE_NODE) != 0 && strlen(type->name) == len &&
            memcmp(type->name, name, len) == 0) {
            return type;
        }
    }
    return NULL;
}
