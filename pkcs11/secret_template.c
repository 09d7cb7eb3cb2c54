/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/secret_template.h"

#include <string.h>

struct row {
    CK_ATTRIBUTE_TYPE type;
    CK_RV (*take)(const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts);
    CK_ULONG argument;
};

static bool read_number(const CK_ATTRIBUTE *attribute, CK_ULONG *number)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof *number)
        return false;
    memcpy(number, attribute->pValue, sizeof *number);
    return true;
}

static bool read_truth(const CK_ATTRIBUTE *attribute, bool *truth)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_BBOOL))
        return false;
    CK_BBOOL value = *(const CK_BBOOL *)attribute->pValue;
    *truth = value != CK_FALSE;
    return value == CK_FALSE || value == CK_TRUE;
}

/* Must be this number: another kind of object is not made here. */
static CK_RV take_kind(
    const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts)
{
    (void)facts;
    CK_ULONG number;
    if (!read_number(attribute, &number))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return number == argument ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

/* Must be this truth. */
static CK_RV take_fixed(
    const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts)
{
    (void)facts;
    bool truth;
    if (!read_truth(attribute, &truth))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return truth == (argument != 0) ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV take_flag(
    const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts)
{
    bool truth;
    if (!read_truth(attribute, &truth))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (truth)
        facts->flags |= (unsigned)argument;
    else
        facts->flags &= ~(unsigned)argument;
    return CKR_OK;
}

static CK_RV take_size(
    const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts)
{
    (void)argument;
    CK_ULONG size;
    if (!read_number(attribute, &size) || size == 0 || size > KC_SECRET_VALUE_MAX)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    facts->value_size = size;
    return CKR_OK;
}

static CK_RV take_label(
    const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts)
{
    (void)argument;
    size_t size = attribute->ulValueLen;
    if (size >= sizeof facts->label || (size > 0 && attribute->pValue == NULL))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (size > 0 && memchr(attribute->pValue, 0, size) != NULL)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memset(facts->label, 0, sizeof facts->label);
    if (size > 0)
        memcpy(facts->label, attribute->pValue, size);
    return CKR_OK;
}

static CK_RV take_identifier(
    const CK_ATTRIBUTE *attribute, CK_ULONG argument, struct kc_secret_facts *facts)
{
    (void)argument;
    size_t size = attribute->ulValueLen;
    if (size > sizeof facts->identifier || (size > 0 && attribute->pValue == NULL))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (size > 0)
        memcpy(facts->identifier, attribute->pValue, size);
    facts->identifier_size = size;
    return CKR_OK;
}

static CK_RV refuse(const CK_ATTRIBUTE *attribute, CK_ULONG rv, struct kc_secret_facts *facts)
{
    (void)attribute;
    (void)facts;
    return rv;
}

static const struct row rows[] = {
    {CKA_CLASS, take_kind, CKO_SECRET_KEY},
    {CKA_KEY_TYPE, take_kind, CKK_GENERIC_SECRET},
    {CKA_TOKEN, take_fixed, false},
    {CKA_MODIFIABLE, take_fixed, false},
    {CKA_COPYABLE, take_fixed, false},
    {CKA_DESTROYABLE, take_fixed, true},
    {CKA_TRUSTED, take_fixed, false},
    {CKA_WRAP_WITH_TRUSTED, take_fixed, false},
    {CKA_PRIVATE, take_flag, KC_SECRET_PRIVATE},
    {CKA_SENSITIVE, take_flag, KC_SECRET_SENSITIVE},
    {CKA_EXTRACTABLE, take_flag, KC_SECRET_EXTRACTABLE},
    {CKA_ENCRYPT, take_flag, KC_SECRET_ENCRYPT},
    {CKA_DECRYPT, take_flag, KC_SECRET_DECRYPT},
    {CKA_SIGN, take_flag, KC_SECRET_SIGN},
    {CKA_VERIFY, take_flag, KC_SECRET_VERIFY},
    {CKA_WRAP, take_flag, KC_SECRET_WRAP},
    {CKA_UNWRAP, take_flag, KC_SECRET_UNWRAP},
    {CKA_DERIVE, take_flag, KC_SECRET_DERIVE},
    {CKA_VALUE_LEN, take_size, 0},
    {CKA_LABEL, take_label, 0},
    {CKA_ID, take_identifier, 0},
    {CKA_VALUE, refuse, CKR_TEMPLATE_INCONSISTENT},
    {CKA_LOCAL, refuse, CKR_ATTRIBUTE_READ_ONLY},
    {CKA_ALWAYS_SENSITIVE, refuse, CKR_ATTRIBUTE_READ_ONLY},
    {CKA_NEVER_EXTRACTABLE, refuse, CKR_ATTRIBUTE_READ_ONLY},
    {CKA_KEY_GEN_MECHANISM, refuse, CKR_ATTRIBUTE_READ_ONLY},
};

static const struct row *find(CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == type)
            return &rows[i];
    return NULL;
}

CK_RV kc_secret_template_read(
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_secret_facts *facts)
{
    struct kc_secret_facts result = {.flags = KC_SECRET_SENSITIVE};
    bool seen[sizeof rows / sizeof *rows] = {false};
    for (CK_ULONG i = 0; i < count; i++) {
        const struct row *row = find(template[i].type);
        if (row == NULL)
            return CKR_ATTRIBUTE_TYPE_INVALID;
        if (seen[row - rows])
            return CKR_TEMPLATE_INCONSISTENT;
        seen[row - rows] = true;
        CK_RV rv = row->take(&template[i], row -> argument, &result);
        if (rv != CKR_OK)
            return rv;
    }
    *facts = result;
    return CKR_OK;
}
