/* SPDX-License-Identifier: MIT */
/*
 * A server of faults::Ledger in a process of its own, which tests start and
 * kill; see daemon.h.
 *
 *     ledger-server FD ADDRESS [CERT KEY CA]
 *
 * FD is the ledger's.  Prints its address once it listens.  Ends on SIGTERM,
 * with success if all that it had accepted has run.  MWT_DRAIN_MS in the
 * environment is how long it may take then.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "mw/mw.h"

#include "faults/ledger.h"

enum { DRAIN_MS = 120000 };

static mw_server *server;

static void
on_signal(int number)
{
    (void) number;
    mw_server_stop(server);
}

static void
log_line(void *user, mw_log_level level, const char *line)
{
    (void) user;
    if (level <= MW_LOG_ERROR) {
        (void) fprintf(stderr, "ledger-server: %s\n", line);
    }
}

static int
fail(const mw_error *error)
{
    (void) fprintf(stderr, "ledger-server: %s\n", error->text);
    return EXIT_FAILURE;
}

static uint32_t
drain_ms(void)
{
    const char *text = getenv("MWT_DRAIN_MS");

    return text != NULL ? (uint32_t) strtoul(text, NULL, 10) : DRAIN_MS;
}

int
main(int argc, char **argv)
{
    struct mwt_ledger ledger;
    mw_error error;
    bool has_tls = argc == 6;

    if (argc != 3 && !has_tls) {
        (void) fprintf(
            stderr, "usage: ledger-server FD ADDRESS [CERT KEY CA]\n");
        return 2;
    }
    mwt_ledger_open(&ledger, (int) strtol(argv[1], NULL, 10));
    if (mw_server_open(&server,
            MW_SERVER(.listen = argv[2],
                .tls = has_tls ? MW_TLS(.cert = argv[3], .key = argv[4],
                                     .ca = argv[5])
                               : NULL,
                .drain_ms = drain_ms(), .log = log_line),
            &error) < 0 ||
        faults_Ledger_serve(server, &mwt_ledger_ops, &ledger) < 0) {
        return fail(&error);
    }
    (void) signal(SIGTERM, on_signal);
    (void) printf("%s\n", mw_server_address(server, 0));
    (void) fflush(stdout);
    if (mw_server_run(server, &error) < 0) {
        return fail(&error);
    }
    mw_server_close(server);
    mwt_ledger_close(&ledger);
    return EXIT_SUCCESS;
}
