/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/transcript.h"

#include "base/wipe.h"

#include <openssl/evp.h>
#include <string.h>

/* What kind an item is stands before it. */
enum item { ITEM_NUMBER = 1, ITEM_BYTES = 2, ITEM_SCALAR = 3, ITEM_POINT = 4 };

static void stop(struct kc_transcript *transcript)
{
    EVP_MD_CTX_free(transcript->hash); /* wipes its state */
    transcript->hash = NULL;
}

static void absorb(struct kc_transcript *transcript, const void *bytes, size_t size)
{
    if (transcript->hash != NULL && EVP_DigestUpdate(transcript->hash, bytes, size) != 1)
        stop(transcript);
}

static void absorb_item(
    struct kc_transcript *transcript, enum item item, const void *bytes, size_t size)
{
    uint8_t head[9] = {(uint8_t)item};
    for (int i = 0; i < 8; i++)
        head[1 + i] = (uint8_t)((uint64_t)size >> (8 * (7 - i)));
    absorb(transcript, head, sizeof head);
    absorb(transcript, bytes, size);
}

void kc_transcript_init(struct kc_transcript *transcript, const char *label)
{
    transcript->hash = EVP_MD_CTX_new();
    if (transcript->hash != NULL && EVP_DigestInit_ex(transcript->hash, EVP_shake256(), NULL) != 1)
        stop(transcript);
    kc_transcript_bytes(transcript, label, strlen(label));
}

void kc_transcript_number(struct kc_transcript *transcript, uint64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (8 * (7 - i)));
    absorb_item(transcript, ITEM_NUMBER, bytes, sizeof bytes);
}

void kc_transcript_bytes(struct kc_transcript *transcript, const void *bytes, size_t size)
{
    absorb_item(transcript, ITEM_BYTES, bytes, size);
}

void kc_transcript_span(struct kc_transcript *transcript, struct kc_span span)
{
    kc_transcript_bytes(transcript, span.bytes, span.size);
}

/* The curve stands before the octets: it says what they mean. */
void kc_transcript_scalar(struct kc_transcript *transcript, const struct kc_scalar *scalar)
{
    uint8_t bytes[1 + KC_SCALAR_SIZE_MAX] = {(uint8_t)scalar->curve}; /* secret */
    kc_scalar_encode(scalar, bytes + 1);
    absorb_item(transcript, ITEM_SCALAR, bytes, 1 + kc_curve_info(scalar->curve)->scalar_size);
    kc_wipe(bytes, sizeof bytes);
}

void kc_transcript_encoded_point(
    struct kc_transcript *transcript, enum kc_curve curve, const uint8_t *encoding)
{
    size_t size = kc_curve_info(curve)->point_size;
    uint8_t bytes[1 + KC_POINT_SIZE_MAX] = {(uint8_t)curve}; /* secret, if the point is */
    memcpy(bytes + 1, encoding, size);
    absorb_item(transcript, ITEM_POINT, bytes, 1 + size);
    kc_wipe(bytes, sizeof bytes);
}

void kc_transcript_point(struct kc_transcript *transcript, const struct kc_point *point)
{
    uint8_t encoding[KC_POINT_SIZE_MAX]; /* secret, if the point is */
    kc_point_encode(point, encoding);
    kc_transcript_encoded_point(transcript, point->curve, encoding);
    kc_wipe(encoding, sizeof encoding);
}

void kc_transcript_fresh(struct kc_transcript *transcript, const struct kc_fresh *fresh)
{
    kc_transcript_bytes(transcript, fresh->random, sizeof fresh->random);
    kc_transcript_number(transcript, fresh->counter);
}

enum kc_error kc_transcript_finish(struct kc_transcript *transcript, uint8_t *out, size_t size)
{
    if (transcript->hash != NULL && EVP_DigestFinalXOF(transcript->hash, out, size) != 1)
        stop(transcript);
    if (transcript->hash == NULL) {
        memset(out, 0, size);
        return KC_ERR_INTERNAL;
    }
    stop(transcript);
    return KC_OK;
}

enum kc_error kc_transcript_finish_scalar(
    struct kc_transcript *transcript, struct kc_scalar *out, enum kc_curve curve)
{
    uint8_t uniform[KC_UNIFORM_SIZE]; /* secret, if an item was */
    enum kc_error error = kc_transcript_finish(transcript, uniform, sizeof uniform);
    if (error == KC_OK && kc_scalar_random(out, curve, uniform) != KC_OK)
        error = KC_ERR_INTERNAL; /* a digest that is a multiple of L */
    kc_wipe(uniform, sizeof uniform);
    return error;
}

enum kc_error kc_transcript_hash_to_scalar(struct kc_scalar *out, enum kc_curve curve,
    const char *label, const struct kc_span parts[], size_t count)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, label);
    for (size_t i = 0; i < count; i++)
        kc_transcript_span(&transcript, parts[i]);
    return kc_transcript_finish_scalar(&transcript, out, curve);
}
