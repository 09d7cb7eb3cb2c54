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

/* --- eight characters at once, a lane of a word for each: all of them are below 128 --- */

#define LANES(c) (UINT64_C(0x0101010101010101) * (c))

static uint64_t lanes_of(const uint8_t text[static 8])
{
    uint64_t lanes = 0;
#pragma GCC unroll 8
    for (unsigned i = 8; i-- > 0;)
        lanes = lanes << 8 | text[i];
    return lanes;
}

/* All ones in the lanes whose character is within first..last. */
static uint64_t lanes_within(uint64_t text, uint64_t first, uint64_t last)
{
    uint64_t tops = text | LANES(0x80); /* what is taken away never borrows from the next lane */
    uint64_t within = (tops - LANES(first)) & ~(tops - LANES(last + 1)) & LANES(0x80);
    return kc_ct_barrier(within >> 7) * 0xff;
}

/* The values of eight characters, the first one in the lowest lane; false: not all of them have one. */
static bool values_of(uint64_t text, uint64_t *values)
{
    uint64_t found = 0, value = 0;
#pragma GCC unroll 5
    for (size_t i = 0; i < RUNS; i++) {
        uint64_t first = (uint8_t)runs[i].first;
        uint64_t within = lanes_within(text, first, first + runs[i].high - runs[i].low);
        found |= within;
        value |= (within & text) + (within & LANES(128 + runs[i].low - first));
    }
    *values = value & LANES(0x3f);
    return (text & LANES(0x80)) == 0 && found == UINT64_MAX;
}

/* Values of six bits become two of 24. */
static uint64_t joined(uint64_t values)
{
    const uint64_t bytes = UINT64_C(0x00ff00ff00ff00ff), words = UINT64_C(0x0000ffff0000ffff);
    uint64_t twelves = (values & bytes) << 6 | (values >> 8 & bytes);
    return (twelves & words) << 12 | (twelves >> 16 & words);
}

bool kc_base64url_decoder_push_eight(
    struct kc_base64url_decoder *decoder, const uint8_t text[static 8])
{
    uint64_t word = lanes_of(text), values;
    if (decoder->bits != 0 || decoder->room - decoder->size < 6 || !values_of(word, &values))
        return false;
    uint64_t halves = joined(values);
    uint8_t *octets = decoder->octets + decoder->size;
    decoder->size += 6;
    for (unsigned i = 0; i < 3; i++) {
        octets[i] = (uint8_t)(halves >> (16 - 8 * i));
        octets[i + 3] = (uint8_t)(halves >> (48 - 8 * i));
    }
    return true;
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
    for (size_t i = 0; i < text.size;)
        if (text.size - i >= 8 && kc_base64url_decoder_push_eight(&decoder, text.bytes + i))
            i += 8;
        else
            kc_base64url_decoder_push(&decoder, (char)text.bytes[i++]);
    enum kc_error error = kc_base64url_decoder_finish(&decoder);
    if (error == KC_OK)
        *size = decoder.size;
    return error;
}
