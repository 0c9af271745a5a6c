/* SPDX-License-Identifier: MIT */
#include "codec/refs.h"

#include <string.h>

#include "base/mem.h"
#include "codec/access.h"
#include "codec/value.h"

static bool
has_refs(const mw_type *type)
{
    return (type->flags & MW_TYPE_REFS) != 0;
}

static mw_status
visit_items(const mw_type *type, const void *value, mwi_ref_fn fn, void *user)
{
    struct mwi_items items = mwi_items_of(type, value);
    mw_status status = MW_OK;

    for (size_t i = 0; i < items.len && status == MW_OK; i++) {
        status =
            mwi_each_ref(type->elem, items.at + i * type->elem->size, fn, user);
    }
    return status;
}

/* Visit all members with references but the last, which *ret_next is then. */
static mw_status
visit_members(const mw_type *type, const void *record, mwi_ref_fn fn,
    void *user, const mw_field **ret_next)
{
    const mw_field *last = NULL;
    mw_status status = MW_OK;

    for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
        const mw_field *field = &type->fields[i];

        if (!has_refs(field->type) || !mwi_field_is_present(field, record)) {
            continue;
        }
        if (last != NULL) {
            status =
                mwi_each_ref(last->type, mwi_field_at(last, record), fn, user);
        }
        last = field;
    }
    *ret_next = last;
    return status;
}

mw_status
mwi_each_ref(const mw_type *type, const void *value, mwi_ref_fn fn, void *user)
{
    /* The last member of a struct is visited by another turn of the loop, so
     * that a chain of boxes takes no stack. */
    while (value != NULL && has_refs(type)) {
        const mw_field *next = NULL;
        mw_status status;
        void *node;

        switch (type->kind) {
        case MW_KIND_REF:
            node = mwi_load_pointer(value);
            return node != NULL ? fn(user, type, node) : MW_OK;
        case MW_KIND_STRUCT:
            status = visit_members(type, value, fn, user, &next);
            if (status < 0) {
                return status;
            }
            break;
        case MW_KIND_UNION:
            next = mwi_union_arm(type, value);
            break;
        case MW_KIND_BOX:
            value = mwi_load_pointer(value);
            type = type->elem;
            continue;
        default:
            return visit_items(type, value, fn, user);
        }
        if (next == NULL) {
            return MW_OK;
        }
        value = mwi_field_at(next, value);
        type = next->type;
    }
    return MW_OK;
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
        const mw_type **at = mwi_realloc(set->at, cap, sizeof(*at));

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
