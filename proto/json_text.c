/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/json_text.h"

#include <string.h>

static uint8_t take(struct kc_span *left)
{
    uint8_t octet = *left->bytes++;
    left->size--;
    return octet;
}

static int hexadecimal(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits after \u, or -1. */
static int32_t escaped_unit(struct kc_span *left)
{
    int32_t unit = 0;
    if (left->size < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hexadecimal(take(left));
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* A character from its \u, or from the two of a pair; -1. */
static int32_t escaped_character(struct kc_span *left)
{
    int32_t first = escaped_unit(left);
    if (first < 0xd800 || first > 0xdfff)
        return first;
    if (first > 0xdbff || left->size < 2 || take(left) != '\\' || take(left) != 'u')
        return -1;
    int32_t second = escaped_unit(left);
    if (second < 0xdc00 || second > 0xdfff)
        return -1;
    return 0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00));
}

/* The first octet of a character in UTF-8; the others wait in the cursor. */
static int first_octet(struct kc_json_text_cursor *cursor, int32_t character)
{
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    uint8_t more = 0;
    if (character >= 0x80)
        more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    for (uint8_t i = 0; i < more; i++) {
        cursor->pending[i] = (uint8_t)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    cursor->pending_count = more;
    return lead[more] | (int)character;
}

static int escape_next(struct kc_json_text_cursor *cursor)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (cursor->left.size == 0)
        return KC_JSON_TEXT_BAD;
    uint8_t c = take(&cursor->left);
    if (c == 'u') {
        int32_t character = escaped_character(&cursor->left);
        return character < 0 ? KC_JSON_TEXT_BAD : first_octet(cursor, character);
    }
    const char *letter = c != '\0' ? strchr(letters, c) : NULL;
    return letter != NULL ? meant[letter - letters] : KC_JSON_TEXT_BAD;
}

int kc_json_text_next_special(struct kc_json_text_cursor *cursor)
{
    if (cursor->pending_count > 0)
        return cursor->pending[--cursor->pending_count];
    if (cursor->left.size == 0)
        return KC_JSON_TEXT_END;
    uint8_t c = take(&cursor->left);
    if (c == '\\')
        return escape_next(cursor);
    bool control = c < 0x20 && c != '\n' && c != '\r' && c != '\t';
    return control ? KC_JSON_TEXT_BAD : c;
}

/* Octets that follow the first one of a character, or -1. */
static int followers(uint8_t first)
{
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    return first >= 0xf0 && first <= 0xf4 ? 3 : -1;
}

/* "shortest form, no surrogates, nothing beyond U+10FFFF": a matter of the second octet. */
static bool second_fits(uint8_t first, uint8_t second)
{
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

bool kc_json_is_utf8(struct kc_span octets)
{
    while (octets.size > 0) {
        uint8_t first = take(&octets);
        int more = followers(first);
        if (more < 0 || octets.size < (size_t)more ||
            (more > 0 && !second_fits(first, octets.bytes[0])))
            return false;
        for (; more > 0; more--)
            if ((take(&octets) & 0xc0) != 0x80)
                return false;
    }
    return true;
}
