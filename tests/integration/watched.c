/* SPDX-License-Identifier: MIT */
#include "integration/watched.h"

#include <string.h>

#include <criterion/criterion.h>

#include "lib/random_value.h"

void
mwt_watch(struct mwt_watched *w)
{
    cr_assert_eq(probe_Box_copy(&w->copy, &w->box), MW_OK);
    memcpy(&w->shallow, &w->box, sizeof(w->box));
}

void
mwt_watch_random(struct mwt_watched *w, uint64_t seed)
{
    struct mwt_prng prng = { .state = seed };

    memset(&w->box, 0, sizeof(w->box));
    mwt_random_object(&prng, &probe_Box_type, &w->box);
    mwt_watch(w);
}

void
mwt_assert_untouched(const struct mwt_watched *w)
{
    cr_assert_arr_eq(&w->box, &w->shallow, sizeof(w->box));
    cr_assert(probe_Box_equal(&w->box, &w->copy));
}

void
mwt_unwatch(struct mwt_watched *w)
{
    probe_Box_clear(&w->box);
    probe_Box_clear(&w->copy);
}
