/* SPDX-License-Identifier: Apache-2.0 */
/* Values of PCRs of the SHA-256 bank. */
#ifndef KC_TPM_PCR_VALUES_H
#define KC_TPM_PCR_VALUES_H

#include "base/error.h"

#include <stdint.h>

#define KC_PCR_COUNT 24
#define KC_PCR_SIZE 32

/* The values of those PCRs that a mask has (bit n: PCR n); the others are not used. */
struct kc_pcr_values {
    uint32_t mask;
    uint8_t value[KC_PCR_COUNT][KC_PCR_SIZE];
};

/* The digest of the values, in ascending order: what a policy compares. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_pcr_digest(
    const struct kc_pcr_values *values, uint8_t digest[static KC_PCR_SIZE]);

#endif
