/* SPDX-License-Identifier: MIT */
/*
 * Write contracts: what the differ keeps to itself, and what a client refuses,
 * whether it comes as a delta or as a whole value.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "delta/compare.h"
#include "delta/format.h"
#include "fixture.h"
#include "forms.h"
#include "kinds.h"
#include "lib/prng.h"
#include "lib/random_type.h"
#include "lib/random_value.h"
#include "world.h"

#define MASK(name, ...)                                       \
    static const mw_mask_field name##_fields[] = __VA_ARGS__; \
    static const mw_mask name = { .fields = name##_fields,    \
        .n = sizeof(name##_fields) / sizeof(name##_fields[0]) }

MASK(line_count, { { 1, &mwi_mask_all } });
MASK(line_note, { { 2, &mwi_mask_all } });
MASK(line_part_of_note, { { 2, &line_count } });
MASK(pair_first, { { 0, &mwi_mask_all } });
MASK(pair_both, { { 0, &mwi_mask_all }, { 1, &mwi_mask_all } });
MASK(item_id, { { 0, &mwi_mask_all } });
MASK(item_price, { { 2, &mwi_mask_all } });
MASK(circle_x, { { 0, &mwi_mask_all } });
MASK(figure_round_x, { { 0, &circle_x } });
MASK(crate_prices, { { 1, &item_price }, { 2, &item_price } });
MASK(profile_age, { { 1, &mwi_mask_all } });

/* All in hexadecimal; values are V(T). */
static const struct contract {
    const char *name;
    const mw_type *type;
    const mw_mask *mask;
    const char *old;
    const char *live;
    const char *delta;
    const char *result; /* of applying it */
} contracts[] = {
    { "member", &line_type, &line_count, "8464626f6c7401f6f6",
        "84636e7574096178f6", "a10109", "8464626f6c7409f6f6" },
    { "nothing in the contract has changed", &line_type, &line_count,
        "8464626f6c7401f6f6", "84636e7574016178f6", "a0",
        "8464626f6c7401f6f6" },
    { "never as a whole", &pair_type, &pair_first, "820102", "820304", "a10003",
        "820302" },
    { "never as a whole, even if all of it", &pair_type, &pair_both, "820102",
        "820304", "a200030104", "820304" },
    { "optional member appears", &line_type, &line_note, "8464626f6c7401f6f6",
        "8464626f6c74016178f6", "a1026178", "8464626f6c74016178f6" },
    { "optional member disappears", &line_type, &line_note,
        "8464626f6c74016178f6", "8464626f6c7401f6f6", "a102f6",
        "8464626f6c7401f6f6" },
    { "elements in place", &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb4004"
        "000000000000f6d85640850366636861696e73fb4004000000000000f6d85640"
        "8504656472696c6cfb3ff0000000000000f6d85640",
        "a101a201a102fb400400000000000002a102fb4004000000000000",
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb4004"
        "000000000000f6d85640850365636861696efb4004000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640" },
    { "elements elsewhere are no change", &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850365636861696efb3f"
        "f0000000000000f6d85640850264626f6c74fb3ff0000000000000f6d8564085"
        "04656472696c6cfb4004000000000000f6d85640",
        "a101a103a102fb4004000000000000",
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb4004000000000000f6d85640" },
    { "elements that come and go are no change", &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "83850165616e76696cfb4004000000000000f6d85640850365636861696efb3f"
        "f0000000000000f6d856408504656472696c6cfb3ff0000000000000f6d85640",
        "a101a100a102fb4004000000000000",
        "84850165616e76696cfb4004000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640" },
    { "keys that may change", &seq_item_type, &item_id,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850964626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a101a101a10009",
        "84850165616e76696cfb3ff0000000000000f6d85640850964626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640" },
    { "elements without a key", &seq_line_type, &line_count,
        "8284616101f6f684616202f6f6", "8284616301f6f684616203f6f6",
        "a101a101a10103", "8284616101f6f684616203f6f6" },
    { "elements without a key, fewer of them", &seq_line_type, &line_count,
        "8284616101f6f684616202f6f6", "8184616202f6f6", "a0",
        "8284616101f6f684616202f6f6" },
    { "elements of an array", &array_line_2_type, &line_count,
        "8284616101f6f684616202f6f6", "8284616102f6f684616303f6f6",
        "a101a200a1010201a10103", "8284616102f6f684616203f6f6" },
    { "entries", &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a3228504656472696c6cfb3ff0000000000000f6d8564005850265626f6c7473"
        "fb4004000000000000f6d8564019012c850365636861696efb400c0000000000"
        "00f6d85640",
        "83a080a205a102fb400400000000000019012ca102fb400c000000000000",
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "4004000000000000f6d8564019012c850365636861696efb400c000000000000"
        "f6d85640" },
    { "entries that come and go are no change", &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a205850264626f6c74fb3ff0000000000000f6d8564006850264626f6c74fb3f"
        "f0000000000000f6d85640",
        "80",
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640" },
    { "no part of a number", &price_map_type, &item_price,
        "a16161fb3ff0000000000000",
        "a26161fb40000000000000006162fb3ff0000000000000", "80",
        "a16161fb3ff0000000000000" },
    { "arm", &figure_type, &figure_round_x, "8201830a1405", "8201830b1505",
        "a101a1000b", "8201830b1405" },
    { "another arm is no change", &figure_type, &figure_round_x, "8201830a1405",
        "82026178", "a0", "8201830a1405" },
    { "an arm that may not change", &figure_type, &figure_round_x, "82026178",
        "82026179", "a0", "82026178" },
    { "no arm", &figure_type, &figure_round_x, "8100", "82026179", "a0",
        "8100" },
    { "what is in boxes", &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3f"
        "f0000000000000f6d85640f6",
        "8402850165616e76696cfb4004000000000000f6d85640850364626f6c74fb40"
        "0c000000000000f6d85640f6",
        "a201a102fb400400000000000002a102fb400c000000000000",
        "8401850165616e76696cfb4004000000000000f6d85640850264626f6c74fb40"
        "0c000000000000f6d85640f6" },
    { "boxes that come and go are no change", &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3f"
        "f0000000000000f6d85640f6",
        "8401850165616e76696cfb3ff0000000000000f6d85640f68402850165616e76"
        "696cfb3ff0000000000000f6d85640f6f6",
        "a0",
        "8401850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3f"
        "f0000000000000f6d85640f6" },
    { "@mutable", &profile_type, &profile_age, "a403181e07050a6341646114f6",
        "a403181f07060a63416461146178", "8203181f",
        "a403181f07050a6341646114f6" },
    { "@mutable, nothing", &profile_type, &profile_age,
        "a403181e07050a6341646114f6", "a403181e07060a63416461146178", "80",
        "a403181e07050a6341646114f6" },
    { "nothing may change", &profile_type, &mwi_mask_none,
        "a403181e07050a6341646114f6", "a403181f07060a63416461146178", "80",
        "a403181e07050a6341646114f6" },
    { "nothing of a text may change", &line_type, &line_part_of_note,
        "8464626f6c74016178f6", "8464626f6c74016179f6", "a0",
        "8464626f6c74016178f6" },
};

/* What comes of applying a delta or value to what was there. */
static void
check_apply(const struct contract *c, const struct mwi_buf *message,
    const void *result, const char *what)
{
    void *object = decoded(c->type, c->old);
    void *old = decoded(c->type, c->old);
    mw_error error;
    mw_status status = apply_masked(c->type, c->mask, object,
        mwi_buf_bytes(message), mwi_buf_len(message), &error, NULL);

    if (result != NULL) {
        cr_expect_eq(status, MW_OK, "%s, %s: %s", c->name, what, error.text);
        cr_expect(mwi_equal(c->type, object, result), "%s, %s", c->name, what);
    } else {
        cr_expect_eq(
            status, MW_ECONTRACT, "%s, %s: %s", c->name, what, error.text);
        cr_expect(mwi_equal(c->type, object, old), "%s, %s", c->name, what);
    }
    drop(c->type, object);
    drop(c->type, old);
}

static void
check_contract(const struct contract *c)
{
    void *old = decoded(c->type, c->old);
    void *live = decoded(c->type, c->live);
    void *result = decoded(c->type, c->result);
    bool is_kept = mwi_equal(c->type, live, result);
    struct mwi_buf delta = delta_masked(c->type, c->mask, old, live);
    struct mwi_buf all = delta_between(c->type, old, live);
    struct mwi_buf good = value_of(c->type, result);
    struct mwi_buf value = value_of(c->type, live);

    cr_expect_str_eq(hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)), c->delta,
        "%s: %s", c->name, hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)));
    check_apply(c, &delta, result, "the delta");
    check_apply(c, &good, result, "what it leaves, as a whole");
    if (!is_kept) {
        check_apply(c, &all, NULL, "a delta of all");
    }
    check_apply(c, &value, is_kept ? result : NULL, "all as a whole");
    mwi_buf_fini(&delta);
    mwi_buf_fini(&all);
    mwi_buf_fini(&good);
    mwi_buf_fini(&value);
    drop(c->type, old);
    drop(c->type, live);
    drop(c->type, result);
}

Test(contract, forms)
{
    for (size_t i = 0; i < sizeof(contracts) / sizeof(contracts[0]); i++) {
        check_contract(&contracts[i]);
    }
    cr_expect_not(has_leaks());
}

static const struct masked_refusal {
    const mw_type *type;
    const mw_mask *mask;
    const char *object;
    const char *delta;
    mw_status status;
    const char *text;
} refusals[] = {
    { &line_type, &line_count, "8464626f6c74016178f6", "a100636e7574",
        MW_ECONTRACT, "x.sku: may not be changed by this operation" },
    { &line_type, &line_count, "8464626f6c74016178f6", "a2010202f6",
        MW_ECONTRACT, "x.note: may not be changed by this operation" },
    { &line_type, &line_count, "8464626f6c74016178f6", "84636e7574016178f6",
        MW_ECONTRACT, "x.sku: may not be changed by this operation" },
    { &line_type, &line_count, "8464626f6c74016178f6", "8464626f6c7401f6f6",
        MW_ECONTRACT, "x.note: may not be changed by this operation" },
    { &line_type, &line_count, "8464626f6c7401f6f6", "8464626f6c74016178f6",
        MW_ECONTRACT, "x.note: may not be changed by this operation" },
    { &line_type, &line_count, "8464626f6c7401f6f6", "a102a10080", MW_EPROTO,
        "x.note: is absent and cannot be patched" },
    { &line_type, &line_count,
        "84782b54686520717569636b2062726f776e20666f78206a756d7073206f7665"
        "7220746865206c617a7920646f6701f6f6",
        "a100a100818300016174", MW_ECONTRACT,
        "x.sku: may not be changed by this operation" },
    { &line_type, &mwi_mask_none, "8464626f6c74016178f6", "a10102",
        MW_ECONTRACT, "x.count: may not be changed by this operation" },
    { &line_type, &mwi_mask_none, "8464626f6c74016178f6",
        "8464626f6c74026178f6", MW_ECONTRACT,
        "x.count: may not be changed by this operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a1008183000180", MW_ECONTRACT,
        "x: number and order of elements may not be changed by this "
        "operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a10289010180000180020280", MW_ECONTRACT,
        "x: number and order of elements may not be changed by this "
        "operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a101a101a201617802fb4004000000000000", MW_ECONTRACT,
        "x[1].name: may not be changed by this operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "83850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d85640",
        MW_ECONTRACT,
        "x: number and order of elements may not be changed by this "
        "operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850365636861696efb3f"
        "f0000000000000f6d85640850264626f6c74fb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        MW_ECONTRACT, "x[1].id: may not be changed by this operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000646e6f7465d85640850365636861696efb3ff0000000000000f6"
        "d856408504656472696c6cfb3ff0000000000000f6d85640",
        MW_ECONTRACT, "x[1].note: may not be changed by this operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a101a101a104a10081830000d856480000000000000000", MW_ECONTRACT,
        "x[1].samples: may not be changed by this operation" },
    { &seq_item_type, &item_price,
        "84850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3ff0"
        "000000000000f6d85640850365636861696efb3ff0000000000000f6d8564085"
        "04656472696c6cfb3ff0000000000000f6d85640",
        "a101a101a104d856480000000000000000", MW_ECONTRACT,
        "x[1].samples: may not be changed by this operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "81a10685016161fb3ff0000000000000f6d85640", MW_ECONTRACT,
        "x[6]: number and order of elements may not be changed by this "
        "operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "82a08105", MW_ECONTRACT,
        "x: number and order of elements may not be changed by this "
        "operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "81a1058502636e7574fb3ff0000000000000f6d85640", MW_ECONTRACT,
        "x[5].name: may not be changed by this operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "83a080a105a101636e7574", MW_ECONTRACT,
        "x[5].name: may not be changed by this operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a221850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d85640",
        MW_ECONTRACT,
        "x: number and order of elements may not be changed by this "
        "operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a321850165616e76696cfb3ff0000000000000f6d8564006850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        MW_ECONTRACT, "x[5]: may not be changed by this operation" },
    { &stock_map_type, &item_price,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a321850165616e76696cfb3ff0000000000000f6d85640058502636e7574fb3f"
        "f0000000000000f6d8564019012c850365636861696efb3ff0000000000000f6"
        "d85640",
        MW_ECONTRACT, "x[5].name: may not be changed by this operation" },
    { &figure_type, &figure_round_x, "820183010203", "a101a10105", MW_ECONTRACT,
        "x.round.y: may not be changed by this operation" },
    { &figure_type, &figure_round_x, "820183010203", "820183010204",
        MW_ECONTRACT, "x.round.r: may not be changed by this operation" },
    { &figure_type, &figure_round_x, "820183010203", "82026178", MW_ECONTRACT,
        "x: may not be changed by this operation" },
    { &figure_type, &figure_round_x,
        "8202782b54686520717569636b2062726f776e20666f78206a756d7073206f76"
        "657220746865206c617a7920646f67",
        "a102a100818300016174", MW_ECONTRACT,
        "x.label: may not be changed by this operation" },
    { &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3f"
        "f0000000000000f6d85640f6",
        "a102f6", MW_ECONTRACT,
        "x.spare: may not be changed by this operation" },
    { &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "a102850264626f6c74fb3ff0000000000000f6d85640", MW_ECONTRACT,
        "x.spare: may not be changed by this operation" },
    { &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6", "a101a10002",
        MW_ECONTRACT, "x.main.id: may not be changed by this operation" },
    { &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "a1038401850165616e76696cfb3ff0000000000000f6d85640f6f6", MW_ECONTRACT,
        "x.next: may not be changed by this operation" },
    { &crate_type, &crate_prices,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "8401850265616e76696cfb3ff0000000000000f6d85640f6f6", MW_ECONTRACT,
        "x.main.id: may not be changed by this operation" },
    { &profile_type, &profile_age, "a403181e07050a6341646114f6", "820706",
        MW_ECONTRACT, "x.level: may not be changed by this operation" },
    { &profile_type, &profile_age, "a403181e07050a6341646114f6",
        "a203181f0a63426f62", MW_ECONTRACT,
        "x.name: may not be changed by this operation" },
    { &line_type, &line_count, "8464626f6c74016178f6", "8464626f6c7461786178f6",
        MW_EINVAL, "x.count: expected unsigned integer, found text" },
    { &line_type, &line_count, "8464626f6c74016178f6", "8405016178f6",
        MW_EINVAL, "x.sku: expected text, found unsigned integer" },
};

Test(contract, refusals)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct masked_refusal *m = &refusals[i];
        struct refusal refusal = { m->type, m->object, m->delta, m->status,
            m->text };

        check_refusals(&refusal, 1, m->mask);
    }
    cr_expect_not(has_leaks());
}

Test(contract, no_mask_is_no_change)
{
    struct mwi_snapshot none = { 0 };
    uint32_t old = 5;
    uint32_t live = 6;
    struct refusal refusal = { &mw_type_u32, "05", "06", MW_ECONTRACT,
        "x: may not be changed by this operation" };
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_diff(&w, &mw_type_u32, NULL, &none, &old, &live);
    cr_expect_str_eq(hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf)), "a0");
    mwi_buf_fini(&buf);
    check_refusals(&refusal, 1, NULL);
    cr_assert_eq(apply_masked(&mw_type_u32, NULL, &old,
                     (const uint8_t *) "\x05", 1, NULL, NULL),
        MW_OK);
    cr_assert_eq(apply_masked(&mw_type_u32, NULL, &old,
                     (const uint8_t *) "\xa0", 1, NULL, NULL),
        MW_OK);
}

/* A server of an earlier version, in full_values mode, knows less of what it
 * may not change either. */
Test(contract, what_the_peer_does_not_know_is_no_change)
{
    static const uint8_t shorter[] = { 0x82, 0x64, 'b', 'o', 'l', 't', 0x07 };
    line *one = decoded(&line_type, "8464626f6c7401616ef6");
    mw_error error;

    cr_assert_eq(apply_masked(&line_type, &line_count, one, shorter,
                     sizeof(shorter), &error, NULL),
        MW_OK, "%s", error.text);
    cr_expect_eq(one->count, 7);
    cr_expect_str_eq(one->note, "n");
    drop(&line_type, one);
    cr_expect_not(has_leaks());
}

/* The oracle under contracts for random members of a struct: those in the
 * contract are as the handler left them, the others as they were, whether a
 * delta was sent or the whole value; and what would change another is
 * refused. */
static void
run_case(const mw_type *type, uint64_t seed)
{
    struct mwt_prng prng = { seed };
    mw_mask_field fields[16];
    mw_mask mask = { .fields = fields };
    void *object = calloc(1, type->size);
    void *second = calloc(1, type->size);
    void *live = calloc(1, type->size);
    struct mwi_buf delta;
    struct mwi_buf value;
    mw_error error;
    mw_status status;
    bool is_kept = true;

    cr_assert(object != NULL && second != NULL && live != NULL);
    mwt_random_object(&prng, type, object);
    cr_assert_eq(mw_object_copy(type, second, object), MW_OK);
    cr_assert_eq(mw_object_copy(type, live, object), MW_OK);
    mwt_mutate_object(&prng, type, live);
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (mwt_chance(&prng, 50)) {
            fields[mask.n++] = (mw_mask_field){ i, &mwi_mask_all };
        }
    }
    delta = delta_masked(type, &mask, object, live);
    status = apply_masked(type, &mask, object, mwi_buf_bytes(&delta),
        mwi_buf_len(&delta), &error, NULL);
    cr_assert_eq(status, MW_OK, "%s, case seed %llu: %s", type->name,
        (unsigned long long) seed, error.text);
    for (uint32_t i = 0, at = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        bool is_in = at < mask.n && fields[at].field == i;

        at += is_in;
        cr_assert(
            mwi_same_field(field, NULL, object, NULL, is_in ? live : second),
            "%s.%s, case seed %llu", type->name, field->name,
            (unsigned long long) seed);
        is_kept &= is_in || mwi_same_field(field, NULL, second, NULL, live);
    }
    value = value_of(type, live);
    status = apply_masked(type, &mask, second, mwi_buf_bytes(&value),
        mwi_buf_len(&value), &error, NULL);
    cr_assert_eq(status, is_kept ? MW_OK : MW_ECONTRACT,
        "%s, case seed %llu: %s", type->name, (unsigned long long) seed,
        error.text);
    mwi_buf_fini(&delta);
    mwi_buf_fini(&value);
    drop(type, object);
    drop(type, second);
    drop(type, live);
}

Test(contract, oracle)
{
    static const mw_type *const types[] = { &depot_type, &doc_type,
        &profile_type, &crate_type, &line_type };
    struct mwt_prng prng = mwt_prng_seeded("contract");
    size_t n = env_number("MW_CASES", 2000);

    for (size_t i = 0; i < n; i++) {
        run_case(
            types[i % (sizeof(types) / sizeof(types[0]))], mwt_next(&prng));
    }
    for (size_t i = 0; i < n; i++) {
        struct mwt_types family;

        mwt_types_init(&family, &prng, MWT_ALL & ~(1u << MW_KIND_REF));
        run_case(mwt_types_struct(&family), mwt_next(&prng));
        mwt_types_fini(&family);
    }
    cr_expect_not(has_leaks());
}

/* Deeper than patches go, a part cannot be told apart from the rest. */
Test(contract, parts_that_are_too_deep)
{
    enum { DEPTH = 20 };
    mw_mask_field fields[DEPTH];
    mw_mask masks[DEPTH];
    item thing = { .id = 1 };
    item changed = { .id = 2 };
    crate old[DEPTH] = { { 0 } };
    crate live[DEPTH] = { { 0 } };
    struct mwi_snapshot none = { 0 };
    struct mwi_buf buf;
    struct mwi_writer w;

    for (size_t i = 0; i < DEPTH; i++) {
        bool is_last = i + 1 == DEPTH;

        fields[i] = is_last ? (mw_mask_field){ 1, &mwi_mask_all }
                            : (mw_mask_field){ 3, &masks[i + 1] };
        masks[i] = (mw_mask){ .fields = &fields[i], .n = 1 };
        old[i].main = live[i].main = &thing;
        if (!is_last) {
            old[i].next = &old[i + 1];
            live[i].next = &live[i + 1];
        }
    }
    live[DEPTH - 1].main = &changed;
    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_diff(&w, &crate_type, &masks[0], &none, old, live);
    cr_expect_eq(w.error.status, MW_ERANGE);
    cr_expect_not_null(strstr(
        w.error.text, "next: a part of it has changed, deeper than 16 values"));
    mwi_buf_fini(&buf);
}
