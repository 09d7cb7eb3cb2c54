/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_MAX (1 << 20)
#define LEVELS 3 /* of objects in a sample; what is deeper stays empty */

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* --- samples: an object of a type with every field that it has --- */

static void write_fields(
    struct kc_object_writer *w, enum kc_object_type owner, enum kc_object_type type, int level);

static void write_inner(struct kc_object_writer *w, const char *name,
    const struct kc_object_field *field, enum kc_object_type type, int level)
{
    if (field->kind == KC_OBJECT_KIND_TAGGED)
        kc_object_write_tagged(w, name, type);
    else
        kc_object_write_object(w, name, type);
    if (level < LEVELS)
        write_fields(w, type, type, level + 1);
    kc_object_write_end(w);
}

static void write_value(struct kc_object_writer *w, const char *name,
    const struct kc_object_field *field, int salt, int level)
{
    char text[32];
    uint8_t octets[5] = {0xff, 0xef, 0x00, (uint8_t)salt, 1};
    snprintf(text, sizeof text, "text %d \"\\\n\xc3\xa9", salt);
    switch (field->kind) {
    case KC_OBJECT_KIND_TEXT:
        kc_object_write_text(w, name, text);
        return;
    case KC_OBJECT_KIND_INTEGER:
        kc_object_write_integer(w, name, KC_JSON_INTEGER_MAX - salt);
        return;
    case KC_OBJECT_KIND_BOOLEAN:
        kc_object_write_boolean(w, name, salt % 2 == 0);
        return;
    case KC_OBJECT_KIND_OCTETS:
        kc_object_write_octets(w, name, (struct kc_span){octets, (size_t)(salt % 6)});
        return;
    case KC_OBJECT_KIND_TIME:
        kc_object_write_time(w, name, 1628181451 + salt);
        return;
    case KC_OBJECT_KIND_ENVELOPE:
        kc_object_write_source(w, name, span_of("[{\"dig\":\"S512\"},\"AAAA\",{}]"));
        return;
    case KC_OBJECT_KIND_VALUE:
        kc_object_write_source(w, name, span_of("{\"any\":[1,\"thing\"]}"));
        return;
    case KC_OBJECT_KIND_OBJECT:
    case KC_OBJECT_KIND_TAGGED:
        write_inner(w, name, field, field->type, level);
        return;
    }
}

static void write_field(
    struct kc_object_writer *w, const struct kc_object_field *field, int salt, int level)
{
    if (!field->is_list) {
        write_value(w, field->name, field, salt, level);
        return;
    }
    kc_object_write_list(w, field->name);
    for (int i = 0; i < 2; i++)
        write_value(w, NULL, field, salt + i, level);
    kc_object_write_end(w);
}

/* The fields of a type that are not hidden by nearer ones of the same name. */
static void write_fields(
    struct kc_object_writer *w, enum kc_object_type owner, enum kc_object_type type, int level)
{
    const struct kc_object_info *info = kc_object_info(owner);
    if (info->parent != KC_OBJECT_NONE)
        write_fields(w, info->parent, type, level);
    int salt = 0;
    for (const struct kc_object_field *field = info->fields; field->name != NULL; field++, salt++)
        if (field->now == NULL && kc_object_field_named(type, field->name) == field)
            write_field(w, field, salt, level);
}

static size_t write_sample(uint8_t *bytes, enum kc_object_type type)
{
    static struct kc_object_writer w;
    kc_object_writer_init(&w, bytes, SAMPLE_MAX);
    kc_object_write_tagged(&w, NULL, type);
    write_fields(&w, type, type, 0);
    kc_object_write_end(&w);
    enum kc_error error = kc_object_writer_finish(&w);
    if (error != KC_OK)
        fail_msg("%s: %s", kc_object_info(type)->name, kc_error_name(error));
    return w.json.out.size;
}

static void decodes_what_it_encodes_for_each_row(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(SAMPLE_MAX), *again = malloc(SAMPLE_MAX);
    static struct kc_object_writer w;
    for (unsigned type = 1; type < KC_OBJECT_COUNT; type++) {
        struct kc_json_document document = {0};
        struct kc_object object;
        struct kc_object_notes notes;
        size_t size = write_sample(bytes, (enum kc_object_type)type);
        enum kc_error error = kc_object_parse(
            (struct kc_span){bytes, size}, SAMPLE_MAX, KC_OBJECT_NONE, &document, &object, &notes);
        if (error != KC_OK)
            fail_msg("%s: %s in %s", kc_object_info((enum kc_object_type)type)->name,
                kc_error_name(error), notes.bad_field);
        assert_int_equal(object.type, type);
        assert_int_equal(notes.unknown_count, 0);
        kc_object_writer_init(&w, again, SAMPLE_MAX);
        kc_object_write_copy(&w, NULL, &object, true);
        assert_int_equal(kc_object_writer_finish(&w), KC_OK);
        assert_int_equal(w.json.out.size, size);
        assert_memory_equal(again, bytes, size);
        kc_json_done(&document);
    }
    free(bytes);
    free(again);
}

/* --- the table itself --- */

static unsigned count_fields(enum kc_object_type type)
{
    unsigned count = 0;
    if (type == KC_OBJECT_NONE)
        return 0;
    const struct kc_object_info *info = kc_object_info(type);
    for (const struct kc_object_field *field = info->fields; field->name != NULL; field++)
        count++;
    return count + count_fields(info->parent);
}

/* A field as tests/proto/schema_fields has it. */
static void describe(const struct kc_object_field *field, char *out, size_t room)
{
    static const char *const words[] = {
        "text ", "integer ", "boolean ", "octets ", "time ", "", "tagged ", "envelope ", "value "};
    int size = field->now != NULL ? snprintf(out, room, "was %s", field->now)
                                  : snprintf(out, room, "%s%s%s", field->is_list ? "list of " : "",
                                        words[field->kind], kc_object_info(field->type)->name);
    assert_true(size > 0 && (size_t)size < room);
    if (out[size - 1] == ' ')
        out[size - 1] = '\0';
}

static enum kc_object_type type_named(const char *name)
{
    for (unsigned type = 1; type < KC_OBJECT_COUNT; type++)
        if (strcmp(kc_object_info((enum kc_object_type)type)->name, name) == 0)
            return (enum kc_object_type)type;
    fail_msg("no %s in the table", name);
    return KC_OBJECT_NONE;
}

/* "Object", or "Object.Field description". */
static void expect_schema_line(char *line)
{
    char *left = line, due[200];
    const char *object = strsep(&left, "."), *name = strsep(&left, " ");
    enum kc_object_type type = type_named(object);
    if (name == NULL)
        return;
    const struct kc_object_field *field = kc_object_field_named(type, name);
    if (field == NULL)
        fail_msg("%s has no %s", object, name);
    describe(field, due, sizeof due);
    if (strcmp(due, left) != 0)
        fail_msg("%s.%s is %s, not %s", object, name, due, left);
}

static void has_each_structure_and_field_of_the_schemas(void **state)
{
    (void)state;
    char line[200];
    unsigned lines = 0;
    FILE *file = fopen(KC_SOURCE_DIR "/tests/proto/schema_fields", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (*line != '#') {
            expect_schema_line(line);
            lines++;
        }
    }
    fclose(file);
    assert_true(lines > 700);
}

static void has_a_current_spelling_for_every_older_one(void **state)
{
    (void)state;
    for (unsigned i = 1; i < KC_OBJECT_COUNT; i++) {
        enum kc_object_type type = (enum kc_object_type)i;
        const struct kc_object_info *info = kc_object_info(type);
        assert_true(count_fields(type) <= 64);
        for (const struct kc_object_field *field = info->fields; field->name != NULL; field++) {
            if (strspn(field->years, "128790ourstex ") != strlen(field->years) || !*field->years)
                fail_msg("%s.%s: years are %s", info->name, field->name, field->years);
            if (field->now == NULL)
                continue;
            const struct kc_object_field *now = kc_object_field_named(type, field->now);
            if (now == NULL || now->now != NULL)
                fail_msg(
                    "%s.%s is now %s, which is not there", info->name, field->name, field->now);
        }
    }
}

static void names_no_field_of_an_object_twice(void **state)
{
    (void)state;
    for (unsigned i = 1; i < KC_OBJECT_COUNT; i++) {
        const struct kc_object_info *info = kc_object_info((enum kc_object_type)i);
        for (const struct kc_object_field *a = info->fields; a->name != NULL; a++)
            for (const struct kc_object_field *b = a + 1; b->name != NULL; b++)
                if (strcmp(a->name, b->name) == 0)
                    fail_msg("%s.%s", info->name, a->name);
    }
}

/* --- reading --- */

static enum kc_error parse(
    const char *text, enum kc_object_type base, struct kc_object_notes *notes)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    enum kc_error error =
        kc_object_parse(span_of(text), SAMPLE_MAX, base, &document, &object, notes);
    kc_json_done(&document);
    return error;
}

static void reads_every_spelling_as_the_current_one(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"ConnectionDevice\":{\"Authority\":\"M\"}}",
        "{\"ConnectionDevice\":{\"AuthorityUDF\":\"M\"}}",
        "{\"ConnectionDevice\":{\"AuthorityUdf\":\"M\"}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct kc_json_document document = {0};
        struct kc_object object;
        assert_int_equal(kc_object_parse(span_of(texts[i]), SAMPLE_MAX, KC_OBJECT_Connection,
                             &document, &object, NULL),
            KC_OK);
        assert_int_equal(object.type, KC_OBJECT_ConnectionDevice);
        assert_true(kc_json_is_text(kc_object_member(&object, "Authority"), "M"));
        assert_false(kc_json_is_there(kc_object_member(&object, "Subject")));
        kc_json_done(&document);
    }
}

static void refuses_one_thing_in_two_spellings(void **state)
{
    (void)state;
    struct kc_object_notes notes;
    assert_int_equal(parse("{\"ConnectionDevice\":{\"AuthorityUDF\":\"M\",\"Authority\":\"M\"}}",
                         KC_OBJECT_NONE, &notes),
        KC_ERR_BAD_REQUEST);
    assert_string_equal(notes.bad_field, "Authority");
}

static void counts_and_passes_over_what_it_does_not_know(void **state)
{
    (void)state;
    struct kc_object_notes notes;
    assert_int_equal(parse("{\"OperateRequest\":{\"New\":[{}],\"Operations\":[{\"Unheard\":{}},"
                           "{\"CryptographicOperationSign\":{\"Newer\":1,\"KeyId\":null}}]}}",
                         KC_OBJECT_Request, &notes),
        KC_OK);
    assert_int_equal(notes.unknown_count, 3);
}

static void refuses_what_does_not_fit_its_row(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"{\"OperateRequest\":{\"AccountAddress\":1}}", "AccountAddress"},
        {"{\"OperateRequest\":{\"Operations\":{}}}", "Operations"},
        {"{\"OperateRequest\":{\"Operations\":[{}]}}", "Operations"},
        {"{\"OperateRequest\":{\"Operations\":[{\"CryptographicOperationSign\":{},"
         "\"CryptographicOperationShare\":{}}]}}",
            "Operations"},
        {"{\"OperateRequest\":{\"Operations\":[{\"CryptographicOperationSign\":7}]}}",
            "Operations"},
        {"{\"OperateRequest\":{\"Operations\":[{\"CatalogedDevice\":{}}]}}", "Operations"},
        {"{\"OperateRequest\":{\"Operations\":[{\"CryptographicOperationSign\":"
         "{\"Data\":\"A\"}}]}}",
            "Data"},
        {"{\"OperateRequest\":{\"Operations\":[{\"CryptographicOperationShare\":"
         "{\"Threshold\":1.5}}]}}",
            "Threshold"},
        {"{\"MessagePin\":{\"Automatic\":\"true\"}}", "Automatic"},
        {"{\"MessagePin\":{\"Expires\":\"tomorrow\"}}", "Expires"},
        {"{\"BindRequest\":{\"EnvelopedProfileAccount\":{}}}", "EnvelopedProfileAccount"},
        {"{\"BindRequest\":{\"EnvelopedProfileAccount\":[{},\"\",{},{}]}}",
            "EnvelopedProfileAccount"},
        {"{\"BindRequest\":{\"EnvelopedProfileAccount\":[{}]}}", "EnvelopedProfileAccount"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kc_object_notes notes;
        if (parse(cases[i].text, KC_OBJECT_NONE, &notes) != KC_ERR_BAD_REQUEST ||
            notes.bad_field == NULL || strcmp(notes.bad_field, cases[i].field) != 0)
            fail_msg("%s", cases[i].text);
    }
}

static void refuses_what_is_not_one_tag_of_the_kind_that_is_asked_for(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "[]", "7", "{\"Unheard\":{}}",
        "{\"OperateRequest\":{},\"BindRequest\":{}}", "{\"OperateResponse\":{}}",
        "{\"OperateRequest\":[]}", "{\"OperateRequest\":null}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (parse(texts[i], KC_OBJECT_Request, NULL) != KC_ERR_BAD_REQUEST)
            fail_msg("%s", texts[i]);
}

/* --- writing --- */

static enum kc_error wrong_write(int which)
{
    static struct kc_object_writer w;
    static char bytes[1000];
    kc_object_writer_init(&w, bytes, sizeof bytes);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_OperateRequest);
    switch (which) {
    case 0:
        kc_object_write_text(&w, "NoSuchField", "x");
        break;
    case 1:
        kc_object_write_integer(&w, "AccountAddress", 1);
        break;
    case 2:
        kc_object_write_text(&w, "Operations", "x");
        break;
    case 3:
        kc_object_write_tagged(&w, "Operations", KC_OBJECT_CryptographicOperationSign);
        break;
    case 4:
        kc_object_write_list(&w, "Operations");
        kc_object_write_tagged(&w, NULL, KC_OBJECT_OperateResponse);
        break;
    case 5:
        return kc_object_writer_finish(&w);
    case 6:
        kc_object_write_end(&w);
        kc_object_write_end(&w);
        return kc_object_writer_finish(&w);
    case 7:
        kc_object_write_list(&w, "Operations");
        kc_object_write_text(&w, "KeyId", "x");
        kc_object_write_end(&w);
        break;
    }
    kc_object_write_end(&w);
    return kc_object_writer_finish(&w);
}

static void writes_nothing_that_is_not_in_the_table(void **state)
{
    (void)state;
    for (int which = 0; which <= 7; which++)
        assert_int_equal(wrong_write(which), KC_ERR_INTERNAL);
}

static void writes_no_older_spelling(void **state)
{
    (void)state;
    static struct kc_object_writer w;
    char bytes[100];
    kc_object_writer_init(&w, bytes, sizeof bytes);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ConnectionDevice);
    kc_object_write_text(&w, "AuthorityUDF", "M");
    kc_object_write_end(&w);
    assert_int_equal(kc_object_writer_finish(&w), KC_ERR_INTERNAL);
}

static void says_that_a_text_does_not_fit(void **state)
{
    (void)state;
    static struct kc_object_writer w;
    uint8_t *bytes = malloc(SAMPLE_MAX);
    size_t size = write_sample(bytes, KC_OBJECT_OperateRequest);
    kc_object_writer_init(&w, bytes, size - 1);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_OperateRequest);
    write_fields(&w, KC_OBJECT_OperateRequest, KC_OBJECT_OperateRequest, 0);
    kc_object_write_end(&w);
    assert_int_equal(kc_object_writer_finish(&w), KC_ERR_TOO_LARGE);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_it_encodes_for_each_row),
        cmocka_unit_test(has_each_structure_and_field_of_the_schemas),
        cmocka_unit_test(has_a_current_spelling_for_every_older_one),
        cmocka_unit_test(names_no_field_of_an_object_twice),
        cmocka_unit_test(reads_every_spelling_as_the_current_one),
        cmocka_unit_test(refuses_one_thing_in_two_spellings),
        cmocka_unit_test(counts_and_passes_over_what_it_does_not_know),
        cmocka_unit_test(refuses_what_does_not_fit_its_row),
        cmocka_unit_test(refuses_what_is_not_one_tag_of_the_kind_that_is_asked_for),
        cmocka_unit_test(writes_nothing_that_is_not_in_the_table),
        cmocka_unit_test(writes_no_older_spelling),
        cmocka_unit_test(says_that_a_text_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
