/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/policy_binding.h"

#include "tpm/pcr.h"
#include "tpm/policy_session.h"

enum kc_opening kc_policy_opening(const struct kc_tpm2 *tpm)
{
    if (tpm->has_policy)
        return KC_OPENING_BY_SIGNATURE;
    return tpm->pcr_mask ? KC_OPENING_BY_PCRS : KC_OPENING_ALWAYS;
}

/* With the PCRs' present values. */
static enum kc_error bind_to_pcrs(struct kc_tpm2 *tpm, uint8_t policy[static KC_POLICY_SIZE])
{
    struct kc_pcr_values values;
    enum kc_error error = kc_pcr_read(tpm, tpm->pcr_mask, &values);
    return error == KC_OK ? kc_policy_add_pcrs(&values, policy) : error;
}

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

enum kc_error kc_policy_bind(struct kc_tpm2 *tpm, TPM2B_DIGEST *policy)
{
    enum kc_opening opening = kc_policy_opening(tpm);
    if (opening == KC_OPENING_ALWAYS)
        return KC_OK;
    policy->size = KC_POLICY_SIZE;
    return opening == KC_OPENING_BY_PCRS ? bind_to_pcrs(tpm, policy->buffer)
                                         : bind_to_signature(tpm, policy->buffer);
}

enum kc_error kc_policy_satisfy(struct kc_tpm2 *tpm, enum kc_opening opening, uint32_t pcr_mask)
{
    return opening == KC_OPENING_BY_PCRS ? kc_policy_session_show_pcrs(tpm, pcr_mask)
                                         : kc_policy_session_authorize(tpm);
}
