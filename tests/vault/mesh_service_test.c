/* SPDX-License-Identifier: Apache-2.0 */
/* The service's part of the Mesh in the vault: what each operation takes, changes and refuses. */
#include "tests/vault/service_case.h"

#include "custodian/mesh/verify.h"
#include "custodian/vault/core.h"
#include "proto/signed_object.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- services --- */

static struct answer *create(struct bench *bench, const char *name)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_SERVICE_CREATE);
    ask_text(&ask, KC_FIELD_SERVICE, name);
    return bench_ask(bench, &ask);
}

static void a_service_is_made_once_and_shows_documents_that_verify(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    struct answer *made = create(bench, "Mesh.Example.NET");
    assert_string_equal(answer_text(made, KC_FIELD_SERVICE), "mesh.example.net");
    assert_int_equal(made->in.message.item_count, 3);
    struct kc_span profile = made->items[0].value[KC_FIELD_DOCUMENT].span;
    struct kc_span host = made->items[2].value[KC_FIELD_DOCUMENT].span;
    struct kc_signed_object opened, connection;
    struct kc_public_key signer, custodian;
    assert_int_equal(kc_signed_object_open_profile(profile, profile.size, KC_OBJECT_ProfileService,
                         answer_text(made, KC_FIELD_KEY), kc_mesh_verify, &opened, NULL),
        KC_OK);
    assert_int_equal(kc_object_key(&opened.object, "ServiceSignature", &signer), KC_OK);
    assert_int_equal(kc_signed_object_open(host, host.size, KC_OBJECT_ConnectionHost, &signer,
                         kc_mesh_verify, &connection),
        KC_OK);
    assert_int_equal(kc_object_key(&connection.object, "CustodianSignature", &custodian), KC_OK);
    kc_signed_object_done(&connection);
    kc_signed_object_done(&opened);
    answer_done(made);
    made = create(bench, "mesh.example.net");
    assert_int_equal(made->error, KC_ERR_EXISTS);
    answer_done(made);
    made = create(bench, "no name");
    assert_int_equal(made->error, KC_ERR_BAD_ARGUMENT);
    answer_done(made);
    bench_free(bench);
}

static struct answer *host_sign(struct bench *bench, const char *payload)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_HOST_SIGN);
    ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&ask, KC_FIELD_DOCUMENT, payload, strlen(payload));
    return bench_ask(bench, &ask);
}

static void the_host_signs_responses_but_none_of_the_custodian_s(void **state)
{
    static const struct {
        const char *payload;
        enum kc_error error;
    } cases[] = {
        {"{\"TransactResponse\":{\"Status\":201}}", KC_OK},
        {"{\"MeshHelloResponse\":{\"Status\":201}}", KC_OK},
        {"{\"OperateResponse\":{\"Status\":201}}", KC_ERR_REFUSED},
        {"{\"CustodianReceipt\":{\"Done\":\"revoked\"}}", KC_ERR_REFUSED},
        {"{\"OperateRequest\":{}}", KC_ERR_REFUSED},
        {"{\"ConnectionDevice\":{}}", KC_ERR_REFUSED},
        {"{\"TransactResponse\":{},\"OperateResponse\":{}}", KC_ERR_BAD_ARGUMENT},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KC_ERR_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer *answer = host_sign(*state, cases[i].payload);
        assert_string_equal(kc_error_name(answer->error), kc_error_name(cases[i].error));
        answer_done(answer);
    }
}

/* --- accounts --- */

#define BIND KC_OPERATION_MESH_ACCOUNT_BIND
#define UNBIND KC_OPERATION_MESH_ACCOUNT_UNBIND
#define ACCEPT KC_OPERATION_MESH_CAPABILITY_ACCEPT
#define REVOKE KC_OPERATION_MESH_CAPABILITY_REVOKE
#define REVOKE_DEVICE KC_OPERATION_MESH_DEVICE_REVOKE

/* What the receipt of an answer says was done, and about what first. */
static void expect_receipt(struct answer *answer, const char *done, const char *subject)
{
    json_t *opened = service_opened(answer);
    const json_t *receipt = json_object_get(opened, "CustodianReceipt");
    assert_string_equal(json_string_value(json_object_get(receipt, "Done")), done);
    if (subject != NULL)
        assert_string_equal(
            json_string_value(json_array_get(json_object_get(receipt, "Subjects"), 0)), subject);
    json_decref(opened);
    answer_done(answer);
}

static void an_account_is_bound_by_the_key_of_its_profile(void **state)
{
    (void)state;
    struct bench *bench = service_new();
    struct answer *bound = service_ask(bench, BIND, service_bind_request(bench, 0));
    assert_string_equal(answer_text(bound, KC_FIELD_ACCOUNT), ALICE);
    expect_receipt(bound, "bound", ALICE);
    size_t commits = bench->commits;
    service_expect(bench, BIND, service_bind_request(bench, 0), KC_OK);
    assert_int_equal(bench->commits, commits); /* again changes nothing */
    bench_free(bench);
}

/* 001, 8.1.1: a profile that names no escrow key is bound, and it is said what that means. */
static void a_profile_without_an_escrow_key_is_bound_with_a_word_about_it(void **state)
{
    (void)state;
    struct bench *bench = service_new();
    struct answer *answer = service_ask(bench, BIND, service_bind_request(bench, 0));
    assert_false(kc_values_has(&answer->in.message.values, KC_FIELD_ADVICE));
    answer_done(answer);
    bench_free(bench);
    bench = service_new();
    answer =
        service_ask(bench, BIND, service_bind_changed(bench, "\"EscrowEncryption\"", "\"Other\""));
    assert_non_null(strstr(answer_text(answer, KC_FIELD_ADVICE), "EscrowEncryption"));
    answer_done(answer);
    bench_free(bench);
}

static char *bind_changed(
    struct bench *bench, const char *what, const char *with, const char *signer)
{
    static char payload[CASE_TEXT_MAX];
    char *request = service_bind_request(bench, 0);
    json_t *envelope = json_loads(request, 0, NULL);
    size_t size = case_decode(
        json_string_value(json_array_get(envelope, 1)), (uint8_t *)payload, sizeof payload - 1);
    payload[size] = '\0';
    if (what != NULL)
        case_edit(payload, what, with);
    json_decref(envelope);
    free(request);
    return case_seal(payload, signer, NULL);
}

static void nobody_else_binds_an_account_nor_elsewhere_nor_later(void **state)
{
    (void)state;
    struct bench *bench = service_new();
    service_expect(
        bench, BIND, bind_changed(bench, NULL, NULL, CASE_ADMINISTRATOR), KC_ERR_SIGNATURE);
    service_expect(bench, BIND,
        bind_changed(bench, "\"example.com\"", "\"example.net\"", CASE_PROFILE), KC_ERR_SIGNATURE);
    service_expect(bench, BIND, bind_changed(bench, ALICE, "mallory@example.com", CASE_PROFILE),
        KC_ERR_REFUSED);
    service_expect(bench, BIND,
        bind_changed(bench, "EnvelopedProfileAccount", "Elsewhere", CASE_PROFILE),
        KC_ERR_BAD_ARGUMENT);
    service_expect(bench, BIND, service_bind_request(bench, -301000), KC_ERR_STALE);
    service_expect(bench, BIND, service_bind_request(bench, 301000), KC_ERR_STALE);
    service_expect(bench, BIND, strdup("no envelope"), KC_ERR_BAD_ARGUMENT);
    assert_null(bench_record(bench, KC_KIND_ACCOUNT, ""));
    struct ask list = ask_new(KC_OPERATION_MESH_ACCOUNT_LIST);
    struct answer *accounts = bench_ask(bench, &list);
    assert_int_equal(accounts->in.message.item_count, 0);
    answer_done(accounts);
    bench_free(bench);
}

static void a_later_profile_takes_the_place_of_the_former_and_no_earlier_one(void **state)
{
    struct bench *bench = *state;
    service_expect(bench, BIND, service_bind_later(bench, "2026-03-02T10:00:00Z", NULL), KC_OK);
    service_expect(
        bench, BIND, service_bind_later(bench, "2026-03-02T09:59:59Z", NULL), KC_ERR_CONFLICT);
    service_expect(bench, BIND, service_bind_request(bench, 0), KC_ERR_CONFLICT);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
}

static void what_was_unbound_answers_nothing_and_its_shares_do_not_come_back(void **state)
{
    struct bench *bench = *state;
    char *early = service_bind_request(bench, 0);
    bench->seconds++;
    service_expect(bench, UNBIND, case_seal("{\"UnbindRequest\":{}}", CASE_ADMINISTRATOR, NULL),
        KC_ERR_BAD_ARGUMENT);
    expect_receipt(service_ask(bench, UNBIND, service_unbind_request(bench, 0)), "unbound", ALICE);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
    service_expect(bench, ACCEPT, service_accept_request(bench), KC_ERR_SIGNATURE);
    expect_receipt(service_ask(bench, UNBIND, service_unbind_request(bench, 0)), "unbound", ALICE);
    service_expect(bench, BIND, early, KC_ERR_STALE);
    bench->seconds++;
    service_expect(bench, BIND, service_bind_request(bench, 0), KC_OK);
    assert_true(service_refuses(bench, service_flow(bench, CASE_AGREE, 0)));
    service_expect(bench, ACCEPT, service_accept_request(bench), KC_ERR_REFUSED);
}

static void only_the_administrator_unbinds(void **state)
{
    struct bench *bench = *state;
    char *payload = NULL, *request = service_unbind_request(bench, 0);
    json_t *envelope = json_loads(request, 0, NULL);
    payload = calloc(1, CASE_TEXT_MAX);
    (void)case_decode(
        json_string_value(json_array_get(envelope, 1)), (uint8_t *)payload, CASE_TEXT_MAX - 1);
    service_expect(bench, UNBIND, case_seal(payload, CASE_DEVICE, NULL), KC_ERR_SIGNATURE);
    service_expect(bench, UNBIND, case_seal(payload, CASE_PROFILE, NULL), KC_ERR_SIGNATURE);
    case_edit(payload, ALICE, "nobody@example.com");
    service_expect(bench, UNBIND, case_seal(payload, CASE_ADMINISTRATOR, NULL), KC_ERR_SIGNATURE);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    json_decref(envelope);
    free(payload);
    free(request);
}

/* --- capabilities --- */

static void the_shares_of_a_bound_account_answer_its_requests(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_LAGRANGE, 0)), 201);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_SIGN, 0)), 201);
    assert_string_equal(bench->told.note, "accepted");
}

static void shares_that_were_accepted_are_accepted_again_without_a_change(void **state)
{
    struct bench *bench = *state;
    size_t commits = bench->commits;
    expect_receipt(
        service_ask(bench, ACCEPT, service_accept_request(bench)), "accepted", CASE_DECRYPT_ID);
    assert_int_equal(bench->commits, commits);
}

static char *accept_changed_of(
    struct bench *bench, const char *path, const char *what, const char *with)
{
    static char entry[CASE_TEXT_MAX], updates[CASE_TEXT_MAX];
    case_payload_of(path, entry);
    case_edit(entry, what, with);
    char *sealed = case_seal(entry, CASE_ADMINISTRATOR, NULL);
    snprintf(updates, sizeof updates, "{\"Container\":\"mmm_access\",\"Envelopes\":[%s]}", sealed);
    free(sealed);
    return service_transact(bench, updates, CASE_ADMINISTRATOR, 0);
}

static char *accept_changed(struct bench *bench, const char *what, const char *with)
{
    return accept_changed_of(bench, "access.0.entry", what, with);
}

static void an_id_is_taken_over_by_a_later_epoch_alone(void **state)
{
    struct bench *bench = *state;
    service_expect(bench, ACCEPT,
        accept_changed(bench, "\"SubjectId\"", "\"Epoch\":-1,\"SubjectId\""), KC_ERR_CONFLICT);
    service_expect(
        bench, ACCEPT, accept_changed(bench, "\"SubjectId\"", "\"Epoch\":2,\"SubjectId\""), KC_OK);
    service_expect(bench, ACCEPT,
        accept_changed(bench, "\"SubjectId\"", "\"Epoch\":1,\"SubjectId\""), KC_ERR_CONFLICT);
    service_expect(bench, ACCEPT, service_accept_request(bench), KC_ERR_CONFLICT);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
}

/* Of 2022, which does not say whose the key is, and of 2020. */
static void an_entry_of_another_year_is_as_good(void **state)
{
    service_expect(
        *state, ACCEPT, accept_changed(*state, "\"SubjectId\"", "\"Epoch\":2,\"Was\""), KC_OK);
    service_expect(*state, ACCEPT,
        accept_changed(*state, "\"CatalogedAccess\"", "\"CatalogedCapability\""), KC_ERR_CONFLICT);
    assert_int_equal(service_operate(*state, service_flow(*state, CASE_AGREE, 0)), 201);
}

static void entries_that_others_signed_or_of_other_keys_are_not_accepted(void **state)
{
    (void)state;
    struct bench *bench = service_new();
    service_expect(bench, ACCEPT, service_accept_request(bench), KC_ERR_SIGNATURE);
    service_expect(bench, BIND, service_bind_request(bench, 0), KC_OK);
    service_expect(bench, ACCEPT,
        accept_changed(
            bench, "MBYD-4DME-YFNJ-6BSU-XR5W-WLMC-XUDF", "MBYD-4DME-YFNJ-6BSU-XR5W-WLMC-XUDG"),
        KC_ERR_REFUSED);
    char *entry = service_entry(0), updates[CASE_TEXT_MAX];
    snprintf(updates, sizeof updates, "{\"Container\":\"MMM_Access\",\"Envelopes\":[%s]}", entry);
    service_expect(
        bench, ACCEPT, service_transact(bench, updates, CASE_DEVICE, 0), KC_ERR_SIGNATURE);
    service_expect(
        bench, ACCEPT, service_transact(bench, updates, CASE_ADMINISTRATOR, -400000), KC_ERR_STALE);
    snprintf(updates, sizeof updates, "{\"Container\":\"MMM_Other\",\"Envelopes\":[%s]}", entry);
    service_expect(bench, ACCEPT, service_transact(bench, updates, CASE_ADMINISTRATOR, 0), KC_OK);
    assert_true(service_refuses(bench, service_flow(bench, CASE_AGREE, 0)));
    free(entry);
    bench_free(bench);
}

/* --- revocation --- */

static void a_revoked_share_does_not_come_back_in_any_way(void **state)
{
    struct bench *bench = *state;
    expect_receipt(
        service_ask(bench, REVOKE, service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID)),
        "revoked", CASE_DECRYPT_ID);
    assert_true(service_refuses(bench, service_flow(bench, CASE_AGREE, 0)));
    assert_string_equal(bench->told.note, "refused");
    service_expect(bench, ACCEPT, service_accept_request(bench), KC_ERR_REFUSED);
    service_expect(
        bench, ACCEPT, accept_changed(bench, CASE_DECRYPT_ID, "NDF6-BUUL"), KC_ERR_REFUSED);
    service_expect(bench, ACCEPT,
        accept_changed(bench, "\"SubjectId\"", "\"Epoch\":9,\"SubjectId\""), KC_ERR_REFUSED);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_LAGRANGE, 0)), 201);
    bench_restart(bench);
    assert_true(service_refuses(bench, service_flow(bench, CASE_AGREE, 20000)));
    service_expect(bench, ACCEPT, service_accept_request(bench), KC_ERR_REFUSED);
}

/* What was revoked before the account was unbound stays so; the rest its administrator may give again,
 * though not under an Id of that time. */
static void an_account_that_is_bound_again_is_given_what_was_not_revoked(void **state)
{
    struct bench *bench = *state;
    service_expect(
        bench, REVOKE, service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID), KC_OK);
    bench->seconds++;
    service_expect(bench, UNBIND, service_unbind_request(bench, 0), KC_OK);
    bench->seconds++;
    service_expect(bench, BIND, service_bind_request(bench, 0), KC_OK);
    service_expect(
        bench, ACCEPT, accept_changed(bench, CASE_DECRYPT_ID, "NDF6-BUUL"), KC_ERR_REFUSED);
    service_expect(
        bench, ACCEPT, accept_changed_of(bench, "access.2.entry", "{", "{"), KC_ERR_REFUSED);
    service_expect(bench, ACCEPT,
        accept_changed_of(bench, "access.2.entry", CASE_SIGN_ID, "NAUI-UG6Y"), KC_OK);
    assert_true(service_refuses(bench, service_flow(bench, CASE_SIGN, 0))); /* by its former Id */
}

static void what_is_revoked_before_it_comes_is_not_accepted(void **state)
{
    (void)state;
    struct bench *bench = service_new();
    service_expect(bench, BIND, service_bind_request(bench, 0), KC_OK);
    char *withheld = service_accept_request(bench);
    service_expect(
        bench, REVOKE, service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID), KC_OK);
    service_expect(
        bench, REVOKE, service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID), KC_OK);
    service_expect(bench, ACCEPT, withheld, KC_ERR_REFUSED);
    bench_free(bench);
}

static void a_revoked_device_is_refused_for_the_account(void **state)
{
    struct bench *bench = *state;
    const char *udf = json_string_value(case_at(case_base, "device.udf"));
    expect_receipt(
        service_ask(bench, REVOKE_DEVICE, service_delete_request(bench, "MMM_Device", udf)),
        "revoked", udf);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
    assert_string_equal(bench->told.note, "not-authenticated");
    bench_restart(bench);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 20000)), 401);
}

/* The front end knows catalogs by these: what is deleted there must not stay in force here. */
static void a_deletion_counts_whatever_its_catalog_is_called(void **state)
{
    static const char *const devices[] = {"Device", "mmm_device", "MMM_CatalogDevice"};
    static const char *const others[] = {"Access", "capability", "mmm_CatalogAccess"};
    const char *udf = json_string_value(case_at(case_base, "device.udf"));
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        struct bench *bench = *state;
        expect_receipt(
            service_ask(bench, REVOKE, service_delete_request(bench, others[i], CASE_SIGN_ID)),
            "revoked", CASE_SIGN_ID);
        assert_true(service_refuses(bench, service_flow(bench, CASE_SIGN, 0)));
        expect_receipt(
            service_ask(bench, REVOKE_DEVICE, service_delete_request(bench, devices[i], udf)),
            "revoked", udf);
        assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
        service_teardown(state);
        service_setup(state);
    }
}

static void withdraw(struct bench *bench, enum kc_operation operation, enum kc_field field,
    const char *name, enum kc_error error)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, json_string_value(case_at(case_base, "account.udf")));
    ask_text(&ask, field, name);
    bench_expect(bench, &ask, error);
}

static void the_owner_withdraws_without_the_administrator(void **state)
{
    struct bench *bench = *state;
    withdraw(
        bench, KC_OPERATION_MESH_CAPABILITY_WITHDRAW, KC_FIELD_CAPABILITY, CASE_SIGN_ID, KC_OK);
    assert_true(service_refuses(bench, service_flow(bench, CASE_SIGN, 0)));
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    withdraw(
        bench, KC_OPERATION_MESH_CAPABILITY_WITHDRAW, KC_FIELD_CAPABILITY, CASE_SIGN_ID, KC_OK);
    withdraw(bench, KC_OPERATION_MESH_DEVICE_WITHDRAW, KC_FIELD_DEVICE,
        json_string_value(case_at(case_base, "device.udf")), KC_OK);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
    bench_allow_only(bench, KC_OPERATION_MESH_CAPABILITY_REVOKE);
    withdraw(bench, KC_OPERATION_MESH_CAPABILITY_WITHDRAW, KC_FIELD_CAPABILITY, CASE_DECRYPT_ID,
        KC_ERR_REFUSED);
}

static void a_device_that_the_owner_withdraws_gets_nothing(void **state)
{
    struct bench *bench = *state;
    const char *device = json_string_value(case_at(case_base, "device.udf"));
    for (size_t i = 0; i < 2; i++)
        withdraw(bench, KC_OPERATION_MESH_DEVICE_WITHDRAW, KC_FIELD_DEVICE, device, KC_OK);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
}

/* By a longer fingerprint, or in another case, the device is the same; a shorter one is several. */
static void a_device_is_revoked_by_whatever_names_it_well_enough(void **state)
{
    struct bench *bench = *state;
    char lower[KC_UDF_ID_SIZE], longer[2 * KC_UDF_ID_SIZE], shorter[KC_UDF_ID_SIZE];
    const char *udf = json_string_value(case_at(case_base, "device.udf"));
    for (size_t i = 0; i < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)udf[i]);
    snprintf(longer, sizeof longer, "%s-AAAA", udf);
    snprintf(shorter, sizeof shorter, "%.29s", udf);
    service_expect(bench, REVOKE_DEVICE, service_delete_request(bench, "MMM_Device", shorter),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    const char *const names[] = {lower, longer, udf};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        service_expect(
            bench, REVOKE_DEVICE, service_delete_request(bench, "MMM_Device", names[i]), KC_OK);
        assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
        service_teardown(state);
        service_setup(state);
        bench = *state;
    }
}

/* A UDF as nobody writes it, under which nothing is looked for. */
static void what_would_revoke_nothing_is_not_said_to_be_done(void **state)
{
    struct bench *bench = *state;
    char lower[KC_UDF_ID_SIZE];
    const char *udf = json_string_value(case_at(case_base, "device.udf"));
    for (size_t i = 0; i < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)udf[i]);
    const char *const devices[] = {lower, "device", "MAAA"};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        withdraw(bench, KC_OPERATION_MESH_DEVICE_WITHDRAW, KC_FIELD_DEVICE, devices[i],
            KC_ERR_BAD_ARGUMENT);
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_WITHDRAW);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, lower);
    ask_text(&ask, KC_FIELD_DEVICE, udf);
    bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
}

/* --- lists --- */

static void accounts_and_capabilities_are_listed_without_shares(void **state)
{
    struct bench *bench = *state;
    struct ask list = ask_new(KC_OPERATION_MESH_CAPABILITY_LIST);
    struct answer *answer = bench_ask(bench, &list);
    assert_int_equal(answer->in.message.item_count, 3);
    answer_done(answer);
    ask_text(&list, KC_FIELD_ACCOUNT_UDF, "MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA");
    answer = bench_ask(bench, &list);
    assert_int_equal(answer->in.message.item_count, 0);
    answer_done(answer);
    struct ask show = ask_new(KC_OPERATION_MESH_ACCOUNT_SHOW);
    ask_text(&show, KC_FIELD_SERVICE, SERVICE);
    ask_text(&show, KC_FIELD_ACCOUNT, "Alice@Example.COM");
    answer = bench_ask(bench, &show);
    assert_string_equal(answer_text(answer, KC_FIELD_ACCOUNT_UDF),
        json_string_value(case_at(case_base, "account.udf")));
    assert_string_equal(answer_text(answer, KC_FIELD_STATE), "active");
    answer_done(answer);
    ask_text(&show, KC_FIELD_ACCOUNT, "bob@example.com");
    bench_expect(bench, &show, KC_ERR_REFUSED);
}

#define WITH_SHARES(test) cmocka_unit_test_setup_teardown(test, service_setup, service_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_made_once_and_shows_documents_that_verify),
        WITH_SHARES(the_host_signs_responses_but_none_of_the_custodian_s),
        cmocka_unit_test(an_account_is_bound_by_the_key_of_its_profile),
        cmocka_unit_test(a_profile_without_an_escrow_key_is_bound_with_a_word_about_it),
        cmocka_unit_test(nobody_else_binds_an_account_nor_elsewhere_nor_later),
        WITH_SHARES(a_later_profile_takes_the_place_of_the_former_and_no_earlier_one),
        WITH_SHARES(what_was_unbound_answers_nothing_and_its_shares_do_not_come_back),
        WITH_SHARES(only_the_administrator_unbinds),
        WITH_SHARES(the_shares_of_a_bound_account_answer_its_requests),
        WITH_SHARES(shares_that_were_accepted_are_accepted_again_without_a_change),
        WITH_SHARES(an_id_is_taken_over_by_a_later_epoch_alone),
        WITH_SHARES(an_entry_of_another_year_is_as_good),
        cmocka_unit_test(entries_that_others_signed_or_of_other_keys_are_not_accepted),
        WITH_SHARES(a_revoked_share_does_not_come_back_in_any_way),
        WITH_SHARES(an_account_that_is_bound_again_is_given_what_was_not_revoked),
        cmocka_unit_test(what_is_revoked_before_it_comes_is_not_accepted),
        WITH_SHARES(a_revoked_device_is_refused_for_the_account),
        WITH_SHARES(a_deletion_counts_whatever_its_catalog_is_called),
        WITH_SHARES(the_owner_withdraws_without_the_administrator),
        WITH_SHARES(a_device_that_the_owner_withdraws_gets_nothing),
        WITH_SHARES(a_device_is_revoked_by_whatever_names_it_well_enough),
        WITH_SHARES(what_would_revoke_nothing_is_not_said_to_be_done),
        WITH_SHARES(accounts_and_capabilities_are_listed_without_shares),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
