/* SPDX-License-Identifier: MIT */
/*
 * Descriptors are checked by rules that stand in mw/desc.h, told once more in
 * other words than those of the code that makes them.  Types form circles, so
 * those that were seen are remembered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "codec/access.h"
#include "lib/random_type.h"

/* The types that one leads to, each once. */
struct crowd {
    const mw_type **types;
    size_t n;
    size_t cap;
    struct mwi_map seen;
};

static void
crowd_add(struct crowd *crowd, const mw_type *type)
{
    if (type == NULL ||
        mwi_map_get(&crowd->seen, (uint64_t) (uintptr_t) type) != NULL) {
        return;
    }
    if (crowd->n == crowd->cap) {
        crowd->cap = 2 * crowd->cap + 16;
        crowd->types =
            realloc((void *) crowd->types, crowd->cap * sizeof(*crowd->types));
    }
    if (crowd->types == NULL ||
        mwi_map_put(&crowd->seen, (uint64_t) (uintptr_t) type,
            (void *) (uintptr_t) type) < 0) {
        abort();
    }
    crowd->types[crowd->n++] = type;
}

static void
crowd_gather(struct crowd *crowd, const mw_type *type, bool follows_refs)
{
    *crowd = (struct crowd){ 0 };
    mwi_map_init(&crowd->seen);
    crowd_add(crowd, type);
    for (size_t i = 0; i < crowd->n; i++) {
        const mw_type *one = crowd->types[i];

        if (follows_refs || one->kind != MW_KIND_REF) {
            crowd_add(crowd, one->elem);
        }
        for (uint32_t k = 0; one->fields != NULL && k < one->n_members; k++) {
            crowd_add(crowd, one->fields[k].type);
        }
    }
}

static void
crowd_fini(struct crowd *crowd)
{
    free((void *) crowd->types);
    mwi_map_fini(&crowd->seen);
}

bool
mwt_type_has(const mw_type *type, mw_kind kind)
{
    struct crowd crowd;
    bool has = false;

    crowd_gather(&crowd, type, true);
    for (size_t i = 0; i < crowd.n; i++) {
        has = has || crowd.types[i]->kind == kind;
    }
    crowd_fini(&crowd);
    return has;
}

static bool
is_power_of_two(size_t n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

static const char *
field_fault(const mw_type *type, const mw_field *field)
{
    const mw_type *member = field->type;
    bool has_flag = (field->flags & MW_FIELD_OPTIONAL) != 0 &&
                    member->kind != MW_KIND_STRING &&
                    member->kind != MW_KIND_BOX;

    if (member->size == 0 || !is_power_of_two(member->align)) {
        return "a member's type has no size or no alignment";
    }
    if (field->offset % member->align != 0 ||
        (size_t) field->offset + member->size > type->size) {
        return "a member is not aligned or not within";
    }
    if (has_flag && field->has_offset >= field->offset &&
        field->has_offset < field->offset + member->size) {
        return "a member lies over its own presence";
    }
    if (member->kind == MW_KIND_REF && field->flags != 0) {
        return "a reference is optional or a key";
    }
    if (field->range != NULL &&
        (member->kind > MW_KIND_F64 || member->kind == MW_KIND_BOOL)) {
        return "a range of what is no number";
    }
    return NULL;
}

static const char *
struct_fault(const mw_type *type)
{
    size_t end = 0;

    if (type->n_members == 0) {
        return "a struct without members";
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        const char *fault = field_fault(type, field);

        if (fault != NULL) {
            return fault;
        }
        if (field->offset < end) {
            return "members overlap";
        }
        end = field->offset + field->type->size;
        for (uint32_t k = 0; k < i; k++) {
            if (type->fields[k].id == field->id) {
                return "two members have the same id";
            }
        }
    }
    return type->size % type->align != 0 ? "a struct's size" : NULL;
}

static const char *
union_fault(const mw_type *type)
{
    const mw_type *tag = type->elem;

    if (tag->kind != MW_KIND_ENUM &&
        (tag->kind > MW_KIND_I64 || tag->kind < MW_KIND_BOOL)) {
        return "a union's tag is no number";
    }
    if (type->default_arm != MW_NO_ARM &&
        type->default_arm >= type->n_members) {
        return "a default arm that is none";
    }
    for (uint32_t i = 0; i < type->n_cases; i++) {
        if (type->cases[i].arm >= type->n_members ||
            (i > 0 && type->cases[i].tag <= type->cases[i - 1].tag)) {
            return "cases out of order";
        }
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *arm = &type->fields[i];
        const char *fault = field_fault(type, arm);

        if (fault != NULL) {
            return fault;
        }
        if (arm->offset < tag->size || arm->id != i || arm->flags != 0) {
            return "an arm that is no arm";
        }
    }
    return NULL;
}

static const char *
names_fault(const mw_type *type)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (type->enumerators[i].name == NULL ||
            (i > 0 &&
                type->enumerators[i].value <= type->enumerators[i - 1].value)) {
            return "enumerators out of order";
        }
    }
    return NULL;
}

static const char *
elements_fault(const mw_type *type)
{
    size_t start = type->kind == MW_KIND_SEQ_N ? mwi_seq_n_offset(type) : 0;
    size_t n = type->bound;

    switch (type->kind) {
    case MW_KIND_MAP:
        return type->elem->kind != MW_KIND_STRUCT ||
                       type->elem->n_members != 2 ||
                       type->elem->fields[0].flags != MW_FIELD_KEY
                   ? "an entry that is none"
                   : NULL;
    case MW_KIND_SEQ:
        return type->bound != 0 ? "a bound" : NULL;
    case MW_KIND_BOX:
        return type->elem->kind == MW_KIND_REF ? "a box of a reference" : NULL;
    case MW_KIND_REF:
        return (type->elem->flags & MW_TYPE_NODE) == 0
                   ? "a reference to what is no node"
                   : NULL;
    default:
        return n == 0 || start + n * type->elem->size > type->size
                   ? "elements do not fit"
                   : NULL;
    }
}

/* Whether a type is or holds something of a kind; what references lead to is
 * not held. */
static bool
holds(const mw_type *type, uint32_t kind)
{
    struct crowd crowd;
    bool has = false;

    crowd_gather(&crowd, type, false);
    for (size_t i = 0; i < crowd.n; i++) {
        has = has || crowd.types[i]->kind == kind;
    }
    crowd_fini(&crowd);
    return has;
}

static const char *
flags_fault(const mw_type *type)
{
    static const uint32_t owners[] = { MW_KIND_STRING, MW_KIND_SEQ, MW_KIND_MAP,
        MW_KIND_BOX };
    bool is_flat = true;

    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
        is_flat = is_flat && !holds(type, owners[i]);
    }
    if (is_flat != ((type->flags & MW_TYPE_FLAT) != 0)) {
        return is_flat ? "flat, and does not say so" : "not flat, and says so";
    }
    if (holds(type, MW_KIND_REF) != ((type->flags & MW_TYPE_REFS) != 0)) {
        return "MW_TYPE_REFS";
    }
    return NULL;
}

static const char *
one_fault(const mw_type *type)
{
    const char *fault = flags_fault(type);

    if (fault != NULL) {
        return fault;
    }
    if (type->name == NULL || type->size == 0 ||
        !is_power_of_two(type->align) || type->size % type->align != 0) {
        return "name, size or alignment";
    }
    switch (type->kind) {
    case MW_KIND_ENUM:
    case MW_KIND_BITMASK:
        return names_fault(type);
    case MW_KIND_STRUCT:
        return struct_fault(type);
    case MW_KIND_UNION:
        return union_fault(type);
    default:
        return type->elem != NULL ? elements_fault(type) : NULL;
    }
}

const char *
mwt_type_fault(const mw_type *type)
{
    struct crowd crowd;
    const char *fault = NULL;

    crowd_gather(&crowd, type, true);
    for (size_t i = 0; i < crowd.n && fault == NULL; i++) {
        fault = one_fault(crowd.types[i]);
    }
    crowd_fini(&crowd);
    return fault;
}
