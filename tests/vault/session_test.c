/* SPDX-License-Identifier: Apache-2.0 */
/* Open commitments: one per share, its own connection's, used once, and over in time. */
#include "tests/vault/bench_parts.h"
#include "tests/vault/pair.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int setup(void **state)
{
    pair_setup(state);
    pair_split(*state, "Ed25519", "application");
    return 0;
}

static struct ask commit_ask(const struct pair *pair, const char *message)
{
    struct ask ask = ask_new(KC_OPERATION_SIGNATURE_COMMIT);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.device);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, strlen(message));
    return ask;
}

/* An open session, and the commitment that goes with it. */
struct opened {
    uint8_t session[16], commitment[32];
};

static struct opened take_opened(struct answer *answer)
{
    struct opened opened;
    assert_non_null(answer);
    memcpy(opened.session, answer_value(answer, KC_FIELD_SESSION)->span.bytes, 16);
    memcpy(opened.commitment, answer_value(answer, KC_FIELD_COMMITMENT)->span.bytes, 32);
    answer_done(answer);
    return opened;
}

static struct opened open_session(struct pair *pair, const char *message)
{
    struct ask ask = commit_ask(pair, message);
    return take_opened(bench_ask(pair->device, &ask));
}

/* What the service answers to a commitment. */
struct contribution {
    uint8_t commitment[32], share[32];
};

static struct contribution contribute(
    struct pair *pair, const struct opened *opened, const char *message)
{
    struct contribution made;
    struct ask ask = ask_new(KC_OPERATION_SIGNATURE_CONTRIBUTE);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.service);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, strlen(message));
    ask_octets(&ask, KC_FIELD_COMMITMENT, opened->commitment, 32);
    struct answer *answer = bench_ask(pair->service, &ask);
    memcpy(made.commitment, answer_value(answer, KC_FIELD_COMMITMENT)->span.bytes, 32);
    memcpy(made.share, answer_value(answer, KC_FIELD_SIGNATURE_SHARE)->span.bytes, 32);
    answer_done(answer);
    return made;
}

static struct ask finish_ask(
    const struct pair *pair, const struct opened *opened, const struct contribution *contribution)
{
    struct ask ask = ask_new(KC_OPERATION_SIGNATURE_FINISH);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.device);
    ask_octets(&ask, KC_FIELD_SESSION, opened->session, 16);
    ask_octets(&ask, KC_FIELD_COMMITMENT, contribution->commitment, 32);
    ask_octets(&ask, KC_FIELD_SIGNATURE_SHARE, contribution->share, 32);
    return ask;
}

static void finish(struct pair *pair, const struct opened *opened,
    const struct contribution *contribution, enum kc_error error)
{
    struct ask ask = finish_ask(pair, opened, contribution);
    bench_expect(pair->device, &ask, error);
}

static void abort_session(struct pair *pair, const struct opened *opened, enum kc_error error)
{
    struct ask ask = ask_new(KC_OPERATION_SIGNATURE_ABORT);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.device);
    ask_octets(&ask, KC_FIELD_SESSION, opened->session, 16);
    bench_expect(pair->device, &ask, error);
}

static void a_session_is_finished_once(void **state)
{
    struct pair *pair = *state;
    struct opened opened = open_session(pair, "m");
    struct contribution contribution = contribute(pair, &opened, "m");
    finish(pair, &opened, &contribution, KC_OK);
    finish(pair, &opened, &contribution, KC_ERR_SESSION);
    abort_session(pair, &opened, KC_ERR_SESSION);
}

/* The desk has stored a change to the share, and brings what it stored before the vault has heard of it. */
static void a_session_outlives_a_change_to_its_share_that_is_on_its_way(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    struct opened opened = open_session(pair, "m");
    struct contribution contribution = contribute(pair, &opened, "m");
    struct ask update = key_ask(KC_OPERATION_KEY_UPDATE, pair->halves.device);
    ask_text(&update, KC_FIELD_LABEL, "renamed");
    device->holds_stored = true;
    uint64_t updating = bench_send(device, &update);
    bench_pump(device);
    bench_store_unheard(device);
    device->holds_stored = false;
    struct ask ask = finish_ask(pair, &opened, &contribution);
    uint64_t finishing = bench_send(device, &ask);
    bench_pump(device);
    assert_null(bench_take(device, finishing));
    const struct kc_vault_message stored = {.type = KC_VAULT_STORED, .error = KC_OK};
    bench_give_packet(device, &stored, &(struct kc_descriptors){.count = 0});
    struct answer *updated = bench_take(device, updating), *answer = bench_take(device, finishing);
    assert_non_null(updated);
    assert_non_null(answer);
    assert_string_equal(kc_error_name(updated->error), "ok");
    assert_string_equal(kc_error_name(answer->error), "ok");
    answer_done(updated);
    answer_done(answer);
}

static void a_wrong_contribution_ends_the_session(void **state)
{
    struct pair *pair = *state;
    struct opened opened = open_session(pair, "m");
    struct contribution good = contribute(pair, &opened, "m"), bad = good;
    bad.share[0] ^= 1;
    finish(pair, &opened, &bad, KC_ERR_CONTRIBUTION);
    finish(pair, &opened, &good, KC_ERR_SESSION);
}

static void a_contribution_to_another_message_is_found_out(void **state)
{
    struct pair *pair = *state;
    struct opened opened = open_session(pair, "m");
    struct contribution other = contribute(pair, &opened, "n");
    finish(pair, &opened, &other, KC_ERR_CONTRIBUTION);
}

static void an_aborted_session_is_over(void **state)
{
    struct pair *pair = *state;
    struct opened opened = open_session(pair, "m");
    struct contribution contribution = contribute(pair, &opened, "m");
    abort_session(pair, &opened, KC_OK);
    finish(pair, &opened, &contribution, KC_ERR_SESSION);
}

static void who_comes_second_waits_until_the_first_is_done(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    struct opened first = open_session(pair, "m");
    struct ask ask = commit_ask(pair, "n");
    uint64_t ticket = bench_send(device, &ask);
    bench_pump(device);
    assert_null(bench_take(device, ticket));
    struct contribution contribution = contribute(pair, &first, "m");
    finish(pair, &first, &contribution, KC_OK);
    struct opened second = take_opened(bench_take(device, ticket));
    contribution = contribute(pair, &second, "n");
    finish(pair, &second, &contribution, KC_OK);
}

static void who_waits_too_long_is_told_so(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    device->config.limits.session_deadline_ms = 60000;
    struct opened first = open_session(pair, "m");
    struct ask ask = commit_ask(pair, "n");
    device->milliseconds += 1000; /* what there is to anchor is anchored */
    kc_vault_expire(device->vault);
    uint64_t ticket = bench_send(device, &ask);
    assert_int_equal(kc_vault_deadline(device->vault),
        device->milliseconds + device->config.limits.session_wait_ms);
    device->milliseconds += device->config.limits.session_wait_ms;
    kc_vault_expire(device->vault);
    struct answer *answer = bench_take(device, ticket);
    assert_non_null(answer);
    assert_int_equal(answer->error, KC_ERR_SESSION_WAIT);
    answer_done(answer);
    abort_session(pair, &first, KC_OK);
}

static void the_deadline_closes_a_session_and_the_next_goes_on(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    device->config.limits.session_wait_ms = 60000;
    struct opened first = open_session(pair, "m");
    struct contribution contribution = contribute(pair, &first, "m");
    struct ask ask = commit_ask(pair, "n");
    uint64_t ticket = bench_send(device, &ask);
    device->milliseconds += device->config.limits.session_deadline_ms - 1;
    kc_vault_expire(device->vault);
    assert_null(bench_take(device, ticket));
    device->milliseconds++;
    kc_vault_expire(device->vault);
    struct opened second = take_opened(bench_take(device, ticket));
    finish(pair, &first, &contribution, KC_ERR_SESSION);
    abort_session(pair, &second, KC_OK);
    assert_true(kc_vault_deadline(device->vault) > /* no session's any more */
                device->milliseconds + device->config.limits.session_deadline_ms);
}

static void a_session_is_its_connections_own(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    struct opened opened = open_session(pair, "m");
    struct contribution contribution = contribute(pair, &opened, "m");
    uint64_t first = device->connection;
    int client = device->client;
    bench_connect(device);
    finish(pair, &opened, &contribution, KC_ERR_SESSION);
    abort_session(pair, &opened, KC_ERR_SESSION);
    close(device->client);
    device->connection = first;
    device->client = client;
    finish(pair, &opened, &contribution, KC_OK);
}

static void a_client_that_hangs_up_loses_its_sessions_and_its_credentials(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    (void)open_session(pair, "m");
    uint64_t first = device->connection;
    close(device->client);
    bench_connect(device);
    struct ask ask = commit_ask(pair, "n");
    uint64_t ticket = bench_send(device, &ask);
    assert_null(bench_take(device, ticket));
    kc_vault_hangups(device->vault);
    struct opened second = take_opened(bench_take(device, ticket));
    abort_session(pair, &second, KC_OK);
    uint64_t now = device->connection;
    device->connection = first;
    struct ask late = commit_ask(pair, "o");
    bench_expect(device, &late, KC_ERR_REFUSED);
    device->connection = now;
}

static void a_disabled_share_loses_its_session(void **state)
{
    struct pair *pair = *state;
    struct opened opened = open_session(pair, "m");
    struct contribution contribution = contribute(pair, &opened, "m");
    struct ask disable = ask_new(KC_OPERATION_KEY_DISABLE);
    ask_text(&disable, KC_FIELD_KEY, pair->halves.device);
    bench_expect(pair->device, &disable, KC_OK);
    finish(pair, &opened, &contribution, KC_ERR_REFUSED);
    struct ask again = commit_ask(pair, "m");
    bench_expect(pair->device, &again, KC_ERR_REFUSED);
    struct ask enable = ask_new(KC_OPERATION_KEY_ENABLE);
    ask_text(&enable, KC_FIELD_KEY, pair->halves.device);
    bench_expect(pair->device, &enable, KC_OK);
    finish(pair, &opened, &contribution, KC_ERR_SESSION);
}

static void a_new_desk_gets_no_answer_to_what_the_old_one_asked(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    size_t before = kc_arena_figures().used;
    (void)open_session(pair, "m");
    struct ask ask = commit_ask(pair, "n");
    uint64_t ticket = bench_send(device, &ask);
    kc_vault_desk_gone(device->vault);
    kc_vault_expire(device->vault);
    assert_null(bench_take(device, ticket));
    assert_int_equal(kc_arena_figures().used, before);
    kc_descriptors_close(&ask.descriptors);
    struct ask refused = commit_ask(pair, "m");
    bench_expect(device, &refused, KC_ERR_REFUSED);
    close(device->client);
    bench_connect(device);
    struct opened again = open_session(pair, "m");
    abort_session(pair, &again, KC_OK);
}

static void a_scheme_is_plain_or_ctx_or_ph(void **state)
{
    struct pair *pair = *state;
    static const struct {
        const char *scheme, *context;
        enum kc_error error;
    } cases[] = {{"plain", NULL, KC_OK}, {"plain", "", KC_OK}, {NULL, "", KC_OK},
        {"ctx", NULL, KC_OK}, {"ctx", "c", KC_OK}, {"ph", NULL, KC_OK}, {"ph", "c", KC_OK},
        {"plain", "c", KC_ERR_BAD_ARGUMENT}, {NULL, "c", KC_ERR_BAD_ARGUMENT},
        {"raw", NULL, KC_ERR_BAD_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ask ask = commit_ask(pair, "m");
        if (cases[i].scheme)
            ask_text(&ask, KC_FIELD_SCHEME, cases[i].scheme);
        if (cases[i].context)
            ask_octets(&ask, KC_FIELD_CONTEXT, cases[i].context, strlen(cases[i].context));
        struct answer *answer = bench_ask(pair->device, &ask);
        assert_int_equal(answer->error, cases[i].error);
        if (cases[i].error != KC_OK) {
            answer_done(answer);
            continue;
        }
        struct opened opened = take_opened(answer);
        abort_session(pair, &opened, KC_OK);
    }
}

static void an_ended_session_leaves_nothing_in_the_arena(void **state)
{
    struct pair *pair = *state;
    struct opened warm = open_session(pair, "m");
    abort_session(pair, &warm, KC_OK);
    size_t before = kc_arena_figures().used;
    struct opened opened = open_session(pair, "m");
    assert_true(kc_arena_figures().used > before);
    struct contribution contribution = contribute(pair, &opened, "m");
    finish(pair, &opened, &contribution, KC_OK);
    assert_int_equal(kc_arena_figures().used, before);
}

static void stopping_waits_for_those_in_line(void **state)
{
    struct pair *pair = *state;
    struct bench *device = pair->device;
    (void)open_session(pair, "m");
    struct ask ask = commit_ask(pair, "n");
    uint64_t ticket = bench_send(device, &ask);
    assert_false(kc_vault_stop(device->vault));
    struct ask late = ask_new(KC_OPERATION_PING);
    bench_expect(device, &late, KC_ERR_STOPPING);
    device->milliseconds += 60000;
    kc_vault_expire(device->vault);
    answer_done(bench_take(device, ticket));
    assert_true(kc_vault_stop(device->vault));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_session_is_finished_once),
        CASE(a_session_outlives_a_change_to_its_share_that_is_on_its_way),
        CASE(a_wrong_contribution_ends_the_session),
        CASE(a_contribution_to_another_message_is_found_out),
        CASE(an_aborted_session_is_over),
        CASE(who_comes_second_waits_until_the_first_is_done),
        CASE(who_waits_too_long_is_told_so),
        CASE(the_deadline_closes_a_session_and_the_next_goes_on),
        CASE(a_session_is_its_connections_own),
        CASE(a_client_that_hangs_up_loses_its_sessions_and_its_credentials),
        CASE(a_disabled_share_loses_its_session),
        CASE(a_new_desk_gets_no_answer_to_what_the_old_one_asked),
        CASE(a_scheme_is_plain_or_ctx_or_ph),
        CASE(an_ended_session_leaves_nothing_in_the_arena),
        CASE(stopping_waits_for_those_in_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
