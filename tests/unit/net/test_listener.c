/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "net/dial.h"
#include "net/poller.h"
#include "unit/net/ends.h"

static struct mwi_address
parse(const char *text)
{
    struct mwi_address address;
    mw_error error;

    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), &error), MW_OK,
        "%s", error.text);
    return address;
}

static struct mwi_listener *
listen_on(const char *text)
{
    struct mwi_address address = parse(text);
    struct mwi_listener *listener;
    mw_error error;

    cr_assert_eq(mwi_listener_open(&listener, &address, NULL, &error), MW_OK,
        "%s", error.text);
    return listener;
}

/* A client of the listener, and the server's end of it. */
static void
connect_to(struct mwi_listener *listener, const char *text, struct ends *ends)
{
    struct mwi_address address = parse(text);
    mw_error error;

    memset(ends, 0, sizeof(*ends));
    cr_assert_eq(mwi_dial(&ends->client.stream, &address, NULL,
                     mwi_deadline_in(ENDS_WAIT_MS), &error),
        MW_OK, "%s", error.text);
    cr_assert(mwi_poll_one(mwi_listener_fd(listener), MWI_POLL_READ,
        mwi_deadline_in(ENDS_WAIT_MS)));
    cr_assert_eq(mwi_listener_accept(listener, &ends->server.stream, &error),
        MWI_IO_DONE, "%s", error.text);
}

static bool
is_close_on_exec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

Test(net_listener, port_zero)
{
    struct mwi_listener *listener = listen_on("plaintext://127.0.0.1:0");
    const char *text = mwi_listener_address(listener);
    struct mwi_stream *none;
    struct ends ends;
    mw_peer peer;
    int port;

    cr_assert_eq(sscanf(text, "plaintext://127.0.0.1:%d", &port), 1);
    cr_assert_gt(port, 0);
    cr_assert_eq(mwi_listener_accept(listener, &none, NULL), MWI_IO_WANT_READ);
    connect_to(listener, text, &ends);
    cr_assert(is_close_on_exec(mwi_listener_fd(listener)));
    cr_assert(is_close_on_exec(mwi_stream_fd(ends.client.stream)));
    cr_assert(is_close_on_exec(mwi_stream_fd(ends.server.stream)));
    ends_transfer(&ends.client, &ends.server, 100000, 1);
    mwi_stream_peer(ends.client.stream, &peer);
    cr_assert_str_eq(peer.address, text);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_eq(sscanf(peer.address, "plaintext://127.0.0.1:%d", &port), 1);
    ends_close(&ends);
    mwi_listener_close(listener);
}

static bool
has_ipv6(void)
{
    struct mwi_address address = parse("plaintext://[::1]:0");
    struct mwi_listener *listener;
    mw_error error;

    if (mwi_listener_open(&listener, &address, NULL, &error) < 0) {
        cr_log_warn("no IPv6 here, so not tested: %s", error.text);
        return false;
    }
    mwi_listener_close(listener);
    return true;
}

Test(net_listener, ipv6)
{
    struct mwi_listener *listener;
    struct ends ends;
    mw_peer peer;
    int port;

    if (!has_ipv6()) {
        return;
    }
    listener = listen_on("plaintext://[::1]:0");
    cr_assert_eq(
        sscanf(mwi_listener_address(listener), "plaintext://[::1]:%d", &port),
        1);
    connect_to(listener, mwi_listener_address(listener), &ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_eq(strncmp(peer.address, "plaintext://[::1]:", 18), 0);
    ends_transfer(&ends.client, &ends.server, 1000, 1);
    ends_close(&ends);
    mwi_listener_close(listener);
}

Test(net_listener, all_addresses_of_both_kinds)
{
    struct mwi_listener *listener = listen_on("plaintext://[::]:0");
    const char *port = strrchr(mwi_listener_address(listener), ':');
    char text[64];
    struct ends ends;
    mw_peer peer;

    (void) snprintf(text, sizeof(text), "plaintext://127.0.0.1%s", port);
    connect_to(listener, text, &ends);
    mwi_stream_peer(ends.server.stream, &peer);
    /* Not as "::ffff:127.0.0.1". */
    cr_assert_eq(strncmp(peer.address, "plaintext://127.0.0.1:", 22), 0, "%s",
        peer.address);
    ends_close(&ends);
    if (has_ipv6()) {
        (void) snprintf(text, sizeof(text), "plaintext://[::1]%s", port);
        connect_to(listener, text, &ends);
        ends_close(&ends);
    }
    mwi_listener_close(listener);
}

Test(net_listener, names)
{
    struct mwi_listener *listener = listen_on("plaintext://localhost:0");
    const char *text = mwi_listener_address(listener);
    struct ends ends;

    cr_assert_eq(strncmp(text, "plaintext://localhost:", 22), 0, "%s", text);
    connect_to(listener, text, &ends);
    ends_close(&ends);
    mwi_listener_close(listener);
}

static void
refuse(const char *text, mw_status status, const char *cause)
{
    struct mwi_address address = parse(text);
    struct mwi_listener *listener;
    mw_error error;

    cr_assert_eq(mwi_listener_open(&listener, &address, NULL, &error), status,
        "%s: %s", text, error.text);
    cr_assert_eq(error.status, status);
    cr_assert_eq(strncmp(error.text, text, strlen(text)), 0, "%s", error.text);
    cr_assert(
        strstr(error.text, cause) != NULL, "%s, want %s", error.text, cause);
    cr_assert_eq(mwi_listener_open(&listener, &address, NULL, NULL), status);
}

Test(net_listener, failures)
{
    struct mwi_listener *listener = listen_on("plaintext://127.0.0.1:0");

    refuse(mwi_listener_address(listener), MW_EUNAVAILABLE,
        ": cannot listen: Address already in use");
    mwi_listener_close(listener);
    refuse("plaintext://192.0.2.1:0", MW_EUNAVAILABLE,
        ": cannot listen: Cannot assign requested address");
    refuse("tls://127.0.0.1:0", MW_EINVAL, ": TLS needs mw_tls_options");
    refuse("unix:/nonexistent/socket", MW_EUNAVAILABLE,
        ": cannot listen: No such file or directory");
    mwi_listener_close(NULL);
}

Test(net_listener, port_can_be_taken_again)
{
    struct mwi_listener *listener = listen_on("plaintext://127.0.0.1:0");
    char text[64];
    struct ends ends;

    (void) snprintf(text, sizeof(text), "%s", mwi_listener_address(listener));
    connect_to(listener, text, &ends);
    /* The server's side closes first and lingers in TIME_WAIT. */
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    ends_read_to_end(&ends.client);
    ends_close(&ends);
    mwi_listener_close(listener);
    listener = listen_on(text);
    connect_to(listener, text, &ends);
    ends_close(&ends);
    mwi_listener_close(listener);
}

struct place {
    char dir[64];
    char path[96];
    char text[112];
};

static struct place
make_place(void)
{
    struct place place = { .dir = "/tmp/mwt-listener-XXXXXX" };

    cr_assert_not_null(mkdtemp(place.dir));
    (void) snprintf(place.path, sizeof(place.path), "%s/s", place.dir);
    (void) snprintf(place.text, sizeof(place.text), "unix:%s", place.path);
    return place;
}

static bool
is_there(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}

Test(net_listener, unix_sockets)
{
    struct place place = make_place();
    struct mwi_listener *listener = listen_on(place.text);
    char uid[32];
    struct ends ends;
    mw_peer peer;

    cr_assert_str_eq(mwi_listener_address(listener), place.text);
    connect_to(listener, place.text, &ends);
    ends_transfer(&ends.client, &ends.server, 100000, 1);
    ends_transfer(&ends.server, &ends.client, 100000, 1);
    (void) snprintf(uid, sizeof(uid), "uid:%u", (unsigned) geteuid());
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_eq(peer.address, place.text);
    cr_assert_str_eq(peer.name, uid);
    mwi_stream_peer(ends.client.stream, &peer);
    cr_assert_str_eq(peer.address, place.text);
    cr_assert_str_eq(peer.name, uid);
    ends_close(&ends);
    refuse(
        place.text, MW_EUNAVAILABLE, ": cannot listen: Address already in use");
    mwi_listener_close(listener);
    cr_assert_not(is_there(place.path));
    (void) rmdir(place.dir);
}

Test(net_listener, stale_unix_path_is_taken_over)
{
    struct place place = make_place();
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    struct mwi_listener *listener;
    struct ends ends;
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* As a process leaves it that is killed. */
    memcpy(path.sun_path, place.path, strlen(place.path));
    cr_assert_eq(bind(dead, (struct sockaddr *) &path, sizeof(path)), 0);
    (void) close(dead);
    cr_assert(is_there(place.path));
    listener = listen_on(place.text);
    connect_to(listener, place.text, &ends);
    ends_close(&ends);
    mwi_listener_close(listener);
    cr_assert_not(is_there(place.path));
    (void) rmdir(place.dir);
}

Test(net_listener, files_are_left_alone)
{
    struct place place = make_place();
    struct mwi_listener *listener;
    int fd = open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    cr_assert_geq(fd, 0);
    (void) close(fd);
    refuse(
        place.text, MW_EUNAVAILABLE, ": cannot listen: Address already in use");
    cr_assert(is_there(place.path));
    cr_assert_eq(unlink(place.path), 0);

    /* So is a path that now is another server's. */
    listener = listen_on(place.text);
    cr_assert_eq(unlink(place.path), 0);
    fd = open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    mwi_listener_close(listener);
    (void) close(fd);
    cr_assert(is_there(place.path));
    cr_assert_eq(unlink(place.path), 0);
    (void) rmdir(place.dir);
}

/* Without descriptors a connection cannot be accepted; it stays and can be
 * once there are some again. */
Test(net_listener, descriptors_run_out)
{
    struct mwi_listener *listener = listen_on("plaintext://127.0.0.1:0");
    struct mwi_address address = parse(mwi_listener_address(listener));
    struct ends ends = { 0 };
    struct rlimit none;
    struct rlimit before;
    mw_error error;

    cr_assert_eq(mwi_dial(&ends.client.stream, &address, NULL,
                     mwi_deadline_in(ENDS_WAIT_MS), NULL),
        MW_OK);
    cr_assert(mwi_poll_one(mwi_listener_fd(listener), MWI_POLL_READ,
        mwi_deadline_in(ENDS_WAIT_MS)));
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    cr_assert_eq(mwi_listener_accept(listener, &ends.server.stream, &error),
        MWI_IO_FAILED);
    cr_assert_eq(error.status, MW_EEXHAUSTED);
    cr_assert_str_eq(error.text, "accepting a connection: Too many open files");
    cr_assert_eq(mwi_dial(&ends.server.stream, &address, NULL,
                     mwi_deadline_in(ENDS_WAIT_MS), &error),
        MW_EUNAVAILABLE);
    cr_assert(strstr(error.text, "Too many open files") != NULL);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_eq(mwi_listener_accept(listener, &ends.server.stream, &error),
        MWI_IO_DONE);
    ends_transfer(&ends.client, &ends.server, 1000, 1);
    ends_close(&ends);
    mwi_listener_close(listener);
}
