/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/device_documents.h"

#include "base/wipe.h"
#include "custodian/mesh/key_document.h"
#include "proto/identifier.h"

#include <stdlib.h>
#include <string.h>

#define CONNECTION_ROOM 4096
#define ACTIVATION_ROOM 16384 /* of ActivationAccount: a key for each resource and store */
#define CATALOGED_ROOM ((size_t)96 << 10)

/* What is being made, and for whom. */
struct making {
    const struct kc_mesh_source *source;
    const struct kc_mesh_connecting *connecting;
    const struct kc_mesh_given *given;
    struct kc_mesh_connected *made;
    char *activation_device, *activation_account; /* enveloped; owned */
};

static const struct kc_key *administrator(const struct making *making)
{
    return making->connecting->keys[KC_MESH_RESOURCE_ADMINISTRATOR];
}

/* Envelopes what was written: signed, and encrypted if there is somebody to. */
static enum kc_error envelope(const struct making *making, const struct kc_object_writer *w,
    enum kc_object_type type, const struct kc_public_key *recipient, char **text)
{
    size_t size;
    struct kc_mesh_letter letter = {.payload = {w->json.out.bytes, w->json.out.size},
        .type = kc_object_info(type)->name,
        .signer = administrator(making),
        .recipients = recipient,
        .recipient_count = recipient != NULL ? 1 : 0};
    enum kc_error error = kc_object_writer_finish(w);
    return error == KC_OK ? kc_mesh_envelope_make(making->source, &letter, text, &size) : error;
}

static enum kc_error connection_make(struct making *making)
{
    uint8_t room[CONNECTION_ROOM];
    struct kc_object_writer w;
    const struct kc_mesh_connected *made = making->made;
    const struct kc_mesh_account *account = making->connecting->account;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ConnectionDevice);
    kc_object_write_time(&w, "Updated", (int64_t)making->source->now);
    kc_object_write_text(&w, "Subject", making->connecting->device->udf);
    kc_object_write_text(&w, "Authority", account->udf);
    kc_object_write_text(&w, "Account", account->address);
    kc_mesh_write_public(&w, "Authentication", &made->authentication);
    kc_mesh_write_public(&w, "Signature", &made->signature);
    kc_mesh_write_public(&w, "Encryption", &made->encryption);
    kc_object_write_end(&w);
    return envelope(making, &w, KC_OBJECT_ConnectionDevice, NULL, &making->made->connection);
}

/* --- what only the device reads --- */

static enum kc_error activation_device_make(struct making *making, struct kc_span seed)
{
    uint8_t room[1024];          /* secret */
    char text[KC_UDF_TEXT_SIZE]; /* secret */
    struct kc_object_writer w;
    enum kc_error error = kc_udf_present(KC_UDF_SEED, seed, 0, text, sizeof text);
    if (error == KC_OK) {
        kc_object_writer_init(&w, room, sizeof room);
        kc_object_write_tagged(&w, NULL, KC_OBJECT_ActivationDevice);
        kc_object_write_text(&w, "ActivationKey", text);
        kc_object_write_text(&w, "AccountUdf", making->connecting->account->udf);
        kc_object_write_end(&w);
        error = envelope(making, &w, KC_OBJECT_ActivationDevice,
            &making->connecting->device->encryption, &making->activation_device);
    }
    kc_wipe(text, sizeof text);
    kc_wipe(room, sizeof room);
    return error;
}

static enum kc_error whole_write(
    struct kc_object_writer *w, const char *field, const struct kc_key *key)
{
    struct kc_public_key public;
    enum kc_error error = kc_mesh_public_key(&key->public, &public);
    if (error == KC_OK)
        kc_mesh_write_scalar(w, field, &public, &key->scalar);
    return error;
}

static enum kc_error resource_write(struct kc_object_writer *w, const struct making *making,
    const char *field, const struct kc_mesh_given *given)
{
    struct kc_public_key whole;
    if (given->key == NULL)
        return KC_OK;
    if (given->share_own == NULL)
        return whole_write(w, field, given->key);
    enum kc_error error = kc_mesh_public_key(&given->key->public, &whole);
    if (error == KC_OK)
        kc_mesh_write_share(w, field,
            &(struct kc_mesh_key_share){.whole = &whole,
                .own = given->share_own,
                .share = &given->share,
                .service_id = given->service_id,
                .service_address = making->connecting->service_address});
    return error;
}

static enum kc_error resources_write(struct kc_object_writer *w, const struct making *making)
{
    static const char *const fields[] = {[KC_MESH_RESOURCE_PROFILE] = "ProfileSignature",
        [KC_MESH_RESOURCE_ADMINISTRATOR] = "AdministratorSignature",
        [KC_MESH_RESOURCE_ENCRYPTION] = "AccountEncryption",
        [KC_MESH_RESOURCE_AUTHENTICATION] = "AccountAuthentication",
        [KC_MESH_RESOURCE_SIGNATURE] = "AccountSignature"};
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_RESOURCE_COUNT; i++)
        error = resource_write(w, making, fields[i], &making->given[i]);
    return error;
}

static enum kc_error stores_write(struct kc_object_writer *w, const struct kc_mesh_rights *rights)
{
    enum kc_error error = KC_OK;
    if (rights->store_count == 0)
        return KC_OK;
    kc_object_write_list(w, "Entries");
    for (size_t i = 0; error == KC_OK && i < rights->store_count; i++) {
        if (rights->stores[i].key == NULL)
            return KC_ERR_BAD_ARGUMENT;
        kc_object_write_object(w, NULL, KC_OBJECT_ActivationEntry);
        kc_object_write_text(w, "Resource", rights->stores[i].name);
        error = whole_write(w, "Key", rights->stores[i].key);
        kc_object_write_end(w);
    }
    kc_object_write_end(w);
    return error;
}

/* Encrypted to the composite key: who has just the base key, or just the seed, reads nothing. */
static enum kc_error activation_account_make(struct making *making)
{
    uint8_t room[ACTIVATION_ROOM]; /* secret */
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ActivationAccount);
    kc_object_write_text(&w, "AccountUdf", making->connecting->account->udf);
    enum kc_error error = resources_write(&w, making);
    if (error == KC_OK)
        error = stores_write(&w, making->connecting->rights);
    kc_object_write_end(&w);
    if (error == KC_OK)
        error = envelope(making, &w, KC_OBJECT_ActivationAccount, &making->made->encryption,
            &making->activation_account);
    kc_wipe(room, sizeof room);
    return error;
}

/* --- the entry, and the answer to the device's request --- */

static void source_write(struct kc_object_writer *w, const char *field, const char *text)
{
    kc_object_write_source(w, field, (struct kc_span){(const uint8_t *)text, strlen(text)});
}

static void cataloged_fields_write(struct kc_object_writer *w, const struct making *making)
{
    const struct kc_mesh_connecting *connecting = making->connecting;
    kc_object_write_text(w, "Udf", connecting->device->udf);
    kc_object_write_text(w, "DeviceUdf", connecting->device->udf);
    kc_object_write_text(w, "SignatureUdf", making->made->signature.udf);
    kc_object_write_time(w, "Updated", (int64_t)making->source->now);
    kc_object_write_source(w, "EnvelopedProfileUser", connecting->account_profile);
    kc_object_write_source(w, "EnvelopedProfileDevice", connecting->device_profile);
    source_write(w, "EnvelopedConnectionDevice", making->made->connection);
    source_write(w, "EnvelopedActivationDevice", making->activation_device);
    source_write(w, "EnvelopedActivationAccount", making->activation_account);
}

static enum kc_error cataloged_make(struct making *making, uint8_t *room)
{
    struct kc_object_writer w;
    size_t size;
    kc_object_writer_init(&w, room, CATALOGED_ROOM);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CatalogedDevice);
    cataloged_fields_write(&w, making);
    kc_object_write_end(&w);
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = "CatalogedDevice",
        .unique_id = making->connecting->device->udf,
        .event = "New",
        .signer = administrator(making)};
    enum kc_error error = kc_object_writer_finish(&w);
    return error == KC_OK
               ? kc_mesh_envelope_make(making->source, &letter, &making->made->cataloged, &size)
               : error;
}

static enum kc_error respond_ids(
    const char *acknowledged, char id[KC_UDF_ID_SIZE], char envelope_id[KC_UDF_ID_SIZE])
{
    enum kc_error error = kc_make_id(acknowledged, KC_ID_OF_RESPONSE, id);
    return error == KC_OK ? kc_make_id(id, KC_ID_OF_ENVELOPE, envelope_id) : error;
}

static enum kc_error respond_make(struct making *making, uint8_t *room)
{
    struct kc_object_writer w;
    size_t size;
    char id[KC_UDF_ID_SIZE], envelope_id[KC_UDF_ID_SIZE];
    if (making->connecting->acknowledged == NULL)
        return KC_OK;
    enum kc_error error = respond_ids(making->connecting->acknowledged, id, envelope_id);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, room, CATALOGED_ROOM);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_RespondConnection);
    kc_object_write_text(&w, "MessageId", id);
    kc_object_write_text(&w, "Result", "Accept");
    kc_object_write_object(&w, "CatalogedDevice", KC_OBJECT_CatalogedDevice);
    cataloged_fields_write(&w, making);
    kc_object_write_end(&w);
    kc_object_write_end(&w);
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = "RespondConnection",
        .id = envelope_id,
        .unique_id = id,
        .signer = administrator(making)};
    error = kc_object_writer_finish(&w);
    return error == KC_OK
               ? kc_mesh_envelope_make(making->source, &letter, &making->made->respond, &size)
               : error;
}

static enum kc_error all_make(struct making *making, struct kc_span seed, uint8_t *room)
{
    enum kc_error error = connection_make(making);
    if (error == KC_OK)
        error = activation_device_make(making, seed);
    if (error == KC_OK)
        error = activation_account_make(making);
    if (error == KC_OK)
        error = cataloged_make(making, room);
    return error == KC_OK ? respond_make(making, room) : error;
}

enum kc_error kc_mesh_device_documents(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, struct kc_span seed,
    const struct kc_mesh_given given[KC_MESH_RESOURCE_COUNT], struct kc_mesh_connected *made)
{
    struct making making = {
        .source = source, .connecting = connecting, .given = given, .made = made};
    uint8_t *room = malloc(CATALOGED_ROOM);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = all_make(&making, seed, room);
    free(making.activation_device);
    free(making.activation_account);
    free(room);
    return error;
}

enum kc_error kc_mesh_device_withdraw(const struct kc_mesh_source *source,
    const struct kc_key *administrator_key, const char *udf, char **entry)
{
    uint8_t room[256];
    struct kc_object_writer w;
    size_t size;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CatalogedDevice);
    kc_object_write_text(&w, "DeviceUdf", udf);
    kc_object_write_end(&w);
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = "CatalogedDevice",
        .unique_id = udf,
        .event = "Delete",
        .signer = administrator_key};
    enum kc_error error = kc_object_writer_finish(&w);
    return error == KC_OK ? kc_mesh_envelope_make(source, &letter, entry, &size) : error;
}
