/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module before a service that has the other shares of a device's keys: a program that the
 * policy names contributes through C_Sign, and the device completes what it gets from it.
 */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"
#include "tests/pkcs11/support.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static struct kc_custodian device, service;
static struct kc_client *at_device, *at_service;
static const char *const algorithms[] = {"Ed25519", "Ed448", "X25519", "X448"};
static struct split splits[4]; /* of these */

#define SIGNS 2 /* the first ones */

static void change_policy(const char *operations)
{
    kc_custodian_stop(&service);
    assert_true(
        shell("sed -i 's/\\(name = \"test\"; .*operations = \\[\\)[^]]*\\(\\]; }, {\\)/\\1 %s "
              "\\2/' %s",
            operations, service.config));
    kc_custodian_start(&service);
}

static int set_up(void **state)
{
    struct key wrap, whole;
    (void)state;
    kc_custodian_init(&device, "\"home\"");
    kc_custodian_init(&service, "\"home\"");
    at_device = connect_to(&device);
    at_service = connect_to(&service);
    set_pin(at_device);
    enrol_service(at_device, at_service, &wrap);
    for (size_t i = 0; i < 4; i++) {
        assert_answer(
            generate(at_device, algorithms[i], "application", "wrapped", algorithms[i], &whole),
            KC_OK);
        assert_answer(split_key(at_device, &whole, wrap.id, &splits[i]), KC_OK);
        assert_answer(accept_share(at_service, wrap.id, algorithms[i], &splits[i]), KC_OK);
    }
    setenv("CUSTODIAN_SOCKET", service.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_ok(p11->C_Finalize(NULL));
    kc_client_free(at_device);
    kc_client_free(at_service);
    kc_custodian_done(&device);
    kc_custodian_done(&service);
    return 0;
}

/* --- parameters: CBOR maps --- */

struct parameter {
    CK_BYTE bytes[256];
    CK_ULONG size;
};

static void put(struct parameter *parameter, const void *bytes, size_t size)
{
    memcpy(parameter->bytes + parameter->size, bytes, size);
    parameter->size += size;
}

/* A map of so many pairs, below 24. */
static struct parameter map_of(unsigned pairs)
{
    CK_BYTE head = (CK_BYTE)(0xa0 + pairs);
    struct parameter parameter = {.size = 0};
    put(&parameter, &head, 1);
    return parameter;
}

static void put_octets(
    struct parameter *parameter, const char *key, const CK_BYTE *octets, size_t size)
{
    CK_BYTE head[] = {(CK_BYTE)(0x60 + strlen(key)), 0x58, (CK_BYTE)size};
    put(parameter, head, 1);
    put(parameter, key, strlen(key));
    put(parameter, size < 24 ? (CK_BYTE[]){(CK_BYTE)(0x40 + size)} : head + 1, size < 24 ? 1 : 2);
    put(parameter, octets, size);
}

/* --- contributing --- */

static CK_RV contribute(CK_MECHANISM_TYPE type, const struct parameter *parameter,
    const char *label, const void *input, size_t input_size, CK_BYTE out[static 114],
    CK_ULONG *size)
{
    struct parameter copy = *parameter;
    CK_MECHANISM mechanism = {type, copy.bytes, copy.size};
    CK_BYTE octets[64];
    CK_SESSION_HANDLE session = open_session("home-edwards");
    memcpy(octets, input, input_size);
    CK_RV rv = p11->C_SignInit(session, &mechanism, find_one(session, CKO_PRIVATE_KEY, label));
    *size = 114;
    if (rv == CKR_OK)
        rv = p11->C_Sign(session, octets, input_size, out, size);
    assert_ok(p11->C_CloseSession(session));
    return rv;
}

static void nothing_is_listed_for_a_star(void **state)
{
    (void)state;
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 0);
}

static void shares_are_listed_for_whom_a_rule_names_as_contributing(void **state)
{
    (void)state;
    change_policy("\"*\", \"signature-contribute\"");
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), SIGNS);
    change_policy("\"*\", \"signature-contribute\", \"agreement-contribute\"");
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 4);
}

static void a_contribution_through_the_module_completes_the_devices_signature(void **state)
{
    static const uint8_t message[] = "contributed to";
    (void)state;
    for (size_t i = 0; i < SIGNS; i++) {
        struct kc_client_answer *opened, *done;
        CK_BYTE out[114];
        CK_ULONG size;
        assert_answer(ASK(at_device, SIGNATURE_COMMIT, &opened, TEXT(KEY, splits[i].first.id),
                          OCTETS(MESSAGE, message, sizeof message)),
            KC_OK);
        struct kc_span commitment = value_of(opened, KC_FIELD_COMMITMENT)->span;
        struct kc_span session = value_of(opened, KC_FIELD_SESSION)->span;
        struct parameter parameter = map_of(1);
        put_octets(&parameter, "commitment", commitment.bytes, commitment.size);
        assert_ok(contribute(CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE, &parameter, algorithms[i], message,
            sizeof message, out, &size));
        assert_int_equal(size, i == 0 ? 64 : 114);
        size_t scalar_size = i == 0 ? 32 : 56; /* Ed448 has an octet more in a signature: 0 */
        assert_int_equal(i == 0 ? 0 : out[113], 0);
        assert_answer(
            ASK(at_device, SIGNATURE_FINISH, &done, TEXT(KEY, splits[i].first.id),
                OCTETS(SESSION, session.bytes, session.size), OCTETS(COMMITMENT, out, size / 2),
                OCTETS(SIGNATURE_SHARE, out + size / 2, scalar_size)),
            KC_OK); /* the device verifies before it answers */
        kc_client_answer_free(done);
        kc_client_answer_free(opened);
    }
}

static void a_contribution_through_the_module_completes_the_devices_agreement(void **state)
{
    (void)state;
    for (size_t i = SIGNS; i < 4; i++) {
        struct kc_client_answer *done;
        struct peer peer;
        struct parameter none = {.size = 0};
        CK_BYTE out[114];
        uint8_t z[64];
        CK_ULONG size;
        size_t z_size;
        make_peer(&splits[i].first, &peer);
        assert_ok(contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &none, algorithms[i], peer.public,
            peer.public_size, out, &size));
        assert_answer(
            ASK(at_device, AGREEMENT_COMBINE, &done, TEXT(KEY, splits[i].first.id),
                OCTETS(PEER, peer.public, peer.public_size), OCTETS(CONTRIBUTION, out, size)),
            KC_OK);
        assert_int_equal(kc_client_answer_secret(done, &kc_client_answer_message(done)->values,
                             KC_FIELD_SECRET, z, sizeof z, &z_size),
            KC_OK);
        assert_int_equal(z_size, peer.z_size);
        assert_memory_equal(z, peer.z, z_size);
        kc_client_answer_free(done);
    }
}

static void a_coefficient_and_an_offset_enter(void **state)
{
    struct peer peer;
    CK_BYTE plain[114], with[114], two[32] = {2}, none[32] = {0}, one[32] = {1};
    CK_ULONG size;
    (void)state;
    make_peer(&splits[2].first, &peer);
    struct parameter parameter = map_of(0);
    assert_ok(contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &parameter, "X25519", peer.public,
        peer.public_size, plain, &size));
    parameter = map_of(2);
    put_octets(&parameter, "offset", none, sizeof none);
    put_octets(&parameter, "coefficient", one, sizeof one);
    assert_ok(contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &parameter, "X25519", peer.public,
        peer.public_size, with, &size));
    assert_memory_equal(plain, with, size);
    parameter = map_of(1);
    put_octets(&parameter, "coefficient", two, sizeof two);
    assert_ok(contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &parameter, "X25519", peer.public,
        peer.public_size, with, &size));
    assert_memory_not_equal(plain, with, size);
    parameter = map_of(1); /* zero is no coefficient */
    put_octets(&parameter, "coefficient", none, sizeof none);
    assert_rv(contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &parameter, "X25519", peer.public,
                  peer.public_size, with, &size),
        CKR_MECHANISM_PARAM_INVALID);
}

static void a_share_does_nothing_but_contribute(void **state)
{
    CK_BYTE signature[114], base_point[32] = {9};
    CK_ULONG size;
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = base_point};
    CK_MECHANISM derives = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_OBJECT_HANDLE secret;
    CK_BBOOL signs = 2;
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE signer = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_OBJECT_HANDLE agreer = find_one(session, CKO_PRIVATE_KEY, "X25519");
    assert_rv(sign_with(session, signer, "m", 1, signature, &size), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(p11->C_DeriveKey(session, &derives, agreer, NULL, 0, &secret),
        CKR_KEY_FUNCTION_NOT_PERMITTED);
    CK_ATTRIBUTE sign = {CKA_SIGN, &signs, 1}, derive = {CKA_DERIVE, &signs, 1};
    assert_ok(p11->C_GetAttributeValue(session, signer, &sign, 1));
    assert_int_equal(signs, CK_FALSE);
    assert_ok(p11->C_GetAttributeValue(session, agreer, &derive, 1));
    assert_int_equal(signs, CK_FALSE);
    CK_MECHANISM_TYPE allowed[4];
    CK_ATTRIBUTE mechanisms = {CKA_ALLOWED_MECHANISMS, allowed, sizeof allowed};
    assert_ok(p11->C_GetAttributeValue(session, signer, &mechanisms, 1));
    assert_int_equal(mechanisms.ulValueLen, sizeof *allowed);
    assert_int_equal(allowed[0], CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE);
}

static void parameters_of_another_form_are_invalid(void **state)
{
    static const CK_BYTE point[32] = {1};
    (void)state;
    struct parameter bad[9];
    size_t count = 0;
    bad[count++] = map_of(0); /* a commitment has to be there */
    bad[count] = map_of(1);   /* cut off */
    put_octets(&bad[count], "commitment", point, 32);
    bad[count++].size -= 1;
    bad[count] = map_of(1); /* something behind it */
    put_octets(&bad[count], "commitment", point, 32);
    bad[count++].size += 1;
    bad[count] = map_of(2); /* twice */
    put_octets(&bad[count], "commitment", point, 32);
    put_octets(&bad[count++], "commitment", point, 32);
    bad[count] = map_of(2); /* not in order */
    put_octets(&bad[count], "commitment", point, 32);
    put_octets(&bad[count++], "context", point, 32);
    bad[count] = map_of(2); /* the other mechanism's */
    put_octets(&bad[count], "offset", point, 32);
    put_octets(&bad[count++], "commitment", point, 32);
    bad[count] = map_of(2); /* no such field */
    put_octets(&bad[count], "colour", point, 32);
    put_octets(&bad[count++], "commitment", point, 32);
    bad[count] = map_of(1); /* longer than any */
    put_octets(&bad[count++], "commitment", (const CK_BYTE[58]){1}, 58);
    bad[count++] = (struct parameter){{0xbf, 0xff}, 2}; /* of indefinite length */
    for (size_t i = 0; i < count; i++) {
        CK_BYTE out[114];
        CK_ULONG size;
        CK_RV rv =
            contribute(CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE, &bad[i], "Ed25519", "m", 1, out, &size);
        if (rv != CKR_MECHANISM_PARAM_INVALID)
            fail_msg("parameter %zu: %lx", i, rv);
    }
}

static void points_that_are_none_are_refused(void **state)
{
    CK_BYTE out[114], point[58];
    CK_ULONG size;
    (void)state;
    struct parameter none = {.size = 0}, parameter = map_of(1);
    memset(point, 0xff, sizeof point);
    assert_rv(
        contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &none, "X25519", point, 33, out, &size),
        CKR_MECHANISM_PARAM_INVALID);
    assert_rv(
        contribute(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, &none, "X25519", point, 58, out, &size),
        CKR_DATA_LEN_RANGE);
    put_octets(&parameter, "commitment", point, 32);
    assert_rv(
        contribute(CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE, &parameter, "Ed25519", "m", 1, out, &size),
        CKR_MECHANISM_PARAM_INVALID);
}

/* The custodian keeps what it is given; programs that import by other ways give all sorts. */
static void a_certificate_that_is_none_is_left_out_and_harms_no_listing(void **state)
{
    (void)state;
    assert_answer(ASK(at_service, OBJECT_IMPORT, NULL, TEXT(KEYRING, "home"),
                      TEXT(KIND, "certificate"), TEXT(VALUE, "-----BEGIN"), TEXT(LABEL, "text")),
        KC_ERR_CONNECTION_LOST); /* it was restarted for other policies */
    assert_answer(ASK(at_service, OBJECT_IMPORT, NULL, TEXT(KEYRING, "home"),
                      TEXT(KIND, "certificate"), TEXT(VALUE, "-----BEGIN"), TEXT(LABEL, "text")),
        KC_OK);
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 4);
    assert_int_equal(count_found(open_session("home"), NULL, 0), 0);
}

int main(void)
{
    load_module();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_listed_for_a_star),
        cmocka_unit_test(shares_are_listed_for_whom_a_rule_names_as_contributing),
        cmocka_unit_test(a_contribution_through_the_module_completes_the_devices_signature),
        cmocka_unit_test(a_contribution_through_the_module_completes_the_devices_agreement),
        cmocka_unit_test(a_coefficient_and_an_offset_enter),
        cmocka_unit_test(a_share_does_nothing_but_contribute),
        cmocka_unit_test(parameters_of_another_form_are_invalid),
        cmocka_unit_test(points_that_are_none_are_refused),
        cmocka_unit_test(a_certificate_that_is_none_is_left_out_and_harms_no_listing),
    };
    return cmocka_run_group_tests_name("pkcs11 contributions", tests, set_up, tear_down);
}
