/* SPDX-License-Identifier: Apache-2.0 */
/* Whole DARE envelopes, opened and made here: who calls has neither the base seed nor the digest that
 * is signed. */
#include "custodian/vault/mesh_envelope.h"

#include "custodian/mesh/opening.h"
#include "custodian/mesh/purpose.h"
#include "custodian/mesh/verify.h"
#include "custodian/vault/access.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/operations.h"

#include <stdlib.h>
#include <string.h>

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* The public key in a request. *key is NULL if there is none. */
static enum kc_error read_signer(
    struct kc_call *call, struct kc_public_key *room, const struct kc_public_key **key)
{
    char algorithm[sizeof room->algorithm];
    *key = NULL;
    if (!kc_call_has(call, KC_FIELD_PUBLIC) && !kc_call_has(call, KC_FIELD_ALGORITHM))
        return KC_OK;
    if (!kc_call_has(call, KC_FIELD_PUBLIC) || !kc_call_has(call, KC_FIELD_ALGORITHM))
        return wrong_field(call, KC_FIELD_PUBLIC); /* both, or nobody is known to have signed */
    kc_call_text(call, KC_FIELD_ALGORITHM, algorithm, sizeof algorithm);
    enum kc_error error = kc_public_key_make(algorithm, kc_call_field(call, KC_FIELD_PUBLIC), room);
    if (error == KC_OK)
        *key = room;
    return error == KC_ERR_BAD_REQUEST ? wrong_field(call, KC_FIELD_PUBLIC) : error;
}

/* --- the key --- */

/* A key that is used, as others know it. */
struct used {
    struct kc_record *record;
    struct kc_public_key own; /* of a share: of the key that was split */
    enum kc_mesh_purpose purpose;
    struct kc_span manifest; /* what accredits it in a signature; or empty */
};

static enum kc_mesh_purpose purpose_of_role(uint8_t role)
{
    switch (role) {
    case KC_ROLE_APPLICATION:
        return KC_MESH_PURPOSE_APPLICATION;
    case KC_ROLE_BASE:
    case KC_ROLE_DEVICE:
        return KC_MESH_PURPOSE_DEVICE;
    case KC_ROLE_ACCOUNT:
        return KC_MESH_PURPOSE_ACCOUNT;
    default:
        return KC_MESH_PURPOSE_NONE;
    }
}

/* By the name that it was derived by, if it was; all parts of a sum have names of one kind. */
static enum kc_error find_purpose(const struct kc_record *key, enum kc_mesh_purpose *purpose)
{
    struct kc_derived derived;
    enum kc_error error = kc_derived_read(key, &derived);
    if (error != KC_OK)
        return error;
    *purpose = derived.count > 0
                   ? kc_mesh_purpose_of_name(derived.parts[0].name)
                   : purpose_of_role(key->role == KC_ROLE_SHARE ? key->class : key->role);
    return KC_OK;
}

static enum kc_error find_key(struct kc_call *call, struct used *used)
{
    used->manifest = (struct kc_span){NULL, 0};
    enum kc_error error = kc_call_key(call, &used->record);
    if (error == KC_OK)
        error = find_purpose(used->record, &used->purpose);
    if (error != KC_OK)
        return error;
    const struct kc_record *key = used->record;
    if (key->role == KC_ROLE_DEVICE && key->use == KC_USE_SIGN)
        error = kc_call_accreditation(call, key, &used->manifest);
    if (error != KC_OK)
        return error;
    const uint8_t *public = key->role == KC_ROLE_SHARE ? key->group_public : key->public_key;
    return kc_public_key_make(kc_algorithm_info(key->algorithm)->name,
        (struct kc_span){public, key->public_size}, &used->own);
}

static size_t signature_size(const struct used *used)
{
    return kc_curve_info((enum kc_curve)used->record->algorithm)->signature_size;
}

static void set_tag(struct kc_call *call, enum kc_object_type type)
{
    if (type != KC_OBJECT_NONE)
        kc_call_set_text(call, KC_FIELD_TAG, kc_object_info(type)->name);
}

/* What a payload says it is, in what is signed; not what the envelope's header says. */
static enum kc_object_type type_of(struct kc_span payload)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    struct kc_object_notes notes;
    if (kc_object_parse(payload, payload.size, KC_OBJECT_NONE, &document, &object, &notes) != KC_OK)
        return KC_OBJECT_NONE;
    kc_json_done(&document);
    return object.type;
}

/* --- envelope-verify --- */

static enum kc_error verify(
    struct kc_call *call, const struct kc_public_key *signer, struct kc_dare_envelope *envelope)
{
    const struct kc_dare_signature *signature;
    enum kc_error error = kc_dare_envelope_verify(envelope, signer, kc_mesh_verify, &signature);
    if (error == KC_OK && envelope->salt_size == 0)
        set_tag(call, type_of((struct kc_span){envelope->body, envelope->body_size}));
    return error;
}

enum kc_error kc_vault_envelope_verify(struct kc_call *call)
{
    struct kc_public_key room;
    const struct kc_public_key *signer;
    KC_AUTO_DATA document = {0};
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = read_signer(call, &room, &signer);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error != KC_OK)
        return error;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (!envelope)
        return KC_ERR_NO_MEMORY;
    error = kc_dare_envelope_read(document.span, envelope);
    if (error == KC_OK)
        error = verify(call, signer, envelope);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

/* --- envelope-open --- */

/* A message that was signed for somebody else, and encrypted anew for this key. */
static enum kc_error check_message(
    struct kc_call *call, const struct used *used, struct kc_span payload)
{
    char sender[KC_RECORD_TEXT_SIZE];
    kc_call_text(call, KC_FIELD_ACCOUNT, sender, sizeof sender);
    return kc_mesh_message_check(payload, sender, used->record->account);
}

static enum kc_error give_plaintext(struct kc_call *call, const struct used *used,
    const struct kc_mesh_opening *opening, struct kc_span agreed, struct kc_secret *plaintext)
{
    size_t size = 0;
    enum kc_error error = kc_mesh_opening_decrypt(opening, agreed, plaintext->bytes, &size);
    struct kc_span payload = {plaintext->bytes, size};
    if (error == KC_OK && opening->signature)
        error = check_message(call, used, payload);
    if (error == KC_OK && kc_mesh_has_secret(payload))
        error = wrong_field(call, KC_FIELD_DOCUMENT);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_OUTPUT, payload.bytes, payload.size);
    if (error == KC_OK)
        set_tag(call, type_of(payload));
    return error;
}

static enum kc_error open_by(
    struct kc_call *call, const struct used *used, const struct kc_mesh_opening *opening)
{
    uint8_t agreed[KC_POINT_SIZE_MAX]; /* secret */
    KC_AUTO_SECRET plaintext = {0};
    size_t agreed_size = kc_curve_info(opening->ephemeral.curve)->agreed_size;
    enum kc_error error =
        kc_call_agree_for_opening(call, used->record, &opening->ephemeral, agreed);
    if (error == KC_OK)
        error = kc_secret_init(&plaintext, opening->envelope->body_size);
    if (error == KC_OK)
        error =
            give_plaintext(call, used, opening, (struct kc_span){agreed, agreed_size}, &plaintext);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

enum kc_error kc_vault_envelope_open(struct kc_call *call)
{
    struct used used;
    struct kc_public_key room;
    const struct kc_public_key *signer;
    struct kc_mesh_opening opening = {0};
    KC_AUTO_DATA document = {0};
    enum kc_error error = find_key(call, &used);
    if (error == KC_OK)
        error = read_signer(call, &room, &signer);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_mesh_opening_read(document.span, signer, &used.own, &opening);
    if (error == KC_OK)
        error = open_by(call, &used, &opening);
    kc_mesh_opening_done(&opening);
    return error;
}

/* --- envelope-sign, envelope-seal --- */

/* Whose message the account signs: its own. */
static enum kc_error check_payload(struct kc_call *call, const struct kc_record *key,
    enum kc_mesh_purpose purpose, struct kc_span payload, enum kc_object_type *type)
{
    enum kc_error error = kc_mesh_purpose_check(purpose, payload, type);
    if (error == KC_OK)
        error = kc_mesh_message_check(payload, key->account, NULL);
    if (error == KC_ERR_ENVELOPE)
        error = KC_ERR_REFUSED;
    if (error == KC_ERR_REFUSED)
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_MESSAGE].name);
    return error;
}

enum kc_error kc_call_check_letter(
    struct kc_call *call, const struct kc_record *share, struct kc_span payload)
{
    enum kc_object_type type;
    return check_payload(call, share, purpose_of_role(share->class), payload, &type);
}

/* Signs what the call is making and answers it. The signature of a split key takes several runs, all
 * over the one envelope. */
static enum kc_error sign_making(struct kc_call *call, const struct used *used)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    size_t size = signature_size(used), text_size;
    char *text;
    enum kc_error error =
        kc_call_sign_digest(call, used->record, kc_mesh_making_digest(call->making), signature);
    if (error != KC_OK || call->wish != KC_WISH_ANSWER)
        return error;
    error = kc_mesh_making_sign(
        call->making, &used->own, (struct kc_span){signature, size}, used->manifest);
    if (error == KC_OK)
        error = kc_mesh_making_write(call->making, &text, &text_size);
    if (error != KC_OK)
        return error;
    error = kc_call_set_data(
        call, KC_FIELD_DOCUMENT, (struct kc_span){(const uint8_t *)text, text_size});
    free(text);
    if (call->in.message.operation == KC_OPERATION_ENVELOPE_SIGN)
        kc_call_set_octets(call, KC_FIELD_SIGNATURE, signature, size);
    return error;
}

static enum kc_error make_and_sign(struct kc_call *call, const struct used *used,
    struct kc_span payload, const struct kc_public_key *recipients, size_t recipient_count)
{
    enum kc_object_type type;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = check_payload(call, used->record, used->purpose, payload, &type);
    if (error != KC_OK)
        return error;
    struct kc_mesh_letter letter = {.payload = payload,
        .type = type == KC_OBJECT_NONE ? NULL : kc_object_info(type)->name,
        .recipients = recipients,
        .recipient_count = recipient_count};
    if (!call->making)
        error = kc_mesh_making_new(&source, &letter, &call->making);
    if (error == KC_OK)
        error = sign_making(call, used);
    if (error == KC_OK)
        set_tag(call, type);
    return error;
}

/* What is not seen is not signed, but by a key that signs anything. */
static enum kc_error sign_hashed(
    struct kc_call *call, const struct used *used, struct kc_span digest)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    if (used->purpose != KC_MESH_PURPOSE_APPLICATION)
        return KC_ERR_REFUSED;
    if (digest.size != KC_DARE_DIGEST_SIZE)
        return wrong_field(call, KC_FIELD_MESSAGE);
    enum kc_error error = kc_call_sign_digest(call, used->record, digest.bytes, signature);
    if (error == KC_OK && call->wish == KC_WISH_ANSWER)
        kc_call_set_octets(call, KC_FIELD_SIGNATURE, signature, signature_size(used));
    return error;
}

enum kc_error kc_vault_envelope_sign(struct kc_call *call)
{
    struct used used;
    KC_AUTO_DATA payload = {0};
    enum kc_error error = find_key(call, &used);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, &payload);
    if (error != KC_OK)
        return error;
    bool is_hashed = kc_call_has(call, KC_FIELD_HASHED) &&
                     call->in.message.values.value[KC_FIELD_HASHED].number != 0;
    return is_hashed ? sign_hashed(call, &used, payload.span)
                     : make_and_sign(call, &used, payload.span, NULL, 0);
}

/* The keys in a JSON array of KeyData; as many as an envelope takes. */
static enum kc_error read_recipients(struct kc_span text, struct kc_public_key *keys, size_t *count)
{
    struct kc_json_document document = {0};
    enum kc_error error = kc_json_read(text, text.size, &document);
    if (error != KC_OK)
        return error;
    struct kc_json list = kc_json_root(&document);
    struct kc_json_walk walk = kc_json_walk(list);
    *count = 0;
    if (kc_json_kind(list) != KC_JSON_ARRAY || kc_json_count(list) == 0 ||
        kc_json_count(list) >= KC_DARE_RECIPIENTS_MAX)
        error = KC_ERR_BAD_REQUEST;
    while (error == KC_OK && kc_json_walk_next(&walk))
        error = kc_public_key_read(walk.value, &keys[(*count)++]);
    kc_json_done(&document);
    return error;
}

static enum kc_error seal(struct kc_call *call, const struct used *used, struct kc_span payload,
    struct kc_span recipients)
{
    size_t count;
    struct kc_public_key *keys = calloc(KC_DARE_RECIPIENTS_MAX, sizeof *keys);
    if (!keys)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = read_recipients(recipients, keys, &count);
    if (error == KC_ERR_BAD_REQUEST || error == KC_ERR_TOO_LARGE || error == KC_ERR_REFUSED)
        error = wrong_field(call, KC_FIELD_RECIPIENTS);
    if (error == KC_OK)
        error = make_and_sign(call, used, payload, keys, count);
    free(keys);
    return error;
}

enum kc_error kc_vault_envelope_seal(struct kc_call *call)
{
    struct used used;
    KC_AUTO_DATA payload = {0}, recipients = {0};
    enum kc_error error = find_key(call, &used);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, &payload);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_RECIPIENTS, &recipients);
    return error == KC_OK ? seal(call, &used, payload.span, recipients.span) : error;
}

/* --- what other handlers wrote --- */

/* The signature of a split key takes several runs, in which they would write it anew. */
enum kc_error kc_call_seal_payload(struct kc_call *call, struct kc_span payload)
{
    struct used used;
    KC_AUTO_DATA recipients = {0};
    enum kc_error error = find_key(call, &used);
    if (error == KC_OK && used.record->role == KC_ROLE_SHARE)
        error = wrong_field(call, KC_FIELD_KEY);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_RECIPIENTS, &recipients);
    return error == KC_OK ? seal(call, &used, payload, recipients.span) : error;
}

enum kc_error kc_call_sign_payload(
    struct kc_call *call, struct kc_span payload, struct kc_span manifest)
{
    struct used used;
    enum kc_error error = find_key(call, &used);
    used.manifest = manifest;
    return error == KC_OK ? make_and_sign(call, &used, payload, NULL, 0) : error;
}
