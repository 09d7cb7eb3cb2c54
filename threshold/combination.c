/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/combination.h"

#include "threshold/declassify.h"
#include "threshold/element.h"

#include <string.h>

/* Signed digits of six bits, odd or zero, with five zeros after each that is not. */
#define WINDOW 6
#define DIGITS (64 * KC_SCALAR_LIMBS + 1)

/* P-256: one after the other, as libcrypto multiplies faster than its points are taken apart. */
static void add_terms_p256(struct kc_point *sum, const struct kc_term terms[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kc_p256 product = terms[i].point->on_p256;
        uint8_t scalar[KC_SCALAR_SIZE_MAX];
        if (terms[i].scalar != NULL) {
            kc_scalar_encode(terms[i].scalar, scalar);
            kc_p256_multiply_public(&product, scalar, &terms[i].point->on_p256);
        }
        if (terms[i].negative)
            kc_p256_negate(&product, &product);
        kc_p256_add(&sum->on_p256, &sum->on_p256, &product);
    }
}

/* k -= digit, then k /= 2. What is taken away makes k even; k has a limb to spare for the carry. */
static void take_digit(uint64_t k[KC_SCALAR_LIMBS + 1], int digit)
{
    uint64_t low = k[0] - (uint64_t)(int64_t)digit;
    if (digit < 0 && low < k[0])
        for (int i = 1; i <= KC_SCALAR_LIMBS && ++k[i] == 0;)
            i++;
    k[0] = low;
    for (int i = 0; i < KC_SCALAR_LIMBS; i++)
        k[i] = k[i] >> 1 | k[i + 1] << 63;
    k[KC_SCALAR_LIMBS] >>= 1;
}

static void recode(int8_t digits[DIGITS], const struct kc_term *term)
{
    uint64_t k[KC_SCALAR_LIMBS + 1] = {0};
    memcpy(k, term->scalar->limb, sizeof term->scalar->limb);
    for (int position = 0; position < DIGITS; position++) {
        int digit = 0;
        if (k[0] & 1) {
            digit = (int)(k[0] % (1 << WINDOW));
            if (digit >= 1 << (WINDOW - 1))
                digit -= 1 << WINDOW;
        }
        digits[position] = (int8_t)(term->negative ? -digit : digit);
        take_digit(k, digit);
    }
}

/* A term without a scalar: one addition. */
static void add_point(struct kc_point *sum, const struct kc_term *term)
{
    struct kc_point addend = *term->point;
    if (term->negative)
        kc_point_negate(&addend, term->point);
    kc_element_add(sum, sum, &addend);
}

struct batch {
    const struct kc_point *points[KC_EDWARDS_COMBINE_MAX];
    const int8_t *digits[KC_EDWARDS_COMBINE_MAX];
    int8_t recoded[KC_EDWARDS_COMBINE_MAX][DIGITS];
    size_t count;
};

static void add_batch(struct kc_point *sum, struct batch *batch)
{
    struct kc_point part;
    kc_element_combine_variable_time(
        &part, sum->curve, batch->points, batch->digits, batch->count, DIGITS);
    kc_element_add(sum, sum, &part);
    batch->count = 0;
}

/* As many terms share their doublings as kc_element_combine_variable_time takes. */
static void add_terms(struct kc_point *sum, const struct kc_term terms[], size_t count)
{
    struct batch batch;
    batch.count = 0;
    for (size_t i = 0; i < count; i++) {
        if (terms[i].scalar == NULL) {
            add_point(sum, &terms[i]);
            continue;
        }
        recode(batch.recoded[batch.count], &terms[i]);
        batch.points[batch.count] = terms[i].point;
        batch.digits[batch.count] = batch.recoded[batch.count];
        if (++batch.count == KC_EDWARDS_COMBINE_MAX)
            add_batch(sum, &batch);
    }
    if (batch.count > 0)
        add_batch(sum, &batch);
}

static void combine(
    struct kc_point *sum, const struct kc_scalar *base, const struct kc_term terms[], size_t count)
{
    kc_element_identity(sum, base != NULL ? base->curve : terms[0].point->curve);
    struct kc_point multiple;
    if (base != NULL && kc_point_multiply_base(&multiple, base) == KC_OK) /* else it is zero */
        *sum = multiple;
    if (sum->curve == KC_CURVE_P256)
        add_terms_p256(sum, terms, count);
    else
        add_terms(sum, terms, count);
}

enum kc_error kc_combination_variable_time(
    struct kc_point *out, const struct kc_scalar *base, const struct kc_term terms[], size_t count)
{
    struct kc_point sum;
    combine(&sum, base, terms, count);
    if (kc_declassify_answer(kc_element_is_identity(&sum))) /* refused: there is no result */
        return KC_ERR_POINT_SMALL_ORDER;
    *out = sum;
    return KC_OK;
}

bool kc_combination_vanishes_variable_time(
    const struct kc_scalar *base, const struct kc_term terms[], size_t count)
{
    struct kc_point sum;
    combine(&sum, base, terms, count);
    return kc_declassify_answer(kc_element_is_identity(&sum)); /* the answer of the check */
}

enum kc_error kc_combination_double_variable_time(struct kc_point *out,
    const struct kc_scalar *base, const struct kc_scalar *scalar, const struct kc_point *point)
{
    const struct kc_term term = {scalar, point, false};
    return kc_combination_variable_time(out, base, &term, 1);
}
