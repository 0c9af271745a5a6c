/* SPDX-License-Identifier: MIT */
/*
 * The soak's servers, which end and start again, and what the proxies before
 * them do to connections.
 */
#include <stdio.h>
#include <stdlib.h>

#include "faults/soak.h"

enum {
    PLACE_MAX = 5000, /* bytes that pass before a fault, at the most */
    DRAIN_MS = 4000,
};

/* Two thirds of connections are good. */
static struct mwt_plan
make_plan(void *user, uint64_t n)
{
    struct soak_server *server = user;
    struct mwt_prng *prng = &server->prng;
    struct mwt_plan plan = {
        .flow = mwt_chance(prng, 50) ? MWT_TO_SERVER : MWT_TO_CLIENT,
        .bytes = mwt_below(prng, PLACE_MAX),
        .flip = (uint8_t) (1 + mwt_below(prng, 255)),
    };
    size_t dice = mwt_below(prng, 100);

    (void) n;
    if (dice < 10) {
        plan.fault = MWT_CUT;
    } else if (dice < 18) {
        plan.fault = MWT_CORRUPT;
    } else if (dice < 20) {
        plan.fault = MWT_STALL;
    } else if (dice < 22) {
        plan.fault = MWT_SWALLOW;
    } else if (dice < 28) {
        plan.chunk = 1 + mwt_below(prng, 100);
    } else if (dice < 33) {
        plan.delay_ms = (uint32_t) (1 + mwt_below(prng, 20));
    }
    return plan;
}

void
soak_servers_begin(struct soak *soak, uint64_t seed)
{
    char drain[16];

    (void) snprintf(drain, sizeof(drain), "%d", DRAIN_MS);
    (void) setenv("MWT_DRAIN_MS", drain, 1);
    for (size_t i = 0; i < SOAK_SERVERS; i++) {
        struct soak_server *server = &soak->servers[i];

        server->prng.state = seed + i;
        server->ends = calloc(SOAK_GENERATIONS, sizeof(*server->ends));
        if (server->ends == NULL) {
            abort();
        }
        mwt_daemon_start(&server->daemon, &soak->ledger, "tls://127.0.0.1:0");
        server->proxy = mwt_proxy_open(server->daemon.address);
        mwt_proxy_plan_each(server->proxy, make_plan, server);
    }
}

static void
end_process(struct soak_server *server, bool drains)
{
    unsigned generation = atomic_load(&server->generation);
    enum soak_end end = SOAK_KILLED;

    if (!drains) {
        mwt_daemon_kill(&server->daemon);
    } else if (mwt_daemon_stop(&server->daemon)) {
        end = SOAK_DRAINED;
    }
    atomic_store(&server->ends[generation], (unsigned char) end);
    atomic_store(&server->generation, generation + 1);
}

/* Connections that hang would do so for ever: here the network notices. */
void
soak_server_restart(struct soak *soak, size_t at, struct mwt_prng *prng)
{
    struct soak_server *server = &soak->servers[at];

    if (atomic_load(&server->generation) + 1 == SOAK_GENERATIONS) {
        return;
    }
    end_process(server, mwt_chance(prng, 50));
    mwt_proxy_cut_all(server->proxy);
    mwt_daemon_start(&server->daemon, &soak->ledger, "tls://127.0.0.1:0");
    mwt_proxy_retarget(server->proxy, server->daemon.address);
}

void
soak_servers_end(struct soak *soak)
{
    for (size_t i = 0; i < SOAK_SERVERS; i++) {
        mwt_proxy_close(soak->servers[i].proxy);
        end_process(&soak->servers[i], true);
    }
}
