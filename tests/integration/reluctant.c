/* SPDX-License-Identifier: MIT */
#include "integration/reluctant.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/error.h"
#include "probe_client.mw.h"
#include "wire/frame.h"

static void
send_frame(struct mwt_raw *peer, struct mwi_buf *frame)
{
    mw_error ignored;

    mwi_frame_end(frame);
    (void) !mwi_channel_send(&peer->channel, frame, &ignored);
    mwi_buf_fini(frame);
}

static void
begin_frame(struct mwi_buf *frame, struct mwi_writer *w)
{
    mwi_buf_init(frame, 4096);
    cr_assert_eq(mwi_frame_begin(frame), MW_OK);
    mwi_writer_init(w, frame);
}

static void
send_fail(const struct mwt_script *script, struct mwt_raw *peer,
    mw_status status, bool not_run)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    begin_frame(&frame, &w);
    mwi_fail_write(&w, peer->message.id, status, "not today", not_run,
        script->retry_after_ms);
    send_frame(peer, &frame);
}

static void
send_reply(struct mwt_raw *peer)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    begin_frame(&frame, &w);
    mwi_reply_begin(&w, peer->message.id);
    mwi_write_array(&w, 0);
    send_frame(peer, &frame);
}

static void
send_goaway(struct mwt_raw *peer)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    begin_frame(&frame, &w);
    mwi_goaway_write(&w, MW_EUNAVAILABLE, "good bye");
    send_frame(peer, &frame);
}

static void
note(struct mwt_script *script, size_t i, const struct mwi_call_head *call)
{
    struct mwt_seen *seen = &script->seen[i];

    seen->key_len = call->key.len;
    if (call->key.at != NULL) {
        memcpy(seen->key, call->key.at, call->key.len);
    }
    seen->is_repeat = call->is_repeat;
    seen->instance = call->instance;
    seen->lead_ms = call->lead_ms;
}

static void
follow(struct mwt_hostile *h, struct mwt_raw *peer)
{
    struct mwt_script *script = h->user;
    size_t i = h->n_calls - 1;
    mw_error over;

    if (i < MWT_CALLS_MAX) {
        note(script, i, &peer->message.call);
    }
    switch (script->acts[i < script->n_acts ? i : script->n_acts - 1]) {
    case ACCEPT:
        send_reply(peer);
        break;
    case FULL:
        send_fail(script, peer, MW_EEXHAUSTED, true);
        break;
    case FAREWELL:
        send_goaway(peer);
        send_fail(script, peer, MW_EUNAVAILABLE, true);
        break;
    case LEAVING:
        send_fail(script, peer, MW_EUNAVAILABLE, true);
        break;
    case FAILED:
        send_fail(script, peer, MW_EUNAVAILABLE, false);
        break;
    case NO_TRACE:
        send_fail(script, peer, MW_EDATALOSS, false);
        break;
    case CUT:
        mwi_fail(&over, MW_EUNAVAILABLE, "cut");
        mwi_channel_close(&peer->channel, &over);
        break;
    }
}

void
mwt_reluctant_begin(struct mwt_reluctant *c, const enum mwt_act *acts,
    size_t n_acts, const char *also, const mw_client_options *options)
{
    mw_client_options o = *options;
    char all[512];
    mw_error error;

    memset(c, 0, sizeof(*c));
    c->script = (struct mwt_script){ .acts = acts, .n_acts = n_acts };
    c->h.user = &c->script;
    c->h.hello = "83 00 01 a1 02 18 2a"; /* instance 42 */
    mw_client_close(mwt_hostile_begin(&c->h, follow));
    (void) snprintf(
        all, sizeof(all), "%s%s", mwi_listener_address(c->h.listener), also);
    o.lazy = true;
    cr_assert_eq(
        mw_client_open(&c->client, all, &o, &error), MW_OK, "%s", error.text);
}

void
mwt_reluctant_end(struct mwt_reluctant *c)
{
    mwt_hostile_end(&c->h, c->client);
}

mw_status
mwt_reluctant_call(struct mwt_reluctant *c, mw_ctx *ctx, uint32_t flags)
{
    mw_method method = { .n_params = 0 };
    static const void *const none[1];

    for (size_t i = 0; i < probe_Probe_interface.n_methods; i++) {
        if (strcmp(probe_Probe_interface.methods[i].name, "wait") == 0) {
            method = probe_Probe_interface.methods[i];
        }
    }
    method.flags |= flags;
    return mw_stub_call(c->client, ctx, &method, none);
}
