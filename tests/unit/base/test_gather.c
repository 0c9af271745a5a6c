/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <criterion/criterion.h>

#include "base/gather.h"
#include "base/mem.h"
#include "lib/prng.h"

enum { WHOLE_MAX = 4096 };

/* Some bytes in a buffer and pieces between, and what they are together. */
struct sample {
    struct mwi_buf buf;
    struct mwi_gather gather;
    uint8_t pieces[WHOLE_MAX];
    uint8_t whole[WHOLE_MAX];
    size_t len;
};

static void
put(struct sample *s, const void *bytes, size_t n)
{
    cr_assert_eq(mwi_buf_append(&s->buf, bytes, n), MW_OK);
    memcpy(s->whole + s->len, bytes, n);
    s->len += n;
}

static void
note(struct sample *s, const void *bytes, size_t n)
{
    cr_assert(mwi_gather_note(&s->gather, &s->buf, bytes, n));
    memcpy(s->whole + s->len, bytes, n);
    s->len += n;
}

static void
make(struct sample *s, struct mwt_prng *prng)
{
    size_t used = 0;

    s->len = 0;
    mwi_buf_init(&s->buf, SIZE_MAX);
    mwi_gather_init(&s->gather);
    for (size_t i = 0; i < sizeof(s->pieces); i++) {
        s->pieces[i] = (uint8_t) mwt_next(prng);
    }
    for (size_t n = mwt_below(prng, 20); n > 0; n--) {
        size_t len = 1 + mwt_below(prng, 100);

        if (mwt_below(prng, 2) == 0) {
            put(s,
                "some of the many bytes that are in a buffer, some of the "
                "many bytes that are in a buffer",
                len < 80 ? len : 80);
        } else {
            note(s, s->pieces + used, len);
            used += len;
        }
    }
}

static void
drop(struct sample *s)
{
    mwi_gather_fini(&s->gather);
    mwi_buf_fini(&s->buf);
}

Test(gather, is_taken_out_in_spans_of_any_length)
{
    struct sample s;

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct mwt_prng prng;
        const uint8_t *bytes;
        size_t done = 0;
        size_t len;

        prng.state = seed;
        make(&s, &prng);
        while ((len = mwi_gather_span(&s.gather, &s.buf, &bytes)) > 0) {
            size_t n = 1 + mwt_below(&prng, len);

            cr_assert_eq(mwi_gather_len(&s.gather, &s.buf), s.len - done);
            cr_assert_eq(memcmp(bytes, s.whole + done, n), 0);
            mwi_gather_consume(&s.gather, &s.buf, n);
            done += n;
        }
        cr_assert_eq(done, s.len);
        cr_assert_eq(mwi_gather_len(&s.gather, &s.buf), 0);
        drop(&s);
    }
}

Test(gather, is_copied_from_any_place_on)
{
    struct sample s;

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct mwi_buf to;
        struct mwt_prng prng;
        const uint8_t *bytes;
        size_t done = 0;

        prng.state = seed;
        make(&s, &prng);
        mwi_buf_init(&to, SIZE_MAX);
        cr_assert_eq(mwi_buf_append(&to, "x", 1), MW_OK);
        for (size_t i = mwt_below(&prng, 8); i > 0; i--) {
            size_t len = mwi_gather_span(&s.gather, &s.buf, &bytes);
            size_t n = len > 0 ? 1 + mwt_below(&prng, len) : 0;

            if (n > 0) {
                mwi_gather_consume(&s.gather, &s.buf, n);
            }
            done += n;
        }
        cr_assert_eq(mwi_gather_append(&to, &s.gather, &s.buf), MW_OK);
        cr_assert_eq(mwi_buf_len(&to), 1 + s.len - done);
        cr_assert_eq(
            memcmp(mwi_buf_bytes(&to) + 1, s.whole + done, s.len - done), 0);
        mwi_buf_fini(&to);
        drop(&s);
    }
}

Test(gather, bytes_come_and_go_in_front)
{
    struct mwi_buf buf;
    struct mwi_buf to;
    struct mwi_gather gather;

    mwi_buf_init(&buf, 100);
    mwi_buf_init(&to, 100);
    mwi_gather_init(&gather);
    cr_assert_eq(mwi_buf_append(&buf, "--ab", 4), MW_OK);
    cr_assert(mwi_gather_note(&gather, &buf, "piece", 5));
    mwi_buf_consume(&buf, 2);
    mwi_gather_pull(&gather, 2);
    cr_assert_eq(mwi_gather_append(&to, &gather, &buf), MW_OK);
    mwi_buf_consume(&buf, 2);
    cr_assert_eq(mwi_buf_append(&buf, "12345ab", 7), MW_OK);
    mwi_gather_push(&gather, 5);
    cr_assert_eq(mwi_gather_append(&to, &gather, &buf), MW_OK);
    cr_assert_eq(mwi_buf_len(&to), 19);
    cr_assert_eq(memcmp(mwi_buf_bytes(&to), "abpiece12345abpiece", 19), 0);
    mwi_gather_push(NULL, 1);
    mwi_gather_pull(NULL, 1);
    mwi_gather_fini(&gather);
    mwi_buf_fini(&to);
    mwi_buf_fini(&buf);
}

Test(gather, says_when_there_is_no_room)
{
    struct mwi_buf buf;
    struct mwi_buf to;
    struct mwi_gather gather;

    mwi_buf_init(&buf, 100);
    mwi_buf_init(&to, 8);
    mwi_gather_init(&gather);
    cr_assert_eq(mwi_buf_append(&buf, "abc", 3), MW_OK);
    mwi_mem_fail_at(1);
    cr_assert_not(mwi_gather_note(&gather, &buf, "pieces", 6));
    cr_assert_eq(mwi_gather_len(&gather, &buf), 3);
    cr_assert(mwi_gather_note(&gather, &buf, "pieces", 6));
    cr_assert_eq(mwi_gather_append(&to, &gather, &buf), MW_ERANGE);
    to.max = 9;
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_gather_append(&to, &gather, &buf), MW_ENOMEM);
    mwi_mem_fail_at(0);
    cr_assert_eq(mwi_gather_append(&to, &gather, &buf), MW_OK);
    mwi_buf_fini(&to);
    mwi_gather_fini(&gather);
    mwi_buf_fini(&buf);
}
