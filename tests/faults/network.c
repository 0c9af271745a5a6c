/* SPDX-License-Identifier: MIT */
#include "faults/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sync.h"
#include "lib/prng.h"

enum {
    PACKET_MAX = 2048,
    QUEUE_MAX = 4096, /* packets; more are lost */
    NS_PER_MS = 1000000,
};

static const char *const addresses[] = { MWT_SERVER_ADDRESS, "10.77.0.2" };

struct packet {
    int64_t due;
    uint64_t number;
    enum mwt_host to;
    size_t len;
    uint8_t bytes[PACKET_MAX];
};

struct mwt_network {
    pthread_t thread;
    int home;          /* where the process was */
    int namespaces[2]; /* by enum mwt_host */
    int wake[2];       /* a pipe */

    struct mwi_mutex mutex;
    int tuns[2];                      /* [mutex] by enum mwt_host */
    struct mwt_weather weather;       /* [mutex] */
    struct mwt_network_counts counts; /* [mutex] */
    bool is_ending;                   /* [mutex] */

    /* The thread's. */
    struct mwt_prng prng;
    struct packet *queue[QUEUE_MAX];
    size_t n_queue;
    uint64_t n_packets;
    uint64_t n_delivered[2]; /* the latest packet's number */
};

static void
check(bool is_fine, const char *what)
{
    if (!is_fine) {
        (void) fprintf(stderr, "network: %s: %s\n", what, strerror(errno));
        abort();
    }
}

/* Who is not root is made root of namespaces of its own, which can be done
 * while there is one thread alone: so before main().  Where it cannot, neither
 * can what follows, and that says so. */

static void
write_map(const char *path, unsigned inside, unsigned outside)
{
    FILE *file = fopen(path, "we");

    if (file != NULL) {
        (void) fprintf(file, "%u %u 1\n", inside, outside);
        (void) fclose(file);
    }
}

__attribute__((constructor)) static void
become_root(void)
{
    unsigned user = geteuid();

    if (user != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
        write_map("/proc/self/uid_map", 0, user);
    }
}

/* Hosts. */

static void
set_address(
    int sock, struct ifreq *request, unsigned long what, const char *address)
{
    struct sockaddr_in in = { .sin_family = AF_INET };

    check(inet_pton(AF_INET, address, &in.sin_addr) == 1, address);
    memcpy(&request->ifr_addr, &in, sizeof(in));
    check(ioctl(sock, what, request) == 0, address);
}

/* The device of the namespace that we are in.  -1: there cannot be one. */
static int
open_tun(enum mwt_host host)
{
    struct ifreq request = { .ifr_name = "line" };
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    int sock;

    if (tun < 0) {
        return -1;
    }
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(tun, TUNSETIFF, &request) < 0) {
        (void) close(tun);
        return -1;
    }
    sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(sock >= 0, "socket");
    set_address(sock, &request, SIOCSIFADDR, addresses[host]);
    set_address(sock, &request, SIOCSIFDSTADDR, addresses[1 - host]);
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT;
    check(ioctl(sock, SIOCSIFFLAGS, &request) == 0, "SIOCSIFFLAGS");
    (void) close(sock);
    return tun;
}

static int
open_here(void)
{
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

    check(fd >= 0, "/proc/thread-self/ns/net");
    return fd;
}

static void
enter(int namespace)
{
    check(setns(namespace, CLONE_NEWNET) == 0, "setns");
}

/* A new namespace with its device; this thread is in it then. */
static bool
make_host(struct mwt_network *n, enum mwt_host host, int *ret_tun)
{
    if (unshare(CLONE_NEWNET) < 0) {
        return false;
    }
    n->namespaces[host] = open_here();
    *ret_tun = open_tun(host);
    return *ret_tun >= 0;
}

/* The line. */

static void
deliver(struct mwt_network *n, struct packet *packet)
{
    n->counts.n_overtaken += packet->number < n->n_delivered[packet->to];
    if (packet->number > n->n_delivered[packet->to]) {
        n->n_delivered[packet->to] = packet->number;
    }
    n->counts.n_carried++;
    /* What a host does not take is lost, as anywhere. */
    (void) !write(n->tuns[packet->to], packet->bytes, packet->len);
    free(packet);
}

static void
send_on(struct mwt_network *n, const struct packet *template)
{
    struct packet *packet;
    uint32_t spread = n->weather.delay_max_ms - n->weather.delay_min_ms;
    int64_t delay_us = (int64_t) n->weather.delay_min_ms * 1000 +
                       (int64_t) mwt_below(&n->prng, spread * 1000 + 1);

    if (n->n_queue == QUEUE_MAX) {
        n->counts.n_lost++;
        return;
    }
    packet = malloc(sizeof(*packet));
    check(packet != NULL, "memory");
    memcpy(packet, template, sizeof(*packet));
    packet->due = mwi_now() + delay_us * 1000;
    n->queue[n->n_queue++] = packet;
}

static void
take_packets(struct mwt_network *n, enum mwt_host from)
{
    static struct packet packet; /* of one thread */
    ssize_t len;

    while ((len = read(n->tuns[from], packet.bytes, PACKET_MAX)) > 0) {
        packet.len = (size_t) len;
        packet.to = 1 - from;
        packet.number = ++n->n_packets;
        if (n->weather.is_partitioned ||
            mwt_chance(&n->prng, n->weather.loss_percent)) {
            n->counts.n_lost++;
            continue;
        }
        send_on(n, &packet);
        if (mwt_chance(&n->prng, n->weather.duplicate_percent)) {
            n->counts.n_duplicated++;
            send_on(n, &packet);
        }
    }
}

/* Deliver what is due.  Returns when the next is. */
static int64_t
deliver_due(struct mwt_network *n)
{
    int64_t now = mwi_now();
    int64_t next = MWI_FOREVER;
    size_t kept = 0;

    for (size_t i = 0; i < n->n_queue; i++) {
        struct packet *packet = n->queue[i];

        if (n->weather.is_partitioned) {
            n->counts.n_lost++;
            free(packet);
        } else if (packet->due <= now) {
            deliver(n, packet);
        } else {
            next = packet->due < next ? packet->due : next;
            n->queue[kept++] = packet;
        }
    }
    n->n_queue = kept;
    return next;
}

static void *
carry(void *arg)
{
    struct mwt_network *n = arg;
    bool is_ending = false;
    char ignored[16];

    while (!is_ending) {
        struct pollfd polled[3] = { { .fd = n->wake[0], .events = POLLIN } };
        int64_t next;

        mwi_lock(&n->mutex);
        take_packets(n, MWT_HOST_SERVER);
        take_packets(n, MWT_HOST_CLIENT);
        next = deliver_due(n);
        is_ending = n->is_ending;
        for (size_t i = 0; i < 2; i++) {
            polled[1 + i] =
                (struct pollfd){ .fd = n->tuns[i], .events = POLLIN };
        }
        mwi_unlock(&n->mutex);
        if (!is_ending) {
            (void) poll(polled, 3, mwi_deadline_poll_ms(next));
        }
        if (polled[0].revents != 0) {
            (void) !read(n->wake[0], ignored, sizeof(ignored));
        }
    }
    return NULL;
}

/* What tests call. */

struct mwt_network *
mwt_network_open(uint64_t seed, const char **ret_why)
{
    struct mwt_network *n = calloc(1, sizeof(*n));

    check(n != NULL, "memory");
    n->home = open_here();
    n->tuns[1] = -1;
    if (!make_host(n, MWT_HOST_SERVER, &n->tuns[0]) ||
        !make_host(n, MWT_HOST_CLIENT, &n->tuns[1])) {
        *ret_why = n->namespaces[0] == 0
                       ? "no network namespace can be made"
                       : "no TUN device can be made (/dev/net/tun)";
        (void) close(n->home);
        free(n);
        return NULL;
    }
    enter(n->home);
    mwi_mutex_init(&n->mutex);
    n->prng.state = seed;
    check(pipe(n->wake) == 0, "pipe");
    check(pthread_create(&n->thread, NULL, carry, n) == 0, "pthread_create");
    return n;
}

static void
wake_up(struct mwt_network *n)
{
    check(write(n->wake[1], "", 1) == 1, "write");
}

void
mwt_network_close(struct mwt_network *n)
{
    mwi_lock(&n->mutex);
    n->is_ending = true;
    mwi_unlock(&n->mutex);
    wake_up(n);
    check(pthread_join(n->thread, NULL) == 0, "pthread_join");
    for (size_t i = 0; i < n->n_queue; i++) {
        free(n->queue[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        (void) close(n->tuns[i]);
        (void) close(n->namespaces[i]);
        (void) close(n->wake[i]);
    }
    enter(n->home);
    (void) close(n->home);
    mwi_mutex_fini(&n->mutex);
    free(n);
}

void
mwt_network_enter(struct mwt_network *n, enum mwt_host host)
{
    enter(n->namespaces[host]);
}

void
mwt_network_set(struct mwt_network *n, const struct mwt_weather *weather)
{
    mwi_lock(&n->mutex);
    n->weather = *weather;
    mwi_unlock(&n->mutex);
    wake_up(n);
}

void
mwt_network_replace(struct mwt_network *n, enum mwt_host host)
{
    int here = open_here();
    int tun;

    mwi_lock(&n->mutex);
    (void) close(n->tuns[host]);
    (void) close(n->namespaces[host]);
    check(make_host(n, host, &tun), "another host");
    n->tuns[host] = tun;
    mwi_unlock(&n->mutex);
    wake_up(n);
    enter(here);
    (void) close(here);
}

void
mwt_network_counts(struct mwt_network *n, struct mwt_network_counts *ret_counts)
{
    mwi_lock(&n->mutex);
    *ret_counts = n->counts;
    mwi_unlock(&n->mutex);
}
