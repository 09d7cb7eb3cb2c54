/* SPDX-License-Identifier: Apache-2.0 */
/* Split keys used through key-sign and key-agree: what a peer, a courier or a desk can do about it. */
#include "tests/vault/pair.h"

#include <stdlib.h>
#include <string.h>

/* The device's courier asks the service. */
static struct pair *make_pair(const char *algorithm, const char *role)
{
    void *state;
    pair_setup(&state);
    struct pair *pair = state;
    pair_split(pair, algorithm, role);
    pair->device->config.peers[0] =
        (struct kc_config_peer){.name = "service", .keyrings = 3, .deadline_ms = 1000};
    pair->device->config.peer_count = 1;
    pair->device->peer = pair->service;
    return pair;
}

static int setup(void **state)
{
    *state = make_pair("Ed448", "application");
    return 0;
}

static struct ask sign_ask(const struct pair *pair)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_SIGN);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.device);
    ask_octets(&ask, KC_FIELD_MESSAGE, "message", 7);
    return ask;
}

static void expect_sign(const struct pair *pair, enum kc_error error)
{
    struct ask ask = sign_ask(pair);
    bench_expect(pair->device, &ask, error);
}

static uint64_t open_sessions(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_STATUS);
    struct answer *answer = bench_ask(bench, &ask);
    uint64_t count = answer_value(answer, KC_FIELD_SESSIONS)->number;
    answer_done(answer);
    return count;
}

/* --- lies --- */

static uint8_t altered[57];

static void alter(struct kc_vault_message *asked, enum kc_field field, size_t at)
{
    struct kc_span *span = &asked->message.values.value[field].span;
    memcpy(altered, span->bytes, span->size);
    altered[at] ^= 1;
    span->bytes = altered;
}

static void another_share(struct kc_vault_message *asked)
{
    alter(asked, KC_FIELD_SIGNATURE_SHARE, 3);
}

static uint8_t earlier[57];

/* The commitment of another signature of the same share. */
static void an_earlier_commitment(struct kc_vault_message *asked)
{
    struct kc_span *span = &asked->message.values.value[KC_FIELD_COMMITMENT].span;
    memcpy(altered, span->bytes, span->size);
    if (earlier[0] | earlier[1] | earlier[2])
        span->bytes = memcpy(altered, earlier, span->size);
    else
        memcpy(earlier, altered, sizeof earlier);
}

static void a_point_that_is_none(struct kc_vault_message *asked)
{
    struct kc_span *span = &asked->message.values.value[KC_FIELD_COMMITMENT].span;
    memset(altered, 0xff, sizeof altered);
    span->bytes = altered;
}

static void a_short_share(struct kc_vault_message *asked)
{
    asked->message.values.value[KC_FIELD_SIGNATURE_SHARE].span.size--;
}

static void no_share(struct kc_vault_message *asked)
{
    kc_field_set_remove(&asked->message.values.present, KC_FIELD_SIGNATURE_SHARE);
}

static void another_operation(struct kc_vault_message *asked)
{
    kc_message_init(&asked->message, KC_OPERATION_PING);
}

static void an_error(struct kc_vault_message *asked)
{
    asked->error = KC_ERR_ROOT_LOCKOUT;
}

static void a_peer_that_lies_is_found_out_and_nothing_stays_open(void **state)
{
    static const struct {
        void (*lie)(struct kc_vault_message *);
        enum kc_error error;
    } lies[] = {
        {another_share, KC_ERR_CONTRIBUTION},
        {a_point_that_is_none, KC_ERR_POINT_ENCODING},
        {a_short_share, KC_ERR_SCALAR_RANGE},
        {no_share, KC_ERR_PEER_REFUSED},
        {another_operation, KC_ERR_PEER_REFUSED},
        {an_error, KC_ERR_PEER_REFUSED},
    };
    struct pair *pair = *state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        pair->device->peer_lie = lies[i].lie;
        expect_sign(pair, lies[i].error);
        assert_int_equal(open_sessions(pair->device), 0);
        pair->device->peer_lie = NULL;
        expect_sign(pair, KC_OK);
    }
}

static void a_commitment_of_another_signature_is_found_out(void **state)
{
    struct pair *pair = *state;
    memset(earlier, 0, sizeof earlier);
    pair->device->peer_lie = an_earlier_commitment;
    expect_sign(pair, KC_OK);
    expect_sign(pair, KC_ERR_CONTRIBUTION);
}

static void a_split_key_agrees_and_refuses_what_is_no_point(void **state)
{
    (void)state;
    struct pair *pair = make_pair("X25519", "application");
    char *other = bench_generate(pair->device, "X25519", "application", "other");
    struct kc_record *record = bench_record(pair->device, KC_KIND_KEY, other);
    struct ask ask = ask_new(KC_OPERATION_KEY_AGREE);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.device);
    ask_octets(&ask, KC_FIELD_PEER, record->public_key, record->public_size);
    bench_expect(pair->device, &ask, KC_OK);
    struct ask short_one = ask_new(KC_OPERATION_KEY_AGREE);
    ask_text(&short_one, KC_FIELD_KEY, pair->halves.device);
    ask_octets(&short_one, KC_FIELD_PEER, record->public_key, record->public_size - 2u);
    bench_expect(pair->device, &short_one, KC_ERR_POINT_ENCODING);
    free(other);
    void *done = pair;
    pair_teardown(&done);
}

/* --- silence --- */

static void a_silent_peer_is_late_and_the_next_in_line_goes_on(void **state)
{
    struct pair *pair = *state;
    struct ask first = sign_ask(pair), second = sign_ask(pair);
    pair->device->peer = NULL;
    uint64_t asked = bench_send(pair->device, &first);
    bench_pump(pair->device);
    uint64_t waiting = bench_send(pair->device, &second);
    bench_pump(pair->device);
    assert_null(bench_take(pair->device, asked));
    uint64_t over = pair->device->milliseconds + 1500; /* the peer's time and the way */
    assert_true(kc_vault_deadline(pair->device->vault) <= over);
    pair->device->milliseconds = over;
    kc_vault_expire(pair->device->vault);
    struct answer *late = bench_take(pair->device, asked);
    assert_non_null(late);
    assert_string_equal(kc_error_name(late->error), "peer-late");
    answer_done(late);

    pair->device->peer = pair->service; /* the question of the late one is answered as well */
    bench_pump(pair->device);
    struct answer *answer = bench_take(pair->device, waiting);
    assert_non_null(answer);
    assert_string_equal(kc_error_name(answer->error), "ok");
    answer_done(answer);
}

static void answers_that_nobody_asked_for_change_nothing(void **state)
{
    struct pair *pair = *state;
    static struct kc_vault_message asked;
    static uint8_t packet[KC_VAULT_MESSAGE_MAX];
    struct kc_writer w;
    asked = (struct kc_vault_message){.type = KC_VAULT_ASKED, .ticket = 77};
    kc_message_init(&asked.message, KC_OPERATION_SIGNATURE_CONTRIBUTE);
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, &asked), KC_OK);
    assert_int_equal(kc_vault_receive(pair->device->vault, kc_vault_desk(pair->device->vault),
                         packet, w.size, &(struct kc_descriptors){.count = 0}),
        KC_OK);
    expect_sign(pair, KC_OK);
}

/* --- what changes meanwhile --- */

static void disable(const struct pair *pair)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_DISABLE);
    ask_text(&ask, KC_FIELD_KEY, pair->halves.device);
    bench_expect(pair->device, &ask, KC_OK);
}

static void a_key_disabled_while_the_peer_is_asked_signs_nothing(void **state)
{
    struct pair *pair = *state;
    struct ask ask = sign_ask(pair);
    pair->device->peer = NULL;
    uint64_t asked = bench_send(pair->device, &ask);
    bench_pump(pair->device);
    disable(pair);
    pair->device->peer = pair->service;
    bench_pump(pair->device);
    struct answer *answer = bench_take(pair->device, asked);
    assert_non_null(answer);
    assert_string_equal(kc_error_name(answer->error), "refused");
    answer_done(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pair_teardown)
        TEST(a_peer_that_lies_is_found_out_and_nothing_stays_open),
        TEST(a_commitment_of_another_signature_is_found_out),
        TEST(a_silent_peer_is_late_and_the_next_in_line_goes_on),
        TEST(answers_that_nobody_asked_for_change_nothing),
        TEST(a_key_disabled_while_the_peer_is_asked_signs_nothing),
#undef TEST
        cmocka_unit_test(a_split_key_agrees_and_refuses_what_is_no_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
