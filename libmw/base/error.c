/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const char *
mw_status_text(mw_status status)
{
    switch (status) {
#define CASE(name, number, text) \
    case name:                   \
        return text;
        MW_STATUS_MAP(CASE)
#undef CASE
    }
    return "unknown status";
}

const char *
mw_status_name(mw_status status)
{
    switch (status) {
#define CASE(name, number, text) \
    case name:                   \
        return #name;
        MW_STATUS_MAP(CASE)
#undef CASE
    }
    return "MW_?";
}

/* Texts may come from a peer and go to a terminal or a log. */
static void
make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char) *text;

        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

mw_status
mwi_vfail(mw_error *reterr, mw_status status, const char *format, va_list args)
{
    if (reterr == NULL) {
        return status;
    }
    mwi_error_clear(reterr);
    reterr->status = status;
    (void) vsnprintf(reterr->text, sizeof(reterr->text), format, args);
    make_printable(reterr->text);
    reterr->text[mwi_utf8_prefix(reterr->text, strlen(reterr->text))] = '\0';
    return status;
}

mw_status
mwi_fail(mw_error *reterr, mw_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mwi_vfail(reterr, status, format, args);
    va_end(args);
    return status;
}

mw_status
mwi_fail_sys(
    mw_error *reterr, mw_status status, int sys_errno, const char *format, ...)
{
    va_list args;
    char reason[64];
    size_t len;

    if (reterr == NULL) {
        return status;
    }
    va_start(args, format);
    mwi_vfail(reterr, status, format, args);
    va_end(args);
    reterr->sys_errno = sys_errno;
    len = strlen(reterr->text);
    (void) snprintf(reterr->text + len, sizeof(reterr->text) - len, ": %s",
        strerror_r(sys_errno, reason, sizeof(reason)));
    return status;
}

mw_status
mwi_fail_nomem(mw_error *reterr)
{
    return mwi_fail(reterr, MW_ENOMEM, "out of memory");
}

void
mwi_error_clear(mw_error *error)
{
    if (error != NULL) {
        error->status = MW_OK;
        error->origin = MW_ORIGIN_LOCAL;
        error->sys_errno = 0;
        error->text[0] = '\0';
    }
}
