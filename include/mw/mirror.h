/* SPDX-License-Identifier: MIT */
/*
 * Mirrors: an object of the client's that the server keeps a copy of, so that
 * calls send only what the client has changed since the last one.
 *
 *     mw_mirror *mirror;
 *     if (mw_mirror_open(&mirror, &doc_Document_type, &document, &err) < 0) …
 *     mw_ctx ctx = MW_CTX(.mirror = mirror);
 *     doc_Store_check(client, &ctx, &document);    sent whole
 *     document.title[0] = 'T';
 *     doc_Store_check(client, &ctx, &document);    sent as a delta
 *     mw_mirror_close(mirror);
 *
 * The server keeps a bounded number of copies per connection and forgets the
 * one that was not used for longest; the client then sends the object whole
 * again, and the caller does not notice.  Nor does it when the server changes
 * the object, when the call fails, or when another server takes over: a mirror
 * changes what a call sends, not what it does.  The one exception is a server
 * whose version of a struct has more members than the client's: where these
 * have their defaults in a call without a mirror, they may still have what a
 * handler has put there in the call before.
 */
#ifndef MW_MIRROR_H
#define MW_MIRROR_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

typedef struct mw_mirror mw_mirror;

MW_BEGIN_DECLS

/** Begin to mirror an object.  Sends nothing.
 *
 * A call whose context names the mirror uses it if one of its in and inout
 * arguments is the object, and no other call is using it at the same time; else
 * the call is made as without a mirror, as is one that is started to be
 * finished later (mw/pending.h).  The mirror takes as much memory as a copy of
 * the object, or, with references, as the encoding of the arguments. When an
 * inout reference leads to another node after the call, that is the mirror's
 * object from then on.
 *
 * @param ret_mirror  [own: mw_mirror_close()] [out] NULL after a failure
 * @param type    [borrow: static] descriptor of the parameter, such as
 *                &doc_Document_type; of a valuetype that of the reference,
 *                &m_Node_ref_type
 * @param object  [borrow: mirror] the object: the address that the stub gets of
 *                a struct, union, sequence, map or array; of a valuetype the
 *                node.  It is only looked at during calls
 * @param reterr  [out] NULL allowed; filled only on failure
 * @retval MW_EINVAL  type or object is NULL
 * @retval MW_ENOMEM  out of memory
 * @thread any; does not block
 */
MW_API MW_MUST_USE mw_status mw_mirror_open(mw_mirror **ret_mirror,
    const mw_type *type, const void *object, mw_error *reterr);

/** Have the object sent whole by the next call.
 *
 * @param mirror  [borrow: this call] mirror, or NULL
 * @thread any; does not block
 */
MW_API void mw_mirror_reset(mw_mirror *mirror);

/** Stop mirroring, and free the copy.
 *
 * @param mirror  [inout] mirror that no call is using, or NULL
 * @thread any; does not block
 */
MW_API void mw_mirror_close(mw_mirror *mirror);

MW_END_DECLS

#endif
