/* SPDX-License-Identifier: MIT */
#include "faults/proxy_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
check(bool is_fine, const char *what)
{
    if (!is_fine) {
        (void) fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
        abort();
    }
}

enum { UNIX_PREFIX = 5 }; /* "unix:" */

union any_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

static bool
is_unix(const char *address)
{
    return strncmp(address, "unix:", UNIX_PREFIX) == 0;
}

static socklen_t
unix_address(union any_address *ret, const char *path)
{
    ret->un = (struct sockaddr_un){ .sun_family = AF_UNIX };
    check(strlen(path) < sizeof(ret->un.sun_path), "a short path");
    memcpy(ret->un.sun_path, path, strlen(path) + 1);
    return sizeof(ret->un);
}

static socklen_t
loopback_address(union any_address *ret, unsigned long port)
{
    ret->in = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t) port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return sizeof(ret->in);
}

static void
send_at_once(int fd)
{
    int on = 1;

    /* Fails for unix sockets, which always do. */
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int
mwt_socket_connect(const char *target)
{
    union any_address address;
    socklen_t len = is_unix(target)
                        ? unix_address(&address, target + UNIX_PREFIX)
                        : loopback_address(&address,
                              strtoul(strrchr(target, ':') + 1, NULL, 10));
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, &address.any, len) < 0) {
        (void) close(fd);
        fd = -1;
    }
    if (fd >= 0) {
        send_at_once(fd);
    }
    return fd;
}

int
mwt_socket_listen(const char *target, char ret_address[MWT_ADDRESS_MAX])
{
    union any_address address;
    socklen_t len = loopback_address(&address, 0);
    bool is_tls = strncmp(target, "tls:", 4) == 0;
    int fd;

    if (is_unix(target)) {
        (void) snprintf(ret_address, MWT_ADDRESS_MAX, "%.150s.proxy", target);
        (void) unlink(ret_address + UNIX_PREFIX);
        len = unix_address(&address, ret_address + UNIX_PREFIX);
    }
    fd = socket(
        address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check(fd >= 0, "socket");
    check(bind(fd, &address.any, len) == 0, "bind");
    check(listen(fd, SOMAXCONN) == 0, "listen");
    if (!is_unix(target)) {
        check(getsockname(fd, &address.any, &len) == 0, "getsockname");
        (void) snprintf(ret_address, MWT_ADDRESS_MAX, "%s://127.0.0.1:%u",
            is_tls ? "tls" : "plaintext",
            (unsigned) ntohs(address.in.sin_port));
    }
    return fd;
}

void
mwt_socket_unlisten(int fd, const char *address)
{
    (void) close(fd);
    if (is_unix(address)) {
        (void) unlink(address + UNIX_PREFIX);
    }
}

int
mwt_socket_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        send_at_once(fd);
    }
    return fd;
}

void
mwt_socket_end(int fd)
{
    (void) shutdown(fd, SHUT_RDWR);
    (void) close(fd);
}
