/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault asks a root for, one function each. The errors are the root's own (tpm/root.h),
 * and KC_ERR_ROOT_UNAVAILABLE. */
#ifndef KC_CUSTODIAN_VAULT_ROOT_H
#define KC_CUSTODIAN_VAULT_ROOT_H

#include "custodian/vault/vault.h"

/* One of the roots; by value. */
struct kc_vault_root {
    const struct kc_vault_outside *outside;
    size_t number; /* in the configuration */
};

/* The root with a name; of the empty name, which records of before there were several have, "main".
 * KC_ERR_ROOT_UNAVAILABLE: the configuration has no such root */
KC_CHECKED enum kc_error kc_vault_root_find(const struct kc_config *config,
    const struct kc_vault_outside *outside, const char *name, struct kc_vault_root *root);

/* Seals a key into a record's seal, and tells the root the digest of the record's public key. */
KC_CHECKED enum kc_error kc_vault_root_seal(struct kc_vault_root root,
    const uint8_t key[static KC_ROOT_KEY_SIZE], struct kc_record *record);

/* Opens a record's seal. The key is secret: the caller wipes it. KC_ERR_RECORD_DAMAGED also if
 * there is no seal. */
KC_CHECKED enum kc_error kc_vault_root_unseal(struct kc_vault_root root,
    const struct kc_record *record, uint8_t key[static KC_ROOT_KEY_SIZE]);

/* 1..KC_ROOT_RANDOM_MAX octets; secret. */
KC_CHECKED enum kc_error kc_vault_root_random(
    struct kc_vault_root root, uint8_t *octets, size_t size);

/* The head in the root, as root.h has it; authorisation and contents are secret. */
KC_CHECKED enum kc_error kc_vault_root_head_read(struct kc_vault_root root,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    uint8_t content[static KC_ROOT_HEAD_SIZE]);
KC_CHECKED enum kc_error kc_vault_root_head_write(struct kc_vault_root root,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE]);
KC_CHECKED enum kc_error kc_vault_root_head_make(struct kc_vault_root root,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE]);
KC_CHECKED enum kc_error kc_vault_root_head_remove(
    struct kc_vault_root root, const uint8_t authorisation[static KC_ROOT_AUTH_SIZE]);

/* The root is not used any more: kc_root_retire. */
KC_CHECKED enum kc_error kc_vault_root_retire(struct kc_vault_root root);

/* What the root is and how it is: kc_root_status. */
KC_CHECKED enum kc_error kc_vault_root_status(
    struct kc_vault_root root, struct kc_root_status *status);

/* --- resident keys: the functions of tpm/root.h of the same names --- */

/* What the use of a key answered; secret, the caller wipes it. */
struct kc_root_result {
    uint8_t octets[KC_ROOT_RESULT_MAX];
    size_t size;
};

KC_CHECKED enum kc_error kc_vault_root_key_make(struct kc_vault_root root,
    enum kc_algorithm algorithm, enum kc_use use, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_root_made *made);
KC_CHECKED enum kc_error kc_vault_root_key_keep(
    struct kc_vault_root root, const struct kc_root_key *key);
KC_CHECKED enum kc_error kc_vault_root_key_destroy(
    struct kc_vault_root root, const struct kc_root_key *key);
KC_CHECKED enum kc_error kc_vault_root_key_left(struct kc_vault_root root,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], uint32_t number, struct kc_root_made *left);
KC_CHECKED enum kc_error kc_vault_root_key_use(struct kc_vault_root root,
    const struct kc_root_key *key, enum kc_root_key_operation operation, enum kc_root_scheme scheme,
    struct kc_span input, struct kc_root_result *result);

/* --- attestation --- */

/* What kc_root_attest answers. */
struct kc_root_evidence {
    uint8_t octets[KC_ROOT_EVIDENCE_MAX];
    size_t size;
};

KC_CHECKED enum kc_error kc_vault_root_attest(struct kc_vault_root root,
    const struct kc_root_attest *about, struct kc_root_evidence *evidence);

#endif
