/* SPDX-License-Identifier: MIT */
/*
 * The server's side of the floor: one thread with epoll.  It answers what it
 * has read with one write; with variant "single", every message with its own.
 * With variant "worker", a pool of threads answers: it gets all that was read
 * as one job, or with "single" every message as its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "raw.h"
#include "records.h"

enum {
    READ_MIN = 16 << 10,
    EVENTS = 64,
    WORKERS = 4, /* unless the options say it */
};

struct conn {
    SSL *ssl;
    int fd;
    int n_users;           /* guarded by server.mutex */
    pthread_mutex_t mutex; /* ssl, when there are workers */
    struct raw_buf in;
};

/* Messages to answer. */
struct job {
    struct job *next;
    struct conn *conn;
    size_t len;
    uint8_t bytes[];
};

static struct server {
    SSL_CTX *ctx;
    int listener;
    int epoll;
    bool spins;
    bool is_single;
    bool has_workers;
    bool sends_changes;
    struct raw_buf spare;  /* idle connections hold no buffers; whose is empty
                              leaves it here */
    pthread_mutex_t mutex; /* the queue */
    pthread_cond_t is_there;
    struct job *first;
    struct job **last;
} server;

/* ---- answers ---- */

/* Turn messages into their answers, in place; gives the length of those. */
static size_t
answer(uint8_t *bytes, size_t len)
{
    struct raw_head head;
    size_t to = 0;

    for (size_t from = 0; from < len;) {
        size_t size;

        memcpy(&head, bytes + from, sizeof(head));
        size = sizeof(head) + head.len;
        if (head.kind == RAW_NAP) {
            subject_sleep(head.id);
        } else if (head.kind == RAW_TOUCH && server.sends_changes) {
            head.len = RECORDS_CHANGED * RECORD_BYTES;
            memcpy(bytes + from, &head, sizeof(head));
        }
        if (to != from) {
            memmove(bytes + to, bytes + from, sizeof(head) + head.len);
        }
        from += size;
        to += sizeof(head) + head.len;
    }
    return to;
}

/* The length of the first message. */
static size_t
first_of(const uint8_t *bytes)
{
    struct raw_head head;

    memcpy(&head, bytes, sizeof(head));
    return sizeof(head) + head.len;
}

static void
answer_now(struct conn *conn, size_t len)
{
    uint8_t *at = conn->in.at;

    while (server.is_single && len > 0) {
        size_t size = first_of(at);

        raw_write(conn->ssl, at, answer(at, size));
        at += size;
        len -= size;
    }
    if (len > 0) {
        raw_write(conn->ssl, at, answer(at, len));
    }
}

/* ---- workers ---- */

static void
let_go(struct conn *conn)
{
    bool is_last;

    (void) pthread_mutex_lock(&server.mutex);
    is_last = --conn->n_users == 0;
    (void) pthread_mutex_unlock(&server.mutex);
    if (is_last) {
        SSL_free(conn->ssl);
        (void) close(conn->fd);
        (void) pthread_mutex_destroy(&conn->mutex);
        free(conn->in.at);
        free(conn);
    }
}

static struct job *
take_job(void)
{
    struct job *job;

    (void) pthread_mutex_lock(&server.mutex);
    while (server.first == NULL) {
        (void) pthread_cond_wait(&server.is_there, &server.mutex);
    }
    job = server.first;
    server.first = job->next;
    if (server.first == NULL) {
        server.last = &server.first;
    }
    (void) pthread_mutex_unlock(&server.mutex);
    return job;
}

static void *
worker_main(void *user)
{
    (void) user;
    for (;;) {
        struct job *job = take_job();
        size_t len = answer(job->bytes, job->len);

        (void) pthread_mutex_lock(&job->conn->mutex);
        raw_write(job->conn->ssl, job->bytes, len);
        (void) pthread_mutex_unlock(&job->conn->mutex);
        let_go(job->conn);
        free(job);
    }
    return NULL;
}

static void
give_job(struct conn *conn, const uint8_t *bytes, size_t len)
{
    struct job *job = malloc(sizeof(*job) + len);

    subject_must(job != NULL, "out of memory");
    job->next = NULL;
    job->conn = conn;
    job->len = len;
    memcpy(job->bytes, bytes, len);
    (void) pthread_mutex_lock(&server.mutex);
    *server.last = job;
    server.last = &job->next;
    conn->n_users++;
    (void) pthread_cond_signal(&server.is_there);
    (void) pthread_mutex_unlock(&server.mutex);
}

static void
give_jobs(struct conn *conn, size_t len)
{
    uint8_t *at = conn->in.at;

    while (server.is_single && len > 0) {
        size_t size = first_of(at);

        give_job(conn, at, size);
        at += size;
        len -= size;
    }
    if (len > 0) {
        give_job(conn, at, len);
    }
}

/* ---- the loop ---- */

static void
take_connection(void)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

    subject_must(conn != NULL, "out of memory");
    conn->fd =
        accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    subject_must(conn->fd >= 0, "cannot accept");
    raw_no_delay(conn->fd);
    conn->n_users = 1;
    conn->ssl = SSL_new(server.ctx);
    subject_must(
        conn->ssl != NULL && SSL_set_fd(conn->ssl, conn->fd) == 1 &&
            pthread_mutex_init(&conn->mutex, NULL) == 0 &&
            epoll_ctl(server.epoll, EPOLL_CTL_ADD, conn->fd, &event) == 0,
        "no TLS");
    SSL_set_accept_state(conn->ssl);
}

/* Read once; false at the end.  It shakes hands besides. */
static bool
read_once(struct conn *conn, size_t *ret_n)
{
    struct raw_buf *in = &conn->in;
    int error;

    *ret_n = 0;
    if (in->at == NULL) {
        *in = server.spare;
        server.spare = (struct raw_buf){ 0 };
    }
    raw_reserve(in, in->cap > in->len ? 1 : READ_MIN);
    if (SSL_read_ex(conn->ssl, in->at + in->len, in->cap - in->len, ret_n) ==
        1) {
        in->len += *ret_n;
        return true;
    }
    error = SSL_get_error(conn->ssl, 0);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* Make room for the rest of a message whose head has come. */
static void
expect(struct raw_buf *in)
{
    if (in->len >= sizeof(struct raw_head)) {
        size_t size = first_of(in->at);

        raw_reserve(in, size > in->len ? size - in->len : 0);
    }
}

/* Read until there are whole messages, or nothing to read.  OpenSSL reads
 * ahead, and epoll does not know of what it holds. */
static bool
read_messages(struct conn *conn, size_t *ret_len)
{
    size_t n;
    bool goes_on = true;

    *ret_len = 0;
    if (server.has_workers) {
        (void) pthread_mutex_lock(&conn->mutex);
    }
    do {
        size_t n_messages;

        goes_on = read_once(conn, &n);
        *ret_len = raw_whole(&conn->in, &n_messages);
        expect(&conn->in);
    } while (
        goes_on && n > 0 && (*ret_len == 0 || SSL_has_pending(conn->ssl) == 1));
    if (server.has_workers) {
        (void) pthread_mutex_unlock(&conn->mutex);
    }
    return goes_on;
}

static void
serve_connection(struct conn *conn)
{
    size_t len;
    bool goes_on = read_messages(conn, &len);

    if (server.has_workers) {
        give_jobs(conn, len);
    } else {
        answer_now(conn, len);
    }
    raw_drop(&conn->in, len);
    if (conn->in.len == 0) {
        free(server.spare.at);
        server.spare = conn->in;
        conn->in = (struct raw_buf){ 0 };
    }
    if (!goes_on) {
        (void) epoll_ctl(server.epoll, EPOLL_CTL_DEL, conn->fd, NULL);
        let_go(conn);
    }
}

static int
wait_for_events(struct epoll_event *events)
{
    double until = server.spins ? measure_now() + RAW_SPIN_S : 0;
    int n;

    while (server.spins && measure_now() < until) {
        n = epoll_wait(server.epoll, events, EVENTS, 0);
        if (n != 0) {
            return n;
        }
        (void) sched_yield();
    }
    return epoll_wait(server.epoll, events, EVENTS, -1);
}

static void
listen_and_tell(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = { .events = EPOLLIN };
    socklen_t len = sizeof(address);

    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    subject_must(server.listener >= 0 && server.epoll >= 0 &&
                     bind(server.listener, (struct sockaddr *) &address,
                         sizeof(address)) == 0 &&
                     listen(server.listener, SOMAXCONN) == 0 &&
                     getsockname(server.listener, (struct sockaddr *) &address,
                         &len) == 0 &&
                     epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener,
                         &event) == 0,
        "cannot listen");
    subject_ready(ntohs(address.sin_port), NULL, NULL);
}

void
raw_serve(const struct subject_options *options)
{
    struct epoll_event events[EVENTS];
    pthread_t thread;
    size_t n_workers;

    server.ctx = raw_context(options, true);
    server.spins = subject_is(options, "spin");
    server.is_single = subject_is(options, "single");
    server.has_workers = subject_is(options, "worker");
    server.sends_changes = subject_is(options, "changes");
    server.last = &server.first;
    subject_must(pthread_mutex_init(&server.mutex, NULL) == 0 &&
                     pthread_cond_init(&server.is_there, NULL) == 0,
        "no locks");
    n_workers = options->threads > 0 ? options->threads : WORKERS;
    for (size_t i = 0; server.has_workers && i < n_workers; i++) {
        subject_must(
            pthread_create(&thread, NULL, worker_main, NULL) == 0, "no thread");
    }
    listen_and_tell();
    for (;;) {
        int n = wait_for_events(events);

        subject_must(n >= 0 || errno == EINTR, "no epoll");
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL) {
                take_connection();
            } else {
                serve_connection(events[i].data.ptr);
            }
        }
    }
}
