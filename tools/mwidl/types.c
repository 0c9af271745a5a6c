/* SPDX-License-Identifier: MIT */
/*
 * Types without their aliases: one object for each.
 */
#include <string.h>

#include "ast.h"

enum { POINTER_SIZE = 8 }; /* for the size limit, which need not be exact */

const type *
type_basic(const unit *u, type_kind kind)
{
    return &u->basic[kind];
}

/* The type that is made of these parts, new if there is none yet. */
static type *
intern(unit *u, type_kind kind, uint32_t bound, const void *const parts[3],
    bool *ret_new)
{
    const char *key = arena_format(&u->mem, "%d %u %p %p %p", (int) kind, bound,
        parts[0], parts[1], parts[2]);
    type *t = map_get(&u->types, NULL, key);

    *ret_new = t == NULL;
    if (t == NULL) {
        t = arena_alloc(&u->mem, sizeof(*t));
        map_set(&u->types, NULL, key, t);
    }
    return t;
}

/* Fills a new type, complete and without @mw::unique at first. */
static void
fill(unit *u, type *t, const type *content)
{
    *t = *content;
    t->complete = true;
    t->plain = t;
    t->next = u->all_types;
    u->all_types = t;
}

const type *
type_string(unit *u, uint32_t bound)
{
    bool is_new;
    type *t = intern(u, TYPE_STRING_N, bound, (const void *[3]){ 0 }, &is_new);

    if (is_new) {
        const char *stem = arena_format(&u->mem, "mw_string_%u", bound);

        fill(u, t,
            &(type){
                .kind = TYPE_STRING_N,
                .bound = bound,
                .idl = arena_format(&u->mem, "string<%u>", bound),
                .stem = stem,
                .desc = arena_format(&u->mem, "%s_type", stem),
                .flat = true,
                .size = (uint64_t) bound + 1,
                .align = 1,
            });
    }
    return t;
}

/* What names are made from where a type is an element: arrays are known by the
 * name of their typedef. */
static const char *
elem_stem(const type *elem, const decl *alias)
{
    return elem->kind == TYPE_ARRAY ? alias->cname : elem->stem;
}

const type *
type_seq(unit *u, const type *elem, const decl *alias, uint32_t bound)
{
    bool is_new;
    type_kind kind = bound == 0 ? TYPE_SEQ : TYPE_SEQ_N;
    const char *base = elem_stem(elem, alias);

    alias = elem->kind == TYPE_ARRAY ? alias : NULL;
    type *t = intern(u, kind, bound, (const void *[3]){ elem, alias }, &is_new);

    if (!is_new) {
        return t;
    }
    const char *suffix = bound == 0 ? "" : arena_format(&u->mem, "_%u", bound);
    bool basic = elem->kind <= TYPE_STRING;
    const char *stem = basic ? arena_format(&u->mem, "mw_seq_%s%s",
                                   elem->stem + strlen("mw_"), suffix)
                             : arena_format(&u->mem, "%s_seq%s", base, suffix);
    uint64_t items = bound * elem->size;
    uint32_t align = elem->align > POINTER_SIZE ? elem->align : POINTER_SIZE;
    bool builtin = basic && bound == 0; /* libmw has those */

    fill(u, t,
        &(type){
            .kind = kind,
            .bound = bound,
            .elem = elem,
            .idl = bound == 0 ? arena_format(&u->mem, "sequence<%s>", elem->idl)
                              : arena_format(&u->mem, "sequence<%s, %u>",
                                    elem->idl, bound),
            .stem = stem,
            .cname = stem,
            /* Arrays and bounded strings are named by a typedef. */
            .elem_cname = elem->cname != NULL ? elem->cname : base,
            .elem_alias = alias,
            .desc = builtin ? arena_format(
                                  &u->mem, "mw_type_%s", stem + strlen("mw_"))
                            : arena_format(&u->mem, "%s_type", stem),
            .builtin = builtin,
            .flat = bound > 0 && elem->flat,
            .depth = elem->depth + 1,
            .size =
                bound == 0 ? UINT64_C(3) * POINTER_SIZE : POINTER_SIZE + items,
            .align = align,
        });
    return t;
}

const type *
type_map(unit *u, const type *key, const type *elem, const decl *alias)
{
    bool is_new;
    const char *base = elem_stem(elem, alias);

    alias = elem->kind == TYPE_ARRAY ? alias : NULL;
    type *t =
        intern(u, TYPE_MAP, 0, (const void *[3]){ elem, alias, key }, &is_new);

    if (!is_new) {
        return t;
    }
    const char *by = key->decl == NULL ? key->stem + strlen("mw_") : key->stem;
    const char *stem = arena_format(&u->mem, "%s_by_%s", base, by);

    fill(u, t,
        &(type){
            .kind = TYPE_MAP,
            .elem = elem,
            .key = key,
            .idl = arena_format(&u->mem, "map<%s, %s>", key->idl, elem->idl),
            .stem = stem,
            .cname = stem,
            .elem_cname = elem->cname != NULL ? elem->cname : base,
            .elem_alias = alias,
            .key_cname = key->cname != NULL ? key->cname : key->stem,
            .desc = arena_format(&u->mem, "%s_type", stem),
            .depth = elem->depth + 1,
            .size = UINT64_C(3) * POINTER_SIZE,
            .align = POINTER_SIZE,
        });
    return t;
}

const type *
type_array(unit *u, const type *elem, uint32_t bound)
{
    bool is_new;
    type *t = intern(u, TYPE_ARRAY, bound, (const void *[3]){ elem }, &is_new);

    if (is_new) {
        size_t base = strcspn(elem->idl, "[");
        bool nested = elem->kind == TYPE_ARRAY;
        const char *stem = arena_format(&u->mem, "%s_x%u", elem->stem, bound);

        /* "int32[3][4]": the outer bound comes first. */
        fill(u, t,
            &(type){
                .kind = TYPE_ARRAY,
                .bound = bound,
                .elem = elem,
                .idl = nested
                           ? arena_format(&u->mem, "%.*s[%u]%s", (int) base,
                                 elem->idl, bound, elem->idl + base)
                           : arena_format(&u->mem, "%s[%u]", elem->idl, bound),
                .stem = stem,
                .desc = arena_format(&u->mem, "%s_type", stem),
                .flat = elem->flat,
                .depth = elem->depth + 1,
                .size = bound * elem->size,
                .align = elem->align,
            });
    }
    return t;
}

const type *
type_box(unit *u, const type *elem)
{
    bool is_new;
    type *t = intern(u, TYPE_BOX, 0, (const void *[3]){ elem }, &is_new);

    if (is_new) {
        const char *stem = arena_format(&u->mem, "%s_box", elem->stem);

        fill(u, t,
            &(type){
                .kind = TYPE_BOX,
                .elem = elem,
                .idl = elem->idl,
                .stem = stem,
                .cname = arena_format(&u->mem, "%s *", elem->cname),
                .desc = arena_format(&u->mem, "%s_type", stem),
                .depth = elem->depth,
                .size = POINTER_SIZE,
                .align = POINTER_SIZE,
            });
    }
    return t;
}

/* The twin of a type, of whose parts elem is the twin. */
static const type *
make_unique(unit *u, const type *t, const type *elem)
{
    bool is_new;
    type *twin = intern(u, t->kind, t->bound,
        (const void *[3]){ elem, t->elem_alias, t->key }, &is_new);

    if (is_new) {
        fill(u, twin, t);
        twin->plain = t;
        twin->elem = elem;
        twin->unique = t->kind == TYPE_REF;
        twin->stem = arena_format(&u->mem, "%s_unique", t->stem);
        twin->desc = arena_format(&u->mem, "%s_type", twin->stem);
    }
    return twin;
}

const type *
type_unique(unit *u, const type *t)
{
    const type *way[NESTING_MAX + 1]; /* deeper ones are refused before */
    size_t n = 0;

    while (t->plain == t && t->elem != NULL && t->kind != TYPE_REF &&
           t->kind != TYPE_BOX && n < NESTING_MAX + 1) {
        way[n++] = t;
        t = t->elem;
    }
    if (t->kind != TYPE_REF) {
        return NULL;
    }
    if (!t->unique) {
        t = make_unique(u, t, t->elem);
    }
    t->decl->unique = t;
    while (n > 0) {
        n--;
        t = make_unique(u, way[n], t);
    }
    return t;
}

static void
declare_ref(unit *u, decl *d)
{
    type *t = arena_alloc(&u->mem, sizeof(*t));

    fill(u, t,
        &(type){
            .kind = TYPE_REF,
            .elem = d->own,
            .decl = d,
            .idl = d->idl,
            .stem = d->cname,
            .cname = arena_format(&u->mem, "%s *", d->cname),
            .desc = arena_format(&u->mem, "%s_ref_type", d->cname),
            .flat = true,
            .refs = true,
            .size = POINTER_SIZE,
            .align = POINTER_SIZE,
        });
    d->ref = t;
}

void
type_declared(unit *u, decl *d)
{
    static const type_kind kinds[] = {
        [DECL_ENUM] = TYPE_ENUM,
        [DECL_BITMASK] = TYPE_BITMASK,
        [DECL_STRUCT] = TYPE_STRUCT,
        [DECL_UNION] = TYPE_UNION,
        [DECL_VALUETYPE] = TYPE_STRUCT,
        [DECL_EXCEPTION] = TYPE_STRUCT,
    };
    type *t = arena_alloc(&u->mem, sizeof(*t));
    bool is_scalar = d->kind == DECL_ENUM || d->kind == DECL_BITMASK;

    fill(u, t,
        &(type){
            .kind = kinds[d->kind],
            .decl = d,
            .idl = d->idl,
            .stem = d->cname,
            .cname = d->cname,
            .desc = arena_format(&u->mem, "%s_type", d->cname),
            .flat = is_scalar,
            .size = 4,
            .align = 4,
        });
    t->complete = is_scalar;
    d->own = t;
    if (d->kind == DECL_VALUETYPE) {
        declare_ref(u, d);
    }
}

/* A bitmask's C type has 8, 16, 32 or 64 bits. */
static void
size_bitmask(decl *d)
{
    unsigned bits = d->notes.bit_bound;

    d->own->size = bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
    d->own->align = (uint32_t) d->own->size;
}

static uint64_t
round_up(uint64_t size, uint32_t align)
{
    return (size + align - 1) / align * align;
}

void
type_complete(decl *d)
{
    type *t = d->own;
    bool is_union = d->kind == DECL_UNION;
    const type *tag = is_union ? d->tag.type : NULL;
    uint64_t size = 0;  /* of members so far; of the largest arm */
    uint32_t align = 1; /* of all of them */
    unsigned depth = 0;
    bool flat = true;

    d->complete = true;
    t->complete = true;
    if (d->kind == DECL_BITMASK) {
        size_bitmask(d);
        return;
    }
    for (const decl *m = d->first; m != NULL; m = m->next) {
        const type *mt = m->type.type;

        if (mt == NULL) {
            continue;
        }
        size += member_has_flag(m);
        uint64_t end = (is_union ? 0 : round_up(size, mt->align)) + mt->size;

        size = end > size ? end : size;
        align = mt->align > align ? mt->align : align;
        depth = mt->depth > depth ? mt->depth : depth;
        flat = flat && mt->flat;
    }
    if (tag != NULL) {
        align = tag->align > align ? tag->align : align;
        size += round_up(tag->size, align);
    }
    size = round_up(size, align);
    t->size = size > 0 ? size : 1;
    t->align = align;
    t->depth = depth + 1;
    t->flat = flat;
}

bool
member_has_flag(const decl *m)
{
    const type *t = m->type.type;

    return m->notes.optional && t != NULL && t->kind != TYPE_STRING &&
           t->kind != TYPE_BOX;
}

bool
type_is_integer(const type *t)
{
    return t->kind >= TYPE_U8 && t->kind <= TYPE_I64;
}

bool
type_is_float(const type *t)
{
    return t->kind == TYPE_F32 || t->kind == TYPE_F64;
}

bool
type_is_scalar(const type *t)
{
    return t->kind < TYPE_STRING || t->kind == TYPE_ENUM ||
           t->kind == TYPE_BITMASK;
}
