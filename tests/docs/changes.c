/* SPDX-License-Identifier: MIT */
/*
 * What comes back after this change and that, as rows of the table in
 * README.md.  Fails when a call does, or when its outcome is not that of the
 * same change made here.
 */
#include <inttypes.h>
#include <mw/mw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes_client.mw.h"
#include "changes_server.mw.h"

enum {
    N_PLANTS = 1000,
    N_RAIN = 1000,
    N_DIARY = 20000, /* bytes */
    N_PHOTO = 20000, /* bytes */
};

/* The changes.  Each works on the heap and in a call; none may fail. */

static void
do_nothing(changes_Bed *bed)
{
    (void) bed;
}

static void
set_number(changes_Bed *bed)
{
    bed->number = 7;
}

static void
water_ten(changes_Bed *bed)
{
    size_t i;

    for (i = 42; i < bed->plants.len; i += 100) {
        bed->plants.items[i].thirsty = false;
    }
}

static void
remove_first(changes_Bed *bed)
{
    /* Plants own no memory, so it can be done by hand in both places. */
    memmove(bed->plants.items, bed->plants.items + 1,
        (bed->plants.len - 1) * sizeof(bed->plants.items[0]));
    bed->plants.len--;
}

static void
move_first(changes_Bed *bed)
{
    changes_Plant first = bed->plants.items[0];

    remove_first(bed);
    bed->plants.items[bed->plants.len++] = first;
}

static int
compare_heights(const void *a, const void *b)
{
    double x = ((const changes_Plant *) a)->height_cm;
    double y = ((const changes_Plant *) b)->height_cm;

    return (x > y) - (x < y);
}

static void
sort_plants(changes_Bed *bed)
{
    qsort(bed->plants.items, bed->plants.len, sizeof(bed->plants.items[0]),
        compare_heights);
}

static void
capitalise(changes_Bed *bed)
{
    size_t i;

    for (i = 500; i < N_DIARY; i += 1000) {
        memcpy(bed->diary + i, "TULIP", 5);
    }
}

static void
cut_photo(changes_Bed *bed)
{
    memmove(bed->photo.items + 5000, bed->photo.items + 5100, N_PHOTO - 5100);
    bed->photo.len -= 100;
}

static void
scale_rain(changes_Bed *bed)
{
    size_t i;

    for (i = 0; i < bed->rain.len; i++) {
        bed->rain.items[i] *= 1.01;
    }
}

static const struct {
    const char *name;
    void (*make)(changes_Bed *bed);
} changes[] = {
    { "leaves all as it is", do_nothing },
    { "sets a number", set_number },
    { "sets one member of 10 of 1000 structs", water_ten },
    { "removes the first of 1000 structs", remove_first },
    { "moves the first of 1000 structs to the end", move_first },
    { "sorts 1000 structs by another member", sort_plants },
    { "replaces 20 words in a text of 20 kB", capitalise },
    { "cuts 100 bytes out of 20 kB", cut_photo },
    { "multiplies 1000 doubles", scale_rain },
};

enum { N_CHANGES = sizeof(changes) / sizeof(changes[0]) };

static mw_status
change(mw_call *call, changes_Bed *bed, uint32_t how)
{
    if (how >= N_CHANGES) {
        return mw_call_fail(call, MW_EINVAL, "no change %" PRIu32, how);
    }
    changes[how].make(bed);
    return MW_OK;
}

static const changes_Gardener_ops ops = { .change = change };

/* The object. */

static mw_status
make_bed(changes_Bed *bed)
{
    uint32_t noise = 1;
    size_t i;

    *bed = (changes_Bed){ .diary = malloc(N_DIARY + 1) };
    if (bed->diary == NULL ||
        changes_Plant_seq_insert(NULL, &bed->plants, 0, N_PLANTS) == NULL ||
        mw_seq_insert(NULL, &mw_type_seq_f64, &bed->rain, 0, N_RAIN) == NULL ||
        mw_seq_insert(NULL, &mw_type_seq_u8, &bed->photo, 0, N_PHOTO) == NULL) {
        changes_Bed_clear(bed);
        return MW_ENOMEM;
    }
    for (i = 0; i < N_PLANTS; i++) {
        changes_Plant *plant = &bed->plants.items[i];

        (void) snprintf(plant->name, sizeof(plant->name), "tulip %zu", i);
        plant->height_cm = 10 + (double) (i * 7919 % N_PLANTS) / 100;
        plant->thirsty = true;
    }
    for (i = 0; i < N_RAIN; i++) {
        bed->rain.items[i] = (double) (i * 31 % 97) / 10;
    }
    for (i = 0; i < N_DIARY; i++) {
        noise = noise * 1664525u + 1013904223u;
        bed->diary[i] = "etaoin shrdlu"[(noise >> 16) % 13];
    }
    bed->diary[N_DIARY] = '\0';
    for (i = 0; i < N_PHOTO; i++) {
        noise = noise * 1664525u + 1013904223u;
        bed->photo.items[i] = (uint8_t) (noise >> 24);
    }
    return MW_OK;
}

static mw_status
measure(mw_client *client, uint32_t how)
{
    mw_ctx ctx = MW_CTX(.measure = true);
    changes_Bed bed, local;
    mw_status status = make_bed(&bed);

    if (status < 0) {
        return status;
    }
    status = changes_Bed_copy(&local, &bed);
    if (status == MW_OK) {
        changes[how].make(&local);
        status = changes_Gardener_change(client, &ctx, &bed, how);
    }
    if (status == MW_OK && !changes_Bed_equal(&bed, &local)) {
        status = MW_EDATALOSS;
    }
    if (status == MW_OK) {
        printf("| %s | %" PRIu64 " | %" PRIu64 " |\n", changes[how].name,
            ctx.stats.bytes_received, ctx.stats.bytes_full);
    }
    changes_Bed_clear(&local);
    changes_Bed_clear(&bed);
    return status;
}

static void *
run(void *server)
{
    return mw_server_run(server, NULL) == MW_OK ? NULL : server;
}

int
main(void)
{
    mw_status status = MW_EUNAVAILABLE;
    mw_client *client;
    mw_server *server;
    pthread_t thread;
    uint32_t i;

    if (mw_server_open(&server, NULL, NULL) < 0) {
        return 1;
    }
    if (changes_Gardener_serve(server, &ops, NULL) == MW_OK &&
        pthread_create(&thread, NULL, run, server) == 0) {
        status = mw_client_open_local(&client, server, NULL, NULL);
        if (status == MW_OK) {
            for (i = 0; i < N_CHANGES && status == MW_OK; i++) {
                status = measure(client, i);
            }
            mw_client_close(client);
        }
        mw_server_stop(server);
        pthread_join(thread, NULL);
    }
    mw_server_close(server);
    if (status < 0) {
        fprintf(stderr, "changes: %s\n", mw_status_text(status));
    }
    return status < 0;
}
