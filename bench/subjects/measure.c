/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/tcp.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- clocks and percentiles ---- */

static double
seconds_of(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0) {
        return 0;
    }
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

double
measure_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* Up to SUB nanoseconds a bucket each; from there on SUB for each power of
 * two. */
static size_t
bucket_of(uint64_t ns)
{
    unsigned power = 0;

    while (ns >> power >= 2 * HISTOGRAM_SUB) {
        power++;
    }
    return power * HISTOGRAM_SUB + (size_t) (ns >> power);
}

static double
bucket_middle(size_t bucket)
{
    size_t power = bucket / HISTOGRAM_SUB;

    power = power > 0 ? power - 1 : 0;
    return ldexp((double) (bucket - power * HISTOGRAM_SUB) + 0.5, (int) power);
}

void
histogram_add(struct histogram *histogram, double seconds, uint64_t n)
{
    const size_t last = HISTOGRAM_POWERS * HISTOGRAM_SUB - 1;
    size_t bucket = bucket_of(seconds > 0 ? (uint64_t) (seconds * 1e9) : 0);

    histogram->buckets[bucket < last ? bucket : last] += n;
    histogram->n += n;
}

void
histogram_join(struct histogram *histogram, const struct histogram *other)
{
    for (size_t i = 0; i < HISTOGRAM_POWERS * HISTOGRAM_SUB; i++) {
        histogram->buckets[i] += other->buckets[i];
    }
    histogram->n += other->n;
}

double
histogram_percentile(const struct histogram *histogram, double part)
{
    double below = part * (double) histogram->n;
    double n = 0;

    for (size_t i = 0; i < HISTOGRAM_POWERS * HISTOGRAM_SUB; i++) {
        n += (double) histogram->buckets[i];
        if (n >= below && n > 0) {
            return bucket_middle(i) / 1e3;
        }
    }
    return 0;
}

/* ---- what a process has used ---- */

/* Sum of a field of all threads' /proc/PID/task/TID/status. */
static double
sum_of_threads(pid_t process, const char *field)
{
    char path[300];
    char line[256];
    double sum = 0;
    struct dirent *entry;
    DIR *dir;

    (void) snprintf(path, sizeof(path), "/proc/%d/task", (int) process);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        FILE *file;

        (void) snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status",
            (int) process, entry->d_name);
        file = entry->d_name[0] != '.' ? fopen(path, "re") : NULL;
        while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            if (strncmp(line, field, strlen(field)) == 0) {
                sum += strtod(line + strlen(field), NULL);
            }
        }
        if (file != NULL) {
            (void) fclose(file);
        }
    }
    if (dir != NULL) {
        (void) closedir(dir);
    }
    return sum;
}

static double
cpu_of(pid_t process)
{
    clockid_t clock;

    return process != 0 && clock_getcpuclockid(process, &clock) == 0
               ? seconds_of(clock)
               : 0;
}

/* Whether a descriptor is of a connection to a port. */
static bool
leads_to(int fd, uint16_t port)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    if (getpeername(fd, (struct sockaddr *) &peer, &len) != 0) {
        return false;
    }
    if (peer.ss_family == AF_INET) {
        return ((struct sockaddr_in *) &peer)->sin_port == htons(port);
    }
    return peer.ss_family == AF_INET6 &&
           ((struct sockaddr_in6 *) &peer)->sin6_port == htons(port);
}

/* Do something with every connection to a port. */
static void
each_connection(uint16_t port, void (*act)(int fd, struct usage *usage),
    struct usage *usage)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int fd = (int) strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && leads_to(fd, port)) {
            act(fd, usage);
        }
    }
    if (dir != NULL) {
        (void) closedir(dir);
    }
}

static void
add_bytes(int fd, struct usage *usage)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0) {
        usage->sent += (double) info.tcpi_bytes_sent;
        usage->received += (double) info.tcpi_bytes_received;
    }
}

static void
shut_down(int fd, struct usage *usage)
{
    (void) usage;
    (void) shutdown(fd, SHUT_RDWR);
}

void
measure_break(uint16_t port)
{
    each_connection(port, shut_down, NULL);
}

static void
look_closer(struct usage *usage, pid_t server, uint16_t port)
{
    static const char field[] = "voluntary_ctxt_switches:";

    usage->switches = sum_of_threads(getpid(), field);
    usage->switches += server != 0 ? sum_of_threads(server, field) : 0;
    each_connection(port, add_bytes, usage);
}

struct usage
measure_begin(pid_t server, uint16_t port)
{
    struct usage usage = { 0 };

    look_closer(&usage, server, port);
    usage.server_cpu = cpu_of(server);
    usage.client_cpu = cpu_of(getpid());
    usage.wall = measure_now();
    return usage;
}

struct usage
measure_end(const struct usage *begin, pid_t server, uint16_t port)
{
    struct usage usage = { .wall = measure_now() };

    usage.client_cpu = cpu_of(getpid());
    usage.server_cpu = cpu_of(server);
    look_closer(&usage, server, port);
    usage.wall -= begin->wall;
    usage.client_cpu -= begin->client_cpu;
    usage.server_cpu -= begin->server_cpu;
    usage.switches -= begin->switches;
    usage.sent -= begin->sent;
    usage.received -= begin->received;
    return usage;
}

void
measure_memory(pid_t process, double *ret_pss, double *ret_dirty)
{
    char path[64];
    char line[256];
    FILE *file;

    *ret_pss = 0;
    *ret_dirty = 0;
    (void) snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int) process);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        (void) sscanf(line, "Pss: %lf", ret_pss);
        (void) sscanf(line, "Private_Dirty: %lf", ret_dirty);
    }
    if (file != NULL) {
        (void) fclose(file);
    }
}
