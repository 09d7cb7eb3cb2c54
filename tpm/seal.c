/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/seal.h"

#include "base/ct.h"
#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/pcr.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define BLOB_VERSION 1
#define PAYLOAD_SIZE (KC_ROOT_KEY_SIZE + KC_ROOT_NAME_SIZE)

/* A blob that was read: form checked, nothing believed. */
struct sealed {
    uint32_t pcr_mask;
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE private;
};

static TPMA_OBJECT attributes_for(uint32_t pcr_mask)
{
    TPMA_OBJECT always = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
    return pcr_mask == 0 ? always | TPMA_OBJECT_USERWITHAUTH : always;
}

/* --- the blob --- */

static enum kc_error write_blob(struct kc_tpm2 *tpm, const TPM2B_PUBLIC *public,
    const TPM2B_PRIVATE *private, uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    uint8_t areas[sizeof *public + sizeof *private];
    size_t public_size = 0, end = 0;
    TSS2_RC code = Tss2_MU_TPM2B_PUBLIC_Marshal(public, areas, sizeof areas, &end);
    public_size = end;
    if (code == TSS2_RC_SUCCESS)
        code = Tss2_MU_TPM2B_PRIVATE_Marshal(private, areas, sizeof areas, &end);
    if (code != TSS2_RC_SUCCESS)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the sealed object cannot be written");

    struct kc_writer w;
    kc_writer_init(&w, blob, KC_ROOT_BLOB_MAX);
    kc_writer_u8(&w, BLOB_VERSION);
    kc_writer_u32(&w, tpm->pcr_mask);
    kc_writer_span(&w, areas, public_size);
    kc_writer_span(&w, areas + public_size, end - public_size);
    if (kc_writer_finish(&w) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the sealed object is too large");
    *blob_size = w.size;
    return KC_OK;
}

/* Only objects as kc_seal makes them are loaded. The TPM's integrity check covers the rest. */
static bool is_ours(const struct sealed *sealed)
{
    const TPMT_PUBLIC *area = &sealed->public.publicArea;
    size_t policy_size = sealed->pcr_mask == 0 ? 0 : KC_POLICY_SIZE;
    return area->type == TPM2_ALG_KEYEDHASH && area->nameAlg == TPM2_ALG_SHA256 &&
           area->objectAttributes == attributes_for(sealed->pcr_mask) &&
           area->authPolicy.size == policy_size &&
           area->parameters.keyedHashDetail.scheme.scheme == TPM2_ALG_NULL;
}

static enum kc_error read_blob(
    struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size, struct sealed *sealed)
{
    struct kc_reader r;
    size_t public_end = 0, private_end = 0;
    kc_reader_init(&r, blob, blob_size);
    uint8_t version = kc_reader_u8(&r);
    sealed->pcr_mask = kc_reader_u32(&r);
    struct kc_span public = kc_reader_span(&r, KC_ROOT_BLOB_MAX);
    struct kc_span private = kc_reader_span(&r, KC_ROOT_BLOB_MAX);
    bool is_well_formed = kc_reader_finish(&r) == KC_OK && version == BLOB_VERSION &&
                          sealed->pcr_mask >> KC_ROOT_PCR_COUNT == 0 &&
                          Tss2_MU_TPM2B_PUBLIC_Unmarshal(public.bytes, public.size, &public_end,
                              &sealed->public) == TSS2_RC_SUCCESS &&
                          Tss2_MU_TPM2B_PRIVATE_Unmarshal(private.bytes, private.size, &private_end,
                              &sealed->private) == TSS2_RC_SUCCESS &&
                          public_end == public.size && private_end == private.size;
    if (!is_well_formed || !is_ours(sealed))
        return kc_code_refuse(tpm, KC_ERR_RECORD_DAMAGED, "the blob is not well formed");
    return KC_OK;
}

/* --- sealing --- */

static enum kc_error set_policy(struct kc_tpm2 *tpm, TPM2B_DIGEST *policy)
{
    struct kc_pcr_values values;
    uint8_t digest[KC_POLICY_SIZE] = {0};
    policy->size = 0;
    if (tpm->pcr_mask == 0)
        return KC_OK;
    enum kc_error error = kc_pcr_read(tpm, tpm->pcr_mask, &values);
    if (error == KC_OK)
        error = kc_pcr_policy(&values, digest);
    if (error != KC_OK)
        return error;
    policy->size = sizeof digest;
    memcpy(policy->buffer, digest, sizeof digest);
    return KC_OK;
}

/* The sensitive part of a TPM2_Create: no authorisation value, and the payload. */
static void write_sensitive(struct kc_writer *w, const uint8_t payload[static PAYLOAD_SIZE])
{
    kc_writer_u16(w, 2 + 2 + PAYLOAD_SIZE);
    kc_writer_u16(w, 0);
    kc_writer_u16(w, PAYLOAD_SIZE);
    kc_writer_bytes(w, payload, PAYLOAD_SIZE);
}

/* payload  secret; borrowed */
static enum kc_error create(struct kc_tpm2 *tpm, const uint8_t payload[static PAYLOAD_SIZE],
    TPM2B_PUBLIC *public, TPM2B_PRIVATE *private)
{
    TPM2B_PUBLIC template = {
        .publicArea =
            {
                .type = TPM2_ALG_KEYEDHASH,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = attributes_for(tpm->pcr_mask),
                .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
            },
    };
    enum kc_error error = set_policy(tpm, &template.publicArea.authPolicy);
    if (error != KC_OK)
        return error;
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "seal", TPM2_CC_Create, KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED);
    kc_command_use(&command, &tpm->srk, NULL, NULL);
    write_sensitive(&command.parameters, payload);
    kc_command_public(&command, &template);
    kc_writer_u16(&command.parameters, 0); /* no outside data */
    kc_writer_u32(&command.parameters, 0); /* no PCRs of its creation */
    if ((error = kc_command_run(tpm, &command)) != KC_OK)
        return error;
    kc_command_read_private(&command, private);
    kc_command_read_public(&command, public);
    kc_command_skip_creation(&command);
    return kc_command_finish(tpm, &command);
}

/* --- unsealing --- */

static enum kc_error load(
    struct kc_tpm2 *tpm, const struct sealed *sealed, struct kc_entity *object)
{
    struct kc_entity loaded = {.handle = 0};
    if (kc_entity_object_name(&sealed->public, &loaded.name) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the sealed object's Name");
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "load the sealed object", TPM2_CC_Load,
        KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED | KC_COMMAND_ANSWERS_HANDLE);
    kc_command_use(&command, &tpm->srk, NULL, NULL);
    kc_command_private(&command, &sealed->private);
    kc_command_public(&command, &sealed->public);
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

/* payload  secret; written only on KC_OK */
static enum kc_error open_object(struct kc_tpm2 *tpm, const struct kc_entity *object,
    struct kc_session *authority, uint8_t payload[static PAYLOAD_SIZE])
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "unseal", TPM2_CC_Unseal, KC_COMMAND_ANSWERS_SIZED);
    kc_command_use(&command, object, authority, NULL);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    struct kc_span opened = kc_command_read_sized(&command, sizeof(TPMU_SENSITIVE_COMPOSITE));
    if ((error = kc_command_finish(tpm, &command)) != KC_OK)
        return error;
    if (opened.size != PAYLOAD_SIZE)
        return kc_code_refuse(tpm, KC_ERR_RECORD_DAMAGED, "the blob holds no sealing key");
    memcpy(payload, opened.bytes, PAYLOAD_SIZE);
    return KC_OK;
}

/* Shows the PCRs, as they are now, to the policy session. */
static enum kc_error show_pcrs(struct kc_tpm2 *tpm, uint32_t pcr_mask)
{
    const struct kc_entity session = kc_entity_of(tpm->policy.handle);
    const TPML_PCR_SELECTION pcrs = kc_pcr_selection(pcr_mask);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "take the PCRs into the policy", TPM2_CC_PolicyPCR, KC_COMMAND_SENDS_SIZED);
    kc_command_name(&command, &session);
    kc_writer_u16(&command.parameters, 0); /* no digest: as they are */
    kc_command_pcrs(&command, &pcrs);
    return kc_command_run(tpm, &command);
}

static enum kc_error open_by_policy(struct kc_tpm2 *tpm, const struct kc_entity *object,
    uint32_t pcr_mask, uint8_t payload[static PAYLOAD_SIZE])
{
    enum kc_error error = KC_OK;
    if (tpm->policy.handle == 0)
        error = kc_session_start(tpm, TPM2_SE_POLICY, &tpm->policy);
    if (error == KC_OK)
        error = show_pcrs(tpm, pcr_mask);
    if (error == KC_OK)
        error = open_object(tpm, object, &tpm->policy, payload);
    if (error != KC_OK)
        kc_session_flush(tpm, &tpm->policy); /* it remembers what it was shown */
    return error;
}

/* The payload comes out whole or not at all, and with the Name under which it was sealed. */
static enum kc_error take_key(struct kc_tpm2 *tpm, const uint8_t payload[static PAYLOAD_SIZE],
    uint8_t key[static KC_ROOT_KEY_SIZE])
{
    if (memcmp(payload + KC_ROOT_KEY_SIZE, tpm->pin, KC_ROOT_NAME_SIZE) != 0)
        return kc_code_refuse(tpm, KC_ERR_ROOT_CHANGED, "the blob was sealed under another SRK");
    memcpy(key, payload, KC_ROOT_KEY_SIZE);
    return KC_OK;
}

enum kc_error kc_unseal(struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size,
    uint8_t key[static KC_ROOT_KEY_SIZE])
{
    struct sealed sealed = {0};
    struct kc_entity object = {.handle = 0};
    uint8_t payload[PAYLOAD_SIZE]; /* secret */
    enum kc_error error = read_blob(tpm, blob, blob_size, &sealed);
    if (error != KC_OK || (error = load(tpm, &sealed, &object)) != KC_OK)
        return error;
    error = sealed.pcr_mask == 0 ? open_object(tpm, &object, NULL, payload)
                                 : open_by_policy(tpm, &object, sealed.pcr_mask, payload);
    if (error == KC_OK)
        error = take_key(tpm, payload, key);
    kc_wipe(payload, sizeof payload);
    kc_command_flush(tpm, &object.handle);
    return error;
}

/* --- sealing, and opening what was sealed --- */

/*
 * A sealing key that does not come back is all of its keys lost, so it is opened once before anyone
 * relies on it.
 */
static enum kc_error try_blob(struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size,
    const uint8_t key[static KC_ROOT_KEY_SIZE])
{
    uint8_t opened[KC_ROOT_KEY_SIZE] = {0}; /* secret */
    enum kc_error error = kc_unseal(tpm, blob, blob_size, opened);
    if (error == KC_ERR_RECORD_DAMAGED ||
        (error == KC_OK && !kc_ct_bytes_equal(opened, key, sizeof opened)))
        error = kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "what was sealed does not open");
    kc_wipe(opened, sizeof opened);
    return error;
}

enum kc_error kc_seal(struct kc_tpm2 *tpm, const uint8_t key[static KC_ROOT_KEY_SIZE],
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    uint8_t payload[PAYLOAD_SIZE]; /* secret */
    uint8_t made[KC_ROOT_BLOB_MAX];
    size_t made_size = 0;
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE private;
    memcpy(payload, key, KC_ROOT_KEY_SIZE);
    memcpy(payload + KC_ROOT_KEY_SIZE, tpm->pin, KC_ROOT_NAME_SIZE);
    enum kc_error error = create(tpm, payload, &public, &private);
    kc_wipe(payload, sizeof payload);
    if (error == KC_OK)
        error = write_blob(tpm, &public, &private, made, &made_size);
    if (error == KC_OK)
        error = try_blob(tpm, made, made_size, key);
    if (error != KC_OK)
        return error;
    memcpy(blob, made, made_size);
    *blob_size = made_size;
    return KC_OK;
}
