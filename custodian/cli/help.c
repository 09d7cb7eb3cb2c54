/* SPDX-License-Identifier: Apache-2.0 */
/* Help in one form for every command, from the tables. */
#include "custodian/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 33 /* where explanations begin */

/* What is too wide for its column has a line of its own. */
static void print_row(const char *left, const char *right)
{
    if (strlen(left) > COLUMN - 3) {
        printf("  %s\n", left);
        left = "";
    }
    printf("  %-*s %s\n", COLUMN - 3, left, right);
}

/* What an option does; where a command takes fewer values than others, those. */
static void print_option(
    const struct kc_cli_command *command, enum kc_cli_option option, const char *left)
{
    const struct kc_cli_option_row *row = &kc_cli_options[option];
    const char *choices = command != NULL ? kc_cli_choices(command, option) : NULL;
    char text[128] = "";
    if (choices == NULL || choices == kc_fields[row->field].choices) {
        print_row(left, row->sentence);
        return;
    }
    kc_cli_read_aloud(choices, text, sizeof text);
    print_row(left, text);
}

/* Of one command, or (NULL) of all. */
static void print_options(const struct kc_cli_command *command, kc_cli_set set)
{
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
        const struct kc_cli_option_row *row = &kc_cli_options[i];
        char left[64], letter[8] = "    ";
        if ((set & KC_CLI_BIT_OF(i)) == 0)
            continue;
        if (row->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", row->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, row->name,
            row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
        print_option(command, (enum kc_cli_option)i, left);
    }
}

static void print_exit_status(void)
{
    static const char *const classes[] = {"done", "the custodian itself failed, or found a fault",
        "the command, its input or a file is wrong", "not allowed, or no such key",
        "not possible in the present state", "the other side did not answer, or answered wrong",
        "the hardware root", "the store", "the installation"};
    puts("\nExit status:");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        print_row(number, classes[i]);
    }
}

static void print_name(const struct kc_cli_command *command, char *name, size_t size)
{
    snprintf(name, size, "%s%s%s%s%s", command->group != NULL ? command->group : "",
        command->group != NULL ? " " : "", command->name, *command->arguments != '\0' ? " " : "",
        command->arguments);
}

/* The commands of a group, one in a row. */
static void print_group(const char *group)
{
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const struct kc_cli_command *command = &kc_cli_commands[i];
        char name[64];
        if (command->group == NULL || strcmp(group, command->group) != 0)
            continue;
        print_name(command, name, sizeof name);
        print_row(name, command->sentence);
    }
}

/* Whether commands begin with the word that is one. */
static bool has_group(const struct kc_cli_command *command)
{
    for (size_t i = 0; i < kc_cli_command_count; i++)
        if (command->group == NULL && kc_cli_commands[i].group != NULL &&
            strcmp(kc_cli_commands[i].group, command->name) == 0)
            return true;
    return false;
}

static void help_command(const struct kc_cli_command *command)
{
    char name[64];
    print_name(command, name, sizeof name);
    printf("Usage: custodian %s", name);
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++)
        if ((command->needs & KC_CLI_BIT_OF(i)) != 0)
            printf(" --%s %s", kc_cli_options[i].name, kc_cli_options[i].argument);
    printf(
        "%s\n\nTo %s.\n\nOptions:\n", command->takes != 0 ? " [OPTIONS]" : "", command->sentence);
    print_options(command, command->needs | command->takes);
    print_options(command, KC_CLI_GLOBAL);
    if (has_group(command)) {
        puts("\nCommands that begin so:");
        print_group(command->name);
    }
    print_exit_status();
}

/* Whether a command is of a group, or of one that begins with it. */
static bool is_of(const struct kc_cli_command *command, const char *group)
{
    size_t size = strlen(group);
    return command->group != NULL && strncmp(command->group, group, size) == 0 &&
           (command->group[size] == '\0' || command->group[size] == ' ');
}

static void help_commands(const char *group)
{
    printf("Usage: custodian %s%s[OPTIONS]\n\nCommands:\n", group != NULL ? group : "",
        group != NULL ? " COMMAND " : "COMMAND ");
    for (size_t i = 0; i < kc_cli_command_count; i++) {
        const struct kc_cli_command *command = &kc_cli_commands[i];
        char name[64];
        if (group != NULL && !is_of(command, group))
            continue;
        print_name(command, name, sizeof name);
        print_row(name, command->sentence);
    }
    puts("\nA KEY is named by its id or its label. custodian COMMAND --help has the options of a "
         "command.\n\nOptions of every command:");
    print_options(NULL, KC_CLI_GLOBAL);
    print_exit_status();
}

void kc_cli_help(const struct kc_cli *cli)
{
    if (cli->command != NULL)
        help_command(cli->command);
    else
        help_commands(cli->group);
}
