/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/combination.h"

#include "threshold/declassify.h"
#include "threshold/element.h"

#include <string.h>

/* Straus: each scalar in signed digits, odd or zero, of five bits; all
 * terms share the doublings. */
#define WINDOW 5
#define TABLE_SIZE (1 << (WINDOW - 2)) /* P, 3P, .., 15P */
#define DIGITS (64 * KC_SCALAR_LIMBS + 1)

/* As many terms are summed together as are worth their tables on the stack. */
#define TERMS_AT_ONCE 16

struct prepared {
    struct kc_point odd_multiples[TABLE_SIZE];
    int8_t digits[DIGITS];
    int top; /* position of the highest digit that is not zero, or -1 */
};

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

static void recode(struct prepared *prepared, const struct kc_scalar *scalar)
{
    uint64_t k[KC_SCALAR_LIMBS + 1] = {1};
    if (scalar != NULL)
        memcpy(k, scalar->limb, sizeof scalar->limb);
    prepared->top = -1;
    for (int position = 0; position < DIGITS; position++) {
        int digit = 0;
        if (k[0] & 1) {
            digit = (int)(k[0] % (1 << WINDOW));
            if (digit >= 1 << (WINDOW - 1))
                digit -= 1 << WINDOW;
            prepared->top = position;
        }
        prepared->digits[position] = (int8_t)digit;
        take_digit(k, digit);
    }
}

static void prepare(struct prepared *prepared, const struct kc_term *term)
{
    recode(prepared, term->scalar);
    struct kc_point twice, *multiples = prepared->odd_multiples;
    multiples[0] = *term->point;
    if (term->negative)
        kc_point_negate(&multiples[0], term->point);
    kc_element_double(&twice, &multiples[0]);
    for (int i = 1; i < TABLE_SIZE; i++)
        kc_element_add(&multiples[i], &multiples[i - 1], &twice);
}

static void add_digit(struct kc_point *sum, const struct prepared *prepared, int position)
{
    int digit = prepared->digits[position];
    struct kc_point addend;
    if (digit == 0)
        return;
    addend = prepared->odd_multiples[(digit < 0 ? -digit : digit) / 2];
    if (digit < 0)
        kc_point_negate(&addend, &addend);
    kc_element_add(sum, sum, &addend);
}

static void add_terms(struct kc_point *sum, const struct kc_term terms[], size_t count)
{
    struct prepared prepared[TERMS_AT_ONCE];
    int top = -1;
    for (size_t i = 0; i < count; i++) {
        prepare(&prepared[i], &terms[i]);
        if (prepared[i].top > top)
            top = prepared[i].top;
    }
    struct kc_point part;
    kc_element_identity(&part, sum->curve);
    for (int position = top; position >= 0; position--) {
        kc_element_double(&part, &part);
        for (size_t i = 0; i < count; i++)
            if (position <= prepared[i].top)
                add_digit(&part, &prepared[i], position);
    }
    kc_element_add(sum, sum, &part);
}

static void combine(
    struct kc_point *sum, const struct kc_scalar *base, const struct kc_term terms[], size_t count)
{
    kc_element_identity(sum, base != NULL ? base->curve : terms[0].point->curve);
    struct kc_point multiple;
    if (base != NULL && kc_point_multiply_base(&multiple, base) == KC_OK) /* else it is zero */
        *sum = multiple;
    if (sum->curve == KC_CURVE_P256) {
        add_terms_p256(sum, terms, count);
        return;
    }
    for (size_t done = 0; done < count; done += TERMS_AT_ONCE)
        add_terms(sum, terms + done, count - done < TERMS_AT_ONCE ? count - done : TERMS_AT_ONCE);
}

enum kc_error kc_combination(
    struct kc_point *out, const struct kc_scalar *base, const struct kc_term terms[], size_t count)
{
    struct kc_point sum;
    combine(&sum, base, terms, count);
    if (kc_declassify_answer(kc_element_is_identity(&sum))) /* refused: there is no result */
        return KC_ERR_POINT_SMALL_ORDER;
    *out = sum;
    return KC_OK;
}

bool kc_combination_vanishes(
    const struct kc_scalar *base, const struct kc_term terms[], size_t count)
{
    struct kc_point sum;
    combine(&sum, base, terms, count);
    return kc_declassify_answer(kc_element_is_identity(&sum)); /* the answer of the check */
}
