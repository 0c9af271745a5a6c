/* SPDX-License-Identifier: MIT */
/*
 * Preprocessor lines.  mwidl has no preprocessor: it knows #include, skips
 * the guards against double inclusion that people write for other compilers
 * (it reads every file once anyway), and rejects the rest.
 */
#include <string.h>

#include "lex_parts.h"

/* A line that begins with '#', cut into words. */
typedef struct line {
    place at;         /* of the '#' */
    const char *verb; /* "include" */
    const char *rest; /* behind the verb, without blanks and comments around */
} line;

/* The length of the line's text up to a comment, without blanks at the end. */
static size_t
text_length(const char *s, size_t len)
{
    bool quoted = false;
    size_t end = 0;

    for (size_t i = 0; i < len; i++) {
        quoted = s[i] == '"' ? !quoted : quoted;
        if (!quoted && s[i] == '/' && i + 1 < len &&
            (s[i + 1] == '/' || s[i + 1] == '*')) {
            break;
        }
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r') {
            end = i + 1;
        }
    }
    return end;
}

static line
read_line(lexer *lex)
{
    line l = { .at = lex_here(lex) };
    const char *data = lex->file->data;
    size_t end = lex->pos;

    while (end < lex->file->len && data[end] != '\n') {
        end++;
    }
    const char *s = data + lex->pos + 1;
    size_t len = text_length(s, end - lex->pos - 1);

    lex->pos += 1 + len;
    while (len > 0 && (*s == ' ' || *s == '\t')) {
        s++;
        len--;
    }
    size_t verb = 0;

    while (verb < len && is_alpha(s[verb])) {
        verb++;
    }
    l.verb = arena_copy(lex->mem, s, verb);
    s += verb;
    len -= verb;
    while (len > 0 && (*s == ' ' || *s == '\t')) {
        s++;
        len--;
    }
    l.rest = arena_copy(lex->mem, s, len);
    return l;
}

static bool
is_macro_name(const char *s)
{
    if (!is_alpha(*s) && *s != '_') {
        return false;
    }
    while (is_alpha(*s) || is_digit(*s) || *s == '_') {
        s++;
    }
    return *s == '\0';
}

static void
include_line(lexer *lex, const line *l, token *tok)
{
    size_t len = strlen(l->rest);

    if (len < 3 || !((l->rest[0] == '"' && l->rest[len - 1] == '"') ||
                       (l->rest[0] == '<' && l->rest[len - 1] == '>'))) {
        error_at(lex->diag, l->at,
            "expected #include \"file.idl\" or #include <file.idl>");
        return;
    }
    tok->kind = TOKEN_INCLUDE;
    tok->system = l->rest[0] == '<';
    tok->string = arena_copy(lex->mem, l->rest + 1, len - 2);
    tok->end = l->at.offset;
}

static void
guard_line(lexer *lex, const line *l)
{
    bool is_ifndef = strcmp(l->verb, "ifndef") == 0;
    bool is_define = strcmp(l->verb, "define") == 0;

    if (is_ifndef && lex->guard == GUARD_START && is_macro_name(l->rest)) {
        lex->guard = GUARD_IFNDEF;
        lex->guard_name = l->rest;
        lex->guard_at = l->at;
        return;
    }
    if (is_define && lex->guard == GUARD_IFNDEF &&
        strcmp(l->rest, lex->guard_name) == 0) {
        lex->guard = GUARD_OPEN;
        return;
    }
    if (strcmp(l->verb, "endif") == 0 && lex->guard == GUARD_OPEN) {
        lex->guard = GUARD_CLOSED;
        return;
    }
    if (is_define) {
        error_at(lex->diag, l->at,
            "#define is only known as part of an include guard; use const "
            "for a constant");
    } else {
        error_at(lex->diag, l->at,
            "#%s: of the preprocessor only #include, #pragma once and a "
            "guard around the whole file (#ifndef X, #define X, #endif) are "
            "known",
            l->verb);
    }
    if (lex->guard == GUARD_IFNDEF) {
        lex->guard = GUARD_OPEN;
    }
}

/* Something other than a directive, or an #include, comes next. */
static void
leave_guard_start(lexer *lex)
{
    if (lex->guard == GUARD_IFNDEF) {
        error_at(lex->diag, lex->guard_at,
            "expected '#define %s' after this line", lex->guard_name);
        lex->guard = GUARD_OPEN;
    } else if (lex->guard == GUARD_CLOSED) {
        error_at(lex->diag, lex_here(lex),
            "nothing can follow the #endif of the include guard");
        lex->guard = GUARD_NONE;
    } else if (lex->guard == GUARD_START) {
        lex->guard = GUARD_NONE;
    }
}

bool
lex_directive(lexer *lex, token *tok)
{
    if (lex->pos >= lex->file->len) {
        return false;
    }
    if (lex_peek(lex, 0) != '#') {
        leave_guard_start(lex);
        return false;
    }
    line l = read_line(lex);

    if (strcmp(l.verb, "include") == 0) {
        leave_guard_start(lex);
        include_line(lex, &l, tok);
        return tok->kind != TOKEN_INCLUDE;
    }
    if (strcmp(l.verb, "pragma") == 0) {
        if (strcmp(l.rest, "once") != 0) {
            error_at(lex->diag, l.at, "of #pragma only #pragma once is known");
        }
        return true;
    }
    guard_line(lex, &l);
    return !diag_full(lex->diag);
}

void
lex_finish_guard(lexer *lex)
{
    if (lex->guard == GUARD_IFNDEF || lex->guard == GUARD_OPEN) {
        error_at(lex->diag, lex->guard_at,
            "this include guard is not closed by #endif");
        lex->guard = GUARD_CLOSED;
    }
}
