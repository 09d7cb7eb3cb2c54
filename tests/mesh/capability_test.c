/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the access catalog, and profiles, with one thing changed each and signed again. */
#include "tests/support/cmocka.h"

#include "tests/mesh/operate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define SERVICE "MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO"

/* The verification share of the first entry, as it stands. */
#define KEY_DATA(udf, start)                                                                       \
    "\"" udf "\": \"MCCE-VTVV-L46F-TPU4-IOER-5MQO-VTW7\",\n          \"PublicParameters\": {\n"    \
    "            \"PublicKeyECDH\": {\n              \"crv\": \"X448\",\n              "           \
    "\"Public\": "                                                                                 \
    "\"" start

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* A payload of the base set with a change, sealed; given: free. */
static char *changed(const char *path, const char *what, const char *with, const char *signer)
{
    static char payload[CASE_TEXT_MAX];
    size_t size = case_decode(
        json_string_value(case_at(case_base, path)), (uint8_t *)payload, sizeof payload - 1);
    payload[size] = '\0';
    case_edit(payload, what, with);
    return case_seal(payload, signer, NULL);
}

static enum kc_error read_entry(const char *entry, const char *what, const char *with,
    const char *signer, const struct kc_key *key)
{
    char path[40];
    struct kc_mesh_capability capability;
    snprintf(path, sizeof path, "access.%s.entry.1", entry);
    char *text = changed(path, what, with, signer);
    struct kc_mesh_service self = case_service.self;
    self.key = key;
    enum kc_error error =
        kc_mesh_capability_read(span_of(text), &case_service.accounts[0], &self, &capability);
    free(text);
    if (error == KC_OK)
        kc_mesh_capability_wipe(&capability);
    return error;
}

static void reads_an_entry_only_if_each_of_its_parts_holds(void **state)
{
    (void)state;
    static const struct {
        const char *entry, *what, *with;
        enum kc_error error;
    } cases[] = {
        {"0", "\"Id\"", "\"Id\"", KC_OK},
        {"0", "\"Id\"", "\"ServiceUdf\":\"" SERVICE "\",\"Epoch\":3,\"Id\"", KC_OK},
        {"0", "\"Id\"", "\"ServiceUdf\":\"MAAA\",\"Id\"", KC_ERR_REFUSED},
        {"0", "\"Id\"", "\"Active\":true,\"Id\"", KC_OK},
        {"0", "\"Id\"", "\"Active\":false,\"Id\"", KC_ERR_REFUSED}, /* not one that may be used */
        {"0", "\"Id\"", "\"Other\"", KC_ERR_BAD_REQUEST},
        {"0", "CapabilityDecryptServiced", "CapabilityDecryptPartial", KC_ERR_REFUSED},
        {"0", "CapabilityDecryptServiced", "CapabilitySign", KC_ERR_REFUSED},
        {"0", "CapabilityDecryptServiced", "CapabilityKeyGenerate", KC_OK},
        {"0", "MDJV-D5YY-RCOC-Y7SB-R7JC-MOI3-ZFHH", "bob@example.com", KC_ERR_REFUSED},
        {"0", "\"AuthenticationId\"", "\"GranteeUdf\"", KC_OK},
        {"0", "\"AuthenticationId\"", "\"Other\"", KC_ERR_REFUSED},
        {"0", "MBYD-4DME", "MBGA-UCP3", KC_ERR_REFUSED},
        {"0", "\"SubjectId\"", "\"Other\"", KC_OK}, /* as in 2022: the key of its class */
        {"0", "\"SubjectId\": \"MBYD", "\"SubjectId\": \"", KC_ERR_REFUSED},
        {"2", "\"SubjectId\"", "\"Other\"", KC_OK},
        {"0", "CatalogedAccess", "CatalogedCapability", KC_OK}, /* as in 2020 */
        {"0", "CatalogedAccess", "CatalogedApplication", KC_ERR_BAD_REQUEST},
        {"0", "CatalogedAccess", "CatalogedEntry", KC_ERR_BAD_REQUEST},
        {"0", "\"Udf\"", "\"Other\"", KC_OK},
        {"0", "B0PDkq", "C0PDkq", KC_ERR_REFUSED}, /* the Udf beside it is another */
        {"0", "\"EnvelopedKeyShares\"", "\"Other\"", KC_ERR_ENVELOPE},
        {"0", KEY_DATA("Udf", "B0PDkq"), KEY_DATA("Other", "C0PDkq"), KC_ERR_CONTRIBUTION},
        {"0", "\"wmk\": \"YHJH", "\"wmk\": \"ZHJH", KC_ERR_DECRYPTION},
        {"1", "\"Index\": 2", "\"Index\": 3", KC_ERR_BAD_REQUEST},
        {"1", "\"Index\": 2", "\"Other\": 2", KC_ERR_BAD_REQUEST},
        {"1", "\"Threshold\": 2", "\"Threshold\": 3", KC_ERR_BAD_REQUEST},
        {"1", "\"Threshold\"", "\"Other\"", KC_ERR_BAD_REQUEST},
        {"1", "\"Indexes\": [2", "\"Indexes\": [5", KC_ERR_BAD_REQUEST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum kc_error error = read_entry(cases[i].entry, cases[i].what, cases[i].with,
            CASE_ADMINISTRATOR, &case_service.decryption);
        if (error != cases[i].error)
            fail_msg("%s: %s", cases[i].with, kc_error_name(error));
    }
}

/* A KeyGenerate may be about any of the account's keys, of the curve of its share. */
static void an_entry_is_about_the_key_that_its_subject_names(void **state)
{
    (void)state;
    static const char *const others[] = {"account.keys.Sign.udf", "account.keys.Authenticate.udf",
        "account.keys.Escrow.udf", "service.keys.Encrypt.udf", "device.composite_keys.Encrypt.udf"};
    const char *own = json_string_value(case_at(case_base, "account.keys.Encrypt.udf"));
    const struct kc_key *key = &case_service.decryption;
    assert_int_equal(read_entry("0", own, own, CASE_ADMINISTRATOR, key), KC_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *udf = json_string_value(case_at(case_base, others[i]));
        assert_int_equal(read_entry("0", own, udf, CASE_ADMINISTRATOR, key), KC_ERR_REFUSED);
    }
    static char generates[CASE_TEXT_MAX];
    const char *signature = json_string_value(case_at(case_base, others[0]));
    case_payload_of("access.0.entry", generates);
    case_edit(generates, "CapabilityDecryptServiced", "CapabilityKeyGenerate");
    case_edit(generates, own, signature);
    struct kc_mesh_capability capability;
    char *text = case_seal(generates, CASE_ADMINISTRATOR, NULL);
    assert_int_equal(kc_mesh_capability_read(
                         span_of(text), &case_service.accounts[0], &case_service.self, &capability),
        KC_ERR_REFUSED);
    free(text);
    /* One that may be about either says which. */
    case_edit(generates, signature, own);
    case_edit(generates, "\"SubjectId\"", "\"Other\"");
    text = case_seal(generates, CASE_ADMINISTRATOR, NULL);
    assert_int_equal(kc_mesh_capability_read(
                         span_of(text), &case_service.accounts[0], &case_service.self, &capability),
        KC_ERR_REFUSED);
    free(text);
}

static void a_share_is_the_one_of_its_verification_share(void **state)
{
    (void)state;
    static const char *const others[] = {"service.keys.Encrypt.public",
        "account.keys.Encrypt.public", "device.composite_keys.Encrypt.public"};
    static char payload[CASE_TEXT_MAX];
    case_payload_of("access.0.entry", payload);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        static char entry[CASE_TEXT_MAX];
        char other[300];
        struct kc_mesh_capability capability;
        snprintf(entry, sizeof entry, "%s", payload);
        snprintf(other, sizeof other,
            "\"KeyData\":{\"PublicParameters\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":"
            "\"%s\"}}},\"Was\"",
            json_string_value(case_at(case_base, others[i])));
        case_edit(entry, "\"KeyData\"", other);
        char *text = case_seal(entry, CASE_ADMINISTRATOR, NULL);
        assert_int_equal(kc_mesh_capability_read(span_of(text), &case_service.accounts[0],
                             &case_service.self, &capability),
            KC_ERR_CONTRIBUTION);
        free(text);
    }
}

static void an_entry_is_the_administrator_s_and_for_this_service(void **state)
{
    (void)state;
    const struct kc_key *key = &case_service.decryption;
    assert_int_equal(read_entry("0", "\"Id\"", "\"Id\"", CASE_DEVICE, key), KC_ERR_SIGNATURE);
    assert_int_equal(
        read_entry("0", "\"Id\"", "\"Id\"", CASE_ADMINISTRATOR, &case_service.response),
        KC_ERR_DECRYPTION);
}

static enum kc_error read_profile(
    const char *what, const char *with, const char *signer, const char *service)
{
    struct kc_mesh_account account;
    char *text = changed("account.ProfileUser.1", what, with, signer);
    enum kc_error error = kc_mesh_account_read(span_of(text), service, &account);
    free(text);
    return error;
}

static void an_account_is_bound_by_its_own_key_to_this_service(void **state)
{
    (void)state;
    static const char own[] = "account.keys.Profile.scalar_le", address[] = "\"AccountAddress\"";
    assert_int_equal(read_profile(address, address, own, SERVICE), KC_OK);
    assert_int_equal(read_profile(address, address, CASE_ADMINISTRATOR, SERVICE), KC_ERR_SIGNATURE);
    assert_int_equal(read_profile(address, address, own, "MAAA"), KC_ERR_REFUSED);
    assert_int_equal(read_profile(address, "\"Other\"", own, SERVICE), KC_ERR_BAD_REQUEST);
    assert_int_equal(
        read_profile("\"AdministratorSignature\"", "\"Other\"", own, SERVICE), KC_ERR_BAD_REQUEST);
}

/* 001, 8.3: third parties may sign a profile too; what counts is its own key's signature. */
static void a_profile_that_others_signed_as_well_is_as_good(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    struct kc_mesh_account account;
    struct kc_key profile = case_key("account.keys.Profile.scalar_le");
    struct kc_key other = case_key("service.keys.Sign.scalar_le");
    case_payload_of("account.ProfileUser", payload);
    char *both = case_seal_also(payload, &profile, NULL, &other);
    assert_int_equal(kc_mesh_account_read(span_of(both), NULL, &account), KC_OK);
    char *alone = case_seal_by(payload, &other, NULL);
    assert_int_equal(kc_mesh_account_read(span_of(alone), NULL, &account), KC_ERR_SIGNATURE);
    free(both);
    free(alone);
}

static void has_the_share_and_the_whole_key_that_it_is_of(void **state)
{
    (void)state;
    uint8_t octets[KC_POINT_SIZE_MAX];
    for (size_t i = 0; i < case_service.capability_count; i++) {
        const struct kc_mesh_capability *capability = &case_service.capabilities[i];
        bool signs = capability->class == KC_MESH_SIGN;
        const json_t *whole =
            case_at(case_base, signs ? "account.keys.Sign.public" : "account.keys.Encrypt.public");
        case_decode(json_string_value(whole), octets, sizeof octets);
        assert_memory_equal(capability->group, octets, sizeof octets);
        assert_int_equal(capability->has_coefficient, i == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_entry_only_if_each_of_its_parts_holds),
        cmocka_unit_test(an_entry_is_about_the_key_that_its_subject_names),
        cmocka_unit_test(a_share_is_the_one_of_its_verification_share),
        cmocka_unit_test(an_entry_is_the_administrator_s_and_for_this_service),
        cmocka_unit_test(an_account_is_bound_by_its_own_key_to_this_service),
        cmocka_unit_test(a_profile_that_others_signed_as_well_is_as_good),
        cmocka_unit_test(has_the_share_and_the_whole_key_that_it_is_of),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
