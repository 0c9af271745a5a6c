/* SPDX-License-Identifier: MIT */
/*
 * Write contracts: the paths of @mw::writes, made into masks of what they
 * name.  Done when everything is parsed, as a path may lead through types that
 * were only declared when the operation was.
 */
#include <string.h>

#include "check.h"

/* A part of the annotation's text. */
typedef struct piece {
    const char *start;
    size_t len;
} piece;

/* What a path can begin with: an inout parameter, or a valuetype that those
 * lead to. */
typedef struct root {
    const decl *decl;
    const type *type; /* of a valuetype its node's */
    mask *mask;       /* NULL: nothing may change so far */
    struct root *next;
} root;

typedef struct resolver {
    unit *u;
    decl *op;
    const value *text;
    bool exact; /* the text stands in the source as it is */
    root *roots;
    root **roots_end;
    map seen; /* (type, ""): looked for valuetypes in it, or about to */
    const type **left;
    size_t n_left;
} resolver;

static void
add_root(resolver *r, const decl *d, const type *t)
{
    root *entry = arena_alloc(&r->u->mem, sizeof(*entry));

    entry->decl = d;
    entry->type = t;
    *r->roots_end = entry;
    r->roots_end = &entry->next;
}

static void
look_into(resolver *r, const type *t)
{
    if (t != NULL && t->kind > TYPE_STRING &&
        map_get(&r->seen, t, "") == NULL) {
        map_set(&r->seen, t, "", (void *) t);
        r->left[r->n_left++] = t;
    }
}

/* The inout parameters, then all valuetypes that they lead to. */
static void
find_roots(resolver *r)
{
    size_t n = 0;

    for (const type *t = r->u->all_types; t != NULL; t = t->next) {
        n++;
    }
    r->left = arena_alloc(&r->u->mem, (n + 1) * sizeof(void *));
    for (decl *param = r->op->first; param != NULL; param = param->next) {
        if (param->dir == DIR_INOUT) {
            add_root(r, param, param->type.type);
            look_into(r, param->type.type);
        }
    }
    while (r->n_left > 0) {
        const type *t = r->left[--r->n_left];
        const decl *d = t->decl;

        if (t->kind == TYPE_REF && !t->unique) {
            add_root(r, d, d->own);
        }
        look_into(r, t->kind == TYPE_REF ? d->ref : t->elem);
        look_into(r, t->kind == TYPE_REF ? d->own : NULL);
        if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION) {
            continue;
        }
        for (const decl *m = d->first; m != NULL; m = m->next) {
            look_into(r, m->type.type);
        }
    }
}

/* Where a piece of the text stands. */
static place
place_of(const resolver *r, const char *at)
{
    place p = r->text->at;

    p.offset += r->exact ? 1 + (size_t) (at - r->text->string) : 0;
    return p;
}

static bool
is_exact(const value *v)
{
    const source *file = v->at.file;
    size_t len = strlen(v->string);

    return file->len - v->at.offset >= len + 2 &&
           memcmp(file->data + v->at.offset + 1, v->string, len) == 0 &&
           file->data[v->at.offset + 1 + len] == '"';
}

static const char *
copy(resolver *r, piece p)
{
    return arena_copy(&r->u->mem, p.start, p.len);
}

/* Cuts off what is before the first character c, which goes too.  False if
 * nothing is left. */
static bool
cut(piece *rest, char c, piece *ret_first)
{
    const char *end =
        rest->start == NULL ? NULL : memchr(rest->start, c, rest->len);

    *ret_first = *rest;
    if (rest->start == NULL) {
        return false;
    }
    if (end == NULL) {
        *rest = (piece){ NULL, 0 };
        return true;
    }
    ret_first->len = (size_t) (end - rest->start);
    rest->start += ret_first->len + 1;
    rest->len -= ret_first->len + 1;
    return true;
}

static piece
trim(piece p)
{
    while (p.len > 0 && p.start[0] == ' ') {
        p.start++;
        p.len--;
    }
    while (p.len > 0 && p.start[p.len - 1] == ' ') {
        p.len--;
    }
    return p;
}

/* The struct or union, reference or simple type that a type has in the end:
 * what has elements or points to them has no part in paths. */
static const type *
strip(const type *t)
{
    while (t->kind == TYPE_BOX || t->kind == TYPE_MAP || t->kind == TYPE_SEQ ||
           t->kind == TYPE_SEQ_N || t->kind == TYPE_ARRAY) {
        t = t->elem;
    }
    return t;
}

/* The member that a part of a path names. */
static const decl *
find_member(const type *t, piece name, uint32_t *ret_index)
{
    uint32_t index = 0;

    if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION) {
        return NULL;
    }
    for (const decl *m = t->decl->first; m != NULL; m = m->next, index++) {
        if (strlen(m->name) == name.len &&
            memcmp(m->name, name.start, name.len) == 0) {
            *ret_index = index;
            return m;
        }
    }
    return NULL;
}

static void
report_unknown(resolver *r, piece name, const char *in, const suggestion *like)
{
    error_at(&r->u->diag, place_of(r, name.start),
        like->found != NULL ? "unknown name '%s'%s; did you mean '%s'?"
                            : "unknown name '%s'%s",
        copy(r, name), in, like->found);
}

static void
report_no_member(resolver *r, const type *t, piece name)
{
    suggestion like = suggest(copy(r, name));

    if (name.len == 0) {
        error_at(&r->u->diag, place_of(r, name.start),
            "expected the name of a member, found nothing");
        return;
    }
    if (t->kind == TYPE_REF) {
        error_at(&r->u->diag, place_of(r, name.start),
            "a path does not lead through a valuetype; write '%s.%s' instead",
            t->decl->name, like.name);
        return;
    }
    if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION) {
        error_at(&r->u->diag, place_of(r, name.start),
            "%s has no members, so nothing is called '%s' in it", t->idl,
            like.name);
        return;
    }
    for (const decl *m = t->decl->first; m != NULL; m = m->next) {
        suggest_add(&like, m->name);
    }
    report_unknown(
        r, name, arena_format(&r->u->mem, " in '%s'", t->idl), &like);
}

/* The mask of a member below that of its struct, new if there is none. */
static mask **
below(unit *u, mask **whole, const decl *member, uint32_t index)
{
    if (*whole == NULL) {
        *whole = arena_alloc(&u->mem, sizeof(**whole));
    }
    mask_field **at = &(*whole)->first;

    while (*at != NULL && (*at)->index < index) {
        at = &(*at)->next;
    }
    if (*at == NULL || (*at)->index != index) {
        mask_field *field = arena_alloc(&u->mem, sizeof(*field));

        *field = (mask_field){ member, index, NULL, *at };
        *at = field;
        (*whole)->n_fields++;
    }
    return &(*at)->mask;
}

/* True if all of this may change already, which is reported. */
static bool
is_allowed(resolver *r, piece path, const mask *m)
{
    if (m == NULL || !m->all) {
        return false;
    }
    error_at(&r->u->diag, place_of(r, path.start),
        "'%s' is already allowed by '%s'", copy(r, path), m->path);
    return true;
}

/* Allows what a path names below a root. */
static void
allow(resolver *r, root *start, piece path, piece rest)
{
    mask **at = &start->mask;
    const type *t = start->type;
    piece name;

    for (unsigned n = 0; cut(&rest, '.', &name); n++) {
        uint32_t index = 0;
        const decl *m = find_member(strip(t), name, &index);

        if (n == NESTING_MAX) {
            error_at(&r->u->diag, place_of(r, name.start),
                "a path has at most %d parts", NESTING_MAX);
            return;
        }
        if (m == NULL) {
            report_no_member(r, strip(t), name);
            return;
        }
        if (is_allowed(r, path, *at)) {
            return;
        }
        at = below(r->u, at, m, index);
        t = m->type.type;
    }
    if (is_allowed(r, path, *at)) {
        return;
    }
    if (*at != NULL) {
        const mask *inner = *at;

        while (!inner->all) {
            inner = inner->first->mask;
        }
        error_at(&r->u->diag, place_of(r, path.start),
            "'%s' allows all of what '%s' allows a part of", copy(r, path),
            inner->path);
        return;
    }
    *at = arena_alloc(&r->u->mem, sizeof(**at));
    **at = (mask){ .all = true, .path = copy(r, path) };
}

/* "*": every root, or every one that has the member which follows. */
static void
allow_everywhere(resolver *r, piece path, piece rest)
{
    piece tail = rest;
    piece name;
    bool whole = !cut(&tail, '.', &name);
    bool found = false;
    suggestion like = suggest(whole ? "" : copy(r, name));

    for (root *start = r->roots; start != NULL; start = start->next) {
        const type *t = strip(start->type);
        uint32_t index;

        if (whole || find_member(t, name, &index) != NULL) {
            found = true;
            allow(r, start, path, rest);
        } else if (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION) {
            for (const decl *m = t->decl->first; m != NULL; m = m->next) {
                suggest_add(&like, m->name);
            }
        }
    }
    if (!found) {
        report_unknown(r, name,
            " in all inout parameters and the valuetypes they lead to", &like);
    }
}

/* Is this what a valuetype is called, with or without its scopes? */
static bool
is_name_of(const decl *d, const char *name)
{
    size_t all = strlen(d->idl);
    size_t len = strlen(name);

    if (strncmp(name, "::", 2) == 0) {
        return strcmp(d->idl, name + 2) == 0;
    }
    return len <= all && strcmp(d->idl + all - len, name) == 0 &&
           (len == all || d->idl[all - len - 1] == ':');
}

static void
report_no_root(resolver *r, piece first)
{
    suggestion like = suggest(copy(r, first));

    for (const decl *param = r->op->first; param != NULL; param = param->next) {
        if (strcmp(param->name, like.name) == 0) {
            error_at(&r->u->diag, place_of(r, first.start),
                param->dir == DIR_IN
                    ? "'%s' is an 'in' parameter, which is not changed"
                    : "'%s' is an 'out' parameter, which is new as a whole",
                like.name);
            return;
        }
    }
    for (const root *start = r->roots; start != NULL; start = start->next) {
        suggest_add(&like, strchr(like.name, ':') != NULL ? start->decl->idl
                                                          : start->decl->name);
    }
    report_unknown(r, first,
        "; a path begins with an inout parameter, a valuetype that one leads "
        "to, or '*'",
        &like);
}

static void
allow_path(resolver *r, piece path)
{
    piece rest = path;
    piece first;
    root *found = NULL;

    cut(&rest, '.', &first);
    const char *name = copy(r, first);

    if (strcmp(name, "*") == 0) {
        allow_everywhere(r, path, rest);
        return;
    }
    for (root *start = r->roots; start != NULL; start = start->next) {
        bool is_param = start->decl->kind == DECL_PARAM;

        if (is_param && strcmp(start->decl->name, name) == 0) {
            found = start;
            break;
        }
        if (is_param || !is_name_of(start->decl, name)) {
            continue;
        }
        if (found != NULL) {
            error_at(&r->u->diag, place_of(r, first.start),
                "'%s' could be '::%s' or '::%s'", name, found->decl->idl,
                start->decl->idl);
            return;
        }
        found = start;
    }
    if (found == NULL) {
        report_no_root(r, first);
        return;
    }
    allow(r, found, path, rest);
}

/* Puts the masks where the code generator finds them. */
static void
keep_masks(resolver *r)
{
    writes *w = arena_alloc(&r->u->mem, sizeof(*w));
    node_mask **end = &w->first;
    decl *param = r->op->first;

    for (const root *start = r->roots; start != NULL; start = start->next) {
        if (start->decl->kind != DECL_PARAM) {
            if (start->mask != NULL) {
                *end = arena_alloc(&r->u->mem, sizeof(**end));
                **end = (node_mask){ start->decl, start->mask, NULL };
                end = &(*end)->next;
                w->n_nodes++;
            }
            continue;
        }
        while (param != start->decl) {
            param = param->next;
        }
        param->mask = start->mask;
    }
    r->op->writes = w;
}

static void
check_op_writes(unit *u, decl *op)
{
    resolver r = { .u = u, .op = op, .text = &op->notes.writes };
    piece rest = { r.text->string, strlen(r.text->string) };
    piece path;

    r.roots_end = &r.roots;
    r.exact = is_exact(r.text);
    find_roots(&r);
    map_free(&r.seen);
    if (r.roots == NULL) {
        error_at(&u->diag, op->notes.at[NOTE_WRITES],
            "'%s' has no inout parameter that @mw::writes could be about",
            op->name);
        return;
    }
    while (cut(&rest, ',', &path)) {
        path = trim(path);
        if (path.len == 0) {
            error_at(&u->diag, place_of(&r, path.start),
                "expected a path such as \"%s\" or \"*\", found nothing",
                r.roots->decl->name);
            return;
        }
        allow_path(&r, path);
    }
    keep_masks(&r);
}

void
check_writes(unit *u)
{
    for (const item *it = u->items; it != NULL; it = it->next) {
        for (decl *op = it->decl->first; op != NULL; op = op->next) {
            if (op->kind == DECL_OP && op->notes.writes.kind == VALUE_STRING) {
                check_op_writes(u, op);
            }
        }
    }
}
