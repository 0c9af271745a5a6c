/* SPDX-License-Identifier: MIT */
/*
 * codec: growing and shrinking sequences that are known by descriptor: what
 * mw/seq.h offers, with a place instead of a call.
 */
#ifndef MWI_CODEC_SEQ_H
#define MWI_CODEC_SEQ_H

#include "codec/value.h"

/** Make room for n elements at a position of a SEQ or SEQ_N, with their
 * default values.
 *
 * A sequence that must grow at least doubles, if the budget allows.  On the
 * heap the old array is freed; in an arena it stays where it is.
 *
 * @return  the first new element, valid until the sequence grows; NULL, and
 *          nothing changed, when memory, the budget or the bound does not
 *          allow it or at is beyond the length
 */
MW_MUST_USE void *mwi_seq_insert(struct mwi_place *place, const mw_type *type,
    void *seq, size_t at, size_t n);

/** Remove n elements from a position on, or as many as there are.  Those on
 * the heap are cleared. */
void mwi_seq_remove(
    bool on_heap, const mw_type *type, void *seq, size_t at, size_t n);

#endif
