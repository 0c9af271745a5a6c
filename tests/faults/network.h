/* SPDX-License-Identifier: MIT */
/*
 * Two hosts and a bad line between them.  Each is a network namespace with its
 * own TCP; the line is two TUN devices and a thread that carries IP packets
 * from one to the other, and loses, delays, duplicates and reorders them as a
 * seed says.  It needs no tc, and no module of the kernel but tun.
 *
 * A socket stays in the namespace in which it was made, whichever thread uses
 * it: mwt_network_enter() says where sockets are made from now on.
 */
#ifndef MWT_NETWORK_H
#define MWT_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum mwt_host {
    MWT_HOST_SERVER = 0,
    MWT_HOST_CLIENT = 1,
};

#define MWT_SERVER_ADDRESS "10.77.0.1"

/* What the line does.  All zero: it carries everything at once. */
struct mwt_weather {
    unsigned loss_percent;
    unsigned duplicate_percent;
    uint32_t delay_min_ms; /* of a packet: anything between the two, so that */
    uint32_t delay_max_ms; /* one may overtake another */
    bool is_partitioned;   /* everything is lost */
};

struct mwt_network_counts {
    uint64_t n_carried;
    uint64_t n_lost;
    uint64_t n_duplicated;
    uint64_t n_overtaken;
};

struct mwt_network;

/** Make it.
 *
 * @param ret_why  why not, where it returns NULL: the kernel has no network
 *                 namespaces or no TUN devices, or does not let us
 */
struct mwt_network *mwt_network_open(uint64_t seed, const char **ret_why);
void mwt_network_close(struct mwt_network *network);

/** Make sockets on this host from now on.  @thread itself */
void mwt_network_enter(struct mwt_network *network, enum mwt_host host);

void mwt_network_set(
    struct mwt_network *network, const struct mwt_weather *weather);

/** Put another host in the place of one, with its address and none of its
 * connections, as if that had lost power and started again. */
void mwt_network_replace(struct mwt_network *network, enum mwt_host host);

void mwt_network_counts(
    struct mwt_network *network, struct mwt_network_counts *ret_counts);

#endif
