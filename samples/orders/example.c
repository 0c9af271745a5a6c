/* SPDX-License-Identifier: MIT */
/* Builds an object on the heap, by hand and with mwidl's helpers. */
#include "example.h"

#include <mw/mw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SAMPLES = 5000,
    N_ATTACHMENTS = 60000, /* bytes */
};

static mw_status
add_line(orders_Line_seq *lines, const char *sku, const char *title,
    uint32_t quantity, double price)
{
    orders_Line *line = orders_Line_seq_add(NULL, lines);

    if (line == NULL) {
        return MW_ENOMEM;
    }
    snprintf(line->sku, sizeof(line->sku), "%s", sku);
    line->quantity = quantity;
    line->price = price;
    return mw_set_string(NULL, &line->title, title);
}

static mw_status
add_lines(orders_Line_seq *lines)
{
    static const struct {
        const char *sku, *title;
        uint32_t quantity;
        double price; /* as of an old catalogue */
    } wanted[] = {
        { "BOLT-8", "Hexagon bolt M8 × 40", 40, 0.40 },
        { "NUT-8", "Nut M8", 40, 0.11 },
        { "SHIM-8", "Shim 8 mm; on second thoughts none", 0, 0.03 },
        { "TAPE-R", "Insulating tape, red", 2, 3.10 },
        { "ANVIL", "Anvil, 75 kg", 5, 175.00 },
    };
    mw_status status = MW_OK;
    size_t i;

    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && status == MW_OK;
         i++) {
        status = add_line(lines, wanted[i].sku, wanted[i].title,
            wanted[i].quantity, wanted[i].price);
    }
    return status;
}

/* A slow drift around 4 °C, and three moments when the logger was touched. */
static mw_status
add_samples(mw_seq_f64 *samples)
{
    size_t i;

    if (mw_seq_f64_insert(NULL, samples, 0, N_SAMPLES) == NULL) {
        return MW_ENOMEM;
    }
    for (i = 0; i < N_SAMPLES; i++) {
        samples->items[i] = 3.5 + (double) (i * 37 % 1000) / 1000;
    }
    samples->items[812] = 31.5;
    samples->items[2047] = 22.25;
    samples->items[4096] = 28.75;
    return MW_OK;
}

static mw_status
add_attachments(mw_seq_u8 *attachments)
{
    uint32_t noise = 1;
    size_t i;

    if (mw_seq_u8_insert(NULL, attachments, 0, N_ATTACHMENTS) == NULL) {
        return MW_ENOMEM;
    }
    for (i = 0; i < N_ATTACHMENTS; i++) {
        noise = noise * 1664525u + 1013904223u;
        attachments->items[i] = (uint8_t) (noise >> 24);
    }
    return MW_OK;
}

static mw_status
fill(orders_Order *order)
{
    order->number = 4711;
    /* Memory from malloc(), so strdup() will do as well as mw_strdup(). */
    order->customer.name = strdup("Anaïs Peeters");
    order->customer.city = strdup("Gent");
    order->notes = strdup("Please ring twice; the dog is friendly.");
    if (order->customer.name == NULL || order->customer.city == NULL ||
        order->notes == NULL || add_lines(&order->lines) < 0 ||
        add_samples(&order->samples) < 0 ||
        add_attachments(&order->attachments) < 0) {
        return MW_ENOMEM;
    }
    return MW_OK;
}

mw_status
example_order(orders_Order *ret_order)
{
    mw_status status = orders_Order_init(ret_order);

    if (status == MW_OK) {
        status = fill(ret_order);
    }
    if (status < 0) {
        orders_Order_clear(ret_order);
    }
    return status;
}
