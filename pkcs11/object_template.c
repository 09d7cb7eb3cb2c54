/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/object_template.h"

#include "pkcs11/attribute.h"

#include <stddef.h>
#include <string.h>

#define CERTIFICATE KC_OBJECT_CERTIFICATE
#define DATA KC_OBJECT_DATA
#define PUBLIC KC_OBJECT_PUBLIC
#define ALL (CERTIFICATE | DATA | PUBLIC)
#define NOTHING 0

/* --- creating --- */

/* A template, read. Spans lend from it; those that it does not have are empty. */
struct wanted {
    unsigned of_token;
    CK_ULONG key_type;
    CK_ULONG category;
    struct kc_label label, application;
    struct kc_octets identifier, object_id;
    struct kc_span value, subject, issuer, parameters, point, modulus, exponent, public_info;
};

static CK_RV take_span(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    struct kc_span span = {attribute->pValue, attribute->ulValueLen};
    if (span.size > argument || (span.size > 0 && span.bytes == NULL))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *(struct kc_span *)field = span;
    return CKR_OK;
}

static CK_RV take_any_number(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    CK_ULONG number;
    if (!kc_template_number(attribute, &number) || number > argument)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *(CK_ULONG *)field = number;
    return CKR_OK;
}

/* Said again in the value, or of no meaning here. */
static CK_RV pass_over(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    (void)field;
    return attribute->pValue == NULL && attribute->ulValueLen > 0 ? CKR_ATTRIBUTE_VALUE_INVALID
                                                                  : CKR_OK;
}

#define WANTED(name) offsetof(struct wanted, name)
#define VALUE_MAX KC_OBJECT_VALUE_MAX

static const struct kc_template_row create_rows[] = {
    {CKA_CLASS, ALL, pass_over, 0, NOTHING}, /* it chose the rows */
    {CKA_TOKEN, ALL, kc_template_take_bit, 1, WANTED(of_token)},
    {CKA_PRIVATE, ALL, kc_template_is_truth, false, NOTHING},
    {CKA_MODIFIABLE, ALL, kc_template_is_truth, true, NOTHING},
    {CKA_COPYABLE, CERTIFICATE | DATA, kc_template_is_truth, true, NOTHING},
    {CKA_COPYABLE, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_DESTROYABLE, ALL, kc_template_is_truth, true, NOTHING},
    {CKA_LABEL, ALL, kc_template_take_label, 0, WANTED(label)},
    {CKA_UNIQUE_ID, ALL, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_ID, CERTIFICATE | PUBLIC, kc_template_take_octets, 0, WANTED(identifier)},
    {CKA_VALUE, CERTIFICATE | DATA, take_span, VALUE_MAX, WANTED(value)},
    {CKA_START_DATE, CERTIFICATE | PUBLIC, kc_template_is_empty, 0, NOTHING},
    {CKA_END_DATE, CERTIFICATE | PUBLIC, kc_template_is_empty, 0, NOTHING},
    {CKA_TRUSTED, CERTIFICATE | PUBLIC, kc_template_is_truth, false, NOTHING},

    {CKA_CERTIFICATE_TYPE, CERTIFICATE, kc_template_is_number, CKC_X_509, NOTHING},
    {CKA_CERTIFICATE_CATEGORY, CERTIFICATE, take_any_number, 3, WANTED(category)},
    {CKA_SUBJECT, CERTIFICATE, take_span, VALUE_MAX, WANTED(subject)},
    {CKA_ISSUER, CERTIFICATE, take_span, VALUE_MAX, WANTED(issuer)},
    {CKA_SERIAL_NUMBER, CERTIFICATE, pass_over, 0, NOTHING}, /* with DER around it, or without */
    {CKA_PUBLIC_KEY_INFO, CERTIFICATE, pass_over, 0, NOTHING},
    {CKA_CHECK_VALUE, CERTIFICATE, pass_over, 0, NOTHING},
    {CKA_URL, CERTIFICATE, kc_template_is_empty, 0, NOTHING},

    {CKA_APPLICATION, DATA, kc_template_take_label, 0, WANTED(application)},
    {CKA_OBJECT_ID, DATA, kc_template_take_octets, 0, WANTED(object_id)},

    {CKA_KEY_TYPE, PUBLIC, take_any_number, ~0UL, WANTED(key_type)},
    {CKA_EC_PARAMS, PUBLIC, take_span, VALUE_MAX, WANTED(parameters)},
    {CKA_EC_POINT, PUBLIC, take_span, VALUE_MAX, WANTED(point)},
    {CKA_MODULUS, PUBLIC, take_span, VALUE_MAX, WANTED(modulus)},
    {CKA_PUBLIC_EXPONENT, PUBLIC, take_span, VALUE_MAX, WANTED(exponent)},
    {CKA_MODULUS_BITS, PUBLIC, pass_over, 0, NOTHING},
    {CKA_PUBLIC_KEY_INFO, PUBLIC, take_span, VALUE_MAX, WANTED(public_info)},
    {CKA_SUBJECT, PUBLIC, kc_template_is_empty, 0, NOTHING},
    {CKA_VERIFY, PUBLIC, pass_over, 0, NOTHING}, /* what it is for follows from its type */
    {CKA_ENCRYPT, PUBLIC, pass_over, 0, NOTHING},
    {CKA_DERIVE, PUBLIC, pass_over, 0, NOTHING},
    {CKA_WRAP, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_VERIFY_RECOVER, PUBLIC, kc_template_is_truth, false, NOTHING},
    {CKA_LOCAL, PUBLIC, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
    {CKA_KEY_GEN_MECHANISM, PUBLIC, kc_template_refuse, CKR_ATTRIBUTE_READ_ONLY, NOTHING},
};

static const struct kc_template_table create_table = {
    create_rows, sizeof create_rows / sizeof *create_rows};

static CK_RV read_class(const CK_ATTRIBUTE *template, CK_ULONG count, enum kc_object_kind *kind)
{
    const CK_ATTRIBUTE *attribute = kc_attribute_in(template, count, CKA_CLASS);
    CK_ULONG class;
    if (attribute == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (!kc_template_number(attribute, &class))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    switch (class) {
    case CKO_CERTIFICATE:
        *kind = CERTIFICATE;
        return CKR_OK;
    case CKO_DATA:
        *kind = DATA;
        return CKR_OK;
    case CKO_PUBLIC_KEY:
        *kind = PUBLIC;
        return CKR_OK;
    default: /* private and secret keys are generated and derived, not brought */
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
}

/* "DER-encoding of ANSI X9.62 ECPoint value": an OCTET STRING; the bare point is taken too. */
static struct kc_span point_octets(const struct kc_key_type *type, struct kc_span point)
{
    if (point.size == type->public_size + 2 && point.bytes[0] == KC_DER_OCTET_STRING &&
        point.bytes[1] == type->public_size)
        return (struct kc_span){point.bytes + 2, point.size - 2};
    return point;
}

static CK_RV make_rsa(
    const struct wanted *wanted, uint8_t info[static KC_KEY_INFO_MAX], size_t *size)
{
    uint8_t der[KC_KEY_PUBLIC_MAX];
    size_t der_size;
    struct kc_span modulus = wanted->modulus;
    while (modulus.size > 0 && modulus.bytes[0] == 0)
        modulus.bytes++, modulus.size--;
    const struct kc_key_type *type = kc_key_type_of_size(8 * (CK_ULONG)modulus.size);
    if (modulus.size == 0 || wanted->exponent.size == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (type == NULL || kc_public_rsa(modulus, wanted->exponent, der, &der_size) != KC_OK ||
        kc_public_make(type, (struct kc_span){der, der_size}, info, size) != KC_OK)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return CKR_OK;
}

static CK_RV make_curve(
    const struct wanted *wanted, uint8_t info[static KC_KEY_INFO_MAX], size_t *size)
{
    if (wanted->parameters.size == 0 || wanted->point.size == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (!kc_key_parameters_valid(wanted->parameters))
        return CKR_DOMAIN_PARAMS_INVALID;
    const struct kc_key_type *type = kc_key_type_of_parameters(wanted->parameters);
    if (type == NULL)
        return CKR_CURVE_NOT_SUPPORTED;
    if (type->type != wanted->key_type)
        return CKR_TEMPLATE_INCONSISTENT;
    struct kc_span point = point_octets(type, wanted->point);
    return kc_public_make(type, point, info, size) == KC_OK ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV set_public(const struct wanted *wanted, struct kc_object *object)
{
    uint8_t info[KC_KEY_INFO_MAX];
    size_t size;
    CK_RV rv;
    if (wanted->public_info.size > 0 && wanted->point.size == 0 && wanted->modulus.size == 0) {
        rv = kc_object_set_value(object, wanted->public_info);
    } else {
        rv = wanted->key_type == CKK_RSA ? make_rsa(wanted, info, &size)
                                         : make_curve(wanted, info, &size);
        if (rv == CKR_OK)
            rv = kc_object_set_value(object, (struct kc_span){info, size});
    }
    if (rv != CKR_OK)
        return rv;
    const struct kc_key_type *type = object->key.public.type;
    object->key.use = type->signature_size > 0 ? KC_KEY_SIGNS : KC_KEY_AGREES;
    return CKR_OK;
}

static bool says(struct kc_span told, struct kc_span found)
{
    return told.size == 0 ||
           (told.size == found.size && memcmp(told.bytes, found.bytes, found.size) == 0);
}

static CK_RV set_certificate(const struct wanted *wanted, struct kc_object *object)
{
    if (wanted->value.size == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    CK_RV rv = kc_object_set_value(object, wanted->value);
    if (rv != CKR_OK)
        return rv;
    object->certificate_category = (uint8_t)wanted->category;
    const struct kc_certificate *certificate = &object->certificate;
    return says(wanted->subject, certificate->subject) && says(wanted->issuer, certificate->issuer)
               ? CKR_OK
               : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV set_content(const struct wanted *wanted, struct kc_object *object)
{
    if (object->kind == PUBLIC)
        return set_public(wanted, object);
    if (object->kind == CERTIFICATE)
        return set_certificate(wanted, object);
    object->data.application = wanted->application;
    object->data.object_id = wanted->object_id;
    return kc_object_set_value(object, wanted->value);
}

CK_RV kc_object_template_create(
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_object *object, bool *of_token)
{
    struct kc_object result = {0};
    struct wanted wanted = {.key_type = KC_NOT_TOLD};
    CK_RV rv = read_class(template, count, &result.kind);
    if (rv == CKR_OK)
        rv = kc_template_read(&create_table, result.kind, template, count, &wanted);
    if (rv != CKR_OK)
        return rv;
    result.label = wanted.label;
    result.identifier = wanted.identifier;
    rv = set_content(&wanted, &result);
    if (rv != CKR_OK) {
        kc_object_done(&result);
        return rv;
    }
    *object = result;
    *of_token = wanted.of_token != 0;
    return CKR_OK;
}

/* --- changing --- */

static CK_RV take_value(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    struct kc_object_change *change = field;
    change->has_value = true;
    return take_span(attribute, argument, &change->value);
}

static CK_RV take_truth(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    (void)argument;
    bool truth;
    if (!kc_template_truth(attribute, &truth))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *(CK_ULONG *)field = truth ? CK_TRUE : CK_FALSE;
    return CKR_OK;
}

/* One way only: a key may become more protected, not less. */
static CK_RV take_protection(const CK_ATTRIBUTE *attribute, CK_ULONG argument, void *field)
{
    CK_ULONG truth;
    CK_RV rv = take_truth(attribute, 0, &truth);
    if (rv != CKR_OK)
        return rv;
    if (truth != argument)
        return CKR_ATTRIBUTE_READ_ONLY;
    *(CK_ULONG *)field = truth;
    return CKR_OK;
}

#define CHANGE(name) offsetof(struct kc_object_change, name)
#define PRIVATE KC_OBJECT_PRIVATE
#define SECRET KC_OBJECT_SECRET

static const struct kc_template_row change_rows[] = {
    {CKA_LABEL, ALL | PRIVATE | SECRET, kc_template_take_label, 0, CHANGE(label)},
    {CKA_ID, CERTIFICATE | PUBLIC | PRIVATE | SECRET, kc_template_take_octets, 0,
        CHANGE(identifier)},
    {CKA_APPLICATION, DATA, kc_template_take_label, 0, CHANGE(application)},
    {CKA_OBJECT_ID, DATA, kc_template_take_octets, 0, CHANGE(object_id)},
    {CKA_VALUE, DATA, take_value, VALUE_MAX, 0},
    {CKA_SENSITIVE, PRIVATE | SECRET, take_protection, CK_TRUE, CHANGE(sensitive)},
    {CKA_EXTRACTABLE, PRIVATE | SECRET, take_protection, CK_FALSE, CHANGE(extractable)},
};

/* Of a copy, where it is, and whether it can be changed, may be told too. */
static CK_RV read_one(const struct kc_object *object, bool copies, const CK_ATTRIBUTE *attribute,
    struct kc_object_change *change)
{
    static const struct kc_template_table table = {
        change_rows, sizeof change_rows / sizeof *change_rows};
    if (copies && attribute->type == CKA_TOKEN)
        return take_truth(attribute, 0, &change->of_token);
    CK_RV rv = kc_template_read(&table, object->kind, attribute, 1, change);
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID && kc_attribute_exists(object, attribute->type))
        return CKR_ATTRIBUTE_READ_ONLY;
    return rv;
}

CK_RV kc_object_template_change(const struct kc_object *object, bool copies,
    const CK_ATTRIBUTE *template, CK_ULONG count, struct kc_object_change *change)
{
    struct kc_object_change result = {
        .sensitive = KC_NOT_TOLD, .extractable = KC_NOT_TOLD, .of_token = KC_NOT_TOLD};
    for (CK_ULONG i = 0; i < count; i++) {
        if (kc_attribute_in(template, i, template[i].type) != NULL)
            return CKR_TEMPLATE_INCONSISTENT;
        CK_RV rv = read_one(object, copies, &template[i], &result);
        if (rv != CKR_OK)
            return rv;
    }
    *change = result;
    return CKR_OK;
}

static void apply_to_secret(struct kc_secret_facts *secret, const struct kc_object_change *change)
{
    if (change->label.given)
        secret->label = change->label;
    if (change->identifier.given)
        secret->identifier = change->identifier;
    if (change->sensitive == CK_TRUE)
        secret->flags |= KC_SECRET_SENSITIVE;
    if (change->extractable == CK_FALSE)
        secret->flags &= ~(unsigned)KC_SECRET_EXTRACTABLE;
}

void kc_object_apply(struct kc_object *object, const struct kc_object_change *change)
{
    if (object->kind == SECRET) {
        apply_to_secret(&object->secret, change);
        return;
    }
    if (change->label.given)
        object->label = change->label;
    if (change->identifier.given)
        object->identifier = change->identifier;
    if (object->kind == DATA && change->application.given)
        object->data.application = change->application;
    if (object->kind == DATA && change->object_id.given)
        object->data.object_id = change->object_id;
}
