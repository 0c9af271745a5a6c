/* SPDX-License-Identifier: MIT */
#include "raw.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

SSL_CTX *
raw_context(const struct subject_options *options, bool is_server)
{
    SSL_CTX *ctx =
        SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    char *ca = subject_cert_path(options, "ca.pem");
    char *cert =
        subject_cert_path(options, is_server ? "server.pem" : "client.pem");
    char *key =
        subject_cert_path(options, is_server ? "server.key" : "client.key");

    subject_must(
        ctx != NULL && SSL_CTX_load_verify_file(ctx, ca) == 1 &&
            SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
            SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
            SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1 &&
            SSL_CTX_set_session_id_context(
                ctx, (const unsigned char *) "raw", 3) == 1,
        "no TLS context");
    SSL_CTX_set_verify(
        ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    (void) SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
                                     SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    free(ca);
    free(cert);
    free(key);
    return ctx;
}

void
raw_no_delay(int fd)
{
    int on = 1;

    subject_must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0,
        "no TCP_NODELAY");
}

void
raw_reserve(struct raw_buf *buf, size_t more)
{
    if (buf->cap - buf->len < more) {
        buf->cap = buf->len + more;
        buf->at = realloc(buf->at, buf->cap);
        subject_must(buf->at != NULL, "out of memory");
    }
}

size_t
raw_whole(const struct raw_buf *buf, size_t *ret_n)
{
    struct raw_head head;
    size_t at = 0;

    *ret_n = 0;
    while (buf->len - at >= sizeof(head)) {
        memcpy(&head, buf->at + at, sizeof(head));
        if (buf->len - at - sizeof(head) < head.len) {
            break;
        }
        at += sizeof(head) + head.len;
        (*ret_n)++;
    }
    return at;
}

void
raw_drop(struct raw_buf *buf, size_t n)
{
    buf->len -= n;
    if (buf->len > 0) {
        memmove(buf->at, buf->at + n, buf->len);
    }
}

void
raw_write(SSL *ssl, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    size_t written;

    while (n > 0) {
        if (SSL_write_ex(ssl, at, n, &written) == 1) {
            at += written;
            n -= written;
        } else {
            struct pollfd ready = { .fd = SSL_get_fd(ssl), .events = POLLOUT };

            subject_must(SSL_get_error(ssl, 0) == SSL_ERROR_WANT_WRITE &&
                             poll(&ready, 1, -1) >= 0,
                "cannot write");
        }
    }
}

int
main(int argc, char **argv)
{
    static const struct subject subject = {
        .name = "raw",
        .variants = "spin,single,worker,changes",
        .serve = raw_serve,
        .open = raw_open,
        .close = raw_close,
        .reopen = raw_reopen,
        .echo = raw_echo,
        .touch = raw_touch,
        .octets = raw_octets,
        .doubles = raw_doubles,
        .nap = raw_nap,
        .stream = raw_stream,
        .naps = raw_naps,
    };

    return subject_main(argc, argv, &subject);
}
