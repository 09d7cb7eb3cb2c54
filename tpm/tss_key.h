/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object under the SRK in the form that other tools read: the "TSS2 PRIVATE KEY" of ASN.1 TPM
 * keys (draft "ASN.1 Specification for TPM 2.0 Key Files", section 3).
 *
 *   TPMKey ::= SEQUENCE {
 *     type       OBJECT IDENTIFIER,             -- 2.23.133.10.1.5: sealed data,
 *                                               -- 2.23.133.10.1.3: a loadable key
 *     emptyAuth  [0] EXPLICIT BOOLEAN OPTIONAL, -- TRUE
 *     parent     INTEGER,                       -- the SRK's handle
 *     pubkey     OCTET STRING,                  -- TPM2B_PUBLIC
 *     privkey    OCTET STRING }                 -- TPM2B_PRIVATE
 *
 * The form has a place for the steps of a policy as well, which tpm2-tools 5.4 does not know: it
 * reads no key that has them. So it is left out, and who uses such a key names its policy.
 *
 * In a file it stands as PEM between the words TSS2 PRIVATE KEY.
 */
#ifndef KC_TPM_TSS_KEY_H
#define KC_TPM_TSS_KEY_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>
#include <tss2/tss2_tpm2_types.h>

struct kc_tss_key {
    bool is_loadable; /* a key to be used in the TPM */
    uint32_t parent;
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE private;
};

/*
 * Writes the DER.
 *
 * der       room; der_size: octets of it, then octets written
 *
 * KC_ERR_TOO_LARGE  it does not fit
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_tss_key_write(
    const struct kc_tss_key *key, uint8_t *der, size_t *der_size);

/*
 * Reads DER that nobody vouches for. Only what kc_tss_key_write writes is read: each octet counts.
 *
 * der_size  octets that are there; used: octets that the key takes
 *
 * KC_ERR_RECORD_DAMAGED  it is something else
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_tss_key_read(
    const uint8_t *der, size_t der_size, struct kc_tss_key *key, size_t *used);

#endif
