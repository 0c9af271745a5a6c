/* SPDX-License-Identifier: MIT */
/*
 * Memory, growing texts and a map for the compiler.
 *
 * All that a compilation makes lives in its arena and goes with it.  Running
 * out of memory ends the program: a compiler has nothing better to do.
 */
#ifndef MWIDL_UTIL_H
#define MWIDL_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MWIDL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MWIDL_PRINTF(text, first)
#endif

enum {
    EXIT_IDL_ERROR = 1, /* the IDL has errors */
    EXIT_TROUBLE = 2,   /* usage, input and output, memory */
};

/* Memory that is freed all at once.  All zero: empty. */
typedef struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t total;               /* bytes asked for */
} arena;

/* Zeroed memory; never NULL. */
void *arena_alloc(arena *mem, size_t size);
char *arena_copy(arena *mem, const char *data, size_t len);
char *arena_format(arena *mem, const char *format, ...) MWIDL_PRINTF(2, 3);
void arena_free(arena *mem);

/* A growing text on the heap, NUL-terminated unless never written to.  All
 * zero: empty. */
typedef struct text {
    char *data; /* NULL: nothing written yet */
    size_t len; /* bytes without the NUL */
    size_t cap; /* bytes allocated */
} text;

void text_add(text *t, const char *data, size_t len);
void text_puts(text *t, const char *s);
void text_printf(text *t, const char *format, ...) MWIDL_PRINTF(2, 3);
void text_vprintf(text *t, const char *format, va_list args) MWIDL_PRINTF(2, 0);
void text_free(text *t);

/* Maps a pair of a pointer and a name to a pointer.  All zero: empty.  Keys
 * are not copied. */
typedef struct map {
    struct map_slot *slots; /* n_slots of them, a power of two */
    size_t n_slots;
    size_t n_used;
} map;

void *map_get(const map *m, const void *scope, const char *name);
void map_set(map *m, const void *scope, const char *name, void *value);
void map_free(map *m);

/* The length of the UTF-8 sequence at data, of which len > 0 bytes are there,
 * and its code point; 0 if it is not valid. */
size_t utf8_decode(const char *data, size_t len, uint32_t *ret_point);

/* ASCII only, whatever the locale is. */
bool is_alpha(char c);
bool is_digit(char c);
char to_lower(char c);
bool same_but_case(const char *a, const char *b);

/* What ends the program when memory runs out. */
_Noreturn void out_of_memory(void);

#endif
