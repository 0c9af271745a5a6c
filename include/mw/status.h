/* SPDX-License-Identifier: MIT */
/*
 * The one error convention: a function that can fail returns mw_status, which
 * is MW_OK (0) or negative, and may say more in an mw_error.
 *
 * Codes -1 to -16 are the canonical codes of gRPC, negated; the rest are
 * libmw's own.  The numbers travel on the wire (docs/wire.md) and never change.
 */
#ifndef MW_STATUS_H
#define MW_STATUS_H

#include "mw/base.h"

/* X(name, number, text) */
#define MW_STATUS_MAP(X)                                   \
    X(MW_OK, 0, "success")                                 \
    X(MW_ECANCELLED, -1, "cancelled")                      \
    X(MW_EUNKNOWN, -2, "unknown error")                    \
    X(MW_EINVAL, -3, "invalid argument")                   \
    X(MW_ETIMEDOUT, -4, "deadline passed")                 \
    X(MW_ENOTFOUND, -5, "not found")                       \
    X(MW_EEXIST, -6, "already exists")                     \
    X(MW_EACCES, -7, "permission denied")                  \
    X(MW_EEXHAUSTED, -8, "resource exhausted")             \
    X(MW_EPRECONDITION, -9, "failed precondition")         \
    X(MW_EABORTED, -10, "aborted")                         \
    X(MW_ERANGE, -11, "out of range")                      \
    X(MW_EUNIMPLEMENTED, -12, "not implemented")           \
    X(MW_EINTERNAL, -13, "internal error")                 \
    X(MW_EUNAVAILABLE, -14, "unavailable")                 \
    X(MW_EDATALOSS, -15, "data loss")                      \
    X(MW_EUNAUTHENTICATED, -16, "not authenticated")       \
    X(MW_EEXCEPTION, -32, "exception raised")              \
    X(MW_ENOMEM, -33, "out of memory")                     \
    X(MW_EPROTO, -34, "protocol violated by the peer")     \
    X(MW_ECONTRACT, -35, "write contract violated")        \
    X(MW_ECONFLICT, -36, "object changed during the call") \
    X(MW_ESTALE, -37, "no such mirror")

typedef enum mw_status {
#define MW_STATUS_ENUMERATOR(name, number, text) name = number,
    MW_STATUS_MAP(MW_STATUS_ENUMERATOR)
#undef MW_STATUS_ENUMERATOR
} mw_status;

/* Where an error arose. */
typedef enum mw_origin {
    MW_ORIGIN_LOCAL = 0, /* this process */
    MW_ORIGIN_PEER = 1,  /* the peer said so in a message */
} mw_origin;

enum { MW_ERROR_TEXT_MAX = 256 }; /* bytes of mw_error.text, NUL included */

/* Says what went wrong and where.  Plain data; nothing in it is to be freed. */
typedef struct mw_error {
    mw_status status;             /* the status that the function returned */
    mw_origin origin;             /* who noticed */
    int sys_errno;                /* errno of a failed system call, or 0 */
    char text[MW_ERROR_TEXT_MAX]; /* one line of UTF-8, NUL-terminated */
} mw_error;

MW_BEGIN_DECLS

/** A short English text for a status, such as "deadline passed".
 *
 * @param status  any number
 * @return  [view] static text; "unknown status" for a number that is none
 * @thread any; does not block
 */
MW_API const char *mw_status_text(mw_status status);

/** The name of a status, such as "MW_ETIMEDOUT".
 *
 * @param status  any number
 * @return  [view] static text; "MW_?" for a number that is none
 * @thread any; does not block
 */
MW_API const char *mw_status_name(mw_status status);

MW_END_DECLS

#endif
