/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_algorithm.h"

#include <string.h>

#define DER_OCTET_STRING 4

#define OID(octets) octets, sizeof octets - 1, false
#define NAME(octets) octets, sizeof octets - 1, true

#define OID_P256 OID("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384 OID("\x06\x05\x2b\x81\x04\x00\x22")
#define OID_X25519 OID("\x06\x03\x2b\x65\x6e")
#define OID_X448 OID("\x06\x03\x2b\x65\x6f")
#define OID_ED25519 OID("\x06\x03\x2b\x65\x70")
#define OID_ED448 OID("\x06\x03\x2b\x65\x71")
#define NAME_X25519                                                                                \
    NAME("\x13\x0a"                                                                                \
         "curve25519")
#define NAME_X448                                                                                  \
    NAME("\x13\x08"                                                                                \
         "curve448")
#define NAME_ED25519                                                                               \
    NAME("\x13\x0c"                                                                                \
         "edwards25519")
#define NAME_ED448                                                                                 \
    NAME("\x13\x0a"                                                                                \
         "edwards448")

#define EDWARDS CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS
#define MONTGOMERY CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY

/* PKCS#11 3.0 has X25519 and X448 as Montgomery keys; SoftHSM has them as Edwards keys. */
/* clang-format off */
static const struct kc_hsm_algorithm algorithms[] = {
    {KC_ALGORITHM_ED25519, "Ed25519", 32, 0, 64, {{EDWARDS, OID_ED25519}, {EDWARDS, NAME_ED25519}}, 2},
    {KC_ALGORITHM_X25519, "X25519", 32, 32, 0,
        {{MONTGOMERY, OID_X25519}, {MONTGOMERY, NAME_X25519}, {EDWARDS, OID_X25519}, {EDWARDS, NAME_X25519}}, 4},
    {KC_ALGORITHM_ED448, "Ed448", 57, 0, 114, {{EDWARDS, OID_ED448}, {EDWARDS, NAME_ED448}}, 2},
    {KC_ALGORITHM_X448, "X448", 56, 56, 0,
        {{MONTGOMERY, OID_X448}, {MONTGOMERY, NAME_X448}, {EDWARDS, OID_X448}, {EDWARDS, NAME_X448}}, 4},
    {KC_ALGORITHM_P256, "P-256", 65, 32, 64, {{CKM_EC_KEY_PAIR_GEN, CKK_EC, OID_P256}}, 1},
    {KC_ALGORITHM_P384, "P-384", 97, 48, 96, {{CKM_EC_KEY_PAIR_GEN, CKK_EC, OID_P384}}, 1},
    {KC_ALGORITHM_RSA2048, "RSA-2048", 0, 0, 256, {{CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, NULL, 0, false}}, 1},
};
/* clang-format on */

const struct kc_hsm_algorithm *kc_hsm_algorithm(unsigned algorithm)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (algorithms[i].algorithm == algorithm)
            return &algorithms[i];
    }
    return NULL;
}

struct kc_span kc_hsm_point_read(
    const struct kc_hsm_algorithm *algorithm, struct kc_span attribute, bool *is_der)
{
    size_t size = algorithm->point_size;
    *is_der = attribute.size == size + 2 && attribute.bytes[0] == DER_OCTET_STRING &&
              attribute.bytes[1] == size;
    if (*is_der)
        return (struct kc_span){attribute.bytes + 2, size};
    return attribute.size == size ? attribute : (struct kc_span){NULL, 0};
}

size_t kc_hsm_point_write(struct kc_span point, bool as_der, uint8_t out[static KC_HSM_POINT_MAX])
{
    size_t at = 0;
    if (as_der) {
        out[at++] = DER_OCTET_STRING;
        out[at++] = (uint8_t)point.size;
    }
    memcpy(out + at, point.bytes, point.size);
    return at + point.size;
}
