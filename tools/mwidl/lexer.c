/* SPDX-License-Identifier: MIT */
/*
 * The scanner.  Never fails: what it cannot read it reports, skips, and goes
 * on behind.  Comments are in lex_comment.c, preprocessor lines in
 * lex_directive.c.
 */
#include "lexer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lex_parts.h"

enum {
    STRING_MAX = 65536,    /* bytes of a string literal */
    NAME_MAX_LENGTH = 200, /* bytes */
};

static const char *const word_spellings[] = { "",
#define WORD_SPELLING(name, spelling) spelling,
    WORD_MAP(WORD_SPELLING)
#undef WORD_SPELLING
};

const char *
word_text(word w)
{
    return word_spellings[w];
}

word
word_find(const char *name)
{
    for (size_t i = 1; i < sizeof(word_spellings) / sizeof(*word_spellings);
         i++) {
        if (same_but_case(name, word_spellings[i])) {
            return (word) i;
        }
    }
    return WORD_NONE;
}

void
lexer_init(lexer *lex, arena *mem, diag *errors, const source *file)
{
    *lex = (lexer){ .mem = mem, .diag = errors, .file = file };
    if (file->len >= 3 && memcmp(file->data, "\xef\xbb\xbf", 3) == 0) {
        lex->pos = 3; /* a byte order mark, as some editors write */
    }
}

void
lexer_free(lexer *lex)
{
    text_free(&lex->doc);
    text_free(&lex->doc_after);
}

char
lex_peek(const lexer *lex, size_t ahead)
{
    size_t left = lex->file->len - lex->pos;

    if (ahead >= left) {
        return '\0';
    }
    return lex->file->data[lex->pos + ahead];
}

place
lex_here(const lexer *lex)
{
    return (place){ lex->file, lex->pos };
}

bool
lexer_sees(const lexer *lex, char c)
{
    size_t i = lex->pos;

    while (i < lex->file->len && strchr(" \t\r\n\f\v", lex->file->data[i])) {
        i++;
    }
    return i < lex->file->len && lex->file->data[i] == c;
}

static bool
is_name_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '_';
}

static void
scan_name(lexer *lex, token *tok)
{
    size_t start = lex->pos;

    while (is_name_char(lex_peek(lex, 0))) {
        lex->pos++;
    }
    const char *spelled = lex->file->data + start;
    size_t len = lex->pos - start;

    if (len > NAME_MAX_LENGTH) {
        error_at(lex->diag, tok->at, "names have at most %d characters",
            NAME_MAX_LENGTH);
        len = NAME_MAX_LENGTH;
    }
    tok->kind = TOKEN_NAME;
    tok->escaped = spelled[0] == '_';
    tok->name =
        arena_copy(lex->mem, spelled + tok->escaped, len - tok->escaped);
    if (!tok->escaped) {
        word w = word_find(tok->name);

        tok->word = strcmp(tok->name, word_text(w)) == 0 ? w : WORD_NONE;
    } else if (len == 1 || !is_alpha(tok->name[0])) {
        error_at(lex->diag, tok->at,
            "'%.*s' is not a name: expected a letter after '_'", (int) len,
            spelled);
        tok->name = "x";
    }
}

static void
scan_integer(lexer *lex, token *tok, size_t start)
{
    const char *data = lex->file->data + start;
    size_t len = lex->pos - start;
    unsigned base = 10;
    size_t i = 0;

    if (len > 1 && data[0] == '0') {
        base = to_lower(data[1]) == 'x' ? 16 : 8;
        i = base == 16 ? 2 : 1;
    }
    tok->kind = TOKEN_INTEGER;
    for (bool first = true; i < len || first; i++, first = false) {
        char c = '?';

        if (i < len) {
            c = to_lower(data[i]);
        }
        unsigned digit = is_digit(c)            ? (unsigned) (c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a') + 10
                                                : 99;

        if (digit >= base) {
            error_at(
                lex->diag, tok->at, "'%.*s' is not a number", (int) len, data);
            return;
        }
        if (tok->integer > (UINT64_MAX - digit) / base) {
            error_at(lex->diag, tok->at,
                "%.*s is too large: integers have at most 64 bits", (int) len,
                data);
            tok->integer = 0;
            return;
        }
        tok->integer = tok->integer * base + digit;
    }
}

/* A number runs as far as letters, digits and dots do, and signs after an
 * exponent's 'e': what is no number then is reported as a whole. */
static void
scan_number(lexer *lex, token *tok)
{
    size_t start = lex->pos;
    const char *data = lex->file->data + start;
    bool hex = data[0] == '0' && to_lower(lex_peek(lex, 1)) == 'x';
    bool is_float = false;

    for (;;) {
        char c = lex_peek(lex, 0);
        char before = '\0';

        if (lex->pos > start) {
            before = to_lower(data[lex->pos - start - 1]);
        }

        is_float = is_float || c == '.' || (!hex && to_lower(c) == 'e');
        if (!is_name_char(c) && c != '.' &&
            !((c == '+' || c == '-') && !hex && before == 'e')) {
            break;
        }
        lex->pos++;
    }
    size_t len = lex->pos - start;

    if (!is_float) {
        scan_integer(lex, tok, start);
        return;
    }
    const char *copy = arena_copy(lex->mem, data, len);
    char *end;

    tok->kind = TOKEN_FLOAT;
    tok->number = strtod(copy, &end);
    if (hex || *end != '\0') {
        error_at(lex->diag, tok->at, "'%s' is not a number%s", copy,
            to_lower(copy[len - 1]) == 'd'
                ? ": fixed-point types are not supported, use double"
                : "");
        tok->number = 0;
    } else if (!isfinite(tok->number)) {
        error_at(lex->diag, tok->at, "%s is too large for a double", copy);
        tok->number = 0;
    }
}

/* The value of the escape behind a backslash; -1 when it is none. */
static int
scan_escape(lexer *lex)
{
    static const char letters[] = "ntvbrfa\\?'\"";
    static const char values[] = "\n\t\v\b\r\f\a\\?'\"";
    char c = lex_peek(lex, 0);
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    int value = 0;
    size_t n = 0;

    if (found != NULL) {
        lex->pos++;
        return values[found - letters];
    }
    if (c == 'x') {
        for (lex->pos++; n < 2; n++, lex->pos++) {
            char h = to_lower(lex_peek(lex, 0));

            if (!is_digit(h) && (h < 'a' || h > 'f')) {
                break;
            }
            value = value * 16 + (is_digit(h) ? h - '0' : h - 'a' + 10);
        }
        return n > 0 ? value : -1;
    }
    for (; n < 3 && lex_peek(lex, 0) >= '0' && lex_peek(lex, 0) <= '7'; n++) {
        value = value * 8 + (lex_peek(lex, 0) - '0');
        lex->pos++;
    }
    return n > 0 && value < 256 ? value : -1;
}

/* One literal, from its opening quote to its closing one, onto out. */
static void
scan_literal(lexer *lex, token *tok, char quote, text *out)
{
    bool reported = false;

    for (lex->pos++;;) {
        place at = lex_here(lex);
        char c = lex_peek(lex, 0);

        if (lex->pos >= lex->file->len || c == '\n' || c == '\r') {
            error_at(
                lex->diag, tok->at, "this literal is not closed by %c", quote);
            return;
        }
        lex->pos++;
        if (c == quote) {
            return;
        }
        int value = (unsigned char) c;

        if (c == '\\') {
            value = scan_escape(lex);
        }
        if (value <= 0 && !reported) {
            error_at(lex->diag, at,
                value == 0 ? "a string cannot hold a NUL character"
                           : "unknown escape sequence");
            reported = true;
        }
        char byte = (char) value;

        if (value > 0 && out->len < STRING_MAX) {
            text_add(out, &byte, 1);
        }
    }
}

static bool
is_utf8(const char *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t n = utf8_decode(data + i, len - i, &point);

        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

static void
scan_string(lexer *lex, token *tok)
{
    text out = { 0 };

    tok->kind = TOKEN_STRING;
    text_puts(&out, "");
    do {
        scan_literal(lex, tok, '"', &out);
        tok->end = lex->pos;
        lex_skip_space(lex);
    } while (lex_peek(lex, 0) == '"');
    if (out.len >= STRING_MAX) {
        error_at(lex->diag, tok->at, "string literals have at most %d bytes",
            STRING_MAX - 1);
    } else if (!is_utf8(out.data, out.len)) {
        error_at(lex->diag, tok->at, "this string is not UTF-8");
        out.len = 0;
    }
    tok->string = arena_copy(lex->mem, out.data, out.len);
    text_free(&out);
}

static void
scan_punct(lexer *lex, token *tok)
{
    char c = lex_peek(lex, 0);

    tok->kind = TOKEN_PUNCT;
    tok->punct = (unsigned char) c;
    lex->pos++;
    if (c == lex_peek(lex, 0) && (c == ':' || c == '<')) {
        tok->punct = c == ':' ? PUNCT_SCOPE : PUNCT_SHIFT_LEFT;
        lex->pos++;
    }
}

/* Skips what can start no token.  Returns false at the file's end. */
static bool
skip_bad_characters(lexer *lex)
{
    while (lex->pos < lex->file->len && !diag_full(lex->diag)) {
        char c = lex_peek(lex, 0);
        uint32_t point = 0;

        if (is_name_char(c) || strchr("\"'{}()[]<>:;,=+-*/%|&^~@.", c)) {
            return true;
        }
        size_t n = utf8_decode(
            lex->file->data + lex->pos, lex->file->len - lex->pos, &point);

        if (point < 0x80) {
            error_at(lex->diag, lex_here(lex), "unexpected character '%c'", c);
        } else {
            error_at(lex->diag, lex_here(lex),
                "unexpected character U+%04X: names are ASCII letters, "
                "digits and '_'",
                (unsigned) point);
        }
        lex->pos += n > 0 ? n : 1;
        lex_skip_space(lex);
    }
    return false;
}

static void
take_docs(lexer *lex, token *tok)
{
    if (lex->doc.len > 0) {
        tok->doc = arena_copy(lex->mem, lex->doc.data, lex->doc.len);
        lex->doc.len = 0;
    }
    if (lex->doc_after.len > 0) {
        tok->doc_after =
            arena_copy(lex->mem, lex->doc_after.data, lex->doc_after.len);
        lex->doc_after.len = 0;
    }
}

token
lexer_next(lexer *lex)
{
    token tok = { .kind = TOKEN_END };
    size_t before = lex->pos;

    do {
        lex_skip_space(lex);
    } while (lex_directive(lex, &tok));
    tok.at = lex_here(lex);
    take_docs(lex, &tok);
    if (tok.kind == TOKEN_INCLUDE) {
        tok.at = (place){ lex->file, tok.end };
        return tok;
    }
    if (!skip_bad_characters(lex)) {
        lex->pos = lex->file->len;
        lex_finish_guard(lex);
        tok.at = lex_here(lex);
        tok.end = lex->pos;
        return tok;
    }
    tok.at = lex_here(lex);
    tok.joined = lex->pos == before;
    char c = lex_peek(lex, 0);

    if (is_digit(c) || (c == '.' && is_digit(lex_peek(lex, 1)))) {
        scan_number(lex, &tok);
    } else if (is_name_char(c)) {
        scan_name(lex, &tok);
    } else if (c == '"') {
        scan_string(lex, &tok);
        return tok;
    } else if (c == '\'') {
        text ignored = { 0 };

        tok.kind = TOKEN_CHAR;
        scan_literal(lex, &tok, '\'', &ignored);
        text_free(&ignored);
    } else {
        scan_punct(lex, &tok);
    }
    tok.end = lex->pos;
    return tok;
}

const char *
token_text(arena *mem, const token *tok)
{
    switch (tok->kind) {
    case TOKEN_END:
        return "the end of the file";
    case TOKEN_INCLUDE:
        return "#include";
    case TOKEN_STRING:
        return "a string";
    case TOKEN_CHAR:
        return "a character literal";
    default:
        break;
    }
    size_t len = tok->end - tok->at.offset;

    return arena_format(mem, "'%.*s'", (int) (len < 80 ? len : 80),
        tok->at.file->data + tok->at.offset);
}
