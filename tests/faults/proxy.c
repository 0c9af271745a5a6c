/* SPDX-License-Identifier: MIT */
/*
 * One thread polls the listener, the pipe that wakes it, and both ends of each
 * connection.  Each turn moves what can be moved, then looks whether a fault is
 * due.
 */
#include "faults/proxy.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sync.h"
#include "faults/proxy_flow.h"
#include "faults/proxy_socket.h"

enum {
    LINKS_MAX = 512,
    WAIT_MS = 60000, /* of mwt_proxy_wait_struck() */
};

enum order {
    NO_ORDER,
    STALL_TO_SERVER,
    STALL_TO_CLIENT,
    RESUME,
    CUT_ALL,
    END,
};

/* A client's connection and the server's. */
struct link {
    struct mwt_plan plan;
    struct mwt_relay flows[2]; /* by enum mwt_flow */
};

struct mwt_proxy {
    pthread_t thread;
    int listener;
    int wake[2]; /* a pipe */
    char address[MWT_ADDRESS_MAX];

    struct mwi_mutex mutex;
    struct mwi_cond changed;
    char target[MWT_ADDRESS_MAX]; /* [mutex] */
    struct mwt_plan next;         /* [mutex] */
    mwt_plan_fn plan;             /* [mutex] */
    void *plan_user;              /* [mutex] */
    enum order order;             /* [mutex] what the thread is to do */
    uint64_t n_struck;            /* [mutex] */
    uint64_t n_connections;       /* [mutex] */
    size_t n_open;                /* [mutex] connections, as far as told */
    struct mwt_cursor last[2];    /* [mutex] of the connection accepted last */

    /* The thread's. */
    struct link *links[LINKS_MAX];
    size_t n_links;
    struct link *newest; /* or NULL: it is gone */
    struct pollfd polled[2 + 2 * LINKS_MAX];
};

static void
check(bool is_fine, const char *what)
{
    if (!is_fine) {
        (void) fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
        abort();
    }
}

/* Connections. */

static struct link *
new_link(struct mwt_proxy *p, int client, int server, struct mwt_plan plan)
{
    struct link *link = calloc(1, sizeof(*link));
    bool is_framed = strncmp(p->address, "tls:", 4) != 0;

    check(link != NULL, "memory");
    link->plan = plan;
    link->flows[MWT_TO_SERVER].from = link->flows[MWT_TO_CLIENT].to = client;
    link->flows[MWT_TO_CLIENT].from = link->flows[MWT_TO_SERVER].to = server;
    for (size_t i = 0; i < 2; i++) {
        link->flows[i].cursor.is_framed = is_framed;
    }
    link->flows[plan.flow].may_strike = plan.fault != MWT_NO_FAULT;
    return link;
}

static void
remove_link(struct mwt_proxy *p, size_t at)
{
    struct link *link = p->links[at];

    mwt_socket_end(link->flows[MWT_TO_SERVER].from);
    mwt_socket_end(link->flows[MWT_TO_SERVER].to);
    if (p->newest == link) {
        p->newest = NULL;
    }
    free(link);
    p->links[at] = p->links[--p->n_links];
}

/* What the next connection is to be, and where it goes. */
static struct mwt_plan
take_plan(struct mwt_proxy *p, char target[MWT_ADDRESS_MAX])
{
    struct mwt_plan plan;
    mwt_plan_fn each;
    void *user;
    uint64_t n;

    mwi_lock(&p->mutex);
    plan = p->next;
    p->next = (struct mwt_plan){ .fault = MWT_NO_FAULT };
    each = p->plan;
    user = p->plan_user;
    n = p->n_connections++;
    p->n_open++;
    memset(p->last, 0, sizeof(p->last));
    memcpy(target, p->target, MWT_ADDRESS_MAX);
    mwi_unlock(&p->mutex);
    return each != NULL ? each(user, n) : plan;
}

static void
accept_one(struct mwt_proxy *p)
{
    int client = mwt_socket_accept(p->listener);
    char target[MWT_ADDRESS_MAX];
    struct mwt_plan plan;
    int server;

    if (client < 0) {
        return;
    }
    plan = take_plan(p, target);
    server = p->n_links < LINKS_MAX ? mwt_socket_connect(target) : -1;
    if (server < 0) {
        mwt_socket_end(client);
        return;
    }
    p->newest = new_link(p, client, server, plan);
    p->links[p->n_links++] = p->newest;
}

/* Faults. */

static void
set_stalled(struct link *link, bool is_stalled)
{
    link->flows[link->plan.flow].is_stalled = is_stalled;
}

static void
count_strike(struct mwt_proxy *p)
{
    mwi_lock(&p->mutex);
    p->n_struck++;
    mwi_cond_broadcast(&p->changed);
    mwi_unlock(&p->mutex);
}

/* False: the connection is to be ended. */
static bool
strike(struct mwt_proxy *p, struct link *link)
{
    struct mwt_relay *flow = &link->flows[link->plan.flow];

    if (link->plan.fault == MWT_CORRUPT &&
        !mwt_relay_corrupt(flow, &link->plan)) {
        return true; /* not yet */
    }
    flow->may_strike = false;
    count_strike(p);
    if (link->plan.fault == MWT_STALL) {
        set_stalled(link, true);
    } else if (link->plan.fault == MWT_SWALLOW) {
        link->flows[0].is_swallowed = link->flows[1].is_swallowed = true;
    }
    return link->plan.fault != MWT_CUT;
}

/* False: it is to be ended. */
static bool
serve_link(struct mwt_proxy *p, struct link *link)
{
    struct mwt_relay *flow;

    for (size_t i = 0; i < 2; i++) {
        if (!mwt_relay_read(&link->flows[i], &link->plan) ||
            !mwt_relay_write(&link->flows[i], &link->plan)) {
            return false;
        }
    }
    flow = &link->flows[link->plan.flow];
    if (mwt_relay_is_due(flow, &link->plan) &&
        (!strike(p, link) || !mwt_relay_write(flow, &link->plan))) {
        return false;
    }
    return link->flows[0].state != MWT_FLOW_ENDED ||
           link->flows[1].state != MWT_FLOW_ENDED;
}

/* The thread. */

static void
publish(struct mwt_proxy *p)
{
    if (p->newest != NULL) {
        mwi_lock(&p->mutex);
        for (size_t i = 0; i < 2; i++) {
            p->last[i] = p->newest->flows[i].cursor;
        }
        mwi_unlock(&p->mutex);
    }
}

/* One that was accepted counts at once, in take_plan(). */
static void
tell_open(struct mwt_proxy *p)
{
    mwi_lock(&p->mutex);
    if (p->n_open != p->n_links) {
        p->n_open = p->n_links;
        mwi_cond_broadcast(&p->changed);
    }
    mwi_unlock(&p->mutex);
}

static void
serve_links(struct mwt_proxy *p)
{
    for (size_t i = p->n_links; i > 0; i--) {
        bool stays = serve_link(p, p->links[i - 1]);

        if (p->links[i - 1] == p->newest) {
            publish(p);
        }
        if (!stays) {
            remove_link(p, i - 1);
        }
    }
    tell_open(p);
}

/* What to poll for, and for how long at the most. */
static int
prepare_poll(struct mwt_proxy *p)
{
    struct pollfd *polled = p->polled;
    int64_t now = mwi_now();
    int64_t wake_at = MWI_FOREVER;

    polled[0] = (struct pollfd){ .fd = p->listener, .events = POLLIN };
    polled[1] = (struct pollfd){ .fd = p->wake[0], .events = POLLIN };
    for (size_t i = 0; i < p->n_links; i++) {
        const struct mwt_relay *flows = p->links[i]->flows;

        for (size_t f = 0; f < 2; f++) {
            short events = (short) (mwt_relay_wants_read(&flows[f]) |
                                    mwt_relay_wants_write(&flows[1 - f], now));

            /* An end that nobody looks for would be told for ever. */
            polled[2 + 2 * i + f] = (struct pollfd){
                .fd = events != 0 ? flows[f].from : -1,
                .events = events,
            };
            if (flows[f].start < flows[f].passed && !flows[f].is_stalled &&
                flows[f].held_until > now && flows[f].held_until < wake_at) {
                wake_at = flows[f].held_until;
            }
        }
    }
    return mwi_deadline_poll_ms(wake_at);
}

static void
stall_all(struct mwt_proxy *p, enum mwt_flow flow)
{
    for (size_t i = 0; i < p->n_links; i++) {
        p->links[i]->plan.flow = flow;
        set_stalled(p->links[i], true);
    }
}

static void
resume_all(struct mwt_proxy *p)
{
    for (size_t i = 0; i < p->n_links; i++) {
        set_stalled(p->links[i], false);
    }
}

static void
cut_all(struct mwt_proxy *p)
{
    while (p->n_links > 0) {
        remove_link(p, 0);
    }
    tell_open(p);
}

/* Whether it goes on. */
static bool
take_order(struct mwt_proxy *p)
{
    enum order order;

    mwi_lock(&p->mutex);
    order = p->order;
    mwi_unlock(&p->mutex);
    switch (order) {
    case NO_ORDER:
        return true;
    case STALL_TO_SERVER:
        stall_all(p, MWT_TO_SERVER);
        break;
    case STALL_TO_CLIENT:
        stall_all(p, MWT_TO_CLIENT);
        break;
    case RESUME:
        resume_all(p);
        break;
    case CUT_ALL:
    case END:
        cut_all(p);
        break;
    }
    mwi_lock(&p->mutex);
    p->order = NO_ORDER;
    mwi_cond_broadcast(&p->changed);
    mwi_unlock(&p->mutex);
    return order != END;
}

static void *
run(void *arg)
{
    struct mwt_proxy *p = arg;
    char ignored[64];

    while (take_order(p)) {
        int timeout = prepare_poll(p);

        (void) poll(p->polled, 2 + 2 * p->n_links, timeout);
        if (p->polled[1].revents != 0) {
            (void) !read(p->wake[0], ignored, sizeof(ignored));
        }
        if (p->polled[0].revents != 0) {
            accept_one(p);
        }
        serve_links(p);
    }
    return NULL;
}

/* What tests call. */

struct mwt_proxy *
mwt_proxy_open(const char *target)
{
    struct mwt_proxy *p = calloc(1, sizeof(*p));

    check(p != NULL, "memory");
    mwi_mutex_init(&p->mutex);
    mwi_cond_init(&p->changed);
    (void) snprintf(p->target, sizeof(p->target), "%s", target);
    check(pipe(p->wake) == 0, "pipe");
    p->listener = mwt_socket_listen(p->target, p->address);
    check(pthread_create(&p->thread, NULL, run, p) == 0, "pthread_create");
    return p;
}

/* Have the thread do something, and wait until it has. */
static void
give_order(struct mwt_proxy *p, enum order order)
{
    mwi_lock(&p->mutex);
    p->order = order;
    check(write(p->wake[1], "", 1) == 1, "write");
    while (p->order != NO_ORDER) {
        (void) mwi_cond_wait(&p->changed, &p->mutex, MWI_FOREVER);
    }
    mwi_unlock(&p->mutex);
}

void
mwt_proxy_close(struct mwt_proxy *p)
{
    give_order(p, END);
    check(pthread_join(p->thread, NULL) == 0, "pthread_join");
    mwt_socket_unlisten(p->listener, p->address);
    (void) close(p->wake[0]);
    (void) close(p->wake[1]);
    mwi_cond_fini(&p->changed);
    mwi_mutex_fini(&p->mutex);
    free(p);
}

const char *
mwt_proxy_address(const struct mwt_proxy *p)
{
    return p->address;
}

void
mwt_proxy_retarget(struct mwt_proxy *p, const char *target)
{
    mwi_lock(&p->mutex);
    (void) snprintf(p->target, sizeof(p->target), "%s", target);
    mwi_unlock(&p->mutex);
}

void
mwt_proxy_plan(struct mwt_proxy *p, const struct mwt_plan *plan)
{
    mwi_lock(&p->mutex);
    p->next = *plan;
    mwi_unlock(&p->mutex);
}

void
mwt_proxy_plan_each(struct mwt_proxy *p, mwt_plan_fn plan, void *user)
{
    mwi_lock(&p->mutex);
    p->plan = plan;
    p->plan_user = user;
    mwi_unlock(&p->mutex);
}

void
mwt_proxy_stall_all(struct mwt_proxy *p, enum mwt_flow flow)
{
    give_order(p, flow == MWT_TO_SERVER ? STALL_TO_SERVER : STALL_TO_CLIENT);
}

void
mwt_proxy_resume(struct mwt_proxy *p)
{
    give_order(p, RESUME);
}

void
mwt_proxy_cut_all(struct mwt_proxy *p)
{
    give_order(p, CUT_ALL);
}

static uint64_t
get(struct mwt_proxy *p, const uint64_t *counter)
{
    uint64_t n;

    mwi_lock(&p->mutex);
    n = *counter;
    mwi_unlock(&p->mutex);
    return n;
}

uint64_t
mwt_proxy_struck(struct mwt_proxy *p)
{
    return get(p, &p->n_struck);
}

bool
mwt_proxy_wait_struck(struct mwt_proxy *p, uint64_t n)
{
    int64_t deadline = mwi_deadline_in(WAIT_MS);
    bool has_struck;

    mwi_lock(&p->mutex);
    while (p->n_struck < n && mwi_cond_wait(&p->changed, &p->mutex, deadline)) {
        continue;
    }
    has_struck = p->n_struck >= n;
    mwi_unlock(&p->mutex);
    return has_struck;
}

void
mwt_proxy_settle(struct mwt_proxy *p)
{
    mwi_lock(&p->mutex);
    while (p->n_open > 0) {
        (void) mwi_cond_wait(&p->changed, &p->mutex, MWI_FOREVER);
    }
    mwi_unlock(&p->mutex);
}

uint64_t
mwt_proxy_connections(struct mwt_proxy *p)
{
    return get(p, &p->n_connections);
}

uint64_t
mwt_proxy_messages(struct mwt_proxy *p, enum mwt_flow flow)
{
    return get(p, &p->last[flow].messages);
}

uint64_t
mwt_proxy_bytes(struct mwt_proxy *p, enum mwt_flow flow)
{
    return get(p, &p->last[flow].bytes);
}

uint64_t
mwt_proxy_length(struct mwt_proxy *p, enum mwt_flow flow, size_t n)
{
    return n < MWT_LENGTHS ? get(p, &p->last[flow].lengths[n]) : 0;
}
