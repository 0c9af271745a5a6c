/* SPDX-License-Identifier: MIT */
/*
 * Each allocation fails in turn, ours and OpenSSL's: what follows is a status
 * and a text, and under the address sanitizer no leak.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/poller.h"
#include "net/socket.h"
#include "unit/net/ends.h"

/* Everything that can be done, in one thread.  Stops at the first failure. */

struct everything {
    mw_tls_options client_options;
    mw_tls_options server_options;
    struct ends ends;
    bool has_failed;
    unsigned n_no_memory; /* failures that were called by that name */
    unsigned n_resumed;
};

static bool
is_fine(struct everything *e, mw_status status, const mw_error *error)
{
    if (status != MW_OK) {
        e->has_failed = true;
        e->n_no_memory += strcmp(error->text, "out of memory") == 0;
        cr_assert_eq(error->status, status);
        cr_assert_str_not_empty(error->text);
    }
    return status == MW_OK;
}

static void
open_configs(struct everything *e)
{
    struct ends *ends = &e->ends;
    mw_error error;

    (void) (is_fine(e,
                mwi_tls_client_config(
                    &ends->client_config, &e->client_options, &error),
                &error) &&
            is_fine(e,
                mwi_tls_server_config(
                    &ends->server_config, &e->server_options, &error),
                &error));
}

static void
open_streams(struct everything *e, struct mwi_stream *lower[2])
{
    struct ends *ends = &e->ends;
    mw_error error;

    if (!is_fine(e, mwi_stream_pair(lower, &error), &error)) {
        return;
    }
    if (is_fine(e,
            mwi_tls_client_stream(&ends->client.stream, lower[0],
                ends->client_config, "localhost", &error),
            &error)) {
        lower[0] = NULL;
    }
    if (is_fine(e,
            mwi_tls_server_stream(
                &ends->server.stream, lower[1], ends->server_config, &error),
            &error)) {
        lower[1] = NULL;
    }
}

/* One end's part: shake hands, write a byte, read one, rest. */
static enum mwi_io
converse(struct end *end, int *stage)
{
    char byte = 'x';
    size_t n;

    end->io = MWI_IO_DONE;
    while (end->io == MWI_IO_DONE && *stage < 4) {
        switch (*stage) {
        case 0:
            end->io = mwi_stream_handshake(end->stream, &end->error);
            break;
        case 1:
            end->io = mwi_stream_write(end->stream, &byte, 1, &n, &end->error);
            break;
        case 2:
            end->io = mwi_stream_flush(end->stream, &end->error);
            break;
        default:
            end->io = mwi_stream_read(end->stream, &byte, 1, &n, &end->error);
            mwi_stream_rest(end->stream);
            break;
        }
        *stage += end->io == MWI_IO_DONE;
    }
    return end->io;
}

static void
converse_both(struct everything *e)
{
    struct end *ends[2] = { &e->ends.client, &e->ends.server };
    int stages[2] = { 0, 0 };
    bool is_over[2] = { false, false };
    int64_t deadline = mwi_deadline_in(ENDS_WAIT_MS);

    while (!is_over[0] || !is_over[1]) {
        for (int i = 0; i < 2; i++) {
            if (is_over[i]) {
                continue;
            }
            switch (converse(ends[i], &stages[i])) {
            case MWI_IO_FAILED:
                is_fine(e, ends[i]->error.status, &ends[i]->error);
                cr_assert_neq(ends[i]->error.status, MW_OK);
                mwi_stream_shutdown(ends[i]->stream);
                is_over[i] = true;
                break;
            case MWI_IO_CLOSED:
                e->has_failed = true;
                is_over[i] = true;
                break;
            case MWI_IO_DONE:
                is_over[i] = true;
                break;
            default:
                break;
            }
        }
        cr_assert_lt(mwi_now(), deadline);
    }
}

static void
connect_once(struct everything *e)
{
    struct mwi_stream *lower[2] = { NULL, NULL };
    mw_peer peer;

    open_streams(e, lower);
    if (!e->has_failed) {
        converse_both(e);
    }
    if (!e->has_failed) {
        mwi_stream_peer(e->ends.server.stream, &peer);
        mwi_stream_shutdown(e->ends.server.stream);
        e->n_resumed += peer.resumed;
    }
    mwi_stream_close(e->ends.client.stream);
    mwi_stream_close(e->ends.server.stream);
    e->ends.client.stream = e->ends.server.stream = NULL;
    mwi_stream_close(lower[0]);
    mwi_stream_close(lower[1]);
}

/* Whether all went well.  The second connection resumes the first one's
 * session. */
static bool
do_everything(struct everything *e)
{
    memset(&e->ends, 0, sizeof(e->ends));
    e->has_failed = false;
    open_configs(e);
    for (int i = 0; i < 2 && !e->has_failed; i++) {
        connect_once(e);
    }
    ends_close(&e->ends);
    return !e->has_failed;
}

static struct everything
prepare(void)
{
    return (struct everything){ .client_options = ends_client_options(),
        .server_options = ends_server_options() };
}

static int
lowest_free_fd(void)
{
    int fd = dup(STDERR_FILENO);

    (void) close(fd);
    return fd;
}

Test(net_memory, own_allocations)
{
    struct everything e = prepare();
    unsigned n_unnoticed = 0;
    uint64_t n = 0;
    int fd;

    e.client_options.server_name = "localhost";
    cr_assert(do_everything(&e));
    cr_assert_eq(e.n_resumed, 1);
    fd = lowest_free_fd();
    do {
        bool is_success;

        mwi_mem_fail_at(++n);
        is_success = do_everything(&e);
        cr_assert(is_success || mwi_mem_has_failed());
        n_unnoticed += is_success && mwi_mem_has_failed();
    } while (mwi_mem_has_failed());
    mwi_mem_fail_at(0);
    /* There is nobody to tell that a close notification was not made, or a
     * session not kept, on either connection. */
    cr_assert_leq(n_unnoticed, 4);
    cr_assert_geq(n, 8);
    cr_assert_eq(fd, lowest_free_fd(), "a descriptor was leaked");
}

/* The same with dialling and accepting. */
Test(net_memory, dial_and_accept)
{
    struct mwi_address address;
    struct mwi_listener *listener = NULL;
    struct mwi_stream *client;
    struct mwi_stream *server;
    const char *text;
    mw_error error;
    uint64_t n = 0;
    int fd = lowest_free_fd();

    do {
        bool is_success = false;

        client = server = NULL;
        cr_assert_eq(
            mwi_address_parse(&address, "plaintext://127.0.0.1:0", 23, NULL),
            MW_OK);
        mwi_mem_fail_at(++n);
        if (mwi_listener_open(&listener, &address, NULL, &error) == MW_OK) {
            text = mwi_listener_address(listener);
            cr_assert_eq(
                mwi_address_parse(&address, text, strlen(text), NULL), MW_OK);
            if (mwi_dial(&client, &address, NULL, MWI_FOREVER, &error) ==
                MW_OK) {
                cr_assert(mwi_poll_one(mwi_listener_fd(listener), MWI_POLL_READ,
                    mwi_deadline_in(ENDS_WAIT_MS)));
                is_success = mwi_listener_accept(listener, &server, &error) ==
                             MWI_IO_DONE;
                cr_assert(is_success || error.status == MW_EEXHAUSTED);
            } else {
                cr_assert_eq(error.status, MW_ENOMEM);
            }
            mwi_stream_close(client);
            mwi_stream_close(server);
            mwi_listener_close(listener);
        } else {
            cr_assert_eq(error.status, MW_ENOMEM);
        }
        cr_assert_eq(is_success, !mwi_mem_has_failed());
    } while (mwi_mem_has_failed());
    mwi_mem_fail_at(0);
    cr_assert_eq(n, 4);
    cr_assert_eq(fd, lowest_free_fd(), "a descriptor was leaked");
}

/* OpenSSL's allocations. */

static _Atomic uint64_t n_allocated;
static _Atomic uint64_t fail_from; /* 0: none fails */
static _Atomic uint64_t fail_to;

static bool
must_fail(void)
{
    uint64_t n = atomic_fetch_add(&n_allocated, 1) + 1;
    uint64_t from = atomic_load(&fail_from);

    return from != 0 && n >= from && n <= atomic_load(&fail_to);
}

static void *
ssl_malloc(size_t size, const char *file, int line)
{
    (void) file;
    (void) line;
    return must_fail() ? NULL : malloc(size);
}

static void *
ssl_realloc(void *block, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;
    return must_fail() ? NULL : realloc(block, size);
}

static void
ssl_free(void *block, const char *file, int line)
{
    (void) file;
    (void) line;
    free(block);
}

static void
fail_openssl(uint64_t from, uint64_t to)
{
    atomic_store(&n_allocated, 0);
    atomic_store(&fail_to, to);
    atomic_store(&fail_from, from);
}

/* Makes allocations from the n-th on, count of them, fail for each n in steps;
 * returns how many of the rounds failed. */
static unsigned
fail_in_turn(struct everything *e, uint64_t first, uint64_t total,
    uint64_t count, uint64_t step)
{
    unsigned n_failures = 0;

    for (uint64_t n = first; n <= total; n += step) {
        bool is_success;

        fail_openssl(n, n + count - 1);
        is_success = do_everything(e);
        fail_openssl(0, 0);
        ERR_clear_error();
        n_failures += !is_success;
    }
    /* Nothing has been damaged. */
    cr_assert(do_everything(e));
    return n_failures;
}

static uint64_t
count_allocations(struct everything *e)
{
    fail_openssl(0, 0);
    cr_assert(do_everything(e));
    return atomic_load(&n_allocated);
}

/* OpenSSL takes other allocation functions only before it has allocated, which
 * a library that criterion needs makes it do: this runs before any library's
 * constructor. */
static bool is_ours;

__attribute__((no_sanitize("address", "undefined"))) static void
take_over(void)
{
    is_ours = CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) == 1;
}

__attribute__((section(".preinit_array"), used)) static void (*const at_start)(
    void) = take_over;

Test(net_memory, allocations_of_openssl)
{
    struct everything e = prepare();
    uint64_t total;

    cr_assert(is_ours);
    cr_assert(do_everything(&e)); /* OpenSSL sets itself up at the first use */
    total = count_allocations(&e);
    cr_assert_gt(total, 500);
    cr_assert_gt(fail_in_turn(&e, 1, total, 1, 83), 20);
    cr_assert_gt(e.n_no_memory, 5);
    cr_assert_gt(fail_in_turn(&e, 2, total, 5, 997), 2);
}
