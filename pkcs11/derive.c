/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement by CKM_ECDH1_DERIVE (PKCS#11 3.0, sections 5.18.5 and 6.3.17). */
#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/daemon.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/rv.h"
#include "pkcs11/secret_template.h"
#include "pkcs11/session.h"

#include <string.h>

/* All that the custodian needs to be asked, and all that the secret will be. */
struct derivation {
    CK_SLOT_ID slot;
    const struct kc_key_type *type;
    char key[KC_KEY_TEXT_SIZE]; /* id */
    uint8_t peer[KC_KEY_POINT_MAX];
    size_t peer_size;
    struct kc_secret_facts facts;
};

/* Of P-256 and P-384 a compressed point is one too (SEC 1, 2.3.3). */
static bool is_point(const struct kc_key_type *type, const uint8_t *bytes, size_t size)
{
    if (type->type != CKK_EC || size == 0)
        return size == type->public_size;
    if (bytes[0] == 0x02 || bytes[0] == 0x03)
        return size == 1 + type->agreed_size;
    return bytes[0] == 0x04 && size == type->public_size;
}

/*
 * "The public data ... may be encoded as a DER OCTET STRING or as the raw value": the octets, or
 * those behind tag and length.
 */
static CK_RV take_peer(const CK_ECDH1_DERIVE_PARAMS *parameter, struct derivation *derivation)
{
    size_t size = parameter->ulPublicDataLen;
    const uint8_t *bytes = parameter->pPublicData;
    if (bytes == NULL || size < 2)
        return CKR_MECHANISM_PARAM_INVALID;
    if (!is_point(derivation->type, bytes, size) && bytes[0] == KC_DER_OCTET_STRING &&
        bytes[1] == size - 2) {
        bytes += 2;
        size -= 2;
    }
    if (!is_point(derivation->type, bytes, size))
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(derivation->peer, bytes, size);
    derivation->peer_size = size;
    return CKR_OK;
}

static CK_RV take_parameter(const CK_MECHANISM *mechanism, struct derivation *derivation)
{
    CK_ECDH1_DERIVE_PARAMS parameter;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof parameter)
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&parameter, mechanism->pParameter, sizeof parameter);
    /* "With the key derivation function CKD_NULL, pSharedData must be NULL". */
    if (parameter.kdf != CKD_NULL || parameter.ulSharedDataLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    return take_peer(&parameter, derivation);
}

static CK_RV take_base(
    const struct kc_session *session, CK_OBJECT_HANDLE handle, struct derivation *derivation)
{
    const struct kc_object *object = kc_object_find(handle, session->slot);
    if (object == NULL || (object->kind & (KC_OBJECT_CERTIFICATE | KC_OBJECT_DATA)) != 0)
        return CKR_KEY_HANDLE_INVALID;
    if (object->kind == KC_OBJECT_SECRET)
        return CKR_KEY_TYPE_INCONSISTENT;
    if (object->kind != KC_OBJECT_PRIVATE || object->key.use != KC_KEY_AGREES ||
        object->key.contributes)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    derivation->slot = session->slot;
    derivation->type = object->key.public.type;
    KC_TEXT_COPY_ARRAY(derivation->key, object->id);
    return CKR_OK;
}

static CK_RV take_template(const struct kc_session *session, const CK_ATTRIBUTE *template,
    CK_ULONG count, struct derivation *derivation)
{
    struct kc_secret_facts *facts = &derivation->facts;
    CK_RV rv = kc_secret_template_read(template, count, facts);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG agreed = derivation->type->agreed_size;
    if (facts->value_size > agreed)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (facts->type == CKK_AES && facts->value_size == 0 && agreed != 32)
        return CKR_TEMPLATE_INCOMPLETE;
    if (facts->value_size == 0)
        facts->value_size = agreed;
    if ((facts->flags & KC_SECRET_PRIVATE) != 0 && kc_session_slot(session)->login != KC_LOGIN_USER)
        return CKR_USER_NOT_LOGGED_IN;
    /* The base key always was sensitive and never extractable, so these follow the secret's own. */
    if ((facts->flags & KC_SECRET_SENSITIVE) != 0)
        facts->flags |= KC_SECRET_ALWAYS_SENSITIVE;
    if ((facts->flags & KC_SECRET_EXTRACTABLE) == 0)
        facts->flags |= KC_SECRET_NEVER_EXTRACTABLE;
    return CKR_OK;
}

/* Everything that can be refused without asking the custodian. With the module's lock held. */
static CK_RV prepare(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
    const CK_ATTRIBUTE *template, CK_ULONG count, struct derivation *derivation)
{
    struct kc_session *session;
    CK_RV rv = kc_session_find(handle, &session);
    if (rv == CKR_OK)
        rv = kc_mechanism_check(kc_session_slot(session)->kinds, mechanism, CKF_DERIVE);
    if (rv == CKR_OK)
        rv = take_base(session, base, derivation);
    if (rv == CKR_OK)
        rv = take_parameter(mechanism, derivation);
    if (rv == CKR_OK)
        rv = take_template(session, template, count, derivation);
    return rv;
}

/* "The truncation removes bytes from the leading end of the secret value." */
static CK_RV take_value(
    const struct kc_client_answer *answer, size_t agreed_size, struct kc_secret_facts *facts)
{
    uint8_t agreed[KC_SECRET_VALUE_MAX]; /* secret */
    size_t size;
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    enum kc_error error =
        kc_client_answer_secret(answer, values, KC_FIELD_SECRET, agreed, sizeof agreed, &size);
    if (error != KC_OK)
        return kc_rv(error);
    CK_RV rv = size == agreed_size ? CKR_OK : CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        memcpy(facts->value, agreed + size - facts->value_size, facts->value_size);
    kc_wipe(agreed, sizeof agreed);
    return rv;
}

static CK_RV take_sealed(const struct kc_client_answer *answer, struct kc_secret_facts *facts)
{
    struct kc_span sealed = kc_client_answer_message(answer)->values.value[KC_FIELD_SEALED].span;
    if (sealed.size == 0 || sealed.size > sizeof facts->sealed)
        return CKR_DEVICE_ERROR;
    memcpy(facts->sealed, sealed.bytes, sealed.size);
    facts->sealed_size = sealed.size;
    return CKR_OK;
}

/* A secret that the client may read comes as it is; any other stays the vault's. */
static CK_RV request_agreement(struct derivation *derivation)
{
    struct kc_secret_facts *facts = &derivation->facts;
    bool readable =
        (facts->flags & (KC_SECRET_SENSITIVE | KC_SECRET_EXTRACTABLE)) == KC_SECRET_EXTRACTABLE;
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(
        &request, readable ? KC_OPERATION_KEY_AGREE : KC_OPERATION_SECRET_DERIVE);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_KEY, derivation->key);
    kc_values_set_span(values, KC_FIELD_PEER, derivation->peer, derivation->peer_size);
    if (!readable)
        kc_values_set_number(values, KC_FIELD_SIZE, facts->value_size);
    enum kc_error error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return kc_rv(error);
    CK_RV rv = readable ? take_value(answer, derivation->type->agreed_size, facts)
                        : take_sealed(answer, facts);
    kc_client_answer_free(answer);
    return rv;
}

/* Makes the object, if the session is still there. */
static CK_RV keep(
    CK_SESSION_HANDLE handle, const struct derivation *derivation, CK_OBJECT_HANDLE *key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_object object = {.kind = KC_OBJECT_SECRET,
        .slot = derivation->slot,
        .session = handle,
        .secret = derivation->facts};
    return kc_module_leave(kc_object_of_session(&object, key));
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
    CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (key == NULL || (template == NULL && count > 0))
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct derivation derivation = {0};
    rv = kc_module_leave(prepare(handle, mechanism, base, template, count, &derivation));
    if (rv == CKR_OK)
        rv = request_agreement(&derivation);
    if (rv == CKR_OK)
        rv = keep(handle, &derivation, key);
    kc_wipe(&derivation, sizeof derivation);
    return rv;
}
