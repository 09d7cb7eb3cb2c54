/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/seal.h"

#include "base/ct.h"
#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/policy_binding.h"
#include "tpm/stored.h"
#include "tpm/tss_key.h"

#include <openssl/evp.h>
#include <string.h>

#define PAYLOAD_SIZE (KC_ROOT_KEY_SIZE + KC_ROOT_NAME_SIZE)
#define PART_CREATION 3 /* beside the openings */
#define CHECKSUM_SIZE 16

struct sealed {
    struct kc_tss_key key;
    enum kc_opening opening;
    uint32_t pcr_mask;           /* of KC_OPENING_BY_PCRS; else 0 */
    struct kc_creation creation; /* lent */
};

static TPMA_OBJECT attributes_for(enum kc_opening opening)
{
    TPMA_OBJECT always = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
    return opening == KC_OPENING_ALWAYS ? always | TPMA_OBJECT_USERWITHAUTH : always;
}

/* --- the blob --- */

/* Only objects as kc_seal makes them are loaded. The TPM's integrity check covers the rest. */
static bool is_ours(const struct kc_tpm2 *tpm, const struct sealed *sealed)
{
    const TPMT_PUBLIC *area = &sealed->key.public.publicArea;
    return !sealed->key.is_loadable && sealed->key.parent == tpm->srk_handle &&
           area->type == TPM2_ALG_KEYEDHASH && area->nameAlg == TPM2_ALG_SHA256 &&
           area->objectAttributes == attributes_for(sealed->opening) &&
           area->authPolicy.size == (sealed->opening == KC_OPENING_ALWAYS ? 0 : KC_POLICY_SIZE) &&
           area->parameters.keyedHashDetail.scheme.scheme == TPM2_ALG_NULL;
}

static void read_opening(struct kc_reader *r, uint8_t opening, struct sealed *sealed)
{
    sealed->opening = (enum kc_opening)opening;
    sealed->pcr_mask = kc_reader_u32(r);
    bool has_pcrs = sealed->pcr_mask != 0 && sealed->pcr_mask >> KC_ROOT_PCR_COUNT == 0;
    if (opening == KC_OPENING_BY_PCRS ? !has_pcrs : sealed->pcr_mask != 0)
        kc_reader_fail(r);
}

static bool has_checksum(struct kc_span octets, const uint8_t *sum)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    return sum && EVP_Digest(octets.bytes, octets.size, digest, NULL, EVP_sha256(), NULL) == 1 &&
           memcmp(sum, digest, CHECKSUM_SIZE) == 0;
}

/* blob: all of it, at whose end the reader is going to be */
static void read_creation(struct kc_reader *r, struct kc_span blob, struct kc_creation *creation)
{
    creation->data = kc_reader_span(r, sizeof(TPMS_CREATION_DATA));
    creation->hierarchy = kc_reader_u32(r);
    creation->ticket = kc_reader_span(r, sizeof(TPMU_HA));
    const struct kc_span summed = {blob.bytes, blob.size - r->left};
    if (!has_checksum(summed, kc_reader_bytes(r, CHECKSUM_SIZE)) || creation->data.size == 0)
        kc_reader_fail(r);
}

/* What the next part is; 0: there is none. */
static uint8_t read_part(struct kc_reader *r)
{
    if (r->left == 0)
        return 0;
    uint8_t part = kc_reader_u8(r);
    if (part == 0)
        kc_reader_fail(r);
    return part;
}

/* Behind the key: how it opens and of its making, each if it is there. */
static bool read_parts(struct kc_reader *r, struct kc_span blob, struct sealed *sealed)
{
    sealed->opening = KC_OPENING_ALWAYS;
    sealed->pcr_mask = 0;
    sealed->creation = (struct kc_creation){.data = {NULL, 0}};
    uint8_t part = read_part(r);
    if (part == KC_OPENING_BY_PCRS || part == KC_OPENING_BY_SIGNATURE) {
        read_opening(r, part, sealed);
        part = read_part(r);
    }
    if (part == PART_CREATION)
        read_creation(r, blob, &sealed->creation);
    else if (part != 0)
        kc_reader_fail(r);
    return kc_reader_finish(r) == KC_OK;
}

static enum kc_error read_blob(
    struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size, struct sealed *sealed)
{
    struct kc_reader r;
    size_t used = 0;
    kc_reader_init(&r, blob, blob_size);
    bool is_well_formed = kc_tss_key_read(blob, blob_size, &sealed->key, &used) == KC_OK &&
                          kc_reader_bytes(&r, used) != NULL &&
                          read_parts(&r, (struct kc_span){blob, blob_size}, sealed);
    if (!is_well_formed || !is_ours(tpm, sealed))
        return kc_code_refuse(tpm, KC_ERR_RECORD_DAMAGED, "the blob is not well formed");
    return KC_OK;
}

static void write_parts(struct kc_writer *w, const struct sealed *sealed)
{
    if (sealed->opening != KC_OPENING_ALWAYS) {
        kc_writer_u8(w, (uint8_t)sealed->opening);
        kc_writer_u32(w, sealed->pcr_mask);
    }
    kc_writer_u8(w, PART_CREATION);
    kc_writer_span(w, sealed->creation.data.bytes, sealed->creation.data.size);
    kc_writer_u32(w, sealed->creation.hierarchy);
    kc_writer_span(w, sealed->creation.ticket.bytes, sealed->creation.ticket.size);
}

static enum kc_error write_blob(struct kc_tpm2 *tpm, const struct sealed *sealed,
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t der_size = KC_ROOT_BLOB_MAX;
    struct kc_writer w;
    if (kc_tss_key_write(&sealed->key, blob, &der_size) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the sealed object cannot be written");
    kc_writer_init(&w, blob, KC_ROOT_BLOB_MAX);
    w.size = der_size;
    write_parts(&w, sealed);
    if (EVP_Digest(blob, w.size, digest, NULL, EVP_sha256(), NULL) != 1)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute a blob's checksum");
    kc_writer_bytes(&w, digest, CHECKSUM_SIZE);
    if (kc_writer_finish(&w) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the sealed object is too large");
    *blob_size = w.size;
    return KC_OK;
}

/* --- sealing --- */

/* New keys open as is configured. */
static enum kc_error bind_as_configured(struct kc_tpm2 *tpm, struct sealed *sealed)
{
    sealed->opening = kc_policy_opening(tpm);
    sealed->pcr_mask = sealed->opening == KC_OPENING_BY_PCRS ? tpm->pcr_mask : 0;
    sealed->key.public.publicArea.objectAttributes = attributes_for(sealed->opening);
    return kc_policy_bind(tpm, &sealed->key.public.publicArea.authPolicy);
}

/* The sensitive part of a TPM2_Create: no authorisation value, and the payload. */
static void write_sensitive(struct kc_writer *w, const uint8_t payload[static PAYLOAD_SIZE])
{
    kc_writer_u16(w, 2 + 2 + PAYLOAD_SIZE);
    kc_writer_u16(w, 0);
    kc_writer_u16(w, PAYLOAD_SIZE);
    kc_writer_bytes(w, payload, PAYLOAD_SIZE);
}

/* The blob of a new object. payload: secret; borrowed */
static enum kc_error create(struct kc_tpm2 *tpm, const uint8_t payload[static PAYLOAD_SIZE],
    const uint8_t about[static KC_ROOT_ABOUT_SIZE], uint8_t blob[static KC_ROOT_BLOB_MAX],
    size_t *blob_size)
{
    struct sealed sealed = {
        .key.parent = tpm->srk_handle,
        .key.public.publicArea =
            {
                .type = TPM2_ALG_KEYEDHASH,
                .nameAlg = TPM2_ALG_SHA256,
                .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
            },
    };
    enum kc_error error = bind_as_configured(tpm, &sealed);
    if (error != KC_OK)
        return error;
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "seal", TPM2_CC_Create, KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED);
    kc_command_use(&command, &tpm->srk, NULL, NULL);
    write_sensitive(&command.parameters, payload);
    kc_command_public(&command, &sealed.key.public);
    kc_writer_u16(&command.parameters, KC_ROOT_ABOUT_SIZE); /* outside data */
    kc_writer_bytes(&command.parameters, about, KC_ROOT_ABOUT_SIZE);
    kc_writer_u32(&command.parameters, 0); /* no PCRs of its creation */
    if ((error = kc_command_run(tpm, &command)) != KC_OK)
        return error;
    kc_command_read_private(&command, &sealed.key.private);
    kc_command_read_public(&command, &sealed.key.public);
    kc_command_read_creation(&command, &sealed.creation);
    error = kc_command_finish(tpm, &command);
    return error == KC_OK ? write_blob(tpm, &sealed, blob, blob_size) : error;
}

/* --- unsealing --- */

static enum kc_error load(
    struct kc_tpm2 *tpm, const struct sealed *sealed, struct kc_entity *object)
{
    return kc_stored_load(
        tpm, "load the sealed object", &sealed->key.public, &sealed->key.private, object);
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

static enum kc_error open_by_policy(struct kc_tpm2 *tpm, const struct kc_entity *object,
    const struct sealed *sealed, uint8_t payload[static PAYLOAD_SIZE])
{
    enum kc_error error = kc_policy_satisfy(tpm, sealed->opening, sealed->pcr_mask);
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
    struct sealed sealed;
    struct kc_entity object = {.handle = 0};
    uint8_t payload[PAYLOAD_SIZE]; /* secret */
    enum kc_error error = read_blob(tpm, blob, blob_size, &sealed);
    if (error != KC_OK || (error = load(tpm, &sealed, &object)) != KC_OK)
        return error;
    error = sealed.opening == KC_OPENING_ALWAYS ? open_object(tpm, &object, NULL, payload)
                                                : open_by_policy(tpm, &object, &sealed, payload);
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
    const uint8_t about[static KC_ROOT_ABOUT_SIZE], uint8_t blob[static KC_ROOT_BLOB_MAX],
    size_t *blob_size)
{
    uint8_t payload[PAYLOAD_SIZE]; /* secret */
    uint8_t made[KC_ROOT_BLOB_MAX];
    size_t made_size = 0;
    memcpy(payload, key, KC_ROOT_KEY_SIZE);
    memcpy(payload + KC_ROOT_KEY_SIZE, tpm->pin, KC_ROOT_NAME_SIZE);
    enum kc_error error = create(tpm, payload, about, made, &made_size);
    kc_wipe(payload, sizeof payload);
    if (error == KC_OK)
        error = try_blob(tpm, made, made_size, key);
    if (error != KC_OK)
        return error;
    memcpy(blob, made, made_size);
    *blob_size = made_size;
    return KC_OK;
}

enum kc_error kc_seal_load(struct kc_tpm2 *tpm, struct kc_span blob, TPM2B_PUBLIC *public,
    struct kc_entity *object, struct kc_creation *creation)
{
    struct sealed sealed = {0};
    enum kc_error error = read_blob(tpm, blob.bytes, blob.size, &sealed);
    if (error == KC_OK)
        error = load(tpm, &sealed, object);
    if (error == KC_OK) {
        *public = sealed.key.public;
        *creation = sealed.creation;
    }
    return error;
}
