/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/keys.h"

#include "base/text.h"
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/mesh/capability.h"
#include "proto/udf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_SIZE 65

/* A search: filters of key-list, and what is looked for. */
struct search {
    struct kc_cli *cli;
    struct kc_client *client;
    const char *keyring, *label, *role, *algorithm, *group, *state, *residence,
        *root; /* NULL: any */
};

static void text_of(const struct kc_values *values, enum kc_field field, char *text, size_t size)
{
    struct kc_span span = {NULL, 0};
    if (kc_values_has(values, field))
        span = values->value[field].span;
    size_t length = span.size < size ? span.size : size - 1;
    if (length > 0)
        memcpy(text, span.bytes, length);
    text[length] = '\0';
}

/* A public half in its algorithm's form. Of P-256 a share has its points compressed. */
static bool take_public(
    const struct kc_algorithm_info *info, struct kc_span public, uint8_t *octets)
{
    struct kc_point point;
    if (public.size == info->public_size) {
        memcpy(octets, public.bytes, public.size);
        return true;
    }
    if (info->algorithm != KC_ALGORITHM_P256 ||
        kc_point_decode(&point, KC_CURVE_P256, public.bytes, public.size) != KC_OK)
        return false;
    octets[0] = 4;
    memcpy(octets + 1, point.on_p256.x, sizeof point.on_p256.x);
    memcpy(octets + 1 + sizeof point.on_p256.x, point.on_p256.y, sizeof point.on_p256.y);
    return true;
}

/* False: the custodian describes a key that cannot be. */
static bool key_of(const struct kc_values *values, struct kc_cli_key *key)
{
    char role[16];
    memset(key, 0, sizeof *key);
    text_of(values, KC_FIELD_KEY, key->id, sizeof key->id);
    text_of(values, KC_FIELD_LABEL, key->label, sizeof key->label);
    text_of(values, KC_FIELD_KEYRING, key->keyring, sizeof key->keyring);
    text_of(values, KC_FIELD_STATE, key->state, sizeof key->state);
    key->confirmed = kc_values_has(values, KC_FIELD_CONFIRM);
    text_of(values, KC_FIELD_GROUP, key->group, sizeof key->group);
    text_of(values, KC_FIELD_ACCOUNT, key->account, sizeof key->account);
    text_of(values, KC_FIELD_CLASS, key->class, sizeof key->class);
    text_of(values, KC_FIELD_CAPABILITY, key->capability, sizeof key->capability);
    text_of(values, KC_FIELD_ROLE, role, sizeof role);
    key->dealt = strcmp(role, "quorum") == 0;
    text_of(values, KC_FIELD_ALGORITHM, key->public.algorithm, sizeof key->public.algorithm);
    if (kc_values_has(values, KC_FIELD_INDEX))
        key->index = (unsigned)values->value[KC_FIELD_INDEX].number;
    if (kc_values_has(values, KC_FIELD_THRESHOLD))
        key->threshold = (unsigned)values->value[KC_FIELD_THRESHOLD].number;
    enum kc_field field = kc_cli_key_is_share(key) ? KC_FIELD_GROUP_PUBLIC : KC_FIELD_PUBLIC;
    const struct kc_algorithm_info *info = kc_cli_public_info(&key->public);
    if (info == NULL || !kc_values_has(values, field) ||
        !take_public(info, values->value[field].span, key->public.octets))
        return false;
    key->public.size = info->public_size;
    key->public.whole = true;
    return true;
}

static void set_filter(struct kc_cli_call *call, enum kc_field field, const char *text)
{
    if (text != NULL)
        kc_cli_call_text(call, field, text);
}

static enum kc_error walk(const struct search *s, kc_cli_visitor *visit, void *context)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, s->cli, s->client, KC_OPERATION_KEY_LIST);
    set_filter(&call, KC_FIELD_KEYRING, s->keyring);
    set_filter(&call, KC_FIELD_LABEL, s->label);
    set_filter(&call, KC_FIELD_ROLE, s->role);
    set_filter(&call, KC_FIELD_ALGORITHM, s->algorithm);
    set_filter(&call, KC_FIELD_GROUP, s->group);
    set_filter(&call, KC_FIELD_STATE, s->state);
    set_filter(&call, KC_FIELD_RESIDENCE, s->residence);
    set_filter(&call, KC_FIELD_KEY_ROOT, s->root);
    return kc_cli_call_list(&call, visit, context);
}

/* Keeps the first key, and the ids of all. */
struct only {
    struct kc_cli_key key;
    size_t count;
    char ids[256];
};

struct found {
    struct only living, destroyed;
    bool wrong; /* the custodian described a key that cannot be */
};

static bool keep_only(void *context, const struct kc_values *item)
{
    struct found *found = context;
    bool destroyed = kc_values_text_is(item, KC_FIELD_STATE, "destroyed");
    struct only *only = destroyed ? &found->destroyed : &found->living;
    struct kc_cli_key key;
    if (!key_of(item, &key)) {
        found->wrong = true;
        return false;
    }
    if (only->count++ == 0)
        only->key = key;
    size_t used = strlen(only->ids);
    snprintf(only->ids + used, sizeof only->ids - used, "%s%s", used > 0 ? ", " : "", key.id);
    return true;
}

/* The only key that a search finds; a destroyed one if there is no other and it may be. */
static enum kc_error find_only(const struct search *s, const char *what, const char *name,
    bool destroyed_too, struct kc_cli_key *key)
{
    struct found found = {.wrong = false};
    enum kc_error error = walk(s, keep_only, &found);
    if (error != KC_OK)
        return error;
    if (found.wrong)
        return kc_cli_fail(s->cli, KC_ERR_BAD_REPLY, "the description of a key");
    struct only *only = &found.living;
    if (only->count == 0 && found.destroyed.count > 0) {
        only = &found.destroyed;
        if (!destroyed_too)
            return kc_cli_refuse(
                s->cli, KC_ERR_REFUSED, "the %s %s is destroyed: %s", what, name, only->ids);
    }
    if (only->count == 0)
        return kc_cli_refuse(
            s->cli, KC_ERR_REFUSED, "no %s %s at %s", what, name, kc_client_path(s->client));
    if (only->count > 1)
        return kc_cli_fail(s->cli, KC_ERR_BAD_ARGUMENT,
            "%s %s could be any of %s: name it by its id", what, name, only->ids);
    *key = only->key;
    return KC_OK;
}

static bool is_id(const char *name)
{
    struct kc_udf udf;
    struct kc_span text = {(const uint8_t *)name, strlen(name)};
    return text.size == KC_UDF_ID_SIZE - 1 && kc_udf_parse_canonical(text, &udf) == KC_OK;
}

static enum kc_error find_by_id(
    struct kc_cli *cli, struct kc_client *client, const char *id, struct kc_cli_key *key)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, cli, client, KC_OPERATION_KEY_SHOW);
    kc_cli_call_text(&call, KC_FIELD_KEY, id);
    enum kc_error error = kc_cli_call_try(&call);
    if (error == KC_OK && !key_of(&kc_cli_call_answer(&call)->values, key))
        error = KC_ERR_BAD_REPLY;
    return error;
}

static enum kc_error find_named(
    struct kc_cli *cli, const char *name, bool destroyed_too, struct kc_cli_key *key)
{
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error != KC_OK)
        return error;
    if (is_id(name) && find_by_id(cli, client, name, key) == KC_OK)
        return KC_OK;
    error = kc_cli_label_check(cli, name);
    if (error != KC_OK)
        return error;
    struct search search = {
        .cli = cli, .client = client, .keyring = cli->values[KC_CLI_KEYRING], .label = name};
    return find_only(&search, "key", name, destroyed_too, key);
}

enum kc_error kc_cli_key_find(struct kc_cli *cli, const char *name, struct kc_cli_key *key)
{
    return find_named(cli, name, false, key);
}

enum kc_error kc_cli_key_find_any(struct kc_cli *cli, const char *name, struct kc_cli_key *key)
{
    return find_named(cli, name, true, key);
}

void kc_cli_key_report(const struct kc_cli_call *call, const struct kc_cli_key *key,
    enum kc_error error, const char *together)
{
    if (kc_cli_key_is_share(key) && (error == KC_ERR_REFUSED || error == KC_ERR_BAD_ARGUMENT))
        (void)kc_cli_refuse(call->cli, error, "the key %s is split and here is one share of it: %s",
            key->group, key->dealt ? KC_CLI_HOLDERS_SIGN : together);
    else if (error == KC_ERR_REFUSED && strcmp(key->state, "active") != 0)
        (void)kc_cli_refuse(call->cli, error, "the key %s is %s", key->id, key->state);
    else
        kc_cli_call_report(call, error);
}

enum kc_error kc_cli_key_find_share(
    struct kc_cli *cli, struct kc_client *client, const char *group, struct kc_cli_key *key)
{
    struct search search = {.cli = cli, .client = client, .group = group, .state = "active"};
    return find_only(&search, "share of", group, false, key);
}

enum kc_error kc_cli_key_find_wrap(struct kc_cli *cli, struct kc_cli_key *key)
{
    struct search search = {.cli = cli, .role = "wrap", .state = "active"};
    if (kc_cli_given(cli, KC_CLI_WITH))
        return kc_cli_key_find(cli, cli->values[KC_CLI_WITH], key);
    enum kc_error error = kc_cli_custodian(cli, &search.client);
    return error != KC_OK ? error : find_only(&search, "wrap key", "(see --with)", false, key);
}

/* A key that is, or has a share of, the one that an id names with either sign. */
struct recipient {
    const char *id;
    struct kc_cli_key key;
    bool found;
};

static bool keep_recipient(void *context, const struct kc_values *item)
{
    struct recipient *recipient = context;
    struct kc_cli_key key;
    char other[KC_UDF_ID_SIZE] = "";
    if (!key_of(item, &key))
        return true;
    const char *id = kc_cli_key_is_share(&key) ? key.group : key.id;
    bool same =
        strcmp(id, recipient->id) == 0 ||
        (kc_cli_public_other_id(&key.public, other) == KC_OK && strcmp(other, recipient->id) == 0);
    if (!same)
        return true;
    recipient->key = key;
    recipient->found = true;
    return false;
}

enum kc_error kc_cli_key_find_recipient(
    struct kc_cli *cli, const char *algorithm, const char *id, struct kc_cli_key *key)
{
    struct recipient recipient = {.id = id};
    struct search search = {.cli = cli, .group = id, .state = "active"};
    enum kc_error error = kc_cli_custodian(cli, &search.client);
    if (error != KC_OK)
        return error;
    if (strlen(id) <= kc_fields[KC_FIELD_KEY].most) {
        struct kc_cli_key whole; /* of a key that was split, the tombstone */
        if (find_by_id(cli, search.client, id, &whole) == KC_OK &&
            strcmp(whole.state, "active") == 0) {
            *key = whole;
            return KC_OK;
        }
        error = walk(&search, keep_recipient, &recipient);
    }
    search.group = NULL;
    search.algorithm = algorithm;
    if (error == KC_OK && !recipient.found)
        error = walk(&search, keep_recipient, &recipient);
    if (error != KC_OK)
        return error;
    *key = recipient.key;
    return recipient.found ? KC_OK : KC_ERR_REFUSED;
}

/* Devices' keys that sign: those of one account, and all. */
struct devices {
    const char *account;
    struct kc_cli_key here, any;
    size_t here_count, any_count;
};

static bool keep_device(void *context, const struct kc_values *item)
{
    struct devices *devices = context;
    struct kc_cli_key key;
    if (!kc_values_text_is(item, KC_FIELD_USE, "sign") || !key_of(item, &key))
        return true;
    devices->any = key;
    devices->any_count++;
    if (strcmp(key.account, devices->account) == 0) {
        devices->here = key;
        devices->here_count++;
    }
    return true;
}

enum kc_error kc_cli_key_find_device(
    struct kc_cli *cli, const char *account, struct kc_cli_key *key)
{
    struct devices devices = {.account = account};
    struct search search = {.cli = cli, .role = "device", .state = "active"};
    if (kc_cli_given(cli, KC_CLI_DEVICE))
        return kc_cli_key_find(cli, cli->values[KC_CLI_DEVICE], key);
    enum kc_error error = kc_cli_custodian(cli, &search.client);
    if (error == KC_OK)
        error = walk(&search, keep_device, &devices);
    if (error != KC_OK)
        return error;
    if (devices.any_count == 0)
        return kc_cli_refuse(cli, KC_ERR_USAGE,
            "a device has to sign the request, and none is connected to an account here");
    if (devices.here_count > 1 || (devices.here_count == 0 && devices.any_count > 1))
        return kc_cli_refuse(cli, KC_ERR_USAGE,
            "several devices could sign the request: name the key of one with --device");
    *key = devices.here_count == 1 ? devices.here : devices.any;
    return KC_OK;
}

enum kc_error kc_cli_public_find(struct kc_cli *cli, const char *name, struct kc_cli_public *public)
{
    struct kc_cli_key key;
    if (access(name, F_OK) == 0)
        return kc_cli_public_read(cli, name, public);
    enum kc_error error = kc_cli_key_find(cli, name, &key);
    if (error == KC_OK)
        *public = key.public;
    return error;
}

#define PROFILE_MAX ((size_t)64 << 10)

/* The encryption key of an account, from its profile. */
static enum kc_error profile_read(
    const struct kc_cli *cli, const char *path, struct kc_span text, struct kc_cli_public *public)
{
    struct kc_mesh_account account;
    enum kc_error error = kc_mesh_account_read(text, NULL, &account);
    if (error == KC_OK && account.encryption.algorithm[0] == '\0')
        error = KC_ERR_BAD_ARGUMENT;
    if (error != KC_OK)
        return kc_cli_fail(
            cli, error, "%s: not the profile of an account or a group that has a key", path);
    error = kc_cli_public_of(&account.encryption, public);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", path);
}

enum kc_error kc_cli_public_find_recipient(
    struct kc_cli *cli, const char *name, struct kc_cli_public *public)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    if (access(name, F_OK) != 0)
        return kc_cli_public_find(cli, name, public);
    enum kc_error error = kc_cli_read(cli, name, PROFILE_MAX, &text);
    if (error != KC_OK)
        return error;
    return text.size > 0 && text.bytes[0] == '['
               ? profile_read(cli, name, kc_cli_span(&text), public)
               : kc_cli_public_find(cli, name, public);
}

enum kc_error kc_cli_key_collect(struct kc_cli *cli, const char *role, json_t **list)
{
    struct search search = {.cli = cli,
        .keyring = cli->values[KC_CLI_KEYRING],
        .label = cli->values[KC_CLI_LABEL],
        .role = role != NULL ? role : cli->values[KC_CLI_ROLE],
        .algorithm = cli->values[KC_CLI_ALGORITHM],
        .group = cli->values[KC_CLI_GROUP],
        .state = cli->values[KC_CLI_STATE],
        .residence = cli->values[KC_CLI_RESIDENCE],
        .root = cli->values[KC_CLI_ROOT]};
    enum kc_error error = kc_cli_custodian(cli, &search.client);
    if (error != KC_OK)
        return error;
    json_t *collected = json_array();
    error = walk(&search, kc_cli_collect, collected);
    if (error == KC_OK)
        *list = collected;
    else
        json_decref(collected);
    return error;
}

/* The only keyring in which the caller may do anything. */
static enum kc_error only_keyring(struct kc_cli *cli, char keyring[ID_SIZE])
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_KEYRING_LIST);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_run(&call);
    if (error != KC_OK)
        return error;
    const struct kc_message *answer = kc_cli_call_answer(&call);
    if (answer->item_count != 1)
        return kc_cli_fail(cli, KC_ERR_USAGE,
            "there are %zu keyrings for you: name one with --keyring", answer->item_count);
    text_of(&answer->items[0], KC_FIELD_KEYRING, keyring, ID_SIZE);
    return KC_OK;
}

enum kc_error kc_cli_keyring(struct kc_cli *cli, char keyring[ID_SIZE])
{
    const char *named = cli->values[KC_CLI_KEYRING];
    if (named == NULL)
        named = getenv("CUSTODIAN_KEYRING");
    if (named == NULL || *named == '\0')
        return only_keyring(cli, keyring);
    if (!kc_text_copy(keyring, ID_SIZE, named))
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "the keyring's name is too long");
    return KC_OK;
}

enum kc_error kc_cli_call_begin_in_keyring(struct kc_cli *cli, struct kc_cli_call *call,
    enum kc_operation operation, char keyring[ID_SIZE])
{
    enum kc_error error = kc_cli_call_begin(cli, call, operation);
    if (error == KC_OK)
        error = kc_cli_keyring(cli, keyring);
    if (error == KC_OK)
        kc_cli_call_text(call, KC_FIELD_KEYRING, keyring);
    return error;
}
