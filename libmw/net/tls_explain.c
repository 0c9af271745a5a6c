/* SPDX-License-Identifier: MIT */
/*
 * Why TLS failed, in a line that says who refused what.
 */
#include <openssl/err.h>

#include "base/error.h"
#include "net/tls_internal.h"

void
mwi_tls_explain_alert(struct mwi_tls_stream *t, int alert, const char *reason)
{
    /* What a server thinks of our handshake may arrive after it. */
    mw_status status = t->has_read ? MW_EUNAVAILABLE : MW_EUNAUTHENTICATED;
    const char *what = t->has_read ? "the peer broke off" : "the peer refused";

    switch (alert) { /* RFC 8446 section 6.2 */
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
        status = MW_EUNAUTHENTICATED;
        what = "the peer rejected our certificate";
        break;
    case SSL_AD_CERTIFICATE_REQUIRED:
        status = MW_EUNAUTHENTICATED;
        what = "the peer requires a certificate of us";
        break;
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        what = "the peer does not speak " MWI_ALPN;
        break;
    case SSL_AD_INTERNAL_ERROR:
        status = MW_EUNAVAILABLE;
        what = "the peer broke off";
        break;
    default:
        break;
    }
    (void) mwi_fail(&t->error, status, "%s: %s", what, reason);
}

static void
explain_reason(struct mwi_tls_stream *t, const struct mwi_tls_cause *cause)
{
    const char *hint = "";

    switch (ERR_GET_LIB(cause->code) == ERR_LIB_SSL
                ? ERR_GET_REASON(cause->code)
                : 0) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        hint = t->is_ready ? "" : " (the peer does not seem to speak TLS)";
        break;
    case SSL_R_NO_APPLICATION_PROTOCOL:
        hint = " (the peer does not offer " MWI_ALPN ")";
        break;
    default:
        break;
    }
    (void) mwi_fail(&t->error,
        t->is_ready ? MW_EUNAVAILABLE : MW_EUNAUTHENTICATED, "TLS %s: %s%s",
        t->is_ready ? "broke" : "handshake failed", cause->text, hint);
}

void
mwi_tls_explain(struct mwi_tls_stream *t)
{
    struct mwi_tls_cause cause;
    int alert;

    mwi_tls_drain(&cause, ERR_LIB_SSL);
    alert = mwi_tls_peer_alert(&cause);
    if (alert >= 0) {
        mwi_tls_explain_alert(t, alert, cause.text);
    } else if (t->error.status != MW_OK) {
        /* The lower stream or mwi_tls_verify() has said it. */
    } else if (cause.no_memory) {
        (void) mwi_fail_nomem(&t->error);
    } else if (cause.code != 0) {
        explain_reason(t, &cause);
    } else if (t->is_lower_end) {
        (void) mwi_fail(&t->error, MW_EUNAVAILABLE,
            t->is_ready ? "connection closed without a TLS close notification"
                        : "connection closed during the TLS handshake");
    } else {
        (void) mwi_fail(&t->error, MW_EUNAVAILABLE,
            "TLS failed, and OpenSSL gives no reason");
    }
}
