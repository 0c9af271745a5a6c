/* SPDX-License-Identifier: MIT */
/*
 * Hours in minutes: 200 connections over TLS to 4 servers, which restart in
 * turn, drained or killed, behind proxies that cut, damage, stall, swallow,
 * split and delay at random.
 *
 *     soak [seconds [seed]]        600 seconds, any seed
 *
 * In the end: no wrong answer, no object half changed, no call has run twice,
 * none that succeeded has not, none that was told not to have run has; a
 * one-way call that a server had acknowledged has run if that server was not
 * killed; descriptors and threads are as many as at the start, and memory has
 * not grown.  Deadlines are measured; only what no busy machine explains is a
 * failure.
 */
#include "faults/soak.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/pki.h"

enum {
    SECONDS = 600,
    PAUSE_MS = 2000,       /* between restarts, at the most */
    GROWTH_KIB = 24 << 10, /* from the first third to the end */
    SETTLE_MS = 60000,
};

static void *
do_nothing(void *arg)
{
    return arg;
}

/* With the first thread the thread sanitizer makes one of its own. */
static void
make_a_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 ||
        pthread_join(thread, NULL) != 0) {
        abort();
    }
}

/* What must be as it was. */
struct usage {
    long descriptors;
    long threads;
};

static struct usage
measure(void)
{
    return (struct usage){
        .descriptors = mwt_process_descriptors(0),
        .threads = mwt_process_number(0, "Threads"),
    };
}

static struct soak_record *
make_records(void)
{
    void *records = mmap(NULL, MWT_LEDGER_IDS * sizeof(struct soak_record),
        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (records == MAP_FAILED) {
        perror("soak: mmap");
        abort();
    }
    return records;
}

/* Whether a server that was one of these generations has been killed. */
static bool
may_be_lost(const struct soak *soak, const struct soak_record *record)
{
    const struct soak_server *server = &soak->servers[record->server];

    for (unsigned i = record->first; i <= record->last; i++) {
        if (atomic_load(&server->ends[i]) != SOAK_DRAINED) {
            return true;
        }
    }
    return false;
}

/* What is wrong with a call, or NULL. */
static const char *
fault_of(const struct soak *soak, uint64_t id)
{
    const struct soak_record *record = &soak->records[id];
    unsigned runs = mwt_ledger_runs(&soak->ledger, id);
    bool is_ok = (record->flags & SOAK_OK) != 0;
    bool is_one_way = (record->flags & SOAK_ONE_WAY) != 0;

    if (runs > 1) {
        return "has run twice";
    }
    if (is_ok && runs == 0 && !is_one_way) {
        return "succeeded and has not run";
    }
    if (is_ok && runs == 0 && !may_be_lost(soak, record)) {
        return "was acknowledged and has not run";
    }
    if ((record->flags & SOAK_NOT_RUN) != 0 && runs > 0) {
        return "has run, and its caller was told that it had not";
    }
    return NULL;
}

static uint64_t
judge(const struct soak *soak)
{
    uint64_t n = atomic_load(&soak->next_id);
    uint64_t n_bad = 0;
    uint64_t n_ok = 0;
    uint64_t n_not_run = 0;

    n = n < MWT_LEDGER_IDS ? n : MWT_LEDGER_IDS;
    for (uint64_t id = 0; id < n; id++) {
        const char *fault = fault_of(soak, id);

        n_ok += (soak->records[id].flags & SOAK_OK) != 0;
        n_not_run += (soak->records[id].flags & SOAK_NOT_RUN) != 0;
        if (fault != NULL) {
            (void) fprintf(
                stderr, "soak: call %llu %s\n", (unsigned long long) id, fault);
            n_bad++;
        }
    }
    (void) printf("soak: %llu calls: %llu succeeded, %llu not run, %llu "
                  "unknown; %llu wrong\n",
        (unsigned long long) n, (unsigned long long) n_ok,
        (unsigned long long) n_not_run,
        (unsigned long long) (n - n_ok - n_not_run),
        (unsigned long long) n_bad);
    return n_bad + (n_ok == 0);
}

static bool
report_lateness(const struct soak_caller *callers)
{
    struct soak_lateness all = { 0 };

    for (size_t i = 0; i < SOAK_CALLERS; i++) {
        const struct soak_lateness *l = &callers[i].lateness;

        all.n += l->n;
        all.n_late += l->n_late;
        all.n_gross += l->n_gross;
        all.n_early += l->n_early;
        all.worst_ms = l->worst_ms > all.worst_ms ? l->worst_ms : all.worst_ms;
    }
    (void) printf("soak: %llu deadlines passed, %llu later than by a tenth "
                  "and %d ms, the worst by %lld ms; %llu early\n",
        (unsigned long long) all.n, (unsigned long long) all.n_late,
        (int) SOAK_ALLOWANCE_MS, (long long) all.worst_ms,
        (unsigned long long) all.n_early);
    return all.n_gross == 0 && all.n_early == 0;
}

/* Restart servers in turn until the time is over.  Returns how much memory was
 * in use after a third of it, KiB. */
static long
restart_in_turn(struct soak *soak, uint32_t seconds, struct mwt_prng *prng)
{
    int64_t end = mwi_deadline_in(seconds * 1000);
    int64_t third = mwi_deadline_in(seconds * 1000 / 3);
    long memory = 0;

    for (size_t i = 0; mwi_now() < end; i++) {
        (void) poll(NULL, 0, (int) mwt_below(prng, PAUSE_MS));
        soak_server_restart(soak, i % SOAK_SERVERS, prng);
        if (memory == 0 && mwi_now() > third) {
            memory = mwt_process_number(0, "RssAnon");
        }
    }
    return memory;
}

static bool
report_memory(long before)
{
    long growth = mwt_process_number(0, "RssAnon") - before;

    (void) printf("soak: %ld KiB in use, %+ld since the first third%s\n",
        before + growth, growth, MWT_IS_SANITIZED ? ", not judged" : "");
    return MWT_IS_SANITIZED || growth < GROWTH_KIB;
}

static void
report_restarts(const struct soak *soak)
{
    unsigned n[3] = { 0 };
    uint64_t n_connections = 0;
    uint64_t n_struck = 0;

    for (size_t i = 0; i < SOAK_SERVERS; i++) {
        const struct soak_server *server = &soak->servers[i];

        for (unsigned g = 0; g < atomic_load(&server->generation); g++) {
            n[atomic_load(&server->ends[g])]++;
        }
        n_connections += mwt_proxy_connections(server->proxy);
        n_struck += mwt_proxy_struck(server->proxy);
    }
    (void) printf("soak: %u servers drained, %u killed; %llu connections, "
                  "%llu faults\n",
        n[SOAK_DRAINED], n[SOAK_KILLED], (unsigned long long) n_connections,
        (unsigned long long) n_struck);
}

/* Threads that were joined may still be counted for a moment. */
static bool
is_as_before(const struct usage *before)
{
    int64_t deadline = mwi_deadline_in(SETTLE_MS);
    struct usage now = measure();

    while ((now.threads != before->threads ||
               now.descriptors != before->descriptors) &&
           mwi_now() < deadline) {
        (void) poll(NULL, 0, 10);
        now = measure();
    }
    (void) printf("soak: %ld descriptors, %ld before; %ld threads, %ld "
                  "before\n",
        now.descriptors, before->descriptors, now.threads, before->threads);
    return now.threads == before->threads &&
           now.descriptors == before->descriptors;
}

/* Returns whether all was well. */
static bool
soak_for(struct soak *soak, uint32_t seconds, struct mwt_prng *prng)
{
    static struct soak_caller callers[SOAK_CALLERS];
    struct usage before = measure();
    bool is_well;
    long memory;

    mwt_ledger_open(&soak->ledger, -1);
    soak->records = make_records();
    soak_servers_begin(soak, mwt_next(prng));
    for (size_t i = 0; i < SOAK_CALLERS; i++) {
        soak_caller_begin(soak, &callers[i], i, mwt_next(prng));
    }
    memory = restart_in_turn(soak, seconds, prng);
    is_well = report_memory(memory);
    atomic_store(&soak->is_over, true);
    for (size_t i = 0; i < SOAK_CALLERS; i++) {
        soak_caller_end(&callers[i]);
    }
    report_restarts(soak);
    soak_servers_end(soak);
    is_well = judge(soak) == 0 && is_well;
    is_well = report_lateness(callers) && is_well;
    for (size_t i = 0; i < SOAK_SERVERS; i++) {
        free((void *) soak->servers[i].ends);
    }
    mwt_ledger_close(&soak->ledger);
    is_well = is_as_before(&before) && is_well;
    return is_well && atomic_load(&soak->n_wrong) == 0;
}

int
main(int argc, char **argv)
{
    static struct soak soak;
    uint32_t seconds =
        argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : SECONDS;
    struct mwt_prng prng;
    bool is_well;

    if (argc > 2) {
        (void) setenv("MW_SEED", argv[2], 1);
    }
    prng = mwt_prng_seeded("soak");
    (void) mwt_pki_get();
    make_a_thread();
    is_well = soak_for(&soak, seconds, &prng);
    (void) printf("soak: %s\n", is_well ? "all is well" : "FAILED");
    return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
