/* SPDX-License-Identifier: MIT */
/*
 * Who is one peer and who is another, sessions that come and go, and names
 * that have the same hash.
 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "rpc/admission.h"
#include "rpc/session.h"

/* Their FNV-1a hash of 64 bits is the same. */
#define TWIN_A "8yn0iYCKYHlIj4-BwPqk"
#define TWIN_B "GReLUrM4wMqfg9yzV3KQ"

static struct mwi_host host;

static void
begin(uint32_t peer_calls_max)
{
    host.options = (mw_server_options){
        .threads_max = 1,
        .queue_max = 1,
        .peer_calls_max = peer_calls_max,
    };
    mwi_admission_init(&host.admission, &host.options);
}

static void
end(void)
{
    cr_assert_eq(host.admission.peers.len, 0, "a peer is left");
    mwi_admission_fini(&host.admission);
}

static void
join(struct mwi_session *session, const char *name, const char *address)
{
    *session = (struct mwi_session){ .host = &host };
    (void) snprintf(session->peer.name, sizeof(session->peer.name), "%s", name);
    (void) snprintf(
        session->peer.address, sizeof(session->peer.address), "%s", address);
    cr_assert_eq(mwi_admission_join(session, NULL), MW_OK);
}

/* Whether two sessions are of one peer. */
static bool
are_one(const char *name, const char *address, const char *other_name,
    const char *other_address)
{
    struct mwi_session a;
    struct mwi_session b;
    bool are;

    join(&a, name, address);
    join(&b, other_name, other_address);
    are = a.of_peer == b.of_peer;
    mwi_admission_part(&a);
    mwi_admission_part(&b);
    return are;
}

Test(admission, who_is_one_peer)
{
    begin(1);
    cr_assert(are_one("a", "tls://10.0.0.1:1", "a", "tls://10.0.0.2:2"));
    cr_assert_not(are_one("a", "tls://10.0.0.1:1", "ab", "tls://10.0.0.1:2"));
    cr_assert(are_one(
        "", "plaintext://10.0.0.1:1", "", "plaintext://10.0.0.1:40000"));
    cr_assert_not(
        are_one("", "plaintext://10.0.0.1:1", "", "plaintext://10.0.0.10:1"));
    cr_assert(are_one("", "plaintext://[::1]:1", "", "plaintext://[::1]:2"));
    cr_assert_not(
        are_one("", "plaintext://[::1]:1", "", "plaintext://[::2]:1"));
    cr_assert(are_one("", "unix:", "", "unix:"));
    cr_assert(are_one("", "", "", ""));
    end();
}

Test(admission, nobody_without_a_limit)
{
    struct mwi_session session;

    begin(0);
    join(&session, "a", "");
    cr_assert_null(session.of_peer);
    mwi_admission_part(&session);
    end();
}

/* In every order of coming and going. */
Test(admission, names_with_the_same_hash)
{
    static const int orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 },
        { 1, 3, 0, 2 }, { 2, 0, 3, 1 } };

    for (size_t i = 0; i < 4; i++) {
        struct mwi_session sessions[4];

        begin(1);
        join(&sessions[0], TWIN_A, "");
        join(&sessions[1], TWIN_B, "");
        join(&sessions[2], TWIN_A, "");
        join(&sessions[3], TWIN_B, "");
        cr_assert_eq(host.admission.peers.len, 1, "they are no twins");
        cr_assert_neq(sessions[0].of_peer, sessions[1].of_peer);
        cr_assert_eq(sessions[0].of_peer, sessions[2].of_peer);
        cr_assert_eq(sessions[1].of_peer, sessions[3].of_peer);
        for (size_t j = 0; j < 4; j++) {
            mwi_admission_part(&sessions[orders[i][j]]);
        }
        end();
    }
}

Test(admission, out_of_memory)
{
    struct mwi_session session = { .host = &host, .peer.name = "a" };
    mw_error error;
    uint64_t n = 1;

    begin(1);
    for (;; n++) {
        mw_status status;

        mwi_mem_fail_at(n);
        status = mwi_admission_join(&session, &error);
        mwi_mem_fail_at(0);
        if (status == MW_OK) {
            break;
        }
        cr_assert_eq(status, MW_ENOMEM);
        cr_assert_null(session.of_peer);
        mwi_admission_part(&session);
    }
    cr_assert_gt(n, 2, "for the peer and the map");
    mwi_admission_part(&session);
    end();
}
