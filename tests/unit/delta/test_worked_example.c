/* SPDX-License-Identifier: MIT */
/*
 * The worked example of docs/performance.md, byte by byte: what comes back of
 * an order of 10 KB in which a little of everything has changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "lib/order.h"
#include "world.h"

/* [nodes, D(Order)] */
static const char expected[] =
    "82"
    /* [[0, 1], [[502, "Grace Hopper", false]]]: a new node of the first type */
    "82 820001 81 83 1901f6 6c 477261636520486f70706572 f4"
    "a7"
    /* 2: the customer is node 1 */
    "02 01"
    /* 3: {0: [[5, 0, [["SKU-09999", 1, 4999, null]]], [12, 1, []]],
     *     1: {3: {2: 9, 4: "backordered"}}} */
    "03 a2 00 82 83 0500 81 84 69 534b552d3039393939 01 191387 f6"
    "            83 0c01 80"
    "      01 a1 03 a2 02 09 04 6b 6261636b6f726465726564"
    /* 4: {0: [[1024, 0, " [checked]"]]} */
    "04 a1 00 81 83 190400 00 6a 205b636865636b65645d"
    /* 5: {1: [[100, four doubles]]} */
    "05 a1 01 81 82 1864 d856 5820 000000000000e03f 000000000000e83f"
    "                              000000000000f03f 000000000000f43f"
    /* 6: HELD, 7: 51208 */
    "06 02 07 19c808"
    /* 8: [{"carrier": "DHL"}, ["attr03"]] */
    "08 82 a1 67 63617272696572 63 44484c 81 66 617474723033";

Test(worked_example, bytes)
{
    worked_Order order;
    worked_Customer *customer;
    uint8_t bytes[256];
    size_t len = unhex(expected, bytes, sizeof(bytes));
    struct mwt_call call;

    mwt_order_fill(&order);
    customer = order.customer;
    mwt_call_open(&call, &worked_Order_type, &order);
    mwt_call_write_request(&call);
    mwt_call_read_request(&call);
    mwt_call_take_snapshot(&call);
    mwt_order_handle(&call, call.server);
    mwt_call_write_reply(&call);
    cr_expect_leq(mwi_buf_len(&call.reply), 167);
    cr_expect(mwi_buf_len(&call.reply) == len &&
                  memcmp(mwi_buf_bytes(&call.reply), bytes, len) == 0,
        "%zu bytes: %s", mwi_buf_len(&call.reply),
        hex(mwi_buf_bytes(&call.reply), mwi_buf_len(&call.reply)));
    mwt_call_stage(&call);
    mwt_call_commit(&call);

    cr_expect_eq(order.lines.len, MWT_ORDER_LINES);
    cr_expect_str_eq(order.lines.items[3].note, "backordered");
    cr_expect_str_eq(order.lines.items[5].sku, "SKU-09999");
    cr_expect_str_eq(order.lines.items[13].sku, "SKU-00013");
    cr_expect_str_eq(order.notes + MWT_ORDER_NOTES, " [checked]");
    cr_expect_eq(order.samples.items[103], 1.25);
    cr_expect_eq(order.status, worked_Status_HELD);
    cr_expect_neq(order.customer, customer);
    cr_expect_str_eq(order.customer->name, "Grace Hopper");
    cr_expect_str_eq(customer->name, "Ada Lovelace");
    mwt_call_close(&call);
    worked_Customer_free(customer);
    cr_expect_eq(worked_Order_clear_graph(&order), MW_OK);
}
