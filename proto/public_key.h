/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A public key in a Mesh document: KeyData { Udf, PublicParameters: { PublicKeyECDH: { crv, Public
 * }}}.
 *
 * Only the shape is checked here. Whether the octets are a point of the curve, and one of prime
 * order, is the matter of whoever calculates with it.
 */
#ifndef KC_PROTO_PUBLIC_KEY_H
#define KC_PROTO_PUBLIC_KEY_H

#include "proto/json.h"
#include "proto/udf_digest.h"

struct kc_public_key {
    char algorithm[8]; /* Ed25519, Ed448, X25519 or X448 */
    uint8_t octets[KC_UDF_PUBLIC_MAX];
    size_t size;              /* X25519 and X448: with or without the sign octet, as it came */
    char udf[KC_UDF_ID_SIZE]; /* made from the key; empty for X448 without a sign octet */
};

/*
 * Reads a tagged PublicKeyECDH, as in PublicParameters and epk.
 *
 * KC_ERR_BAD_REQUEST    not of this form, or of a size that the curve has not
 * KC_ERR_BAD_ALGORITHM  another curve, or another kind of key
 */
KC_CHECKED enum kc_error kc_public_key_read_tagged(
    struct kc_json tagged, struct kc_public_key *key);

/*
 * Reads a KeyData. "Udf beside a key is checked against the key, never believed": whichever of the
 * content types of its history it was made with.
 *
 * KC_ERR_BAD_REQUEST, KC_ERR_BAD_ALGORITHM  as above
 * KC_ERR_REFUSED                            the UDF in it is not the key's
 */
KC_CHECKED enum kc_error kc_public_key_read(struct kc_json key_data, struct kc_public_key *key);

/* Makes a key from its parts. Errors of kc_public_key_read_tagged. */
KC_CHECKED enum kc_error kc_public_key_make(
    const char *algorithm, struct kc_span octets, struct kc_public_key *key);

/* Whether two are the same: algorithm and octets; a sign octet that one lacks does not count. */
bool kc_public_key_equal(const struct kc_public_key *a, const struct kc_public_key *b);

#endif
