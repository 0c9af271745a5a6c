/* SPDX-License-Identifier: MIT */
/*
 * Server skeletons, and the functions that raise exceptions.
 */
#include <string.h>

#include "emit.h"
#include "names.h"

static const char **
handler_params(emitter *e, const decl *op, size_t *ret_n)
{
    const char **items = c_params(e, op, 1, ret_n);

    items[0] = "mw_call *call";
    return items;
}

static void
emit_handler(emitter *e, const decl *op)
{
    text doc = { 0 };
    size_t n;
    const char **items = handler_params(e, op, &n);

    doc_op(&doc, op);
    if (doc.len == 0) {
        text_printf(&doc, "Handle the operation '%s'.\n", op->name);
    }
    doc_writes(&doc, op, false);
    text_puts(&doc, "\n@param call  [borrow: this call] the call\n");
    doc_params(e, &doc, op, false);
    for (const decl_list *r = op->raises; r != NULL; r = r->next) {
        text_printf(&doc, "%s %s_raise()%s",
            r == op->raises ? "@return  a status; may be that of" : ",",
            r->decl->cname, r->next == NULL ? "\n" : "");
    }
    text_puts(&doc, "@thread one of the server's; may block\n");
    put_doc(e, 4, &doc);
    text_free(&doc);
    put_list(e, 4, 8, fmt(e, "mw_status (*%s)(", op->cname), items, n, ");\n");
}

static void
emit_ops(emitter *e, const decl *d)
{
    size_t n;
    const decl **ops = flatten_ops(e, d, &n);
    text doc = { 0 };

    text_puts(&doc, d->doc != NULL ? d->doc : "");
    text_printf(&doc,
        "%sThe handlers of %s.  One that is NULL answers MW_EUNIMPLEMENTED.\n"
        "\n"
        "All that a handler gets lives until the reply is sent: it frees "
        "nothing, and takes memory from mw_alloc(call, ...).\n",
        doc.len > 0 ? "\n" : "", d->idl);
    put(e, "\n");
    put_doc(e, 0, &doc);
    put(e, "typedef struct %s_ops {\n", d->cname);
    for (size_t i = 0; i < n; i++) {
        put(e, "%s", i > 0 ? "\n" : "");
        emit_handler(e, ops[i]);
    }
    if (n == 0) {
        put(e, "    /* C wants a member. */\n    char unused_;\n");
    }
    put(e, "} %s_ops;\n\n", d->cname);
    text_free(&doc);
}

static void
emit_serve(emitter *e, const decl *d)
{
    text doc = { 0 };
    const char *items[] = { "mw_server *server",
        fmt(e, "const %s_ops *ops", d->cname), "void *user" };

    text_printf(&doc,
        "Offer %s.\n\n"
        "@param server  [borrow: this call] server that is not yet running\n"
        "@param ops     [borrow: server] the handlers\n"
        "@param user    [borrow: server] for mw_call_user()\n"
        "@retval MW_EEXIST  offered already\n"
        "@retval MW_EINVAL  the server runs\n"
        "@retval MW_ENOMEM  out of memory\n"
        "@thread owner of the server; does not block\n",
        d->idl);
    put_doc(e, 0, &doc);
    text_free(&doc);
    put_prototype(e, fmt(e, "%s_serve", d->cname), items, 3);
}

static void
emit_serve_back(emitter *e, const decl *d)
{
    text doc = { 0 };
    const char *items[] = { "mw_client *client",
        fmt(e, "const %s_ops *ops", d->cname), "void *user" };

    text_printf(&doc,
        "Offer %s to the server that a client is connected to, whose handlers "
        "may call it: mw_call_open_back().\n\n"
        "@param client  [borrow: this call] client with .background, not yet "
        "connected\n"
        "@param ops     [borrow: client] the handlers\n"
        "@param user    [borrow: client] for mw_call_user()\n"
        "@retval MW_EEXIST  offered already\n"
        "@retval MW_EINVAL  without .background and .lazy, or connected\n"
        "@retval MW_ENOMEM  out of memory or threads\n"
        "@thread owner of the client; does not block\n",
        d->idl);
    put_doc(e, 0, &doc);
    text_free(&doc);
    put_prototype(e, fmt(e, "%s_serve_back", d->cname), items, 3);
}

static void
put_raise(emitter *e, const decl *d)
{
    text doc = { 0 };

    if (map_get(&e->declared, d, "raise") != NULL) {
        return;
    }
    map_set(&e->declared, d, "raise", (void *) d);
    put(e, "\n");
    put(e, "#ifndef MW_HAVE_%s_raise\n#define MW_HAVE_%s_raise\n", d->cname,
        d->cname);
    text_printf(&doc,
        "Raise %s: return %s_raise(call, ...).\n\n"
        "@param call       [borrow: this call] the handler's call\n"
        "@param exception  [copy] the exception\n"
        "@retval MW_EEXCEPTION  raised; for the handler to return\n"
        "@retval MW_EINTERNAL   the operation does not declare it, or it "
        "cannot be encoded; for the handler to return\n"
        "@thread the handler's; does not block\n",
        d->name, d->cname);
    put_doc(e, 0, &doc);
    text_free(&doc);
    const char *params[] = { "mw_call *call",
        fmt(e, "const %s *exception", d->cname) };
    const char *args[] = { "call", fmt(e, "&%s", d->own->desc), "exception" };

    put(e, "static inline MW_MUST_USE mw_status\n");
    put_list(e, 0, 4, fmt(e, "%s_raise(", d->cname), params, 2, ")\n{\n");
    put_list(e, 4, 8, "return mw_call_raise(", args, 3, ");\n}\n");
    put(e, "#endif\n");
}

static void
emit_raises(emitter *e)
{
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        size_t n = 0;

        if (it->file != e->u->main) {
            continue;
        }
        if (it->decl->kind == DECL_EXCEPTION) {
            put_raise(e, it->decl);
        }
        const decl **ops = it->decl->kind == DECL_INTERFACE
                               ? flatten_ops(e, it->decl, &n)
                               : NULL;

        for (size_t i = 0; i < n; i++) {
            for (const decl_list *r = ops[i]->raises; r != NULL; r = r->next) {
                put_raise(e, r->decl);
            }
        }
    }
}

void
emit_server_h(emitter *e)
{
    const char *guard = names_guard(&e->u->mem, e->u->main->stem);

    put_banner(e);
    put(e, "#ifndef %s_SERVER_MW_H\n#define %s_SERVER_MW_H\n", guard, guard);
    put(e,
        "\n#include \"mw/call.h\"\n#include \"mw/server.h\"\n"
        "\n#include \"%s.mw.h\"\n",
        e->u->main->stem);
    put(e, "\nMW_BEGIN_DECLS\n");
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file == e->u->main && it->decl->kind == DECL_INTERFACE) {
            emit_ops(e, it->decl);
            emit_serve(e, it->decl);
            emit_serve_back(e, it->decl);
        }
    }
    emit_raises(e);
    put(e, "\nMW_END_DECLS\n\n#endif\n");
}

/* The function that takes the arguments apart and calls the handler. */
static void
emit_run(emitter *e, const decl *interface, const decl *op)
{
    const char **values =
        arena_alloc(&e->u->mem, (op->n_children + 2) * sizeof(*values));
    size_t n = 0;
    const char *params[] = { "mw_call *call", "const void *ops",
        "void *const args[]" };

    values[n++] = "call";
    for (const decl *param = op->first; param != NULL; param = param->next) {
        values[n] = c_from_args(e, param->type, param->dir, n - 1);
        n++;
    }
    if (op->type.type != NULL) {
        values[n] = c_from_args(e, op->type, DIR_OUT, n - 1);
        n++;
    }
    put(e, "\nstatic mw_status\n");
    put_list(e, 0, 4, fmt(e, "run_%s_%s(", interface->cname, op->name), params,
        3, ")\n{\n");
    bool wide = 2 * strlen(interface->cname) + 46 > LINE_WIDTH;

    put(e, "    const %s_ops *handlers =%s(const %s_ops *) ops;\n\n",
        interface->cname, wide ? "\n        " : " ", interface->cname);
    if (n == 1) {
        put(e, "    (void) args;\n");
    }
    put_list(e, 4, 8, fmt(e, "return handlers->%s(", op->cname), values, n,
        ");\n}\n");
}

/* A function that offers an interface, by name of that of mw/stub.h which it
 * calls. */
static void
put_serve(emitter *e, const decl *d, const char *name, const char *first,
    const char *offerer)
{
    const char *params[] = { first, fmt(e, "const %s_ops *ops", d->cname),
        "void *user" };
    const char *args[] = { offerer, fmt(e, "&%s_skeleton", d->cname), "ops",
        "user" };

    put(e, "\nmw_status\n");
    put_list(e, 0, 4, fmt(e, "%s_%s(", d->cname, name), params, 3, ")\n{\n");
    put_list(e, 4, 8, fmt(e, "return mw_stub_%s(", name), args, 4, ");\n}\n");
}

static void
emit_skeleton(emitter *e, const decl *d)
{
    size_t n;
    const decl **ops = flatten_ops(e, d, &n);

    for (size_t i = 0; i < n; i++) {
        emit_run(e, d, ops[i]);
    }
    if (n > 0) {
        put(e, "\nstatic const mw_skeleton_method %s_skeleton_methods[] = {\n",
            d->cname);
        for (size_t i = 0; i < n; i++) {
            put(e, "    {\n");
            put_init(e, 8, "run", "run_%s_%s", d->cname, ops[i]->name);
            put_init(e, 8, "ops_offset", "offsetof(%s_ops, %s)", d->cname,
                ops[i]->cname);
            put(e, "    },\n");
        }
        put(e, "};\n");
    }
    put(e, "\nstatic const mw_skeleton %s_skeleton = {\n", d->cname);
    put(e, "    .interface = &%s_interface,\n", d->cname);
    if (n > 0) {
        put(e, "    .methods = %s_skeleton_methods,\n", d->cname);
    }
    put(e, "};\n");
    put_serve(e, d, "serve", "mw_server *server", "server");
    put_serve(e, d, "serve_back", "mw_client *client", "client");
}

void
emit_server_c(emitter *e)
{
    put_banner(e);
    put(e,
        "#include \"%s_server.mw.h\"\n\n#include <stddef.h>\n"
        "\n#include \"mw/stub.h\"\n",
        e->u->main->stem);
    put(e, "\n#if defined(__cplusplus) && defined(__GNUC__)\n"
           "#pragma GCC diagnostic ignored \"-Wmissing-field-initializers\"\n"
           "#endif\n");
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file == e->u->main && it->decl->kind == DECL_INTERFACE) {
            emit_skeleton(e, it->decl);
        }
    }
}
