/* SPDX-License-Identifier: MIT */
/*
 * Lines of text about changes.  There is room for so many bytes; lines after
 * that are counted.
 */
#include "delta/changes_lines.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum {
    TEXT_MAX = 1 << 20, /* bytes of all lines together */
    LAST_MAX = 64,      /* of what says how many more there are */
    VALUE_MAX = 160,    /* bytes of a value that are shown */
    PRINTED_MAX = 4096, /* bytes of it that are printed at most */
    HEAD_MAX = 64,      /* bytes of a text that are shown at its start */
    TAIL_MAX = 24,      /* and at its end */
};

#define ELLIPSIS "\xe2\x80\xa6"

void
mwi_lines_init(struct mwi_lines *l, struct mwi_nodes *nodes)
{
    *l = (struct mwi_lines){ .nodes = nodes };
    mwi_buf_init(&l->buf, TEXT_MAX);
}

/* How a status of the buffer's is remembered. */
static void
note(struct mwi_lines *l, mw_status status)
{
    l->is_full = l->is_full || status == MW_ERANGE;
    l->failed = l->failed || status == MW_ENOMEM;
}

static void
put(struct mwi_lines *l, const char *text, size_t len)
{
    if (!l->is_full && !l->failed) {
        note(l, mwi_buf_append(&l->buf, text, len));
    }
}

void
mwi_line_puts(struct mwi_lines *l, const char *text)
{
    put(l, text, strlen(text));
}

void
mwi_line_putf(struct mwi_lines *l, const char *format, ...)
{
    char text[64];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put(l, text, n > 0 ? strlen(text) : 0);
}

char *
mwi_lines_finish(struct mwi_lines *l)
{
    if (l->is_full) {
        l->is_full = false;
        l->buf.max += LAST_MAX;
        mwi_line_putf(l, ELLIPSIS " and %zu more\n", l->n_left_out);
    }
    l->buf.max++;
    put(l, "", 1); /* the NUL */
    if (l->failed) {
        mwi_buf_fini(&l->buf);
        return NULL;
    }
    /* Nothing was consumed, so the text starts where the block does. */
    return (char *) l->buf.data;
}

/* The way to a value, which is as long as values are nested. */
static void
put_step(struct mwi_lines *l, const struct mwi_step *step)
{
    if (step->up != NULL) {
        put_step(l, step->up);
    }
    if (step->node != NULL) {
        if (!l->is_full && !l->failed) {
            note(l, mwi_print_label(&l->buf, step->node, step->first));
        }
        mwi_line_puts(l, step->name != NULL ? step->name : "");
    } else if (step->name != NULL) {
        mwi_line_puts(l, step->up != NULL ? "." : "");
        mwi_line_puts(l, step->name);
    } else if (step->key_type != NULL) {
        mwi_line_puts(l, "[");
        mwi_line_value(l, step->key_type, step->key);
        mwi_line_puts(l, "]");
    } else if (step->first == step->last) {
        mwi_line_putf(l, "[%zu]", step->first);
    } else {
        mwi_line_putf(l, "[%zu..%zu]", step->first, step->last);
    }
}

void
mwi_line_begin(
    struct mwi_lines *l, const char *sign, const struct mwi_step *step)
{
    l->mark = mwi_buf_len(&l->buf);
    mwi_line_puts(l, sign);
    if (step != NULL) {
        put_step(l, step);
        mwi_line_puts(l, ": ");
    }
}

void
mwi_line_end(struct mwi_lines *l)
{
    mwi_line_puts(l, "\n");
    if (l->is_full) {
        l->buf.end = l->buf.start + l->mark;
        l->n_left_out++;
    }
}

void
mwi_line_one(struct mwi_lines *l, const char *sign, const struct mwi_step *step,
    const mw_type *type, const void *value)
{
    mwi_line_begin(l, sign, step);
    mwi_line_value(l, type, value);
    mwi_line_end(l);
}

/* Where the last whole character within max bytes ends. */
static size_t
whole_characters(const char *text, size_t max)
{
    while (max > 0 && mwi_utf8_is_continuation(text[max])) {
        max--;
    }
    return max;
}

void
mwi_line_value(struct mwi_lines *l, const mw_type *type, const void *value)
{
    struct mwi_buf buf;
    const char *text;
    mw_status status;
    size_t len;

    if (l->is_full || l->failed) {
        return;
    }
    mwi_buf_init(&buf, PRINTED_MAX);
    status = mwi_print_with(l->nodes, &buf, type, value);
    len = mwi_buf_len(&buf);
    text = (const char *) mwi_buf_bytes(&buf);
    l->failed = status == MW_ENOMEM;
    if (len > VALUE_MAX) {
        len = whole_characters(text, VALUE_MAX);
        status = MW_ERANGE;
    }
    put(l, text, len);
    mwi_line_puts(l, status < 0 ? ELLIPSIS : "");
    mwi_buf_fini(&buf);
}

static void
put_quoted(struct mwi_lines *l, const char *text, size_t len)
{
    char copy[HEAD_MAX + TAIL_MAX + 1];
    char *pointer = copy;

    memcpy(copy, text, len);
    copy[len] = '\0';
    mwi_line_value(l, &mw_type_string, &pointer);
}

void
mwi_line_text(struct mwi_lines *l, const char *text, size_t len)
{
    size_t head = len;

    if (len > HEAD_MAX + TAIL_MAX) {
        head = whole_characters(text, HEAD_MAX);
    }
    put_quoted(l, text, head);
    if (head < len) {
        size_t tail = len - TAIL_MAX;

        while (tail < len && mwi_utf8_is_continuation(text[tail])) {
            tail++;
        }
        mwi_line_puts(l, ELLIPSIS);
        put_quoted(l, text + tail, len - tail);
    }
}
