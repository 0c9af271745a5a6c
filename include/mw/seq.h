/* SPDX-License-Identifier: MIT */
/*
 * Sequences: a pointer, a length and a capacity.
 *
 * items may be NULL when cap is 0.  A program may fill a sequence by hand
 * (memory from malloc at the client, from mw_alloc or anywhere that lives
 * until the handler returns at the server), or use the functions here.
 *
 * In all of them, call is the handler's call, whose arena gives the memory,
 * or NULL for an object on the heap.
 */
#ifndef MW_SEQ_H
#define MW_SEQ_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

/* Declares struct name { item *items; size_t len, cap; }. */
#define MW_SEQ(name, item)                                  \
    typedef struct name {                                   \
        item *items; /* len of them are valid */            \
        size_t len;  /* elements */                         \
        size_t cap;  /* elements that items has room for */ \
    } name

MW_SEQ(mw_seq_bool, bool);
MW_SEQ(mw_seq_u8, uint8_t);
MW_SEQ(mw_seq_i8, int8_t);
MW_SEQ(mw_seq_u16, uint16_t);
MW_SEQ(mw_seq_i16, int16_t);
MW_SEQ(mw_seq_u32, uint32_t);
MW_SEQ(mw_seq_i32, int32_t);
MW_SEQ(mw_seq_u64, uint64_t);
MW_SEQ(mw_seq_i64, int64_t);
MW_SEQ(mw_seq_f32, float);
MW_SEQ(mw_seq_f64, double);
MW_SEQ(mw_seq_string, char *);

typedef struct mw_call mw_call;

MW_BEGIN_DECLS

/** Make room for n elements at position at, with their default values.
 *
 * Elements from at on move up.  Works for MW_KIND_SEQ and MW_KIND_SEQ_N.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the sequence
 * @param seq   [inout] the sequence
 * @param at    position of the first new element, at most len
 * @param n     number of new elements
 * @return  [view] the first new element, valid until the sequence grows; NULL,
 *          and nothing changed, when memory or the type's bound does not
 *          allow it or at is beyond len
 * @thread owner of the sequence; does not block
 */
MW_API MW_MUST_USE void *mw_seq_insert(
    mw_call *call, const mw_type *type, void *seq, size_t at, size_t n);

/** Append one element with its default values.
 *
 * The same as mw_seq_insert(call, type, seq, seq->len, 1).
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the sequence
 * @param seq   [inout] the sequence
 * @return  [view] the new element, or NULL; see mw_seq_insert()
 * @thread owner of the sequence; does not block
 */
MW_API MW_MUST_USE void *mw_seq_add(
    mw_call *call, const mw_type *type, void *seq);

/** Remove n elements from position at on.
 *
 * On the heap the removed elements are cleared.  Asking for more than there
 * are removes to the end.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the sequence
 * @param seq   [inout] the sequence
 * @param at    position of the first element to go
 * @param n     number of elements
 * @thread owner of the sequence; does not block
 */
MW_API void mw_seq_remove(
    mw_call *call, const mw_type *type, void *seq, size_t at, size_t n);

/* The same for sequences of basic types, typed: mw_seq_f64_insert(),
 * mw_seq_f64_add() and mw_seq_f64_remove(), and so on.  mwidl writes such
 * functions for sequences of structs. */
#define MW_SEQ_FUNCTIONS(name, item, type)                               \
    MW_MUST_USE static inline item *name##_insert(                       \
        mw_call *call, name *seq, size_t at, size_t n)                   \
    {                                                                    \
        return (item *) mw_seq_insert(call, &type, seq, at, n);          \
    }                                                                    \
    MW_MUST_USE static inline item *name##_add(mw_call *call, name *seq) \
    {                                                                    \
        return (item *) mw_seq_add(call, &type, seq);                    \
    }                                                                    \
    static inline void name##_remove(                                    \
        mw_call *call, name *seq, size_t at, size_t n)                   \
    {                                                                    \
        mw_seq_remove(call, &type, seq, at, n);                          \
    }

MW_SEQ_FUNCTIONS(mw_seq_bool, bool, mw_type_seq_bool)
MW_SEQ_FUNCTIONS(mw_seq_u8, uint8_t, mw_type_seq_u8)
MW_SEQ_FUNCTIONS(mw_seq_i8, int8_t, mw_type_seq_i8)
MW_SEQ_FUNCTIONS(mw_seq_u16, uint16_t, mw_type_seq_u16)
MW_SEQ_FUNCTIONS(mw_seq_i16, int16_t, mw_type_seq_i16)
MW_SEQ_FUNCTIONS(mw_seq_u32, uint32_t, mw_type_seq_u32)
MW_SEQ_FUNCTIONS(mw_seq_i32, int32_t, mw_type_seq_i32)
MW_SEQ_FUNCTIONS(mw_seq_u64, uint64_t, mw_type_seq_u64)
MW_SEQ_FUNCTIONS(mw_seq_i64, int64_t, mw_type_seq_i64)
MW_SEQ_FUNCTIONS(mw_seq_f32, float, mw_type_seq_f32)
MW_SEQ_FUNCTIONS(mw_seq_f64, double, mw_type_seq_f64)
MW_SEQ_FUNCTIONS(mw_seq_string, char *, mw_type_seq_string)

MW_END_DECLS

#endif
