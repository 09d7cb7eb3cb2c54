/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front/bench_mesh_store.h"

#include "tests/bench/bench_cpu.h"
#include "tests/bench/bench_fill_id.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define DEADLINE_MS 60000
#define ROUNDS 200 /* of each measurement, but for starts */
#define STARTS 3

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(const char *name, size_t shares, bool json, double *us, size_t count)
{
    qsort(us, count, sizeof us[0], compare);
    printf(json ? "{\"operation\":\"%s\",\"shares\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f}\n"
                : "%-40s %9zu shares %11.0f us, 99 %% %.0f us\n",
        name, shares, us[count / 2], us[count * 99 / 100]);
    fflush(stdout);
}

/* --- filling --- */

void bench_mesh_store_fill(
    struct mesh_service *service, const struct mesh_party *party, size_t shares)
{
    char command[1024];
    mesh_service_stop_custodian(service);
    snprintf(command, sizeof command,
        KC_BUILD_DIR "/bench-fill --config '%s' --service %s --account %s --grantee %s "
                     "--shares %zu >&2",
        service->custodian.config, ADMIN_SERVICE, party->c.account.address, party->c.device.udf,
        shares);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): its parts are the test's own */
    mesh_service_start_custodian(service);
}

/* --- single operations --- */

struct round {
    const struct mesh_party *party;
    uint32_t number;
    char *text; /* of a request; or NULL */
};

static void ask(struct mesh_service *service, struct kc_client_request *request)
{
    struct kc_client_answer *answer = NULL;
    GOOD(kc_client_call(service->owner, request, DEADLINE_MS, &answer));
    kc_client_answer_free(answer);
    kc_client_request_done(request);
}

/* The first use of the store compares it with the hardware root. */
static void use(struct mesh_service *service)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_MESH_SERVICE_SHOW);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask(service, &request);
}

static void start(struct mesh_service *service, const struct round *round)
{
    (void)round;
    mesh_service_start_custodian(service);
    use(service);
}

static void list(struct mesh_service *service, const struct round *round)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_MESH_CAPABILITY_LIST);
    kc_values_set_text(&request.message.values, KC_FIELD_ACCOUNT_UDF, round->party->c.account.udf);
    ask(service, &request);
}

static void withdraw(struct mesh_service *service, const struct round *round)
{
    struct kc_client_request request;
    char id[KC_UDF_ID_SIZE];
    bench_fill_id(round->number, id);
    kc_client_request_init(&request, KC_OPERATION_MESH_CAPABILITY_WITHDRAW);
    kc_values_set_text(&request.message.values, KC_FIELD_ACCOUNT_UDF, round->party->c.account.udf);
    kc_values_set_text(&request.message.values, KC_FIELD_CAPABILITY, id);
    ask(service, &request);
}

/* The administrator's entry: verified, opened, stored. */
static void accept(struct mesh_service *service, const struct round *round)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_MESH_CAPABILITY_ACCEPT);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, ADMIN_SERVICE);
    GOOD(kc_client_request_data(
        &request, &request.message.values, KC_FIELD_REQUEST, round->text, strlen(round->text)));
    ask(service, &request);
}

static const struct {
    const char *name;
    void (*act)(struct mesh_service *service, const struct round *round);
    size_t rounds;
    bool is_start, has_text; /* what comes before each round, and is not measured */
} measured[] = {
    {"start, with the first use of the store", start, STARTS, true, false},
    {"mesh-capability-list, first page", list, ROUNDS, false, false},
    {"mesh-capability-accept of one", accept, ROUNDS, false, true},
    {"mesh-capability-withdraw of one", withdraw, ROUNDS, false, false},
};

void bench_mesh_store_measure(
    struct mesh_service *service, const struct mesh_party *party, size_t shares, bool json)
{
    double us[ROUNDS];
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++) {
        size_t rounds = measured[i].rounds < shares ? measured[i].rounds : shares / 2;
        for (uint32_t number = 0; number < rounds; number++) {
            struct round round = {.party = party, .number = number};
            if (measured[i].is_start)
                mesh_service_stop_custodian(service);
            if (measured[i].has_text)
                round.text = mesh_capability_text(party);
            double begin = now_us();
            measured[i].act(service, &round);
            us[number] = now_us() - begin;
            free(round.text);
        }
        tell(measured[i].name, shares, json, us, rounds);
    }
}

/* --- memory --- */

static long resident_kib(pid_t process)
{
    char path[64], line[128];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (kib == 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    fclose(file);
    return kib;
}

void bench_mesh_memory(const struct mesh_service *service, size_t shares, bool json)
{
    struct kc_cpu_source source;
    kc_cpu_find(&source, service->custodian.socket);
    printf(json ? "{\"shares\":%zu,\"vault_kib\":%ld,\"desk_kib\":%ld}\n"
                : "%zu shares: vault %ld KiB, desk %ld KiB resident\n",
        shares, resident_kib(source.vault), resident_kib(source.desk));
}
