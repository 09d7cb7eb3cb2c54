/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/signing.h"

#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/contribution.h"
#include "pkcs11/daemon.h"
#include "pkcs11/digest.h"
#include "pkcs11/rv.h"

#include <stdlib.h>
#include <string.h>

/* --- the mechanism's parameter --- */

/*
 * "plain" is Ed25519, or Ed448 with the empty context; "ctx" is Ed25519ctx, or Ed448 with another;
 * "ph" is the prehashed variant of either (RFC 8032).
 *
 * Ed25519 with an empty context is "plain" too. The standard would have it Ed25519ctx; RFC 8032
 * says that such a context should not be empty, clients that pass empty parameters mean Ed25519,
 * and Mesh envelopes are signed just so: no application gets a signature of that form here.
 */
static const char *scheme_of(const CK_EDDSA_PARAMS *parameter)
{
    if (parameter->phFlag != CK_FALSE)
        return "ph";
    return parameter->ulContextDataLen > 0 ? "ctx" : "plain";
}

/* None, or CK_EDDSA_PARAMS. */
static CK_RV take_eddsa(const CK_MECHANISM *mechanism, struct kc_signing *signing)
{
    CK_EDDSA_PARAMS parameter = {0};
    if (mechanism->ulParameterLen != 0) {
        if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof parameter)
            return CKR_MECHANISM_PARAM_INVALID;
        memcpy(&parameter, mechanism->pParameter, sizeof parameter);
    }
    size_t size = parameter.ulContextDataLen;
    if (size > sizeof signing->context || (size > 0 && parameter.pContextData == NULL))
        return CKR_MECHANISM_PARAM_INVALID;
    if (size > 0)
        memcpy(signing->context, parameter.pContextData, size);
    signing->context_size = size;
    signing->scheme = scheme_of(&parameter);
    return CKR_OK;
}

/* CK_RSA_PKCS_PSS_PARAMS. Its hash must be the mechanism's, if that has one; digest, salt and two octets are in
 * a block (RFC 8017, 9.1.1). */
static CK_RV take_pss(const CK_MECHANISM *mechanism, struct kc_signing *signing)
{
    CK_RSA_PKCS_PSS_PARAMS parameter;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof parameter)
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&parameter, mechanism->pParameter, sizeof parameter);
    const char *hash = kc_digest_of_mechanism(parameter.hashAlg);
    const char *mgf_hash = kc_digest_of_mgf(parameter.mgf);
    if (hash == NULL || mgf_hash == NULL ||
        parameter.sLen > signing->type->signature_size - kc_digest_size(hash) - 2 ||
        (signing->hash != NULL && strcmp(signing->hash, hash) != 0))
        return CKR_MECHANISM_PARAM_INVALID;
    signing->hash = hash;
    signing->mgf_hash = mgf_hash;
    signing->salt_size = parameter.sLen;
    signing->has_salt_size = true;
    return CKR_OK;
}

static CK_RV take_parameter(const CK_MECHANISM *mechanism, struct kc_signing *signing)
{
    signing->output_size = signing->type->signature_size;
    if (kc_mechanism_contributes(mechanism->mechanism))
        return kc_contribution_take(mechanism, signing);
    if (mechanism->mechanism == CKM_EDDSA)
        return take_eddsa(mechanism, signing);
    if (strcmp(signing->scheme, "pss") == 0)
        return take_pss(mechanism, signing);
    return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* --- the key --- */

/* A service's share contributes and does nothing else, and nothing else contributes. */
static bool is_for(const struct kc_object *object, CK_MECHANISM_TYPE mechanism)
{
    return kc_mechanism_contributes(mechanism)
               ? object->key.contributes
               : object->key.use == KC_KEY_SIGNS && !object->key.contributes;
}

static CK_RV take_key(const struct kc_object *object, CK_MECHANISM_TYPE mechanism, CK_FLAGS flag,
    struct kc_signing *signing)
{
    enum kc_object_kind wanted = flag == CKF_SIGN ? KC_OBJECT_PRIVATE : KC_OBJECT_PUBLIC;
    if (object == NULL || (object->kind & (KC_OBJECT_CERTIFICATE | KC_OBJECT_DATA)) != 0)
        return CKR_KEY_HANDLE_INVALID;
    if (object->kind == KC_OBJECT_SECRET)
        return CKR_KEY_TYPE_INCONSISTENT;
    if (object->kind != wanted || !is_for(object, mechanism))
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    signing->type = object->key.public.type;
    KC_TEXT_COPY_ARRAY(signing->key, object->id);
    struct kc_span public = object->key.public.octets;
    signing->public_size = public.size < sizeof signing->public ? public.size : 0;
    memcpy(signing->public, public.bytes, signing->public_size);
    return CKR_OK;
}

CK_RV kc_signing_start(const struct kc_object *object, unsigned kinds,
    const CK_MECHANISM *mechanism, CK_FLAGS flag, struct kc_signing *signing)
{
    struct kc_signing result = {.active = true};
    CK_RV rv = kc_mechanism_check(kinds, mechanism, flag);
    if (rv == CKR_OK)
        rv = take_key(object, mechanism->mechanism, flag, &result);
    if (rv != CKR_OK)
        return rv;
    result.row = kc_mechanism_for(mechanism->mechanism, result.type->type);
    if (result.row == NULL || (result.row->info.flags & flag) == 0)
        return CKR_KEY_TYPE_INCONSISTENT;
    result.scheme = result.row->scheme;
    result.hash = result.row->hash;
    rv = take_parameter(mechanism, &result);
    if (rv == CKR_OK)
        *signing = result;
    return rv;
}

void kc_signing_done(struct kc_signing *signing)
{
    if (signing->message != NULL)
        kc_wipe(signing->message, signing->message_size);
    free(signing->message);
    *signing = (struct kc_signing){0};
}

/* --- the message --- */

static CK_RV grow(struct kc_signing *signing, const CK_BYTE *part, CK_ULONG size)
{
    if (signing->row->input != KC_INPUT_MESSAGE)
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (size > (size_t)KC_DATA_SIZE_MAX - signing->message_size)
        return CKR_DATA_LEN_RANGE;
    uint8_t *larger = malloc(signing->message_size + size + 1);
    if (larger == NULL)
        return CKR_HOST_MEMORY;
    if (signing->message_size > 0) {
        memcpy(larger, signing->message, signing->message_size);
        kc_wipe(signing->message, signing->message_size);
    }
    if (size > 0)
        memcpy(larger + signing->message_size, part, size);
    free(signing->message);
    signing->message = larger;
    signing->message_size += size;
    signing->in_parts = true;
    return CKR_OK;
}

CK_RV kc_signing_append(struct kc_signing *signing, const CK_BYTE *part, CK_ULONG size)
{
    if (!signing->active)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_RV rv = grow(signing, part, size);
    if (rv != CKR_OK)
        kc_signing_done(signing);
    return rv;
}

/* What can be said of the input's size without asking. */
static CK_RV check_size(const struct kc_signing *signing, size_t size)
{
    if (signing->row->input == KC_INPUT_MESSAGE)
        return size <= KC_DATA_SIZE_MAX ? CKR_OK : CKR_DATA_LEN_RANGE;
    if (signing->row->input == KC_INPUT_POINT)
        return size > 0 && size <= KC_CONTRIBUTION_OCTETS_MAX ? CKR_OK : CKR_DATA_LEN_RANGE;
    if (signing->hash != NULL)
        return size == kc_digest_size(signing->hash) ? CKR_OK : CKR_DATA_LEN_RANGE;
    bool rsa = signing->type->type == CKK_RSA;
    size_t most = rsa ? signing->type->signature_size - 11 : 64;
    return (size > 0 || rsa) && size <= most ? CKR_OK : CKR_DATA_LEN_RANGE;
}

/* All that the two requests have in common. */
static CK_RV fill(const struct kc_signing *signing, const void *message, size_t size,
    struct kc_client_request *request)
{
    CK_RV rv = check_size(signing, size);
    if (rv != CKR_OK)
        return rv;
    struct kc_values *values = &request->message.values;
    kc_values_set_text(values, KC_FIELD_SCHEME, signing->scheme);
    if (signing->context_size > 0)
        kc_values_set_span(values, KC_FIELD_CONTEXT, signing->context, signing->context_size);
    if (signing->hash != NULL)
        kc_values_set_text(values, KC_FIELD_HASH, signing->hash);
    if (signing->mgf_hash != NULL)
        kc_values_set_text(values, KC_FIELD_MGF_HASH, signing->mgf_hash);
    if (signing->has_salt_size)
        kc_values_set_number(values, KC_FIELD_SALT_SIZE, signing->salt_size);
    if (signing->row->input != KC_INPUT_MESSAGE)
        kc_values_set_number(values, KC_FIELD_HASHED, true);
    return kc_rv(kc_client_request_data(request, values, KC_FIELD_MESSAGE, message, size));
}

static CK_RV take_signature(
    const struct kc_signing *signing, const struct kc_values *made, CK_BYTE *signature)
{
    struct kc_span octets = made->value[KC_FIELD_SIGNATURE].span;
    if (octets.size != signing->output_size)
        return CKR_DEVICE_ERROR;
    memcpy(signature, octets.bytes, octets.size);
    return CKR_OK;
}

CK_RV kc_signing_sign(
    const struct kc_signing *signing, const void *message, size_t size, CK_BYTE *signature)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    bool contributes = kc_mechanism_contributes(signing->row->type);
    kc_client_request_init(&request,
        contributes ? kc_contribution_operation(signing->row->type) : KC_OPERATION_KEY_SIGN);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, signing->key);
    CK_RV rv = contributes ? check_size(signing, size) : fill(signing, message, size, &request);
    if (rv == CKR_OK && contributes)
        rv = kc_contribution_fill(signing, message, size, &request);
    if (rv == CKR_OK)
        rv = kc_rv(kc_daemon_call(&request, &answer));
    kc_client_request_done(&request);
    if (rv != CKR_OK)
        return rv;
    const struct kc_values *made = &kc_client_answer_message(answer)->values;
    rv = contributes ? kc_contribution_read(signing, made, signature)
                     : take_signature(signing, made, signature);
    kc_client_answer_free(answer);
    return rv;
}

CK_RV kc_signing_verify(const struct kc_signing *signing, const void *message, size_t size,
    const CK_BYTE *signature, size_t signature_size)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    if (signature_size != signing->type->signature_size)
        return CKR_SIGNATURE_LEN_RANGE;
    kc_client_request_init(&request, KC_OPERATION_VERIFY);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_ALGORITHM, signing->type->algorithm);
    kc_values_set_span(values, KC_FIELD_PUBLIC, signing->public, signing->public_size);
    kc_values_set_span(values, KC_FIELD_SIGNATURE, signature, signature_size);
    CK_RV rv = fill(signing, message, size, &request);
    if (rv == CKR_OK)
        rv = kc_rv(kc_daemon_call(&request, &answer));
    kc_client_request_done(&request);
    kc_client_answer_free(answer);
    return rv;
}
