/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/object.h"

#include "base/secret.h"
#include "pkcs11/attribute.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Two trees over the same objects; a session's secrets are only in the first. */
static void *by_handle;
static void *by_key;

/* The secrets, which are few, also in a list. */
struct secret_link {
    struct kc_object *object;
    struct secret_link *next;
};
static struct secret_link *secrets;

static CK_OBJECT_HANDLE last_handle;
static size_t object_count;

static int compare_handles(const void *a, const void *b)
{
    const struct kc_object *x = a, *y = b;
    return (x->handle > y->handle) - (x->handle < y->handle);
}

static int compare_keys(const void *a, const void *b)
{
    const struct kc_object *x = a, *y = b;
    if (x->slot != y->slot)
        return x->slot > y->slot ? 1 : -1;
    if (x->kind != y->kind)
        return x->kind > y->kind ? 1 : -1;
    return strcmp(x->key.id, y->key.id);
}

/* Finds in a tree; NULL if it is not there. */
static struct kc_object *find(
    const struct kc_object *like, void **tree, int (*compare)(const void *, const void *))
{
    struct kc_object *const *node = tfind(like, tree, compare);
    return node != NULL ? *node : NULL;
}

struct kc_object *kc_object_find(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot)
{
    struct kc_object like = {.handle = handle};
    struct kc_object *object = find(&like, &by_handle, compare_handles);
    return object != NULL && object->slot == slot ? object : NULL;
}

static void release(struct kc_object *object)
{
    kc_wipe(object, sizeof *object);
    free(object);
}

/* Takes a copy of an object in and gives it a handle. NULL: no room. */
static struct kc_object *add(const struct kc_object *object)
{
    struct kc_object *new = object_count < KC_OBJECTS_MAX ? malloc(sizeof *new) : NULL;
    if (new == NULL)
        return NULL;
    *new = *object;
    new->handle = ++last_handle;
    if (tsearch(new, &by_handle, compare_handles) == NULL) {
        release(new);
        return NULL;
    }
    object_count++;
    return new;
}

/* Takes an object out that is in no other place any more. */
static void drop(struct kc_object *object)
{
    tdelete(object, &by_handle, compare_handles);
    object_count--;
    release(object);
}

CK_RV kc_object_of_key(
    CK_SLOT_ID slot, enum kc_object_kind kind, const struct kc_key *key, struct kc_object **object)
{
    struct kc_object like = {.kind = kind, .slot = slot, .key = *key};
    struct kc_object *known = find(&like, &by_key, compare_keys);
    if (known != NULL) {
        known->key = *key; /* the label may have changed */
        *object = known;
        return CKR_OK;
    }
    struct kc_object *new = add(&like);
    if (new == NULL)
        return CKR_HOST_MEMORY;
    if (tsearch(new, &by_key, compare_keys) == NULL) {
        drop(new);
        return CKR_HOST_MEMORY;
    }
    *object = new;
    return CKR_OK;
}

CK_RV kc_object_of_secret(CK_SLOT_ID slot, CK_SESSION_HANDLE session,
    const struct kc_secret_facts *facts, CK_OBJECT_HANDLE *handle)
{
    struct secret_link *link = malloc(sizeof *link);
    if (link == NULL)
        return CKR_HOST_MEMORY;
    struct kc_object like = {
        .kind = KC_OBJECT_SECRET, .slot = slot, .session = session, .secret = *facts};
    struct kc_object *new = add(&like);
    kc_wipe(&like, sizeof like);
    if (new == NULL) {
        free(link);
        return CKR_HOST_MEMORY;
    }
    *link = (struct secret_link){.object = new, .next = secrets};
    secrets = link;
    *handle = new->handle;
    return CKR_OK;
}

void kc_object_remove(struct kc_object *object)
{
    for (struct secret_link **link = &secrets; *link != NULL; link = &(*link)->next) {
        if ((*link)->object != object)
            continue;
        struct secret_link *gone = *link;
        *link = gone->next;
        free(gone);
        drop(object);
        return;
    }
}

void kc_object_each_secret(
    CK_SLOT_ID slot, void (*callback)(struct kc_object *object, void *context), void *context)
{
    for (struct secret_link *link = secrets, *next; link != NULL; link = next) {
        next = link->next;
        if (link->object->slot == slot)
            callback(link->object, context);
    }
}

void kc_object_remove_of_session(CK_SESSION_HANDLE session)
{
    for (struct secret_link *link = secrets, *next; link != NULL; link = next) {
        next = link->next;
        if (link->object->session == session)
            kc_object_remove(link->object);
    }
}

static void remove_if_private(struct kc_object *object, void *context)
{
    (void)context;
    if ((object->secret.flags & KC_SECRET_PRIVATE) != 0)
        kc_object_remove(object);
}

void kc_object_remove_private(CK_SLOT_ID slot)
{
    kc_object_each_secret(slot, remove_if_private, NULL);
}

static void keep(void *object)
{
    (void)object;
}

static void release_node(void *object)
{
    release(object);
}

void kc_objects_clear(void)
{
    while (secrets != NULL)
        kc_object_remove(secrets->object);
    tdestroy(by_key, keep);
    tdestroy(by_handle, release_node);
    by_key = by_handle = NULL;
    object_count = 0;
}

/* The object that a client's session and handle name. CKR_SESSION_HANDLE_INVALID,
 * CKR_OBJECT_HANDLE_INVALID. */
static CK_RV lookup(
    CK_SESSION_HANDLE session_handle, CK_OBJECT_HANDLE handle, struct kc_object **object)
{
    struct kc_session *session;
    CK_RV rv = kc_session_find(session_handle, &session);
    if (rv != CKR_OK)
        return rv;
    *object = kc_object_find(handle, session->slot);
    return *object != NULL ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

CK_RV C_GetAttributeValue(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count > 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_object *object;
    rv = lookup(session, handle, &object);
    if (rv != CKR_OK)
        return kc_module_leave(rv);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV one = kc_attribute_read(object, &template[i]);
        rv = one != CKR_OK ? one : rv;
    }
    return kc_module_leave(rv);
}

/* Keys are destroyed by the custodian's own door; here only what a session made. */
CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_object *object;
    rv = lookup(session, handle, &object);
    if (rv == CKR_OK && object->kind != KC_OBJECT_SECRET)
        rv = CKR_ACTION_PROHIBITED;
    if (rv == CKR_OK)
        kc_object_remove(object);
    return kc_module_leave(rv);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ULONG *size)
{
    if (size == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_object *object;
    rv = lookup(session, handle, &object);
    if (rv == CKR_OK)
        *size = CK_UNAVAILABLE_INFORMATION;
    return kc_module_leave(rv);
}

/* No object is modifiable or can be copied (CKA_MODIFIABLE,
 * CKA_COPYABLE), whatever the template. */
static CK_RV prohibited(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_object *object;
    rv = lookup(session, handle, &object);
    return kc_module_leave(rv != CKR_OK ? rv : CKR_ACTION_PROHIBITED);
}

CK_RV C_SetAttributeValue(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count > 0)
        return CKR_ARGUMENTS_BAD;
    return prohibited(session, handle);
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *template,
    CK_ULONG count, CK_OBJECT_HANDLE *copy)
{
    if ((template == NULL && count > 0) || copy == NULL)
        return CKR_ARGUMENTS_BAD;
    return prohibited(session, handle);
}
