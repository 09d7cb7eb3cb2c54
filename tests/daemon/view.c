/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/view.h"

#include "custodian/record.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define STEP_MS 5

static size_t read_file(const char *path, char *text, size_t limit)
{
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, limit - 1, file) : 0;
    if (file)
        fclose(file);
    text[size] = '\0';
    return size;
}

static bool runs(pid_t pid, const char *program)
{
    char path[64], exe[512];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t size = readlink(path, exe, sizeof exe - 1);
    if (size < 0)
        return false;
    exe[size] = '\0';
    const char *name = strrchr(exe, '/');
    return name && strcmp(name + 1, program) == 0;
}

pid_t kc_view_process(const struct kc_custodian *custodian, const char *program)
{
    char path[96], children[512];
    snprintf(
        path, sizeof path, "/proc/%d/task/%d/children", (int)custodian->pid, (int)custodian->pid);
    read_file(path, children, sizeof children);
    for (char *next = children, *end; (*next != '\0'); next = end) {
        pid_t pid = (pid_t)strtol(next, &end, 10);
        if (end == next)
            break;
        if (runs(pid, program))
            return pid;
    }
    return 0;
}

/* There is no event for a process of somebody else's: looks again after a while. */
pid_t kc_view_wait_for_process(
    const struct kc_custodian *custodian, const char *program, pid_t before)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
        pid_t pid = kc_view_process(custodian, program);
        if (pid != 0 && pid != before)
            return pid;
        poll(NULL, 0, STEP_MS);
    }
    return 0;
}

struct kc_view_killer kc_view_kill_later(pid_t pid, int delay_ms)
{
    struct kc_view_killer killer = {.pid = fork()};
    if (killer.pid == 0) {
        poll(NULL, 0, delay_ms);
        _exit(kill(pid, SIGKILL));
    }
    if (killer.pid < 0)
        abort();
    return killer;
}

void kc_view_killer_done(struct kc_view_killer *killer)
{
    if (waitpid(killer->pid, NULL, 0) != killer->pid)
        abort();
}

bool kc_view_status_has(pid_t pid, const char *line)
{
    char path[64], text[8192], wanted[128];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    read_file(path, text, sizeof text);
    return strstr(text, wanted) != NULL;
}

static size_t scan_descriptors(pid_t pid, const char *text)
{
    char path[64], target[512];
    size_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (size < 0)
            continue;
        target[size] = '\0';
        found += strstr(target, text) != NULL;
    }
    if (folder)
        closedir(folder);
    return found;
}

bool kc_view_has_descriptor(pid_t pid, const char *text)
{
    return scan_descriptors(pid, text) > 0;
}

size_t kc_view_count_descriptors(pid_t pid)
{
    return scan_descriptors(pid, "");
}

struct kc_client *kc_view_client(const struct kc_custodian *custodian)
{
    struct kc_client *client = NULL;
    if (kc_client_new(custodian->socket, &client) != KC_OK)
        abort();
    return client;
}

enum kc_error kc_view_ask(struct kc_client *client, struct kc_client_request *request,
    enum kc_field field, char text[KC_VIEW_TEXT_SIZE])
{
    struct kc_client_answer *answer = NULL;
    enum kc_error error = kc_client_call(client, request, PATIENCE_MS, &answer);
    if (error == KC_OK && kc_values_has(&kc_client_answer_message(answer)->values, field)) {
        const struct kc_value *value = &kc_client_answer_message(answer)->values.value[field];
        memcpy(text, value->span.bytes, value->span.size);
        text[value->span.size] = '\0';
    }
    kc_client_answer_free(answer);
    kc_client_request_done(request);
    return error;
}

static enum kc_error call(struct kc_client *client, struct kc_client_request *request, char *id)
{
    char text[KC_VIEW_TEXT_SIZE] = "";
    enum kc_error error = kc_view_ask(client, request, KC_FIELD_KEY, text);
    if (error == KC_OK && id)
        strcpy(id, text); /* a key's, which has room for it */
    return error;
}

enum kc_error kc_view_generate(struct kc_client *client, const char *label, char *id)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, "Ed25519");
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "test");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
    kc_values_set_text(&request.message.values, KC_FIELD_ROLE, "application");
    return call(client, &request, id);
}

enum kc_error kc_view_sign(struct kc_client *client, const char *id)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, id);
    kc_values_set_span(&request.message.values, KC_FIELD_MESSAGE, "message", 7);
    return call(client, &request, NULL);
}

enum kc_error kc_view_call(struct kc_client *client, enum kc_operation operation)
{
    struct kc_client_request request;
    kc_client_request_init(&request, operation);
    return call(client, &request, NULL);
}

enum kc_error kc_view_random(struct kc_client *client)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_RANDOM);
    kc_values_set_number(&request.message.values, KC_FIELD_SIZE, 32);
    return call(client, &request, NULL);
}

static bool is_passing(enum kc_error error)
{
    return error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST ||
           error == KC_ERR_ROOT_UNAVAILABLE;
}

enum kc_error kc_view_sign_when_back(struct kc_client *client, const char *id)
{
    enum kc_error error = kc_view_sign(client, id);
    for (int waited = 0; waited < PATIENCE_MS && is_passing(error); waited += STEP_MS) {
        poll(NULL, 0, STEP_MS);
        error = kc_view_sign(client, id);
    }
    return error;
}

enum kc_error kc_view_generate_when_back(struct kc_client *client, const char *label, char *id)
{
    enum kc_error error = kc_view_generate(client, label, id);
    for (int waited = 0; waited < PATIENCE_MS && is_passing(error); waited += STEP_MS) {
        poll(NULL, 0, STEP_MS);
        error = kc_view_generate(client, label, id);
    }
    return error;
}
