/* SPDX-License-Identifier: MIT */
/*
 * An object of which a test can say that not a byte has changed.
 */
#ifndef MWT_WATCHED_H
#define MWT_WATCHED_H

#include "probe.mw.h"

struct mwt_watched {
    probe_Box box;
    probe_Box copy;    /* deep */
    probe_Box shallow; /* its bytes: the same addresses */
};

/** Watch w->box as it is. */
void mwt_watch(struct mwt_watched *w);

/** Make w->box a random box, and watch it. */
void mwt_watch_random(struct mwt_watched *w, uint64_t seed);

/** Assert that it is what it was, down to its addresses. */
void mwt_assert_untouched(const struct mwt_watched *w);

void mwt_unwatch(struct mwt_watched *w);

#endif
