/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-pkcs11 [--json] [--seconds N] [--threads N]... [--operation NAME] [--door NAME]: what an
 * operation costs through the PKCS#11 module, beside SoftHSM2 in process, SoftHSM2 behind `p11-kit server`, and the
 * raw library; all in one run, in turns.
 */
#include "pkcs11/pkcs11_extra.h"
#include "proto/socket/client.h"
#include "tests/bench/bench_cpu.h"
#include "tests/bench/p11_kit_server.h"
#include "tests/support/custodian.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16
#define SAMPLES_MAX 400000
#define TURNS 4
#define MESSAGE_SIZE 32
#define DEADLINE_MS 20000

/* Other threads go on meanwhile: nothing is taken down under them. */
static void must(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "bench-pkcs11: %s\n", what);
    p11_kit_server_stop();
    _exit(1);
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* --- what is measured --- */

struct kind {
    const char *name;
    CK_MECHANISM_TYPE made_by, use;
    CK_MECHANISM_TYPE softhsm_made_by; /* where SoftHSM has another way to make it */
    CK_BYTE oid[10];
    CK_ULONG oid_size; /* 0: RSA */
    bool derives, edwards;
    const char *raw; /* OpenSSL's name */
};

#define RFC8410(last) {0x06, 0x03, 0x2b, 0x65, last}, 5
#define P256_OID {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 10
static const struct kind kinds[] = {
    {"sign Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, 0, RFC8410(0x70), false, true,
        "ED25519"},
    {"sign Ed448", CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, 0, RFC8410(0x71), false, true, "ED448"},
    {"sign P-256", CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, 0, P256_OID, false, false, "EC"},
    {"sign RSA-2048", CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_SHA256_RSA_PKCS, 0, {0}, 0, false, false,
        "RSA"},
    {"derive X25519", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKM_ECDH1_DERIVE, CKM_EC_EDWARDS_KEY_PAIR_GEN,
        RFC8410(0x6e), true, true, "X25519"},
    {"derive X448", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKM_ECDH1_DERIVE, CKM_EC_EDWARDS_KEY_PAIR_GEN,
        RFC8410(0x6f), true, true, "X448"},
    {"derive P-256", CKM_EC_KEY_PAIR_GEN, CKM_ECDH1_DERIVE, 0, P256_OID, true, false, "EC"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* A way to the operations: a module, or the library itself. */
struct door {
    const char *name;
    CK_FUNCTION_LIST *functions; /* NULL: the raw library */
    CK_SLOT_ID slots[2];         /* for NIST and RSA, for Edwards and Montgomery */
    bool der_point;              /* SoftHSM wants the peer's point as an OCTET STRING */
    bool has[KINDS];
    CK_OBJECT_HANDLE keys[KINDS];
};

static EVP_PKEY *raw_keys[KINDS], *raw_peers[KINDS];
static CK_BYTE peers[KINDS][80]; /* DER OCTET STRING */
static CK_ULONG peer_sizes[KINDS];

/* --- the library --- */

static EVP_PKEY *make_raw(const struct kind *kind)
{
    if (strcmp(kind->raw, "EC") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (strcmp(kind->raw, "RSA") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    return EVP_PKEY_Q_keygen(NULL, NULL, kind->raw);
}

static void make_peer(size_t i)
{
    size_t size = 0;
    raw_keys[i] = make_raw(&kinds[i]);
    raw_peers[i] = make_raw(&kinds[i]);
    must(raw_keys[i] != NULL && raw_peers[i] != NULL, "a key of OpenSSL's");
    if (!kinds[i].derives)
        return;
    must(EVP_PKEY_get_octet_string_param(
             raw_peers[i], "pub", peers[i] + 2, sizeof peers[i] - 2, &size) == 1,
        "a peer's point");
    peers[i][0] = 0x04;
    peers[i][1] = (CK_BYTE)size;
    peer_sizes[i] = size + 2;
}

static void run_raw(size_t i)
{
    unsigned char out[512];
    static const unsigned char message[MESSAGE_SIZE] = "thirty-two octets, to be signed";
    size_t size = sizeof out;
    if (kinds[i].derives) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(raw_keys[i], NULL);
        must(EVP_PKEY_derive_init(context) == 1 &&
                 EVP_PKEY_derive_set_peer(context, raw_peers[i]) == 1 &&
                 EVP_PKEY_derive(context, out, &size) == 1,
            "raw derivation");
        EVP_PKEY_CTX_free(context);
    } else if (kinds[i].use == CKM_ECDSA) { /* of a digest, as the mechanism takes it */
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(raw_keys[i], NULL);
        must(EVP_PKEY_sign_init(context) == 1 &&
                 EVP_PKEY_sign(context, out, &size, message, sizeof message) == 1,
            "raw signature");
        EVP_PKEY_CTX_free(context);
    } else {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        const EVP_MD *hash = kinds[i].use == CKM_SHA256_RSA_PKCS ? EVP_sha256() : NULL;
        must(EVP_DigestSignInit(context, NULL, hash, NULL, raw_keys[i]) == 1 &&
                 EVP_DigestSign(context, out, &size, message, sizeof message) == 1,
            "raw signature");
        EVP_MD_CTX_free(context);
    }
}

/* --- modules --- */

static CK_FUNCTION_LIST *load(const char *path)
{
    CK_FUNCTION_LIST *list = NULL;
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    must(module != NULL, path);
    CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
    must(get != NULL && get(&list) == CKR_OK && list->C_Initialize(&arguments) == CKR_OK, path);
    return list;
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *list, const char *label)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = 0;
    CK_TOKEN_INFO info;
    must(list->C_GetSlotList(CK_TRUE, NULL, &count) == CKR_OK, "slots");
    count = 16;
    must(list->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK, "slots");
    for (CK_ULONG i = 0; i < count; i++) {
        must(list->C_GetTokenInfo(slots[i], &info) == CKR_OK, "token");
        size_t size = strlen(label);
        if (memcmp(info.label, label, size) == 0 && info.label[size] == ' ')
            return slots[i];
    }
    must(false, label);
    return 0;
}

static CK_SESSION_HANDLE open_session(const struct door *door, size_t kind)
{
    CK_SESSION_HANDLE session;
    must(door->functions->C_OpenSession(door->slots[kinds[kind].edwards],
             CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK,
        "session");
    return session;
}

static CK_RV run_module(const struct door *door, CK_SESSION_HANDLE session, size_t i)
{
    CK_FUNCTION_LIST *p11 = door->functions;
    CK_BYTE out[512], message[MESSAGE_SIZE] = "thirty-two octets, to be signed";
    CK_ULONG size = sizeof out;
    if (!kinds[i].derives) {
        CK_MECHANISM mechanism = {.mechanism = kinds[i].use};
        CK_RV rv = p11->C_SignInit(session, &mechanism, door->keys[i]);
        return rv != CKR_OK ? rv : p11->C_Sign(session, message, sizeof message, out, &size);
    }
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG length = strcmp(kinds[i].raw, "X448") == 0 ? 56 : 32;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type}, {CKA_TOKEN, &no, 1}, {CKA_SENSITIVE, &no, 1},
        {CKA_EXTRACTABLE, &yes, 1}, {CKA_VALUE_LEN, &length, sizeof length}};
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = peer_sizes[i], .pPublicData = peers[i]};
    if (!door->der_point) {
        parameter.pPublicData += 2;
        parameter.ulPublicDataLen -= 2;
    }
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_OBJECT_HANDLE secret;
    CK_RV rv = p11->C_DeriveKey(session, &mechanism, door->keys[i], template, 6, &secret);
    return rv != CKR_OK ? rv : p11->C_DestroyObject(session, secret);
}

static CK_RV make_key(struct door *door, CK_SESSION_HANDLE session, size_t i, bool softhsm)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    char label[32];
    snprintf(label, sizeof label, "bench %zu", i);
    CK_BYTE oid[10];
    memcpy(oid, kinds[i].oid, sizeof oid);
    CK_ATTRIBUTE public[] = {{CKA_TOKEN, &yes, 1}, {CKA_EC_PARAMS, oid, kinds[i].oid_size}};
    if (kinds[i].oid_size == 0)
    public[1] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, 1}, {CKA_LABEL, label, strlen(label)},
        {kinds[i].derives ? CKA_DERIVE : CKA_SIGN, &yes, 1}};
    CK_MECHANISM mechanism = {.mechanism = softhsm && kinds[i].softhsm_made_by != 0
                                               ? kinds[i].softhsm_made_by
                                               : kinds[i].made_by};
    CK_OBJECT_HANDLE public_key;
    return door->functions->C_GenerateKeyPair(
        session, &mechanism, public, 2, private, 3, &public_key, &door->keys[i]);
}

static CK_OBJECT_HANDLE find_key(const struct door *door, CK_SESSION_HANDLE session, size_t i)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    char label[32];
    snprintf(label, sizeof label, "bench %zu", i);
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, strlen(label)}};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    if (door->functions->C_FindObjectsInit(session, template, 2) == CKR_OK) {
        door->functions->C_FindObjects(session, &found, 1, &count);
        door->functions->C_FindObjectsFinal(session);
    }
    return count == 1 ? found : 0;
}

/* Looks which operations the door has: those that work. */
static void try_all(struct door *door, bool makes, bool softhsm)
{
    for (size_t i = 0; i < KINDS; i++) {
        CK_SESSION_HANDLE session = open_session(door, i);
        if (makes)
            door->has[i] = make_key(door, session, i, softhsm) == CKR_OK;
        else
            door->has[i] = (door->keys[i] = find_key(door, session, i)) != 0;
        door->has[i] = door->has[i] && run_module(door, session, i) == CKR_OK;
        door->functions->C_CloseSession(session);
    }
}

static void log_in(struct door *door)
{
    CK_SESSION_HANDLE session; /* stays open, and with it the login */
    CK_UTF8CHAR pin[] = KC_SOFTHSM_PIN;
    must(door->functions->C_OpenSession(
             door->slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK &&
             door->functions->C_Login(session, CKU_USER, pin, sizeof pin - 1) == CKR_OK,
        "login");
}

/* --- measuring --- */

struct worker {
    pthread_t thread;
    const struct door *door;
    size_t kind;
    double until;
    float *us; /* heap; microseconds of each operation */
    size_t count;
};

static void *work(void *context)
{
    struct worker *worker = context;
    CK_SESSION_HANDLE session =
        worker->door->functions != NULL ? open_session(worker->door, worker->kind) : 0;
    for (double before = now_us(), after; before < worker->until; before = after) {
        if (worker->door->functions == NULL)
            run_raw(worker->kind);
        else
            must(run_module(worker->door, session, worker->kind) == CKR_OK, "an operation");
        after = now_us();
        if (worker->count < SAMPLES_MAX)
            worker->us[worker->count++] = (float)(after - before);
    }
    if (session != 0)
        worker->door->functions->C_CloseSession(session);
    return NULL;
}

struct figures {
    float *us; /* heap */
    size_t count;
    double elapsed_us;
    struct kc_cpu cpu; /* of p11-kit's server it is not known */
};

static struct kc_cpu_source processes;

static void measure(
    const struct door *door, size_t kind, int threads, double slice_us, struct figures *figures)
{
    static struct worker workers[THREADS_MAX];
    struct kc_cpu before = kc_cpu_read(&processes);
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
    struct kc_cpu after = kc_cpu_read(&processes);
    kc_cpu_add(&figures->cpu, &before, &after);
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
    if (figures->count == 0)
        return 0;
    return (double)figures->us[(size_t)(part * (double)(figures->count - 1))];
}

static void print_row(
    bool json, const char *operation, const char *door, int threads, struct figures *figures)
{
    qsort(figures->us, figures->count, sizeof *figures->us, compare_floats);
    double rate = (double)figures->count / figures->elapsed_us * 1e6;
    double p50 = quantile(figures, 0.5), p99 = quantile(figures, 0.99);
    double p999 = quantile(figures, 0.999), count = (double)figures->count;
    struct kc_cpu cpu = {
        figures->cpu.client / count, figures->cpu.desk / count, figures->cpu.vault / count};
    if (json)
        printf("{\"operation\":\"%s\",\"door\":\"%s\",\"threads\":%d,\"per_second\":%.0f,"
               "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"cpu_client_us\":%.1f,"
               "\"cpu_desk_us\":%.1f,\"cpu_vault_us\":%.1f}\n",
            operation, door, threads, rate, p50, p99, p999, cpu.client, cpu.desk, cpu.vault);
    else
        printf("%-14s %-26s %3d %9.0f %9.1f %9.1f %9.1f %7.1f %7.1f %7.1f\n", operation, door,
            threads, rate, p50, p99, p999, cpu.client, cpu.desk, cpu.vault);
    fflush(stdout);
    free(figures->us);
    *figures = (struct figures){0};
}

/* A call that does nothing, through desk and vault: the least that an operation can cost. */
static void measure_null(const char *socket, double slice_us, bool json, bool desk)
{
    struct kc_client *client;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    struct figures figures = {.us = malloc(SAMPLES_MAX * sizeof(float))};
    must(kc_client_new(socket, &client) == KC_OK && figures.us != NULL, "client");
    kc_client_request_init(&request, KC_OPERATION_PING);
    if (desk)
        kc_values_set_text(&request.message.values, KC_FIELD_THROUGH, "desk");
    struct kc_cpu cpu_before = kc_cpu_read(&processes);
    double begun = now_us();
    for (double before = begun, after; before < begun + slice_us; before = after) {
        must(kc_client_call(client, &request, DEADLINE_MS, &answer) == KC_OK, "ping");
        kc_client_answer_free(answer);
        after = now_us();
        if (figures.count < SAMPLES_MAX)
            figures.us[figures.count++] = (float)(after - before);
    }
    figures.elapsed_us = now_us() - begun;
    struct kc_cpu cpu_after = kc_cpu_read(&processes);
    kc_cpu_add(&figures.cpu, &cpu_before, &cpu_after);
    kc_client_request_done(&request);
    kc_client_free(client);
    print_row(json, "null", desk ? "socket, one hop" : "socket, desk and vault", 1, &figures);
}

#define DOORS 4
static struct door doors[DOORS];

static void measure_kind(size_t kind, int threads, double seconds, bool json)
{
    struct figures figures[DOORS] = {0};
    for (int turn = 0; turn < TURNS; turn++)
        for (size_t i = 0; i < DOORS; i++)
            if (doors[i].has[kind])
                measure(&doors[i], kind, threads, seconds * 1e6 / TURNS, &figures[i]);
    for (size_t i = 0; i < DOORS; i++)
        if (doors[i].has[kind])
            print_row(json, kinds[kind].name, doors[i].name, threads, &figures[i]);
}

/* --- setting up --- */

static void open_doors(const struct kc_custodian *custodian, const struct kc_softhsm *hsm)
{
    setenv("CUSTODIAN_SOCKET", custodian->socket, 1);
    doors[0] =
        (struct door){.name = "custodian", .functions = load(KC_BUILD_DIR "/custodian-pkcs11.so")};
    doors[0].slots[0] = find_slot(doors[0].functions, "home");
    doors[0].slots[1] = find_slot(doors[0].functions, "home-edwards");
    try_all(&doors[0], true, false);
    doors[1] = (struct door){
        .name = "SoftHSM2 in process", .functions = load(KC_SOFTHSM_MODULE), .der_point = true};
    doors[1].slots[0] = doors[1].slots[1] = find_slot(doors[1].functions, KC_SOFTHSM_TOKEN);
    log_in(&doors[1]);
    try_all(&doors[1], true, true);
    doors[2] = (struct door){.name = "SoftHSM2 behind p11-kit", .der_point = true};
    if (p11_kit_server_start(hsm))
        doors[2].functions = load(KC_P11_KIT_CLIENT);
    if (doors[2].functions != NULL) {
        doors[2].slots[0] = doors[2].slots[1] = find_slot(doors[2].functions, KC_SOFTHSM_TOKEN);
        log_in(&doors[2]);
        try_all(&doors[2], false, true);
    }
    doors[3] = (struct door){.name = "OpenSSL"};
    memset(doors[3].has, true, sizeof doors[3].has);
}

int main(int argc, char **argv)
{
    bool json = false;
    double seconds = 1;
    int threads[8] = {1, 2, 4, 16}, thread_count = 4, given = 0;
    const char *only = NULL, *only_door = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = atof(argv[++i]);
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc && given < 8)
            threads[given++] = atoi(argv[++i]);
        else if (strcmp(argv[i], "--operation") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (strcmp(argv[i], "--door") == 0 && i + 1 < argc)
            only_door = argv[++i];
        else
            must(false, "[--json] [--seconds N] [--threads N]... [--operation NAME] [--door NAME]");
    }
    thread_count = given > 0 ? given : thread_count;
    for (int i = 0; i < thread_count; i++)
        must(threads[i] >= 1 && threads[i] <= THREADS_MAX, "--threads: 1 to 16");
    struct kc_custodian custodian;
    struct kc_softhsm hsm;
    for (size_t i = 0; i < KINDS; i++)
        make_peer(i);
    kc_custodian_init(&custodian, "\"home\"");
    kc_softhsm_init(&hsm, geteuid());
    kc_cpu_find(&processes, custodian.socket);
    open_doors(&custodian, &hsm);
    for (size_t i = 0; i < DOORS && only_door != NULL; i++)
        if (strcmp(doors[i].name, only_door) != 0)
            memset(doors[i].has, 0, sizeof doors[i].has);
    if (!json)
        printf("%-14s %-26s %3s %9s %9s %9s %9s %7s %7s %7s\n", "operation", "by", "thr", "per sec",
            "p50 us", "p99 us", "p99.9 us", "client", "desk", "vault");
    measure_null(custodian.socket, seconds * 1e6, json, true);
    measure_null(custodian.socket, seconds * 1e6, json, false);
    for (size_t i = 0; i < KINDS; i++)
        for (int j = 0; j < thread_count && (only == NULL || strcmp(only, kinds[i].name) == 0); j++)
            measure_kind(i, threads[j], seconds, json);
    for (size_t i = 0; i < 3; i++)
        if (doors[i].functions != NULL)
            doors[i].functions->C_Finalize(NULL);
    p11_kit_server_stop();
    kc_softhsm_done(&hsm);
    kc_custodian_done(&custodian);
    return 0;
}
