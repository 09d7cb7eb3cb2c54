/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the threshold library is, beside other people's in the same run.
 *
 *   bench-threshold [--json] [--rounds N]
 *
 * Each round runs every operation and each of its peers once, one after the other, so that a machine that changes its speed
 * changes it for all; what is printed is the median of the rounds. Ratio is ours by the best peer's. Run it on an idle core.
 */
#include "threshold/agreement.h"
#include "threshold/element.h"
#include "threshold/key.h"
#include "threshold/signature.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif
#ifdef KC_WITH_DECAF
#include <decaf.h>
#include <decaf/ed255.h>
#include <decaf/ed448.h>
#endif

#define CURVES (KC_CURVE_X448 + 1)
#define BATCH 16
#define ROUNDS_MAX 1001

/* Everything that the operations take; made once. */
static struct curve_material {
    enum kc_curve curve;
    struct kc_key key;
    struct kc_point points[BATCH];
    uint8_t encoded[BATCH][KC_POINT_SIZE_MAX];
    uint8_t scalar_bytes[KC_SCALAR_SIZE_MAX];
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    EVP_PKEY *libcrypto;
} material[CURVES];

static const struct kc_signed_message message = {.message = {(const uint8_t *)"octets", 6}};

static void must(bool right)
{
    if (!right) {
        fputs("bench-threshold: an operation failed\n", stderr);
        exit(1);
    }
}

static int libcrypto_type(enum kc_curve curve)
{
    static const int types[] = {
        [KC_CURVE_ED25519] = EVP_PKEY_ED25519,
        [KC_CURVE_X25519] = EVP_PKEY_X25519,
        [KC_CURVE_ED448] = EVP_PKEY_ED448,
        [KC_CURVE_X448] = EVP_PKEY_X448,
    };
    return types[curve];
}

static void prepare(enum kc_curve curve)
{
    struct curve_material *m = &material[curve];
    const struct kc_curve_info *info = kc_curve_info(curve);
    uint8_t seed[KC_SEED_SIZE_MAX];
    memset(seed, (int)curve, sizeof seed);
    m->curve = curve;
    must(kc_key_from_seed(&m->key, curve, seed, info->seed_size) == KC_OK);
    kc_scalar_encode(&m->key.scalar, m->scalar_bytes);
    for (size_t i = 0; i < BATCH; i++) {
        struct kc_scalar scalar;
        kc_scalar_set(&scalar, curve, (uint32_t)i + 1000003);
        must(kc_point_multiply_base(&m->points[i], &scalar) == KC_OK);
        must(kc_point_multiply(&m->points[i], &m->key.scalar, &m->points[i]) == KC_OK);
        kc_point_encode(&m->points[i], m->encoded[i]);
    }
    m->libcrypto = EVP_PKEY_new_raw_private_key(libcrypto_type(curve), NULL, seed, info->seed_size);
    if (info->signs)
        must(kc_signature_sign(m->signature, &m->key, &message, NULL) == KC_OK);
}

/* Ours. */

static void contribute(const struct curve_material *m)
{
    struct kc_point point;
    uint8_t out[KC_POINT_SIZE_MAX];
    must(kc_point_decode(&point, m->curve, m->encoded[0], kc_curve_info(m->curve)->point_size) ==
         KC_OK);
    must(kc_agreement_contribute(&point, &m->key.scalar, NULL, NULL, &point) == KC_OK);
    kc_point_encode(&point, out);
}

static void contribute_each(const struct curve_material *m)
{
    for (size_t i = 0; i < BATCH; i++)
        contribute(m);
}

static void contribute_together(const struct curve_material *m)
{
    struct kc_point points[BATCH];
    uint8_t out[BATCH][KC_POINT_SIZE_MAX];
    for (size_t i = 0; i < BATCH; i++) {
        must(kc_point_decode(&points[i], m->curve, m->encoded[i],
                 kc_curve_info(m->curve)->point_size) == KC_OK);
        must(kc_agreement_contribute(&points[i], &m->key.scalar, NULL, NULL, &points[i]) == KC_OK);
    }
    kc_point_encode_many(points, BATCH, out);
}

static void multiply(const struct curve_material *m)
{
    struct kc_point out;
    must(kc_point_multiply(&out, &m->key.scalar, &m->points[0]) == KC_OK);
}

static void multiply_base(const struct curve_material *m)
{
    struct kc_point out;
    must(kc_point_multiply_base(&out, &m->key.scalar) == KC_OK);
}

static void check_subgroup(const struct curve_material *m)
{
    must(kc_element_has_prime_order(&m->points[0]) != 0);
}

static void decode(const struct curve_material *m)
{
    struct kc_point out;
    must(kc_point_decode(&out, m->curve, m->encoded[0], kc_curve_info(m->curve)->point_size) ==
         KC_OK);
}

static void sign(const struct curve_material *m)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    must(kc_signature_sign(signature, &m->key, &message, NULL) == KC_OK);
}

static void verify(const struct curve_material *m)
{
    must(kc_signature_verify(&m->key.public, &message, m->signature,
             kc_curve_info(m->curve)->signature_size) == KC_OK);
}

/* OpenSSL. */

static void openssl_sign(const struct curve_material *m)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, m->libcrypto) == 1);
    must(EVP_DigestSign(context, signature, &size, message.message.bytes, message.message.size) ==
         1);
    EVP_MD_CTX_free(context);
}

static void openssl_verify(const struct curve_material *m)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, m->libcrypto) == 1);
    must(EVP_DigestVerify(context, m->signature, kc_curve_info(m->curve)->signature_size,
             message.message.bytes, message.message.size) == 1);
    EVP_MD_CTX_free(context);
}

/* Its ladder, from octets to u, with no check of the order and no sign. */
static void openssl_agree(const struct curve_material *m)
{
    uint8_t agreed[KC_POINT_SIZE_MAX];
    size_t size = sizeof agreed;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(m->libcrypto, NULL);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(
        libcrypto_type(m->curve), NULL, m->encoded[0], kc_curve_info(m->curve)->unsigned_size);
    must(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1);
    must(EVP_PKEY_derive(context, agreed, &size) == 1);
    EVP_PKEY_free(peer);
    EVP_PKEY_CTX_free(context);
}

/* libsodium: octets to octets, with a check of the order. */

static void sodium_contribute(const struct curve_material *m)
{
    uint8_t out[32];
    const struct curve_material *ed = &material[KC_CURVE_ED25519];
    must(crypto_scalarmult_ed25519_noclamp(out, m->scalar_bytes, ed->encoded[0]) == 0);
}

static void sodium_base(const struct curve_material *m)
{
    uint8_t out[32];
    must(crypto_scalarmult_ed25519_base_noclamp(out, m->scalar_bytes) == 0);
}

/* libdecaf: octets to octets, without one. */

#ifdef KC_WITH_DECAF
static void decaf25519_contribute(const struct curve_material *m)
{
    decaf_255_point_t point;
    decaf_255_scalar_t scalar;
    uint8_t out[32];
    const struct curve_material *ed = &material[KC_CURVE_ED25519];
    must(decaf_255_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    must(
        decaf_255_point_decode_like_eddsa_and_mul_by_ratio(point, ed->encoded[0]) == DECAF_SUCCESS);
    decaf_255_point_scalarmul(point, point, scalar);
    decaf_255_point_mul_by_ratio_and_encode_like_eddsa(out, point);
}

static void decaf448_contribute(const struct curve_material *m)
{
    decaf_448_point_t point;
    decaf_448_scalar_t scalar;
    uint8_t out[57];
    const struct curve_material *ed = &material[KC_CURVE_ED448];
    must(decaf_448_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    must(
        decaf_448_point_decode_like_eddsa_and_mul_by_ratio(point, ed->encoded[0]) == DECAF_SUCCESS);
    decaf_448_point_scalarmul(point, point, scalar);
    decaf_448_point_mul_by_ratio_and_encode_like_eddsa(out, point);
}

static void decaf_multiply(const struct curve_material *m)
{
    if (kc_curve_info(m->curve)->scalar_size == 32) {
        decaf_255_point_t out;
        decaf_255_scalar_t scalar;
        must(decaf_255_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
        decaf_255_point_scalarmul(out, decaf_255_point_base, scalar);
        return;
    }
    decaf_448_point_t out;
    decaf_448_scalar_t scalar;
    must(decaf_448_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    decaf_448_point_scalarmul(out, decaf_448_point_base, scalar);
}

static void decaf_base(const struct curve_material *m)
{
    if (kc_curve_info(m->curve)->scalar_size == 32) {
        decaf_255_point_t out;
        decaf_255_scalar_t scalar;
        must(decaf_255_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
        decaf_255_precomputed_scalarmul(out, decaf_255_precomputed_base, scalar);
        return;
    }
    decaf_448_point_t out;
    decaf_448_scalar_t scalar;
    must(decaf_448_scalar_decode(scalar, m->scalar_bytes) == DECAF_SUCCESS);
    decaf_448_precomputed_scalarmul(out, decaf_448_precomputed_base, scalar);
}
#define DECAF(function)                                                                            \
    {                                                                                              \
        "libdecaf", function                                                                       \
    }
#else
#define DECAF(function)                                                                            \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
#endif

#define PEERS_MAX 2

struct peer {
    const char *name;
    void (*run)(const struct curve_material *m);
};

/* clang-format off */
static const struct row {
    const char *operation;
    enum kc_curve curve;
    void (*run)(const struct curve_material *m);
    struct peer peers[PEERS_MAX];
    double aim; /* 0: none, reported only */
} rows[] = {
    {"contribution", KC_CURVE_ED25519, contribute, {DECAF(decaf25519_contribute), {"libsodium", sodium_contribute}}, 1.0},
    {"contribution", KC_CURVE_X25519, contribute, {DECAF(decaf25519_contribute), {"libsodium", sodium_contribute}}, 1.0},
    {"contribution", KC_CURVE_ED448, contribute, {DECAF(decaf448_contribute)}, 1.0},
    {"contribution", KC_CURVE_X448, contribute, {DECAF(decaf448_contribute)}, 1.0},
    {"contribution, by a ladder of theirs", KC_CURVE_X25519, contribute, {{"OpenSSL", openssl_agree}}, 0},
    {"contribution, by a ladder of theirs", KC_CURVE_X448, contribute, {{"OpenSSL", openssl_agree}}, 0},
    {"fixed base", KC_CURVE_ED25519, multiply_base, {DECAF(decaf_base), {"libsodium", sodium_base}}, 1.0},
    {"fixed base", KC_CURVE_X25519, multiply_base, {DECAF(decaf_base), {"libsodium", sodium_base}}, 1.0},
    {"fixed base", KC_CURVE_ED448, multiply_base, {DECAF(decaf_base)}, 1.0},
    {"fixed base", KC_CURVE_X448, multiply_base, {DECAF(decaf_base)}, 1.0},
    {"subgroup check", KC_CURVE_ED25519, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"subgroup check", KC_CURVE_ED448, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"subgroup check", KC_CURVE_X448, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"16 contributions", KC_CURVE_ED25519, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"16 contributions", KC_CURVE_X25519, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"16 contributions", KC_CURVE_ED448, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"16 contributions", KC_CURVE_X448, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"variable base", KC_CURVE_ED25519, multiply, {DECAF(decaf_multiply)}, 0},
    {"variable base", KC_CURVE_ED448, multiply, {DECAF(decaf_multiply)}, 0},
    {"decode and validate", KC_CURVE_ED25519, decode, {{NULL, NULL}}, 0},
    {"decode and validate", KC_CURVE_ED448, decode, {{NULL, NULL}}, 0},
    {"sign", KC_CURVE_ED25519, sign, {{"OpenSSL", openssl_sign}}, 0},
    {"sign", KC_CURVE_ED448, sign, {{"OpenSSL", openssl_sign}}, 0},
    {"verify", KC_CURVE_ED25519, verify, {{"OpenSSL", openssl_verify}}, 0},
    {"verify", KC_CURVE_ED448, verify, {{"OpenSSL", openssl_verify}}, 0},
};
/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof rows[0])

struct sample {
    double us, cycles;
};

/* [0] is ours */
static struct sample samples[ROW_COUNT][PEERS_MAX + 1][ROUNDS_MAX];

static uint64_t cycle_counter(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
}

static struct sample measure(
    void (*run)(const struct curve_material *m), const struct curve_material *m)
{
    struct timespec start, end;
    run(m); /* caches and predictors as in steady use */
    clock_gettime(CLOCK_MONOTONIC, &start);
    uint64_t cycles = cycle_counter();
    run(m);
    cycles = cycle_counter() - cycles;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double us =
        (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
    return (struct sample){us, (double)cycles};
}

static int compare(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    return (x->us > y->us) - (x->us < y->us);
}

static struct sample median(struct sample *of, size_t count)
{
    qsort(of, count, sizeof *of, compare);
    return of[count / 2];
}

static void print_row(size_t i, size_t rounds, bool json)
{
    const struct row *row = &rows[i];
    struct sample ours = median(samples[i][0], rounds);
    const char *peer = NULL;
    double peer_us = 0;
    for (size_t k = 0; k < PEERS_MAX; k++) {
        double us = row->peers[k].run == NULL ? 0 : median(samples[i][k + 1], rounds).us;
        if (us > 0 && (peer == NULL || us < peer_us)) {
            peer = row->peers[k].name;
            peer_us = us;
        }
    }
    const char *group = kc_curve_info(row->curve)->name;
    if (json) {
        printf("{\"operation\":\"%s\",\"group\":\"%s\",\"us\":%.2f,\"cycles\":%.0f", row->operation,
            group, ours.us, ours.cycles);
        if (peer != NULL)
            printf(",\"peer\":\"%s\",\"peer_us\":%.2f,\"ratio\":%.3f", peer, peer_us,
                ours.us / peer_us);
        if (row->aim > 0)
            printf(",\"aim\":%.2f", row->aim);
        puts("}");
        return;
    }
    printf("%-36s %-8s %8.2f us %10.0f cycles", row->operation, group, ours.us, ours.cycles);
    if (peer != NULL)
        printf("   %-18s %8.2f us   %.3f", peer, peer_us, ours.us / peer_us);
    if (row->aim > 0)
        printf("  (aim %.2f)", row->aim);
    puts("");
}

int main(int count, char **arguments)
{
    bool json = false;
    size_t rounds = 301;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0)
            json = true;
        else if (strcmp(arguments[i], "--rounds") == 0 && i + 1 < count)
            rounds = strtoul(arguments[++i], NULL, 10);
        else
            rounds = 0;
    }
    if (rounds == 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench-threshold [--json] [--rounds 1..%d]\n", ROUNDS_MAX);
        return 2;
    }
    must(sodium_init() >= 0);
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_X448; curve++)
        prepare(curve);
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < ROW_COUNT; i++) {
            samples[i][0][round] = measure(rows[i].run, &material[rows[i].curve]);
            for (size_t k = 0; k < PEERS_MAX; k++)
                if (rows[i].peers[k].run != NULL)
                    samples[i][k + 1][round] =
                        measure(rows[i].peers[k].run, &material[rows[i].curve]);
        }
    for (size_t i = 0; i < ROW_COUNT; i++)
        print_row(i, rounds, json);
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_X448; curve++)
        EVP_PKEY_free(material[curve].libcrypto);
    return 0;
}
