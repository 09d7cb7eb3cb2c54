/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields' operations on bounds instead of elements. The library's sources are compiled once more with this file
 * included first (the tests' CMakeLists.txt does it): a limb then holds the largest value that it could have, an operation
 * checks what its header demands of its operands, and answers with the bound of its result. As that code is constant time,
 * one run goes where every run goes; of two ways of a selection the larger bound stays.
 *
 * That the real operations keep what is assumed here is proved by field_proof.py.
 */
#ifndef KC_TESTS_THRESHOLD_FIELD_BOUNDS_H
#define KC_TESTS_THRESHOLD_FIELD_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>

/* The operations that the headers define themselves are put aside under another name. */
#define kc_field25519_add unused_field25519_add
#define kc_field25519_subtract unused_field25519_subtract
#define kc_field25519_negate unused_field25519_negate
#define kc_field25519_select unused_field25519_select
#define kc_field448_add unused_field448_add
#define kc_field448_subtract unused_field448_subtract
#define kc_field448_negate unused_field448_negate
#define kc_field448_select unused_field448_select
#include "threshold/field25519.h"
#include "threshold/field448.h"
#undef kc_field25519_add
#undef kc_field25519_subtract
#undef kc_field25519_negate
#undef kc_field25519_select
#undef kc_field448_add
#undef kc_field448_subtract
#undef kc_field448_negate
#undef kc_field448_select

/* Fails the running test if a bound does not hold. */
void bounds_demand(bool holds);

void kc_field25519_add(
    struct kc_field25519 *out, const struct kc_field25519 *a, const struct kc_field25519 *b);
void kc_field25519_subtract(
    struct kc_field25519 *out, const struct kc_field25519 *a, const struct kc_field25519 *b);
void kc_field25519_negate(struct kc_field25519 *out, const struct kc_field25519 *a);
void kc_field25519_select(struct kc_field25519 *out, kc_mask mask, const struct kc_field25519 *a);
void kc_field448_add(
    struct kc_field448 *out, const struct kc_field448 *a, const struct kc_field448 *b);
void kc_field448_subtract(
    struct kc_field448 *out, const struct kc_field448 *a, const struct kc_field448 *b);
void kc_field448_negate(struct kc_field448 *out, const struct kc_field448 *a);
void kc_field448_select(struct kc_field448 *out, kc_mask mask, const struct kc_field448 *a);

#endif
