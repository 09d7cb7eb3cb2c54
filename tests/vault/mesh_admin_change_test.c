/* SPDX-License-Identifier: Apache-2.0 */
/* What all changes of an administrator's vault have in common: who may have them, and a store that is
 * full. */
#include "tests/vault/admin_world.h"

#include <stdlib.h>
#include <string.h>

static void the_policy_decides_of_each_operation(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    bench_allow_only(w->bench, KC_OPERATION_MESH_GROUP_CREATE);
    struct ask ask = activate_ask(w, account, "");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "b", "b@example.com");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = create_ask(w, KC_OPERATION_MESH_GROUP_CREATE, "b", "b@example.com");
    bench_expect(w->bench, &ask, KC_OK);
    free(account);
}

struct deed {
    struct ask (*ask)(const struct world *w, const char *account);
    bool of_group;
    bool needs_holder; /* of something that is there already */
};

static struct ask account_deed(const struct world *w, const char *account)
{
    (void)account;
    return create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "another", "b@example.com");
}

static struct ask activate_deed(const struct world *w, const char *account)
{
    return activate_ask(w, account, "encryption=threshold");
}

static struct ask join_deed(const struct world *w, const char *account)
{
    return join_ask(w, account);
}

static struct ask disconnect_deed(const struct world *w, const char *account)
{
    return remove_ask(
        KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, w->c->device_profile.public.udf);
}

static struct ask remove_deed(const struct world *w, const char *account)
{
    return remove_ask(KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, account, w->bob_profile.public.udf);
}

static struct ask refresh_deed(const struct world *w, const char *account)
{
    return refresh_ask(w, account, w->c->device_profile.public.udf, NULL);
}

static struct ask move_deed(const struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_MOVE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_service(w, &ask);
    ask_pin(&ask);
    return ask;
}

static struct ask close_deed(const struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_CLOSE);
    (void)w;
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_pin(&ask);
    return ask;
}

static struct ask rotate_deed(const struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    (void)w;
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_pin(&ask);
    return ask;
}

static const struct deed deeds[] = {
    {account_deed, false, false},
    {activate_deed, false, false},
    {refresh_deed, false, true},
    {disconnect_deed, false, true},
    {join_deed, true, false},
    {remove_deed, true, true},
    {rotate_deed, true, false},
    {move_deed, false, false},
    {close_deed, false, false},
};

/* What is there before; the account's UDF, given: free. */
static char *before_deed(struct world *w, const struct deed *deed)
{
    char *account = deed->of_group ? world_create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS)
                                   : world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, deed->of_group ? &w->bob_profile : &w->c->device_profile, "holder");
    struct ask ask =
        deed->of_group ? join_ask(w, account) : activate_ask(w, account, "encryption=threshold");
    if (deed->needs_holder)
        bench_expect(w->bench, &ask, KC_OK);
    else
        kc_descriptors_close(&ask.descriptors);
    return account;
}

/* Nothing of it is there, and it works when there is room again. */
static void a_store_that_is_full_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        void *own;
        world_setup(&own);
        struct world *w = own;
        char *account = before_deed(w, &deeds[i]);
        size_t records = w->bench->record_count;
        struct ask ask = deeds[i].ask(w, account);
        w->bench->store_error = KC_ERR_STORE_FULL;
        bench_expect(w->bench, &ask, KC_ERR_STORE_FULL);
        assert_int_equal(w->bench->record_count, records);
        w->bench->store_error = KC_OK;
        ask = deeds[i].ask(w, account);
        bench_expect(w->bench, &ask, KC_OK);
        free(account);
        world_teardown(&own);
    }
}

static void each_of_these_is_the_operator_s_to_allow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        void *own;
        world_setup(&own);
        struct world *w = own;
        char *account = before_deed(w, &deeds[i]);
        struct ask ask = deeds[i].ask(w, account);
        ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
        bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
        free(account);
        world_teardown(&own);
    }
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(the_policy_decides_of_each_operation),
        cmocka_unit_test(a_store_that_is_full_changes_nothing),
        cmocka_unit_test(each_of_these_is_the_operator_s_to_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
