/* SPDX-License-Identifier: Apache-2.0 */
/* Logins to keyrings: PINs, who sets them, back-off, and keys of which each use is confirmed. */
#include "tests/vault/bench.h"

#include "custodian/vault/core.h"

#include <stdlib.h>
#include <string.h>

#define SO_PIN "so pin"
#define USER_PIN "1234"

static struct ask keyring_ask(enum kc_operation operation, const char *who)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    if (who)
        ask_text(&ask, KC_FIELD_WHO, who);
    return ask;
}

static void ask_pin(struct ask *ask, enum kc_field field, const char *pin)
{
    ask_secret(ask, field, pin, strlen(pin));
}

static void expect_login(struct bench *bench, const char *who, const char *pin, enum kc_error error)
{
    struct ask ask = keyring_ask(KC_OPERATION_KEYRING_LOGIN, who);
    ask_pin(&ask, KC_FIELD_PIN, pin);
    bench_expect(bench, &ask, error);
}

static void expect_logout(struct bench *bench, enum kc_error error)
{
    struct ask ask = keyring_ask(KC_OPERATION_KEYRING_LOGOUT, NULL);
    bench_expect(bench, &ask, error);
}

/* pin: of the operator; NULL: as the security officer who is logged in. */
static void expect_init(
    struct bench *bench, const char *who, const char *new_pin, const char *pin, enum kc_error error)
{
    struct ask ask = keyring_ask(KC_OPERATION_KEYRING_PIN_INIT, who);
    ask_pin(&ask, KC_FIELD_NEW_PIN, new_pin);
    if (pin)
        ask_pin(&ask, KC_FIELD_PIN, pin);
    bench_expect(bench, &ask, error);
}

static void set_user_pin(struct bench *bench)
{
    bench_set_pin(bench);
    expect_init(bench, "user", USER_PIN, BENCH_PIN, KC_OK);
}

/* The rule that gives everything gives it after a login. */
static void demand_login(struct bench *bench)
{
    bench->rules[0].login = 1;
}

static void expect_show(
    struct bench *bench, const char *user_pin, const char *so_pin, const char *who)
{
    struct ask ask = keyring_ask(KC_OPERATION_KEYRING_SHOW, NULL);
    struct answer *answer = bench_ask(bench, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_USER_PIN), user_pin);
    assert_string_equal(answer_text(answer, KC_FIELD_SO_PIN), so_pin);
    assert_int_equal(kc_values_has(&answer->in.message.values, KC_FIELD_WHO), who != NULL);
    if (who)
        assert_string_equal(answer_text(answer, KC_FIELD_WHO), who);
    answer_done(answer);
}

/* --- who sets PINs --- */

static void the_operator_sets_the_officers_pin_and_he_the_others(void **state)
{
    struct bench *bench = *state;
    expect_show(bench, "none", "none", NULL);
    expect_init(bench, "so", SO_PIN, NULL, KC_ERR_OPERATOR_PROOF);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_ERR_OPERATOR_PROOF); /* there is none yet */
    bench_set_pin(bench);
    expect_init(bench, "so", SO_PIN, "not the pin", KC_ERR_OPERATOR_PROOF);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_OK);
    expect_init(bench, "user", USER_PIN, NULL, KC_ERR_LOGIN);
    expect_login(bench, "so", SO_PIN, KC_OK);
    expect_init(bench, "user", USER_PIN, NULL, KC_OK);
    expect_init(bench, "alice", "alice's", NULL, KC_OK);
    expect_init(bench, "so", "another", NULL, KC_ERR_OPERATOR_PROOF);
    expect_show(bench, "set", "set", "so");
    expect_logout(bench, KC_OK);
    expect_login(bench, "alice", "alice's", KC_OK);
    expect_show(bench, "set", "set", "alice");
}

static void the_officer_of_one_keyring_is_nobody_in_another(void **state)
{
    struct bench *bench = *state;
    bench->rules[0].keyrings = 3;
    bench_set_pin(bench);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_OK);
    expect_login(bench, "so", SO_PIN, KC_OK);
    struct ask other = keyring_ask(KC_OPERATION_KEYRING_PIN_INIT, "user");
    ask_text(&other, KC_FIELD_KEYRING, "other");
    ask_pin(&other, KC_FIELD_NEW_PIN, USER_PIN);
    bench_expect(bench, &other, KC_ERR_LOGIN);
    struct ask login = keyring_ask(KC_OPERATION_KEYRING_LOGIN, "so");
    ask_text(&login, KC_FIELD_KEYRING, "other");
    ask_pin(&login, KC_FIELD_PIN, SO_PIN);
    bench_expect(bench, &login, KC_ERR_PIN_UNSET);
}

static void a_pin_is_changed_by_the_old_one(void **state)
{
    struct bench *bench = *state;
    set_user_pin(bench);
    struct ask wrong = keyring_ask(KC_OPERATION_KEYRING_PIN_CHANGE, "user");
    ask_pin(&wrong, KC_FIELD_PIN, "4321");
    ask_pin(&wrong, KC_FIELD_NEW_PIN, "5678");
    bench_expect(bench, &wrong, KC_ERR_PIN_WRONG);
    struct ask right = keyring_ask(KC_OPERATION_KEYRING_PIN_CHANGE, "user");
    ask_pin(&right, KC_FIELD_PIN, USER_PIN);
    ask_pin(&right, KC_FIELD_NEW_PIN, "5678");
    bench_expect(bench, &right, KC_OK);
    expect_login(bench, "user", USER_PIN, KC_ERR_PIN_WRONG);
    expect_login(bench, "user", "5678", KC_OK);
}

static void a_keyring_pin_has_4_to_64_octets(void **state)
{
    struct bench *bench = *state;
    char large[66];
    memset(large, 'p', sizeof large);
    large[65] = 0;
    bench_set_pin(bench);
    expect_init(bench, "user", "123", BENCH_PIN, KC_ERR_BAD_ARGUMENT);
    expect_init(bench, "user", large, BENCH_PIN, KC_ERR_BAD_ARGUMENT);
    large[64] = 0;
    expect_init(bench, "user", large, BENCH_PIN, KC_OK);
    expect_login(bench, "user", large, KC_OK);
}

static void a_pin_that_was_removed_is_none(void **state)
{
    struct bench *bench = *state;
    set_user_pin(bench);
    struct ask remove = keyring_ask(KC_OPERATION_KEYRING_PIN_REMOVE, "user"), again = remove,
               nobody = remove;
    bench_expect(bench, &nobody, KC_ERR_LOGIN);
    ask_pin(&remove, KC_FIELD_PIN, BENCH_PIN);
    bench_expect(bench, &remove, KC_OK);
    expect_login(bench, "user", USER_PIN, KC_ERR_PIN_UNSET);
    ask_pin(&again, KC_FIELD_PIN, BENCH_PIN);
    bench_expect(bench, &again, KC_ERR_PIN_UNSET);
    expect_show(bench, "none", "none", NULL);
    expect_init(bench, "user", "other", BENCH_PIN, KC_OK);
    expect_login(bench, "user", "other", KC_OK);
}

/* --- logging in --- */

static void a_rule_with_login_gives_nothing_but_a_look_before_it(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    set_user_pin(bench);
    demand_login(bench);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    struct ask make = ask_new(KC_OPERATION_KEY_GENERATE), show = ask_new(KC_OPERATION_KEY_SHOW);
    ask_text(&make, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&make, KC_FIELD_KEYRING, "main");
    ask_text(&make, KC_FIELD_LABEL, "b");
    bench_expect(bench, &make, KC_ERR_LOGIN);
    ask_text(&show, KC_FIELD_KEY, key);
    struct answer *answer = bench_ask(bench, &show);
    assert_int_equal(answer_value(answer, KC_FIELD_LOGIN)->number, 1);
    answer_done(answer);

    expect_login(bench, "user", USER_PIN, KC_OK);
    expect_login(bench, "user", USER_PIN, KC_ERR_LOGGED_IN);
    bench_expect_sign(bench, key, KC_OK);
    expect_logout(bench, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    expect_logout(bench, KC_ERR_LOGIN);
    free(key);
}

static void a_login_is_of_its_connection_and_keyring(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    set_user_pin(bench);
    demand_login(bench);
    expect_login(bench, "user", USER_PIN, KC_OK);
    uint64_t first = bench->connection;
    bench_connect(bench);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    bench->connection = first;
    bench_expect_sign(bench, key, KC_OK);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    free(key);
}

static void the_officer_uses_no_keys(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_set_pin(bench);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_OK);
    demand_login(bench);
    expect_login(bench, "so", SO_PIN, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    free(key);
}

/* The rule that gives everything else gives signatures to nobody; another gives them to alice. */
static void let_just_alice_sign(struct bench *bench)
{
    bench->rules[1] = bench->rules[0];
    bench->rules[1].login = 1;
    strcpy(bench->rules[1].operators[0], "alice");
    bench->rules[1].operator_count = 1;
    bench->config.policy.rule_count = 2;
    bench->rules[0].any_operation = false;
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++)
        if (operation != KC_OPERATION_KEY_SIGN)
            kc_operation_set_add(&bench->rules[0].operations, operation);
}

static void a_rule_with_operators_gives_to_nobody_but_them(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    set_user_pin(bench);
    expect_init(bench, "alice", "alice's", BENCH_PIN, KC_OK);
    expect_init(bench, "alic", "alic's", BENCH_PIN, KC_OK);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_OK);
    let_just_alice_sign(bench);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    static const char *const others[][2] = {{"user", USER_PIN}, {"alic", "alic's"}, {"so", SO_PIN}};
    for (size_t i = 0; i < 3; i++) {
        expect_login(bench, others[i][0], others[i][1], KC_OK);
        bench_expect_sign(bench, key, KC_ERR_REFUSED);
        expect_logout(bench, KC_OK);
    }
    expect_login(bench, "alice", USER_PIN, KC_ERR_PIN_WRONG);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    expect_login(bench, "alice", "alice's", KC_OK);
    bench_expect_sign(bench, key, KC_OK);
    uint64_t hers = bench->connection;
    bench_connect(bench);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    bench->connection = hers;
    expect_logout(bench, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    free(key);
}

static void whom_no_rule_names_learns_nothing_of_logins(void **state)
{
    struct bench *bench = *state;
    set_user_pin(bench);
    bench->rules[0].keyrings = 2;
    expect_login(bench, "user", USER_PIN, KC_ERR_REFUSED);
    bench->rules[0].keyrings = 1;
    bench_allow_only(bench, KC_OPERATION_KEY_SIGN);
    expect_login(bench, "user", USER_PIN, KC_ERR_REFUSED);
}

/* --- wrong PINs --- */

static void each_pin_has_a_back_off_of_its_own_that_outlives_a_restart(void **state)
{
    struct bench *bench = *state;
    set_user_pin(bench);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_OK);
    expect_login(bench, "user", "0000", KC_ERR_PIN_WRONG);
    expect_show(bench, "failed", "set", NULL);
    expect_login(bench, "user", "0001", KC_ERR_PIN_WRONG);
    expect_login(bench, "user", "0002", KC_ERR_PIN_WRONG);
    expect_login(bench, "user", USER_PIN, KC_ERR_PIN_WAIT);
    expect_show(bench, "wait", "set", NULL);
    bench_restart(bench);
    struct ask ask = keyring_ask(KC_OPERATION_KEYRING_LOGIN, "user");
    ask_pin(&ask, KC_FIELD_PIN, USER_PIN);
    struct answer *answer = bench_ask(bench, &ask);
    assert_string_equal(kc_error_name(answer->error), "pin-wait");
    assert_true(kc_values_text_is(&answer->in.message.values, KC_FIELD_DETAIL, "wait 1 seconds"));
    answer_done(answer);
    expect_login(bench, "so", SO_PIN, KC_OK);
    expect_logout(bench, KC_OK);
    bench->seconds += 1;
    expect_login(bench, "user", "0003", KC_ERR_PIN_WRONG);
    expect_login(bench, "user", USER_PIN, KC_ERR_PIN_WAIT);
    bench->seconds += 2;
    expect_login(bench, "user", USER_PIN, KC_OK);
    expect_show(bench, "set", "set", "user");
}

/* A try is in the store before it is compared: whoever kills the vault between the two has lost it. */
static void a_try_counts_if_the_vault_dies_before_it_compares(void **state)
{
    struct bench *bench = *state;
    set_user_pin(bench);
    for (unsigned int i = 0; i < 3; i++) {
        struct ask ask = keyring_ask(KC_OPERATION_KEYRING_LOGIN, "user");
        ask_pin(&ask, KC_FIELD_PIN, USER_PIN);
        bench_open(bench);
        bench->holds_stored = true;
        uint64_t ticket = bench_send(bench, &ask);
        bench_pump(bench);
        assert_null(bench_take(bench, ticket));
        bench->holds_stored = false;
        bench_store_unheard(bench); /* it is stored; the vault never hears of it */
        bench_restart(bench);
    }
    expect_login(bench, "user", USER_PIN, KC_ERR_PIN_WAIT);
    bench->seconds += 1;
    expect_login(bench, "user", USER_PIN, KC_OK);
}

static void a_login_that_cannot_be_counted_is_none(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    set_user_pin(bench);
    demand_login(bench);
    bench->store_error = KC_ERR_STORE_FULL;
    expect_login(bench, "user", USER_PIN, KC_ERR_STORE_FULL);
    bench->store_error = KC_OK;
    bench_expect_sign(bench, key, KC_ERR_LOGIN);
    free(key);
}

static void a_pin_record_that_was_altered_is_refused(void **state)
{
    struct bench *bench = *state;
    set_user_pin(bench);
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == KC_KIND_PIN)
            bench->records[i].secret[20] ^= 1;
    expect_login(bench, "user", USER_PIN, KC_ERR_RECORD_DAMAGED);
}

/* --- confirmed uses --- */

static char *generate_confirmed(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "confirmed");
    ask_number(&ask, KC_FIELD_CONFIRM, 1);
    struct answer *answer = bench_ask(bench, &ask);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    assert_int_equal(answer_value(answer, KC_FIELD_CONFIRM)->number, 1);
    answer_done(answer);
    return id;
}

static void expect_confirm(
    struct bench *bench, const char *who, const char *pin, const char *key, enum kc_error error)
{
    struct ask ask = keyring_ask(KC_OPERATION_KEYRING_LOGIN, who);
    ask_pin(&ask, KC_FIELD_PIN, pin);
    ask_text(&ask, KC_FIELD_KEY, key);
    bench_expect(bench, &ask, error);
}

static void each_use_of_a_confirmed_key_needs_a_login_for_it(void **state)
{
    struct bench *bench = *state;
    char *key = generate_confirmed(bench),
         *other = bench_generate(bench, "Ed25519", "application", "o");
    set_user_pin(bench);
    bench_expect_sign(bench, key, KC_ERR_CONFIRM);
    expect_login(bench, "user", USER_PIN, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_CONFIRM); /* a login is no confirmation */
    expect_confirm(bench, "user", "0000", key, KC_ERR_PIN_WRONG);
    bench_expect_sign(bench, key, KC_ERR_CONFIRM);
    expect_confirm(bench, "user", USER_PIN, key, KC_OK);
    bench_expect_sign(bench, other, KC_OK);
    bench_expect_sign(bench, key, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_CONFIRM); /* once */
    expect_confirm(bench, "user", USER_PIN, other, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_CONFIRM); /* another's */
    expect_confirm(bench, "user", USER_PIN, key, KC_OK);
    expect_logout(bench, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_CONFIRM);
    free(key);
    free(other);
}

static void nobody_confirms_but_the_user_and_whom_the_officer_named(void **state)
{
    struct bench *bench = *state;
    char *key = generate_confirmed(bench);
    bench_set_pin(bench);
    expect_init(bench, "so", SO_PIN, BENCH_PIN, KC_OK);
    expect_init(bench, "alice", "alice's", BENCH_PIN, KC_OK);
    expect_confirm(bench, "so", SO_PIN, key, KC_ERR_REFUSED);
    expect_confirm(bench, "alice", "alice's", "MAAA-AAAA", KC_ERR_REFUSED);
    expect_confirm(bench, "alice", "alice's", key, KC_OK);
    bench_expect_sign(bench, key, KC_OK);
    expect_init(bench, "user", USER_PIN, BENCH_PIN, KC_OK);
    expect_login(bench, "user", USER_PIN, KC_OK);
    expect_confirm(bench, "alice", "alice's", key, KC_ERR_REFUSED); /* another is logged in */
    bench_expect_sign(bench, key, KC_ERR_CONFIRM);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_operator_sets_the_officers_pin_and_he_the_others),
        CASE(the_officer_of_one_keyring_is_nobody_in_another),
        CASE(a_pin_is_changed_by_the_old_one),
        CASE(a_keyring_pin_has_4_to_64_octets),
        CASE(a_pin_that_was_removed_is_none),
        CASE(a_rule_with_login_gives_nothing_but_a_look_before_it),
        CASE(a_login_is_of_its_connection_and_keyring),
        CASE(the_officer_uses_no_keys),
        CASE(a_rule_with_operators_gives_to_nobody_but_them),
        CASE(whom_no_rule_names_learns_nothing_of_logins),
        CASE(each_pin_has_a_back_off_of_its_own_that_outlives_a_restart),
        CASE(a_try_counts_if_the_vault_dies_before_it_compares),
        CASE(a_login_that_cannot_be_counted_is_none),
        CASE(a_pin_record_that_was_altered_is_refused),
        CASE(each_use_of_a_confirmed_key_needs_a_login_for_it),
        CASE(nobody_confirms_but_the_user_and_whom_the_officer_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
