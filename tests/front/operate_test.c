/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operate over HTTPS: what both halves do together, once, and until it is taken away.
 */
#include "tests/front/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void both_together_decrypt_and_sign(void **state)
{
    uint8_t digest[64] = {1, 2, 3}, signature[KC_DARE_SIGNATURE_MAX];
    (void)state;
    connect_with_shares(&alice);
    for (size_t i = 0; i < 3; i++)
        agrees(&alice, true);
    assert_int_equal(mesh_sign(&alice, digest, signature), MESH_DONE);
    GOOD(kc_mesh_verify(
        &alice.c.signature.public, digest, (struct kc_span){signature, sizeof signature}));
}

static void an_operate_request_is_answered_once(void **state)
{
    struct mesh_reply reply;
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    char *text = mesh_decrypt_text(&alice, alice_address, &alice.device.decrypt, &peer.pair.public);
    mesh_post(&alice, text, &reply);
    assert_int_equal(reply.status, 201);
    mesh_reply_done(&reply);
    assert_int_equal(mesh_send(&alice, text), 401);
}

/* Requests that are sent one after the other until one is refused. */
struct asking {
    pthread_t thread;
    struct mesh_party party; /* a copy with a connection of its own */
    char *texts[400];
    size_t count;
    struct timespec last_done; /* when the last request that succeeded was sent */
};

static atomic_bool enough;

static void *ask(void *argument)
{
    struct asking *asking = argument;
    for (size_t i = 0; i < asking->count && !atomic_load(&enough); i++) {
        struct mesh_reply reply;
        struct timespec sent;
        clock_gettime(CLOCK_MONOTONIC, &sent);
        mesh_post(&asking->party, asking->texts[i], &reply);
        struct kc_object result = {KC_OBJECT_NONE, {.document = NULL}};
        if (reply.status == 201)
            result = kc_object_item(kc_object_member(&reply.opened.object, "Results"), 0);
        if (result.type == KC_OBJECT_CryptographicResultKeyAgreement)
            asking->last_done = sent;
        mesh_reply_done(&reply);
    }
    return NULL;
}

static void a_revocation_is_effective_below_a_second_with_requests_in_flight(void **state)
{
    static struct asking asking[4];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    struct timespec asked, told;
    (void)state;
    connect_with_shares(&alice);
    atomic_store(&enough, false);
    for (size_t i = 0; i < 4; i++) {
        asking[i].party = alice;
        web_open(&asking[i].party.web, service.front.port, service.front.certificate);
        asking[i].count = sizeof asking[i].texts / sizeof *asking[i].texts;
        for (size_t j = 0; j < asking[i].count; j++)
            asking[i].texts[j] =
                mesh_decrypt_text(&alice, alice_address, &alice.device.decrypt, &peer.pair.public);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&asking[i].thread, NULL, ask, &asking[i]), 0);
    for (size_t i = 0; i < 5; i++)
        agrees(&alice, true);
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    clock_gettime(CLOCK_MONOTONIC, &asked);
    assert_int_equal(mesh_transact(&alice, "MMM_Access", deletion), 201);
    clock_gettime(CLOCK_MONOTONIC, &told);
    agrees(&alice, false);
    atomic_store(&enough, true);
    double took =
        (double)(told.tv_sec - asked.tv_sec) + (double)(told.tv_nsec - asked.tv_nsec) / 1e9;
    print_message("revoked after %.0f ms\n", took * 1000);
    assert_true(took < 1.0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(asking[i].thread, NULL), 0);
        const struct timespec *last = &asking[i].last_done;
        assert_true(last->tv_sec > 0); /* there were some */
        assert_true(last->tv_sec < told.tv_sec ||
                    (last->tv_sec == told.tv_sec && last->tv_nsec <= told.tv_nsec));
        for (size_t j = 0; j < asking[i].count; j++)
            free(asking[i].texts[j]);
        web_close(&asking[i].party.web);
    }
    free(deletion);
    /* what was deleted does not come back */
    assert_int_not_equal(mesh_transact(&alice, "MMM_Access", alice.connected.entries[0]), 201);
    agrees(&alice, false);
}

static void a_device_that_is_deleted_is_refused_at_once(void **state)
{
    char frame[512];
    struct mesh_request request;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    assert_int_equal(mesh_transact(&alice, "MMM_Device", alice.connected.cataloged), 201);
    agrees(&alice, true);
    char meta[256];
    static char encoded[512];
    struct kc_json_writer w;
    snprintf(meta, sizeof meta, "{\"UniqueId\":\"%s\",\"Event\":\"Delete\"}", alice.c.device.udf);
    kc_json_writer_init(&w, encoded, sizeof encoded);
    kc_json_write_octets(&w, admin_span(meta));
    snprintf(frame, sizeof frame, "[{\"ContentMetaData\":%.*s},\"\"]", (int)w.out.size, encoded);
    assert_int_equal(mesh_transact(&alice, "MMM_Device", frame), 201);
    assert_int_equal(
        mesh_decrypt(&alice, alice_address, &alice.device.decrypt, &peer.pair.public, agreed), 401);
    mesh_request_begin(&alice, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    assert_int_equal(mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_DEVICE)), 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(both_together_decrypt_and_sign),
        CASE(an_operate_request_is_answered_once),
        CASE(a_revocation_is_effective_below_a_second_with_requests_in_flight),
        CASE(a_device_that_is_deleted_is_refused_at_once),
    };
    return RUN_WITH_SERVICE(tests);
}
