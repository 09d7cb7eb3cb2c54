/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/signature.h"

#include "base/wipe.h"
#include "threshold/combination.h"
#include "threshold/declassify.h"
#include "threshold/eddsa.h"
#include "threshold/element.h"
#include "threshold/nonce.h"
#include "threshold/signature_key.h"

#include <string.h>

static bool signs(enum kc_curve curve)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    return info != NULL && info->signs;
}

/* R, and the challenge: both are part of what is given away. */
static enum kc_error make_challenge(struct kc_scalar *k, uint8_t r[static KC_POINT_SIZE_MAX],
    const struct kc_point *commitment, const uint8_t *public_point,
    const struct kc_signed_message *message)
{
    kc_point_encode(commitment, r);
    kc_declassify(r, kc_curve_info(commitment->curve)->point_size); /* R is part of the signature */
    return kc_eddsa_challenge(k, commitment->curve, r, public_point, message);
}

static enum kc_error make_whole_key_nonce(struct kc_scalar *nonce, const struct kc_key *key,
    const uint8_t *public_point, const struct kc_signed_message *message,
    const struct kc_fresh *fresh)
{
    if (key->seeded)
        return kc_eddsa_nonce(nonce, key, message);
    if (fresh == NULL)
        return KC_ERR_BAD_ARGUMENT;
    const struct kc_signer signer = {
        .share = &key->scalar, .own = public_point, .group = public_point};
    return kc_nonce_make(nonce, KC_NONCE_WHOLE_KEY, &signer, NULL, message, fresh);
}

enum kc_error kc_signature_sign(uint8_t signature[static KC_SIGNATURE_SIZE_MAX],
    const struct kc_key *key, const struct kc_signed_message *message, const struct kc_fresh *fresh)
{
    if (!signs(key->scalar.curve))
        return KC_ERR_BAD_ALGORITHM;
    KC_AUTO_SCALAR nonce = {.curve = key->scalar.curve};
    struct kc_scalar k, s;
    struct kc_point commitment;
    uint8_t public_point[KC_POINT_SIZE_MAX], r[KC_POINT_SIZE_MAX];
    kc_point_encode(&key->public, public_point);
    enum kc_error error = make_whole_key_nonce(&nonce, key, public_point, message, fresh);
    if (error != KC_OK || (error = kc_point_multiply_base(&commitment, &nonce)) != KC_OK ||
        (error = make_challenge(&k, r, &commitment, public_point, message)) != KC_OK)
        return error;
    kc_eddsa_response(&s, &nonce, &k, NULL, &key->scalar);
    kc_eddsa_encode(signature, r, &s);
    return KC_OK;
}

/* --- verifying; all is public --- */

#define WORD_BITS ((size_t)32)

/* Words of a scalar's lower half. */
static size_t half_of(enum kc_curve curve)
{
    return kc_curve_info(curve)->scalar_size / (2 * WORD_BITS / 8);
}

/* k is low + 2^h high. */
static void split(const struct kc_scalar *k, struct kc_scalar *low, struct kc_scalar *high)
{
    size_t half = half_of(k->curve);
    *low = *high = (struct kc_scalar){.curve = k->curve};
    for (size_t i = 0; i < (size_t)2 * KC_SCALAR_LIMBS; i++) {
        uint64_t word = k->limb[i / 2] >> WORD_BITS * (i % 2) & UINT32_MAX;
        size_t place = i < half ? i : i - half;
        (i < half ? low : high)->limb[place / 2] |= word << WORD_BITS * (place % 2);
    }
}

/* [S]B - [k]A */
static enum kc_error expect(struct kc_point *r, const struct kc_scalar *s,
    const struct kc_scalar *k, const struct kc_signature_key *key, bool has_upper)
{
    struct kc_scalar low, high;
    const struct kc_term whole = {.scalar = k, .point = &key->point, .negative = true};
    const struct kc_term halves[] = {{.scalar = &low, .point = &key->point, .negative = true},
        {.scalar = &high, .point = &key->upper, .negative = true}};
    split(k, &low, &high);
    return has_upper ? kc_combination_variable_time(r, s, halves, 2)
                     : kc_combination_variable_time(r, s, &whole, 1);
}

/*
 * R is not decoded: [S]B - [k]A is in the prime-order group since A is, and only its own canonical
 * encoding is equal to it. So a non-canonical R, one of another group, and the identity are all
 * refused by the comparison.
 */
static bool verifies(const struct kc_scalar *s, const struct kc_scalar *k,
    const struct kc_signature_key *key, bool has_upper, const uint8_t *r)
{
    struct kc_point expected;
    uint8_t encoded[KC_POINT_SIZE_MAX];
    if (kc_scalar_is_zero(s) || kc_scalar_is_zero(k) ||
        expect(&expected, s, k, key, has_upper) != KC_OK)
        return false;
    kc_point_encode(&expected, encoded);
    return memcmp(encoded, r, kc_curve_info(s->curve)->point_size) == 0;
}

static enum kc_error verify(const struct kc_signature_key *key, bool has_upper,
    const struct kc_signed_message *message, const uint8_t *signature, size_t signature_size)
{
    enum kc_curve curve = key->point.curve;
    if (!signs(curve))
        return KC_ERR_BAD_ALGORITHM;
    const struct kc_curve_info *info = kc_curve_info(curve);
    if (signature_size != info->signature_size)
        return KC_ERR_SIGNATURE;

    const uint8_t *r = signature, *s_bytes = signature + info->point_size;
    struct kc_scalar k, s;
    uint8_t a[KC_POINT_SIZE_MAX];
    kc_point_encode(&key->point, a);
    enum kc_error error = kc_eddsa_challenge(&k, curve, r, a, message);
    if (error != KC_OK)
        return error;
    /* Ed448 has an octet more than a scalar needs; RFC 8032 5.2.7: S is below
     * L, so that octet is zero. */
    bool padded = info->scalar_size == info->point_size || s_bytes[info->scalar_size] == 0;
    if (!padded || kc_scalar_decode(&s, curve, s_bytes, info->scalar_size) != KC_OK)
        return KC_ERR_SIGNATURE;
    return verifies(&s, &k, key, has_upper, r) ? KC_OK : KC_ERR_SIGNATURE;
}

enum kc_error kc_signature_verify(const struct kc_point *public_point,
    const struct kc_signed_message *message, const uint8_t *signature, size_t signature_size)
{
    const struct kc_signature_key key = {.point = *public_point};
    return verify(&key, false, message, signature, signature_size);
}

enum kc_error kc_signature_key_decode(
    struct kc_signature_key *key, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    struct kc_signature_key made;
    if (!signs(curve))
        return KC_ERR_BAD_ALGORITHM;
    enum kc_error error = kc_point_decode(&made.point, curve, bytes, size);
    if (error != KC_OK)
        return error;
    made.upper = made.point;
    for (size_t i = 0; i < WORD_BITS * half_of(curve); i++)
        kc_element_double(&made.upper, &made.upper);
    *key = made;
    return KC_OK;
}

enum kc_error kc_signature_key_verify(const struct kc_signature_key *key,
    const struct kc_signed_message *message, const uint8_t *signature, size_t signature_size)
{
    return verify(key, true, message, signature, signature_size);
}

/* The rules that both parties' steps begin with. */
static enum kc_error check_signer(const struct kc_signer *signer)
{
    enum kc_curve curve = signer->share->curve;
    if (!signs(curve) || (signer->coefficient != NULL && signer->coefficient->curve != curve))
        return KC_ERR_BAD_ALGORITHM;
    kc_mask zero = kc_scalar_is_zero(signer->share);
    if (signer->coefficient != NULL)
        zero |= kc_scalar_is_zero(signer->coefficient);
    return kc_declassify_answer(zero) ? KC_ERR_SCALAR_RANGE : KC_OK; /* refused: no key is zero */
}

/* A nonce and its point. */
static enum kc_error make_nonce(struct kc_scalar *nonce, struct kc_point *point,
    enum kc_nonce_use use, const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh)
{
    enum kc_error error = check_signer(signer);
    if (error != KC_OK ||
        (error = kc_nonce_make(nonce, use, signer, first, message, fresh)) != KC_OK)
        return error;
    return kc_point_multiply_base(point, nonce);
}

enum kc_error kc_signature_contribute(struct kc_signature_contribution *out,
    const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh)
{
    if (first->curve != signer->share->curve)
        return KC_ERR_BAD_ALGORITHM;
    KC_AUTO_SCALAR nonce;
    struct kc_scalar k;
    struct kc_point commitments[2], sum;
    uint8_t r[KC_POINT_SIZE_MAX];
    commitments[0] = *first;
    enum kc_error error =
        make_nonce(&nonce, &commitments[1], KC_NONCE_SECOND_PARTY, signer, first, message, fresh);
    if (error != KC_OK || (error = kc_point_sum(&sum, commitments, 2)) != KC_OK ||
        (error = make_challenge(&k, r, &sum, signer->group, message)) != KC_OK)
        return error;
    out->commitment = commitments[1];
    kc_eddsa_response(&out->response, &nonce, &k, signer->coefficient, signer->share);
    return KC_OK;
}

enum kc_error kc_signature_open(struct kc_signature_commitment *commitment, struct kc_point *point,
    const struct kc_signer *signer, const struct kc_signed_message *message,
    const struct kc_fresh *fresh)
{
    uint8_t binding[KC_DIGEST_SIZE_MAX] = {0}; /* secret: has the share in it */
    kc_signature_commitment_wipe(commitment);
    enum kc_error error = make_nonce(
        &commitment->nonce, &commitment->point, KC_NONCE_FIRST_PARTY, signer, NULL, message, fresh);
    if (error == KC_OK)
        error = kc_nonce_hash(binding, KC_NONCE_BINDING, signer, NULL, message, NULL);
    memcpy(commitment->binding, binding, sizeof commitment->binding);
    kc_wipe(binding, sizeof binding);
    if (error != KC_OK) {
        kc_signature_commitment_wipe(commitment);
        return error;
    }
    commitment->self = commitment;
    *point = commitment->point;
    return KC_OK;
}

/* Takes the nonce out, if it was opened here and for this; in any case nothing is left. */
static enum kc_error take_nonce(struct kc_scalar *nonce, struct kc_point *point,
    struct kc_signature_commitment *commitment, const struct kc_signer *signer,
    const struct kc_signed_message *message)
{
    uint8_t binding[KC_DIGEST_SIZE_MAX]; /* secret */
    enum kc_error error = KC_ERR_SESSION;
    if (commitment->self == commitment && (error = check_signer(signer)) == KC_OK)
        error = kc_nonce_hash(binding, KC_NONCE_BINDING, signer, NULL, message, NULL);
    if (error == KC_OK) {
        kc_mask same = kc_ct_bytes_equal(binding, commitment->binding, sizeof commitment->binding);
        /* That it was opened for something else is told to the caller. */
        error = kc_declassify_answer(same) ? KC_OK : KC_ERR_SESSION;
    }
    *nonce = commitment->nonce;
    *point = commitment->point;
    kc_signature_commitment_wipe(commitment);
    kc_wipe(binding, sizeof binding);
    return error;
}

/* The challenge and the signature that the nonce, the share and the contribution make. */
static enum kc_error complete(uint8_t signature[static KC_SIGNATURE_SIZE_MAX], struct kc_scalar *k,
    const struct kc_scalar *nonce, const struct kc_point *commitment,
    const struct kc_signer *signer, const struct kc_signed_message *message,
    const struct kc_signature_contribution *contribution)
{
    struct kc_point commitments[2] = {*commitment, contribution->commitment}, sum;
    uint8_t r[KC_POINT_SIZE_MAX];
    enum kc_error error = kc_point_sum(&sum, commitments, 2);
    if (error != KC_OK || (error = make_challenge(k, r, &sum, signer->group, message)) != KC_OK)
        return error;
    KC_AUTO_SCALAR s;
    kc_eddsa_response(&s, nonce, k, signer->coefficient, signer->share);
    kc_scalar_add(&s, &s, &contribution->response);
    /* The nonce hides the share in it and is gone: S may be looked at, to verify it. */
    kc_declassify(&s, sizeof s);
    kc_eddsa_encode(signature, r, &s);
    return KC_OK;
}

/*
 * The whole signature is verified first: while it is right there is nobody to blame, and only when
 * it is wrong is the contribution looked at alone.
 */
enum kc_error kc_signature_finish(uint8_t signature[static KC_SIGNATURE_SIZE_MAX],
    struct kc_signature_commitment *commitment, const struct kc_signer *signer,
    const struct kc_point *group, const struct kc_signed_message *message,
    const struct kc_signature_contribution *contribution, const struct kc_point *other)
{
    KC_AUTO_SCALAR nonce;
    struct kc_scalar k;
    struct kc_point point;
    uint8_t made[KC_SIGNATURE_SIZE_MAX];
    enum kc_error error = take_nonce(&nonce, &point, commitment, signer, message);
    if (error != KC_OK)
        return error;
    const struct kc_curve_info *info = kc_curve_info(nonce.curve);
    if (contribution->commitment.curve != info->curve ||
        contribution->response.curve != info->curve || group->curve != info->curve ||
        (other != NULL && other->curve != info->curve))
        return KC_ERR_BAD_ALGORITHM;
    error = complete(made, &k, &nonce, &point, signer, message, contribution);
    if (error != KC_OK)
        return error;
    error = kc_signature_verify(group, message, made, info->signature_size);
    if (error == KC_OK)
        memcpy(signature, made, info->signature_size);
    else if (error == KC_ERR_SIGNATURE && other != NULL &&
             !kc_eddsa_holds(&contribution->response, &contribution->commitment, &k, other))
        error = KC_ERR_CONTRIBUTION;
    kc_wipe(made, sizeof made); /* one that does not verify is seen by nobody */
    return error;
}

void kc_signature_commitment_wipe(struct kc_signature_commitment *commitment)
{
    kc_wipe(commitment, sizeof *commitment);
}
