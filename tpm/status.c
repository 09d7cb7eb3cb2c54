/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/status.h"

#include "tpm/connection.h"

#include <stdio.h>
#include <string.h>

/* A list of capabilities whose count fits its array, given (Esys_Free); NULL with *error set. */
static TPMS_CAPABILITY_DATA *ask(
    struct kc_tpm2 *tpm, TPM2_CAP capability, UINT32 first, UINT32 count, enum kc_error *error)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    *error = kc_connection_check(tpm, "ask for capabilities",
        Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, capability, first,
            count, NULL, &data));
    if (*error != KC_OK)
        return NULL;
    const TPMU_CAPABILITIES *is = &data->data;
    bool fits = data->capability == capability &&
                (capability == TPM2_CAP_PCRS ? is->assignedPCR.count <= TPM2_NUM_PCR_BANKS
                                             : is->tpmProperties.count <= TPM2_MAX_TPM_PROPERTIES);
    if (fits)
        return data;
    Esys_Free(data);
    *error = kc_connection_refuse(tpm, KC_ERR_ROOT_ANSWER, "the list of capabilities is not one");
    return NULL;
}

/* A property that the TPM does not have is 0. */
static uint32_t property(const TPMS_CAPABILITY_DATA *data, TPM2_PT which)
{
    const TPML_TAGGED_TPM_PROPERTY *list = &data->data.tpmProperties;
    for (UINT32 i = 0; i < list->count; i++) {
        if (list->tpmProperty[i].property == which)
            return list->tpmProperty[i].value;
    }
    return 0;
}

/* Four octets of a property as text; one space for any run of what is not a visible character. */
static void append_text(char text[static KC_ROOT_TEXT_SIZE], uint32_t value)
{
    size_t size = strlen(text);
    for (unsigned shift = 32; shift > 0 && size < KC_ROOT_TEXT_SIZE - 1; shift -= 8) {
        uint32_t octet = value >> (shift - 8) & 0xff;
        bool is_visible = octet > ' ' && octet <= '~';
        if (!is_visible && (size == 0 || text[size - 1] == ' '))
            continue;
        text[size] = ' ';
        if (is_visible)
            text[size] = (char)octet;
        size++;
    }
    text[size] = 0;
}

static void drop_last_space(char text[static KC_ROOT_TEXT_SIZE])
{
    size_t size = strlen(text);
    if (size > 0 && text[size - 1] == ' ')
        text[size - 1] = 0;
}

static enum kc_error read_identity(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    enum kc_error error;
    TPMS_CAPABILITY_DATA *data =
        ask(tpm, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FIXED, TPM2_MAX_TPM_PROPERTIES, &error);
    if (data == NULL)
        return error;
    append_text(status->manufacturer, property(data, TPM2_PT_MANUFACTURER));
    for (TPM2_PT part = TPM2_PT_VENDOR_STRING_1; part <= TPM2_PT_VENDOR_STRING_4; part++)
        append_text(status->manufacturer, property(data, part));
    drop_last_space(status->manufacturer);
    uint32_t high = property(data, TPM2_PT_FIRMWARE_VERSION_1);
    uint32_t low = property(data, TPM2_PT_FIRMWARE_VERSION_2);
    snprintf(status->firmware, sizeof status->firmware, "%u.%u.%u.%u", high >> 16, high & 0xffff,
        low >> 16, low & 0xffff);
    Esys_Free(data);
    return KC_OK;
}

static enum kc_error read_lockout(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    enum kc_error error;
    TPMS_CAPABILITY_DATA *data =
        ask(tpm, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_VAR, TPM2_MAX_TPM_PROPERTIES, &error);
    if (data == NULL)
        return error;
    status->in_lockout = (property(data, TPM2_PT_PERMANENT) & TPMA_PERMANENT_INLOCKOUT) != 0;
    status->lockout_counter = property(data, TPM2_PT_LOCKOUT_COUNTER);
    status->lockout_max_tries = property(data, TPM2_PT_MAX_AUTH_FAIL);
    status->lockout_interval = property(data, TPM2_PT_LOCKOUT_INTERVAL);
    status->lockout_recovery = property(data, TPM2_PT_LOCKOUT_RECOVERY);
    Esys_Free(data);
    return KC_OK;
}

static uint8_t bank_of(TPMI_ALG_HASH hash)
{
    switch (hash) {
    case TPM2_ALG_SHA1:
        return KC_ROOT_BANK_SHA1;
    case TPM2_ALG_SHA256:
        return KC_ROOT_BANK_SHA256;
    case TPM2_ALG_SHA384:
        return KC_ROOT_BANK_SHA384;
    case TPM2_ALG_SHA512:
        return KC_ROOT_BANK_SHA512;
    default:
        return 0;
    }
}

static enum kc_error read_banks(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    enum kc_error error;
    TPMS_CAPABILITY_DATA *data = ask(tpm, TPM2_CAP_PCRS, 0, 1, &error);
    if (data == NULL)
        return error;
    const TPML_PCR_SELECTION *banks = &data->data.assignedPCR;
    for (UINT32 i = 0; i < banks->count; i++) {
        const TPMS_PCR_SELECTION *bank = &banks->pcrSelections[i];
        bool has_any = false;
        for (size_t octet = 0; octet < bank->sizeofSelect && octet < TPM2_PCR_SELECT_MAX; octet++)
            has_any = has_any || bank->pcrSelect[octet] != 0;
        if (has_any)
            status->pcr_banks |= bank_of(bank->hash);
    }
    Esys_Free(data);
    return KC_OK;
}

enum kc_error kc_status_read(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    struct kc_root_status read = {.srk_handle = tpm->srk_handle, .pcr_mask = tpm->pcr_mask};
    memcpy(read.srk_name, tpm->pin, sizeof read.srk_name);
    enum kc_error error;
    if ((error = read_identity(tpm, &read)) != KC_OK ||
        (error = read_lockout(tpm, &read)) != KC_OK || (error = read_banks(tpm, &read)) != KC_OK)
        return error;
    *status = read;
    return KC_OK;
}
