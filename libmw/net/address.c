/* SPDX-License-Identifier: MIT */
/*
 * Addresses are strict: what getaddrinfo() would take in odd ways ("127.1",
 * "::1" without brackets, a service name as port) is refused with a reason,
 * so that the name that is verified in a certificate is the one written.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

enum {
    QUOTE_MAX = 120, /* bytes of a wrong address that an error quotes */
    DNS_NAME_MAX = 253,
    DNS_LABEL_MAX = 63, /* RFC 1035 section 2.3.4 */
};

static const struct {
    enum mwi_scheme scheme;
    const char *prefix;
} schemes[] = {
    { MWI_SCHEME_TLS, "tls://" },
    { MWI_SCHEME_PLAINTEXT, "plaintext://" },
    { MWI_SCHEME_UNIX, "unix:" },
};

enum { N_SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

#define FORMS "tls://host:port, unix:/path or plaintext://host:port"

/* A piece of the text that is parsed. */
struct piece {
    const char *text;
    size_t len;
};

static bool
is_digits(struct piece p)
{
    for (size_t i = 0; i < p.len; i++) {
        if (!isdigit((unsigned char) p.text[i])) {
            return false;
        }
    }
    return p.len > 0;
}

/* Copies p as a NUL-terminated text of size bytes; false if it does not fit or
 * contains a NUL. */
static bool
copy_piece(char *to, size_t size, struct piece p)
{
    if (p.len >= size || memchr(p.text, '\0', p.len) != NULL) {
        return false;
    }
    memcpy(to, p.text, p.len);
    to[p.len] = '\0';
    return true;
}

/* Each parse_ function returns NULL, or what is wrong. */

static const char *
parse_path(struct mwi_address *address, struct piece p)
{
    /* "unix:///run/x" is how others write it. */
    if (p.len > 2 && memcmp(p.text, "///", 3) == 0) {
        p.text += 2;
        p.len -= 2;
    }
    if (p.len == 0 || p.text[0] != '/') {
        return "the path must begin with /";
    }
    if (p.len > 1 && p.text[1] == '/') {
        return "write unix:/path, with one slash";
    }
    if (memchr(p.text, '\0', p.len) != NULL) {
        return "the path contains a NUL";
    }
    if (!copy_piece(address->path, sizeof(address->path), p)) {
        return "the path is longer than 107 bytes";
    }
    return NULL;
}

static const char *
parse_port(struct mwi_address *address, struct piece p)
{
    unsigned port = 0;

    if (p.len == 0) {
        return "the port is missing";
    }
    if (!is_digits(p)) {
        return "the port is not a number";
    }
    for (size_t i = 0; i < p.len; i++) {
        port = port * 10 + (unsigned) (p.text[i] - '0');
        if (port > 65535) {
            return "the port is above 65535";
        }
    }
    (void) snprintf(address->port, sizeof(address->port), "%u", port);
    return NULL;
}

static const char *
parse_ipv6(struct mwi_address *address, struct piece p)
{
    const char *percent = memchr(p.text, '%', p.len);
    struct piece ip = p;
    char text[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    if (percent != NULL) {
        ip.len = (size_t) (percent - p.text);
        if (ip.len + 1 == p.len) {
            return "the zone behind % is missing";
        }
        for (const char *c = percent + 1; c < p.text + p.len; c++) {
            if (!isgraph((unsigned char) *c) || *c == '%') {
                return "the zone behind % is not one";
            }
        }
    }
    if (!copy_piece(text, sizeof(text), ip) ||
        inet_pton(AF_INET6, text, &parsed) != 1 ||
        !copy_piece(address->host, sizeof(address->host), p)) {
        return "no IPv6 address is in the brackets";
    }
    return NULL;
}

static const char *
check_label(struct piece label)
{
    if (label.len == 0) {
        return "the host has an empty part between dots";
    }
    if (label.len > DNS_LABEL_MAX) {
        return "the host has a part longer than 63 bytes";
    }
    for (size_t i = 0; i < label.len; i++) {
        unsigned char c = (unsigned char) label.text[i];

        if (c >= 0x80) {
            return "the host is not ASCII; write its xn-- form";
        }
        if (!isalnum(c) && c != '-' && c != '_') {
            return "the host has a character that host names do not have";
        }
    }
    if (label.text[0] == '-' || label.text[label.len - 1] == '-') {
        return "a part of the host begins or ends with -";
    }
    return NULL;
}

/* A DNS name, or an IPv4 address in its full form. */
static const char *
parse_name(struct mwi_address *address, struct piece p)
{
    struct piece label = { p.text, 0 };
    const char *end = p.text + p.len;
    struct in_addr parsed;

    if (p.len > 1 && end[-1] == '.') { /* a fully qualified name */
        end--;
    }
    if (end - p.text > DNS_NAME_MAX) {
        return "the host is longer than 253 bytes";
    }
    for (const char *c = p.text;; c++) {
        if (c == end || *c == '.') {
            const char *wrong = check_label(label);

            if (wrong != NULL) {
                return wrong;
            }
            if (c == end) {
                break;
            }
            label.text = c + 1;
            label.len = 0;
        } else {
            label.len++;
        }
    }
    if (!copy_piece(address->host, sizeof(address->host), p)) {
        return "the host is longer than 253 bytes";
    }
    /* No top-level domain is a number: it is meant as an IPv4 address. */
    if (is_digits(label) && inet_pton(AF_INET, address->host, &parsed) != 1) {
        return "the host is not an IPv4 address of four numbers";
    }
    return NULL;
}

static const char *
parse_host_port(struct mwi_address *address, struct piece p)
{
    const char *end = p.text + p.len;
    const char *colon = memchr(p.text, ':', p.len);
    const char *wrong;

    if (p.len > 0 && p.text[0] == '[') {
        const char *close = memchr(p.text, ']', p.len);

        if (close == NULL) {
            return "the ] behind the IPv6 address is missing";
        }
        wrong = parse_ipv6(address,
            (struct piece){ p.text + 1, (size_t) (close - p.text) - 1 });
        colon = close + 1;
        if (wrong == NULL && colon < end && *colon != ':') {
            return "something other than :port follows the ]";
        }
    } else {
        if (p.len == 0 || colon == p.text) {
            return "the host is missing; [::] is all addresses of this host";
        }
        if (colon != NULL &&
            memchr(colon + 1, ':', (size_t) (end - colon) - 1) != NULL) {
            return "an IPv6 address is written in brackets: [::1]:7000";
        }
        if (colon == NULL) {
            colon = end;
        }
        wrong = parse_name(
            address, (struct piece){ p.text, (size_t) (colon - p.text) });
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (colon == end) {
        return "the port is missing";
    }
    return parse_port(
        address, (struct piece){ colon + 1, (size_t) (end - colon) - 1 });
}

mw_status
mwi_address_parse(struct mwi_address *ret_address, const char *text, size_t len,
    mw_error *reterr)
{
    struct mwi_address address = { 0 };
    const char *wrong = "the scheme is not one of " FORMS;

    if (len == 0) {
        return mwi_fail(
            reterr, MW_EINVAL, "the address is empty; write " FORMS);
    }
    for (size_t i = 0; i < N_SCHEMES; i++) {
        size_t skip = strlen(schemes[i].prefix);
        struct piece rest;

        /* RFC 3986 section 3.1: a scheme's case does not matter. */
        if (len < skip || strncasecmp(text, schemes[i].prefix, skip) != 0) {
            continue;
        }
        rest = (struct piece){ text + skip, len - skip };
        address.scheme = schemes[i].scheme;
        wrong = address.scheme == MWI_SCHEME_UNIX
                    ? parse_path(&address, rest)
                    : parse_host_port(&address, rest);
        break;
    }
    if (wrong != NULL) {
        return mwi_fail(reterr, MW_EINVAL, "address \"%.*s\": %s",
            len < QUOTE_MAX ? (int) len : QUOTE_MAX, text, wrong);
    }
    *ret_address = address;
    return MW_OK;
}

bool
mwi_address_has_scheme(const char *text, size_t len)
{
    for (size_t i = 0; i < N_SCHEMES; i++) {
        size_t prefix = strlen(schemes[i].prefix);

        if (len >= prefix &&
            strncasecmp(text, schemes[i].prefix, prefix) == 0) {
            return true;
        }
    }
    return memmem(text, len, "://", 3) != NULL;
}

bool
mwi_address_is_name(const struct mwi_address *address)
{
    struct in_addr parsed;

    return address->scheme != MWI_SCHEME_UNIX &&
           strchr(address->host, ':') == NULL &&
           inet_pton(AF_INET, address->host, &parsed) != 1;
}

void
mwi_address_text(
    const struct mwi_address *address, char text[MWI_ADDRESS_TEXT_MAX])
{
    const char *prefix = "";

    for (size_t i = 0; i < N_SCHEMES; i++) {
        if (schemes[i].scheme == address->scheme) {
            prefix = schemes[i].prefix;
        }
    }
    if (address->scheme == MWI_SCHEME_UNIX) {
        (void) snprintf(
            text, MWI_ADDRESS_TEXT_MAX, "%s%s", prefix, address->path);
    } else {
        bool is_v6 = strchr(address->host, ':') != NULL;

        (void) snprintf(text, MWI_ADDRESS_TEXT_MAX, "%s%s%s%s:%s", prefix,
            is_v6 ? "[" : "", address->host, is_v6 ? "]" : "", address->port);
    }
}
