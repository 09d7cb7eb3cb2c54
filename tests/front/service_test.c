/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Mesh service as its users have it: custodian, front end and TLS are real; accounts, administrators
 * and devices come over HTTPS.
 */
#include "tests/front/fixture.h"

#include "custodian/mesh/group.h"
#include "custodian/mesh/share_envelope.h"
#include "threshold/agreement.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- accounts --- */

static void an_account_is_bound_once_and_the_same_request_gets_the_same_answer(void **state)
{
    struct mesh_reply first, again;
    struct mesh_party other;
    (void)state;
    char *text = mesh_bind_text(&alice, KC_OBJECT_BindRequest);
    mesh_post(&alice, text, &first);
    mesh_post(&alice, text, &again);
    assert_int_equal(first.status, 201);
    assert_true(first.is_signed);
    assert_string_equal(first.answer.body, again.answer.body);
    assert_true(kc_json_is_there(kc_object_member(&first.opened.object, "EnvelopedReceipts")));
    mesh_reply_done(&first);
    mesh_reply_done(&again);
    free(text);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    mesh_party_new(&other, &service, alice_address, 201, false);
    assert_int_equal(mesh_bind(&other, KC_OBJECT_BindRequest), 409);
    mesh_party_free(&other);
}

static void accounts_are_made_and_deleted_by_the_older_names_too(void **state)
{
    struct mesh_request request;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_CreateRequest), 201);
    mesh_request_begin(&alice, &request, KC_OBJECT_DeleteRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    assert_int_equal(
        mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR)), 201);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
}

static void a_profile_that_another_key_signed_is_not_bound(void **state)
{
    struct mesh_request request;
    (void)state;
    mesh_request_begin(&alice, &request, KC_OBJECT_BindRequest);
    kc_object_write_text(&request.w, "AccountAddress", alice_address);
    kc_object_write_source(&request.w, "EnvelopedProfileAccount", admin_span(alice.c.account_text));
    assert_int_equal(
        mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR)), 401);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
}

static void an_account_that_is_unbound_is_gone_with_its_shares(void **state)
{
    struct mesh_request request;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    agrees(&alice, true);
    mesh_request_begin(&alice, &request, KC_OBJECT_UnbindRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    char *by_device = mesh_request_seal(&alice, &request, MESH_DEVICE);
    assert_int_equal(mesh_send(&alice, by_device), 401); /* not the administrator */
    mesh_request_begin(&alice, &request, KC_OBJECT_UnbindRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    char *text = mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR);
    char *again = strdup(text);
    assert_int_equal(mesh_send(&alice, text), 201);
    assert_int_equal(mesh_send(&alice, again), 201);
    assert_int_equal(
        mesh_decrypt(&alice, alice_address, &alice.device.decrypt, &peer.pair.public, agreed), 401);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
}

/* --- catalogs --- */

static void a_transact_appends_and_says_where(void **state)
{
    struct mesh_reply reply;
    int64_t index = 0;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold,signature=threshold");
    const char *const frames[] = {alice.connected.entries[0], alice.connected.entries[1]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "mmm_access", 1, frames, 2, MESH_ADMINISTRATOR);
    mesh_post(&alice, text, &reply);
    assert_int_equal(reply.status, 201);
    struct kc_json entries = kc_object_member(&reply.opened.object, "Entries");
    assert_int_equal(kc_json_count(entries), 2);
    GOOD(kc_json_integer(kc_json_member(kc_json_item(entries, 1), "IndexContainer"), &index));
    assert_int_equal(index, 2);
    assert_int_equal(kc_json_count(kc_object_member(&reply.opened.object, "EnvelopedReceipts")), 1);
    mesh_reply_done(&reply);
    assert_int_equal(mesh_send(&alice, text), 201); /* the same again: the same answer, no frame */
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
    agrees(&alice, true);
}

static void a_store_that_is_not_as_expected_is_a_conflict_and_nothing_is_done(void **state)
{
    struct mesh_reply reply;
    int64_t index = 0;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    const char *const frames[] = {alice.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", 7, frames, 1, MESH_ADMINISTRATOR);
    mesh_post(&alice, text, &reply);
    free(text);
    assert_int_equal(reply.status, 409);
    assert_true(reply.is_signed);
    struct kc_json now = kc_json_item(kc_object_member(&reply.opened.object, "ContainerStatus"), 0);
    assert_true(kc_json_is_text(kc_json_member(now, "Container"), "MMM_Access"));
    GOOD(kc_json_integer(kc_json_member(now, "Index"), &index));
    assert_int_equal(index, 1);
    mesh_reply_done(&reply);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    agrees(&alice, false); /* the vault was not asked either */
}

/* The vault is asked for each kind of frame by itself; what one of them is refused for undoes none. */
static void a_transact_that_is_refused_revokes_nothing(void **state)
{
    struct mesh_party bob;
    (void)state;
    connect_with_shares(&alice);
    mesh_party_new(&bob, &service, "bob-of-another@example.com", 202, false);
    assert_int_equal(mesh_bind(&bob, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&bob, "encryption=threshold");
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    const char *const frames[] = {deletion, bob.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", -1, frames, 2, MESH_ADMINISTRATOR);
    assert_int_equal(mesh_send(&alice, text), 401); /* bob's administrator signed it */
    agrees(&alice, true);
    char *other = mesh_deletion(&alice, &alice.connected.splits[1]);
    assert_int_equal(mesh_transact(&alice, "MMM_Access", other), 201);
    const char *const late[] = {deletion, alice.connected.entries[1]};
    text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", -1, late, 2, MESH_ADMINISTRATOR);
    assert_int_equal(mesh_send(&alice, text), 403); /* what was revoked does not come back */
    agrees(&alice, true);
    free(other);
    free(deletion);
    mesh_party_free(&bob);
}

static void a_device_uploads_to_a_catalog_and_downloads_it(void **state)
{
    static const char entry[] = "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]";
    const char *const frames[] = {entry};
    struct mesh_request request;
    struct mesh_reply reply;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption");
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_UploadRequest, "MMM_Contact", -1, frames, 1, MESH_DEVICE);
    assert_int_equal(mesh_send(&alice, text), 201);
    mesh_request_begin(&alice, &request, KC_OBJECT_DownloadRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    kc_object_write_list(&request.w, "Select");
    kc_object_write_object(&request.w, NULL, KC_OBJECT_ConstraintsSelect);
    kc_object_write_text(&request.w, "Container", "MMM_Contact");
    kc_object_write_end(&request.w);
    kc_object_write_end(&request.w);
    text = mesh_request_seal(&alice, &request, MESH_DEVICE);
    mesh_post(&alice, text, &reply);
    free(text);
    assert_int_equal(reply.status, 201);
    struct kc_json update = kc_json_item(kc_object_member(&reply.opened.object, "Updates"), 0);
    struct kc_json envelopes = kc_json_member(update, "Envelopes");
    assert_int_equal(kc_json_count(envelopes), 1);
    struct kc_span source = kc_json_source(kc_json_item(envelopes, 0));
    assert_int_equal(source.size, sizeof entry - 1);
    assert_memory_equal(source.bytes, entry, source.size);
    mesh_reply_done(&reply);
}

static void the_access_catalog_is_the_administrators_alone(void **state)
{
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    const char *const frames[] = {alice.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", -1, frames, 1, MESH_DEVICE);
    assert_int_equal(mesh_send(&alice, text), 401);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    agrees(&alice, false);
}

/* Whether a Status that the device, or the administrator, asks for has the device's entry as it is in
 * the catalog. */
static bool status_has_entry(enum mesh_signer signer)
{
    struct mesh_request request;
    struct mesh_reply reply;
    mesh_request_begin(&alice, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    char *text = mesh_request_seal(&alice, &request, signer);
    mesh_post(&alice, text, &reply);
    free(text);
    assert_int_equal(reply.status, 201);
    struct kc_json entry = kc_object_member(&reply.opened.object, "EnvelopedCatalogedDevice");
    bool is_there = kc_json_is_there(entry);
    if (is_there) {
        struct kc_span source = kc_json_source(entry);
        assert_int_equal(source.size, strlen(alice.connected.cataloged));
        assert_memory_equal(source.bytes, alice.connected.cataloged, source.size);
    }
    mesh_reply_done(&reply);
    return is_there;
}

static void a_status_shows_a_device_its_own_entry_of_the_catalog(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    assert_false(status_has_entry(MESH_DEVICE));
    assert_int_equal(mesh_transact(&alice, "MMM_Device", alice.connected.cataloged), 201);
    assert_true(status_has_entry(MESH_DEVICE));
    assert_false(status_has_entry(MESH_ADMINISTRATOR));
}

static void somebody_else_sees_nothing_of_an_account(void **state)
{
    struct mesh_party mallory;
    struct mesh_request request;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_new(&mallory, &service, "mallory@example.com", 221, false);
    assert_int_equal(mesh_bind(&mallory, KC_OBJECT_BindRequest), 201);
    mesh_request_begin(&mallory, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    assert_int_equal(
        mesh_send(&mallory, mesh_request_seal(&mallory, &request, MESH_ADMINISTRATOR)), 401);
    mesh_request_begin(&mallory, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", "nobody@example.com");
    assert_int_equal(
        mesh_send(&mallory, mesh_request_seal(&mallory, &request, MESH_ADMINISTRATOR)), 401);
    mesh_party_free(&mallory);
}

/* --- a group, and a member whose account is another --- */

static void invitation_open(const struct mesh_party *group, const struct mesh_party *member,
    const struct kc_mesh_joined *joined, struct admin_share *share)
{
    uint8_t *octets;
    struct kc_json_document document;
    struct kc_object invitation =
        admin_open(admin_span(joined->invitation), &group->c.administrator.public,
            &member->c.encryption.pair, KC_OBJECT_GroupInvitation, &octets, &document);
    struct kc_object contact = kc_object_inner(&invitation, "Contact");
    struct kc_json network = kc_json_item(kc_object_member(&contact, "NetworkAddresses"), 0);
    struct kc_object capability = kc_object_item(kc_json_member(network, "Capabilities"), 0);
    GOOD(kc_json_text(
        kc_object_member(&capability, "ServiceId"), share->service_id, sizeof share->service_id));
    GOOD(kc_object_key(&capability, "KeyData", &share->own));
    struct kc_mesh_share_terms terms = {.signer = &group->c.administrator.public,
        .key = &member->c.encryption.pair,
        .own = &share->own,
        .now = time(NULL)};
    GOOD(kc_mesh_share_open(
        kc_json_source(kc_json_item(kc_object_member(&capability, "EnvelopedKeyShares"), 0)),
        &terms, &share->share));
    kc_json_done(&document);
    free(octets);
}

/* What is encrypted to the group, its member reads with the group's service, and after it was taken
 * out no more. */
static void a_member_decrypts_what_is_encrypted_to_the_group(void **state)
{
    static const char text[] = "The meeting point is the old lighthouse.";
    struct mesh_party group;
    struct kc_mesh_joined joined;
    struct admin_share share;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    uint8_t agreed[KC_POINT_SIZE_MAX], seed[KC_DARE_SEED_SIZE], plain[256];
    size_t size;
    char *sealed;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption");
    mesh_party_new(&group, &service, "group@example.com", 231, true);
    assert_int_equal(mesh_bind(&group, KC_OBJECT_BindRequest), 201);
    const struct kc_mesh_joining joining = {.group = &group.c.account,
        .group_profile = admin_span(group.c.account_text),
        .member = &alice.c.account,
        .member_profile = admin_span(alice.c.account_text),
        .administrator = &group.c.administrator.pair,
        .encryption = &group.c.encryption.pair,
        .store = &group.c.store.public,
        .provider = &group.c.provider,
        .service_address = ADMIN_SERVICE,
        .epoch = 1};
    GOOD(kc_mesh_group_join(&group.c.source, &joining, &joined));
    assert_int_equal(mesh_transact(&group, "MMM_Member", joined.cataloged), 201);
    assert_int_equal(mesh_transact(&group, "MMM_Access", joined.entry), 201);
    invitation_open(&group, &alice, &joined, &share);

    const struct kc_mesh_letter letter = {.payload = admin_span(text),
        .type = "text",
        .recipients = &group.c.encryption.public,
        .recipient_count = 1};
    GOOD(kc_mesh_envelope_make(&group.c.source, &letter, &sealed, &size));
    GOOD(kc_dare_envelope_read((struct kc_span){(uint8_t *)sealed, size}, envelope));
    const struct kc_dare_recipient *entry = &envelope->recipients[0];
    struct kc_point ephemeral;
    GOOD(kc_point_decode(&ephemeral, KC_CURVE_X448, entry->ephemeral, entry->ephemeral_size));
    assert_int_equal(
        mesh_decrypt(&alice, "group@example.com", &share, &ephemeral, agreed), MESH_DONE);
    GOOD(kc_dare_unwrap_agreed(
        (struct kc_span){agreed, kc_curve_info(KC_CURVE_X448)->agreed_size}, entry->wrapped, seed));
    GOOD(kc_dare_envelope_decrypt(envelope, NULL, seed, plain, &size));
    assert_int_equal(size, sizeof text - 1);
    assert_memory_equal(plain, text, size);

    char *deletion = mesh_deletion(&group, &joined.split);
    assert_int_equal(mesh_transact(&group, "MMM_Access", deletion), 201);
    assert_int_equal(mesh_decrypt(&alice, "group@example.com", &share, &ephemeral, agreed), 401);
    free(deletion);
    free(sealed);
    kc_dare_envelope_done(envelope);
    free(envelope);
    kc_mesh_joined_done(&joined);
    mesh_party_free(&group);
}

/* --- ends and beginnings --- */

static void all_of_it_is_there_after_restarts(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    web_close(&alice.web);
    mesh_service_restart_front(&service, false);
    kc_custodian_stop(&service.custodian);
    kc_custodian_start(&service.custodian);
    web_open(&alice.web, service.front.port, service.front.certificate);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
    agrees_again(&alice);
}

static void without_the_custodian_it_says_so_and_works_again_with_it(void **state)
{
    struct web_answer answer;
    (void)state;
    connect_with_shares(&alice);
    kc_custodian_stop(&service.custodian);
    web_post(&alice.web, HELLO, strlen(HELLO), &answer);
    assert_int_equal(answer.status, 503);
    web_answer_done(&answer);
    kc_custodian_start(&service.custodian);
    agrees_again(&alice);
}

/* The front end is killed while requests are under way; the same requests again, and the state is the
 * one that they ask for. */
static void a_request_that_was_cut_off_is_repeated(void **state)
{
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold,signature=threshold");
    for (size_t i = 0; i < 2; i++) {
        const char *const frames[] = {alice.connected.entries[i]};
        char *text = mesh_transact_text(&alice, KC_OBJECT_TransactRequest, "MMM_Access",
            (int64_t)(1 + i), frames, 1, MESH_ADMINISTRATOR);
        char head[256];
        int size = snprintf(head, sizeof head,
            "POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            "application/json\r\n"
            "Content-Length: %zu\r\n\r\n",
            strlen(text));
        for (useconds_t wait = 0; wait < 8; wait++) {
            assert_true(web_write(&alice.web, head, (size_t)size));
            assert_true(web_write(&alice.web, text, strlen(text)));
            usleep(wait * wait * 400); /* at another of its steps each time */
            web_close(&alice.web);
            mesh_service_restart_front(&service, false);
            web_open(&alice.web, service.front.port, service.front.certificate);
        }
        assert_int_equal(mesh_send(&alice, text), 201);
        assert_int_equal(mesh_frames(&alice, "MMM_Access"), (int64_t)(2 + i));
    }
    agrees(&alice, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_account_is_bound_once_and_the_same_request_gets_the_same_answer),
        CASE(accounts_are_made_and_deleted_by_the_older_names_too),
        CASE(a_profile_that_another_key_signed_is_not_bound),
        CASE(an_account_that_is_unbound_is_gone_with_its_shares),
        CASE(a_transact_appends_and_says_where),
        CASE(a_store_that_is_not_as_expected_is_a_conflict_and_nothing_is_done),
        CASE(a_transact_that_is_refused_revokes_nothing),
        CASE(a_device_uploads_to_a_catalog_and_downloads_it),
        CASE(the_access_catalog_is_the_administrators_alone),
        CASE(a_status_shows_a_device_its_own_entry_of_the_catalog),
        CASE(somebody_else_sees_nothing_of_an_account),
        CASE(a_member_decrypts_what_is_encrypted_to_the_group),
        CASE(all_of_it_is_there_after_restarts),
        CASE(without_the_custodian_it_says_so_and_works_again_with_it),
        CASE(a_request_that_was_cut_off_is_repeated),
    };
    return RUN_WITH_SERVICE(tests);
}
