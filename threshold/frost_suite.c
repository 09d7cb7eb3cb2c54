/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/frost_suite.h"

#include "base/wipe.h"
#include "threshold/digest.h"
#include "threshold/frost_p256.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 6

/* What a suite adds to the hash function of its curve. */
struct suite {
    enum kc_frost_suite suite;
    enum kc_curve curve;
    const char *context;          /* contextString */
    const char *challenge_prefix; /* of H2 */
    size_t challenge_prefix_size;
    size_t scalar_size;
};

/* dom4(0, "") and dom2(0, "") of RFC 8032: the two zeros are flag and length of the context. */
#define DOM4 "SigEd448\0\0"
#define DOM2 "SigEd25519 no Ed25519 collisions\0\0"

static const struct suite suites[] = {
    {KC_FROST_ED25519, KC_CURVE_ED25519, "FROST-ED25519-SHA512-v1", "", 0, 32},
    {KC_FROST_ED448, KC_CURVE_ED448, "FROST-ED448-SHAKE256-v1", DOM4, sizeof DOM4 - 1, 57},
    {KC_FROST_P256, KC_CURVE_P256, "FROST-P256-SHA256-v1", "", 0, 32},
    {KC_FROST_ED25519_CONTEXT, KC_CURVE_ED25519, "CUSTODIAN-FROST-ED25519CTX-SHA512-v1", DOM2,
        sizeof DOM2 - 1, 32},
};

static const struct suite *suite_of(enum kc_frost_suite suite)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].suite == suite)
            return &suites[i];
    abort();
}

enum kc_curve kc_frost_curve(enum kc_frost_suite suite)
{
    return suite_of(suite)->curve;
}

enum kc_error kc_frost_check_envelope(enum kc_frost_suite suite)
{
    return suite == KC_FROST_ED448 || suite == KC_FROST_ED25519_CONTEXT ? KC_OK
                                                                        : KC_ERR_BAD_ALGORITHM;
}

/* Between little-endian and big-endian. */
static void reverse(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

void kc_frost_write_scalar(
    struct kc_writer *w, enum kc_frost_suite suite, const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_FROST_SCALAR_SIZE_MAX] = {0}; /* secret */
    kc_scalar_encode(scalar, bytes);
    if (suite == KC_FROST_P256)
        reverse(bytes, suite_of(suite)->scalar_size);
    kc_writer_bytes(w, bytes, suite_of(suite)->scalar_size);
    kc_wipe(bytes, sizeof bytes);
}

void kc_frost_write_point(struct kc_writer *w, const struct kc_point *point)
{
    uint8_t bytes[KC_POINT_SIZE_MAX];
    kc_point_encode(point, bytes);
    kc_writer_bytes(w, bytes, kc_curve_info(point->curve)->point_size);
}

enum kc_error kc_frost_read_scalar(
    struct kc_reader *r, enum kc_frost_suite suite, struct kc_scalar *scalar)
{
    const struct suite *s = suite_of(suite);
    size_t size = kc_curve_info(s->curve)->scalar_size;
    const uint8_t *bytes = kc_reader_bytes(r, s->scalar_size);
    if (bytes == NULL)
        return KC_ERR_BAD_REQUEST;
    if (s->scalar_size > size && bytes[size] != 0)
        return KC_ERR_SCALAR_RANGE;
    uint8_t copy[KC_SCALAR_SIZE_MAX];
    memcpy(copy, bytes, size);
    if (suite == KC_FROST_P256)
        reverse(copy, size);
    return kc_scalar_decode(scalar, s->curve, copy, size);
}

static struct kc_span text(const char *characters)
{
    return (struct kc_span){(const uint8_t *)characters, strlen(characters)};
}

/* H(contextString || label || parts) */
static enum kc_error hash_labelled(uint8_t digest[static KC_FROST_DIGEST_SIZE_MAX],
    const struct suite *suite, const char *label, const struct kc_span parts[], size_t count)
{
    struct kc_span all[2 + PARTS_MAX] = {text(suite->context), text(label)};
    memcpy(all + 2, parts, count * sizeof *parts);
    if (suite->curve == KC_CURVE_P256)
        return kc_frost_p256_digest(digest, all, 2 + count);
    return kc_digest(digest, suite->curve, all, 2 + count);
}

/* H2 is the challenge of the signature scheme: it has no label. */
static enum kc_error hash_challenge(uint8_t digest[static KC_FROST_DIGEST_SIZE_MAX],
    const struct suite *suite, const struct kc_span parts[], size_t count)
{
    struct kc_span all[1 + PARTS_MAX] = {
        {(const uint8_t *)suite->challenge_prefix, suite->challenge_prefix_size}};
    memcpy(all + 1, parts, count * sizeof *parts);
    return kc_digest(digest, suite->curve, all, 1 + count);
}

static size_t digest_size(const struct suite *suite)
{
    switch (suite->suite) {
    case KC_FROST_ED448:
        return 114;
    case KC_FROST_P256:
        return KC_FROST_P256_DIGEST_SIZE;
    case KC_FROST_ED25519:
    case KC_FROST_ED25519_CONTEXT:
        break;
    }
    return 64;
}

/* The context string and the name of the hash are the domain separation tag; H2 has one, too. */
static enum kc_error hash_scalar_p256(struct kc_scalar *out, const struct suite *suite,
    enum kc_frost_hash hash, const struct kc_span parts[], size_t count)
{
    static const char *const names[] = {
        [KC_FROST_H1] = "rho", [KC_FROST_H2] = "chal", [KC_FROST_H3] = "nonce"};
    uint8_t tag[KC_FROST_P256_TAG_MAX];
    struct kc_writer w;
    kc_writer_init(&w, tag, sizeof tag);
    kc_writer_bytes(&w, suite->context, strlen(suite->context));
    kc_writer_bytes(&w, names[hash], strlen(names[hash]));
    return kc_frost_p256_scalar(out, (struct kc_span){tag, w.size}, parts, count);
}

enum kc_error kc_frost_hash_scalar(struct kc_scalar *out, enum kc_frost_suite suite,
    enum kc_frost_hash hash, const struct kc_span parts[], size_t count)
{
    const struct suite *s = suite_of(suite);
    if (s->curve == KC_CURVE_P256)
        return hash_scalar_p256(out, s, hash, parts, count);
    uint8_t digest[KC_FROST_DIGEST_SIZE_MAX]; /* secret, for H3 */
    enum kc_error error =
        hash == KC_FROST_H2
            ? hash_challenge(digest, s, parts, count)
            : hash_labelled(digest, s, hash == KC_FROST_H1 ? "rho" : "nonce", parts, count);
    if (error == KC_OK)
        kc_scalar_reduce(out, s->curve, digest, digest_size(s));
    kc_wipe(digest, sizeof digest);
    return error;
}

enum kc_error kc_frost_hash_message(uint8_t digest[static KC_FROST_DIGEST_SIZE_MAX], size_t *size,
    enum kc_frost_suite suite, struct kc_span message)
{
    const struct suite *s = suite_of(suite);
    *size = digest_size(s);
    return hash_labelled(digest, s, "msg", &message, 1);
}

enum kc_error kc_frost_hash_list(uint8_t digest[static KC_FROST_DIGEST_SIZE_MAX], size_t *size,
    enum kc_frost_suite suite, struct kc_span list)
{
    const struct suite *s = suite_of(suite);
    *size = digest_size(s);
    return hash_labelled(digest, s, "com", &list, 1);
}

enum kc_error kc_frost_nonce(struct kc_scalar *nonce, enum kc_frost_suite suite,
    const uint8_t random[static KC_FROST_RANDOM_SIZE], const struct kc_scalar *share)
{
    uint8_t encoded[KC_FROST_SCALAR_SIZE_MAX]; /* secret */
    struct kc_writer w;
    kc_writer_init(&w, encoded, sizeof encoded);
    kc_frost_write_scalar(&w, suite, share);
    const struct kc_span parts[] = {{random, KC_FROST_RANDOM_SIZE}, {encoded, w.size}};
    enum kc_error error = kc_frost_hash_scalar(nonce, suite, KC_FROST_H3, parts, 2);
    kc_wipe(encoded, sizeof encoded);
    return error;
}
