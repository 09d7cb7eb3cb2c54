/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/listener/listener.h"

#include "custodian/listener/quota.h"
#include "custodian/log.h"
#include "custodian/tls/frame.h"
#include "proto/socket/cbor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 64
#define DESK_DESCRIPTORS 1 /* of a request that is carried: its message */

struct listener {
    const struct kc_config *config;
    struct kc_relays *relays;
    const struct kc_tls *tls;
    int descriptor;
    struct kc_quotas quotas;
};

/* A connection that is served. */
struct guest {
    struct kc_tls_link *link;
    int desk;                     /* -1: none yet */
    size_t remote;                /* its place in the configuration, once it entered; else NONE */
    uint8_t *message;             /* room for one */
    struct kc_descriptors octets; /* of the request */
    size_t size;
};

#define NONE SIZE_MAX

/* Of many, a few: who is refused over and over shall not fill the log. */
static void tell_refusal(struct listener *listener, const char *name, enum kc_error error)
{
    uint64_t unsaid;
    if (kc_quotas_tell(&listener->quotas, kc_tls_now_ms(), &unsaid))
        kc_log(KC_LOG_WARNING, "guest-refused", kc_log_text("name", name), kc_log_error(error),
            kc_log_number("unsaid", unsaid));
}

/* --- one request --- */

/* What is not a request for a contribution does not reach the desk. */
static enum kc_error read_request(const struct guest *guest, struct kc_message *request)
{
    const char *detail;
    enum kc_error error = kc_cbor_request_decode(
        guest->message, guest->size, guest->octets.count, NULL, request, &detail);
    if (error == KC_OK && !kc_is_carried(request))
        error = KC_ERR_REFUSED;
    return error;
}

/* Answers in the desk's place. */
static enum kc_error answer_limit(struct guest *guest, const struct kc_message *request)
{
    struct kc_message answer;
    kc_message_init(&answer, request->operation);
    answer.id = request->id;
    answer.error = KC_ERR_LIMIT;
    kc_descriptors_close(&guest->octets);
    return kc_cbor_answer_encode(&answer, guest->message, KC_MESSAGE_SIZE_MAX, &guest->size);
}

/* Waits for the desk's answer, and no longer than the guest does: who hangs up frees the worker. */
static enum kc_error wait_for_desk(const struct guest *guest, int64_t deadline_ms)
{
    struct pollfd waits[2] = {{.fd = guest->desk, .events = POLLIN},
        {.fd = kc_tls_link_socket(guest->link), .events = POLLIN | POLLRDHUP}};
    int ready;
    do {
        int64_t left = deadline_ms - kc_tls_now_ms();
        ready = left > 0 ? poll(waits, 2, (int)left) : 0;
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return KC_ERR_TIMED_OUT;
    return waits[0].revents ? KC_OK : KC_ERR_CONNECTION_LOST;
}

/* The answer takes the request's place. An answer of a contribution has no descriptors. */
static enum kc_error ask_desk(struct guest *guest)
{
    struct kc_descriptors none = {.count = 0};
    enum kc_error error =
        kc_transport_send(guest->desk, guest->message, guest->size, &guest->octets);
    kc_descriptors_close(&guest->octets);
    if (error == KC_OK)
        error = wait_for_desk(guest, kc_tls_now_ms() + KC_LISTENER_ANSWER_MS);
    if (error == KC_OK)
        error = kc_transport_receive(
            guest->desk, guest->message, KC_MESSAGE_SIZE_MAX, &guest->size, &none);
    if (error == KC_OK && (none.count > 0 || guest->size == 0))
        error = KC_ERR_BAD_REPLY;
    kc_descriptors_close(&none);
    return error;
}

static enum kc_error wait_for_request(const struct guest *guest)
{
    struct pollfd wait = {.fd = kc_tls_link_socket(guest->link), .events = POLLIN};
    int ready;
    do
        ready = kc_tls_link_is_quiet(guest->link) ? poll(&wait, 1, KC_LISTENER_IDLE_MS) : 1;
    while (ready < 0 && errno == EINTR);
    return ready > 0 ? KC_OK : KC_ERR_PEER_LATE;
}

static enum kc_error serve_request(struct listener *listener, struct guest *guest)
{
    struct kc_message request;
    enum kc_error error = wait_for_request(guest);
    if (error == KC_OK)
        error = kc_frame_receive(guest->link, guest->message, &guest->size, DESK_DESCRIPTORS,
            &guest->octets, kc_tls_now_ms() + KC_LISTENER_FRAME_MS);
    if (error == KC_OK)
        error = read_request(guest, &request);
    if (error == KC_OK && kc_quotas_take(&listener->quotas, guest->remote, kc_tls_now_ms())) {
        error = ask_desk(guest);
    } else if (error == KC_OK) {
        tell_refusal(listener, listener->config->listen.remotes[guest->remote].certificate_name,
            KC_ERR_LIMIT);
        error = answer_limit(guest, &request);
    }
    if (error == KC_OK)
        error = kc_frame_send(
            guest->link, guest->message, guest->size, NULL, kc_tls_now_ms() + KC_LISTENER_FRAME_MS);
    return error;
}

/* --- one connection --- */

static size_t find_remote(const struct listener *listener, const struct kc_tls_link *link)
{
    const struct kc_config_listen *listen = &listener->config->listen;
    size_t i = 0;
    while (i < listen->remote_count &&
           !kc_tls_link_has_name(link, listen->remotes[i].certificate_name))
        i++;
    return i;
}

/* The desk, as the user that the certificate's name stands for; or why not: KC_ERR_REFUSED, KC_ERR_LIMIT,
 * KC_ERR_DAEMON_ABSENT. */
static enum kc_error welcome(struct listener *listener, struct guest *guest, const char **name)
{
    size_t remote = find_remote(listener, guest->link);
    if (remote == listener->config->listen.remote_count)
        return KC_ERR_REFUSED;
    *name = listener->config->listen.remotes[remote].certificate_name;
    if (!kc_quotas_enter(&listener->quotas, remote))
        return KC_ERR_LIMIT;
    guest->remote = remote;
    enum kc_error error = kc_relays_connect(listener->relays, remote, &guest->desk);
    return error == KC_OK ? KC_OK : KC_ERR_DAEMON_ABSENT;
}

static enum kc_greeting greeting_of(enum kc_error error)
{
    return error == KC_OK            ? KC_GREETING_SERVED
           : error == KC_ERR_REFUSED ? KC_GREETING_DENIED
                                     : KC_GREETING_ABSENT;
}

static enum kc_error serve_guest(struct listener *listener, struct guest *guest, int socket)
{
    const char *name = NULL;
    int64_t deadline = kc_tls_now_ms() + KC_LISTENER_HANDSHAKE_MS;
    enum kc_error error = kc_tls_accept(listener->tls, socket, deadline, &guest->link);
    if (error != KC_OK) {
        tell_refusal(listener, NULL, error);
        return error;
    }
    enum kc_error verdict = welcome(listener, guest, &name);
    error = kc_tls_greet(guest->link, greeting_of(verdict), deadline);
    if (verdict != KC_OK) {
        tell_refusal(listener, name, verdict);
        return verdict;
    }
    if (error == KC_OK)
        kc_log(KC_LOG_INFO, "guest-served", kc_log_text("name", name));
    while (error == KC_OK)
        error = serve_request(listener, guest);
    if (error != KC_ERR_PEER_CUT)
        kc_log(KC_LOG_INFO, "guest-ended", kc_log_text("name", name), kc_log_error(error));
    return error;
}

static void serve_socket(struct listener *listener, int socket, uint8_t *message)
{
    struct guest guest = {.desk = -1, .remote = NONE, .message = message};
    enum kc_error error = serve_guest(listener, &guest, socket);
    (void)error; /* it was logged; every one ends the connection, and nothing else */
    kc_descriptors_close(&guest.octets);
    kc_tls_link_free(guest.link);
    if (guest.desk >= 0)
        close(guest.desk);
    if (guest.remote != NONE)
        kc_quotas_leave(&listener->quotas, guest.remote);
}

/* --- workers --- */

static void *work(void *argument)
{
    struct listener *listener = argument;
    const struct timespec pause = {.tv_nsec = 100000000};
    uint8_t *message = malloc(KC_MESSAGE_SIZE_MAX);
    while (message) {
        int socket = accept4(listener->descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket >= 0)
            serve_socket(listener, socket, message);
        else if (errno != EINTR && errno != ECONNABORTED)
            (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* no descriptors left */
    }
    return NULL;
}

enum kc_error kc_listener_start(const struct kc_config *config, struct kc_relays *relays,
    const struct kc_tls *tls, int descriptor)
{
    static struct listener listener; /* as long as the process */
    listener =
        (struct listener){.config = config, .relays = relays, .tls = tls, .descriptor = descriptor};
    kc_quotas_init(&listener.quotas, &config->listen);
    for (uint32_t i = 0; i < config->listen.connections; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, &listener) != 0)
            return KC_ERR_NO_MEMORY; /* the process ends, and its threads with it */
    }
    return KC_OK;
}

/* --- the socket --- */

static socklen_t parse_address(
    const struct kc_config_listen *listen, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    four->sin_port = htons((uint16_t)listen->port);
    if (inet_pton(AF_INET, listen->address, &four->sin_addr) == 1)
        return sizeof *four;
    *address = (struct sockaddr_storage){.ss_family = AF_INET6};
    six->sin6_port = htons((uint16_t)listen->port);
    (void)inet_pton(
        AF_INET6, listen->address, &six->sin6_addr); /* it was checked when it was read */
    return sizeof *six;
}

enum kc_error kc_listener_open(const struct kc_config_listen *listening, int *descriptor)
{
    struct sockaddr_storage address;
    socklen_t size = parse_address(listening, &address);
    int one = 1;
    int made = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(made, (const struct sockaddr *)&address, size) < 0 || listen(made, BACKLOG) < 0) {
        kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", "listen"),
            kc_log_text("address", listening->address), kc_log_number("port", listening->port),
            kc_log_errno(errno));
        if (made >= 0)
            close(made);
        return KC_ERR_CONFIG;
    }
    *descriptor = made;
    return KC_OK;
}
