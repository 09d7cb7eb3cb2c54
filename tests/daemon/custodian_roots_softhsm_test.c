/* SPDX-License-Identifier: Apache-2.0 */
/* The whole custodian on two roots at once: a software TPM, which has its own secret, and a software
 * HSM beside it. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "tests/support/cmocka.h"

#include <signal.h>
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
    };
    return cmocka_run_group_tests_name("roots-softhsm", tests, NULL, NULL);
}
