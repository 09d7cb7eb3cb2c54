/* SPDX-License-Identifier: Apache-2.0 */
/* The service's part of the Mesh in the vault: what each operation takes, changes and refuses. */
#include "tests/vault/service_case.h"

#include "custodian/mesh/verify.h"
#include "custodian/vault/core.h"
#include "proto/signed_object.h"

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

/* --- accounts --- */

static void an_account_is_bound_by_the_key_of_its_profile(void **state)
{
    (void)state;
    struct bench *bench = service_new();
    struct answer *bound =
        service_ask(bench, KC_OPERATION_MESH_ACCOUNT_BIND, service_bind_request(bench, 0));
    assert_string_equal(answer_text(bound, KC_FIELD_ACCOUNT), ALICE);
    json_t *receipt = service_opened(bound);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(receipt, "CustodianReceipt"), "Done")),
        "bound");
    json_decref(receipt);
    answer_done(bound);
    bench_free(bench);
}

static void the_shares_of_a_bound_account_answer_its_requests(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_LAGRANGE, 0)), 201);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_SIGN, 0)), 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_made_once_and_shows_documents_that_verify),
        cmocka_unit_test(an_account_is_bound_by_the_key_of_its_profile),
        cmocka_unit_test_setup_teardown(
            the_shares_of_a_bound_account_answer_its_requests, service_setup, service_teardown),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
