/* SPDX-License-Identifier: MIT */
/*
 * A seed, then what claims to be an object of a type.  If it is one, it can be
 * printed, copied and encoded, and arrives again as it is.
 */
#include <stdlib.h>

#include "mw/node.h"
#include "mw/object.h"

#include "fuzz.h"
#include "lib/random_type.h"
#include "oracle_check.h"

static void
check_copy(const mw_type *type, const void *object)
{
    void *copy = calloc(1, type->size);

    oracle_check(copy != NULL && mw_object_copy(type, copy, object) == MW_OK,
        "copy", "cannot be made");
    oracle_check(mw_object_equal(type, copy, object), "copy", "differs");
    oracle_check(mw_graph_clear(type, copy) == MW_OK, "copy", "stays");
    free(copy);
}

static void
check_object(const mw_type *type, const uint8_t *bytes, size_t len)
{
    void *object = calloc(1, type->size);
    char *text;

    oracle_check(object != NULL, "memory", "there is none");
    if (mw_object_decode(type, bytes, len, object, NULL) == MW_OK) {
        text = mw_object_text(type, object);
        oracle_check(text != NULL, "text", "there is none");
        free(text);
        check_copy(type, object);
        oracle_check_round_trip(type, object);
        oracle_check(mw_graph_clear(type, object) == MW_OK, "object", "stays");
    }
    free(object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mwt_prng prng;
    struct mwt_types types;

    if (size < FUZZ_HEAD) {
        return 0;
    }
    prng = (struct mwt_prng){ fuzz_u16(data) };
    mwt_types_init(&types, &prng, MWT_ALL);
    check_object(mwt_types_any(&types), data + FUZZ_HEAD, size - FUZZ_HEAD);
    mwt_types_fini(&types);
    return 0;
}
