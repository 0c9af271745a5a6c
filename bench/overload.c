/* SPDX-License-Identifier: MIT */
/*
 * What a server does that is asked for more than it can do.
 *
 * Its handler sleeps, in a few threads, so what it can do is known and costs no
 * processor time.  Calls come at random times, whether others were answered or
 * not (an open loop), at some multiple of that rate, each with a deadline.
 * Latency counts from the time at which a call was to be made, not from when
 * it was.  Beside them another connection makes urgent calls, one each few
 * milliseconds.
 *
 * The server is a process of its own, whose memory is looked at.
 */
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mw/mw.h"

#include "bench.h"
#include "lib/prng.h"
#include "overload_client.mw.h"
#include "overload_server.mw.h"

enum {
    THREADS = 4,
    NAP_US = 4000,
    CAPACITY = THREADS * (1000000 / NAP_US), /* calls a second */
    DEADLINE_MS = 100,
    LANES = 2, /* connections that ordinary calls come on */
    SHOTS = 1 << 14,
    URGENT_MS = 5, /* between urgent calls */
    CASE_SECONDS = 4,
};

static const double loads[] = { 0.5, 1, 2, 5, 10 };

enum { N_LOADS = sizeof(loads) / sizeof(*loads) };

static double
now_s(void)
{
    struct timespec now;

    bench_must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "no clock");
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void
sleep_until(double at)
{
    double left = at - now_s();
    const struct timespec time = { (time_t) left,
        (long) ((left - floor(left)) * 1e9) };

    if (left > 0) {
        (void) nanosleep(&time, NULL);
    }
}

/* The server. */

static mw_status
nap(mw_call *call, uint32_t us)
{
    (void) call;
    sleep_until(now_s() + us / 1e6);
    return MW_OK;
}

static mw_status
check(mw_call *call)
{
    (void) call;
    return MW_OK;
}

struct service {
    pid_t pid;
    int alive; /* a pipe; closed, the server ends */
    char dir[32];
    char address[64];
};

static void *
stop_later(void *arg)
{
    mw_server **server = arg;
    char end;

    (void) !read(STDIN_FILENO, &end, 1);
    mw_server_stop(*server);
    return NULL;
}

static void
serve(const char *address, int ready)
{
    static const overload_Work_ops ops = { .nap = nap, .check = check };
    mw_server *server;
    mw_error error;
    pthread_t thread;

    bench_must(mw_server_open(&server,
                   MW_SERVER(.listen = address, .threads_min = THREADS,
                       .threads_max = THREADS),
                   &error) == MW_OK,
        error.text);
    bench_must(
        overload_Work_serve(server, &ops, NULL) == MW_OK, "out of memory");
    bench_must(
        pthread_create(&thread, NULL, stop_later, &server) == 0, "no thread");
    bench_must(write(ready, "r", 1) == 1, "nobody waits for the server");
    bench_must(mw_server_run(server, &error) == MW_OK, error.text);
    (void) pthread_join(thread, NULL);
    mw_server_close(server);
}

static void
service_begin(struct service *s)
{
    int alive[2];
    int ready[2];
    char byte;

    (void) strcpy(s->dir, "/tmp/mw-overload-XXXXXX");
    bench_must(mkdtemp(s->dir) != NULL, "no directory for a socket");
    (void) snprintf(s->address, sizeof(s->address), "unix:%s/s", s->dir);
    bench_must(pipe(alive) == 0 && pipe(ready) == 0, "no pipe");
    s->pid = fork();
    bench_must(s->pid >= 0, "no process");
    if (s->pid == 0) {
        bench_must(dup2(alive[0], STDIN_FILENO) == 0, "no descriptor");
        (void) close(alive[0]);
        (void) close(alive[1]);
        serve(s->address, ready[1]);
        exit(0);
    }
    (void) close(alive[0]);
    (void) close(ready[1]);
    bench_must(read(ready[0], &byte, 1) == 1, "the server did not start");
    (void) close(ready[0]);
    s->alive = alive[1];
}

static void
service_end(struct service *s)
{
    int status;

    (void) close(s->alive);
    bench_must(waitpid(s->pid, &status, 0) == s->pid && status == 0,
        "the server failed");
    (void) rmdir(s->dir);
}

/* Resident memory, MiB. */
static double
memory_of(const struct service *s)
{
    char path[64];
    unsigned long pages = 0;
    FILE *file;

    (void) snprintf(path, sizeof(path), "/proc/%d/statm", (int) s->pid);
    file = fopen(path, "re");
    bench_must(file != NULL && fscanf(file, "%*u %lu", &pages) == 1, path);
    (void) fclose(file);
    return (double) pages * (double) sysconf(_SC_PAGESIZE) / (1 << 20);
}

static mw_client *
connect_to(const struct service *s)
{
    mw_client *client;
    mw_error error;

    bench_must(
        mw_client_open(&client, s->address, NULL, &error) == MW_OK, error.text);
    return client;
}

/* A call under way. */
struct shot {
    mw_ctx ctx;
    mw_pending *pending;
    double at; /* when it was to be made */
};

/* What became of calls. */
struct outcome {
    struct bench_series good; /* latencies in ms of those in time */
    uint64_t n_made;
    uint64_t n_refused;
    uint64_t n_late; /* no answer in time, or one that says so */
};

/* One connection, one thread that makes calls, one that takes answers. */
struct lane {
    mw_client *client;
    double rate; /* calls a second */
    double end;
    struct mwt_prng prng;
    struct shot *shots; /* SHOTS of them, a ring */
    sem_t made;
    sem_t room;
    struct outcome outcome; /* the taker's */
    pthread_t maker;
    pthread_t taker;
};

/* To the next call of a Poisson process. */
static double
gap(struct lane *lane)
{
    double u = (double) (1 + mwt_below(&lane->prng, 1u << 30)) / (1 << 30);

    return -log(u) / lane->rate;
}

static void *
make_calls(void *arg)
{
    struct lane *lane = arg;
    double at = now_s();
    size_t i = 0;

    for (;;) {
        struct shot *shot = &lane->shots[i++ % SHOTS];

        (void) sem_wait(&lane->room);
        at += gap(lane);
        shot->pending = NULL;
        if (at < lane->end) {
            sleep_until(at);
            shot->at = at;
            shot->ctx = MW_CTX(.timeout_ms = DEADLINE_MS, .no_retry = true);
            bench_must(overload_Work_nap_start(lane->client, &shot->ctx, NAP_US,
                           &shot->pending) == MW_OK,
                mw_ctx_error(&shot->ctx));
        }
        (void) sem_post(&lane->made);
        if (shot->pending == NULL) {
            return NULL;
        }
    }
}

static void
take_answer(struct lane *lane, struct shot *shot)
{
    struct outcome *o = &lane->outcome;
    mw_status status = mw_pending_finish(shot->pending);
    double ms = (now_s() - shot->at) * 1e3;

    o->n_made++;
    if (status == MW_EEXHAUSTED) {
        o->n_refused++;
    } else if (status == MW_OK && ms <= DEADLINE_MS) {
        bench_add(&o->good, ms);
    } else {
        bench_must(status == MW_OK || status == MW_ETIMEDOUT,
            mw_ctx_error(&shot->ctx));
        o->n_late++;
    }
}

static void *
take_answers(void *arg)
{
    struct lane *lane = arg;

    for (size_t i = 0;; i++) {
        struct shot *shot = &lane->shots[i % SHOTS];

        (void) sem_wait(&lane->made);
        if (shot->pending == NULL) {
            return NULL;
        }
        take_answer(lane, shot);
        (void) sem_post(&lane->room);
    }
}

static void
lane_begin(struct lane *lane, mw_client *client, double rate, double seconds)
{
    *lane = (struct lane){
        .client = client,
        .rate = rate,
        .end = now_s() + seconds,
        .prng = { bench_random() },
        .shots = calloc(SHOTS, sizeof(*lane->shots)),
    };
    bench_must(lane->shots != NULL, "out of memory");
    bench_must(sem_init(&lane->made, 0, 0) == 0 &&
                   sem_init(&lane->room, 0, SHOTS) == 0,
        "no semaphore");
    bench_must(pthread_create(&lane->maker, NULL, make_calls, lane) == 0 &&
                   pthread_create(&lane->taker, NULL, take_answers, lane) == 0,
        "no thread");
}

/* Adds what became of its calls. */
static void
lane_end(struct lane *lane, struct outcome *sum)
{
    const struct outcome *o = &lane->outcome;

    (void) pthread_join(lane->maker, NULL);
    (void) pthread_join(lane->taker, NULL);
    for (size_t i = 0; i < o->good.n; i++) {
        bench_add(&sum->good, o->good.at[i]);
    }
    sum->n_made += o->n_made;
    sum->n_refused += o->n_refused;
    sum->n_late += o->n_late;
    bench_series_fini(&lane->outcome.good);
    (void) sem_destroy(&lane->made);
    (void) sem_destroy(&lane->room);
    free(lane->shots);
}

/* Urgent calls, one after the other. */
static void
call_urgently(mw_client *client, double end, struct bench_series *ret_ms)
{
    for (double at = now_s(); at < end; at += URGENT_MS / 1e3) {
        mw_ctx ctx = MW_CTX(.timeout_ms = 10000, .no_retry = true);

        sleep_until(at);
        bench_must(
            overload_Work_check(client, &ctx) == MW_OK, mw_ctx_error(&ctx));
        bench_add(ret_ms, (now_s() - at) * 1e3);
    }
}

/* One load. */
struct result {
    struct outcome outcome;
    struct bench_series urgent;
    double seconds;
    double memory; /* afterwards, MiB */
};

static void
run_load(const struct service *s, double load, double seconds,
    struct result *ret_result)
{
    struct lane lanes[LANES];
    mw_client *clients[LANES];
    mw_client *urgent = connect_to(s);

    *ret_result = (struct result){ .seconds = seconds };
    for (size_t i = 0; i < LANES; i++) {
        clients[i] = connect_to(s);
    }
    for (size_t i = 0; i < LANES; i++) {
        lane_begin(&lanes[i], clients[i], load * CAPACITY / LANES, seconds);
    }
    call_urgently(urgent, lanes[0].end, &ret_result->urgent);
    for (size_t i = 0; i < LANES; i++) {
        lane_end(&lanes[i], &ret_result->outcome);
    }
    ret_result->memory = memory_of(s);
    for (size_t i = 0; i < LANES; i++) {
        mw_client_close(clients[i]);
    }
    mw_client_close(urgent);
}

/* After bench_median(), which sorts. */
static double
percentile(const struct bench_series *series, double p)
{
    return series->n > 0 ? series->at[(size_t) (p * (double) (series->n - 1))]
                         : 0;
}

static double
good_per_s(const struct result *result)
{
    return (double) result->outcome.good.n / result->seconds;
}

static void
print_load(struct bench_table *t, double load, double peak, struct result *r)
{
    struct outcome *o = &r->outcome;

    bench_cell(t, "%g", load);
    bench_cell(t, "%.0f", (double) o->n_made / r->seconds);
    bench_cell(t, "%.0f", good_per_s(r));
    bench_cell(t, "%.3f", good_per_s(r) / peak);
    bench_cell(t, "%.0f", (double) o->n_refused / r->seconds);
    bench_cell(t, "%.0f", (double) o->n_late / r->seconds);
    bench_cell(t, "%.1f", bench_median(&o->good));
    bench_cell(t, "%.1f", percentile(&o->good, 0.99));
    (void) bench_median(&r->urgent);
    bench_cell(t, "%.1f", percentile(&r->urgent, 0.99));
    bench_cell(t, "%.1f", r->memory);
}

static void
print_loads(struct result *results, const struct bench_options *options)
{
    struct bench_table table;
    double peak = 0;

    for (size_t i = 0; i < N_LOADS; i++) {
        double good = good_per_s(&results[i]);

        peak = good > peak ? good : peak;
    }
    bench_table_init(&table, "overload",
        "load calls/s good/s of-peak refused/s late/s p50-ms p99-ms "
        "urgent-p99-ms server-MiB");
    for (size_t i = 0; i < N_LOADS; i++) {
        print_load(&table, loads[i], peak, &results[i]);
        bench_series_fini(&results[i].outcome.good);
        bench_series_fini(&results[i].urgent);
    }
    bench_table_print(&table, options);
}

int
main(int argc, char **argv)
{
    struct bench_options options = bench_options_of(argc, argv);
    double seconds = options.quick ? 0.2 : CASE_SECONDS * options.seconds;
    struct result results[N_LOADS];
    struct service service;

    if (!bench_is_wanted(&options, "overload")) {
        return 0;
    }
    service_begin(&service);
    for (size_t i = 0; i < N_LOADS; i++) {
        run_load(&service, loads[i], seconds, &results[i]);
    }
    print_loads(results, &options);
    service_end(&service);
    return 0;
}
