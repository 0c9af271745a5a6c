/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/error.h"
#include "base/utf8.h"

Test(error, names_and_texts)
{
    cr_assert_str_eq(mw_status_name(MW_OK), "MW_OK");
    cr_assert_str_eq(mw_status_name(MW_EPROTO), "MW_EPROTO");
    cr_assert_str_eq(mw_status_text(MW_ETIMEDOUT), "deadline passed");
    cr_assert_str_eq(mw_status_name((mw_status) 5), "MW_?");
    cr_assert_str_eq(mw_status_text((mw_status) -17), "unknown status");
}

Test(error, filled_and_forgotten)
{
    mw_error error;

    memset(&error, 0xff, sizeof(error));
    cr_assert_eq(mwi_fail(&error, MW_EINVAL, "%d of %s", 3, "four"), MW_EINVAL);
    cr_assert_eq(error.status, MW_EINVAL);
    cr_assert_eq(error.origin, MW_ORIGIN_LOCAL);
    cr_assert_eq(error.sys_errno, 0);
    cr_assert_str_eq(error.text, "3 of four");
    cr_assert_eq(mwi_fail_nomem(&error), MW_ENOMEM);
    cr_assert_str_eq(error.text, "out of memory");
    mwi_error_clear(&error);
    cr_assert_eq(error.status, MW_OK);
    cr_assert_str_eq(error.text, "");
    mwi_error_clear(NULL);
    cr_assert_eq(mwi_fail(NULL, MW_EINVAL, "nowhere"), MW_EINVAL);
    cr_assert_eq(mwi_fail_sys(NULL, MW_EINVAL, ENOENT, "nowhere"), MW_EINVAL);
}

Test(error, control_characters)
{
    mw_error error;

    mwi_fail(&error, MW_EINVAL, "a\nb\x1b[31mc\x7f\xc3\xa9");
    cr_assert_str_eq(error.text, "a?b?[31mc?\xc3\xa9");
}

Test(error, cut_at_a_character)
{
    mw_error error;
    char text[400];

    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof(text); i += 4) {
            memcpy(text + i, "\xf0\x9f\x98\x80", 4);
        }
        text[396] = '\0';
        mwi_fail(&error, MW_EINVAL, "%s", text);
        cr_assert_lt(strlen(error.text), MW_ERROR_TEXT_MAX);
        cr_assert_gt(strlen(error.text), MW_ERROR_TEXT_MAX - 5);
        cr_assert_eq(mwi_utf8_prefix(error.text, strlen(error.text)),
            strlen(error.text));
    }
}

Test(error, system_calls)
{
    mw_error error;
    char text[400];

    cr_assert_eq(mwi_fail_sys(&error, MW_EUNAVAILABLE, ENOENT, "open %s", "/x"),
        MW_EUNAVAILABLE);
    cr_assert_eq(error.sys_errno, ENOENT);
    cr_assert_str_eq(error.text, "open /x: No such file or directory");
    memset(text, 'y', sizeof(text));
    text[399] = '\0';
    mwi_fail_sys(&error, MW_EUNAVAILABLE, ENOENT, "%s", text);
    cr_assert_eq(strlen(error.text), MW_ERROR_TEXT_MAX - 1);
}
