/* SPDX-License-Identifier: MIT */
/*
 * A server offers few interfaces and a connection names each operation once,
 * then by number, so a search through lists is good enough.
 */
#include "rpc/registry.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rpc/args.h"

struct mwi_offer {
    struct mwi_offer *next;
    const mw_interface *interface;
    struct mwi_gate gate;     /* if something is limited */
    struct mwi_slots *slots;  /* likewise, n_methods of them, or NULL */
    struct mwi_pace *paces;   /* interface->n_methods of them */
    _Atomic uint32_t health;  /* enum mw_health */
    struct mwi_meter *meters; /* likewise */
    struct mwi_operation operations[]; /* likewise */
};

static bool
text_is(const char *text, const char *other, size_t len)
{
    return strlen(text) == len && memcmp(text, other, len) == 0;
}

static struct mwi_offer *
find_offer(const struct mwi_registry *registry, const char *name, size_t len)
{
    for (struct mwi_offer *o = registry->first; o != NULL; o = o->next) {
        if (text_is(o->interface->name, name, len)) {
            return o;
        }
    }
    return NULL;
}

static struct mwi_offer *
find_derived_offer(
    const struct mwi_registry *registry, const char *name, size_t len)
{
    for (struct mwi_offer *o = registry->first; o != NULL; o = o->next) {
        for (const mw_interface *base = o->interface->base; base != NULL;
             base = base->base) {
            if (text_is(base->name, name, len)) {
                return o;
            }
        }
    }
    return NULL;
}

struct mwi_offer *
mwi_registry_offer(
    const struct mwi_registry *registry, const char *name, size_t len)
{
    struct mwi_offer *offer = find_offer(registry, name, len);

    return offer != NULL ? offer : find_derived_offer(registry, name, len);
}

static bool
has_handler(const void *ops, size_t offset)
{
    void (*handler)(void);

    memcpy(&handler, (const char *) ops + offset, sizeof(handler));
    return handler != NULL;
}

static void
free_offer(struct mwi_offer *offer)
{
    for (size_t i = 0; i < offer->interface->n_methods; i++) {
        mwi_type_set_fini(&offer->operations[i].node_types);
    }
    if (offer->slots != NULL) {
        mwi_gate_fini(&offer->gate);
        mwi_free(offer->slots);
    }
    mwi_free(offer->meters);
    mwi_free(offer->paces);
    mwi_free(offer);
}

static uint32_t
limit_of(const mw_interface *interface)
{
    return interface->limits != NULL ? interface->limits->max_concurrency : 0;
}

static bool
has_limits(const mw_interface *interface)
{
    bool has = limit_of(interface) > 0;

    for (size_t i = 0; i < interface->n_methods; i++) {
        has = has || interface->methods[i].max_concurrency > 0;
    }
    return has;
}

/* An operation that nothing limits needs no gate. */
static mw_status
add_gate(struct mwi_offer *offer, uint32_t waiting_max)
{
    const mw_interface *interface = offer->interface;

    if (!has_limits(interface)) {
        return MW_OK;
    }
    offer->slots = mwi_calloc(interface->n_methods, sizeof(*offer->slots));
    if (offer->slots == NULL) {
        return MW_ENOMEM;
    }
    mwi_gate_init(&offer->gate, limit_of(interface), waiting_max);
    for (size_t i = 0; i < interface->n_methods; i++) {
        struct mwi_operation *op = &offer->operations[i];

        offer->slots[i].max = op->method->max_concurrency;
        if (limit_of(interface) > 0 || op->method->max_concurrency > 0) {
            op->gate = &offer->gate;
            op->slots = &offer->slots[i];
        }
    }
    return MW_OK;
}

/* An interface without operations in it. */
static struct mwi_offer *
new_offer(const mw_interface *interface)
{
    struct mwi_offer *offer = mwi_malloc(
        sizeof(*offer) + interface->n_methods * sizeof(offer->operations[0]));

    if (offer == NULL) {
        return NULL;
    }
    offer->paces = mwi_calloc(interface->n_methods, sizeof(*offer->paces));
    offer->meters = mwi_calloc(interface->n_methods, sizeof(*offer->meters));
    if (offer->paces == NULL || offer->meters == NULL) {
        mwi_free(offer->meters);
        mwi_free(offer->paces);
        mwi_free(offer);
        return NULL;
    }
    offer->interface = interface;
    offer->slots = NULL;
    atomic_init(&offer->health, MW_HEALTH_SERVING);
    return offer;
}

static mw_status
add_operations(struct mwi_offer *offer, const mw_skeleton *skeleton,
    const void *ops, void *user)
{
    size_t n = offer->interface->n_methods;
    mw_status status = MW_OK;

    for (size_t i = 0; i < n; i++) {
        offer->operations[i] = (struct mwi_operation){
            .method = &offer->interface->methods[i],
            .run = skeleton->methods[i].run,
            .ops = ops,
            .user = user,
            .is_implemented = has_handler(ops, skeleton->methods[i].ops_offset),
            .pace = &offer->paces[i],
            .meter = &offer->meters[i],
        };
    }
    for (size_t i = 0; i < n && status == MW_OK; i++) {
        struct mwi_operation *op = &offer->operations[i];

        status = mwi_method_node_types(&op->node_types, op->method);
    }
    return status;
}

mw_status
mwi_registry_add(struct mwi_registry *registry, const mw_skeleton *skeleton,
    const void *ops, void *user)
{
    const mw_interface *interface = skeleton->interface;
    struct mwi_offer *offer;

    if (interface->version != MW_DESC_VERSION || ops == NULL) {
        return MW_EINVAL;
    }
    if (find_offer(registry, interface->name, strlen(interface->name)) !=
        NULL) {
        return MW_EEXIST;
    }
    offer = new_offer(interface);
    if (offer == NULL) {
        return MW_ENOMEM;
    }
    if (add_operations(offer, skeleton, ops, user) < 0 ||
        add_gate(offer, registry->waiting_max) < 0) {
        free_offer(offer);
        return MW_ENOMEM;
    }
    offer->next = registry->first;
    registry->first = offer;
    return MW_OK;
}

void
mwi_registry_fini(struct mwi_registry *registry)
{
    while (registry->first != NULL) {
        struct mwi_offer *next = registry->first->next;

        free_offer(registry->first);
        registry->first = next;
    }
}

const struct mwi_operation *
mwi_registry_find(const struct mwi_registry *registry, const char *target,
    size_t len, mw_error *reterr)
{
    const char *dot = memrchr(target, '.', len);
    size_t interface_len;
    const struct mwi_offer *offer;

    if (dot == NULL) {
        mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "'%.*s' is no interface and operation joined by a dot", (int) len,
            target);
        return NULL;
    }
    interface_len = (size_t) (dot - target);
    offer = mwi_registry_offer(registry, target, interface_len);
    if (offer == NULL) {
        mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "the server offers no interface '%.*s'", (int) interface_len,
            target);
        return NULL;
    }
    for (size_t i = 0; i < offer->interface->n_methods; i++) {
        const struct mwi_operation *op = &offer->operations[i];

        if (!text_is(op->method->name, dot + 1, len - interface_len - 1)) {
            continue;
        }
        if (!op->is_implemented) {
            mwi_fail(reterr, MW_EUNIMPLEMENTED,
                "the server has no handler for %.*s", (int) len, target);
            return NULL;
        }
        return op;
    }
    mwi_fail(reterr, MW_EUNIMPLEMENTED,
        "interface %.*s has no operation '%.*s'", (int) interface_len, target,
        (int) (len - interface_len - 1), dot + 1);
    return NULL;
}

struct mwi_offer *
mwi_registry_offer_at(const struct mwi_registry *registry, size_t index)
{
    struct mwi_offer *offer = registry->first;

    while (offer != NULL && index > 0) {
        offer = offer->next;
        index--;
    }
    return offer;
}

const mw_interface *
mwi_offer_interface(const struct mwi_offer *offer)
{
    return offer->interface;
}

bool
mwi_offer_implements(const struct mwi_offer *offer, size_t method)
{
    return offer->operations[method].is_implemented;
}

mw_health
mwi_offer_health(const struct mwi_offer *offer)
{
    return (mw_health) atomic_load(&offer->health);
}

void
mwi_offer_set_health(struct mwi_offer *offer, mw_health health)
{
    atomic_store(&offer->health, (uint32_t) health);
}

const struct mwi_operation *
mwi_registry_at(const struct mwi_registry *registry, size_t index)
{
    for (const struct mwi_offer *o = registry->first; o != NULL; o = o->next) {
        if (index < o->interface->n_methods) {
            return &o->operations[index];
        }
        index -= o->interface->n_methods;
    }
    return NULL;
}
