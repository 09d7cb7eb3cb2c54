/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of attributes: which object has which, and its value (PKCS#11 3.0, sections 4.4 to
 * 4.10).
 */
#ifndef KC_PKCS11_ATTRIBUTE_H
#define KC_PKCS11_ATTRIBUTE_H

#include "pkcs11/object.h"

/*
 * Reads one attribute into a client's template entry by the rules of C_GetAttributeValue.
 *
 * CKR_ATTRIBUTE_SENSITIVE     it is not told; the length becomes CK_UNAVAILABLE_INFORMATION
 * CKR_ATTRIBUTE_TYPE_INVALID  the object has none; the same
 * CKR_BUFFER_TOO_SMALL        the same
 */
CK_RV kc_attribute_read(const struct kc_object *object, CK_ATTRIBUTE *attribute);

/* Whether an object has an attribute, told or not. */
bool kc_attribute_exists(const struct kc_object *object, CK_ATTRIBUTE_TYPE type);

/* Whether an object has all attributes of a template with the same values. */
bool kc_attributes_match(
    const struct kc_object *object, const CK_ATTRIBUTE *template, CK_ULONG count);

/* The template's entry of a type, or NULL. */
const CK_ATTRIBUTE *kc_attribute_in(
    const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type);

#endif
