/* SPDX-License-Identifier: MIT */
/*
 * Many calls at once, from one thread and without callbacks: start all, take
 * whichever is over first, and drop the rest when patience is at its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "options.h"
#include "orders.h"

static uint32_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t) (now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static bool
run(mw_client *client, uint32_t patience_ms)
{
    struct order orders[N_ORDERS];
    mw_pending *pendings[N_ORDERS] = { NULL };
    uint32_t start = now_ms();
    unsigned n_served = 0, n_cancelled = 0;
    size_t i;

    orders_init(orders, 2 * patience_ms);
    for (i = 0; i < N_ORDERS; i++) {
        if (order_start(&orders[i], client)) {
            pendings[i] = orders[i].pending;
        }
    }
    for (;;) {
        uint32_t waited = now_ms() - start;

        if (waited >= patience_ms || mw_pending_wait_any(pendings, N_ORDERS,
                                         patience_ms - waited, &i) < 0) {
            break; /* none was over in time, or none is left */
        }
        n_served += order_finish(&orders[i]);
        pendings[i] = NULL;
    }
    for (i = 0; i < N_ORDERS; i++) {
        if (pendings[i] != NULL) {
            order_cancel(&orders[i]);
            n_cancelled++;
        }
    }
    return orders_are_right(n_served, n_cancelled);
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
    mw_client *client;
    mw_error err;
    bool ok;

    options_read(options, "Orders many dishes at once.", argc, argv);
    if (mw_client_open(&client, address,
            MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
            &err) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    ok = run(client, (uint32_t) strtoul(patience, NULL, 10));
    mw_client_close(client);
    return ok ? 0 : 1;
}
