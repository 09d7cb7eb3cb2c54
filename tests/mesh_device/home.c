/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh_device/home.h"

#include "custodian/mesh/verify.h"
#include "custodian/vault/mesh_device.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

struct ask home_create_ask(const char *label)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, label);
    return ask;
}

static void take_key(struct home *home, const struct kc_values *item, size_t at)
{
    const struct kc_value *public = &item->value[KC_FIELD_PUBLIC];
    const struct kc_value *algorithm = &item->value[KC_FIELD_ALGORITHM];
    const struct kc_curve_info *curve =
        kc_curve_by_name((const char *)algorithm->span.bytes, algorithm->span.size);
    memcpy(
        home->keys[at], item->value[KC_FIELD_KEY].span.bytes, item->value[KC_FIELD_KEY].span.size);
    GOOD(kc_point_decode(&home->base[at], curve->curve, public->span.bytes, public->span.size));
}

int home_setup(void **state)
{
    struct home *home = calloc(1, sizeof *home);
    struct ask ask = home_create_ask("pot");
    home->bench = bench_new();
    home->administrator = administrator_new();
    struct answer *answer = bench_ask(home->bench, &ask);
    strcpy(home->device, answer_text(answer, KC_FIELD_DEVICE));
    assert_int_equal(answer->in.message.item_count, KC_MESH_DEVICE_KEYS);
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++)
        take_key(home, &answer->items[i], i);
    answer_done(answer);
    GOOD(kc_mesh_public_key(&home->base[KC_MESH_DEVICE_PROFILE], &home->profile_key));
    home->administrator->device_udf = home->administrator->subject = home->device;
    *state = home;
    return 0;
}

int home_teardown(void **state)
{
    struct home *home = *state;
    bench_free(home->bench);
    administrator_free(home->administrator);
    free(home->request);
    free(home->acknowledgement);
    free(home);
    return 0;
}

/* --- connecting --- */

static void take_nonce(struct home *home)
{
    struct kc_signed_object opened;
    size_t size = sizeof home->known.nonce;
    GOOD(kc_signed_object_open(span_of(home->request), 65536, KC_OBJECT_RequestConnection,
        &home->profile_key, kc_mesh_verify, &opened));
    GOOD(kc_json_octets(kc_object_member(&opened.object, "ClientNonce"), home->known.nonce, &size));
    kc_signed_object_done(&opened);
}

void home_request(struct home *home, const char *pin, const char *account_udf)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_REQUEST);
    size_t size;
    ask_text(&ask, KC_FIELD_DEVICE, home->device);
    ask_text(&ask, KC_FIELD_ACCOUNT, home->administrator->address);
    if (pin)
        ask_secret(&ask, KC_FIELD_PIN, pin, strlen(pin));
    if (account_udf)
        ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account_udf);
    struct answer *answer = bench_ask(home->bench, &ask);
    strcpy(home->connection, answer_text(answer, KC_FIELD_CONNECTION));
    free(home->request);
    home->request = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    home->request[size] = '\0';
    answer_done(answer);
    take_nonce(home);
}

void home_acknowledge(struct home *home)
{
    free(home->acknowledgement);
    home->acknowledgement = administrator_acknowledge(
        home->administrator, &home->profile_key, home->request, &home->known);
}

struct ask home_check_ask(struct home *home, const char *witness)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_CHECK);
    ask_text(&ask, KC_FIELD_CONNECTION, home->connection);
    ask_octets(&ask, KC_FIELD_DOCUMENT, home->acknowledgement, strlen(home->acknowledgement));
    ask_octets(&ask, KC_FIELD_PROFILE, home->administrator->account_profile,
        strlen(home->administrator->account_profile));
    if (witness)
        ask_text(&ask, KC_FIELD_WITNESS, witness);
    return ask;
}

void home_prepare(struct home *home)
{
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    struct ask ask = home_check_ask(home, NULL);
    struct answer *answer = bench_ask(home->bench, &ask);
    strcpy(home->witness, answer_text(answer, KC_FIELD_WITNESS));
    answer_done(answer);
    ask = home_check_ask(home, home->witness);
    bench_expect(home->bench, &ask, KC_OK);
    GOOD(kc_make_id(home->witness, KC_ID_OF_RESPONSE, home->response_id));
    home->administrator->response_id = home->response_id;
}

struct ask home_activate_ask(struct home *home, const char *witness)
{
    static char *response;
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_ACTIVATE);
    free(response);
    response = administrator_respond(home->administrator, home->base);
    ask_text(&ask, KC_FIELD_CONNECTION, home->connection);
    ask_octets(&ask, KC_FIELD_DOCUMENT, response, strlen(response));
    if (witness)
        ask_text(&ask, KC_FIELD_WITNESS, witness);
    return ask;
}

void home_join(struct home *home)
{
    home_prepare(home);
    struct ask ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
}

struct ask home_leave_ask(const struct home *home)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_LEAVE);
    ask_text(&ask, KC_FIELD_DEVICE, home->device);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, home->administrator->account_udf);
    return ask;
}

/* --- what there is --- */

struct kc_record *home_composite(const struct home *home)
{
    char id[KC_UDF_ID_SIZE];
    GOOD(kc_mesh_composite_id(home->device, home->administrator->account_udf, id));
    return bench_record(home->bench, KC_KIND_COMPOSITE, id);
}

struct kc_record *home_key_record(const struct home *home, const char *label)
{
    for (size_t i = 0; i < home->bench->record_count; i++) {
        struct kc_record *record = &home->bench->records[i];
        if (record->kind == KC_KIND_KEY && record->state != KC_STATE_DESTROYED &&
            strcmp(record->label, label) == 0)
            return record;
    }
    return NULL;
}

void home_key(const struct home *home, const char *label, char id[KC_RECORD_ID_SIZE])
{
    const struct kc_record *record = home_key_record(home, label);
    memset(id, 0, KC_RECORD_ID_SIZE);
    if (record)
        memcpy(id, record->id, KC_RECORD_ID_SIZE);
}

enum kc_error home_open(const struct home *home, const char *key)
{
    return bench_opens(home->bench, administrator_source(), key);
}

struct home_state home_state(const struct home *home)
{
    struct home_state state = {.record_count = home->bench->record_count};
    for (size_t i = 0; i < home->bench->record_count; i++)
        state.versions += home->bench->records[i].version;
    return state;
}

void home_expect_nothing(struct home *home, struct ask *ask, enum kc_error error)
{
    struct home_state before = home_state(home);
    bench_expect(home->bench, ask, error);
    struct home_state after = home_state(home);
    assert_int_equal(before.record_count, after.record_count);
    assert_int_equal(before.versions, after.versions);
}
