/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/attribute.h"

#include "base/ct.h"

#include <string.h>

/* DER around a raw public key (RFC 8410): SEQUENCE { SEQUENCE { OID }, BIT
 * STRING } is the longest. */
#define DER_MAX (KC_KEY_POINT_MAX + 16)

/* An attribute's value, lent: it points into the object, into a table, or to its own members. */
struct value {
    const void *bytes;
    CK_ULONG size;
    CK_ULONG number;
    CK_BBOOL truth;
    uint8_t der[DER_MAX];
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

static void key_id_text(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->key.id, strlen(object->key.id));
}

static void key_identifier(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->key.identifier, object->key.identifier_size);
}

static void key_label(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->key.label, strlen(object->key.label));
}

static void key_type(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->key.type->type);
}

static void key_made_by(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->key.type->made_by);
}

static void key_mechanisms(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_number(value, object->key.type->use);
}

static void key_signs(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, object->key.type->signature_size != 0);
}

static void key_agrees(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, object->key.type->agreed_size != 0);
}

static void key_parameters(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->key.type->oid.bytes, object->key.type->oid.size);
}

/* A tag and a length below 128, written at an offset; returns the offset behind it. */
static size_t put_head(uint8_t *der, size_t offset, uint8_t tag, size_t size)
{
    der[offset] = tag;
    der[offset + 1] = (uint8_t)size;
    return offset + 2;
}

static void key_point(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    size_t size = object->key.type->point_size;
    size_t at = put_head(value->der, 0, 0x04, size); /* OCTET STRING */
    memcpy(value->der + at, object->key.point, size);
    give(value, value->der, at + size);
}

static void key_public_info(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    const struct kc_key_type *type = object->key.type;
    size_t at = put_head(value->der, 0, 0x30, 2 + type->oid.size + 3 + type->point_size);
    at = put_head(value->der, at, 0x30, type->oid.size);
    memcpy(value->der + at, type->oid.bytes, type->oid.size);
    at = put_head(value->der, at + type->oid.size, 0x03, 1 + type->point_size); /* BIT STRING */
    value->der[at++] = 0;                                                       /* unused bits */
    memcpy(value->der + at, object->key.point, type->point_size);
    give(value, value->der, at + type->point_size);
}

static void secret_flag(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    give_truth(value, (object->secret.flags & argument) != 0);
}

/* The base key always was sensitive and never extractable, so these follow the secret's own. */
static void secret_never_extractable(
    const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give_truth(value, (object->secret.flags & KC_SECRET_EXTRACTABLE) == 0);
}

static void secret_label(const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->secret.label, strlen(object->secret.label));
}

static void secret_identifier(
    const struct kc_object *object, CK_ULONG argument, struct value *value)
{
    (void)argument;
    give(value, object->secret.identifier, object->secret.identifier_size);
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
#define KEYS (PUBLIC | PRIVATE)
#define ALL (KEYS | SECRET)

static const struct row rows[] = {
    {CKA_CLASS, PUBLIC, number, CKO_PUBLIC_KEY},
    {CKA_CLASS, PRIVATE, number, CKO_PRIVATE_KEY},
    {CKA_CLASS, SECRET, number, CKO_SECRET_KEY},
    {CKA_TOKEN, KEYS, truth, true},
    {CKA_TOKEN, SECRET, truth, false},
    /* Who may see a key is decided by the caller's credentials, never by a login. */
    {CKA_PRIVATE, KEYS, truth, false},
    {CKA_PRIVATE, SECRET, secret_flag, KC_SECRET_PRIVATE},
    {CKA_MODIFIABLE, ALL, truth, false},
    {CKA_COPYABLE, ALL, truth, false},
    {CKA_DESTROYABLE, KEYS, truth, false},
    {CKA_DESTROYABLE, SECRET, truth, true},
    {CKA_LABEL, KEYS, key_label, 0},
    {CKA_LABEL, SECRET, secret_label, 0},
    {CKA_UNIQUE_ID, KEYS, key_id_text, 0},

    {CKA_KEY_TYPE, KEYS, key_type, 0},
    {CKA_KEY_TYPE, SECRET, number, CKK_GENERIC_SECRET},
    {CKA_ID, KEYS, key_identifier, 0},
    {CKA_ID, SECRET, secret_identifier, 0},
    {CKA_START_DATE, ALL, empty, 0},
    {CKA_END_DATE, ALL, empty, 0},
    {CKA_DERIVE, KEYS, key_agrees, 0},
    {CKA_DERIVE, SECRET, secret_flag, KC_SECRET_DERIVE},
    {CKA_LOCAL, KEYS, truth, true},
    {CKA_LOCAL, SECRET, truth, false},
    {CKA_KEY_GEN_MECHANISM, KEYS, key_made_by, 0},
    {CKA_KEY_GEN_MECHANISM, SECRET, number, CK_UNAVAILABLE_INFORMATION},
    {CKA_ALLOWED_MECHANISMS, KEYS, key_mechanisms, 0},

    {CKA_SUBJECT, KEYS, empty, 0},
    {CKA_EC_PARAMS, KEYS, key_parameters, 0},
    /* The private half has it too: clients that find only that half make the public one of it. */
    {CKA_EC_POINT, KEYS, key_point, 0},
    {CKA_PUBLIC_KEY_INFO, KEYS, key_public_info, 0},

    {CKA_ENCRYPT, PUBLIC, truth, false},
    {CKA_ENCRYPT, SECRET, secret_flag, KC_SECRET_ENCRYPT},
    /* The key is one to verify with, though the token leaves verifying to the client. */
    {CKA_VERIFY, PUBLIC, key_signs, 0},
    {CKA_VERIFY, SECRET, secret_flag, KC_SECRET_VERIFY},
    {CKA_VERIFY_RECOVER, PUBLIC, truth, false},
    {CKA_WRAP, PUBLIC, truth, false},
    {CKA_WRAP, SECRET, secret_flag, KC_SECRET_WRAP},
    {CKA_TRUSTED, PUBLIC | SECRET, truth, false},

    {CKA_SENSITIVE, PRIVATE, truth, true},
    {CKA_SENSITIVE, SECRET, secret_flag, KC_SECRET_SENSITIVE},
    {CKA_ALWAYS_SENSITIVE, PRIVATE, truth, true},
    {CKA_ALWAYS_SENSITIVE, SECRET, secret_flag, KC_SECRET_SENSITIVE},
    {CKA_EXTRACTABLE, PRIVATE, truth, false},
    {CKA_EXTRACTABLE, SECRET, secret_flag, KC_SECRET_EXTRACTABLE},
    {CKA_NEVER_EXTRACTABLE, PRIVATE, truth, true},
    {CKA_NEVER_EXTRACTABLE, SECRET, secret_never_extractable, 0},
    {CKA_DECRYPT, PRIVATE, truth, false},
    {CKA_DECRYPT, SECRET, secret_flag, KC_SECRET_DECRYPT},
    {CKA_SIGN, PRIVATE, key_signs, 0},
    {CKA_SIGN, SECRET, secret_flag, KC_SECRET_SIGN},
    {CKA_SIGN_RECOVER, PRIVATE, truth, false},
    {CKA_UNWRAP, PRIVATE, truth, false},
    {CKA_UNWRAP, SECRET, secret_flag, KC_SECRET_UNWRAP},
    {CKA_WRAP_WITH_TRUSTED, PRIVATE | SECRET, truth, false},
    {CKA_ALWAYS_AUTHENTICATE, PRIVATE, truth, false},

    /* Told only of a secret that is extractable and not sensitive; of a key never: see withheld. */
    {CKA_VALUE, PRIVATE, empty, 0},
    {CKA_VALUE, SECRET, secret_value, 0},
    {CKA_VALUE_LEN, SECRET, secret_value_size, 0},
};

static const struct row *find(const struct kc_object *object, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == type && (rows[i].kinds & (unsigned)object->kind) != 0)
            return &rows[i];
    return NULL;
}

static bool withheld(const struct kc_object *object, CK_ATTRIBUTE_TYPE type)
{
    if (type != CKA_VALUE)
        return false;
    return object->kind != KC_OBJECT_SECRET || (object->secret.flags & KC_SECRET_SENSITIVE) != 0 ||
           (object->secret.flags & KC_SECRET_EXTRACTABLE) == 0;
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
