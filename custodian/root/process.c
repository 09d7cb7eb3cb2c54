/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custodian-root: the process that talks to the hardware root, and nothing else. It seals and opens
 * 32-octet sealing keys for the vault, hands them over and wipes them; it never sees the store.
 *
 *     custodian-root [NUMBER]               started by the supervisor
 *     custodian-root [NUMBER] --provision   by custodiand --provision: uses or makes the SRK, pins its Name
 *
 * The number is that of the root in the configuration; without one it is the first, 0.
 * Both find the configuration at descriptor KC_FD_CONFIG.
 */
#include "custodian/process.h"
#include "base/secret.h"
#include "custodian/log.h"
#include "custodian/root/host.h"
#include "custodian/root/sandbox.h"
#include "custodian/root/service.h"
#include "custodian/root/settings.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAP_SIZE ((size_t)4 * 1024 * 1024) /* all that the process allocates: root_heap.c */

static enum kc_error failed(const char *step, enum kc_error error, const char *detail)
{
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", step), kc_log_error(error),
        kc_log_text("detail", detail));
    return error;
}

/* --- what the process has --- */

struct process {
    size_t number; /* of the root */
    struct kc_config *config;
    struct kc_root_host host;
};

static void free_process(struct process *process)
{
    kc_root_host_close(&process->host);
    kc_config_free(process->config);
}

/* From here on everything that is allocated is locked, and wiped when it is freed. */
static enum kc_error make_heap(void)
{
    enum kc_error error = kc_arena_init(HEAP_SIZE);
    if (error != KC_OK)
        return failed("heap", error, "root's memory could not be locked");
    /* libcrypto must not look for a file later: the filter allows none */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                                OPENSSL_INIT_ADD_ALL_DIGESTS,
            NULL) != 1)
        return failed("libcrypto", KC_ERR_INTERNAL, "it does not start");
    return KC_OK;
}

static enum kc_error prepare(struct process *process)
{
    struct kc_root_trouble trouble = {"", ""};
    enum kc_error error = kc_process_start(kc_process_of_root(process->number), &process->config);
    if (error != KC_OK || (error = make_heap()) != KC_OK)
        return error;
    if (process->number >= process->config->root_count)
        return failed("number", KC_ERR_CONFIG, "there is no such root");
    error = kc_root_host_open(process->config, process->number, &process->host, &trouble);
    return error == KC_OK ? KC_OK : failed(trouble.step, error, trouble.detail);
}

static enum kc_error provision(struct process *process)
{
    struct kc_root_trouble trouble = {"", ""};
    bool is_new = false;
    enum kc_error error = prepare(process);
    if (error != KC_OK)
        return error;
    error = kc_root_host_provision(&process->host, &is_new, &trouble);
    if (error != KC_OK)
        return failed(trouble.step, error, trouble.detail);
    kc_log(KC_LOG_NOTICE, is_new ? "provisioned" : "provisioned-before",
        kc_log_text("root", process->host.settings->name),
        kc_log_text("file", process->host.settings->srk_name_file));
    return KC_OK;
}

/* --- giving up rights --- */

/*
 * A module is loaded, and a command started, as the process's own user, and before the filter: what
 * it opens once it need not open under the filter. A token that is away is no reason to end: it is
 * looked for again.
 */
static void connect_early(struct process *process)
{
    const struct kc_config_root *settings = process->host.settings;
    bool is_early = kc_root_sandbox_is_wide(settings) || kc_root_connects_once(settings);
    if (is_early && process->host.is_pinned && kc_root_connect(process->host.root) != KC_OK)
        kc_log(KC_LOG_WARNING, "module-failed",
            kc_log_text("cause", kc_root_cause(process->host.root)));
}

static enum kc_error give_up_rights(struct process *process)
{
    enum kc_error error =
        kc_process_drop_rights(kc_process_of_root(process->number), process->config);
    if (error != KC_OK)
        return error;
    connect_early(process);
    return kc_root_sandbox_enter(process->host.settings);
}

/* --- serving the vault --- */

struct edge {
    int vault; /* -1: the vault is gone, a new end will come */
    struct kc_root_service service;
    enum kc_error logged;
    bool connects_once; /* to the hardware root */
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void leave_vault(struct edge *edge)
{
    close(edge->vault);
    edge->vault = -1;
}

/* What has changed is worth a line; a root that stays away is not one per request. */
static void log_answer(struct edge *edge)
{
    enum kc_error answered = edge->service.answered;
    if (answered == edge->logged)
        return;
    edge->logged = answered;
    const char *cause = kc_root_cause(edge->service.root);
    if (answered == KC_OK)
        kc_log(KC_LOG_NOTICE, "root-answers", kc_log_error(answered));
    else
        kc_log(KC_LOG_ERROR, "root-failed", kc_log_error(answered), kc_log_text("cause", cause));
}

static void send_reply(struct edge *edge, uint8_t *reply, size_t size)
{
    struct iovec part = {reply, size};
    const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct pollfd writable = {.fd = edge->vault, .events = POLLOUT};
    ssize_t sent;
    while ((sent = sendmsg(edge->vault, &message, MSG_NOSIGNAL)) < 0 &&
           (errno == EAGAIN || errno == EINTR))
        (void)poll(&writable, 1, -1);
    if (sent < 0)
        leave_vault(edge);
}

static void answer(struct edge *edge, const uint8_t *packet, size_t size)
{
    KC_AUTO_SECRET reply = {0};
    size_t reply_size = 0;
    enum kc_error error = kc_secret_init(&reply, KC_ROOT_REPLY_MAX);
    if (error == KC_OK)
        error = kc_root_service_answer(&edge->service, packet, size, reply.bytes, &reply_size);
    if (error != KC_OK) {
        kc_log(
            KC_LOG_ERROR, "process-ends", kc_log_text("why", "vault-request"), kc_log_error(error));
        _exit(KC_CLASS_INTERNAL);
    }
    log_answer(edge);
    send_reply(edge, reply.bytes, reply_size);
    if (edge->connects_once && edge->service.answered == KC_ERR_ROOT_UNAVAILABLE) {
        kc_log(KC_LOG_WARNING, "process-ends", kc_log_text("why", "root-lost"));
        _exit((int)kc_error_row(KC_ERR_ROOT_UNAVAILABLE)->class);
    }
}

static void serve_vault(struct edge *edge)
{
    KC_AUTO_SECRET packet = {0};
    if (kc_secret_init(&packet, KC_ROOT_REQUEST_MAX + 1) != KC_OK)
        _exit(KC_CLASS_INTERNAL);
    struct iovec part = {packet.bytes, packet.size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t size = recvmsg(edge->vault, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0)
        leave_vault(edge);
    else
        answer(edge, packet.bytes, (size_t)size); /* one octet too many is refused as malformed */
}

static bool obey(struct edge *edge)
{
    struct kc_control order = kc_process_control();
    if (order.type == KC_CONTROL_EDGE) {
        leave_vault(edge);
        edge->vault = order.descriptor;
    }
    return order.type != KC_CONTROL_STOP;
}

static void serve(const struct process *process)
{
    struct edge edge = {
        .vault = KC_FD_ROOT_VAULT, .connects_once = kc_root_connects_once(process->host.settings)};
    kc_root_service_init(&edge.service, process->host.root, now_ms);
    for (;;) {
        struct pollfd waits[2] = {
            {.fd = KC_FD_CONTROL, .events = POLLIN}, {.fd = edge.vault, .events = POLLIN}};
        if (poll(waits, 2, -1) < 0)
            continue;
        if (waits[1].revents)
            serve_vault(&edge);
        if (waits[0].revents && !obey(&edge))
            return;
    }
}

/* What the log should have of the hardware root at the start; that it is
 * away is no reason to end. */
static void look_at_root(struct kc_root *root)
{
    struct kc_root_status status;
    enum kc_error error = kc_root_status(root, &status);
    if (error != KC_OK) {
        kc_log(KC_LOG_WARNING, "root-failed", kc_log_error(error),
            kc_log_text("cause", kc_root_cause(root)));
        return;
    }
    kc_log(KC_LOG_NOTICE, "root-found", kc_log_text("manufacturer", status.manufacturer),
        kc_log_text("firmware", status.firmware));
    if (status.in_lockout)
        kc_log(KC_LOG_WARNING, "root-in-lockout", kc_log_number("failures", status.lockout_counter),
            kc_log_number("interval_s", status.lockout_interval));
}

static enum kc_error run(struct process *process)
{
    enum kc_error error = prepare(process);
    if (error != KC_OK || (error = give_up_rights(process)) != KC_OK)
        return error;
    kc_process_ready(); /* before the first look, as a silent root is waited for */
    look_at_root(process->host.root);
    serve(process);
    return KC_OK;
}

int main(int argc, char **argv)
{
    struct process process = {0};
    bool has_number = argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9' && argv[1][1] == 0;
    int next = has_number ? 2 : 1;
    bool provisions = argc == next + 1 && strcmp(argv[next], "--provision") == 0;
    if (argc != next && !provisions)
        return KC_CLASS_CALLER;
    process.number = has_number ? (size_t)(argv[1][0] - '0') : 0;
    enum kc_error error = provisions ? provision(&process) : run(&process);
    free_process(&process);
    return (int)kc_error_row(error)->class;
}
