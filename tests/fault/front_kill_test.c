/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a front end passes on and keeps, with all of it killed at each write: of its own store, of the
 * custodian's, and of the commands to the TPM. Requests come over HTTPS, and the same comes again.
 */
#include "tests/fault/client.h"
#include "tests/fault/deaths.h"
#include "tests/front/mesh_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define LIMITS "rate = 0;"
#define AFTER_S 15 /* as long as requests are refused after a start, and more */

static struct mesh_service service;
static struct mesh_party alice;
static size_t samples = 2; /* of the writes of each act; 0: all */
static size_t deaths;

static char *text; /* the request that acts are about */

/* --- asking --- */

static void set_clock(int64_t ahead)
{
    mesh_clock_ahead_s = ahead;
    stops_set_clock(ahead);
}

static int post(const char *request)
{
    struct mesh_reply reply;
    web_close(&alice.web);
    web_open(&alice.web, service.front.port, service.front.certificate);
    mesh_post(&alice, request, &reply);
    int status = reply.status;
    mesh_reply_done(&reply);
    return status;
}

static void outcome_set(struct outcome *outcome, int status)
{
    outcome->status = status == 201 ? 0 : status != 0 ? status : -1;
    snprintf(outcome->said, sizeof outcome->said, "HTTP %d", status);
}

/* The same request each time. */
static void ask_to_do(const struct act *act, struct outcome *outcome)
{
    (void)act;
    outcome_set(outcome, post(text));
}

static char *agreement(void)
{
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    return mesh_decrypt_text(
        &alice, alice.c.account.address, &alice.device.decrypt, &peer.pair.public);
}

static char *splitting(void)
{
    return mesh_deal_text(
        &alice, KC_OBJECT_CryptographicOperationShare, alice.connected.splits[0].id);
}

static char *making(void)
{
    return mesh_deal_text(
        &alice, KC_OBJECT_CryptographicOperationGenerate, alice.connected.splits[0].id);
}

/* A new request each time, when requests are taken again after a start. What was answered before a
 * death is not answered after it. */
static void ask_to_operate(char *(*request)(void), struct outcome *outcome)
{
    static int former;
    bool is_twice = outcome->is_again && former == 201 && post(text) == 201;
    set_clock(mesh_clock_ahead_s + AFTER_S);
    free(text);
    text = request();
    former = post(text);
    outcome_set(outcome, is_twice ? 200 : former);
}

static void ask_to_agree(const struct act *act, struct outcome *outcome)
{
    (void)act;
    ask_to_operate(agreement, outcome);
}

static void ask_to_share(const struct act *act, struct outcome *outcome)
{
    (void)act;
    ask_to_operate(splitting, outcome);
}

static void ask_to_generate(const struct act *act, struct outcome *outcome)
{
    (void)act;
    ask_to_operate(making, outcome);
}

/* --- fixture --- */

static void kill_front(void)
{
    mesh_front_kill(&service.front);
}

static void start_front(void)
{
    mesh_front_start(&service.front, service.custodian.socket, service.tls_key, LIMITS);
}

static void start_again(void)
{
    stops_offer();
    kc_custodian_start(&service.custodian);
    await_service_of(&service.custodian);
    start_front();
    stops_end_offer();
}

static int start(void **state)
{
    static struct deaths_front front = {.kill = kill_front, .start = start_front};
    (void)state;
    stops_init();
    mesh_service_start(&service, LIMITS, "operate = { rate = 100000; };");
    front.folder = service.front.folder;
    deaths_with_front(&front);
    mesh_party_new(&alice, &service, "alice@example.com", 1, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(text);
    mesh_party_free(&alice);
    mesh_service_done(&service);
    stops_done();
    print_message("%zu deaths\n", deaths);
    return 0;
}

static void dies(const char *name, char *request)
{
    const struct act act = {.name = name, .ask = ask_to_do};
    free(text);
    text = request;
    deaths += die_of(&service.custodian, &act, samples);
}

static void dies_of_operating(const char *name, void (*how)(const struct act *, struct outcome *))
{
    /* IDs and operations are reserved by the first write, and used by the same request or by none */
    const struct act act = {.name = name, .ask = how, .counts = true};
    deaths += die_of(&service.custodian, &act, samples);
    assert_int_equal(post(text), 401); /* it was answered, and all were killed after that */
}

static char *update(const char *container, const char *frame, enum mesh_signer signer)
{
    return mesh_transact_text(&alice, KC_OBJECT_TransactRequest, container, -1, &frame, 1, signer);
}

static void expect_update(const char *frame, int status)
{
    char *request = update("MMM_Access", frame, MESH_ADMINISTRATOR);
    assert_int_equal(post(request), status);
    free(request);
}

/* The bound account reads what it is assigned, and connects its device, once more if it was. */
static void connect_device(void)
{
    web_close(&alice.web);
    web_open(&alice.web, service.front.port, service.front.certificate);
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    if (alice.has_device) {
        admin_device_done(&alice.device);
        kc_mesh_connected_done(&alice.connected);
    }
    mesh_party_connect(&alice, "encryption=threshold,signature=threshold");
}

/* --- the life of an account --- */

static void binding_and_capabilities(void **state)
{
    (void)state;
    dies("BindRequest", mesh_bind_text(&alice, KC_OBJECT_BindRequest));
    connect_device();
    dies("TransactRequest, MMM_Access: accepted",
        update("MMM_Access", alice.connected.entries[0], MESH_ADMINISTRATOR));
    dies("UploadRequest, MMM_Contact",
        update("MMM_Contact", "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]", MESH_DEVICE));
}

static void operating(void **state)
{
    (void)state;
    dies_of_operating("OperateRequest: agreement", ask_to_agree);
    connect_device();
    char *entry = mesh_splitter(&alice);
    expect_update(entry, 201);
    free(entry);
    dies_of_operating("OperateRequest: share", ask_to_share);
    dies_of_operating("OperateRequest: generate", ask_to_generate);
}

/* What was charged before a death counts, whether it was used or not. */
static void a_spent_quota_does_not_come_back(void **state)
{
    size_t given = 0;
    int status = 201;
    (void)state;
    kc_custodian_stop(&service.custodian);
    assert_true(shell("sed -i 's/rate = 100000/rate = 6/' %s", service.custodian.config));
    kill_front();
    start_again();
    connect_device();
    expect_update(alice.connected.entries[0], 201);
    for (size_t i = 0; status == 201 && i < 8; i++) {
        set_clock(mesh_clock_ahead_s + AFTER_S);
        free(text);
        text = agreement();
        status = post(text);
        given += status == 201;
        kill_front();
        kill_process(&service.custodian, SUPERVISOR);
        start_again();
    }
    assert_int_equal(status, 429);
    assert_in_range(given, 1, 6);
}

static void revoking_and_unbinding(void **state)
{
    struct mesh_request request;
    (void)state;
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    dies(
        "TransactRequest, MMM_Access: revoked", update("MMM_Access", deletion, MESH_ADMINISTRATOR));
    free(deletion);
    expect_update(alice.connected.entries[0], 403);
    mesh_request_begin(&alice, &request, KC_OBJECT_UnbindRequest);
    kc_object_write_text(&request.w, "Account", alice.c.account.address);
    dies("UnbindRequest", mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binding_and_capabilities),
        cmocka_unit_test(operating),
        cmocka_unit_test(a_spent_quota_does_not_come_back),
        cmocka_unit_test(revoking_and_unbinding),
    };
    signal(SIGPIPE, SIG_IGN);
    if (count > 1)
        samples = (size_t)atoi(arguments[1]);
    return cmocka_run_group_tests(tests, start, stop);
}
