/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values from outside: the first octet says what, the second which curve. A point that is
 * read has one encoding and the prime order; a scalar is below the order; what a device derived is
 * completed to a point that has it as its coordinate; a signature that verifies has S below L.
 */
#include "tests/fuzz/fuzz.h"

#include "threshold/coordinate.h"
#include "threshold/derive.h"
#include "threshold/frost_suite.h"
#include "threshold/signature.h"
#include "threshold/wire.h"

#include <string.h>

static void must_have_prime_order(const struct kc_point *point)
{
    struct kc_scalar minus_one;
    struct kc_point product, negative;
    kc_scalar_set(&minus_one, point->curve, 1);
    kc_scalar_negate(&minus_one, &minus_one);
    fuzz_must(kc_point_multiply(&product, &minus_one, point) == KC_OK);
    kc_point_negate(&negative, point);
    fuzz_must(kc_point_equal(&product, &negative) != 0);
}

static void try_as_point(enum kc_curve curve, struct kc_span bytes)
{
    struct kc_point point;
    uint8_t again[KC_POINT_SIZE_MAX];
    if (kc_point_decode(&point, curve, bytes.bytes, bytes.size) != KC_OK)
        return;
    kc_point_encode(&point, again);
    fuzz_must(memcmp(again, bytes.bytes, bytes.size) == 0);
    must_have_prime_order(&point);
}

static void try_as_coordinate(enum kc_curve curve, struct kc_span bytes)
{
    struct kc_point point;
    uint8_t again[KC_POINT_SIZE_MAX];
    if (kc_point_decode_unsigned(&point, curve, bytes.bytes, bytes.size) != KC_OK)
        return;
    kc_point_encode_unsigned(&point, again);
    fuzz_must(memcmp(again, bytes.bytes, bytes.size) == 0);
    must_have_prime_order(&point);
}

static void try_as_scalar(enum kc_curve curve, struct kc_span bytes)
{
    struct kc_scalar scalar, reduced;
    uint8_t again[KC_SCALAR_SIZE_MAX];
    if (kc_scalar_decode(&scalar, curve, bytes.bytes, bytes.size) != KC_OK)
        return;
    kc_scalar_encode(&scalar, again);
    fuzz_must(memcmp(again, bytes.bytes, bytes.size) == 0);
    fuzz_must(kc_scalar_import(&reduced, curve, bytes.bytes, bytes.size) == KC_OK);
    fuzz_must(kc_scalar_equal(&scalar, &reduced) != 0);
}

/* Each suite's own encoding, and the coordinator's octets of a response. */
static void try_as_response(struct kc_span bytes)
{
    for (int suite = KC_FROST_ED25519; suite <= KC_FROST_ED25519_CONTEXT; suite++) {
        struct kc_reader r;
        struct kc_scalar scalar;
        uint8_t again[KC_FROST_SCALAR_SIZE_MAX];
        struct kc_writer w;
        kc_reader_init(&r, bytes.bytes, bytes.size);
        if (kc_frost_read_scalar(&r, (enum kc_frost_suite)suite, &scalar) != KC_OK)
            continue;
        kc_writer_init(&w, again, sizeof again);
        kc_frost_write_scalar(&w, (enum kc_frost_suite)suite, &scalar);
        fuzz_must(memcmp(again, bytes.bytes, w.size) == 0);
    }
}

/* The public key, the signature, and the message. */
static void try_as_signature(enum kc_curve curve, struct kc_span bytes)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    struct kc_point public;
    struct kc_reader r;
    struct kc_scalar s;
    kc_reader_init(&r, bytes.bytes, bytes.size);
    if (!info->signs || kc_wire_read_point(&r, curve, &public) != KC_OK)
        return;
    const uint8_t *signature = kc_reader_bytes(&r, info->signature_size);
    if (signature == NULL)
        return;
    const struct kc_signed_message message = {.message = {r.next, r.left}};
    if (kc_signature_verify(&public, &message, signature, info->signature_size) == KC_OK)
        fuzz_must(
            kc_scalar_decode(&s, curve, signature + info->point_size, info->scalar_size) == KC_OK);
}

/* The device's public point, the peer, and what was derived for it and for the second point. */
static void try_as_derived(enum kc_curve curve, struct kc_span bytes)
{
    size_t size = kc_curve_info(curve)->unsigned_size;
    struct kc_point public, peer, whole;
    struct kc_reader r;
    uint8_t again[KC_POINT_SIZE_MAX];
    kc_reader_init(&r, bytes.bytes, bytes.size);
    if (size == 0 || kc_wire_read_point(&r, curve, &public) != KC_OK ||
        kc_wire_read_point(&r, curve, &peer) != KC_OK)
        return;
    const uint8_t *first = kc_reader_bytes(&r, size), *second = kc_reader_bytes(&r, size);
    if (second == NULL || kc_coordinate_complete(&whole, &public, &peer, first, second) != KC_OK)
        return;
    kc_point_encode_unsigned(&whole, again);
    fuzz_must(memcmp(again, first, size) == 0);
}

/* A Mesh seed, without the octet of its type. */
static void try_as_seed(enum kc_curve curve, struct kc_span bytes)
{
    struct kc_key key;
    const struct kc_span name = {(const uint8_t *)"name", 4};
    if (kc_derive_key(&key, curve, KC_DERIVATION_CURRENT, bytes, name) == KC_OK)
        must_have_prime_order(&key.public);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2 || kc_curve_info((enum kc_curve)bytes[1]) == NULL)
        return 0;
    enum kc_curve curve = (enum kc_curve)bytes[1];
    const struct kc_span value = {bytes + 2, size - 2};
    switch (bytes[0]) {
    case 'p':
        try_as_point(curve, value);
        break;
    case 'u':
        try_as_coordinate(curve, value);
        break;
    case 's':
        try_as_scalar(curve, value);
        break;
    case 'r':
        try_as_response(value);
        break;
    case 'v':
        try_as_signature(curve, value);
        break;
    case 'c':
        try_as_derived(curve, value);
        break;
    case 'k':
        try_as_seed(curve, value);
        break;
    default:
        break;
    }
    return 0;
}
