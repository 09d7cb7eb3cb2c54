/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against libcrypto's EC_POINT on all five curves (ec_form.h): what is read and refused, the
 * scalars against its big numbers, and the operations of the groups that libdecaf does not have.
 *
 *     threshold_ec_test [PATTERN]     the tests whose names fit, such as X448*
 */
#include "tests/threshold/support.h"

#include "tests/threshold/ec_form.h"
#include "threshold/combination.h"

#include <openssl/bn.h>
#include <string.h>

static struct ec_form forms[KC_CURVE_P256 + 1];

static BIGNUM *number_of(const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, bytes);
    return BN_lebin2bn(bytes, (int)kc_curve_info(scalar->curve)->scalar_size, NULL);
}

/* Consumes the expected number. */
static void assert_scalar(struct ec_form *form, const struct kc_scalar *ours, BIGNUM *expected)
{
    BIGNUM *number = number_of(ours);
    assert_int_equal(BN_nnmod(expected, expected, form->order, form->numbers), 1);
    assert_int_equal(BN_cmp(number, expected), 0);
    BN_free(number);
    BN_free(expected);
}

static void assert_point(
    struct ec_form *form, enum kc_error error, const struct kc_point *ours, const EC_POINT *theirs)
{
    uint8_t bytes[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    if (EC_POINT_is_at_infinity(form->group, theirs)) {
        assert_int_equal(error, KC_ERR_POINT_SMALL_ORDER);
        return;
    }
    assert_int_equal(error, KC_OK);
    kc_point_encode(ours, bytes);
    ec_form_write(form, theirs, expected);
    assert_memory_equal(bytes, expected, kc_curve_info(form->curve)->point_size);
}

/* --- scalars --- */

static struct kc_scalar any_scalar(enum kc_curve curve, size_t number)
{
    return number % 50 == 49 ? small_scalar(curve, 0) : hostile_scalar(curve, number);
}

static void scalars_are_as_big_numbers(void **state)
{
    struct ec_form *form = *state;
    enum kc_curve curve = form->curve;
    BN_CTX *n = form->numbers;
    for (size_t round = 0; round < rounds(); round++) {
        struct kc_scalar a = any_scalar(curve, round), b = any_scalar(curve, round / 3 + 5), c;
        BIGNUM *x = number_of(&a), *y = number_of(&b);
        BIGNUM *sum = BN_new(), *difference = BN_new(), *product = BN_new(), *negative = BN_new();
        assert_true(BN_add(sum, x, y) && BN_sub(difference, x, y) && BN_mul(product, x, y, n) &&
                    BN_sub(negative, form->order, x));
        kc_scalar_add(&c, &a, &b);
        assert_scalar(form, &c, sum);
        kc_scalar_subtract(&c, &a, &b);
        assert_scalar(form, &c, difference);
        kc_scalar_multiply(&c, &a, &b);
        assert_scalar(form, &c, product);
        kc_scalar_negate(&c, &a);
        assert_scalar(form, &c, negative);
        kc_scalar_invert(&c, &a);
        assert_scalar(form, &c, BN_is_zero(x) ? BN_new() : BN_mod_inverse(NULL, x, form->order, n));
        BN_free(x);
        BN_free(y);
    }
}

/* Octets of any number of bits, around the order, or all ones: reduced, imported, and refused. */
static void integers_are_reduced_or_refused_as_big_numbers(void **state)
{
    struct ec_form *form = *state;
    size_t size = kc_curve_info(form->curve)->scalar_size;
    for (size_t round = 0; round < rounds(); round++) {
        uint8_t bytes[2 * KC_SCALAR_SIZE_MAX];
        struct kc_scalar c;
        next_random(bytes, sizeof bytes);
        if (round % 4 == 0) { /* L - 4 .. L + 3 */
            assert_int_equal(BN_bn2lebinpad(form->order, bytes, (int)size), (int)size);
            bytes[0] = (uint8_t)(bytes[0] - 4 + round / 4 % 8);
        } else if (round % 4 == 1) {
            memset(bytes, 0xff, size);
            bytes[size - 1] = (uint8_t)(0xff >> round / 4 % 9);
        }
        BIGNUM *number = BN_lebin2bn(bytes, (int)size, NULL);
        bool below = BN_cmp(number, form->order) < 0;
        assert_int_equal(kc_scalar_decode(&c, form->curve, bytes, size) == KC_OK, below);
        assert_int_equal(kc_scalar_import(&c, form->curve, bytes, size), KC_OK);
        assert_scalar(form, &c, number);
        size_t wide = size + round % (sizeof bytes - size);
        kc_scalar_reduce(&c, form->curve, bytes, wide);
        assert_scalar(form, &c, BN_lebin2bn(bytes, (int)wide, NULL));
        assert_int_equal(kc_scalar_random(&c, form->curve, bytes), KC_OK);
        assert_scalar(form, &c, BN_lebin2bn(bytes, KC_UNIFORM_SIZE, NULL));
    }
}

/* --- encodings --- */

/* p + small, where it fits: a coordinate that has been written before. */
static void write_above_p(struct ec_form *form, size_t number, uint8_t *bytes)
{
    BIGNUM *above = BN_dup(form->p);
    BN_add_word(above, number % 19);
    size_t size = kc_curve_info(form->curve)->point_size;
    if (form->curve == KC_CURVE_P256) {
        bytes[0] = (uint8_t)(2 + number % 2);
        BN_bn2binpad(above, bytes + 1, 32);
    } else {
        BN_bn2lebinpad(above, bytes, (int)size);
        bytes[size - 1] |= (uint8_t)(number << 7);
    }
    BN_free(above);
}

/*
 * Points of prime order one after the other: each is the one before it and a step. Multiplying for
 * each would take most of the time.
 */
struct walk {
    EC_POINT *at, *step;
};

static void times_base(struct ec_form *form, EC_POINT *out)
{
    struct kc_scalar scalar = next_scalar(form->curve);
    BIGNUM *multiple = number_of(&scalar);
    assert_true(EC_POINT_mul(form->group, out, multiple, NULL, NULL, form->numbers));
    BN_free(multiple);
}

static struct walk begin_walk(struct ec_form *form)
{
    struct walk walk = {EC_POINT_new(form->group), EC_POINT_new(form->group)};
    times_base(form, walk.at);
    times_base(form, walk.step);
    return walk;
}

static void end_walk(struct walk *walk)
{
    EC_POINT_free(walk->at);
    EC_POINT_free(walk->step);
}

static const EC_POINT *next_of(struct ec_form *form, struct walk *walk)
{
    assert_true(EC_POINT_add(form->group, walk->at, walk->at, walk->step, form->numbers));
    assert_false(EC_POINT_is_at_infinity(form->group, walk->at));
    return walk->at;
}

/* A point of prime order, with a small-order component or not, or that component alone. */
static void write_chosen(
    struct ec_form *form, const EC_POINT *prime, size_t torsion, uint8_t *bytes)
{
    EC_POINT *point = EC_POINT_new(form->group);
    if (prime != NULL)
        assert_int_equal(EC_POINT_copy(point, prime), 1);
    assert_true(EC_POINT_add(
        form->group, point, point, form->torsion[torsion % form->cofactor], form->numbers));
    if (EC_POINT_is_at_infinity(form->group, point) && !form->edwards)
        write_above_p(form, torsion, bytes); /* the identity cannot be written */
    else
        ec_form_write(form, point, bytes);
    EC_POINT_free(point);
}

static void write_hostile(struct ec_form *form, struct walk *walk, size_t round, uint8_t *bytes)
{
    size_t size = kc_curve_info(form->curve)->point_size, number = round / 8;
    next_random(bytes, size);
    switch (round % 8) {
    case 0:
    case 1:
        write_chosen(form, next_of(form, walk), 0, bytes);
        break;
    case 2:
        write_chosen(form, next_of(form, walk), number, bytes);
        break;
    case 3:
        write_chosen(form, NULL, number, bytes);
        break;
    case 4:
        write_above_p(form, number, bytes);
        break;
    case 5: /* any number of the right form: half are on the curve, most of them outside the group */
        if (form->curve == KC_CURVE_P256)
            bytes[0] = (uint8_t)(2 + number % 2);
        else if (size > form->coordinate_size)
            bytes[size - 1] &= 0x80;
        break;
    case 6: /* small numbers */
        memset(bytes, 0, size);
        bytes[0] = (uint8_t)number;
        bytes[size - 1] |= (uint8_t)(number / 256 << 7);
        break;
    default: /* a bit of a good one is wrong */
        write_chosen(form, next_of(form, walk), 0, bytes);
        bytes[number / 8 % size] ^= (uint8_t)(1 << number % 8);
        break;
    }
}

static void points_are_read_and_refused_as_the_definitions_say(void **state)
{
    struct ec_form *form = *state;
    size_t size = kc_curve_info(form->curve)->point_size;
    EC_POINT *theirs = EC_POINT_new(form->group);
    struct walk walk = begin_walk(form);
    for (size_t round = 0; round < rounds(); round++) {
        uint8_t bytes[KC_POINT_SIZE_MAX] = {0};
        struct kc_point ours;
        write_hostile(form, &walk, round, bytes);
        enum kc_error expected = ec_form_read(form, bytes, size, theirs);
        enum kc_error error = kc_point_decode(&ours, form->curve, bytes, size);
        if (error != expected)
            fail_msg(
                "round %zu: %s, and not %s", round, kc_error_name(error), kc_error_name(expected));
        if (error == KC_OK)
            assert_point(form, error, &ours, theirs);
    }
    end_walk(&walk);
    EC_POINT_free(theirs);
}

/* --- the group --- */

/* The same point here, by way of its octets. */
static struct kc_point ours_of(struct ec_form *form, const EC_POINT *theirs)
{
    uint8_t bytes[KC_POINT_SIZE_MAX];
    struct kc_point ours;
    ec_form_write(form, theirs, bytes);
    assert_int_equal(
        kc_point_decode(&ours, form->curve, bytes, kc_curve_info(form->curve)->point_size), KC_OK);
    return ours;
}

/* [a]B + [b]P in one sum of EC_POINT_mul: by the parts, and by the sum for verifications. */
static void multiples_are_those_of_libcrypto(void **state)
{
    struct ec_form *form = *state;
    EC_POINT *theirs = EC_POINT_new(form->group);
    struct walk walk = begin_walk(form);
    for (size_t round = 0; round < rounds(); round++) {
        const EC_POINT *start = next_of(form, &walk);
        struct kc_scalar a = hostile_scalar(form->curve, round),
                         b = hostile_scalar(form->curve, round + 3 + round / 64);
        BIGNUM *x = number_of(&a), *y = number_of(&b);
        struct kc_point parts[2] = {base_times(&a)}, ours = ours_of(form, start), sum;
        const struct kc_term term = {&b, &ours, false};
        assert_true(EC_POINT_mul(form->group, theirs, x, start, y, form->numbers));
        assert_int_equal(kc_point_multiply(&parts[1], &b, &ours), KC_OK);
        assert_point(form, kc_point_sum(&sum, parts, 2), &sum, theirs);
        assert_point(form, kc_combination_variable_time(&sum, &a, &term, 1), &sum, theirs);
        BN_free(x);
        BN_free(y);
    }
    end_walk(&walk);
    EC_POINT_free(theirs);
}

/* P + Q, P + P, -P, P - Q, P - P */
static void sums_are_those_of_libcrypto(void **state)
{
    struct ec_form *form = *state;
    EC_POINT *theirs = EC_POINT_new(form->group), *negative = EC_POINT_new(form->group);
    struct walk walk = begin_walk(form), other = begin_walk(form);
    for (size_t round = 0; round < rounds(); round++) {
        const EC_POINT *p = next_of(form, &walk), *q = next_of(form, &other);
        const struct kc_point first = ours_of(form, p), second = ours_of(form, q);
        struct kc_point two[2] = {first, second}, sum;
        assert_true(EC_POINT_add(form->group, theirs, p, q, form->numbers));
        assert_point(form, kc_point_sum(&sum, two, 2), &sum, theirs);
        assert_true(
            EC_POINT_copy(negative, q) && EC_POINT_invert(form->group, negative, form->numbers));
        kc_point_negate(&two[1], &second);
        assert_point(form, KC_OK, &two[1], negative);
        assert_true(EC_POINT_add(form->group, theirs, p, negative, form->numbers));
        assert_point(form, kc_point_sum(&sum, two, 2), &sum, theirs);
        two[0] = second;
        assert_int_equal(kc_point_sum(&sum, two, 2), KC_ERR_POINT_SMALL_ORDER);
        two[1] = second;
        assert_true(EC_POINT_dbl(form->group, theirs, q, form->numbers));
        assert_point(form, kc_point_sum(&sum, two, 2), &sum, theirs);
    }
    end_walk(&walk);
    end_walk(&other);
    EC_POINT_free(theirs);
    EC_POINT_free(negative);
}

/* [a]B + [b]P - [c]Q with scalars that may be zero. */
static void sums_of_multiples_are_those_of_libcrypto(void **state)
{
    struct ec_form *form = *state;
    EC_POINT *theirs = EC_POINT_new(form->group), *product = EC_POINT_new(form->group);
    BIGNUM *zero = BN_new();
    struct walk walk = begin_walk(form), other = begin_walk(form);
    for (size_t round = 0; round < rounds(); round++) {
        const EC_POINT *p = next_of(form, &walk), *q = next_of(form, &other);
        const struct kc_point ours[2] = {ours_of(form, p), ours_of(form, q)};
        struct kc_scalar scalars[3];
        BIGNUM *multiples[3];
        struct kc_point sum;
        for (size_t i = 0; i < 3; i++) {
            scalars[i] = any_scalar(form->curve, round + 11 * i);
            multiples[i] = number_of(&scalars[i]);
        }
        BN_set_negative(multiples[2], 1);
        const struct kc_term terms[] = {
            {&scalars[1], &ours[0], false}, {&scalars[2], &ours[1], true}};
        assert_true(
            EC_POINT_mul(form->group, theirs, multiples[0], p, multiples[1], form->numbers));
        assert_true(EC_POINT_mul(form->group, product, zero, q, multiples[2], form->numbers));
        assert_true(EC_POINT_add(form->group, theirs, theirs, product, form->numbers));
        assert_point(form, kc_combination_variable_time(&sum, &scalars[0], terms, 2), &sum, theirs);
        for (size_t i = 0; i < 3; i++)
            BN_free(multiples[i]);
    }
    end_walk(&walk);
    end_walk(&other);
    BN_free(zero);
    EC_POINT_free(product);
    EC_POINT_free(theirs);
}

static int make_forms(void **state)
{
    (void)state;
    for (int curve = KC_CURVE_ED25519; curve <= KC_CURVE_P256; curve++)
        ec_form_init(&forms[curve], (enum kc_curve)curve);
    return 0;
}

static int free_forms(void **state)
{
    (void)state;
    for (int curve = KC_CURVE_ED25519; curve <= KC_CURVE_P256; curve++)
        ec_form_done(&forms[curve]);
    return 0;
}

#define CASE(name, test, curve)                                                                    \
    {                                                                                              \
        name "_" #test, test, NULL, NULL, &forms[curve]                                            \
    }
#define SCALARS_AND_POINTS(name, curve)                                                            \
    CASE(name, scalars_are_as_big_numbers, curve),                                                 \
        CASE(name, integers_are_reduced_or_refused_as_big_numbers, curve),                         \
        CASE(name, points_are_read_and_refused_as_the_definitions_say, curve)
#define GROUP(name, curve)                                                                         \
    CASE(name, multiples_are_those_of_libcrypto, curve),                                           \
        CASE(name, sums_are_those_of_libcrypto, curve),                                            \
        CASE(name, sums_of_multiples_are_those_of_libcrypto, curve)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        SCALARS_AND_POINTS("Ed25519", KC_CURVE_ED25519), /* the group: decaf_test.c */
        SCALARS_AND_POINTS("Ed448", KC_CURVE_ED448),
        SCALARS_AND_POINTS("X25519", KC_CURVE_X25519),
        GROUP("X25519", KC_CURVE_X25519),
        SCALARS_AND_POINTS("X448", KC_CURVE_X448),
        GROUP("X448", KC_CURVE_X448),
        SCALARS_AND_POINTS("P256", KC_CURVE_P256),
        GROUP("P256", KC_CURVE_P256),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, make_forms, free_forms);
}
