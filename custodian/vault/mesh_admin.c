/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and groups are made: a seed, the profile of its keys, and the request that binds it; and
 * are bound to another service later. */
#include "custodian/vault/mesh_admin.h"
#include "custodian/vault/access.h"
#include "custodian/vault/derived.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVES 6
#define LABEL_MAX 50 /* characters, so that those of its keys fit, too */

/* Leaf keys in the order of struct kc_mesh_account_keys; a group has the first three. */
static const struct {
    const char *name, *suffix; /* of the label of the key's record; NULL: it has none */
    uint8_t use;
} leaves[LEAVES] = {
    {KC_MESH_NAME_PROFILE, "profile", KC_USE_SIGN},
    {KC_MESH_NAME_ADMINISTRATOR, "administrator", KC_USE_SIGN},
    {KC_MESH_NAME_ENCRYPTION, "encrypt", KC_USE_AGREE},
    {KC_MESH_NAME_AUTHENTICATION, "authenticate", KC_USE_AGREE},
    {KC_MESH_NAME_SIGNATURE, "sign", KC_USE_SIGN},
    {KC_MESH_NAME_ESCROW, NULL, KC_USE_AGREE},
};

/* An account on its way. */
struct making {
    bool is_group;
    char address[KC_MESH_ADDRESS_SIZE];
    char service[KC_RECORD_TEXT_SIZE]; /* DNS name; or empty */
    char service_udf[KC_UDF_ID_SIZE];  /* or empty */
    enum kc_curve signing;
    struct kc_secret seed;
    struct kc_key keys[LEAVES]; /* secret */
    char *profile;
    size_t profile_size;
    int64_t former; /* time of the profile that this one takes the place of; 0: of none */
};

static void making_done(struct making *making)
{
    kc_secret_done(&making->seed);
    for (size_t i = 0; i < LEAVES; i++)
        kc_key_wipe(&making->keys[i]);
    free(making->profile);
}

/* A group neither authenticates nor signs; its escrow key it has as every account. */
static bool has_leaf(const struct making *making, size_t leaf)
{
    return !making->is_group || leaf < 3 || leaf == LEAVES - 1;
}

static enum kc_error wrong(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- what is asked for --- */

static enum kc_error curve_read(const struct kc_call *call, enum kc_curve *signing)
{
    struct kc_span name = kc_call_field(call, KC_FIELD_ALGORITHM);
    *signing = KC_CURVE_ED448;
    if (name.size == 0)
        return KC_OK;
    const struct kc_curve_info *info = kc_curve_by_name((const char *)name.bytes, name.size);
    if (!info || !info->signs)
        return KC_ERR_BAD_ALGORITHM;
    *signing = info->curve;
    return KC_OK;
}

/* The service that the account will name in its profile, and be bound by alone. */
static enum kc_error service_read(struct kc_call *call, struct making *making)
{
    KC_AUTO_DATA profile = {0};
    struct kc_mesh_provider provider;
    kc_call_text(call, KC_FIELD_SERVICE, making->service, sizeof making->service);
    if (!kc_call_has(call, KC_FIELD_PROFILE))
        return KC_OK;
    enum kc_error error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = kc_mesh_provider_read(
            profile.span, NULL, (struct kc_span){NULL, 0}, making->address, &provider);
    if (error == KC_OK)
        memcpy(making->service_udf, provider.udf, sizeof making->service_udf);
    return error;
}

static enum kc_error asked_read(struct kc_call *call, struct making *making)
{
    kc_call_text(call, KC_FIELD_ACCOUNT, making->address, sizeof making->address);
    if (!kc_mesh_address(making->address, making->address))
        return wrong(call, KC_FIELD_ACCOUNT);
    enum kc_error error = curve_read(call, &making->signing);
    return error == KC_OK ? service_read(call, making) : error;
}

/* --- what is made --- */

static enum kc_error keys_make(struct kc_call *call, struct making *making)
{
    enum kc_error error = kc_call_make_seed(call, KC_MESH_SEED_PROFILE_ACCOUNT, &making->seed);
    struct kc_span seed = {making->seed.bytes, making->seed.size};
    for (size_t i = 0; error == KC_OK && i < LEAVES; i++)
        if (has_leaf(making, i))
            error = kc_mesh_seed_key(
                seed, making->signing, KC_DERIVATION_CURRENT, leaves[i].name, &making->keys[i]);
    return error;
}

static enum kc_error profile_make(struct kc_call *call, struct making *making)
{
    struct kc_mesh_source source = kc_call_later_source(call, making->former);
    const struct kc_key *k = making->keys;
    struct kc_mesh_account_keys keys = {&k[0], &k[1], &k[2], &k[3], &k[4], &k[5]};
    if (making->is_group)
        keys.authentication = keys.signature = NULL;
    enum kc_error error = kc_mesh_profile_make(&source, making->is_group, &keys, making->address,
        making->service_udf[0] != '\0' ? making->service_udf : NULL, &making->profile,
        &making->profile_size);
    return error == KC_ERR_BAD_ARGUMENT ? wrong(call, KC_FIELD_ACCOUNT) : error;
}

/* --- what is kept --- */

static enum kc_error seed_stage(struct kc_call *call, const struct making *making,
    const struct kc_record *about, struct kc_record **staged)
{
    struct kc_record wanted = *about;
    enum kc_error error = kc_record_of_public(&wanted, &making->keys[0].public);
    wanted.kind = KC_KIND_SEED;
    wanted.use = KC_USE_NONE;
    kc_seed_set_pending(&wanted);
    wanted.body = (struct kc_span){(const uint8_t *)making->profile, making->profile_size};
    return error == KC_OK ? kc_call_stage_seed(call, &wanted, &making->seed, staged) : error;
}

static enum kc_error leaf_stage(struct kc_call *call, const struct making *making,
    const struct kc_record *about, const char *seed, size_t leaf)
{
    struct kc_record wanted = *about, *staged;
    struct kc_derived derived = kc_derived_of(KC_KIND_SEED, seed, leaves[leaf].name);
    wanted.residence = KC_RESIDENCE_DERIVED;
    (void)snprintf(
        wanted.label, sizeof wanted.label, "%.*s %s", LABEL_MAX, about->label, leaves[leaf].suffix);
    return kc_call_stage_key(call, &wanted, &derived, &making->keys[leaf].public, NULL, &staged);
}

static enum kc_error all_stage(
    struct kc_call *call, const struct making *making, const struct kc_record *about)
{
    struct kc_record *seed;
    enum kc_error error = seed_stage(call, making, about, &seed);
    for (size_t i = 0; error == KC_OK && i < LEAVES; i++)
        if (has_leaf(making, i) && leaves[i].suffix)
            error = leaf_stage(call, making, about, seed->id, i);
    if (error == KC_OK)
        kc_call_set_text(call, KC_FIELD_ACCOUNT_UDF, seed->id);
    return error;
}

/* --- what is told --- */

static enum kc_error bind_answer(struct kc_call *call, const struct making *making)
{
    char *text;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    struct kc_mesh_asker asker = {&making->keys[0], making->service, making->address};
    if (making->service[0] == '\0')
        return KC_OK;
    enum kc_error error = kc_mesh_bind_make(&source, &asker,
        (struct kc_span){(const uint8_t *)making->profile, making->profile_size}, &text, &size);
    if (error != KC_OK)
        return error;
    error = kc_call_set_data(call, KC_FIELD_REQUEST, (struct kc_span){(const uint8_t *)text, size});
    free(text);
    return error;
}

static enum kc_error make(
    struct kc_call *call, struct making *making, const struct kc_record *about)
{
    enum kc_error error = keys_make(call, making);
    if (error == KC_OK)
        error = profile_make(call, making);
    if (error == KC_OK)
        error = bind_answer(call, making);
    if (error == KC_OK)
        error = kc_call_answer_document(call, making->profile);
    if (error != KC_OK)
        return error;
    error = all_stage(call, making, about);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

static enum kc_error create(struct kc_call *call, bool group)
{
    __attribute__((cleanup(making_done))) struct making making = {.is_group = group};
    struct kc_record about = {.residence = KC_RESIDENCE_SEALED,
        .state = KC_STATE_ACTIVE,
        .role = KC_ROLE_ACCOUNT,
        .created = kc_call_now(call)};
    bool proven = false;
    kc_call_text(call, KC_FIELD_KEYRING, about.keyring, sizeof about.keyring);
    kc_call_text(call, KC_FIELD_LABEL, about.label, sizeof about.label);
    enum kc_error error = kc_call_allowed_new(call, &about);
    if (error == KC_OK)
        error = asked_read(call, &making);
    if (error == KC_OK && strlen(making.address) >= sizeof about.account)
        error = wrong(call, KC_FIELD_ACCOUNT);
    if (error == KC_OK && strlen(about.label) > LABEL_MAX)
        error = wrong(call, KC_FIELD_LABEL);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    memcpy(about.account, making.address, strlen(making.address));
    return make(call, &making, &about);
}

enum kc_error kc_vault_mesh_account_create(struct kc_call *call)
{
    return create(call, false);
}

enum kc_error kc_vault_mesh_group_create(struct kc_call *call)
{
    return create(call, true);
}

/* --- mesh-account-profile --- */

/* The seed of the two that has no escrow yet. */
static const struct kc_record *pending_of(const struct kc_administered *administered)
{
    return kc_seed_is_pending(administered->seed)         ? administered->seed
           : kc_seed_is_pending(administered->encryption) ? administered->encryption
                                                          : NULL;
}

enum kc_error kc_vault_mesh_account_profile(struct kc_call *call)
{
    struct kc_administered administered;
    enum kc_error error = kc_call_administered(call, &administered);
    if (error == KC_OK)
        error = kc_call_set_data(call, KC_FIELD_DOCUMENT, administered.profile);
    if (error != KC_OK)
        return error;
    const struct kc_record *pending = pending_of(&administered);
    kc_call_set_text(call, KC_FIELD_ACCOUNT_UDF, administered.seed->id);
    kc_call_set_text(call, KC_FIELD_ACCOUNT, administered.seed->account);
    kc_call_set_text(call, KC_FIELD_KEYRING, administered.seed->keyring);
    kc_call_set_text(call, KC_FIELD_LABEL, administered.seed->label);
    kc_call_set_number(call, KC_FIELD_CREATED, administered.seed->created);
    if (pending) {
        kc_call_set_text(call, KC_FIELD_ADVICE,
            "Make an escrow of the seed that key names: it is nowhere but in this custodian.");
        kc_call_set_text(call, KC_FIELD_KEY, pending->id);
    }
    return KC_OK;
}

/* --- mesh-account-move --- */

/* The keys that the account has already, in place of new ones. */
static enum kc_error keys_take(
    struct kc_call *call, const struct kc_administered *administered, struct making *making)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < LEAVES; i++)
        if (has_leaf(making, i))
            error = kc_call_leaf(call, administered, leaves[i].name, &making->keys[i]);
    return error;
}

static enum kc_error move(
    struct kc_call *call, const struct kc_administered *administered, struct making *making)
{
    enum kc_error error = keys_take(call, administered, making);
    if (error == KC_OK)
        error = profile_make(call, making);
    if (error == KC_OK)
        error = bind_answer(call, making);
    if (error == KC_OK)
        error = kc_call_answer_document(call, making->profile);
    if (error != KC_OK)
        return error;
    error = kc_call_restage_account(call, administered,
        (struct kc_span){(const uint8_t *)making->profile, making->profile_size}, NULL);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_account_move(struct kc_call *call)
{
    __attribute__((cleanup(making_done))) struct making making = {0};
    struct kc_administered administered;
    bool proven = false;
    enum kc_error error = kc_call_administered(call, &administered);
    if (error != KC_OK)
        return error;
    making.is_group = administered.is_group;
    making.former = administered.account.updated;
    memcpy(making.address, administered.account.address, sizeof making.address);
    error = service_read(call, &making);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    return error == KC_OK && proven ? move(call, &administered, &making) : error;
}
