/* SPDX-License-Identifier: Apache-2.0 */
/* What happens around the module: threads, forks, a custodian that ends
 * and comes back, unloading. */
#include "tests/pkcs11/support.h"
#include "tests/support/sanitized.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 60

static void works_again_when_the_daemon_is_back(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE signature[114];
    CK_ULONG size;
    assert_ok(sign_with(session, key, "m", 1, signature, &size));
    fake_daemon_pause();
    assert_rv(sign_with(session, key, "m", 1, signature, &size), CKR_DEVICE_REMOVED);
    assert_rv(p11->C_FindObjectsInit(session, NULL, 0), CKR_DEVICE_REMOVED);
    assert_rv(p11->C_GenerateRandom(session, signature, 8), CKR_DEVICE_REMOVED);
    fake_daemon_resume();
    assert_ok(sign_with(session, key, "m", 1, signature, &size));
    assert_int_equal(find_one(session, CKO_PRIVATE_KEY, "Ed25519"), key);
}

static void a_lost_connection_is_made_again_unnoticed(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed448");
    CK_BYTE signature[114];
    CK_ULONG size;
    fake.cut = 1;
    assert_ok(sign_with(session, key, "m", 1, signature, &size));
    fake_daemon_pause();
    fake_daemon_resume();
    assert_ok(sign_with(session, key, "m", 1, signature, &size));
    fake.cut = 2; /* once is bad luck */
    assert_rv(sign_with(session, key, "m", 1, signature, &size), CKR_DEVICE_REMOVED);
}

/* One thread's work: searches, signs and derives in sessions of its own;
 * every answer is its own. */
static CK_RV round_of_work(CK_SLOT_ID slot, CK_BYTE number)
{
    CK_SESSION_HANDLE session;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_LABEL, (char[]){"Ed448"}, 5}};
    CK_MECHANISM mechanism = {.mechanism = CKM_EDDSA};
    CK_OBJECT_HANDLE key;
    CK_BYTE message[32], signature[114];
    CK_ULONG count, size = sizeof signature;
    memset(message, number, sizeof message);
    CK_RV rv = p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
    if (rv == CKR_OK)
        rv = p11->C_FindObjectsInit(session, template, 2);
    if (rv == CKR_OK)
        rv = p11->C_FindObjects(session, &key, 1, &count);
    if (rv == CKR_OK)
        rv = count == 1 ? p11->C_FindObjectsFinal(session) : CKR_GENERAL_ERROR;
    if (rv == CKR_OK)
        rv = p11->C_SignInit(session, &mechanism, key);
    if (rv == CKR_OK)
        rv = p11->C_Sign(session, message, sizeof message, signature, &size);
    if (rv == CKR_OK && (signature[0] != number || signature[113] != number))
        rv = CKR_SIGNATURE_INVALID;
    if (rv == CKR_OK)
        rv = p11->C_CloseSession(session);
    return rv;
}

struct worker {
    pthread_t thread;
    CK_SLOT_ID slot;
    CK_BYTE number;
    CK_RV rv;
};

static void *work(void *context)
{
    struct worker *worker = context;
    for (int i = 0; i < ROUNDS && worker->rv == CKR_OK; i++)
        worker->rv = round_of_work(worker->slot, worker->number);
    return NULL;
}

static void start_workers(struct worker workers[THREADS])
{
    CK_SLOT_ID slot = slot_of("home-edwards");
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.slot = slot, .number = (CK_BYTE)(i + 1)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static void join_workers(struct worker workers[THREADS])
{
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_ok(workers[i].rv);
    }
}

static void threads_get_each_their_own_answers(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    start_workers(workers);
    join_workers(workers);
}

/* Runs in a child: 0 if what a fork-safe module promises is so. */
static int child_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_SLOT_ID slot)
{
    CK_BYTE signature[114];
    CK_ULONG size = sizeof signature;
    CK_MECHANISM mechanism = {.mechanism = CKM_EDDSA};
    CK_BYTE message[1] = {0x77};
    /* the session and the signature under way came with it */
    if (p11->C_Sign(session, message, 1, signature, &size) != CKR_OK || signature[0] != 0x77)
        return 1;
    if (p11->C_SignInit(session, &mechanism, key) != CKR_OK)
        return 2;
    if (p11->C_Initialize(NULL) != CKR_OK) /* as clients of 2.40 do in a child */
        return 3;
    if (p11->C_Initialize(NULL) != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return 4;
    if (round_of_work(slot, 9) != CKR_OK)
        return 5;
    return p11->C_Finalize(NULL) == CKR_OK ? 0 : 6;
}

static void a_child_goes_on_with_a_connection_of_its_own(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_SLOT_ID slot = slot_of("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_MECHANISM mechanism = {.mechanism = CKM_EDDSA};
    CK_BYTE message[1] = {0x66}, signature[114];
    CK_ULONG size = sizeof signature;
    assert_ok(p11->C_SignInit(session, &mechanism, key));
    pid_t child = fork();
    if (child == 0)
        _exit(child_of(session, key, slot));
    assert_child_exits_well(child);
    assert_ok(p11->C_Sign(session, message, 1, signature, &size));
    assert_int_equal(signature[0], 0x66);
}

/* With sanitizers the hammer does it, and has its threads rest at each fork. */
static void forks_amid_the_work_of_threads(void **state)
{
    (void)state;
    if (KC_TEST_SANITIZED)
        skip();
    struct worker workers[THREADS];
    CK_SLOT_ID slot = slot_of("home-edwards");
    start_workers(workers);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(round_of_work(slot, 0x70) == CKR_OK ? 0 : 1);
        assert_child_exits_well(child);
    }
    join_workers(workers);
}

static void finalizing_ends_sessions_and_objects(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_SESSION_INFO info;
    find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    assert_ok(p11->C_FindObjectsInit(session, NULL, 0)); /* left open */
    assert_ok(p11->C_Finalize(NULL));
    assert_ok(p11->C_Initialize(NULL));
    assert_rv(p11->C_GetSessionInfo(session, &info), CKR_SESSION_HANDLE_INVALID);
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 8);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

/* Without the fake daemon's own, which closes its end of a connection when it gets to it. */
static size_t open_descriptors(void)
{
    fake_daemon_pause();
    size_t count = count_descriptors();
    fake_daemon_resume();
    return count;
}

/* A custodian that takes a connection and never answers. */
static int listen_in_place_of_the_daemon(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", getenv("CUSTODIAN_SOCKET"));
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    return listener;
}

static void *call_in_vain(void *context)
{
    CK_ULONG count;
    (void)p11->C_GetSlotList(CK_TRUE, NULL, &count);
    return context;
}

/* Runs in a child: 0 if the end of the module closes what came with the fork. */
static int finalize_in_child(void)
{
    size_t before = count_descriptors();
    if (p11->C_Finalize(NULL) != CKR_OK)
        return 1;
    return before > 0 && count_descriptors() == before - 1 ? 0 : 2;
}

static void a_child_that_was_forked_amid_a_call_of_another_thread_closes_the_connection(
    void **state)
{
    (void)state;
    pthread_t thread;
    char octet;
    fake_daemon_pause();
    int listener = listen_in_place_of_the_daemon();
    assert_int_equal(pthread_create(&thread, NULL, call_in_vain, NULL), 0);
    int connection = accept(listener, NULL, NULL);
    assert_true(recv(connection, &octet, 1, MSG_PEEK) > 0); /* the call is under way */
    pid_t child = fork();
    if (child == 0)
        _exit(finalize_in_child());
    assert_child_exits_well(child);
    close(listener);
    close(connection);
    pthread_join(thread, NULL);
    assert_int_equal(unlink(getenv("CUSTODIAN_SOCKET")), 0);
    fake_daemon_resume();
}

static bool is_mapped(const char *name)
{
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        found = found || strstr(line, name) != NULL;
    fclose(maps);
    return found;
}

/* With a copy of the module, as the program itself holds the other. */
static void unloading_leaves_nothing(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    assert_int_equal(system("cp " KC_BUILD_DIR "/custodian-pkcs11.so unload-copy.so"), 0);
    void *module = dlopen("./unload-copy.so", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(module);
    CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
    CK_FUNCTION_LIST *list;
    CK_ULONG count;
    assert_ok(get(&list));
    assert_ok(list->C_Initialize(NULL));
    assert_ok(list->C_GetSlotList(CK_TRUE, NULL, &count));
    assert_int_equal(count, 4);
    assert_ok(list->C_Finalize(NULL));
    assert_int_equal(dlclose(module), 0);
    unlink("unload-copy.so");
    assert_int_equal(open_descriptors(), before);
    assert_false(is_mapped("unload-copy.so"));
    pid_t child = fork(); /* no handler is left to be called */
    if (child == 0)
        _exit(0);
    assert_child_exits_well(child);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(works_again_when_the_daemon_is_back),
        CASE(a_lost_connection_is_made_again_unnoticed),
        CASE(threads_get_each_their_own_answers),
        CASE(a_child_goes_on_with_a_connection_of_its_own),
        CASE(forks_amid_the_work_of_threads),
        CASE(a_child_that_was_forked_amid_a_call_of_another_thread_closes_the_connection),
        CASE(finalizing_ends_sessions_and_objects),
        CASE(unloading_leaves_nothing),
    };
    return cmocka_run_group_tests_name("pkcs11 process", tests, load_group, unload_group);
}
