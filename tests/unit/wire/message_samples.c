/* SPDX-License-Identifier: MIT */
#include "unit/wire/message_samples.h"

static void
write_hello(struct mwi_writer *w)
{
    mwi_hello_write(w, 16 << 20, false, 0);
}

static void
write_hello_least(struct mwi_writer *w)
{
    mwi_hello_write(w, MWI_MESSAGE_MIN, false, 0);
}

static void
write_hello_attends(struct mwi_writer *w)
{
    mwi_hello_write(w, MWI_MESSAGE_MIN, true, 26);
}

static void
write_call(struct mwi_writer *w)
{
    static const char target[] = "orders.Desk.fill";
    const struct mwi_call_head head = {
        .target = { target, sizeof(target) - 1 },
        .timeout_ms = 500,
        .full_values = true,
        .has_bind = true,
        .bind = 2,
    };

    mwi_call_begin(w, 7, &head);
    mwi_write_array(w, 2);
    mwi_write_text(w, "ab", 2);
    mwi_write_int(w, -1);
}

static void
write_call_bound(struct mwi_writer *w)
{
    const struct mwi_call_head head = {
        .target_number = 2,
        .timeout_ms = UINT64_MAX,
    };

    mwi_call_begin(w, 300, &head);
    mwi_write_array(w, 0);
}

static void
write_call_mirror(struct mwi_writer *w)
{
    const struct mwi_call_head head = {
        .target_number = 2,
        .timeout_ms = UINT64_MAX,
        .mirror = { .param = 1, .id = 300, .base = 24, .version = 26 },
    };

    mwi_call_begin(w, 8, &head);
    mwi_write_array(w, 0);
}

static void
write_call_keyed(struct mwi_writer *w)
{
    const struct mwi_call_head head = {
        .target_number = 2,
        .timeout_ms = UINT64_MAX,
        .ack = MWI_ACK_STARTED,
        .trace = { "00-a-b-01", 9 },
        .key = { "\x01\xff", 2 },
        .is_repeat = true,
        .instance = 26,
        .lead_ms = 5,
    };

    mwi_call_begin(w, 9, &head);
    mwi_write_array(w, 0);
}

static void
write_call_timeout(struct mwi_writer *w)
{
    const struct mwi_call_head head = { .target_number = 24 };

    mwi_call_begin(w, UINT64_MAX, &head);
    mwi_write_array(w, 0);
}

static void
write_ack(struct mwi_writer *w)
{
    mwi_ack_write(w, 7, false);
}

static void
write_ack_started(struct mwi_writer *w)
{
    mwi_ack_write(w, 7, true);
}

static void
write_reply(struct mwi_writer *w)
{
    mwi_reply_begin(w, 7);
    mwi_write_array(w, 2);
    mwi_write_null(w);
    mwi_write_map(w, 1);
    mwi_write_uint(w, 0);
    mwi_write_bool(w, true);
}

static void
write_fail(struct mwi_writer *w)
{
    mwi_fail_write(w, 7, MW_EINVAL, "no such day: \xe2\x82\xac", false, 0);
}

static void
write_refusal(struct mwi_writer *w)
{
    mwi_fail_write(w, 7, MW_EEXHAUSTED, "full", true, 0);
}

static void
write_refusal_for_now(struct mwi_writer *w)
{
    mwi_fail_write(w, 7, MW_EEXHAUSTED, "full", true, 250);
}

static void
write_exception(struct mwi_writer *w)
{
    mwi_exception_begin(w, 7, "orders.Gone");
    mwi_write_array(w, 1);
    mwi_write_uint(w, 3);
}

static void
write_cancel(struct mwi_writer *w)
{
    mwi_cancel_write(w, 7);
}

static void
write_ping(struct mwi_writer *w)
{
    mwi_ping_write(w, 1);
}

static void
write_pong(struct mwi_writer *w)
{
    mwi_pong_write(w, 1000000);
}

static void
write_goaway(struct mwi_writer *w)
{
    mwi_goaway_write(w, MW_EUNAVAILABLE, "closing");
}

static void
write_goaway_good(struct mwi_writer *w)
{
    mwi_goaway_write(w, MW_OK, "");
}

const struct message_sample message_samples[] = {
    { .diagnostic = "[0, 1, {0: 16777216}]",
        .hex = "830001a1001a01000000",
        .write = write_hello,
        .message = { .kind = 0, .version = 1, .message_max = 16777216 } },
    { .diagnostic = "[0, 1, {0: 65536}]",
        .hex = "830001a1001a00010000",
        .write = write_hello_least,
        .message = { .kind = 0, .version = 1, .message_max = 65536 } },
    { .diagnostic = "[0, 1, {0: 65536, 1: true, 2: 26}]",
        .hex = "830001a3001a0001000001f502181a",
        .write = write_hello_attends,
        .message = { .kind = 0,
            .version = 1,
            .message_max = 65536,
            .attends = true,
            .instance = 26 } },
    { .diagnostic = "[1, 7, \"orders.Desk.fill\", {0: 500, 1: true, 3: 2}, "
                    "[\"ab\", -1]]",
        .hex = "850107706f72646572732e4465736b2e66696c6c"
               "a3001901f401f503028262616220",
        .write = write_call,
        .message = { .kind = 1,
            .id = 7,
            .has_body = true,
            .call = { .timeout_ms = 500,
                .full_values = true,
                .has_bind = true,
                .bind = 2 } },
        .target = "orders.Desk.fill" },
    { .diagnostic = "[1, 300, 2, {}, []]",
        .hex = "850119012c02a080",
        .write = write_call_bound,
        .message = { .kind = 1,
            .id = 300,
            .has_body = true,
            .call = { .target_number = 2, .timeout_ms = UINT64_MAX } } },
    { .diagnostic = "[1, 8, 2, {5: [1, 300, 24, 26]}, []]",
        .hex = "85010802a105840119012c1818181a80",
        .write = write_call_mirror,
        .message = { .kind = 1,
            .id = 8,
            .has_body = true,
            .call = { .target_number = 2,
                .timeout_ms = UINT64_MAX,
                .mirror = { 1, 300, 24, 26 } } } },
    { .diagnostic = "[1, 9, 2, {2: 2, 4: \"00-a-b-01\", 7: h'01ff', "
                    "9: [26, 5]}, []]",
        .hex = "85010902a402020469"
               "30302d612d622d3031"
               "074201ff0982181a0580",
        .write = write_call_keyed,
        .message = { .kind = 1,
            .id = 9,
            .has_body = true,
            .call = { .target_number = 2,
                .timeout_ms = UINT64_MAX,
                .ack = MWI_ACK_STARTED,
                .is_repeat = true,
                .instance = 26,
                .lead_ms = 5 } },
        .trace = "00-a-b-01",
        .key = "\x01\xff" },
    { .diagnostic = "[1, 18446744073709551615, 24, {0: 0}, []]",
        .hex = "85011bffffffffffffffff1818a1000080",
        .write = write_call_timeout,
        .message = { .kind = 1,
            .id = UINT64_MAX,
            .has_body = true,
            .call = { .target_number = 24, .timeout_ms = 0 } } },
    { .diagnostic = "[2, 7]",
        .hex = "820207",
        .write = write_ack,
        .message = { .kind = 2, .id = 7 } },
    { .diagnostic = "[2, 7, 1]",
        .hex = "83020701",
        .write = write_ack_started,
        .message = { .kind = 2, .id = 7, .state = 1 } },
    { .diagnostic = "[3, 7, [null, {0: true}]]",
        .hex = "83030782f6a100f5",
        .write = write_reply,
        .message = { .kind = 3, .id = 7, .has_body = true } },
    { .diagnostic = "[4, 7, -3, \"no such day: \xe2\x82\xac\"]",
        .hex = "84040722706e6f2073756368206461793a20e282ac",
        .write = write_fail,
        .message = { .kind = 4, .id = 7, .status = MW_EINVAL },
        .text = "no such day: \xe2\x82\xac" },
    { .diagnostic = "[4, 7, -8, \"full\", {0: true}]",
        .hex = "850407276466756c6ca100f5",
        .write = write_refusal,
        .message = { .kind = 4,
            .id = 7,
            .status = MW_EEXHAUSTED,
            .not_run = true },
        .text = "full" },
    { .diagnostic = "[4, 7, -8, \"full\", {0: true, 2: 250}]",
        .hex = "850407276466756c6ca200f50218fa",
        .write = write_refusal_for_now,
        .message = { .kind = 4,
            .id = 7,
            .status = MW_EEXHAUSTED,
            .not_run = true,
            .retry_after_ms = 250 },
        .text = "full" },
    { .diagnostic = "[4, 7, -32, \"orders.Gone\", {1: [\"orders.Gone\", [3]]}]",
        .hex = "850407381f6b6f72646572732e476f6e65"
               "a101826b6f72646572732e476f6e658103",
        .write = write_exception,
        .message = { .kind = 4, .id = 7, .status = MW_EEXCEPTION },
        .text = "orders.Gone",
        .exception = "orders.Gone",
        .value = "8103" },
    { .diagnostic = "[5, 7]",
        .hex = "820507",
        .write = write_cancel,
        .message = { .kind = 5, .id = 7 } },
    { .diagnostic = "[6, 1]",
        .hex = "820601",
        .write = write_ping,
        .message = { .kind = 6, .id = 1 } },
    { .diagnostic = "[7, 1000000]",
        .hex = "82071a000f4240",
        .write = write_pong,
        .message = { .kind = 7, .id = 1000000 } },
    { .diagnostic = "[8, -14, \"closing\"]",
        .hex = "83082d67636c6f73696e67",
        .write = write_goaway,
        .message = { .kind = 8, .status = MW_EUNAVAILABLE },
        .text = "closing" },
    { .diagnostic = "[8, 0, \"\"]",
        .hex = "83080060",
        .write = write_goaway_good,
        .message = { .kind = 8, .status = MW_OK },
        .text = "" },
};

const size_t n_message_samples =
    sizeof(message_samples) / sizeof(message_samples[0]);

void
reading_open(struct reading *x, const char *hex)
{
    x->hex = unhex(hex);
    mwi_reader_init(&x->r, x->hex.bytes, x->hex.len, SAMPLE_DEPTH_MAX);
    memset(&x->m, 0xaa, sizeof(x->m));
    mwi_message_read(&x->r, &x->m);
}

void
reading_open_bytes(
    struct reading *x, const uint8_t *bytes, size_t len, uint32_t depth_max)
{
    x->hex.bytes = malloc(len > 0 ? len : 1);
    x->hex.len = len;
    cr_assert_not_null(x->hex.bytes);
    memcpy(x->hex.bytes, bytes, len);
    mwi_reader_init(&x->r, x->hex.bytes, len, depth_max);
    memset(&x->m, 0xaa, sizeof(x->m));
    mwi_message_read(&x->r, &x->m);
}

mw_status
reading_finish(struct reading *x)
{
    if (mwi_reader_ok(&x->r) && x->m.has_body) {
        mwi_skip(&x->r);
        return mwi_message_finish(&x->r, &x->m);
    }
    return x->r.error.status;
}

void
reading_close(struct reading *x)
{
    free(x->hex.bytes);
}

void
assert_text(const struct mwi_text *text, const char *expected)
{
    if (expected == NULL) {
        cr_assert_null(text->at);
        cr_assert_eq(text->len, 0);
        return;
    }
    cr_assert_not_null(text->at);
    cr_assert_eq(text->len, strlen(expected), "%zu", text->len);
    cr_assert_eq(memcmp(text->at, expected, text->len), 0);
}
