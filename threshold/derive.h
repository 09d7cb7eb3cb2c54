/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys from Mesh secret seeds (draft-hallambaker-mesh-udf, key derivation): HKDF with SHA-512 over
 * the seed, bound to a key name, then the expansion of the curve.
 */
#ifndef KC_THRESHOLD_DERIVE_H
#define KC_THRESHOLD_DERIVE_H

#include "base/language.h"
#include "base/reader.h"
#include "threshold/key.h"

KC_C_BEGIN

/* Octets that the derivation yields for a curve: X25519 and Ed25519 32, X448 and Ed448 56. */
#define KC_OKM_SIZE_MAX 56
#define KC_MESH_SEED_SIZE_MIN 3 /* the specifier and one random octet */
#define KC_MESH_SEED_SIZE_MAX 256
#define KC_KEY_NAME_SIZE_MAX 256

enum kc_derivation {
    KC_DERIVATION_CURRENT =
        1, /* empty salt, info = specifier || key name: what deployed code does */
    KC_DERIVATION_LEGACY = 2, /* salt = specifier, no info: what the drafts print; no key name */
};

/*
 * Derives the octets of a private key.
 *
 * seed      secret: two octets specifier, then the random octets; without the octet 200 of the UDF
 * key_name  UTF-8, may be empty; for the legacy derivation it must be
 * okm       32 or 56 octets by curve; *okm_size says it
 *
 * KC_ERR_BAD_ARGUMENT  a size outside its limits, or a key name with the legacy derivation
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_derive_octets(uint8_t okm[KC_AT_LEAST(KC_OKM_SIZE_MAX)],
    size_t *okm_size, enum kc_curve curve, enum kc_derivation derivation, struct kc_span seed,
    struct kc_span key_name);

/* The key of those octets (kc_key_from_seed). Errors as kc_derive_octets. */
KC_CHECKED enum kc_error kc_derive_key(struct kc_key *key, enum kc_curve curve,
    enum kc_derivation derivation, struct kc_span seed, struct kc_span key_name);

KC_C_END

#endif
