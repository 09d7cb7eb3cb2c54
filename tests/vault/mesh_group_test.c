/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of an administrator's vault, and their members. */
#include "tests/vault/admin_world.h"

#include "custodian/mesh/group.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- groups --- */

static void a_member_gets_a_share_and_another_after_the_key_was_rotated(void **state)
{
    struct world *w = *state;
    size_t size;
    char *group = world_create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    assert_int_equal(w->c->account.signature.size, 0);
    enrol(w, &w->bob_profile, "bob");
    struct ask ask = join_ask(w, group);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 2);
    struct admin_service *service = admin_service_new(w->c, &w->c->account);
    accept_frame(w, answer, 0, service);
    assert_true(service->capabilities[0].has_member);
    assert_string_equal(service->capabilities[0].grantee, w->bob_profile.public.udf);
    answer_done(answer);
    ask = join_ask(w, group);
    bench_expect(w->bench, &ask, KC_ERR_EXISTS);
    struct kc_public_key before = w->c->account.encryption;
    int64_t made = w->c->account.updated;
    ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_pin(&ask);
    answer = bench_ask(w->bench, &ask);
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    assert_string_equal(w->c->account.udf, group);
    assert_false(kc_public_key_equal(&before, &w->c->account.encryption));
    assert_true(w->c->account.updated > made); /* in the same second: a service takes no other */
    answer_done(answer);
    ask = refresh_ask(w, group, w->bob_profile.public.udf, NULL);
    ask_number(&ask, KC_FIELD_FORCE, 1);
    bench_expect(w->bench, &ask, KC_ERR_CONFLICT); /* of the key before */
    ask = join_ask(w, group);
    answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 3); /* the old share is taken away */
    accept_frame(w, answer, 1, service);
    assert_memory_equal(service->capabilities[1].group, w->c->account.encryption.octets, 57);
    assert_int_equal(service->capabilities[1].epoch, 2);
    answer_done(answer);
    admin_service_free(service);
    free(group);
}

static void a_member_is_the_one_that_was_enrolled_with_a_profile_not_older(void **state)
{
    struct world *w = *state;
    size_t size;
    char *text, *newer;
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_account_keys keys = {.profile = &w->bob_profile.pair,
        .administrator = &w->c->administrator.pair,
        .encryption = &w->c->store.pair};
    char *group = world_create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    struct ask ask = join_ask(w, group);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    enrol(w, &w->bob_profile, "bob");
    enrol(w, &w->c->device_profile, "device");
    ask = join_ask(w, group);
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_profile.public.udf);
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    source.now += 100;
    GOOD(kc_mesh_profile_make(&source, false, &keys, ADDRESS, NULL, &newer, &size));
    source.now -= 1000;
    GOOD(kc_mesh_profile_make(&source, false, &keys, ADDRESS, NULL, &text, &size));
    ask = join_ask(w, group);
    ask_octets(&ask, KC_FIELD_DOCUMENT, newer, strlen(newer));
    bench_expect(w->bench, &ask, KC_OK);
    ask = remove_ask(KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, group, w->bob_profile.public.udf);
    struct answer *answer = bench_ask(w->bench, &ask);
    free(frame_at(w, answer, 0, "MMM_Access"));
    free(frame_at(w, answer, 1, "MMM_Member"));
    answer_done(answer);
    ask = join_ask(w, group);
    ask_octets(&ask, KC_FIELD_DOCUMENT, text, strlen(text));
    bench_expect(w->bench, &ask, KC_ERR_CONFLICT);
    free(text);
    free(newer);
    free(group);
}

static void a_group_is_no_account_of_a_person_and_the_other_way_round(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->bob_profile, "bob");
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = join_ask(w, account);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    free(account);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_member_gets_a_share_and_another_after_the_key_was_rotated),
        IN_A_WORLD(a_member_is_the_one_that_was_enrolled_with_a_profile_not_older),
        IN_A_WORLD(a_group_is_no_account_of_a_person_and_the_other_way_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
