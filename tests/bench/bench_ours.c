/* SPDX-License-Identifier: Apache-2.0 */
/* What bench-threshold runs of ours. */
#include "tests/bench/bench_threshold.h"

#include "threshold/agreement.h"
#include "threshold/element.h"

void contribute(const struct material *m)
{
    struct kc_point point;
    uint8_t out[KC_POINT_SIZE_MAX];
    must(kc_point_decode(&point, m->curve, m->encoded[0], kc_curve_info(m->curve)->point_size) ==
         KC_OK);
    must(kc_agreement_contribute(&point, &m->key.scalar, NULL, NULL, &point) == KC_OK);
    kc_point_encode(&point, out);
}

void contribute_each(const struct material *m)
{
    for (size_t i = 0; i < BATCH; i++)
        contribute(m);
}

void contribute_together(const struct material *m)
{
    struct kc_point points[BATCH];
    uint8_t out[BATCH][KC_POINT_SIZE_MAX];
    for (size_t i = 0; i < BATCH; i++) {
        must(kc_point_decode(&points[i], m->curve, m->encoded[i],
                 kc_curve_info(m->curve)->point_size) == KC_OK);
        must(kc_agreement_contribute(&points[i], &m->key.scalar, NULL, NULL, &points[i]) == KC_OK);
    }
    kc_point_encode_many(points, BATCH, out);
}

void multiply(const struct material *m)
{
    struct kc_point out;
    must(kc_point_multiply(&out, &m->key.scalar, &m->points[0]) == KC_OK);
}

void multiply_base(const struct material *m)
{
    struct kc_point out;
    must(kc_point_multiply_base(&out, &m->key.scalar) == KC_OK);
}

void check_subgroup(const struct material *m)
{
    must(kc_element_has_prime_order(&m->points[0]) != 0);
}

void decode(const struct material *m)
{
    struct kc_point out;
    must(kc_point_decode(&out, m->curve, m->encoded[0], kc_curve_info(m->curve)->point_size) ==
         KC_OK);
}

void sign(const struct material *m)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    must(kc_signature_sign(signature, &m->key, &bench_message, NULL) == KC_OK);
}

void verify(const struct material *m)
{
    must(kc_signature_verify(&m->key.public, &bench_message, m->signature,
             kc_curve_info(m->curve)->signature_size) == KC_OK);
}
