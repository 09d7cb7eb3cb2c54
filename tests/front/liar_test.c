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

/* --- what is not its own --- */

/* A value that the field may have; where it names something, what the front end knows or may use. */
static const char *text_for(enum kc_field field)
{
    return field == KC_FIELD_KEYRING   ? "front"
           : field == KC_FIELD_SERVICE ? ADMIN_SERVICE
           : field == KC_FIELD_ACCOUNT ? alice_address
                                       : service.tls_key;
}

static void fill(struct kc_client_request *request, enum kc_field field)
{
    static const uint8_t octets[256] = "x";
    struct kc_values *values = &request->message.values;
    const struct kc_field_row *row = &kc_fields[field];
    size_t size = row->least > 1 ? (size_t)row->least : 1;
    assert_true(size <= sizeof octets);
    if (row->type == KC_TYPE_UINT || row->type == KC_TYPE_BOOL)
        kc_values_set_number(values, field, row->least);
    else if (row->type == KC_TYPE_TEXT && row->choices)
        kc_values_set_span(values, field, row->choices, strcspn(row->choices, " "));
    else if (row->type == KC_TYPE_TEXT)
        kc_values_set_text(values, field, text_for(field));
    else if (row->type == KC_TYPE_BYTES)
        kc_values_set_span(values, field, octets, size);
    else if (row->type == KC_TYPE_DATA)
        GOOD(kc_client_request_data(request, values, field, octets, size));
    else if (row->type == KC_TYPE_SECRET)
        GOOD(kc_client_request_secret(request, values, field, octets, size));
}

static enum kc_error try_filled(enum kc_operation operation)
{
    struct kc_client_request request;
    kc_client_request_init(&request, operation);
    for (int field = 0; field < KC_FIELDS; field++)
        if (kc_field_set_has(&kc_operations[operation].required, (enum kc_field)field))
            fill(&request, (enum kc_field)field);
    return try_as_front(&request);
}

/* What its rules name, and what anybody may ask. */
static bool is_its_own(enum kc_operation operation)
{
    static const enum kc_operation own[] = {KC_OPERATION_KEY_SIGN, KC_OPERATION_MESH_SERVICE_SHOW,
        KC_OPERATION_MESH_HOST_SIGN, KC_OPERATION_MESH_ACCOUNT_BIND,
        KC_OPERATION_MESH_ACCOUNT_UNBIND, KC_OPERATION_MESH_CAPABILITY_ACCEPT,
        KC_OPERATION_MESH_CAPABILITY_REVOKE, KC_OPERATION_MESH_DEVICE_REVOKE,
        KC_OPERATION_MESH_OPERATE, KC_OPERATION_PING, KC_OPERATION_STATUS, KC_OPERATION_DOCTOR,
        KC_OPERATION_KEYRING_LIST, KC_OPERATION_WATCH, KC_OPERATION_BATCH};
    bool is = false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        is |= own[i] == operation;
    return is;
}

/* Some are refused before who asks is looked at, as nothing of that form can be. */
static void no_operation_but_its_own_is_done_for_it(void **state)
{
    size_t refused = 0, others = 0;
    (void)state;
    for (int i = 0; i < KC_OPERATIONS; i++) {
        if (is_its_own((enum kc_operation)i))
            continue;
        enum kc_error error = try_filled((enum kc_operation)i);
        if (error != KC_ERR_REFUSED && kc_error_row(error)->class != KC_CLASS_CALLER)
            fail_msg("%s: %s", kc_operations[i].name, kc_error_row(error)->name);
        refused += error == KC_ERR_REFUSED;
        others += error != KC_ERR_REFUSED;
    }
    print_message("%zu refused, %zu of no form\n", refused, others);
    assert_true(refused > 5 * others);
}

/* The keys that it knows of are not its to use: the service's, and those that accounts are known by. */
static void no_key_but_that_of_tls_signs_for_it(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    const char *const names[] = {service.udf, service.host.udf, service.vault.udf,
        alice.c.profile.public.udf, alice.c.signature.public.udf, alice.connected.splits[0].id,
        alice.connected.splits[1].id, alice_address, ADMIN_SERVICE};
    for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
        struct kc_client_request request;
        bool is_own = i == sizeof names / sizeof *names;
        kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
        kc_values_set_text(
            &request.message.values, KC_FIELD_KEY, is_own ? service.tls_key : names[i]);
        GOOD(kc_client_request_data(&request, &request.message.values, KC_FIELD_MESSAGE, "x", 1));
        assert_int_equal(try_as_front(&request), is_own ? KC_OK : KC_ERR_REFUSED);
    }
}

/* --- requests that were meant for something else --- */

static enum kc_error try_request(
    enum kc_operation operation, const char *service_name, const char *text)
{
    struct kc_client_request request;
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, service_name);
    GOOD(kc_client_request_data(
        &request, &request.message.values, KC_FIELD_REQUEST, text, strlen(text)));
    return try_as_front(&request);
}

/* Whatever comes has an answer, which is a response. */
static bool answers_all(enum kc_operation operation)
{
    return operation == KC_OPERATION_MESH_OPERATE;
}

/* One request may do both, and each operation does its part of it: here none. */
static bool is_of_catalogs(enum kc_operation operation)
{
    return operation == KC_OPERATION_MESH_CAPABILITY_ACCEPT ||
           operation == KC_OPERATION_MESH_CAPABILITY_REVOKE;
}

/* Each of a number of good requests does what its signer meant, for the service that he meant. */
static void a_request_does_nothing_but_what_its_signer_meant(void **state)
{
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    uint8_t agreed[KC_POINT_SIZE_MAX];
    (void)state;
    connect_with_shares(&alice);
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    const char *const frames[] = {deletion};
    const struct {
        enum kc_operation operation;
        char *text;
    } cases[] = {
        {KC_OPERATION_MESH_OPERATE,
            mesh_decrypt_text(&alice, alice_address, &alice.device.decrypt, &peer.pair.public)},
        {KC_OPERATION_MESH_CAPABILITY_ACCEPT, mesh_capability_text(&alice)},
        {KC_OPERATION_MESH_CAPABILITY_REVOKE, mesh_transact_text(&alice, KC_OBJECT_TransactRequest,
                                                  "MMM_Access", -1, frames, 1, MESH_ADMINISTRATOR)},
        {KC_OPERATION_MESH_ACCOUNT_BIND, mesh_bind_text(&alice, KC_OBJECT_BindRequest)},
        {KC_OPERATION_MESH_ACCOUNT_UNBIND,
            about(KC_OBJECT_UnbindRequest, alice_address, MESH_ADMINISTRATOR)},
    };
    size_t count = sizeof cases / sizeof *cases;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            if (j != i && try_request(cases[j].operation, ADMIN_SERVICE, cases[i].text) == KC_OK)
                assert_true(
                    answers_all(cases[j].operation) ||
                    (is_of_catalogs(cases[i].operation) && is_of_catalogs(cases[j].operation)));
        assert_true(answers_all(cases[i].operation) ||
                    try_request(cases[i].operation, "other.example", cases[i].text) != KC_OK);
        agrees(&alice, true);
    }
    for (size_t i = 0; i < count; i++) { /* they are good ones */
        GOOD(try_request(cases[i].operation, ADMIN_SERVICE, cases[i].text));
        free(cases[i].text);
    }
    assert_int_equal(
        mesh_decrypt(&alice, alice_address, &alice.device.decrypt, &peer.pair.public, agreed),
        401); /* the last one unbound her */
    free(deletion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_operation_but_its_own_is_done_for_it),
        CASE(no_key_but_that_of_tls_signs_for_it),
        CASE(a_request_does_nothing_but_what_its_signer_meant),
        CASE(a_front_end_that_lies_gains_nothing),
    };
    return RUN_WITH_SERVICE(tests);
}
