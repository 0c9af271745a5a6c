/* SPDX-License-Identifier: MIT */
#include "lib/fault_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { SCRATCH_MAX = 16 * 1024 };

struct fault_stream {
    struct mwi_stream stream;
    struct mwi_stream *lower;
    struct mwt_faults faults;
    uint64_t random; /* state of the generator */
    uint64_t n_read;
    uint64_t n_written;
};

static struct fault_stream *
from_stream(struct mwi_stream *s)
{
    return (struct fault_stream *) (void *) s;
}

static const struct fault_stream *
from_const_stream(const struct mwi_stream *s)
{
    return (const struct fault_stream *) (const void *) s;
}

/* A linear congruential generator; its high bits are random enough. */
static uint64_t
next_random(struct fault_stream *f)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return f->random >> 33;
}

static bool
must_wait(struct fault_stream *f)
{
    return next_random(f) % 100 < f->faults.wait_percent;
}

/* How many of len bytes to move; 0 when it is time to break. */
static size_t
choose_len(
    struct fault_stream *f, size_t len, uint64_t n_done, uint64_t break_after)
{
    if (break_after != 0 && len > break_after - n_done) {
        len = (size_t) (break_after - n_done);
    }
    if (f->faults.chunk_max != 0 && len > 0) {
        size_t chunk = 1 + (size_t) (next_random(f) % f->faults.chunk_max);

        len = chunk < len ? chunk : len;
    }
    return len;
}

static enum mwi_io
break_off(const struct fault_stream *f, bool is_read, mw_error *reterr)
{
    if (is_read && f->faults.break_how == MWI_IO_CLOSED) {
        return MWI_IO_CLOSED;
    }
    (void) mwi_fail(reterr, MW_EUNAVAILABLE, "injected fault");
    return MWI_IO_FAILED;
}

static enum mwi_io
fault_handshake(struct mwi_stream *s, mw_error *reterr)
{
    struct fault_stream *f = from_stream(s);

    return mwi_stream_handshake(f->lower, reterr);
}

static enum mwi_io
fault_read(struct mwi_stream *s, void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct fault_stream *f = from_stream(s);
    uint64_t at = f->faults.corrupt_read_at;
    enum mwi_io io;

    if (must_wait(f)) {
        return MWI_IO_WANT_READ;
    }
    len = choose_len(f, len, f->n_read, f->faults.break_read_after);
    if (len == 0) {
        return break_off(f, true, reterr);
    }
    io = mwi_stream_read(f->lower, bytes, len, ret_n, reterr);
    if (io == MWI_IO_DONE) {
        if (at > f->n_read && at <= f->n_read + *ret_n) {
            ((unsigned char *) bytes)[at - f->n_read - 1] ^= 1;
        }
        f->n_read += *ret_n;
    }
    return io;
}

static enum mwi_io
fault_write(struct mwi_stream *s, const void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct fault_stream *f = from_stream(s);
    uint64_t at = f->faults.corrupt_write_at;
    unsigned char scratch[SCRATCH_MAX];
    enum mwi_io io;

    if (must_wait(f)) {
        return MWI_IO_WANT_WRITE;
    }
    len = choose_len(f, len, f->n_written, f->faults.break_write_after);
    if (len == 0) {
        return break_off(f, false, reterr);
    }
    len = len < SCRATCH_MAX ? len : SCRATCH_MAX;
    memcpy(scratch, bytes, len);
    if (at > f->n_written && at <= f->n_written + len) {
        scratch[at - f->n_written - 1] ^= 1;
    }
    io = mwi_stream_write(f->lower, scratch, len, ret_n, reterr);
    if (io == MWI_IO_DONE) {
        f->n_written += *ret_n;
    }
    return io;
}

static enum mwi_io
fault_flush(struct mwi_stream *s, mw_error *reterr)
{
    return mwi_stream_flush(from_stream(s)->lower, reterr);
}

static void
fault_rest(struct mwi_stream *s)
{
    mwi_stream_rest(from_stream(s)->lower);
}

static void
fault_shutdown(struct mwi_stream *s)
{
    mwi_stream_shutdown(from_stream(s)->lower);
}

static void
fault_close(struct mwi_stream *s)
{
    mwi_stream_close(from_stream(s)->lower);
    free(from_stream(s));
}

static int
fault_fd(const struct mwi_stream *s)
{
    return mwi_stream_fd(from_const_stream(s)->lower);
}

static void
fault_peer(const struct mwi_stream *s, mw_peer *ret_peer)
{
    mwi_stream_peer(from_const_stream(s)->lower, ret_peer);
}

static const struct mwi_stream_ops fault_ops = {
    .handshake = fault_handshake,
    .read = fault_read,
    .write = fault_write,
    .flush = fault_flush,
    .rest = fault_rest,
    .shutdown = fault_shutdown,
    .close = fault_close,
    .fd = fault_fd,
    .peer = fault_peer,
};

mw_status
mwt_fault_stream(struct mwi_stream **ret_stream, struct mwi_stream *lower,
    const struct mwt_faults *faults)
{
    struct fault_stream *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        return MW_ENOMEM;
    }
    f->stream.ops = &fault_ops;
    f->lower = lower;
    f->faults = *faults;
    f->random = faults->seed;
    *ret_stream = &f->stream;
    return MW_OK;
}

uint64_t
mwt_fault_stream_n_read(const struct mwi_stream *s)
{
    return from_const_stream(s)->n_read;
}

uint64_t
mwt_fault_stream_n_written(const struct mwi_stream *s)
{
    return from_const_stream(s)->n_written;
}
