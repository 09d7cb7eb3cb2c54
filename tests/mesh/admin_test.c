/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator makes, read back by those that it is for, and used by both of them. */
#include "custodian/mesh/capability_make.h"
#include "custodian/mesh/holder.h"
#include "custodian/mesh/seed.h"
#include "custodian/mesh/share_refresh.h"
#include "custodian/mesh/verify.h"
#include "proto/identifier.h"
#include "proto/signed_object.h"
#include "tests/mesh/admin_case.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define BOTH "encryption=threshold,signature=threshold"

static int set_up(void **state)
{
    *state = admin_case_new();
    return 0;
}

static int tear_down(void **state)
{
    admin_case_free(*state);
    return 0;
}

static struct kc_mesh_connected connect(const struct admin_case *c, const char *rights)
{
    struct kc_mesh_rights read;
    struct kc_mesh_connected made;
    struct kc_mesh_connecting connecting = admin_connecting(c, rights, &read);
    GOOD(kc_mesh_connect_device(&c->source, &connecting, &made));
    return made;
}

/* --- the account --- */

static void an_account_s_profile_is_what_its_readers_take(void **state)
{
    const struct admin_case *c = *state;
    struct kc_mesh_account read;
    assert_string_equal(c->account.address, ADMIN_ADDRESS);
    assert_string_equal(c->account.udf, c->profile.public.udf);
    assert_int_equal(c->account.updated, SAMPLE_NOW);
    assert_true(kc_public_key_equal(&c->account.administrator, &c->administrator.public));
    assert_true(kc_public_key_equal(&c->account.encryption, &c->encryption.public));
    assert_true(kc_public_key_equal(&c->account.signature, &c->signature.public));
    assert_int_equal(
        kc_mesh_account_read(admin_span(c->account_text), "MAAA", &read), KC_ERR_REFUSED);
}

/* Each field of ProfileAccount, ProfileUser and ProfileGroup, opened as any reader does. */
static void a_profile_says_each_key_of_its_account_and_of_its_service(void **state)
{
    const struct admin_case *c = *state;
    static const char *const fields[] = {"ProfileSignature", "AdministratorSignature",
        "AccountEncryption", "EscrowEncryption", "AccountAuthentication", "AccountSignature"};
    const struct kc_public_key *keys[] = {&c->profile.public, &c->administrator.public,
        &c->encryption.public, &c->escrow.public, &c->authentication.public, &c->signature.public};
    struct kc_mesh_account_keys given = {.profile = &c->profile.pair,
        .administrator = &c->administrator.pair,
        .encryption = &c->encryption.pair,
        .escrow = &c->escrow.pair,
        .authentication = &c->authentication.pair,
        .signature = &c->signature.pair};
    for (size_t group = 0; group < 2; group++) {
        struct kc_signed_object opened;
        struct kc_public_key key;
        char *text;
        size_t size;
        if (group == 1) /* it signs nothing */
            given.signature = NULL;
        enum kc_error error = kc_mesh_profile_make(&c->source, group == 1, &given, ADMIN_ADDRESS,
            c->service_profile.public.udf, &text, &size);
        GOOD(error);
        GOOD(kc_signed_object_open(admin_span(text), size,
            group == 1 ? KC_OBJECT_ProfileGroup : KC_OBJECT_ProfileUser, &c->profile.public,
            kc_mesh_verify, &opened));
        assert_true(
            kc_json_is_text(kc_object_member(&opened.object, "AccountAddress"), ADMIN_ADDRESS));
        assert_true(kc_json_is_text(
            kc_object_member(&opened.object, "ServiceUdf"), c->service_profile.public.udf));
        for (size_t i = 0; i < (group == 1 ? 5u : 6u); i++) {
            GOOD(kc_object_key(&opened.object, fields[i], &key));
            assert_true(kc_public_key_equal(&key, keys[i]));
        }
        kc_signed_object_done(&opened);
        free(text);
    }
}

static enum kc_error make_profile(const struct admin_case *c, const char *address,
    const char *service_udf, const struct kc_key *encryption, char **text)
{
    size_t size;
    struct kc_mesh_account_keys keys = {.profile = &c->profile.pair,
        .administrator = &c->administrator.pair,
        .encryption = encryption};
    return kc_mesh_profile_make(&c->source, true, &keys, address, service_udf, text, &size);
}

static void no_account_is_made_with_an_address_or_a_key_that_does_not_fit(void **state)
{
    const struct admin_case *c = *state;
    static const char *const addresses[] = {"alice", "@example.com", "alice@", "Alice@example.com",
        "a b@example.com", "a@b@c", "", "\xc5@example.com", "\xff@example.com"};
    struct kc_mesh_account group;
    char *text;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        assert_int_equal(
            make_profile(c, addresses[i], NULL, &c->encryption.pair, &text), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(make_profile(c, "g@example.com", "example.com", &c->encryption.pair, &text),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        make_profile(c, "g@example.com", NULL, &c->signature.pair, &text), KC_ERR_BAD_ALGORITHM);
    GOOD(make_profile(c, "\xc5\xbeofie@example.com", NULL, &c->encryption.pair, &text));
    free(text);
    GOOD(make_profile(c, "g@example.com", NULL, &c->encryption.pair, &text));
    GOOD(kc_mesh_account_read(admin_span(text), NULL, &group));
    assert_int_equal(group.signature.size, 0);
    free(text);
}

/* --- rights --- */

static void rights_are_read_for_each_resource_or_refused(void **state)
{
    (void)state;
    struct kc_mesh_rights rights;
    static const char *const wrong[] = {"escrow", "encryption=some",
        "encryption=", "encryption,encryption=none", "authentication=threshold",
        "administrator=threshold", "profile=threshold", "MMM_Contact=threshold",
        "MMM_Contact,MMM_Contact", "MMM_", "MMM_a/b", ",", "encryption,,signature",
        "generate=threshold", "generate,generate"};
    GOOD(kc_mesh_rights_read(
        admin_span("administrator,encryption=threshold,signature=none,MMM_Contact"), &rights));
    assert_int_equal(rights.of[KC_MESH_RESOURCE_PROFILE], KC_MESH_RIGHT_NONE);
    assert_int_equal(rights.of[KC_MESH_RESOURCE_ADMINISTRATOR], KC_MESH_RIGHT_DIRECT);
    assert_int_equal(rights.of[KC_MESH_RESOURCE_ENCRYPTION], KC_MESH_RIGHT_THRESHOLD);
    assert_int_equal(rights.of[KC_MESH_RESOURCE_SIGNATURE], KC_MESH_RIGHT_NONE);
    assert_int_equal(rights.store_count, 1);
    assert_string_equal(rights.stores[0].name, "MMM_Contact");
    assert_true(kc_mesh_rights_need_service(&rights));
    assert_false(rights.may_generate);
    GOOD(kc_mesh_rights_read(admin_span("generate"), &rights));
    assert_true(rights.may_generate && kc_mesh_rights_need_service(&rights));
    GOOD(kc_mesh_rights_read(admin_span("encryption,generate=none"), &rights));
    assert_false(rights.may_generate || kc_mesh_rights_need_service(&rights));
    GOOD(kc_mesh_rights_read(admin_span(""), &rights));
    assert_false(kc_mesh_rights_need_service(&rights));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (kc_mesh_rights_read(admin_span(wrong[i]), &rights) != KC_ERR_BAD_ARGUMENT)
            fail_msg("%s", wrong[i]);
}

/* --- the device --- */

static void a_device_with_shares_decrypts_and_signs_with_the_service(void **state)
{
    const struct admin_case *c = *state;
    struct admin_device device;
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    uint8_t signature[KC_SIGNATURE_SIZE_MAX], digest[64] = "what is signed";
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    struct kc_mesh_connected made = connect(c, BOTH);
    struct admin_service *service = admin_service_new(c, &c->account);
    GOOD(admin_service_accept(service, made.entries[0]));
    GOOD(admin_service_accept(service, made.entries[1]));
    admin_activate(c, made.cataloged, &device);
    assert_true(device.has_decrypt && device.has_sign);
    assert_int_equal(
        admin_decrypt(service, &device, &peer.pair.public, agreed), KC_OPERATE_ACCEPTED);
    GOOD(kc_agreement_agree(expected, &c->encryption.pair.scalar, &peer.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
    assert_int_equal(admin_sign(service, &device, digest, signature), KC_OPERATE_ACCEPTED);
    GOOD(kc_mesh_verify(&c->signature.public, digest,
        (struct kc_span){signature, kc_curve_info(KC_CURVE_ED448)->signature_size}));
    admin_device_done(&device);
    admin_service_free(service);
    kc_mesh_connected_done(&made);
}

static void a_device_has_what_its_rights_give_and_no_more(void **state)
{
    const struct admin_case *c = *state;
    struct admin_device device;
    struct kc_mesh_connected made = connect(c, "administrator,MMM_Contact,MMM_Task");
    admin_activate(c, made.cataloged, &device);
    assert_true(device.has_administrator);
    assert_true(kc_scalar_equal(&device.administrator, &c->administrator.pair.scalar));
    assert_int_equal(device.store_count, 2);
    assert_false(device.has_decrypt || device.has_sign);
    assert_null(made.entries[0]);
    admin_device_done(&device);
    kc_mesh_connected_done(&made);
    made = connect(c, "");
    admin_activate(c, made.cataloged, &device);
    assert_false(device.has_administrator || device.has_decrypt || device.has_sign);
    assert_int_equal(device.store_count, 0);
    admin_device_done(&device);
    kc_mesh_connected_done(&made);
}

static void the_right_to_have_keys_made_is_the_device_s_and_has_no_share(void **state)
{
    const struct admin_case *c = *state;
    char *gone;
    size_t size;
    struct kc_mesh_connected made = connect(c, "generate");
    struct admin_service *service = admin_service_new(c, &c->account);
    assert_null(made.entries[0]);
    GOOD(admin_service_accept(service, made.generator));
    const struct kc_mesh_capability *accepted = &service->capabilities[0];
    assert_int_equal(accepted->class, KC_MESH_GENERATE);
    assert_false(accepted->has_share);
    assert_string_equal(accepted->id, made.generator_id);
    assert_string_equal(accepted->grantee, made.authentication.udf);
    GOOD(kc_mesh_capability_withdraw(&c->source, &c->administrator.pair, made.generator_id,
        KC_MESH_GENERATE, accepted->epoch + 1, &gone, &size));
    assert_int_equal(admin_service_accept(service, gone), KC_ERR_REFUSED);
    free(gone);
    admin_service_free(service);
    kc_mesh_connected_done(&made);
}

static void a_right_needs_its_key_and_a_share_its_service(void **state)
{
    const struct admin_case *c = *state;
    struct kc_mesh_rights rights;
    struct kc_mesh_connected made;
    struct kc_mesh_connecting connecting = admin_connecting(c, BOTH, &rights);
    connecting.provider = NULL;
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ARGUMENT);
    connecting = admin_connecting(c, "generate", &rights);
    connecting.provider = NULL;
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ARGUMENT);
    connecting = admin_connecting(c, "encryption", &rights);
    connecting.keys[KC_MESH_RESOURCE_ENCRYPTION] = NULL;
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ARGUMENT);
    connecting = admin_connecting(c, "MMM_Contact", &rights);
    rights.stores[0].key = NULL;
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ARGUMENT);
    connecting = admin_connecting(c, "", &rights);
    connecting.keys[KC_MESH_RESOURCE_ADMINISTRATOR] = NULL;
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ARGUMENT);
}

static void the_answer_names_the_request_that_was_acknowledged(void **state)
{
    const struct admin_case *c = *state;
    static const char acknowledged[] = "NBF4-4PTH-UTSC-RYHZ-EQMK-BVH7-MU3F";
    char id[KC_UDF_ID_SIZE];
    struct kc_mesh_rights rights;
    struct kc_mesh_connected made;
    struct kc_signed_object opened;
    struct kc_mesh_connecting connecting = admin_connecting(c, "", &rights);
    connecting.acknowledged = acknowledged;
    GOOD(kc_mesh_connect_device(&c->source, &connecting, &made));
    GOOD(kc_signed_object_open(admin_span(made.respond), 1 << 17, KC_OBJECT_RespondConnection,
        &c->administrator.public, kc_mesh_verify, &opened));
    GOOD(kc_make_id(acknowledged, KC_ID_OF_RESPONSE, id));
    assert_true(kc_json_is_text(kc_object_member(&opened.object, "MessageId"), id));
    assert_true(kc_json_is_text(kc_object_member(&opened.object, "Result"), "Accept"));
    kc_signed_object_done(&opened);
    kc_mesh_connected_done(&made);
    connecting.acknowledged = "1";
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ARGUMENT);
}

static void each_activation_has_a_seed_of_its_own(void **state)
{
    const struct admin_case *c = *state;
    struct kc_mesh_connected a = connect(c, ""), b = connect(c, "");
    assert_memory_not_equal(a.seed_digest, b.seed_digest, sizeof a.seed_digest);
    assert_string_not_equal(a.signature.udf, b.signature.udf);
    assert_string_not_equal(a.encryption.udf, b.encryption.udf);
    assert_string_not_equal(a.authentication.udf, b.authentication.udf);
    kc_mesh_connected_done(&a);
    kc_mesh_connected_done(&b);
}

/* --- hazards --- */

/* The device knows which seed will be chosen, and made its base key the opposite of what it gives:
 * their sum would be the identity. */
static void a_crafted_contribution_makes_no_composite_key(void **state)
{
    struct admin_case *c = *state;
    uint8_t seed[2 + KC_MESH_SEED_SECRET] = {1, 1};
    struct kc_key key;
    struct kc_point crafted;
    struct kc_mesh_rights rights;
    struct kc_mesh_connected made;
    struct kc_mesh_connecting connecting = admin_connecting(c, "", &rights);
    memset(seed + 2, 7, KC_MESH_SEED_SECRET);
    GOOD(kc_mesh_seed_key((struct kc_span){seed, sizeof seed}, KC_CURVE_ED448,
        KC_DERIVATION_CURRENT, "ActivationDeviceEncrypt", &key));
    kc_point_negate(&crafted, &key.public);
    GOOD(kc_mesh_public_key(&crafted, &c->device.encryption));
    c->source = sample_source_that_repeats(7);
    assert_int_equal(
        kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_POINT_SMALL_ORDER);
}

static enum kc_error read_device(const struct admin_case *c, const struct kc_public_key *encryption,
    const struct kc_public_key *signature, const struct sample_key *signer)
{
    struct kc_mesh_device device;
    char *text = admin_profile_device(
        &c->device_profile, encryption, signature, &c->device_authentication.public, signer);
    enum kc_error error =
        kc_mesh_device_read(admin_span(text), c->device_profile.public.udf, &device);
    free(text);
    return error;
}

static void a_device_is_the_one_that_was_expected_and_its_keys_are_points(void **state)
{
    const struct admin_case *c = *state;
    struct kc_mesh_device device;
    struct kc_public_key crafted = c->device_encryption.public;
    const struct kc_public_key *encryption = &c->device_encryption.public,
                               *signature = &c->device_signature.public;
    GOOD(read_device(c, encryption, signature, &c->device_profile));
    assert_int_equal(read_device(c, encryption, signature, &c->device_signature), KC_ERR_SIGNATURE);
    assert_int_equal(
        kc_mesh_device_read(admin_span(c->device_text), c->profile.public.udf, &device),
        KC_ERR_SIGNATURE);
    assert_int_equal(
        read_device(c, signature, signature, &c->device_profile), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(
        read_device(c, encryption, encryption, &c->device_profile), KC_ERR_BAD_ALGORITHM);
    memset(crafted.octets, 0, crafted.size);
    GOOD(kc_public_key_make("X448", (struct kc_span){crafted.octets, crafted.size}, &crafted));
    assert_int_equal(
        read_device(c, &crafted, signature, &c->device_profile), KC_ERR_POINT_SMALL_ORDER);
    crafted = c->device_encryption.public; /* without a sign it is no key that can be named */
    GOOD(kc_public_key_make("X448", (struct kc_span){crafted.octets, crafted.size - 1}, &crafted));
    assert_int_equal(read_device(c, &crafted, signature, &c->device_profile), KC_ERR_REFUSED);
}

/* 001, 3.2: ProfileSignature, BaseEncryption, BaseAuthentication and BaseSignature. */
static void a_profile_of_a_device_has_all_four_keys(void **state)
{
    const struct admin_case *c = *state;
    const struct kc_public_key *whole[] = {&c->device_encryption.public,
        &c->device_signature.public, &c->device_authentication.public};
    for (size_t missing = 0; missing <= 3; missing++) {
        struct kc_mesh_device device;
        const struct kc_public_key *keys[3];
        for (size_t i = 0; i < 3; i++)
            keys[i] = i == missing ? NULL : whole[i];
        char *text =
            admin_profile_device(&c->device_profile, keys[0], keys[1], keys[2], &c->device_profile);
        enum kc_error error = kc_mesh_device_read(admin_span(text), NULL, &device);
        assert_int_equal(error == KC_OK, missing == 3);
        free(text);
    }
}

static void a_device_without_a_key_on_the_curve_of_its_others_is_not_connected(void **state)
{
    struct admin_case *c = *state;
    struct kc_mesh_rights rights;
    struct kc_mesh_connected made;
    struct sample_key other = sample_key(KC_CURVE_X25519, 5);
    struct kc_mesh_connecting connecting = admin_connecting(c, "", &rights);
    c->device.encryption = other.public;
    assert_int_equal(kc_mesh_connect_device(&c->source, &connecting, &made), KC_ERR_BAD_ALGORITHM);
}

/* --- refresh --- */

static bool open_together(
    const struct admin_case *c, const struct kc_scalar *service, const struct kc_scalar *holder)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct kc_point parts[2];
    struct sample_key peer = sample_key(KC_CURVE_X448, 78);
    GOOD(kc_agreement_contribute(&parts[0], service, NULL, NULL, &peer.pair.public));
    GOOD(kc_agreement_contribute(&parts[1], holder, NULL, NULL, &peer.pair.public));
    GOOD(kc_agreement_combine(agreed, parts, 2));
    GOOD(kc_agreement_agree(expected, &c->encryption.pair.scalar, &peer.pair.public));
    return memcmp(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size) == 0;
}

struct refresh {
    struct kc_mesh_connected made;
    struct admin_device device;
    struct admin_service *service;
    struct kc_mesh_parties parties;
    struct kc_mesh_split_kept kept;
    char *entries[2];
};

static void refresh_begin(const struct admin_case *c, struct refresh *r)
{
    r->made = connect(c, "encryption=threshold");
    r->service = admin_service_new(c, &c->account);
    GOOD(admin_service_accept(r->service, r->made.entries[0]));
    admin_activate(c, r->made.cataloged, &r->device);
    r->kept = r->made.splits[0];
    r->parties = (struct kc_mesh_parties){.administrator = &c->administrator.pair,
        .provider = &c->provider,
        .service_address = ADMIN_SERVICE,
        .holder = &r->made.encryption,
        .grantee = r->made.authentication.udf};
    GOOD(kc_mesh_holder_refresh(&c->source, &r->parties, &r->kept, r->entries));
}

static void refresh_end(struct refresh *r)
{
    free(r->entries[0]);
    free(r->entries[1]);
    admin_device_done(&r->device);
    admin_service_free(r->service);
    kc_mesh_connected_done(&r->made);
}

static struct kc_mesh_share_state holder_state(const struct refresh *r)
{
    struct kc_mesh_share_state state = {
        .class = KC_MESH_DECRYPT, .own = r->device.decrypt.own, .share = r->device.decrypt.share};
    memcpy(state.subject, r->kept.subject.udf, sizeof state.subject);
    return state;
}

static void a_half_from_before_a_refresh_and_one_from_after_open_nothing(void **state)
{
    const struct admin_case *c = *state;
    struct refresh r;
    struct kc_mesh_capability after, again;
    refresh_begin(c, &r);
    const struct kc_mesh_capability *before = &r.service->capabilities[0];
    struct kc_mesh_share_state holder = holder_state(&r), renewed;
    GOOD(kc_mesh_capability_update(
        admin_span(r.entries[0]), &c->account, &r.service->self, before, &after));
    assert_int_equal(kc_mesh_capability_update(
                         admin_span(r.entries[0]), &c->account, &r.service->self, &after, &again),
        KC_ERR_EXISTS);
    GOOD(kc_mesh_share_refresh(admin_span(r.entries[1]), &c->account, &r.device.encryption,
        SAMPLE_NOW, &holder, &renewed));
    assert_int_equal(after.epoch, 2);
    assert_int_equal(renewed.epoch, 2);
    assert_string_equal(renewed.own.udf, r.kept.holder_own.udf);
    assert_true(open_together(c, &before->share, &holder.share));
    assert_true(open_together(c, &after.share, &renewed.share));
    assert_false(open_together(c, &before->share, &renewed.share));
    assert_false(open_together(c, &after.share, &holder.share));
    refresh_end(&r);
}

static void a_refresh_is_for_one_share_of_the_present_epoch_and_once(void **state)
{
    const struct admin_case *c = *state;
    struct refresh r;
    char subject[KC_UDF_ID_SIZE];
    refresh_begin(c, &r);
    const struct kc_key *key = &r.device.encryption;
    struct kc_mesh_share_state holder = holder_state(&r), renewed, other = holder;
    struct kc_span entry = admin_span(r.entries[1]);
    GOOD(kc_mesh_refresh_subject(entry, &c->account, subject));
    assert_string_equal(subject, c->encryption.public.udf);
    GOOD(kc_mesh_share_refresh(entry, &c->account, key, SAMPLE_NOW, &holder, &renewed));
    assert_int_equal(
        kc_mesh_share_refresh(entry, &c->account, key, SAMPLE_NOW, &renewed, &other), KC_ERR_EPOCH);
    other = holder;
    memcpy(other.subject, c->signature.public.udf, sizeof other.subject);
    assert_int_equal(kc_mesh_share_refresh(entry, &c->account, key, SAMPLE_NOW, &other, &renewed),
        KC_ERR_REFUSED);
    other = holder;
    other.class = KC_MESH_SIGN;
    assert_int_equal(kc_mesh_share_refresh(entry, &c->account, key, SAMPLE_NOW, &other, &renewed),
        KC_ERR_REFUSED);
    other = holder;
    other.own = r.kept.service_own; /* not the share that it is an offset of */
    assert_int_equal(kc_mesh_share_refresh(entry, &c->account, key, SAMPLE_NOW, &other, &renewed),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_mesh_share_refresh(entry, &c->account, &c->device_encryption.pair,
                         SAMPLE_NOW, &holder, &renewed),
        KC_ERR_DECRYPTION);
    assert_int_equal(
        kc_mesh_share_refresh(entry, &c->account, key, SAMPLE_NOW + 31 * 86400, &holder, &renewed),
        KC_ERR_REFUSED);
    assert_int_equal(kc_mesh_share_refresh(admin_span(r.entries[0]), &c->account,
                         &c->service_encryption.pair, SAMPLE_NOW, &holder, &renewed),
        KC_ERR_REFUSED); /* the service's */
    refresh_end(&r);
}

static void no_split_is_refreshed_whose_shares_are_not_of_the_key(void **state)
{
    const struct admin_case *c = *state;
    struct refresh r;
    char *entries[2];
    refresh_begin(c, &r);
    struct kc_mesh_split_kept wrong = r.kept, before;
    wrong.service_own = r.made.splits[0].service_own;
    before = wrong;
    assert_int_equal(
        kc_mesh_holder_refresh(&c->source, &r.parties, &wrong, entries), KC_ERR_CONTRIBUTION);
    assert_memory_equal(&wrong, &before, sizeof before);
    refresh_end(&r);
}

/* --- what a service accepts --- */

/* Who published another verification share than the one that it sent. */
static void a_wrong_half_from_a_dealer_is_refused_where_it_arrives(void **state)
{
    const struct admin_case *c = *state;
    struct kc_mesh_split split = {0}, other = {0};
    struct kc_mesh_grant grant = {.administrator = &c->administrator.pair,
        .recipient = &c->provider.encryption,
        .class = KC_MESH_DECRYPT,
        .id = "NAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA",
        .subject = &c->encryption.public,
        .epoch = 1,
        .service_udf = c->provider.udf,
        .grantee = c->device_authentication.public.udf};
    char *text;
    size_t size;
    struct admin_service *service = admin_service_new(c, &c->account);
    GOOD(kc_mesh_split_make(&c->source, &c->encryption.pair, &split));
    GOOD(kc_mesh_split_make(&c->source, &c->encryption.pair, &other));
    grant.own = &split.service_own;
    grant.share = &other.service;
    GOOD(kc_mesh_capability_make(&c->source, &grant, &text, &size));
    assert_int_equal(admin_service_accept(service, text), KC_ERR_CONTRIBUTION);
    free(text);
    grant.share = &split.service;
    GOOD(kc_mesh_capability_make(&c->source, &grant, &text, &size));
    GOOD(admin_service_accept(service, text));
    free(text);
    admin_service_free(service);
}

static void a_share_goes_with_a_key_of_its_own_curve_and_class(void **state)
{
    const struct admin_case *c = *state;
    struct kc_mesh_split split = {0};
    char *text;
    size_t size;
    GOOD(kc_mesh_split_make(&c->source, &c->encryption.pair, &split));
    struct kc_mesh_grant grant = {.administrator = &c->administrator.pair,
        .recipient = &c->provider.encryption,
        .class = KC_MESH_SIGN,
        .id = "NAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA",
        .subject = &c->encryption.public,
        .own = &split.service_own,
        .share = &split.service,
        .epoch = 1,
        .service_udf = c->provider.udf,
        .grantee = c->device_authentication.public.udf};
    assert_int_equal(
        kc_mesh_capability_make(&c->source, &grant, &text, &size), KC_ERR_BAD_ARGUMENT);
    grant.class = KC_MESH_DECRYPT;
    grant.subject = &c->signature.public;
    assert_int_equal(
        kc_mesh_capability_make(&c->source, &grant, &text, &size), KC_ERR_BAD_ARGUMENT);
    grant.subject = &c->encryption.public;
    grant.own = &c->signature.public;
    assert_int_equal(
        kc_mesh_capability_make(&c->source, &grant, &text, &size), KC_ERR_BAD_ARGUMENT);
}

static void what_takes_a_capability_away_says_so_where_it_is_signed(void **state)
{
    const struct admin_case *c = *state;
    char *text;
    size_t size;
    bool active = true;
    int64_t epoch;
    struct kc_signed_object opened;
    GOOD(kc_mesh_capability_withdraw(
        &c->source, &c->administrator.pair, "NAAA", KC_MESH_DECRYPT, 3, &text, &size));
    GOOD(kc_signed_object_open(admin_span(text), size, KC_OBJECT_CatalogedAccess,
        &c->administrator.public, kc_mesh_verify, &opened));
    struct kc_object inner = kc_object_inner(&opened.object, "Capability");
    assert_int_equal(inner.type, KC_OBJECT_CapabilityDecryptServiced);
    assert_true(kc_json_is_text(kc_object_member(&inner, "Id"), "NAAA"));
    GOOD(kc_json_boolean(kc_object_member(&inner, "Active"), &active));
    assert_false(active);
    GOOD(kc_json_integer(kc_object_member(&inner, "Epoch"), &epoch));
    assert_int_equal(epoch, 3);
    kc_signed_object_done(&opened);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_account_s_profile_is_what_its_readers_take, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_profile_says_each_key_of_its_account_and_of_its_service, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_profile_of_a_device_has_all_four_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            no_account_is_made_with_an_address_or_a_key_that_does_not_fit, set_up, tear_down),
        cmocka_unit_test(rights_are_read_for_each_resource_or_refused),
        cmocka_unit_test_setup_teardown(
            a_device_with_shares_decrypts_and_signs_with_the_service, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_device_has_what_its_rights_give_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_right_to_have_keys_made_is_the_device_s_and_has_no_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_right_needs_its_key_and_a_share_its_service, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_answer_names_the_request_that_was_acknowledged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_activation_has_a_seed_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_crafted_contribution_makes_no_composite_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_device_is_the_one_that_was_expected_and_its_keys_are_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_device_without_a_key_on_the_curve_of_its_others_is_not_connected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_half_from_before_a_refresh_and_one_from_after_open_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_refresh_is_for_one_share_of_the_present_epoch_and_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            no_split_is_refreshed_whose_shares_are_not_of_the_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_wrong_half_from_a_dealer_is_refused_where_it_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_share_goes_with_a_key_of_its_own_curve_and_class, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_takes_a_capability_away_says_so_where_it_is_signed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
