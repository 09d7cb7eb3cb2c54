/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of shell, in a fresh folder that is the current one until the end: how tests use the
 * programs as a person would. One shell for a test program.
 */
#ifndef KC_TESTS_SUPPORT_SHELL_H
#define KC_TESTS_SUPPORT_SHELL_H

#include "tests/support/cmocka.h"

#include <string.h>

/* Makes the folder, below /tmp, and goes there. */
void kc_shell_init(void);

/* Goes away from it, and removes it. */
void kc_shell_done(void);

/* Something that stands before each line from now on: a function or a variable, one line of shell. */
__attribute__((format(printf, 1, 2))) void kc_shell_define(const char *format, ...);

/* A function of this name is the command `custodian` that talks to this socket. */
void kc_shell_define_custodian(const char *name, const char *socket);

/* Runs a line with no input; gives its exit status, -1 if a signal ended it. */
int kc_shell(const char *line);

/* What the last line wrote to either output. */
const char *kc_shell_said(void);

/* The line succeeds. */
#define HOLDS(line)                                                                                \
    do {                                                                                           \
        if (kc_shell(line) != 0)                                                                   \
            fail_msg("%s\n%s", line, kc_shell_said());                                             \
    } while (0)

/* The line ends with this exit status and says these words. */
#define SAYS(status, words, line)                                                                  \
    do {                                                                                           \
        int kc_got = kc_shell(line);                                                               \
        if (kc_got != (status) || strstr(kc_shell_said(), words) == NULL)                          \
            fail_msg("%s\nexit status %d: %s", line, kc_got, kc_shell_said());                     \
    } while (0)

#endif
