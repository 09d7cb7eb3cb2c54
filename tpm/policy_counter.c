/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/policy_counter.h"

#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/stored.h"

#define COUNTER_SIZE 8
#define ATTRIBUTES                                                                                 \
    (TPMA_NV_OWNERWRITE | TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD | TPMA_NV_NO_DA |                   \
        ((TPMA_NV)TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT))

static TPM2_HANDLE handle_of(const struct kc_tpm2 *tpm)
{
    TPM2_HANDLE handle = tpm->policy_settings.counter_handle;
    return handle ? handle : KC_POLICY_COUNTER_HANDLE;
}

static enum kc_error read_description(struct kc_tpm2 *tpm, TPM2B_NV_PUBLIC *description)
{
    const struct kc_stored_index at = {handle_of(tpm), "read the description of the counter",
        KC_ERR_ROOT_POLICY, "there is no counter for policies"};
    return kc_stored_describe(tpm, &at, description);
}

enum kc_error kc_policy_counter_find(struct kc_tpm2 *tpm, struct kc_policy_counter *counter)
{
    TPM2B_NV_PUBLIC description = {0};
    enum kc_error error = read_description(tpm, &description);
    if (error != KC_OK)
        return error;
    const TPMS_NV_PUBLIC *found = &description.nvPublic;
    bool is_ours = found->nvIndex == handle_of(tpm) && found->nameAlg == TPM2_ALG_SHA256 &&
                   found->attributes == (ATTRIBUTES | TPMA_NV_WRITTEN) &&
                   found->dataSize == COUNTER_SIZE && found->authPolicy.size == 0;
    if (!is_ours)
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_HANDLE, "what is at the counter's handle is no counter of ours");
    counter->index.handle = found->nvIndex;
    counter->value = 0;
    if (kc_entity_nv_name(&description, &counter->index.name) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the counter's Name");
    return KC_OK;
}

enum kc_error kc_policy_counter_read(struct kc_tpm2 *tpm, struct kc_policy_counter *counter)
{
    enum kc_error error = kc_policy_counter_find(tpm, counter);
    if (error != KC_OK)
        return error;
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "read the counter", TPM2_CC_NV_Read, KC_COMMAND_ANSWERS_SIZED);
    kc_command_use(&command, &counter->index, NULL, NULL);
    kc_command_name(&command, &counter->index);
    kc_writer_u16(&command.parameters, COUNTER_SIZE);
    kc_writer_u16(&command.parameters, 0); /* from its start */
    if ((error = kc_command_run(tpm, &command)) != KC_OK)
        return error;
    if (kc_reader_u16(&command.answer) != COUNTER_SIZE)
        kc_reader_fail(&command.answer);
    counter->value = kc_reader_u64(&command.answer);
    return kc_command_finish(tpm, &command);
}

/* The owner's authorisation value is empty, or the owner has to do this with tools of his own. */
static enum kc_error run_as_owner(struct kc_tpm2 *tpm, struct kc_command *command)
{
    enum kc_error error = kc_command_run(tpm, command);
    return error != KC_OK && kc_code_wants_authorisation(tpm->code) ? KC_ERR_ROOT_HANDLE : error;
}

static enum kc_error define(struct kc_tpm2 *tpm)
{
    const struct kc_entity owner = kc_entity_of(TPM2_RH_OWNER);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "define the counter", TPM2_CC_NV_DefineSpace, KC_COMMAND_SENDS_SIZED);
    kc_command_use(&command, &owner, NULL, NULL);
    kc_writer_u16(&command.parameters, 0);                 /* no authorisation value */
    kc_writer_u16(&command.parameters, 4 + 2 + 4 + 2 + 2); /* the description: */
    kc_writer_u32(&command.parameters, handle_of(tpm));
    kc_writer_u16(&command.parameters, TPM2_ALG_SHA256);
    kc_writer_u32(&command.parameters, ATTRIBUTES);
    kc_writer_u16(&command.parameters, 0); /* no policy */
    kc_writer_u16(&command.parameters, COUNTER_SIZE);
    return run_as_owner(tpm, &command);
}

/* WRITTEN is part of the Name, and missing before the first time. */
static enum kc_error count(struct kc_tpm2 *tpm, const struct kc_entity *index)
{
    const struct kc_entity owner = kc_entity_of(TPM2_RH_OWNER);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "count up", TPM2_CC_NV_Increment, 0);
    kc_command_use(&command, &owner, NULL, NULL);
    kc_command_name(&command, index);
    return run_as_owner(tpm, &command);
}

static enum kc_error make_new(struct kc_tpm2 *tpm)
{
    TPM2B_NV_PUBLIC description = {0};
    struct kc_entity index = {.handle = handle_of(tpm)};
    enum kc_error error = define(tpm);
    if (error == KC_OK)
        error = read_description(tpm, &description);
    if (error == KC_OK && kc_entity_nv_name(&description, &index.name) != KC_OK)
        error = kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the counter's Name");
    return error == KC_OK ? count(tpm, &index) : error;
}

enum kc_error kc_policy_counter_make(struct kc_tpm2 *tpm)
{
    struct kc_policy_counter counter;
    enum kc_error error = kc_policy_counter_find(tpm, &counter);
    return error == KC_ERR_ROOT_POLICY ? make_new(tpm) : error;
}

enum kc_error kc_policy_counter_up(struct kc_tpm2 *tpm)
{
    struct kc_policy_counter counter;
    enum kc_error error = kc_policy_counter_find(tpm, &counter);
    return error == KC_OK ? count(tpm, &counter.index) : error;
}
