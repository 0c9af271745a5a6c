/* SPDX-License-Identifier: MIT */
/*
 * Prints a file of IDL in its canonical form.
 */
#ifndef MWIDL_FORMAT_H
#define MWIDL_FORMAT_H

#include "ast.h"

void format_unit(unit *u, text *out);

#endif
