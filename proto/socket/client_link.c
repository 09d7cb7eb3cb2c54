/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/client_link.h"

#include "proto/socket/cbor.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000 /* for which a thread waits in the kernel and looks at no deadline */

/* --- time --- */

/* Milliseconds on the monotonic clock. */
static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t kc_link_deadline(int deadline_ms)
{
    return deadline_ms < 0 ? KC_NEVER : now_ms() + deadline_ms;
}

/* What is left, for poll: -1 for ever. */
static int left_ms(int64_t deadline)
{
    if (deadline == KC_NEVER)
        return -1;
    int64_t left = deadline - now_ms();
    return left > 0 ? (int)left : 0;
}

/* --- state of a process --- */

void kc_link_init(struct kc_client *client)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->changed, &attributes);
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        pthread_cond_init(&client->waits[i].answered, &attributes);
        client->waits[i].threads = 0;
    }
    pthread_condattr_destroy(&attributes);
    pthread_mutexattr_t brief; /* it is held for microseconds: to sleep for it takes longer */
    pthread_mutexattr_init(&brief);
    pthread_mutexattr_settype(&brief, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&client->lock, &brief);
    pthread_mutexattr_destroy(&brief);
    client->woken = NULL;
    client->socket = KC_NO_SOCKET;
    client->connecting = KC_NO_SOCKET;
    client->lost = false;
    client->reading = false;
    client->waiting = 0;
}

void kc_slot_free(struct kc_client *client, struct kc_slot *slot)
{
    kc_client_answer_free(slot->answer);
    *slot = (struct kc_slot){.state = KC_SLOT_FREE};
    pthread_cond_broadcast(&client->changed);
}

void kc_slot_leave(struct kc_client *client, struct kc_slot *slot)
{
    slot->attended = false;
    pthread_cond_broadcast(&client->changed);
}

/* Now, as another is to be woken, or the lock is let go by waiting. */
static void wake(struct kc_client *client)
{
    if (client->woken)
        pthread_cond_broadcast(&client->woken->answered);
    client->woken = NULL;
}

static void wake_later(struct kc_client *client, const struct kc_slot *slot)
{
    wake(client);
    client->woken = &client->waits[slot - client->slots];
}

static void unlock(struct kc_client *client)
{
    struct kc_slot_wait *woken = client->woken;
    client->woken = NULL;
    pthread_mutex_unlock(&client->lock);
    if (woken)
        pthread_cond_broadcast(&woken->answered);
}

/* What was waited for is there, or will never be. */
static void settle(struct kc_client *client, struct kc_slot *slot, enum kc_error error)
{
    slot->state = KC_SLOT_DONE;
    slot->error = error;
    wake_later(client, slot);
    pthread_cond_broadcast(&client->changed);
}

/* The client lets go of the number before it is anybody's: a child that is forked here must not close
 * another's file. */
static void close_socket(int *socket)
{
    int number = *socket;
    *socket = KC_NO_SOCKET;
    if (number != KC_NO_SOCKET)
        close(number);
}

/* A child frees nothing of its parent's: another thread there may have been halfway through it. */
void kc_link_close(struct kc_client *client)
{
    bool own = atomic_load(&client->owner) == getpid();
    close_socket(&client->socket);
    close_socket(&client->connecting);
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        if (own)
            kc_client_answer_free(client->slots[i].answer);
        client->slots[i] = (struct kc_slot){.state = KC_SLOT_FREE};
    }
}

/* A forked child has the parent's lock in whatever state it was in, and its socket: both are given
 * up. The first thread of the child that comes does it, others wait for it. */
void kc_link_enter(struct kc_client *client)
{
    pid_t self = getpid();
    for (;;) {
        pid_t owner = atomic_load(&client->owner);
        if (owner == self)
            break;
        if (owner != -self && atomic_compare_exchange_strong(&client->owner, &owner, -self)) {
            kc_link_close(client);
            kc_link_init(client);
            atomic_store(&client->owner, self);
            break;
        }
        sched_yield();
    }
    pthread_mutex_lock(&client->lock);
}

void kc_link_leave(struct kc_client *client)
{
    unlock(client);
}

/* --- the socket; the lock is held --- */

static bool is_up(const struct kc_client *client)
{
    return !client->lost && client->socket != KC_NO_SOCKET;
}

static void close_lost(struct kc_client *client)
{
    if (!client->lost || client->waiting > 0)
        return;
    close_socket(&client->socket);
    client->lost = false;
    pthread_cond_broadcast(&client->changed);
}

void kc_link_drop(struct kc_client *client, enum kc_error error)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        struct kc_slot *slot = &client->slots[i];
        if (slot->state == KC_SLOT_ABANDONED)
            kc_slot_free(client, slot);
        if (slot->state == KC_SLOT_WAITING)
            settle(client, slot, error);
    }
    if (client->socket != KC_NO_SOCKET) {
        client->lost = true;
        shutdown(client->socket, SHUT_RDWR); /* wakes who waits on it */
        close_lost(client);
    }
    pthread_cond_broadcast(&client->changed);
}

static enum kc_error wait_for(struct kc_client *client, pthread_cond_t *condition, int64_t deadline)
{
    wake(client);
    if (deadline == KC_NEVER) {
        pthread_cond_wait(condition, &client->lock);
        return KC_OK;
    }
    struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};
    int result = pthread_cond_timedwait(condition, &client->lock, &until);
    return result == ETIMEDOUT ? KC_ERR_TIMED_OUT : KC_OK;
}

/* Waits for a change that another thread makes: to a slot, or its turn to read for it; NULL: to any. */
static enum kc_error wait_change(
    struct kc_client *client, const struct kc_slot *slot, int64_t deadline)
{
    if (!slot)
        return wait_for(client, &client->changed, deadline);
    struct kc_slot_wait *wait = &client->waits[slot - client->slots];
    wait->threads++;
    enum kc_error error = wait_for(client, &wait->answered, deadline);
    wait->threads--;
    return error;
}

/* The reader reads no more: another one does, if any waits. */
static void hand_over(struct kc_client *client)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        if (client->slots[i].state == KC_SLOT_WAITING && client->waits[i].threads > 0) {
            wake_later(client, &client->slots[i]);
            break;
        }
    pthread_cond_broadcast(&client->changed);
}

/* Waits for poll's events on the socket, without the lock. What of them is there, or that the connection
 * ended; 0: nothing in time. */
static short wait_socket(struct kc_client *client, short events, int64_t deadline)
{
    struct pollfd wanted = {.fd = client->socket, .events = events};
    int ready;
    client->waiting++;
    unlock(client);
    do
        ready = poll(&wanted, 1, left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    pthread_mutex_lock(&client->lock);
    client->waiting--;
    close_lost(client);
    return ready == 0 ? 0 : wanted.revents;
}

static enum kc_error connect_error(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return KC_ERR_REFUSED;
    case EAGAIN: /* the time that a full queue was waited for */
    case EINTR:  /* and a signal came just then */
        return KC_ERR_TIMED_OUT;
    default:
        return KC_ERR_DAEMON_ABSENT;
    }
}

/* Connecting waits if the daemon's queue is full. */
static enum kc_error connect_socket(int fd, const struct sockaddr_un *address, int64_t deadline)
{
    int result;
    do {
        if (deadline != KC_NEVER) { /* 0 would be for ever */
            long left = (long)left_ms(deadline) + 1;
            struct timeval time = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
            (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
        }
        result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    } while (result != 0 && errno == EINTR && left_ms(deadline) != 0);
    return result == 0 ? KC_OK : connect_error(errno);
}

static enum kc_error make_socket(struct kc_client *client, int64_t deadline)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return KC_ERR_NO_MEMORY;
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    client->connecting = fd;
    unlock(client);
    enum kc_error error = connect_socket(fd, &client->address, deadline);
    pthread_mutex_lock(&client->lock);
    if (error == KC_OK) {
        client->socket = fd;
        client->connecting = KC_NO_SOCKET;
        client->connection++;
    }
    close_socket(&client->connecting);
    pthread_cond_broadcast(&client->changed);
    return error;
}

enum kc_error kc_link_connect(struct kc_client *client, int64_t deadline)
{
    while (client->lost || client->connecting != KC_NO_SOCKET) {
        enum kc_error error = wait_change(client, NULL, deadline);
        if (error != KC_OK)
            return error;
    }
    return client->socket == KC_NO_SOCKET ? make_socket(client, deadline) : KC_OK;
}

/* --- answers; the lock is held --- */

struct kc_slot *kc_link_find(struct kc_client *client, uint64_t id)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        if (client->slots[i].state != KC_SLOT_FREE && client->slots[i].id == id)
            return &client->slots[i];
    }
    return NULL;
}

/* What an answer of id 0 says: the error of the connection itself, such as that there is no room for
 * one more. */
static enum kc_error connection_error(const void *bytes, size_t size)
{
    struct kc_message answer;
    kc_message_init(&answer, KC_OPERATION_PING); /* an error's answer is the same for all */
    if (kc_cbor_answer_decode(bytes, size, 0, &answer) != KC_OK || answer.error == KC_OK)
        return KC_ERR_BAD_REPLY;
    return answer.error;
}

static void deliver(struct kc_client *client, size_t size, struct kc_descriptors *descriptors)
{
    uint64_t id = UINT64_MAX; /* of no request */
    struct kc_slot *slot = NULL;
    if (kc_cbor_answer_id(client->in, size, &id) == KC_OK)
        slot = kc_link_find(client, id);
    if (!slot || slot->state == KC_SLOT_DONE) { /* an answer to nothing that was asked */
        kc_descriptors_close(descriptors);
        kc_link_drop(client, id == 0 ? connection_error(client->in, size) : KC_ERR_BAD_REPLY);
    } else if (slot->state == KC_SLOT_ABANDONED) {
        kc_descriptors_close(descriptors);
        kc_slot_free(client, slot);
    } else {
        settle(client, slot, kc_client_answer_fill(slot->answer, client->in, size, descriptors));
    }
}

/* What came, or why nothing did. */
static void take(
    struct kc_client *client, enum kc_error error, size_t size, struct kc_descriptors *descriptors)
{
    if (client->lost) /* dropped while this was waited for */
        kc_descriptors_close(descriptors);
    else if (error != KC_OK)
        kc_link_drop(client, error == KC_ERR_CONNECTION_LOST ? error : KC_ERR_BAD_REPLY);
    else if (size > 0)
        deliver(client, size, descriptors);
}

/* Receives what is there. False: nothing was. */
static bool receive_one(struct kc_client *client)
{
    size_t size = 0;
    struct kc_descriptors descriptors = {.count = 0};
    enum kc_error error =
        kc_transport_receive(client->socket, client->in, sizeof client->in, &size, &descriptors);
    take(client, error, size, &descriptors);
    return error != KC_OK || size > 0;
}

/* Waits in the receiving itself: one call of the kernel where poll and what is around it are three. For
 * PATIENCE_MS at most, and not over a signal, as many of them could be longer than a deadline. */
static void receive_patiently(struct kc_client *client)
{
    size_t size = 0;
    struct kc_descriptors descriptors = {.count = 0};
    int socket = client->socket;
    client->waiting++;
    unlock(client);
    enum kc_error error =
        kc_transport_wait_a_while(socket, client->in, sizeof client->in, &size, &descriptors);
    pthread_mutex_lock(&client->lock);
    client->waiting--;
    take(client, error, size, &descriptors);
    close_lost(client);
}

/* As the reader. */
static enum kc_error read_next(struct kc_client *client, int64_t deadline)
{
    if (deadline == KC_NEVER || deadline - now_ms() > PATIENCE_MS) {
        receive_patiently(client);
        return KC_OK;
    }
    if (receive_one(client))
        return KC_OK;
    if (wait_socket(client, POLLIN, deadline) == 0)
        return KC_ERR_TIMED_OUT;
    if (is_up(client))
        (void)receive_one(client);
    return KC_OK;
}

enum kc_error kc_link_step(struct kc_client *client, const struct kc_slot *slot, int64_t deadline)
{
    enum kc_error error;
    if (client->reading || !is_up(client)) {
        error = wait_change(client, slot, deadline);
        if (error != KC_OK && !client->reading)
            hand_over(client); /* it may have been this thread's turn */
        return error;
    }
    client->reading = true;
    error = read_next(client, deadline);
    client->reading = false;
    if (error != KC_OK || !slot || slot->state != KC_SLOT_WAITING)
        hand_over(client); /* else this thread reads on */
    return error;
}

enum kc_error kc_link_wait_change(struct kc_client *client, int64_t deadline)
{
    return wait_change(client, NULL, deadline);
}

bool kc_link_receive_waiting(struct kc_client *client)
{
    return !client->reading && is_up(client) && receive_one(client);
}

static bool is_message_there(const struct kc_client *client)
{
    struct pollfd wanted = {.fd = client->socket, .events = POLLIN};
    return poll(&wanted, 1, 0) > 0;
}

enum kc_error kc_link_wait_to_send(struct kc_client *client, int64_t deadline)
{
    if (left_ms(deadline) == 0) /* some of what the kernel may lack is not waited for */
        return KC_ERR_TIMED_OUT;
    short ready = wait_socket(client, POLLIN | POLLOUT, deadline);
    if (ready == 0)
        return KC_ERR_TIMED_OUT;
    if ((ready & POLLOUT) || !is_up(client) || kc_link_receive_waiting(client))
        return KC_OK;
    /* The reader's, which is about to take it and tells so; or it has been taken. */
    return is_message_there(client) ? wait_change(client, NULL, deadline) : KC_OK;
}

/* The reader, if there is one, comes to the end by itself: what is in the queue is still received. */
void kc_link_drain(struct kc_client *client)
{
    uint64_t connection = client->connection;
    if (is_up(client))
        shutdown(client->socket, SHUT_RDWR);
    while (client->reading && is_up(client) && client->connection == connection)
        (void)wait_for(client, &client->changed, KC_NEVER);
    while (is_up(client) && client->connection == connection && receive_one(client))
        ;
    if (client->connection == connection)
        kc_link_drop(client, KC_ERR_CONNECTION_LOST);
}
