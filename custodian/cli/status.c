/* SPDX-License-Identifier: Apache-2.0 */
/* How the custodian is, and what errors mean. */
#include "custodian/cli/call.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A request without fields to the custodian. */
static enum kc_error ask(struct kc_cli *cli, struct kc_cli_call *call, enum kc_operation operation)
{
    enum kc_error error = kc_cli_call_begin(cli, call, operation);
    if (error != KC_OK)
        return error;
    return kc_cli_call_run(call);
}

/* The items of an answer as a list; given. */
static json_t *items_of(const struct kc_cli_call *call)
{
    const struct kc_message *answer = kc_cli_call_answer(call);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->item_count; i++)
        json_array_append_new(list, kc_cli_object(&answer->items[i]));
    return list;
}

enum kc_error kc_cli_status(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = ask(cli, &call, KC_OPERATION_STATUS);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_doctor(struct kc_cli *cli)
{
    static const char *const columns[] = {"check", "result", "detail", "advice", NULL};
    KC_AUTO_CALL call = {0};
    enum kc_error error = ask(cli, &call, KC_OPERATION_DOCTOR);
    if (error != KC_OK)
        return error;
    const struct kc_message *answer = kc_cli_call_answer(&call);
    for (size_t i = 0; i < answer->item_count; i++)
        if (kc_values_text_is(&answer->items[i], KC_FIELD_RESULT, "fail"))
            cli->unwell = true;
    kc_cli_print_list(cli, items_of(&call), columns);
    return KC_OK;
}

static int64_t microseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

enum kc_error kc_cli_ping(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_PING);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_THROUGH, KC_CLI_THROUGH);
    int64_t began = microseconds_now();
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, json_pack("{s:I}", "microseconds", microseconds_now() - began));
    return error;
}

/* A number between bounds. */
static bool number_parse(const char *text, long least, long most, long *number)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most)
        return false;
    *number = value;
    return true;
}

enum kc_error kc_cli_random(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    long size, most = (long)kc_fields[KC_FIELD_SIZE].most;
    if (!number_parse(cli->arguments[0], 1, most, &size))
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "SIZE is a number from 1 to %ld", most);
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_RANDOM);
    if (error != KC_OK)
        return error;
    kc_cli_call_number(&call, KC_FIELD_SIZE, (uint64_t)size);
    error = kc_cli_call_run(&call);
    struct kc_span octets;
    if (error == KC_OK)
        error = kc_cli_call_exactly(&call, KC_FIELD_RANDOM, (size_t)size, &octets);
    if (error != KC_OK)
        return error;
    if (kc_cli_given(cli, KC_CLI_OUTPUT))
        return kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], octets, 0600);
    json_t *hex = kc_cli_hex(octets.bytes, octets.size);
    if (kc_cli_given(cli, KC_CLI_JSON)) {
        kc_cli_print_object(cli, json_pack("{s:o}", "random", hex));
    } else {
        puts(json_string_value(hex));
        json_decref(hex);
    }
    return KC_OK;
}

enum kc_error kc_cli_keyring_list(struct kc_cli *cli)
{
    static const char *const columns[] = {"keyring", NULL};
    KC_AUTO_CALL call = {0};
    enum kc_error error = ask(cli, &call, KC_OPERATION_KEYRING_LIST);
    if (error == KC_OK)
        kc_cli_print_list(cli, items_of(&call), columns);
    return error;
}

static const struct kc_error_row *row_named(const char *name)
{
    const struct kc_error_row *row;
    for (size_t i = 0; (row = kc_error_at(i)) != NULL; i++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

enum kc_error kc_cli_error(struct kc_cli *cli)
{
    long number;
    const struct kc_error_row *row = row_named(cli->arguments[0]);
    if (row == NULL && number_parse(cli->arguments[0], 0, INT_MAX, &number) &&
        kc_error_known((unsigned long)number))
        row = kc_error_row((enum kc_error)number);
    if (row == NULL)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "there is no error %s", cli->arguments[0]);
    kc_cli_print_object(
        cli, json_pack("{s:i, s:s, s:s, s:s, s:i}", "error", (int)row->code, "name", row->name,
                 "sentence", row->sentence, "advice", row->advice, "exit_status", (int)row->class));
    return KC_OK;
}
