/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legendre's symbol modulo p = 2^448 - 2^224 - 1: whether a number has a root, for a third of what computing one takes.
 *
 * A binary GCD of p and the number, which keeps account of the symbol's sign (T. Pornin, Optimized Binary GCD for Modular
 * Inversion, 2020). Constant time: all numbers go through the same steps.
 */
#ifndef KC_THRESHOLD_LEGENDRE448_H
#define KC_THRESHOLD_LEGENDRE448_H

#include "base/ct.h"

#define KC_LEGENDRE448_LIMBS 7

/* Whether the number, little-endian and below p, is a square modulo p and not zero. */
kc_mask kc_legendre448_is_square(const uint64_t number[static KC_LEGENDRE448_LIMBS]);

#endif
