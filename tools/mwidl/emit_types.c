/* SPDX-License-Identifier: MIT */
/*
 * The header of types: constants, C types in the order of the IDL, and the
 * declarations of their descriptors.
 */
#include <string.h>

#include "emit.h"
#include "names.h"

/* "#define NAME value", in pieces if it is a long text. */
static void
put_macro(emitter *e, const decl *d, size_t width)
{
    const char *literal = c_value(e, &d->value, d->type.type);
    size_t column = strlen("#define ") + width + 1;

    if (d->value.kind != VALUE_STRING ||
        column + strlen(literal) <= LINE_WIDTH) {
        put(e, "#define %-*s %s\n", (int) width, d->cname, literal);
        return;
    }
    size_t n;
    const char **pieces = c_string_pieces(e, d->value.string, &n);

    column = strlen("#define ") + strlen(d->cname);
    for (size_t i = 0; i + 1 < n; i++) {
        column =
            strlen(pieces[i]) + 4 > column ? strlen(pieces[i]) + 4 : column;
    }
    put(e, "#define %-*s \\\n", (int) (column - strlen("#define ")), d->cname);
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;

        put(e, "    %-*s%s\n", last ? 0 : (int) column - 4, pieces[i],
            last ? "" : " \\");
    }
}

/* Constants that follow each other without comments are aligned. */
static void
emit_constants(emitter *e)
{
    bool any = false;
    size_t width = 0;
    unsigned left = 0;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file != e->u->main || it->decl->kind != DECL_CONST) {
            continue;
        }
        if (!any) {
            put_section(e, "Constants.");
            any = true;
            put(e, "\n");
        }
        if (it->decl->doc != NULL) {
            put_plain_doc(e, 0, it->decl);
            left = 0;
        }
        if (left == 0) {
            width = 0;
            const item *other = it;

            do {
                if (other->file == e->u->main &&
                    other->decl->kind == DECL_CONST) {
                    size_t len = strlen(other->decl->cname);

                    width = len > width ? len : width;
                    left++;
                }
                other = other->next;
            } while (other != NULL && (other->file != e->u->main ||
                                          other->decl->kind != DECL_CONST ||
                                          other->decl->doc == NULL));
        }
        left--;
        put_macro(e, it->decl, width);
    }
}

/* Structs that contain themselves need their names first. */
static void
emit_forward(emitter *e)
{
    bool any = false;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;

        if (it->file == e->u->main && has_members(d) && d->used_early) {
            put(e, "%stypedef struct %s %s;\n", any ? "" : "\n", d->cname,
                d->cname);
            any = true;
        }
    }
}

static void
emit_types(emitter *e)
{
    put_section(e, "Types.");
    emit_forward(e);
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file == e->u->main) {
            need_types(e, it->decl);
            emit_decl(e, it->decl);
        }
    }
}

static void
emit_descriptors(emitter *e)
{
    bool any = false;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;
        bool is_interface = d->kind == DECL_INTERFACE;

        if (it->file != e->u->main || (d->own == NULL && !is_interface)) {
            continue;
        }
        if (!any) {
            put_section(e, "Descriptors, for the functions of mw/object.h.");
            put(e, "\n");
        }
        any = true;
        put(e, "extern %sconst %s %s%s;\n", api(e),
            is_interface ? "mw_interface" : "mw_type", d->cname,
            is_interface ? "_interface" : "_type");
        if (d->ref != NULL) {
            put(e, "extern %sconst mw_type %s;\n", api(e), d->ref->desc);
        }
    }
    for (const type_list *t = e->anonymous; t != NULL; t = t->next) {
        put(e, "%sextern %sconst mw_type %s;\n", any ? "" : "\n", api(e),
            t->type->desc);
        any = true;
    }
}

static void
emit_includes(emitter *e)
{
    static const char *const own[] = { "base", "desc", "map", "memory", "node",
        "object", "seq", "status", "union" };

    put(e, "\n");
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
        put(e, "#include \"mw/%s.h\"\n", own[i]);
    }
    const char *gap = "\n";

    for (const include *inc = e->u->main->includes; inc != NULL;
         inc = inc->next) {
        put(e, "%s#include \"%s.mw.h\"\n", gap, inc->file->stem);
        gap = "";
    }
}

void
emit_types_h(emitter *e)
{
    const char *guard = names_guard(&e->u->mem, e->u->main->stem);

    note_included(e);
    put_banner(e);
    put(e, "#ifndef %s_MW_H\n#define %s_MW_H\n", guard, guard);
    emit_includes(e);
    put_version_check(e);
    put(e, "\nMW_BEGIN_DECLS\n");
    emit_constants(e);
    emit_types(e);
    emit_descriptors(e);
    emit_object_functions(e);
    put(e, "\nMW_END_DECLS\n\n#endif\n");
}
