/* SPDX-License-Identifier: MIT */
/*
 * What the differ writes, byte by byte.  The values are V(T) in hexadecimal;
 * docs/delta.md shows many of these cases in diagnostic notation.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "fixture.h"
#include "forms.h"
#include "lib/prng.h"
#include "shapes.h"
#include "world.h"

static const struct form forms[] = {
    { "unchanged scalar", &mw_type_u32, "05", "05", "a0" },
    { "scalar", &mw_type_u32, "05", "190258", "190258" },
    { "unchanged struct", &line_type, "8464626f6c7401f6f6",
        "8464626f6c7401f6f6", "a0" },
    { "member", &line_type, "8464626f6c7401f6f6", "8464626f6c7409f6f6",
        "a10109" },
    { "optional member appears", &line_type, "8464626f6c7401f6f6",
        "8464626f6c74016178f6", "a1026178" },
    { "optional member disappears", &line_type, "8464626f6c74016178f6",
        "8464626f6c7401f6f6", "a102f6" },
    { "optional struct appears", &line_type, "8464626f6c7401f6f6",
        "8464626f6c7401f683fb3ff0000000000000fa40000000f6",
        "a10383fb3ff0000000000000fa40000000f6" },
    { "optional struct is patched", &line_type,
        "8464626f6c7401f683fb3ff0000000000000fa400000006161",
        "8464626f6c7401f683fb3ff0000000000000fa404000006161",
        "a103a101fa40400000" },
    { "struct as a whole is shorter", &pair_type, "820102", "820304",
        "820304" },
    { "one of two is shorter as a patch", &scalars_type,
        "8cf40000000000000000fa00000000fb000000000000000000",
        "8cf50000000000000000fa00000000fb000000000000000000", "a100f5" },
    { "zero of another sign", &scalars_type,
        "8cf40000000000000000fa00000000fb000000000000000000",
        "8cf40000000000000000fa00000000fb800000000000000000",
        "a10afb8000000000000000" },
    { "short text", &mw_type_string, "63616263", "63616264", "63616264" },
    { "text", &mw_type_string,
        "782b54686520717569636b2062726f776e20666f78206a756d7073206f766572"
        "20746865206c617a7920646f67",
        "782954686520717569636b2072656420666f78206a756d7073206f7665722074"
        "6865206c617a7920646f67",
        "a10081830a0563726564" },
    { "text grows at the end", &mw_type_string,
        "782b54686520717569636b2062726f776e20666f78206a756d7073206f766572"
        "20746865206c617a7920646f67",
        "783354686520717569636b2062726f776e20666f78206a756d7073206f766572"
        "20746865206c617a7920646f67206174206e6f6f6e",
        "a1008183182b0068206174206e6f6f6e" },
    { "two places in a text", &mw_type_string,
        "782b54686520717569636b2062726f776e20666f78206a756d7073206f766572"
        "20746865206c617a7920646f67",
        "782954686520736c6f772062726f776e20666f78206a756d7073206f76657220"
        "7468652062696720646f67",
        "a1008283040564736c6f778318230463626967" },
    { "characters stay whole", &mw_type_string,
        "781e4772c3bcc39f65206175732064657220736368c3b66e656e205374616474",
        "781e4772c3bcc39f65206175732064657220736368c3bc6e656e205374616474",
        "a1008183130262c3bc" },
    { "text becomes empty", &mw_type_string,
        "782b54686520717569636b2062726f776e20666f78206a756d7073206f766572"
        "20746865206c617a7920646f67",
        "60", "60" },
    { "bounded text", &label_type,
        "781e61206c6162656c206f662061207368656c6620696e206169736c65203132",
        "781d61206c6162656c206f662061207368656c6620696e206169736c652033",
        "a1008183181c026133" },
    { "bytes in place", &mw_type_seq_u8,
        "5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f",
        "58200001020304ff060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f",
        "a10181820541ff" },
    { "bytes inserted", &mw_type_seq_u8,
        "5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f",
        "58220001020304ffff05060708090a0b0c0d0e0f101112131415161718191a1b"
        "1c1d1e1f",
        "a1008183050042ffff" },
    { "bytes removed", &mw_type_seq_u8,
        "5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f",
        "581c0001020304090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "a1008183050440" },
    { "bytes shifted", &mw_type_seq_u8,
        "5864000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d"
        "3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d"
        "5e5f60616263",
        "58640102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
        "1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e"
        "3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e"
        "5f6061626364",
        "a1008283000140831864004164" },
    { "numbers in place", &mw_type_seq_f64,
        "d85658800000000000000000000000000000f03f000000000000004000000000"
        "0000084000000000000010400000000000001440000000000000184000000000"
        "00001c4000000000000020400000000000002240000000000000244000000000"
        "0000264000000000000028400000000000002a400000000000002c4000000000"
        "00002e40",
        "d85658800000000000000000000000000000f03f000000000000004000000000"
        "0000e03f000000000000d03f0000000000001440000000000000184000000000"
        "00001c4000000000000020400000000000002240000000000000244000000000"
        "0000264000000000000028400000000000002a400000000000002c4000000000"
        "00002e40",
        "a101818203d85650000000000000e03f000000000000d03f" },
    { "ranges that are near are one", &mw_type_seq_u8,
        "5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f",
        "58200001020304ff0607ff090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f",
        "a10181820544ff0607ff" },
    { "numbers inserted", &mw_type_seq_f64,
        "d85658800000000000000000000000000000f03f000000000000004000000000"
        "0000084000000000000010400000000000001440000000000000184000000000"
        "00001c4000000000000020400000000000002240000000000000244000000000"
        "0000264000000000000028400000000000002a400000000000002c4000000000"
        "00002e40",
        "d85658880000000000000000000000000000f03f000000000000004000000000"
        "0000e03f00000000000008400000000000001040000000000000144000000000"
        "000018400000000000001c400000000000002040000000000000224000000000"
        "00002440000000000000264000000000000028400000000000002a4000000000"
        "00002c400000000000002e40",
        "a10081830300d85648000000000000e03f" },
    { "fixed array", &array_u16_8_type,
        "d8455000000100020003000400050006000700",
        "d8455000000100020009000400050006000700", "a101818203d845420900" },
    { "array of arrays", &grid_type,
        "82d84e4c010000000200000003000000d84e4c040000000500000006000000",
        "82d84e4c010000000200000003000000d84e4c040000000500000007000000",
        "a101a101a101818202d84e4407000000" },
    { "element appended", &mw_type_seq_string,
        "8463416461654772616365664564736765726742617262617261",
        "856341646165477261636566456473676572674261726261726164546f6e79",
        "a100818304008164546f6e79" },
    { "element removed", &mw_type_seq_string,
        "8463416461654772616365664564736765726742617262617261",
        "8363416461664564736765726742617262617261", "a1008183010180" },
    { "element replaced", &mw_type_seq_string,
        "8463416461654772616365664564736765726742617262617261",
        "84634164616547726163656945647367657220572e6742617262617261",
        "a101a1026945647367657220572e" },
    { "element that cannot be patched", &mw_type_seq_bool,
        "8cf4f4f4f4f4f4f4f4f4f4f4f4", "8cf4f4f4f4f4f4f4f5f4f4f4f4",
        "a101a107f5" },
    { "keyed: an element changes", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb4004"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a101a101a102fb4004000000000000" },
    { "keyed: insert and remove", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850365636861696efb3f"
        "f0000000000000f6d8564085096466696c65fb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a10082830101808303008185096466696c65fb3ff0000000000000f6d85640" },
    { "keyed: insert, remove and change", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850365636861696efb40"
        "1e000000000000f6d8564085096466696c65fb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a20082830101808303008185096466696c65fb3ff0000000000000f6d8564001"
        "a102a102fb401e000000000000" },
    { "keyed: moved", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "848504656472696c6cfb3ff0000000000000f6d85640850165616e76696cfb3f"
        "f0000000000000f6d85640850264626f6c74fb3ff0000000000000f6d8564085"
        "0365636861696efb3ff0000000000000f6d85640",
        "a10286030180000380" },
    { "keyed: swapped and changed", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850365636861696efb40"
        "1e000000000000f6d85640850264626f6c74fb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a201a102a102fb401e000000000000028c000180020180010180030180" },
    { "keyed: moved, new first, one removed", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "8485096466696c65fb3ff0000000000000f6d856408504656472696c6cfb3ff0"
        "000000000000f6d85640850165616e76696cfb3ff0000000000000f6d8564085"
        "0264626f6c74fb3ff0000000000000f6d85640",
        "a1028900008185096466696c65fb3ff0000000000000f6d85640030180000280" },
    { "keyed: the key changes", &seq_item_type,
        "82850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640",
        "82850165616e76696cfb3ff0000000000000f6d85640850764626f6c74fb3ff0"
        "000000000000f6d85640",
        "a1008183010181850764626f6c74fb3ff0000000000000f6d85640" },
    { "keyed: doubles are not matched by key", &seq_item_type,
        "83850165616e76696cfb3ff0000000000000f6d85640850164626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d85640",
        "82850164626f6c74fb3ff0000000000000f6d85640850365636861696efb3ff0"
        "000000000000f6d85640",
        "a1008183000180" },
    { "not keyed: an element changes beside an insertion", &seq_line_type,
        "838464626f6c7401f683fb3ff0000000000000fa40000000f684636e757402f6"
        "83fb3ff0000000000000fa40000000f68465726976657403f683fb3ff0000000"
        "000000fa40000000f6",
        "848464626f6c7401f683fb3ff0000000000000fa40000000f684667761736865"
        "7207f6f684636e757405f683fb3ff0000000000000fa40000000f68465726976"
        "657403f683fb3ff0000000000000fa40000000f6",
        "a2008183010081846677617368657207f6f601a101a10105" },
    { "not keyed: swapped", &seq_line_type,
        "838464626f6c7401f683fb3ff0000000000000fa40000000f684636e757402f6"
        "83fb3ff0000000000000fa40000000f68465726976657403f683fb3ff0000000"
        "000000fa40000000f6",
        "8384636e757402f683fb3ff0000000000000fa40000000f68464626f6c7401f6"
        "83fb3ff0000000000000fa40000000f68465726976657403f683fb3ff0000000"
        "000000fa40000000f6",
        "a1008283000180830200818464626f6c7401f683fb3ff0000000000000fa4000"
        "0000f6" },
    { "nested", &node_type,
        "8364726f6f74018283646c656674028183646c65616603808365726967687404"
        "80",
        "8364726f6f74018283646c656674028183646c65616609808365726967687404"
        "80",
        "a102a101a100a102a101a100a10109" },
    { "sequence becomes empty", &seq_item_type,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "80", "80" },
    { "sequence was empty", &seq_item_type, "80",
        "81850165616e76696cfb3ff0000000000000f6d85640",
        "81850165616e76696cfb3ff0000000000000f6d85640" },
    { "everything changes", &seq_item_type,
        "82850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640",
        "8285086178fb3ff0000000000000f6d8564085096179fb3ff0000000000000f6"
        "d85640",
        "8285086178fb3ff0000000000000f6d8564085096179fb3ff0000000000000f6"
        "d85640" },
};

Test(diff, forms)
{
    check_forms(forms, sizeof(forms) / sizeof(forms[0]));
}

/* A text of words of 2 to 9 letters. */
static char *
prose(struct mwt_prng *prng, size_t len)
{
    char *text = calloc(len + 1, 1);

    cr_assert_not_null(text);
    for (size_t i = 0; i < len;) {
        size_t word = 2 + mwt_below(prng, 8);

        for (; word > 0 && i < len; word--) {
            text[i++] = (char) ('a' + mwt_below(prng, 26));
        }
        if (i < len) {
            text[i++] = ' ';
        }
    }
    return text;
}

/* The text with n of its words replaced by others, of any length. */
static char *
corrected(struct mwt_prng *prng, const char *text, size_t n)
{
    size_t len = strlen(text);
    char *copy = calloc(len + 20 * n + 1, 1);
    char *to = copy;
    size_t from = 0;

    cr_assert_not_null(copy);
    for (size_t i = 0; i < n; i++) {
        const char *gap = strchr(text + len / n * i, ' ');
        size_t at = gap != NULL ? (size_t) (gap - text) + 1 : len;

        memcpy(to, text + from, at - from);
        to += at - from;
        from = at + strcspn(text + at, " ");
        for (size_t k = 1 + mwt_below(prng, 12); k > 0; k--) {
            *to++ = (char) ('a' + mwt_below(prng, 26));
        }
    }
    memcpy(to, text + from, len - from + 1);
    return copy;
}

Test(diff, corrections_all_over_a_text)
{
    struct mwt_prng prng = { 8 };
    char *old = prose(&prng, 100000);
    char *live = corrected(&prng, old, 300);
    double start = cpu_ms();
    struct mwi_buf delta = delta_between(&mw_type_string, &old, &live);
    mw_error error;

    (void) fprintf(stderr, "diff: 100 KB, 300 words: %zu bytes, %.1f ms\n",
        mwi_buf_len(&delta), cpu_ms() - start);
    cr_expect_lt(mwi_buf_len(&delta), 5000);
    cr_assert_eq(apply(&mw_type_string, &old, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, NULL),
        MW_OK, "%s", error.text);
    cr_expect_str_eq(old, live);
    mwi_buf_fini(&delta);
    free(old);
    free(live);
}

/* A list of records of which one in a hundred changes. */
Test(diff, a_few_of_many_records)
{
    enum { N = 1000, BYTES = 40 };
    seq_line lines = { calloc(N, sizeof(line)), N, N };
    struct server server;
    seq_line *live;
    struct mwi_buf delta;
    struct mwi_buf value;
    mw_error error;
    double start;

    cr_assert_not_null(lines.items);
    for (size_t i = 0; i < N; i++) {
        lines.items[i].sku = calloc(1, BYTES);
        cr_assert_not_null(lines.items[i].sku);
        (void) snprintf(lines.items[i].sku, BYTES, "the part number %zu", i);
    }
    server_open(&server, &seq_line_type, &lines);
    live = server.object;
    for (size_t i = 0; i < N; i += 100) {
        live->items[i + 50].count++;
    }
    start = cpu_ms();
    delta = server_delta(&server);
    start = cpu_ms() - start;
    value = value_of(&seq_line_type, live);
    (void) fprintf(stderr,
        "diff: 10 of %d records: %zu bytes of %zu, %.3f ms\n", N,
        mwi_buf_len(&delta), mwi_buf_len(&value), start);
    cr_expect_lt(mwi_buf_len(&delta), 80);
    cr_assert_eq(apply(&seq_line_type, &lines, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, NULL),
        MW_OK, "%s", error.text);
    cr_expect(mwi_equal(&seq_line_type, &lines, live));
    mwi_buf_fini(&delta);
    mwi_buf_fini(&value);
    server_close(&server);
    mw_object_clear(&seq_line_type, &lines);
    cr_expect_not(has_leaks());
}
