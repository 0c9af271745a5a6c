/* SPDX-License-Identifier: MIT */
#include "orders.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *dish;
    uint32_t ms;
} menu[N_ORDERS] = {
    { "soup", 120 },
    { "roast", 3600000 },
    { "salad", 40 },
    { "omelette", 80 },
    { "coffee", 20 },
    { "pancakes", 100 },
};

void
orders_init(struct order orders[N_ORDERS], uint32_t timeout_ms)
{
    for (int i = 0; i < N_ORDERS; i++) {
        orders[i] = (struct order){
            .dish = menu[i].dish,
            .ms = menu[i].ms,
            .ctx = MW_CTX(.timeout_ms = timeout_ms),
        };
    }
}

bool
order_start(struct order *order, mw_client *client)
{
    if (async_Kitchen_cook_start(client, &order->ctx, order->dish, order->ms,
            &order->plate, &order->pending) < 0) {
        fprintf(stderr, "%s: %s\n", order->dish, mw_ctx_error(&order->ctx));
        return false;
    }
    return true;
}

bool
order_finish(struct order *order)
{
    mw_status status = mw_pending_finish(order->pending);

    order->pending = NULL;
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", order->dish, mw_ctx_error(&order->ctx));
        return false;
    }
    printf("served: %s\n", order->plate);
    free(order->plate);
    return true;
}

void
order_cancel(struct order *order)
{
    mw_pending_cancel(order->pending);
    order->pending = NULL;
    printf("cancelled: %s\n", order->dish);
}

bool
orders_are_right(unsigned n_served, unsigned n_cancelled)
{
    printf("%u served, %u cancelled\n", n_served, n_cancelled);
    return n_served > 0 && n_served + n_cancelled == N_ORDERS;
}
