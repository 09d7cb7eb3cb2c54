/* SPDX-License-Identifier: Apache-2.0 */
/* The two templates from which a client generates a key pair (PKCS#11 3.0, section 5.18.2). */
#ifndef KC_PKCS11_KEY_TEMPLATE_H
#define KC_PKCS11_KEY_TEMPLATE_H

#include "pkcs11/template.h"

/* What the client wants of a key: bits. */
enum kc_key_wish {
    KC_WISH_TOKEN = 1 << 0,
    KC_WISH_SIGN = 1 << 1,
    KC_WISH_DERIVE = 1 << 2,
    KC_WISH_DECRYPT = 1 << 3,
    KC_WISH_AUTHENTICATE = 1 << 4, /* CKA_ALWAYS_AUTHENTICATE */
};

struct kc_key_wishes {
    const struct kc_key_type *type;
    unsigned wishes; /* of the private half */
    struct kc_label label;
    struct kc_octets identifier;
};

/*
 * Reads both templates for a mechanism.
 *
 * CKR_TEMPLATE_INCOMPLETE     no curve, or no size of the modulus
 * CKR_DOMAIN_PARAMS_INVALID   CKA_EC_PARAMS is neither an OID nor a name
 * CKR_CURVE_NOT_SUPPORTED     it is that of a curve which the mechanism does not make
 * CKR_TEMPLATE_INCONSISTENT   not a key pair of the token, or one whose private half could leave;
 *                             an attribute twice; the halves have two labels or two ids
 * CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_READ_ONLY
 */
CK_RV kc_key_templates_read(CK_MECHANISM_TYPE mechanism, const CK_ATTRIBUTE *public,
    CK_ULONG public_count, const CK_ATTRIBUTE *private, CK_ULONG private_count,
    struct kc_key_wishes *wishes);

#endif
