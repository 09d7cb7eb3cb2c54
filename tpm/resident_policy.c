/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/resident_policy.h"

#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/pcr.h"
#include "tpm/policy_session.h"

#include <openssl/evp.h>
#include <string.h>

/* With what the policy's key approves for this host. */
static enum kc_error bind_to_signature(struct kc_tpm2 *tpm, uint8_t policy[static KC_POLICY_SIZE])
{
    uint8_t reference[KC_POLICY_SIZE];
    TPM2B_PUBLIC key;
    TPM2B_NAME name;
    enum kc_error error = kc_policy_key(tpm->policy_settings.key, &key, &name);
    if (error == KC_OK)
        error = kc_policy_reference(tpm->pin, reference);
    return error == KC_OK ? kc_policy_authorized(name.name, reference, policy) : error;
}

static enum kc_error bind_to_pcrs(struct kc_tpm2 *tpm, uint8_t policy[static KC_POLICY_SIZE])
{
    struct kc_pcr_values values;
    enum kc_error error = kc_pcr_read(tpm, tpm->pcr_mask, &values);
    return error == KC_OK ? kc_policy_add_pcrs(&values, policy) : error;
}

/* The last step of each policy: the key's authorisation value is needed too. */
static enum kc_error add_auth_value(struct kc_tpm2 *tpm, uint8_t policy[static KC_POLICY_SIZE])
{
    uint8_t octets[KC_POLICY_SIZE + 4];
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_bytes(&w, policy, KC_POLICY_SIZE);
    kc_writer_u32(&w, TPM2_CC_PolicyAuthValue);
    if (EVP_Digest(octets, w.size, policy, NULL, EVP_sha256(), NULL) != 1)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute a policy");
    return KC_OK;
}

enum kc_error kc_resident_bind(struct kc_tpm2 *tpm, struct kc_resident_blob *blob)
{
    TPM2B_DIGEST *policy = &blob->public.publicArea.authPolicy;
    blob->opening = tpm->has_policy ? KC_RESIDENT_BY_SIGNATURE
                    : tpm->pcr_mask ? KC_RESIDENT_BY_PCRS
                                    : KC_RESIDENT_ALWAYS;
    blob->pcr_mask = blob->opening == KC_RESIDENT_BY_PCRS ? tpm->pcr_mask : 0;
    blob->public = kc_resident_template(blob);
    if (blob->opening == KC_RESIDENT_ALWAYS)
        return KC_OK;
    policy->size = KC_POLICY_SIZE;
    enum kc_error error = blob->opening == KC_RESIDENT_BY_PCRS
                              ? bind_to_pcrs(tpm, policy->buffer)
                              : bind_to_signature(tpm, policy->buffer);
    return error == KC_OK ? add_auth_value(tpm, policy->buffer) : error;
}

static enum kc_error ask_for_auth_value(struct kc_tpm2 *tpm)
{
    const struct kc_entity session = kc_entity_of(tpm->policy.handle);
    KC_AUTO_COMMAND command;
    kc_command_init(
        &command, "take the key's authorisation into the policy", TPM2_CC_PolicyAuthValue, 0);
    kc_command_name(&command, &session);
    return kc_command_run(tpm, &command);
}

enum kc_error kc_resident_satisfy(
    struct kc_tpm2 *tpm, const struct kc_resident_blob *blob, struct kc_session **session)
{
    *session = NULL;
    if (blob->opening == KC_RESIDENT_ALWAYS)
        return KC_OK;
    enum kc_error error = blob->opening == KC_RESIDENT_BY_PCRS
                              ? kc_policy_session_show_pcrs(tpm, blob->pcr_mask)
                              : kc_policy_session_authorize(tpm);
    if (error == KC_OK)
        error = ask_for_auth_value(tpm);
    if (error == KC_OK)
        *session = &tpm->policy;
    else
        kc_session_flush(tpm, &tpm->policy); /* it remembers what it was shown */
    return error;
}
