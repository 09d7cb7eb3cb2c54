/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT: keys that are found, compared and exported, their public half alone; none are made. */
#include "pkcs11/provider/key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

static void *load(const void *reference, size_t size)
{
    if (reference == NULL || size != sizeof(struct kc_key *))
        return NULL;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): what was handed over is ours, and is taken out */
    struct kc_key **given = (struct kc_key **)(uintptr_t)reference;
    struct kc_key *key = *given;
    *given = NULL;
    return key;
}

static void release(void *key)
{
    kc_key_free(key);
}

/* The part that a duplicate without the private half has, its own to be changed; NULL: none. */
static EVP_PKEY *copy_public(EVP_PKEY *public, int selection)
{
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0)
        return EVP_PKEY_dup(public);
    EVP_PKEY *parameters = EVP_PKEY_new();
    if (parameters != NULL && EVP_PKEY_copy_parameters(parameters, public) != 1) {
        EVP_PKEY_free(parameters);
        return NULL;
    }
    return parameters;
}

static void *duplicate(const void *data, int selection)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): only the count of users changes */
    struct kc_key *key = (struct kc_key *)(uintptr_t)data;
    if (key == NULL || key->public == NULL)
        return NULL;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && kc_key_is_private(key))
        return kc_key_share(key);
    struct kc_key *copy = kc_key_new(key->provider, key->kind);
    if (copy != NULL && (copy->public = copy_public(key->public, selection)) == NULL) {
        kc_key_free(copy);
        return NULL;
    }
    return copy;
}

/* OpenSSL also asks of keys that it has not made yet. */
static int has(const void *data, int selection)
{
    const struct kc_key *key = data;
    if (key == NULL || key->public == NULL)
        return 0;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || kc_key_is_private(key);
}

static int match(const void *one, const void *other, int selection)
{
    const struct kc_key *a = one, *b = other;
    if (a == NULL || b == NULL || a->public == NULL || b->public == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return EVP_PKEY_parameters_eq(a->public, b->public) == 1;
    return EVP_PKEY_eq(a->public, b->public) == 1;
}

static int validate(const void *data, int selection, int check)
{
    const struct kc_key *key = data;
    (void)check;
    if (!has(key, selection))
        return 0;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(key->provider->library, key->public, NULL);
    int good = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

/* --- parameters --- */

/* The default provider's key has no private half, so whatever it answers is public. */
static int get_params(void *data, OSSL_PARAM params[])
{
    const struct kc_key *key = data;
    return key != NULL && key->public != NULL && EVP_PKEY_get_params(key->public, params) == 1;
}

static const OSSL_PARAM *gettable(void *context, enum kc_key_kind_number kind)
{
    const struct kc_provider *provider = context;
    EVP_KEYMGMT *manager = EVP_KEYMGMT_fetch(provider->library, kc_key_kinds[kind].name, NULL);
    const OSSL_PARAM *known = manager != NULL ? EVP_KEYMGMT_gettable_params(manager) : NULL;
    EVP_KEYMGMT_free(manager); /* the table is the default provider's, which stays loaded */
    return known;
}

static const OSSL_PARAM *settable_params(void *context)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, NULL), OSSL_PARAM_END};
    (void)context;
    return known;
}

/* Whether all of it is about what is written with a private half, which none is: `openssl ec` says so of
 * each key. */
static bool changes_nothing(const OSSL_PARAM params[])
{
    for (; params->key != NULL; params++)
        if (strcmp(params->key, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC) != 0)
            return false;
    return true;
}

/* A peer's key is put into a copy of the parameters; a key of the custodian's never changes. */
static int set_params(void *data, const OSSL_PARAM params[])
{
    const struct kc_key *key = data;
    if (key == NULL || key->public == NULL)
        return 0;
    if (kc_key_is_private(key))
        return changes_nothing(params);
    const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    return point == NULL ||
           (point->data_type == OSSL_PARAM_OCTET_STRING &&
               EVP_PKEY_set1_encoded_public_key(key->public, point->data, point->data_size) == 1);
}

/* --- export and import --- */

static const OSSL_PARAM *exchanged_types(int selection)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0), OSSL_PARAM_END};
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? known : NULL;
}

/* What asks for the private half too gets nothing: an export without it would be taken for a whole
 * key. */
static int export(void *data, int selection, OSSL_CALLBACK *callback, void *argument)
{
    const struct kc_key *key = data;
    if (key == NULL || key->public == NULL ||
        (kc_key_is_private(key) && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0))
        return 0;
    int part = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? EVP_PKEY_PUBLIC_KEY
                                                                 : EVP_PKEY_KEY_PARAMETERS;
    return EVP_PKEY_export(key->public, part, callback, argument);
}

static bool has_private_part(const OSSL_PARAM params[])
{
    return OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) != NULL ||
           OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != NULL;
}

/* Public keys alone: a peer's, or a certificate's to be compared with. */
static int import(void *data, int selection, const OSSL_PARAM params[])
{
    struct kc_key *key = data;
    if (key == NULL || key->public != NULL || has_private_part(params))
        return 0;
    int part = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? EVP_PKEY_PUBLIC_KEY
                                                                 : EVP_PKEY_KEY_PARAMETERS;
    EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_name(key->provider->library, key->kind->name, NULL);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): EVP_PKEY_fromdata only reads them */
    OSSL_PARAM *given = (OSSL_PARAM *)(uintptr_t)params;
    int done = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
               EVP_PKEY_fromdata(context, &key->public, part, given) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

/* --- the tables --- */

static const char *operation_name(enum kc_key_kind_number kind, int operation)
{
    switch (operation) {
    case OSSL_OP_SIGNATURE:
        return kc_key_kinds[kind].signature;
    case OSSL_OP_KEYEXCH:
        return kc_key_kinds[kind].exchange;
    default:
        return kc_key_kinds[kind].name;
    }
}

/* What has no key to know the kind from: a function for each kind. */
#define MANAGER(kind)                                                                              \
    static void *new_##kind(void *context)                                                         \
    {                                                                                              \
        return kc_key_new(context, &kc_key_kinds[KC_KIND_##kind]);                                 \
    }                                                                                              \
    static const OSSL_PARAM *gettable_##kind(void *context)                                        \
    {                                                                                              \
        return gettable(context, KC_KIND_##kind);                                                  \
    }                                                                                              \
    static const char *operation_name_##kind(int operation)                                        \
    {                                                                                              \
        return operation_name(KC_KIND_##kind, operation);                                          \
    }                                                                                              \
    static const OSSL_DISPATCH functions_##kind[] = {                                              \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_NEW, new_##kind),                                        \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_LOAD, load),                                             \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_FREE, release),                                          \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_DUP, duplicate),                                         \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_HAS, has),                                               \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_MATCH, match),                                           \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_VALIDATE, validate),                                     \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),                                 \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_##kind),                       \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_SET_PARAMS, set_params),                                 \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, settable_params),                       \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_IMPORT, import),                                         \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, exchanged_types),                          \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_EXPORT, export),                                         \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, exchanged_types),                          \
        KC_PROVIDER_ROW(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name_##kind), {0, NULL}}

MANAGER(RSA);
MANAGER(EC);
MANAGER(ED25519);
MANAGER(ED448);
MANAGER(X25519);
MANAGER(X448);

/* Names and OIDs as the default provider has them, so that a key is of the same type with both. */
const OSSL_ALGORITHM kc_provider_keys[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", KC_PROVIDER_PROPERTIES, functions_RSA, "RSA"},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", KC_PROVIDER_PROPERTIES, functions_EC, "EC"},
    {"ED25519:1.3.101.112", KC_PROVIDER_PROPERTIES, functions_ED25519, "Ed25519"},
    {"ED448:1.3.101.113", KC_PROVIDER_PROPERTIES, functions_ED448, "Ed448"},
    {"X25519:1.3.101.110", KC_PROVIDER_PROPERTIES, functions_X25519, "X25519"},
    {"X448:1.3.101.111", KC_PROVIDER_PROPERTIES, functions_X448, "X448"}, {NULL, NULL, NULL, NULL}};
