/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/digest.h"

#include "base/wipe.h"

#include <openssl/evp.h>
#include <string.h>

/* Fetched by a name in each call: libcrypto caches it, and there is no state of ours to keep. */
static enum kc_error hash(
    uint8_t *digest, size_t size, enum kc_curve curve, const struct kc_span parts[], size_t count)
{
    bool shake = curve == KC_CURVE_ED448;
    if (!shake && curve != KC_CURVE_ED25519)
        return KC_ERR_BAD_ALGORITHM;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t result[KC_DIGEST_SIZE_MAX]; /* secret */
    bool good = context != NULL &&
                EVP_DigestInit_ex(context, shake ? EVP_shake256() : EVP_sha512(), NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(context, parts[i].bytes, parts[i].size) == 1;
    good = good && (shake ? EVP_DigestFinalXOF(context, result, size)
                          : EVP_DigestFinal_ex(context, result, NULL)) == 1;
    EVP_MD_CTX_free(context); /* wipes its state */
    if (good)
        memcpy(digest, result, size);
    kc_wipe(result, sizeof result);
    return good ? KC_OK : KC_ERR_INTERNAL;
}

enum kc_error kc_digest(uint8_t digest[static KC_DIGEST_SIZE_MAX], enum kc_curve curve,
    const struct kc_span parts[], size_t count)
{
    return hash(digest, curve == KC_CURVE_ED448 ? 114 : 64, curve, parts, count);
}

enum kc_error kc_prehash(
    uint8_t digest[static KC_PREHASH_SIZE], enum kc_curve curve, struct kc_span message)
{
    return hash(digest, KC_PREHASH_SIZE, curve, &message, 1);
}
