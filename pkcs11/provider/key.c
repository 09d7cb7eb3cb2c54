/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/provider/key.h"

#include "pkcs11/provider/uri.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kc_key_kind kc_key_kinds[KC_KINDS] = {
    [KC_KIND_RSA] = {"RSA", "RSA", NULL, 0},
    [KC_KIND_EC] = {"EC", "ECDSA", "ECDH", 0},
    [KC_KIND_ED25519] = {"ED25519", "ED25519", NULL, 32},
    [KC_KIND_ED448] = {"ED448", "ED448", NULL, 57},
    [KC_KIND_X25519] = {"X25519", NULL, "X25519", 32},
    [KC_KIND_X448] = {"X448", NULL, "X448", 56},
};

/* The custodian's algorithms, and the curve by OpenSSL's name. */
static const struct {
    const char *name;
    enum kc_key_kind_number kind;
    const char *group;
} algorithms[] = {
    {"Ed25519", KC_KIND_ED25519, NULL},
    {"Ed448", KC_KIND_ED448, NULL},
    {"X25519", KC_KIND_X25519, NULL},
    {"X448", KC_KIND_X448, NULL},
    {"P-256", KC_KIND_EC, "prime256v1"},
    {"P-384", KC_KIND_EC, "secp384r1"},
    {"RSA-2048", KC_KIND_RSA, NULL},
    {"RSA-3072", KC_KIND_RSA, NULL},
    {"RSA-4096", KC_KIND_RSA, NULL},
};
#define KC_PIN_MAX 64
#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

/* The row of an algorithm; ALGORITHMS: there is none. */
static size_t find_algorithm(struct kc_span name)
{
    size_t i = 0;
    while (i < ALGORITHMS && (name.bytes == NULL || strlen(algorithms[i].name) != name.size ||
                                 memcmp(algorithms[i].name, name.bytes, name.size) != 0))
        i++;
    return i;
}

const struct kc_key_kind *kc_key_kind_of(struct kc_span algorithm)
{
    size_t row = find_algorithm(algorithm);
    return row < ALGORITHMS ? &kc_key_kinds[algorithms[row].kind] : NULL;
}

/* --- life --- */

struct kc_key *kc_key_new(const struct kc_provider *provider, const struct kc_key_kind *kind)
{
    struct kc_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return NULL;
    key->provider = provider;
    key->kind = kind;
    atomic_init(&key->users, 1);
    return key;
}

struct kc_key *kc_key_share(struct kc_key *key)
{
    atomic_fetch_add(&key->users, 1);
    return key;
}

void kc_key_free(struct kc_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->users, 1) > 1)
        return;
    EVP_PKEY_free(key->public);
    free(key);
}

int kc_key_hand_over(struct kc_key *key, OSSL_CALLBACK *callback, void *argument)
{
    int type = OSSL_OBJECT_PKEY;
    char name[16];
    memcpy(name, key->kind->name, strlen(key->kind->name) + 1);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, 0),
        OSSL_PARAM_construct_octet_string(
            OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof(struct kc_key *)),
        OSSL_PARAM_construct_end()};
    int done = callback(params, argument);
    kc_key_free(key); /* who took it has set it to NULL */
    return done;
}

/* --- the public half --- */

static EVP_PKEY *from_params(
    const struct kc_provider *provider, const char *name, OSSL_PARAM params[])
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(provider->library, name, NULL);
    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *make_rsa(const struct kc_provider *provider, struct kc_span public)
{
    const unsigned char *at = public.bytes;
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "DER", "type-specific", "RSA",
        OSSL_KEYMGMT_SELECT_PUBLIC_KEY, provider->library, NULL);
    size_t size = public.size;
    if (decoder != NULL && OSSL_DECODER_from_data(decoder, &at, &size) != 1)
        key = NULL;
    OSSL_DECODER_CTX_free(decoder);
    return key;
}

static EVP_PKEY *make_ec(
    const struct kc_provider *provider, const char *group, struct kc_span public)
{
    char name[16];
    uint8_t point[97];
    if (public.bytes == NULL || public.size > sizeof point)
        return NULL;
    memcpy(name, group, strlen(group) + 1);
    memcpy(point, public.bytes, public.size);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, public.size),
        OSSL_PARAM_construct_end()};
    return from_params(provider, "EC", params);
}

/* X25519 and X448 come with the sign of v behind u. */
static EVP_PKEY *make_public(
    const struct kc_provider *provider, size_t algorithm, struct kc_span public)
{
    const struct kc_key_kind *kind = &kc_key_kinds[algorithms[algorithm].kind];
    if (algorithms[algorithm].kind == KC_KIND_RSA)
        return make_rsa(provider, public);
    if (algorithms[algorithm].kind == KC_KIND_EC)
        return make_ec(provider, algorithms[algorithm].group, public);
    if (public.size < kind->raw_size)
        return NULL;
    return EVP_PKEY_new_raw_public_key_ex(
        provider->library, kind->name, NULL, public.bytes, kind->raw_size);
}

/* --- from the custodian --- */

static struct kc_span span_of(const struct kc_values *values, enum kc_field field)
{
    return kc_values_has(values, field) ? values->value[field].span : (struct kc_span){NULL, 0};
}

/* Whether programs may use it: an application key, or the first share of a split one. */
static bool is_offered(const struct kc_values *values)
{
    bool share = kc_values_text_is(values, KC_FIELD_ROLE, "share") &&
                 kc_values_text_is(values, KC_FIELD_CLASS, "application") &&
                 kc_values_has(values, KC_FIELD_INDEX) && values->value[KC_FIELD_INDEX].number == 1;
    return kc_values_text_is(values, KC_FIELD_STATE, "active") &&
           (share || kc_values_text_is(values, KC_FIELD_ROLE, "application"));
}

static enum kc_error read_key(
    const struct kc_provider *provider, const struct kc_values *values, struct kc_key **key)
{
    struct kc_span id = span_of(values, KC_FIELD_KEY);
    size_t algorithm = find_algorithm(span_of(values, KC_FIELD_ALGORITHM));
    bool split = kc_values_has(values, KC_FIELD_GROUP_PUBLIC);
    if (algorithm == ALGORITHMS || id.bytes == NULL || id.size >= KC_KEY_ID_SIZE)
        return KC_ERR_BAD_ALGORITHM;
    struct kc_key *result = kc_key_new(provider, &kc_key_kinds[algorithms[algorithm].kind]);
    if (result == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(result->id, id.bytes, id.size);
    result->public = make_public(
        provider, algorithm, span_of(values, split ? KC_FIELD_GROUP_PUBLIC : KC_FIELD_PUBLIC));
    if (result->public == NULL) {
        kc_key_free(result);
        return KC_ERR_BAD_REPLY;
    }
    *key = result;
    return KC_OK;
}

static enum kc_error raise(
    const struct kc_provider *provider, enum kc_error error, const char *more)
{
    kc_provider_raise(provider, error, more);
    return error;
}

/* What is looked for, and who may be asked for a PIN. */
struct kc_wish {
    const struct kc_provider *provider;
    const struct kc_uri *uri;
    const struct kc_asker *asker;
};

/* --- logging in --- */

static enum kc_error send_login(
    const struct kc_wish *wish, const char *keyring, const char *pin, size_t size)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_KEYRING_LOGIN);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_KEYRING, keyring);
    kc_values_set_text(values, KC_FIELD_WHO, wish->uri->user[0] != '\0' ? wish->uri->user : "user");
    enum kc_error error = kc_client_request_secret(&request, values, KC_FIELD_PIN, pin, size);
    if (error == KC_OK)
        error = kc_client_call(wish->provider->client, &request, KC_PROVIDER_DEADLINE_MS, &answer);
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    return error == KC_ERR_LOGGED_IN ? KC_OK : error;
}

/* Who gives no PIN gets the key all the same: its public half needs none, and each use says what is
 * missing. */
static enum kc_error log_in(const struct kc_wish *wish, const struct kc_values *values)
{
    char pin[KC_PIN_MAX], info[128], keyring[KC_KEY_ID_SIZE];
    size_t size = 0;
    struct kc_span name = span_of(values, KC_FIELD_KEYRING);
    if (!kc_values_has(values, KC_FIELD_LOGIN) || values->value[KC_FIELD_LOGIN].number == 0 ||
        wish->asker->ask == NULL || name.bytes == NULL || name.size >= sizeof keyring)
        return KC_OK;
    memcpy(keyring, name.bytes, name.size);
    keyring[name.size] = '\0';
    snprintf(info, sizeof info, "PIN of the keyring %s", keyring);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, info, 0), OSSL_PARAM_END};
    if (!wish->asker->ask(pin, sizeof pin, &size, params, wish->asker->argument) || size == 0)
        return KC_OK;
    enum kc_error error = send_login(wish, keyring, pin, size);
    OPENSSL_cleanse(pin, sizeof pin);
    return error == KC_OK ? KC_OK : raise(wish->provider, error, kc_error_row(error)->advice);
}

/* --- finding --- */

/* A login that failed gives no key. */
static enum kc_error kept_if(enum kc_error error, struct kc_key **key)
{
    if (error != KC_OK) {
        kc_key_free(*key);
        *key = NULL;
    }
    return error;
}

static enum kc_error find_by_id(const struct kc_wish *wish, struct kc_key **key)
{
    const struct kc_provider *provider = wish->provider;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    kc_client_request_init(&request, KC_OPERATION_KEY_SHOW);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, wish->uri->id);
    enum kc_error error = kc_provider_call(provider, &request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    error = is_offered(values) ? read_key(provider, values, key) : KC_ERR_REFUSED;
    if (error != KC_OK)
        kc_provider_raise(provider, error, "not an active key for programs");
    else
        error = kept_if(log_in(wish, values), key);
    kc_client_answer_free(answer);
    return error;
}

/* Takes the item of a page that programs may use; there may be one in all pages. */
static enum kc_error take_only(
    const struct kc_wish *wish, const struct kc_message *page, struct kc_key **key)
{
    const struct kc_provider *provider = wish->provider;
    for (size_t i = 0; page->items != NULL && i < page->item_count; i++) {
        if (!is_offered(&page->items[i]))
            continue;
        if (*key != NULL)
            return raise(
                provider, KC_ERR_REFUSED, "the label is in several keyrings: add ;keyring=NAME");
        enum kc_error error = read_key(provider, &page->items[i], key);
        if (error != KC_OK)
            return raise(provider, error, NULL);
        error = kept_if(log_in(wish, &page->items[i]), key);
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

/* Asks for one page, and says after which id the next one begins: "", there is none. */
static enum kc_error find_in_page(const struct kc_wish *wish, struct kc_client_request *request,
    char after[static KC_KEY_ID_SIZE], struct kc_key **key)
{
    struct kc_client_answer *answer;
    if (after[0] != '\0')
        kc_values_set_text(&request->message.values, KC_FIELD_AFTER, after);
    enum kc_error error = kc_provider_call(wish->provider, request, &answer);
    if (error != KC_OK)
        return error;
    const struct kc_message *page = kc_client_answer_message(answer);
    struct kc_span next = span_of(&page->values, KC_FIELD_AFTER);
    error = take_only(wish, page, key);
    after[0] = '\0';
    if (page->values.value[KC_FIELD_MORE].number != 0 && next.size < KC_KEY_ID_SIZE &&
        next.bytes != NULL) {
        memcpy(after, next.bytes, next.size);
        after[next.size] = '\0';
    }
    kc_client_answer_free(answer);
    return error;
}

static enum kc_error find_by_label(const struct kc_wish *wish, struct kc_key **key)
{
    struct kc_client_request request;
    struct kc_key *only = NULL;
    char after[KC_KEY_ID_SIZE] = "";
    enum kc_error error;
    kc_client_request_init(&request, KC_OPERATION_KEY_LIST);
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, wish->uri->label);
    kc_values_set_text(&request.message.values, KC_FIELD_STATE, "active");
    if (wish->uri->keyring[0] != '\0')
        kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, wish->uri->keyring);
    do {
        error = find_in_page(wish, &request, after, &only);
    } while (error == KC_OK && after[0] != '\0');
    kc_client_request_done(&request);
    if (error == KC_OK && only == NULL)
        error = raise(wish->provider, KC_ERR_REFUSED, "no active key for programs has this label");
    if (error == KC_OK)
        *key = only;
    else
        kc_key_free(only);
    return error;
}

enum kc_error kc_key_find(const struct kc_provider *provider, const char *text,
    const struct kc_asker *asker, struct kc_key **key)
{
    struct kc_uri uri;
    struct kc_wish wish = {provider, &uri, asker};
    if (!kc_uri_parse(text, &uri))
        return raise(provider, KC_ERR_BAD_ARGUMENT,
            "a key is custodian:ID or custodian:label=LABEL;keyring=KEYRING");
    return uri.id[0] != '\0' ? find_by_id(&wish, key) : find_by_label(&wish, key);
}
