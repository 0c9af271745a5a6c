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
#include "types.h"

enum {
    NESTING_MAX = 64,   /* of modules, types and parentheses */
    MEMBERS_MAX = 4096, /* of a struct or interface */
    ENUMERATORS_MAX = 65536,
    PARAMS_MAX = 64,
    BITS_MAX = 64,            /* of a bitmask */
    VALUE_SIZE_MAX = 1 << 24, /* bytes that a type takes by value */
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
    VALUE_BITS, /* of a bitmask */
} value_kind;

typedef struct value {
    value_kind kind;
    bool negative;      /* VALUE_INTEGER: magnitude is of a negative number */
    uint64_t magnitude; /* VALUE_INTEGER; VALUE_BOOL: 0 or 1; VALUE_BITS */
    double number;      /* VALUE_FLOAT */
    const char *string; /* VALUE_STRING */
    const decl *enumerator; /* VALUE_ENUM */
    const decl *bitmask;    /* VALUE_BITS */
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
    NOTE_MUTABLE,
    NOTE_EXTERNAL,
    NOTE_UNIQUE,
    NOTE_WRITES,
    NOTE_BIT_BOUND,
    NOTE_POSITION,
    NOTE_IDEMPOTENT,
    NOTE_KEYED,
    NOTE_PRIORITY,
    NOTE_CONCURRENCY,
    N_NOTES,
} note_kind;

/* What the annotations before a declaration say. */
typedef struct annotations {
    bool final, appendable, mutable, optional, external, unique, key;
    bool idempotent, keyed;
    bool has_id, has_deadline, has_position, has_priority;
    uint32_t id;
    uint32_t position;  /* @position */
    uint32_t bit_bound; /* @bit_bound; 0: absent */
    uint32_t deadline_ms;
    uint32_t priority;        /* @mw::priority */
    uint32_t max_concurrency; /* @mw::max_concurrency; 0: absent */
    value initial;            /* @default */
    value number;             /* @value */
    value min, max;           /* @min, @max, @range */
    value writes;             /* @mw::writes: a VALUE_STRING */
    const char *unit;         /* @unit */
    place at[N_NOTES];        /* .file NULL: absent */
} annotations;

typedef enum decl_kind {
    DECL_ROOT,
    DECL_MODULE,
    DECL_CONST,
    DECL_TYPEDEF,
    DECL_ENUM,
    DECL_ENUMERATOR,
    DECL_BITMASK,
    DECL_BIT, /* .value is its position */
    DECL_STRUCT,
    DECL_UNION,
    DECL_VALUETYPE,
    DECL_EXCEPTION,
    DECL_INTERFACE,
    DECL_MEMBER, /* also of a valuetype, and an arm of a union */
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

/* One label of an arm, in order. */
typedef struct case_label {
    bool is_default; /* "default", without a value */
    value value;
    struct case_label *next;
} case_label;

/* A tag and the arm that it selects. */
typedef struct union_case {
    int64_t tag; /* of a uint64 the same bits */
    const value *label;
    const decl *arm;
} union_case;

/* What @mw::writes allows of a value; see mw_mask in mw/desc.h.  NULL stands
 * for nothing. */
typedef struct mask {
    bool all;                 /* everything; no fields then */
    const char *path;         /* what says so, as it is written */
    struct mask_field *first; /* ascending by their members' position */
    unsigned n_fields;
} mask;

typedef struct mask_field {
    const decl *member; /* or arm */
    uint32_t index;     /* its position, counted from 0 */
    mask *mask;
    struct mask_field *next;
} mask_field;

typedef struct node_mask {
    const decl *valuetype;
    mask *mask;
    struct node_mask *next;
} node_mask;

/* @mw::writes of an operation; what it allows of a parameter stands there. */
typedef struct writes {
    node_mask *first; /* in order of appearance; nothing of other nodes */
    unsigned n_nodes;
} writes;

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
    bool used_early; /* struct, union: named before it was complete;
                        valuetype: always */
    annotations notes;
    type_ref type;      /* of const, typedef, member, param; result of op, where
                           .type is NULL for void */
    type *own;          /* the type that an enum, bitmask, struct, exception or
                           union makes; of a valuetype its node's */
    type *ref;          /* of a valuetype: TYPE_REF */
    const type *unique; /* of a valuetype: likewise with @mw::unique, or NULL if
                          nothing uses that */
    type_ref tag;       /* of a union */
    const case_label *labels; /* of an arm */
    union_case *cases;        /* of a union: n_cases, ascending by tag */
    unsigned n_cases;
    const decl *default_arm; /* of a union: for other tags, or NULL */
    value value;             /* of a const, an enumerator, a bit */
    uint32_t id;             /* of a member; of an arm its position */
    direction dir;           /* of a param */
    bool oneway;             /* op */
    decl *base;              /* of an interface */
    decl_list *raises;       /* of an op */
    const writes *writes;    /* of an op with @mw::writes, when all is parsed */
    const mask *mask;        /* of an inout param of such an op, or NULL */
};

/* A declaration of a file, in the order of appearance over all files. */
typedef struct item {
    decl *decl; /* const, typedef, interface, or what makes a type */
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
    type *all_types; /* but the basic ones */
    bool library;    /* see unit_options */
} unit;

typedef struct unit_options {
    const char *const *dirs; /* of -I */
    size_t n_dirs;
    bool library; /* C names may be libmw's, and are exported from it */
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

/* Finds the candidate that is most like a name. */
typedef struct suggestion {
    const char *name;
    const char *found; /* NULL: none is like it */
    unsigned best;     /* how unlike what was found is; the limit at first */
} suggestion;

suggestion suggest(const char *name);
void suggest_add(suggestion *s, const char *candidate);

/* What is visible in the scope that is most like a name, or NULL. */
const char *scope_suggest(const decl *scope, const char *name);

const char *decl_kind_text(decl_kind kind);

/* True if there is a has_x beside the member's value. */
bool member_has_flag(const decl *m);

/* value.c: makes a value one of the type, or reports why not. */
bool value_convert(unit *u, value *v, const type *t);
const char *value_text(unit *u, const value *v);
int value_compare(const value *a, const value *b);

#endif
