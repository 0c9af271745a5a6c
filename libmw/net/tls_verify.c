/* SPDX-License-Identifier: MIT */
/*
 * Whose certificate is accepted.  OpenSSL checks chain, dates, purpose and
 * host; here it is told the host, and its verdict is kept as a text.
 */
#include <arpa/inet.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "net/tls_internal.h"

int
mwi_tls_verify(int is_fine, X509_STORE_CTX *store)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct mwi_tls_stream *t = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    int fault = X509_STORE_CTX_get_error(store);
    const char *whose = SSL_is_server(ssl) ? "client" : "server";
    char subject[96] = "";
    char name[64] = "";

    if (is_fine) {
        return 1;
    }
    if (certificate != NULL) {
        mwi_tls_subject(subject, sizeof(subject), certificate);
        mwi_tls_name(name, sizeof(name), certificate);
    }
    if (fault == X509_V_ERR_OUT_OF_MEM) {
        (void) mwi_fail_nomem(&t->error);
    } else if (fault == X509_V_ERR_HOSTNAME_MISMATCH ||
               fault == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        (void) mwi_fail(&t->error, MW_EUNAUTHENTICATED,
            "the server's certificate is not for \"%.64s\": %s (it is for "
            "\"%s\"; subject \"%s\")",
            t->host, X509_verify_cert_error_string(fault), name, subject);
    } else {
        (void) mwi_fail(&t->error, MW_EUNAUTHENTICATED,
            "the %s's certificate is not accepted: %s (depth %d, subject "
            "\"%s\")",
            whose, X509_verify_cert_error_string(fault),
            X509_STORE_CTX_get_error_depth(store), subject);
    }
    return 0;
}

/* RFC 9525: only subject alternative names count, and a wildcard is a whole
 * label. */
bool
mwi_tls_expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    unsigned char ip[sizeof(struct in6_addr)];
    char name[256];
    size_t len = strcspn(host, "%"); /* a zone is not part of the address */

    if (len == 0 || len >= sizeof(name)) {
        return false;
    }
    memcpy(name, host, len);
    name[len] = '\0';
    if (inet_pton(AF_INET, name, ip) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, ip, 4) == 1;
    }
    if (inet_pton(AF_INET6, name, ip) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, ip, 16) == 1;
    }
    if (name[len - 1] == '.') { /* certificates and SNI go without */
        name[--len] = '\0';
    }
    /* OpenSSL takes "" for any host and ".example" for all of a domain. */
    if (len == 0 || name[0] == '.' || host[strcspn(host, "%")] != '\0') {
        return false;
    }
    X509_VERIFY_PARAM_set_hostflags(
        param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, name, len) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}
