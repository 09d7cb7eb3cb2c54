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
#include <unistd.h>

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

/* Who asks all the time, with requests that were made before. */
struct asking {
    pthread_t thread;
    struct mesh_party party; /* a copy with a connection of its own */
    char *texts[400];
    atomic_size_t sent;
    struct timespec last_done; /* when the last request that succeeded was sent */
    int refused;               /* the status of an answer that was none; 0: all were given */
};

#define ASKING 4
#define FEW 100 /* answers, which is much less than a second's */
#define TEXTS (sizeof((struct asking *)0)->texts / sizeof(char *))

static struct asking askings[ASKING];
static atomic_bool enough;

static void *ask(void *argument)
{
    struct asking *asking = argument;
    for (size_t i = 0; i < TEXTS && !atomic_load(&enough); i++) {
        struct mesh_reply reply;
        struct timespec sent;
        clock_gettime(CLOCK_MONOTONIC, &sent);
        mesh_post(&asking->party, asking->texts[i], &reply);
        struct kc_object result = {KC_OBJECT_NONE, {.document = NULL}};
        if (reply.status == 201)
            result = kc_object_item(kc_object_member(&reply.opened.object, "Results"), 0);
        if (result.type == KC_OBJECT_CryptographicResultKeyAgreement)
            asking->last_done = sent;
        else
            asking->refused = reply.status;
        mesh_reply_done(&reply);
        atomic_fetch_add(&asking->sent, 1);
    }
    return NULL;
}

static void begin_asking(void)
{
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    atomic_store(&enough, false);
    for (size_t i = 0; i < ASKING; i++) {
        struct asking *asking = &askings[i];
        *asking = (struct asking){.party = alice};
        web_open(&asking->party.web, service.front.port, service.front.certificate);
        for (size_t j = 0; j < TEXTS; j++)
            asking->texts[j] =
                mesh_decrypt_text(&alice, alice_address, &alice.device.decrypt, &peer.pair.public);
    }
    for (size_t i = 0; i < ASKING; i++)
        assert_int_equal(pthread_create(&askings[i].thread, NULL, ask, &askings[i]), 0);
}

static size_t answered(void)
{
    size_t count = 0;
    for (size_t i = 0; i < ASKING; i++)
        count += atomic_load(&askings[i].sent);
    return count;
}

/* Each of them sends so many more, as long as it has some. */
static void wait_for_more(size_t count)
{
    for (size_t i = 0; i < ASKING; i++) {
        size_t until = atomic_load(&askings[i].sent) + count;
        while (atomic_load(&askings[i].sent) < (until < TEXTS ? until : TEXTS))
            usleep(1000);
    }
}

static void end_asking(void)
{
    atomic_store(&enough, true);
    for (size_t i = 0; i < ASKING; i++) {
        assert_int_equal(pthread_join(askings[i].thread, NULL), 0);
        for (size_t j = 0; j < TEXTS; j++)
            free(askings[i].texts[j]);
        web_close(&askings[i].party.web);
    }
}

static void a_revocation_is_effective_below_a_second_with_requests_in_flight(void **state)
{
    struct timespec asked, told;
    (void)state;
    connect_with_shares(&alice);
    begin_asking();
    wait_for_more(5);
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    size_t before = answered();
    clock_gettime(CLOCK_MONOTONIC, &asked);
    assert_int_equal(mesh_transact(&alice, "MMM_Access", deletion), 201);
    clock_gettime(CLOCK_MONOTONIC, &told);
    size_t meanwhile = answered() - before;
    wait_for_more(20);
    end_asking();
    double took =
        (double)(told.tv_sec - asked.tv_sec) + (double)(told.tv_nsec - asked.tv_nsec) / 1e9;
    print_message("revoked after %.0f ms and %zu answers\n", took * 1000, meanwhile);
    assert_true(took < 1.0 || meanwhile < FEW); /* or all is slow here */
    for (size_t i = 0; i < ASKING; i++) {
        const struct timespec *last = &askings[i].last_done;
        assert_true(last->tv_sec > 0); /* there were some */
        assert_true(last->tv_sec < told.tv_sec ||
                    (last->tv_sec == told.tv_sec && last->tv_nsec <= told.tv_nsec));
    }
    free(deletion);
    /* what was deleted does not come back */
    assert_int_not_equal(mesh_transact(&alice, "MMM_Access", alice.connected.entries[0]), 201);
    agrees(&alice, false);
}

/* What changes nothing for who asks does not get in the way: neither a later profile of the account, nor
 * other shares that come and go. */
static void a_request_that_meets_a_change_of_its_account_is_answered_all_the_same(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    begin_asking();
    for (size_t i = 1; i <= 20; i++) {
        assert_int_equal(bind_later(&alice.c.encryption.public, (int64_t)i), 201);
        char *more = mesh_capability_text(&alice);
        assert_int_equal(mesh_send(&alice, more), 201);
        agrees(&alice, true);
    }
    end_asking();
    for (size_t i = 0; i < ASKING; i++)
        assert_int_equal(askings[i].refused, 0);
}

static void a_device_that_is_deleted_is_refused_at_once(void **state)
{
    char frame[MESH_FRAME_SIZE];
    struct mesh_request request;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    assert_int_equal(mesh_transact(&alice, "MMM_Device", alice.connected.cataloged), 201);
    agrees(&alice, true);
    mesh_device_deletion(&alice, frame);
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
        CASE(a_request_that_meets_a_change_of_its_account_is_answered_all_the_same),
        CASE(a_device_that_is_deleted_is_refused_at_once),
    };
    return RUN_WITH_SERVICE(tests);
}
