/* SPDX-License-Identifier: Apache-2.0 */
#include "base/algorithm.h"

#include <string.h>

#define SIGN (1u << KC_USE_SIGN)
#define AGREE (1u << KC_USE_AGREE)
#define DECRYPT (1u << KC_USE_DECRYPT)

#define RSA(bits, public)                                                                          \
    {                                                                                              \
        KC_ALGORITHM_RSA##bits, "RSA-" #bits, KC_FAMILY_RSA, SIGN | DECRYPT, KC_USE_SIGN, public,  \
            (size_t)(bits) / 16 * 7, (bits) / 8, 0, (bits) / 8, false                              \
    }

/* The place is the number. An Ed key can be agreed with too, inside the Mesh; its use is one. */
static const struct kc_algorithm_info rows[KC_ALGORITHM_LAST + 1] = {
    {KC_ALGORITHM_NONE, NULL, KC_FAMILY_CURVE, 0, KC_USE_NONE, 0, 0, 0, 0, 0, false},
    {KC_ALGORITHM_ED25519, "Ed25519", KC_FAMILY_CURVE, SIGN, KC_USE_SIGN, 32, 32, 64, 0, 0, true},
    {KC_ALGORITHM_X25519, "X25519", KC_FAMILY_CURVE, AGREE, KC_USE_AGREE, 33, 32, 0, 32, 0, true},
    {KC_ALGORITHM_ED448, "Ed448", KC_FAMILY_CURVE, SIGN, KC_USE_SIGN, 57, 57, 114, 0, 0, true},
    {KC_ALGORITHM_X448, "X448", KC_FAMILY_CURVE, AGREE, KC_USE_AGREE, 57, 56, 0, 56, 0, true},
    {KC_ALGORITHM_P256, "P-256", KC_FAMILY_EC, SIGN | AGREE, KC_USE_SIGN, 65, 32, 64, 32, 0, false},
    {KC_ALGORITHM_P384, "P-384", KC_FAMILY_EC, SIGN | AGREE, KC_USE_SIGN, 97, 48, 96, 48, 0, false},
    RSA(2048, 270),
    RSA(3072, 398),
    RSA(4096, 526),
};

const struct kc_algorithm_info *kc_algorithm_info(unsigned algorithm)
{
    return algorithm >= 1 && algorithm <= KC_ALGORITHM_LAST ? &rows[algorithm] : NULL;
}

const struct kc_algorithm_info *kc_algorithm_by_name(const char *name, size_t size)
{
    for (unsigned i = 1; i <= KC_ALGORITHM_LAST; i++)
        if (strlen(rows[i].name) == size && memcmp(rows[i].name, name, size) == 0)
            return &rows[i];
    return NULL;
}
