/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/resident_blob.h"

#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/policy.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define BLOB_VERSION 1
#define RSA_SIZE 256

size_t kc_resident_coordinate_size(enum kc_algorithm algorithm)
{
    if (algorithm == KC_ALGORITHM_P256)
        return 32;
    return algorithm == KC_ALGORITHM_P384 ? 48 : 0;
}

/* --- the public area --- */

TPM2B_PUBLIC kc_resident_template(const struct kc_resident_blob *blob)
{
    enum kc_algorithm algorithm = blob->algorithm;
    TPMA_OBJECT attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                             TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_NODA;
    if (blob->opening == KC_OPENING_ALWAYS)
        attributes |= TPMA_OBJECT_USERWITHAUTH;
    TPM2B_PUBLIC template = {.publicArea = {.nameAlg = TPM2_ALG_SHA256}};
    TPMT_PUBLIC *area = &template.publicArea;
    area->objectAttributes =
        attributes | (blob->use == KC_USE_SIGN ? TPMA_OBJECT_SIGN_ENCRYPT : TPMA_OBJECT_DECRYPT);
    if (algorithm == KC_ALGORITHM_RSA2048) {
        area->type = TPM2_ALG_RSA;
        area->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
        area->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        area->parameters.rsaDetail.keyBits = RSA_SIZE * 8;
        return template;
    }
    area->type = TPM2_ALG_ECC;
    area->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
    area->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    area->parameters.eccDetail.curveID =
        algorithm == KC_ALGORITHM_P256 ? TPM2_ECC_NIST_P256 : TPM2_ECC_NIST_P384;
    area->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    return template;
}

static bool is_of_curve(const TPMT_PUBLIC *area, const TPMT_PUBLIC *wanted, size_t size)
{
    const TPMS_ECC_PARMS *is = &area->parameters.eccDetail, *shall = &wanted->parameters.eccDetail;
    return is->curveID == shall->curveID && is->symmetric.algorithm == TPM2_ALG_NULL &&
           is->scheme.scheme == TPM2_ALG_NULL && is->kdf.scheme == TPM2_ALG_NULL &&
           area->unique.ecc.x.size <= size && area->unique.ecc.y.size <= size;
}

static bool is_of_rsa(const TPMT_PUBLIC *area)
{
    const TPMS_RSA_PARMS *is = &area->parameters.rsaDetail;
    return is->keyBits == RSA_SIZE * 8 && is->exponent == 0 &&
           is->symmetric.algorithm == TPM2_ALG_NULL && is->scheme.scheme == TPM2_ALG_NULL &&
           area->unique.rsa.size == RSA_SIZE;
}

/* Only objects as kc_resident_make makes them. The TPM's integrity check covers the rest. */
static bool is_ours(const struct kc_resident_blob *blob)
{
    const TPM2B_PUBLIC wanted = kc_resident_template(blob);
    const TPMT_PUBLIC *area = &blob->public.publicArea, *shall = &wanted.publicArea;
    if (area->type != shall->type || area->nameAlg != shall->nameAlg ||
        area->objectAttributes != shall->objectAttributes ||
        area->authPolicy.size != (blob->opening == KC_OPENING_ALWAYS ? 0 : KC_POLICY_SIZE))
        return false;
    return area->type == TPM2_ALG_RSA
               ? is_of_rsa(area)
               : is_of_curve(area, shall, kc_resident_coordinate_size(blob->algorithm));
}

/* --- the public key --- */

static void write_coordinate(
    struct kc_writer *w, const TPM2B_ECC_PARAMETER *coordinate, size_t size)
{
    static const uint8_t zeros[48] = {0};
    kc_writer_bytes(w, zeros, size - coordinate->size); /* some TPMs drop leading zeros */
    kc_writer_bytes(w, coordinate->buffer, coordinate->size);
}

/* RFC 8017, A.1.1: SEQUENCE of the modulus, which needs a leading zero, and the exponent. */
static void write_rsa(struct kc_writer *w, const TPM2B_PUBLIC_KEY_RSA *modulus)
{
    static const uint8_t before[] = {0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    kc_writer_bytes(w, before, sizeof before);
    kc_writer_bytes(w, modulus->buffer, modulus->size);
    kc_writer_bytes(w, exponent, sizeof exponent);
}

static enum kc_error write_public(const struct kc_resident_blob *blob, struct kc_root_made *made)
{
    struct kc_writer w;
    const TPMU_PUBLIC_ID *unique = &blob->public.publicArea.unique;
    size_t size = kc_resident_coordinate_size(blob->algorithm);
    kc_writer_init(&w, made->public_key, sizeof made->public_key);
    if (size == 0) {
        write_rsa(&w, &unique->rsa);
    } else {
        kc_writer_u8(&w, 4);
        write_coordinate(&w, &unique->ecc.x, size);
        write_coordinate(&w, &unique->ecc.y, size);
    }
    made->public_size = w.size;
    return kc_writer_finish(&w);
}

/* --- the blob --- */

static enum kc_error write_areas(
    struct kc_tpm2 *tpm, const struct kc_resident_blob *blob, struct kc_writer *w)
{
    uint8_t areas[sizeof blob->public + sizeof blob->private];
    size_t public_size = 0, end = 0;
    enum kc_error error = kc_code_check(tpm, "write the key's public area",
        Tss2_MU_TPM2B_PUBLIC_Marshal(&blob->public, areas, sizeof areas, &end));
    public_size = end;
    if (error == KC_OK)
        error = kc_code_check(tpm, "write the key's private area",
            Tss2_MU_TPM2B_PRIVATE_Marshal(&blob->private, areas, sizeof areas, &end));
    if (error != KC_OK)
        return error;
    kc_writer_span(w, areas, public_size);
    kc_writer_span(w, areas + public_size, end - public_size);
    return KC_OK;
}

enum kc_error kc_resident_write(
    struct kc_tpm2 *tpm, const struct kc_resident_blob *blob, struct kc_root_made *made)
{
    struct kc_writer w;
    struct kc_root_made written = {.algorithm = blob->algorithm, .use = blob->use};
    if (!is_ours(blob))
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_ANSWER, "the key that was made is not what was asked for");
    kc_writer_init(&w, written.blob, sizeof written.blob);
    kc_writer_u8(&w, BLOB_VERSION);
    kc_writer_u8(&w, KC_ROOT_BLOB_TPM2_KEY);
    kc_writer_u8(&w, (uint8_t)blob->algorithm);
    kc_writer_u8(&w, (uint8_t)blob->use);
    kc_writer_u8(&w, (uint8_t)blob->opening);
    kc_writer_u32(&w, blob->pcr_mask);
    enum kc_error error = write_areas(tpm, blob, &w);
    written.blob_size = w.size;
    if (error == KC_OK && (kc_writer_finish(&w) != KC_OK || write_public(blob, &written) != KC_OK))
        error = kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the key is too large");
    if (error == KC_OK)
        *made = written;
    return error;
}

static bool is_known(uint8_t algorithm, uint8_t use)
{
    return (algorithm == KC_ALGORITHM_P256 || algorithm == KC_ALGORITHM_P384 ||
               algorithm == KC_ALGORITHM_RSA2048) &&
           use >= KC_USE_SIGN && use <= KC_USE_DECRYPT;
}

static bool is_opening(uint8_t opening, uint32_t pcr_mask)
{
    bool has_pcrs = pcr_mask != 0 && pcr_mask >> KC_ROOT_PCR_COUNT == 0;
    return opening <= KC_OPENING_BY_SIGNATURE &&
           (opening == KC_OPENING_BY_PCRS ? has_pcrs : pcr_mask == 0);
}

static bool read_areas(struct kc_span public, struct kc_span private, struct kc_resident_blob *blob)
{
    size_t public_end = 0, private_end = 0;
    return Tss2_MU_TPM2B_PUBLIC_Unmarshal(public.bytes, public.size, &public_end, &blob->public) ==
               TSS2_RC_SUCCESS &&
           Tss2_MU_TPM2B_PRIVATE_Unmarshal(
               private.bytes, private.size, &private_end, &blob->private) == TSS2_RC_SUCCESS &&
           public_end == public.size && private_end == private.size;
}

enum kc_error kc_resident_read(
    struct kc_tpm2 *tpm, struct kc_span octets, struct kc_resident_blob *blob)
{
    struct kc_reader r;
    *blob = (struct kc_resident_blob){0}; /* the library reads only into what is empty */
    kc_reader_init(&r, octets.bytes, octets.size);
    uint8_t version = kc_reader_u8(&r), kind = kc_reader_u8(&r);
    uint8_t algorithm = kc_reader_u8(&r), use = kc_reader_u8(&r);
    uint8_t opening = kc_reader_u8(&r);
    blob->pcr_mask = kc_reader_u32(&r);
    struct kc_span public = kc_reader_span(&r, KC_ROOT_BLOB_MAX);
    struct kc_span private = kc_reader_span(&r, KC_ROOT_BLOB_MAX);
    bool is_well_formed = kc_reader_finish(&r) == KC_OK && version == BLOB_VERSION &&
                          kind == KC_ROOT_BLOB_TPM2_KEY && is_known(algorithm, use) &&
                          is_opening(opening, blob->pcr_mask) && read_areas(public, private, blob);
    blob->algorithm = (enum kc_algorithm)algorithm;
    blob->use = (enum kc_use)use;
    blob->opening = (enum kc_opening)opening;
    if (!is_well_formed || !is_ours(blob))
        return kc_code_refuse(
            tpm, KC_ERR_RECORD_DAMAGED, "the resident key's blob is not well formed");
    return KC_OK;
}
