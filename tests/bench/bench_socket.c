/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-socket: contributions over the socket, beside the same operations in process and beside
 * null round trips, all in one run and in turns, so that what is compared had the same machine.
 */
#include "tests/bench/bench_samples.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICES 20
#define LOADS 3
static const size_t loads[LOADS] = {1, 8, 64};

static const char help[] =
    "usage: bench-socket [--json] [--seconds N]\n"
    "       bench-socket [--json] [--seconds N] --socket DEVICE --service SERVICE --keyring NAME\n"
    "                    --pin-file FILE\n"
    "\n"
    "  --json           one JSON object per line instead of a table\n"
    "  --seconds N      for each measurement (default 2)\n"
    "  --socket PATH    a device's custodian that runs already, which makes keys and splits them\n"
    "  --service PATH   the service's custodian, which takes the shares and is measured\n"
    "  --keyring NAME   of both\n"
    "  --pin-file FILE  the operator's PIN of the device\n"
    "\n"
    "Without sockets, two custodians on software TPMs are started, and removed at the end.\n";

struct options {
    bool json;
    double seconds;
    struct kc_bench_place place;
};

/* Everything that is measured. */
struct measurements {
    struct kc_raw raws[KC_SUBJECTS];
    struct kc_client_request ping_vault, ping_desk;
    struct kc_samples null_vault, null_desk;
    struct kc_samples raw[KC_SUBJECTS];
    struct kc_samples socket[KC_SUBJECTS][LOADS];
};

static _Noreturn void usage(int status)
{
    fputs(help, status == 0 ? stdout : stderr);
    exit(status);
}

static void take_option(int letter, struct options *options)
{
    switch (letter) {
    case 'j':
        options->json = true;
        break;
    case 't':
        options->seconds = strtod(optarg, NULL);
        break;
    case 'd':
        options->place.device = optarg;
        break;
    case 's':
        options->place.service = optarg;
        break;
    case 'k':
        options->place.keyring = optarg;
        break;
    case 'p':
        options->place.pin_file = optarg;
        break;
    default:
        usage(letter == 'h' ? 0 : 2);
    }
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = {{"json", no_argument, NULL, 'j'},
        {"seconds", required_argument, NULL, 't'}, {"socket", required_argument, NULL, 'd'},
        {"service", required_argument, NULL, 's'}, {"keyring", required_argument, NULL, 'k'},
        {"pin-file", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct options options = {.seconds = 2};
    int letter;
    while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1)
        take_option(letter, &options);
    const struct kc_bench_place *place = &options.place;
    int given = (place->device != NULL) + (place->service != NULL) + (place->keyring != NULL) +
                (place->pin_file != NULL);
    if (optind != argc || !(options.seconds > 0) || (given != 0 && given != 4))
        usage(2);
    return options;
}

static void init_ping(struct kc_client_request *request, const char *through)
{
    kc_client_request_init(request, KC_OPERATION_PING);
    kc_values_set_text(&request->message.values, KC_FIELD_THROUGH, through);
}

/* One slice of everything. */
static void measure_slice(struct kc_bench *bench, struct measurements *m, double slice_us)
{
    kc_samples_socket(&m->null_vault, bench, &m->ping_vault, 1, slice_us);
    kc_samples_socket(&m->null_desk, bench, &m->ping_desk, 1, slice_us);
    for (size_t i = 0; i < KC_SUBJECTS; i++) {
        kc_samples_raw(&m->raw[i], &m->raws[i], slice_us);
        for (size_t load = 0; load < LOADS; load++)
            kc_samples_socket(
                &m->socket[i][load], bench, &bench->subjects[i].request, loads[load], slice_us);
    }
}

static void measure(struct kc_bench *bench, struct measurements *m, double seconds)
{
    init_ping(&m->ping_vault, "vault");
    init_ping(&m->ping_desk, "desk");
    for (size_t i = 0; i < KC_SUBJECTS; i++)
        kc_raw_init(&m->raws[i], &bench->subjects[i]);
    for (int i = 0; i < SLICES; i++)
        measure_slice(bench, m, seconds * 1e6 / SLICES);
}

static int core_count(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* One row of the report. */
struct row {
    const char *operation, *curve;
    size_t in_flight;
    double ops_per_second, p50_us, p99_us, raw_us, null_vault_p50_us, null_desk_p50_us;
    double ratio_p50, ratio_saturated;
    struct kc_cpu cpu; /* of one operation */
};

static struct row row_of(
    const struct kc_bench *bench, struct measurements *m, size_t subject, size_t load)
{
    struct kc_samples *samples = &m->socket[subject][load];
    struct row row = {
        .operation = kc_operations[bench->subjects[subject].operation].name,
        .curve = kc_algorithm_info(bench->subjects[subject].algorithm)->name,
        .in_flight = loads[load],
        .ops_per_second = kc_samples_per_second(samples),
        .p50_us = kc_samples_quantile(samples, 0.5),
        .p99_us = kc_samples_quantile(samples, 0.99),
        .raw_us = kc_samples_quantile(&m->raw[subject], 0.5),
        .null_vault_p50_us = kc_samples_quantile(&m->null_vault, 0.5),
        .null_desk_p50_us = kc_samples_quantile(&m->null_desk, 0.5),
    };
    double count = (double)samples->count;
    row.cpu = (struct kc_cpu){
        samples->cpu.client / count, samples->cpu.desk / count, samples->cpu.vault / count};
    row.ratio_p50 = row.p50_us / (row.raw_us + row.null_vault_p50_us);
    row.ratio_saturated = row.ops_per_second * row.raw_us / 1e6 / core_count();
    return row;
}

static void print_json(const struct row *row)
{
    printf("{\"operation\":\"%s\",\"curve\":\"%s\",\"in_flight\":%zu,\"ops_per_second\":%.1f,"
           "\"p50_us\":%.2f,\"p99_us\":%.2f,\"raw_us\":%.2f,\"null_vault_p50_us\":%.2f,"
           "\"null_desk_p50_us\":%.2f,\"ratio_p50\":%.3f,\"ratio_saturated\":%.3f,"
           "\"cpu_client_us\":%.2f,\"cpu_desk_us\":%.2f,\"cpu_vault_us\":%.2f}\n",
        row->operation, row->curve, row->in_flight, row->ops_per_second, row->p50_us, row->p99_us,
        row->raw_us, row->null_vault_p50_us, row->null_desk_p50_us, row->ratio_p50,
        row->ratio_saturated, row->cpu.client, row->cpu.desk, row->cpu.vault);
}

static void print_line(const struct row *row)
{
    printf("%-20s %-8s %9zu %9.0f %8.1f %8.1f %7.1f %10.3f %10.3f %7.1f %7.1f %7.1f\n",
        row->operation, row->curve, row->in_flight, row->ops_per_second, row->p50_us, row->p99_us,
        row->raw_us, row->ratio_p50, row->ratio_saturated, row->cpu.client, row->cpu.desk,
        row->cpu.vault);
}

static void print_heading(struct measurements *m)
{
    printf("null round trip, p50: %.1f us through desk and vault, %.1f us through the desk; %d "
           "cores\n",
        kc_samples_quantile(&m->null_vault, 0.5), kc_samples_quantile(&m->null_desk, 0.5),
        core_count());
    puts("ratio p50: p50 / (raw + null through desk and vault); ratio sat.: ops/s * raw / cores; "
         "client, desk, vault: us of CPU for one operation\n");
    printf("%-20s %-8s %9s %9s %8s %8s %7s %10s %10s %7s %7s %7s\n", "operation", "curve",
        "in flight", "ops/s", "p50 us", "p99 us", "raw us", "ratio p50", "ratio sat.", "client",
        "desk", "vault");
}

static void report(const struct kc_bench *bench, struct measurements *m, bool json)
{
    if (!json)
        print_heading(m);
    for (size_t subject = 0; subject < KC_SUBJECTS; subject++)
        for (size_t load = 0; load < LOADS; load++) {
            struct row row = row_of(bench, m, subject, load);
            if (json)
                print_json(&row);
            else
                print_line(&row);
        }
}

static void measurements_done(struct measurements *m)
{
    kc_samples_done(&m->null_vault);
    kc_samples_done(&m->null_desk);
    for (size_t i = 0; i < KC_SUBJECTS; i++) {
        kc_samples_done(&m->raw[i]);
        for (size_t load = 0; load < LOADS; load++)
            kc_samples_done(&m->socket[i][load]);
    }
}

int main(int argc, char **argv)
{
    static struct kc_bench bench;
    static struct measurements measurements;
    struct options options = read_options(argc, argv);
    kc_bench_set_up(&bench, &options.place);
    measure(&bench, &measurements, options.seconds);
    report(&bench, &measurements, options.json);
    measurements_done(&measurements);
    kc_bench_done(&bench);
    return 0;
}
