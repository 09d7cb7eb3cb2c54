/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resident keys in a token: pairs of objects that were made there, sensitive and never extractable.
 * They run in the worker's thread.
 *
 *   CKA_ID     tag [16] of the maker and its life, random [16]: what the blob names
 *   CKA_LABEL  "custodian new" until kc_root_key_keep, then "custodian"
 *
 *   blob       version u8, kind u8, algorithm u8, use u8, CKA_ID [32], checksum [16]: the start of
 *              the SHA-256 digest of what comes before
 */
#ifndef KC_TPM_HSM_RESIDENT_H
#define KC_TPM_HSM_RESIDENT_H

#include "tpm/hsm.h"

/* The functions of root.h, with the token connected. */
KC_CHECKED enum kc_error kc_hsm_resident_make(struct kc_hsm_token *token,
    enum kc_algorithm algorithm, enum kc_use use, const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE],
    struct kc_root_made *made);
KC_CHECKED enum kc_error kc_hsm_resident_keep(struct kc_hsm_token *token, struct kc_span blob);
KC_CHECKED enum kc_error kc_hsm_resident_left(struct kc_hsm_token *token,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], uint32_t number, struct kc_root_made *left);
KC_CHECKED enum kc_error kc_hsm_resident_destroy(struct kc_hsm_token *token, struct kc_span blob);

/* One use. The blob in use->key is read, its authorisation is not. */
KC_CHECKED enum kc_error kc_hsm_resident_use(struct kc_hsm_token *token,
    const struct kc_root_use_of_key *use, uint8_t result[static KC_ROOT_RESULT_MAX],
    size_t *result_size);

#endif
