/* SPDX-License-Identifier: MIT */
/*
 * Reading good messages: those we write, and those of a later version.
 */
#include <inttypes.h>

#include "unit/wire/message_samples.h"

static void
must_read(struct reading *x, const char *hex)
{
    reading_open(x, hex);
    cr_assert(mwi_reader_ok(&x->r), "%s: %s", hex, x->r.error.text);
}

static void
must_finish(struct reading *x)
{
    cr_assert_eq(reading_finish(x), MW_OK, "%s", x->r.error.text);
    cr_assert_eq(mwi_reader_left(&x->r), 0);
    cr_assert_eq(x->r.depth, 0);
    reading_close(x);
}

static void
assert_is_sample(
    const struct mwi_message *m, const struct message_sample *sample)
{
    const struct mwi_message *e = &sample->message;

    cr_assert_eq(m->kind, e->kind);
    cr_assert_eq(m->id, e->id);
    cr_assert_eq(m->has_body, e->has_body);
    cr_assert_eq(m->version, e->version);
    cr_assert_eq(m->message_max, e->message_max);
    cr_assert_eq(m->status, e->status);
    assert_text(&m->text, sample->text);
    cr_assert_eq(m->not_run, e->not_run);
    assert_text(&m->exception, sample->exception);
    if (sample->value != NULL) {
        assert_hex(m->value, m->value_len, sample->value);
    }
    assert_text(&m->call.target, sample->target);
    assert_text(&m->call.trace, sample->trace);
    assert_text(&m->call.key, sample->key);
    cr_assert_eq(m->call.ack, e->call.ack);
    cr_assert_eq(m->state, e->state);
    cr_assert_eq(m->attends, e->attends);
    cr_assert_eq(m->instance, e->instance);
    cr_assert_eq(m->call.is_repeat, e->call.is_repeat);
    cr_assert_eq(m->call.instance, e->call.instance);
    cr_assert_eq(m->call.lead_ms, e->call.lead_ms);
    cr_assert_eq(m->retry_after_ms, e->retry_after_ms);
    cr_assert_eq(m->call.target_number, e->call.target_number);
    cr_assert_eq(m->call.timeout_ms, e->call.timeout_ms);
    cr_assert_eq(m->call.full_values, e->call.full_values);
    cr_assert_eq(m->call.has_bind, e->call.has_bind);
    cr_assert_eq(m->call.bind, e->call.bind);
    cr_assert_eq(m->call.has_unknown_meta, e->call.has_unknown_meta);
    cr_assert_eq(m->call.mirror.param, e->call.mirror.param);
    cr_assert_eq(m->call.mirror.id, e->call.mirror.id);
    cr_assert_eq(m->call.mirror.base, e->call.mirror.base);
    cr_assert_eq(m->call.mirror.version, e->call.mirror.version);
}

Test(wire_message, what_is_written_is_read)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        struct reading x;

        must_read(&x, message_samples[i].hex);
        assert_is_sample(&x.m, &message_samples[i]);
        cr_assert_eq(x.m.rest, 0);
        must_finish(&x);
    }
}

/* The body is what comes next. */
Test(wire_message, the_body_follows)
{
    struct reading x;
    size_t len;

    must_read(&x, "8501070aa0 8163616263"); /* [1, 7, 10, {}, ["abc"]] */
    cr_assert_eq(x.r.depth, 1);
    cr_assert_eq(mwi_read_array(&x.r), 1);
    cr_assert_eq(memcmp(mwi_read_text(&x.r, &len), "abc", 3), 0);
    mwi_leave(&x.r);
    cr_assert_eq(mwi_message_finish(&x.r, &x.m), MW_OK);
    cr_assert_eq(x.r.depth, 0);
    reading_close(&x);

    must_read(&x, "830307 8101"); /* [3, 7, [1]] */
    cr_assert_eq(x.r.depth, 1);
    cr_assert_eq(mwi_read_array(&x.r), 1);
    cr_assert_eq(mwi_read_uint(&x.r), 1);
    mwi_leave(&x.r);
    cr_assert_eq(mwi_message_finish(&x.r, &x.m), MW_OK);
    cr_assert_eq(x.r.depth, 0);
    reading_close(&x);
}

/* Empty texts are there all the same. */
Test(wire_message, empty_texts)
{
    struct reading x;

    must_read(&x, "85010760a080"); /* [1, 7, "", {}, []] */
    assert_text(&x.m.call.target, "");
    must_finish(&x);

    /* [4, 7, -32, "", {1: ["", null]}] */
    must_read(&x, "850407381f60a1018260f6");
    assert_text(&x.m.text, "");
    assert_text(&x.m.exception, "");
    assert_hex(x.m.value, x.m.value_len, "f6");
    must_finish(&x);
}

/* ---- growth ---- */

/* A sample with more elements behind its own. */
static char *
grow(const char *hex, unsigned n, const char *more)
{
    char *grown = malloc(strlen(hex) + strlen(more) + 1);
    unsigned head;

    cr_assert_not_null(grown);
    cr_assert_eq(sscanf(hex, "%2x", &head), 1);
    (void) sprintf(grown, "%02x%s%s", head + n, hex + 2, more);
    return grown;
}

Test(wire_message, elements_of_later_versions_are_skipped)
{
    static const struct {
        const char *hex;
        unsigned n;
    } mores[] = {
        { "00", 1 },                     /* 0 */
        { "f6", 1 },                     /* null */
        { "a1616180", 1 },               /* {"a": []} */
        { "8282810000f4", 1 },           /* [[[0], 0], false] */
        { "c249010000000000000000", 1 }, /* 2(h'010000000000000000') */
        { "fb3ff199999999999af7", 2 },   /* 1.1, undefined */
        { "63616263430102038080", 4 },   /* "abc", h'010203', [], [] */
    };

    for (size_t i = 0; i < n_message_samples; i++) {
        const struct message_sample *sample = &message_samples[i];

        for (size_t j = 0; j < sizeof(mores) / sizeof(mores[0]); j++) {
            char *hex;
            struct reading x;

            if (strncmp(sample->hex, "8404", 4) == 0 ||
                strncmp(sample->hex, "8202", 4) == 0) {
                continue; /* a FAIL without details, an ACK without state,
                             which would come next */
            }
            hex = grow(sample->hex, mores[j].n, mores[j].hex);
            must_read(&x, hex);
            assert_is_sample(&x.m, sample);
            if (x.m.has_body) {
                cr_assert_eq(x.m.rest, mores[j].n);
            }
            must_finish(&x);
            free(hex);
        }
    }
}

Test(wire_message, hello_of_later_versions)
{
    struct reading x;

    must_read(&x, "830001a0"); /* [0, 1, {}] */
    cr_assert_eq(x.m.message_max, MWI_MESSAGE_MIN);
    must_finish(&x);

    /* [0, 2, {3: [1, 2], 0: 100000, 4: "x", 18446744073709551615: {}}] */
    must_read(&x, "830002a4 03820102 001a000186a0 046178 1bffffffffffffffffa0");
    cr_assert_eq(x.m.version, 2);
    cr_assert_eq(x.m.message_max, 100000);
    must_finish(&x);

    must_read(&x, "8300 1bffffffffffffffff a1001bffffffffffffffff");
    cr_assert_eq(x.m.version, UINT64_MAX);
    cr_assert_eq(x.m.message_max, UINT64_MAX);
    must_finish(&x);
}

Test(wire_message, details_of_later_versions)
{
    struct reading x;

    must_read(&x, "8504072060a0"); /* [4, 7, -1, "", {}] */
    cr_assert_not(x.m.not_run);
    assert_text(&x.m.exception, NULL);
    cr_assert_null(x.m.value);
    must_finish(&x);

    /* [4, 7, -1, "", {4: [{}], 0: false, 3: "x"}, "later"] */
    must_read(&x, "8604072060 a3 0481a0 00f4 036178 656c61746572");
    cr_assert_not(x.m.not_run);
    must_finish(&x);

    /* [4, 7, -32, "x", {5: 5, 1: ["y", {0: [1, 2]}], 0: true}] */
    must_read(&x, "850407381f6178 a3 0505 01826179a100820102 00f5");
    cr_assert(x.m.not_run);
    assert_text(&x.m.exception, "y");
    assert_hex(x.m.value, x.m.value_len, "a100820102");
    must_finish(&x);
}

Test(wire_message, unknown_meta)
{
    static const struct {
        const char *meta;
        bool is_refused;
        uint64_t key;
    } cases[] = {
        { "a0", false, 0 },
        { "a10881a10102", false, 0 },   /* {8: [{1: 2}]} */
        { "a21864f61866f6", false, 0 }, /* {100: null, 102: null} */
        { "a10bf4", true, 11 },         /* {11: false}: false is no no */
        { "a118c9a0", true, 201 },      /* {201: {}} */
        { "a308000b000c00", true, 11 }, /* {8: 0, 11: 0, 12: 0} */
        { "a11bffffffffffffffff00", true, UINT64_MAX },
        { "a11bfffffffffffffffe00", false, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char hex[64];
        struct reading x;

        (void) snprintf(hex, sizeof(hex), "850107%s%s80", "03", cases[i].meta);
        must_read(&x, hex);
        cr_assert_eq(x.m.call.has_unknown_meta, cases[i].is_refused);
        cr_assert_eq(x.m.call.unknown_meta, cases[i].key);
        cr_assert_eq(x.m.call.timeout_ms, UINT64_MAX);
        cr_assert_not(x.m.call.full_values);
        cr_assert_not(x.m.call.has_bind);
        must_finish(&x);
    }
}

/* Known keys in any order, among unknown ones. */
Test(wire_message, meta_in_any_order)
{
    struct reading x;

    /* [1, 7, "x", {3: 0, 8: [], 1: false, 0: 18446744073709551615}, []] */
    must_read(&x, "85 01 07 6178 a4 0300 0880 01f4 001bffffffffffffffff 80");
    cr_assert(x.m.call.has_bind);
    cr_assert_eq(x.m.call.bind, 0);
    cr_assert_not(x.m.call.full_values);
    cr_assert_eq(x.m.call.timeout_ms, UINT64_MAX);
    cr_assert_not(x.m.call.has_unknown_meta);
    must_finish(&x);
}

Test(wire_message, unknown_kinds)
{
    static const struct {
        const char *hex;
        uint64_t kind;
    } cases[] = {
        { "8109", 9 },       /* [9] */
        { "83090102", 9 },   /* [9, 1, 2] */
        { "8218ff80", 255 }, /* [255, []] */
        { "821bffffffffffffffff60", UINT64_MAX },
        { "84 0a a16161f6 8180 c100", 10 }, /* [10, {"a": null}, [[]], 1(0)] */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading x;

        must_read(&x, cases[i].hex);
        cr_assert_eq(x.m.kind, cases[i].kind);
        cr_assert_eq(x.m.id, 0);
        cr_assert_not(x.m.has_body);
        must_finish(&x);
    }
}

/* RFC 8949 section 4.1: heads may be longer than needed. */
Test(wire_message, long_heads)
{
    struct reading x;

    must_read(&x, "9802 1802 1a00000007"); /* [2, 7] */
    cr_assert_eq(x.m.kind, MWI_ACK);
    cr_assert_eq(x.m.id, 7);
    must_finish(&x);
}

/* ---- statuses ---- */

static mw_status
read_number(uint64_t kind, const char *number)
{
    char hex[64];
    struct reading x;
    mw_status status;

    if (kind == MWI_FAIL) {
        (void) snprintf(hex, sizeof(hex), "840407%s60", number);
    } else {
        (void) snprintf(hex, sizeof(hex), "8308%s60", number);
    }
    must_read(&x, hex);
    status = x.m.status;
    must_finish(&x);
    return status;
}

Test(wire_message, every_status)
{
    static const mw_status statuses[] = {
#define STATUS(name, number, text) name,
        MW_STATUS_MAP(STATUS)
#undef STATUS
    };

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        char number[16];
        unsigned argument = (unsigned) (-1 - (int) statuses[i]);

        if (statuses[i] == MW_OK) {
            continue;
        }
        (void) snprintf(number, sizeof(number),
            argument < 24 ? "%02x" : "38%02x",
            argument < 24 ? 0x20 | argument : argument);
        cr_assert_eq(read_number(MWI_FAIL, number), statuses[i]);
        cr_assert_eq(read_number(MWI_GOAWAY, number), statuses[i]);
    }
}

Test(wire_message, numbers_that_are_no_status)
{
    static const char *const numbers[] = {
        "01",                 /* 1 */
        "18c8",               /* 200 */
        "30",                 /* -17 */
        "381e",               /* -31 */
        "3825",               /* -38 */
        "3903e7",             /* -1000 */
        "1affffffff",         /* 4294967295, which is -1 in 32 bits */
        "1b00000000fffffffd", /* 4294967293, which is -3 in 32 bits */
        "1b0000000100000000", /* 4294967296, which is 0 in 32 bits */
        "3b00000001fffffffc", /* -8589934589, which is 3 in 32 bits */
        "3b00000000fffffffd", /* -4294967294, which is 2 in 32 bits */
        "3b0000000100000002", /* -4294967299, which is -3 in 32 bits */
        "1b7fffffffffffffff",
        "3b7fffffffffffffff",
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        cr_assert_eq(
            read_number(MWI_FAIL, numbers[i]), MW_EUNKNOWN, "%s", numbers[i]);
        cr_assert_eq(
            read_number(MWI_GOAWAY, numbers[i]), MW_EUNKNOWN, "%s", numbers[i]);
    }
}

/* A failure without a status still is one; to go away is none. */
Test(wire_message, success_as_a_status)
{
    cr_assert_eq(read_number(MWI_FAIL, "00"), MW_EUNKNOWN);
    cr_assert_eq(read_number(MWI_GOAWAY, "00"), MW_OK);
}
