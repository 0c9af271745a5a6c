/* SPDX-License-Identifier: MIT */
/*
 * Names in C: how they are made from names in the IDL, and that no two
 * things get the same one.
 */
#ifndef MWIDL_NAMES_H
#define MWIDL_NAMES_H

#include "ast.h"

/* Sets d->cname. */
void names_make(unit *u, decl *d);

/* Enters every C name that will be generated; reports clashes. */
void names_register(unit *u);

/* A name in capitals, with '_' for what C names cannot have: for include
 * guards. */
const char *names_guard(arena *mem, const char *base);

#endif
