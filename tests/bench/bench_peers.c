/* SPDX-License-Identifier: Apache-2.0 */
/* What bench-threshold runs of other people's. */
#include "tests/bench/bench_threshold.h"

#include <sodium.h>
#ifdef KC_WITH_DECAF
#include <decaf.h>
#include <decaf/ed255.h>
#include <decaf/ed448.h>
#endif

void openssl_sign(const struct material *m)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, m->libcrypto) == 1);
    must(EVP_DigestSign(context, signature, &size, bench_message.message.bytes,
             bench_message.message.size) == 1);
    EVP_MD_CTX_free(context);
}

void openssl_verify(const struct material *m)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, m->libcrypto) == 1);
    must(EVP_DigestVerify(context, m->signature, kc_curve_info(m->curve)->signature_size,
             bench_message.message.bytes, bench_message.message.size) == 1);
    EVP_MD_CTX_free(context);
}

/* Its ladder, from octets to u, with no check of the order and no sign. */
void openssl_agree(const struct material *m)
{
    uint8_t agreed[KC_POINT_SIZE_MAX];
    size_t size = sizeof agreed;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(m->libcrypto, NULL);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(bench_libcrypto_type(m->curve), NULL,
        m->encoded[0], kc_curve_info(m->curve)->unsigned_size);
    must(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1);
    must(EVP_PKEY_derive(context, agreed, &size) == 1);
    EVP_PKEY_free(peer);
    EVP_PKEY_CTX_free(context);
}

/* libsodium: octets to octets, with a check of the order. */

void sodium_contribute(const struct material *m)
{
    uint8_t out[32];
    const struct material *ed = &material[KC_CURVE_ED25519];
    must(crypto_scalarmult_ed25519_noclamp(out, m->scalar_bytes, ed->encoded[0]) == 0);
}

void sodium_base(const struct material *m)
{
    uint8_t out[32];
    must(crypto_scalarmult_ed25519_base_noclamp(out, m->scalar_bytes) == 0);
}

/* libdecaf: octets to octets, without one. */

#ifdef KC_WITH_DECAF
void decaf25519_contribute(const struct material *m)
{
    decaf_255_point_t point;
    decaf_255_scalar_t scalar;
    uint8_t out[32];
    const struct material *ed = &material[KC_CURVE_ED25519];
    must(decaf_255_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    must(
        decaf_255_point_decode_like_eddsa_and_mul_by_ratio(point, ed->encoded[0]) == DECAF_SUCCESS);
    decaf_255_point_scalarmul(point, point, scalar);
    decaf_255_point_mul_by_ratio_and_encode_like_eddsa(out, point);
}

void decaf448_contribute(const struct material *m)
{
    decaf_448_point_t point;
    decaf_448_scalar_t scalar;
    uint8_t out[57];
    const struct material *ed = &material[KC_CURVE_ED448];
    must(decaf_448_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    must(
        decaf_448_point_decode_like_eddsa_and_mul_by_ratio(point, ed->encoded[0]) == DECAF_SUCCESS);
    decaf_448_point_scalarmul(point, point, scalar);
    decaf_448_point_mul_by_ratio_and_encode_like_eddsa(out, point);
}

void decaf_multiply(const struct material *m)
{
    if (kc_curve_info(m->curve)->scalar_size == 32) {
        decaf_255_point_t out;
        decaf_255_scalar_t scalar;
        must(decaf_255_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
        decaf_255_point_scalarmul(out, decaf_255_point_base, scalar);
        return;
    }
    decaf_448_point_t out;
    decaf_448_scalar_t scalar;
    must(decaf_448_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    decaf_448_point_scalarmul(out, decaf_448_point_base, scalar);
}

void decaf_base(const struct material *m)
{
    if (kc_curve_info(m->curve)->scalar_size == 32) {
        decaf_255_point_t out;
        decaf_255_scalar_t scalar;
        must(decaf_255_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
        decaf_255_precomputed_scalarmul(out, decaf_255_precomputed_base, scalar);
        return;
    }
    decaf_448_point_t out;
    decaf_448_scalar_t scalar;
    must(decaf_448_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    decaf_448_precomputed_scalarmul(out, decaf_448_precomputed_base, scalar);
}
#endif
