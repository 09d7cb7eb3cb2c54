/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of 2018 with RSA: PKCS #1 v1.5 with SHA-512 over the protected header. The project has
 * no such code and wants none: all of it is computed here, by libcrypto.
 */
#include "play.h"

#include "proto/udf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#define UDF_DIGEST_TYPE 96 /* SHA-2-512 */

/* The public key; NULL if it is none. Given. */
static EVP_PKEY *make_key(const BIGNUM *modulus, unsigned long exponent)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    if (builder == NULL || context == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_ulong(builder, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
        abort();
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    if (parameters == NULL || EVP_PKEY_fromdata_init(context) != 1)
        abort();
    (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

static bool verifies(EVP_PKEY *key, struct kc_span signature, struct kc_span signed_octets)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        abort();
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha512(), NULL, key) == 1 &&
                EVP_DigestVerify(context, signature.bytes, signature.size, signed_octets.bytes,
                    signed_octets.size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

/* How key_udf was made of the key in 2018 is not published: only its form is looked at. */
void play_rsa_2018(struct check *c, const json_t *vector)
{
    struct kc_span modulus = check_octets(c, vector, "n");
    struct kc_span signed_octets = check_octets(c, vector, "protected");
    struct kc_span signature = check_octets(c, vector, "signature");
    long exponent = check_count(c, vector, "e");
    const char *name = check_text(c, vector, "key_udf");
    struct kc_udf udf = {0};
    check_ok(
        c, "key_udf", kc_udf_parse((struct kc_span){(const uint8_t *)name, strlen(name)}, &udf));
    if (udf.type != UDF_DIGEST_TYPE)
        check_fail(c, "key_udf is of another type");
    if (c->failed)
        return;
    BIGNUM *number = check_new_number(c);
    BN_bin2bn(modulus.bytes, (int)modulus.size, number);
    EVP_PKEY *key = make_key(number, (unsigned long)exponent);
    if (key == NULL)
        check_fail(c, "n and e are no key");
    else if (!verifies(key, signature, signed_octets))
        check_fail(c, "the signature does not verify");
    EVP_PKEY_free(key);
}
