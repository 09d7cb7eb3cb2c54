/* SPDX-License-Identifier: Apache-2.0 */
/* Attestations of a whole custodian on a software TPM, verified offline; every field manipulated. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "proto/attestation.h"
#include "proto/credential.h"
#include "tests/support/cmocka.h"
#include "tests/support/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 30000

static const uint8_t nonce[] = "a verifier's fresh nonce";
static struct kc_custodian custodian;
static struct kc_client *client;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"test\"");
    client = kc_view_client(&custodian);
    return 0;
}

static int set_up_softhsm(void **state)
{
    (void)state;
    kc_custodian_init_softhsm(&custodian, "\"test\"");
    client = kc_view_client(&custodian);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* --- calls --- */

/* Runs a request; an answer's octets are copied. */
static enum kc_error ask(
    struct kc_client_request *request, enum kc_field field, uint8_t *octets, size_t *size)
{
    struct kc_client_answer *answer = NULL;
    enum kc_error error = kc_client_call(client, request, PATIENCE_MS, &answer);
    if (error == KC_OK) {
        struct kc_span span = kc_client_answer_message(answer)->values.value[field].span;
        memcpy(octets, span.bytes, span.size);
        *size = span.size;
    }
    kc_client_answer_free(answer);
    kc_client_request_done(request);
    return error;
}

static void generate(const char *algorithm, const char *residence, char id[KC_RECORD_ID_SIZE])
{
    struct kc_client_request request;
    size_t size = 0;
    char label[32];
    snprintf(label, sizeof label, "%s %s", residence, algorithm);
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, algorithm);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "test");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
    kc_values_set_text(&request.message.values, KC_FIELD_RESIDENCE, residence);
    assert_int_equal(ask(&request, KC_FIELD_KEY, (uint8_t *)id, &size), KC_OK);
    id[size] = '\0';
}

struct bundle {
    uint8_t octets[KC_ATTESTATION_MAX];
    size_t size;
};

static enum kc_error ask_to_attest(const char *id, struct bundle *bundle)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_ATTEST);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, id);
    kc_values_set_span(&request.message.values, KC_FIELD_NONCE, nonce, sizeof nonce);
    return ask(&request, KC_FIELD_BUNDLE, bundle->octets, &bundle->size);
}

static struct bundle attest(const char *algorithm, const char *residence)
{
    char id[KC_RECORD_ID_SIZE];
    struct bundle bundle = {.size = 0};
    generate(algorithm, residence, id);
    assert_int_equal(ask_to_attest(id, &bundle), KC_OK);
    return bundle;
}

static const struct kc_attestation_wanted wanted = {.nonce = {nonce, sizeof nonce}};

static enum kc_error verify(const struct bundle *bundle, const struct kc_attestation_wanted *asked)
{
    struct kc_attestation attestation;
    const char *problem = NULL;
    enum kc_error error =
        kc_attestation_read((struct kc_span){bundle->octets, bundle->size}, &attestation);
    if (error == KC_OK)
        error = kc_attestation_verify(&attestation, asked, &problem);
    if (error == KC_OK)
        assert_null(problem);
    return error;
}

/* --- what holds --- */

static void assert_class(const struct bundle *bundle, enum kc_attestation_class class)
{
    struct kc_attestation attestation;
    struct kc_span span = {bundle->octets, bundle->size};
    assert_int_equal(kc_attestation_read(span, &attestation), KC_OK);
    assert_int_equal(attestation.class, class);
    assert_int_equal(verify(bundle, &wanted), KC_OK);
}

static void each_residence_is_attested_as_its_class(void **state)
{
    (void)state;
    struct bundle resident = attest("P-256", "resident");
    struct bundle sealed = attest("Ed25519", "sealed");
    struct bundle wrapped = attest("X448", "wrapped");
    assert_class(&resident, KC_ATTESTED_RESIDENT);
    assert_class(&sealed, KC_ATTESTED_SEALED);
    assert_class(&wrapped, KC_ATTESTED_WRAPPED);
}

/* What a TPM was told of a sealed key is certified; without that a bundle is one of an older key. */
static void an_attestation_of_a_sealed_key_has_its_creation_or_does_without(void **state)
{
    (void)state;
    struct kc_attestation attestation, other;
    struct bundle sealed = attest("Ed25519", "sealed"), another = attest("X25519", "sealed"), mixed;
    struct kc_span span = {sealed.octets, sealed.size};
    assert_int_equal(kc_attestation_read(span, &attestation), KC_OK);
    assert_int_not_equal(attestation.creation.size, 0);
    span = (struct kc_span){another.octets, another.size};
    assert_int_equal(kc_attestation_read(span, &other), KC_OK);

    struct kc_attestation without = attestation;
    without.creation = (struct kc_span){NULL, 0};
    assert_int_equal(kc_attestation_write(&without, mixed.octets, &mixed.size), KC_OK);
    assert_true(mixed.size < sealed.size);
    assert_class(&mixed, KC_ATTESTED_SEALED);

    without = attestation;
    without.creation = other.creation;
    assert_int_equal(kc_attestation_write(&without, mixed.octets, &mixed.size), KC_OK);
    assert_int_equal(verify(&mixed, &wanted), KC_ERR_ATTESTATION);
    without.created = other.created, without.created_signature = other.created_signature;
    assert_int_equal(kc_attestation_write(&without, mixed.octets, &mixed.size), KC_OK);
    assert_int_equal(verify(&mixed, &wanted), KC_ERR_ATTESTATION);
}

static void resident_keys_of_rsa_and_p384_are_attested_too(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    struct bundle bundle = attest("P-384", "resident");
    assert_class(&bundle, KC_ATTESTED_RESIDENT);
    struct kc_client_request request;
    size_t size = 0;
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, "RSA-2048");
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "test");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, "rsa");
    kc_values_set_text(&request.message.values, KC_FIELD_RESIDENCE, "resident");
    enum kc_error error = ask(&request, KC_FIELD_KEY, (uint8_t *)id, &size);
    if (error == KC_ERR_ROOT_UNAVAILABLE)
        return; /* primes that took longer than the vault waits */
    assert_int_equal(error, KC_OK);
    id[size] = '\0';
    assert_int_equal(ask_to_attest(id, &bundle), KC_OK);
    assert_class(&bundle, KC_ATTESTED_RESIDENT);
}

/* --- what does not --- */

/* Every bit of every field is covered by a signature, by the form, or by what is compared. */
static void assert_no_octet_can_be_changed(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->size; i++) {
        bundle->octets[i] ^= (uint8_t)(1u << (i % 8));
        enum kc_error error = verify(bundle, &wanted);
        if (error != KC_ERR_ATTESTATION)
            fail_msg("octet %zu: %s", i, kc_error_name(error));
        bundle->octets[i] ^= (uint8_t)(1u << (i % 8));
    }
    size_t size = bundle->size;
    for (bundle->size = 0; bundle->size < size; bundle->size++)
        assert_int_equal(verify(bundle, &wanted), KC_ERR_ATTESTATION);
    bundle->size = size;
    assert_int_equal(verify(bundle, &wanted), KC_OK);
}

static void an_attestation_with_any_octet_changed_is_refused(void **state)
{
    (void)state;
    struct bundle resident = attest("P-256", "resident");
    assert_no_octet_can_be_changed(&resident);
    struct bundle sealed = attest("Ed25519", "sealed");
    assert_no_octet_can_be_changed(&sealed);
    struct bundle wrapped = attest("X25519", "wrapped");
    assert_no_octet_can_be_changed(&wrapped);
}

/* Fields that are right, each in another bundle: they do not make one together. */
static void attested_fields_of_two_bundles_do_not_mix(void **state)
{
    (void)state;
    struct bundle one = attest("P-256", "resident"), other = attest("Ed25519", "sealed"), mixed;
    struct kc_attestation a, b;
    assert_int_equal(kc_attestation_read((struct kc_span){one.octets, one.size}, &a), KC_OK);
    assert_int_equal(kc_attestation_read((struct kc_span){other.octets, other.size}, &b), KC_OK);
    struct kc_attestation tries[6] = {a, a, a, a, a, b};
    tries[0].quoted = b.quoted, tries[0].quoted_signature = b.quoted_signature;
    tries[1].certified = b.certified, tries[1].certified_signature = b.certified_signature;
    tries[2].object_area = b.object_area;
    tries[3].id = b.id;
    tries[4].public_key = b.public_key;
    tries[5].class = KC_ATTESTED_RESIDENT; /* a seal passed off as a key */
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(kc_attestation_write(&tries[i], mixed.octets, &mixed.size), KC_OK);
        assert_int_equal(verify(&mixed, &wanted), KC_ERR_ATTESTATION);
    }
    /* what is signed as a quote is no certificate, and the other way round */
    struct kc_attestation swapped = a;
    swapped.quoted = a.certified, swapped.quoted_signature = a.certified_signature;
    assert_int_equal(kc_attestation_write(&swapped, mixed.octets, &mixed.size), KC_OK);
    assert_int_equal(verify(&mixed, &wanted), KC_ERR_ATTESTATION);
}

static void an_attestation_holds_for_its_verifiers_nonce_and_pcrs_alone(void **state)
{
    (void)state;
    static const uint8_t another[] = "another verifier's nonce";
    static const uint8_t zeros[34] = {0};
    struct bundle bundle = attest("P-256", "resident");
    struct kc_attestation_wanted asked = {.nonce = {another, sizeof another}};
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
    asked = wanted;
    asked.pcr_mask = 1; /* quoted by default: PCRs 0 to 7 */
    assert_int_equal(verify(&bundle, &asked), KC_OK);
    asked.pcr_mask = 1u << 23;
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
    asked = wanted;
    asked.pcr_digest = (struct kc_span){zeros, 32};
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
    asked = wanted;
    asked.ak_name = (struct kc_span){zeros, sizeof zeros};
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
}

static void another_tpm_attests_with_another_key(void **state)
{
    (void)state;
    uint8_t name[KC_ATTESTATION_NAME_SIZE] = {0};
    struct kc_attestation attestation;
    struct bundle bundle = attest("P-256", "resident");
    struct kc_attestation_wanted asked = wanted;
    assert_int_equal(
        kc_attestation_read((struct kc_span){bundle.octets, bundle.size}, &attestation), KC_OK);
    assert_int_equal(kc_attestation_name(attestation.ak_area, name), KC_OK);
    asked.ak_name = (struct kc_span){name, sizeof name};
    assert_int_equal(verify(&bundle, &asked), KC_OK);
    tear_down(NULL);
    set_up(NULL); /* a TPM that is another */
    bundle = attest("P-256", "resident");
    assert_int_equal(verify(&bundle, &wanted), KC_OK);
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
}

/* --- enrolment --- */

struct identity {
    uint8_t octets[1024];
    size_t size;
    struct kc_span ek, ak;
};

static struct identity *ask_for_identity(struct identity *identity)
{
    struct kc_client_request request;
    struct kc_reader r;
    kc_client_request_init(&request, KC_OPERATION_ATTEST_ENROL);
    assert_int_equal(ask(&request, KC_FIELD_IDENTITY, identity->octets, &identity->size), KC_OK);
    kc_reader_init(&r, identity->octets, identity->size);
    identity->ek = kc_reader_span(&r, sizeof identity->octets);
    identity->ak = kc_reader_span(&r, sizeof identity->octets);
    assert_int_equal(kc_reader_finish(&r), KC_OK);
    return identity;
}

static enum kc_error activate(const uint8_t *credential, size_t size, uint8_t answer[static 32])
{
    struct kc_client_request request;
    size_t answer_size = 0;
    kc_client_request_init(&request, KC_OPERATION_ATTEST_ACTIVATE);
    kc_values_set_span(&request.message.values, KC_FIELD_CREDENTIAL, credential, size);
    return ask(&request, KC_FIELD_ACTIVATION, answer, &answer_size);
}

static void an_attestation_key_is_enrolled_by_a_credential_that_its_tpm_alone_opens(void **state)
{
    (void)state;
    static const uint8_t secret[KC_CREDENTIAL_SECRET_SIZE] = "what the verifier wants back";
    uint8_t name[KC_ATTESTATION_NAME_SIZE] = {0}, credential[KC_CREDENTIAL_MAX], answer[32] = {0};
    size_t size = 0;
    struct identity identity = {.size = 0};
    ask_for_identity(&identity);
    assert_int_equal(kc_attestation_name(identity.ak, name), KC_OK);
    struct kc_span ak_name = {name, sizeof name};
    assert_int_equal(kc_credential_make(identity.ek, ak_name, secret, credential, &size), KC_OK);
    assert_int_equal(activate(credential, size, answer), KC_OK);
    assert_memory_equal(answer, secret, sizeof answer);
    struct bundle bundle = attest("P-256", "resident");
    struct kc_attestation_wanted asked = wanted;
    asked.ak_name = ak_name;
    assert_int_equal(verify(&bundle, &asked), KC_OK);

    for (size_t i = 0; i < size; i += 5) { /* altered, it opens nowhere */
        credential[i] ^= 1;
        assert_int_not_equal(activate(credential, size, answer), KC_OK);
        credential[i] ^= 1;
    }
    name[5] ^= 1; /* for another AK: not here */
    assert_int_equal(kc_credential_make(identity.ek, ak_name, secret, credential, &size), KC_OK);
    assert_int_equal(activate(credential, size, answer), KC_ERR_DECRYPTION);
    assert_int_equal(kc_credential_make(identity.ak, ak_name, secret, credential, &size),
        KC_ERR_ATTESTATION); /* no endorsement key */
}

/* --- a token --- */

static void what_softhsm_says_of_a_key_is_attested_by_the_custodian_alone(void **state)
{
    (void)state;
    struct bundle resident = attest("P-256", "resident"), sealed = attest("Ed25519", "sealed");
    struct bundle agrees = attest("X25519", "resident"), wrapped = attest("X448", "wrapped");
    assert_class(&resident, KC_ATTESTED_TOKEN_RESIDENT);
    assert_class(&agrees, KC_ATTESTED_TOKEN_RESIDENT);
    assert_class(&sealed, KC_ATTESTED_TOKEN_SEALED);
    assert_class(&wrapped, KC_ATTESTED_TOKEN_WRAPPED);
    assert_no_octet_can_be_changed(&resident);
    assert_no_octet_can_be_changed(&sealed);
    assert_no_octet_can_be_changed(&wrapped);
}

/* A bundle of a token has nothing to show of what is asked of a TPM. */
static void an_attestation_of_a_token_is_none_of_a_tpm(void **state)
{
    (void)state;
    static const uint8_t zeros[34] = {0};
    struct bundle bundle = attest("P-256", "resident");
    struct kc_attestation_wanted asked = wanted;
    asked.pcr_mask = 1;
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
    asked = wanted;
    asked.pcr_digest = (struct kc_span){zeros, 32};
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
    asked = wanted;
    asked.ak_name = (struct kc_span){zeros, sizeof zeros};
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
    asked = wanted;
    asked.nonce.size--;
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
}

static void the_custodian_of_a_token_is_known_by_its_identity_also_after_a_restart(void **state)
{
    (void)state;
    static const uint8_t zeros[32] = {0};
    struct identity identity = {.size = 0};
    ask_for_identity(&identity);
    assert_int_equal(identity.ek.size, 0);
    struct kc_attestation_wanted asked = wanted;
    asked.custodian_key = identity.ak;
    struct bundle bundle = attest("P-256", "resident");
    assert_int_equal(verify(&bundle, &asked), KC_OK);
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    kc_custodian_start(&custodian);
    client = kc_view_client(&custodian);
    bundle = attest("P-384", "resident");
    assert_int_equal(verify(&bundle, &asked), KC_OK);
    asked.custodian_key = (struct kc_span){zeros, sizeof zeros};
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);

    uint8_t answer[32], credential[100] = {0};
    assert_int_equal(activate(credential, sizeof credential, answer), KC_ERR_ROOT_UNFIT);
}

#define NONCE "--nonce 000102030405060708090a0b0c0d0e0f"

/* As a person does it, who is told what is not proved. */
static void the_command_says_that_nothing_of_softhsm_is_proved(void **state)
{
    (void)state;
    kc_shell_init();
    kc_shell_define_custodian("H", custodian.socket);
    HOLDS("H key generate -a P-256 -l signs --residence resident -u sign"
          " && H key generate -a X448 -l sealed --residence sealed -u agree"
          " && H attest enrol --output identity"
          " && H attest signs " NONCE " --output resident"
          " && H attest sealed " NONCE " --output sealed");
    SAYS(0, "not bound to a custodian", "H attest verify resident " NONCE);
    SAYS(0, "whose identity is given", "H attest verify resident " NONCE " --enrolment identity");
    SAYS(0, "Nothing by hardware", "H attest verify resident " NONCE);
    SAYS(0, "it is hardware", "H attest verify resident " NONCE);
    HOLDS("H attest verify resident " NONCE " --json | grep -q '\"token-resident\"'");
    HOLDS("H attest verify sealed " NONCE " --json | grep -q '\"token-sealed\"'");
    SAYS(2, "a token has no PCRs", "H attest verify resident " NONCE " --pcr-mask 1");
    SAYS(2, "nothing to challenge",
        "H attest challenge identity --output challenge --enrolment pending");
    HOLDS("head -c 39 identity > other"
          " && tail -c 1 identity | LC_ALL=C tr '\\000-\\377' '\\001-\\377\\000' >> other");
    SAYS(2, "not the one whose identity is given",
        "H attest verify resident " NONCE " --enrolment other");
    kc_shell_done();
}

/* The identity of a token's custodian is not what a TPM's bundle is to be of. */
static void an_attestation_of_a_tpm_is_none_of_a_tokens_custodian(void **state)
{
    (void)state;
    static const uint8_t zeros[32] = {0};
    struct kc_attestation_wanted asked = wanted;
    asked.custodian_key = (struct kc_span){zeros, sizeof zeros};
    struct bundle bundle = attest("P-256", "resident");
    assert_int_equal(verify(&bundle, &asked), KC_ERR_ATTESTATION);
}

#define ON_TPM(case) cmocka_unit_test_setup_teardown(case, set_up, tear_down)
#define ON_SOFTHSM(case) cmocka_unit_test_setup_teardown(case, set_up_softhsm, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TPM(each_residence_is_attested_as_its_class),
        ON_TPM(an_attestation_of_a_sealed_key_has_its_creation_or_does_without),
        ON_TPM(resident_keys_of_rsa_and_p384_are_attested_too),
        ON_TPM(an_attestation_with_any_octet_changed_is_refused),
        ON_TPM(attested_fields_of_two_bundles_do_not_mix),
        ON_TPM(an_attestation_holds_for_its_verifiers_nonce_and_pcrs_alone),
        ON_TPM(another_tpm_attests_with_another_key),
        ON_TPM(an_attestation_key_is_enrolled_by_a_credential_that_its_tpm_alone_opens),
        ON_TPM(an_attestation_of_a_tpm_is_none_of_a_tokens_custodian),
        ON_SOFTHSM(what_softhsm_says_of_a_key_is_attested_by_the_custodian_alone),
        ON_SOFTHSM(an_attestation_of_a_token_is_none_of_a_tpm),
        ON_SOFTHSM(the_command_says_that_nothing_of_softhsm_is_proved),
        ON_SOFTHSM(the_custodian_of_a_token_is_known_by_its_identity_also_after_a_restart),
    };
    return cmocka_run_group_tests_name("attest", tests, NULL, NULL);
}
