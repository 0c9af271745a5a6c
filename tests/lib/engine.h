/* SPDX-License-Identifier: MIT */
/*
 * tests: the codec as two builds have it, one beside the other in a program:
 * the one with heads read and written in place, and the one in which libcbor
 * does it all (docs/design/013-inline-heads.md).
 */
#ifndef MWT_ENGINE_H
#define MWT_ENGINE_H

#include "codec/cbor.h"
#include "codec/value.h"

struct mwt_engine {
    void (*reader_init)(
        struct mwi_reader *r, const uint8_t *bytes, size_t len, uint32_t depth);
    mw_status (*reader_finish)(struct mwi_reader *r);
    enum mwi_item (*peek)(struct mwi_reader *r);
    uint64_t (*read_uint)(struct mwi_reader *r);
    int64_t (*read_int)(struct mwi_reader *r);
    bool (*read_bool)(struct mwi_reader *r);
    void (*read_null)(struct mwi_reader *r);
    uint32_t (*read_float_bits)(struct mwi_reader *r, uint64_t *ret_bits);
    const uint8_t *(*read_bytes)(struct mwi_reader *r, size_t *ret_len);
    const char *(*read_text)(struct mwi_reader *r, size_t *ret_len);
    size_t (*read_array)(struct mwi_reader *r);
    size_t (*read_map)(struct mwi_reader *r);
    uint64_t (*read_tag)(struct mwi_reader *r);
    void (*leave)(struct mwi_reader *r);
    void (*skip)(struct mwi_reader *r);
    void (*read_number)(struct mwi_reader *r, uint32_t kind, void *ret_value);
    void (*decode)(struct mwi_reader *r, struct mwi_place *place,
        const mw_type *type, void *ret_value);

    void (*writer_init)(struct mwi_writer *w, struct mwi_buf *buf);
    void (*write_uint)(struct mwi_writer *w, uint64_t value);
    void (*write_int)(struct mwi_writer *w, int64_t value);
    void (*write_bool)(struct mwi_writer *w, bool value);
    void (*write_null)(struct mwi_writer *w);
    void (*write_f32)(struct mwi_writer *w, float value);
    void (*write_f64)(struct mwi_writer *w, double value);
    void (*write_bytes)(struct mwi_writer *w, const void *bytes, size_t len);
    void (*write_text)(struct mwi_writer *w, const char *text, size_t len);
    void (*write_array)(struct mwi_writer *w, size_t n);
    void (*write_map)(struct mwi_writer *w, size_t n);
    void (*write_tag)(struct mwi_writer *w, uint64_t tag);
    void (*encode)(
        struct mwi_writer *w, const mw_type *type, const void *value);
};

/** The codec of this build. */
extern const struct mwt_engine mwt_engine;

/** The twin that asks libcbor for everything.  In a library of its own, whose
 * counter of allocations is not the one of mwi_mem_fail_at(). */
extern MW_API const struct mwt_engine mwt_engine_pure;

#endif
