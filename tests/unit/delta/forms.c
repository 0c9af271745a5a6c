/* SPDX-License-Identifier: MIT */
#include "forms.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "world.h"

enum { BYTES_MAX = 1024 };

void *
decoded(const mw_type *type, const char *text)
{
    void *object = calloc(1, type->size);
    uint8_t bytes[BYTES_MAX];
    mw_error error;

    cr_assert_not_null(object);
    cr_assert_eq(mw_object_decode(type, bytes,
                     unhex(text, bytes, sizeof(bytes)), object, &error),
        MW_OK, "%s: %s", text, error.text);
    return object;
}

void
drop(const mw_type *type, void *object)
{
    mw_object_clear(type, object);
    free(object);
}

static void
check_form(const struct form *form)
{
    void *old = decoded(form->type, form->old);
    void *live = decoded(form->type, form->live);
    struct mwi_buf delta = delta_between(form->type, old, live);
    mw_error error;

    cr_expect_str_eq(hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)),
        form->delta, "%s: %s", form->name,
        hex(mwi_buf_bytes(&delta), mwi_buf_len(&delta)));
    cr_assert_eq(apply(form->type, old, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, NULL),
        MW_OK, "%s: %s", form->name, error.text);
    cr_expect(mwi_equal(form->type, old, live), "%s: differs", form->name);
    mwi_buf_fini(&delta);
    drop(form->type, old);
    drop(form->type, live);
}

void
check_forms(const struct form *forms, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_form(&forms[i]);
    }
}

static void
check_refusal(const struct refusal *refusal, const mw_mask *mask)
{
    void *object = decoded(refusal->type, refusal->object);
    struct mwi_buf before = dump(refusal->type, object);
    struct mwi_buf after;
    uint8_t bytes[BYTES_MAX];
    size_t len = unhex(refusal->delta, bytes, sizeof(bytes));
    mw_error error;
    mw_status status =
        apply_masked(refusal->type, mask, object, bytes, len, &error, NULL);

    after = dump(refusal->type, object);
    cr_expect(
        same_bytes(&before, &after), "%s: the object has changed", error.text);
    cr_expect_eq(status, refusal->status, "%s is %s", error.text,
        mw_status_name(status));
    if (refusal->text != NULL) {
        size_t n = strlen(refusal->text);

        cr_expect(strncmp(error.text, refusal->text, n) == 0 &&
                      strncmp(error.text + n, " at byte ", 9) == 0,
            "\"%s\", not \"%s\"", error.text, refusal->text);
    }
    mwi_buf_fini(&before);
    mwi_buf_fini(&after);
    drop(refusal->type, object);
}

void
check_refusals(const struct refusal *refusals, size_t n, const mw_mask *mask)
{
    for (size_t i = 0; i < n; i++) {
        check_refusal(&refusals[i], mask);
    }
}
