/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that an account's own keys sign. */
#include "custodian/mesh/transaction_make.h"

#include "custodian/mesh/replay.h"
#include "proto/transaction.h"
#include "tests/mesh/sample.h"
#include "tests/mesh/source.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static struct kc_mesh_asker asker_of(const struct sample_key *key)
{
    return (struct kc_mesh_asker){
        .signer = &key->pair, .service = "example.com", .address = "alice@example.com"};
}

static void opened(char *text, enum kc_object_type type, const struct sample_key *key,
    struct kc_signed_object *object)
{
    uint8_t id[KC_REPLAY_ID_SIZE];
    size_t size = sizeof id;
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, strlen(text)}, 1 << 20, type,
        &key->public, kc_mesh_verify, object));
    GOOD(kc_json_octets(kc_object_member(&object->object, "ID"), id, &size));
    assert_int_equal(size, sizeof id);
    assert_int_equal(kc_replay_time(id), (uint64_t)SAMPLE_NOW * 1000);
    assert_true(kc_json_is_text(kc_object_member(&object->object, "Service"), "example.com"));
}

static void a_transact_holds_each_frame_and_message_where_it_belongs(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1);
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_asker asker = asker_of(&key);
    struct kc_mesh_changes changes = {
        .local = "[{},\"YQ\"]", .outbound = "[{},\"Yg\"]", .recipient = "bob@example.com"};
    struct kc_signed_object object;
    char *text;
    size_t size;
    kc_mesh_changes_add(&changes, "MMM_Access", "[{},\"Yw\"]");
    kc_mesh_changes_add(&changes, "MMM_Access", NULL);
    kc_mesh_changes_add(&changes, "MMM_Device", "[{},\"ZA\"]");
    GOOD(kc_mesh_transact_make(&source, &asker, &changes, &text, &size));
    opened(text, KC_OBJECT_TransactRequest, &key, &object);
    assert_true(kc_json_is_text(kc_object_member(&object.object, "Account"), "alice@example.com"));
    struct kc_json updates = kc_object_member(&object.object, "Updates");
    assert_int_equal(kc_json_count(updates), 2);
    assert_true(
        kc_json_is_text(kc_json_member(kc_json_item(updates, 1), "Container"), "MMM_Device"));
    assert_int_equal(kc_json_count(kc_object_member(&object.object, "Local")), 1);
    assert_int_equal(kc_json_count(kc_object_member(&object.object, "Outbound")), 1);
    assert_true(kc_json_is_text(
        kc_json_item(kc_object_member(&object.object, "Accounts"), 0), "bob@example.com"));
    kc_signed_object_done(&object);
    free(text);
}

static void what_unbinds_an_account_names_it(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1);
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_asker asker = asker_of(&key);
    struct kc_signed_object object;
    char *text;
    size_t size;
    GOOD(kc_mesh_unbind_make(&source, &asker, &text, &size));
    opened(text, KC_OBJECT_UnbindRequest, &key, &object);
    assert_true(kc_json_is_text(kc_object_member(&object.object, "Account"), "alice@example.com"));
    kc_signed_object_done(&object);
    free(text);
    asker.service = "";
    assert_int_equal(kc_mesh_unbind_make(&source, &asker, &text, &size), KC_ERR_BAD_ARGUMENT);
}

static void what_binds_an_account_has_its_profile(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1);
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_asker asker = asker_of(&key);
    static const char profile[] = "[{},\"YQ\"]";
    struct kc_signed_object object;
    char *text;
    size_t size;
    struct kc_span span = {(const uint8_t *)profile, strlen(profile)};
    GOOD(kc_mesh_bind_make(&source, &asker, span, &text, &size));
    opened(text, KC_OBJECT_BindRequest, &key, &object);
    assert_true(
        kc_json_is_text(kc_object_member(&object.object, "AccountAddress"), "alice@example.com"));
    assert_true(kc_json_is_there(kc_object_member(&object.object, "EnvelopedProfileAccount")));
    kc_signed_object_done(&object);
    free(text);
    asker.service = "";
    assert_int_equal(kc_mesh_bind_make(&source, &asker, span, &text, &size), KC_ERR_BAD_ARGUMENT);
}

/* Whatever is in it stays, octet for octet, but the ID; nothing else of another's is signed. */
static void a_request_is_made_again_with_another_id_and_nothing_else(void **state)
{
    (void)state;
    static const enum kc_object_type type = KC_OBJECT_TransactRequest;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), other = sample_key(KC_CURVE_ED448, 2);
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_asker asker = asker_of(&key);
    struct kc_mesh_changes changes = {0};
    uint8_t content[2][KC_MESH_CONTENT_SIZE];
    struct kc_signed_object object;
    char *text, *again;
    size_t size, again_size;
    kc_mesh_changes_add(&changes, "MMM_Access", "[{},\"Yw\"]");
    source.now -= 3600;
    GOOD(kc_mesh_transact_make(&source, &asker, &changes, &text, &size));
    struct kc_span former = {(const uint8_t *)text, size};
    source.now += 3600;
    GOOD(kc_mesh_request_again(&source, former, type, &key.pair, &again, &again_size));
    struct kc_span latter = {(const uint8_t *)again, again_size};
    opened(again, type, &key, &object); /* the time is that of now */
    kc_signed_object_done(&object);
    assert_int_equal(again_size, size);
    GOOD(kc_mesh_request_content(former, type, &key.public, content[0]));
    GOOD(kc_mesh_request_content(latter, type, &key.public, content[1]));
    assert_memory_equal(content[0], content[1], sizeof content[0]);
    free(again);
    assert_int_equal(
        kc_mesh_request_again(&source, former, type, &other.pair, &again, &size), KC_ERR_SIGNATURE);
    assert_int_equal(
        kc_mesh_request_again(&source, former, KC_OBJECT_BindRequest, &key.pair, &again, &size),
        KC_ERR_BAD_REQUEST);
    free(text);
    kc_mesh_changes_add(&changes, "MMM_Access", "[{},\"ZA\"]");
    GOOD(kc_mesh_transact_make(&source, &asker, &changes, &text, &size));
    GOOD(kc_mesh_request_content(
        (struct kc_span){(const uint8_t *)text, size}, type, &key.public, content[1]));
    assert_memory_not_equal(content[0], content[1], sizeof content[0]);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transact_holds_each_frame_and_message_where_it_belongs),
        cmocka_unit_test(what_unbinds_an_account_names_it),
        cmocka_unit_test(what_binds_an_account_has_its_profile),
        cmocka_unit_test(a_request_is_made_again_with_another_id_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
