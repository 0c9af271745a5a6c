/* SPDX-License-Identifier: MIT */
/*
 * The order desk's client: passes an order by reference, again and again, and
 * shows what became of it.  Exits 0 when all was as it must be.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mw/introspect_client.mw.h"

#include "example.h"
#include "options.h"
#include "orders_client.mw.h"
#include "print.h"

/* A visit to the desk. */
struct visit {
    mw_client *client;
    mw_ctx ctx;
    orders_Order order; /* the one that the desk changes */
    int n_wrong;
};

static void
expect(struct visit *visit, bool as_it_must_be, const char *what)
{
    if (!as_it_must_be) {
        printf("    WRONG: %s\n", what);
        visit->n_wrong++;
    }
}

static void
expect_ok(struct visit *visit, mw_status status, const char *what)
{
    if (status < 0) {
        printf("    WRONG: %s: %s: %s\n", what, mw_status_name(status),
            mw_ctx_error(&visit->ctx));
        visit->n_wrong++;
    }
}

static void
show_connection(struct visit *visit)
{
    mw_peer peer;

    if (mw_client_peer(visit->client, &peer) < 0) {
        expect(visit, false, "connected to somebody");
        return;
    }
    printf("connected to %s, %s, %s\n", peer.address,
        peer.tls[0] != '\0' ? peer.tls : "no TLS", peer.cipher);
    printf("who proved to be %s (%s)\n", peer.name, peer.subject);
}

static double
amount_due(const orders_Order *order)
{
    double total = 0;
    size_t i;

    for (i = 0; i < order->lines.len; i++) {
        total += order->lines.items[i].quantity * order->lines.items[i].price;
    }
    return order->has_discount ? total * (100 - order->discount) / 100 : total;
}

/* Whether the order is what it was. */
static void
expect_unchanged(struct visit *visit, const orders_Order *before)
{
    char *changes =
        mw_object_changes(&orders_Order_type, before, &visit->order);

    print_changes(changes);
    expect(visit, orders_Order_equal(before, &visit->order),
        "a call that fails leaves the order alone");
    free(changes);
}

/* Five anvils, where the desk has two. */
static void
confirm_too_much(struct visit *visit)
{
    const orders_OutOfStock *out_of_stock;
    orders_Order before;
    mw_status status;
    double amount;
    char *parcel;

    printf("\nconfirm() with too many anvils\n");
    expect(visit, orders_Order_copy(&before, &visit->order) == MW_OK,
        "memory for a copy of the order");
    status = orders_Desk_confirm(
        visit->client, &visit->ctx, &visit->order, &parcel, &amount);
    out_of_stock = orders_OutOfStock_caught(&visit->ctx);
    if (out_of_stock == NULL) {
        expect_ok(visit, status, "confirm");
        expect(visit, false, "OutOfStock was to be raised");
        if (status == MW_OK) {
            free(parcel);
        }
    } else {
        printf("    raised OutOfStock: %s, %" PRIu32 " wanted, %" PRIu32
               " available\n",
            out_of_stock->sku, out_of_stock->wanted, out_of_stock->available);
        expect_unchanged(visit, &before);
        expect(visit, status == MW_EEXCEPTION, "the status says so");
        expect(visit, out_of_stock->wanted == 5 && out_of_stock->available == 2,
            "the exception tells how many there are");
    }
    orders_Order_clear(&before);
}

static void
confirm(struct visit *visit)
{
    orders_Line *anvil = &visit->order.lines.items[4];
    mw_status status;
    double amount;
    char *parcel;

    printf("\nconfirm() with one anvil\n");
    anvil->quantity = 1;
    status = orders_Desk_confirm(
        visit->client, &visit->ctx, &visit->order, &parcel, &amount);
    expect_ok(visit, status, "confirm");
    if (status < 0) {
        return;
    }
    print_changes(visit->ctx.changes);
    printf("    amount due %.2f, parcel %s\n", amount, parcel);
    print_bytes(&visit->ctx.stats);
    expect(visit, visit->order.status == orders_Status_CONFIRMED,
        "the order is confirmed");
    expect(visit, visit->order.lines.len == 4, "the order has four lines");
    expect(
        visit, amount == amount_due(&visit->order), "the desk's sum is ours");
    expect(visit, visit->order.has_discount, "there is a discount");
    expect(visit, strstr(visit->order.notes, parcel) != NULL,
        "the notes have the parcel's number");
    expect(visit,
        visit->ctx.stats.bytes_received * 100 < visit->ctx.stats.bytes_full,
        "99 % of the way back is saved");
    free(parcel);
}

static void
smooth(struct visit *visit)
{
    const double *samples = visit->order.samples.items;
    uint32_t n_smoothed;
    mw_status status;

    printf("\nsmooth() above 10 °C\n");
    status = orders_Desk_smooth(
        visit->client, &visit->ctx, &visit->order, 10, &n_smoothed);
    expect_ok(visit, status, "smooth");
    if (status < 0) {
        return;
    }
    print_changes(visit->ctx.changes);
    printf("    %" PRIu32 " samples smoothed\n", n_smoothed);
    print_bytes(&visit->ctx.stats);
    expect(visit, n_smoothed == 3, "three samples were above 10 °C");
    expect(visit, samples == visit->order.samples.items,
        "the samples are where they were: pointers to them stay valid");
    expect(visit,
        visit->ctx.stats.bytes_received * 100 < visit->ctx.stats.bytes_full,
        "99 % of the way back is saved");
}

static double
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static void
audit(struct visit *visit)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    double start, accepted;
    uint32_t n_before = 0, n_audited = 0;

    printf("\naudit(), one-way\n");
    expect_ok(visit, orders_Desk_audited(visit->client, &visit->ctx, &n_before),
        "audited");
    start = now_ms();
    expect_ok(visit,
        orders_Desk_audit(visit->client, &visit->ctx, "order 4711 confirmed"),
        "audit");
    accepted = now_ms();
    while (visit->n_wrong == 0 && n_audited <= n_before &&
           now_ms() < start + 5000) {
        expect_ok(visit,
            orders_Desk_audited(visit->client, &visit->ctx, &n_audited),
            "audited");
        nanosleep(&pause, NULL);
    }
    printf("    accepted after %.1f ms, done after %.0f ms\n", accepted - start,
        now_ms() - start);
    expect(visit, n_audited > n_before, "what was accepted is done");
}

/* Any server can be asked this. */
static void
ask_server(struct visit *visit)
{
    mw_Health health = mw_Health_UNKNOWN;
    mw_Statistics all = { 0 };
    size_t i;

    printf("\nmw.Server, what the server says of itself\n");
    expect_ok(visit,
        mw_Server_health(visit->client, &visit->ctx, "orders.Desk", &health),
        "health");
    printf("    orders.Desk: %s\n", mw_Health_name(health));
    expect_ok(visit, mw_Server_statistics(visit->client, &visit->ctx, &all),
        "statistics");
    for (i = 0; i < all.operations.len; i++) {
        const mw_OperationStatistics *op = &all.operations.items[i];

        if (op->bytes_saved > 0) {
            printf("    %s: %" PRIu64 " ok, %" PRIu64 " failed, %" PRIu64
                   " bytes saved\n",
                op->target, op->ok, op->failed, op->bytes_saved);
        }
    }
    expect(visit, health == mw_Health_SERVING, "the desk is open");
    mw_Statistics_clear(&all);
}

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/client.pem",
               *key = "certs/client.key", *ca = "certs/ca.pem";
    const struct option_text options[] = {
        { "--connect", &address, "address of the server" },
        { "--cert", &cert, "PEM file with the client's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for the server" },
        { NULL, NULL, NULL },
    };
    static void (*const steps[])(struct visit * visit) = {
        show_connection,
        confirm_too_much,
        confirm,
        smooth,
        audit,
        ask_server,
    };
    struct visit visit = { .ctx =
                               MW_CTX(.measure = true, .show_changes = true) };
    mw_error err;
    size_t i;

    options_read(options, "Brings an order to the desk.", argc, argv);
    if (mw_client_open(&visit.client, address,
            MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
            &err) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    if (example_order(&visit.order) < 0) {
        fprintf(stderr, "%s: out of memory\n", argv[0]);
        mw_client_close(visit.client);
        return 1;
    }
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && visit.n_wrong == 0;
         i++) {
        steps[i](&visit);
    }

    mw_ctx_clear(&visit.ctx);
    orders_Order_clear(&visit.order);
    mw_client_close(visit.client);
    if (visit.n_wrong > 0) {
        fprintf(stderr, "%s: %d things were wrong\n", argv[0], visit.n_wrong);
    }
    return visit.n_wrong > 0;
}
