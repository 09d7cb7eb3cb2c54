/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/json_number.h"

#include <stdint.h>
#include <string.h>

#define EXPONENT_MAX 9999 /* beyond it the value is told from its sign alone */

/* The parts of a number: [-] whole [. fraction] [e exponent]. */
struct parts {
    struct kc_span whole, fraction;
    int exponent;
};

/* Takes as many digits as there are. */
static struct kc_span take_digits(struct kc_span *left)
{
    struct kc_span digits = {left->bytes, 0};
    while (left->size > 0 && *left->bytes >= '0' && *left->bytes <= '9') {
        left->bytes++;
        left->size--;
        digits.size++;
    }
    return digits;
}

static bool takes(struct kc_span *left, const char *any)
{
    if (left->size == 0 || *left->bytes == '\0' || strchr(any, *left->bytes) == NULL)
        return false;
    left->bytes++;
    left->size--;
    return true;
}

static bool read_exponent(struct kc_span *left, int *exponent)
{
    bool negative = left->size > 0 && *left->bytes == '-';
    (void)takes(left, "+-");
    struct kc_span digits = take_digits(left);
    int value = 0;
    for (size_t i = 0; i < digits.size; i++)
        if (value < EXPONENT_MAX)
            value = value * 10 + (digits.bytes[i] - '0');
    *exponent = negative ? -value : value;
    return digits.size > 0;
}

static bool read_parts(struct kc_span *left, struct parts *parts)
{
    (void)takes(left, "-");
    parts->whole = take_digits(left);
    if (parts->whole.size == 0 || (parts->whole.size > 1 && parts->whole.bytes[0] == '0'))
        return false;
    if (takes(left, ".")) {
        parts->fraction = take_digits(left);
        if (parts->fraction.size == 0)
            return false;
    }
    return !takes(left, "eE") || read_exponent(left, &parts->exponent);
}

/* The digit at a place of whole and fraction written in one; 0 after them. */
static unsigned digit_at(const struct parts *parts, size_t place)
{
    if (place < parts->whole.size)
        return (unsigned)(parts->whole.bytes[place] - '0');
    place -= parts->whole.size;
    return place < parts->fraction.size ? (unsigned)(parts->fraction.bytes[place] - '0') : 0;
}

/* Whether the value is at most 2^53, without computing it: the digits before the point, wherever
 * the exponent puts that. */
static bool is_within_limit(const struct parts *parts)
{
    const uint64_t limit = (uint64_t)1 << 53;
    size_t count = parts->whole.size + parts->fraction.size, place = 0;
    while (place < count && digit_at(parts, place) == 0)
        place++;
    if (place == count)
        return true;
    int64_t before = (int64_t)parts->whole.size - (int64_t)place + parts->exponent;
    if (before > 16)
        return false;
    uint64_t value = 0;
    for (; before > 0; before--)
        value = value * 10 + digit_at(parts, place++);
    while (place < count && digit_at(parts, place) == 0)
        place++;
    return value < limit || (value == limit && place >= count);
}

size_t kc_json_number_size(struct kc_span text)
{
    struct kc_span left = text;
    struct parts parts = {0};
    if (!read_parts(&left, &parts) || !is_within_limit(&parts))
        return 0;
    return text.size - left.size;
}
