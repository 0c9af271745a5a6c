/* SPDX-License-Identifier: MIT */
/*
 * Client stubs, two of each operation that has results: one that waits for
 * them, one that starts the call; and the functions that read caught
 * exceptions.
 */
#include <string.h>

#include "emit.h"
#include "names.h"

static void
doc_errors(text *doc, const decl *op)
{
    if (op->raises != NULL) {
        text_puts(doc, "@retval MW_EEXCEPTION  raised");
        for (const decl_list *r = op->raises; r != NULL; r = r->next) {
            text_printf(
                doc, "%s %s", r == op->raises ? "" : ",", r->decl->cname);
        }
        text_printf(doc, "; see %s_caught()\n", op->raises->decl->cname);
    }
    if (op->writes != NULL) {
        text_puts(doc,
            "@retval MW_ECONTRACT  the reply changes something else; nothing "
            "has changed\n");
    }
    text_puts(
        doc, "@return  any other status of mw_stub_call() or of the handler\n");
    text_puts(doc, "@thread any; blocks up to the deadline\n");
}

static void
put_stub_doc(emitter *e, const decl *op)
{
    text doc = { 0 };

    doc_op(&doc, op);
    if (doc.len == 0) {
        text_printf(&doc, "Call the operation '%s'.\n", op->name);
    }
    if (op->oneway) {
        text_puts(&doc,
            "\nOne-way: returns when the server has accepted the call, before "
            "it runs.\n");
    }
    if (op->notes.idempotent) {
        text_puts(&doc,
            "\nIdempotent: is sent again when it is not known whether it has "
            "run.\n");
    }
    if (op->notes.keyed) {
        text_puts(&doc,
            "\nKeyed: sent again, it is run once, and its outcome repeated.\n");
    }
    doc_writes(&doc, op, true);
    text_puts(&doc, "\n@param client  [borrow: this call] client\n"
                    "@param ctx  [inout] context, or NULL\n");
    doc_params(e, &doc, op, true);
    doc_errors(&doc, op);
    put_doc(e, 0, &doc);
    text_free(&doc);
}

/* What must live until the call is finished: results, and what leads to nodes.
 */
static void
doc_borrowed(text *doc, const decl *op)
{
    const decl *last = NULL;
    bool has_result = op->type.type != NULL;

    for (const decl *param = op->first; param != NULL; param = param->next) {
        if (param->dir != DIR_IN || param->type.type->refs) {
            last = param;
        }
    }
    text_puts(
        doc, last != NULL || has_result ? "client, ctx" : "client and ctx");
    for (const decl *param = op->first; param != NULL; param = param->next) {
        if (param->dir != DIR_IN || param->type.type->refs) {
            text_printf(doc, "%s%s",
                param == last && !has_result ? " and " : ", ", param->cname);
        }
    }
    text_puts(doc, has_result ? " and ret_value" : "");
}

static void
put_start_doc(emitter *e, const decl *interface, const decl *op)
{
    text doc = { 0 };

    text_printf(&doc,
        "Start %s_%s(), and return at once.\n\n"
        "Until it is finished or cancelled the call borrows ",
        interface->cname, op->name);
    doc_borrowed(&doc, op);
    text_puts(&doc,
        ".  Only mw_pending_finish() writes results.\n\n"
        "@param ret_pending  [own: mw_pending_finish() or mw_pending_cancel()] "
        "[out] NULL after a failure\n"
        "@return  MW_OK, or why it was not sent: see mw_stub_start()\n"
        "@thread any; blocks only to connect and for room to write\n");
    put_doc(e, 0, &doc);
    text_free(&doc);
}

/* The items of a stub's parameter list: *ret_n of them. */
static const char **
stub_params(emitter *e, const decl *op, bool is_start, size_t *ret_n)
{
    const char **items = c_params(e, op, 2, ret_n);

    items[0] = "mw_client *client";
    items[1] = "mw_ctx *ctx";
    if (is_start) {
        items[(*ret_n)++] = "mw_pending **ret_pending";
    }
    return items;
}

static const char *
stub_name(emitter *e, const decl *interface, const decl *op, bool is_start)
{
    return fmt(
        e, "%s_%s%s", interface->cname, op->name, is_start ? "_start" : "");
}

static void
emit_prototype(emitter *e, const decl *interface, const decl *op, bool is_start)
{
    size_t n;
    const char **items = stub_params(e, op, is_start, &n);

    put(e, "\n");
    if (is_start) {
        put_start_doc(e, interface, op);
    } else {
        put_stub_doc(e, op);
    }
    put_prototype(e, stub_name(e, interface, op, is_start), items, n);
}

/* Exceptions of this file, and those of others that its operations raise; so
 * several headers may define the function. */
static void
put_caught(emitter *e, const decl *d)
{
    text doc = { 0 };

    if (map_get(&e->declared, d, "caught") != NULL) {
        return;
    }
    map_set(&e->declared, d, "caught", (void *) d);
    put(e, "\n");
    put(e, "#ifndef MW_HAVE_%s_caught\n#define MW_HAVE_%s_caught\n", d->cname,
        d->cname);
    text_printf(&doc,
        "The %s that the last call raised.\n\n"
        "@param ctx  [borrow: this call] context, or NULL\n"
        "@return  [view] the exception, valid until the context is used again "
        "or cleared; NULL if the call raised none of this type\n"
        "@thread owner of the context; does not block\n",
        d->name);
    put_doc(e, 0, &doc);
    text_free(&doc);
    put(e, "static inline const %s *\n%s_caught(const mw_ctx *ctx)\n{\n",
        d->cname, d->cname);
    const char *items[] = { "ctx", fmt(e, "&%s", d->own->desc) };

    put_list(e, 4, 8, fmt(e, "return (const %s *) mw_ctx_exception(", d->cname),
        items, 2, ");\n}\n");
    put(e, "#endif\n");
}

static void
emit_caught(emitter *e)
{
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        size_t n = 0;

        if (it->file != e->u->main) {
            continue;
        }
        if (it->decl->kind == DECL_EXCEPTION) {
            put_caught(e, it->decl);
        }
        const decl **ops = it->decl->kind == DECL_INTERFACE
                               ? flatten_ops(e, it->decl, &n)
                               : NULL;

        for (size_t i = 0; i < n; i++) {
            for (const decl_list *r = ops[i]->raises; r != NULL; r = r->next) {
                put_caught(e, r->decl);
            }
        }
    }
}

void
emit_client_h(emitter *e)
{
    const char *guard = names_guard(&e->u->mem, e->u->main->stem);

    put_banner(e);
    put(e, "#ifndef %s_CLIENT_MW_H\n#define %s_CLIENT_MW_H\n", guard, guard);
    put(e,
        "\n#include \"mw/client.h\"\n#include \"mw/ctx.h\"\n"
        "#include \"mw/pending.h\"\n"
        "\n#include \"%s.mw.h\"\n",
        e->u->main->stem);
    put(e, "\nMW_BEGIN_DECLS\n");
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        size_t n;

        if (it->file != e->u->main || it->decl->kind != DECL_INTERFACE) {
            continue;
        }
        const decl **ops = flatten_ops(e, it->decl, &n);

        put(e, "\n/* Stubs of %s. */\n", it->decl->idl);
        for (size_t i = 0; i < n; i++) {
            emit_prototype(e, it->decl, ops[i], false);
            if (!ops[i]->oneway) {
                emit_prototype(e, it->decl, ops[i], true);
            }
        }
    }
    emit_caught(e);
    put(e, "\nMW_END_DECLS\n\n#endif\n");
}

static void
emit_stub(emitter *e, const decl *interface, const decl *op, size_t index,
    bool is_start)
{
    size_t n;
    const char **items = stub_params(e, op, is_start, &n);
    const char **args = arena_alloc(&e->u->mem, n * sizeof(*args));
    size_t n_args = 0;

    put(e, "\nmw_status\n");
    put_list(e, 0, 4, fmt(e, "%s(", stub_name(e, interface, op, is_start)),
        items, n, ")\n{\n");
    for (const decl *param = op->first; param != NULL; param = param->next) {
        args[n_args++] = c_argument(e, param->type, param->dir, param->cname);
    }
    if (op->type.type != NULL) {
        args[n_args++] = "ret_value";
    }
    if (n_args > 0) {
        put_list(
            e, 4, 8, "const void *const args[] = { ", args, n_args, " };\n\n");
    }
    const char *call[] = { "client", "ctx",
        fmt(e, "&%s_interface.methods[%zu]", interface->cname, index),
        n_args > 0 ? "args" : "NULL", "ret_pending" };

    put_list(e, 4, 8,
        is_start ? "return mw_stub_start(" : "return mw_stub_call(", call,
        is_start ? 5 : 4, ");\n}\n");
}

void
emit_client_c(emitter *e)
{
    put_banner(e);
    put(e, "#include \"%s_client.mw.h\"\n\n#include \"mw/stub.h\"\n",
        e->u->main->stem);
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        size_t n;

        if (it->file != e->u->main || it->decl->kind != DECL_INTERFACE) {
            continue;
        }
        const decl **ops = flatten_ops(e, it->decl, &n);

        for (size_t i = 0; i < n; i++) {
            emit_stub(e, it->decl, ops[i], i, false);
            if (!ops[i]->oneway) {
                emit_stub(e, it->decl, ops[i], i, true);
            }
        }
    }
}
