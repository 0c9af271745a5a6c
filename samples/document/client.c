/* SPDX-License-Identifier: MIT */
/*
 * Has a text corrected by a server, and by the same function right here, and
 * compares.  Exits 0 when both come to the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "correct.h"
#include "document_client.mw.h"
#include "options.h"
#include "text.h"

enum { TEXT_LEN = 200 * 1000, N_SHOWN = 5 };

/* Prints the first few lines of what has changed, and returns how many there
 * are. */
static size_t
print_passages(const char *changes)
{
    size_t n = 0;

    while (changes != NULL && changes[0] != '\0') {
        size_t len = strcspn(changes, "\n");

        if (n++ < N_SHOWN) {
            printf("  %.*s\n", (int) len, changes);
        }
        changes += len + 1;
    }
    printf("\n");
    return n;
}

static void
print_outcome(
    const mw_stats *stats, const document_Tally *tally, size_t n_passages)
{
    printf("%zu passages changed: %" PRIu32 " words, %" PRIu32
           " quotes, %" PRIu32 " spaces, %" PRIu32 " dashes\n",
        n_passages, tally->words, tally->quotes, tally->spaces, tally->dashes);
    printf("%" PRIu64 " bytes sent, %" PRIu64 " came back, in %" PRIu64
           " splices; the whole text would have been %" PRIu64
           ": %.2f %% saved\n",
        stats->bytes_sent, stats->bytes_received, stats->splices,
        stats->bytes_full,
        100 - 100.0 * (double) stats->bytes_received /
                  (double) stats->bytes_full);
}

/* Corrects text there and here, and tells whether both come to the same. */
static bool
run(mw_client *client, char **text)
{
    mw_ctx ctx = MW_CTX(.measure = true, .show_changes = true);
    char *local = mw_strdup(NULL, *text);
    document_Tally tally, local_tally;
    bool same = false;

    if (local == NULL || correct(NULL, &local, &local_tally) < 0) {
        fprintf(stderr, "out of memory\n");
    } else if (document_Corrector_correct(client, &ctx, text, &tally) < 0) {
        fprintf(stderr, "correct: %s\n", mw_ctx_error(&ctx));
    } else {
        print_outcome(&ctx.stats, &tally, print_passages(ctx.changes));
        same = strcmp(*text, local) == 0 &&
               document_Tally_equal(&tally, &local_tally);
        printf("a correction on this side comes to %s\n",
            same ? "exactly the same" : "SOMETHING ELSE");
    }
    mw_ctx_clear(&ctx);
    free(local);
    return same;
}

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/client.pem",
               *key = "certs/client.key", *ca = "certs/ca.pem", *file = NULL;
    const struct option_text options[] = {
        { "--connect", &address, "address of the server" },
        { "--cert", &cert, "PEM file with the client's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for the server" },
        { "--file", &file, "UTF-8 text to correct, instead of one made up" },
        { NULL, NULL, NULL },
    };
    mw_client *client;
    mw_error err;
    char *text;
    bool same;

    options_read(options, "Has a text corrected.", argc, argv);
    text = file != NULL ? text_read(file) : text_write(TEXT_LEN, 1);
    if (text == NULL) {
        fprintf(stderr, "%s: no text\n", argv[0]);
        return 1;
    }
    if (mw_client_open(&client, address,
            MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
            &err) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        free(text);
        return 1;
    }
    same = run(client, &text);
    mw_client_close(client);
    free(text);
    return same ? 0 : 1;
}
