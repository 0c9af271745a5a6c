/* SPDX-License-Identifier: MIT */
/*
 * Well-formed deltas that are wrong: each is refused, says why, and leaves
 * every byte of the object as it was.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "fixture.h"
#include "shapes.h"
#include "world.h"

struct refusal {
    const mw_type *type;
    const char *object; /* V in hexadecimal */
    const char *delta;
    mw_status status;
    const char *text; /* up to " at byte"; NULL: any */
};

static const struct refusal refusals[] = {
    { &mw_type_u32, "05", "a10001", MW_EPROTO, "x: uint32 cannot be patched" },
    { &colour_type, "00", "a10001", MW_EPROTO,
        "x: test::Colour cannot be patched" },
    { &mw_type_u32, "05", "6466697665", MW_EINVAL,
        "x: expected unsigned integer, found text" },
    { &mw_type_u32, "05", "1b0000000100000000", MW_EINVAL,
        "x: 4294967296 does not fit uint32" },
    { &colour_type, "00", "03", MW_EINVAL,
        "x: 3 is not a value of test::Colour" },
    { &mw_type_u32, "05", "f6", MW_EINVAL,
        "x: expected unsigned integer, found null" },
    { &pair_type, "820102", "a10201", MW_EPROTO,
        "x: test::Pair has no member 2" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "a201050106", MW_EPROTO, "x: member 1 after member 1" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "a20105006178", MW_EPROTO, "x: member 0 after member 1" },
    { &line_type, "84636e757402f6f6", "a103a101fa3f800000", MW_EPROTO,
        "x.where: is absent and cannot be patched" },
    { &line_type, "84636e757402f6f6", "a102a100818300006178", MW_EPROTO,
        "x.note: is absent and cannot be patched" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "a101a10001", MW_EPROTO, "x.count: uint32 cannot be patched" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "a101f6", MW_EINVAL, "x.count: expected unsigned integer, found null" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "a1613105", MW_EINVAL, "x: expected unsigned integer, found text" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "826161a10001", MW_EINVAL,
        "x.count: expected unsigned integer, found map" },
    { &line_type, "8464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        "646c696e65", MW_EINVAL, "x: expected array, found text" },
    { &pair_type, "820102", "8101", MW_EINVAL,
        "x: 1 members, test::Pair has 2" },
    { &point_type, "83fb3ff0000000000000fa3f800000f6",
        "a1026d6d75636820746f6f206c6f6e67", MW_EINVAL,
        "x.label: text of 13 bytes exceeds the bound of 8" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a101818300006178", MW_EPROTO, "x: no patch 1 for string" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a1008283090161788308016179", MW_EPROTO,
        "x: splice at 8 begins before 10" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a1008283070261788308016179", MW_EPROTO,
        "x: splice at 8 begins before 9" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a100818316006178", MW_EPROTO, "x: splice at 22 removes 0 of 21" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a100818314026178", MW_EPROTO, "x: splice at 20 removes 2 of 21" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a1008183011bffffffffffffffff6178", MW_EPROTO,
        "x: splice at 1 removes 18446744073709551615 of 21" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a10081831bffffffffffffffff016178", MW_EPROTO,
        "x: splice at 18446744073709551615 removes 1 of 21" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a100818303016178", MW_EPROTO, "x: splice at 3 cuts a character" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a100818302016178", MW_EPROTO, "x: splice at 2 cuts a character" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a10081820201", MW_EPROTO,
        "x: expected [position, removed, inserted], found array of 2" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a100818300014178", MW_EINVAL, "x: expected text, found byte string" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a1008183000163610062", MW_EINVAL, "x: text contains a NUL" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a1008183000161ff", MW_EINVAL, "x: text is not UTF-8" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a100818320016161", MW_EINVAL,
        "x: expected unsigned integer, found negative integer" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74", "a10005",
        MW_EINVAL, "x: expected array, found unsigned integer" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a1008105", MW_EINVAL, "x: expected array, found unsigned integer" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a20081830001616100818301016162", MW_EPROTO,
        "x: patch 0 after patch 0" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74",
        "a2008183000161610180", MW_EPROTO, "x: no patch 1 for string" },
    { &mw_type_string, "754772c3bcc39f652c20736368c3b66e652057656c74", "05",
        MW_EINVAL, "x: expected text, found unsigned integer" },
    { &string_8_type, "683132333435363738", "a100818308006139", MW_EPROTO,
        "x: text of 9 bytes exceeds the bound of 8" },
    { &mw_type_seq_u8, "480001020304050607", "a10280", MW_EPROTO,
        "x: no patch 2 for sequence<uint8>" },
    { &mw_type_seq_u8, "480001020304050607", "a101818207426162", MW_EPROTO,
        "x: range of 2 at 7 exceeds 8" },
    { &mw_type_seq_u8, "480001020304050607", "a10181820940", MW_EPROTO,
        "x: range of 0 at 9 exceeds 8" },
    { &mw_type_seq_u8, "480001020304050607", "a10182820342616282044163",
        MW_EPROTO, "x: range at 4 begins before 5" },
    { &mw_type_seq_u8, "480001020304050607", "a10181830342616200", MW_EPROTO,
        "x: expected [position, numbers], found array of 3" },
    { &mw_type_seq_u8, "480001020304050607", "a101818203626162", MW_EINVAL,
        "x: expected byte string, found text" },
    { &mw_type_seq_u8, "480001020304050607", "a200818302024001818201426162",
        MW_EPROTO, "x: range at 1 changes what is removed" },
    { &mw_type_seq_u8, "480001020304050607", "a2008183020240018182034161",
        MW_EPROTO, "x: range at 3 changes what is removed" },
    { &mw_type_seq_u8, "480001020304050607", "a2008183020240018182024161",
        MW_EPROTO, "x: range at 2 changes what is removed" },
    { &mw_type_seq_u8, "480001020304050607", "a1008183060340", MW_EPROTO,
        "x: splice at 6 removes 3 of 8" },
    { &mw_type_seq_u8, "480001020304050607", "a20181820141610080", MW_EPROTO,
        "x: patch 0 after patch 1" },
    { &mw_type_seq_f64,
        "d8565818000000000000f03f00000000000000400000000000000840",
        "a101818200d855440000803f", MW_EINVAL,
        "x: expected typed array of double (tag 86), found tag 85" },
    { &mw_type_seq_f64,
        "d8565818000000000000f03f00000000000000400000000000000840",
        "a101818200d856430102ff", MW_EINVAL,
        "x: typed array of 3 bytes is no multiple of 8" },
    { &array_u16_8_type, "d8455000000100020003000400050006000700",
        "a10081830001d845420100", MW_EPROTO, "x: no patch 0 for uint16[8]" },
    { &array_u16_8_type, "d8455000000100020003000400050006000700",
        "d8454401000200", MW_EINVAL, "x: 2 elements, must be 8" },
    { &seq_u16_8_type, "d8455000000100020003000400050006000700",
        "a10081830001d8454401000200", MW_EPROTO,
        "x: sequence of 9 elements exceeds the bound of 8" },
    { &seq_u16_8_type, "d8455000000100020003000400050006000700",
        "d84552000001000200030004000500060007000800", MW_EINVAL,
        "x: sequence of 9 elements exceeds the bound of 8" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a101a103a10101", MW_EPROTO, "x: element 3 of 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a101a11bffffffffffffffffa10101", MW_EPROTO,
        "x: element 18446744073709551615 of 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a101a201a1010501a10106", MW_EPROTO, "x: element 1 after element 1" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a101a201a1010500a10106", MW_EPROTO, "x: element 0 after element 1" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a200818301018001a101a10105", MW_EPROTO,
        "x: element 1 is changed and removed" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a201a101a101050286000180020180", MW_EPROTO,
        "x: element 1 is changed and removed" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a1008183010380", MW_EPROTO, "x: splice at 1 removes 3 of 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a1008183040080", MW_EPROTO, "x: splice at 4 removes 0 of 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a100828301018083010180", MW_EPROTO, "x: splice at 1 begins before 2" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10081820101", MW_EPROTO,
        "x: expected [position, removed, inserted], found array of 2" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a100818301008105", MW_EINVAL,
        "x[1]: expected array, found unsigned integer" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a100818301008182616120", MW_EINVAL,
        "x[1].count: expected unsigned integer, found negative integer" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a100818300006161", MW_EINVAL, "x: expected array, found text" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a1008183010081a10001", MW_EINVAL, "x[1]: expected array, found map" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a200800280", MW_EPROTO, "x: no patch 2 for sequence<test::Line>" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10380", MW_EPROTO, "x: no patch 3 for sequence<test::Line>" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a11b800000000000000080", MW_EPROTO,
        "x: no patch 9223372036854775808 for sequence<test::Line>" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a102820001", MW_EPROTO, "x: array of 2 is not made of runs" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10286000280010180", MW_EPROTO,
        "x: run of 1 at 1 takes an element twice" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10283000480", MW_EPROTO, "x: run of 4 at 0 exceeds 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10283021bffffffffffffffff80", MW_EPROTO,
        "x: run of 18446744073709551615 at 2 exceeds 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10283040080", MW_EPROTO, "x: run of 0 at 4 exceeds 3" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a102a0", MW_EINVAL, "x: expected array, found map" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10180", MW_EINVAL, "x: expected map, found array" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a1009bffffffffffffffff", MW_EINVAL,
        "x: array of 18446744073709551615 items is truncated" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a100818300009a00ffffff", MW_EINVAL,
        "x: array of 16777215 items is truncated" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a1008183000081bf", MW_EINVAL, NULL },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a101a100a103a200fb3ff8000000000000016178", MW_EINVAL,
        "x[0].where.y: expected floating-point number, found text" },
    { &seq_line_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a101a101a103a100fb3ff8000000000000", MW_EPROTO,
        "x[1].where: is absent and cannot be patched" },
    { &seq_line_3_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a10081830300818464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        MW_EPROTO, "x: sequence of 4 elements exceeds the bound of 3" },
    { &seq_line_3_type,
        "838464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f68465726976657403f6f6",
        "a102830003818464626f6c7401616e83fb3ff0000000000000fa40000000f6",
        MW_EPROTO, "x: sequence of 4 elements exceeds the bound of 3" },
    { &array_line_2_type,
        "828464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f6",
        "a10080", MW_EPROTO, "x: no patch 0 for test::Line[2]" },
    { &array_line_2_type,
        "828464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f6",
        "a10280", MW_EPROTO, "x: no patch 2 for test::Line[2]" },
    { &array_line_2_type,
        "828464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f6",
        "a101a102a10101", MW_EPROTO, "x: element 2 of 2" },
    { &array_line_2_type,
        "828464626f6c7401616e83fb3ff0000000000000fa40000000f684636e757402"
        "f6f6",
        "a201a00280", MW_EPROTO, "x: no patch 2 for test::Line[2]" },
};

static void
check_refusal(const struct refusal *refusal)
{
    void *object = calloc(1, refusal->type->size);
    uint8_t bytes[1024];
    struct mwi_buf before;
    struct mwi_buf after;
    mw_error error;
    mw_status status;
    size_t len = unhex(refusal->object, bytes, sizeof(bytes));

    cr_assert_not_null(object);
    cr_assert_eq(mw_object_decode(refusal->type, bytes, len, object, &error),
        MW_OK, "%s", error.text);
    before = dump(refusal->type, object);
    len = unhex(refusal->delta, bytes, sizeof(bytes));
    status = apply(refusal->type, object, bytes, len, &error, NULL);
    after = dump(refusal->type, object);
    cr_expect(
        same_bytes(&before, &after), "%s: the object has changed", error.text);
    cr_expect_eq(status, refusal->status, "%s is %s", error.text,
        mw_status_name(status));
    if (refusal->text != NULL) {
        size_t n = strlen(refusal->text);

        cr_expect(strncmp(error.text, refusal->text, n) == 0 &&
                      strncmp(error.text + n, " at byte ", 9) == 0,
            "\"%s\", not \"%s\"", error.text, refusal->text);
    }
    mwi_buf_fini(&before);
    mwi_buf_fini(&after);
    mw_object_clear(refusal->type, object);
    free(object);
}

Test(hostile, refusals)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        check_refusal(&refusals[i]);
    }
}
