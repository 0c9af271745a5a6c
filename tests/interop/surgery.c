/* SPDX-License-Identifier: MIT */
/*
 * A server of graph::Surgery for peers in other languages: the handlers are
 * those of the integration tests.
 *
 *     surgery-server --listen ADDRESS --cert FILE --key FILE --ca FILE
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "integration/surgeon.h"

static mw_server *server; /* for the signal handler */

static void
stop(int signal_number)
{
    (void) signal_number;
    mw_server_stop(server);
}

static void
catch_signals(void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };

    (void) sigaction(SIGINT, &action, NULL);
    (void) sigaction(SIGTERM, &action, NULL);
}

/* The value of an option that must be there; NULL otherwise. */
static const char *
option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    (void) fprintf(stderr, "surgery-server: %s is missing\n", name);
    return NULL;
}

static mw_status
serve(struct mwt_surgery *s, mw_error *reterr)
{
    mw_status status = mwt_surgery_serve(server, s);

    if (status < 0) {
        return status;
    }
    catch_signals(stop);
    printf("listening on %s\n", mw_server_address(server, 0));
    (void) fflush(stdout);
    status = mw_server_run(server, reterr);
    catch_signals(SIG_DFL);
    return status;
}

int
main(int argc, char **argv)
{
    const char *address = option(argc, argv, "--listen");
    const char *cert = option(argc, argv, "--cert");
    const char *key = option(argc, argv, "--key");
    const char *ca = option(argc, argv, "--ca");
    struct mwt_surgery s = { .meanwhile = NULL };
    mw_error error = { .status = MW_OK };
    mw_status status;

    if (address == NULL || cert == NULL || key == NULL || ca == NULL) {
        return 2;
    }
    status = mw_server_open(&server,
        MW_SERVER(.listen = address,
            .tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
        &error);
    if (status == MW_OK) {
        status = serve(&s, &error);
    }
    if (status < 0) {
        (void) fprintf(stderr, "surgery-server: %s\n",
            error.status < 0 ? error.text : mw_status_text(status));
    }
    mw_server_close(server);
    return status < 0;
}
