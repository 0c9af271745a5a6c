/* SPDX-License-Identifier: MIT */
/*
 * Being told of calls while several threads use the client.
 */
#include <poll.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/fixture.h"
#include "integration/scripted.h"
#include "integration/told.h"
#include "lib/pki.h"

enum { LONG_MS = 60000, SHORT_MS = 50 };

/* Process what comes until a call was told. */
static void
process_until_told(mw_client *client, struct mwt_told *t)
{
    int64_t deadline = mwi_deadline_in(LONG_MS);

    while (mwt_told_count(t) == 0) {
        struct pollfd watched = { .fd = mw_client_fd(client),
            .events = POLLIN };

        cr_assert_geq(watched.fd, 0);
        cr_assert_eq(poll(&watched, 1, mwi_deadline_poll_ms(deadline)), 1);
        cr_assert_eq(mw_client_process(client), MW_OK);
    }
}

/* Who cancels a call whose function is just running waits for that. */
struct slow {
    struct mwt_gate gate;
    bool has_returned; /* [gate.mutex] */
};

static void
pass_gate(struct mwt_told *t)
{
    struct slow *slow = t->user;

    mwi_lock(&slow->gate.mutex);
    slow->gate.n_inside++;
    mwi_cond_broadcast(&slow->gate.changed);
    while (!slow->gate.is_open) {
        (void) mwi_cond_wait(
            &slow->gate.changed, &slow->gate.mutex, MWI_FOREVER);
    }
    slow->has_returned = true;
    mwi_unlock(&slow->gate.mutex);
}

static void *
open_gate_soon(void *arg)
{
    struct slow *slow = arg;

    (void) poll(NULL, 0, SHORT_MS);
    mwt_gate_open(&slow->gate);
    return NULL;
}

Test(callbacks_threads, cancelling_waits_for_the_function)
{
    struct slow slow = { .has_returned = false };
    struct mwt_scripted s;
    struct mwt_told t;
    pthread_t opener;

    mwi_mutex_init(&slow.gate.mutex);
    mwi_cond_init(&slow.gate.changed);
    mwt_scripted_begin_with(&s, MW_CLIENT(.lazy = true, .background = true));
    mwt_told_init(&t, LONG_MS);
    t.user = &slow;
    t.then = pass_gate;
    cr_assert_eq(mwt_told_start(&t, s.client), MW_OK);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, "83 03 01 81 62 6f6b");
    mwt_gate_wait_inside(&slow.gate, 1);
    cr_assert_eq(pthread_create(&opener, NULL, open_gate_soon, &slow), 0);
    mw_pending_cancel(t.pending);
    mwi_lock(&slow.gate.mutex);
    cr_expect(slow.has_returned);
    mwi_unlock(&slow.gate.mutex);
    cr_assert_eq(pthread_join(opener, NULL), 0);
    mwt_scripted_end(&s);
    cr_expect_null(t.text);
    mwi_cond_fini(&slow.gate.changed);
    mwi_mutex_fini(&slow.gate.mutex);
}

/* A caller reads for himself while there is a poller; what he reads for others
 * is told all the same, and so is what comes when he has left. */
static void *
call_wait(void *arg)
{
    cr_expect_eq(probe_Probe_wait(arg, NULL), MW_OK);
    return NULL;
}

static void
check_beside_a_reader(bool background, bool tls)
{
    struct mwt_pair p;
    struct mwt_told t[50];
    pthread_t caller;
    mw_error error;

    mwt_server_start(&p.s,
        tls ? MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS)
            : MW_SERVER(.threads_max = 3));
    cr_assert_eq(
        tls ? mw_client_open(&p.client, mw_server_address(p.s.server, 0),
                  MW_CLIENT(.tls = MWT_CLIENT_TLS, .background = background,
                      .timeout_ms = LONG_MS),
                  &error)
            : mw_client_open_local(&p.client, p.s.server,
                  MW_CLIENT(.background = background, .timeout_ms = LONG_MS),
                  &error),
        MW_OK);
    cr_assert_geq(mw_client_fd(p.client), 0);
    for (int i = 0; i < 50; i++) {
        if (i % 5 == 0) {
            mwt_gate_close(&p.s.gate);
            cr_assert_eq(pthread_create(&caller, NULL, call_wait, p.client), 0);
            mwt_gate_wait_inside(&p.s.gate, 1);
        }
        mwt_told_init(&t[i], LONG_MS);
        t[i].then = mwt_told_finish;
        if (i % 5 == 3) {
            mwt_gate_open(&p.s.gate);
        }
        cr_assert_eq(mwt_told_start(&t[i], p.client), MW_OK);
        if (background) {
            mwt_told_wait(&t[i], 1);
        } else {
            process_until_told(p.client, &t[i]);
        }
        cr_assert_eq(t[i].status, MW_OK);
        free(t[i].text);
        if (i % 5 == 4) {
            cr_assert_eq(pthread_join(caller, NULL), 0);
        }
    }
    mwt_pair_end(&p);
}

Test(callbacks_threads, beside_a_reader)
{
    for (int i = 0; i < 4; i++) {
        check_beside_a_reader((i & 1) != 0, (i & 2) != 0);
    }
}
