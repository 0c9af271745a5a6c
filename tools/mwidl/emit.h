/* SPDX-License-Identifier: MIT */
/*
 * The code generator.  It makes texts in memory; main.c writes them to files
 * once all went well.  What it makes depends on the IDL alone, and not on
 * paths, time or machine.
 */
#ifndef MWIDL_EMIT_H
#define MWIDL_EMIT_H

#include "ast.h"

enum { LINE_WIDTH = 80 };

typedef enum output_kind {
    OUTPUT_TYPES_H,
    OUTPUT_TYPES_C,
    OUTPUT_CLIENT_H,
    OUTPUT_CLIENT_C,
    OUTPUT_SERVER_H,
    OUTPUT_SERVER_C,
    N_OUTPUTS,
} output_kind;

typedef struct type_list {
    const type *type;
    struct type_list *next;
} type_list;

typedef struct emitter {
    unit *u;
    text *out;            /* being written */
    map declared;         /* (type, ""): C knows it from here or an include;
                             (decl, "defined"): C knows its size */
    map described;        /* (type, ""): its static descriptor is listed */
    type_list *anonymous; /* that the types header declares, in order */
    type_list **anonymous_end;
    type_list *open_maps; /* whose entries wait for a definition */
    type_list **open_maps_end;
    type_list *statics; /* types whose descriptors are static in the .c */
    type_list **statics_end;
    unsigned n_masks; /* of write contracts in the .c so far */
} emitter;

void emitter_init(emitter *e, unit *u);
void emitter_free(emitter *e);

/* "orders_client.mw.h" */
const char *output_name(unit *u, output_kind kind);

/* Generates one of the files.  OUTPUT_TYPES_H must be the first. */
void emit_output(emitter *e, output_kind kind, text *out);

/* emit.c: what all parts use. */
void put(emitter *e, const char *format, ...) MWIDL_PRINTF(2, 3);
const char *fmt(emitter *e, const char *format, ...) MWIDL_PRINTF(2, 3);
void put_banner(emitter *e);
void put_section(emitter *e, const char *title);
void put_version_check(emitter *e);

/* "head(a, b, c)tail" broken between the items where a line would be too
 * long; lines after the first are indented by cont. */
void put_list(emitter *e, unsigned indent, unsigned cont, const char *head,
    const char *const *items, size_t n, const char *tail);

/* "MW_API " before what libmw exports, if this is a part of it; else "". */
const char *api(const emitter *e);

/* "MW_MUST_USE mw_status name(items);" */
void put_prototype(
    emitter *e, const char *name, const char *const *items, size_t n);

/* ".field = value," on a line, or two if it is too long. */
void put_init(emitter *e, unsigned indent, const char *field,
    const char *format, ...) MWIDL_PRINTF(4, 5);

/* A doc comment of these lines, wrapped; nothing if it is empty. */
void put_doc(emitter *e, unsigned indent, const text *lines);

/* The IDL's comment on a declaration, if it has one. */
void put_plain_doc(emitter *e, unsigned indent, const decl *d);

/* A C string literal. */
const char *c_string(emitter *e, const char *s);

/* The same in pieces that each fit on a line: *ret_n of them. */
const char **c_string_pieces(emitter *e, const char *s, size_t *ret_n);

/* A literal of a number type, boolean, enum or bitmask. */
const char *c_value(emitter *e, const value *v, const type *t);

/* The shortest literal that is read back as x. */
const char *c_double(emitter *e, double x);

/* True if the declaration is in the file that code is generated for. */
bool is_own(const emitter *e, const decl *d);

/* True if another file's header may declare the anonymous type too. */
bool is_shared(const emitter *e, const type *t);

/* True for a struct, exception, union or valuetype, which have members. */
bool has_members(const decl *d);

/* Appends to a list. */
void list_type(emitter *e, type_list ***end, const type *t);

/* The interfaces of the file. */
bool has_interfaces(const unit *u);

/* All operations, inherited ones first: *ret_n of them. */
const decl **flatten_ops(emitter *e, const decl *interface, size_t *ret_n);

/* emit_param.c: how C spells types. */

/* "int32_t x[3]" */
const char *c_member(emitter *e, type_ref ref, const char *name);
const char *c_param(emitter *e, type_ref ref, direction dir, const char *name);

/* What to put into args[] of the client stub. */
const char *c_argument(
    emitter *e, type_ref ref, direction dir, const char *name);

/* args[i] as the handler takes it. */
const char *c_from_args(emitter *e, type_ref ref, direction dir, size_t i);

/* The name of the function that frees what an object of the type owns, in
 * words: "orders_Order_clear()", "free()"; NULL if it owns nothing. */
const char *c_release(emitter *e, const type *t);

/* "orders_Order *ret_value" and all before it, as items of a list: *ret_n of
 * them, after the first n_before which the caller sets, and with room for one
 * more. */
const char **c_params(
    emitter *e, const decl *op, size_t n_before, size_t *ret_n);

/* The IDL's text on an operation, without what it says of parameters. */
void doc_op(text *doc, const decl *op);

/* What @mw::writes says: "May change only: doc.title." */
void doc_writes(text *doc, const decl *op, bool at_client);

/* The @param lines of an operation's doc comment. */
void doc_params(emitter *e, text *doc, const decl *op, bool at_client);

/* The header of types: emit_types.c, and its parts emit_anonymous.c,
 * emit_decl.c and emit_object.c. */
void emit_types_h(emitter *e);

/* Declares the anonymous types that a declaration uses; of included files only
 * notes that they are known. */
void need_types(emitter *e, const decl *d);
void note_included(emitter *e);

/* Defines the entries of maps whose values have been defined by now. */
void put_open_entries(emitter *e);
void emit_decl(emitter *e, const decl *d);
void emit_object_functions(emitter *e);

/* The .c of types: emit_desc.c, and its parts emit_fields.c, emit_method.c and
 * emit_writes.c. */
void emit_types_c(emitter *e);
void put_enumerators(emitter *e, const decl *d);
void put_fields(emitter *e, const decl *d);
void put_cases(emitter *e, const decl *d);
void emit_methods(emitter *e, const decl *interface);

/* The tables of an operation's @mw::writes. */
void emit_writes(emitter *e, const decl *interface, const decl *op);

void emit_client_h(emitter *e);
void emit_client_c(emitter *e);
void emit_server_h(emitter *e);
void emit_server_c(emitter *e);

#endif
