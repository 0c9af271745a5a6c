/* SPDX-License-Identifier: MIT */
/*
 * Descriptors as values: an interface with all types that its operations lead
 * to.  Types refer to each other by number, so that they may contain
 * themselves; they are numbered in the order in which they are met.
 */
#include "mw/introspect.mw.h"

#include "base/map.h"
#include "base/mem.h"
#include "rpc/introspect.h"

struct numbering {
    struct mwi_map numbers; /* a type's address -> its number, plus 1 */
    const mw_type **types;  /* n of them */
    size_t n;
    size_t cap;
    bool failed; /* for want of memory */
};

static void
add_type(struct numbering *nb, const mw_type *type)
{
    if (nb->n == nb->cap) {
        size_t cap = nb->cap > 0 ? 2 * nb->cap : 32;
        const mw_type **types =
            mwi_realloc((void *) nb->types, cap, sizeof(const mw_type *));

        if (types == NULL) {
            nb->failed = true;
            return;
        }
        nb->types = types;
        nb->cap = cap;
    }
    if (mwi_map_put(&nb->numbers, (uintptr_t) type,
            (void *) (uintptr_t) (nb->n + 1)) < 0) {
        nb->failed = true;
        return;
    }
    nb->types[nb->n++] = type;
}

/* The number of a type, which it gets if it has none yet.  0 after a
 * failure. */
static uint32_t
number_of(struct numbering *nb, const mw_type *type)
{
    uintptr_t number = (uintptr_t) mwi_map_get(&nb->numbers, (uintptr_t) type);

    if (number > 0) {
        return (uint32_t) (number - 1);
    }
    add_type(nb, type);
    return nb->failed ? 0 : (uint32_t) (nb->n - 1);
}

/* The list grows while it is gone through. */
static void
number_all(struct numbering *nb, const mw_interface *interface)
{
    for (size_t m = 0; m < interface->n_methods; m++) {
        const mw_method *method = &interface->methods[m];

        for (size_t i = 0; i < method->n_params; i++) {
            (void) number_of(nb, method->params[i].type);
        }
        for (size_t i = 0; i < method->n_raises; i++) {
            (void) number_of(nb, method->raises[i]);
        }
    }
    for (size_t t = 0; t < nb->n && !nb->failed; t++) {
        const mw_type *type = nb->types[t];
        bool has_fields =
            type->kind == MW_KIND_STRUCT || type->kind == MW_KIND_UNION;

        if (type->elem != NULL) {
            (void) number_of(nb, type->elem);
        }
        for (size_t i = 0; has_fields && i < type->n_members; i++) {
            (void) number_of(nb, type->fields[i].type);
        }
    }
}

static mw_status
describe_members(
    mw_call *call, struct numbering *nb, const mw_type *type, mw_TypeInfo *info)
{
    mw_MemberInfo *members =
        mw_MemberInfo_seq_insert(call, &info->members, 0, type->n_members);

    if (members == NULL && type->n_members > 0) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];

        members[i] = (mw_MemberInfo){
            .name = mwi_introspect_text(field->name),
            .id = field->id,
            .type = number_of(nb, field->type),
            .is_optional = (field->flags & MW_FIELD_OPTIONAL) != 0,
            .is_key = (field->flags & MW_FIELD_KEY) != 0,
        };
    }
    return MW_OK;
}

static mw_status
describe_enumerators(mw_call *call, const mw_type *type, mw_TypeInfo *info)
{
    mw_EnumeratorInfo *enumerators = mw_EnumeratorInfo_seq_insert(
        call, &info->enumerators, 0, type->n_members);

    if (enumerators == NULL && type->n_members > 0) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < type->n_members; i++) {
        enumerators[i].name = mwi_introspect_text(type->enumerators[i].name);
        enumerators[i].value = type->enumerators[i].value;
    }
    return MW_OK;
}

static mw_status
describe_cases(mw_call *call, const mw_type *type, mw_TypeInfo *info)
{
    mw_CaseInfo *cases =
        mw_CaseInfo_seq_insert(call, &info->cases, 0, type->n_cases);

    if (cases == NULL && type->n_cases > 0) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < type->n_cases; i++) {
        cases[i].tag = type->cases[i].tag;
        cases[i].arm = type->cases[i].arm;
    }
    info->has_default_arm = type->default_arm != MW_NO_ARM;
    info->default_arm = info->has_default_arm ? type->default_arm : 0;
    return MW_OK;
}

static mw_status
describe_type(
    mw_call *call, struct numbering *nb, const mw_type *type, mw_TypeInfo *info)
{
    mw_status status = MW_OK;

    info->name = mwi_introspect_text(type->name);
    info->kind = type->kind;
    info->bound = type->kind == MW_KIND_BITMASK ? 8 * type->size : type->bound;
    info->is_final = (type->flags & MW_TYPE_FINAL) != 0;
    info->is_mutable = (type->flags & MW_TYPE_MUTABLE) != 0;
    info->is_exception = (type->flags & MW_TYPE_EXCEPTION) != 0;
    info->is_unique = (type->flags & MW_TYPE_UNIQUE) != 0;
    info->has_element = type->elem != NULL;
    info->element = info->has_element ? number_of(nb, type->elem) : 0;
    switch (type->kind) {
    case MW_KIND_UNION:
        status = describe_cases(call, type, info);
        return status < 0 ? status : describe_members(call, nb, type, info);
    case MW_KIND_STRUCT:
        return describe_members(call, nb, type, info);
    case MW_KIND_ENUM:
    case MW_KIND_BITMASK:
        return describe_enumerators(call, type, info);
    default:
        return MW_OK;
    }
}

static mw_status
describe_types(mw_call *call, struct numbering *nb, mw_InterfaceInfo *info)
{
    mw_TypeInfo *types = mw_TypeInfo_seq_insert(call, &info->types, 0, nb->n);
    mw_status status = MW_OK;

    if (types == NULL && nb->n > 0) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < nb->n && status == MW_OK; i++) {
        status = describe_type(call, nb, nb->types[i], &types[i]);
    }
    return status;
}

static mw_status
describe_parameters(mw_call *call, struct numbering *nb,
    const mw_method *method, mw_OperationInfo *info)
{
    mw_ParameterInfo *parameters = mw_ParameterInfo_seq_insert(
        call, &info->parameters, 0, method->n_params);
    uint32_t *exceptions = mw_seq_insert(
        call, &mw_type_seq_u32, &info->exceptions, 0, method->n_raises);

    if ((parameters == NULL && method->n_params > 0) ||
        (exceptions == NULL && method->n_raises > 0)) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < method->n_params; i++) {
        const mw_param *param = &method->params[i];

        parameters[i] = (mw_ParameterInfo){
            .name = mwi_introspect_text(param->name),
            .type = number_of(nb, param->type),
            .is_in = param->dir != MW_DIR_OUT,
            .is_out = param->dir != MW_DIR_IN,
        };
    }
    for (size_t i = 0; i < method->n_raises; i++) {
        exceptions[i] = number_of(nb, method->raises[i]);
    }
    return MW_OK;
}

static mw_status
describe_operations(mw_call *call, struct numbering *nb,
    const struct mwi_offer *offer, mw_InterfaceInfo *info)
{
    const mw_interface *interface = mwi_offer_interface(offer);
    mw_OperationInfo *operations = mw_OperationInfo_seq_insert(
        call, &info->operations, 0, interface->n_methods);
    mw_status status = MW_OK;

    if (operations == NULL && interface->n_methods > 0) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < interface->n_methods && status == MW_OK; i++) {
        const mw_method *method = &interface->methods[i];

        operations[i] = (mw_OperationInfo){
            .name = mwi_introspect_text(method->name),
            .target = mwi_introspect_text(method->target),
            .is_one_way = (method->flags & MW_METHOD_ONEWAY) != 0,
            .is_idempotent = (method->flags & MW_METHOD_IDEMPOTENT) != 0,
            .is_keyed = (method->flags & MW_METHOD_KEYED) != 0,
            .is_implemented = mwi_offer_implements(offer, i),
            .timeout_ms = method->timeout_ms,
            .priority = method->priority,
            .max_concurrency = method->max_concurrency,
        };
        status = describe_parameters(call, nb, method, &operations[i]);
    }
    return status;
}

mw_status
mwi_introspect_describe(
    mw_call *call, const struct mwi_offer *offer, mw_InterfaceInfo *ret_info)
{
    const mw_interface *interface = mwi_offer_interface(offer);
    struct numbering nb = { .n = 0 };
    mw_status status = MW_OK;

    mwi_map_init(&nb.numbers);
    number_all(&nb, interface);
    ret_info->name = mwi_introspect_text(interface->name);
    ret_info->version = interface->version;
    if (interface->base != NULL) {
        ret_info->base = mwi_introspect_text(interface->base->name);
    }
    if (!nb.failed) {
        status = describe_operations(call, &nb, offer, ret_info);
    }
    if (!nb.failed && status == MW_OK) {
        status = describe_types(call, &nb, ret_info);
    }
    mwi_map_fini(&nb.numbers);
    mwi_free((void *) nb.types);
    return nb.failed ? MW_ENOMEM : status;
}
