/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc tells of a custodian's processes, and their ends. */
#ifndef KC_TESTS_FAULT_PROCESSES_H
#define KC_TESTS_FAULT_PROCESSES_H

#include "tests/support/custodian.h"

#include <stdbool.h>
#include <stdint.h>

enum process { DESK, VAULT, ROOT, SUPERVISOR, PROCESSES };

extern const char *const process_names[PROCESSES];

/* The process that was started last. */
pid_t find_process(const struct kc_custodian *custodian, enum process process);

/* Kills it, and waits until it is gone and another one is started; with the supervisor all end, and
 * kc_custodian_start starts them. */
void kill_process(struct kc_custodian *custodian, enum process process);

/* Waits until another process than `old` was started. */
void await_restart(const struct kc_custodian *custodian, enum process process, pid_t old);

/* The value of a line of /proc/PID/status, without what surrounds it. */
void read_status(pid_t pid, const char *name, char value[static 128]);

size_t count_descriptors(pid_t pid);

/* What can be read: all that root sees of a process's memory, or a file. */
struct image {
    uint8_t *octets;
    size_t size;
};

/* with_arena: false leaves out what is locked, not inherited by a fork and in no core image. */
struct image image_of_process(pid_t pid, bool with_arena);
struct image image_of_file(const char *path);
void image_free(struct image *image);

/* Whether octets are in it, as they are; or also as hexadecimal or Base64 text. */
bool image_has(const struct image *image, const void *octets, size_t size);
bool image_has_in_any_form(const struct image *image, const uint8_t *octets, size_t size);

/* Whether a text is in a file. */
bool file_has(const char *path, const char *text);

/* Runs a shell command of the test's own; whether it exits 0. */
bool shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
