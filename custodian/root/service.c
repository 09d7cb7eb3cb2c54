/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/service.h"

#include "base/secret.h"

#define PAUSE_MS_FIRST 100
#define PAUSE_MS_LAST 5000

void kc_root_service_init(
    struct kc_root_service *service, struct kc_root *root, uint64_t (*now_ms)(void))
{
    *service = (struct kc_root_service){.root = root, .now_ms = now_ms};
}

/* --- the operations --- */

static enum kc_error seal(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    size_t size = 0;
    enum kc_error error = kc_root_seal(root, request->key, request->about, payload->bytes, &size);
    payload->size = size;
    return error;
}

static enum kc_error unseal(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    payload->size = KC_ROOT_KEY_SIZE;
    return kc_root_unseal(root, request->blob.bytes, request->blob.size, payload->bytes);
}

static enum kc_error get_random(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    payload->size = request->random_size;
    return kc_root_random(root, payload->bytes, request->random_size);
}

static enum kc_error get_status(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)request;
    struct kc_root_status status;
    enum kc_error error = kc_root_status(root, &status);
    if (error == KC_OK)
        kc_root_status_write(&status, payload);
    return error;
}

static enum kc_error read_head(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    payload->size = KC_ROOT_HEAD_SIZE;
    return kc_root_head_read(root, request->auth, payload->bytes);
}

static enum kc_error write_head(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)payload;
    return kc_root_head_write(root, request->auth, request->head);
}

static enum kc_error make_head(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)payload;
    return kc_root_head_make(root, request->auth, request->head);
}

static enum kc_error remove_head(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)payload;
    return kc_root_head_remove(root, request->auth);
}

static enum kc_error retire(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)request, (void)payload;
    return kc_root_retire(root);
}

static enum kc_error make_key(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    struct kc_root_made made;
    enum kc_error error = kc_root_key_make(root, (enum kc_algorithm)request->algorithm,
        (enum kc_use)request->use, request->auth, request->tag, &made);
    if (error == KC_OK)
        kc_root_made_write(&made, payload);
    return error;
}

static enum kc_error find_left(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    struct kc_root_made left;
    enum kc_error error = kc_root_key_left(root, request->tag, request->number, &left);
    if (error == KC_OK)
        kc_root_made_write(&left, payload);
    return error;
}

static enum kc_error keep_key(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)payload;
    return kc_root_key_keep(root, &(struct kc_root_key){request->auth, request->blob});
}

static enum kc_error destroy_key(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    (void)payload;
    return kc_root_key_destroy(root, &(struct kc_root_key){request->auth, request->blob});
}

static enum kc_error use_key(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    const struct kc_root_key key = {request->auth, request->blob};
    enum kc_root_scheme scheme = (enum kc_root_scheme)request->scheme;
    switch ((enum kc_root_key_operation)request->operation) {
    case KC_ROOT_KEY_SIGN:
        return kc_root_key_sign(root, &key, scheme, request->input, payload->bytes, &payload->size);
    case KC_ROOT_KEY_AGREE:
        return kc_root_key_agree(root, &key, request->input, payload->bytes, &payload->size);
    case KC_ROOT_KEY_DECRYPT:
        return kc_root_key_decrypt(
            root, &key, scheme, request->input, payload->bytes, &payload->size);
    }
    return KC_ERR_BAD_ARGUMENT;
}

static enum kc_error attest(
    struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload)
{
    const struct kc_root_attest about = {
        .step = (enum kc_root_attest_step)request->step,
        .qualifying = request->qualifying,
        .key = {request->auth, request->blob},
        .credential = request->input,
    };
    return kc_root_attest(root, &about, payload->bytes, &payload->size);
}

/* The sizes of the requests are in root_message.c; a payload has room for KC_ROOT_PAYLOAD_MAX. */
static const struct operation {
    enum kc_root_request_type type;
    enum kc_error (*handle)(
        struct kc_root *root, const struct kc_root_request *request, struct kc_writer *payload);
} operations[] = {
    {KC_ROOT_REQUEST_SEAL, seal},
    {KC_ROOT_REQUEST_UNSEAL, unseal},
    {KC_ROOT_REQUEST_RANDOM, get_random},
    {KC_ROOT_REQUEST_STATUS, get_status},
    {KC_ROOT_REQUEST_HEAD_READ, read_head},
    {KC_ROOT_REQUEST_HEAD_WRITE, write_head},
    {KC_ROOT_REQUEST_HEAD_MAKE, make_head},
    {KC_ROOT_REQUEST_HEAD_REMOVE, remove_head},
    {KC_ROOT_REQUEST_RETIRE, retire},
    {KC_ROOT_REQUEST_KEY_MAKE, make_key},
    {KC_ROOT_REQUEST_KEY_LEFT, find_left},
    {KC_ROOT_REQUEST_KEY_KEEP, keep_key},
    {KC_ROOT_REQUEST_KEY_DESTROY, destroy_key},
    {KC_ROOT_REQUEST_KEY_USE, use_key},
    {KC_ROOT_REQUEST_ATTEST, attest},
};

static const struct operation *find(enum kc_root_request_type type)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (operations[i].type == type)
            return &operations[i];
    }
    return NULL;
}

/* --- answering --- */

static bool is_pausing(const struct kc_root_service *service)
{
    return service->ask_again_at > service->now_ms();
}

static void plan_next(struct kc_root_service *service, enum kc_error error)
{
    if (error != KC_ERR_ROOT_UNAVAILABLE) {
        service->pause_ms = 0;
        service->ask_again_at = 0;
        return;
    }
    uint32_t longer = service->pause_ms == 0 ? PAUSE_MS_FIRST : 2 * service->pause_ms;
    service->pause_ms = longer < PAUSE_MS_LAST ? longer : PAUSE_MS_LAST;
    service->ask_again_at = service->now_ms() + service->pause_ms;
}

static enum kc_error handle(struct kc_root_service *service, const struct operation *operation,
    const struct kc_root_request *request, struct kc_writer *payload)
{
    if (is_pausing(service))
        return KC_ERR_ROOT_UNAVAILABLE;
    enum kc_error error = operation->handle(service->root, request, payload);
    plan_next(service, error);
    return error;
}

enum kc_error kc_root_service_answer(struct kc_root_service *service, const uint8_t *packet,
    size_t size, uint8_t reply[static KC_ROOT_REPLY_MAX], size_t *reply_size)
{
    struct kc_root_request request;
    KC_AUTO_SECRET room = {0};
    enum kc_error error = kc_root_request_read(packet, size, &request);
    if (error != KC_OK || (error = kc_secret_init(&room, KC_ROOT_PAYLOAD_MAX)) != KC_OK)
        return error;
    const struct operation *operation = find(request.type);
    if (!operation)
        return KC_ERR_BAD_REQUEST;

    struct kc_writer payload;
    kc_writer_init(&payload, room.bytes, room.size);
    service->answered = handle(service, operation, &request, &payload);
    const struct kc_root_reply answer = {
        .id = request.id,
        .error = service->answered,
        .payload = {payload.bytes, payload.size},
    };
    return kc_root_reply_write(&answer, reply, reply_size);
}
