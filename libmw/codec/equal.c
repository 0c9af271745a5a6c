/* SPDX-License-Identifier: MIT */
#include "codec/access.h"
#include "codec/later.h"
#include "codec/nodes.h"
#include "codec/value.h"

struct comparer {
    struct mwi_pairing *pairing; /* NULL: references by address */
    struct mwi_later later;
};

static bool equal(
    struct comparer *c, const mw_type *type, const void *a, const void *b);

static bool
equal_texts(const mw_type *type, const void *a, const void *b)
{
    size_t len_a;
    size_t len_b;
    const char *text_a = mwi_text_of(type, a, &len_a);
    const char *text_b = mwi_text_of(type, b, &len_b);

    return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

static bool
equal_structs(
    struct comparer *c, const mw_type *type, const void *a, const void *b)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        bool present = mwi_field_is_present(field, a);

        if (present != mwi_field_is_present(field, b)) {
            return false;
        }
        if (present && !equal(c, field->type, mwi_field_at(field, a),
                           mwi_field_at(field, b))) {
            return false;
        }
    }
    return true;
}

static bool
equal_unions(
    struct comparer *c, const mw_type *type, const void *a, const void *b)
{
    int64_t tag = mwi_union_tag(type, a);
    const mw_field *arm = mwi_union_arm_of(type, tag);

    return tag == mwi_union_tag(type, b) &&
           (arm == NULL ||
               equal(c, arm->type, mwi_field_at(arm, a), mwi_field_at(arm, b)));
}

static bool
equal_items(struct comparer *c, const mw_type *elem, const unsigned char *a,
    const unsigned char *b, size_t n)
{
    if (n > 0 && mwi_kind_is_number(elem->kind)) {
        return memcmp(a, b, n * elem->size) == 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (!equal(c, elem, a + i * elem->size, b + i * elem->size)) {
            return false;
        }
    }
    return true;
}

/* Elements in blocks of their own. */
static bool
equal_blocks(struct comparer *c, const mw_type *elem, unsigned char *a,
    const unsigned char *b, size_t n)
{
    struct mwi_deferred deferred = { elem, a, b, n };
    bool result;

    if (c->later.depth >= MWI_LATER_DEPTH) {
        return mwi_later_push(&c->later, deferred);
    }
    c->later.depth++;
    result = equal_items(c, elem, a, b, n);
    c->later.depth--;
    return result;
}

static bool
equal_seqs(
    struct comparer *c, const mw_type *type, const void *a, const void *b)
{
    struct mwi_items items_a = mwi_items_of(type, a);
    struct mwi_items items_b = mwi_items_of(type, b);

    if (items_a.len != items_b.len) {
        return false;
    }
    return type->kind == MW_KIND_SEQ || type->kind == MW_KIND_MAP
               ? equal_blocks(
                     c, type->elem, items_a.at, items_b.at, items_a.len)
               : equal_items(
                     c, type->elem, items_a.at, items_b.at, items_a.len);
}

static bool
equal_boxes(
    struct comparer *c, const mw_type *type, const void *a, const void *b)
{
    void *block_a = mwi_load_pointer(a);
    void *block_b = mwi_load_pointer(b);

    if (block_a == NULL || block_b == NULL) {
        return block_a == block_b;
    }
    return equal_blocks(c, type->elem, block_a, block_b, 1);
}

static bool
equal_refs(struct mwi_pairing *pairing, const mw_type *type, const void *a,
    const void *b)
{
    const void *node_a = mwi_load_pointer(a);
    const void *node_b = mwi_load_pointer(b);
    size_t number_a;
    size_t number_b;

    if (pairing == NULL || node_a == NULL || node_b == NULL) {
        return node_a == node_b;
    }
    if (mwi_nodes_number(pairing->a, type, node_a, &number_a, NULL) < 0 ||
        mwi_nodes_number(pairing->b, type, node_b, &number_b, NULL) < 0) {
        pairing->failed = true;
        return false;
    }
    return number_a == number_b;
}

static bool
equal(struct comparer *c, const mw_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case MW_KIND_BOOL:
        return mwi_load_bool(a) == mwi_load_bool(b);
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        return equal_texts(type, a, b);
    case MW_KIND_STRUCT:
        return equal_structs(c, type, a, b);
    case MW_KIND_UNION:
        return equal_unions(c, type, a, b);
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
    case MW_KIND_MAP:
        return equal_seqs(c, type, a, b);
    case MW_KIND_BOX:
        return equal_boxes(c, type, a, b);
    case MW_KIND_REF:
        return equal_refs(c->pairing, type, a, b);
    default:
        return memcmp(a, b, type->size) == 0;
    }
}

bool
mwi_equal_paired(struct mwi_pairing *pairing, const mw_type *type,
    const void *a, const void *b)
{
    struct comparer c;
    struct mwi_deferred deferred;
    bool result;

    c.pairing = pairing;
    mwi_later_init(&c.later);
    result = equal(&c, type, a, b);
    while (result && mwi_later_pop(&c.later, &deferred)) {
        result = equal_items(
            &c, deferred.type, deferred.at, deferred.other, deferred.n);
    }
    mwi_later_fini(&c.later);
    return result;
}

bool
mwi_equal(const mw_type *type, const void *a, const void *b)
{
    return mwi_equal_paired(NULL, type, a, b);
}
