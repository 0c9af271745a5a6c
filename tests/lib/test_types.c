/* SPDX-License-Identifier: MIT */
/*
 * Random types: they are what mw/desc.h says, all kinds come, and the seed
 * alone decides.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "lib/random_type.h"

enum { FAMILIES = 400, TYPES = 5 };

Test(types, are_sound)
{
    struct mwt_prng prng = mwt_prng_seeded("types");

    for (int i = 0; i < FAMILIES; i++) {
        uint64_t seed = prng.state;
        struct mwt_types types;

        mwt_types_init(&types, &prng, MWT_ALL);
        for (int k = 0; k < TYPES; k++) {
            const char *fault = mwt_type_fault(mwt_types_any(&types));

            cr_assert_null(fault, "seed %llu, type %d: %s",
                (unsigned long long) seed, k, fault);
        }
        mwt_types_fini(&types);
    }
}

Test(types, are_of_all_kinds)
{
    struct mwt_prng prng = mwt_prng_seeded("types");
    size_t n[MW_KIND_REF + 1] = { 0 };

    for (int i = 0; i < FAMILIES; i++) {
        struct mwt_types types;
        const mw_type *type;

        mwt_types_init(&types, &prng, MWT_ALL);
        type = mwt_types_struct(&types);
        for (uint32_t kind = MW_KIND_BOOL; kind <= MW_KIND_REF; kind++) {
            n[kind] += mwt_type_has(type, kind);
        }
        mwt_types_fini(&types);
    }
    for (int kind = MW_KIND_BOOL; kind <= MW_KIND_REF; kind++) {
        cr_expect_gt(
            n[kind], FAMILIES / 25, "kind %d came %zu times", kind, n[kind]);
    }
}

Test(types, are_of_the_kinds_asked_for)
{
    struct mwt_prng prng = mwt_prng_seeded("types");

    for (int i = 0; i < FAMILIES; i++) {
        uint32_t kinds = (uint32_t) mwt_next(&prng);
        struct mwt_types types;
        const mw_type *type;

        mwt_types_init(&types, &prng, kinds);
        type = mwt_types_any(&types);
        for (uint32_t kind = MW_KIND_ENUM; kind <= MW_KIND_REF; kind++) {
            bool may_be = kind == MW_KIND_STRUCT || (kinds & 1u << kind) != 0;

            cr_expect(may_be || !mwt_type_has(type, kind), "kind %u", kind);
        }
        mwt_types_fini(&types);
    }
}

Test(types, depend_on_the_seed_alone)
{
    struct mwt_prng prng = mwt_prng_seeded("types");

    for (int i = 0; i < FAMILIES; i++) {
        struct mwt_prng same = prng;
        struct mwt_types one;
        struct mwt_types other;
        const mw_type *a;
        const mw_type *b;

        mwt_types_init(&one, &prng, MWT_ALL);
        mwt_types_init(&other, &same, MWT_ALL);
        a = mwt_types_struct(&one);
        b = mwt_types_struct(&other);
        cr_expect_eq(prng.state, same.state);
        cr_expect_eq(a->size, b->size);
        cr_expect_eq(a->flags, b->flags);
        cr_expect_str_eq(a->name, b->name);
        mwt_types_fini(&one);
        mwt_types_fini(&other);
    }
}

Test(types, faults_are_found)
{
    mw_field fields[] = {
        { .name = "a", .type = &mw_type_u32, .id = 0, .offset = 0 },
        { .name = "b", .type = &mw_type_string, .id = 1, .offset = 8 },
    };
    mw_type type = { .name = "T",
        .kind = MW_KIND_STRUCT,
        .size = 16,
        .align = 8,
        .n_members = 2,
        .fields = fields };

    cr_expect_null(mwt_type_fault(&type));
    type.flags = MW_TYPE_FLAT;
    cr_expect_str_eq(mwt_type_fault(&type), "not flat, and says so");
    type.flags = MW_TYPE_REFS;
    cr_expect_str_eq(mwt_type_fault(&type), "MW_TYPE_REFS");
    type.flags = 0;
    fields[1].id = 0;
    cr_expect_str_eq(mwt_type_fault(&type), "two members have the same id");
    fields[1].id = 1;
    fields[1].offset = 4;
    cr_expect_str_eq(
        mwt_type_fault(&type), "a member is not aligned or not within");
    fields[1].offset = 16;
    cr_expect_str_eq(
        mwt_type_fault(&type), "a member is not aligned or not within");
}
