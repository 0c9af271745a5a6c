/* SPDX-License-Identifier: MIT */
/*
 * Calls that go well, over every kind of stream.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "lib/pki.h"

static void
check_echo(mw_client *client)
{
    char *text = NULL;
    double sum = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(probe_Probe_echo(client, &ctx, "grüß dich", &text), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_assert_str_eq(text, "grüß dich");
    cr_assert_eq(probe_Probe_add(client, &ctx, 1.5, 2.25, &sum), MW_OK);
    cr_assert_eq(sum, 3.75);
    free(text);
}

Test(calls, local)
{
    struct mwt_server s;
    mw_client *client;

    mwt_server_start(&s, MW_SERVER(.threads_max = 2));
    client = mwt_local_client(&s);
    check_echo(client);
    mw_client_close(client);
    mwt_server_close(&s);
    cr_assert_eq(s.status, MW_OK, "%s", s.error.text);
}

static void
check_over(const char *listen, const char *tls_version)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_peer peer;

    mwt_server_start(&s, MW_SERVER(.listen = listen, .tls = MWT_SERVER_TLS));
    cr_assert_eq(mw_client_open(&client, mw_server_address(s.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(mw_client_peer(client, &peer), MW_OK);
    cr_assert_str_eq(peer.tls, tls_version);
    check_echo(client);
    mw_client_close(client);
    mwt_server_close(&s);
    cr_assert_eq(s.status, MW_OK, "%s", s.error.text);
}

Test(calls, tls)
{
    check_over("tls://127.0.0.1:0", "TLSv1.3");
}

Test(calls, plaintext)
{
    check_over("plaintext://127.0.0.1:0", "");
}

Test(calls, unix_socket)
{
    char listen[128];

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/socket", mwt_pki_get()->dir);
    check_over(listen, "");
}

/* A tree that is a list; each of its levels takes two of CBOR's. */
static void
make_tree(probe_Tree *root, size_t depth)
{
    memset(root, 0, sizeof(*root));
    for (size_t i = 0; i < depth; i++) {
        cr_assert_eq(mw_set_string(NULL, &root->name, "a name"), MW_OK);
        root = probe_Tree_seq_add(NULL, &root->children);
        cr_assert_not_null(root);
    }
}

static const char *
deepest_name(const probe_Tree *tree)
{
    while (tree->children.len > 0) {
        tree = &tree->children.items[0];
    }
    return tree->name != NULL ? tree->name : "";
}

/* Whatever can be sent comes back, although a patch nests deeper than what it
 * patches. */
Test(calls, deep)
{
    enum { DEPTH = 40 };
    struct mwt_server s;
    mw_client *client;
    size_t n_served = 0;

    mwt_server_start(&s, MW_SERVER(.threads_max = 2));
    client = mwt_local_client(&s);
    for (size_t depth = 0; depth < DEPTH; depth++) {
        probe_Tree tree;
        mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
        mw_status status;

        make_tree(&tree, depth);
        status = probe_Probe_rename(client, &ctx, &tree, "renamed");
        if (status == MW_OK) {
            cr_assert_str_eq(deepest_name(&tree), "renamed");
            cr_assert_eq(n_served, depth);
            n_served++;
        } else {
            cr_assert_eq(status, MW_ERANGE, "%s", mw_ctx_error(&ctx));
            cr_assert_eq(ctx.error.origin, MW_ORIGIN_LOCAL);
            cr_assert(ctx.not_run, "depth %zu: %s", depth, mw_ctx_error(&ctx));
            cr_assert_str_eq(deepest_name(&tree), "");
        }
        probe_Tree_clear(&tree);
    }
    cr_assert_eq(n_served, 31); /* 2 levels of the message, 62 of the tree */
    mw_client_close(client);
    mwt_server_close(&s);
}

/* Sequences of basic types, by the typed functions of mw/seq.h. */
Test(calls, typed_sequences)
{
    mw_seq_f64 numbers = { 0 };
    mw_seq_string words = { 0 };
    double *number;
    char **word;

    for (size_t i = 0; i < 5; i++) {
        number = mw_seq_f64_add(NULL, &numbers);
        cr_assert_not_null(number);
        *number = (double) i;
    }
    number = mw_seq_f64_insert(NULL, &numbers, 1, 2);
    cr_assert_not_null(number);
    cr_assert_eq(numbers.len, 7);
    cr_assert_eq(number[2], 1.0);
    mw_seq_f64_remove(NULL, &numbers, 0, 3);
    cr_assert_eq(numbers.items[0], 1.0);
    cr_assert_null(mw_seq_f64_insert(NULL, &numbers, 5, 1));
    mw_object_clear(&mw_type_seq_f64, &numbers);

    word = mw_seq_string_add(NULL, &words);
    cr_assert_not_null(word);
    cr_assert_eq(mw_set_string(NULL, word, "a word"), MW_OK);
    mw_seq_string_remove(NULL, &words, 0, 1);
    cr_assert_eq(words.len, 0);
    mw_object_clear(&mw_type_seq_string, &words);
}
