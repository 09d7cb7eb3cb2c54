/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 5.1), and its Montgomery form
 * curve25519 (RFC 7748).
 *
 * Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. The formulas are complete: no case is special.
 * Constant time.
 */
#ifndef KC_THRESHOLD_EDWARDS25519_H
#define KC_THRESHOLD_EDWARDS25519_H

#include "threshold/field25519.h"

struct kc_edwards25519 {
    struct kc_field25519 x, y, z, t; /* reduced */
};

#endif
