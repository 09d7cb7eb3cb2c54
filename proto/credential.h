/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a credential, in software: a secret that only the TPM with a certain endorsement key (EK)
 * opens, and only if a certain attestation key (AK) is in the same TPM (TPM 2.0 Library, part 1,
 * section 24; part 3, TPM2_MakeCredential). Who gets the secret back knows that both are in one TPM;
 * whose TPM it is, the EK's certificate says, which is not looked at here.
 */
#ifndef KC_PROTO_CREDENTIAL_H
#define KC_PROTO_CREDENTIAL_H

#include "base/error.h"
#include "base/reader.h"

#define KC_CREDENTIAL_SECRET_SIZE 32
#define KC_CREDENTIAL_MAX 256

/*
 * ek_area     TPMT_PUBLIC of template L-2: ECC P-256, AES-128-CFB
 * ak_name     34 octets: its Name
 * secret      secret; borrowed
 * credential  TPM2B_ID_OBJECT, then TPM2B_ENCRYPTED_SECRET; public
 *
 * KC_ERR_ATTESTATION  the EK's area is of another template, or its point not on the curve
 * KC_ERR_NO_MEMORY    libcrypto could not
 */
KC_CHECKED enum kc_error kc_credential_make(struct kc_span ek_area, struct kc_span ak_name,
    const uint8_t secret[static KC_CREDENTIAL_SECRET_SIZE],
    uint8_t credential[static KC_CREDENTIAL_MAX], size_t *size);

#endif
