/* SPDX-License-Identifier: MIT */
/*
 * libmw.  Calls that are outstanding together are started and finished by one
 * thread; in the variant "threads", by as many threads as calls, which share
 * the client.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mw/client.h"
#include "mw/pending.h"

#include "records.h"
#include "subject.h"
#include "subject_client.mw.h"
#include "subject_server.mw.h"

/* Limits that no workload comes near to. */
enum {
    MESSAGE_MAX = 256 << 20,
    MEMORY_MAX = 1 << 30,
    QUEUE_MAX = 4096,
    TIMEOUT_MS = 60000,
};

struct connection {
    const struct subject_options *options;
    mw_client *client;
    subject_Table table;
    uint32_t touched; /* calls that have changed the table */
    mw_seq_u8 octets;
    mw_seq_f64 doubles;
};

/* ---- options of the library ---- */

static mw_server_options
server_options(const struct subject_options *options, const mw_tls_options *tls)
{
    return *MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = tls,
        .threads_max = (uint32_t) options->threads, .queue_max = QUEUE_MAX,
        .no_spin = subject_is(options, "nospin"), .message_max = MESSAGE_MAX,
        .memory_max = MEMORY_MAX);
}

static mw_client_options
client_options(const struct subject_options *options, const mw_tls_options *tls)
{
    return *MW_CLIENT(.tls = tls, .timeout_ms = TIMEOUT_MS,
        .no_spin = subject_is(options, "nospin"), .message_max = MESSAGE_MAX,
        .memory_max = MEMORY_MAX);
}

static void
must(mw_status status, const char *what)
{
    if (status < 0) {
        (void) fprintf(stderr, "%s: ", what);
        subject_must(false, mw_status_text(status));
    }
}

/* ---- server ---- */

static mw_status
echo(mw_call *call, const subject_Small *request, subject_Small *ret_value)
{
    (void) call;
    *ret_value = *request;
    return MW_OK;
}

static mw_status
touch(mw_call *call, subject_Table *table)
{
    (void) call;
    for (size_t i = 0; i < table->records.len; i += RECORDS_STEP) {
        table->records.items[i].price += RECORD_PRICE_STEP;
        table->records.items[i].count++;
    }
    return MW_OK;
}

static mw_status
octets(mw_call *call, const mw_seq_u8 *payload, mw_seq_u8 *ret_value)
{
    (void) call;
    *ret_value = *payload;
    return MW_OK;
}

static mw_status
doubles(mw_call *call, const mw_seq_f64 *payload, mw_seq_f64 *ret_value)
{
    (void) call;
    *ret_value = *payload;
    return MW_OK;
}

static mw_status
nap(mw_call *call, uint32_t ms)
{
    (void) call;
    subject_sleep(ms);
    return MW_OK;
}

static void
stop(void *user)
{
    mw_server_stop(user);
}

static void
serve(const struct subject_options *options)
{
    static const subject_Bench_ops ops = {
        .echo = echo,
        .touch = touch,
        .octets = octets,
        .doubles = doubles,
        .nap = nap,
    };
    char *ca = subject_cert_path(options, "ca.pem");
    char *cert = subject_cert_path(options, "server.pem");
    char *key = subject_cert_path(options, "server.key");
    mw_server_options own =
        server_options(options, MW_TLS(.ca = ca, .cert = cert, .key = key));
    mw_server *server;
    mw_error err;
    const char *port;

    subject_must(mw_server_open(&server, &own, &err) == MW_OK, err.text);
    must(subject_Bench_serve(server, &ops, NULL), "serve");
    port = strrchr(mw_server_address(server, 0), ':') + 1;
    subject_ready((uint16_t) strtoul(port, NULL, 10), stop, server);
    must(mw_server_run(server, &err), "run");
    mw_server_close(server);
    free(ca);
    free(cert);
    free(key);
}

/* ---- client ---- */

static char *
copy(const char *text)
{
    char *copied = strdup(text);

    subject_must(copied != NULL, "out of memory");
    return copied;
}

static void
fill(subject_Table *table)
{
    table->records.items = calloc(RECORDS, sizeof(*table->records.items));
    subject_must(table->records.items != NULL, "out of memory");
    table->records.len = RECORDS;
    table->records.cap = RECORDS;
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct record record = record_at(i);

        table->records.items[i] = (subject_Record){
            .stamp = record.stamp,
            .name = copy(record.name),
            .price = record.price,
            .count = record.count,
            .rank = record.rank,
            .open = record.open,
            .shard = record.shard,
            .note = copy(record.note),
        };
    }
}

static void *
open_client(const struct subject_options *options)
{
    struct connection *c = calloc(1, sizeof(*c));
    char *ca = subject_cert_path(options, "ca.pem");
    char *cert = subject_cert_path(options, "client.pem");
    char *key = subject_cert_path(options, "client.key");
    mw_client_options own = client_options(
        options, MW_TLS(.ca = ca, .cert = cert, .key = key,
                     .no_resumption = subject_is(options, "full")));
    char address[64];
    mw_error err;

    subject_must(c != NULL, "out of memory");
    c->options = options;
    (void) snprintf(address, sizeof(address), "tls://127.0.0.1:%u",
        (unsigned) options->port);
    subject_must(
        mw_client_open(&c->client, address, &own, &err) == MW_OK, err.text);
    free(ca);
    free(cert);
    free(key);
    return c;
}

static void
close_client(void *connection)
{
    struct connection *c = connection;

    mw_client_close(c->client);
    subject_Table_clear(&c->table);
    free(c->octets.items);
    free(c->doubles.items);
    free(c);
}

/* The client reconnects by itself, at the next call. */
static void
reopen_client(void *connection)
{
    struct connection *c = connection;

    measure_break(c->options->port);
}

static void
call_echo(void *connection)
{
    struct connection *c = connection;
    const subject_Small request = { SUBJECT_NUMBER, SUBJECT_TEXT };
    subject_Small answer = { 0 };

    must(subject_Bench_echo(c->client, NULL, &request, &answer), "echo");
    subject_must(
        answer.number == request.number &&
            memcmp(answer.text, request.text, sizeof(answer.text)) == 0,
        "a wrong answer");
}

static void
call_touch(void *connection)
{
    struct connection *c = connection;

    if (c->table.records.items == NULL) {
        fill(&c->table);
    }
    must(subject_Bench_touch(c->client, NULL, &c->table), "touch");
    c->touched++;
    for (uint32_t i = 0; i < RECORDS; i += RECORDS_STEP) {
        const subject_Record *record = &c->table.records.items[i];

        subject_must(
            record_is_after(i, c->touched, record->price, record->count),
            "a wrong answer");
    }
}

static void
call_octets(void *connection, size_t n)
{
    struct connection *c = connection;
    mw_seq_u8 answer = { 0 };

    if (c->octets.items == NULL) {
        c->octets.items = malloc(n);
        subject_must(c->octets.items != NULL, "out of memory");
        memset(c->octets.items, 'x', n);
        c->octets.len = n;
    }
    must(subject_Bench_octets(c->client, NULL, &c->octets, &answer), "octets");
    subject_must(
        answer.len == n && answer.items[n - 1] == 'x', "a wrong answer");
    free(answer.items);
}

static void
call_doubles(void *connection, size_t n)
{
    struct connection *c = connection;
    mw_seq_f64 answer = { 0 };

    if (c->doubles.items == NULL) {
        c->doubles.items = calloc(n, sizeof(double));
        subject_must(c->doubles.items != NULL, "out of memory");
        for (size_t i = 0; i < n; i++) {
            c->doubles.items[i] = subject_double(i);
        }
        c->doubles.len = n;
    }
    must(subject_Bench_doubles(c->client, NULL, &c->doubles, &answer),
        "doubles");
    subject_must(
        answer.len == n && answer.items[n - 1] == subject_double(n - 1),
        "a wrong answer");
    free(answer.items);
}

static void
call_nap(void *connection, unsigned ms)
{
    struct connection *c = connection;

    must(subject_Bench_nap(c->client, NULL, ms), "nap");
}

/* A call under way, and where its answer goes. */
struct slot {
    mw_pending *pending;
    mw_ctx ctx;
    subject_Small answer;
    double then;
};

static const subject_Small small_request = { SUBJECT_NUMBER, SUBJECT_TEXT };

static void
finish_echo(struct slot *slot)
{
    must(mw_pending_finish(slot->pending), "echo");
    slot->pending = NULL;
    subject_must(slot->answer.number == small_request.number &&
                     memcmp(slot->answer.text, small_request.text,
                         sizeof(small_request.text)) == 0,
        "a wrong answer");
}

/* Calls in a ring, finished in the order in which they were started.  A start
 * may wait for the next, since a finish follows that waits for the answer. */
static void
stream_echo(void *connection, const struct subject_flow *flow)
{
    struct connection *c = connection;
    struct slot *slots = calloc(flow->depth, sizeof(*slots));
    double now = measure_now();
    size_t at = 0;
    size_t n_pending = 0;

    subject_must(slots != NULL, "out of memory");
    while (now < flow->until || n_pending > 0) {
        struct slot *slot = &slots[at];

        if (slot->pending != NULL) {
            finish_echo(slot);
            n_pending--;
            now = measure_now();
            histogram_add(flow->latency, now - slot->then, 1);
        }
        if (now < flow->until) {
            slot->ctx = MW_CTX(.more = true);
            slot->then = now;
            must(subject_Bench_echo_start(c->client, &slot->ctx, &small_request,
                     &slot->answer, &slot->pending),
                "start");
            n_pending++;
        }
        at = at + 1 < flow->depth ? at + 1 : 0;
    }
    free(slots);
}

static void
start_naps(void *connection, size_t n, unsigned ms)
{
    struct connection *c = connection;
    mw_pending **pending = calloc(n, sizeof(mw_pending *));
    mw_ctx ctx = MW_CTX(.more = true);

    subject_must(pending != NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        must(
            subject_Bench_nap_start(c->client, &ctx, ms, &pending[i]), "start");
    }
    for (size_t i = 0; i < n; i++) {
        must(mw_pending_finish(pending[i]), "nap");
    }
    free(pending);
}

int
main(int argc, char **argv)
{
    struct subject subject = {
        .name = "libmw",
        .variants = "full,nospin,threads",
        .serve = serve,
        .open = open_client,
        .close = close_client,
        .reopen = reopen_client,
        .echo = call_echo,
        .touch = call_touch,
        .octets = call_octets,
        .doubles = call_doubles,
        .nap = call_nap,
        .stream = stream_echo,
        .naps = start_naps,
    };

    for (int i = 1; i < argc; i++) {
        if (strstr(argv[i], "threads") != NULL && argv[i][0] != '-') {
            subject.stream = NULL;
            subject.naps = NULL;
        }
    }
    return subject_main(argc, argv, &subject);
}
