/* SPDX-License-Identifier: MIT */
/*
 * The object of workload inout: 1000 records, of which the handler changes 10.
 * Every subject has the records in the types that its library makes; what is in
 * them is here.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RECORDS = 1000,
    RECORDS_STEP = 100, /* record 0, 100 and so on change */
    RECORDS_CHANGED = RECORDS / RECORDS_STEP,
    RECORD_BYTES = 46, /* of one, in CBOR, about */
};

struct record {
    uint64_t stamp;
    char name[16];
    double price;
    uint32_t count;
    int32_t rank;
    bool open;
    uint16_t shard;
    char note[16];
};

/** The i-th record, as it is at first. */
struct record record_at(uint32_t i);

/** Numbers of the i-th one at first; the price takes all of a double. */
static inline double
record_price(uint32_t i)
{
    return 100 + i / 8.0 + 0x1p-30;
}

static inline uint32_t
record_count(uint32_t i)
{
    return 70000 + i;
}

/* What the handler does to one: the price goes up by 1/4, the count by 1. */
#define RECORD_PRICE_STEP 0.25

/** Whether, after so many calls, a price and a count are what they must be. */
static inline bool
record_is_after(uint32_t i, uint32_t calls, double price, uint32_t count)
{
    return count == record_count(i) + calls &&
           price == record_price(i) + RECORD_PRICE_STEP * calls;
}

#ifdef __cplusplus
}
#endif

#endif
