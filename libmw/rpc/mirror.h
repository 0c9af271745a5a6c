/* SPDX-License-Identifier: MIT */
/*
 * rpc: a mirror at the client, while a call uses it.
 *
 * The mirror holds a copy of the object as the server has it, the base, which
 * is named by the connection, the mirror's id and a version.  A call sends what
 * makes the base the object as it is, and stages that on the base, too; once
 * the server has said what became of the call the base follows, by the same
 * bytes as the server's copy.  Whenever that is not certain the base is
 * dropped.
 */
#ifndef MWI_RPC_MIRROR_H
#define MWI_RPC_MIRROR_H

#include "mw/ctx.h"

#include "codec/nodes.h"
#include "delta/patch.h"
#include "wire/message.h"

/* One call's use of a mirror. */
struct mwi_mirror_use {
    mw_mirror *mirror;           /* NULL: no argument is mirrored */
    const mw_method *method;     /* constant */
    const void *const *args;     /* constant */
    bool is_of_all;              /* the argument holds references */
    uint64_t serial;             /* of the connection of this try */
    struct mwi_mirror_head head; /* of this try; version 0: without mirror */
    bool is_declined;            /* the server has no mirrors */
    bool is_settled;             /* the base has followed */
    void *copy;                  /* sent whole: a copy of it, or NULL */
    struct mwi_patch patch;      /* sent as a delta: what it does to the base */
    bool is_staged;              /* patch is */
    size_t sent;                 /* bytes that the argument has taken, or all
                                    of them, ... */
    size_t full;                 /* ... and would have, whole; 0: not known */
};

/** Use the context's mirror if its object is an argument and no other call is
 * using it. */
void mwi_mirror_begin(struct mwi_mirror_use *use, const mw_ctx *ctx,
    const mw_method *method, const void *const *args);

/** The connection on which a delta would do, or 0. */
uint64_t mwi_mirror_serial(const struct mwi_mirror_use *use);

/** How the argument goes on a connection: fills use->head. */
void mwi_mirror_try(struct mwi_mirror_use *use, uint64_t serial);

/** Whether argument i is mirrored as a value.  use: NULL if none is. */
static inline bool
mwi_mirror_is_of(const struct mwi_mirror_use *use, size_t i)
{
    return use != NULL && use->head.version != 0 && use->head.param == i &&
           !use->is_of_all;
}

/** Whether all arguments are mirrored, as bytes. */
static inline bool
mwi_mirror_is_of_all(const struct mwi_mirror_use *use)
{
    return use != NULL && use->head.version != 0 && use->is_of_all;
}

/** Whether it goes as a delta. */
static inline bool
mwi_mirror_is_delta(const struct mwi_mirror_use *use)
{
    return use->head.version != 0 && use->head.base != 0;
}

/** Append it, V(type) or D(type).  Errors are the writer's. */
void mwi_mirror_write(struct mwi_mirror_use *use, struct mwi_writer *w,
    const mw_type *type, const void *arg);

/** Append the arguments, which are encoded already.  Errors are the writer's.
 */
void mwi_mirror_write_all(struct mwi_mirror_use *use, struct mwi_writer *w,
    const uint8_t *bytes, size_t len);

/** Number the nodes that arguments of a direction lead to, if all arguments are
 * mirrored.  Without memory they get their numbers when they are met. */
void mwi_mirror_number(
    struct mwi_mirror_use *use, struct mwi_nodes *nodes, mw_dir dir);

/** Number those of live that have no number, each as in before as far as that
 * leaves no gaps.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_number_again(struct mwi_nodes *nodes,
    const struct mwi_nodes *live, const struct mwi_nodes *before);

/** Whether a call that was refused unrun is to be made again, otherwise. */
MW_MUST_USE bool mwi_mirror_again(
    struct mwi_mirror_use *use, const mw_error *refusal);

/** The server has read the argument.
 *
 * @param reply   the REPLY, whose results the caller's objects have; NULL for
 *                an ACK, and when the handler failed
 * @param budget  bytes that following it may allocate
 */
void mwi_mirror_follow(struct mwi_mirror_use *use, const uint8_t *reply,
    size_t len, size_t budget);

/** Let other calls use the mirror.
 *
 * @param not_run  the server has certainly not run the call
 * @param nodes    [inout] of the call, which may be taken
 */
void mwi_mirror_end(
    struct mwi_mirror_use *use, bool not_run, struct mwi_nodes *nodes);

#endif
