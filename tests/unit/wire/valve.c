/* SPDX-License-Identifier: MIT */
#include "unit/wire/valve.h"

#include <stdlib.h>

#include "base/error.h"

static struct valve *
from_stream(struct mwi_stream *s)
{
    return (struct valve *) (void *) s;
}

static enum mwi_io
stop(enum mwi_io io, mw_error *reterr)
{
    if (io == MWI_IO_FAILED) {
        (void) mwi_fail(reterr, MW_EUNAVAILABLE, "the valve has failed");
    }
    return io;
}

static enum mwi_io
valve_handshake(struct mwi_stream *s, mw_error *reterr)
{
    struct valve *v = from_stream(s);

    return v->handshake_stop != MWI_IO_DONE
               ? stop(v->handshake_stop, reterr)
               : mwi_stream_handshake(v->lower, reterr);
}

static enum mwi_io
valve_read(struct mwi_stream *s, void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct valve *v = from_stream(s);

    return v->read_stop != MWI_IO_DONE
               ? stop(v->read_stop, reterr)
               : mwi_stream_read(v->lower, bytes, len, ret_n, reterr);
}

static enum mwi_io
valve_write(struct mwi_stream *s, const void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct valve *v = from_stream(s);
    enum mwi_io io;

    if (v->n_writable > 0) {
        io = mwi_stream_write(v->lower, bytes,
            len < v->n_writable ? len : v->n_writable, ret_n, reterr);
        if (io == MWI_IO_DONE) {
            v->n_writable -= *ret_n;
        }
    } else {
        io = stop(v->write_stop, reterr);
    }
    return io;
}

static enum mwi_io
valve_flush(struct mwi_stream *s, mw_error *reterr)
{
    return mwi_stream_flush(from_stream(s)->lower, reterr);
}

static void
valve_shutdown(struct mwi_stream *s)
{
    mwi_stream_shutdown(from_stream(s)->lower);
}

static void
valve_close(struct mwi_stream *s)
{
    struct valve *v = from_stream(s);

    mwi_stream_close(v->lower);
    free(v);
}

static int
valve_fd(const struct mwi_stream *s)
{
    return mwi_stream_fd(((const struct valve *) (const void *) s)->lower);
}

static void
valve_peer(const struct mwi_stream *s, mw_peer *ret_peer)
{
    mwi_stream_peer(((const struct valve *) (const void *) s)->lower, ret_peer);
}

static const struct mwi_stream_ops valve_ops = {
    .handshake = valve_handshake,
    .read = valve_read,
    .write = valve_write,
    .flush = valve_flush,
    .shutdown = valve_shutdown,
    .close = valve_close,
    .fd = valve_fd,
    .peer = valve_peer,
};

struct valve *
valve_new(struct mwi_stream *lower)
{
    struct valve *v = calloc(1, sizeof(*v));

    if (v == NULL) {
        abort();
    }
    v->stream.ops = &valve_ops;
    v->lower = lower;
    v->n_writable = SIZE_MAX;
    v->write_stop = MWI_IO_WANT_WRITE;
    return v;
}
