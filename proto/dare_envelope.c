/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dare_envelope.h"

#include "proto/base64url.h"
#include "proto/hkdf.h"
#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

#define CIPHER "A256CBC"
#define DIGEST "S512"
#define DIGEST_SIZE 64

/* Copies a text that must fit, up to a stop character. */
static bool copy_text(const char *text, char stop, char *out, size_t room)
{
    if (text == NULL)
        return false;
    const char *end = strchrnul(text, stop);
    size_t size = (size_t)(end - text);
    if (size == 0 || size >= room)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

static bool ephemeral_fits(const char *algorithm, size_t size)
{
    if (strcmp(algorithm, "X448") == 0)
        return size == 56 || size == 57;
    if (strcmp(algorithm, "X25519") == 0)
        return size == 32 || size == 33;
    if (strcmp(algorithm, "Ed25519") == 0)
        return size == 32;
    return strcmp(algorithm, "Ed448") == 0 && size == 57;
}

/* One entry. False: not of a kind that is understood. */
static bool recipient_read(const json_t *entry, struct kc_dare_recipient *recipient)
{
    const json_t *key = json_object_get(json_object_get(entry, "epk"), "PublicKeyECDH");
    size_t wrapped_size = sizeof recipient->wrapped;
    recipient->ephemeral_size = sizeof recipient->ephemeral;
    return copy_text(kc_json_text(entry, "kid"), '@', recipient->kid, sizeof recipient->kid) &&
           copy_text(
               kc_json_text(key, "crv"), '\0', recipient->algorithm, sizeof recipient->algorithm) &&
           kc_json_octets(json_object_get(key, "Public"), recipient->ephemeral,
               &recipient->ephemeral_size) == KC_OK &&
           ephemeral_fits(recipient->algorithm, recipient->ephemeral_size) &&
           kc_json_octets(json_object_get(entry, "wmk"), recipient->wrapped, &wrapped_size) ==
               KC_OK &&
           wrapped_size == sizeof recipient->wrapped;
}

static bool header_read(const json_t *header, struct kc_dare_envelope *envelope)
{
    const char *cipher = kc_json_text(header, "enc");
    const json_t *recipients = json_object_get(header, "recipients");
    if (cipher == NULL || strcmp(cipher, CIPHER) != 0 || !json_is_array(recipients) ||
        json_array_size(recipients) > KC_DARE_RECIPIENTS_MAX)
        return false;
    envelope->salt_size = sizeof envelope->salt;
    if (kc_json_octets(json_object_get(header, "Salt"), envelope->salt, &envelope->salt_size) !=
            KC_OK ||
        envelope->salt_size < KC_DARE_SALT_SIZE)
        return false;
    for (size_t i = 0; i < json_array_size(recipients); i++)
        if (recipient_read(
                json_array_get(recipients, i), &envelope->recipients[envelope->recipient_count]))
            envelope->recipient_count++;
    if (!copy_text(kc_json_text(header, "kid"), '\0', envelope->kid, sizeof envelope->kid))
        envelope->kid[0] = '\0';
    return envelope->recipient_count > 0;
}

static enum kc_error body_read(const json_t *body, struct kc_dare_envelope *envelope)
{
    if (!json_is_string(body))
        return KC_ERR_ENVELOPE;
    envelope->body_size = json_string_length(body) / 4 * 3 + 3;
    envelope->body = malloc(envelope->body_size);
    if (envelope->body == NULL)
        return KC_ERR_NO_MEMORY;
    return kc_json_octets(body, envelope->body, &envelope->body_size) == KC_OK ? KC_OK
                                                                               : KC_ERR_ENVELOPE;
}

/* The digest may stand in the trailer or, rarely, in the header; without one there is nothing to
 * check. */
static enum kc_error digest_check(
    const json_t *header, const json_t *trailer, const struct kc_dare_envelope *envelope)
{
    const json_t *member = json_object_get(trailer, "PayloadDigest");
    if (member == NULL)
        member = json_object_get(header, "PayloadDigest");
    if (member == NULL)
        return KC_OK;
    uint8_t said[DIGEST_SIZE], made[KC_HASH_SIZE_MAX];
    size_t size = sizeof said;
    if (kc_json_octets(member, said, &size) != KC_OK || size != sizeof said)
        return KC_ERR_ENVELOPE;
    struct kc_span body = {envelope->body, envelope->body_size};
    enum kc_error error = kc_hash_digest(KC_HASH_SHA512, body, made);
    if (error == KC_OK && memcmp(said, made, sizeof said) != 0)
        error = KC_ERR_ENVELOPE;
    return error;
}

static enum kc_error array_read(const json_t *array, struct kc_dare_envelope *envelope)
{
    const json_t *header = json_array_get(array, 0);
    const json_t *trailer = json_array_get(array, 2);
    if (json_array_size(array) < 2 || json_array_size(array) > 3 ||
        (trailer != NULL && !json_is_object(trailer)) || !header_read(header, envelope))
        return KC_ERR_ENVELOPE;
    enum kc_error error = body_read(json_array_get(array, 1), envelope);
    return error != KC_OK ? error : digest_check(header, trailer, envelope);
}

enum kc_error kc_dare_envelope_read(struct kc_span text, struct kc_dare_envelope *envelope)
{
    json_t *json;
    enum kc_error error = kc_json_read(text, KC_DARE_FILE_MAX, &json);
    if (error != KC_OK)
        return error == KC_ERR_BAD_REQUEST ? KC_ERR_ENVELOPE : error;
    struct kc_dare_envelope *read = calloc(1, sizeof *read);
    const json_t *tagged = json_object_get(json, "DareEnvelope");
    error = read != NULL ? array_read(tagged != NULL ? tagged : json, read) : KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        *envelope = *read;
    else if (read != NULL)
        kc_dare_envelope_done(read);
    free(read);
    json_decref(json);
    return error;
}

void kc_dare_envelope_done(struct kc_dare_envelope *envelope)
{
    free(envelope->body);
    envelope->body = NULL;
    envelope->body_size = 0;
}

/* A new JSON string of octets; NULL: no memory. */
static json_t *octets_write(const uint8_t *octets, size_t size)
{
    char *text = malloc(kc_base64url_text_size(size));
    if (text == NULL)
        return NULL;
    kc_base64url_encode((struct kc_span){octets, size}, text);
    json_t *string = json_string_nocheck(text);
    free(text);
    return string;
}

static json_t *recipients_write(const struct kc_dare_envelope *envelope)
{
    json_t *list = json_array();
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        const struct kc_dare_recipient *r = &envelope->recipients[i];
        json_t *entry =
            json_pack("{s:s, s:{s:{s:s, s:o}}, s:o}", "kid", r->kid, "epk", "PublicKeyECDH", "crv",
                r->algorithm, "Public", octets_write(r->ephemeral, r->ephemeral_size), "wmk",
                octets_write(r->wrapped, sizeof r->wrapped));
        if (json_array_append_new(list, entry) != 0)
            break;
    }
    if (json_array_size(list) == envelope->recipient_count)
        return list;
    json_decref(list);
    return NULL;
}

enum kc_error kc_dare_envelope_write(
    const struct kc_dare_envelope *envelope, char **text, size_t *text_size)
{
    uint8_t digest[KC_HASH_SIZE_MAX];
    struct kc_span body = {envelope->body, envelope->body_size};
    enum kc_error error = kc_hash_digest(KC_HASH_SHA512, body, digest);
    if (error != KC_OK)
        return error;
    json_t *json = json_pack("[{s:s, s:s, s:s, s:o, s:o}, o, {s:o}]", "enc", CIPHER, "dig", DIGEST,
        "kid", envelope->kid, "Salt", octets_write(envelope->salt, envelope->salt_size),
        "recipients", recipients_write(envelope), octets_write(body.bytes, body.size),
        "PayloadDigest", octets_write(digest, DIGEST_SIZE));
    char *dumped = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (dumped == NULL)
        return KC_ERR_NO_MEMORY;
    *text = dumped;
    *text_size = strlen(dumped);
    return KC_OK;
}
