/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing a signing key to holders, of whom any threshold sign together (Shamir, Feldman). */
#include "custodian/vault/deal.h"
#include "custodian/vault/access.h"
#include "custodian/vault/envelope.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/share.h"

#include <stdlib.h>
#include <string.h>

void kc_dealing_wipe(struct kc_dealing *dealing)
{
    kc_wipe(dealing->shares, sizeof dealing->shares);
}

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- to whom --- */

static bool is_there(const struct kc_dealing *dealing, const struct kc_record *recipient)
{
    for (size_t i = 0; i < dealing->recipient_count; i++) {
        if (strcmp(dealing->recipients[i]->id, recipient->id) == 0)
            return true;
    }
    return false;
}

/* Whom the operator enrolled; or, where that is possible, this custodian itself. */
static enum kc_error find_recipient(struct kc_call *call, const struct kc_dealing *dealing,
    struct kc_span id, struct kc_record **found)
{
    enum kc_error error = kc_call_record(call, KC_KIND_RECIPIENT, id, found);
    if (error == KC_ERR_REFUSED && dealing->to_itself)
        error = kc_call_record(call, KC_KIND_KEY, id, found);
    if (error == KC_OK && ((*found)->state != KC_STATE_ACTIVE || (*found)->role != KC_ROLE_WRAP))
        error = KC_ERR_REFUSED;
    return error;
}

/* Each once. All that the desk has to bring is wished for at once. */
static enum kc_error find_recipients(struct kc_call *call, struct kc_dealing *dealing)
{
    struct kc_span left = kc_call_field(call, KC_FIELD_HOLDERS);
    enum kc_error first = KC_OK;
    while (left.size > 0) {
        struct kc_record *found;
        enum kc_error error = find_recipient(call, dealing, kc_ids_next(&left), &found);
        if (error == KC_OK &&
            (dealing->recipient_count == KC_QUORUM_HOLDERS_MAX || is_there(dealing, found)))
            error = wrong_field(call, KC_FIELD_HOLDERS);
        if (error == KC_OK)
            dealing->recipients[dealing->recipient_count++] = found;
        else if (call->wish == KC_WISH_ANSWER)
            return error;
        else
            first = error;
    }
    return first;
}

enum kc_error kc_dealing_read(struct kc_call *call, struct kc_dealing *dealing)
{
    const struct kc_values *values = &call->in.message.values;
    enum kc_error error = find_recipients(call, dealing);
    if (error != KC_OK)
        return error;
    uint64_t threshold = values->value[KC_FIELD_THRESHOLD].number;
    dealing->keeps = kc_call_has(call, KC_FIELD_KEEP) && values->value[KC_FIELD_KEEP].number != 0;
    size_t holders = dealing->recipient_count + dealing->keeps;
    if (holders > KC_QUORUM_HOLDERS_MAX)
        return wrong_field(call, KC_FIELD_HOLDERS);
    if (threshold < 2 || threshold > holders)
        return wrong_field(call, KC_FIELD_THRESHOLD);
    dealing->quorum.holders = (uint8_t)holders;
    dealing->quorum.threshold = (uint8_t)threshold;
    return KC_OK;
}

/* --- the shares --- */

/* The scalar of a key that libcrypto works with is big-endian in its record. */
static enum kc_error open_p256(
    struct kc_call *call, const struct kc_record *key, struct kc_scalar *scalar)
{
    KC_AUTO_SECRET secret = {0};
    uint8_t reversed[KC_SCALAR_SIZE_MAX]; /* secret */
    size_t size = kc_curve_info(KC_CURVE_P256)->scalar_size;
    if (key->residence == KC_RESIDENCE_RESIDENT)
        return wrong_field(call, KC_FIELD_RESIDENCE);
    enum kc_error error = kc_keeper_open(call->vault->keeper, key, &secret);
    if (error == KC_OK && secret.size != size)
        error = KC_ERR_RECORD_DAMAGED;
    for (size_t i = 0; error == KC_OK && i < size; i++)
        reversed[i] = secret.bytes[size - 1 - i];
    if (error == KC_OK)
        error = kc_scalar_decode(scalar, KC_CURVE_P256, reversed, size);
    kc_wipe(reversed, sizeof reversed);
    return error;
}

/* The whole key's scalar. Secret; the caller wipes it. */
static enum kc_error open_whole(
    struct kc_call *call, const struct kc_record *key, struct kc_scalar *scalar)
{
    KC_AUTO_MATERIAL material = {0};
    if (key->algorithm == KC_ALGORITHM_P256)
        return open_p256(call, key, scalar);
    if (kc_algorithm_info(key->algorithm)->family != KC_FAMILY_CURVE)
        return KC_ERR_BAD_ALGORITHM;
    enum kc_error error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        *scalar = material.key.scalar;
    return error;
}

enum kc_error kc_dealing_make(
    struct kc_call *call, const struct kc_scalar *value, struct kc_dealing *dealing)
{
    uint8_t uniform[KC_QUORUM_HOLDERS_MAX * KC_UNIFORM_SIZE]; /* secret */
    uint32_t indices[KC_QUORUM_HOLDERS_MAX];
    struct kc_quorum *quorum = &dealing->quorum;
    size_t size = ((size_t)quorum->threshold - 1) * KC_UNIFORM_SIZE;
    for (uint32_t i = 0; i < quorum->holders; i++)
        indices[i] = i + 1;
    enum kc_error error = kc_entropy_fill(call->vault->entropy, uniform, size);
    if (error == KC_OK)
        error = kc_shamir_split(dealing->shares, quorum->commitments, value, indices,
            quorum->holders, quorum->threshold, uniform, size);
    kc_wipe(uniform, sizeof uniform);
    return error;
}

/* The record of one holder's share, as it will have it; of the split key's role. */
static enum kc_error describe(struct kc_call *call, const struct kc_record *key,
    const struct kc_dealing *dealing, uint8_t index, struct kc_record *share)
{
    struct kc_point public;
    const struct kc_quorum *quorum = &dealing->quorum;
    enum kc_error error = kc_quorum_public(quorum, index, &public);
    if (error == KC_OK)
        error = kc_share_of(share, key, KC_ROLE_QUORUM, &dealing->group, &public);
    if (error != KC_OK)
        return error;
    if (key->role == KC_ROLE_QUORUM)
        share->class = key->class;
    share->index = index;
    share->threshold = quorum->threshold;
    share->created = kc_call_now(call);
    share->body = (struct kc_span){dealing->packed, dealing->packed_size};
    return KC_OK;
}

/* --- where they go --- */

static enum kc_error envelope_one(struct kc_call *call, const struct kc_record *key,
    const struct kc_dealing *dealing, size_t place, struct kc_writer *w)
{
    struct kc_record share;
    uint8_t envelope[KC_ENVELOPE_SIZE_MAX];
    size_t size, at = place + dealing->keeps;
    enum kc_error error = describe(call, key, dealing, (uint8_t)(at + 1), &share);
    if (error == KC_OK)
        error = kc_call_envelope_share(call, &share, &dealing->shares[at],
            dealing->recipients[place], envelope, sizeof envelope, &size);
    if (error == KC_OK)
        kc_writer_span(w, envelope, size);
    return error;
}

enum kc_error kc_dealing_envelope(struct kc_call *call, const struct kc_record *key,
    const struct kc_dealing *dealing, struct kc_writer *w)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < dealing->recipient_count; i++)
        error = envelope_one(call, key, dealing, i, w);
    return error == KC_OK ? kc_writer_finish(w) : error;
}

/* The envelopes stay with the tombstone of the whole key: what leaves cannot be lost on the way. Its
 * columns say that it was dealt. */
static enum kc_error keep_envelopes(struct kc_call *call, const struct kc_record *key,
    const struct kc_dealing *dealing, struct kc_record *tombstone)
{
    uint8_t *room = malloc(KC_RECORD_BODY_MAX);
    if (!room)
        return KC_ERR_NO_MEMORY;
    struct kc_writer w;
    kc_writer_init(&w, room, KC_RECORD_BODY_MAX);
    enum kc_error error = kc_dealing_envelope(call, key, dealing, &w);
    if (error == KC_OK)
        error = kc_call_set_body(call, tombstone, (struct kc_span){room, w.size});
    free(room);
    if (error != KC_OK)
        return error;
    tombstone->threshold = dealing->quorum.threshold;
    tombstone->index = dealing->quorum.holders;
    return kc_keeper_protect(call->vault->keeper, tombstone, NULL);
}

static enum kc_error keep_first(
    struct kc_call *call, const struct kc_record *key, const struct kc_dealing *dealing)
{
    struct kc_record share, *staged;
    enum kc_error error = describe(call, key, dealing, 1, &share);
    if (error != KC_OK)
        return error;
    if (kc_call_has(call, KC_FIELD_LABEL))
        kc_call_text(call, KC_FIELD_LABEL, share.label, sizeof share.label);
    error = kc_call_set_body(call, &share, share.body);
    if (error == KC_OK)
        error = kc_call_stage_share(call, &share, &dealing->shares[0], &staged);
    if (error == KC_OK)
        kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", staged->id));
    return error;
}

static void answer_dealt(struct kc_call *call, const struct kc_record *tombstone)
{
    kc_call_set_number(call, KC_FIELD_HOLDER_COUNT, tombstone->index);
    kc_call_set_number(call, KC_FIELD_THRESHOLD, tombstone->threshold);
    kc_values_set_span(
        &call->answer.values, KC_FIELD_ENVELOPES, tombstone->body.bytes, tombstone->body.size);
}

/* The shares, and what all holders know. */
static enum kc_error make_shares(
    struct kc_call *call, const struct kc_scalar *whole, struct kc_dealing *dealing)
{
    struct kc_writer w;
    enum kc_error error = kc_dealing_make(call, whole, dealing);
    if (error != KC_OK)
        return error;
    dealing->group = dealing->quorum.commitments[0];
    kc_writer_init(&w, dealing->packed, sizeof dealing->packed);
    kc_quorum_write(&w, &dealing->quorum);
    dealing->packed_size = w.size;
    return kc_writer_finish(&w);
}

/* The whole key is destroyed first: its share may take its label over. */
static enum kc_error deal(
    struct kc_call *call, const struct kc_record *key, struct kc_dealing *dealing)
{
    KC_AUTO_SCALAR whole = {0};
    size_t place = call->change_count;
    enum kc_error error = open_whole(call, key, &whole);
    if (error == KC_OK)
        error = make_shares(call, &whole, dealing);
    if (error == KC_OK)
        error = kc_call_destroy(call, key);
    if (error != KC_OK)
        return error;
    struct kc_record *tombstone = &call->changes[place], group = {0};
    error = keep_envelopes(call, key, dealing, tombstone);
    if (error == KC_OK && dealing->keeps)
        error = keep_first(call, key, dealing);
    if (error == KC_OK)
        error = kc_record_of_share(&group, &dealing->quorum.commitments[0]);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_GROUP, kc_call_print(call, "%s", group.id));
    kc_call_set_octets(call, KC_FIELD_GROUP_PUBLIC, group.public_key, group.public_size);
    answer_dealt(call, tombstone);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

enum kc_error kc_vault_share_deal(struct kc_call *call)
{
    struct kc_record *key;
    KC_AUTO_DEALING dealing = {.recipient_count = 0};
    bool proven = false;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = kc_dealing_read(call, &dealing);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    return error == KC_OK && proven ? deal(call, key, &dealing) : error;
}

/* --- share-dealt --- */

enum kc_error kc_vault_share_dealt(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK && key->threshold == 0) /* destroyed, and not by a dealing */
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        answer_dealt(call, key);
    return error;
}
