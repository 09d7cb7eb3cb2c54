/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a running custodian as /proc shows them, and calls to it in one line. */
#ifndef KC_TESTS_DAEMON_VIEW_H
#define KC_TESTS_DAEMON_VIEW_H

#include "proto/socket/client.h"
#include "tests/support/custodian.h"

/* The supervisor's child that runs this program, "custodian-vault"; 0: none now. */
pid_t kc_view_process(const struct kc_custodian *custodian, const char *program);

/* Waits until another than `before` runs it. */
pid_t kc_view_wait_for_process(
    const struct kc_custodian *custodian, const char *program, pid_t before);

/* Whether /proc/PID/status has the line, such as "Seccomp:\t2". */
bool kc_view_status_has(pid_t pid, const char *line);

/* Whether one of its descriptors leads to a path that holds the text. */
bool kc_view_has_descriptor(pid_t pid, const char *text);

size_t kc_view_count_descriptors(pid_t pid);

/* Calls. A key's id has room for KC_RECORD_ID_SIZE. */
struct kc_client *kc_view_client(const struct kc_custodian *custodian);
enum kc_error kc_view_generate(struct kc_client *client, const char *label, char *id);
enum kc_error kc_view_sign(struct kc_client *client, const char *id);
enum kc_error kc_view_call(struct kc_client *client, enum kc_operation operation);
enum kc_error kc_view_random(struct kc_client *client);

/* Something that kills a process after a while, whatever happens meanwhile. Given; done waits for it. */
struct kc_view_killer {
    pid_t pid;
};
struct kc_view_killer kc_view_kill_later(pid_t pid, int delay_ms);
void kc_view_killer_done(struct kc_view_killer *killer);

#define KC_VIEW_TEXT_SIZE 256

/* Sends a request, which is done then; *text is a text field of the answer, if it has it. */
enum kc_error kc_view_ask(struct kc_client *client, struct kc_client_request *request,
    enum kc_field field, char text[KC_VIEW_TEXT_SIZE]);

/* Repeat until the custodian has its parts together again. */
enum kc_error kc_view_sign_when_back(struct kc_client *client, const char *id);
enum kc_error kc_view_generate_when_back(struct kc_client *client, const char *label, char *id);

#endif
