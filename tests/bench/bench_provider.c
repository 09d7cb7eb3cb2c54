/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-provider [--json] [--seconds N] [--threads N]...: what an operation costs through the OpenSSL
 * provider, beside the same calls with a key of the default provider; all in one run, in turns.
 */
#include "proto/socket/client.h"
#include "tests/support/custodian.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16
#define SAMPLES_MAX 200000
#define TURNS 4
#define MESSAGE_SIZE 32
#define DEADLINE_MS 60000

static void must(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "bench-provider: %s\n", what);
    _exit(1); /* other threads go on meanwhile: nothing is taken down under them */
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* --- what is measured --- */

static const struct kind {
    const char *operation, *algorithm, *use; /* as the custodian names them */
    const char *hash;
    bool derives;
} kinds[] = {
    {"sign Ed25519", "Ed25519", NULL, NULL, false},
    {"sign Ed448", "Ed448", NULL, NULL, false},
    {"sign P-256", "P-256", NULL, "SHA2-256", false},
    {"sign RSA-2048", "RSA-2048", NULL, "SHA2-256", false},
    {"derive X25519", "X25519", NULL, NULL, true},
    {"derive X448", "X448", NULL, NULL, true},
    {"derive P-256", "P-256", "agree", NULL, true},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* With whose keys. */
static const char *const doors[] = {"custodian", "default"};
#define DOORS 2

static OSSL_LIB_CTX *library;
static EVP_PKEY *keys[DOORS][KINDS], *peers[KINDS];

static void run(const EVP_PKEY *key, size_t i)
{
    static const unsigned char message[MESSAGE_SIZE] = "thirty-two octets, to be signed";
    unsigned char out[512];
    size_t size = sizeof out;
    EVP_PKEY *used = (EVP_PKEY *)(uintptr_t)key;
    if (kinds[i].derives) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, used, NULL);
        must(EVP_PKEY_derive_init(context) == 1 &&
                 EVP_PKEY_derive_set_peer(context, peers[i]) == 1 &&
                 EVP_PKEY_derive(context, out, &size) == 1,
            kinds[i].operation);
        EVP_PKEY_CTX_free(context);
        return;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit_ex(context, NULL, kinds[i].hash, library, NULL, used, NULL) == 1 &&
             EVP_DigestSign(context, out, &size, message, sizeof message) == 1,
        kinds[i].operation);
    EVP_MD_CTX_free(context);
}

/* --- keys --- */

static EVP_PKEY *make_default(const char *algorithm)
{
    EVP_PKEY *key =
        strcmp(algorithm, "P-256") == 0      ? EVP_PKEY_Q_keygen(library, NULL, "EC", "P-256")
        : strcmp(algorithm, "RSA-2048") == 0 ? EVP_PKEY_Q_keygen(library, NULL, "RSA", (size_t)2048)
                                             : EVP_PKEY_Q_keygen(library, NULL, algorithm);
    must(key != NULL, algorithm);
    return key;
}

/* A peer's key as one has it: its public half alone. */
static EVP_PKEY *make_peer(const char *algorithm)
{
    unsigned char *der = NULL;
    EVP_PKEY *whole = make_default(algorithm);
    int size = i2d_PUBKEY(whole, &der);
    const unsigned char *at = der;
    EVP_PKEY *public = d2i_PUBKEY_ex(NULL, &at, size, library, NULL);
    must(public != NULL, algorithm);
    OPENSSL_free(der);
    EVP_PKEY_free(whole);
    return public;
}

static EVP_PKEY *find(const char *label)
{
    char uri[64];
    snprintf(uri, sizeof uri, "custodian:label=%s", label);
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, library, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store != NULL ? OSSL_STORE_load(store) : NULL;
    EVP_PKEY *key = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
    must(key != NULL, uri);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    return key;
}

static void make_keys(struct kc_client *client)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct kc_client_request request;
        struct kc_client_answer *answer;
        char label[16];
        snprintf(label, sizeof label, "bench%zu", i);
        kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
        struct kc_values *values = &request.message.values;
        kc_values_set_text(values, KC_FIELD_ALGORITHM, kinds[i].algorithm);
        kc_values_set_text(values, KC_FIELD_KEYRING, "home");
        kc_values_set_text(values, KC_FIELD_LABEL, label);
        if (kinds[i].use != NULL)
            kc_values_set_text(values, KC_FIELD_USE, kinds[i].use);
        must(kc_client_call(client, &request, DEADLINE_MS, &answer) == KC_OK, label);
        kc_client_answer_free(answer);
        kc_client_request_done(&request);
        keys[0][i] = find(label);
        keys[1][i] = make_default(kinds[i].algorithm);
        peers[i] = kinds[i].derives ? make_peer(kinds[i].algorithm) : NULL;
    }
}

/* --- measuring --- */

struct worker {
    pthread_t thread;
    size_t door, kind;
    double until;
    float *us; /* heap; microseconds of each operation */
    size_t count;
};

static void *work(void *context)
{
    struct worker *worker = context;
    for (double before = now_us(), after; before < worker->until; before = after) {
        run(keys[worker->door][worker->kind], worker->kind);
        after = now_us();
        if (worker->count < SAMPLES_MAX)
            worker->us[worker->count++] = (float)(after - before);
    }
    return NULL;
}

struct figures {
    float *us; /* heap */
    size_t count;
    double elapsed_us;
};

static void measure(size_t door, size_t kind, int threads, double slice_us, struct figures *figures)
{
    static struct worker workers[THREADS_MAX];
    double begun = now_us();
    for (int i = 0; i < threads; i++) {
        float *us = workers[i].us != NULL ? workers[i].us : malloc(SAMPLES_MAX * sizeof(float));
        must(us != NULL, "memory");
        workers[i] =
            (struct worker){.door = door, .kind = kind, .until = begun + slice_us, .us = us};
        must(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "thread");
    }
    for (int i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    figures->elapsed_us += now_us() - begun;
    for (int i = 0; i < threads; i++) {
        figures->us =
            reallocarray(figures->us, figures->count + workers[i].count + 1, sizeof *figures->us);
        must(figures->us != NULL, "memory");
        memcpy(figures->us + figures->count, workers[i].us, workers[i].count * sizeof(float));
        figures->count += workers[i].count;
    }
}

static int compare_floats(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double quantile(const struct figures *figures, double part)
{
    return figures->count == 0 ? 0
                               : (double)figures->us[(size_t)(part * (double)(figures->count - 1))];
}

static void print_row(bool json, size_t kind, size_t door, int threads, struct figures *figures)
{
    qsort(figures->us, figures->count, sizeof *figures->us, compare_floats);
    printf(json ? "{\"operation\":\"%s\",\"provider\":\"%s\",\"threads\":%d,\"per_second\":%.0f,"
                  "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n"
                : "%-14s %-10s %3d %9.0f %9.1f %9.1f %9.1f\n",
        kinds[kind].operation, doors[door], threads,
        (double)figures->count / figures->elapsed_us * 1e6, quantile(figures, 0.5),
        quantile(figures, 0.99), quantile(figures, 0.999));
    fflush(stdout);
    free(figures->us);
}

static void measure_kind(size_t kind, int threads, double seconds, bool json)
{
    struct figures figures[DOORS] = {0};
    for (int turn = 0; turn < TURNS; turn++)
        for (size_t door = 0; door < DOORS; door++)
            measure(door, kind, threads, seconds * 1e6 / TURNS, &figures[door]);
    for (size_t door = 0; door < DOORS; door++)
        print_row(json, kind, door, threads, &figures[door]);
}

/* --- setting up --- */

struct options {
    bool json;
    double seconds;
    int threads[8], thread_count;
};

static struct options read_options(int count, char **values)
{
    struct options options = {.seconds = 1};
    for (int i = 1; i < count; i++) {
        if (strcmp(values[i], "--json") == 0)
            options.json = true;
        else if (strcmp(values[i], "--seconds") == 0 && i + 1 < count)
            options.seconds = strtod(values[++i], NULL);
        else if (strcmp(values[i], "--threads") == 0 && i + 1 < count && options.thread_count < 8)
            options.threads[options.thread_count++] = (int)strtol(values[++i], NULL, 10);
        else
            must(false, "[--json] [--seconds N] [--threads N]...");
    }
    if (options.thread_count == 0)
        options = (struct options){options.json, options.seconds, {1, 2, 4, 16}, 4};
    for (int i = 0; i < options.thread_count; i++)
        must(options.threads[i] >= 1 && options.threads[i] <= THREADS_MAX, "--threads: 1 to 16");
    return options;
}

int main(int count, char **values)
{
    struct options options = read_options(count, values);
    struct kc_custodian custodian;
    struct kc_client *client;
    kc_custodian_init(&custodian, "\"home\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_set_default_search_path(library, KC_BUILD_DIR "/ossl-modules");
    OSSL_PROVIDER *all = OSSL_PROVIDER_load(library, "default");
    OSSL_PROVIDER *ours = OSSL_PROVIDER_load(library, "custodian");
    must(all != NULL && ours != NULL &&
             EVP_set_default_properties(library, "?provider=default") == 1 &&
             kc_client_new(custodian.socket, &client) == KC_OK,
        "providers");
    make_keys(client);
    kc_client_free(client);
    if (!options.json)
        printf("%-14s %-10s %3s %9s %9s %9s %9s\n", "operation", "provider", "thr", "per sec",
            "p50 us", "p99 us", "p99.9 us");
    for (size_t i = 0; i < KINDS; i++)
        for (int j = 0; j < options.thread_count; j++)
            measure_kind(i, options.threads[j], options.seconds, options.json);
    for (size_t i = 0; i < KINDS; i++) {
        EVP_PKEY_free(keys[0][i]);
        EVP_PKEY_free(keys[1][i]);
        EVP_PKEY_free(peers[i]);
    }
    OSSL_PROVIDER_unload(ours);
    OSSL_PROVIDER_unload(all);
    OSSL_LIB_CTX_free(library);
    kc_custodian_done(&custodian);
    return 0;
}
