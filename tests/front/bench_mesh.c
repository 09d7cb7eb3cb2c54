/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-mesh: Operate over HTTPS, beside the same requests over the custodian's socket and beside an
 * answer of the same HTTP server that needs neither key nor custodian.
 *
 * Requests are signed before the clock runs: what is measured is the service. Each is executed just
 * once, so that each measurement has requests of its own.
 */
#include "tests/bench/bench_cpu.h"
#include "tests/bench/bench_fill_id.h"
#include "tests/front/bench_mesh_store.h"
#include "tests/support/cmocka.h"

#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLIENTS_MAX 64
#define STATIC_REQUEST "{\"StatusRequest\":{}}"
#define DEADLINE_MS 20000
#define GOOD(call) assert_int_equal(call, KC_OK)

static const char help[] =
    "usage: bench-mesh [--json] [--clients N] [--only TEXT] [--requests N] [--shares N]\n"
    "\n"
    "  --clients N   of 1, 4, 16 and 64 just so many\n"
    "  --json        one JSON object per line instead of a table\n"
    "  --only TEXT   measurements with this text in their names\n"
    "  --requests N  for each measurement (default 2000)\n"
    "  --shares N    that the service has, wrapped as any other is, by bench-fill (default 1000)\n"
    "\n"
    "A custodian on a software TPM and a front end are started, and removed at the end.\n";

static struct mesh_service service;
static struct mesh_party party;
static struct {
    bool json;
    const char *only;
    size_t clients, requests, shares;
} options = {false, "", 0, 2000, 1000};

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* --- measuring --- */

struct run {
    char **texts;
    size_t count;
    atomic_size_t next;
    double *us;
    bool is_operate;
};

struct worker {
    pthread_t thread;
    struct run *run;
    struct web web;
};

static void *post_all(void *argument)
{
    struct worker *worker = argument;
    struct run *run = worker->run;
    for (;;) {
        size_t i = atomic_fetch_add(&run->next, 1);
        if (i >= run->count)
            return NULL;
        struct web_answer answer;
        double start = now_us();
        web_post(&worker->web, run->texts[i], strlen(run->texts[i]), &answer);
        run->us[i] = now_us() - start;
        if (answer.status != (run->is_operate ? 201 : 401)) {
            fprintf(stderr, "bench-mesh: %d %s\n", answer.status, answer.head);
            exit(1);
        }
        web_answer_done(&answer);
    }
}

static double run_https(struct run *run, size_t clients)
{
    static struct worker workers[CLIENTS_MAX];
    for (size_t i = 0; i < clients; i++) {
        workers[i].run = run;
        web_open(&workers[i].web, service.front.port, service.front.certificate);
    }
    double start = now_us();
    for (size_t i = 0; i < clients; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, post_all, &workers[i]), 0);
    for (size_t i = 0; i < clients; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    double took = now_us() - start;
    for (size_t i = 0; i < clients; i++)
        web_close(&workers[i].web);
    return took;
}

static void *call_all(void *argument)
{
    struct run *run = argument;
    for (;;) {
        size_t i = atomic_fetch_add(&run->next, 1);
        if (i >= run->count)
            return NULL;
        struct kc_client_request request;
        struct kc_client_answer *answer = NULL;
        double start = now_us();
        kc_client_request_init(&request, KC_OPERATION_MESH_OPERATE);
        kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, ADMIN_SERVICE);
        GOOD(kc_client_request_data(&request, &request.message.values, KC_FIELD_REQUEST,
            run->texts[i], strlen(run->texts[i])));
        enum kc_error error = kc_client_call(service.owner, &request, DEADLINE_MS, &answer);
        run->us[i] = now_us() - start;
        uint64_t status = 0;
        if (error == KC_OK)
            status = kc_client_answer_message(answer)->values.value[KC_FIELD_STATUS].number;
        if (status != 201) {
            fprintf(stderr, "bench-mesh: %s, status %u\n", kc_error_name(error), (unsigned)status);
            exit(1);
        }
        kc_client_answer_free(answer);
        kc_client_request_done(&request);
    }
}

static double run_socket(struct run *run, size_t clients)
{
    pthread_t threads[CLIENTS_MAX];
    double start = now_us();
    for (size_t i = 0; i < clients; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_all, run), 0);
    for (size_t i = 0; i < clients; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    return now_us() - start;
}

/* --- what is measured --- */

static char *agreement_of(const struct admin_share *share)
{
    static const struct sample_key *peer;
    static struct sample_key made;
    if (!peer) {
        made = sample_key(KC_CURVE_X448, 200);
        peer = &made;
    }
    return mesh_decrypt_text(&party, ADMIN_ADDRESS, share, &peer->pair.public);
}

static char *make_agreement(void)
{
    return agreement_of(&party.device.decrypt);
}

/* A share that nobody has asked for yet, as long as there are such: its record and its leaf of the
 * map come from the store, and the first block of operations is charged to it. */
static char *make_agreement_of_another(void)
{
    static uint32_t next;
    struct admin_share share;
    bench_fill_id(next++ % (uint32_t)options.shares, share.service_id);
    return agreement_of(&share);
}

static char *make_signature(void)
{
    static const uint8_t digest[64] = {7};
    return mesh_sign_text(&party, digest, &party.c.profile.pair.public);
}

static char *make_static(void)
{
    return strdup(STATIC_REQUEST);
}

static const struct kind {
    const char *name, *door;
    char *(*make)(void);
    double (*run)(struct run *run, size_t clients);
} kinds[] = {
    {"static answer", "HTTPS", make_static, run_https},
    {"agreement X448", "socket", make_agreement, run_socket},
    {"agreement X448", "HTTPS", make_agreement, run_https},
    {"agreement, new shares", "socket", make_agreement_of_another, run_socket},
    {"agreement, new shares", "HTTPS", make_agreement_of_another, run_https},
    {"signature Ed448", "socket", make_signature, run_socket},
    {"signature Ed448", "HTTPS", make_signature, run_https},
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the service's processes: unlike a latency it says the same on a busy machine. */
struct cpu {
    double front, desk, vault;
};

static struct cpu read_cpu(void)
{
    struct kc_cpu_source source;
    kc_cpu_find(&source, service.custodian.socket);
    return (struct cpu){
        kc_cpu_of(service.front.pid), kc_cpu_of(source.desk), kc_cpu_of(source.vault)};
}

static void tell_cpu(const struct cpu *before, size_t count)
{
    struct cpu after = read_cpu();
    double n = (double)count;
    printf(options.json ? ",\"cpu_front_us\":%.0f,\"cpu_desk_us\":%.0f,\"cpu_vault_us\":%.0f}\n"
                        : " %9.0f %8.0f %8.0f\n",
        (after.front - before->front) / n, (after.desk - before->desk) / n,
        (after.vault - before->vault) / n);
}

static void tell(const struct kind *kind, size_t clients, struct run *run, double took_us)
{
    double per_second = (double)run->count * 1e6 / took_us;
    qsort(run->us, run->count, sizeof run->us[0], compare);
    double median = run->us[run->count / 2], late = run->us[run->count * 99 / 100];
    printf(options.json ? "{\"operation\":\"%s\",\"door\":\"%s\",\"clients\":%zu,\"shares\":%zu,"
                          "\"per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f"
                        : "%-22s %-7s %8zu %9zu %11.0f %9.0f %9.0f",
        kind->name, kind->door, clients, options.shares, per_second, median, late);
}

static void measure(const struct kind *kind, size_t clients)
{
    struct run run = {.count = options.requests, .is_operate = kind->make != make_static};
    run.texts = calloc(run.count, sizeof *run.texts);
    run.us = calloc(run.count, sizeof *run.us);
    assert_true(run.texts && run.us);
    for (size_t i = 0; i < run.count; i++)
        run.texts[i] = kind->make();
    struct cpu before = read_cpu();
    double took = kind->run(&run, clients);
    tell(kind, clients, &run, took);
    tell_cpu(&before, run.count);
    fflush(stdout);
    for (size_t i = 0; i < run.count; i++)
        free(run.texts[i]);
    free(run.texts);
    free(run.us);
}

static void measure_all(void)
{
    static const size_t clients[] = {1, 4, 16, 64};
    if (!options.json)
        printf("%-22s %-7s %8s %9s %11s %9s %9s %9s %8s %8s\n", "operation", "door", "clients",
            "shares", "per second", "p50 us", "p99 us", "CPU front", "desk", "vault");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t c = 0; c < sizeof clients / sizeof *clients; c++)
            if (strstr(kinds[k].name, options.only) &&
                (options.clients == 0 || options.clients == clients[c]))
                measure(&kinds[k], clients[c]);
}

static void parse_options(int count, char **texts)
{
    static const struct option known[] = {{"json", no_argument, NULL, 'j'},
        {"clients", required_argument, NULL, 'c'}, {"only", required_argument, NULL, 'o'},
        {"requests", required_argument, NULL, 'r'}, {"shares", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(count, texts, "", known, NULL)) != -1) {
        options.json |= letter == 'j';
        if (letter == 'c')
            options.clients = strtoul(optarg, NULL, 10);
        if (letter == 'o')
            options.only = optarg;
        if (letter == 'r')
            options.requests = strtoul(optarg, NULL, 10);
        if (letter == 's')
            options.shares = strtoul(optarg, NULL, 10);
        if (letter == 'h' || letter == '?') {
            fputs(help, letter == 'h' ? stdout : stderr);
            exit(letter == 'h' ? 0 : 2);
        }
    }
}

int main(int count, char **texts)
{
    parse_options(count, texts);
    mesh_service_start(&service, "rate = 0; workers = 64; connections_per_address = 256;",
        "operate = { rate = 0; };");
    mesh_party_new(&party, &service, ADMIN_ADDRESS, 1, false);
    assert_int_equal(mesh_bind(&party, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&party, "encryption=threshold,signature=threshold");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(mesh_transact(&party, "MMM_Access", party.connected.entries[i]), 201);
    bench_mesh_store_fill(&service, &party, options.shares);
    bench_mesh_store_measure(&service, &party, options.shares, options.json);
    measure_all();
    bench_mesh_memory(&service, options.shares, options.json);
    mesh_party_free(&party);
    mesh_service_done(&service);
    return 0;
}
