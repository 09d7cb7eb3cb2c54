/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies that somebody signs: "these PCRs have these values", approved by the key of the host's
 * owner, so that new firmware or a new kernel needs a signature and no new sealing.
 *
 * A sealed object says just "what this key approves, for this host and class" (PolicyAuthorize). A
 * signed policy says PolicyPCR over its values and PolicyNV over a version: it holds as long as the
 * counter in the TPM is not above its version. Counting up withdraws the older ones for good, as a
 * TPM's counters never go back. (TPM 2.0 Library, part 3, sections 23.7, 23.9 and 23.16.)
 *
 *   approved  = PolicyNV(counter, <= version) after PolicyPCR(values), by SHA-256
 *   reference = SHA-256("custodian policy" 00 class 00, the SRK's Name): host and key class
 *   signature = ECDSA P-256 over SHA-256(approved, reference)
 *
 * What is computed here needs no TPM.
 */
#ifndef KC_TPM_POLICY_H
#define KC_TPM_POLICY_H

#include "tpm/pcr_values.h"
#include "tpm/root.h"

#include <stdint.h>

#define KC_POLICY_SIZE 32           /* a policy's digest */
#define KC_POLICY_POINT_SIZE 65     /* 04, x, y */
#define KC_POLICY_SIGNATURE_SIZE 64 /* r, s */
#define KC_POLICY_NAME_SIZE 34      /* of a key or NV index, by SHA-256 */

/* The one class of keys that policies are about so far: what kc_root_seal seals. */
#define KC_POLICY_CLASS "sealing-key"

/* One signed policy, or one that waits for its signature. */
struct kc_signed_policy {
    uint8_t host[KC_ROOT_NAME_SIZE];      /* the SRK's Name */
    uint8_t counter[KC_POLICY_NAME_SIZE]; /* the Name of the NV index */
    uint64_t version;
    struct kc_pcr_values pcrs;
    bool is_signed;
    uint8_t signature[KC_POLICY_SIGNATURE_SIZE];
};

#define KC_POLICIES_MAX 16

/* Whose signatures count, and what he has signed. */
struct kc_policy_settings {
    uint8_t key[KC_POLICY_POINT_SIZE]; /* public, P-256 */
    uint32_t counter_handle;           /* 0x01800000..0x01bfffff; 0 for KC_POLICY_COUNTER_HANDLE */
    struct kc_signed_policy policies[KC_POLICIES_MAX];
    size_t count;
};

#define KC_POLICY_COUNTER_HANDLE 0x01804b50u

/* Extends a policy's digest (zeros: an empty policy) by the step PolicyPCR. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_policy_add_pcrs(
    const struct kc_pcr_values *values, uint8_t policy[static KC_POLICY_SIZE]);

/* The digest that the policy's own steps have. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_policy_approved(
    const struct kc_signed_policy *policy, uint8_t approved[static KC_POLICY_SIZE]);

/* The reference of the host with this SRK. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_policy_reference(
    const uint8_t host[static KC_ROOT_NAME_SIZE], uint8_t reference[static KC_POLICY_SIZE]);

/* What the signature is over: a digest. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_policy_to_be_signed(
    const struct kc_signed_policy *policy, uint8_t digest[static KC_POLICY_SIZE]);

/* The digest of "what this key approves for this host". key_name: of the key in the TPM.
 * KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_policy_authorized(const uint8_t key_name[static KC_POLICY_NAME_SIZE],
    const uint8_t reference[static KC_POLICY_SIZE], uint8_t policy[static KC_POLICY_SIZE]);

#endif
