/* SPDX-License-Identifier: MIT */
#include "codec/later.h"

#include "base/mem.h"

enum { FIRST_CAP = 64 }; /* of those beyond the first */

void
mwi_later_fini(struct mwi_later *later)
{
    if (later->more != NULL) {
        mwi_free(later->more);
    }
}

bool
mwi_later_push(struct mwi_later *later, struct mwi_deferred deferred)
{
    size_t more = later->len - MWI_LATER_FIRST;

    if (later->len < MWI_LATER_FIRST) {
        later->first[later->len++] = deferred;
        return true;
    }
    if (more == later->cap) {
        size_t cap = later->cap > 0 ? 2 * later->cap : FIRST_CAP;
        void *block = mwi_realloc(later->more, cap, sizeof(*later->more));

        if (block == NULL) {
            return false;
        }
        later->more = block;
        later->cap = cap;
    }
    later->more[more] = deferred;
    later->len++;
    return true;
}

bool
mwi_later_pop(struct mwi_later *later, struct mwi_deferred *ret_deferred)
{
    if (later->len == 0) {
        return false;
    }
    later->len--;
    *ret_deferred = later->len < MWI_LATER_FIRST
                        ? later->first[later->len]
                        : later->more[later->len - MWI_LATER_FIRST];
    return true;
}
