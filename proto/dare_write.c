/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dare_parts.h"

#include "base/secret.h"
#include "proto/base64url.h"

#include <stdlib.h>
#include <string.h>

#define CIPHER "A256CBC"
#define DIGEST "S512"

/* Octets that one entry needs at most, names and an escape of every character of its id included. */
#define ENTRY_SIZE_MAX (6 * KC_DARE_KID_SIZE + 512)

/* A member that is left out when it is empty. */
static void text_write(struct kc_json_writer *w, const char *name, const char *text)
{
    if (*text == '\0')
        return;
    kc_json_write_name(w, name);
    kc_json_write_text(w, text);
}

static void octets_write(
    struct kc_json_writer *w, const char *name, const uint8_t *octets, size_t size)
{
    kc_json_write_name(w, name);
    kc_json_write_octets(w, (struct kc_span){octets, size});
}

static void recipient_write(struct kc_json_writer *w, const struct kc_dare_recipient *r)
{
    kc_json_write_object(w);
    text_write(w, "kid", r->kid);
    if (r->ephemeral_size > 0) {
        kc_json_write_name(w, "epk");
        kc_json_write_object(w);
        kc_json_write_name(w, "PublicKeyECDH");
        kc_json_write_object(w);
        text_write(w, "crv", r->algorithm);
        octets_write(w, "Public", r->ephemeral, r->ephemeral_size);
        kc_json_write_end(w);
        kc_json_write_end(w);
    }
    octets_write(w, "wmk", r->wrapped, sizeof r->wrapped);
    kc_json_write_end(w);
}

static void encryption_write(struct kc_json_writer *w, const struct kc_dare_envelope *envelope)
{
    if (envelope->salt_size == 0)
        return;
    text_write(w, "enc", CIPHER);
    text_write(w, "kid", envelope->kid);
    octets_write(w, "Salt", envelope->salt, envelope->salt_size);
    kc_json_write_name(w, "recipients");
    kc_json_write_array(w);
    for (size_t i = 0; i < envelope->recipient_count; i++)
        recipient_write(w, &envelope->recipients[i]);
    kc_json_write_end(w);
}

void kc_dare_header_write(struct kc_json_writer *w, const struct kc_dare_envelope *envelope)
{
    kc_json_write_object(w);
    text_write(w, "EnvelopeId", envelope->id);
    encryption_write(w, envelope);
    text_write(w, "dig", DIGEST);
    if (envelope->content_meta != NULL)
        octets_write(w, "ContentMetaData", envelope->content_meta, envelope->content_meta_size);
    if (envelope->sequence_info.size > 0) {
        kc_json_write_name(w, "SequenceInfo");
        kc_json_write_source(w, envelope->sequence_info);
    }
    kc_json_write_end(w);
}

static void signature_write(struct kc_json_writer *w, const struct kc_dare_signature *s)
{
    kc_json_write_object(w);
    text_write(w, "alg", DIGEST);
    text_write(w, "kid", s->kid);
    if (s->manifest.size > 0) {
        kc_json_write_name(w, "Manifest");
        kc_json_write_source(w, s->manifest);
    }
    octets_write(w, "signature", s->octets, s->size);
    if (s->has_witness)
        octets_write(w, "witness", s->witness, sizeof s->witness);
    kc_json_write_end(w);
}

void kc_dare_trailer_write(struct kc_json_writer *w, const struct kc_dare_envelope *envelope,
    const char *link_name, const uint8_t link[KC_DARE_DIGEST_SIZE])
{
    kc_json_write_object(w);
    if (envelope->signature_count > 0) {
        kc_json_write_name(w, "signatures");
        kc_json_write_array(w);
        for (size_t i = 0; i < envelope->signature_count; i++)
            signature_write(w, &envelope->signatures[i]);
        kc_json_write_end(w);
    }
    octets_write(w, "PayloadDigest", envelope->digest, KC_DARE_DIGEST_SIZE);
    if (link_name != NULL)
        octets_write(w, link_name, link, KC_DARE_DIGEST_SIZE);
    kc_json_write_end(w);
}

size_t kc_dare_parts_size_max(const struct kc_dare_envelope *envelope)
{
    size_t size = (size_t)3 * ENTRY_SIZE_MAX + kc_base64url_text_size(envelope->content_meta_size) +
                  kc_base64url_text_size(envelope->salt_size) + envelope->sequence_info.size +
                  envelope->recipient_count * ENTRY_SIZE_MAX;
    for (size_t i = 0; i < envelope->signature_count; i++)
        size += ENTRY_SIZE_MAX + envelope->signatures[i].manifest.size;
    return size;
}

static size_t text_size_max(const struct kc_dare_envelope *envelope)
{
    return kc_dare_parts_size_max(envelope) + kc_base64url_text_size(envelope->body_size);
}

/* made: room for text_size_max and a terminator */
static enum kc_error envelope_write(
    struct kc_dare_envelope *envelope, char *made, char **text, size_t *text_size)
{
    struct kc_json_writer w;
    kc_json_writer_init(&w, made, text_size_max(envelope));
    kc_json_write_array(&w);
    kc_dare_header_write(&w, envelope);
    kc_json_write_octets(&w, (struct kc_span){envelope->body, envelope->body_size});
    kc_dare_trailer_write(&w, envelope, NULL, NULL);
    kc_json_write_end(&w);
    enum kc_error error = kc_json_writer_finish(&w);
    if (error != KC_OK)
        return error;
    made[w.out.size] = '\0';
    *text = made;
    *text_size = w.out.size;
    return KC_OK;
}

enum kc_error kc_dare_envelope_write(
    struct kc_dare_envelope *envelope, char **text, size_t *text_size)
{
    enum kc_error error = kc_dare_envelope_digest(envelope);
    if (error != KC_OK)
        return error;
    char *made = malloc(text_size_max(envelope) + 1);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    error = envelope_write(envelope, made, text, text_size);
    if (error != KC_OK)
        free(made);
    return error;
}

enum kc_error kc_dare_envelope_write_room(
    struct kc_dare_envelope *envelope, char **text, size_t *text_size)
{
    enum kc_error error = kc_dare_envelope_digest(envelope);
    if (error != KC_OK)
        return error;
    char *made = kc_room_allocate(text_size_max(envelope) + 1);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    error = envelope_write(envelope, made, text, text_size);
    if (error != KC_OK)
        kc_room_free(made);
    return error;
}
