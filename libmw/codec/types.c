/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of basic types and of unbounded sequences of them.
 */
#include "mw/desc.h"
#include "mw/seq.h"

/* X(suffix, name, kind, C type, flags) */
#define BASIC_MAP(X)                                      \
    X(bool, "boolean", MW_KIND_BOOL, bool, MW_TYPE_FLAT)  \
    X(u8, "uint8", MW_KIND_U8, uint8_t, MW_TYPE_FLAT)     \
    X(i8, "int8", MW_KIND_I8, int8_t, MW_TYPE_FLAT)       \
    X(u16, "uint16", MW_KIND_U16, uint16_t, MW_TYPE_FLAT) \
    X(i16, "int16", MW_KIND_I16, int16_t, MW_TYPE_FLAT)   \
    X(u32, "uint32", MW_KIND_U32, uint32_t, MW_TYPE_FLAT) \
    X(i32, "int32", MW_KIND_I32, int32_t, MW_TYPE_FLAT)   \
    X(u64, "uint64", MW_KIND_U64, uint64_t, MW_TYPE_FLAT) \
    X(i64, "int64", MW_KIND_I64, int64_t, MW_TYPE_FLAT)   \
    X(f32, "float", MW_KIND_F32, float, MW_TYPE_FLAT)     \
    X(f64, "double", MW_KIND_F64, double, MW_TYPE_FLAT)   \
    X(string, "string", MW_KIND_STRING, char *, 0)

#define DEFINE(suffix, text, its_kind, c_type, its_flags) \
    const mw_type mw_type_##suffix = {                    \
        .name = text,                                     \
        .kind = its_kind,                                 \
        .flags = its_flags,                               \
        .size = sizeof(c_type),                           \
        .align = _Alignof(c_type),                        \
    };                                                    \
    const mw_type mw_type_seq_##suffix = {                \
        .name = "sequence<" text ">",                     \
        .kind = MW_KIND_SEQ,                              \
        .size = sizeof(mw_seq_##suffix),                  \
        .align = _Alignof(mw_seq_##suffix),               \
        .elem = &mw_type_##suffix,                        \
    };

BASIC_MAP(DEFINE)
