/* SPDX-License-Identifier: Apache-2.0 */
/* Templates by which clients create certificates, data and other people's public keys, and change
 * or copy what there is (PKCS#11 3.0, sections 4.5 to 4.9, 5.7). */
#ifndef KC_PKCS11_OBJECT_TEMPLATE_H
#define KC_PKCS11_OBJECT_TEMPLATE_H

#include "pkcs11/object.h"

/*
 * Reads a template for C_CreateObject.
 *
 * object    filled on success: given, kc_object_done
 * of_token  whether it is to be kept in the token
 *
 * CKR_TEMPLATE_INCOMPLETE      no class, or no value
 * CKR_ATTRIBUTE_VALUE_INVALID  a class whose objects are not created here (keys are generated), not
 *                              a certificate, not a public key of ours
 * CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_READ_ONLY, CKR_HOST_MEMORY
 */
CK_RV kc_object_template_create(
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_object *object, bool *of_token);

/* What a client changes. Values lend from its template. */
struct kc_object_change {
    struct kc_label label;
    struct kc_octets identifier;
    struct kc_label application;
    struct kc_octets object_id;
    struct kc_span value; /* of data */
    bool has_value;
    CK_ULONG sensitive, extractable; /* of a secret: CK_TRUE, CK_FALSE or not told */
    CK_ULONG of_token;               /* of a copy: the same */
};
#define KC_NOT_TOLD CK_UNAVAILABLE_INFORMATION

/*
 * Reads a template for C_SetAttributeValue or C_CopyObject of an object.
 *
 * CKR_ATTRIBUTE_READ_ONLY      the object has it, and it stays as it is
 * CKR_ATTRIBUTE_TYPE_INVALID   the object has no such attribute
 * CKR_ATTRIBUTE_VALUE_INVALID
 */
CK_RV kc_object_template_change(const struct kc_object *object, bool copies,
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_object_change *change);

/* Makes the change to an object of the client's side: everything but a value. */
void kc_object_apply(struct kc_object *object, const struct kc_object_change *change);

#endif
