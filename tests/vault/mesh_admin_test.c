/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's vault makes accounts and connects devices: what it makes works for a device and a
 * service, and whom it was not told to trust gets nothing. */
#include "tests/vault/admin_world.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- accounts --- */

static void an_account_has_its_seed_its_keys_and_what_binds_it(void **state)
{
    struct world *w = *state;
    size_t size;
    struct kc_signed_object request;
    struct ask ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *udf = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    char *bind = answer_octets(answer, KC_FIELD_REQUEST, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)bind, size}, size, KC_OBJECT_BindRequest,
        &w->c->account.profile, kc_mesh_verify, &request));
    kc_signed_object_done(&request);
    free(bind);
    answer_done(answer);
    const struct kc_record *seed = bench_record(w->bench, KC_KIND_SEED, udf);
    assert_non_null(seed);
    assert_string_equal(seed->account, ADDRESS);
    const struct kc_public_key *keys[] = {&w->c->account.profile, &w->c->account.administrator,
        &w->c->account.encryption, &w->c->account.signature};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct kc_record *key = bench_record(w->bench, KC_KIND_KEY, keys[i]->udf);
        assert_non_null(key);
        assert_int_equal(key->role, KC_ROLE_ACCOUNT);
        assert_int_equal(key->secret_size, 0);
    }
    free(udf);
}

static void no_account_is_made_without_the_operator_or_of_a_wrong_name(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *label, *address;
    } wrong[] = {{"account", "alice"}, {"account", "alice@"}, {"account", "a b@example.com"},
        {"a label of more characters than those of its keys leave room for", ADDRESS}};
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "account");
    ask_text(&ask, KC_FIELD_ACCOUNT, ADDRESS);
    ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
    bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, wrong[i].label, wrong[i].address);
        bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    }
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    ask_text(&ask, KC_FIELD_ALGORITHM, "X448");
    bench_expect(w->bench, &ask, KC_ERR_BAD_ALGORITHM);
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    ask_octets(&ask, KC_FIELD_PROFILE, w->c->device_text, strlen(w->c->device_text));
    bench_expect(w->bench, &ask, KC_ERR_BAD_REQUEST);
    for (size_t i = 0; i < w->bench->record_count; i++)
        assert_int_not_equal(w->bench->records[i].kind, KC_KIND_SEED);
    free(world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS));
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    bench_expect(w->bench, &ask, KC_ERR_LABEL_TAKEN);
}

/* Escrows what is said to have none, to the last share or not. */
static void escrow(struct world *w, const char *seed, bool to_the_last)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_CREATE);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_number(&ask, KC_FIELD_COUNT, 3);
    ask_number(&ask, KC_FIELD_THRESHOLD, 2);
    ask_pin(&ask);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *object = strdup(answer_text(answer, KC_FIELD_OBJECT));
    answer_done(answer);
    for (size_t i = 0; i < (to_the_last ? 3u : 2u); i++) {
        ask = ask_new(KC_OPERATION_MESH_ESCROW_SHARE);
        ask_text(&ask, KC_FIELD_OBJECT, object);
        bench_expect(w->bench, &ask, KC_OK);
    }
    free(object);
}

/* The id of the seed that has no escrow, or NULL; given: free. */
static char *unescrowed(struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_PROFILE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    struct answer *answer = bench_ask(w->bench, &ask);
    bool is_pending = kc_values_has(&answer->in.message.values, KC_FIELD_ADVICE);
    char *seed = is_pending ? strdup(answer_text(answer, KC_FIELD_KEY)) : NULL;
    assert_string_equal(answer_text(answer, KC_FIELD_ACCOUNT_UDF), account);
    answer_done(answer);
    return seed;
}

static void an_account_says_until_all_shares_were_shown_that_it_has_no_escrow(void **state)
{
    struct world *w = *state;
    char *group = world_create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    char *seed = unescrowed(w, group);
    assert_string_equal(seed, group);
    escrow(w, seed, false);
    free(seed);
    seed = unescrowed(w, group);
    assert_string_equal(seed, group);
    escrow(w, seed, true);
    free(seed);
    assert_null(unescrowed(w, group));
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE); /* a seed more */
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_OK);
    seed = unescrowed(w, group);
    assert_string_not_equal(seed, group);
    free(seed);
    free(group);
}

/* --- devices --- */

static void a_device_that_the_vault_connected_works_with_the_service(void **state)
{
    struct world *w = *state;
    size_t size;
    struct admin_device device;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX], digest[64] = "what is signed";
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask =
        activate_ask(w, account, "encryption=threshold,signature=threshold,MMM_Contact");
    struct answer *answer = bench_ask(w->bench, &ask);
    char *cataloged = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    admin_activate(w->c, cataloged, &device);
    assert_int_equal(device.store_count, 1);
    assert_int_equal(frame_count(w, answer), 3);
    struct admin_service *service = admin_service_new(w->c, &w->c->account);
    accept_frame(w, answer, 1, service);
    accept_frame(w, answer, 2, service);
    check_decrypts(w, service, &device);
    assert_int_equal(admin_sign(service, &device, digest, signature), KC_OPERATE_ACCEPTED);
    GOOD(kc_mesh_verify(&w->c->account.signature, digest,
        (struct kc_span){signature, kc_curve_info(KC_CURVE_ED448)->signature_size}));
    admin_service_free(service);
    admin_device_done(&device);
    free(cataloged);
    answer_done(answer);
    free(account);
}

static void the_answer_to_a_device_is_what_it_waits_for(void **state)
{
    struct world *w = *state;
    size_t size;
    struct kc_signed_object respond;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "");
    ask_text(&ask, KC_FIELD_CONNECTION, ACKNOWLEDGED);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *text = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, size}, size,
        KC_OBJECT_RespondConnection, &w->c->account.administrator, kc_mesh_verify, &respond));
    kc_signed_object_done(&respond);
    free(text);
    answer_done(answer);
    free(account);
}

static void a_device_is_connected_once_until_it_is_taken_off(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "encryption=threshold");
    bench_expect(w->bench, &ask, KC_OK);
    ask = activate_ask(w, account, "encryption=threshold");
    bench_expect(w->bench, &ask, KC_ERR_EXISTS);
    ask = remove_ask(KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, account, udf);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = remove_ask(KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, udf);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 2);
    free(frame_at(w, answer, 0, "MMM_Access"));
    free(frame_at(w, answer, 1, "MMM_Device"));
    answer_done(answer);
    ask = remove_ask(KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, udf);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = activate_ask(w, account, "");
    bench_expect(w->bench, &ask, KC_OK);
    free(account);
}

static void the_right_to_have_keys_made_is_told_and_taken_back(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    struct connected made = connect_device(w, "generate");
    const struct kc_mesh_capability *accepted = &made.service->capabilities[0];
    assert_int_equal(accepted->class, KC_MESH_GENERATE);
    struct ask ask = remove_ask(KC_OPERATION_MESH_ACCOUNT_DISCONNECT, made.account, udf);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 2);
    char *gone = frame_at(w, answer, 0, "MMM_Access");
    struct kc_signed_object opened;
    GOOD(
        kc_mesh_access_open(admin_span(gone), strlen(gone), &w->c->account.administrator, &opened));
    struct kc_object capability = kc_object_inner(&opened.object, "Capability");
    assert_int_equal(capability.type, KC_OBJECT_CapabilityKeyGenerate);
    assert_true(kc_json_is_text(kc_object_member(&capability, "Id"), accepted->id));
    kc_signed_object_done(&opened);
    free(gone);
    answer_done(answer);
    ask = activate_ask(w, made.account, "generate");
    answer = bench_ask(w->bench, &ask);
    assert_string_not_equal(answer_text(answer, KC_FIELD_CAPABILITY), accepted->id);
    answer_done(answer);
    connected_done(&made);
}

/* The activation seed leaves in an envelope; no record holds it after that. */
static void the_activation_seed_is_not_kept(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "");
    size_t before = w->bench->record_count, holders = 0;
    bench_expect(w->bench, &ask, KC_OK);
    assert_int_equal(w->bench->record_count, before + 1);
    for (size_t i = 0; i < w->bench->record_count; i++) {
        const struct kc_record *record = &w->bench->records[i];
        if (record->kind != KC_KIND_HOLDER)
            continue;
        holders++;
        assert_int_equal(record->secret_size, 0);
        assert_int_equal(record->seal_size, 0);
    }
    assert_int_equal(holders, 1);
    free(account);
}

static void nothing_is_made_for_whom_the_operator_did_not_enrol(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    struct ask ask = activate_ask(w, account, "");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    enrol(w, &w->c->device_signature, "another key");
    ask = activate_ask(w, account, "");
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_signature.public.udf);
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    enrol(w, &w->c->device_profile, "watch");
    char *forged = admin_profile_device(&w->c->device_profile, &w->c->device_encryption.public,
        &w->c->device_signature.public, &w->c->device_authentication.public,
        &w->c->device_signature);
    ask = activate_ask(w, account, "");
    ask_octets(&ask, KC_FIELD_DOCUMENT, forged, strlen(forged));
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    free(forged);
    ask = activate_ask(w, account, "");
    ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
    bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
    ask = activate_ask(w, w->bob_profile.public.udf, "");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    free(account);
}

/* Any service could say that it is the account's, if the account's own profile names none. */
static void an_account_without_a_service_has_no_shares_anywhere(void **state)
{
    struct world *w = *state;
    size_t size;
    struct ask ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    kc_field_set_remove(&ask.message.values.present, KC_FIELD_PROFILE);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *account = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    answer_done(answer);
    enrol(w, &w->c->device_profile, "watch");
    ask = activate_ask(w, account, "encryption=threshold");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    free(account);
}

/* What a key of a recipient for shares is enrolled for is something else. */
static void an_enrolled_wrap_key_is_no_profile_and_a_profile_no_wrap_key(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_encryption, "wrap");
    enrol(w, &w->c->device_profile, "profile");
    struct ask ask = activate_ask(w, account, "");
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_encryption.public.udf);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    char *key = bench_generate(w->bench, "X448", "application", "k");
    ask = ask_new(KC_OPERATION_SHARE_SPLIT);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_profile.public.udf);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    free(key);
    free(account);
}

static void shares_go_to_the_service_of_the_account_s_profile_alone(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "encryption=threshold");
    kc_field_set_remove(&ask.message.values.present, KC_FIELD_PROFILE);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    w->c->service_profile = w->c->response; /* another service, with the same keys for the rest */
    char *other = admin_profile_service(w->c);
    ask = activate_ask(w, account, "encryption=threshold");
    ask_octets(&ask, KC_FIELD_PROFILE, other, strlen(other));
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    free(other);
    ask = activate_ask(w, account, "escrow");
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    free(account);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(an_account_has_its_seed_its_keys_and_what_binds_it),
        IN_A_WORLD(no_account_is_made_without_the_operator_or_of_a_wrong_name),
        IN_A_WORLD(an_account_says_until_all_shares_were_shown_that_it_has_no_escrow),
        IN_A_WORLD(a_device_that_the_vault_connected_works_with_the_service),
        IN_A_WORLD(the_answer_to_a_device_is_what_it_waits_for),
        IN_A_WORLD(a_device_is_connected_once_until_it_is_taken_off),
        IN_A_WORLD(the_right_to_have_keys_made_is_told_and_taken_back),
        IN_A_WORLD(the_activation_seed_is_not_kept),
        IN_A_WORLD(nothing_is_made_for_whom_the_operator_did_not_enrol),
        IN_A_WORLD(an_enrolled_wrap_key_is_no_profile_and_a_profile_no_wrap_key),
        IN_A_WORLD(shares_go_to_the_service_of_the_account_s_profile_alone),
        IN_A_WORLD(an_account_without_a_service_has_no_shares_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
