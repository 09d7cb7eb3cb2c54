/* SPDX-License-Identifier: Apache-2.0 */
/* PINs of the Mesh at the vault: one use, in time, for one account and one kind of message. */
#include "tests/vault/bench.h"

#include "proto/base64url.h"
#include "proto/dare_envelope.h"
#include "proto/identifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT "alice@example.com"
#define PROFILE "[{},\"AAAA\",{}]" /* what a message authenticates; any envelope does */

struct pin {
    char text[64], id[KC_UDF_ID_SIZE];
};

static struct ask create_ask(const char *tag)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_PIN_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_ACCOUNT, "Alice@example.com");
    ask_text(&ask, KC_FIELD_TAG, tag);
    return ask;
}

static struct pin take_pin(struct bench *bench, struct ask *ask)
{
    struct pin pin = {0};
    struct answer *answer = bench_ask(bench, ask);
    (void)answer_secret(answer, KC_FIELD_SECRET, (uint8_t *)pin.text);
    strcpy(pin.id, answer_text(answer, KC_FIELD_OBJECT));
    answer_done(answer);
    return pin;
}

static struct pin create(struct bench *bench)
{
    struct ask ask = create_ask("RequestConnection");
    return take_pin(bench, &ask);
}

/* A message that proves a PIN; static room. */
static const char *message_with(
    const char *tag, const char *pin, const char *account, const char *action, const char *said)
{
    static char text[1024];
    char salted[KC_UDF_ID_SIZE], id[KC_UDF_ID_SIZE], witness_text[128], who[80] = "";
    uint8_t digest[64], witness[KC_PIN_WITNESS_SIZE], nothing[3] = {0};
    static const uint8_t nonce[16] = {1, 2, 3};
    assert_int_equal(
        kc_hash_digest(KC_HASH_SHA512, (struct kc_span){nothing, sizeof nothing}, digest), KC_OK);
    assert_int_equal(kc_pin_salt(pin, action, salted), KC_OK);
    assert_int_equal(kc_pin_id(salted, account, id), KC_OK);
    assert_int_equal(
        kc_pin_witness(salted, account, (struct kc_span){nonce, 16}, digest, witness), KC_OK);
    kc_base64url_encode((struct kc_span){witness, sizeof witness}, witness_text);
    if (said)
        snprintf(who, sizeof who, "\"AccountAddress\":\"%s\",", said);
    snprintf(text, sizeof text,
        "{\"%s\":{%s\"AuthenticatedData\":" PROFILE ",\"ClientNonce\":\"AQIDAAAAAAAAAAAAAAAAAA\","
        "\"PinId\":\"%s\",\"PinWitness\":\"%s\"}}",
        tag, who, id, witness_text);
    return text;
}

static const char *message(const struct pin *pin)
{
    return message_with("RequestConnection", pin->text, ACCOUNT, "Device", "Alice@Example.com");
}

static struct ask check_ask(enum kc_operation operation, const char *document)
{
    struct ask ask = ask_new(operation);
    ask_octets(&ask, KC_FIELD_DOCUMENT, document, strlen(document));
    ask_text(&ask, KC_FIELD_ACCOUNT, "alice@EXAMPLE.com");
    return ask;
}

static void expect_proof(struct bench *bench, const char *document, enum kc_error error)
{
    struct ask ask = check_ask(KC_OPERATION_MESH_PIN_CHECK, document);
    bench_expect(bench, &ask, error);
}

static unsigned failures_of(struct bench *bench)
{
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == KC_KIND_MESH_PIN && bench->records[i].label[0] == 0)
            return bench->records[i].failures;
    return 0;
}

static void a_pin_is_good_for_one_message(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    struct ask verify = check_ask(KC_OPERATION_MESH_PIN_VERIFY, message(&pin));
    bench_expect(bench, &verify, KC_OK);
    struct ask ask = check_ask(KC_OPERATION_MESH_PIN_CHECK, message(&pin));
    struct answer *answer = bench_ask(bench, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_OBJECT), pin.id);
    assert_int_equal(answer_value(answer, KC_FIELD_CONFIRM)->number, 1);
    answer_done(answer);
    expect_proof(bench, message(&pin), KC_ERR_MESH_PIN_USED);
    assert_string_equal(bench->told.error == KC_ERR_MESH_PIN_USED ? "told" : "", "told");
    assert_int_equal(failures_of(bench), 1);
}

static void a_pin_comes_in_an_envelope_too(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    const char *text = message(&pin);
    char body[2048], envelope[4096];
    kc_base64url_encode((struct kc_span){(const uint8_t *)text, strlen(text)}, body);
    snprintf(envelope, sizeof envelope, " [{},\"%s\",{}]", body);
    expect_proof(bench, envelope, KC_OK);
}

static void a_pin_is_not_kept_and_what_is_kept_is_wrapped(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    char salted[KC_UDF_ID_SIZE];
    assert_int_equal(kc_pin_salt(pin.text, "Device", salted), KC_OK);
    const struct kc_record *record = bench_record(bench, KC_KIND_MESH_PIN, pin.id);
    assert_non_null(record);
    assert_null(memmem(record, sizeof *record, pin.text, strlen(pin.text)));
    assert_null(memmem(record, sizeof *record, salted, strlen(salted)));
    assert_int_equal(record->body.size, 0);
    expect_proof(bench, message(&pin), KC_OK);
    assert_int_equal(bench_record(bench, KC_KIND_MESH_PIN, pin.id)->secret_size, 0);
}

static void an_expired_or_closed_pin_is_told_from_a_wrong_one(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench), other = create(bench);
    bench->seconds += 3600;
    expect_proof(bench, message(&pin), KC_ERR_MESH_PIN_EXPIRED);
    struct ask close = ask_new(KC_OPERATION_MESH_PIN_CLOSE);
    ask_text(&close, KC_FIELD_OBJECT, other.id);
    bench_expect(bench, &close, KC_OK);
    close = ask_new(KC_OPERATION_MESH_PIN_CLOSE);
    ask_text(&close, KC_FIELD_OBJECT, other.id);
    bench_expect(bench, &close, KC_ERR_MESH_PIN_USED);
    expect_proof(bench, message(&other), KC_ERR_MESH_PIN_USED);
    expect_proof(bench,
        message_with(
            "RequestConnection", "AAFF-AAFF-AAFF-AAFF-AAFF-AAFF-AA", ACCOUNT, "Device", NULL),
        KC_ERR_MESH_PIN);
}

static void a_pin_is_for_its_account_and_its_kind_of_message(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    expect_proof(
        bench, message_with("MessageContact", pin.text, ACCOUNT, "Device", NULL), KC_ERR_MESH_PIN);
    expect_proof(bench, message_with("RequestConnection", pin.text, ACCOUNT, "Contact", NULL),
        KC_ERR_MESH_PIN);
    expect_proof(bench,
        message_with("RequestConnection", pin.text, ACCOUNT, "Device", "mallory@example.com"),
        KC_ERR_MESH_PIN);
    expect_proof(bench,
        message_with("RequestConnection", pin.text, "mallory@example.com", "Device", NULL),
        KC_ERR_MESH_PIN);
    struct ask foreign = check_ask(KC_OPERATION_MESH_PIN_CHECK, message(&pin));
    ask_text(&foreign, KC_FIELD_ACCOUNT, "mallory@example.com");
    bench_expect(bench, &foreign, KC_ERR_MESH_PIN);
    struct ask ask = create_ask("RequestConnection");
    ask_text(&ask, KC_FIELD_ACCOUNT, "mallory@example.com");
    take_pin(bench, &ask); /* an account that has a PIN of its own */
    bench_expect(bench, &foreign, KC_ERR_MESH_PIN);
    expect_proof(bench, message(&pin), KC_OK);
}

static void a_witness_that_is_wrong_in_any_octet_is_refused(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    char altered[1024];
    strcpy(altered, message(&pin));
    char *witness = strstr(altered, "\"PinWitness\":\"") + 14;
    for (size_t at = 0; at < 80; at += 17) {
        char was = witness[at];
        witness[at] = was == 'A' ? 'B' : 'A';
        expect_proof(bench, altered, KC_ERR_MESH_PIN);
        witness[at] = was;
    }
    char *profile = strstr(altered, "AAAA"); /* what it authenticates */
    *profile = 'B';
    expect_proof(bench, altered, KC_ERR_MESH_PIN);
    *profile = 'A';
    expect_proof(bench, altered, KC_OK);
}

static void failures_are_counted_for_each_account_before_a_pin_is_compared(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    const char *wrong = message_with(
        "RequestConnection", "AAFF-AAFF-AAFF-AAFF-AAFF-AAFF-AA", ACCOUNT, "Device", NULL);
    char *kept = strdup(wrong);
    for (unsigned i = 1; i <= 3; i++) {
        struct ask ask = check_ask(KC_OPERATION_MESH_PIN_CHECK, kept);
        struct answer *answer = bench_ask(bench, &ask);
        assert_int_equal(answer->error, KC_ERR_MESH_PIN);
        char said[64];
        snprintf(said, sizeof said, "%u since the last right one", i);
        const struct kc_span *detail = &answer->in.message.values.value[KC_FIELD_DETAIL].span;
        assert_int_equal(detail->size, strlen(said));
        assert_memory_equal(detail->bytes, said, detail->size);
        answer_done(answer);
        assert_int_equal(failures_of(bench), i);
    }
    bench->store_error = KC_ERR_STORE_FULL; /* what cannot be counted is not compared */
    expect_proof(bench, message(&pin), KC_ERR_STORE_FULL);
    bench->store_error = KC_OK;
    bench_restart(bench);
    expect_proof(bench, kept, KC_ERR_MESH_PIN);
    assert_int_equal(failures_of(bench), 4);
    expect_proof(bench, message(&pin), KC_OK);
    assert_int_equal(failures_of(bench), 0);
    free(kept);
}

/* Names are had for nothing: what names an account without a PIN leaves nothing in the store. */
static void an_account_without_a_pin_has_no_count(void **state)
{
    struct bench *bench = *state;
    for (unsigned i = 0; i < 5; i++) {
        char name[40];
        snprintf(name, sizeof name, "nobody%u@example.com", i);
        char *wrong = strdup(message_with(
            "RequestConnection", "AAFF-AAFF-AAFF-AAFF-AAFF-AAFF-AA", name, "Device", NULL));
        struct ask ask = ask_new(KC_OPERATION_MESH_PIN_CHECK);
        ask_text(&ask, KC_FIELD_ACCOUNT, name);
        ask_octets(&ask, KC_FIELD_DOCUMENT, wrong, strlen(wrong));
        bench_expect(bench, &ask, KC_ERR_MESH_PIN);
        free(wrong);
    }
    for (size_t i = 0; i < bench->record_count; i++)
        assert_int_not_equal(bench->records[i].kind, KC_KIND_MESH_PIN);
}

/* Both are compared before either is stored. */
static void of_two_uses_at_once_one_counts(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    struct ask first = check_ask(KC_OPERATION_MESH_PIN_CHECK, message(&pin)),
               second = check_ask(KC_OPERATION_MESH_PIN_CHECK, message(&pin));
    uint64_t tickets[2] = {bench_send(bench, &first), bench_send(bench, &second)};
    bench_pump(bench);
    unsigned good = 0;
    for (size_t i = 0; i < 2; i++) {
        struct answer *answer = bench_take(bench, tickets[i]);
        assert_non_null(answer);
        good += answer->error == KC_OK;
        assert_true(answer->error == KC_OK || answer->error == KC_ERR_CONFLICT ||
                    answer->error == KC_ERR_MESH_PIN_USED);
        answer_done(answer);
    }
    assert_int_equal(good, 1);
    expect_proof(bench, message(&pin), KC_ERR_MESH_PIN_USED);
}

/* The vault dies when the store has the use of a PIN, and nobody heard of it; or before. */
static void a_pin_that_was_used_stays_so_whatever_dies(void **state)
{
    struct bench *bench = *state;
    struct pin pin = create(bench);
    struct ask ask = check_ask(KC_OPERATION_MESH_PIN_CHECK, message(&pin));
    bench->holds_stored = true;
    (void)bench_send(bench, &ask);
    bench_pump(bench);
    bench_store_unheard(bench); /* the count */
    kc_descriptors_close(&ask.descriptors);
    bench_restart(bench);
    bench->holds_stored = false;
    assert_int_equal(failures_of(bench), 1);
    expect_proof(bench, message(&pin), KC_OK);
    bench_restart(bench);
    expect_proof(bench, message(&pin), KC_ERR_MESH_PIN_USED);
}

static void a_pin_may_be_for_what_is_accepted_without_asking(void **state)
{
    struct bench *bench = *state;
    struct ask create = create_ask("RequestConnection");
    ask_number(&create, KC_FIELD_CONFIRM, 0);
    struct pin pin = take_pin(bench, &create);
    struct ask ask = check_ask(KC_OPERATION_MESH_PIN_CHECK, message(&pin));
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer_value(answer, KC_FIELD_CONFIRM)->number, 0);
    answer_done(answer);
}

static void administrators_are_told_of_a_pin_in_an_envelope_to_them(void **state)
{
    struct bench *bench = *state;
    char *signer = bench_generate(bench, "Ed448", "account", "signs");
    char *admin = bench_generate(bench, "X448", "account", "reads");
    const struct kc_record *reader = bench_record(bench, KC_KIND_KEY, admin),
                           *writer = bench_record(bench, KC_KIND_KEY, signer);
    char public[128], recipients[512];
    kc_base64url_encode((struct kc_span){reader->public_key, reader->public_size}, public);
    snprintf(recipients, sizeof recipients,
        "[{\"PublicParameters\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"%s\"}}}]",
        public);
    struct ask ask = create_ask("MessageContact");
    ask_text(&ask, KC_FIELD_KEY, signer);
    bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT); /* a MessagePin for everybody */
    ask = create_ask("MessageContact");
    ask_text(&ask, KC_FIELD_KEY, signer);
    ask_octets(&ask, KC_FIELD_RECIPIENTS, recipients, strlen(recipients));
    struct answer *answer = bench_ask(bench, &ask);
    char pin[64] = "", salted[KC_UDF_ID_SIZE];
    size_t size;
    (void)answer_secret(answer, KC_FIELD_SECRET, (uint8_t *)pin);
    char *document = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    assert_int_equal(kc_pin_salt(pin, "Contact", salted), KC_OK);
    assert_null(strstr(document, salted));
    struct ask open = ask_new(KC_OPERATION_ENVELOPE_OPEN);
    ask_text(&open, KC_FIELD_KEY, admin);
    ask_octets(&open, KC_FIELD_DOCUMENT, document, size);
    ask_text(&open, KC_FIELD_ALGORITHM, "Ed448");
    ask_octets(&open, KC_FIELD_PUBLIC, writer->public_key, writer->public_size);
    answer = bench_ask(bench, &open);
    char *text = answer_octets(answer, KC_FIELD_OUTPUT, &size);
    assert_string_equal(answer_text(answer, KC_FIELD_TAG), "MessagePin");
    assert_non_null(strstr(text, salted));
    assert_non_null(strstr(text, ACCOUNT));
    answer_done(answer);
    free(text);
    free(document);
    free(signer);
    free(admin);
}

static void what_is_wanted_of_a_pin_has_its_limits(void **state)
{
    struct bench *bench = *state;
    struct ask ask = create_ask("MessageClaim");
    bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT);
    const uint64_t wrong[] = {bench->seconds, bench->seconds + 8 * 86400};
    for (size_t i = 0; i < 2; i++) {
        ask = create_ask("MessageContact");
        ask_number(&ask, KC_FIELD_EXPIRY, wrong[i]);
        bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT);
    }
    ask = create_ask("MessageContact");
    ask_text(&ask, KC_FIELD_ACCOUNT, "");
    bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT);
    expect_proof(bench, "{\"MessageContact\":{}}", KC_ERR_BAD_ARGUMENT);
    expect_proof(bench, "[", KC_ERR_ENVELOPE);
    bench_allow_only(bench, KC_OPERATION_KEY_LIST);
    ask = create_ask("MessageContact");
    bench_expect(bench, &ask, KC_ERR_REFUSED);
    struct pin none = {.text = "AAFF-AAFF-AAFF-AAFF-AAFF-AAFF-AA"};
    expect_proof(bench, message(&none), KC_ERR_REFUSED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_pin_is_good_for_one_message),
        TEST(a_pin_comes_in_an_envelope_too),
        TEST(a_pin_is_not_kept_and_what_is_kept_is_wrapped),
        TEST(an_expired_or_closed_pin_is_told_from_a_wrong_one),
        TEST(a_pin_is_for_its_account_and_its_kind_of_message),
        TEST(a_witness_that_is_wrong_in_any_octet_is_refused),
        TEST(failures_are_counted_for_each_account_before_a_pin_is_compared),
        TEST(an_account_without_a_pin_has_no_count),
        TEST(of_two_uses_at_once_one_counts),
        TEST(a_pin_that_was_used_stays_so_whatever_dies),
        TEST(a_pin_may_be_for_what_is_accepted_without_asking),
        TEST(administrators_are_told_of_a_pin_in_an_envelope_to_them),
        TEST(what_is_wanted_of_a_pin_has_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
