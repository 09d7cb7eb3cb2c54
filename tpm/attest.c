/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/attest.h"

#include "base/secret.h"
#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/pcr.h"
#include "tpm/resident.h"
#include "tpm/seal.h"

#include <openssl/evp.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#define NUMBER_SIZE 32
#define DEFAULT_PCRS 0xffu /* firmware and boot loader: what a quote has if nothing is configured */
#define BOTH_SIZED (KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED)

/* --- the two primary keys --- */

static TPM2B_PUBLIC ak_template(void)
{
    static const char unique[NUMBER_SIZE + 1] = "custodian, the attestation key 1";
    TPM2B_PUBLIC template = {.publicArea = {.type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256}};
    TPMT_PUBLIC *area = &template.publicArea;
    area->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                             TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                             TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
    area->parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric.algorithm = TPM2_ALG_NULL,
        .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
        .curveID = TPM2_ECC_NIST_P256,
        .kdf.scheme = TPM2_ALG_NULL,
    };
    area->unique.ecc.x.size = NUMBER_SIZE;
    memcpy(area->unique.ecc.x.buffer, unique, NUMBER_SIZE);
    return template;
}

/* TCG EK Credential Profile, template L-2. */
static TPM2B_PUBLIC ek_template(void)
{
    static const uint8_t policy[] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90,
        0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2,
        0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};
    TPM2B_PUBLIC template = {.publicArea = {.type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256}};
    TPMT_PUBLIC *area = &template.publicArea;
    area->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                             TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                             TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    area->authPolicy.size = sizeof policy;
    memcpy(area->authPolicy.buffer, policy, sizeof policy);
    area->parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
        .scheme.scheme = TPM2_ALG_NULL,
        .curveID = TPM2_ECC_NIST_P256,
        .kdf.scheme = TPM2_ALG_NULL,
    };
    area->unique.ecc.x.size = area->unique.ecc.y.size = NUMBER_SIZE;
    return template;
}

/* A primary key that was made: to be flushed. */
struct primary {
    struct kc_entity entity;
    TPM2B_PUBLIC public;
};

static enum kc_error make_primary(struct kc_tpm2 *tpm, const char *step, TPM2_HANDLE hierarchy,
    const TPM2B_PUBLIC *template, struct primary *made)
{
    const struct kc_entity parent = kc_entity_of(hierarchy);
    struct primary primary = {.entity.handle = 0};
    struct kc_creation unused;
    KC_AUTO_COMMAND command;
    kc_command_init(&command, step, TPM2_CC_CreatePrimary, BOTH_SIZED | KC_COMMAND_ANSWERS_HANDLE);
    kc_command_use(&command, &parent, NULL, NULL);
    kc_writer_u16(&command.parameters, 4); /* nothing sensitive: no value, no data */
    kc_writer_u16(&command.parameters, 0);
    kc_writer_u16(&command.parameters, 0);
    kc_command_public(&command, template);
    kc_writer_u16(&command.parameters, 0); /* no outside data */
    kc_writer_u32(&command.parameters, 0); /* no PCRs of its creation */
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    primary.entity.handle = command.answered;
    kc_command_read_public(&command, &primary.public);
    kc_command_read_creation(&command, &unused);
    (void)kc_command_read_sized(&command, sizeof(TPMU_NAME)); /* computed from the area instead */
    error = kc_command_finish(tpm, &command);
    if (error == KC_OK && kc_entity_object_name(&primary.public, &primary.entity.name) != KC_OK)
        error = kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the Name of a primary key");
    if (error != KC_OK)
        kc_command_flush(tpm, &primary.entity.handle);
    else
        *made = primary;
    return error;
}

static enum kc_error make_ak(struct kc_tpm2 *tpm, struct primary *ak)
{
    const TPM2B_PUBLIC template = ak_template();
    return make_primary(tpm, "make the attestation key", TPM2_RH_OWNER, &template, ak);
}

/* --- evidence --- */

/* A public area without its size in front, as its Name is computed over it. */
static void write_area(struct kc_writer *w, const TPM2B_PUBLIC *public)
{
    uint8_t area[sizeof *public];
    size_t size = 0;
    if (Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, area, sizeof area, &size) !=
        TSS2_RC_SUCCESS)
        w->failed = true;
    kc_writer_span(w, area, size);
}

static void write_number(struct kc_writer *w, struct kc_span number)
{
    static const uint8_t zeros[NUMBER_SIZE] = {0};
    if (number.size > NUMBER_SIZE)
        w->failed = true;
    else
        kc_writer_bytes(w, zeros, NUMBER_SIZE - number.size);
    kc_writer_bytes(w, number.bytes, number.size);
}

/* What a command answers that has something signed: TPM2B_ATTEST, TPMT_SIGNATURE. */
static enum kc_error take_signed(
    struct kc_tpm2 *tpm, struct kc_command *command, struct kc_writer *w)
{
    struct kc_span attested = kc_command_read_sized(command, sizeof(TPMS_ATTEST));
    kc_writer_span(w, attested.bytes, attested.size);
    if (kc_reader_u16(&command->answer) != TPM2_ALG_ECDSA ||
        kc_reader_u16(&command->answer) != TPM2_ALG_SHA256)
        kc_reader_fail(&command->answer);
    kc_writer_u32(w, 2 * NUMBER_SIZE);
    write_number(w, kc_command_read_sized(command, NUMBER_SIZE));
    write_number(w, kc_command_read_sized(command, NUMBER_SIZE));
    return kc_command_finish(tpm, command);
}

static void write_sized(struct kc_command *command, const uint8_t *octets, size_t size)
{
    kc_writer_u16(&command->parameters, (uint16_t)size);
    kc_writer_bytes(&command->parameters, octets, size);
}

static void write_qualifying(struct kc_command *command, const struct kc_root_attest *request)
{
    write_sized(command, request->qualifying, KC_ROOT_QUALIFYING_SIZE);
    kc_writer_u16(&command->parameters, TPM2_ALG_NULL); /* the scheme is the key's */
}

static enum kc_error quote(struct kc_tpm2 *tpm, const struct kc_entity *ak,
    const struct kc_root_attest *request, struct kc_writer *w)
{
    struct kc_pcr_values values;
    uint32_t mask = tpm->pcr_mask ? tpm->pcr_mask : DEFAULT_PCRS;
    const TPML_PCR_SELECTION pcrs = kc_pcr_selection(mask);
    enum kc_error error = kc_pcr_read(tpm, mask, &values);
    if (error != KC_OK)
        return error;
    uint8_t all[KC_ROOT_PCR_COUNT * KC_PCR_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < KC_ROOT_PCR_COUNT; i++) {
        if (!(mask >> i & 1))
            continue;
        memcpy(all + size, values.value[i], KC_PCR_SIZE);
        size += KC_PCR_SIZE;
    }
    kc_writer_u32(w, 4);
    kc_writer_u32(w, mask);
    kc_writer_span(w, all, size);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "quote the PCRs", TPM2_CC_Quote, BOTH_SIZED);
    kc_command_use(&command, ak, NULL, NULL);
    write_qualifying(&command, request);
    kc_command_pcrs(&command, &pcrs);
    error = kc_command_run(tpm, &command);
    return error == KC_OK ? take_signed(tpm, &command, w) : error;
}

static enum kc_error certify(struct kc_tpm2 *tpm, const struct kc_entity *ak,
    const struct kc_entity *object, const TPM2B_AUTH *auth, const struct kc_root_attest *request,
    struct kc_writer *w)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "certify a key", TPM2_CC_Certify, BOTH_SIZED);
    kc_command_use(&command, object, NULL, auth);
    kc_command_use(&command, ak, NULL, NULL);
    write_qualifying(&command, request);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK && kc_code_wants_authorisation(tpm->code))
        return KC_ERR_RECORD_DAMAGED;
    return error == KC_OK ? take_signed(tpm, &command, w) : error;
}

/* That the TPM made the object, and what it was told then. */
static enum kc_error certify_creation(struct kc_tpm2 *tpm, const struct kc_entity *ak,
    const struct kc_entity *object, const struct kc_creation *creation,
    const struct kc_root_attest *request, struct kc_writer *w)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    kc_writer_span(w, creation->data.bytes, creation->data.size);
    if (creation->data.size == 0) { /* sealed before this was kept */
        kc_writer_span(w, NULL, 0);
        kc_writer_span(w, NULL, 0);
        return KC_OK;
    }
    if (EVP_Digest(creation->data.bytes, creation->data.size, hash, NULL, EVP_sha256(), NULL) != 1)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the hash of creation data");
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "certify a key's creation", TPM2_CC_CertifyCreation, BOTH_SIZED);
    kc_command_use(&command, ak, NULL, NULL);
    kc_command_name(&command, object);
    write_sized(&command, request->qualifying, KC_ROOT_QUALIFYING_SIZE);
    write_sized(&command, hash, TPM2_SHA256_DIGEST_SIZE);
    kc_writer_u16(&command.parameters, TPM2_ALG_NULL); /* the scheme is the key's */
    kc_writer_u16(&command.parameters, TPM2_ST_CREATION);
    kc_writer_u32(&command.parameters, creation->hierarchy);
    write_sized(&command, creation->ticket.bytes, creation->ticket.size);
    enum kc_error error = kc_command_run(tpm, &command);
    return error == KC_OK ? take_signed(tpm, &command, w) : error;
}

static enum kc_error certify_resident(struct kc_tpm2 *tpm, const struct kc_entity *ak,
    const struct kc_root_attest *request, struct kc_writer *w)
{
    struct kc_resident_loaded loaded;
    enum kc_error error = kc_resident_open(tpm, &request->key, &loaded);
    if (error == KC_OK) {
        write_area(w, &loaded.blob.public);
        error = certify(tpm, ak, loaded.object, &loaded.auth, request, w);
    }
    kc_wipe(&loaded.auth, sizeof loaded.auth);
    return error;
}

static enum kc_error certify_sealed(struct kc_tpm2 *tpm, const struct kc_entity *ak,
    const struct kc_root_attest *request, struct kc_writer *w)
{
    struct kc_entity object = {.handle = 0};
    TPM2B_PUBLIC public = {0};
    struct kc_creation creation;
    enum kc_error error = kc_seal_load(tpm, request->key.blob, &public, &object, &creation);
    if (error != KC_OK)
        return error;
    write_area(w, &public);
    error = certify(tpm, ak, &object, NULL, request, w);
    if (error == KC_OK)
        error = certify_creation(tpm, ak, &object, &creation, request, w);
    kc_command_flush(tpm, &object.handle);
    return error;
}

static enum kc_error attest_with(struct kc_tpm2 *tpm, const struct primary *ak,
    const struct kc_root_attest *request, struct kc_writer *w)
{
    write_area(w, &ak->public);
    enum kc_error error = quote(tpm, &ak->entity, request, w);
    if (error == KC_OK && request->step == KC_ROOT_ATTEST_RESIDENT)
        error = certify_resident(tpm, &ak->entity, request, w);
    if (error == KC_OK && request->step == KC_ROOT_ATTEST_SEALED)
        error = certify_sealed(tpm, &ak->entity, request, w);
    return error;
}

/* --- enrolment --- */

static enum kc_error make_ek(struct kc_tpm2 *tpm, struct primary *ek)
{
    const TPM2B_PUBLIC template = ek_template();
    return make_primary(tpm, "make the endorsement key", TPM2_RH_ENDORSEMENT, &template, ek);
}

/* The EK's policy: who uses it has the endorsement hierarchy's authorisation. */
static enum kc_error satisfy_ek(struct kc_tpm2 *tpm, struct kc_session *policy)
{
    const struct kc_entity hierarchy = kc_entity_of(TPM2_RH_ENDORSEMENT);
    enum kc_error error = kc_session_start(tpm, TPM2_SE_POLICY, policy);
    if (error != KC_OK)
        return error;
    const struct kc_entity session = kc_entity_of(policy->handle);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "satisfy the endorsement key's policy", TPM2_CC_PolicySecret, BOTH_SIZED);
    kc_command_use(&command, &hierarchy, NULL, NULL);
    kc_command_name(&command, &session);
    kc_writer_u16(&command.parameters, 0); /* no nonce, no command, no reference, no end */
    kc_writer_u16(&command.parameters, 0);
    kc_writer_u16(&command.parameters, 0);
    kc_writer_u32(&command.parameters, 0);
    return kc_command_run(tpm, &command);
}

static enum kc_error open_credential(struct kc_tpm2 *tpm, const struct primary *ak,
    const struct primary *ek, struct kc_span credential, struct kc_session *policy,
    struct kc_writer *w)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "open the credential", TPM2_CC_ActivateCredential, BOTH_SIZED);
    kc_command_use(&command, &ak->entity, NULL, NULL);
    kc_command_use(&command, &ek->entity, policy, NULL);
    kc_writer_bytes(&command.parameters, credential.bytes, credential.size);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error == KC_ERR_ROOT_ANSWER || error == KC_ERR_RECORD_DAMAGED)
        return KC_ERR_DECRYPTION;
    if (error != KC_OK)
        return error;
    struct kc_span secret = kc_command_read_sized(&command, KC_ROOT_SECRET_SIZE);
    kc_writer_span(w, secret.bytes, secret.size);
    return kc_command_finish(tpm, &command);
}

/* Two sized structures, and no more: they become a command's parameters. */
static bool is_credential(struct kc_span credential)
{
    struct kc_reader r;
    kc_reader_init(&r, credential.bytes, credential.size);
    for (int i = 0; i < 2; i++)
        (void)kc_reader_bytes(&r, kc_reader_u16(&r));
    return kc_reader_finish(&r) == KC_OK;
}

static enum kc_error activate(
    struct kc_tpm2 *tpm, const struct primary *ak, struct kc_span credential, struct kc_writer *w)
{
    struct primary ek = {.entity.handle = 0};
    struct kc_session policy = {.handle = 0};
    if (!is_credential(credential))
        return kc_code_refuse(tpm, KC_ERR_BAD_ARGUMENT, "the credential is malformed");
    enum kc_error error = make_ek(tpm, &ek);
    if (error == KC_OK)
        error = satisfy_ek(tpm, &policy);
    if (error == KC_OK)
        error = open_credential(tpm, ak, &ek, credential, &policy, w);
    kc_session_flush(tpm, &policy);
    kc_command_flush(tpm, &ek.entity.handle);
    return error;
}

static enum kc_error identify(struct kc_tpm2 *tpm, const struct primary *ak, struct kc_writer *w)
{
    struct primary ek = {.entity.handle = 0};
    enum kc_error error = make_ek(tpm, &ek);
    if (error != KC_OK)
        return error;
    write_area(w, &ek.public);
    write_area(w, &ak->public);
    kc_command_flush(tpm, &ek.entity.handle);
    return KC_OK;
}

/* --- all of it --- */

/* The TPM has room for three objects: keys that stay loaded make it. */
enum kc_error kc_attest(struct kc_tpm2 *tpm, const struct kc_root_attest *request,
    uint8_t evidence[static KC_ROOT_EVIDENCE_MAX], size_t *evidence_size)
{
    struct primary ak = {.entity.handle = 0};
    struct kc_writer w;
    kc_writer_init(&w, evidence, KC_ROOT_EVIDENCE_MAX);
    kc_resident_flush(tpm);
    enum kc_error error = make_ak(tpm, &ak);
    if (error != KC_OK)
        return error;
    if (request->step == KC_ROOT_ATTEST_IDENTITY)
        error = identify(tpm, &ak, &w);
    else if (request->step == KC_ROOT_ATTEST_ACTIVATE)
        error = activate(tpm, &ak, request->credential, &w);
    else
        error = attest_with(tpm, &ak, request, &w);
    kc_command_flush(tpm, &ak.entity.handle);
    if (error == KC_OK && kc_writer_finish(&w) != KC_OK)
        error = kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the evidence is too large");
    if (error == KC_OK)
        *evidence_size = w.size;
    return error;
}
