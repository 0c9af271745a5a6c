/* SPDX-License-Identifier: MIT */
/*
 * Payloads of megabytes, both ways, byte by byte: as arguments and results, as
 * parts of structs, of objects that change, of nodes, mirrors and exceptions.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/mirror.h"
#include "mw/mw.h"
#include "mw/pending.h"

#include "base/mem.h"
#include "bulk_client.mw.h"
#include "bulk_server.mw.h"
#include "lib/pki.h"

enum { KIB = 1 << 10, MIB = 1 << 20 };

/* ---- the server ---- */

static _Atomic uint64_t n_added;

static mw_status
echo(mw_call *call, const bulk_Octets *bytes, bulk_Octets *ret_value)
{
    (void) call;
    *ret_value = *bytes;
    return MW_OK;
}

static mw_status
next(mw_call *call, const bulk_Octets *bytes, bulk_Octets *ret_value)
{
    ret_value->items = mw_alloc(call, bytes->len);
    if (ret_value->items == NULL) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < bytes->len; i++) {
        ret_value->items[i] = (uint8_t) (bytes->items[i] + 1);
    }
    ret_value->len = bytes->len;
    return MW_OK;
}

static mw_status
twice(mw_call *call, const bulk_Octets *bytes, const bulk_Doubles *numbers,
    const char *text, bulk_Octets *copy, bulk_Doubles *ret_value)
{
    (void) call;
    if (strcmp(text, "behind") != 0) {
        return MW_EINVAL;
    }
    *copy = *bytes;
    *ret_value = *numbers;
    return MW_OK;
}

static mw_status
change(mw_call *call, bulk_Parcel *parcel)
{
    (void) call;
    for (size_t i = 0; i < parcel->bytes.len; i++) {
        parcel->bytes.items[i] = (uint8_t) ~parcel->bytes.items[i];
    }
    return MW_OK;
}

static mw_status
pass(mw_call *call, const bulk_Parcel *parcel, bulk_Parcel *ret_value)
{
    (void) call;
    *ret_value = *parcel;
    return MW_OK;
}

static mw_status
spoil(mw_call *call, const bulk_Octets *bytes)
{
    bulk_Broken broken = { .bytes = *bytes };

    return mw_call_raise(call, &bulk_Broken_type, &broken);
}

static mw_status
append(mw_call *call, bulk_Node **first, const bulk_Octets *bytes)
{
    bulk_Node *node = bulk_Node_new(call);

    if (node == NULL) {
        return MW_ENOMEM;
    }
    node->bytes = *bytes;
    node->next = (*first)->next;
    (*first)->next = node;
    return MW_OK;
}

static mw_status
add(mw_call *call, const bulk_Octets *bytes)
{
    (void) call;
    for (size_t i = 0; i < bytes->len; i++) {
        atomic_fetch_add(&n_added, bytes->items[i]);
    }
    return MW_OK;
}

static mw_status
total(mw_call *call, uint64_t *ret_value)
{
    (void) call;
    *ret_value = atomic_load(&n_added);
    return MW_OK;
}

static const bulk_Depot_ops depot_ops = {
    .echo = echo,
    .next = next,
    .twice = twice,
    .change = change,
    .pass = pass,
    .spoil = spoil,
    .append = append,
    .add = add,
    .total = total,
};

struct depot {
    mw_server *server;
    mw_client *client;
    pthread_t thread;
};

static void *
run(void *server)
{
    mw_error error;

    cr_assert_eq(mw_server_run(server, &error), MW_OK, "%s", error.text);
    return NULL;
}

static void
open_depot(struct depot *d)
{
    const mw_tls_options *tls = MW_TLS(.cert = mwt_pki_get()->server.cert,
        .key = mwt_pki_get()->server.key, .ca = mwt_pki_get()->ca);
    mw_error error;

    cr_assert_eq(mw_server_open(&d->server,
                     MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = tls,
                         .message_max = 32 * MIB, .memory_max = 64 * MIB),
                     &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(bulk_Depot_serve(d->server, &depot_ops, NULL), MW_OK);
    cr_assert_eq(pthread_create(&d->thread, NULL, run, d->server), 0);
    tls = MW_TLS(.cert = mwt_pki_get()->client.cert,
        .key = mwt_pki_get()->client.key, .ca = mwt_pki_get()->ca);
    cr_assert_eq(
        mw_client_open(&d->client, mw_server_address(d->server, 0),
            MW_CLIENT(.tls = tls, .timeout_ms = 60000, .message_max = 32 * MIB),
            &error),
        MW_OK, "%s", error.text);
}

static void
close_depot(struct depot *d)
{
    mw_client_close(d->client);
    mw_server_stop(d->server);
    cr_assert_eq(pthread_join(d->thread, NULL), 0);
    mw_server_close(d->server);
}

/* ---- payloads ---- */

static uint8_t
byte_at(size_t i)
{
    return (uint8_t) (i * 31 + i / 257);
}

static bulk_Octets
octets(size_t len)
{
    bulk_Octets bytes = { malloc(len), len, len };

    cr_assert_not_null(bytes.items);
    for (size_t i = 0; i < len; i++) {
        bytes.items[i] = byte_at(i);
    }
    return bytes;
}

static bulk_Doubles
doubles(size_t len)
{
    bulk_Doubles numbers = { malloc(len * sizeof(double)), len, len };

    cr_assert_not_null(numbers.items);
    for (size_t i = 0; i < len; i++) {
        numbers.items[i] = (double) i / 3;
    }
    return numbers;
}

static void
assert_same(const bulk_Octets *a, const bulk_Octets *b)
{
    cr_assert_eq(a->len, b->len);
    cr_assert_eq(memcmp(a->items, b->items, a->len), 0);
}

/* ---- calls ---- */

static const size_t lens[] = { 1000, 64 * KIB - 1, 64 * KIB, 128 * KIB - 30,
    128 * KIB, MIB, MIB + 1, 8 * MIB };

Test(bulk, octets_both_ways)
{
    struct depot d;

    open_depot(&d);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
            bulk_Octets bytes = octets(lens[i]);
            bulk_Octets back = { 0 };
            mw_ctx ctx = MW_CTX(.timeout_ms = 60000);

            bytes.items[lens[i] / 2] ^= 1;
            cr_assert_eq(bulk_Depot_echo(d.client, &ctx, &bytes, &back), MW_OK,
                "%s", mw_ctx_error(&ctx));
            assert_same(&bytes, &back);
            cr_assert_gt(ctx.stats.bytes_sent, lens[i]);
            cr_assert_lt(ctx.stats.bytes_sent, lens[i] + 100);
            cr_assert_gt(ctx.stats.bytes_received, lens[i]);
            cr_assert_lt(ctx.stats.bytes_received, lens[i] + 100);
            free(back.items);
            back = (bulk_Octets){ 0 };
            cr_assert_eq(bulk_Depot_next(d.client, NULL, &bytes, &back), MW_OK);
            for (size_t k = 0; k < lens[i]; k++) {
                back.items[k]--;
            }
            assert_same(&bytes, &back);
            free(back.items);
            free(bytes.items);
        }
    }
    close_depot(&d);
}

Test(bulk, two_payloads_in_a_message)
{
    bulk_Octets bytes = octets(MIB + 3);
    bulk_Doubles numbers = doubles(MIB / 4);
    struct depot d;

    open_depot(&d);
    for (int round = 0; round < 5; round++) {
        bulk_Octets copy = { 0 };
        bulk_Doubles back = { 0 };

        cr_assert_eq(bulk_Depot_twice(d.client, NULL, &bytes, &numbers,
                         "behind", &copy, &back),
            MW_OK);
        assert_same(&bytes, &copy);
        cr_assert_eq(back.len, numbers.len);
        cr_assert_eq(
            memcmp(back.items, numbers.items, numbers.len * sizeof(double)), 0);
        free(copy.items);
        free(back.items);
        /* A failure frees what has come. */
        copy = (bulk_Octets){ 0 };
        cr_assert_eq(bulk_Depot_twice(d.client, NULL, &bytes, &numbers,
                         "before", &copy, &back),
            MW_EINVAL);
        cr_assert_null(copy.items);
    }
    close_depot(&d);
    free(bytes.items);
    free(numbers.items);
}

static bulk_Parcel
parcel_of(size_t len)
{
    bulk_Parcel parcel = {
        .label = strdup("parcel"),
        .bytes = octets(len),
        .numbers = doubles(len / 8),
        .more = octets(len / 2),
        .has_more = true,
    };

    return parcel;
}

Test(bulk, members_of_structs)
{
    bulk_Parcel parcel = parcel_of(MIB);
    struct depot d;

    open_depot(&d);
    for (int round = 0; round < 4; round++) {
        bulk_Parcel back = { 0 };

        cr_assert_eq(bulk_Depot_pass(d.client, NULL, &parcel, &back), MW_OK);
        cr_assert(bulk_Parcel_equal(&parcel, &back));
        bulk_Parcel_clear(&back);
    }
    close_depot(&d);
    bulk_Parcel_clear(&parcel);
}

Test(bulk, objects_that_change)
{
    bulk_Parcel parcel = parcel_of(MIB);
    struct depot d;

    open_depot(&d);
    for (int round = 0; round < 4; round++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = 60000, .full_values = round % 2 != 0,
            .conflict = round < 2 ? MW_CONFLICT_UNCHECKED : MW_CONFLICT_FAIL);

        cr_assert_eq(bulk_Depot_change(d.client, &ctx, &parcel), MW_OK, "%s",
            mw_ctx_error(&ctx));
        for (size_t i = 0; i < parcel.bytes.len; i++) {
            uint8_t expected = byte_at(i);

            cr_assert_eq(parcel.bytes.items[i],
                round % 2 == 0 ? (uint8_t) ~expected : expected);
        }
        mw_ctx_clear(&ctx);
    }
    close_depot(&d);
    bulk_Parcel_clear(&parcel);
}

Test(bulk, mirrored_objects)
{
    bulk_Parcel parcel = parcel_of(MIB);
    mw_mirror *mirror;
    struct depot d;
    mw_error error;

    open_depot(&d);
    cr_assert_eq(
        mw_mirror_open(&mirror, &bulk_Parcel_type, &parcel, &error), MW_OK);
    for (int round = 0; round < 4; round++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = 60000, .mirror = mirror);

        cr_assert_eq(bulk_Depot_change(d.client, &ctx, &parcel), MW_OK, "%s",
            mw_ctx_error(&ctx));
        cr_assert_eq(parcel.bytes.items[1],
            round % 2 == 0 ? (uint8_t) ~byte_at(1) : byte_at(1));
        parcel.bytes.items[7] ^= 1;
        mw_ctx_clear(&ctx);
    }
    mw_mirror_close(mirror);
    close_depot(&d);
    bulk_Parcel_clear(&parcel);
}

Test(bulk, exceptions)
{
    bulk_Octets bytes = octets(500 * KIB);
    struct depot d;

    open_depot(&d);
    for (int round = 0; round < 3; round++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = 60000);
        const bulk_Broken *broken;

        cr_assert_eq(bulk_Depot_spoil(d.client, &ctx, &bytes), MW_EEXCEPTION);
        broken = mw_ctx_exception(&ctx, &bulk_Broken_type);
        cr_assert_not_null(broken);
        assert_same(&bytes, &broken->bytes);
        mw_ctx_clear(&ctx);
    }
    close_depot(&d);
    free(bytes.items);
}

Test(bulk, nodes)
{
    bulk_Octets bytes = octets(300 * KIB);
    bulk_Node *first = bulk_Node_new(NULL);
    struct depot d;

    open_depot(&d);
    for (int round = 0; round < 4; round++) {
        cr_assert_eq(bulk_Depot_append(d.client, NULL, &first, &bytes), MW_OK);
    }
    for (bulk_Node *node = first->next; node != NULL;) {
        bulk_Node *behind = node->next;

        assert_same(&bytes, &node->bytes);
        bulk_Node_free(node);
        node = behind;
    }
    bulk_Node_free(first);
    close_depot(&d);
    free(bytes.items);
}

Test(bulk, one_way_and_started_calls)
{
    enum { N = 6 };
    bulk_Octets bytes = octets(2 * MIB);
    bulk_Octets back[N] = { { 0 } };
    mw_pending *pending[N];
    uint64_t before = 0;
    uint64_t sum = 0;
    struct depot d;

    open_depot(&d);
    for (int i = 0; i < N; i++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = 60000);

        cr_assert_eq(bulk_Depot_next_start(
                         d.client, NULL, &bytes, &back[i], &pending[i]),
            MW_OK);
        cr_assert_eq(bulk_Depot_add(d.client, &ctx, &bytes), MW_OK, "%s",
            mw_ctx_error(&ctx));
    }
    for (size_t i = 0; i < bytes.len; i++) {
        before += bytes.items[i];
        /* Arguments of a call that was started are not looked at any more. */
        bytes.items[i]++;
    }
    for (int i = 0; i < N; i++) {
        cr_assert_eq(mw_pending_finish(pending[i]), MW_OK);
        assert_same(&bytes, &back[i]);
        free(back[i].items);
    }
    while (sum < N * before) {
        cr_assert_eq(bulk_Depot_total(d.client, NULL, &sum), MW_OK);
    }
    cr_assert_eq(sum, N * before);
    close_depot(&d);
    free(bytes.items);
}

static void *
call_often(void *user)
{
    struct depot *d = user;
    bulk_Octets bytes = octets(700 * KIB);

    for (int i = 0; i < 20; i++) {
        bulk_Octets back = { 0 };

        cr_assert_eq(bulk_Depot_echo(d->client, NULL, &bytes, &back), MW_OK);
        assert_same(&bytes, &back);
        free(back.items);
    }
    free(bytes.items);
    return NULL;
}

Test(bulk, many_callers_of_one_connection)
{
    enum { N = 4 };
    pthread_t threads[N];
    struct depot d;

    open_depot(&d);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, call_often, &d), 0);
    }
    for (int i = 0; i < N; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    close_depot(&d);
}

/* Over what one side takes. */
Test(bulk, limits)
{
    bulk_Octets bytes = octets(33 * MIB);
    bulk_Octets back = { 0 };
    struct depot d;

    open_depot(&d);
    cr_assert_eq(bulk_Depot_echo(d.client, NULL, &bytes, &back), MW_ERANGE);
    /* Twice as much as one message, and two such messages of memory. */
    bytes.len = 31 * MIB;
    cr_assert_eq(bulk_Depot_echo(d.client, NULL, &bytes, &back), MW_OK);
    assert_same(&bytes, &back);
    free(back.items);
    free(bytes.items);
    close_depot(&d);
}

/* Each allocation of either side in turn. */
Test(bulk, without_memory)
{
    bulk_Octets bytes = octets(300 * KIB);
    bool failed = true;
    struct depot d;

    open_depot(&d);
    for (uint64_t n = 1; failed; n++) {
        bulk_Octets back = { 0 };
        mw_status status;

        cr_assert_eq(mw_client_ping(d.client, NULL), MW_OK);
        mwi_mem_fail_at(n);
        status = bulk_Depot_next(d.client, NULL, &bytes, &back);
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert(status == MW_OK || failed);
        cr_assert(status < 0 || back.len == bytes.len);
        free(back.items);
    }
    close_depot(&d);
    free(bytes.items);
}
