/* SPDX-License-Identifier: Apache-2.0 */
/* An X25519 key has its sign where something is added to it, and 32 octets where it is only
 * encrypted to. */
#include "tests/support/cmocka.h"

#include "custodian/mesh/group.h"
#include "custodian/mesh/peer.h"
#include "tests/mesh/sample.h"

#define GOOD(call) assert_int_equal(call, KC_OK)
#define NONE ((struct kc_span){NULL, 0})

static struct sample_key profile, signing, agreeing;
static struct kc_public_key small; /* of order 2 */

static struct kc_public_key unsigned_of(const struct kc_public_key *key)
{
    struct kc_public_key short_form;
    GOOD(kc_public_key_make("X25519", (struct kc_span){key->octets, 32}, &short_form));
    return short_form;
}

static int set_up(void **state)
{
    static const uint8_t zero[32];
    (void)state;
    profile = sample_key(KC_CURVE_ED25519, 1);
    signing = sample_key(KC_CURVE_ED25519, 2);
    agreeing = sample_key(KC_CURVE_X25519, 3);
    agreeing.public = unsigned_of(&agreeing.public);
    return kc_public_key_make("X25519", (struct kc_span){zero, sizeof zero}, &small) == KC_OK ? 0
                                                                                              : 1;
}

static uint8_t room[4096];

static struct kc_object_writer begin(enum kc_object_type type)
{
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, type);
    return w;
}

static enum kc_error read_member(const struct kc_public_key *encryption)
{
    struct kc_mesh_account member;
    struct kc_object_writer w = begin(KC_OBJECT_ProfileUser);
    sample_write_key(&w, "ProfileSignature", &profile.public);
    kc_object_write_text(&w, "AccountAddress", "bob@other.example");
    sample_write_key(&w, "AdministratorSignature", &signing.public);
    sample_write_key(&w, "AccountEncryption", encryption);
    kc_object_write_end(&w);
    struct kc_span text = sample_envelope(&w, &profile, NONE);
    enum kc_error error = kc_mesh_member_read(text, profile.public.udf, &member);
    sample_release(text);
    return error;
}

static struct kc_span assignment_of(const struct kc_public_key *encryption)
{
    struct kc_object_writer w = begin(KC_OBJECT_AccountHostAssignment);
    kc_object_write_text(&w, "AccountAddess", "alice@example.com");
    sample_write_key(&w, "AccessEncrypt", encryption);
    kc_object_write_end(&w);
    return sample_envelope(&w, &signing, NONE);
}

static enum kc_error read_service(
    const struct kc_public_key *encryption, const struct kc_public_key *assigned)
{
    struct kc_mesh_provider service;
    struct kc_object_writer w = begin(KC_OBJECT_ProfileService);
    sample_write_key(&w, "ProfileSignature", &profile.public);
    sample_write_key(&w, "ServiceSignature", &signing.public);
    sample_write_key(&w, "ServiceEncryption", encryption);
    kc_object_write_end(&w);
    struct kc_span text = sample_envelope(&w, &profile, NONE);
    struct kc_span assignment = assignment_of(assigned);
    enum kc_error error =
        kc_mesh_provider_read(text, profile.public.udf, assignment, "alice@example.com", &service);
    sample_release(text);
    sample_release(assignment);
    return error;
}

static enum kc_error read_device(const struct kc_public_key *encryption)
{
    struct kc_mesh_device device;
    struct kc_object_writer w = begin(KC_OBJECT_ProfileDevice);
    sample_write_key(&w, "ProfileSignature", &profile.public);
    sample_write_key(&w, "Encryption", encryption);
    sample_write_key(&w, "Signature", &signing.public);
    sample_write_key(&w, "Authentication", encryption);
    kc_object_write_end(&w);
    struct kc_span text = sample_envelope(&w, &profile, NONE);
    enum kc_error error = kc_mesh_device_read(text, profile.public.udf, &device);
    sample_release(text);
    return error;
}

static void a_member_s_key_needs_no_sign_but_is_a_point(void **state)
{
    (void)state;
    GOOD(read_member(&agreeing.public));
    assert_int_equal(read_member(&small), KC_ERR_POINT_SMALL_ORDER);
}

static void a_service_s_keys_need_no_sign_but_are_points_to_agree_with(void **state)
{
    (void)state;
    const struct kc_public_key *key = &agreeing.public;
    GOOD(read_service(key, key));
    assert_int_equal(read_service(&small, key), KC_ERR_POINT_SMALL_ORDER);
    assert_int_equal(read_service(key, &small), KC_ERR_POINT_SMALL_ORDER);
    assert_int_equal(read_service(&signing.public, key), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(read_service(key, &signing.public), KC_ERR_BAD_ALGORITHM);
}

/* An activation is added to it. */
static void a_device_s_key_needs_its_sign(void **state)
{
    (void)state;
    struct sample_key whole = sample_key(KC_CURVE_X25519, 3);
    GOOD(read_device(&whole.public));
    assert_int_not_equal(read_device(&agreeing.public), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_s_key_needs_no_sign_but_is_a_point),
        cmocka_unit_test(a_service_s_keys_need_no_sign_but_are_points_to_agree_with),
        cmocka_unit_test(a_device_s_key_needs_its_sign),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
