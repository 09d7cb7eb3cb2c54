/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/entity.h"

#include "base/writer.h"

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>

struct kc_entity kc_entity_of(TPM2_HANDLE handle)
{
    struct kc_entity entity = {.handle = handle, .name.size = sizeof handle};
    struct kc_writer w;
    kc_writer_init(&w, entity.name.name, sizeof entity.name.name);
    kc_writer_u32(&w, handle);
    return entity;
}

static const EVP_MD *digest_of(TPMI_ALG_HASH hash)
{
    switch (hash) {
    case TPM2_ALG_SHA256:
        return EVP_sha256();
    case TPM2_ALG_SHA384:
        return EVP_sha384();
    case TPM2_ALG_SHA512:
        return EVP_sha512();
    default:
        return NULL;
    }
}

enum kc_error kc_entity_name(TPMI_ALG_HASH hash, const uint8_t *area, size_t size, TPM2B_NAME *name)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    const EVP_MD *md = digest_of(hash);
    struct kc_writer w;
    if (!md)
        return KC_ERR_BAD_ARGUMENT;
    if (EVP_Digest(area, size, digest, &digest_size, md, NULL) != 1)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&w, name->name, sizeof name->name);
    kc_writer_u16(&w, hash);
    kc_writer_bytes(&w, digest, digest_size);
    name->size = (UINT16)w.size;
    return KC_OK;
}

enum kc_error kc_entity_object_name(const TPM2B_PUBLIC *area, TPM2B_NAME *name)
{
    uint8_t bytes[sizeof *area];
    size_t size = 0;
    if (Tss2_MU_TPMT_PUBLIC_Marshal(&area->publicArea, bytes, sizeof bytes, &size) !=
        TSS2_RC_SUCCESS)
        return KC_ERR_BAD_ARGUMENT;
    return kc_entity_name(area->publicArea.nameAlg, bytes, size, name);
}

enum kc_error kc_entity_nv_name(const TPM2B_NV_PUBLIC *area, TPM2B_NAME *name)
{
    uint8_t bytes[sizeof *area];
    size_t size = 0;
    if (Tss2_MU_TPMS_NV_PUBLIC_Marshal(&area->nvPublic, bytes, sizeof bytes, &size) !=
        TSS2_RC_SUCCESS)
        return KC_ERR_BAD_ARGUMENT;
    return kc_entity_name(area->nvPublic.nameAlg, bytes, size, name);
}
