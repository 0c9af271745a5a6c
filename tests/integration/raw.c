/* SPDX-License-Identifier: MIT */
#include "integration/raw.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "net/poller.h"
#include "wire/frame.h"

enum { PATIENCE_MS = 20000, HEX_MAX = 4096 };

void
mwt_raw_open(struct mwt_raw *raw, struct mwi_stream *stream)
{
    mwi_channel_init(&raw->channel, stream, 1 << 24, 1 << 24, NULL);
}

void
mwt_raw_close(struct mwt_raw *raw)
{
    mwi_channel_fini(&raw->channel);
}

static void
append_hex(struct mwi_buf *buf, const char *hex)
{
    for (const char *at = hex; *at != '\0';) {
        unsigned value;

        if (*at == ' ' || *at == '\n') {
            at++;
            continue;
        }
        cr_assert_eq(sscanf(at, "%2x", &value), 1, "bad hex: %s", at);
        cr_assert_eq(mwi_buf_append(buf, &(uint8_t){ (uint8_t) value }, 1), 0);
        at += 2;
    }
}

/* The other end may have closed by now, which is not what is tested here. */
static void
send_buf(struct mwt_raw *raw, struct mwi_buf *buf)
{
    mw_error error;
    int64_t deadline = mwi_deadline_in(PATIENCE_MS);

    (void) !mwi_channel_send(&raw->channel, buf, &error);
    while (mwi_channel_flush(&raw->channel, &error) == MWI_IO_WANT_WRITE) {
        cr_assert(mwi_poll_one(raw->channel.fd, MWI_POLL_WRITE, deadline));
    }
    mwi_buf_fini(buf);
}

void
mwt_raw_send_hex(struct mwt_raw *raw, const char *hex)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, HEX_MAX);
    append_hex(&buf, hex);
    send_buf(raw, &buf);
}

void
mwt_raw_send_message(struct mwt_raw *raw, const char *hex)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, HEX_MAX);
    cr_assert_eq(mwi_frame_begin(&buf), MW_OK);
    append_hex(&buf, hex);
    mwi_frame_end(&buf);
    send_buf(raw, &buf);
}

void
mwt_raw_send(struct mwt_raw *raw, const void *bytes, size_t len)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, len + 1);
    cr_assert_eq(mwi_buf_append(&buf, bytes, len), MW_OK);
    send_buf(raw, &buf);
}

bool
mwt_raw_receive(struct mwt_raw *raw)
{
    int64_t deadline = mwi_deadline_in(PATIENCE_MS);
    mw_error error;
    enum mwi_io io;

    for (;;) {
        io = mwi_channel_next(&raw->channel, &raw->bytes, &raw->len, &error);
        if (io == MWI_IO_DONE) {
            mwi_reader_init(&raw->reader, raw->bytes, raw->len, 64);
            mwi_message_read(&raw->reader, &raw->message);
            cr_assert(
                mwi_reader_ok(&raw->reader), "%s", raw->reader.error.text);
            return true;
        }
        io = mwi_channel_fill(&raw->channel, &error);
        if (io == MWI_IO_WANT_READ) {
            cr_assert(mwi_poll_one(raw->channel.fd, MWI_POLL_READ, deadline),
                "no message in time");
        } else if (io != MWI_IO_DONE) {
            return false;
        }
    }
}

const char *
mwt_raw_text(const struct mwt_raw *raw)
{
    static char text[MW_ERROR_TEXT_MAX];

    (void) snprintf(text, sizeof(text), "%.*s", (int) raw->message.text.len,
        raw->message.text.at);
    return text;
}
