/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/transaction.h"

#include <stdio.h>
#include <string.h>

static enum kc_error parse(const char *text, struct kc_request *request)
{
    struct kc_json_document document = {0};
    enum kc_error error = kc_request_parse(
        (struct kc_span){(const uint8_t *)text, strlen(text)}, 1000, &document, request, NULL);
    kc_json_done(&document);
    return error;
}

static void reads_each_transaction_by_its_name_and_by_its_message(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KC_TRANSACTION_COUNT; i++) {
        const struct kc_transaction_info *info = kc_transaction_info((enum kc_transaction)i);
        const char *const tags[] = {info->name, kc_object_info(info->request)->name};
        for (int tag = 0; tag < 2; tag++) {
            char text[100];
            struct kc_request request;
            snprintf(text, sizeof text, "{\"%s\":{}}", tags[tag]);
            assert_int_equal(parse(text, &request), KC_OK);
            assert_int_equal(request.transaction, i);
            assert_int_equal(request.object.type, info->request);
        }
    }
}

static void reads_a_message_that_was_made_from_the_transactions_own(void **state)
{
    (void)state;
    struct kc_request request;
    assert_int_equal(parse("{\"MeshHelloRequest\":{}}", &request), KC_OK);
    assert_int_equal(request.transaction, KC_TRANSACTION_Hello);
    assert_int_equal(request.object.type, KC_OBJECT_MeshHelloRequest);
}

static void refuses_what_is_no_request(void **state)
{
    (void)state;
    struct kc_request request;
    assert_int_equal(parse("{\"Unheard\":{}}", &request), KC_ERR_UNKNOWN_OPERATION);
    assert_int_equal(parse("{\"OperateResponse\":{}}", &request), KC_ERR_UNKNOWN_OPERATION);
    assert_int_equal(parse("{\"Operate\":[]}", &request), KC_ERR_BAD_REQUEST);
    assert_int_equal(parse("{\"Operate\":{},\"Hello\":{}}", &request), KC_ERR_BAD_REQUEST);
    assert_int_equal(parse("{}", &request), KC_ERR_BAD_REQUEST);
    assert_int_equal(parse("[]", &request), KC_ERR_BAD_REQUEST);
    assert_int_equal(parse("{\"Operate\":{\"Operations\":7}}", &request), KC_ERR_BAD_REQUEST);
}

static void reads_requests_of_2018(void **state)
{
    (void)state;
    struct kc_request request;
    assert_int_equal(parse("{\"ValidateRequest\":{\"Account\":\"test@prismproof.org\","
                           "\"Language\":[\"en-uk\"]}}",
                         &request),
        KC_OK);
    assert_int_equal(request.transaction, KC_TRANSACTION_ValidateAccount);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_transaction_by_its_name_and_by_its_message),
        cmocka_unit_test(reads_a_message_that_was_made_from_the_transactions_own),
        cmocka_unit_test(refuses_what_is_no_request),
        cmocka_unit_test(reads_requests_of_2018),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
