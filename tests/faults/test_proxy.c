/* SPDX-License-Identifier: MIT */
/*
 * The proxy does what it is told, so that the tests that use it test something.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "faults/proxy.h"
#include "faults/scene.h"

enum { LONG_MS = 60000 };

/* A client and a server that are plain sockets. */
struct ends {
    struct mwt_proxy *proxy;
    int listener;
    int client;
    int server;
};

static struct sockaddr_un
named(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    cr_assert_lt(strlen(path), sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path)); /* all else is zero */
    return address;
}

static void
begin(struct ends *e, const struct mwt_plan *plan)
{
    char path[128];
    char target[160];
    struct sockaddr_un address;

    mwt_scene_path(path, "ends");
    (void) snprintf(target, sizeof(target), "unix:%s", path);
    (void) unlink(path);
    address = named(path);
    e->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(
        bind(e->listener, (struct sockaddr *) &address, sizeof(address)), 0);
    cr_assert_eq(listen(e->listener, 1), 0);
    e->proxy = mwt_proxy_open(target);
    mwt_proxy_plan(e->proxy, plan);
    address = named(mwt_proxy_address(e->proxy) + 5);
    e->client = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(
        connect(e->client, (struct sockaddr *) &address, sizeof(address)), 0);
    e->server = accept(e->listener, NULL, NULL);
    cr_assert_geq(e->server, 0);
}

static void
end(struct ends *e)
{
    (void) close(e->client);
    (void) close(e->server);
    (void) close(e->listener);
    mwt_proxy_close(e->proxy);
}

/* Read until there is nothing more, or so many bytes are there. */
static size_t
read_all(int fd, uint8_t *bytes, size_t len)
{
    size_t n = 0;

    while (n < len) {
        ssize_t now = recv(fd, bytes + n, len - n, 0);

        if (now <= 0) {
            break;
        }
        n += (size_t) now;
    }
    return n;
}

static void
send_all(int fd, const void *bytes, size_t len)
{
    cr_assert_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t) len);
}

static bool
is_readable(int fd, int ms)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };

    return poll(&polled, 1, ms) == 1;
}

/* Frames with heads of each length; the last is empty. */
static const uint8_t frames[] = { 0x43, 'a', 'b', 'c', /* 4 bytes */
    0x58, 0x02, 'd', 'e',                              /* 4 */
    0x59, 0x00, 0x01, 'f',                             /* 4 */
    0x5a, 0x00, 0x00, 0x00, 0x01, 'g',                 /* 6 */
    0x5b, 0, 0, 0, 0, 0, 0, 0, 1, 'h',                 /* 10 */
    0x40 };                                            /* 1 */

Test(faults_proxy, counts_messages)
{
    static const uint64_t lengths[] = { 4, 4, 4, 6, 10, 1, 0 };
    struct ends e;
    uint8_t bytes[sizeof(frames)];

    for (size_t chunk = 0; chunk < 4; chunk++) {
        begin(&e, &(struct mwt_plan){ .chunk = chunk });
        send_all(e.client, frames, sizeof(frames));
        cr_assert_eq(read_all(e.server, bytes, sizeof(bytes)), sizeof(frames));
        cr_assert_arr_eq(bytes, frames, sizeof(frames));
        (void) shutdown(e.client, SHUT_WR);
        cr_assert_eq(read_all(e.server, bytes, 1), 0);
        (void) shutdown(e.server, SHUT_WR);
        mwt_proxy_settle(e.proxy);
        cr_expect_eq(mwt_proxy_messages(e.proxy, MWT_TO_SERVER), 6);
        cr_expect_eq(mwt_proxy_bytes(e.proxy, MWT_TO_SERVER), sizeof(frames));
        cr_expect_eq(mwt_proxy_messages(e.proxy, MWT_TO_CLIENT), 0);
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            cr_expect_eq(
                mwt_proxy_length(e.proxy, MWT_TO_SERVER, i), lengths[i]);
        }
        end(&e);
    }
}

/* Each place, once as messages and bytes. */
Test(faults_proxy, cuts_at_the_place)
{
    struct ends e;
    uint8_t bytes[sizeof(frames)];
    uint64_t messages = 0;
    uint64_t offset = 0;
    static const uint64_t lengths[] = { 4, 4, 4, 6, 10, 1 };

    for (size_t at = 0; at <= sizeof(frames); at++) {
        begin(&e, &(struct mwt_plan){ .fault = MWT_CUT,
                      .flow = MWT_TO_CLIENT,
                      .messages = messages,
                      .bytes = offset });
        (void) !send(e.server, frames, sizeof(frames), MSG_NOSIGNAL);
        cr_expect_eq(read_all(e.client, bytes, sizeof(bytes)), at);
        cr_assert(mwt_proxy_wait_struck(e.proxy, 1));
        cr_expect_leq(recv(e.server, bytes, 1, 0), 0);
        end(&e);
        if (at < sizeof(frames) && ++offset == lengths[messages]) {
            offset = 0;
            messages++;
        }
    }
}

Test(faults_proxy, corrupts_a_byte)
{
    struct ends e;
    uint8_t bytes[sizeof(frames)];

    begin(&e,
        &(struct mwt_plan){
            .fault = MWT_CORRUPT, .messages = 1, .bytes = 2, .flip = 0x21 });
    send_all(e.client, frames, sizeof(frames));
    cr_assert_eq(read_all(e.server, bytes, sizeof(bytes)), sizeof(frames));
    cr_expect_eq(bytes[6], 'd' ^ 0x21);
    bytes[6] = 'd';
    cr_expect_arr_eq(bytes, frames, sizeof(frames));
    end(&e);
}

Test(faults_proxy, stalls_and_resumes)
{
    struct ends e;
    uint8_t bytes[sizeof(frames)];

    begin(&e, &(struct mwt_plan){ .fault = MWT_STALL, .messages = 1 });
    send_all(e.client, frames, sizeof(frames));
    cr_assert_eq(read_all(e.server, bytes, 4), 4);
    cr_assert(mwt_proxy_wait_struck(e.proxy, 1));
    cr_expect_not(is_readable(e.server, 20));
    /* The other flow goes on. */
    send_all(e.server, frames, 4);
    cr_assert_eq(read_all(e.client, bytes, 4), 4);
    mwt_proxy_resume(e.proxy);
    cr_assert_eq(
        read_all(e.server, bytes, sizeof(frames) - 4), sizeof(frames) - 4);
    cr_expect_arr_eq(bytes, frames + 4, sizeof(frames) - 4);
    end(&e);
}

Test(faults_proxy, swallows_both_flows_and_the_end)
{
    struct ends e;
    uint8_t bytes[sizeof(frames)];

    begin(&e, &(struct mwt_plan){ .fault = MWT_SWALLOW, .messages = 1 });
    send_all(e.client, frames, sizeof(frames));
    cr_assert_eq(read_all(e.server, bytes, 4), 4);
    cr_assert(mwt_proxy_wait_struck(e.proxy, 1));
    send_all(e.server, frames, sizeof(frames));
    (void) close(e.client);
    cr_expect_not(is_readable(e.server, 50));
    e.client = -1;
    end(&e);
}

Test(faults_proxy, delays)
{
    struct ends e;
    uint8_t bytes[4];

    begin(&e, &(struct mwt_plan){ .delay_ms = 50 });
    send_all(e.client, frames, 4);
    cr_expect_not(is_readable(e.server, 5));
    cr_expect_eq(read_all(e.server, bytes, 4), 4);
    end(&e);
}

static struct mwt_plan
cut_every_other(void *user, uint64_t n)
{
    ++*(size_t *) user;
    /* In the CALL, once both have said HELLO: else the client would make
     * another connection. */
    return (struct mwt_plan){ .fault = n % 2 == 1 ? MWT_CUT : MWT_NO_FAULT,
        .flow = MWT_TO_SERVER,
        .messages = 1,
        .bytes = 1 };
}

Test(faults_proxy, plans_of_each_connection)
{
    struct mwt_scene scene;
    mw_ctx ctx = MW_CTX();
    size_t n = 0;
    uint64_t answer;

    mwt_scene_begin(&scene, MWT_UNIX, NULL);
    mwt_proxy_plan_each(scene.proxy, cut_every_other, &n);
    for (uint64_t i = 0; i < 6; i++) {
        mw_client *client = mwt_scene_client(&scene, LONG_MS);
        uint64_t before = mwt_proxy_connections(scene.proxy);

        cr_assert_eq(faults_Ledger_post(client, &ctx, i, &answer),
            before % 2 == 0 ? MW_OK : MW_EUNAVAILABLE, "%s",
            mw_ctx_error(&ctx));
        cr_assert_eq(mwt_ledger_runs(&scene.ledger, i), before % 2 == 0);
        mw_client_close(client);
    }
    cr_expect_eq(n, 6);
    cr_expect_eq(mwt_proxy_struck(scene.proxy), 3);
    mwt_scene_end(&scene);
}

Test(faults_proxy, cuts_all)
{
    struct mwt_scene scene;
    mw_client *client;
    mw_pending *pending;
    mw_ctx ctx = MW_CTX();

    mwt_scene_begin(&scene, MWT_TLS, NULL);
    client = mwt_scene_client(&scene, LONG_MS);
    cr_assert_eq(
        faults_Ledger_linger_start(client, &ctx, 1, 200, &pending), MW_OK);
    while (mwt_ledger_runs(&scene.ledger, 1) == 0) {
        (void) poll(NULL, 0, 1);
    }
    mwt_proxy_cut_all(scene.proxy);
    cr_expect_neq(mw_pending_finish(pending), MW_OK);
    cr_expect_not(ctx.not_run);
    mw_client_close(client);
    mwt_scene_end(&scene);
}
