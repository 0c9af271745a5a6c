/* SPDX-License-Identifier: MIT */
/*
 * Unions: a tag and the one arm that it selects.
 *
 * A program may read the tag and the arm, and write to the arm.  To select
 * another arm it calls this, which sees to it that what the old arm owned is
 * not lost.  mwidl writes a typed wrapper for each union, such as
 * inv_Shape_select().
 */
#ifndef MW_UNION_H
#define MW_UNION_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

typedef struct mw_call mw_call;

MW_BEGIN_DECLS

/** Set a union's tag, and give the arm that it selects its default value.
 *
 * On the heap the old arm is cleared, also when the tag stays the same.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the union
 * @param obj   [inout] the union
 * @param tag   the tag's value; of a uint64 tag the same bits
 * @retval MW_EINVAL  not a value of the tag's type
 * @retval MW_ENOMEM  out of memory; the union has not changed
 * @thread owner of the union; does not block
 */
MW_API MW_MUST_USE mw_status mw_union_select(
    mw_call *call, const mw_type *type, void *obj, int64_t tag);

MW_END_DECLS

#endif
