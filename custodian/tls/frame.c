/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/tls/frame.h"

#include "base/reader.h"
#include "base/writer.h"

#include <stdlib.h>

#define OCTETS_MAX ((size_t)KC_DATA_SIZE_MAX)

static bool is_contribution(enum kc_operation operation)
{
    return operation == KC_OPERATION_SIGNATURE_CONTRIBUTE ||
           operation == KC_OPERATION_AGREEMENT_CONTRIBUTE ||
           operation == KC_OPERATION_FROST_COMMIT || operation == KC_OPERATION_FROST_CONTRIBUTE ||
           operation == KC_OPERATION_FROST_ABORT;
}

bool kc_is_carried(const struct kc_message *request)
{
    return is_contribution(request->operation) &&
           !kc_values_has(&request->values, KC_FIELD_PEER_NAME);
}

enum kc_error kc_frame_head_read(
    const uint8_t bytes[static KC_FRAME_HEAD_SIZE], struct kc_frame_head *head)
{
    struct kc_reader r;
    struct kc_frame_head read = {0};
    kc_reader_init(&r, bytes, KC_FRAME_HEAD_SIZE);
    read.size = kc_reader_u32(&r);
    read.count = kc_reader_u8(&r);
    bool good = read.size > 0 && read.size <= KC_MESSAGE_SIZE_MAX;
    for (size_t i = 0; i < KC_DESCRIPTORS_MAX; i++) {
        read.sizes[i] = kc_reader_u32(&r);
        good = good && read.sizes[i] <= (i < read.count ? OCTETS_MAX : 0);
    }
    if (!good || read.count > KC_DESCRIPTORS_MAX || kc_reader_finish(&r) != KC_OK)
        return KC_ERR_BAD_REQUEST;
    *head = read;
    return KC_OK;
}

static enum kc_error send_head(struct kc_tls_link *link, size_t size,
    const struct kc_descriptors *descriptors, int64_t deadline_ms)
{
    uint8_t head[KC_FRAME_HEAD_SIZE];
    struct kc_writer w;
    kc_writer_init(&w, head, sizeof head);
    kc_writer_u32(&w, (uint32_t)size);
    kc_writer_u8(&w, (uint8_t)descriptors->count);
    for (size_t i = 0; i < KC_DESCRIPTORS_MAX; i++) {
        size_t octets = 0;
        if (i < descriptors->count &&
            kc_sealed_size(descriptors->fd[i], OCTETS_MAX, &octets) != KC_OK)
            return KC_ERR_BAD_REQUEST;
        kc_writer_u32(&w, (uint32_t)octets);
    }
    enum kc_error error = kc_writer_finish(&w);
    return error == KC_OK ? kc_tls_link_write(link, head, sizeof head, deadline_ms) : error;
}

static enum kc_error send_octets(struct kc_tls_link *link, int descriptor, int64_t deadline_ms)
{
    size_t size = 0;
    uint8_t *octets = malloc(OCTETS_MAX);
    if (!octets)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_sealed_read(descriptor, octets, OCTETS_MAX, &size);
    if (error == KC_OK && size > 0)
        error = kc_tls_link_write(link, octets, size, deadline_ms);
    free(octets);
    return error;
}

enum kc_error kc_frame_send(struct kc_tls_link *link, const void *message, size_t size,
    const struct kc_descriptors *descriptors, int64_t deadline_ms)
{
    static const struct kc_descriptors none = {.count = 0};
    const struct kc_descriptors *sent = descriptors ? descriptors : &none;
    enum kc_error error = send_head(link, size, sent, deadline_ms);
    if (error == KC_OK)
        error = kc_tls_link_write(link, message, size, deadline_ms);
    for (size_t i = 0; error == KC_OK && i < sent->count; i++)
        error = send_octets(link, sent->fd[i], deadline_ms);
    return error;
}

static enum kc_error receive_octets(
    struct kc_tls_link *link, size_t size, int64_t deadline_ms, int *descriptor)
{
    uint8_t *octets = malloc(size > 0 ? size : 1);
    if (!octets)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_tls_link_read(link, octets, size, deadline_ms);
    if (error == KC_OK)
        error = kc_sealed_make(octets, size, descriptor);
    free(octets);
    return error;
}

enum kc_error kc_frame_receive(struct kc_tls_link *link, uint8_t *message, size_t *size,
    size_t limit, struct kc_descriptors *descriptors, int64_t deadline_ms)
{
    uint8_t bytes[KC_FRAME_HEAD_SIZE];
    struct kc_frame_head head = {0};
    struct kc_descriptors made = {.count = 0};
    enum kc_error error = kc_tls_link_read(link, bytes, sizeof bytes, deadline_ms);
    if (error == KC_OK)
        error = kc_frame_head_read(bytes, &head);
    if (error == KC_OK && head.count > limit)
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        error = kc_tls_link_read(link, message, head.size, deadline_ms);
    for (size_t i = 0; error == KC_OK && i < head.count; i++) {
        error = receive_octets(link, head.sizes[i], deadline_ms, &made.fd[i]);
        made.count += error == KC_OK;
    }
    if (error != KC_OK) {
        kc_descriptors_close(&made);
        return error;
    }
    *size = head.size;
    *descriptors = made;
    return KC_OK;
}
