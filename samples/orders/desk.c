/* SPDX-License-Identifier: MIT */
/*
 * An order is an ordinary struct here: read it, change it, return.  Nothing
 * says what was changed; libmw compares.  Nothing is freed either: what a
 * handler allocates with its call lives until the reply has been sent.
 */
#include "desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct stock {
    const char *sku;
    uint32_t available;
    double price;
    const char *replaced_by; /* sku, for goods that are no longer sold */
};

/* It is refilled at once, so that the client can come again and again. */
static const struct stock stock[] = {
    { "BOLT-8", 500, 0.42, NULL },
    { "NUT-8", 500, 0.11, NULL },
    { "TAPE-R", 0, 3.10, "TAPE-B" },
    { "TAPE-B", 20, 3.35, NULL },
    { "ANVIL", 2, 181.30, NULL },
};

int
desk_init(struct desk *desk)
{
    *desk = (struct desk){ .n_parcels = 0 };
    return pthread_mutex_init(&desk->mutex, NULL);
}

void
desk_fini(struct desk *desk)
{
    pthread_mutex_destroy(&desk->mutex);
}

static const struct stock *
find_stock(const char *sku)
{
    size_t i;

    for (i = 0; i < sizeof(stock) / sizeof(stock[0]); i++) {
        if (strcmp(stock[i].sku, sku) == 0) {
            return &stock[i];
        }
    }
    return NULL;
}

/* Puts the successor in the place of a line whose goods are no longer sold. */
static mw_status
replace_line(
    mw_call *call, orders_Line_seq *lines, size_t at, const char *successor)
{
    uint32_t quantity = lines->items[at].quantity;
    orders_Line *line;

    orders_Line_seq_remove(call, lines, at, 1);
    line = orders_Line_seq_insert(call, lines, at, 1);
    if (line == NULL) {
        return MW_ENOMEM;
    }
    snprintf(line->sku, sizeof(line->sku), "%s", successor);
    line->quantity = quantity;
    line->title = mw_strdup(call, "sent in place of a discontinued article");
    return line->title != NULL ? MW_OK : MW_ENOMEM;
}

/* Checks line at against the stock and sets its price. */
static mw_status
price_line(mw_call *call, orders_Line_seq *lines, size_t at)
{
    orders_Line *line = &lines->items[at];
    const struct stock *article = find_stock(line->sku);
    mw_status status;

    if (article == NULL) {
        return mw_call_fail(call, MW_ENOTFOUND, "no article %s", line->sku);
    }
    if (article->replaced_by != NULL) {
        status = replace_line(call, lines, at, article->replaced_by);
        return status < 0 ? status : price_line(call, lines, at);
    }
    if (line->quantity > article->available) {
        orders_OutOfStock out_of_stock = {
            .wanted = line->quantity,
            .available = article->available,
        };
        memcpy(out_of_stock.sku, line->sku, sizeof(out_of_stock.sku));
        return orders_OutOfStock_raise(call, &out_of_stock);
    }
    line->price = article->price;
    return MW_OK;
}

/* Drops lines of quantity 0 and prices the others. */
static mw_status
price_lines(mw_call *call, orders_Line_seq *lines)
{
    mw_status status;
    size_t i = 0;

    while (i < lines->len) {
        if (lines->items[i].quantity == 0) {
            orders_Line_seq_remove(call, lines, i, 1);
            continue;
        }
        status = price_line(call, lines, i);
        if (status < 0) {
            return status;
        }
        i++;
    }
    return MW_OK;
}

static uint32_t
next_parcel(struct desk *desk)
{
    uint32_t number;

    pthread_mutex_lock(&desk->mutex);
    number = ++desk->n_parcels;
    pthread_mutex_unlock(&desk->mutex);
    return number;
}

static mw_status
confirm(mw_call *call, orders_Order *order, char **parcel, double *ret_value)
{
    mw_status status;
    size_t i;

    if (order->status != orders_Status_DRAFT) {
        return mw_call_fail(call, MW_EPRECONDITION,
            "order %" PRIu64 " is not a draft", order->number);
    }
    order->status = orders_Status_CONFIRMED;
    /* This may fail at the last line.  Of what it changed until then, and of
     * the status above, the caller will see nothing. */
    status = price_lines(call, &order->lines);
    if (status < 0) {
        return status;
    }
    *parcel =
        mw_sprintf(call, "NL-%05" PRIu32, next_parcel(mw_call_user(call)));
    order->notes = mw_sprintf(call, "%s\nPacked as %s.", order->notes, *parcel);
    if (*parcel == NULL || order->notes == NULL) {
        return MW_ENOMEM;
    }
    for (i = 0; i < order->lines.len; i++) {
        *ret_value +=
            order->lines.items[i].quantity * order->lines.items[i].price;
    }
    if (*ret_value >= 100) {
        order->has_discount = true;
        order->discount = 5;
        *ret_value = *ret_value * (100 - order->discount) / 100;
    }
    return MW_OK;
}

static mw_status
smooth(mw_call *call, orders_Order *order, double limit, uint32_t *ret_value)
{
    double *samples = order->samples.items;
    size_t i;

    if (order->samples.len < 3) {
        return mw_call_fail(
            call, MW_EINVAL, "%zu samples are too few", order->samples.len);
    }
    for (i = 1; i + 1 < order->samples.len; i++) {
        if (samples[i] > limit) {
            samples[i] = (samples[i - 1] + samples[i + 1]) / 2;
            ++*ret_value; /* out parameters start as 0 */
        }
    }
    return MW_OK;
}

static mw_status
audit(mw_call *call, const char *text)
{
    struct desk *desk = mw_call_user(call);
    struct timespec slow_disk = { .tv_nsec = 200000000 };

    nanosleep(&slow_disk, NULL);
    printf("audit: %s: %s\n", mw_call_peer(call)->name, text);
    fflush(stdout);
    pthread_mutex_lock(&desk->mutex);
    desk->n_audited++;
    pthread_mutex_unlock(&desk->mutex);
    return MW_OK;
}

static mw_status
audited(mw_call *call, uint32_t *ret_value)
{
    struct desk *desk = mw_call_user(call);

    pthread_mutex_lock(&desk->mutex);
    *ret_value = desk->n_audited;
    pthread_mutex_unlock(&desk->mutex);
    return MW_OK;
}

const orders_Desk_ops desk_ops = {
    .confirm = confirm,
    .smooth = smooth,
    .audit = audit,
    .audited = audited,
};
