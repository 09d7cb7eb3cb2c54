/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/key.h"

#include "base/wipe.h"
#include "threshold/digest.h"
#include "threshold/element.h"

#include <string.h>

/* RFC 7748 5: the low bits are cleared, the top bit is set. */
static void clamp_25519(uint8_t bytes[static 32])
{
    bytes[0] &= 0xf8;
    bytes[31] = (uint8_t)((bytes[31] & 0x7f) | 0x40);
}

static void clamp_448(uint8_t bytes[static 56])
{
    bytes[0] &= 0xfc;
    bytes[55] |= 0x80;
}

/* RFC 8032 5.1.5: the first half of the digest is the scalar, pruned as X25519's;
 * the second is the prefix. */
static enum kc_error expand_ed25519(
    const uint8_t *seed, size_t seed_size, uint8_t *integer, uint8_t *prefix)
{
    uint8_t digest[KC_DIGEST_SIZE_MAX]; /* secret */
    struct kc_span part = {seed, seed_size};
    enum kc_error error = kc_digest(digest, KC_CURVE_ED25519, &part, 1);
    if (error == KC_OK) {
        clamp_25519(digest);
        memcpy(integer, digest, 32);
        memcpy(prefix, digest + 32, 32);
    }
    kc_wipe(digest, sizeof digest);
    return error;
}

/* RFC 8032 5.2.5: octet 56 of the scalar is cleared, so 56 octets are all of it. */
static enum kc_error expand_ed448(
    const uint8_t *seed, size_t seed_size, uint8_t *integer, uint8_t *prefix)
{
    uint8_t digest[KC_DIGEST_SIZE_MAX]; /* secret */
    struct kc_span part = {seed, seed_size};
    enum kc_error error = kc_digest(digest, KC_CURVE_ED448, &part, 1);
    if (error == KC_OK) {
        clamp_448(digest);
        memcpy(integer, digest, 56);
        memcpy(prefix, digest + 57, 57);
    }
    kc_wipe(digest, sizeof digest);
    return error;
}

enum kc_error kc_key_expand_seed(enum kc_curve curve, const uint8_t *seed, size_t seed_size,
    uint8_t integer[static KC_SCALAR_SIZE_MAX], uint8_t prefix[static KC_PREFIX_SIZE_MAX])
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    bool mesh = curve == KC_CURVE_ED448 && seed_size == KC_ED448_MESH_SEED_SIZE;
    if (info == NULL || info->seed_size == 0 || (seed_size != info->seed_size && !mesh))
        return KC_ERR_BAD_ARGUMENT;

    if (curve == KC_CURVE_ED25519)
        return expand_ed25519(seed, seed_size, integer, prefix);
    if (curve == KC_CURVE_ED448)
        return expand_ed448(seed, seed_size, integer, prefix);
    memset(prefix, 0, KC_PREFIX_SIZE_MAX);
    memcpy(integer, seed, seed_size);
    if (curve == KC_CURVE_X25519)
        clamp_25519(integer);
    else
        clamp_448(integer);
    return KC_OK;
}

/* A public key is written whenever something is signed. */
static enum kc_error make_public(struct kc_key *key)
{
    enum kc_error error = kc_point_multiply_base(&key->public, &key->scalar);
    if (error == KC_OK)
        kc_element_normalize(&key->public);
    return error;
}

enum kc_error kc_key_from_seed(
    struct kc_key *key, enum kc_curve curve, const uint8_t *seed, size_t seed_size)
{
    KC_AUTO_KEY made = {0};
    uint8_t integer[KC_SCALAR_SIZE_MAX] = {0}; /* secret */
    enum kc_error error = kc_key_expand_seed(curve, seed, seed_size, integer, made.prefix);
    if (error == KC_OK)
        error = kc_scalar_import(&made.scalar, curve, integer, kc_curve_info(curve)->scalar_size);
    kc_wipe(integer, sizeof integer);
    if (error != KC_OK || (error = make_public(&made)) != KC_OK)
        return error;
    made.seeded = kc_curve_info(curve)->signs;
    *key = made;
    return KC_OK;
}

enum kc_error kc_key_from_scalar(struct kc_key *key, const struct kc_scalar *scalar)
{
    KC_AUTO_KEY made = {.scalar = *scalar};
    enum kc_error error = make_public(&made);
    if (error == KC_OK)
        *key = made;
    return error;
}

enum kc_error kc_key_compose(struct kc_key *key, const struct kc_key parts[], size_t count)
{
    if (count == 0)
        return KC_ERR_SCALAR_RANGE;
    KC_AUTO_SCALAR sum = parts[0].scalar;
    for (size_t i = 1; i < count; i++)
        kc_scalar_add(&sum, &sum, &parts[i].scalar);
    return kc_key_from_scalar(key, &sum);
}

void kc_key_wipe(struct kc_key *key)
{
    kc_wipe(key, sizeof *key);
}
