/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/socket/cbor.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_comes_back_as_it_went),
        cmocka_unit_test(every_answer_comes_back_as_it_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
