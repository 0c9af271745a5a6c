/* SPDX-License-Identifier: MIT */
/*
 * What a TLS stream holds between a write and a flush, and what it says without
 * having been asked.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "net/tls_internal.h"
#include "unit/net/ends.h"

enum { OUT_LIMIT = 100 * 1024 }; /* that a stream may hold */

static char bytes[1 << 16];

static void
connect_ends(struct ends *ends)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();

    ends_open_pair(ends, &client, &server, "localhost");
    ends_handshake(ends);
    cr_assert_eq(ends->client.io, MWI_IO_DONE, "%s", ends->client.error.text);
    cr_assert_eq(ends->server.io, MWI_IO_DONE, "%s", ends->server.error.text);
}

static struct mwi_tls_stream *
tls_of(const struct end *end)
{
    return (struct mwi_tls_stream *) (void *) end->stream;
}

static enum mwi_io
read_once(struct end *end, size_t *ret_n)
{
    end->io =
        mwi_stream_read(end->stream, bytes, sizeof(bytes), ret_n, &end->error);
    return end->io;
}

/* Reads until there is no more, and returns how many bytes came.  A socket may
 * say WANT_READ without having looked, but not twice. */
static size_t
read_all(struct end *end)
{
    size_t total = 0;
    size_t n = 0;

    for (int n_waits = 0; n_waits < 2; n_waits++) {
        while (read_once(end, &n) == MWI_IO_DONE) {
            total += n;
        }
    }
    return total;
}

static enum mwi_io
write_once(struct end *end, size_t len, size_t *ret_n)
{
    end->io = mwi_stream_write(end->stream, bytes, len, ret_n, &end->error);
    return end->io;
}

static enum mwi_io
flush(struct end *end)
{
    end->io = mwi_stream_flush(end->stream, &end->error);
    return end->io;
}

Test(net_tls_output, waits_for_the_flush)
{
    struct ends ends;
    size_t n;

    connect_ends(&ends);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(write_once(&ends.client, 10000, &n), MWI_IO_DONE);
        cr_assert_eq(n, 10000);
    }
    cr_assert_eq(read_all(&ends.server), 0);
    cr_assert_eq(ends.server.io, MWI_IO_WANT_READ);
    /* A read of our own that has nothing to answer leaves it where it is. */
    cr_assert_eq(read_once(&ends.client, &n), MWI_IO_WANT_READ);
    cr_assert_eq(read_all(&ends.server), 0);
    cr_assert_eq(flush(&ends.client), MWI_IO_DONE);
    cr_assert_eq(flush(&ends.client), MWI_IO_DONE);
    cr_assert_eq(read_all(&ends.server), 50000);
    ends_close(&ends);
}

Test(net_tls_output, is_bounded)
{
    struct ends ends;
    size_t n_written = 0;
    size_t n_read = 0;
    size_t n;

    connect_ends(&ends);
    while (write_once(&ends.client, sizeof(bytes), &n) == MWI_IO_DONE) {
        n_written += n;
        cr_assert_leq(mwi_buf_len(&tls_of(&ends.client)->out), OUT_LIMIT);
        cr_assert_lt(n_written, (size_t) 1 << 30);
    }
    cr_assert_eq(ends.client.io, MWI_IO_WANT_WRITE);
    cr_assert_eq(flush(&ends.client), MWI_IO_WANT_WRITE);
    do {
        n_read += read_all(&ends.server);
    } while (flush(&ends.client) == MWI_IO_WANT_WRITE);
    n_read += read_all(&ends.server);
    cr_assert_eq(n_read, n_written);
    ends_close(&ends);
}

/* What could not leave is not passed off as the whole. */
Test(net_tls_output, closed_before_it_left)
{
    struct ends ends;
    size_t n;

    connect_ends(&ends);
    while (write_once(&ends.client, sizeof(bytes), &n) == MWI_IO_DONE) {
    }
    mwi_stream_shutdown(ends.client.stream);
    mwi_stream_close(ends.client.stream);
    ends.client.stream = NULL;
    ends_read_to_end(&ends.server);
    cr_assert_eq(ends.server.io, MWI_IO_FAILED);
    cr_assert(strstr(ends.server.error.text, "close notification") ||
                  strstr(ends.server.error.text, "reset"),
        "%s", ends.server.error.text);
    ends_close(&ends);
}

Test(net_tls_output, shutdown_takes_along_what_waits)
{
    struct ends ends;
    size_t n;

    connect_ends(&ends);
    cr_assert_eq(write_once(&ends.client, 1000, &n), MWI_IO_DONE);
    mwi_stream_shutdown(ends.client.stream);
    cr_assert_eq(read_all(&ends.server), 1000);
    cr_assert_eq(ends.server.io, MWI_IO_CLOSED, "%s", ends.server.error.text);
    ends_close(&ends);
}

Test(net_tls_output, resting)
{
    struct ends ends;
    size_t n;

    connect_ends(&ends);
    for (size_t len = 1; len < 100000; len = len * 7 + 1) {
        ends_transfer(&ends.client, &ends.server, len, len);
        mwi_stream_rest(ends.client.stream);
        mwi_stream_rest(ends.server.stream);
        cr_assert_null(tls_of(&ends.client)->out.data);
    }
    /* Nothing is lost by resting in the midst of something. */
    cr_assert_eq(write_once(&ends.client, 1000, &n), MWI_IO_DONE);
    mwi_stream_rest(ends.client.stream);
    cr_assert_eq(flush(&ends.client), MWI_IO_DONE);
    cr_assert_eq(
        mwi_stream_read(ends.server.stream, bytes, 10, &n, NULL), MWI_IO_DONE);
    mwi_stream_rest(ends.server.stream);
    cr_assert_eq(read_all(&ends.server), 990);
    ends_close(&ends);
}

/* Have an end ask for new keys of its peer, RFC 8446 section 4.6.3. */
static void
ask_for_keys(struct end *end)
{
    SSL *ssl = tls_of(end)->ssl;

    cr_assert_eq(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    cr_assert_eq(SSL_do_handshake(ssl), 1);
}

Test(net_tls_output, answers_leave_without_a_flush)
{
    struct ends ends;
    size_t n;

    connect_ends(&ends);
    ask_for_keys(&ends.client);
    cr_assert_eq(flush(&ends.client), MWI_IO_DONE);
    cr_assert_eq(read_once(&ends.server, &n), MWI_IO_WANT_READ);
    cr_assert_eq(mwi_buf_len(&tls_of(&ends.server)->out), 0);
    ends_transfer(&ends.server, &ends.client, 1000, 1);
    ends_transfer(&ends.client, &ends.server, 1000, 1);

    /* Also when there is something to be read behind the question. */
    ask_for_keys(&ends.client);
    cr_assert_eq(write_once(&ends.client, 10, &n), MWI_IO_DONE);
    cr_assert_eq(flush(&ends.client), MWI_IO_DONE);
    cr_assert_eq(read_all(&ends.server), 10);
    cr_assert_eq(mwi_buf_len(&tls_of(&ends.server)->out), 0);
    ends_transfer(&ends.server, &ends.client, 1000, 1);
    ends_close(&ends);
}

/* A peer that asks for ever more answers and reads none is waited for. */
Test(net_tls_output, answers_are_bounded)
{
    struct ends ends;
    unsigned n_asked = 0;
    size_t n;

    connect_ends(&ends);
    while (
        ends.server.io != MWI_IO_WANT_WRITE || ends.client.io == MWI_IO_DONE) {
        ask_for_keys(&ends.client);
        (void) flush(&ends.client);
        (void) read_once(&ends.server, &n);
        cr_assert_leq((int) ends.server.io, (int) MWI_IO_WANT_WRITE, "%s",
            ends.server.error.text);
        cr_assert_leq(mwi_buf_len(&tls_of(&ends.server)->out), OUT_LIMIT);
        cr_assert_lt(++n_asked, 1000000u);
    }
    cr_assert_eq(flush(&ends.server), MWI_IO_WANT_WRITE);
    do {
        cr_assert_eq(read_all(&ends.client), 0);
        cr_assert_eq(read_all(&ends.server), 0);
    } while (flush(&ends.server) == MWI_IO_WANT_WRITE ||
             flush(&ends.client) == MWI_IO_WANT_WRITE);
    ends_transfer(&ends.server, &ends.client, 1000, 1);
    ends_transfer(&ends.client, &ends.server, 1000, 2);
    ends_close(&ends);
}
