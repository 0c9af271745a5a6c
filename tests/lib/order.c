/* SPDX-License-Identifier: MIT */
#include "lib/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHANGED = 3,   /* line */
    PUT_IN = 5,    /* line */
    GONE = 12,     /* line */
    SAMPLED = 100, /* first sample that changes */
    N_SAMPLED = 4, /* samples that change */
    DROPPED = 3,   /* attribute */
};

static void *
must(void *block)
{
    if (block == NULL) {
        (void) fprintf(stderr, "out of memory\n");
        abort();
    }
    return block;
}

static char *
text(const char *format_free, unsigned number, const char *suffix)
{
    char *made = NULL;

    if (asprintf(&made, "%s%02u%s", format_free, number, suffix) < 0) {
        abort();
    }
    return made;
}

static void
fill_lines(worked_Line_seq *lines)
{
    lines->items = must(calloc(MWT_ORDER_LINES, sizeof(*lines->items)));
    lines->len = lines->cap = MWT_ORDER_LINES;
    for (unsigned i = 0; i < MWT_ORDER_LINES; i++) {
        lines->items[i] = (worked_Line){
            .sku = text("SKU-000", i, ""),
            .quantity = i + 1,
            .cents = 1000 + 37 * i,
        };
    }
}

static void
fill_attributes(mw_string_by_string *map)
{
    map->items = must(calloc(MWT_ORDER_ATTRIBUTES, sizeof(*map->items)));
    map->len = map->cap = MWT_ORDER_ATTRIBUTES;
    for (unsigned i = 0; i < MWT_ORDER_ATTRIBUTES; i++) {
        map->items[i].key = text("attr", i, "");
        map->items[i].value = text("value ", i, " of an attribute");
    }
}

void
mwt_order_fill(worked_Order *ret_order)
{
    *ret_order = (worked_Order){
        .number = 4711,
        .customer = must(worked_Customer_new(NULL)),
        .notes = must(malloc(MWT_ORDER_NOTES + 1)),
        .status = worked_Status_OPEN,
        .cents = 47918,
    };
    ret_order->customer->number = 501;
    ret_order->customer->name = must(strdup("Ada Lovelace"));
    ret_order->customer->preferred = true;
    fill_lines(&ret_order->lines);
    for (size_t i = 0; i < MWT_ORDER_NOTES; i++) {
        ret_order->notes[i] = (char) (i % 6 == 5 ? ' ' : 'a' + i * i % 26);
    }
    ret_order->notes[MWT_ORDER_NOTES] = '\0';
    ret_order->samples.items =
        must(calloc(MWT_ORDER_SAMPLES, sizeof(*ret_order->samples.items)));
    ret_order->samples.len = ret_order->samples.cap = MWT_ORDER_SAMPLES;
    for (size_t i = 0; i < MWT_ORDER_SAMPLES; i++) {
        ret_order->samples.items[i] = 20 + (double) (i * i % 997) / 64;
    }
    fill_attributes(&ret_order->attributes);
}

/* A copy of a text in the handler's memory. */
static char *
copy(struct mwt_call *call, const char *from, const char *more)
{
    size_t len = strlen(from);
    char *made = mwt_call_alloc(call, len + strlen(more) + 1);

    memcpy(made, from, len);
    memcpy(made + len, more, strlen(more) + 1);
    return made;
}

static void
handle_lines(struct mwt_call *call, worked_Line_seq *lines)
{
    size_t size = sizeof(*lines->items);
    worked_Line *items = mwt_call_alloc(call, MWT_ORDER_LINES * size);

    lines->items[CHANGED].quantity = 9;
    lines->items[CHANGED].note = copy(call, "backordered", "");
    memcpy(items, lines->items, PUT_IN * size);
    items[PUT_IN] = (worked_Line){
        .sku = copy(call, "SKU-09999", ""),
        .quantity = 1,
        .cents = 4999,
    };
    memcpy(items + PUT_IN + 1, lines->items + PUT_IN, (GONE - PUT_IN) * size);
    memcpy(items + GONE + 1, lines->items + GONE + 1,
        (MWT_ORDER_LINES - GONE - 1) * size);
    lines->items = items;
}

static void
handle_attributes(struct mwt_call *call, mw_string_by_string *map)
{
    /* "carrier" comes behind all the others. */
    memmove(map->items + DROPPED, map->items + DROPPED + 1,
        (map->len - DROPPED - 1) * sizeof(*map->items));
    map->items[map->len - 1].key = copy(call, "carrier", "");
    map->items[map->len - 1].value = copy(call, "DHL", "");
}

void
mwt_order_handle(struct mwt_call *call, worked_Order *order)
{
    handle_lines(call, &order->lines);
    order->notes = copy(call, order->notes, " [checked]");
    for (size_t i = 0; i < N_SAMPLED; i++) {
        order->samples.items[SAMPLED + i] = 0.5 + (double) i / 4;
    }
    order->status = worked_Status_HELD;
    order->cents = 51208;
    handle_attributes(call, &order->attributes);
    order->customer = mwt_call_alloc(call, sizeof(*order->customer));
    order->customer->number = 502;
    order->customer->name = copy(call, "Grace Hopper", "");
}
