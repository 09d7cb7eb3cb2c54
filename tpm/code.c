/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/code.h"

#include <stdio.h>
#include <tss2/tss2_rc.h>

#define BASE_CODE(code) ((code) & ~TSS2_RC_LAYER_MASK)
/* A format-one code without the number of the handle, session or parameter that it complains of. */
#define WITHOUT_NUMBER(code) ((code) & (TPM2_RC_FMT1 | 0x3fu))

static bool from_tpm(TSS2_RC code)
{
    return (code & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER;
}

bool kc_code_is_busy(TSS2_RC code)
{
    return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING ||
           code == TPM2_RC_NV_RATE;
}

bool kc_code_is_stale(TSS2_RC code)
{
    return code == TSS2_TCTI_RC_NO_CONNECTION || kc_code_misses_handle(code) ||
           (code >= TPM2_RC_REFERENCE_H0 && code <= TPM2_RC_REFERENCE_S6);
}

bool kc_code_is_full(TSS2_RC code)
{
    return code == TPM2_RC_OBJECT_MEMORY || code == TPM2_RC_SESSION_MEMORY ||
           code == TPM2_RC_MEMORY || code == TPM2_RC_OBJECT_HANDLES ||
           code == TPM2_RC_SESSION_HANDLES || code == TPM2_RC_CONTEXT_GAP;
}

bool kc_code_refuses_parameter(TSS2_RC code)
{
    TSS2_RC bits = TPM2_RC_FMT1 | TPM2_RC_P;
    return from_tpm(code) && (code & bits) == bits;
}

bool kc_code_misses_handle(TSS2_RC code)
{
    return code == (TPM2_RC_HANDLE | TPM2_RC_H | TPM2_RC_1);
}

bool kc_code_wants_authorisation(TSS2_RC code)
{
    return from_tpm(code) &&
           (WITHOUT_NUMBER(code) == TPM2_RC_AUTH_FAIL || WITHOUT_NUMBER(code) == TPM2_RC_BAD_AUTH);
}

static enum kc_error refusal(TSS2_RC code)
{
    switch (WITHOUT_NUMBER(code)) {
    case TPM2_RC_POLICY_FAIL:
        return KC_ERR_ROOT_POLICY;
    case TPM2_RC_INTEGRITY:
        return KC_ERR_RECORD_DAMAGED;
    default:
        return KC_ERR_ROOT_ANSWER;
    }
}

static enum kc_error tpm_error(TSS2_RC code)
{
    if (code & TPM2_RC_FMT1)
        return refusal(code);
    if (code == TPM2_RC_LOCKOUT)
        return KC_ERR_ROOT_LOCKOUT;
    if (code == TPM2_RC_PCR_CHANGED || code == TPM2_RC_POLICY)
        return KC_ERR_ROOT_POLICY;
    /* The other warnings are of room, rate and order: they pass. */
    bool passes = (code & TPM2_RC_WARN) == TPM2_RC_WARN || code == TPM2_RC_INITIALIZE;
    return passes ? KC_ERR_ROOT_UNAVAILABLE : KC_ERR_ROOT_ANSWER;
}

static enum kc_error translate(TSS2_RC code)
{
    if (code == TSS2_RC_SUCCESS)
        return KC_OK;
    if (from_tpm(code))
        return tpm_error(code);
    switch (BASE_CODE(code)) {
    case TSS2_BASE_RC_MEMORY:
        return KC_ERR_NO_MEMORY;
    case TSS2_BASE_RC_NO_CONNECTION:
    case TSS2_BASE_RC_IO_ERROR:
        return KC_ERR_ROOT_UNAVAILABLE;
    default:
        return KC_ERR_ROOT_ANSWER;
    }
}

enum kc_error kc_code_check(struct kc_tpm2 *tpm, const char *step, TSS2_RC code)
{
    enum kc_error error = translate(code);
    if (error != KC_OK) {
        tpm->code = code;
        snprintf(tpm->cause, sizeof tpm->cause, "%s: %s (0x%08x)", step, Tss2_RC_Decode(code),
            (unsigned)code);
    }
    return error;
}

enum kc_error kc_code_refuse(struct kc_tpm2 *tpm, enum kc_error error, const char *reason)
{
    tpm->code = TSS2_RC_SUCCESS;
    snprintf(tpm->cause, sizeof tpm->cause, "%s", reason);
    return error;
}
