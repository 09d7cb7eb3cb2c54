/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/catalog.h"
#include "custodian/front/exchange.h"
#include "custodian/mesh/capability.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 64     /* in one request */
#define CONTAINERS_MAX 16 /* that one request appends to */
#define RECEIPTS_MAX 3

/* What a request appends, found out before anything is done. */
struct plan {
    struct kc_front_append frames[FRAMES_MAX];
    uint8_t digests[FRAMES_MAX][KC_DARE_DIGEST_SIZE];
    size_t frame_count;
    struct {
        const struct kc_container *container;
        struct kc_front_status before;
        uint64_t next; /* index of the frame after those that were planned */
    } stores[CONTAINERS_MAX];
    size_t store_count;
    char revoked[FRAMES_MAX][KC_DARE_KID_SIZE];
    const char *revoked_names[FRAMES_MAX];
    size_t revoked_count;
    bool accepts, revokes, revokes_devices; /* what the vault has to do first */
    struct kc_custody_text receipts[RECEIPTS_MAX];
    size_t receipt_count;
    bool conflict; /* with the store of stores[store_count - 1] */
};

static void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->receipt_count; i++)
        free(plan->receipts[i].text);
    free(plan);
}

/* --- planning --- */

/* Whether the store is as the request expects it, if it says so. */
static bool is_expected(const struct kc_object *update, const struct kc_front_status *status)
{
    uint8_t digest[KC_LINK_SIZE];
    size_t size = sizeof digest;
    int64_t index = 0;
    struct kc_json said_index = kc_object_member(update, "Index");
    struct kc_json said_digest = kc_object_member(update, "Digest");
    if (kc_json_is_there(said_index) &&
        (kc_json_integer(said_index, &index) != KC_OK || (uint64_t)index != status->count))
        return false;
    return !kc_json_is_there(said_digest) ||
           (kc_json_octets(said_digest, digest, &size) == KC_OK && size == sizeof digest &&
               memcmp(digest, status->tree, size) == 0);
}

/* What the vault has to be asked because of a frame. A device that is deleted is refused here, too. */
static void plan_guard(
    struct plan *plan, enum kc_container_guard guard, const struct kc_dare_envelope *envelope)
{
    char id[KC_DARE_KID_SIZE];
    bool deletes = kc_container_deletes(envelope, id);
    if (guard == KC_CONTAINER_ACCESS && deletes)
        plan->revokes = true;
    else if (guard == KC_CONTAINER_ACCESS)
        plan->accepts = true;
    if (guard != KC_CONTAINER_DEVICES || !deletes)
        return;
    plan->revokes_devices = true;
    if (!kc_mesh_device_name(id, plan->revoked[plan->revoked_count]))
        memcpy(plan->revoked[plan->revoked_count], id, sizeof id);
    plan->revoked_names[plan->revoked_count] = plan->revoked[plan->revoked_count];
    plan->revoked_count++;
}

/* A frame 0 is the first of its store, or takes the place of the one that the account began with. */
static enum kc_error plan_frame(struct plan *plan, struct kc_span text)
{
    size_t i = plan->frame_count, store = plan->store_count - 1;
    const struct kc_container *container = plan->stores[store].container;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (!envelope)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = i < FRAMES_MAX ? kc_dare_envelope_read(text, envelope) : KC_ERR_TOO_LARGE;
    if (error == KC_OK) {
        bool is_first = kc_container_is_first(envelope);
        uint64_t next = plan->stores[store].next;
        memcpy(plan->digests[i], envelope->digest, KC_DARE_DIGEST_SIZE);
        plan->frames[i] =
            (struct kc_front_append){container->name, text, plan->digests[i], is_first ? 0 : next};
        plan->stores[store].next = is_first ? 1 : next + 1;
        plan->conflict = plan->conflict || (is_first && next > 1);
        plan->frame_count++;
        if (!is_first)
            plan_guard(plan, container->guard, envelope);
    }
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

/* Each store once: what a second update expects would be the first one's doing. */
static enum kc_error plan_store(struct plan *plan, const struct kc_container *container)
{
    if (!container || container->is_spool)
        return KC_ERR_BAD_REQUEST;
    for (size_t i = 0; i < plan->store_count; i++)
        if (plan->stores[i].container == container)
            return KC_ERR_BAD_REQUEST;
    if (plan->store_count == CONTAINERS_MAX)
        return KC_ERR_TOO_LARGE;
    plan->stores[plan->store_count++].container = container;
    return KC_OK;
}

static enum kc_error plan_update(struct kc_exchange *exchange, const char *address,
    const struct kc_object *update, struct plan *plan)
{
    struct kc_json envelopes = kc_object_member(update, "Envelopes");
    enum kc_error error =
        plan_store(plan, kc_container_find(kc_object_member(update, "Container")));
    if (error != KC_OK)
        return error;
    size_t store = plan->store_count - 1;
    struct kc_front_status *before = &plan->stores[store].before;
    error = kc_front_store_status(
        exchange->front->store, address, plan->stores[store].container->name, before);
    if (error != KC_OK)
        return error;
    plan->conflict = !is_expected(update, before);
    plan->stores[store].next = before->count;
    for (size_t i = 0; error == KC_OK && !plan->conflict && i < kc_json_count(envelopes); i++)
        error = plan_frame(plan, kc_json_source(kc_json_item(envelopes, i)));
    if (error == KC_OK && plan->stores[store].next > exchange->front->settings->limits.frames)
        error = KC_ERR_TOO_LARGE;
    return error;
}

static enum kc_error plan_all(struct kc_exchange *exchange, const char *address, struct plan *plan)
{
    struct kc_json updates = kc_object_member(&exchange->request.object, "Updates");
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && !plan->conflict && i < kc_json_count(updates); i++) {
        struct kc_object update = {KC_OBJECT_ContainerUpdate, kc_json_item(updates, i)};
        error = plan_update(exchange, address, &update, plan);
    }
    return error;
}

/* --- doing --- */

static void write_entries(struct kc_object_writer *w, const struct plan *plan)
{
    kc_object_write_list(w, "Entries");
    for (size_t i = 0; !plan->conflict && i < plan->frame_count; i++) {
        kc_object_write_object(w, NULL, KC_OBJECT_EntryResponse);
        kc_object_write_integer(w, "IndexRequest", (int64_t)i);
        kc_object_write_integer(w, "IndexContainer", (int64_t)plan->frames[i].number);
        kc_object_write_text(w, "Result", "Accept");
        kc_object_write_end(w);
    }
    kc_object_write_end(w);
}

/* How the store that was in the way is. */
static void write_conflict(struct kc_object_writer *w, const struct plan *plan)
{
    size_t store = plan->store_count - 1;
    const struct kc_front_status *status = &plan->stores[store].before;
    kc_object_write_list(w, "ContainerStatus");
    kc_object_write_object(w, NULL, KC_OBJECT_ContainerStatus);
    kc_object_write_text(w, "Container", plan->stores[store].container->name);
    kc_object_write_integer(w, "Index", (int64_t)status->count);
    kc_object_write_octets(w, "Digest", (struct kc_span){status->tree, sizeof status->tree});
    kc_object_write_end(w);
    kc_object_write_end(w);
}

static enum kc_error respond(struct kc_exchange *exchange, const struct plan *plan)
{
    struct kc_response response = {.octets = NULL};
    enum kc_error error = kc_response_begin(exchange, plan->conflict ? 409 : 201,
        plan->conflict ? "The store has changed" : "Operation completed successfully", &response);
    if (error != KC_OK)
        return error;
    write_entries(&response.writer, plan);
    if (plan->conflict)
        write_conflict(&response.writer, plan);
    if (plan->receipt_count > 0)
        kc_response_receipt(&response, plan->receipts, plan->receipt_count);
    return kc_response_end(exchange, &response);
}

/* False: the vault did not do it, and the reply is there. */
static bool ask_vault(struct kc_exchange *exchange, enum kc_custody_operation operation,
    bool wanted, struct plan *plan)
{
    struct kc_custody_answer answer = {.status = 0};
    if (!wanted)
        return true;
    enum kc_error error =
        kc_custody_pass(exchange->front->custody, operation, exchange->body, &answer);
    if (error != KC_OK) {
        kc_exchange_fail(exchange, error);
        return false;
    }
    plan->receipts[plan->receipt_count++] = answer.response;
    answer.response = (struct kc_custody_text){NULL, 0};
    kc_custody_answer_done(&answer);
    return true;
}

/* What the vault has to do it does before anything is acknowledged or stored: a crash in between is
 * mended by the request's being repeated, which changes nothing in the vault. What it may refuse comes
 * first: of a request that is refused, the deletions are not done either. */
static void carry_out(
    struct kc_exchange *exchange, const struct kc_requester *requester, struct plan *plan)
{
    if (!ask_vault(exchange, KC_CUSTODY_CAPABILITY_ACCEPT, plan->accepts, plan) ||
        !ask_vault(exchange, KC_CUSTODY_CAPABILITY_REVOKE, plan->revokes, plan) ||
        !ask_vault(exchange, KC_CUSTODY_DEVICE_REVOKE, plan->revokes_devices, plan))
        return;
    enum kc_error error = respond(exchange, plan);
    if (error == KC_OK) {
        struct kc_front_kept_answer answer = kc_exchange_keep(exchange, requester->id);
        const struct kc_front_change change = {.address = requester->account.address,
            .frames = plan->frames,
            .frame_count = plan->frame_count,
            .revoked = plan->revoked_names,
            .revoked_count = plan->revoked_count,
            .answer = &answer};
        error = kc_front_store_put(exchange->front->store, &change);
    }
    if (error != KC_OK)
        kc_exchange_fail(exchange, error);
}

/* Messages are carried by a later part of the service. */
static bool has_messages(const struct kc_exchange *exchange)
{
    static const char *const names[] = {"Outbound", "Inbound", "Local", "Self"};
    bool has = false;
    for (size_t i = 0; !has && i < sizeof names / sizeof *names; i++)
        has = kc_json_count(kc_object_member(&exchange->request.object, names[i])) > 0;
    return has;
}

static void transact(struct kc_exchange *exchange, struct kc_requester *requester)
{
    struct plan *plan = calloc(1, sizeof *plan);
    pthread_mutex_t *lock = kc_front_lock(exchange->front, requester->account.address);
    if (!plan) {
        kc_exchange_fail(exchange, KC_ERR_NO_MEMORY);
        return;
    }
    pthread_mutex_lock(lock);
    /* what had the lock may have been the same request, or one after which this one is nobody's */
    if (kc_requester_is_still(exchange, requester)) {
        enum kc_error error = plan_all(exchange, requester->account.address, plan);
        if (error == KC_OK && plan->conflict)
            error = respond(exchange, plan);
        else if (error == KC_OK)
            carry_out(exchange, requester, plan);
        if (error != KC_OK)
            kc_exchange_fail(exchange, error);
    }
    pthread_mutex_unlock(lock);
    plan_free(plan);
}

void kc_front_transact(struct kc_exchange *exchange)
{
    struct kc_requester requester;
    struct kc_json updates = kc_object_member(&exchange->request.object, "Updates");
    int stores = kc_containers_check(updates, "Container");
    if (!kc_requester_find(exchange, &requester))
        return;
    if (stores != 0)
        kc_exchange_refuse_stores(exchange, stores);
    else if (has_messages(exchange))
        kc_exchange_refuse(exchange, 501, "Messages are not carried by this service");
    else
        transact(exchange, &requester);
    kc_requester_done(&requester);
}
