/* SPDX-License-Identifier: MIT */
/*
 * What declarations must obey beyond the grammar.  The parser calls these as
 * soon as a declaration is complete; all report to u->diag.
 */
#ifndef MWIDL_CHECK_H
#define MWIDL_CHECK_H

#include "ast.h"

void check_const(unit *u, const decl *d);

/* Gives an enumerator its value: @value, or one more than the one before. */
void check_enumerator(unit *u, decl *d, const decl *before);
void check_enum(unit *u, decl *d);

/* Gives a bit its position: @position, or one more than the one before. */
void check_bit(unit *u, decl *d, const decl *before);
void check_bitmask(unit *u, const decl *d);

/* Members: annotations, ids.  Before the struct is laid out. */
void check_struct(unit *u, decl *d);
void check_arm(unit *u, decl *arm);

/* Of a union; resets d->tag.type if it cannot be one. */
void check_tag(unit *u, decl *d);

/* Labels.  whole: no label had an error. */
void check_union(unit *u, decl *d, bool whole);
void check_struct_limits(unit *u, decl *d);

/* True if the operation may raise it. */
bool check_raised(unit *u, const decl *op, const decl_list *raised);
void check_inherited_name(
    unit *u, const decl *interface, const char *name, place at);
void check_op(unit *u, decl *op, place oneway_at, bool is_void);

/* Sets d->base if it can be one. */
void check_base(unit *u, decl *d, decl *base, place at);
void check_interface(unit *u, decl *d);

/* After all was parsed: what was declared but never defined, and C names. */
void check_unit(unit *u);

/* Resolves the paths of @mw::writes. */
void check_writes(unit *u);

/* The children of a declaration, sorted. */
const decl **check_sorted(
    unit *u, const decl *d, int (*compare)(const void *, const void *));

/* Operations with the inherited ones. */
unsigned count_ops(const decl *interface);

#endif
