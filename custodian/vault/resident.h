/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that live in the hardware root. Their record has the root's blob as its seal, and as its
 * secret the random value that authorises their use.
 *
 * What an HSM keeps of a key whose record was never stored is found when the next one is made, and
 * destroyed: its objects are marked as new, and by which vault, until the record is stored. So is
 * what a root keeps that died while it made one.
 */
#ifndef KC_CUSTODIAN_VAULT_RESIDENT_H
#define KC_CUSTODIAN_VAULT_RESIDENT_H

#include "custodian/vault/core.h"

static inline bool kc_resident_is(const struct kc_record *record)
{
    return record->residence == KC_RESIDENCE_RESIDENT;
}

/*
 * Makes a key in the root: the record's public half, algorithm, id and seal. First cleans up after a
 * vault that died; that may wish for records (KC_WISH_NEED, KC_ERR_UNAVAILABLE).
 *
 * secret  given: its authorisation value
 *
 * KC_ERR_ROOT_UNFIT and the root's other errors
 */
KC_CHECKED enum kc_error kc_resident_generate(struct kc_call *call, struct kc_record *wanted,
    const struct kc_algorithm_info *info, struct kc_secret *secret);

/* The record is stored: the root keeps the key. What fails is made good when the next one is made. */
void kc_resident_keep(struct kc_call *call, const struct kc_record *key);

/* Has the root destroy what was just made and cannot be stored; of a change that was not stored, the
 * key that it would have been the record of. Failures are made good when the next one is made. */
void kc_resident_discard(
    struct kc_call *call, const struct kc_record *wanted, const struct kc_secret *auth);
void kc_resident_not_stored(struct kc_call *call);

/* Has the root destroy a key. */
KC_CHECKED enum kc_error kc_resident_destroy(struct kc_call *call, const struct kc_record *key);

/* Key-sign, key-agree and key-decrypt by a resident key; agreed as in kc_call_agree. */
KC_CHECKED enum kc_error kc_resident_sign(struct kc_call *call, const struct kc_record *key);
KC_CHECKED enum kc_error kc_resident_agree(struct kc_call *call, const struct kc_record *key,
    uint8_t agreed[static KC_ALGORITHM_AGREED_MAX]);
KC_CHECKED enum kc_error kc_resident_decrypt(struct kc_call *call, const struct kc_record *key);

/* Writes a point in the form that roots take: of P-256 uncompressed, of others u alone. Returns the
 * octets written. */
size_t kc_resident_write_point(
    const struct kc_point *point, uint8_t out[static KC_ROOT_PUBLIC_MAX]);

/* A public point from outside, fully checked: in its curve's encoding, of P-256 also uncompressed.
 * Errors of kc_point_decode. */
KC_CHECKED enum kc_error kc_resident_read_point(
    enum kc_curve curve, struct kc_span octets, struct kc_point *point);

/*
 * (coefficient * s + offset) * peer for a resident key or share s on one of threshold's curves: the
 * root multiplies, the rest is done here. Secret.
 *
 * coefficient, offset  NULL: 1 and 0
 *
 * KC_ERR_SCALAR_RANGE  the coefficient is zero, or the result would be the identity
 * KC_ERR_ROOT_ANSWER   what the root derived does not fit the key's public point
 */
KC_CHECKED enum kc_error kc_resident_contribute(struct kc_call *call, const struct kc_record *key,
    const struct kc_scalar *coefficient, const struct kc_scalar *offset,
    const struct kc_point *peer, struct kc_point *contribution);

#endif
