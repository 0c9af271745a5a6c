/* SPDX-License-Identifier: MIT */
/*
 * rpc: which interfaces a server offers.  Filled before the server runs, only
 * read afterwards.
 */
#ifndef MWI_RPC_REGISTRY_H
#define MWI_RPC_REGISTRY_H

#include "mw/server.h"
#include "mw/stub.h"

#include "codec/refs.h"
#include "rpc/gate.h"
#include "rpc/meter.h"
#include "rpc/pace.h"

/* One operation of one offered interface. */
struct mwi_operation {
    const mw_method *method;
    mw_run_fn run;
    const void *ops;
    void *user;
    bool is_implemented;            /* the ops struct has a handler for it */
    struct mwi_type_set node_types; /* that its parameters can lead to */
    struct mwi_pace *pace;          /* of the server's; not constant */
    struct mwi_gate *gate;          /* likewise; NULL: nothing limits it */
    struct mwi_slots *slots;        /* likewise; with a gate */
    struct mwi_meter *meter;        /* likewise */
};

struct mwi_offer;

struct mwi_registry {
    struct mwi_offer *first;
    uint32_t waiting_max; /* calls at each gate */
};

/** Offer an interface; see mw_stub_serve(). */
MW_MUST_USE mw_status mwi_registry_add(struct mwi_registry *registry,
    const mw_skeleton *skeleton, const void *ops, void *user);

void mwi_registry_fini(struct mwi_registry *registry);

/** The operation with the name "interface.operation".  An interface that is
 * not offered itself is served by one that is derived from it.
 *
 * @return  [view] as long as the registry; NULL with MW_EUNIMPLEMENTED in
 *          *reterr, which says what is missing
 */
const struct mwi_operation *mwi_registry_find(
    const struct mwi_registry *registry, const char *target, size_t len,
    mw_error *reterr);

/** The offer that calls of an interface go to, or NULL: [view] likewise. */
struct mwi_offer *mwi_registry_offer(
    const struct mwi_registry *registry, const char *name, size_t len);

/** Any offer, by its number from 0 on; NULL: there are fewer.  [view]
 * likewise. */
struct mwi_offer *mwi_registry_offer_at(
    const struct mwi_registry *registry, size_t index);

const mw_interface *mwi_offer_interface(const struct mwi_offer *offer);

/** Whether it has a handler for an operation of its interface. */
bool mwi_offer_implements(const struct mwi_offer *offer, size_t method);

/** As the program has set it; serving at first.  @thread any */
mw_health mwi_offer_health(const struct mwi_offer *offer);
void mwi_offer_set_health(struct mwi_offer *offer, mw_health health);

/** Any operation of any offer, by its number from 0 on; NULL: there are fewer.
 * [view] likewise. */
const struct mwi_operation *mwi_registry_at(
    const struct mwi_registry *registry, size_t index);

#endif
