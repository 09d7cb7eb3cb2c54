/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/sample.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

struct sample_key sample_key(enum kc_curve curve, uint8_t number)
{
    struct sample_key key;
    const struct kc_curve_info *info = kc_curve_info(curve);
    uint8_t seed[KC_SEED_SIZE_MAX], encoding[KC_POINT_SIZE_MAX];
    memset(seed, number, sizeof seed);
    GOOD(kc_key_from_seed(&key.pair, curve, seed, info->seed_size));
    kc_point_encode(&key.pair.public, encoding);
    GOOD(kc_public_key_make(info->name, (struct kc_span){encoding, info->point_size}, &key.public));
    return key;
}

void sample_sign(
    struct kc_dare_envelope *envelope, const struct sample_key *key, struct kc_span manifest)
{
    enum kc_curve curve = key->pair.scalar.curve;
    struct kc_dare_signature *entry = &envelope->signatures[envelope->signature_count++];
    struct kc_signed_message message = kc_mesh_signed_message(curve, envelope->digest);
    memset(entry, 0, sizeof *entry);
    snprintf(entry->kid, sizeof entry->kid, "%s", key->public.udf);
    entry->size = kc_curve_info(curve)->signature_size;
    entry->manifest = manifest;
    struct kc_fresh fresh = {.counter = 1}; /* of a composite key's nonce */
    GOOD(kc_signature_sign(entry->octets, &key->pair, &message, &fresh));
}

void sample_write_key(
    struct kc_object_writer *w, const char *field, const struct kc_public_key *key)
{
    kc_object_write_object(w, field, KC_OBJECT_KeyData);
    kc_object_write_text(w, "Udf", key->udf);
    kc_object_write_tagged(w, "PublicParameters", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(w, "crv", key->algorithm);
    kc_object_write_octets(w, "Public", (struct kc_span){key->octets, key->size});
    kc_object_write_end(w);
    kc_object_write_end(w);
}

struct kc_span sample_envelope(
    struct kc_object_writer *w, const struct sample_key *signer, struct kc_span manifest)
{
    char *text;
    size_t size;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    assert_non_null(envelope);
    GOOD(kc_object_writer_finish(w));
    envelope->body = w->json.out.bytes;
    envelope->body_size = w->json.out.size;
    GOOD(kc_dare_envelope_digest(envelope));
    if (signer != NULL)
        sample_sign(envelope, signer, manifest);
    GOOD(kc_dare_envelope_write(envelope, &text, &size));
    free(envelope);
    return (struct kc_span){(uint8_t *)text, size};
}

void sample_release(struct kc_span text)
{
    union {
        const uint8_t *lent;
        void *given;
    } bytes = {text.bytes};
    free(bytes.given);
}
