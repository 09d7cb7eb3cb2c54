/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/udf_digest.h"
#include "base/algorithm.h"

#include "base/secret.h"
#include "base/writer.h"

#include <string.h>

#define DIGEST_SIZE 64
#define TYPED_SIZE_MAX (KC_UDF_CONTENT_TYPE_MAX + 1 + DIGEST_SIZE)

/* content type || ":" || value: what a content digest and an authenticator are made over. */
static enum kc_error typed_value(const char *content_type, struct kc_span value,
    uint8_t typed[TYPED_SIZE_MAX], size_t *typed_size)
{
    size_t size = strlen(content_type);
    if (size > KC_UDF_CONTENT_TYPE_MAX || value.size > DIGEST_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    struct kc_writer w;
    kc_writer_init(&w, typed, TYPED_SIZE_MAX);
    kc_writer_bytes(&w, content_type, size);
    kc_writer_u8(&w, ':');
    kc_writer_bytes(&w, value.bytes, value.size);
    *typed_size = w.size;
    return kc_writer_finish(&w);
}

static unsigned trailing_zero_bits(const uint8_t digest[DIGEST_SIZE])
{
    unsigned zeros = 0;
    for (size_t i = DIGEST_SIZE; i-- > 0;) {
        if (digest[i] != 0)
            return zeros + (unsigned)__builtin_ctz(digest[i]);
        zeros += 8;
    }
    return zeros;
}

/* "20 to 29 zero bits: level 1", and so on to level 4 for 50 and more. */
static uint8_t compression_level(unsigned zeros)
{
    if (zeros < 20)
        return 0;
    return (uint8_t)(zeros < 50 ? zeros / 10 - 1 : 4);
}

/* Fills in all but `value`. */
static enum kc_error digest_of_value(
    enum kc_hash hash, struct kc_span value, const char *content_type, struct kc_udf_digest *digest)
{
    uint8_t typed[TYPED_SIZE_MAX];
    size_t typed_size;
    enum kc_error error = typed_value(content_type, value, typed, &typed_size);
    if (error == KC_OK)
        error = kc_hash_digest(hash, (struct kc_span){typed, typed_size}, digest->typed_value);
    kc_wipe(typed, sizeof typed);
    if (error != KC_OK)
        return error;
    digest->trailing_zeros = trailing_zero_bits(digest->typed_value);
    uint8_t family = hash == KC_HASH_SHA512 ? KC_UDF_DIGEST_SHA2 : KC_UDF_DIGEST_SHA3;
    digest->type = (uint8_t)(family + compression_level(digest->trailing_zeros));
    return KC_OK;
}

enum kc_error kc_udf_content_digest(
    enum kc_hash hash, struct kc_span data, const char *content_type, struct kc_udf_digest *digest)
{
    struct kc_udf_digest result = {0};
    if (kc_hash_size(hash) != DIGEST_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_hash_digest(hash, data, result.value);
    if (error == KC_OK)
        error = digest_of_value(
            hash, (struct kc_span){result.value, DIGEST_SIZE}, content_type, &result);
    if (error == KC_OK)
        *digest = result;
    return error;
}

enum kc_error kc_udf_digest_present(
    const struct kc_udf_digest *digest, unsigned bits, char *text, size_t text_size)
{
    return kc_udf_present(
        digest->type, (struct kc_span){digest->typed_value, DIGEST_SIZE}, bits, text, text_size);
}

struct algorithm {
    const char *name;
    size_t public_size;  /* in the DER */
    size_t encoded_size; /* in the signed encoding */
    uint8_t arc;         /* last arc of the object identifier 1.3.101 */
};

static const struct algorithm algorithms[] = {
    {"X25519", 32, 33, 110},
    {"X448", 57, 57, 111},
    {"Ed25519", 32, 32, 112},
    {"Ed448", 57, 57, 113},
};

static const struct algorithm *algorithm_find(const char *name)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    return NULL;
}

/* A tag and a length of up to three octets (X.690, 8.1.3). */
static void write_head(struct kc_writer *w, uint8_t tag, size_t size)
{
    kc_writer_u8(w, tag);
    if (size >= 0x100) {
        kc_writer_u8(w, 0x82);
        kc_writer_u16(w, (uint16_t)size);
        return;
    }
    if (size >= 0x80)
        kc_writer_u8(w, 0x81);
    kc_writer_u8(w, (uint8_t)size);
}

/* AlgorithmIdentifiers: ecPublicKey with its curve, rsaEncryption with NULL. */
static const uint8_t p256_identifier[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384_identifier[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t rsa_identifier[] = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

static struct kc_span identifier_of(const struct kc_algorithm_info *info)
{
    if (info->family == KC_FAMILY_RSA)
        return (struct kc_span){rsa_identifier, sizeof rsa_identifier};
    return info->algorithm == KC_ALGORITHM_P256
               ? (struct kc_span){p256_identifier, sizeof p256_identifier}
               : (struct kc_span){p384_identifier, sizeof p384_identifier};
}

static enum kc_error write_key_info(const struct kc_algorithm_info *info, struct kc_span public,
    uint8_t key_info[KC_UDF_KEY_INFO_MAX], size_t *key_info_size)
{
    struct kc_span identifier = identifier_of(info);
    size_t bits = public.size + 1, bits_head = bits < 0x80 ? 2 : bits < 0x100 ? 3 : 4;
    struct kc_writer w;
    if (public.size != info->public_size)
        return KC_ERR_BAD_ARGUMENT;
    kc_writer_init(&w, key_info, KC_UDF_KEY_INFO_MAX);
    write_head(&w, 0x30, identifier.size + bits_head + bits);
    kc_writer_bytes(&w, identifier.bytes, identifier.size);
    write_head(&w, 0x03, bits);
    kc_writer_u8(&w, 0); /* bits that are not used */
    kc_writer_bytes(&w, public.bytes, public.size);
    *key_info_size = w.size;
    return kc_writer_finish(&w);
}

enum kc_error kc_udf_key_info(const char *algorithm, struct kc_span public,
    uint8_t key_info[KC_UDF_KEY_INFO_MAX], size_t *key_info_size)
{
    const struct kc_algorithm_info *info = kc_algorithm_by_name(algorithm, strlen(algorithm));
    if (info && info->family != KC_FAMILY_CURVE)
        return write_key_info(info, public, key_info, key_info_size);
    enum { SEQUENCE = 0x30, OBJECT = 0x06, NOTHING = 0x05, BIT_STRING = 0x03, OCTET_STRING = 0x04 };
    const struct algorithm *a = algorithm_find(algorithm);
    if (a == NULL)
        return KC_ERR_BAD_ALGORITHM;
    if (public.size != a->public_size && public.size != a->encoded_size)
        return KC_ERR_BAD_ARGUMENT;
    uint8_t size = (uint8_t)a->public_size;
    uint8_t inner[] = {SEQUENCE, 7, OBJECT, 3, 0x2b, 101, a->arc, NOTHING, 0, BIT_STRING,
        (uint8_t)(size + 3), 0, OCTET_STRING, size};
    struct kc_writer w;
    kc_writer_init(&w, key_info, KC_UDF_KEY_INFO_MAX);
    kc_writer_u8(&w, SEQUENCE);
    kc_writer_u8(&w, (uint8_t)(sizeof inner + size));
    kc_writer_bytes(&w, inner, sizeof inner);
    kc_writer_bytes(&w, public.bytes, size);
    *key_info_size = w.size;
    return kc_writer_finish(&w);
}

enum kc_error kc_udf_key_fingerprint(
    const char *algorithm, struct kc_span public, char text[KC_UDF_ID_SIZE])
{
    uint8_t key_info[KC_UDF_KEY_INFO_MAX];
    size_t key_info_size;
    struct kc_udf_digest digest;
    enum kc_error error = kc_udf_key_info(algorithm, public, key_info, &key_info_size);
    if (error == KC_OK)
        error = kc_udf_content_digest(
            KC_HASH_SHA512, (struct kc_span){key_info, key_info_size}, KC_UDF_TYPE_KEY, &digest);
    if (error == KC_OK)
        error = kc_udf_digest_present(&digest, KC_UDF_BITS, text, KC_UDF_ID_SIZE);
    return error;
}

/* PRK = HMAC("KeyedUDFMaster", key); OKM = Expand(PRK, "KeyedUDFExpand", 64). */
static enum kc_error authenticator_keys(
    enum kc_hash hash, struct kc_span key, struct kc_udf_authenticator *a)
{
    static const uint8_t master[] = "KeyedUDFMaster", expand[] = "KeyedUDFExpand";
    enum kc_error error =
        kc_hmac(hash, (struct kc_span){master, sizeof master - 1}, key, a->pseudo_random_key);
    return error != KC_OK
               ? error
               : kc_hkdf_expand(hash, (struct kc_span){a->pseudo_random_key, DIGEST_SIZE},
                     (struct kc_span){expand, sizeof expand - 1}, a->mac_key, DIGEST_SIZE);
}

enum kc_error kc_udf_authenticator(enum kc_hash hash, struct kc_span key, struct kc_span data,
    const char *content_type, struct kc_udf_authenticator *authenticator)
{
    struct kc_udf_authenticator result = {
        .type = hash == KC_HASH_SHA512 ? KC_UDF_AUTHENTICATOR : KC_UDF_AUTHENTICATOR_SHA3};
    uint8_t value[KC_HASH_SIZE_MAX], typed[TYPED_SIZE_MAX];
    size_t typed_size;
    if (kc_hash_size(hash) != DIGEST_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_hash_digest(hash, data, value);
    if (error == KC_OK)
        error = typed_value(content_type, (struct kc_span){value, DIGEST_SIZE}, typed, &typed_size);
    if (error == KC_OK)
        error = authenticator_keys(hash, key, &result);
    if (error == KC_OK)
        error = kc_hmac(hash, (struct kc_span){result.mac_key, DIGEST_SIZE},
            (struct kc_span){typed, typed_size}, result.mac);
    if (error == KC_OK)
        *authenticator = result;
    kc_wipe(&result, sizeof result);
    return error;
}

enum kc_error kc_udf_locator(
    struct kc_span udf_text, const char *content_type, unsigned bits, char *text, size_t text_size)
{
    struct kc_udf_digest digest;
    enum kc_error error = kc_udf_content_digest(KC_HASH_SHA512, udf_text, content_type, &digest);
    return error != KC_OK ? error : kc_udf_digest_present(&digest, bits, text, text_size);
}

enum kc_error kc_udf_symmetric_id(struct kc_span key, char text[KC_UDF_ID_SIZE])
{
    struct kc_udf_digest digest;
    uint8_t data[1 + DIGEST_SIZE];
    enum kc_error error = digest_of_value(KC_HASH_SHA512, key, KC_UDF_TYPE_ENCRYPTION, &digest);
    if (error != KC_OK)
        return error;
    data[0] = digest.type;
    memcpy(data + 1, digest.typed_value, DIGEST_SIZE);
    return kc_udf_present(
        KC_UDF_ENCRYPTION, (struct kc_span){data, sizeof data}, KC_UDF_BITS, text, KC_UDF_ID_SIZE);
}
