/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/key_template.h"

#include <stddef.h>
#include <string.h>

#define PUBLIC 1u
#define PRIVATE 2u
#define BOTH (PUBLIC | PRIVATE)
#define NOTHING 0
#define KC_MODULUS_BITS_MAX 16384 /* what a client may ask for; what there is, is in key.c */

/* One of the two templates, read. */
struct half {
    unsigned wishes;
    CK_ULONG key_type;     /* CK_UNAVAILABLE_INFORMATION: not told */
    CK_ULONG modulus_bits; /* 0: not told */
    struct kc_span curve;  /* CKA_EC_PARAMS; lent by the client */
    struct kc_label label;
    struct kc_octets identifier;
};

static CK_RV take_curve(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    struct kc_span curve = {attribute->pValue, attribute->ulValueLen};
    if (curve.bytes == NULL || curve.size == 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *(struct kc_span *)field = curve;
    return CKR_OK;
}

static CK_RV take_key_type(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    return kc_template_number(attribute, field) ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* "CKM_RSA_PKCS_KEY_PAIR_GEN": the one exponent that is made is F4, in however many octets. */
static CK_RV is_f4(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    (void)field;
    static const uint8_t f4[] = {1, 0, 1};
    const uint8_t *bytes = attribute->pValue;
    size_t size = attribute->ulValueLen;
    if (bytes == NULL || size == 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    while (size > sizeof f4 && *bytes == 0)
        bytes++, size--;
    return size == sizeof f4 && memcmp(bytes, f4, size) == 0 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* A key may be asked to do more than one thing; it will do one (kc_key_use). */
static const struct kc_template_row rows[] = {
    {CKA_CLASS, PUBLIC, kc_template_is_number, CKO_PUBLIC_KEY, NOTHING},
    {CKA_CLASS, PRIVATE, kc_template_is_number, CKO_PRIVATE_KEY, NOTHING},
    {CKA_KEY_TYPE, BOTH, take_key_type, 0, offsetof(struct half, key_type)},
    {CKA_TOKEN, PUBLIC, kc_template_is_truth, true, NOTHING},
    {CKA_TOKEN, PRIVATE, kc_template_take_bit, KC_WISH_TOKEN, offsetof(struct half, wishes)},
    {CKA_PRIVATE, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_PRIVATE, PRIVATE, kc_template_is_truth, true, NOTHING},
    {CKA_MODIFIABLE, BOTH, kc_template_is_truth, true, NOTHING},
    {CKA_COPYABLE, BOTH, kc_template_is_truth, false, NOTHING},
    {CKA_DESTROYABLE, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_DESTROYABLE, PRIVATE, kc_template_is_truth, true, NOTHING},
    {CKA_LABEL, BOTH, kc_template_take_label, 0, offsetof(struct half, label)},
    {CKA_ID, BOTH, kc_template_take_octets, 0, offsetof(struct half, identifier)},
    {CKA_SUBJECT, BOTH, kc_template_is_empty, 0, NOTHING},
    {CKA_START_DATE, BOTH, kc_template_is_empty, 0, NOTHING},
    {CKA_END_DATE, BOTH, kc_template_is_empty, 0, NOTHING},
    {CKA_EC_PARAMS, PUBLIC, take_curve, 0, offsetof(struct half, curve)},
    {CKA_EC_PARAMS, PRIVATE, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_MODULUS_BITS, PUBLIC, kc_template_take_number, KC_MODULUS_BITS_MAX,
        offsetof(struct half, modulus_bits)},
    {CKA_PUBLIC_EXPONENT, PUBLIC, is_f4, 0, NOTHING},
    {CKA_DERIVE, BOTH, kc_template_take_bit, KC_WISH_DERIVE, offsetof(struct half, wishes)},
    {CKA_SIGN, PRIVATE, kc_template_take_bit, KC_WISH_SIGN, offsetof(struct half, wishes)},
    {CKA_VERIFY, PUBLIC, kc_template_take_bit, KC_WISH_SIGN, offsetof(struct half, wishes)},
    {CKA_DECRYPT, PRIVATE, kc_template_take_bit, KC_WISH_DECRYPT, offsetof(struct half, wishes)},
    {CKA_ENCRYPT, PUBLIC, kc_template_take_bit, KC_WISH_DECRYPT, offsetof(struct half, wishes)},
    {CKA_UNWRAP, PRIVATE, kc_template_is_truth, false, NOTHING},
    {CKA_WRAP, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_SIGN_RECOVER, PRIVATE, kc_template_is_truth, false, NOTHING},
    {CKA_VERIFY_RECOVER, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_TRUSTED, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_WRAP_WITH_TRUSTED, PRIVATE, kc_template_is_truth, false, NOTHING},
    {CKA_ALWAYS_AUTHENTICATE, PRIVATE, kc_template_take_bit, KC_WISH_AUTHENTICATE,
        offsetof(struct half, wishes)},
    {CKA_SENSITIVE, PRIVATE, kc_template_is_truth, true, NOTHING},
    {CKA_EXTRACTABLE, PRIVATE, kc_template_is_truth, false, NOTHING},

    {CKA_LOCAL, BOTH, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_KEY_GEN_MECHANISM, BOTH, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_ALWAYS_SENSITIVE, PRIVATE, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_NEVER_EXTRACTABLE, PRIVATE, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_UNIQUE_ID, BOTH, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_PUBLIC_KEY_INFO, BOTH, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_EC_POINT, BOTH, kc_template_refuse, CKR_TEMPLATE_INCONSISTENT, NOTHING},
    {CKA_MODULUS, BOTH, kc_template_refuse, CKR_TEMPLATE_INCONSISTENT, NOTHING},
    {CKA_VALUE, BOTH, kc_template_refuse, CKR_TEMPLATE_INCONSISTENT, NOTHING},
};

static const struct kc_template_table table = {rows, sizeof rows / sizeof *rows};

static CK_RV read_half(
    unsigned which, const CK_ATTRIBUTE *template, CK_ULONG count, struct half *half)
{
    *half = (struct half){.key_type = CK_UNAVAILABLE_INFORMATION};
    return kc_template_read(&table, which, template, count, half);
}

/* What both halves may say, they say alike. */
static CK_RV merge(
    const struct half *public, const struct half *private, struct kc_key_wishes *wishes)
{
    const struct kc_label *label = private->label.given ? &private->label : &public->label;
    const struct kc_octets *id =
        private->identifier.given ? &private->identifier : &public->identifier;
    if (public->label.given && strcmp(public->label.text, label->text) != 0)
        return CKR_TEMPLATE_INCONSISTENT;
    if (public->identifier.given && (public->identifier.size != id->size ||
                                        memcmp(public->identifier.bytes, id->bytes, id->size) != 0))
        return CKR_TEMPLATE_INCONSISTENT;
    wishes->label = *label;
    wishes->identifier = *id;
    wishes->wishes = private->wishes;
    return CKR_OK;
}

static CK_RV find_type(
    CK_MECHANISM_TYPE mechanism, const struct half *public, const struct kc_key_type **type)
{
    if (mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN) {
        if (public->modulus_bits == 0)
            return CKR_TEMPLATE_INCOMPLETE;
        *type = kc_key_type_of_size(public->modulus_bits);
        return *type != NULL ? CKR_OK : CKR_KEY_SIZE_RANGE;
    }
    if (public->curve.size == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (!kc_key_parameters_valid(public->curve))
        return CKR_DOMAIN_PARAMS_INVALID;
    *type = kc_key_type_of_parameters(public->curve);
    return *type != NULL && (*type)->made_by == mechanism ? CKR_OK : CKR_CURVE_NOT_SUPPORTED;
}

static bool is_type(const struct half *half, const struct kc_key_type *type)
{
    return half->key_type == CK_UNAVAILABLE_INFORMATION || half->key_type == type->type;
}

CK_RV kc_key_templates_read(CK_MECHANISM_TYPE mechanism, const CK_ATTRIBUTE *public,
    CK_ULONG public_count, const CK_ATTRIBUTE *private, CK_ULONG private_count,
    struct kc_key_wishes *wishes)
{
    struct half one, other;
    struct kc_key_wishes result = {0};
    CK_RV rv = read_half(PUBLIC, public, public_count, &one);
    if (rv == CKR_OK)
        rv = read_half(PRIVATE, private, private_count, &other);
    if (rv == CKR_OK)
        rv = find_type(mechanism, &one, &result.type);
    if (rv == CKR_OK)
        rv = merge(&one, &other, &result);
    if (rv != CKR_OK)
        return rv;
    /* Session keys would need a place of their own in the custodian; CKA_TOKEN is false by default. */
    if (!is_type(&one, result.type) || !is_type(&other, result.type) ||
        (result.wishes & KC_WISH_TOKEN) == 0)
        return CKR_TEMPLATE_INCONSISTENT;
    *wishes = result;
    return CKR_OK;
}
