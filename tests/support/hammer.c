/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/hammer.h"

#include "tests/support/sanitized.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 8
#define THREADS 16
#define ROUNDS 10
#define LIVES 2
#define FORKS 3 /* in each life of a process */

#if KC_TEST_SANITIZED
/* Instead of the C library's, for the program and for libraries that it loads. */
int dlclose(void *handle);
__attribute__((visibility("default"))) int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
#endif

/* Held for reading in a round, for writing over a fork that has to be alone, which comes first. */
static pthread_rwlock_t in_round = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

/* One life of a process. */
struct life {
    const struct kc_hammer *hammer;
    int rounds;                /* at least, as threads go on until the last fork */
    pthread_barrier_t started; /* threads neither begin nor end while it forks */
    atomic_bool forked;
};

struct worker {
    struct life *life;
    pthread_t thread;
    uint8_t number;
    bool failed;
};

static bool forks_alone(const struct kc_hammer *hammer)
{
    return KC_TEST_SANITIZED || hammer->forks_alone;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct life *life = worker->life;
    const struct kc_hammer *hammer = life->hammer;
    pthread_barrier_wait(&life->started);
    for (int i = 0; i < life->rounds || !atomic_load(&life->forked); i++) {
        if (forks_alone(hammer))
            pthread_rwlock_rdlock(&in_round);
        worker->failed |= !hammer->round(worker->number);
        if (forks_alone(hammer))
            pthread_rwlock_unlock(&in_round);
    }
    return NULL;
}

static bool waited_well(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A child of a process that works: it goes on by itself, with the number of the first thread. */
static bool fork_one(const struct kc_hammer *hammer, uint8_t number)
{
    if (forks_alone(hammer))
        pthread_rwlock_wrlock(&in_round);
    pid_t child = fork();
    if (child == 0)
        _exit(hammer->round(number) && hammer->leave() ? 0 : 1);
    if (forks_alone(hammer))
        pthread_rwlock_unlock(&in_round);
    return waited_well(child);
}

static void start_threads(struct life *life, struct worker *workers, int first, int threads)
{
    pthread_barrier_init(&life->started, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        workers[i] = (struct worker){.life = life, .number = (uint8_t)(first + i)};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            abort();
    }
    pthread_barrier_wait(&life->started);
}

static bool live(const struct kc_hammer *hammer, int first, int threads, int rounds)
{
    struct worker workers[KC_HAMMER_THREADS_MAX];
    struct life life = {.hammer = hammer, .rounds = rounds};
    if (!hammer->load())
        return false;
    start_threads(&life, workers, first, threads);
    bool good = true;
    for (int i = 0; i < FORKS; i++)
        good &= fork_one(hammer, (uint8_t)first);
    atomic_store(&life.forked, true);
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        good &= !workers[i].failed;
    }
    pthread_barrier_destroy(&life.started);
    return hammer->unload() && good;
}

static int argument(char **argv, int argc, int place, int otherwise, int most)
{
    int number = argc > place ? atoi(argv[place]) : otherwise;
    return number >= 1 && number <= most ? number : otherwise;
}

/* Ends when the parent has opened the gate, which is a pipe, by closing it. */
static void wait_at(const int gate[2])
{
    char nothing;
    close(gate[1]);
    while (read(gate[0], &nothing, 1) > 0) {
    }
    close(gate[0]);
}

/* Whoever is forked waits until all are and the parent serves them: in a process with a thread that
 * allocates, a fork would leave the sanitizer's allocator locked for ever in the child. */
int kc_hammer_run(const struct kc_hammer *hammer, int argc, char **argv)
{
    int processes = argument(argv, argc, 1, PROCESSES, KC_HAMMER_PROCESSES_MAX);
    int threads = argument(argv, argc, 2, THREADS, KC_HAMMER_THREADS_MAX);
    int rounds = argument(argv, argc, 3, ROUNDS, 100000);
    pid_t children[KC_HAMMER_PROCESSES_MAX];
    int gate[2];
    bool good = true;
    if (pipe(gate) != 0)
        return 1;
    for (int i = 0; i < processes; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        wait_at(gate);
        for (int life = 0; life < LIVES && good; life++)
            good = live(hammer, 1 + i * threads, threads, rounds);
        exit(good ? 0 : 1); /* not _exit: leaks are looked for */
    }
    if (hammer->serve != NULL)
        hammer->serve();
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < processes; i++)
        good &= waited_well(children[i]);
    return good ? 0 : 1;
}
