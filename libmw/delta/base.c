/* SPDX-License-Identifier: MIT */
#include "delta/base.h"

#include "base/error.h"
#include "codec/value.h"
#include "delta/compare.h"

static mw_status
take_params(struct mwi_bases *bases, struct mwi_place *place,
    const mw_param *params, const void *const *args, size_t n)
{
    mw_status status = MW_OK;

    bases->params = mwi_place_alloc(place, n, sizeof(void *), _Alignof(void *));
    if (bases->params == NULL) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < n && status == MW_OK; i++) {
        const mw_type *type = params[i].type;

        if (params[i].dir != MW_DIR_INOUT) {
            continue;
        }
        bases->params[i] = mwi_place_alloc(place, 1, type->size, type->align);
        status = bases->params[i] == NULL
                     ? MW_ENOMEM
                     : mwi_copy(place, type, bases->params[i], args[i]);
    }
    return status;
}

static mw_status
take_table(struct mwi_bases *bases, struct mwi_place *place,
    const struct mwi_node_table *table, size_t t)
{
    const mw_type *type = table->type;
    mw_status status = MW_OK;

    bases->nodes[t] =
        mwi_place_alloc(place, table->n_inout, type->size, type->align);
    if (bases->nodes[t] == NULL) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < table->n_inout && status == MW_OK; i++) {
        status = mwi_copy(place, type, bases->nodes[t] + i * type->size,
            mwi_node_at(table, i));
    }
    return status;
}

mw_status
mwi_bases_take(struct mwi_bases *bases, const mw_param *params,
    const void *const *args, size_t n, const struct mwi_nodes *nodes)
{
    struct mwi_place place = { .arena = &bases->arena, .budget = SIZE_MAX };
    mw_status status;

    *bases = (struct mwi_bases){ 0 };
    mwi_arena_init(&bases->arena, SIZE_MAX);
    status = take_params(bases, &place, params, args, n);
    if (status == MW_OK) {
        bases->nodes = mwi_place_alloc(
            &place, nodes->n_known_tables, sizeof(void *), _Alignof(void *));
        status = bases->nodes != NULL ? MW_OK : MW_ENOMEM;
    }
    for (size_t t = 0; t < nodes->n_known_tables && status == MW_OK; t++) {
        status = take_table(bases, &place, &nodes->tables[t], t);
    }
    if (status < 0) {
        mwi_bases_fini(bases);
    }
    return status;
}

void
mwi_bases_fini(struct mwi_bases *bases)
{
    mwi_arena_fini(&bases->arena);
    *bases = (struct mwi_bases){ 0 };
}

/* The first member that differs, or "" when the type has none. */
static const char *
member_that_differs(const mw_type *type, const void *base, const void *object)
{
    if (type->kind == MW_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->n_members; i++) {
            if (!mwi_same_field(&type->fields[i], NULL, base, NULL, object)) {
                return type->fields[i].name;
            }
        }
    }
    return "";
}

static mw_status
fail(const mw_type *type, const void *base, const void *object,
    const char *name, mw_error *reterr)
{
    const char *member = member_that_differs(type, base, object);

    return mwi_fail(reterr, MW_ECONFLICT,
        "%s%s%s has changed while the call was under way", name,
        member[0] != '\0' ? "." : "", member);
}

static mw_status
check_table(const struct mwi_bases *bases, const struct mwi_node_table *table,
    size_t t, mw_error *reterr)
{
    const mw_type *type = table->type;

    for (size_t i = 0; i < table->n_inout; i++) {
        const void *base = bases->nodes[t] + i * type->size;
        const void *node = mwi_node_at(table, i);

        if (!mwi_same(type, NULL, base, NULL, node)) {
            return fail(type, base, node, type->name, reterr);
        }
    }
    return MW_OK;
}

mw_status
mwi_bases_check(const struct mwi_bases *bases, const mw_param *params,
    const void *const *args, size_t n, const struct mwi_nodes *nodes,
    mw_error *reterr)
{
    mw_status status = MW_OK;

    for (size_t i = 0; i < n; i++) {
        if (params[i].dir == MW_DIR_INOUT &&
            !mwi_same(params[i].type, NULL, bases->params[i], NULL, args[i])) {
            return fail(params[i].type, bases->params[i], args[i],
                params[i].name, reterr);
        }
    }
    for (size_t t = 0; t < nodes->n_known_tables && status == MW_OK; t++) {
        status = check_table(bases, &nodes->tables[t], t, reterr);
    }
    return status;
}
