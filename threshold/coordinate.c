/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/coordinate.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/element.h"

#include <string.h>

static bool has_unsigned_form(enum kc_curve curve)
{
    return kc_curve_info(curve)->unsigned_size > 0;
}

static struct kc_point generator(enum kc_curve curve)
{
    struct kc_scalar one;
    struct kc_point point = {.curve = curve};
    kc_scalar_set(&one, curve, 1);
    enum kc_error error = kc_point_multiply_base(&point, &one);
    (void)error; /* one is not zero */
    return point;
}

/* Whether P + G is the identity, for which nothing can be derived. P is public. */
static bool is_minus_generator(const struct kc_point *peer)
{
    struct kc_point minus = generator(peer->curve);
    kc_point_negate(&minus, &minus);
    return kc_declassify_answer(kc_point_equal(peer, &minus));
}

enum kc_error kc_coordinate_second(struct kc_point *second, const struct kc_point *peer)
{
    if (!has_unsigned_form(peer->curve))
        return KC_ERR_BAD_ALGORITHM;
    struct kc_point terms[3] = {*peer, generator(peer->curve), generator(peer->curve)};
    return kc_point_sum(second, terms, is_minus_generator(peer) ? 3 : 2);
}

/* Whether candidate + shift has the coordinate; the identity has none. */
static kc_mask fits(
    const struct kc_point *candidate, const struct kc_point *shift, const uint8_t *coordinate)
{
    uint8_t unsigned_form[KC_POINT_SIZE_MAX] = {0}; /* secret */
    KC_AUTO_POINT sum = {.curve = candidate->curve};
    kc_element_add(&sum, candidate, shift);
    kc_point_encode_unsigned(&sum, unsigned_form);
    kc_mask equal = kc_ct_bytes_equal(
        unsigned_form, coordinate, kc_curve_info(candidate->curve)->unsigned_size);
    kc_wipe(unsigned_form, sizeof unsigned_form);
    return equal & ~kc_element_is_identity(&sum);
}

/* The one of two points that the mask chooses: `a` if it is all ones. */
static enum kc_error choose(
    struct kc_point *out, kc_mask mask, const struct kc_point *a, const struct kc_point *b)
{
    uint8_t chosen[KC_POINT_SIZE_MAX] = {0}, other[KC_POINT_SIZE_MAX] = {0}; /* secret */
    kc_point_encode(a, chosen);
    kc_point_encode(b, other);
    for (size_t i = 0; i < sizeof chosen; i++)
        chosen[i] = (uint8_t)kc_ct_select(mask, chosen[i], other[i]);
    enum kc_error error =
        kc_point_decode(out, a->curve, chosen, kc_curve_info(a->curve)->point_size);
    kc_wipe(chosen, sizeof chosen);
    kc_wipe(other, sizeof other);
    return error;
}

enum kc_error kc_coordinate_complete(struct kc_point *whole, const struct kc_point *public_point,
    const struct kc_point *peer, const uint8_t *of_peer, const uint8_t *of_second)
{
    if (!has_unsigned_form(peer->curve))
        return KC_ERR_BAD_ALGORITHM;
    KC_AUTO_POINT even = {0}, odd = {0};
    struct kc_point shift = *public_point;
    if (is_minus_generator(peer))
        kc_element_double(&shift, public_point);
    enum kc_error error = kc_point_decode_unsigned(
        &even, peer->curve, of_peer, kc_curve_info(peer->curve)->unsigned_size);
    if (error != KC_OK)
        return KC_ERR_ROOT_ANSWER;
    kc_point_negate(&odd, &even);
    kc_mask is_even = fits(&even, &shift, of_second);
    kc_mask is_odd = fits(&odd, &shift, of_second);
    /* that the device computes wrongly is said to the caller; which sign fits is not */
    if (!kc_declassify_answer(is_even ^ is_odd))
        return KC_ERR_ROOT_ANSWER;
    return choose(whole, is_even, &even, &odd);
}
