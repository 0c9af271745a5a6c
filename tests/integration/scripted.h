/* SPDX-License-Identifier: MIT */
/*
 * A server that a test plays itself, message by message, in its own thread, and
 * a client of it.  Only the greeting is another thread's, for the client waits
 * for that before it sends anything.
 */
#ifndef MWT_SCRIPTED_H
#define MWT_SCRIPTED_H

#include <pthread.h>

#include "mw/mw.h"

#include "integration/raw.h"
#include "net/dial.h"

struct mwt_scripted {
    struct mwi_listener *listener;
    mw_client *client;
    struct mwt_raw raw; /* its connection, once that is accepted */
    pthread_t greeter;  /* accepts it, and says HELLO, unless ... */
    bool is_accepted;   /* ... it was waited for */
    int stop[2];        /* a pipe; readable: the greeter shall end */
    bool attends;       /* as the client's last HELLO said */
};

/** Listen, and make a lazy client; options NULL: without any but that. */
void mwt_scripted_begin(struct mwt_scripted *s);
void mwt_scripted_begin_with(
    struct mwt_scripted *s, const mw_client_options *options);

/** Close all that is not yet closed. */
void mwt_scripted_end(struct mwt_scripted *s);

/** Receive the next message after HELLO, having waited for the connection if
 * need be.  False: the client has closed it. */
bool mwt_scripted_next(struct mwt_scripted *s);

/** Receive messages until one is of a kind. */
void mwt_scripted_await(struct mwt_scripted *s, enum mwi_message_kind kind);

/** Close the connection; the client may make another one. */
void mwt_scripted_hang_up(struct mwt_scripted *s);

#endif
