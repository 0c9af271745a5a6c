/* SPDX-License-Identifier: MIT */
/*
 * delta: numbers of the format D(T); see docs/delta.md.
 */
#ifndef MWI_DELTA_FORMAT_H
#define MWI_DELTA_FORMAT_H

/* The keys of the maps that patch texts and sequences. */
enum {
    MWI_PATCH_SPLICES = 0,
    MWI_PATCH_ELEMENTS = 1, /* or ranges of numbers */
    MWI_PATCH_RUNS = 2,
};

#endif
