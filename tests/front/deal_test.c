/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that are split and made through the service, over HTTPS: what a device gets of them and what
 * the administrator gives the service back decrypt together, and nothing else does.
 */
#include "tests/front/fixture.h"

#include "custodian/mesh/share_envelope.h"
#include "threshold/agreement.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GENERATOR "NAAA-GENE-RATO-RAAA-AAAA-AAAA-AAAA"
#define SUCCESSOR "NAAA-SUCC-ESSO-RAAA-AAAA-AAAA-AAAA"
#define TEXT_MAX 20000

static int start_with_offsets(void **state)
{
    (void)state;
    mesh_service_start(&service, "rate = 0;", "operate = { offsets = 1; };");
    return 0;
}

/* An account whose device has a share of the encryption key; the service has none yet. */
static int new_device(void **state)
{
    (void)new_account(state);
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    return 0;
}

/* --- entries of the access catalog --- */

/* Who may have it used: the device, by its authentication key. */
static const char *grantee(void)
{
    static struct kc_public_key key;
    GOOD(kc_mesh_public_key(&alice.device.authentication.public, &key));
    return key.udf;
}

/* What the administrator says, enveloped and appended; the status. */
static int accept_payload(const char *payload)
{
    struct kc_object_writer w;
    static uint8_t room[TEXT_MAX];
    kc_object_writer_init(&w, room, sizeof room);
    w.json.out.size = strlen(payload);
    memcpy(room, payload, strlen(payload));
    struct kc_span entry = sample_envelope(&w, &alice.c.administrator, (struct kc_span){NULL, 0});
    int status = mesh_transact(&alice, "MMM_Access", (const char *)entry.bytes);
    free((void *)(uintptr_t)entry.bytes);
    return status;
}

/* The entry for the service's share of the connected device, for splitting and not for decrypting. */
static int accept_splitter(void)
{
    char *entry = mesh_splitter(&alice);
    int status = mesh_transact(&alice, "MMM_Access", entry);
    free(entry);
    return status;
}

/* What a part of a response says as it stands, and its size. */
#define SOURCE(value) (int)kc_json_source(value).size, (const char *)kc_json_source(value).bytes

/* The entry of the service's own share, about a key of the account. */
static int accept_successor(const struct kc_object *result, const char *subject)
{
    static char payload[TEXT_MAX];
    struct kc_json own = kc_json_item(kc_object_member(result, "PublicShares"), 0);
    struct kc_json share = kc_object_member(result, "EncryptedServiceShare");
    snprintf(payload, sizeof payload,
        "{\"CatalogedAccess\":{\"Capability\":{\"CapabilityDecryptServiced\":{\"Id\":\"" SUCCESSOR
        "\",\"KeyData\":{\"PublicParameters\":%.*s},\"EnvelopedKeyShares\":[%.*s],"
        "\"SubjectId\":\"%s\",\"AuthenticationId\":\"%s\"}}}}",
        SOURCE(own), SOURCE(share), subject, grantee());
    return accept_payload(payload);
}

/* --- operations --- */

/* Asks to have a key split or made, with one part for the device. */
static void deal(enum kc_object_type operation, const char *key, struct mesh_reply *reply)
{
    char *text = mesh_deal_text(&alice, operation, key);
    mesh_post(&alice, text, reply);
    free(text);
    assert_int_equal(reply->status, 201);
    assert_true(reply->is_signed);
}

static struct kc_object result_in(const struct mesh_reply *reply)
{
    return kc_object_item(kc_object_member(&reply->opened.object, "Results"), 0);
}

/* The device's part of what was dealt, opened with its own key and nobody else's. */
static struct kc_scalar device_part(const struct kc_object *result)
{
    struct kc_scalar part;
    struct kc_public_key own;
    struct kc_json enveloped = kc_json_item(kc_object_member(result, "EncryptedShares"), 0);
    GOOD(
        kc_public_key_read_tagged(kc_json_item(kc_object_member(result, "PublicShares"), 1), &own));
    struct kc_mesh_share_terms terms = {
        .signer = &service.vault, .key = &alice.device.encryption, .own = &own, .now = time(NULL)};
    GOOD(kc_mesh_share_open(kc_json_source(enveloped), &terms, &part));
    terms.key = &alice.c.device_encryption.pair;
    struct kc_scalar none;
    assert_int_equal(
        kc_mesh_share_open(kc_json_source(enveloped), &terms, &none), KC_ERR_DECRYPTION);
    return part;
}

/* Whether the service's share under an id and a share of the device's are what a key agrees on. */
static void check_together(const struct kc_scalar *device_share, const struct kc_scalar *whole)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    struct admin_share share = {.share = *device_share};
    snprintf(share.service_id, sizeof share.service_id, SUCCESSOR);
    assert_int_equal(
        mesh_decrypt(&alice, alice.c.account.address, &share, &peer.pair.public, agreed),
        MESH_DONE);
    if (whole == NULL)
        return;
    GOOD(kc_agreement_agree(expected, whole, &peer.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
}

/* --- Share --- */

static void a_share_is_split_over_https_and_its_parts_decrypt_together(void **state)
{
    struct mesh_reply reply;
    struct kc_scalar both;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    assert_int_equal(accept_splitter(), 201);
    /* what may be split does not decrypt */
    assert_int_equal(mesh_decrypt(&alice, alice.c.account.address, &alice.device.decrypt,
                         &peer.pair.public, agreed),
        201);
    deal(KC_OBJECT_CryptographicOperationShare, alice.connected.splits[0].id, &reply);
    struct kc_object result = result_in(&reply);
    assert_int_equal(result.type, KC_OBJECT_CryptographicResultShare);
    assert_int_equal(kc_json_count(kc_object_member(&result, "EncryptedShares")), 1);
    struct kc_scalar part = device_part(&result);
    assert_int_equal(accept_successor(&result, alice.c.encryption.public.udf), 201);
    kc_scalar_add(&both, &part, &alice.device.decrypt.share);
    check_together(&both, &alice.c.encryption.pair.scalar);
    mesh_reply_done(&reply);
}

static void nothing_is_split_or_made_for_who_is_not_granted_it(void **state)
{
    struct mesh_reply reply;
    static const enum kc_object_type operations[] = {
        KC_OBJECT_CryptographicOperationShare, KC_OBJECT_CryptographicOperationGenerate};
    (void)state;
    assert_int_equal(mesh_transact(&alice, "MMM_Access", alice.connected.entries[0]), 201);
    for (size_t i = 0; i < 2; i++) { /* a share that decrypts is not there to be split */
        deal(operations[i], alice.connected.splits[0].id, &reply);
        struct kc_object result = result_in(&reply);
        assert_int_equal(result.type, KC_OBJECT_CryptographicResult);
        mesh_reply_done(&reply);
        deal(operations[i], GENERATOR, &reply);
        result = result_in(&reply);
        assert_int_equal(result.type, KC_OBJECT_CryptographicResult);
        mesh_reply_done(&reply);
    }
}

/* --- Generate --- */

/* Whether the parts are of the key: service's share and the device's add up to it. */
static void check_sum(
    const struct kc_object *result, const struct kc_scalar *part, const struct kc_public_key *made)
{
    struct kc_public_key own;
    struct kc_point parts[2], sum;
    uint8_t octets[KC_POINT_SIZE_MAX];
    GOOD(
        kc_public_key_read_tagged(kc_json_item(kc_object_member(result, "PublicShares"), 0), &own));
    GOOD(kc_point_decode(&parts[0], KC_CURVE_X448, own.octets, own.size));
    GOOD(kc_point_multiply_base(&parts[1], part));
    GOOD(kc_point_sum(&sum, parts, 2));
    kc_point_encode(&sum, octets);
    assert_memory_equal(made->octets, octets, made->size);
}

static void a_key_is_made_over_https_and_its_parts_decrypt_together(void **state)
{
    static char payload[300];
    struct mesh_reply reply;
    struct kc_public_key made;
    (void)state;
    snprintf(payload, sizeof payload,
        "{\"CatalogedAccess\":{\"Capability\":{\"CapabilityKeyGenerate\":{\"Id\":\"" GENERATOR
        "\",\"AuthenticationId\":\"%s\"}}}}",
        grantee());
    assert_int_equal(accept_payload(payload), 201);
    deal(KC_OBJECT_CryptographicOperationGenerate, GENERATOR, &reply);
    struct kc_object result = result_in(&reply);
    assert_int_equal(result.type, KC_OBJECT_CryptographicResultGenerate);
    struct kc_scalar part = device_part(&result);
    GOOD(kc_public_key_read_tagged(kc_object_member(&result, "PublicKey"), &made));
    assert_int_equal(bind_later(&made, 1), 201); /* it takes the place of her own */
    check_sum(&result, &part, &made);
    assert_int_equal(accept_successor(&result, made.udf), 201);
    check_together(&part, NULL);
    mesh_reply_done(&reply);
}

/* --- the offset --- */

static void an_offset_is_added_over_https_where_the_setting_allows_it(void **state)
{
    struct mesh_request request;
    struct mesh_reply reply;
    uint8_t octets[KC_POINT_SIZE_MAX], got[KC_POINT_SIZE_MAX], one[KC_SCALAR_SIZE_MAX] = {1};
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    const struct kc_curve_info *info = kc_curve_info(KC_CURVE_X448);
    struct kc_point expected, whole, device;
    size_t size = sizeof got;
    (void)state;
    assert_int_equal(mesh_transact(&alice, "MMM_Access", alice.connected.entries[0]), 201);
    mesh_request_begin(&alice, &request, KC_OBJECT_OperateRequest);
    kc_object_write_text(&request.w, "AccountAddress", alice.c.account.address);
    kc_object_write_list(&request.w, "Operations");
    kc_object_write_tagged(&request.w, NULL, KC_OBJECT_CryptographicOperationKeyAgreement);
    kc_object_write_text(&request.w, "KeyId", alice.connected.splits[0].id);
    kc_object_write_octets(&request.w, "KeyOffset", (struct kc_span){one, info->scalar_size});
    kc_point_encode(&peer.pair.public, octets);
    kc_object_write_tagged(&request.w, "PublicKey", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(&request.w, "crv", info->name);
    kc_object_write_octets(&request.w, "Public", (struct kc_span){octets, info->point_size});
    for (size_t i = 0; i < 3; i++)
        kc_object_write_end(&request.w);
    char *text = mesh_request_seal(&alice, &request, MESH_DEVICE);
    mesh_post(&alice, text, &reply);
    free(text);
    struct kc_object result = result_in(&reply);
    assert_int_equal(result.type, KC_OBJECT_CryptographicResultKeyAgreement);
    struct kc_object agreement = kc_object_inner(&result, "KeyAgreement");
    GOOD(kc_json_octets(kc_object_member(&agreement, "Result"), got, &size));
    /* whole * P - device's * P + 1 * P */
    GOOD(kc_agreement_contribute(
        &whole, &alice.c.encryption.pair.scalar, NULL, NULL, &peer.pair.public));
    GOOD(kc_agreement_contribute(
        &device, &alice.device.decrypt.share, NULL, NULL, &peer.pair.public));
    kc_point_negate(&device, &device);
    struct kc_point parts[3] = {whole, device, peer.pair.public};
    GOOD(kc_point_sum(&expected, parts, 3));
    kc_point_encode(&expected, octets);
    assert_memory_equal(got, octets, info->point_size);
    mesh_reply_done(&reply);
}

int main(void)
{
#define DEVICE_CASE(name) cmocka_unit_test_setup_teardown(name, new_device, free_account)
    const struct CMUnitTest tests[] = {
        DEVICE_CASE(a_share_is_split_over_https_and_its_parts_decrypt_together),
        DEVICE_CASE(nothing_is_split_or_made_for_who_is_not_granted_it),
        DEVICE_CASE(a_key_is_made_over_https_and_its_parts_decrypt_together),
        DEVICE_CASE(an_offset_is_added_over_https_where_the_setting_allows_it),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_with_offsets, stop_service);
}
