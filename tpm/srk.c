/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/srk.h"

#include "base/writer.h"
#include "tpm/connection.h"

#include <openssl/evp.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#define STORAGE_KEY                                                                                \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

struct public_area {
    uint8_t bytes[sizeof(TPM2B_PUBLIC)]; /* size u16, then what the Name is the digest of */
    size_t size;
};

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

/*
 * The public area that the library keeps for a handle: the one to which it will salt sessions. What
 * the TPM answers if it is asked again may be another one, so the Name is computed from this. A
 * serialised handle ends with the public area.
 */
static bool library_holds(struct kc_tpm2 *tpm, ESYS_TR srk, const struct public_area *area)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (Esys_TR_Serialize(tpm->esys, srk, &bytes, &size) != TSS2_RC_SUCCESS)
        return false;
    bool holds =
        size >= area->size && memcmp(bytes + size - area->size, area->bytes, area->size) == 0;
    Esys_Free(bytes);
    return holds;
}

static enum kc_error name_of(
    struct kc_tpm2 *tpm, const struct public_area *area, uint8_t name[static KC_ROOT_NAME_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct kc_writer w;
    if (EVP_Digest(area->bytes + 2, area->size - 2, digest, NULL, EVP_sha256(), NULL) != 1)
        return kc_connection_refuse(tpm, KC_ERR_NO_MEMORY, "compute the SRK's Name");
    kc_writer_init(&w, name, KC_ROOT_NAME_SIZE);
    kc_writer_u16(&w, TPM2_ALG_SHA256);
    kc_writer_bytes(&w, digest, KC_ROOT_NAME_SIZE - 2);
    return kc_writer_finish(&w);
}

static enum kc_error examine(struct kc_tpm2 *tpm, ESYS_TR srk, const TPM2B_PUBLIC *answered,
    uint8_t name[static KC_ROOT_NAME_SIZE])
{
    struct public_area area = {.size = 0};
    if (!is_storage_key(&answered->publicArea))
        return kc_connection_refuse(
            tpm, KC_ERR_ROOT_HANDLE, "what is at the SRK's handle is not a storage key");
    enum kc_error error = kc_connection_check(tpm, "write the SRK's public area",
        Tss2_MU_TPM2B_PUBLIC_Marshal(answered, area.bytes, sizeof area.bytes, &area.size));
    if (error != KC_OK)
        return error;
    if (area.size < 2 || !library_holds(tpm, srk, &area))
        return kc_connection_refuse(
            tpm, KC_ERR_ROOT_ANSWER, "the TPM answered two public areas for the SRK");
    return name_of(tpm, &area, name);
}

enum kc_error kc_srk_find(struct kc_tpm2 *tpm, uint8_t name[static KC_ROOT_NAME_SIZE], ESYS_TR *srk)
{
    ESYS_TR found = ESYS_TR_NONE;
    TPM2B_PUBLIC *answered = NULL;
    TSS2_RC code = Esys_TR_FromTPMPublic(
        tpm->esys, tpm->srk_handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &found);
    if (code == (TPM2_RC_HANDLE | TPM2_RC_H | TPM2_RC_1))
        return kc_connection_refuse(
            tpm, KC_ERR_ROOT_NOT_PROVISIONED, "nothing is at the SRK's handle");
    enum kc_error error = kc_connection_check(tpm, "find the SRK", code);
    if (error != KC_OK)
        return error;
    error = kc_connection_check(tpm, "read the SRK's public area",
        Esys_ReadPublic(
            tpm->esys, found, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &answered, NULL, NULL));
    if (error == KC_OK)
        error = examine(tpm, found, answered, name);
    Esys_Free(answered);
    if (error == KC_OK)
        *srk = found;
    return error;
}

enum kc_error kc_srk_find_pinned(struct kc_tpm2 *tpm)
{
    uint8_t name[KC_ROOT_NAME_SIZE];
    ESYS_TR srk = ESYS_TR_NONE;
    enum kc_error error = kc_srk_find(tpm, name, &srk);
    if (error == KC_ERR_ROOT_NOT_PROVISIONED || error == KC_ERR_ROOT_HANDLE)
        return KC_ERR_ROOT_CHANGED; /* there was one when it was pinned */
    if (error != KC_OK)
        return error;
    if (memcmp(name, tpm->pin, sizeof name) != 0)
        return kc_connection_refuse(
            tpm, KC_ERR_ROOT_CHANGED, "the SRK's Name is not the pinned one");
    tpm->srk = srk;
    return KC_OK;
}

enum kc_error kc_srk_make(struct kc_tpm2 *tpm)
{
    static const TPM2B_SENSITIVE_CREATE no_authorisation = {0};
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
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
    ESYS_TR primary = ESYS_TR_NONE, persistent = ESYS_TR_NONE;
    enum kc_error error = kc_connection_check(tpm, "make the SRK",
        Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
            ESYS_TR_NONE, &no_authorisation, &template, &no_data, &no_pcrs, &primary, NULL, NULL,
            NULL, NULL));
    if (error != KC_OK)
        return error;
    error = kc_connection_check(tpm, "put the SRK at its handle",
        Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, primary, ESYS_TR_PASSWORD, ESYS_TR_NONE,
            ESYS_TR_NONE, tpm->srk_handle, &persistent));
    kc_connection_flush(tpm, &primary);
    return error;
}
