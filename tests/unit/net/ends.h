/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a connection in one thread, which takes turns between them.
 */
#ifndef MWT_ENDS_H
#define MWT_ENDS_H

#include "net/stream.h"
#include "net/tls.h"

enum { ENDS_WAIT_MS = 10000 }; /* a test that waits longer has failed */

struct end {
    struct mwi_stream *stream;
    enum mwi_io io;    /* how its last operation went */
    mw_error error;    /* if that FAILED */
    bool is_ready;     /* its handshake is over */
    bool is_shut_down; /* after a failure, so that the other end notices */
};

struct ends {
    struct end client;
    struct end server;
    struct mwi_tls_config *client_config; /* NULL without TLS */
    struct mwi_tls_config *server_config;
};

/** Options with the usual certificates of lib/pki.h. */
mw_tls_options ends_client_options(void);
mw_tls_options ends_server_options(void);

/** TLS over a pair of streams in this process; the client expects host. */
void ends_open_pair(struct ends *ends, const mw_tls_options *client,
    const mw_tls_options *server, const char *host);

/** The same over two given lower streams, which it takes. */
void ends_open_over(struct ends *ends, struct mwi_stream *client_lower,
    struct mwi_stream *server_lower, const mw_tls_options *client,
    const mw_tls_options *server, const char *host);

/** Go on with both handshakes until both are over, or the test fails. */
void ends_handshake(struct ends *ends);

/** Move len bytes from one end to the other and compare them. */
void ends_transfer(struct end *from, struct end *to, size_t len, uint64_t seed);

/** Read from an end until it is CLOSED or FAILED, which is noted in it;
 * what comes before is dropped. */
void ends_read_to_end(struct end *end);

/** Write to an end until that fails. */
void ends_write_to_end(struct end *end);

void ends_close(struct ends *ends);

/** Two connected TCP sockets of this host. */
void ends_tcp(int ret_fds[2]);

#endif
