/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base64url.h"

#include "base/ct.h"

/* Whether value is within low..high; all are below 256. */
static kc_mask is_within(unsigned value, unsigned low, unsigned high)
{
    uint64_t below = ((uint64_t)value - low) >> 63, above = ((uint64_t)high - value) >> 63;
    return kc_ct_mask_bit((below | above) ^ 1);
}

/* A run of the alphabet: values low..high are the characters from first on. */
static const struct run {
    uint8_t low, high;
    char first;
} runs[] = {{0, 25, 'A'}, {26, 51, 'a'}, {52, 61, '0'}, {62, 62, '-'}, {63, 63, '_'}};

#define RUNS (sizeof runs / sizeof *runs)

static char character_of(unsigned value)
{
    uint64_t c = 0;
    for (size_t i = 0; i < RUNS; i++)
        c |= is_within(value, runs[i].low, runs[i].high) &
             (uint64_t)(value - runs[i].low + (unsigned)runs[i].first);
    return (char)c;
}

/* The value of a character, or 64. */
static unsigned value_of(uint8_t c)
{
    uint64_t value = 64;
    for (size_t i = 0; i < RUNS; i++) {
        unsigned first = (unsigned)runs[i].first;
        unsigned last = first + runs[i].high - runs[i].low;
        value = kc_ct_select(is_within(c, first, last), c - first + runs[i].low, value);
    }
    return (unsigned)value;
}

void kc_base64url_encode(struct kc_span octets, char *text)
{
    uint32_t window = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < octets.size; i++) {
        window = window << 8 | octets.bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = character_of(window >> (bits - 6) & 63);
    }
    if (bits > 0)
        *text++ = character_of(window << (6 - bits) & 63);
    *text = '\0';
}

void kc_base64url_decoder_init(struct kc_base64url_decoder *decoder, uint8_t *octets, size_t room)
{
    *decoder = (struct kc_base64url_decoder){.octets = octets, .room = room};
}

void kc_base64url_decoder_push(struct kc_base64url_decoder *decoder, char c)
{
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        return;
    unsigned value = value_of((uint8_t)c);
    if (value == 64)
        decoder->bad = true;
    decoder->window = decoder->window << 6 | (value & 63);
    decoder->bits += 6;
    if (decoder->bits < 8)
        return;
    decoder->bits -= 8;
    if (decoder->size == decoder->room)
        decoder->full = true;
    else
        decoder->octets[decoder->size++] = (uint8_t)(decoder->window >> decoder->bits);
}

enum kc_error kc_base64url_decoder_finish(struct kc_base64url_decoder *decoder)
{
    uint32_t left = decoder->window & ((1u << decoder->bits) - 1);
    if (decoder->bad || decoder->bits == 6 || left != 0)
        return KC_ERR_BAD_ARGUMENT;
    return decoder->full ? KC_ERR_TOO_LARGE : KC_OK;
}

enum kc_error kc_base64url_decode(struct kc_span text, uint8_t *octets, size_t *size)
{
    struct kc_base64url_decoder decoder;
    kc_base64url_decoder_init(&decoder, octets, *size);
    for (size_t i = 0; i < text.size; i++)
        kc_base64url_decoder_push(&decoder, (char)text.bytes[i]);
    enum kc_error error = kc_base64url_decoder_finish(&decoder);
    if (error == KC_OK)
        *size = decoder.size;
    return error;
}
