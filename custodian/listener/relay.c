/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/listener/relay.h"

#include "base/text.h"
#include "custodian/log.h"
#include "custodian/process.h"
#include "proto/socket/transport.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define FD_LISTENER 3  /* a relay's one descriptor besides 0 to 2 */
#define PATIENCE_S 5   /* for a desk whose queue is full */
#define ASK_OCTET 'c'  /* a request to connect, and an answer with a descriptor */
#define FAIL_OCTET 'f' /* an answer without */

struct relay {
    pthread_mutex_t lock; /* a relay that does not answer holds nobody up but its own remotes */
    uid_t user;
    int edge;
};

struct kc_relays {
    struct relay relays[KC_CONFIG_REMOTES_MAX];
    size_t count;
    size_t of_remote[KC_CONFIG_REMOTES_MAX];
};

/* --- a relay --- */

static const struct kc_syscall allowed[] = {
    KC_SYSCALL_WHERE(socket, 0, AF_UNIX),
    KC_SYSCALL(connect),
    KC_SYSCALL(close),
    KC_SYSCALL(setsockopt),
};

static int connect_to_desk(const struct sockaddr_un *address)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (made < 0)
        return -1;
    (void)setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(made, (const struct sockaddr *)address, sizeof *address) == 0)
        return made;
    close(made);
    return -1;
}

static void serve(const struct sockaddr_un *address)
{
    uint8_t octet;
    size_t size = 0;
    struct kc_descriptors descriptors;
    while (kc_transport_wait(FD_LISTENER, &octet, sizeof octet, &size, &descriptors) == KC_OK) {
        kc_descriptors_close(&descriptors);
        struct kc_descriptors made = {.fd = {connect_to_desk(address)}};
        made.count = made.fd[0] >= 0;
        octet = made.count > 0 ? ASK_OCTET : FAIL_OCTET;
        enum kc_error error = kc_transport_send(FD_LISTENER, &octet, sizeof octet, &made);
        kc_descriptors_close(&made);
        if (error != KC_OK)
            return;
    }
}

static _Noreturn void run(
    const struct kc_config *config, const struct kc_config_user *user, int edge)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    KC_TEXT_COPY_ARRAY(address.sun_path, config->socket);
    enum kc_error error =
        dup2(edge, FD_LISTENER) == FD_LISTENER && close_range(FD_LISTENER + 1, ~0u, 0) == 0
            ? kc_process_become(user, config)
            : KC_ERR_SANDBOX;
    if (error == KC_OK)
        error = kc_process_filter(allowed, sizeof allowed / sizeof *allowed);
    if (error == KC_OK)
        serve(&address);
    _exit(error == KC_OK ? 0 : (int)kc_error_row(error)->class);
}

/* --- the listener's side --- */

static enum kc_error start_one(
    struct kc_relays *relays, const struct kc_config *config, const struct kc_config_user *user)
{
    int edge[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, edge) < 0)
        return KC_ERR_NO_MEMORY;
    pid_t pid = fork();
    if (pid == 0)
        run(config, user, edge[1]);
    close(edge[1]);
    if (pid < 0) {
        close(edge[0]);
        return KC_ERR_NO_MEMORY;
    }
    struct relay *relay = &relays->relays[relays->count++];
    *relay = (struct relay){.user = user->user, .edge = edge[0]};
    pthread_mutex_init(&relay->lock, NULL);
    return KC_OK;
}

static size_t find_user(const struct kc_relays *relays, uid_t user)
{
    size_t i = 0;
    while (i < relays->count && relays->relays[i].user != user)
        i++;
    return i;
}

enum kc_error kc_relays_start(const struct kc_config *config, struct kc_relays **relays)
{
    struct kc_relays *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < config->listen.remote_count; i++) {
        const struct kc_config_user *user = &config->listen.remotes[i].user;
        made->of_remote[i] = find_user(made, user->user);
        enum kc_error error = KC_OK;
        if (made->of_remote[i] == made->count)
            error = start_one(made, config, user);
        if (error != KC_OK) {
            kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", "relay"), kc_log_errno(errno));
            free(made);
            return error;
        }
    }
    *relays = made;
    return KC_OK;
}

enum kc_error kc_relays_connect(struct kc_relays *relays, size_t remote, int *descriptor)
{
    const uint8_t question = ASK_OCTET;
    struct relay *relay = &relays->relays[relays->of_remote[remote]];
    int edge = relay->edge;
    uint8_t octet = FAIL_OCTET;
    size_t size = 0;
    struct kc_descriptors descriptors = {.count = 0};

    pthread_mutex_lock(&relay->lock);
    enum kc_error error = kc_transport_send(edge, &question, sizeof question, NULL);
    if (error == KC_OK)
        error = kc_transport_wait(edge, &octet, sizeof octet, &size, &descriptors);
    pthread_mutex_unlock(&relay->lock);
    if (error != KC_OK) {
        /* a relay ends only with the listener, or by a defect: all start anew */
        kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", "relay-gone"));
        _exit(KC_CLASS_INTERNAL);
    }
    if (octet != ASK_OCTET || descriptors.count != 1) {
        kc_descriptors_close(&descriptors);
        return KC_ERR_DAEMON_ABSENT;
    }
    *descriptor = descriptors.fd[0];
    return KC_OK;
}
