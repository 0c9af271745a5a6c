/* SPDX-License-Identifier: MIT */
/*
 * White space and comments.  A doc comment begins with three slashes or with a
 * slash and two stars; with a '<' behind that it belongs to what comes before
 * it.  Its text is kept line by line, without the decoration at the margin.
 */
#include <string.h>

#include "lex_parts.h"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Adds a line without blanks at its end; tabs become a space. */
static void
add_doc_line(text *doc, const char *line, size_t len)
{
    while (len > 0 && is_blank(line[len - 1])) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        text_add(doc, is_blank(line[i]) ? " " : line + i, 1);
    }
    text_add(doc, "\n", 1);
}

/* Which text a doc comment goes to, with pos moved behind its '<'. */
static text *
choose_doc(lexer *lex, size_t *pos)
{
    if (*pos < lex->file->len && lex->file->data[*pos] == '<') {
        (*pos)++;
        return &lex->doc_after;
    }
    return &lex->doc;
}

static void
line_comment(lexer *lex)
{
    const char *data = lex->file->data;
    size_t start = lex->pos + 2;
    size_t end = start;

    while (end < lex->file->len && data[end] != '\n') {
        end++;
    }
    lex->pos = end;
    /* Four slashes and more are a ruler, not a doc comment. */
    if (start < end && data[start] == '/' &&
        !(start + 1 < end && data[start + 1] == '/')) {
        start++;
        text *doc = choose_doc(lex, &start);

        if (start < end && data[start] == ' ') {
            start++;
        }
        add_doc_line(doc, data + start, end > start ? end - start : 0);
    }
}

/* One line of a block comment: without the margin of blanks and a star. */
static void
block_line(text *doc, const char *line, size_t len, bool first)
{
    size_t i = 0;

    while (i < len && is_blank(line[i])) {
        i++;
    }
    if (!first && i < len && line[i] == '*') {
        i++;
        if (i < len && line[i] == ' ') {
            i++;
        }
    }
    if (i < len || (!first && doc->len > 0)) {
        add_doc_line(doc, line + i, len - i);
    }
}

static void
block_doc(lexer *lex, size_t start, size_t end)
{
    const char *data = lex->file->data;
    text *doc = choose_doc(lex, &start);
    bool first = true;

    while (start < end) {
        const char *newline = memchr(data + start, '\n', end - start);
        size_t stop = newline == NULL ? end : (size_t) (newline - data);

        if (newline != NULL || first ||
            strspn(data + start, " \t") < stop - start) {
            block_line(doc, data + start, stop - start, first);
        }
        first = false;
        start = stop + 1;
    }
}

static void
block_comment(lexer *lex)
{
    const char *data = lex->file->data;
    place at = lex_here(lex);
    size_t start = lex->pos + 2;
    size_t end = start;

    while (end < lex->file->len &&
           !(data[end] == '*' && end + 1 < lex->file->len &&
               data[end + 1] == '/')) {
        end++;
    }
    if (end >= lex->file->len) {
        error_at(lex->diag, at, "this comment is not closed by */");
        lex->pos = lex->file->len;
        return;
    }
    lex->pos = end + 2;
    if (start < end && data[start] == '*' &&
        !(start + 1 < end && data[start + 1] == '*')) {
        block_doc(lex, start + 1, end);
    }
}

void
lex_skip_space(lexer *lex)
{
    for (;;) {
        char c = lex_peek(lex, 0);

        if (is_blank(c) || c == '\n') {
            lex->pos++;
        } else if (c == '/' && lex_peek(lex, 1) == '/') {
            line_comment(lex);
        } else if (c == '/' && lex_peek(lex, 1) == '*') {
            block_comment(lex);
        } else {
            return;
        }
    }
}
