/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the floor.  It blocks in read(); with variant "spin" it
 * first retries for a while, yielding the processor in between.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "raw.h"
#include "records.h"

enum { READ_MIN = 16 << 10 };

struct raw_client {
    const struct subject_options *options;
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    bool spins;
    bool is_single; /* one write for each message */
    struct raw_buf in;
    struct raw_buf out;
};

/* ---- connections ---- */

static void
dial(struct raw_client *c, SSL_SESSION *session)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(c->options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    subject_must(c->fd >= 0 && connect(c->fd, (struct sockaddr *) &address,
                                   sizeof(address)) == 0,
        "cannot connect");
    raw_no_delay(c->fd);
    c->ssl = SSL_new(c->ctx);
    subject_must(c->ssl != NULL && SSL_set_fd(c->ssl, c->fd) == 1 &&
                     SSL_set1_host(c->ssl, "localhost") == 1,
        "no TLS");
    subject_must(session == NULL || SSL_set_session(c->ssl, session) == 1,
        "cannot resume");
    subject_must(SSL_connect(c->ssl) == 1, "cannot shake hands");
    if (c->spins) {
        subject_must(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0, "no O_NONBLOCK");
    }
}

static void
hang_up(struct raw_client *c)
{
    (void) SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    (void) close(c->fd);
    c->in.len = 0;
}

void *
raw_open(const struct subject_options *options)
{
    static SSL_CTX *ctx; /* one for all connections, as in real programs */
    struct raw_client *c = calloc(1, sizeof(*c));

    subject_must(c != NULL, "out of memory");
    if (ctx == NULL) {
        ctx = raw_context(options, false);
    }
    c->ctx = ctx;
    c->options = options;
    c->spins = subject_is(options, "spin");
    c->is_single = subject_is(options, "single");
    dial(c, NULL);
    return c;
}

void
raw_close(void *connection)
{
    struct raw_client *c = connection;

    hang_up(c);
    free(c->in.at);
    free(c->out.at);
    free(c);
}

void
raw_reopen(void *connection)
{
    struct raw_client *c = connection;
    /* The ticket has come with the first answer. */
    SSL_SESSION *session = SSL_get1_session(c->ssl);

    subject_must(session != NULL, "no session");
    hang_up(c);
    dial(c, session);
    subject_must(SSL_session_reused(c->ssl) == 1, "not resumed");
    SSL_SESSION_free(session);
}

/* ---- messages ---- */

/* Wait for bytes to read: retry first, sleep then. */
static void
wait_readable(struct raw_client *c, double *since)
{
    struct pollfd ready = { .fd = c->fd, .events = POLLIN };

    if (*since == 0) {
        *since = measure_now();
    }
    if (measure_now() - *since < RAW_SPIN_S) {
        (void) sched_yield();
    } else {
        (void) poll(&ready, 1, -1);
    }
}

/* Read what is there, at least one byte. */
static void
read_some(struct raw_client *c, size_t wanted)
{
    double since = 0;
    size_t n;

    raw_reserve(&c->in, wanted > READ_MIN ? wanted : READ_MIN);
    while (SSL_read_ex(
               c->ssl, c->in.at + c->in.len, c->in.cap - c->in.len, &n) != 1) {
        subject_must(SSL_get_error(c->ssl, 0) == SSL_ERROR_WANT_READ,
            "the server has gone");
        wait_readable(c, &since);
    }
    c->in.len += n;
}

/* The request in c->out, of n bytes, and its answer of about as many; gives the
 * length of that. */
static uint32_t
call(struct raw_client *c, enum raw_kind kind, uint32_t id, size_t n)
{
    struct raw_head head = { .len = (uint32_t) n, .id = id, .kind = kind };
    size_t whole = 0;
    size_t n_messages;

    memcpy(c->out.at, &head, sizeof(head));
    raw_write(c->ssl, c->out.at, sizeof(head) + n);
    while (whole == 0) {
        read_some(c, sizeof(head) + n - c->in.len);
        whole = raw_whole(&c->in, &n_messages);
    }
    memcpy(&head, c->in.at, sizeof(head));
    subject_must(head.id == id && head.kind == kind && n_messages == 1 &&
                     memcmp(c->in.at + sizeof(head), c->out.at + sizeof(head),
                         head.len < 64 ? head.len : 64) == 0,
        "a wrong answer");
    raw_drop(&c->in, whole);
    return head.len;
}

/* A payload that looks like one. */
static void
prepare(struct raw_client *c, size_t n)
{
    size_t len = sizeof(struct raw_head) + n;

    if (c->out.len != len) {
        raw_reserve(&c->out, len);
        c->out.len = len;
        for (size_t i = 0; i < len; i++) {
            c->out.at[i] = (uint8_t) (i * 131 >> 3);
        }
    }
}

enum { ECHO_LEN = sizeof(int32_t) + sizeof(SUBJECT_TEXT) - 1 };

void
raw_echo(void *connection)
{
    struct raw_client *c = connection;

    prepare(c, ECHO_LEN);
    subject_must(call(c, RAW_ECHO, SUBJECT_NUMBER, ECHO_LEN) == ECHO_LEN,
        "a wrong answer");
}

void
raw_touch(void *connection)
{
    struct raw_client *c = connection;
    const uint32_t len = RECORDS * RECORD_BYTES;

    prepare(c, len);
    subject_must(
        call(c, RAW_TOUCH, 1, len) == (subject_is(c->options, "changes")
                                              ? RECORDS_CHANGED * RECORD_BYTES
                                              : len),
        "a wrong answer");
}

void
raw_octets(void *connection, size_t n)
{
    struct raw_client *c = connection;

    prepare(c, n);
    subject_must(call(c, RAW_ECHO, 1, n) == n, "a wrong answer");
}

void
raw_doubles(void *connection, size_t n)
{
    raw_octets(connection, n * sizeof(double));
}

void
raw_nap(void *connection, unsigned ms)
{
    struct raw_client *c = connection;

    prepare(c, 0);
    (void) call(c, RAW_NAP, ms, 0);
}

/* ---- many messages ---- */

/* Put n requests into c->out. */
static void
fill(struct raw_client *c, struct raw_head head, size_t n)
{
    size_t size = sizeof(head) + head.len;

    c->out.len = 0;
    raw_reserve(&c->out, n * size);
    for (size_t i = 0; i < n; i++) {
        memcpy(c->out.at + i * size, &head, sizeof(head));
        memset(c->out.at + i * size + sizeof(head), 'x', head.len);
    }
}

static void
send_some(struct raw_client *c, size_t size, size_t n)
{
    if (!c->is_single) {
        raw_write(c->ssl, c->out.at, n * size);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        raw_write(c->ssl, c->out.at, size);
    }
}

/* How many answers have come; at least one. */
static size_t
receive_some(struct raw_client *c)
{
    size_t n = 0;

    while (n == 0) {
        read_some(c, 0);
        raw_drop(&c->in, raw_whole(&c->in, &n));
    }
    return n;
}

void
raw_stream(void *connection, const struct subject_flow *flow)
{
    struct raw_client *c = connection;
    struct raw_head head = { .len = ECHO_LEN, .kind = RAW_ECHO };
    double *started = calloc(flow->depth, sizeof(*started));
    size_t size = sizeof(head) + head.len;
    size_t outstanding = flow->depth;
    size_t first = 0; /* the oldest of a ring */
    double now = measure_now();

    subject_must(started != NULL, "out of memory");
    fill(c, head, flow->depth);
    for (size_t i = 0; i < flow->depth; i++) {
        started[i] = now;
    }
    send_some(c, size, outstanding);
    while (outstanding > 0) {
        size_t n = receive_some(c);

        now = measure_now();
        for (size_t i = 0; i < n; i++) {
            histogram_add(flow->latency, now - started[first], 1);
            started[first] = now;
            first = (first + 1) % flow->depth;
        }
        if (now < flow->until) {
            send_some(c, size, n);
        } else {
            outstanding -= n;
        }
    }
    c->out.len = 0;
    free(started);
}

void
raw_naps(void *connection, size_t n, unsigned ms)
{
    struct raw_client *c = connection;
    struct raw_head head = { .id = ms, .kind = RAW_NAP };

    fill(c, head, n);
    send_some(c, sizeof(head), n);
    while (n > 0) {
        n -= receive_some(c);
    }
    c->out.len = 0;
}
