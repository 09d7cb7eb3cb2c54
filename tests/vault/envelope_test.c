/* SPDX-License-Identifier: Apache-2.0 */
/* Whole envelopes at the vault: what each key signs, and what does not open. */
#include "tests/vault/bench.h"

#include "base/secret.h"
#include "custodian/mesh/envelope_make.h"
#include "proto/base64url.h"
#include "proto/dare_envelope.h"
#include "tests/mesh/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE                                                                                    \
    "{\"MessageContact\":{\"MessageId\":\"NDEZ-LLIY-6CM6\",\"Sender\":\"alice@example.com\","      \
    "\"Recipient\":\"bob@example.com\",\"Subject\":\"Hello\"}}"
#define PROFILE "{\"ProfileUser\":{\"Description\":\"somebody else's\"}}"
#define NO_OBJECT "Nothing of the Mesh"

/* alice signs, bob opens. */
struct post {
    struct bench *bench;
    char *alice, *bob;
};

static char *generate_for(
    struct bench *bench, const char *algorithm, const char *role, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, algorithm);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, account);
    ask_text(&ask, KC_FIELD_ROLE, role);
    ask_text(&ask, KC_FIELD_ACCOUNT, account);
    struct answer *answer = bench_ask(bench, &ask);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return id;
}

static int setup(void **state)
{
    struct post *post = malloc(sizeof *post);
    post->bench = bench_new();
    post->alice = generate_for(post->bench, "Ed448", "account", "alice@example.com");
    post->bob = generate_for(post->bench, "X448", "account", "bob@example.com");
    *state = post;
    return 0;
}

static int teardown(void **state)
{
    struct post *post = *state;
    bench_free(post->bench);
    free(post->alice);
    free(post->bob);
    free(post);
    return 0;
}

/* --- asking --- */

static const struct kc_record *key_of(struct bench *bench, const char *id)
{
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, id);
    assert_non_null(record);
    return record;
}

static const uint8_t *public_of(const struct kc_record *record)
{
    return record->role == KC_ROLE_SHARE ? record->group_public : record->public_key;
}

static void set_signer(struct ask *ask, const struct kc_record *record)
{
    ask_text(ask, KC_FIELD_ALGORITHM, kc_algorithm_info(record->algorithm)->name);
    ask_octets(ask, KC_FIELD_PUBLIC, public_of(record), record->public_size);
}

/* A JSON array with one key; static room. */
static const char *recipients_of(const struct kc_record *record)
{
    static char text[512];
    char public[128] = "";
    kc_base64url_encode((struct kc_span){public_of(record), record->public_size}, public);
    snprintf(text, sizeof text,
        "[{\"PublicParameters\":{\"PublicKeyECDH\":{\"crv\":\"%s\",\"Public\":\"%s\"}}}]",
        kc_algorithm_info(record->algorithm)->name, public);
    return text;
}

static struct ask sign_ask(const char *key, const char *payload)
{
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, payload, strlen(payload));
    return ask;
}

static void expect_sign(
    struct bench *bench, const char *key, const char *payload, enum kc_error error)
{
    struct ask ask = sign_ask(key, payload);
    bench_expect(bench, &ask, error);
}

static struct ask seal_ask(
    struct bench *bench, const char *key, const char *payload, const struct kc_record *recipient)
{
    (void)bench;
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SEAL);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, payload, strlen(payload));
    const char *recipients = recipients_of(recipient);
    ask_octets(&ask, KC_FIELD_RECIPIENTS, recipients, strlen(recipients));
    return ask;
}

static char *take_document(struct bench *bench, struct ask *ask)
{
    size_t size;
    struct answer *answer = bench_ask(bench, ask);
    char *document = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    return document;
}

static char *seal(struct post *post)
{
    struct ask ask = seal_ask(post->bench, post->alice, MESSAGE, key_of(post->bench, post->bob));
    return take_document(post->bench, &ask);
}

static struct ask open_ask(const char *key, const char *document, const struct kc_record *signer)
{
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_OPEN);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_DOCUMENT, document, strlen(document));
    if (signer)
        set_signer(&ask, signer);
    return ask;
}

static void expect_open(struct bench *bench, const char *key, const char *document,
    const struct kc_record *signer, enum kc_error error)
{
    struct ask ask = open_ask(key, document, signer);
    bench_expect(bench, &ask, error);
}

static void expect_content(struct bench *bench, const char *key, const char *document,
    const struct kc_record *signer, const char *content)
{
    size_t size;
    struct ask ask = open_ask(key, document, signer);
    struct answer *answer = bench_ask(bench, &ask);
    char *opened = answer_octets(answer, KC_FIELD_OUTPUT, &size);
    assert_int_equal(size, strlen(content));
    assert_memory_equal(opened, content, size);
    free(opened);
    answer_done(answer);
}

static void expect_verify(
    struct bench *bench, const char *document, const struct kc_record *signer, enum kc_error error)
{
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_VERIFY);
    ask_octets(&ask, KC_FIELD_DOCUMENT, document, strlen(document));
    set_signer(&ask, signer);
    bench_expect(bench, &ask, error);
}

/* --- what is made opens --- */

static void what_is_sealed_opens_and_says_what_it_is(void **state)
{
    struct post *post = *state;
    size_t size;
    char *document = seal(post);
    struct ask ask = open_ask(post->bob, document, key_of(post->bench, post->alice));
    struct answer *answer = bench_ask(post->bench, &ask);
    char *opened = answer_octets(answer, KC_FIELD_OUTPUT, &size);
    assert_string_equal(opened, MESSAGE);
    assert_string_equal(answer_text(answer, KC_FIELD_TAG), "MessageContact");
    free(opened);
    answer_done(answer);
    expect_verify(post->bench, document, key_of(post->bench, post->alice), KC_OK);
    assert_null(strstr(document, "Hello"));
    free(document);
}

/* Keys that come in envelopes are for the operations that take them: "no interface returns a private
 * key". */
static void what_has_a_private_key_in_it_is_not_given_out(void **state)
{
    struct post *post = *state;
    static const struct {
        const char *payload;
        enum kc_error error;
    } cases[] = {
        {"{\"KeyData\":{\"PrivateParameters\":{\"PrivateKeyECDH\":{\"crv\":\"X448z\"}}}}",
            KC_ERR_BAD_ARGUMENT},
        {"{\"ActivationDevice\":{\"ActivationKey\":\"ZAAA\"}}", KC_ERR_BAD_ARGUMENT},
        {"{\"ActivationAccount\":{\"Entries\":[{\"Key\":{\"PrivateParameters\":{}}}]}}",
            KC_ERR_BAD_ARGUMENT},
        {"{\"ActivationAccount\":{\"Entries\":[{\"Resource\":\"MMM_Contact\"}]}}", KC_OK},
        {"{\"PrivateParameters\":\"of no object of the Mesh\"}", KC_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kc_mesh_source source = sample_source();
        struct kc_public_key to;
        const struct kc_record *bob = key_of(post->bench, post->bob);
        char *text;
        size_t size;
        assert_int_equal(
            kc_public_key_make("X448", (struct kc_span){bob->public_key, bob->public_size}, &to),
            KC_OK);
        struct kc_mesh_letter letter = {
            .payload = {(const uint8_t *)cases[i].payload, strlen(cases[i].payload)},
            .recipients = &to,
            .recipient_count = 1};
        assert_int_equal(kc_mesh_envelope_make(&source, &letter, &text, &size), KC_OK);
        expect_open(post->bench, post->bob, text, NULL, cases[i].error);
        free(text);
    }
}

static void what_is_signed_verifies_and_says_what_it_is(void **state)
{
    struct post *post = *state;
    size_t size;
    struct ask ask = sign_ask(post->alice, MESSAGE);
    struct answer *answer = bench_ask(post->bench, &ask);
    char *document = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    assert_int_equal(answer_value(answer, KC_FIELD_SIGNATURE)->span.size, 114);
    answer_done(answer);
    struct ask verify = ask_new(KC_OPERATION_ENVELOPE_VERIFY);
    ask_octets(&verify, KC_FIELD_DOCUMENT, document, size);
    set_signer(&verify, key_of(post->bench, post->alice));
    answer = bench_ask(post->bench, &verify);
    assert_string_equal(answer_text(answer, KC_FIELD_TAG), "MessageContact");
    answer_done(answer);
    expect_open(post->bench, post->bob, document, NULL, KC_ERR_ENVELOPE); /* it is not encrypted */
    char *other = bench_generate(post->bench, "Ed448", "account", "other");
    expect_verify(post->bench, document, key_of(post->bench, other), KC_ERR_SIGNATURE);
    free(other);
    free(document);
}

static void a_document_as_large_as_there_may_be_is_opened(void **state)
{
    struct post *post = *state;
    size_t size = 190000;
    char *key = bench_generate(post->bench, "Ed25519", "application", "large");
    char *payload = malloc(size + 1);
    memset(payload, 'x', size);
    payload[size] = 0;
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SEAL);
    const char *recipients = recipients_of(key_of(post->bench, post->bob));
    int descriptor;
    assert_int_equal(kc_sealed_make(payload, size, &descriptor), KC_OK);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask.descriptors.fd[ask.descriptors.count++] = descriptor;
    kc_values_set_passed(&ask.message.values, KC_FIELD_MESSAGE, 0);
    ask_octets(&ask, KC_FIELD_RECIPIENTS, recipients, strlen(recipients));
    char *document = take_document(post->bench, &ask);

    struct ask open = ask_new(KC_OPERATION_ENVELOPE_OPEN);
    assert_int_equal(kc_sealed_make(document, strlen(document), &descriptor), KC_OK);
    ask_text(&open, KC_FIELD_KEY, post->bob);
    open.descriptors.fd[open.descriptors.count++] = descriptor;
    kc_values_set_passed(&open.message.values, KC_FIELD_DOCUMENT, 0);
    set_signer(&open, key_of(post->bench, key));
    struct answer *answer = bench_ask(post->bench, &open);
    char *opened = answer_octets(answer, KC_FIELD_OUTPUT, &size);
    assert_string_equal(opened, payload);
    answer_done(answer);
    free(opened);
    free(document);
    free(payload);
    free(key);
}

static void what_has_not_the_form_is_named(void **state)
{
    struct post *post = *state;
    const struct kc_record *alice = key_of(post->bench, post->alice);
    expect_open(post->bench, post->bob, "[", NULL, KC_ERR_ENVELOPE);
    expect_open(post->bench, post->bob, "[{},\"\"]", alice, KC_ERR_SIGNATURE);
    expect_verify(post->bench, "{}", alice, KC_ERR_ENVELOPE);
    static const char *const lists[] = {"", "{}", "[]", "[1]", "[{}]"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SEAL);
        ask_text(&ask, KC_FIELD_KEY, post->alice);
        ask_octets(&ask, KC_FIELD_MESSAGE, MESSAGE, strlen(MESSAGE));
        ask_octets(&ask, KC_FIELD_RECIPIENTS, lists[i], strlen(lists[i]));
        struct answer *answer = bench_ask(post->bench, &ask);
        assert_string_equal(kc_error_name(answer->error), "bad-argument");
        answer_done(answer);
    }
    char *document = seal(post);
    struct ask half = open_ask(post->bob, document, NULL);
    ask_text(&half, KC_FIELD_ALGORITHM, "Ed448"); /* a signer without a key */
    bench_expect(post->bench, &half, KC_ERR_BAD_ARGUMENT);
    char *other = bench_generate(post->bench, "X448", "base", "other");
    expect_open(post->bench, other, document, NULL, KC_ERR_ENVELOPE);
    free(other);
    free(document);
}

/* --- 7.14: which key signs what --- */

static void each_key_signs_its_own_objects_alone(void **state)
{
    struct post *post = *state;
    static const struct {
        const char *role, *payload;
        enum kc_error error;
    } cases[] = {
        {"application", NO_OBJECT, KC_OK},
        {"application", "{\"Invoice\":{}}", KC_OK},
        {"application", MESSAGE, KC_ERR_REFUSED},
        {"application", "{\"Note\":1,\"ProfileUser\":7}", KC_ERR_REFUSED},
        {"base", MESSAGE, KC_OK},
        {"base", "{\"HelloRequest\":{}}", KC_OK},
        {"base", PROFILE, KC_ERR_REFUSED},
        {"base", "{\"HelloResponse\":{}}", KC_ERR_REFUSED},
        {"base", NO_OBJECT, KC_ERR_REFUSED},
        {"account", MESSAGE, KC_OK},
        {"account", "{\"ContactPerson\":{}}", KC_OK},
        {"account", "{\"HelloRequest\":{}}", KC_ERR_REFUSED},
        {"account", PROFILE, KC_ERR_REFUSED},
        {"account", "{\"ConnectionDevice\":{}}", KC_ERR_REFUSED},
        {"account", "{\"MessageContact\":{},\"ProfileUser\":{}}", KC_ERR_REFUSED},
        {"account", NO_OBJECT, KC_ERR_REFUSED},
    };
    char *keys[3] = {bench_generate(post->bench, "Ed448", "application", "1"),
        bench_generate(post->bench, "Ed25519", "base", "2"),
        bench_generate(post->bench, "Ed448", "account", "3")};
    static const char *const roles[] = {"application", "base", "account"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < 3; k++)
            if (strcmp(roles[k], cases[i].role) == 0)
                expect_sign(post->bench, keys[k], cases[i].payload, cases[i].error);
    for (size_t k = 0; k < 3; k++)
        free(keys[k]);
}

static void a_digest_is_signed_by_a_key_that_signs_anything_alone(void **state)
{
    struct post *post = *state;
    char *key = bench_generate(post->bench, "Ed25519", "application", "any");
    uint8_t digest[64] = {1};
    const struct {
        const char *key;
        size_t size;
        enum kc_error error;
    } cases[] = {
        {key, 64, KC_OK}, {key, 63, KC_ERR_BAD_ARGUMENT}, {post->alice, 64, KC_ERR_REFUSED}};
    for (size_t i = 0; i < 3; i++) {
        struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
        ask_text(&ask, KC_FIELD_KEY, cases[i].key);
        ask_octets(&ask, KC_FIELD_MESSAGE, digest, cases[i].size);
        ask_number(&ask, KC_FIELD_HASHED, 1);
        bench_expect(post->bench, &ask, cases[i].error);
    }
    free(key);
}

static void an_account_signs_no_message_of_another_sender(void **state)
{
    struct post *post = *state;
    expect_sign(post->bench, post->alice, MESSAGE, KC_OK);
    expect_sign(post->bench, post->alice,
        "{\"MessageContact\":{\"Sender\":\"mallory@example.com\"}}", KC_ERR_REFUSED);
    expect_sign(
        post->bench, post->alice, "{\"MessageContact\":{\"Sender\":\"Alice@Example.com\"}}", KC_OK);
}

/* --- alterations --- */

typedef void alteration(struct kc_dare_envelope *envelope);

/* A copy of a document with something changed. */
static char *altered(const char *document, alteration *alter)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    char *text;
    size_t size;
    assert_int_equal(kc_dare_envelope_read(
                         (struct kc_span){(const uint8_t *)document, strlen(document)}, envelope),
        KC_OK);
    alter(envelope);
    assert_int_equal(kc_dare_envelope_write(envelope, &text, &size), KC_OK);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return text;
}

static void expect_altered(struct post *post, const char *document, alteration *alter,
    const struct kc_record *signer, enum kc_error error)
{
    char *text = altered(document, alter);
    expect_open(post->bench, post->bob, text, signer, error);
    free(text);
}

static void strip(struct kc_dare_envelope *envelope)
{
    envelope->signature_count = 0;
}

static void drop_witness(struct kc_dare_envelope *envelope)
{
    envelope->signatures[0].has_witness = false;
}

static void change_witness(struct kc_dare_envelope *envelope)
{
    envelope->signatures[0].witness[31] ^= 1;
}

static struct kc_dare_signature replacement;

/* Another's signature over the same ciphertext, with the witness that was there. */
static void replace(struct kc_dare_envelope *envelope)
{
    struct kc_dare_signature *signature = &envelope->signatures[0];
    memcpy(signature->octets, replacement.octets, sizeof signature->octets);
    signature->size = replacement.size;
}

/* Has another key sign the digest of a document's ciphertext. */
static void sign_ciphertext(struct bench *bench, const char *key, const char *document)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    assert_int_equal(kc_dare_envelope_read(
                         (struct kc_span){(const uint8_t *)document, strlen(document)}, envelope),
        KC_OK);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, envelope->digest, sizeof envelope->digest);
    ask_number(&ask, KC_FIELD_HASHED, 1);
    struct answer *answer = bench_ask(bench, &ask);
    struct kc_span signature = answer_value(answer, KC_FIELD_SIGNATURE)->span;
    memcpy(replacement.octets, signature.bytes, signature.size);
    replacement.size = signature.size;
    answer_done(answer);
    kc_dare_envelope_done(envelope);
    free(envelope);
}

/* 7.16 */
static void a_signature_that_was_stripped_or_replaced_is_noticed(void **state)
{
    struct post *post = *state;
    char *document = seal(post);
    char *mallory = bench_generate(post->bench, "Ed448", "application", "mallory");
    const struct kc_record *alice = key_of(post->bench, post->alice);
    expect_altered(post, document, strip, alice, KC_ERR_SIGNATURE);
    expect_altered(post, document, drop_witness, alice, KC_ERR_DECRYPTION);
    expect_altered(post, document, change_witness, alice, KC_ERR_DECRYPTION);
    sign_ciphertext(post->bench, mallory, document);
    expect_altered(post, document, replace, key_of(post->bench, mallory), KC_ERR_DECRYPTION);
    expect_altered(post, document, replace, alice, KC_ERR_SIGNATURE);
    free(mallory);
    free(document);
}

/* 7.16: what alice wrote to bob, with her signature and witness, in an envelope for dave. */
static void a_message_that_is_passed_on_to_another_is_refused(void **state)
{
    struct post *post = *state;
    char *dave = generate_for(post->bench, "X448", "account", "dave@example.com");
    const struct kc_record *alice = key_of(post->bench, post->alice);
    struct ask ask = seal_ask(post->bench, post->alice, MESSAGE, key_of(post->bench, dave));
    char *document = take_document(post->bench, &ask);
    expect_open(post->bench, dave, document, alice, KC_ERR_ENVELOPE);
    expect_content(
        post->bench, dave, document, NULL, MESSAGE); /* nobody is believed to have sent it */
    free(document);
    document = seal(post);
    struct ask open = open_ask(post->bob, document, alice);
    ask_text(&open, KC_FIELD_ACCOUNT, "mallory@example.com");
    bench_expect(post->bench, &open, KC_ERR_ENVELOPE);
    open = open_ask(post->bob, document, alice);
    ask_text(&open, KC_FIELD_ACCOUNT, "Alice@example.com");
    bench_expect(post->bench, &open, KC_OK);
    free(document);
    free(dave);
}

static void change_wrapped(struct kc_dare_envelope *envelope)
{
    envelope->recipients[0].wrapped[0] ^= 1;
}

static void change_padding(struct kc_dare_envelope *envelope)
{
    envelope->body[envelope->body_size - 17] ^= 1;
}

static void change_content(struct kc_dare_envelope *envelope)
{
    envelope->body[0] ^= 1;
}

static void cut(struct kc_dare_envelope *envelope)
{
    envelope->body_size--;
}

/* 7.17: with nobody's signature to protect it, and so for whoever may try often. Another salt is no
 * case: what is decrypted by another key ends like padding once in 256 times. */
static void whatever_is_wrong_with_the_content_has_one_error(void **state)
{
    struct post *post = *state;
    char *document = seal(post);
    static alteration *const alterations[] = {change_wrapped, change_padding, cut};
    for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
        char *text = altered(document, alterations[i]);
        struct ask ask = open_ask(post->bob, text, NULL);
        struct answer *answer = bench_ask(post->bench, &ask);
        assert_string_equal(kc_error_name(answer->error), "decryption-failed");
        assert_true(kc_field_set_empty(&answer->in.message.values.present));
        answer_done(answer);
        free(text);
    }
    free(document);
}

/* 7.17: whoever says who signed is told of the signature before anything was decrypted. */
static void the_signature_is_over_the_ciphertext_and_looked_at_first(void **state)
{
    struct post *post = *state;
    char *document = seal(post);
    const struct kc_record *alice = key_of(post->bench, post->alice);
    expect_altered(post, document, change_padding, alice, KC_ERR_SIGNATURE);
    expect_altered(post, document, change_content, alice, KC_ERR_SIGNATURE);
    expect_altered(post, document, cut, alice, KC_ERR_SIGNATURE);
    free(document);
}

static void change_id(struct kc_dare_envelope *envelope)
{
    strcpy(envelope->id, "MAAA-BBBB");
}

static void change_kid(struct kc_dare_envelope *envelope)
{
    strcpy(envelope->kid, "EBQA-AAAA");
}

static void change_signer(struct kc_dare_envelope *envelope)
{
    strcpy(envelope->signatures[0].kid, "MBBB-CCCC");
}

static void change_meta(struct kc_dare_envelope *envelope)
{
    static const char meta[] =
        "{\"MessageType\":\"ProfileUser\",\"cty\":\"text/plain\",\"Event\":\"Delete\"}";
    kc_room_free(envelope->content_meta);
    envelope->content_meta = kc_room_allocate(sizeof meta);
    assert_non_null(envelope->content_meta);
    memcpy(envelope->content_meta, meta, sizeof meta);
    envelope->content_meta_size = strlen(meta);
}

static void add_recipient(struct kc_dare_envelope *envelope)
{
    envelope->recipients[envelope->recipient_count] = envelope->recipients[0];
    strcpy(envelope->recipients[envelope->recipient_count++].kid, "MBBB-CCCC");
}

/* 7.15 */
static void what_stands_unsigned_in_a_header_changes_nothing(void **state)
{
    struct post *post = *state;
    char *document = seal(post);
    static alteration *const alterations[] = {
        change_id, change_kid, change_signer, change_meta, add_recipient};
    for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
        size_t size;
        char *text = altered(document, alterations[i]);
        struct ask ask = open_ask(post->bob, text, key_of(post->bench, post->alice));
        struct answer *answer = bench_ask(post->bench, &ask);
        char *opened = answer_octets(answer, KC_FIELD_OUTPUT, &size);
        assert_string_equal(opened, MESSAGE);
        assert_string_equal(answer_text(answer, KC_FIELD_TAG), "MessageContact");
        answer_done(answer);
        free(opened);
        free(text);
    }
    free(document);
}

/* --- split keys --- */

static struct post split_post(const char *algorithm, const char *role)
{
    struct post post = {.bench = bench_new()};
    struct bench *service = bench_new();
    char *key = bench_generate(post.bench, algorithm, role, "whole");
    struct halves halves = bench_split(post.bench, service, key);
    post.alice = halves.device;
    post.bob = halves.service;
    post.bench->config.peers[0] =
        (struct kc_config_peer){.name = "service", .keyrings = 3, .deadline_ms = 1000};
    post.bench->config.peer_count = 1;
    post.bench->peer = service;
    free(key);
    return post;
}

static void free_split(struct post *post)
{
    bench_free(post->bench->peer);
    bench_free(post->bench);
    free(post->alice);
    free(post->bob);
}

static void a_split_key_signs_and_seals_with_the_peer(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"Ed448", "Ed25519"};
    for (size_t i = 0; i < 2; i++) {
        struct post post = split_post(algorithms[i], "account");
        const struct kc_record *signer = key_of(post.bench, post.alice);
        char *bob = bench_generate(post.bench, "X25519", "base", "bob");
        struct ask sign = sign_ask(post.alice, MESSAGE);
        char *document = take_document(post.bench, &sign);
        expect_verify(post.bench, document, signer, KC_OK);
        free(document);
        struct ask ask = seal_ask(post.bench, post.alice, MESSAGE, key_of(post.bench, bob));
        document = take_document(post.bench, &ask);
        expect_content(post.bench, bob, document, signer, MESSAGE);
        expect_sign(post.bench, post.alice, PROFILE, KC_ERR_REFUSED);
        free(document);
        free(bob);
        free_split(&post);
    }
}

static void a_split_key_opens_with_the_peer(void **state)
{
    (void)state;
    struct post post = split_post("X448", "account");
    char *alice = bench_generate(post.bench, "Ed448", "account", "alice");
    struct ask ask = seal_ask(post.bench, alice, MESSAGE, key_of(post.bench, post.alice));
    char *document = take_document(post.bench, &ask);
    expect_content(post.bench, post.alice, document, key_of(post.bench, alice), MESSAGE);
    post.bench->config.peer_count = 0;
    expect_open(post.bench, post.alice, document, NULL, KC_ERR_PEER_UNSET);
    free(document);
    free(alice);
    free_split(&post);
}

static void the_service_s_share_neither_opens_nor_signs(void **state)
{
    (void)state;
    struct post post = split_post("Ed448", "account");
    expect_sign(post.bench->peer, post.bob, MESSAGE, KC_ERR_REFUSED);
    free_split(&post);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_opens_and_says_what_it_is),
        TEST(what_has_a_private_key_in_it_is_not_given_out),
        TEST(what_is_signed_verifies_and_says_what_it_is),
        TEST(a_document_as_large_as_there_may_be_is_opened),
        TEST(what_has_not_the_form_is_named),
        TEST(each_key_signs_its_own_objects_alone),
        TEST(a_digest_is_signed_by_a_key_that_signs_anything_alone),
        TEST(an_account_signs_no_message_of_another_sender),
        TEST(a_signature_that_was_stripped_or_replaced_is_noticed),
        TEST(a_message_that_is_passed_on_to_another_is_refused),
        TEST(whatever_is_wrong_with_the_content_has_one_error),
        TEST(the_signature_is_over_the_ciphertext_and_looked_at_first),
        TEST(what_stands_unsigned_in_a_header_changes_nothing),
        TEST(a_split_key_signs_and_seals_with_the_peer),
        TEST(a_split_key_opens_with_the_peer),
        TEST(the_service_s_share_neither_opens_nor_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
