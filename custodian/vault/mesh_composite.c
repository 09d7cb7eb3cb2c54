/* SPDX-License-Identifier: Apache-2.0 */
/* A device is connected to an account, and leaves it. */
#include "custodian/mesh/activation.h"
#include "custodian/vault/mesh_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_SHOWN 9      /* characters of an account's UDF in labels: two groups */
#define STORE_NAME_SHOWN 21 /* characters of a store's name in a label: all of the usual ones */

/* --- the record --- */

enum kc_error kc_mesh_composite_id(
    const char *device, const char *account_udf, char id[KC_UDF_ID_SIZE])
{
    char both[2 * KC_RECORD_ID_SIZE];
    struct kc_udf_digest digest;
    int size = snprintf(both, sizeof both, "%s %s", device, account_udf);
    struct kc_span span = {(const uint8_t *)both, (size_t)size};
    enum kc_error error =
        kc_udf_content_digest(KC_HASH_SHA512, span, "custodian/composite", &digest);
    return error == KC_OK ? kc_udf_digest_present(&digest, KC_UDF_BITS, id, KC_UDF_ID_SIZE) : error;
}

static void write_text(struct kc_writer *w, const char *text)
{
    kc_writer_span(w, text, strlen(text));
}

static void read_text(struct kc_reader *r, char *text, size_t size)
{
    struct kc_span span = kc_reader_span(r, size - 1);
    memset(text, 0, size);
    if (span.size > 0)
        memcpy(text, span.bytes, span.size);
}

static void pack(struct kc_writer *w, const struct kc_composite *composite)
{
    write_text(w, composite->device);
    write_text(w, composite->account_udf);
    kc_writer_u64(w, composite->epoch);
    kc_writer_u32(w, (uint32_t)composite->key_count);
    for (size_t i = 0; i < composite->key_count; i++)
        write_text(w, composite->keys[i]);
    kc_writer_span(w, composite->connection.bytes, composite->connection.size);
    kc_writer_span(w, composite->account_profile.bytes, composite->account_profile.size);
}

static enum kc_error unpack(struct kc_span body, struct kc_composite *composite)
{
    struct kc_reader r;
    kc_reader_init(&r, body.bytes, body.size);
    read_text(&r, composite->device, sizeof composite->device);
    read_text(&r, composite->account_udf, sizeof composite->account_udf);
    composite->epoch = kc_reader_u64(&r);
    composite->key_count = kc_reader_count(&r, KC_DEVICE_KEYS_MAX, sizeof(uint32_t));
    for (size_t i = 0; i < composite->key_count; i++)
        read_text(&r, composite->keys[i], sizeof composite->keys[i]);
    composite->connection = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    composite->account_profile = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_call_composite(struct kc_call *call, const char *device, const char *account_udf,
    struct kc_record **record, struct kc_composite *composite)
{
    char id[KC_UDF_ID_SIZE];
    enum kc_error error = kc_mesh_composite_id(device, account_udf, id);
    if (error == KC_OK)
        error = kc_call_record(
            call, KC_KIND_COMPOSITE, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
    if (error == KC_ERR_REFUSED) {
        *record = NULL;
        return KC_OK;
    }
    return error == KC_OK ? unpack((*record)->body, composite) : error;
}

enum kc_error kc_call_put_composite(
    struct kc_call *call, struct kc_record *staged, const struct kc_composite *composite)
{
    uint8_t *room = malloc(KC_RECORD_BODY_MAX);
    struct kc_writer w;
    if (!room)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&w, room, KC_RECORD_BODY_MAX);
    pack(&w, composite);
    enum kc_error error = kc_writer_finish(&w) == KC_OK ? KC_OK : KC_ERR_TOO_LARGE;
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, (struct kc_span){room, w.size});
    free(room);
    return error;
}

/* --- the keys that it brought --- */

/* Records of keys by their ids, those that there are: all are asked for at once. */
static enum kc_error find_keys(struct kc_call *call, const char (*ids)[KC_RECORD_ID_SIZE],
    size_t count, struct kc_record *found[KC_DEVICE_KEYS_MAX])
{
    enum kc_error outcome = KC_OK;
    for (size_t i = 0; i < count; i++) {
        enum kc_error error = kc_call_own_key(call, ids[i], &found[i]);
        if (error != KC_OK)
            outcome = error;
        if (error != KC_OK && call->wish != KC_WISH_NEED)
            return error;
    }
    return outcome;
}

static bool is_ended(const struct kc_record *key, bool composite_only)
{
    return key && key->state != KC_STATE_DESTROYED &&
           (!composite_only || key->role == KC_ROLE_DEVICE);
}

enum kc_error kc_call_end_keys(
    struct kc_call *call, const struct kc_composite *composite, bool composite_only)
{
    struct kc_record *found[KC_DEVICE_KEYS_MAX] = {NULL};
    enum kc_error error = find_keys(call, composite->keys, composite->key_count, found);
    for (size_t i = 0; error == KC_OK && i < composite->key_count; i++)
        if (is_ended(found[i], composite_only))
            error = kc_call_destroy(call, found[i]);
    return error;
}

/* --- mesh-device-activate --- */

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
    item->present &= kc_operations[call->in.message.operation].item;
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

/* The sum of the base key and the activation's: neither is kept a second time. */
static enum kc_error stage_composite_key(
    struct kc_call *call, struct activation *a, enum kc_mesh_device_key which)
{
    struct kc_record wanted = {.role = KC_ROLE_DEVICE, .residence = KC_RESIDENCE_DERIVED}, *staged;
    struct kc_derived derived =
        kc_derived_of(KC_KIND_SEED, a->device->id, kc_mesh_device_names[which]);
    kc_derived_add(&derived, KC_KIND_COMPOSITE, a->id, kc_mesh_activation_names[which]);
    name_key(a, &wanted, kc_mesh_device_operations[which]);
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

static enum kc_error stage_account_key(struct kc_call *call, struct activation *a,
    const struct kc_mesh_activated_key *key, const struct kc_record *former)
{
    struct kc_record wanted = {.role = KC_ROLE_ACCOUNT, .residence = KC_RESIDENCE_SEALED}, *staged;
    struct kc_derived named = kc_derived_of(0, key->service_id, key->name);
    struct kc_record group = {0};
    char what[KC_RECORD_TEXT_SIZE];
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_secret_init(&secret, key->secret_size);
    if (error == KC_OK && key->is_share)
        error = kc_record_of_public(&group, &key->group);
    if (error != KC_OK)
        return error;
    memcpy(secret.bytes, key->secret, key->secret_size);
    if (key->is_share)
        describe_share(key, group.id, &wanted);
    what_of(key->name, what);
    name_key(a, &wanted, what);
    if (former) { /* what was destroyed when the device left comes again, as a version of its own */
        wanted.version = former->version;
        memcpy(wanted.mac, former->mac, sizeof wanted.mac);
    }
    error = kc_call_stage_key(call, &wanted, &named, &key->public, &secret, &staged);
    if (error == KC_OK)
        error = note_key(a, staged);
    return error == KC_OK ? add_key_item(call, staged) : error;
}

/* One that is here already stays as it is: an administrator's custodian may be the device's too. */
static enum kc_error stage_account_keys(struct kc_call *call, struct activation *a)
{
    char ids[KC_MESH_ACTIVATED_KEYS_MAX][KC_RECORD_ID_SIZE];
    struct kc_record *found[KC_DEVICE_KEYS_MAX] = {NULL};
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < a->read.key_count; i++) {
        struct kc_record named = {0};
        error = kc_record_of_public(&named, &a->read.keys[i].public);
        memcpy(ids[i], named.id, sizeof ids[i]);
    }
    if (error == KC_OK)
        error = find_keys(call, ids, a->read.key_count, found);
    for (size_t i = 0; error == KC_OK && i < a->read.key_count; i++)
        if (!found[i] || found[i]->state == KC_STATE_DESTROYED)
            error = stage_account_key(call, a, &a->read.keys[i], found[i]);
    return error;
}

/* Keys of the account that the connection brought before stay its keys. */
static enum kc_error keep_former_keys(struct kc_call *call, struct activation *a)
{
    struct kc_record *found[KC_DEVICE_KEYS_MAX] = {NULL};
    if (!a->former)
        return KC_OK;
    enum kc_error error = find_keys(call, a->before.keys, a->before.key_count, found);
    for (size_t i = 0; error == KC_OK && i < a->before.key_count; i++)
        if (found[i] && found[i]->state != KC_STATE_DESTROYED && found[i]->role != KC_ROLE_DEVICE)
            error = note_key(a, found[i]);
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
    if (a->former) {
        wanted.version = a->former->version;
        memcpy(wanted.mac, a->former->mac, sizeof wanted.mac);
    }
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
    enum kc_error error = a->former ? kc_call_end_keys(call, &a->before, true) : KC_OK;
    if (error == KC_OK)
        error = keep_former_keys(call, a);
    if (error == KC_OK)
        error = stage_account_keys(call, a);
    for (size_t i = KC_MESH_DEVICE_SIGN; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        error = stage_composite_key(call, a, (enum kc_mesh_device_key)i);
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
    call->answer.values.present |= KC_FIELD_BIT(KC_FIELD_ITEMS);
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

/* --- mesh-device-leave --- */

/* The activation's seed goes; what stays tells that there was a connection, and how new it was. */
static enum kc_error end_connection(
    struct kc_call *call, const struct kc_record *record, struct kc_composite *composite)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_destroy(call, record);
    if (error != KC_OK)
        return error;
    staged = &call->changes[call->change_count - 1];
    composite->key_count = 0;
    composite->connection = composite->account_profile = (struct kc_span){NULL, 0};
    error = kc_call_put_composite(call, staged, composite);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, NULL) : error;
}

enum kc_error kc_vault_mesh_device_leave(struct kc_call *call)
{
    struct kc_record *device, *record;
    struct kc_composite composite = {0};
    char account_udf[KC_RECORD_ID_SIZE];
    enum kc_error error = kc_call_device(call, &device);
    kc_call_text(call, KC_FIELD_ACCOUNT_UDF, account_udf, sizeof account_udf);
    if (error == KC_OK)
        error = kc_call_composite(call, device->id, account_udf, &record, &composite);
    if (error == KC_OK && (!record || record->state != KC_STATE_ACTIVE))
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_end_keys(call, &composite, false);
    if (error == KC_OK)
        error = end_connection(call, record, &composite);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[call->change_count - 1].version);
    error = kc_call_device_account(call, device, account_udf, false);
    call->wish = KC_WISH_COMMIT;
    return error;
}
