/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the threshold library is, beside other people's in the same run.
 *
 *   bench-threshold [--json] [--rounds N]
 *
 * On one core, each round runs every operation and each of its peers once, one after the other, so that a machine that
 * changes its speed changes it for all; what is printed is the median of the rounds. Cycles are those of the time stamp
 * counter. Ratio is ours by the best peer's. The count of multiplications stands behind the operation: by the base, by a
 * secret scalar, terms of sums in variable time.
 */
#include "tests/bench/bench_threshold.h"

#include <inttypes.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define ROUNDS_MAX 1001

struct material material[CURVES];
const struct kc_signed_message bench_message = {.message = {(const uint8_t *)"octets", 6}};

void must(bool right)
{
    if (!right) {
        fputs("bench-threshold: an operation failed\n", stderr);
        exit(1);
    }
}

int bench_libcrypto_type(enum kc_curve curve)
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
    struct material *m = &material[curve];
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
    m->libcrypto =
        EVP_PKEY_new_raw_private_key(bench_libcrypto_type(curve), NULL, seed, info->seed_size);
    if (info->signs)
        must(kc_signature_sign(m->signature, &m->key, &bench_message, NULL) == KC_OK);
}

#define PEERS_MAX 2

struct peer {
    const char *name;
    bench_run *run;
};

#ifdef KC_WITH_DECAF
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
#define SODIUM(function)                                                                           \
    {                                                                                              \
        "libsodium", function                                                                      \
    }
#define OPENSSL(function)                                                                          \
    {                                                                                              \
        "OpenSSL", function                                                                        \
    }

/* clang-format off */
static const struct row {
    const char *operation;
    enum kc_curve curve;
    bench_run *run;
    struct peer peers[PEERS_MAX];
    double aim; /* 0: none, reported only */
} rows[] = {
    {"contribution", KC_CURVE_ED25519, contribute, {DECAF(decaf25519_contribute), SODIUM(sodium_contribute)}, 1.0},
    {"contribution", KC_CURVE_X25519, contribute, {DECAF(decaf25519_contribute), SODIUM(sodium_contribute)}, 1.0},
    {"contribution", KC_CURVE_ED448, contribute, {DECAF(decaf448_contribute)}, 1.0},
    {"contribution", KC_CURVE_X448, contribute, {DECAF(decaf448_contribute)}, 1.0},
    {"contribution beside libsodium", KC_CURVE_ED25519, contribute, {SODIUM(sodium_contribute)}, 0.7},
    {"contribution beside libsodium", KC_CURVE_X25519, contribute, {SODIUM(sodium_contribute)}, 0.7},
    {"contribution beside a ladder", KC_CURVE_X25519, contribute, {OPENSSL(openssl_agree)}, 0},
    {"contribution beside a ladder", KC_CURVE_X448, contribute, {OPENSSL(openssl_agree)}, 0},
    {"fixed base", KC_CURVE_ED25519, multiply_base, {DECAF(decaf_base), SODIUM(sodium_base)}, 1.0},
    {"fixed base", KC_CURVE_X25519, multiply_base, {DECAF(decaf_base), SODIUM(sodium_base)}, 1.0},
    {"fixed base", KC_CURVE_ED448, multiply_base, {DECAF(decaf_base)}, 1.0},
    {"fixed base", KC_CURVE_X448, multiply_base, {DECAF(decaf_base)}, 1.0},
    {"subgroup check", KC_CURVE_ED25519, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"subgroup check", KC_CURVE_X25519, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"subgroup check", KC_CURVE_ED448, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"subgroup check", KC_CURVE_X448, check_subgroup, {{"own variable base", multiply}}, 0.35},
    {"16 contributions", KC_CURVE_ED25519, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"16 contributions", KC_CURVE_X25519, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"16 contributions", KC_CURVE_ED448, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"16 contributions", KC_CURVE_X448, contribute_together, {{"16 single", contribute_each}}, 0.9},
    {"FROST 2 of 3, commitment", KC_CURVE_ED448, frost_commit, {{NULL, NULL}}, 0},
    {"FROST 2 of 3, signing share", KC_CURVE_ED448, frost_sign, {{NULL, NULL}}, 0},
    {"FROST 2 of 3, verify a share", KC_CURVE_ED448, frost_verify_share, {{NULL, NULL}}, 0},
    {"FROST 2 of 3, aggregate", KC_CURVE_ED448, frost_aggregate, {{NULL, NULL}}, 0},
    {"variable base", KC_CURVE_ED25519, multiply, {DECAF(decaf_multiply)}, 0},
    {"variable base", KC_CURVE_ED448, multiply, {DECAF(decaf_multiply)}, 0},
    {"decode and validate", KC_CURVE_ED25519, decode, {{NULL, NULL}}, 0},
    {"decode and validate", KC_CURVE_ED448, decode, {{NULL, NULL}}, 0},
    {"sign", KC_CURVE_ED25519, sign, {OPENSSL(openssl_sign)}, 0},
    {"sign", KC_CURVE_ED448, sign, {OPENSSL(openssl_sign)}, 0},
    {"verify", KC_CURVE_ED25519, verify, {OPENSSL(openssl_verify)}, 0},
    {"verify", KC_CURVE_ED448, verify, {OPENSSL(openssl_verify)}, 0},
};
/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof rows[0])

struct sample {
    double us, cycles;
};

/* [0] is ours */
static struct sample samples[ROW_COUNT][PEERS_MAX + 1][ROUNDS_MAX];
static struct bench_counts counts[ROW_COUNT];

static uint64_t cycle_counter(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
}

static long interruptions(void)
{
    struct rusage usage;
    must(getrusage(RUSAGE_THREAD, &usage) == 0);
    return usage.ru_nivcsw;
}

static struct sample measure_once(bench_run *run, const struct material *m)
{
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    uint64_t cycles = cycle_counter();
    run(m);
    cycles = cycle_counter() - cycles;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double us =
        (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
    return (struct sample){us, (double)cycles};
}

/* A run that another process interrupted is repeated, some times. */
static struct sample measure(bench_run *run, const struct material *m)
{
    struct sample sample;
    run(m); /* caches and predictors as in steady use */
    for (int tries = 0; tries < 10; tries++) {
        long before = interruptions();
        sample = measure_once(run, m);
        if (interruptions() == before)
            break;
    }
    return sample;
}

/* Of one run, which is always the same. */
static void count_multiplications(void)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        bench_counts = (struct bench_counts){0};
        rows[i].run(&material[rows[i].curve]);
        counts[i] = bench_counts;
    }
}

static void run_rounds(size_t rounds)
{
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < ROW_COUNT; i++) {
            const struct material *m = &material[rows[i].curve];
            samples[i][0][round] = measure(rows[i].run, m);
            for (size_t k = 0; k < PEERS_MAX; k++)
                if (rows[i].peers[k].run != NULL)
                    samples[i][k + 1][round] = measure(rows[i].peers[k].run, m);
        }
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

struct result {
    char operation[96]; /* with the count of multiplications, for FROST */
    struct sample ours;
    const char *peer; /* NULL: none */
    double peer_us;
};

static struct result result_of(size_t i, size_t rounds)
{
    const struct row *row = &rows[i];
    struct result result = {.ours = median(samples[i][0], rounds)};
    if (strncmp(row->operation, "FROST", 5) == 0)
        snprintf(result.operation, sizeof result.operation,
            "%s: multiplications %u fixed base, %u variable base, %u in sums", row->operation,
            counts[i].base, counts[i].variable, counts[i].terms);
    else
        snprintf(result.operation, sizeof result.operation, "%s", row->operation);
    for (size_t k = 0; k < PEERS_MAX; k++) {
        double us = row->peers[k].run == NULL ? 0 : median(samples[i][k + 1], rounds).us;
        if (us > 0 && (result.peer == NULL || us < result.peer_us)) {
            result.peer = row->peers[k].name;
            result.peer_us = us;
        }
    }
    return result;
}

/* A number, or null for none. */
static void print_json_number(const char *name, double value, int digits)
{
    if (value > 0)
        printf(",\"%s\":%.*f", name, digits, value);
    else
        printf(",\"%s\":null", name);
}

static void print_json(const struct row *row, const struct result *result)
{
    printf("{\"operation\":\"%s\",\"group\":\"%s\"", result->operation,
        kc_curve_info(row->curve)->name);
    print_json_number("us", result->ours.us, 2);
    print_json_number("cycles", result->ours.cycles, 0);
    if (result->peer != NULL)
        printf(",\"peer\":\"%s\"", result->peer);
    else
        printf(",\"peer\":null");
    print_json_number("peer_us", result->peer_us, 2);
    print_json_number("ratio", result->peer == NULL ? 0 : result->ours.us / result->peer_us, 3);
    print_json_number("aim", row->aim, 2);
    puts("}");
}

static void print_text(const struct row *row, const struct result *result)
{
    printf("%-30s %-8s %8.2f us %10.0f cycles", row->operation, kc_curve_info(row->curve)->name,
        result->ours.us, result->ours.cycles);
    if (result->peer != NULL)
        printf("   %-18s %8.2f us   %.3f", result->peer, result->peer_us,
            result->ours.us / result->peer_us);
    else if (result->operation[strlen(row->operation)] == ':')
        printf("  %s", result->operation + strlen(row->operation) + 1);
    if (row->aim > 0)
        printf("  (aim %.2f)", row->aim);
    puts("");
}

/* On the core where it is: counters of others may differ, and a move costs caches. */
static void stay_on_this_core(void)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)sched_getcpu(), &cores);
    (void)sched_setaffinity(0, sizeof cores, &cores);
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
    stay_on_this_core();
    must(sodium_init() >= 0);
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_X448; curve++)
        prepare(curve);
    bench_frost_prepare();
    count_multiplications();
    run_rounds(rounds);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct result result = result_of(i, rounds);
        (json ? print_json : print_text)(&rows[i], &result);
    }
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_X448; curve++)
        EVP_PKEY_free(material[curve].libcrypto);
    return 0;
}
