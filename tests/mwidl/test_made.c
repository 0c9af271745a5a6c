/* SPDX-License-Identifier: MIT */
/*
 * What mwidl made of the golden files: that the descriptors say what the
 * structs are, and that the functions on objects work.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "basics.mw.h"
#include "basics_client.mw.h"
#include "basics_server.mw.h"
#include "derived.mw.h"
#include "derived_client.mw.h"
#include "derived_server.mw.h"
#include "limits.mw.h"
#include "others.mw.h"

static const mw_field *
field(const mw_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    cr_assert_fail("%s has no %s", type->name, name);
    return NULL;
}

Test(made, constants)
{
    cr_expect(basics_MAX_LINES == 100);
    cr_expect(basics_MASK == 0x7f);
    cr_expect(basics_LOW == -128);
    cr_expect(basics_SHORT_MIN == INT16_MIN);
    cr_expect(basics_LONG_MIN == INT32_MIN);
    cr_expect(basics_LONG_LONG_MIN == INT64_MIN);
    cr_expect(basics_ALL_BITS == UINT32_MAX);
    cr_expect(basics_HUGE == UINT64_MAX);
    cr_expect(basics_SHIFTED == ((UINT64_C(1) << 40 | UINT64_C(1) << 5) ^ 017));
    cr_expect(basics_HALF == 0.5f);
    cr_expect(basics_PI == 3.141592653589793);
    cr_expect(basics_TINY == -1e-300);
    cr_expect(basics_WHOLE == 3.0);
    cr_expect(basics_YES);
    cr_expect_str_eq(
        basics_HELLO, "hello, \"world\" ?\?= \t\xc3\xa9 in two pieces");
    cr_expect(strlen(basics_LONG_TEXT) == 134);
    cr_expect(basics_FAVOURITE == basics_Colour_GREEN);
    cr_expect(basics_inner_TWICE == 200);
    cr_expect(calls_Base_LIMIT == 7);
}

Test(made, enums)
{
    cr_expect(basics_Colour_RED == 0);
    cr_expect(basics_Colour_GREEN == -5);
    cr_expect(basics_Colour_BLUE == -4);
    cr_expect(basics_Colour_type.n_members == 4);
    for (uint32_t i = 1; i < basics_Colour_type.n_members; i++) {
        cr_expect(basics_Colour_type.enumerators[i - 1].value <
                  basics_Colour_type.enumerators[i].value);
    }
    cr_expect_str_eq(basics_Colour_name(basics_Colour_LAST), "LAST");
    cr_expect_str_eq(basics_Colour_name((basics_Colour) 77), "?");
    cr_expect_str_eq(basics_Colour_type.name, "basics::Colour");
}

Test(made, flags)
{
    cr_expect(basics_Scalars_type.flags == MW_TYPE_FLAT);
    cr_expect(basics_Containers_type.flags == 0);
    cr_expect(basics_Notes_type.flags == MW_TYPE_FINAL);
    cr_expect(basics_Failed_type.flags == MW_TYPE_EXCEPTION);
    cr_expect(basics_Nothing_type.flags == (MW_TYPE_EXCEPTION | MW_TYPE_FLAT));
    cr_expect(basics_Nothing_type.n_members == 0);
    cr_expect(basics_Scalars_seq_2_type.flags == MW_TYPE_FLAT);
    cr_expect(shared_Point_seq_8_type.flags == MW_TYPE_FLAT);
}

Test(made, fields)
{
    const mw_type *notes = &basics_Notes_type;

    cr_expect(notes->size == sizeof(basics_Notes));
    cr_expect(field(notes, "sku")->id == 10);
    cr_expect(field(notes, "sku")->flags == MW_FIELD_KEY);
    cr_expect(field(notes, "sku")->type->bound == 16);
    cr_expect(field(notes, "price")->offset == offsetof(basics_Notes, price));
    cr_expect(
        field(notes, "price")->has_offset == offsetof(basics_Notes, has_price));
    cr_expect(field(notes, "note")->flags == MW_FIELD_OPTIONAL);
    cr_expect(field(notes, "plain")->flags == 0);
    cr_expect(field(&basics_Awkward_type, "class")->offset ==
              offsetof(basics_Awkward, class_));
    cr_expect(field(&basics_Awkward_type, "struct") != NULL);
    const mw_type *matrix = field(&basics_Containers_type, "matrix")->type;

    cr_expect_str_eq(matrix->name, "int32[3][4]");
    cr_expect(matrix->bound == 3 && matrix->elem->bound == 4);
    cr_expect(matrix->elem->elem == &mw_type_i32);
    cr_expect(
        field(&basics_Tree_type, "kids")->type->elem == &basics_Tree_type);
}

Test(made, defaults)
{
    basics_Notes n;

    cr_assert(basics_Notes_init(&n) == MW_OK);
    cr_expect(n.quantity == 1);
    cr_expect(!n.has_price && n.note == NULL && !n.has_row);
    cr_expect_str_eq(n.quoted, "it's \"quoted\"");
    cr_expect_str_eq(n.tag, "abc");
    cr_expect(n.colour == basics_Colour_BLUE);
    cr_expect(n.flag);
    cr_expect(n.ratio == -0.5f);
    cr_expect(n.big == 2.5e100);
    cr_expect(n.least == INT64_MIN);
    cr_expect(n.most == UINT64_MAX);
    cr_expect(strlen(n.fox) == 58, "%zu", strlen(n.fox));
    basics_Notes copy;

    cr_assert(basics_Notes_copy(&copy, &n) == MW_OK);
    cr_expect(basics_Notes_equal(&copy, &n));
    copy.row[3] = 4;
    copy.has_row = true;
    cr_expect(!basics_Notes_equal(&copy, &n));
    char *text = basics_Notes_text(&copy);

    cr_assert_not_null(text);
    cr_expect(strstr(text, "BLUE") != NULL, "%s", text);
    free(text);
    basics_Notes_clear(&copy);
    basics_Notes_clear(&n);
    cr_expect(n.fox == NULL);
}

Test(made, sequences)
{
    basics_Tree tree = { 0 };
    basics_Tree *kid = basics_Tree_seq_add(NULL, &tree.kids);

    cr_assert_not_null(kid);
    cr_assert_not_null(basics_Tree_seq_insert(NULL, &tree.kids, 0, 2));
    cr_expect(tree.kids.len == 3);
    kid = basics_Tree_seq_add(NULL, &tree.kids.items[2].kids);
    cr_assert_not_null(kid);
    cr_assert(mw_set_string(NULL, &kid->name, "leaf") == MW_OK);
    basics_Tree_seq_remove(NULL, &tree.kids, 0, 2);
    cr_expect(tree.kids.len == 1);
    cr_expect_str_eq(tree.kids.items[0].kids.items[0].name, "leaf");
    basics_Tree_clear(&tree);
    cr_expect(tree.kids.items == NULL);
}

Test(made, bounded_sequences)
{
    basics_Containers c = { 0 };

    cr_assert_not_null(basics_Scalars_seq_2_add(NULL, &c.two_scalars));
    cr_assert_not_null(basics_Scalars_seq_2_add(NULL, &c.two_scalars));
    cr_expect(basics_Scalars_seq_2_add(NULL, &c.two_scalars) == NULL);
    cr_expect(c.two_scalars.len == 2);
    basics_Containers_clear(&c);
}

/* Both files define the descriptor; the program has one. */
Test(made, shared_sequences)
{
    const mw_type *of_others = field(&others_Route_type, "numbers")->type;

    cr_expect(of_others == &mw_seq_i32_seq_type);
    cr_expect(field(&derived_Uses_type, "numbers")->type == of_others);
    cr_expect(field(&derived_Uses_type, "points")->type ==
              field(&others_Route_type, "points")->type);
}

Test(made, interfaces)
{
    const mw_interface *desk = &calls_Desk_interface;
    const mw_interface *chief = &derived_Chief_interface;

    cr_expect(desk->version == MW_DESC_VERSION);
    cr_expect_str_eq(desk->name, "calls.Desk");
    cr_expect(desk->base == &calls_Base_interface);
    cr_expect(calls_Empty_interface.n_methods == 0);
    cr_expect_str_eq(desk->methods[0].target, "calls.Desk.ping");
    cr_expect(desk->methods[1].flags == MW_METHOD_ONEWAY);
    cr_expect_str_eq(desk->methods[3].name, "scalars");
    cr_expect(desk->methods[3].timeout_ms == 250);
    cr_expect(desk->methods[3].n_raises == 3);
    cr_expect(desk->methods[3].raises[1] == &shared_Gone_type);
    const mw_param *last =
        &desk->methods[3].params[desk->methods[3].n_params - 1];

    cr_expect_str_eq(last->name, "return");
    cr_expect(last->dir == MW_DIR_OUT);
    cr_expect(chief->base == desk);
    cr_expect(chief->n_methods == desk->n_methods + 1);
    cr_expect_str_eq(chief->methods[0].target, "derived.Chief.ping");
    cr_expect(derived_Renamed_interface.n_methods == chief->n_methods);
}

static const mw_method *
method(const mw_interface *interface, const char *name)
{
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        if (strcmp(interface->methods[i].name, name) == 0) {
            return &interface->methods[i];
        }
    }
    cr_assert_fail("no operation %s", name);
    return NULL;
}

Test(made, how_calls_are_run)
{
    const mw_interface *control = &limits_Control_interface;
    const mw_interface *panel = &limits_Panel_interface;

    cr_expect(control->limits->max_concurrency == 8);
    cr_expect(panel->limits->max_concurrency == 8, "inherited");
    cr_expect(limits_Small_interface.limits->max_concurrency == 2);
    cr_expect(calls_Desk_interface.limits == NULL);
    cr_expect(method(control, "check")->priority == 2, "the interface's");
    cr_expect(method(control, "check")->max_concurrency == 0);
    cr_expect(method(control, "collect")->priority == 0);
    cr_expect(method(control, "collect")->max_concurrency == 1);
    cr_expect(method(control, "drop")->priority == 255);
    cr_expect(method(control, "drop")->flags ==
              (MW_METHOD_ONEWAY | MW_METHOD_IDEMPOTENT));
    cr_expect(method(panel, "check")->priority == 2, "as declared there");
    cr_expect(method(panel, "add")->priority == 0);
    cr_expect(method(panel, "add")->flags ==
              (MW_METHOD_IDEMPOTENT | MW_METHOD_KEYED));
    cr_expect(method(panel, "other")->flags == 0);
    cr_expect(method(panel, "other")->max_concurrency == 3);
}
