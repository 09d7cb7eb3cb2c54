/* SPDX-License-Identifier: Apache-2.0 */
#include "polynomial.h"

#include "number.h"

static void read_places(struct check *c, struct polynomial *p, const json_t *shares)
{
    p->place_count = json_array_size(shares);
    for (size_t i = 0; i < p->place_count && p->threshold; i++)
        p->places[i] = (uint32_t)check_count(c, json_array_get(shares, i), "x");
}

static void expect_places(struct check *c, const struct polynomial *p, const json_t *vector)
{
    if (!check_has(vector, "lagrange_x"))
        return;
    const json_t *places = check_list(c, vector, "lagrange_x");
    if (json_array_size(places) != p->place_count || !p->threshold)
        check_fail(c, "lagrange_x does not fit the shares");
    for (size_t i = 0; i < p->place_count && !c->failed; i++)
        if (json_integer_value(json_array_get(places, i)) != p->places[i])
            check_fail(c, "lagrange_x differs");
}

static void read_coefficients(struct check *c, struct polynomial *p, const json_t *vector)
{
    const json_t *list = check_list(c, vector, "polynomial");
    p->coefficient_count = json_array_size(list);
    if (p->coefficient_count == 0 || p->coefficient_count > KC_SHARES_MAX) {
        check_fail(c, "polynomial: no coefficients, or too many");
        return;
    }
    for (size_t i = 0; i < p->coefficient_count; i++)
        p->coefficients[i] = number_to_scalar(
            c, p->curve, check_number_item(c, json_array_get(list, i), "polynomial"));
}

void polynomial_read(struct check *c, struct polynomial *polynomial, enum kc_curve curve,
    const json_t *vector, const char *whole, const json_t *shares)
{
    *polynomial = (struct polynomial){.there = check_has(vector, "polynomial"), .curve = curve};
    if (json_array_size(shares) > KC_SHARES_MAX) {
        check_fail(c, "too many shares");
        return;
    }
    polynomial->threshold = check_has(json_array_get(shares, 0), "x");
    read_places(c, polynomial, shares);
    expect_places(c, polynomial, vector);
    if (!polynomial->there || c->failed)
        return;
    read_coefficients(c, polynomial, vector);
    struct kc_scalar constant = number_scalar(c, curve, vector, whole);
    if (!c->failed && !kc_scalar_equal(&constant, &polynomial->coefficients[0]))
        check_fail(c, "polynomial does not begin with %s", whole);
}

struct kc_scalar polynomial_value(const struct polynomial *polynomial, uint32_t x)
{
    struct kc_scalar value, place;
    kc_scalar_set(&value, polynomial->curve, 0);
    kc_scalar_set(&place, polynomial->curve, x);
    for (size_t i = polynomial->coefficient_count; i-- > 0;) {
        kc_scalar_multiply(&value, &value, &place);
        kc_scalar_add(&value, &value, &polynomial->coefficients[i]);
    }
    return value;
}

void polynomial_expect(struct check *c, const struct polynomial *polynomial, const json_t *object,
    const char *share, size_t position)
{
    if (!polynomial->threshold || c->failed)
        return;
    struct kc_scalar coefficient;
    check_ok(c, "coefficient",
        kc_share_coefficient(&coefficient, polynomial->curve, polynomial->places,
            polynomial->place_count, position));
    if (c->failed)
        return;
    expect_number(c, object, "coefficient", number_of_scalar(c, &coefficient));
    if (!polynomial->there)
        return;
    struct kc_scalar value = polynomial_value(polynomial, polynomial->places[position]);
    expect_number(c, object, share, number_of_scalar(c, &value));
}
