/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's PIN: counted before it is compared, whatever the desk says; and the recipients. */
#include "tests/vault/bench.h"

#include <stdlib.h>
#include <string.h>

static struct ask pin_ask(const char *old, const char *new)
{
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    if (old)
        ask_secret(&ask, KC_FIELD_PIN, old, strlen(old));
    ask_secret(&ask, KC_FIELD_NEW_PIN, new, strlen(new));
    return ask;
}

static void expect(struct bench *bench, const char *old, const char *new, enum kc_error error)
{
    struct ask ask = pin_ask(old, new);
    bench_expect(bench, &ask, error);
}

static struct kc_record *operator_record(struct bench *bench)
{
    struct kc_record *record = bench_record(bench, KC_KIND_OPERATOR, KC_RECORD_ID_OPERATOR);
    assert_non_null(record);
    return record;
}

static void the_first_pin_is_set_by_whom_the_policy_allows(void **state)
{
    struct bench *bench = *state;
    bench_allow_only(bench, KC_OPERATION_RECIPIENT_ADD);
    expect(bench, NULL, BENCH_PIN, KC_ERR_REFUSED);
    bench_allow_only(bench, KC_OPERATION_OPERATOR_PIN);
    expect(bench, NULL, BENCH_PIN, KC_OK);
    assert_int_equal(operator_record(bench)->version, 1);
}

static void a_pin_is_changed_with_the_old_one_only(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    expect(bench, NULL, "another pin", KC_ERR_OPERATOR_PROOF);
    expect(bench, "not the pin", "another pin", KC_ERR_OPERATOR_PROOF);
    expect(bench, BENCH_PIN, "another pin", KC_OK);
    expect(bench, BENCH_PIN, "a third pin", KC_ERR_OPERATOR_PROOF);
    expect(bench, "another pin", "a third pin", KC_OK);
}

static void a_pin_has_8_to_64_octets(void **state)
{
    struct bench *bench = *state;
    char longest[66];
    memset(longest, 'x', sizeof longest);
    longest[65] = 0;
    expect(bench, NULL, "1234567", KC_ERR_BAD_ARGUMENT);
    expect(bench, NULL, longest, KC_ERR_BAD_ARGUMENT);
    longest[64] = 0;
    expect(bench, NULL, longest, KC_OK);
    expect(bench, longest, "12345678", KC_OK);
}

static void a_try_is_stored_before_it_is_compared(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    bench->store_error = KC_ERR_STORE_READ_ONLY;
    expect(bench, "not the pin", "another pin", KC_ERR_STORE_READ_ONLY);
    expect(bench, BENCH_PIN, "another pin", KC_ERR_STORE_READ_ONLY);
    bench->store_error = KC_OK;
    expect(bench, "not the pin", "another pin", KC_ERR_OPERATOR_PROOF);
    assert_int_equal(operator_record(bench)->failures, 1);
    expect(bench, BENCH_PIN, "another pin", KC_OK);
    assert_int_equal(operator_record(bench)->failures, 0);
}

static void the_wait_grows_and_is_kept_over_a_restart(void **state)
{
    struct bench *bench = *state;
    static const uint64_t waits[] = {
        0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600};
    bench_set_pin(bench);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        expect(bench, "not the pin", "another pin", KC_ERR_OPERATOR_PROOF);
        uint64_t until = operator_record(bench)->wait_until;
        assert_int_equal(until, waits[i] ? bench->seconds + waits[i] : 0);
        if (waits[i] == 0)
            continue;
        bench_restart(bench);
        expect(bench, BENCH_PIN, "another pin", KC_ERR_OPERATOR_WAIT);
        bench->seconds = until - 1;
        expect(bench, BENCH_PIN, "another pin", KC_ERR_OPERATOR_WAIT);
        bench->seconds = until;
    }
    expect(bench, BENCH_PIN, "another pin", KC_OK);
    assert_int_equal(operator_record(bench)->wait_until, 0);
}

static void a_refused_try_says_how_long_to_wait(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    for (int i = 0; i < 3; i++)
        expect(bench, "not the pin", "another pin", KC_ERR_OPERATOR_PROOF);
    struct ask ask = pin_ask(BENCH_PIN, "another pin");
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer->error, KC_ERR_OPERATOR_WAIT);
    assert_true(kc_values_text_is(&answer->in.message.values, KC_FIELD_DETAIL, "wait 1 seconds"));
    answer_done(answer);
}

/* --- a desk that wants more tries than it is given --- */

static struct kc_record kept;

static void play_old_operator(struct bench *bench, struct kc_vault_message *request)
{
    static uint8_t packed[KC_RECORD_SIZE_MAX];
    struct kc_writer w;
    (void)bench;
    kc_writer_init(&w, packed, sizeof packed);
    kc_record_pack(&w, &kept);
    request->records[0] = (struct kc_span){packed, w.size};
    request->record_count = 1;
}

static void an_old_count_played_again_is_not_taken(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    kept = *operator_record(bench);
    bench->lie = play_old_operator;
    expect(bench, "not the pin", "another pin", KC_ERR_OPERATOR_PROOF);
    expect(bench, BENCH_PIN, "another pin", KC_ERR_RECORD_DAMAGED);
    bench->lie = NULL;
    expect(bench, BENCH_PIN, "another pin", KC_OK);
}

static void tries_that_are_only_said_to_be_stored_count(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    bench->lies_about_storing = true;
    expect(bench, "not the pin", "another pin", KC_ERR_OPERATOR_PROOF);
    expect(bench, BENCH_PIN, "another pin", KC_ERR_RECORD_DAMAGED);
}

static void of_tries_at_the_same_time_one_is_compared(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    bench->holds_stored = true;
    struct ask first = pin_ask("not the pin", "another pin"),
               second = pin_ask(BENCH_PIN, "another pin");
    uint64_t a = bench_send(bench, &first), b = bench_send(bench, &second);
    struct answer *refused = bench_take(bench, b);
    assert_non_null(refused);
    assert_int_equal(refused->error, KC_ERR_CONFLICT);
    bench->holds_stored = false;
    bench_pump(bench);
    struct answer *wrong = bench_take(bench, a);
    assert_non_null(wrong);
    assert_int_equal(wrong->error, KC_ERR_OPERATOR_PROOF);
    answer_done(refused);
    answer_done(wrong);
}

static void hide_operator(struct bench *bench, struct kc_vault_message *request)
{
    (void)bench;
    size_t left = 0;
    for (size_t i = 0; i < request->record_count; i++) {
        struct kc_record record;
        assert_int_equal(kc_record_unpack(request->records[i], &record), KC_OK);
        if (record.kind != KC_KIND_OPERATOR)
            request->records[left++] = request->records[i];
    }
    request->record_count = left;
}

static void hiding_the_operator_does_not_make_another(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    bench->lie = hide_operator;
    expect(bench, NULL, "another pin", KC_ERR_RECORD_DAMAGED);
    bench_restart(bench);
    expect(bench, NULL, "another pin", KC_ERR_RECORD_DAMAGED);
}

/* --- recipients --- */

/* The wrap key of another custodian. */
static struct kc_record make_wrap(void)
{
    struct bench *other = bench_new();
    char *wrap = bench_generate(other, "X448", "wrap", "w");
    struct kc_record record = *bench_record(other, KC_KIND_KEY, wrap);
    free(wrap);
    bench_free(other);
    return record;
}

static struct ask recipient_ask(const struct kc_record *record, const char *pin)
{
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, "service");
    ask_text(&ask, KC_FIELD_ALGORITHM, "X448");
    ask_octets(&ask, KC_FIELD_PUBLIC, record->public_key, record->public_size);
    ask_secret(&ask, KC_FIELD_PIN, pin, strlen(pin));
    return ask;
}

static struct ask remove_ask(const char *id)
{
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_REMOVE);
    ask_text(&ask, KC_FIELD_RECIPIENT, id);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    return ask;
}

static size_t count_listed(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_LIST);
    struct answer *answer = bench_ask(bench, &ask);
    size_t count = answer->in.message.item_count;
    answer_done(answer);
    return count;
}

static void a_recipient_is_enrolled_removed_and_enrolled_again(void **state)
{
    struct bench *bench = *state;
    const struct kc_record wrap = make_wrap();
    struct ask without = recipient_ask(&wrap, BENCH_PIN);
    bench_expect(bench, &without, KC_ERR_OPERATOR_PROOF);
    bench_set_pin(bench);
    struct ask wrong = recipient_ask(&wrap, "not the pin");
    bench_expect(bench, &wrong, KC_ERR_OPERATOR_PROOF);
    struct ask first = recipient_ask(&wrap, BENCH_PIN);
    bench_expect(bench, &first, KC_OK);
    assert_int_equal(count_listed(bench), 1);
    struct ask again = recipient_ask(&wrap, BENCH_PIN);
    bench_expect(bench, &again, KC_ERR_EXISTS);
    struct ask remove = remove_ask(wrap.id);
    bench_expect(bench, &remove, KC_OK);
    assert_int_equal(count_listed(bench), 0);
    struct ask gone = remove_ask(wrap.id);
    bench_expect(bench, &gone, KC_ERR_REFUSED);
    struct ask anew = recipient_ask(&wrap, BENCH_PIN);
    bench_expect(bench, &anew, KC_OK);
    assert_int_equal(count_listed(bench), 1);
}

static void a_wrap_key_of_its_own_is_no_recipient(void **state)
{
    struct bench *bench = *state;
    char *wrap = bench_generate(bench, "X448", "wrap", "w");
    bench_set_pin(bench);
    struct ask ask = recipient_ask(bench_record(bench, KC_KIND_KEY, wrap), BENCH_PIN);
    bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT);
    assert_int_equal(count_listed(bench), 0);
    free(wrap);
}

static void who_has_no_pin_does_not_learn_which_recipients_there_are(void **state)
{
    struct bench *bench = *state;
    const struct kc_record wrap = make_wrap(), other = make_wrap();
    bench_set_pin(bench);
    struct ask add = recipient_ask(&wrap, BENCH_PIN);
    bench_expect(bench, &add, KC_OK);
    struct ask guess = recipient_ask(&wrap, "not the pin");
    bench_expect(bench, &guess, KC_ERR_OPERATOR_PROOF);
    struct ask remove = ask_new(KC_OPERATION_RECIPIENT_REMOVE);
    ask_text(&remove, KC_FIELD_RECIPIENT, other.id);
    ask_secret(&remove, KC_FIELD_PIN, "not the pin", strlen("not the pin"));
    bench_expect(bench, &remove, KC_ERR_OPERATOR_PROOF);
    for (int i = 0; i < 5; i++) { /* a right PIN is no wrong one, whatever comes of the request */
        struct ask again = recipient_ask(&wrap, BENCH_PIN), none = remove_ask(other.id);
        bench_expect(bench, &again, KC_ERR_EXISTS);
        bench_expect(bench, &none, KC_ERR_REFUSED);
    }
}

static void a_right_pin_is_no_wrong_one_whatever_is_refused_after_it(void **state)
{
    struct bench *bench = *state;
    const struct kc_record wrap = make_wrap(), other = make_wrap();
    bench_set_pin(bench);
    struct ask add = recipient_ask(&wrap, BENCH_PIN);
    bench_expect(bench, &add, KC_OK);
    for (int i = 0; i < 5; i++) {
        struct ask taken = recipient_ask(&other, BENCH_PIN); /* by the store */
        bench_expect(bench, &taken, KC_ERR_LABEL_TAKEN);
        expect(bench, BENCH_PIN, "short", KC_ERR_BAD_ARGUMENT); /* by the handler */
        assert_int_equal(operator_record(bench)->failures, 0);
        assert_int_equal(operator_record(bench)->wait_until, 0);
    }
    assert_int_equal(count_listed(bench), 1);
    expect(bench, "not the pin", "short", KC_ERR_OPERATOR_PROOF);
    assert_int_equal(operator_record(bench)->failures, 1);
    expect(bench, BENCH_PIN, "another pin", KC_OK);
}

static void a_recipient_is_a_point_of_a_curve_of_the_mesh(void **state)
{
    struct bench *bench = *state;
    uint8_t identity[57] = {0};
    bench_set_pin(bench);
    static const struct {
        const char *algorithm;
        enum kc_error error;
    } cases[] = {{"X448", KC_ERR_POINT_SMALL_ORDER}, {"Ed448", KC_ERR_POINT_SMALL_ORDER},
        {"P-256", KC_ERR_BAD_ALGORITHM}, {"P-521", KC_ERR_BAD_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
        ask_text(&ask, KC_FIELD_LABEL, "service");
        ask_text(&ask, KC_FIELD_ALGORITHM, cases[i].algorithm);
        ask_octets(&ask, KC_FIELD_PUBLIC, identity, 57);
        ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
        bench_expect(bench, &ask, cases[i].error);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_pin_is_set_by_whom_the_policy_allows),
        CASE(a_pin_is_changed_with_the_old_one_only),
        CASE(a_pin_has_8_to_64_octets),
        CASE(a_try_is_stored_before_it_is_compared),
        CASE(the_wait_grows_and_is_kept_over_a_restart),
        CASE(a_refused_try_says_how_long_to_wait),
        CASE(an_old_count_played_again_is_not_taken),
        CASE(tries_that_are_only_said_to_be_stored_count),
        CASE(of_tries_at_the_same_time_one_is_compared),
        CASE(hiding_the_operator_does_not_make_another),
        CASE(a_recipient_is_enrolled_removed_and_enrolled_again),
        CASE(a_wrap_key_of_its_own_is_no_recipient),
        CASE(who_has_no_pin_does_not_learn_which_recipients_there_are),
        CASE(a_right_pin_is_no_wrong_one_whatever_is_refused_after_it),
        CASE(a_recipient_is_a_point_of_a_curve_of_the_mesh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
