/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root_message.h"

#include <string.h>

/* The arguments of requests about resident keys. */
static void write_key_arguments(struct kc_writer *w, const struct kc_root_request *request)
{
    if (request->type == KC_ROOT_REQUEST_KEY_LEFT) {
        kc_writer_bytes(w, request->tag, KC_ROOT_KEY_TAG_SIZE);
        kc_writer_u32(w, request->number);
        return;
    }
    if (request->type == KC_ROOT_REQUEST_KEY_MAKE) {
        kc_writer_u8(w, request->algorithm);
        kc_writer_u8(w, request->use);
    }
    if (request->type == KC_ROOT_REQUEST_KEY_USE) {
        kc_writer_u8(w, request->operation);
        kc_writer_u8(w, request->scheme);
    }
    kc_writer_bytes(w, request->auth, KC_ROOT_AUTH_SIZE);
    if (request->type == KC_ROOT_REQUEST_KEY_MAKE) {
        kc_writer_bytes(w, request->tag, KC_ROOT_KEY_TAG_SIZE);
    } else if (request->type == KC_ROOT_REQUEST_KEY_USE) {
        kc_writer_span(w, request->blob.bytes, request->blob.size);
        kc_writer_bytes(w, request->input.bytes, request->input.size);
    } else {
        kc_writer_bytes(w, request->blob.bytes, request->blob.size);
    }
}

enum kc_error kc_root_request_write(
    const struct kc_root_request *request, uint8_t packet[static KC_ROOT_REQUEST_MAX], size_t *size)
{
    struct kc_writer w;
    kc_writer_init(&w, packet, KC_ROOT_REQUEST_MAX);
    kc_writer_u8(&w, (uint8_t)request->type);
    kc_writer_u32(&w, request->id);
    switch (request->type) {
    case KC_ROOT_REQUEST_SEAL:
        kc_writer_bytes(&w, request->key, KC_ROOT_KEY_SIZE);
        kc_writer_bytes(&w, request->about, KC_ROOT_ABOUT_SIZE);
        break;
    case KC_ROOT_REQUEST_UNSEAL:
        kc_writer_bytes(&w, request->blob.bytes, request->blob.size);
        break;
    case KC_ROOT_REQUEST_RANDOM:
        kc_writer_u16(&w, request->random_size);
        break;
    case KC_ROOT_REQUEST_STATUS:
    case KC_ROOT_REQUEST_RETIRE:
        break;
    case KC_ROOT_REQUEST_HEAD_WRITE:
    case KC_ROOT_REQUEST_HEAD_MAKE:
        kc_writer_bytes(&w, request->head, KC_ROOT_HEAD_SIZE);
        __attribute__((fallthrough));
    case KC_ROOT_REQUEST_HEAD_READ:
    case KC_ROOT_REQUEST_HEAD_REMOVE:
        kc_writer_bytes(&w, request->auth, KC_ROOT_AUTH_SIZE);
        break;
    case KC_ROOT_REQUEST_KEY_MAKE:
    case KC_ROOT_REQUEST_KEY_LEFT:
    case KC_ROOT_REQUEST_KEY_KEEP:
    case KC_ROOT_REQUEST_KEY_DESTROY:
    case KC_ROOT_REQUEST_KEY_USE:
        write_key_arguments(&w, request);
        break;
    case KC_ROOT_REQUEST_ATTEST:
        kc_writer_u8(&w, request->step);
        kc_writer_bytes(&w, request->qualifying, KC_ROOT_QUALIFYING_SIZE);
        kc_writer_bytes(&w, request->auth, KC_ROOT_AUTH_SIZE);
        kc_writer_span(&w, request->blob.bytes, request->blob.size);
        kc_writer_bytes(&w, request->input.bytes, request->input.size);
        break;
    }
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        *size = w.size;
    return error;
}

/* All that is left, if that is a size in min..max. */
static struct kc_span rest(struct kc_reader *r, size_t min, size_t max)
{
    size_t size = r->left;
    if (size < min || size > max)
        kc_reader_fail(r);
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes ? (struct kc_span){bytes, size} : (struct kc_span){NULL, 0};
}

static void read_use(struct kc_reader *r, struct kc_root_request *request)
{
    request->operation = kc_reader_u8(r);
    if (request->operation < KC_ROOT_KEY_SIGN || request->operation > KC_ROOT_KEY_DECRYPT)
        kc_reader_fail(r);
    request->scheme = kc_reader_u8(r);
    request->auth = kc_reader_bytes(r, KC_ROOT_AUTH_SIZE);
    request->blob = kc_reader_span(r, KC_ROOT_BLOB_MAX);
    request->input = rest(r, 0, KC_ROOT_INPUT_MAX);
}

static void read_arguments(struct kc_reader *r, uint8_t type, struct kc_root_request *request)
{
    switch (type) {
    case KC_ROOT_REQUEST_SEAL:
        request->key = kc_reader_bytes(r, KC_ROOT_KEY_SIZE);
        request->about = kc_reader_bytes(r, KC_ROOT_ABOUT_SIZE);
        break;
    case KC_ROOT_REQUEST_UNSEAL:
        request->blob = rest(r, 1, KC_ROOT_BLOB_MAX);
        break;
    case KC_ROOT_REQUEST_RANDOM:
        request->random_size = kc_reader_u16(r);
        if (request->random_size < 1 || request->random_size > KC_ROOT_RANDOM_MAX)
            kc_reader_fail(r);
        break;
    case KC_ROOT_REQUEST_STATUS:
    case KC_ROOT_REQUEST_RETIRE:
        break;
    case KC_ROOT_REQUEST_HEAD_WRITE:
    case KC_ROOT_REQUEST_HEAD_MAKE:
        request->head = kc_reader_bytes(r, KC_ROOT_HEAD_SIZE);
        __attribute__((fallthrough));
    case KC_ROOT_REQUEST_HEAD_READ:
    case KC_ROOT_REQUEST_HEAD_REMOVE:
        request->auth = kc_reader_bytes(r, KC_ROOT_AUTH_SIZE);
        break;
    case KC_ROOT_REQUEST_KEY_MAKE:
        request->algorithm = kc_reader_u8(r);
        request->use = kc_reader_u8(r);
        request->auth = kc_reader_bytes(r, KC_ROOT_AUTH_SIZE);
        request->tag = kc_reader_bytes(r, KC_ROOT_KEY_TAG_SIZE);
        break;
    case KC_ROOT_REQUEST_KEY_LEFT:
        request->tag = kc_reader_bytes(r, KC_ROOT_KEY_TAG_SIZE);
        request->number = kc_reader_u32(r);
        break;
    case KC_ROOT_REQUEST_KEY_KEEP:
    case KC_ROOT_REQUEST_KEY_DESTROY:
        request->auth = kc_reader_bytes(r, KC_ROOT_AUTH_SIZE);
        request->blob = rest(r, 1, KC_ROOT_BLOB_MAX);
        break;
    case KC_ROOT_REQUEST_KEY_USE:
        read_use(r, request);
        break;
    case KC_ROOT_REQUEST_ATTEST:
        request->step = kc_reader_u8(r);
        if (request->step < KC_ROOT_ATTEST_HOST || request->step > KC_ROOT_ATTEST_ACTIVATE)
            kc_reader_fail(r);
        request->qualifying = kc_reader_bytes(r, KC_ROOT_QUALIFYING_SIZE);
        request->auth = kc_reader_bytes(r, KC_ROOT_AUTH_SIZE);
        request->blob = kc_reader_span(r, KC_ROOT_BLOB_MAX);
        request->input = rest(r, 0, KC_ROOT_INPUT_MAX);
        break;
    default:
        kc_reader_fail(r);
    }
}

enum kc_error kc_root_request_read(
    const uint8_t *packet, size_t size, struct kc_root_request *request)
{
    struct kc_reader r;
    struct kc_root_request read = {0};
    kc_reader_init(&r, packet, size);
    uint8_t type = kc_reader_u8(&r);
    read.id = kc_reader_u32(&r);
    read_arguments(&r, type, &read);
    enum kc_error error = kc_reader_finish(&r);
    if (error != KC_OK)
        return error;
    read.type = (enum kc_root_request_type)type;
    *request = read;
    return KC_OK;
}

enum kc_error kc_root_reply_write(
    const struct kc_root_reply *reply, uint8_t packet[static KC_ROOT_REPLY_MAX], size_t *size)
{
    struct kc_writer w;
    kc_writer_init(&w, packet, KC_ROOT_REPLY_MAX);
    kc_writer_u32(&w, reply->id);
    kc_writer_u16(&w, (uint16_t)reply->error);
    if (reply->error == KC_OK)
        kc_writer_bytes(&w, reply->payload.bytes, reply->payload.size);
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        *size = w.size;
    return error;
}

static struct kc_span read_payload(struct kc_reader *r, const struct kc_root_request *request)
{
    switch (request->type) {
    case KC_ROOT_REQUEST_SEAL:
        return rest(r, 1, KC_ROOT_BLOB_MAX);
    case KC_ROOT_REQUEST_UNSEAL:
        return rest(r, KC_ROOT_KEY_SIZE, KC_ROOT_KEY_SIZE);
    case KC_ROOT_REQUEST_RANDOM:
        return rest(r, request->random_size, request->random_size);
    case KC_ROOT_REQUEST_STATUS:
        return rest(r, KC_ROOT_STATUS_SIZE, KC_ROOT_STATUS_SIZE);
    case KC_ROOT_REQUEST_HEAD_READ:
        return rest(r, KC_ROOT_HEAD_SIZE, KC_ROOT_HEAD_SIZE);
    case KC_ROOT_REQUEST_HEAD_WRITE:
    case KC_ROOT_REQUEST_HEAD_MAKE:
    case KC_ROOT_REQUEST_HEAD_REMOVE:
    case KC_ROOT_REQUEST_RETIRE:
    case KC_ROOT_REQUEST_KEY_KEEP:
    case KC_ROOT_REQUEST_KEY_DESTROY:
        return rest(r, 0, 0);
    case KC_ROOT_REQUEST_KEY_LEFT:
        if (r->left == 0)
            return rest(r, 0, 0);
        __attribute__((fallthrough));
    case KC_ROOT_REQUEST_KEY_MAKE:
        return rest(r, 8, 2 + 4 + KC_ROOT_BLOB_MAX + KC_ROOT_PUBLIC_MAX);
    case KC_ROOT_REQUEST_KEY_USE:
        return rest(r, 1, KC_ROOT_RESULT_MAX);
    case KC_ROOT_REQUEST_ATTEST:
        return rest(r, 1, KC_ROOT_EVIDENCE_MAX);
    }
    kc_reader_fail(r);
    return (struct kc_span){NULL, 0};
}

enum kc_error kc_root_reply_read(const uint8_t *packet, size_t size,
    const struct kc_root_request *request, struct kc_root_reply *reply)
{
    struct kc_reader r;
    struct kc_root_reply read = {0};
    kc_reader_init(&r, packet, size);
    read.id = kc_reader_u32(&r);
    uint16_t number = kc_reader_u16(&r);
    if (read.id != request->id || !kc_error_known(number))
        kc_reader_fail(&r);
    read.error = (enum kc_error)number;
    if (read.error == KC_OK)
        read.payload = read_payload(&r, request);
    enum kc_error error = kc_reader_finish(&r);
    if (error == KC_OK)
        *reply = read;
    return error;
}

void kc_root_made_write(const struct kc_root_made *made, struct kc_writer *w)
{
    if (made->blob_size == 0)
        return;
    kc_writer_u8(w, (uint8_t)made->algorithm);
    kc_writer_u8(w, (uint8_t)made->use);
    kc_writer_span(w, made->blob, made->blob_size);
    kc_writer_bytes(w, made->public_key, made->public_size);
}

enum kc_error kc_root_made_read(struct kc_span payload, struct kc_root_made *made)
{
    struct kc_reader r;
    struct kc_root_made read = {0};
    if (payload.size == 0) {
        *made = read;
        return KC_OK;
    }
    kc_reader_init(&r, payload.bytes, payload.size);
    read.algorithm = (enum kc_algorithm)kc_reader_u8(&r);
    read.use = (enum kc_use)kc_reader_u8(&r);
    if (!kc_algorithm_info(read.algorithm) || read.use > KC_USE_DECRYPT)
        kc_reader_fail(&r);
    struct kc_span blob = kc_reader_span(&r, sizeof read.blob);
    struct kc_span public = rest(&r, 1, sizeof read.public_key);
    enum kc_error error = kc_reader_finish(&r);
    if (error != KC_OK || !blob.bytes || blob.size == 0 || !public.bytes)
        return KC_ERR_BAD_REQUEST;
    memcpy(read.blob, blob.bytes, blob.size);
    memcpy(read.public_key, public.bytes, public.size);
    read.blob_size = blob.size;
    read.public_size = public.size;
    *made = read;
    return KC_OK;
}

void kc_root_status_write(const struct kc_root_status *status, struct kc_writer *w)
{
    kc_writer_bytes(w, status->manufacturer, sizeof status->manufacturer);
    kc_writer_bytes(w, status->firmware, sizeof status->firmware);
    kc_writer_u8(w, status->in_lockout);
    kc_writer_u32(w, status->lockout_counter);
    kc_writer_u32(w, status->lockout_max_tries);
    kc_writer_u32(w, status->lockout_interval);
    kc_writer_u32(w, status->lockout_recovery);
    kc_writer_u32(w, status->srk_handle);
    kc_writer_bytes(w, status->srk_name, sizeof status->srk_name);
    kc_writer_u8(w, status->pcr_banks);
    kc_writer_u32(w, status->pcr_mask);
}

/* A text in a field of fixed size: its zero must be in it. */
static void read_text(struct kc_reader *r, char text[static KC_ROOT_TEXT_SIZE])
{
    kc_reader_copy(r, text, KC_ROOT_TEXT_SIZE);
    if (!memchr(text, 0, KC_ROOT_TEXT_SIZE))
        kc_reader_fail(r);
}

enum kc_error kc_root_status_read(struct kc_span payload, struct kc_root_status *status)
{
    struct kc_reader r;
    struct kc_root_status read = {0};
    kc_reader_init(&r, payload.bytes, payload.size);
    read_text(&r, read.manufacturer);
    read_text(&r, read.firmware);
    uint8_t in_lockout = kc_reader_u8(&r);
    if (in_lockout > 1)
        kc_reader_fail(&r);
    read.in_lockout = in_lockout == 1;
    read.lockout_counter = kc_reader_u32(&r);
    read.lockout_max_tries = kc_reader_u32(&r);
    read.lockout_interval = kc_reader_u32(&r);
    read.lockout_recovery = kc_reader_u32(&r);
    read.srk_handle = kc_reader_u32(&r);
    kc_reader_copy(&r, read.srk_name, sizeof read.srk_name);
    read.pcr_banks = kc_reader_u8(&r);
    read.pcr_mask = kc_reader_u32(&r);
    enum kc_error error = kc_reader_finish(&r);
    if (error == KC_OK)
        *status = read;
    return error;
}
