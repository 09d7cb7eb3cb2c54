/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/exchange.h"
#include "custodian/mesh/capability.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Any defect of who asks has one answer. */
#define NOT_AUTHENTICATED "The signature or its accreditation does not verify"

bool kc_exchange_id(const struct kc_exchange *exchange, uint8_t id[KC_REPLAY_ID_SIZE])
{
    uint8_t read[KC_REPLAY_ID_SIZE];
    size_t size = sizeof read;
    struct kc_json value = kc_object_member(&exchange->request.object, "ID");
    if (kc_json_octets(value, read, &size) != KC_OK || size != sizeof read)
        return false;
    memcpy(id, read, sizeof read);
    return true;
}

static bool is_for_us(const struct kc_exchange *exchange)
{
    char service[KC_FRONT_NAME_SIZE];
    struct kc_json value = kc_object_member(&exchange->request.object, "Service");
    return kc_json_text(value, service, sizeof service) == KC_OK &&
           strcasecmp(service, exchange->front->settings->service) == 0;
}

static bool is_timely(const struct kc_exchange *exchange, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    uint64_t time = kc_replay_time(id), now = exchange->now_ms;
    return (time > now ? time - now : now - time) <= KC_REPLAY_SKEW_MS;
}

/* The account that a request names, or that the device's connection does; a wrong one only makes
 * the request not verify. */
static struct kc_json said_address(const struct kc_exchange *exchange,
    struct kc_dare_envelope *connection, struct kc_json_document *document)
{
    struct kc_json said = kc_object_member(&exchange->request.object, "Account");
    struct kc_object object;
    for (size_t i = 0; !kc_json_is_there(said) && i < exchange->envelope->signature_count; i++) {
        struct kc_span manifest = exchange->envelope->signatures[i].manifest;
        if (manifest.size == 0 || kc_dare_envelope_read(manifest, connection) != KC_OK)
            continue;
        struct kc_span body = {connection->body, connection->body_size};
        if (kc_object_parse(body, body.size, KC_OBJECT_ConnectionDevice, document, &object, NULL) ==
            KC_OK)
            said = kc_object_member(&object, "Account");
        break;
    }
    return said;
}

static enum kc_error find_account(
    const struct kc_exchange *exchange, struct kc_front_account *account)
{
    char said[KC_FRONT_ADDRESS_SIZE], address[KC_FRONT_ADDRESS_SIZE];
    struct kc_json_document document = {.nodes = NULL};
    struct kc_dare_envelope *connection = calloc(1, sizeof *connection);
    if (!connection)
        return KC_ERR_NO_MEMORY;
    struct kc_json value = said_address(exchange, connection, &document);
    bool good = kc_json_text(value, said, sizeof said) == KC_OK && kc_mesh_address(said, address);
    kc_json_done(&document);
    kc_dare_envelope_done(connection);
    free(connection);
    if (!good)
        return KC_ERR_SIGNATURE;
    enum kc_error error = kc_front_store_account(exchange->front->store, address, account);
    return error == KC_OK && !account->profile ? KC_ERR_SIGNATURE : error;
}

/* Under the name of its profile, or that of its key. */
static enum kc_error check_revoked(
    const struct kc_exchange *exchange, const struct kc_requester *requester)
{
    struct kc_front_store *store = exchange->front->store;
    const char *address = requester->account.address;
    bool is_revoked = false, also = false;
    enum kc_error error = kc_front_store_is_revoked(store, address, requester->device, &is_revoked);
    if (error == KC_OK)
        error = kc_front_store_is_revoked(store, address, requester->device_key, &also);
    return error == KC_OK && (is_revoked || also) ? KC_ERR_SIGNATURE : error;
}

static enum kc_error check_device(const struct kc_exchange *exchange,
    struct kc_requester *requester, const struct kc_accredited_request *verified)
{
    char subject[KC_UDF_DIGEST_TEXT_SIZE];
    struct kc_json value = kc_object_member(&verified->connection.object, "Subject");
    if (kc_json_text(value, subject, sizeof subject) != KC_OK ||
        !kc_mesh_device_name(subject, requester->device))
        return KC_ERR_SIGNATURE;
    memcpy(requester->device_key, verified->device.udf, sizeof requester->device_key);
    return check_revoked(exchange, requester);
}

/* By a device that the account's administrator connected, or by the administrator's key itself. */
static enum kc_error verify(const struct kc_exchange *exchange, struct kc_requester *requester)
{
    struct kc_mesh_account keys;
    struct kc_accredited_request verified;
    const struct kc_dare_signature *signature;
    struct kc_span profile = {requester->account.profile, requester->account.profile_size};

    enum kc_error error = kc_mesh_account_read(profile, NULL, &keys);
    if (error != KC_OK)
        return error;
    requester->is_administrator = kc_dare_envelope_verify(exchange->envelope, &keys.administrator,
                                      kc_mesh_verify, &signature) == KC_OK;
    if (requester->is_administrator)
        return KC_OK;
    const struct kc_accreditation accreditation = {
        .account_udf = keys.udf, .administrator = &keys.administrator};
    error = kc_accredited_request_verify(
        exchange->body, exchange->body.size, &accreditation, kc_mesh_verify, &verified);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : KC_ERR_SIGNATURE;
    error = check_device(exchange, requester, &verified);
    kc_accredited_request_done(&verified);
    return error;
}

bool kc_exchange_was_answered(
    struct kc_exchange *exchange, const char *address, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    char *text = NULL;
    size_t size = 0;
    int status = 0;
    enum kc_error error = kc_front_store_answer(exchange->front->store, address,
        (struct kc_span){id, KC_REPLAY_ID_SIZE}, exchange->envelope->digest, &status, &text, &size);
    if (error == KC_ERR_CONFLICT)
        kc_exchange_refuse(exchange, 401, "This request was already handled");
    else if (error != KC_OK)
        kc_exchange_fail(exchange, error);
    else if (text) {
        free(exchange->reply->text);
        *exchange->reply = (struct kc_front_reply){.status = status, .text = text, .size = size};
    }
    return error != KC_OK || text;
}

bool kc_requester_find(struct kc_exchange *exchange, struct kc_requester *requester)
{
    struct kc_requester found = {.is_administrator = false};
    enum kc_error error = KC_ERR_SIGNATURE;
    if (!kc_exchange_id(exchange, found.id)) {
        kc_exchange_refuse(exchange, 400, "The request has no ID of the required form");
        return false;
    }
    if (!kc_json_is_there(kc_object_member(&exchange->request.object, "Service"))) {
        kc_exchange_refuse(exchange, 400, "The request names no Service");
        return false;
    }
    if (is_for_us(exchange))
        error = find_account(exchange, &found.account);
    if (error == KC_OK)
        error = verify(exchange, &found);
    bool good = false;
    if (error == KC_ERR_SIGNATURE)
        kc_exchange_refuse(exchange, 401, NOT_AUTHENTICATED);
    else if (error != KC_OK)
        kc_exchange_fail(exchange, error);
    else if (!is_timely(exchange, found.id))
        kc_exchange_refuse(
            exchange, 401, "The request is too old or from the future; check the clock");
    else
        good = !kc_exchange_was_answered(exchange, found.account.address, found.id);
    if (!good) {
        kc_requester_done(&found);
        return false;
    }
    *requester = found;
    return true;
}

/* Whether who asks would be found again: neither is the account gone, or its profile another, nor was
 * the device revoked. */
static bool is_as_it_was(const struct kc_exchange *exchange, const struct kc_requester *requester)
{
    const struct kc_front_account *account = &requester->account;
    struct kc_front_account now = {.profile = NULL};
    bool same = kc_front_store_account(exchange->front->store, account->address, &now) == KC_OK &&
                now.profile && now.profile_size == account->profile_size &&
                memcmp(now.profile, account->profile, now.profile_size) == 0;
    kc_front_account_done(&now);
    return same && (requester->is_administrator || check_revoked(exchange, requester) == KC_OK);
}

bool kc_requester_is_still(struct kc_exchange *exchange, struct kc_requester *requester)
{
    if (is_as_it_was(exchange, requester))
        return !kc_exchange_was_answered(exchange, requester->account.address, requester->id);
    kc_requester_done(requester);
    return kc_requester_find(exchange, requester);
}

void kc_requester_done(struct kc_requester *requester)
{
    kc_front_account_done(&requester->account);
}

struct kc_front_kept_answer kc_exchange_keep(
    const struct kc_exchange *exchange, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    return (struct kc_front_kept_answer){.id = {id, KC_REPLAY_ID_SIZE},
        .digest = exchange->envelope->digest,
        .status = exchange->reply->status,
        .text = {(const uint8_t *)exchange->reply->text, exchange->reply->size},
        .now = exchange->now_ms / 1000};
}
