/* SPDX-License-Identifier: MIT */
/*
 * A server that offers what load.idl has, whose handlers wait at gates, and
 * calls that are started and not yet finished.
 */
#ifndef MWT_LOAD_H
#define MWT_LOAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "mw/mw.h"

#include "load_client.mw.h"
#include "load_server.mw.h"
#include "unit/pool/fixture.h"

enum { LOAD_PATIENCE_MS = 60000 };

struct load_server {
    mw_server *server;
    pthread_t thread;
    struct gate gate;
    struct gate urgent_gate;
    _Atomic uint32_t inside; /* handlers of operations with a limit */
    _Atomic uint32_t most;   /* of them at once */
    mw_status status;        /* of mw_server_run(), after load_end() */
};

/** Open a server, run it in a thread. */
void load_begin(struct load_server *s, const mw_server_options *options);

/** Let all handlers go, stop it and wait for its thread; and free it. */
void load_stop(struct load_server *s);
void load_end(struct load_server *s);

/** A client within the process. */
mw_client *load_client(struct load_server *s);

/** A client over TLS, with a certificate of its own. */
struct mwt_identity;
mw_client *load_client_as(
    struct load_server *s, const struct mwt_identity *identity);

/** Wait until so many calls wait in the pool's queue, or at the gate of some
 * interface. */
void load_await_queued(struct load_server *s, uint32_t n);
void load_await_waiting(struct load_server *s, const char *target, uint32_t n);

/** Wait until no thread of the server does anything: one that has answered a
 * ping still counts as busy for a moment. */
void load_await_idle(struct load_server *s);

/** Wait until a ping of the client's comes back: what it sent before was
 * read. */
void load_settle(mw_client *client);

/* A call that was started. */
struct load_call {
    mw_ctx ctx;
    mw_pending *pending;
};

typedef mw_status (*load_start_fn)(mw_client *, mw_ctx *, mw_pending **);

/** Start n of them; timeout_ms of 0: long.  free() it. */
struct load_call *load_start(
    mw_client *client, load_start_fn start, size_t n, uint32_t timeout_ms);

/** Finish n of them.  Returns how many succeeded; *ret_full: how many the
 * server refused because it was full.  Others fail the test. */
size_t load_finish(struct load_call *calls, size_t n, size_t *ret_full);

/** Call, and expect to be refused at once with a text that has this in it. */
void load_assert_full(mw_client *client, load_start_fn start, const char *text);

/** Call, and expect success. */
void load_assert_served(mw_client *client, load_start_fn start);

#endif
