/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/resident_policy.h"

#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/policy_binding.h"

#include <openssl/evp.h>
#include <string.h>

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
    blob->opening = kc_policy_opening(tpm);
    blob->pcr_mask = blob->opening == KC_OPENING_BY_PCRS ? tpm->pcr_mask : 0;
    blob->public = kc_resident_template(blob);
    enum kc_error error = kc_policy_bind(tpm, policy);
    if (error != KC_OK || blob->opening == KC_OPENING_ALWAYS)
        return error;
    return add_auth_value(tpm, policy->buffer);
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
    if (blob->opening == KC_OPENING_ALWAYS)
        return KC_OK;
    enum kc_error error = kc_policy_satisfy(tpm, blob->opening, blob->pcr_mask);
    if (error == KC_OK)
        error = ask_for_auth_value(tpm);
    if (error == KC_OK)
        *session = &tpm->policy;
    else
        kc_session_flush(tpm, &tpm->policy); /* it remembers what it was shown */
    return error;
}
