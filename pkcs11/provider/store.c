/* SPDX-License-Identifier: Apache-2.0 */
/* STORE: by a URI (uri.h) one key, and behind it the certificates that have the same label. */
#include "pkcs11/provider/certificates.h"
#include "pkcs11/provider/key.h"
#include "pkcs11/provider/uri.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>

struct store {
    const struct kc_provider *provider;
    char uri[KC_URI_MAX];
    bool wants_key, wants_certificates; /* and has not given them yet */
    bool looked;                        /* for certificates */
    struct kc_certificates certificates;
    size_t given; /* of these */
};

static void *open_store(void *context, const char *uri)
{
    if (strlen(uri) >= KC_URI_MAX)
        return NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->provider = context;
    memcpy(store->uri, uri, strlen(uri) + 1);
    store->wants_key = store->wants_certificates = true;
    return store;
}

static const OSSL_PARAM *settable_params(void *context)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL), OSSL_PARAM_END};
    (void)context;
    return known;
}

/* Who expects something else finds an empty store. */
static int set_params(void *data, const OSSL_PARAM params[])
{
    struct store *store = data;
    int expected = 0;
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    if (param != NULL && !OSSL_PARAM_get_int(param, &expected))
        return 0;
    if (expected == 0)
        return 1;
    store->wants_key = expected == OSSL_STORE_INFO_PKEY || expected == OSSL_STORE_INFO_PUBKEY;
    store->wants_certificates = expected == OSSL_STORE_INFO_CERT;
    return 1;
}

static int load_key(
    struct store *store, OSSL_CALLBACK *callback, void *argument, const struct kc_asker *asker)
{
    struct kc_key *key;
    store->wants_key = false;
    if (kc_key_find(store->provider, store->uri, asker, &key) != KC_OK)
        return 0;
    return kc_key_hand_over(key, callback, argument);
}

static bool look_for_certificates(struct store *store)
{
    struct kc_uri uri;
    store->looked = true;
    if (!kc_uri_parse(store->uri, &uri)) {
        kc_provider_raise(store->provider, KC_ERR_BAD_ARGUMENT, "not a URI of the custodian's");
        return false;
    }
    return kc_certificates_find(store->provider, &uri, &store->certificates) == KC_OK;
}

static int load_certificate(struct store *store, OSSL_CALLBACK *callback, void *argument)
{
    int type = OSSL_OBJECT_CERT;
    if ((!store->looked && !look_for_certificates(store)) ||
        store->given == store->certificates.count) {
        store->wants_certificates = false;
        return 0;
    }
    size_t place = store->given++;
    store->wants_certificates = store->given < store->certificates.count;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, store->certificates.der[place],
            store->certificates.size[place]),
        OSSL_PARAM_construct_end()};
    return callback(params, argument);
}

static int load(void *data, OSSL_CALLBACK *callback, void *argument,
    OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_argument)
{
    struct store *store = data;
    const struct kc_asker asker = {passphrase, passphrase_argument};
    return store->wants_key ? load_key(store, callback, argument, &asker)
                            : load_certificate(store, callback, argument);
}

static int eof(void *data)
{
    const struct store *store = data;
    return !store->wants_key && !store->wants_certificates;
}

static int close_store(void *data)
{
    struct store *store = data;
    kc_certificates_done(&store->certificates);
    free(store);
    return 1;
}

static const OSSL_DISPATCH functions[] = {KC_PROVIDER_ROW(OSSL_FUNC_STORE_OPEN, open_store),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable_params),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_params),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_LOAD, load), KC_PROVIDER_ROW(OSSL_FUNC_STORE_EOF, eof),
    KC_PROVIDER_ROW(OSSL_FUNC_STORE_CLOSE, close_store), {0, NULL}};

const OSSL_ALGORITHM kc_provider_stores[] = {
    {"custodian", KC_PROVIDER_PROPERTIES, functions, "keys and certificates of the custodian"},
    {NULL, NULL, NULL, NULL}};
