/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys from seeds. The curves of the project are derived by its code; P curves and RSA,
 * which it does not have, by big numbers here, so that the seed, the HKDF and its inputs
 * are checked for them too.
 */
#include "number.h"
#include "play.h"

#include "proto/hkdf.h"
#include "proto/udf_digest.h"
#include "threshold/derive.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#define OKM_MAX 512 /* octets: RSA-4096 has 256 for each prime */
#define INFO_MAX (2 + KC_KEY_NAME_SIZE_MAX + 1)

/* A seed on its way to a key. */
struct derivation {
    const json_t *vector;
    const char *algorithm;
    enum kc_derivation variant;
    struct kc_udf seed;
    struct kc_span key_name;
    uint8_t prk[KC_HASH_SIZE_MAX];
};

/* What info is before a parameter. */
static size_t write_info(const struct derivation *d, uint8_t info[INFO_MAX])
{
    if (d->variant == KC_DERIVATION_LEGACY)
        return 0;
    memcpy(info, d->seed.data, 2);
    memcpy(info + 2, d->key_name.bytes, d->key_name.size);
    return 2 + d->key_name.size;
}

static void expand(
    struct check *c, const struct derivation *d, const char *parameter, uint8_t *okm, size_t size)
{
    uint8_t info[INFO_MAX];
    size_t info_size = write_info(d, info), parameter_size = strlen(parameter);
    if (*parameter == '\0')
        expect_octets(c, d->vector, "info", info, info_size);
    memcpy(info + info_size, parameter, parameter_size);
    check_ok(c, "okm",
        kc_hkdf_expand(KC_HASH_SHA512, (struct kc_span){d->prk, sizeof d->prk},
            (struct kc_span){info, info_size + parameter_size}, okm, size));
}

/* d = (OKM mod (n - 1)) + 1 with n the order; values of the drafts took the field prime for n. */
static void play_p_curve(struct check *c, const struct derivation *d, int curve, size_t okm_size)
{
    uint8_t okm[OKM_MAX] = {0}, public[200];
    expand(c, d, "", okm, okm_size);
    expect_octets(c, d->vector, "okm", okm, okm_size);
    expect_count_if_there(c, d->vector, "okm_octets", (long)okm_size);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *scalar = check_new_number(c), *modulus = check_new_number(c);
    BN_bin2bn(okm, (int)okm_size, scalar);
    if (check_has(d->vector, "modulus") && strcmp(check_text(c, d->vector, "modulus"), "p") == 0)
        EC_GROUP_get_curve(group, modulus, NULL, NULL, c->numbers);
    else
        BN_copy(modulus, EC_GROUP_get0_order(group));
    BN_sub_word(modulus, 1);
    BN_mod(scalar, scalar, modulus, c->numbers);
    BN_add_word(scalar, 1);
    expect_number(c, d->vector, "scalar", scalar);
    EC_POINT_mul(group, point, scalar, NULL, NULL, c->numbers);
    size_t size = EC_POINT_point2oct(
        group, point, POINT_CONVERSION_UNCOMPRESSED, public, sizeof public, c->numbers);
    expect_octets_if_there(c, d->vector, "public", public, size);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* The next prime above the octets. */
static BIGNUM *prime_above(struct check *c, const uint8_t *octets, size_t size)
{
    BIGNUM *number = check_new_number(c);
    BN_bin2bn(octets, (int)size, number);
    BN_add_word(number, BN_is_odd(number) ? 2 : 1);
    while (BN_check_prime(number, c->numbers, NULL) == 0)
        BN_add_word(number, 2);
    return number;
}

static void play_rsa(struct check *c, const struct derivation *d)
{
    static const struct {
        const char *parameter, *octets, *prime;
    } primes[] = {{"p", "okm_p", "p"}, {"q", "okm_q", "q"}};
    size_t size = (size_t)check_count(c, d->vector, "okm_octets");
    uint8_t info[INFO_MAX];
    if (size == 0 || size > OKM_MAX)
        check_fail(c, "okm_octets is out of range");
    expect_octets_if_there(c, d->vector, "info", info, write_info(d, info));
    for (size_t i = 0; i < 2 && !c->failed; i++) {
        uint8_t okm[OKM_MAX] = {0};
        expand(c, d, primes[i].parameter, okm, size);
        expect_octets(c, d->vector, primes[i].octets, okm, size);
        if (!c->failed)
            expect_number(c, d->vector, primes[i].prime, prime_above(c, okm, size));
    }
}

static void expect_public(struct check *c, const json_t *vector, const struct kc_curve_info *curve,
    const struct kc_key *key)
{
    uint8_t encoding[KC_POINT_SIZE_MAX], plain[KC_POINT_SIZE_MAX];
    char fingerprint[KC_UDF_ID_SIZE] = "";
    kc_point_encode(&key->public, encoding);
    if (curve->signs) {
        expect_octets(c, vector, "public", encoding, curve->point_size);
    } else {
        kc_point_encode_unsigned(&key->public, plain);
        expect_octets(c, vector, "public", plain, curve->unsigned_size);
        expect_octets(c, vector, "public_signed", encoding, curve->point_size);
    }
    if (check_has(vector, "u") || check_has(vector, "v"))
        expect_coordinates(c, vector, curve, encoding, "u", "v");
    check_ok(c, "fingerprint",
        kc_udf_key_fingerprint(
            curve->name, (struct kc_span){encoding, curve->point_size}, fingerprint));
    expect_text_if_there(c, vector, "fingerprint", fingerprint);
}

static void play_curve(
    struct check *c, const struct derivation *d, const struct kc_curve_info *curve)
{
    uint8_t okm[KC_OKM_SIZE_MAX] = {0}, again[OKM_MAX] = {0}, integer[KC_SCALAR_SIZE_MAX] = {0};
    uint8_t prefix[KC_PREFIX_SIZE_MAX];
    size_t size = 0;
    struct kc_key key;
    struct kc_span seed = {d->seed.data, d->seed.data_size};
    check_ok(c, "okm", kc_derive_octets(okm, &size, curve->curve, d->variant, seed, d->key_name));
    if (c->failed)
        return;
    expect_octets(c, d->vector, "okm", okm, size);
    expand(c, d, "", again, size);
    expect_octets(c, d->vector, "okm", again, size);
    expect_count_if_there(c, d->vector, "okm_octets", (long)size);
    check_ok(c, "scalar", kc_key_expand_seed(curve->curve, okm, size, integer, prefix));
    expect_number(c, d->vector, "scalar", number_of_octets(c, integer, curve->scalar_size));
    check_ok(c, "key", kc_derive_key(&key, curve->curve, d->variant, seed, d->key_name));
    if (!c->failed)
        expect_public(c, d->vector, curve, &key);
}

static bool derivation_read(struct check *c, struct derivation *d)
{
    const char *variant = check_text(c, d->vector, "variant");
    const char *seed = check_text(c, d->vector, "seed");
    const char *key_name =
        check_has(d->vector, "key_name") ? check_text(c, d->vector, "key_name") : "";
    d->algorithm = check_text(c, d->vector, "alg");
    d->key_name = (struct kc_span){(const uint8_t *)key_name, strlen(key_name)};
    d->variant = strcmp(variant, "legacy") == 0 ? KC_DERIVATION_LEGACY : KC_DERIVATION_CURRENT;
    if (d->variant == KC_DERIVATION_CURRENT && strcmp(variant, "current") != 0)
        check_fail(c, "variant is neither current nor legacy");
    check_ok(
        c, "seed", kc_udf_parse((struct kc_span){(const uint8_t *)seed, strlen(seed)}, &d->seed));
    if (d->seed.type != KC_UDF_SEED || d->seed.data_size < KC_MESH_SEED_SIZE_MIN ||
        d->key_name.size > KC_KEY_NAME_SIZE_MAX)
        check_fail(c, "seed is no secret seed, or key_name is too long");
    return !c->failed;
}

static const struct {
    const char *name;
    int curve;
    size_t okm_size;
} p_curves[] = {{"P-256", NID_X9_62_prime256v1, 40}, {"P-384", NID_secp384r1, 56},
    {"P-521", NID_secp521r1, 74}};

static void play_algorithm(struct check *c, const struct derivation *d)
{
    for (size_t i = 0; i < sizeof p_curves / sizeof *p_curves; i++)
        if (strcmp(d->algorithm, p_curves[i].name) == 0) {
            play_p_curve(c, d, p_curves[i].curve, p_curves[i].okm_size);
            return;
        }
    static const char *const rsa[] = {"RSA2048", "RSA3072", "RSA4096"};
    for (size_t i = 0; i < sizeof rsa / sizeof *rsa; i++)
        if (strcmp(d->algorithm, rsa[i]) == 0) {
            play_rsa(c, d);
            return;
        }
    const struct kc_curve_info *curve = number_curve(c, d->vector, "alg");
    if (curve != NULL)
        play_curve(c, d, curve);
}

void play_key_derivation(struct check *c, const json_t *vector)
{
    struct derivation d = {.vector = vector};
    if (!derivation_read(c, &d))
        return;
    struct kc_span ikm = {d.seed.data, d.seed.data_size};
    struct kc_span salt = {d.seed.data, d.variant == KC_DERIVATION_LEGACY ? 2 : 0};
    check_ok(c, "prk", kc_hmac(KC_HASH_SHA512, salt, ikm, d.prk));
    expect_octets(c, vector, "ikm", ikm.bytes, ikm.size);
    expect_octets(c, vector, "salt", salt.bytes, salt.size);
    expect_octets(c, vector, "prk", d.prk, sizeof d.prk);
    if (!c->failed)
        play_algorithm(c, &d);
}
