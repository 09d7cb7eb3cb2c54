/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/moment.h"

#include <string.h>
#include <time.h>

/* Reads digits at a place; -1: they are none. */
static int number_at(const char *text, size_t place, size_t count)
{
    int number = 0;
    for (size_t i = place; i < place + count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

/* What may follow the seconds: a fraction, and the Z. */
static bool is_ending(const char *text)
{
    if (*text == '.') {
        size_t digits = strspn(text + 1, "0123456789");
        if (digits == 0)
            return false;
        text += 1 + digits;
    }
    return strcmp(text, "Z") == 0;
}

bool kc_moment_parse(const char *text, int64_t *seconds)
{
    static const char form[] = "0000-00-00T00:00:00";
    if (strlen(text) < sizeof form || !is_ending(text + sizeof form - 1))
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] != '0' && text[i] != form[i])
            return false;
    int year = number_at(text, 0, 4), month = number_at(text, 5, 2), day = number_at(text, 8, 2);
    int hour = number_at(text, 11, 2), minute = number_at(text, 14, 2),
        second = number_at(text, 17, 2);
    if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return false;
    struct tm parts = {.tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second};
    time_t made = timegm(&parts);
    /* timegm turns February 30th into March 2nd: what comes back must be what went in. */
    if (parts.tm_mon != month - 1 || parts.tm_mday != day)
        return false;
    *seconds = made;
    return true;
}

bool kc_moment_print(int64_t seconds, char text[KC_MOMENT_SIZE])
{
    struct tm parts;
    time_t moment = seconds;
    if (seconds < 0 || seconds > KC_MOMENT_MAX || gmtime_r(&moment, &parts) == NULL)
        return false;
    return strftime(text, KC_MOMENT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == KC_MOMENT_SIZE - 1;
}
