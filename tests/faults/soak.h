/* SPDX-License-Identifier: MIT */
/*
 * The soak: what its parts share.
 */
#ifndef MWT_SOAK_H
#define MWT_SOAK_H

#include <pthread.h>
#include <stdatomic.h>

#include "faults/daemon.h"
#include "faults/proxy.h"
#include "lib/prng.h"

enum {
    SOAK_SERVERS = 4,
    SOAK_CONNECTIONS = 200,
    SOAK_CALLERS = 8,                               /* threads */
    SOAK_CLIENTS = SOAK_CONNECTIONS / SOAK_CALLERS, /* of each */
    SOAK_GENERATIONS = 1 << 14, /* of a server, at the most */
};

/* How a server's process has ended. */
enum soak_end {
    SOAK_RUNS = 0,
    SOAK_DRAINED, /* all that it had accepted has run */
    SOAK_KILLED,
};

/* One that restarts. */
struct soak_server {
    struct mwt_daemon daemon;
    struct mwt_proxy *proxy;
    struct mwt_prng prng;   /* the proxy's thread's: plans of connections */
    atomic_uint generation; /* counted up when its process has ended */
    atomic_uchar *ends;     /* enum soak_end of each generation */
};

enum soak_flags {
    SOAK_MADE = 1 << 0,
    SOAK_OK = 1 << 1,
    SOAK_NOT_RUN = 1 << 2,
    SOAK_ONE_WAY = 1 << 3,
};

/* What the caller has seen of a call. */
struct soak_record {
    uint8_t flags;
    uint8_t server;
    uint16_t first; /* generation of the server before the call ... */
    uint16_t last;  /* ... and after it */
};

/* How deadlines were kept, of calls that ended with MW_ETIMEDOUT. */
struct soak_lateness {
    uint64_t n;
    uint64_t n_late;  /* by more than a tenth and SOAK_ALLOWANCE_MS */
    int64_t worst_ms; /* beyond the deadline */
    uint64_t n_gross; /* by more than anything that a busy machine does */
    uint64_t n_early;
};

enum { SOAK_ALLOWANCE_MS = 100, SOAK_GROSS_MS = 10000 };

struct soak {
    struct mwt_ledger ledger;
    struct soak_server servers[SOAK_SERVERS];
    struct soak_record *records; /* by id, shared memory */
    atomic_uint_fast64_t next_id;
    atomic_uint_fast64_t n_wrong; /* answers and objects */
    atomic_bool is_over;
};

struct soak_caller {
    struct soak *soak;
    pthread_t thread;
    struct mwt_prng prng;
    mw_client *clients[SOAK_CLIENTS];
    struct soak_lateness lateness;
};

/** Start all servers and proxies; restart one, which is drained or killed; end
 * them, drained.  A server is given back what it has used. */
void soak_servers_begin(struct soak *soak, uint64_t seed);
void soak_server_restart(
    struct soak *soak, size_t server, struct mwt_prng *prng);
void soak_servers_end(struct soak *soak);

/** Start a thread that makes calls until soak->is_over; wait for it. */
void soak_caller_begin(
    struct soak *soak, struct soak_caller *caller, size_t n, uint64_t seed);
void soak_caller_end(struct soak_caller *caller);

/** The server of a caller's client. */
static inline size_t
soak_server_of(size_t client)
{
    return client % SOAK_SERVERS;
}

#endif
