/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/policy_session.h"

#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/pcr.h"
#include "tpm/policy_counter.h"

#include <string.h>

#define COORDINATE_SIZE 32
#define TICKET_DIGEST_MAX 64

/* A proof of the TPM for itself: that it has verified a signature. */
struct ticket {
    uint32_t hierarchy;
    uint8_t digest[TICKET_DIGEST_MAX];
    size_t digest_size;
};

/* --- steps --- */

enum kc_error kc_policy_session_show_pcrs(struct kc_tpm2 *tpm, uint32_t mask)
{
    const TPML_PCR_SELECTION pcrs = kc_pcr_selection(mask);
    enum kc_error error = KC_OK;
    if (tpm->policy.handle == 0)
        error = kc_session_start(tpm, TPM2_SE_POLICY, &tpm->policy);
    if (error != KC_OK)
        return error;
    const struct kc_entity session = kc_entity_of(tpm->policy.handle);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "take the PCRs into the policy", TPM2_CC_PolicyPCR, KC_COMMAND_SENDS_SIZED);
    kc_command_name(&command, &session);
    kc_writer_u16(&command.parameters, 0); /* no digest: as they are */
    kc_command_pcrs(&command, &pcrs);
    return kc_command_run(tpm, &command);
}

/* Whoever reads the counter needs no authorisation value; a command has a session all the same. */
static enum kc_error show_version(
    struct kc_tpm2 *tpm, const struct kc_entity *counter, uint64_t version)
{
    const struct kc_entity session = kc_entity_of(tpm->policy.handle);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "take the version into the policy", TPM2_CC_PolicyNV, KC_COMMAND_SENDS_SIZED);
    kc_command_use(&command, counter, NULL, NULL);
    kc_command_name(&command, counter);
    kc_command_name(&command, &session);
    kc_writer_u16(&command.parameters, sizeof version);
    kc_writer_u64(&command.parameters, version);
    kc_writer_u16(&command.parameters, 0); /* from its start */
    kc_writer_u16(&command.parameters, TPM2_EO_UNSIGNED_LE);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error == KC_ERR_ROOT_POLICY)
        return kc_code_refuse(tpm, error, "the signed policy for these PCRs was withdrawn");
    return error;
}

/* --- the signature --- */

enum kc_error kc_policy_key(
    const uint8_t point[static KC_POLICY_POINT_SIZE], TPM2B_PUBLIC *public, TPM2B_NAME *name)
{
    *public = (TPM2B_PUBLIC){
        .publicArea =
            {
                .type = TPM2_ALG_ECC,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH,
                .parameters.eccDetail =
                    {
                        .symmetric.algorithm = TPM2_ALG_NULL,
                        .scheme = {.scheme = TPM2_ALG_ECDSA,
                            .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                        .curveID = TPM2_ECC_NIST_P256,
                        .kdf.scheme = TPM2_ALG_NULL,
                    },
                .unique.ecc = {.x.size = COORDINATE_SIZE, .y.size = COORDINATE_SIZE},
            },
    };
    memcpy(public->publicArea.unique.ecc.x.buffer, point + 1, COORDINATE_SIZE);
    memcpy(public->publicArea.unique.ecc.y.buffer, point + 1 + COORDINATE_SIZE, COORDINATE_SIZE);
    return kc_entity_object_name(public, name);
}

static enum kc_error load_key(
    struct kc_tpm2 *tpm, const TPM2B_PUBLIC *public, struct kc_entity *key)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "load the policy's key", TPM2_CC_LoadExternal,
        KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED | KC_COMMAND_ANSWERS_HANDLE);
    kc_writer_u16(&command.parameters, 0); /* no private part */
    kc_command_public(&command, public);
    kc_writer_u32(&command.parameters, TPM2_RH_OWNER);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error == KC_OK)
        key->handle = command.answered;
    return error;
}

static void read_ticket(struct kc_command *command, struct ticket *ticket)
{
    if (kc_reader_u16(&command->answer) != TPM2_ST_VERIFIED)
        kc_reader_fail(&command->answer);
    ticket->hierarchy = kc_reader_u32(&command->answer);
    struct kc_span digest = kc_command_read_sized(command, sizeof ticket->digest);
    if (digest.bytes)
        memcpy(ticket->digest, digest.bytes, digest.size);
    ticket->digest_size = digest.size;
}

static enum kc_error verify(struct kc_tpm2 *tpm, const struct kc_entity *key,
    const struct kc_signed_policy *policy, struct ticket *ticket)
{
    uint8_t digest[KC_POLICY_SIZE];
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "verify the policy's signature", TPM2_CC_VerifySignature, KC_COMMAND_SENDS_SIZED);
    enum kc_error error = kc_policy_to_be_signed(policy, digest);
    if (error != KC_OK)
        return kc_code_refuse(tpm, error, "compute a policy");
    kc_command_name(&command, key);
    kc_writer_u16(&command.parameters, sizeof digest);
    kc_writer_bytes(&command.parameters, digest, sizeof digest);
    kc_writer_u16(&command.parameters, TPM2_ALG_ECDSA);
    kc_writer_u16(&command.parameters, TPM2_ALG_SHA256);
    for (size_t half = 0; half < 2; half++) {
        kc_writer_u16(&command.parameters, COORDINATE_SIZE);
        kc_writer_bytes(
            &command.parameters, policy->signature + half * COORDINATE_SIZE, COORDINATE_SIZE);
    }
    error = kc_command_run(tpm, &command);
    if (error == KC_ERR_ROOT_ANSWER && kc_code_refuses_parameter(tpm->code))
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_POLICY, "the policy for these PCRs is not signed by the policy key");
    if (error != KC_OK)
        return error;
    read_ticket(&command, ticket);
    return kc_command_finish(tpm, &command);
}

static enum kc_error authorize(struct kc_tpm2 *tpm, const struct kc_signed_policy *policy,
    const struct kc_entity *key, const struct ticket *ticket)
{
    uint8_t approved[KC_POLICY_SIZE], reference[KC_POLICY_SIZE];
    const struct kc_entity session = kc_entity_of(tpm->policy.handle);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "take the signature into the policy", TPM2_CC_PolicyAuthorize,
        KC_COMMAND_SENDS_SIZED);
    if (kc_policy_approved(policy, approved) != KC_OK ||
        kc_policy_reference(tpm->pin, reference) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute a policy");
    kc_command_name(&command, &session);
    kc_writer_u16(&command.parameters, sizeof approved);
    kc_writer_bytes(&command.parameters, approved, sizeof approved);
    kc_writer_u16(&command.parameters, sizeof reference);
    kc_writer_bytes(&command.parameters, reference, sizeof reference);
    kc_writer_u16(&command.parameters, key->name.size);
    kc_writer_bytes(&command.parameters, key->name.name, key->name.size);
    kc_writer_u16(&command.parameters, TPM2_ST_VERIFIED);
    kc_writer_u32(&command.parameters, ticket->hierarchy);
    kc_writer_u16(&command.parameters, (uint16_t)ticket->digest_size);
    kc_writer_bytes(&command.parameters, ticket->digest, ticket->digest_size);
    enum kc_error error = kc_command_run(tpm, &command);
    /* The TPM compares what the session was shown with what was signed. */
    if (error == KC_ERR_ROOT_ANSWER && kc_code_refuses_parameter(tpm->code))
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_POLICY, "what was signed is not what the TPM was shown");
    return error;
}

static enum kc_error show_signature(struct kc_tpm2 *tpm, const struct kc_signed_policy *policy)
{
    TPM2B_PUBLIC public;
    struct kc_entity key = {.handle = 0};
    struct ticket ticket = {.digest_size = 0};
    enum kc_error error = kc_policy_key(tpm->policy_settings.key, &public, &key.name);
    if (error == KC_OK)
        error = load_key(tpm, &public, &key);
    if (error == KC_OK)
        error = verify(tpm, &key, policy, &ticket);
    kc_command_flush(tpm, &key.handle);
    return error == KC_OK ? authorize(tpm, policy, &key, &ticket) : error;
}

/* --- choosing --- */

static enum kc_error fits(
    struct kc_tpm2 *tpm, const struct kc_signed_policy *policy, bool *does_fit)
{
    struct kc_pcr_values present;
    enum kc_error error = kc_pcr_read(tpm, policy->pcrs.mask, &present);
    *does_fit = policy->is_signed && memcmp(policy->host, tpm->pin, sizeof policy->host) == 0;
    for (unsigned i = 0; error == KC_OK && i < KC_PCR_COUNT; i++)
        *does_fit =
            *does_fit && (!(policy->pcrs.mask >> i & 1) ||
                             memcmp(present.value[i], policy->pcrs.value[i], KC_PCR_SIZE) == 0);
    return error;
}

/* Of those that fit, the one of the highest version: it is withdrawn last. */
static enum kc_error choose(struct kc_tpm2 *tpm, const struct kc_signed_policy **chosen)
{
    *chosen = NULL;
    for (size_t i = 0; i < tpm->policy_settings.count; i++) {
        const struct kc_signed_policy *policy = &tpm->policy_settings.policies[i];
        bool does_fit = false;
        enum kc_error error = fits(tpm, policy, &does_fit);
        if (error != KC_OK)
            return error;
        if (does_fit && (!*chosen || policy->version > (*chosen)->version))
            *chosen = policy;
    }
    return *chosen ? KC_OK
                   : kc_code_refuse(tpm, KC_ERR_ROOT_POLICY,
                         "no signed policy has the present values of the PCRs");
}

enum kc_error kc_policy_session_authorize(struct kc_tpm2 *tpm)
{
    const struct kc_signed_policy *policy = NULL;
    struct kc_policy_counter counter;
    enum kc_error error = choose(tpm, &policy);
    if (error != KC_OK || !policy)
        return error;
    error = kc_policy_counter_find(tpm, &counter);
    if (error == KC_OK)
        error = kc_policy_session_show_pcrs(tpm, policy->pcrs.mask);
    if (error == KC_OK)
        error = show_version(tpm, &counter.index, policy->version);
    if (error == KC_OK)
        error = show_signature(tpm, policy);
    return error;
}
