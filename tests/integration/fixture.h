/* SPDX-License-Identifier: MIT */
/*
 * A server that offers probe::Probe, run by a thread of its own, and clients
 * of it.  Whatever cannot fail in a test, aborts here.
 */
#ifndef MWT_FIXTURE_H
#define MWT_FIXTURE_H

#include <pthread.h>

#include "mw/mw.h"

#include "base/sync.h"
#include "lib/pki.h"
#include "probe_client.mw.h"
#include "probe_server.mw.h"

/* What handlers wait for, and tests that wait for handlers. */
struct mwt_gate {
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    bool is_open;       /* [mutex] probe::Probe::wait() returns */
    uint32_t n_inside;  /* [mutex] handlers at the gate */
    uint32_t n_notes;   /* [mutex] notes taken */
    char last_note[64]; /* [mutex] cut to fit */
};

struct mwt_server {
    mw_server *server;
    pthread_t thread;
    struct mwt_gate gate;
    mw_status status; /* of mw_server_run(), after mwt_server_stop() */
    mw_error error;
    bool is_running;
};

/** Open a server, offer the interface, run it in a thread. */
void mwt_server_start(struct mwt_server *s, const mw_server_options *options);

/** Stop it, wait for its thread, keep how mw_server_run() ended. */
void mwt_server_stop(struct mwt_server *s);

/** Stop it if need be, and free it. */
void mwt_server_close(struct mwt_server *s);

/** A client within the process. */
mw_client *mwt_local_client(struct mwt_server *s);

/** A client over TLS, of a server that listens there alone. */
mw_client *mwt_tls_client(struct mwt_server *s);

/** A server of so many threads and a client of it: within the process, or over
 * TLS. */
struct mwt_pair {
    struct mwt_server s;
    mw_client *client;
};

void mwt_pair_begin(struct mwt_pair *p, uint32_t threads_max);
void mwt_pair_begin_tls(struct mwt_pair *p, uint32_t threads_max);
void mwt_pair_end(struct mwt_pair *p);

void mwt_gate_open(struct mwt_gate *gate);
void mwt_gate_close(struct mwt_gate *gate);

/** Wait until so many handlers are at the gate, or notes have been taken. */
void mwt_gate_wait_inside(struct mwt_gate *gate, uint32_t n);
void mwt_gate_wait_notes(struct mwt_gate *gate, uint32_t n);

/** What the handlers do, for tests that do the same without a call.  The first
 * ends the program when memory runs out. */
void mwt_probe_mutate(mw_call *call, probe_Box *box, uint64_t seed);
MW_MUST_USE mw_status mwt_probe_edit(mw_call *call, probe_Box *box);

#endif
