/* SPDX-License-Identifier: MIT */
/*
 * The tables of write contracts: a mask for each value on the way to what an
 * operation may change, the innermost first.  Masks are numbered over the file,
 * with names that no declaration can have.
 */
#include <string.h>

#include "emit.h"

/* "&mw_mask_all", which allows everything; the file has one. */
static const char *
all_mask(emitter *e)
{
    if (map_get(&e->described, NULL, "mw_mask_all") == NULL) {
        map_set(&e->described, NULL, "mw_mask_all", e);
        put(e, "\nstatic const mw_mask mw_mask_all = { .all = true };\n");
    }
    return "&mw_mask_all";
}

/* Writes the tables of a mask; the address of it.  The recursion ends with the
 * parts of a path. */
static const char *
put_mask(emitter *e, const char *path, const mask *m)
{
    if (m == NULL || (!m->all && m->n_fields == 0)) {
        return "NULL";
    }
    if (m->all) {
        return all_mask(e);
    }
    const char **masks = arena_alloc(&e->u->mem, m->n_fields * sizeof(*masks));
    size_t n = 0;

    for (const mask_field *f = m->first; f != NULL; f = f->next) {
        masks[n++] =
            put_mask(e, fmt(e, "%s.%s", path, f->member->name), f->mask);
    }
    const char *name = fmt(e, "mw_mask_%u", ++e->n_masks);

    put(e, "\n");
    if (strlen(path) + strlen("/*  */") <= LINE_WIDTH) {
        put(e, "/* %s */\n", path);
    }
    put(e, "static const mw_mask_field %s_fields[] = {\n", name);
    n = 0;
    for (const mask_field *f = m->first; f != NULL; f = f->next) {
        const char *pair[] = { fmt(e, ".field = %u", f->index),
            fmt(e, ".mask = %s", masks[n++]) };

        put_list(e, 4, 8, "{ ", pair, 2, " },\n");
    }
    put(e, "};\nstatic const mw_mask %s = {\n", name);
    put_init(e, 4, "fields", "%s_fields", name);
    put_init(e, 4, "n", "%u", m->n_fields);
    put(e, "};\n");
    return fmt(e, "&%s", name);
}

static void
put_param_masks(emitter *e, const char *base, const decl *op, unsigned n)
{
    const char **masks = arena_alloc(&e->u->mem, n * sizeof(*masks));
    size_t i = 0;

    for (const decl *param = op->first; param != NULL; param = param->next) {
        masks[i++] = put_mask(e, param->name, param->mask);
    }
    if (i < n) {
        masks[i] = "NULL"; /* the result */
    }
    put(e, "\nstatic const mw_mask *const %s_param_masks[] = {\n", base);
    for (i = 0; i < n; i++) {
        put(e, "    %s,\n", masks[i]);
    }
    put(e, "};\n");
}

static void
put_node_masks(emitter *e, const char *base, const writes *w)
{
    const char **masks = arena_alloc(&e->u->mem, w->n_nodes * sizeof(*masks));
    size_t i = 0;

    for (const node_mask *n = w->first; n != NULL; n = n->next) {
        masks[i++] = put_mask(e, n->valuetype->name, n->mask);
    }
    put(e, "\nstatic const mw_node_mask %s_node_masks[] = {\n", base);
    i = 0;
    for (const node_mask *n = w->first; n != NULL; n = n->next) {
        const char *pair[] = { fmt(e, ".type = &%s", n->valuetype->own->desc),
            fmt(e, ".mask = %s", masks[i++]) };

        put_list(e, 4, 8, "{ ", pair, 2, " },\n");
    }
    put(e, "};\n");
}

void
emit_writes(emitter *e, const decl *interface, const decl *op)
{
    unsigned n_params = op->n_children + (op->type.type != NULL);
    const char *base = fmt(e, "%s_%s", interface->cname, op->name);

    if (op->writes == NULL) {
        return;
    }
    if (n_params > 0) {
        put_param_masks(e, base, op, n_params);
    }
    if (op->writes->n_nodes > 0) {
        put_node_masks(e, base, op->writes);
    }
    put(e, "\nstatic const mw_writes %s_writes = {\n", base);
    if (n_params > 0) {
        put_init(e, 4, "params", "%s_param_masks", base);
    }
    if (op->writes->n_nodes > 0) {
        put_init(e, 4, "nodes", "%s_node_masks", base);
        put_init(e, 4, "n_nodes", "%u", op->writes->n_nodes);
    }
    put(e, "};\n");
}
