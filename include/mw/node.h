/* SPDX-License-Identifier: MIT */
/*
 * Valuetypes: the nodes of graphs.
 *
 * A member of a valuetype is a pointer that may be NULL, may be shared with
 * other members, and may close a cycle.  Nodes belong to the program, one
 * malloc() block each, not to the objects that refer to them: clearing an
 * object leaves its nodes alone.  mwidl writes typed wrappers of what is here,
 * such as scene_Node_new().
 */
#ifndef MW_NODE_H
#define MW_NODE_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

typedef struct mw_call mw_call;

MW_BEGIN_DECLS

/** Make a node with its default values.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the valuetype
 * @return  [view] with a call: valid until its reply is sent
 *          [own: mw_node_free()] with NULL
 *          NULL when memory or the call's limit is exhausted
 * @thread the handler's, or any with NULL; does not block
 */
MW_API MW_MUST_USE void *mw_node_new(mw_call *call, const mw_type *type);

/** Free one node on the heap and what it owns, not the nodes it refers to.
 *
 * @param type  [borrow: this call] descriptor of the valuetype
 * @param node  [inout] node, or NULL
 * @thread owner; does not block
 */
MW_API void mw_node_free(const mw_type *type, void *node);

/** Clear an object on the heap and free every node that it leads to, each once.
 *
 * Takes memory to remember where it was: 8 to 40 bytes for each node.
 *
 * @param type  [borrow: this call] descriptor of any type: of a REF, or of
 *              something that holds them
 * @param obj   [inout] the object; all zero bytes afterwards
 * @retval MW_ENOMEM  out of memory; nothing was freed or changed
 * @retval MW_EINVAL  the same memory is a node of two types; likewise
 * @thread owner of the whole graph; does not block
 */
MW_API MW_MUST_USE mw_status mw_graph_clear(const mw_type *type, void *obj);

/** Say in a handler that a node of the caller's is dead: when the reply has
 * been applied, the caller's node is freed.
 *
 * Nothing that the handler leaves may refer to it, or the call fails with
 * MW_EINTERNAL; so does releasing a node twice, and one that the call did not
 * bring as part of an inout argument.  Releasing a node that the handler made
 * itself has no effect.  A node that is merely unlinked is not freed, but told
 * of in mw_ctx.
 *
 * @param call  [borrow: this call] the handler's call
 * @param node  [borrow: this call] node, or NULL
 * @thread the handler's; does not block
 */
MW_API void mw_release(mw_call *call, void *node);

MW_END_DECLS

#endif
