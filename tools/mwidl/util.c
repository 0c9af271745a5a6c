/* SPDX-License-Identifier: MIT */
/*
 * Memory, growing texts and a map.  Every allocation of the compiler is made
 * in this file, and none of its functions returns when one fails.
 */
#include "util.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SIZE = 64 * 1024,
    TEXT_START = 256,
    MAP_START = 64,
};

/* An IDL that needs more than this was made to hurt. */
static const size_t arena_max = (size_t) 512 << 20;

struct arena_block {
    struct arena_block *next;
    size_t used; /* bytes of data */
    size_t size; /* bytes of data */
    alignas(max_align_t) char data[];
};

struct map_slot {
    const void *scope;
    const char *name; /* NULL: free */
    void *value;
};

_Noreturn void
out_of_memory(void)
{
    fputs("mwidl: out of memory\n", stderr);
    exit(EXIT_TROUBLE);
}

void *
arena_alloc(arena *mem, size_t size)
{
    struct arena_block *block = mem->blocks;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > arena_max - mem->total) {
        out_of_memory();
    }
    if (block == NULL || size > block->size - block->used) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

        block = calloc(1, sizeof(*block) + room);
        if (block == NULL) {
            out_of_memory();
        }
        block->size = room;
        block->next = mem->blocks;
        mem->blocks = block;
    }
    void *data = block->data + block->used;

    block->used += size;
    mem->total += size;
    return data;
}

char *
arena_copy(arena *mem, const char *data, size_t len)
{
    char *copy = arena_alloc(mem, len + 1);

    memcpy(copy, data, len);
    return copy;
}

char *
arena_format(arena *mem, const char *format, ...)
{
    text t = { 0 };
    va_list args;

    va_start(args, format);
    text_vprintf(&t, format, args);
    va_end(args);
    char *copy = arena_copy(mem, t.data, t.len);

    text_free(&t);
    return copy;
}

void
arena_free(arena *mem)
{
    while (mem->blocks != NULL) {
        struct arena_block *next = mem->blocks->next;

        free(mem->blocks);
        mem->blocks = next;
    }
    mem->total = 0;
}

static void
text_reserve(text *t, size_t more)
{
    if (more >= SIZE_MAX / 2 - t->len) {
        out_of_memory();
    }
    if (t->cap - t->len > more) {
        return;
    }
    size_t cap = t->cap > 0 ? t->cap : TEXT_START;

    while (cap - t->len <= more) {
        cap *= 2;
    }
    char *data = realloc(t->data, cap);

    if (data == NULL) {
        out_of_memory();
    }
    t->data = data;
    t->cap = cap;
}

void
text_add(text *t, const char *data, size_t len)
{
    text_reserve(t, len);
    memcpy(t->data + t->len, data, len);
    t->len += len;
    t->data[t->len] = '\0';
}

void
text_puts(text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

void
text_vprintf(text *t, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);

    va_end(again);
    if (len < 0) {
        out_of_memory();
    }
    text_reserve(t, (size_t) len);
    vsnprintf(t->data + t->len, (size_t) len + 1, format, args);
    t->len += (size_t) len;
}

void
text_printf(text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_vprintf(t, format, args);
    va_end(args);
}

void
text_free(text *t)
{
    free(t->data);
    *t = (text){ 0 };
}

/* FNV-1a over the name, with the scope mixed in. */
static size_t
map_hash(const void *scope, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uintptr_t) scope;

    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char) *name) * UINT64_C(1099511628211);
    }
    return (size_t) (hash ^ hash >> 32);
}

static struct map_slot *
map_find(const map *m, const void *scope, const char *name)
{
    size_t i = map_hash(scope, name) & (m->n_slots - 1);

    while (
        m->slots[i].name != NULL &&
        (m->slots[i].scope != scope || strcmp(m->slots[i].name, name) != 0)) {
        i = (i + 1) & (m->n_slots - 1);
    }
    return &m->slots[i];
}

void *
map_get(const map *m, const void *scope, const char *name)
{
    return m->n_slots == 0 ? NULL : map_find(m, scope, name)->value;
}

void
map_set(map *m, const void *scope, const char *name, void *value)
{
    if (m->n_used + 1 > m->n_slots / 2) {
        map bigger = { .n_slots = m->n_slots > 0 ? m->n_slots * 2 : MAP_START };

        bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
        if (bigger.slots == NULL) {
            out_of_memory();
        }
        for (size_t i = 0; i < m->n_slots; i++) {
            const struct map_slot *old = &m->slots[i];

            if (old->name != NULL) {
                *map_find(&bigger, old->scope, old->name) = *old;
            }
        }
        bigger.n_used = m->n_used;
        map_free(m);
        *m = bigger;
    }
    struct map_slot *slot = map_find(m, scope, name);

    if (slot->name == NULL) {
        m->n_used++;
    }
    *slot = (struct map_slot){ scope, name, value };
}

void
map_free(map *m)
{
    free(m->slots);
    *m = (map){ 0 };
}

size_t
utf8_decode(const char *data, size_t len, uint32_t *ret_point)
{
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *s = (const unsigned char *) data;
    size_t need = s[0] < 0x80   ? 1
                  : s[0] < 0xc2 ? 0
                  : s[0] < 0xe0 ? 2
                  : s[0] < 0xf0 ? 3
                  : s[0] < 0xf5 ? 4
                                : 0;

    if (need == 0 || need > len) {
        return 0;
    }
    uint32_t point = need == 1 ? s[0] : s[0] & (0x7fu >> need);

    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (s[i] & 0x3fu);
    }
    if (point < smallest[need] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *ret_point = point;
    return need;
}

bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

char
to_lower(char c)
{
    return (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool
same_but_case(const char *a, const char *b)
{
    while (*a != '\0' && to_lower(*a) == to_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}
