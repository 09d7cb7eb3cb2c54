/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/tls.h"

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAIN_MAX 8
#define SIGNATURE_MAX 512

struct kc_tls {
    struct kc_client *client;
    char key[KC_FRONT_KEY_SIZE];
    int deadline_ms;
    gnutls_pk_algorithm_t algorithm;
    gnutls_ecc_curve_t curve; /* of ECDSA */
    unsigned bits;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t private; /* stands for the key; has none */
};

static struct kc_tls *served;

/* --- signing --- */

/* The ways to sign in TLS 1.3, and how the custodian calls them. */
static const struct way {
    gnutls_sign_algorithm_t sign;
    gnutls_pk_algorithm_t algorithm;
    gnutls_ecc_curve_t curve;
    const char *scheme, *hash; /* NULL: not said */
} ways[] = {
    {GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519, GNUTLS_ECC_CURVE_INVALID, NULL, NULL},
    {GNUTLS_SIGN_EDDSA_ED448, GNUTLS_PK_EDDSA_ED448, GNUTLS_ECC_CURVE_INVALID, NULL, NULL},
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP256R1, "ecdsa",
        "SHA-256"},
    {GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP384R1, "ecdsa",
        "SHA-384"},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, "pss", "SHA-256"},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, "pss", "SHA-384"},
};

static const struct way *find_way(const struct kc_tls *tls, gnutls_sign_algorithm_t sign)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].algorithm == tls->algorithm && ways[i].curve == tls->curve &&
            (sign == GNUTLS_SIGN_UNKNOWN || ways[i].sign == sign))
            return &ways[i];
    return NULL;
}

/* hashed: data is the digest already */
static enum kc_error ask(const struct kc_tls *tls, const struct way *way, bool hashed,
    const gnutls_datum_t *data, struct kc_client_answer **answer)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, tls->key);
    if (way->scheme)
        kc_values_set_text(&request.message.values, KC_FIELD_SCHEME, way->scheme);
    if (way->hash)
        kc_values_set_text(&request.message.values, KC_FIELD_HASH, way->hash);
    if (hashed)
        kc_values_set_number(&request.message.values, KC_FIELD_HASHED, true);
    enum kc_error error = kc_client_request_data(
        &request, &request.message.values, KC_FIELD_MESSAGE, data->data, data->size);
    if (error == KC_OK)
        error = kc_client_call(tls->client, &request, tls->deadline_ms, answer);
    if (error == KC_ERR_CONNECTION_LOST) /* the custodian was started again since */
        error = kc_client_call(tls->client, &request, tls->deadline_ms, answer);
    kc_client_request_done(&request);
    return error;
}

/* GnuTLS takes r and s as X9.62 has them, and frees what it is given. */
static int give(const struct way *way, struct kc_span made, gnutls_datum_t *signature)
{
    if (way->algorithm == GNUTLS_PK_ECDSA) {
        unsigned half = (unsigned)made.size / 2;
        const gnutls_datum_t r = {(uint8_t *)(uintptr_t)made.bytes, half};
        const gnutls_datum_t s = {(uint8_t *)(uintptr_t)made.bytes + half, half};
        return gnutls_encode_rs_value(signature, &r, &s);
    }
    signature->data = gnutls_malloc(made.size);
    if (!signature->data)
        return GNUTLS_E_MEMORY_ERROR;
    memcpy(signature->data, made.bytes, made.size);
    signature->size = (unsigned)made.size;
    return 0;
}

static int sign(struct kc_tls *tls, gnutls_sign_algorithm_t algorithm, bool hashed,
    const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    struct kc_client_answer *answer = NULL;
    const struct way *way = find_way(tls, algorithm);
    if (!way)
        return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    int result = GNUTLS_E_PK_SIGN_FAILED;
    if (ask(tls, way, hashed, data, &answer) == KC_OK)
        result = give(way, kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span,
            signature);
    kc_client_answer_free(answer);
    return result;
}

/* GnuTLS hands over what EdDSA signs, and of all others the digest. */
static int sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *context,
    unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    (void)key;
    (void)flags;
    return sign(context, algorithm, false, data, signature);
}

static int sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *context,
    unsigned flags, const gnutls_datum_t *digest, gnutls_datum_t *signature)
{
    (void)key;
    (void)flags;
    return sign(context, algorithm, true, digest, signature);
}

/* What the key that is not here can do. */
static int tell(gnutls_privkey_t key, unsigned flags, void *context)
{
    const struct kc_tls *tls = context;
    (void)key;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return (int)tls->algorithm;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return (int)tls->bits;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) {
        gnutls_sign_algorithm_t asked = GNUTLS_FLAGS_TO_SIGN_ALGO(flags);
        return asked != GNUTLS_SIGN_UNKNOWN && find_way(tls, asked) != NULL;
    }
    return -1;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
    const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
    unsigned *count, gnutls_privkey_t *private)
{
    (void)session;
    (void)issuers;
    (void)issuer_count;
    (void)algorithms;
    (void)algorithm_count;
    *chain = served->chain;
    *count = served->count;
    *private = served->private;
    return 0;
}

void *kc_tls_callback(void)
{
    return (void *)(uintptr_t)retrieve;
}

/* --- the certificate --- */

static enum kc_error wrong(struct kc_config_problem *problem, const char *what, int code)
{
    snprintf(problem->text, sizeof problem->text, "%.120s: %.100s", what,
        code ? gnutls_strerror(code) : "not a key that the custodian signs with");
    return KC_ERR_CONFIG;
}

static enum kc_error read_file(
    struct kc_tls *tls, const char *path, struct kc_config_problem *problem)
{
    gnutls_datum_t text = {NULL, 0};
    int code = gnutls_load_file(path, &text);
    tls->count = CHAIN_MAX;
    if (code >= 0)
        code = gnutls_pcert_list_import_x509_raw(
            tls->chain, &tls->count, &text, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(text.data);
    if (code >= 0)
        return KC_OK;
    tls->count = 0;
    return wrong(problem, path, code);
}

static enum kc_error read_object(
    struct kc_tls *tls, const char *object, struct kc_config_problem *problem)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_OBJECT_SHOW);
    kc_values_set_text(&request.message.values, KC_FIELD_OBJECT, object);
    enum kc_error error = kc_client_call(tls->client, &request, tls->deadline_ms, &answer);
    if (error == KC_OK) {
        struct kc_span value = kc_client_answer_message(answer)->values.value[KC_FIELD_VALUE].span;
        const gnutls_datum_t der = {(uint8_t *)(uintptr_t)value.bytes, (unsigned)value.size};
        int code = gnutls_pcert_import_x509_raw(&tls->chain[0], &der, GNUTLS_X509_FMT_DER, 0);
        tls->count = code >= 0;
        if (code < 0)
            error = wrong(problem, object, code);
    }
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    return error;
}

/* The certificate says of which kind the key is. */
static enum kc_error stand_in(struct kc_tls *tls, struct kc_config_problem *problem)
{
    gnutls_pubkey_t public = tls->chain[0].pubkey;
    int code = gnutls_pubkey_get_pk_algorithm(public, &tls->bits);
    if (code >= 0) {
        tls->algorithm = (gnutls_pk_algorithm_t)code;
        code = 0;
        if (tls->algorithm == GNUTLS_PK_ECDSA)
            code = gnutls_pubkey_export_ecc_raw(public, &tls->curve, NULL, NULL);
    }
    if (code < 0 || !find_way(tls, GNUTLS_SIGN_UNKNOWN))
        return wrong(problem, "certificate", code);
    code = gnutls_privkey_init(&tls->private);
    if (code >= 0)
        code = gnutls_privkey_import_ext4(
            tls->private, tls, sign_data, sign_hash, NULL, NULL, tell, 0);
    return code >= 0 ? KC_OK : wrong(problem, "key", code);
}

enum kc_error kc_tls_new(const struct kc_front_tls *settings, const char *socket,
    uint32_t deadline_ms, struct kc_tls **tls, struct kc_config_problem *problem)
{
    struct kc_tls *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->deadline_ms = (int)deadline_ms;
    memcpy(made->key, settings->key, sizeof made->key);
    enum kc_error error = kc_client_new(socket, &made->client);
    if (error == KC_OK)
        error = settings->object[0] ? read_object(made, settings->object, problem)
                                    : read_file(made, settings->certificate, problem);
    if (error == KC_OK)
        error = stand_in(made, problem);
    if (error != KC_OK) {
        kc_tls_free(made);
        return error;
    }
    *tls = served = made;
    return KC_OK;
}

void kc_tls_free(struct kc_tls *tls)
{
    if (!tls)
        return;
    if (served == tls)
        served = NULL;
    gnutls_privkey_deinit(tls->private);
    for (unsigned i = 0; i < tls->count; i++)
        gnutls_pcert_deinit(&tls->chain[i]);
    kc_client_free(tls->client);
    free(tls);
}

enum kc_error kc_tls_check(const struct kc_tls *tls)
{
    static uint8_t octets[] = "custodian-mesh: is this the key of the certificate?";
    const gnutls_datum_t text = {octets, sizeof octets};
    const struct way *way = find_way(tls, GNUTLS_SIGN_UNKNOWN);
    struct kc_client_answer *answer = NULL;
    gnutls_datum_t signature = {NULL, 0};

    enum kc_error error = ask(tls, way, false, &text, &answer);
    if (error == KC_OK) {
        struct kc_span made =
            kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span;
        if (give(way, made, &signature) < 0 ||
            gnutls_pubkey_verify_data2(tls->chain[0].pubkey, way->sign, 0, &text, &signature) < 0)
            error = KC_ERR_SIGNATURE;
    }
    gnutls_free(signature.data);
    kc_client_answer_free(answer);
    return error;
}
