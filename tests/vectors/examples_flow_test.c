/* SPDX-License-Identifier: Apache-2.0 */
/* The flows whose every value is printed, played from seeds to plaintexts and signatures. */
#include "tests/support/cmocka.h"
#include "tests/vectors/flow.h"

#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "threshold/eddsa.h"
#include "threshold/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static const struct {
    const char *field, *name;
    enum kc_curve curve;
} device_keys[] = {
    {"ProfileSignature", "BaseDeviceProfile", KC_CURVE_ED448},
    {"Encryption", "BaseDeviceEncrypt", KC_CURVE_X448},
    {"Signature", "BaseDeviceSign", KC_CURVE_ED448},
    {"Authentication", "BaseDeviceAuthenticate", KC_CURVE_X448},
};

static bool same_key(const struct kc_public_key *printed, const struct kc_key *derived)
{
    uint8_t encoding[KC_POINT_SIZE_MAX];
    kc_point_encode(&derived->public, encoding);
    return memcmp(printed->octets, encoding, printed->size) == 0;
}

static void derives_the_keys_of_the_preconfigured_device_from_its_seed(void **state)
{
    (void)state;
    struct example example;
    struct kc_signed_object profile;
    struct kc_public_key key;
    example_open(&example, "2021-device-preconfiguration");
    struct kc_span text = kc_json_source(
        example_at(&example, "object.DevicePreconfiguration.EnvelopedProfileDevice"));
    GOOD(kc_signed_object_open_profile(text, text.size, KC_OBJECT_ProfileDevice,
        "MC6H-2IFS-4OXA-U2YQ-QZ6Y-RZWX-JC3Q", kc_mesh_verify, &profile, NULL));
    for (size_t i = 0; i < sizeof device_keys / sizeof *device_keys; i++) {
        struct kc_key derived = flow_key(&example,
            "object.DevicePreconfiguration.PrivateKey.PrivateKeyUDF.PrivateValue",
            device_keys[i].curve, device_keys[i].name);
        GOOD(kc_object_key(&profile.object, device_keys[i].field, &key));
        assert_true(same_key(&key, &derived));
    }
    kc_signed_object_done(&profile);
    example_close(&example);
}

/* --- activation --- */

static void activate(const struct example *example, const char *entry)
{
    char curve_name[8], base_name[64], activation_name[64];
    example_text(example, flow_path(entry, "curve"), curve_name, sizeof curve_name);
    example_text(example, flow_path(entry, "base_keyname"), base_name, sizeof base_name);
    example_text(
        example, flow_path(entry, "activation_keyname"), activation_name, sizeof activation_name);
    enum kc_curve curve = flow_curve(curve_name);
    struct kc_key base = flow_key(example, "base_seed", curve, base_name);
    struct kc_key added =
        flow_key(example, "activation.ActivationDevice.ActivationKey", curve, activation_name);
    struct kc_key sum = flow_sum(&base, &added);
    flow_expect_point(example, flow_path(entry, "base_public"), &base.public);
    flow_expect_udf(example, flow_path(entry, "base_udf"), &base.public);
    flow_expect_point(example, flow_path(entry, "activation_public"), &added.public);
    flow_expect_scalar(example, flow_path(entry, "composite_scalar_le"), &sum.scalar);
    flow_expect_point(example, flow_path(entry, "composite_public"), &sum.public);
    flow_expect_udf(example, flow_path(entry, "composite_udf"), &sum.public);
}

static void plays_the_constructed_activation(void **state)
{
    (void)state;
    struct example example;
    example_open(&example, "constructed-activation");
    assert_int_equal(kc_json_count(example_at(&example, "keys")), 3);
    activate(&example, "keys.0");
    activate(&example, "keys.1");
    activate(&example, "keys.2");
    example_close(&example);
}

/* --- group decryption --- */

static void plays_the_constructed_group_decryption(void **state)
{
    (void)state;
    struct example example;
    enum kc_curve curve = KC_CURVE_X448;
    example_open(&example, "constructed-group-decrypt");
    struct kc_scalar whole = flow_scalar(&example, "group.scalar_le", curve);
    struct kc_scalar service = flow_scalar(&example, "shares.service.Private", curve);
    struct kc_scalar member = flow_scalar(&example, "shares.member.Private", curve), sum;
    struct kc_scalar both[] = {service, member};
    GOOD(kc_share_combine(&sum, both, 2));
    assert_true(kc_scalar_equal(&sum, &whole) != 0);
    struct kc_key key;
    GOOD(kc_key_from_scalar(&key, &whole));
    flow_expect_point(&example, "group.public", &key.public);
    flow_expect_udf(&example, "group.udf", &key.public);
    struct kc_point epk = flow_point(&example,
        "request.OperateRequest.Operations.0.CryptographicOperationKeyAgreement.PublicKey."
        "PublicKeyECDH.Public",
        curve);
    struct kc_point parts[2], agreed;
    GOOD(kc_point_multiply(&parts[0], &service, &epk));
    GOOD(kc_point_multiply(&parts[1], &member, &epk));
    flow_expect_point(&example,
        "response.OperateResponse.Results.0.CryptographicResultKeyAgreement.KeyAgreement."
        "KeyAgreementECDH.Result",
        &parts[0]);
    flow_expect_point(&example, "member.contribution", &parts[1]);
    GOOD(kc_point_sum(&agreed, parts, 2));
    flow_decrypt(&example, example_at(&example, "envelope"), &agreed, "member", NULL);
    example_close(&example);
}

/* --- two-party signatures --- */

/* Where an example prints what. */
struct signing {
    const char *example, *service_share, *device_share, *device_r, *service_r, *data, *partial_r;
    const char *r, *service_s, *s, *signature;
    bool s_is_the_devices; /* else it is the signature's */
};

static void sign_by_two(const struct signing *at)
{
    struct example example;
    enum kc_curve curve = KC_CURVE_ED448;
    uint8_t digest[64], r[KC_POINT_SIZE_MAX], public[KC_POINT_SIZE_MAX];
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    example_open(&example, at->example);
    struct kc_scalar shares[] = {flow_scalar(&example, at->service_share, curve),
        flow_scalar(&example, at->device_share, curve)};
    struct kc_scalar nonces[] = {
        flow_scalar(&example, at->service_r, curve), flow_scalar(&example, at->device_r, curve)};
    struct kc_scalar whole, k, responses[2], s;
    struct kc_point commitments[2], sum;
    struct kc_key key;
    GOOD(kc_share_combine(&whole, shares, 2));
    GOOD(kc_key_from_scalar(&key, &whole));
    for (int i = 0; i < 2; i++)
        GOOD(kc_point_multiply_base(&commitments[i], &nonces[i]));
    GOOD(kc_point_sum(&sum, commitments, 2));
    flow_expect_point(&example, at->partial_r, &commitments[1]);
    flow_expect_point(&example, at->r, &sum);
    example_octets(&example, at->data, digest, sizeof digest, sizeof digest);
    struct kc_signed_message message = kc_mesh_signed_message(curve, digest);
    kc_point_encode(&sum, r);
    kc_point_encode(&key.public, public);
    GOOD(kc_eddsa_challenge(&k, curve, r, public, &message));
    for (int i = 0; i < 2; i++)
        kc_eddsa_response(&responses[i], &nonces[i], &k, NULL, &shares[i]);
    flow_expect_scalar(&example, at->service_s, &responses[0]);
    kc_scalar_add(&s, &responses[0], &responses[1]);
    flow_expect_scalar(&example, at->s, at->s_is_the_devices ? &responses[1] : &s);
    kc_eddsa_encode(signature, r, &s);
    flow_expect_octets(&example, at->signature, signature, kc_curve_info(curve)->signature_size);
    GOOD(kc_signature_verify(&key.public, &message, signature, sizeof signature));
    example_close(&example);
}

#define SIGN_OPERATION "request.OperateRequest.Operations.0.CryptographicOperationSign"
#define SIGN_RESULT "response.OperateResponse.Results.0.CryptographicResultSign"

static void plays_the_constructed_threshold_signature(void **state)
{
    (void)state;
    sign_by_two(&(struct signing){"constructed-threshold-sign", "shares.service_scalar_le",
        "shares.device_scalar_le", "nonces.device_r_le", "nonces.service_r_le",
        SIGN_OPERATION ".Data", SIGN_OPERATION ".PartialR", SIGN_RESULT ".R", SIGN_RESULT ".S",
        "device.S", "device.signature", true});
}

/* --- Operate, signed --- */

static void expect_keys(const struct example *example, const char *seed, const char *keys)
{
    struct kc_json_walk walk = kc_json_walk(example_at(example, keys));
    while (kc_json_walk_next(&walk)) {
        char operation[32], entry[100], algorithm[8], name[64];
        GOOD(kc_json_text(walk.name, operation, sizeof operation));
        snprintf(entry, sizeof entry, "%s", flow_path(keys, operation));
        example_text(example, flow_path(entry, "alg"), algorithm, sizeof algorithm);
        example_text(example, flow_path(entry, "key_name"), name, sizeof name);
        struct kc_key key = flow_key(example, seed, flow_curve(algorithm), name);
        flow_expect_scalar(example, flow_path(entry, "scalar_le"), &key.scalar);
        flow_expect_point(example, flow_path(entry, "public"), &key.public);
        flow_expect_udf(example, flow_path(entry, "udf"), &key.public);
    }
}

static void expect_composite_keys(const struct example *example, const char *base_seed,
    const char *activation_seed, const char *base, const char *activation, const char *composite)
{
    struct kc_json_walk walk = kc_json_walk(example_at(example, composite));
    while (kc_json_walk_next(&walk)) {
        char operation[32], algorithm[8], base_name[64], activation_name[64], entry[100];
        GOOD(kc_json_text(walk.name, operation, sizeof operation));
        snprintf(entry, sizeof entry, "%s", flow_path(composite, operation));
        example_text(example, flow_path(entry, "alg"), algorithm, sizeof algorithm);
        example_text(example, flow_path(flow_path(base, operation), "key_name"), base_name,
            sizeof base_name);
        example_text(example, flow_path(flow_path(activation, operation), "key_name"),
            activation_name, sizeof activation_name);
        enum kc_curve curve = flow_curve(algorithm);
        struct kc_key a = flow_key(example, base_seed, curve, base_name);
        struct kc_key b = flow_key(example, activation_seed, curve, activation_name);
        struct kc_key sum = flow_sum(&a, &b);
        flow_expect_scalar(example, flow_path(entry, "scalar_le"), &sum.scalar);
        flow_expect_point(example, flow_path(entry, "public"), &sum.public);
        flow_expect_udf(example, flow_path(entry, "udf"), &sum.public);
    }
}

static void derives_every_key_of_the_signed_operate_flow(void **state)
{
    (void)state;
    struct example example;
    example_open(&example, "constructed-operate-signed");
    expect_keys(&example, "service.seed", "service.keys");
    expect_keys(&example, "service.host.seed", "service.host.base_keys");
    expect_keys(&example, "service.host.activation_seed", "service.host.activation_keys");
    expect_keys(&example, "account.seed", "account.keys");
    expect_keys(&example, "device.seed", "device.base_keys");
    expect_keys(&example, "device.activation_seed", "device.activation_keys");
    expect_composite_keys(&example, "service.host.seed", "service.host.activation_seed",
        "service.host.base_keys", "service.host.activation_keys", "service.host.composite_keys");
    expect_composite_keys(&example, "device.seed", "device.activation_seed", "device.base_keys",
        "device.activation_keys", "device.composite_keys");
    example_close(&example);
}

/* Opens a capability's share, enveloped to the service's encryption key, as the service would. */
static void open_share(struct example *example, const char *access)
{
    char steps[100];
    struct kc_signed_object entry;
    struct kc_public_key administrator;
    const struct kc_dare_signature *signature;
    struct kc_dare_envelope *share = calloc(1, sizeof *share);
    snprintf(steps, sizeof steps, "%s", flow_path(access, "share.envelope_steps"));
    GOOD(kc_public_key_make("Ed448",
        (struct kc_span){
            administrator.octets, example_octets(example, "account.keys.AdminSign.public",
                                      administrator.octets, sizeof administrator.octets, 57)},
        &administrator));
    struct kc_span text = kc_json_source(example_at(example, flow_path(access, "entry")));
    GOOD(kc_signed_object_open(
        text, text.size, KC_OBJECT_CatalogedAccess, &administrator, kc_mesh_verify, &entry));
    struct kc_object capability = kc_object_inner(&entry.object, "Capability");
    struct kc_json envelope = kc_json_item(kc_object_member(&capability, "EnvelopedKeyShares"), 0);
    GOOD(kc_dare_envelope_read(kc_json_source(envelope), share));
    GOOD(kc_dare_envelope_verify(share, &administrator, kc_mesh_verify, &signature));
    flow_expect_octets(
        example, flow_path(steps, "witness"), signature->witness, sizeof signature->witness);
    struct kc_scalar key = flow_scalar(example, "service.keys.Encrypt.scalar_le", KC_CURVE_X448);
    struct kc_point epk = flow_point(example, flow_path(steps, "epk"), KC_CURVE_X448), agreed;
    GOOD(kc_point_multiply(&agreed, &key, &epk));
    flow_decrypt(example, envelope, &agreed, steps, signature);
    kc_dare_envelope_done(share);
    free(share);
    kc_signed_object_done(&entry);
}

static void opens_each_share_that_was_signed_and_enveloped_to_the_service(void **state)
{
    (void)state;
    struct example example;
    example_open(&example, "constructed-operate-signed");
    open_share(&example, "access.0");
    open_share(&example, "access.1");
    open_share(&example, "access.2");
    example_close(&example);
}

/* The service's part of an agreement, the member's, and what they open together. */
static void agree_by_two(const struct example *example, const char *flow,
    const struct kc_scalar *service, const struct kc_scalar *member)
{
    char path[100];
    enum kc_curve curve = KC_CURVE_X448;
    struct kc_point epk = flow_point(example, "encrypted_message.steps.epk", curve);
    struct kc_point parts[2], agreed;
    flow_expect_scalar(example, flow_path(flow, "service.effective_scalar_le"), service);
    GOOD(kc_point_multiply(&parts[0], service, &epk));
    GOOD(kc_point_multiply(&parts[1], member, &epk));
    flow_expect_point(example, flow_path(flow, "service.contribution"), &parts[0]);
    flow_expect_point(example, flow_path(flow, "member.contribution"), &parts[1]);
    GOOD(kc_point_sum(&agreed, parts, 2));
    flow_expect_point(example, flow_path(flow, "member.sum"), &agreed);
    snprintf(path, sizeof path, "%s", flow_path(flow, "member"));
    flow_decrypt(example, example_at(example, "encrypted_message.envelope"), &agreed, path, NULL);
}

static void plays_both_agreements_of_the_signed_operate_flow(void **state)
{
    (void)state;
    struct example example;
    enum kc_curve curve = KC_CURVE_X448;
    const uint32_t indices[] = {2, 5};
    struct kc_scalar coefficients[2], parts[2];
    example_open(&example, "constructed-operate-signed");
    struct kc_scalar service = flow_scalar(&example, "splits.decrypt.service_scalar_le", curve);
    struct kc_scalar member = flow_scalar(&example, "splits.decrypt.member_scalar_le", curve);
    agree_by_two(&example, "flows.agreement", &service, &member);
    service = flow_scalar(&example, "splits.decrypt_2_of_5.shares_le.2", curve);
    member = flow_scalar(&example, "splits.decrypt_2_of_5.shares_le.5", curve);
    GOOD(kc_share_coefficient(&coefficients[0], curve, indices, 2, 0));
    GOOD(kc_share_coefficient(&coefficients[1], curve, indices, 2, 1));
    flow_expect_scalar(&example,
        "flows.agreement_lagrange.request.OperateRequest.Operations.0."
        "CryptographicOperationKeyAgreement.KeyCoefficient",
        &coefficients[0]);
    flow_expect_scalar(
        &example, "flows.agreement_lagrange.member.coefficient_le", &coefficients[1]);
    kc_scalar_multiply(&parts[0], &coefficients[0], &service);
    kc_scalar_multiply(&parts[1], &coefficients[1], &member);
    agree_by_two(&example, "flows.agreement_lagrange", &parts[0], &parts[1]);
    example_close(&example);
}

static void plays_the_signature_of_the_signed_operate_flow(void **state)
{
    (void)state;
    sign_by_two(&(struct signing){"constructed-operate-signed", "splits.sign.service_scalar_le",
        "splits.sign.member_scalar_le", "flows.sign.nonces.device_r_le",
        "flows.sign.nonces.service_r_le", "flows.sign." SIGN_OPERATION ".Data",
        "flows.sign." SIGN_OPERATION ".PartialR", "flows.sign." SIGN_RESULT ".R",
        "flows.sign." SIGN_RESULT ".S", "flows.sign.member.S", "flows.sign.member.signature",
        false});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_keys_of_the_preconfigured_device_from_its_seed),
        cmocka_unit_test(plays_the_constructed_activation),
        cmocka_unit_test(plays_the_constructed_group_decryption),
        cmocka_unit_test(plays_the_constructed_threshold_signature),
        cmocka_unit_test(derives_every_key_of_the_signed_operate_flow),
        cmocka_unit_test(opens_each_share_that_was_signed_and_enveloped_to_the_service),
        cmocka_unit_test(plays_both_agreements_of_the_signed_operate_flow),
        cmocka_unit_test(plays_the_signature_of_the_signed_operate_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
