/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escrow: a seed under a key that is nowhere but in shares that people keep.
 *
 * The record of KC_KIND_ESCROW has the recovery record and no secret: group is the seed's id,
 * threshold and index are m and n, and it is disabled until all shares were shown. The shares are
 * in the memory of the vault alone (handouts.h).
 */
#include "custodian/mesh/recovery.h"
#include "custodian/mesh/verify.h"
#include "custodian/vault/handouts.h"
#include "custodian/vault/seed.h"
#include "proto/signed_object.h"

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

/* --- the body: when it was verified, and the record --- */

struct body {
    uint64_t verified; /* seconds since 1970; 0: never */
    struct kc_span record;
};

static enum kc_error body_read(const struct kc_record *escrow, struct body *body)
{
    struct kc_reader r;
    kc_reader_init(&r, escrow->body.bytes, escrow->body.size);
    body->verified = kc_reader_u64(&r);
    body->record = kc_reader_span(&r, KC_RECOVERY_RECORD_MAX);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

static enum kc_error body_set(
    struct kc_call *call, struct kc_record *staged, const struct body *body)
{
    struct kc_writer w;
    size_t room = body->record.size + 16;
    uint8_t *packed = malloc(room);
    if (!packed)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&w, packed, room);
    kc_writer_u64(&w, body->verified);
    kc_writer_span(&w, body->record.bytes, body->record.size);
    enum kc_error error = kc_writer_finish(&w) == KC_OK ? KC_OK : KC_ERR_INTERNAL;
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, (struct kc_span){packed, w.size});
    free(packed);
    return error;
}

static void describe(struct kc_call *call, const struct kc_record *escrow)
{
    kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", escrow->id));
    kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", escrow->group));
    kc_call_set_number(call, KC_FIELD_COUNT, escrow->index);
    kc_call_set_number(call, KC_FIELD_THRESHOLD, escrow->threshold);
}

/* The escrow that the request names: believed, and the policy's to this caller. */
static enum kc_error find_escrow(struct kc_call *call, struct kc_record **escrow)
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
    if (count > KC_UDF_SHAMIR_SHARES_MAX)
        return wrong_field(call, KC_FIELD_COUNT);
    return number_of(call, KC_FIELD_THRESHOLD) >= least &&
                   number_of(call, KC_FIELD_THRESHOLD) <= count
               ? KC_OK
               : wrong_field(call, KC_FIELD_THRESHOLD);
}

static enum kc_error open_seed(
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
    return record->index == KC_DERIVATION_LEGACY ? wrong_field(call, KC_FIELD_KEY) : KC_OK;
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
        error = body_set(call, staged, &(struct body){.record = record});
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
    enum kc_error error = open_seed(call, record, &seed);
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

/* With the last share the escrow counts; the share is told when that is stored. */
static enum kc_error confirm(struct kc_call *call, const struct kc_record *escrow)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, escrow, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_ACTIVE;
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

static enum kc_error show(struct kc_call *call, const struct kc_record *escrow, size_t left)
{
    struct kc_udf_share share;         /* secret */
    char text[KC_RECOVERY_SHARE_SIZE]; /* secret */
    if (!kc_handouts_take(call->vault->handouts, call->in.connection, escrow->id, &share))
        return KC_ERR_REFUSED;
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
    enum kc_error error = find_escrow(call, &escrow);
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
    struct body body = {0};
    enum kc_error error = find_escrow(call, &escrow);
    if (error == KC_OK)
        error = body_read(escrow, &body);
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

/* What was split, of the request's shares. Secret: wiped by the caller. */
static enum kc_error combine(
    struct kc_call *call, uint8_t secret[static KC_UDF_SHAMIR_SECRET_MAX], size_t *size)
{
    KC_AUTO_SECRET shares = {0};
    enum kc_error error =
        kc_call_secret(call, KC_FIELD_SHARES, 1, KC_RECOVERY_SHARES_SIZE, &shares);
    if (error == KC_OK)
        error = kc_recovery_combine((struct kc_span){shares.bytes, shares.size}, secret, size);
    return error == KC_ERR_BAD_ARGUMENT ? wrong_field(call, KC_FIELD_SHARES) : error;
}

/* The escrow here whose shares these are: its id is made of what they give. */
static enum kc_error find_of_shares(
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
    struct kc_call *call, const struct kc_record *escrow, const struct body *body)
{
    struct kc_record *staged;
    struct body noted = {kc_call_now(call), body->record};
    enum kc_error error = kc_call_stage(call, escrow, &staged);
    if (error == KC_OK)
        error = body_set(call, staged, &noted);
    if (error != KC_OK)
        return error;
    call->wish = KC_WISH_COMMIT;
    describe(call, staged);
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

static enum kc_error verify(struct kc_call *call, struct kc_span secret)
{
    struct kc_record *escrow;
    struct body body = {0};
    KC_AUTO_RECOVERY_SEED seed = {0};
    enum kc_error error = find_of_shares(call, secret, &escrow);
    if (error == KC_OK)
        error = kc_call_allowed_record(call, escrow);
    if (error == KC_OK)
        error = body_read(escrow, &body);
    if (error == KC_OK)
        error = kc_recovery_open(body.record, secret, escrow->group, &seed);
    return error == KC_OK ? note_verified(call, escrow, &body) : error;
}

enum kc_error kc_vault_mesh_escrow_verify(struct kc_call *call)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX]; /* secret */
    size_t size = 0;
    enum kc_error error = combine(call, secret, &size);
    if (error == KC_OK)
        error = verify(call, (struct kc_span){secret, size});
    kc_wipe(secret, sizeof secret);
    return error;
}

/* --- mesh-escrow-recover --- */

static uint8_t role_of(const struct kc_recovery_seed *seed)
{
    unsigned type = kc_mesh_seed_type((struct kc_span){seed->octets, seed->size});
    return type == KC_MESH_SEED_PROFILE_ACCOUNT ? KC_ROLE_ACCOUNT : KC_ROLE_BASE;
}

/* The profile is taken along if the request has it: signed by itself, and the one that is expected. */
static enum kc_error check_profile(
    struct kc_call *call, const char *expected, struct kc_span profile)
{
    struct kc_signed_object object;
    if (profile.size == 0)
        return KC_OK;
    enum kc_error error = kc_signed_object_open_profile(
        profile, KC_RECORD_BODY_MAX, KC_OBJECT_Profile, expected, kc_mesh_verify, &object, NULL);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : wrong_field(call, KC_FIELD_PROFILE);
    kc_signed_object_done(&object);
    return KC_OK;
}

/* A seed that was retired here has its tombstone, which this takes the place of. */
static enum kc_error place_of(struct kc_call *call, const char *id, struct kc_record *wanted)
{
    struct kc_record *found;
    enum kc_error error = kc_call_record(
        call, KC_KIND_SEED, (struct kc_span){(const uint8_t *)id, strlen(id)}, &found);
    if (error == KC_ERR_REFUSED)
        return KC_OK;
    if (error == KC_OK && found->state != KC_STATE_DESTROYED)
        return KC_ERR_EXISTS;
    if (error == KC_OK) {
        wanted->version = found->version;
        memcpy(wanted->mac, found->mac, sizeof wanted->mac);
    }
    return error;
}

/* What is to be stored: named, and where nothing is yet. */
static enum kc_error name_seed(
    struct kc_call *call, const struct kc_recovery_seed *seed, struct kc_record *wanted)
{
    struct kc_point public;
    KC_AUTO_DATA profile = {0};
    wanted->role = role_of(seed);
    enum kc_error error = kc_call_allowed_record(call, wanted);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = check_profile(call, seed->profile.udf, profile.span);
    if (error == KC_OK)
        error = kc_point_decode(&public, seed->signing, seed->profile.octets, seed->profile.size);
    if (error == KC_OK)
        error = kc_record_of_public(wanted, &public);
    return error == KC_OK ? place_of(call, wanted->id, wanted) : error;
}

static enum kc_error stage_seed(
    struct kc_call *call, struct kc_record *wanted, const struct kc_recovery_seed *seed)
{
    struct kc_record *staged;
    KC_AUTO_SECRET secret = {0};
    KC_AUTO_DATA profile = {0};
    enum kc_error error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = kc_secret_init(&secret, seed->size);
    if (error != KC_OK)
        return error;
    memcpy(secret.bytes, seed->octets, seed->size);
    wanted->body = profile.span;
    error = kc_call_stage_seed(call, wanted, &secret, &staged);
    if (error == KC_OK)
        kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", staged->id));
    return error;
}

/* The record that the request brings, or that of an escrow here. */
static enum kc_error open_record(
    struct kc_call *call, struct kc_span secret, struct kc_recovery_seed *seed)
{
    char profile[KC_RECORD_ID_SIZE];
    KC_AUTO_DATA document = {0};
    struct kc_record *escrow;
    struct body body = {0};
    kc_call_text(call, KC_FIELD_KEY, profile, sizeof profile);
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    body.record = document.span;
    if (error == KC_OK && document.span.size == 0 && secret.size == KC_RECOVERY_KEY_SIZE) {
        error = find_of_shares(call, secret, &escrow);
        if (error == KC_OK)
            error = body_read(escrow, &body);
    }
    return error == KC_OK ? kc_recovery_open(body.record, secret, profile, seed) : error;
}

/* Everything that can be wrong, before anything is staged. */
static enum kc_error recover(
    struct kc_call *call, struct kc_record *wanted, struct kc_recovery_seed *seed)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX]; /* secret */
    size_t size = 0;
    enum kc_error error = combine(call, secret, &size);
    if (error == KC_OK)
        error = open_record(call, (struct kc_span){secret, size}, seed);
    kc_wipe(secret, sizeof secret);
    return error == KC_OK ? name_seed(call, seed, wanted) : error;
}

enum kc_error kc_vault_mesh_escrow_recover(struct kc_call *call)
{
    KC_AUTO_RECOVERY_SEED seed = {0};
    struct kc_record wanted = {.kind = KC_KIND_SEED,
        .residence = KC_RESIDENCE_SEALED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    bool proven = false;
    kc_call_text(call, KC_FIELD_KEYRING, wanted.keyring, sizeof wanted.keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted.label, sizeof wanted.label);
    kc_call_text(call, KC_FIELD_ACCOUNT, wanted.account, sizeof wanted.account);
    enum kc_error error = kc_call_allowed_keyring(call);
    if (error != KC_OK)
        return error;
    /* First, as it may wish for records, and a request that comes again would be tried again. */
    enum kc_error found = recover(call, &wanted, &seed);
    if (found != KC_OK && call->wish != KC_WISH_ANSWER)
        return found;
    kc_field_set detail = call->answer.values.present; /* for the operator alone */
    call->answer.values.present = 0;
    error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    if (found != KC_OK) {
        call->answer.values.present = detail;
        return kc_call_tell_operator(call, found);
    }
    call->wish = KC_WISH_COMMIT;
    return stage_seed(call, &wanted, &seed);
}
