/* SPDX-License-Identifier: MIT */
/*
 * Default values.
 */
#include "codec/init.h"

#include "mw/client.h"

#include "codec/access.h"
#include "codec/value.h"

struct maker {
    struct mwi_place *place;
    bool filled;    /* a text is empty rather than NULL */
    uint32_t depth; /* containers that are open: one that could not be encoded
                       is not made */
};

static mw_status init(struct maker *m, const mw_type *type, void *ret_value);

static mw_status
init_text(struct maker *m, void *ret_value, const char *text)
{
    size_t len = strlen(text);
    char *copy = mwi_place_strndup(m->place, text, len);

    if (copy == NULL) {
        return mwi_place_status(m->place, len + 1, 1);
    }
    mwi_store_string(ret_value, copy);
    return MW_OK;
}

static mw_status
init_field(struct maker *m, const mw_field *field, void *ret_record)
{
    void *value = mwi_field_at(field, ret_record);

    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        return MW_OK;
    }
    if (field->initial == NULL) {
        return init(m, field->type, value);
    }
    if (field->type->kind == MW_KIND_STRING) {
        return init_text(m, value, field->initial);
    }
    if (field->type->kind == MW_KIND_STRING_N) {
        memcpy(
            value, field->initial, strnlen(field->initial, field->type->bound));
        return MW_OK;
    }
    return mwi_copy(m->place, field->type, value, field->initial);
}

static mw_status
init_struct(struct maker *m, const mw_type *type, void *ret_value)
{
    mw_status status = MW_OK;

    for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
        status = init_field(m, &type->fields[i], ret_value);
    }
    return status;
}

static mw_status
init_array(struct maker *m, const mw_type *type, void *ret_value)
{
    mw_status status = MW_OK;
    char *items = ret_value;

    if (mwi_kind_is_number(type->elem->kind)) {
        return MW_OK;
    }
    for (uint32_t i = 0; i < type->bound && status == MW_OK; i++) {
        status = init(m, type->elem, items + (size_t) i * type->elem->size);
    }
    return status;
}

/* Not all enums have a value of 0. */
static void
init_enum(const mw_type *type, void *ret_value)
{
    if (mwi_enum_name(type, 0) == NULL) {
        mwi_store_bits(type, ret_value, (uint64_t) type->enumerators[0].value);
    }
}

static mw_status
init_union(struct maker *m, const mw_type *type, void *ret_value)
{
    int64_t tag = mwi_union_first_tag(type);
    const mw_field *arm = mwi_union_arm_of(type, tag);

    mwi_union_set_tag(type, ret_value, tag);
    return arm != NULL ? init_field(m, arm, ret_value) : MW_OK;
}

static mw_status
init_box(struct maker *m, const mw_type *type, void *ret_value)
{
    const mw_type *elem = type->elem;
    void *block = mwi_place_alloc(m->place, 1, elem->size, elem->align);

    if (block == NULL) {
        return mwi_place_status(m->place, 1, elem->size);
    }
    mwi_store_pointer(ret_value, block);
    return init(m, elem, block);
}

static mw_status
init(struct maker *m, const mw_type *type, void *ret_value)
{
    mw_status status = MW_OK;

    if (type->kind == MW_KIND_BOX) {
        return init_box(m, type, ret_value);
    }
    if (m->depth > MW_DEFAULT_DEPTH_MAX) {
        return MW_EINTERNAL;
    }
    m->depth++;
    switch (type->kind) {
    case MW_KIND_ENUM:
        init_enum(type, ret_value);
        break;
    case MW_KIND_STRING:
        status = m->filled ? init_text(m, ret_value, "") : MW_OK;
        break;
    case MW_KIND_STRUCT:
        status = init_struct(m, type, ret_value);
        break;
    case MW_KIND_ARRAY:
        status = init_array(m, type, ret_value);
        break;
    case MW_KIND_UNION:
        status = init_union(m, type, ret_value);
        break;
    default:
        break;
    }
    m->depth--;
    return status;
}

mw_status
mwi_init(struct mwi_place *place, const mw_type *type, void *ret_value)
{
    struct maker m = { .place = place };

    return init(&m, type, ret_value);
}

mw_status
mwi_init_field(struct mwi_place *place, const mw_field *field, void *ret_record)
{
    struct maker m = { .place = place };

    return init_field(&m, field, ret_record);
}

mw_status
mwi_init_field_filled(
    struct mwi_place *place, const mw_field *field, void *ret_record)
{
    struct maker m = { .place = place, .filled = true };

    return init_field(&m, field, ret_record);
}
