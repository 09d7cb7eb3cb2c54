/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM 2.0 as a hardware root: the state that connection, session, srk, seal and status share.
 */
#ifndef KC_TPM_TPM2_H
#define KC_TPM_TPM2_H

#include "tpm/root_kind.h"
#include "tpm/tcti.h"

#include <tss2/tss2_esys.h>

#define KC_TPM2_CAUSE_SIZE 200

struct kc_tpm2 {
    struct kc_root root; /* first */
    struct kc_tcti_address address;
    uint32_t srk_handle;
    uint32_t deadline_ms;
    uint32_t pcr_mask;
    bool is_pinned;
    uint8_t pin[KC_ROOT_NAME_SIZE];

    struct kc_tcti tcti;
    ESYS_CONTEXT *esys; /* NULL: not connected */
    ESYS_TR srk;        /* ESYS_TR_NONE until its Name was compared with the pin */
    ESYS_TR session;    /* salted to the SRK; ESYS_TR_NONE until started */
    bool is_spoiled;    /* a flush failed */

    TSS2_RC code;                   /* of the last failure */
    char cause[KC_TPM2_CAUSE_SIZE]; /* the same in words */
};

#endif
