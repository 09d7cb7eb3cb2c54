/* SPDX-License-Identifier: Apache-2.0 */
/* The template from which a client derives a secret: a table of what may be in it. */
#ifndef KC_PKCS11_SECRET_TEMPLATE_H
#define KC_PKCS11_SECRET_TEMPLATE_H

#include "pkcs11/object.h"

/*
 * Reads a template for a derived generic secret or AES key.
 *
 * facts  all but value; value_size is CKA_VALUE_LEN, or 0 if the template does not ask for a length.
 *        What a template leaves open is sensitive, not extractable, for no use.
 *
 * CKR_ATTRIBUTE_TYPE_INVALID   a secret has no such attribute
 * CKR_ATTRIBUTE_READ_ONLY      it has, but the client does not set it
 * CKR_ATTRIBUTE_VALUE_INVALID  a value that cannot be had
 * CKR_TEMPLATE_INCONSISTENT    an attribute twice, or not such a secret of the session
 */
CK_RV kc_secret_template_read(
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_secret_facts *facts);

#endif
