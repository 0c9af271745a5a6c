/* SPDX-License-Identifier: MIT */
/*
 * A graph as text: the value, then each node it leads to on a line of its own,
 * so that lists of any length and cycles print alike.
 */
#include <stdio.h>
#include <string.h>

#include "codec/graph.h"

static mw_status
put(struct mwi_buf *buf, const char *text)
{
    return mwi_buf_append(buf, text, strlen(text));
}

mw_status
mwi_print_label(struct mwi_buf *buf, const mw_type *type, size_t number)
{
    const char *colon = strrchr(type->name, ':');
    char text[24];
    mw_status status = put(buf, colon != NULL ? colon + 1 : type->name);

    (void) snprintf(text, sizeof(text), "#%zu", number);
    return status == MW_OK ? put(buf, text) : status;
}

/* A line for one node: its label and what it holds. */
static mw_status
print_node(struct mwi_nodes *nodes, struct mwi_buf *buf, size_t t, size_t i)
{
    const mw_type *type = nodes->tables[t].type;
    const void *node = mwi_node_at(&nodes->tables[t], i);
    mw_status status = put(buf, "\n");

    if (status == MW_OK) {
        status = mwi_print_label(buf, type, i);
    }
    if (status == MW_OK) {
        status = put(buf, " = ");
    }
    return status == MW_OK ? mwi_print_with(nodes, buf, type, node) : status;
}

/* Lines for all nodes, and for those that these lead to. */
static mw_status
print_nodes(struct mwi_nodes *nodes, struct mwi_buf *buf)
{
    mw_status status = MW_OK;
    size_t t = 0;
    size_t i;

    while (status == MW_OK && mwi_nodes_next(nodes, &t, &i)) {
        status = print_node(nodes, buf, t, i);
    }
    return status;
}

char *
mwi_print_graph(const mw_type *type, const void *value)
{
    struct mwi_nodes nodes;
    struct mwi_buf buf;
    mw_status status;

    mwi_nodes_init(&nodes);
    mwi_buf_init(&buf, SIZE_MAX / 2);
    status = mwi_print_with(&nodes, &buf, type, value);
    if (status == MW_OK) {
        status = print_nodes(&nodes, &buf);
    }
    if (status == MW_OK) {
        status = mwi_buf_append(&buf, "", 1); /* the NUL */
    }
    mwi_nodes_fini(&nodes);
    if (status < 0) {
        mwi_buf_fini(&buf);
        return NULL;
    }
    /* Nothing was consumed, so the text starts where the block does. */
    return (char *) buf.data;
}
