/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five curves of the library: one row of facts for each.
 *
 * Ed25519 and X25519 share a group of prime order L = 2^252 + 277..493, Ed448 and X448 each have
 * one of order L = 2^446 - 138..885. What differs is how points are written: RFC 8032 for Ed, the
 * signed Montgomery form for X (u little-endian, then one octet, 0x80 if v is odd and else 0x00;
 * RFC 7748 has no sign). P-256 (p256.h) is for shares and FROST; no key of a Mesh is of it. Its
 * points are compressed as in SEC 1, with x big-endian as the form without a sign.
 */
#ifndef KC_THRESHOLD_CURVE_H
#define KC_THRESHOLD_CURVE_H

#include "base/language.h"

#include <stdbool.h>
#include <stddef.h>

KC_C_BEGIN

enum kc_curve {
    KC_CURVE_ED25519 = 1,
    KC_CURVE_X25519 = 2,
    KC_CURVE_ED448 = 3,
    KC_CURVE_X448 = 4,
    KC_CURVE_P256 = 5,
};

#define KC_SCALAR_SIZE_MAX 56
#define KC_POINT_SIZE_MAX 57
#define KC_SEED_SIZE_MAX 57
#define KC_SIGNATURE_SIZE_MAX 114

struct kc_curve_info {
    enum kc_curve curve;
    const char *name;     /* "Ed25519", "X25519", "Ed448", "X448", "P-256" */
    bool signs;           /* Ed: has EdDSA signatures. All have agreement. */
    size_t scalar_size;   /* 32, 56, P-256 32: a scalar, little-endian */
    size_t point_size;    /* 32, 33, 57, 57, 33: a whole point, sign included, as parties send it */
    size_t unsigned_size; /* 0, 32, 0, 56, 32: u (x) alone; 0 where there is no such form */
    size_t agreed_size;   /* 32, 32, 57, 56, 32: the result of an agreement */
    size_t seed_size;     /* 32, 32, 57, 56, 0 */
    size_t signature_size; /* 64, 0, 114, 0, 0 */
};

/*
 * The row of a curve; NULL for a number that is none. A number from outside goes through here
 * before it is used as a curve: the functions of this library end the process on one that is none.
 */
const struct kc_curve_info *kc_curve_info(enum kc_curve curve);

/* The row with exactly this name, of the curves that a key of a Mesh may have; NULL if there is
 * none. The name need not end with a zero. */
const struct kc_curve_info *kc_curve_by_name(const char *name, size_t size);

KC_C_END

#endif
