/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escrow: a seed under a key that is nowhere but in shares that people keep.
 *
 * The record of KC_KIND_ESCROW has the recovery record and no secret: group is the seed's id,
 * threshold and index are m and n, and it is disabled until all shares were shown. The shares are
 * in the memory of the vault alone (handouts.h).
 */
#include "custodian/vault/mesh_escrow.h"

#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/handouts.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/seed.h"

#include <stdlib.h>
#include <string.h>

#define SHARES_LEAST 2 /* needed, unless it is forced */

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

static uint64_t number_of(const struct kc_call *call, enum kc_field field)
{
    return call->in.message.values.value[field].number;
}

/* --- the record --- */

enum kc_error kc_escrow_body_read(const struct kc_record *escrow, struct kc_escrow_body *body)
{
    struct kc_reader r;
    kc_reader_init(&r, escrow->body.bytes, escrow->body.size);
    body->verified = kc_reader_u64(&r);
    body->record = kc_reader_span(&r, KC_RECOVERY_RECORD_MAX);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

static void pack(struct kc_writer *w, const void *content)
{
    const struct kc_escrow_body *body = content;
    kc_writer_u64(w, body->verified);
    kc_writer_span(w, body->record.bytes, body->record.size);
}

static void describe(struct kc_call *call, const struct kc_record *escrow)
{
    kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", escrow->id));
    kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", escrow->group));
    kc_call_set_number(call, KC_FIELD_COUNT, escrow->index);
    kc_call_set_number(call, KC_FIELD_THRESHOLD, escrow->threshold);
}

enum kc_error kc_call_escrow(struct kc_call *call, struct kc_record **escrow)
{
    struct kc_record *found;
    enum kc_error error =
        kc_call_record(call, KC_KIND_ESCROW, kc_call_field(call, KC_FIELD_OBJECT), &found);
    if (error == KC_OK)
        error = kc_call_allowed_record(call, found);
    if (error == KC_OK)
        *escrow = found;
    return error;
}

/* --- mesh-escrow-create --- */

static enum kc_error check_counts(struct kc_call *call)
{
    bool forced = kc_call_has(call, KC_FIELD_FORCE) && number_of(call, KC_FIELD_FORCE) != 0;
    uint64_t count = number_of(call, KC_FIELD_COUNT), least = forced ? 1 : SHARES_LEAST;
    if (count > KC_UDF_SHAMIR_SPLIT_SHARES_MAX)
        return wrong_field(call, KC_FIELD_COUNT);
    return number_of(call, KC_FIELD_THRESHOLD) >= least &&
                   number_of(call, KC_FIELD_THRESHOLD) <= count
               ? KC_OK
               : wrong_field(call, KC_FIELD_THRESHOLD);
}

enum kc_error kc_call_open_recovery_seed(
    struct kc_call *call, const struct kc_record *record, struct kc_recovery_seed *seed)
{
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &secret);
    if (error == KC_OK && secret.size > sizeof seed->octets)
        error = KC_ERR_RECORD_DAMAGED;
    if (error != KC_OK)
        return error;
    memcpy(seed->octets, secret.bytes, secret.size);
    seed->size = secret.size;
    seed->signing = (enum kc_curve)record->algorithm;
    return KC_OK;
}

/* Splits the key of the record; from here on the shares are this connection's. */
static enum kc_error hand_out(
    struct kc_call *call, const uint8_t key[static KC_RECOVERY_KEY_SIZE], const char *id)
{
    struct kc_udf_share shares[KC_UDF_SHAMIR_SHARES_MAX]; /* secret */
    uint8_t random[KC_UDF_SHAMIR_RANDOM_SIZE];            /* secret */
    size_t count = (size_t)number_of(call, KC_FIELD_COUNT);
    enum kc_error error = kc_entropy_fill(call->vault->entropy, random, sizeof random);
    if (error == KC_OK)
        error = kc_udf_shamir_split(shares, count, (size_t)number_of(call, KC_FIELD_THRESHOLD),
            (struct kc_span){key, KC_RECOVERY_KEY_SIZE}, random);
    if (error == KC_OK)
        error = kc_handouts_put(call->vault->handouts, call->in.connection,
            kc_call_now_ms(call) + KC_HANDOUT_MS, id, shares, count);
    kc_wipe(random, sizeof random);
    kc_wipe(shares, sizeof shares);
    return error;
}

static enum kc_error stage_escrow(
    struct kc_call *call, const struct kc_record *seed, const char *id, struct kc_span record)
{
    struct kc_record *staged, made = {.kind = KC_KIND_ESCROW,
                                  .role = seed->role,
                                  .algorithm = seed->algorithm,
                                  .state = KC_STATE_DISABLED,
                                  .created = kc_call_now(call),
                                  .threshold = (uint8_t)number_of(call, KC_FIELD_THRESHOLD),
                                  .index = (uint8_t)number_of(call, KC_FIELD_COUNT)};
    memcpy(made.id, id, strlen(id) + 1);
    memcpy(made.group, seed->id, sizeof made.group);
    memcpy(made.keyring, seed->keyring, sizeof made.keyring);
    memcpy(made.label, seed->label, sizeof made.label);
    memcpy(made.account, seed->account, sizeof made.account);
    enum kc_error error = kc_call_stage(call, &made, &staged);
    if (error == KC_OK)
        error = kc_call_pack_body(call, staged, pack, &(struct kc_escrow_body){.record = record});
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, NULL);
    if (error == KC_OK)
        error = kc_call_set_data(call, KC_FIELD_DOCUMENT, record);
    if (error == KC_OK)
        describe(call, staged);
    return error;
}

static enum kc_error create(struct kc_call *call, const struct kc_record *record)
{
    KC_AUTO_RECOVERY_SEED seed = {0};
    uint8_t key[KC_RECOVERY_KEY_SIZE]; /* secret */
    char id[KC_UDF_ID_SIZE], *text = NULL;
    size_t size = 0;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = kc_call_open_recovery_seed(call, record, &seed);
    if (error == KC_OK && record->index == KC_DERIVATION_LEGACY)
        error = wrong_field(call, KC_FIELD_KEY);
    if (error == KC_OK)
        error = kc_recovery_make(&source, &seed, key, id, &text, &size);
    if (error == KC_OK)
        error = stage_escrow(call, record, id, (struct kc_span){(const uint8_t *)text, size});
    if (error == KC_OK)
        error = hand_out(call, key, id);
    kc_wipe(key, sizeof key);
    free(text);
    return error;
}

enum kc_error kc_vault_mesh_escrow_create(struct kc_call *call)
{
    struct kc_record *seed;
    bool proven = false;
    enum kc_error error = kc_call_seed(call, kc_call_field(call, KC_FIELD_KEY), &seed);
    if (error == KC_OK)
        error = check_counts(call);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    call->wish = KC_WISH_COMMIT;
    return create(call, seed);
}

/* --- mesh-escrow-share --- */

/* The seed that it is of; NULL with KC_OK: it is not here any more. */
static enum kc_error find_seed(
    struct kc_call *call, const struct kc_record *escrow, struct kc_record **seed)
{
    struct kc_span id = {(const uint8_t *)escrow->group, strlen(escrow->group)};
    enum kc_error error = kc_call_record(call, KC_KIND_SEED, id, seed);
    if (error == KC_ERR_REFUSED || (error == KC_OK && (*seed)->state != KC_STATE_ACTIVE)) {
        *seed = NULL;
        return KC_OK;
    }
    return error;
}

/* With the last share the escrow counts; the share is told when that is stored. */
static enum kc_error confirm(struct kc_call *call, const struct kc_record *escrow)
{
    struct kc_record *staged, *seed;
    enum kc_error error = find_seed(call, escrow, &seed);
    if (error == KC_OK && seed)
        error = kc_call_seed_escrowed(call, seed);
    if (error == KC_OK)
        error = kc_call_stage(call, escrow, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_ACTIVE;
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

/* Another request of the connection may have had one in the meantime: then it is to be asked again. */
static enum kc_error show(struct kc_call *call, const struct kc_record *escrow, size_t left)
{
    struct kc_udf_share share;         /* secret */
    char text[KC_RECOVERY_SHARE_SIZE]; /* secret */
    if (!kc_handouts_take(call->vault->handouts, call->in.connection, escrow->id, left, &share))
        return KC_ERR_CONFLICT;
    enum kc_error error = kc_recovery_share_print(&share, escrow->id, text);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, (const uint8_t *)text, strlen(text));
    kc_call_set_number(call, KC_FIELD_INDEX, (share.octets[0] & 15u) + 1);
    kc_call_set_number(call, KC_FIELD_MORE, left > 1);
    kc_wipe(text, sizeof text);
    kc_wipe(&share, sizeof share);
    return error;
}

enum kc_error kc_vault_mesh_escrow_share(struct kc_call *call)
{
    struct kc_record *escrow;
    enum kc_error error = kc_call_escrow(call, &escrow);
    if (error != KC_OK)
        return error;
    size_t left = kc_handouts_left(call->vault->handouts, call->in.connection, escrow->id);
    if (left == 0)
        return KC_ERR_REFUSED;
    if (left == 1)
        error = confirm(call, escrow);
    return error == KC_OK ? show(call, escrow, left) : error;
}

/* --- mesh-escrow-show --- */

enum kc_error kc_vault_mesh_escrow_show(struct kc_call *call)
{
    struct kc_record *escrow;
    struct kc_escrow_body body = {0};
    enum kc_error error = kc_call_escrow(call, &escrow);
    if (error == KC_OK)
        error = kc_escrow_body_read(escrow, &body);
    if (error == KC_OK)
        error = kc_call_set_data(call, KC_FIELD_DOCUMENT, body.record);
    if (error != KC_OK)
        return error;
    describe(call, escrow);
    kc_call_set_text(call, KC_FIELD_STATE, kc_state_text(escrow->state));
    kc_call_set_number(call, KC_FIELD_CREATED, escrow->created);
    if (body.verified != 0)
        kc_call_set_number(call, KC_FIELD_START, body.verified);
    return KC_OK;
}

/* --- shares that come back --- */

enum kc_error kc_call_combine_shares(
    struct kc_call *call, uint8_t secret[static KC_UDF_SHAMIR_SECRET_MAX], size_t *size)
{
    KC_AUTO_SECRET shares = {0};
    size_t wrong = 0;
    enum kc_error error =
        kc_call_secret(call, KC_FIELD_SHARES, 1, KC_RECOVERY_SHARES_SIZE, &shares);
    if (error == KC_OK)
        error =
            kc_recovery_combine((struct kc_span){shares.bytes, shares.size}, secret, size, &wrong);
    if (wrong > 0) /* which one, and nothing of it */
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "share %zu is %s", wrong,
                error == KC_ERR_SHARES_MIXED ? "of another set" : "none, or misread"));
    else if (error == KC_ERR_BAD_ARGUMENT)
        return wrong_field(call, KC_FIELD_SHARES);
    return error;
}

enum kc_error kc_call_escrow_of_shares(
    struct kc_call *call, struct kc_span secret, struct kc_record **escrow)
{
    char id[KC_UDF_ID_SIZE];
    enum kc_error error = kc_udf_symmetric_id(secret, id);
    if (error == KC_OK)
        error = kc_call_record(
            call, KC_KIND_ESCROW, (struct kc_span){(const uint8_t *)id, strlen(id)}, escrow);
    return error == KC_ERR_REFUSED ? KC_ERR_RECOVERY : error;
}

/* --- mesh-escrow-verify --- */

static enum kc_error note_verified(
    struct kc_call *call, const struct kc_record *escrow, const struct kc_escrow_body *body)
{
    struct kc_record *staged;
    struct kc_escrow_body noted = {kc_call_now(call), body->record};
    enum kc_error error = kc_call_stage(call, escrow, &staged);
    if (error == KC_OK)
        error = kc_call_pack_body(call, staged, pack, &noted);
    if (error != KC_OK)
        return error;
    call->wish = KC_WISH_COMMIT;
    describe(call, staged);
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

static enum kc_error verify(struct kc_call *call, struct kc_span secret)
{
    struct kc_record *escrow;
    struct kc_escrow_body body = {0};
    KC_AUTO_RECOVERY_SEED seed = {0};
    enum kc_error error = kc_call_escrow_of_shares(call, secret, &escrow);
    if (error == KC_OK)
        error = kc_call_allowed_record(call, escrow);
    if (error == KC_OK)
        error = kc_escrow_body_read(escrow, &body);
    if (error == KC_OK)
        error = kc_recovery_open(body.record, secret, escrow->group, &seed);
    return error == KC_OK ? note_verified(call, escrow, &body) : error;
}

enum kc_error kc_vault_mesh_escrow_verify(struct kc_call *call)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX]; /* secret */
    size_t size = 0;
    enum kc_error error = kc_call_combine_shares(call, secret, &size);
    if (error == KC_OK)
        error = verify(call, (struct kc_span){secret, size});
    kc_wipe(secret, sizeof secret);
    return error;
}
