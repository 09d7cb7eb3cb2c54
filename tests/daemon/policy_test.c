/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "custodian/policy.h"

#include <string.h>

#define BIT(operation) (UINT64_C(1) << KC_OPERATION_##operation)

/* One rule: user 1000 or group 50 may sign and list with application keys "ssh*" of "device". */
static struct kc_policy_rule rule = {.users = {1000},
    .user_count = 1,
    .groups = {50},
    .group_count = 1,
    .keyrings = 1,
    .keys = {"ssh*"},
    .key_count = 1,
    .roles = 1u << KC_ROLE_APPLICATION,
    .operations = {{BIT(KEY_SIGN) | BIT(KEY_LIST) | BIT(RANDOM)}}};
static struct kc_policy policy = {
    .keyrings = {"device", "other"}, .keyring_count = 2, .rules = &rule, .rule_count = 1};
static const struct kc_peer user = {.user = 1000};
static const struct kc_peer stranger = {.user = 1001, .groups = {1001}, .group_count = 1};

static bool may_sign(const struct kc_peer *peer, struct kc_policy_key key)
{
    return kc_policy_allows(&policy, peer, KC_OPERATION_KEY_SIGN, &key);
}

static void allows_what_a_rule_allows(void **state)
{
    (void)state;
    struct kc_policy_key by_label = {"device", "ssh-host", "M123", KC_ROLE_APPLICATION};
    struct kc_policy_key by_id = {"device", "", "ssh-id", KC_ROLE_APPLICATION};
    assert_true(may_sign(&user, by_label));
    assert_true(may_sign(&user, by_id));
    assert_true(kc_policy_allows(&policy, &user, KC_OPERATION_RANDOM, NULL));
}

static void refuses_when_anything_of_it_does_not_fit(void **state)
{
    (void)state;
    struct kc_policy_key good = {"device", "ssh-host", "", KC_ROLE_APPLICATION}, key = good;
    assert_true(may_sign(&user, key));
    assert_false(may_sign(&stranger, key));
    key = good, key.keyring = "other";
    assert_false(may_sign(&user, key));
    key = good, key.keyring = "unheard-of";
    assert_false(may_sign(&user, key));
    key = good, key.label = "tls";
    assert_false(may_sign(&user, key));
    key = good, key.role = KC_ROLE_SHARE;
    assert_false(may_sign(&user, key));
    key = good, key.role = 200;
    assert_false(may_sign(&user, key));
    assert_false(kc_policy_allows(&policy, &user, KC_OPERATION_KEY_AGREE, &good));
    assert_false(kc_policy_allows(&policy, &stranger, KC_OPERATION_RANDOM, NULL));
}

static void a_star_names_nothing(void **state)
{
    (void)state;
    struct kc_policy_key key = {"device", "ssh-host", "", KC_ROLE_APPLICATION}, other = key;
    other.label = "tls";
    assert_true(kc_policy_names(&policy, &user, KC_OPERATION_KEY_SIGN, &key));
    assert_false(kc_policy_names(&policy, &stranger, KC_OPERATION_KEY_SIGN, &key));
    assert_false(kc_policy_names(&policy, &user, KC_OPERATION_KEY_SIGN, &other));
    rule.any_operation = true;
    assert_true(kc_policy_allows(&policy, &user, KC_OPERATION_KEY_AGREE, &key));
    assert_false(kc_policy_names(&policy, &user, KC_OPERATION_KEY_AGREE, &key));
    rule.any_operation = false;
}

static void takes_a_group_in_place_of_the_user(void **state)
{
    (void)state;
    struct kc_policy_key key = {"device", "ssh", "", KC_ROLE_APPLICATION};
    struct kc_peer member = {.user = 7, .groups = {7, 50}, .group_count = 2};
    assert_true(may_sign(&member, key));
    member.group_count = 1; /* the second is there no longer */
    assert_false(may_sign(&member, key));
}

static void lets_anyone_in_where_a_rule_says_so(void **state)
{
    (void)state;
    struct kc_policy_key key = {"device", "ssh", "", KC_ROLE_APPLICATION};
    rule.anyone = true;
    bool allowed = may_sign(&stranger, key);
    rule.anyone = false;
    assert_true(allowed);
}

static void leaves_status_to_everyone_until_a_rule_names_it(void **state)
{
    (void)state;
    assert_true(kc_policy_allows(&policy, &stranger, KC_OPERATION_STATUS, NULL));
    assert_true(kc_policy_allows(&policy, &stranger, KC_OPERATION_PING, NULL));
    assert_true(kc_policy_allows(&policy, &stranger, KC_OPERATION_DOCTOR, NULL));
    struct kc_policy_rule before = rule;
    rule.any_operation = true;
    assert_true(kc_policy_allows(&policy, &stranger, KC_OPERATION_STATUS, NULL));
    kc_operation_set_add(&rule.operations, KC_OPERATION_STATUS);
    bool to_stranger = kc_policy_allows(&policy, &stranger, KC_OPERATION_STATUS, NULL);
    bool to_user = kc_policy_allows(&policy, &user, KC_OPERATION_STATUS, NULL);
    rule = before;
    assert_false(to_stranger);
    assert_true(to_user);
}

static void shows_the_keyrings_of_rules_that_fit(void **state)
{
    (void)state;
    assert_true(kc_policy_sees_keyring(&policy, &user, "device"));
    assert_false(kc_policy_sees_keyring(&policy, &user, "other"));
    assert_false(kc_policy_sees_keyring(&policy, &user, "unheard-of"));
    assert_false(kc_policy_sees_keyring(&policy, &stranger, "device"));
}

/* Logged in to "device" as whom. */
static struct kc_peer logged_in(const char *who)
{
    struct kc_peer peer = user;
    *(strcmp(who, KC_WHO_SO) == 0 ? &peer.so_logins : &peer.logins) = 1;
    strcpy(peer.login[0].who, who);
    return peer;
}

static void a_rule_with_operators_wants_the_login_of_one_of_them(void **state)
{
    (void)state;
    struct kc_policy_key key = {"device", "ssh-host", "", KC_ROLE_APPLICATION};
    const struct kc_peer anna = logged_in("anna"), ann = logged_in("ann"),
                         common = logged_in(KC_WHO_USER), officer = logged_in(KC_WHO_SO);
    struct kc_peer elsewhere = anna;
    elsewhere.logins = 2;
    elsewhere.login[0].keyring = 1;
    rule.login = 1;
    strcpy(rule.operators[0], "berta");
    strcpy(rule.operators[1], "anna");
    rule.operator_count = 2;
    enum kc_operation sign = KC_OPERATION_KEY_SIGN;
    assert_int_equal(kc_policy_grant(&policy, &user, sign, &key), KC_GRANT_LOGIN);
    assert_int_equal(kc_policy_grant(&policy, &elsewhere, sign, &key), KC_GRANT_LOGIN);
    assert_int_equal(kc_policy_grant(&policy, &anna, sign, &key), KC_GRANT_ALL);
    assert_int_equal(kc_policy_grant(&policy, &ann, sign, &key), KC_GRANT_NONE);
    assert_int_equal(kc_policy_grant(&policy, &common, sign, &key), KC_GRANT_NONE);
    assert_int_equal(kc_policy_grant(&policy, &officer, sign, &key), KC_GRANT_NONE);
    /* looking needs none; what is about no key does */
    assert_true(kc_policy_allows(&policy, &user, KC_OPERATION_KEY_LIST, NULL));
    assert_int_equal(kc_policy_grant(&policy, &user, KC_OPERATION_RANDOM, NULL), KC_GRANT_LOGIN);
    assert_int_equal(
        kc_policy_grant(&policy, &elsewhere, KC_OPERATION_RANDOM, NULL), KC_GRANT_LOGIN);
    assert_true(kc_policy_allows(&policy, &anna, KC_OPERATION_RANDOM, NULL));
    assert_false(kc_policy_allows(&policy, &ann, KC_OPERATION_RANDOM, NULL));
    rule.operator_count = 0;
    assert_true(kc_policy_allows(&policy, &ann, sign, &key)); /* whoever logs in */
    rule.login = 0;
}

static void allows_nothing_without_rules(void **state)
{
    (void)state;
    struct kc_policy empty = {.keyrings = {"device"}, .keyring_count = 1};
    struct kc_policy_key key = {"device", "ssh", "", KC_ROLE_APPLICATION};
    const struct kc_peer root = {.user = 0};
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++)
        assert_int_equal(kc_policy_allows(&empty, &root, operation, &key),
            operation == KC_OPERATION_PING || operation == KC_OPERATION_STATUS ||
                operation == KC_OPERATION_DOCTOR);
}

static void matches_all_of_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool fits;
    } rows[] = {
        {"*", "", true},
        {"*", "anything", true},
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "ab", false},
        {"?", "a", true},
        {"?", "", false},
        {"a*c", "abbbc", true},
        {"a*c", "abbbcd", false},
        {"a*b*c", "a1b2b3c", true},
        {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"[a]", "a", false},
        {"a**", "a", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kc_policy_glob(rows[i].pattern, rows[i].text), rows[i].fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_what_a_rule_allows),
        cmocka_unit_test(refuses_when_anything_of_it_does_not_fit),
        cmocka_unit_test(a_star_names_nothing),
        cmocka_unit_test(takes_a_group_in_place_of_the_user),
        cmocka_unit_test(lets_anyone_in_where_a_rule_says_so),
        cmocka_unit_test(leaves_status_to_everyone_until_a_rule_names_it),
        cmocka_unit_test(shows_the_keyrings_of_rules_that_fit),
        cmocka_unit_test(a_rule_with_operators_wants_the_login_of_one_of_them),
        cmocka_unit_test(allows_nothing_without_rules),
        cmocka_unit_test(matches_all_of_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
