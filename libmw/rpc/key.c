/* SPDX-License-Identifier: MIT */
#include "rpc/key.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"

enum {
    NS_PER_MS = 1000000,
    DRIFT = 1000, /* clocks of two machines differ by less than one in this */
};

static mw_status
take_callers(struct mwi_key *key, const char *text, mw_error *reterr)
{
    size_t len = strnlen(text, MWI_KEY_MAX + 1);

    if (len == 0) {
        return mwi_fail(reterr, MW_EINVAL, "the key is empty");
    }
    if (len > MWI_KEY_MAX) {
        return mwi_fail(reterr, MW_EINVAL, "the key is longer than %d bytes",
            (int) MWI_KEY_MAX);
    }
    key->at = text;
    key->len = len;
    return MW_OK;
}

mw_status
mwi_key_take(struct mwi_key *key, const mw_ctx *ctx, const mw_method *method,
    bool makes, mw_error *reterr)
{
    bool is_keyed =
        (method->flags & MW_METHOD_KEYED) != 0 || (ctx != NULL && ctx->keyed);

    if (key->at != NULL) {
        return MW_OK; /* of the try before */
    }
    if (ctx != NULL && ctx->key != NULL) {
        return take_callers(key, ctx->key, reterr);
    }
    if (is_keyed && makes) {
        mwi_random(key->made, sizeof(key->made));
        key->at = key->made;
        key->len = sizeof(key->made);
    }
    return MW_OK;
}

/* How long before the connection's HELLO the call was first sent, or more: the
 * server's clock may run faster. */
static uint64_t
lead_ms(const struct mwi_key *key, int64_t hello_at)
{
    int64_t lead = hello_at - key->first_at;

    return lead > 0 ? (uint64_t) ((lead + lead / DRIFT) / NS_PER_MS + 1) : 0;
}

mw_status
mwi_key_apply(struct mwi_key *key, struct mwi_conn *conn, int64_t deadline,
    struct mwi_call_head *head, mw_error *reterr)
{
    struct mwi_greeting greeting;
    mw_status status = mwi_conn_wait_hello(conn, deadline, reterr);

    if (status < 0) {
        return status;
    }
    mwi_conn_greeting(conn, &greeting);
    if (!key->is_sent || !key->is_repeat) {
        key->is_sent = true;
        key->first_at = mwi_now();
        key->instance = greeting.instance;
    }
    head->key = (struct mwi_text){ key->at, key->len };
    head->is_repeat = key->is_repeat;
    head->instance = key->instance;
    head->lead_ms = lead_ms(key, greeting.at);
    return MW_OK;
}
