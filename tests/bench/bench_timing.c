/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the time of an operation tells its secret: a statistical test beside the one with valgrind.
 *
 *   bench-timing [--json] [--samples N]
 *
 * Each sample takes, by a coin, a fixed secret or a random one, and measures the operation. Welch's t compares the two
 * classes' means; its absolute value stays below 4.5 if the times do not depend on the secret, however many samples there
 * are, and grows with their number if they do. As interruptions are no property of the code, samples above a cut are left
 * out, the same for both classes: one t for each of several cuts, and the largest is printed (as dudect does: Reparaz,
 * Balasch, Verbauwhede 2017). The last row compares a leak made on purpose: it must be found.
 *
 * N is 1,000,000 if not said: a quarter of an hour. Run it on an idle core.
 */
#include "base/ct.h"
#include "threshold/agreement.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

#include <math.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define SAMPLES_MIN 200
#define CUTS 10
#define SUSPICIOUS 4.5

static void must(bool right)
{
    if (!right) {
        fputs("bench-timing: an operation failed\n", stderr);
        exit(1);
    }
}

/* What an operation works on: made before the clock starts. */
struct sample {
    struct kc_scalar scalar;
    struct kc_point point;
    uint8_t encoded[KC_POINT_SIZE_MAX];
};

static struct kc_point public_point[KC_CURVE_X448 + 1];

static void scalar_multiply(struct sample *s)
{
    kc_scalar_multiply(&s->scalar, &s->scalar, &s->scalar);
}

static void scalar_invert(struct sample *s)
{
    kc_scalar_invert(&s->scalar, &s->scalar);
}

static void multiply_base(struct sample *s)
{
    must(kc_point_multiply_base(&s->point, &s->scalar) == KC_OK);
}

static void contribute(struct sample *s)
{
    must(kc_agreement_contribute(
             &s->point, &s->scalar, NULL, NULL, &public_point[s->scalar.curve]) == KC_OK);
}

static void encode(struct sample *s)
{
    kc_point_encode(&s->point, s->encoded);
}

static void decode(struct sample *s)
{
    enum kc_curve curve = s->scalar.curve;
    must(kc_point_decode(&s->point, curve, s->encoded, kc_curve_info(curve)->point_size) == KC_OK);
}

static void leak(struct sample *s)
{
    for (uint64_t i = 0; i < 8 + (s->scalar.limb[0] & 63); i++)
        __asm__ volatile("" : : : "memory");
}

static const struct row {
    const char *name;
    void (*run)(struct sample *s);
    bool leaks;
} rows[] = {
    {"scalar multiply", scalar_multiply, false},
    {"scalar invert", scalar_invert, false},
    {"fixed base", multiply_base, false},
    {"contribute", contribute, false},
    {"encode", encode, false},
    {"decode and validate", decode, false},
    {"a leak made on purpose", leak, true},
};

static uint64_t now(void)
{
#if defined(__x86_64__)
    _mm_mfence(); /* what was begun before is done, stores too */
    _mm_lfence();
    uint64_t time = __rdtsc();
    _mm_lfence();
    return time;
#else
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
#endif
}

/* A buffered source: a system call for each secret would disturb what is measured. */
static void random_bytes(void *out, size_t size)
{
    static uint8_t buffer[1 << 16];
    static size_t left;
    if (left < size) {
        must(RAND_bytes(buffer, sizeof buffer) == 1);
        left = sizeof buffer;
    }
    left -= size;
    memcpy(out, buffer + left, size);
}

/* Points are taken from a table: making one for each sample would take longer than the operation. */
#define POINTS 256

static void random_sample(
    struct sample *s, enum kc_curve curve, const struct kc_point table[POINTS])
{
    uint8_t uniform[KC_UNIFORM_SIZE], which;
    random_bytes(uniform, sizeof uniform);
    random_bytes(&which, 1);
    must(kc_scalar_random(&s->scalar, curve, uniform) == KC_OK);
    s->point = table[which];
    kc_point_encode(&s->point, s->encoded);
}

/* Both are read, and nothing is branched on: what comes before the clock starts is the same too. */
static void choose(struct sample *out, kc_mask mask, const struct sample *a, const struct sample *b)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    uint8_t *to = (uint8_t *)out;
    for (size_t i = 0; i < sizeof *out; i++)
        to[i] = (uint8_t)((x[i] & mask) | (y[i] & ~mask));
}

struct mean {
    double count, mean, square; /* Welford's */
};

static void push(struct mean *m, double value)
{
    double difference = value - m->mean;
    m->count++;
    m->mean += difference / m->count;
    m->square += difference * (value - m->mean);
}

static double welch(const struct mean m[2])
{
    if (m[0].count < 2 || m[1].count < 2)
        return 0;
    double variance =
        m[0].square / (m[0].count - 1) / m[0].count + m[1].square / (m[1].count - 1) / m[1].count;
    return variance > 0 ? (m[0].mean - m[1].mean) / sqrt(variance) : 0;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The largest t over the cuts: all samples, and the fastest 99, 95, 90, .. of a hundred. */
static double largest_t(const double *times, const uint8_t *classes, size_t count)
{
    static const double parts[CUTS] = {1, .99, .95, .9, .8, .7, .6, .5, .4, .3};
    double *sorted = malloc(count * sizeof *sorted), largest = 0;
    must(sorted != NULL);
    memcpy(sorted, times, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t k = 0; k < CUTS; k++) {
        double cut = sorted[(size_t)((double)(count - 1) * parts[k])];
        struct mean means[2];
        memset(means, 0, sizeof means);
        for (size_t i = 0; i < count; i++)
            if (times[i] <= cut)
                push(&means[classes[i]], times[i]);
        double t = welch(means);
        if (fabs(t) > fabs(largest))
            largest = t;
    }
    free(sorted);
    return largest;
}

static double measure(const struct row *row, enum kc_curve curve, size_t count)
{
    static struct kc_point table[POINTS];
    struct sample fixed = {0}, other = {0}, sample;
    double *times = malloc(count * sizeof *times);
    uint8_t *classes = malloc(count);
    must(times != NULL && classes != NULL);
    for (size_t i = 0; i < POINTS; i++) {
        kc_scalar_set(&other.scalar, curve, (uint32_t)i + 77);
        must(kc_point_multiply_base(&table[i], &other.scalar) == KC_OK);
        must(kc_point_multiply(&table[i], &other.scalar, &table[i]) == KC_OK);
    }
    public_point[curve] = table[1];
    kc_scalar_set(&fixed.scalar, curve, 1); /* few bits: what a careless multiplication shows */
    fixed.point = table[0];
    kc_point_encode(&fixed.point, fixed.encoded);
    for (size_t i = 0; i < count; i++) {
        uint8_t coin;
        random_bytes(&coin, 1);
        classes[i] = coin & 1;
        random_sample(&other, curve, table); /* in both classes: what was done before is the same */
        choose(&sample, kc_ct_mask_bit(coin), &other, &fixed);
        uint64_t start = now();
        row->run(&sample);
        times[i] = (double)(now() - start);
    }
    double t = largest_t(times, classes, count);
    free(times);
    free(classes);
    return t;
}

static void print(const char *name, enum kc_curve curve, size_t samples, double t, bool json)
{
    const char *group = kc_curve_info(curve)->name;
    if (json)
        printf("{\"operation\":\"%s\",\"group\":\"%s\",\"samples\":%zu,\"t\":%.2f}\n", name, group,
            samples, t);
    else
        printf("%-24s %-8s %9zu samples   t = %8.2f%s\n", name, group, samples, t,
            fabs(t) > SUSPICIOUS ? "   depends on the secret" : "");
    fflush(stdout);
}

int main(int count, char **arguments)
{
    bool json = false, found = false;
    size_t samples = 1000000;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0)
            json = true;
        else if (strcmp(arguments[i], "--samples") == 0 && i + 1 < count)
            samples = strtoul(arguments[++i], NULL, 10);
        else
            samples = 0;
    }
    if (samples < SAMPLES_MIN) {
        fprintf(stderr, "usage: bench-timing [--json] [--samples N], N at least %d\n", SAMPLES_MIN);
        return 2;
    }
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < sizeof curves / sizeof curves[0]; k++) {
            double t = measure(&rows[i], curves[k], samples);
            print(rows[i].name, curves[k], samples, t, json);
            found = found || (rows[i].leaks && fabs(t) > SUSPICIOUS);
        }
    return found ? 0 : 1;
}
