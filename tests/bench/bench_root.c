/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hardware root costs, beside the bare calls of the library below in the same run.
 *
 *   bench-root [--json] [--rounds N]
 *
 * Each round runs every operation and its peers, one after the other, twice each, and the second one
 * is timed, as the first finds the caches as another left them; what is printed is the
 * median of the rounds, and operations per second from it. The ratio is ours by the bare call's.
 */
#include "tests/bench/bench_root_hsm.h"
#include "tests/bench/bench_root_tpm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 10001
#define PEERS 3

static struct kc_bench_tpm tpm;
static struct kc_bench_esys bare, with_session, agreeing_bare, agreeing_with_session;
static struct kc_bench_hsm hsm;

struct runner {
    const char *name; /* NULL: no such peer */
    void (*run)(void *context);
    void *context;
};

/* The first is ours, the second the floor. */
static const struct row {
    const char *root, *operation;
    struct runner runners[PEERS];
} rows[] = {
    {"swtpm", "random, 32 octets",
        {{"custodian", kc_bench_own_random, &tpm.own}, {"ESAPI, bare", kc_bench_esys_random, &bare},
            {"ESAPI, session", kc_bench_esys_random, &with_session}}},
    {"swtpm", "seal and try",
        {{"custodian", kc_bench_own_seal, &tpm.own}, {"ESAPI, bare", kc_bench_esys_seal, &bare},
            {"ESAPI, session", kc_bench_esys_seal, &with_session}}},
    {"swtpm", "unseal",
        {{"custodian", kc_bench_own_unseal, &tpm.own}, {"ESAPI, bare", kc_bench_esys_unseal, &bare},
            {"ESAPI, session", kc_bench_esys_unseal, &with_session}}},
    {"swtpm", "resident signature P-256",
        {{"custodian", kc_bench_own_sign, &tpm.own}, {"ESAPI, bare", kc_bench_esys_sign, &bare},
            {"ESAPI, session", kc_bench_esys_sign, &with_session}}},
    {"swtpm", "resident agreement P-256",
        {{"custodian", kc_bench_own_agree, &tpm.own},
            {"ESAPI, bare", kc_bench_esys_agree, &agreeing_bare},
            {"ESAPI, session", kc_bench_esys_agree, &agreeing_with_session}}},
    {"SoftHSM", "random, 32 octets",
        {{"custodian", kc_bench_own_random, &hsm.own},
            {"PKCS#11, bare", kc_bench_pkcs11_random, &hsm}}},
    {"SoftHSM", "seal and try",
        {{"custodian", kc_bench_own_seal, &hsm.own},
            {"PKCS#11, bare", kc_bench_pkcs11_seal, &hsm}}},
    {"SoftHSM", "unseal",
        {{"custodian", kc_bench_own_unseal, &hsm.own},
            {"PKCS#11, bare", kc_bench_pkcs11_unseal, &hsm}}},
    {"SoftHSM", "resident signature P-256",
        {{"custodian", kc_bench_own_sign, &hsm.own},
            {"PKCS#11, bare", kc_bench_pkcs11_sign, &hsm}}},
    {"SoftHSM", "resident agreement P-256",
        {{"custodian", kc_bench_own_agree, &hsm.own},
            {"PKCS#11, bare", kc_bench_pkcs11_agree, &hsm}}},
};

#define ROWS (sizeof rows / sizeof rows[0])

static double samples[ROWS][PEERS][ROUNDS_MAX];

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void run_round(size_t round)
{
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t peer = 0; peer < PEERS && rows[row].runners[peer].name; peer++) {
            const struct runner *runner = &rows[row].runners[peer];
            runner->run(runner->context); /* not timed: who comes first would find cold caches */
            double begin = now_us();
            runner->run(runner->context);
            samples[row][peer][round] = now_us() - begin;
        }
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_row(size_t row, size_t rounds, bool json)
{
    double medians[PEERS] = {0};
    for (size_t peer = 0; peer < PEERS && rows[row].runners[peer].name; peer++) {
        double *sorted = samples[row][peer];
        qsort(sorted, rounds, sizeof *sorted, by_size);
        medians[peer] = sorted[rounds / 2];
    }
    for (size_t peer = 0; peer < PEERS && rows[row].runners[peer].name; peer++) {
        double p99 = samples[row][peer][rounds - 1 - rounds / 100];
        printf(json ? "{\"root\":\"%s\",\"operation\":\"%s\",\"by\":\"%s\",\"us\":%.1f,"
                      "\"us_p99\":%.1f,\"per_second\":%.0f,\"ratio\":%.2f}\n"
                    : "%-8s %-26s %-16s %9.1f %9.1f %8.0f %6.2f\n",
            rows[row].root, rows[row].operation, rows[row].runners[peer].name, medians[peer], p99,
            1e6 / medians[peer], medians[peer] / medians[1]);
    }
}

static size_t read_rounds(const char *text)
{
    unsigned long rounds = strtoul(text, NULL, 10);
    kc_bench_root_must(rounds >= 1 && rounds <= ROUNDS_MAX, "reading --rounds, 1 to 10001,");
    return rounds;
}

int main(int argc, char **argv)
{
    bool json = false;
    size_t rounds = 501;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = read_rounds(argv[++i]);
        else
            kc_bench_root_must(false, "reading the options: [--json] [--rounds N]");
    }
    kc_bench_tpm_init(&tpm);
    kc_bench_esys_init(&bare, false, KC_USE_SIGN);
    kc_bench_esys_init(&with_session, true, KC_USE_SIGN);
    kc_bench_esys_init(&agreeing_bare, false, KC_USE_AGREE);
    kc_bench_esys_init(&agreeing_with_session, true, KC_USE_AGREE);
    kc_bench_hsm_init(&hsm);
    for (size_t round = 0; round < rounds; round++)
        run_round(round);
    if (!json)
        printf("%-8s %-26s %-16s %9s %9s %8s %6s\n", "root", "operation", "by", "us p50", "us p99",
            "per s", "ratio");
    for (size_t row = 0; row < ROWS; row++)
        print_row(row, rounds, json);
    kc_bench_hsm_done(&hsm);
    kc_bench_esys_done(&agreeing_with_session);
    kc_bench_esys_done(&agreeing_bare);
    kc_bench_esys_done(&with_session);
    kc_bench_esys_done(&bare);
    kc_bench_tpm_done(&tpm);
    return 0;
}
