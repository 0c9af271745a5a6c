/* SPDX-License-Identifier: MIT */
/*
 * Which types hold references to nodes.  Types can be made of each other in
 * circles, so it spreads from those that certainly do to what is made of them.
 */
#include "ast.h"

/* A type that has another among its parts. */
typedef struct user {
    type *type;
    struct user *next;
} user;

typedef struct spread {
    unit *u;
    map users;    /* (type, "") to the first of them */
    type **found; /* types whose users have not been looked at */
    size_t n_found;
} spread;

static void
add_user(spread *s, const type *part, type *whole)
{
    user *entry = arena_alloc(&s->u->mem, sizeof(*entry));

    entry->type = whole;
    entry->next = map_get(&s->users, part, "");
    map_set(&s->users, part, "", entry);
}

static void
add_parts(spread *s, type *t)
{
    if (t->kind == TYPE_REF) {
        return; /* what it refers to is not a part of it */
    }
    if (t->elem != NULL) {
        add_user(s, t->elem, t);
    }
    if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION) {
        return;
    }
    for (const decl *m = t->decl->first; m != NULL; m = m->next) {
        if (m->type.type != NULL) {
            add_user(s, m->type.type, t);
        }
    }
}

void
types_find_refs(unit *u)
{
    spread s = { .u = u };
    size_t n = 0;

    for (const type *t = u->all_types; t != NULL; t = t->next) {
        n++;
    }
    s.found = arena_alloc(&u->mem, (n + 1) * sizeof(void *));
    for (type *t = u->all_types; t != NULL; t = t->next) {
        add_parts(&s, t);
        t->refs = t->kind == TYPE_REF;
        if (t->refs) {
            s.found[s.n_found++] = t;
        }
    }
    while (s.n_found > 0) {
        const type *part = s.found[--s.n_found];

        for (const user *entry = map_get(&s.users, part, ""); entry != NULL;
             entry = entry->next) {
            if (!entry->type->refs) {
                entry->type->refs = true;
                s.found[s.n_found++] = entry->type;
            }
        }
    }
    map_free(&s.users);
}
