/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the Mesh: made here, or by their maker; listed, shown, and destroyed. */
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- the device --- */

static bool is_device(const struct kc_record *seed)
{
    return seed->role == KC_ROLE_BASE;
}

enum kc_error kc_call_device_of(struct kc_call *call, const char *udf, struct kc_record **device)
{
    struct kc_record *found;
    enum kc_error error =
        kc_call_seed(call, (struct kc_span){(const uint8_t *)udf, strlen(udf)}, &found);
    if (error == KC_OK && !is_device(found))
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        *device = found;
    return error;
}

enum kc_error kc_call_device(struct kc_call *call, struct kc_record **device)
{
    char udf[KC_RECORD_ID_SIZE];
    kc_call_text(call, KC_FIELD_DEVICE, udf, sizeof udf);
    return kc_call_device_of(call, udf, device);
}

enum kc_error kc_call_device_keys(
    struct kc_call *call, const struct kc_record *device, struct kc_mesh_device_keys *keys)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        error = kc_call_seed_key(call, device, kc_mesh_device_names[i], &keys->of[i]);
    return error;
}

/* --- its accounts --- */

static const char *find_account(const char *lines, const char *account_udf)
{
    const char *at = strstr(lines, account_udf);
    return at && at[strlen(account_udf)] == '\n' ? at : NULL;
}

static void lines_of(const struct kc_record *device, char lines[KC_RECORD_ATTRIBUTES_MAX + 1])
{
    memcpy(lines, device->attributes, device->attributes_size);
    lines[device->attributes_size] = '\0';
}

bool kc_device_has_account(const struct kc_record *device, const char *account_udf)
{
    char lines[KC_RECORD_ATTRIBUTES_MAX + 1];
    lines_of(device, lines);
    return account_udf ? find_account(lines, account_udf) != NULL : lines[0] != '\0';
}

static enum kc_error add_line(char lines[KC_RECORD_ATTRIBUTES_MAX + 1], const char *account_udf)
{
    size_t count = 0, size = strlen(lines);
    for (const char *at = lines; *at != '\0'; at++)
        count += *at == '\n';
    if (count == KC_DEVICE_ACCOUNTS_MAX || size + KC_UDF_ID_SIZE > KC_RECORD_ATTRIBUTES_MAX)
        return KC_ERR_LIMIT;
    snprintf(lines + size, KC_RECORD_ATTRIBUTES_MAX + 1 - size, "%s\n", account_udf);
    return KC_OK;
}

static void remove_line(char *lines, const char *account_udf)
{
    char *at = strstr(lines, account_udf);
    if (at)
        memmove(at, at + strlen(account_udf) + 1, strlen(at + strlen(account_udf) + 1) + 1);
}

enum kc_error kc_call_device_account(struct kc_call *call, const struct kc_record *device,
    const char *account_udf, bool is_connected)
{
    char lines[KC_RECORD_ATTRIBUTES_MAX + 1];
    KC_AUTO_SECRET seed = {0};
    struct kc_record *staged;
    enum kc_error error = KC_OK;
    if (kc_device_has_account(device, account_udf) == is_connected)
        return KC_OK;
    lines_of(device, lines);
    if (is_connected)
        error = add_line(lines, account_udf);
    else
        remove_line(lines, account_udf);
    if (error == KC_OK)
        error = kc_keeper_open(call->vault->keeper, device, &seed);
    if (error == KC_OK)
        error = kc_call_stage(call, device, &staged);
    if (error != KC_OK)
        return error;
    memset(staged->attributes, 0, sizeof staged->attributes);
    staged->attributes_size = (uint16_t)strlen(lines);
    memcpy(staged->attributes, lines, staged->attributes_size);
    return kc_keeper_protect(call->vault->keeper, staged, &seed);
}

/* --- making --- */

static void describe(struct kc_values *values, const struct kc_record *device)
{
    kc_values_set_text(values, KC_FIELD_DEVICE, device->id);
    kc_values_set_text(values, KC_FIELD_KEYRING, device->keyring);
    kc_values_set_text(values, KC_FIELD_LABEL, device->label);
    kc_values_set_text(values, KC_FIELD_ALGORITHM, kc_algorithm_info(device->algorithm)->name);
    kc_values_set_text(values, KC_FIELD_STATE, kc_state_text(device->state));
    kc_values_set_number(values, KC_FIELD_VERSION, device->version);
    kc_values_set_number(values, KC_FIELD_CREATED, device->created);
}

static enum kc_error read_wanted(struct kc_call *call, struct kc_record *wanted)
{
    struct kc_span algorithm = kc_call_field(call, KC_FIELD_ALGORITHM);
    const struct kc_curve_info *curve =
        kc_call_has(call, KC_FIELD_ALGORITHM)
            ? kc_curve_by_name((const char *)algorithm.bytes, algorithm.size)
            : kc_curve_info(KC_CURVE_ED448);
    *wanted = (struct kc_record){.kind = KC_KIND_SEED,
        .role = KC_ROLE_BASE,
        .residence = KC_RESIDENCE_SEALED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    if (!curve || !curve->signs)
        return KC_ERR_BAD_ALGORITHM;
    if (kc_call_field(call, KC_FIELD_LABEL).size > KC_DEVICE_LABEL_MAX)
        return wrong_field(call, KC_FIELD_LABEL);
    wanted->algorithm = (uint8_t)curve->curve;
    kc_call_text(call, KC_FIELD_KEYRING, wanted->keyring, sizeof wanted->keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted->label, sizeof wanted->label);
    return kc_call_allowed_new(call, wanted);
}

/* A base key: derived of the seed when it is used. */
static enum kc_error stage_base_key(struct kc_call *call, const struct kc_record *device,
    enum kc_mesh_device_key which, const struct kc_key *key)
{
    struct kc_record wanted = {.role = KC_ROLE_BASE, .residence = KC_RESIDENCE_DERIVED}, *staged;
    struct kc_derived derived =
        kc_derived_of(KC_KIND_SEED, device->id, kc_mesh_device_names[which]);
    struct kc_values *item;
    memcpy(wanted.keyring, device->keyring, sizeof wanted.keyring);
    snprintf(wanted.label, sizeof wanted.label, "%.*s.%s", KC_DEVICE_LABEL_MAX, device->label,
        kc_mesh_device_operations[which]);
    enum kc_error error = kc_call_stage_key(call, &wanted, &derived, &key->public, NULL, &staged);
    if (error == KC_OK)
        error = kc_call_add_item(call, &item);
    if (error == KC_OK)
        kc_call_describe(call, item, staged);
    if (error == KC_OK)
        item->present =
            kc_field_set_and(item->present, kc_operations[call->in.message.operation].item);
    return error;
}

/* Refuses a device that was here before: its tombstones are not written over. */
static enum kc_error check_new(struct kc_call *call, const struct kc_record *wanted)
{
    struct kc_record *found;
    struct kc_span id = {(const uint8_t *)wanted->id, strlen(wanted->id)};
    enum kc_error error = kc_call_record(call, KC_KIND_SEED, id, &found);
    return error == KC_OK ? KC_ERR_EXISTS : error == KC_ERR_REFUSED ? KC_OK : error;
}

/* Stages all records of a new device. */
static enum kc_error stage_device(struct kc_call *call, struct kc_record *wanted,
    const struct kc_secret *seed, const struct kc_mesh_device_keys *keys, struct kc_span profile)
{
    struct kc_record *staged;
    wanted->body = profile;
    enum kc_error error = kc_call_stage_seed(call, wanted, seed, &staged);
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        error = stage_base_key(call, staged, (enum kc_mesh_device_key)i, &keys->of[i]);
    if (error == KC_OK)
        error = kc_call_set_data(call, KC_FIELD_DOCUMENT, staged->body);
    if (error != KC_OK)
        return error;
    describe(&call->answer.values, staged);
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

static enum kc_error make_profile(
    struct kc_call *call, const struct kc_mesh_device_keys *keys, char **profile, size_t *size)
{
    struct kc_mesh_source source = kc_call_mesh_source(call);
    char description[KC_MESH_DESCRIPTION_SIZE];
    if (kc_call_field(call, KC_FIELD_DETAIL).size >= sizeof description)
        return wrong_field(call, KC_FIELD_DETAIL);
    kc_call_text(call, KC_FIELD_DETAIL, description, sizeof description);
    return kc_mesh_device_profile_make(
        &source, keys, description[0] != '\0' ? description : NULL, profile, size);
}

enum kc_error kc_vault_mesh_device_create(struct kc_call *call)
{
    struct kc_record wanted;
    KC_AUTO_SECRET seed = {0};
    KC_AUTO_DEVICE_KEYS keys = {0};
    char *profile = NULL;
    size_t size = 0;
    enum kc_error error = read_wanted(call, &wanted);
    if (error == KC_OK)
        error = kc_call_make_seed(call, KC_MESH_SEED_PROFILE_DEVICE, &seed);
    if (error == KC_OK)
        error = kc_mesh_device_derive(
            (struct kc_span){seed.bytes, seed.size}, (enum kc_curve)wanted.algorithm, &keys);
    if (error == KC_OK)
        error = make_profile(call, &keys, &profile, &size);
    if (error == KC_OK)
        error = kc_record_of_public(&wanted, &keys.of[KC_MESH_DEVICE_PROFILE].public);
    wanted.use = KC_USE_NONE;
    if (error == KC_OK)
        error = stage_device(
            call, &wanted, &seed, &keys, (struct kc_span){(const uint8_t *)profile, size});
    free(profile);
    return error;
}

/* --- mesh-device-install --- */

/* Publication id, and what claims are checked with; a line each. */
static enum kc_error answer_publication(
    struct kc_call *call, const struct kc_mesh_preconfigured *read)
{
    char lines[KC_UDF_ID_SIZE + 2 * KC_EARL_SECRET_TEXT + 4]; /* secret */
    if (!read->has_publication)
        return KC_OK;
    int size = snprintf(
        lines, sizeof lines, "%s\n%s\n%s\n", read->publication, read->service, read->device);
    enum kc_error error =
        kc_call_set_secret(call, KC_FIELD_SECRET, (const uint8_t *)lines, (size_t)size);
    kc_wipe(lines, sizeof lines);
    return error;
}

static enum kc_error install(
    struct kc_call *call, struct kc_record *wanted, const struct kc_mesh_preconfigured *read)
{
    KC_AUTO_SECRET seed = {0};
    KC_AUTO_DEVICE_KEYS keys = {0};
    enum kc_error error = kc_secret_init(&seed, read->seed_size);
    if (error != KC_OK)
        return error;
    memcpy(seed.bytes, read->seed, read->seed_size);
    wanted->algorithm = (uint8_t)read->signing;
    error = kc_mesh_device_derive((struct kc_span){seed.bytes, seed.size}, read->signing, &keys);
    if (error == KC_OK)
        error = kc_record_of_public(wanted, &keys.of[KC_MESH_DEVICE_PROFILE].public);
    wanted->use = KC_USE_NONE;
    if (error == KC_OK)
        error = check_new(call, wanted);
    if (error == KC_OK)
        error = answer_publication(call, read);
    return error == KC_OK
               ? stage_device(call, wanted, &seed, &keys,
                     (struct kc_span){(const uint8_t *)read->profile, read->profile_size})
               : error;
}

enum kc_error kc_vault_mesh_device_install(struct kc_call *call)
{
    struct kc_record wanted;
    KC_AUTO_SECRET document = {0};
    struct kc_mesh_preconfigured *read = kc_arena_allocate(sizeof *read);
    if (!read)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = read_wanted(call, &wanted);
    if (error == KC_OK)
        error = kc_call_secret(call, KC_FIELD_INPUT, 1, kc_fields[KC_FIELD_INPUT].most, &document);
    if (error == KC_OK)
        error =
            kc_mesh_preconfiguration_read((struct kc_span){document.bytes, document.size}, read);
    if (error == KC_OK)
        error = install(call, &wanted, read);
    kc_mesh_preconfigured_done(read);
    kc_arena_free(read);
    return error;
}

/* --- list, show --- */

static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    return record->kind == KC_KIND_SEED && is_device(record) && record->state == KC_STATE_ACTIVE &&
           kc_call_text_fits(call, KC_FIELD_KEYRING, record->keyring) &&
           kc_call_text_fits(call, KC_FIELD_LABEL, record->label) && kc_call_sees(call, record);
}

static enum kc_error describe_item(
    struct kc_call *call, struct kc_values *item, const struct kc_record *device)
{
    (void)call;
    describe(item, device);
    return KC_OK;
}

enum kc_error kc_vault_mesh_device_list(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe_item);
}

static enum kc_error show_connection(struct kc_call *call, const struct kc_record *device)
{
    char account_udf[KC_RECORD_ID_SIZE];
    struct kc_record *record;
    struct kc_composite composite;
    kc_call_text(call, KC_FIELD_ACCOUNT_UDF, account_udf, sizeof account_udf);
    enum kc_error error = kc_call_composite(call, device->id, account_udf, &record, &composite);
    if (error == KC_OK && (!record || record->state != KC_STATE_ACTIVE))
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_set_data(call, KC_FIELD_DOCUMENT, composite.connection);
    if (error == KC_OK)
        error = kc_call_set_data(call, KC_FIELD_PROFILE, composite.account_profile);
    if (error == KC_OK)
        kc_call_set_text(call, KC_FIELD_ACCOUNT, record->account);
    return error;
}

static enum kc_error list_accounts(struct kc_call *call, const struct kc_record *device)
{
    char lines[KC_RECORD_ATTRIBUTES_MAX + 1];
    char *rest = lines;
    lines_of(device, lines);
    for (char *line = strsep(&rest, "\n"); line && *line != '\0'; line = strsep(&rest, "\n")) {
        struct kc_values *item;
        enum kc_error error = kc_call_add_item(call, &item);
        if (error != KC_OK)
            return error;
        kc_values_set_text(item, KC_FIELD_ACCOUNT_UDF, kc_call_print(call, "%s", line));
    }
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
    return KC_OK;
}

enum kc_error kc_vault_mesh_device_show(struct kc_call *call)
{
    struct kc_record *device;
    enum kc_error error = kc_call_device(call, &device);
    if (error != KC_OK)
        return error;
    if (kc_call_has(call, KC_FIELD_ACCOUNT_UDF))
        error = show_connection(call, device);
    else
        error = kc_call_set_data(call, KC_FIELD_DOCUMENT, device->body);
    if (error == KC_OK)
        error = list_accounts(call, device);
    if (error == KC_OK)
        describe(&call->answer.values, device);
    return error;
}

/* --- mesh-device-destroy --- */

static enum kc_error find_base_keys(struct kc_call *call, const struct kc_record *device,
    struct kc_record *found[KC_MESH_DEVICE_KEYS])
{
    KC_AUTO_DEVICE_KEYS keys = {0};
    enum kc_error error = kc_call_device_keys(call, device, &keys);
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++) {
        struct kc_record named = {0};
        error = kc_record_of_public(&named, &keys.of[i].public);
        if (error == KC_OK)
            error = kc_call_own_key(call, named.id, &found[i]);
        if (error == KC_ERR_UNAVAILABLE && call->wish == KC_WISH_NEED &&
            i + 1 < KC_MESH_DEVICE_KEYS)
            error = KC_OK; /* all that are needed, at once */
    }
    return error == KC_OK && call->wish == KC_WISH_NEED ? KC_ERR_UNAVAILABLE : error;
}

/* The seed, and with it all that is derived of it. */
enum kc_error kc_vault_mesh_device_destroy(struct kc_call *call)
{
    struct kc_record *device, *keys[KC_MESH_DEVICE_KEYS] = {NULL};
    enum kc_error error = kc_call_device(call, &device);
    if (error == KC_OK && kc_device_has_account(device, NULL)) {
        kc_call_set_text(call, KC_FIELD_DETAIL, "device: it is connected to an account");
        return KC_ERR_BAD_ARGUMENT;
    }
    if (error == KC_OK)
        error = find_base_keys(call, device, keys);
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        if (keys[i] && keys[i]->state != KC_STATE_DESTROYED)
            error = kc_call_destroy(call, keys[i]);
    if (error == KC_OK)
        error = kc_call_destroy(call, device);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[call->change_count - 1].version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
