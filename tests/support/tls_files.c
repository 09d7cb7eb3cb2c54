/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tls_files.h"

#include "tests/support/custodian.h"
#include "tests/support/port.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY_S 86400
#define COURIER_USER 64804 /* to whom the policy of a test's custodian allows contributions */

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "tls_files: %s\n", what);
    abort();
}

/* Opened with its mode, as a key must never be readable for others. */
static FILE *create(const char *folder, const char *name, const char *kind)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, kind);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    require(file != NULL, path);
    return file;
}

static void write_both(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key)
{
    FILE *file = create(folder, name, "pem");
    require(PEM_write_X509(file, certificate) == 1 && fclose(file) == 0, "certificate");
    file = create(folder, name, "key");
    require(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0,
        "key");
}

static void read_both(const char *folder, const char *name, X509 **certificate, EVP_PKEY **key)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.pem", folder, name);
    FILE *file = fopen(path, "re");
    require(file && (*certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL, path);
    (void)fclose(file);
    snprintf(path, sizeof path, "%s/%s.key", folder, name);
    file = fopen(path, "re");
    require(file && (*key = PEM_read_PrivateKey(file, NULL, NULL, NULL)) != NULL, path);
    (void)fclose(file);
}

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    require(extension && X509_add_ext(certificate, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static X509 *new_certificate(const char *name, EVP_PKEY *key, enum kc_tls_validity validity)
{
    unsigned char serial[8];
    X509 *made = X509_new();
    require(made && RAND_bytes(serial, sizeof serial) == 1, "certificate");
    serial[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    require(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made)), "serial");
    BN_free(number);
    require(
        X509_set_version(made, X509_VERSION_3) == 1 && X509_set_pubkey(made, key) == 1 &&
            X509_gmtime_adj(X509_getm_notBefore(made), -2L * DAY_S) &&
            X509_gmtime_adj(X509_getm_notAfter(made), validity == KC_TLS_VALID ? DAY_S : -DAY_S) &&
            X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                (const unsigned char *)name, -1, -1, 0) == 1,
        "certificate");
    return made;
}

void kc_tls_make_authority(const char *folder, const char *name)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    require(key != NULL, "key");
    X509 *made = new_certificate(name, key, KC_TLS_VALID);
    require(X509_set_issuer_name(made, X509_get_subject_name(made)) == 1, "issuer");
    add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
    require(X509_sign(made, key, NULL) > 0, "sign");
    write_both(folder, name, made, key);
    X509_free(made);
    EVP_PKEY_free(key);
}

void kc_tls_make_certificate(const char *folder, const char *authority, const char *name,
    const char *dns_name, enum kc_tls_validity validity)
{
    char alternative[256];
    X509 *issuer = NULL;
    EVP_PKEY *issuer_key = NULL, *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    require(key != NULL, "key");
    read_both(folder, authority, &issuer, &issuer_key);
    X509 *made = new_certificate(name, key, validity);
    require(X509_set_issuer_name(made, X509_get_subject_name(issuer)) == 1, "issuer");
    snprintf(alternative, sizeof alternative, "DNS:%s", dns_name ? dns_name : "");
    if (dns_name)
        add_extension(made, NID_subject_alt_name, alternative);
    require(X509_sign(made, issuer_key, NULL) > 0, "sign");
    write_both(folder, name, made, key);
    X509_free(made);
    X509_free(issuer);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer_key);
}

static void add_revoked(X509_CRL *list, const char *folder, const char *name)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *since = X509_gmtime_adj(NULL, -DAY_S);
    read_both(folder, name, &certificate, &key);
    require(entry && since &&
                X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1 &&
                X509_REVOKED_set_revocationDate(entry, since) == 1 &&
                X509_CRL_add0_revoked(list, entry) == 1,
        "revoked");
    ASN1_TIME_free(since);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void kc_tls_revoke(const char *folder, const char *authority, const char *list, const char *revoked,
    enum kc_tls_validity validity)
{
    X509 *issuer = NULL;
    EVP_PKEY *key = NULL;
    X509_CRL *made = X509_CRL_new();
    ASN1_TIME *last = X509_gmtime_adj(NULL, -2L * DAY_S),
              *next = X509_gmtime_adj(NULL, validity == KC_TLS_VALID ? DAY_S : -DAY_S);
    read_both(folder, authority, &issuer, &key);
    require(made && last && next && X509_CRL_set_version(made, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(made, X509_get_subject_name(issuer)) == 1 &&
                X509_CRL_set1_lastUpdate(made, last) == 1 &&
                X509_CRL_set1_nextUpdate(made, next) == 1,
        "list");
    if (revoked)
        add_revoked(made, folder, revoked);
    require(X509_CRL_sort(made) == 1 && X509_CRL_sign(made, key, NULL) > 0, "sign");
    FILE *file = create(folder, list, "pem");
    require(PEM_write_X509_CRL(file, made) == 1 && fclose(file) == 0, list);
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    X509_CRL_free(made);
    X509_free(issuer);
    EVP_PKEY_free(key);
}

void kc_tls_settings(
    char *line, size_t size, const char *folder, const char *name, const char *authority)
{
    snprintf(line, size,
        "tls = { certificate = \"%s/%s.pem\"; key = \"%s/%s.key\"; authorities = \"%s/%s.pem\"; "
        "};\n",
        folder, name, folder, name, folder, authority);
}

void kc_tls_pair(const struct kc_custodian *service, unsigned deadline_ms, char at_service[1024],
    char at_device[1024])
{
    const char *folder = service->folder;
    char tls[512];
    unsigned port = kc_test_own_port();
    kc_tls_make_authority(folder, "authority");
    kc_tls_make_certificate(folder, "authority", "service", "service.test", KC_TLS_VALID);
    kc_tls_make_certificate(folder, "authority", "device", "device.test", KC_TLS_VALID);
    kc_tls_settings(tls, sizeof tls, folder, "service", "authority");
    snprintf(at_service, 1024,
        "%slisten = { address = \"127.0.0.1\"; port = %u; "
        "remotes = ( { certificate_name = \"device.test\"; user = %u; } ); };\n",
        tls, port, geteuid() == 0 ? COURIER_USER : geteuid());
    kc_tls_settings(tls, sizeof tls, folder, "device", "authority");
    snprintf(at_device, 1024,
        "%speers = ( { name = \"service\"; address = \"127.0.0.1\"; port = %u; "
        "certificate_name = \"service.test\"; keyrings = [ \"home\" ]; deadline_ms = %u; } );\n",
        tls, port, deadline_ms);
}
