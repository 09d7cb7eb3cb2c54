/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/frost_suite.h"

#include "base/secret.h"
#include "threshold/digest.h"

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

void kc_frost_write_scalar(
    struct kc_writer *w, enum kc_frost_suite suite, const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_FROST_SCALAR_SIZE_MAX] = {0}; /* secret */
    kc_scalar_encode(scalar, bytes);
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
    return kc_scalar_decode(scalar, s->curve, bytes, size);
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
    return suite->curve == KC_CURVE_ED448 ? 114 : 64;
}

enum kc_error kc_frost_hash_scalar(struct kc_scalar *out, enum kc_frost_suite suite,
    enum kc_frost_hash hash, const struct kc_span parts[], size_t count)
{
    const struct suite *s = suite_of(suite);
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
