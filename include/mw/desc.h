/* SPDX-License-Identifier: MIT */
/*
 * Type and interface descriptors: the contract between the code that mwidl
 * writes and the library.  One engine in the library encodes, decodes,
 * compares, copies, clears, prints, diffs and patches any object from these
 * tables.  A program rarely touches them by hand.
 *
 * The layout is public ABI and versioned by MW_DESC_VERSION.
 */
#ifndef MW_DESC_H
#define MW_DESC_H

#include "mw/base.h"
#include "mw/status.h"

#define MW_DESC_VERSION 2

/* What a C value is made of.  The comment gives its C type. */
typedef enum mw_kind {
    MW_KIND_BOOL = 1,      /* bool */
    MW_KIND_U8 = 2,        /* uint8_t; also IDL octet */
    MW_KIND_I8 = 3,        /* int8_t */
    MW_KIND_U16 = 4,       /* uint16_t */
    MW_KIND_I16 = 5,       /* int16_t */
    MW_KIND_U32 = 6,       /* uint32_t */
    MW_KIND_I32 = 7,       /* int32_t */
    MW_KIND_U64 = 8,       /* uint64_t */
    MW_KIND_I64 = 9,       /* int64_t */
    MW_KIND_F32 = 10,      /* float, IEEE 754 binary32 */
    MW_KIND_F64 = 11,      /* double, IEEE 754 binary64 */
    MW_KIND_ENUM = 12,     /* a C enum of 4 bytes */
    MW_KIND_STRING = 13,   /* char *: NUL-terminated UTF-8; NULL reads as "" */
    MW_KIND_STRING_N = 14, /* char[bound + 1]: NUL-terminated UTF-8 */
    MW_KIND_STRUCT = 15,   /* struct { fields } */
    MW_KIND_SEQ = 16,      /* struct { T *items; size_t len, cap; } */
    MW_KIND_SEQ_N = 17,    /* struct { size_t len; T items[bound]; } */
    MW_KIND_ARRAY = 18,    /* T[bound] */
    MW_KIND_UNION = 19,    /* struct { tag; union { arms }; } */
    MW_KIND_BITMASK = 20,  /* uint8_t, uint16_t, uint32_t or uint64_t */
    MW_KIND_MAP = 21,      /* a SEQ of struct { K key; V value; }, in ascending
                              order of keys, no two of them equal */
    MW_KIND_BOX = 22,      /* T *: @external, a value of its own block; NULL
                              is absent */
    MW_KIND_REF = 23,      /* T *: a valuetype; NULL, shared, in a cycle */
} mw_kind;

enum {
    /* Owns no memory outside itself, at any depth: no string, SEQ, MAP or BOX.
     * It may refer to nodes, which nobody owns. */
    MW_TYPE_FLAT = 1u << 0,
    /* @final: never longer or shorter than declared. */
    MW_TYPE_FINAL = 1u << 1,
    /* An IDL exception. */
    MW_TYPE_EXCEPTION = 1u << 2,
    /* @mutable: a STRUCT that travels as a map of ids to members. */
    MW_TYPE_MUTABLE = 1u << 3,
    /* Is or holds, at any depth by value, a REF. */
    MW_TYPE_REFS = 1u << 4,
    /* A STRUCT that is a valuetype: what a REF refers to. */
    MW_TYPE_NODE = 1u << 5,
    /* @mw::unique, of a REF: nothing else refers to the same node. */
    MW_TYPE_UNIQUE = 1u << 6,
};

enum {
    /* @optional.  Absent is has_x == false, or NULL for STRING and BOX. */
    MW_FIELD_OPTIONAL = 1u << 0,
    /* @key: identifies the element in a sequence of this struct; also the key
     * of a MAP's entry. */
    MW_FIELD_KEY = 1u << 1,
};

/* mw_type.default_arm: tags that no case names select no arm. */
#define MW_NO_ARM UINT32_MAX

typedef struct mw_type mw_type;
typedef struct mw_field mw_field;
typedef struct mw_enumerator mw_enumerator;

struct mw_enumerator {
    const char *name; /* as in the IDL, without scope */
    int32_t value;    /* of a BITMASK: the position of the bit */
};

/* @range, @min, @max of a member that is a number: values of its type, or
 * NULL.  Both are allowed themselves; a NaN is outside of any range. */
typedef struct mw_range {
    const void *min;
    const void *max;
} mw_range;

/* A tag of a union and the arm that it selects. */
typedef struct mw_case {
    int64_t tag;  /* of a uint64 tag: the same bits */
    uint32_t arm; /* index in mw_type.fields */
} mw_case;

struct mw_field {
    const char *name;      /* as in the IDL */
    const mw_type *type;   /* of the value, optional or not */
    uint32_t id;           /* @id, or the position counted from 0 */
    uint32_t offset;       /* of the value, bytes from the struct's start */
    uint32_t has_offset;   /* of bool has_x, when optional and not STRING or
                              BOX */
    uint32_t flags;        /* MW_FIELD_… */
    const void *initial;   /* @default: for strings the NUL-terminated text,
                              else a value of the type; NULL: zero */
    const mw_range *range; /* NULL: any */
    const void *reserved;  /* NULL */
};

struct mw_type {
    const char *name;       /* "orders::Line", "sequence<double>", "int32" */
    uint32_t kind;          /* enum mw_kind */
    uint32_t flags;         /* MW_TYPE_… */
    uint32_t size;          /* sizeof the C type, bytes */
    uint32_t align;         /* _Alignof the C type, bytes */
    uint32_t bound;         /* STRING_N: bytes without NUL.  SEQ_N, ARRAY:
                               elements.  SEQ: 0.  Others: 0 */
    uint32_t n_members;     /* of fields or of enumerators */
    const mw_type *elem;    /* SEQ, SEQ_N, ARRAY: of an element.  MAP: of an
                               entry, a STRUCT of key and value.  BOX, REF: of
                               what it points to.  UNION: of the tag, which is
                               at offset 0: BOOL, an integer or ENUM */
    const mw_field *fields; /* STRUCT: members in order of declaration.
                               UNION: arms, likewise; their ids are positions */
    const mw_enumerator *enumerators; /* ENUM, BITMASK: ascending by value */
    const mw_case *cases; /* UNION: n_cases of them, ascending by tag */
    uint32_t n_cases;
    uint32_t default_arm;    /* UNION: index of the arm for all other tags, or
                                MW_NO_ARM */
    const void *reserved[2]; /* NULL */
};

/* The direction of a parameter. */
typedef enum mw_dir {
    MW_DIR_IN = 1,
    MW_DIR_OUT = 2, /* also a return value */
    MW_DIR_INOUT = 3,
} mw_dir;

typedef struct mw_param {
    const char *name; /* as in the IDL; "return" for the return value */
    const mw_type *type;
    uint32_t dir;   /* enum mw_dir */
    uint32_t flags; /* 0 */
} mw_param;

/*
 * Which parts of a value an operation may change (@mw::writes).  Masks follow
 * the value's type: one of a struct or union says it per member or arm; one of
 * anything that has elements, entries or a pointee holds for each of those,
 * but not for their number and order.  Where a mask is asked for, NULL says
 * that nothing may change.
 */
typedef struct mw_mask mw_mask;

typedef struct mw_mask_field {
    uint32_t field; /* index in mw_type.fields */
    const mw_mask *mask;
} mw_mask_field;

struct mw_mask {
    const mw_mask_field *fields; /* n of them, ascending */
    uint32_t n;
    bool all; /* everything may change; fields is not looked at */
};

typedef struct mw_node_mask {
    const mw_type *type; /* a STRUCT with MW_TYPE_NODE */
    const mw_mask *mask;
} mw_node_mask;

/* The write contract of an operation. */
typedef struct mw_writes {
    const mw_mask *const *params; /* n_params of them; of in and out: NULL */
    const mw_node_mask *nodes;    /* n_nodes of them; of the others nothing
                                     may change */
    uint32_t n_nodes;
} mw_writes;

enum {
    /* Returns when the server has accepted the call, before it runs. */
    MW_METHOD_ONEWAY = 1u << 0,
    /* @mw::idempotent: to run it twice does what to run it once does, so a
     * client may send it again when it cannot know whether it has run. */
    MW_METHOD_IDEMPOTENT = 1u << 1,
    /* @mw::keyed: each call has a key, by which the server knows one that is
     * sent again; see mw_ctx.key. */
    MW_METHOD_KEYED = 1u << 2,
};

typedef struct mw_method {
    const char *name;       /* "fill" */
    const char *target;     /* "orders.Desk.fill": its name on the wire */
    const mw_param *params; /* in order of declaration; a return value last */
    uint32_t n_params;
    uint32_t flags;               /* MW_METHOD_… */
    const mw_type *const *raises; /* exceptions that it may raise */
    uint32_t n_raises;
    uint32_t timeout_ms;      /* 0: the client's default */
    const mw_writes *writes;  /* NULL: all that is inout may change */
    uint32_t priority;        /* @mw::priority; 0: ordinary.  Calls of a higher
                                 one go first, in a queue of their own */
    uint32_t max_concurrency; /* @mw::max_concurrency: of its calls that run at
                                 once, others wait; 0: any number */
    const void *reserved[1];  /* NULL */
} mw_method;

/* What an interface limits for all its operations together. */
typedef struct mw_limits {
    uint32_t max_concurrency; /* @mw::max_concurrency, likewise */
    uint32_t reserved[7];     /* 0 */
} mw_limits;

typedef struct mw_interface mw_interface;

struct mw_interface {
    uint32_t version;         /* MW_DESC_VERSION of the code that made it */
    uint32_t n_methods;       /* inherited ones included */
    const char *name;         /* "orders.Desk" */
    const mw_method *methods; /* inherited ones first */
    const mw_interface *base; /* single inheritance, or NULL */
    const mw_limits *limits;  /* NULL: none */
    const void *reserved[1];  /* NULL */
};

/*
 * Defines a descriptor that several generated files define alike, such as
 * that of a sequence of another file's struct.  The linker keeps one.
 */
#if defined(__GNUC__) && defined(__cplusplus)
#define MW_SHARED extern __attribute__((weak))
#elif defined(__GNUC__)
#define MW_SHARED __attribute__((weak))
#else
#define MW_SHARED
#endif

MW_BEGIN_DECLS

/* Basic types. */
extern MW_API const mw_type mw_type_bool;
extern MW_API const mw_type mw_type_u8;
extern MW_API const mw_type mw_type_i8;
extern MW_API const mw_type mw_type_u16;
extern MW_API const mw_type mw_type_i16;
extern MW_API const mw_type mw_type_u32;
extern MW_API const mw_type mw_type_i32;
extern MW_API const mw_type mw_type_u64;
extern MW_API const mw_type mw_type_i64;
extern MW_API const mw_type mw_type_f32;
extern MW_API const mw_type mw_type_f64;
extern MW_API const mw_type mw_type_string;

/* Unbounded sequences of them; see mw/seq.h for the C types. */
extern MW_API const mw_type mw_type_seq_bool;
extern MW_API const mw_type mw_type_seq_u8;
extern MW_API const mw_type mw_type_seq_i8;
extern MW_API const mw_type mw_type_seq_u16;
extern MW_API const mw_type mw_type_seq_i16;
extern MW_API const mw_type mw_type_seq_u32;
extern MW_API const mw_type mw_type_seq_i32;
extern MW_API const mw_type mw_type_seq_u64;
extern MW_API const mw_type mw_type_seq_i64;
extern MW_API const mw_type mw_type_seq_f32;
extern MW_API const mw_type mw_type_seq_f64;
extern MW_API const mw_type mw_type_seq_string;

MW_END_DECLS

#endif
