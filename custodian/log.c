/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *process_name = "custodian";
static bool to_journal;

/* A line under construction; what does not fit is dropped, one byte stays for the line feed. */
struct line {
    char *text;
    size_t size, limit;
};

static void put(struct line *line, const char *text, size_t size)
{
    size_t room = line->limit - 1 - line->size;
    if (size > room)
        size = room;
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static bool is_plain(uint8_t byte)
{
    return byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '=';
}

/* Quoted if anything in it could be taken for something else; every byte that is not printable
 * ASCII becomes \xHH. */
static void put_value(struct line *line, struct kc_span value)
{
    bool plain = value.size > 0;
    for (size_t i = 0; i < value.size; i++)
        plain = plain && is_plain(value.bytes[i]);
    if (!plain)
        put_text(line, "\"");
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.bytes[i];
        char escaped[5] = {(char)byte, '\0'};
        if (byte < ' ' || byte >= 0x7f || byte == '"' || byte == '\\')
            snprintf(escaped, sizeof escaped, "\\x%02x", byte);
        put_text(line, escaped);
    }
    if (!plain)
        put_text(line, "\"");
}

size_t kc_log_format(char *text, size_t limit, const char *prefix, const char *event,
    const struct kc_log_field *fields, size_t field_count)
{
    struct line line = {.text = text, .limit = limit};
    put_text(&line, prefix);
    put_text(&line, event);
    for (size_t i = 0; i < field_count; i++) {
        char number[24];
        put_text(&line, " ");
        put_text(&line, fields[i].key);
        put_text(&line, "=");
        snprintf(number, sizeof number, "%" PRIu64, fields[i].number);
        if (fields[i].is_number)
            put_text(&line, number);
        else
            put_value(&line, fields[i].text);
    }
    line.text[line.size++] = '\n';
    return line.size;
}

void kc_log_init(const char *process)
{
    struct tm unused;
    time_t zero = 0;

    process_name = process;
    to_journal = getenv("JOURNAL_STREAM") != NULL;
    /* the C library reads its time zone file at the first use, which a filtered process may not */
    gmtime_r(&zero, &unused);
}

static const char *level_name(enum kc_log_level level)
{
    switch (level) {
    case KC_LOG_ERROR:
        return "error";
    case KC_LOG_WARNING:
        return "warning";
    case KC_LOG_NOTICE:
        return "notice";
    case KC_LOG_INFO:
        return "info";
    }
    return "error";
}

static void make_prefix(char *prefix, size_t limit, enum kc_log_level level)
{
    struct timespec now;
    struct tm parts;
    char date[32];

    if (to_journal) {
        snprintf(prefix, limit, "<%d>%s ", (int)level, process_name);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(prefix, limit, "%s.%03ldZ %s %s ", date, now.tv_nsec / 1000000, level_name(level),
        process_name);
}

void kc_log_write(enum kc_log_level level, const char *event, const struct kc_log_field *fields,
    size_t field_count)
{
    char prefix[96], line[KC_LOG_LINE_MAX];

    make_prefix(prefix, sizeof prefix, level);
    size_t size = kc_log_format(line, sizeof line, prefix, event, fields, field_count);
    /* one write per line, so that lines of several processes do not mix; a log that cannot be
     * written stops nothing */
    ssize_t ignored = write(STDERR_FILENO, line, size);
    (void)ignored;
}

struct kc_log_field kc_log_span(const char *key, struct kc_span text)
{
    return (struct kc_log_field){.key = key, .text = text};
}

struct kc_log_field kc_log_text(const char *key, const char *text)
{
    if (!text)
        text = "";
    return kc_log_span(key, (struct kc_span){(const uint8_t *)text, strlen(text)});
}

struct kc_log_field kc_log_error(enum kc_error error)
{
    return kc_log_text("error", kc_error_name(error));
}

struct kc_log_field kc_log_errno(int number)
{
    return kc_log_text("cause", strerrordesc_np(number));
}
