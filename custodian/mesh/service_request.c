/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/service_request.h"

#include "custodian/mesh/capability.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- reading --- */

/* The names that requests have had, and the fields that they say the account and its profile in. */
static const struct {
    enum kc_transaction transaction;
    enum kc_mesh_asking asking;
    const char *address, *profile;
} names[] = {
    {KC_TRANSACTION_BindAccount, KC_MESH_BIND, "AccountAddress", "EnvelopedProfileAccount"},
    {KC_TRANSACTION_CreateAccount, KC_MESH_BIND, "AccountAddress", "SignedAssertionAccount"},
    {KC_TRANSACTION_CreateGroup, KC_MESH_BIND, "AccountAddress", "SignedProfileGroup"},
    {KC_TRANSACTION_UnbindAccount, KC_MESH_UNBIND, "Account", NULL},
    {KC_TRANSACTION_DeleteAccount, KC_MESH_UNBIND, "Account", NULL},
    {KC_TRANSACTION_Transact, KC_MESH_TRANSACT, "Account", NULL},
    {KC_TRANSACTION_Upload, KC_MESH_TRANSACT, "Account", NULL},
};

/* The row of a request; the count of rows: there is none. */
static size_t row_of(const struct kc_mesh_request *request)
{
    size_t i = 0;
    while (i < sizeof names / sizeof *names && names[i].transaction != request->request.transaction)
        i++;
    return i;
}

static bool address_read(struct kc_mesh_request *request, enum kc_mesh_asking asking)
{
    char said[KC_MESH_ADDRESS_SIZE];
    size_t row = row_of(request);
    if (row == sizeof names / sizeof *names || names[row].asking != asking)
        return false;
    struct kc_json value = kc_object_member(&request->request.object, names[row].address);
    return kc_json_text(value, said, sizeof said) == KC_OK &&
           kc_mesh_address(said, request->address) && request->address[0] != '\0';
}

static bool id_read(struct kc_mesh_request *request)
{
    size_t size = sizeof request->id;
    return kc_json_octets(kc_object_member(&request->request.object, "ID"), request->id, &size) ==
               KC_OK &&
           size == sizeof request->id;
}

static enum kc_error parse(struct kc_mesh_request *request, enum kc_mesh_asking asking)
{
    struct kc_span payload = {request->envelope->body, request->envelope->body_size};
    if (request->envelope->salt_size != 0 || payload.bytes == NULL)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error =
        kc_request_parse(payload, KC_MESH_REQUEST_MAX, &request->document, &request->request, NULL);
    if (error == KC_ERR_TOO_LARGE || error == KC_ERR_NO_MEMORY)
        return error;
    bool good = error == KC_OK && address_read(request, asking) && id_read(request) &&
                kc_json_is_there(kc_object_member(&request->request.object, "Service"));
    return good ? KC_OK : KC_ERR_BAD_REQUEST;
}

enum kc_error kc_mesh_request_read(
    struct kc_span text, enum kc_mesh_asking asking, struct kc_mesh_request *request)
{
    *request = (struct kc_mesh_request){0};
    if (text.size > KC_MESH_REQUEST_MAX)
        return KC_ERR_TOO_LARGE;
    request->envelope = calloc(1, sizeof *request->envelope);
    if (request->envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, request->envelope);
    if (error == KC_OK)
        error = parse(request, asking);
    else if (error != KC_ERR_NO_MEMORY && error != KC_ERR_TOO_LARGE)
        error = KC_ERR_BAD_REQUEST;
    if (error != KC_OK)
        kc_mesh_request_done(request);
    return error;
}

void kc_mesh_request_done(struct kc_mesh_request *request)
{
    kc_json_done(&request->document);
    if (request->envelope != NULL)
        kc_dare_envelope_done(request->envelope);
    free(request->envelope);
    *request = (struct kc_mesh_request){0};
}

/* --- verifying --- */

static bool is_for(const struct kc_mesh_request *request, const char *service)
{
    char said[KC_MESH_ADDRESS_SIZE];
    struct kc_json value = kc_object_member(&request->request.object, "Service");
    return kc_json_text(value, said, sizeof said) == KC_OK && strcasecmp(said, service) == 0;
}

enum kc_error kc_mesh_request_verify(
    const struct kc_mesh_request *request, const struct kc_public_key *signer, const char *service)
{
    const struct kc_dare_signature *signature;
    enum kc_error error =
        kc_dare_envelope_verify(request->envelope, signer, kc_mesh_verify, &signature);
    return error == KC_OK && is_for(request, service) ? KC_OK : KC_ERR_SIGNATURE;
}

enum kc_error kc_mesh_request_verify_bind(const struct kc_mesh_request *request,
    const char *service, const char *service_udf, struct kc_mesh_account *account)
{
    struct kc_mesh_account read;
    struct kc_json profile =
        kc_object_member(&request->request.object, names[row_of(request)].profile);
    if (!kc_json_is_there(profile))
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_mesh_account_read(kc_json_source(profile), service_udf, &read);
    if (error == KC_ERR_ENVELOPE || error == KC_ERR_TOO_LARGE)
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        error = kc_mesh_request_verify(request, &read.profile, service);
    if (error == KC_OK && strcmp(read.address, request->address) != 0)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        *account = read;
    return error;
}

bool kc_mesh_request_has_escrow(const struct kc_mesh_request *request)
{
    struct kc_signed_object opened;
    struct kc_json profile =
        kc_object_member(&request->request.object, names[row_of(request)].profile);
    enum kc_error error = kc_signed_object_open_profile(kc_json_source(profile),
        KC_MESH_REQUEST_MAX, KC_OBJECT_ProfileAccount, NULL, kc_mesh_verify, &opened, NULL);
    if (error != KC_OK)
        return false;
    bool has = kc_json_is_there(kc_object_member(&opened.object, "EscrowEncryption"));
    kc_signed_object_done(&opened);
    return has;
}

bool kc_mesh_request_is_timely(const struct kc_mesh_request *request, uint64_t now_ms)
{
    uint64_t time_ms = kc_replay_time(request->id);
    return (now_ms > time_ms ? now_ms - time_ms : time_ms - now_ms) <= KC_REPLAY_SKEW_MS;
}

/* --- what a Transact holds --- */

static const char *after(const char *text, const char *start)
{
    size_t size = strlen(start);
    return strncasecmp(text, start, size) == 0 && text[size] != '\0' ? text + size : text;
}

const char *kc_mesh_store_name(const char *said)
{
    return after(after(said, "MMM_"), "Catalog");
}

/* By its names of all generations. */
static bool is_store(struct kc_json name, enum kc_mesh_store store)
{
    char text[64];
    if (kc_json_text(name, text, sizeof text) != KC_OK)
        return false;
    const char *bare = kc_mesh_store_name(text);
    if (store == KC_MESH_DEVICE)
        return strcasecmp(bare, "Device") == 0;
    return strcasecmp(bare, "Access") == 0 || strcasecmp(bare, KC_MESH_ACCESS_2020) == 0;
}

/* The frame at a position among all of a store's; absent: there are not so many. */
static struct kc_json frame_at(
    const struct kc_mesh_request *request, enum kc_mesh_store store, size_t position)
{
    struct kc_json updates = kc_object_member(&request->request.object, "Updates");
    for (size_t i = 0; i < kc_json_count(updates); i++) {
        struct kc_json update = kc_json_item(updates, i);
        struct kc_json frames = kc_json_member(update, "Envelopes");
        if (!is_store(kc_json_member(update, "Container"), store))
            continue;
        if (position < kc_json_count(frames))
            return kc_json_item(frames, position);
        position -= kc_json_count(frames);
    }
    return (struct kc_json){0};
}

static enum kc_error meta_read(struct kc_span meta, struct kc_mesh_update *update)
{
    struct kc_json_document document = {0};
    if (meta.size == 0)
        return KC_OK;
    enum kc_error error = kc_json_read(meta, KC_MESH_REQUEST_MAX, &document);
    struct kc_json id = kc_json_member(kc_json_root(&document), "UniqueId");
    if (error == KC_OK) {
        update->deletes =
            kc_json_is_text(kc_json_member(kc_json_root(&document), "Event"), "Delete");
        if (kc_json_is_there(id))
            error = kc_json_text(id, update->id, sizeof update->id);
    }
    kc_json_done(&document);
    return error;
}

static enum kc_error frame_read(struct kc_json frame, struct kc_mesh_update *update)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    *update = (struct kc_mesh_update){.frame = kc_json_source(frame)};
    enum kc_error error = kc_dare_envelope_read(update->frame, envelope);
    if (error == KC_OK)
        error = meta_read(
            (struct kc_span){envelope->content_meta, envelope->content_meta_size}, update);
    update->is_empty = error == KC_OK && envelope->body_size == 0;
    kc_dare_envelope_done(envelope);
    free(envelope);
    if (error == KC_OK && update->deletes && update->id[0] == '\0')
        error = KC_ERR_BAD_REQUEST;
    return error == KC_OK || error == KC_ERR_NO_MEMORY ? error : KC_ERR_BAD_REQUEST;
}

enum kc_error kc_mesh_request_next(const struct kc_mesh_request *request, enum kc_mesh_store store,
    size_t *position, struct kc_mesh_update *update)
{
    struct kc_json frame = frame_at(request, store, *position);
    if (!kc_json_is_there(frame))
        return KC_ERR_REFUSED;
    if (*position >= KC_MESH_UPDATES_MAX)
        return KC_ERR_TOO_LARGE;
    ++*position;
    return frame_read(frame, update);
}

static bool is_of_service(enum kc_object_type type)
{
    return type == KC_OBJECT_CapabilityDecryptServiced || type == KC_OBJECT_CapabilitySign ||
           type == KC_OBJECT_CapabilityKeyGenerate;
}

/* Whether a frame of the access catalog holds a capability that a service has part in, and of which Id. */
static enum kc_error update_read(
    struct kc_mesh_update *update, const struct kc_public_key *administrator, bool *is_ours)
{
    struct kc_signed_object opened;
    *is_ours = false;
    if (update->is_empty)
        return KC_OK;
    enum kc_error error =
        kc_mesh_access_open(update->frame, KC_MESH_REQUEST_MAX, administrator, &opened);
    if (error != KC_OK)
        return error == KC_ERR_SIGNATURE || error == KC_ERR_NO_MEMORY ? error : KC_ERR_BAD_REQUEST;
    struct kc_object capability = kc_object_inner(&opened.object, "Capability");
    *is_ours = is_of_service(capability.type);
    if (*is_ours)
        error = kc_json_text(kc_object_member(&capability, "Id"), update->id, sizeof update->id);
    kc_signed_object_done(&opened);
    return error == KC_OK ? KC_OK : KC_ERR_BAD_REQUEST;
}

/* --- all of it, before any of it is done --- */

/* The frame that a capability is about last is the one that counts. */
static enum kc_error look_add(struct kc_mesh_frames *frames, const struct kc_mesh_update *update)
{
    size_t at = frames->count++;
    memcpy(frames->ids[at], update->id, sizeof frames->ids[at]);
    frames->deletes[at] = update->deletes;
    frames->counts[at] = true;
    frames->is_ours[at] = update->is_ours;
    for (size_t i = 0; update->id[0] != '\0' && i < at; i++) {
        if (strcmp(frames->ids[i], update->id) != 0)
            continue;
        if (frames->deletes[i] && !update->deletes)
            return KC_ERR_REFUSED;
        frames->counts[i] = false;
    }
    return KC_OK;
}

static enum kc_error look_at_access(const struct kc_mesh_request *request,
    const struct kc_public_key *administrator, struct kc_mesh_frames *frames)
{
    struct kc_mesh_update update;
    size_t position = 0;
    enum kc_error error;
    while ((error = kc_mesh_request_next(request, KC_MESH_ACCESS, &position, &update)) == KC_OK) {
        bool is_ours = update.deletes;
        if (!is_ours)
            error = update_read(&update, administrator, &is_ours);
        if (!is_ours)
            update.id[0] = '\0';
        update.is_ours = is_ours;
        if (error == KC_OK)
            error = look_add(frames, &update);
        if (error != KC_OK)
            return error;
    }
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

static enum kc_error look_at_devices(const struct kc_mesh_request *request)
{
    struct kc_mesh_update update;
    size_t position = 0;
    enum kc_error error;
    while ((error = kc_mesh_request_next(request, KC_MESH_DEVICE, &position, &update)) == KC_OK)
        if (update.deletes && !kc_mesh_device_is_said(update.id))
            return KC_ERR_BAD_REQUEST;
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

void kc_mesh_update_known(
    const struct kc_mesh_frames *frames, size_t at, struct kc_mesh_update *update)
{
    update->is_ours = frames->is_ours[at];
    if (update->is_ours)
        memcpy(update->id, frames->ids[at], sizeof update->id);
}

enum kc_error kc_mesh_request_look(const struct kc_mesh_request *request,
    const struct kc_public_key *administrator, struct kc_mesh_frames *frames)
{
    frames->count = 0;
    enum kc_error error = look_at_access(request, administrator, frames);
    return error == KC_OK ? look_at_devices(request) : error;
}
