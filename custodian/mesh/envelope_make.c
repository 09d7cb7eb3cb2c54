/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/envelope_make.h"

#include "base/text.h"
#include "base/wipe.h"
#include "custodian/mesh/verify.h"
#include "proto/json_write.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define META_ROOM 512

/* An envelope on its way, with what must not outlive it. */
struct making {
    const struct kc_mesh_source *source;
    const struct kc_mesh_letter *letter;
    struct kc_dare_envelope envelope;
    uint8_t seed[KC_DARE_SEED_SIZE]; /* secret */
    struct kc_dare_content content;  /* secret */
    uint8_t meta[META_ROOM];
    uint8_t *body; /* owned */
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

static enum kc_error recipient_point(const struct kc_public_key *key, struct kc_point *point)
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
    struct making *making, struct kc_span agreed, struct kc_dare_recipient *entry)
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
static enum kc_error seed_wrap_for(
    struct making *making, const struct kc_point *recipient, struct kc_dare_recipient *entry)
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

static enum kc_error recipient_add(struct making *making, const struct kc_public_key *key)
{
    struct kc_point point;
    struct kc_dare_envelope *envelope = &making->envelope;
    struct kc_dare_recipient *entry = &envelope->recipients[envelope->recipient_count];
    enum kc_error error = recipient_point(key, &point);
    if (error != KC_OK)
        return error;
    KC_TEXT_COPY_ARRAY(entry->algorithm, key->algorithm);
    if (!kc_text_copy(entry->kid, sizeof entry->kid, key->udf))
        return KC_ERR_TOO_LARGE;
    envelope->recipient_count++;
    return seed_wrap_for(making, &point, entry);
}

/* --- the body --- */

static enum kc_error body_encrypt(struct making *making)
{
    struct kc_dare_envelope *envelope = &making->envelope;
    const struct kc_span payload = making->letter->payload;
    making->body = malloc(kc_dare_ciphertext_size(payload.size));
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
    for (size_t i = 0; error == KC_OK && i < making->letter->recipient_count; i++)
        error = recipient_add(making, &making->letter->recipients[i]);
    return error;
}

static enum kc_error body_copy(struct making *making)
{
    const struct kc_span payload = making->letter->payload;
    making->body = malloc(payload.size + 1);
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

static enum kc_error meta_write(struct making *making)
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

/* --- the signature --- */

static enum kc_error digest_sign(
    struct making *making, const struct kc_curve_info *curve, struct kc_dare_signature *entry)
{
    struct kc_fresh fresh;
    struct kc_signed_message message =
        kc_mesh_signed_message(curve->curve, making->envelope.digest);
    enum kc_error error = kc_mesh_fresh(making->source, &fresh);
    if (error == KC_OK)
        error = kc_signature_sign(entry->octets, making->letter->signer, &message, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    entry->size = curve->signature_size;
    return error;
}

static enum kc_error body_sign(struct making *making)
{
    struct kc_public_key public;
    const struct kc_key *signer = making->letter->signer;
    struct kc_dare_signature *entry = &making->envelope.signatures[0];
    enum kc_error error = kc_mesh_public_key(&signer->public, &public);
    if (error == KC_OK)
        error = kc_dare_envelope_digest(&making->envelope);
    if (error == KC_OK)
        error = digest_sign(making, kc_curve_info(signer->scalar.curve), entry);
    if (error != KC_OK)
        return error;
    making->envelope.signature_count = 1;
    entry->has_witness = making->letter->recipient_count > 0;
    if (!kc_text_copy(entry->kid, sizeof entry->kid, public.udf))
        return KC_ERR_INTERNAL;
    return entry->has_witness ? kc_dare_witness(&making->content,
                                    (struct kc_span){entry->octets, entry->size}, entry->witness)
                              : KC_OK;
}

static enum kc_error envelope_fill(struct making *making)
{
    const struct kc_mesh_letter *letter = making->letter;
    if (letter->recipient_count > KC_DARE_RECIPIENTS_MAX)
        return KC_ERR_TOO_LARGE;
    if (letter->id != NULL &&
        !kc_text_copy(making->envelope.id, sizeof making->envelope.id, letter->id))
        return KC_ERR_TOO_LARGE;
    enum kc_error error = meta_write(making);
    if (error == KC_OK)
        error = letter->recipient_count > 0 ? body_encrypt(making) : body_copy(making);
    if (error == KC_OK && letter->signer != NULL)
        error = body_sign(making);
    return error;
}

enum kc_error kc_mesh_envelope_make(const struct kc_mesh_source *source,
    const struct kc_mesh_letter *letter, char **text, size_t *size)
{
    struct making *making = calloc(1, sizeof *making);
    if (making == NULL)
        return KC_ERR_NO_MEMORY;
    making->source = source;
    making->letter = letter;
    enum kc_error error = envelope_fill(making);
    if (error == KC_OK)
        error = kc_dare_envelope_write(&making->envelope, text, size);
    kc_wipe(making->seed, sizeof making->seed);
    kc_wipe(&making->content, sizeof making->content);
    free(making->body);
    free(making);
    return error;
}
