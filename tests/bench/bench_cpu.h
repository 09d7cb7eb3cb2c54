/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of client, desk and vault: unlike a latency it says the same on a busy machine. */
#ifndef KC_TESTS_BENCH_CPU_H
#define KC_TESTS_BENCH_CPU_H

#include <sys/types.h>

/* Whose time is read: this process, and two processes of a custodian. */
struct kc_cpu_source {
    pid_t desk, vault;
};

/* Microseconds on a core, user and kernel together. */
struct kc_cpu {
    double client, desk, vault;
};

/* Finds the processes of the custodian that listens on a socket; without them the program ends. */
void kc_cpu_find(struct kc_cpu_source *source, const char *socket);

/* Of any process, since it was started. */
double kc_cpu_of(pid_t process);

/* Since each of them was started. */
struct kc_cpu kc_cpu_read(const struct kc_cpu_source *source);

/* *sum += after - before */
void kc_cpu_add(struct kc_cpu *sum, const struct kc_cpu *before, const struct kc_cpu *after);

#endif
