/* SPDX-License-Identifier: MIT */
/*
 * What mwidl made of rich.idl and borrower.idl, where the constructs are that
 * basics.idl has not: descriptors are true to mw/desc.h and to the C types,
 * the functions do what their comments say, and the library carries values of
 * all these types.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "borrower.mw.h"
#include "borrower_client.mw.h"
#include "borrower_server.mw.h"
#include "lib/random_graph.h"
#include "lib/random_type.h"
#include "lib/random_value.h"
#include "rich.mw.h"
#include "rich_client.mw.h"
#include "rich_server.mw.h"

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

static const mw_method *
method(const mw_interface *interface, const char *name)
{
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        if (strcmp(interface->methods[i].name, name) == 0) {
            return &interface->methods[i];
        }
    }
    cr_assert_fail("%s has no %s", interface->name, name);
    return NULL;
}

static void
expect_sound(const mw_type *type)
{
    const char *fault = mwt_type_fault(type);

    cr_expect(fault == NULL, "%s: %s", type->name, fault);
}

Test(rich, descriptors_are_sound)
{
    const mw_interface *chief = &borrower_Chief_interface;

    for (uint32_t i = 0; i < chief->n_methods; i++) {
        for (uint32_t k = 0; k < chief->methods[i].n_params; k++) {
            expect_sound(chief->methods[i].params[k].type);
        }
        for (uint32_t k = 0; k < chief->methods[i].n_raises; k++) {
            expect_sound(chief->methods[i].raises[k]);
        }
    }
    expect_sound(&rich_Forest_type);
    expect_sound(&rich_ByOctet_type);
    expect_sound(&rich_ByLarge_type);
    expect_sound(&rich_Early_type);
}

Test(rich, valuetypes)
{
    const mw_type *node = &rich_Node_type;

    cr_expect(node->kind == MW_KIND_STRUCT);
    cr_expect(node->flags == (MW_TYPE_NODE | MW_TYPE_REFS));
    cr_expect(rich_Node_ref_type.kind == MW_KIND_REF);
    cr_expect(rich_Node_ref_type.flags == (MW_TYPE_FLAT | MW_TYPE_REFS));
    cr_expect(rich_Node_ref_type.elem == node);
    cr_expect(rich_Node_ref_type.size == sizeof(rich_Node *));
    cr_expect(field(node, "next")->type == &rich_Node_ref_type);
    cr_expect(field(node, "only")->type == &rich_Node_unique_type);
    cr_expect(rich_Node_unique_type.flags ==
              (MW_TYPE_FLAT | MW_TYPE_REFS | MW_TYPE_UNIQUE));
    cr_expect(field(node, "ends")->type->elem == &rich_Node_ref_type);
    cr_expect(
        rich_Late_type.flags == (MW_TYPE_NODE | MW_TYPE_REFS | MW_TYPE_FINAL));
    cr_expect(
        rich_Keyed_type.flags == (MW_TYPE_NODE | MW_TYPE_REFS | MW_TYPE_FLAT));
    cr_expect(
        field(&borrower_Uses_type, "only")->type->elem == &rich_Keyed_type);
}

/* The same C type, and descriptors that differ in what their elements are. */
Test(rich, unique_elements)
{
    const mw_type *kids = field(&rich_Node_type, "kids")->type;
    const mw_type *owners = field(&rich_Tables_type, "owners")->type;
    const mw_param *rest =
        &method(&rich_Surgery_interface, "unshared")->params[1];

    cr_expect(kids->elem == &rich_Node_unique_type);
    cr_expect(kids != field(&rich_Node_type, "edges")->type);
    cr_expect(rest->type == kids);
    cr_expect(owners->elem->fields[1].type == kids);
}

Test(rich, bitmasks)
{
    cr_expect(rich_Rights_OWN == UINT32_C(1) << 31);
    cr_expect(sizeof(rich_Small) == 1 && sizeof(rich_Medium) == 2);
    cr_expect(sizeof(rich_Large) == 8);
    cr_expect(rich_Large_LAST == UINT64_C(1) << 63);
    cr_expect(rich_Medium_HIGH == 1 << 11);
    cr_expect(rich_Rights_type.kind == MW_KIND_BITMASK);
    cr_expect(rich_Rights_type.flags == MW_TYPE_FLAT);
    cr_expect(rich_Rights_type.n_members == 3);
    cr_expect(rich_Rights_type.enumerators[2].value == 31);
    cr_expect_str_eq(rich_Large_type.enumerators[0].name, "FIRST");
    cr_expect(rich_Large_type.enumerators[1].value == 63);
}

Test(rich, union_descriptors)
{
    const mw_type *by_int = &rich_ByInt_type;
    const mw_type *large = &rich_ByLarge_type;

    cr_expect(rich_Maybe_type.kind == MW_KIND_UNION);
    cr_expect(rich_Maybe_type.elem == &rich_Kind_type);
    cr_expect(rich_Maybe_type.default_arm == MW_NO_ARM);
    cr_expect(rich_Maybe_type.n_cases == 4);
    cr_expect(rich_Maybe_type.cases[0].tag == rich_Kind_ODD);
    cr_expect(rich_Maybe_type.cases[0].arm == 1);
    cr_expect(rich_Maybe_type.fields[2].offset == offsetof(rich_Maybe, inner));
    cr_expect(by_int->default_arm == 1);
    cr_expect(by_int->flags == MW_TYPE_REFS);
    cr_expect(by_int->fields[0].offset == offsetof(rich_ByInt, tag_));
    cr_expect(large->cases[0].tag == INT64_MIN && large->cases[0].arm == 2);
    cr_expect(large->cases[1].tag == -1 && large->cases[1].arm == 0);
    cr_expect_not_null(large->fields[2].range);
    cr_expect(rich_ByBool_type.cases[0].tag == 0);
    cr_expect(rich_ByBool_type.cases[0].arm == 1);
}

Test(rich, boxes_and_ranges)
{
    const mw_type *limits = &rich_Limits_type;
    const mw_field *number = field(limits, "number");
    const mw_range *range = field(limits, "from_to")->range;

    cr_expect(number->type->kind == MW_KIND_BOX);
    cr_expect(number->type->elem == &mw_type_f64 && number->flags == 0);
    cr_expect(field(limits, "table")->flags == MW_FIELD_OPTIONAL);
    cr_expect(field(limits, "table")->has_offset == 0);
    cr_expect(*(const uint32_t *) range->min == 1);
    cr_expect(*(const uint32_t *) range->max == 10);
    range = field(limits, "at_least")->range;
    cr_expect(*(const double *) range->min == -0.5 && range->max == NULL);
    range = field(limits, "at_most")->range;
    cr_expect(range->min == NULL);
    cr_expect(*(const uint64_t *) range->max == UINT64_MAX - 1);
    range = field(limits, "least")->range;
    cr_expect(*(const int64_t *) range->min == INT64_MIN);
    cr_expect(field(limits, "rights")->range == NULL);
    cr_expect(rich_Settings_type.flags == MW_TYPE_MUTABLE);
    cr_expect(field(&rich_Settings_type, "depth")->id == 7);
}

Test(rich, defaults)
{
    rich_Limits limits;

    cr_assert(rich_Limits_init(&limits) == MW_OK);
    cr_expect(limits.rights == (rich_Rights_READ | rich_Rights_OWN));
    cr_expect(limits.large == rich_Large_LAST);
    cr_expect(limits.least == -3);
    cr_expect_not_null(limits.number);
    cr_expect(limits.table == NULL && limits.kind == NULL);
    rich_Limits_clear(&limits);
}

Test(rich, maps)
{
    rich_Tables t = { 0 };
    mw_string_7 *tag = mw_string_7_by_string_7_put(NULL, &t.tags, "k");
    double *number = mw_f64_by_string_put(NULL, &t.numbers, "two");

    cr_assert_not_null(tag);
    cr_assert_not_null(number);
    *number = 2;
    strcpy(*tag, "value");
    cr_expect_str_eq(t.tags.items[0].key, "k");
    cr_expect(mw_string_7_by_string_7_put(NULL, &t.tags, "too long") == NULL);
    cr_expect(t.tags.len == 1);
    cr_expect(mw_string_7_by_string_7_get(&t.tags, "k") == tag);
    cr_assert_not_null(mw_f64_by_string_put(NULL, &t.numbers, "one"));
    cr_expect_str_eq(t.numbers.items[0].key, "one");
    cr_expect(*mw_f64_by_string_get(&t.numbers, "two") == 2);
    cr_expect(mw_f64_by_string_get(&t.numbers, "three") == NULL);
    cr_expect(mw_f64_by_string_remove(NULL, &t.numbers, "one"));
    cr_expect(!mw_f64_by_string_remove(NULL, &t.numbers, "one"));

    rich_Row *row = rich_Row_by_i64_put(NULL, &t.rows, -5);

    cr_assert_not_null(row);
    (*row)[3] = 4;
    cr_expect((*rich_Row_by_i64_get(&t.rows, -5))[3] == 4);
    cr_assert_not_null(rich_Row_by_i64_put(NULL, &t.rows, 5));
    t.rows.items[1].key = -6;
    cr_expect(rich_Row_by_i64_sort(&t.rows) == MW_OK);
    cr_expect(t.rows.items[1].value[3] == 4);
    t.rows.items[0].key = -5;
    cr_expect(rich_Row_by_i64_sort(&t.rows) == MW_EEXIST);
    rich_Tables_clear(&t);
    cr_expect(t.rows.items == NULL);
}

Test(rich, unions)
{
    rich_Maybe maybe = { 0 };

    cr_assert(rich_Maybe_select(NULL, &maybe, rich_Kind_TEXT) == MW_OK);
    cr_assert(mw_set_string(NULL, &maybe.text, "words") == MW_OK);
    char *text = rich_Maybe_text(&maybe);

    cr_expect(text != NULL && strstr(text, "words") != NULL, "%s", text);
    free(text);
    cr_assert(rich_Maybe_select(NULL, &maybe, rich_Kind_NONE) == MW_OK);
    cr_assert_not_null(rich_Maybe_seq_add(NULL, &maybe.inner));
    cr_expect(rich_Maybe_select(NULL, &maybe, (rich_Kind) 99) == MW_EINVAL);
    rich_Maybe_clear(&maybe);

    rich_ByLarge large = { 0 };

    cr_assert(rich_ByLarge_select(NULL, &large, UINT64_MAX) == MW_OK);
    cr_expect(large.tag == UINT64_MAX);
    cr_assert_not_null(mw_seq_u8_add(NULL, &large.octets));
    rich_ByLarge_clear(&large);
}

Test(rich, graphs)
{
    rich_Node *a = rich_Node_new(NULL);
    rich_Node *b = rich_Node_new(NULL);
    rich_Node *copy;

    cr_assert(a != NULL && b != NULL);
    a->next = b;
    b->next = a;
    rich_Node **edge = rich_Node_seq_add(NULL, &a->edges);
    rich_Node **link = rich_Node_by_string_put(NULL, &b->links, "back");

    cr_assert(edge != NULL && link != NULL);
    *edge = b;
    *link = a;
    cr_assert(rich_Node_copy_graph(&copy, a) == MW_OK);
    cr_expect(copy != a && copy->next->next == copy);
    cr_expect(copy->edges.items[0] == copy->next);
    cr_expect(*rich_Node_by_string_get(&copy->next->links, "back") == copy);
    cr_expect(rich_Node_equal(a, copy));
    copy->next->id = 7;
    cr_expect(!rich_Node_equal(a, copy));
    char *text = rich_Node_text(copy);

    cr_expect(text != NULL && strstr(text, "7") != NULL, "%s", text);
    free(text);
    cr_expect(rich_Node_free_graph(copy) == MW_OK);
    rich_Node_free(a);
    rich_Node_free(b);
    cr_expect(rich_Node_free_graph(NULL) == MW_OK);
}

Test(rich, holders_of_graphs)
{
    rich_Doc doc = { 0 };
    rich_Node **start = rich_Node_by_string_put(NULL, &doc.index, "start");

    cr_assert_not_null(start);
    *start = doc.start = rich_Node_new(NULL);
    cr_assert_not_null(doc.start);
    cr_expect(rich_Doc_clear_graph(&doc) == MW_OK);
    cr_expect(doc.start == NULL && doc.index.items == NULL);

    rich_Node_seq nodes = { 0 };

    start = rich_Node_seq_add(NULL, &nodes);
    cr_assert_not_null(start);
    *start = rich_Node_new(NULL);
    cr_expect(rich_Node_seq_clear_graph(&nodes) == MW_OK);
}

static const mw_mask *
part(const mw_mask *mask, const mw_type *type, const char *name)
{
    for (uint32_t i = 0; mask != NULL && i < mask->n; i++) {
        if (&type->fields[mask->fields[i].field] == field(type, name)) {
            return mask->fields[i].mask;
        }
    }
    return NULL;
}

Test(rich, write_contracts)
{
    const mw_method *partial = method(&rich_Surgery_interface, "partial");
    const mw_mask *doc = partial->writes->params[1];
    const mw_mask *tables = part(doc, &rich_Doc_type, "tables");
    const mw_mask *limits = part(tables, &rich_Tables_type, "limits");

    cr_expect(partial->writes->params[0] == NULL);
    cr_expect(partial->writes->params[2] == NULL);
    cr_expect(partial->writes->n_nodes == 0);
    cr_expect(part(doc, &rich_Doc_type, "title")->all);
    cr_expect(part(doc, &rich_Doc_type, "start") == NULL);
    cr_expect(!doc->all && !tables->all && doc->n == 4);
    cr_expect(part(tables, &rich_Tables_type, "nodes")->all);
    cr_expect(part(limits, &rich_Limits_type, "from_to")->all);
    cr_expect(part(limits, &rich_Limits_type, "least") == NULL);

    const mw_writes *rename =
        method(&borrower_Chief_interface, "rename")->writes;

    cr_expect(rename->params[0]->all && rename->params[1] == NULL);
    cr_assert(rename->n_nodes == 2);
    cr_expect(rename->nodes[0].type == &rich_Node_type);
    cr_expect(part(rename->nodes[0].mask, &rich_Node_type, "name")->all);
    cr_expect(part(rename->nodes[0].mask, &rich_Node_type, "id") == NULL);
    cr_expect(rename->nodes[1].type == &rich_Late_type);
    cr_expect(method(&rich_Surgery_interface, "all")->writes == NULL);
}

/* Each file has the descriptor of the other's type; the program has one. */
Test(rich, shared_descriptors)
{
    cr_expect(field(&borrower_Uses_type, "numbers")->type ==
              field(&rich_Tables_type, "numbers")->type);
    cr_expect(field(&borrower_Uses_type, "keyed")->type->elem ==
              &rich_Keyed_ref_type);
    cr_expect(field(&borrower_Uses_type, "by_number")->type->elem->size ==
              sizeof(rich_Keyed_by_i16_entry));
}

/* Random values travel and come back equal. */
static void
round_trip(struct mwt_prng *prng, const mw_type *type)
{
    static const mw_type *const nodes[] = { &rich_Node_type, &rich_Late_type,
        &rich_Keyed_type };
    struct mwi_place heap = { .budget = SIZE_MAX };
    void *root = mwi_place_alloc(&heap, 1, type->size, type->align);
    void *back = mwi_place_alloc(&heap, 1, type->size, type->align);
    struct mwt_graph graph;
    mw_error err = { 0 };
    uint8_t *bytes = NULL;
    size_t len = 0;

    cr_assert(root != NULL && back != NULL);
    mwt_graph_init(&graph);
    mwt_graph_add_root(&graph, type, root);
    mwt_random_graph(prng, &graph, nodes, sizeof(nodes) / sizeof(nodes[0]));
    cr_assert(mw_object_encode(type, root, &bytes, &len, &err) == MW_OK,
        "%s: %s", type->name, err.text);
    cr_assert(mw_object_decode(type, bytes, len, back, &err) == MW_OK, "%s: %s",
        type->name, err.text);
    cr_expect(mw_object_equal(type, root, back), "%s", type->name);
    cr_expect(mw_graph_clear(type, back) == MW_OK);
    free(bytes);
    free(back);
    mwt_graph_free_nodes(&graph);
    mwt_graph_free_roots(&graph);
    mwt_graph_fini(&graph);
}

Test(rich, values_travel)
{
    static const mw_type *const types[] = { &rich_Doc_type, &rich_Tables_type,
        &rich_Limits_type, &rich_Settings_type, &rich_Node_ref_type,
        &rich_Broken_type, &rich_ByOctet_type, &rich_ByLarge_type,
        &rich_Early_type, &rich_Keyed_seq_type, &borrower_Uses_type };
    struct mwt_prng prng = mwt_prng_seeded("values_travel");

    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            round_trip(&prng, types[i]);
        }
    }
}
