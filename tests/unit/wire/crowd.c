/* SPDX-License-Identifier: MIT */
/*
 * A message is the number of its writer, its own number, and bytes that follow
 * from both.  An owner knows which number comes next from each writer.
 */
#include "unit/wire/crowd.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "lib/fault_stream.h"
#include "lib/prng.h"
#include "net/poller.h"
#include "net/socket.h"
#include "wire/channel.h"

enum {
    HEAD = 5,        /* bytes of a message before its pattern */
    WAIT_MS = 30000, /* an owner to whom nothing happens for longer fails */
    OUT_MAX = 1 << 30,
};

struct crowd;

struct crowd_end {
    struct mwi_channel channel;
    struct mwi_poller poller;
    struct crowd *crowd;
    uint32_t next[CROWD_WRITERS_MAX]; /* owner: number to come */
    _Atomic uint64_t n_received;
    pthread_t owner;
};

struct crowd {
    struct crowd_options options;
    struct crowd_end ends[2];
    _Atomic unsigned n_unfinished; /* owners that wait for messages */
    _Atomic unsigned n_errors;
};

struct writer {
    struct crowd_end *end;
    unsigned number;
    pthread_t thread;
};

static void
note_error(struct crowd *crowd, const char *what, const char *why)
{
    (void) fprintf(stderr, "crowd: %s: %s\n", what, why);
    atomic_fetch_add(&crowd->n_errors, 1);
}

static uint8_t
pattern(unsigned writer, uint32_t number, size_t at)
{
    return (uint8_t) (writer * 37 + number * 11 + at);
}

/* ---- writers ---- */

static void
make_message(
    struct mwi_buf *frame, unsigned writer, uint32_t number, size_t len)
{
    uint8_t *room;

    mwi_buf_init(frame, MWI_FRAME_HEAD_MAX + len);
    if (mwi_frame_begin(frame) < 0 ||
        (room = mwi_buf_reserve(frame, len)) == NULL) {
        abort();
    }
    room[0] = (uint8_t) writer;
    memcpy(room + 1, &number, sizeof(number));
    for (size_t at = HEAD; at < len; at++) {
        room[at] = pattern(writer, number, at);
    }
    mwi_buf_commit(frame, len);
    mwi_frame_end(frame);
}

/* Why a send may fail: it was we who closed, or the other end. */
static bool
is_expected_end(const struct crowd *crowd, const mw_error *error)
{
    return crowd->options.is_interrupted &&
           (error->status == MW_ECANCELLED || error->status == MW_EUNAVAILABLE);
}

static void *
write_all(void *arg)
{
    const struct writer *writer = arg;
    struct crowd *crowd = writer->end->crowd;
    struct mwt_prng prng = { crowd->options.seed + writer->number };

    for (uint32_t i = 0; i < crowd->options.n_messages; i++) {
        struct mwi_buf frame;
        mw_error error = { 0 };
        mw_status status;

        make_message(&frame, writer->number, i,
            HEAD + mwt_below(&prng, crowd->options.len_max - HEAD));
        status = mwi_channel_send(&writer->end->channel, &frame, &error);
        mwi_buf_fini(&frame);
        if (status < 0) {
            if (!is_expected_end(crowd, &error)) {
                note_error(crowd, "sending", error.text);
            }
            return NULL;
        }
    }
    return NULL;
}

/* ---- owners ---- */

static void
on_want_write(struct mwi_channel *channel, bool wanted)
{
    struct crowd_end *end = MWI_CONTAINER(channel, struct crowd_end, channel);

    mwi_poller_modify(&end->poller, channel->fd,
        wanted ? MWI_POLL_READ | MWI_POLL_WRITE : MWI_POLL_READ, end);
}

static void
check_message(struct crowd_end *end, const uint8_t *bytes, size_t len)
{
    uint32_t number;

    if (len < HEAD || bytes[0] >= end->crowd->options.n_writers) {
        note_error(end->crowd, "receiving", "no message of ours");
        return;
    }
    memcpy(&number, bytes + 1, sizeof(number));
    if (number != end->next[bytes[0]]++) {
        note_error(end->crowd, "receiving", "out of order");
    }
    for (size_t at = HEAD; at < len; at++) {
        if (bytes[at] != pattern(bytes[0], number, at)) {
            note_error(end->crowd, "receiving", "not what was sent");
            return;
        }
    }
    atomic_fetch_add(&end->n_received, 1);
}

/* All that is there.  False when it is over. */
static bool
receive(struct crowd_end *end, mw_error *reterr)
{
    const uint8_t *bytes;
    size_t len;
    enum mwi_io io;

    for (;;) {
        while ((io = mwi_channel_next(&end->channel, &bytes, &len, reterr)) ==
               MWI_IO_DONE) {
            check_message(end, bytes, len);
        }
        if (io == MWI_IO_WANT_READ) {
            io = mwi_channel_fill(&end->channel, reterr);
        }
        if (io == MWI_IO_CLOSED) {
            *reterr = (mw_error){ .status = MW_EUNAVAILABLE,
                .text = "the other end has closed" };
        }
        if (io != MWI_IO_DONE) {
            return io == MWI_IO_WANT_READ || io == MWI_IO_WANT_WRITE;
        }
    }
}

static void
wake_both(struct crowd *crowd)
{
    mwi_poller_wake(&crowd->ends[0].poller);
    mwi_poller_wake(&crowd->ends[1].poller);
}

static void *
own(void *arg)
{
    struct crowd_end *end = arg;
    struct crowd *crowd = end->crowd;
    const uint64_t expected =
        (uint64_t) crowd->options.n_writers * crowd->options.n_messages;
    bool is_finished = false;
    mw_error error = { 0 };

    while (atomic_load(&crowd->n_unfinished) > 0) {
        struct mwi_poll_event event;
        size_t n =
            mwi_poller_wait(&end->poller, &event, 1, mwi_deadline_in(WAIT_MS));

        if (n == 0) {
            note_error(crowd, "waiting", "nothing happens");
            abort();
        }
        if (mwi_channel_flush(&end->channel, &error) == MWI_IO_FAILED ||
            !receive(end, &error)) {
            if (!is_expected_end(crowd, &error)) {
                note_error(crowd, "receiving", error.text);
            }
            mwi_channel_close(&end->channel, &error);
            atomic_store(&crowd->n_unfinished, 0);
            wake_both(crowd);
            break;
        }
        if (!is_finished && atomic_load(&end->n_received) == expected) {
            is_finished = true;
            if (atomic_fetch_sub(&crowd->n_unfinished, 1) == 1) {
                wake_both(crowd);
            }
        }
    }
    return NULL;
}

/* ---- all together ---- */

static void
must(bool is_fine)
{
    if (!is_fine) {
        perror("crowd");
        abort();
    }
}

static void
open_ends(struct crowd *crowd)
{
    struct mwi_stream *streams[2];

    must(mwi_stream_pair(streams, NULL) == MW_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct crowd_end *end = &crowd->ends[i];
        const struct mwt_faults faults = {
            .seed = crowd->options.seed + i,
            .chunk_max = crowd->options.chunk_max,
            .wait_percent = crowd->options.wait_percent,
        };

        end->crowd = crowd;
        must(mwt_fault_stream(&streams[i], streams[i], &faults) == MW_OK);
        must(mwi_poller_init(&end->poller, NULL) == MW_OK);
        must(mwi_poller_add(&end->poller, mwi_stream_fd(streams[i]),
                 MWI_POLL_READ, end, NULL) == MW_OK);
        mwi_channel_init(&end->channel, streams[i], crowd->options.len_max,
            OUT_MAX, on_want_write);
    }
}

/* Close one end from a thread that is neither owner nor writer. */
static void
interrupt(struct crowd *crowd)
{
    const mw_error why = { .status = MW_ECANCELLED, .text = "interrupted" };
    struct mwt_prng prng = { crowd->options.seed };
    struct crowd_end *end = &crowd->ends[mwt_below(&prng, 2)];
    const uint64_t n = mwt_below(
        &prng, (size_t) crowd->options.n_writers * crowd->options.n_messages);

    while (atomic_load(&end->n_received) < n) {
        (void) sched_yield();
    }
    mwi_channel_close(&end->channel, &why);
}

struct crowd_result
crowd_run(const struct crowd_options *options)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct writer writers[2 * CROWD_WRITERS_MAX];
    struct crowd_result result = { 0 };

    must(crowd != NULL && options->n_writers <= CROWD_WRITERS_MAX);
    crowd->options = *options;
    atomic_init(&crowd->n_unfinished, 2);
    open_ends(crowd);
    for (unsigned i = 0; i < 2; i++) {
        must(pthread_create(
                 &crowd->ends[i].owner, NULL, own, &crowd->ends[i]) == 0);
    }
    for (unsigned i = 0; i < 2 * options->n_writers; i++) {
        writers[i].end = &crowd->ends[i % 2];
        writers[i].number = i / 2;
        must(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]) ==
             0);
    }
    if (options->is_interrupted) {
        interrupt(crowd);
    }
    for (unsigned i = 0; i < 2 * options->n_writers; i++) {
        must(pthread_join(writers[i].thread, NULL) == 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        must(pthread_join(crowd->ends[i].owner, NULL) == 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        result.n_received += crowd->ends[i].n_received;
        mwi_channel_fini(&crowd->ends[i].channel);
        mwi_poller_fini(&crowd->ends[i].poller);
    }
    result.n_errors = crowd->n_errors;
    free(crowd);
    return result;
}
