/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/object.h"

#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/attribute.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Two trees over the same objects; what sessions have is only in the first. */
static void *by_handle;
static void *by_id;

/* What sessions have, which is little, also in a list. */
struct session_link {
    struct kc_object *object;
    struct session_link *next;
};
static struct session_link *of_sessions;

static CK_OBJECT_HANDLE last_handle;
static size_t object_count;

static int compare_handles(const void *a, const void *b)
{
    const struct kc_object *x = a, *y = b;
    return (x->handle > y->handle) - (x->handle < y->handle);
}

static int compare_ids(const void *a, const void *b)
{
    const struct kc_object *x = a, *y = b;
    if (x->slot != y->slot)
        return x->slot > y->slot ? 1 : -1;
    if (x->kind != y->kind)
        return x->kind > y->kind ? 1 : -1;
    return strcmp(x->id, y->id);
}

/* Finds in a tree; NULL if it is not there. */
static struct kc_object *find(
    const struct kc_object *like, void **tree, int (*compare)(const void *, const void *))
{
    struct kc_object *const *node = tfind(like, tree, compare);
    return node != NULL ? *node : NULL;
}

bool kc_object_is_seen(const struct kc_object *object)
{
    if (object->kind != KC_OBJECT_PRIVATE || !object->key.login)
        return true;
    return kc_slot_find(object->slot)->login == KC_LOGIN_USER;
}

struct kc_object *kc_object_find(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot)
{
    struct kc_object like = {.handle = handle};
    struct kc_object *object = find(&like, &by_handle, compare_handles);
    return object != NULL && object->slot == slot && kc_object_is_seen(object) ? object : NULL;
}

struct kc_object *kc_object_other_half(const struct kc_object *object)
{
    struct kc_object like = {.slot = object->slot,
        .kind = object->kind == KC_OBJECT_PUBLIC ? KC_OBJECT_PRIVATE : KC_OBJECT_PUBLIC};
    KC_TEXT_COPY_ARRAY(like.id, object->id);
    return find(&like, &by_id, compare_ids);
}

/* --- making --- */

void kc_object_done(struct kc_object *object)
{
    if (object->value != NULL)
        kc_wipe(object->value, object->value_size);
    free(object->value);
    kc_wipe(object, sizeof *object);
}

/* What the kind finds in a value, pointing into it. */
static enum kc_error read_value(struct kc_object *object, struct kc_span value)
{
    switch (object->kind) {
    case KC_OBJECT_PUBLIC:
    case KC_OBJECT_PRIVATE:
        return kc_public_read(value, &object->key.public);
    case KC_OBJECT_CERTIFICATE:
        return kc_certificate_read(value, &object->certificate);
    case KC_OBJECT_SECRET:
    case KC_OBJECT_DATA:
        break;
    }
    return KC_OK;
}

CK_RV kc_object_set_value(struct kc_object *object, struct kc_span value)
{
    uint8_t *copy = malloc(value.size + 1);
    if (copy == NULL)
        return CKR_HOST_MEMORY;
    if (value.size > 0)
        memcpy(copy, value.bytes, value.size);
    if (read_value(object, (struct kc_span){copy, value.size}) != KC_OK) {
        free(copy);
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    free(object->value);
    object->value = copy;
    object->value_size = value.size;
    return CKR_OK;
}

static void release(struct kc_object *object)
{
    kc_object_done(object);
    free(object);
}

/* Takes an object in and gives it a handle. NULL: no room; then it is still the caller's. */
static struct kc_object *add(const struct kc_object *object)
{
    struct kc_object *new = object_count < KC_OBJECTS_MAX ? malloc(sizeof *new) : NULL;
    if (new == NULL)
        return NULL;
    *new = *object;
    new->handle = ++last_handle;
    if (tsearch(new, &by_handle, compare_handles) == NULL) {
        kc_wipe(new, sizeof *new);
        free(new);
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

CK_RV kc_object_of_token(struct kc_object *listed, struct kc_object **object)
{
    struct kc_object *known = find(listed, &by_id, compare_ids);
    if (known != NULL) {
        listed->handle = known->handle;
        kc_object_done(known);
        *known = *listed; /* label and id may have changed */
        *listed = (struct kc_object){0};
        *object = known;
        return CKR_OK;
    }
    struct kc_object *new = add(listed);
    if (new == NULL) {
        kc_object_done(listed);
        return CKR_HOST_MEMORY;
    }
    *listed = (struct kc_object){0};
    if (tsearch(new, &by_id, compare_ids) == NULL) {
        drop(new);
        return CKR_HOST_MEMORY;
    }
    *object = new;
    return CKR_OK;
}

CK_RV kc_object_of_session(struct kc_object *made, CK_OBJECT_HANDLE *handle)
{
    struct session_link *link = malloc(sizeof *link);
    struct kc_object *new = link != NULL ? add(made) : NULL;
    if (new == NULL) {
        free(link);
        kc_object_done(made);
        return CKR_HOST_MEMORY;
    }
    *link = (struct session_link){.object = new, .next = of_sessions};
    of_sessions = link;
    *handle = new->handle;
    kc_wipe(made, sizeof *made);
    return CKR_OK;
}

/* --- removing --- */

static void unlink_of_session(const struct kc_object *object)
{
    for (struct session_link **link = &of_sessions; *link != NULL; link = &(*link)->next) {
        if ((*link)->object != object)
            continue;
        struct session_link *gone = *link;
        *link = gone->next;
        free(gone);
        return;
    }
}

void kc_object_remove(struct kc_object *object)
{
    if (object->session != 0)
        unlink_of_session(object);
    else
        tdelete(object, &by_id, compare_ids);
    drop(object);
}

void kc_object_each_of_sessions(
    CK_SLOT_ID slot, void (*callback)(struct kc_object *object, void *context), void *context)
{
    for (struct session_link *link = of_sessions, *next; link != NULL; link = next) {
        next = link->next;
        if (link->object->slot == slot)
            callback(link->object, context);
    }
}

void kc_object_remove_of_session(CK_SESSION_HANDLE session)
{
    for (struct session_link *link = of_sessions, *next; link != NULL; link = next) {
        next = link->next;
        if (link->object->session == session)
            kc_object_remove(link->object);
    }
}

static void remove_if_private(struct kc_object *object, void *context)
{
    (void)context;
    if (object->kind == KC_OBJECT_SECRET && (object->secret.flags & KC_SECRET_PRIVATE) != 0)
        kc_object_remove(object);
}

void kc_object_remove_private(CK_SLOT_ID slot)
{
    kc_object_each_of_sessions(slot, remove_if_private, NULL);
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
    while (of_sessions != NULL)
        kc_object_remove(of_sessions->object);
    tdestroy(by_id, keep);
    tdestroy(by_handle, release_node);
    by_id = by_handle = NULL;
    object_count = 0;
}

/* --- reading --- */

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle,
    CK_ATTRIBUTE *template, CK_ULONG count)
{
    if (template == NULL && count > 0)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    const struct kc_object *object = kc_object_find(object_handle, session->slot);
    if (object == NULL)
        return kc_module_leave(CKR_OBJECT_HANDLE_INVALID);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV one = kc_attribute_read(object, &template[i]);
        rv = one != CKR_OK ? one : rv;
    }
    return kc_module_leave(rv);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    if (size == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (kc_object_find(object, session->slot) == NULL)
        rv = CKR_OBJECT_HANDLE_INVALID;
    else
        *size = CK_UNAVAILABLE_INFORMATION;
    return kc_module_leave(rv);
}
