/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/json.h"
#include "proto/json_write.h"
#include "proto/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static enum kc_error read_only(struct kc_span text)
{
    struct kc_json_document document = {0};
    enum kc_error error = kc_json_read(text, 1 << 20, &document);
    kc_json_done(&document);
    return error;
}

static void all_give(const char *const *texts, size_t count, enum kc_error wanted)
{
    for (size_t i = 0; i < count; i++) {
        enum kc_error error = read_only(span_of(texts[i]));
        if (error != wanted)
            fail_msg("%s gives %s", texts[i], kc_error_name(error));
    }
}
#define ALL_GIVE(texts, wanted) all_give(texts, sizeof(texts) / sizeof *(texts), wanted)

static void takes_what_json_is(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", " true ", "[false]", "0", "-0", "10", "1.5", "1e3",
        "-2E-7", "\"\"", "[]", "{}", "[[],{}]", "{\"a\":1,\"b\":[1,2]}", "\t{\r\n\"a\" : 1 } ",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"",
        "\"a raw\nline feed,\ttab and\rreturn\"", "\"\\u0000\""};
    ALL_GIVE(texts, KC_OK);
}

static void refuses_what_json_is_not(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "nul", "True", "[", "]", "{", "[1", "[1,", "[1,]",
        "[,1]", "[1 2]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "01", "-",
        "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "\"", "\"a", "'a'", "\"\\x\"", "\"\\u12\"",
        "\"\\u12g4\"", "\"\\", "1 1", "[] []", "{}x", "[1}", "{\"a\":1]", "\xef\xbb\xbf{}"};
    ALL_GIVE(texts, KC_ERR_BAD_REQUEST);
}

static void refuses_text_that_is_not_utf8(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"\x80\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xe0\x80\x80\"",
        "\"\xed\xa0\x80\"", "\"\xf0\x80\x80\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf8\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\""};
    ALL_GIVE(texts, KC_ERR_BAD_REQUEST);
}

static void refuses_raw_control_characters_that_are_no_white_space(void **state)
{
    (void)state;
    for (int c = 0; c < 0x20; c++) {
        char text[] = "\"a?b\"";
        text[2] = (char)c;
        bool white = c == '\n' || c == '\r' || c == '\t';
        enum kc_error error = read_only((struct kc_span){(const uint8_t *)text, 5});
        assert_int_equal(error, white ? KC_OK : KC_ERR_BAD_REQUEST);
    }
}

static void refuses_a_member_twice_however_it_is_escaped(void **state)
{
    (void)state;
    static const char *const twice[] = {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"\\u0061\":3}",
        "[{\"\\u00e9\":1,\"\xc3\xa9\":2}]", "{\"x\":{\"a\":[],\"b\":0,\"a\":{}}}",
        "{\"\":1,\"\":2}"};
    static const char *const once[] = {"{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
        "{\"a\":[{\"a\":1},{\"a\":1}],\"A\":2}", "{\"ab\":1,\"a\":2,\"\":3}"};
    ALL_GIVE(twice, KC_ERR_BAD_REQUEST);
    ALL_GIVE(once, KC_OK);
}

static void refuses_numbers_beyond_two_to_the_53(void **state)
{
    (void)state;
    static const char *const beyond[] = {"9007199254740993", "-9007199254740993",
        "9007199254740992.1", "99999999999999999999999", "1e16", "9.1e15", "1e400",
        "1e99999999999999999999", "0.0001e20", "123456789012345678e-1"};
    static const char *const within[] = {"9007199254740992", "-9007199254740992",
        "9007199254740991", "9007199254740992.000", "9e15", "0e99999", "1e-99999", "0.0001e19",
        "90071992547409920e-1"};
    ALL_GIVE(beyond, KC_ERR_BAD_REQUEST);
    ALL_GIVE(within, KC_OK);
}

static void refuses_what_goes_beyond_a_limit(void **state)
{
    (void)state;
    struct kc_json_document document = {0};
    assert_int_equal(read_only(span_of("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]")), KC_OK);
    assert_int_equal(read_only(span_of("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]")), KC_ERR_TOO_LARGE);
    assert_int_equal(kc_json_read(span_of("[12]"), 3, &document), KC_ERR_TOO_LARGE);
    assert_int_equal(kc_json_read(span_of("[12]"), 4, &document), KC_OK);
    kc_json_done(&document);
    char *many = malloc((size_t)4 * KC_JSON_NODES_MAX);
    size_t size = 0;
    many[size++] = '[';
    for (size_t i = 0; i < KC_JSON_NODES_MAX - 1; i++)
        size += (size_t)sprintf(many + size, i == 0 ? "1" : ",1");
    many[size++] = ']';
    assert_int_equal(read_only((struct kc_span){(uint8_t *)many, size}), KC_OK);
    many[size - 1] = ',';
    many[size] = '1';
    many[size + 1] = ']';
    assert_int_equal(read_only((struct kc_span){(uint8_t *)many, size + 2}), KC_ERR_TOO_LARGE);
    size = 0;
    for (size_t i = 0; i <= KC_JSON_MEMBERS_MAX; i++)
        size += (size_t)sprintf(many + size, "%c\"%zu\":1", i == 0 ? '{' : ',', i);
    many[size] = '}';
    assert_int_equal(read_only((struct kc_span){(uint8_t *)many, size + 1}), KC_ERR_TOO_LARGE);
    free(many);
}

static void refuses_every_truncation_and_anything_after_the_end(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":[1,-2.5e1,true,null,\"\\u00e9\\n\",{\"b\":{}}],\"c\":\"\xc3\xa9\"}";
    assert_int_equal(read_only(span_of(text)), KC_OK);
    for (size_t size = 0; size < sizeof text - 1; size++)
        assert_int_equal(
            read_only((struct kc_span){(const uint8_t *)text, size}), KC_ERR_BAD_REQUEST);
    assert_int_equal(
        read_only((struct kc_span){(const uint8_t *)text, sizeof text}), KC_ERR_BAD_REQUEST);
}

static void finds_members_items_and_their_values(void **state)
{
    (void)state;
    struct kc_json_document document = {0};
    char text[16];
    int64_t integer = 0;
    bool flag = false;
    uint8_t octets[3];
    size_t size = sizeof octets;
    struct kc_span source = span_of("{\"n\":-42,\"f\":true,\"\\u0074\":\"a\\n\\u00e9\",\"o\":"
                                    "\"_-\\n\n  _A\",\"l\":[10,[20],30],\"z\":null}");
    assert_int_equal(kc_json_read(source, 1000, &document), KC_OK);
    struct kc_json root = kc_json_root(&document), list = kc_json_member(root, "l");
    assert_int_equal(kc_json_integer(kc_json_member(root, "n"), &integer), KC_OK);
    assert_int_equal(integer, -42);
    assert_int_equal(kc_json_boolean(kc_json_member(root, "f"), &flag), KC_OK);
    assert_true(flag);
    assert_int_equal(kc_json_text(kc_json_member(root, "t"), text, sizeof text), KC_OK);
    assert_string_equal(text, "a\n\xc3\xa9");
    assert_int_equal(kc_json_text(kc_json_member(root, "t"), text, 4), KC_ERR_TOO_LARGE);
    assert_true(kc_json_is_text(kc_json_member(root, "t"), "a\n\xc3\xa9"));
    assert_false(kc_json_is_text(kc_json_member(root, "t"), "a\n"));
    assert_int_equal(kc_json_octets(kc_json_member(root, "o"), octets, &size), KC_OK);
    assert_memory_equal(octets, "\xff\xef\xc0", 3);
    size = 2;
    assert_int_equal(kc_json_octets(kc_json_member(root, "o"), octets, &size), KC_ERR_TOO_LARGE);
    assert_int_equal(kc_json_count(list), 3);
    assert_int_equal(kc_json_integer(kc_json_item(list, 2), &integer), KC_OK);
    assert_int_equal(integer, 30);
    assert_int_equal(kc_json_source(kc_json_item(list, 1)).size, 4);
    assert_false(kc_json_is_there(kc_json_item(list, 3)));
    assert_false(kc_json_is_there(kc_json_member(kc_json_member(root, "nothing"), "n")));
    assert_int_equal(kc_json_kind(kc_json_member(root, "z")), KC_JSON_NULL);
    kc_json_done(&document);
}

static void gives_no_value_of_another_kind(void **state)
{
    (void)state;
    struct kc_json_document document = {0};
    char text[8];
    int64_t integer;
    bool flag;
    uint8_t octets[8];
    size_t size = sizeof octets;
    assert_int_equal(kc_json_read(span_of("[1.5,\"a\\u0000b\",1e2,[]]"), 100, &document), KC_OK);
    struct kc_json root = kc_json_root(&document);
    assert_int_equal(kc_json_integer(kc_json_item(root, 0), &integer), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_integer(kc_json_item(root, 2), &integer), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_integer(kc_json_item(root, 1), &integer), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_text(kc_json_item(root, 1), text, sizeof text), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_text(kc_json_item(root, 0), text, sizeof text), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_boolean(kc_json_item(root, 3), &flag), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_octets(kc_json_item(root, 1), octets, &size), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_json_octets((struct kc_json){0}, octets, &size), KC_ERR_BAD_REQUEST);
    kc_json_done(&document);
}

static void reads_moments_of_the_calendar_alone(void **state)
{
    (void)state;
    static const char *const refused[] = {"2021-08-05", "2021-08-05T16:37:31",
        "2021-02-30T00:00:00Z", "2021-13-01T00:00:00Z", "2021-00-01T00:00:00Z",
        "1969-12-31T23:59:59Z", "2021-08-05T24:00:00Z", "2021-08-05T16:60:00Z",
        "2021-08-05T16:37:60Z", "2021-08-05 16:37:31Z", "2021-08-05T16:37:31+00:00",
        "2021-08-05T16:37:31.Z", "2021-08-05T16:37:31Zx", "20x1-08-05T16:37:31Z", ""};
    int64_t seconds = 0;
    char text[KC_MOMENT_SIZE];
    assert_true(kc_moment_parse("2021-08-05T16:37:31Z", &seconds));
    assert_int_equal(seconds, 1628181451);
    assert_true(kc_moment_parse("2026-03-02T12:00:05.000Z", &seconds));
    assert_int_equal(seconds, 1772452805);
    assert_true(kc_moment_parse("2024-02-29T00:00:00Z", &seconds));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(kc_moment_parse(refused[i], &seconds));
    assert_true(kc_moment_print(1628181451, text));
    assert_string_equal(text, "2021-08-05T16:37:31Z");
    assert_false(kc_moment_print(-1, text));
    assert_false(kc_moment_print(KC_MOMENT_MAX + 1, text));
}

static void write_sample(struct kc_json_writer *w)
{
    static const uint8_t octets[] = {0xff, 0xef, 0xc0};
    kc_json_write_object(w);
    kc_json_write_name(w, "a \"\\\n");
    kc_json_write_array(w);
    kc_json_write_integer(w, -KC_JSON_INTEGER_MAX);
    kc_json_write_boolean(w, true);
    kc_json_write_octets(w, (struct kc_span){octets, sizeof octets});
    kc_json_write_end(w);
    kc_json_write_name(w, "t");
    kc_json_write_time(w, 0);
    kc_json_write_name(w, "o");
    kc_json_write_object(w);
    kc_json_write_end(w);
    kc_json_write_name(w, "s");
    kc_json_write_source(w, span_of("{\"x\":1}"));
    kc_json_write_end(w);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    char bytes[200];
    struct kc_json_writer w;
    static const char wanted[] = "{\"a \\\"\\\\\\u000a\":[-9007199254740992,true,\"_-_A\"],"
                                 "\"t\":\"1970-01-01T00:00:00Z\",\"o\":{},\"s\":{\"x\":1}}";
    kc_json_writer_init(&w, bytes, sizeof bytes);
    write_sample(&w);
    assert_int_equal(kc_json_writer_finish(&w), KC_OK);
    assert_int_equal(w.out.size, sizeof wanted - 1);
    assert_memory_equal(bytes, wanted, w.out.size);
    assert_int_equal(read_only((struct kc_span){(uint8_t *)bytes, w.out.size}), KC_OK);
    for (size_t limit = 0; limit < sizeof wanted - 1; limit++) {
        kc_json_writer_init(&w, bytes, limit);
        write_sample(&w);
        assert_int_equal(kc_json_writer_finish(&w), KC_ERR_TOO_LARGE);
    }
}

static void writes_nothing_that_cannot_be_read(void **state)
{
    (void)state;
    char bytes[200];
    struct kc_json_writer w;
    kc_json_writer_init(&w, bytes, sizeof bytes);
    kc_json_write_integer(&w, KC_JSON_INTEGER_MAX + 1);
    assert_int_equal(kc_json_writer_finish(&w), KC_ERR_TOO_LARGE);
    kc_json_writer_init(&w, bytes, sizeof bytes);
    for (int i = 0; i <= KC_JSON_DEPTH_MAX; i++)
        kc_json_write_array(&w);
    assert_int_equal(kc_json_writer_finish(&w), KC_ERR_TOO_LARGE);
    kc_json_writer_init(&w, bytes, sizeof bytes);
    assert_int_equal(kc_json_writer_finish(&w), KC_ERR_INTERNAL);
    kc_json_write_array(&w);
    assert_int_equal(kc_json_writer_finish(&w), KC_ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_json_is),
        cmocka_unit_test(refuses_what_json_is_not),
        cmocka_unit_test(refuses_text_that_is_not_utf8),
        cmocka_unit_test(refuses_raw_control_characters_that_are_no_white_space),
        cmocka_unit_test(refuses_a_member_twice_however_it_is_escaped),
        cmocka_unit_test(refuses_numbers_beyond_two_to_the_53),
        cmocka_unit_test(refuses_what_goes_beyond_a_limit),
        cmocka_unit_test(refuses_every_truncation_and_anything_after_the_end),
        cmocka_unit_test(finds_members_items_and_their_values),
        cmocka_unit_test(gives_no_value_of_another_kind),
        cmocka_unit_test(reads_moments_of_the_calendar_alone),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(writes_nothing_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
