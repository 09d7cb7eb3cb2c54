/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/attestation.h"

#include "base/writer.h"

#include <openssl/evp.h>
#include <string.h>

#define VERSION 1
#define DIGEST_SIZE 32

/* --- CBOR: the few forms that a bundle has, each in its shortest encoding --- */

enum { MAJOR_UINT = 0, MAJOR_BYTES = 2, MAJOR_TEXT = 3, MAJOR_MAP = 5 };

static void write_head(struct kc_writer *w, uint8_t major, uint32_t value)
{
    uint8_t first = (uint8_t)(major << 5);
    if (value < 24) {
        kc_writer_u8(w, (uint8_t)(first | value));
    } else if (value <= UINT8_MAX) {
        kc_writer_u8(w, first | 24);
        kc_writer_u8(w, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        kc_writer_u8(w, first | 25);
        kc_writer_u16(w, (uint16_t)value);
    } else {
        kc_writer_u8(w, first | 26);
        kc_writer_u32(w, value);
    }
}

static uint32_t read_head(struct kc_reader *r, uint8_t major)
{
    uint8_t first = kc_reader_u8(r), low = first & 31;
    uint32_t value = low, least = 0;
    if (low == 24)
        value = kc_reader_u8(r), least = 24;
    else if (low == 25)
        value = kc_reader_u16(r), least = UINT8_MAX + 1;
    else if (low == 26)
        value = kc_reader_u32(r), least = UINT16_MAX + 1;
    if (first >> 5 != major || low > 26 || value < least)
        kc_reader_fail(r);
    return value;
}

static void write_octets(struct kc_writer *w, uint8_t key, uint8_t major, struct kc_span octets)
{
    write_head(w, MAJOR_UINT, key);
    write_head(w, major, (uint32_t)octets.size);
    kc_writer_bytes(w, octets.bytes, octets.size);
}

static void write_number(struct kc_writer *w, uint8_t key, uint32_t number)
{
    write_head(w, MAJOR_UINT, key);
    write_head(w, MAJOR_UINT, number);
}

static uint32_t read_number(struct kc_reader *r, uint8_t key)
{
    if (read_head(r, MAJOR_UINT) != key)
        kc_reader_fail(r);
    return read_head(r, MAJOR_UINT);
}

static struct kc_span read_octets(
    struct kc_reader *r, uint8_t key, uint8_t major, size_t least, size_t most)
{
    if (read_head(r, MAJOR_UINT) != key)
        kc_reader_fail(r);
    size_t size = read_head(r, major);
    if (size < least || size > most)
        kc_reader_fail(r);
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes ? (struct kc_span){bytes, size} : (struct kc_span){NULL, 0};
}

/* Somebody reads it on a terminal: visible ASCII and spaces. */
static struct kc_span read_text(struct kc_reader *r, uint8_t key, size_t most)
{
    struct kc_span text = read_octets(r, key, MAJOR_TEXT, 1, most);
    for (size_t i = 0; i < text.size; i++)
        if (text.bytes[i] < ' ' || text.bytes[i] > '~')
            kc_reader_fail(r);
    return text;
}

/* --- the bundle --- */

#define PAIRS_OF_HOST 11
#define PAIRS_OF_OBJECT 3
#define PAIRS_OF_CREATION 3
#define AREA_MAX 512
#define ATTEST_MAX 1024
#define SIGNATURE_SIZE 64
#define PCRS_MAX ((size_t)24 * DIGEST_SIZE)
#define PAIRS_OF_KEY 6
#define PAIRS_OF_TOKEN 5

static bool has_object(enum kc_attestation_class class)
{
    return class == KC_ATTESTED_RESIDENT || class == KC_ATTESTED_SEALED;
}

static bool may_have_creation(enum kc_attestation_class class)
{
    return class == KC_ATTESTED_SEALED;
}

static uint32_t count_pairs(enum kc_attestation_class class, bool has_creation)
{
    if (kc_attestation_is_of_token(class))
        return PAIRS_OF_KEY + PAIRS_OF_TOKEN;
    uint32_t pairs = PAIRS_OF_HOST;
    if (has_object(class))
        pairs += PAIRS_OF_OBJECT;
    return has_creation ? pairs + PAIRS_OF_CREATION : pairs;
}

static void write_host(struct kc_writer *w, const struct kc_attestation *a, bool has_creation)
{
    write_octets(w, 7, MAJOR_BYTES, a->ak_area);
    write_number(w, 8, a->pcr_mask);
    write_octets(w, 9, MAJOR_BYTES, a->pcr_values);
    write_octets(w, 10, MAJOR_BYTES, a->quoted);
    write_octets(w, 11, MAJOR_BYTES, a->quoted_signature);
    if (has_object(a->class)) {
        write_octets(w, 12, MAJOR_BYTES, a->object_area);
        write_octets(w, 13, MAJOR_BYTES, a->certified);
        write_octets(w, 14, MAJOR_BYTES, a->certified_signature);
    }
    if (has_creation) {
        write_octets(w, 15, MAJOR_BYTES, a->creation);
        write_octets(w, 16, MAJOR_BYTES, a->created);
        write_octets(w, 17, MAJOR_BYTES, a->created_signature);
    }
}

static void write_token(struct kc_writer *w, const struct kc_attestation *a)
{
    write_octets(w, 18, MAJOR_TEXT, a->token);
    write_number(w, 19, a->says);
    write_octets(w, 20, MAJOR_BYTES, a->root_name);
    write_octets(w, 21, MAJOR_BYTES, a->custodian_key);
    write_octets(w, 22, MAJOR_BYTES, a->custodian_signature);
}

enum kc_error kc_attestation_write(
    const struct kc_attestation *a, uint8_t bundle[static KC_ATTESTATION_MAX], size_t *size)
{
    struct kc_writer w;
    kc_writer_init(&w, bundle, KC_ATTESTATION_MAX);
    bool has_creation = may_have_creation(a->class) && a->creation.size > 0;
    write_head(&w, MAJOR_MAP, count_pairs(a->class, has_creation));
    write_number(&w, 1, VERSION);
    write_number(&w, 2, (uint32_t)a->class);
    write_octets(&w, 3, MAJOR_BYTES, a->nonce);
    write_octets(&w, 4, MAJOR_TEXT, a->id);
    write_octets(&w, 5, MAJOR_TEXT, a->algorithm);
    write_octets(&w, 6, MAJOR_BYTES, a->public_key);
    if (kc_attestation_is_of_token(a->class))
        write_token(&w, a);
    else
        write_host(&w, a, has_creation);
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        *size = w.size;
    return error;
}

static void read_object(struct kc_reader *r, struct kc_attestation *a)
{
    a->object_area = read_octets(r, 12, MAJOR_BYTES, 1, AREA_MAX);
    a->certified = read_octets(r, 13, MAJOR_BYTES, 1, ATTEST_MAX);
    a->certified_signature = read_octets(r, 14, MAJOR_BYTES, SIGNATURE_SIZE, SIGNATURE_SIZE);
}

static void read_creation(struct kc_reader *r, struct kc_attestation *a)
{
    a->creation = read_octets(r, 15, MAJOR_BYTES, 1, ATTEST_MAX);
    a->created = read_octets(r, 16, MAJOR_BYTES, 1, ATTEST_MAX);
    a->created_signature = read_octets(r, 17, MAJOR_BYTES, SIGNATURE_SIZE, SIGNATURE_SIZE);
}

static void read_token(struct kc_reader *r, struct kc_attestation *a)
{
    a->token = read_text(r, 18, KC_ATTESTATION_TOKEN_MAX);
    a->says = read_number(r, 19);
    a->root_name =
        read_octets(r, 20, MAJOR_BYTES, KC_ATTESTATION_NAME_SIZE, KC_ATTESTATION_NAME_SIZE);
    a->custodian_key =
        read_octets(r, 21, MAJOR_BYTES, KC_ATTESTATION_KEY_SIZE, KC_ATTESTATION_KEY_SIZE);
    a->custodian_signature = read_octets(
        r, 22, MAJOR_BYTES, KC_ATTESTATION_SIGNATURE_SIZE, KC_ATTESTATION_SIGNATURE_SIZE);
}

static void read_key(struct kc_reader *r, struct kc_attestation *a)
{
    a->nonce = read_octets(r, 3, MAJOR_BYTES, KC_ATTESTATION_NONCE_MIN, KC_ATTESTATION_NONCE_MAX);
    a->id = read_text(r, 4, 64);
    a->algorithm = read_text(r, 5, 16);
    a->public_key = read_octets(r, 6, MAJOR_BYTES, 1, 526);
}

static void read_host(struct kc_reader *r, struct kc_attestation *a)
{
    a->ak_area = read_octets(r, 7, MAJOR_BYTES, 1, AREA_MAX);
    a->pcr_mask = read_number(r, 8);
    size_t pcrs = (size_t)__builtin_popcount(a->pcr_mask) * DIGEST_SIZE;
    a->pcr_values = read_octets(r, 9, MAJOR_BYTES, pcrs, pcrs <= PCRS_MAX ? pcrs : 0);
    a->quoted = read_octets(r, 10, MAJOR_BYTES, 1, ATTEST_MAX);
    a->quoted_signature = read_octets(r, 11, MAJOR_BYTES, SIGNATURE_SIZE, SIGNATURE_SIZE);
}

enum kc_error kc_attestation_read(struct kc_span bundle, struct kc_attestation *attestation)
{
    struct kc_reader r;
    struct kc_attestation a = {.class = KC_ATTESTED_WRAPPED};
    kc_reader_init(&r, bundle.bytes, bundle.size);
    uint32_t pairs = read_head(&r, MAJOR_MAP);
    if (read_number(&r, 1) != VERSION)
        kc_reader_fail(&r);
    uint32_t class = read_number(&r, 2);
    if (class < KC_ATTESTED_RESIDENT || class > KC_ATTESTED_TOKEN_WRAPPED)
        return KC_ERR_ATTESTATION;
    a.class = (enum kc_attestation_class) class;
    bool has_creation = may_have_creation(a.class) && pairs == count_pairs(a.class, true);
    if (pairs != count_pairs(a.class, has_creation))
        kc_reader_fail(&r);
    read_key(&r, &a);
    if (kc_attestation_is_of_token(a.class))
        read_token(&r, &a);
    else
        read_host(&r, &a);
    if (has_object(a.class))
        read_object(&r, &a);
    if (has_creation)
        read_creation(&r, &a);
    if (kc_reader_finish(&r) != KC_OK || bundle.size > KC_ATTESTATION_MAX)
        return KC_ERR_ATTESTATION;
    *attestation = a;
    return KC_OK;
}

/* --- digests --- */

static enum kc_error sha256(struct kc_span octets, uint8_t digest[static DIGEST_SIZE])
{
    return EVP_Digest(octets.bytes, octets.size, digest, NULL, EVP_sha256(), NULL) == 1
               ? KC_OK
               : KC_ERR_NO_MEMORY;
}

enum kc_error kc_attestation_binding(
    const struct kc_attestation *a, uint8_t binding[static KC_ATTESTATION_BINDING_SIZE])
{
    static const char context[] = "custodian attest 1";
    uint8_t octets[sizeof context + 1 + 4 * sizeof(uint32_t) + KC_ATTESTATION_NONCE_MAX + 64 + 16 +
                   526];
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_bytes(&w, context, sizeof context);
    kc_writer_u8(&w, (uint8_t)a->class);
    kc_writer_span(&w, a->nonce.bytes, a->nonce.size);
    kc_writer_span(&w, a->id.bytes, a->id.size);
    kc_writer_span(&w, a->algorithm.bytes, a->algorithm.size);
    kc_writer_span(&w, a->public_key.bytes, a->public_key.size);
    enum kc_error error = kc_writer_finish(&w);
    return error == KC_OK ? sha256((struct kc_span){octets, w.size}, binding) : error;
}

enum kc_error kc_attestation_message(const struct kc_attestation *a,
    uint8_t message[static KC_ATTESTATION_MESSAGE_MAX], size_t *message_size)
{
    static const char context[] = "custodian attest: of a token 1";
    uint8_t binding[KC_ATTESTATION_BINDING_SIZE] = {0};
    struct kc_writer w;
    enum kc_error error = kc_attestation_binding(a, binding);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, message, KC_ATTESTATION_MESSAGE_MAX);
    kc_writer_bytes(&w, context, sizeof context);
    kc_writer_bytes(&w, binding, sizeof binding);
    kc_writer_span(&w, a->token.bytes, a->token.size);
    kc_writer_u32(&w, a->says);
    kc_writer_span(&w, a->root_name.bytes, a->root_name.size);
    kc_writer_span(&w, a->custodian_key.bytes, a->custodian_key.size);
    error = kc_writer_finish(&w);
    if (error == KC_OK)
        *message_size = w.size;
    return error;
}

enum kc_error kc_attestation_name(
    struct kc_span area, uint8_t name[static KC_ATTESTATION_NAME_SIZE])
{
    name[0] = 0;
    name[1] = 0x0b; /* SHA-256 */
    return sha256(area, name + 2);
}
