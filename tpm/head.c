/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/head.h"

#include "base/secret.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/stored.h"

#include <string.h>

#define ATTRIBUTES                                                                                 \
    (TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |                                        \
        ((TPMA_NV)TPM2_NT_ORDINARY << TPMA_NV_TPM2_NT_SHIFT))

/* An index that was found. */
struct place {
    struct kc_entity index;
    bool has_content;
};

static enum kc_error refuse_foreign(struct kc_tpm2 *tpm)
{
    return kc_code_refuse(
        tpm, KC_ERR_ROOT_HEAD_TAKEN, "the NV index at root.head_handle is not this custodian's");
}

/* A refused authorisation means that the index is another's. */
static enum kc_error run(struct kc_tpm2 *tpm, struct kc_command *command)
{
    enum kc_error error = kc_command_run(tpm, command);
    return error != KC_OK && kc_code_wants_authorisation(tpm->code) ? refuse_foreign(tpm) : error;
}

/* A TPM keeps authorisation values without the zeros at their end. */
static TPM2B_AUTH value_of(const uint8_t *auth)
{
    TPM2B_AUTH value = {.size = KC_ROOT_AUTH_SIZE};
    memcpy(value.buffer, auth, KC_ROOT_AUTH_SIZE);
    while (value.size > 0 && value.buffer[value.size - 1] == 0)
        value.size--;
    return value;
}

/* --- finding it --- */

/* KC_ERR_ROOT_HEAD: nothing is at the handle. */
static enum kc_error find(struct kc_tpm2 *tpm, struct place *place)
{
    TPM2B_NV_PUBLIC description;
    const struct kc_stored_index at = {tpm->head_handle, "read the description of the head's index",
        KC_ERR_ROOT_HEAD, "there is no NV index for the head"};
    enum kc_error error = kc_stored_describe(tpm, &at, &description);
    if (error != KC_OK)
        return error;
    const TPMS_NV_PUBLIC *found = &description.nvPublic;
    bool is_ours = found->nvIndex == tpm->head_handle && found->nameAlg == TPM2_ALG_SHA256 &&
                   (found->attributes & ~(TPMA_NV)TPMA_NV_WRITTEN) == ATTRIBUTES &&
                   found->dataSize == KC_ROOT_HEAD_SIZE && found->authPolicy.size == 0;
    if (!is_ours)
        return refuse_foreign(tpm);
    place->has_content = (found->attributes & TPMA_NV_WRITTEN) != 0;
    place->index.handle = found->nvIndex;
    if (kc_entity_nv_name(&description, &place->index.name) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the head's Name");
    return KC_OK;
}

/* --- its content --- */

static enum kc_error read_content(
    struct kc_tpm2 *tpm, const struct kc_entity *index, const TPM2B_AUTH *value, uint8_t *content)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "read the head", TPM2_CC_NV_Read, KC_COMMAND_ANSWERS_SIZED);
    kc_command_use(&command, index, NULL, value);
    kc_command_name(&command, index);
    kc_writer_u16(&command.parameters, KC_ROOT_HEAD_SIZE);
    kc_writer_u16(&command.parameters, 0); /* from its start */
    enum kc_error error = run(tpm, &command);
    if (error != KC_OK)
        return error;
    struct kc_span answered = kc_command_read_sized(&command, KC_ROOT_HEAD_SIZE);
    if ((error = kc_command_finish(tpm, &command)) != KC_OK)
        return error;
    if (answered.size != KC_ROOT_HEAD_SIZE)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the head has not its size");
    memcpy(content, answered.bytes, KC_ROOT_HEAD_SIZE);
    return KC_OK;
}

static enum kc_error write_content(struct kc_tpm2 *tpm, const struct kc_entity *index,
    const TPM2B_AUTH *value, const uint8_t *content)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "write the head", TPM2_CC_NV_Write, KC_COMMAND_SENDS_SIZED);
    kc_command_use(&command, index, NULL, value);
    kc_command_name(&command, index);
    kc_writer_u16(&command.parameters, KC_ROOT_HEAD_SIZE);
    kc_writer_bytes(&command.parameters, content, KC_ROOT_HEAD_SIZE);
    kc_writer_u16(&command.parameters, 0);
    return run(tpm, &command);
}

/* With the owner's authorisation, which is empty unless somebody has set one. */
static enum kc_error define(struct kc_tpm2 *tpm, const TPM2B_AUTH *value)
{
    const struct kc_entity owner = kc_entity_of(TPM2_RH_OWNER);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "make an NV index for the head", TPM2_CC_NV_DefineSpace, KC_COMMAND_SENDS_SIZED);
    kc_command_use(&command, &owner, NULL, NULL);
    kc_writer_u16(&command.parameters, value->size);
    kc_writer_bytes(&command.parameters, value->buffer, value->size);
    kc_writer_u16(&command.parameters, 4 + 2 + 4 + 2 + 2); /* TPM2B_NV_PUBLIC */
    kc_writer_u32(&command.parameters, tpm->head_handle);
    kc_writer_u16(&command.parameters, TPM2_ALG_SHA256);
    kc_writer_u32(&command.parameters, ATTRIBUTES);
    kc_writer_u16(&command.parameters, 0); /* no policy */
    kc_writer_u16(&command.parameters, KC_ROOT_HEAD_SIZE);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK && kc_code_wants_authorisation(tpm->code))
        return kc_code_refuse(tpm, KC_ERR_ROOT_UNFIT,
            "the TPM's owner has set an authorisation: no NV index is made");
    return error;
}

/* The owner may remove any index: that it is ours was seen by reading it. */
static enum kc_error undefine(struct kc_tpm2 *tpm, const struct kc_entity *index)
{
    const struct kc_entity owner = kc_entity_of(TPM2_RH_OWNER);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "remove the head's index", TPM2_CC_NV_UndefineSpace, 0);
    kc_command_use(&command, &owner, NULL, NULL);
    kc_command_name(&command, index);
    enum kc_error error = kc_command_run(tpm, &command);
    /* an owner who has set an authorisation keeps the place, which is empty */
    return error != KC_OK && kc_code_wants_authorisation(tpm->code) ? KC_OK : error;
}

/* --- the operations --- */

static enum kc_error make(
    struct kc_tpm2 *tpm, const TPM2B_AUTH *value, const uint8_t *content, struct place *place)
{
    enum kc_error error = find(tpm, place);
    if (error == KC_OK && place->has_content) {
        uint8_t present[KC_ROOT_HEAD_SIZE]; /* secret; read just to know whose it is */
        error = read_content(tpm, &place->index, value, present);
        kc_wipe(present, sizeof present);
        return error == KC_OK ? kc_code_refuse(tpm, KC_ERR_EXISTS, "there is a head, with content")
                              : error;
    }
    if (error == KC_ERR_ROOT_HEAD && (error = define(tpm, value)) == KC_OK)
        error = find(tpm, place);
    return error == KC_OK ? write_content(tpm, &place->index, value, content) : error;
}

static enum kc_error remove_head(struct kc_tpm2 *tpm, const TPM2B_AUTH *value, struct place *place)
{
    static const uint8_t nothing[KC_ROOT_HEAD_SIZE];
    uint8_t present[KC_ROOT_HEAD_SIZE]; /* secret; read just to know whose it is */
    enum kc_error error = find(tpm, place);
    if (error == KC_OK && place->has_content)
        error = read_content(tpm, &place->index, value, present);
    kc_wipe(present, sizeof present);
    if (error == KC_OK) /* also if the index stays */
        error = write_content(tpm, &place->index, value, nothing);
    if (error == KC_OK)
        error = find(tpm, place); /* writing may have changed its Name */
    return error == KC_OK ? undefine(tpm, &place->index) : error;
}

static enum kc_error use(struct kc_tpm2 *tpm, const struct kc_root_head *head,
    const TPM2B_AUTH *value, struct place *place)
{
    enum kc_error error = find(tpm, place);
    if (error == KC_OK && !place->has_content)
        error = kc_code_refuse(tpm, KC_ERR_ROOT_HEAD, "the head was never written");
    if (error != KC_OK)
        return error;
    return head->step == KC_ROOT_HEAD_READ
               ? read_content(tpm, &place->index, value, head->content)
               : write_content(tpm, &place->index, value, head->content);
}

enum kc_error kc_head_do(struct kc_tpm2 *tpm, const struct kc_root_head *head)
{
    struct place place = {.has_content = false};
    TPM2B_AUTH value = value_of(head->auth); /* secret */
    enum kc_error error = head->step == KC_ROOT_HEAD_MAKE ? make(tpm, &value, head->content, &place)
                          : head->step == KC_ROOT_HEAD_REMOVE ? remove_head(tpm, &value, &place)
                                                              : use(tpm, head, &value, &place);
    kc_wipe(&value, sizeof value);
    return error;
}
