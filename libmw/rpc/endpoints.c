/* SPDX-License-Identifier: MIT */
/*
 * A name is resolved before it is first needed, and again when everything that
 * it led to has failed since, or when it was long ago and a connection has to
 * be made anyway.
 */
#include "rpc/endpoints.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"

#define NS_PER_S INT64_C(1000000000)

static const int64_t resolve_after = 30 * NS_PER_S; /* when connecting */
static const int64_t resolve_again = 1 * NS_PER_S;  /* when all have failed */

void
mwi_endpoints_init(struct mwi_endpoints *e, const struct mwi_backoff *backoff,
    uint32_t conns_max)
{
    *e = (struct mwi_endpoints){ .backoff = *backoff, .conns_max = conns_max };
}

void
mwi_endpoints_fini(struct mwi_endpoints *e)
{
    for (size_t i = 0; i < e->n; i++) {
        mwi_free(e->all[i]);
    }
    mwi_free(e->targets);
    e->targets = NULL;
    e->n = 0;
}

void
mwi_endpoints_renew(struct mwi_endpoints *e)
{
    for (size_t i = 0; i < e->n_targets; i++) {
        e->targets[i].is_resolving = false;
    }
    for (size_t i = 0; i < e->n; i++) {
        e->all[i]->n_conns = 0;
        e->all[i]->n_connecting = 0;
    }
}

static mw_status
add(struct mwi_endpoints *e, struct mwi_target *target,
    const struct mwi_address *address, mw_error *reterr)
{
    struct mwi_endpoint *endpoint = mwi_calloc(1, sizeof(*endpoint));

    assert(e->n < MWI_ENDPOINTS_MAX);
    if (endpoint == NULL) {
        return mwi_fail_nomem(reterr);
    }
    endpoint->id = ++e->last_id;
    endpoint->target = target;
    endpoint->address = *address;
    e->all[e->n++] = endpoint;
    return MW_OK;
}

/* Taking addresses. */

/* One address, without a scheme that of the one before it holds good. */
static mw_status
parse_one(struct mwi_address *ret_address, const struct mwi_address *before,
    const char *text, size_t len, mw_error *reterr)
{
    char whole[MWI_ADDRESS_TEXT_MAX];
    struct mwi_address bare = { 0 };
    size_t at;

    if (before == NULL || len == 0 || mwi_address_has_scheme(text, len)) {
        return mwi_address_parse(ret_address, text, len, reterr);
    }
    bare.scheme = before->scheme;
    mwi_address_text(&bare, whole);
    at = (size_t) (strchr(whole, ':') - whole) + 1;
    if (bare.scheme != MWI_SCHEME_UNIX) {
        at += strlen("//");
    }
    if (len >= sizeof(whole) - at) {
        return mwi_fail(reterr, MW_EINVAL, "address \"%.80s\": too long", text);
    }
    memcpy(whole + at, text, len);
    return mwi_address_parse(ret_address, whole, at + len, reterr);
}

static bool
is_same(const struct mwi_address *a, const struct mwi_address *b)
{
    return a->scheme == b->scheme && strcmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0 && strcmp(a->path, b->path) == 0 &&
           strcmp(mwi_address_name(a), mwi_address_name(b)) == 0;
}

static bool
is_target(const struct mwi_endpoints *e, const struct mwi_address *address)
{
    for (size_t i = 0; i < e->n_targets; i++) {
        if (is_same(&e->targets[i].address, address)) {
            return true;
        }
    }
    return false;
}

/* One that was written twice counts once. */
static mw_status
take_target(struct mwi_endpoints *e, const struct mwi_address *address,
    mw_error *reterr)
{
    struct mwi_target *target = &e->targets[e->n_targets];

    if (is_target(e, address)) {
        return MW_OK;
    }
    target->address = *address;
    target->is_name = mwi_address_is_name(address);
    e->n_targets++;
    return target->is_name ? MW_OK : add(e, target, address, reterr);
}

static size_t
count_pieces(const char *text)
{
    size_t n = 1;

    for (const char *c = text; *c != '\0'; c++) {
        n += *c == ',';
    }
    return n;
}

mw_status
mwi_endpoints_take(struct mwi_endpoints *e, const char *text, mw_error *reterr)
{
    size_t n = count_pieces(text);
    struct mwi_address address;
    struct mwi_address *before = NULL;
    mw_status status = MW_OK;

    if (n > MWI_TARGETS_MAX) {
        return mwi_fail(reterr, MW_EINVAL, "%zu addresses, may be 1 to %d", n,
            (int) MWI_TARGETS_MAX);
    }
    e->targets = mwi_calloc(n, sizeof(*e->targets));
    if (e->targets == NULL) {
        return mwi_fail_nomem(reterr);
    }
    while (text != NULL && status == MW_OK) {
        const char *comma = strchrnul(text, ',');

        status =
            parse_one(&address, before, text, (size_t) (comma - text), reterr);
        if (status == MW_OK) {
            status = take_target(e, &address, reterr);
        }
        before = &address;
        text = *comma == '\0' ? NULL : comma + 1;
    }
    /* So that clients that are given the same list do not all begin with the
     * same server. */
    e->first = (size_t) mwi_random_below(MWI_ENDPOINTS_MAX);
    return status;
}

mw_status
mwi_endpoints_take_local(struct mwi_endpoints *e, mw_error *reterr)
{
    static const struct mwi_address none;

    return add(e, NULL, &none, reterr);
}

bool
mwi_endpoints_need_tls(const struct mwi_endpoints *e)
{
    for (size_t i = 0; i < e->n_targets; i++) {
        if (e->targets[i].address.scheme == MWI_SCHEME_TLS) {
            return true;
        }
    }
    return false;
}

/* Names. */

/* Whether all that the name led to has failed since it was resolved. */
static bool
has_failed(const struct mwi_endpoints *e, const struct mwi_target *target)
{
    for (size_t i = 0; i < e->n; i++) {
        const struct mwi_endpoint *endpoint = e->all[i];

        if (endpoint->target == target && !endpoint->is_gone &&
            (endpoint->n_conns > 0 || endpoint->attempts.n_failed == 0 ||
                endpoint->attempts.tried_at < target->resolved_at)) {
            return false;
        }
    }
    return true;
}

static bool
is_due(
    const struct mwi_endpoints *e, const struct mwi_target *target, int64_t now)
{
    int64_t age = now - target->resolved_at;

    if (!target->is_name || target->is_resolving ||
        now < target->attempts.retry_at) {
        return false;
    }
    return !target->is_resolved || age >= resolve_after ||
           (age >= resolve_again && has_failed(e, target));
}

struct mwi_target *
mwi_endpoints_unresolved(struct mwi_endpoints *e, int64_t now)
{
    for (size_t i = 0; i < e->n_targets; i++) {
        if (is_due(e, &e->targets[i], now)) {
            return &e->targets[i];
        }
    }
    return NULL;
}

static struct mwi_endpoint *
find(const struct mwi_endpoints *e, const struct mwi_target *target,
    const struct mwi_address *address)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->all[i]->target == target &&
            is_same(&e->all[i]->address, address)) {
            return e->all[i];
        }
    }
    return NULL;
}

static bool
leads_nowhere(const struct mwi_endpoints *e, const struct mwi_target *target)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->all[i]->target == target && !e->all[i]->is_gone) {
            return false;
        }
    }
    return true;
}

mw_status
mwi_endpoints_resolved(struct mwi_endpoints *e, struct mwi_target *target,
    const struct mwi_address *addresses, size_t n, mw_error *reterr)
{
    for (size_t i = 0; i < e->n; i++) {
        e->all[i]->is_gone = e->all[i]->is_gone || e->all[i]->target == target;
    }
    for (size_t i = 0; i < n; i++) {
        struct mwi_endpoint *known = find(e, target, &addresses[i]);

        if (known != NULL) {
            known->is_gone = false;
        }
    }
    mwi_endpoints_drop_gone(e);
    for (size_t i = 0; i < n && e->n < MWI_ENDPOINTS_MAX; i++) {
        if (find(e, target, &addresses[i]) == NULL &&
            add(e, target, &addresses[i], NULL) < 0) {
            break;
        }
    }
    target->is_resolved = !leads_nowhere(e, target);
    target->resolved_at = mwi_now();
    mwi_attempts_succeeded(&target->attempts);
    return target->is_resolved ? MW_OK : mwi_fail_nomem(reterr);
}

size_t
mwi_endpoints_max(const struct mwi_endpoints *e)
{
    for (size_t i = 0; i < e->n_targets; i++) {
        if (e->targets[i].is_name) {
            return MWI_ENDPOINTS_MAX;
        }
    }
    return e->n;
}

void
mwi_endpoints_drop_gone(struct mwi_endpoints *e)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n; i++) {
        struct mwi_endpoint *endpoint = e->all[i];

        if (endpoint->is_gone && endpoint->n_conns == 0 &&
            endpoint->n_connecting == 0) {
            mwi_free(endpoint);
        } else {
            e->all[n++] = endpoint;
        }
    }
    e->n = n;
}

/* Choosing. */

static bool
will_do(const struct mwi_endpoint *endpoint, const struct mwi_wish *wish)
{
    return !endpoint->is_gone &&
           (wish->endpoint == 0 || wish->endpoint == endpoint->id);
}

/* Whether it may be connected to; when it has no connection, or beside those.
 */
static bool
is_open(const struct mwi_endpoints *e, const struct mwi_endpoint *endpoint,
    const struct mwi_wish *wish, bool is_extra, int64_t now)
{
    uint32_t n = endpoint->n_conns + endpoint->n_connecting;

    return will_do(endpoint, wish) && n < e->conns_max &&
           now >= endpoint->attempts.retry_at &&
           (!is_extra ||
               (now >= endpoint->more_after && endpoint->id != wish->avoid));
}

/* The fewer connections the better; one to avoid is the last. */
static uint64_t
rank(const struct mwi_endpoint *endpoint, const struct mwi_wish *wish)
{
    uint64_t n = (uint64_t) endpoint->n_conns + endpoint->n_connecting;

    return endpoint->id == wish->avoid ? UINT64_MAX : n;
}

struct mwi_endpoint *
mwi_endpoints_vacant(struct mwi_endpoints *e, const struct mwi_wish *wish,
    bool is_extra, int64_t now)
{
    struct mwi_endpoint *best = NULL;

    for (size_t i = 0; i < e->n; i++) {
        struct mwi_endpoint *endpoint = e->all[(e->first + i) % e->n];

        if (is_open(e, endpoint, wish, is_extra, now) &&
            (best == NULL || rank(endpoint, wish) < rank(best, wish))) {
            best = endpoint;
        }
    }
    if (best != NULL) {
        e->first++;
    }
    return best;
}

size_t
mwi_endpoints_count_open(
    const struct mwi_endpoints *e, const struct mwi_wish *wish, int64_t now)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n; i++) {
        n += is_open(e, e->all[i], wish, false, now);
    }
    return n;
}

int64_t
mwi_endpoints_next(const struct mwi_endpoints *e, const struct mwi_wish *wish)
{
    int64_t next = MWI_FOREVER;

    for (size_t i = 0; i < e->n_targets; i++) {
        const struct mwi_target *target = &e->targets[i];

        if (target->is_name && !target->is_resolving && !target->is_resolved &&
            target->attempts.retry_at < next) {
            next = target->attempts.retry_at;
        }
    }
    for (size_t i = 0; i < e->n; i++) {
        const struct mwi_endpoint *endpoint = e->all[i];

        if (will_do(endpoint, wish) && endpoint->n_connecting == 0 &&
            endpoint->attempts.retry_at < next) {
            next = endpoint->attempts.retry_at;
        }
    }
    return next;
}

/* Giving up. */

static bool
is_lasting(mw_status status)
{
    return status != MW_EUNAVAILABLE && status != MW_ETIMEDOUT &&
           status != MW_EEXHAUSTED;
}

static bool
is_hopeless(const struct mwi_attempts *attempts, const struct mwi_wish *wish,
    int64_t since)
{
    return attempts->n_failed > 0 && attempts->tried_at >= since &&
           (wish->fail_fast || is_lasting(attempts->why.status));
}

bool
mwi_endpoints_are_hopeless(
    const struct mwi_endpoints *e, const struct mwi_wish *wish, int64_t since)
{
    for (size_t i = 0; i < e->n_targets; i++) {
        const struct mwi_target *target = &e->targets[i];

        if (target->is_name && !target->is_resolved &&
            !is_hopeless(&target->attempts, wish, since)) {
            return false;
        }
    }
    for (size_t i = 0; i < e->n; i++) {
        if (will_do(e->all[i], wish) &&
            !is_hopeless(&e->all[i]->attempts, wish, since)) {
            return false;
        }
    }
    return true;
}

const mw_error *
mwi_endpoints_why(const struct mwi_endpoints *e, const struct mwi_wish *wish)
{
    const struct mwi_attempts *last = NULL;

    for (size_t i = 0; i < e->n_targets + e->n; i++) {
        const struct mwi_attempts *attempts =
            i < e->n_targets ? &e->targets[i].attempts
                             : &e->all[i - e->n_targets]->attempts;

        if (i >= e->n_targets && !will_do(e->all[i - e->n_targets], wish)) {
            continue;
        }
        if (attempts->n_failed > 0 &&
            (last == NULL || attempts->tried_at > last->tried_at)) {
            last = attempts;
        }
    }
    return last != NULL ? &last->why : NULL;
}

void
mwi_attempts_failed(struct mwi_attempts *attempts,
    const struct mwi_backoff *backoff, int64_t began, const mw_error *why)
{
    if (attempts->n_failed < UINT32_MAX) {
        attempts->n_failed++;
    }
    attempts->tried_at = began;
    attempts->retry_at =
        mwi_now() + mwi_backoff_ns(backoff, attempts->n_failed);
    attempts->why = *why;
}

void
mwi_attempts_succeeded(struct mwi_attempts *attempts)
{
    attempts->n_failed = 0;
    attempts->retry_at = 0;
}
