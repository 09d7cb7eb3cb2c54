/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "base/reader.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void reads_big_endian_integers(void **state)
{
    (void)state;
    struct kc_reader r;
    kc_reader_init(&r, bytes, sizeof bytes);
    assert_int_equal(kc_reader_u8(&r), 1);
    assert_int_equal(kc_reader_u16(&r), 0x0203);
    assert_int_equal(kc_reader_u32(&r), 0x04050607);
    assert_true(kc_reader_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(kc_reader_finish(&r), KC_OK);
}

static void refuses_what_is_left_over(void **state)
{
    (void)state;
    struct kc_reader r;
    kc_reader_init(&r, bytes, 2);
    (void)kc_reader_u8(&r);
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

static void stays_failed_after_the_first_failure(void **state)
{
    (void)state;
    struct kc_reader r;
    kc_reader_init(&r, bytes, 3);
    assert_int_equal(kc_reader_u32(&r), 0);
    assert_int_equal(kc_reader_u8(&r), 0); /* there was an octet, but it is too late */
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

static void copies_exactly_or_zeroes(void **state)
{
    (void)state;
    struct kc_reader r;
    uint8_t out[4] = {9, 9, 9, 9};
    kc_reader_init(&r, bytes, 4);
    kc_reader_copy(&r, out, 3);
    assert_memory_equal(out, bytes, 3);
    kc_reader_copy(&r, out, 2);
    assert_int_equal(out[0] | out[1], 0);
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

static void lends_a_span_within_its_limit(void **state)
{
    (void)state;
    static const uint8_t spans[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0};
    struct kc_reader r;
    kc_reader_init(&r, spans, sizeof spans);
    struct kc_span ab = kc_reader_span(&r, 2), empty = kc_reader_span(&r, 2);
    assert_int_equal(kc_reader_finish(&r), KC_OK);
    assert_int_equal(ab.size, 2);
    assert_ptr_equal(ab.bytes, spans + 4);
    assert_int_equal(empty.size, 0);

    kc_reader_init(&r, spans, sizeof spans);
    assert_null(kc_reader_span(&r, 1).bytes);
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

static void refuses_a_span_longer_than_what_is_left(void **state)
{
    (void)state;
    static const uint8_t claim[] = {0xff, 0xff, 0xff, 0xff, 1};
    struct kc_reader r;
    kc_reader_init(&r, claim, sizeof claim);
    assert_null(kc_reader_span(&r, SIZE_MAX).bytes);
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

static void reads_a_text_that_fits_and_has_no_zero(void **state)
{
    (void)state;
    static const uint8_t three[] = {0, 0, 0, 3, 'a', 'b', 'c'}, zero[] = {0, 0, 0, 2, 'a', 0};
    char text[5] = "????";
    struct kc_reader r;
    kc_reader_init(&r, three, sizeof three);
    kc_reader_text(&r, text, sizeof text);
    assert_int_equal(kc_reader_finish(&r), KC_OK);
    assert_memory_equal(text, "abc\0", 5);
    kc_reader_init(&r, three, sizeof three);
    kc_reader_text(&r, text, 3); /* no place for the terminator */
    assert_true(r.failed);
    assert_string_equal(text, "");
    kc_reader_init(&r, zero, sizeof zero);
    kc_reader_text(&r, text, sizeof text);
    assert_true(r.failed);
    assert_string_equal(text, "");
}

static void refuses_a_count_that_cannot_fit(void **state)
{
    (void)state;
    static const uint8_t counted[] = {0, 0, 0, 2, 1, 2, 3, 4};
    struct kc_reader r;
    kc_reader_init(&r, counted, sizeof counted);
    assert_int_equal(kc_reader_count(&r, 10, 2), 2);
    kc_reader_init(&r, counted, sizeof counted);
    assert_int_equal(kc_reader_count(&r, 10, 3), 0);
    assert_true(r.failed);
    kc_reader_init(&r, counted, sizeof counted);
    assert_int_equal(kc_reader_count(&r, 1, 1), 0);
    assert_true(r.failed);
}

static void reads_nothing_from_nothing(void **state)
{
    (void)state;
    struct kc_reader r;
    kc_reader_init(&r, NULL, 0);
    assert_int_equal(kc_reader_finish(&r), KC_OK);
    assert_int_equal(kc_reader_u8(&r), 0);
    assert_int_equal(kc_reader_finish(&r), KC_ERR_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_big_endian_integers),
        cmocka_unit_test(refuses_what_is_left_over),
        cmocka_unit_test(stays_failed_after_the_first_failure),
        cmocka_unit_test(copies_exactly_or_zeroes),
        cmocka_unit_test(lends_a_span_within_its_limit),
        cmocka_unit_test(refuses_a_span_longer_than_what_is_left),
        cmocka_unit_test(reads_a_text_that_fits_and_has_no_zero),
        cmocka_unit_test(refuses_a_count_that_cannot_fit),
        cmocka_unit_test(reads_nothing_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
