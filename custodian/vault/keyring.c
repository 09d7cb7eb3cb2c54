/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins to keyrings: a PIN for each person who may log in (the user, the security officer, and those
 * whom the latter names), and connections that have shown theirs.
 *
 * A PIN is a record. That the desk may hide one does no more than lock its owner out: who sets a PIN
 * proves to be the operator, or the security officer of the keyring.
 */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/find.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "proto/udf_digest.h"

#include <stdio.h>
#include <string.h>

#define ID_PREFIX "pin:"
#define ID_TYPE "custodian PIN" /* content type of the digest in the id */

static const struct kc_pin_kind keyring_pin = {
    .size_min = 4, .wrong = KC_ERR_PIN_WRONG, .must_wait = KC_ERR_PIN_WAIT};

struct person {
    char keyring[KC_RECORD_TEXT_SIZE];
    size_t place; /* of the keyring, in the configuration */
    char who[KC_WHO_SIZE];
    bool is_so;
};

/* The keyring and the person that the request names; who: NULL for the request's. */
static enum kc_error read_person(struct kc_call *call, const char *who, struct person *person)
{
    const struct kc_policy *policy = &call->vault->config->policy;
    enum kc_error error = kc_call_allowed_keyring(call);
    if (error == KC_OK &&
        !kc_policy_find_keyring(policy, kc_call_field(call, KC_FIELD_KEYRING), &person->place))
        error = KC_ERR_REFUSED;
    if (error != KC_OK)
        return error;
    kc_call_text(call, KC_FIELD_KEYRING, person->keyring, sizeof person->keyring);
    if (who)
        snprintf(person->who, sizeof person->who, "%s", who);
    else
        kc_call_text(call, KC_FIELD_WHO, person->who, sizeof person->who);
    person->is_so = strcmp(person->who, KC_WHO_SO) == 0;
    return KC_OK;
}

static enum kc_error make_id(const struct person *person, char id[static KC_RECORD_ID_SIZE])
{
    uint8_t name[sizeof person->keyring + sizeof person->who];
    size_t size = strlen(person->keyring) + 1; /* a keyring's name has no zero octet */
    struct kc_udf_digest digest;
    memcpy(name, person->keyring, size);
    memcpy(name + size, person->who, strlen(person->who));
    size += strlen(person->who);
    enum kc_error error =
        kc_udf_content_digest(KC_HASH_SHA512, (struct kc_span){name, size}, ID_TYPE, &digest);
    memcpy(id, ID_PREFIX, sizeof ID_PREFIX);
    return error == KC_OK ? kc_udf_digest_present(&digest, KC_UDF_BITS, id + sizeof ID_PREFIX - 1,
                                KC_RECORD_ID_SIZE - sizeof ID_PREFIX)
                          : error;
}

/* The record of a person's PIN, also one that was removed; NULL with KC_OK: there never was one. */
static enum kc_error find_record(
    struct kc_call *call, const struct person *person, struct kc_record **record)
{
    char id[KC_RECORD_ID_SIZE];
    *record = NULL;
    enum kc_error error = make_id(person, id);
    if (error == KC_OK)
        error = kc_call_record(
            call, KC_KIND_PIN, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

/* The record of a PIN that is set. */
static enum kc_error find_pin(
    struct kc_call *call, const struct person *person, struct kc_record **record)
{
    enum kc_error error = find_record(call, person, record);
    if (error != KC_OK)
        return error;
    return *record && (*record)->state == KC_STATE_ACTIVE ? KC_OK : KC_ERR_PIN_UNSET;
}

/* --- keyring-show --- */

static const char *pin_text(const struct kc_call *call, const struct kc_record *record)
{
    if (!record || record->state != KC_STATE_ACTIVE)
        return "none";
    return kc_call_now(call) < record->wait_until ? "wait"
           : record->failures > 0                 ? "failed"
                                                  : "set";
}

enum kc_error kc_vault_keyring_show(struct kc_call *call)
{
    struct person user = {.place = 0}, so = {.place = 0};
    struct kc_record *user_record, *so_record;
    enum kc_error error = read_person(call, KC_WHO_USER, &user);
    if (error == KC_OK)
        error = read_person(call, KC_WHO_SO, &so);
    if (error == KC_OK)
        error = find_record(call, &user, &user_record);
    if (error == KC_OK)
        error = find_record(call, &so, &so_record);
    if (error != KC_OK)
        return error;
    const struct kc_policy *policy = &call->vault->config->policy;
    kc_call_set_text(call, KC_FIELD_KEYRING, policy->keyrings[user.place]);
    kc_call_set_number(
        call, KC_FIELD_LOGIN, kc_policy_has_login(policy, &call->peer, user.keyring));
    kc_call_set_text(call, KC_FIELD_USER_PIN, pin_text(call, user_record));
    kc_call_set_text(call, KC_FIELD_SO_PIN, pin_text(call, so_record));
    const char *who = kc_policy_who(&call->peer, user.place);
    if (who)
        kc_call_set_text(call, KC_FIELD_WHO, who);
    return KC_OK;
}

/* --- logging in and out --- */

static bool is_logged_in(const struct kc_call *call, const struct person *person)
{
    uint64_t bit = UINT64_C(1) << person->place;
    return ((call->peer.logins | call->peer.so_logins) & bit) != 0;
}

/* After the counter's reset is stored. */
static enum kc_error take_effect(struct kc_call *call, const struct person *person)
{
    struct kc_clients *clients = call->vault->clients;
    char key[KC_RECORD_ID_SIZE];
    if (!kc_call_has(call, KC_FIELD_KEY))
        return kc_clients_login(
            clients, call->in.connection, person->place, person->who, person->is_so);
    kc_call_text(call, KC_FIELD_KEY, key, sizeof key);
    return kc_clients_confirm(clients, call->in.connection, key);
}

/* A use is confirmed by whom the key is for, who is the one that is logged in, and of a key of this
 * keyring. */
static enum kc_error check_confirmed(struct kc_call *call, const struct person *person)
{
    struct kc_record *key;
    const char *who = kc_policy_who(&call->peer, person->place);
    if (who && strcmp(who, person->who) != 0)
        return KC_ERR_REFUSED;
    enum kc_error error =
        kc_call_record(call, KC_KIND_KEY, kc_call_field(call, KC_FIELD_KEY), &key);
    if (error != KC_OK)
        return error;
    return !person->is_so && strcmp(key->keyring, person->keyring) == 0 ? KC_OK : KC_ERR_REFUSED;
}

enum kc_error kc_vault_keyring_login(struct kc_call *call)
{
    struct person person = {.place = 0};
    struct kc_record *record;
    bool proven = false;
    enum kc_error error = read_person(call, NULL, &person);
    if (error == KC_OK && call->pin_proven)
        return take_effect(call, &person);
    if (error == KC_OK && kc_call_has(call, KC_FIELD_KEY))
        error = check_confirmed(call, &person);
    else if (error == KC_OK && is_logged_in(call, &person))
        error = KC_ERR_LOGGED_IN;
    if (error == KC_OK)
        error = find_pin(call, &person, &record);
    if (error == KC_OK)
        error = kc_call_prove_pin(call, record, &keyring_pin, &proven);
    if (error != KC_OK || !proven)
        return error;
    call->pin_proven = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

enum kc_error kc_vault_keyring_logout(struct kc_call *call)
{
    struct person person = {.place = 0};
    enum kc_error error = read_person(call, KC_WHO_USER, &person);
    if (error == KC_OK && !is_logged_in(call, &person))
        error = KC_ERR_LOGIN;
    if (error == KC_OK)
        kc_clients_logout(call->vault->clients, call->in.connection, person.place);
    return error;
}

/* --- setting PINs --- */

/* The operator by his PIN, or the security officer, who is logged in; *allowed: go on. */
static enum kc_error prove_right(struct kc_call *call, const struct person *person, bool *allowed)
{
    if (kc_call_has(call, KC_FIELD_PIN))
        return kc_call_operator(call, allowed);
    if (person->is_so)
        return KC_ERR_OPERATOR_PROOF;
    *allowed = (call->peer.so_logins >> person->place & 1) != 0;
    return *allowed ? KC_OK : KC_ERR_LOGIN;
}

/* The former record, or a new one. */
static enum kc_error stage_pin(struct kc_call *call, const struct person *person,
    const struct kc_record *former, struct kc_record **staged)
{
    struct kc_record none = {
        .kind = KC_KIND_PIN, .state = KC_STATE_ACTIVE, .created = kc_call_now(call)};
    memcpy(none.keyring, person->keyring, sizeof none.keyring);
    memcpy(none.label, person->who, sizeof person->who);
    enum kc_error error = former ? KC_OK : make_id(person, none.id);
    if (error == KC_OK)
        error = kc_call_stage(call, former ? former : &none, staged);
    if (error == KC_OK)
        (*staged)->state = KC_STATE_ACTIVE;
    return error;
}

enum kc_error kc_vault_keyring_pin_init(struct kc_call *call)
{
    struct person person = {.place = 0};
    struct kc_record *former, *staged;
    bool allowed = false;
    enum kc_error error = read_person(call, NULL, &person);
    if (error == KC_OK)
        error = find_record(call, &person, &former);
    if (error == KC_OK)
        error = prove_right(call, &person, &allowed);
    if (error != KC_OK || !allowed)
        return error;
    error = stage_pin(call, &person, former, &staged);
    return error == KC_OK ? kc_call_put_pin(call, staged, &keyring_pin) : error;
}

enum kc_error kc_vault_keyring_pin_change(struct kc_call *call)
{
    struct person person = {.place = 0};
    struct kc_record *record;
    bool proven = false;
    enum kc_error error = read_person(call, NULL, &person);
    if (error == KC_OK)
        error = find_pin(call, &person, &record);
    if (error == KC_OK)
        error = kc_call_prove_pin(call, record, &keyring_pin, &proven);
    if (error != KC_OK || !proven)
        return error;
    return kc_call_put_pin(call, &call->changes[call->change_count - 1], &keyring_pin);
}

enum kc_error kc_vault_keyring_pin_remove(struct kc_call *call)
{
    struct person person = {.place = 0};
    struct kc_record *record, *staged;
    bool allowed = false;
    enum kc_error error = read_person(call, NULL, &person);
    if (error == KC_OK)
        error = find_pin(call, &person, &record);
    if (error == KC_OK)
        error = prove_right(call, &person, &allowed);
    if (error != KC_OK || !allowed)
        return error;
    error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_DESTROYED;
    staged->secret_size = 0;
    memset(staged->secret, 0, sizeof staged->secret);
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}
