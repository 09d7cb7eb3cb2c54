/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock guards a client. It is let go just to wait: for a change of the client's state, or, by
 * one thread at a time (the reader), for the socket. The reader delivers whatever comes to the call
 * that waits for it. The socket is closed only when no thread waits on it, as its number could be
 * another file's a moment later.
 */
#include "proto/socket/client.h"

#include "proto/socket/cbor.h"
#include "proto/socket/client_answer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NO_SOCKET (-1)

enum slot_state {
    SLOT_FREE,
    SLOT_WAITING,
    SLOT_ABANDONED, /* nobody waits any more, but the daemon works on it */
    SLOT_DONE,
};

/* A request under way. */
struct slot {
    enum slot_state state;
    bool called; /* by kc_client_call: no answer for kc_client_receive_any */
    uint64_t id;
    uint64_t connection;             /* that it was sent on */
    enum kc_error error;             /* DONE: why there is no answer */
    struct kc_client_answer *answer; /* owned */
};

struct kc_client {
    struct sockaddr_un address;
    _Atomic pid_t owner; /* process that the rest belongs to; -pid while that one takes it over */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int socket;
    uint64_t connection;  /* counts them */
    bool lost;            /* the socket is to be closed as soon as nobody waits on it */
    bool reading;         /* a thread is the reader */
    unsigned int waiting; /* threads that wait on the socket */
    uint64_t last_id;
    struct slot slots[KC_IN_FLIGHT_MAX];
    uint8_t out[KC_MESSAGE_SIZE_MAX], in[KC_MESSAGE_SIZE_MAX];
};

/* --- time --- */

#define NEVER INT64_MAX

/* Milliseconds on the monotonic clock. */
static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_at(int deadline_ms)
{
    return deadline_ms < 0 ? NEVER : now_ms() + deadline_ms;
}

/* What is left, for poll: -1 for ever. */
static int left_ms(int64_t deadline)
{
    if (deadline == NEVER)
        return -1;
    int64_t left = deadline - now_ms();
    return left > 0 ? (int)left : 0;
}

/* --- state of a process --- */

static void init_state(struct kc_client *client)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&client->lock, NULL);
    client->socket = NO_SOCKET;
    client->lost = false;
    client->reading = false;
    client->waiting = 0;
}

static void free_slot(struct slot *slot)
{
    kc_client_answer_free(slot->answer);
    *slot = (struct slot){.state = SLOT_FREE};
}

static void close_all(struct kc_client *client)
{
    if (client->socket != NO_SOCKET)
        close(client->socket);
    client->socket = NO_SOCKET;
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        free_slot(&client->slots[i]);
}

/* A forked child has the parent's lock in whatever state it was in, and its socket: both are given
 * up. The first thread of the child that comes does it, others wait for it. */
static void enter(struct kc_client *client)
{
    pid_t self = getpid();
    for (;;) {
        pid_t owner = atomic_load(&client->owner);
        if (owner == self)
            break;
        if (owner != -self && atomic_compare_exchange_strong(&client->owner, &owner, -self)) {
            close_all(client);
            init_state(client);
            atomic_store(&client->owner, self);
            break;
        }
        sched_yield();
    }
    pthread_mutex_lock(&client->lock);
}

static void leave(struct kc_client *client)
{
    pthread_mutex_unlock(&client->lock);
}

/* --- the socket; the lock is held --- */

static void close_lost(struct kc_client *client)
{
    if (!client->lost || client->waiting > 0)
        return;
    close(client->socket);
    client->socket = NO_SOCKET;
    client->lost = false;
    pthread_cond_broadcast(&client->changed);
}

/* Ends the connection: whatever is under way fails with error. */
static void drop(struct kc_client *client, enum kc_error error)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->state == SLOT_ABANDONED)
            free_slot(slot);
        if (slot->state != SLOT_WAITING)
            continue;
        slot->state = SLOT_DONE;
        slot->error = error;
    }
    if (client->socket != NO_SOCKET) {
        client->lost = true;
        shutdown(client->socket, SHUT_RDWR); /* wakes who waits on it */
        close_lost(client);
    }
    pthread_cond_broadcast(&client->changed);
}

/* Waits for a change that another thread makes. */
static enum kc_error wait_change(struct kc_client *client, int64_t deadline)
{
    if (deadline == NEVER) {
        pthread_cond_wait(&client->changed, &client->lock);
        return KC_OK;
    }
    struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};
    int result = pthread_cond_timedwait(&client->changed, &client->lock, &until);
    return result == ETIMEDOUT ? KC_ERR_TIMED_OUT : KC_OK;
}

/* Waits for the socket without the lock. Other things may have changed after it. */
static enum kc_error wait_socket(struct kc_client *client, short events, int64_t deadline)
{
    struct pollfd wanted = {.fd = client->socket, .events = events};
    int ready;
    client->waiting++;
    pthread_mutex_unlock(&client->lock);
    do
        ready = poll(&wanted, 1, left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    pthread_mutex_lock(&client->lock);
    client->waiting--;
    close_lost(client);
    return ready == 0 ? KC_ERR_TIMED_OUT : KC_OK;
}

static enum kc_error connect_error(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return KC_ERR_REFUSED;
    case EAGAIN: /* the time that a full queue was waited for */
        return KC_ERR_TIMED_OUT;
    default:
        return KC_ERR_DAEMON_ABSENT;
    }
}

static enum kc_error make_socket(struct kc_client *client, int64_t deadline)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return KC_ERR_NO_MEMORY;
    if (deadline !=
        NEVER) { /* connecting waits if the daemon's queue is full; 0 would be for ever */
        long left = (long)left_ms(deadline) + 1;
        struct timeval patience = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    int result;
    do
        result = connect(fd, (const struct sockaddr *)&client->address, sizeof client->address);
    while (result != 0 && errno == EINTR);
    if (result != 0) {
        enum kc_error error = connect_error(errno);
        close(fd);
        return error;
    }
    client->socket = fd;
    client->connection++;
    return KC_OK;
}

static enum kc_error connected(struct kc_client *client, int64_t deadline)
{
    while (client->lost) {
        enum kc_error error = wait_change(client, deadline);
        if (error != KC_OK)
            return error;
    }
    return client->socket == NO_SOCKET ? make_socket(client, deadline) : KC_OK;
}

/* --- answers; the lock is held --- */

static struct slot *find(struct kc_client *client, uint64_t id)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        if (client->slots[i].state != SLOT_FREE && client->slots[i].id == id)
            return &client->slots[i];
    }
    return NULL;
}

static void deliver(struct kc_client *client, size_t size, struct kc_descriptors *descriptors)
{
    uint64_t id;
    struct slot *slot = NULL;
    if (kc_cbor_answer_id(client->in, size, &id) == KC_OK)
        slot = find(client, id);
    if (!slot || slot->state == SLOT_DONE) { /* an answer to nothing that was asked */
        kc_descriptors_close(descriptors);
        drop(client, KC_ERR_BAD_REPLY);
    } else if (slot->state == SLOT_ABANDONED) {
        kc_descriptors_close(descriptors);
        free_slot(slot);
    } else {
        slot->error = kc_client_answer_fill(slot->answer, client->in, size, descriptors);
        slot->state = SLOT_DONE;
    }
}

/* Receives what is there. False: nothing was. */
static bool receive_one(struct kc_client *client)
{
    size_t size = 0;
    struct kc_descriptors descriptors = {.count = 0};
    enum kc_error error =
        kc_transport_receive(client->socket, client->in, sizeof client->in, &size, &descriptors);
    if (error != KC_OK)
        drop(client, error == KC_ERR_CONNECTION_LOST ? error : KC_ERR_BAD_REPLY);
    else if (size > 0)
        deliver(client, size, &descriptors);
    return error != KC_OK || size > 0;
}

/* Something happens, or the deadline comes: as the reader, or by waiting for the reader. */
static enum kc_error step(struct kc_client *client, int64_t deadline)
{
    if (client->reading || client->lost || client->socket == NO_SOCKET)
        return wait_change(client, deadline);
    client->reading = true;
    enum kc_error error = KC_OK;
    if (!receive_one(client)) {
        error = wait_socket(client, POLLIN, deadline);
        if (error == KC_OK && !client->lost && client->socket != NO_SOCKET)
            (void)receive_one(client);
    }
    client->reading = false;
    pthread_cond_broadcast(&client->changed); /* for the one it came for, or the next reader */
    return error;
}

/* The connection was found ended: what was answered before is still there to be had. */
static void drain(struct kc_client *client)
{
    while (!client->lost && client->socket != NO_SOCKET && receive_one(client))
        ;
    drop(client, KC_ERR_CONNECTION_LOST);
}

/* --- sending; the lock is held --- */

static enum kc_error free_place(
    struct kc_client *client, bool patient, int64_t deadline, struct slot **place)
{
    for (;;) {
        for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
            if (client->slots[i].state == SLOT_FREE) {
                *place = &client->slots[i];
                return KC_OK;
            }
        }
        if (!patient)
            return KC_ERR_LIMIT;
        enum kc_error error = step(client, deadline);
        if (error != KC_OK)
            return error;
    }
}

/* Encodes and sends as soon as the socket takes it. The buffer is shared, so it is encoded anew
 * after each wait. */
static enum kc_error send_slot(struct kc_client *client, struct kc_client_request *request,
    const struct slot *slot, int64_t deadline)
{
    for (;;) {
        size_t size = 0;
        request->message.id = slot->id;
        enum kc_error error =
            kc_cbor_request_encode(&request->message, client->out, sizeof client->out, &size);
        if (error == KC_OK)
            error = kc_transport_send(client->socket, client->out, size, &request->descriptors);
        if (error == KC_ERR_CONNECTION_LOST)
            drain(client);
        if (error != KC_ERR_LIMIT)
            return error;
        error = wait_socket(client, POLLOUT, deadline);
        if (error != KC_OK)
            return error;
        if (slot->state != SLOT_WAITING) /* the connection ended meanwhile */
            return slot->error;
    }
}

static enum kc_error start(struct kc_client *client, struct kc_client_request *request, bool called,
    int64_t deadline, struct slot **started)
{
    struct slot *slot = NULL;
    if (request->message.operation >= KC_OPERATIONS || request->message.batch_count > KC_BATCH_MAX)
        return KC_ERR_BAD_ARGUMENT;
    do { /* again if the connection ended while a place was waited for */
        enum kc_error error = connected(client, deadline);
        if (error == KC_OK)
            error = free_place(client, called, deadline, &slot);
        if (error != KC_OK)
            return error;
    } while (client->lost || client->socket == NO_SOCKET);
    slot->answer = kc_client_answer_new(&request->message);
    if (!slot->answer)
        return KC_ERR_NO_MEMORY;
    slot->state = SLOT_WAITING;
    slot->called = called;
    slot->id = ++client->last_id;
    slot->connection = client->connection;
    enum kc_error error = send_slot(client, request, slot, deadline);
    if (error != KC_OK) {
        free_slot(slot);
        return error;
    }
    *started = slot;
    return KC_OK;
}

/* --- receiving; the lock is held --- */

/* Hands an answer out, with its error. A malformed one ends the connection. */
static enum kc_error finish(
    struct kc_client *client, struct slot *slot, struct kc_client_answer **answer)
{
    enum kc_error error = slot->error;
    if (error == KC_OK) {
        error = kc_client_answer_decode(slot->answer);
        if (error != KC_OK && slot->connection == client->connection)
            drop(client, KC_ERR_CONNECTION_LOST);
    }
    if (error == KC_OK) {
        *answer = slot->answer;
        slot->answer = NULL;
        error = (*answer)->message.error;
    }
    free_slot(slot);
    return error;
}

static enum kc_error receive(
    struct kc_client *client, struct slot *slot, int64_t deadline, struct kc_client_answer **answer)
{
    while (slot->state == SLOT_WAITING) {
        enum kc_error error = step(client, deadline);
        if (error != KC_OK && slot->state == SLOT_WAITING) {
            slot->state = SLOT_ABANDONED;
            return error;
        }
    }
    return finish(client, slot, answer);
}

/* The next that kc_client_send sent: one that is done, else one that is waited for. */
static struct slot *first_sent(struct kc_client *client)
{
    struct slot *first = NULL;
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->called || (slot->state != SLOT_DONE && slot->state != SLOT_WAITING))
            continue;
        if (slot->state == SLOT_DONE)
            return slot;
        first = slot;
    }
    return first;
}

/* --- the interface --- */

static const char *default_path(void)
{
    const char *path = secure_getenv("CUSTODIAN_SOCKET");
    return path ? path : KC_DEFAULT_SOCKET;
}

enum kc_error kc_client_new(const char *path, struct kc_client **client)
{
    if (!path)
        path = default_path();
    struct kc_client *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof made->address.sun_path) {
        free(made);
        return KC_ERR_BAD_ARGUMENT;
    }
    made->address.sun_family = AF_UNIX;
    memcpy(made->address.sun_path, path, size + 1);
    init_state(made);
    atomic_store(&made->owner, getpid());
    *client = made;
    return KC_OK;
}

const char *kc_client_path(const struct kc_client *client)
{
    return client->address.sun_path;
}

void kc_client_free(struct kc_client *client)
{
    if (!client)
        return;
    close_all(client);
    free(client);
}

enum kc_error kc_client_call(struct kc_client *client, struct kc_client_request *request,
    int deadline_ms, struct kc_client_answer **answer)
{
    struct slot *slot;
    int64_t deadline = deadline_at(deadline_ms);
    *answer = NULL;
    enter(client);
    enum kc_error error = start(client, request, true, deadline, &slot);
    if (error == KC_OK)
        error = receive(client, slot, deadline, answer);
    leave(client);
    return error;
}

enum kc_error kc_client_send(
    struct kc_client *client, struct kc_client_request *request, int deadline_ms, uint64_t *id)
{
    struct slot *slot;
    enter(client);
    enum kc_error error = start(client, request, false, deadline_at(deadline_ms), &slot);
    if (error == KC_OK)
        *id = slot->id;
    leave(client);
    return error;
}

enum kc_error kc_client_receive(
    struct kc_client *client, uint64_t id, int deadline_ms, struct kc_client_answer **answer)
{
    *answer = NULL;
    enter(client);
    struct slot *slot = find(client, id);
    enum kc_error error = KC_ERR_BAD_ARGUMENT;
    if (slot && !slot->called && slot->state != SLOT_ABANDONED)
        error = receive(client, slot, deadline_at(deadline_ms), answer);
    leave(client);
    return error;
}

enum kc_error kc_client_receive_any(
    struct kc_client *client, int deadline_ms, uint64_t *id, struct kc_client_answer **answer)
{
    int64_t deadline = deadline_at(deadline_ms);
    enum kc_error error = KC_OK;
    *answer = NULL;
    *id = 0;
    enter(client);
    struct slot *slot = first_sent(client);
    while (slot && slot->state == SLOT_WAITING && error == KC_OK) {
        error = step(client, deadline);
        slot = first_sent(client);
    }
    if (!slot) {
        error = KC_ERR_BAD_ARGUMENT;
    } else if (slot->state == SLOT_DONE) {
        *id = slot->id;
        error = finish(client, slot, answer);
    }
    leave(client);
    return error;
}
