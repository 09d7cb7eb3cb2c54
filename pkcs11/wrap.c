/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys do not leave by wrapping, and none come in by unwrapping: there is no mechanism for it. What
 * can be said of the keys is said first (PKCS#11 3.0, section 5.18).
 */
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/session.h"

static bool is_key(const struct kc_object *object)
{
    return object != NULL &&
           (object->kind & (KC_OBJECT_PUBLIC | KC_OBJECT_PRIVATE | KC_OBJECT_SECRET)) != 0;
}

static bool is_extractable(const struct kc_object *object)
{
    return object->kind == KC_OBJECT_SECRET && (object->secret.flags & KC_SECRET_EXTRACTABLE) != 0;
}

CK_RV C_WrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
    CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *size)
{
    (void)wrapped;
    if (mechanism == NULL || size == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    const struct kc_object *object = kc_object_find(key, session->slot);
    if (!is_key(kc_object_find(wrapping, session->slot)))
        rv = CKR_WRAPPING_KEY_HANDLE_INVALID;
    else if (!is_key(object))
        rv = CKR_KEY_HANDLE_INVALID;
    else
        rv = is_extractable(object) ? CKR_MECHANISM_INVALID : CKR_KEY_UNEXTRACTABLE;
    return kc_module_leave(rv);
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
    CK_BYTE *wrapped, CK_ULONG wrapped_size, CK_ATTRIBUTE *template, CK_ULONG count,
    CK_OBJECT_HANDLE *key)
{
    if (mechanism == NULL || key == NULL || (wrapped == NULL && wrapped_size > 0) ||
        (template == NULL && count > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    bool found = is_key(kc_object_find(unwrapping, session->slot));
    return kc_module_leave(found ? CKR_MECHANISM_INVALID : CKR_UNWRAPPING_KEY_HANDLE_INVALID);
}

/* Secrets come of an agreement, and stay in their session; none is generated. */
CK_RV C_GenerateKey(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
    CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    if (mechanism == NULL || key == NULL || (template == NULL && count > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    return rv != CKR_OK ? rv : kc_module_leave(CKR_MECHANISM_INVALID);
}
