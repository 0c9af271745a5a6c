/* SPDX-License-Identifier: MIT */
/*
 * A server that answers what it is told, and a client of it.
 */
#ifndef MWT_HOSTILE_H
#define MWT_HOSTILE_H

#include <pthread.h>

#include "mw/mw.h"

#include "integration/raw.h"
#include "net/dial.h"

struct mwt_hostile;

/* Answers the CALL that peer->message is. */
typedef void (*mwt_answer_fn)(struct mwt_hostile *h, struct mwt_raw *peer);

/* Accepts one connection after the other, until it is ended. */
struct mwt_hostile {
    pthread_t thread;
    struct mwi_listener *listener;
    int wake[2]; /* a pipe; readable: stop */
    mwt_answer_fn answer;
    const char *hello;     /* hex; NULL: a good one */
    const char *reply;     /* hex, for mwt_answer_hex() */
    mwt_answer_fn on_ping; /* NULL: a PING is not answered */
    size_t n_calls;        /* its thread's */
    size_t n_pings;        /* its thread's */
    void *user;            /* answer's */
};

/** Serve, and make a lazy client. */
mw_client *mwt_hostile_begin(struct mwt_hostile *h, mwt_answer_fn answer);

/** Close the client, stop serving. */
void mwt_hostile_end(struct mwt_hostile *h, mw_client *client);

/** Answers with h->reply. */
void mwt_answer_hex(struct mwt_hostile *h, struct mwt_raw *peer);

#endif
