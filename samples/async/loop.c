/* SPDX-License-Identifier: MIT */
/*
 * Many calls at once in a program with an event loop, here libuv's: the loop
 * watches the client's descriptor; each call has a function that is called when
 * it is over; a timer ticks meanwhile, and another drops what takes too long.
 * All runs in one thread, so nothing needs a lock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "options.h"
#include "orders.h"

enum { TICK_MS = 50 };

struct program {
    mw_client *client;
    struct order orders[N_ORDERS];
    unsigned n_pending, n_served, n_cancelled, n_ticks;
    bool has_failed;
    uv_loop_t loop;
    uv_poll_t watcher;
    uv_timer_t tick;
    uv_timer_t patience;
};

/* With none of its handles left, the loop ends. */
static void
stop(struct program *p)
{
    uv_poll_stop(&p->watcher);
    uv_timer_stop(&p->tick);
    uv_timer_stop(&p->patience);
}

/* A call is over. */
static void
on_done(void *user, mw_pending *pending)
{
    struct program *p = user;
    int i;

    for (i = 0; p->orders[i].pending != pending; i++) {
    }
    p->n_served += order_finish(&p->orders[i]);
    if (--p->n_pending == 0) {
        stop(p);
    }
}

/* The client has something to do. */
static void
on_readable(uv_poll_t *watcher, int status, int events)
{
    struct program *p = watcher->data;

    (void) events;
    if (status < 0 || mw_client_process(p->client) < 0) {
        p->has_failed = true;
        stop(p);
    }
}

static void
on_tick(uv_timer_t *timer)
{
    struct program *p = timer->data;

    p->n_ticks++; /* what else the program has to do */
}

/* Nobody waits for the rest. */
static void
on_impatience(uv_timer_t *timer)
{
    struct program *p = timer->data;
    int i;

    for (i = 0; i < N_ORDERS; i++) {
        if (p->orders[i].pending != NULL) {
            order_cancel(&p->orders[i]);
            p->n_cancelled++;
        }
    }
    stop(p);
}

static void
start_orders(struct program *p, uint32_t patience_ms)
{
    int i;

    orders_init(p->orders, 2 * patience_ms);
    for (i = 0; i < N_ORDERS; i++) {
        p->orders[i].ctx.on_done = on_done;
        p->orders[i].ctx.on_done_user = p;
        p->n_pending += order_start(&p->orders[i], p->client);
    }
}

static bool
run(struct program *p, uint32_t patience_ms)
{
    int fd = mw_client_fd(p->client);

    if (fd < 0 || uv_loop_init(&p->loop) < 0 ||
        uv_poll_init(&p->loop, &p->watcher, fd) < 0) {
        return false;
    }
    uv_timer_init(&p->loop, &p->tick);
    uv_timer_init(&p->loop, &p->patience);
    p->watcher.data = p->tick.data = p->patience.data = p;
    uv_poll_start(&p->watcher, UV_READABLE, on_readable);
    uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_start(&p->patience, on_impatience, patience_ms, 0);
    start_orders(p, patience_ms);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *) &p->watcher, NULL);
    uv_close((uv_handle_t *) &p->tick, NULL);
    uv_close((uv_handle_t *) &p->patience, NULL);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    uv_loop_close(&p->loop);
    printf("the loop has ticked %s\n", p->n_ticks > 0 ? "meanwhile" : "never");
    return orders_are_right(p->n_served, p->n_cancelled) && !p->has_failed;
}

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/client.pem",
               *key = "certs/client.key", *ca = "certs/ca.pem",
               *patience = "1000";
    const struct option_text options[] = {
        { "--connect", &address, "address of the server" },
        { "--cert", &cert, "PEM file with the client's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for the server" },
        { "--patience", &patience, "milliseconds until the rest is cancelled" },
        { NULL, NULL, NULL },
    };
    static struct program program;
    mw_error err;
    bool ok;

    options_read(options, "Orders many dishes at once.", argc, argv);
    if (mw_client_open(&program.client, address,
            MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
            &err) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    ok = run(&program, (uint32_t) strtoul(patience, NULL, 10));
    mw_client_close(program.client);
    return ok ? 0 : 1;
}
