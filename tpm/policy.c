/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/policy.h"

#include "base/writer.h"

#include <openssl/evp.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#define SELECT_SIZE 3 /* octets for 24 PCRs */
#define INPUT_MAX 256

/* A digest that is being gathered. */
struct input {
    uint8_t bytes[INPUT_MAX];
    struct kc_writer w;
};

static void begin(struct input *input)
{
    kc_writer_init(&input->w, input->bytes, sizeof input->bytes);
}

static enum kc_error digest_of(const struct input *input, uint8_t *digest)
{
    bool done = kc_writer_finish(&input->w) == KC_OK &&
                EVP_Digest(input->bytes, input->w.size, digest, NULL, EVP_sha256(), NULL) == 1;
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

/* A step's input starts with the digest so far and the command's code. */
static void begin_step(struct input *input, const uint8_t *policy, TPM2_CC code)
{
    begin(input);
    kc_writer_bytes(&input->w, policy, KC_POLICY_SIZE);
    kc_writer_u32(&input->w, code);
}

enum kc_error kc_pcr_digest(const struct kc_pcr_values *values, uint8_t digest[static KC_PCR_SIZE])
{
    uint8_t joined[sizeof values->value];
    size_t size = 0;
    for (unsigned i = 0; i < KC_PCR_COUNT; i++) {
        if (!(values->mask >> i & 1))
            continue;
        memcpy(joined + size, values->value[i], KC_PCR_SIZE);
        size += KC_PCR_SIZE;
    }
    return EVP_Digest(joined, size, digest, NULL, EVP_sha256(), NULL) == 1 ? KC_OK
                                                                           : KC_ERR_NO_MEMORY;
}

enum kc_error kc_policy_add_pcrs(
    const struct kc_pcr_values *values, uint8_t policy[static KC_POLICY_SIZE])
{
    uint8_t digest[KC_PCR_SIZE];
    struct input input;
    enum kc_error error = kc_pcr_digest(values, digest);
    if (error != KC_OK)
        return error;
    begin_step(&input, policy, TPM2_CC_PolicyPCR);
    kc_writer_u32(&input.w, 1); /* one bank */
    kc_writer_u16(&input.w, TPM2_ALG_SHA256);
    kc_writer_u8(&input.w, SELECT_SIZE);
    for (unsigned octet = 0; octet < SELECT_SIZE; octet++)
        kc_writer_u8(&input.w, (uint8_t)(values->mask >> 8 * octet));
    kc_writer_bytes(&input.w, digest, sizeof digest);
    return digest_of(&input, policy);
}

/* PolicyNV: the counter is not above the version. */
static enum kc_error add_version(
    const struct kc_signed_policy *signed_policy, uint8_t policy[static KC_POLICY_SIZE])
{
    uint8_t arguments[KC_POLICY_SIZE];
    struct input input;
    begin(&input);
    kc_writer_u64(&input.w, signed_policy->version);
    kc_writer_u16(&input.w, 0); /* from its start */
    kc_writer_u16(&input.w, TPM2_EO_UNSIGNED_LE);
    enum kc_error error = digest_of(&input, arguments);
    if (error != KC_OK)
        return error;
    begin_step(&input, policy, TPM2_CC_PolicyNV);
    kc_writer_bytes(&input.w, arguments, sizeof arguments);
    kc_writer_bytes(&input.w, signed_policy->counter, sizeof signed_policy->counter);
    return digest_of(&input, policy);
}

enum kc_error kc_policy_approved(
    const struct kc_signed_policy *policy, uint8_t approved[static KC_POLICY_SIZE])
{
    uint8_t digest[KC_POLICY_SIZE] = {0};
    enum kc_error error = kc_policy_add_pcrs(&policy->pcrs, digest);
    if (error == KC_OK)
        error = add_version(policy, digest);
    if (error == KC_OK)
        memcpy(approved, digest, sizeof digest);
    return error;
}

enum kc_error kc_policy_reference(
    const uint8_t host[static KC_ROOT_NAME_SIZE], uint8_t reference[static KC_POLICY_SIZE])
{
    static const char title[] = "custodian policy", class[] = KC_POLICY_CLASS;
    struct input input;
    begin(&input);
    kc_writer_bytes(&input.w, title, sizeof title);
    kc_writer_bytes(&input.w, class, sizeof class);
    kc_writer_bytes(&input.w, host, KC_ROOT_NAME_SIZE);
    return digest_of(&input, reference);
}

enum kc_error kc_policy_to_be_signed(
    const struct kc_signed_policy *policy, uint8_t digest[static KC_POLICY_SIZE])
{
    uint8_t approved[KC_POLICY_SIZE], reference[KC_POLICY_SIZE];
    struct input input;
    enum kc_error error = kc_policy_approved(policy, approved);
    if (error == KC_OK)
        error = kc_policy_reference(policy->host, reference);
    if (error != KC_OK)
        return error;
    begin(&input);
    kc_writer_bytes(&input.w, approved, sizeof approved);
    kc_writer_bytes(&input.w, reference, sizeof reference);
    return digest_of(&input, digest);
}

enum kc_error kc_policy_authorized(const uint8_t key_name[static KC_POLICY_NAME_SIZE],
    const uint8_t reference[static KC_POLICY_SIZE], uint8_t policy[static KC_POLICY_SIZE])
{
    uint8_t digest[KC_POLICY_SIZE] = {0};
    struct input input;
    begin_step(&input, digest, TPM2_CC_PolicyAuthorize);
    kc_writer_bytes(&input.w, key_name, KC_POLICY_NAME_SIZE);
    enum kc_error error = digest_of(&input, digest);
    if (error != KC_OK)
        return error;
    begin(&input);
    kc_writer_bytes(&input.w, digest, sizeof digest);
    kc_writer_bytes(&input.w, reference, KC_POLICY_SIZE);
    return digest_of(&input, policy);
}
