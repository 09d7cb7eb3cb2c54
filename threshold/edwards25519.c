/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/edwards25519.h"

#include "base/secret.h"

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

#include "threshold/edwards_multiply.inc"
