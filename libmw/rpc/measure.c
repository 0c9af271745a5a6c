/* SPDX-License-Identifier: MIT */
#include "rpc/measure.h"

#include "codec/value.h"

/* What all nodes that may change take as values, with their numbers. */
static uint64_t
size_of_nodes(const struct mwi_nodes *nodes)
{
    uint64_t len = 1;

    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        for (size_t i = 0; i < mwi_node_count(table); i++) {
            if (mwi_node_at(table, i) != NULL &&
                (i < table->n_inout || i >= table->n_known)) {
                len += mwi_head_size(i) + mwi_encoded_size(nodes, table->type,
                                              mwi_node_at(table, i), SIZE_MAX);
            }
        }
    }
    return len;
}

uint64_t
mwi_measure_reply(const mw_method *method, const void *const *args,
    const struct mwi_nodes *nodes, uint64_t others_len)
{
    uint64_t len = others_len + 1; /* the head of the array of results */

    for (size_t i = 0; i < method->n_params; i++) {
        const mw_param *param = &method->params[i];

        if (param->dir != MW_DIR_IN) {
            len += mwi_encoded_size(nodes, param->type, args[i], SIZE_MAX);
        }
    }
    if (nodes->n_tables > 0) {
        len += size_of_nodes(nodes);
    }
    return len + mwi_head_size(len);
}
