/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/settings.h"

#include "tests/fault/processes.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <sys/wait.h>

void change_settings(const struct kc_custodian *custodian, const char *edit, const char *more)
{
    assert_true(shell("sed -i '%s' %s", edit, custodian->config));
    FILE *file = fopen(custodian->config, "ae");
    assert_non_null(file);
    fputs(more, file);
    assert_int_equal(fclose(file), 0);
}

void set_peer_deadline(struct kc_custodian *custodian, struct kc_client **client, const char *peer,
    unsigned deadline_ms)
{
    char edit[160];
    snprintf(edit, sizeof edit, "s/\\(name = \"%s\";[^}]*deadline_ms = \\)[0-9]*/\\1%u/", peer,
        deadline_ms);
    kc_custodian_stop_with(custodian, client);
    change_settings(custodian, edit, "");
    kc_custodian_start_with(custodian, client);
}

struct run run_daemon(const struct kc_custodian *custodian, const char *options)
{
    char command[512];
    struct run run = {.status = -1};
    snprintf(command, sizeof command, KC_BUILD_DIR "/custodiand --config %s %s 2>&1",
        custodian->config, options);
    FILE *output = popen(command, "re"); /* NOLINT(cert-env33-c): the test's own command */
    assert_non_null(output);
    size_t size = fread(run.output, 1, sizeof run.output - 1, output);
    run.output[size] = '\0';
    int status = pclose(output);
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return run;
}
