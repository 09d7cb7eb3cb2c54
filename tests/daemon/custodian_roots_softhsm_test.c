/* SPDX-License-Identifier: Apache-2.0 */
/* The whole custodian on two roots at once: a software TPM, which has its own secret, and a software
 * HSM beside it. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct kc_custodian custodian;
static struct kc_client *client;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init_both(&custodian, "\"test\"");
    client = kc_view_client(&custodian);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

static void restart_after(void (*change)(struct kc_softhsm *hsm))
{
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    if (change)
        change(&custodian.hsm);
    kc_custodian_start(&custodian);
    client = kc_view_client(&custodian);
}

/* --- calls --- */

static enum kc_error generate(
    const char *algorithm, const char *label, const char *residence, const char *root, char *id)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, algorithm);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "test");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
    kc_values_set_text(&request.message.values, KC_FIELD_RESIDENCE, residence);
    if (root)
        kc_values_set_text(&request.message.values, KC_FIELD_KEY_ROOT, root);
    return kc_view_ask(client, &request, KC_FIELD_KEY, id);
}

static enum kc_error root_of(const char *key, char *root)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_SHOW);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, key);
    return kc_view_ask(client, &request, KC_FIELD_KEY_ROOT, root);
}

static void expect_root(const char *key, const char *root)
{
    char text[KC_VIEW_TEXT_SIZE];
    assert_int_equal(root_of(key, text), KC_OK);
    assert_string_equal(text, root);
}

static void tell_roots(char *roots)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_STATUS);
    assert_int_equal(kc_view_ask(client, &request, KC_FIELD_ROOTS, roots), KC_OK);
}

#define PIN "correct horse"

static void set_pin(void)
{
    struct kc_client_request request;
    char unused[KC_VIEW_TEXT_SIZE];
    kc_client_request_init(&request, KC_OPERATION_OPERATOR_PIN);
    assert_int_equal(kc_client_request_secret(
                         &request, &request.message.values, KC_FIELD_NEW_PIN, PIN, sizeof PIN - 1),
        KC_OK);
    assert_int_equal(kc_view_ask(client, &request, KC_FIELD_DETAIL, unused), KC_OK);
}

/* One request; step: "done" if it is. */
static enum kc_error replace_once(const char *mode, bool with_pin, char *step)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_ROOT_REPLACE);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY_ROOT, "main");
    kc_values_set_text(&request.message.values, KC_FIELD_NEW_ROOT, "hsm");
    if (mode)
        kc_values_set_text(&request.message.values, KC_FIELD_MODE, mode);
    if (with_pin)
        assert_int_equal(kc_client_request_secret(
                             &request, &request.message.values, KC_FIELD_PIN, PIN, sizeof PIN - 1),
            KC_OK);
    return kc_view_ask(client, &request, KC_FIELD_STEP, step);
}

static bool is_passing(enum kc_error error)
{
    return error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST ||
           error == KC_ERR_ROOT_UNAVAILABLE;
}

/* Until it is done; repeated while the custodian has its parts together again. */
static void replace_all(const char *mode)
{
    char step[KC_VIEW_TEXT_SIZE] = "";
    bool with_pin = false;
    while (strcmp(step, "done") != 0) {
        enum kc_error error = replace_once(mode, with_pin, step);
        with_pin = error == KC_ERR_OPERATOR_PROOF && !with_pin;
        if (!with_pin && !is_passing(error))
            assert_int_equal(error, KC_OK);
    }
}

/* --- tests --- */

static void keys_name_the_root_that_they_are_of_tpm_or_softhsm(void **state)
{
    (void)state;
    char of_tpm[KC_VIEW_TEXT_SIZE], of_token[KC_VIEW_TEXT_SIZE], resident[KC_VIEW_TEXT_SIZE],
        wrapped[KC_VIEW_TEXT_SIZE];
    assert_int_equal(generate("Ed25519", "a", "sealed", NULL, of_tpm), KC_OK);
    assert_int_equal(generate("Ed25519", "b", "sealed", "hsm", of_token), KC_OK);
    assert_int_equal(generate("Ed25519", "c", "resident", "hsm", resident), KC_OK);
    assert_int_equal(generate("Ed25519", "d", "wrapped", NULL, wrapped), KC_OK);
    expect_root(of_tpm, "main");
    expect_root(of_token, "hsm");
    expect_root(resident, "hsm");
    expect_root(wrapped, "main");
    restart_after(NULL);
    assert_int_equal(kc_view_sign(client, of_tpm), KC_OK);
    assert_int_equal(kc_view_sign(client, of_token), KC_OK);
    assert_int_equal(kc_view_sign(client, resident), KC_OK);
    assert_int_equal(kc_view_sign(client, wrapped), KC_OK);
    /* in the token: its wrapping key and one pair; the head is in the TPM */
    assert_int_equal(kc_softhsm_count_objects(&custodian.hsm), 3);
}

static void a_root_that_is_not_configured_makes_no_key(void **state)
{
    (void)state;
    char id[KC_VIEW_TEXT_SIZE];
    assert_int_equal(generate("Ed25519", "a", "sealed", "none", id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(generate("Ed25519", "a", "wrapped", "hsm", id), KC_ERR_BAD_ARGUMENT);
}

static void a_softhsm_that_is_absent_takes_just_its_own_keys_along(void **state)
{
    (void)state;
    char of_tpm[KC_VIEW_TEXT_SIZE], of_token[KC_VIEW_TEXT_SIZE], roots[KC_VIEW_TEXT_SIZE];
    assert_int_equal(generate("Ed25519", "a", "sealed", NULL, of_tpm), KC_OK);
    assert_int_equal(generate("Ed25519", "b", "sealed", "hsm", of_token), KC_OK);
    tell_roots(roots);
    assert_string_equal(roots, "main ready, hsm ready");
    restart_after(kc_softhsm_remove);
    assert_int_equal(kc_view_sign(client, of_tpm), KC_OK);
    assert_int_equal(kc_view_sign(client, of_token), KC_ERR_ROOT_UNAVAILABLE);
    tell_roots(roots);
    assert_string_equal(roots, "main ready, hsm root-unavailable");
    kc_softhsm_insert(&custodian.hsm);
    enum kc_error error;
    do /* root pauses between its tries, 5 s at most */
        error = kc_view_sign(client, of_token);
    while (error == KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(error, KC_OK);
}

static void an_exchanged_softhsm_is_refused_and_the_tpm_serves_on(void **state)
{
    (void)state;
    char of_tpm[KC_VIEW_TEXT_SIZE], of_token[KC_VIEW_TEXT_SIZE];
    assert_int_equal(generate("Ed25519", "a", "sealed", NULL, of_tpm), KC_OK);
    assert_int_equal(generate("Ed25519", "b", "sealed", "hsm", of_token), KC_OK);
    restart_after(kc_softhsm_remove);
    kc_softhsm_replace(&custodian.hsm);
    kc_softhsm_insert(&custodian.hsm);
    restart_after(NULL);
    assert_int_equal(kc_view_sign(client, of_tpm), KC_OK);
    assert_int_equal(kc_view_sign(client, of_token), KC_ERR_ROOT_CHANGED);
}

#define KEYS 6

static void generate_all(char keys[KEYS][KC_VIEW_TEXT_SIZE])
{
    for (size_t i = 0; i < KEYS; i++) {
        char label[16];
        snprintf(label, sizeof label, "key-%zu", i);
        assert_int_equal(generate("Ed25519", label, i == 0 ? "wrapped" : "sealed",
                             i == 1 ? "hsm" : NULL, keys[i]),
            KC_OK);
    }
}

/* The TPM has nothing of the custodian's but its storage root key, and is not needed. */
static void expect_all_without_the_tpm(char keys[KEYS][KC_VIEW_TEXT_SIZE])
{
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    assert_true(kc_swtpm_run(&custodian.tpm, "! tpm2_nvreadpublic 0x1804b43"));
    kc_swtpm_kill(&custodian.tpm);
    kc_custodian_without_tpm(&custodian);
    kc_custodian_start(&custodian);
    client = kc_view_client(&custodian);
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(kc_view_sign_when_back(client, keys[i]), KC_OK);
        expect_root(keys[i], "hsm");
    }
    kc_swtpm_start(&custodian.tpm);
}

static void a_tpm_is_replaced_by_softhsm_and_can_be_thrown_away(void **state)
{
    (void)state;
    char keys[KEYS][KC_VIEW_TEXT_SIZE];
    set_pin();
    generate_all(keys);
    replace_all(NULL);
    expect_all_without_the_tpm(keys);
}

/* The vault dies again and again, each time a little later after the request. */
static void a_tpm_is_replaced_by_softhsm_though_the_vault_is_killed_again_and_again(void **state)
{
    (void)state;
    char keys[KEYS][KC_VIEW_TEXT_SIZE], step[KC_VIEW_TEXT_SIZE] = "";
    set_pin();
    generate_all(keys);
    for (int delay_ms = 2; strcmp(step, "done") != 0 && delay_ms < 400; delay_ms += delay_ms / 2) {
        pid_t vault = kc_view_wait_for_process(&custodian, "custodian-vault", 0);
        struct kc_view_killer killer = kc_view_kill_later(vault, delay_ms);
        enum kc_error error = replace_once(NULL, false, step);
        if (error == KC_ERR_OPERATOR_PROOF)
            (void)replace_once(NULL, true, step);
        kc_view_killer_done(&killer);
        assert_int_not_equal(kc_view_wait_for_process(&custodian, "custodian-vault", vault), 0);
        for (size_t i = 0; i < KEYS; i++)
            assert_int_equal(kc_view_sign_when_back(client, keys[i]), KC_OK);
    }
    replace_all(NULL);
    expect_all_without_the_tpm(keys);
}

/* Whatever is under way is given up. */
static void abandon(void)
{
    char step[KC_VIEW_TEXT_SIZE];
    enum kc_error error;
    do /* kills between a PIN's count and its comparison count as wrong ones */
        error = replace_once("abandon", true, step);
    while (is_passing(error) || error == KC_ERR_OPERATOR_WAIT);
    assert_true(error == KC_OK || error == KC_ERR_REFUSED);
}

static void a_replacement_by_softhsm_that_is_killed_and_given_up_is_begun_again_each_time(
    void **state)
{
    (void)state;
    char keys[KEYS][KC_VIEW_TEXT_SIZE], step[KC_VIEW_TEXT_SIZE];
    set_pin();
    generate_all(keys);
    for (int delay_ms = 10; delay_ms < 300; delay_ms *= 2) {
        pid_t vault = kc_view_wait_for_process(&custodian, "custodian-vault", 0);
        struct kc_view_killer killer = kc_view_kill_later(vault, delay_ms);
        (void)replace_once(NULL, true, step);
        kc_view_killer_done(&killer);
        assert_int_not_equal(kc_view_wait_for_process(&custodian, "custodian-vault", vault), 0);
        abandon();
        for (size_t i = 0; i < KEYS; i++)
            assert_int_equal(kc_view_sign_when_back(client, keys[i]), KC_OK);
    }
    replace_all(NULL);
    expect_all_without_the_tpm(keys);
}

static void keys_resident_in_the_tpm_are_told_and_stay_if_they_are_left(void **state)
{
    (void)state;
    char resident[KC_VIEW_TEXT_SIZE], sealed[KC_VIEW_TEXT_SIZE], step[KC_VIEW_TEXT_SIZE];
    set_pin();
    assert_int_equal(generate("Ed25519", "a", "sealed", NULL, sealed), KC_OK);
    assert_int_equal(generate("P-256", "b", "resident", "main", resident), KC_OK);
    assert_int_equal(replace_once(NULL, true, step), KC_ERR_ROOT_KEYS);
    expect_root(sealed, "main");
    replace_all("leave");
    expect_root(sealed, "hsm");
    expect_root(resident, "main");
    restart_after(NULL);
    assert_int_equal(kc_view_sign(client, sealed), KC_OK);
    struct kc_client_request request;
    char unused[KC_VIEW_TEXT_SIZE];
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, resident);
    kc_values_set_text(&request.message.values, KC_FIELD_HASH, "SHA-256");
    kc_values_set_span(&request.message.values, KC_FIELD_MESSAGE, "message", 7);
    assert_int_equal(kc_view_ask(client, &request, KC_FIELD_DETAIL, unused), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            keys_name_the_root_that_they_are_of_tpm_or_softhsm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_root_that_is_not_configured_makes_no_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_softhsm_that_is_absent_takes_just_its_own_keys_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_exchanged_softhsm_is_refused_and_the_tpm_serves_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_tpm_is_replaced_by_softhsm_and_can_be_thrown_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_tpm_is_replaced_by_softhsm_though_the_vault_is_killed_again_and_again, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_replacement_by_softhsm_that_is_killed_and_given_up_is_begun_again_each_time, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            keys_resident_in_the_tpm_are_told_and_stay_if_they_are_left, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("roots-softhsm", tests, NULL, NULL);
}
