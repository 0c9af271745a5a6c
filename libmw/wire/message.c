/* SPDX-License-Identifier: MIT */
#include "wire/message.h"

#include <string.h>

#include "base/utf8.h"

enum { KIND_UNKNOWN = 255 };

/* Keys of what a FAIL says besides its text. */
enum { INFO_NOT_RUN = 0, INFO_EXCEPTION = 1, INFO_RETRY_AFTER_MS = 2 };

/* Keys of a HELLO. */
enum { HELLO_MESSAGE_MAX = 0, HELLO_ATTENDS = 1, HELLO_INSTANCE = 2 };

static struct mwi_text
read_text(struct mwi_reader *r)
{
    struct mwi_text text;

    text.at = mwi_read_text(r, &text.len);
    return text;
}

static mw_status
read_status(struct mwi_reader *r)
{
    int64_t number = mwi_read_int(r);

    if (!mwi_reader_ok(r)) {
        return MW_OK;
    }
    /* A number of a later version, or nonsense, still is a failure. */
    if (strcmp(mw_status_name((mw_status) number), "MW_?") == 0 ||
        number != (mw_status) number) {
        return MW_EUNKNOWN;
    }
    return (mw_status) number;
}

static uint64_t
read_id(struct mwi_reader *r)
{
    const uint8_t *at = r->at;
    uint64_t id = mwi_read_uint(r);

    if (mwi_reader_ok(r) && id == 0) {
        r->at = at; /* which the text names */
        mwi_reader_fail(r, MW_EPROTO, "the id is 0");
    }
    return id;
}

/* Each of these reads what follows the kind and returns how many elements
 * that is, the body included. */

static size_t
read_hello(struct mwi_reader *r, struct mwi_message *m)
{
    size_t n;

    m->version = mwi_read_uint(r);
    m->message_max = MWI_MESSAGE_MIN;
    n = mwi_read_map(r);
    for (size_t i = 0; i < n && mwi_reader_ok(r); i++) {
        switch (mwi_read_uint(r)) {
        case HELLO_MESSAGE_MAX:
            m->message_max = mwi_read_uint(r);
            break;
        case HELLO_ATTENDS:
            m->attends = mwi_read_bool(r);
            break;
        case HELLO_INSTANCE:
            m->instance = mwi_read_uint(r);
            break;
        default:
            mwi_skip(r);
            break;
        }
    }
    mwi_leave(r);
    return 2;
}

static struct mwi_mirror_head
read_mirror(struct mwi_reader *r)
{
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);
    struct mwi_mirror_head mirror;

    if (mwi_reader_ok(r) && n < 4) {
        r->at = at;
        mwi_reader_fail(r, MW_EPROTO,
            "a mirror is an array of parameter, id, base and version");
    }
    mirror.param = mwi_read_uint(r);
    mirror.id = mwi_read_uint(r);
    mirror.base = mwi_read_uint(r);
    mirror.version = mwi_read_uint(r);
    for (size_t i = 4; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
    if (mwi_reader_ok(r) &&
        (mirror.version <= mirror.base || mirror.version == UINT64_MAX)) {
        r->at = at;
        mwi_reader_fail(r, MW_EPROTO, "the mirror's version is out of range");
    }
    return mirror;
}

static struct mwi_text
read_key(struct mwi_reader *r)
{
    const uint8_t *at = r->at;
    struct mwi_text key;

    key.at = (const char *) mwi_read_bytes(r, &key.len);
    if (mwi_reader_ok(r) && (key.len == 0 || key.len > MWI_KEY_MAX)) {
        r->at = at;
        mwi_reader_fail(r, MW_EPROTO, "a key of %zu bytes, may have 1 to %d",
            key.len, (int) MWI_KEY_MAX);
    }
    return key;
}

static void
read_repeat(struct mwi_reader *r, struct mwi_call_head *call)
{
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);

    if (mwi_reader_ok(r) && n < 2) {
        r->at = at;
        mwi_reader_fail(
            r, MW_EPROTO, "a repeat is an array of instance and lead");
    }
    call->is_repeat = true;
    call->instance = mwi_read_uint(r);
    call->lead_ms = mwi_read_uint(r);
    for (size_t i = 2; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
}

static void
read_meta(struct mwi_reader *r, struct mwi_call_head *call)
{
    size_t n = mwi_read_map(r);

    for (size_t i = 0; i < n && mwi_reader_ok(r); i++) {
        uint64_t key = mwi_read_uint(r);

        switch (key) {
        case MWI_META_TIMEOUT_MS:
            call->timeout_ms = mwi_read_uint(r);
            break;
        case MWI_META_FULL_VALUES:
            call->full_values = mwi_read_bool(r);
            break;
        case MWI_META_BIND:
            call->bind = mwi_read_uint(r);
            call->has_bind = true;
            break;
        case MWI_META_MIRROR:
            call->mirror = read_mirror(r);
            break;
        case MWI_META_ACK:
            call->ack = mwi_read_uint(r);
            break;
        case MWI_META_TRACE:
            call->trace = read_text(r);
            break;
        case MWI_META_KEY:
            call->key = read_key(r);
            break;
        case MWI_META_REPEAT:
            read_repeat(r, call);
            break;
        default:
            if (key % 2 != 0) {
                call->has_unknown_meta = true;
                call->unknown_meta = key;
            }
            mwi_skip(r);
            break;
        }
    }
    mwi_leave(r);
}

static size_t
read_call(struct mwi_reader *r, struct mwi_message *m)
{
    m->call = (struct mwi_call_head){ .timeout_ms = UINT64_MAX };
    m->id = read_id(r);
    switch (mwi_peek(r)) {
    case MWI_ITEM_TEXT:
        m->call.target = read_text(r);
        break;
    case MWI_ITEM_UINT:
        m->call.target_number = mwi_read_uint(r);
        break;
    default:
        mwi_reader_mismatch(r, "text or unsigned integer");
        break;
    }
    read_meta(r, &m->call);
    m->has_body = true;
    return 4;
}

static void
read_exception(struct mwi_reader *r, struct mwi_message *m)
{
    if (mwi_read_array(r) != 2 && mwi_reader_ok(r)) {
        mwi_reader_fail(
            r, MW_EPROTO, "an exception is an array of a name and a value");
    }
    m->exception = read_text(r);
    m->value = r->at;
    mwi_skip(r);
    m->value_len = (size_t) (r->at - m->value);
    mwi_leave(r);
}

static size_t
read_fail(struct mwi_reader *r, struct mwi_message *m, size_t n)
{
    size_t pairs;

    m->id = read_id(r);
    m->status = read_status(r);
    if (m->status == MW_OK) {
        m->status = MW_EUNKNOWN; /* a failure is no success */
    }
    m->text = read_text(r);
    if (n < 5) {
        return 3;
    }
    pairs = mwi_read_map(r);
    for (size_t i = 0; i < pairs && mwi_reader_ok(r); i++) {
        switch (mwi_read_uint(r)) {
        case INFO_NOT_RUN:
            m->not_run = mwi_read_bool(r);
            break;
        case INFO_EXCEPTION:
            read_exception(r, m);
            break;
        case INFO_RETRY_AFTER_MS:
            m->retry_after_ms = mwi_read_uint(r);
            break;
        default:
            mwi_skip(r);
            break;
        }
    }
    mwi_leave(r);
    return 4;
}

static size_t
read_ack(struct mwi_reader *r, struct mwi_message *m, size_t n)
{
    m->id = read_id(r);
    if (n < 3) {
        return 1;
    }
    m->state = mwi_read_uint(r);
    return 2;
}

static size_t
read_goaway(struct mwi_reader *r, struct mwi_message *m)
{
    m->status = read_status(r);
    m->text = read_text(r);
    return 2;
}

/* n elements follow the array's head; returns how many of them are known. */
static size_t
read_elements(struct mwi_reader *r, struct mwi_message *m, size_t n)
{
    uint64_t kind = mwi_read_uint(r);

    if (!mwi_reader_ok(r)) {
        return 1;
    }
    m->kind = kind;
    switch (kind) {
    case MWI_HELLO:
        return 1 + read_hello(r, m);
    case MWI_CALL:
        return 1 + read_call(r, m);
    case MWI_ACK:
        return 1 + read_ack(r, m, n);
    case MWI_CANCEL:
    case MWI_PING:
    case MWI_PONG:
        m->id = read_id(r);
        return 2;
    case MWI_REPLY:
        m->id = read_id(r);
        m->has_body = true;
        return 3;
    case MWI_FAIL:
        return 1 + read_fail(r, m, n);
    case MWI_GOAWAY:
        return 1 + read_goaway(r, m);
    default:
        return 1;
    }
}

void
mwi_message_read(struct mwi_reader *r, struct mwi_message *ret_message)
{
    size_t n;
    size_t known;

    *ret_message = (struct mwi_message){ .kind = KIND_UNKNOWN };
    n = mwi_read_array(r);
    known = read_elements(r, ret_message, n);
    if (mwi_reader_ok(r) && n < known) {
        mwi_reader_fail(r, MW_EPROTO,
            "message of kind %u has %zu elements, needs %zu",
            (unsigned) ret_message->kind, n, known);
    }
    ret_message->rest = n < known ? 0 : n - known;
    if (!ret_message->has_body) {
        (void) !mwi_message_finish(r, ret_message);
    }
    if (!mwi_reader_ok(r)) {
        /* Whatever the codec says of it: a peer that sends such a message
         * does not keep to the protocol. */
        r->error.status = MW_EPROTO;
    }
}

mw_status
mwi_message_finish(struct mwi_reader *r, const struct mwi_message *message)
{
    for (size_t i = 0; i < message->rest && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
    return mwi_reader_finish(r);
}

static void
write_text(struct mwi_writer *w, const char *text)
{
    size_t len = strnlen(text, MW_ERROR_TEXT_MAX - 1);

    mwi_write_text(w, text, mwi_utf8_prefix(text, len));
}

static void
write_head(struct mwi_writer *w, size_t n, enum mwi_message_kind kind)
{
    mwi_write_array(w, n);
    mwi_write_uint(w, kind);
}

void
mwi_hello_write(
    struct mwi_writer *w, uint64_t message_max, bool attends, uint64_t instance)
{
    write_head(w, 3, MWI_HELLO);
    mwi_write_uint(w, MWI_WIRE_VERSION);
    mwi_write_map(w, (size_t) 1 + attends + (instance != 0));
    mwi_write_uint(w, HELLO_MESSAGE_MAX);
    mwi_write_uint(w, message_max);
    if (attends) {
        mwi_write_uint(w, HELLO_ATTENDS);
        mwi_write_bool(w, true);
    }
    if (instance != 0) {
        mwi_write_uint(w, HELLO_INSTANCE);
        mwi_write_uint(w, instance);
    }
}

static void
write_mirror(struct mwi_writer *w, const struct mwi_mirror_head *mirror)
{
    mwi_write_uint(w, MWI_META_MIRROR);
    mwi_write_array(w, 4);
    mwi_write_uint(w, mirror->param);
    mwi_write_uint(w, mirror->id);
    mwi_write_uint(w, mirror->base);
    mwi_write_uint(w, mirror->version);
}

void
mwi_call_begin(
    struct mwi_writer *w, uint64_t id, const struct mwi_call_head *call)
{
    bool has_timeout = call->timeout_ms != UINT64_MAX;
    bool has_mirror = call->mirror.version != 0;
    bool has_ack = call->ack != MWI_ACK_NONE;
    bool has_trace = call->trace.at != NULL;
    bool has_key = call->key.at != NULL;

    write_head(w, 5, MWI_CALL);
    mwi_write_uint(w, id);
    if (call->target.at != NULL) {
        mwi_write_text(w, call->target.at, call->target.len);
    } else {
        mwi_write_uint(w, call->target_number);
    }
    mwi_write_map(w, (size_t) has_timeout + call->full_values + call->has_bind +
                         has_mirror + has_ack + has_trace + has_key +
                         call->is_repeat);
    if (has_timeout) {
        mwi_write_uint(w, MWI_META_TIMEOUT_MS);
        mwi_write_uint(w, call->timeout_ms);
    }
    if (call->full_values) {
        mwi_write_uint(w, MWI_META_FULL_VALUES);
        mwi_write_bool(w, true);
    }
    if (call->has_bind) {
        mwi_write_uint(w, MWI_META_BIND);
        mwi_write_uint(w, call->bind);
    }
    if (has_mirror) {
        write_mirror(w, &call->mirror);
    }
    if (has_ack) {
        mwi_write_uint(w, MWI_META_ACK);
        mwi_write_uint(w, call->ack);
    }
    if (has_trace) {
        mwi_write_uint(w, MWI_META_TRACE);
        mwi_write_text(w, call->trace.at, call->trace.len);
    }
    if (has_key) {
        mwi_write_uint(w, MWI_META_KEY);
        mwi_write_bytes(w, call->key.at, call->key.len);
    }
    if (call->is_repeat) {
        mwi_write_uint(w, MWI_META_REPEAT);
        mwi_write_array(w, 2);
        mwi_write_uint(w, call->instance);
        mwi_write_uint(w, call->lead_ms);
    }
}

void
mwi_ack_write(struct mwi_writer *w, uint64_t id, bool started)
{
    write_head(w, started ? 3 : 2, MWI_ACK);
    mwi_write_uint(w, id);
    if (started) {
        mwi_write_uint(w, 1);
    }
}

void
mwi_reply_begin(struct mwi_writer *w, uint64_t id)
{
    write_head(w, 3, MWI_REPLY);
    mwi_write_uint(w, id);
}

void
mwi_fail_write(struct mwi_writer *w, uint64_t id, mw_status status,
    const char *text, bool not_run, uint32_t retry_after_ms)
{
    size_t n_infos = (size_t) not_run + (retry_after_ms != 0);

    write_head(w, n_infos > 0 ? 5 : 4, MWI_FAIL);
    mwi_write_uint(w, id);
    mwi_write_int(w, status);
    write_text(w, text);
    if (n_infos > 0) {
        mwi_write_map(w, n_infos);
    }
    if (not_run) {
        mwi_write_uint(w, INFO_NOT_RUN);
        mwi_write_bool(w, true);
    }
    if (retry_after_ms != 0) {
        mwi_write_uint(w, INFO_RETRY_AFTER_MS);
        mwi_write_uint(w, retry_after_ms);
    }
}

void
mwi_exception_begin(struct mwi_writer *w, uint64_t id, const char *name)
{
    write_head(w, 5, MWI_FAIL);
    mwi_write_uint(w, id);
    mwi_write_int(w, MW_EEXCEPTION);
    write_text(w, name);
    mwi_write_map(w, 1);
    mwi_write_uint(w, INFO_EXCEPTION);
    mwi_write_array(w, 2);
    mwi_write_text(w, name, strlen(name));
}

void
mwi_cancel_write(struct mwi_writer *w, uint64_t id)
{
    write_head(w, 2, MWI_CANCEL);
    mwi_write_uint(w, id);
}

void
mwi_ping_write(struct mwi_writer *w, uint64_t id)
{
    write_head(w, 2, MWI_PING);
    mwi_write_uint(w, id);
}

void
mwi_pong_write(struct mwi_writer *w, uint64_t id)
{
    write_head(w, 2, MWI_PONG);
    mwi_write_uint(w, id);
}

void
mwi_goaway_write(struct mwi_writer *w, mw_status status, const char *text)
{
    write_head(w, 3, MWI_GOAWAY);
    mwi_write_int(w, status);
    write_text(w, text);
}
