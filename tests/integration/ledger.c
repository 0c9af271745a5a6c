/* SPDX-License-Identifier: MIT */
#include "integration/ledger.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "rpc/local.h"
#include "wire/frame.h"

enum { PATIENCE_MS = 60000 };

static void
count(struct mwt_bank *bank, uint32_t *counter, int64_t amount)
{
    mwi_lock(&bank->mutex);
    ++*counter;
    bank->total += amount;
    mwi_cond_broadcast(&bank->changed);
    mwi_unlock(&bank->mutex);
}

static void
await(struct mwt_bank *bank, const uint32_t *counter, uint32_t n)
{
    int64_t deadline = mwi_deadline_in(PATIENCE_MS);
    uint32_t found;

    mwi_lock(&bank->mutex);
    while (
        *counter < n && mwi_cond_wait(&bank->changed, &bank->mutex, deadline)) {
        continue;
    }
    found = *counter;
    mwi_unlock(&bank->mutex);
    cr_assert_geq(found, n);
}

void
mwt_bank_await_inside(struct mwt_bank *bank, uint32_t n)
{
    await(bank, &bank->n_inside, n);
}

void
mwt_bank_await_runs(struct mwt_bank *bank, uint32_t n)
{
    await(bank, &bank->n_runs, n);
}

void
mwt_bank_await_cancelled(struct mwt_bank *bank, uint32_t n)
{
    await(bank, &bank->n_cancelled, n);
}

int64_t
mwt_bank_total(struct mwt_bank *bank)
{
    int64_t total;

    mwi_lock(&bank->mutex);
    total = bank->total;
    mwi_unlock(&bank->mutex);
    return total;
}

void
mwt_bank_open_gate(struct mwt_bank *bank)
{
    mwi_lock(&bank->mutex);
    bank->is_open = true;
    mwi_cond_broadcast(&bank->changed);
    mwi_unlock(&bank->mutex);
}

/* The handlers. */

static mw_status
add(mw_call *call, int64_t amount, int64_t *total)
{
    struct mwt_bank *bank = mw_call_user(call);

    count(bank, &bank->n_runs, amount);
    *total = mwt_bank_total(bank);
    return MW_OK;
}

static mw_status
enter(mw_call *call, ledger_Account *account, int64_t amount)
{
    struct mwt_bank *bank = mw_call_user(call);
    int64_t *entry =
        mw_seq_add(call, &mw_type_seq_i64, (void *) &account->entries);

    if (entry == NULL) {
        return mw_call_fail(call, MW_ENOMEM, "out of memory");
    }
    *entry = amount;
    account->balance += amount;
    count(bank, &bank->n_runs, amount);
    return MW_OK;
}

static mw_status
add_later(mw_call *call, int64_t amount, int64_t *total)
{
    struct mwt_bank *bank = mw_call_user(call);

    count(bank, &bank->n_inside, 0);
    mwi_lock(&bank->mutex);
    while (!bank->is_open) {
        (void) mwi_cond_wait(&bank->changed, &bank->mutex, MWI_FOREVER);
    }
    mwi_unlock(&bank->mutex);
    if (mw_call_cancelled(call)) {
        count(bank, &bank->n_cancelled, 0);
    }
    return add(call, amount, total);
}

static mw_status
linger(mw_call *call)
{
    struct mwt_bank *bank = mw_call_user(call);
    struct pollfd cancelled = {
        .fd = mw_call_cancel_fd(call),
        .events = POLLIN,
    };

    count(bank, &bank->n_inside, 0);
    if (cancelled.fd < 0 || poll(&cancelled, 1, PATIENCE_MS) != 1 ||
        !mw_call_cancelled(call)) {
        return mw_call_fail(call, MW_EINTERNAL, "not cancelled");
    }
    count(bank, &bank->n_cancelled, 0);
    return mw_call_fail(call, MW_ECANCELLED, "cancelled");
}

static mw_status
nest(mw_call *call, bool detached)
{
    struct mwt_bank *bank = mw_call_user(call);
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .detached = detached);
    mw_status status = ledger_Bank_linger(bank->next, &ctx);

    return mw_call_fail(call, status, "%s", mw_ctx_error(&ctx));
}

static mw_status
remaining(mw_call *call, uint32_t *ms)
{
    struct mwt_bank *bank = mw_call_user(call);

    *ms = mw_call_remaining_ms(call);
    if (bank->next != NULL) {
        mw_ctx ctx = MW_CTX(.timeout_ms = UINT32_MAX - 1);

        return ledger_Bank_remaining(bank->next, &ctx, ms);
    }
    return MW_OK;
}

static mw_status
spoil(mw_call *call, int64_t amount)
{
    struct mwt_bank *bank = mw_call_user(call);

    count(bank, &bank->n_runs, amount);
    return mw_call_fail(call, MW_EPRECONDITION, "spoilt");
}

static mw_status
fill(mw_call *call, uint32_t size, mw_seq_u8 *bytes)
{
    struct mwt_bank *bank = mw_call_user(call);

    count(bank, &bank->n_runs, 0);
    return mw_seq_insert(call, &mw_type_seq_u8, bytes, 0, size) != NULL ||
                   size == 0
               ? MW_OK
               : mw_call_fail(call, MW_ENOMEM, "out of memory");
}

static mw_status
deposit(mw_call *call, int64_t amount)
{
    struct mwt_bank *bank = mw_call_user(call);

    if (mw_call_cancel_fd(call) != -1 || mw_call_cancelled(call)) {
        amount = INT64_MIN / 2; /* which no test expects */
    }
    count(bank, &bank->n_runs, amount);
    return MW_OK;
}

static const ledger_Bank_ops ops = {
    .add = add,
    .enter = enter,
    .add_later = add_later,
    .linger = linger,
    .nest = nest,
    .remaining = remaining,
    .spoil = spoil,
    .fill = fill,
    .deposit = deposit,
};

static void *
run(void *arg)
{
    struct mwt_bank *bank = arg;

    (void) !mw_server_run(bank->server, NULL);
    return NULL;
}

void
mwt_bank_start(struct mwt_bank *bank, const mw_server_options *options)
{
    mw_error error;

    *bank = (struct mwt_bank){ .is_open = false };
    mwi_mutex_init(&bank->mutex);
    mwi_cond_init(&bank->changed);
    cr_assert_eq(mw_server_open(&bank->server, options, &error), MW_OK, "%s",
        error.text);
    cr_assert_eq(ledger_Bank_serve(bank->server, &ops, bank), MW_OK);
    cr_assert_eq(pthread_create(&bank->thread, NULL, run, bank), 0);
}

int64_t
mwt_bank_close(struct mwt_bank *bank)
{
    int64_t total;

    mw_server_stop(bank->server);
    cr_assert_eq(pthread_join(bank->thread, NULL), 0);
    mw_server_close(bank->server);
    total = mwt_bank_total(bank);
    mwi_cond_fini(&bank->changed);
    mwi_mutex_fini(&bank->mutex);
    return total;
}

mw_client *
mwt_bank_client(struct mwt_bank *bank)
{
    mw_client *client;
    mw_error error;

    cr_assert_eq(mw_client_open_local(&client, bank->server,
                     MW_CLIENT(.timeout_ms = PATIENCE_MS), &error),
        MW_OK, "%s", error.text);
    return client;
}

/* The peer. */

void
mwt_bank_connect(
    struct mwt_bank *bank, struct mwt_raw *raw, uint64_t *ret_instance)
{
    mw_error error;
    struct mwi_stream *stream;

    cr_assert_eq(mwi_server_connect(bank->server, &stream, &error), MW_OK);
    mwt_raw_open(raw, stream);
    mwt_raw_send_message(raw, "83 00 01 a0"); /* [0, 1, {}] */
    mwt_bank_expect(raw, MWI_HELLO, 0);
    cr_assert_neq(raw->message.instance, 0);
    if (ret_instance != NULL) {
        *ret_instance = raw->message.instance;
    }
}

static void
send_call(struct mwt_raw *raw, uint64_t id, const char *operation,
    const struct mwi_call_head *more, const int64_t *argument)
{
    char target[64];
    struct mwi_call_head head = { .timeout_ms = PATIENCE_MS };
    struct mwi_buf frame;
    struct mwi_writer w;

    if (more != NULL) {
        head = *more;
    }
    (void) snprintf(target, sizeof(target), "ledger.Bank.%s", operation);
    head.target = (struct mwi_text){ target, strlen(target) };
    mwi_buf_init(&frame, SIZE_MAX);
    cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
    mwi_writer_init(&w, &frame);
    mwi_call_begin(&w, id, &head);
    mwi_write_array(&w, argument != NULL);
    if (argument != NULL) {
        mwi_write_int(&w, *argument);
    }
    mwi_frame_end(&frame);
    mwt_raw_send(raw, mwi_buf_bytes(&frame), mwi_buf_len(&frame));
    mwi_buf_fini(&frame);
}

void
mwt_bank_call(struct mwt_raw *raw, uint64_t id, const char *operation,
    const struct mwi_call_head *more, int64_t argument)
{
    send_call(raw, id, operation, more, &argument);
}

void
mwt_bank_call_plain(struct mwt_raw *raw, uint64_t id, const char *operation,
    const struct mwi_call_head *more)
{
    send_call(raw, id, operation, more, NULL);
}

void
mwt_bank_cancel(struct mwt_raw *raw, uint64_t id)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    mwi_buf_init(&frame, SIZE_MAX);
    cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
    mwi_writer_init(&w, &frame);
    mwi_cancel_write(&w, id);
    mwi_frame_end(&frame);
    mwt_raw_send(raw, mwi_buf_bytes(&frame), mwi_buf_len(&frame));
    mwi_buf_fini(&frame);
}

void
mwt_bank_sync(struct mwt_raw *raw)
{
    mwt_raw_send_message(raw, "82 06 19 ffff"); /* PING 65535 */
    mwt_bank_expect(raw, MWI_PONG, 65535);
}

void
mwt_bank_expect(struct mwt_raw *raw, enum mwi_message_kind kind, uint64_t id)
{
    cr_assert(mwt_raw_receive(raw), "closed, expected kind %d", (int) kind);
    cr_assert_eq(raw->message.kind, kind, "kind %d, expected %d of %d: %s",
        (int) raw->message.kind, (int) kind, (int) id, mwt_raw_text(raw));
    cr_assert_eq(raw->message.id, id);
}

void
mwt_bank_expect_fail(
    struct mwt_raw *raw, uint64_t id, mw_status status, bool not_run)
{
    mwt_bank_expect(raw, MWI_FAIL, id);
    cr_assert_eq(raw->message.status, status, "%d: %s",
        (int) raw->message.status, mwt_raw_text(raw));
    cr_assert_eq(raw->message.not_run, not_run, "%s", mwt_raw_text(raw));
}

void
mwt_bank_expect_reply(struct mwt_raw *raw, uint64_t id, int64_t result)
{
    mwt_bank_expect(raw, MWI_REPLY, id);
    cr_assert_eq(mwi_read_array(&raw->reader), 1);
    cr_assert_eq(mwi_read_int(&raw->reader), result);
}
