/* SPDX-License-Identifier: MIT */
/*
 * What the oracle has seen, so that a reader can tell that it has seen
 * something.
 */
#ifndef ORACLE_REPORT_H
#define ORACLE_REPORT_H

#include "oracle_call.h"

struct oracle_totals {
    size_t cases;
    size_t too_deep; /* cases whose objects cannot travel */
    size_t unchanged;
    size_t kinds[MW_KIND_REF + 1]; /* cases with something of the kind */
    size_t mutables;               /* cases with a @mutable struct */
    size_t dirs[MW_DIR_INOUT + 1]; /* parameters */
    size_t changes[MWT_CHANGES];
    size_t nodes;
    size_t nodes_max;
    size_t shared;  /* cases where references share a node */
    size_t circles; /* cases where references form a circle */
    size_t fresh;   /* nodes */
    size_t released;
    size_t unlinked;
    uint64_t delta_bytes;
    uint64_t full_bytes;
    size_t allocations; /* that failed */
    size_t refused;     /* wrong replies */
    size_t applied;
};

/** Count what a case consists of. */
void oracle_count(struct oracle_totals *totals, const struct oracle_case *c);

/** Print it all.  False when something that should have come never came. */
bool oracle_report(const struct oracle_totals *totals);

#endif
