/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/p256.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/scalar.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

static EC_GROUP *the_group; /* made once, then only read */

static void require(bool good)
{
    if (!good)
        abort(); /* libcrypto has no memory, or this file a mistake */
}

static void make_group(void)
{
    the_group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    require(the_group != NULL);
}

static const EC_GROUP *group(void)
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, make_group);
    return the_group;
}

void kc_p256_identity(struct kc_p256 *out)
{
    memset(out, 0, sizeof *out);
}

kc_mask kc_p256_is_identity(const struct kc_p256 *a)
{
    static const struct kc_p256 identity;
    return kc_p256_equal(a, &identity);
}

kc_mask kc_p256_equal(const struct kc_p256 *a, const struct kc_p256 *b)
{
    return kc_ct_bytes_equal(a, b, sizeof *a);
}

/* Given; to be freed with EC_POINT_clear_free. */
static EC_POINT *load(const struct kc_p256 *a)
{
    uint8_t octets[65] = {4};
    EC_POINT *point = EC_POINT_new(group());
    require(point != NULL);
    memcpy(octets + 1, a, sizeof *a);
    /* An element has one form, so the octets tell what anyone who has the point can tell. */
    if (kc_declassify_answer(kc_p256_is_identity(a)))
        require(EC_POINT_set_to_infinity(group(), point) == 1);
    else
        require(EC_POINT_oct2point(group(), point, octets, sizeof octets, NULL) == 1);
    kc_wipe(octets, sizeof octets);
    return point;
}

/* Frees the point. */
static void store(struct kc_p256 *out, EC_POINT *point)
{
    uint8_t octets[65];
    if (EC_POINT_is_at_infinity(group(), point)) {
        kc_p256_identity(out);
    } else {
        require(EC_POINT_point2oct(group(), point, POINT_CONVERSION_UNCOMPRESSED, octets,
                    sizeof octets, NULL) == sizeof octets);
        memcpy(out, octets + 1, sizeof *out);
    }
    kc_wipe(octets, sizeof octets);
    EC_POINT_clear_free(point);
}

void kc_p256_add(struct kc_p256 *out, const struct kc_p256 *a, const struct kc_p256 *b)
{
    EC_POINT *sum = load(a), *addend = load(b);
    require(EC_POINT_add(group(), sum, sum, addend, NULL) == 1);
    EC_POINT_clear_free(addend);
    store(out, sum);
}

void kc_p256_negate(struct kc_p256 *out, const struct kc_p256 *a)
{
    EC_POINT *point = load(a);
    require(EC_POINT_invert(group(), point, NULL) == 1);
    store(out, point);
}

void kc_p256_multiply_public(
    struct kc_p256 *out, const uint8_t scalar[static KC_P256_SCALAR_SIZE], const struct kc_p256 *a)
{
    BIGNUM *number = BN_lebin2bn(scalar, KC_P256_SCALAR_SIZE, NULL);
    EC_POINT *product = EC_POINT_new(group()), *point = a != NULL ? load(a) : NULL;
    require(number != NULL && product != NULL);
    require(EC_POINT_mul(group(), product, point == NULL ? number : NULL, point,
                point == NULL ? NULL : number, NULL) == 1);
    EC_POINT_clear_free(point);
    BN_clear_free(number);
    store(out, product);
}

/* The one place where what comes from a secret scalar goes to libcrypto's multiplication: two
 * summands, of which each alone is uniform and new in each call. */
static void multiply_split(
    struct kc_p256 *out, uint8_t summands[2][KC_P256_SCALAR_SIZE], const struct kc_p256 *a)
{
    struct kc_p256 products[2];
    kc_declassify(summands, 2 * sizeof summands[0]);
    kc_p256_multiply_public(&products[0], summands[0], a);
    kc_p256_multiply_public(&products[1], summands[1], a);
    kc_p256_add(out, &products[0], &products[1]);
    kc_wipe(products, sizeof products);
}

void kc_p256_multiply(
    struct kc_p256 *out, const uint8_t scalar[static KC_P256_SCALAR_SIZE], const struct kc_p256 *a)
{
    uint8_t uniform[KC_UNIFORM_SIZE], summands[2][KC_SCALAR_SIZE_MAX];
    uint8_t halves[2][KC_P256_SCALAR_SIZE];
    KC_AUTO_SCALAR whole;
    KC_AUTO_SCALAR part;
    kc_scalar_reduce(&whole, KC_CURVE_P256, scalar, KC_P256_SCALAR_SIZE);
    require(RAND_priv_bytes(uniform, sizeof uniform) == 1 &&
            kc_scalar_random(&part, KC_CURVE_P256, uniform) == KC_OK);
    kc_scalar_encode(&part, summands[0]);
    kc_scalar_subtract(&part, &whole, &part);
    kc_scalar_encode(&part, summands[1]);
    memcpy(halves[0], summands[0], sizeof halves[0]);
    memcpy(halves[1], summands[1], sizeof halves[1]);
    multiply_split(out, halves, a);
    kc_wipe(uniform, sizeof uniform);
    kc_wipe(summands, sizeof summands);
    kc_wipe(halves, sizeof halves);
}

enum kc_error kc_p256_read(struct kc_p256 *out, const uint8_t bytes[static KC_P256_POINT_SIZE])
{
    static const uint8_t prime[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if ((bytes[0] != 2 && bytes[0] != 3) || memcmp(bytes + 1, prime, sizeof prime) >= 0)
        return KC_ERR_POINT_ENCODING;
    EC_POINT *point = EC_POINT_new(group());
    require(point != NULL);
    if (EC_POINT_oct2point(group(), point, bytes, KC_P256_POINT_SIZE, NULL) != 1) {
        EC_POINT_clear_free(point);
        return KC_ERR_POINT_NOT_ON_CURVE;
    }
    store(out, point);
    return KC_OK;
}

void kc_p256_write(uint8_t bytes[static KC_P256_POINT_SIZE], const struct kc_p256 *a)
{
    bytes[0] = (uint8_t)(2 | (a->y[31] & 1));
    memcpy(bytes + 1, a->x, sizeof a->x);
}
