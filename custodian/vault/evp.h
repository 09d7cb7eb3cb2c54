/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys whose work libcrypto does: P-256, P-384 and RSA. An opened key is an EVP_PKEY in the arena;
 * it is counted, does not change, and any number of threads use it.
 *
 * Time. ECDSA makes its nonce from the key, the digest and random octets, and multiplies by it with
 * libcrypto's constant-time code (P-256 by tables that are read in full, P-384 by a ladder). RSA runs
 * blinded, its exponentiations are of constant time, and each result is checked with the public
 * exponent before it leaves, so that a fault shows no factor. What is left: libcrypto cuts leading
 * zeros off numbers that it reads or writes, outside these loops; docs/threat-model.md tells of it.
 */
#ifndef KC_CUSTODIAN_VAULT_EVP_H
#define KC_CUSTODIAN_VAULT_EVP_H

#include "base/algorithm.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/secret.h"

#include <openssl/evp.h>

/* A hash by its name on the wire. */
struct kc_evp_hash {
    const char *name;
    size_t size; /* octets of a digest */
    const EVP_MD *(*md)(void);
};

/* NULL: there is none. */
const struct kc_evp_hash *kc_evp_hash_find(struct kc_span name);

enum kc_evp_padding { KC_EVP_ECDSA, KC_EVP_PKCS1, KC_EVP_PSS, KC_EVP_OAEP };

/* How to sign or to decrypt. */
struct kc_evp_scheme {
    enum kc_evp_padding padding;
    const struct kc_evp_hash *hash; /* NULL: none */
    const struct kc_evp_hash *mgf;  /* of MGF1: PSS, OAEP */
    bool hashed;                    /* what comes is the digest */
    size_t salt_size;               /* PSS: octets */
    struct kc_span label;           /* OAEP */
};

/* Mixes hedged random octets into libcrypto's own random source; for what follows. */
void kc_evp_stir(const uint8_t *octets, size_t size);

/* A new key; RSA with the public exponent 65537. Given: EVP_PKEY_free. RSA takes from tenths of a
 * second to many seconds. KC_ERR_NO_MEMORY: libcrypto could not. */
KC_CHECKED enum kc_error kc_evp_generate(const struct kc_algorithm_info *info, EVP_PKEY **key);

/* The public half and the private part, as base/algorithm.h has them; public has room for
 * KC_ALGORITHM_PUBLIC_MAX. *secret is given. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_evp_public(
    const struct kc_algorithm_info *info, const EVP_PKEY *key, uint8_t *public);
KC_CHECKED enum kc_error kc_evp_secret(
    const struct kc_algorithm_info *info, const EVP_PKEY *key, struct kc_secret *secret);

/*
 * A key from its two halves. Given: EVP_PKEY_free.
 *
 * KC_ERR_RECORD_DAMAGED  they are not of this algorithm, or not of one key
 * KC_ERR_NO_MEMORY       libcrypto could not
 */
KC_CHECKED enum kc_error kc_evp_open(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_secret *secret, EVP_PKEY **key);

/*
 * Signs.
 *
 * message    octets to be hashed; or the digest; PKCS1 without a hash: what is padded as it is, at
 *            most the modulus less 11 octets; ECDSA without a hash: a digest of 1..64 octets, of which
 *            the leftmost bits count
 * signature  info->signature_size octets
 *
 * KC_ERR_BAD_ARGUMENT  the message's size or the salt's does not fit
 * KC_ERR_NO_MEMORY     libcrypto could not
 */
KC_CHECKED enum kc_error kc_evp_sign(EVP_PKEY *key, const struct kc_algorithm_info *info,
    const struct kc_evp_scheme *scheme, struct kc_span message,
    uint8_t signature[static KC_ALGORITHM_SIGNATURE_MAX]);

/*
 * Verifies, with a public key from outside.
 *
 * public     as base/algorithm.h has it; RSA with the public exponent 65537
 * signature  of any size
 *
 * KC_ERR_SIGNATURE           does not verify, or has the wrong size
 * KC_ERR_POINT_NOT_ON_CURVE  not a public key of this algorithm
 * KC_ERR_BAD_ARGUMENT        the message's size or the salt's does not fit
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_evp_verify(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_evp_scheme *scheme, struct kc_span message, struct kc_span signature);

/*
 * Decrypts with an RSA key. *plain is given.
 *
 * OAEP: one error for all that can be wrong, found in constant time. PKCS #1 v1.5: a wrong padding
 * is no error but yields other octets, always the same for one ciphertext and not to be told from
 * real ones without knowing these (implicit rejection): whoever may ask, or sees what comes of it,
 * does not get the oracle that Bleichenbacher's attack needs.
 *
 * KC_ERR_DECRYPTION  not of the modulus' size or not below it; OAEP: does not decrypt
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_evp_decrypt(EVP_PKEY *key, const struct kc_algorithm_info *info,
    const struct kc_evp_scheme *scheme, struct kc_span ciphertext, struct kc_secret *plain);

/*
 * Agrees: x of the product, big-endian, info->agreed_size octets. Secret; the caller wipes it.
 *
 * peer  a point, compressed or not (SEC 1)
 *
 * KC_ERR_POINT_ENCODING      not such an encoding, or the point at infinity
 * KC_ERR_POINT_NOT_ON_CURVE  no such point is on the curve; as the cofactor is 1, any that is belongs
 *                            to the group
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_evp_agree(const EVP_PKEY *key, const struct kc_algorithm_info *info,
    struct kc_span peer, uint8_t agreed[static KC_ALGORITHM_AGREED_MAX]);

/*
 * Checks a peer's point, and writes it uncompressed: info->public_size octets. Errors as kc_evp_agree.
 */
KC_CHECKED enum kc_error kc_evp_read_peer(
    const struct kc_algorithm_info *info, struct kc_span peer, uint8_t *uncompressed);

#endif
