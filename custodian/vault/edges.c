/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/edges.h"
#include "base/secret.h"
#include "custodian/log.h"
#include "custodian/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DESK KC_FD_VAULT_DESK
#define ROOT_SILENT_MS 3000 /* slow TPMs take 1 to 2 s for the longest of operations */

/* The edge to one root: whoever is `asking` has it for himself. */
struct root_edge {
    int descriptor;
    pthread_cond_t free; /* of the clock that deadlines are of */
    bool asking;
    uint64_t asked_at; /* in milliseconds, by who is asking */
    bool there;
    uint32_t next_id;
    uint64_t deadline_ms; /* for one question, waiting in line included */
};

struct kc_edges {
    /* the desk's edge: a worker that saw its end is parked until there is another */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t workers, parked;
    uint64_t generation;
    int ended; /* eventfd */

    /* the roots' edges */
    pthread_mutex_t root_lock;
    size_t occupied; /* threads that ask a root, or wait in line for one */
    struct root_edge roots[KC_CONFIG_ROOTS_MAX];
};

/* --- life --- */

/* Workers wait in the kernel, so the descriptor is in blocking mode. */
static bool set_blocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

static void init_root(struct root_edge *root, size_t number, uint64_t deadline_ms)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&root->free, &attributes);
    pthread_condattr_destroy(&attributes);
    root->descriptor = KC_FD_VAULT_ROOT + (int)number;
    root->deadline_ms = deadline_ms;
    root->there = deadline_ms > 0;
}

enum kc_error kc_edges_new(const uint64_t root_deadlines_ms[static KC_CONFIG_ROOTS_MAX],
    size_t workers, struct kc_edges **edges)
{
    struct kc_edges *e = calloc(1, sizeof *e);
    int ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!e || ended < 0 || !set_blocking(DESK)) {
        free(e);
        return KC_ERR_NO_MEMORY;
    }
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    pthread_mutex_init(&e->root_lock, NULL);
    for (size_t i = 0; i < KC_CONFIG_ROOTS_MAX; i++)
        init_root(&e->roots[i], i, root_deadlines_ms[i]);
    e->workers = workers;
    e->ended = ended;
    *edges = e;
    return KC_OK;
}

/* --- clocks and random octets --- */

static uint64_t read_seconds(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

static uint64_t read_milliseconds(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum kc_error read_random(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    while (size > 0) {
        ssize_t got = getrandom(octets, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return KC_ERR_RANDOM;
        octets += got;
        size -= (size_t)got;
    }
    return KC_OK;
}

/* --- the desk --- */

/* Waits for room. An edge that has ended takes no more, and what was for it is dropped. */
static enum kc_error send_all(
    int socket, const uint8_t *bytes, size_t size, const struct kc_descriptors *descriptors)
{
    struct pollfd writable = {.fd = socket, .events = POLLOUT};
    enum kc_error error;
    while ((error = kc_transport_send(socket, bytes, size, descriptors)) == KC_ERR_LIMIT)
        (void)poll(&writable, 1, -1);
    return error;
}

/* What a thread has to say. Its room is kept for the next packet: given back, this much memory would
 * go to the kernel and come again page by page. */
struct outbox {
    bool collecting; /* until kc_edges_flush */
    size_t size;
    uint8_t bytes[KC_VAULT_MESSAGE_MAX];
};

static struct outbox *own_outbox(void)
{
    static _Thread_local struct outbox *outbox;
    if (!outbox)
        outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        abort(); /* nobody would answer */
    return outbox;
}

static void post(struct outbox *outbox, const struct kc_descriptors *descriptors)
{
    if (outbox->size > 0)
        (void)send_all(DESK, outbox->bytes, outbox->size, descriptors); /* no desk: dropped */
    kc_wipe(outbox->bytes, outbox->size); /* a contribution may have been in it */
    outbox->size = 0;
}

static enum kc_error append(struct outbox *outbox, const struct kc_vault_message *message)
{
    struct kc_writer w;
    kc_writer_init(&w, outbox->bytes + outbox->size, sizeof outbox->bytes - outbox->size);
    enum kc_error error = kc_vault_message_pack(&w, message);
    if (error == KC_OK)
        outbox->size += w.size;
    else
        kc_wipe(w.bytes, w.size);
    return error;
}

static void send_to_desk(
    void *context, const struct kc_vault_message *message, const struct kc_descriptors *descriptors)
{
    (void)context;
    struct outbox *outbox = own_outbox();
    bool alone = descriptors && descriptors->count > 0;
    if (alone)
        post(outbox, NULL);
    enum kc_error error = append(outbox, message);
    if (error != KC_OK && outbox->size > 0) {
        post(outbox, NULL);
        error = append(outbox, message);
    }
    if (error != KC_OK)
        abort(); /* answers are bounded so that they fit */
    if (alone || !outbox->collecting)
        post(outbox, descriptors);
}

void kc_edges_flush(void)
{
    struct outbox *outbox = own_outbox();
    post(outbox, NULL);
    outbox->collecting = false;
}

/* What is everyday is not told: an operation that was done and changed nothing, a caller's slip. */
static bool is_worth_a_line(const struct kc_vault_event *event)
{
    enum kc_error_class class = kc_error_row(event->error)->class;
    return event->changed || event->note || (class != KC_CLASS_NONE && class != KC_CLASS_CALLER);
}

static void log_event(void *context, const struct kc_vault_event *event)
{
    (void)context;
    if (!is_worth_a_line(event))
        return;
    enum kc_log_level level = event->error == KC_OK ? KC_LOG_NOTICE : KC_LOG_WARNING;
    const char *operation = kc_operations[event->operation].name;
    if (event->note)
        kc_log(level, "decided", kc_log_text("op", operation), kc_log_span("key", event->key),
            kc_log_text("note", event->note), kc_log_number("connection", event->connection),
            kc_log_error(event->error));
    else if (event->known)
        kc_log(level, "decided", kc_log_text("op", operation), kc_log_span("key", event->key),
            kc_log_number("uid", event->user), kc_log_number("connection", event->connection),
            kc_log_error(event->error));
    else
        kc_log(level, "decided", kc_log_text("op", operation),
            kc_log_number("connection", event->connection), kc_log_error(event->error));
}

/* The edge has ended: the core is to know, and this worker waits for another. There is none before
 * all workers wait, so the generation is still the one that this worker received from. */
static void park(struct kc_edges *edges)
{
    uint64_t one = 1;
    pthread_mutex_lock(&edges->lock);
    uint64_t generation = edges->generation;
    edges->parked++;
    (void)!write(edges->ended, &one, sizeof one);
    pthread_cond_broadcast(&edges->changed);
    while (edges->generation == generation)
        pthread_cond_wait(&edges->changed, &edges->lock);
    edges->parked--;
    pthread_mutex_unlock(&edges->lock);
}

enum kc_error kc_edges_receive(struct kc_edges *edges, struct kc_vault *vault, uint64_t *desk,
    uint8_t bytes[static KC_VAULT_MESSAGE_MAX], size_t *size, struct kc_descriptors *descriptors)
{
    for (;;) {
        *desk = kc_vault_desk(vault);
        enum kc_error error =
            kc_transport_wait(DESK, bytes, KC_VAULT_MESSAGE_MAX, size, descriptors);
        own_outbox()->collecting = true;
        if (error != KC_ERR_CONNECTION_LOST)
            return error == KC_OK ? KC_OK : KC_ERR_BAD_REQUEST;
        park(edges);
    }
}

int kc_edges_ended_descriptor(const struct kc_edges *edges)
{
    return edges->ended;
}

void kc_edges_desk_ended(struct kc_edges *edges, struct kc_vault *vault)
{
    uint64_t times;
    if (read(edges->ended, &times, sizeof times) == sizeof times)
        kc_vault_desk_gone(vault);
}

/* All workers are parked while the number 5 becomes another socket, so none reads from the one and
 * takes it for the other. */
void kc_edges_new_desk(struct kc_edges *edges, struct kc_vault *vault, int descriptor)
{
    shutdown(DESK, SHUT_RDWR);
    pthread_mutex_lock(&edges->lock);
    while (edges->parked < edges->workers)
        pthread_cond_wait(&edges->changed, &edges->lock);
    uint64_t times;
    (void)!read(edges->ended, &times, sizeof times);
    kc_vault_desk_gone(vault);
    if (!set_blocking(descriptor) || dup3(descriptor, DESK, O_CLOEXEC) != DESK)
        abort(); /* a vault without a desk is of no use */
    close(descriptor);
    edges->generation++;
    pthread_cond_broadcast(&edges->changed);
    pthread_mutex_unlock(&edges->lock);
}

/* --- the roots --- */

static int left_until(uint64_t deadline_ms)
{
    uint64_t now = read_milliseconds(NULL);
    return now < deadline_ms ? (int)(deadline_ms - now) : 0;
}

/* Receives the reply to a question; older ones, to questions that were given up, are passed over.
 * KC_ERR_ROOT_UNAVAILABLE: none in time; KC_ERR_CONNECTION_LOST */
static enum kc_error receive_reply(int descriptor, uint32_t id, uint64_t deadline_ms,
    uint8_t packet[static KC_ROOT_REPLY_MAX], size_t *size)
{
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    while (poll(&readable, 1, left_until(deadline_ms)) > 0) {
        struct kc_descriptors none;
        struct kc_reader r;
        enum kc_error error =
            kc_transport_receive(descriptor, packet, KC_ROOT_REPLY_MAX, size, &none);
        if (error != KC_OK)
            return error == KC_ERR_CONNECTION_LOST ? error : KC_ERR_BAD_REQUEST;
        kc_descriptors_close(&none);
        kc_reader_init(&r, packet, *size);
        if (*size > 0 && kc_reader_u32(&r) == id)
            return KC_OK;
    }
    return KC_ERR_ROOT_UNAVAILABLE;
}

static enum kc_error send_question(int descriptor, const struct kc_root_request *request)
{
    uint8_t packet[KC_ROOT_REQUEST_MAX]; /* secret */
    size_t size = 0;
    enum kc_error error = kc_root_request_write(request, packet, &size);
    if (error == KC_OK)
        error = kc_transport_send(descriptor, packet, size, NULL);
    kc_wipe(packet, sizeof packet);
    return error == KC_ERR_LIMIT ? KC_ERR_ROOT_UNAVAILABLE : error;
}

static struct timespec time_of(uint64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

/*
 * Whether who is in line should leave it: the root is silent, and there is no other worker left for
 * requests that need no root. There are more workers than roots: if all are occupied, one is in line.
 */
static bool holds_up_all(const struct kc_edges *edges, const struct root_edge *root)
{
    return edges->occupied >= edges->workers &&
           read_milliseconds(NULL) >= root->asked_at + ROOT_SILENT_MS;
}

/* Waits for a turn until the deadline, or until it is clear that others wait for this worker. */
static void wait_in_line(struct kc_edges *edges, struct root_edge *root, uint64_t deadline_ms)
{
    while (root->asking && !holds_up_all(edges, root) && left_until(deadline_ms) > 0) {
        uint64_t silent_ms = root->asked_at + ROOT_SILENT_MS;
        bool is_silent = left_until(silent_ms) == 0;
        struct timespec until =
            time_of(is_silent || silent_ms > deadline_ms ? deadline_ms : silent_ms);
        pthread_cond_timedwait(&root->free, &edges->root_lock, &until);
    }
}

/* False: it was not our turn in time. */
static bool begin_asking(struct kc_edges *edges, struct root_edge *root, uint64_t deadline_ms)
{
    pthread_mutex_lock(&edges->root_lock);
    edges->occupied++;
    for (size_t i = 0; edges->occupied >= edges->workers && i < KC_CONFIG_ROOTS_MAX; i++)
        pthread_cond_broadcast(&edges->roots[i].free); /* somebody in line may have to leave it */
    wait_in_line(edges, root, deadline_ms);
    bool is_ours = !root->asking;
    if (is_ours) {
        root->asking = true;
        root->asked_at = read_milliseconds(NULL);
    } else {
        edges->occupied--;
    }
    pthread_mutex_unlock(&edges->root_lock);
    return is_ours;
}

static void end_asking(struct kc_edges *edges, struct root_edge *root)
{
    pthread_mutex_lock(&edges->root_lock);
    root->asking = false;
    edges->occupied--;
    pthread_cond_signal(&root->free);
    pthread_mutex_unlock(&edges->root_lock);
}

static enum kc_error ask(struct root_edge *root, const struct kc_root_request *request,
    uint64_t deadline_ms, uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    struct kc_root_request question = *request;
    size_t size = 0;
    question.id = ++root->next_id;
    if (!root->there)
        return KC_ERR_ROOT_UNAVAILABLE;
    enum kc_error error = send_question(root->descriptor, &question);
    if (error == KC_OK)
        error = receive_reply(root->descriptor, question.id, deadline_ms, packet, &size);
    if (error == KC_OK)
        error = kc_root_reply_read(packet, size, &question, reply);
    if (error == KC_ERR_BAD_REQUEST) {
        kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", "malformed-reply-of-root"));
        _exit(KC_CLASS_INTERNAL);
    }
    if (error == KC_ERR_CONNECTION_LOST)
        root->there = false;
    return error == KC_OK ? KC_OK : KC_ERR_ROOT_UNAVAILABLE;
}

static enum kc_error ask_root(void *context, size_t number, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    struct kc_edges *edges = context;
    struct root_edge *root = &edges->roots[number];
    uint64_t deadline_ms = read_milliseconds(NULL) + root->deadline_ms;
    post(own_outbox(), NULL);
    if (!begin_asking(edges, root, deadline_ms))
        return KC_ERR_ROOT_UNAVAILABLE;
    enum kc_error error = ask(root, request, deadline_ms, packet, reply);
    end_asking(edges, root);
    return error;
}

/* Whoever waits for the old root's answer is told that it is gone before it is. */
void kc_edges_new_root(struct kc_edges *edges, size_t number, int descriptor)
{
    struct root_edge *root = &edges->roots[number];
    shutdown(root->descriptor, SHUT_RDWR); /* who is asking ends at once */
    while (!begin_asking(edges, root, read_milliseconds(NULL) + root->deadline_ms))
        continue;
    if (dup3(descriptor, root->descriptor, O_CLOEXEC) != root->descriptor)
        abort(); /* a vault without a root is of no use */
    close(descriptor);
    root->there = true;
    end_asking(edges, root);
}

struct kc_vault_outside kc_edges_outside(struct kc_edges *edges)
{
    return (struct kc_vault_outside){.context = edges,
        .send = send_to_desk,
        .root = ask_root,
        .tell = log_event,
        .random = read_random,
        .seconds = read_seconds,
        .milliseconds = read_milliseconds};
}
