/* SPDX-License-Identifier: Apache-2.0 */
/* Finding objects: the custodian lists the keys, the module compares attributes. */
#include "base/text.h"
#include "pkcs11/attribute.h"
#include "pkcs11/module.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

/* What is looked for, and what was found of it. */
struct hunt {
    const CK_ATTRIBUTE *template;
    CK_ULONG count;
    struct kc_search found;
    size_t room;
    CK_RV rv;
};

static void consider(struct kc_object *object, void *context)
{
    struct hunt *hunt = context;
    if (hunt->rv != CKR_OK || !kc_attributes_match(object, hunt->template, hunt->count))
        return;
    struct kc_search *found = &hunt->found;
    if (found->count == hunt->room) {
        size_t room = 2 * hunt->room + 16;
        CK_OBJECT_HANDLE *larger = reallocarray(found->handles, room, sizeof *larger);
        if (larger == NULL) {
            hunt->rv = CKR_HOST_MEMORY;
            return;
        }
        found->handles = larger;
        hunt->room = room;
    }
    found->handles[found->count++] = object->handle;
}

static void consider_key(
    CK_SLOT_ID slot, enum kc_object_kind kind, const struct kc_key *key, struct hunt *hunt)
{
    struct kc_object *object;
    CK_RV rv = kc_object_of_key(slot, kind, key, &object);
    if (rv == CKR_OK)
        consider(object, hunt);
    else
        hunt->rv = rv;
}

/* With the module's lock held. */
static CK_RV search(CK_SLOT_ID slot, const struct kc_key_list *list, const CK_ATTRIBUTE *template,
    CK_ULONG count, struct kc_search *result)
{
    struct hunt hunt = {.template = template, .count = count, .found = {.active = true}};
    for (size_t i = 0; i < list->count; i++) {
        consider_key(slot, KC_OBJECT_PRIVATE, &list->keys[i], &hunt);
        consider_key(slot, KC_OBJECT_PUBLIC, &list->keys[i], &hunt);
    }
    kc_object_each_secret(slot, consider, &hunt);
    if (hunt.rv != CKR_OK) {
        kc_search_done(&hunt.found);
        return hunt.rv;
    }
    *result = hunt.found;
    return CKR_OK;
}

/* The session, which must not be searching already. */
static CK_RV find_idle(CK_SESSION_HANDLE handle, struct kc_session **session)
{
    CK_RV rv = kc_session_find(handle, session);
    if (rv == CKR_OK && (*session)->search.active)
        rv = CKR_OPERATION_ACTIVE;
    return rv;
}

/* Whether objects that are looked for can be keys of the token: else it need not be asked. */
static bool wants_keys(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    const CK_ATTRIBUTE *class = kc_attribute_in(template, count, CKA_CLASS);
    if (class == NULL)
        return true;
    CK_OBJECT_CLASS wanted;
    if (class->pValue == NULL || class->ulValueLen != sizeof wanted)
        return false;
    memcpy(&wanted, class->pValue, sizeof wanted);
    return wanted == CKO_PRIVATE_KEY || wanted == CKO_PUBLIC_KEY;
}

/* The label that a template asks for, so that the custodian lists no others; NULL if it asks for
 * none that a key can have. */
static const char *wanted_label(
    const CK_ATTRIBUTE *template, CK_ULONG count, char buffer[static KC_KEY_TEXT_SIZE])
{
    const CK_ATTRIBUTE *label = kc_attribute_in(template, count, CKA_LABEL);
    if (label == NULL || label->pValue == NULL)
        return NULL;
    struct kc_span text = {.bytes = label->pValue, .size = label->ulValueLen};
    if (text.size == 0 || text.size >= KC_KEY_TEXT_SIZE || !kc_text_valid(text))
        return NULL;
    memcpy(buffer, text.bytes, text.size);
    buffer[text.size] = '\0';
    return buffer;
}

static CK_RV fetch(
    const char *keyring, const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_key_list *list)
{
    char label[KC_KEY_TEXT_SIZE];
    if (!wants_keys(template, count))
        return CKR_OK;
    return kc_rv(kc_key_list_fetch(keyring, wanted_label(template, count, label), list));
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count > 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_session *session;
    rv = find_idle(handle, &session);
    char keyring[KC_KEYRING_SIZE];
    if (rv == CKR_OK)
        KC_TEXT_COPY_ARRAY(keyring, kc_session_slot(session)->keyring);
    kc_module_unlock();
    if (rv != CKR_OK)
        return rv;

    struct kc_key_list list = {0};
    rv = fetch(keyring, template, count, &list);
    if (rv != CKR_OK)
        return rv;

    rv = kc_module_enter();
    if (rv == CKR_OK) {
        rv = find_idle(handle, &session);
        if (rv == CKR_OK)
            rv = search(session->slot, &list, template, count, &session->search);
        kc_module_unlock();
    }
    kc_key_list_done(&list);
    return rv;
}

CK_RV C_FindObjects(
    CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
    if (count == NULL || (objects == NULL && room > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (!session->search.active)
        return kc_module_leave(CKR_OPERATION_NOT_INITIALIZED);
    struct kc_search *search = &session->search;
    size_t left = search->count - search->told;
    *count = left < room ? left : room;
    for (CK_ULONG i = 0; i < *count; i++)
        objects[i] = search->handles[search->told++];
    return kc_module_leave(CKR_OK);
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE handle)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (!session->search.active)
        return kc_module_leave(CKR_OPERATION_NOT_INITIALIZED);
    kc_search_done(&session->search);
    return kc_module_leave(CKR_OK);
}
