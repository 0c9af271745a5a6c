/* SPDX-License-Identifier: MIT */
#include "graph_types.h"

#include <stddef.h>

#include <criterion/criterion.h>

#include "mw/memory.h"
#include "mw/node.h"

#define REF(of, its_flags)                                               \
    {                                                                    \
        .name = "ref", .kind = MW_KIND_REF,                              \
        .flags = MW_TYPE_FLAT | MW_TYPE_REFS | (its_flags),              \
        .size = sizeof(void *), .align = _Alignof(void *), .elem = &(of) \
    }

const mw_type node_ref_type = REF(node_type, 0);
const mw_type tag_ref_type = REF(tag_type, 0);
const mw_type tree_ref_type = REF(tree_type, 0);
const mw_type tree_unique_type = REF(tree_type, MW_TYPE_UNIQUE);

const mw_type seq_node_type = {
    .name = "sequence<graph::Node>",
    .kind = MW_KIND_SEQ,
    .flags = MW_TYPE_REFS,
    .size = sizeof(seq_node),
    .align = _Alignof(seq_node),
    .elem = &node_ref_type,
};

#define FIELD(struct_type, member, its_id, its_type, its_flags)     \
    {                                                               \
        .name = #member, .type = &(its_type), .id = (its_id),       \
        .offset = offsetof(struct_type, member), .flags = its_flags \
    }

#define STRUCT(text, c_type, its_fields, its_flags)               \
    {                                                             \
        .name = text, .kind = MW_KIND_STRUCT, .flags = its_flags, \
        .size = sizeof(c_type), .align = _Alignof(c_type),        \
        .n_members = sizeof(its_fields) / sizeof(*(its_fields)),  \
        .fields = its_fields                                      \
    }

static const mw_field node_fields[] = {
    FIELD(node, id, 0, mw_type_u64, MW_FIELD_KEY),
    FIELD(node, name, 1, mw_type_string, 0),
    FIELD(node, next, 2, node_ref_type, 0),
    FIELD(node, edges, 3, seq_node_type, 0),
    FIELD(node, mark, 4, tag_ref_type, 0),
};

const mw_type node_type =
    STRUCT("graph::Node", node, node_fields, MW_TYPE_REFS | MW_TYPE_NODE);

static const mw_field tag_fields[] = {
    FIELD(tag, number, 0, mw_type_u32, 0),
    FIELD(tag, owner, 1, node_ref_type, 0),
};

const mw_type tag_type = STRUCT(
    "graph::Tag", tag, tag_fields, MW_TYPE_FLAT | MW_TYPE_REFS | MW_TYPE_NODE);

static const mw_field album_fields[] = {
    FIELD(album, title, 0, mw_type_string, 0),
    FIELD(album, first, 1, node_ref_type, 0),
    FIELD(album, all, 2, seq_node_type, 0),
};

const mw_type album_type =
    STRUCT("graph::Album", album, album_fields, MW_TYPE_REFS);

static const mw_field tree_fields[] = {
    FIELD(tree, value, 0, mw_type_i32, 0),
    FIELD(tree, left, 1, tree_unique_type, 0),
    FIELD(tree, right, 2, tree_unique_type, 0),
};

const mw_type tree_type = STRUCT("graph::Tree", tree, tree_fields,
    MW_TYPE_FLAT | MW_TYPE_REFS | MW_TYPE_NODE);

node *
new_node(uint64_t id, const char *name)
{
    node *made = mw_node_new(NULL, &node_type);

    cr_assert_not_null(made);
    made->id = id;
    made->name = mw_strdup(NULL, name);
    cr_assert_not_null(made->name);
    return made;
}

node *
new_list(size_t n, bool ring)
{
    node *first = NULL;
    node *last = NULL;

    for (size_t i = 0; i < n; i++) {
        node *made = new_node(i, "n");

        if (last == NULL) {
            first = made;
        } else {
            last->next = made;
        }
        last = made;
    }
    if (ring && last != NULL) {
        last->next = first;
    }
    return first;
}

void
free_graph(node *first)
{
    cr_assert_eq(mw_graph_clear(&node_ref_type, &first), MW_OK);
    cr_assert_null(first);
}
