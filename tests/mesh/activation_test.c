/* SPDX-License-Identifier: Apache-2.0 */
/* What a device believes of an activation, and all that it refuses. */
#include "tests/mesh/administrator.h"
#include "tests/support/cmocka.h"
#include "tests/vectors/example.h"

#include <stdlib.h>
#include <string.h>

#define RESPONSE_ID "MB2Y-5V6B-HBGC-BRVB-7CZE-RNRX-VUPP"

/* A device that has asked, and the administrator who answers. */
struct place {
    struct kc_mesh_device_keys base;
    struct kc_point points[KC_MESH_DEVICE_KEYS];
    char device_udf[KC_UDF_ID_SIZE];
    struct administrator *administrator;
    int64_t epoch;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct kc_public_key device;
    place->base = administrator_device();
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++)
        place->points[i] = place->base.of[i].public;
    assert_int_equal(kc_mesh_public_key(&place->points[0], &device), KC_OK);
    memcpy(place->device_udf, device.udf, sizeof place->device_udf);
    place->administrator = administrator_new();
    place->administrator->response_id = RESPONSE_ID;
    place->administrator->device_udf = place->administrator->subject = place->device_udf;
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    administrator_free(place->administrator);
    free(place);
    return 0;
}

static enum kc_error read(
    struct place *place, const char *text, struct kc_mesh_activated *activated)
{
    const struct administrator *a = place->administrator;
    struct kc_mesh_awaited awaited = {.base = &place->base,
        .account_profile = {(const uint8_t *)a->account_profile, strlen(a->account_profile)},
        .account_udf = a->account_udf,
        .response_id = RESPONSE_ID,
        .epoch = place->epoch};
    return kc_mesh_activation_read(
        (struct kc_span){(const uint8_t *)text, strlen(text)}, &awaited, activated);
}

static void expect(struct place *place, enum kc_error error)
{
    KC_AUTO_ACTIVATED activated = {0};
    char *text = administrator_respond(place->administrator, place->points);
    assert_int_equal(read(place, text, &activated), error);
    if (error != KC_OK) { /* untouched */
        assert_int_equal(activated.seed_size, 0);
        assert_null(activated.connection);
    }
    free(text);
}

/* --- what is good --- */

static void an_activation_makes_the_composite_keys_and_tells_the_connection(void **state)
{
    struct place *place = *state;
    KC_AUTO_ACTIVATED activated = {0};
    char *text = administrator_respond(place->administrator, place->points);
    assert_int_equal(read(place, text, &activated), KC_OK);
    assert_int_equal(activated.seed_size, sizeof place->administrator->seed);
    assert_memory_equal(
        activated.seed, place->administrator->seed, sizeof place->administrator->seed);
    assert_string_equal(activated.account, ADMINISTRATOR_ADDRESS);
    assert_int_equal(activated.epoch, ADMINISTRATOR_NOW);
    assert_int_equal(activated.key_count, 0);
    assert_non_null(strstr(activated.connection, "signatures"));
    for (size_t i = KC_MESH_DEVICE_SIGN; i < KC_MESH_DEVICE_KEYS; i++)
        assert_false(kc_point_equal(&activated.composite[i], &place->points[i]));
    free(text);
}

static void what_may_be_left_out_may_be_left_out(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    a->device_udf = a->subject = a->authority = a->seed_account_udf = NULL;
    a->updated = 0;
    expect(place, KC_OK);
}

static void the_examples_keys_come_of_its_two_seeds(void **state)
{
    struct place *place = *state;
    struct example example;
    char text[KC_UDF_TEXT_SIZE];
    struct kc_udf udf;
    example_open(&example, "constructed-activation");
    example_text(&example, "activation.ActivationDevice.ActivationKey", text, sizeof text);
    assert_int_equal(
        kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &udf), KC_OK);
    static const struct {
        enum kc_mesh_device_key which;
        const char *public, *scalar;
    } rows[] = {
        {KC_MESH_DEVICE_ENCRYPT, "keys.0.composite_public", "keys.0.composite_scalar_le"},
        {KC_MESH_DEVICE_SIGN, "keys.1.composite_public", "keys.1.composite_scalar_le"},
        {KC_MESH_DEVICE_AUTHENTICATE, "keys.2.composite_public", "keys.2.composite_scalar_le"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct kc_key activation, composite;
        struct kc_public_key said;
        uint8_t public[57], scalar[56], encoded[KC_SCALAR_SIZE_MAX];
        const struct kc_key *base = &place->base.of[rows[i].which];
        const char *algorithm = kc_curve_info(base->scalar.curve)->name;
        example_octets(&example, rows[i].public, public, sizeof public, sizeof public);
        example_octets(&example, rows[i].scalar, scalar, sizeof scalar, sizeof scalar);
        assert_int_equal(
            kc_public_key_make(algorithm, (struct kc_span){public, sizeof public}, &said), KC_OK);
        assert_int_equal(
            kc_mesh_seed_key((struct kc_span){udf.data, udf.data_size}, KC_CURVE_ED448,
                KC_DERIVATION_CURRENT, kc_mesh_activation_names[rows[i].which], &activation),
            KC_OK);
        assert_int_equal(kc_mesh_composite_make(base, &activation, &said, &composite), KC_OK);
        kc_scalar_encode(&composite.scalar, encoded);
        assert_memory_equal(encoded, scalar, sizeof scalar);
    }
    example_close(&example);
}

/* --- who signs --- */

static void every_part_must_be_the_administrators(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    struct kc_key other = administrator_key(KC_CURVE_ED448, 99);
    a->gives_encryption = GIVEN_WHOLE;
    const struct kc_key **signers[] = {&a->responds, &a->connects, &a->activates, &a->gives};
    for (size_t i = 0; i < 4; i++) {
        *signers[i] = &other;
        expect(place, KC_ERR_SIGNATURE);
        *signers[i] = &a->profile; /* the account's own key is not the administrator's */
        expect(place, KC_ERR_SIGNATURE);
        *signers[i] = &a->signature;
    }
    expect(place, KC_OK);
}

static void what_nobody_signed_is_refused(void **state)
{
    struct place *place = *state;
    place->administrator->responds = NULL;
    expect(place, KC_ERR_SIGNATURE);
}

/* --- hazard 7.10: for another device, account or request --- */

static void a_response_to_another_request_is_refused(void **state)
{
    struct place *place = *state;
    place->administrator->response_id = "MB2Y-5V6B-HBGC-BRVB-7CZE-RNRX-VUPQ";
    expect(place, KC_ERR_ACTIVATION);
}

static void an_activation_for_another_device_is_refused(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    static const char other[] = "MAOK-I4TT-3EUS-4LMY-Z6JO-VEN7-CX6F";
    a->device_udf = other;
    expect(place, KC_ERR_ACTIVATION);
    a->device_udf = place->device_udf;
    a->subject = other;
    expect(place, KC_ERR_ACTIVATION);
    a->subject = place->device_udf;
    a->seed_to = administrator_key(KC_CURVE_X448, 50);
    expect(place, KC_ERR_DECRYPTION);
}

static void a_profile_of_another_device_beside_it_is_refused(void **state)
{
    struct place *place = *state;
    struct kc_mesh_device_keys others = place->base;
    struct kc_mesh_source source = administrator_source();
    char *profile;
    size_t size;
    others.of[KC_MESH_DEVICE_SIGN] = administrator_key(KC_CURVE_ED448, 51);
    assert_int_equal(kc_mesh_device_profile_make(&source, &others, NULL, &profile, &size), KC_OK);
    place->administrator->device_profile = profile;
    expect(place, KC_ERR_ACTIVATION);
    free(profile);
    assert_int_equal(
        kc_mesh_device_profile_make(&source, &place->base, "pot", &profile, &size), KC_OK);
    place->administrator->device_profile = profile;
    expect(place, KC_OK);
    free(profile);
}

static void an_activation_of_another_account_is_refused(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    static const char other[] = "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2";
    a->authority = other;
    expect(place, KC_ERR_ACTIVATION);
    a->authority = a->account_udf;
    a->seed_account_udf = other;
    expect(place, KC_ERR_ACTIVATION);
    a->seed_account_udf = a->account_udf;
    a->address = "mallory@example.com";
    expect(place, KC_ERR_ACTIVATION);
}

static void an_activation_that_is_not_newer_is_refused(void **state)
{
    struct place *place = *state;
    place->epoch = ADMINISTRATOR_NOW;
    expect(place, KC_ERR_EPOCH);
    place->administrator->updated = 0;
    expect(place, KC_ERR_EPOCH);
    place->administrator->updated = ADMINISTRATOR_NOW + 1;
    expect(place, KC_OK);
}

static void a_rejection_is_told_and_gives_nothing(void **state)
{
    struct place *place = *state;
    place->administrator->result = "Reject";
    expect(place, KC_ERR_REJECTED);
    place->administrator->result = "Expired";
    expect(place, KC_ERR_REJECTED);
    place->administrator->result = "Pending"; /* no answer yet */
    expect(place, KC_ERR_BAD_REQUEST);
}

static void a_device_comes_with_an_acceptance_and_with_nothing_else(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    a->rejects_with_device = true;
    a->result = "Reject";
    expect(place, KC_ERR_BAD_REQUEST);
    a->result = "accept";
    expect(place, KC_ERR_BAD_REQUEST);
    a->result = "Accept";
    expect(place, KC_OK);
}

/* --- hazard 7.9: a key of somebody's choice --- */

static void keys_that_no_signed_connection_fixes_are_refused(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    a->lacks_connection = true;
    expect(place, KC_ERR_ACTIVATION);
    a->lacks_connection = false;
    a->lacks_authentication = true;
    expect(place, KC_ERR_ACTIVATION);
}

static void a_connection_that_names_another_key_than_the_sum_is_refused(void **state)
{
    struct place *place = *state;
    place->administrator->says_rogue_key = true;
    expect(place, KC_ERR_ACTIVATION);
}

/* A contribution that is the opposite of the base key leaves no key, and one of zero leaves the base
 * key as it was. */
static void a_contribution_that_takes_the_base_key_away_is_refused(void **state)
{
    struct place *place = *state;
    const struct kc_key *base = &place->base.of[KC_MESH_DEVICE_SIGN];
    struct kc_key opposite = *base, composite = {0};
    struct kc_public_key said;
    assert_int_equal(kc_mesh_public_key(&base->public, &said), KC_OK);
    kc_scalar_negate(&opposite.scalar, &base->scalar);
    assert_int_equal(
        kc_mesh_composite_make(base, &opposite, &said, &composite), KC_ERR_SCALAR_RANGE);
    kc_scalar_set(&opposite.scalar, base->scalar.curve, 0);
    assert_int_equal(
        kc_mesh_composite_make(base, &opposite, &said, &composite), KC_ERR_SCALAR_RANGE);
    assert_int_equal(composite.scalar.curve, 0);
}

static void a_seed_of_another_kind_is_refused(void **state)
{
    struct place *place = *state;
    place->administrator->sent_code = KC_MESH_SEED_ACTIVATION_SERVICE & 0xff;
    expect(place, KC_ERR_BAD_REQUEST);
    place->administrator->sent_code = KC_MESH_SEED_PROFILE_ACCOUNT & 0xff;
    expect(place, KC_ERR_BAD_REQUEST);
}

/* --- the account's keys --- */

static const struct kc_mesh_activated_key *find(
    const struct kc_mesh_activated *activated, const char *name)
{
    for (size_t i = 0; i < activated->key_count; i++)
        if (strcmp(activated->keys[i].name, name) == 0)
            return &activated->keys[i];
    fail_msg("no %s", name);
    return NULL;
}

static void whole_keys_and_shares_of_the_account_come_with_what_they_are(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    KC_AUTO_ACTIVATED activated = {0};
    a->gives_administrator = a->gives_store = GIVEN_WHOLE;
    a->gives_encryption = a->gives_signature = GIVEN_SHARE;
    char *text = administrator_respond(a, place->points);
    assert_int_equal(read(place, text, &activated), KC_OK);
    free(text);
    assert_int_equal(activated.key_count, 4);
    const struct kc_mesh_activated_key *whole = find(&activated, "CompleteAccountAdminSign");
    assert_false(whole->is_share);
    assert_true(kc_point_equal(&whole->public, &a->signature.public));
    assert_false(find(&activated, "CompleteAccountEncryptMMM_Contact")->is_share);
    const struct kc_mesh_activated_key *share = find(&activated, "CompleteAccountEncrypt");
    struct kc_point parts[2] = {share->public, share->peer}, sum;
    assert_true(share->is_share);
    assert_int_equal(kc_point_sum(&sum, parts, 2), KC_OK);
    assert_true(kc_point_equal(&sum, &a->encryption.public));
    assert_true(kc_point_equal(&share->group, &a->encryption.public));
    assert_string_equal(share->service_id, "MAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG");
    assert_true(find(&activated, "CompleteAccountSign")->is_share);
}

/* Nothing is added to it; a share is taken from it, and that needs to know which of two points it is. */
static void a_whole_key_needs_no_sign_in_the_profile_and_that_of_a_share_does(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    KC_AUTO_ACTIVATED activated = {0};
    administrator_take_sign(a);
    a->gives_encryption = GIVEN_WHOLE;
    char *text = administrator_respond(a, place->points);
    assert_int_equal(read(place, text, &activated), KC_OK);
    free(text);
    const struct kc_mesh_activated_key *whole = find(&activated, "CompleteAccountEncrypt");
    assert_false(whole->is_share);
    assert_true(kc_point_equal(&whole->public, &a->encryption.public));
    a->gives_encryption = GIVEN_FOREIGN;
    expect(place, KC_ERR_CONTRIBUTION);
    a->gives_encryption = GIVEN_SHARE;
    expect(place, KC_ERR_CONTRIBUTION);
}

static void a_share_of_2021_is_told_from_a_whole_key_by_the_profile(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    KC_AUTO_ACTIVATED activated = {0};
    a->shares_of_2021 = true;
    a->gives_encryption = GIVEN_SHARE;
    char *text = administrator_respond(a, place->points);
    assert_int_equal(read(place, text, &activated), KC_OK);
    free(text);
    assert_true(find(&activated, "CompleteAccountEncrypt")->is_share);
}

/* Each field of an ActivationAccount, in the names of 2021 and of 2022. */
static void each_key_that_an_account_has_can_be_given(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    const struct {
        const char *name;
        const struct kc_key *key;
    } given[] = {{"CompleteAccountProfile", &a->profile},
        {"CompleteAccountAdminSign", &a->signature}, {"CompleteAccountEncrypt", &a->encryption},
        {"CompleteAccountAuthenticate", &a->authentication},
        {"CompleteAccountSign", &a->account_signature}};
    a->gives_profile = a->gives_administrator = a->gives_encryption = GIVEN_WHOLE;
    a->gives_authentication = a->gives_signature = GIVEN_WHOLE;
    for (size_t generation = 0; generation < 2; generation++) {
        KC_AUTO_ACTIVATED activated = {0};
        a->names_of_2022 = generation == 1;
        char *text = administrator_respond(a, place->points);
        assert_int_equal(read(place, text, &activated), KC_OK);
        free(text);
        assert_int_equal(activated.key_count, 5);
        for (size_t i = 0; i < 5; i++) {
            const struct kc_mesh_activated_key *key = find(&activated, given[i].name);
            assert_false(key->is_share);
            assert_true(kc_point_equal(&key->public, &given[i].key->public));
        }
    }
}

/* An offset alone is sent; without the device's own key it is nothing. */
static void a_key_that_is_added_to_the_device_s_own_is_their_sum(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    KC_AUTO_ACTIVATED activated = {0};
    struct kc_point peer;
    struct kc_public_key sign;
    a->gives_encryption = GIVEN_COMPOSITE;
    char *text = administrator_respond(a, place->points);
    assert_int_equal(read(place, text, &activated), KC_OK);
    free(text);
    const struct kc_mesh_activated_key *key = find(&activated, "CompleteAccountEncrypt");
    assert_true(key->is_share);
    assert_int_equal(key->secret_size, 56);
    assert_int_equal(key->secret[0], 12345 & 0xff);
    assert_int_equal(key->secret[1], 12345 >> 8);
    peer = key->peer;
    a->says_peer = &peer;
    expect(place, KC_OK);
    a->says_peer = &place->points[KC_MESH_DEVICE_ENCRYPT]; /* not the service's share */
    expect(place, KC_ERR_CONTRIBUTION);
    a->says_peer = NULL;
    assert_int_equal(kc_mesh_public_key(&place->points[KC_MESH_DEVICE_SIGN], &sign), KC_OK);
    a->names_device_key = sign.udf; /* of another curve */
    expect(place, KC_ERR_CONTRIBUTION);
    a->names_device_key = a->account_udf;
    expect(place, KC_ERR_CONTRIBUTION);
}

static void a_share_is_of_the_key_that_it_names(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    a->gives_encryption = GIVEN_SHARE;
    a->says_primary = &a->encryption.public;
    expect(place, KC_OK);
    a->says_primary = &a->authentication.public;
    expect(place, KC_ERR_CONTRIBUTION);
}

static void a_key_that_is_not_what_stands_beside_it_is_refused(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    a->gives_encryption = GIVEN_FOREIGN; /* zero */
    expect(place, KC_ERR_CONTRIBUTION);
    a->gives_encryption = GIVEN_NONE;
    a->gives_signature = GIVEN_WHOLE;
    a->lies_about_public = true;
    expect(place, KC_ERR_CONTRIBUTION);
}

/* Who has just the activation's seed, or just the base key, reads none of the account's keys. */
static void keys_that_are_encrypted_to_the_base_key_are_refused(void **state)
{
    struct place *place = *state;
    struct administrator *a = place->administrator;
    a->gives_encryption = GIVEN_WHOLE;
    a->keys_to = place->base.of[KC_MESH_DEVICE_ENCRYPT];
    expect(place, KC_ERR_DECRYPTION);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_activation_makes_the_composite_keys_and_tells_the_connection),
        CASE(what_may_be_left_out_may_be_left_out),
        CASE(the_examples_keys_come_of_its_two_seeds),
        CASE(every_part_must_be_the_administrators),
        CASE(what_nobody_signed_is_refused),
        CASE(a_response_to_another_request_is_refused),
        CASE(an_activation_for_another_device_is_refused),
        CASE(a_profile_of_another_device_beside_it_is_refused),
        CASE(an_activation_of_another_account_is_refused),
        CASE(an_activation_that_is_not_newer_is_refused),
        CASE(a_rejection_is_told_and_gives_nothing),
        CASE(a_device_comes_with_an_acceptance_and_with_nothing_else),
        CASE(keys_that_no_signed_connection_fixes_are_refused),
        CASE(a_connection_that_names_another_key_than_the_sum_is_refused),
        CASE(a_contribution_that_takes_the_base_key_away_is_refused),
        CASE(a_seed_of_another_kind_is_refused),
        CASE(whole_keys_and_shares_of_the_account_come_with_what_they_are),
        CASE(a_whole_key_needs_no_sign_in_the_profile_and_that_of_a_share_does),
        CASE(a_share_of_2021_is_told_from_a_whole_key_by_the_profile),
        CASE(each_key_that_an_account_has_can_be_given),
        CASE(a_key_that_is_added_to_the_device_s_own_is_their_sum),
        CASE(a_share_is_of_the_key_that_it_names),
        CASE(a_key_that_is_not_what_stands_beside_it_is_refused),
        CASE(keys_that_are_encrypted_to_the_base_key_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
