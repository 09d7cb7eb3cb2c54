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

KC_CHECKED enum kc_error kc_vault_root_status(
    const struct kc_vault_outside *outside, struct kc_root_status *status);

#endif
