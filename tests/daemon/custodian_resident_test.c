/* SPDX-License-Identifier: Apache-2.0 */
/* The whole custodian with keys and shares that are resident in a software TPM or a software HSM. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define PIN "12345678"

static struct kc_custodian custodian;
static struct kc_client *client;

static int set_up(bool on_softhsm)
{
    if (on_softhsm)
        kc_custodian_init_softhsm(&custodian, "\"test\"");
    else
        kc_custodian_init(&custodian, "\"test\"");
    client = kc_view_client(&custodian);
    return 0;
}

static int set_up_tpm(void **state)
{
    (void)state;
    return set_up(false);
}

static int set_up_softhsm(void **state)
{
    (void)state;
    return set_up(true);
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* --- calls --- */

/* A request being made, and its answer. */
struct exchange {
    struct kc_client_request request;
    struct kc_client_answer *answer;
};

static struct exchange begin(enum kc_operation operation)
{
    struct exchange exchange = {.answer = NULL};
    kc_client_request_init(&exchange.request, operation);
    return exchange;
}

static void put_text(struct exchange *exchange, enum kc_field field, const char *text)
{
    kc_values_set_text(&exchange->request.message.values, field, text);
}

static void put_octets(
    struct exchange *exchange, enum kc_field field, const void *octets, size_t size)
{
    kc_values_set_span(&exchange->request.message.values, field, octets, size);
}

static void put_pin(struct exchange *exchange, enum kc_field field)
{
    assert_int_equal(kc_client_request_secret(&exchange->request, &exchange->request.message.values,
                         field, PIN, strlen(PIN)),
        KC_OK);
}

static enum kc_error run(struct exchange *exchange)
{
    enum kc_error error =
        kc_client_call(client, &exchange->request, PATIENCE_MS, &exchange->answer);
    kc_client_request_done(&exchange->request);
    return error;
}

static void run_well(struct exchange *exchange)
{
    enum kc_error error = run(exchange);
    if (error == KC_OK)
        return;
    const struct kc_value *detail = NULL;
    if (exchange->answer)
        detail = &kc_client_answer_message(exchange->answer)->values.value[KC_FIELD_DETAIL];
    fail_msg("%s %.*s", kc_error_name(error), detail ? (int)detail->span.size : 0,
        detail ? (const char *)detail->span.bytes : "");
}

static struct kc_span answered(const struct exchange *exchange, enum kc_field field)
{
    return kc_client_answer_message(exchange->answer)->values.value[field].span;
}

static void end(struct exchange *exchange)
{
    kc_client_answer_free(exchange->answer);
    exchange->answer = NULL;
}

static void take_secret(const struct exchange *exchange, uint8_t *octets, size_t wanted)
{
    size_t size = 0;
    assert_int_equal(kc_client_answer_secret(exchange->answer,
                         &kc_client_answer_message(exchange->answer)->values, KC_FIELD_SECRET,
                         octets, wanted, &size),
        KC_OK);
    assert_int_equal(size, wanted);
}

/* A resident key: id and public half. */
struct key {
    char id[KC_RECORD_ID_SIZE];
    uint8_t public_key[KC_ALGORITHM_PUBLIC_MAX];
    size_t public_size;
};

static void take_key(const struct exchange *exchange, struct key *key)
{
    struct kc_span id = answered(exchange, KC_FIELD_KEY);
    struct kc_span public = answered(exchange, KC_FIELD_PUBLIC);
    snprintf(key->id, sizeof key->id, "%.*s", (int)id.size, (const char *)id.bytes);
    memcpy(key->public_key, public.bytes, public.size);
    key->public_size = public.size;
}

static struct exchange ask_to_generate(const char *label, const char *algorithm, const char *use)
{
    struct exchange exchange = begin(KC_OPERATION_KEY_GENERATE);
    put_text(&exchange, KC_FIELD_ALGORITHM, algorithm);
    put_text(&exchange, KC_FIELD_KEYRING, "test");
    put_text(&exchange, KC_FIELD_LABEL, label);
    put_text(&exchange, KC_FIELD_RESIDENCE, "resident");
    put_text(&exchange, KC_FIELD_USE, use);
    return exchange;
}

static struct key generate(const char *label, const char *algorithm, const char *use)
{
    struct key key = {.public_size = 0};
    struct exchange exchange = ask_to_generate(label, algorithm, use);
    run_well(&exchange);
    take_key(&exchange, &key);
    struct kc_span residence = answered(&exchange, KC_FIELD_RESIDENCE);
    assert_int_equal(residence.size, 8);
    assert_memory_equal(residence.bytes, "resident", 8);
    end(&exchange);
    return key;
}

static enum kc_error sign(const char *id)
{
    struct exchange exchange = begin(KC_OPERATION_KEY_SIGN);
    put_text(&exchange, KC_FIELD_KEY, id);
    put_octets(&exchange, KC_FIELD_MESSAGE, "message", 7);
    put_text(&exchange, KC_FIELD_HASH, "SHA-256");
    enum kc_error error = run(&exchange);
    if (error == KC_OK)
        assert_int_equal(answered(&exchange, KC_FIELD_SIGNATURE).size, 64);
    end(&exchange);
    return error;
}

static enum kc_error sign_when_back(const char *id)
{
    enum kc_error error = sign(id);
    while (error == KC_ERR_UNAVAILABLE || error == KC_ERR_ROOT_UNAVAILABLE ||
           error == KC_ERR_CONNECTION_LOST) {
        poll(NULL, 0, 20);
        error = sign(id);
    }
    return error;
}

static void agree(const struct key *with, const struct key *peer, uint8_t agreed[static 32])
{
    struct exchange exchange = begin(KC_OPERATION_KEY_AGREE);
    put_text(&exchange, KC_FIELD_KEY, with->id);
    put_octets(&exchange, KC_FIELD_PEER, peer->public_key, peer->public_size);
    run_well(&exchange);
    take_secret(&exchange, agreed, 32);
    end(&exchange);
}

static enum kc_error call_with_key(enum kc_operation operation, const char *id)
{
    struct exchange exchange = begin(operation);
    put_text(&exchange, KC_FIELD_KEY, id);
    enum kc_error error = run(&exchange);
    end(&exchange);
    return error;
}

static void set_operator_pin(void)
{
    struct exchange exchange = begin(KC_OPERATION_OPERATOR_PIN);
    put_pin(&exchange, KC_FIELD_NEW_PIN);
    run_well(&exchange);
    end(&exchange);
}

/* --- whole keys --- */

static void a_resident_key_signs_and_agrees_also_after_a_restart(void **state)
{
    (void)state;
    uint8_t first[32], second[32];
    struct key signer = generate("signer", "P-256", "sign");
    struct key one = generate("one", "P-256", "agree"), other = generate("other", "P-256", "agree");
    assert_int_equal(sign(signer.id), KC_OK);
    kc_custodian_restart_with(&custodian, &client);
    assert_int_equal(sign(signer.id), KC_OK);
    agree(&one, &other, first);
    agree(&other, &one, second);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(call_with_key(KC_OPERATION_KEY_DISABLE, signer.id), KC_OK);
    assert_int_equal(sign(signer.id), KC_ERR_REFUSED);
    assert_int_equal(call_with_key(KC_OPERATION_KEY_ENABLE, signer.id), KC_OK);
    assert_int_equal(sign(signer.id), KC_OK);
    assert_int_equal(call_with_key(KC_OPERATION_KEY_DESTROY, signer.id), KC_OK);
    assert_int_equal(sign(signer.id), KC_ERR_REFUSED);
}

static void what_a_root_cannot_have_resident_is_refused_with_its_reason(void **state)
{
    (void)state;
    struct exchange exchange = ask_to_generate("ed", "Ed25519", "sign");
    assert_int_equal(run(&exchange), KC_ERR_ROOT_UNFIT); /* TPMs have no such curve */
    end(&exchange);
}

static void await_objects(size_t expected)
{
    assert_int_equal(kc_softhsm_await_objects(&custodian.hsm, expected), expected);
}

static void softhsm_keeps_nothing_of_resident_keys_that_were_destroyed_or_not_stored(void **state)
{
    (void)state;
    struct key key = generate("key", "P-256", "sign");
    await_objects(KC_SOFTHSM_OF_THE_ROOT + 2);
    struct exchange exchange = ask_to_generate("key", "P-256", "sign");
    assert_int_equal(run(&exchange), KC_ERR_LABEL_TAKEN);
    end(&exchange);
    await_objects(KC_SOFTHSM_OF_THE_ROOT + 2);
    assert_int_equal(sign(key.id), KC_OK);
    assert_int_equal(call_with_key(KC_OPERATION_KEY_DESTROY, key.id), KC_OK);
    await_objects(KC_SOFTHSM_OF_THE_ROOT);
}

/* Asks for a key and kills the vault before the answer can come, or just after. */
static bool generate_and_kill(unsigned round, struct key *key)
{
    char label[16];
    snprintf(label, sizeof label, "round %u", round);
    pid_t vault = kc_view_process(&custodian, "custodian-vault");
    struct exchange exchange = ask_to_generate(label, "P-256", "sign");
    pid_t killer = fork();
    if (killer == 0) { /* later in each round: through all of what the vault does */
        poll(NULL, 0, (int)(2 * round));
        kill(vault, SIGKILL);
        _exit(0);
    }
    bool is_acknowledged = run(&exchange) == KC_OK;
    if (is_acknowledged)
        take_key(&exchange, key);
    end(&exchange);
    assert_int_equal(waitpid(killer, NULL, 0), killer);
    assert_int_not_equal(kc_view_wait_for_process(&custodian, "custodian-vault", vault), 0);
    return is_acknowledged;
}

static void resident_keys_that_softhsm_made_for_a_killed_vault_do_not_pile_up(void **state)
{
    (void)state;
    enum { ROUNDS = 12 };
    struct key acknowledged[ROUNDS], key;
    size_t count = 0, stored = 0;
    for (unsigned round = 0; round < ROUNDS; round++)
        count += generate_and_kill(round, &acknowledged[count]);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sign_when_back(acknowledged[i].id), KC_OK);
    for (unsigned i = 0; i < ROUNDS; i++) { /* each cleans up after one */
        char label[16];
        snprintf(label, sizeof label, "after %u", i);
        struct exchange exchange = ask_to_generate(label, "P-256", "sign");
        enum kc_error error;
        while ((error = run(&exchange)) == KC_ERR_UNAVAILABLE || error == KC_ERR_ROOT_UNAVAILABLE ||
               error == KC_ERR_CONNECTION_LOST) {
            end(&exchange);
            poll(NULL, 0, 20);
            exchange = ask_to_generate(label, "P-256", "sign");
        }
        assert_int_equal(error, KC_OK);
        take_key(&exchange, &key);
        end(&exchange);
    }
    assert_int_equal(sign(key.id), KC_OK);
    struct exchange exchange = begin(KC_OPERATION_KEY_LIST);
    put_text(&exchange, KC_FIELD_KEYRING, "test");
    run_well(&exchange);
    stored = kc_client_answer_message(exchange.answer)->item_count;
    end(&exchange);
    assert_true(stored >= count + ROUNDS);
    await_objects(KC_SOFTHSM_OF_THE_ROOT + 2 * stored);
}

/* --- shares --- */

/* A key of which one share is resident and the other in software, both in this custodian. */
struct pair {
    enum kc_curve curve;
    struct key resident, software;
    struct kc_point group;
};

static struct exchange ask_to_join(const struct pair *pair, const char *algorithm, uint64_t index)
{
    struct exchange exchange = begin(KC_OPERATION_SHARE_JOIN);
    put_text(&exchange, KC_FIELD_ALGORITHM, algorithm);
    put_octets(&exchange, KC_FIELD_PUBLIC, pair->resident.public_key, pair->resident.public_size);
    kc_values_set_number(&exchange.request.message.values, KC_FIELD_INDEX, index);
    put_text(&exchange, KC_FIELD_KEYRING, "test");
    put_text(&exchange, KC_FIELD_LABEL, "software");
    put_pin(&exchange, KC_FIELD_PIN);
    return exchange;
}

static struct exchange ask_to_form(
    const struct pair *pair, struct kc_span possession, uint64_t index)
{
    struct exchange exchange = begin(KC_OPERATION_SHARE_FORM);
    put_text(&exchange, KC_FIELD_KEY, pair->resident.id);
    put_octets(&exchange, KC_FIELD_PUBLIC, pair->software.public_key, pair->software.public_size);
    put_octets(&exchange, KC_FIELD_POSSESSION, possession.bytes, possession.size);
    kc_values_set_number(&exchange.request.message.values, KC_FIELD_INDEX, index);
    put_pin(&exchange, KC_FIELD_PIN);
    return exchange;
}

/* A proof that was altered anywhere, or is for the other place, is none. */
static void refuse_wrong_proofs(const struct pair *pair, struct kc_span possession, uint64_t index)
{
    uint8_t wrong[KC_POINT_SIZE_MAX + KC_SCALAR_SIZE_MAX];
    memcpy(wrong, possession.bytes, possession.size);
    for (size_t i = 0; i < possession.size; i += 9) {
        wrong[i] ^= 4;
        struct exchange exchange =
            ask_to_form(pair, (struct kc_span){wrong, possession.size}, index);
        assert_int_not_equal(run(&exchange), KC_OK);
        end(&exchange);
        wrong[i] ^= 4;
    }
    struct exchange exchange = ask_to_form(pair, possession, 3 - index);
    assert_int_equal(run(&exchange), KC_ERR_CONTRIBUTION);
    end(&exchange);
}

/* index  of the resident share */
static struct pair make_pair(const char *algorithm, enum kc_curve curve, uint64_t index)
{
    struct pair pair = {.curve = curve};
    set_operator_pin();
    pair.resident = generate("resident", algorithm, "agree");
    struct exchange joined = ask_to_join(&pair, algorithm, 3 - index);
    run_well(&joined);
    take_key(&joined, &pair.software);
    struct kc_span group = answered(&joined, KC_FIELD_GROUP_PUBLIC);
    assert_int_equal(kc_point_decode(&pair.group, curve, group.bytes, group.size), KC_OK);
    struct kc_span possession = answered(&joined, KC_FIELD_POSSESSION);
    refuse_wrong_proofs(&pair, possession, index);
    struct exchange formed = ask_to_form(&pair, possession, index);
    run_well(&formed);
    take_key(&formed, &pair.resident);
    struct kc_span same = answered(&formed, KC_FIELD_GROUP_PUBLIC);
    group = answered(&joined, KC_FIELD_GROUP_PUBLIC);
    assert_int_equal(same.size, group.size);
    assert_memory_equal(same.bytes, group.bytes, group.size);
    end(&formed);
    end(&joined);
    return pair;
}

static void expect(struct exchange exchange, enum kc_error error)
{
    assert_int_equal(run(&exchange), error);
    end(&exchange);
}

static struct exchange with_wrong_pin(struct exchange exchange)
{
    kc_descriptors_close(&exchange.request.descriptors);
    assert_int_equal(kc_client_request_secret(&exchange.request, &exchange.request.message.values,
                         KC_FIELD_PIN, "not the right one", 17),
        KC_OK);
    return exchange;
}

static size_t count_keys(void)
{
    struct exchange exchange = begin(KC_OPERATION_KEY_LIST);
    put_text(&exchange, KC_FIELD_KEYRING, "test");
    run_well(&exchange);
    size_t count = kc_client_answer_message(exchange.answer)->item_count;
    end(&exchange);
    return count;
}

/* What does not fit makes no share in software ... */
static void refuse_to_join(struct pair *pair)
{
    static const uint8_t identity[65] = {0};
    struct key right = pair->resident;
    expect(ask_to_join(pair, "P-384", KC_PARTY_SERVICE), KC_ERR_BAD_ALGORITHM);
    expect(ask_to_join(pair, "Ed25519", KC_PARTY_SERVICE), KC_ERR_BAD_ALGORITHM);
    expect(ask_to_join(pair, "P-256", 0), KC_ERR_BAD_ARGUMENT);
    expect(ask_to_join(pair, "P-256", 3), KC_ERR_BAD_ARGUMENT);
    expect(ask_to_join(pair, "X25519", KC_PARTY_SERVICE), KC_ERR_POINT_ENCODING);
    expect(with_wrong_pin(ask_to_join(pair, "P-256", KC_PARTY_SERVICE)), KC_ERR_OPERATOR_PROOF);
    pair->resident.public_key[40] ^= 1;
    expect(ask_to_join(pair, "P-256", KC_PARTY_SERVICE), KC_ERR_POINT_NOT_ON_CURVE);
    memcpy(pair->resident.public_key, identity, sizeof identity);
    expect(ask_to_join(pair, "P-256", KC_PARTY_SERVICE), KC_ERR_POINT_ENCODING);
    pair->resident = right;
}

/* ... and no key that is not resident, is for something else or not here, becomes a share. */
static void refuse_to_form(struct pair *pair, struct kc_span possession)
{
    struct key right = pair->resident, joined = pair->software;
    expect(ask_to_form(pair, possession, 0), KC_ERR_BAD_ARGUMENT);
    expect(with_wrong_pin(ask_to_form(pair, possession, KC_PARTY_FIRST)), KC_ERR_OPERATOR_PROOF);
    expect(
        ask_to_form(pair, (struct kc_span){possession.bytes, possession.size - 1}, KC_PARTY_FIRST),
        KC_ERR_BAD_ARGUMENT);
    pair->software.public_key[5] ^= 1;
    struct exchange exchange = ask_to_form(pair, possession, KC_PARTY_FIRST);
    assert_int_not_equal(run(&exchange), KC_OK);
    end(&exchange);
    pair->software = joined;
    pair->resident = generate("signs", "P-256", "sign");
    expect(ask_to_form(pair, possession, KC_PARTY_FIRST), KC_ERR_REFUSED);
    struct exchange sealed = ask_to_generate("sealed", "P-256", "agree");
    put_text(&sealed, KC_FIELD_RESIDENCE, "sealed");
    run_well(&sealed);
    take_key(&sealed, &pair->resident);
    end(&sealed);
    expect(ask_to_form(pair, possession, KC_PARTY_FIRST), KC_ERR_BAD_ARGUMENT);
    pair->resident.id[5] ^= 1;
    expect(ask_to_form(pair, possession, KC_PARTY_FIRST), KC_ERR_REFUSED);
    pair->resident = right;
}

static void what_does_not_fit_becomes_no_resident_share(void **state)
{
    (void)state;
    struct pair pair = {.curve = KC_CURVE_P256};
    set_operator_pin();
    pair.resident = generate("resident", "P-256", "agree");
    refuse_to_join(&pair);
    assert_int_equal(count_keys(), 1);
    struct exchange joined = ask_to_join(&pair, "P-256", KC_PARTY_SERVICE);
    run_well(&joined);
    take_key(&joined, &pair.software);
    refuse_to_form(&pair, answered(&joined, KC_FIELD_POSSESSION));
    expect(ask_to_form(&pair, answered(&joined, KC_FIELD_POSSESSION), KC_PARTY_FIRST), KC_OK);
    /* it is a share now, and not one for two keys */
    expect(
        ask_to_form(&pair, answered(&joined, KC_FIELD_POSSESSION), KC_PARTY_FIRST), KC_ERR_REFUSED);
    end(&joined);
}

/* Somebody to agree with, whose scalar is known here. */
static struct kc_scalar some_scalar(enum kc_curve curve, uint8_t seed)
{
    struct kc_scalar scalar;
    uint8_t uniform[KC_UNIFORM_SIZE];
    memset(uniform, seed, sizeof uniform);
    assert_int_equal(kc_scalar_random(&scalar, curve, uniform), KC_OK);
    return scalar;
}

static struct kc_point contribute(const struct pair *pair, const struct key *share,
    const struct kc_point *peer, const struct kc_scalar *l, const struct kc_scalar *c)
{
    struct kc_point contribution;
    const struct kc_curve_info *info = kc_curve_info(pair->curve);
    uint8_t encoded[KC_POINT_SIZE_MAX], coefficient[KC_SCALAR_SIZE_MAX], offset[KC_SCALAR_SIZE_MAX];
    struct exchange exchange = begin(KC_OPERATION_AGREEMENT_CONTRIBUTE);
    kc_point_encode(peer, encoded);
    put_text(&exchange, KC_FIELD_KEY, share->id);
    put_octets(&exchange, KC_FIELD_PEER, encoded, info->point_size);
    if (l) {
        kc_scalar_encode(l, coefficient);
        put_octets(&exchange, KC_FIELD_COEFFICIENT, coefficient, info->scalar_size);
    }
    if (c) {
        kc_scalar_encode(c, offset);
        put_octets(&exchange, KC_FIELD_OFFSET, offset, info->scalar_size);
    }
    run_well(&exchange);
    struct kc_span span = answered(&exchange, KC_FIELD_CONTRIBUTION);
    assert_int_equal(kc_point_decode(&contribution, pair->curve, span.bytes, span.size), KC_OK);
    end(&exchange);
    return contribution;
}

/* first completes with what second, the service, contributed: what the whole key would agree. */
static void assert_combines(const struct pair *pair, const struct key *first,
    const struct key *service, const struct kc_scalar *peer_scalar)
{
    const struct kc_curve_info *info = kc_curve_info(pair->curve);
    uint8_t expected[KC_POINT_SIZE_MAX], agreed[KC_POINT_SIZE_MAX], encoded[2][KC_POINT_SIZE_MAX];
    struct kc_point peer;
    assert_int_equal(kc_point_multiply_base(&peer, peer_scalar), KC_OK);
    struct kc_point contribution = contribute(pair, service, &peer, NULL, NULL);
    struct exchange exchange = begin(KC_OPERATION_AGREEMENT_COMBINE);
    kc_point_encode(&peer, encoded[0]);
    kc_point_encode(&contribution, encoded[1]);
    put_text(&exchange, KC_FIELD_KEY, first->id);
    put_octets(&exchange, KC_FIELD_PEER, encoded[0], info->point_size);
    put_octets(&exchange, KC_FIELD_CONTRIBUTION, encoded[1], info->point_size);
    run_well(&exchange);
    take_secret(&exchange, agreed, info->agreed_size);
    end(&exchange);
    assert_int_equal(kc_agreement_agree(expected, peer_scalar, &pair->group), KC_OK);
    assert_memory_equal(agreed, expected, info->agreed_size);
}

/* (l*s + c)*P by the root is l times s*P, and c times P. */
static void assert_factors_enter(const struct pair *pair, const struct key *share)
{
    struct kc_scalar l = some_scalar(pair->curve, 21), c = some_scalar(pair->curve, 22);
    struct kc_scalar scalar = some_scalar(pair->curve, 23);
    struct kc_point peer, terms[2], expected;
    assert_int_equal(kc_point_multiply_base(&peer, &scalar), KC_OK);
    struct kc_point plain = contribute(pair, share, &peer, NULL, NULL);
    struct kc_point full = contribute(pair, share, &peer, &l, &c);
    assert_int_equal(kc_point_multiply(&terms[0], &l, &plain), KC_OK);
    assert_int_equal(kc_point_multiply(&terms[1], &c, &peer), KC_OK);
    assert_int_equal(kc_point_sum(&expected, terms, 2), KC_OK);
    assert_true(kc_point_equal(&full, &expected));
}

/* The generator and its negative are where the two derivations of a token are at their edges. */
static void assert_edges(
    const struct pair *pair, const struct key *first, const struct key *service)
{
    struct kc_scalar one;
    kc_scalar_set(&one, pair->curve, 1);
    assert_combines(pair, first, service, &one);
    kc_scalar_negate(&one, &one);
    assert_combines(pair, first, service, &one);
}

static void try_pair(const char *algorithm, enum kc_curve curve, uint64_t index)
{
    struct pair pair = make_pair(algorithm, curve, index);
    const struct key *first = index == KC_PARTY_FIRST ? &pair.resident : &pair.software;
    const struct key *service = index == KC_PARTY_FIRST ? &pair.software : &pair.resident;
    struct kc_scalar scalar = some_scalar(curve, 24);
    assert_combines(&pair, first, service, &scalar);
    assert_factors_enter(&pair, service);
    assert_edges(&pair, first, service);
    kc_custodian_restart_with(&custodian, &client);
    assert_combines(&pair, first, service, &scalar);
    assert_int_equal(call_with_key(KC_OPERATION_KEY_DESTROY, pair.resident.id), KC_OK);
    if (custodian.has_hsm)
        await_objects(KC_SOFTHSM_OF_THE_ROOT);
}

static void a_resident_share_and_one_in_software_agree_as_their_whole_key_would(void **state)
{
    (void)state;
    try_pair("P-256", KC_CURVE_P256, KC_PARTY_SERVICE);
}

static void the_first_share_may_be_the_resident_one(void **state)
{
    (void)state;
    try_pair("P-256", KC_CURVE_P256, KC_PARTY_FIRST);
}

static void x25519_shares_resident_in_softhsm_agree_as_their_whole_key_would(void **state)
{
    (void)state;
    try_pair("X25519", KC_CURVE_X25519, KC_PARTY_SERVICE);
}

static void x448_shares_resident_in_softhsm_agree_as_their_whole_key_would(void **state)
{
    (void)state;
    try_pair("X448", KC_CURVE_X448, KC_PARTY_FIRST);
}

#define ON_TPM(case) cmocka_unit_test_setup_teardown(case, set_up_tpm, tear_down)
#define ON_SOFTHSM(case) cmocka_unit_test_setup_teardown(case, set_up_softhsm, tear_down)

int main(void)
{
    const struct CMUnitTest on_tpm[] = {
        ON_TPM(a_resident_key_signs_and_agrees_also_after_a_restart),
        ON_TPM(what_a_root_cannot_have_resident_is_refused_with_its_reason),
        ON_TPM(a_resident_share_and_one_in_software_agree_as_their_whole_key_would),
        ON_TPM(the_first_share_may_be_the_resident_one),
        ON_TPM(what_does_not_fit_becomes_no_resident_share),
    };
    const struct CMUnitTest on_softhsm[] = {
        ON_SOFTHSM(a_resident_key_signs_and_agrees_also_after_a_restart),
        ON_SOFTHSM(softhsm_keeps_nothing_of_resident_keys_that_were_destroyed_or_not_stored),
        ON_SOFTHSM(resident_keys_that_softhsm_made_for_a_killed_vault_do_not_pile_up),
        ON_SOFTHSM(a_resident_share_and_one_in_software_agree_as_their_whole_key_would),
        ON_SOFTHSM(x25519_shares_resident_in_softhsm_agree_as_their_whole_key_would),
        ON_SOFTHSM(x448_shares_resident_in_softhsm_agree_as_their_whole_key_would),
    };
    return cmocka_run_group_tests_name("resident in a TPM", on_tpm, NULL, NULL) +
           cmocka_run_group_tests_name("resident in softhsm", on_softhsm, NULL, NULL);
}
