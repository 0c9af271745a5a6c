/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of interfaces and their methods, in the .c of types.
 */
#include <string.h>

#include "emit.h"

/* "orders.Desk" from "orders::Desk" */
static const char *
wire_name(emitter *e, const decl *d)
{
    char *name = arena_copy(&e->u->mem, d->idl, strlen(d->idl));
    size_t n = 0;

    for (const char *s = d->idl; *s != '\0'; s++) {
        if (s[0] == ':' && s[1] == ':') {
            s++;
            name[n++] = '.';
        } else {
            name[n++] = *s;
        }
    }
    name[n] = '\0';
    return name;
}

static void
put_param(emitter *e, const char *name, const type *t, direction dir)
{
    static const char *const names[] = { "", "MW_DIR_IN", "MW_DIR_OUT",
        "MW_DIR_INOUT" };

    put(e, "    {\n");
    put_init(e, 8, "name", "\"%s\"", name);
    put_init(e, 8, "type", "&%s", t->desc);
    put_init(e, 8, "dir", "%s", names[dir]);
    put(e, "    },\n");
}

static void
emit_params(emitter *e, const decl *interface, const decl *op)
{
    if (op->first != NULL || op->type.type != NULL) {
        put(e, "\nstatic const mw_param %s_%s_params[] = {\n", interface->cname,
            op->name);
        for (const decl *param = op->first; param != NULL;
             param = param->next) {
            put_param(e, param->name, param->type.type, param->dir);
        }
        if (op->type.type != NULL) {
            put_param(e, "return", op->type.type, DIR_OUT);
        }
        put(e, "};\n");
    }
    if (op->raises != NULL) {
        put(e, "\nstatic const mw_type *const %s_%s_raises[] = {\n",
            interface->cname, op->name);
        for (const decl_list *r = op->raises; r != NULL; r = r->next) {
            put(e, "    &%s,\n", r->decl->own->desc);
        }
        put(e, "};\n");
    }
}

static void
put_flags(emitter *e, const decl *op)
{
    const struct {
        bool is_set;
        const char *name;
    } flags[] = {
        { op->oneway, "MW_METHOD_ONEWAY" },
        { op->notes.idempotent, "MW_METHOD_IDEMPOTENT" },
        { op->notes.keyed, "MW_METHOD_KEYED" },
    };
    const char *all = "";

    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
        if (flags[i].is_set) {
            all =
                fmt(e, "%s%s%s", all, *all != '\0' ? " | " : "", flags[i].name);
        }
    }
    if (*all != '\0') {
        put_init(e, 8, "flags", "%s", all);
    }
}

/* An operation goes by its own annotation, else by that of the interface which
 * declares it. */
static unsigned
priority_of(const decl *op)
{
    const annotations *notes =
        op->notes.has_priority ? &op->notes : &op->scope->notes;

    return notes->priority;
}

static void
emit_method(emitter *e, const decl *interface, const decl *op)
{
    unsigned n_params = op->n_children + (op->type.type != NULL);
    unsigned n_raises = 0;

    for (const decl_list *r = op->raises; r != NULL; r = r->next) {
        n_raises++;
    }
    put(e, "    {\n");
    put_init(e, 8, "name", "\"%s\"", op->name);
    put_init(e, 8, "target", "\"%s.%s\"", wire_name(e, interface), op->name);
    if (n_params > 0) {
        put_init(e, 8, "params", "%s_%s_params", interface->cname, op->name);
        put_init(e, 8, "n_params", "%u", n_params);
    }
    put_flags(e, op);
    if (n_raises > 0) {
        put_init(e, 8, "raises", "%s_%s_raises", interface->cname, op->name);
        put_init(e, 8, "n_raises", "%u", n_raises);
    }
    if (op->notes.has_deadline) {
        put_init(e, 8, "timeout_ms", "%u", op->notes.deadline_ms);
    }
    if (op->writes != NULL) {
        put_init(e, 8, "writes", "&%s_%s_writes", interface->cname, op->name);
    }
    if (priority_of(op) > 0) {
        put_init(e, 8, "priority", "%u", priority_of(op));
    }
    if (op->notes.max_concurrency > 0) {
        put_init(e, 8, "max_concurrency", "%u", op->notes.max_concurrency);
    }
    put(e, "    },\n");
}

/* Of all calls of an interface: its own annotation, else that of the nearest
 * base which has one; 0: none. */
static unsigned
concurrency_of(const decl *interface)
{
    while (interface != NULL && interface->notes.max_concurrency == 0) {
        interface = interface->base;
    }
    return interface != NULL ? interface->notes.max_concurrency : 0;
}

static void
emit_limits(emitter *e, const decl *interface)
{
    if (concurrency_of(interface) > 0) {
        put(e,
            "\nstatic const mw_limits %s_limits = {\n"
            "    .max_concurrency = %u,\n};\n",
            interface->cname, concurrency_of(interface));
    }
}

void
emit_methods(emitter *e, const decl *interface)
{
    size_t n;
    const decl **ops = flatten_ops(e, interface, &n);

    for (size_t i = 0; i < n; i++) {
        emit_params(e, interface, ops[i]);
        emit_writes(e, interface, ops[i]);
    }
    if (n > 0) {
        put(e, "\nstatic const mw_method %s_methods[] = {\n", interface->cname);
        for (size_t i = 0; i < n; i++) {
            emit_method(e, interface, ops[i]);
        }
        put(e, "};\n");
    }
    emit_limits(e, interface);
    put(e,
        "\nconst mw_interface %s_interface = {\n"
        "    .version = MW_DESC_VERSION,\n",
        interface->cname);
    if (n > 0) {
        put(e, "    .n_methods = %zu,\n", n);
    }
    put(e, "    .name = \"%s\",\n", wire_name(e, interface));
    if (n > 0) {
        put(e, "    .methods = %s_methods,\n", interface->cname);
    }
    if (interface->base != NULL) {
        put(e, "    .base = &%s_interface,\n", interface->base->cname);
    }
    if (concurrency_of(interface) > 0) {
        put(e, "    .limits = &%s_limits,\n", interface->cname);
    }
    put(e, "};\n");
}
