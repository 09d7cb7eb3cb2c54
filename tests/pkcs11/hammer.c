/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkcs11-hammer [PROCESSES [THREADS [ROUNDS]]]: everything at once, before the fake custodian: in each
 * process each thread opens a session and searches, reads, signs, verifies, derives, enciphers, while
 * the process forks. Nothing is loaded twice and nothing unloaded, so that sanitizers know every name.
 *
 * With clang's thread sanitizer: TSAN_OPTIONS=die_after_fork=0. The sanitizers' allocators keep a lock
 * over a fork that another thread had, so with them it forks while no thread is in a round.
 */
#include "tests/pkcs11/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 8
#define THREADS 16
#define ROUNDS 10
#define FORKS 3

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Held for reading in a round, for writing over a fork; only with a sanitizer. */
static pthread_rwlock_t in_round = PTHREAD_RWLOCK_INITIALIZER;

struct worker {
    pthread_t thread;
    CK_SLOT_ID slots[2];
    CK_BYTE number;
    int rounds;
    const char *failed; /* what did not work */
    CK_RV rv;
};

static bool works(struct worker *worker, CK_RV rv, const char *what)
{
    if (rv == CKR_OK)
        return true;
    worker->failed = what;
    worker->rv = rv;
    return false;
}

static CK_OBJECT_HANDLE find(
    CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label, CK_RV *rv)
{
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    char text[32];
    snprintf(text, sizeof text, "%s", label);
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, text, strlen(text)}};
    *rv = p11->C_FindObjectsInit(session, template, 2);
    if (*rv == CKR_OK)
        *rv = p11->C_FindObjects(session, &found, 1, &count);
    if (*rv == CKR_OK)
        *rv = p11->C_FindObjectsFinal(session);
    return found;
}

/* Each message is the worker's own number, and so is its signature. */
static bool sign_and_verify(
    struct worker *worker, CK_SESSION_HANDLE session, const char *label, CK_MECHANISM_TYPE type)
{
    CK_RV rv;
    CK_MECHANISM mechanism = {.mechanism = type};
    CK_BYTE message[32], signature[512];
    CK_ULONG size = sizeof signature;
    memset(message, worker->number, sizeof message);
    CK_OBJECT_HANDLE private = find(session, CKO_PRIVATE_KEY, label, &rv);
    if (!works(worker, rv, "find"))
        return false;
    CK_OBJECT_HANDLE public = find(session, CKO_PUBLIC_KEY, label, &rv);
    if (!works(worker, rv, "find") ||
        !works(worker, p11->C_SignInit(session, &mechanism, private), "C_SignInit") ||
        !works(worker, p11->C_Sign(session, message, 32, signature, &size), "C_Sign"))
        return false;
    rv = signature[0] == worker->number && signature[size - 1] == worker->number
             ? CKR_OK
             : CKR_SIGNATURE_INVALID;
    return works(worker, rv, "whose signature it is") &&
           works(worker, p11->C_VerifyInit(session, &mechanism, public), "C_VerifyInit") &&
           works(worker, p11->C_Verify(session, message, 32, signature, size), "C_Verify");
}

static bool derive_and_encrypt(struct worker *worker, CK_SESSION_HANDLE session)
{
    CK_RV rv;
    CK_BBOOL yes = CK_TRUE;
    CK_KEY_TYPE aes = CKK_AES;
    CK_BYTE peer[32], iv[16] = {0}, out[64], in[16];
    CK_ULONG size = sizeof out;
    memset(peer, worker->number, sizeof peer);
    memset(in, worker->number, sizeof in);
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv};
    CK_ATTRIBUTE template[] = {{CKA_KEY_TYPE, &aes, sizeof aes}, {CKA_ENCRYPT, &yes, 1}};
    CK_OBJECT_HANDLE secret, key = find(session, CKO_PRIVATE_KEY, "X25519", &rv);
    if (!works(worker, rv, "find") ||
        !works(
            worker, p11->C_DeriveKey(session, &ecdh, key, template, 2, &secret), "C_DeriveKey") ||
        !works(worker, p11->C_EncryptInit(session, &cbc, secret), "C_EncryptInit") ||
        !works(worker, p11->C_Encrypt(session, in, 16, out, &size), "C_Encrypt"))
        return false;
    return works(worker, out[15] == worker->number ? CKR_OK : CKR_DATA_INVALID, "whose it is") &&
           works(worker, p11->C_DestroyObject(session, secret), "C_DestroyObject");
}

static bool round_of_work(struct worker *worker)
{
    CK_SESSION_HANDLE home, edwards;
    CK_BYTE random[16];
    CK_TOKEN_INFO info;
    const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    return works(worker, p11->C_OpenSession(worker->slots[0], flags, NULL, NULL, &home), "open") &&
           works(
               worker, p11->C_OpenSession(worker->slots[1], flags, NULL, NULL, &edwards), "open") &&
           works(worker, p11->C_GetTokenInfo(worker->slots[0], &info), "C_GetTokenInfo") &&
           sign_and_verify(worker, home, "RSA-2048", CKM_SHA256_RSA_PKCS) &&
           sign_and_verify(worker, edwards, "Ed448", CKM_EDDSA) &&
           derive_and_encrypt(worker, edwards) &&
           works(worker, p11->C_GenerateRandom(home, random, 16), "C_GenerateRandom") &&
           works(worker, p11->C_CloseSession(home), "close") &&
           works(worker, p11->C_CloseSession(edwards), "close");
}

static void *work(void *context)
{
    struct worker *worker = context;
    for (int i = 0; i < worker->rounds && worker->failed == NULL; i++) {
        if (SANITIZED)
            pthread_rwlock_rdlock(&in_round);
        (void)round_of_work(worker);
        if (SANITIZED)
            pthread_rwlock_unlock(&in_round);
    }
    return NULL;
}

static bool waited_well(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A child of a process that works: it goes on by itself. */
static int grandchild(const struct worker *like)
{
    struct worker worker = *like;
    worker.failed = NULL;
    if (!round_of_work(&worker))
        fprintf(stderr, "in a fork: %s: 0x%lx\n", worker.failed, worker.rv);
    return worker.failed == NULL && p11->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}

static int process(int number, int threads, int rounds)
{
    static struct worker workers[64];
    int result = 0;
    if (p11->C_Initialize(NULL) != CKR_OK)
        return 1;
    CK_SLOT_ID home = slot_of("home"), edwards = slot_of("home-edwards");
    for (int i = 0; i < threads; i++) {
        workers[i] = (struct worker){.slots = {home, edwards},
            .number = (CK_BYTE)(1 + number * threads + i),
            .rounds = rounds};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < FORKS; i++) {
        if (SANITIZED)
            pthread_rwlock_wrlock(&in_round);
        pid_t child = fork();
        if (child == 0)
            _exit(grandchild(&workers[0]));
        if (SANITIZED)
            pthread_rwlock_unlock(&in_round);
        result |= waited_well(child) ? 0 : 1;
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].failed == NULL)
            continue;
        fprintf(stderr, "%s: 0x%lx\n", workers[i].failed, workers[i].rv);
        result = 1;
    }
    return p11->C_Finalize(NULL) == CKR_OK ? result : 1;
}

static int argument(char **argv, int argc, int place, int otherwise, int most)
{
    int number = argc > place ? atoi(argv[place]) : otherwise;
    return number >= 1 && number <= most ? number : otherwise;
}

int main(int argc, char **argv)
{
    int processes = argument(argv, argc, 1, PROCESSES, 12), result = 0;
    int threads = argument(argv, argc, 2, THREADS, 16);
    int rounds = argument(argv, argc, 3, ROUNDS, 100000);
    pid_t children[12];
    load_module();
    fake_daemon_start();
    for (int i = 0; i < processes; i++) {
        children[i] = fork();
        if (children[i] == 0)
            exit(process(i, threads, rounds)); /* not _exit: leaks are looked for */
    }
    for (int i = 0; i < processes; i++)
        result |= waited_well(children[i]) ? 0 : 1;
    fake_daemon_stop();
    return result;
}
