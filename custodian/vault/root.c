/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/root.h"
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

enum kc_error kc_vault_root_find(const struct kc_config *config,
    const struct kc_vault_outside *outside, const char *name, struct kc_vault_root *root)
{
    size_t number = kc_config_root_find(config, name[0] ? name : KC_CONFIG_ROOT_NAME);
    if (number == config->root_count)
        return KC_ERR_ROOT_UNAVAILABLE;
    *root = (struct kc_vault_root){outside, number};
    return KC_OK;
}

/* Asks, and lends the answer in packet; any error that the root answers is ours. */
static enum kc_error ask(struct kc_vault_root root, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_span *payload)
{
    struct kc_root_reply reply = {0};
    enum kc_error error =
        root.outside->root(root.outside->context, root.number, request, packet, &reply);
    if (error == KC_OK)
        error = reply.error;
    if (error == KC_OK)
        *payload = reply.payload;
    return error;
}

/* What a sealing key is for, as attestations have it: SHA-256 of the public key, if there is one. */
static void digest_public(const struct kc_record *record, uint8_t about[static KC_ROOT_ABOUT_SIZE])
{
    if (record->public_size > 0)
        crypto_hash_sha256(about, record->public_key, record->public_size);
    else
        memcpy(about, KC_ROOT_ABOUT_NOTHING, KC_ROOT_ABOUT_SIZE);
}

enum kc_error kc_vault_root_seal(
    struct kc_vault_root root, const uint8_t key[static KC_ROOT_KEY_SIZE], struct kc_record *record)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span blob;
    uint8_t about[KC_ROOT_ABOUT_SIZE];
    digest_public(record, about);
    struct kc_root_request request = {.type = KC_ROOT_REQUEST_SEAL, .key = key, .about = about};
    enum kc_error error = ask(root, &request, packet, &blob);
    if (error != KC_OK)
        return error;
    _Static_assert(KC_ROOT_BLOB_MAX <= KC_RECORD_SEAL_MAX, "a record holds any blob");
    memset(record->seal, 0, sizeof record->seal);
    memcpy(record->seal, blob.bytes, blob.size);
    record->seal_size = (uint16_t)blob.size;
    return KC_OK;
}

enum kc_error kc_vault_root_unseal(
    struct kc_vault_root root, const struct kc_record *record, uint8_t key[static KC_ROOT_KEY_SIZE])
{
    if (record->seal_size == 0)
        return KC_ERR_RECORD_DAMAGED;
    uint8_t packet[KC_ROOT_REPLY_MAX]; /* secret */
    struct kc_span payload;
    struct kc_root_request request = {
        .type = KC_ROOT_REQUEST_UNSEAL, .blob = {record->seal, record->seal_size}};
    enum kc_error error = ask(root, &request, packet, &payload);
    if (error == KC_OK)
        memcpy(key, payload.bytes, KC_ROOT_KEY_SIZE);
    kc_wipe(packet, sizeof packet);
    return error;
}

enum kc_error kc_vault_root_random(struct kc_vault_root root, uint8_t *octets, size_t size)
{
    uint8_t packet[KC_ROOT_REPLY_MAX]; /* secret */
    struct kc_span payload;
    struct kc_root_request request = {
        .type = KC_ROOT_REQUEST_RANDOM, .random_size = (uint16_t)size};
    enum kc_error error = ask(root, &request, packet, &payload);
    if (error == KC_OK)
        memcpy(octets, payload.bytes, size);
    kc_wipe(packet, sizeof packet);
    return error;
}

enum kc_error kc_vault_root_head_read(struct kc_vault_root root,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    uint8_t packet[KC_ROOT_REPLY_MAX]; /* secret */
    struct kc_span payload;
    struct kc_root_request request = {.type = KC_ROOT_REQUEST_HEAD_READ, .auth = authorisation};
    enum kc_error error = ask(root, &request, packet, &payload);
    if (error == KC_OK)
        memcpy(content, payload.bytes, KC_ROOT_HEAD_SIZE);
    kc_wipe(packet, sizeof packet);
    return error;
}

static enum kc_error put_head(struct kc_vault_root root, enum kc_root_request_type type,
    const uint8_t *authorisation, const uint8_t *content)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span payload;
    struct kc_root_request request = {.type = type, .auth = authorisation, .head = content};
    return ask(root, &request, packet, &payload);
}

enum kc_error kc_vault_root_head_write(struct kc_vault_root root,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    return put_head(root, KC_ROOT_REQUEST_HEAD_WRITE, authorisation, content);
}

enum kc_error kc_vault_root_head_make(struct kc_vault_root root,
    const uint8_t authorisation[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    return put_head(root, KC_ROOT_REQUEST_HEAD_MAKE, authorisation, content);
}

enum kc_error kc_vault_root_head_remove(
    struct kc_vault_root root, const uint8_t authorisation[static KC_ROOT_AUTH_SIZE])
{
    return put_head(root, KC_ROOT_REQUEST_HEAD_REMOVE, authorisation, NULL);
}

enum kc_error kc_vault_root_retire(struct kc_vault_root root)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span payload;
    struct kc_root_request request = {.type = KC_ROOT_REQUEST_RETIRE};
    return ask(root, &request, packet, &payload);
}

enum kc_error kc_vault_root_status(struct kc_vault_root root, struct kc_root_status *status)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span payload;
    struct kc_root_request request = {.type = KC_ROOT_REQUEST_STATUS};
    enum kc_error error = ask(root, &request, packet, &payload);
    if (error == KC_OK && kc_root_status_read(payload, status) != KC_OK)
        error = KC_ERR_ROOT_ANSWER;
    return error;
}

/* --- resident keys --- */

/* A question whose answer is a key. */
static enum kc_error ask_for_key(
    struct kc_vault_root root, const struct kc_root_request *request, struct kc_root_made *made)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span payload;
    enum kc_error error = ask(root, request, packet, &payload);
    if (error == KC_OK && kc_root_made_read(payload, made) != KC_OK)
        error = KC_ERR_ROOT_ANSWER;
    return error;
}

enum kc_error kc_vault_root_key_make(struct kc_vault_root root, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_root_made *made)
{
    const struct kc_root_request request = {.type = KC_ROOT_REQUEST_KEY_MAKE,
        .algorithm = (uint8_t)algorithm,
        .use = (uint8_t)use,
        .auth = auth,
        .tag = tag};
    return ask_for_key(root, &request, made);
}

enum kc_error kc_vault_root_key_left(struct kc_vault_root root,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], uint32_t number, struct kc_root_made *left)
{
    const struct kc_root_request request = {
        .type = KC_ROOT_REQUEST_KEY_LEFT, .tag = tag, .number = number};
    return ask_for_key(root, &request, left);
}

static enum kc_error tell(
    struct kc_vault_root root, enum kc_root_request_type type, const struct kc_root_key *key)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span payload;
    const struct kc_root_request request = {.type = type, .auth = key->auth, .blob = key->blob};
    return ask(root, &request, packet, &payload);
}

enum kc_error kc_vault_root_key_keep(struct kc_vault_root root, const struct kc_root_key *key)
{
    return tell(root, KC_ROOT_REQUEST_KEY_KEEP, key);
}

enum kc_error kc_vault_root_key_destroy(struct kc_vault_root root, const struct kc_root_key *key)
{
    return tell(root, KC_ROOT_REQUEST_KEY_DESTROY, key);
}

enum kc_error kc_vault_root_key_use(struct kc_vault_root root, const struct kc_root_key *key,
    enum kc_root_key_operation operation, enum kc_root_scheme scheme, struct kc_span input,
    struct kc_root_result *result)
{
    uint8_t packet[KC_ROOT_REPLY_MAX]; /* secret */
    struct kc_span payload;
    const struct kc_root_request request = {.type = KC_ROOT_REQUEST_KEY_USE,
        .operation = (uint8_t)operation,
        .scheme = (uint8_t)scheme,
        .auth = key->auth,
        .blob = key->blob,
        .input = input};
    enum kc_error error = ask(root, &request, packet, &payload);
    if (error == KC_OK) {
        memcpy(result->octets, payload.bytes, payload.size);
        result->size = payload.size;
    }
    kc_wipe(packet, sizeof packet);
    return error;
}

enum kc_error kc_vault_root_attest(struct kc_vault_root root, const struct kc_root_attest *about,
    struct kc_root_evidence *evidence)
{
    uint8_t packet[KC_ROOT_REPLY_MAX];
    struct kc_span payload;
    const struct kc_root_request request = {.type = KC_ROOT_REQUEST_ATTEST,
        .step = (uint8_t)about->step,
        .qualifying = about->qualifying,
        .auth = about->key.auth,
        .blob = about->key.blob,
        .input = about->credential};
    enum kc_error error = ask(root, &request, packet, &payload);
    if (error == KC_OK) {
        memcpy(evidence->octets, payload.bytes, payload.size);
        evidence->size = payload.size;
    }
    return error;
}
