/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything at once: processes, each of many threads that work in rounds, while it forks children
 * that work too; and then all of it again with what is tested unloaded and loaded between.
 *
 * With sanitizers dlclose does nothing, so that their reports have the names of what was unloaded,
 * and a fork waits until no thread is in a round, as their allocators keep a lock over it that
 * another thread had. With clang's thread sanitizer: TSAN_OPTIONS=die_after_fork=0.
 */
#ifndef KC_TESTS_SUPPORT_HAMMER_H
#define KC_TESTS_SUPPORT_HAMMER_H

#include <stdbool.h>
#include <stdint.h>

#define KC_HAMMER_PROCESSES_MAX 12
#define KC_HAMMER_THREADS_MAX 16

/* What is hammered. Each function says on standard error why it is false. */
struct kc_hammer {
    bool (*load)(void);            /* at the beginning of each of a process' lives */
    bool (*unload)(void);          /* at its end, when no thread is in a round any more */
    bool (*round)(uint8_t number); /* of one thread, which has this number in all processes */
    bool (*leave)(void);           /* at the end of a forked child */
    bool forks_alone;              /* forks wait for all threads without sanitizers too */
    void (*serve)(void);           /* in the first process, before any round; or null */
};

/* Runs it, with PROCESSES THREADS ROUNDS from the command line. Nothing of it may have been loaded
 * before. Returns what main shall return. */
int kc_hammer_run(const struct kc_hammer *hammer, int argc, char **argv);

#endif
