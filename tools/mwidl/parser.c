/* SPDX-License-Identifier: MIT */
/*
 * Files, modules and what every parsing function needs.
 */
#include "parser.h"

#include <string.h>

void
advance(parser *p)
{
    p->tok = lexer_next(&p->lex);
}

bool
at_punct(const parser *p, int punct)
{
    return p->tok.kind == TOKEN_PUNCT && p->tok.punct == punct;
}

bool
at_word(const parser *p, word w)
{
    return p->tok.kind == TOKEN_NAME && p->tok.word == w;
}

bool
accept_punct(parser *p, int punct)
{
    if (!at_punct(p, punct)) {
        return false;
    }
    advance(p);
    return true;
}

bool
accept_word(parser *p, word w)
{
    if (!at_word(p, w)) {
        return false;
    }
    advance(p);
    return true;
}

/* Reports what is there instead.  Always false, for the caller to return. */
bool
expected(parser *p, const char *what)
{
    error_at(&p->u->diag, p->tok.at, "expected %s, found %s", what,
        token_text(&p->u->mem, &p->tok));
    return false;
}

bool
expect_punct(parser *p, int punct, const char *where)
{
    if (accept_punct(p, punct)) {
        return true;
    }
    return expected(
        p, arena_format(&p->u->mem, "'%s' %s",
               punct == PUNCT_SCOPE ? "::" : (char[2]){ (char) punct }, where));
}

bool
enter_nested(parser *p, unsigned *depth, unsigned max)
{
    if (*depth >= max) {
        error_at(&p->u->diag, p->tok.at, "nested deeper than %d levels",
            NESTING_MAX);
        return false;
    }
    (*depth)++;
    return true;
}

/* Skips to behind the next ';' or to the '}' that closes the list in which the
 * error is.  Stops at the file's end too, and
 * at an #include where one may be. */
void
recover(parser *p)
{
    unsigned braces = 0;

    while (p->tok.kind != TOKEN_END) {
        if (p->tok.kind == TOKEN_INCLUDE && p->depth == 0) {
            return;
        }
        if (at_punct(p, '{')) {
            braces++;
        } else if (at_punct(p, '}')) {
            if (braces == 0) {
                return;
            }
            braces--;
        } else if (at_punct(p, ';') && braces == 0) {
            advance(p);
            return;
        }
        advance(p);
    }
}

bool
parse_new_name(
    parser *p, const char *what, const char **ret_name, place *ret_at)
{
    if (p->tok.kind != TOKEN_NAME) {
        return expected(p, what);
    }
    word w = p->tok.escaped ? WORD_NONE : word_find(p->tok.name);

    if (w != WORD_NONE && p->tok.word == w) {
        error_at(&p->u->diag, p->tok.at,
            "expected %s, found the IDL word '%s'; write '_%s' to use it as a "
            "name",
            what, p->tok.name, p->tok.name);
        return false;
    }
    if (w != WORD_NONE) {
        error_at(&p->u->diag, p->tok.at,
            "'%s' differs only in case from the IDL word '%s'; write '_%s' to "
            "use it as a name",
            p->tok.name, word_text(w), p->tok.name);
    }
    *ret_name = p->tok.name;
    *ret_at = p->tok.at;
    advance(p);
    return true;
}

void
take_doc_after(parser *p, decl *d)
{
    if (p->tok.doc_after != NULL && d->doc == NULL) {
        d->doc = p->tok.doc_after;
    }
}

/* "a.idl -> b.idl -> a.idl" */
static const char *
cycle_text(unit *u, const source *file, const source *last)
{
    const char *chain = file->path;

    for (; last != NULL; last = last->parent) {
        chain = arena_format(&u->mem, "%s -> %s", last->path, chain);
        if (last == file) {
            break;
        }
    }
    return chain;
}

static void parse_file(unit *u, source *file, unsigned include_depth);

/* The C headers of both would have the same name. */
static void
check_stem(unit *u, place at, const source *file)
{
    for (const source *s = u->sources.first; s != NULL; s = s->next) {
        if (s != file && strcmp(s->stem, file->stem) == 0) {
            error_at(&u->diag, at,
                "'%s' and '%s' have the same name, so they would be one "
                "header, %s.mw.h",
                s->path, file->path, file->stem);
            return;
        }
    }
}

static void
parse_include(parser *p, unsigned include_depth)
{
    unit *u = p->u;
    place at = p->tok.at;
    source *own = (source *) p->lex.file;
    const source *known = u->sources.last;
    source *file =
        source_include(&u->sources, at, p->tok.string, p->tok.system);

    if (file == NULL) {
        return;
    }
    if (file->open) {
        error_at(&u->diag, at, "files include each other: %s",
            cycle_text(u, file, own));
        return;
    }
    include *inc = arena_alloc(&u->mem, sizeof(*inc));
    include **end = &own->includes;

    while (*end != NULL && (*end)->file != file) {
        end = &(*end)->next;
    }
    if (*end != NULL) {
        return; /* a second #include of the same file */
    }
    inc->file = file;
    inc->name = p->tok.string;
    inc->system = p->tok.system;
    *end = inc;
    if (known == u->sources.last) {
        return; /* read before */
    }
    check_stem(u, at, file);
    if (include_depth >= INCLUDE_DEPTH_MAX) {
        error_at(&u->diag, at, "files include each other deeper than %d levels",
            INCLUDE_DEPTH_MAX);
        return;
    }
    file->parent = own;
    parse_file(u, file, include_depth + 1);
}

static void
parse_file(unit *u, source *file, unsigned include_depth)
{
    parser p = { .u = u, .scope = &u->root };

    lexer_init(&p.lex, &u->mem, &u->diag, file);
    file->open = true;
    advance(&p);
    while (p.tok.kind != TOKEN_END) {
        if (p.tok.kind == TOKEN_INCLUDE) {
            parse_include(&p, include_depth);
            advance(&p);
        } else if (at_punct(&p, '}')) {
            error_at(&u->diag, p.tok.at, "this '}' closes nothing");
            advance(&p);
            accept_punct(&p, ';');
        } else if (!parse_definition(&p)) {
            recover(&p);
        }
    }
    file->open = false;
    lexer_free(&p.lex);
}

static decl *
open_module(parser *p, const char *name, place at)
{
    unit *u = p->u;
    decl *d = scope_find(u, p->scope, name);

    if (d != NULL && d->kind == DECL_MODULE && strcmp(d->name, name) == 0) {
        return d; /* reopened */
    }
    d = decl_new(u, p->scope, DECL_MODULE, name, at);
    decl_enter(u, d, p->scope);
    return d;
}

static bool
parse_module(parser *p)
{
    const char *name;
    place at;

    advance(p);
    if (!parse_new_name(p, "the module's name", &name, &at) ||
        !expect_punct(p, '{', "after the module's name") ||
        !enter_nested(p, &p->depth, NESTING_MAX)) {
        return false;
    }
    decl *outer = p->scope;

    p->scope = open_module(p, name, at);
    while (!at_punct(p, '}') && p->tok.kind != TOKEN_END) {
        if (p->tok.kind == TOKEN_INCLUDE) {
            error_at(
                &p->u->diag, p->tok.at, "#include belongs outside of modules");
            advance(p);
        } else if (!parse_definition(p)) {
            recover(p);
        }
    }
    p->scope = outer;
    p->depth--;
    return expect_punct(p, '}', "at the end of the module");
}

static bool
parse_by_word(parser *p, const annotations *notes, const char *doc)
{
    switch (p->tok.word) {
    case WORD_MODULE:
        check_note_targets(p, notes, DECL_MODULE);
        return parse_module(p);
    case WORD_CONST:
        check_note_targets(p, notes, DECL_CONST);
        return parse_const_decl(p, doc);
    case WORD_TYPEDEF:
        check_note_targets(p, notes, DECL_TYPEDEF);
        return parse_typedef(p, doc);
    case WORD_ENUM:
        check_note_targets(p, notes, DECL_ENUM);
        return parse_enum(p, notes, doc, DECL_ENUM);
    case WORD_BITMASK:
        check_note_targets(p, notes, DECL_BITMASK);
        return parse_enum(p, notes, doc, DECL_BITMASK);
    case WORD_UNION:
        check_note_targets(p, notes, DECL_UNION);
        return parse_union(p, doc);
    case WORD_VALUETYPE:
        check_note_targets(p, notes, DECL_VALUETYPE);
        return parse_struct(p, notes, doc, DECL_VALUETYPE);
    case WORD_STRUCT:
        check_note_targets(p, notes, DECL_STRUCT);
        return parse_struct(p, notes, doc, DECL_STRUCT);
    case WORD_EXCEPTION:
        check_note_targets(p, notes, DECL_EXCEPTION);
        return parse_struct(p, notes, doc, DECL_EXCEPTION);
    case WORD_INTERFACE:
        check_note_targets(p, notes, DECL_INTERFACE);
        return parse_interface(p, notes, doc);
    default:
        break;
    }
    if (p->tok.kind == TOKEN_NAME && reject_word(p)) {
        return false;
    }
    return expected(p,
        "a declaration (module, const, typedef, enum, bitmask, struct, union, "
        "valuetype, exception or interface)");
}

bool
at_type_declaration(const parser *p)
{
    static const word words[] = { WORD_CONST, WORD_TYPEDEF, WORD_ENUM,
        WORD_BITMASK, WORD_STRUCT, WORD_UNION, WORD_VALUETYPE, WORD_EXCEPTION };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (at_word(p, words[i])) {
            return true;
        }
    }
    return false;
}

bool
parse_declaration(parser *p, const annotations *notes, const char *doc)
{
    if (!parse_by_word(p, notes, doc)) {
        return false;
    }
    if (!at_punct(p, ';')) {
        expected(p, "';' after the declaration");
        /* Most likely it was only forgotten. */
        return at_type_declaration(p) || at_word(p, WORD_MODULE) ||
               at_word(p, WORD_INTERFACE) || at_punct(p, '}');
    }
    advance(p);
    return true;
}

bool
parse_definition(parser *p)
{
    annotations notes;
    const char *doc = p->tok.doc;

    if (!parse_annotations(p, &notes)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    return parse_declaration(p, &notes, doc);
}

void
parse_unit(unit *u, source *file)
{
    u->main = file;
    parse_file(u, file, 0);
}
