/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/socket/packed.h"
#include "tests/socket/sample.h"

#include <string.h>

#define SEEDS 100

static struct sample sample, unpacked;
static uint8_t buffer[128 * 1024], again[128 * 1024];

static size_t pack(const struct kc_message *message, uint8_t *bytes, size_t limit)
{
    struct kc_writer w;
    kc_writer_init(&w, bytes, limit);
    kc_message_pack(&w, message);
    return kc_writer_finish(&w) == KC_OK ? w.size : 0;
}

static enum kc_error unpack(const uint8_t *bytes, size_t size)
{
    struct kc_reader r;
    kc_reader_init(&r, bytes, size);
    kc_message_unpack(&r, unpacked.items, &unpacked.message);
    return kc_reader_finish(&r);
}

static void check_round_trip(void)
{
    size_t size = pack(&sample.message, buffer, sizeof buffer);
    assert_true(size > 0);
    assert_int_equal(unpack(buffer, size), KC_OK);
    assert_true(sample_equal(&sample.message, &unpacked.message));
    assert_int_equal(pack(&unpacked.message, again, sizeof again), size);
    assert_memory_equal(buffer, again, size);
}

static void every_message_comes_back_as_it_went(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATION_BATCH * SEEDS; i++) {
        enum kc_operation operation = (enum kc_operation)(i % KC_OPERATION_BATCH);
        sample_request(&sample, operation, i);
        check_round_trip();
        sample_answer(&sample, operation, i % 4 ? KC_OK : KC_ERR_LIMIT, i);
        check_round_trip();
    }
}

static void every_truncation_and_every_byte_more_is_refused(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATION_BATCH; i++) {
        sample_answer(&sample, (enum kc_operation)i, KC_OK, 1);
        size_t size = pack(&sample.message, buffer, sizeof buffer);
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(unpack(buffer, cut), KC_ERR_BAD_REQUEST);
        buffer[size] = 0;
        assert_int_equal(unpack(buffer, size + 1), KC_ERR_BAD_REQUEST);
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    (void)state;
    sample_answer(&sample, KC_OPERATION_KEY_LIST, KC_OK, 1);
    size_t size = pack(&sample.message, buffer, sizeof buffer);
    for (size_t limit = 0; limit < size; limit += 7)
        assert_int_equal(pack(&sample.message, again, limit), 0);
}

/* A message with one field, whose octets are given. */
static size_t with_field(enum kc_field field, const void *octets, size_t size)
{
    struct kc_writer w;
    kc_writer_init(&w, buffer, sizeof buffer);
    kc_writer_u64(&w, 9);
    kc_writer_u16(&w, KC_OPERATION_PING);
    kc_writer_u16(&w, 0);
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++)
        kc_writer_u64(&w, field / 64 == i ? UINT64_C(1) << field % 64 : 0);
    kc_writer_bytes(&w, octets, size);
    return w.size;
}

static enum kc_error unpack_field(enum kc_field field, const void *octets, size_t size)
{
    return unpack(buffer, with_field(field, octets, size));
}

static void a_value_outside_its_range_is_refused(void **state)
{
    (void)state;
    static uint8_t text[4 + 65] = {0, 0, 0, 65};
    assert_int_equal(unpack_field(KC_FIELD_MORE, "\x01", 1), KC_OK);
    assert_int_equal(unpack_field(KC_FIELD_MORE, "\x02", 1), KC_ERR_BAD_REQUEST);
    assert_int_equal(unpack_field(KC_FIELD_PIN, "\x03", 1), KC_OK);
    assert_int_equal(unpack_field(KC_FIELD_PIN, "\x04", 1), KC_ERR_BAD_REQUEST);
    assert_int_equal(unpack_field(KC_FIELD_MESSAGE, "\x01\x03", 2), KC_OK);
    assert_int_equal(unpack_field(KC_FIELD_MESSAGE, "\x01\x04", 2), KC_ERR_BAD_REQUEST);
    assert_int_equal(unpack_field(KC_FIELD_MESSAGE, "\x02\x03", 2), KC_ERR_BAD_REQUEST);
    assert_int_equal(unpack_field(KC_FIELD_COUNT, "\0\0\0\0\0\0\0\x64", 8), KC_OK);
    assert_int_equal(unpack_field(KC_FIELD_COUNT, "\0\0\0\0\0\0\0\x65", 8), KC_ERR_BAD_REQUEST);
    assert_int_equal(unpack_field(KC_FIELD_LABEL, text, sizeof text), KC_ERR_BAD_REQUEST);
    text[3] = 64;
    assert_int_equal(unpack_field(KC_FIELD_LABEL, text, sizeof text - 1), KC_OK);
    assert_int_equal(unpack_field(KC_FIELDS, "", 0), KC_ERR_BAD_REQUEST);
    assert_int_equal(unpack_field((enum kc_field)(KC_FIELD_ROOM - 1), "", 0), KC_ERR_BAD_REQUEST);
}

static void an_unknown_operation_or_error_is_refused(void **state)
{
    (void)state;
    size_t size = with_field(KC_FIELD_MORE, "\x01", 1);
    assert_int_equal(unpack(buffer, size), KC_OK);
    buffer[9] = KC_OPERATIONS;
    assert_int_equal(unpack(buffer, size), KC_ERR_BAD_REQUEST);
    buffer[9] = 0;
    buffer[11] = 99;
    assert_int_equal(unpack(buffer, size), KC_ERR_BAD_REQUEST);
    assert_true(unpacked.message.id == 0);
    assert_true(kc_field_set_empty(&unpacked.message.values.present));
}

static void a_list_has_a_hundred_items_of_one_level(void **state)
{
    (void)state;
    enum { EMPTY = 8 * KC_FIELD_WORDS }; /* octets of an item without fields */
    static uint8_t list[4 + 101 * EMPTY];
    list[3] = 100;
    assert_int_equal(unpack_field(KC_FIELD_ITEMS, list, 4 + 100 * EMPTY), KC_OK);
    assert_int_equal(unpacked.message.item_count, 100);
    list[3] = 101;
    assert_int_equal(unpack_field(KC_FIELD_ITEMS, list, sizeof list), KC_ERR_BAD_REQUEST);
    memset(list, 0xff, 4);
    assert_int_equal(unpack_field(KC_FIELD_ITEMS, list, sizeof list), KC_ERR_BAD_REQUEST);
    uint8_t nested[4 + EMPTY] = {0, 0, 0, 1};
    nested[4 + 7 - KC_FIELD_ITEMS / 8] = 1 << KC_FIELD_ITEMS % 8;
    assert_int_equal(unpack_field(KC_FIELD_ITEMS, nested, sizeof nested), KC_ERR_BAD_REQUEST);

    struct kc_reader r;
    kc_reader_init(&r, buffer, with_field(KC_FIELD_ITEMS, "\0\0\0\0", 4));
    kc_message_unpack(&r, NULL, &unpacked.message); /* where no list is expected */
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_went),
        cmocka_unit_test(every_truncation_and_every_byte_more_is_refused),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(a_value_outside_its_range_is_refused),
        cmocka_unit_test(an_unknown_operation_or_error_is_refused),
        cmocka_unit_test(a_list_has_a_hundred_items_of_one_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
