/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"
#include "proto/dare_envelope.h"
#include "proto/dare_parts.h"

#include <stdlib.h>
#include <string.h>

#define CIPHER "A256CBC"
#define ED25519_SIGNATURE 64

/* An optional text. False: it is there, but no text that fits. */
static bool text_read(struct kc_json value, char *text, size_t room)
{
    if (kc_json_is_there(value))
        return kc_json_text(value, text, room) == KC_OK;
    text[0] = '\0';
    return true;
}

/* Octets of just this size. */
static bool octets_read(struct kc_json value, uint8_t *octets, size_t size)
{
    size_t written = size;
    return kc_json_octets(value, octets, &written) == KC_OK && written == size;
}

/* Octets of whatever size, allocated; none if the value is not there. */
static enum kc_error octets_allocate(struct kc_json value, uint8_t **octets, size_t *size)
{
    if (!kc_json_is_there(value))
        return KC_OK;
    size_t written = kc_json_octets_max(value);
    uint8_t *made = kc_room_allocate(written + 1);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    if (kc_json_octets(value, made, &written) != KC_OK) {
        kc_room_free(made);
        return KC_ERR_ENVELOPE;
    }
    *octets = made;
    *size = written;
    return KC_OK;
}

static bool ephemeral_read(struct kc_json epk, struct kc_dare_recipient *recipient)
{
    struct kc_public_key key;
    recipient->algorithm[0] = '\0';
    recipient->ephemeral_size = 0;
    if (!kc_json_is_there(epk))
        return true;
    if (kc_public_key_read_tagged(epk, &key) != KC_OK)
        return false;
    memcpy(recipient->algorithm, key.algorithm, sizeof recipient->algorithm);
    memcpy(recipient->ephemeral, key.octets, key.size);
    recipient->ephemeral_size = key.size;
    return true;
}

/* One entry. False: not of a kind that is understood. */
static bool recipient_read(struct kc_json entry, struct kc_dare_recipient *recipient)
{
    struct kc_dare_recipient read = {0};
    if (!text_read(kc_json_member(entry, "kid"), read.kid, sizeof read.kid) ||
        !ephemeral_read(kc_json_member(entry, "epk"), &read) ||
        !octets_read(kc_json_member(entry, "wmk"), read.wrapped, sizeof read.wrapped))
        return false;
    /* "<fingerprint>@<domain>": the domain is where to ask, not who. */
    size_t id_size = strcspn(read.kid, "@");
    memset(read.kid + id_size, 0, sizeof read.kid - id_size);
    if (id_size == 0)
        return false;
    *recipient = read;
    return true;
}

static bool recipients_read(struct kc_json list, struct kc_dare_envelope *envelope)
{
    struct kc_json_walk walk = kc_json_walk(list);
    if (kc_json_kind(list) != KC_JSON_ARRAY || kc_json_count(list) > KC_DARE_RECIPIENTS_MAX)
        return false;
    while (kc_json_walk_next(&walk))
        if (recipient_read(walk.value, &envelope->recipients[envelope->recipient_count]))
            envelope->recipient_count++;
    return true;
}

static bool encryption_read(struct kc_json header, struct kc_dare_envelope *envelope)
{
    struct kc_json cipher = kc_json_member(header, "enc");
    if (!kc_json_is_there(cipher))
        return true;
    envelope->salt_size = sizeof envelope->salt;
    return kc_json_is_text(cipher, CIPHER) &&
           kc_json_octets(kc_json_member(header, "Salt"), envelope->salt, &envelope->salt_size) ==
               KC_OK &&
           envelope->salt_size >= KC_DARE_SALT_SIZE &&
           text_read(kc_json_member(header, "kid"), envelope->kid, sizeof envelope->kid) &&
           recipients_read(kc_json_member(header, "recipients"), envelope);
}

/* One entry. False: of another kind of key. */
static bool signature_read(struct kc_json entry, struct kc_dare_signature *signature)
{
    struct kc_dare_signature read = {.size = sizeof read.octets};
    struct kc_json witness = kc_json_member(entry, "witness");
    struct kc_json manifest = kc_json_member(entry, "Manifest");
    if (!text_read(kc_json_member(entry, "kid"), read.kid, sizeof read.kid) ||
        kc_json_octets(kc_json_member(entry, "signature"), read.octets, &read.size) != KC_OK ||
        (read.size != KC_DARE_SIGNATURE_MAX && read.size != ED25519_SIGNATURE))
        return false;
    read.has_witness = kc_json_is_there(witness);
    if (read.has_witness && !octets_read(witness, read.witness, sizeof read.witness))
        return false;
    if (kc_json_kind(manifest) == KC_JSON_ARRAY)
        read.manifest = kc_json_source(manifest);
    *signature = read;
    return true;
}

/* "In header or trailer, not both." */
static bool signatures_read(
    struct kc_json header, struct kc_json trailer, struct kc_dare_envelope *envelope)
{
    struct kc_json list = kc_json_member(header, "signatures");
    struct kc_json after = kc_json_member(trailer, "signatures");
    if (kc_json_is_there(list) && kc_json_is_there(after))
        return false;
    if (kc_json_is_there(after))
        list = after;
    if (!kc_json_is_there(list))
        return true;
    if (kc_json_kind(list) != KC_JSON_ARRAY || kc_json_count(list) > KC_DARE_SIGNATURES_MAX)
        return false;
    struct kc_json_walk walk = kc_json_walk(list);
    while (kc_json_walk_next(&walk))
        if (signature_read(walk.value, &envelope->signatures[envelope->signature_count]))
            envelope->signature_count++;
    return true;
}

/* The digest may stand in the trailer or, rarely, in the header; without one there is nothing to
 * check. */
static enum kc_error digest_check(
    struct kc_json header, struct kc_json trailer, struct kc_dare_envelope *envelope)
{
    struct kc_json member = kc_json_member(trailer, "PayloadDigest");
    uint8_t said[KC_DARE_DIGEST_SIZE];
    enum kc_error error = kc_dare_envelope_digest(envelope);
    if (!kc_json_is_there(member))
        member = kc_json_member(header, "PayloadDigest");
    if (error != KC_OK || !kc_json_is_there(member))
        return error;
    bool same =
        octets_read(member, said, sizeof said) && memcmp(said, envelope->digest, sizeof said) == 0;
    return same ? KC_OK : KC_ERR_ENVELOPE;
}

static bool header_read(struct kc_json header, struct kc_dare_envelope *envelope)
{
    struct kc_json sequence = kc_json_member(header, "SequenceInfo");
    if (kc_json_kind(sequence) == KC_JSON_OBJECT)
        envelope->sequence_info = kc_json_source(sequence);
    return kc_json_kind(header) == KC_JSON_OBJECT &&
           text_read(kc_json_member(header, "EnvelopeId"), envelope->id, sizeof envelope->id) &&
           encryption_read(header, envelope);
}

enum kc_error kc_dare_parts_read(
    struct kc_json header, struct kc_json trailer, struct kc_dare_envelope *envelope)
{
    if ((kc_json_is_there(trailer) && kc_json_kind(trailer) != KC_JSON_OBJECT) ||
        !header_read(header, envelope) || !signatures_read(header, trailer, envelope))
        return KC_ERR_ENVELOPE;
    enum kc_error error = octets_allocate(kc_json_member(header, "ContentMetaData"),
        &envelope->content_meta, &envelope->content_meta_size);
    return error != KC_OK ? error : digest_check(header, trailer, envelope);
}

static enum kc_error array_read(struct kc_json array, struct kc_dare_envelope *envelope)
{
    struct kc_json body = kc_json_item(array, 1);
    if (kc_json_count(array) > 3 || kc_json_kind(body) != KC_JSON_STRING)
        return KC_ERR_ENVELOPE;
    enum kc_error error = octets_allocate(body, &envelope->body, &envelope->body_size);
    return error != KC_OK
               ? error
               : kc_dare_parts_read(kc_json_item(array, 0), kc_json_item(array, 2), envelope);
}

enum kc_error kc_dare_envelope_read(struct kc_span text, struct kc_dare_envelope *envelope)
{
    struct kc_json_document document = {0};
    enum kc_error error = kc_json_read(text, KC_DARE_FILE_MAX, &document);
    if (error != KC_OK)
        return error == KC_ERR_BAD_REQUEST ? KC_ERR_ENVELOPE : error;
    struct kc_dare_envelope *read = calloc(1, sizeof *read);
    struct kc_json root = kc_json_root(&document), tagged = kc_json_member(root, "DareEnvelope");
    bool is_ambiguous = kc_json_is_there(tagged) && kc_json_count(root) != 1;
    error = read == NULL   ? KC_ERR_NO_MEMORY
            : is_ambiguous ? KC_ERR_ENVELOPE
                           : array_read(kc_json_is_there(tagged) ? tagged : root, read);
    if (error == KC_OK)
        *envelope = *read;
    else if (read != NULL)
        kc_dare_envelope_done(read);
    free(read);
    kc_json_done(&document);
    return error;
}
