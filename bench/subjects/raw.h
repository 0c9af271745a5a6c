/* SPDX-License-Identifier: MIT */
/*
 * The floor: plain OpenSSL that does nothing but move the same bytes.
 *
 * A message is a head and as many bytes; an answer has the head of its request.
 * The bytes are in the machine's order and nothing is checked: both ends are
 * this program.
 */
#ifndef RAW_H
#define RAW_H

#include <openssl/ssl.h>

#include "subject.h"

enum raw_kind {
    RAW_ECHO = 1, /* answered by itself */
    RAW_TOUCH,    /* the same, or the changes alone */
    RAW_NAP,      /* ms in id; answered by itself after that time */
};

struct raw_head {
    uint32_t len; /* bytes that follow */
    uint32_t id;
    uint32_t kind;
};

/* Bytes in a block that grows. */
struct raw_buf {
    uint8_t *at;
    size_t len;
    size_t cap;
};

/** A context for either side: TLS 1.3, mutual, one cipher, as for all. */
SSL_CTX *raw_context(const struct subject_options *options, bool is_server);

/** Send a message at once, for TCP_NODELAY. */
void raw_no_delay(int fd);

/** Make room for so many more bytes. */
void raw_reserve(struct raw_buf *buf, size_t more);

/** Bytes of whole messages that a buffer begins with; how many those are. */
size_t raw_whole(const struct raw_buf *buf, size_t *ret_n);

/** Forget the first bytes. */
void raw_drop(struct raw_buf *buf, size_t n);

/** Write all, waiting for the socket if it does not block. */
void raw_write(SSL *ssl, const void *bytes, size_t n);

/* Until when a thread that waits retries before it sleeps. */
#define RAW_SPIN_S 50e-6

void raw_serve(const struct subject_options *options);

void *raw_open(const struct subject_options *options);
void raw_close(void *connection);
void raw_reopen(void *connection);
void raw_echo(void *connection);
void raw_touch(void *connection);
void raw_octets(void *connection, size_t n);
void raw_doubles(void *connection, size_t n);
void raw_nap(void *connection, unsigned ms);
void raw_stream(void *connection, const struct subject_flow *flow);
void raw_naps(void *connection, size_t n, unsigned ms);

#endif
