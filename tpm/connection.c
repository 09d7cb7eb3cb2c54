/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/connection.h"

#include <stdio.h>
#include <string.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_sys.h>

/* The library's own names for these shift a signed number out of its range. */
#define FIRST_TRANSIENT ((TPM2_HANDLE)TPM2_HT_TRANSIENT << TPM2_HR_SHIFT)
#define FIRST_LOADED_SESSION ((TPM2_HANDLE)TPM2_HT_LOADED_SESSION << TPM2_HR_SHIFT)

#define BASE_CODE(code) ((code) & ~TSS2_RC_LAYER_MASK)
/* A format-one code without the number of the handle, session or parameter that it complains of. */
#define WITHOUT_NUMBER(code) ((code) & (TPM2_RC_FMT1 | 0x3fu))

/* --- codes --- */

static bool from_tpm(TSS2_RC code)
{
    return (code & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER;
}

bool kc_connection_is_busy(TSS2_RC code)
{
    return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING ||
           code == TPM2_RC_NV_RATE;
}

bool kc_connection_is_stale(TSS2_RC code)
{
    return code == TSS2_TCTI_RC_NO_CONNECTION ||
           (code >= TPM2_RC_REFERENCE_H0 && code <= TPM2_RC_REFERENCE_S6);
}

bool kc_connection_refuses_parameter(TSS2_RC code)
{
    TSS2_RC bits = TPM2_RC_FMT1 | TPM2_RC_P;
    return from_tpm(code) && (code & bits) == bits;
}

bool kc_connection_wants_authorisation(TSS2_RC code)
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
    if (code == TPM2_RC_PCR_CHANGED)
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

enum kc_error kc_connection_check(struct kc_tpm2 *tpm, const char *step, TSS2_RC code)
{
    enum kc_error error = translate(code);
    if (error != KC_OK) {
        tpm->code = code;
        snprintf(tpm->cause, sizeof tpm->cause, "%s: %s (0x%08x)", step, Tss2_RC_Decode(code),
            (unsigned)code);
    }
    return error;
}

enum kc_error kc_connection_refuse(struct kc_tpm2 *tpm, enum kc_error error, const char *reason)
{
    tpm->code = TSS2_RC_SUCCESS;
    snprintf(tpm->cause, sizeof tpm->cause, "%s", reason);
    return error;
}

/* --- a life --- */

/* ESAPI has no words for handles that it did not make; the layer below it has. */
static enum kc_error flush_from(struct kc_tpm2 *tpm, TPM2_HANDLE first)
{
    TSS2_SYS_CONTEXT *sys = NULL;
    TPMS_CAPABILITY_DATA *data = NULL;
    enum kc_error error = kc_connection_check(tpm, "list what was left in the TPM",
        Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
            first, TPM2_MAX_CAP_HANDLES, NULL, &data));
    if (error != KC_OK)
        return error;
    bool fits =
        data->capability == TPM2_CAP_HANDLES && data->data.handles.count <= TPM2_MAX_CAP_HANDLES;
    if (!fits || Esys_GetSysContext(tpm->esys, &sys) != TSS2_RC_SUCCESS)
        error = kc_connection_refuse(tpm, KC_ERR_ROOT_ANSWER, "the list of handles is not one");
    for (UINT32 i = 0; error == KC_OK && i < data->data.handles.count; i++)
        error = kc_connection_check(tpm, "flush what was left in the TPM",
            Tss2_Sys_FlushContext(sys, data->data.handles.handle[i]));
    Esys_Free(data);
    return error;
}

enum kc_error kc_connection_open(struct kc_tpm2 *tpm)
{
    TSS2_ABI_VERSION version = TSS2_ABI_VERSION_CURRENT;
    if (kc_tcti_open(&tpm->tcti, &tpm->address, tpm->deadline_ms) != KC_OK)
        return kc_connection_refuse(tpm, KC_ERR_ROOT_UNAVAILABLE, "connect: nobody answers there");
    tpm->srk = tpm->session = ESYS_TR_NONE;
    enum kc_error error = kc_connection_check(tpm, "start the library",
        Esys_Initialize(&tpm->esys, (TSS2_TCTI_CONTEXT *)&tpm->tcti, &version));
    if (error != KC_OK || (error = flush_from(tpm, FIRST_TRANSIENT)) != KC_OK ||
        (error = flush_from(tpm, FIRST_LOADED_SESSION)) != KC_OK)
        kc_connection_drop(tpm);
    return error;
}

void kc_connection_flush(struct kc_tpm2 *tpm, ESYS_TR *handle)
{
    if (*handle != ESYS_TR_NONE && Esys_FlushContext(tpm->esys, *handle) != TSS2_RC_SUCCESS)
        tpm->is_spoiled = true;
    *handle = ESYS_TR_NONE;
}

void kc_connection_drop(struct kc_tpm2 *tpm)
{
    if (tpm->esys)
        kc_tcti_wipe_answer(&tpm->tcti);
    Esys_Finalize(&tpm->esys);
    kc_tcti_close(&tpm->tcti);
    tpm->is_spoiled = false;
    tpm->srk = tpm->session = ESYS_TR_NONE;
}

void kc_connection_close(struct kc_tpm2 *tpm)
{
    if (!tpm->esys)
        return;
    kc_connection_flush(tpm, &tpm->session);
    (void)Esys_Shutdown(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR);
    kc_connection_drop(tpm);
}
