/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/envelope_make.h"

#include "base/secret.h"
#include "base/text.h"
#include "custodian/mesh/verify.h"
#include "proto/json_write.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define META_ROOM 512

/* An envelope on its way, with what must not outlive it. */
struct kc_mesh_making {
    const struct kc_mesh_source *source; /* both lent until the body is there */
    const struct kc_mesh_letter *letter;
    struct kc_dare_envelope envelope;
    uint8_t seed[KC_DARE_SEED_SIZE]; /* secret */
    struct kc_dare_content content;  /* secret */
    uint8_t meta[META_ROOM];
    uint8_t *body;     /* owned */
    uint8_t *manifest; /* owned */
    bool in_room;
};

enum kc_error kc_mesh_fresh(const struct kc_mesh_source *source, struct kc_fresh *fresh)
{
    fresh->counter = source->count(source->context);
    return source->random(source->context, fresh->random, sizeof fresh->random);
}

enum kc_error kc_mesh_random_scalar(
    const struct kc_mesh_source *source, enum kc_curve curve, struct kc_scalar *scalar)
{
    uint8_t uniform[KC_UNIFORM_SIZE];
    enum kc_error error = source->random(source->context, uniform, sizeof uniform);
    if (error == KC_OK)
        error = kc_scalar_random(scalar, curve, uniform);
    kc_wipe(uniform, sizeof uniform);
    return error;
}

enum kc_error kc_mesh_public_key(const struct kc_point *point, struct kc_public_key *public)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    const struct kc_curve_info *info = kc_curve_info(point->curve);
    kc_point_encode(point, octets);
    return kc_public_key_make(info->name, (struct kc_span){octets, info->point_size}, public);
}

/* --- recipients --- */

enum kc_error kc_mesh_recipient_point(const struct kc_public_key *key, struct kc_point *point)
{
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    if (info == NULL)
        return KC_ERR_BAD_ALGORITHM;
    /* The sign does not enter what an X curve agrees on. */
    return info->unsigned_size != 0 && key->size == info->unsigned_size
               ? kc_point_decode_unsigned(point, info->curve, key->octets, key->size)
               : kc_point_decode(point, info->curve, key->octets, key->size);
}

static enum kc_error seed_wrap(
    struct kc_mesh_making *making, struct kc_span agreed, struct kc_dare_recipient *entry)
{
    static const uint8_t info[] = KC_DARE_KEK_INFO;
    uint8_t kek[KC_DARE_KEK_SIZE];
    enum kc_error error = kc_dare_kek(agreed, (struct kc_span){info, sizeof info - 1}, kek);
    if (error == KC_OK)
        error = kc_dare_wrap(kek, making->seed, entry->wrapped);
    kc_wipe(kek, sizeof kek);
    return error;
}

/* Agrees between a fresh key, whose public half goes into the entry, and the recipient's. */
static enum kc_error seed_wrap_for(struct kc_mesh_making *making, const struct kc_point *recipient,
    struct kc_dare_recipient *entry)
{
    KC_AUTO_SCALAR ephemeral = {0};
    struct kc_point public;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    const struct kc_curve_info *info = kc_curve_info(recipient->curve);
    enum kc_error error = kc_mesh_random_scalar(making->source, recipient->curve, &ephemeral);
    if (error == KC_OK)
        error = kc_point_multiply_base(&public, &ephemeral);
    if (error == KC_OK)
        error = kc_agreement_agree(agreed, &ephemeral, recipient);
    if (error == KC_OK) {
        kc_point_encode(&public, entry->ephemeral);
        entry->ephemeral_size = info->point_size;
        error = seed_wrap(making, (struct kc_span){agreed, info->agreed_size}, entry);
    }
    kc_wipe(agreed, sizeof agreed);
    return error;
}

/* A key that came without its sign has no fingerprint: it is named by that of one of the two. */
static enum kc_error recipient_add(struct kc_mesh_making *making, const struct kc_public_key *key)
{
    struct kc_point point;
    struct kc_public_key named;
    struct kc_dare_envelope *envelope = &making->envelope;
    struct kc_dare_recipient *entry = &envelope->recipients[envelope->recipient_count];
    enum kc_error error = kc_mesh_recipient_point(key, &point);
    if (error == KC_OK)
        error = kc_mesh_public_key(&point, &named);
    if (error != KC_OK)
        return error;
    KC_TEXT_COPY_ARRAY(entry->algorithm, key->algorithm);
    if (!kc_text_copy(entry->kid, sizeof entry->kid, key->udf[0] != '\0' ? key->udf : named.udf))
        return KC_ERR_TOO_LARGE;
    envelope->recipient_count++;
    return seed_wrap_for(making, &point, entry);
}

/* Who has a secret needs no key of his own: the secret is what is agreed on. */
static enum kc_error secret_add(struct kc_mesh_making *making, struct kc_span secret)
{
    struct kc_dare_envelope *envelope = &making->envelope;
    struct kc_dare_recipient *entry = &envelope->recipients[envelope->recipient_count++];
    enum kc_error error = kc_udf_symmetric_id(secret, entry->kid);
    return error == KC_OK ? seed_wrap(making, secret, entry) : error;
}

static enum kc_error recipients_add(struct kc_mesh_making *making)
{
    enum kc_error error = KC_OK;
    const struct kc_mesh_letter *letter = making->letter;
    for (size_t i = 0; error == KC_OK && i < letter->recipient_count; i++)
        error = recipient_add(making, &letter->recipients[i]);
    if (error == KC_OK && letter->secret.size > 0)
        error = secret_add(making, letter->secret);
    return error;
}

/* --- the body --- */

static enum kc_error body_encrypt(struct kc_mesh_making *making)
{
    struct kc_dare_envelope *envelope = &making->envelope;
    const struct kc_span payload = making->letter->payload;
    making->body = kc_room_allocate(kc_dare_ciphertext_size(payload.size));
    if (making->body == NULL)
        return KC_ERR_NO_MEMORY;
    envelope->body = making->body;
    envelope->body_size = kc_dare_ciphertext_size(payload.size);
    envelope->salt_size = KC_DARE_SALT_SIZE;
    const struct kc_mesh_source *source = making->source;
    enum kc_error error = source->random(source->context, making->seed, sizeof making->seed);
    if (error == KC_OK)
        error = source->random(source->context, envelope->salt, envelope->salt_size);
    if (error == KC_OK)
        error = kc_dare_content_derive(
            making->seed, (struct kc_span){envelope->salt, envelope->salt_size}, &making->content);
    if (error == KC_OK)
        error = kc_dare_content_encrypt(&making->content, payload, making->body);
    if (error == KC_OK)
        error =
            kc_udf_symmetric_id((struct kc_span){making->seed, sizeof making->seed}, envelope->kid);
    return error == KC_OK ? recipients_add(making) : error;
}

static enum kc_error body_copy(struct kc_mesh_making *making)
{
    const struct kc_span payload = making->letter->payload;
    making->body = kc_room_allocate(payload.size + 1);
    if (making->body == NULL)
        return KC_ERR_NO_MEMORY;
    if (payload.size > 0)
        memcpy(making->body, payload.bytes, payload.size);
    making->envelope.body = making->body;
    making->envelope.body_size = payload.size;
    return KC_OK;
}

/* --- what it says of itself; nobody may rely on it --- */

static void meta_text(struct kc_json_writer *w, const char *name, const char *text)
{
    if (text == NULL)
        return;
    kc_json_write_name(w, name);
    kc_json_write_text(w, text);
}

static enum kc_error meta_write(struct kc_mesh_making *making)
{
    struct kc_json_writer w;
    const struct kc_mesh_letter *letter = making->letter;
    kc_json_writer_init(&w, making->meta, sizeof making->meta);
    kc_json_write_object(&w);
    meta_text(&w, "UniqueId", letter->unique_id);
    meta_text(&w, "MessageType", letter->type);
    meta_text(&w, "cty", "application/mmm/object");
    meta_text(&w, "Event", letter->event);
    kc_json_write_name(&w, "Created");
    kc_json_write_time(&w, (int64_t)making->source->now);
    kc_json_write_end(&w);
    making->envelope.content_meta = making->meta;
    making->envelope.content_meta_size = w.out.size;
    return kc_json_writer_finish(&w);
}

/* --- in two steps --- */

static bool is_encrypted(const struct kc_mesh_letter *letter)
{
    return letter->recipient_count > 0 || letter->secret.size > 0;
}

static enum kc_error body_make(struct kc_mesh_making *making)
{
    const struct kc_mesh_letter *letter = making->letter;
    if (letter->recipient_count >= KC_DARE_RECIPIENTS_MAX)
        return KC_ERR_TOO_LARGE;
    if (letter->id != NULL &&
        !kc_text_copy(making->envelope.id, sizeof making->envelope.id, letter->id))
        return KC_ERR_TOO_LARGE;
    enum kc_error error = meta_write(making);
    if (error == KC_OK)
        error = is_encrypted(letter) ? body_encrypt(making) : body_copy(making);
    if (error == KC_OK)
        error = kc_dare_envelope_digest(&making->envelope);
    return error;
}

enum kc_error kc_mesh_making_new(const struct kc_mesh_source *source,
    const struct kc_mesh_letter *letter, struct kc_mesh_making **making)
{
    struct kc_mesh_making *made = kc_room_allocate(sizeof *made);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    made->source = source;
    made->letter = letter;
    made->in_room = letter->in_room;
    enum kc_error error = body_make(made);
    made->source = NULL;
    made->letter = NULL;
    if (error == KC_OK)
        *making = made;
    else
        kc_mesh_making_free(made);
    return error;
}

const uint8_t *kc_mesh_making_digest(const struct kc_mesh_making *making)
{
    return making->envelope.digest;
}

static enum kc_error manifest_copy(
    struct kc_mesh_making *making, struct kc_span manifest, struct kc_dare_signature *entry)
{
    if (manifest.size == 0)
        return KC_OK;
    making->manifest = malloc(manifest.size);
    if (making->manifest == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(making->manifest, manifest.bytes, manifest.size);
    entry->manifest = (struct kc_span){making->manifest, manifest.size};
    return KC_OK;
}

enum kc_error kc_mesh_making_sign(struct kc_mesh_making *making, const struct kc_public_key *signer,
    struct kc_span signature, struct kc_span manifest)
{
    struct kc_dare_signature *entry = &making->envelope.signatures[0];
    if (making->envelope.signature_count > 0 || signature.size > sizeof entry->octets)
        return KC_ERR_INTERNAL;
    memcpy(entry->octets, signature.bytes, signature.size);
    entry->size = signature.size;
    entry->has_witness = making->envelope.salt_size > 0;
    if (!kc_text_copy(entry->kid, sizeof entry->kid, signer->udf))
        return KC_ERR_INTERNAL;
    making->envelope.signature_count = 1;
    enum kc_error error = manifest_copy(making, manifest, entry);
    if (error == KC_OK && entry->has_witness)
        error = kc_dare_witness(&making->content, signature, entry->witness);
    return error;
}

enum kc_error kc_mesh_making_write(struct kc_mesh_making *making, char **text, size_t *size)
{
    return making->in_room ? kc_dare_envelope_write_room(&making->envelope, text, size)
                           : kc_dare_envelope_write(&making->envelope, text, size);
}

void kc_mesh_making_free(struct kc_mesh_making *making)
{
    if (making == NULL)
        return;
    kc_room_free(making->body);
    free(making->manifest);
    kc_room_free(making);
}

/* --- by a key that is at hand --- */

static enum kc_error sign(
    const struct kc_mesh_source *source, const struct kc_key *signer, struct kc_mesh_making *making)
{
    struct kc_fresh fresh;
    struct kc_public_key public;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    const struct kc_curve_info *info = kc_curve_info(signer->scalar.curve);
    struct kc_signed_message message =
        kc_mesh_signed_message(info->curve, kc_mesh_making_digest(making));
    enum kc_error error = kc_mesh_public_key(&signer->public, &public);
    if (error == KC_OK)
        error = kc_mesh_fresh(source, &fresh);
    if (error == KC_OK)
        error = kc_signature_sign(signature, signer, &message, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    if (error != KC_OK)
        return error;
    return kc_mesh_making_sign(making, &public, (struct kc_span){signature, info->signature_size},
        (struct kc_span){NULL, 0});
}

enum kc_error kc_mesh_envelope_make(const struct kc_mesh_source *source,
    const struct kc_mesh_letter *letter, char **text, size_t *size)
{
    struct kc_mesh_making *making = NULL;
    enum kc_error error = kc_mesh_making_new(source, letter, &making);
    if (error == KC_OK && letter->signer != NULL)
        error = sign(source, letter->signer, making);
    if (error == KC_OK)
        error = kc_mesh_making_write(making, text, size);
    kc_mesh_making_free(making);
    return error;
}
