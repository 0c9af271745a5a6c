/* SPDX-License-Identifier: MIT */
/*
 * Tables of deltas byte by byte: those that the differ writes, and those that
 * are refused.  Values are V(T), everything is in hexadecimal.
 */
#ifndef FORMS_H
#define FORMS_H

#include "mw/desc.h"
#include "mw/status.h"

struct form {
    const char *name;
    const mw_type *type;
    const char *old;
    const char *live;
    const char *delta;
};

/** The differ writes the delta, and applying it makes live of old. */
void check_forms(const struct form *forms, size_t n);

struct refusal {
    const mw_type *type;
    const char *object;
    const char *delta;
    mw_status status;
    const char *text; /* up to " at byte"; NULL: any */
};

/** Each is refused under a mask, says why, and leaves every byte of the object
 * as it was. */
void check_refusals(
    const struct refusal *refusals, size_t n, const mw_mask *mask);

/** An object on the heap, of V(type).  drop() it. */
void *decoded(const mw_type *type, const char *text);
void drop(const mw_type *type, void *object);

#endif
