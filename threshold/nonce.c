/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/nonce.h"

#include "base/wipe.h"
#include "base/writer.h"

#include <string.h>

static const char label[] = "custodian threshold signature 1";

/* The label, six octets of use, curve and flags, then what write_input
 * writes, each at its largest. */
#define INPUT_SIZE_MAX                                                                             \
    (sizeof label + 6 + sizeof(uint8_t[2][KC_SCALAR_SIZE_MAX]) + sizeof(struct kc_fresh) +         \
        sizeof(uint8_t[3][KC_POINT_SIZE_MAX]) + KC_CONTEXT_SIZE_MAX)

static void write_scalar(struct kc_writer *w, const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX]; /* secret */
    kc_scalar_encode(scalar, bytes);
    kc_writer_bytes(w, bytes, kc_curve_info(scalar->curve)->scalar_size);
    kc_wipe(bytes, sizeof bytes);
}

static void write_point(struct kc_writer *w, const struct kc_point *point)
{
    uint8_t bytes[KC_POINT_SIZE_MAX];
    kc_point_encode(point, bytes);
    kc_writer_bytes(w, bytes, kc_curve_info(point->curve)->point_size);
}

/* Flags say which of the optional parts follow. */
static void write_input(struct kc_writer *w, enum kc_nonce_use use, const struct kc_signer *signer,
    const struct kc_point *first, const struct kc_signed_message *message,
    const struct kc_fresh *fresh)
{
    kc_writer_bytes(w, label, sizeof label);
    kc_writer_u8(w, (uint8_t)use);
    kc_writer_u8(w, (uint8_t)signer->share->curve);
    kc_writer_u8(w, (uint8_t)((signer->coefficient != NULL) | (first != NULL) << 1));
    kc_writer_u8(w, (uint8_t)(message->prehash | message->has_context << 1));
    kc_writer_u16(w, (uint16_t)message->context.size);
    write_scalar(w, signer->share);
    if (fresh != NULL) {
        kc_writer_bytes(w, fresh->random, sizeof fresh->random);
        kc_writer_u64(w, fresh->counter);
    }
    if (signer->coefficient != NULL)
        write_scalar(w, signer->coefficient);
    size_t point_size = kc_curve_info(signer->share->curve)->point_size;
    kc_writer_bytes(w, signer->own, point_size);
    kc_writer_bytes(w, signer->group, point_size);
    if (first != NULL)
        write_point(w, first);
    kc_writer_bytes(w, message->context.bytes, message->context.size);
}

enum kc_error kc_nonce_hash(uint8_t digest[static KC_DIGEST_SIZE_MAX], enum kc_nonce_use use,
    const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh)
{
    if (message->context.size > (message->has_context ? (size_t)KC_CONTEXT_SIZE_MAX : 0))
        return KC_ERR_BAD_ARGUMENT;
    uint8_t input[INPUT_SIZE_MAX]; /* secret */
    struct kc_writer w;
    kc_writer_init(&w, input, sizeof input);
    write_input(&w, use, signer, first, message, fresh);
    const struct kc_span parts[] = {{input, w.size}, message->message};
    enum kc_error error = kc_writer_finish(&w) == KC_OK
                              ? kc_digest(digest, signer->share->curve, parts, 2)
                              : KC_ERR_INTERNAL;
    kc_wipe(input, sizeof input);
    return error;
}

enum kc_error kc_nonce_make(struct kc_scalar *nonce, enum kc_nonce_use use,
    const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh)
{
    uint8_t digest[KC_DIGEST_SIZE_MAX]; /* secret */
    enum kc_error error = kc_nonce_hash(digest, use, signer, first, message, fresh);
    if (error == KC_OK)
        kc_scalar_reduce(nonce, signer->share->curve, digest,
            kc_curve_info(signer->share->curve)->signature_size);
    kc_wipe(digest, sizeof digest);
    return error;
}
