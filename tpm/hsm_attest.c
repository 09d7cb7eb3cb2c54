/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_attest.h"

#include "base/secret.h"
#include "base/writer.h"
#include "tpm/hsm_connection.h"
#include "tpm/hsm_object.h"
#include "tpm/hsm_seal.h"
#include "tpm/hsm_status.h"

#include <string.h>

/* What CK_TRUE of each attribute stands for. */
static const struct claim {
    CK_ATTRIBUTE_TYPE attribute;
    uint32_t claim;
} claims[] = {
    {CKA_LOCAL, KC_ROOT_SAYS_LOCAL},
    {CKA_SENSITIVE, KC_ROOT_SAYS_SENSITIVE},
    {CKA_ALWAYS_SENSITIVE, KC_ROOT_SAYS_ALWAYS_SENSITIVE},
    {CKA_EXTRACTABLE, KC_ROOT_SAYS_EXTRACTABLE},
    {CKA_NEVER_EXTRACTABLE, KC_ROOT_SAYS_NEVER_EXTRACTABLE},
};

static enum kc_error read_claims(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE object, uint32_t *said)
{
    uint32_t read = 0;
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < sizeof claims / sizeof claims[0]; i++) {
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE attribute = {claims[i].attribute, &value, sizeof value};
        error = kc_hsm_connection_check(token, "read what is said of a key",
            token->functions->C_GetAttributeValue(token->session, object, &attribute, 1));
        if (value)
            read |= claims[i].claim;
    }
    if (error == KC_OK)
        *said = read;
    return error;
}

/* Of a resident key its own object; else the wrapping key, which is tried on what it has sealed. */
static enum kc_error find_object(struct kc_hsm_token *token, enum kc_root_attest_step step,
    struct kc_span blob, CK_OBJECT_HANDLE *object)
{
    struct kc_hsm_name name;
    uint8_t opened[KC_ROOT_KEY_SIZE]; /* secret */
    enum kc_error error = KC_OK;
    if (step == KC_ROOT_ATTEST_RESIDENT) {
        error = kc_hsm_name_read(token, blob, &name);
        return error == KC_OK ? kc_hsm_private_find(token, &name, object) : error;
    }
    if (step == KC_ROOT_ATTEST_SEALED)
        error = kc_hsm_unseal(token, blob.bytes, blob.size, opened);
    kc_wipe(opened, sizeof opened);
    *object = token->key;
    return error;
}

static enum kc_error describe(struct kc_hsm_token *token, enum kc_root_attest_step step,
    struct kc_span blob, struct kc_writer *w)
{
    struct kc_root_status status;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    uint32_t said = 0;
    enum kc_error error = find_object(token, step, blob, &object);
    if (error == KC_OK)
        error = read_claims(token, object, &said);
    if (error == KC_OK)
        error = kc_hsm_status_read(token, &status);
    if (error != KC_OK)
        return error;
    kc_writer_span(w, (const uint8_t *)status.manufacturer, strlen(status.manufacturer));
    kc_writer_u32(w, 4);
    kc_writer_u32(w, said);
    kc_writer_span(w, token->name, sizeof token->name);
    return KC_OK;
}

enum kc_error kc_hsm_attest(struct kc_hsm_token *token, enum kc_root_attest_step step,
    struct kc_span blob, uint8_t evidence[static KC_ROOT_RESULT_MAX], size_t *evidence_size)
{
    struct kc_writer w;
    enum kc_error error = KC_OK;
    kc_writer_init(&w, evidence, KC_ROOT_RESULT_MAX);
    kc_writer_span(&w, NULL, 0); /* where a TPM's evidence has a key */
    if (step == KC_ROOT_ATTEST_ACTIVATE)
        error = kc_hsm_connection_refuse(token, KC_ERR_ROOT_UNFIT, "a token opens no credential");
    else if (step == KC_ROOT_ATTEST_IDENTITY)
        kc_writer_span(&w, NULL, 0);
    else
        error = describe(token, step, blob, &w);
    if (error == KC_OK && kc_writer_finish(&w) != KC_OK)
        error = kc_hsm_connection_refuse(token, KC_ERR_ROOT_ANSWER, "the evidence is too large");
    if (error == KC_OK)
        *evidence_size = w.size;
    return error;
}
