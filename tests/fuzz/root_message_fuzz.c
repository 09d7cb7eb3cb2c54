/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet between vault and root that is taken has one form: written again it is the same octets.
 * Tried as a request, and as the reply to a request of each type.
 */
#include "tests/fuzz/fuzz.h"

#include "custodian/root_message.h"

#include <string.h>

static void try_as_request(const uint8_t *bytes, size_t size)
{
    struct kc_root_request request;
    uint8_t again[KC_ROOT_REQUEST_MAX];
    size_t again_size = 0;
    if (kc_root_request_read(bytes, size, &request) != KC_OK)
        return;
    fuzz_must(kc_root_request_write(&request, again, &again_size) == KC_OK);
    fuzz_must(again_size == size && memcmp(again, bytes, size) == 0);
}

static void try_as_status(struct kc_span payload)
{
    struct kc_root_status status;
    uint8_t again[KC_ROOT_STATUS_SIZE];
    struct kc_writer w;
    if (kc_root_status_read(payload, &status) != KC_OK)
        return;
    kc_writer_init(&w, again, sizeof again);
    kc_root_status_write(&status, &w);
    fuzz_must(kc_writer_finish(&w) == KC_OK);
    fuzz_must(w.size == payload.size && memcmp(again, payload.bytes, w.size) == 0);
}

static void try_as_made(struct kc_span payload)
{
    struct kc_root_made made;
    uint8_t again[KC_ROOT_PAYLOAD_MAX];
    struct kc_writer w;
    if (kc_root_made_read(payload, &made) != KC_OK)
        return;
    kc_writer_init(&w, again, sizeof again);
    kc_root_made_write(&made, &w);
    fuzz_must(kc_writer_finish(&w) == KC_OK);
    fuzz_must(w.size == payload.size && memcmp(again, payload.bytes, w.size) == 0);
}

static void try_as_reply(const uint8_t *bytes, size_t size, enum kc_root_request_type type)
{
    const struct kc_root_request request = {.type = type, .id = 1, .random_size = 16};
    struct kc_root_reply reply;
    uint8_t again[KC_ROOT_REPLY_MAX];
    size_t again_size = 0;
    if (kc_root_reply_read(bytes, size, &request, &reply) != KC_OK)
        return;
    fuzz_must(kc_root_reply_write(&reply, again, &again_size) == KC_OK);
    fuzz_must(again_size == size && memcmp(again, bytes, size) == 0);
    if (type == KC_ROOT_REQUEST_STATUS && reply.error == KC_OK)
        try_as_status(reply.payload);
    if (type == KC_ROOT_REQUEST_KEY_MAKE && reply.error == KC_OK)
        try_as_made(reply.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_as_request(bytes, size);
    try_as_reply(bytes, size, KC_ROOT_REQUEST_SEAL);
    try_as_reply(bytes, size, KC_ROOT_REQUEST_UNSEAL);
    try_as_reply(bytes, size, KC_ROOT_REQUEST_RANDOM);
    try_as_reply(bytes, size, KC_ROOT_REQUEST_STATUS);
    try_as_reply(bytes, size, KC_ROOT_REQUEST_KEY_MAKE);
    try_as_reply(bytes, size, KC_ROOT_REQUEST_KEY_USE);
    return 0;
}
