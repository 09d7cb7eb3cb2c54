/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/tls_key.h"

#include "custodian/log.h"
#include "proto/socket/client.h"

#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_MS 250 /* between two questions to a custodian that was too late */

struct kc_tls_key {
    struct kc_client *client;
    char id[KC_FRONT_KEY_SIZE];
    int deadline_ms;
    gnutls_pubkey_t public;
    gnutls_pk_algorithm_t algorithm;
    gnutls_ecc_curve_t curve; /* of ECDSA */
    unsigned bits;
    gnutls_privkey_t private; /* stands for the key; has none */

    atomic_int last;     /* enum kc_error of the last signature */
    atomic_bool is_late; /* it is not asked for a signature, but by the watch */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* is_late is, or is_ending */
    pthread_t watch;
    bool has_watch, is_ending;
};

/* --- asking --- */

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

static const struct way *find_way(const struct kc_tls_key *key, gnutls_sign_algorithm_t sign)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].algorithm == key->algorithm && ways[i].curve == key->curve &&
            (sign == GNUTLS_SIGN_UNKNOWN || ways[i].sign == sign))
            return &ways[i];
    return NULL;
}

/* The log has what changed, and not each of many handshakes that fail for the same. */
static void note(struct kc_tls_key *key, enum kc_error error)
{
    if (error == KC_ERR_TIMED_OUT) {
        pthread_mutex_lock(&key->lock);
        atomic_store(&key->is_late, key->has_watch);
        pthread_cond_signal(&key->changed);
        pthread_mutex_unlock(&key->lock);
    }
    if ((enum kc_error)atomic_exchange(&key->last, (int)error) == error)
        return;
    if (error == KC_OK)
        kc_log(KC_LOG_NOTICE, "tls-key-signs", kc_log_text("key", key->id));
    else
        kc_log(KC_LOG_WARNING, "tls-key-fails", kc_log_text("key", key->id), kc_log_error(error));
}

/* hashed: data is the digest already */
static enum kc_error ask(struct kc_tls_key *key, const struct way *way, bool hashed,
    const gnutls_datum_t *data, struct kc_client_answer **answer)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, key->id);
    if (way->scheme)
        kc_values_set_text(&request.message.values, KC_FIELD_SCHEME, way->scheme);
    if (way->hash)
        kc_values_set_text(&request.message.values, KC_FIELD_HASH, way->hash);
    if (hashed)
        kc_values_set_number(&request.message.values, KC_FIELD_HASHED, true);
    enum kc_error error = kc_client_request_data(
        &request, &request.message.values, KC_FIELD_MESSAGE, data->data, data->size);
    if (error == KC_OK)
        error = kc_client_call(key->client, &request, key->deadline_ms, answer);
    if (error == KC_ERR_CONNECTION_LOST) /* the custodian was started again since */
        error = kc_client_call(key->client, &request, key->deadline_ms, answer);
    kc_client_request_done(&request);
    note(key, error);
    return error;
}

static struct kc_span signature_in(const struct kc_client_answer *answer)
{
    return kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span;
}

/* GnuTLS takes r and s as X9.62 has them, and frees what it is given. */
static int give(const struct way *way, struct kc_span made, gnutls_datum_t *signature)
{
    if (way->algorithm == GNUTLS_PK_ECDSA) {
        unsigned half = (unsigned)made.size / 2;
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the library only reads them */
        uint8_t *both = (uint8_t *)(uintptr_t)made.bytes;
        const gnutls_datum_t r = {both, half};
        const gnutls_datum_t s = {both + half, half};
        return gnutls_encode_rs_value(signature, &r, &s);
    }
    signature->data = gnutls_malloc(made.size);
    if (!signature->data)
        return GNUTLS_E_MEMORY_ERROR;
    memcpy(signature->data, made.bytes, made.size);
    signature->size = (unsigned)made.size;
    return 0;
}

/* --- for GnuTLS --- */

static int sign(struct kc_tls_key *key, gnutls_sign_algorithm_t algorithm, bool hashed,
    const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    struct kc_client_answer *answer = NULL;
    const struct way *way = find_way(key, algorithm);
    if (!way)
        return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    int result = GNUTLS_E_PK_SIGN_FAILED;
    if (!atomic_load(&key->is_late) && ask(key, way, hashed, data, &answer) == KC_OK)
        result = give(way, signature_in(answer), signature);
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
    const struct kc_tls_key *own = context;
    (void)key;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return (int)own->algorithm;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return (int)own->bits;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) {
        gnutls_sign_algorithm_t asked = GNUTLS_FLAGS_TO_SIGN_ALGO(flags);
        return asked != GNUTLS_SIGN_UNKNOWN && find_way(own, asked) != NULL;
    }
    return -1;
}

/* --- life --- */

static enum kc_error take_kind(struct kc_tls_key *key)
{
    int code = gnutls_pubkey_get_pk_algorithm(key->public, &key->bits);
    if (code < 0)
        return KC_ERR_CONFIG;
    key->algorithm = (gnutls_pk_algorithm_t)code;
    if (key->algorithm == GNUTLS_PK_ECDSA &&
        gnutls_pubkey_export_ecc_raw(key->public, &key->curve, NULL, NULL) < 0)
        return KC_ERR_CONFIG;
    return find_way(key, GNUTLS_SIGN_UNKNOWN) ? KC_OK : KC_ERR_CONFIG;
}

static void init_locks(struct kc_tls_key *key)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&key->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&key->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum kc_error kc_tls_key_new(
    const struct kc_front_settings *settings, gnutls_pubkey_t public, struct kc_tls_key **key)
{
    struct kc_tls_key *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    init_locks(made);
    made->deadline_ms = (int)settings->limits.handshake_deadline_ms;
    made->public = public;
    memcpy(made->id, settings->tls.key, sizeof made->id);
    enum kc_error error = kc_client_new(settings->custodian, &made->client);
    if (error == KC_OK)
        error = take_kind(made);
    if (error == KC_OK && (gnutls_privkey_init(&made->private) < 0 ||
                              gnutls_privkey_import_ext4(made->private, made, sign_data, sign_hash,
                                  NULL, NULL, tell, 0) < 0))
        error = KC_ERR_NO_MEMORY;
    if (error != KC_OK) {
        kc_tls_key_free(made);
        return error;
    }
    *key = made;
    return KC_OK;
}

void kc_tls_key_free(struct kc_tls_key *key)
{
    if (!key)
        return;
    pthread_mutex_lock(&key->lock);
    key->is_ending = true;
    pthread_cond_signal(&key->changed);
    pthread_mutex_unlock(&key->lock);
    if (key->has_watch)
        pthread_join(key->watch, NULL);
    gnutls_privkey_deinit(key->private);
    kc_client_free(key->client);
    pthread_cond_destroy(&key->changed);
    pthread_mutex_destroy(&key->lock);
    free(key);
}

gnutls_privkey_t kc_tls_key_private(const struct kc_tls_key *key)
{
    return key->private;
}

enum kc_error kc_tls_key_check(struct kc_tls_key *key)
{
    static uint8_t octets[] = "custodian-mesh: is this the key of the certificate?";
    const gnutls_datum_t text = {octets, sizeof octets};
    const struct way *way = find_way(key, GNUTLS_SIGN_UNKNOWN);
    struct kc_client_answer *answer = NULL;
    gnutls_datum_t signature = {NULL, 0};

    enum kc_error error = ask(key, way, false, &text, &answer);
    if (error == KC_OK &&
        (give(way, signature_in(answer), &signature) < 0 ||
            gnutls_pubkey_verify_data2(key->public, way->sign, 0, &text, &signature) < 0))
        error = KC_ERR_SIGNATURE;
    gnutls_free(signature.data);
    kc_client_answer_free(answer);
    return error;
}

/* --- the watch --- */

static void wait_a_while(struct kc_tls_key *key)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += RETRY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&key->changed, &key->lock, &until);
}

static void *watch(void *context)
{
    struct kc_tls_key *key = context;
    pthread_mutex_lock(&key->lock);
    while (!key->is_ending) {
        if (!atomic_load(&key->is_late)) {
            pthread_cond_wait(&key->changed, &key->lock);
            continue;
        }
        wait_a_while(key);
        pthread_mutex_unlock(&key->lock);
        enum kc_error error = kc_tls_key_check(key);
        pthread_mutex_lock(&key->lock);
        atomic_store(&key->is_late, error == KC_ERR_TIMED_OUT);
    }
    pthread_mutex_unlock(&key->lock);
    return NULL;
}

enum kc_error kc_tls_key_watch(struct kc_tls_key *key)
{
    pthread_mutex_lock(&key->lock);
    key->has_watch = pthread_create(&key->watch, NULL, watch, key) == 0;
    bool has_watch = key->has_watch;
    atomic_store(&key->is_late, (enum kc_error)atomic_load(&key->last) == KC_ERR_TIMED_OUT);
    pthread_mutex_unlock(&key->lock);
    return has_watch ? KC_OK : KC_ERR_NO_MEMORY;
}
