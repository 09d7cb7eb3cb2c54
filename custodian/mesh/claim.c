/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/claim.h"

#include "base/ct.h"
#include "base/secret.h"
#include "base/text.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define NONCE_OCTETS 16
#define PUBLICATION_ROOM 1024 /* octets of a publication besides what it holds */

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* --- secrets --- */

enum kc_error kc_mesh_earl_of(const char *secret, struct kc_mesh_earl *earl)
{
    if (!kc_text_copy(earl->secret, sizeof earl->secret, secret))
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_earl_publication_id(secret, earl->id);
    if (error == KC_OK)
        error = kc_earl_authenticator(secret, KC_EARL_SERVICE, earl->service);
    if (error == KC_OK)
        error = kc_earl_authenticator(secret, KC_EARL_DEVICE, earl->device);
    return error;
}

enum kc_error kc_mesh_earl_make(const struct kc_mesh_source *source, struct kc_mesh_earl *earl)
{
    uint8_t octets[KC_EARL_SECRET_SIZE];
    char text[KC_EARL_SECRET_TEXT];
    enum kc_error error = source->random(source->context, octets, sizeof octets);
    if (error == KC_OK)
        error = kc_udf_present(
            KC_UDF_ENCRYPTION, (struct kc_span){octets, sizeof octets}, 0, text, sizeof text);
    if (error == KC_OK)
        error = kc_mesh_earl_of(text, earl);
    kc_wipe(octets, sizeof octets);
    kc_wipe(text, sizeof text);
    return error;
}

/* The octets that a publication is encrypted to. Secret. */
static enum kc_error octets_of(const struct kc_mesh_earl *earl, struct kc_udf *udf)
{
    return kc_udf_parse(span_of(earl->secret), udf);
}

/* --- publications --- */

static enum kc_error publication_write(const struct kc_mesh_earl *earl, struct kc_span data,
    int64_t expires, char **text, size_t *size)
{
    struct kc_object_writer w;
    size_t room = data.size + PUBLICATION_ROOM;
    char *made = malloc(room + 1);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, made, room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CatalogedPublication);
    kc_object_write_text(&w, "Authenticator", earl->service);
    kc_object_write_source(&w, "EnvelopedData", data);
    kc_object_write_time(&w, "NotOnOrAfter", expires);
    kc_object_write_text(&w, "Id", earl->id);
    kc_object_write_end(&w);
    enum kc_error error = kc_object_writer_finish(&w);
    if (error != KC_OK) {
        free(made);
        return error;
    }
    made[w.json.out.size] = '\0';
    *text = made;
    *size = w.json.out.size;
    return KC_OK;
}

enum kc_error kc_mesh_publication_make(const struct kc_mesh_source *source,
    const struct kc_mesh_earl *earl, struct kc_span payload, int64_t expires, char **text,
    size_t *size)
{
    struct kc_udf udf = {0};
    char *data = NULL;
    size_t data_size = 0;
    enum kc_error error = octets_of(earl, &udf);
    struct kc_mesh_letter letter = {.payload = payload, .secret = {udf.data, udf.data_size}};
    if (error == KC_OK)
        error = kc_mesh_envelope_make(source, &letter, &data, &data_size);
    kc_wipe(&udf, sizeof udf);
    if (error == KC_OK)
        error = publication_write(
            earl, (struct kc_span){(const uint8_t *)data, data_size}, expires, text, size);
    free(data);
    return error;
}

/* The object, tagged or, as in a response, not. document is given. */
static enum kc_error publication_parse(
    struct kc_span text, struct kc_json_document *document, struct kc_object *publication)
{
    enum kc_error error = kc_json_read(text, (size_t)256 << 10, document);
    if (error != KC_OK)
        return error;
    struct kc_json root = kc_json_root(document);
    error = kc_object_read_tagged(root, KC_OBJECT_CatalogedPublication, publication, NULL);
    if (error != KC_OK)
        error = kc_object_read(root, KC_OBJECT_CatalogedPublication, publication, NULL);
    return error;
}

static bool text_read(const struct kc_object *object, const char *name, char *text, size_t room)
{
    return kc_json_text(kc_object_member(object, name), text, room) == KC_OK && *text != '\0';
}

enum kc_error kc_mesh_publication_read(struct kc_span text, struct kc_mesh_publication *publication)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    struct kc_mesh_publication read = {0};
    enum kc_error error = publication_parse(text, &document, &object);
    if (error == KC_OK &&
        (!text_read(&object, "Id", read.id, sizeof read.id) ||
            !text_read(&object, "Authenticator", read.service, sizeof read.service)))
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK && kc_json_is_there(kc_object_member(&object, "NotOnOrAfter")))
        error = kc_json_time(kc_object_member(&object, "NotOnOrAfter"), &read.expires);
    if (error == KC_OK)
        *publication = read;
    kc_wipe(&read, sizeof read);
    kc_json_done(&document);
    return error;
}

static enum kc_error data_decrypt(const struct kc_dare_envelope *envelope, struct kc_span secret,
    uint8_t *plaintext, size_t *size)
{
    uint8_t seed[KC_DARE_SEED_SIZE];
    enum kc_error error = KC_ERR_DECRYPTION;
    for (size_t i = 0; error != KC_OK && i < envelope->recipient_count; i++)
        if (envelope->recipients[i].ephemeral_size == 0)
            error = kc_dare_unwrap_agreed(secret, envelope->recipients[i].wrapped, seed);
    if (error == KC_OK)
        error = kc_dare_envelope_decrypt(envelope, NULL, seed, plaintext, size);
    kc_wipe(seed, sizeof seed);
    return error == KC_OK || error == KC_ERR_NO_MEMORY ? error : KC_ERR_DECRYPTION;
}

static enum kc_error data_open(
    struct kc_span text, struct kc_span secret, uint8_t **plaintext, size_t *size)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    uint8_t *opened = error == KC_OK ? kc_room_allocate(envelope->body_size + 1) : NULL;
    if (error == KC_OK)
        error = opened != NULL ? data_decrypt(envelope, secret, opened, size) : KC_ERR_NO_MEMORY;
    kc_dare_envelope_done(envelope);
    free(envelope);
    if (error == KC_OK)
        *plaintext = opened;
    else
        kc_room_free(opened);
    return error;
}

enum kc_error kc_mesh_publication_open(
    struct kc_span text, const struct kc_mesh_earl *earl, uint8_t **plaintext, size_t *size)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    struct kc_udf udf = {0};
    enum kc_error error = publication_parse(text, &document, &object);
    struct kc_json data = {0};
    if (error == KC_OK)
        data = kc_object_member(&object, "EnvelopedData");
    if (error == KC_OK && !kc_json_is_there(data))
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        error = octets_of(earl, &udf);
    if (error == KC_OK)
        error = data_open(
            kc_json_source(data), (struct kc_span){udf.data, udf.data_size}, plaintext, size);
    kc_wipe(&udf, sizeof udf);
    kc_json_done(&document);
    return error;
}

/* --- making a claim --- */

static enum kc_error message_id(const struct kc_mesh_source *source, char id[KC_UDF_ID_SIZE])
{
    uint8_t octets[NONCE_OCTETS + 1];
    enum kc_error error = source->random(source->context, octets, sizeof octets);
    return error == KC_OK ? kc_udf_present(KC_UDF_NONCE, (struct kc_span){octets, sizeof octets},
                                KC_UDF_BITS, id, KC_UDF_ID_SIZE)
                          : error;
}

enum kc_error kc_mesh_claim_write(const struct kc_mesh_source *source,
    const struct kc_mesh_earl *earl, const char *claimant, const char *publisher,
    uint8_t text[static KC_CLAIM_TEXT_MAX], size_t *size)
{
    char id[KC_UDF_ID_SIZE], service[KC_UDF_ID_SIZE], device[KC_UDF_ID_SIZE];
    char sender[KC_ACCOUNT_SIZE], recipient[KC_ACCOUNT_SIZE];
    struct kc_object_writer w;
    enum kc_error error = kc_account_canonical(claimant, sender);
    if (error == KC_OK)
        error = kc_account_canonical(publisher, recipient);
    if (error == KC_OK)
        error = kc_earl_claim(earl->service, sender, service);
    if (error == KC_OK)
        error = kc_earl_claim(earl->device, sender, device);
    if (error == KC_OK)
        error = message_id(source, id);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, text, KC_CLAIM_TEXT_MAX);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_MessageClaim);
    kc_object_write_text(&w, "MessageId", id);
    kc_object_write_text(&w, "Sender", sender);
    kc_object_write_text(&w, "Recipient", recipient);
    kc_object_write_text(&w, "PublicationId", earl->id);
    kc_object_write_text(&w, "ServiceAuthenticate", service);
    kc_object_write_text(&w, "DeviceAuthenticate", device);
    kc_object_write_time(&w, "Expires", (int64_t)source->now + KC_CLAIM_LIFE);
    kc_object_write_end(&w);
    *size = w.json.out.size;
    return kc_object_writer_finish(&w);
}

/* --- checking one --- */

/* The signature whose Manifest is a profile that signs itself, with the key that made the signature. */
static enum kc_error claimant_find(
    const struct kc_dare_envelope *envelope, struct kc_mesh_account *claimant)
{
    for (size_t i = 0; i < envelope->signature_count; i++) {
        const struct kc_dare_signature *entry = &envelope->signatures[i];
        struct kc_span octets = {entry->octets, entry->size};
        if (entry->manifest.size > 0 &&
            kc_mesh_account_read(entry->manifest, NULL, claimant) == KC_OK &&
            claimant->signature.algorithm[0] != '\0' &&
            kc_mesh_verify(&claimant->signature, envelope->digest, octets) == KC_OK)
            return KC_OK;
    }
    return KC_ERR_CLAIM;
}

static bool claim_fill(const struct kc_object *message, struct kc_mesh_claim *claim)
{
    char sender[KC_ACCOUNT_SIZE], canonical[KC_ACCOUNT_SIZE];
    if (!text_read(message, "Sender", sender, sizeof sender) ||
        kc_account_canonical(sender, canonical) != KC_OK ||
        strcmp(canonical, claim->claimant.address) != 0)
        return false;
    if (!text_read(message, "DeviceAuthenticate", claim->device, sizeof claim->device))
        claim->device[0] = '\0';
    return text_read(message, "PublicationId", claim->id, sizeof claim->id) &&
           text_read(message, "ServiceAuthenticate", claim->service, sizeof claim->service) &&
           kc_json_time(kc_object_member(message, "Expires"), &claim->expires) == KC_OK;
}

static enum kc_error claim_verify(
    const struct kc_dare_envelope *envelope, struct kc_mesh_claim *claim)
{
    struct kc_json_document document = {0};
    struct kc_object message;
    struct kc_object_notes notes;
    enum kc_error error = claimant_find(envelope, &claim->claimant);
    if (error != KC_OK)
        return error;
    if (kc_object_parse((struct kc_span){envelope->body, envelope->body_size}, envelope->body_size,
            KC_OBJECT_MessageClaim, &document, &message, &notes) != KC_OK)
        return KC_ERR_CLAIM;
    bool good = claim_fill(&message, claim);
    kc_json_done(&document);
    return good ? KC_OK : KC_ERR_CLAIM;
}

enum kc_error kc_mesh_claim_read(struct kc_span text, struct kc_mesh_claim *claim)
{
    struct kc_mesh_claim read = {0};
    if (text.size > KC_CLAIM_SIZE_MAX)
        return KC_ERR_TOO_LARGE;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error == KC_OK)
        error = claim_verify(envelope, &read);
    if (error == KC_OK)
        *claim = read;
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

static bool is_made_with(const char *authenticator, const char *claimant, const char *said)
{
    char made[KC_UDF_ID_SIZE] = "", padded[KC_UDF_ID_SIZE] = "";
    return kc_earl_claim(authenticator, claimant, made) == KC_OK &&
           kc_text_copy(padded, sizeof padded, said) &&
           kc_ct_bytes_equal((uint8_t *)made, (uint8_t *)padded, sizeof made) != 0;
}

enum kc_error kc_mesh_claim_check(
    const struct kc_mesh_claim *claim, const char *service, const char *device, uint64_t now)
{
    const char *claimant = claim->claimant.address;
    bool is_right = is_made_with(service, claimant, claim->service) &&
                    (device == NULL || is_made_with(device, claimant, claim->device));
    if (!is_right)
        return KC_ERR_CLAIM;
    bool is_fresh =
        claim->expires > (int64_t)now && claim->expires <= (int64_t)now + KC_CLAIM_LIFE_MAX;
    return is_fresh ? KC_OK : KC_ERR_CLAIM_EXPIRED;
}
