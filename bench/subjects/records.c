/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <stdio.h>

struct record
record_at(uint32_t i)
{
    struct record record = {
        .stamp = UINT64_C(1700000000000000) + i,
        .price = record_price(i),
        .count = record_count(i),
        .rank = -(int32_t) i,
        .open = i % 3 == 0,
        .shard = (uint16_t) (i % 64),
    };

    (void) snprintf(record.name, sizeof(record.name), "item-%04u", i % 10000);
    (void) snprintf(record.note, sizeof(record.note), "n%03u", i % 1000);
    return record;
}
