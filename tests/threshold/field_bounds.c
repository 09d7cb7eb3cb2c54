/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold/field_bounds.h"

#include <string.h>

#define FIELD struct kc_field25519
#define FIELD_(name) kc_field25519_##name
#define NAMED_(name) field25519_##name
#define LIMBS KC_FIELD25519_LIMBS
#define SIZE KC_FIELD25519_SIZE
#define UNIT (UINT64_C(1) << 51)
#define REDUCED (UNIT + (1 << 15) - 1)
#define FOUR_P(i) ((UINT64_C(1) << 53) - ((i) == 0 ? 76 : 4))
#include "tests/threshold/field_bounds.inc"

kc_mask kc_field25519_is_fourth_power(const struct kc_field25519 *a)
{
    field25519_demand_below(a, 8);
    return 0;
}

#define FIELD struct kc_field448
#define FIELD_(name) kc_field448_##name
#define NAMED_(name) field448_##name
#define LIMBS KC_FIELD448_LIMBS
#define SIZE KC_FIELD448_SIZE
#define UNIT (UINT64_C(1) << 56)
#define REDUCED (UNIT + (1 << 15) - 1)
#define FOUR_P(i) ((UINT64_C(1) << 58) - ((i) == 4 ? 8 : 4))
#include "tests/threshold/field_bounds.inc"

kc_mask kc_field448_is_square(const struct kc_field448 *a)
{
    field448_demand_below(a, 8);
    return 0;
}
