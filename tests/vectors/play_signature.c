/* SPDX-License-Identifier: Apache-2.0 */
/* EdDSA by several holders whose nonces are known: every value on the way, and the signature. */
#include "number.h"
#include "play.h"

#include "polynomial.h"

#include "proto/udf.h"
#include "threshold/derive.h"
#include "threshold/eddsa.h"
#include "threshold/share.h"

#include <stdlib.h>
#include <string.h>

struct signing {
    const json_t *vector;
    const struct kc_curve_info *curve;
    struct kc_signed_message message;
    struct kc_point public, commitment; /* A, R */
    struct kc_scalar k, sum;            /* the challenge; of S_i */
    struct polynomial polynomial;
};

/* What "algorithm" has after the name of the curve, and the flags that go with it. */
static void read_scheme(struct check *c, struct signing *s)
{
    const char *algorithm = check_text(c, s->vector, "algorithm");
    size_t name_size = strlen(s->curve->name);
    s->message.message = check_octets(c, s->vector, "message");
    s->message.prehash = check_flag(c, s->vector, "prehash");
    s->message.has_context = check_has(s->vector, "context");
    if (s->message.has_context)
        s->message.context = check_octets(c, s->vector, "context");
    if (strncmp(algorithm, s->curve->name, name_size) != 0)
        check_fail(c, "algorithm is of another curve");
    if (c->failed)
        return;
    const char *variant = algorithm + name_size;
    if (strcmp(variant, "") != 0 && strcmp(variant, "ph") != 0 && strcmp(variant, "ctx") != 0)
        check_fail(c, "algorithm is none");
    if (strcmp(variant, "ph") == 0 ? !s->message.prehash : s->message.prehash)
        check_fail(c, "prehash does not fit the algorithm");
    if (strcmp(variant, "ctx") == 0 && !s->message.has_context)
        check_fail(c, "context is missing");
}

/* dom2 and dom4 of RFC 8032; plain Ed25519 has none. */
static void expect_domain(struct check *c, const struct signing *s)
{
    static const char dom2[] = "SigEd25519 no Ed25519 collisions", dom4[] = "SigEd448";
    bool small = s->curve->curve == KC_CURVE_ED25519;
    const char *prefix = small ? dom2 : dom4;
    uint8_t domain[sizeof dom2 + 2 + KC_CONTEXT_SIZE_MAX];
    size_t size = strlen(prefix);
    if (s->message.context.size > KC_CONTEXT_SIZE_MAX) {
        check_fail(c, "context is too long");
        return;
    }
    memcpy(domain, prefix, size);
    domain[size++] = s->message.prehash;
    domain[size++] = (uint8_t)s->message.context.size;
    if (s->message.context.size > 0)
        memcpy(domain + size, s->message.context.bytes, s->message.context.size);
    size += s->message.context.size;
    if (small && !s->message.prehash && !s->message.has_context)
        size = 0;
    expect_octets(c, s->vector, "domain", domain, size);
}

static void expect_point(
    struct check *c, const json_t *object, const char *name, const struct kc_point *point)
{
    uint8_t encoding[KC_POINT_SIZE_MAX];
    kc_point_encode(point, encoding);
    expect_octets(c, object, name, encoding, kc_curve_info(point->curve)->point_size);
}

/* R_i of every signer, and R: their sum. */
static void play_commitments(struct check *c, struct signing *s, const json_t *signers)
{
    struct kc_point points[KC_SHARES_MAX];
    size_t count = json_array_size(signers);
    for (size_t i = 0; i < count && !c->failed; i++) {
        const json_t *signer = json_array_get(signers, i);
        struct kc_scalar nonce = number_scalar(c, s->curve->curve, signer, "r");
        check_ok(c, "R_i", kc_point_multiply_base(&points[i], &nonce));
        if (!c->failed)
            expect_point(c, signer, "R_i", &points[i]);
    }
    if (c->failed)
        return;
    check_ok(c, "R", kc_point_sum(&s->commitment, points, count));
    if (!c->failed)
        expect_point(c, s->vector, "R", &s->commitment);
}

/* S_i of one signer, which [S_i]B = R_i + [k c_i]A_i confirms. */
static void play_signer(struct check *c, struct signing *s, const json_t *signer, size_t position)
{
    enum kc_curve curve = s->curve->curve;
    struct kc_scalar share = number_scalar(c, curve, signer, "share");
    struct kc_scalar coefficient = number_scalar(c, curve, signer, "coefficient");
    struct kc_scalar nonce = number_scalar(c, curve, signer, "r"), scaled, response;
    struct kc_point commitment, weighted;
    polynomial_expect(c, &s->polynomial, signer, "share", position);
    if (!s->polynomial.threshold && strcmp(check_text(c, signer, "coefficient"), "1") != 0)
        check_fail(c, "coefficient of a direct share is not 1");
    if (c->failed)
        return;
    kc_scalar_multiply(&scaled, &coefficient, &share);
    expect_number(c, signer, "scaled_share", number_of_scalar(c, &scaled));
    kc_eddsa_response(&response, &nonce, &s->k, &coefficient, &share);
    expect_number(c, signer, "S_i", number_of_scalar(c, &response));
    check_ok(c, "R_i", kc_point_multiply_base(&commitment, &nonce));
    check_ok(c, "share", kc_point_multiply_base(&weighted, &scaled));
    if (!c->failed && !kc_eddsa_holds(&response, &commitment, &s->k, &weighted))
        check_fail(c, "S_i does not verify");
    kc_scalar_add(&s->sum, &s->sum, &response);
}

static void expect_signature(struct check *c, const struct signing *s)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX], r[KC_POINT_SIZE_MAX];
    kc_point_encode(&s->commitment, r);
    kc_eddsa_encode(signature, r, &s->sum);
    expect_number(c, s->vector, "S", number_of_scalar(c, &s->sum));
    expect_octets(c, s->vector, "signature", signature, s->curve->signature_size);
    check_ok(c, "verify",
        kc_signature_verify(&s->public, &s->message, signature, s->curve->signature_size));
}

/* The value of the polynomial at every place, also where nobody signs. */
static void expect_all_shares(struct check *c, const struct signing *s)
{
    const json_t *all = check_object_if_there(c, s->vector, "all_shares"), *value;
    const char *place;
    json_object_foreach((json_t *)(uintptr_t)all, place, value)
    {
        struct kc_scalar share =
            polynomial_value(&s->polynomial, (uint32_t)strtoul(place, NULL, 10));
        expect_number(c, all, place, number_of_scalar(c, &share));
    }
}

/* Whether a seed derives a scalar, in the way of today or of the drafts up to -04. */
static bool derives(
    struct check *c, const struct signing *s, const json_t *seed, const BIGNUM *scalar)
{
    static const enum kc_derivation variants[] = {KC_DERIVATION_CURRENT, KC_DERIVATION_LEGACY};
    const char *text = json_is_string(seed) ? json_string_value(seed) : "";
    struct kc_udf udf = {0};
    bool same = false;
    check_ok(c, "seeds", kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &udf));
    for (size_t i = 0; i < 2 && !c->failed; i++) {
        struct kc_key key;
        check_ok(c, "seeds",
            kc_derive_key(&key, s->curve->curve, variants[i],
                (struct kc_span){udf.data, udf.data_size}, (struct kc_span){NULL, 0}));
        same = same || (!c->failed && BN_cmp(number_of_scalar(c, &key.scalar), scalar) == 0);
    }
    return same;
}

/* Seeds in text form: of each signer in direct mode, of the whole key in Shamir's. */
static void expect_seeds(struct check *c, const struct signing *s, const json_t *signers)
{
    const json_t *seeds = check_list_if_there(c, s->vector, "seeds"), *seed;
    size_t i;
    json_array_foreach(seeds, i, seed)
    {
        const BIGNUM *scalar = s->polynomial.threshold
                                   ? check_number(c, s->vector, "scalar")
                                   : check_number(c, json_array_get(signers, i), "share");
        if (!c->failed && !derives(c, s, seed, scalar))
            check_fail(c, "seeds[%zu] differs", i);
    }
}

/* The whole key: its public half, and that it is the sum of the scaled shares. */
static void play_group_key(struct check *c, struct signing *s)
{
    struct kc_scalar whole = number_scalar(c, s->curve->curve, s->vector, "scalar");
    check_ok(c, "public", kc_point_multiply_base(&s->public, &whole));
    if (!c->failed)
        expect_point(c, s->vector, "public", &s->public);
}

static void play_signers(struct check *c, struct signing *s, const json_t *signers)
{
    play_commitments(c, s, signers);
    if (c->failed)
        return;
    uint8_t r[KC_POINT_SIZE_MAX], public[KC_POINT_SIZE_MAX];
    kc_point_encode(&s->commitment, r);
    kc_point_encode(&s->public, public);
    check_ok(c, "k", kc_eddsa_challenge(&s->k, s->curve->curve, r, public, &s->message));
    if (c->failed)
        return;
    expect_number(c, s->vector, "k", number_of_scalar(c, &s->k));
    kc_scalar_set(&s->sum, s->curve->curve, 0);
    for (size_t i = 0; i < json_array_size(signers) && !c->failed; i++)
        play_signer(c, s, json_array_get(signers, i), i);
    if (!c->failed)
        expect_signature(c, s);
}

void play_eddsa_threshold(struct check *c, const json_t *vector)
{
    struct signing s = {.vector = vector, .curve = number_curve(c, vector, "curve")};
    const json_t *signers = check_list(c, vector, "signers");
    const char *mode = check_text(c, vector, "mode");
    if (s.curve == NULL || c->failed)
        return;
    if (json_array_size(signers) == 0 || !s.curve->signs)
        check_fail(c, "no signers, or a curve that does not sign");
    polynomial_read(c, &s.polynomial, s.curve->curve, vector, "scalar", signers);
    if (strcmp(mode, s.polynomial.threshold ? "shamir" : "direct") != 0)
        check_fail(c, "mode does not fit the signers");
    read_scheme(c, &s);
    expect_domain(c, &s);
    play_group_key(c, &s);
    if (c->failed)
        return;
    play_signers(c, &s, signers);
    if (s.polynomial.there)
        expect_all_shares(c, &s);
    expect_seeds(c, &s, signers);
}
