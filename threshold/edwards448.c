/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/edwards448.h"

#include "base/wipe.h"

#include <stdbool.h>

#define FIELD struct kc_field448
#define FIELD_(name) kc_field448_##name
#define POINT struct kc_edwards448
#define EDWARDS_(name) kc_edwards448_##name
#define BITS KC_EDWARDS448_BITS
#define COMBS KC_EDWARDS448_COMBS
#define SPACING KC_EDWARDS448_SPACING

/* An addend: X, Y, d T, Z. Bounds 4 (when negated), 1, 4 (when negated), 1. */
struct cached {
    struct kc_field448 f[4];
};

const struct kc_edwards448 kc_edwards448_identity = {.y = {{1}}, .z = {{1}}};

const struct kc_field448 kc_edwards448_d = {{0xffffffffff6756, 0xffffffffffffff, 0xffffffffffffff,
    0xffffffffffffff, 0xfffffffffffffe, 0xffffffffffffff, 0xffffffffffffff, 0xffffffffffffff}};

const struct kc_field448 kc_edwards448_d_curve448 = {
    {0x3cc32dbaa156b9, 0x997058fb61c424, 0x81264cfe9ad080, 0x412a12e79ccc9c, 0xa50f37809b1da3,
        0xa2ccad46157242, 0x19f24f38c29373, 0xd78b4bdc7f0daf}};

/* Numbers in comments are bounds as in field448.h. T is not needed where a doubling follows. */
static inline void double_point(
    struct kc_edwards448 *out, const struct kc_edwards448 *p, bool with_t)
{
    struct kc_field448 a, b, c, e, f, g, h;
    kc_field448_square(&a, &p->x);
    kc_field448_square(&b, &p->y);
    kc_field448_square(&c, &p->z);
    kc_field448_add(&c, &c, &c);       /* 2 */
    kc_field448_add(&g, &a, &b);       /* 2 */
    kc_field448_add(&e, &p->x, &p->y); /* 2 */
    kc_field448_square(&e, &e);
    kc_field448_subtract(&e, &e, &g); /* 5 */
    kc_field448_subtract(&f, &g, &c); /* 6 */
    kc_field448_subtract(&h, &a, &b); /* 5 */
    kc_field448_multiply(&out->x, &e, &f);
    kc_field448_multiply(&out->y, &g, &h);
    kc_field448_multiply(&out->z, &f, &g);
    if (with_t)
        kc_field448_multiply(&out->t, &e, &h);
}

/* The sum of p and an addend of which d is the product of both Z. */
static inline void add_addend(struct kc_edwards448 *out, const struct kc_edwards448 *p,
    const struct kc_field448 addend[3], const struct kc_field448 *d, bool with_t)
{
    struct kc_field448 a, b, c, e, f, g, h;
    kc_field448_multiply(&a, &p->x, &addend[0]);
    kc_field448_multiply(&b, &p->y, &addend[1]);
    kc_field448_multiply(&c, &p->t, &addend[2]);
    kc_field448_add(&e, &p->x, &p->y);           /* 2 */
    kc_field448_add(&f, &addend[0], &addend[1]); /* 5 */
    kc_field448_multiply(&e, &e, &f);
    kc_field448_add(&h, &a, &b);      /* 2 */
    kc_field448_subtract(&e, &e, &h); /* 5 */
    kc_field448_subtract(&f, d, &c);  /* 5 */
    kc_field448_add(&g, d, &c);       /* 2 */
    kc_field448_subtract(&h, &b, &a); /* 5 */
    kc_field448_multiply(&out->x, &e, &f);
    kc_field448_multiply(&out->y, &g, &h);
    kc_field448_multiply(&out->z, &f, &g);
    if (with_t)
        kc_field448_multiply(&out->t, &e, &h);
}

static inline void add_cached(struct kc_edwards448 *out, const struct kc_edwards448 *p,
    const struct cached *addend, bool with_t)
{
    struct kc_field448 d;
    kc_field448_multiply(&d, &p->z, &addend->f[3]);
    add_addend(out, p, addend->f, &d, with_t);
}

/* Z = 1 */
static inline void add_affine(struct kc_edwards448 *out, const struct kc_edwards448 *p,
    const struct kc_field448 addend[3], bool with_t)
{
    const struct kc_field448 d = p->z;
    add_addend(out, p, addend, &d, with_t);
}

static inline void make_cached(
    struct cached *out, const struct kc_edwards448 *p, const struct kc_field448 *d)
{
    out->f[0] = p->x;
    out->f[1] = p->y;
    kc_field448_multiply(&out->f[2], &p->t, d);
    out->f[3] = p->z;
}

/* -P has -X and -T. */
static inline void negate_addend(struct kc_field448 f[3], kc_mask mask)
{
    struct kc_field448 negative;
    kc_field448_negate(&negative, &f[0]);
    kc_field448_select(&f[0], mask, &negative);
    kc_field448_negate(&negative, &f[2]);
    kc_field448_select(&f[2], mask, &negative);
}

void kc_edwards448_double(struct kc_edwards448 *out, const struct kc_edwards448 *a)
{
    double_point(out, a, true);
}

void kc_edwards448_add(struct kc_edwards448 *out, const struct kc_edwards448 *a,
    const struct kc_edwards448 *b, const struct kc_field448 *d)
{
    struct cached addend;
    make_cached(&addend, b, d);
    add_cached(out, a, &addend, true);
    kc_wipe(&addend, sizeof addend);
}

/* A product with one brings the coordinates back to reduced. */
void kc_edwards448_negate(struct kc_edwards448 *out, const struct kc_edwards448 *a)
{
    *out = *a;
    kc_field448_negate(&out->x, &a->x);
    kc_field448_multiply(&out->x, &out->x, &kc_field448_one);
    kc_field448_negate(&out->t, &a->t);
    kc_field448_multiply(&out->t, &out->t, &kc_field448_one);
}

/*
 * The points of prime order are the multiples of 4. docs/threshold.md ("Membership")
 * has the proof of this test:
 *
 * With w^2 = (1 - d)(1 + y)/(1 - y), P is the image under a 2-isogeny of a point Q on
 *   Y^2 = X (X - 1)(X - d),   X(Q) = (1 + d + w^2)/2 + w/x,
 * and the other preimage is Q + (0, 0). There is no w in the field just when P is no double. Else P
 * is a multiple of 4 just when Tate's pairing of Q with (d, 0) is trivial, which itself pairs
 * trivially with (0, 0): when X(Q) - d is a square.
 *
 * Below r = w (1 - y), and instead of a division by ((1 - y) x) there is a product. The points of
 * small order make a factor zero, and are refused with that.
 */
kc_mask kc_edwards448_has_prime_order(const struct kc_edwards448 *p, const struct kc_field448 *d)
{
    KC_AUTO_FIELD448 r, t, u, factor;
    kc_field448_subtract(&factor, &kc_field448_one, d); /* 5 */
    kc_field448_square(&r, &p->z);
    kc_field448_square(&t, &p->y);
    kc_field448_subtract(&r, &r, &t); /* 5 */
    kc_field448_multiply(&r, &r, &factor);
    kc_mask is_double = kc_field448_root(&r, &r, &kc_field448_one);

    kc_field448_multiply(&t, &factor, &p->x);
    kc_field448_add(&t, &t, &r); /* 2 */
    kc_field448_multiply(&t, &t, &p->x);
    kc_field448_subtract(&u, &p->z, &p->y); /* 5 */
    kc_field448_multiply(&t, &t, &u);
    kc_field448_multiply(&t, &t, &p->z); /* for the odd degree of the rest */
    return is_double & kc_field448_is_square(&t);
}

#include "threshold/edwards_multiply.inc"

#include "threshold/edwards_combine.inc"
