/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_raw.h"

#include "threshold/agreement.h"
#include "threshold/signature.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sys/random.h>

static void random_octets(void *out, size_t size)
{
    kc_bench_must(getrandom(out, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM, "random");
}

static void random_scalar(enum kc_curve curve, struct kc_scalar *scalar)
{
    uint8_t uniform[KC_UNIFORM_SIZE];
    random_octets(uniform, sizeof uniform);
    kc_bench_must(kc_scalar_random(scalar, curve, uniform), "scalar");
}

static void public_of(const struct kc_scalar *scalar, uint8_t out[static KC_POINT_SIZE_MAX])
{
    struct kc_point point;
    kc_bench_must(kc_point_multiply_base(&point, scalar), "public key");
    kc_point_encode(&point, out);
}

void kc_bench_random_point(enum kc_curve curve, uint8_t out[static KC_POINT_SIZE_MAX])
{
    struct kc_scalar scalar;
    random_scalar(curve, &scalar);
    public_of(&scalar, out);
}

static void must(bool good)
{
    kc_bench_must(good ? KC_OK : KC_ERR_INTERNAL, "libcrypto");
}

void kc_raw_init(struct kc_raw *raw, const struct kc_subject *subject)
{
    enum kc_curve curve = (enum kc_curve)subject->algorithm;
    *raw = (struct kc_raw){.subject = subject};
    if (!subject->role) {
        bool is_rsa = kc_algorithm_info(subject->algorithm)->family == KC_FAMILY_RSA;
        raw->key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
        raw->peer = is_rsa ? NULL : EVP_EC_gen("P-256");
        must(raw->key != NULL);
        return;
    }
    random_scalar(curve, &raw->share);
    public_of(&raw->share, raw->own);
    kc_bench_random_point(curve, raw->group);
}

static void agree(const struct kc_raw *raw, const struct kc_point *peer)
{
    struct kc_point contribution;
    uint8_t encoded[KC_POINT_SIZE_MAX];
    kc_bench_must(kc_agreement_contribute(&contribution, &raw->share, NULL, NULL, peer), "agree");
    kc_point_encode(&contribution, encoded);
}

static void sign(struct kc_raw *raw, const struct kc_point *first)
{
    static const char text[] = KC_BENCH_MESSAGE;
    const struct kc_signed_message message = {.message = {(const uint8_t *)text, sizeof text - 1}};
    const struct kc_signer signer = {.share = &raw->share, .own = raw->own, .group = raw->group};
    struct kc_signature_contribution contribution;
    struct kc_fresh fresh = {.counter = ++raw->counter};
    uint8_t point[KC_POINT_SIZE_MAX], scalar[KC_SCALAR_SIZE_MAX];
    random_octets(fresh.random, sizeof fresh.random);
    kc_bench_must(kc_signature_contribute(&contribution, &signer, first, &message, &fresh), "sign");
    kc_point_encode(&contribution.commitment, point);
    kc_scalar_encode(&contribution.response, scalar);
}

static void sign_by_libcrypto(const struct kc_raw *raw)
{
    uint8_t signature[512];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(raw->key, NULL);
    must(EVP_PKEY_sign_init(context) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_sign(context, signature, &size, (const uint8_t *)KC_BENCH_MESSAGE, 32) == 1);
    EVP_PKEY_CTX_free(context);
}

static void agree_by_libcrypto(const struct kc_raw *raw)
{
    uint8_t agreed[64];
    size_t size = sizeof agreed;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(raw->key, NULL);
    must(EVP_PKEY_derive_init(context) == 1 &&
         EVP_PKEY_derive_set_peer_ex(context, raw->peer, 0) == 1 &&
         EVP_PKEY_derive(context, agreed, &size) == 1);
    EVP_PKEY_CTX_free(context);
}

void kc_raw_run(struct kc_raw *raw)
{
    const struct kc_subject *subject = raw->subject;
    enum kc_curve curve = (enum kc_curve)subject->algorithm;
    struct kc_point point;
    if (subject->operation == KC_OPERATION_KEY_SIGN) {
        sign_by_libcrypto(raw);
        return;
    }
    if (subject->operation == KC_OPERATION_KEY_AGREE) {
        agree_by_libcrypto(raw);
        return;
    }
    kc_bench_must(
        kc_point_decode(&point, curve, subject->point, kc_curve_info(curve)->point_size), "point");
    if (subject->operation == KC_OPERATION_SIGNATURE_CONTRIBUTE)
        sign(raw, &point);
    else
        agree(raw, &point);
}
