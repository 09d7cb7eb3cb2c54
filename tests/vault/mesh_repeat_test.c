/* SPDX-License-Identifier: Apache-2.0 */
/* A request to the service that was not delivered in time is signed again: if it is what the account
 * and the holder are by now, and not if something came after that took it back. */
#include "tests/vault/admin_world.h"

#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

/* A request as it was answered; its text is owned. */
struct made {
    char *text;
    size_t size;
};

static struct made made_by(struct world *w, struct ask ask)
{
    struct made made;
    struct answer *answer = bench_ask(w->bench, &ask);
    made.text = answer_octets(answer, KC_FIELD_REQUEST, &made.size);
    answer_done(answer);
    return made;
}

static struct ask repeat_ask(const char *account, const char *holder, const struct made *made)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_REPEAT);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    if (holder)
        ask_text(&ask, KC_FIELD_RECIPIENT, holder);
    ask_octets(&ask, KC_FIELD_REQUEST, made->text, made->size);
    ask_pin(&ask);
    return ask;
}

static void check_repeats(
    struct world *w, const char *account, const char *holder, const struct made *made)
{
    size_t size;
    struct ask ask = repeat_ask(account, holder, made);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *again = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    assert_memory_not_equal(again, made->text, made->size);
    struct kc_signed_object request;
    assert_int_equal(kc_signed_object_open((struct kc_span){(uint8_t *)again, size}, size,
                         holder ? KC_OBJECT_TransactRequest : KC_OBJECT_BindRequest,
                         holder ? &w->c->account.administrator : &w->c->account.profile,
                         kc_mesh_verify, &request),
        KC_OK);
    kc_signed_object_done(&request);
    free(again);
    answer_done(answer);
}

static void check_is_old(
    struct world *w, const char *account, const char *holder, const struct made *made)
{
    struct ask ask = repeat_ask(account, holder, made);
    bench_expect(w->bench, &ask, KC_ERR_EPOCH);
}

static void what_made_a_device_what_it_is_is_signed_again(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct made connected = made_by(w, activate_ask(w, account, "encryption=threshold,generate"));
    check_repeats(w, account, udf, &connected);
    struct made refreshed = made_by(w, refresh_ask(w, account, udf, NULL));
    check_repeats(w, account, udf, &connected); /* the service needs one after the other */
    check_repeats(w, account, udf, &refreshed);
    struct made gone = made_by(w, remove_ask(KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, udf));
    check_repeats(w, account, udf, &gone);
    check_is_old(w, account, udf, &connected);
    check_is_old(w, account, udf, &refreshed);
    struct made anew = made_by(w, activate_ask(w, account, ""));
    check_repeats(w, account, udf, &anew);
    check_is_old(w, account, udf, &connected);
    check_is_old(w, account, udf, &gone); /* it would take the device off */
    free(connected.text);
    free(refreshed.text);
    free(gone.text);
    free(anew.text);
    free(account);
}

static void the_oldest_of_many_requests_is_forgotten(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct made connected = made_by(w, activate_ask(w, account, "encryption=threshold"));
    struct made first = made_by(w, refresh_ask(w, account, udf, NULL));
    for (size_t i = 0; i < 7; i++)
        free(made_by(w, refresh_ask(w, account, udf, NULL)).text);
    check_is_old(w, account, udf, &connected);
    check_repeats(w, account, udf, &first);
    free(connected.text);
    free(first.text);
    free(account);
}

static void an_account_is_bound_by_the_profile_that_it_has_now(void **state)
{
    struct world *w = *state;
    size_t size;
    struct ask ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    struct answer *answer = bench_ask(w->bench, &ask);
    struct made bind = {.text = answer_octets(answer, KC_FIELD_REQUEST, &bind.size)};
    char *account = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    answer_done(answer);
    check_repeats(w, account, NULL, &bind);
    ask = ask_new(KC_OPERATION_MESH_ACCOUNT_MOVE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_service(w, &ask);
    ask_pin(&ask);
    struct made moved = made_by(w, ask);
    check_repeats(w, account, NULL, &moved);
    check_is_old(w, account, NULL, &bind);
    free(bind.text);
    free(moved.text);
    free(account);
}

static void nothing_but_its_own_is_signed_again(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct made made = made_by(w, activate_ask(w, account, "encryption=threshold"));
    struct ask ask = repeat_ask(account, w->bob_profile.public.udf, &made);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = repeat_ask(account, NULL, &made); /* the profile's key signs no Transact */
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    ask = repeat_ask(account, udf, &made);
    ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
    bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
    made.text[made.size / 2] ^= 1;
    ask = repeat_ask(account, udf, &made);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_int_not_equal(answer->error, KC_OK);
    answer_done(answer);
    free(made.text);
    free(account);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(what_made_a_device_what_it_is_is_signed_again),
        IN_A_WORLD(the_oldest_of_many_requests_is_forgotten),
        IN_A_WORLD(an_account_is_bound_by_the_profile_that_it_has_now),
        IN_A_WORLD(nothing_but_its_own_is_signed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
