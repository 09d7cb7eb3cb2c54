/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/secret_template.h"

#include <stddef.h>

#define ANY 1
#define NOTHING 0
#define FLAGS offsetof(struct kc_secret_facts, flags)

static const struct kc_template_row rows[] = {
    {CKA_CLASS, ANY, kc_template_is_number, CKO_SECRET_KEY, NOTHING},
    {CKA_KEY_TYPE, ANY, kc_template_take_number, CKK_AES, offsetof(struct kc_secret_facts, type)},
    {CKA_TOKEN, ANY, kc_template_is_truth, false, NOTHING},
    {CKA_MODIFIABLE, ANY, kc_template_take_bit, KC_SECRET_MODIFIABLE, FLAGS},
    {CKA_COPYABLE, ANY, kc_template_take_bit, KC_SECRET_COPYABLE, FLAGS},
    {CKA_DESTROYABLE, ANY, kc_template_is_truth, true, NOTHING},
    {CKA_TRUSTED, ANY, kc_template_is_truth, false, NOTHING},
    {CKA_WRAP_WITH_TRUSTED, ANY, kc_template_is_truth, false, NOTHING},
    {CKA_PRIVATE, ANY, kc_template_take_bit, KC_SECRET_PRIVATE, FLAGS},
    {CKA_SENSITIVE, ANY, kc_template_take_bit, KC_SECRET_SENSITIVE, FLAGS},
    {CKA_EXTRACTABLE, ANY, kc_template_take_bit, KC_SECRET_EXTRACTABLE, FLAGS},
    {CKA_ENCRYPT, ANY, kc_template_take_bit, KC_SECRET_ENCRYPT, FLAGS},
    {CKA_DECRYPT, ANY, kc_template_take_bit, KC_SECRET_DECRYPT, FLAGS},
    {CKA_SIGN, ANY, kc_template_take_bit, KC_SECRET_SIGN, FLAGS},
    {CKA_VERIFY, ANY, kc_template_take_bit, KC_SECRET_VERIFY, FLAGS},
    {CKA_WRAP, ANY, kc_template_take_bit, KC_SECRET_WRAP, FLAGS},
    {CKA_UNWRAP, ANY, kc_template_take_bit, KC_SECRET_UNWRAP, FLAGS},
    {CKA_DERIVE, ANY, kc_template_take_bit, KC_SECRET_DERIVE, FLAGS},
    {CKA_VALUE_LEN, ANY, kc_template_take_number, KC_SECRET_VALUE_MAX,
        offsetof(struct kc_secret_facts, value_size)},
    {CKA_LABEL, ANY, kc_template_take_label, 0, offsetof(struct kc_secret_facts, label)},
    {CKA_ID, ANY, kc_template_take_octets, 0, offsetof(struct kc_secret_facts, identifier)},
    {CKA_START_DATE, ANY, kc_template_is_empty, 0, NOTHING},
    {CKA_END_DATE, ANY, kc_template_is_empty, 0, NOTHING},
    {CKA_VALUE, ANY, kc_template_refuse, CKR_TEMPLATE_INCONSISTENT, NOTHING},
    {CKA_LOCAL, ANY, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_ALWAYS_SENSITIVE, ANY, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_NEVER_EXTRACTABLE, ANY, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_KEY_GEN_MECHANISM, ANY, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
};

static const struct kc_template_table table = {rows, sizeof rows / sizeof *rows};

/* An AES key has 16, 24 or 32 octets, and says so unless all that is agreed is one. */
static CK_RV check_type(const struct kc_secret_facts *facts)
{
    if (facts->type == CKK_GENERIC_SECRET)
        return CKR_OK;
    if (facts->type != CKK_AES)
        return CKR_TEMPLATE_INCONSISTENT;
    CK_ULONG size = facts->value_size;
    return size == 0 || size == 16 || size == 24 || size == 32 ? CKR_OK
                                                               : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV kc_secret_template_read(
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_secret_facts *facts)
{
    struct kc_secret_facts result = {.type = CKK_GENERIC_SECRET,
        .flags = KC_SECRET_SENSITIVE | KC_SECRET_MODIFIABLE | KC_SECRET_COPYABLE};
    CK_RV rv = kc_template_read(&table, ANY, template, count, &result);
    if (rv == CKR_OK)
        rv = check_type(&result);
    if (rv == CKR_OK)
        *facts = result;
    return rv;
}
