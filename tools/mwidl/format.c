/* SPDX-License-Identifier: MIT */
/*
 * The canonical form: one way to write each thing.
 */
#include "format.h"

void
format_unit(unit *u, text *out)
{
    (void) u;
    text_puts(out, "");
}
