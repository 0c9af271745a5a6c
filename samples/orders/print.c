/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
print_label(const char *name)
{
    printf("    %-14s", name);
}

static void
print_text_change(const char *name, const char *before, const char *after)
{
    size_t same = 0;

    if (strcmp(before, after) == 0) {
        return;
    }
    print_label(name);
    while (before[same] != '\0' && before[same] == after[same]) {
        same++;
    }
    if (before[same] == '\0') {
        after += same + strspn(after + same, "\n");
        printf("… + \"%s\"\n", after);
    } else {
        printf("\"%s\" → \"%s\"\n", before, after);
    }
}

static const orders_Line *
find_line(const orders_Line_seq *lines, const char *sku)
{
    size_t i;

    for (i = 0; i < lines->len; i++) {
        if (strcmp(lines->items[i].sku, sku) == 0) {
            return &lines->items[i];
        }
    }
    return NULL;
}

static void
print_line(const char *what, const orders_Line *line)
{
    print_label("line");
    printf("%s %-8s %3" PRIu32 " × %6.2f  %s\n", what, line->sku,
        line->quantity, line->price, line->title);
}

static void
print_line_changes(const orders_Line_seq *before, const orders_Line_seq *after)
{
    const orders_Line *old, *line;
    size_t i;

    for (i = 0; i < before->len; i++) {
        if (find_line(after, before->items[i].sku) == NULL) {
            print_line("−", &before->items[i]);
        }
    }
    for (i = 0; i < after->len; i++) {
        line = &after->items[i];
        old = find_line(before, line->sku);
        if (old == NULL) {
            print_line("+", line);
        } else if (!orders_Line_equal(old, line)) {
            print_label("line");
            printf("~ %-8s %3" PRIu32 " × %6.2f → %" PRIu32 " × %.2f\n",
                line->sku, old->quantity, old->price, line->quantity,
                line->price);
        }
    }
}

static void
print_sample_changes(const mw_seq_f64 *before, const mw_seq_f64 *after)
{
    size_t i;

    for (i = 0; i < before->len && i < after->len; i++) {
        if (before->items[i] != after->items[i]) {
            print_label("samples");
            printf("[%zu] %.2f → %.2f\n", i, before->items[i], after->items[i]);
        }
    }
    if (before->len != after->len) {
        print_label("samples");
        printf("%zu → %zu of them\n", before->len, after->len);
    }
}

static void
print_discount_change(const orders_Order *before, const orders_Order *after)
{
    if (before->has_discount == after->has_discount &&
        before->discount == after->discount) {
        return;
    }
    print_label("discount");
    if (before->has_discount) {
        printf("%g %%", before->discount);
    } else {
        printf("none");
    }
    if (after->has_discount) {
        printf(" → %g %%\n", after->discount);
    } else {
        printf(" → none\n");
    }
}

void
print_changes(const orders_Order *before, const orders_Order *after)
{
    if (before->status != after->status) {
        print_label("status");
        printf("%s → %s\n", orders_Status_name(before->status),
            orders_Status_name(after->status));
    }
    print_text_change(
        "customer.name", before->customer.name, after->customer.name);
    print_text_change(
        "customer.city", before->customer.city, after->customer.city);
    print_line_changes(&before->lines, &after->lines);
    print_text_change("notes", before->notes, after->notes);
    print_sample_changes(&before->samples, &after->samples);
    print_discount_change(before, after);
    if (orders_Order_equal(before, after)) {
        printf("    nothing changed\n");
    }
}

void
print_bytes(const mw_stats *stats)
{
    printf("    %" PRIu64 " bytes sent, %" PRIu64 " came back",
        stats->bytes_sent, stats->bytes_received);
    if (stats->bytes_full > 0) {
        printf("; whole values would have been %" PRIu64 ": %.2f %% saved",
            stats->bytes_full,
            100 - 100.0 * (double) stats->bytes_received /
                      (double) stats->bytes_full);
    }
    putchar('\n');
}
