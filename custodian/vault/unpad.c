/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/unpad.h"
#include "base/ct.h"
#include "base/secret.h"
#include "proto/hkdf.h"

#include <string.h>

#define HASH_SIZE 32
#define LENGTHS 128    /* of which one is in range, but for once in 2^128 */
#define PADDING_MIN 10 /* 0, 2, eight octets that are not 0; the separator comes after */

static const struct kc_span length = {(const uint8_t *)"length", 6};
static const struct kc_span message = {(const uint8_t *)"message", 7};

/* HMAC over a counter, a purpose and the number of bits, block by block (the draft's IRPRF). */
static enum kc_error expand(
    const uint8_t key[static HASH_SIZE], struct kc_span purpose, uint8_t *octets, size_t size)
{
    uint8_t input[16], block[KC_HASH_SIZE_MAX]; /* block: secret */
    size_t bits = size * 8;
    memcpy(input + 2, purpose.bytes, purpose.size);
    input[2 + purpose.size] = (uint8_t)(bits >> 8);
    input[3 + purpose.size] = (uint8_t)bits;
    enum kc_error error = KC_OK;
    for (size_t at = 0; error == KC_OK && at < size; at += HASH_SIZE) {
        size_t counter = at / HASH_SIZE;
        input[0] = (uint8_t)(counter >> 8);
        input[1] = (uint8_t)counter;
        error = kc_hmac(KC_HASH_SHA256, (struct kc_span){key, HASH_SIZE},
            (struct kc_span){input, purpose.size + 4}, block);
        if (error == KC_OK)
            memcpy(octets + at, block, size - at < HASH_SIZE ? size - at : HASH_SIZE);
    }
    kc_wipe(block, sizeof block);
    return error;
}

/* a < b, for numbers far below 2^63 */
static kc_mask is_below(uint64_t a, uint64_t b)
{
    return kc_ct_mask_bit((a - b) >> 63);
}

/* The last of the lengths that a message can have. */
static size_t choose_length(const uint8_t lengths[static 2 * LENGTHS], size_t size)
{
    size_t most = size - PADDING_MIN - 1, mask = most;
    uint64_t chosen = 0;
    for (unsigned shift = 1; shift < 16; shift *= 2)
        mask |= mask >> shift;
    for (size_t i = 0; i < LENGTHS; i++) {
        uint64_t next = ((uint64_t)lengths[2 * i] << 8 | lengths[2 * i + 1]) & mask;
        chosen = kc_ct_select(is_below(next, most + 1), next, chosen);
    }
    return (size_t)chosen;
}

/* Where the message starts; *good says whether the padding is right. */
static uint64_t find_message(const uint8_t *encoded, size_t size, kc_mask *good)
{
    kc_mask found = 0;
    uint64_t separator = 0;
    for (size_t i = 2; i < size; i++) {
        kc_mask is_zero = kc_ct_is_zero(encoded[i]);
        separator = kc_ct_select(is_zero & ~found, i, separator);
        found |= is_zero;
    }
    *good = kc_ct_is_zero(encoded[0]) & kc_ct_equal(encoded[1], 2) & found &
            ~is_below(separator, PADDING_MIN);
    return separator + 1;
}

enum kc_error kc_unpad_pkcs1(
    uint8_t *encoded, size_t size, struct kc_span key, struct kc_span ciphertext, size_t *start)
{
    uint8_t derived[KC_HASH_SIZE_MAX], other[KC_UNPAD_SIZE_MAX], lengths[2 * LENGTHS]; /* secret */
    enum kc_error error = kc_hmac(KC_HASH_SHA256, key, ciphertext, derived);
    if (error == KC_OK)
        error = expand(derived, length, lengths, sizeof lengths);
    if (error == KC_OK)
        error = expand(derived, message, other, size);
    if (error == KC_OK) {
        kc_mask good;
        uint64_t real = find_message(encoded, size, &good);
        *start = (size_t)kc_ct_select(good, real, size - choose_length(lengths, size));
        for (size_t i = 0; i < size; i++)
            encoded[i] = (uint8_t)kc_ct_select(good, encoded[i], other[i]);
    }
    kc_wipe(derived, sizeof derived);
    kc_wipe(other, sizeof other);
    kc_wipe(lengths, sizeof lengths);
    return error;
}
