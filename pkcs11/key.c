/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/key.h"

#include <string.h>

#define SPAN(...)                                                                                  \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }
#define OID_RFC8410(last) 0x06, 0x03, 0x2b, 0x65, last
#define OID_EC_PUBLIC_KEY 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
#define OID_P256 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
#define OID_P384 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22
#define OID_RSA 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01
#define DER_NULL 0x05, 0x00

#define EDWARDS(name, bits, size, last, names)                                                     \
    {                                                                                              \
        name, KC_TOKEN_EDWARDS, CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, bits, size,           \
            (size_t)2 * size, 0, SPAN(OID_RFC8410(last)), SPAN(OID_RFC8410(last)), names           \
    }
#define MONTGOMERY(name, bits, size, last, names)                                                  \
    {                                                                                              \
        name, KC_TOKEN_EDWARDS, CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, bits, size, 0,  \
            size, SPAN(OID_RFC8410(last)), SPAN(OID_RFC8410(last)), names                          \
    }
#define NIST(name, bits, size, oid, names)                                                         \
    {                                                                                              \
        name, KC_TOKEN_NIST, CKK_EC, CKM_EC_KEY_PAIR_GEN, bits, (size_t)2 * size + 1,              \
            (size_t)2 * size, size, SPAN(OID_EC_PUBLIC_KEY, oid), SPAN(oid), names                 \
    }
#define RSA(name, bits)                                                                            \
    {                                                                                              \
        name, KC_TOKEN_NIST, CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN, bits, 0, bits / 8, 0,             \
            SPAN(OID_RSA, DER_NULL), {NULL, 0}, ""                                                 \
    }

static const struct kc_key_type types[] = {
    EDWARDS("Ed25519", 255, 32, 0x70, "edwards25519 Ed25519 ed25519"),
    EDWARDS("Ed448", 448, 57, 0x71, "edwards448 Ed448 ed448"),
    MONTGOMERY("X25519", 255, 32, 0x6e, "curve25519 X25519 x25519"),
    MONTGOMERY("X448", 448, 56, 0x6f, "curve448 X448 x448"),
    NIST("P-256", 256, 32, OID_P256, "prime256v1 secp256r1 P-256"),
    NIST("P-384", 384, 48, OID_P384, "secp384r1 P-384"),
    RSA("RSA-2048", 2048),
    RSA("RSA-3072", 3072),
    RSA("RSA-4096", 4096),
};
#define TYPE_COUNT (sizeof types / sizeof *types)

/* OIDs that were in use before RFC 8410, and a name with a length that is one too many, which OpenSC
 * 0.23 sends: clients go on doing so. */
static const struct {
    struct kc_span parameters;
    const char *algorithm;
} older[] = {
    {SPAN(0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01), "Ed25519"},
    {SPAN(0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01), "X25519"},
    {SPAN(0x13, 0x0b, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'), "X25519"},
};

static bool equal(struct kc_span a, struct kc_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

const struct kc_key_type *kc_key_type_named(struct kc_span algorithm)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (equal(span_of(types[i].algorithm), algorithm))
            return &types[i];
    return NULL;
}

const struct kc_key_type *kc_key_type_of_size(CK_ULONG bits)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].type == CKK_RSA && types[i].bits == bits)
            return &types[i];
    return NULL;
}

/* --- CKA_EC_PARAMS --- */

static bool read_parameters(struct kc_span parameters, struct kc_der *value)
{
    struct kc_reader r;
    kc_reader_init(&r, parameters.bytes, parameters.size);
    kc_der_next(&r, value);
    return kc_reader_finish(&r) == KC_OK && value->content.size > 0 &&
           (value->tag == KC_DER_OID || value->tag == KC_DER_PRINTABLE_STRING);
}

static const struct kc_key_type *find_older(struct kc_span parameters)
{
    for (size_t i = 0; i < sizeof older / sizeof *older; i++)
        if (equal(older[i].parameters, parameters))
            return kc_key_type_named(span_of(older[i].algorithm));
    return NULL;
}

bool kc_key_parameters_valid(struct kc_span parameters)
{
    struct kc_der value;
    return read_parameters(parameters, &value) || find_older(parameters) != NULL;
}

static bool is_named(const struct kc_key_type *type, struct kc_span name)
{
    for (const char *at = type->names; *at != '\0';) {
        size_t size = strcspn(at, " ");
        if (equal((struct kc_span){(const uint8_t *)at, size}, name))
            return true;
        at += size + (at[size] == ' ');
    }
    return false;
}

const struct kc_key_type *kc_key_type_of_parameters(struct kc_span parameters)
{
    struct kc_der value;
    const struct kc_key_type *type = find_older(parameters);
    if (type != NULL || !read_parameters(parameters, &value))
        return type;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (types[i].parameters.size > 0 && equal(types[i].parameters, parameters))
            return &types[i];
        if (value.tag == KC_DER_PRINTABLE_STRING && is_named(&types[i], value.content))
            return &types[i];
    }
    return NULL;
}

/* --- public keys --- */

/* A positive INTEGER without its leading zero. */
static struct kc_span take_number(struct kc_reader *r)
{
    struct kc_span number = kc_der_take(r, KC_DER_INTEGER);
    if (number.size > 1 && number.bytes[0] == 0) {
        number.bytes++;
        number.size--;
    } else if (number.size > 0 && number.bytes[0] >= 0x80) {
        kc_reader_fail(r);
    }
    return number;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017, A.1.1) */
static enum kc_error read_rsa(struct kc_span octets, struct kc_public *public)
{
    struct kc_reader r;
    kc_reader_init(&r, octets.bytes, octets.size);
    struct kc_reader numbers = kc_der_enter(&r, KC_DER_SEQUENCE);
    public->modulus = take_number(&numbers);
    public->exponent = take_number(&numbers);
    if (kc_reader_finish(&r) != KC_OK || kc_reader_finish(&numbers) != KC_OK ||
        public->modulus.size == 0 || public->modulus.bytes[0] < 0x80)
        return KC_ERR_BAD_ARGUMENT;
    public->type = kc_key_type_of_size(8 * (CK_ULONG) public->modulus.size);
    return public->type != NULL && public->exponent.size > 0 ? KC_OK : KC_ERR_BAD_ARGUMENT;
}

static enum kc_error check_octets(
    const struct kc_key_type *type, struct kc_span octets, struct kc_public *public)
{
    *public = (struct kc_public){.type = type, .octets = octets};
    if (type->type == CKK_RSA) {
        enum kc_error error = read_rsa(octets, public);
        return error == KC_OK && public->type != type ? KC_ERR_BAD_ARGUMENT : error;
    }
    bool uncompressed = type->type != CKK_EC || (octets.size > 0 && octets.bytes[0] == 0x04);
    return octets.size == type->public_size && uncompressed ? KC_OK : KC_ERR_BAD_ARGUMENT;
}

enum kc_error kc_public_read(struct kc_span info, struct kc_public *public)
{
    struct kc_reader r;
    kc_reader_init(&r, info.bytes, info.size);
    struct kc_reader parts = kc_der_enter(&r, KC_DER_SEQUENCE);
    struct kc_span algorithm = kc_der_take(&parts, KC_DER_SEQUENCE);
    struct kc_span bits = kc_der_take(&parts, KC_DER_BIT_STRING);
    if (kc_reader_finish(&r) != KC_OK || kc_reader_finish(&parts) != KC_OK || bits.size < 2 ||
        bits.bytes[0] != 0)
        return KC_ERR_BAD_ARGUMENT;
    struct kc_span octets = {bits.bytes + 1, bits.size - 1};
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (equal(types[i].algorithm_identifier, algorithm) &&
            check_octets(&types[i], octets, public) == KC_OK)
            return KC_OK;
    return KC_ERR_BAD_ARGUMENT;
}

enum kc_error kc_public_make(const struct kc_key_type *type, struct kc_span octets,
    uint8_t info[static KC_KEY_INFO_MAX], size_t *size)
{
    struct kc_public public;
    struct kc_writer w;
    enum kc_error error = check_octets(type, octets, &public);
    if (error != KC_OK)
        return error;
    size_t algorithm = type->algorithm_identifier.size;
    size_t bits = 1 + octets.size;
    kc_writer_init(&w, info, KC_KEY_INFO_MAX);
    kc_der_head(&w, KC_DER_SEQUENCE,
        kc_der_head_size(algorithm) + algorithm + kc_der_head_size(bits) + bits);
    kc_der_head(&w, KC_DER_SEQUENCE, algorithm);
    kc_writer_bytes(&w, type->algorithm_identifier.bytes, algorithm);
    kc_der_head(&w, KC_DER_BIT_STRING, bits);
    kc_writer_u8(&w, 0); /* unused bits */
    kc_writer_bytes(&w, octets.bytes, octets.size);
    if (kc_writer_finish(&w) != KC_OK)
        return KC_ERR_BAD_ARGUMENT;
    *size = w.size;
    return KC_OK;
}

enum kc_error kc_public_of_api(const struct kc_key_type *type, struct kc_span public,
    uint8_t info[static KC_KEY_INFO_MAX], size_t *size)
{
    if (type->type == CKK_EC_MONTGOMERY && public.size == type->public_size + 1)
    public.size--;
    return kc_public_make(type, public, info, size);
}

/* A positive INTEGER; the number has no leading zeros. */
static void write_number(struct kc_writer *w, struct kc_span number)
{
    bool zero = number.size > 0 && number.bytes[0] >= 0x80;
    kc_der_head(w, KC_DER_INTEGER, number.size + zero);
    if (zero)
        kc_writer_u8(w, 0);
    kc_writer_bytes(w, number.bytes, number.size);
}

enum kc_error kc_public_rsa(struct kc_span modulus, struct kc_span exponent,
    uint8_t der[static KC_KEY_PUBLIC_MAX], size_t *size)
{
    uint8_t numbers[KC_KEY_PUBLIC_MAX];
    struct kc_writer content, w;
    kc_writer_init(&content, numbers, sizeof numbers);
    write_number(&content, modulus);
    write_number(&content, exponent);
    if (kc_writer_finish(&content) != KC_OK)
        return KC_ERR_BAD_ARGUMENT;
    kc_writer_init(&w, der, KC_KEY_PUBLIC_MAX);
    kc_der_head(&w, KC_DER_SEQUENCE, content.size);
    kc_writer_bytes(&w, numbers, content.size);
    if (kc_writer_finish(&w) != KC_OK)
        return KC_ERR_BAD_ARGUMENT;
    *size = w.size;
    return KC_OK;
}

/* --- ids --- */

/* The value of a Base32 character (RFC 4648), or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

enum kc_error kc_key_identifier(
    const char *id, uint8_t octets[static KC_KEY_IDENTIFIER_MAX], size_t *size)
{
    uint8_t result[KC_KEY_IDENTIFIER_MAX] = {0};
    size_t bits = 0;
    for (size_t i = 0; id[i] != '\0'; i++) {
        if (i % 5 == 4) {
            if (id[i] != '-')
                return KC_ERR_BAD_REPLY;
            continue;
        }
        int value = digit(id[i]);
        if (value < 0 || bits + 5 > 8 * sizeof result)
            return KC_ERR_BAD_REPLY;
        for (int bit = 4; bit >= 0; bit--, bits++)
            result[bits / 8] |= (uint8_t)((value >> bit & 1) << (7 - bits % 8));
    }
    if (bits == 0)
        return KC_ERR_BAD_REPLY;
    memcpy(octets, result, sizeof result);
    *size = (bits + 7) / 8;
    return KC_OK;
}
