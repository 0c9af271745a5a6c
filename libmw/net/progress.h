/* SPDX-License-Identifier: MIT */
/*
 * net: whether the other end of a connection is there, as the kernel sees it.
 */
#ifndef MWI_NET_PROGRESS_H
#define MWI_NET_PROGRESS_H

#include "mw/base.h"

/* What became of bytes that a socket has taken. */
struct mwi_progress {
    uint64_t left;  /* so many the peer's host does not have yet */
    uint64_t moved; /* changes whenever it gets some */
};

/** How far a socket's bytes are.  @thread any; does not block */
void mwi_progress_of(int fd, struct mwi_progress *ret_progress);

struct mwi_keepalive {
    uint32_t after_ms;   /* of silence the kernel asks whether the peer's host
                            is there ... */
    uint32_t timeout_ms; /* ... and takes it for gone after so much more */
    uint32_t unread_ms;  /* for which a peer need not take anything; 0: no
                            longer than these two together */
};

/** Have the kernel find out when a TCP peer's host has vanished.  Does nothing
 * to other sockets. */
void mwi_keepalive_set(int fd, const struct mwi_keepalive *keepalive);

#endif
