/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/client.h"

#include "threshold/key.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

static const char message[] = "what both sign";

/* --- asking --- */

void give(struct kc_client_request *request, const struct given *fields)
{
    struct kc_values *values = &request->message.values;
    for (; fields->field != KC_FIELDS; fields++) {
        enum kc_error error = KC_OK;
        switch (kc_fields[fields->field].type) {
        case KC_TYPE_SECRET:
            error = kc_client_request_secret(
                request, values, fields->field, fields->bytes, fields->size);
            break;
        case KC_TYPE_DATA:
            error =
                kc_client_request_data(request, values, fields->field, fields->bytes, fields->size);
            break;
        case KC_TYPE_UINT:
        case KC_TYPE_BOOL:
            kc_values_set_number(values, fields->field, fields->size);
            break;
        case KC_TYPE_TEXT:
        case KC_TYPE_BYTES:
        case KC_TYPE_ITEMS:
            kc_values_set_span(values, fields->field, fields->bytes, fields->size);
            break;
        }
        assert_int_equal(error, KC_OK);
    }
}

enum kc_error ask(struct kc_client *client, enum kc_operation operation,
    struct kc_client_answer **answer, const struct given *fields)
{
    struct kc_client_request request;
    struct kc_client_answer *came = NULL;
    kc_client_request_init(&request, operation);
    give(&request, fields);
    enum kc_error error = kc_client_call(client, &request, DEADLINE_MS, &came);
    kc_client_request_done(&request);
    if (answer && error == KC_OK)
        *answer = came;
    else
        kc_client_answer_free(came);
    return error;
}

struct kc_client *connect_to(const struct kc_custodian *custodian)
{
    struct kc_client *client;
    assert_int_equal(kc_client_new(custodian->socket, &client), KC_OK);
    return client;
}

const struct kc_value *value_of(const struct kc_client_answer *answer, enum kc_field field)
{
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    assert_true(kc_values_has(values, field));
    return &values->value[field];
}

void copy_text(const struct kc_client_answer *answer, enum kc_field field, char text[static 65])
{
    struct kc_span span = value_of(answer, field)->span;
    assert_in_range(span.size, 1, 64);
    memcpy(text, span.bytes, span.size);
    text[span.size] = '\0';
}

/* --- OpenSSL's opinion --- */

static size_t raw_size(const struct key *key)
{
    return strcmp(key->algorithm, "X25519") == 0 ? 32
           : strcmp(key->algorithm, "X448") == 0 ? 56
                                                 : 0;
}

static EVP_PKEY *openssl_key(const struct key *key)
{
    size_t size = raw_size(key);
    EVP_PKEY *made = EVP_PKEY_new_raw_public_key_ex(
        NULL, key->algorithm, NULL, key->public, size ? size : key->public_size);
    assert_non_null(made);
    return made;
}

static void assert_verifies(const struct key *key, struct kc_span signature)
{
    EVP_PKEY *public = openssl_key(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, public), 1);
    assert_int_equal(EVP_DigestVerify(context, signature.bytes, signature.size,
                         (const uint8_t *)message, sizeof message),
        1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
}

/* Whole points, sign included: what contributions are made to. */
static void write_public(
    const struct key *key, const uint8_t *seed, size_t seed_size, struct peer *peer)
{
    struct kc_key own;
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    assert_int_equal(kc_key_from_seed(&own, info->curve, seed, seed_size), KC_OK);
    kc_point_encode(&own.public, peer->public);
    peer->public_size = info->point_size;
    kc_key_wipe(&own);
}

void make_peer(const struct key *key, struct peer *peer)
{
    uint8_t seed[56];
    size_t size = raw_size(key);
    assert_int_equal(getrandom(seed, size, 0), size);
    write_public(key, seed, size, peer);
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key_ex(NULL, key->algorithm, NULL, seed, size);
    EVP_PKEY *public = openssl_key(key);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    peer->z_size = sizeof peer->z;
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, public), 1);
    assert_int_equal(EVP_PKEY_derive(context, peer->z, &peer->z_size), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(public);
    EVP_PKEY_free(own);
}

static void assert_agreed(const struct kc_client_answer *answer, const struct peer *peer)
{
    uint8_t secret[64];
    size_t size;
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    assert_int_equal(
        kc_client_answer_secret(answer, values, KC_FIELD_SECRET, secret, sizeof secret, &size),
        KC_OK);
    assert_int_equal(size, peer->z_size);
    assert_memory_equal(secret, peer->z, size);
}

/* --- keys --- */

static void read_key(const struct kc_client_answer *answer, struct key *key)
{
    char algorithm[65];
    struct kc_span public = value_of(answer, KC_FIELD_PUBLIC)->span;
    copy_text(answer, KC_FIELD_KEY, key->id);
    copy_text(answer, KC_FIELD_ALGORITHM, algorithm);
    memcpy(key->algorithm, algorithm, sizeof key->algorithm);
    memcpy(key->public, public.bytes, public.size);
    key->public_size = public.size;
}

enum kc_error generate(struct kc_client *client, const char *algorithm, const char *role,
    const char *residence, const char *label, struct key *key)
{
    struct kc_client_answer *answer;
    enum kc_error error = ASK(client, KEY_GENERATE, &answer, TEXT(ALGORITHM, algorithm),
        TEXT(KEYRING, "home"), TEXT(LABEL, label), TEXT(ROLE, role), TEXT(RESIDENCE, residence));
    if (error != KC_OK)
        return error;
    read_key(answer, key);
    kc_client_answer_free(answer);
    return KC_OK;
}

static enum kc_error sign(struct kc_client *client, const struct key *key)
{
    struct kc_client_answer *answer;
    enum kc_error error = ASK(
        client, KEY_SIGN, &answer, TEXT(KEY, key->id), OCTETS(MESSAGE, message, sizeof message));
    if (error != KC_OK)
        return error;
    assert_verifies(key, value_of(answer, KC_FIELD_SIGNATURE)->span);
    kc_client_answer_free(answer);
    return KC_OK;
}

enum kc_error agree(struct kc_client *client, const struct key *key, struct peer *peer)
{
    struct kc_client_answer *answer;
    make_peer(key, peer);
    enum kc_error error = ASK(client, KEY_AGREE, &answer, TEXT(KEY, key->id),
        OCTETS(PEER, peer->public, peer->public_size));
    if (error != KC_OK)
        return error;
    assert_agreed(answer, peer);
    kc_client_answer_free(answer);
    return KC_OK;
}

enum kc_error use_key(struct kc_client *client, const struct key *key)
{
    struct peer peer;
    return raw_size(key) > 0 ? agree(client, key, &peer) : sign(client, key);
}

enum kc_error destroy_key(struct kc_client *client, const char *id)
{
    return ASK(client, KEY_DESTROY, NULL, TEXT(KEY, id));
}

/* --- split keys --- */

void set_pin(struct kc_client *client)
{
    assert_answer(ASK(client, OPERATOR_PIN, NULL, OCTETS(NEW_PIN, PIN, sizeof PIN - 1)), KC_OK);
}

void enrol(struct kc_client *client, const char *algorithm, const uint8_t *public, size_t size,
    const char *label, char id[static 65])
{
    struct kc_client_answer *answer;
    assert_answer(
        ASK(client, RECIPIENT_ADD, &answer, TEXT(LABEL, label), TEXT(ALGORITHM, algorithm),
            OCTETS(PUBLIC, public, size), OCTETS(PIN, PIN, sizeof PIN - 1)),
        KC_OK);
    copy_text(answer, KC_FIELD_RECIPIENT, id);
    kc_client_answer_free(answer);
}

void enrol_nobody(struct kc_client *client, char recipient[static 65])
{
    static const uint8_t base_point[33] = {9}; /* of X25519: a point whose scalar is not kept */
    enrol(client, "X25519", base_point, sizeof base_point, "nobody", recipient);
}

void enrol_service(struct kc_client *client, struct kc_client *service, struct key *wrap)
{
    char id[65];
    assert_answer(generate(service, "X25519", "wrap", "sealed", "shares come to it", wrap), KC_OK);
    enrol(client, wrap->algorithm, wrap->public, wrap->public_size, "service", id);
    assert_string_equal(id, wrap->id);
}

enum kc_error split_key(
    struct kc_client *client, const struct key *key, const char *recipient, struct split *split)
{
    struct kc_client_answer *answer;
    enum kc_error error = ASK(client, SHARE_SPLIT, &answer, TEXT(KEY, key->id),
        TEXT(RECIPIENT, recipient), OCTETS(PIN, PIN, sizeof PIN - 1));
    if (error != KC_OK)
        return error;
    split->first = *key;
    copy_text(answer, KC_FIELD_KEY, split->first.id);
    struct kc_span envelope = value_of(answer, KC_FIELD_ENVELOPE)->span;
    memcpy(split->envelope, envelope.bytes, envelope.size);
    split->envelope_size = envelope.size;
    kc_client_answer_free(answer);
    return KC_OK;
}

enum kc_error accept_share(
    struct kc_client *client, const char *wrap, const char *label, struct split *split)
{
    struct kc_client_answer *answer;
    enum kc_error error = ASK(client, SHARE_ACCEPT, &answer, TEXT(KEY, wrap),
        OCTETS(ENVELOPE, split->envelope, split->envelope_size), TEXT(KEYRING, "home"),
        TEXT(LABEL, label));
    if (error != KC_OK)
        return error;
    split->service = split->first;
    copy_text(answer, KC_FIELD_KEY, split->service.id);
    kc_client_answer_free(answer);
    return KC_OK;
}

static enum kc_error agree_together(
    struct kc_client *first, struct kc_client *service, const struct split *split)
{
    struct kc_client_answer *contribution, *answer;
    struct peer peer;
    make_peer(&split->first, &peer);
    enum kc_error error = ASK(service, AGREEMENT_CONTRIBUTE, &contribution,
        TEXT(KEY, split->service.id), OCTETS(PEER, peer.public, peer.public_size));
    if (error != KC_OK)
        return error;
    struct kc_span point = value_of(contribution, KC_FIELD_CONTRIBUTION)->span;
    error = ASK(first, AGREEMENT_COMBINE, &answer, TEXT(KEY, split->first.id),
        OCTETS(PEER, peer.public, peer.public_size), OCTETS(CONTRIBUTION, point.bytes, point.size));
    kc_client_answer_free(contribution);
    if (error != KC_OK)
        return error;
    assert_agreed(answer, &peer);
    kc_client_answer_free(answer);
    return KC_OK;
}

static enum kc_error finish(struct kc_client *first, const struct split *split,
    const struct kc_client_answer *opened, const struct kc_client_answer *contributed)
{
    struct kc_client_answer *answer;
    struct kc_span session = value_of(opened, KC_FIELD_SESSION)->span;
    struct kc_span commitment = value_of(contributed, KC_FIELD_COMMITMENT)->span;
    struct kc_span share = value_of(contributed, KC_FIELD_SIGNATURE_SHARE)->span;
    enum kc_error error = ASK(first, SIGNATURE_FINISH, &answer, TEXT(KEY, split->first.id),
        OCTETS(SESSION, session.bytes, session.size),
        OCTETS(COMMITMENT, commitment.bytes, commitment.size),
        OCTETS(SIGNATURE_SHARE, share.bytes, share.size));
    if (error != KC_OK)
        return error;
    assert_verifies(&split->first, value_of(answer, KC_FIELD_SIGNATURE)->span);
    kc_client_answer_free(answer);
    return KC_OK;
}

static enum kc_error sign_together(
    struct kc_client *first, struct kc_client *service, const struct split *split)
{
    struct kc_client_answer *opened, *contributed;
    enum kc_error error = ASK(first, SIGNATURE_COMMIT, &opened, TEXT(KEY, split->first.id),
        OCTETS(MESSAGE, message, sizeof message));
    if (error != KC_OK)
        return error;
    struct kc_span commitment = value_of(opened, KC_FIELD_COMMITMENT)->span;
    error = ASK(service, SIGNATURE_CONTRIBUTE, &contributed, TEXT(KEY, split->service.id),
        OCTETS(MESSAGE, message, sizeof message),
        OCTETS(COMMITMENT, commitment.bytes, commitment.size));
    if (error == KC_OK) {
        error = finish(first, split, opened, contributed);
        kc_client_answer_free(contributed);
    }
    kc_client_answer_free(opened);
    return error;
}

enum kc_error use_split(
    struct kc_client *first, struct kc_client *service, const struct split *split)
{
    return raw_size(&split->first) > 0 ? agree_together(first, service, split)
                                       : sign_together(first, service, split);
}
