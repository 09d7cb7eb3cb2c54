/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/share_envelope.h"

#include "base/wipe.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/verify.h"
#include "proto/dare_envelope.h"
#include "proto/object.h"
#include "proto/udf_key.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define SHARE_SIZE_MAX 4096 /* octets of the content */

/* The entry for a key; NULL: there is none. */
static const struct kc_dare_recipient *recipient_of(
    const struct kc_dare_envelope *envelope, const struct kc_key *key)
{
    uint8_t public[KC_POINT_SIZE_MAX];
    const struct kc_curve_info *info = kc_curve_info(key->scalar.curve);
    kc_point_encode(&key->public, public);
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        const struct kc_dare_recipient *entry = &envelope->recipients[i];
        if (strcmp(entry->algorithm, info->name) == 0 &&
            kc_udf_names_key(entry->kid, info->name, (struct kc_span){public, info->point_size}))
            return entry;
    }
    return NULL;
}

static enum kc_error seed_open(const struct kc_dare_envelope *envelope, const struct kc_key *key,
    uint8_t seed[KC_DARE_SEED_SIZE])
{
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct kc_point ephemeral;
    const struct kc_dare_recipient *entry = recipient_of(envelope, key);
    enum kc_curve curve = key->scalar.curve;
    if (entry == NULL ||
        kc_point_decode(&ephemeral, curve, entry->ephemeral, entry->ephemeral_size) != KC_OK)
        return KC_ERR_DECRYPTION;
    enum kc_error error = kc_agreement_agree(agreed, &key->scalar, &ephemeral);
    if (error == KC_OK)
        error = kc_dare_unwrap_agreed(
            (struct kc_span){agreed, kc_curve_info(curve)->agreed_size}, entry->wrapped, seed);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

static bool is_in_time(const struct kc_object *key_data, int64_t now)
{
    int64_t end;
    struct kc_json value = kc_object_member(key_data, "NotOnOrAfter");
    return !kc_json_is_there(value) || (kc_json_time(value, &end) == KC_OK && now < end);
}

static enum kc_error content_read(
    struct kc_span content, const struct kc_mesh_share_terms *terms, struct kc_scalar *share)
{
    struct kc_json_document document = {0};
    struct kc_object key_data;
    KC_AUTO_SCALAR scalar = {0};
    enum kc_error error =
        kc_object_parse(content, SHARE_SIZE_MAX, KC_OBJECT_KeyData, &document, &key_data, NULL);
    if (error == KC_OK && !is_in_time(&key_data, terms->now))
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_mesh_read_scalar(&key_data, terms->own, &scalar);
    kc_json_done(&document);
    if (error == KC_OK)
        *share = scalar;
    return error;
}

static enum kc_error envelope_open(const struct kc_dare_envelope *envelope,
    const struct kc_mesh_share_terms *terms, struct kc_scalar *share)
{
    uint8_t seed[KC_DARE_SEED_SIZE], content[SHARE_SIZE_MAX];
    size_t size;
    const struct kc_dare_signature *signature;
    if (envelope->salt_size == 0)
        return KC_ERR_ENVELOPE;
    if (envelope->body_size > sizeof content)
        return KC_ERR_TOO_LARGE;
    enum kc_error error =
        kc_dare_envelope_verify(envelope, terms->signer, kc_mesh_verify, &signature);
    if (error == KC_OK)
        error = seed_open(envelope, terms->key, seed);
    if (error != KC_OK)
        return error;
    error = kc_dare_envelope_decrypt(envelope, signature, seed, content, &size);
    if (error == KC_OK)
        error = content_read((struct kc_span){content, size}, terms, share);
    kc_wipe(seed, sizeof seed);
    kc_wipe(content, sizeof content);
    return error;
}

enum kc_error kc_mesh_share_open(
    struct kc_span text, const struct kc_mesh_share_terms *terms, struct kc_scalar *share)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error == KC_OK)
        error = envelope_open(envelope, terms, share);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

/* --- sealing --- */

enum kc_error kc_mesh_share_seal(const struct kc_scalar *share,
    const struct kc_public_key *recipient, int64_t end, const struct kc_key *signer,
    const struct kc_mesh_source *source, char **text, size_t *size)
{
    uint8_t room[KC_MESH_KEY_DOCUMENT_MAX];
    struct kc_point own;
    struct kc_public_key public;
    struct kc_object_writer w;
    enum kc_error error = kc_point_multiply_base(&own, share);
    if (error == KC_OK)
        error = kc_mesh_public_key(&own, &public);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, room, sizeof room);
    kc_mesh_write_scalar_until(&w, &public, share, end);
    error = kc_object_writer_finish(&w);
    const struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = "KeyData",
        .signer = signer,
        .recipients = recipient,
        .recipient_count = 1};
    if (error == KC_OK)
        error = kc_mesh_envelope_make(source, &letter, text, size);
    kc_wipe(room, sizeof room);
    return error;
}
