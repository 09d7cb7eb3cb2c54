/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/stored.h"

#include "tpm/code.h"

#include <tss2/tss2_mu.h>

#define AREA_MAX 256 /* octets of a description, far more than one of ours has */

enum kc_error kc_stored_describe(
    struct kc_tpm2 *tpm, const struct kc_stored_index *index, TPM2B_NV_PUBLIC *description)
{
    const struct kc_entity at = kc_entity_of(index->handle);
    size_t taken = 0;
    KC_AUTO_COMMAND command;
    kc_command_init(&command, index->step, TPM2_CC_NV_ReadPublic, KC_COMMAND_BARE);
    kc_command_name(&command, &at);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK && kc_code_misses_handle(tpm->code))
        return kc_code_refuse(tpm, index->missing, index->missing_cause);
    if (error != KC_OK)
        return error;
    struct kc_span area = kc_command_read_sized(&command, AREA_MAX);
    (void)kc_command_read_sized(&command, sizeof(TPMU_NAME)); /* what the TPM calls it */
    if ((error = kc_command_finish(tpm, &command)) != KC_OK)
        return error;
    *description = (TPM2B_NV_PUBLIC){.size = (UINT16)area.size};
    if (Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(area.bytes, area.size, &taken, &description->nvPublic) !=
            TSS2_RC_SUCCESS ||
        taken != area.size)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "a description that is none");
    return KC_OK;
}

enum kc_error kc_stored_load(struct kc_tpm2 *tpm, const char *step, const TPM2B_PUBLIC *public,
    const TPM2B_PRIVATE *private, struct kc_entity *object)
{
    struct kc_entity loaded = {.handle = 0};
    if (kc_entity_object_name(public, &loaded.name) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the Name of what is loaded");
    KC_AUTO_COMMAND command;
    kc_command_init(&command, step, TPM2_CC_Load,
        KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED | KC_COMMAND_ANSWERS_HANDLE);
    kc_command_use(&command, &tpm->srk, NULL, NULL);
    kc_command_private(&command, private);
    kc_command_public(&command, public);
    enum kc_error error = kc_command_run(tpm, &command);
    /* The parameters of this command are the blob. */
    if (error == KC_ERR_ROOT_ANSWER && kc_code_refuses_parameter(tpm->code))
        return KC_ERR_RECORD_DAMAGED;
    if (error != KC_OK)
        return error;
    loaded.handle = command.answered;
    *object = loaded;
    return KC_OK;
}
