/* SPDX-License-Identifier: MIT */
/*
 * Heads in place and libcbor are one and the same to whoever reads or writes:
 * whatever the bytes and the calls, both builds of the codec give the same
 * values, the same places, the same errors and the same bytes.
 */
#include "codec/quick_read.h"
#include "engines.h"
#include "lib/prng.h"

enum {
    MESSAGES = 20000,
    LEN_MAX = 96,
    CALLS_MAX = 64,
};

/* What a call has given. */
struct found {
    uint64_t value;
    const uint8_t *bytes;
    size_t len;
};

enum call {
    PEEK,
    READ_UINT,
    READ_INT,
    READ_BOOL,
    READ_NULL,
    READ_FLOAT,
    READ_BYTES,
    READ_TEXT,
    READ_ARRAY,
    READ_MAP,
    READ_TAG,
    READ_NUMBER,
    LEAVE,
    SKIP,
    N_CALLS,
};

static struct found
read_number(const struct mwt_engine *engine, struct mwi_reader *r, uint32_t n)
{
    struct found found = { 0 };

    engine->read_number(
        r, MW_KIND_U8 + n % (MW_KIND_F64 - MW_KIND_U8 + 1), &found.value);
    return found;
}

static struct found
read_string(const struct mwt_engine *engine, struct mwi_reader *r, bool is_text)
{
    struct found found = { 0 };

    found.bytes = is_text ? (const uint8_t *) engine->read_text(r, &found.len)
                          : engine->read_bytes(r, &found.len);
    return found;
}

static struct found
call(const struct mwt_engine *engine, struct mwi_reader *r, enum call call,
    uint32_t n)
{
    struct found found = { 0 };

    switch (call) {
    case PEEK:
        found.value = engine->peek(r);
        break;
    case READ_UINT:
        found.value = engine->read_uint(r);
        break;
    case READ_INT:
        found.value = (uint64_t) engine->read_int(r);
        break;
    case READ_BOOL:
        found.value = engine->read_bool(r);
        break;
    case READ_NULL:
        engine->read_null(r);
        break;
    case READ_FLOAT:
        found.len = engine->read_float_bits(r, &found.value);
        break;
    case READ_BYTES:
    case READ_TEXT:
        return read_string(engine, r, call == READ_TEXT);
    case READ_ARRAY:
        found.value = engine->read_array(r);
        break;
    case READ_MAP:
        found.value = engine->read_map(r);
        break;
    case READ_TAG:
        found.value = engine->read_tag(r);
        break;
    case READ_NUMBER:
        return read_number(engine, r, n);
    case LEAVE:
        engine->leave(r);
        break;
    default:
        engine->skip(r);
        break;
    }
    return found;
}

/* The call that reads what comes next, or now and then another one. */
static enum call
choose(struct mwt_prng *prng, enum mwi_item item)
{
    static const enum call calls[] = { [MWI_ITEM_NONE] = SKIP,
        [MWI_ITEM_UINT] = READ_UINT,
        [MWI_ITEM_NEGINT] = READ_INT,
        [MWI_ITEM_BYTES] = READ_BYTES,
        [MWI_ITEM_TEXT] = READ_TEXT,
        [MWI_ITEM_ARRAY] = READ_ARRAY,
        [MWI_ITEM_MAP] = READ_MAP,
        [MWI_ITEM_TAG] = READ_TAG,
        [MWI_ITEM_BOOL] = READ_BOOL,
        [MWI_ITEM_NULL] = READ_NULL,
        [MWI_ITEM_FLOAT] = READ_FLOAT,
        [MWI_ITEM_SIMPLE] = SKIP };

    if (mwt_chance(prng, 85)) {
        return mwt_chance(prng, 15) ? READ_NUMBER : calls[item];
    }
    return (enum call) mwt_below(prng, N_CALLS);
}

/* The same calls to both, until both are at the end or have failed. */
static void
check_message(struct mwt_prng *prng, const uint8_t *bytes, size_t len)
{
    uint32_t depth = mwt_chance(prng, 20) ? (uint32_t) mwt_below(prng, 4) : 64;
    struct mwi_reader r[ENGINES];

    for (size_t e = 0; e < ENGINES; e++) {
        engines[e]->reader_init(&r[e], bytes, len, depth);
    }
    for (size_t i = 0; i < CALLS_MAX && r[0].error.status == MW_OK; i++) {
        enum mwi_item item = engines[0]->peek(&r[0]);
        enum call which = choose(prng, item);
        uint32_t n = (uint32_t) mwt_next(prng);
        struct found found[ENGINES];

        cr_assert_eq(item, engines[1]->peek(&r[1]));
        for (size_t e = 0; e < ENGINES; e++) {
            found[e] = call(engines[e], &r[e], which, n);
        }
        assert_same_reader(&r[0], &r[1], bytes, len);
        cr_assert_eq(found[0].value, found[1].value);
        cr_assert_eq(found[0].bytes, found[1].bytes);
        cr_assert_eq(found[0].len, found[1].len);
        if (r[0].at == r[0].end && mwt_chance(prng, 50)) {
            break;
        }
    }
    cr_assert_eq(
        engines[0]->reader_finish(&r[0]), engines[1]->reader_finish(&r[1]));
    assert_same_reader(&r[0], &r[1], bytes, len);
}

/* In a block that ends where the message does. */
static void
check_copy(struct mwt_prng *prng, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    memcpy(copy, bytes, len);
    check_message(prng, copy, len);
    free(copy);
}

/* Which heads need no call, so that nobody takes one for the other. */
Test(quick, what_is_read_in_place)
{
    static const char *const in_place[] = { "00", "17", "18ff", "190100",
        "1a00010000", "1b0000000100000000", "20", "38ff", "40", "4101", "6161",
        "5801 00", "80", "8101", "a0", "c0", "d6", "d856", "f4", "f5", "f6",
        "fa00000000", "fb0000000000000000" };
    static const char *const by_libcbor[] = { "18", "1c", "1f", "41", "5f",
        "7801", "9f", "bf", "e0", "f3", "f7", "f8ff", "f90000", "fa000000",
        "fb00000000000000", "ff" };

    for (size_t i = 0; i < sizeof(in_place) / sizeof(in_place[0]); i++) {
        struct hex hex = unhex(in_place[i]);
        struct mwi_head head;

        cr_assert(mwi_quick_head(hex.bytes, hex.len, &head), "%s", in_place[i]);
        free(hex.bytes);
    }
    for (size_t i = 0; i < sizeof(by_libcbor) / sizeof(by_libcbor[0]); i++) {
        struct hex hex = unhex(by_libcbor[i]);
        struct mwi_head head;

        cr_assert_not(
            mwi_quick_head(hex.bytes, hex.len, &head), "%s", by_libcbor[i]);
        free(hex.bytes);
    }
}

/* Every initial byte, with arguments that look like any, cut everywhere. */
Test(quick, every_initial_byte)
{
    static const uint8_t fills[] = { 0x00, 0x01, 0x17, 0x18, 0x61, 0x7f, 0x80,
        0xc3, 0xff };
    struct mwt_prng prng = mwt_prng_seeded("quick/every_initial_byte");

    for (unsigned int initial = 0; initial < 256; initial++) {
        for (size_t f = 0; f < sizeof(fills); f++) {
            for (size_t len = 1; len <= 24; len++) {
                uint8_t bytes[24];

                memset(bytes, fills[f], sizeof(bytes));
                bytes[0] = (uint8_t) initial;
                if (f == 0) {
                    bytes[len - 1] = (uint8_t) (len > 1 ? len : initial);
                }
                check_copy(&prng, bytes, len);
            }
        }
    }
}

/* One head with a random argument of a random width, and what may follow. */
static size_t
random_item(struct mwt_prng *prng, uint8_t *ret_bytes)
{
    uint8_t initial = (uint8_t) mwt_next(prng);
    uint64_t argument = mwt_next(prng) >> mwt_below(prng, 64);
    size_t width = (initial & 0x1f) < 24 ? 0
                   : (initial & 0x1f) < 28
                       ? (size_t) 1 << ((initial & 0x1f) - 24)
                       : 0;
    size_t n = 1;

    ret_bytes[0] = initial;
    if (mwt_chance(prng, 60)) {
        argument %= 24; /* a length that may be there */
    }
    for (size_t i = 0; i < width; i++) {
        ret_bytes[n++] = (uint8_t) (argument >> 8 * (width - 1 - i));
    }
    if (initial >> 5 == 2 || initial >> 5 == 3) {
        size_t len = (size_t) (width == 0 ? initial & 0x1f : argument) % 24;

        for (size_t i = 0; i < len; i++) {
            ret_bytes[n++] =
                (uint8_t) (mwt_chance(prng, 95) ? 'a' : mwt_next(prng));
        }
    }
    return n;
}

Test(quick, random_messages)
{
    struct mwt_prng prng = mwt_prng_seeded("quick/random_messages");

    for (size_t i = 0; i < MESSAGES; i++) {
        uint8_t bytes[LEN_MAX + 40];
        size_t max = 1 + mwt_below(&prng, LEN_MAX);
        size_t len = 0;

        while (len < max) {
            len += random_item(&prng, bytes + len);
        }
        check_copy(&prng, bytes, mwt_chance(&prng, 70) ? len : max);
    }
}

/* RFC 8949 appendix A, and what is one bit away from it. */
Test(quick, examples_of_the_standard)
{
    static const char *const examples[] = { "00", "17", "1818", "1903e8",
        "1a000f4240", "1b000000e8d4a51000", "1bffffffffffffffff",
        "c249010000000000000000", "3bffffffffffffffff", "20", "3863", "3903e7",
        "f90000", "f93c00", "fb3ff199999999999a", "fa47c35000", "f90001",
        "fa7fc00000", "fb7ff8000000000000", "f97e00", "f4", "f5", "f6", "f7",
        "f0", "f8ff", "c074323031332d30332d32315432303a30343a30305a",
        "c1fb41d452d9ec200000", "d818456449455446", "40", "4401020304", "60",
        "6449455446", "63e6b0b4", "64f0908591", "83010203", "8301820203820405",
        "a26161016162820203", "826161a161626163",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a56161614161626142616361436164614461656145",
        "7f657374726561646d696e67ff", "5f42010243030405ff", "9f01ff",
        "bf61610161629f0203ffff" };
    struct mwt_prng prng = mwt_prng_seeded("quick/examples");

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct hex hex = unhex(examples[i]);

        check_message(&prng, hex.bytes, hex.len);
        for (size_t bit = 0; bit < 8 * hex.len; bit++) {
            hex.bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
            check_copy(&prng, hex.bytes, hex.len);
            hex.bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        }
        for (size_t len = 0; len < hex.len; len++) {
            check_copy(&prng, hex.bytes, len);
        }
        free(hex.bytes);
    }
}

/* Write one item of a number, which may be a length, and say how. */
static void
write_item(const struct mwt_engine *engine, struct mwi_writer *w, size_t which,
    uint64_t n, const char *text)
{
    double real;
    float single;
    uint32_t bits = (uint32_t) n;

    memcpy(&real, &n, sizeof(real));
    memcpy(&single, &bits, sizeof(single));
    switch (which) {
    case 0:
        engine->write_uint(w, n);
        break;
    case 1:
        engine->write_int(w, (int64_t) n);
        break;
    case 2:
        engine->write_bool(w, n % 2 == 0);
        engine->write_null(w);
        break;
    case 3:
        engine->write_f32(w, single);
        break;
    case 4:
        engine->write_f64(w, real);
        break;
    case 5:
        engine->write_bytes(w, text, n % 300);
        break;
    case 6:
        engine->write_text(w, text, n % 300);
        break;
    case 7:
        engine->write_array(w, (size_t) n);
        break;
    case 8:
        engine->write_map(w, (size_t) n);
        break;
    default:
        engine->write_tag(w, n);
        break;
    }
}

/* A number around a power of two, where widths change, or any. */
static uint64_t
random_number(struct mwt_prng *prng)
{
    uint64_t power = UINT64_C(1) << mwt_below(prng, 64);

    switch (mwt_below(prng, 3)) {
    case 0:
        return power + mwt_below(prng, 3) - 1;
    case 1:
        return ~(power + mwt_below(prng, 3) - 1);
    default:
        return mwt_next(prng) >> mwt_below(prng, 64);
    }
}

/* To buffers of any maximum: what is full says so at the same item. */
Test(quick, what_is_written)
{
    struct mwt_prng prng = mwt_prng_seeded("quick/what_is_written");
    char text[300];

    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t max = mwt_below(&prng, mwt_chance(&prng, 50) ? 40 : 4000);
        struct mwi_buf buf[ENGINES];
        struct mwi_writer w[ENGINES];

        for (size_t e = 0; e < ENGINES; e++) {
            mwi_buf_init(&buf[e], max);
            engines[e]->writer_init(&w[e], &buf[e]);
        }
        for (size_t j = mwt_below(&prng, 20); j > 0; j--) {
            size_t which = mwt_below(&prng, 10);
            uint64_t n = random_number(&prng);

            for (size_t e = 0; e < ENGINES; e++) {
                write_item(engines[e], &w[e], which, n, text);
            }
            assert_same_writer(&w[0], &w[1]);
        }
        mwi_buf_fini(&buf[0]);
        mwi_buf_fini(&buf[1]);
    }
}
