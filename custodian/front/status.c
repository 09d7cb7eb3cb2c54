/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/catalog.h"
#include "custodian/front/exchange.h"
#include "custodian/mesh/capability.h"

#include <stdlib.h>
#include <string.h>

/* --- a response to whoever the requester is --- */

typedef enum kc_error write_content(
    struct kc_exchange *exchange, const struct kc_requester *requester, struct kc_object_writer *w);

/* stores  0, or what the stores that it names are refused with */
static void answer(struct kc_exchange *exchange, int stores, write_content *write)
{
    struct kc_requester requester;
    struct kc_response response = {.octets = NULL};
    if (!kc_requester_find(exchange, &requester))
        return;
    if (stores != 0) {
        kc_exchange_refuse_stores(exchange, stores);
        kc_requester_done(&requester);
        return;
    }
    enum kc_error error =
        kc_response_begin(exchange, 201, "Operation completed successfully", &response);
    if (error == KC_OK) {
        error = write(exchange, &requester, &response.writer);
        enum kc_error ended = kc_response_end(exchange, &response);
        error = error == KC_OK ? ended : error;
    }
    if (error != KC_OK)
        kc_exchange_fail(exchange, error);
    kc_requester_done(&requester);
}

/* --- Status --- */

static enum kc_error write_status(struct kc_exchange *exchange, const char *address,
    const struct kc_container *container, struct kc_object_writer *w)
{
    struct kc_front_status status;
    enum kc_error error =
        kc_front_store_status(exchange->front->store, address, container->name, &status);
    if (error != KC_OK || status.count == 0)
        return error;
    kc_object_write_object(w, NULL, KC_OBJECT_ContainerStatus);
    kc_object_write_text(w, "Container", container->name);
    kc_object_write_integer(w, "Index", (int64_t)status.count);
    kc_object_write_octets(w, "Digest", (struct kc_span){status.tree, sizeof status.tree});
    kc_object_write_end(w);
    return KC_OK;
}

static enum kc_error write_named(struct kc_exchange *exchange, const char *address,
    struct kc_json names, struct kc_object_writer *w)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < kc_json_count(names); i++) {
        const struct kc_container *container = kc_container_find(kc_json_item(names, i));
        if (container)
            error = write_status(exchange, address, container, w);
    }
    return error;
}

/* Those that the request names, or all. */
static enum kc_error write_statuses(
    struct kc_exchange *exchange, const char *address, struct kc_object_writer *w)
{
    struct kc_json catalogs = kc_object_member(&exchange->request.object, "Catalogs");
    struct kc_json spools = kc_object_member(&exchange->request.object, "Spools");
    const struct kc_container *container;
    enum kc_error error = KC_OK;
    kc_object_write_list(w, "ContainerStatus");
    if (kc_json_count(catalogs) + kc_json_count(spools) > 0) {
        error = write_named(exchange, address, catalogs, w);
        if (error == KC_OK)
            error = write_named(exchange, address, spools, w);
    } else {
        for (size_t i = 0; error == KC_OK && (container = kc_container_at(i)); i++)
            error = write_status(exchange, address, container, w);
    }
    kc_object_write_end(w);
    return error;
}

/* What the device catalog says of a device: its newest frame that is about it. */
struct entry {
    const char *device;
    struct kc_dare_envelope *room;
    char *text; /* owned; NULL: there is none, or it was deleted */
    size_t size;
    bool is_out_of_memory;
};

static bool is_about(struct entry *entry, struct kc_span envelope, bool *deletes)
{
    char id[KC_DARE_KID_SIZE], name[KC_UDF_ID_SIZE];
    if (kc_dare_envelope_read(envelope, entry->room) != KC_OK)
        return false;
    *deletes = kc_container_deletes(entry->room, id);
    kc_dare_envelope_done(entry->room);
    return kc_mesh_device_name(id, name) && strcmp(name, entry->device) == 0;
}

static bool see_entry(void *context, uint64_t number, struct kc_span envelope)
{
    struct entry *entry = context;
    bool deletes = false;
    (void)number;
    if (!is_about(entry, envelope, &deletes))
        return true;
    free(entry->text);
    entry->size = envelope.size;
    entry->text = deletes ? NULL : malloc(envelope.size + 1);
    if (entry->text)
        memcpy(entry->text, envelope.bytes, envelope.size);
    entry->is_out_of_memory = !deletes && !entry->text;
    return !entry->is_out_of_memory;
}

/* "The changed device entry", for the device that asks. */
static enum kc_error write_own_entry(
    struct kc_exchange *exchange, const struct kc_requester *requester, struct kc_object_writer *w)
{
    struct entry entry = {.device = requester->device, .room = calloc(1, sizeof *entry.room)};
    enum kc_error error = KC_ERR_NO_MEMORY;
    if (entry.room)
        error = kc_front_store_frames(exchange->front->store, requester->account.address,
            "MMM_Device", 0, INT64_MAX, see_entry, &entry);
    if (error == KC_OK && entry.is_out_of_memory)
        error = KC_ERR_NO_MEMORY;
    if (error == KC_OK && entry.text)
        kc_object_write_source(w, "EnvelopedCatalogedDevice",
            (struct kc_span){(const uint8_t *)entry.text, entry.size});
    free(entry.text);
    free(entry.room);
    return error;
}

static enum kc_error write_status_of_account(
    struct kc_exchange *exchange, const struct kc_requester *requester, struct kc_object_writer *w)
{
    enum kc_error error = write_statuses(exchange, requester->account.address, w);
    kc_object_write_source(w, "EnvelopedProfileAccount",
        (struct kc_span){requester->account.profile, requester->account.profile_size});
    return error == KC_OK && !requester->is_administrator ? write_own_entry(exchange, requester, w)
                                                          : error;
}

void kc_front_status(struct kc_exchange *exchange)
{
    const struct kc_object *request = &exchange->request.object;
    int catalogs = kc_containers_check(kc_object_member(request, "Catalogs"), NULL);
    int spools = kc_containers_check(kc_object_member(request, "Spools"), NULL);
    answer(exchange, catalogs != 0 ? catalogs : spools, write_status_of_account);
}

/* --- Download --- */

#define RESERVE ((size_t)4096) /* octets of a response beside its frames */

struct download {
    struct kc_object_writer *writer;
    uint64_t entries_left;
    size_t octets_left;
};

static bool write_frame(void *context, uint64_t number, struct kc_span envelope)
{
    struct download *download = context;
    (void)number;
    if (download->entries_left == 0 || envelope.size + 1 > download->octets_left)
        return false;
    kc_object_write_source(download->writer, NULL, envelope);
    download->entries_left--;
    download->octets_left -= envelope.size + 1;
    return true;
}

static uint64_t number_of(const struct kc_object *object, const char *name, uint64_t otherwise)
{
    int64_t number = 0;
    return kc_json_integer(kc_object_member(object, name), &number) == KC_OK && number >= 0
               ? (uint64_t)number
               : otherwise;
}

/* What fits; the Index tells how much there is, so that the rest is asked for. What is appended meanwhile
 * is none of it: the digest is not that one's. */
static enum kc_error write_update(struct kc_exchange *exchange, const char *address,
    const struct kc_object *select, struct download *download)
{
    const struct kc_container *container = kc_container_find(kc_object_member(select, "Container"));
    struct kc_front_status status = {.count = 0};
    struct kc_object_writer *w = download->writer;
    if (!container || download->octets_left < RESERVE)
        return KC_OK;
    enum kc_error error =
        kc_front_store_status(exchange->front->store, address, container->name, &status);
    if (error != KC_OK)
        return error;
    kc_object_write_object(w, NULL, KC_OBJECT_ContainerUpdate);
    kc_object_write_text(w, "Container", container->name);
    kc_object_write_integer(w, "Index", (int64_t)status.count);
    kc_object_write_octets(w, "Digest", (struct kc_span){status.tree, sizeof status.tree});
    kc_object_write_list(w, "Envelopes");
    uint64_t end = number_of(select, "IndexMax", status.count);
    error = kc_front_store_frames(exchange->front->store, address, container->name,
        number_of(select, "IndexMin", 0), end < status.count ? end : status.count, write_frame,
        download);
    kc_object_write_end(w);
    kc_object_write_end(w);
    download->octets_left -= download->octets_left < 512 ? download->octets_left : 512;
    return error;
}

static enum kc_error write_updates(
    struct kc_exchange *exchange, const struct kc_requester *requester, struct kc_object_writer *w)
{
    const struct kc_object *request = &exchange->request.object;
    struct kc_json selects = kc_object_member(request, "Select");
    struct kc_object limits = kc_object_inner(request, "ConstraintsPost");
    uint64_t most = KC_FRONT_RESPONSE_MAX - RESERVE, said = most;
    uint64_t entries = UINT64_MAX;
    if (limits.type != KC_OBJECT_NONE) {
        said = number_of(&limits, "BytesMax", most);
        entries = number_of(&limits, "MaxEntries", entries);
    }
    struct download download = {w, entries, (size_t)(said < most ? said : most)};
    enum kc_error error = KC_OK;
    kc_object_write_list(w, "Updates");
    for (size_t i = 0; error == KC_OK && i < kc_json_count(selects); i++) {
        struct kc_object select = {KC_OBJECT_ConstraintsSelect, kc_json_item(selects, i)};
        error = write_update(exchange, requester->account.address, &select, &download);
    }
    kc_object_write_end(w);
    return error;
}

void kc_front_download(struct kc_exchange *exchange)
{
    struct kc_json selects = kc_object_member(&exchange->request.object, "Select");
    answer(exchange, kc_containers_check(selects, "Container"), write_updates);
}
