/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/call.h"

#include "custodian/cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define FILES_TEXT 512 /* characters of the names of files */

static enum kc_error connect_once(
    const struct kc_cli *cli, enum kc_cli_option option, struct kc_client **slot)
{
    if (*slot != NULL)
        return KC_OK;
    enum kc_error error = kc_client_new(cli->values[option], slot);
    if (error == KC_ERR_BAD_ARGUMENT)
        return kc_cli_fail(cli, error, "the path of a socket (--%s%s) has 1 to %zu octets",
            kc_cli_options[option].name, option == KC_CLI_SOCKET ? ", CUSTODIAN_SOCKET" : "",
            sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, NULL);
}

enum kc_error kc_cli_custodian(struct kc_cli *cli, struct kc_client **client)
{
    enum kc_error error = connect_once(cli, KC_CLI_SOCKET, &cli->custodian);
    if (error == KC_OK)
        *client = cli->custodian;
    return error;
}

/* Whether two paths lead to one socket. */
static bool same_socket(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

enum kc_error kc_cli_service(struct kc_cli *cli, struct kc_client **client)
{
    struct kc_client *own;
    enum kc_error error = kc_cli_custodian(cli, &own);
    if (error == KC_OK)
        error = connect_once(cli, KC_CLI_SERVICE, &cli->service);
    if (error != KC_OK)
        return error;
    if (same_socket(kc_client_path(own), kc_client_path(cli->service)))
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "--service names this custodian itself, which has one share; name the one that has the "
            "other");
    *client = cli->service;
    return KC_OK;
}

void kc_cli_call_init(struct kc_cli_call *call, const struct kc_cli *cli, struct kc_client *client,
    enum kc_operation operation)
{
    call->cli = cli;
    call->client = client;
    call->answer = NULL;
    call->waits_for = "waiting for the custodian";
    call->octet_count = 0;
    memset(call->origins, 0, sizeof call->origins);
    kc_client_request_init(&call->request, operation);
}

enum kc_error kc_cli_call_begin(
    struct kc_cli *cli, struct kc_cli_call *call, enum kc_operation operation)
{
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error == KC_OK)
        kc_cli_call_init(call, cli, client, operation);
    return error;
}

void kc_cli_call_text(struct kc_cli_call *call, enum kc_field field, const char *text)
{
    kc_values_set_text(&call->request.message.values, field, text);
}

void kc_cli_call_octets(struct kc_cli_call *call, enum kc_field field, struct kc_span octets)
{
    kc_values_set_span(&call->request.message.values, field, octets.bytes, octets.size);
}

void kc_cli_call_number(struct kc_cli_call *call, enum kc_field field, uint64_t number)
{
    kc_values_set_number(&call->request.message.values, field, number);
}

void kc_cli_call_from_argument(struct kc_cli_call *call, enum kc_field field, const char *argument)
{
    call->origins[field].argument = argument;
}

void kc_cli_call_from_option(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option)
{
    call->origins[field].option = kc_cli_options[option].name;
}

void kc_cli_call_option(struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option)
{
    kc_cli_call_from_option(call, field, option);
    if (call->cli->values[option] != NULL)
        kc_cli_call_text(call, field, call->cli->values[option]);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum kc_error kc_cli_call_hex(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option)
{
    const char *text = call->cli->values[option];
    if (text == NULL)
        return KC_OK;
    uint8_t *octets = call->octets + call->octet_count;
    size_t size = strlen(text), most = (size_t)kc_fields[field].most;
    bool good =
        size % 2 == 0 && size / 2 <= most && size / 2 <= sizeof call->octets - call->octet_count;
    for (size_t i = 0; good && i < size; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        good = high >= 0 && low >= 0;
        octets[i / 2] = (uint8_t)(good ? high * 16 + low : 0);
    }
    if (!good)
        return kc_cli_fail(call->cli, KC_ERR_BAD_ARGUMENT, "--%s takes up to %zu octets in hex",
            kc_cli_options[option].name, most);
    call->octet_count += size / 2;
    kc_cli_call_octets(call, field, (struct kc_span){octets, size / 2});
    return KC_OK;
}

static bool parse_count(const char *text, uint64_t most, uint64_t *count)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > most)
        return false;
    *count = value;
    return true;
}

enum kc_error kc_cli_call_count(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option)
{
    const char *text = call->cli->values[option];
    uint64_t count;
    kc_cli_call_from_option(call, field, option);
    if (text == NULL)
        return KC_OK;
    if (!parse_count(text, kc_fields[field].most, &count))
        return kc_cli_fail(call->cli, KC_ERR_BAD_ARGUMENT, "--%s is a number up to %llu",
            kc_cli_options[option].name, (unsigned long long)kc_fields[field].most);
    kc_cli_call_number(call, field, count);
    return KC_OK;
}

/* A date is its first second, UTC. */
static bool parse_date(const char *text, uint64_t *seconds)
{
    struct tm date = {0};
    const char *end = strptime(text, "%Y-%m-%d", &date);
    time_t at = end != NULL && *end == '\0' ? timegm(&date) : -1;
    *seconds = (uint64_t)at;
    return at >= 0;
}

enum kc_error kc_cli_call_time(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option)
{
    const char *text = call->cli->values[option];
    uint64_t seconds;
    kc_cli_call_from_option(call, field, option);
    if (text == NULL)
        return KC_OK;
    if (!parse_count(text, INT64_MAX, &seconds) && !parse_date(text, &seconds))
        return kc_cli_fail(call->cli, KC_ERR_BAD_ARGUMENT,
            "--%s is a date such as 2030-01-31, or seconds since 1970",
            kc_cli_options[option].name);
    kc_cli_call_number(call, field, seconds);
    return KC_OK;
}

void kc_cli_call_flag(struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option)
{
    if (kc_cli_given(call->cli, option))
        kc_cli_call_number(call, field, 1);
}

enum kc_error kc_cli_call_data(struct kc_cli_call *call, enum kc_field field, struct kc_span octets)
{
    if (octets.size > kc_fields[field].most)
        return kc_cli_fail(call->cli, KC_ERR_TOO_LARGE,
            "the %s has %zu octets; at most %zu are possible", kc_fields[field].name, octets.size,
            (size_t)kc_fields[field].most);
    enum kc_error error = kc_client_request_data(
        &call->request, &call->request.message.values, field, octets.bytes, octets.size);
    return error == KC_OK ? KC_OK : kc_cli_fail(call->cli, error, "%s", kc_fields[field].name);
}

enum kc_error kc_cli_call_secret(
    struct kc_cli_call *call, enum kc_field field, struct kc_span octets)
{
    enum kc_error error = kc_client_request_secret(
        &call->request, &call->request.message.values, field, octets.bytes, octets.size);
    return error == KC_OK ? KC_OK : kc_cli_fail(call->cli, error, "%s", kc_fields[field].name);
}

enum kc_error kc_cli_call_try(struct kc_cli_call *call)
{
    kc_client_answer_free(call->answer);
    call->answer = NULL;
    kc_cli_wait_begin(call->cli, call->waits_for);
    enum kc_error error =
        kc_client_call(call->client, &call->request, call->cli->timeout_ms, &call->answer);
    kc_cli_wait_end();
    return error;
}

/* --- what is wrong with a request --- */

/* The field whose name it is and no more, as the desk and the vault tell of a wrong value; KC_FIELDS:
 * of none. */
static int find_field(struct kc_span detail)
{
    int field = detail.size > 0 ? 0 : KC_FIELDS;
    while (field < KC_FIELDS && (strlen(kc_fields[field].name) != detail.size ||
                                    memcmp(kc_fields[field].name, detail.bytes, detail.size) != 0))
        field++;
    return field;
}

static enum kc_error report_value(
    const struct kc_cli_call *call, enum kc_error error, enum kc_field field)
{
    const struct kc_cli_origin *origin = &call->origins[field];
    if (origin->argument != NULL)
        return kc_cli_fail(call->cli, error, "%s is not what is needed here", origin->argument);
    if (origin->option == NULL)
        return kc_cli_fail(
            call->cli, error, "the value of %s is not possible here", kc_fields[field].name);
    bool is_given = kc_values_has(&call->request.message.values, field);
    return kc_cli_fail(call->cli, error,
        is_given ? "the value of --%s is not possible here" : "--%s is needed here",
        origin->option);
}

/* Whether it can be the fault of a document that was sent. */
static bool is_of_document(enum kc_error error)
{
    return error == KC_ERR_BAD_REQUEST || error == KC_ERR_ENVELOPE || error == KC_ERR_SIGNATURE ||
           error == KC_ERR_DECRYPTION || error == KC_ERR_PROFILE || error == KC_ERR_TOO_LARGE;
}

/* The files that were sent, where the custodian does not say which of them it was. */
static enum kc_error report_files(const struct kc_cli_call *call, enum kc_error error)
{
    char files[FILES_TEXT] = "";
    size_t used = 0;
    for (size_t i = 0; i < KC_FIELDS && used < sizeof files; i++)
        if (call->origins[i].argument != NULL)
            used += (size_t)snprintf(files + used, sizeof files - used, "%s%s",
                used > 0 ? " or " : "", call->origins[i].argument);
    return kc_cli_fail(call->cli, error, used > 0 ? "%s" : NULL, files);
}

void kc_cli_call_report(const struct kc_cli_call *call, enum kc_error error)
{
    struct kc_span detail = {NULL, 0};
    if (call->answer != NULL)
        detail = kc_cli_call_span(call, KC_FIELD_DETAIL);
    int field = find_field(detail);
    if (error == KC_ERR_BAD_ARGUMENT && field < KC_FIELDS)
        (void)report_value(call, error, (enum kc_field)field);
    else if (field < KC_FIELDS && call->origins[field].argument != NULL)
        (void)kc_cli_fail(call->cli, error, "%s", call->origins[field].argument);
    else if (error == KC_ERR_REFUSED && detail.size > 0 && field == KC_FIELDS)
        (void)kc_cli_refuse(call->cli, error, "%.*s", (int)detail.size, (const char *)detail.bytes);
    else if (detail.size == 0 && is_of_document(error))
        (void)report_files(call, error);
    else if (detail.size > 0)
        (void)kc_cli_fail(call->cli, error, "%.*s", (int)detail.size, (const char *)detail.bytes);
    else if (error == KC_ERR_DAEMON_ABSENT)
        (void)kc_cli_fail(call->cli, error, "socket %s", kc_client_path(call->client));
    else
        (void)kc_cli_fail(call->cli, error, NULL);
}

enum kc_error kc_cli_call_run(struct kc_cli_call *call)
{
    enum kc_error error = kc_cli_call_try(call);
    if (error != KC_OK)
        kc_cli_call_report(call, error);
    return error;
}

#define AFTER_SIZE 65

/* Tells of the items of a page; whether another follows, after the one whose id is in `after`. */
static bool visit_page(const struct kc_cli_call *call, kc_cli_visitor *visit, void *context,
    char after[static AFTER_SIZE])
{
    const struct kc_message *answer = kc_cli_call_answer(call);
    struct kc_span last = kc_cli_call_span(call, KC_FIELD_AFTER);
    for (size_t i = 0; i < answer->item_count; i++)
        if (!visit(context, &answer->items[i]))
            return false;
    snprintf(after, AFTER_SIZE, "%.*s", (int)last.size, (const char *)last.bytes);
    return kc_values_has(&answer->values, KC_FIELD_MORE) &&
           answer->values.value[KC_FIELD_MORE].number != 0;
}

enum kc_error kc_cli_call_list(struct kc_cli_call *call, kc_cli_visitor *visit, void *context)
{
    char after[AFTER_SIZE] = "", next[AFTER_SIZE] = "";
    enum kc_error error = kc_cli_call_run(call);
    while (error == KC_OK && visit_page(call, visit, context, next)) {
        if (strcmp(next, after) <= 0) { /* it would never end */
            error = kc_cli_fail(call->cli, KC_ERR_BAD_REPLY, "the list does not go on");
            break;
        }
        memcpy(after, next, AFTER_SIZE);
        kc_cli_call_text(call, KC_FIELD_AFTER, after);
        error = kc_cli_call_run(call);
    }
    kc_field_set_remove(&call->request.message.values.present, KC_FIELD_AFTER);
    return error;
}

const struct kc_message *kc_cli_call_answer(const struct kc_cli_call *call)
{
    return kc_client_answer_message(call->answer);
}

struct kc_span kc_cli_call_span(const struct kc_cli_call *call, enum kc_field field)
{
    const struct kc_values *values = &kc_cli_call_answer(call)->values;
    return kc_values_has(values, field) ? values->value[field].span : (struct kc_span){NULL, 0};
}

static enum kc_error check_size(
    const struct kc_cli_call *call, enum kc_field field, size_t size, size_t wanted)
{
    return size == wanted ? KC_OK
                          : kc_cli_fail(call->cli, KC_ERR_BAD_REPLY, "%s of %zu octets, not %zu",
                                kc_fields[field].name, size, wanted);
}

enum kc_error kc_cli_call_exactly(
    const struct kc_cli_call *call, enum kc_field field, size_t size, struct kc_span *octets)
{
    struct kc_span span = kc_cli_call_span(call, field);
    enum kc_error error = check_size(call, field, span.size, size);
    if (error == KC_OK)
        *octets = span;
    return error;
}

enum kc_error kc_cli_call_answer_secret(
    const struct kc_cli_call *call, enum kc_field field, uint8_t *octets, size_t size)
{
    size_t came = 0;
    enum kc_error error = kc_client_answer_secret(
        call->answer, &kc_cli_call_answer(call)->values, field, octets, size, &came);
    if (error != KC_OK)
        return kc_cli_fail(call->cli, error, "%s", kc_fields[field].name);
    return check_size(call, field, came, size);
}

void kc_cli_call_done(struct kc_cli_call *call)
{
    if (call->client == NULL)
        return;
    kc_client_answer_free(call->answer);
    kc_client_request_done(&call->request);
    call->client = NULL;
}
