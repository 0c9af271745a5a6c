/* SPDX-License-Identifier: MIT */
/*
 * Memory for what an object points to.
 *
 * In a handler everything lives in the call's arena until the reply is sent:
 * pass the call, free nothing.  Elsewhere objects are on the heap: pass NULL,
 * and the object's owner frees with its ..._clear() or free().
 */
#ifndef MW_MEMORY_H
#define MW_MEMORY_H

#include "mw/base.h"
#include "mw/status.h"

typedef struct mw_call mw_call;

MW_BEGIN_DECLS

/** Allocate zeroed memory, aligned for any type.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param size  bytes; 0 gives a unique pointer
 * @return  [view] with a call: valid until its reply is sent
 *          [own: free()] with NULL
 *          NULL when memory or the call's limit is exhausted
 * @thread the handler's, or any with NULL; does not block
 */
MW_API MW_MUST_USE void *mw_alloc(mw_call *call, size_t size);

/** Copy a text.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param text  [copy] NUL-terminated, or NULL for an empty text
 * @return  as mw_alloc()
 * @thread the handler's, or any with NULL; does not block
 */
MW_API MW_MUST_USE char *mw_strdup(mw_call *call, const char *text);

/** Format a text, as sprintf() does.
 *
 * @param call    [borrow: this call] the handler's call, or NULL for the heap
 * @param format  [copy] printf format
 * @return  as mw_alloc()
 * @thread the handler's, or any with NULL; does not block
 */
MW_API MW_MUST_USE char *mw_sprintf(mw_call *call, const char *format, ...)
    MW_PRINTF(2, 3);

/** Replace a string member by a copy of text.
 *
 * On the heap the old text is freed.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param member  [inout] the member
 * @param text    [copy] NUL-terminated; may be part of the old text.  NULL
 *                sets the member to NULL
 * @retval MW_ENOMEM  out of memory; the member is unchanged
 * @thread the handler's, or any with NULL; does not block
 */
MW_API MW_MUST_USE mw_status mw_set_string(
    mw_call *call, char **member, const char *text);

MW_END_DECLS

#endif
