/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/point_key.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

EVP_PKEY *kc_point_key_new(const uint8_t point[static KC_POINT_KEY_SIZE])
{
    uint8_t copy[KC_POINT_KEY_SIZE]; /* parameters are not const */
    char group[] = "P-256";
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}
