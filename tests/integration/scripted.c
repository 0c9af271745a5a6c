/* SPDX-License-Identifier: MIT */
#include "integration/scripted.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "lib/pki.h"
#include "net/poller.h"

enum { ACCEPT_MS = 60000 };

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
        s->is_accepted = false;
    }
}

void
mwt_scripted_end(struct mwt_scripted *s)
{
    mw_client_close(s->client);
    mwt_scripted_hang_up(s);
    mwi_listener_close(s->listener);
}

static void
accept_one(struct mwt_scripted *s)
{
    int64_t deadline = mwi_deadline_in(ACCEPT_MS);
    struct mwi_stream *stream = NULL;
    mw_error error;

    while (mwi_listener_accept(s->listener, &stream, &error) != MWI_IO_DONE) {
        cr_assert(mwi_poll_one(
            mwi_listener_fd(s->listener), MWI_POLL_READ, deadline));
    }
    mwt_raw_open(&s->raw, stream);
    mwt_raw_send_message(&s->raw, "83 00 01 a0");
    s->is_accepted = true;
    cr_assert(mwt_raw_receive(&s->raw));
    cr_assert_eq(s->raw.message.kind, MWI_HELLO);
    s->attends = s->raw.message.attends;
}

bool
mwt_scripted_next(struct mwt_scripted *s)
{
    if (!s->is_accepted) {
        accept_one(s);
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
