/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_object.h"

#include "base/writer.h"
#include "tpm/hsm_connection.h"

#include <openssl/evp.h>
#include <string.h>

#define BLOB_VERSION 1
#define CHECKSUM_SIZE 16
#define RSA_BITS 2048
#define TEMPLATE_MAX 16

#ifndef CKR_CURVE_NOT_SUPPORTED
#define CKR_CURVE_NOT_SUPPORTED 0x140UL
#endif

/* --- the blob --- */

static void write_name(struct kc_writer *w, const struct kc_hsm_name *name)
{
    kc_writer_u8(w, BLOB_VERSION);
    kc_writer_u8(w, KC_ROOT_BLOB_HSM_KEY);
    kc_writer_u8(w, (uint8_t)name->algorithm->algorithm);
    kc_writer_u8(w, (uint8_t)name->use);
    kc_writer_bytes(w, name->id, sizeof name->id);
}

static enum kc_error checksum(
    struct kc_hsm_token *token, struct kc_span octets, uint8_t sum[static CHECKSUM_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(octets.bytes, octets.size, digest, NULL, EVP_sha256(), NULL) != 1)
        return kc_hsm_connection_refuse(token, KC_ERR_NO_MEMORY, "compute a blob's checksum");
    memcpy(sum, digest, CHECKSUM_SIZE);
    return KC_OK;
}

enum kc_error kc_hsm_name_write(
    struct kc_hsm_token *token, const struct kc_hsm_name *name, struct kc_root_made *made)
{
    struct kc_writer w;
    uint8_t sum[CHECKSUM_SIZE];
    kc_writer_init(&w, made->blob, sizeof made->blob);
    write_name(&w, name);
    enum kc_error error = checksum(token, (struct kc_span){made->blob, w.size}, sum);
    if (error != KC_OK)
        return error;
    kc_writer_bytes(&w, sum, sizeof sum);
    made->blob_size = w.size;
    made->algorithm = name->algorithm->algorithm;
    made->use = name->use;
    return kc_writer_finish(&w);
}

enum kc_error kc_hsm_name_read(
    struct kc_hsm_token *token, struct kc_span blob, struct kc_hsm_name *name)
{
    struct kc_reader r;
    uint8_t expected[CHECKSUM_SIZE] = {0}, sum[CHECKSUM_SIZE];
    kc_reader_init(&r, blob.bytes, blob.size);
    uint8_t version = kc_reader_u8(&r), kind = kc_reader_u8(&r);
    name->algorithm = kc_hsm_algorithm(kc_reader_u8(&r));
    name->use = (enum kc_use)kc_reader_u8(&r);
    kc_reader_copy(&r, name->id, sizeof name->id);
    size_t summed = blob.size - r.left;
    kc_reader_copy(&r, sum, sizeof sum);
    enum kc_error error = checksum(token, (struct kc_span){blob.bytes, summed}, expected);
    if (error != KC_OK)
        return error;
    bool is_right = kc_reader_finish(&r) == KC_OK && version == BLOB_VERSION &&
                    kind == KC_ROOT_BLOB_HSM_KEY && name->algorithm &&
                    memcmp(sum, expected, sizeof sum) == 0;
    return is_right ? KC_OK
                    : kc_hsm_connection_refuse(token, KC_ERR_RECORD_DAMAGED,
                          "the resident key's blob is not well formed");
}

/* --- making --- */

/* Attributes of a template; what they point to outlives them. */
struct template
{
    CK_ATTRIBUTE attributes[TEMPLATE_MAX];
    CK_ULONG count;
};

static void add(struct template *template, CK_ATTRIBUTE_TYPE type, const void *value, size_t size)
{
    union {
        const void *constant;
        void *plain;
    } lent = {.constant = value}; /* PKCS#11 has no const; a template is only read */
    template->attributes[template->count++] = (CK_ATTRIBUTE){type, lent.plain, size};
}

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void add_flag(struct template *template, CK_ATTRIBUTE_TYPE type, bool value)
{
    add(template, type, value ? &yes : &no, sizeof yes);
}

static void add_common(struct template *template, const struct kc_hsm_name *name,
    const struct kc_hsm_dialect *dialect, bool in_token)
{
    add(template, CKA_KEY_TYPE, &dialect->key_type, sizeof dialect->key_type);
    add_flag(template, CKA_TOKEN, in_token);
    add(template, CKA_LABEL, KC_HSM_NEW, strlen(KC_HSM_NEW));
    add(template, CKA_ID, name->id, sizeof name->id);
}

static void describe_public(struct template *template, const struct kc_hsm_name *name,
    const struct kc_hsm_dialect *dialect, bool in_token)
{
    static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    static const CK_ULONG bits = RSA_BITS;
    static const CK_BYTE exponent[] = {1, 0, 1};
    add(template, CKA_CLASS, &class, sizeof class);
    add_common(template, name, dialect, in_token);
    if (dialect->parameters) {
        add(template, CKA_EC_PARAMS, dialect->parameters, dialect->parameters_size);
    } else {
        add(template, CKA_MODULUS_BITS, &bits, sizeof bits);
        add(template, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
    }
    if (name->use == KC_USE_SIGN)
        add_flag(template, CKA_VERIFY, true);
    if (name->use == KC_USE_DECRYPT)
        add_flag(template, CKA_ENCRYPT, true);
}

/* Each key has one use; the others are denied, not left to the token. */
static void describe_private(struct template *template, const struct kc_hsm_name *name,
    const struct kc_hsm_dialect *dialect, bool in_token)
{
    static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    add(template, CKA_CLASS, &class, sizeof class);
    add_common(template, name, dialect, in_token);
    add_flag(template, CKA_PRIVATE, true);
    add_flag(template, CKA_SENSITIVE, true);
    add_flag(template, CKA_EXTRACTABLE, false);
    add_flag(template, CKA_SIGN, name->use == KC_USE_SIGN);
    add_flag(template, CKA_DERIVE, name->use == KC_USE_AGREE);
    add_flag(template, CKA_DECRYPT, name->use == KC_USE_DECRYPT);
    add_flag(template, CKA_UNWRAP, false);
}

static CK_RV generate(struct kc_hsm_token *token, const struct kc_hsm_name *name,
    const struct kc_hsm_dialect *dialect, bool in_token, struct kc_hsm_pair *pair)
{
    struct template public = {.count = 0}, private = {.count = 0};
    CK_MECHANISM generation = {dialect->generation, NULL, 0};
    describe_public(&public, name, dialect, in_token);
    describe_private(&private, name, dialect, in_token);
    return token->functions->C_GenerateKeyPair(token->session, &generation, public.attributes,
        public.count, private.attributes, private.count, &pair->public, &pair->private);
}

/* Tokens do not agree on how they say that they do not know a curve. */
static bool may_mean_the_dialect(CK_RV code)
{
    switch (code) {
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_DOMAIN_PARAMS_INVALID:
    case CKR_CURVE_NOT_SUPPORTED:
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
    case CKR_TEMPLATE_INCOMPLETE:
    case CKR_KEY_SIZE_RANGE:
    case CKR_FUNCTION_NOT_SUPPORTED:
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
        return true;
    default:
        return false;
    }
}

enum kc_error kc_hsm_pair_make(struct kc_hsm_token *token, const struct kc_hsm_name *name,
    bool in_token, struct kc_hsm_pair *pair, const struct kc_hsm_dialect **dialect)
{
    CK_RV code = CKR_MECHANISM_INVALID;
    for (size_t i = 0; i < name->algorithm->dialect_count && may_mean_the_dialect(code); i++) {
        *dialect = &name->algorithm->dialects[i];
        code = generate(token, name, *dialect, in_token, pair);
    }
    enum kc_error error = kc_hsm_connection_check(token, "make a resident key", code);
    /* one that is broken or gone says the same, but then so does the next call */
    return error != KC_OK && may_mean_the_dialect(code) ? KC_ERR_ROOT_UNFIT : error;
}

enum kc_error kc_hsm_pair_destroy(struct kc_hsm_token *token, const struct kc_hsm_pair *pair)
{
    const CK_OBJECT_HANDLE objects[] = {pair->public, pair->private};
    enum kc_error error = KC_OK;
    memset(token->hot, 0, sizeof token->hot);
    for (size_t i = 0; error == KC_OK && i < sizeof objects / sizeof objects[0]; i++)
        if (objects[i] != CK_INVALID_HANDLE)
            error = kc_hsm_connection_check(token, "destroy a resident key",
                token->functions->C_DestroyObject(token->session, objects[i]));
    return error;
}

/* --- the public key --- */

static enum kc_error read_attribute(struct kc_hsm_token *token, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_TYPE type, uint8_t *room, size_t room_size, struct kc_span *value)
{
    CK_ATTRIBUTE attribute = {type, room, room_size};
    enum kc_error error = kc_hsm_connection_check(token, "read the public key",
        token->functions->C_GetAttributeValue(token->session, object, &attribute, 1));
    if (error == KC_OK && attribute.ulValueLen > room_size)
        error = kc_hsm_connection_refuse(token, KC_ERR_ROOT_ANSWER, "the public key is too large");
    if (error == KC_OK)
        *value = (struct kc_span){room, attribute.ulValueLen};
    return error;
}

/* RFC 8017, A.1.1: SEQUENCE of the modulus, which needs a leading zero, and the exponent. */
static void write_rsa(struct kc_writer *w, struct kc_span modulus)
{
    static const uint8_t before[] = {0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    kc_writer_bytes(w, before, sizeof before);
    kc_writer_bytes(w, modulus.bytes, modulus.size);
    kc_writer_bytes(w, exponent, sizeof exponent);
}

enum kc_error kc_hsm_public_read(struct kc_hsm_token *token,
    const struct kc_hsm_algorithm *algorithm, CK_OBJECT_HANDLE object, struct kc_root_made *made,
    bool *is_der)
{
    uint8_t room[RSA_BITS / 8 + 1];
    struct kc_span value;
    struct kc_writer w;
    bool is_rsa = algorithm->algorithm == KC_ALGORITHM_RSA2048;
    enum kc_error error = read_attribute(
        token, object, is_rsa ? CKA_MODULUS : CKA_EC_POINT, room, sizeof room, &value);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, made->public_key, sizeof made->public_key);
    *is_der = false;
    if (is_rsa && value.size == RSA_BITS / 8) {
        write_rsa(&w, value);
    } else if (!is_rsa) {
        struct kc_span point = kc_hsm_point_read(algorithm, value, is_der);
        kc_writer_bytes(&w, point.bytes, point.size);
    }
    if (kc_writer_finish(&w) != KC_OK || w.size == 0)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "the public key has not its form");
    made->public_size = w.size;
    return KC_OK;
}

/* --- finding --- */

static enum kc_error search(struct kc_hsm_token *token, const struct kc_hsm_name *name,
    CK_OBJECT_CLASS class, CK_OBJECT_HANDLE found[static 2], CK_ULONG *count)
{
    struct template template = {.count = 0};
    add(&template, CKA_CLASS, &class, sizeof class);
    add(&template, CKA_ID, name->id, sizeof name->id);
    enum kc_error error = kc_hsm_connection_check(token, "begin to search a resident key",
        token->functions->C_FindObjectsInit(token->session, template.attributes, template.count));
    if (error != KC_OK)
        return error;
    error = kc_hsm_connection_check(token, "search a resident key",
        token->functions->C_FindObjects(token->session, found, 2, count));
    CK_RV ended = token->functions->C_FindObjectsFinal(token->session);
    return error == KC_OK ? kc_hsm_connection_check(token, "end the search", ended) : error;
}

static struct kc_hsm_hot *find_hot(
    struct kc_hsm_token *token, const struct kc_hsm_name *name, CK_OBJECT_CLASS class)
{
    for (size_t i = 0; i < KC_HSM_HOT_MAX; i++) {
        struct kc_hsm_hot *hot = &token->hot[i];
        if (hot->object != CK_INVALID_HANDLE && hot->class == class &&
            memcmp(hot->id, name->id, sizeof hot->id) == 0)
            return hot;
    }
    return NULL;
}

static void remember(struct kc_hsm_token *token, const struct kc_hsm_name *name,
    CK_OBJECT_CLASS class, CK_OBJECT_HANDLE object)
{
    struct kc_hsm_hot *hot = &token->hot[token->hot_next++ % KC_HSM_HOT_MAX];
    hot->object = object;
    hot->class = class;
    memcpy(hot->id, name->id, sizeof hot->id);
}

enum kc_error kc_hsm_object_find(struct kc_hsm_token *token, const struct kc_hsm_name *name,
    CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_HANDLE found[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    CK_ULONG count = 0;
    const struct kc_hsm_hot *hot = find_hot(token, name, class);
    enum kc_error error = hot ? KC_OK : search(token, name, class, found, &count);
    if (error == KC_OK && count > 1)
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "several objects have the resident key's id");
    if (error != KC_OK)
        return error;
    *object = hot ? hot->object : found[0];
    if (!hot && count == 1)
        remember(token, name, class, found[0]);
    return KC_OK;
}

enum kc_error kc_hsm_private_find(
    struct kc_hsm_token *token, const struct kc_hsm_name *name, CK_OBJECT_HANDLE *key)
{
    enum kc_error error = kc_hsm_object_find(token, name, CKO_PRIVATE_KEY, key);
    if (error == KC_OK && *key == CK_INVALID_HANDLE)
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_KEY, "no object of the token has the resident key's id");
    return error;
}

enum kc_error kc_hsm_object_label(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE object, const char *label)
{
    struct template template = {.count = 0};
    add(&template, CKA_LABEL, label, strlen(label));
    return kc_hsm_connection_check(token, "label a resident key",
        token->functions->C_SetAttributeValue(
            token->session, object, template.attributes, template.count));
}
