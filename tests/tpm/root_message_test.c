/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[KC_ROOT_KEY_SIZE] = "thirty-two octets that are a key";
static const uint8_t blob[] = "a blob";
static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = "a life's tag";
static const uint8_t about[KC_ROOT_ABOUT_SIZE] = "a digest of what the key is for";
static const uint8_t head[KC_ROOT_HEAD_SIZE] = "what a root keeps of a store";

static const struct kc_root_request requests[] = {
    {.type = KC_ROOT_REQUEST_SEAL, .id = 7, .key = key, .about = about},
    {.type = KC_ROOT_REQUEST_UNSEAL, .id = 0xfffffffe, .blob = {blob, sizeof blob}},
    {.type = KC_ROOT_REQUEST_RANDOM, .id = 0, .random_size = KC_ROOT_RANDOM_MAX},
    {.type = KC_ROOT_REQUEST_STATUS, .id = 9},
    {.type = KC_ROOT_REQUEST_HEAD_READ, .id = 10, .auth = key},
    {.type = KC_ROOT_REQUEST_HEAD_WRITE, .id = 11, .auth = key, .head = head},
    {.type = KC_ROOT_REQUEST_HEAD_MAKE, .id = 12, .auth = key, .head = head},
    {.type = KC_ROOT_REQUEST_HEAD_REMOVE, .id = 13, .auth = key},
    {.type = KC_ROOT_REQUEST_RETIRE, .id = 14},
    {.type = KC_ROOT_REQUEST_KEY_MAKE,
        .id = 13,
        .algorithm = KC_ALGORITHM_P256,
        .use = KC_USE_AGREE,
        .auth = key,
        .tag = tag},
    {.type = KC_ROOT_REQUEST_KEY_LEFT, .id = 14, .tag = tag, .number = 3},
    {.type = KC_ROOT_REQUEST_KEY_KEEP, .id = 15, .auth = key, .blob = {blob, sizeof blob}},
    {.type = KC_ROOT_REQUEST_KEY_DESTROY, .id = 16, .auth = key, .blob = {blob, sizeof blob}},
    {.type = KC_ROOT_REQUEST_KEY_USE,
        .id = 17,
        .operation = KC_ROOT_KEY_SIGN,
        .scheme = KC_ROOT_ECDSA,
        .auth = key,
        .blob = {blob, sizeof blob},
        .input = {key, sizeof key}},
    {.type = KC_ROOT_REQUEST_ATTEST,
        .id = 18,
        .step = KC_ROOT_ATTEST_RESIDENT,
        .qualifying = key,
        .auth = key,
        .blob = {blob, sizeof blob},
        .input = {key, sizeof key}},
};

#define REQUEST_COUNT (sizeof requests / sizeof requests[0])

static const struct kc_root_status status = {
    .manufacturer = "IBM SW TPM",
    .firmware = "2.3.4.5",
    .in_lockout = true,
    .lockout_counter = 1,
    .lockout_max_tries = 2,
    .lockout_interval = 3,
    .lockout_recovery = 4,
    .srk_handle = KC_ROOT_SRK_HANDLE,
    .srk_name = {0, 0x0b, 1, 2, 3},
    .pcr_banks = KC_ROOT_BANK_SHA256,
    .pcr_mask = 0x81,
};

static void a_request_survives_the_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        uint8_t packet[KC_ROOT_REQUEST_MAX];
        size_t size = 0;
        struct kc_root_request read;
        assert_int_equal(kc_root_request_write(&requests[i], packet, &size), KC_OK);
        assert_int_equal(kc_root_request_read(packet, size, &read), KC_OK);
        assert_int_equal(read.type, requests[i].type);
        assert_int_equal(read.id, requests[i].id);
        assert_int_equal(read.random_size, requests[i].random_size);
        assert_int_equal(read.blob.size, requests[i].blob.size);
        if (read.blob.size > 0)
            assert_memory_equal(read.blob.bytes, blob, sizeof blob);
        if (requests[i].key)
            assert_memory_equal(read.key, key, sizeof key);
        if (requests[i].about)
            assert_memory_equal(read.about, about, sizeof about);
        if (requests[i].auth)
            assert_memory_equal(read.auth, key, sizeof key);
        if (requests[i].head)
            assert_memory_equal(read.head, head, sizeof head);
        if (requests[i].tag)
            assert_memory_equal(read.tag, tag, sizeof tag);
        if (requests[i].input.size > 0)
            assert_memory_equal(read.input.bytes, key, sizeof key);
        assert_int_equal(read.input.size, requests[i].input.size);
        assert_int_equal(read.algorithm, requests[i].algorithm);
        assert_int_equal(read.use, requests[i].use);
        assert_int_equal(read.number, requests[i].number);
        assert_int_equal(read.operation, requests[i].operation);
        assert_int_equal(read.scheme, requests[i].scheme);
    }
}

/* Octets at the end of a request that may be fewer; 0: it has its size. */
static size_t open_end_of(const struct kc_root_request *request)
{
    bool is_blob = request->type == KC_ROOT_REQUEST_UNSEAL ||
                   request->type == KC_ROOT_REQUEST_KEY_KEEP ||
                   request->type == KC_ROOT_REQUEST_KEY_DESTROY;
    if (is_blob)
        return request->blob.size - 1;
    return request->input.size;
}

static void every_truncation_and_a_trailing_octet_of_a_request_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        uint8_t packet[KC_ROOT_REQUEST_MAX + 1] = {0};
        size_t size = 0;
        struct kc_root_request read;
        assert_int_equal(kc_root_request_write(&requests[i], packet, &size), KC_OK);
        size_t open_end = open_end_of(&requests[i]);
        size_t least = open_end > 0 ? size - open_end : size;
        for (size_t cut = 0; cut < least; cut++)
            assert_int_equal(kc_root_request_read(packet, cut, &read), KC_ERR_BAD_REQUEST);
        size_t longer = open_end > 0 ? sizeof packet : size + 1;
        assert_int_equal(kc_root_request_read(packet, longer, &read), KC_ERR_BAD_REQUEST);
    }
}

static void unknown_types_and_sizes_out_of_range_are_refused(void **state)
{
    (void)state;
    static const uint8_t bad[][7] = {
        {0, 0, 0, 0, 1, 0, 0},                       /* no type 0 */
        {5, 0, 0, 0, 1, 0, 0},                       /* no type 5 */
        {KC_ROOT_REQUEST_RANDOM, 0, 0, 0, 1, 0, 0},  /* no octets */
        {KC_ROOT_REQUEST_RANDOM, 0, 0, 0, 1, 0, 65}, /* one too many */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct kc_root_request read;
        assert_int_equal(kc_root_request_read(bad[i], sizeof bad[i], &read), KC_ERR_BAD_REQUEST);
        assert_int_equal(kc_root_request_read(bad[i], 5, &read), KC_ERR_BAD_REQUEST);
    }
}

static const struct kc_root_made made = {.algorithm = KC_ALGORITHM_P256,
    .use = KC_USE_SIGN,
    .blob = "its blob",
    .blob_size = 8,
    .public_key = "its public key",
    .public_size = 14};

/* Whether the payload of a reply may be of several sizes; the least. */
static size_t least_payload(enum kc_root_request_type type)
{
    if (type == KC_ROOT_REQUEST_KEY_MAKE || type == KC_ROOT_REQUEST_KEY_LEFT)
        return 8;
    return type == KC_ROOT_REQUEST_SEAL || type == KC_ROOT_REQUEST_KEY_USE ||
                   type == KC_ROOT_REQUEST_ATTEST
               ? 1
               : 0;
}

/* The payload that answers requests[i]. */
static struct kc_span payload_for(size_t i, uint8_t room[static KC_ROOT_BLOB_MAX])
{
    struct kc_writer w;
    kc_writer_init(&w, room, KC_ROOT_BLOB_MAX);
    static const uint8_t random[KC_ROOT_RANDOM_MAX] = {1, 2, 3};
    switch (requests[i].type) {
    case KC_ROOT_REQUEST_SEAL:
        kc_writer_bytes(&w, blob, sizeof blob);
        break;
    case KC_ROOT_REQUEST_UNSEAL:
        kc_writer_bytes(&w, key, sizeof key);
        break;
    case KC_ROOT_REQUEST_RANDOM:
        kc_writer_bytes(&w, random, sizeof random);
        break;
    case KC_ROOT_REQUEST_STATUS:
        kc_root_status_write(&status, &w);
        break;
    case KC_ROOT_REQUEST_HEAD_READ:
        kc_writer_bytes(&w, head, sizeof head);
        break;
    case KC_ROOT_REQUEST_KEY_MAKE:
    case KC_ROOT_REQUEST_KEY_LEFT:
        kc_root_made_write(&made, &w);
        break;
    case KC_ROOT_REQUEST_KEY_USE:
    case KC_ROOT_REQUEST_ATTEST:
        kc_writer_bytes(&w, blob, sizeof blob);
        break;
    case KC_ROOT_REQUEST_HEAD_WRITE:
    case KC_ROOT_REQUEST_HEAD_MAKE:
    case KC_ROOT_REQUEST_HEAD_REMOVE:
    case KC_ROOT_REQUEST_RETIRE:
    case KC_ROOT_REQUEST_KEY_KEEP:
    case KC_ROOT_REQUEST_KEY_DESTROY:
        break;
    }
    return (struct kc_span){room, w.size};
}

static void a_reply_survives_the_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        uint8_t packet[KC_ROOT_REPLY_MAX], room[KC_ROOT_BLOB_MAX];
        size_t size = 0;
        struct kc_root_reply reply = {.id = requests[i].id, .payload = payload_for(i, room)}, read;
        assert_int_equal(kc_root_reply_write(&reply, packet, &size), KC_OK);
        assert_int_equal(kc_root_reply_read(packet, size, &requests[i], &read), KC_OK);
        assert_int_equal(read.error, KC_OK);
        assert_int_equal(read.payload.size, reply.payload.size);
        assert_memory_equal(read.payload.bytes, room, reply.payload.size);
    }
}

static void a_reply_of_another_size_or_id_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        uint8_t packet[KC_ROOT_REPLY_MAX + 1] = {0}, room[KC_ROOT_BLOB_MAX];
        size_t size = 0;
        struct kc_root_reply reply = {.id = requests[i].id, .payload = payload_for(i, room)}, read;
        size_t least = least_payload(requests[i].type);
        bool open_ended = least > 0;
        assert_int_equal(kc_root_reply_write(&reply, packet, &size), KC_OK);
        for (size_t cut = 0; cut < (open_ended ? 6 + least : size); cut++) {
            if (cut == 6 && requests[i].type == KC_ROOT_REQUEST_KEY_LEFT)
                continue; /* there is none */
            assert_int_equal(
                kc_root_reply_read(packet, cut, &requests[i], &read), KC_ERR_BAD_REQUEST);
        }
        size_t longer = open_ended ? sizeof packet : size + 1;
        assert_int_equal(
            kc_root_reply_read(packet, longer, &requests[i], &read), KC_ERR_BAD_REQUEST);
        packet[0] ^= 1;
        assert_int_equal(kc_root_reply_read(packet, size, &requests[i], &read), KC_ERR_BAD_REQUEST);
    }
}

static void an_error_reply_is_known_and_empty(void **state)
{
    (void)state;
    uint8_t packet[KC_ROOT_REPLY_MAX];
    size_t size = 0;
    struct kc_root_reply reply = {.id = 7, .error = KC_ERR_ROOT_LOCKOUT, .payload = {key, 32}},
                         read;
    assert_int_equal(kc_root_reply_write(&reply, packet, &size), KC_OK);
    assert_int_equal(size, 6);
    assert_int_equal(kc_root_reply_read(packet, size, &requests[0], &read), KC_OK);
    assert_int_equal(read.error, KC_ERR_ROOT_LOCKOUT);
    assert_int_equal(read.payload.size, 0);
    assert_int_equal(kc_root_reply_read(packet, size + 1, &requests[0], &read), KC_ERR_BAD_REQUEST);
    packet[4] = 0xff; /* an error that is in no row */
    assert_int_equal(kc_root_reply_read(packet, size, &requests[0], &read), KC_ERR_BAD_REQUEST);
}

static void a_made_key_survives_the_round_trip(void **state)
{
    (void)state;
    uint8_t room[100];
    struct kc_writer w;
    struct kc_root_made read;
    kc_writer_init(&w, room, sizeof room);
    kc_root_made_write(&made, &w);
    assert_int_equal(kc_root_made_read((struct kc_span){room, w.size}, &read), KC_OK);
    assert_memory_equal(&read, &made, sizeof made);
    for (size_t cut = 1; cut <= 6 + made.blob_size; cut++)
        assert_int_equal(kc_root_made_read((struct kc_span){room, cut}, &read), KC_ERR_BAD_REQUEST);
    memset(room + 2, 0, 4); /* no blob */
    assert_int_equal(kc_root_made_read((struct kc_span){room, w.size}, &read), KC_ERR_BAD_REQUEST);
}

static void the_status_survives_the_round_trip(void **state)
{
    (void)state;
    uint8_t room[KC_ROOT_STATUS_SIZE];
    struct kc_writer w;
    struct kc_root_status read;
    kc_writer_init(&w, room, sizeof room);
    kc_root_status_write(&status, &w);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
    assert_int_equal(w.size, KC_ROOT_STATUS_SIZE);
    assert_int_equal(kc_root_status_read((struct kc_span){room, w.size}, &read), KC_OK);
    assert_memory_equal(read.srk_name, status.srk_name, sizeof status.srk_name);
    assert_string_equal(read.manufacturer, status.manufacturer);
    assert_string_equal(read.firmware, status.firmware);
    assert_true(read.in_lockout);
    assert_int_equal(read.lockout_counter, 1);
    assert_int_equal(read.lockout_max_tries, 2);
    assert_int_equal(read.lockout_interval, 3);
    assert_int_equal(read.lockout_recovery, 4);
    assert_int_equal(read.srk_handle, KC_ROOT_SRK_HANDLE);
    assert_int_equal(read.pcr_banks, KC_ROOT_BANK_SHA256);
    assert_int_equal(read.pcr_mask, 0x81);
}

static void a_status_text_without_an_end_is_refused(void **state)
{
    (void)state;
    uint8_t room[KC_ROOT_STATUS_SIZE];
    struct kc_writer w;
    struct kc_root_status read;
    kc_writer_init(&w, room, sizeof room);
    kc_root_status_write(&status, &w);
    memset(room, 'x', KC_ROOT_TEXT_SIZE);
    assert_int_equal(
        kc_root_status_read((struct kc_span){room, sizeof room}, &read), KC_ERR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_survives_the_round_trip),
        cmocka_unit_test(every_truncation_and_a_trailing_octet_of_a_request_are_refused),
        cmocka_unit_test(unknown_types_and_sizes_out_of_range_are_refused),
        cmocka_unit_test(a_reply_survives_the_round_trip),
        cmocka_unit_test(a_reply_of_another_size_or_id_is_refused),
        cmocka_unit_test(an_error_reply_is_known_and_empty),
        cmocka_unit_test(a_made_key_survives_the_round_trip),
        cmocka_unit_test(the_status_survives_the_round_trip),
        cmocka_unit_test(a_status_text_without_an_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
