/* SPDX-License-Identifier: MIT */
/*
 * The workloads, for whatever subject.  Each begins with calls that are not
 * measured, so that memory, caches and congestion windows are what they are
 * later on.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "subject.h"

enum {
    WARM_CALLS = 200,
    NAP_MS = 10,
    SETTLE_US = 300000,
};

/* One workload being run. */
struct run {
    const struct subject *subject;
    const struct subject_options *options;
    void **connections;
    size_t n_connections;
    uint64_t n_warm; /* calls that were not measured */
    struct histogram latency;
    struct usage usage;
};

static void
open_all(struct run *run, size_t n)
{
    run->connections = calloc(n, sizeof(*run->connections));
    subject_must(run->connections != NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        run->connections[i] = run->subject->open(run->options);
    }
    run->n_connections = n;
}

static void
close_all(struct run *run)
{
    for (size_t i = 0; i < run->n_connections; i++) {
        run->subject->close(run->connections[i]);
    }
    free(run->connections);
}

static void
begin(struct run *run)
{
    run->usage = measure_begin(run->options->server, run->options->port);
}

static void
end(struct run *run)
{
    run->usage =
        measure_end(&run->usage, run->options->server, run->options->port);
}

/* What all workloads tell of their calls. */
static void
print_calls(const struct run *run)
{
    const struct usage *usage = &run->usage;
    double n = (double) run->latency.n;

    subject_print("calls", n);
    subject_print("warm_calls", (double) run->n_warm);
    subject_print("calls_per_s", n / usage->wall);
    subject_print("p50_us", histogram_percentile(&run->latency, 0.5));
    subject_print("p99_us", histogram_percentile(&run->latency, 0.99));
    subject_print("client_cpu_us", usage->client_cpu * 1e6 / n);
    subject_print("server_cpu_us", usage->server_cpu * 1e6 / n);
    subject_print(
        "cpu_s_per_million", (usage->client_cpu + usage->server_cpu) * 1e6 / n);
    subject_print("switches_per_call", usage->switches / n);
    subject_print("sent_per_call", usage->sent / n);
    subject_print("received_per_call", usage->received / n);
}

/* ---- one call after the other ---- */

static void
call_echo(const struct run *run, void *connection)
{
    run->subject->echo(connection);
}

static void
call_touch(const struct run *run, void *connection)
{
    run->subject->touch(connection);
}

static void
call_octets(const struct run *run, void *connection)
{
    run->subject->octets(connection, run->options->size);
}

static void
call_doubles(const struct run *run, void *connection)
{
    run->subject->doubles(connection, run->options->size);
}

typedef void call_fn(const struct run *run, void *connection);

/* Call until a time, at least once; warm up before. */
static void
repeat(struct run *run, call_fn *call)
{
    double seconds = run->options->seconds;
    double start = measure_now();
    double now;

    while (run->n_warm < WARM_CALLS && measure_now() < start + seconds / 4) {
        call(run, run->connections[0]);
        run->n_warm++;
    }
    begin(run);
    start = measure_now();
    now = start;
    do {
        double then = now;

        call(run, run->connections[0]);
        now = measure_now();
        histogram_add(&run->latency, now - then, 1);
    } while (now < start + seconds);
    end(run);
    print_calls(run);
}

static void
run_echo(struct run *run)
{
    open_all(run, 1);
    repeat(run, call_echo);
}

static void
run_inout(struct run *run)
{
    open_all(run, 1);
    repeat(run, call_touch);
}

static void
print_rate(const struct run *run, size_t bytes)
{
    /* There and back. */
    subject_print("mb_per_s",
        2 * (double) bytes * (double) run->latency.n / run->usage.wall / 1e6);
}

static void
run_octets(struct run *run)
{
    open_all(run, 1);
    repeat(run, call_octets);
    print_rate(run, run->options->size);
}

static void
run_doubles(struct run *run)
{
    open_all(run, 1);
    repeat(run, call_doubles);
    print_rate(run, run->options->size * sizeof(double));
}

/* ---- many threads ---- */

/* Threads that begin at the same moment, and what they do. */
struct crowd {
    struct run *run;
    void (*act)(struct crowd *crowd, size_t i, struct histogram *latency);
    size_t n;
    double until;
    pthread_barrier_t barrier;
    pthread_mutex_t mutex; /* run->latency */
    _Atomic bool is_over;
    double longest; /* s that a call took, of act_beside */
};

struct member {
    struct crowd *crowd;
    size_t i;
    pthread_t thread;
};

static void *
member_main(void *user)
{
    struct member *member = user;
    struct crowd *crowd = member->crowd;
    struct histogram *latency = calloc(1, sizeof(*latency));

    subject_must(latency != NULL, "out of memory");
    (void) pthread_barrier_wait(&crowd->barrier); /* all are there */
    (void) pthread_barrier_wait(&crowd->barrier); /* go */
    crowd->act(crowd, member->i, latency);
    (void) pthread_mutex_lock(&crowd->mutex);
    histogram_join(&crowd->run->latency, latency);
    (void) pthread_mutex_unlock(&crowd->mutex);
    free(latency);
    return NULL;
}

/* Have n threads act for a time, and measure from their start to their end.
 * Returns the longest that they tell. */
static double
run_crowd(struct run *run, size_t n, double seconds,
    void (*act)(struct crowd *crowd, size_t i, struct histogram *latency))
{
    struct crowd crowd = { .run = run, .act = act, .n = n };
    struct member *members = calloc(n, sizeof(*members));
    pthread_attr_t attr;

    subject_must(
        members != NULL && pthread_attr_init(&attr) == 0 &&
            pthread_attr_setstacksize(&attr, 256 << 10) == 0 &&
            pthread_mutex_init(&crowd.mutex, NULL) == 0 &&
            pthread_barrier_init(&crowd.barrier, NULL, (unsigned) n + 1) == 0,
        "no threads");
    for (size_t i = 0; i < n; i++) {
        members[i] = (struct member){ .crowd = &crowd, .i = i };
        subject_must(pthread_create(&members[i].thread, &attr, member_main,
                         &members[i]) == 0,
            "no thread");
    }
    (void) pthread_barrier_wait(&crowd.barrier);
    begin(run);
    crowd.until = measure_now() + seconds;
    (void) pthread_barrier_wait(&crowd.barrier);
    for (size_t i = 0; i < n; i++) {
        (void) pthread_join(members[i].thread, NULL);
    }
    end(run);
    (void) pthread_attr_destroy(&attr);
    (void) pthread_mutex_destroy(&crowd.mutex);
    (void) pthread_barrier_destroy(&crowd.barrier);
    free(members);
    return crowd.longest;
}

/* Thread i calls on connections i, i + n and so on in turns. */
static void
act_echo(struct crowd *crowd, size_t i, struct histogram *latency)
{
    const struct run *run = crowd->run;
    size_t at = i % run->n_connections;
    double now = measure_now();

    while (now < crowd->until) {
        double then = now;

        run->subject->echo(run->connections[at]);
        now = measure_now();
        histogram_add(latency, now - then, 1);
        at += crowd->n;
        if (at >= run->n_connections) {
            at = i % run->n_connections;
        }
    }
}

static size_t
threads_of(const struct run *run)
{
    return run->options->threads > 0 ? run->options->threads : 1;
}

/* Threads that share a connection. */
static void
run_threads(struct run *run)
{
    open_all(run, 1);
    run->subject->echo(run->connections[0]);
    (void) run_crowd(run, threads_of(run), run->options->seconds, act_echo);
    print_calls(run);
}

/* Threads, each of which goes round its connections. */
static void
run_connections(struct run *run)
{
    size_t n = run->options->connections;

    open_all(run, n);
    for (size_t i = 0; i < n; i++) {
        run->subject->echo(run->connections[i]);
    }
    n = n < threads_of(run) ? n : threads_of(run);
    (void) run_crowd(run, n, run->options->seconds, act_echo);
    print_calls(run);
}

/* ---- many calls at once ---- */

/* Whether threads stand in for what a subject cannot do, or shall not. */
static bool
needs_threads(const struct run *run, bool can)
{
    return !can || subject_is(run->options, "threads");
}

/* Keep calls outstanding for a time, and measure it. */
static void
keep_outstanding(struct run *run, double seconds)
{
    struct subject_flow flow = {
        .depth = run->options->depth,
        .latency = &run->latency,
    };

    if (needs_threads(run, run->subject->stream != NULL)) {
        (void) run_crowd(run, run->options->depth, seconds, act_echo);
        return;
    }
    begin(run);
    flow.until = measure_now() + seconds;
    run->subject->stream(run->connections[0], &flow);
    end(run);
}

static void
run_pipelined(struct run *run)
{
    double seconds = run->options->seconds;

    open_all(run, 1);
    keep_outstanding(run, seconds / 4);
    run->n_warm = run->latency.n;
    run->latency = (struct histogram){ 0 };
    keep_outstanding(run, seconds);
    print_calls(run);
}

static void
act_nap(struct crowd *crowd, size_t i, struct histogram *latency)
{
    const struct run *run = crowd->run;
    double then = measure_now();

    run->subject->nap(run->connections[i % run->n_connections], NAP_MS);
    histogram_add(latency, measure_now() - then, 1);
}

static void
run_blocking(struct run *run)
{
    size_t n = run->options->depth;

    open_all(run, run->options->connections);
    for (size_t i = 0; i < run->n_connections; i++) {
        run->subject->echo(run->connections[i]);
    }
    /* Twice: the server may start its threads in the first turn. */
    for (int turn = 0; turn < 2; turn++) {
        if (needs_threads(run, run->subject->naps != NULL)) {
            (void) run_crowd(run, n, 0, act_nap);
        } else {
            begin(run);
            run->subject->naps(run->connections[0], n, NAP_MS);
            end(run);
        }
        subject_print(turn == 0 ? "first_ms" : "ms", run->usage.wall * 1e3);
    }
}

/* One thread makes a call that blocks, on the last connection, and another
 * calls on the first meanwhile. */
static void
act_beside(struct crowd *crowd, size_t i, struct histogram *latency)
{
    const struct run *run = crowd->run;
    double then;
    double now;

    if (i == 0) {
        run->subject->nap(run->connections[run->n_connections - 1],
            (unsigned) (run->options->seconds * 1e3));
        crowd->is_over = true;
        return;
    }
    for (now = measure_now(); !crowd->is_over;) {
        then = now;
        run->subject->echo(run->connections[0]);
        now = measure_now();
        histogram_add(latency, now - then, 1);
        crowd->longest =
            now - then > crowd->longest ? now - then : crowd->longest;
    }
}

static void
run_beside(struct run *run)
{
    open_all(run, run->options->connections);
    for (size_t i = 0; i < WARM_CALLS; i++) {
        run->subject->echo(run->connections[i % run->n_connections]);
    }
    subject_print("longest_ms",
        run_crowd(run, 2, run->options->seconds, act_beside) * 1e3);
    print_calls(run);
}

/* ---- connections ---- */

static void
call_connect(const struct run *run, void *connection)
{
    void *another = run->subject->open(run->options);

    (void) connection;
    run->subject->echo(another);
    run->subject->close(another);
}

static void
run_connect(struct run *run)
{
    open_all(run, 1);
    repeat(run, call_connect);
}

static void
call_reconnect(const struct run *run, void *connection)
{
    run->subject->reopen(connection);
    run->subject->echo(connection);
}

static void
run_reconnect(struct run *run)
{
    if (run->subject->reopen == NULL) {
        subject_print("unsupported", 1);
        return;
    }
    open_all(run, 1);
    run->subject->echo(run->connections[0]);
    repeat(run, call_reconnect);
}

static void
run_idle(struct run *run)
{
    const struct subject *subject = run->subject;
    double n = (double) run->options->connections;
    double pss[2];
    double dirty[2];
    void *first = subject->open(run->options);

    /* What the first connection costs is the server's, not the
     * connection's. */
    subject->echo(first);
    measure_memory(run->options->server, &pss[0], &dirty[0]);
    open_all(run, run->options->connections);
    for (size_t i = 0; i < run->n_connections; i++) {
        subject->echo(run->connections[i]);
    }
    (void) usleep(SETTLE_US); /* so that they are idle */
    measure_memory(run->options->server, &pss[1], &dirty[1]);
    subject->close(first);
    subject_print("kib_per_connection", (pss[1] - pss[0]) / n);
    subject_print("dirty_kib_per_connection", (dirty[1] - dirty[0]) / n);
    subject_print("server_kib", pss[0]);
}

/* ---- which ---- */

static const struct {
    const char *name;
    void (*run)(struct run *run);
    size_t size; /* unless the options have one */
} workloads[] = {
    { "echo", run_echo, 0 },
    { "pipelined", run_pipelined, 0 },
    { "inout", run_inout, 0 },
    { "bytes", run_octets, 1 << 20 },
    { "doubles", run_doubles, 1000000 },
    { "connect", run_connect, 0 },
    { "reconnect", run_reconnect, 0 },
    { "idle", run_idle, 0 },
    { "blocking", run_blocking, 0 },
    { "beside", run_beside, 0 },
    { "connections", run_connections, 0 },
    { "threads", run_threads, 0 },
};

void
subject_run(
    const struct subject *subject, const struct subject_options *options)
{
    for (size_t i = 0; i < sizeof(workloads) / sizeof(*workloads); i++) {
        struct subject_options own = *options;
        struct run run = { .subject = subject, .options = &own };

        if (strcmp(workloads[i].name, options->workload) == 0) {
            own.size = own.size > 0 ? own.size : workloads[i].size;
            workloads[i].run(&run);
            close_all(&run);
            return;
        }
    }
    subject_must(false, "no such workload");
}
