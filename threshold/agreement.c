/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/agreement.h"

#include "threshold/declassify.h"

#include <string.h>

enum kc_error kc_agreement_contribute(struct kc_point *out, const struct kc_scalar *share,
    const struct kc_scalar *coefficient, const struct kc_scalar *offset,
    const struct kc_point *peer)
{
    KC_AUTO_SCALAR factor = *share;
    if (coefficient != NULL) {
        /* A zero would answer with what the requester knows already; refusing it
         * says nothing of the share. */
        if (kc_declassify_answer(kc_scalar_is_zero(coefficient)))
            return KC_ERR_SCALAR_RANGE;
        kc_scalar_multiply(&factor, coefficient, share);
    }
    if (offset != NULL)
        kc_scalar_add(&factor, &factor, offset);
    return kc_point_multiply(out, &factor, peer);
}

enum kc_error kc_agreement_combine(
    uint8_t agreed[static KC_POINT_SIZE_MAX], const struct kc_point contributions[], size_t count)
{
    KC_AUTO_POINT sum;
    enum kc_error error = kc_point_sum(&sum, contributions, count);
    if (error != KC_OK)
        return error;
    if (kc_curve_info(sum.curve)->signs)
        kc_point_encode(&sum, agreed);
    else
        kc_point_encode_unsigned(&sum, agreed);
    return KC_OK;
}

enum kc_error kc_agreement_agree(uint8_t agreed[static KC_POINT_SIZE_MAX],
    const struct kc_scalar *scalar, const struct kc_point *peer)
{
    KC_AUTO_POINT whole;
    enum kc_error error = kc_agreement_contribute(&whole, scalar, NULL, NULL, peer);
    return error != KC_OK ? error : kc_agreement_combine(agreed, &whole, 1);
}
