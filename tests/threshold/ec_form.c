/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold/ec_form.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

static void must(int done)
{
    if (done != 1)
        abort();
}

/* RFC 7748 and 8032; d is -numerator/denominator on 25519 and -39081 on 448. */
static const struct {
    enum kc_curve curve;
    const char *p, *order, *montgomery_a;
    int edwards_a;
    unsigned d_numerator, d_denominator; /* 0: an X curve */
    unsigned cofactor;
    const char *base; /* its encoding */
} rows[] = {
#define P25519 "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
#define L25519 "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"
#define P448                                                                                       \
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"                                     \
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define L448                                                                                       \
    "3fffffffffffffffffffffffffffffffffffffffffffffffffffffff"                                     \
    "7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3"
    {KC_CURVE_ED25519, P25519, L25519, NULL, -1, 121665, 121666, 8,
        "5866666666666666666666666666666666666666666666666666666666666666"},
    {KC_CURVE_X25519, P25519, L25519, "76d06", 0, 0, 0, 8,
        "090000000000000000000000000000000000000000000000000000000000000080"},
    {KC_CURVE_ED448, P448, L448, NULL, 1, 39081, 1, 4,
        "14fa30f25b790898adc8d74e2c13bdfdc4397ce61cffd33ad7c2a0051e9c78874098a36c7373ea4b"
        "62c7c9563720768824bcb66e71463f6900"},
    {KC_CURVE_X448, P448, L448, "262a6", 0, 0, 0, 4,
        "05000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000"},
};

static BIGNUM *of_hex(const char *hex)
{
    BIGNUM *number = NULL;
    must(BN_hex2bn(&number, hex) > 0);
    return number;
}

static BIGNUM *of_number(const struct ec_form *form, long value)
{
    BIGNUM *number = BN_new();
    must(BN_set_word(number, (unsigned long)labs(value)));
    BN_set_negative(number, value < 0);
    must(BN_nnmod(number, number, form->p, form->numbers));
    return number;
}

/* out = a/b modulo p */
static void divide(const struct ec_form *form, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
    BIGNUM *inverse = BN_mod_inverse(NULL, b, form->p, form->numbers);
    must(inverse != NULL);
    must(BN_mod_mul(out, a, inverse, form->p, form->numbers));
    BN_free(inverse);
}

/* A = 2(a + d)/(a - d), B = 4/(a - d): the Montgomery form of an Edwards curve. */
static void edwards_to_montgomery(struct ec_form *form)
{
    BIGNUM *sum = BN_new(), *difference = BN_new(), *four = of_number(form, 4);
    must(BN_mod_add(sum, form->a, form->d, form->p, form->numbers));
    must(BN_mod_sub(difference, form->a, form->d, form->p, form->numbers));
    must(BN_mod_lshift1(sum, sum, form->p, form->numbers));
    divide(form, form->big_a, sum, difference);
    divide(form, form->big_b, four, difference);
    BN_free(sum);
    BN_free(difference);
    BN_free(four);
}

/* y^2 = x^3 + (3 - A^2)/(3 B^2) x + (2 A^3 - 9 A)/(27 B^3) */
static void montgomery_to_weierstrass(struct ec_form *form)
{
    BN_CTX *n = form->numbers;
    BIGNUM *three = of_number(form, 3), *one = of_number(form, 1), *square = BN_new(),
           *a = BN_new(), *b = BN_new(), *term = BN_new();
    divide(form, form->shift, form->big_a, three);
    divide(form, form->scale, one, form->big_b);
    must(BN_mod_sqr(square, form->big_a, form->p, n));
    must(BN_mod_sub(a, three, square, form->p, n));
    divide(form, a, a, three);
    must(BN_mod_lshift1(b, square, form->p, n)); /* (2 A^2 - 9) A / 27 */
    must(BN_set_word(term, 9));
    must(BN_mod_sub(b, b, term, form->p, n));
    must(BN_mod_mul(b, b, form->big_a, form->p, n));
    must(BN_set_word(term, 27));
    divide(form, b, b, term);
    must(BN_mod_sqr(term, form->scale, form->p, n));
    must(BN_mod_mul(a, a, term, form->p, n));
    must(BN_mod_mul(term, term, form->scale, form->p, n));
    must(BN_mod_mul(b, b, term, form->p, n));
    form->group = EC_GROUP_new_curve_GFp(form->p, a, b, n);
    must(form->group != NULL);
    BN_free(three);
    BN_free(one);
    BN_free(square);
    BN_free(a);
    BN_free(b);
    BN_free(term);
}

static void set_generator(struct ec_form *form, const char *base)
{
    uint8_t bytes[KC_POINT_SIZE_MAX];
    EC_POINT *point = EC_POINT_new(form->group);
    BIGNUM *cofactor = of_number(form, (long)form->cofactor);
    long size = 0;
    unsigned char *octets = OPENSSL_hexstr2buf(base, &size);
    memcpy(bytes, octets, (size_t)size);
    (void)ec_form_read(form, bytes, (size_t)size, point); /* its order cannot be found yet */
    must(EC_GROUP_set_generator(form->group, point, form->order, cofactor));
    OPENSSL_free(octets);
    EC_POINT_free(point);
    BN_free(cofactor);
}

/* The multiples of one of full order among [L]Q. */
static void find_torsion(struct ec_form *form)
{
    uint8_t seed[64] = {0};
    EC_POINT *point = EC_POINT_new(form->group);
    for (unsigned i = 0; i < form->cofactor; i++)
        form->torsion[i] = EC_POINT_new(form->group); /* the identity */
    do {
        seed[0]++;
        ec_form_any(form, seed, point);
        must(EC_POINT_mul(form->group, point, NULL, point, form->order, form->numbers));
        for (unsigned i = 1; i < form->cofactor; i++)
            must(EC_POINT_add(
                form->group, form->torsion[i], form->torsion[i - 1], point, form->numbers));
    } while (form->cofactor > 1 &&
             EC_POINT_is_at_infinity(form->group, form->torsion[form->cofactor / 2]));
    EC_POINT_free(point);
}

static void init_p256(struct ec_form *form)
{
    form->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    form->cofactor = 1;
    form->coordinate_size = 32;
    form->p = BN_new();
    must(EC_GROUP_get_curve(form->group, form->p, NULL, NULL, form->numbers));
    form->order = BN_dup(EC_GROUP_get0_order(form->group));
    form->torsion[0] = EC_POINT_new(form->group);
}

void ec_form_init(struct ec_form *form, enum kc_curve curve)
{
    memset(form, 0, sizeof *form);
    form->curve = curve;
    form->numbers = BN_CTX_new();
    if (curve == KC_CURVE_P256) {
        init_p256(form);
        return;
    }
    size_t at = 0;
    while (rows[at].curve != curve)
        at++;
    form->cofactor = rows[at].cofactor;
    form->coordinate_size = rows[at].cofactor == 8 ? 32 : 56;
    form->edwards = rows[at].d_denominator != 0;
    form->p = of_hex(rows[at].p);
    form->order = of_hex(rows[at].order);
    form->big_a = form->edwards ? BN_new() : of_hex(rows[at].montgomery_a);
    form->big_b = of_number(form, 1);
    form->shift = BN_new();
    form->scale = BN_new();
    if (form->edwards) {
        BIGNUM *numerator = of_number(form, -(long)rows[at].d_numerator);
        BIGNUM *denominator = of_number(form, (long)rows[at].d_denominator);
        form->a = of_number(form, rows[at].edwards_a);
        form->d = BN_new();
        divide(form, form->d, numerator, denominator);
        BN_free(numerator);
        BN_free(denominator);
        edwards_to_montgomery(form);
    }
    montgomery_to_weierstrass(form);
    set_generator(form, rows[at].base);
    find_torsion(form);
}

void ec_form_done(struct ec_form *form)
{
    for (size_t i = 0; i < 8; i++)
        EC_POINT_free(form->torsion[i]);
    EC_GROUP_free(form->group);
    enum { COUNT = 8 };
    BIGNUM *numbers[COUNT] = {
        form->p, form->order, form->a, form->d, form->big_a, form->big_b, form->shift, form->scale};
    for (size_t i = 0; i < COUNT; i++)
        BN_free(numbers[i]);
    BN_CTX_free(form->numbers);
}

/* A root of value with this parity; false if there is none. */
static bool root(const struct ec_form *form, BIGNUM *value, bool odd)
{
    if (BN_mod_sqrt(value, value, form->p, form->numbers) == NULL) {
        ERR_clear_error();
        return false;
    }
    if (BN_is_odd(value) != odd && !BN_is_zero(value))
        must(BN_sub(value, form->p, value));
    return true;
}

/* v with v^2 = (u^3 + A u^2 + u)/B, that is for X curves B = 1. */
static bool solve_montgomery(const struct ec_form *form, const BIGNUM *u, BIGNUM *v, bool odd)
{
    BN_CTX *n = form->numbers;
    must(BN_mod_add(v, u, form->big_a, form->p, n));
    must(BN_mod_mul(v, v, u, form->p, n));
    must(BN_add_word(v, 1));
    must(BN_mod_mul(v, v, u, form->p, n));
    return root(form, v, odd);
}

/* x with x^2 = (y^2 - 1)/(d y^2 - a) */
static bool solve_edwards(const struct ec_form *form, const BIGNUM *y, BIGNUM *x, bool odd)
{
    BN_CTX *n = form->numbers;
    BIGNUM *denominator = BN_new();
    must(BN_mod_sqr(x, y, form->p, n));
    must(BN_mod_mul(denominator, x, form->d, form->p, n));
    must(BN_mod_sub(denominator, denominator, form->a, form->p, n));
    must(BN_sub_word(x, 1));
    must(BN_nnmod(x, x, form->p, n));
    divide(form, x, x, denominator);
    BN_free(denominator);
    return root(form, x, odd);
}

/* u = (1 + y)/(1 - y), v = u/x; the identity has none. */
static bool edwards_to_uv(const struct ec_form *form, BIGNUM *x, BIGNUM *y)
{
    BIGNUM *one = of_number(form, 1), *above = BN_new(), *below = BN_new();
    must(BN_mod_add(above, one, y, form->p, form->numbers));
    must(BN_mod_sub(below, one, y, form->p, form->numbers));
    bool finite = !BN_is_zero(below);
    if (finite) {
        divide(form, above, above, below); /* u */
        if (!BN_is_zero(x))
            divide(form, y, above, x); /* v */
        else
            BN_zero(y);
        must(BN_copy(x, above) != NULL);
    }
    BN_free(one);
    BN_free(above);
    BN_free(below);
    return finite;
}

static void set_uv(const struct ec_form *form, EC_POINT *out, BIGNUM *u, BIGNUM *v)
{
    must(BN_mod_add(u, u, form->shift, form->p, form->numbers));
    must(BN_mod_mul(u, u, form->scale, form->p, form->numbers));
    must(BN_mod_mul(v, v, form->scale, form->p, form->numbers));
    must(EC_POINT_set_affine_coordinates(form->group, out, u, v, form->numbers));
}

/* The written coordinate in one, solved for the other; X: u, v. Ed: y, x, then u, v. */
static enum kc_error solve(const struct ec_form *form, BIGNUM *one, bool odd, EC_POINT *out)
{
    BIGNUM *other = BN_new();
    enum kc_error error = KC_OK;
    bool there = form->edwards ? solve_edwards(form, one, other, odd)
                               : solve_montgomery(form, one, other, odd);
    if (!there)
        error = KC_ERR_POINT_NOT_ON_CURVE;
    else if (BN_is_zero(other) && odd)
        error = KC_ERR_POINT_ENCODING; /* a sign for zero */
    else if (!form->edwards)
        set_uv(form, out, one, other);
    else if (edwards_to_uv(form, other, one))
        set_uv(form, out, other, one);
    else
        must(EC_POINT_set_to_infinity(form->group, out));
    BN_free(other);
    return error;
}

/* By the definition: [L]P, else [h]P. */
static enum kc_error order_of(const struct ec_form *form, const EC_POINT *point)
{
    EC_POINT *multiple = EC_POINT_dup(point, form->group);
    for (unsigned h = form->cofactor; h > 1; h /= 2)
        must(EC_POINT_dbl(form->group, multiple, multiple, form->numbers));
    bool small = EC_POINT_is_at_infinity(form->group, multiple), prime = false;
    if (!small) {
        must(EC_POINT_mul(
            form->group, multiple, NULL, point, EC_GROUP_get0_order(form->group), form->numbers));
        prime = EC_POINT_is_at_infinity(form->group, multiple);
    }
    EC_POINT_free(multiple);
    if (small)
        return KC_ERR_POINT_SMALL_ORDER;
    return prime ? KC_OK : KC_ERR_POINT_SUBGROUP;
}

static enum kc_error read_p256(struct ec_form *form, const uint8_t *bytes, EC_POINT *out)
{
    BIGNUM *x = BN_bin2bn(bytes + 1, 32, NULL);
    bool canonical = (bytes[0] == 2 || bytes[0] == 3) && BN_cmp(x, form->p) < 0;
    BN_free(x);
    if (!canonical)
        return KC_ERR_POINT_ENCODING;
    if (EC_POINT_oct2point(form->group, out, bytes, 33, form->numbers) == 1)
        return KC_OK;
    ERR_clear_error();
    return KC_ERR_POINT_NOT_ON_CURVE;
}

enum kc_error ec_form_read(struct ec_form *form, const uint8_t *bytes, size_t size, EC_POINT *out)
{
    uint8_t coordinate[KC_POINT_SIZE_MAX];
    if (size != kc_curve_info(form->curve)->point_size)
        return KC_ERR_POINT_ENCODING;
    if (form->curve == KC_CURVE_P256)
        return read_p256(form, bytes, out);
    memcpy(coordinate, bytes, size);
    bool odd = coordinate[size - 1] >> 7 != 0;
    coordinate[size - 1] &= 0x7f;
    BIGNUM *number = BN_lebin2bn(coordinate, (int)size, NULL);
    enum kc_error error = KC_ERR_POINT_ENCODING;
    if (BN_cmp(number, form->p) < 0)
        error = solve(form, number, odd, out);
    BN_free(number);
    if (error == KC_OK && EC_GROUP_get0_generator(form->group) != NULL)
        error = order_of(form, out);
    return error;
}

/* y = (u - 1)/(u + 1), x = u/v */
static void uv_to_edwards(const struct ec_form *form, BIGNUM *u, BIGNUM *v)
{
    BIGNUM *above = BN_dup(u), *below = BN_dup(u);
    must(BN_sub_word(above, 1) && BN_add_word(below, 1));
    must(BN_nnmod(above, above, form->p, form->numbers));
    if (!BN_is_zero(v))
        divide(form, v, u, v); /* x; of the point of order two it is zero */
    divide(form, u, above, below);
    BN_free(above);
    BN_free(below);
}

void ec_form_write(struct ec_form *form, const EC_POINT *point, uint8_t *bytes)
{
    size_t size = kc_curve_info(form->curve)->point_size;
    if (form->curve == KC_CURVE_P256) {
        must(EC_POINT_point2oct(form->group, point, POINT_CONVERSION_COMPRESSED, bytes, size,
                 form->numbers) == size);
        return;
    }
    BIGNUM *u = of_number(form, 1), *v = of_number(form, 0); /* y and x of the identity */
    if (!EC_POINT_is_at_infinity(form->group, point)) {
        must(EC_POINT_get_affine_coordinates(form->group, point, u, v, form->numbers));
        must(BN_mod_mul(u, u, form->big_b, form->p, form->numbers));
        must(BN_mod_mul(v, v, form->big_b, form->p, form->numbers));
        must(BN_mod_sub(u, u, form->shift, form->p, form->numbers));
        if (form->edwards)
            uv_to_edwards(form, u, v);
    }
    must(BN_bn2lebinpad(u, bytes, (int)size) == (int)size);
    bytes[size - 1] |= (uint8_t)(BN_is_odd(v) << 7);
    BN_free(u);
    BN_free(v);
}

void ec_form_any(struct ec_form *form, const uint8_t seed[static 64], EC_POINT *out)
{
    BIGNUM *x = BN_bin2bn(seed, 64, NULL), *wanted = BN_new();
    must(BN_nnmod(x, x, form->p, form->numbers));
    do {
        must(BN_copy(wanted, x) != NULL);
        must(BN_add_word(x, 1) && BN_nnmod(x, x, form->p, form->numbers));
        ERR_clear_error();
    } while (EC_POINT_set_compressed_coordinates(
                 form->group, out, wanted, seed[63] & 1, form->numbers) != 1);
    BN_free(x);
    BN_free(wanted);
}
