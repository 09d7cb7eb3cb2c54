/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/transaction_make.h"

#include "custodian/mesh/replay.h"
#include "custodian/mesh/verify.h"
#include "proto/base64url.h"
#include "proto/hkdf.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_ROOM ((size_t)192 << 10)
#define UNBIND_ROOM ((size_t)1024)
#define TIME_SIZE 8 /* octets of an ID */
#define ID_TEXT_SIZE ((size_t)KC_REPLAY_ID_SIZE / 3 * 4)

void kc_mesh_changes_add(
    struct kc_mesh_changes *changes, const char *container, const char *envelope)
{
    if (envelope != NULL)
        changes->frames[changes->frame_count++] = (struct kc_mesh_frame){container, envelope};
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static enum kc_error id_make(const struct kc_mesh_source *source, uint8_t id[KC_REPLAY_ID_SIZE])
{
    uint64_t now_ms = source->now * 1000;
    for (size_t i = 0; i < TIME_SIZE; i++)
        id[i] = (uint8_t)(now_ms >> (8 * (TIME_SIZE - 1 - i)));
    return source->random(source->context, id + TIME_SIZE, KC_REPLAY_ID_SIZE - TIME_SIZE);
}

/* The members that every request has. */
static enum kc_error request_begin(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, enum kc_object_type type, struct kc_object_writer *w)
{
    uint8_t id[KC_REPLAY_ID_SIZE];
    enum kc_error error = id_make(source, id);
    if (error != KC_OK)
        return error;
    kc_object_write_tagged(w, NULL, type);
    kc_object_write_octets(w, "ID", (struct kc_span){id, sizeof id});
    kc_object_write_text(w, "Service", asker->service);
    return KC_OK;
}

/* The first frame for the container that a frame is for. */
static size_t first_of(const struct kc_mesh_changes *changes, size_t frame)
{
    size_t first = 0;
    while (strcmp(changes->frames[first].container, changes->frames[frame].container) != 0)
        first++;
    return first;
}

/* All frames for a container in one update: a service takes no second one. */
static void update_write(
    struct kc_object_writer *w, const struct kc_mesh_changes *changes, size_t first)
{
    kc_object_write_object(w, NULL, KC_OBJECT_ContainerUpdate);
    kc_object_write_text(w, "Container", changes->frames[first].container);
    kc_object_write_list(w, "Envelopes");
    for (size_t i = first; i < changes->frame_count; i++)
        if (first_of(changes, i) == first)
            kc_object_write_source(w, NULL, span_of(changes->frames[i].envelope));
    kc_object_write_end(w);
    kc_object_write_end(w);
}

static void changes_write(struct kc_object_writer *w, const struct kc_mesh_changes *changes)
{
    kc_object_write_list(w, "Updates");
    for (size_t i = 0; i < changes->frame_count; i++)
        if (first_of(changes, i) == i)
            update_write(w, changes, i);
    kc_object_write_end(w);
}

static void message_write(struct kc_object_writer *w, const char *field, const char *message)
{
    if (message == NULL)
        return;
    kc_object_write_list(w, field);
    kc_object_write_source(w, NULL, span_of(message));
    kc_object_write_end(w);
}

static void messages_write(struct kc_object_writer *w, const struct kc_mesh_changes *changes)
{
    if (changes->outbound != NULL) {
        kc_object_write_list(w, "Accounts");
        kc_object_write_text(w, NULL, changes->recipient);
        kc_object_write_end(w);
    }
    message_write(w, "Outbound", changes->outbound);
    message_write(w, "Local", changes->local);
}

static enum kc_error payload_sign(const struct kc_mesh_source *source, struct kc_span payload,
    enum kc_object_type type, const struct kc_key *signer, char **text, size_t *size)
{
    struct kc_mesh_letter letter = {
        .payload = payload, .type = kc_object_info(type)->name, .signer = signer};
    return kc_mesh_envelope_make(source, &letter, text, size);
}

static enum kc_error request_end(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, enum kc_object_type type, struct kc_object_writer *w,
    char **text, size_t *size)
{
    kc_object_write_end(w);
    enum kc_error error = kc_object_writer_finish(w);
    struct kc_span payload = {w->json.out.bytes, w->json.out.size};
    return error == KC_OK ? payload_sign(source, payload, type, asker->signer, text, size) : error;
}

enum kc_error kc_mesh_transact_make(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, const struct kc_mesh_changes *changes, char **text,
    size_t *size)
{
    struct kc_object_writer w;
    if (asker->service[0] == '\0')
        return KC_ERR_BAD_ARGUMENT;
    uint8_t *room = malloc(REQUEST_ROOM);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, room, REQUEST_ROOM);
    enum kc_error error = request_begin(source, asker, KC_OBJECT_TransactRequest, &w);
    if (error == KC_OK) {
        kc_object_write_text(&w, "Account", asker->address);
        changes_write(&w, changes);
        messages_write(&w, changes);
        error = request_end(source, asker, KC_OBJECT_TransactRequest, &w, text, size);
    }
    free(room);
    return error;
}

enum kc_error kc_mesh_bind_make(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, struct kc_span profile, char **text, size_t *size)
{
    struct kc_object_writer w;
    if (asker->service[0] == '\0')
        return KC_ERR_BAD_ARGUMENT;
    uint8_t *room = malloc(REQUEST_ROOM);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, room, REQUEST_ROOM);
    enum kc_error error = request_begin(source, asker, KC_OBJECT_BindRequest, &w);
    if (error == KC_OK) {
        kc_object_write_text(&w, "AccountAddress", asker->address);
        kc_object_write_source(&w, "EnvelopedProfileAccount", profile);
        error = request_end(source, asker, KC_OBJECT_BindRequest, &w, text, size);
    }
    free(room);
    return error;
}

enum kc_error kc_mesh_unbind_make(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, char **text, size_t *size)
{
    struct kc_object_writer w;
    uint8_t room[UNBIND_ROOM];
    if (asker->service[0] == '\0')
        return KC_ERR_BAD_ARGUMENT;
    kc_object_writer_init(&w, room, sizeof room);
    enum kc_error error = request_begin(source, asker, KC_OBJECT_UnbindRequest, &w);
    if (error != KC_OK)
        return error;
    kc_object_write_text(&w, "Account", asker->address);
    return request_end(source, asker, KC_OBJECT_UnbindRequest, &w, text, size);
}

/* --- once more --- */

/* The payload of a request that was made here. */
struct made {
    uint8_t *payload; /* given: free */
    size_t size;
    char *id; /* in it: ID_TEXT_SIZE characters */
};

static enum kc_error payload_take(const struct kc_signed_object *request, struct made *made)
{
    struct kc_span id = kc_json_source(kc_object_member(&request->object, "ID"));
    const struct kc_dare_envelope *envelope = request->envelope;
    if (id.size != ID_TEXT_SIZE + 2) /* quotes */
        return KC_ERR_BAD_REQUEST;
    made->payload = malloc(envelope->body_size);
    if (made->payload == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(made->payload, envelope->body, envelope->body_size);
    made->size = envelope->body_size;
    made->id = (char *)made->payload + (id.bytes - envelope->body) + 1;
    return KC_OK;
}

/* made is given if this succeeds. */
static enum kc_error made_open(struct kc_span text, enum kc_object_type type,
    const struct kc_public_key *signer, struct made *made)
{
    struct kc_signed_object request;
    enum kc_error error =
        kc_signed_object_open(text, 2 * REQUEST_ROOM, type, signer, kc_mesh_verify, &request);
    if (error != KC_OK)
        return error;
    error = payload_take(&request, made);
    kc_signed_object_done(&request);
    return error;
}

enum kc_error kc_mesh_request_content(struct kc_span text, enum kc_object_type type,
    const struct kc_public_key *signer, uint8_t content[static KC_MESH_CONTENT_SIZE])
{
    struct made made;
    uint8_t digest[KC_HASH_SIZE_MAX];
    enum kc_error error = made_open(text, type, signer, &made);
    if (error != KC_OK)
        return error;
    memset(made.id, ' ', ID_TEXT_SIZE);
    error = kc_hash_digest(KC_HASH_SHA256, (struct kc_span){made.payload, made.size}, digest);
    free(made.payload);
    if (error == KC_OK)
        memcpy(content, digest, KC_MESH_CONTENT_SIZE);
    return error;
}

enum kc_error kc_mesh_request_again(const struct kc_mesh_source *source, struct kc_span text,
    enum kc_object_type type, const struct kc_key *signer, char **again, size_t *size)
{
    struct made made;
    struct kc_public_key public;
    uint8_t id[KC_REPLAY_ID_SIZE];
    char id_text[ID_TEXT_SIZE + 1];
    enum kc_error error = kc_mesh_public_key(&signer->public, &public);
    if (error == KC_OK)
        error = id_make(source, id);
    if (error == KC_OK)
        error = made_open(text, type, &public, &made);
    if (error != KC_OK)
        return error;
    kc_base64url_encode((struct kc_span){id, sizeof id}, id_text);
    memcpy(made.id, id_text, ID_TEXT_SIZE);
    error =
        payload_sign(source, (struct kc_span){made.payload, made.size}, type, signer, again, size);
    free(made.payload);
    return error;
}
