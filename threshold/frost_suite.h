/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ciphersuites of FROST (RFC 9591, section 6): hashes and encodings, for frost.c and for tests
 * that know the nonces.
 */
#ifndef KC_THRESHOLD_FROST_SUITE_H
#define KC_THRESHOLD_FROST_SUITE_H

#include "base/reader.h"
#include "base/writer.h"
#include "threshold/frost.h"

#define KC_FROST_SCALAR_SIZE_MAX 57 /* Ed448: one octet more than a scalar has */
#define KC_FROST_RANDOM_SIZE 32     /* octets of randomness of a nonce, every suite */
#define KC_FROST_DIGEST_SIZE_MAX 114

/* A suite's group; abort for a number that is none. */
enum kc_curve kc_frost_curve(enum kc_frost_suite suite);

/* SerializeScalar and SerializeElement: little-endian (Ed) or big-endian (P-256) scalars. */
void kc_frost_write_scalar(
    struct kc_writer *w, enum kc_frost_suite suite, const struct kc_scalar *scalar);
void kc_frost_write_point(struct kc_writer *w, const struct kc_point *point);

/* DeserializeScalar; what is left in the reader is not looked at. KC_ERR_BAD_REQUEST: too short;
 * KC_ERR_SCALAR_RANGE: not below L. */
KC_CHECKED enum kc_error kc_frost_read_scalar(
    struct kc_reader *r, enum kc_frost_suite suite, struct kc_scalar *scalar);

/* H1, H2, H3: to a scalar. KC_ERR_INTERNAL: libcrypto failed. */
enum kc_frost_hash { KC_FROST_H1 = 1, KC_FROST_H2 = 2, KC_FROST_H3 = 3 };
KC_CHECKED enum kc_error kc_frost_hash_scalar(struct kc_scalar *out, enum kc_frost_suite suite,
    enum kc_frost_hash hash, const struct kc_span parts[], size_t count);

/* H4 of a message, H5 of a commitment list; the size is the suite's. KC_ERR_INTERNAL as above. */
KC_CHECKED enum kc_error kc_frost_hash_message(uint8_t digest[static KC_FROST_DIGEST_SIZE_MAX],
    size_t *size, enum kc_frost_suite suite, struct kc_span message);
KC_CHECKED enum kc_error kc_frost_hash_list(uint8_t digest[static KC_FROST_DIGEST_SIZE_MAX],
    size_t *size, enum kc_frost_suite suite, struct kc_span list);

/*
 * nonce_generate with the randomness as an argument (4.1): H3(random || share). Not for the
 * custodian, which hedges: kc_frost_commit.
 */
KC_CHECKED enum kc_error kc_frost_nonce(struct kc_scalar *nonce, enum kc_frost_suite suite,
    const uint8_t random[static KC_FROST_RANDOM_SIZE], const struct kc_scalar *share);

#endif
