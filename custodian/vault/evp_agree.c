/* SPDX-License-Identifier: Apache-2.0 */
/* Agreements on P-256 and P-384. */
#include "custodian/vault/evp_parts.h"

#include <pthread.h>

static enum kc_error read_point(const struct kc_algorithm_info *info, const EC_GROUP *group,
    struct kc_span peer, EC_POINT *point)
{
    bool whole = peer.size == info->public_size && peer.bytes[0] == POINT_CONVERSION_UNCOMPRESSED;
    bool compressed = peer.size == info->public_size / 2 + 1 && (peer.bytes[0] & 0xfe) == 2;
    if (!whole && !compressed)
        return KC_ERR_POINT_ENCODING;
    return kc_evp_outcome(EC_POINT_oct2point(group, point, peer.bytes, peer.size, NULL) == 1,
        KC_ERR_POINT_NOT_ON_CURVE);
}

/* Made once, and kept: each has tables. */
static EC_GROUP *p256, *p384;

static void make_groups(void)
{
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
}

static const EC_GROUP *find_group(const struct kc_algorithm_info *info)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_groups);
    return info->algorithm == KC_ALGORITHM_P256 ? p256 : p384;
}

enum kc_error kc_evp_agree(const EVP_PKEY *key, const struct kc_algorithm_info *info,
    struct kc_span peer, uint8_t agreed[static KC_ALGORITHM_AGREED_MAX])
{
    const EC_GROUP *group = find_group(info);
    KC_EVP_AUTO(kc_evp_free_point) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    KC_EVP_AUTO(kc_evp_free_number) BIGNUM *x = BN_new();
    KC_EVP_AUTO(kc_evp_free_number) BIGNUM *scalar = NULL; /* secret */
    if (!point || !x || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) != 1)
        return kc_evp_outcome(false, KC_ERR_NO_MEMORY);
    enum kc_error error = read_point(info, group, peer, point);
    if (error != KC_OK)
        return error;
    bool good = EC_POINT_mul(group, point, NULL, point, scalar, NULL) == 1 &&
                EC_POINT_get_affine_coordinates(group, point, x, NULL, NULL) == 1 &&
                BN_bn2binpad(x, agreed, (int)info->agreed_size) == (int)info->agreed_size;
    return kc_evp_outcome(good, KC_ERR_NO_MEMORY);
}

enum kc_error kc_evp_read_peer(
    const struct kc_algorithm_info *info, struct kc_span peer, uint8_t *uncompressed)
{
    const EC_GROUP *group = find_group(info);
    KC_EVP_AUTO(kc_evp_free_point) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    if (!point)
        return kc_evp_outcome(false, KC_ERR_NO_MEMORY);
    enum kc_error error = read_point(info, group, peer, point);
    if (error != KC_OK)
        return error;
    size_t written = EC_POINT_point2oct(
        group, point, POINT_CONVERSION_UNCOMPRESSED, uncompressed, info->public_size, NULL);
    return kc_evp_outcome(written == info->public_size, KC_ERR_NO_MEMORY);
}
