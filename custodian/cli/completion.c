/* SPDX-License-Identifier: Apache-2.0 */
/* The completion of bash: the tables of commands and options, and a function that reads them. */
#include "custodian/cli/cli.h"
#include "custodian/cli/output.h"

#include <stdio.h>
#include <string.h>

static const char function[] =
    "_custodian()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local command= candidates= key i\n"
    "    COMPREPLY=()\n"
    "    case \" $_custodian_files \" in *\" $before \"*) compopt -o default; return ;; esac\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case \" $_custodian_files $_custodian_words \" in\n"
    "        *\" ${COMP_WORDS[i]} \"*) i=$((i + 1)); continue ;;\n"
    "        esac\n"
    "        [[ ${COMP_WORDS[i]} != -* ]] || continue\n"
    "        [[ -n $command && -n ${_custodian_options[$command]} ]] ||\n"
    "            command=${command:+$command }${COMP_WORDS[i]}\n"
    "    done\n"
    "    case \" $_custodian_words \" in *\" $before \"*)\n"
    "        candidates=${_custodian_choices[\"$command $before\"]}\n"
    "        COMPREPLY=($(compgen -W \"$candidates\" -- \"$word\")); return ;;\n"
    "    esac\n"
    "    if [[ -n $command && -n ${_custodian_options[$command]} ]]; then\n"
    "        [[ $word == -* ]] || { compopt -o default; return; }\n"
    "        candidates=${_custodian_options[$command]}\n"
    "    else\n"
    "        for key in \"${!_custodian_options[@]}\"; do\n"
    "            if [[ -z $command ]]; then candidates+=\" ${key%% *}\"\n"
    "            elif [[ $key == \"$command \"* ]]; then\n"
    "                key=${key#\"$command \"}; candidates+=\" ${key%% *}\"\n"
    "            fi\n"
    "        done\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$candidates\" -- \"$word\"))\n"
    "}\n"
    "complete -F _custodian custodian";

static bool takes_file(const struct kc_cli_option_row *row)
{
    static const char *const files[] = {"FILE", "PATH", "SOCKET", "PUBLIC", "SIGNER"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(row->argument, files[i]) == 0)
            return true;
    return false;
}

/* A variable with the options whose argument is a file, or with those whose argument is not. */
static void print_options_with_argument(const char *variable, bool files)
{
    printf("%s=\"", variable);
    for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
        const struct kc_cli_option_row *row = &kc_cli_options[i];
        if (row->argument == NULL || takes_file(row) != files)
            continue;
        printf(" --%s", row->name);
        if (row->letter != 0)
            printf(" -%c", row->letter);
    }
    puts("\"");
}

/* The beginning of a key in bash's tables. */
static void print_key(const struct kc_cli_command *command)
{
    printf("    [\"%s%s%s", command->group != NULL ? command->group : "",
        command->group != NULL ? " " : "", command->name);
}

/* The values of options, for each command: by "command --option" and "command -o". */
static void print_choices(void)
{
    puts("declare -A _custodian_choices=(");
    for (size_t c = 0; c < kc_cli_command_count; c++) {
        const struct kc_cli_command *command = &kc_cli_commands[c];
        for (int i = 0; i < KC_CLI_OPTION_COUNT; i++) {
            const struct kc_cli_option_row *row = &kc_cli_options[i];
            const char *choices = kc_cli_choices(command, (enum kc_cli_option)i);
            if (choices == NULL || ((command->needs | command->takes) & KC_CLI_BIT_OF(i)) == 0)
                continue;
            print_key(command);
            printf(" --%s\"]=\"%s\"\n", row->name, choices);
            if (row->letter != 0) {
                print_key(command);
                printf(" -%c\"]=\"%s\"\n", row->letter, choices);
            }
        }
    }
    puts(")");
}

static void print_commands(void)
{
    puts("declare -A _custodian_options=(");
    for (size_t c = 0; c < kc_cli_command_count; c++) {
        const struct kc_cli_command *command = &kc_cli_commands[c];
        kc_cli_set set = KC_CLI_GLOBAL | command->needs | command->takes;
        print_key(command);
        printf("\"]=\"");
        for (int i = 0; i < KC_CLI_OPTION_COUNT; i++)
            if ((set & KC_CLI_BIT_OF(i)) != 0)
                printf(" --%s", kc_cli_options[i].name);
        puts("\"");
    }
    puts(")");
}

enum kc_error kc_cli_completion(struct kc_cli *cli)
{
    if (strcmp(cli->arguments[0], "bash") != 0)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "there is completion for bash only");
    puts("# bash completion for custodian, printed by: custodian completion bash");
    print_options_with_argument("_custodian_files", true);
    print_options_with_argument("_custodian_words", false);
    print_choices();
    print_commands();
    puts(function);
    return KC_OK;
}
