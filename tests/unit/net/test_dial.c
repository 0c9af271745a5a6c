/* SPDX-License-Identifier: MIT */
/*
 * Dialling, with a resolver of our own for the names that end in ".test".
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "lib/pki.h"
#include "net/dial.h"
#include "net/poller.h"
#include "net/resolve.h"
#include "unit/net/ends.h"

/* The resolver. */

static int resolver_error; /* of ".test" names, or 0 */

static struct addrinfo *
new_result(const char *ip, const char *port, struct addrinfo *next)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
        .ai_socktype = SOCK_STREAM };
    static int (*original)(const char *, const char *, const struct addrinfo *,
        struct addrinfo **);
    struct addrinfo *result;

    if (original == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

        memcpy(&original, &symbol, sizeof(original));
    }
    cr_assert_eq(original(ip, port, &hints, &result), 0);
    result->ai_next = next;
    return result;
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **result)
{
    (void) hints;
    if (resolver_error != 0) {
        errno = ENFILE;
        return resolver_error;
    }
    if (strcmp(host, "several.test") == 0) {
        /* Two that refuse, then the one. */
        *result = new_result("127.0.0.2", port,
            new_result("127.0.0.3", port, new_result("127.0.0.1", port, NULL)));
        return 0;
    }
    if (strcmp(host, "half.test") == 0) {
        *result =
            new_result("127.0.0.2", port, new_result("127.0.0.1", port, NULL));
        return 0;
    }
    if (strcmp(host, "localhost") == 0) {
        *result = new_result("::1", port, new_result("127.0.0.1", port, NULL));
        return 0;
    }
    if (strchr(host, ':') == NULL &&
        strspn(host, "0123456789.") < strlen(host)) {
        return EAI_NONAME;
    }
    *result = new_result(host, port, NULL);
    return 0;
}

/* A server in a thread: accepts one connection, finishes its handshake, sends
 * a byte and waits for the end. */

struct server {
    pthread_t thread;
    struct mwi_tls_config *config;
    struct mwi_listener *listener;
    struct end end;
    mw_peer peer;
};

static bool
step(enum mwi_io io, int fd)
{
    cr_assert_leq((int) io, (int) MWI_IO_WANT_WRITE);
    if (io == MWI_IO_DONE) {
        return false;
    }
    cr_assert(mwi_poll_one(fd,
        io == MWI_IO_WANT_READ ? MWI_POLL_READ : MWI_POLL_WRITE,
        mwi_deadline_in(ENDS_WAIT_MS)));
    return true;
}

static void *
serve(void *user)
{
    struct server *server = user;
    struct mwi_stream *s;
    size_t n;

    while (step(mwi_listener_accept(server->listener, &s, &server->end.error),
        mwi_listener_fd(server->listener))) {
    }
    server->end.stream = s;
    do {
        server->end.io = mwi_stream_handshake(s, &server->end.error);
    } while (server->end.io != MWI_IO_FAILED &&
             step(server->end.io, mwi_stream_fd(s)));
    if (server->end.io == MWI_IO_DONE) {
        mwi_stream_peer(s, &server->peer);
        cr_assert_eq(mwi_stream_write(s, "x", 1, &n, NULL), MWI_IO_DONE);
        cr_assert_eq(mwi_stream_flush(s, NULL), MWI_IO_DONE);
        ends_read_to_end(&server->end);
    }
    mwi_stream_close(s);
    return NULL;
}

static void
start(struct server *server, const char *text, const mw_tls_options *options)
{
    struct mwi_address address;
    mw_error error;

    memset(server, 0, sizeof(*server));
    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), NULL), MW_OK);
    if (options != NULL) {
        cr_assert_eq(mwi_tls_server_config(&server->config, options, &error),
            MW_OK, "%s", error.text);
    }
    cr_assert_eq(
        mwi_listener_open(&server->listener, &address, server->config, &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void
finish(struct server *server)
{
    cr_assert_eq(pthread_join(server->thread, NULL), 0);
    mwi_listener_close(server->listener);
    mwi_tls_config_free(server->config);
}

/* The server's address with another host. */
static struct mwi_address
address_of(const struct server *server, const char *host)
{
    const char *text = mwi_listener_address(server->listener);
    struct mwi_address address;

    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), NULL), MW_OK);
    (void) snprintf(address.host, sizeof(address.host), "%s", host);
    return address;
}

static struct mwi_tls_config *
client_config(void)
{
    mw_tls_options options = ends_client_options();
    struct mwi_tls_config *config;

    cr_assert_eq(mwi_tls_client_config(&config, &options, NULL), MW_OK);
    return config;
}

Test(net_dial, tls)
{
    static const char *const hosts[] = { "localhost", "127.0.0.1" };
    mw_tls_options options = ends_server_options();
    struct mwi_tls_config *config = client_config();
    struct server server;
    mw_error error;

    for (int i = 0; i < 2; i++) {
        struct mwi_address address;
        struct end client = { 0 };
        mw_peer peer;
        char expected[64];
        char byte;
        size_t n;

        start(&server, "tls://127.0.0.1:0", &options);
        address = address_of(&server, hosts[i]);
        cr_assert_eq(mwi_dial(&client.stream, &address, config,
                         mwi_deadline_in(ENDS_WAIT_MS), &error),
            MW_OK, "%s", error.text);
        while (step(mwi_stream_read(client.stream, &byte, 1, &n, &error),
            mwi_stream_fd(client.stream))) {
        }
        mwi_stream_peer(client.stream, &peer);
        (void) snprintf(
            expected, sizeof(expected), "tls://127.0.0.1:%s", address.port);
        cr_assert_str_eq(peer.address, expected);
        cr_assert_str_eq(peer.name, "localhost");
        mwi_stream_shutdown(client.stream);
        ends_read_to_end(&client);
        mwi_stream_close(client.stream);
        finish(&server);
        cr_assert_eq(server.end.io, MWI_IO_CLOSED);
        cr_assert_str_eq(server.peer.name, "client.test");
        cr_assert_eq(strncmp(server.peer.address, "tls://127.0.0.1:", 16), 0);
    }
    mwi_tls_config_free(config);
}

Test(net_dial, several_addresses)
{
    struct mwi_address address;
    struct mwi_stream *stream;
    struct server server;
    mw_error error;

    start(&server, "plaintext://127.0.0.1:0", NULL);
    address = address_of(&server, "several.test");
    cr_assert_eq(mwi_dial(&stream, &address, NULL,
                     mwi_deadline_in(ENDS_WAIT_MS), &error),
        MW_OK, "%s", error.text);
    mwi_stream_close(stream);
    finish(&server);

    cr_assert_eq(mwi_dial(&stream, &address, NULL,
                     mwi_deadline_in(ENDS_WAIT_MS), &error),
        MW_EUNAVAILABLE);
    cr_assert_eq(error.sys_errno, ECONNREFUSED);
    cr_assert(strstr(error.text, "cannot connect: Connection refused"));
}

static void
refuse(const char *text, mw_status status, const char *expected)
{
    struct mwi_address address;
    struct mwi_stream *stream;
    mw_error error;

    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), NULL), MW_OK);
    cr_assert_eq(mwi_dial(&stream, &address, NULL,
                     mwi_deadline_in(ENDS_WAIT_MS), &error),
        status, "%s: %s", text, error.text);
    cr_assert_eq(error.status, status);
    cr_assert_str_eq(error.text, expected);
    cr_assert_eq(
        mwi_dial(&stream, &address, NULL, mwi_deadline_in(ENDS_WAIT_MS), NULL),
        status);
}

Test(net_dial, failures)
{
    refuse("plaintext://127.0.0.1:1", MW_EUNAVAILABLE,
        "plaintext://127.0.0.1:1: cannot connect: Connection refused");
    refuse("plaintext://nowhere.test:1", MW_EUNAVAILABLE,
        "plaintext://nowhere.test:1: resolving \"nowhere.test\": Name or "
        "service not known");
    refuse("unix:/nonexistent/socket", MW_EUNAVAILABLE,
        "unix:/nonexistent/socket: cannot connect: No such file or directory");
    refuse("tls://127.0.0.1:1", MW_EINVAL,
        "tls://127.0.0.1:1: TLS needs mw_tls_options");
    resolver_error = EAI_AGAIN;
    refuse("plaintext://a.test:1", MW_EUNAVAILABLE,
        "plaintext://a.test:1: resolving \"a.test\": Temporary failure in "
        "name resolution");
    resolver_error = EAI_MEMORY;
    refuse("plaintext://a.test:1", MW_ENOMEM,
        "plaintext://a.test:1: out of memory");
    resolver_error = EAI_SYSTEM;
    refuse("plaintext://a.test:1", MW_EUNAVAILABLE,
        "plaintext://a.test:1: resolving \"a.test\": Too many open files in "
        "system");
}

Test(net_dial, listener_that_does_not_resolve)
{
    struct mwi_address address;
    struct mwi_listener *listener;
    mw_error error;

    cr_assert_eq(
        mwi_address_parse(&address, "plaintext://no.test:1", 21, NULL), MW_OK);
    cr_assert_eq(
        mwi_listener_open(&listener, &address, NULL, &error), MW_EINVAL);
    cr_assert_str_eq(error.text,
        "plaintext://no.test:1: resolving \"no.test\": Name or service not "
        "known");
}

/* What dial says of a TLS peer: its address, and the reason. */
static void
refuse_tls(const mw_tls_options *options, const char *host, const char *cause)
{
    struct mwi_tls_config *config = client_config();
    struct mwi_address address;
    struct mwi_stream *stream;
    struct server server;
    mw_error error;

    start(&server, "tls://127.0.0.1:0", options);
    address = address_of(&server, host);
    cr_assert_eq(mwi_dial(&stream, &address, config,
                     mwi_deadline_in(ENDS_WAIT_MS), &error),
        MW_EUNAUTHENTICATED, "%s", error.text);
    cr_assert_eq(strncmp(error.text, "tls://", 6), 0);
    cr_assert(strstr(error.text, cause) != NULL, "%s", error.text);
    finish(&server);
    cr_assert_eq(server.end.io, MWI_IO_FAILED);
    mwi_tls_config_free(config);
}

Test(net_dial, tls_that_fails)
{
    const struct mwt_pki *pki = mwt_pki_get();
    mw_tls_options options = ends_server_options();

    options.cert = pki->wrong_host.cert;
    options.key = pki->wrong_host.key;
    refuse_tls(&options, "localhost",
        ": the server's certificate is not for \"localhost\": hostname "
        "mismatch");
    refuse_tls(&options, "127.0.0.1", "IP address mismatch");
    options.cert = pki->self_signed.cert;
    options.key = pki->self_signed.key;
    refuse_tls(&options, "localhost", "self-signed certificate");
}

/* Dials what never answers; it gives up in time, and says where it was. */
static void
time_out(const struct mwi_address *address, struct mwi_tls_config *config,
    const char *cause)
{
    struct mwi_stream *stream;
    int64_t from = mwi_now();
    int64_t took;
    mw_error error;

    cr_assert_eq(
        mwi_dial(&stream, address, config, mwi_deadline_in(100), &error),
        MW_ETIMEDOUT, "%s", error.text);
    took = mwi_now() - from;
    cr_assert_geq(took, 99 * (int64_t) 1000000);
    cr_assert_lt(took, 5000 * (int64_t) 1000000);
    cr_assert(strstr(error.text, cause) != NULL, "%s", error.text);
}

Test(net_dial, peer_that_never_shakes_hands)
{
    struct mwi_tls_config *config = client_config();
    struct mwi_address address;
    struct mwi_listener *listener;
    const char *text;

    cr_assert_eq(
        mwi_address_parse(&address, "plaintext://127.0.0.1:0", 23, NULL),
        MW_OK);
    cr_assert_eq(mwi_listener_open(&listener, &address, NULL, NULL), MW_OK);
    text = mwi_listener_address(listener);
    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), NULL), MW_OK);
    address.scheme = MWI_SCHEME_TLS;
    time_out(&address, config,
        "connected, but the TLS handshake was not finished in time");
    mwi_listener_close(listener);
    mwi_tls_config_free(config);
}

/* A listening socket whose queue is full. */
static int
fill_backlog(
    int family, const struct sockaddr *address, socklen_t len, int fillers[64])
{
    int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof(bound);

    cr_assert_eq(bind(listener, address, len), 0);
    cr_assert_eq(listen(listener, 0), 0);
    cr_assert_eq(
        getsockname(listener, (struct sockaddr *) &bound, &bound_len), 0);
    for (int i = 0; i < 64; i++) {
        fillers[i] = -1;
    }
    for (int i = 0; i < 64; i++) {
        int result;

        fillers[i] =
            socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        result = connect(fillers[i], (struct sockaddr *) &bound, bound_len);
        if (result < 0 &&
            (errno == EAGAIN || !mwi_poll_one(fillers[i], MWI_POLL_WRITE,
                                    mwi_deadline_in(50)))) {
            return listener;
        }
    }
    cr_assert_fail("the queue does not fill up");
    return -1;
}

static void
drain_backlog(int listener, int fillers[64])
{
    (void) close(listener);
    for (int i = 0; i < 64; i++) {
        if (fillers[i] >= 0) {
            (void) close(fillers[i]);
        }
    }
}

Test(net_dial, full_backlog_tcp)
{
    struct sockaddr_in any = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct mwi_address address = { .scheme = MWI_SCHEME_PLAINTEXT,
        .host = "127.0.0.1" };
    socklen_t len = sizeof(any);
    int fillers[64];
    int listener =
        fill_backlog(AF_INET, (struct sockaddr *) &any, len, fillers);

    cr_assert_eq(getsockname(listener, (struct sockaddr *) &any, &len), 0);
    (void) snprintf(address.port, sizeof(address.port), "%u",
        (unsigned) ntohs(any.sin_port));
    time_out(&address, NULL, "not connected in time");
    /* Each of several addresses gets its share. */
    memcpy(address.host, "several.test", sizeof("several.test"));
    time_out(&address, NULL, "not connected in time");
    drain_backlog(listener, fillers);
}

/* An address that does not answer leaves time for the next. */
Test(net_dial, one_address_does_not_answer)
{
    struct sockaddr_in deaf = { .sin_family = AF_INET };
    struct mwi_address address;
    struct mwi_stream *stream;
    struct server server;
    mw_error error;
    int64_t from;
    int fillers[64];
    int listener;

    start(&server, "plaintext://127.0.0.1:0", NULL);
    address = address_of(&server, "half.test");
    deaf.sin_port = htons((uint16_t) atoi(address.port));
    cr_assert_eq(inet_pton(AF_INET, "127.0.0.2", &deaf.sin_addr), 1);
    listener =
        fill_backlog(AF_INET, (struct sockaddr *) &deaf, sizeof(deaf), fillers);
    from = mwi_now();
    cr_assert_eq(
        mwi_dial(&stream, &address, NULL, mwi_deadline_in(1000), &error), MW_OK,
        "%s", error.text);
    cr_assert_lt(mwi_now() - from, 900 * (int64_t) 1000000);
    mwi_stream_close(stream);
    finish(&server);
    drain_backlog(listener, fillers);
}

Test(net_dial, full_backlog_unix)
{
    struct mwi_address address = { .scheme = MWI_SCHEME_UNIX };
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    struct mwi_listener *second;
    char dir[] = "/tmp/mwt-dial-XXXXXX";
    int fillers[64];
    int listener;

    cr_assert_not_null(mkdtemp(dir));
    (void) snprintf(address.path, sizeof(address.path), "%s/s", dir);
    memcpy(path.sun_path, address.path, sizeof(path.sun_path));
    listener =
        fill_backlog(AF_UNIX, (struct sockaddr *) &path, sizeof(path), fillers);
    time_out(&address, NULL, "not connected in time");
    /* Nor is its path taken for one that nobody listens on. */
    cr_assert_eq(
        mwi_listener_open(&second, &address, NULL, NULL), MW_EUNAVAILABLE);
    drain_backlog(listener, fillers);
    (void) unlink(address.path);
    (void) rmdir(dir);
}

/* A network of our own, where the only port to connect from is one that nobody
 * listens on: whoever connects to it meets himself. */
static bool
enter_small_network(void)
{
    struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    FILE *f;
    int fd;
    bool is_done;

    if (unshare(CLONE_NEWNET) < 0) {
        return false;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    is_done = ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
    (void) close(fd);
    f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "we");
    is_done = is_done && f != NULL && fputs("40000 40001", f) >= 0;
    return f != NULL && fclose(f) == 0 && is_done;
}

Test(net_dial, never_connects_to_itself)
{
    if (!enter_small_network()) {
        cr_log_warn("no network namespaces here, so not tested");
        return;
    }
    for (int i = 0; i < 10; i++) {
        refuse("plaintext://127.0.0.1:40000", MW_EUNAVAILABLE,
            "plaintext://127.0.0.1:40000: cannot connect: Connection refused");
        refuse("plaintext://127.0.0.1:40001", MW_EUNAVAILABLE,
            "plaintext://127.0.0.1:40001: cannot connect: Connection refused");
    }
}

/* Each of them is an address of its own, with the name that it came from. */
Test(net_resolve, each)
{
    struct mwi_address address;
    struct mwi_address found[3];
    char text[MWI_ADDRESS_TEXT_MAX];
    mw_error error;
    size_t n = 0;

    cr_assert_eq(
        mwi_address_parse(&address, "tls://several.test:7", 20, NULL), MW_OK);
    cr_assert(mwi_address_is_name(&address));
    cr_assert_eq(mwi_resolve_each(found, 3, &n, &address, &error), MW_OK);
    cr_assert_eq(n, 3);
    cr_assert_str_eq(found[0].host, "127.0.0.2");
    cr_assert_str_eq(found[2].host, "127.0.0.1");
    for (size_t i = 0; i < n; i++) {
        cr_assert_str_eq(found[i].name, "several.test");
        cr_assert_str_eq(mwi_address_name(&found[i]), "several.test");
        cr_assert_str_eq(found[i].port, "7");
        cr_assert_not(mwi_address_is_name(&found[i]));
    }
    mwi_address_text(&found[1], text);
    cr_assert_str_eq(text, "tls://127.0.0.3:7");
    /* No more than there is room for. */
    cr_assert_eq(mwi_resolve_each(found, 2, &n, &address, NULL), MW_OK);
    cr_assert_eq(n, 2);
    resolver_error = EAI_AGAIN;
    cr_assert_eq(
        mwi_resolve_each(found, 3, &n, &address, &error), MW_EUNAVAILABLE);
    cr_assert_not_null(strstr(error.text, "several.test"), "%s", error.text);
}
