/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithms that a key may have: one row of facts for each.
 *
 * Numbers are those of records and stay; 1 to 5 are those of enum kc_curve (threshold/curve.h).
 * Public halves, as records and the socket carry them: Edwards and Montgomery curves in their
 * curve's signed encoding, P-256 and P-384 as an uncompressed point (SEC 1, 2.3.3: 0x04, x, y), RSA
 * as the DER of RSAPublicKey (RFC 8017, A.1.1).
 */
#ifndef KC_BASE_ALGORITHM_H
#define KC_BASE_ALGORITHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kc_algorithm {
    KC_ALGORITHM_NONE = 0,
    KC_ALGORITHM_ED25519 = 1,
    KC_ALGORITHM_X25519 = 2,
    KC_ALGORITHM_ED448 = 3,
    KC_ALGORITHM_X448 = 4,
    KC_ALGORITHM_P256 = 5,
    KC_ALGORITHM_P384 = 6,
    KC_ALGORITHM_RSA2048 = 7,
    KC_ALGORITHM_RSA3072 = 8,
    KC_ALGORITHM_RSA4096 = 9,
};

#define KC_ALGORITHM_LAST KC_ALGORITHM_RSA4096

/* What one key is for: one of those that its algorithm can. */
enum kc_use { KC_USE_NONE = 0, KC_USE_SIGN = 1, KC_USE_AGREE = 2, KC_USE_DECRYPT = 3 };

/* Which code does an algorithm's work: threshold/, or libcrypto by way of EVP. */
enum kc_family { KC_FAMILY_CURVE, KC_FAMILY_EC, KC_FAMILY_RSA };

#define KC_ALGORITHM_PUBLIC_MAX 526    /* octets: RSA-4096 */
#define KC_ALGORITHM_SECRET_MAX 1792   /* octets: RSA-4096 */
#define KC_ALGORITHM_SIGNATURE_MAX 512 /* octets: RSA-4096 */
#define KC_ALGORITHM_AGREED_MAX 57     /* octets: Ed448 */

struct kc_algorithm_info {
    enum kc_algorithm algorithm;
    const char *name; /* on the wire: "Ed25519", "P-256", "RSA-2048" */
    enum kc_family family;
    uint8_t uses;       /* bit n: enum kc_use */
    enum kc_use use;    /* of a key when none is asked for */
    size_t public_size; /* octets */
    /* octets of the private part in a record: seed or scalar; P: the scalar, big-endian; RSA: d, then
     * p, q, d mod p-1, d mod q-1, 1/q mod p, big-endian, d as long as the modulus, each other half */
    size_t secret_size;
    size_t signature_size; /* octets; 0: it does not sign. P: r, then s, of the same size */
    size_t agreed_size;    /* octets; 0: it does not agree */
    size_t modulus_size;   /* RSA: octets; else 0 */
    bool splits;           /* can be split in two shares */
};

/* The row of a number; NULL if there is none. */
const struct kc_algorithm_info *kc_algorithm_info(unsigned algorithm);

/* The row of a name, which need not end with a zero; NULL if there is none. */
const struct kc_algorithm_info *kc_algorithm_by_name(const char *name, size_t size);

/* Whether an algorithm can be used so. */
static inline bool kc_algorithm_can(const struct kc_algorithm_info *info, enum kc_use use)
{
    return (info->uses >> use & 1) != 0;
}

#endif
