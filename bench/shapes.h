/* SPDX-License-Identifier: MIT */
/*
 * bench: objects of several shapes, and handlers that change a part of them.
 */
#ifndef SHAPES_H
#define SHAPES_H

#include "mw/desc.h"

#include "codec/value.h"

struct shape {
    const char *name;
    const mw_type *type;
    size_t element; /* bytes in memory that an element takes, about */

    /* Fill a zeroed object on the heap with n elements. */
    void (*fill)(void *object, size_t n);

    /* Change n elements, of all of which there are no fewer; new memory is from
     * the place, an arena.  The size of the object stays about the same. */
    void (*change)(struct mwi_place *place, void *object, size_t n);
};

extern const struct shape shapes[];
extern const size_t n_shapes;

#endif
