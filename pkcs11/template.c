/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/template.h"

#include <string.h>

bool kc_template_number(const CK_ATTRIBUTE *attribute, CK_ULONG *number)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof *number)
        return false;
    memcpy(number, attribute->pValue, sizeof *number);
    return true;
}

bool kc_template_truth(const CK_ATTRIBUTE *attribute, bool *truth)
{
    if (attribute->pValue == NULL || attribute->ulValueLen != sizeof(CK_BBOOL))
        return false;
    CK_BBOOL value = *(const CK_BBOOL *)attribute->pValue;
    *truth = value != CK_FALSE;
    return value == CK_FALSE || value == CK_TRUE;
}

CK_RV kc_template_is_number(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)field;
    CK_ULONG number;
    if (!kc_template_number(attribute, &number))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return number == argument ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

CK_RV kc_template_is_truth(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)field;
    bool truth;
    if (!kc_template_truth(attribute, &truth))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return truth == (argument != 0) ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

CK_RV kc_template_take_bit(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    bool truth;
    unsigned *bits = field;
    if (!kc_template_truth(attribute, &truth))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (truth)
        *bits |= (unsigned)argument;
    else
        *bits &= ~(unsigned)argument;
    return CKR_OK;
}

CK_RV kc_template_take_number(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    CK_ULONG number;
    if (!kc_template_number(attribute, &number) || number == 0 || number > argument)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *(CK_ULONG *)field = number;
    return CKR_OK;
}

CK_RV kc_template_take_label(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    struct kc_label label = {.given = true};
    struct kc_span text = {attribute->pValue, attribute->ulValueLen};
    if (text.size >= sizeof label.text || (text.size > 0 && text.bytes == NULL))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (text.size > 0 && !kc_text_valid(text))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (text.size > 0)
        memcpy(label.text, text.bytes, text.size);
    *(struct kc_label *)field = label;
    return CKR_OK;
}

CK_RV kc_template_take_octets(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    struct kc_octets octets = {.given = true, .size = attribute->ulValueLen};
    if (octets.size > sizeof octets.bytes || (octets.size > 0 && attribute->pValue == NULL))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (octets.size > 0)
        memcpy(octets.bytes, attribute->pValue, octets.size);
    *(struct kc_octets *)field = octets;
    return CKR_OK;
}

CK_RV kc_template_is_empty(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    (void)field;
    return attribute->ulValueLen == 0 ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

CK_RV kc_template_refuse(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)attribute;
    (void)field;
    return argument;
}

/* The row for an attribute of an object, or NULL. */
static const struct kc_template_row *find(
    const struct kc_template_table *table, unsigned object, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].type == type && (table->rows[i].objects & object) != 0)
            return &table->rows[i];
    return NULL;
}

CK_RV kc_template_read(const struct kc_template_table *table, unsigned object,
    const CK_ATTRIBUTE *template, CK_ULONG count, void *result)
{
    bool seen[KC_TEMPLATE_ROWS_MAX] = {false};
    for (CK_ULONG i = 0; i < count; i++) {
        const struct kc_template_row *row = find(table, object, template[i].type);
        if (row == NULL)
            return CKR_ATTRIBUTE_TYPE_INVALID;
        if (seen[row - table->rows])
            return CKR_TEMPLATE_INCONSISTENT;
        seen[row - table->rows] = true;
        CK_RV rv = row->take(&template[i], row -> argument, (char *)result + row -> offset);
        if (rv != CKR_OK)
            return rv;
    }
    return CKR_OK;
}
