/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator of a Mesh service does, against a real daemon; what its front end brings is brought
 * here over the socket. */
#include "proto/socket/client.h"
#include "tests/mesh/admin_case.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define FILE_MAX ((size_t)1 << 18)
#define SERVED "--service-profile service --host example.com -p pin"

static struct kc_custodian custodian;
static struct kc_client *front;
static struct admin_case *c;

static void file_write(const char *name, const void *octets, size_t size)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"device\"");
    kc_shell_init();
    kc_shell_define_custodian("C", custodian.socket);
    GOOD(kc_client_new(custodian.socket, &front));
    HOLDS("umask 077; printf 12345678 > pin");
    HOLDS("C operator pin --new-pin-file pin");
    c = admin_case_new();
    file_write("device", c->device_text, strlen(c->device_text));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    admin_case_free(c);
    kc_client_free(front);
    kc_shell_done();
    kc_custodian_done(&custodian);
    return 0;
}

/* Brings a request in a file; a document that is answered goes into another. */
static enum kc_error bring(enum kc_operation operation, const char *name, const char *document)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint8_t *text = malloc(FILE_MAX);
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, FILE_MAX, file);
    assert_int_equal(fclose(file), 0);
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, "example.com");
    GOOD(kc_client_request_data(&request, &request.message.values, KC_FIELD_REQUEST, text, size));
    enum kc_error error = kc_client_call(front, &request, 30000, &answer);
    if (error == KC_OK && document != NULL) {
        GOOD(kc_client_answer_data(answer, &kc_client_answer_message(answer)->values,
            KC_FIELD_DOCUMENT, text, FILE_MAX, &size));
        file_write(document, text, size);
    }
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    free(text);
    return error;
}

static void a_service_is_made_serves_an_account_and_takes_away(void **state)
{
    (void)state;
    HOLDS("C mesh service create Example.COM -o service | grep 'example.com'");
    SAYS(4, "exists", "C mesh service create example.com");
    HOLDS("C mesh service show example.com --json | grep -q CustodianSignature || "
          "C mesh service show example.com --json | grep ConnectionHost");
    HOLDS("C mesh account create alice@example.com -l alice " SERVED
          " -o alice --request bind --json | sed -n 's/.*\"account_udf\": "
          "*\"\\([^\"]*\\)\".*/\\1/p' > udf");
    GOOD(bring(KC_OPERATION_MESH_ACCOUNT_BIND, "bind", "assignment"));
    HOLDS("C mesh account list | grep alice@example.com");
    HOLDS("C mesh account show Alice@example.com --host example.com | grep \"$(cat udf)\"");
    HOLDS("C recipient profile watch device -p pin");
    HOLDS("C mesh account activate $(cat udf) device -R watch --rights"
          " encryption=threshold,signature=threshold --assignment assignment " SERVED
          " -o entry --request transact");
    GOOD(bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, "transact", NULL));
    GOOD(bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, "transact", NULL));
    HOLDS("C mesh capability list $(cat udf) | grep CapabilitySign");
    HOLDS("C mesh capability list --json | grep -c CapabilityDecryptServiced | grep -x 1");
    HOLDS(
        "C mesh capability list --json | sed -n 's/.*\"capability\": *\"\\([^\"]*\\)\".*/\\1/p' | "
        "head -1 > id; [ -s id ]");
    SAYS(2, "--yes", "C mesh capability revoke $(cat udf) $(cat id)");
    HOLDS("C mesh capability revoke $(cat udf) $(cat id) --yes");
    HOLDS("C mesh capability list | grep $(cat id) | grep destroyed");
    assert_int_equal(bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, "transact", NULL), KC_ERR_REFUSED);
    HOLDS("C mesh device revoke $(cat udf) MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA --yes");
    HOLDS("echo '{}' > nothing; C mesh operate nothing --host example.com -o response | grep 400");
    HOLDS("grep -q signatures response");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_made_serves_an_account_and_takes_away),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
