/* SPDX-License-Identifier: MIT */
#include "lib/pki.h"

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define SERVER_NAMES "DNS:localhost,IP:127.0.0.1,IP:::1"

enum { HOUR = 3600 };

/* What a certificate shall say. */
struct spec {
    const char *common_name;
    const char *names;    /* subject alternative names, or NULL */
    const char *purposes; /* extended key usage, or NULL */
    long from;            /* seconds from now */
    long until;
    bool is_ca;
    bool is_ugly; /* a NUL in the alternative name */
};

struct signer {
    X509 *cert;
    EVP_PKEY *key;
};

static struct mwt_pki pki;
static pid_t owner;

static void
check(bool is_fine, const char *what)
{
    if (!is_fine) {
        (void) fprintf(stderr, "mwt_pki: %s failed\n", what);
        abort();
    }
}

static void
remove_dir(void)
{
    DIR *dir;
    struct dirent *entry;

    if (getpid() != owner) { /* a forked child that exits */
        return;
    }
    dir = opendir(pki.dir);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    if (dir != NULL) {
        (void) closedir(dir);
    }
    (void) rmdir(pki.dir);
}

static void
path_of(char path[128], const char *name)
{
    int len = snprintf(path, 128, "%s/%s", pki.dir, name);

    check(len > 0 && len < 128, "a short path");
}

static FILE *
create(char path[128], const char *name, const char *suffix)
{
    char file[64];
    FILE *f;

    (void) snprintf(file, sizeof(file), "%s%s", name, suffix);
    path_of(path, file);
    f = fopen(path, "we");
    check(f != NULL, path);
    return f;
}

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    check(extension != NULL && X509_add_ext(cert, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static void
add_ugly_name(X509 *cert)
{
    static const char ugly[] = "a.test\0b.test";
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    check(names != NULL && name != NULL && text != NULL, "memory");
    check(ASN1_STRING_set(text, ugly, sizeof(ugly) - 1) == 1, "name");
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    check(sk_GENERAL_NAME_push(names, name) > 0, "name");
    check(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1,
        "name");
    GENERAL_NAMES_free(names);
}

static void
add_subject_part(X509_NAME *subject, const char *field, const char *value)
{
    check(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
              (const unsigned char *) value, -1, -1, 0) == 1,
        value);
}

static struct signer
make(const struct spec *spec, const struct signer *issuer)
{
    static long serial;
    struct signer made = { X509_new(), EVP_EC_gen("P-256") };
    X509_NAME *subject;

    check(made.cert != NULL && made.key != NULL, "memory");
    if (issuer == NULL) {
        issuer = &made;
    }
    subject = X509_get_subject_name(made.cert);
    check(X509_set_version(made.cert, X509_VERSION_3) == 1, "version");
    check(ASN1_INTEGER_set(X509_get_serialNumber(made.cert), ++serial) == 1,
        "serial number");
    check(
        X509_gmtime_adj(X509_getm_notBefore(made.cert), spec->from) != NULL &&
            X509_gmtime_adj(X509_getm_notAfter(made.cert), spec->until) != NULL,
        "dates");
    add_subject_part(subject, "O", "libmw tests");
    add_subject_part(subject, "CN", spec->common_name);
    check(X509_set_issuer_name(
              made.cert, X509_get_subject_name(issuer->cert)) == 1 &&
              X509_set_pubkey(made.cert, made.key) == 1,
        "issuer");
    add_extension(made.cert, issuer->cert, NID_basic_constraints,
        spec->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(made.cert, issuer->cert, NID_key_usage,
        spec->is_ca ? "critical,keyCertSign,cRLSign"
                    : "critical,digitalSignature");
    add_extension(made.cert, issuer->cert, NID_subject_key_identifier, "hash");
    if (spec->names != NULL) {
        add_extension(
            made.cert, issuer->cert, NID_subject_alt_name, spec->names);
    }
    if (spec->is_ugly) {
        add_ugly_name(made.cert);
    }
    if (spec->purposes != NULL) {
        add_extension(
            made.cert, issuer->cert, NID_ext_key_usage, spec->purposes);
    }
    check(X509_sign(made.cert, issuer->key, EVP_sha256()) > 0, "signing");
    return made;
}

static void
drop(struct signer made)
{
    X509_free(made.cert);
    EVP_PKEY_free(made.key);
}

static void
write_identity(struct mwt_identity *identity, const char *name,
    struct signer made, X509 *intermediate)
{
    FILE *f = create(identity->cert, name, ".pem");

    check(PEM_write_X509(f, made.cert) == 1, "writing");
    if (intermediate != NULL) {
        check(PEM_write_X509(f, intermediate) == 1, "writing");
    }
    check(fclose(f) == 0, "writing");
    f = create(identity->key, name, ".key");
    check(PEM_write_PrivateKey(f, made.key, NULL, NULL, 0, NULL, NULL) == 1,
        "writing");
    check(fclose(f) == 0, "writing");
}

static void
make_identity(struct mwt_identity *identity, const char *name,
    const struct spec *spec, const struct signer *issuer)
{
    struct signer made = make(spec, issuer);

    write_identity(identity, name, made, NULL);
    drop(made);
}

static void
write_ca(char path[128], const char *name, struct signer ca)
{
    FILE *f = create(path, name, ".pem");

    check(PEM_write_X509(f, ca.cert) == 1 && fclose(f) == 0, "writing");
}

static void
make_clients(const struct signer *ca)
{
    struct spec spec = { .common_name = "client",
        .names = "DNS:client.test",
        .purposes = "clientAuth",
        .from = -HOUR,
        .until = 3 * HOUR };

    make_identity(&pki.client, "client", &spec, ca);
    spec.common_name = "Zo\xc3\xab";
    spec.names = NULL;
    make_identity(&pki.named, "named", &spec, ca);
    spec.common_name = "desk";
    spec.names = "URI:spiffe://test/desk,DNS:later.test";
    make_identity(&pki.uri_client, "uri", &spec, ca);
    spec.names = "URI:uid:0,DNS:last.test";
    make_identity(&pki.uid_client, "uid", &spec, ca);
    spec.common_name = "fallback";
    spec.names = NULL;
    spec.is_ugly = true;
    make_identity(&pki.nul_client, "nul", &spec, ca);
}

static void
make_servers(const struct signer *ca)
{
    struct spec spec = { .common_name = "server",
        .names = SERVER_NAMES,
        .purposes = "serverAuth",
        .from = -HOUR,
        .until = 3 * HOUR };
    struct spec below = { .common_name = "intermediate",
        .from = -HOUR,
        .until = 3 * HOUR,
        .is_ca = true };
    struct signer server = make(&spec, ca);
    struct signer intermediate = make(&below, ca);
    FILE *f;

    write_identity(&pki.server, "server", server, NULL);
    f = create(pki.encrypted_key, "encrypted", ".key");
    check(PEM_write_PrivateKey(f, server.key, EVP_aes_128_cbc(),
              (const unsigned char *) "secret", 6, NULL, NULL) == 1 &&
              fclose(f) == 0,
        "writing");
    drop(server);

    server = make(&spec, &intermediate);
    write_identity(&pki.chained, "chained", server, intermediate.cert);
    drop(server);
    drop(intermediate);

    spec.names = "DNS:wrong.test,IP:192.0.2.1";
    make_identity(&pki.wrong_host, "wrong", &spec, ca);
    spec.names = "DNS:*.wild.test,DNS:w*.partial.test";
    make_identity(&pki.wildcard, "wildcard", &spec, ca);
    spec.names = NULL;
    spec.common_name = "localhost";
    make_identity(&pki.common_name, "cn", &spec, ca);
}

/* What expires before others do: a certificate, or the one above it. */
static void
make_brief(const struct signer *ca)
{
    struct spec spec = { .common_name = "brief",
        .names = SERVER_NAMES,
        .from = -HOUR,
        .until = HOUR / 6 };
    struct spec above = { .common_name = "brief intermediate",
        .from = -HOUR,
        .until = HOUR / 6,
        .is_ca = true };
    struct signer intermediate = make(&above, ca);
    struct signer made;

    make_identity(&pki.brief, "brief", &spec, ca);
    spec.until = 3 * HOUR;
    made = make(&spec, &intermediate);
    write_identity(&pki.brief_chain, "brief-chain", made, intermediate.cert);
    drop(made);
    drop(intermediate);
}

static void
make_bad(const struct signer *ca, const struct signer *other_ca)
{
    struct spec spec = { .common_name = "other",
        .names = SERVER_NAMES,
        .from = -HOUR,
        .until = HOUR };

    make_identity(&pki.other, "other", &spec, other_ca);
    spec.common_name = "self-signed";
    make_identity(&pki.self_signed, "self", &spec, NULL);
    spec.common_name = "expired";
    spec.from = -2 * HOUR;
    spec.until = -HOUR;
    make_identity(&pki.expired, "expired", &spec, ca);
    spec.common_name = "future";
    spec.from = HOUR;
    spec.until = 2 * HOUR;
    make_identity(&pki.future, "future", &spec, ca);
}

static void
make_files(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct stat whole;
    FILE *f = create(pki.ed25519_key, "ed25519", ".key");

    check(key != NULL &&
              PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 &&
              fclose(f) == 0,
        "writing");
    EVP_PKEY_free(key);
    f = create(pki.garbled, "garbled", ".pem");
    check(fputs("This is not a certificate.\n", f) >= 0 && fclose(f) == 0,
        "writing");
    path_of(pki.missing, "missing.pem");
    f = create(pki.cut, "cut", ".pem");
    check(fclose(f) == 0, "writing");
    check(stat(pki.server.cert, &whole) == 0, "reading");
    {
        char *bytes = malloc((size_t) whole.st_size);
        FILE *from = fopen(pki.server.cert, "re");
        size_t half = (size_t) whole.st_size / 2;

        check(bytes != NULL && from != NULL, "reading");
        check(fread(bytes, 1, half, from) == half, "reading");
        (void) fclose(from);
        f = fopen(pki.cut, "we");
        check(f != NULL && fwrite(bytes, 1, half, f) == half && fclose(f) == 0,
            "writing");
        free(bytes);
    }
}

static void
make_all(void)
{
    struct spec spec = {
        .common_name = "CA", .from = -3 * HOUR, .until = 3 * HOUR, .is_ca = true
    };
    const char *parent = getenv("TMPDIR");
    struct signer ca;
    struct signer other_ca;

    (void) snprintf(pki.dir, sizeof(pki.dir), "%.70s/mwt-pki-XXXXXX",
        parent != NULL ? parent : "/tmp");
    check(mkdtemp(pki.dir) != NULL, "mkdtemp");
    owner = getpid();
    check(atexit(remove_dir) == 0, "atexit");
    ca = make(&spec, NULL);
    other_ca = make(&spec, NULL);
    write_ca(pki.ca, "ca", ca);
    write_ca(pki.other_ca, "other-ca", other_ca);
    make_servers(&ca);
    make_clients(&ca);
    make_brief(&ca);
    make_bad(&ca, &other_ca);
    make_files();
    drop(ca);
    drop(other_ca);
}

const struct mwt_pki *
mwt_pki_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void) pthread_once(&once, make_all);
    return &pki;
}
