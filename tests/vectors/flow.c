/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/flow.h"

#include "tests/support/cmocka.h"

#include "proto/udf_digest.h"
#include "threshold/derive.h"
#include "threshold/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

enum kc_curve flow_curve(const char *algorithm)
{
    const struct kc_curve_info *curve = kc_curve_by_name(algorithm, strlen(algorithm));
    assert_non_null(curve);
    return curve->curve;
}

const char *flow_path(const char *base, const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s.%s", base, name);
    return path;
}

struct kc_scalar flow_scalar(const struct example *example, const char *path, enum kc_curve curve)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX + 1] = {0};
    struct kc_scalar scalar;
    size_t size = kc_curve_info(curve)->scalar_size;
    size_t written = example_octets(example, path, octets, sizeof octets, 0);
    /* S of an Ed448 signature has one octet more, which is zero. */
    assert_true(written == size || (written == size + 1 && octets[size] == 0));
    GOOD(kc_scalar_import(&scalar, curve, octets, size));
    return scalar;
}

struct kc_point flow_point(const struct example *example, const char *path, enum kc_curve curve)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    struct kc_point point;
    size_t size = example_octets(example, path, octets, sizeof octets, 0);
    enum kc_error error = kc_point_decode(&point, curve, octets, size);
    if (error != KC_OK)
        fail_msg("%s: %s", path, kc_error_name(error));
    return point;
}

struct kc_key flow_key(
    const struct example *example, const char *seed_path, enum kc_curve curve, const char *name)
{
    char text[KC_UDF_TEXT_SIZE];
    struct kc_udf seed;
    struct kc_key key;
    example_text(example, seed_path, text, sizeof text);
    GOOD(kc_udf_parse_canonical(span_of(text), &seed));
    assert_int_equal(seed.type, KC_UDF_SEED);
    GOOD(kc_derive_key(&key, curve, KC_DERIVATION_CURRENT,
        (struct kc_span){seed.data, seed.data_size}, span_of(name)));
    return key;
}

void flow_expect_octets(
    const struct example *example, const char *path, const uint8_t *octets, size_t size)
{
    uint8_t *wanted = malloc(size + 1);
    assert_non_null(wanted);
    size_t wanted_size = example_octets(example, path, wanted, size + 1, 0);
    if (wanted_size != size || memcmp(wanted, octets, size) != 0)
        fail_msg("%s: %s differs", example->name, path);
    free(wanted);
}

void flow_expect_point(
    const struct example *example, const char *path, const struct kc_point *point)
{
    uint8_t encoding[KC_POINT_SIZE_MAX];
    kc_point_encode(point, encoding);
    flow_expect_octets(example, path, encoding, kc_curve_info(point->curve)->point_size);
}

void flow_expect_scalar(
    const struct example *example, const char *path, const struct kc_scalar *scalar)
{
    struct kc_scalar wanted = flow_scalar(example, path, scalar->curve);
    if (kc_scalar_equal(&wanted, scalar) == 0)
        fail_msg("%s: %s differs", example->name, path);
}

void flow_expect_udf(const struct example *example, const char *path, const struct kc_point *point)
{
    uint8_t encoding[KC_POINT_SIZE_MAX];
    char wanted[KC_UDF_ID_SIZE], made[KC_UDF_ID_SIZE];
    const struct kc_curve_info *curve = kc_curve_info(point->curve);
    kc_point_encode(point, encoding);
    GOOD(kc_udf_key_fingerprint(curve->name, (struct kc_span){encoding, curve->point_size}, made));
    example_text(example, path, wanted, sizeof wanted);
    assert_string_equal(made, wanted);
}

struct kc_key flow_sum(const struct kc_key *a, const struct kc_key *b)
{
    struct kc_scalar scalars[] = {a->scalar, b->scalar}, scalar;
    struct kc_point points[] = {a->public, b->public}, point;
    struct kc_key sum;
    GOOD(kc_share_combine(&scalar, scalars, 2));
    GOOD(kc_point_sum(&point, points, 2));
    GOOD(kc_key_from_scalar(&sum, &scalar));
    uint8_t x[KC_POINT_SIZE_MAX] = {0}, y[KC_POINT_SIZE_MAX] = {0};
    kc_point_encode(&sum.public, x);
    kc_point_encode(&point, y);
    assert_memory_equal(x, y, sizeof x);
    return sum;
}

/* Compares a step if the example prints it. */
static void expect_step(const struct example *example, const char *steps, const char *name,
    const uint8_t *octets, size_t size)
{
    if (kc_json_is_there(kc_json_member(example_at(example, steps), name)))
        flow_expect_octets(example, flow_path(steps, name), octets, size);
}

static void expect_plaintext(
    const struct example *example, const char *steps, const uint8_t *plaintext, size_t size)
{
    char wanted[2000];
    example_text(example, flow_path(steps, "plaintext"), wanted, sizeof wanted);
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(plaintext, wanted, size);
}

void flow_decrypt(const struct example *example, struct kc_json source,
    const struct kc_point *agreed, const char *steps, const struct kc_dare_signature *signature)
{
    uint8_t z[KC_POINT_SIZE_MAX], kek[KC_DARE_KEK_SIZE], seed[KC_DARE_SEED_SIZE];
    uint8_t plaintext[2000];
    size_t z_size = kc_curve_info(agreed->curve)->unsigned_size, size;
    struct kc_dare_content content;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    assert_non_null(envelope);
    GOOD(kc_dare_envelope_read(kc_json_source(source), envelope));
    assert_true(envelope->recipient_count == 1 && envelope->body_size <= sizeof plaintext);
    kc_point_encode_unsigned(agreed, z);
    expect_step(example, steps, "agreed_Z", z, z_size);
    expect_step(example, steps, "sum_u", z, z_size);
    struct kc_span info = span_of(KC_DARE_KEK_INFO);
    GOOD(kc_dare_kek((struct kc_span){z, z_size}, info, kek));
    expect_step(example, steps, "kek", kek, sizeof kek);
    GOOD(kc_dare_unwrap(kek, envelope->recipients[0].wrapped, seed));
    expect_step(example, steps, "base_seed", seed, sizeof seed);
    struct kc_span salt = {envelope->salt, envelope->salt_size};
    GOOD(kc_dare_content_derive(seed, salt, &content));
    expect_step(
        example, steps, "content_prk", content.pseudo_random_key, sizeof content.pseudo_random_key);
    expect_step(example, steps, "content_key", content.key, sizeof content.key);
    expect_step(example, steps, "content_iv", content.iv, sizeof content.iv);
    GOOD(kc_dare_envelope_decrypt(envelope, signature, seed, plaintext, &size));
    expect_plaintext(example, steps, plaintext, size);
    kc_dare_envelope_done(envelope);
    free(envelope);
}
