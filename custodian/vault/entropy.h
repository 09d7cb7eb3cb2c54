/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's random octets: hedged over the kernel's source, the hardware root's and a counter, so
 * that one of them may fail. What was given cannot be computed from what is kept.
 */
#ifndef KC_CUSTODIAN_VAULT_ENTROPY_H
#define KC_CUSTODIAN_VAULT_ENTROPY_H

#include "custodian/vault/root.h"

struct kc_entropy;

/* Given to the caller. KC_ERR_NO_MEMORY, KC_ERR_RANDOM */
KC_CHECKED enum kc_error kc_entropy_new(
    const struct kc_vault_outside *outside, struct kc_entropy **entropy);
void kc_entropy_free(struct kc_entropy *entropy);

/* Mixes octets of a hardware root in. Errors of the root. */
KC_CHECKED enum kc_error kc_entropy_stir(struct kc_entropy *entropy, struct kc_vault_root root);

/* Fills with random octets; secret, the caller wipes them. KC_ERR_RANDOM: the kernel's source
 * failed, and nothing is given. */
KC_CHECKED enum kc_error kc_entropy_fill(struct kc_entropy *entropy, uint8_t *octets, size_t size);

/* A number that was never given before in this process. */
uint64_t kc_entropy_count(struct kc_entropy *entropy);

#endif
