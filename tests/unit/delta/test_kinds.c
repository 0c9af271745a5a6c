/* SPDX-License-Identifier: MIT */
/*
 * Unions, bitmasks, maps, boxes, @mutable structs and limits: what the differ
 * writes of them, byte by byte, and what is refused.
 */
#include <criterion/criterion.h>

#include "forms.h"
#include "kinds.h"
#include "world.h"

static const struct form forms[] = {
    { "union: nothing", &figure_type, "8100", "8100", "a0" },
    { "union: same arm", &figure_type, "8201830a1405", "8201830a1406",
        "a101a10206" },
    { "union: same arm, shorter as a whole", &figure_type, "8201830a1405",
        "820183010203", "820183010203" },
    { "union: a text is patched", &figure_type,
        "8202782b54686520717569636b2062726f776e20666f78206a756d7073206f76"
        "657220746865206c617a7920646f67",
        "8202782954686520717569636b2072656420666f78206a756d7073206f766572"
        "20746865206c617a7920646f67",
        "a102a10081830a0563726564" },
    { "union: a short text", &figure_type, "820264626f6c74", "8202636e7574",
        "8202636e7574" },
    { "union: another arm", &figure_type, "8201830a1405", "8202626869",
        "8202626869" },
    { "union: no arm any more", &figure_type,
        "8202782b54686520717569636b2062726f776e20666f78206a756d7073206f76"
        "657220746865206c617a7920646f67",
        "8100", "8100" },
    { "union: an arm at last", &figure_type, "8100",
        "8203850165616e76696cfb3ff0000000000000f6d85640",
        "8203850165616e76696cfb3ff0000000000000f6d85640" },
    { "union: a struct that owns", &figure_type,
        "8203850165616e76696cfb3ff0000000000000f6d85640",
        "8203850165616e76696cfb4004000000000000f6d85640",
        "a103a102fb4004000000000000" },
    { "union: an element", &seq_figure_type, "83820261618201830a14058100",
        "83820261618201830a15058100", "a101a101a101a10115" },
    { "union: elements inserted and removed", &seq_figure_type,
        "84820261618201830a14058202782b54686520717569636b2062726f776e2066"
        "6f78206a756d7073206f76657220746865206c617a7920646f678100",
        "848201830a14058202782b54686520717569636b2062726f776e20666f78206a"
        "756d7073206f76657220746865206c617a7920646f67810082026162",
        "a10082830001808304008182026162" },
    { "bitmask: nothing", &access_bits_type, "03", "03", "a0" },
    { "bitmask", &access_bits_type, "03", "190203", "190203" },
    { "bitmask: bits without a name", &access_bits_type, "03", "198000",
        "198000" },
    { "map: nothing", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "80" },
    { "map: a number", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a364626f6c74fb3ff0000000000000636e7574fb401000000000000065726976"
        "6574fb4008000000000000",
        "81a1636e7574fb4010000000000000" },
    { "map: removed", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a2636e7574fb4000000000000000657269766574fb4008000000000000",
        "82a08164626f6c74" },
    { "map: added", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a464626f6c74fb3ff0000000000000646e61696cfb3fe0000000000000636e75"
        "74fb4000000000000000657269766574fb4008000000000000",
        "81a1646e61696cfb3fe0000000000000" },
    { "map: added, removed and changed", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a364626f6c74fb3ff0000000000000646e61696cfb3fe0000000000000636e75"
        "74fb4010000000000000",
        "82a2646e61696cfb3fe0000000000000636e7574fb4010000000000000816572"
        "69766574" },
    { "map: emptied", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a0", "a0" },
    { "map: filled", &price_map_type, "a0", "a1636e7574fb4010000000000000",
        "a1636e7574fb4010000000000000" },
    { "map: everything else", &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a16178fb3ff0000000000000", "a16178fb3ff0000000000000" },
    { "map: order is that of bytes, not of length", &price_map_type,
        "a36162fb3ff00000000000006163fb40000000000000006164fb400800000000"
        "0000",
        "a563616161fb3fe00000000000006162fb3ff00000000000006163fb40000000"
        "00000000626363fb3fe00000000000006164fb4008000000000000",
        "81a263616161fb3fe0000000000000626363fb3fe0000000000000" },
    { "map: texts are put or patched", &title_map_type,
        "a46161636f6e656162782b54686520717569636b2062726f776e20666f78206a"
        "756d7073206f76657220746865206c617a7920646f6761636574687265656164"
        "782b54686520717569636b2062726f776e20666f78206a756d7073206f766572"
        "20746865206c617a7920646f67",
        "a461616374776f6162782954686520717569636b2072656420666f78206a756d"
        "7073206f76657220746865206c617a7920646f6761636574687265656164782b"
        "54686520717569636b2062726f776e20666f78206a756d7073206f7665722074"
        "6865206c617a7920646f67",
        "83a161616374776f80a16162a10081830a0563726564" },
    { "map: a struct", &stock_map_type,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "4004000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "83a080a105a102fb4004000000000000" },
    { "map: all three", &stock_map_type,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "a3228504656472696c6cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "4004000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "83a1228504656472696c6cfb3ff0000000000000f6d856408121a105a102fb40"
        "04000000000000" },
    { "map: a struct that is shorter as a whole stays where it is",
        &stock_map_type,
        "a20185016161fb3ff0000000000000f6d85640028502782b5468652071756963"
        "6b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920"
        "646f67fb3ff0000000000000782b54686520717569636b2062726f776e20666f"
        "78206a756d7073206f76657220746865206c617a7920646f67d85640",
        "a20185076162fb40000000000000006178d85640028502782b54686520717569"
        "636b2062726f776e20666f78206a756d7073206f76657220746865206c617a79"
        "20646f67fb3ff0000000000000782b54686520717569636b2062726f776e2066"
        "6f78206a756d7073206f76657220746865206c617a7920646f67d85640",
        "83a080a10185076162fb40000000000000006178d85640" },
    { "map: of maps", &side_map_type,
        "a2f4a36161fb3ff00000000000006162fb40000000000000006163fb40080000"
        "00000000f5a16161fb3ff0000000000000",
        "a2f4a36161fb3ff00000000000006162fb40040000000000006163fb40080000"
        "00000000f5a16161fb3ff0000000000000",
        "83a080a1f481a16162fb4004000000000000" },
    { "map: of maps, one is emptied", &side_map_type,
        "a2f4a36161fb3ff00000000000006162fb40000000000000006163fb40080000"
        "00000000f5a16161fb3ff0000000000000",
        "a2f4a36161fb3ff00000000000006162fb40000000000000006163fb40080000"
        "00000000f5a0",
        "83a080a1f5a0" },
    { "box: nothing", &crate_type,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6", "a0" },
    { "box: patched", &crate_type,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "8401850165616e76696cfb4004000000000000f6d85640f6f6",
        "a101a102fb4004000000000000" },
    { "box: appears", &crate_type,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "8401850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3f"
        "f0000000000000f6d85640f6",
        "a102850264626f6c74fb3ff0000000000000f6d85640" },
    { "box: disappears", &crate_type,
        "8401850165616e76696cfb3ff0000000000000f6d85640850264626f6c74fb3f"
        "f0000000000000f6d85640f6",
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6", "a102f6" },
    { "box: in a box", &crate_type,
        "8401850165616e76696cfb3ff0000000000000f6d85640f68402850264626f6c"
        "74fb3ff0000000000000f6d85640f6f6",
        "8401850165616e76696cfb3ff0000000000000f6d85640f68402850264626f6c"
        "74fb4004000000000000f6d85640f6f6",
        "a103a101a102fb4004000000000000" },
    { "box: replaced", &crate_type,
        "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "840185096178fb40000000000000006179d85640f6f6",
        "a10185096178fb40000000000000006179d85640" },
    { "mutable: nothing", &profile_type, "a403181e07050a6341646114f6",
        "a403181e07050a6341646114f6", "80" },
    { "mutable: a member", &profile_type, "a403181e07050a6341646114f6",
        "a403181f07050a6341646114f6", "8203181f" },
    { "mutable: members by id", &profile_type, "a403181e07050a6341646114f6",
        "a403181e07060a63416461146178", "840706146178" },
    { "mutable: an optional member disappears", &profile_type,
        "a403181e07050a63416461146178", "a403181e07050a6341646114f6",
        "8214f6" },
    { "mutable: a text", &profile_type,
        "a403181e07050a782b54686520717569636b2062726f776e20666f78206a756d"
        "7073206f76657220746865206c617a7920646f6714f6",
        "a403181e07050a782954686520717569636b2072656420666f78206a756d7073"
        "206f76657220746865206c617a7920646f6714f6",
        "820aa10081830a0563726564" },
    { "mutable: everything", &profile_type, "a403181e07050a6341646114f6",
        "a403181f07060a63426f62146178", "a403181f07060a63426f62146178" },
    { "mutable: shorter as a whole", &badge_type, "a200010102", "a200030104",
        "a200030104" },
    { "limits", &gauge_type, "820afb3fe0000000000000",
        "821907d0fb3ff0000000000000", "821907d0fb3ff0000000000000" },
    { "limits: one", &gauge_type, "821907d0fb3fe0000000000000",
        "821907d0fb3fe8000000000000", "a101fb3fe8000000000000" },
};

Test(kinds, forms)
{
    check_forms(forms, sizeof(forms) / sizeof(forms[0]));
    cr_expect_not(has_leaks());
}

static const struct refusal refusals[] = {
    { &figure_type, "8201830a1405", "a1026178", MW_EPROTO,
        "x: changes an arm of test::Figure that is not selected" },
    { &figure_type, "8201830a1405", "a201a1020601a10207", MW_EPROTO,
        "x: 2 arms of test::Figure are changed" },
    { &figure_type, "8100", "a10005", MW_EPROTO, "x: test::Figure has no arm" },
    { &figure_type, "8201830a1405", "a10905", MW_EINVAL,
        "x.tag: 9 is not a value of test::FigureKind" },
    { &figure_type, "8201830a1405", "8109", MW_EINVAL,
        "x.tag: 9 is not a value of test::FigureKind" },
    { &figure_type, "8201830a1405", "a101a1026178", MW_EINVAL,
        "x.round.r: expected integer, found text" },
    { &figure_type, "8201830a1405", "a101a20961780801", MW_EPROTO,
        "x.round: member 8 after member 9" },
    { &figure_type, "8201830a1405", "8101", MW_EINVAL, NULL },
    { &figure_type, "8201830a1405", "83018301020304", MW_EINVAL, NULL },
    { &figure_type, "8201830a1405", "820205", MW_EINVAL,
        "x.label: expected text, found unsigned integer" },
    { &figure_type, "8201830a1405", "80", MW_EINVAL, NULL },
    { &access_bits_type, "03", "1a00010000", MW_EINVAL, NULL },
    { &access_bits_type, "03", "20", MW_EINVAL, NULL },
    { &access_bits_type, "03", "a10001", MW_EPROTO,
        "x: test::Access cannot be patched" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a081646e61696c", MW_EPROTO, "x[\"nail\"]: is not in the map" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a08264626f6c7464626f6c74", MW_EPROTO,
        "x[\"bolt\"]: is twice in the patch" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a082636e757464626f6c74", MW_EPROTO, "x[\"bolt\"]: is out of order" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81a2636e7574fb3ff000000000000064626f6c74fb4000000000000000", MW_EPROTO,
        "x[\"bolt\"]: is out of order" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81a2646e61696cfb3ff0000000000000646e61696cfb4000000000000000",
        MW_EPROTO, "x[\"nail\"]: is twice in the patch" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a1636e7574fb3ff000000000000081636e7574", MW_EPROTO,
        "x[\"nut\"]: is changed twice" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a1646e61696cfb3ff000000000000081646e61696c", MW_EPROTO,
        "x[\"nail\"]: is not in the map" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "83a081636e7574a1636e7574fb3ff0000000000000", MW_EPROTO,
        "x[\"nut\"]: is changed twice" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "83a1636e7574fb3ff000000000000080a1636e7574fb3ff0000000000000",
        MW_EPROTO, "x[\"nut\"]: is changed twice" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "83a080a1646e61696cfb3ff0000000000000", MW_EPROTO,
        "x[\"nail\"]: is not in the map" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "83a080a1636e7574a10001", MW_EPROTO,
        "x[\"nut\"]: double cannot be patched" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81a1646e61696c6178", MW_EINVAL,
        "x[\"nail\"]: expected floating-point number, found text" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81a1636e75746178", MW_EINVAL,
        "x[\"nut\"]: expected floating-point number, found text" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81a107fb3ff0000000000000", MW_EINVAL,
        "x[0]: expected text, found unsigned integer" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a0a0", MW_EINVAL, "x: expected array, found map" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "8180", MW_EINVAL, "x: expected map, found array" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "84a080a0a0", MW_EPROTO,
        "x: map<string, double> is patched in 3 parts, found 4" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a26162fb3ff00000000000006161fb3ff0000000000000", MW_EINVAL,
        "x[\"a\"]: is out of order" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "a26161fb3ff00000000000006161fb3ff0000000000000", MW_EINVAL,
        "x[\"a\"]: is twice in the map" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "05", MW_EINVAL, "x: expected map, found unsigned integer" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81a1626100fb3ff0000000000000", MW_EINVAL,
        "x[0]: text contains a NUL" },
    { &stock_map_type,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "81a11a0001117085016161fb3ff0000000000000f6d85640", MW_EINVAL,
        "x[0]: 70000 does not fit int16" },
    { &stock_map_type,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "83a080a105a1026178", MW_EINVAL,
        "x[5].price: expected floating-point number, found text" },
    { &stock_map_type,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "83a080a121a103a10080", MW_EPROTO,
        "x[-2].note: is absent and cannot be patched" },
    { &stock_map_type,
        "a321850165616e76696cfb3ff0000000000000f6d8564005850264626f6c74fb"
        "3ff0000000000000f6d8564019012c850365636861696efb3ff0000000000000"
        "f6d85640",
        "81a106a102fb3ff0000000000000", MW_EINVAL,
        "x[6]: expected array, found map" },
    { &side_map_type, "a1f4a16161fb3ff0000000000000", "83a080a1f482a0816162",
        MW_EPROTO, "x[false][\"b\"]: is not in the map" },
    { &side_map_type, "a1f4a16161fb3ff0000000000000", "81a2f5a0f4a0", MW_EPROTO,
        "x[false]: is out of order" },
    { &crate_type, "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "a102a102fb4004000000000000", MW_EPROTO,
        "x.spare: is absent and cannot be patched" },
    { &crate_type, "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "a101f6", MW_EINVAL, "x.main: expected array, found null" },
    { &crate_type, "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "a101a1026178", MW_EINVAL,
        "x.main.price: expected floating-point number, found text" },
    { &crate_type, "8401850165616e76696cfb3ff0000000000000f6d85640f6f6",
        "a1038402f6f6f6", MW_EINVAL,
        "x.next.main: expected array, found null" },
    { &profile_type, "a403181e07050a6341646114f6", "8103", MW_EPROTO,
        "x: array of 1 is not made of ids and changes" },
    { &profile_type, "a403181e07050a6341646114f6", "8403181f031820", MW_EPROTO,
        "x: member 3 after member 3" },
    { &profile_type, "a403181e07050a6341646114f6", "840706031820", MW_EPROTO,
        "x: member 3 after member 7" },
    { &profile_type, "a403181e07050a6341646114f6", "a20706031820", MW_EPROTO,
        "x: member 3 after member 7" },
    { &profile_type, "a403181e07050a6341646114f6", "82036178", MW_EINVAL,
        "x.age: expected unsigned integer, found text" },
    { &profile_type, "a403181e07050a6341646114f6", "82613301", MW_EINVAL,
        "x: expected unsigned integer, found text" },
    { &profile_type, "a403181e07050a6341646114f6", "8214a10080", MW_EPROTO,
        "x.note: is absent and cannot be patched" },
    { &profile_type, "a403181e07050a6341646114f6", "82070b", MW_EINVAL,
        "x.level: 11 is above the maximum of 10" },
    { &profile_type, "a403181e07050a6341646114f6", "820700", MW_EINVAL,
        "x.level: 0 is below the minimum of 1" },
    { &profile_type, "a403181e07050a6341646114f6", "a1070b", MW_EINVAL,
        "x.level: 11 is above the maximum of 10" },
    { &badge_type, "a200010102", "820501", MW_EPROTO,
        "x: test::Badge has no member 5" },
    { &badge_type, "a200010102", "a3000101020203", MW_EINVAL,
        "x: 3 members, test::Badge has 2" },
    { &badge_type, "a200010102", "a10001", MW_EINVAL,
        "x: 1 members, test::Badge has 2" },
    { &gauge_type, "820afb3fe0000000000000", "a10009", MW_EINVAL,
        "x.level: 9 is below the minimum of 10" },
    { &gauge_type, "820afb3fe0000000000000", "8209f6", MW_EINVAL,
        "x.level: 9 is below the minimum of 10" },
    { &gauge_type, "820afb3fe0000000000000", "a101fb3ff8000000000000",
        MW_EINVAL, "x.ratio: 1.5 is above the maximum of 1" },
    { &gauge_type, "820afb3fe0000000000000", "a101fb7ff8000000000000",
        MW_EINVAL, "x.ratio: NaN is out of range" },
    { &gauge_type, "820af6", "a101fbbfe0000000000000", MW_EINVAL,
        "x.ratio: -0.5 is below the minimum of 0" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "81bbffffffffffffffff", MW_EINVAL,
        "x: map of 18446744073709551615 pairs is truncated" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "82a09bffffffffffffffff", MW_EINVAL,
        "x: array of 18446744073709551615 items is truncated" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "83a080bbffffffffffffffff", MW_EINVAL,
        "x: map of 18446744073709551615 pairs is truncated" },
    { &price_map_type,
        "a364626f6c74fb3ff0000000000000636e7574fb400000000000000065726976"
        "6574fb4008000000000000",
        "9bffffffffffffffff", MW_EINVAL,
        "x: array of 18446744073709551615 items is truncated" },
    { &profile_type, "a403181e07050a6341646114f6", "9bffffffffffffffff",
        MW_EINVAL, "x: array of 18446744073709551615 items is truncated" },
    { &figure_type, "8201830a1405", "bbffffffffffffffff", MW_EINVAL,
        "x: map of 18446744073709551615 pairs is truncated" },
};

Test(kinds, refusals)
{
    check_refusals(
        refusals, sizeof(refusals) / sizeof(refusals[0]), &mwi_mask_all);
    cr_expect_not(has_leaks());
}
