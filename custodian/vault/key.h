/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers share about keys: their records, and what several operations do with them. */
#ifndef KC_CUSTODIAN_VAULT_KEY_H
#define KC_CUSTODIAN_VAULT_KEY_H

#include "custodian/mesh/envelope_make.h"
#include "custodian/vault/core.h"

/* Makes the record of a key from its public half: id, algorithm, public key; of a point also the use. */
KC_CHECKED enum kc_error kc_record_of_octets(
    struct kc_record *record, const struct kc_algorithm_info *info, struct kc_span public);
KC_CHECKED enum kc_error kc_record_of_public(
    struct kc_record *record, const struct kc_point *point);

/* The same for a share. Its id is that of a whole key with this public half, which of P-256 has its
 * point uncompressed; in the share's record the point is in threshold's encoding. */
KC_CHECKED enum kc_error kc_record_of_share(struct kc_record *record, const struct kc_point *point);

/* Reads into a record what the request says of identifier, attributes, start and expiry, as far as it
 * does. KC_ERR_BAD_ARGUMENT: it would expire before it starts */
KC_CHECKED enum kc_error kc_call_read_details(struct kc_call *call, struct kc_record *record);

/* Agrees with a key that kc_call_key gave and the request's peer. agreed: secret, the caller wipes it. */
KC_CHECKED enum kc_error kc_call_agree(struct kc_call *call, const struct kc_record *key,
    uint8_t agreed[static KC_ALGORITHM_AGREED_MAX], size_t *size);

/* The name of the root that a key depends on; lent. */
const char *kc_call_root_name(const struct kc_call *call, const struct kc_record *record);

/* The root that the request names. KC_ERR_BAD_ARGUMENT, the field as detail: the configuration has
 * none of that name */
KC_CHECKED enum kc_error kc_call_named_root(struct kc_call *call, struct kc_vault_root *root);

/* The opened key of a record, from the cache or the record itself. Errors of kc_keeper_open. */
KC_CHECKED enum kc_error kc_call_material(
    struct kc_call *call, const struct kc_record *record, struct kc_material *material);

/* Stages the tombstone of a key. */
KC_CHECKED enum kc_error kc_call_destroy(struct kc_call *call, const struct kc_record *key);

/* Describes a key in the answer's fields or an item's. */
void kc_call_describe(
    struct kc_call *call, struct kc_values *values, const struct kc_record *record);

/* --- scheme.c --- */

/* key-sign by a key that libcrypto works with. */
KC_CHECKED enum kc_error kc_call_sign_by_libcrypto(
    struct kc_call *call, const struct kc_record *key);

/* The same for verifying, with the request's public key of this algorithm. KC_ERR_SIGNATURE */
KC_CHECKED enum kc_error kc_call_verify_by_libcrypto(
    struct kc_call *call, const struct kc_algorithm_info *info);

/* What the request says of how to sign with P-256, P-384 or RSA. KC_ERR_BAD_ARGUMENT, the field as
 * detail */
struct kc_evp_scheme;
KC_CHECKED enum kc_error kc_call_read_signing(
    struct kc_call *call, const struct kc_algorithm_info *info, struct kc_evp_scheme *scheme);

/* --- agree.c --- */

/*
 * Agrees with a share: its contribution and the other party's, which the request has or the peer is
 * asked for, added. agreed is secret. May wish KC_WISH_ASK.
 */
KC_CHECKED enum kc_error kc_call_agree_with_other(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, uint8_t agreed[static KC_POINT_SIZE_MAX]);

/* Agrees by a whole key or a share, to open what is encrypted to it. Errors and wishes as above; also
 * KC_ERR_BAD_ARGUMENT: the caller brought a contribution for a whole key. */
KC_CHECKED enum kc_error kc_call_agree_for_opening(struct kc_call *call,
    const struct kc_record *key, const struct kc_point *peer,
    uint8_t agreed[static KC_POINT_SIZE_MAX]);

/* --- sign.c --- */

/*
 * Signs the digest of an envelope's body, as its curve does, by a whole key or by a share and its
 * peer. With KC_OK there is a signature only if the call wishes for nothing: else the handler
 * returns, and comes here again with the same digest.
 */
KC_CHECKED enum kc_error kc_call_sign_digest(struct kc_call *call, const struct kc_record *key,
    const uint8_t digest[static KC_DARE_DIGEST_SIZE],
    uint8_t signature[static KC_SIGNATURE_SIZE_MAX]);

/* --- mesh_source.c --- */

/* Randomness and time for what custodian/mesh makes; borrows the call. */
struct kc_mesh_source kc_call_mesh_source(struct kc_call *call);

#endif
