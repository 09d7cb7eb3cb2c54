/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event to stderr, as key=value.
 *
 *     kc_log(KC_LOG_NOTICE, "client-refused", kc_log_number("uid", uid), kc_log_error(error));
 *     2026-01-31T12:00:00.123Z notice desk client-refused uid=1000 error=limit
 *
 * Under systemd (JOURNAL_STREAM is set) the time is left to the journal and the level becomes its
 * prefix. Only the processes log, never a library; and never a value of a secret field, also not of
 * one that was refused. Control characters, quotes and what is not UTF-8 are escaped, so that no
 * value can look like another line or key.
 */
#ifndef KC_CUSTODIAN_LOG_H
#define KC_CUSTODIAN_LOG_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

/* syslog's numbers */
enum kc_log_level {
    KC_LOG_ERROR = 3,
    KC_LOG_WARNING = 4,
    KC_LOG_NOTICE = 5,
    KC_LOG_INFO = 6,
};

#define KC_LOG_LINE_MAX 1024 /* bytes; what does not fit is cut off, the line feed stays */

struct kc_log_field {
    const char *key; /* static text */
    struct kc_span text;
    uint64_t number;
    bool is_number;
};

/* Once per process, before it gives up its rights. `process` is static text. */
void kc_log_init(const char *process);

static inline struct kc_log_field kc_log_number(const char *key, uint64_t number)
{
    return (struct kc_log_field){.key = key, .number = number, .is_number = true};
}

struct kc_log_field kc_log_text(const char *key, const char *text); /* NULL is empty */
struct kc_log_field kc_log_span(const char *key, struct kc_span text);
struct kc_log_field kc_log_error(enum kc_error error); /* error=NAME */
struct kc_log_field kc_log_errno(int number);          /* cause="words of the C library" */

void kc_log_write(enum kc_log_level level, const char *event, const struct kc_log_field *fields,
    size_t field_count);

#define kc_log(level, event, ...)                                                                  \
    kc_log_write((level), (event), (const struct kc_log_field[]){__VA_ARGS__},                     \
        sizeof((const struct kc_log_field[]){__VA_ARGS__}) / sizeof(struct kc_log_field))

/* Formats the line that kc_log_write would write, line feed included; returns its size. */
size_t kc_log_format(char *line, size_t limit, const char *prefix, const char *event,
    const struct kc_log_field *fields, size_t field_count);

#endif
