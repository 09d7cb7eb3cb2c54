/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/edwards25519.h"

#include "base/wipe.h"

#include <stdbool.h>

#define FIELD struct kc_field25519
#define FIELD_(name) kc_field25519_##name
#define POINT struct kc_edwards25519
#define EDWARDS_(name) kc_edwards25519_##name
#define BITS KC_EDWARDS25519_BITS
#define COMBS KC_EDWARDS25519_COMBS
#define SPACING KC_EDWARDS25519_SPACING

/* An addend: Y + X, Y - X, 2 d T, 2 Z. Bounds 2, 5, 4 (when negated), 2. */
struct cached {
    struct kc_field25519 f[4];
};

const struct kc_edwards25519 kc_edwards25519_identity = {.y = {{1}}, .z = {{1}}};

const struct kc_field25519 kc_edwards25519_d2 = {
    {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};

/* Numbers in comments are bounds as in field25519.h. T is not needed where a doubling follows. */
static inline void double_point(
    struct kc_edwards25519 *out, const struct kc_edwards25519 *p, bool with_t)
{
    struct kc_field25519 a, b, c, e, f, g, h;
    kc_field25519_square(&a, &p->x);
    kc_field25519_square(&b, &p->y);
    kc_field25519_square(&c, &p->z);
    kc_field25519_add(&c, &c, &c);       /* 2 */
    kc_field25519_add(&h, &a, &b);       /* 2 */
    kc_field25519_add(&e, &p->x, &p->y); /* 2 */
    kc_field25519_square(&e, &e);
    kc_field25519_subtract(&e, &h, &e); /* 6 */
    kc_field25519_subtract(&g, &a, &b); /* 5 */
    kc_field25519_add(&f, &c, &g);      /* 7 */
    kc_field25519_multiply(&out->x, &e, &f);
    kc_field25519_multiply(&out->y, &g, &h);
    kc_field25519_multiply(&out->z, &f, &g);
    if (with_t)
        kc_field25519_multiply(&out->t, &e, &h);
}

/* The sum of p and an addend of which d is the product of both Z, doubled. */
static inline void add_addend(struct kc_edwards25519 *out, const struct kc_edwards25519 *p,
    const struct kc_field25519 addend[3], const struct kc_field25519 *d, bool with_t)
{
    struct kc_field25519 a, b, c, e, f, g, h;
    kc_field25519_subtract(&a, &p->y, &p->x); /* 5 */
    kc_field25519_multiply(&a, &a, &addend[1]);
    kc_field25519_add(&b, &p->y, &p->x); /* 2 */
    kc_field25519_multiply(&b, &b, &addend[0]);
    kc_field25519_multiply(&c, &p->t, &addend[2]);
    kc_field25519_subtract(&e, &b, &a); /* 5 */
    kc_field25519_subtract(&f, d, &c);  /* 6 */
    kc_field25519_add(&g, d, &c);       /* 3 */
    kc_field25519_add(&h, &b, &a);      /* 2 */
    kc_field25519_multiply(&out->x, &e, &f);
    kc_field25519_multiply(&out->y, &g, &h);
    kc_field25519_multiply(&out->z, &f, &g);
    if (with_t)
        kc_field25519_multiply(&out->t, &e, &h);
}

static inline void add_cached(struct kc_edwards25519 *out, const struct kc_edwards25519 *p,
    const struct cached *addend, bool with_t)
{
    struct kc_field25519 d;
    kc_field25519_multiply(&d, &p->z, &addend->f[3]);
    add_addend(out, p, addend->f, &d, with_t);
}

static inline void add_affine(struct kc_edwards25519 *out, const struct kc_edwards25519 *p,
    const struct kc_field25519 addend[3], bool with_t)
{
    struct kc_field25519 d;
    kc_field25519_add(&d, &p->z, &p->z); /* 2 */
    add_addend(out, p, addend, &d, with_t);
}

static inline void make_cached(
    struct cached *out, const struct kc_edwards25519 *p, const struct kc_field25519 *d2)
{
    kc_field25519_add(&out->f[0], &p->y, &p->x);
    kc_field25519_subtract(&out->f[1], &p->y, &p->x);
    kc_field25519_multiply(&out->f[2], &p->t, d2);
    kc_field25519_add(&out->f[3], &p->z, &p->z);
}

/* -P has -X and -T. */
static inline void negate_addend(struct kc_field25519 f[3], kc_mask mask)
{
    struct kc_field25519 sum = f[0], negative;
    kc_field25519_select(&f[0], mask, &f[1]);
    kc_field25519_select(&f[1], mask, &sum);
    kc_field25519_negate(&negative, &f[2]);
    kc_field25519_select(&f[2], mask, &negative);
}

void kc_edwards25519_double(struct kc_edwards25519 *out, const struct kc_edwards25519 *a)
{
    double_point(out, a, true);
}

void kc_edwards25519_add(struct kc_edwards25519 *out, const struct kc_edwards25519 *a,
    const struct kc_edwards25519 *b, const struct kc_field25519 *d)
{
    struct cached addend;
    make_cached(&addend, b, d);
    add_cached(out, a, &addend, true);
    kc_wipe(&addend, sizeof addend);
}

/* A product with one brings the coordinates back to reduced. */
void kc_edwards25519_negate(struct kc_edwards25519 *out, const struct kc_edwards25519 *a)
{
    *out = *a;
    kc_field25519_negate(&out->x, &a->x);
    kc_field25519_multiply(&out->x, &out->x, &kc_field25519_one);
    kc_field25519_negate(&out->t, &a->t);
    kc_field25519_multiply(&out->t, &out->t, &kc_field25519_one);
}

/* a - d, with a = -1 */
static const struct kc_field25519 a_minus_d = {
    {0x4b235eca68749, 0x657d7c4ea9142, 0x2185d9ffe3fd6, 0x0c6399c5fc344, 0x2dfc9311d4900}};

/* The root of a - d minus the root of a: the slope of a tangent, see below. */
static const struct kc_field25519 slope = {
    {0x1ee386c763122, 0x5a6eaf8d9378f, 0x039596c847d67, 0x42462bb014ec8, 0x1d13a9c084bad}};

/*
 * The points of prime order are the multiples of 8. docs/threshold.md ("Membership")
 * has the proof of this test:
 *
 * With w^2 = (a - d)(1 + y)/(1 - y), P is the image under a 2-isogeny of Q = (q, w q) on
 *   Y^2 = X (X - a)(X - d),   q = (a + d + w^2)/2 + w/x,
 * and the other preimage is Q + (0, 0). There is no w in the field just when P is no double. Else P
 * is a multiple of 8 just when Tate's pairing of Q with a point S of order 4 is trivial, where 2S =
 * (a, 0) and S pairs trivially with (0, 0). The tangent at S goes through (a, 0), so the pairing is
 * the quartic character of
 *   (w q - slope (q - a))^2 / (q - a).
 *
 * Below r = w (1 - y), all is multiplied by fourth powers instead of being divided: qa stands for q
 * - a, and qs for q, both times (1 - y) x, which is `scale`. The points of small order make a
 * factor zero, and are refused with that.
 */
kc_mask kc_edwards25519_has_prime_order(const struct kc_edwards25519 *p)
{
    KC_AUTO_FIELD25519 r, scale, qa, qs, t;
    kc_field25519_square(&r, &p->z);
    kc_field25519_square(&t, &p->y);
    kc_field25519_subtract(&r, &r, &t); /* 5 */
    kc_field25519_multiply(&r, &r, &a_minus_d);
    kc_mask is_double = kc_field25519_root(&r, &r, &kc_field25519_one);

    kc_field25519_subtract(&scale, &p->z, &p->y); /* 5 */
    kc_field25519_multiply(&scale, &scale, &p->x);
    kc_field25519_multiply(&qa, &p->x, &p->y);
    kc_field25519_multiply(&qa, &qa, &a_minus_d);
    kc_field25519_multiply(&t, &r, &p->z);
    kc_field25519_add(&qa, &qa, &t);          /* 2 */
    kc_field25519_subtract(&qs, &qa, &scale); /* 6 */

    kc_field25519_multiply(&r, &r, &p->x);
    kc_field25519_multiply(&r, &r, &qs);
    kc_field25519_multiply(&t, &slope, &qa);
    kc_field25519_multiply(&t, &t, &scale);
    kc_field25519_subtract(&t, &r, &t); /* 5 */
    kc_field25519_square(&t, &t);
    kc_field25519_multiply(&t, &t, &scale);
    kc_field25519_multiply(&t, &t, &qa);
    kc_field25519_square(&qa, &qa);
    kc_field25519_multiply(&t, &t, &qa); /* qa^3: 1/qa times a fourth power */
    return is_double & kc_field25519_is_fourth_power(&t);
}

#include "threshold/edwards_multiply.inc"

#include "threshold/edwards_combine.inc"
