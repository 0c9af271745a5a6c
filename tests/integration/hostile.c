/* SPDX-License-Identifier: MIT */
#include "integration/hostile.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lib/pki.h"

static void
serve_connection(struct mwt_hostile *h, struct mwi_stream *stream)
{
    struct mwt_raw peer;

    mwt_raw_open(&peer, stream);
    mwt_raw_send_message(&peer, h->hello != NULL ? h->hello : "83 00 01 a0");
    while (mwt_raw_receive(&peer)) {
        if (peer.message.kind == MWI_CALL) {
            h->n_calls++;
            h->answer(h, &peer);
        } else if (peer.message.kind == MWI_PING) {
            h->n_pings++;
            if (h->on_ping != NULL) {
                h->on_ping(h, &peer);
            }
        }
    }
    mwt_raw_close(&peer);
}

static void *
serve(void *arg)
{
    struct mwt_hostile *h = arg;
    struct mwi_stream *stream;
    mw_error error;

    for (;;) {
        struct pollfd fds[2] = {
            { .fd = mwi_listener_fd(h->listener), .events = POLLIN },
            { .fd = h->wake[0], .events = POLLIN },
        };

        cr_assert_gt(poll(fds, 2, 60000), 0);
        if (fds[1].revents != 0) {
            return NULL;
        }
        if (mwi_listener_accept(h->listener, &stream, &error) == MWI_IO_DONE) {
            serve_connection(h, stream);
        }
    }
}

mw_client *
mwt_hostile_begin(struct mwt_hostile *h, mwt_answer_fn answer)
{
    struct mwi_address address = { .scheme = MWI_SCHEME_UNIX };
    mw_client *client;
    mw_error error;

    (void) snprintf(
        address.path, sizeof(address.path), "%s/hostile", mwt_pki_get()->dir);
    cr_assert_eq(
        mwi_listener_open(&h->listener, &address, NULL, &error), MW_OK);
    cr_assert_eq(pipe(h->wake), 0);
    h->answer = answer;
    cr_assert_eq(pthread_create(&h->thread, NULL, serve, h), 0);
    cr_assert_eq(mw_client_open(&client, mwi_listener_address(h->listener),
                     MW_CLIENT(.lazy = true), &error),
        MW_OK);
    return client;
}

void
mwt_hostile_end(struct mwt_hostile *h, mw_client *client)
{
    mw_client_close(client);
    cr_assert_eq(write(h->wake[1], "", 1), 1);
    cr_assert_eq(pthread_join(h->thread, NULL), 0);
    (void) close(h->wake[0]);
    (void) close(h->wake[1]);
    mwi_listener_close(h->listener);
}

void
mwt_answer_hex(struct mwt_hostile *h, struct mwt_raw *peer)
{
    mwt_raw_send_message(peer, h->reply);
}
