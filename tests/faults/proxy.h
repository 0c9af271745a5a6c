/* SPDX-License-Identifier: MIT */
/*
 * A proxy between a client and a server that loses, holds and damages what it
 * relays, at places that a test chooses.
 *
 * Of connections without TLS it knows the messages (docs/wire.md section 2),
 * so that a place is "behind so many messages, and so many bytes of the next".
 * What TLS carries is one long message to it: a place is a number of bytes.
 *
 * It has a thread of its own, for any number of connections.  What cannot fail
 * in a test aborts.
 */
#ifndef MWT_PROXY_H
#define MWT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mwt_flow {
    MWT_TO_SERVER = 0,
    MWT_TO_CLIENT = 1,
};

enum mwt_fault {
    MWT_NO_FAULT = 0,
    MWT_CUT,     /* both connections are ended; what came before arrives */
    MWT_STALL,   /* this flow is not read any more, until mwt_proxy_resume() */
    MWT_SWALLOW, /* half-open: both flows are read and thrown away, an end is
                    not passed on */
    MWT_CORRUPT, /* bits of the next byte are turned over */
};

/* What happens to a connection.  All zero: it is relayed as it is. */
struct mwt_plan {
    enum mwt_fault fault;
    enum mwt_flow flow; /* that gets to the place */
    uint64_t messages;  /* the place: behind so many messages of the flow ... */
    uint64_t bytes;     /* ... and so many bytes of the next one */
    uint8_t flip;       /* of MWT_CORRUPT: the bits */
    size_t chunk;       /* both flows: bytes passed on at a time; 0: any */
    uint32_t delay_ms;  /* both flows: how long each piece is held */
};

struct mwt_proxy;

/* The plan of connection n, from 0.  Called in the proxy's thread. */
typedef struct mwt_plan (*mwt_plan_fn)(void *user, uint64_t n);

/** Start a proxy of a server.
 *
 * @param target  the server's address: unix:, plaintext:// or tls://, on
 *                loopback
 */
struct mwt_proxy *mwt_proxy_open(const char *target);

/** End all connections and the proxy. */
void mwt_proxy_close(struct mwt_proxy *proxy);

/** Where clients find it: an address of the same kind as the server's. */
const char *mwt_proxy_address(const struct mwt_proxy *proxy);

/** Another server from the next connection on. */
void mwt_proxy_retarget(struct mwt_proxy *proxy, const char *target);

/** What is to happen to the next connection, and to that one alone. */
void mwt_proxy_plan(struct mwt_proxy *proxy, const struct mwt_plan *plan);

/** Ask for a plan for each connection. */
void mwt_proxy_plan_each(struct mwt_proxy *proxy, mwt_plan_fn plan, void *user);

/** Stall a flow of all connections there are; relay again what is stalled; end
 * all connections there are.  Done when they return. */
void mwt_proxy_stall_all(struct mwt_proxy *proxy, enum mwt_flow flow);
void mwt_proxy_resume(struct mwt_proxy *proxy);
void mwt_proxy_cut_all(struct mwt_proxy *proxy);

/** How many faults have struck, and a wait for so many.  False when that takes
 * more than a minute. */
uint64_t mwt_proxy_struck(struct mwt_proxy *proxy);
bool mwt_proxy_wait_struck(struct mwt_proxy *proxy, uint64_t n);

/** Connections accepted so far. */
uint64_t mwt_proxy_connections(struct mwt_proxy *proxy);

/** Wait until both ends of every connection have closed it: what follows is
 * exact then. */
void mwt_proxy_settle(struct mwt_proxy *proxy);

/** What has passed of a flow on the connection accepted last: whole messages,
 * and bytes of all. */
uint64_t mwt_proxy_messages(struct mwt_proxy *proxy, enum mwt_flow flow);
uint64_t mwt_proxy_bytes(struct mwt_proxy *proxy, enum mwt_flow flow);

/** How long message n of a flow was, from 0, on the connection accepted last;
 * 0 if it has not come, or is beyond the first MWT_LENGTHS. */
enum { MWT_LENGTHS = 64 };
uint64_t mwt_proxy_length(
    struct mwt_proxy *proxy, enum mwt_flow flow, size_t n);

#endif
