/* SPDX-License-Identifier: Apache-2.0 */
/* The man page, the help and the completion know every command and every option. */
#include "custodian/cli/cli.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TEXT_MAX 65536

/* What a command prints. */
static const char *output_of(const char *command)
{
    static char text[TEXT_MAX];
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    text[fread(text, 1, sizeof text - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return text;
}

/* The man page without its markup for options. */
static const char *man_page(void)
{
    return output_of("sed 's/ , -/ --/g' " KC_SOURCE_DIR "/docs/man/custodian.1");
}

static void the_man_page_has_every_command(void **state)
{
    (void)state;
    const char *page = man_page();
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const struct kc_cli_command *command = &kc_cli_commands[i];
        char entry[128];
        snprintf(entry, sizeof entry, ".It Nm Cm %s%s%s%s%s",
            command->group != NULL ? command->group : "", command->group != NULL ? " " : "",
            command->name, *command->arguments != '\0' ? " Ar " : "", command->arguments);
        if (strstr(page, entry) == NULL)
            fail_msg("the man page lacks: %s", entry);
    }
}

static void the_man_page_has_every_option_and_its_letter(void **state)
{
    (void)state;
    const char *page = man_page();
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
        const struct kc_cli_option_row *row = &kc_cli_options[i];
        char entry[128], letter[8] = "";
        if (row->letter != 0)
            snprintf(letter, sizeof letter, "%c -", row->letter);
        snprintf(entry, sizeof entry, ".It Fl %s-%s%s%s\n", letter, row->name,
            row->argument != NULL ? " Ar " : "", row->argument != NULL ? row->argument : "");
        if (strstr(page, entry) == NULL)
            fail_msg("the man page lacks: %s", entry);
    }
}

static void the_completion_has_every_command_with_its_options(void **state)
{
    (void)state;
    const char *script = output_of(KC_BUILD_DIR "/custodian completion bash");
    for (size_t c = 0; c < kc_cli_command_count; c++) {
        const struct kc_cli_command *command = &kc_cli_commands[c];
        kc_cli_set set = KC_CLI_GLOBAL | command->needs | command->takes;
        char line[1024];
        int used = snprintf(line, sizeof line, "[\"%s%s%s\"]=\"",
            command->group != NULL ? command->group : "", command->group != NULL ? " " : "",
            command->name);
        for (int i = 0; i < KC_CLI_OPTION_COUNT; i++)
            if ((set & KC_CLI_BIT_OF(i)) != 0)
                used += snprintf(
                    line + used, sizeof line - (size_t)used, " --%s", kc_cli_options[i].name);
        if (strstr(script, line) == NULL)
            fail_msg("the completion lacks: %s", line);
    }
}

/* Completes a line in bash; the candidates, sorted, on one line. */
static const char *completed(const char *words, int at)
{
    char command[512];
    snprintf(command, sizeof command,
        "bash -c 'source <(" KC_BUILD_DIR "/custodian completion bash); compopt() { :; };"
        " COMP_WORDS=(custodian %s); COMP_CWORD=%d; _custodian;"
        " printf \"%%s\\n\" \"${COMPREPLY[@]}\" | sort -u | tr \"\\n\" \" \"'",
        words, at);
    return output_of(command);
}

static void bash_completes_groups_commands_options_and_words(void **state)
{
    (void)state;
    assert_string_equal(completed("k", 1), "key keyring ");
    assert_string_equal(completed("key d", 2), "decrypt derive destroy disable ");
    assert_string_equal(completed("--socket x share s", 4), "show split ");
    assert_string_equal(completed("decrypt file --se", 3), "--service ");
    assert_string_equal(completed("key generate --algorithm X", 4), "X25519 X448 ");
    assert_string_equal(completed("key generate -r ", 4), "account application base wrap ");
    assert_string_equal(completed("key list -r s", 4), "share ");
    assert_string_equal(completed("key list --state d", 4), "destroyed disabled ");
}

/* Of an option that takes fewer values here than elsewhere, the help has those. */
static void check_option(
    const char *help, const struct kc_cli_command *command, enum kc_cli_option option)
{
    const struct kc_cli_option_row *row = &kc_cli_options[option];
    const char *choices = kc_cli_choices(command, option);
    char text[128] = "";
    if (choices != NULL && choices != kc_fields[row->field].choices) {
        kc_cli_read_aloud(choices, text, sizeof text);
        assert_non_null(strstr(help, text));
    } else {
        assert_non_null(strstr(help, row->sentence));
    }
}

static void help_has_every_command_and_each_command_its_options(void **state)
{
    (void)state;
    for (size_t c = 0; c < kc_cli_command_count; c++) {
        const struct kc_cli_command *command = &kc_cli_commands[c];
        char line[256];
        snprintf(line, sizeof line, "%s/custodian %s %s --help", KC_BUILD_DIR,
            command->group != NULL ? command->group : "", command->name);
        const char *help = output_of(line);
        assert_non_null(strstr(help, command->sentence));
        assert_non_null(strstr(help, "Exit status:"));
        for (int i = 0; i < KC_CLI_OPTION_COUNT; i++)
            if (((command->needs | command->takes) & KC_CLI_BIT_OF(i)) != 0)
                check_option(help, command, (enum kc_cli_option)i);
    }
    const char *help = output_of(KC_BUILD_DIR "/custodian --help");
    for (size_t c = 0; c < kc_cli_command_count; c++)
        assert_non_null(strstr(help, kc_cli_commands[c].sentence));
}

static void the_scripts_print_their_usage_as_text(void **state)
{
    (void)state;
    static const char *const scripts[] = {"env", "quickstart --no", "test --no"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        char line[512];
        snprintf(line, sizeof line, "%s/swtpm-ci/%s 2>&1; [ $? = 2 ]", KC_SOURCE_DIR, scripts[i]);
        const char *usage = output_of(line);
        assert_non_null(strstr(usage, "swtpm-ci/"));
        assert_true(*usage != '#' && strstr(usage, "\n#") == NULL);
    }
    const char *usage = output_of(KC_SOURCE_DIR "/swtpm-ci/env 2>&1; true");
    assert_non_null(strstr(usage, "CUSTODIAN_TOKEN_NIST"));
}

static void no_two_options_share_a_letter_or_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++)
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(kc_cli_options[i].name, kc_cli_options[j].name);
            if (kc_cli_options[i].letter != 0)
                assert_int_not_equal(kc_cli_options[i].letter, kc_cli_options[j].letter);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_man_page_has_every_command),
        cmocka_unit_test(the_man_page_has_every_option_and_its_letter),
        cmocka_unit_test(the_completion_has_every_command_with_its_options),
        cmocka_unit_test(bash_completes_groups_commands_options_and_words),
        cmocka_unit_test(help_has_every_command_and_each_command_its_options),
        cmocka_unit_test(the_scripts_print_their_usage_as_text),
        cmocka_unit_test(no_two_options_share_a_letter_or_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
