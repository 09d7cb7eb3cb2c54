/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resident keys in a TPM: ECC P-256 and P-384, RSA-2048, children of the SRK, fixed to this TPM,
 * not subject to lockout. A blob is the object's two areas, as only this TPM can load them.
 *
 * A key that was used stays loaded, up to KC_TPM2_HOT_MAX of them: loading costs as much as a
 * signature. The TPM has room for three objects; one place is left to the others.
 */
#ifndef KC_TPM_RESIDENT_H
#define KC_TPM_RESIDENT_H

#include "tpm/resident_blob.h"

/* kc_root_key_make and the uses, with the TPM connected. */
KC_CHECKED enum kc_error kc_resident_make(struct kc_tpm2 *tpm, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t auth[static KC_ROOT_AUTH_SIZE], struct kc_root_made *made);
KC_CHECKED enum kc_error kc_resident_use(struct kc_tpm2 *tpm, const struct kc_root_use_of_key *use,
    uint8_t result[static KC_ROOT_RESULT_MAX], size_t *result_size);

/* A resident key that is loaded, and how its use is authorised. */
struct kc_resident_loaded {
    struct kc_resident_blob blob;
    const struct kc_entity *object; /* stays loaded until others need its place */
    struct kc_session *authority;   /* that satisfies its policy; NULL: the standing one */
    TPM2B_AUTH auth;                /* secret: to be wiped */
};

/* Loads a key, unless it is loaded. */
KC_CHECKED enum kc_error kc_resident_open(
    struct kc_tpm2 *tpm, const struct kc_root_key *key, struct kc_resident_loaded *loaded);

/* Whether the blob is a resident key's of this TPM; loads it. */
KC_CHECKED enum kc_error kc_resident_check(struct kc_tpm2 *tpm, const struct kc_root_key *key);

/* Flushes a key if it is loaded. */
void kc_resident_forget(struct kc_tpm2 *tpm, const struct kc_root_key *key);

/* Whether any is loaded. */
bool kc_resident_is_hot(const struct kc_tpm2 *tpm);

/* Flushes all keys that are loaded: before the connection ends, or to make room. */
void kc_resident_flush(struct kc_tpm2 *tpm);

#endif
