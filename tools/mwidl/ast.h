/* SPDX-License-Identifier: MIT */
/*
 * The tree of declarations and the types they use.
 *
 * Names are resolved and constants evaluated while parsing, since IDL wants
 * everything declared before it is used.  So the tree holds no expressions and
 * no unresolved names.  It lives as long as the unit's arena.
 */
#ifndef MWIDL_AST_H
#define MWIDL_AST_H

#include "source.h"

enum {
    NESTING_MAX = 64,   /* of modules, types and parentheses */
    MEMBERS_MAX = 4096, /* of a struct or interface */
    ENUMERATORS_MAX = 65536,
    PARAMS_MAX = 64,
    VALUE_SIZE_MAX = 1 << 24, /* bytes that a type takes by value */
};

typedef struct decl decl;
typedef struct type type;

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
    TYPE_STRING_N,
    TYPE_STRUCT,
    TYPE_SEQ,
    TYPE_SEQ_N,
    TYPE_ARRAY,
    N_TYPE_KINDS,
} type_kind;

/* A type without its aliases.  There is one object for each type, so that
 * pointers compare as types do. */
struct type {
    type_kind kind;
    uint32_t bound;    /* of TYPE_STRING_N, TYPE_SEQ_N, TYPE_ARRAY */
    const type *elem;  /* of TYPE_SEQ, TYPE_SEQ_N, TYPE_ARRAY */
    decl *decl;        /* of TYPE_ENUM, TYPE_STRUCT */
    const char *idl;   /* "sequence<orders::Line>" */
    const char *stem;  /* C name, or what C names are made from where C has no
                          name for it: "orders_Line_seq", "mw_i32_x4" */
    const char *cname; /* the C type; NULL for arrays and bounded strings,
                          which need a declarator */
    const decl *elem_alias; /* of a sequence of arrays: the array's typedef */
    const char *elem_cname; /* TYPE_SEQ, TYPE_SEQ_N: C type of an element */
    const char *desc;       /* C name of the descriptor */
    bool builtin;           /* libmw has the C type and the descriptor */
    bool complete;          /* false: a struct that is only declared so far */
    bool flat;              /* owns no memory outside itself */
    unsigned depth;         /* levels of nesting by value or sequence */
    uint64_t size;          /* bytes by value on a 64-bit machine */
    uint32_t align;         /* likewise */
};

/* A type as it is written, perhaps with the name of a typedef. */
typedef struct type_ref {
    const type *type;  /* NULL: an error, already reported */
    const decl *alias; /* the typedef, or NULL */
    place at;
} type_ref;

typedef enum value_kind {
    VALUE_NONE, /* absent, or an error that was reported */
    VALUE_INTEGER,
    VALUE_FLOAT,
    VALUE_BOOL,
    VALUE_STRING,
    VALUE_ENUM,
} value_kind;

typedef struct value {
    value_kind kind;
    bool negative;      /* VALUE_INTEGER: magnitude is of a negative number */
    uint64_t magnitude; /* VALUE_INTEGER; VALUE_BOOL: 0 or 1 */
    double number;      /* VALUE_FLOAT */
    const char *string; /* VALUE_STRING */
    const decl *enumerator; /* VALUE_ENUM */
    place at;
} value;

typedef enum note_kind {
    NOTE_ID,
    NOTE_OPTIONAL,
    NOTE_DEFAULT,
    NOTE_KEY,
    NOTE_UNIT,
    NOTE_FINAL,
    NOTE_APPENDABLE,
    NOTE_RANGE,
    NOTE_MIN,
    NOTE_MAX,
    NOTE_VALUE,
    NOTE_DEADLINE,
    N_NOTES,
} note_kind;

/* What the annotations before a declaration say. */
typedef struct annotations {
    bool final, appendable, optional, key, has_id, has_deadline;
    uint32_t id;
    uint32_t deadline_ms;
    value initial;     /* @default */
    value number;      /* @value */
    value min, max;    /* @min, @max, @range */
    const char *unit;  /* @unit */
    place at[N_NOTES]; /* .file NULL: absent */
} annotations;

typedef enum decl_kind {
    DECL_ROOT,
    DECL_MODULE,
    DECL_CONST,
    DECL_TYPEDEF,
    DECL_ENUM,
    DECL_ENUMERATOR,
    DECL_STRUCT,
    DECL_EXCEPTION,
    DECL_INTERFACE,
    DECL_MEMBER,
    DECL_OP,
    DECL_PARAM,
} decl_kind;

typedef enum direction { DIR_IN = 1, DIR_OUT = 2, DIR_INOUT = 3 } direction;

/* A list of declarations that stand elsewhere. */
typedef struct decl_list {
    decl *decl;
    place at;
    struct decl_list *next;
} decl_list;

struct decl {
    decl_kind kind;
    place at;           /* of its name */
    const char *name;   /* as in the IDL, without the '_' of an escape */
    const char *idl;    /* "orders::Line" */
    const char *cname;  /* in C: "orders_Line"; of members and parameters, the
                           plain name */
    const char *doc;    /* lines that end in '\n', or NULL */
    decl *scope;        /* what it is declared in */
    decl *first, *last; /* its own, in order: members, enumerators ... */
    decl *next;         /* in its scope */
    unsigned n_children;
    bool complete;   /* false: only declared so far */
    bool used_early; /* struct: named before it was complete */
    annotations notes;
    type_ref type;     /* of const, typedef, member, param; result of op, where
                          .type is NULL for void */
    type *own;         /* the type that an enum, struct or exception makes */
    value value;       /* of a const; of an enumerator */
    uint32_t id;       /* of a member */
    direction dir;     /* of a param */
    bool oneway;       /* op */
    decl *base;        /* of an interface */
    decl_list *raises; /* of an op */
};

/* A declaration of a file, in the order of appearance over all files. */
typedef struct item {
    decl *decl; /* const, typedef, enum, struct, exception, interface */
    const source *file;
    struct item *next;
} item;

/* A compilation: one file and what it includes. */
typedef struct unit {
    arena mem;
    diag diag;
    sources sources;
    source *main; /* the file to generate code for */
    decl root;    /* the global scope */
    item *items, *last_item;
    map names;  /* (scope, folded name) to decl */
    map types;  /* (NULL, key) to type */
    map cnames; /* (scope or NULL, C name) to struct c_owner */
    type basic[TYPE_STRING + 1];
} unit;

typedef struct unit_options {
    const char *const *dirs; /* of -I */
    size_t n_dirs;
} unit_options;

void unit_init(unit *u, const unit_options *options);
void unit_free(unit *u);

/* Adds a declaration to its scope's list.  Its name, kind and at are set. */
decl *decl_new(
    unit *u, decl *scope, decl_kind kind, const char *name, place at);

/* Enters it among the names of a scope, its own but for enumerators, and makes
 * idl and cname; reports a clash. */
void decl_enter(unit *u, decl *d, decl *scope);

/* Adds it to u->items. */
void unit_add_item(unit *u, decl *d);

/* The declaration with a name that equals this one but for case, in this
 * scope alone (with an interface's bases). */
decl *scope_find(unit *u, const decl *scope, const char *name);

/* What is visible in the scope that is most like a name, or NULL. */
const char *scope_suggest(const decl *scope, const char *name);

const char *decl_kind_text(decl_kind kind);

/* Types. */
const type *type_basic(const unit *u, type_kind kind);
const type *type_string(unit *u, uint32_t bound);
const type *type_seq(
    unit *u, const type *elem, const decl *alias, uint32_t bound);
const type *type_array(unit *u, const type *elem, uint32_t bound);
type *type_declared(unit *u, decl *d);

/* Lays a struct out once its members are known. */
void type_complete_struct(decl *d);
bool type_is_integer(const type *t);
bool type_is_float(const type *t);

/* value.c: makes a value one of the type, or reports why not. */
bool value_convert(unit *u, value *v, const type *t);
const char *value_text(unit *u, const value *v);
int value_compare(const value *a, const value *b);

#endif
