/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands name: something in the TPM with a handle, and the Name by which the command's HMAC
 * covers it, so that nobody on the way can put another thing in its place (TPM 2.0 Library, part 1,
 * section 16). The Name of an object or NV index is a digest of its public area: make it from the
 * area that was checked, not from what the TPM says that it is.
 */
#ifndef KC_TPM_ENTITY_H
#define KC_TPM_ENTITY_H

#include "base/error.h"

#include <tss2/tss2_tpm2_types.h>

struct kc_entity {
    TPM2_HANDLE handle; /* 0: nothing */
    TPM2B_NAME name;
};

/* Something whose Name is its handle: a hierarchy, a PCR, a session. */
struct kc_entity kc_entity_of(TPM2_HANDLE handle);

/*
 * The Name of a public area, of an object or an NV index, without the area's size.
 *
 * KC_ERR_BAD_ARGUMENT  the hash is not SHA-256, SHA-384 or SHA-512
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_entity_name(
    TPMI_ALG_HASH hash, const uint8_t *area, size_t size, TPM2B_NAME *name);

/* The same of an area that was read. KC_ERR_BAD_ARGUMENT also: it cannot be written. */
KC_CHECKED enum kc_error kc_entity_object_name(const TPM2B_PUBLIC *area, TPM2B_NAME *name);
KC_CHECKED enum kc_error kc_entity_nv_name(const TPM2B_NV_PUBLIC *area, TPM2B_NAME *name);

#endif
