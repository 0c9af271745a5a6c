/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "net/address.h"

static void
expect(const char *text, enum mwi_scheme scheme, const char *host,
    const char *port, const char *path, const char *canonical)
{
    struct mwi_address address;
    struct mwi_address again;
    char back[MWI_ADDRESS_TEXT_MAX];
    mw_error error;

    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), &error), MW_OK,
        "%s: %s", text, error.text);
    cr_assert_eq(address.scheme, scheme, "%s", text);
    cr_assert_str_eq(address.host, host);
    cr_assert_str_eq(address.port, port);
    cr_assert_str_eq(address.path, path);
    mwi_address_text(&address, back);
    cr_assert_str_eq(back, canonical);
    cr_assert_eq(mwi_address_parse(&again, back, strlen(back), NULL), MW_OK);
    cr_assert_eq(memcmp(&address, &again, sizeof(address)), 0, "%s", text);
}

Test(net_address, good)
{
    expect("tls://localhost:7000", MWI_SCHEME_TLS, "localhost", "7000", "",
        "tls://localhost:7000");
    expect("TLS://Example.ORG:1", MWI_SCHEME_TLS, "Example.ORG", "1", "",
        "tls://Example.ORG:1");
    expect("tls://example.org.:007", MWI_SCHEME_TLS, "example.org.", "7", "",
        "tls://example.org.:7");
    expect("plaintext://127.0.0.1:0", MWI_SCHEME_PLAINTEXT, "127.0.0.1", "0",
        "", "plaintext://127.0.0.1:0");
    expect("tls://[::]:65535", MWI_SCHEME_TLS, "::", "65535", "",
        "tls://[::]:65535");
    expect("tls://[::1]:7000", MWI_SCHEME_TLS, "::1", "7000", "",
        "tls://[::1]:7000");
    expect("tls://[fe80::1%eth0]:7000", MWI_SCHEME_TLS, "fe80::1%eth0", "7000",
        "", "tls://[fe80::1%eth0]:7000");
    expect("tls://[::ffff:192.0.2.1]:1", MWI_SCHEME_TLS, "::ffff:192.0.2.1",
        "1", "", "tls://[::ffff:192.0.2.1]:1");
    expect("tls://a_b.c-d.4x:1", MWI_SCHEME_TLS, "a_b.c-d.4x", "1", "",
        "tls://a_b.c-d.4x:1");
    expect("tls://xn--bcher-kva.example:1", MWI_SCHEME_TLS,
        "xn--bcher-kva.example", "1", "", "tls://xn--bcher-kva.example:1");
    expect("unix:/run/x", MWI_SCHEME_UNIX, "", "", "/run/x", "unix:/run/x");
    expect("unix:///run/x", MWI_SCHEME_UNIX, "", "", "/run/x", "unix:/run/x");
    expect("unix:/a b:c%", MWI_SCHEME_UNIX, "", "", "/a b:c%", "unix:/a b:c%");
}

static void
refuse(const char *text, const char *why)
{
    struct mwi_address address;
    struct mwi_address before;
    mw_error error;
    char expected[MW_ERROR_TEXT_MAX];

    memset(&address, 'x', sizeof(address));
    before = address;
    cr_assert_eq(mwi_address_parse(&address, text, strlen(text), &error),
        MW_EINVAL, "%s", text);
    cr_assert_eq(error.status, MW_EINVAL);
    (void) snprintf(
        expected, sizeof(expected), "address \"%s\": %s", text, why);
    cr_assert_str_eq(error.text, expected);
    cr_assert_eq(memcmp(&address, &before, sizeof(address)), 0);
}

#define NO_SCHEME                                              \
    "the scheme is not one of tls://host:port, unix:/path or " \
    "plaintext://host:port"

Test(net_address, bad_schemes)
{
    static const char *const texts[] = { "localhost", "localhost:7000", "tls",
        "tls:", "tls:/", "tls:localhost:1", "http://localhost:1", "/run/x",
        "tcp://localhost:1", " tls://localhost:1", "[::1]:7000", ":", "unix",
        "unix/run/x", "tlss://a:1" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuse(texts[i], NO_SCHEME);
    }
}

Test(net_address, bad_hosts)
{
    static const char missing[] =
        "the host is missing; [::] is all addresses of this host";
    static const char brackets[] =
        "an IPv6 address is written in brackets: [::1]:7000";
    static const char ipv6[] = "no IPv6 address is in the brackets";
    static const char ipv4[] =
        "the host is not an IPv4 address of four numbers";
    static const char character[] =
        "the host has a character that host names do not have";
    static const char empty[] = "the host has an empty part between dots";
    static const char dash[] = "a part of the host begins or ends with -";

    refuse("tls://", missing);
    refuse("tls://:7000", missing);
    refuse("tls://::1:7000", missing);
    refuse("tls://fe80::1", brackets);
    refuse("tls://a:b:1", brackets);
    refuse("tls://[::1", "the ] behind the IPv6 address is missing");
    refuse("tls://[]:1", ipv6);
    refuse("tls://[localhost]:1", ipv6);
    refuse("tls://[127.0.0.1]:1", ipv6);
    refuse("tls://[::1::]:1", ipv6);
    refuse("tls://[12345::]:1", ipv6);
    refuse("tls://[::1%]:1", "the zone behind % is missing");
    refuse("tls://[::1%a b]:1", "the zone behind % is not one");
    refuse("tls://[::1]7000", "something other than :port follows the ]");
    refuse("tls://127.1:1", ipv4);
    refuse("tls://256.0.0.1:1", ipv4);
    refuse("tls://1.2.3.4.5:1", ipv4);
    refuse("tls://7000:7000", ipv4);
    refuse("tls://user@host:1", character);
    refuse("tls://a/b:1", character);
    refuse("tls://a b:1", character);
    refuse("tls://*.example:1", character);
    refuse("tls://%lo:1", character);
    refuse("tls://a..b:1", empty);
    refuse("tls://.a:1", empty);
    refuse("tls://.:1", empty);
    refuse("tls://a..:1", empty);
    refuse("tls://-a:1", dash);
    refuse("tls://a-.b:1", dash);
    refuse("tls://b\xc3\xbc"
           "cher.example:1",
        "the host is not ASCII; write its xn-- form");
}

Test(net_address, bad_ports)
{
    refuse("tls://localhost", "the port is missing");
    refuse("tls://localhost:", "the port is missing");
    refuse("tls://[::1]", "the port is missing");
    refuse("tls://[::1]:", "the port is missing");
    refuse("tls://localhost:65536", "the port is above 65535");
    refuse("tls://localhost:99999999999999999999", "the port is above 65535");
    refuse("tls://localhost:7000/", "the port is not a number");
    refuse("tls://localhost:-1", "the port is not a number");
    refuse("tls://localhost:+1", "the port is not a number");
    refuse("tls://localhost: 1", "the port is not a number");
    refuse("tls://localhost:http", "the port is not a number");
    refuse("tls://[::1]:x", "the port is not a number");
}

Test(net_address, bad_paths)
{
    refuse("unix:", "the path must begin with /");
    refuse("unix:run/x", "the path must begin with /");
    refuse("unix://run/x", "write unix:/path, with one slash");
    refuse("unix:////run/x", "write unix:/path, with one slash");
}

Test(net_address, empty_and_nul)
{
    struct mwi_address address;
    mw_error error;

    cr_assert_eq(mwi_address_parse(&address, NULL, 0, &error), MW_EINVAL);
    cr_assert_str_eq(error.text,
        "the address is empty; write tls://host:port, unix:/path or "
        "plaintext://host:port");
    cr_assert_eq(
        mwi_address_parse(&address, "unix:/a\0b", 9, &error), MW_EINVAL);
    cr_assert(strstr(error.text, "the path contains a NUL") != NULL);
    cr_assert_eq(
        mwi_address_parse(&address, "tls://a\0b:1", 11, &error), MW_EINVAL);
    cr_assert_eq(
        mwi_address_parse(&address, "tls://[::1\0]:1", 14, &error), MW_EINVAL);
    cr_assert_eq(
        mwi_address_parse(&address, "tls://a:1\0", 10, &error), MW_EINVAL);
}

Test(net_address, lengths)
{
    struct mwi_address address;
    mw_error error;
    char text[600];
    char back[MWI_ADDRESS_TEXT_MAX];

    /* A path fills sun_path but for the NUL. */
    memset(text, 'p', sizeof(text));
    memcpy(text, "unix:/", 6);
    cr_assert_eq(mwi_address_parse(&address, text, 5 + 107, &error), MW_OK);
    mwi_address_text(&address, back);
    cr_assert_eq(strlen(back), 5 + 107);
    cr_assert_eq(mwi_address_parse(&address, text, 5 + 108, &error), MW_EINVAL);
    cr_assert(strstr(error.text, "the path is longer than 107 bytes"));

    /* Labels of up to 63 bytes, names of up to 253 and a dot at the end. */
    memset(text, 'h', sizeof(text));
    memcpy(text, "tls://", 6);
    for (size_t i = 63; i < 253; i += 64) {
        text[6 + i] = '.';
    }
    memcpy(text + 6 + 253, ".:65535", 7);
    cr_assert_eq(mwi_address_parse(&address, text, 6 + 253 + 7, &error), MW_OK,
        "%s", error.text);
    mwi_address_text(&address, back);
    cr_assert_eq(strlen(back), 6 + 253 + 7);
    cr_assert_eq(strncmp(back, text, strlen(back)), 0);
    memcpy(text + 6 + 253, "h:65535", 7);
    cr_assert_eq(
        mwi_address_parse(&address, text, 6 + 253 + 7, &error), MW_EINVAL);
    cr_assert(strstr(error.text, "the host is longer than 253 bytes"));
    cr_assert_eq(
        mwi_address_parse(&address, text, sizeof(text), &error), MW_EINVAL);
    text[6 + 63] = 'h';
    cr_assert_eq(mwi_address_parse(&address, text, 6 + 253, &error), MW_EINVAL);
    cr_assert(strstr(error.text, "a part longer than 63 bytes"));
}

/* Whatever is accepted is the same again when written and parsed. */
Test(net_address, random)
{
    static const char pieces[] = "tls://unix:[]:.-_%/@a1:0 \x80\0f";
    char text[40];
    char back[MWI_ADDRESS_TEXT_MAX];
    struct mwi_address address;
    struct mwi_address again;
    uint64_t state = 1;
    unsigned n_good = 0;

    for (int round = 0; round < 200000; round++) {
        static const char *const starts[] = { "tls://", "unix:/", "tls://[",
            "tls://a", "" };
        const char *start = starts[round % 5];
        size_t len = strlen(start);

        memcpy(text, start, len);
        for (;;) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            if (len == sizeof(text) || (state >> 60) == 0) {
                break;
            }
            text[len++] = pieces[(state >> 33) % (sizeof(pieces) - 1)];
        }
        if (mwi_address_parse(&address, text, len, NULL) == MW_OK) {
            n_good++;
            mwi_address_text(&address, back);
            cr_assert_eq(mwi_address_parse(&again, back, strlen(back), NULL),
                MW_OK, "%s", back);
            cr_assert_eq(memcmp(&address, &again, sizeof(address)), 0);
        }
    }
    cr_assert_gt(n_good, 1000);
}

Test(net_address, schemes)
{
    cr_assert(mwi_address_has_scheme("tls://a:1", 9));
    cr_assert(mwi_address_has_scheme("UNIX:/x", 7));
    cr_assert(mwi_address_has_scheme("http://a", 8));
    cr_assert_not(mwi_address_has_scheme("a:1", 3));
    cr_assert_not(mwi_address_has_scheme("/x", 2));
    cr_assert_not(mwi_address_has_scheme("", 0));
    cr_assert_not(mwi_address_has_scheme("tls://a", 5));
}

Test(net_address, names)
{
    static const struct {
        const char *text;
        bool is_name;
    } cases[] = {
        { "tls://a:1", true },
        { "plaintext://10.0.0.1.example:1", true },
        { "tls://10.0.0.1:1", false },
        { "tls://[::1]:1", false },
        { "tls://[fe80::1%lo]:1", false },
        { "unix:/a", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mwi_address address;

        cr_assert_eq(mwi_address_parse(
                         &address, cases[i].text, strlen(cases[i].text), NULL),
            MW_OK);
        cr_assert_eq(mwi_address_is_name(&address), cases[i].is_name, "%s",
            cases[i].text);
        cr_assert_str_eq(mwi_address_name(&address), address.host);
    }
}
