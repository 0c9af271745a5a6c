/* SPDX-License-Identifier: MIT */
/*
 * delta: what the parts of changes.h share: lines of text, and the walks that
 * compare two values and append a line for each change.
 *
 * Two REFs are the same when they point to the same address.
 */
#ifndef MWI_DELTA_CHANGES_LINES_H
#define MWI_DELTA_CHANGES_LINES_H

#include "base/buf.h"
#include "codec/graph.h"

struct mwi_lines {
    struct mwi_buf buf;
    struct mwi_nodes *nodes; /* by which REFs are called, or NULL */
    uint32_t depth;          /* values that are being compared */
    size_t mark;             /* where the line being written starts */
    size_t n_left_out;       /* lines for which there was no room */
    bool is_full; /* there was none for one, nor is for any after it */
    bool failed;  /* out of memory; what follows does nothing */
};

/* One step of the way to a value: "order", ".lines", "[3]", "[3..5]",
 * "[\"key\"]", "Node#3", "Node#3 new".  Steps live on the stack of the
 * functions that take them. */
struct mwi_step {
    const struct mwi_step *up; /* NULL at the root */
    const char *name;          /* of a member, or what is said of a node, or
                                  NULL */
    const mw_type *node;       /* valuetype of the node with number first, or
                                  NULL */
    const mw_type *key_type;   /* of a map's key, or NULL */
    const void *key;
    size_t first; /* without any of these, the elements' indexes */
    size_t last;
};

/** No lines.  Allocates nothing. */
void mwi_lines_init(struct mwi_lines *l, struct mwi_nodes *nodes);

/** The text, [own: free()], or NULL if memory did not suffice.  The lines are
 * gone. */
MW_MUST_USE char *mwi_lines_finish(struct mwi_lines *l);

/** Start a line: a sign, "+ ", "- " or "", and the way to a value.  A NULL
 * step is the root. */
void mwi_line_begin(
    struct mwi_lines *l, const char *sign, const struct mwi_step *step);
void mwi_line_puts(struct mwi_lines *l, const char *text);
/** Like printf(), at most 63 bytes. */
void mwi_line_putf(struct mwi_lines *l, const char *format, ...)
    MW_PRINTF(2, 3);
/** Put a value, cut if it is long. */
void mwi_line_value(
    struct mwi_lines *l, const mw_type *type, const void *value);
/** Put a text in quotes, escaped, with its middle cut out if it is long. */
void mwi_line_text(struct mwi_lines *l, const char *text, size_t len);
void mwi_line_end(struct mwi_lines *l);

/** A whole line: the value at a step is new or gone. */
void mwi_line_one(struct mwi_lines *l, const char *sign,
    const struct mwi_step *step, const mw_type *type, const void *value);

/** Append lines for what differs between two values. */
void mwi_lines_compare(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live);

/* Parts of it, by kind. */
void mwi_lines_compare_texts(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live);
void mwi_lines_compare_items(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live);

#endif
