/* SPDX-License-Identifier: MIT */
/* The client of the smallest service: one call. */
#include <stdio.h>
#include <stdlib.h>

#include "hello_client.mw.h"
#include "options.h"

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/client.pem",
               *key = "certs/client.key", *ca = "certs/ca.pem", *name = "world";
    const struct option_text options[] = {
        { "--connect", &address, "address of the server" },
        { "--cert", &cert, "PEM file with the client's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for the server" },
        { "--name", &name, "whom to greet" },
        { NULL, NULL, NULL },
    };
    mw_ctx ctx = MW_CTX(.timeout_ms = 2000);
    mw_client *client;
    mw_error err;
    mw_status status;
    char *greeting;

    options_read(options, "Asks to be greeted.", argc, argv);
    status = mw_client_open(&client, address,
        MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca)), &err);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    status = hello_Greeter_greet(client, &ctx, name, &greeting);
    if (status == MW_OK) {
        puts(greeting);
        free(greeting);
    } else {
        fprintf(stderr, "%s: %s\n", argv[0], mw_ctx_error(&ctx));
    }
    mw_client_close(client);
    return status < 0;
}
