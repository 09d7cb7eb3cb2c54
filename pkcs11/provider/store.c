/* SPDX-License-Identifier: Apache-2.0 */
/* STORE: one key by its URI (key.h has the forms). */
#include "pkcs11/provider/key.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>

#define URI_MAX 512

struct store {
    const struct kc_provider *provider;
    char uri[URI_MAX];
    bool ended;
};

static void *open_store(void *context, const char *uri)
{
    if (strlen(uri) >= URI_MAX)
        return NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->provider = context;
    memcpy(store->uri, uri, strlen(uri) + 1);
    return store;
}

static const OSSL_PARAM *settable_params(void *context)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL), OSSL_PARAM_END};
    (void)context;
    return known;
}

/* Who expects something else than a key finds an empty store. */
static int set_params(void *data, const OSSL_PARAM params[])
{
    struct store *store = data;
    int expected = 0;
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    if (param != NULL && !OSSL_PARAM_get_int(param, &expected))
        return 0;
    if (expected != 0 && expected != OSSL_STORE_INFO_PKEY && expected != OSSL_STORE_INFO_PUBKEY)
        store->ended = true;
    return 1;
}

static int load(void *data, OSSL_CALLBACK *callback, void *argument,
    OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_argument)
{
    struct store *store = data;
    struct kc_key *key;
    (void)passphrase, (void)passphrase_argument;
    store->ended = true;
    if (kc_key_find(store->provider, store->uri, &key) != KC_OK)
        return 0;
    return kc_key_hand_over(key, callback, argument);
}

static int eof(void *data)
{
    const struct store *store = data;
    return store->ended;
}

static int close_store(void *store)
{
    free(store);
    return 1;
}

static const OSSL_DISPATCH functions[] = {KC_PROVIDER_ROW(OSSL_FUNC_STORE_OPEN, open_store),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable_params),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_params),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_LOAD, load), KC_PROVIDER_ROW(OSSL_FUNC_STORE_EOF, eof),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_CLOSE, close_store), {0, NULL}};

const OSSL_ALGORITHM kc_provider_stores[] = {
    {"custodian", KC_PROVIDER_PROPERTIES, functions, "keys of the custodian"},
    {NULL, NULL, NULL, NULL}};
