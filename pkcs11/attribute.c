/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/attribute.h"

#include "base/ct.h"
#include "pkcs11/mechanism.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#define POINT_DER_MAX (KC_KEY_POINT_MAX + 2)

/* An attribute's value, lent: it points into the object, into a table, or to its own members. */
struct value {
    const void *bytes;
    CK_ULONG size;
    CK_ULONG number;
    CK_BBOOL truth;
    CK_DATE date;
    uint8_t der[POINT_DER_MAX];
    CK_MECHANISM_TYPE mechanisms[KC_MECHANISMS_MAX];
};

struct row {
    CK_ATTRIBUTE_TYPE type;
    unsigned kinds; /* enum kc_object_kind: the objects that have it */
    void (*get)(const struct kc_object *object, CK_ULONG argument, struct value *value);
    CK_ULONG argument;
};

static void give(struct value *value, const void *bytes, size_t size)
{
    value->bytes = bytes;
    value->size = size;
}

static void give_number(struct value *value, CK_ULONG number)
{
    value->number = number;
    give(value, &value->number, sizeof value->number);
}

static void give_truth(struct value *value, bool truth)
{
    value->truth = truth ? CK_TRUE : CK_FALSE;
    give(value, &value->truth, sizeof value->truth);
}

static void truth(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)object;
    give_truth(value, argument != 0);
}

static void number(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)object;
    give_number(value, argument);
}

static void empty(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)object;
    (void)argument;
    give(value, "", 0);
}

static void give_span(struct value *value, struct kc_span span)
{
    give(value, span.size > 0 ? span.bytes : (const uint8_t *)"", span.size);
}

static void unique_id(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->id, strlen(object->id));
}

static void identifier(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->identifier.bytes, object->identifier.size);
}

static void label(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->label.text, strlen(object->label.text));
}

static void content(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->value, object->value_size);
}

static void of_token(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, object->session == 0);
}

/* --- keys --- */

static void key_type(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->key.public.type->type);
}

static void key_made_by(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(
        value, object->key.own ? object->key.public.type->made_by : CK_UNAVAILABLE_INFORMATION);
}

static void key_local(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, object->key.own);
}

static void key_mechanisms(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    size_t count = kc_mechanisms_allowed(object, value->mechanisms);
    give(value, value->mechanisms, count * sizeof *value->mechanisms);
}

/* argument: enum kc_key_use */
static void key_is_for(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    give_truth(value, object->key.use == (enum kc_key_use)argument && !object->key.contributes);
}

/* The public half of a key goes with the private one. */
static void key_destroyable(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, !object->key.own);
}

static void key_confirms(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, object->key.confirms);
}

static void give_date(struct value *value, uint64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm tm;
    char text[sizeof value->date + 1];
    if (seconds == 0 || gmtime_r(&time, &tm) == NULL ||
        strftime(text, sizeof text, "%Y%m%d", &tm) == 0) {
        give(value, "", 0);
        return;
    }
    memcpy(&value->date, text, sizeof value->date);
    give(value, &value->date, sizeof value->date);
}

static void key_start(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_date(value, object->key.start);
}

static void key_end(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_date(value, object->key.expiry);
}

static void key_parameters(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_span(value, object->key.public.type->parameters);
}

static void key_point(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    struct kc_writer w;
    struct kc_span point = object->key.public.octets;
    kc_writer_init(&w, value->der, sizeof value->der);
    kc_der_head(&w, KC_DER_OCTET_STRING, point.size);
    kc_writer_bytes(&w, point.bytes, point.size);
    give(value, value->der, w.size);
}

static void key_modulus(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_span(value, object->key.public.modulus);
}

static void key_modulus_bits(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->key.public.type->bits);
}

static void key_exponent(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_span(value, object->key.public.exponent);
}

/* --- certificates and data --- */

/* argument: where in struct kc_certificate the span is */
static void certificate_part(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    struct kc_span part;
    memcpy(&part, (const char *)&object->certificate + argument, sizeof part);
    give_span(value, part);
}

static void certificate_category(
    const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->certificate_category);
}

static void application(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->data.application.text, strlen(object->data.application.text));
}

static void object_id(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->data.object_id.bytes, object->data.object_id.size);
}

/* --- secrets --- */

static void secret_flag(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    give_truth(value, (object->secret.flags & argument) != 0);
}

static void secret_label(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->secret.label.text, strlen(object->secret.label.text));
}

static void secret_identifier(
    const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->secret.identifier.bytes, object->secret.identifier.size);
}

static void secret_type(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->secret.type);
}

static void secret_value(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->secret.value, object->secret.value_size);
}

static void secret_value_size(
    const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->secret.value_size);
}

#define PUBLIC KC_OBJECT_PUBLIC
#define PRIVATE KC_OBJECT_PRIVATE
#define SECRET KC_OBJECT_SECRET
#define CERTIFICATE KC_OBJECT_CERTIFICATE
#define DATA KC_OBJECT_DATA
#define PAIR (PUBLIC | PRIVATE)
#define STORED (PAIR | CERTIFICATE | DATA)
#define ALL (STORED | SECRET)
#define PART(name) offsetof(struct kc_certificate, name)

static const struct row rows[] = {
    {CKA_CLASS, PUBLIC, number, CKO_PUBLIC_KEY},
    {CKA_CLASS, PRIVATE, number, CKO_PRIVATE_KEY},
    {CKA_CLASS, SECRET, number, CKO_SECRET_KEY},
    {CKA_CLASS, CERTIFICATE, number, CKO_CERTIFICATE},
    {CKA_CLASS, DATA, number, CKO_DATA},
    {CKA_TOKEN, ALL, of_token, 0},
    {CKA_PRIVATE, PUBLIC | CERTIFICATE | DATA, truth, false},
    {CKA_PRIVATE, PRIVATE, truth, true},
    {CKA_PRIVATE, SECRET, secret_flag, KC_SECRET_PRIVATE},
    {CKA_MODIFIABLE, STORED, truth, true},
    {CKA_MODIFIABLE, SECRET, secret_flag, KC_SECRET_MODIFIABLE},
    {CKA_COPYABLE, PAIR, truth, false},
    {CKA_COPYABLE, CERTIFICATE | DATA, truth, true},
    {CKA_COPYABLE, SECRET, secret_flag, KC_SECRET_COPYABLE},
    {CKA_DESTROYABLE, ALL & ~PUBLIC, truth, true},
    {CKA_DESTROYABLE, PUBLIC, key_destroyable, 0},
    {CKA_LABEL, STORED, label, 0},
    {CKA_LABEL, SECRET, secret_label, 0},
    {CKA_UNIQUE_ID, STORED, unique_id, 0},

    {CKA_KEY_TYPE, PAIR, key_type, 0},
    {CKA_KEY_TYPE, SECRET, secret_type, 0},
    {CKA_ID, PAIR | CERTIFICATE, identifier, 0},
    {CKA_ID, SECRET, secret_identifier, 0},
    {CKA_START_DATE, PAIR, key_start, 0},
    {CKA_START_DATE, SECRET | CERTIFICATE, empty, 0},
    {CKA_END_DATE, PAIR, key_end, 0},
    {CKA_END_DATE, SECRET | CERTIFICATE, empty, 0},
    {CKA_DERIVE, PAIR, key_is_for, KC_KEY_AGREES},
    {CKA_DERIVE, SECRET, secret_flag, KC_SECRET_DERIVE},
    {CKA_LOCAL, PAIR, key_local, 0},
    {CKA_LOCAL, SECRET, truth, false},
    {CKA_KEY_GEN_MECHANISM, PAIR, key_made_by, 0},
    {CKA_KEY_GEN_MECHANISM, SECRET, number, CK_UNAVAILABLE_INFORMATION},
    {CKA_ALLOWED_MECHANISMS, PAIR, key_mechanisms, 0},

    {CKA_SUBJECT, PAIR, empty, 0},
    {CKA_PUBLIC_KEY_INFO, PAIR, content, 0},
    {CKA_EC_PARAMS, PAIR, key_parameters, 0},
    /* The private half has it too: clients that find only that half make the public one of it. */
    {CKA_EC_POINT, PAIR, key_point, 0},
    {CKA_MODULUS, PAIR, key_modulus, 0},
    {CKA_PUBLIC_EXPONENT, PAIR, key_exponent, 0},
    {CKA_MODULUS_BITS, PUBLIC, key_modulus_bits, 0},

    {CKA_ENCRYPT, PUBLIC, key_is_for, KC_KEY_DECRYPTS},
    {CKA_ENCRYPT, SECRET, secret_flag, KC_SECRET_ENCRYPT},
    {CKA_VERIFY, PUBLIC, key_is_for, KC_KEY_SIGNS},
    {CKA_VERIFY, SECRET, secret_flag, KC_SECRET_VERIFY},
    {CKA_VERIFY_RECOVER, PUBLIC, truth, false},
    {CKA_WRAP, PUBLIC, truth, false},
    {CKA_WRAP, SECRET, secret_flag, KC_SECRET_WRAP},
    {CKA_TRUSTED, PUBLIC | SECRET | CERTIFICATE, truth, false},

    {CKA_SENSITIVE, PRIVATE, truth, true},
    {CKA_SENSITIVE, SECRET, secret_flag, KC_SECRET_SENSITIVE},
    {CKA_ALWAYS_SENSITIVE, PRIVATE, truth, true},
    {CKA_ALWAYS_SENSITIVE, SECRET, secret_flag, KC_SECRET_ALWAYS_SENSITIVE},
    {CKA_EXTRACTABLE, PRIVATE, truth, false},
    {CKA_EXTRACTABLE, SECRET, secret_flag, KC_SECRET_EXTRACTABLE},
    {CKA_NEVER_EXTRACTABLE, PRIVATE, truth, true},
    {CKA_NEVER_EXTRACTABLE, SECRET, secret_flag, KC_SECRET_NEVER_EXTRACTABLE},
    {CKA_DECRYPT, PRIVATE, key_is_for, KC_KEY_DECRYPTS},
    {CKA_DECRYPT, SECRET, secret_flag, KC_SECRET_DECRYPT},
    {CKA_SIGN, PRIVATE, key_is_for, KC_KEY_SIGNS},
    {CKA_SIGN, SECRET, secret_flag, KC_SECRET_SIGN},
    {CKA_SIGN_RECOVER, PRIVATE, truth, false},
    {CKA_UNWRAP, PRIVATE, truth, false},
    {CKA_UNWRAP, SECRET, secret_flag, KC_SECRET_UNWRAP},
    {CKA_WRAP_WITH_TRUSTED, PRIVATE | SECRET, truth, false},
    {CKA_ALWAYS_AUTHENTICATE, PRIVATE, key_confirms, 0},

    {CKA_CERTIFICATE_TYPE, CERTIFICATE, number, CKC_X_509},
    {CKA_CERTIFICATE_CATEGORY, CERTIFICATE, certificate_category, 0},
    {CKA_SUBJECT, CERTIFICATE, certificate_part, PART(subject)},
    {CKA_ISSUER, CERTIFICATE, certificate_part, PART(issuer)},
    {CKA_SERIAL_NUMBER, CERTIFICATE, certificate_part, PART(serial)},
    {CKA_PUBLIC_KEY_INFO, CERTIFICATE, certificate_part, PART(public_info)},
    {CKA_APPLICATION, DATA, application, 0},
    {CKA_OBJECT_ID, DATA, object_id, 0},
    {CKA_VALUE, CERTIFICATE | DATA, content, 0},

    /* Told only of a secret that is extractable and not sensitive; of a key never: see withheld. */
    {CKA_VALUE, PRIVATE, empty, 0},
    {CKA_PRIVATE_EXPONENT, PRIVATE, empty, 0},
    {CKA_PRIME_1, PRIVATE, empty, 0},
    {CKA_PRIME_2, PRIVATE, empty, 0},
    {CKA_EXPONENT_1, PRIVATE, empty, 0},
    {CKA_EXPONENT_2, PRIVATE, empty, 0},
    {CKA_COEFFICIENT, PRIVATE, empty, 0},
    {CKA_VALUE, SECRET, secret_value, 0},
    {CKA_VALUE_LEN, SECRET, secret_value_size, 0},
};

/* Attributes that only keys of a type have. */
static bool fits_type(const struct kc_object *object, CK_ATTRIBUTE_TYPE type)
{
    if ((object->kind & PAIR) == 0)
        return true;
    bool rsa = object->key.public.type->type == CKK_RSA;
    switch (type) {
    case CKA_EC_PARAMS:
    case CKA_EC_POINT:
    case CKA_VALUE:
        return !rsa;
    case CKA_MODULUS:
    case CKA_MODULUS_BITS:
    case CKA_PUBLIC_EXPONENT:
    case CKA_PRIVATE_EXPONENT:
    case CKA_PRIME_1:
    case CKA_PRIME_2:
    case CKA_EXPONENT_1:
    case CKA_EXPONENT_2:
    case CKA_COEFFICIENT:
        return rsa;
    default:
        return true;
    }
}

static const struct row *find(const struct kc_object *object, CK_ATTRIBUTE_TYPE type)
{
    if (!fits_type(object, type))
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == type && (rows[i].kinds & (unsigned)object->kind) != 0)
            return &rows[i];
    return NULL;
}

/* The private parts of a key, whatever it is called. */
static bool is_private_part(CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_VALUE || (type >= CKA_PRIVATE_EXPONENT && type <= CKA_COEFFICIENT);
}

static bool withheld(const struct kc_object *object, CK_ATTRIBUTE_TYPE type)
{
    if (object->kind == KC_OBJECT_PRIVATE)
        return is_private_part(type);
    return object->kind == KC_OBJECT_SECRET && type == CKA_VALUE &&
           ((object->secret.flags & KC_SECRET_SENSITIVE) != 0 ||
               (object->secret.flags & KC_SECRET_EXTRACTABLE) == 0);
}

CK_RV kc_attribute_read(const struct kc_object *object, CK_ATTRIBUTE *attribute)
{
    CK_ULONG room = attribute->ulValueLen;
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    const struct row *row = find(object, attribute->type);
    if (row == NULL)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (withheld(object, attribute->type))
        return CKR_ATTRIBUTE_SENSITIVE;
    struct value value;
    row->get(object, row->argument, &value);
    if (attribute->pValue != NULL) {
        if (room < value.size)
            return CKR_BUFFER_TOO_SMALL;
        memcpy(attribute->pValue, value.bytes, value.size);
    }
    attribute->ulValueLen = value.size;
    return CKR_OK;
}

bool kc_attribute_exists(const struct kc_object *object, CK_ATTRIBUTE_TYPE type)
{
    return find(object, type) != NULL;
}

static bool matches(const struct kc_object *object, const CK_ATTRIBUTE *wanted)
{
    const struct row *row = find(object, wanted->type);
    if (row == NULL || withheld(object, wanted->type))
        return false;
    struct value value;
    row->get(object, row->argument, &value);
    if (value.size != wanted->ulValueLen || (wanted->pValue == NULL && value.size > 0))
        return false;
    return kc_ct_bytes_equal(value.bytes, wanted->pValue, value.size) != 0;
}

bool kc_attributes_match(
    const struct kc_object *object, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (!matches(object, &template[i]))
            return false;
    return true;
}

const CK_ATTRIBUTE *kc_attribute_in(
    const CK_ATTRIBUTE *template, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == type)
            return &template[i];
    return NULL;
}
