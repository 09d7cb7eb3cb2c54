/* SPDX-License-Identifier: Apache-2.0 */
/* The key whose signatures approve policies: P-256, in PEM. */
#ifndef KC_CUSTODIAN_ROOT_POLICY_KEY_H
#define KC_CUSTODIAN_ROOT_POLICY_KEY_H

#include "tpm/policy.h"

/* Reads the public half. KC_ERR_CONFIG: it is none on P-256 */
KC_CHECKED enum kc_error kc_policy_key_public(
    const char *pem, uint8_t point[static KC_POLICY_POINT_SIZE]);

/*
 * Signs a policy.
 *
 * pem    secret: the private half, without a passphrase
 * point  its public half
 *
 * KC_ERR_BAD_ARGUMENT  it is no private key on P-256
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_policy_key_sign(struct kc_span pem, struct kc_signed_policy *policy,
    uint8_t point[static KC_POLICY_POINT_SIZE]);

/* Whether a policy is signed by the key. */
bool kc_policy_key_verifies(
    const uint8_t point[static KC_POLICY_POINT_SIZE], const struct kc_signed_policy *policy);

#endif
