/* SPDX-License-Identifier: Apache-2.0 */
#include "number.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static bool on_25519(enum kc_curve curve)
{
    return curve == KC_CURVE_ED25519 || curve == KC_CURVE_X25519;
}

/* Big-number calls fail only without memory. */
static void must(int done)
{
    if (done != 1)
        abort();
}

const struct kc_curve_info *number_curve(struct check *c, const json_t *object, const char *name)
{
    const char *text = check_text(c, object, name);
    const struct kc_curve_info *info = kc_curve_by_name(text, strlen(text));
    if (strcmp(text, "P-256") == 0 || strcmp(text, "P-384") == 0 || strcmp(text, "P-521") == 0)
        check_skip(c, "curve", text);
    else if (info == NULL)
        check_fail(c, "%s is no curve", name);
    return info;
}

static BIGNUM *of_decimal(struct check *c, const char *text)
{
    BIGNUM *number = check_new_number(c);
    must(BN_dec2bn(&number, text) > 0);
    return number;
}

BIGNUM *number_field(struct check *c, enum kc_curve curve)
{
    BIGNUM *p = check_new_number(c), *part = check_new_number(c);
    must(BN_set_bit(p, on_25519(curve) ? 255 : 448));
    if (on_25519(curve)) {
        must(BN_sub_word(p, 19));
        return p;
    }
    must(BN_set_bit(part, 224));
    must(BN_sub(p, p, part) && BN_sub_word(p, 1));
    return p;
}

BIGNUM *number_order(struct check *c, enum kc_curve curve)
{
    BIGNUM *order = check_new_number(c);
    must(BN_set_bit(order, on_25519(curve) ? 252 : 446));
    if (on_25519(curve))
        must(BN_add(order, order, of_decimal(c, "27742317777372353535851937790883648493")));
    else
        must(BN_sub(order, order,
            of_decimal(c, "1381806680989511535200738674851542688033669247488217860989454750388"
                          "5")));
    return order;
}

struct kc_scalar number_to_scalar(struct check *c, enum kc_curve curve, const BIGNUM *number)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    size_t size = kc_curve_info(curve)->scalar_size;
    struct kc_scalar scalar;
    kc_scalar_set(&scalar, curve, 1);
    if (BN_bn2lebinpad(number, octets, (int)size) != (int)size)
        check_fail(c, "a scalar does not fit");
    else
        check_ok(c, "scalar", kc_scalar_import(&scalar, curve, octets, size));
    return scalar;
}

struct kc_scalar number_scalar(
    struct check *c, enum kc_curve curve, const json_t *object, const char *name)
{
    return number_to_scalar(c, curve, check_number(c, object, name));
}

BIGNUM *number_of_octets(struct check *c, const uint8_t *little_endian, size_t size)
{
    BIGNUM *number = check_new_number(c);
    must(BN_lebin2bn(little_endian, (int)size, number) != NULL);
    return number;
}

BIGNUM *number_of_scalar(struct check *c, const struct kc_scalar *scalar)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, octets);
    return number_of_octets(c, octets, kc_curve_info(scalar->curve)->scalar_size);
}

/* v^2 = u^3 + A u^2 + u */
static bool on_montgomery(struct check *c, enum kc_curve curve, const BIGNUM *u, const BIGNUM *v)
{
    BIGNUM *p = number_field(c, curve), *left = check_new_number(c), *right = check_new_number(c);
    BIGNUM *a = check_new_number(c);
    must(BN_set_word(a, on_25519(curve) ? 486662 : 156326));
    must(BN_mod_sqr(left, v, p, c->numbers));
    must(BN_mod_add(right, u, a, p, c->numbers));
    must(BN_mod_mul(right, right, u, p, c->numbers));
    must(BN_add_word(right, 1));
    must(BN_mod_mul(right, right, u, p, c->numbers));
    return BN_cmp(left, right) == 0;
}

/* Ed25519: 121666 (y^2 - x^2 - 1) + 121665 x^2 y^2 = 0;  Ed448: x^2 + y^2 = 1 - 39081 x^2 y^2 */
static bool on_edwards(struct check *c, enum kc_curve curve, const BIGNUM *x, const BIGNUM *y)
{
    BIGNUM *p = number_field(c, curve), *x2 = check_new_number(c), *y2 = check_new_number(c);
    BIGNUM *product = check_new_number(c), *sum = check_new_number(c);
    must(BN_mod_sqr(x2, x, p, c->numbers) && BN_mod_sqr(y2, y, p, c->numbers));
    must(BN_mod_mul(product, x2, y2, p, c->numbers));
    if (on_25519(curve)) {
        must(BN_mod_sub(sum, y2, x2, p, c->numbers) && BN_sub_word(sum, 1));
        must(BN_mul_word(sum, 121666) && BN_mul_word(product, 121665));
    } else {
        must(BN_mod_add(sum, x2, y2, p, c->numbers) && BN_sub_word(sum, 1));
        must(BN_mul_word(product, 39081));
    }
    must(BN_mod_add(sum, sum, product, p, c->numbers));
    return BN_is_zero(sum);
}

void expect_coordinates(struct check *c, const json_t *object, const struct kc_curve_info *curve,
    const uint8_t *encoding, const char *first, const char *second)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t last = curve->point_size - 1;
    memcpy(octets, encoding, curve->point_size);
    bool odd = octets[last] >> 7;
    octets[last] &= 0x7f;
    BIGNUM *written = number_of_octets(c, octets, curve->point_size);
    expect_number(c, object, curve->signs ? second : first, written);
    BIGNUM *other = check_number(c, object, curve->signs ? first : second);
    bool fits = curve->signs ? on_edwards(c, curve->curve, other, written)
                             : on_montgomery(c, curve->curve, written, other);
    if (!fits || BN_is_odd(other) != odd || BN_cmp(other, number_field(c, curve->curve)) >= 0)
        check_fail(c, "%s differs", curve->signs ? first : second);
}

/* State of the ladder (RFC 7748, section 5), with the names that it has there. */
struct ladder {
    BIGNUM *p, *u, *x2, *z2, *x3, *z3;
    unsigned a24;
};

static void ladder_step(struct check *c, struct ladder *l)
{
    BIGNUM *a = check_new_number(c), *b = check_new_number(c), *d = check_new_number(c);
    BIGNUM *e = check_new_number(c), *aa = check_new_number(c), *bb = check_new_number(c);
    BN_CTX *n = c->numbers;
    must(BN_mod_add(a, l->x2, l->z2, l->p, n) && BN_mod_sub(b, l->x2, l->z2, l->p, n));
    must(BN_mod_sub(d, l->x3, l->z3, l->p, n) && BN_mod_mul(d, d, a, l->p, n));
    must(BN_mod_add(e, l->x3, l->z3, l->p, n) && BN_mod_mul(e, e, b, l->p, n));
    must(BN_mod_add(l->x3, d, e, l->p, n) && BN_mod_sqr(l->x3, l->x3, l->p, n));
    must(BN_mod_sub(l->z3, d, e, l->p, n) && BN_mod_sqr(l->z3, l->z3, l->p, n));
    must(BN_mod_mul(l->z3, l->z3, l->u, l->p, n));
    must(BN_mod_sqr(aa, a, l->p, n) && BN_mod_sqr(bb, b, l->p, n));
    must(BN_mod_mul(l->x2, aa, bb, l->p, n) && BN_mod_sub(e, aa, bb, l->p, n));
    must(BN_copy(l->z2, e) != NULL && BN_mul_word(l->z2, l->a24));
    must(BN_mod_add(l->z2, l->z2, aa, l->p, n) && BN_mod_mul(l->z2, l->z2, e, l->p, n));
}

static void ladder_run(struct check *c, struct ladder *l, const BIGNUM *scalar, int bits)
{
    must(BN_one(l->x2) && BN_one(l->z3) && BN_copy(l->x3, l->u) != NULL);
    for (int i = bits - 1; i >= 0; i--) {
        int swap = BN_is_bit_set(scalar, i);
        BN_CTX_start(c->numbers);
        if (swap)
            BN_swap(l->x2, l->x3), BN_swap(l->z2, l->z3);
        ladder_step(c, l);
        if (swap)
            BN_swap(l->x2, l->x3), BN_swap(l->z2, l->z3);
        BN_CTX_end(c->numbers);
    }
}

void expect_ladder(struct check *c, const json_t *object, const struct kc_curve_info *curve,
    const BIGNUM *scalar, const BIGNUM *u)
{
    bool small = on_25519(curve->curve);
    struct ladder l = {number_field(c, curve->curve), check_new_number(c), check_new_number(c),
        check_new_number(c), check_new_number(c), check_new_number(c), small ? 121665 : 39081};
    const json_t *state = check_object(c, object, "ladder");
    if (c->failed)
        return;
    must(BN_copy(l.u, u) != NULL);
    ladder_run(c, &l, scalar, small ? 255 : 448);
    expect_number(c, state, "x2", l.x2);
    expect_number(c, state, "z2", l.z2);
    expect_number(c, state, "x3", l.x3);
    expect_number(c, state, "z3", l.z3);
}
