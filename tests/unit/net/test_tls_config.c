/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "lib/pki.h"
#include "net/tls.h"
#include "unit/net/ends.h"

/* Loads the options on both sides; both say the same. */
static void
refuse(mw_tls_options options, const char *cause)
{
    struct mwi_tls_config *config = NULL;
    mw_error error;

    options.size = sizeof(options);
    for (int is_server = 0; is_server < 2; is_server++) {
        mw_status status =
            is_server ? mwi_tls_server_config(&config, &options, &error)
                      : mwi_tls_client_config(&config, &options, &error);

        cr_assert_eq(status, MW_EINVAL);
        cr_assert_eq(error.status, MW_EINVAL);
        cr_assert(strstr(error.text, cause) != NULL, "\"%s\", want \"%s\"",
            error.text, cause);
        cr_assert_null(config);
    }
}

Test(net_tls_config, files)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const char *cert = pki->server.cert;
    const char *key = pki->server.key;
    char cause[400];

#define REFUSE(cert_file, key_file, ca_file, file, what)               \
    (void) snprintf(cause, sizeof(cause), "\"%s\"%s", file, what);     \
    refuse(                                                            \
        (mw_tls_options){                                              \
            .cert = (cert_file), .key = (key_file), .ca = (ca_file) }, \
        cause)

    REFUSE(pki->missing, key, pki->ca, pki->missing,
        ": No such file or directory");
    REFUSE(cert, pki->missing, pki->ca, pki->missing, " with ");
    REFUSE(
        cert, key, pki->missing, pki->missing, ": No such file or directory");
    REFUSE(cert, key, "", "", ": No such file or directory");
    REFUSE(pki->garbled, key, pki->ca, pki->garbled, ": no start line");
    REFUSE(cert, pki->garbled, pki->ca, pki->garbled, " with ");
    REFUSE(
        cert, key, pki->garbled, pki->garbled, ": no certificate or crl found");
    REFUSE(pki->cut, key, pki->ca, pki->cut, ": ");
    REFUSE(cert, key, pki->cut, pki->cut, ": ");
    REFUSE(key, key, pki->ca, key, ": no start line");
    REFUSE(cert, cert, pki->ca, cert, " with ");
    REFUSE(cert, key, key, key, ": ");
    REFUSE(pki->dir, key, pki->ca, pki->dir, ": no start line");
    REFUSE(cert, pki->encrypted_key, pki->ca, pki->encrypted_key,
        " is encrypted, which is not supported");
#undef REFUSE
}

Test(net_tls_config, key_of_another_certificate)
{
    const struct mwt_pki *pki = mwt_pki_get();

    refuse(
        (mw_tls_options){
            .cert = pki->server.cert, .key = pki->client.key, .ca = pki->ca },
        "key values mismatch");
    refuse(
        (mw_tls_options){
            .cert = pki->server.cert, .key = pki->ed25519_key, .ca = pki->ca },
        "is not of the certificate in");
}

Test(net_tls_config, halves)
{
    const struct mwt_pki *pki = mwt_pki_get();
    struct mwi_tls_config *config;
    mw_tls_options options = {
        .size = sizeof(options), .cert = pki->server.cert, .ca = pki->ca
    };
    mw_error error;

    cr_assert_eq(mwi_tls_client_config(&config, &options, &error), MW_EINVAL);
    cr_assert_str_eq(
        error.text, "mw_tls_options has a certificate without a key");
    options.key = options.cert;
    options.cert = NULL;
    cr_assert_eq(mwi_tls_client_config(&config, &options, &error), MW_EINVAL);
    cr_assert_str_eq(
        error.text, "mw_tls_options has a key without a certificate");
    cr_assert_eq(mwi_tls_server_config(&config, &options, &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "a TLS server needs a certificate and its key "
                                 "(mw_tls_options.cert, .key)");
    cr_assert_eq(mwi_tls_server_config(&config, NULL, &error), MW_EINVAL);
    options = ends_server_options();
    options.ca = NULL;
    cr_assert_eq(mwi_tls_server_config(&config, &options, &error), MW_EINVAL);
    cr_assert_str_eq(error.text,
        "a TLS server needs a CA file for its clients' certificates "
        "(mw_tls_options.ca), or .anonymous_clients");
}

Test(net_tls_config, defaults)
{
    struct mwi_tls_config *config;

    /* A client that has no certificate, and trusts the system's CAs. */
    cr_assert_eq(mwi_tls_client_config(&config, NULL, NULL), MW_OK);
    mwi_tls_config_free(config);
    cr_assert_eq(
        mwi_tls_client_config(&config, MW_TLS(.ca = NULL), NULL), MW_OK);
    mwi_tls_config_free(config);
    mwi_tls_config_free(NULL);
}

/* Programs that were compiled with an older or a newer header. */
Test(net_tls_config, struct_sizes)
{
    struct {
        mw_tls_options options;
        void *more;
    } newer = { .options = ends_server_options() };
    struct mwi_tls_config *config;
    mw_error error;

    newer.options.size = 0;
    cr_assert_eq(
        mwi_tls_server_config(&config, &newer.options, &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "mw_tls_options.size is not set");

    newer.options.size = sizeof(newer);
    cr_assert_eq(mwi_tls_server_config(&config, &newer.options, NULL), MW_OK);
    mwi_tls_config_free(config);
    newer.more = &newer;
    cr_assert_eq(
        mwi_tls_server_config(&config, &newer.options, &error), MW_EINVAL);
    cr_assert_str_eq(
        error.text, "mw_tls_options has options that this libmw does not know");

    newer.options.size = offsetof(mw_tls_options, ca);
    cr_assert_eq(mwi_tls_client_config(&config, &newer.options, NULL), MW_OK);
    mwi_tls_config_free(config);
}
