/* SPDX-License-Identifier: MIT */
/*
 * The parser: recursive descent, one token ahead.
 *
 * Its functions return false on a syntax error, which they have reported;
 * whoever parses a list of things then skips to the next thing.  An error of
 * meaning is reported too, but parsing goes on.
 */
#ifndef MWIDL_PARSER_H
#define MWIDL_PARSER_H

#include "ast.h"
#include "lexer.h"

typedef struct parser {
    unit *u;
    lexer lex;
    token tok;           /* the next one, not yet used */
    decl *scope;         /* where names are looked up first */
    unsigned depth;      /* of nesting in braces */
    unsigned expr_depth; /* of the expression being parsed */
    unsigned type_depth; /* of the type being parsed */
    bool in_angles;      /* an expression ends at '>' */
} parser;

/* Parses a file and all that it includes.  Errors are in u->diag. */
void parse_unit(unit *u, source *file);

/* parser.c */
void advance(parser *p);
bool at_punct(const parser *p, int punct);
bool at_word(const parser *p, word w);
bool accept_punct(parser *p, int punct);
bool accept_word(parser *p, word w);
bool expect_punct(parser *p, int punct, const char *where);
bool expected(parser *p, const char *what);

/* One level deeper in one of the depths; false if that is too deep, which is
 * reported. */
bool enter_nested(parser *p, unsigned *depth, unsigned max);
void recover(parser *p);

/* A new name, which must be no word of IDL. */
bool parse_new_name(
    parser *p, const char *what, const char **ret_name, place *ret_at);

/* Gives d the doc comment that stands behind it, if it has none. */
void take_doc_after(parser *p, decl *d);

/* Parses the declarations of a module, an interface or the global scope. */
bool parse_definition(parser *p);

/* The same behind its annotations. */
bool parse_declaration(parser *p, const annotations *notes, const char *doc);

/* True at a declaration that an interface may have inside. */
bool at_type_declaration(const parser *p);

/* parse_name.c: "A::B".  *ret_decl is NULL after an error of meaning. */
bool parse_scoped_name(parser *p, decl **ret_decl, place *ret_at);

/* parse_type.c */
bool parse_type(parser *p, type_ref *ret_type);
bool reject_word(parser *p);

/* Reports a type that is not yet defined or too big; then .type is NULL. */
void require_complete(parser *p, type_ref *ref);
void require_limits(parser *p, type_ref *ref);

/* Gives a member, arm or parameter the type that its annotations make of the
 * one that is written: @mw::unique, @external.  Reports what is incomplete. */
void apply_type_notes(parser *p, type_ref *ref, const annotations *notes);

/* Parses "[3][4]" behind a name and wraps the type in arrays. */
bool parse_array_bounds(parser *p, type_ref *type);

/* const_expr.c */
bool parse_const(parser *p, const type *target, value *ret_value);
bool parse_bound(parser *p, uint32_t *ret_bound);

/* annotate.c */
bool parse_annotations(parser *p, annotations *ret_notes);

/* Reports annotations that do not belong on this kind of declaration. */
void check_note_targets(parser *p, const annotations *notes, decl_kind kind);
void check_arm_notes(parser *p, const annotations *notes);

/* parse_decl.c */
bool parse_const_decl(parser *p, const char *doc);
bool parse_typedef(parser *p, const char *doc);
bool parse_enum(/* or a bitmask */
    parser *p, const annotations *notes, const char *doc, decl_kind kind);
bool parse_struct(/* or a valuetype or exception */
    parser *p, const annotations *notes, const char *doc, decl_kind kind);

/* The declaration that a forward declaration or a definition makes or
 * completes. */
decl *open_struct(
    parser *p, decl_kind kind, const char *name, place at, bool forward);

/* parse_union.c */
bool parse_union(parser *p, const char *doc);

/* parse_interface.c */
bool parse_interface(parser *p, const annotations *notes, const char *doc);

#endif
