/* SPDX-License-Identifier: MIT */
/*
 * Many threads that connect at once with one client's and one server's TLS
 * configuration, whose sessions they resume, for the thread sanitizer.
 *
 *     stress_tls [connections of each thread]
 *
 * Each thread is both ends of its connections.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pki.h"
#include "net/socket.h"
#include "net/tls.h"

enum { THREADS = 6, CONNECTIONS = 40 };

static struct mwi_tls_config *configs[2]; /* the client's, the server's */
static unsigned n_connections = CONNECTIONS;
static atomic_uint n_resumed;
static atomic_uint n_wrong;

static void
must(bool is_fine, const char *what)
{
    if (!is_fine) {
        (void) fprintf(stderr, "stress_tls: %s\n", what);
        abort();
    }
}

/* Bring one end as far as it goes: shake hands, then write and flush a byte,
 * then read one.  Returns the stage that this end is at. */
static int
advance(struct mwi_stream *s, int stage)
{
    mw_error error;
    enum mwi_io io = MWI_IO_DONE;
    char byte = 'x';
    size_t n;

    while (io == MWI_IO_DONE && stage < 4) {
        switch (stage) {
        case 0:
            io = mwi_stream_handshake(s, &error);
            break;
        case 1:
            io = mwi_stream_write(s, &byte, 1, &n, &error);
            break;
        case 2:
            io = mwi_stream_flush(s, &error);
            break;
        default:
            io = mwi_stream_read(s, &byte, 1, &n, &error);
            break;
        }
        must(io != MWI_IO_FAILED, error.text);
        must(io != MWI_IO_CLOSED, "closed");
        stage += io == MWI_IO_DONE;
    }
    return stage;
}

static void
meet(const char *host)
{
    struct mwi_stream *ends[2];
    int stages[2] = { 0, 0 };
    mw_peer peer;
    mw_error error;

    must(mwi_stream_pair(ends, &error) == MW_OK, error.text);
    must(mwi_tls_client_stream(&ends[0], ends[0], configs[0], host, &error) ==
             MW_OK,
        error.text);
    must(mwi_tls_server_stream(&ends[1], ends[1], configs[1], &error) == MW_OK,
        error.text);
    while (stages[0] < 4 || stages[1] < 4) {
        stages[0] = advance(ends[0], stages[0]);
        stages[1] = advance(ends[1], stages[1]);
    }
    mwi_stream_peer(ends[1], &peer);
    atomic_fetch_add(&n_resumed, peer.resumed);
    atomic_fetch_add(&n_wrong, strcmp(peer.name, "client.test") != 0);
    mwi_stream_close(ends[0]);
    mwi_stream_close(ends[1]);
}

static void *
run(void *unused)
{
    (void) unused;
    for (unsigned i = 0; i < n_connections; i++) {
        meet(i % 5 == 0 ? "127.0.0.1" : "localhost");
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const mw_tls_options options[2] = {
        { .size = sizeof(mw_tls_options),
            .cert = pki->client.cert,
            .key = pki->client.key,
            .ca = pki->ca },
        { .size = sizeof(mw_tls_options),
            .cert = pki->server.cert,
            .key = pki->server.key,
            .ca = pki->ca },
    };
    pthread_t threads[THREADS];
    mw_error error;

    if (argc > 1) {
        n_connections = (unsigned) strtoul(argv[1], NULL, 10);
    }
    must(mwi_tls_client_config(&configs[0], &options[0], &error) == MW_OK,
        error.text);
    must(mwi_tls_server_config(&configs[1], &options[1], &error) == MW_OK,
        error.text);
    for (int i = 0; i < THREADS; i++) {
        must(pthread_create(&threads[i], NULL, run, NULL) == 0, "no thread");
    }
    for (int i = 0; i < THREADS; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    mwi_tls_config_free(configs[0]);
    mwi_tls_config_free(configs[1]);
    (void) printf("%u connections, %u resumed, %u wrong\n",
        THREADS * n_connections, atomic_load(&n_resumed),
        atomic_load(&n_wrong));
    return atomic_load(&n_wrong) == 0 &&
                   (n_connections < 2 || atomic_load(&n_resumed) > 0)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
