/* SPDX-License-Identifier: Apache-2.0 */
/* The documents say what the tables say, and their examples are messages. */
#include "tests/support/cmocka.h"

#include "proto/socket/cbor.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_SIZE_MAX (256 * 1024)

static char document[DOCUMENT_SIZE_MAX], made[DOCUMENT_SIZE_MAX];

static void read_all(FILE *file, char *text)
{
    assert_non_null(file);
    size_t size = fread(text, 1, DOCUMENT_SIZE_MAX - 1, file);
    assert_true(feof(file));
    text[size] = 0;
}

static void read_document(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/docs/%s", KC_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    read_all(file, document);
    fclose(file);
}

static void check_made(const char *name, const char *tool)
{
    read_document(name);
    FILE *pipe = popen(tool, "r");
    read_all(pipe, made);
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(document, made);
}

static void the_grammar_is_what_the_tables_make(void **state)
{
    (void)state;
    check_made("socket-api.cddl", KC_SOCKET_CDDL);
}

/* Lines that start with a letter are the rules. */
static void each_rule_of_the_grammar_is_there_once(void **state)
{
    (void)state;
    static char names[512][64];
    size_t count = 0;
    read_document("socket-api.cddl");
    for (char *line = strtok(document, "\n"); line; line = strtok(NULL, "\n")) {
        if (!islower((unsigned char)line[0]))
            continue;
        assert_true(count < 512);
        snprintf(names[count], sizeof names[count], "%.*s", (int)strcspn(line, " "), line);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(names[i], names[count]);
        count++;
    }
    assert_true(count > KC_OPERATIONS * 2);
}

static void the_list_of_errors_is_what_the_table_makes(void **state)
{
    (void)state;
    check_made("errors.md", KC_CODE_TABLE);
}

/* The octets of the next example, up to its end; comments go to the end of a line. */
static const char *next_example(const char *text, uint8_t *octets, size_t *size)
{
    text = strstr(text, "```hex\n");
    if (!text)
        return NULL;
    *size = 0;
    for (text += strlen("```hex\n"); *text != '`'; text++) {
        if (*text == '#')
            text += strcspn(text, "\n");
        if (isxdigit((unsigned char)text[0])) {
            char digits[3] = {text[0], text[1], 0};
            octets[(*size)++] = (uint8_t)strtoul(digits, NULL, 16);
            text++;
        }
    }
    return text;
}

static void check_request(const uint8_t *octets, size_t size, enum kc_operation operation)
{
    struct kc_message request;
    const char *detail;
    assert_int_equal(kc_cbor_request_decode(octets, size, 1, NULL, &request, &detail), KC_OK);
    assert_int_equal(request.operation, operation);
}

static void check_answer(const uint8_t *octets, size_t size, enum kc_error error)
{
    static uint8_t again[1024];
    struct kc_message answer;
    size_t again_size = 0;
    kc_message_init(&answer, KC_OPERATION_RANDOM);
    assert_int_equal(kc_cbor_answer_decode(octets, size, 0, &answer), KC_OK);
    assert_int_equal(answer.error, error);
    assert_int_equal(kc_cbor_answer_encode(&answer, again, sizeof again, &again_size), KC_OK);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, octets, size); /* the words of the error too */
}

static void the_examples_are_messages(void **state)
{
    (void)state;
    static uint8_t octets[1024];
    size_t size = 0;
    read_document("socket-api.md");
    const char *text = next_example(document, octets, &size);
    check_request(octets, size, KC_OPERATION_RANDOM);
    text = next_example(text, octets, &size);
    check_answer(octets, size, KC_OK);
    text = next_example(text, octets, &size);
    check_answer(octets, size, KC_ERR_REFUSED);
    text = next_example(text, octets, &size);
    check_request(octets, size, KC_OPERATION_OPERATOR_PIN);
    assert_null(next_example(text, octets, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_is_what_the_tables_make),
        cmocka_unit_test(each_rule_of_the_grammar_is_there_once),
        cmocka_unit_test(the_list_of_errors_is_what_the_table_makes),
        cmocka_unit_test(the_examples_are_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
