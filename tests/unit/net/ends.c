/* SPDX-License-Identifier: MIT */
#include "unit/net/ends.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "lib/pki.h"
#include "net/poller.h"
#include "net/socket.h"

mw_tls_options
ends_client_options(void)
{
    const struct mwt_pki *pki = mwt_pki_get();

    return (mw_tls_options){ .size = sizeof(mw_tls_options),
        .cert = pki->client.cert,
        .key = pki->client.key,
        .ca = pki->ca };
}

mw_tls_options
ends_server_options(void)
{
    const struct mwt_pki *pki = mwt_pki_get();

    return (mw_tls_options){ .size = sizeof(mw_tls_options),
        .cert = pki->server.cert,
        .key = pki->server.key,
        .ca = pki->ca };
}

void
ends_open_over(struct ends *ends, struct mwi_stream *client_lower,
    struct mwi_stream *server_lower, const mw_tls_options *client,
    const mw_tls_options *server, const char *host)
{
    mw_error error = { 0 };

    memset(ends, 0, sizeof(*ends));
    cr_assert_eq(mwi_tls_client_config(&ends->client_config, client, &error),
        MW_OK, "client: %s", error.text);
    cr_assert_eq(mwi_tls_server_config(&ends->server_config, server, &error),
        MW_OK, "server: %s", error.text);
    cr_assert_eq(mwi_tls_client_stream(&ends->client.stream, client_lower,
                     ends->client_config, host, &error),
        MW_OK, "client: %s", error.text);
    cr_assert_eq(mwi_tls_server_stream(&ends->server.stream, server_lower,
                     ends->server_config, &error),
        MW_OK, "server: %s", error.text);
}

void
ends_open_pair(struct ends *ends, const mw_tls_options *client,
    const mw_tls_options *server, const char *host)
{
    struct mwi_stream *lower[2];

    cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
    ends_open_over(ends, lower[0], lower[1], client, server, host);
}

static bool
is_over(const struct end *end)
{
    return end->io != MWI_IO_WANT_READ && end->io != MWI_IO_WANT_WRITE;
}

static void
await(const struct end *a, const struct end *b)
{
    struct pollfd fds[2] = { { .fd = -1 }, { .fd = -1 } };
    const struct end *ends[2] = { a, b };

    for (int i = 0; i < 2; i++) {
        if (ends[i] != NULL && !is_over(ends[i])) {
            fds[i].fd = mwi_stream_fd(ends[i]->stream);
            fds[i].events = ends[i]->io == MWI_IO_WANT_READ ? POLLIN : POLLOUT;
        }
    }
    cr_assert_gt(poll(fds, 2, ENDS_WAIT_MS), 0, "nothing happens");
}

static void
step_handshake(struct end *end)
{
    end->io = mwi_stream_handshake(end->stream, &end->error);
    if (end->io == MWI_IO_DONE) {
        end->is_ready = true;
        end->io = mwi_stream_flush(end->stream, &end->error);
    }
    if (end->io == MWI_IO_FAILED && !end->is_shut_down) {
        mwi_stream_shutdown(end->stream);
        end->is_shut_down = true;
    }
}

void
ends_handshake(struct ends *ends)
{
    ends->client.io = ends->server.io = MWI_IO_WANT_READ;
    for (;;) {
        if (!is_over(&ends->client)) {
            step_handshake(&ends->client);
        }
        if (!is_over(&ends->server)) {
            step_handshake(&ends->server);
        }
        if (ends->client.is_ready && ends->server.is_ready) {
            /* A ticket that cannot leave yet does not matter. */
            ends->client.io = ends->server.io = MWI_IO_DONE;
        }
        if (is_over(&ends->client) && is_over(&ends->server)) {
            return;
        }
        await(&ends->client, &ends->server);
    }
}

/* The byte at offset i of the stream of bytes with this seed. */
static unsigned char
pattern(uint64_t seed, size_t i)
{
    return (unsigned char) ((seed + i) * 2654435761u >> 16);
}

void
ends_transfer(struct end *from, struct end *to, size_t len, uint64_t seed)
{
    unsigned char *sent = malloc(len);
    unsigned char *got = calloc(len, 1);
    size_t n_sent = 0;
    size_t n_got = 0;
    size_t n;

    cr_assert(sent != NULL && got != NULL);
    for (size_t i = 0; i < len; i++) {
        sent[i] = pattern(seed, i);
    }
    while (n_got < len) {
        if (n_sent < len) {
            from->io = mwi_stream_write(
                from->stream, sent + n_sent, len - n_sent, &n, &from->error);
            n_sent += from->io == MWI_IO_DONE ? n : 0;
        }
        if (n_sent == len || is_over(from)) {
            from->io = mwi_stream_flush(from->stream, &from->error);
        }
        to->io = mwi_stream_read(
            to->stream, got + n_got, len - n_got, &n, &to->error);
        n_got += to->io == MWI_IO_DONE ? n : 0;
        cr_assert_leq(
            (int) from->io, (int) MWI_IO_WANT_WRITE, "%s", from->error.text);
        cr_assert_leq(
            (int) to->io, (int) MWI_IO_WANT_WRITE, "%s", to->error.text);
        if (!is_over(to) && (n_sent == len || !is_over(from))) {
            await(is_over(from) ? NULL : from, to);
        }
    }
    cr_assert_eq(memcmp(sent, got, len), 0);
    free(sent);
    free(got);
}

void
ends_read_to_end(struct end *end)
{
    char bytes[4096];
    size_t n;

    do {
        end->io =
            mwi_stream_read(end->stream, bytes, sizeof(bytes), &n, &end->error);
        if (!is_over(end)) {
            await(end, NULL);
        }
    } while (end->io != MWI_IO_CLOSED && end->io != MWI_IO_FAILED);
}

void
ends_write_to_end(struct end *end)
{
    static const char bytes[4096];
    int64_t deadline = mwi_deadline_in(ENDS_WAIT_MS);
    size_t n;

    do {
        end->io = mwi_stream_write(
            end->stream, bytes, sizeof(bytes), &n, &end->error);
        if (end->io == MWI_IO_DONE) {
            end->io = mwi_stream_flush(end->stream, &end->error);
        }
        if (!is_over(end)) {
            await(end, NULL);
        }
        cr_assert_lt(mwi_now(), deadline);
    } while (end->io != MWI_IO_FAILED);
}

void
ends_close(struct ends *ends)
{
    mwi_stream_close(ends->client.stream);
    mwi_stream_close(ends->server.stream);
    mwi_tls_config_free(ends->client_config);
    mwi_tls_config_free(ends->server_config);
    memset(ends, 0, sizeof(*ends));
}

void
ends_tcp(int ret_fds[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(listener, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *) &address, len), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *) &address, &len), 0);
    ret_fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(ret_fds[0], 0);
    cr_assert_eq(connect(ret_fds[0], (struct sockaddr *) &address, len), 0);
    ret_fds[1] = accept(listener, NULL, NULL);
    cr_assert_geq(ret_fds[1], 0);
    (void) close(listener);
}
