/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault asks the root for, one function each. The errors are the root's own (tpm/root.h),
 * and KC_ERR_ROOT_UNAVAILABLE. */
#ifndef KC_CUSTODIAN_VAULT_ROOT_H
#define KC_CUSTODIAN_VAULT_ROOT_H

#include "custodian/vault/vault.h"

/* Seals a key into a record's seal. */
KC_CHECKED enum kc_error kc_vault_root_seal(const struct kc_vault_outside *outside,
    const uint8_t key[static KC_ROOT_KEY_SIZE], struct kc_record *record);

/* Opens a record's seal. The key is secret: the caller wipes it. KC_ERR_RECORD_DAMAGED also if
 * there is no seal. */
KC_CHECKED enum kc_error kc_vault_root_unseal(const struct kc_vault_outside *outside,
    const struct kc_record *record, uint8_t key[static KC_ROOT_KEY_SIZE]);

/* 1..KC_ROOT_RANDOM_MAX octets; secret. */
KC_CHECKED enum kc_error kc_vault_root_random(
    const struct kc_vault_outside *outside, uint8_t *octets, size_t size);

/* The head in the root, as root.h has it; authorisation and contents are secret. */
KC_CHECKED enum kc_error kc_vault_root_head_read(const struct kc_vault_outside *outside,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    uint8_t content[static KC_ROOT_HEAD_SIZE]);
KC_CHECKED enum kc_error kc_vault_root_head_write(const struct kc_vault_outside *outside,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE]);
KC_CHECKED enum kc_error kc_vault_root_head_make(const struct kc_vault_outside *outside,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE]);

KC_CHECKED enum kc_error kc_vault_root_status(
    const struct kc_vault_outside *outside, struct kc_root_status *status);

/* --- resident keys: the functions of tpm/root.h of the same names --- */

/* What the use of a key answered; secret, the caller wipes it. */
struct kc_root_result {
    uint8_t octets[KC_ROOT_RESULT_MAX];
    size_t size;
};

KC_CHECKED enum kc_error kc_vault_root_key_make(const struct kc_vault_outside *outside,
    enum kc_algorithm algorithm, enum kc_use use, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_root_made *made);
KC_CHECKED enum kc_error kc_vault_root_key_keep(
    const struct kc_vault_outside *outside, const struct kc_root_key *key);
KC_CHECKED enum kc_error kc_vault_root_key_destroy(
    const struct kc_vault_outside *outside, const struct kc_root_key *key);
KC_CHECKED enum kc_error kc_vault_root_key_left(const struct kc_vault_outside *outside,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], uint32_t number, struct kc_root_made *left);
/* What kc_root_attest answers. */
struct kc_root_evidence {
    uint8_t octets[KC_ROOT_EVIDENCE_MAX];
    size_t size;
};

KC_CHECKED enum kc_error kc_vault_root_attest(const struct kc_vault_outside *outside,
    const struct kc_root_attest *about, struct kc_root_evidence *evidence);

KC_CHECKED enum kc_error kc_vault_root_key_use(const struct kc_vault_outside *outside,
    const struct kc_root_key *key, enum kc_root_key_operation operation, enum kc_root_scheme scheme,
    struct kc_span input, struct kc_root_result *result);

#endif
