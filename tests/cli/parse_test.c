/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what is understood, and what is refused before anything is done. */
#include "custodian/cli/cli.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 40

/* Splits a line at blanks, after the program's name; the words live until the next one. */
static int split(const char *line, char *words[WORDS_MAX + 1])
{
    static char copy[1024];
    int count = 1;
    snprintf(copy, sizeof copy, "custodian %s", line);
    words[0] = strtok(copy, " ");
    for (char *word; count < WORDS_MAX && (word = strtok(NULL, " ")) != NULL;)
        words[count++] = word;
    words[count] = NULL;
    return count;
}

static enum kc_error parse(struct kc_cli *cli, const char *line)
{
    static char *words[WORDS_MAX + 1];
    memset(cli, 0, sizeof *cli);
    int count = split(line, words);
    return kc_cli_parse(cli, count, words);
}

/* A value that an option may have: one word. */
static const char *value_for(const struct kc_cli_command *command, enum kc_cli_option option)
{
    static char word[64];
    const char *choices = kc_cli_choices(command, option);
    if (kc_cli_options[option].argument == NULL)
        return "";
    if (choices == NULL)
        return "value";
    snprintf(word, sizeof word, "%.*s", (int)strcspn(choices, " "), choices);
    return word;
}

static void finds_each_command_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const struct kc_cli_command *command = &kc_cli_commands[i];
        struct kc_cli cli;
        char line[1024];
        int used = snprintf(line, sizeof line, "%s %s",
            command->group != NULL ? command->group : "", command->name);
        for (size_t a = 0; a < command->least; a++)
            used += snprintf(line + used, sizeof line - (size_t)used, " argument");
        for (int o = 0; o < KC_CLI_OPTION_COUNT; o++)
            if (((command->needs | command->takes) & KC_CLI_BIT_OF(o)) != 0 && o != KC_CLI_RAW &&
                o != KC_CLI_UDF)
                used += snprintf(line + used, sizeof line - (size_t)used, " --%s%s%s",
                    kc_cli_options[o].name, kc_cli_options[o].argument != NULL ? " " : "",
                    value_for(command, (enum kc_cli_option)o));
        if (parse(&cli, line) != KC_OK || cli.command != command)
            fail_msg("custodian %s", line);
        assert_int_equal(cli.argument_count, command->least);
    }
}

static void takes_options_anywhere_and_in_every_spelling(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "key sign --output out mine message",
        "--output=out key sign mine message",
        "key -o out sign mine message",
        "key sign mine -oout message",
        "key sign --output out -- mine message",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct kc_cli cli;
        if (parse(&cli, lines[i]) != KC_OK)
            fail_msg("custodian %s", lines[i]);
        assert_string_equal(cli.command->name, "sign");
        assert_string_equal(cli.values[KC_CLI_OUTPUT], "out");
        assert_string_equal(cli.arguments[0], "mine");
        assert_string_equal(cli.arguments[1], "message");
    }
}

static void takes_a_dash_as_a_file(void **state)
{
    (void)state;
    struct kc_cli cli;
    assert_int_equal(parse(&cli, "key sign mine - -o -"), KC_OK);
    assert_string_equal(cli.arguments[1], "-");
    assert_string_equal(cli.values[KC_CLI_OUTPUT], "-");
}

static void collects_every_recipient(void **state)
{
    (void)state;
    struct kc_cli cli;
    char line[512] = "encrypt file";
    for (int i = 0; i < KC_CLI_RECIPIENTS_MAX; i++)
        strcat(line, " -t one");
    assert_int_equal(parse(&cli, line), KC_OK);
    assert_int_equal(cli.recipient_count, KC_CLI_RECIPIENTS_MAX);
    strcat(line, " -t one");
    assert_int_equal(parse(&cli, line), KC_ERR_USAGE);
}

static void refuses_what_it_does_not_understand(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "key", "nothing", "key nothing", "key sign",
        "key sign mine", "key sign mine message more", "status more", "key list --nothing",
        "key list --output out", "key sign mine message -o", "key list -k one -k two",
        "key generate --label mine", "key generate --algorithm Ed448", "encrypt file",
        "status --timeout 0", "status --timeout ten", "status --timeout 99999999999",
        "status --timeout 2147484", "sign mine message", "key agree mine peer",
        "key public mine --raw --udf", "key public mine --signed --raw", "random 8 --json -o -"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct kc_cli cli;
        if (parse(&cli, lines[i]) != KC_ERR_USAGE)
            fail_msg("custodian %s", lines[i]);
    }
}

static void refuses_values_that_an_option_cannot_have(void **state)
{
    (void)state;
    static const char *const lines[] = {"key list --state bogus", "key list --role sealed",
        "key list --state activ", "key list --state activee", "ping --through all",
        "key generate -a Ed448 -l mine --role share", "key generate -a ed448 -l mine",
        "key generate -a Ed448 -l mine --residence here", "key sign mine message --scheme pure",
        "key generate -a Ed448 -l \x1b[m", "share accept file -l \x80"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct kc_cli cli;
        if (parse(&cli, lines[i]) != KC_ERR_BAD_ARGUMENT)
            fail_msg("custodian %s", lines[i]);
    }
    char line[128] = "key list --label ";
    struct kc_cli cli;
    memset(line + strlen(line), 'x', 64);
    assert_int_equal(parse(&cli, line), KC_OK);
    strcat(line, "x");
    assert_int_equal(parse(&cli, line), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(parse(&cli, "key list --label="), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(parse(&cli, "key list --role share --state destroyed"), KC_OK);
}

static void asks_for_nothing_more_when_help_is_wanted(void **state)
{
    (void)state;
    static const char *const lines[] = {"--help", "key -h", "key sign --help", "-V", "encrypt -h"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct kc_cli cli;
        assert_int_equal(parse(&cli, lines[i]), KC_OK);
    }
}

static void reads_the_timeout_in_seconds(void **state)
{
    (void)state;
    struct kc_cli cli;
    assert_int_equal(parse(&cli, "status"), KC_OK);
    assert_int_equal(cli.timeout_ms, 30000);
    assert_int_equal(parse(&cli, "status --timeout 7"), KC_OK);
    assert_int_equal(cli.timeout_ms, 7000);
}

static int exit_status_of(const char *line)
{
    char *words[WORDS_MAX + 1];
    int count = split(line, words);
    return kc_cli_main(count, words);
}

static void exits_with_the_class_of_the_error(void **state)
{
    (void)state;
    assert_int_equal(exit_status_of("--socket /nonexistent/socket status"), KC_CLASS_PEER);
    assert_int_equal(exit_status_of("error no-such-error"), KC_CLASS_CALLER);
    assert_int_equal(exit_status_of("error refused"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_command_of_the_table),
        cmocka_unit_test(takes_options_anywhere_and_in_every_spelling),
        cmocka_unit_test(takes_a_dash_as_a_file),
        cmocka_unit_test(collects_every_recipient),
        cmocka_unit_test(refuses_what_it_does_not_understand),
        cmocka_unit_test(refuses_values_that_an_option_cannot_have),
        cmocka_unit_test(asks_for_nothing_more_when_help_is_wanted),
        cmocka_unit_test(reads_the_timeout_in_seconds),
        cmocka_unit_test(exits_with_the_class_of_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
