/* SPDX-License-Identifier: MIT */
#include "integration/scripted.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lib/pki.h"

/* False: it is to stop. */
static bool
await_connection(struct mwt_scripted *s)
{
    struct pollfd fds[2] = {
        { .fd = mwi_listener_fd(s->listener), .events = POLLIN },
        { .fd = s->stop[0], .events = POLLIN },
    };

    while (poll(fds, 2, -1) < 0) {
        continue;
    }
    return fds[1].revents == 0;
}

static void *
greet(void *arg)
{
    struct mwt_scripted *s = arg;
    struct mwi_stream *stream = NULL;
    mw_error error;

    do {
        if (!await_connection(s)) {
            return NULL;
        }
    } while (mwi_listener_accept(s->listener, &stream, &error) != MWI_IO_DONE);
    mwt_raw_open(&s->raw, stream);
    mwt_raw_send_message(&s->raw, "83 00 01 a0");
    return NULL;
}

static void
start_greeter(struct mwt_scripted *s)
{
    s->is_accepted = false;
    cr_assert_eq(pthread_create(&s->greeter, NULL, greet, s), 0);
}

void
mwt_scripted_begin_with(
    struct mwt_scripted *s, const mw_client_options *options)
{
    static unsigned n_begun;
    struct mwi_address address = { .scheme = MWI_SCHEME_UNIX };
    mw_error error;

    *s = (struct mwt_scripted){ .is_accepted = false };
    (void) snprintf(address.path, sizeof(address.path), "%s/scripted%u",
        mwt_pki_get()->dir, n_begun++);
    cr_assert_eq(
        mwi_listener_open(&s->listener, &address, NULL, &error), MW_OK);
    cr_assert_eq(pipe(s->stop), 0);
    start_greeter(s);
    cr_assert_eq(mw_client_open(&s->client, mwi_listener_address(s->listener),
                     options, &error),
        MW_OK, "%s", error.text);
}

void
mwt_scripted_begin(struct mwt_scripted *s)
{
    mwt_scripted_begin_with(s, MW_CLIENT(.lazy = true));
}

void
mwt_scripted_hang_up(struct mwt_scripted *s)
{
    if (s->is_accepted) {
        mwt_raw_close(&s->raw);
        s->raw.channel.stream = NULL;
        start_greeter(s);
    }
}

void
mwt_scripted_end(struct mwt_scripted *s)
{
    mw_client_close(s->client);
    if (s->is_accepted) {
        mwt_raw_close(&s->raw);
    } else {
        cr_assert_eq(write(s->stop[1], "", 1), 1);
        cr_assert_eq(pthread_join(s->greeter, NULL), 0);
        if (s->raw.channel.stream != NULL) {
            mwt_raw_close(&s->raw);
        }
    }
    (void) close(s->stop[0]);
    (void) close(s->stop[1]);
    mwi_listener_close(s->listener);
}

bool
mwt_scripted_next(struct mwt_scripted *s)
{
    if (!s->is_accepted) {
        cr_assert_eq(pthread_join(s->greeter, NULL), 0);
        s->is_accepted = true;
        cr_assert(mwt_raw_receive(&s->raw));
        cr_assert_eq(s->raw.message.kind, MWI_HELLO);
        s->attends = s->raw.message.attends;
    }
    return mwt_raw_receive(&s->raw);
}

void
mwt_scripted_await(struct mwt_scripted *s, enum mwi_message_kind kind)
{
    do {
        cr_assert(mwt_scripted_next(s));
    } while (s->raw.message.kind != kind);
}
