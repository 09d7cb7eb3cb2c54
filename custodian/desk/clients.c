/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/closer.h"
#include "custodian/desk/desk.h"
#include "custodian/log.h"
#include "proto/socket/cbor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define ACCEPTS_MAX 16      /* clients accepted before the others are served again */
#define REQUESTS_AT_ONCE 16 /* of one connection, likewise */

/* --- what epoll watches --- */

/* Reads while the connection may have more in flight and the vault, if there is one, knows whose it
 * is; writes while answers wait. A connection that does not take its answers is not read from. */
static uint32_t wanted_events(const struct kc_desk *desk, const struct kc_connection *connection)
{
    if (connection->answers.first)
        return EPOLLOUT;
    bool welcome = connection->introduced || desk->vault < 0;
    return welcome && connection->in_flight < KC_IN_FLIGHT_MAX ? EPOLLIN : 0;
}

static void watch(struct kc_desk *desk, struct kc_connection *connection)
{
    struct epoll_event event = {.events = wanted_events(desk, connection), .data.ptr = connection};
    if (connection->closed || event.events == connection->events)
        return;
    connection->events = event.events;
    (void)epoll_ctl(desk->clients, EPOLL_CTL_MOD, connection->socket, &event);
}

/* --- a connection's life --- */

static void tell_vault(
    struct kc_desk *desk, enum kc_vault_type type, const struct kc_connection *connection)
{
    struct kc_descriptors socket = {.fd = {connection->socket}, .count = 1};
    if (desk->vault < 0)
        return;
    kc_desk_vault_message(desk, type)->connection = connection->id;
    kc_desk_vault_send(desk, type == KC_VAULT_CONNECT ? &socket : NULL);
}

void kc_desk_introduce_all(struct kc_desk *desk)
{
    for (struct kc_connection *c = desk->connections; c; c = c->next) {
        if (c->closed)
            continue;
        tell_vault(desk, KC_VAULT_CONNECT, c);
        watch(desk, c);
    }
}

enum kc_error kc_desk_introduced(struct kc_desk *desk, uint64_t connection)
{
    struct kc_connection *c = desk->connections;
    while (c && c->id != connection)
        c = c->next;
    if (c) {
        c->introduced = true;
        watch(desk, c);
    }
    return connection <= desk->next_connection ? KC_OK : KC_ERR_BAD_REQUEST;
}

void kc_desk_forget_introductions(struct kc_desk *desk)
{
    for (struct kc_connection *c = desk->connections; c; c = c->next) {
        c->introduced = false;
        watch(desk, c);
    }
}

/* The vault holds a descriptor of the socket too: shutdown is what the client notices. */
static void close_connection(struct kc_desk *desk, struct kc_connection *connection)
{
    if (connection->closed)
        return;
    connection->closed = true;
    (void)epoll_ctl(desk->clients, EPOLL_CTL_DEL, connection->socket, NULL);
    (void)shutdown(connection->socket, SHUT_RDWR);
    kc_close_later(connection->socket); /* messages that nobody read may hold descriptors */
    kc_packets_free(&connection->answers, true);
    kc_desk_forget_client(desk, connection);
    kc_desk_forget_backup(desk, connection);
    tell_vault(desk, KC_VAULT_DISCONNECT, connection);
    desk->connection_count--;
}

/* Closed when epoll says so, which is when nothing waits for the vault: a descriptor that waits to
 * be passed to it stays open till then. */
static void break_connection(const struct kc_connection *connection)
{
    (void)shutdown(connection->socket, SHUT_RDWR);
}

static void free_closed(struct kc_desk *desk)
{
    struct kc_connection **place = &desk->connections;
    while (*place) {
        struct kc_connection *connection = *place;
        if (connection->closed) {
            *place = connection->next;
            free(connection);
        } else {
            place = &connection->next;
        }
    }
}

static void refuse(int socket, enum kc_error error)
{
    struct kc_message answer;
    uint8_t bytes[512];
    size_t size;

    kc_message_init(&answer, KC_OPERATION_PING);
    answer.error = error;
    if (kc_cbor_answer_encode(&answer, bytes, sizeof bytes, &size) == KC_OK) {
        enum kc_error ignored = kc_transport_send(socket, bytes, size, NULL);
        (void)ignored;
    }
    kc_close_later(socket);
}

/* Nobody but root and the custodian's own user takes more than half of the room (rounded up), so that
 * one user does not shut the others out. What he may do is the vault's to say. */
static bool has_room_for(const struct kc_desk *desk, uid_t user)
{
    size_t most = desk->config->limits.clients, his = 0;
    if (desk->connection_count >= most)
        return false;
    if (user == 0 || user == geteuid())
        return true;
    for (const struct kc_connection *c = desk->connections; c; c = c->next)
        his += !c->closed && c->user == user;
    return his < most - most / 2;
}

static void add_connection(struct kc_desk *desk, int socket)
{
    struct ucred peer;
    socklen_t peer_size = sizeof peer;
    bool known = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) == 0;
    struct kc_connection *connection = calloc(1, sizeof *connection);
    uint32_t events = desk->vault < 0 ? (uint32_t)EPOLLIN : 0;
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (!connection || !known || !has_room_for(desk, peer.uid) ||
        epoll_ctl(desk->clients, EPOLL_CTL_ADD, socket, &event) < 0) {
        kc_log(KC_LOG_WARNING, "client-refused", kc_log_error(KC_ERR_LIMIT));
        refuse(socket, KC_ERR_LIMIT);
        free(connection);
        return;
    }
    connection->id = ++desk->next_connection;
    connection->socket = socket;
    connection->user = peer.uid;
    connection->events = events;
    connection->next = desk->connections;
    desk->connections = connection;
    desk->connection_count++;
    tell_vault(desk, KC_VAULT_CONNECT, connection);
}

static void accept_clients(struct kc_desk *desk)
{
    for (size_t i = 0; i < ACCEPTS_MAX && desk->listen >= 0; i++) {
        int socket = accept4(desk->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0)
            return;
        add_connection(desk, socket);
    }
}

void kc_desk_stop_listening(struct kc_desk *desk)
{
    if (desk->listen >= 0)
        (void)epoll_ctl(desk->clients, EPOLL_CTL_DEL, desk->listen, NULL);
    desk->listen = -1;
}

/* --- answers: their descriptors are the vault's --- */

void kc_desk_send_answer(struct kc_desk *desk, struct kc_connection *connection,
    const struct kc_message *answer, struct kc_descriptors *descriptors)
{
    size_t size = 0;
    enum kc_error error = kc_cbor_answer_encode(answer, desk->cbor, sizeof desk->cbor, &size);
    if (error != KC_OK) {
        /* what the vault answers always fits; this is a defect that must not look like an answer */
        kc_log(KC_LOG_ERROR, "answer-failed", kc_log_error(error),
            kc_log_text("operation", kc_operations[answer->operation].name));
        kc_descriptors_close_own(descriptors);
        break_connection(connection);
        return;
    }
    if (!connection->answers.first)
        error = kc_transport_send(connection->socket, desk->cbor, size, descriptors);
    if (connection->answers.first || error == KC_ERR_LIMIT) {
        struct kc_packet *packet = kc_packet_new(desk->cbor, size, descriptors);
        if (packet) {
            kc_packet_append(&connection->answers, packet);
            watch(desk, connection);
            return;
        }
        error = KC_ERR_NO_MEMORY;
    }
    kc_descriptors_close_own(descriptors);
    connection->in_flight--;
    if (error != KC_OK)
        break_connection(connection);
    else
        watch(desk, connection);
}

static void send_waiting(struct kc_desk *desk, struct kc_connection *connection)
{
    while (connection->answers.first) {
        const struct kc_packet *packet = connection->answers.first;
        enum kc_error error = kc_transport_send(
            connection->socket, packet->bytes, packet->size, &packet->descriptors);
        if (error == KC_ERR_LIMIT)
            return;
        if (error != KC_OK) {
            break_connection(connection);
            return;
        }
        struct kc_packet *sent = kc_packet_take(&connection->answers);
        kc_descriptors_close_own(&sent->descriptors);
        free(sent);
        connection->in_flight--;
    }
    watch(desk, connection);
}

bool kc_desk_has_unsent_answers(const struct kc_desk *desk)
{
    for (const struct kc_connection *c = desk->connections; c; c = c->next)
        if (c->answers.first)
            return true;
    return false;
}

/* --- requests --- */

/* Takes one message. Returns whether there may be another one now. */
static bool read_request(struct kc_desk *desk, struct kc_connection *connection)
{
    struct kc_descriptors descriptors = {.count = 0};
    size_t size = 0;
    enum kc_error error = kc_transport_receive(
        connection->socket, desk->cbor, KC_MESSAGE_SIZE_MAX, &size, &descriptors);

    if (error == KC_OK && size == 0)
        return false;
    connection->in_flight++;
    if (error == KC_OK && kc_desk_take_request(desk, connection, desk->cbor, size, &descriptors)) {
        watch(desk, connection);
        return true;
    }
    if (error == KC_ERR_TOO_LARGE || error == KC_ERR_BAD_REQUEST) {
        struct kc_message answer;
        kc_message_init(&answer, KC_OPERATION_PING);
        answer.error = error;
        kc_desk_send_answer(desk, connection, &answer, &descriptors);
    }
    close_connection(desk, connection);
    return false;
}

/* After the first one the socket is asked for more only of a client that does not wait for each
 * answer: of any other there is none, and epoll tells if there is. */
static void read_requests(struct kc_desk *desk, struct kc_connection *connection)
{
    for (size_t i = 0; i < REQUESTS_AT_ONCE; i++)
        if (connection->closed || connection->in_flight >= KC_IN_FLIGHT_MAX ||
            connection->answers.first || desk->to_vault.first || !kc_desk_has_room(desk) ||
            !read_request(desk, connection) || connection->in_flight == 1)
            return;
}

static void handle(struct kc_desk *desk, struct kc_connection *connection, uint32_t events)
{
    if (connection->closed)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        close_connection(desk, connection);
        return;
    }
    if (events & EPOLLOUT)
        send_waiting(desk, connection);
    if (events & EPOLLIN)
        read_requests(desk, connection);
}

void kc_desk_clients_ready(struct kc_desk *desk)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(desk->clients, events, EVENTS_MAX, 0);

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL)
            accept_clients(desk);
        else
            handle(desk, events[i].data.ptr, events[i].events);
    }
    free_closed(desk);
}
