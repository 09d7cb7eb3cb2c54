/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities of accounts: taken from the access catalog, and their shares. */
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/mesh.h"
#include "custodian/vault/operations.h"

#include "base/text.h"
#include "proto/hkdf.h"

#include <sodium.h>
#include <string.h>

#define KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES

/* --- shares: under the account's own key, whose destruction destroys all of them --- */

static enum kc_error derive_key(
    struct kc_call *call, const struct kc_record *account, uint8_t key[static KEY_SIZE])
{
    static const char purpose[] = "custodian vault: shares of an account, 1";
    KC_AUTO_SECRET seed = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, account, &seed);
    if (error != KC_OK)
        return error;
    return kc_hkdf(KC_HASH_SHA256, (struct kc_span){seed.bytes, seed.size},
        (struct kc_span){NULL, 0}, (struct kc_span){(const uint8_t *)purpose, sizeof purpose - 1},
        key, KEY_SIZE);
}

static enum kc_error decrypt_share(const struct kc_secret *boxed, const char *id,
    const uint8_t key[static KEY_SIZE], struct kc_scalar *share)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX]; /* secret */
    size_t size = kc_curve_info(share->curve)->scalar_size;
    enum kc_error error = KC_ERR_RECORD_DAMAGED;
    if (boxed->size == NONCE_SIZE + size + TAG_SIZE &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(octets, NULL, NULL, boxed->bytes + NONCE_SIZE,
            boxed->size - NONCE_SIZE, (const uint8_t *)id, strlen(id), boxed->bytes, key) == 0 &&
        kc_scalar_decode(share, share->curve, octets, size) == KC_OK)
        error = KC_OK;
    kc_wipe(octets, sizeof octets);
    return error;
}

enum kc_error kc_call_share(struct kc_call *call, const struct kc_record *account,
    const struct kc_record *record, struct kc_mesh_capability *capability)
{
    KC_AUTO_SECRET boxed = {0};
    uint8_t key[KEY_SIZE]; /* secret */
    if (!capability->has_share)
        return KC_OK;
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &boxed);
    if (error == KC_OK)
        error = derive_key(call, account, key);
    if (error == KC_OK)
        error = decrypt_share(&boxed, record->id, key, &capability->share);
    kc_wipe(key, sizeof key);
    return error;
}

static enum kc_error encrypt_share(struct kc_call *call, const struct kc_scalar *share,
    const char *id, const uint8_t key[static KEY_SIZE], struct kc_secret *boxed)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX]; /* secret */
    size_t size = kc_curve_info(share->curve)->scalar_size;
    enum kc_error error = kc_secret_init(boxed, NONCE_SIZE + size + TAG_SIZE);
    if (error == KC_OK)
        error = kc_entropy_fill(call->vault->entropy, boxed->bytes, NONCE_SIZE);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(share, octets);
    crypto_aead_xchacha20poly1305_ietf_encrypt(boxed->bytes + NONCE_SIZE, NULL, octets, size,
        (const uint8_t *)id, strlen(id), NULL, boxed->bytes, key);
    kc_wipe(octets, sizeof octets);
    return KC_OK;
}

enum kc_error kc_call_protect_share(struct kc_call *call, const struct kc_record *account,
    struct kc_record *staged, const struct kc_mesh_capability *capability)
{
    KC_AUTO_SECRET boxed = {0};
    uint8_t key[KEY_SIZE]; /* secret */
    if (!capability->has_share)
        return kc_keeper_protect(call->vault->keeper, staged, NULL);
    enum kc_error error = derive_key(call, account, key);
    if (error == KC_OK)
        error = encrypt_share(call, &capability->share, staged->id, key, &boxed);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, &boxed);
    kc_wipe(key, sizeof key);
    return error;
}

/* --- mesh-capability-accept --- */

/* The entry of a frame, what there is of its id already, and the keys to read it with. */
struct entry {
    const struct kc_mesh_verified *verified;
    struct kc_mesh_update update;
    char udf[KC_UDF_ID_SIZE];             /* of the service */
    struct kc_record *former;             /* NULL: there is none */
    struct kc_mesh_granted before;        /* secret, once its share is opened */
    struct kc_mesh_capability capability; /* secret */
};

static enum kc_error find_former(struct kc_call *call, struct entry *entry)
{
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_capability_record_id(entry->verified->bound.account.udf, entry->update.id, id);
    enum kc_error error = kc_call_record(call, KC_KIND_CAPABILITY,
        (struct kc_span){(const uint8_t *)id, strlen(id)}, &entry->former);
    if (error == KC_ERR_REFUSED) {
        entry->former = NULL;
        return KC_OK;
    }
    return error == KC_OK ? kc_mesh_granted_read(entry->former, &entry->before) : error;
}

/* By this key or, for an entry of a generation that knows no other, by the service's. */
static enum kc_error read_by(
    struct kc_call *call, struct entry *entry, bool updates, const struct kc_key *key)
{
    KC_AUTO_KEY custodian = {0};
    struct kc_public_key public;
    const struct kc_mesh_account *account = &entry->verified->bound.account;
    enum kc_error error =
        kc_call_service_key(call, entry->verified->service, KC_MESH_CUSTODIAN, &custodian);
    if (error == KC_OK)
        error = kc_mesh_public_key(&custodian.public, &public);
    if (error != KC_OK)
        return error;
    struct kc_mesh_service service = {
        .udf = entry->udf, .key = key, .custodian = &public, .now = (int64_t)kc_call_now(call)};
    return updates ? kc_mesh_capability_update(entry->update.frame, account, &service,
                         &entry->before.capability, &entry->capability)
                   : kc_mesh_capability_read(
                         entry->update.frame, account, &service, &entry->capability);
}

static enum kc_error read_entry(struct kc_call *call, struct entry *entry, bool updates)
{
    KC_AUTO_KEY own = {0}, service = {0};
    enum kc_error error = kc_call_account_key(call, entry->verified->account, &own);
    if (error == KC_OK)
        error = read_by(call, entry, updates, &own);
    if (error != KC_ERR_DECRYPTION)
        return error;
    error =
        kc_call_service_key(call, entry->verified->service, KC_MESH_SERVICE_ENCRYPTION, &service);
    return error == KC_OK ? read_by(call, entry, updates, &service) : error;
}

/* Whether an Id or a share was there once and is not to come back. */
static enum kc_error check_revoked(struct kc_call *call, const struct entry *entry)
{
    char name[KC_MESH_SHARE_NAME_SIZE];
    bool is_revoked = false;
    const char *udf = entry->verified->bound.account.udf;
    enum kc_error error = kc_call_is_revoked(
        call, KC_MESH_REVOKED_CAPABILITY, udf, entry->capability.id, &is_revoked);
    if (error == KC_OK && !is_revoked && entry->capability.has_share) {
        kc_mesh_share_name(&entry->capability, name);
        error = kc_call_is_revoked(call, KC_MESH_REVOKED_SHARE, udf, name, &is_revoked);
    }
    return error == KC_OK && is_revoked ? KC_ERR_REFUSED : error;
}

void kc_mesh_capability_describe(
    const struct kc_mesh_capability *capability, struct kc_record *record)
{
    record->kind = KC_KIND_CAPABILITY;
    kc_mesh_capability_record_id(capability->account_udf, capability->id, record->id);
    KC_TEXT_COPY_ARRAY(record->group, capability->account_udf);
    record->state = KC_STATE_ACTIVE;
    record->residence = capability->has_share ? KC_RESIDENCE_WRAPPED : KC_RESIDENCE_NONE;
    if (capability->has_share) {
        record->algorithm = (uint8_t)capability->share.curve;
        record->public_size = (uint16_t)kc_curve_info(capability->share.curve)->point_size;
        memcpy(record->public_key, capability->own, record->public_size);
    }
}

static enum kc_error stage_capability(
    struct kc_call *call, const struct entry *entry, struct kc_record **staged)
{
    const struct kc_mesh_capability *capability = &entry->capability;
    const struct kc_record *account = entry->verified->account;
    struct kc_record wanted = {.created = kc_call_now(call)};
    struct kc_mesh_granted granted = {
        .capability = *capability, .binding = entry->verified->bound.binding};
    if (entry->former) {
        wanted = *entry->former;
        granted.usage = entry->before.usage;
    }
    kc_mesh_capability_describe(capability, &wanted);
    enum kc_error error = kc_call_stage_or_wait(call, &wanted, staged);
    if (error == KC_OK)
        error = kc_mesh_granted_write(call, *staged, &granted);
    kc_mesh_capability_wipe(&granted.capability);
    return error == KC_OK ? kc_call_protect_share(call, account, *staged, capability) : error;
}

/* The share that was there before is not to come back. */
static enum kc_error stage_former_share(struct kc_call *call, const struct entry *entry)
{
    char before[KC_MESH_SHARE_NAME_SIZE], after[KC_MESH_SHARE_NAME_SIZE];
    if (!entry->former || !entry->before.capability.has_share)
        return KC_OK;
    kc_mesh_share_name(&entry->before.capability, before);
    kc_mesh_share_name(&entry->capability, after);
    if (strcmp(before, after) == 0)
        return KC_OK;
    call->erases = true;
    return kc_call_stage_revocation(
        call, KC_MESH_REVOKED_SHARE, entry->verified->bound.account.udf, before);
}

/* Whether an entry says just what was accepted before: then nothing is to be done. */
static bool is_same(const struct kc_mesh_capability *a, const struct kc_mesh_capability *b)
{
    uint8_t kept[2][KC_MESH_CAPABILITY_KEPT_MAX];
    struct kc_writer w[2];
    for (size_t i = 0; i < 2; i++) {
        kc_writer_init(&w[i], kept[i], sizeof kept[i]);
        kc_mesh_capability_keep(&w[i], i == 0 ? a : b);
    }
    return !w[0].failed && !w[1].failed && w[0].size == w[1].size &&
           memcmp(kept[0], kept[1], w[0].size) == 0;
}

/* One of a later epoch takes the place of the former; the same again is fine. */
static enum kc_error update_former(struct kc_call *call, struct entry *entry, bool *is_done)
{
    if (!entry->before.is_active || entry->before.binding != entry->verified->bound.binding)
        return KC_ERR_REFUSED; /* a tombstone: it was revoked, or its account unbound */
    enum kc_error error =
        kc_call_share(call, entry->verified->account, entry->former, &entry->before.capability);
    if (error == KC_OK)
        error = read_entry(call, entry, true);
    *is_done = error == KC_ERR_EXISTS;
    if (error != KC_ERR_CONFLICT)
        return *is_done ? KC_OK : error;
    error = read_entry(call, entry, false);
    *is_done = error == KC_OK && is_same(&entry->before.capability, &entry->capability);
    return error == KC_OK && !*is_done ? KC_ERR_CONFLICT : error;
}

static enum kc_error accept_entry(struct kc_call *call, struct entry *entry)
{
    struct kc_record *staged;
    bool is_done = false;
    enum kc_error error =
        entry->former ? update_former(call, entry, &is_done) : read_entry(call, entry, false);
    if (error == KC_OK && !is_done)
        error = check_revoked(call, entry);
    if (error != KC_OK || is_done)
        return error;
    error = stage_former_share(call, entry);
    return error == KC_OK ? stage_capability(call, entry, &staged) : error;
}

static enum kc_error handle_entry(struct kc_call *call, const struct kc_mesh_verified *verified,
    const struct kc_mesh_update *update)
{
    struct entry *entry = kc_arena_allocate(sizeof *entry);
    if (!entry)
        return KC_ERR_NO_MEMORY;
    entry->verified = verified;
    entry->update = *update;
    enum kc_error error = kc_mesh_service_udf(verified->service, entry->udf);
    if (error == KC_OK)
        error = find_former(call, entry);
    if (error == KC_OK)
        error = accept_entry(call, entry);
    kc_arena_free(entry);
    return error;
}

/* Of the frames that the account's administrator signed: those with a capability that a service has
 * part in. */
static enum kc_error accept_frame(struct kc_call *call, const struct kc_mesh_verified *verified,
    struct kc_mesh_update *update, struct kc_mesh_subjects *subjects)
{
    if (update->deletes || !update->is_ours)
        return KC_OK;
    enum kc_error error = handle_entry(call, verified, update);
    return error == KC_OK ? kc_call_add_subject(subjects, update->id) : error;
}

enum kc_error kc_vault_mesh_capability_accept(struct kc_call *call)
{
    return kc_call_transact(call, KC_MESH_ACCESS, accept_frame, "accepted");
}

/* --- mesh-capability-list --- */

static const char *const types[] = {[KC_MESH_DECRYPT] = "CapabilityDecryptServiced",
    [KC_MESH_SIGN] = "CapabilitySign",
    [KC_MESH_GENERATE] = "CapabilityKeyGenerate"};

static void set_span(struct kc_values *values, enum kc_field field, struct kc_span span)
{
    kc_values_set_span(values, field, span.bytes, span.size);
}

static enum kc_error describe(
    struct kc_call *call, struct kc_values *values, const struct kc_record *record)
{
    struct kc_mesh_granted granted;
    struct kc_mesh_capability_texts texts;
    const struct kc_algorithm_info *info = kc_algorithm_info(record->algorithm);
    enum kc_error error = kc_mesh_granted_read(record, &granted);
    if (error == KC_OK)
        error = kc_mesh_granted_texts(record, &texts);
    if (error != KC_OK)
        return error;
    kc_values_set_text(values, KC_FIELD_OBJECT, record->id);
    set_span(values, KC_FIELD_CAPABILITY, texts.id);
    set_span(values, KC_FIELD_ACCOUNT_UDF, texts.account_udf);
    set_span(values, KC_FIELD_DEVICE, texts.grantee);
    kc_values_set_text(values, KC_FIELD_TAG, types[granted.capability.class]);
    kc_values_set_text(values, KC_FIELD_STATE, kc_state_text(record->state));
    kc_values_set_text(values, KC_FIELD_DETAIL,
        kc_call_print(call, "epoch %lld", (long long)granted.capability.epoch));
    kc_values_set_number(values, KC_FIELD_USES, granted.usage.total);
    kc_values_set_number(values, KC_FIELD_CREATED, record->created);
    if (info)
        kc_values_set_text(values, KC_FIELD_ALGORITHM, info->name);
    return KC_OK;
}

static bool is_listed(struct kc_call *call, const struct kc_record *capability)
{
    struct kc_mesh_capability_texts texts;
    if (capability->kind != KC_KIND_CAPABILITY || !kc_call_has(call, KC_FIELD_ACCOUNT_UDF))
        return capability->kind == KC_KIND_CAPABILITY;
    struct kc_span wanted = kc_call_field(call, KC_FIELD_ACCOUNT_UDF);
    return kc_mesh_granted_texts(capability, &texts) == KC_OK &&
           texts.account_udf.size == wanted.size &&
           memcmp(texts.account_udf.bytes, wanted.bytes, wanted.size) == 0;
}

enum kc_error kc_vault_mesh_capability_list(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe);
}
