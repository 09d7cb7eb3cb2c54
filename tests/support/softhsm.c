/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/softhsm.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "softhsm: %s: %s\n", what, strerror(errno));
    abort();
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    require(file != NULL, path);
    require(fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0, path);
}

bool kc_softhsm_run(struct kc_softhsm *hsm, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd '%s' && exec >>output 2>&1 && { %s; }", hsm->folder, command);
    return system(line) == 0; /* NOLINT(cert-env33-c): commands of the tests */
}

static void make_token(struct kc_softhsm *hsm)
{
    char command[512];
    snprintf(command, sizeof command,
        "mkdir tokens && softhsm2-util --init-token --free --label %s --so-pin 87654321 --pin %s "
        "&& "
        "{ [ $(id -u) != 0 ] || chown -R %u:%u tokens; }",
        KC_SOFTHSM_TOKEN, KC_SOFTHSM_PIN, (unsigned)hsm->owner, (unsigned)hsm->owner);
    require(kc_softhsm_run(hsm, command), "make a token");
}

void kc_softhsm_init(struct kc_softhsm *hsm, uid_t owner)
{
    char text[256];
    *hsm = (struct kc_softhsm){.folder = "/tmp/kc-softhsm-XXXXXX", .owner = owner};
    require(mkdtemp(hsm->folder) != NULL && chmod(hsm->folder, 0755) == 0, "mkdtemp");
    snprintf(hsm->config, sizeof hsm->config, "%s/softhsm2.conf", hsm->folder);
    snprintf(hsm->tokens, sizeof hsm->tokens, "%s/tokens", hsm->folder);
    snprintf(hsm->pin_file, sizeof hsm->pin_file, "%s/pin", hsm->folder);
    snprintf(text, sizeof text,
        "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", hsm->tokens);
    write_file(hsm->config, text, 0644);
    write_file(hsm->pin_file, KC_SOFTHSM_PIN "\n", 0600);
    require(setenv("SOFTHSM2_CONF", hsm->config, 1) == 0, "setenv");
    make_token(hsm);
}

void kc_softhsm_done(struct kc_softhsm *hsm)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", hsm->folder);
    require(system(command) == 0, "remove the folder"); /* NOLINT(cert-env33-c): a fixed command */
}

void kc_softhsm_remove(struct kc_softhsm *hsm)
{
    require(kc_softhsm_run(hsm, "mv tokens away && mkdir -m 755 tokens"), "take the token out");
}

void kc_softhsm_insert(struct kc_softhsm *hsm)
{
    require(kc_softhsm_run(hsm, "rmdir tokens && mv away tokens"), "put the token in");
}

void kc_softhsm_replace(struct kc_softhsm *hsm)
{
    require(kc_softhsm_run(hsm, "rm -r away && rmdir tokens"), "throw the token away");
    make_token(hsm);
    require(kc_softhsm_run(hsm, "mv tokens away && mkdir -m 755 tokens"), "keep the new one out");
}

/* SoftHSM has a file for each object, and one for the token itself. */
size_t kc_softhsm_count_objects(struct kc_softhsm *hsm)
{
    char command[192];
    unsigned long count = 0;
    snprintf(command, sizeof command, "find '%s' -name '*.object' ! -name token.object | wc -l",
        hsm->tokens);
    FILE *output = popen(command, "re"); /* NOLINT(cert-env33-c): a fixed command */
    require(output != NULL && fscanf(output, "%lu", &count) == 1, "count the objects");
    pclose(output);
    return count;
}

/* The token's folder, which is the only one, watched for files that come and go. */
static int watch_objects(const struct kc_softhsm *hsm)
{
    char pattern[100];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*", hsm->tokens);
    require(glob(pattern, GLOB_ONLYDIR, NULL, &found) == 0 && found.gl_pathc == 1, "one token");
    int changes = inotify_init1(IN_CLOEXEC);
    require(changes >= 0 &&
                inotify_add_watch(changes, found.gl_pathv[0], IN_CREATE | IN_DELETE | IN_MOVE) >= 0,
        "inotify");
    globfree(&found);
    return changes;
}

size_t kc_softhsm_await_objects(struct kc_softhsm *hsm, size_t expected)
{
    char events[4096];
    struct pollfd changes = {.fd = watch_objects(hsm), .events = POLLIN};
    size_t count = kc_softhsm_count_objects(hsm);
    while (count != expected && poll(&changes, 1, PATIENCE_MS) == 1) {
        require(read(changes.fd, events, sizeof events) > 0, "inotify");
        count = kc_softhsm_count_objects(hsm);
    }
    close(changes.fd);
    return count;
}
