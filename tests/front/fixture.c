/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front/fixture.h"

#include "threshold/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct mesh_service service;
struct mesh_party alice;
char alice_address[64];

int start_service(void **state)
{
    (void)state;
    mesh_service_start(&service, "rate = 0;", "");
    return 0;
}

int stop_service(void **state)
{
    (void)state;
    mesh_service_done(&service);
    return 0;
}

int new_account(void **state)
{
    static uint8_t number =
        1; /* her keys follow from it, and those of whom a case makes beside her */
    (void)state;
    snprintf(alice_address, sizeof alice_address, "alice%u@example.com", (unsigned)number);
    mesh_party_new(&alice, &service, alice_address, number, false);
    number = (uint8_t)(number + 20);
    return 0;
}

int free_account(void **state)
{
    (void)state;
    mesh_party_free(&alice);
    return 0;
}

void connect_with_shares(struct mesh_party *party)
{
    assert_int_equal(mesh_bind(party, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(party, "encryption=threshold,signature=threshold");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(mesh_transact(party, "MMM_Access", party->connected.entries[i]), 201);
}

void agrees(struct mesh_party *party, bool is_expected)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    int status = mesh_decrypt(
        party, party->c.account.address, &party->device.decrypt, &peer.pair.public, agreed);
    assert_int_equal(status, is_expected ? MESH_DONE : 201);
    if (!is_expected)
        return;
    GOOD(kc_agreement_agree(expected, &party->c.encryption.pair.scalar, &peer.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
}

/* After the vault's start requests are too old until the time up to which IDs may have been taken
 * before has passed: some seconds, in which a requester asks again. */
void agrees_again(struct mesh_party *party)
{
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    int status = 401;
    for (size_t i = 0; (status == 401 || status == 503) && i < 300; i++) {
        usleep(100000);
        status = mesh_decrypt(
            party, party->c.account.address, &party->device.decrypt, &peer.pair.public, agreed);
    }
    assert_int_equal(status, MESH_DONE);
}

char *about(enum kc_object_type type, const char *account, enum mesh_signer signer)
{
    struct mesh_request request;
    mesh_request_begin(&alice, &request, type);
    kc_object_write_text(&request.w, "Account", account);
    return mesh_request_seal(&alice, &request, signer);
}

void says_hello(struct web *web)
{
    struct web_answer answer;
    web_post(web, HELLO, strlen(HELLO), &answer);
    assert_int_equal(answer.status, 201);
    web_answer_done(&answer);
}

int bind_later(const struct kc_public_key *encryption, int64_t later_s)
{
    struct mesh_request request;
    static uint8_t room[20000];
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ProfileUser);
    sample_write_key(&w, "ProfileSignature", &alice.c.profile.public);
    kc_object_write_time(&w, "Updated", (int64_t)time(NULL) + later_s);
    kc_object_write_text(&w, "AccountAddress", alice.c.account.address);
    kc_object_write_text(&w, "ServiceUdf", service.udf);
    sample_write_key(&w, "EscrowEncryption", &alice.c.escrow.public);
    sample_write_key(&w, "AccountEncryption", encryption);
    sample_write_key(&w, "AdministratorSignature", &alice.c.administrator.public);
    kc_object_write_end(&w);
    struct kc_span profile = sample_envelope(&w, &alice.c.profile, (struct kc_span){NULL, 0});
    mesh_request_begin(&alice, &request, KC_OBJECT_BindRequest);
    kc_object_write_text(&request.w, "AccountAddress", alice.c.account.address);
    kc_object_write_source(&request.w, "EnvelopedProfileAccount", profile);
    int status = mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_PROFILE));
    free((void *)(uintptr_t)profile.bytes);
    return status;
}
