/* SPDX-License-Identifier: MIT */
#include "rpc/options.h"

#include <string.h>

#include "base/error.h"
#include "rpc/hooks.h"
#include "wire/message.h"

enum {
    SIZE_LIMIT = 4096,           /* no version is this long, ever */
    MESSAGE_MAX_LIMIT = 1 << 30, /* bytes */
    DEPTH_LIMIT = 1000,          /* levels; decoding recurses */
    THREADS_LIMIT = 10000,
    QUEUE_LIMIT = 10000000,
    MIRRORS_LIMIT = 10000,  /* they are in a list */
    CONNECTIONS_LIMIT = 64, /* of a client; each call looks at all */
    MS_LIMIT = 24 * 60 * 60 * 1000,
};

static mw_status
take(void *known, size_t known_size, const void *given, const char *macro,
    mw_error *reterr)
{
    const unsigned char *bytes = given;
    size_t size = 0;

    memset(known, 0, known_size);
    if (given == NULL) {
        return MW_OK;
    }
    memcpy(&size, given, sizeof(size));
    if (size <= sizeof(size) || size > SIZE_LIMIT) {
        return mwi_fail(reterr, MW_EINVAL,
            "the options' size is %zu: make them with %s(...)", size, macro);
    }
    for (size_t i = known_size; i < size; i++) {
        if (bytes[i] != 0) {
            return mwi_fail(reterr, MW_EINVAL,
                "an option is set that libmw %s does not know", MW_VERSION);
        }
    }
    memcpy(known, given, size < known_size ? size : known_size);
    return MW_OK;
}

static void
set_default_u32(uint32_t *option, uint32_t value)
{
    if (*option == 0) {
        *option = value;
    }
}

/* A lower and an upper bound; the default of one gives way to the other. */
static void
set_pair(uint32_t *low, uint32_t low_value, uint32_t *high, uint32_t high_value)
{
    if (*low == 0) {
        *low = *high != 0 && *high < low_value ? *high : low_value;
    }
    if (*high == 0) {
        *high = *low > high_value ? *low : high_value;
    }
}

static void
set_default_size(size_t *option, size_t value)
{
    if (*option == 0) {
        *option = value;
    }
}

static mw_status
check_range(
    const char *name, size_t value, size_t low, size_t high, mw_error *reterr)
{
    if (value < low || value > high) {
        return mwi_fail(reterr, MW_EINVAL, "%s is %zu, may be %zu to %zu", name,
            value, low, high);
    }
    return MW_OK;
}

/* What client and server have in common. */
static mw_status
check_limits(size_t message_max, uint32_t depth_max, mw_error *reterr)
{
    mw_status status = check_range(
        "message_max", message_max, MWI_MESSAGE_MIN, MESSAGE_MAX_LIMIT, reterr);

    return status < 0
               ? status
               : check_range("depth_max", depth_max, 8, DEPTH_LIMIT, reterr);
}

static mw_status
check_keepalive(uint32_t after_ms, uint32_t timeout_ms, mw_error *reterr)
{
    mw_status status =
        check_range("keepalive_ms", after_ms, 1, MS_LIMIT, reterr);

    return status < 0 ? status
                      : check_range("keepalive_timeout_ms", timeout_ms, 1,
                            MS_LIMIT, reterr);
}

/* Likewise. */
static mw_status
check_log_level(mw_log_level level, mw_error *reterr)
{
    return check_range("log_level", level, 0, MW_LOG_DEBUG, reterr);
}

static void
set_server_defaults(mw_server_options *o)
{
    set_default_u32(&o->threads_max, MW_DEFAULT_THREADS_MAX);
    set_default_u32(&o->threads_min, o->threads_max < MW_DEFAULT_THREADS_MIN
                                         ? o->threads_max
                                         : MW_DEFAULT_THREADS_MIN);
    set_default_u32(&o->queue_max, MW_DEFAULT_QUEUE_MAX);
    set_default_u32(&o->threads_idle_ms, MW_DEFAULT_THREADS_IDLE_MS);
    set_default_u32(&o->priority_threads, MW_DEFAULT_PRIORITY_THREADS);
    set_default_u32(&o->priority_queue_max, MW_DEFAULT_PRIORITY_QUEUE_MAX);
    set_default_u32(&o->waiting_max, MW_DEFAULT_WAITING_MAX);
    set_default_u32(&o->connections_max, MW_DEFAULT_CONNECTIONS_MAX);
    set_default_u32(&o->handshake_ms, MW_DEFAULT_HANDSHAKE_MS);
    set_default_u32(&o->drain_ms, MW_DEFAULT_DRAIN_MS);
    set_default_size(&o->message_max, MW_DEFAULT_MESSAGE_MAX);
    set_default_u32(&o->depth_max, MW_DEFAULT_DEPTH_MAX);
    set_default_size(&o->memory_max, MW_DEFAULT_MEMORY_MAX);
    set_default_size(&o->queue_memory_max, MW_DEFAULT_QUEUE_MEMORY_MAX);
    set_default_u32(&o->keepalive_ms, MW_DEFAULT_KEEPALIVE_MS);
    set_default_u32(&o->keepalive_timeout_ms, MW_DEFAULT_KEEPALIVE_TIMEOUT_MS);
    set_default_u32(&o->read_stall_ms, MW_DEFAULT_READ_STALL_MS);
    set_default_u32(&o->handshakes_max, MW_DEFAULT_HANDSHAKES_MAX);
    set_default_u32(&o->outcomes_max, MW_DEFAULT_OUTCOMES_MAX);
    set_default_size(&o->outcomes_memory_max, MW_DEFAULT_OUTCOMES_MEMORY_MAX);
    set_default_u32(&o->outcomes_ms, MW_DEFAULT_OUTCOMES_MS);
    set_default_u32(&o->mirrors_max, MW_DEFAULT_MIRRORS_MAX);
    set_default_size(&o->mirror_memory_max, MW_DEFAULT_MIRROR_MEMORY_MAX);
    set_default_size(&o->mirrors_memory_max, MW_DEFAULT_MIRRORS_MEMORY_MAX);
}

mw_status
mwi_server_options_take(mw_server_options *ret_options,
    const mw_server_options *options, mw_error *reterr)
{
    mw_server_options *o = ret_options;
    mw_status status = take(o, sizeof(*o), options, "MW_SERVER", reterr);

    if (status < 0) {
        return status;
    }
    set_server_defaults(o);
    status = check_limits(o->message_max, o->depth_max, reterr);
    if (status == MW_OK) {
        status =
            check_keepalive(o->keepalive_ms, o->keepalive_timeout_ms, reterr);
    }
    if (status == MW_OK) {
        status = check_range(
            "threads_max", o->threads_max, 1, THREADS_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_range(
            "threads_min", o->threads_min, 1, o->threads_max, reterr);
    }
    if (status == MW_OK) {
        status = check_range("queue_max", o->queue_max, 1, QUEUE_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_range(
            "priority_threads", o->priority_threads, 1, THREADS_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status =
            check_range("waiting_max", o->waiting_max, 1, QUEUE_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_range("priority_queue_max", o->priority_queue_max, 1,
            QUEUE_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_range(
            "mirrors_max", o->mirrors_max, 1, MIRRORS_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_log_level(o->log_level, reterr);
    }
    if (status == MW_OK) {
        status = mwi_server_hooks_check(o->hooks, reterr);
    }
    return status;
}

mw_status
mwi_client_options_take(mw_client_options *ret_options,
    const mw_client_options *options, mw_error *reterr)
{
    mw_client_options *o = ret_options;
    mw_status status = take(o, sizeof(*o), options, "MW_CLIENT", reterr);

    if (status < 0) {
        return status;
    }
    set_default_u32(&o->timeout_ms, MW_DEFAULT_TIMEOUT_MS);
    set_default_size(&o->message_max, MW_DEFAULT_MESSAGE_MAX);
    set_default_u32(&o->depth_max, MW_DEFAULT_DEPTH_MAX);
    set_default_size(&o->memory_max, MW_DEFAULT_MEMORY_MAX);
    set_default_u32(&o->connections, 1);
    set_default_u32(&o->threads_max, 4);
    set_default_u32(&o->queue_max, 64);
    set_pair(&o->reconnect_min_ms, MW_DEFAULT_RECONNECT_MIN_MS,
        &o->reconnect_max_ms, MW_DEFAULT_RECONNECT_MAX_MS);
    set_default_u32(&o->keepalive_ms, MW_DEFAULT_KEEPALIVE_MS);
    set_default_u32(&o->keepalive_timeout_ms, MW_DEFAULT_KEEPALIVE_TIMEOUT_MS);
    set_default_u32(&o->retries_max, MW_DEFAULT_RETRIES_MAX);
    set_pair(&o->retry_min_ms, MW_DEFAULT_RETRY_MIN_MS, &o->retry_max_ms,
        MW_DEFAULT_RETRY_MAX_MS);
    status = check_limits(o->message_max, o->depth_max, reterr);
    if (status == MW_OK) {
        status =
            check_keepalive(o->keepalive_ms, o->keepalive_timeout_ms, reterr);
    }
    if (status == MW_OK) {
        status = check_range(
            "connections", o->connections, 1, CONNECTIONS_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_range("reconnect_max_ms", o->reconnect_max_ms,
            o->reconnect_min_ms, MS_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_range(
            "retry_max_ms", o->retry_max_ms, o->retry_min_ms, MS_LIMIT, reterr);
    }
    if (status == MW_OK) {
        status = check_log_level(o->log_level, reterr);
    }
    return status < 0 ? status : mwi_client_hooks_check(o->hooks, reterr);
}
