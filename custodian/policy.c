/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/policy.h"

#include <string.h>

_Static_assert(KC_ROLE_LAST < 32, "a role is a bit of a rule");

/* Linear in time for one star at a time: after a mismatch only the last star is tried again. */
bool kc_policy_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool in_group(const struct kc_policy_rule *rule, gid_t group)
{
    for (size_t i = 0; i < rule->group_count; i++)
        if (rule->groups[i] == group)
            return true;
    return false;
}

static bool fits_peer(const struct kc_policy_rule *rule, const struct kc_peer *peer)
{
    if (rule->anyone)
        return true;
    for (size_t i = 0; i < rule->user_count; i++)
        if (rule->users[i] == peer->user)
            return true;
    for (size_t i = 0; i < peer->group_count; i++)
        if (in_group(rule, peer->groups[i]))
            return true;
    return false;
}

/* The keyring as a bit; 0 if the configuration has no such keyring. */
static uint64_t keyring_bit(const struct kc_policy *policy, const char *keyring)
{
    for (size_t i = 0; i < policy->keyring_count; i++)
        if (strcmp(policy->keyrings[i], keyring) == 0)
            return UINT64_C(1) << i;
    return 0;
}

/* An empty label or id is not a name: only "*" fits a key that has neither. */
static bool fits_name(const struct kc_policy_rule *rule, const struct kc_policy_key *key)
{
    for (size_t i = 0; i < rule->key_count; i++) {
        const char *glob = rule->keys[i];
        if (strcmp(glob, "*") == 0 || (*key->label && kc_policy_glob(glob, key->label)) ||
            (*key->id && kc_policy_glob(glob, key->id)))
            return true;
    }
    return false;
}

static bool fits_key(const struct kc_policy *policy, const struct kc_policy_rule *rule,
    const struct kc_policy_key *key)
{
    if ((rule->keyrings & keyring_bit(policy, key->keyring)) == 0)
        return false;
    return !key->label ||
           (key->role < 32 && (rule->roles >> key->role & 1) != 0 && fits_name(rule, key));
}

static bool is_everyones(const struct kc_policy *policy, enum kc_operation operation)
{
    if (operation != KC_OPERATION_PING && operation != KC_OPERATION_STATUS &&
        operation != KC_OPERATION_DOCTOR)
        return false;
    for (size_t i = 0; i < policy->rule_count; i++)
        if (kc_operation_set_has(&policy->rules[i].operations, operation))
            return false;
    return true;
}

/* A login rule withholds nothing of these: without them nobody could look around, or log in. */
static const bool before_login[KC_OPERATIONS] = {
    [KC_OPERATION_KEYRING_LIST] = true,
    [KC_OPERATION_KEY_LIST] = true,
    [KC_OPERATION_KEY_SHOW] = true,
    [KC_OPERATION_OBJECT_LIST] = true,
    [KC_OPERATION_OBJECT_SHOW] = true,
    [KC_OPERATION_KEYRING_SHOW] = true,
    [KC_OPERATION_KEYRING_LOGIN] = true,
    [KC_OPERATION_KEYRING_LOGOUT] = true,
    [KC_OPERATION_KEYRING_PIN_INIT] = true,
    [KC_OPERATION_KEYRING_PIN_CHANGE] = true,
    [KC_OPERATION_KEYRING_PIN_REMOVE] = true,
};

/* Whether a login of the peer's to one of the keyrings is one that the rule wants; *any: to any, as
 * whomever. */
static bool is_logged_in(
    const struct kc_policy_rule *rule, const struct kc_peer *peer, uint64_t keyrings, bool *any)
{
    *any = ((peer->logins | peer->so_logins) & keyrings) != 0;
    if (rule->operator_count == 0)
        return (peer->logins & keyrings) != 0;
    for (size_t i = 0; i < KC_PEER_LOGINS_MAX; i++) {
        const struct kc_peer_login *login = &peer->login[i];
        if (login->who[0] == 0 || (peer->logins & keyrings & UINT64_C(1) << login->keyring) == 0)
            continue;
        for (size_t j = 0; j < rule->operator_count; j++)
            if (strcmp(rule->operators[j], login->who) == 0)
                return true;
    }
    return false;
}

/* What a rule that fits gives. */
static enum kc_grant given_by(const struct kc_policy *policy, const struct kc_policy_rule *rule,
    const struct kc_peer *peer, enum kc_operation operation, const struct kc_policy_key *key)
{
    uint64_t keyrings = key ? keyring_bit(policy, key->keyring) : rule->keyrings;
    bool any;

    if (!rule->login || before_login[operation] || (!key && rule->operator_count == 0) ||
        is_logged_in(rule, peer, keyrings, &any))
        return KC_GRANT_ALL;
    return any && rule->operator_count > 0 ? KC_GRANT_NONE : KC_GRANT_LOGIN;
}

static bool lists(const struct kc_policy_rule *rule, enum kc_operation operation)
{
    return rule->any_operation || kc_operation_set_has(&rule->operations, operation);
}

enum kc_grant kc_policy_grant(const struct kc_policy *policy, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_policy_key *key)
{
    enum kc_grant most = KC_GRANT_NONE;

    if (is_everyones(policy, operation))
        return KC_GRANT_ALL;
    for (size_t i = 0; most != KC_GRANT_ALL && i < policy->rule_count; i++) {
        const struct kc_policy_rule *rule = &policy->rules[i];
        if (!lists(rule, operation) || !fits_peer(rule, peer) ||
            (key && !fits_key(policy, rule, key)))
            continue;
        enum kc_grant given = given_by(policy, rule, peer, operation, key);
        most = given > most ? given : most;
    }
    return most;
}

bool kc_policy_allows(const struct kc_policy *policy, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_policy_key *key)
{
    return kc_policy_grant(policy, peer, operation, key) == KC_GRANT_ALL;
}

bool kc_policy_names(const struct kc_policy *policy, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_policy_key *key)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct kc_policy_rule *rule = &policy->rules[i];
        if (kc_operation_set_has(&rule->operations, operation) && fits_peer(rule, peer) &&
            fits_key(policy, rule, key))
            return true;
    }
    return false;
}

const char *kc_policy_who(const struct kc_peer *peer, size_t keyring)
{
    for (size_t i = 0; i < KC_PEER_LOGINS_MAX; i++)
        if (peer->login[i].who[0] != 0 && peer->login[i].keyring == keyring)
            return peer->login[i].who;
    return NULL;
}

bool kc_policy_find_keyring(const struct kc_policy *policy, struct kc_span name, size_t *place)
{
    for (size_t i = 0; i < policy->keyring_count; i++)
        if (strlen(policy->keyrings[i]) == name.size &&
            memcmp(policy->keyrings[i], name.bytes, name.size) == 0) {
            *place = i;
            return true;
        }
    return false;
}

bool kc_policy_has_login(
    const struct kc_policy *policy, const struct kc_peer *peer, const char *keyring)
{
    uint64_t bit = keyring_bit(policy, keyring);

    for (size_t i = 0; i < policy->rule_count; i++)
        if ((policy->rules[i].keyrings & bit) != 0 && policy->rules[i].login &&
            fits_peer(&policy->rules[i], peer))
            return true;
    return false;
}

bool kc_policy_sees_keyring(
    const struct kc_policy *policy, const struct kc_peer *peer, const char *keyring)
{
    uint64_t bit = keyring_bit(policy, keyring);

    for (size_t i = 0; i < policy->rule_count; i++)
        if ((policy->rules[i].keyrings & bit) != 0 && fits_peer(&policy->rules[i], peer))
            return true;
    return false;
}
