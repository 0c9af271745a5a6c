/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's error queue is a list per thread.  It is turned into one line that
 * has the root cause in OpenSSL's own words, which is what people search for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "base/error.h"
#include "net/tls_internal.h"

static void
describe(char *to, size_t size, unsigned long code, const char *data, int flags)
{
    char system[64];
    const char *reason;

    if (ERR_SYSTEM_ERROR(code)) {
        (void) snprintf(to, size, "%s",
            strerror_r(ERR_GET_REASON(code), system, sizeof(system)));
        return;
    }
    reason = ERR_reason_error_string(code);
    if (reason == NULL && ERR_GET_LIB(code) == ERR_LIB_SSL &&
        ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET) {
        reason = SSL_alert_desc_string_long(
            ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET);
    }
    if (reason == NULL) {
        (void) snprintf(to, size, "OpenSSL error %lx", code);
    } else if ((flags & ERR_TXT_STRING) != 0 && data[0] != '\0' &&
               strstr(data, "SSL alert number") == NULL) {
        (void) snprintf(to, size, "%s (%s)", reason, data);
    } else {
        (void) snprintf(to, size, "%s", reason);
    }
}

void
mwi_tls_drain(struct mwi_tls_cause *ret_cause, int lib)
{
    struct mwi_tls_cause cause = { 0 };
    const char *data;
    unsigned long code;
    int flags;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        bool is_lib = ERR_GET_LIB(code) == lib;

        if (!ERR_SYSTEM_ERROR(code) &&
            ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            cause.no_memory = true;
        }
        if (cause.code == 0 || (is_lib && ERR_GET_LIB(cause.code) != lib)) {
            cause.code = code;
            describe(cause.text, sizeof(cause.text), code, data, flags);
        }
    }
    *ret_cause = cause;
}

int
mwi_tls_peer_alert(const struct mwi_tls_cause *cause)
{
    int reason = ERR_GET_REASON(cause->code);

    /* OpenSSL numbers the reasons that are alerts received like the alerts. */
    if (ERR_SYSTEM_ERROR(cause->code) ||
        ERR_GET_LIB(cause->code) != ERR_LIB_SSL ||
        reason < SSL_AD_REASON_OFFSET || reason > SSL_AD_REASON_OFFSET + 255) {
        return -1;
    }
    return reason - SSL_AD_REASON_OFFSET;
}

mw_status
mwi_tls_fail(mw_error *reterr, mw_status status, const char *format, ...)
{
    char text[MW_ERROR_TEXT_MAX];
    struct mwi_tls_cause cause;
    va_list args;

    mwi_tls_drain(&cause, 0);
    if (cause.no_memory) {
        return mwi_fail_nomem(reterr);
    }
    va_start(args, format);
    (void) vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return mwi_fail(reterr, status, "%s: %s", text,
        cause.code != 0 ? cause.text : "OpenSSL gives no reason");
}
