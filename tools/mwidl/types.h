/* SPDX-License-Identifier: MIT */
/*
 * Types without their aliases.
 */
#ifndef MWIDL_TYPES_H
#define MWIDL_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct decl decl;
typedef struct type type;
typedef struct unit unit;

/* In an order that matters: basic types up to TYPE_STRING, those that can be a
 * constant up to TYPE_STRING_N. */
typedef enum type_kind {
    TYPE_BOOL,
    TYPE_U8,
    TYPE_I8,
    TYPE_U16,
    TYPE_I16,
    TYPE_U32,
    TYPE_I32,
    TYPE_U64,
    TYPE_I64,
    TYPE_F32,
    TYPE_F64,
    TYPE_STRING,
    TYPE_ENUM,
    TYPE_BITMASK,
    TYPE_STRING_N,
    TYPE_STRUCT, /* also of an exception, and the node of a valuetype */
    TYPE_UNION,
    TYPE_SEQ,
    TYPE_SEQ_N,
    TYPE_ARRAY,
    TYPE_MAP,
    TYPE_BOX, /* of a member that is @external */
    TYPE_REF, /* a valuetype where it is used */
    N_TYPE_KINDS,
} type_kind;

/* A type without its aliases.  There is one object for each type, so that
 * pointers compare as types do. */
struct type {
    type_kind kind;
    uint32_t bound;    /* of TYPE_STRING_N, TYPE_SEQ_N, TYPE_ARRAY */
    const type *elem;  /* of sequences and arrays; TYPE_MAP: of a value;
                          TYPE_BOX, TYPE_REF: what it points to */
    const type *key;   /* of TYPE_MAP */
    decl *decl;        /* of TYPE_ENUM, TYPE_BITMASK, TYPE_STRUCT, TYPE_UNION,
                          TYPE_REF */
    const type *plain; /* what it is without @mw::unique: the two share their
                          C types and functions, not their descriptors.  Else
                          itself */
    const char *idl;   /* "sequence<orders::Line>" */
    const char *stem;  /* C name, or what C names are made from where C has no
                          name for it: "orders_Line_seq", "mw_i32_x4" */
    const char *cname; /* the C type; NULL for arrays and bounded strings,
                          which need a declarator */
    /* TYPE_MAP: its entry is a struct <cname>_entry of key and value, whose
     * descriptor is <stem>_entry_type. */
    const decl *elem_alias; /* TYPE_SEQ, TYPE_SEQ_N, TYPE_MAP whose elements or
                               values are arrays: the array's typedef */
    const char *elem_cname; /* TYPE_SEQ, TYPE_SEQ_N, TYPE_MAP: C type of an
                               element or value */
    const char *key_cname;  /* TYPE_MAP: C type of a key */
    const char *desc;       /* C name of the descriptor */
    bool builtin;           /* libmw has the C type and the descriptor */
    bool complete;          /* false: only declared so far */
    bool flat;              /* owns no memory outside itself */
    bool refs;      /* is or holds a TYPE_REF; known when all is parsed */
    bool unique;    /* TYPE_REF: of @mw::unique */
    unsigned depth; /* levels of nesting by value or sequence */
    uint64_t size;  /* bytes by value on a 64-bit machine */
    uint32_t align; /* likewise */
    type *next;     /* in u->all_types */
};

const type *type_basic(const unit *u, type_kind kind);
const type *type_string(unit *u, uint32_t bound);

/* Of arrays, alias is their typedef. */
const type *type_seq(
    unit *u, const type *elem, const decl *alias, uint32_t bound);
const type *type_map(
    unit *u, const type *key, const type *elem, const decl *alias);
const type *type_array(unit *u, const type *elem, uint32_t bound);
const type *type_box(unit *u, const type *elem);

/* The same under @mw::unique; NULL if it is not made of a valuetype. */
const type *type_unique(unit *u, const type *t);

/* Makes d->own, of a valuetype also d->ref. */
void type_declared(unit *u, decl *d);

/* Lays a struct or union out once its members are known. */
void type_complete(decl *d);

/* Sets .refs of all types once everything is parsed. */
void types_find_refs(unit *u);

bool type_is_integer(const type *t);
bool type_is_float(const type *t);

/* Passed by value in C: a number, boolean, enum or bitmask. */
bool type_is_scalar(const type *t);

#endif
