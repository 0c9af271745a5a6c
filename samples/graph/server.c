/* SPDX-License-Identifier: MIT */
/* The server program; planner.c has what it does. */
#include <signal.h>
#include <stdio.h>

#include "options.h"
#include "planner.h"

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

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/server.pem",
               *key = "certs/server.key", *ca = "certs/ca.pem";
    const struct option_text options[] = {
        { "--listen", &address, "address to serve; port 0 takes a free one" },
        { "--cert", &cert, "PEM file with the server's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for clients" },
        { NULL, NULL, NULL },
    };
    mw_error err = { .status = MW_OK };
    mw_status status;

    options_read(options, "Reorganises networks.", argc, argv);
    status = mw_server_open(&server,
        MW_SERVER(.listen = address,
            .tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
        &err);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    status = graph_Planner_serve(server, &planner_ops, NULL);
    if (status == MW_OK) {
        catch_signals(stop);
        printf("listening on %s\n", mw_server_address(server, 0));
        fflush(stdout);
        status = mw_server_run(server, &err);
        catch_signals(SIG_DFL);
    }
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", argv[0],
            err.status < 0 ? err.text : mw_status_text(status));
    }
    mw_server_close(server);
    return status < 0;
}
