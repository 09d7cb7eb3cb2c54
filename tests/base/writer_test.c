/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "base/writer.h"

static void what_it_writes_the_reader_reads(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct kc_writer w;
    kc_writer_init(&w, buffer, sizeof buffer);
    kc_writer_u8(&w, 0xfe);
    kc_writer_u16(&w, 0xfedc);
    kc_writer_u32(&w, 0xfedcba98);
    kc_writer_u64(&w, UINT64_C(0xfedcba9876543210));
    kc_writer_span(&w, "abc", 3);
    assert_int_equal(kc_writer_finish(&w), KC_OK);

    struct kc_reader r;
    kc_reader_init(&r, buffer, w.size);
    assert_int_equal(kc_reader_u8(&r), 0xfe);
    assert_int_equal(kc_reader_u16(&r), 0xfedc);
    assert_true(kc_reader_u32(&r) == 0xfedcba98);
    assert_true(kc_reader_u64(&r) == UINT64_C(0xfedcba9876543210));
    struct kc_span abc = kc_reader_span(&r, 3);
    assert_int_equal(kc_reader_finish(&r), KC_OK);
    assert_memory_equal(abc.bytes, "abc", 3);
}

static void writes_nothing_that_does_not_fit(void **state)
{
    (void)state;
    uint8_t buffer[6] = {0, 0, 0, 0, 0x55, 0x55};
    struct kc_writer w;
    kc_writer_init(&w, buffer, 4);
    kc_writer_u16(&w, 1);
    kc_writer_u32(&w, 2);
    assert_int_equal(w.size, 2);
    kc_writer_u8(&w, 3); /* would fit, but it is too late */
    assert_int_equal(w.size, 2);
    assert_int_equal(kc_writer_finish(&w), KC_ERR_TOO_LARGE);
    assert_int_equal(buffer[4], 0x55);
}

static void fills_its_buffer_to_the_last_octet(void **state)
{
    (void)state;
    uint8_t buffer[4];
    struct kc_writer w;
    kc_writer_init(&w, buffer, sizeof buffer);
    kc_writer_u32(&w, 7);
    kc_writer_bytes(&w, NULL, 0);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_writes_the_reader_reads),
        cmocka_unit_test(writes_nothing_that_does_not_fit),
        cmocka_unit_test(fills_its_buffer_to_the_last_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
