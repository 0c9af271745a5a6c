/* SPDX-License-Identifier: MIT */
/* The order desk's server program; desk.c has what it does. */
#include <signal.h>
#include <stdio.h>

#include "desk.h"
#include "options.h"

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

static void
log_line(void *user, mw_log_level level, const char *line)
{
    (void) user;
    if (level <= MW_LOG_WARN) {
        fprintf(stderr, "%s\n", line);
    }
}

static mw_status
serve(const mw_server_options *options, struct desk *desk, mw_error *reterr)
{
    mw_status status = mw_server_open(&server, options, reterr);

    if (status < 0) {
        return status;
    }
    status = orders_Desk_serve(server, &desk_ops, desk);
    if (status == MW_OK) {
        catch_signals(stop);
        printf("listening on %s\n", mw_server_address(server, 0));
        fflush(stdout);
        status = mw_server_run(server, reterr);
        catch_signals(SIG_DFL);
    }
    mw_server_close(server);
    return status;
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
    struct desk desk;
    mw_status status;

    options_read(options, "A mail-order desk.", argc, argv);
    if (desk_init(&desk) != 0) {
        fprintf(stderr, "%s: cannot make the desk\n", argv[0]);
        return 1;
    }
    status = serve(
        MW_SERVER(.listen = address,
            .tls = MW_TLS(.cert = cert, .key = key, .ca = ca), .log = log_line),
        &desk, &err);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", argv[0],
            err.status < 0 ? err.text : mw_status_text(status));
    }
    desk_fini(&desk);
    return status < 0;
}
