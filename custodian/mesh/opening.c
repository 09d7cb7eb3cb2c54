/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/opening.h"

#include "base/secret.h"
#include "base/wipe.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/verify.h"
#include "proto/identifier.h"
#include "proto/object.h"
#include "proto/udf_key.h"
#include "threshold/agreement.h"
#include "threshold/curve.h"

#include <stdlib.h>
#include <string.h>

void kc_mesh_opening_done(struct kc_mesh_opening *opening)
{
    if (opening->envelope != NULL)
        kc_dare_envelope_done(opening->envelope);
    free(opening->envelope);
    *opening = (struct kc_mesh_opening){0};
}

/* Whoever had the key from a PEM file knows its u alone, and names it with either sign: both agree to
 * the same octets. */
static bool names_recipient(const char *kid, const struct kc_public_key *recipient)
{
    uint8_t other[KC_POINT_SIZE_MAX];
    const char *algorithm = recipient->algorithm;
    const struct kc_curve_info *info = kc_curve_by_name(algorithm, strlen(algorithm));
    if (kc_udf_names_key(kid, algorithm, (struct kc_span){recipient->octets, recipient->size}))
        return true;
    if (info == NULL || info->unsigned_size == 0 || recipient->size != info->point_size)
        return false;
    memcpy(other, recipient->octets, recipient->size);
    other[info->unsigned_size] ^= 0x80;
    return kc_udf_names_key(kid, algorithm, (struct kc_span){other, recipient->size});
}

static const struct kc_dare_recipient *find_entry(
    const struct kc_dare_envelope *envelope, const struct kc_public_key *recipient)
{
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        const struct kc_dare_recipient *entry = &envelope->recipients[i];
        if (strcmp(entry->algorithm, recipient->algorithm) == 0 &&
            names_recipient(entry->kid, recipient))
            return entry;
    }
    return NULL;
}

/* Whoever wrote u alone left the sign open: all holders of shares take the even root. */
static enum kc_error read_ephemeral(const struct kc_dare_recipient *entry, struct kc_point *point)
{
    const struct kc_curve_info *info = kc_curve_by_name(entry->algorithm, strlen(entry->algorithm));
    if (info == NULL)
        return KC_ERR_ENVELOPE;
    return info->unsigned_size != 0 && entry->ephemeral_size == info->unsigned_size
               ? kc_point_decode_unsigned(
                     point, info->curve, entry->ephemeral, entry->ephemeral_size)
               : kc_point_decode(point, info->curve, entry->ephemeral, entry->ephemeral_size);
}

static enum kc_error read(struct kc_span text, const struct kc_public_key *signer,
    const struct kc_public_key *recipient, struct kc_mesh_opening *opening)
{
    enum kc_error error = kc_dare_envelope_read(text, opening->envelope);
    if (error == KC_OK && signer != NULL)
        error =
            kc_dare_envelope_verify(opening->envelope, signer, kc_mesh_verify, &opening->signature);
    if (error != KC_OK)
        return error;
    opening->entry = find_entry(opening->envelope, recipient);
    return opening->entry != NULL ? read_ephemeral(opening->entry, &opening->ephemeral)
                                  : KC_ERR_ENVELOPE;
}

enum kc_error kc_mesh_opening_read(struct kc_span text, const struct kc_public_key *signer,
    const struct kc_public_key *recipient, struct kc_mesh_opening *opening)
{
    struct kc_mesh_opening made = {.envelope = calloc(1, sizeof *made.envelope)};
    enum kc_error error =
        made.envelope != NULL ? read(text, signer, recipient, &made) : KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        *opening = made;
    else
        kc_mesh_opening_done(&made);
    return error;
}

enum kc_error kc_mesh_opening_decrypt(const struct kc_mesh_opening *opening, struct kc_span agreed,
    uint8_t *plaintext, size_t *plaintext_size)
{
    uint8_t seed[KC_DARE_SEED_SIZE];
    enum kc_error error = kc_dare_unwrap_agreed(agreed, opening->entry->wrapped, seed);
    if (error == KC_OK)
        error = kc_dare_envelope_decrypt(
            opening->envelope, opening->signature, seed, plaintext, plaintext_size);
    kc_wipe(seed, sizeof seed);
    return error == KC_OK || error == KC_ERR_NO_MEMORY ? error : KC_ERR_DECRYPTION;
}

enum kc_error kc_mesh_opening_whole(struct kc_span text, const struct kc_public_key *signer,
    const struct kc_key *key, size_t size_max, uint8_t **content, size_t *content_size)
{
    struct kc_mesh_opening opening;
    struct kc_public_key public;
    uint8_t agreed[KC_POINT_SIZE_MAX]; /* secret */
    enum kc_error error = kc_mesh_public_key(&key->public, &public);
    if (error == KC_OK)
        error = kc_mesh_opening_read(text, signer, &public, &opening);
    if (error != KC_OK)
        return error == KC_ERR_ENVELOPE ? KC_ERR_DECRYPTION : error;
    size_t room = opening.envelope->body_size;
    uint8_t *made = room <= size_max ? kc_room_allocate(room + 1) : NULL;
    error = made == NULL ? KC_ERR_TOO_LARGE
                         : kc_agreement_agree(agreed, &key->scalar, &opening.ephemeral);
    if (error == KC_OK)
        error = kc_mesh_opening_decrypt(&opening,
            (struct kc_span){agreed, kc_curve_info(key->scalar.curve)->agreed_size}, made,
            content_size);
    kc_wipe(agreed, sizeof agreed);
    kc_mesh_opening_done(&opening);
    if (error == KC_OK)
        *content = made;
    else
        kc_room_free(made);
    return error;
}

/* --- whose message it is --- */

static bool is_account(const struct kc_object *message, const char *field, const char *account)
{
    char said[KC_ACCOUNT_SIZE], canonical[KC_ACCOUNT_SIZE], wanted[KC_ACCOUNT_SIZE];
    struct kc_json value = kc_object_member(message, field);
    if (account == NULL || *account == '\0' || !kc_json_is_there(value))
        return true;
    return kc_json_text(value, said, sizeof said) == KC_OK &&
           kc_account_canonical(said, canonical) == KC_OK &&
           kc_account_canonical(account, wanted) == KC_OK && strcmp(canonical, wanted) == 0;
}

enum kc_error kc_mesh_message_check(
    struct kc_span payload, const char *sender, const char *recipient)
{
    struct kc_json_document document = {0};
    struct kc_object message;
    struct kc_object_notes notes;
    enum kc_error error =
        kc_object_parse(payload, payload.size, KC_OBJECT_Message, &document, &message, &notes);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : KC_OK;
    bool fits =
        is_account(&message, "Sender", sender) && is_account(&message, "Recipient", recipient);
    kc_json_done(&document);
    return fits ? KC_OK : KC_ERR_ENVELOPE;
}

/* --- what nobody reads --- */

/* Members of objects that hold what a key is made of; whatever is in PrivateParameters. */
static bool is_secret_name(struct kc_json name)
{
    static const char *const names[] = {"PrivateParameters", "PrivateSalt", "PrivateKey",
        "PrivateValue", "Private", "ActivationKey", "Seeds"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (kc_json_is_text(name, names[i]))
            return true;
    return false;
}

/* As deep as the reader lets it be. */
static bool has_secret(struct kc_json value)
{
    enum kc_json_kind kind = kc_json_kind(value);
    if (kind != KC_JSON_OBJECT && kind != KC_JSON_ARRAY)
        return false;
    struct kc_json_walk walk = kc_json_walk(value);
    while (kc_json_walk_next(&walk))
        if ((kind == KC_JSON_OBJECT && is_secret_name(walk.name)) || has_secret(walk.value))
            return true;
    return false;
}

/* Also of one with members that do not fit the table. */
bool kc_mesh_has_secret(struct kc_span payload)
{
    struct kc_json_document document = {0};
    bool has = false;
    if (kc_json_read(payload, payload.size, &document) != KC_OK)
        return false;
    struct kc_json_walk walk = kc_json_walk(kc_json_root(&document));
    while (!has && kc_json_walk_next(&walk))
        has = kc_json_is_there(walk.name) && has_secret(walk.value) &&
              kc_object_type_find(walk.name) != KC_OBJECT_NONE;
    kc_json_done(&document);
    return has;
}
