/* SPDX-License-Identifier: MIT */
/*
 * Deep copies.
 */
#include "codec/access.h"
#include "codec/later.h"
#include "codec/value.h"

struct copier {
    struct mwi_place *place;
    struct mwi_later later;
};

static mw_status copy(struct copier *c, const mw_type *type,
    unsigned char *ret_value, const unsigned char *src);

/* Whether a copy of the bytes is a copy of the value. */
static bool
is_plain(const struct copier *c, const mw_type *type)
{
    return mwi_type_is_flat(type) &&
           (c->place->copies == NULL || !mwi_type_has_refs(type));
}

static mw_status
copy_text(struct copier *c, void *ret_value, const char *text)
{
    size_t len;
    char *text_copy;

    if (text == NULL) {
        return MW_OK;
    }
    len = strlen(text);
    text_copy = mwi_place_strndup(c->place, text, len);
    if (text_copy == NULL) {
        return mwi_place_status(c->place, len + 1, 1);
    }
    mwi_store_string(ret_value, text_copy);
    return MW_OK;
}

/* Elements, into zeroed storage. */
static mw_status
copy_items(struct copier *c, const mw_type *elem, unsigned char *to,
    const unsigned char *from, size_t n)
{
    mw_status status = MW_OK;

    if (n > 0 && is_plain(c, elem)) {
        memcpy(to, from, n * elem->size);
        return MW_OK;
    }
    for (size_t i = 0; i < n && status == MW_OK; i++) {
        status = copy(c, elem, to + i * elem->size, from + i * elem->size);
    }
    return status;
}

/* Elements into a block of their own, which *ret_block is. */
static mw_status
copy_block(struct copier *c, const mw_type *elem, const unsigned char *from,
    size_t n, void **ret_block)
{
    void *block = mwi_place_alloc(c->place, n, elem->size, elem->align);
    struct mwi_deferred deferred = { elem, block, from, n };
    mw_status status;

    if (block == NULL) {
        return mwi_place_status(c->place, n, elem->size);
    }
    *ret_block = block;
    if (c->later.depth >= MWI_LATER_DEPTH && !is_plain(c, elem)) {
        return mwi_later_push(&c->later, deferred) ? MW_OK : MW_ENOMEM;
    }
    c->later.depth++;
    status = copy_items(c, elem, block, from, n);
    c->later.depth--;
    return status;
}

static mw_status
copy_seq(
    struct copier *c, const mw_type *type, void *ret_value, const void *src)
{
    struct mwi_items from = mwi_items_of(type, src);
    struct mwi_seq seq = { .len = from.len, .cap = from.len };
    mw_status status;

    if (from.len == 0) {
        return MW_OK;
    }
    status = copy_block(c, type->elem, from.at, from.len, &seq.items);
    if (seq.items != NULL) {
        mwi_store_seq(ret_value, seq);
    }
    return status;
}

static mw_status
copy_box(
    struct copier *c, const mw_type *type, void *ret_value, const void *src)
{
    const void *from = mwi_load_pointer(src);
    void *block = NULL;
    mw_status status;

    if (from == NULL) {
        return MW_OK;
    }
    status = copy_block(c, type->elem, from, 1, &block);
    mwi_store_pointer(ret_value, block);
    return status;
}

static mw_status
copy_struct(
    struct copier *c, const mw_type *type, void *ret_value, const void *src)
{
    mw_status status = MW_OK;

    for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
        const mw_field *field = &type->fields[i];

        if (mwi_field_is_present(field, src)) {
            mwi_field_set_present(field, ret_value, true);
            status = copy(c, field->type, mwi_field_at(field, ret_value),
                mwi_field_at(field, src));
        }
    }
    return status;
}

static mw_status
copy_union(
    struct copier *c, const mw_type *type, void *ret_value, const void *src)
{
    const mw_field *arm = mwi_union_arm(type, src);

    memcpy(ret_value, src, type->elem->size);
    return arm != NULL ? copy(c, arm->type, mwi_field_at(arm, ret_value),
                             mwi_field_at(arm, src))
                       : MW_OK;
}

static mw_status
copy_ref(
    struct copier *c, const mw_type *type, void *ret_value, const void *src)
{
    const void *node = mwi_load_pointer(src);
    void *its_copy;

    if (node == NULL) {
        return MW_OK;
    }
    its_copy = mwi_node_copy_of(c->place, type, node);
    mwi_store_pointer(ret_value, its_copy);
    return its_copy != NULL ? MW_OK : MW_ENOMEM;
}

static mw_status
copy(struct copier *c, const mw_type *type, unsigned char *ret_value,
    const unsigned char *src)
{
    struct mwi_items items;

    if (is_plain(c, type)) {
        memcpy(ret_value, src, type->size);
        return MW_OK;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        return copy_text(c, ret_value, mwi_load_string(src));
    case MW_KIND_STRUCT:
        return copy_struct(c, type, ret_value, src);
    case MW_KIND_UNION:
        return copy_union(c, type, ret_value, src);
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
        return copy_seq(c, type, ret_value, src);
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        items = mwi_items_of(type, src);
        if (type->kind == MW_KIND_SEQ_N) {
            mwi_store_len(ret_value, items.len);
        }
        return copy_items(c, type->elem, mwi_items_of(type, ret_value).at,
            items.at, items.len);
    case MW_KIND_BOX:
        return copy_box(c, type, ret_value, src);
    case MW_KIND_REF:
        return copy_ref(c, type, ret_value, src);
    default:
        memcpy(ret_value, src, type->size);
        return MW_OK;
    }
}

mw_status
mwi_copy(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src)
{
    struct copier c;
    struct mwi_deferred deferred;
    mw_status status;

    c.place = place;
    mwi_later_init(&c.later);
    status = copy(&c, type, ret_value, src);
    while (status == MW_OK && mwi_later_pop(&c.later, &deferred)) {
        status = copy_items(
            &c, deferred.type, deferred.at, deferred.other, deferred.n);
    }
    mwi_later_fini(&c.later);
    return status;
}
