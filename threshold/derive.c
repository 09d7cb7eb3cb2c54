/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/derive.h"

#include "base/wipe.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#define SPECIFIER_SIZE 2

/* An Ed448 key of the Mesh has 56 octets, like X448's, and not the 57 of RFC 8032. */
static size_t octets_of(enum kc_curve curve)
{
    return kc_curve_info(curve)->scalar_size;
}

/* HKDF with SHA-512 (RFC 5869). */
static enum kc_error hkdf(uint8_t *out, size_t out_size, struct kc_span key, struct kc_span salt,
    const struct kc_span info[], size_t info_count)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha512()) == 1 &&
                EVP_PKEY_CTX_set1_hkdf_key(context, key.bytes, (int)key.size) == 1 &&
                EVP_PKEY_CTX_set1_hkdf_salt(context, salt.bytes, (int)salt.size) == 1;
    for (size_t i = 0; good && i < info_count; i++)
        good = info[i].size == 0 ||
               EVP_PKEY_CTX_add1_hkdf_info(context, info[i].bytes, (int)info[i].size) == 1;
    uint8_t result[KC_OKM_SIZE_MAX]; /* secret */
    size_t size = out_size;
    good = good && EVP_PKEY_derive(context, result, &size) == 1 && size == out_size;
    EVP_PKEY_CTX_free(context); /* wipes the key */
    if (good)
        memcpy(out, result, out_size);
    kc_wipe(result, sizeof result);
    return good ? KC_OK : KC_ERR_INTERNAL;
}

enum kc_error kc_derive_octets(uint8_t okm[static KC_OKM_SIZE_MAX], size_t *okm_size,
    enum kc_curve curve, enum kc_derivation derivation, struct kc_span seed,
    struct kc_span key_name)
{
    bool current = derivation == KC_DERIVATION_CURRENT;
    if (kc_curve_info(curve) == NULL || kc_curve_info(curve)->seed_size == 0 ||
        (!current && derivation != KC_DERIVATION_LEGACY) || seed.size < KC_MESH_SEED_SIZE_MIN ||
        seed.size > KC_MESH_SEED_SIZE_MAX || key_name.size > KC_KEY_NAME_SIZE_MAX ||
        (!current && key_name.size != 0))
        return KC_ERR_BAD_ARGUMENT;

    const struct kc_span specifier = {seed.bytes, SPECIFIER_SIZE};
    const struct kc_span info[] = {specifier, key_name};
    /* HMAC pads its key with zeros, so 64 of them are the empty salt,
     * which libcrypto takes badly. */
    static const uint8_t zeros[64];
    const struct kc_span empty = {zeros, sizeof zeros};
    enum kc_error error = hkdf(okm, octets_of(curve), seed, current ? empty : specifier, info,
        current ? sizeof info / sizeof info[0] : 0);
    if (error == KC_OK)
        *okm_size = octets_of(curve);
    return error;
}

enum kc_error kc_derive_key(struct kc_key *key, enum kc_curve curve, enum kc_derivation derivation,
    struct kc_span seed, struct kc_span key_name)
{
    uint8_t okm[KC_OKM_SIZE_MAX]; /* secret */
    size_t okm_size;
    enum kc_error error = kc_derive_octets(okm, &okm_size, curve, derivation, seed, key_name);
    if (error == KC_OK)
        error = kc_key_from_seed(key, curve, okm, okm_size);
    kc_wipe(okm, sizeof okm);
    return error;
}
