/* SPDX-License-Identifier: MIT */
#include "rpc/hooks.h"

#include "base/error.h"
#include "rpc/call.h"

/* Of a chain: more are a circle.  They are ended by recursion. */
enum { CHAIN_MAX = 64 };

static mw_status
check(size_t size, size_t expected, size_t n, mw_error *reterr)
{
    if (size != expected) {
        return mwi_fail(reterr, MW_EINVAL,
            "hooks have a size of %zu, should have %zu", size, expected);
    }
    if (n >= CHAIN_MAX) {
        return mwi_fail(
            reterr, MW_EINVAL, "there are more than %d hooks", (int) CHAIN_MAX);
    }
    return MW_OK;
}

mw_status
mwi_server_hooks_check(const mw_server_hooks *hooks, mw_error *reterr)
{
    mw_status status = MW_OK;

    for (size_t n = 0; hooks != NULL && status == MW_OK; n++) {
        status = check(hooks->size, sizeof(*hooks), n, reterr);
        hooks = status == MW_OK ? hooks->next : NULL;
    }
    return status;
}

mw_status
mwi_client_hooks_check(const mw_client_hooks *hooks, mw_error *reterr)
{
    mw_status status = MW_OK;

    for (size_t n = 0; hooks != NULL && status == MW_OK; n++) {
        status = check(hooks->size, sizeof(*hooks), n, reterr);
        hooks = status == MW_OK ? hooks->next : NULL;
    }
    return status;
}

/* The server. */

/* What a hook has returned, as the caller gets it. */
static mw_status
refusal(const mw_call *call, mw_status status, mw_error *reterr)
{
    if (status == call->failure.status) {
        *reterr = call->failure;
        return status;
    }
    if (status > 0 || status == MW_EEXCEPTION) {
        return mwi_fail(reterr, MW_EINTERNAL,
            "a hook returned %d, which is no refusal", (int) status);
    }
    return mwi_fail(reterr, status, "%s", mw_status_text(status));
}

mw_status
mwi_hooks_admit(const mw_server_hooks *hooks, mw_call *call, mw_error *reterr)
{
    for (; hooks != NULL; hooks = hooks->next) {
        mw_status status =
            hooks->admit != NULL ? hooks->admit(hooks->user, call) : MW_OK;

        if (status != MW_OK) {
            return refusal(call, status, reterr);
        }
    }
    /* What one that did not refuse has said is not the handler's. */
    mwi_error_clear(&call->failure);
    return MW_OK;
}

void
mwi_hooks_begin(const mw_server_hooks *hooks, mw_call *call)
{
    for (; hooks != NULL; hooks = hooks->next) {
        if (hooks->begin != NULL) {
            hooks->begin(hooks->user, call);
        }
    }
}

void
mwi_hooks_end(
    const mw_server_hooks *hooks, mw_call *call, const mw_call_outcome *outcome)
{
    if (hooks == NULL) {
        return;
    }
    mwi_hooks_end(hooks->next, call, outcome);
    if (hooks->end != NULL) {
        hooks->end(hooks->user, call, outcome);
    }
}

/* The client. */

void
mwi_client_hooks_start(const mw_client_hooks *hooks, const mw_client_call *call)
{
    for (; hooks != NULL; hooks = hooks->next) {
        if (hooks->start != NULL) {
            hooks->start(hooks->user, call);
        }
    }
}

void
mwi_client_hooks_end(const mw_client_hooks *hooks, const mw_client_call *call)
{
    if (hooks == NULL) {
        return;
    }
    mwi_client_hooks_end(hooks->next, call);
    if (hooks->end != NULL) {
        hooks->end(hooks->user, call);
    }
}
