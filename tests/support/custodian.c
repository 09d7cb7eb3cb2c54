/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/custodian.h"

#include "proto/socket/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMON KC_BUILD_DIR "/custodiand"
#define READY_FD 9
#define ROOT_USER 64803    /* of the root process */
#define COURIER_USER 64804 /* of the courier of any custodian of a test */

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "custodian: %s: %s\n", what, strerror(errno));
    abort();
}

/* A program that is being linked anew cannot be started, memory may be short: the log has the reason, and
 * whoever reads of the failure may not have the log any more. */
static void require_of_daemon(bool condition, const struct kc_custodian *c, const char *what)
{
    char line[1024];
    FILE *log = condition ? NULL : fopen(c->log, "re");
    if (log && fseek(log, -4096, SEEK_END) == 0)
        (void)!fgets(line, sizeof line, log); /* the rest of one */
    while (log && fgets(line, sizeof line, log))
        fputs(line, stderr);
    if (log)
        fclose(log);
    if (condition)
        return;
    fprintf(stderr, "custodian: %s: the log ends as above\n", what);
    abort();
}

static void write_token(const struct kc_custodian *c, FILE *file)
{
    fprintf(file,
        "pkcs11 = \"%s\"; token = \"%s\"; key_label = \"%s\"; pin_file = \"%s\"; "
        "environment = [ \"SOFTHSM2_CONF=%s\" ]; ",
        KC_SOFTHSM_MODULE, KC_SOFTHSM_TOKEN, KC_SOFTHSM_KEY, c->hsm.pin_file, c->hsm.config);
}

/* The token beside the TPM, or in its place. */
static void write_second(const struct kc_custodian *c, FILE *file)
{
    fprintf(file, "name = \"hsm\"; ");
    write_token(c, file);
    fprintf(file, "srk_name_file = \"%s/token.name\"; }", c->folder);
}

/* One line each, as all settings here: tests edit them. */
static void write_roots(const struct kc_custodian *c, FILE *file)
{
    fprintf(file, "root = { ");
    if (c->is_without_tpm) {
        write_second(c, file);
        fprintf(file, ";\n");
        return;
    }
    if (c->has_tpm)
        fprintf(file, "tcti = \"%s\"; ", c->tpm.tcti);
    else
        write_token(c, file);
    fprintf(file, "srk_name_file = \"%s/srk.name\"; };\n", c->folder);
    if (!c->has_tpm || !c->has_hsm)
        return;
    fprintf(file, "roots = ( { ");
    write_second(c, file);
    fprintf(file, " );\n");
}

static void write_config(const struct kc_custodian *c)
{
    FILE *file = fopen(c->config, "w");
    require(file != NULL, c->config);
    fprintf(file, "socket = \"%s\";\nstore = \"%s/store\";\n", c->socket, c->folder);
    /* Started by root, each process gets a user of its own: numbers need no entry anywhere. */
    if (geteuid() == 0)
        fputs("users = { desk = 64801; vault = 64802; root = 64803; courier = 64804; "
              "listener = 64805; };\n",
            file);
    write_roots(c, file);
    fprintf(file, "keyrings = [ %s ];\n", c->keyrings);
    fprintf(file,
        "policy = ( { name = \"test\"; users = [ \"%u\" ]; keyrings = [ \"*\" ]; "
        "operations = [ \"*\" ]; }, "
        "{ name = \"couriers\"; users = [ \"%u\" ]; keyrings = [ \"*\" ]; roles = [ \"share\" ]; "
        "operations = [ \"signature-contribute\", \"agreement-contribute\" ]; } );\n",
        geteuid(), geteuid() == 0 ? COURIER_USER : geteuid());
    require(fclose(file) == 0, c->config);
    require(chmod(c->config, 0644) == 0, c->config);
}

/* Starts the daemon with one more argument; descriptor is its READY_FD, -1 for none. */
static pid_t spawn(const struct kc_custodian *c, const char *argument, int descriptor)
{
    /* Leaks are looked for by tracing, which processes that are not dumpable refuse. */
    const char *const arguments[] = {"setpriv", "--pdeathsig", "TERM", "env",
        "ASAN_OPTIONS=detect_leaks=0", DAEMON, "--config", c->config, argument,
        descriptor < 0 ? NULL : "9", NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    bool good = posix_spawn_file_actions_init(&actions) == 0 &&
                posix_spawn_file_actions_addopen(
                    &actions, STDERR_FILENO, c->log, O_WRONLY | O_CREAT | O_APPEND, 0600) == 0;
    if (descriptor >= 0)
        good = good && posix_spawn_file_actions_adddup2(&actions, descriptor, READY_FD) == 0;
    good = good && posix_spawnp(&pid, "setpriv", &actions, NULL,
                       (char *const *)(uintptr_t)arguments, environ) == 0;
    require(good, "start " DAEMON);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void provision(const struct kc_custodian *c)
{
    int status;
    pid_t pid = spawn(c, "--provision", -1);
    require(waitpid(pid, &status, 0) == pid, "waitpid");
    require_of_daemon(status == 0, c, "provisioning failed");
}

void kc_custodian_start(struct kc_custodian *c)
{
    int ready[2];
    char octet;
    require(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    c->pid = spawn(c, "--ready-fd", ready[1]);
    close(ready[1]);
    require_of_daemon(read(ready[0], &octet, 1) == 1, c, "it did not start");
    close(ready[0]);
}

void kc_custodian_stop(struct kc_custodian *c)
{
    if (c->pid == 0)
        return;
    kill(c->pid, SIGTERM);
    require(waitpid(c->pid, NULL, 0) == c->pid, "waitpid");
    c->pid = 0;
}

void kc_custodian_stop_with(struct kc_custodian *c, struct kc_client **client)
{
    kc_client_free(*client);
    *client = NULL;
    kc_custodian_stop(c);
}

void kc_custodian_start_with(struct kc_custodian *c, struct kc_client **client)
{
    kc_client_free(*client);
    kc_custodian_start(c);
    require(kc_client_new(c->socket, client) == KC_OK, "connect");
}

void kc_custodian_restart_with(struct kc_custodian *c, struct kc_client **client)
{
    kc_custodian_stop_with(c, client);
    kc_custodian_start_with(c, client);
}

static void init(struct kc_custodian *c, const char *keyrings, bool has_tpm, bool has_hsm)
{
    *c = (struct kc_custodian){
        .folder = "/tmp/kc-custodian-XXXXXX", .has_tpm = has_tpm, .has_hsm = has_hsm};
    require(mkdtemp(c->folder) != NULL && chmod(c->folder, 0755) == 0, "mkdtemp");
    snprintf(c->socket, sizeof c->socket, "%s/socket", c->folder);
    snprintf(c->config, sizeof c->config, "%s/custodian.conf", c->folder);
    snprintf(c->log, sizeof c->log, "%s/log", c->folder);
    if (has_hsm)
        kc_softhsm_init(&c->hsm, ROOT_USER);
    if (has_tpm)
        kc_swtpm_init(&c->tpm);
    snprintf(c->keyrings, sizeof c->keyrings, "%s", keyrings);
    write_config(c);
    provision(c);
    kc_custodian_start(c);
}

void kc_custodian_without_tpm(struct kc_custodian *c)
{
    c->is_without_tpm = true;
    write_config(c);
}

void kc_custodian_init(struct kc_custodian *c, const char *keyrings)
{
    init(c, keyrings, true, false);
}

void kc_custodian_init_softhsm(struct kc_custodian *c, const char *keyrings)
{
    init(c, keyrings, false, true);
}

void kc_custodian_init_both(struct kc_custodian *c, const char *keyrings)
{
    init(c, keyrings, true, true);
}

void kc_custodian_done(struct kc_custodian *c)
{
    char command[128];
    kc_custodian_stop(c);
    if (c->has_hsm)
        kc_softhsm_done(&c->hsm);
    if (c->has_tpm)
        kc_swtpm_done(&c->tpm);
    snprintf(command, sizeof command, "rm -rf '%s'", c->folder);
    require(system(command) == 0, "remove the folder"); /* NOLINT(cert-env33-c): a fixed command */
}
