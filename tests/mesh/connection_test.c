/* SPDX-License-Identifier: Apache-2.0 */
/* A device's request for a connection, and what it believes of the acknowledgement. */
#include "tests/mesh/administrator.h"
#include "tests/support/cmocka.h"
#include "tests/vectors/example.h"

#include "custodian/mesh/acknowledgement.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

struct place {
    struct kc_mesh_device_keys keys;
    struct kc_public_key device;
    struct administrator *administrator;
    struct kc_mesh_source source;
    char *profile;
};

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    size_t size;
    place->keys = administrator_device();
    place->source = administrator_source();
    place->administrator = administrator_new();
    assert_int_equal(kc_mesh_public_key(&place->keys.of[0].public, &place->device), KC_OK);
    assert_int_equal(
        kc_mesh_device_profile_make(&place->source, &place->keys, NULL, &place->profile, &size),
        KC_OK);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    administrator_free(place->administrator);
    free(place->profile);
    free(place);
    return 0;
}

static enum kc_error ask(struct place *place, const char *account, const char *pin,
    struct kc_mesh_connecting_device *known, char **text)
{
    size_t size;
    struct kc_mesh_connect connect = {.account = account,
        .profile = span_of(place->profile),
        .signer = &place->keys.of[KC_MESH_DEVICE_PROFILE],
        .pin = pin};
    return kc_mesh_connect_make(&place->source, &connect, known, text, &size);
}

/* --- the request --- */

static void open_request(struct place *place, const char *text, struct kc_signed_object *opened)
{
    assert_int_equal(kc_signed_object_open(span_of(text), 65536, KC_OBJECT_RequestConnection,
                         &place->device, kc_mesh_verify, opened),
        KC_OK);
}

static void a_request_has_a_nonce_the_profile_and_the_canonical_address(void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known, again;
    struct kc_signed_object opened;
    uint8_t nonce[KC_MESH_NONCE_SIZE];
    size_t size = sizeof nonce;
    char *text, *other;
    assert_int_equal(ask(place, "Alice@Example.com", NULL, &known, &text), KC_OK);
    open_request(place, text, &opened);
    assert_true(kc_json_is_text(kc_object_member(&opened.object, "MessageId"), known.id));
    assert_true(
        kc_json_is_text(kc_object_member(&opened.object, "AccountAddress"), "alice@example.com"));
    assert_int_equal(
        kc_json_octets(kc_object_member(&opened.object, "ClientNonce"), nonce, &size), KC_OK);
    assert_memory_equal(nonce, known.nonce, sizeof nonce);
    assert_memory_equal(opened.envelope->digest, known.digest, sizeof known.digest);
    assert_false(kc_json_is_there(kc_object_member(&opened.object, "PinId")));
    kc_signed_object_done(&opened);
    assert_int_equal(ask(place, "alice@example.com", NULL, &again, &other), KC_OK);
    assert_string_not_equal(known.id, again.id);
    assert_memory_not_equal(known.nonce, again.nonce, sizeof known.nonce);
    free(text);
    free(other);
}

static void a_pin_is_proven_over_account_nonce_and_profile(void **state)
{
    static const char pin[] = "ABKU-AGXX-BTQH-SKIX-ABZY-U7EM-3E";
    struct place *place = *state;
    struct kc_mesh_connecting_device known;
    struct kc_signed_object opened;
    struct kc_dare_envelope *profile = calloc(1, sizeof *profile);
    char *text, salted[KC_UDF_ID_SIZE], id[KC_UDF_ID_SIZE];
    uint8_t said[KC_PIN_WITNESS_SIZE], witness[KC_PIN_WITNESS_SIZE];
    size_t size = sizeof said;
    assert_int_equal(ask(place, "alice@example.com", pin, &known, &text), KC_OK);
    open_request(place, text, &opened);
    assert_int_equal(kc_dare_envelope_read(span_of(place->profile), profile), KC_OK);
    assert_int_equal(kc_pin_salt(pin, "Device", salted), KC_OK);
    assert_int_equal(kc_pin_id(salted, "alice@example.com", id), KC_OK);
    assert_int_equal(
        kc_pin_witness(salted, "alice@example.com",
            (struct kc_span){known.nonce, sizeof known.nonce}, profile->digest, witness),
        KC_OK);
    assert_true(kc_json_is_text(kc_object_member(&opened.object, "PinId"), id));
    assert_int_equal(
        kc_json_octets(kc_object_member(&opened.object, "PinWitness"), said, &size), KC_OK);
    assert_int_equal(size, sizeof witness);
    assert_memory_equal(said, witness, sizeof witness);
    kc_signed_object_done(&opened);
    kc_dare_envelope_done(profile);
    free(profile);
    free(text);
}

static void a_pin_that_is_none_and_an_address_that_is_none_are_refused(void **state)
{
    struct kc_mesh_connecting_device known;
    char *text;
    assert_int_equal(ask(*state, "alice@example.com", "1234", &known, &text), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(ask(*state, "", NULL, &known, &text), KC_ERR_BAD_ARGUMENT);
}

/* --- the acknowledgement --- */

static void the_witness_is_computed_of_the_devices_own_values(void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known;
    struct kc_mesh_acknowledged read;
    char *request, response_id[KC_UDF_ID_SIZE];
    assert_int_equal(ask(place, ADMINISTRATOR_ADDRESS, NULL, &known, &request), KC_OK);
    char *text = administrator_acknowledge(place->administrator, &place->device, request, &known);
    struct kc_span profile = span_of(place->administrator->account_profile);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(text), profile, &place->device, &known, &read), KC_OK);
    assert_string_equal(read.account_udf, place->administrator->account_udf);
    assert_int_equal(strlen(read.witness), 34);
    assert_int_equal(kc_make_id(read.witness, KC_ID_OF_RESPONSE, response_id), KC_OK);
    assert_string_equal(read.response_id, response_id);
    free(text);
    free(request);
}

/* Hazard 7.19: whoever stands between has another nonce, account or device in it. */
static void a_witness_of_other_values_is_refused(void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known, other;
    struct kc_mesh_acknowledged read = {0};
    struct kc_span profile = span_of(place->administrator->account_profile);
    struct kc_public_key stranger;
    struct kc_key key = administrator_key(KC_CURVE_ED448, 88);
    char *request;
    assert_int_equal(kc_mesh_public_key(&key.public, &stranger), KC_OK);
    assert_int_equal(ask(place, ADMINISTRATOR_ADDRESS, NULL, &known, &request), KC_OK);
    other = known;
    other.nonce[0] ^= 1;
    char *text = administrator_acknowledge(place->administrator, &place->device, request, &other);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(text), profile, &place->device, &known, &read),
        KC_ERR_WITNESS);
    free(text);
    text = administrator_acknowledge(place->administrator, &stranger, request, &known);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(text), profile, &place->device, &known, &read),
        KC_ERR_WITNESS);
    free(text);
    free(request);
    assert_string_equal(read.witness, "");
}

static void an_acknowledgement_of_another_request_is_refused(void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known, other;
    struct kc_mesh_acknowledged read;
    char *request, *others;
    assert_int_equal(ask(place, ADMINISTRATOR_ADDRESS, NULL, &known, &request), KC_OK);
    assert_int_equal(ask(place, ADMINISTRATOR_ADDRESS, NULL, &other, &others), KC_OK);
    char *text = administrator_acknowledge(place->administrator, &place->device, others, &known);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(text), span_of(place->administrator->account_profile),
            &place->device, &known, &read),
        KC_ERR_WITNESS);
    free(text);
    free(request);
    free(others);
}

static void the_profile_of_another_account_is_refused(void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known;
    struct kc_mesh_acknowledged read;
    char *request;
    struct kc_span profile = span_of(place->administrator->account_profile);
    assert_int_equal(ask(place, "mallory@example.com", NULL, &known, &request), KC_OK);
    char *text = administrator_acknowledge(place->administrator, &place->device, request, &known);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(text), profile, &place->device, &known, &read),
        KC_ERR_PROFILE);
    free(text);
    free(request);
    assert_int_equal(ask(place, ADMINISTRATOR_ADDRESS, NULL, &known, &request), KC_OK);
    memcpy(known.account_udf, "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2", sizeof known.account_udf);
    text = administrator_acknowledge(place->administrator, &place->device, request, &known);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(text), profile, &place->device, &known, &read),
        KC_ERR_PROFILE);
    free(text);
    free(request);
}

/* The published flow, whose device key and nonce stand in its request. */
static void the_examples_acknowledgement_holds(void **state)
{
    struct example example;
    struct kc_mesh_connecting_device known = {.account = "alice@example.com"};
    struct kc_mesh_acknowledged read;
    struct kc_dare_envelope *request = calloc(1, sizeof *request);
    struct kc_json_document document;
    struct kc_object object;
    struct kc_signed_object profile;
    struct kc_public_key device;
    size_t size = sizeof known.nonce;
    (void)state;
    example_open(&example, "2021-connect-pin");
    struct kc_span text =
        kc_json_source(example_at(&example, "request.ConnectRequest.EnvelopedRequestConnection"));
    assert_int_equal(kc_dare_envelope_read(text, request), KC_OK);
    memcpy(known.digest, request->digest, sizeof known.digest);
    assert_int_equal(kc_object_parse((struct kc_span){request->body, request->body_size}, 65536,
                         KC_OBJECT_RequestConnection, &document, &object, NULL),
        KC_OK);
    assert_int_equal(
        kc_json_octets(kc_object_member(&object, "ClientNonce"), known.nonce, &size), KC_OK);
    struct kc_span enclosed = kc_json_source(kc_object_member(&object, "AuthenticatedData"));
    assert_int_equal(kc_signed_object_open_profile(enclosed, 65536, KC_OBJECT_ProfileDevice, NULL,
                         kc_mesh_verify, &profile, &device),
        KC_OK);
    assert_int_equal(
        kc_mesh_acknowledge_read(kc_json_source(example_at(&example,
                                     "response.ConnectResponse.EnvelopedAcknowledgeConnection")),
            kc_json_source(
                example_at(&example, "response.ConnectResponse.EnvelopedProfileAccount")),
            &device, &known, &read),
        KC_OK);
    assert_string_equal(read.witness, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKKN");
    assert_string_equal(read.account_udf, "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2");
    kc_signed_object_done(&profile);
    kc_json_done(&document);
    kc_dare_envelope_done(request);
    free(request);
    example_close(&example);
}

/* --- what people compare --- */

static void a_witness_is_compared_in_all_of_its_characters(void **state)
{
    static const char witness[] = "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKKN";
    (void)state;
    assert_true(kc_mesh_witness_is(witness, witness));
    assert_true(kc_mesh_witness_is(witness, " kb3g nc35x6iu bekj-yiqr-j4gx-ikkn\n"));
    assert_false(kc_mesh_witness_is(witness, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKKM"));
    assert_false(kc_mesh_witness_is(witness, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKK"));
    assert_false(kc_mesh_witness_is(witness, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX"));
    assert_false(kc_mesh_witness_is(witness, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKKN-A"));
    assert_false(kc_mesh_witness_is(witness, ""));
}

/* --- who acknowledges --- */

static enum kc_error acknowledge(
    struct place *place, const char *request, struct kc_mesh_acknowledgement *made)
{
    return kc_mesh_acknowledge_make(
        &place->source, span_of(request), span_of(place->administrator->account_profile), made);
}

static void what_is_acknowledged_the_device_takes(void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known;
    struct kc_mesh_acknowledgement made;
    struct kc_mesh_acknowledged read;
    char *request;
    assert_int_equal(ask(place, "alice@example.com", NULL, &known, &request), KC_OK);
    assert_int_equal(acknowledge(place, request, &made), KC_OK);
    assert_string_equal(made.device_udf, place->device.udf);
    assert_string_equal(made.account, "alice@example.com");
    assert_string_equal(made.profile_device, place->profile);
    assert_false(made.has_pin);
    assert_int_equal(
        kc_mesh_acknowledge_read(span_of(made.text), span_of(place->administrator->account_profile),
            &place->device, &known, &read),
        KC_OK);
    assert_string_equal(read.witness, made.witness);
    kc_mesh_acknowledgement_done(&made);
    free(request);
}

static void a_request_that_is_not_the_device_s_or_not_to_the_account_is_not_acknowledged(
    void **state)
{
    struct place *place = *state;
    struct kc_mesh_connecting_device known;
    struct kc_mesh_acknowledgement made = {.text = NULL};
    char *request;
    assert_int_equal(ask(place, "bob@example.com", NULL, &known, &request), KC_OK);
    assert_int_equal(acknowledge(place, request, &made), KC_ERR_PROFILE);
    free(request);
    struct kc_key own = place->keys.of[KC_MESH_DEVICE_PROFILE];
    place->keys.of[KC_MESH_DEVICE_PROFILE] = place->keys.of[KC_MESH_DEVICE_SIGN];
    assert_int_equal(ask(place, "alice@example.com", NULL, &known, &request), KC_OK);
    place->keys.of[KC_MESH_DEVICE_PROFILE] = own;
    assert_int_equal(acknowledge(place, request, &made), KC_ERR_SIGNATURE);
    assert_int_equal(acknowledge(place, place->profile, &made), KC_ERR_BAD_REQUEST);
    assert_int_equal(acknowledge(place, "nothing", &made), KC_ERR_ENVELOPE);
    assert_null(made.text);
    free(request);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_has_a_nonce_the_profile_and_the_canonical_address),
        CASE(a_pin_is_proven_over_account_nonce_and_profile),
        CASE(a_pin_that_is_none_and_an_address_that_is_none_are_refused),
        CASE(the_witness_is_computed_of_the_devices_own_values),
        CASE(a_witness_of_other_values_is_refused),
        CASE(an_acknowledgement_of_another_request_is_refused),
        CASE(the_profile_of_another_account_is_refused),
        CASE(the_examples_acknowledgement_holds),
        CASE(a_witness_is_compared_in_all_of_its_characters),
        CASE(what_is_acknowledged_the_device_takes),
        CASE(a_request_that_is_not_the_device_s_or_not_to_the_account_is_not_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
