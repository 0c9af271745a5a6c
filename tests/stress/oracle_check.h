/* SPDX-License-Identifier: MIT */
/*
 * What must hold of a call, whatever was called with what.  Where it does not,
 * the case is printed and the program ends.
 */
#ifndef ORACLE_CHECK_H
#define ORACLE_CHECK_H

#include "oracle_call.h"

/** The case that is to be printed from now on; NULL: none. */
void oracle_watch(const struct oracle_case *c);

/** End the program unless something holds. */
void oracle_check(bool holds, const char *what, const char *detail);

/** All bytes of a caller's objects. */
struct mwi_buf oracle_dump(const struct mwt_graph *caller);

/** Check that objects are as they were when they were dumped. */
void oracle_check_untouched(const struct mwt_graph *caller,
    const struct mwi_buf *before, const char *mode);

/** Check that what a call has left is what the local call has left. */
void oracle_check_result(const struct oracle_case *c,
    const struct mwt_graph *caller, const struct oracle_outcome *outcome,
    const char *mode);

/** Check that a value can travel and is what it was when it has. */
void oracle_check_round_trip(const mw_type *type, void *object);

/** Make the call, with deltas or whole values.  Returns the reply's length; 0:
 * the objects are nested too deep. */
size_t oracle_run(struct oracle_case *c, bool full_values);

/** Take a reply that may be wrong.
 *
 * @param caller  a copy of the caller; if the reply is applied, another copy
 *                takes its place
 * @param before  the dump of it, likewise
 * @return  whether it was applied
 */
bool oracle_take_wrong(struct oracle_case *c, struct mwt_graph *caller,
    struct mwi_buf *before, const uint8_t *reply, size_t len);

#endif
