/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/output.h"

#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DETAIL_SIZE 512
#define COLUMNS_MAX 8

/* What the daemon or a file sent may hold control characters; a terminal gets none. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            *text = '?';
}

static void fail_json(const struct kc_error_row *row, const char *detail, bool alone)
{
    json_t *object = json_pack("{s:i, s:s, s:s, s:s, s:s}", "error", (int)row->code, "name",
        row->name, "sentence", row->sentence, "detail", detail, "advice", alone ? "" : row->advice);
    json_dumpf(object, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(object);
}

static void fail_text(
    const struct kc_cli *cli, const struct kc_error_row *row, const char *detail, bool alone)
{
    const struct kc_cli_command *command = cli->command;
    fprintf(stderr, "custodian%s%s%s%s: %s (%s)\n",
        command != NULL && command->group != NULL ? " " : "",
        command != NULL && command->group != NULL ? command->group : "", command != NULL ? " " : "",
        command != NULL ? command->name : "", alone ? detail : row->sentence, row->name);
    if (alone)
        return;
    if (*detail != '\0')
        fprintf(stderr, "  %s\n", detail);
    if (*row->advice != '\0')
        fprintf(stderr, "  %s\n", row->advice);
}

/* Reports; alone: the detail says all. */
static void fail(const struct kc_cli *cli, enum kc_error error, bool alone, char *detail)
{
    const struct kc_error_row *row = kc_error_row(error);
    make_printable(detail);
    fflush(stdout);
    if (kc_cli_given(cli, KC_CLI_JSON))
        fail_json(row, detail, alone);
    else
        fail_text(cli, row, detail, alone);
}

enum kc_error kc_cli_fail(const struct kc_cli *cli, enum kc_error error, const char *detail, ...)
{
    char text[DETAIL_SIZE] = "";
    if (detail != NULL) {
        va_list arguments;
        va_start(arguments, detail);
        vsnprintf(text, sizeof text, detail, arguments);
        va_end(arguments);
    }
    /* What is wrong on the command line, or with which value, is all there is to say. */
    bool alone = *text != '\0' && (error == KC_ERR_USAGE || error == KC_ERR_BAD_ARGUMENT);
    fail(cli, error, alone, text);
    return error;
}

enum kc_error kc_cli_refuse(const struct kc_cli *cli, enum kc_error error, const char *detail, ...)
{
    char text[DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, detail);
    vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    fail(cli, error, true, text);
    return error;
}

void kc_cli_say(const struct kc_cli *cli, const char *format, ...)
{
    if (kc_cli_given(cli, KC_CLI_QUIET) || kc_cli_given(cli, KC_CLI_JSON))
        return;
    char text[DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    make_printable(text);
    fprintf(stderr, "%s\n", text);
}

/* Written before the timer is set, read in its handler. */
static char waiting_for[128];
static volatile sig_atomic_t waiting_size;

static void on_alarm(int signal_number)
{
    (void)signal_number;
    ssize_t written = write(STDERR_FILENO, waiting_for, (size_t)waiting_size);
    (void)written; /* a remark; nothing depends on it */
}

void kc_cli_wait_begin(const struct kc_cli *cli, const char *what)
{
    if (kc_cli_given(cli, KC_CLI_QUIET) || !isatty(STDERR_FILENO))
        return;
    int size = snprintf(waiting_for, sizeof waiting_for, "custodian: %s ...\n", what);
    waiting_size = size < (int)sizeof waiting_for ? size : (int)sizeof waiting_for - 1;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval second = {.it_value = {.tv_sec = 1}, .it_interval = {.tv_sec = 5}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &second, NULL);
}

void kc_cli_wait_end(void)
{
    struct itimerval off = {0};
    setitimer(ITIMER_REAL, &off, NULL);
}

json_t *kc_cli_hex(const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *octets = bytes;
    char *text = malloc(2 * size + 1);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[octets[i] >> 4];
        text[2 * i + 1] = digits[octets[i] & 15];
    }
    json_t *string = json_stringn_nocheck(text, 2 * size);
    free(text);
    return string;
}

static json_t *value_json(enum kc_field field, const struct kc_value *value)
{
    switch (kc_fields[field].type) {
    case KC_TYPE_UINT:
        return json_integer((json_int_t)value->number);
    case KC_TYPE_BOOL:
        return json_boolean(value->number);
    case KC_TYPE_TEXT:
        return json_stringn((const char *)value->span.bytes, value->span.size);
    case KC_TYPE_BYTES:
        return kc_cli_hex(value->span.bytes, value->span.size);
    case KC_TYPE_DATA:
    case KC_TYPE_SECRET:
    case KC_TYPE_ITEMS:
        break; /* never printed so */
    }
    return NULL;
}

json_t *kc_cli_object_of(const struct kc_values *values, const char *kind)
{
    json_t *object = json_object();
    for (int i = 0; i < KC_FIELDS; i++) {
        enum kc_field field = (enum kc_field)i;
        json_t *value =
            kc_values_has(values, field) ? value_json(field, &values->value[field]) : NULL;
        const char *name = field == KC_FIELD_OBJECT && kind != NULL ? kind : kc_fields[field].name;
        if (value != NULL)
            json_object_set_new_nocheck(object, name, value);
    }
    return object;
}

json_t *kc_cli_object(const struct kc_values *values)
{
    return kc_cli_object_of(values, NULL);
}

bool kc_cli_collect(void *list, const struct kc_values *item)
{
    json_array_append_new(list, kc_cli_object(item));
    return true;
}

static bool is_time(const char *name)
{
    static const char *const times[] = {
        "created", "start", "expiry", "started", "erase_by", "erased", "verified"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (strcmp(name, times[i]) == 0)
            return true;
    return false;
}

/* The texts of a list, commas between; what does not fit is left out. */
static void join(const json_t *list, char *text, size_t size)
{
    size_t used = 0, i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *next = json_is_string(item) ? json_string_value(item) : "";
        int wrote = snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", next);
        if (wrote < 0 || (size_t)wrote >= size - used)
            return;
        used += (size_t)wrote;
    }
}

/* A member as a person reads it. */
static void text_of(const char *name, const json_t *value, char *text, size_t size)
{
    *text = '\0';
    if (json_is_boolean(value)) {
        snprintf(text, size, "%s", json_is_true(value) ? "yes" : "no");
    } else if (json_is_string(value)) {
        snprintf(text, size, "%s", json_string_value(value));
    } else if (json_is_array(value)) {
        join(value, text, size);
    } else if (json_is_integer(value)) {
        time_t seconds = (time_t)json_integer_value(value);
        struct tm utc;
        if (!is_time(name) || gmtime_r(&seconds, &utc) == NULL)
            snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (seconds == 0)
            snprintf(text, size, "never");
        else
            strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &utc);
    }
    make_printable(text);
}

/* Standard output, unless a document goes there: nothing else is among its octets. */
static FILE *where_to(const struct kc_cli *cli)
{
    const char *output = cli->values[KC_CLI_OUTPUT];
    return output != NULL && strcmp(output, "-") == 0 ? stderr : stdout;
}

/* Prints as JSON if that is wanted; true if it did. Consumes the value then. */
static bool print_json(const struct kc_cli *cli, json_t *value)
{
    if (!kc_cli_given(cli, KC_CLI_JSON))
        return false;
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(value);
    return true;
}

/* The name of a member with blanks. */
static void make_words(const char *name, char *text, size_t size)
{
    snprintf(text, size, "%s", name);
    for (char *c = text; (c = strchr(c, '_')) != NULL;)
        *c = ' ';
}

/* The same in capitals: the title of a column. */
static void make_title(const char *name, char *text, size_t size)
{
    make_words(name, text, size);
    for (char *c = text; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
}

void kc_cli_print_object(const struct kc_cli *cli, json_t *object)
{
    const char *name;
    json_t *value;
    int width = 0;
    FILE *out = where_to(cli);
    if (print_json(cli, object))
        return;
    json_object_foreach(object, name, value) width =
        (int)strlen(name) > width ? (int)strlen(name) : width;
    json_object_foreach(object, name, value)
    {
        char words[64], text[DETAIL_SIZE];
        make_words(name, words, sizeof words);
        text_of(name, value, text, sizeof text);
        fprintf(out, "%-*s  %s\n", width, words, text);
    }
    json_decref(object);
}

/* One row; blanks only between cells. */
static void print_cells(FILE *out, char cells[][DETAIL_SIZE], const int widths[], size_t count)
{
    int blanks = 0;
    for (size_t i = 0; i < count; i++) {
        if (*cells[i] != '\0') {
            fprintf(out, "%*s%s", blanks, "", cells[i]);
            blanks = -(int)strlen(cells[i]);
        }
        blanks += widths[i] + 2;
    }
    fputc('\n', out);
}

/* The cells of an item, or without one the titles of the columns. */
static void cells_of(
    const json_t *item, const char *const columns[], size_t count, char cells[][DETAIL_SIZE])
{
    for (size_t i = 0; i < count; i++)
        if (item != NULL)
            text_of(columns[i], json_object_get(item, columns[i]), cells[i], DETAIL_SIZE);
        else
            make_title(columns[i], cells[i], DETAIL_SIZE);
}

void kc_cli_print_list(const struct kc_cli *cli, json_t *list, const char *const columns[])
{
    char cells[COLUMNS_MAX][DETAIL_SIZE];
    int widths[COLUMNS_MAX] = {0};
    size_t count = 0, index;
    json_t *item;
    FILE *out = where_to(cli);
    if (print_json(cli, list))
        return;
    while (count < COLUMNS_MAX && columns[count] != NULL)
        count++;
    for (index = 0; index <= json_array_size(list); index++) {
        cells_of(index > 0 ? json_array_get(list, index - 1) : NULL, columns, count, cells);
        for (size_t i = 0; i < count; i++)
            widths[i] = (int)strlen(cells[i]) > widths[i] ? (int)strlen(cells[i]) : widths[i];
    }
    cells_of(NULL, columns, count, cells);
    if (json_array_size(list) > 0)
        print_cells(out, cells, widths, count);
    json_array_foreach(list, index, item)
    {
        cells_of(item, columns, count, cells);
        print_cells(out, cells, widths, count);
    }
    json_decref(list);
}
