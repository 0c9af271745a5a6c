/* SPDX-License-Identifier: MIT */
/*
 * Compiler attributes and version macros shared by every public header.
 *
 * Each public header stands alone, as C11 and as C++.  The option macros
 * (MW_SERVER, MW_CLIENT, MW_TLS, MW_CTX) need C11 or C++20.
 *
 * Ownership tags used in all parameter descriptions:
 *   [copy]    read during the call; the caller may free it afterwards
 *   [borrow]  must outlive the object or call that is named
 *   [own]     a result that the caller releases with the named function
 *   [view]    a result that points into another object; the text says for
 *             how long it is valid
 *   [out]     the caller's storage, written on success only
 *   [inout]   the caller's storage, changed on success only
 */
#ifndef MW_BASE_H
#define MW_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_VERSION_MAJOR 0
#define MW_VERSION_MINOR 1
#define MW_VERSION_PATCH 0
#define MW_VERSION       "0.1.0"

#if defined(__GNUC__)
#define MW_API                 __attribute__((visibility("default")))
#define MW_MUST_USE            __attribute__((warn_unused_result))
#define MW_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MW_API
#define MW_MUST_USE
#define MW_PRINTF(text, first)
#endif

#ifdef __cplusplus
#define MW_BEGIN_DECLS extern "C" {
#define MW_END_DECLS   }
#else
#define MW_BEGIN_DECLS
#define MW_END_DECLS
#endif

/*
 * MW_OPTIONS(type, .field = value, ...) is the address of an options struct
 * whose size field is set and whose other fields are zero unless named.  It
 * lives as long as a compound literal does: in C to the end of the enclosing
 * block, in C++ to the end of the full expression.
 */
#ifdef __cplusplus
template <typename T>
inline const T *
mw_address_of(const T &value)
{
    return &value;
}
#define MW_OPTIONS(type, ...) \
    (mw_address_of(type{ .size = sizeof(type), __VA_ARGS__ }))
#else
#define MW_OPTIONS(type, ...) (&(type){ .size = sizeof(type), __VA_ARGS__ })
#endif

MW_BEGIN_DECLS

/** The version of the library that is loaded, as "major.minor.patch".
 *
 * @return  [view] static text
 * @thread any; does not block
 */
MW_API const char *mw_version(void);

MW_END_DECLS

#endif
