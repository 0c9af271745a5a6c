/* SPDX-License-Identifier: MIT */
/*
 * A client that names mirrors as it should not.  Each thing gets one clear
 * answer, and what the server keeps is never patched by halves, nor against
 * another version than the client means.
 *
 * All of them mirror a Settings: V is {1: theme, 2: scale, 5: depth}, D is an
 * array of ids and changes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/mirrored.h"
#include "integration/raw.h"
#include "lib/prng.h"
#include "rpc/local.h"

/* "mirror.Desk.configure", "mirror.Desk.see", "mirror.Desk.fetch" */
#define CONFIGURE "75 6d6972726f722e4465736b2e636f6e666967757265"
#define SEE       "6f 6d6972726f722e4465736b2e736565"
#define FETCH     "71 6d6972726f722e4465736b2e6665746368"

/* {1: "oak", 2: null, 5: 3}, and with other depths */
#define OAK   "a3 01 63 6f616b 02 f6 05 03"
#define OAK_4 "a3 01 63 6f616b 02 f6 05 04"
#define ELM   "a3 01 63 656c6d 02 f6 05 03"

/* [5, 4], [] */
#define DEPTH_4 "82 05 04"
#define NOTHING "80"

enum { ID = 9, HEX_MAX = 2048 };

struct scene {
    struct mwt_desk desk;
    struct mwt_raw raw;
};

static void
begin(struct scene *c, const mw_server_options *options)
{
    mw_error error;
    struct mwi_stream *stream;

    mwt_desk_start(&c->desk, options);
    cr_assert_eq(mwi_server_connect(c->desk.server, &stream, &error), MW_OK);
    mwt_raw_open(&c->raw, stream);
    cr_assert(mwt_raw_receive(&c->raw));
    mwt_raw_send_message(&c->raw, "83 00 01 a0"); /* [0, 1, {}] */
}

static void
end(struct scene *c)
{
    mwt_raw_close(&c->raw);
    mwt_desk_close(&c->desk);
}

/* [1, 5, target, {5: mirror}, [arg]] */
static void
send_call(
    struct scene *c, const char *target, const char *mirror, const char *arg)
{
    char hex[HEX_MAX + 256]; /* arg is the long one */

    (void) snprintf(
        hex, sizeof(hex), "85 01 05 %s a1 05 %s 81 %s", target, mirror, arg);
    mwt_raw_send_message(&c->raw, hex);
}

/* The same of configure(), with parameter 0. */
static void
send_settings(struct scene *c, unsigned id, unsigned base, unsigned version,
    const char *arg)
{
    char mirror[64];

    (void) snprintf(mirror, sizeof(mirror), "84 00 1a%08x 1a%08x 1a%08x", id,
        base, version);
    send_call(c, CONFIGURE, mirror, arg);
}

static void
assert_fail(struct scene *c, mw_status status, const char *text)
{
    cr_assert(mwt_raw_receive(&c->raw), "closed, expected: %s", text);
    cr_assert_eq(c->raw.message.kind, MWI_FAIL, "expected: %s", text);
    cr_assert_str_eq(mwt_raw_text(&c->raw), text);
    cr_assert_eq(
        c->raw.message.status, status, "%s: %d", text, c->raw.message.status);
    cr_assert(c->raw.message.not_run);
}

/* The server has seen these settings. */
static void
assert_seen(struct scene *c, const char *hex)
{
    size_t len;
    const uint8_t *bytes;

    cr_assert(mwt_raw_receive(&c->raw));
    cr_assert_eq(c->raw.message.kind, MWI_REPLY, "%s", mwt_raw_text(&c->raw));
    cr_assert_eq(mwi_read_array(&c->raw.reader), 1);
    bytes = mwi_read_bytes(&c->raw.reader, &len);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        hex += strspn(hex, " ");
        cr_assert_eq(sscanf(hex, "%2x", &byte), 1);
        cr_assert_eq(bytes[i], byte, "byte %zu", i);
        hex += 2;
    }
    cr_assert_eq(*hex, '\0');
}

Test(mirror_hostile, versions)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 1));
    send_settings(&c, ID, 0, 1, OAK);
    assert_seen(&c, OAK);
    send_settings(&c, ID, 1, 2, DEPTH_4);
    assert_seen(&c, OAK_4);
    /* What is patched is not what it was. */
    send_settings(&c, ID, 1, 3, DEPTH_4);
    assert_fail(&c, MW_ESTALE,
        "settings: version 1 of mirror 9 is not there any more at byte 45");
    send_settings(&c, ID, 3, 4, NOTHING);
    assert_fail(&c, MW_ESTALE,
        "settings: version 3 of mirror 9 is not there any more at byte 45");
    send_settings(&c, ID + 1, 2, 3, NOTHING);
    assert_fail(&c, MW_ESTALE,
        "settings: version 2 of mirror 10 is not there any more at byte 45");
    send_settings(&c, ID, 2, 3, NOTHING);
    assert_seen(&c, OAK_4);
    /* Two calls against one version: whichever comes first. */
    send_settings(&c, ID, 3, 4, DEPTH_4);
    send_settings(&c, ID, 3, 5, DEPTH_4);
    assert_seen(&c, OAK_4);
    assert_fail(&c, MW_ESTALE,
        "settings: version 3 of mirror 9 is not there any more at byte 45");
    /* A call of the past does not replace what is newer. */
    send_settings(&c, ID, 0, 20, ELM);
    send_settings(&c, ID, 0, 10, OAK);
    assert_seen(&c, ELM);
    assert_seen(&c, OAK);
    send_settings(&c, ID, 10, 30, NOTHING);
    assert_fail(&c, MW_ESTALE,
        "settings: version 10 of mirror 9 is not there any more at byte 45");
    send_settings(&c, ID, 20, 30, NOTHING);
    assert_seen(&c, ELM);
    end(&c);
}

struct bad {
    const char *target;
    const char *mirror;
    const char *arg;
    mw_status status;
    const char *text;
};

Test(mirror_hostile, malformed_mirrors)
{
    static const struct bad cases[] = {
        /* {5: 1} */
        { CONFIGURE, "01", OAK, MW_EPROTO,
            "expected array, found unsigned integer at byte 27" },
        /* {5: [0, 9, 0]} */
        { CONFIGURE, "83 00 09 00", OAK, MW_EPROTO,
            "a mirror is an array of parameter, id, base and version at "
            "byte 27" },
        /* {5: [0, 9, 0, -1]} */
        { CONFIGURE, "84 00 09 00 20", OAK, MW_EPROTO,
            "expected unsigned integer, found negative integer at byte 31" },
        /* No version, one that is not above the base, the last there is. */
        { CONFIGURE, "84 00 09 00 00", OAK, MW_EPROTO,
            "the mirror's version is out of range at byte 27" },
        { CONFIGURE, "84 00 09 02 02", DEPTH_4, MW_EPROTO,
            "the mirror's version is out of range at byte 27" },
        { CONFIGURE, "84 00 09 00 1bffffffffffffffff", OAK, MW_EPROTO,
            "the mirror's version is out of range at byte 27" },
        /* Parameters that are not there or not passed. */
        { CONFIGURE, "84 01 09 00 01", OAK, MW_EINVAL,
            "mirror.Desk.configure has no argument 1 to mirror at byte 32" },
        { CONFIGURE, "84 1bffffffffffffffff 09 00 01", OAK, MW_EINVAL,
            "mirror.Desk.configure has no argument 18446744073709551615 to "
            "mirror at byte 40" },
        { FETCH, "84 00 09 00 01", OAK, MW_EINVAL,
            "mirror.Desk.fetch has no argument 0 to mirror at byte 28" },
        /* A whole value must be one. */
        { CONFIGURE, "84 00 09 00 03", DEPTH_4, MW_EINVAL,
            "settings: expected map, found array at byte 33" },
    };
    struct scene c;

    begin(&c, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_call(&c, cases[i].target, cases[i].mirror, cases[i].arg);
        assert_fail(&c, cases[i].status, cases[i].text);
    }
    /* More than we know of may be said of a mirror. */
    send_call(&c, CONFIGURE, "86 00 09 00 01 a0 f6", OAK);
    assert_seen(&c, OAK);
    end(&c);
}

Test(mirror_hostile, malformed_deltas)
{
    static const struct {
        const char *delta;
        mw_status status;
        const char *text;
    } cases[] = {
        /* The first half could be applied: [1, "x", 5, "y"] */
        { "84 01 61 78 05 61 79", MW_EINVAL,
            "settings.depth: expected unsigned integer, found text at "
            "byte 50" },
        { "84 05 01 01 61 78", MW_EINVAL,
            "settings: member 1 after member 5 at byte 48" },
        { "83 05 01 01", MW_EINVAL,
            "settings: array of 3 is not made of ids and changes at byte 45" },
        /* [1, {0: [[9, 1, ""]]}]: beyond the end */
        { "82 01 a1 00 81 83 09 01 60", MW_EINVAL,
            "settings.theme: splice at 9 removes 1 of 3 at byte 50" },
        { "82 02 a0", MW_EINVAL,
            "settings.scale: is absent and cannot be patched at byte 47" },
        { "84 01 61 78 05", MW_EINVAL,
            "settings.depth: expected unsigned integer, found the end at "
            "byte 50" },
        { "82 01 61 ff", MW_EINVAL,
            "settings.theme: text is not UTF-8 at byte 48" },
        { "05", MW_EINVAL,
            "settings: expected map, found unsigned integer at byte 45" },
    };
    struct scene c;

    begin(&c, NULL);
    send_settings(&c, ID, 0, 1, OAK);
    assert_seen(&c, OAK);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_settings(&c, ID, i + 1, i + 2, cases[i].delta);
        assert_fail(&c, cases[i].status, cases[i].text);
        /* It is all there still, unchanged, as the version that it was. */
        send_settings(&c, ID, i + 1, i + 2, NOTHING);
        assert_seen(&c, OAK);
    }
    /* What is wrong behind the delta: then it is gone. */
    send_settings(&c, ID, 9, 10, "80 80");
    assert_fail(&c, MW_EINVAL, "1 bytes too many at byte 46");
    send_settings(&c, ID, 9, 10, NOTHING);
    assert_fail(&c, MW_ESTALE,
        "settings: version 9 of mirror 9 is not there any more at byte 45");
    end(&c);
}

Test(mirror_hostile, of_another_type)
{
    struct scene c;

    begin(&c, NULL);
    send_settings(&c, ID, 0, 1, OAK);
    assert_seen(&c, OAK);
    send_call(&c, SEE, "84 00 09 01 02", NOTHING);
    assert_fail(&c, MW_ESTALE,
        "doc: version 1 of mirror 9 is not there any more at byte 27");
    send_settings(&c, ID, 1, 2, NOTHING);
    assert_seen(&c, OAK);
    end(&c);
}

/* "mirror.Desk.walk", and [[["mirror::Node", 0, 1], [["a", 1.0, null, []]]],
 * 0], which is 34 bytes */
#define WALK "70 6d6972726f722e4465736b2e77616c6b"
#define LIST                                                         \
    "82 82 83 6c 6d6972726f723a3a4e6f6465 00 01 81 84 61 61 fb 3ff0" \
    "000000000000 f6 80 00"

static void
send_list(struct scene *c, unsigned base, unsigned version, const char *arg)
{
    char hex[HEX_MAX];

    (void) snprintf(hex, sizeof(hex),
        "85 01 05 %s a1 05 84 00 09 1a%08x 1a%08x %s", WALK, base, version,
        arg);
    mwt_raw_send_message(&c->raw, hex);
}

static void
assert_walked(struct scene *c)
{
    cr_assert(mwt_raw_receive(&c->raw));
    cr_assert_eq(c->raw.message.kind, MWI_REPLY, "%s", mwt_raw_text(&c->raw));
}

/* With references all arguments are patched, as bytes: what comes of it is
 * checked like any other arguments. */
Test(mirror_hostile, malformed_graphs)
{
    static const struct {
        const char *delta;
        const char *text;
        bool is_patch; /* of bytes, that is */
    } cases[] = {
        /* {1: [[33, h'05']]}: no such node */
        { "a1 01 81 82 18 21 41 05",
            "list: there is no node 5 of mirror::Node at byte 33", true },
        /* {1: [[17, h'18']]}: 129 nodes */
        { "a1 01 81 82 11 41 18",
            "129 nodes of mirror::Node cannot be in the message at byte 3",
            true },
        /* {0: [[33, 1, h'']]}: cut short */
        { "a1 00 81 83 18 21 01 40",
            "list: expected unsigned integer, found the end at byte 33", true },
        /* {0: [[34, 0, h'00']]}: one byte more */
        { "a1 00 81 83 18 22 00 41 00", "1 bytes too many at byte 34", true },
        /* Something else as a whole: h'80' */
        { "41 80",
            "mirror.Desk.walk takes 1 arguments and their nodes, found 0 at "
            "byte 0",
            true },
        /* {0: [[35, 0, h'']]} */
        { "a1 00 81 83 18 23 00 40", "splice at 35 removes 0 of 34 at byte 38",
            false },
        { "f6", "expected byte string, found null at byte 35", false },
    };
    struct scene c;

    begin(&c, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_list(&c, 0, 10 * (unsigned) i + 1, LIST);
        assert_walked(&c);
        /* {1: [[21, h'62']]} */
        send_list(&c, 10 * (unsigned) i + 1, 10 * (unsigned) i + 2,
            "a1 01 81 82 15 41 62");
        assert_walked(&c);
        send_list(
            &c, 10 * (unsigned) i + 2, 10 * (unsigned) i + 3, cases[i].delta);
        assert_fail(&c, MW_EINVAL, cases[i].text);
        send_list(&c, 10 * (unsigned) i + 2, 10 * (unsigned) i + 4, "a0");
        cr_assert(mwt_raw_receive(&c.raw));
        /* Patched, it is gone; refused, it is as it was. */
        cr_assert_eq(
            c.raw.message.kind, cases[i].is_patch ? MWI_FAIL : MWI_REPLY);
        cr_assert(!cases[i].is_patch || c.raw.message.status == MW_ESTALE);
    }
    end(&c);
}

/* A theme of n bytes, in V (5 bytes and its head of 3 are before it) or D. */
static void
print_theme(char hex[HEX_MAX], bool is_delta, unsigned n)
{
    int len =
        snprintf(hex, HEX_MAX, "%s 79%04x", is_delta ? "82 01" : "a1 01", n);

    for (unsigned i = 0; i < n; i++) {
        len += snprintf(hex + len, HEX_MAX - (size_t) len, "61");
    }
}

Test(mirror_hostile, over_the_limit)
{
    char hex[HEX_MAX];
    struct scene c;

    begin(&c, MW_SERVER(.memory_max = 600));
    send_settings(&c, ID, 0, 1, OAK);
    assert_seen(&c, OAK);
    print_theme(hex, true, 700);
    send_settings(&c, ID, 1, 2, hex);
    assert_fail(
        &c, MW_ERANGE, "settings.theme: memory limit exceeded at byte 47");
    send_settings(&c, ID, 1, 2, NOTHING);
    assert_seen(&c, OAK);
    end(&c);
}

Test(mirror_hostile, more_than_are_kept)
{
    enum { MANY = 2000, KEPT = 5 };
    struct scene c;
    char text[128];

    begin(&c, MW_SERVER(.mirrors_max = KEPT));
    for (unsigned i = 0; i < MANY; i++) {
        send_settings(&c, i, 0, 1, OAK);
        assert_seen(&c, OAK);
    }
    for (unsigned i = MANY - KEPT; i < MANY; i++) {
        send_settings(&c, i, 1, 2, DEPTH_4);
        assert_seen(&c, OAK_4);
    }
    for (unsigned i = 0; i < MANY - KEPT; i += 50) {
        send_settings(&c, i, 1, 2, DEPTH_4);
        (void) snprintf(text, sizeof(text),
            "settings: version 1 of mirror %u is not there any more at "
            "byte 45",
            i);
        assert_fail(&c, MW_ESTALE, text);
    }
    end(&c);
}

/* Any byte of a call with a delta is another: the call is refused, or it is
 * another call.  What is kept is either as it was, or gone. */
Test(mirror_hostile, damaged)
{
    struct mwt_prng prng = mwt_prng_seeded("mirror_hostile");
    struct scene c;

    begin(&c, NULL);
    for (unsigned i = 0; i < 2000; i++) {
        /* [1, 5, "…configure", {5: [0, i, 1, 2]},
         *     [[1, {0: [[1, 1, "il"]]}, 5, 4]]] */
        uint8_t call[] =
            "\x58\x38\x85\x01\x05\x75mirror.Desk.configure\xa1\x05\x84\x00"
            "\x1a\x00\x00\x00\x00\x1a\x00\x00\x00\x01\x1a\x00\x00\x00\x02\x81"
            "\x84\x01\xa1\x00\x81\x83\x01\x01\x62il\x05\x04";
        const size_t head = 2;
        const size_t len = sizeof(call) - 1;

        send_settings(&c, i, 0, 1, OAK);
        assert_seen(&c, OAK);
        call[1] = (uint8_t) (len - head);
        call[head + 30] = (uint8_t) (i >> 8);
        call[head + 31] = (uint8_t) i;
        /* Its kind and id are left, so that there is an answer. */
        call[head + 3 + mwt_below(&prng, len - head - 3)] ^=
            (uint8_t) (1 + mwt_below(&prng, 255));
        mwt_raw_send(&c.raw, call, len);
        cr_assert(mwt_raw_receive(&c.raw), "%u", i);
        send_settings(&c, i, 1, 3, NOTHING);
        cr_assert(mwt_raw_receive(&c.raw), "%u", i);
        if (c.raw.message.kind == MWI_FAIL) {
            cr_assert_eq(c.raw.message.status, MW_ESTALE);
        } else {
            size_t got;
            const uint8_t *bytes;

            (void) mwi_read_array(&c.raw.reader);
            bytes = mwi_read_bytes(&c.raw.reader, &got);
            cr_assert_eq(got, 10);
            cr_assert_eq(memcmp(bytes, "\xa3\x01\x63oak\x02\xf6\x05\x03", 10),
                0, "%u", i);
        }
    }
    end(&c);
}
