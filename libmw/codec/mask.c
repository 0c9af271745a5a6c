/* SPDX-License-Identifier: MIT */
#include "codec/mask.h"

const mw_mask mwi_mask_all = { .all = true };
const mw_mask mwi_mask_none = { .all = false };

const mw_mask *
mwi_node_mask(const mw_writes *writes, const mw_type *type)
{
    if (writes == NULL) {
        return &mwi_mask_all;
    }
    for (uint32_t i = 0; i < writes->n_nodes; i++) {
        if (writes->nodes[i].type == type) {
            return writes->nodes[i].mask;
        }
    }
    return NULL;
}
