/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A curve of the library in short Weierstrass form, as libcrypto's EC_POINT computes on it: a second
 * opinion on every encoding and every sum that shares nothing with the code under test. The forms'
 * constants and encodings are those of RFC 7748 and RFC 8032 (and SEC 1), in big numbers.
 */
#ifndef KC_TESTS_THRESHOLD_EC_FORM_H
#define KC_TESTS_THRESHOLD_EC_FORM_H

#include "base/error.h"
#include "threshold/curve.h"

#include <openssl/ec.h>
#include <stdint.h>

struct ec_form {
    enum kc_curve curve;
    unsigned cofactor;
    size_t coordinate_size;
    bool edwards;
    BIGNUM *p, *order;
    BIGNUM *a, *d;         /* a x^2 + y^2 = 1 + d x^2 y^2; of Ed only */
    BIGNUM *big_a, *big_b; /* B v^2 = u^3 + A u^2 + u; not of P-256 */
    BIGNUM *shift, *scale; /* Weierstrass x = (u + A/3)/B, y = v/B; these are A/3 and 1/B */
    EC_GROUP *group;       /* its generator is the base point, its order the prime one */
    EC_POINT *torsion[8];  /* those of small order, the identity first; cofactor of them */
    BN_CTX *numbers;
};

/* In place; the process ends if libcrypto does not do it. */
void ec_form_init(struct ec_form *form, enum kc_curve curve);
void ec_form_done(struct ec_form *form);

/*
 * What an encoding is, in the library's words (kc_point_decode), by the definitions: the order of
 * the point is found by multiplying with L and with the cofactor.
 *
 * out  the point; written unless it is KC_ERR_POINT_ENCODING or KC_ERR_POINT_NOT_ON_CURVE
 */
enum kc_error ec_form_read(struct ec_form *form, const uint8_t *bytes, size_t size, EC_POINT *out);

/* The point's encoding, point_size octets. It has one: not the identity of an X curve or P-256. */
void ec_form_write(struct ec_form *form, const EC_POINT *point, uint8_t *bytes);

/* Any point of the whole group, from any octets. */
void ec_form_any(struct ec_form *form, const uint8_t seed[static 64], EC_POINT *out);

#endif
