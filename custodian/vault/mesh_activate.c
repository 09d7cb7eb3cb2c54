/* SPDX-License-Identifier: Apache-2.0 */
/* A device is connected to an account: what the administrator answered is read, and kept whole or not
 * at all. */
#include "custodian/mesh/activation.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/operations.h"

#include <stdio.h>
#include <string.h>

#define PREFIX_SHOWN 9      /* characters of an account's UDF in labels: two groups */
#define STORE_NAME_SHOWN 21 /* characters of a store's name in a label: all of the usual ones */

/* All that one activation is about. */
struct activation {
    struct kc_record *device, *pending_record, *former; /* former: NULL, or the connection before */
    struct kc_pending pending;
    struct kc_composite before, now;
    char id[KC_UDF_ID_SIZE]; /* of the connection's record */
    struct kc_mesh_device_keys base;
    struct kc_mesh_activated read;
};

static void wipe(struct activation *a)
{
    kc_mesh_device_keys_wipe(&a->base);
    kc_mesh_activated_done(&a->read);
    kc_arena_free(a);
}

/* Somebody has compared the witness, or knew before whose account it is; a PIN makes the administrator
 * sure of the device, and he answers for the rest. Without any of them nothing is connected. */
static enum kc_error check_confirmed(struct kc_call *call, const struct kc_pending *pending)
{
    char said[KC_RECORD_ID_SIZE + 1];
    if (pending->acknowledged.witness[0] == '\0')
        return KC_ERR_WITNESS;
    if (!kc_call_has(call, KC_FIELD_WITNESS))
        return pending->is_confirmed || pending->has_pin || pending->known.account_udf[0] != '\0'
                   ? KC_OK
                   : KC_ERR_WITNESS;
    kc_call_text(call, KC_FIELD_WITNESS, said, sizeof said);
    return kc_mesh_witness_is(pending->acknowledged.witness, said) ? KC_OK : KC_ERR_WITNESS;
}

/* "Explicit owner confirmation for a second account." */
static enum kc_error check_second(struct kc_call *call, const struct activation *a)
{
    bool is_second = kc_device_has_account(a->device, NULL) &&
                     !kc_device_has_account(a->device, a->pending.acknowledged.account_udf);
    bool is_confirmed = kc_call_has(call, KC_FIELD_CONFIRM) &&
                        call->in.message.values.value[KC_FIELD_CONFIRM].number != 0;
    if (!is_second || is_confirmed)
        return KC_OK;
    kc_call_set_text(call, KC_FIELD_DETAIL, "confirm: the device is connected to another account");
    return KC_ERR_BAD_ARGUMENT;
}

static enum kc_error find_all(struct kc_call *call, struct activation *a)
{
    enum kc_error error = kc_call_pending(call, &a->pending_record, &a->pending);
    if (error == KC_OK)
        error = check_confirmed(call, &a->pending);
    if (error == KC_OK)
        error = kc_call_device_of(call, a->pending.device, &a->device);
    if (error == KC_OK)
        error = check_second(call, a);
    if (error == KC_OK)
        error = kc_mesh_composite_id(a->device->id, a->pending.acknowledged.account_udf, a->id);
    if (error == KC_OK)
        error = kc_call_composite(
            call, a->device->id, a->pending.acknowledged.account_udf, &a->former, &a->before);
    return error == KC_OK ? kc_call_device_keys(call, a->device, &a->base) : error;
}

static enum kc_error read_response(struct kc_call *call, struct activation *a)
{
    KC_AUTO_DATA document = {0};
    struct kc_mesh_awaited awaited = {.base = &a->base,
        .account_profile = a->pending.account_profile,
        .account_udf = a->pending.acknowledged.account_udf,
        .response_id = a->pending.acknowledged.response_id,
        .epoch = a->former ? (int64_t)a->before.epoch : 0};
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    return error == KC_OK ? kc_mesh_activation_read(document.span, &awaited, &a->read) : error;
}

/* --- what is staged --- */

static enum kc_error add_key_item(struct kc_call *call, const struct kc_record *key)
{
    struct kc_values *item;
    enum kc_error error = kc_call_add_item(call, &item);
    if (error != KC_OK)
        return error;
    kc_call_describe(call, item, key);
    item->present = kc_field_set_and(item->present, kc_operations[call->in.message.operation].item);
    return KC_OK;
}

static void name_key(struct activation *a, struct kc_record *wanted, const char *what)
{
    memcpy(wanted->keyring, a->device->keyring, sizeof wanted->keyring);
    snprintf(wanted->account, sizeof wanted->account, "%.*s", (int)sizeof wanted->account - 1,
        a->read.account);
    snprintf(wanted->label, sizeof wanted->label, "%.*s/%.*s/%s", KC_DEVICE_LABEL_MAX,
        a->device->label, PREFIX_SHOWN, a->pending.acknowledged.account_udf, what);
}

static enum kc_error note_key(struct activation *a, const struct kc_record *key)
{
    if (a->now.key_count == KC_DEVICE_KEYS_MAX)
        return KC_ERR_LIMIT;
    memcpy(a->now.keys[a->now.key_count++], key->id, sizeof key->id);
    return KC_OK;
}

/* A record that there was before, destroyed, comes again as a version of its own. */
static void follow(struct kc_record *wanted, const struct kc_record *former)
{
    if (!former)
        return;
    wanted->version = former->version;
    memcpy(wanted->mac, former->mac, sizeof wanted->mac);
}

static bool is_here(const struct kc_record *key)
{
    return key && key->state != KC_STATE_DESTROYED;
}

/* The sum of the base key and the activation's: neither is kept a second time. */
static enum kc_error stage_composite_key(struct kc_call *call, struct activation *a,
    enum kc_mesh_device_key which, const struct kc_record *former)
{
    struct kc_record wanted = {.role = KC_ROLE_DEVICE, .residence = KC_RESIDENCE_DERIVED}, *staged;
    struct kc_derived derived =
        kc_derived_of(KC_KIND_SEED, a->device->id, kc_mesh_device_names[which]);
    kc_derived_add(&derived, KC_KIND_COMPOSITE, a->id, kc_mesh_activation_names[which]);
    name_key(a, &wanted, kc_mesh_device_operations[which]);
    follow(&wanted, former);
    enum kc_error error =
        kc_call_stage_key(call, &wanted, &derived, &a->read.composite[which], NULL, &staged);
    if (error == KC_OK)
        error = note_key(a, staged);
    return error == KC_OK ? add_key_item(call, staged) : error;
}

static void describe_share(
    const struct kc_mesh_activated_key *key, const char *group, struct kc_record *wanted)
{
    wanted->role = KC_ROLE_SHARE;
    wanted->class = KC_ROLE_ACCOUNT;
    wanted->index = KC_PARTY_FIRST;
    wanted->threshold = 2;
    wanted->dealer = 1; /* the administrator had the whole key */
    memcpy(wanted->group, group, strlen(group));
    kc_point_encode(&key->group, wanted->group_public);
    kc_point_encode(&key->peer, wanted->peer_public);
}

/* "CompleteAccountEncryptMMM_Contact" -> "MMM_Contact"; "CompleteAccountSign" -> "Account.Sign" */
static void what_of(const char *name, char what[KC_RECORD_TEXT_SIZE])
{
    const char *store = strstr(name, "MMM_");
    if (store)
        snprintf(what, KC_RECORD_TEXT_SIZE, "%.*s", STORE_NAME_SHOWN, store);
    else
        snprintf(what, KC_RECORD_TEXT_SIZE, "Account.%s", name + strlen("CompleteAccount"));
}

enum kc_error kc_call_stage_account_key(struct kc_call *call,
    const struct kc_mesh_activated_key *key, struct kc_record *wanted, struct kc_record **staged)
{
    struct kc_derived named = kc_derived_of(0, key->service_id, key->name);
    struct kc_record group = {0};
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_secret_init(&secret, key->secret_size);
    if (error == KC_OK && key->is_share)
        error = kc_record_of_public(&group, &key->group);
    if (error != KC_OK)
        return error;
    memcpy(secret.bytes, key->secret, key->secret_size);
    wanted->role = KC_ROLE_ACCOUNT;
    wanted->residence = KC_RESIDENCE_SEALED;
    if (key->is_share)
        describe_share(key, group.id, wanted);
    return kc_call_stage_key(call, wanted, &named, &key->public, &secret, staged);
}

static enum kc_error stage_account_key(struct kc_call *call, struct activation *a,
    const struct kc_mesh_activated_key *key, const struct kc_record *former)
{
    struct kc_record wanted = {0}, *staged;
    char what[KC_RECORD_TEXT_SIZE];
    what_of(key->name, what);
    name_key(a, &wanted, what);
    follow(&wanted, former);
    enum kc_error error = kc_call_stage_account_key(call, key, &wanted, &staged);
    if (error == KC_OK)
        error = note_key(a, staged);
    return error == KC_OK ? add_key_item(call, staged) : error;
}

/* --- what there is already --- */

/* Records that the activation meets: of the keys of the connection before, and of those it brings. */
struct met {
    struct kc_record *former[KC_DEVICE_KEYS_MAX];
    struct kc_record *composite[KC_DEVICE_KEYS_MAX];
    struct kc_record *account[KC_DEVICE_KEYS_MAX];
};

static enum kc_error id_of(const struct kc_point *point, char id[KC_RECORD_ID_SIZE])
{
    struct kc_record named = {0};
    enum kc_error error = kc_record_of_public(&named, point);
    memcpy(id, named.id, KC_RECORD_ID_SIZE);
    return error;
}

static enum kc_error meet_composite(struct kc_call *call, struct activation *a, struct met *met)
{
    char ids[KC_MESH_DEVICE_KEYS][KC_RECORD_ID_SIZE] = {{0}};
    enum kc_error error = KC_OK;
    for (size_t i = KC_MESH_DEVICE_SIGN; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        error = id_of(&a->read.composite[i], ids[i]);
    return error == KC_OK ? kc_call_find_keys(call, ids + KC_MESH_DEVICE_SIGN,
                                KC_MESH_DEVICE_KEYS - KC_MESH_DEVICE_SIGN,
                                met->composite + KC_MESH_DEVICE_SIGN)
                          : error;
}

static enum kc_error meet_account(struct kc_call *call, struct activation *a, struct met *met)
{
    char ids[KC_MESH_ACTIVATED_KEYS_MAX][KC_RECORD_ID_SIZE];
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < a->read.key_count; i++)
        error = id_of(&a->read.keys[i].public, ids[i]);
    return error == KC_OK ? kc_call_find_keys(call, ids, a->read.key_count, met->account) : error;
}

/* All that is lacked is asked for at once. */
static enum kc_error meet(struct kc_call *call, struct activation *a, struct met *met)
{
    enum kc_error outcome =
        kc_call_find_keys(call, a->before.keys, a->before.key_count, met->former);
    enum kc_error error = meet_composite(call, a, met);
    outcome = outcome == KC_OK ? error : outcome;
    error = meet_account(call, a, met);
    return outcome == KC_OK ? error : outcome;
}

/* Of the connection before, the composite keys go, unless they are the new ones too, and the keys of
 * the account stay its keys. */
static enum kc_error stage_former_keys(
    struct kc_call *call, struct activation *a, const struct met *met)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < a->before.key_count; i++) {
        struct kc_record *key = met->former[i];
        if (!is_here(key))
            continue;
        if (key->role != KC_ROLE_DEVICE)
            error = note_key(a, key);
        else if (key != met->composite[KC_MESH_DEVICE_SIGN] &&
                 key != met->composite[KC_MESH_DEVICE_ENCRYPT] &&
                 key != met->composite[KC_MESH_DEVICE_AUTHENTICATE])
            error = kc_call_destroy(call, key);
    }
    return error;
}

static bool is_former(
    const struct activation *a, const struct met *met, const struct kc_record *key)
{
    for (size_t i = 0; i < a->before.key_count; i++)
        if (met->former[i] == key)
            return true;
    return false;
}

/* A key that is there for another account would end with whichever of them is left first. */
static enum kc_error stage_composite_keys(
    struct kc_call *call, struct activation *a, const struct met *met)
{
    enum kc_error error = KC_OK;
    for (size_t i = KC_MESH_DEVICE_SIGN; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++) {
        if (is_here(met->composite[i]))
            error = is_former(a, met, met->composite[i]) ? note_key(a, met->composite[i])
                                                         : KC_ERR_ACTIVATION;
        else
            error = stage_composite_key(call, a, (enum kc_mesh_device_key)i, met->composite[i]);
    }
    return error;
}

/* One that is here already stays as it is: an administrator's custodian may be the device's too. */
static enum kc_error stage_account_keys(
    struct kc_call *call, struct activation *a, const struct met *met)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < a->read.key_count; i++)
        if (!is_here(met->account[i]))
            error = stage_account_key(call, a, &a->read.keys[i], met->account[i]);
    return error;
}

static enum kc_error stage_connection(struct kc_call *call, struct activation *a)
{
    struct kc_record wanted = {.kind = KC_KIND_COMPOSITE,
        .role = a->device->role,
        .algorithm = a->device->algorithm,
        .residence = KC_RESIDENCE_SEALED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    struct kc_record *staged;
    KC_AUTO_SECRET seed = {0};
    memcpy(wanted.id, a->id, sizeof a->id);
    name_key(a, &wanted, "");
    memcpy(wanted.label, a->device->label, sizeof wanted.label);
    follow(&wanted, a->former);
    a->now.epoch = (uint64_t)a->read.epoch;
    a->now.connection =
        (struct kc_span){(const uint8_t *)a->read.connection, a->read.connection_size};
    a->now.account_profile = a->pending.account_profile;
    memcpy(a->now.device, a->device->id, sizeof a->now.device);
    memcpy(a->now.account_udf, a->pending.acknowledged.account_udf, sizeof a->now.account_udf);
    enum kc_error error = kc_secret_init(&seed, a->read.seed_size);
    if (error == KC_OK)
        error = kc_call_stage(call, &wanted, &staged);
    if (error == KC_OK)
        error = kc_call_put_composite(call, staged, &a->now);
    if (error != KC_OK)
        return error;
    memcpy(seed.bytes, a->read.seed, a->read.seed_size);
    return kc_keeper_protect(call->vault->keeper, staged, &seed);
}

static enum kc_error stage_all(struct kc_call *call, struct activation *a)
{
    struct met met = {0};
    enum kc_error error = meet(call, a, &met);
    if (error == KC_OK)
        error = stage_former_keys(call, a, &met);
    if (error == KC_OK)
        error = stage_composite_keys(call, a, &met);
    if (error == KC_OK)
        error = stage_account_keys(call, a, &met);
    if (error == KC_OK)
        error = stage_connection(call, a);
    if (error == KC_OK)
        error = kc_call_device_account(call, a->device, a->now.account_udf, true);
    return error == KC_OK ? kc_call_end_pending(call, a->pending_record) : error;
}

static void answer(struct kc_call *call, const struct activation *a)
{
    kc_call_set_text(call, KC_FIELD_DEVICE, a->device->id);
    kc_call_set_text(call, KC_FIELD_ACCOUNT, kc_call_print(call, "%.128s", a->read.account));
    kc_call_set_text(call, KC_FIELD_ACCOUNT_UDF, kc_call_print(call, "%s", a->now.account_udf));
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
    call->wish = KC_WISH_COMMIT;
}

/* A rejection ends the request: its answer was that of the administrator. */
static enum kc_error reject(struct kc_call *call, const struct activation *a)
{
    enum kc_error error = kc_call_end_pending(call, a->pending_record);
    if (error != KC_OK)
        return error;
    call->outcome = KC_ERR_REJECTED;
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

enum kc_error kc_vault_mesh_device_activate(struct kc_call *call)
{
    struct activation *a = kc_arena_allocate(sizeof *a);
    if (!a)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = find_all(call, a);
    if (error == KC_OK)
        error = read_response(call, a);
    if (error == KC_ERR_REJECTED) {
        error = reject(call, a);
    } else if (error == KC_OK) {
        error = stage_all(call, a);
        if (error == KC_OK)
            answer(call, a);
    }
    wipe(a);
    return error;
}
