/* SPDX-License-Identifier: Apache-2.0 */
/* Attesting keys, and enrolling the host's attestation key with a verifier. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/root.h"
#include "proto/attestation.h"
#include "threshold/signature.h"

#include <string.h>

_Static_assert((int)KC_ATTESTATION_LOCAL == (int)KC_ROOT_SAYS_LOCAL &&
                   (int)KC_ATTESTATION_SENSITIVE == (int)KC_ROOT_SAYS_SENSITIVE &&
                   (int)KC_ATTESTATION_ALWAYS_SENSITIVE == (int)KC_ROOT_SAYS_ALWAYS_SENSITIVE &&
                   (int)KC_ATTESTATION_EXTRACTABLE == (int)KC_ROOT_SAYS_EXTRACTABLE &&
                   (int)KC_ATTESTATION_NEVER_EXTRACTABLE == (int)KC_ROOT_SAYS_NEVER_EXTRACTABLE,
    "a bundle has the root's claims as they are");

static const uint8_t no_octets[KC_ROOT_AUTH_SIZE] = {0};

/* --- attest --- */

static enum kc_attestation_class class_of(const struct kc_record *key)
{
    if (key->residence == KC_RESIDENCE_RESIDENT)
        return KC_ATTESTED_RESIDENT;
    return key->residence == KC_RESIDENCE_SEALED ? KC_ATTESTED_SEALED : KC_ATTESTED_WRAPPED;
}

static enum kc_root_attest_step step_of(enum kc_attestation_class class)
{
    if (class == KC_ATTESTED_RESIDENT)
        return KC_ROOT_ATTEST_RESIDENT;
    return class == KC_ATTESTED_SEALED ? KC_ROOT_ATTEST_SEALED : KC_ROOT_ATTEST_HOST;
}

/* What software says. Lends from the request and the record. */
static void assert_key(
    struct kc_call *call, const struct kc_record *key, struct kc_attestation *attestation)
{
    const char *algorithm = kc_algorithm_info(key->algorithm)->name;
    *attestation = (struct kc_attestation){
        .class = class_of(key),
        .nonce = kc_call_field(call, KC_FIELD_NONCE),
        .id = {(const uint8_t *)key->id, strlen(key->id)},
        .algorithm = {(const uint8_t *)algorithm, strlen(algorithm)},
        .public_key = {key->public_key, key->public_size},
    };
}

static uint32_t read_number(struct kc_reader *r)
{
    if (kc_reader_u32(r) != sizeof(uint32_t))
        kc_reader_fail(r);
    return kc_reader_u32(r);
}

static void take_from_tpm(struct kc_reader *r, struct kc_attestation *attestation)
{
    size_t most = KC_ROOT_EVIDENCE_MAX;
    attestation->pcr_mask = read_number(r);
    attestation->pcr_values = kc_reader_span(r, most);
    attestation->quoted = kc_reader_span(r, most);
    attestation->quoted_signature = kc_reader_span(r, most);
    if (attestation->class != KC_ATTESTED_WRAPPED) {
        attestation->object_area = kc_reader_span(r, most);
        attestation->certified = kc_reader_span(r, most);
        attestation->certified_signature = kc_reader_span(r, most);
    }
    if (attestation->class == KC_ATTESTED_SEALED) {
        attestation->creation = kc_reader_span(r, most);
        attestation->created = kc_reader_span(r, most);
        attestation->created_signature = kc_reader_span(r, most);
    }
}

static void take_from_token(struct kc_reader *r, struct kc_attestation *attestation)
{
    static const enum kc_attestation_class of_token[] = {
        [KC_ATTESTED_RESIDENT] = KC_ATTESTED_TOKEN_RESIDENT,
        [KC_ATTESTED_SEALED] = KC_ATTESTED_TOKEN_SEALED,
        [KC_ATTESTED_WRAPPED] = KC_ATTESTED_TOKEN_WRAPPED,
    };
    attestation->class = of_token[attestation->class];
    attestation->token = kc_reader_span(r, KC_ATTESTATION_TOKEN_MAX);
    attestation->says = read_number(r);
    attestation->root_name = kc_reader_span(r, KC_ATTESTATION_NAME_SIZE);
}

/* What the hardware says, into the same; where a TPM has its key, a token has nothing. Lends from the
 * evidence. */
static enum kc_error take_evidence(struct kc_span evidence, struct kc_attestation *attestation)
{
    struct kc_reader r;
    kc_reader_init(&r, evidence.bytes, evidence.size);
    attestation->ak_area = kc_reader_span(&r, KC_ROOT_EVIDENCE_MAX);
    if (attestation->ak_area.size > 0)
        take_from_tpm(&r, attestation);
    else
        take_from_token(&r, attestation);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_ROOT_ANSWER;
}

/* --- what signs for a token --- */

static enum kc_error make_own_key(struct kc_call *call, struct kc_key *key)
{
    return kc_key_from_seed(key, KC_CURVE_ED25519, kc_keeper_attestation_seed(call->vault->keeper),
        KC_ATTESTATION_KEY_SIZE);
}

/* public, signature: room that the attestation lends */
static enum kc_error sign_for_token(struct kc_call *call, struct kc_attestation *attestation,
    uint8_t public[static KC_POINT_SIZE_MAX], uint8_t signature[static KC_SIGNATURE_SIZE_MAX])
{
    uint8_t message[KC_ATTESTATION_MESSAGE_MAX];
    size_t size = 0;
    struct kc_key key = {0}; /* secret */
    enum kc_error error = make_own_key(call, &key);
    if (error == KC_OK) {
        kc_point_encode(&key.KC_PUBLIC, public);
        attestation->custodian_key = (struct kc_span){public, KC_ATTESTATION_KEY_SIZE};
        error = kc_attestation_message(attestation, message, &size);
    }
    if (error == KC_OK)
        error = kc_signature_sign(
            signature, &key, &(struct kc_signed_message){.message = {message, size}}, NULL);
    attestation->custodian_signature = (struct kc_span){signature, KC_ATTESTATION_SIGNATURE_SIZE};
    kc_key_wipe(&key);
    return error;
}

/* auth: of a resident key, else empty */
static enum kc_error open_auth(
    struct kc_call *call, const struct kc_record *key, struct kc_secret *auth)
{
    if (key->residence != KC_RESIDENCE_RESIDENT)
        return KC_OK;
    KC_AUTO_SECRET opened = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, key, &opened);
    if (error == KC_OK && opened.size != KC_ROOT_AUTH_SIZE)
        error = KC_ERR_RECORD_DAMAGED;
    if (error == KC_OK)
        *auth = kc_secret_take(&opened);
    return error;
}

static enum kc_error ask_for_evidence(struct kc_call *call, const struct kc_record *key,
    struct kc_attestation *attestation, struct kc_root_evidence *evidence)
{
    KC_AUTO_SECRET auth = {0};
    uint8_t binding[KC_ATTESTATION_BINDING_SIZE];
    enum kc_error error = kc_attestation_binding(attestation, binding);
    if (error == KC_OK)
        error = open_auth(call, key, &auth);
    if (error != KC_OK)
        return error;
    const struct kc_root_attest request = {
        .step = step_of(attestation->class),
        .qualifying = binding,
        .key = {auth.bytes ? auth.bytes : no_octets, {key->seal, key->seal_size}},
    };
    struct kc_vault_root root;
    error = kc_keeper_root_of(call->vault->keeper, key, &root);
    if (error == KC_OK)
        error = kc_vault_root_attest(root, &request, evidence);
    if (error == KC_OK)
        error = take_evidence((struct kc_span){evidence->octets, evidence->size}, attestation);
    return error;
}

enum kc_error kc_vault_attest(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_attestation attestation;
    struct kc_root_evidence evidence = {.size = 0};
    uint8_t bundle[KC_ATTESTATION_MAX];
    uint8_t public[KC_POINT_SIZE_MAX], signature[KC_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    enum kc_error error = kc_call_key(call, &key);
    if (error != KC_OK)
        return error;
    assert_key(call, key, &attestation);
    error = ask_for_evidence(call, key, &attestation, &evidence);
    if (error == KC_OK && kc_attestation_is_of_token(attestation.class))
        error = sign_for_token(call, &attestation, public, signature);
    if (error == KC_OK)
        error = kc_attestation_write(&attestation, bundle, &size);
    if (error == KC_OK)
        kc_call_set_octets(call, KC_FIELD_BUNDLE, bundle, size);
    return error;
}

/* --- enrolment --- */

static enum kc_error ask_root(struct kc_call *call, enum kc_root_attest_step step,
    struct kc_span credential, struct kc_root_evidence *evidence)
{
    const struct kc_root_attest request = {
        .step = step,
        .qualifying = no_octets,
        .key = {no_octets, {no_octets, 0}},
        .credential = credential,
    };
    struct kc_vault_root root = kc_keeper_home(call->vault->keeper);
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK && kc_call_has(call, KC_FIELD_KEY_ROOT))
        error = kc_call_named_root(call, &root);
    return error == KC_OK ? kc_vault_root_attest(root, &request, evidence) : error;
}

/* A token has no key to be known by; the custodian's own stands in the place of the AK. */
static enum kc_error stand_in(struct kc_call *call, struct kc_root_evidence *evidence)
{
    static const uint8_t nothing[2 * sizeof(uint32_t)] = {0}; /* two empty spans */
    uint8_t public[KC_POINT_SIZE_MAX];
    struct kc_key key = {0}; /* secret */
    struct kc_writer w;
    if (evidence->size != sizeof nothing || memcmp(evidence->octets, nothing, sizeof nothing) != 0)
        return KC_OK;
    enum kc_error error = make_own_key(call, &key);
    if (error == KC_OK)
        kc_point_encode(&key.KC_PUBLIC, public);
    kc_key_wipe(&key);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, evidence->octets, sizeof evidence->octets);
    kc_writer_span(&w, NULL, 0);
    kc_writer_span(&w, public, KC_ATTESTATION_KEY_SIZE);
    evidence->size = w.size;
    return kc_writer_finish(&w);
}

enum kc_error kc_vault_attest_enrol(struct kc_call *call)
{
    struct kc_root_evidence evidence = {.size = 0};
    enum kc_error error =
        ask_root(call, KC_ROOT_ATTEST_IDENTITY, (struct kc_span){NULL, 0}, &evidence);
    if (error == KC_OK)
        error = stand_in(call, &evidence);
    if (error == KC_OK)
        kc_call_set_octets(call, KC_FIELD_IDENTITY, evidence.octets, evidence.size);
    return error;
}

enum kc_error kc_vault_attest_activate(struct kc_call *call)
{
    struct kc_root_evidence evidence = {.size = 0};
    enum kc_error error = ask_root(
        call, KC_ROOT_ATTEST_ACTIVATE, kc_call_field(call, KC_FIELD_CREDENTIAL), &evidence);
    if (error != KC_OK)
        return error;
    struct kc_reader r;
    kc_reader_init(&r, evidence.octets, evidence.size);
    struct kc_span secret = kc_reader_span(&r, KC_ROOT_SECRET_SIZE);
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_ROOT_ANSWER;
    kc_call_set_octets(call, KC_FIELD_ACTIVATION, secret.bytes, secret.size);
    return KC_OK;
}
