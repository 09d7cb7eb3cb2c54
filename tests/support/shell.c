/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char before[4096]; /* each line */
static char said[65536];

void kc_shell_init(void)
{
    strcpy(folder, "/tmp/custodian-shell-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    before[0] = '\0';
}

void kc_shell_done(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(system(command), 0);
}

void kc_shell_define(const char *format, ...)
{
    size_t used = strlen(before);
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(before + used, sizeof before - used, format, arguments);
    va_end(arguments);
    used += (size_t)size;
    assert_true(size >= 0 && used + 2 < sizeof before);
    strcpy(before + used, "\n");
}

void kc_shell_define_custodian(const char *name, const char *socket)
{
    kc_shell_define("%s() { '" KC_BUILD_DIR "/custodian' --socket '%s' \"$@\"; }", name, socket);
}

int kc_shell(const char *line)
{
    char command[16384];
    int size = snprintf(command, sizeof command, "exec 2>&1 </dev/null\n%s%s\n", before, line);
    assert_true(size > 0 && (size_t)size < sizeof command);
    FILE *output = popen(command, "re"); /* NOLINT(cert-env33-c): the test's own command */
    assert_non_null(output);
    said[fread(said, 1, sizeof said - 1, output)] = '\0';
    int status = pclose(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *kc_shell_said(void)
{
    return said;
}
