/* SPDX-License-Identifier: MIT */
/*
 * Tallies are counted up before they are looked at, and down again by whoever
 * finds that it was too many: so no two take the last place, and no lock is
 * needed.
 *
 * A peer is known by the name in its certificate, else by the host that it
 * connects from; over unix sockets all are one.
 */
#include "rpc/admission.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/gate.h"
#include "rpc/session.h"
#include "rpc/turn.h"

enum {
    LIMIT_MIN = 4,       /* of the adaptive limit */
    SERVICE_WEIGHT = 16, /* calls that the mean is over, about */
    RETRY_MAX_MS = 1000,
    NS_PER_MS = 1000 * 1000,
};

struct mwi_peer_tally {
    struct mwi_peer_tally *next; /* [admission.mutex] with the same hash */
    uint64_t hash;               /* constant */
    uint32_t n_sessions;         /* [admission.mutex] */
    struct mwi_tally calls;
    char identity[]; /* constant */
};

void
mwi_admission_init(
    struct mwi_admission *admission, const mw_server_options *options)
{
    uint32_t max = options->threads_max + options->queue_max;

    mwi_mutex_init(&admission->mutex);
    mwi_map_init(&admission->peers);
    admission->is_adaptive = options->adaptive;
    admission->is_limited = options->adaptive ||
                            options->connection_calls_max > 0 ||
                            options->peer_calls_max > 0;
    mwi_adaptive_init(&admission->control, LIMIT_MIN,
        max > LIMIT_MIN ? max : LIMIT_MIN, options->threads_max, mwi_now());
    atomic_init(&admission->limit, mwi_adaptive_limit(&admission->control));
}

void
mwi_admission_fini(struct mwi_admission *admission)
{
    mwi_map_fini(&admission->peers);
    mwi_mutex_fini(&admission->mutex);
}

/* Peers. */

/* Returns the length of what is not the port. */
static size_t
host_len(const char *address)
{
    const char *colon = strrchr(address, ':');

    return strstr(address, "://") != NULL && colon != NULL
               ? (size_t) (colon - address)
               : strlen(address);
}

/* FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>; who finds two names
 * with one hash gains nothing. */
static uint64_t
hash_of(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char) text[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static struct mwi_peer_tally *
new_peer(const char *identity, size_t len, uint64_t hash)
{
    struct mwi_peer_tally *peer = mwi_calloc(1, sizeof(*peer) + len + 1);

    if (peer != NULL) {
        memcpy(peer->identity, identity, len);
        peer->hash = hash;
    }
    return peer;
}

/* The peer with this identity, made if need be; NULL: out of memory. */
static struct mwi_peer_tally *
find_peer_locked(struct mwi_admission *admission, const char *identity,
    size_t len) MWI_REQUIRES(admission->mutex)
{
    uint64_t hash = hash_of(identity, len);
    struct mwi_peer_tally *first = mwi_map_get(&admission->peers, hash);
    struct mwi_peer_tally *peer = first;

    while (peer != NULL && (strlen(peer->identity) != len ||
                               memcmp(peer->identity, identity, len) != 0)) {
        peer = peer->next;
    }
    if (peer == NULL) {
        peer = new_peer(identity, len, hash);
        if (peer != NULL && mwi_map_put(&admission->peers, hash, peer) < 0) {
            mwi_free(peer);
            return NULL;
        }
        if (peer != NULL) {
            peer->next = first;
        }
    }
    return peer;
}

mw_status
mwi_admission_join(struct mwi_session *session, mw_error *reterr)
{
    struct mwi_admission *admission = &session->host->admission;
    const mw_peer *peer = &session->peer;
    bool has_name = peer->name[0] != '\0';

    if (session->host->options.peer_calls_max == 0) {
        return MW_OK;
    }
    mwi_lock(&admission->mutex);
    session->of_peer =
        find_peer_locked(admission, has_name ? peer->name : peer->address,
            has_name ? strlen(peer->name) : host_len(peer->address));
    if (session->of_peer != NULL) {
        session->of_peer->n_sessions++;
    }
    mwi_unlock(&admission->mutex);
    return session->of_peer != NULL ? MW_OK : mwi_fail_nomem(reterr);
}

/* Out of those with the same hash.  Putting in place of what is there needs no
 * memory. */
static void
forget_peer_locked(struct mwi_admission *admission, struct mwi_peer_tally *peer)
    MWI_REQUIRES(admission->mutex)
{
    struct mwi_peer_tally *first =
        mwi_map_remove(&admission->peers, peer->hash);
    struct mwi_peer_tally **at = &first;

    while (*at != peer) {
        at = &(*at)->next;
    }
    *at = peer->next;
    if (first != NULL) {
        (void) !mwi_map_put(&admission->peers, peer->hash, first);
    }
    mwi_free(peer);
}

void
mwi_admission_part(struct mwi_session *session)
{
    struct mwi_admission *admission = &session->host->admission;
    struct mwi_peer_tally *peer = session->of_peer;

    if (peer == NULL) {
        return;
    }
    mwi_lock(&admission->mutex);
    if (--peer->n_sessions == 0) {
        forget_peer_locked(admission, peer);
    }
    mwi_unlock(&admission->mutex);
}

/* Refusing. */

/* When it may be better: once what waits is gone, or a call that runs. */
static uint32_t
retry_after_ms(const struct mwi_host *host)
{
    int64_t wait = mwi_pool_wait(host->pool);
    int64_t service =
        atomic_load_explicit(&host->admission.service, memory_order_relaxed);
    int64_t ms = (wait > service ? wait : service) / NS_PER_MS;

    return ms < 1 ? 1 : ms > RETRY_MAX_MS ? RETRY_MAX_MS : (uint32_t) ms;
}

mw_status
mwi_admission_refuse(
    struct mwi_turn *turn, mw_error *reterr, const char *format, ...)
{
    char text[MW_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void) vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    turn->retry_after_ms = retry_after_ms(turn->session->host);
    return mwi_fail(reterr, MW_EEXHAUSTED, "the server is full: %s", text);
}

bool
mwi_admission_is_hopeless(const struct mwi_host *host, const mw_call *call)
{
    int64_t wait = mwi_pool_wait(host->pool);

    return call->job.deadline != 0 && call->job.priority == 0 && wait > 0 &&
           call->job.deadline - mwi_now() < 2 * wait;
}

/* Calls. */

static unsigned
lane_of(const mw_call *call)
{
    return call->op->method->priority > 0 ? 1 : 0;
}

/* Whether there was a place. */
static bool
count_up(struct mwi_tally *tally, unsigned lane, uint32_t max)
{
    if (atomic_fetch_add(&tally->n[lane], 1) < max || max == 0) {
        return true;
    }
    atomic_fetch_sub(&tally->n[lane], 1);
    return false;
}

static mw_status
count_call(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    const mw_server_options *options = &session->host->options;
    unsigned lane = lane_of(call);

    if (!count_up(&session->calls, lane, options->connection_calls_max)) {
        return mwi_admission_refuse(turn, reterr,
            "%u calls of this connection are under way",
            options->connection_calls_max);
    }
    if (session->of_peer != NULL &&
        !count_up(&session->of_peer->calls, lane, options->peer_calls_max)) {
        atomic_fetch_sub(&session->calls.n[lane], 1);
        return mwi_admission_refuse(turn, reterr,
            "%u calls of %.100s are under way", options->peer_calls_max,
            session->of_peer->identity);
    }
    call->ticket.is_counted = true;
    return MW_OK;
}

mw_status
mwi_admission_enter(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    struct mwi_host *host = turn->session->host;
    struct mwi_admission *admission = &host->admission;

    if (admission->is_adaptive && lane_of(call) == 0) {
        uint32_t limit = atomic_load(&admission->limit);

        if (atomic_load(&host->calls) >= limit) {
            return mwi_admission_refuse(
                turn, reterr, "%u calls are as many as it does well", limit);
        }
        call->ticket.since = mwi_now();
    }
    return count_call(turn, call, reterr);
}

static void
learn(struct mwi_host *host, const mw_call *call)
{
    struct mwi_admission *admission = &host->admission;
    int64_t now = mwi_now();

    mwi_lock(&admission->mutex);
    mwi_adaptive_sample(&admission->control, now, now - call->ticket.since,
        (uint32_t) atomic_load(&host->calls));
    atomic_store(&admission->limit, mwi_adaptive_limit(&admission->control));
    mwi_unlock(&admission->mutex);
}

void
mwi_admission_leave(struct mwi_session *session, mw_call *call)
{
    struct mwi_ticket *ticket = &call->ticket;
    unsigned lane = lane_of(call);
    mw_call *next = mwi_gate_leave(call);

    if (next != NULL) {
        mwi_pool_resubmit(session->host->pool, &next->job);
    }
    if (ticket->is_counted) {
        atomic_fetch_sub(&session->calls.n[lane], 1);
        if (session->of_peer != NULL) {
            atomic_fetch_sub(&session->of_peer->calls.n[lane], 1);
        }
    }
    if (ticket->since != 0 && call->is_prepared) {
        learn(session->host, call);
    }
    *ticket = (struct mwi_ticket){ 0 };
}

void
mwi_admission_note(struct mwi_admission *admission, int64_t ns)
{
    int64_t mean =
        atomic_load_explicit(&admission->service, memory_order_relaxed);

    /* Of two threads at once one may not be counted, which does no harm. */
    mean += (ns - mean) / SERVICE_WEIGHT;
    atomic_store_explicit(&admission->service, mean, memory_order_relaxed);
}
