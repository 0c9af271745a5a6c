/* SPDX-License-Identifier: MIT */
/*
 * How OpenSSL reaches the lower stream: through a BIO of our own.
 *
 * Reads go straight through.  What OpenSSL writes, records one at a time, is
 * gathered in the stream's output buffer and leaves with as few writes as the
 * lower stream allows.  That buffer refuses only an answer to a peer that asks
 * for ever more of them and reads none: mwi_tls_has_room() is asked before
 * anything else is written.
 */
#include <stdatomic.h>

#include "base/error.h"
#include "net/tls_internal.h"

/* Gathering more pays no more, and lets the peer begin later. */
enum {
    OUT_MAX = 64 * 1024,   /* records are taken until so much waits */
    OUT_EXTRA = 32 * 1024, /* for the last of them, and for answers */
};

static int
bio_read(BIO *bio, char *bytes, int len)
{
    struct mwi_tls_stream *t = BIO_get_data(bio);
    size_t n = 0;

    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    switch (mwi_stream_read(t->lower, bytes, (size_t) len, &n, &t->error)) {
    case MWI_IO_DONE:
        return (int) n;
    case MWI_IO_WANT_READ:
    case MWI_IO_WANT_WRITE:
        BIO_set_retry_read(bio);
        return -1;
    case MWI_IO_CLOSED:
        t->is_lower_end = true;
        return 0;
    case MWI_IO_FAILED:
        t->is_lower_down = true;
        break;
    }
    return -1;
}

static int
bio_write(BIO *bio, const char *bytes, int len)
{
    struct mwi_tls_stream *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    switch (mwi_buf_append(&t->out, bytes, (size_t) len)) {
    case MW_OK:
        return len;
    case MW_ERANGE:
        BIO_set_retry_write(bio);
        return -1;
    default:
        (void) mwi_fail_nomem(&t->error);
        return -1;
    }
}

static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void) bio;
    (void) number;
    (void) pointer;
    return command == BIO_CTRL_FLUSH;
}

/* Made at first use and kept: a BIO points to its method as long as it lives.
 * NULL when out of memory. */
static BIO_METHOD *
bio_method(void)
{
    static _Atomic(BIO_METHOD *) shared;
    BIO_METHOD *method = atomic_load(&shared);
    BIO_METHOD *expected = NULL;

    if (method != NULL) {
        return method;
    }
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mw stream");
    if (method == NULL) {
        return NULL;
    }
    (void) BIO_meth_set_read(method, bio_read);
    (void) BIO_meth_set_write(method, bio_write);
    (void) BIO_meth_set_ctrl(method, bio_ctrl);
    if (!atomic_compare_exchange_strong(&shared, &expected, method)) {
        BIO_meth_free(method);
        method = expected;
    }
    return method;
}

bool
mwi_tls_attach(struct mwi_tls_stream *t)
{
    BIO_METHOD *method = bio_method();
    BIO *bio = method != NULL ? BIO_new(method) : NULL;

    if (bio == NULL) {
        return false;
    }
    mwi_buf_init(&t->out, OUT_MAX + OUT_EXTRA);
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    return true;
}

bool
mwi_tls_has_room(const struct mwi_tls_stream *t)
{
    return mwi_buf_len(&t->out) < OUT_MAX;
}

enum mwi_io
mwi_tls_send(struct mwi_tls_stream *t, mw_error *reterr)
{
    enum mwi_io io = MWI_IO_DONE;
    size_t n;

    while (io == MWI_IO_DONE && mwi_buf_len(&t->out) > 0) {
        io = mwi_stream_write(
            t->lower, mwi_buf_bytes(&t->out), mwi_buf_len(&t->out), &n, reterr);
        if (io == MWI_IO_DONE) {
            mwi_buf_consume(&t->out, n);
        }
    }
    if (io == MWI_IO_DONE) {
        io = mwi_stream_flush(t->lower, reterr);
    }
    if (io == MWI_IO_FAILED) {
        t->is_lower_down = true;
        mwi_buf_fini(&t->out);
    }
    return io;
}
