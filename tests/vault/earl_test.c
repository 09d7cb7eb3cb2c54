/* SPDX-License-Identifier: Apache-2.0 */
/* EARLs at the vault: whoever has the secret may claim, the first who does has it. */
#include "tests/vault/bench.h"

#include "custodian/mesh/account_create.h"
#include "custodian/mesh/claim.h"
#include "tests/mesh/sample.h"
#include "tests/mesh/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHED "what alice publishes"

/* A publisher, a service and two who claim, each with a custodian of its own. */
struct claimant {
    struct bench *bench;
    char *key, *profile;
    const char *address;
};

struct parties {
    struct bench *publisher, *service;
    struct claimant bob, carol;
    char uri[512], *publication, id[KC_UDF_ID_SIZE];
};

static void key_make(struct kc_key *key, enum kc_curve curve)
{
    KC_AUTO_SCALAR scalar = {0};
    struct kc_mesh_source source = sample_source();
    assert_int_equal(kc_mesh_random_scalar(&source, curve, &scalar), KC_OK);
    assert_int_equal(kc_key_from_scalar(key, &scalar), KC_OK);
}

/* The profile of an account whose signature key is in a custodian. */
static char *profile_of(const struct claimant *claimant)
{
    KC_AUTO_KEY profile = {0}, encryption = {0};
    struct kc_key signature = {.scalar.curve = KC_CURVE_ED448};
    const struct kc_record *record = bench_record(claimant->bench, KC_KIND_KEY, claimant->key);
    struct kc_mesh_source source = sample_source();
    char *text;
    size_t size;
    key_make(&profile, KC_CURVE_ED448);
    key_make(&encryption, KC_CURVE_X448);
    assert_int_equal(
        kc_point_decode(&signature.public, KC_CURVE_ED448, record->public_key, record->public_size),
        KC_OK);
    struct kc_mesh_account_keys keys = {.profile = &profile,
        .administrator = &profile,
        .encryption = &encryption,
        .authentication = &encryption,
        .signature = &signature};
    assert_int_equal(
        kc_mesh_profile_make(&source, false, &keys, claimant->address, NULL, &text, &size), KC_OK);
    return text;
}

static void claimant_init(struct claimant *claimant, const char *address)
{
    claimant->bench = bench_new();
    claimant->address = address;
    claimant->key = bench_generate(claimant->bench, "Ed448", "account", "signs");
    claimant->profile = profile_of(claimant);
}

static void claimant_done(struct claimant *claimant)
{
    bench_free(claimant->bench);
    free(claimant->key);
    free(claimant->profile);
}

static struct ask publish_ask(const struct parties *parties)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_PUBLISH);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_ACCOUNT, "alice@example.com");
    ask_octets(&ask, KC_FIELD_DOCUMENT, parties->publication, strlen(parties->publication));
    return ask;
}

static void publish(struct parties *parties)
{
    size_t size;
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_ACCOUNT, "Alice@example.com");
    ask_octets(&ask, KC_FIELD_MESSAGE, PUBLISHED, strlen(PUBLISHED));
    struct answer *answer = bench_ask(parties->publisher, &ask);
    char *uri = answer_octets(answer, KC_FIELD_SECRET, &size);
    strcpy(parties->uri, uri);
    parties->publication = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    strcpy(parties->id, answer_text(answer, KC_FIELD_OBJECT));
    free(uri);
    answer_done(answer);
    ask = publish_ask(parties);
    answer = bench_ask(parties->service, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_OBJECT), parties->id);
    answer_done(answer);
}

static int setup(void **state)
{
    struct parties *parties = calloc(1, sizeof *parties);
    parties->publisher = bench_new();
    parties->service = bench_new();
    claimant_init(&parties->bob, "bob@example.net");
    claimant_init(&parties->carol, "carol@example.net");
    publish(parties);
    *state = parties;
    return 0;
}

static int teardown(void **state)
{
    struct parties *parties = *state;
    bench_free(parties->publisher);
    bench_free(parties->service);
    claimant_done(&parties->bob);
    claimant_done(&parties->carol);
    free(parties->publication);
    free(parties);
    return 0;
}

static struct ask claim_ask(const struct claimant *claimant, const char *uri, const char *profile)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_CLAIM);
    ask_secret(&ask, KC_FIELD_SECRET, uri, strlen(uri));
    ask_text(&ask, KC_FIELD_KEY, claimant->key);
    ask_text(&ask, KC_FIELD_ACCOUNT, claimant->address);
    ask_octets(&ask, KC_FIELD_PROFILE, profile, strlen(profile));
    return ask;
}

static char *claim_with(const struct claimant *claimant, const char *uri, const char *profile)
{
    size_t size;
    struct ask ask = claim_ask(claimant, uri, profile);
    struct answer *answer = bench_ask(claimant->bench, &ask);
    char *claim = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    return claim;
}

static char *claim(const struct claimant *claimant, const char *uri)
{
    return claim_with(claimant, uri, claimant->profile);
}

static void expect_claim(struct bench *bench, const char *claim, enum kc_error error)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_CHECK);
    ask_octets(&ask, KC_FIELD_DOCUMENT, claim, strlen(claim));
    bench_expect(bench, &ask, error);
}

/* 7.20 */
static void the_first_claim_that_holds_counts_and_no_other(void **state)
{
    struct parties *parties = *state;
    char *first = claim(&parties->bob, parties->uri),
         *second = claim(&parties->carol, parties->uri);
    struct bench *keepers[] = {parties->publisher, parties->service};
    for (size_t i = 0; i < 2; i++) {
        struct ask ask = ask_new(KC_OPERATION_MESH_EARL_CHECK);
        ask_octets(&ask, KC_FIELD_DOCUMENT, first, strlen(first));
        struct answer *answer = bench_ask(keepers[i], &ask);
        assert_string_equal(answer_text(answer, KC_FIELD_OBJECT), parties->id);
        assert_string_equal(answer_text(answer, KC_FIELD_ACCOUNT), "bob@example.net");
        answer_done(answer);
        expect_claim(keepers[i], second, KC_ERR_CLAIMED);
        expect_claim(keepers[i], first, KC_ERR_CLAIMED); /* replayed */
        bench_restart(keepers[i]);
        expect_claim(keepers[i], second, KC_ERR_CLAIMED);
    }
    free(first);
    free(second);
}

static void the_secret_opens_what_was_published(void **state)
{
    struct parties *parties = *state;
    size_t size;
    assert_null(strstr(parties->publication, PUBLISHED));
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_OPEN);
    ask_secret(&ask, KC_FIELD_SECRET, parties->uri, strlen(parties->uri));
    ask_octets(&ask, KC_FIELD_DOCUMENT, parties->publication, strlen(parties->publication));
    struct answer *answer = bench_ask(parties->bob.bench, &ask);
    char *opened = answer_octets(answer, KC_FIELD_OUTPUT, &size);
    assert_string_equal(opened, PUBLISHED);
    answer_done(answer);
    free(opened);
    char other[512];
    strcpy(other, parties->uri);
    other[strlen(other) - 5] ^= other[strlen(other) - 5] == '-' ? 0 : 1;
    struct ask wrong = ask_new(KC_OPERATION_MESH_EARL_OPEN);
    ask_secret(&wrong, KC_FIELD_SECRET, other, strlen(other));
    ask_octets(&wrong, KC_FIELD_DOCUMENT, parties->publication, strlen(parties->publication));
    answer = bench_ask(parties->bob.bench, &wrong);
    assert_true(answer->error == KC_ERR_DECRYPTION || answer->error == KC_ERR_BAD_ARGUMENT);
    answer_done(answer);
}

/* 7.20 */
static void a_claim_is_good_for_minutes(void **state)
{
    struct parties *parties = *state;
    char *old = claim(&parties->bob, parties->uri);
    parties->service->seconds += 300;
    expect_claim(parties->service, old, KC_ERR_CLAIM_EXPIRED);
    parties->carol.bench->seconds += 3600; /* a clock that is ahead */
    char *ahead = claim(&parties->carol, parties->uri);
    expect_claim(parties->publisher, ahead, KC_ERR_CLAIM_EXPIRED);
    expect_claim(parties->publisher, old, KC_OK);
    free(ahead);
    free(old);
}

static void a_publication_ends(void **state)
{
    struct parties *parties = *state;
    parties->bob.bench->seconds += 91 * 86400;
    parties->publisher->seconds = parties->service->seconds = parties->bob.bench->seconds;
    char *late = claim(&parties->bob, parties->uri);
    expect_claim(parties->publisher, late, KC_ERR_CLAIM_EXPIRED);
    expect_claim(parties->service, late, KC_ERR_CLAIM_EXPIRED);
    free(late);
}

/* 7.20: whoever saw another's claim, or has no secret. */
static void a_claim_is_its_claimant_s_and_needs_the_secret(void **state)
{
    struct parties *parties = *state;
    char uri[512];
    strcpy(uri, "mcu://alice@example.com/"
                "EAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-A");
    char *guessed = claim(&parties->bob, uri);
    expect_claim(parties->service, guessed, KC_ERR_CLAIM);
    /* carol signs with her key, and says that she is bob */
    char *posed = claim_with(&parties->carol, parties->uri, parties->bob.profile);
    expect_claim(parties->service, posed, KC_ERR_CLAIM);
    struct claimant mallory = parties->carol;
    mallory.address = "bob@example.net";
    char *sent = claim_with(&mallory, parties->uri, parties->carol.profile);
    expect_claim(parties->service, sent, KC_ERR_CLAIM);
    char *forged = claim_with(&mallory, parties->uri, parties->bob.profile);
    expect_claim(parties->service, forged, KC_ERR_CLAIM);
    free(forged);
    /* a signature that is not over this */
    char *first = claim(&parties->bob, parties->uri);
    char *digest = strstr(first, "signature\":\"");
    assert_non_null(digest);
    digest[20] = digest[20] == 'A' ? 'B' : 'A';
    expect_claim(parties->service, first, KC_ERR_CLAIM);
    expect_claim(parties->service, "[", KC_ERR_ENVELOPE);
    free(first);
    free(sent);
    free(posed);
    free(guessed);
}

/* Of the right publication, by somebody who has not got its secret. */
static char *claim_of_another_secret(const struct parties *parties)
{
    KC_AUTO_KEY key = {0}, encryption = {0};
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_earl earl;
    char *profile, *text;
    size_t profile_size, size;
    uint8_t payload[KC_CLAIM_TEXT_MAX];
    key_make(&key, KC_CURVE_ED448);
    key_make(&encryption, KC_CURVE_X448);
    struct kc_mesh_account_keys keys = {
        .profile = &key, .administrator = &key, .encryption = &encryption, .signature = &key};
    assert_int_equal(kc_mesh_profile_make(&source, false, &keys, "mallory@example.net", NULL,
                         &profile, &profile_size),
        KC_OK);
    assert_int_equal(kc_mesh_earl_make(&source, &earl), KC_OK);
    strcpy(earl.id, parties->id);
    assert_int_equal(kc_mesh_claim_write(&source, &earl, "mallory@example.net", "alice@example.com",
                         payload, &size),
        KC_OK);
    struct sample_key signer = {.pair = key};
    struct kc_object_writer w;
    assert_int_equal(kc_mesh_public_key(&key.public, &signer.public), KC_OK);
    kc_object_writer_init(&w, payload, sizeof payload);
    w.json.out.size = size;
    struct kc_span enveloped =
        sample_envelope(&w, &signer, (struct kc_span){(uint8_t *)profile, profile_size});
    text = (char *)(uintptr_t)enveloped.bytes;
    free(profile);
    return text;
}

/* Who knows a publication's id alone cannot keep it from who has its secret. */
static void a_claim_that_holds_does_not_wait_for_those_that_do_not(void **state)
{
    struct parties *parties = *state;
    char *good = claim(&parties->bob, parties->uri);
    char *wrong = claim_of_another_secret(parties);
    for (size_t i = 0; i < 10; i++) {
        struct ask check = ask_new(KC_OPERATION_MESH_EARL_CHECK);
        ask_octets(&check, KC_FIELD_DOCUMENT, wrong, strlen(wrong));
        bench_expect(parties->service, &check, KC_ERR_CLAIM);
    }
    struct ask check = ask_new(KC_OPERATION_MESH_EARL_CHECK);
    ask_octets(&check, KC_FIELD_DOCUMENT, good, strlen(good));
    bench_expect(parties->service, &check, KC_OK);
    free(wrong);
    free(good);
}

static void who_tries_many_claims_has_to_wait(void **state)
{
    struct parties *parties = *state;
    char *good = claim(&parties->bob, parties->uri);
    /* the right publication, the wrong secret */
    char *wrong = strdup(parties->publication);
    char *authenticator = strstr(wrong, "\"Authenticator\":\"") + 20;
    *authenticator = *authenticator == 'A' ? 'B' : 'A';
    struct bench *other = bench_new();
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_PUBLISH);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_ACCOUNT, "alice@example.com");
    ask_octets(&ask, KC_FIELD_DOCUMENT, wrong, strlen(wrong));
    bench_expect(other, &ask, KC_OK);
    for (size_t i = 0; i < 9; i++) {
        struct ask check = ask_new(KC_OPERATION_MESH_EARL_CHECK);
        ask_octets(&check, KC_FIELD_DOCUMENT, good, strlen(good));
        struct answer *answer = bench_ask(other, &check);
        assert_int_equal(answer->error, KC_ERR_CLAIM);
        assert_int_equal(kc_values_has(&answer->in.message.values, KC_FIELD_DETAIL), i == 8);
        answer_done(answer);
    }
    bench_restart(other);
    struct ask check = ask_new(KC_OPERATION_MESH_EARL_CHECK);
    ask_octets(&check, KC_FIELD_DOCUMENT, good, strlen(good));
    struct answer *answer = bench_ask(other, &check);
    assert_true(kc_values_has(&answer->in.message.values, KC_FIELD_DETAIL));
    answer_done(answer);
    bench_free(other);
    free(wrong);
    free(good);
}

/* The vault dies when the store has a claim, and nobody heard of it. */
static void a_claim_that_was_stored_counts_whatever_dies(void **state)
{
    struct parties *parties = *state;
    char *first = claim(&parties->bob, parties->uri),
         *second = claim(&parties->carol, parties->uri);
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_CHECK);
    ask_octets(&ask, KC_FIELD_DOCUMENT, first, strlen(first));
    parties->service->holds_stored = true;
    (void)bench_send(parties->service, &ask);
    bench_pump(parties->service);
    bench_store_unheard(parties->service); /* that there was a claim, not that it held */
    bench_restart(parties->service);
    parties->service->holds_stored = false;
    parties->service->store_error = KC_ERR_STORE_FULL;
    expect_claim(parties->service, first, KC_ERR_STORE_FULL);
    parties->service->store_error = KC_OK;
    expect_claim(parties->service, first, KC_OK);
    bench_restart(parties->service);
    expect_claim(parties->service, second, KC_ERR_CLAIMED);
    free(first);
    free(second);
}

static void a_publication_is_taken_once_and_in_its_form(void **state)
{
    struct parties *parties = *state;
    struct ask again = publish_ask(parties);
    bench_expect(parties->service, &again, KC_ERR_EXISTS);
    struct ask wrong = ask_new(KC_OPERATION_MESH_EARL_PUBLISH);
    ask_text(&wrong, KC_FIELD_KEYRING, "main");
    ask_text(&wrong, KC_FIELD_ACCOUNT, "alice@example.com");
    ask_octets(&wrong, KC_FIELD_DOCUMENT, "{\"Id\":7}", 8);
    bench_expect(parties->service, &wrong, KC_ERR_BAD_ARGUMENT);
    struct ask ask = ask_new(KC_OPERATION_MESH_EARL_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_ACCOUNT, "nobody");
    ask_octets(&ask, KC_FIELD_MESSAGE, "x", 1);
    bench_expect(parties->publisher, &ask, KC_ERR_BAD_ARGUMENT);
    struct ask uri = claim_ask(&parties->bob, "mcu://alice@example.com", parties->bob.profile);
    bench_expect(parties->bob.bench, &uri, KC_ERR_BAD_ARGUMENT);
}

static void the_secret_is_not_kept(void **state)
{
    struct parties *parties = *state;
    const char *secret = strrchr(parties->uri, '/') + 1;
    const struct kc_record *record = bench_record(parties->publisher, KC_KIND_EARL, parties->id);
    assert_non_null(record);
    assert_null(memmem(record, sizeof *record, secret, strlen(secret)));
    assert_null(strstr(parties->publication, secret));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_claim_that_holds_counts_and_no_other),
        TEST(the_secret_opens_what_was_published),
        TEST(a_claim_is_good_for_minutes),
        TEST(a_publication_ends),
        TEST(a_claim_is_its_claimant_s_and_needs_the_secret),
        TEST(who_tries_many_claims_has_to_wait),
        TEST(a_claim_that_holds_does_not_wait_for_those_that_do_not),
        TEST(a_claim_that_was_stored_counts_whatever_dies),
        TEST(a_publication_is_taken_once_and_in_its_form),
        TEST(the_secret_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
