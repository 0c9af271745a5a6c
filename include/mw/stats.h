/* SPDX-License-Identifier: MIT */
/*
 * What a server or a client has counted since it was opened: calls, how they
 * ended, how long they took, bytes, connections.
 *
 *     mw_server_counts all = { .size = sizeof(all) };
 *     mw_method_counts one = { .size = sizeof(one) };
 *
 *     if (mw_server_stats(server, &all) == MW_OK)
 *         printf("%u handlers run, %u calls wait\n", all.running, all.queued);
 *     for (size_t i = 0; mw_server_method_stats(server, i, &one) == MW_OK; i++)
 *         printf("%s: p99 %llu ns\n", one.target, (unsigned long long)
 *             mw_histogram_quantile(&one.latency, 0.99));
 *
 * Counters only grow; who wants a rate takes the difference of two looks.
 * They are read one after the other while calls go on, so that sums may be off
 * by the calls that end meanwhile.  The same numbers can be had over the wire,
 * from the interface mw.Server (mw/introspect.idl).
 */
#ifndef MW_STATS_H
#define MW_STATS_H

#include "mw/base.h"
#include "mw/client.h"
#include "mw/server.h"
#include "mw/status.h"

enum {
    MW_HISTOGRAM_BUCKETS = 106,
    MW_STATUS_SLOTS = 40, /* of by_status: one for each status, and more to
                             come */
};

/*
 * Durations by their length.  Bucket 0 has those below 1024 ns; each power of
 * two above that is divided into four buckets of the same width, up to 2^36
 * ns, which are 69 s; the last has what took longer.  So a bucket's bounds are
 * at most a quarter apart.
 */
typedef struct mw_histogram {
    uint64_t n;                             /* durations */
    uint64_t sum_ns;                        /* of all of them */
    uint64_t buckets[MW_HISTOGRAM_BUCKETS]; /* how many are in each */
} mw_histogram;

/* Calls of one operation at a server. */
typedef struct mw_method_counts {
    size_t size;        /* sizeof(mw_method_counts); set by the caller */
    const char *target; /* "orders.Desk.fill"; [view] as long as the server */
    uint64_t ok;        /* calls whose handler has run and succeeded */
    uint64_t failed;    /* whose handler has run and the call failed */
    uint64_t refused;   /* not run: the server was full or is stopping, a hook
                           said no, the arguments were not what it takes */
    uint64_t expired;   /* not run: their deadline passed before that, or their
                           caller gave up */
    uint32_t running;   /* now */
    uint64_t bytes_in;  /* requests of ok and failed, frames included */
    uint64_t bytes_out; /* their answers */
    /* What replies with deltas save, of one in 64 that could have a delta:
     * see mw_method_saved(). */
    uint64_t sampled;                    /* replies that were measured */
    uint64_t sampled_bytes;              /* of those, as they were sent */
    uint64_t sampled_bytes_full;         /* with every value whole; nodes by an
                                            estimate */
    uint64_t by_status[MW_STATUS_SLOTS]; /* of failed, refused and expired: how
                                            many with status s, at -s */
    mw_histogram latency; /* of ok and failed: from the moment when a thread has
                             taken the call up until its answer is written */
} mw_method_counts;

/* All of a server. */
typedef struct mw_server_counts {
    size_t size;      /* sizeof(mw_server_counts); set by the caller */
    uint64_t open_ms; /* since mw_server_open() */
    bool draining;    /* it takes no more calls */
    uint32_t threads; /* of the pool, alive; 0 while the server does not run */
    uint32_t running; /* of those, that read or run something */
    uint32_t waiting; /* of those, that wait for requests */
    uint32_t queued;  /* calls that wait for a thread */
    uint64_t connections;          /* open now, those that shake hands too */
    uint64_t connections_accepted; /* so far */
    uint64_t connections_refused;  /* there were too many, or no memory */
    uint64_t handshakes_failed;    /* closed before a HELLO's time had come:
                                      TLS failed, or the peer was silent */
    uint64_t calls;                /* accepted and not yet answered */
    uint64_t call_bytes;           /* that those take */
    uint64_t mirror_bytes;         /* that mirrored objects take */
    uint64_t strange; /* calls of an operation that is not offered, or with
                         a demand that the server does not know */
    uint64_t ok;      /* these are sums over all operations */
    uint64_t failed;
    uint64_t refused;
    uint64_t expired;
    uint64_t bytes_in;
    uint64_t bytes_out;
} mw_server_counts;

/* Calls of a client.  A call counts once, however often it was sent. */
typedef struct mw_client_counts {
    size_t size;        /* sizeof(mw_client_counts); set by the caller */
    uint64_t ok;        /* calls that succeeded */
    uint64_t failed;    /* that failed, or were cancelled */
    uint64_t under_way; /* now; started ones until they are finished */
    uint64_t retried;   /* how often one was sent again */
    uint64_t bytes_sent;
    uint64_t bytes_received;
    uint64_t connections;                /* now */
    uint64_t connections_made;           /* so far */
    uint64_t connections_failed;         /* attempts that led to none */
    uint64_t by_status[MW_STATUS_SLOTS]; /* of failed: with status s, at -s */
    mw_histogram latency; /* of all: from the call, or its start, to its end */
} mw_client_counts;

MW_BEGIN_DECLS

/** What a server has counted.
 *
 * @param server      [borrow: this call] server
 * @param ret_counts  [inout] its size says how much of it is filled
 * @retval MW_EINVAL  the size is not set
 * @thread any, also a handler's; does not block
 */
MW_API MW_MUST_USE mw_status mw_server_stats(
    mw_server *server, mw_server_counts *ret_counts);

/** What a server has counted of one operation.
 *
 * @param server      [borrow: this call] server
 * @param index       0 for the first of all operations of all interfaces that
 *                    it offers, in an order that stays, and so on
 * @param ret_counts  [inout] its size says how much of it is filled
 * @retval MW_ENOTFOUND  beyond the last
 * @retval MW_EINVAL  the size is not set
 * @thread any, also a handler's; does not block
 */
MW_API MW_MUST_USE mw_status mw_server_method_stats(
    mw_server *server, size_t index, mw_method_counts *ret_counts);

/** What a client has counted.
 *
 * @param client      [borrow: this call] client
 * @param ret_counts  [inout] its size says how much of it is filled
 * @retval MW_EINVAL  the size is not set
 * @thread any; does not block
 */
MW_API MW_MUST_USE mw_status mw_client_stats(
    mw_client *client, mw_client_counts *ret_counts);

/** Bytes that an operation's replies have been shorter for carrying changes
 * only: an estimate, what was measured of some extended to all.
 *
 * @param counts  [borrow: this call] as filled by mw_server_method_stats()
 * @return  bytes; 0 if nothing was saved or measured
 * @thread any; does not block
 */
MW_API uint64_t mw_method_saved(const mw_method_counts *counts);

/** The shortest duration that a bucket of a histogram takes.
 *
 * @param bucket  0 to MW_HISTOGRAM_BUCKETS - 1
 * @return  nanoseconds; UINT64_MAX beyond the last bucket
 * @thread any; does not block
 */
MW_API uint64_t mw_histogram_bound(size_t bucket);

/** The duration that a part of all has not exceeded, such as 0.99 of them.
 *
 * Within a bucket it goes by the assumption that durations are spread evenly,
 * so it is off by less than the bucket's width.
 *
 * @param histogram  [borrow: this call] histogram
 * @param part       0 to 1; what is less or more counts as these, and no
 *                   number as 1
 * @return  nanoseconds; 0 of an empty histogram
 * @thread any; does not block
 */
MW_API uint64_t mw_histogram_quantile(
    const mw_histogram *histogram, double part);

MW_END_DECLS

#endif
