/* SPDX-License-Identifier: Apache-2.0 */
/* A member of somebody else's group: takes invitations, and decrypts with the group's service. */
#include "tests/vault/roles.h"

#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/opening.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- a member of a group --- */

/* A group of somebody else, who invited the account. */
struct group {
    struct bench *owner;
    struct made made;
    char *invitation;
};

/* Takes the account into the group; the service takes its part. */
static char *invite(struct roles *r, const struct group *group)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_MEMBER_ADD);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group->made.udf);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->account);
    ask_document(&ask, KC_FIELD_DOCUMENT, r->account_profile);
    ask_document(&ask, KC_FIELD_PROFILE, r->service_profile);
    ask_document(&ask, KC_FIELD_RESPONSE, group->made.assignment);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(group->owner, &ask);
    char *transact = document_of(answer, KC_FIELD_REQUEST);
    char *invitation = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_ACCEPT, transact);
    free(transact);
    return invitation;
}

static struct group group_new(struct roles *r)
{
    struct group group = {.owner = roles_custodian_new()};
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_CREATE);
    bench_set_pin(group.owner);
    ask_text(&ask, KC_FIELD_LABEL, "team");
    ask_text(&ask, KC_FIELD_ACCOUNT, GROUP_ADDRESS);
    group.made = roles_make(r, group.owner, &ask);
    roles_enrol(group.owner, "alice", r->account_profile);
    group.invitation = invite(r, &group);
    return group;
}

static void group_done(struct group *group)
{
    bench_free(group->owner);
    made_done(&group->made);
    free(group->invitation);
}

/* The key that the account's own profile names for encryption. */
static const char *member_key(const struct roles *r)
{
    struct kc_mesh_account account;
    GOOD(kc_mesh_account_read(span_of(r->account_profile), NULL, &account));
    for (size_t i = 0; i < r->administrator->record_count; i++) {
        const struct kc_record *record = &r->administrator->records[i];
        if (record->kind == KC_KIND_KEY && record->public_size == account.encryption.size &&
            memcmp(record->public_key, account.encryption.octets, account.encryption.size) == 0)
            return record->id;
    }
    fail_msg("the member has no encryption key");
    return NULL;
}

static struct ask join_ask(const struct roles *r, const struct group *group, const char *document)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_JOIN);
    ask_text(&ask, KC_FIELD_KEY, member_key(r));
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group->made.udf);
    ask_document(&ask, KC_FIELD_DOCUMENT, document);
    ask_text(&ask, KC_FIELD_LABEL, "team");
    return ask;
}

static struct ask join_first_ask(const struct roles *r, const struct group *group)
{
    struct ask ask = join_ask(r, group, group->invitation);
    ask_document(&ask, KC_FIELD_PROFILE, group->made.profile);
    return ask;
}

/* The id of the share that it gave. Given: free. */
static char *join(struct roles *r, struct ask *ask)
{
    struct answer *answer = bench_ask(r->administrator, ask);
    assert_string_equal(answer_text(answer, KC_FIELD_ACCOUNT), GROUP_ADDRESS);
    assert_string_equal(answer_text(answer, KC_FIELD_LABEL), "team");
    char *share = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return share;
}

/* What is encrypted to a group, opened whole with a share and what the service contributes to it. */
static void check_opens(
    struct roles *r, const char *capability, const char *share, const char *profile)
{
    static const char text[] = "for the team";
    uint8_t contribution[KC_POINT_SIZE_MAX], opened[64];
    struct kc_mesh_account group;
    struct kc_mesh_opening opening;
    struct sample_key peer = {0};
    char *document;
    size_t size;
    GOOD(kc_mesh_account_read(span_of(profile), NULL, &group));
    struct kc_mesh_letter letter = {
        .payload = span_of(text), .recipients = &group.encryption, .recipient_count = 1};
    GOOD(kc_mesh_envelope_make(&r->source, &letter, &document, &size));
    GOOD(kc_mesh_opening_read(span_of(document), NULL, &group.encryption, &opening));
    GOOD(kc_mesh_public_key(&opening.ephemeral, &peer.public));
    kc_mesh_opening_done(&opening);
    assert_int_equal(roles_operate(r, capability, &peer, contribution), 201);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_OPEN);
    ask_text(&ask, KC_FIELD_KEY, share);
    ask_document(&ask, KC_FIELD_DOCUMENT, document);
    ask_octets(&ask, KC_FIELD_CONTRIBUTION, contribution, sizeof contribution);
    struct answer *answer = bench_ask(r->administrator, &ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_OUTPUT, opened), strlen(text));
    assert_memory_equal(opened, text, strlen(text));
    answer_done(answer);
    free(document);
}

static void a_member_of_another_account_decrypts_with_the_group_s_service(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    roles_connect(r, "encryption=threshold");
    r->asked = GROUP_ADDRESS;
    struct ask ask = join_first_ask(r, &group);
    char *share = join(r, &ask);
    char *capability = capability_id(r, group.made.udf);
    assert_true(completes(r, capability, r->administrator, share, group.made.profile));
    check_opens(r, capability, share, group.made.profile);
    free(capability);
    free(share);
    group_done(&group);
}

static void a_member_takes_each_invitation_once_and_none_again_after_its_share_is_gone(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    struct ask ask = join_first_ask(r, &group);
    char *share = join(r, &ask);
    ask = join_ask(r, &group, group.invitation);
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    ask = ask_new(KC_OPERATION_KEY_DESTROY);
    ask_text(&ask, KC_FIELD_KEY, share);
    bench_expect(r->administrator, &ask, KC_OK);
    ask = join_ask(r, &group, group.invitation);
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    free(share);
    group_done(&group);
}

/* The new profile is in the invitation, and needs no other word than the administrator's. */
static void a_member_s_share_of_a_rotated_key_takes_the_place_of_the_one_before(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    struct ask ask = join_first_ask(r, &group);
    char *share = join(r, &ask);
    group.owner->seconds += 60;
    r->administrator->seconds += 60;
    r->service->seconds += 60;
    ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group.made.udf);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(group.owner, &ask);
    char *bind = document_of(answer, KC_FIELD_REQUEST);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_ACCOUNT_BIND, bind);
    char *invitation = invite(r, &group);
    ask = join_ask(r, &group, invitation);
    char *next = join(r, &ask);
    assert_string_not_equal(next, share);
    ask = ask_new(KC_OPERATION_KEY_SHOW);
    ask_text(&ask, KC_FIELD_KEY, share);
    answer = bench_ask(r->administrator, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_STATE), "destroyed");
    answer_done(answer);
    ask = join_first_ask(r, &group); /* the profile from before */
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    free(next);
    free(invitation);
    free(bind);
    free(share);
    group_done(&group);
}

static void an_invitation_is_taken_from_a_group_that_is_known_with_the_member_s_key(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    struct ask ask = join_ask(r, &group, group.invitation);
    bench_expect(r->administrator, &ask, KC_ERR_BAD_ARGUMENT);
    ask = join_ask(r, &group, group.invitation);
    ask_document(&ask, KC_FIELD_PROFILE, r->account_profile);
    bench_expect(r->administrator, &ask, KC_ERR_SIGNATURE);
    ask = join_ask(r, &group, r->account_profile);
    ask_document(&ask, KC_FIELD_PROFILE, group.made.profile);
    bench_expect(r->administrator, &ask, KC_ERR_SIGNATURE);
    roles_connect(r, "encryption=threshold"); /* the watch's is a share: it cannot open one */
    ask = join_first_ask(r, &group);
    ask_text(&ask, KC_FIELD_KEY, device_key(r, KC_ROLE_SHARE, KC_USE_AGREE)->id);
    bench_expect(r->device, &ask, KC_ERR_REFUSED);
    r->administrator->seconds += 31 * 86400;
    ask = join_first_ask(r, &group);
    bench_expect(r->administrator, &ask, KC_ERR_REFUSED);
    group_done(&group);
}

static void a_member_that_dies_as_it_joins_has_the_share_or_joins_again(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    for (size_t stored = 0; stored < 2; stored++) {
        bench_open(r->administrator);
        struct ask ask = join_first_ask(r, &group);
        r->administrator->holds_stored = true;
        uint64_t ticket = bench_send(r->administrator, &ask);
        bench_pump(r->administrator);
        assert_null(bench_take(r->administrator, ticket));
        r->administrator->holds_stored = false;
        if (stored == 1)
            bench_store_unheard(r->administrator);
        bench_restart(r->administrator);
    }
    struct ask ask = join_first_ask(r, &group);
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    group_done(&group);
}

#define WITH_ROLES(test) cmocka_unit_test_setup_teardown(test, roles_setup, roles_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROLES(a_member_of_another_account_decrypts_with_the_group_s_service),
        WITH_ROLES(a_member_takes_each_invitation_once_and_none_again_after_its_share_is_gone),
        WITH_ROLES(a_member_s_share_of_a_rotated_key_takes_the_place_of_the_one_before),
        WITH_ROLES(an_invitation_is_taken_from_a_group_that_is_known_with_the_member_s_key),
        WITH_ROLES(a_member_that_dies_as_it_joins_has_the_share_or_joins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
