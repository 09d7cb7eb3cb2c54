/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/sample.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define SIZE_LIMIT 100000

static const struct kc_span none = {NULL, 0};
static uint8_t room[SIZE_LIMIT];
static struct kc_object_writer w;

/* A ProfileUser that says `said` is its key, signed by `signer`. */
static struct kc_span profile(const struct kc_public_key *said, const struct sample_key *signer)
{
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ProfileUser);
    sample_write_key(&w, "ProfileSignature", said);
    kc_object_write_end(&w);
    return sample_envelope(&w, signer, none);
}

static enum kc_error open_profile(struct kc_span text, const char *udf)
{
    struct kc_signed_object object;
    enum kc_error error = kc_signed_object_open_profile(
        text, SIZE_LIMIT, KC_OBJECT_ProfileAccount, udf, kc_mesh_verify, &object, NULL);
    if (error != KC_OK)
        assert_null(object.envelope);
    kc_signed_object_done(&object);
    return error;
}

static void opens_a_profile_that_its_own_key_signed(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED448, KC_CURVE_ED25519};
    for (size_t i = 0; i < 2; i++) {
        struct sample_key key = sample_key(curves[i], 1);
        struct kc_span text = profile(&key.public, &key);
        GOOD(open_profile(text, NULL));
        GOOD(open_profile(text, key.public.udf));
        sample_release(text);
    }
}

static void refuses_a_profile_that_another_key_signed_or_nobody(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), other = sample_key(KC_CURVE_ED448, 2);
    struct kc_span text = profile(&key.public, &other);
    assert_int_equal(open_profile(text, NULL), KC_ERR_SIGNATURE);
    sample_release(text);
    text = profile(&key.public, NULL);
    assert_int_equal(open_profile(text, NULL), KC_ERR_SIGNATURE);
    sample_release(text);
}

static void refuses_a_profile_with_another_fingerprint_or_less_of_it(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), other = sample_key(KC_CURVE_ED448, 2);
    struct kc_span text = profile(&key.public, &key);
    char prefix[KC_UDF_ID_SIZE];
    assert_int_equal(open_profile(text, other.public.udf), KC_ERR_SIGNATURE);
    snprintf(prefix, sizeof prefix, "%s", key.public.udf);
    prefix[24] = '\0';
    assert_int_equal(open_profile(text, prefix), KC_ERR_SIGNATURE);
    snprintf(prefix, sizeof prefix, "%s", key.public.udf);
    prefix[0] = 'm';
    assert_int_equal(open_profile(text, prefix), KC_ERR_SIGNATURE);
    sample_release(text);
}

static void refuses_a_udf_that_is_not_the_keys_beside_it(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), other = sample_key(KC_CURVE_ED448, 2);
    struct kc_public_key said = key.public;
    memcpy(said.udf, other.public.udf, sizeof said.udf);
    struct kc_span text = profile(&said, &key);
    assert_int_equal(open_profile(text, NULL), KC_ERR_SIGNATURE);
    sample_release(text);
}

static void refuses_a_profile_of_another_kind_and_one_that_is_too_large(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1);
    struct kc_signed_object object;
    struct kc_span text = profile(&key.public, &key);
    assert_int_equal(kc_signed_object_open_profile(text, SIZE_LIMIT, KC_OBJECT_ProfileDevice, NULL,
                         kc_mesh_verify, &object, NULL),
        KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_signed_object_open_profile(text, text.size - 1, KC_OBJECT_ProfileUser, NULL,
                         kc_mesh_verify, &object, NULL),
        KC_ERR_TOO_LARGE);
    sample_release(text);
    text = (struct kc_span){(const uint8_t *)"[{}]", 4};
    assert_int_equal(open_profile(text, NULL), KC_ERR_ENVELOPE);
}

/* "Plain Ed25519 is refused: accepting it would turn any signing oracle into a forger." */
static void refuses_a_plain_ed25519_signature(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED25519, 1);
    uint8_t digest[64] = {7}, signature[KC_SIGNATURE_SIZE_MAX];
    struct kc_signed_message plain = {.message = {digest, sizeof digest}};
    GOOD(kc_signature_sign(signature, &key.pair, &plain, NULL));
    assert_int_equal(
        kc_mesh_verify(&key.public, digest, (struct kc_span){signature, 64}), KC_ERR_SIGNATURE);
    struct kc_signed_message message = kc_mesh_signed_message(KC_CURVE_ED25519, digest);
    GOOD(kc_signature_sign(signature, &key.pair, &message, NULL));
    GOOD(kc_mesh_verify(&key.public, digest, (struct kc_span){signature, 64}));
    struct sample_key agree = sample_key(KC_CURVE_X448, 1);
    assert_int_equal(kc_mesh_verify(&agree.public, digest, (struct kc_span){signature, 64}),
        KC_ERR_BAD_ALGORITHM);
}

/* "Header, ContentMetaData and EnvelopeId are not covered": so nothing is taken from there. */
static void takes_nothing_from_what_the_signature_does_not_cover(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1);
    struct kc_span text = profile(&key.public, &key);
    static struct kc_dare_envelope envelope;
    struct kc_signed_object object;
    uint8_t meta[] = "{\"MessageType\":\"ProfileDevice\",\"Event\":\"Delete\"}";
    char *forged;
    size_t size;
    GOOD(kc_dare_envelope_read(text, &envelope));
    snprintf(envelope.id, sizeof envelope.id, "%s", "MB7O-KTNM-F5H6-2R7C-3WW7-7LC3-CSLE");
    snprintf(envelope.signatures[0].kid, sizeof envelope.signatures[0].kid, "%s", envelope.id);
    envelope.content_meta = meta;
    envelope.content_meta_size = sizeof meta - 1;
    envelope.sequence_info = (struct kc_span){(const uint8_t *)"{\"Index\":7}", 11};
    GOOD(kc_dare_envelope_write(&envelope, &forged, &size));
    envelope.content_meta = NULL;
    kc_dare_envelope_done(&envelope);
    GOOD(kc_signed_object_open_profile((struct kc_span){(uint8_t *)forged, size}, SIZE_LIMIT,
        KC_OBJECT_ProfileAccount, key.public.udf, kc_mesh_verify, &object, NULL));
    assert_int_equal(object.object.type, KC_OBJECT_ProfileUser);
    kc_signed_object_done(&object);
    free(forged);
    sample_release(text);
}

/* --- requests --- */

struct parties {
    struct sample_key administrator, device, stranger;
    struct kc_accreditation accreditation;
};

static struct parties parties(void)
{
    struct parties p = {.administrator = sample_key(KC_CURVE_ED448, 1),
        .device = sample_key(KC_CURVE_ED448, 2),
        .stranger = sample_key(KC_CURVE_ED448, 3)};
    return p;
}

static struct kc_span connection(
    const struct sample_key *device, const char *authority, const struct sample_key *signer)
{
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ConnectionDevice);
    if (authority != NULL)
        kc_object_write_text(&w, "Authority", authority);
    if (device != NULL)
        sample_write_key(&w, "Signature", &device->public);
    kc_object_write_end(&w);
    return sample_envelope(&w, signer, none);
}

static struct kc_span request(const struct sample_key *signer, struct kc_span manifest)
{
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_OperateRequest);
    kc_object_write_text(&w, "Service", "example.com");
    kc_object_write_end(&w);
    return sample_envelope(&w, signer, manifest);
}

#define ACCOUNT "MDR5-ZVTQ-THZX-RXVQ-A6ZO-U4IG-ZQEF"

/* Opens a request; `stored` is what the service has of the device itself. */
static enum kc_error open_request(
    const struct parties *p, struct kc_span text, struct kc_span stored)
{
    struct kc_accredited_request opened;
    struct kc_accreditation accreditation = {
        .account_udf = ACCOUNT, .administrator = &p->administrator.public, .connection = stored};
    enum kc_error error = kc_accredited_request_open(
        text, SIZE_LIMIT, KC_OBJECT_OperateRequest, &accreditation, kc_mesh_verify, &opened);
    if (error == KC_OK) {
        assert_string_equal(opened.device.udf, p->device.public.udf);
        assert_true(
            kc_json_is_text(kc_object_member(&opened.request.object, "Service"), "example.com"));
    } else {
        assert_null(opened.request.envelope);
        assert_null(opened.connection.envelope);
    }
    kc_accredited_request_done(&opened);
    return error;
}

/* What a request gives with a manifest made so. */
static enum kc_error request_with(const struct parties *p, const struct sample_key *connected,
    const char *authority, const struct sample_key *administrator, const struct sample_key *signer)
{
    struct kc_span manifest = connection(connected, authority, administrator);
    struct kc_span text = request(signer, manifest);
    enum kc_error error = open_request(p, text, none);
    sample_release(text);
    sample_release(manifest);
    return error;
}

static void opens_a_request_along_its_chain(void **state)
{
    (void)state;
    struct parties p = parties();
    GOOD(request_with(&p, &p.device, ACCOUNT, &p.administrator, &p.device));
    GOOD(request_with(&p, &p.device, NULL, &p.administrator, &p.device));
}

static void takes_the_connection_from_the_service_if_none_is_enclosed(void **state)
{
    (void)state;
    struct parties p = parties();
    struct kc_span stored = connection(&p.device, ACCOUNT, &p.administrator);
    struct kc_span text = request(&p.device, none);
    GOOD(open_request(&p, text, stored));
    assert_int_equal(open_request(&p, text, none), KC_ERR_SIGNATURE);
    sample_release(text);
    sample_release(stored);
}

static void refuses_a_request_with_any_link_of_the_chain_broken(void **state)
{
    (void)state;
    struct parties p = parties();
    const char *other = "MB7O-KTNM-F5H6-2R7C-3WW7-7LC3-CSLE";
    assert_int_equal(
        request_with(&p, &p.device, ACCOUNT, &p.stranger, &p.device), KC_ERR_SIGNATURE);
    assert_int_equal(
        request_with(&p, &p.device, ACCOUNT, &p.administrator, &p.stranger), KC_ERR_SIGNATURE);
    assert_int_equal(
        request_with(&p, &p.stranger, ACCOUNT, &p.administrator, &p.device), KC_ERR_SIGNATURE);
    assert_int_equal(
        request_with(&p, &p.device, other, &p.administrator, &p.device), KC_ERR_SIGNATURE);
    assert_int_equal(
        request_with(&p, NULL, ACCOUNT, &p.administrator, &p.device), KC_ERR_SIGNATURE);
    assert_int_equal(request_with(&p, &p.device, ACCOUNT, NULL, &p.device), KC_ERR_SIGNATURE);
    assert_int_equal(
        request_with(&p, &p.device, ACCOUNT, &p.administrator, NULL), KC_ERR_SIGNATURE);
}

/* A manifest of another kind, though the administrator signed it. */
static void refuses_an_accreditation_that_is_no_connection(void **state)
{
    (void)state;
    struct parties p = parties();
    struct kc_span manifest = profile(&p.device.public, &p.administrator);
    struct kc_span text = request(&p.device, manifest);
    assert_int_equal(open_request(&p, text, none), KC_ERR_SIGNATURE);
    sample_release(text);
    sample_release(manifest);
}

/* 001, 10.2.18: what connects a member to a group has no key that a request could be signed with; also
 * if somebody puts one there. */
static void a_connection_to_a_group_accredits_no_device(void **state)
{
    (void)state;
    static const enum kc_object_type others[] = {
        KC_OBJECT_ConnectionGroup, KC_OBJECT_ConnectionApplication, KC_OBJECT_ConnectionHost};
    struct parties p = parties();
    struct kc_span manifest = connection(&p.device, ACCOUNT, &p.administrator);
    struct kc_span text = request(&p.device, manifest);
    assert_int_equal(open_request(&p, text, none), KC_OK);
    sample_release(text);
    sample_release(manifest);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        kc_object_writer_init(&w, room, sizeof room);
        kc_object_write_tagged(&w, NULL, others[i]);
        kc_object_write_text(&w, "Authority", ACCOUNT);
        if (others[i] == KC_OBJECT_ConnectionHost)
            sample_write_key(&w, "Signature", &p.device.public);
        sample_write_key(&w, "Authentication", &p.device.public);
        kc_object_write_end(&w);
        manifest = sample_envelope(&w, &p.administrator, none);
        text = request(&p.device, manifest);
        assert_int_equal(open_request(&p, text, none), KC_ERR_SIGNATURE);
        sample_release(text);
        sample_release(manifest);
    }
}

static void reads_nothing_of_a_request_before_its_chain_holds(void **state)
{
    (void)state;
    struct parties p = parties();
    struct kc_span manifest = connection(&p.device, ACCOUNT, &p.administrator);
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_BindRequest);
    kc_object_write_end(&w);
    struct kc_span text = sample_envelope(&w, &p.device, manifest);
    assert_int_equal(open_request(&p, text, none), KC_ERR_BAD_REQUEST);
    sample_release(text);
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_BindRequest);
    kc_object_write_end(&w);
    text = sample_envelope(&w, &p.stranger, manifest);
    assert_int_equal(open_request(&p, text, none), KC_ERR_SIGNATURE);
    sample_release(text);
    sample_release(manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_a_profile_that_its_own_key_signed),
        cmocka_unit_test(refuses_a_profile_that_another_key_signed_or_nobody),
        cmocka_unit_test(refuses_a_profile_with_another_fingerprint_or_less_of_it),
        cmocka_unit_test(refuses_a_udf_that_is_not_the_keys_beside_it),
        cmocka_unit_test(refuses_a_profile_of_another_kind_and_one_that_is_too_large),
        cmocka_unit_test(refuses_a_plain_ed25519_signature),
        cmocka_unit_test(takes_nothing_from_what_the_signature_does_not_cover),
        cmocka_unit_test(opens_a_request_along_its_chain),
        cmocka_unit_test(takes_the_connection_from_the_service_if_none_is_enclosed),
        cmocka_unit_test(refuses_a_request_with_any_link_of_the_chain_broken),
        cmocka_unit_test(refuses_an_accreditation_that_is_no_connection),
        cmocka_unit_test(a_connection_to_a_group_accredits_no_device),
        cmocka_unit_test(reads_nothing_of_a_request_before_its_chain_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
