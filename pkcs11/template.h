/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates that clients make objects from: a table says which attributes may be in one, and what
 * becomes of each.
 */
#ifndef KC_PKCS11_TEMPLATE_H
#define KC_PKCS11_TEMPLATE_H

#include "pkcs11/key.h"

/* Octets that a client chose. */
struct kc_octets {
    uint8_t bytes[KC_KEY_IDENTIFIER_MAX];
    size_t size;
    bool given;
};

/* Text that a client chose, terminated. */
struct kc_label {
    char text[KC_KEY_TEXT_SIZE];
    bool given;
};

/* Takes one attribute into the field that its row names. */
typedef CK_RV kc_template_take(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field);

struct kc_template_row {
    CK_ATTRIBUTE_TYPE type;
    unsigned objects; /* the caller's bits: which of its objects may have it */
    kc_template_take *take;
    CK_ULONG argument;
    size_t offset; /* of the field in what is read */
};

struct kc_template_table {
    const struct kc_template_row *rows;
    size_t count; /* at most KC_TEMPLATE_ROWS_MAX */
};
#define KC_TEMPLATE_ROWS_MAX 64

/*
 * Reads a template for an object into *result; what it does not mention stays as it is.
 *
 * CKR_ATTRIBUTE_TYPE_INVALID  the object has no such attribute
 * CKR_TEMPLATE_INCONSISTENT   an attribute twice
 * and what the rows' functions say; then *result is of no use
 */
CK_RV kc_template_read(const struct kc_template_table *table, unsigned object,
    const CK_ATTRIBUTE *template, CK_ULONG count, void *result);

/* --- what a row can do; CKR_ATTRIBUTE_VALUE_INVALID: not a value of that type --- */

/* It is this number, or this truth (field not used). CKR_TEMPLATE_INCONSISTENT: another one. */
kc_template_take kc_template_is_number, kc_template_is_truth;

/* A truth becomes bit `argument` of an unsigned. */
kc_template_take kc_template_take_bit;

/* A number becomes a CK_ULONG; argument: the most it may be. 0 is no such number. */
kc_template_take kc_template_take_number;

/* A label becomes a struct kc_label, an identifier a struct kc_octets. */
kc_template_take kc_template_take_label, kc_template_take_octets;

/* No octets: an empty date, say. CKR_TEMPLATE_INCONSISTENT: there are some. */
kc_template_take kc_template_is_empty;

/* Never: the answer is `argument`. */
kc_template_take kc_template_refuse;

/* --- values --- */

bool kc_template_number(const CK_ATTRIBUTE *attribute, CK_ULONG *number);
bool kc_template_truth(const CK_ATTRIBUTE *attribute, bool *truth);

#endif
