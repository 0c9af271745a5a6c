/* SPDX-License-Identifier: MIT */
/*
 * Unions: which arm a tag selects, and selecting another one.
 */
#include <inttypes.h>

#include "base/mem.h"
#include "codec/access.h"
#include "codec/init.h"
#include "codec/value.h"

int64_t
mwi_union_tag(const mw_type *type, const void *value)
{
    return mwi_load_integer(type->elem, value);
}

void
mwi_union_set_tag(const mw_type *type, void *value, int64_t tag)
{
    mwi_store_bits(type->elem, value, (uint64_t) tag);
}

const mw_field *
mwi_union_arm_of(const mw_type *type, int64_t tag)
{
    uint32_t arm = type->default_arm;
    uint32_t low = 0;
    uint32_t high = type->n_cases;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (type->cases[middle].tag == tag) {
            arm = type->cases[middle].arm;
            break;
        }
        if (type->cases[middle].tag < tag) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return arm != MW_NO_ARM ? &type->fields[arm] : NULL;
}

const mw_field *
mwi_union_arm(const mw_type *type, const void *value)
{
    return mwi_union_arm_of(type, mwi_load_integer(type->elem, value));
}

int64_t
mwi_union_read_tag(struct mwi_reader *r, const mw_type *type)
{
    struct mwi_path step = { .up = r->path, .name = "tag" };
    struct mwi_place nowhere = { .budget = 0 };
    uint64_t storage = 0;

    r->path = &step;
    mwi_decode(r, &nowhere, type->elem, &storage);
    r->path = step.up;
    return mwi_load_integer(type->elem, &storage);
}

void
mwi_union_write_tag(
    struct mwi_writer *w, const mw_type *type, const void *value)
{
    struct mwi_path step = { .up = w->path, .name = "tag" };

    w->path = &step;
    mwi_encode(w, type->elem, value);
    w->path = step.up;
}

/* Whether the tag's type has a value. */
static bool
is_tag(const mw_type *tag, int64_t value)
{
    switch (tag->kind) {
    case MW_KIND_BOOL:
        return value == 0 || value == 1;
    case MW_KIND_U8:
        return value >= 0 && value <= UINT8_MAX;
    case MW_KIND_I8:
        return value >= INT8_MIN && value <= INT8_MAX;
    case MW_KIND_U16:
        return value >= 0 && value <= UINT16_MAX;
    case MW_KIND_I16:
        return value >= INT16_MIN && value <= INT16_MAX;
    case MW_KIND_U32:
        return value >= 0 && value <= UINT32_MAX;
    case MW_KIND_I32:
        return value >= INT32_MIN && value <= INT32_MAX;
    case MW_KIND_ENUM:
        return mwi_enum_name(tag, value) != NULL;
    default:
        return true;
    }
}

int64_t
mwi_union_first_tag(const mw_type *type)
{
    if (is_tag(type->elem, 0)) {
        return 0;
    }
    return type->n_cases > 0 ? type->cases[0].tag
                             : type->elem->enumerators[0].value;
}

/* Exchange all that a union is for a tag and its arm, whose bytes are given. */
static void
replace(struct mwi_place *place, const mw_type *type, void *value, int64_t tag,
    const mw_field *arm, const void *bytes)
{
    if (place->arena == NULL) {
        mwi_clear(type, value);
    }
    memset(value, 0, type->size);
    mwi_union_set_tag(type, value, tag);
    if (arm != NULL) {
        memcpy(mwi_field_at(arm, value), bytes, arm->type->size);
    }
}

mw_status
mwi_union_select(
    struct mwi_place *place, const mw_type *type, void *value, int64_t tag)
{
    const mw_field *arm = mwi_union_arm_of(type, tag);
    mw_status status;
    char *fresh;

    if (!is_tag(type->elem, tag)) {
        return MW_EINVAL;
    }
    if (arm == NULL) {
        replace(place, type, value, tag, NULL, NULL);
        return MW_OK;
    }
    /* The new arm is made elsewhere, for that may fail. */
    fresh = mwi_calloc(1, type->size);
    if (fresh == NULL) {
        return MW_ENOMEM;
    }
    status = mwi_init_field(place, arm, fresh);
    if (status == MW_OK) {
        replace(place, type, value, tag, arm, mwi_field_at(arm, fresh));
    } else if (place->arena == NULL) {
        mwi_clear(arm->type, mwi_field_at(arm, fresh));
    }
    mwi_free(fresh);
    return status;
}
