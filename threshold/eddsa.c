/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/eddsa.h"

#include "base/wipe.h"
#include "base/writer.h"
#include "threshold/combination.h"
#include "threshold/digest.h"

#include <string.h>

#define DOMAIN_SIZE_MAX (32 + 2 + KC_CONTEXT_SIZE_MAX)

/* dom2, dom4 and PH(M) of RFC 8032, section 2: what stands before and
 * after in both of its hashes. */
struct framed {
    uint8_t domain[DOMAIN_SIZE_MAX];
    size_t domain_size;
    uint8_t prehash[KC_PREHASH_SIZE];
    struct kc_span message; /* as it is hashed: the message, or prehash above */
};

/* Plain Ed25519 has no dom2 at all: that is what sets it apart from
 * Ed25519ctx with an empty context. */
static enum kc_error frame(
    struct framed *out, enum kc_curve curve, const struct kc_signed_message *message)
{
    static const char ed25519[] = "SigEd25519 no Ed25519 collisions", ed448[] = "SigEd448";
    if (curve != KC_CURVE_ED25519 && curve != KC_CURVE_ED448)
        return KC_ERR_BAD_ALGORITHM;
    if (message->context.size > (message->has_context ? KC_CONTEXT_SIZE_MAX : 0))
        return KC_ERR_BAD_ARGUMENT;

    out->domain_size = 0;
    if (curve == KC_CURVE_ED448 || message->prehash || message->has_context) {
        struct kc_writer w;
        kc_writer_init(&w, out->domain, sizeof out->domain);
        kc_writer_bytes(&w, curve == KC_CURVE_ED448 ? ed448 : ed25519,
            curve == KC_CURVE_ED448 ? strlen(ed448) : strlen(ed25519));
        kc_writer_u8(&w, message->prehash);
        kc_writer_u8(&w, (uint8_t)message->context.size);
        kc_writer_bytes(&w, message->context.bytes, message->context.size);
        if (kc_writer_finish(&w) != KC_OK)
            return KC_ERR_INTERNAL;
        out->domain_size = w.size;
    }
    out->message = message->message;
    if (!message->prehash)
        return KC_OK;
    out->message = (struct kc_span){out->prehash, sizeof out->prehash};
    return kc_prehash(out->prehash, curve, message->message);
}

enum kc_error kc_eddsa_challenge(struct kc_scalar *k, enum kc_curve curve, const uint8_t *r,
    const uint8_t *public, const struct kc_signed_message *message)
{
    struct framed framed;
    enum kc_error error = frame(&framed, curve, message);
    if (error != KC_OK)
        return error;
    const struct kc_curve_info *info = kc_curve_info(curve);
    uint8_t digest[KC_DIGEST_SIZE_MAX];
    const struct kc_span parts[] = {{framed.domain, framed.domain_size}, {r, info->point_size},
        {public, info->point_size}, framed.message};
    error = kc_digest(digest, curve, parts, sizeof parts / sizeof parts[0]);
    if (error == KC_OK)
        kc_scalar_reduce(k, curve, digest, info->signature_size);
    return error;
}

enum kc_error kc_eddsa_nonce(
    struct kc_scalar *nonce, const struct kc_key *key, const struct kc_signed_message *message)
{
    enum kc_curve curve = key->scalar.curve;
    struct framed framed;
    enum kc_error error = frame(&framed, curve, message);
    if (error != KC_OK)
        return error;
    uint8_t digest[KC_DIGEST_SIZE_MAX]; /* secret */
    const struct kc_span parts[] = {{framed.domain, framed.domain_size},
        {key->prefix, kc_curve_info(curve)->point_size}, framed.message};
    error = kc_digest(digest, curve, parts, sizeof parts / sizeof parts[0]);
    if (error == KC_OK)
        kc_scalar_reduce(nonce, curve, digest, kc_curve_info(curve)->signature_size);
    kc_wipe(digest, sizeof digest);
    return error;
}

void kc_eddsa_response(struct kc_scalar *response, const struct kc_scalar *nonce,
    const struct kc_scalar *k, const struct kc_scalar *coefficient, const struct kc_scalar *share)
{
    KC_AUTO_SCALAR term;
    kc_scalar_multiply(&term, k, share);
    if (coefficient != NULL)
        kc_scalar_multiply(&term, &term, coefficient);
    kc_scalar_add(response, nonce, &term);
}

/* A zero response or challenge does not occur: it counts as wrong. */
bool kc_eddsa_holds(const struct kc_scalar *response, const struct kc_point *r,
    const struct kc_scalar *k, const struct kc_point *public)
{
    const struct kc_term terms[] = {
        {.scalar = k, .point = public, .negative = true}, {.point = r, .negative = true}};
    return !kc_scalar_is_zero(response) && !kc_scalar_is_zero(k) &&
           kc_combination_vanishes_variable_time(response, terms, 2);
}

void kc_eddsa_encode(
    uint8_t signature[static KC_SIGNATURE_SIZE_MAX], const uint8_t *r, const struct kc_scalar *s)
{
    const struct kc_curve_info *info = kc_curve_info(s->curve);
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(s, bytes);
    memmove(signature, r, info->point_size);
    memset(signature + info->point_size, 0, info->signature_size - info->point_size);
    memcpy(signature + info->point_size, bytes, info->scalar_size);
}
