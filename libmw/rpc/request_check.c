/* SPDX-License-Identifier: MIT */
/*
 * Two results cannot come back to one place.
 */
#include "base/error.h"
#include "rpc/request.h"

mw_status
mwi_request_check_separate(const struct mwi_request *q, mw_error *reterr)
{
    const mw_param *params = q->method->params;

    for (size_t i = 0; i < q->method->n_params; i++) {
        uintptr_t at = (uintptr_t) q->args[i];

        for (size_t j = 0; j < i; j++) {
            uintptr_t other = (uintptr_t) q->args[j];

            if (params[i].dir != MW_DIR_IN && params[j].dir != MW_DIR_IN &&
                at < other + params[j].type->size &&
                other < at + params[i].type->size) {
                return mwi_fail(reterr, MW_EINVAL,
                    "arguments %s and %s share memory", params[j].name,
                    params[i].name);
            }
        }
    }
    return MW_OK;
}

/* Nor can a result come to where a node is that may change, too: what was two
 * things in the request would be one. */
static mw_status
check_apart_from(const struct mwi_request *q,
    const struct mwi_node_table *table, size_t param, mw_error *reterr)
{
    uintptr_t at = (uintptr_t) q->args[param];
    size_t size = q->method->params[param].type->size;

    for (size_t i = 0; i < table->n_inout; i++) {
        uintptr_t node = (uintptr_t) mwi_node_at(table, i);

        if (node < at + size && at < node + table->type->size) {
            return mwi_fail(reterr, MW_EINVAL,
                "argument %s is part of %s[%zu], a node that the call passes",
                q->method->params[param].name, table->type->name, i);
        }
    }
    return MW_OK;
}

mw_status
mwi_request_check_apart(const struct mwi_request *q, mw_error *reterr)
{
    mw_status status = MW_OK;

    for (size_t i = 0; i < q->method->n_params; i++) {
        if (q->method->params[i].dir == MW_DIR_IN) {
            continue;
        }
        for (size_t t = 0; t < q->nodes.n_tables && status == MW_OK; t++) {
            status = check_apart_from(q, &q->nodes.tables[t], i, reterr);
        }
    }
    return status;
}
