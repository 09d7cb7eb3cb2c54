/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dare_envelope.h"

#include "base/ct.h"
#include "base/secret.h"
#include "proto/hkdf.h"

#include <stdlib.h>
#include <string.h>

enum kc_error kc_dare_envelope_digest(struct kc_dare_envelope *envelope)
{
    struct kc_span body = {envelope->body, envelope->body_size};
    return kc_hash_digest(KC_HASH_SHA512, body, envelope->digest);
}

void kc_dare_envelope_done(struct kc_dare_envelope *envelope)
{
    kc_room_free(envelope->body);
    envelope->body = NULL;
    envelope->body_size = 0;
    kc_room_free(envelope->content_meta);
    envelope->content_meta = NULL;
    envelope->content_meta_size = 0;
}

enum kc_error kc_dare_envelope_verify(const struct kc_dare_envelope *envelope,
    const struct kc_public_key *key, kc_dare_verify verify,
    const struct kc_dare_signature **signature)
{
    for (size_t i = 0; i < envelope->signature_count; i++) {
        const struct kc_dare_signature *entry = &envelope->signatures[i];
        struct kc_span octets = {entry->octets, entry->size};
        if (verify(key, envelope->digest, octets) == KC_OK) {
            *signature = entry;
            return KC_OK;
        }
    }
    return KC_ERR_SIGNATURE;
}

/* "Signing encrypted data without a witness is refused." */
static enum kc_error witness_check(
    const struct kc_dare_content *content, const struct kc_dare_signature *signature)
{
    uint8_t made[KC_DARE_WITNESS_SIZE];
    struct kc_span octets = {signature->octets, signature->size};
    enum kc_error error = kc_dare_witness(content, octets, made);
    bool fits = error == KC_OK && signature->has_witness &&
                kc_ct_bytes_equal(made, signature->witness, sizeof made) != 0;
    kc_wipe(made, sizeof made);
    return fits ? KC_OK : KC_ERR_DECRYPTION;
}

enum kc_error kc_dare_envelope_decrypt(const struct kc_dare_envelope *envelope,
    const struct kc_dare_signature *signature, const uint8_t seed[KC_DARE_SEED_SIZE],
    uint8_t *plaintext, size_t *plaintext_size)
{
    struct kc_dare_content content;
    struct kc_span salt = {envelope->salt, envelope->salt_size};
    struct kc_span body = {envelope->body, envelope->body_size};
    if (salt.size == 0)
        return KC_ERR_DECRYPTION;
    enum kc_error error = kc_dare_content_derive(seed, salt, &content);
    if (error == KC_OK && signature != NULL)
        error = witness_check(&content, signature);
    if (error == KC_OK)
        error = kc_dare_content_decrypt(&content, body, plaintext, plaintext_size);
    kc_wipe(&content, sizeof content);
    return error;
}
