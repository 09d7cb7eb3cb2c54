/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/udf.h"

#include "base/ct.h"
#include "base/secret.h"

#include <string.h>

#define BITS_PER_CHARACTER 5
#define GROUP 4                                  /* characters between dashes */
#define TYPED_MAX ((size_t)4 * KC_UDF_TEXT_SIZE) /* characters, white space included */

/* The character of a value below 32, without a branch or an index: it may be a secret's. */
static char character_of(unsigned value)
{
    kc_mask is_digit = kc_ct_mask_bit((UINT64_C(25) - value) >> 63);
    return (char)kc_ct_select(is_digit, value - 26 + '2', value + 'A');
}

/* The 5 bits at a bit position of the type octet followed by the data; zeros after the end. */
static unsigned bits_at(uint8_t type, struct kc_span data, size_t position)
{
    unsigned window = 0;
    for (size_t i = 0; i < 2; i++) {
        size_t octet = position / 8 + i;
        unsigned value = 0;
        if (octet == 0)
            value = type;
        else if (octet <= data.size)
            value = data.bytes[octet - 1];
        window = window << 8 | value;
    }
    return window >> (16 - BITS_PER_CHARACTER - position % 8) & 31;
}

enum kc_error kc_udf_present(
    uint8_t type, struct kc_span data, unsigned bits, char *text, size_t text_size)
{
    if (data.size > KC_UDF_DATA_MAX || bits > 8 * (data.size + 1))
        return KC_ERR_BAD_ARGUMENT;
    size_t wanted = bits != 0 ? bits : 8 * (data.size + 1);
    size_t characters = (wanted + BITS_PER_CHARACTER - 1) / BITS_PER_CHARACTER;
    size_t dashes = (characters - 1) / GROUP;
    if (text_size < characters + dashes + 1)
        return KC_ERR_TOO_LARGE;
    for (size_t i = 0; i < characters; i++) {
        if (i > 0 && i % GROUP == 0)
            *text++ = '-';
        *text++ = character_of(bits_at(type, data, i * BITS_PER_CHARACTER));
    }
    *text = '\0';
    return KC_OK;
}

static bool is_separator(char c)
{
    return c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether a character is within first..last. */
static kc_mask is_within(uint8_t c, char first, char last)
{
    uint64_t below = ((uint64_t)c - (uint8_t)first) >> 63;
    uint64_t above = ((uint64_t)(uint8_t)last - c) >> 63;
    return kc_ct_mask_bit((below | above) ^ 1);
}

/* The value of a character, or -1; in the same time for all. */
static int character_value(char character)
{
    uint8_t c = (uint8_t)character;
    uint64_t value = 32;
    value = kc_ct_select(is_within(c, 'A', 'Z'), (uint64_t)c - 'A', value);
    value = kc_ct_select(is_within(c, 'a', 'z'), (uint64_t)c - 'a', value);
    value = kc_ct_select(is_within(c, '2', '7'), (uint64_t)c - '2' + 26, value);
    return value == 32 ? -1 : (int)value;
}

/* Decodes to octets, type octet first. False: another character, or more than fit. */
static bool decode(struct kc_span text, uint8_t *octets, size_t limit, size_t *size)
{
    unsigned window = 0, window_bits = 0;
    *size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.bytes[i];
        if (is_separator(c))
            continue;
        int value = character_value(c);
        if (value < 0)
            return false;
        window = (window << BITS_PER_CHARACTER | (unsigned)value) & 0xfff;
        window_bits += BITS_PER_CHARACTER;
        if (window_bits < 8)
            continue;
        window_bits -= 8;
        if (*size == limit)
            return false;
        octets[(*size)++] = (uint8_t)(window >> window_bits);
    }
    return true;
}

enum kc_error kc_udf_parse(struct kc_span text, struct kc_udf *udf)
{
    uint8_t octets[1 + KC_UDF_DATA_MAX];
    size_t size;
    bool good = text.size <= TYPED_MAX && decode(text, octets, sizeof octets, &size) && size > 0;
    if (good) {
        udf->type = octets[0];
        udf->data_size = size - 1;
        memcpy(udf->data, octets + 1, size - 1);
    }
    kc_wipe(octets, sizeof octets);
    return good ? KC_OK : KC_ERR_BAD_ARGUMENT;
}

static bool is_digest(uint8_t type)
{
    return type >= KC_UDF_DIGEST_SHA3 && type <= KC_UDF_DIGEST_SHA2 + 4;
}

/* Groups of four upper-case characters with one dash between, nothing else. */
static bool has_canonical_layout(struct kc_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.bytes[i];
        bool dash_place = i % (GROUP + 1) == GROUP;
        if (dash_place ? c != '-' : character_value(c) < 0 || (c >= 'a' && c <= 'z'))
            return false;
    }
    return text.size > 0 && text.bytes[text.size - 1] != '-';
}

/* Whether presenting the octets again gives the same text. */
static bool is_presented(const struct kc_udf *udf, struct kc_span text)
{
    char again[KC_UDF_TEXT_SIZE];
    struct kc_span data = {udf->data, udf->data_size};
    bool same = kc_udf_present(udf->type, data, 0, again, sizeof again) == KC_OK &&
                strlen(again) == text.size && memcmp(again, text.bytes, text.size) == 0;
    kc_wipe(again, sizeof again);
    return same;
}

enum kc_error kc_udf_parse_canonical(struct kc_span text, struct kc_udf *udf)
{
    struct kc_udf parsed = {0};
    if (!has_canonical_layout(text) || kc_udf_parse(text, &parsed) != KC_OK)
        return KC_ERR_BAD_ARGUMENT;
    bool good =
        is_digest(parsed.type) ? text.size + 1 >= KC_UDF_ID_SIZE : is_presented(&parsed, text);
    if (good)
        *udf = parsed;
    kc_wipe(&parsed, sizeof parsed);
    return good ? KC_OK : KC_ERR_BAD_ARGUMENT;
}
