/* SPDX-License-Identifier: Apache-2.0 */
/* A device is activated: its composite keys, what it gets of the account's, and every refusal. */
#include "tests/mesh_device/home.h"

#include "custodian/mesh/verify.h"
#include "custodian/vault/mesh_device.h"
#include "proto/signed_object.h"
#include "threshold/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "pot/MAAA-BBBB/Encrypt" */
static void label_of(const struct home *home, const char *what, char label[64])
{
    snprintf(label, 64, "pot/%.9s/%s", home->administrator->account_udf, what);
}

static void key_of(const struct home *home, const char *what, char id[KC_RECORD_ID_SIZE])
{
    char label[64];
    label_of(home, what, label);
    home_key(home, label, id);
    assert_string_not_equal(id, "");
}

/* --- success --- */

static void composite_keys_are_records_of_keys_and_open_envelopes(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home_join(home);
    static const char *const what[] = {"Sign", "Encrypt", "Authenticate"};
    for (size_t i = 0; i < 3; i++) {
        key_of(home, what[i], id);
        const struct kc_record *key = bench_record(home->bench, KC_KIND_KEY, id);
        assert_int_equal(key->role, KC_ROLE_DEVICE);
        assert_int_equal(key->residence, KC_RESIDENCE_DERIVED);
        assert_int_equal(key->secret_size, 0);
        assert_string_equal(key->account, ADMINISTRATOR_ADDRESS);
    }
    key_of(home, "Encrypt", id);
    assert_int_equal(home_open(home, id), KC_OK);
    bench_restart(home->bench);
    assert_int_equal(home_open(home, id), KC_OK);
    struct ask rotate = ask_new(KC_OPERATION_STORE_ROTATE);
    bench_expect(home->bench, &rotate, KC_OK);
    bench_restart(home->bench);
    assert_int_equal(home_open(home, id), KC_OK);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
}

static void the_sum_is_that_of_base_key_and_activation(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    KC_AUTO_KEY activation = {0};
    home_join(home);
    key_of(home, "Encrypt", id);
    const struct kc_record *key = bench_record(home->bench, KC_KIND_KEY, id);
    assert_int_equal(
        kc_mesh_seed_key((struct kc_span){home->administrator->seed, 34}, KC_CURVE_ED448,
            KC_DERIVATION_CURRENT, "ActivationDeviceEncrypt", &activation),
        KC_OK);
    struct kc_point parts[2] = {home->base[KC_MESH_DEVICE_ENCRYPT], activation.public}, sum;
    uint8_t encoded[KC_POINT_SIZE_MAX];
    assert_int_equal(kc_point_sum(&sum, parts, 2), KC_OK);
    kc_point_encode(&sum, encoded);
    assert_memory_equal(key->public_key, encoded, key->public_size);
}

static void the_connection_ends_the_request_and_is_shown(void **state)
{
    struct home *home = *state;
    struct ask show = ask_new(KC_OPERATION_MESH_DEVICE_SHOW);
    size_t size;
    home_join(home);
    assert_int_equal(
        bench_record(home->bench, KC_KIND_CONNECTION, home->connection)->state, KC_STATE_DESTROYED);
    assert_int_equal(home_composite(home)->state, KC_STATE_ACTIVE);
    assert_int_equal(home_composite(home)->residence, KC_RESIDENCE_SEALED);
    ask_text(&show, KC_FIELD_DEVICE, home->device);
    ask_text(&show, KC_FIELD_ACCOUNT_UDF, home->administrator->account_udf);
    struct answer *answer = bench_ask(home->bench, &show);
    char *connection = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    char *profile = answer_octets(answer, KC_FIELD_PROFILE, &size);
    assert_int_equal(size, strlen(home->administrator->account_profile));
    assert_memory_equal(profile, home->administrator->account_profile, size);
    assert_int_equal(answer->in.message.item_count, 1);
    assert_true(kc_values_text_is(
        &answer->items[0], KC_FIELD_ACCOUNT_UDF, home->administrator->account_udf));
    answer_done(answer);
    free(connection);
    free(profile);
}

static void a_composite_key_signs_requests_and_nothing_raw(void **state)
{
    static const char request[] = "{\"StatusRequest\":{\"Account\":\"alice@example.com\"}}";
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home_join(home);
    key_of(home, "Sign", id);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_MESSAGE, request, strlen(request));
    bench_expect(home->bench, &ask, KC_OK);
    static const char profile[] = "{\"ProfileUser\":{\"AccountAddress\":\"alice@example.com\"}}";
    ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_MESSAGE, profile, strlen(profile));
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
    ask = ask_new(KC_OPERATION_KEY_SIGN);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_MESSAGE, request, strlen(request));
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

/* With the ConnectionDevice in its signature: who has the account's profile can verify it. */
static void a_request_that_a_composite_key_signs_is_accredited(void **state)
{
    static const char request[] = "{\"StatusRequest\":{\"Account\":\"alice@example.com\"}}";
    struct home *home = *state;
    struct kc_accredited_request opened;
    struct kc_public_key administrator;
    char id[KC_RECORD_ID_SIZE];
    size_t size;
    home_join(home);
    key_of(home, "Sign", id);
    bench_restart(home->bench);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_MESSAGE, request, strlen(request));
    struct answer *answer = bench_ask(home->bench, &ask);
    char *text = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    assert_int_equal(
        kc_mesh_public_key(&home->administrator->signature.public, &administrator), KC_OK);
    struct kc_accreditation accreditation = {
        .account_udf = home->administrator->account_udf, .administrator = &administrator};
    assert_int_equal(kc_accredited_request_open((struct kc_span){(const uint8_t *)text, size},
                         65536, KC_OBJECT_StatusRequest, &accreditation, kc_mesh_verify, &opened),
        KC_OK);
    assert_string_equal(opened.device.udf, id);
    kc_accredited_request_done(&opened);
    free(text);
    struct ask leave = home_leave_ask(home);
    bench_expect(home->bench, &leave, KC_OK);
    ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_MESSAGE, request, strlen(request));
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

static void whole_keys_of_the_account_are_kept_sealed_and_used(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home->administrator->gives_encryption = home->administrator->gives_administrator =
        home->administrator->gives_store = GIVEN_WHOLE;
    home_join(home);
    key_of(home, "Account.Encrypt", id);
    const struct kc_record *key = bench_record(home->bench, KC_KIND_KEY, id);
    assert_int_equal(key->role, KC_ROLE_ACCOUNT);
    assert_int_equal(key->residence, KC_RESIDENCE_SEALED);
    assert_int_equal(home_open(home, id), KC_OK);
    key_of(home, "MMM_Contact", id);
    assert_int_equal(home_open(home, id), KC_OK);
    /* the administrator's key, given as a scalar, signs what an administrator signs */
    static const char entry[] = "{\"CatalogedDevice\":{\"DeviceUdf\":\"MAAA\"}}";
    key_of(home, "Account.AdminSign", id);
    bench_restart(home->bench);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_MESSAGE, entry, strlen(entry));
    bench_expect(home->bench, &ask, KC_OK);
}

/* The device's share and the service's, which the administrator made, are the account's key. */
static void a_share_of_the_account_agrees_with_the_services(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    struct kc_scalar own, service;
    struct kc_key ephemeral = administrator_key(KC_CURVE_X448, 60);
    struct kc_point contribution;
    uint8_t point[KC_POINT_SIZE_MAX], peer[KC_POINT_SIZE_MAX], agreed[64], whole[64];
    home->administrator->gives_encryption = GIVEN_SHARE;
    home_join(home);
    key_of(home, "Account.Encrypt", id);
    const struct kc_record *share = bench_record(home->bench, KC_KIND_KEY, id);
    assert_int_equal(share->role, KC_ROLE_SHARE);
    assert_int_equal(share->class, KC_ROLE_ACCOUNT);
    assert_int_equal(share->index, KC_PARTY_FIRST);
    kc_scalar_set(&own, KC_CURVE_X448, 12345);
    kc_scalar_subtract(&service, &home->administrator->encryption.scalar, &own);
    assert_int_equal(kc_point_multiply(&contribution, &service, &ephemeral.public), KC_OK);
    kc_point_encode(&contribution, point);
    kc_point_encode(&ephemeral.public, peer);
    struct ask ask = ask_new(KC_OPERATION_AGREEMENT_COMBINE);
    ask_text(&ask, KC_FIELD_KEY, id);
    ask_octets(&ask, KC_FIELD_PEER, peer, 57);
    ask_octets(&ask, KC_FIELD_CONTRIBUTION, point, 57);
    struct answer *answer = bench_ask(home->bench, &ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_SECRET, agreed), 56);
    answer_done(answer);
    assert_int_equal(
        kc_agreement_agree(whole, &home->administrator->encryption.scalar, &ephemeral.public),
        KC_OK);
    assert_memory_equal(agreed, whole, 56);
}

/* --- refusals: each as in the pure tests, and nothing is kept --- */

static void expect_refused(struct home *home, enum kc_error error)
{
    struct ask ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, error);
    assert_null(home_composite(home));
}

static void an_activation_that_the_administrator_did_not_sign_is_not_kept(void **state)
{
    struct home *home = *state;
    struct administrator *a = home->administrator;
    struct kc_key other = administrator_key(KC_CURVE_ED448, 99);
    home_prepare(home);
    const struct kc_key **signers[] = {&a->responds, &a->connects, &a->activates};
    for (size_t i = 0; i < 3; i++) {
        *signers[i] = &other;
        expect_refused(home, KC_ERR_SIGNATURE);
        *signers[i] = &a->signature;
    }
}

static void an_activation_for_another_device_account_or_key_is_not_kept(void **state)
{
    struct home *home = *state;
    struct administrator *a = home->administrator;
    home_prepare(home);
    a->subject = "MAOK-I4TT-3EUS-4LMY-Z6JO-VEN7-CX6F";
    expect_refused(home, KC_ERR_ACTIVATION);
    a->subject = home->device;
    a->authority = "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2";
    expect_refused(home, KC_ERR_ACTIVATION);
    a->authority = a->account_udf;
    a->says_rogue_key = true;
    expect_refused(home, KC_ERR_ACTIVATION);
    a->says_rogue_key = false;
    a->lacks_connection = true;
    expect_refused(home, KC_ERR_ACTIVATION);
    a->lacks_connection = false;
    struct ask ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
}

/* Hazard 7.10: the answer to one request is none to another. */
static void an_old_response_is_not_played_again(void **state)
{
    struct home *home = *state;
    char *former;
    home_prepare(home);
    former = administrator_respond(home->administrator, home->base);
    struct ask ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
    ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_REFUSED); /* that request is answered */
    home_prepare(home);
    struct ask replay = ask_new(KC_OPERATION_MESH_DEVICE_ACTIVATE);
    ask_text(&replay, KC_FIELD_CONNECTION, home->connection);
    ask_octets(&replay, KC_FIELD_DOCUMENT, former, strlen(former));
    home_expect_nothing(home, &replay, KC_ERR_ACTIVATION);
    ask = home_activate_ask(home, NULL); /* for the right request, but with the old connection */
    home_expect_nothing(home, &ask, KC_ERR_EPOCH);
    free(former);
}

static void a_rejection_ends_the_request(void **state)
{
    struct home *home = *state;
    home_prepare(home);
    home->administrator->result = "Reject";
    struct ask ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_ERR_REJECTED);
    assert_null(home_composite(home));
    assert_int_equal(
        bench_record(home->bench, KC_KIND_CONNECTION, home->connection)->state, KC_STATE_DESTROYED);
    home->administrator->result = "Accept";
    ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

static void who_may_not_activates_nothing(void **state)
{
    struct home *home = *state;
    home_prepare(home);
    struct ask ask = home_activate_ask(home, NULL);
    bench_allow_only(home->bench, KC_OPERATION_MESH_DEVICE_REQUEST);
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

/* --- a death at each write --- */

static void send_and_die(struct home *home, struct ask *ask, bool is_stored)
{
    bench_open(home->bench);
    home->bench->holds_stored = true;
    (void)bench_send(home->bench, ask);
    bench_pump(home->bench);
    if (is_stored)
        bench_store_unheard(home->bench);
    home->bench->holds_stored = false;
    bench_restart(home->bench);
}

static void a_death_leaves_the_device_activated_or_as_it_was(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home->administrator->gives_encryption = GIVEN_SHARE;
    home_prepare(home);
    struct ask ask = home_activate_ask(home, NULL);
    struct home_state before = home_state(home);
    send_and_die(home, &ask, false);
    assert_int_equal(home_state(home).versions, before.versions);
    ask = home_activate_ask(home, NULL);
    send_and_die(home, &ask, true);
    key_of(home, "Encrypt", id);
    assert_int_equal(home_open(home, id), KC_OK);
    key_of(home, "Account.Encrypt", id);
    ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

static void a_store_that_fails_activates_nothing(void **state)
{
    struct home *home = *state;
    home_prepare(home);
    home->bench->store_error = KC_ERR_STORE_FULL;
    expect_refused(home, KC_ERR_STORE_FULL);
    home->bench->store_error = KC_OK;
    struct ask ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, home_setup, home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(composite_keys_are_records_of_keys_and_open_envelopes),
        CASE(the_sum_is_that_of_base_key_and_activation),
        CASE(the_connection_ends_the_request_and_is_shown),
        CASE(a_composite_key_signs_requests_and_nothing_raw),
        CASE(a_request_that_a_composite_key_signs_is_accredited),
        CASE(whole_keys_of_the_account_are_kept_sealed_and_used),
        CASE(a_share_of_the_account_agrees_with_the_services),
        CASE(an_activation_that_the_administrator_did_not_sign_is_not_kept),
        CASE(an_activation_for_another_device_account_or_key_is_not_kept),
        CASE(an_old_response_is_not_played_again),
        CASE(a_rejection_ends_the_request),
        CASE(who_may_not_activates_nothing),
        CASE(a_death_leaves_the_device_activated_or_as_it_was),
        CASE(a_store_that_fails_activates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
