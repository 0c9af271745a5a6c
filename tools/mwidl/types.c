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

/* The type with this key, new if there is none yet. */
static type *
intern(unit *u, const char *key, bool *ret_new)
{
    type *t = map_get(&u->types, NULL, key);

    *ret_new = t == NULL;
    if (t == NULL) {
        t = arena_alloc(&u->mem, sizeof(*t));
        map_set(&u->types, NULL, key, t);
    }
    return t;
}

const type *
type_string(unit *u, uint32_t bound)
{
    bool is_new;
    type *t = intern(u, arena_format(&u->mem, "string<%u>", bound), &is_new);

    if (is_new) {
        *t = (type){
            .kind = TYPE_STRING_N,
            .bound = bound,
            .idl = arena_format(&u->mem, "string<%u>", bound),
            .stem = arena_format(&u->mem, "mw_string_%u", bound),
            .complete = true,
            .flat = true,
            .size = (uint64_t) bound + 1,
            .align = 1,
        };
        t->desc = arena_format(&u->mem, "%s_type", t->stem);
    }
    return t;
}

/* libmw has the unbounded sequences of basic types. */
static bool
is_builtin_seq(const type *elem, uint32_t bound)
{
    return bound == 0 && elem->kind <= TYPE_STRING;
}

const type *
type_seq(unit *u, const type *elem, const decl *alias, uint32_t bound)
{
    bool is_new;
    const char *suffix = bound == 0 ? "" : arena_format(&u->mem, "_%u", bound);
    bool basic = elem->kind <= TYPE_STRING;
    /* Arrays are known by the name of their typedef. */
    const char *base = elem->kind == TYPE_ARRAY ? alias->cname : elem->stem;
    const char *stem = basic ? arena_format(&u->mem, "mw_seq_%s%s",
                                   elem->stem + strlen("mw_"), suffix)
                             : arena_format(&u->mem, "%s_seq%s", base, suffix);
    type *t = intern(u, stem, &is_new);

    if (!is_new) {
        return t;
    }
    uint64_t items = bound * elem->size;
    uint32_t align = elem->align > POINTER_SIZE ? elem->align : POINTER_SIZE;

    *t = (type){
        .kind = bound == 0 ? TYPE_SEQ : TYPE_SEQ_N,
        .bound = bound,
        .elem = elem,
        .idl = bound == 0 ? arena_format(&u->mem, "sequence<%s>", elem->idl)
                          : arena_format(
                                &u->mem, "sequence<%s, %u>", elem->idl, bound),
        .stem = stem,
        .cname = stem,
        .elem_cname = elem->cname,
        .elem_alias = elem->kind == TYPE_ARRAY ? alias : NULL,
        .builtin = is_builtin_seq(elem, bound),
        .complete = true,
        .flat = bound > 0 && elem->flat,
        .depth = elem->depth + 1,
        .size = bound == 0 ? UINT64_C(3) * POINTER_SIZE : POINTER_SIZE + items,
        .align = align,
    };
    if (t->elem_cname == NULL) {
        t->elem_cname = base; /* an array or a bounded string */
    }
    t->desc = t->builtin
                  ? arena_format(&u->mem, "mw_type_%s", stem + strlen("mw_"))
                  : arena_format(&u->mem, "%s_type", stem);
    return t;
}

const type *
type_array(unit *u, const type *elem, uint32_t bound)
{
    bool is_new;
    const char *stem = arena_format(&u->mem, "%s_x%u", elem->stem, bound);
    type *t = intern(u, stem, &is_new);

    if (is_new) {
        size_t base = strcspn(elem->idl, "[");
        bool nested = elem->kind == TYPE_ARRAY;

        /* "int32[3][4]": the outer bound comes first. */
        *t = (type){
            .kind = TYPE_ARRAY,
            .bound = bound,
            .elem = elem,
            .idl = nested ? arena_format(&u->mem, "%.*s[%u]%s", (int) base,
                                elem->idl, bound, elem->idl + base)
                          : arena_format(&u->mem, "%s[%u]", elem->idl, bound),
            .stem = stem,
            .desc = arena_format(&u->mem, "%s_type", stem),
            .complete = true,
            .flat = elem->flat,
            .depth = elem->depth + 1,
            .size = bound * elem->size,
            .align = elem->align,
        };
    }
    return t;
}

type *
type_declared(unit *u, decl *d)
{
    type *t = arena_alloc(&u->mem, sizeof(*t));
    bool is_enum = d->kind == DECL_ENUM;

    *t = (type){
        .kind = is_enum ? TYPE_ENUM : TYPE_STRUCT,
        .decl = d,
        .idl = d->idl,
        .stem = d->cname,
        .cname = d->cname,
        .desc = arena_format(&u->mem, "%s_type", d->cname),
        .complete = is_enum,
        .flat = is_enum,
        .size = 4,
        .align = 4,
    };
    d->own = t;
    return t;
}

void
type_complete_struct(decl *d)
{
    type *t = d->own;
    uint64_t size = 0;
    uint32_t align = 1;
    unsigned depth = 0;
    bool flat = true;

    for (const decl *m = d->first; m != NULL; m = m->next) {
        const type *mt = m->type.type;

        if (mt == NULL) {
            continue;
        }
        if (m->notes.optional && mt->kind != TYPE_STRING) {
            size++;
        }
        size = (size + mt->align - 1) / mt->align * mt->align + mt->size;
        align = mt->align > align ? mt->align : align;
        depth = mt->depth > depth ? mt->depth : depth;
        flat = flat && mt->flat;
    }
    t->size = (size + align - 1) / align * align;
    t->size = t->size > 0 ? t->size : 1;
    t->align = align;
    t->depth = depth + 1;
    t->flat = flat;
    t->complete = true;
    d->complete = true;
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
