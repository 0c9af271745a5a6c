/* SPDX-License-Identifier: MIT */
/*
 * What can be done with any object that has a descriptor.  mwidl writes typed
 * wrappers of these, such as orders_Order_clear(); programs call those.
 *
 * An object on the heap owns all it points to, and that memory comes from
 * malloc(), so that a program may fill a field with strdup() or free() one by
 * hand.  An object of all zero bytes is valid, empty, and has nothing to free.
 */
#ifndef MW_OBJECT_H
#define MW_OBJECT_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

MW_BEGIN_DECLS

/** Give an object its IDL default values.
 *
 * @param type  [borrow: this call] descriptor
 * @param ret_obj  [out] type->size bytes that hold no object; all zero after
 *                 a failure
 * @retval MW_ENOMEM  a default text could not be allocated
 * @thread owner; does not block
 */
MW_API MW_MUST_USE mw_status mw_object_init(const mw_type *type, void *ret_obj);

/** Free all that an object owns and set it to all zero bytes.
 *
 * Nodes are not owned by what refers to them: see mw_graph_clear().
 *
 * @param type  [borrow: this call] descriptor
 * @param obj   [inout] object on the heap, or NULL
 * @thread owner; does not block
 */
MW_API void mw_object_clear(const mw_type *type, void *obj);

/** Make a deep copy on the heap, nodes included: what is shared in one is
 * shared in the other, and cycles are kept.
 *
 * @param type  [borrow: this call] descriptor
 * @param ret_obj  [out] type->size bytes that hold no object; all zero after
 *                 a failure
 * @param src   [copy] the object to copy; must not overlap ret_obj
 * @retval MW_ENOMEM  out of memory
 * @thread owner; does not block
 */
MW_API MW_MUST_USE mw_status mw_object_copy(
    const mw_type *type, void *ret_obj, const void *src);

/** Compare two objects deeply.
 *
 * Floating-point values are compared bit by bit: a NaN equals itself, and
 * -0.0 differs from 0.0.  A NULL string equals an empty one unless the member
 * is optional.  Graphs are equal when they have the same shape, too: what is
 * shared in one is shared in the other.  Without memory to remember nodes by
 * they are taken to differ.
 *
 * @param type  [borrow: this call] descriptor
 * @param a     [copy] object
 * @param b     [copy] object
 * @return  true if they are equal
 * @thread owner of both; does not block
 */
MW_API MW_MUST_USE bool mw_object_equal(
    const mw_type *type, const void *a, const void *b);

/** Write an object as text that looks like JSON, for people.
 *
 * Members are named, strings are quoted and escaped, octet sequences are
 * h'0a0b', absent optionals are left out, NaN and infinities are NaN,
 * Infinity and -Infinity.
 *
 * @param type  [borrow: this call] descriptor
 * @param obj   [copy] object
 * @return  [own: free()] NUL-terminated UTF-8; NULL when out of memory
 * @thread owner; does not block
 */
MW_API MW_MUST_USE char *mw_object_text(const mw_type *type, const void *obj);

/** Write what differs between two objects of a type as text, for people.
 *
 * One line per change: "lines[3].quantity: 5 -> 9", "+ lines[5]: {…}" for what
 * is new, "- lines[12]: {…}" for what is gone.  Positions are those in after,
 * except for what is gone.  Long values are cut, and so is the text after 1
 * MiB.
 *
 * Of two graphs, nodes that are met for the first time in the same place are
 * taken for one node before and after.  They are numbered as they are met:
 * "next: Node#1 -> Node#4", "Node#3.name: "a" -> "b"", "Node#4 new: {…}",
 * "Node#1 gone: {…}".
 *
 * @param type    [borrow: this call] descriptor
 * @param before  [copy] object
 * @param after   [copy] object
 * @return  [own: free()] NUL-terminated UTF-8, every line ended by a newline,
 *          empty without a difference; NULL when out of memory, or when the
 *          same memory is a node of two types
 * @thread owner of both; does not block
 */
MW_API MW_MUST_USE char *mw_object_changes(
    const mw_type *type, const void *before, const void *after);

/** Encode an object as CBOR, as it would travel (docs/wire.md).
 *
 * @param type  [borrow: this call] descriptor
 * @param obj   [copy] object
 * @param ret_bytes  [own: free()] [out] the encoding
 * @param ret_len    [out] its length in bytes
 * @param reterr     [out] NULL allowed; filled only on failure
 * @retval MW_EINVAL  a string is not UTF-8, an enum has no such value, or a
 *                    length exceeds its bound
 * @retval MW_ERANGE  nested deeper than 64 levels
 * @retval MW_ENOMEM  out of memory
 * @thread owner; does not block
 */
MW_API MW_MUST_USE mw_status mw_object_encode(const mw_type *type,
    const void *obj, uint8_t **ret_bytes, size_t *ret_len, mw_error *reterr);

/** Decode an object from CBOR onto the heap.
 *
 * @param type  [borrow: this call] descriptor
 * @param bytes  [copy] exactly one encoded object
 * @param len    its length in bytes
 * @param ret_obj  [out] type->size bytes that hold no object; all zero after
 *                 a failure
 * @param reterr   [out] NULL allowed; filled only on failure
 * @retval MW_EINVAL  not an encoding of this type; the text says where
 * @retval MW_ERANGE  nested deeper than 64 levels, or more than 1 GiB
 * @retval MW_ENOMEM  out of memory
 * @thread owner; does not block
 */
MW_API MW_MUST_USE mw_status mw_object_decode(const mw_type *type,
    const uint8_t *bytes, size_t len, void *ret_obj, mw_error *reterr);

MW_END_DECLS

#endif
