/* SPDX-License-Identifier: Apache-2.0 */
/* How long things took, gathered in slices so that what is compared was measured side by side. */
#ifndef KC_TESTS_BENCH_SAMPLES_H
#define KC_TESTS_BENCH_SAMPLES_H

#include "tests/bench/bench_cpu.h"
#include "tests/bench/bench_raw.h"

struct kc_samples {
    double *us; /* heap: microseconds, one for each operation */
    size_t count, room;
    double elapsed_us; /* of all slices */
    struct kc_cpu cpu; /* spent in them; of the socket's */
};

/* Runs the raw operation for one slice. */
void kc_samples_raw(struct kc_samples *samples, struct kc_raw *raw, double slice_us);

/* Keeps in_flight requests under way for one slice, 1..KC_IN_FLIGHT_MAX; from sending to having the
 * answer. */
void kc_samples_socket(struct kc_samples *samples, const struct kc_bench *bench,
    struct kc_client_request *request, size_t in_flight, double slice_us);

/* The value that this part of the samples is not above, 0 <= part <= 1. Sorts. */
double kc_samples_quantile(struct kc_samples *samples, double part);

double kc_samples_per_second(const struct kc_samples *samples);

void kc_samples_done(struct kc_samples *samples);

#endif
