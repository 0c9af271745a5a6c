/* SPDX-License-Identifier: MIT */
/*
 * wire: what the parts of a channel share among themselves.
 */
#ifndef MWI_WIRE_CHANNEL_PARTS_H
#define MWI_WIRE_CHANNEL_PARTS_H

#include "wire/channel.h"

enum {
    MWI_KEEP_MAX = 64 << 10, /* bytes of a buffer kept for the next frames */
    MWI_TAKE_MIN = 64 << 10, /* bytes that are rather moved than copied */
};

/** See mwi_channel_close(). */
void mwi_channel_close_locked(struct mwi_channel *channel, const mw_error *why)
    MWI_REQUIRES(channel->mutex);

/** What all that is tried comes to when it is over: FAILED. */
enum mwi_io mwi_channel_report_closed_locked(
    struct mwi_channel *channel, mw_error *reterr) MWI_REQUIRES(channel->mutex);

/** Tell the owner whether something waits, unless it knows. */
void mwi_channel_tell_want_write_locked(
    struct mwi_channel *channel, bool wanted) MWI_REQUIRES(channel->mutex);

#endif
