/* SPDX-License-Identifier: MIT */
/*
 * CBOR to values.  What is read may be hostile: nothing is allocated before
 * its size was compared with the bytes that are left and with the budget.
 * Every partial value is one that mwi_clear() can free, because storage starts
 * as zeros and lengths are noted together with the memory they speak of.
 */
#include <inttypes.h>

#include "codec/access.h"
#include "codec/init.h"
#include "codec/value.h"

/* Note an error at an item that has been consumed already. */
#define FAIL_AT(r, place, ...) \
    ((r)->at = (place), (void) mwi_reader_fail((r), __VA_ARGS__))

static void
decode_enum(struct mwi_reader *r, const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    int64_t number = mwi_read_int(r);
    int32_t value = (int32_t) number;

    if (!mwi_reader_ok(r)) {
        return;
    }
    if (mwi_enum_name(type, number) == NULL) {
        FAIL_AT(r, at, MW_EINVAL, "%" PRId64 " is not a value of %s", number,
            type->name);
        return;
    }
    memcpy(ret_value, &value, sizeof(value));
}

/* A text that can be a C string. */
static const char *
read_text(struct mwi_reader *r, size_t *ret_len)
{
    const uint8_t *at = r->at;
    const char *text = mwi_read_text(r, ret_len);

    if (text != NULL && memchr(text, '\0', *ret_len) != NULL) {
        FAIL_AT(r, at, MW_EINVAL, "text contains a NUL");
        return NULL;
    }
    return text;
}

static void
fail_nomem(struct mwi_reader *r, const uint8_t *at,
    const struct mwi_place *place, size_t n, size_t size)
{
    mw_status status = mwi_place_status(place, n, size);

    FAIL_AT(r, at, status, "%s",
        status == MW_ERANGE ? "memory limit exceeded" : "out of memory");
}

static void
decode_string(struct mwi_reader *r, struct mwi_place *place, void *ret_value)
{
    const uint8_t *at = r->at;
    size_t len;
    const char *text = read_text(r, &len);
    char *copy;

    if (text == NULL) {
        return;
    }
    copy = mwi_place_strndup(place, text, len);
    if (copy == NULL) {
        fail_nomem(r, at, place, len + 1, 1);
        return;
    }
    mwi_store_string(ret_value, copy);
}

static void
decode_string_n(struct mwi_reader *r, const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    size_t len;
    const char *text = read_text(r, &len);

    if (text == NULL) {
        return;
    }
    if (len > type->bound) {
        FAIL_AT(r, at, MW_EINVAL,
            "text of %zu bytes exceeds the bound of %" PRIu32, len,
            type->bound);
        return;
    }
    memcpy(ret_value, text, len);
}

/* One member; null leaves an optional one absent. */
static void
decode_field(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, void *ret_record)
{
    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        if (mwi_peek(r) == MWI_ITEM_NULL) {
            mwi_read_null(r);
            return;
        }
        mwi_field_set_present(field, ret_record, true);
    }
    mwi_decode(r, place, field->type, mwi_field_at(field, ret_record));
}

/* Empty texts for the strings of a default value that are still NULL: handlers
 * may rely on it that what was decoded has none, whatever the peer left out. */
static mw_status
fill_strings(struct mwi_place *place, const mw_type *type, void *value)
{
    mw_status status = MW_OK;

    if (type->kind == MW_KIND_STRING && mwi_load_string(value) == NULL) {
        mwi_store_string(value, mwi_place_strndup(place, "", 0));
        return mwi_load_string(value) != NULL ? MW_OK
                                              : mwi_place_status(place, 1, 1);
    }
    if (type->kind == MW_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
            const mw_field *field = &type->fields[i];

            if ((field->flags & MW_FIELD_OPTIONAL) == 0) {
                status = fill_strings(
                    place, field->type, mwi_field_at(field, value));
            }
        }
    } else if (type->kind == MW_KIND_ARRAY) {
        char *items = value;

        for (uint32_t i = 0; i < type->bound && status == MW_OK; i++) {
            status = fill_strings(
                place, type->elem, items + (size_t) i * type->elem->size);
        }
    }
    return status;
}

/* What the peer's version of a struct does not have. */
static void
default_field(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, void *ret_record)
{
    mw_status status = mwi_init_field(place, field, ret_record);

    if (status == MW_OK && (field->flags & MW_FIELD_OPTIONAL) == 0) {
        status =
            fill_strings(place, field->type, mwi_field_at(field, ret_record));
    }
    if (status < 0) {
        mwi_reader_fail(r, status, "%s",
            status == MW_ERANGE ? "memory limit exceeded" : "out of memory");
    }
}

static void
decode_struct(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    struct mwi_path step = { .up = r->path };
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);

    if (!mwi_reader_ok(r)) {
        return;
    }
    if ((type->flags & MW_TYPE_FINAL) != 0 && n != type->n_members) {
        FAIL_AT(r, at, MW_EINVAL, "%zu members, %s has %" PRIu32, n, type->name,
            type->n_members);
        return;
    }
    r->path = &step;
    for (uint32_t i = 0; i < type->n_members && mwi_reader_ok(r); i++) {
        step.name = type->fields[i].name;
        if (i < n) {
            decode_field(r, place, &type->fields[i], ret_value);
        } else {
            default_field(r, place, &type->fields[i], ret_value);
        }
    }
    r->path = step.up;
    for (size_t i = type->n_members; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
}

/* Make room for n elements that were announced at a place in the message, and
 * note the length.  Returns the first, or NULL when there is nothing to do. */
static unsigned char *
make_room(struct mwi_reader *r, const uint8_t *at, struct mwi_place *place,
    const mw_type *type, void *ret_value, size_t n)
{
    const mw_type *elem = type->elem;
    struct mwi_seq seq = { .len = n, .cap = n };

    if (!mwi_reader_ok(r)) {
        return NULL;
    }
    if (type->kind == MW_KIND_ARRAY && n != type->bound) {
        FAIL_AT(
            r, at, MW_EINVAL, "%zu elements, must be %" PRIu32, n, type->bound);
        return NULL;
    }
    if (type->kind == MW_KIND_SEQ_N && n > type->bound) {
        FAIL_AT(r, at, MW_EINVAL,
            "sequence of %zu elements exceeds the bound of %" PRIu32, n,
            type->bound);
        return NULL;
    }
    if (n == 0) {
        return NULL;
    }
    if (type->kind == MW_KIND_SEQ) {
        seq.items = mwi_place_alloc(place, n, elem->size, elem->align);
        if (seq.items == NULL) {
            fail_nomem(r, at, place, n, elem->size);
            return NULL;
        }
        mwi_store_seq(ret_value, seq);
    } else if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(ret_value, n);
    }
    return mwi_items_of(type, ret_value).at;
}

static void
decode_numbers(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    struct mwi_numbers numbers = mwi_read_numbers(r, type->elem->kind);
    void *items = make_room(r, at, place, type, ret_value, numbers.n);

    if (items != NULL) {
        mwi_numbers_copy(&numbers, type->elem->kind, items);
    }
}

static void
decode_items(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    struct mwi_path step = { .up = r->path };
    const mw_type *elem = type->elem;
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);
    unsigned char *items = make_room(r, at, place, type, ret_value, n);

    if (items != NULL) {
        r->path = &step;
        for (; step.index < n && mwi_reader_ok(r); step.index++) {
            mwi_decode(r, place, elem, items + step.index * elem->size);
        }
        r->path = step.up;
    }
    mwi_leave(r);
}

void
mwi_decode(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    bool truth;

    switch (type->kind) {
    case MW_KIND_BOOL:
        truth = mwi_read_bool(r);
        memcpy(ret_value, &truth, sizeof(truth));
        break;
    case MW_KIND_ENUM:
        decode_enum(r, type, ret_value);
        break;
    case MW_KIND_STRING:
        decode_string(r, place, ret_value);
        break;
    case MW_KIND_STRING_N:
        decode_string_n(r, type, ret_value);
        break;
    case MW_KIND_STRUCT:
        decode_struct(r, place, type, ret_value);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        if (mwi_kind_is_number(type->elem->kind)) {
            decode_numbers(r, place, type, ret_value);
        } else {
            decode_items(r, place, type, ret_value);
        }
        break;
    default:
        if (mwi_kind_is_number(type->kind)) {
            mwi_read_number(r, type->kind, ret_value);
        } else {
            mwi_reader_fail(r, MW_EINTERNAL, "%s is of unknown kind %" PRIu32,
                type->name, type->kind);
        }
        break;
    }
}
