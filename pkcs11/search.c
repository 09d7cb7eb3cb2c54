/* SPDX-License-Identifier: Apache-2.0 */
/* Finding objects: the custodian lists the keys, the module compares attributes. */
#include "pkcs11/attribute.h"
#include "pkcs11/listing.h"
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
    if (hunt->rv != CKR_OK || !kc_object_is_seen(object) ||
        !kc_attributes_match(object, hunt->template, hunt->count))
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

/* With the module's lock held. What is listed is consumed. */
static CK_RV search(CK_SLOT_ID slot, struct kc_listing *list, const CK_ATTRIBUTE *template,
    CK_ULONG count, struct kc_search *result)
{
    struct hunt hunt = {.template = template, .count = count, .found = {.active = true}};
    for (size_t i = 0; i < list->count && hunt.rv == CKR_OK; i++) {
        struct kc_object *object;
        hunt.rv = kc_object_of_token(&list->objects[i], &object);
        if (hunt.rv == CKR_OK)
            consider(object, &hunt);
    }
    kc_object_each_of_sessions(slot, consider, &hunt);
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

/*
 * The kind of objects that a template wants, as the custodian calls it; NULL: any. Public halves and
 * other people's public keys are two kinds there, so for them it is asked for all.
 *
 * false  none of its objects: it need not be asked
 */
static bool wanted_kind(const CK_ATTRIBUTE *template, CK_ULONG count, const char **kind)
{
    static const struct {
        CK_OBJECT_CLASS class;
        const char *kind;
    } kinds[] = {{CKO_PRIVATE_KEY, "key"}, {CKO_PUBLIC_KEY, NULL}, {CKO_CERTIFICATE, "certificate"},
        {CKO_DATA, "data"}};
    const CK_ATTRIBUTE *class = kc_attribute_in(template, count, CKA_CLASS);
    CK_ULONG wanted;
    *kind = NULL;
    if (class == NULL)
        return true;
    if (!kc_template_number(class, &wanted))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].class == wanted) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
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

/* Whether only what sessions have is looked for. */
static bool wants_session_objects(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    const CK_ATTRIBUTE *token = kc_attribute_in(template, count, CKA_TOKEN);
    bool truth;
    return token != NULL && kc_template_truth(token, &truth) && !truth;
}

static CK_RV fetch(const struct kc_slot *slot, const CK_ATTRIBUTE *template, CK_ULONG count,
    struct kc_listing *list)
{
    char label[KC_KEY_TEXT_SIZE];
    struct kc_listing_filter filter = {.label = wanted_label(template, count, label)};
    if (!wanted_kind(template, count, &filter.kind) || wants_session_objects(template, count))
        return CKR_OK;
    return kc_rv(kc_listing_fetch(slot, &filter, list));
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count > 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_session *session;
    struct kc_slot slot;
    rv = find_idle(handle, &session);
    if (rv == CKR_OK)
        slot = *kc_session_slot(session);
    kc_module_unlock();
    if (rv != CKR_OK)
        return rv;

    struct kc_listing list = {0};
    rv = fetch(&slot, template, count, &list);
    if (rv != CKR_OK)
        return rv;

    rv = kc_module_enter();
    if (rv == CKR_OK) {
        rv = find_idle(handle, &session);
        if (rv == CKR_OK)
            rv = search(session->slot, &list, template, count, &session->search);
        kc_module_unlock();
    }
    kc_listing_done(&list);
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
