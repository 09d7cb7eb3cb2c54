/* SPDX-License-Identifier: Apache-2.0 */
/* A group: its member decrypts with a device of its own account, through the group's service. */
#include "custodian/mesh/group.h"

#include "custodian/mesh/escrow_key.h"
#include "custodian/mesh/invitation.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "tests/mesh/admin_case.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* Alice of the case is the member; the group has keys of its own. */
struct group {
    struct admin_case *c;
    struct sample_key profile, administrator, encryption, store;
    char *text;
    struct kc_mesh_account account, member;
};

static int set_up(void **state)
{
    size_t size;
    struct group *g = calloc(1, sizeof *g);
    g->c = admin_case_new();
    g->profile = sample_key(KC_CURVE_ED448, 101);
    g->administrator = sample_key(KC_CURVE_ED448, 102);
    g->encryption = sample_key(KC_CURVE_X448, 103);
    g->store = sample_key(KC_CURVE_X448, 104);
    struct kc_mesh_account_keys keys = {.profile = &g->profile.pair,
        .administrator = &g->administrator.pair,
        .encryption = &g->encryption.pair};
    GOOD(kc_mesh_profile_make(
        &g->c->source, true, &keys, "group@example.com", g->c->provider.udf, &g->text, &size));
    GOOD(kc_mesh_account_read(admin_span(g->text), g->c->provider.udf, &g->account));
    GOOD(kc_mesh_member_read(admin_span(g->c->account_text), g->c->profile.public.udf, &g->member));
    *state = g;
    return 0;
}

static int tear_down(void **state)
{
    struct group *g = *state;
    admin_case_free(g->c);
    free(g->text);
    free(g);
    return 0;
}

static struct kc_mesh_joining joining_of(const struct group *g)
{
    return (struct kc_mesh_joining){.group = &g->account,
        .group_profile = admin_span(g->text),
        .member = &g->member,
        .member_profile = admin_span(g->c->account_text),
        .administrator = &g->administrator.pair,
        .encryption = &g->encryption.pair,
        .store = &g->store.public,
        .provider = &g->c->provider,
        .service_address = ADMIN_SERVICE,
        .epoch = 1};
}

/* Takes the share out of an invitation, as the member does. */
static void invitation_open(
    const struct group *g, const struct kc_mesh_joined *joined, struct admin_share *share)
{
    uint8_t *octets;
    struct kc_json_document document;
    struct kc_mesh_account group;
    struct kc_object invitation =
        admin_open(admin_span(joined->invitation), &g->administrator.public, &g->c->encryption.pair,
            KC_OBJECT_GroupInvitation, &octets, &document);
    assert_true(kc_json_is_text(kc_object_member(&invitation, "Recipient"), ADMIN_ADDRESS));
    struct kc_object contact = kc_object_inner(&invitation, "Contact");
    struct kc_json address = kc_json_item(kc_object_member(&contact, "NetworkAddresses"), 0);
    GOOD(kc_mesh_account_read(
        kc_json_source(kc_json_member(address, "EnvelopedProfileAccount")), NULL, &group));
    assert_string_equal(group.udf, g->account.udf);
    struct kc_object capability = kc_object_item(kc_json_member(address, "Capabilities"), 0);
    assert_int_equal(capability.type, KC_OBJECT_CapabilityDecryptPartial);
    GOOD(kc_json_text(
        kc_object_member(&capability, "ServiceId"), share->service_id, sizeof share->service_id));
    GOOD(kc_object_key(&capability, "KeyData", &share->own));
    struct kc_mesh_share_terms terms = {.signer = &group.administrator,
        .key = &g->c->encryption.pair,
        .own = &share->own,
        .now = SAMPLE_NOW};
    GOOD(kc_mesh_share_open(
        kc_json_source(kc_json_item(kc_object_member(&capability, "EnvelopedKeyShares"), 0)),
        &terms, &share->share));
    kc_json_done(&document);
    free(octets);
}

static void a_member_decrypts_with_a_device_of_its_own_account(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_rights rights;
    struct kc_mesh_joined joined;
    struct kc_mesh_connected connected;
    struct admin_device device;
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_connecting connecting = admin_connecting(g->c, "", &rights);
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    GOOD(kc_mesh_connect_device(&g->c->source, &connecting, &connected));
    admin_activate(g->c, connected.cataloged, &device);
    invitation_open(g, &joined, &device.decrypt);
    struct admin_service *service = admin_service_new(g->c, &g->account);
    GOOD(admin_service_accept(service, joined.entry));
    assert_int_equal(
        admin_decrypt(service, &device, &peer.pair.public, agreed), KC_OPERATE_ACCEPTED);
    GOOD(kc_agreement_agree(expected, &g->encryption.pair.scalar, &peer.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
    admin_service_free(service);
    admin_device_done(&device);
    kc_mesh_connected_done(&connected);
    kc_mesh_joined_done(&joined);
}

static void each_member_has_a_split_of_its_own(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined a, b;
    struct kc_mesh_joining joining = joining_of(g);
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &a));
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &b));
    assert_string_not_equal(a.split.service_own.udf, b.split.service_own.udf);
    assert_string_not_equal(a.split.holder_own.udf, b.split.holder_own.udf);
    assert_string_not_equal(a.split.id, b.split.id);
    kc_mesh_joined_done(&a);
    kc_mesh_joined_done(&b);
}

static void a_member_is_the_one_whose_profile_was_expected(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_account read;
    struct kc_mesh_joined joined;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_account_keys keys = {.profile = &g->c->profile.pair,
        .administrator = &g->c->administrator.pair,
        .signature = &g->c->signature.pair};
    char *text;
    size_t size;
    assert_int_equal(kc_mesh_member_read(admin_span(g->c->account_text), g->account.udf, &read),
        KC_ERR_SIGNATURE);
    GOOD(kc_mesh_profile_make(&g->c->source, false, &keys, ADMIN_ADDRESS, NULL, &text, &size));
    assert_int_equal(
        kc_mesh_member_read(admin_span(text), g->c->profile.public.udf, &read), KC_ERR_REFUSED);
    free(text);
    joining.member = &g->account;
    assert_int_equal(kc_mesh_group_join(&g->c->source, &joining, &joined), KC_ERR_BAD_ARGUMENT);
}

static void who_leaves_is_named_where_only_administrators_read(void **state)
{
    const struct group *g = *state;
    uint8_t *octets;
    struct kc_json_document document;
    struct kc_mesh_split_kept split = {.id = "NAAA", .holder_id = "NBBB"};
    char *entry;
    GOOD(kc_mesh_group_leave(
        &g->c->source, &g->administrator.pair, &g->store.public, ADMIN_ADDRESS, &split, &entry));
    struct kc_object member = admin_open(admin_span(entry), &g->administrator.public,
        &g->store.pair, KC_OBJECT_CatalogedMember, &octets, &document);
    assert_true(kc_json_is_text(kc_object_member(&member, "ContactAddress"), ADMIN_ADDRESS));
    assert_true(kc_json_is_text(kc_object_member(&member, "MemberCapabilityId"), "NBBB"));
    assert_true(kc_json_is_text(kc_object_member(&member, "ServiceCapabilityId"), "NAAA"));
    kc_json_done(&document);
    free(octets);
    free(entry);
}

static void a_key_that_signs_is_not_escrowed(void **state)
{
    const struct group *g = *state;
    const struct admin_case *c = g->c;
    char *text;
    size_t size;
    uint8_t *octets;
    struct kc_json_document document;
    static const char *const refused[] = {KC_MESH_NAME_SIGNATURE, KC_MESH_NAME_PROFILE,
        KC_MESH_NAME_ADMINISTRATOR, KC_MESH_NAME_AUTHENTICATION, KC_MESH_NAME_ESCROW,
        "CompleteAccountEncryptContact", ""};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(kc_mesh_escrow_key(&c->source, refused[i], &c->store.pair,
                             &c->escrow.public, &c->administrator.pair, &text, &size),
            KC_ERR_ESCROW_KEY);
    assert_int_equal(
        kc_mesh_escrow_key(&c->source, "CompleteAccountEncryptMMM_Contact", &c->signature.pair,
            &c->escrow.public, &c->administrator.pair, &text, &size),
        KC_ERR_ESCROW_KEY);
    GOOD(kc_mesh_escrow_key(&c->source, "CompleteAccountEncryptMMM_Contact", &c->store.pair,
        &c->escrow.public, &c->administrator.pair, &text, &size));
    struct kc_object key = admin_open(admin_span(text), &c->administrator.public, &c->escrow.pair,
        KC_OBJECT_KeyData, &octets, &document);
    assert_true(kc_json_is_text(kc_object_member(&key, "Udf"), c->store.public.udf));
    kc_json_done(&document);
    free(octets);
    free(text);
}

/* An envelope to the escrow key with a KeyData in it; given: free. */
static char *escrowed(const struct admin_case *c, const struct kc_public_key *public,
    const struct kc_scalar *scalar, const struct kc_key *signer)
{
    uint8_t room[KC_MESH_KEY_DOCUMENT_MAX];
    struct kc_object_writer w;
    char *text;
    size_t size;
    kc_object_writer_init(&w, room, sizeof room);
    kc_mesh_write_scalar(&w, NULL, public, scalar);
    GOOD(kc_object_writer_finish(&w));
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .signer = signer,
        .recipients = &c->escrow.public,
        .recipient_count = 1};
    GOOD(kc_mesh_envelope_make(&c->source, &letter, &text, &size));
    return text;
}

static void expect_open(const struct admin_case *c, char *text, enum kc_error error)
{
    KC_AUTO_KEY key = {0};
    assert_int_equal(
        kc_mesh_escrow_key_open(admin_span(text), &c->escrow.pair, &c->administrator.public, &key),
        error);
    free(text);
}

static void an_escrowed_key_is_taken_back_with_the_escrow_key(void **state)
{
    const struct group *g = *state;
    const struct admin_case *c = g->c;
    const struct kc_key *store = &c->store.pair, *administrator = &c->administrator.pair;
    KC_AUTO_KEY key = {0};
    char *text;
    size_t size;
    GOOD(kc_mesh_escrow_key(&c->source, "CompleteAccountEncryptMMM_Contact", store,
        &c->escrow.public, administrator, &text, &size));
    struct kc_span span = admin_span(text);
    GOOD(kc_mesh_escrow_key_open(span, &c->escrow.pair, &c->administrator.public, &key));
    assert_true(kc_point_equal(&key.public, &store->public));
    assert_int_equal(
        kc_mesh_escrow_key_open(span, &c->encryption.pair, &c->administrator.public, &key),
        KC_ERR_DECRYPTION);
    assert_int_equal(kc_mesh_escrow_key_open(span, &c->escrow.pair, &c->signature.public, &key),
        KC_ERR_SIGNATURE);
    free(text);
    expect_open(c, escrowed(c, &c->store.public, &store->scalar, administrator), KC_OK);
    expect_open(c, escrowed(c, &c->store.public, &store->scalar, NULL), KC_ERR_SIGNATURE);
    expect_open(
        c, escrowed(c, &c->encryption.public, &store->scalar, administrator), KC_ERR_CONTRIBUTION);
    expect_open(c, escrowed(c, &c->signature.public, &c->signature.pair.scalar, administrator),
        KC_ERR_ESCROW_KEY);
    expect_open(c, strdup("[]"), KC_ERR_DECRYPTION);
    text = calloc(1, KC_ESCROW_KEY_MAX + 2);
    memset(text, ' ', KC_ESCROW_KEY_MAX + 1);
    expect_open(c, text, KC_ERR_TOO_LARGE);
}

/* --- what the member takes --- */

static struct kc_mesh_inviting inviting_of(const struct group *g)
{
    return (struct kc_mesh_inviting){.group = &g->account,
        .key = &g->c->encryption.pair,
        .address = ADMIN_ADDRESS,
        .now = SAMPLE_NOW};
}

static enum kc_error reads(const char *invitation, const struct kc_mesh_inviting *inviting)
{
    struct kc_mesh_invited invited = {0};
    enum kc_error error = kc_mesh_invitation_read(admin_span(invitation), inviting, &invited);
    if (error == KC_OK)
        kc_mesh_invited_done(&invited);
    else
        assert_null(invited.profile);
    return error;
}

static void an_invitation_gives_its_member_the_share(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined joined;
    struct kc_mesh_invited invited;
    struct kc_point service;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_inviting inviting = inviting_of(g);
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    GOOD(kc_mesh_invitation_read(admin_span(joined.invitation), &inviting, &invited));
    assert_true(invited.share.is_share);
    assert_int_equal(invited.epoch, 1);
    assert_string_equal(invited.address, "group@example.com");
    assert_string_equal(invited.profile, g->text);
    assert_string_equal(invited.share.service_id, joined.split.id);
    GOOD(kc_mesh_point(&joined.split.service_own, &service));
    assert_true(kc_point_equal(&invited.share.peer, &service));
    kc_mesh_invited_done(&invited);
    kc_mesh_joined_done(&joined);
}

/* 001, 10.4.8: a user's capability is called as its key is, a service's as its ServiceId. */
static void a_capability_is_called_as_its_key_or_as_its_service_id(void **state)
{
    const struct group *g = *state;
    uint8_t *octets;
    char id[KC_UDF_ID_SIZE], service_id[KC_UDF_ID_SIZE], entry_id[KC_UDF_ID_SIZE];
    struct kc_json_document document;
    struct kc_mesh_joined joined;
    struct kc_public_key own;
    struct kc_signed_object entry;
    struct kc_mesh_joining joining = joining_of(g);
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    struct kc_object read = admin_open(admin_span(joined.invitation), &g->administrator.public,
        &g->c->encryption.pair, KC_OBJECT_GroupInvitation, &octets, &document);
    struct kc_object contact = kc_object_inner(&read, "Contact");
    struct kc_json address = kc_json_item(kc_object_member(&contact, "NetworkAddresses"), 0);
    struct kc_object capability = kc_object_item(kc_json_member(address, "Capabilities"), 0);
    GOOD(kc_json_text(kc_object_member(&capability, "Id"), id, sizeof id));
    GOOD(kc_json_text(kc_object_member(&capability, "ServiceId"), service_id, sizeof service_id));
    GOOD(kc_object_key(&capability, "KeyData", &own));
    assert_string_equal(id, own.udf);
    GOOD(kc_signed_object_open(admin_span(joined.entry), strlen(joined.entry),
        KC_OBJECT_CatalogedAccess, &g->administrator.public, kc_mesh_verify, &entry));
    struct kc_object serviced = kc_object_inner(&entry.object, "Capability");
    GOOD(kc_json_text(kc_object_member(&serviced, "Id"), entry_id, sizeof entry_id));
    assert_string_equal(entry_id, service_id);
    kc_signed_object_done(&entry);
    kc_json_done(&document);
    free(octets);
    kc_mesh_joined_done(&joined);
}

static void an_invitation_of_another_group_or_for_another_member_is_refused(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined joined;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_inviting inviting = inviting_of(g);
    struct kc_mesh_account other = g->account;
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    inviting.address = "mallory@example.com";
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_REFUSED);
    inviting = inviting_of(g);
    inviting.key = &g->store.pair;
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_DECRYPTION);
    inviting = inviting_of(g);
    inviting.group = &other;
    other.administrator = g->c->administrator.public;
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_SIGNATURE);
    other = g->account;
    memcpy(other.udf, g->c->profile.public.udf, sizeof other.udf);
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_REFUSED);
    other = g->account;
    memcpy(other.address, "other@example.com", sizeof "other@example.com");
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_REFUSED);
    kc_mesh_joined_done(&joined);
}

static void an_invitation_that_is_not_later_or_comes_too_late_is_refused(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined joined;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_inviting inviting = inviting_of(g);
    struct kc_mesh_account later = g->account;
    joining.epoch = 3;
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    inviting.epoch = 2;
    GOOD(reads(joined.invitation, &inviting));
    inviting.epoch = 3;
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_EPOCH);
    inviting = inviting_of(g);
    inviting.group = &later;
    later.updated++;
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_EPOCH);
    inviting = inviting_of(g);
    inviting.now += 31 * 86400;
    assert_int_equal(reads(joined.invitation, &inviting), KC_ERR_REFUSED);
    kc_mesh_joined_done(&joined);
}

/* Gives the invitation anew, with a part of its content taken from another text. Given: free. */
static char *spliced(const struct group *g, const char *invitation, const char *field,
    struct kc_span taken, const struct kc_key *signer)
{
    uint8_t *octets;
    char *text, *made;
    size_t size;
    struct kc_json_document document;
    struct kc_object read = admin_open(admin_span(invitation), &g->administrator.public,
        &g->c->encryption.pair, KC_OBJECT_GroupInvitation, &octets, &document);
    struct kc_object contact = kc_object_inner(&read, "Contact");
    struct kc_json address = kc_json_item(kc_object_member(&contact, "NetworkAddresses"), 0);
    struct kc_object capability = kc_object_item(kc_json_member(address, "Capabilities"), 0);
    struct kc_json member = kc_object_member(&capability, field);
    if (!kc_json_is_there(member))
        member = kc_json_member(address, field);
    struct kc_span part = kc_json_source(member), all = kc_json_source(kc_json_root(&document));
    size_t before = (size_t)(part.bytes - all.bytes);
    made = malloc(all.size + taken.size);
    memcpy(made, all.bytes, before);
    memcpy(made + before, taken.bytes, taken.size);
    memcpy(made + before + taken.size, part.bytes + part.size, all.size - before - part.size);
    struct kc_mesh_letter letter = {
        .payload = {(const uint8_t *)made, all.size - part.size + taken.size},
        .type = "GroupInvitation",
        .signer = signer,
        .recipients = &g->c->encryption.public,
        .recipient_count = 1};
    GOOD(kc_mesh_envelope_make(&g->c->source, &letter, &text, &size));
    free(made);
    kc_json_done(&document);
    free(octets);
    return text;
}

static void an_invitation_that_says_something_else_of_its_share_is_refused(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined joined;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_inviting inviting = inviting_of(g);
    const struct {
        const char *field, *taken;
        enum kc_error error;
    } cases[] = {
        {"ServiceId", "\"NAAA\"", KC_OK},
        {"SubjectId", "\"MAAA\"", KC_ERR_REFUSED},
        {"Epoch", "0", KC_ERR_EPOCH},
        {"Epoch", "\"1\"", KC_ERR_BAD_REQUEST},
        {"EnvelopedKeyShares", "[]", KC_ERR_BAD_REQUEST},
        {"Capabilities", "[]", KC_ERR_BAD_REQUEST},
        {"EnvelopedProfileAccount", g->c->account_text, KC_ERR_SIGNATURE},
    };
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = spliced(g, joined.invitation, cases[i].field, admin_span(cases[i].taken),
            &g->administrator.pair);
        assert_int_equal(reads(text, &inviting), cases[i].error);
        free(text);
    }
    kc_mesh_joined_done(&joined);
}

/* Whoever has the content could say something else of a share that the administrator did sign. */
static void an_invitation_that_somebody_else_sealed_is_refused(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined joined;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_inviting inviting = inviting_of(g);
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    char *text = spliced(g, joined.invitation, "Epoch", admin_span("9"), &g->c->administrator.pair);
    assert_int_equal(reads(text, &inviting), KC_ERR_SIGNATURE);
    free(text);
    kc_mesh_joined_done(&joined);
}

/* The share of another split is a share of the same key, but not the one that is announced. */
static void a_share_that_is_not_its_verification_share_is_refused(void **state)
{
    const struct group *g = *state;
    struct kc_mesh_joined joined, other;
    struct kc_mesh_joining joining = joining_of(g);
    struct kc_mesh_inviting inviting = inviting_of(g);
    uint8_t *octets;
    struct kc_json_document document;
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &joined));
    GOOD(kc_mesh_group_join(&g->c->source, &joining, &other));
    struct kc_object read = admin_open(admin_span(other.invitation), &g->administrator.public,
        &g->c->encryption.pair, KC_OBJECT_GroupInvitation, &octets, &document);
    struct kc_object contact = kc_object_inner(&read, "Contact");
    struct kc_json address = kc_json_item(kc_object_member(&contact, "NetworkAddresses"), 0);
    struct kc_object capability = kc_object_item(kc_json_member(address, "Capabilities"), 0);
    char *text = spliced(g, joined.invitation, "EnvelopedKeyShares",
        kc_json_source(kc_object_member(&capability, "EnvelopedKeyShares")),
        &g->administrator.pair);
    assert_int_equal(reads(text, &inviting), KC_ERR_CONTRIBUTION);
    free(text);
    kc_json_done(&document);
    free(octets);
    kc_mesh_joined_done(&other);
    kc_mesh_joined_done(&joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_member_decrypts_with_a_device_of_its_own_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_member_has_a_split_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_member_is_the_one_whose_profile_was_expected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            who_leaves_is_named_where_only_administrators_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_signs_is_not_escrowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_escrowed_key_is_taken_back_with_the_escrow_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_invitation_gives_its_member_the_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_capability_is_called_as_its_key_or_as_its_service_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_invitation_of_another_group_or_for_another_member_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_invitation_that_is_not_later_or_comes_too_late_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_invitation_that_says_something_else_of_its_share_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_invitation_that_somebody_else_sealed_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_share_that_is_not_its_verification_share_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
