/* SPDX-License-Identifier: Apache-2.0 */
/* frost: RFC 9591, each value that a signer, and who aggregates, computes. */
#include "play.h"

#include "threshold/frost_binding.h"
#include "threshold/shamir.h"

#include <stdio.h>
#include <string.h>

#define SIGNERS_MAX KC_FROST_SIGNERS_MAX

/* A vector on its way through the protocol. */
struct run {
    enum kc_frost_suite suite;
    const json_t *signers;
    struct kc_point group, publics[SIGNERS_MAX];
    struct kc_scalar coefficients[SIGNERS_MAX], shares[SIGNERS_MAX], responses[SIGNERS_MAX];
    struct kc_scalar hiding[SIGNERS_MAX], binding[SIGNERS_MAX];
    struct kc_frost_commitment commitments[SIGNERS_MAX];
    struct kc_frost_package package;
};

static bool find_suite(struct check *c, const json_t *vector, enum kc_frost_suite *suite)
{
    static const struct {
        const char *name;
        enum kc_frost_suite suite;
    } rows[] = {
        {"FROST(Ed25519, SHA-512)", KC_FROST_ED25519},
        {"FROST(Ed448, SHAKE256)", KC_FROST_ED448},
        {"FROST(P-256, SHA-256)", KC_FROST_P256},
    };
    const char *name = check_text(c, vector, "suite");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *suite = rows[i].suite;
            return true;
        }
    check_skip(c, "suite", name);
    return false;
}

static struct kc_scalar read_scalar(
    struct check *c, enum kc_frost_suite suite, const json_t *object, const char *name)
{
    struct kc_span octets = check_octets(c, object, name);
    struct kc_scalar scalar;
    struct kc_reader r;
    kc_scalar_set(&scalar, kc_frost_curve(suite), 1);
    kc_reader_init(&r, octets.bytes, octets.size);
    check_ok(c, name, kc_frost_read_scalar(&r, suite, &scalar));
    check_ok(c, name, kc_reader_finish(&r));
    return scalar;
}

static void expect_scalar(struct check *c, enum kc_frost_suite suite, const json_t *object,
    const char *name, const struct kc_scalar *scalar)
{
    uint8_t octets[KC_FROST_SCALAR_SIZE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_frost_write_scalar(&w, suite, scalar);
    expect_octets(c, object, name, octets, w.size);
}

static void expect_point(
    struct check *c, const json_t *object, const char *name, const struct kc_point *point)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    kc_point_encode(point, octets);
    expect_octets(c, object, name, octets, kc_curve_info(point->curve)->point_size);
}

/* The polynomial is the dealer's; the group key its constant's point. */
static size_t deal(struct check *c, struct run *run, const json_t *vector)
{
    const json_t *list = check_list(c, vector, "coefficients"), *item;
    size_t threshold = 1, i;
    run->coefficients[0] = read_scalar(c, run->suite, vector, "group_secret_key");
    json_array_foreach(list, i, item)
    {
        json_t *holder = json_pack("{s:O}", "coefficient", item);
        if (threshold < SIGNERS_MAX)
            run->coefficients[threshold++] = read_scalar(c, run->suite, holder, "coefficient");
        json_decref(holder);
    }
    expect_count(c, vector, "min_participants", (long)threshold);
    check_ok(c, "group_public_key", kc_point_multiply_base(&run->group, &run->coefficients[0]));
    expect_point(c, vector, "group_public_key", &run->group);
    return threshold;
}

static void expect_shares(
    struct check *c, const struct run *run, const json_t *vector, size_t threshold)
{
    const json_t *shares = check_object(c, vector, "shares");
    long count = check_count(c, vector, "max_participants");
    for (long index = 1; index <= count; index++) {
        char name[24];
        struct kc_scalar share;
        snprintf(name, sizeof name, "%ld", index);
        kc_shamir_evaluate(&share, run->coefficients, threshold, (uint32_t)index);
        expect_scalar(c, run->suite, shares, name, &share);
    }
}

static void make_nonce(struct check *c, struct run *run, const json_t *signer, size_t i,
    const char *random_name, const char *name, struct kc_scalar *nonce)
{
    struct kc_span random = check_octets(c, signer, random_name);
    kc_scalar_set(nonce, kc_frost_curve(run->suite), 1);
    if (random.size == KC_FROST_RANDOM_SIZE)
        check_ok(c, name, kc_frost_nonce(nonce, run->suite, random.bytes, &run->shares[i]));
    else
        check_fail(c, "%s: size", random_name);
    expect_scalar(c, run->suite, signer, name, nonce);
}

static void round_one(struct check *c, struct run *run, size_t i, size_t threshold)
{
    const json_t *signer = json_array_get(run->signers, i);
    struct kc_frost_commitment *commitment = &run->commitments[i];
    commitment->index = (uint32_t)check_count(c, signer, "identifier");
    kc_shamir_evaluate(&run->shares[i], run->coefficients, threshold, commitment->index);
    check_ok(c, "share", kc_point_multiply_base(&run->publics[i], &run->shares[i]));
    make_nonce(c, run, signer, i, "hiding_nonce_randomness", "hiding_nonce", &run->hiding[i]);
    make_nonce(c, run, signer, i, "binding_nonce_randomness", "binding_nonce", &run->binding[i]);
    check_ok(c, "hiding", kc_point_multiply_base(&commitment->hiding, &run->hiding[i]));
    check_ok(c, "binding", kc_point_multiply_base(&commitment->binding, &run->binding[i]));
    expect_point(c, signer, "hiding_nonce_commitment", &commitment->hiding);
    expect_point(c, signer, "binding_nonce_commitment", &commitment->binding);
}

static void expect_input(struct check *c, struct run *run, const json_t *signer, size_t i)
{
    uint8_t input[KC_FROST_BINDING_INPUT_MAX + KC_FROST_SCALAR_SIZE_MAX];
    struct kc_writer w;
    struct kc_scalar index;
    kc_writer_init(&w, input, sizeof input);
    check_ok(c, "binding_factor_input",
        kc_frost_binding_input(&w, run->suite, &run->group, &run->package));
    kc_scalar_set(&index, run->group.curve, run->commitments[i].index);
    kc_frost_write_scalar(&w, run->suite, &index);
    expect_octets(c, signer, "binding_factor_input", input, w.size);
}

/* z_i = d + e rho + lambda s c, from the values that are compared one by one. */
static void round_two(
    struct check *c, struct run *run, const struct kc_frost_binding *binding, size_t i)
{
    const json_t *signer = json_array_get(run->signers, i);
    struct kc_scalar term, *response = &run->responses[i];
    expect_input(c, run, signer, i);
    expect_scalar(c, run->suite, signer, "binding_factor", &binding->factors[i]);
    kc_scalar_multiply(response, &run->binding[i], &binding->factors[i]);
    kc_scalar_add(response, response, &run->hiding[i]);
    kc_frost_coefficient(&term, run->suite, &run->package, i);
    kc_scalar_multiply(&term, &term, &binding->challenge);
    kc_scalar_multiply(&term, &term, &run->shares[i]);
    kc_scalar_add(response, response, &term);
    expect_scalar(c, run->suite, signer, "sig_share", response);
    check_ok(c, "verify_share",
        kc_frost_verify_share(
            run->suite, &run->group, &run->package, i, &run->publics[i], response));
}

static void finish(struct check *c, struct run *run, const json_t *vector)
{
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    uint32_t culprits = 0;
    check_ok(c, "aggregate",
        kc_frost_aggregate(signature, &size, run->suite, &run->group, &run->package, run->publics,
            run->responses, &culprits));
    expect_octets(c, vector, "signature", signature, size);
}

void play_frost(struct check *c, const json_t *vector)
{
    struct run run = {0};
    struct kc_frost_binding binding;
    if (!find_suite(c, vector, &run.suite))
        return;
    size_t threshold = deal(c, &run, vector);
    expect_shares(c, &run, vector, threshold);
    run.signers = check_list(c, vector, "signers");
    size_t count = json_array_size(run.signers);
    if (count > SIGNERS_MAX)
        check_fail(c, "signers: too many");
    if (c->failed)
        return;
    for (size_t i = 0; i < count; i++)
        round_one(c, &run, i, threshold);
    run.package =
        (struct kc_frost_package){run.commitments, count, check_octets(c, vector, "message")};
    if (c->failed)
        return;
    check_ok(c, "bind", kc_frost_bind(&binding, run.suite, &run.group, &run.package));
    for (size_t i = 0; !c->failed && i < count; i++)
        round_two(c, &run, &binding, i);
    if (!c->failed)
        finish(c, &run, vector);
}
