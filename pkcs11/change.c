/* SPDX-License-Identifier: Apache-2.0 */
/* Objects created, copied, changed and destroyed (PKCS#11 3.0, section 5.7). */
#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/daemon.h"
#include "pkcs11/listing.h"
#include "pkcs11/module.h"
#include "pkcs11/object_template.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

static bool is_key(const struct kc_object *object)
{
    return (object->kind & (KC_OBJECT_PUBLIC | KC_OBJECT_PRIVATE)) != 0 && object->key.own;
}

/* --- creating --- */

static const char *kind_name(enum kc_object_kind kind)
{
    if (kind == KC_OBJECT_CERTIFICATE)
        return "certificate";
    return kind == KC_OBJECT_PUBLIC ? "public" : "data";
}

/* Has the custodian keep an object. kept: as it now is. */
static CK_RV import(
    const struct kc_slot *slot, const struct kc_object *object, struct kc_object *kept)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    uint8_t attributes[KC_LISTING_ATTRIBUTES_MAX];
    size_t size = kc_listing_write_attributes(object, attributes);
    kc_client_request_init(&request, KC_OPERATION_OBJECT_IMPORT);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_KEYRING, slot->keyring);
    kc_values_set_text(values, KC_FIELD_KIND, kind_name(object->kind));
    kc_values_set_span(values, KC_FIELD_VALUE, object->value, object->value_size);
    kc_values_set_span(values, KC_FIELD_ATTRIBUTES, attributes, size);
    if (object->label.text[0] != '\0')
        kc_values_set_text(values, KC_FIELD_LABEL, object->label.text);
    if (object->identifier.size > 0)
        kc_values_set_span(
            values, KC_FIELD_IDENTIFIER, object->identifier.bytes, object->identifier.size);
    enum kc_error error = kc_daemon_change(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return kc_rv(error);
    /* The answer lends the object its kind. */
    error = kc_listing_read_object(&kc_client_answer_message(answer)->values, kept);
    kc_client_answer_free(answer);
    if (error == KC_OK)
        kept->slot = slot->id;
    return kc_rv(error);
}

/* Takes an object in, if the session is still there. It is consumed. */
static CK_RV keep(
    CK_SESSION_HANDLE handle, struct kc_object *object, bool of_token, CK_OBJECT_HANDLE *result)
{
    struct kc_session *session;
    struct kc_object *made;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK) {
        kc_object_done(object);
        return rv;
    }
    object->slot = session->slot;
    object->session = of_token ? 0 : handle;
    if (!of_token)
        return kc_module_leave(kc_object_of_session(object, result));
    rv = kc_object_of_token(object, &made);
    if (rv == CKR_OK)
        *result = made->handle;
    return kc_module_leave(rv);
}

/* Keeps an object where it belongs. It is consumed. */
static CK_RV store(CK_SESSION_HANDLE handle, const struct kc_slot *slot, struct kc_object *object,
    bool of_token, CK_OBJECT_HANDLE *result)
{
    struct kc_object kept = {0};
    object->token = (slot->kinds & KC_TOKEN_NIST) != 0 ? KC_TOKEN_NIST : KC_TOKEN_EDWARDS;
    if (!of_token)
        return keep(handle, object, false, result);
    CK_RV rv = import(slot, object, &kept);
    kc_object_done(object);
    return rv == CKR_OK ? keep(handle, &kept, true, result) : rv;
}

/* The session's slot, a copy, if the session may write where that is wanted. */
static CK_RV slot_for(CK_SESSION_HANDLE handle, bool of_token, struct kc_slot *slot)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    *slot = *kc_session_slot(session);
    return kc_module_leave(of_token && !session->writes ? CKR_SESSION_READ_ONLY : CKR_OK);
}

CK_RV C_CreateObject(
    CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *result)
{
    if (result == NULL || (template == NULL && count > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_slot slot;
    struct kc_object object;
    bool of_token;
    CK_RV rv = slot_for(handle, false, &slot);
    if (rv == CKR_OK)
        rv = kc_object_template_create(template, count, &object, &of_token);
    if (rv != CKR_OK)
        return rv;
    rv = slot_for(handle, of_token, &slot);
    if (rv == CKR_OK)
        return store(handle, &slot, &object, of_token, result);
    kc_object_done(&object);
    return rv;
}

/* --- copying --- */

static bool is_copyable(const struct kc_object *object)
{
    if (object->kind == KC_OBJECT_SECRET)
        return (object->secret.flags & KC_SECRET_COPYABLE) != 0;
    return (object->kind & (KC_OBJECT_CERTIFICATE | KC_OBJECT_DATA)) != 0;
}

/* A copy with an object's own value, and the changes that the client wants. */
static CK_RV make_copy(
    const struct kc_object *object, const struct kc_object_change *change, struct kc_object *copy)
{
    struct kc_object result = *object;
    result.value = NULL;
    result.value_size = 0;
    result.id[0] = '\0';
    struct kc_span value =
        change->has_value ? change->value : (struct kc_span){object->value, object->value_size};
    CK_RV rv = object->value != NULL ? kc_object_set_value(&result, value) : CKR_OK;
    if (rv == CKR_OK) {
        kc_object_apply(&result, change);
        *copy = result;
    }
    kc_wipe(&result, sizeof result);
    return rv;
}

/* With the module's lock held. */
static CK_RV prepare_copy(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle,
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_object *copy, bool *of_token)
{
    struct kc_session *session;
    struct kc_object_change change;
    CK_RV rv = kc_session_find(handle, &session);
    if (rv != CKR_OK)
        return rv;
    const struct kc_object *object = kc_object_find(object_handle, session->slot);
    if (object == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    if (!is_copyable(object))
        return CKR_ACTION_PROHIBITED;
    rv = kc_object_template_change(object, true, template, count, &change);
    if (rv != CKR_OK)
        return rv;
    *of_token = change.of_token == KC_NOT_TOLD ? object->session == 0 : change.of_token == CK_TRUE;
    if (*of_token && object->kind == KC_OBJECT_SECRET)
        return CKR_TEMPLATE_INCONSISTENT; /* a session's secret is not kept */
    return make_copy(object, &change, copy);
}

CK_RV C_CopyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
    CK_ULONG count, CK_OBJECT_HANDLE *result)
{
    if ((template == NULL && count > 0) || result == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_slot slot;
    struct kc_object copy;
    bool of_token;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_leave(prepare_copy(handle, object, template, count, &copy, &of_token));
    if (rv != CKR_OK)
        return rv;
    rv = slot_for(handle, of_token, &slot);
    if (rv == CKR_OK)
        return store(handle, &slot, &copy, of_token, result);
    kc_object_done(&copy);
    return rv;
}

/* --- changing and destroying what there is --- */

/* What of an object a request needs, copied out from under the lock. */
struct target {
    bool of_token, is_key;
    char id[KC_KEY_TEXT_SIZE];
    uint8_t attributes[KC_LISTING_ATTRIBUTES_MAX]; /* as they will be */
    size_t attributes_size;
};

static CK_RV find_target(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle,
    struct kc_object **object, struct target *target)
{
    struct kc_session *session;
    CK_RV rv = kc_session_find(handle, &session);
    if (rv != CKR_OK)
        return rv;
    *object = kc_object_find(object_handle, session->slot);
    if (*object == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    target->of_token = (*object)->session == 0;
    target->is_key = is_key(*object);
    KC_TEXT_COPY_ARRAY(target->id, (*object)->id);
    return target->of_token && !session->writes ? CKR_SESSION_READ_ONLY : CKR_OK;
}

static CK_RV request_change(const struct target *target, const struct kc_object_change *change)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(
        &request, target->is_key ? KC_OPERATION_KEY_UPDATE : KC_OPERATION_OBJECT_UPDATE);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, target->is_key ? KC_FIELD_KEY : KC_FIELD_OBJECT, target->id);
    if (change->label.given)
        kc_values_set_text(values, KC_FIELD_LABEL, change->label.text);
    if (change->identifier.given)
        kc_values_set_span(
            values, KC_FIELD_IDENTIFIER, change->identifier.bytes, change->identifier.size);
    if (!target->is_key)
        kc_values_set_span(
            values, KC_FIELD_ATTRIBUTES, target->attributes, target->attributes_size);
    if (change->has_value)
        kc_values_set_span(values, KC_FIELD_VALUE, change->value.bytes, change->value.size);
    enum kc_error error = kc_daemon_change(&request, &answer);
    kc_client_request_done(&request);
    kc_client_answer_free(answer);
    return kc_rv(error);
}

/* With the module's lock held. An object of a session is changed at once. */
static CK_RV prepare_change(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle,
    const CK_ATTRIBUTE *template, CK_ULONG count, struct target *target,
    struct kc_object_change *change)
{
    struct kc_object *object;
    CK_RV rv = find_target(handle, object_handle, &object, target);
    if (rv != CKR_OK)
        return rv;
    if (object->kind == KC_OBJECT_SECRET && (object->secret.flags & KC_SECRET_MODIFIABLE) == 0)
        return CKR_ACTION_PROHIBITED;
    rv = kc_object_template_change(object, false, template, count, change);
    if (rv != CKR_OK)
        return rv;
    if (!target->of_token) {
        if (change->has_value)
            rv = kc_object_set_value(object, change->value);
        if (rv == CKR_OK)
            kc_object_apply(object, change);
        return rv;
    }
    struct kc_object changed = *object; /* lent: just to see what its attributes become */
    kc_object_apply(&changed, change);
    target->attributes_size = kc_listing_write_attributes(&changed, target->attributes);
    return CKR_OK;
}

/* What the custodian now has, in both halves of a key. */
static CK_RV note_change(
    CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle, const struct kc_object_change *change)
{
    struct kc_object *object;
    struct target target;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    if (find_target(handle, object_handle, &object, &target) != CKR_OK)
        return kc_module_leave(CKR_OK); /* the session was closed meanwhile; it is changed */
    struct kc_object *other = target.is_key ? kc_object_other_half(object) : NULL;
    kc_object_apply(object, change);
    if (other != NULL)
        kc_object_apply(other, change);
    if (change->has_value)
        rv = kc_object_set_value(object, change->value);
    return kc_module_leave(rv);
}

/* Whether there is anything to tell the custodian: not if a key is just said to stay protected. */
static bool changes_anything(const struct kc_object_change *change)
{
    return change->label.given || change->identifier.given || change->application.given ||
           change->object_id.given || change->has_value;
}

CK_RV C_SetAttributeValue(
    CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count > 0)
        return CKR_ARGUMENTS_BAD;
    struct target target;
    struct kc_object_change change;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_leave(prepare_change(handle, object, template, count, &target, &change));
    if (rv != CKR_OK || !target.of_token || !changes_anything(&change))
        return rv;
    rv = request_change(&target, &change);
    return rv == CKR_OK ? note_change(handle, object, &change) : rv;
}

static CK_RV request_destruction(const struct target *target)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(
        &request, target->is_key ? KC_OPERATION_KEY_DESTROY : KC_OPERATION_OBJECT_DESTROY);
    kc_values_set_text(
        &request.message.values, target->is_key ? KC_FIELD_KEY : KC_FIELD_OBJECT, target->id);
    enum kc_error error = kc_daemon_change(&request, &answer);
    kc_client_request_done(&request);
    kc_client_answer_free(answer);
    return kc_rv(error);
}

/* Takes an object out, and with a private half the public one. With the module's lock held. */
static void forget(struct kc_object *object)
{
    struct kc_object *other = is_key(object) ? kc_object_other_half(object) : NULL;
    if (other != NULL)
        kc_object_remove(other);
    kc_object_remove(object);
}

/* With the module's lock held. What a session has goes at once. */
static CK_RV prepare_destruction(
    CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle, struct target *target)
{
    struct kc_object *object;
    CK_RV rv = find_target(handle, object_handle, &object, target);
    if (rv != CKR_OK)
        return rv;
    if (target->is_key && object->kind == KC_OBJECT_PUBLIC)
        return CKR_ACTION_PROHIBITED; /* it goes with the private half */
    if (!target->of_token)
        kc_object_remove(object);
    return CKR_OK;
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle)
{
    struct target target;
    struct kc_object *object;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_leave(prepare_destruction(handle, object_handle, &target));
    if (rv != CKR_OK || !target.of_token)
        return rv;
    rv = request_destruction(&target);
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    if (find_target(handle, object_handle, &object, &target) == CKR_OK)
        forget(object);
    return kc_module_leave(CKR_OK);
}
