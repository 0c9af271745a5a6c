/* SPDX-License-Identifier: MIT */
/*
 * codec: how the engine reads and writes C objects that it knows by descriptor
 * only: always as bytes, since it has no C type to do it by.
 */
#ifndef MWI_CODEC_ACCESS_H
#define MWI_CODEC_ACCESS_H

#include <string.h>

#include "mw/desc.h"

/* Any sequence of MW_KIND_SEQ. */
struct mwi_seq {
    void *items;
    size_t len; /* elements */
    size_t cap; /* elements that items has room for */
};

static inline struct mwi_seq
mwi_load_seq(const void *value)
{
    struct mwi_seq seq;

    memcpy(&seq, value, sizeof(seq));
    return seq;
}

static inline void
mwi_store_seq(void *value, struct mwi_seq seq)
{
    memcpy(value, &seq, sizeof(seq));
}

static inline size_t
mwi_load_len(const void *value)
{
    size_t len;

    memcpy(&len, value, sizeof(len));
    return len;
}

static inline void
mwi_store_len(void *value, size_t len)
{
    memcpy(value, &len, sizeof(len));
}

static inline char *
mwi_load_string(const void *value)
{
    char *text;

    memcpy(&text, value, sizeof(text));
    return text;
}

static inline void
mwi_store_string(void *value, char *text)
{
    memcpy(value, &text, sizeof(text));
}

/* What a BOX or a REF points to. */
static inline void *
mwi_load_pointer(const void *value)
{
    void *pointer;

    memcpy(&pointer, value, sizeof(pointer));
    return pointer;
}

static inline void
mwi_store_pointer(void *value, void *pointer)
{
    memcpy(value, &pointer, sizeof(pointer));
}

/* Any byte that is not zero is true, whatever a program has put there. */
static inline bool
mwi_load_bool(const void *value)
{
    unsigned char byte;

    memcpy(&byte, value, sizeof(byte));
    return byte != 0;
}

static inline int32_t
mwi_load_enum(const void *value)
{
    int32_t number;

    memcpy(&number, value, sizeof(number));
    return number;
}

/* Store the low bytes of a number: size of them, 1, 2, 4 or 8. */
static inline void
mwi_store_low(void *value, uint64_t bits, size_t size)
{
    uint8_t u8 = (uint8_t) bits;
    uint16_t u16 = (uint16_t) bits;
    uint32_t u32 = (uint32_t) bits;

    switch (size) {
    case sizeof(u8):
        memcpy(value, &u8, sizeof(u8));
        break;
    case sizeof(u16):
        memcpy(value, &u16, sizeof(u16));
        break;
    case sizeof(u32):
        memcpy(value, &u32, sizeof(u32));
        break;
    default:
        memcpy(value, &bits, sizeof(bits));
        break;
    }
}

/* Exchange n bytes; a and b do not overlap, or are the same. */
static inline void
mwi_exchange(void *a, void *b, size_t n)
{
    unsigned char *at_a = a;
    unsigned char *at_b = b;
    unsigned char kept[256];

    while (n > 0) {
        size_t part = n < sizeof(kept) ? n : sizeof(kept);

        memcpy(kept, at_a, part);
        memmove(at_a, at_b, part);
        memcpy(at_b, kept, part);
        at_a += part;
        at_b += part;
        n -= part;
    }
}

/* Whether a value owns no memory outside itself. */
static inline bool
mwi_type_is_flat(const mw_type *type)
{
    return (type->flags & MW_TYPE_FLAT) != 0;
}

/* Whether a value is or holds a reference, not counting those in nodes. */
static inline bool
mwi_type_has_refs(const mw_type *type)
{
    return (type->flags & MW_TYPE_REFS) != 0;
}

/* Whether NULL is how an optional value of the type is absent. */
static inline bool
mwi_type_has_null(const mw_type *type)
{
    return type->kind == MW_KIND_STRING || type->kind == MW_KIND_BOX;
}

/* The two members of a MAP's entry. */
static inline const mw_field *
mwi_map_key(const mw_type *map)
{
    return &map->elem->fields[0];
}

static inline const mw_field *
mwi_map_value(const mw_type *map)
{
    return &map->elem->fields[1];
}

/* Where the items of an MW_KIND_SEQ_N are, bytes from its start. */
static inline size_t
mwi_seq_n_offset(const mw_type *type)
{
    size_t align = type->elem->align;

    return (sizeof(size_t) + align - 1) & ~(align - 1);
}

#endif
