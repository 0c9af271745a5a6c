/* SPDX-License-Identifier: MIT */
/*
 * Who a certificate says its holder is.
 *
 * Programs grant rights by these names, so a name is given whole or not at
 * all: one with a NUL or another control character in it, or too long for its
 * place, is passed over.  So is one that looks like a unix socket's peer.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/utf8.h"
#include "net/tls_internal.h"

static bool
is_plain(const unsigned char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return mwi_utf8_prefix((const char *) text, len) == len;
}

/* Whether it could be copied whole. */
static bool
copy_name(char *to, size_t size, const unsigned char *name, int len)
{
    if (len <= 0 || (size_t) len >= size || !is_plain(name, (size_t) len) ||
        (len >= 4 && strncasecmp((const char *) name, "uid:", 4) == 0)) {
        return false;
    }
    memcpy(to, name, (size_t) len);
    to[len] = '\0';
    return true;
}

static bool
copy_alternative(char *to, size_t size, const GENERAL_NAME *alternative)
{
    const ASN1_STRING *value;

    switch (alternative->type) {
    case GEN_DNS:
        value = alternative->d.dNSName;
        break;
    case GEN_URI:
        value = alternative->d.uniformResourceIdentifier;
        break;
    case GEN_EMAIL:
        value = alternative->d.rfc822Name;
        break;
    case GEN_IPADD:
        value = alternative->d.iPAddress;
        /* RFC 5280 section 4.2.1.6: the address in network byte order. */
        switch (ASN1_STRING_length(value)) {
        case 4:
            return inet_ntop(AF_INET, ASN1_STRING_get0_data(value), to,
                       (socklen_t) size) != NULL;
        case 16:
            return inet_ntop(AF_INET6, ASN1_STRING_get0_data(value), to,
                       (socklen_t) size) != NULL;
        default:
            return false;
        }
    default:
        return false;
    }
    return copy_name(
        to, size, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
}

/* Whether the certificate has any alternative name of the kinds we know. */
static bool
name_from_alternatives(char *to, size_t size, X509 *certificate)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool is_found = false;

    for (int i = 0; !is_found && i < sk_GENERAL_NAME_num(names); i++) {
        is_found = copy_alternative(to, size, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
    return is_found;
}

static void
name_from_subject(char *to, size_t size, X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    unsigned char *name = NULL;
    int last = -1;
    int next;
    int len;

    /* The last one is the most specific. */
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, last)) >=
           0) {
        last = next;
    }
    if (last < 0) {
        return;
    }
    len = ASN1_STRING_to_UTF8(
        &name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
    if (len >= 0) {
        (void) copy_name(to, size, name, len);
        OPENSSL_free(name);
    }
}

void
mwi_tls_name(char *to, size_t size, X509 *certificate)
{
    to[0] = '\0';
    if (!name_from_alternatives(to, size, certificate)) {
        to[0] = '\0';
        name_from_subject(to, size, certificate);
    }
    ERR_clear_error();
}

void
mwi_tls_subject(char *to, size_t size, X509 *certificate)
{
    /* RFC 2253 section 2.4 escapes what is special, and control characters;
     * other bytes stay UTF-8. */
    unsigned long flags =
        XN_FLAG_RFC2253 & ~(unsigned long) ASN1_STRFLGS_ESC_MSB;
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    long len;

    to[0] = '\0';
    if (out != NULL && X509_NAME_print_ex(out,
                           X509_get_subject_name(certificate), 0, flags) >= 0) {
        len = BIO_get_mem_data(out, &text);
        len = len < (long) size ? len : (long) size - 1;
        if (len > 0) {
            len = (long) mwi_utf8_prefix(text, (size_t) len);
            memcpy(to, text, (size_t) len);
        }
        to[len > 0 ? len : 0] = '\0';
    }
    BIO_free(out);
    ERR_clear_error();
}
