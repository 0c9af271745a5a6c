/* SPDX-License-Identifier: MIT */
/*
 * rpc: what a server tells of itself on the wire: the interface mw.Server.
 */
#ifndef MWI_RPC_INTROSPECT_H
#define MWI_RPC_INTROSPECT_H

#include "mw/call.h"

#include "rpc/registry.h"

typedef struct mw_server mw_server;

/** Offer mw.Server.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_introspect_serve(mw_server *server, mw_error *reterr);

/** Whether an operation is one of mw.Server, which answers to the last. */
bool mwi_introspect_has(const struct mwi_operation *op);

typedef struct mw_InterfaceInfo mw_InterfaceInfo;

/** Describe an interface, with all types that it uses, in the call's arena.
 *
 * @param ret_info  [inout] with its default value
 * @retval MW_ENOMEM  out of memory, or over the call's limit
 * @thread the handler's
 */
MW_MUST_USE mw_status mwi_introspect_describe(
    mw_call *call, const struct mwi_offer *offer, mw_InterfaceInfo *ret_info);

/** A static text as a member of an object in an arena, which nobody frees or
 * writes to. */
static inline char *
mwi_introspect_text(const char *text)
{
    return (char *) (uintptr_t) text;
}

#endif
