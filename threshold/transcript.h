/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash of the protocols: SHAKE256 over a label and typed, length-prefixed items, so that two
 * different sequences of items never give the same input.
 *
 * It makes challenges (all items public) and hedged secrets (some items secret): libcrypto's state
 * is wiped in both cases, and nothing here depends on contents. Sticky: a failure is told once, at
 * the end.
 */
#ifndef KC_THRESHOLD_TRANSCRIPT_H
#define KC_THRESHOLD_TRANSCRIPT_H

#include "base/language.h"
#include "base/reader.h"
#include "threshold/point.h"
#include "threshold/scalar.h"
#include "threshold/signature.h"

KC_C_BEGIN

#define KC_TRANSCRIPT_DIGEST_SIZE 32

struct kc_transcript {
    struct evp_md_ctx_st *hash; /* libcrypto's; NULL after a failure and at the end */
};

/* Begins: the label says protocol, purpose and version, and is unique to one purpose. */
void kc_transcript_init(struct kc_transcript *transcript, const char *label);

void kc_transcript_number(struct kc_transcript *transcript, uint64_t number);
void kc_transcript_bytes(struct kc_transcript *transcript, const void *bytes, size_t size);
void kc_transcript_span(struct kc_transcript *transcript, struct kc_span span);
void kc_transcript_scalar(struct kc_transcript *transcript, const struct kc_scalar *scalar);
void kc_transcript_point(struct kc_transcript *transcript, const struct kc_point *point);

/* The same item from the point's encoding. */
void kc_transcript_encoded_point(
    struct kc_transcript *transcript, enum kc_curve curve, const uint8_t *encoding);

/* Randomness and counter: what makes a nonce fresh. */
void kc_transcript_fresh(struct kc_transcript *transcript, const struct kc_fresh *fresh);

/*
 * Ends, and writes size octets; zeroes them on failure.
 *
 * KC_ERR_INTERNAL  libcrypto failed, here or before
 */
KC_CHECKED enum kc_error kc_transcript_finish(
    struct kc_transcript *transcript, uint8_t *out, size_t size);

/* Ends with a uniform scalar, not zero. KC_ERR_INTERNAL as above. */
KC_CHECKED enum kc_error kc_transcript_finish_scalar(
    struct kc_transcript *transcript, struct kc_scalar *out, enum kc_curve curve);

/*
 * Hash to scalar: a transcript of the parts, ended with a uniform scalar that is not zero.
 *
 * label  as kc_transcript_init
 *
 * KC_ERR_INTERNAL  libcrypto failed
 */
KC_CHECKED enum kc_error kc_transcript_hash_to_scalar(struct kc_scalar *out, enum kc_curve curve,
    const char *label, const struct kc_span parts[], size_t count);

KC_C_END

#endif
