/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/client.h"

#include "proto/socket/cbor.h"
#include "proto/socket/client_link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- sending; the lock is held --- */

static struct kc_slot *first_in(struct kc_client *client, enum kc_slot_state state)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        if (client->slots[i].state == state)
            return &client->slots[i];
    return NULL;
}

/* Whether somebody may free a slot without anything that comes: whoever reads for a place would sleep
 * over that. Who is in a call reads for it, or has an answer to take. */
static bool may_be_freed(const struct kc_client *client)
{
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        if (client->slots[i].attended || client->slots[i].state == KC_SLOT_DONE)
            return true;
    return false;
}

/* A slot that is free. Of those in use, reading frees only what was given up. */
static enum kc_error free_place(
    struct kc_client *client, bool patient, int64_t deadline, struct kc_slot **place)
{
    struct kc_slot *found;
    enum kc_error error = KC_OK;
    while (!(found = first_in(client, KC_SLOT_FREE)) && error == KC_OK) {
        bool reads = first_in(client, KC_SLOT_ABANDONED) != NULL;
        if (reads && kc_link_receive_waiting(client))
            continue;
        if (!patient)
            error = KC_ERR_LIMIT;
        else if (reads && !may_be_freed(client))
            error = kc_link_step(client, NULL, deadline);
        else
            error = kc_link_wait_change(client, deadline);
    }
    if (!found)
        return error;
    *place = found;
    return KC_OK;
}

/* Encodes and sends as soon as the socket takes it. The buffer is shared, so it is encoded anew
 * after each wait. */
static enum kc_error send_slot(struct kc_client *client, struct kc_client_request *request,
    const struct kc_slot *slot, int64_t deadline)
{
    for (;;) {
        size_t size = 0;
        request->message.id = slot->id;
        enum kc_error error =
            kc_cbor_request_encode(&request->message, client->out, sizeof client->out, &size);
        if (error == KC_OK)
            error = kc_transport_send(client->socket, client->out, size, &request->descriptors);
        if (error == KC_ERR_CONNECTION_LOST) { /* what came before may say why */
            kc_link_drain(client);
            return slot->error != KC_OK ? slot->error : error;
        }
        if (error != KC_ERR_LIMIT)
            return error;
        error = kc_link_wait_to_send(client, deadline);
        if (error != KC_OK)
            return error;
        if (slot->state != KC_SLOT_WAITING) /* the connection ended meanwhile */
            return slot->error;
    }
}

static enum kc_error start(struct kc_client *client, struct kc_client_request *request,
    bool patient, int64_t deadline, struct kc_slot **started)
{
    struct kc_slot *slot = NULL;
    if (request->message.operation >= KC_OPERATIONS || request->message.batch_count > KC_BATCH_MAX)
        return KC_ERR_BAD_ARGUMENT;
    do { /* again if the connection ended while a place was waited for */
        enum kc_error error = kc_link_connect(client, deadline);
        if (error == KC_OK)
            error = free_place(client, patient, deadline, &slot);
        if (error != KC_OK)
            return error;
    } while (client->lost || client->socket == KC_NO_SOCKET);
    slot->answer = kc_client_answer_new(&request->message);
    if (!slot->answer)
        return KC_ERR_NO_MEMORY;
    slot->state = KC_SLOT_WAITING;
    slot->attended = true;
    slot->id = ++client->last_id;
    slot->connection = client->connection;
    enum kc_error error = send_slot(client, request, slot, deadline);
    if (error != KC_OK) {
        kc_slot_free(client, slot);
        return error;
    }
    *started = slot;
    return KC_OK;
}

/* --- receiving; the lock is held --- */

/* Hands an answer out, with its error. A malformed one ends the connection. */
static enum kc_error finish(
    struct kc_client *client, struct kc_slot *slot, struct kc_client_answer **answer)
{
    enum kc_error error = slot->error;
    if (error == KC_OK) {
        error = kc_client_answer_decode(slot->answer);
        if (error != KC_OK && slot->connection == client->connection)
            kc_link_drop(client, KC_ERR_CONNECTION_LOST);
    }
    if (error == KC_OK) {
        *answer = slot->answer;
        slot->answer = NULL;
        error = (*answer)->message.error;
    }
    kc_slot_free(client, slot);
    return error;
}

static enum kc_error receive(struct kc_client *client, struct kc_slot *slot, int64_t deadline,
    struct kc_client_answer **answer)
{
    while (slot->state == KC_SLOT_WAITING) {
        enum kc_error error = kc_link_step(client, slot, deadline);
        if (error != KC_OK && slot->state == KC_SLOT_WAITING) {
            slot->state = KC_SLOT_ABANDONED;
            kc_slot_leave(client, slot);
            return error;
        }
    }
    return finish(client, slot, answer);
}

/* The next that kc_client_send sent and nobody receives: one that is done, else one that is waited for. */
static struct kc_slot *first_sent(struct kc_client *client)
{
    struct kc_slot *first = NULL;
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        struct kc_slot *slot = &client->slots[i];
        if (slot->attended || (slot->state != KC_SLOT_DONE && slot->state != KC_SLOT_WAITING))
            continue;
        if (slot->state == KC_SLOT_DONE)
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
    kc_link_init(made);
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
    kc_link_close(client);
    free(client);
}

enum kc_error kc_client_call(struct kc_client *client, struct kc_client_request *request,
    int deadline_ms, struct kc_client_answer **answer)
{
    struct kc_slot *slot;
    int64_t deadline = kc_link_deadline(deadline_ms);
    *answer = NULL;
    kc_link_enter(client);
    enum kc_error error = start(client, request, true, deadline, &slot);
    if (error == KC_OK)
        error = receive(client, slot, deadline, answer);
    kc_link_leave(client);
    return error;
}

enum kc_error kc_client_send(
    struct kc_client *client, struct kc_client_request *request, int deadline_ms, uint64_t *id)
{
    struct kc_slot *slot;
    kc_link_enter(client);
    enum kc_error error = start(client, request, false, kc_link_deadline(deadline_ms), &slot);
    if (error == KC_OK) {
        *id = slot->id;
        kc_slot_leave(client, slot);
    }
    kc_link_leave(client);
    return error;
}

enum kc_error kc_client_receive(
    struct kc_client *client, uint64_t id, int deadline_ms, struct kc_client_answer **answer)
{
    *answer = NULL;
    kc_link_enter(client);
    struct kc_slot *slot = kc_link_find(client, id);
    enum kc_error error = KC_ERR_BAD_ARGUMENT;
    if (slot && !slot->attended && slot->state != KC_SLOT_ABANDONED) {
        slot->attended = true;
        error = receive(client, slot, kc_link_deadline(deadline_ms), answer);
    }
    kc_link_leave(client);
    return error;
}

enum kc_error kc_client_receive_any(
    struct kc_client *client, int deadline_ms, uint64_t *id, struct kc_client_answer **answer)
{
    int64_t deadline = kc_link_deadline(deadline_ms);
    enum kc_error error = KC_OK;
    *answer = NULL;
    *id = 0;
    kc_link_enter(client);
    struct kc_slot *slot = first_sent(client);
    while (slot && slot->state == KC_SLOT_WAITING && error == KC_OK) {
        error = kc_link_step(client, NULL, deadline);
        slot = first_sent(client);
    }
    if (!slot) {
        error = KC_ERR_BAD_ARGUMENT;
    } else if (slot->state == KC_SLOT_DONE) {
        *id = slot->id;
        error = finish(client, slot, answer);
    }
    kc_link_leave(client);
    return error;
}
