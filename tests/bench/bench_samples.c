/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_samples.h"

#include <stdlib.h>
#include <time.h>

#define DEADLINE_MS 20000

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void add(struct kc_samples *samples, double us)
{
    if (samples->count == samples->room) {
        samples->room = 2 * samples->room + 4096;
        samples->us = reallocarray(samples->us, samples->room, sizeof *samples->us);
        kc_bench_must(samples->us != NULL ? KC_OK : KC_ERR_NO_MEMORY, "samples");
    }
    samples->us[samples->count++] = us;
}

void kc_samples_raw(struct kc_samples *samples, struct kc_raw *raw, double slice_us)
{
    double begun = now_us(), before = begun, after = begun;
    for (; after - begun < slice_us; before = after) {
        kc_raw_run(raw);
        after = now_us();
        add(samples, after - before);
    }
    samples->elapsed_us += after - begun;
}

/* A request under way. */
struct flight {
    uint64_t id; /* 0: none here */
    double begun;
};

static void launch(
    struct flight *flight, struct kc_client *client, struct kc_client_request *request)
{
    flight->begun = now_us();
    kc_bench_must(kc_client_send(client, request, DEADLINE_MS, &flight->id), "send");
}

/* Takes the answer that comes next; returns whose it is. */
static struct flight *land(struct flight flights[static KC_IN_FLIGHT_MAX], struct kc_client *client)
{
    uint64_t id;
    struct kc_client_answer *answer;
    kc_bench_must(kc_client_receive_any(client, DEADLINE_MS, &id, &answer), "answer");
    kc_client_answer_free(answer);
    struct flight *flight = flights;
    while (flight->id != id)
        flight++;
    return flight;
}

static void keep_under_way(struct kc_samples *samples, struct kc_client *client,
    struct kc_client_request *request, size_t in_flight, double slice_us)
{
    struct flight flights[KC_IN_FLIGHT_MAX] = {0};
    double begun = now_us(), now = begun;
    for (size_t i = 0; i < in_flight; i++)
        launch(&flights[i], client, request);
    for (size_t under_way = in_flight; under_way > 0;) {
        struct flight *flight = land(flights, client);
        now = now_us();
        add(samples, now - flight->begun);
        flight->id = 0;
        if (now - begun < slice_us)
            launch(flight, client, request);
        else
            under_way--;
    }
    samples->elapsed_us += now - begun;
}

void kc_samples_socket(struct kc_samples *samples, const struct kc_bench *bench,
    struct kc_client_request *request, size_t in_flight, double slice_us)
{
    struct kc_cpu before = kc_cpu_read(&bench->processes);
    keep_under_way(samples, bench->service, request, in_flight, slice_us);
    struct kc_cpu after = kc_cpu_read(&bench->processes);
    kc_cpu_add(&samples->cpu, &before, &after);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double kc_samples_quantile(struct kc_samples *samples, double part)
{
    qsort(samples->us, samples->count, sizeof *samples->us, compare);
    return samples->us[(size_t)((double)(samples->count - 1) * part)];
}

double kc_samples_per_second(const struct kc_samples *samples)
{
    return (double)samples->count * 1e6 / samples->elapsed_us;
}

void kc_samples_done(struct kc_samples *samples)
{
    free(samples->us);
    *samples = (struct kc_samples){0};
}
