/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "codec/cbor.h"
#include "codec/head.h"
#include "codec/ieee754.h"
#include "codec/quick_read.h"

void
mwi_reader_init(
    struct mwi_reader *r, const uint8_t *bytes, size_t len, uint32_t depth_max)
{
    static const uint8_t none[1];

    bytes = bytes != NULL ? bytes : none;
    r->start = bytes;
    r->at = bytes;
    r->end = bytes + len;
    r->last = r->end;
    r->apart = NULL;
    r->depth = 0;
    r->depth_max = depth_max < MWI_DEPTH_LIMIT ? depth_max : MWI_DEPTH_LIMIT;
    r->path = NULL;
    r->nodes = NULL;
    mwi_error_clear(&r->error); /* all of its text need not be zero */
}

void
mwi_reader_set_apart(struct mwi_reader *r, struct mwi_apart *apart)
{
    if (apart != NULL && apart->bytes != NULL) {
        assert(apart->at <= (size_t) (r->end - r->start));
        r->apart = apart;
        r->end = r->start + apart->at;
    }
}

/* No item begins at the place of the payload but the one behind it. */
void
mwi_reader_seek(struct mwi_reader *r, const uint8_t *at)
{
    bool is_before =
        r->apart != NULL && (size_t) (at - r->start) < r->apart->at;

    r->at = at;
    r->end = is_before ? r->start + r->apart->at : r->last;
}

mw_status
mwi_reader_finish(struct mwi_reader *r)
{
    if (mwi_reader_ok(r) && r->at != r->last) {
        return mwi_reader_fail(
            r, MW_EINVAL, "%zu bytes too many", mwi_reader_left(r));
    }
    return r->error.status;
}

_Static_assert(MWI_ITEM_TAG == MWI_ITEM_UINT + (MWI_INITIAL_TAG >> 5),
    "items are in the order of major types");
/* Bytes in a row from here on. */
static size_t
left_here(const struct mwi_reader *r)
{
    return (size_t) (r->end - r->at);
}

/* The head of the byte string whose payload is apart. */
static bool
look_apart(const struct mwi_reader *r, struct mwi_head *ret_head)
{
    struct mwi_head head = { .item = MWI_ITEM_BYTES };

    if (r->apart == NULL || r->apart->bytes == NULL || r->at == r->end ||
        mwi_head_item(*r->at) != MWI_ITEM_BYTES) {
        return false;
    }
    head.size = mwi_quick_argument(r->at, left_here(r), &head.argument);
    head.bytes = r->apart->bytes;
    *ret_head = head;
    return (size_t) (r->at - r->start) + head.size == r->apart->at &&
           head.argument == r->apart->len;
}

/* Read the next head without consuming it. */
static bool
look(struct mwi_reader *r, struct mwi_head *ret_head)
{
    const char *why;

    if (!mwi_reader_ok(r)) {
        return false;
    }
    if (mwi_quick_head(r->at, left_here(r), ret_head) ||
        look_apart(r, ret_head)) {
        return true;
    }
    why = r->at == r->end ? "truncated"
                          : mwi_head_read(r->at, left_here(r), ret_head);
    if (why != NULL) {
        mwi_reader_fail(r, MW_EINVAL, "%s", why);
        return false;
    }
    return true;
}

enum mwi_item
mwi_peek(struct mwi_reader *r)
{
    enum mwi_item item;
    struct mwi_head head;

    if (!mwi_reader_ok(r) || r->at == r->end) {
        return MWI_ITEM_NONE;
    }
    item = mwi_head_item(*r->at);
    if (item == MWI_ITEM_NONE) {
        (void) look(r, &head); /* notes why */
    }
    return item;
}

/* Go on behind a head that was looked at. */
static void
pass(struct mwi_reader *r, const struct mwi_head *head)
{
    mwi_reader_seek(r, r->at + head->size);
}

/* Consume a head if it is of the kind, else note a mismatch. */
static bool
take(struct mwi_reader *r, enum mwi_item item, const char *expected,
    struct mwi_head *ret_head)
{
    if (!mwi_reader_ok(r)) {
        return false;
    }
    if (mwi_quick_head(r->at, left_here(r), ret_head) &&
        ret_head->item == item) {
        r->at += ret_head->size;
        return true;
    }
    if (r->at == r->end || mwi_head_item(*r->at) != item) {
        mwi_reader_mismatch(r, expected);
        return false;
    }
    if (!look(r, ret_head)) {
        return false;
    }
    pass(r, ret_head);
    return true;
}

uint64_t
mwi_read_uint(struct mwi_reader *r)
{
    struct mwi_head head;

    return take(r, MWI_ITEM_UINT, "unsigned integer", &head) ? head.argument
                                                             : 0;
}

int64_t
mwi_read_int(struct mwi_reader *r)
{
    bool negative = mwi_peek(r) == MWI_ITEM_NEGINT;
    const uint8_t *at = r->at;
    struct mwi_head head;

    if (!take(
            r, negative ? MWI_ITEM_NEGINT : MWI_ITEM_UINT, "integer", &head)) {
        return 0;
    }
    if (head.argument > INT64_MAX) {
        r->at = at;
        if (negative) {
            mwi_reader_fail(r, MW_EINVAL, "-1-%" PRIu64 " does not fit int64",
                head.argument);
        } else {
            mwi_reader_fail(
                r, MW_EINVAL, "%" PRIu64 " does not fit int64", head.argument);
        }
        return 0;
    }
    return negative ? -1 - (int64_t) head.argument : (int64_t) head.argument;
}

bool
mwi_read_bool(struct mwi_reader *r)
{
    struct mwi_head head;

    return take(r, MWI_ITEM_BOOL, "boolean", &head) && head.argument != 0;
}

void
mwi_read_null(struct mwi_reader *r)
{
    struct mwi_head head;

    (void) take(r, MWI_ITEM_NULL, "null", &head);
}

uint32_t
mwi_read_float_bits(struct mwi_reader *r, uint64_t *ret_bits)
{
    struct mwi_head head;

    if (!take(r, MWI_ITEM_FLOAT, "floating-point number", &head)) {
        return 0;
    }
    *ret_bits = head.argument;
    return head.width;
}

double
mwi_read_float(struct mwi_reader *r)
{
    uint64_t bits = 0;
    double value;

    if (mwi_read_float_bits(r, &bits) == sizeof(float)) {
        bits = mwi_float_widen((uint32_t) bits);
    }
    memcpy(&value, &bits, sizeof(value));
    return value;
}

const uint8_t *
mwi_read_bytes(struct mwi_reader *r, size_t *ret_len)
{
    struct mwi_head head;

    *ret_len = 0;
    if (!take(r, MWI_ITEM_BYTES, "byte string", &head)) {
        return NULL;
    }
    *ret_len = (size_t) head.argument;
    return head.bytes;
}

/* Whether a head's text is UTF-8; notes the byte where it stops to be. */
static bool
check_utf8(struct mwi_reader *r, const struct mwi_head *head)
{
    size_t len = (size_t) head->argument;
    size_t valid = mwi_utf8_is_plain((const char *) head->bytes, len)
                       ? len
                       : mwi_utf8_prefix((const char *) head->bytes, len);

    if (valid < len) {
        r->at = head->bytes + valid;
        mwi_reader_fail(r, MW_EINVAL, "text is not UTF-8");
        return false;
    }
    return true;
}

const char *
mwi_read_text(struct mwi_reader *r, size_t *ret_len)
{
    struct mwi_head head;

    *ret_len = 0;
    if (!take(r, MWI_ITEM_TEXT, "text", &head) || !check_utf8(r, &head)) {
        return NULL;
    }
    *ret_len = (size_t) head.argument;
    return (const char *) head.bytes;
}

/* Enter a container whose head was consumed and began at a place. */
static bool
enter(struct mwi_reader *r, const uint8_t *at)
{
    if (r->depth >= r->depth_max) {
        r->at = at;
        mwi_reader_fail(r, MW_ERANGE, "nested deeper than %" PRIu32 " levels",
            r->depth_max);
        return false;
    }
    r->depth++;
    return true;
}

/* A count is believed when as many items of a byte each could follow. */
static bool
check_count(
    struct mwi_reader *r, const struct mwi_head *head, const uint8_t *at)
{
    size_t left = mwi_reader_left(r);

    left = head->item == MWI_ITEM_MAP ? left / 2 : left;
    if (head->argument > left) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%s of %" PRIu64 " %s is truncated",
            head->item == MWI_ITEM_MAP ? "map" : "array", head->argument,
            head->item == MWI_ITEM_MAP ? "pairs" : "items");
        return false;
    }
    return true;
}

static size_t
read_container(struct mwi_reader *r, enum mwi_item item, const char *expected)
{
    const uint8_t *at = r->at;
    struct mwi_head head;

    if (!take(r, item, expected, &head) || !check_count(r, &head, at) ||
        !enter(r, at)) {
        return 0;
    }
    return (size_t) head.argument;
}

size_t
mwi_read_array(struct mwi_reader *r)
{
    return read_container(r, MWI_ITEM_ARRAY, "array");
}

size_t
mwi_read_map(struct mwi_reader *r)
{
    return read_container(r, MWI_ITEM_MAP, "map");
}

uint64_t
mwi_read_tag(struct mwi_reader *r)
{
    const uint8_t *at = r->at;
    struct mwi_head head;

    if (!take(r, MWI_ITEM_TAG, "tag", &head) || !enter(r, at)) {
        return 0;
    }
    return head.argument;
}

void
mwi_leave(struct mwi_reader *r)
{
    if (r->depth > 0) {
        r->depth--;
    }
}

/* Items that the container behind a head holds. */
static size_t
content(const struct mwi_head *head)
{
    switch (head->item) {
    case MWI_ITEM_ARRAY:
        return (size_t) head->argument;
    case MWI_ITEM_MAP:
        return 2 * (size_t) head->argument; /* at most the bytes left */
    case MWI_ITEM_TAG:
        return 1;
    default:
        return 0;
    }
}

/* Consume one head with all the checks that skipping makes.  Returns how many
 * items it holds; then it was entered. */
static size_t
skip_head(struct mwi_reader *r)
{
    const uint8_t *at = r->at;
    struct mwi_head head;
    size_t n;

    if (!look(r, &head)) {
        return 0;
    }
    pass(r, &head);
    if (head.item == MWI_ITEM_TEXT && !check_utf8(r, &head)) {
        return 0;
    }
    if ((head.item == MWI_ITEM_ARRAY || head.item == MWI_ITEM_MAP) &&
        !check_count(r, &head, at)) {
        return 0;
    }
    n = content(&head);
    return n > 0 && enter(r, at) ? n : 0;
}

void
mwi_skip(struct mwi_reader *r)
{
    size_t pending[MWI_DEPTH_LIMIT]; /* items to go, by level */
    size_t level = 0;                /* levels entered here */

    do {
        size_t n = skip_head(r);

        if (!mwi_reader_ok(r)) {
            return;
        }
        if (n > 0) {
            pending[level++] = n;
            continue;
        }
        /* An item ended, and with it all that it was the last of. */
        while (level > 0 && --pending[level - 1] == 0) {
            level--;
            mwi_leave(r);
        }
    } while (level > 0);
}
