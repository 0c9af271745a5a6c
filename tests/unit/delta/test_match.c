/* SPDX-License-Identifier: MIT */
/*
 * Elements without a key: which of them are taken for which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "shapes.h"
#include "world.h"

enum { SLOTS = 200 };

/* Slots that differ in each member, or in their place alone. */
static seq_slot
slots(bool alike)
{
    seq_slot made = { calloc(SLOTS, sizeof(slot)), SLOTS, SLOTS };

    cr_assert_not_null(made.items);
    for (size_t i = 0; i < SLOTS; i++) {
        slot *at = &made.items[i];

        at->place = (int16_t) (i * 37);
        at->ring.len = 4;
        at->ring.items[0] = (uint16_t) (alike ? 1 : i);
        (void) snprintf(at->label, sizeof(at->label), "label number %zu",
            alike ? (size_t) 0 : i);
    }
    return made;
}

static seq_slot
copy(const seq_slot *from)
{
    seq_slot made = { malloc(SLOTS * sizeof(slot)), SLOTS, SLOTS };

    cr_assert_not_null(made.items);
    memcpy(made.items, from->items, SLOTS * sizeof(slot));
    return made;
}

/* Bring old to live; both are freed. */
static mw_stats
brought(seq_slot old, seq_slot live)
{
    struct mwi_buf delta = delta_between(&seq_slot_type, &old, &live);
    mw_stats stats;
    mw_error error;

    cr_assert_eq(apply(&seq_slot_type, &old, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, &stats),
        MW_OK, "%s", error.text);
    cr_expect(mwi_equal(&seq_slot_type, &old, &live));
    mwi_buf_fini(&delta);
    mw_object_clear(&seq_slot_type, &old);
    mw_object_clear(&seq_slot_type, &live);
    return stats;
}

/* All have changed where they are. */
Test(match, in_place)
{
    seq_slot old = slots(false);
    seq_slot live = copy(&old);
    mw_stats stats;

    for (size_t i = 0; i < SLOTS; i++) {
        live.items[i].place = -1;
    }
    stats = brought(old, live);
    cr_expect_eq(stats.values_changed, SLOTS);
    cr_expect_eq(stats.elements_inserted, 0);
    cr_expect_eq(stats.elements_removed, 0);
}

/* The first one goes and another one comes behind the last.  What all of them
 * have in common does not make them the same that were there. */
static void
shift(seq_slot old)
{
    seq_slot live = copy(&old);
    mw_stats stats;

    memmove(live.items, live.items + 1, (SLOTS - 1) * sizeof(slot));
    live.items[SLOTS - 1].place = -1;
    stats = brought(old, live);
    cr_expect_eq(stats.elements_inserted, 1);
    cr_expect_eq(stats.elements_removed, 1);
    cr_expect_eq(stats.values_changed, 0);
}

Test(match, shifted)
{
    shift(slots(false));
}

Test(match, shifted_and_alike)
{
    shift(slots(true));
}

/* Half of them are the same, every other one in turn; what is between those is
 * paired. */
Test(match, every_other_one)
{
    seq_slot old = slots(false);
    seq_slot live = copy(&old);
    mw_stats stats;

    for (size_t i = 0; i < SLOTS; i += 2) {
        live.items[i] = old.items[i + 1];
        live.items[i + 1].place = -1;
        live.items[i + 1].ring.len = 0;
        (void) snprintf(live.items[i + 1].label,
            sizeof(live.items[i + 1].label), "another");
    }
    stats = brought(old, live);
    cr_expect_eq(stats.elements_inserted, 1);
    cr_expect_eq(stats.elements_removed, 1);
}
