/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with CKM_EDDSA (PKCS#11 3.0, sections 5.13 and 6.3.16). */
#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/daemon.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

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

/* Reads the mechanism's parameter: none, or CK_EDDSA_PARAMS. */
static CK_RV take_parameter(const CK_MECHANISM *mechanism, struct kc_signing *signing)
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

static CK_RV start(
    struct kc_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle)
{
    if (session->signing.active)
        return CKR_OPERATION_ACTIVE;
    CK_RV rv = kc_mechanism_check(mechanism, CKF_SIGN);
    if (rv != CKR_OK)
        return rv;
    const struct kc_object *object = kc_object_find(handle, session->slot);
    if (object == NULL)
        return CKR_KEY_HANDLE_INVALID;
    if (object->kind != KC_OBJECT_PRIVATE || object->key.type->signature_size == 0)
        return object->kind == KC_OBJECT_SECRET ? CKR_KEY_TYPE_INCONSISTENT
                                                : CKR_KEY_FUNCTION_NOT_PERMITTED;
    struct kc_signing signing = {.active = true, .type = object->key.type};
    KC_TEXT_COPY_ARRAY(signing.key, object->key.id);
    rv = take_parameter(mechanism, &signing);
    if (rv == CKR_OK)
        session->signing = signing;
    return rv;
}

CK_RV C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL) /* 3.0: gives a signature up */
        kc_signing_done(&session->signing);
    else
        rv = start(session, mechanism, key);
    return kc_module_leave(rv);
}

/* Asks the custodian; signature has room for the key's size. */
static CK_RV request_signature(
    const struct kc_signing *signing, const void *message, size_t size, CK_BYTE *signature)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_KEY, signing->key);
    kc_values_set_text(values, KC_FIELD_SCHEME, signing->scheme);
    if (signing->context_size > 0)
        kc_values_set_span(values, KC_FIELD_CONTEXT, signing->context, signing->context_size);
    enum kc_error error = kc_client_request_data(&request, values, KC_FIELD_MESSAGE, message, size);
    if (error == KC_ERR_BAD_ARGUMENT)
        error = KC_ERR_TOO_LARGE;
    if (error == KC_OK)
        error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return kc_rv(error);

    struct kc_span made = kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span;
    CK_RV rv = made.size == signing->type->signature_size ? CKR_OK : CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        memcpy(signature, made.bytes, made.size);
    kc_client_answer_free(answer);
    return rv;
}

/*
 * The common beginning of C_Sign and C_SignFinal. Either the client only asks for the size, or has
 * too little room: then the signature stays under way and *size says what it needs; or the
 * signature is moved to the caller, who ends it.
 *
 * taken  active only if there is something to sign
 */
static CK_RV take(CK_SESSION_HANDLE handle, bool final, const CK_BYTE *signature, CK_ULONG *size,
    struct kc_signing *taken)
{
    struct kc_session *session;
    CK_RV rv = kc_session_find(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_signing *signing = &session->signing;
    /* C_Sign does not end a signature in parts, and C_SignFinal no other. */
    if (!signing->active || signing->in_parts != final)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_ULONG room = *size;
    *size = signing->type->signature_size;
    if (signature == NULL)
        return CKR_OK;
    if (room < *size)
        return CKR_BUFFER_TOO_SMALL;
    *taken = *signing;
    *signing = (struct kc_signing){0};
    return CKR_OK;
}

/* C_Sign with the message given, C_SignFinal with what was collected. */
static CK_RV finish(CK_SESSION_HANDLE handle, bool final, const CK_BYTE *message,
    CK_ULONG message_size, CK_BYTE *signature, CK_ULONG *size)
{
    struct kc_signing signing = {0};
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_leave(take(handle, final, signature, size, &signing));
    if (!signing.active)
        return rv;
    if (final)
        rv = request_signature(&signing, signing.message, signing.message_size, signature);
    else
        rv = request_signature(&signing, message, message_size, signature);
    kc_signing_done(&signing);
    return rv;
}

CK_RV C_Sign(
    CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG *size)
{
    if (size == NULL || (data == NULL && data_size > 0))
        return CKR_ARGUMENTS_BAD;
    return finish(handle, false, data, data_size, signature, size);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG *size)
{
    if (size == NULL)
        return CKR_ARGUMENTS_BAD;
    return finish(handle, true, NULL, 0, signature, size);
}

/* Takes a part in. EdDSA needs the message as a whole, so all parts are kept. */
static CK_RV append(struct kc_signing *signing, const CK_BYTE *part, CK_ULONG size)
{
    if (!signing->active)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (size > (size_t)KC_DATA_SIZE_MAX - signing->message_size) {
        kc_signing_done(signing);
        return CKR_DATA_LEN_RANGE;
    }
    uint8_t *larger = malloc(signing->message_size + size + 1);
    if (larger == NULL) {
        kc_signing_done(signing);
        return CKR_HOST_MEMORY;
    }
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

CK_RV C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG size)
{
    if (part == NULL && size > 0)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(append(&session->signing, part, size));
}
