/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/srk.h"

#include "tpm/code.h"
#include "tpm/command.h"

#include <string.h>

#define STORAGE_KEY                                                                                \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

static bool has_aes(const TPMT_SYM_DEF_OBJECT *cipher)
{
    return cipher->algorithm == TPM2_ALG_AES && cipher->mode.aes == TPM2_ALG_CFB;
}

static bool is_storage_key(const TPMT_PUBLIC *area)
{
    TPMA_OBJECT looked_at = STORAGE_KEY | TPMA_OBJECT_SIGN_ENCRYPT;
    if (area->nameAlg != TPM2_ALG_SHA256 || (area->objectAttributes & looked_at) != STORAGE_KEY)
        return false;
    if (area->type == TPM2_ALG_ECC)
        return area->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 &&
               has_aes(&area->parameters.eccDetail.symmetric);
    return area->type == TPM2_ALG_RSA && area->parameters.rsaDetail.keyBits == 2048 &&
           has_aes(&area->parameters.rsaDetail.symmetric);
}

static enum kc_error read_public(struct kc_tpm2 *tpm, TPM2B_PUBLIC *public)
{
    const struct kc_entity at = kc_entity_of(tpm->srk_handle);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "read the SRK's public area", TPM2_CC_ReadPublic, KC_COMMAND_BARE);
    kc_command_name(&command, &at);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    kc_command_read_public(&command, public);
    (void)kc_command_read_sized(&command, sizeof(TPMU_NAME)); /* what the TPM calls it */
    (void)kc_command_read_sized(&command, sizeof(TPMU_NAME));
    return kc_command_finish(tpm, &command);
}

enum kc_error kc_srk_find(struct kc_tpm2 *tpm, TPM2B_PUBLIC *public, struct kc_entity *srk)
{
    struct kc_entity found = {.handle = tpm->srk_handle};
    TPM2B_PUBLIC answered;
    enum kc_error error = read_public(tpm, &answered);
    if (error != KC_OK && kc_code_misses_handle(tpm->code))
        return kc_code_refuse(tpm, KC_ERR_ROOT_NOT_PROVISIONED, "nothing is at the SRK's handle");
    if (error != KC_OK)
        return error;
    if (!is_storage_key(&answered.publicArea))
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_HANDLE, "what is at the SRK's handle is not a storage key");
    if (kc_entity_object_name(&answered, &found.name) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the SRK's Name");
    *public = answered;
    *srk = found;
    return KC_OK;
}

enum kc_error kc_srk_find_pinned(struct kc_tpm2 *tpm)
{
    TPM2B_PUBLIC public;
    struct kc_entity srk = {.handle = 0};
    enum kc_error error = kc_srk_find(tpm, &public, &srk);
    if (error == KC_ERR_ROOT_NOT_PROVISIONED || error == KC_ERR_ROOT_HANDLE)
        return KC_ERR_ROOT_CHANGED; /* there was one when it was pinned */
    if (error != KC_OK)
        return error;
    if (srk.name.size != KC_ROOT_NAME_SIZE ||
        memcmp(srk.name.name, tpm->pin, KC_ROOT_NAME_SIZE) != 0)
        return kc_code_refuse(tpm, KC_ERR_ROOT_CHANGED, "the SRK's Name is not the pinned one");
    tpm->srk_public = public;
    tpm->srk = srk;
    return KC_OK;
}

/* --- making one: the two commands before there is something to salt a session to --- */

static enum kc_error make_primary(struct kc_tpm2 *tpm, struct kc_entity *primary)
{
    static const TPM2B_PUBLIC template = {
        .publicArea =
            {
                .type = TPM2_ALG_ECC,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = STORAGE_KEY | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA,
                .parameters.eccDetail =
                    {
                        .symmetric = {.algorithm = TPM2_ALG_AES,
                            .keyBits = {.aes = 128},
                            .mode = {.aes = TPM2_ALG_CFB}},
                        .scheme.scheme = TPM2_ALG_NULL,
                        .curveID = TPM2_ECC_NIST_P256,
                        .kdf.scheme = TPM2_ALG_NULL,
                    },
            },
    };
    const struct kc_entity owner = kc_entity_of(TPM2_RH_OWNER);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "make the SRK", TPM2_CC_CreatePrimary,
        KC_COMMAND_PASSWORDS | KC_COMMAND_ANSWERS_HANDLE);
    kc_command_use(&command, &owner, NULL, NULL);
    kc_writer_u16(&command.parameters, 4); /* the sensitive part: neither value nor data */
    kc_writer_u32(&command.parameters, 0);
    kc_command_public(&command, &template);
    kc_writer_u16(&command.parameters, 0); /* no outside data */
    kc_writer_u32(&command.parameters, 0); /* no PCRs of its creation */
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK && kc_code_wants_authorisation(tpm->code))
        return kc_code_refuse(tpm, KC_ERR_ROOT_UNFIT,
            "the TPM's owner has set an authorisation: the owner has to make the SRK");
    if (error == KC_OK)
        *primary = kc_entity_of(command.answered); /* the Name is not needed without an HMAC */
    return error;
}

static enum kc_error make_persistent(struct kc_tpm2 *tpm, const struct kc_entity *primary)
{
    const struct kc_entity owner = kc_entity_of(TPM2_RH_OWNER);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "put the SRK at its handle", TPM2_CC_EvictControl, KC_COMMAND_PASSWORDS);
    kc_command_use(&command, &owner, NULL, NULL);
    kc_command_name(&command, primary);
    kc_writer_u32(&command.parameters, tpm->srk_handle);
    return kc_command_run(tpm, &command);
}

enum kc_error kc_srk_make(struct kc_tpm2 *tpm)
{
    struct kc_entity primary = {.handle = 0};
    enum kc_error error = make_primary(tpm, &primary);
    if (error == KC_OK)
        error = make_persistent(tpm, &primary);
    kc_command_flush(tpm, &primary.handle);
    return error;
}
