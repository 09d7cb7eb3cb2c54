/* SPDX-License-Identifier: Apache-2.0 */
/* Escrow at the vault: shares that are shown once, and a seed that comes back on another machine. */
#include "tests/vault/bench.h"

#include "custodian/mesh/recovery.h"
#include "custodian/vault/handouts.h"
#include "tests/mesh/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHARES_MAX 15

/* A custodian with a seed. */
struct home {
    struct bench *bench;
    char seed[KC_UDF_ID_SIZE]; /* id: the UDF of its profile key */
};

/* What create and share gave. */
struct escrow {
    char id[KC_UDF_ID_SIZE];
    char *record;
    char shares[SHARES_MAX][KC_RECOVERY_SHARE_SIZE];
    size_t count;
};

/* --- asking --- */

static struct ask recover_ask(const char *seed, const char *shares, const char *record)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_RECOVER);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, seed);
    ask_secret(&ask, KC_FIELD_SHARES, shares, strlen(shares));
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    if (record)
        ask_octets(&ask, KC_FIELD_DOCUMENT, record, strlen(record));
    return ask;
}

static void expect_recover(struct bench *bench, const char *seed, const char *shares,
    const char *record, enum kc_error error)
{
    struct ask ask = recover_ask(seed, shares, record);
    bench_expect(bench, &ask, error);
    bool is_there = bench_record(bench, KC_KIND_SEED, seed) != NULL;
    assert_true(error == KC_ERR_EXISTS || is_there == (error == KC_OK));
}

static struct ask create_ask(const char *seed, unsigned needed, unsigned count)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_CREATE);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_number(&ask, KC_FIELD_COUNT, count);
    ask_number(&ask, KC_FIELD_THRESHOLD, needed);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    return ask;
}

static void create(struct home *home, unsigned needed, unsigned count, struct escrow *escrow)
{
    size_t size;
    struct ask ask = create_ask(home->seed, needed, count);
    struct answer *answer = bench_ask(home->bench, &ask);
    *escrow = (struct escrow){.count = count};
    escrow->record = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    strcpy(escrow->id, answer_text(answer, KC_FIELD_OBJECT));
    assert_string_equal(answer_text(answer, KC_FIELD_KEY), home->seed);
    answer_done(answer);
}

static struct ask share_ask(const struct escrow *escrow)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_SHARE);
    ask_text(&ask, KC_FIELD_OBJECT, escrow->id);
    return ask;
}

/* Takes the next share; whether there are more. */
static bool take_share(struct bench *bench, struct escrow *escrow)
{
    size_t size;
    struct ask ask = share_ask(escrow);
    struct answer *answer = bench_ask(bench, &ask);
    char *share = answer_octets(answer, KC_FIELD_SECRET, &size);
    size_t index = (size_t)answer_value(answer, KC_FIELD_INDEX)->number;
    bool more = answer_value(answer, KC_FIELD_MORE)->number != 0;
    assert_int_equal(escrow->shares[index - 1][0], 0);
    strcpy(escrow->shares[index - 1], share);
    free(share);
    answer_done(answer);
    return more;
}

static void take_shares(struct bench *bench, struct escrow *escrow)
{
    size_t taken = 1;
    while (take_share(bench, escrow))
        taken++;
    assert_int_equal(taken, escrow->count);
}

/* Shares by their places, a line each; static room. */
static const char *lines(const struct escrow *escrow, const char *places)
{
    static char text[KC_RECOVERY_SHARES_SIZE];
    text[0] = 0;
    for (; *places; places++)
        strcat(strcat(text, escrow->shares[*places - '1']), "\n");
    return text;
}

static void expect_verify(struct bench *bench, const char *shares, enum kc_error error)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_VERIFY);
    ask_secret(&ask, KC_FIELD_SHARES, shares, strlen(shares));
    bench_expect(bench, &ask, error);
}

static const char *state_of(struct bench *bench, const struct escrow *escrow)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_SHOW);
    ask_text(&ask, KC_FIELD_OBJECT, escrow->id);
    struct answer *answer = bench_ask(bench, &ask);
    const char *state = answer_text(answer, KC_FIELD_STATE);
    answer_done(answer);
    return state;
}

/* --- a seed of its own --- */

/* The first seed comes as any other does: out of shares, here of one that the test made. */
static void import_seed(struct home *home)
{
    struct kc_recovery_seed seed = {.octets = {1, 2}, .size = 34, .signing = KC_CURVE_ED448};
    KC_AUTO_KEY key = {0};
    uint8_t secret[KC_RECOVERY_KEY_SIZE], random[KC_UDF_SHAMIR_RANDOM_SIZE];
    char id[KC_UDF_ID_SIZE], *record, share[KC_RECOVERY_SHARE_SIZE];
    size_t size;
    struct kc_udf_share made[1];
    struct kc_mesh_source source = sample_source();
    assert_int_equal(getrandom(seed.octets + 2, 32, 0), 32);
    assert_int_equal(getrandom(random, sizeof random, 0), sizeof random);
    assert_int_equal(
        kc_recovery_profile_key((struct kc_span){seed.octets, 34}, KC_CURVE_ED448, &key), KC_OK);
    assert_int_equal(kc_mesh_public_key(&key.public, &seed.profile), KC_OK);
    assert_int_equal(kc_recovery_make(&source, &seed, secret, id, &record, &size), KC_OK);
    assert_int_equal(
        kc_udf_shamir_split(made, 1, 1, (struct kc_span){secret, sizeof secret}, random), KC_OK);
    assert_int_equal(kc_recovery_share_print(&made[0], id, share), KC_OK);
    strcpy(home->seed, seed.profile.udf);
    expect_recover(home->bench, home->seed, share, record, KC_OK);
    free(record);
}

static int setup(void **state)
{
    struct home *home = calloc(1, sizeof *home);
    home->bench = bench_new();
    bench_set_pin(home->bench);
    import_seed(home);
    *state = home;
    return 0;
}

static int teardown(void **state)
{
    struct home *home = *state;
    bench_free(home->bench);
    free(home);
    return 0;
}

static struct bench *new_machine(void)
{
    struct bench *bench = bench_new();
    bench_set_pin(bench);
    return bench;
}

/* --- lose and recover --- */

static void a_seed_comes_back_on_another_machine(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    struct bench *other = new_machine();
    create(home, 3, 5, &escrow);
    take_shares(home->bench, &escrow);
    expect_recover(other, home->seed, lines(&escrow, "245"), escrow.record, KC_OK);
    const struct kc_record *there = bench_record(other, KC_KIND_SEED, home->seed),
                           *here = bench_record(home->bench, KC_KIND_SEED, home->seed);
    assert_memory_equal(there->public_key, here->public_key, here->public_size);
    assert_int_equal(there->residence, KC_RESIDENCE_SEALED);
    assert_int_equal(there->role, KC_ROLE_ACCOUNT);
    /* the same seed: what is escrowed of it there opens for the same profile */
    struct home moved = {.bench = other};
    struct escrow again;
    strcpy(moved.seed, home->seed);
    create(&moved, 2, 2, &again);
    take_shares(other, &again);
    expect_verify(other, lines(&again, "12"), KC_OK);
    expect_recover(other, home->seed, lines(&escrow, "245"), escrow.record, KC_ERR_EXISTS);
    free(again.record);
    free(escrow.record);
    bench_free(other);
}

/* 7.21, 7.22 */
static void each_way_to_be_wrong_has_its_error_and_imports_nothing(void **state)
{
    struct home *home = *state, stranger = {.bench = home->bench};
    struct escrow escrow, other, foreign;
    struct bench *machine = new_machine();
    create(home, 3, 5, &escrow);
    take_shares(home->bench, &escrow);
    create(home, 3, 5, &other);
    take_shares(home->bench, &other);
    import_seed(&stranger);
    create(&stranger, 3, 5, &foreign);
    take_shares(home->bench, &foreign);
    char mixed[KC_RECOVERY_SHARES_SIZE], altered[KC_RECOVERY_SHARES_SIZE];
    strcpy(mixed, lines(&escrow, "12"));
    strcat(mixed, other.shares[2]);
    strcpy(altered, lines(&escrow, "1234"));
    altered[33] = altered[33] == 'A' ? 'B' : 'A';
    const struct {
        const char *shares, *record, *seed;
        enum kc_error error;
    } cases[] = {{lines(&escrow, "12"), escrow.record, home->seed, KC_ERR_SHARES_FEW},
        {mixed, escrow.record, home->seed, KC_ERR_SHARES_MIXED},
        {altered, escrow.record, home->seed, KC_ERR_SHARES_WRONG},
        {"no share", escrow.record, home->seed, KC_ERR_BAD_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_recover(machine, cases[i].seed, cases[i].shares, cases[i].record, cases[i].error);
    expect_recover(machine, home->seed, lines(&escrow, "123"), other.record, KC_ERR_RECOVERY);
    expect_recover(machine, home->seed, lines(&escrow, "123"), NULL, KC_ERR_RECOVERY);
    expect_recover(machine, home->seed, lines(&escrow, "123"), "[]", KC_ERR_ENVELOPE);
    expect_recover(
        machine, home->seed, lines(&foreign, "123"), foreign.record, KC_ERR_RECOVERY_PROFILE);
    expect_recover(machine, home->seed, lines(&escrow, "123"), escrow.record, KC_OK);
    free(foreign.record);
    free(other.record);
    free(escrow.record);
    bench_free(machine);
}

static void who_is_not_the_operator_learns_nothing_of_shares(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    struct bench *machine = new_machine();
    create(home, 2, 3, &escrow);
    take_shares(home->bench, &escrow);
    static const char *const places[] = {"1", "12"};
    for (size_t i = 0; i < 2; i++) {
        struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_RECOVER);
        const char *shares = lines(&escrow, places[i]);
        ask_text(&ask, KC_FIELD_KEY, home->seed);
        ask_text(&ask, KC_FIELD_KEYRING, "main");
        ask_text(&ask, KC_FIELD_LABEL, "mine");
        ask_secret(&ask, KC_FIELD_SHARES, shares, strlen(shares));
        ask_secret(&ask, KC_FIELD_PIN, "not the pin", 11);
        ask_octets(&ask, KC_FIELD_DOCUMENT, escrow.record, strlen(escrow.record));
        struct answer *answer = bench_ask(machine, &ask);
        assert_string_equal(kc_error_name(answer->error), "operator-proof");
        assert_true(kc_field_set_empty(&answer->in.message.values.present));
        answer_done(answer);
    }
    struct ask ask = create_ask(home->seed, 2, 3);
    struct ask wrong = ask_new(KC_OPERATION_MESH_ESCROW_CREATE);
    wrong.message.values = ask.message.values;
    kc_descriptors_close(&ask.descriptors);
    ask_secret(&wrong, KC_FIELD_PIN, "not the pin", 11);
    bench_expect(home->bench, &wrong, KC_ERR_OPERATOR_PROOF);
    free(escrow.record);
    bench_free(machine);
}

/* --- shares --- */

static void each_share_is_shown_once_and_to_who_made_it(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 3, &escrow);
    uint64_t own = home->bench->connection;
    (void)bench_connect(home->bench);
    struct ask foreign = share_ask(&escrow);
    bench_expect(home->bench, &foreign, KC_ERR_REFUSED);
    home->bench->connection = own;
    take_shares(home->bench, &escrow);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(escrow.shares[i], escrow.shares[k]);
    struct ask again = share_ask(&escrow);
    bench_expect(home->bench, &again, KC_ERR_REFUSED);
    free(escrow.record);
}

/* Else two requests at once would have the last two, and neither would know that it was the last. */
static void a_share_is_taken_by_who_knows_how_many_are_left(void **state)
{
    struct kc_handouts *handouts;
    struct kc_udf_share shares[2] = {{.size = 33}, {.size = 33}}, taken;
    (void)state;
    assert_int_equal(kc_handouts_new(&handouts), KC_OK);
    assert_int_equal(kc_handouts_put(handouts, 1, 1000, "EAAA", shares, 2), KC_OK);
    assert_int_equal(kc_handouts_left(handouts, 1, "EAAA"), 2);
    assert_true(kc_handouts_take(handouts, 1, "EAAA", 2, &taken));
    assert_false(kc_handouts_take(handouts, 1, "EAAA", 2, &taken));
    assert_true(kc_handouts_take(handouts, 1, "EAAA", 1, &taken));
    assert_false(kc_handouts_take(handouts, 1, "EAAA", 0, &taken));
    kc_handouts_free(handouts);
}

static void an_escrow_counts_when_all_its_shares_were_shown(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 3, &escrow);
    assert_string_equal(state_of(home->bench, &escrow), "disabled");
    assert_true(take_share(home->bench, &escrow));
    assert_true(take_share(home->bench, &escrow));
    assert_string_equal(state_of(home->bench, &escrow), "disabled");
    assert_false(take_share(home->bench, &escrow));
    assert_string_equal(state_of(home->bench, &escrow), "active");
    free(escrow.record);
}

static void shares_that_were_not_shown_are_gone_after_a_restart_and_in_time(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 3, &escrow);
    assert_true(take_share(home->bench, &escrow));
    bench_restart(home->bench);
    struct ask ask = share_ask(&escrow);
    bench_expect(home->bench, &ask, KC_ERR_REFUSED);
    assert_string_equal(state_of(home->bench, &escrow), "disabled");
    free(escrow.record);
    create(home, 2, 3, &escrow);
    assert_true(take_share(home->bench, &escrow));
    home->bench->milliseconds += 1800000;
    kc_vault_expire(home->bench->vault);
    ask = share_ask(&escrow);
    bench_expect(home->bench, &ask, KC_ERR_REFUSED);
    free(escrow.record);
}

static void counts_have_their_limits(void **state)
{
    struct home *home = *state;
    static const struct {
        unsigned needed, count;
        enum kc_error error;
    } cases[] = {{1, 3, KC_ERR_BAD_ARGUMENT}, {4, 3, KC_ERR_BAD_ARGUMENT},
        {2, 16, KC_ERR_BAD_ARGUMENT}, {15, 15, KC_OK}, {2, 2, KC_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ask ask = create_ask(home->seed, cases[i].needed, cases[i].count);
        bench_expect(home->bench, &ask, cases[i].error);
    }
    struct ask forced = create_ask(home->seed, 1, 3);
    ask_number(&forced, KC_FIELD_FORCE, 1);
    bench_expect(home->bench, &forced, KC_OK);
}

static void so_many_escrows_are_on_their_way_at_once_and_no_more(void **state)
{
    struct home *home = *state;
    home->bench->dies_everywhere = false; /* their shares are in memory */
    for (size_t i = 0; i <= 4; i++) {
        struct ask ask = create_ask(home->seed, 2, 3);
        bench_expect(home->bench, &ask, i < 4 ? KC_OK : KC_ERR_LIMIT);
    }
    (void)bench_connect(home->bench);
    struct ask ask = create_ask(home->seed, 2, 3);
    bench_expect(home->bench, &ask, KC_ERR_LIMIT);
}

/* 7.23 */
static void a_key_that_is_no_seed_is_not_escrowed(void **state)
{
    struct home *home = *state;
    char *key = bench_generate(home->bench, "Ed448", "account", "signs");
    struct ask ask = create_ask(key, 2, 3);
    bench_expect(home->bench, &ask, KC_ERR_REFUSED);
    free(key);
}

static void verifying_imports_nothing_and_is_noted(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 3, &escrow);
    take_shares(home->bench, &escrow);
    size_t records = home->bench->record_count;
    expect_verify(home->bench, lines(&escrow, "1"), KC_ERR_SHARES_FEW);
    struct ask before = ask_new(KC_OPERATION_MESH_ESCROW_SHOW);
    ask_text(&before, KC_FIELD_OBJECT, escrow.id);
    struct answer *answer = bench_ask(home->bench, &before);
    assert_false(kc_values_has(&answer->in.message.values, KC_FIELD_START));
    answer_done(answer);
    expect_verify(home->bench, lines(&escrow, "13"), KC_OK);
    struct ask show = ask_new(KC_OPERATION_MESH_ESCROW_SHOW);
    ask_text(&show, KC_FIELD_OBJECT, escrow.id);
    answer = bench_ask(home->bench, &show);
    assert_int_equal(answer_value(answer, KC_FIELD_START)->number, home->bench->seconds);
    answer_done(answer);
    assert_int_equal(home->bench->record_count, records);
    struct bench *other = new_machine(); /* where there is no such escrow */
    expect_verify(other, lines(&escrow, "13"), KC_ERR_RECOVERY);
    bench_free(other);
    free(escrow.record);
}

/* --- the keys of a seed --- */

/* The id of the key whose label ends so; given (free). */
static char *key_of(struct bench *bench, const struct home *home, const char *suffix)
{
    char label[KC_RECORD_TEXT_SIZE];
    snprintf(label, sizeof label, "%s%s", home->seed, suffix);
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == KC_KIND_KEY && strcmp(bench->records[i].label, label) == 0)
            return strdup(bench->records[i].id);
    fail_msg("there is no key %s", label);
    return NULL;
}

static void expect_sign(struct bench *bench, const struct home *home, const char *suffix,
    const char *payload, enum kc_error error)
{
    char *key = key_of(bench, home, suffix);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, payload, strlen(payload));
    bench_expect(bench, &ask, error);
    free(key);
}

#define MESSAGE "{\"MessageContact\":{}}"
#define CONNECTION "{\"ConnectionDevice\":{}}"
#define PROFILE "{\"ProfileUser\":{}}"

/* 7.14, of keys that are derived: by what their names say. */
static void keys_of_a_recovered_seed_sign_each_its_own_objects(void **state)
{
    struct home *home = *state;
    struct bench *bench = home->bench;
    expect_sign(bench, home, " sign", MESSAGE, KC_OK);
    expect_sign(bench, home, " sign", CONNECTION, KC_ERR_REFUSED);
    expect_sign(bench, home, " administrator", CONNECTION, KC_OK);
    expect_sign(bench, home, " administrator", PROFILE, KC_ERR_REFUSED);
    expect_sign(bench, home, " profile", PROFILE, KC_OK);
    expect_sign(bench, home, " profile", CONNECTION, KC_ERR_REFUSED);
    char *key = key_of(bench, home, " profile");
    struct ask raw = ask_new(KC_OPERATION_KEY_SIGN);
    ask_text(&raw, KC_FIELD_KEY, key);
    ask_octets(&raw, KC_FIELD_MESSAGE, PROFILE, strlen(PROFILE));
    bench_expect(bench, &raw, KC_ERR_REFUSED);
    struct ask digest = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    uint8_t octets[64] = {1};
    ask_text(&digest, KC_FIELD_KEY, key);
    ask_octets(&digest, KC_FIELD_MESSAGE, octets, sizeof octets);
    ask_number(&digest, KC_FIELD_HASHED, 1);
    bench_expect(bench, &digest, KC_ERR_REFUSED);
    free(key);
}

static struct ask retire_ask(const struct escrow *escrow)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_RETIRE);
    ask_text(&ask, KC_FIELD_OBJECT, escrow->id);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    return ask;
}

static void a_seed_is_retired_where_an_escrow_was_verified_alone(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 2, &escrow);
    struct ask ask = retire_ask(&escrow);
    bench_expect(home->bench, &ask, KC_ERR_ESCROW);
    take_shares(home->bench, &escrow);
    ask = retire_ask(&escrow);
    bench_expect(home->bench, &ask, KC_ERR_ESCROW);
    expect_verify(home->bench, lines(&escrow, "12"), KC_OK);
    struct ask unproven = ask_new(KC_OPERATION_MESH_ESCROW_RETIRE);
    ask_text(&unproven, KC_FIELD_OBJECT, escrow.id);
    ask_secret(&unproven, KC_FIELD_PIN, "not the pin", 11);
    bench_expect(home->bench, &unproven, KC_ERR_OPERATOR_PROOF);
    assert_int_equal(bench_record(home->bench, KC_KIND_SEED, home->seed)->state, KC_STATE_ACTIVE);
    ask = retire_ask(&escrow);
    bench_expect(home->bench, &ask, KC_OK);
    const struct kc_record *seed = bench_record(home->bench, KC_KIND_SEED, home->seed);
    assert_int_equal(seed->state, KC_STATE_DESTROYED);
    assert_int_equal(seed->secret_size + seed->seal_size, 0);
    ask = retire_ask(&escrow);
    bench_expect(home->bench, &ask, KC_ERR_REFUSED);
    free(escrow.record);
}

static void keys_in_use_outlive_their_seed_and_it_comes_back_beside_them(void **state)
{
    struct home *home = *state;
    struct bench *bench = home->bench;
    struct escrow escrow;
    create(home, 2, 2, &escrow);
    take_shares(bench, &escrow);
    expect_verify(bench, lines(&escrow, "12"), KC_OK);
    struct ask ask = retire_ask(&escrow);
    bench_expect(bench, &ask, KC_OK);
    bench_restart(bench);
    expect_sign(bench, home, " sign", MESSAGE, KC_OK);
    expect_sign(bench, home, " sign", PROFILE, KC_ERR_REFUSED);
    expect_sign(bench, home, " administrator", CONNECTION, KC_OK);
    expect_sign(bench, home, " profile", PROFILE, KC_ERR_REFUSED); /* it went with the seed */
    struct ask again = create_ask(home->seed, 2, 2);
    bench_expect(bench, &again, KC_ERR_REFUSED);
    struct ask recover = recover_ask(home->seed, lines(&escrow, "12"), NULL);
    bench_expect(bench, &recover, KC_OK);
    expect_sign(bench, home, " profile", PROFILE, KC_OK);
    expect_sign(bench, home, " sign", MESSAGE, KC_OK);
    free(escrow.record);
}

/* --- what is stored, and what is not --- */

static void nothing_of_an_escrow_is_left_if_it_is_not_stored(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 2, &escrow);
    assert_true(take_share(home->bench, &escrow));
    home->bench->store_error = KC_ERR_STORE_FULL;
    struct ask last = share_ask(&escrow);
    bench_expect(home->bench, &last, KC_ERR_STORE_FULL);
    home->bench->store_error = KC_OK;
    assert_string_equal(state_of(home->bench, &escrow), "disabled");
    struct ask again = share_ask(&escrow); /* it was to be shown once */
    bench_expect(home->bench, &again, KC_ERR_REFUSED);
    free(escrow.record);
}

/* The vault dies after each of the writes of a request, before it hears of it. */
static void a_restart_after_each_write_leaves_all_or_nothing(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 2, &escrow);
    take_shares(home->bench, &escrow);
    for (unsigned writes = 1; writes <= 2; writes++) {
        struct bench *machine = new_machine();
        struct ask ask = recover_ask(home->seed, lines(&escrow, "12"), escrow.record);
        machine->holds_stored = true;
        uint64_t ticket = bench_send(machine, &ask);
        bench_pump(machine);
        if (writes == 2) { /* the first is the count of the operator's PIN */
            machine->holds_stored = false;
            bench_pump(machine);
            struct answer *answer = bench_take(machine, ticket);
            assert_non_null(answer);
            assert_int_equal(answer->error, KC_OK);
            answer_done(answer);
        } else {
            bench_store_unheard(machine);
            kc_descriptors_close(&ask.descriptors);
        }
        bench_restart(machine);
        machine->holds_stored = false;
        machine->seconds += 10;
        assert_int_equal(bench_record(machine, KC_KIND_SEED, home->seed) != NULL, writes == 2);
        struct ask again = recover_ask(home->seed, lines(&escrow, "12"), escrow.record);
        bench_expect(machine, &again, writes == 2 ? KC_ERR_EXISTS : KC_OK);
        bench_free(machine);
    }
    free(escrow.record);
}

static void the_policy_says_who_escrows_and_recovers(void **state)
{
    struct home *home = *state;
    struct escrow escrow;
    create(home, 2, 2, &escrow);
    take_shares(home->bench, &escrow);
    bench_allow_only(home->bench, KC_OPERATION_KEY_LIST);
    struct ask show = ask_new(KC_OPERATION_MESH_ESCROW_SHOW);
    ask_text(&show, KC_FIELD_OBJECT, escrow.id);
    bench_expect(home->bench, &show, KC_ERR_REFUSED);
    struct ask ask = create_ask(home->seed, 2, 2);
    bench_expect(home->bench, &ask, KC_ERR_REFUSED);
    expect_verify(home->bench, lines(&escrow, "12"), KC_ERR_REFUSED);
    struct ask again = recover_ask(home->seed, lines(&escrow, "12"), escrow.record);
    bench_expect(home->bench, &again, KC_ERR_REFUSED);
    free(escrow.record);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_seed_comes_back_on_another_machine),
        TEST(each_way_to_be_wrong_has_its_error_and_imports_nothing),
        TEST(who_is_not_the_operator_learns_nothing_of_shares),
        TEST(each_share_is_shown_once_and_to_who_made_it),
        TEST(a_share_is_taken_by_who_knows_how_many_are_left),
        TEST(an_escrow_counts_when_all_its_shares_were_shown),
        TEST(shares_that_were_not_shown_are_gone_after_a_restart_and_in_time),
        TEST(counts_have_their_limits),
        TEST(so_many_escrows_are_on_their_way_at_once_and_no_more),
        TEST(a_key_that_is_no_seed_is_not_escrowed),
        TEST(verifying_imports_nothing_and_is_noted),
        TEST(keys_of_a_recovered_seed_sign_each_its_own_objects),
        TEST(a_seed_is_retired_where_an_escrow_was_verified_alone),
        TEST(keys_in_use_outlive_their_seed_and_it_comes_back_beside_them),
        TEST(nothing_of_an_escrow_is_left_if_it_is_not_stored),
        TEST(a_restart_after_each_write_leaves_all_or_nothing),
        TEST(the_policy_says_who_escrows_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
