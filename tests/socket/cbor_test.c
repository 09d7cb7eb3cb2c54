/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/socket/cbor.h"
#include "proto/socket/cbor_key.h"
#include "tests/socket/malformed.h"
#include "tests/socket/sample.h"

#include <string.h>

#define SEEDS 200

static struct sample sample, decoded; /* large */
static uint8_t buffer[KC_MESSAGE_SIZE_MAX], again[KC_MESSAGE_SIZE_MAX];
static const char *detail;

static enum kc_error decode_request(const void *bytes, size_t size)
{
    return kc_cbor_request_decode(
        bytes, size, SAMPLE_DESCRIPTORS, decoded.batch, &decoded.message, &detail);
}

/* As a client does: it knows what it asked. */
static enum kc_error decode_answer(const void *bytes, size_t size, const struct kc_message *asked)
{
    kc_message_init(&decoded.message, asked->operation);
    decoded.message.items = decoded.items;
    decoded.message.batch = decoded.batch;
    decoded.message.batch_count = asked->batch_count;
    for (size_t i = 0; i < asked->batch_count; i++)
        kc_message_init(&decoded.batch[i], asked->batch[i].operation);
    return kc_cbor_answer_decode(bytes, size, SAMPLE_DESCRIPTORS, &decoded.message);
}

static size_t encode_request(void)
{
    size_t size = 0;
    assert_int_equal(kc_cbor_request_encode(&sample.message, buffer, sizeof buffer, &size), KC_OK);
    return size;
}

static size_t encode_answer(void)
{
    size_t size = 0;
    assert_int_equal(kc_cbor_answer_encode(&sample.message, buffer, sizeof buffer, &size), KC_OK);
    return size;
}

static void every_request_comes_back_as_it_went(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATIONS * SEEDS; i++) {
        sample_request(&sample, (enum kc_operation)(i % KC_OPERATIONS), i / KC_OPERATIONS);
        size_t size = encode_request(), second = 0;
        assert_int_equal(decode_request(buffer, size), KC_OK);
        assert_true(sample_equal(&sample.message, &decoded.message));
        assert_int_equal(
            kc_cbor_request_encode(&decoded.message, again, sizeof again, &second), KC_OK);
        assert_int_equal(size, second);
        assert_memory_equal(buffer, again, size);
    }
}

static void every_answer_comes_back_as_it_went(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATIONS * SEEDS; i++) {
        enum kc_error error = i % 5 ? KC_OK : KC_ERR_LABEL_TAKEN;
        sample_answer(&sample, (enum kc_operation)(i % KC_OPERATIONS), error, i);
        size_t size = encode_answer();
        uint64_t id = 0;
        assert_int_equal(kc_cbor_answer_id(buffer, size, &id), KC_OK);
        assert_true(id == sample.message.id);
        assert_int_equal(decode_answer(buffer, size, &sample.message), KC_OK);
        if (error != KC_OK)
            sample.message.batch_count = 0; /* refused as a whole */
        assert_true(sample_equal(&sample.message, &decoded.message));
    }
}

static void what_is_malformed_is_refused_for_its_reason(void **state)
{
    (void)state;
    const struct malformed *row;
    for (size_t i = 0; (row = malformed_at(i)) != NULL; i++) {
        enum kc_error error = decode_request(row->bytes, row->size);
        if (error != row->error || decoded.message.id != row->id)
            print_error("%s: %s, id %llu\n", row->name, kc_error_name(error),
                (unsigned long long)decoded.message.id);
        assert_int_equal(error, row->error);
        assert_true(decoded.message.id == row->id);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATIONS * 3; i++) {
        sample_request(&sample, (enum kc_operation)(i % KC_OPERATIONS), i);
        size_t size = encode_request();
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(decode_request(buffer, cut), KC_ERR_BAD_REQUEST);
        sample_answer(&sample, (enum kc_operation)(i % KC_OPERATIONS), KC_OK, i);
        size = encode_answer();
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(decode_answer(buffer, cut, &sample.message), KC_ERR_BAD_REPLY);
    }
}

static void a_byte_after_the_end_is_refused(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        sample_request(&sample, (enum kc_operation)i, 1);
        size_t size = encode_request();
        buffer[size] = 0;
        assert_int_equal(decode_request(buffer, size + 1), KC_ERR_BAD_REQUEST);
        sample_answer(&sample, (enum kc_operation)i, KC_OK, 1);
        size = encode_answer();
        buffer[size] = 0;
        assert_int_equal(decode_answer(buffer, size + 1, &sample.message), KC_ERR_BAD_REPLY);
    }
}

static void a_message_has_64_kib_at_most(void **state)
{
    (void)state;
    static uint8_t large[KC_MESSAGE_SIZE_MAX + 1], data[KC_DATA_INLINE_MAX];
    size_t size = 0;
    assert_int_equal(decode_request(large, sizeof large), KC_ERR_TOO_LARGE);
    assert_int_equal(decode_answer(large, sizeof large, &sample.message), KC_ERR_BAD_REPLY);

    kc_message_init(&sample.message, KC_OPERATION_BATCH);
    sample.message.id = 1;
    kc_field_set_add(&sample.message.values.present, KC_FIELD_ITEMS);
    sample.message.batch = sample.batch;
    sample.message.batch_count = 2;
    for (size_t i = 0; i < 2; i++) {
        kc_message_init(&sample.batch[i], KC_OPERATION_KEY_SIGN);
        kc_values_set_text(&sample.batch[i].values, KC_FIELD_KEY, "key");
        kc_values_set_span(&sample.batch[i].values, KC_FIELD_MESSAGE, data, sizeof data);
    }
    assert_int_equal(
        kc_cbor_request_encode(&sample.message, large, sizeof large, &size), KC_ERR_TOO_LARGE);
    assert_int_equal(size, 0);
    sample.message.batch_count = 1;
    assert_int_equal(kc_cbor_request_encode(&sample.message, large, sizeof large, &size), KC_OK);
    assert_int_equal(kc_cbor_request_encode(&sample.message, large, size, &size), KC_OK);
    assert_int_equal(
        kc_cbor_request_encode(&sample.message, large, size - 1, &size), KC_ERR_TOO_LARGE);
}

/* Keys are compared here as the standard says it: bytewise, by their encodings. */
static void keys_are_in_the_order_of_their_encodings(void **state)
{
    (void)state;
    uint8_t last[40] = {0}, key[40];
    const uint8_t *order = kc_key_order();
    for (size_t i = 0; i < KC_KEY_KEYS; i++) {
        struct kc_span text = kc_key_text(order[i]);
        memset(key, 0, sizeof key);
        assert_in_range(text.size, 1, 23); /* a head of one byte */
        key[0] = (uint8_t)(0x60 + text.size);
        memcpy(key + 1, text.bytes, text.size);
        assert_true(memcmp(last, key, sizeof key) < 0);
        memcpy(last, key, sizeof last);
    }
}

static void check_refused(const void *bytes, size_t size, enum kc_operation operation)
{
    struct kc_message asked;
    kc_message_init(&asked, operation);
    assert_int_equal(decode_answer(bytes, size, &asked), KC_ERR_BAD_REPLY);
}

#define refused(bytes, operation) check_refused(bytes, sizeof(bytes) - 1, operation)

static void a_malformed_answer_is_refused(void **state)
{
    (void)state;
    uint64_t id = 5;
#define VERSION_AND_ID "\x61v\x01\x62id\x07"
    /* no error; an unknown one; one without its words; words without one; another's field */
    refused("\xa2" VERSION_AND_ID, KC_OPERATION_PING);
    refused("\xa3" VERSION_AND_ID "\x65"
            "error\x19\x03\xe7",
        KC_OPERATION_PING);
    refused("\xa3" VERSION_AND_ID "\x65"
            "error\x18\xc8",
        KC_OPERATION_PING);
    refused("\xa5" VERSION_AND_ID "\x64name\x62ok\x65"
            "error\x00\x68sentence\x60",
        KC_OPERATION_PING);
    refused("\xa4" VERSION_AND_ID "\x65"
            "error\x00\x67version\x01",
        KC_OPERATION_PING);
    refused("\xa3" VERSION_AND_ID "\x65"
            "error\x00",
        KC_OPERATION_KEY_DISABLE);
    refused("\xa4" VERSION_AND_ID "\x62op\x64ping\x65"
            "error\x00",
        KC_OPERATION_PING);
    /* another version, no id, no map */
    assert_int_equal(kc_cbor_answer_id("\xa2\x61v\x02\x62id\x07", 8, &id), KC_ERR_BAD_REPLY);
    assert_int_equal(kc_cbor_answer_id("\xa2\x61v\x01\x62op\x07", 8, &id), KC_ERR_BAD_REPLY);
    assert_int_equal(kc_cbor_answer_id("\x01", 1, &id), KC_ERR_BAD_REPLY);
    assert_int_equal(kc_cbor_answer_id("", 0, &id), KC_ERR_BAD_REPLY);
    assert_true(id == 5);
}

static void an_answer_to_a_batch_has_an_answer_for_each_request(void **state)
{
    (void)state;
    sample_answer(&sample, KC_OPERATION_BATCH, KC_OK, 3);
    size_t size = encode_answer();
    sample.message.batch_count++;
    assert_int_equal(decode_answer(buffer, size, &sample.message), KC_ERR_BAD_REPLY);
    sample.message.batch_count -= 2;
    assert_int_equal(decode_answer(buffer, size, &sample.message), KC_ERR_BAD_REPLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_comes_back_as_it_went),
        cmocka_unit_test(every_answer_comes_back_as_it_went),
        cmocka_unit_test(what_is_malformed_is_refused_for_its_reason),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_byte_after_the_end_is_refused),
        cmocka_unit_test(a_message_has_64_kib_at_most),
        cmocka_unit_test(keys_are_in_the_order_of_their_encodings),
        cmocka_unit_test(a_malformed_answer_is_refused),
        cmocka_unit_test(an_answer_to_a_batch_has_an_answer_for_each_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
