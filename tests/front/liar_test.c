/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever has taken the front end over has its place at the custodian's socket, and nothing more.
 */
#include "tests/front/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum kc_error try_as_front(struct kc_client_request *request)
{
    struct kc_client *client;
    struct kc_client_answer *answer = NULL;
    int result[2];
    enum kc_error error = KC_ERR_INTERNAL;
    assert_int_equal(pipe(result), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(64810) < 0 || setuid(64810) < 0))
            _exit(1);
        error = kc_client_new(service.custodian.socket, &client);
        if (error == KC_OK)
            error = kc_client_call(client, request, 20000, &answer);
        _exit(write(result[1], &error, sizeof error) == sizeof error ? 0 : 1);
    }
    close(result[1]);
    assert_int_equal(read(result[0], &error, sizeof error), sizeof error);
    close(result[0]);
    kc_client_request_done(request);
    return error;
}

static enum kc_error try_text(enum kc_operation operation, enum kc_field field, const char *text)
{
    struct kc_client_request request;
    kc_client_request_init(&request, operation);
    if (operation != KC_OPERATION_KEY_LIST)
        kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, ADMIN_SERVICE);
    if (text)
        GOOD(kc_client_request_data(&request, &request.message.values, field, text, strlen(text)));
    return try_as_front(&request);
}

/* What it would like to have signed, and a request of an administrator's with another octet in what he
 * signed, here and there. */
static void a_front_end_that_lies_gains_nothing(void **state)
{
    static const char *const payloads[] = {"{\"OperateResponse\":{\"Status\":201}}",
        "{\"CustodianReceipt\":{}}", "{\"ProfileUser\":{}}", "{\"OperateRequest\":{}}", "x"};
    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        assert_int_not_equal(
            try_text(KC_OPERATION_MESH_HOST_SIGN, KC_FIELD_DOCUMENT, payloads[i]), KC_OK);
    GOOD(try_text(
        KC_OPERATION_MESH_HOST_SIGN, KC_FIELD_DOCUMENT, "{\"StatusResponse\":{\"Status\":201}}"));
    assert_int_equal(
        try_text(KC_OPERATION_MESH_SERVICE_CREATE, KC_FIELD_DOCUMENT, NULL), KC_ERR_REFUSED);

    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    const char *const frames[] = {alice.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", -1, frames, 1, MESH_ADMINISTRATOR);
    char *altered = strdup(text);
    const char *payload = strstr(text, "},\"");
    assert_non_null(payload);
    size_t start = (size_t)(payload + 3 - text), size = strcspn(payload + 3, "\"");
    for (size_t i = start; i < start + size; i += 1 + size / 40) {
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(
            try_text(KC_OPERATION_MESH_CAPABILITY_ACCEPT, KC_FIELD_REQUEST, altered), KC_OK);
        altered[i] = text[i];
    }
    agrees(&alice, false);
    free(altered);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_front_end_that_lies_gains_nothing),
    };
    return RUN_WITH_SERVICE(tests);
}
