/* SPDX-License-Identifier: MIT */
/*
 * From file names to an SSL_CTX.  The policy is fixed: TLS 1.3, ALPN "mw/1",
 * no compression, no early data; it can be chosen who is trusted, and whether
 * sessions are resumed.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/tls_internal.h"

/* AES-128 first: as safe as the protocol needs, and the fastest. */
#define CIPHERS                                      \
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:" \
    "TLS_CHACHA20_POLY1305_SHA256"

/* ALPN protocol names are preceded by their length, RFC 7301 section 3.1. */
static const unsigned char alpn[] = { sizeof(MWI_ALPN) - 1, 'm', 'w', '/',
    '1' };
_Static_assert(sizeof(alpn) == sizeof(MWI_ALPN), "alpn is MWI_ALPN");

/* A program made for another version of the library has a shorter or longer
 * struct. */
static mw_status
copy_options(mw_tls_options *ret_options, const mw_tls_options *options,
    mw_error *reterr)
{
    const char *bytes = (const char *) options;
    size_t size;

    memset(ret_options, 0, sizeof(*ret_options));
    if (options == NULL) {
        return MW_OK;
    }
    size = options->size;
    if (size < sizeof(options->size)) {
        return mwi_fail(reterr, MW_EINVAL, "mw_tls_options.size is not set");
    }
    for (size_t i = sizeof(*options); i < size; i++) {
        if (bytes[i] != 0) {
            return mwi_fail(reterr, MW_EINVAL,
                "mw_tls_options has options that this libmw does not know");
        }
    }
    memcpy(ret_options, options,
        size < sizeof(*options) ? size : sizeof(*options));
    return MW_OK;
}

/* OpenSSL asks for a key's password.  Its default would ask on the terminal. */
static int
refuse_password(char *buffer, int size, int is_writing, void *was_asked)
{
    (void) buffer;
    (void) size;
    (void) is_writing;
    *(bool *) was_asked = true;
    return -1;
}

static mw_status
load_identity(SSL_CTX *ctx, const mw_tls_options *o, mw_error *reterr)
{
    bool was_asked = false;
    int is_loaded;

    if (o->cert == NULL || o->key == NULL) {
        return mwi_fail(reterr, MW_EINVAL,
            "mw_tls_options has a %s without a %s",
            o->cert == NULL ? "key" : "certificate",
            o->cert == NULL ? "certificate" : "key");
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, o->cert) != 1) {
        return mwi_tls_fail(reterr, MW_EINVAL,
            "cannot use the certificate file \"%s\"", o->cert);
    }
    SSL_CTX_set_default_passwd_cb(ctx, refuse_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &was_asked);
    is_loaded = SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, NULL);
    if (was_asked) {
        return mwi_tls_fail(reterr, MW_EINVAL,
            "the key file \"%s\" is encrypted, which is not supported", o->key);
    }
    if (is_loaded != 1) {
        return mwi_tls_fail(reterr, MW_EINVAL,
            "cannot use the key file \"%s\" with \"%s\"", o->key, o->cert);
    }
    if (SSL_CTX_check_private_key(ctx) != 1) {
        return mwi_tls_fail(reterr, MW_EINVAL,
            "the key in \"%s\" is not of the certificate in \"%s\"", o->key,
            o->cert);
    }
    return MW_OK;
}

static mw_status
load_trust(SSL_CTX *ctx, const char *ca, mw_error *reterr)
{
    if (ca == NULL) {
        if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
            return mwi_tls_fail(
                reterr, MW_EINVAL, "cannot use the system's CA certificates");
        }
    } else if (SSL_CTX_load_verify_file(ctx, ca) != 1) {
        return mwi_tls_fail(
            reterr, MW_EINVAL, "cannot use the CA file \"%s\"", ca);
    }
    return MW_OK;
}

static mw_status
set_policy(SSL_CTX *ctx, mw_error *reterr)
{
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, CIPHERS) != 1 ||
        SSL_CTX_set_num_tickets(ctx, 0) != 1) {
        return mwi_tls_fail(reterr, MW_EINVAL, "cannot set up TLS 1.3");
    }
    (void) SSL_CTX_set_options(
        ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void) SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    /* What is sent is the certificate file, not a chain that is searched for
     * again at every handshake. */
    (void) SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    /* One system call per record, or for many small ones, and not one for its
     * head and one for the rest.  A buffer for several large ones brings no
     * more. */
    SSL_CTX_set_read_ahead(ctx, 1);
    return MW_OK;
}

static mw_status
config_new(struct mwi_tls_config **ret_config, const mw_tls_options *o,
    bool is_client, mw_error *reterr)
{
    struct mwi_tls_config *config = mwi_calloc(1, sizeof(*config));
    mw_status status;

    if (config == NULL) {
        return mwi_fail_nomem(reterr);
    }
    ERR_clear_error();
    atomic_init(&config->refs, 1);
    mwi_tls_sessions_init(&config->sessions);
    config->is_client = is_client;
    config->ctx =
        SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
    if (config->ctx == NULL) {
        status = mwi_tls_fail(reterr, MW_ENOMEM, "cannot set up TLS");
    } else {
        status = set_policy(config->ctx, reterr);
    }
    if (status == MW_OK && (o->cert != NULL || o->key != NULL)) {
        status = load_identity(config->ctx, o, reterr);
    }
    if (status == MW_OK && (o->ca != NULL || is_client)) {
        status = load_trust(config->ctx, o->ca, reterr);
    }
    if (status < 0) {
        mwi_tls_config_free(config);
        return status;
    }
    *ret_config = config;
    return MW_OK;
}

mw_status
mwi_tls_client_config(struct mwi_tls_config **ret_config,
    const mw_tls_options *options, mw_error *reterr)
{
    struct mwi_tls_config *config;
    mw_tls_options o;
    mw_status status = copy_options(&o, options, reterr);

    if (status < 0) {
        return status;
    }
    status = config_new(&config, &o, true, reterr);
    if (status < 0) {
        return status;
    }
    config->verify_mode = SSL_VERIFY_PEER;
    if (!o.no_resumption) {
        mwi_tls_keep_sessions(config);
    }
    /* Other than most, this function returns 0 when all is well. */
    if (SSL_CTX_set_alpn_protos(config->ctx, alpn, sizeof(alpn)) != 0) {
        status = mwi_tls_fail(reterr, MW_ENOMEM, "cannot set up ALPN");
    } else if (o.server_name != NULL) {
        config->server_name = mwi_strndup(o.server_name, strlen(o.server_name));
        if (config->server_name == NULL) {
            status = mwi_fail_nomem(reterr);
        }
    }
    if (status < 0) {
        mwi_tls_config_free(config);
        return status;
    }
    *ret_config = config;
    return MW_OK;
}

/* Server: pick the protocol from the client's list. */
static int
select_protocol(SSL *ssl, const unsigned char **ret_protocol,
    unsigned char *ret_len, const unsigned char *offered, unsigned offered_len,
    void *unused)
{
    unsigned char *selected = NULL;

    (void) ssl;
    (void) unused;
    if (SSL_select_next_proto(&selected, ret_len, alpn, sizeof(alpn), offered,
            offered_len) != OPENSSL_NPN_NEGOTIATED) {
        /* RFC 7301 section 3.2: alert no_application_protocol */
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *ret_protocol = selected;
    return SSL_TLSEXT_ERR_OK;
}

/* Server: select_protocol() is not called for a client that offers none. */
static int
require_protocol(SSL *ssl, int *ret_alert, void *unused)
{
    const unsigned char *bytes;
    size_t len;

    (void) unused;
    /* A client of TLS 1.2 or older: the version is the better reason. */
    if (SSL_client_hello_get0_ext(
            ssl, TLSEXT_TYPE_supported_versions, &bytes, &len) != 1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    if (SSL_client_hello_get0_ext(ssl,
            TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes,
            &len) == 1) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    *ret_alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
    return SSL_CLIENT_HELLO_ERROR;
}

mw_status
mwi_tls_server_config(struct mwi_tls_config **ret_config,
    const mw_tls_options *options, mw_error *reterr)
{
    struct mwi_tls_config *config;
    mw_tls_options o;
    mw_status status = copy_options(&o, options, reterr);

    if (status < 0) {
        return status;
    }
    if (o.cert == NULL || o.key == NULL) {
        return mwi_fail(reterr, MW_EINVAL,
            "a TLS server needs a certificate and its key "
            "(mw_tls_options.cert, .key)");
    }
    if (o.ca == NULL && !o.anonymous_clients) {
        return mwi_fail(reterr, MW_EINVAL,
            "a TLS server needs a CA file for its clients' certificates "
            "(mw_tls_options.ca), or .anonymous_clients");
    }
    status = config_new(&config, &o, false, reterr);
    if (status < 0) {
        return status;
    }
    /* Without a CA no certificate could be checked, so none is asked for. */
    config->verify_mode = o.ca == NULL ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    if (!o.anonymous_clients) {
        config->verify_mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_CTX_set_alpn_select_cb(config->ctx, select_protocol, NULL);
    SSL_CTX_set_client_hello_cb(config->ctx, require_protocol, NULL);
    if (!o.no_resumption && !mwi_tls_give_tickets(config)) {
        status = mwi_tls_fail(reterr, MW_ENOMEM, "cannot set up TLS tickets");
        mwi_tls_config_free(config);
        return status;
    }
    *ret_config = config;
    return MW_OK;
}

struct mwi_tls_config *
mwi_tls_config_ref(struct mwi_tls_config *config)
{
    atomic_fetch_add(&config->refs, 1);
    return config;
}

void
mwi_tls_config_free(struct mwi_tls_config *config)
{
    if (config != NULL && atomic_fetch_sub(&config->refs, 1) == 1) {
        mwi_tls_sessions_fini(&config->sessions);
        SSL_CTX_free(config->ctx);
        mwi_free(config->server_name);
        mwi_free(config);
    }
}
