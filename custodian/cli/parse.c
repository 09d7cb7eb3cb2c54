/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/cli.h"
#include "custodian/cli/output.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000
#define LONG_BASE 256 /* values of getopt_long above every letter */

/* getopt_long's tables, made from ours. */
struct getopt_tables {
    struct option options[KC_CLI_OPTION_COUNT + 1];
    char letters[2 * KC_CLI_OPTION_COUNT + 2];
};

static void tables_make(struct getopt_tables *tables)
{
    memset(tables, 0, sizeof *tables);
    char *letter = tables->letters;
    *letter++ = ':'; /* say which of the two is wrong: unknown, or without its argument */
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
        const struct kc_cli_option_row *row = &kc_cli_options[i];
        tables->options[i] = (struct option){row->name,
            row->argument != NULL ? required_argument : no_argument, NULL, LONG_BASE + i};
        if (row->letter == 0)
            continue;
        *letter++ = (char)row->letter;
        if (row->argument != NULL)
            *letter++ = ':';
    }
}

/* The option that getopt_long found; KC_CLI_OPTION_COUNT: none. */
static enum kc_cli_option option_found(int value)
{
    if (value >= LONG_BASE)
        return (enum kc_cli_option)(value - LONG_BASE);
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++)
        if (kc_cli_options[i].letter == value)
            return (enum kc_cli_option)i;
    return KC_CLI_OPTION_COUNT;
}

static enum kc_error option_take(struct kc_cli *cli, enum kc_cli_option option, const char *value)
{
    if (option == KC_CLI_TO) {
        if (cli->recipient_count == KC_CLI_RECIPIENTS_MAX)
            return kc_cli_fail(
                cli, KC_ERR_USAGE, "--to: no more than %d times", KC_CLI_RECIPIENTS_MAX);
        cli->recipients[cli->recipient_count++] = value;
    } else if (cli->values[option] != NULL && value != NULL) {
        return kc_cli_fail(cli, KC_ERR_USAGE, "--%s is given twice", kc_cli_options[option].name);
    }
    cli->values[option] = value != NULL ? value : "";
    return KC_OK;
}

static enum kc_error options_parse(struct kc_cli *cli, int count, char *words[])
{
    struct getopt_tables tables;
    tables_make(&tables);
    optind = 0; /* so that getopt starts anew: tests parse many times */
    opterr = 0;
    for (;;) {
        int found = getopt_long(count, words, tables.letters, tables.options, NULL);
        if (found == -1)
            break;
        const char *word = words[optind - 1];
        if (found == ':')
            return kc_cli_fail(cli, KC_ERR_USAGE, "%s needs an argument", word);
        enum kc_cli_option option = option_found(found);
        if (option == KC_CLI_OPTION_COUNT)
            return kc_cli_fail(cli, KC_ERR_USAGE, "%s is no option", word);
        enum kc_error error = option_take(cli, option, optarg);
        if (error != KC_OK)
            return error;
    }
    cli->arguments = words + optind;
    cli->argument_count = (size_t)(count - optind);
    return KC_OK;
}

/* The group that words begin with, one of two words before one of a single word; NULL: none. */
static const char *group_find(char *const words[], size_t count)
{
    const char *single = NULL;
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const char *group = kc_cli_commands[i].group;
        size_t size = strlen(words[0]);
        if (group == NULL || strncmp(group, words[0], size) != 0)
            continue;
        if (group[size] == ' ' && count > 1 && strcmp(group + size + 1, words[1]) == 0)
            return group;
        if (group[size] == '\0')
            single = group;
    }
    return single;
}

/* Whether groups of two words begin with this one. */
static bool begins_groups(const char *word)
{
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const char *group = kc_cli_commands[i].group;
        size_t size = strlen(word);
        if (group != NULL && strncmp(group, word, size) == 0 && group[size] == ' ')
            return true;
    }
    return false;
}

static const struct kc_cli_command *command_find(const char *group, const char *name)
{
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const struct kc_cli_command *command = &kc_cli_commands[i];
        bool same_group = group == NULL || command->group == NULL ? group == command->group
                                                                  : !strcmp(group, command->group);
        if (same_group && strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

/* Takes the first argument off. */
static const char *argument_shift(struct kc_cli *cli)
{
    cli->argument_count--;
    return *cli->arguments++;
}

/* Takes the group off, if there is one that is followed. */
static void group_parse(struct kc_cli *cli)
{
    char **words = cli->arguments;
    const char *group = group_find(words, cli->argument_count);
    if (group == NULL && begins_groups(words[0]))
        group = words[0];
    if (group == NULL)
        return;
    size_t size = strchr(group, ' ') != NULL ? 2 : 1;
    bool is_followed = cli->argument_count > size && command_find(group, words[size]) != NULL;
    if (command_find(NULL, group) != NULL && !is_followed)
        return; /* the word is a command too */
    cli->group = group;
    cli->arguments += size;
    cli->argument_count -= size;
}

static enum kc_error command_parse(struct kc_cli *cli)
{
    if (cli->argument_count == 0)
        return KC_OK;
    group_parse(cli);
    if (cli->argument_count == 0)
        return KC_OK;
    const char *word = argument_shift(cli);
    cli->command = command_find(cli->group, word);
    if (cli->command != NULL)
        return KC_OK;
    const char *group = cli->group != NULL ? cli->group : "",
               *blank = cli->group != NULL ? " " : "";
    return kc_cli_fail(cli, KC_ERR_USAGE,
        "there is no command %s%s%s: custodian%s%s --help has them", group, blank, word, blank,
        group);
}

const char *kc_cli_choices(const struct kc_cli_command *command, enum kc_cli_option option)
{
    if (option == KC_CLI_ROLE && command->run == kc_cli_key_generate)
        return "base account application wrap"; /* shares come of splitting */
    if (option == KC_CLI_KIND && command->run == kc_cli_object_import)
        return "certificate public data"; /* keys are made here */
    if (option == KC_CLI_SCHEME && command->group != NULL && strcmp(command->group, "frost") == 0)
        return "plain ctx envelope"; /* those that holders sign by */
    enum kc_field field = kc_cli_options[option].field;
    return field < KC_FIELDS ? kc_fields[field].choices : NULL;
}

/* Whether a value is one of words with blanks between. */
static bool is_among(const char *value, const char *words)
{
    size_t size = strlen(value);
    for (const char *word = words; *word != '\0'; word += strspn(word, " ")) {
        size_t word_size = strcspn(word, " ");
        if (word_size == size && strncmp(word, value, size) == 0)
            return true;
        word += word_size;
    }
    return false;
}

void kc_cli_read_aloud(const char *words, char *text, size_t size)
{
    size_t used = 0;
    for (const char *c = words; *c != '\0' && used + 5 < size; c++) {
        const char *between = strchr(c + 1, ' ') != NULL ? ", " : " or ";
        used += (size_t)snprintf(
            text + used, size - used, *c == ' ' ? "%s" : "%.1s", *c == ' ' ? between : c);
    }
}

static enum kc_error values_check(const struct kc_cli *cli)
{
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
        const char *choices = kc_cli_choices(cli->command, (enum kc_cli_option)i);
        char text[128] = "";
        if (cli->values[i] == NULL || choices == NULL || is_among(cli->values[i], choices))
            continue;
        kc_cli_read_aloud(choices, text, sizeof text);
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "--%s is %s, not %s", kc_cli_options[i].name,
            text, cli->values[i]);
    }
    return kc_cli_given(cli, KC_CLI_LABEL) ? kc_cli_label_check(cli, cli->values[KC_CLI_LABEL])
                                           : KC_OK;
}

enum kc_error kc_cli_label_check(const struct kc_cli *cli, const char *label)
{
    struct kc_span text = {(const uint8_t *)label, strlen(label)};
    size_t most = (size_t)kc_fields[KC_FIELD_LABEL].most;
    if (text.size >= 1 && text.size <= most && kc_text_valid(text))
        return KC_OK;
    return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
        "a label has 1 to %zu octets of UTF-8 without control characters", most);
}

/* Options of which one at most makes sense. */
static enum kc_error exclusions_check(const struct kc_cli *cli)
{
    if (kc_cli_given(cli, KC_CLI_SIGNED) + kc_cli_given(cli, KC_CLI_RAW) +
            kc_cli_given(cli, KC_CLI_UDF) >
        1)
        return kc_cli_fail(cli, KC_ERR_USAGE, "only one of --signed, --raw and --udf is possible");
    if (kc_cli_given(cli, KC_CLI_JSON) && kc_cli_given(cli, KC_CLI_OUTPUT) &&
        strcmp(cli->values[KC_CLI_OUTPUT], "-") == 0)
        return kc_cli_fail(
            cli, KC_ERR_USAGE, "--json and --output - would both write to standard output");
    return KC_OK;
}

/* Every option that was given is taken, every one that is needed given. */
static enum kc_error options_check(struct kc_cli *cli)
{
    const struct kc_cli_command *command = cli->command;
    kc_cli_set taken = KC_CLI_GLOBAL | command->needs | command->takes;
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
        kc_cli_set bit = KC_CLI_BIT_OF(i);
        if (cli->values[i] != NULL && (taken & bit) == 0)
            return kc_cli_fail(
                cli, KC_ERR_USAGE, "--%s is not for this command", kc_cli_options[i].name);
        if (cli->values[i] == NULL && (command->needs & bit) != 0)
            return kc_cli_fail(cli, KC_ERR_USAGE, "--%s %s is missing", kc_cli_options[i].name,
                kc_cli_options[i].argument);
    }
    if (cli->argument_count < command->least || cli->argument_count > command->most)
        return kc_cli_fail(cli, KC_ERR_USAGE, "%s; the command takes %s",
            cli->argument_count < command->least ? "an argument is missing"
                                                 : "there are too many arguments",
            *command->arguments != '\0' ? command->arguments : "none");
    return KC_OK;
}

static enum kc_error timeout_parse(struct kc_cli *cli)
{
    const char *text = cli->values[KC_CLI_TIMEOUT];
    cli->timeout_ms = TIMEOUT_MS;
    if (text == NULL)
        return KC_OK;
    char *end;
    errno = 0;
    long seconds = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || seconds < 1 || seconds > INT_MAX / 1000)
        return kc_cli_fail(cli, KC_ERR_USAGE, "--timeout takes a number of seconds");
    cli->timeout_ms = (int)seconds * 1000;
    return KC_OK;
}

enum kc_error kc_cli_parse(struct kc_cli *cli, int count, char *words[])
{
    enum kc_error error = options_parse(cli, count, words);
    if (error == KC_OK)
        error = command_parse(cli);
    if (error == KC_OK)
        error = timeout_parse(cli);
    if (error != KC_OK || kc_cli_given(cli, KC_CLI_HELP) || kc_cli_given(cli, KC_CLI_VERSION))
        return error;
    if (cli->command == NULL)
        return kc_cli_fail(cli, KC_ERR_USAGE, "a command is missing: custodian%s%s --help has them",
            cli->group != NULL ? " " : "", cli->group != NULL ? cli->group : "");
    error = options_check(cli);
    if (error == KC_OK)
        error = exclusions_check(cli);
    return error == KC_OK ? values_check(cli) : error;
}
