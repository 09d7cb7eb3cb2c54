/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void kc_base64url_encode(struct kc_span octets, char *text)
{
    uint32_t window = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < octets.size; i++) {
        window = window << 8 | octets.bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = alphabet[window >> (bits - 6) & 63];
    }
    if (bits > 0)
        *text++ = alphabet[window << (6 - bits) & 63];
    *text = '\0';
}

/* The value of a character, or -1. */
static int character_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

enum kc_error kc_base64url_decode(struct kc_span text, uint8_t *octets, size_t *size)
{
    size_t room = *size, written = 0;
    uint32_t window = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.bytes[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        int value = character_value(c);
        if (value < 0)
            return KC_ERR_BAD_ARGUMENT;
        window = window << 6 | (uint32_t)value;
        bits += 6;
        if (bits < 8)
            continue;
        if (written == room)
            return KC_ERR_TOO_LARGE;
        bits -= 8;
        octets[written++] = (uint8_t)(window >> bits);
    }
    if (bits == 6 || (window & ((1u << bits) - 1)) != 0)
        return KC_ERR_BAD_ARGUMENT;
    *size = written;
    return KC_OK;
}
