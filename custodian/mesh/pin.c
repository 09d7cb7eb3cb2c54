/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/pin.h"

#include "base/ct.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX ((size_t)256 << 10)

const char *kc_mesh_pin_action(enum kc_object_type message)
{
    if (message == KC_OBJECT_RequestConnection)
        return "Device";
    return message == KC_OBJECT_MessageContact ? "Contact" : NULL;
}

enum kc_error kc_mesh_pin_make(
    const struct kc_mesh_source *source, const char *account, struct kc_mesh_pin *pin)
{
    uint8_t octets[KC_MESH_PIN_OCTETS];
    enum kc_error error = kc_account_canonical(account, pin->account);
    if (error == KC_OK)
        error = source->random(source->context, octets, sizeof octets);
    if (error == KC_OK)
        error = kc_udf_present(KC_UDF_AUTHENTICATOR, (struct kc_span){octets, sizeof octets}, 0,
            pin->text, sizeof pin->text);
    if (error == KC_OK)
        error = kc_pin_salt(pin->text, pin->action, pin->salted);
    if (error == KC_OK)
        error = kc_pin_id(pin->salted, pin->account, pin->id);
    kc_wipe(octets, sizeof octets);
    return error;
}

enum kc_error kc_mesh_pin_message(
    const struct kc_mesh_pin *pin, uint8_t text[static KC_MESH_PIN_MESSAGE_MAX], size_t *size)
{
    struct kc_object_writer w;
    kc_object_writer_init(&w, text, KC_MESH_PIN_MESSAGE_MAX);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_MessagePin);
    kc_object_write_text(&w, "MessageId", pin->id);
    kc_object_write_text(&w, "Account", pin->account);
    kc_object_write_time(&w, "Expires", pin->expires);
    kc_object_write_boolean(&w, "Automatic", pin->is_automatic);
    kc_object_write_text(&w, "SaltedPin", pin->salted);
    kc_object_write_text(&w, "Action", pin->action);
    kc_object_write_end(&w);
    *size = w.json.out.size;
    return kc_object_writer_finish(&w) == KC_OK ? KC_OK : KC_ERR_INTERNAL;
}

/* --- what proves it --- */

/* The digest of the body of an envelope in a message. */
static enum kc_error digest_read(struct kc_json value, uint8_t digest[KC_DARE_DIGEST_SIZE])
{
    if (!kc_json_is_there(value))
        return KC_ERR_BAD_REQUEST;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(kc_json_source(value), envelope);
    if (error == KC_OK)
        memcpy(digest, envelope->digest, KC_DARE_DIGEST_SIZE);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

static bool octets_read(struct kc_json value, uint8_t *octets, size_t room, size_t *size)
{
    *size = room;
    return kc_json_octets(value, octets, size) == KC_OK && *size > 0;
}

/* Absent is empty; one that is there and none is wrong. */
static bool account_read(struct kc_json value, char account[KC_ACCOUNT_SIZE])
{
    char said[KC_ACCOUNT_SIZE];
    if (!kc_json_is_there(value))
        return true;
    return kc_json_text(value, said, sizeof said) == KC_OK &&
           kc_account_canonical(said, account) == KC_OK;
}

static enum kc_error proof_of(const struct kc_object *message, struct kc_mesh_pin_proof *proof)
{
    size_t size;
    proof->action = kc_mesh_pin_action(message->type);
    if (proof->action != NULL && !kc_json_is_there(kc_object_member(message, "PinId")))
        return KC_ERR_BAD_ARGUMENT;
    bool good =
        proof->action != NULL &&
        kc_json_text(kc_object_member(message, "PinId"), proof->id, sizeof proof->id) == KC_OK &&
        octets_read(kc_object_member(message, "ClientNonce"), proof->nonce, sizeof proof->nonce,
            &proof->nonce_size) &&
        octets_read(kc_object_member(message, "PinWitness"), proof->witness, sizeof proof->witness,
            &size) &&
        size == sizeof proof->witness;
    if (good && message->type == KC_OBJECT_RequestConnection)
        good = account_read(kc_object_member(message, "AccountAddress"), proof->account);
    return good ? digest_read(kc_object_member(message, "AuthenticatedData"), proof->digest)
                : KC_ERR_BAD_REQUEST;
}

static enum kc_error message_read(struct kc_span text, struct kc_mesh_pin_proof *proof)
{
    struct kc_json_document document = {0};
    struct kc_object message;
    struct kc_object_notes notes;
    enum kc_error error = kc_object_parse(
        text, DOCUMENT_MAX, KC_OBJECT_MessagePinValidated, &document, &message, &notes);
    if (error == KC_OK)
        error = proof_of(&message, proof);
    kc_json_done(&document);
    return error;
}

static enum kc_error envelope_read(struct kc_span text, struct kc_mesh_pin_proof *proof)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error == KC_OK)
        error = envelope->salt_size > 0
                    ? KC_ERR_ENVELOPE
                    : message_read((struct kc_span){envelope->body, envelope->body_size}, proof);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

enum kc_error kc_mesh_pin_proof_read(struct kc_span document, struct kc_mesh_pin_proof *proof)
{
    struct kc_mesh_pin_proof read = {0};
    size_t blank = 0;
    while (blank < document.size && strchr(" \t\r\n", document.bytes[blank]) != NULL)
        blank++;
    bool is_envelope = blank < document.size && document.bytes[blank] == '[';
    enum kc_error error =
        is_envelope ? envelope_read(document, &read) : message_read(document, &read);
    if (error == KC_OK)
        *proof = read;
    return error;
}

enum kc_error kc_mesh_pin_check(
    const struct kc_mesh_pin *pin, const struct kc_mesh_pin_proof *proof)
{
    uint8_t witness[KC_PIN_WITNESS_SIZE];
    bool is_for_it = strcmp(pin->action, proof->action) == 0 &&
                     (proof->account[0] == '\0' || strcmp(pin->account, proof->account) == 0);
    enum kc_error error = kc_pin_witness(pin->salted, pin->account,
        (struct kc_span){proof->nonce, proof->nonce_size}, proof->digest, witness);
    bool is_right = error == KC_OK && is_for_it &&
                    kc_ct_bytes_equal(witness, proof->witness, sizeof witness) != 0;
    kc_wipe(witness, sizeof witness);
    return is_right ? KC_OK : KC_ERR_MESH_PIN;
}
