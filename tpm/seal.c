/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/seal.h"

#include "base/ct.h"
#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "tpm/connection.h"
#include "tpm/session.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define BLOB_VERSION 1
#define PAYLOAD_SIZE (KC_ROOT_KEY_SIZE + KC_ROOT_NAME_SIZE)
#define POLICY_SIZE 32
#define BOTH_WAYS (TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT)

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
    enum kc_error error = kc_connection_check(tpm, "write the sealed object's public area",
        Tss2_MU_TPM2B_PUBLIC_Marshal(public, areas, sizeof areas, &end));
    if (error != KC_OK)
        return error;
    public_size = end;
    error = kc_connection_check(tpm, "write the sealed object's private area",
        Tss2_MU_TPM2B_PRIVATE_Marshal(private, areas, sizeof areas, &end));
    if (error != KC_OK)
        return error;

    struct kc_writer w;
    kc_writer_init(&w, blob, KC_ROOT_BLOB_MAX);
    kc_writer_u8(&w, BLOB_VERSION);
    kc_writer_u32(&w, tpm->pcr_mask);
    kc_writer_span(&w, areas, public_size);
    kc_writer_span(&w, areas + public_size, end - public_size);
    if (kc_writer_finish(&w) != KC_OK)
        return kc_connection_refuse(tpm, KC_ERR_ROOT_ANSWER, "the sealed object is too large");
    *blob_size = w.size;
    return KC_OK;
}

/* Only objects as kc_seal makes them are loaded. The TPM's integrity check covers the rest. */
static bool is_ours(const struct sealed *sealed)
{
    const TPMT_PUBLIC *area = &sealed->public.publicArea;
    size_t policy_size = sealed->pcr_mask == 0 ? 0 : POLICY_SIZE;
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
        return kc_connection_refuse(tpm, KC_ERR_RECORD_DAMAGED, "the blob is not well formed");
    return KC_OK;
}

/* --- the policy --- */

static TPML_PCR_SELECTION selection_of(uint32_t pcr_mask)
{
    return (TPML_PCR_SELECTION){
        .count = 1,
        .pcrSelections = {{
            .hash = TPM2_ALG_SHA256,
            .sizeofSelect = 3,
            .pcrSelect = {(BYTE)pcr_mask, (BYTE)(pcr_mask >> 8), (BYTE)(pcr_mask >> 16)},
        }},
    };
}

/* A policy session that has seen the PCRs as they are now. To be flushed by the caller. */
static enum kc_error start_policy(
    struct kc_tpm2 *tpm, TPM2_SE type, uint32_t pcr_mask, ESYS_TR *policy)
{
    static const TPM2B_DIGEST as_they_are = {0};
    TPML_PCR_SELECTION pcrs = selection_of(pcr_mask);
    enum kc_error error = kc_session_start(tpm, type, policy);
    if (error != KC_OK ||
        (error = kc_session_protect(tpm, tpm->session, TPMA_SESSION_DECRYPT)) != KC_OK)
        return error;
    return kc_connection_check(tpm, "take the PCRs into the policy",
        Esys_PolicyPCR(
            tpm->esys, *policy, tpm->session, ESYS_TR_NONE, ESYS_TR_NONE, &as_they_are, &pcrs));
}

static enum kc_error get_policy(struct kc_tpm2 *tpm, ESYS_TR trial, TPM2B_DIGEST *digest)
{
    TPM2B_DIGEST *answered = NULL;
    enum kc_error error = kc_session_protect(tpm, tpm->session, TPMA_SESSION_ENCRYPT);
    if (error == KC_OK)
        error = kc_connection_check(tpm, "get the policy's digest",
            Esys_PolicyGetDigest(
                tpm->esys, trial, tpm->session, ESYS_TR_NONE, ESYS_TR_NONE, &answered));
    if (error == KC_OK && answered->size != POLICY_SIZE)
        error =
            kc_connection_refuse(tpm, KC_ERR_ROOT_ANSWER, "the policy's digest has no such size");
    if (error == KC_OK)
        *digest = *answered;
    Esys_Free(answered);
    return error;
}

/* The digest of "these PCRs have these values"; an empty one without a mask. */
static enum kc_error policy_digest(struct kc_tpm2 *tpm, TPM2B_DIGEST *digest)
{
    ESYS_TR trial = ESYS_TR_NONE;
    digest->size = 0;
    if (tpm->pcr_mask == 0)
        return KC_OK;
    enum kc_error error = start_policy(tpm, TPM2_SE_TRIAL, tpm->pcr_mask, &trial);
    if (error == KC_OK)
        error = get_policy(tpm, trial, digest);
    kc_connection_flush(tpm, &trial);
    return error;
}

/* --- sealing --- */

/* payload  secret; borrowed */
static enum kc_error create(struct kc_tpm2 *tpm, const TPM2B_SENSITIVE_CREATE *payload,
    TPM2B_PUBLIC **public, TPM2B_PRIVATE **private)
{
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    TPM2B_PUBLIC template = {
        .publicArea =
            {
                .type = TPM2_ALG_KEYEDHASH,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = attributes_for(tpm->pcr_mask),
                .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
            },
    };
    enum kc_error error = policy_digest(tpm, &template.publicArea.authPolicy);
    if (error != KC_OK || (error = kc_session_protect(tpm, tpm->session, BOTH_WAYS)) != KC_OK)
        return error;
    return kc_connection_check(tpm, "seal",
        Esys_Create(tpm->esys, tpm->srk, tpm->session, ESYS_TR_NONE, ESYS_TR_NONE, payload,
            &template, &no_data, &no_pcrs, private, public, NULL, NULL, NULL));
}

/* payload  secret; consumed: wiped on every return */
static enum kc_error make_blob(struct kc_tpm2 *tpm, TPM2B_SENSITIVE_CREATE *payload,
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    TPM2B_PUBLIC *public = NULL;
    TPM2B_PRIVATE *private = NULL;
    enum kc_error error = create(tpm, payload, &public, &private);
    kc_wipe(payload, sizeof *payload);
    if (error == KC_OK)
        error = write_blob(tpm, public, private, blob, blob_size);
    Esys_Free(public);
    Esys_Free(private);
    return error;
}

/* --- unsealing --- */

static enum kc_error load(struct kc_tpm2 *tpm, const struct sealed *sealed, ESYS_TR *object)
{
    enum kc_error error = kc_session_protect(tpm, tpm->session, BOTH_WAYS);
    if (error != KC_OK)
        return error;
    error = kc_connection_check(tpm, "load the sealed object",
        Esys_Load(tpm->esys, tpm->srk, tpm->session, ESYS_TR_NONE, ESYS_TR_NONE, &sealed->private,
            &sealed->public, object));
    /* The parameters of this command are the blob. */
    if (error == KC_ERR_ROOT_ANSWER && kc_connection_refuses_parameter(tpm->code))
        return KC_ERR_RECORD_DAMAGED;
    return error;
}

/* payload  secret; given, to be wiped and freed */
static enum kc_error open_object(
    struct kc_tpm2 *tpm, ESYS_TR object, ESYS_TR authority, TPM2B_SENSITIVE_DATA **payload)
{
    enum kc_error error = kc_session_protect(tpm, authority, TPMA_SESSION_ENCRYPT);
    if (error != KC_OK)
        return error;
    return kc_connection_check(tpm, "unseal",
        Esys_Unseal(tpm->esys, object, authority, ESYS_TR_NONE, ESYS_TR_NONE, payload));
}

static enum kc_error open_as_allowed(
    struct kc_tpm2 *tpm, ESYS_TR object, uint32_t pcr_mask, TPM2B_SENSITIVE_DATA **payload)
{
    if (pcr_mask == 0)
        return open_object(tpm, object, tpm->session, payload);
    ESYS_TR policy = ESYS_TR_NONE;
    enum kc_error error = start_policy(tpm, TPM2_SE_POLICY, pcr_mask, &policy);
    if (error == KC_OK)
        error = open_object(tpm, object, policy, payload);
    kc_connection_flush(tpm, &policy);
    return error;
}

static enum kc_error take_key(
    struct kc_tpm2 *tpm, const TPM2B_SENSITIVE_DATA *payload, uint8_t key[static KC_ROOT_KEY_SIZE])
{
    if (payload->size != PAYLOAD_SIZE)
        return kc_connection_refuse(tpm, KC_ERR_RECORD_DAMAGED, "the blob holds no sealing key");
    if (memcmp(payload->buffer + KC_ROOT_KEY_SIZE, tpm->pin, KC_ROOT_NAME_SIZE) != 0)
        return kc_connection_refuse(
            tpm, KC_ERR_ROOT_CHANGED, "the blob was sealed under another SRK");
    memcpy(key, payload->buffer, KC_ROOT_KEY_SIZE);
    return KC_OK;
}

enum kc_error kc_unseal(struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size,
    uint8_t key[static KC_ROOT_KEY_SIZE])
{
    struct sealed sealed = {0};
    ESYS_TR object = ESYS_TR_NONE;
    TPM2B_SENSITIVE_DATA *payload = NULL; /* secret */
    enum kc_error error = read_blob(tpm, blob, blob_size, &sealed);
    if (error != KC_OK || (error = load(tpm, &sealed, &object)) != KC_OK)
        return error;

    error = open_as_allowed(tpm, object, sealed.pcr_mask, &payload);
    kc_tcti_wipe_answer(&tpm->tcti);
    if (error == KC_OK)
        error = take_key(tpm, payload, key);
    if (payload)
        kc_wipe(payload, sizeof *payload);
    Esys_Free(payload);
    kc_connection_flush(tpm, &object);
    return error;
}

/* --- sealing, and opening what was sealed --- */

/*
 * A sealing key that does not come back is all of its keys lost, so it is opened once before anyone
 * relies on it. That also overwrites the library's own copy of what was sealed.
 */
static enum kc_error try_blob(struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size,
    const uint8_t key[static KC_ROOT_KEY_SIZE])
{
    uint8_t opened[KC_ROOT_KEY_SIZE] = {0}; /* secret */
    enum kc_error error = kc_unseal(tpm, blob, blob_size, opened);
    if (error == KC_ERR_RECORD_DAMAGED ||
        (error == KC_OK && !kc_ct_bytes_equal(opened, key, sizeof opened)))
        error = kc_connection_refuse(tpm, KC_ERR_ROOT_ANSWER, "what was sealed does not open");
    kc_wipe(opened, sizeof opened);
    return error;
}

enum kc_error kc_seal(struct kc_tpm2 *tpm, const uint8_t key[static KC_ROOT_KEY_SIZE],
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    TPM2B_SENSITIVE_CREATE payload = {.sensitive.data.size = PAYLOAD_SIZE}; /* secret */
    uint8_t made[KC_ROOT_BLOB_MAX];
    size_t made_size = 0;
    memcpy(payload.sensitive.data.buffer, key, KC_ROOT_KEY_SIZE);
    memcpy(payload.sensitive.data.buffer + KC_ROOT_KEY_SIZE, tpm->pin, KC_ROOT_NAME_SIZE);
    enum kc_error error = make_blob(tpm, &payload, made, &made_size);
    if (error == KC_OK)
        error = try_blob(tpm, made, made_size, key);
    if (error != KC_OK)
        return error;
    memcpy(blob, made, made_size);
    *blob_size = made_size;
    return KC_OK;
}
