/* SPDX-License-Identifier: MIT */
/*
 * W3C Trace Context, level 1, section 3.2: "00-" trace id "-" parent id "-"
 * flags, in lower-case hexadecimal digits; ids of only zeros are not valid.  A
 * text that is not valid is as none at all.
 *
 * Numbers of spans come from a generator that is seeded once in a process with
 * random bytes of the system's; numbers of traces are such bytes.  They are
 * unique, which is all they have to be: not secrets.
 */
#include "rpc/trace.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "rpc/call.h"
#include "rpc/current.h"

enum {
    TRACE_AT = 3,
    TRACE_LEN = 32,
    SPAN_AT = 36,
    SPAN_LEN = 16,
    FLAGS_AT = 53,
    TEXT_LEN = 55,
    KNOWN_FLAGS = 3, /* sampled, and of level 2 random trace id */
};

/* A number of hexadecimal digits in lower case; or -1. */
static int
digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_hex(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (digit(at[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* Hexadecimal digits of which one at least is not 0. */
static bool
is_id(const char *at, size_t len)
{
    bool has_other = false;

    for (size_t i = 0; i < len; i++) {
        has_other = has_other || at[i] != '0';
    }
    return has_other && is_hex(at, len);
}

static bool
is_valid(const char *text, size_t len)
{
    bool is_first = len >= 2 && memcmp(text, "00", 2) == 0;

    return len >= TEXT_LEN && (!is_first || len == TEXT_LEN) &&
           is_hex(text, 2) && memcmp(text, "ff", 2) != 0 && text[2] == '-' &&
           is_id(text + TRACE_AT, TRACE_LEN) && text[SPAN_AT - 1] == '-' &&
           is_id(text + SPAN_AT, SPAN_LEN) && text[FLAGS_AT - 1] == '-' &&
           is_hex(text + FLAGS_AT, 2) &&
           (len == TEXT_LEN || text[TEXT_LEN] == '-');
}

bool
mwi_trace_take(const char *text, size_t len, char ret_text[MW_TRACEPARENT_SIZE])
{
    int flags;

    ret_text[0] = '\0';
    if (!is_valid(text, len)) {
        return false;
    }
    flags = digit(text[FLAGS_AT + 1]) & KNOWN_FLAGS;
    memcpy(ret_text, "00", 2);
    memcpy(ret_text + 2, text + 2, FLAGS_AT - 2);
    ret_text[FLAGS_AT] = '0';
    ret_text[FLAGS_AT + 1] = (char) ('0' + flags);
    ret_text[TEXT_LEN] = '\0';
    return true;
}

/* Numbers. */

static _Atomic uint64_t state;
static _Atomic int64_t seeded_by; /* the process; 0: none */

static void
random_bytes(void *bytes, size_t len)
{
    int64_t other[2] = { mwi_now(), (int64_t) (uintptr_t) bytes };

    if (getrandom(bytes, len, GRND_NONBLOCK) != (ssize_t) len) {
        /* A system that has just started; unique is good enough. */
        memcpy(bytes, other, len < sizeof(other) ? len : sizeof(other));
    }
}

/* A child of fork() must not go on as its parent does.  Two threads that seed
 * at once do no harm. */
static void
seed(void)
{
    int64_t self = (int64_t) getpid();
    uint64_t random;

    if (atomic_load_explicit(&seeded_by, memory_order_relaxed) != self) {
        random_bytes(&random, sizeof(random));
        atomic_store_explicit(&state, random, memory_order_relaxed);
        atomic_store_explicit(&seeded_by, self, memory_order_relaxed);
    }
}

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014.  Never 0. */
static uint64_t
new_span(void)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z;

    seed();
    z = step + atomic_fetch_add_explicit(&state, step, memory_order_relaxed);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return z != 0 ? z : 1;
}

static void
set_span(char text[MW_TRACEPARENT_SIZE], uint64_t span)
{
    char digits[SPAN_LEN + 1];

    (void) snprintf(digits, sizeof(digits), "%016" PRIx64, span);
    memcpy(text + SPAN_AT, digits, SPAN_LEN);
}

static void
begin_trace(char text[MW_TRACEPARENT_SIZE])
{
    uint64_t trace[2];

    random_bytes(trace, sizeof(trace));
    trace[1] |= 1; /* not all zeros */
    (void) snprintf(text, MW_TRACEPARENT_SIZE,
        "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01", trace[0], trace[1],
        (uint64_t) 1);
}

void
mw_traceparent_new(const char *parent, char *ret_text)
{
    char text[MW_TRACEPARENT_SIZE];

    if (parent == NULL || !mwi_trace_take(parent, strlen(parent), text)) {
        begin_trace(text);
    }
    set_span(text, new_span());
    memcpy(ret_text, text, sizeof(text));
}

/* The server. */

const char *
mw_call_traceparent(const mw_call *call)
{
    return call->trace;
}

mw_status
mw_call_span(mw_call *call, char *ret_text)
{
    if (call->trace[0] == '\0') {
        return MW_ENOTFOUND;
    }
    if (call->span == 0) {
        call->span = new_span();
    }
    memcpy(ret_text, call->trace, MW_TRACEPARENT_SIZE);
    set_span(ret_text, call->span);
    return MW_OK;
}

/* The client. */

struct mwi_text
mwi_trace_to_send(const mw_ctx *ctx, char room[MW_TRACEPARENT_SIZE])
{
    static const struct mwi_text none = { NULL, 0 };
    mw_call *current;

    if (ctx != NULL && ctx->traceparent[0] != '\0') {
        size_t len = strnlen(ctx->traceparent, sizeof(ctx->traceparent));

        if (mwi_trace_take(ctx->traceparent, len, room)) {
            return (struct mwi_text){ room, TEXT_LEN };
        }
    }
    current = ctx != NULL && ctx->detached ? NULL : mwi_call_current();
    if (current == NULL || mw_call_span(current, room) < 0) {
        return none;
    }
    return (struct mwi_text){ room, TEXT_LEN };
}
