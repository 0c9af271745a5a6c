/* SPDX-License-Identifier: MIT */
/*
 * One direction of a relayed connection: what has been read and may not be
 * passed on yet, and where in the sequence of messages it is.
 */
#ifndef MWT_PROXY_FLOW_H
#define MWT_PROXY_FLOW_H

#include "faults/proxy.h"

/* Where a flow is. */
struct mwt_cursor {
    bool is_framed;
    uint64_t messages; /* whole ones that have passed */
    uint64_t offset;   /* bytes of the one under way */
    uint64_t bytes;    /* of all */
    uint64_t left;     /* of the number, or of the payload */
    unsigned n_head;   /* bytes of the number that are still to come */
    uint64_t lengths[MWT_LENGTHS]; /* of the first messages */
};

/** Pass bytes until they end, or the place comes.  Returns how many passed. */
size_t mwt_cursor_pass(struct mwt_cursor *c, const uint8_t *bytes, size_t len,
    const struct mwt_plan *place);

/** Whether the place is here. */
bool mwt_cursor_is_at(const struct mwt_cursor *c, const struct mwt_plan *place);

enum { MWT_FLOW_SIZE = 16384 };

enum mwt_flow_state {
    MWT_FLOW_OPEN,
    MWT_FLOW_ENDING, /* nothing more comes; what is there is passed on */
    MWT_FLOW_ENDED,
};

struct mwt_relay {
    int from;
    int to;
    enum mwt_flow_state state;
    bool is_stalled;
    bool is_swallowed;
    bool may_strike; /* the plan's fault is of this flow and still to come */
    struct mwt_cursor cursor;
    int64_t held_until; /* of base/clock.h */
    size_t start;       /* bytes before have been written ... */
    size_t passed;      /* ... those before have passed the cursor ... */
    size_t end;         /* ... and those before have been read */
    uint8_t bytes[MWT_FLOW_SIZE];
};

/** Read if there is room.  False: the connection is lost. */
bool mwt_relay_read(struct mwt_relay *relay, const struct mwt_plan *plan);

/** Write what may be.  False: the connection is lost. */
bool mwt_relay_write(struct mwt_relay *relay, const struct mwt_plan *plan);

/** Whether the fault is due: all that comes before it has been written. */
bool mwt_relay_is_due(
    const struct mwt_relay *relay, const struct mwt_plan *plan);

/** Damage the byte that is next.  False: it is not there yet. */
bool mwt_relay_corrupt(struct mwt_relay *relay, const struct mwt_plan *plan);

/** What to wait for at either end: POLLIN or 0, POLLOUT or 0. */
short mwt_relay_wants_read(const struct mwt_relay *relay);
short mwt_relay_wants_write(const struct mwt_relay *relay, int64_t now);

#endif
