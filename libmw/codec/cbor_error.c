/* SPDX-License-Identifier: MIT */
/*
 * The errors of readers and writers: the first one stays, and its text says
 * where, as a path to the value and, for readers, the byte.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "codec/access.h"
#include "codec/value.h"

/* Together with the byte offset they fit into an error's text. */
enum { PATH_MAX_LEN = 96, MESSAGE_MAX_LEN = 124 };

/* Bytes of a map's text key that are told. */
enum { KEY_MAX_LEN = 40 };

/* A map's key as text: ["bolt"], [-5].  Returns its length. */
static int
key_text(const struct mwi_path *step, char *ret_text, size_t size)
{
    const mw_type *type = step->key_type;
    const char *text;
    size_t len;

    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        text = mwi_text_of(type, step->key, &len);
        if (len > KEY_MAX_LEN) {
            len = mwi_utf8_prefix(text, KEY_MAX_LEN);
            return snprintf(ret_text, size, "[\"%.*s...\"]", (int) len, text);
        }
        return snprintf(ret_text, size, "[\"%.*s\"]", (int) len, text);
    case MW_KIND_BOOL:
        return snprintf(ret_text, size, "[%s]",
            mwi_load_bool(step->key) ? "true" : "false");
    case MW_KIND_U64:
        return snprintf(ret_text, size, "[%" PRIu64 "]",
            (uint64_t) mwi_load_integer(type, step->key));
    default:
        return snprintf(
            ret_text, size, "[%" PRId64 "]", mwi_load_integer(type, step->key));
    }
}

/* One step as text: "lines", ".lines", "[3]".  Returns its length. */
static size_t
step_text(const struct mwi_path *step, char *ret_text, size_t size)
{
    int n;

    if (step->name != NULL) {
        n = snprintf(
            ret_text, size, "%s%s", step->up != NULL ? "." : "", step->name);
    } else if (step->key != NULL) {
        n = key_text(step, ret_text, size);
    } else {
        n = snprintf(ret_text, size, "[%zu]", step->index);
    }
    return n < 0 ? 0 : (size_t) n;
}

/* "order.lines[3].sku: ", or nothing at the root.  Steps lead from the value
 * to the root, so the text grows towards its front; what does not fit there
 * becomes "...". */
static const char *
path_text(const struct mwi_path *path, char text[PATH_MAX_LEN])
{
    size_t at = PATH_MAX_LEN - 1;

    text[at] = '\0';
    if (path == NULL) {
        return text + at;
    }
    at -= 2;
    memcpy(text + at, ": ", 2);
    for (const struct mwi_path *step = path; step != NULL; step = step->up) {
        char one[PATH_MAX_LEN];
        size_t len = step_text(step, one, sizeof(one));

        if (len + 3 > at) {
            at -= 3;
            memcpy(text + at, "...", 3);
            break;
        }
        at -= len;
        memcpy(text + at, one, len);
    }
    return text + at;
}

static void format_message(char ret_text[MESSAGE_MAX_LEN], const char *format,
    va_list args) MW_PRINTF(2, 0);

static void
format_message(char ret_text[MESSAGE_MAX_LEN], const char *format, va_list args)
{
    (void) vsnprintf(ret_text, MESSAGE_MAX_LEN, format, args);
    /* Half a character would cost all that follows. */
    ret_text[mwi_utf8_prefix(ret_text, strlen(ret_text))] = '\0';
}

/* Where the reader is in the message. */
static size_t
offset_of(const struct mwi_reader *r)
{
    size_t at = (size_t) (r->at - r->start);

    return r->apart != NULL && at >= r->apart->at ? at + r->apart->len : at;
}

mw_status
mwi_reader_fail(struct mwi_reader *r, mw_status status, const char *format, ...)
{
    char path[PATH_MAX_LEN];
    char message[MESSAGE_MAX_LEN];
    va_list args;

    if (r->error.status != MW_OK) {
        return r->error.status;
    }
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    return mwi_fail(&r->error, status, "%s%s at byte %zu",
        path_text(r->path, path), message, offset_of(r));
}

mw_status
mwi_writer_fail(struct mwi_writer *w, mw_status status, const char *format, ...)
{
    char path[PATH_MAX_LEN];
    char message[MESSAGE_MAX_LEN];
    va_list args;

    if (w->error.status != MW_OK) {
        return w->error.status;
    }
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    return mwi_fail(
        &w->error, status, "%s%s", path_text(w->path, path), message);
}

void
mwi_reader_fail_memory(struct mwi_reader *r, mw_status status)
{
    mwi_reader_fail(r, status, "%s",
        status == MW_ERANGE ? "memory limit exceeded" : "out of memory");
}

mw_status
mwi_reader_mismatch(struct mwi_reader *r, const char *expected)
{
    static const char *const names[] = {
        [MWI_ITEM_NONE] = "the end",
        [MWI_ITEM_UINT] = "unsigned integer",
        [MWI_ITEM_NEGINT] = "negative integer",
        [MWI_ITEM_BYTES] = "byte string",
        [MWI_ITEM_TEXT] = "text",
        [MWI_ITEM_ARRAY] = "array",
        [MWI_ITEM_MAP] = "map",
        [MWI_ITEM_TAG] = "tag",
        [MWI_ITEM_BOOL] = "boolean",
        [MWI_ITEM_NULL] = "null",
        [MWI_ITEM_FLOAT] = "floating-point number",
        [MWI_ITEM_SIMPLE] = "simple value",
    };
    enum mwi_item found = mwi_peek(r);

    /* A head that is no head at all was noted by the peek. */
    return mwi_reader_fail(
        r, MW_EINVAL, "expected %s, found %s", expected, names[found]);
}
