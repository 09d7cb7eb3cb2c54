/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/provider/provider.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdarg.h>
#include <stdlib.h>

/* The one symbol that OpenSSL looks for. */
OSSL_provider_init_fn OSSL_provider_init;

/* --- the custodian --- */

enum kc_error kc_provider_call(const struct kc_provider *provider,
    struct kc_client_request *request, struct kc_client_answer **answer)
{
    struct kc_client_answer *result = NULL;
    enum kc_error error =
        kc_client_call(provider->client, request, KC_PROVIDER_DEADLINE_MS, &result);
    if (error == KC_ERR_CONNECTION_LOST) {
        kc_client_answer_free(result);
        error = kc_client_call(provider->client, request, KC_PROVIDER_DEADLINE_MS, &result);
    }
    if (error == KC_OK) {
        *answer = result;
        return KC_OK;
    }
    kc_client_answer_free(result);
    kc_provider_raise(provider, error, kc_error_row(error)->advice);
    return error;
}

/* --- errors --- */

/* Sentences by number. The first row is KC_OK, which is no reason. */
static const OSSL_ITEM reasons[] = {
#define KC_ERROR(number, symbol, name, class, sentence, advice)                                    \
    {(number), (void *)(uintptr_t)(sentence)},
#include "base/error.def"
#undef KC_ERROR
    {0, NULL}};

static const OSSL_ITEM *get_reasons(void *context)
{
    (void)context;
    return reasons + 1;
}

__attribute__((format(printf, 3, 4))) static void set_error(
    const struct kc_provider *provider, enum kc_error error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    provider->set_error(provider->core, (uint32_t)error, format, arguments);
    va_end(arguments);
}

void kc_provider_raise(const struct kc_provider *provider, enum kc_error error, const char *more)
{
    provider->new_error(provider->core);
    provider->set_error_debug(provider->core, "custodian", 0, kc_error_name(error));
    set_error(provider, error, "%s", more != NULL ? more : "");
}

/* --- what the provider says of itself --- */

static const OSSL_PARAM *gettable_params(void *context)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
        OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL), OSSL_PARAM_END};
    (void)context;
    return known;
}

/* The provider works as soon as it is there; whether the custodian does is said by each call. */
static int get_params(void *context, OSSL_PARAM params[])
{
    static const struct {
        const char *name, *value;
    } texts[] = {{OSSL_PROV_PARAM_NAME, "Custodian provider"},
        {OSSL_PROV_PARAM_VERSION, KC_VERSION}, {OSSL_PROV_PARAM_BUILDINFO, KC_VERSION}};
    (void)context;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        OSSL_PARAM *param = OSSL_PARAM_locate(params, texts[i].name);
        if (param != NULL && !OSSL_PARAM_set_utf8_ptr(param, texts[i].value))
            return 0;
    }
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return status == NULL || OSSL_PARAM_set_int(status, 1);
}

static const OSSL_ALGORITHM *query_operation(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return kc_provider_keys;
    case OSSL_OP_SIGNATURE:
        return kc_provider_signatures;
    case OSSL_OP_KEYEXCH:
        return kc_provider_exchanges;
    case OSSL_OP_ASYM_CIPHER:
        return kc_provider_ciphers;
    case OSSL_OP_STORE:
        return kc_provider_stores;
    case OSSL_OP_DECODER:
        return kc_provider_decoders;
    case OSSL_OP_ENCODER:
        return kc_provider_encoders;
    default:
        return NULL;
    }
}

/* --- begin and end --- */

static void teardown(void *context)
{
    struct kc_provider *provider = context;
    kc_client_free(provider->client);
    if (provider->default_one != NULL)
        OSSL_PROVIDER_unload(provider->default_one);
    OSSL_LIB_CTX_free(provider->library);
    free(provider);
}

static bool find_core(struct kc_provider *provider, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++)
        if (in->function_id == OSSL_FUNC_CORE_NEW_ERROR)
            provider->new_error = OSSL_FUNC_core_new_error(in);
        else if (in->function_id == OSSL_FUNC_CORE_SET_ERROR_DEBUG)
            provider->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
        else if (in->function_id == OSSL_FUNC_CORE_VSET_ERROR)
            provider->set_error = OSSL_FUNC_core_vset_error(in);
    return provider->new_error != NULL && provider->set_error_debug != NULL &&
           provider->set_error != NULL;
}

static bool prepare(struct kc_provider *provider, const OSSL_DISPATCH *in)
{
    if (!find_core(provider, in) || kc_client_new(NULL, &provider->client) != KC_OK)
        return false;
    provider->library = OSSL_LIB_CTX_new_from_dispatch(provider->core, in);
    if (provider->library != NULL)
        provider->default_one = OSSL_PROVIDER_load(provider->library, "default");
    return provider->default_one != NULL;
}

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *core,
    const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **context)
{
    static const OSSL_DISPATCH functions[] = {
        KC_PROVIDER_ROW(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
        KC_PROVIDER_ROW(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
        KC_PROVIDER_ROW(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
        KC_PROVIDER_ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation),
        KC_PROVIDER_ROW(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, get_reasons), {0, NULL}};
    struct kc_provider *provider = calloc(1, sizeof *provider);
    if (provider == NULL)
        return 0;
    provider->core = core;
    if (!prepare(provider, in)) {
        teardown(provider);
        return 0;
    }
    *out = functions;
    *context = provider;
    return 1;
}
