/* SPDX-License-Identifier: Apache-2.0 */
/* Two custodians: an administrator's, which connects, and a device's, which is connected. What the
 * one makes is what the other takes. */
#include "tests/mesh_device/home.h"

#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

struct pair {
    struct home *home;           /* the device's */
    struct bench *administrator; /* its custodian */
    char *device_profile;
};

static int set_up(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    void *home;
    (void)home_setup(&home);
    pair->home = home;
    pair->administrator = bench_new();
    pair->administrator->seconds = 1790000000;
    bench_set_pin(pair->administrator);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    void *home = pair->home;
    bench_free(pair->administrator);
    free(pair->device_profile);
    free(pair);
    return home_teardown(&home);
}

static void ask_pin(struct ask *ask)
{
    ask_secret(ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
}

/* The administrator's custodian makes the account; what the service would answer with is its. */
static void make_account(struct pair *pair)
{
    struct administrator *a = pair->home->administrator;
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_CREATE);
    struct kc_signed_object opened;
    struct kc_public_key key;
    size_t size;
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "alice");
    ask_text(&ask, KC_FIELD_ACCOUNT, ADMINISTRATOR_ADDRESS);
    ask_pin(&ask);
    struct answer *answer = bench_ask(pair->administrator, &ask);
    free(a->account_profile);
    a->account_profile = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    strcpy(a->account_udf, answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    answer_done(answer);
    GOOD(kc_signed_object_open_profile((struct kc_span){(uint8_t *)a->account_profile, size}, 65536,
        KC_OBJECT_ProfileUser, a->account_udf, kc_mesh_verify, &opened, &key));
    kc_signed_object_done(&opened);
    GOOD(kc_point_decode(&a->profile.public, KC_CURVE_ED448, key.octets, key.size));
}

static void enrol_device(struct pair *pair)
{
    struct ask show = ask_new(KC_OPERATION_MESH_DEVICE_SHOW),
               ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    size_t size;
    ask_text(&show, KC_FIELD_DEVICE, pair->home->device);
    struct answer *answer = bench_ask(pair->home->bench, &show);
    pair->device_profile = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    ask_text(&ask, KC_FIELD_LABEL, "pot");
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed448");
    ask_octets(&ask, KC_FIELD_PUBLIC, pair->home->profile_key.octets, pair->home->profile_key.size);
    ask_pin(&ask);
    bench_expect(pair->administrator, &ask, KC_OK);
}

/* The administrator's answer to the device's request; given: free. */
static char *connect(struct pair *pair, const char *rights)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_ACTIVATE);
    size_t size;
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, pair->home->administrator->account_udf);
    ask_text(&ask, KC_FIELD_RECIPIENT, pair->home->device);
    ask_octets(&ask, KC_FIELD_DOCUMENT, pair->device_profile, strlen(pair->device_profile));
    ask_text(&ask, KC_FIELD_RIGHTS, rights);
    ask_text(&ask, KC_FIELD_CONNECTION, pair->home->witness);
    ask_pin(&ask);
    struct answer *answer = bench_ask(pair->administrator, &ask);
    char *response = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    return response;
}

static void key_of(const struct home *home, const char *what, char id[KC_RECORD_ID_SIZE])
{
    char label[64];
    snprintf(label, sizeof label, "pot/%.9s/%s", home->administrator->account_udf, what);
    home_key(home, label, id);
    assert_string_not_equal(id, "");
}

static void what_one_custodian_connects_another_takes(void **state)
{
    struct pair *pair = *state;
    struct home *home = pair->home;
    char id[KC_RECORD_ID_SIZE];
    make_account(pair);
    enrol_device(pair);
    home_prepare(home);
    char *response = connect(pair, "encryption,MMM_Contact");
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_ACTIVATE);
    ask_text(&ask, KC_FIELD_CONNECTION, home->connection);
    ask_octets(&ask, KC_FIELD_DOCUMENT, response, strlen(response));
    bench_expect(home->bench, &ask, KC_OK);
    key_of(home, "Encrypt", id);
    assert_int_equal(home_open(home, id), KC_OK);
    key_of(home, "Account.Encrypt", id);
    assert_int_equal(home_open(home, id), KC_OK);
    key_of(home, "MMM_Contact", id);
    assert_int_equal(home_open(home, id), KC_OK);
    free(response);
    /* the store's key that the device got is the one of that name of the account's seed */
    ask = ask_new(KC_OPERATION_KEY_DERIVE);
    ask_text(&ask, KC_FIELD_KEY, home->administrator->account_udf);
    ask_text(&ask, KC_FIELD_DETAIL, "CompleteAccountEncryptMMM_Contact");
    ask_text(&ask, KC_FIELD_LABEL, "contacts");
    struct answer *answer = bench_ask(pair->administrator, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_KEY), id);
    assert_string_equal(answer_text(answer, KC_FIELD_RESIDENCE), "derived");
    assert_string_equal(answer_text(answer, KC_FIELD_ROLE), "account");
    answer_done(answer);
}

/* Of another device, even on the same custodian, it opens nothing. */
static void another_device_cannot_take_it(void **state)
{
    struct pair *pair = *state;
    struct home *home = pair->home;
    make_account(pair);
    enrol_device(pair);
    home_prepare(home);
    char *response = connect(pair, "encryption");
    struct ask create = home_create_ask("kettle"), request;
    struct answer *answer = bench_ask(home->bench, &create);
    char other[KC_UDF_ID_SIZE];
    strcpy(other, answer_text(answer, KC_FIELD_DEVICE));
    answer_done(answer);
    request = ask_new(KC_OPERATION_MESH_DEVICE_REQUEST);
    ask_text(&request, KC_FIELD_DEVICE, other);
    ask_text(&request, KC_FIELD_ACCOUNT, ADMINISTRATOR_ADDRESS);
    answer = bench_ask(home->bench, &request);
    char connection[KC_UDF_ID_SIZE];
    strcpy(connection, answer_text(answer, KC_FIELD_CONNECTION));
    answer_done(answer);
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_ACTIVATE);
    ask_text(&ask, KC_FIELD_CONNECTION, connection);
    ask_octets(&ask, KC_FIELD_DOCUMENT, response, strlen(response));
    home_expect_nothing(home, &ask, KC_ERR_WITNESS);
    free(response);
}

/* --- a device that comes back from an escrow --- */

#define SHARES 2

/* The shares of an escrow of the device's seed, a line each; and its recovery record, given: free. */
static char *escrow(struct bench *bench, const char *device, char shares[SHARES * 128])
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_CREATE);
    char object[KC_UDF_ID_SIZE];
    size_t size;
    ask_text(&ask, KC_FIELD_KEY, device);
    ask_number(&ask, KC_FIELD_COUNT, SHARES);
    ask_number(&ask, KC_FIELD_THRESHOLD, SHARES);
    ask_pin(&ask);
    struct answer *answer = bench_ask(bench, &ask);
    strcpy(object, answer_text(answer, KC_FIELD_OBJECT));
    char *record = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    shares[0] = '\0';
    for (size_t i = 0; i < SHARES; i++) {
        ask = ask_new(KC_OPERATION_MESH_ESCROW_SHARE);
        ask_text(&ask, KC_FIELD_OBJECT, object);
        answer = bench_ask(bench, &ask);
        char *share = answer_octets(answer, KC_FIELD_SECRET, &size);
        snprintf(shares + strlen(shares), 128, "%.*s\n", (int)size, share);
        free(share);
        answer_done(answer);
    }
    return record;
}

static void a_device_that_was_recovered_gets_its_keys_again(void **state)
{
    struct pair *pair = *state;
    struct home *home = pair->home;
    char shares[SHARES * 128];
    bench_set_pin(home->bench);
    char *record = escrow(home->bench, home->device, shares);
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_RECOVER);
    ask_text(&ask, KC_FIELD_KEY, home->device);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "pot");
    ask_secret(&ask, KC_FIELD_SHARES, shares, strlen(shares));
    ask_octets(&ask, KC_FIELD_DOCUMENT, record, strlen(record));
    ask_pin(&ask);
    bench_expect(pair->administrator, &ask, KC_OK);
    struct home recovered = {.bench = pair->administrator};
    assert_int_equal(home_open(&recovered, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
    free(record);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_one_custodian_connects_another_takes),
        CASE(another_device_cannot_take_it),
        CASE(a_device_that_was_recovered_gets_its_keys_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
