/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/tls/identity.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHAIN_MAX 8 /* certificates between that of a custodian and its authority */

/* No pass phrase is ever asked for: nobody is there. */
static int no_phrase(char *buffer, int size, int writes, void *context)
{
    (void)buffer;
    (void)size;
    (void)writes;
    (void)context;
    return -1;
}

/* The file is looked at through the descriptor that is read. */
static FILE *open_key(const char *path, enum kc_error *error)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *error = KC_ERR_CONFIG;
    if (descriptor < 0)
        return NULL;
    if (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode) ||
        (status.st_uid != 0 && status.st_uid != geteuid()) || (status.st_mode & 077) != 0) {
        *error = KC_ERR_CONFIG_PERMISSIONS;
        close(descriptor);
        return NULL;
    }
    FILE *file = fdopen(descriptor, "r");
    if (!file)
        close(descriptor);
    return file;
}

static enum kc_error use_key(SSL_CTX *context, const char *path)
{
    enum kc_error error;
    FILE *file = open_key(path, &error);
    if (!file)
        return error;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_phrase, NULL);
    (void)fclose(file);
    bool good =
        key && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    return good ? KC_OK : KC_ERR_CONFIG;
}

/* Each certificate on the way to an authority then needs a list that is of now. */
static enum kc_error use_revocations(SSL_CTX *context, const char *path)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    FILE *file = fopen(path, "re");
    X509_CRL *list;
    size_t count = 0;
    bool good = file != NULL;
    while (good && (list = PEM_read_X509_CRL(file, NULL, no_phrase, NULL)) != NULL) {
        good = X509_STORE_add_crl(store, list) == 1;
        X509_CRL_free(list);
        count++;
    }
    good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (file)
        (void)fclose(file);
    return good && count > 0 &&
                   X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) ==
                       1
               ? KC_OK
               : KC_ERR_CONFIG;
}

static enum kc_error use_files(
    SSL_CTX *context, const struct kc_config_tls *config, const char **problem)
{
    *problem = config->certificate;
    if (SSL_CTX_use_certificate_chain_file(context, config->certificate) != 1)
        return KC_ERR_CONFIG;
    *problem = config->authorities;
    if (SSL_CTX_load_verify_file(context, config->authorities) != 1)
        return KC_ERR_CONFIG;
    *problem = config->revocations;
    if (config->revocations[0] != 0 && use_revocations(context, config->revocations) != KC_OK)
        return KC_ERR_CONFIG;
    *problem = config->key;
    return use_key(context, config->key);
}

/* No tickets and no cache: each connection shows its certificates anew, and what comes over one is
 * nothing but what was asked for. */
static bool set_rules(SSL_CTX *context)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(context, CHAIN_MAX);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context, no_phrase);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1;
}

enum kc_error kc_tls_new(
    const struct kc_config_tls *config, bool serves, struct kc_tls **tls, const char **problem)
{
    *problem = "libssl";
    tzset(); /* comparing dates reads the time zone's file once */
    /* the host's own settings for programs could name other providers, this custodian's for one */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return KC_ERR_CONFIG;
    struct kc_tls *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->context = SSL_CTX_new(serves ? TLS_server_method() : TLS_client_method());
    enum kc_error error = KC_ERR_CONFIG;
    if (made->context && set_rules(made->context))
        error = use_files(made->context, config, problem);
    ERR_clear_error();
    if (error != KC_OK) {
        kc_tls_free(made);
        return error;
    }
    *tls = made;
    return KC_OK;
}

void kc_tls_free(struct kc_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}
