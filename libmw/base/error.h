/* SPDX-License-Identifier: MIT */
/*
 * base: filling an mw_error.  Each function returns the status, so that a
 * caller can say: return mwi_fail(reterr, MW_EINVAL, "…").
 */
#ifndef MWI_BASE_ERROR_H
#define MWI_BASE_ERROR_H

#include <stdarg.h>

#include "mw/status.h"

/** Set *reterr, if not NULL, to a local error with a formatted text, which is
 * cut at a character to fit and has its control characters replaced by '?'. */
mw_status mwi_fail(mw_error *reterr, mw_status status, const char *format, ...)
    MW_PRINTF(3, 4);

/** The same with a va_list. */
mw_status mwi_vfail(mw_error *reterr, mw_status status, const char *format,
    va_list args) MW_PRINTF(3, 0);

/** The same for a failed system call: ": " and strerror(sys_errno) follow the
 * text. */
mw_status mwi_fail_sys(mw_error *reterr, mw_status status, int sys_errno,
    const char *format, ...) MW_PRINTF(4, 5);

/** "out of memory". */
mw_status mwi_fail_nomem(mw_error *reterr);

/** Forget: MW_OK and no text.  NULL allowed. */
void mwi_error_clear(mw_error *error);

#endif
