/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that somebody changes: each column of each kind of row, whole rows, and older ones. What
 * was changed is refused, everything else works as before.
 */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "threshold/key.h"

#define KIND_KEY 2
#define KIND_RECIPIENT 3
#define KIND_OBJECT 5
#define KEYRING_PIN "1234"

/* The last of each family is left alone. */
struct family {
    struct key keys[COLUMNS_MAX + 1];
};

static struct kc_custodian custodian;
static struct kc_client *client;
static int column_count;
static struct family sealed, wrapped, shares, recipients;
static struct family others, objects; /* just ids */

/* --- one row for each column, and one more --- */

static void read_column_count(void)
{
    struct rows rows;
    kc_custodian_stop(&custodian);
    rows_open(&custodian, &rows);
    column_count = rows.column_count;
    rows_close(&rows);
    kc_custodian_start(&custodian);
    kc_client_free(client);
    client = connect_to(&custodian);
}

static void make_keys(struct family *family, const char *algorithm, const char *residence)
{
    char label[32];
    for (int i = 0; i <= column_count; i++) {
        snprintf(label, sizeof label, "%s %d", residence, i);
        assert_answer(
            generate(client, algorithm, "application", residence, label, &family->keys[i]), KC_OK);
    }
}

static void make_shares(const char *recipient)
{
    char label[32];
    for (int i = 0; i <= column_count; i++) {
        struct key key;
        struct split split;
        snprintf(label, sizeof label, "account %d", i);
        assert_answer(generate(client, "X25519", "account", "wrapped", label, &key), KC_OK);
        assert_answer(split_key(client, &key, recipient, &split), KC_OK);
        shares.keys[i] = split.first;
    }
}

/* Keys that libcrypto works with, and objects, in one keyring. */
static void make_others(void)
{
    char label[32];
    for (int i = 0; i <= column_count; i++) {
        struct kc_client_answer *answer;
        snprintf(label, sizeof label, "other %d", i);
        assert_answer(ASK(client, KEY_GENERATE, &answer, TEXT(ALGORITHM, "P-256"),
                          TEXT(KEYRING, "home"), TEXT(LABEL, label), TEXT(RESIDENCE, "wrapped")),
            KC_OK);
        copy_text(answer, KC_FIELD_KEY, others.keys[i].id);
        kc_client_answer_free(answer);
        assert_answer(ASK(client, OBJECT_IMPORT, &answer, TEXT(KIND, "certificate"),
                          TEXT(KEYRING, "home"), TEXT(LABEL, label), OCTETS(VALUE, "DER", 3)),
            KC_OK);
        copy_text(answer, KC_FIELD_OBJECT, objects.keys[i].id);
        kc_client_answer_free(answer);
    }
    assert_answer(ASK(client, KEYRING_PIN_INIT, NULL, TEXT(KEYRING, "home"), TEXT(WHO, "user"),
                      OCTETS(NEW_PIN, KEYRING_PIN, 4), OCTETS(PIN, PIN, sizeof PIN - 1)),
        KC_OK);
}

static void make_recipients(void)
{
    char label[32];
    for (int i = 0; i <= column_count; i++) {
        KC_AUTO_KEY key = {0};
        uint8_t seed[32], public[KC_POINT_SIZE_MAX];
        assert_int_equal(getrandom(seed, sizeof seed, 0), sizeof seed);
        assert_int_equal(kc_key_from_seed(&key, KC_CURVE_X25519, seed, sizeof seed), KC_OK);
        kc_point_encode(&key.public, public);
        snprintf(label, sizeof label, "recipient %d", i);
        enrol(client, "X25519", public, 33, label, recipients.keys[i].id);
    }
}

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    client = connect_to(&custodian);
    set_pin(client);
    read_column_count();
    make_keys(&sealed, "Ed25519", "sealed");
    make_keys(&wrapped, "X448", "wrapped");
    make_others();
    make_recipients();
    make_shares(recipients.keys[column_count].id);
    kc_custodian_stop(&custodian);
    rows_save(&custodian, "good");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_custodian_done(&custodian);
    return 0;
}

/* Each test starts and ends with a custodian that is stopped and a store that is good. */
static int restore(void **state)
{
    (void)state;
    kc_client_free(client);
    client = NULL;
    kc_custodian_stop(&custodian);
    rows_restore(&custodian, "good");
    return 0;
}

static void stop(void)
{
    kc_custodian_stop(&custodian);
    rows_restore(&custodian, "good");
}

/* --- what works, and what is refused --- */

static bool is_refusal(enum kc_error error)
{
    return error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_REFUSED ||
           error == KC_ERR_ROOT_HEAD_TAKEN; /* no vault's row, and a root that knows of one */
}

static enum kc_error use_share(const struct key *share)
{
    struct peer peer;
    make_peer(share, &peer);
    return ASK(client, AGREEMENT_COMBINE, NULL, TEXT(KEY, share->id),
        OCTETS(PEER, peer.public, peer.public_size),
        OCTETS(CONTRIBUTION, peer.public, peer.public_size));
}

static enum kc_error split_to(const char *recipient)
{
    static int made;
    char label[32];
    struct key key;
    struct split split;
    snprintf(label, sizeof label, "to be split %d", made++);
    assert_answer(generate(client, "Ed448", "account", "wrapped", label, &key), KC_OK);
    return split_key(client, &key, recipient, &split);
}

static enum kc_error use_other(const struct key *key)
{
    static const uint8_t digest[32] = {1};
    return ASK(client, KEY_SIGN, NULL, TEXT(KEY, key->id), TEXT(SCHEME, "ecdsa"), NUMBER(HASHED, 1),
        OCTETS(MESSAGE, digest, sizeof digest));
}

static enum kc_error show_object(const struct key *object)
{
    return ASK(client, OBJECT_SHOW, NULL, TEXT(OBJECT, object->id));
}

static enum kc_error try_pin(void)
{
    return ASK(client, KEYRING_LOGIN, NULL, TEXT(KEYRING, "home"), TEXT(WHO, "user"),
        OCTETS(PIN, KEYRING_PIN, 4));
}

static void assert_refused(enum kc_error error, const char *what, const char *id)
{
    if (!is_refusal(error))
        fail_msg("%s of %s: %s", what, id, kc_error_name(error));
}

static void assert_the_last_of_each_works(void)
{
    assert_answer(use_key(client, &sealed.keys[column_count]), KC_OK);
    assert_answer(use_key(client, &wrapped.keys[column_count]), KC_OK);
    assert_answer(use_share(&shares.keys[column_count]), KC_OK);
    assert_answer(use_other(&others.keys[column_count]), KC_OK);
    assert_answer(show_object(&objects.keys[column_count]), KC_OK);
    assert_answer(split_to(recipients.keys[column_count].id), KC_OK);
}

static size_t count_listed(const char *role)
{
    struct kc_client_answer *answer;
    char after[65] = "";
    size_t count = 0;
    bool more = true;
    while (more) {
        enum kc_error error =
            *after ? ASK(client, KEY_LIST, &answer, TEXT(ROLE, role), TEXT(AFTER, after))
                   : ASK(client, KEY_LIST, &answer, TEXT(ROLE, role));
        assert_answer(error, KC_OK);
        count += kc_client_answer_message(answer)->item_count;
        more = value_of(answer, KC_FIELD_MORE)->number != 0;
        if (more)
            copy_text(answer, KC_FIELD_AFTER, after);
        kc_client_answer_free(answer);
    }
    return count;
}

static size_t count_recipients(void)
{
    struct kc_client_answer *answer;
    assert_answer(ASK_NOTHING(client, RECIPIENT_LIST, &answer), KC_OK);
    size_t count = kc_client_answer_message(answer)->item_count;
    kc_client_answer_free(answer);
    return count;
}

/* --- columns --- */

static void flip_each(struct rows *rows, int kind, const struct family *family)
{
    for (int i = 0; i < column_count; i++)
        rows_flip(rows, kind, family->keys[i].id, i);
}

/* The vault's and the operator's rows are one each: they have tests of their own. */
static void every_flipped_column_refuses_its_record(void **state)
{
    (void)state;
    struct rows rows;
    rows_open(&custodian, &rows);
    flip_each(&rows, KIND_KEY, &sealed);
    flip_each(&rows, KIND_KEY, &wrapped);
    flip_each(&rows, KIND_KEY, &shares);
    flip_each(&rows, KIND_RECIPIENT, &recipients);
    flip_each(&rows, KIND_KEY, &others);
    flip_each(&rows, KIND_OBJECT, &objects);
    rows_close(&rows);
    kc_custodian_start_with(&custodian, &client);
    for (int i = 0; i < column_count; i++) {
        const char *column = rows.columns[i];
        assert_refused(use_key(client, &sealed.keys[i]), column, "a sealed key");
        assert_refused(use_key(client, &wrapped.keys[i]), column, "a wrapped key");
        assert_refused(use_share(&shares.keys[i]), column, "a share");
        assert_refused(split_to(recipients.keys[i].id), column, "a recipient");
        assert_refused(use_other(&others.keys[i]), column, "a key on P-256");
        assert_refused(show_object(&objects.keys[i]), column, "an object");
    }
    assert_the_last_of_each_works();
    assert_int_equal(count_listed("application"), 3);
    assert_int_equal(count_listed("share"), 2); /* one was made just now */
    assert_int_equal(count_recipients(), 1);
}

static void a_flipped_column_of_the_vaults_row_opens_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < column_count; i++) {
        struct rows rows;
        rows_open(&custodian, &rows);
        rows_flip(&rows, 0, "vault", i);
        rows_close(&rows);
        kc_custodian_start_with(&custodian, &client);
        /* before it is opened nobody knows that another root's name is not the right one */
        if (strcmp(rows.columns[i], "root") == 0) {
            assert_answer(use_key(client, &sealed.keys[0]), KC_ERR_ROOT_UNAVAILABLE);
            stop();
            continue;
        }
        assert_refused(use_key(client, &sealed.keys[0]), rows.columns[i], "the vault");
        assert_refused(use_key(client, &wrapped.keys[0]), rows.columns[i], "the vault");
        assert_answer(ASK_NOTHING(client, STATUS, NULL), KC_OK);
        stop();
    }
    kc_custodian_start_with(&custodian, &client);
    assert_the_last_of_each_works();
}

static void a_flipped_column_of_the_operators_row_proves_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < column_count; i++) {
        struct rows rows;
        rows_open(&custodian, &rows);
        rows_flip(&rows, 0, "operator", i);
        rows_close(&rows);
        kc_custodian_start_with(&custodian, &client);
        assert_refused(split_to(recipients.keys[column_count].id), rows.columns[i], "the operator");
        assert_refused(ASK(client, OPERATOR_PIN, NULL, OCTETS(NEW_PIN, "another pin", 11)),
            rows.columns[i], "the operator, for another PIN");
        assert_answer(use_key(client, &sealed.keys[0]), KC_OK);
        stop();
    }
    kc_custodian_start_with(&custodian, &client);
    assert_the_last_of_each_works();
}

static void find_pin(struct rows *rows, char id[static 65])
{
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_prepare_v2(rows->database,
                         "SELECT id FROM records WHERE id LIKE 'pin:%'", -1, &row, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    snprintf(id, 65, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
}

static void a_flipped_column_of_a_pins_row_lets_nobody_in(void **state)
{
    (void)state;
    for (int i = 0; i < column_count; i++) {
        struct rows rows;
        char id[65];
        rows_open(&custodian, &rows);
        find_pin(&rows, id);
        rows_flip(&rows, 0, id, i);
        rows_close(&rows);
        kc_custodian_start_with(&custodian, &client);
        enum kc_error error = try_pin();
        if (error != KC_ERR_PIN_UNSET) /* it may be hidden: its owner is locked out */
            assert_refused(error, rows.columns[i], "a PIN");
        assert_answer(use_key(client, &sealed.keys[0]), KC_OK);
        stop();
    }
    kc_custodian_start_with(&custodian, &client);
    assert_answer(try_pin(), KC_OK);
}

/* --- rows --- */

static void a_deleted_row_is_refused_and_no_other(void **state)
{
    (void)state;
    struct rows rows;
    rows_open(&custodian, &rows);
    rows_run(&rows, "DELETE FROM records WHERE id = %Q", sealed.keys[0].id);
    rows_close(&rows);
    kc_custodian_start_with(&custodian, &client);
    assert_answer(use_key(client, &sealed.keys[0]), KC_ERR_RECORD_DAMAGED); /* it was there */
    assert_the_last_of_each_works();
}

static void hiding_the_operators_row_makes_no_new_operator(void **state)
{
    (void)state;
    struct rows rows;
    rows_open(&custodian, &rows);
    rows_run(&rows, "DELETE FROM records WHERE id = 'operator'");
    rows_close(&rows);
    kc_custodian_start_with(&custodian, &client);
    assert_refused(ASK(client, OPERATOR_PIN, NULL, OCTETS(NEW_PIN, "another pin", 11)),
        "another PIN", "the operator");
    assert_refused(split_to(recipients.keys[0].id), "a split", "the operator");
    assert_answer(use_key(client, &sealed.keys[0]), KC_OK);
}

static void rows_that_swapped_their_ids_are_refused(void **state)
{
    (void)state;
    struct rows rows;
    const char *one = wrapped.keys[0].id, *other = wrapped.keys[1].id;
    rows_open(&custodian, &rows);
    rows_run(&rows,
        "UPDATE records SET id = 'between' WHERE id = %Q; UPDATE records SET id = %Q WHERE id = %Q;"
        "UPDATE records SET id = %Q WHERE id = 'between'",
        one, one, other, other);
    rows_close(&rows);
    kc_custodian_start_with(&custodian, &client);
    assert_answer(use_key(client, &wrapped.keys[0]), KC_ERR_RECORD_DAMAGED);
    assert_answer(use_key(client, &wrapped.keys[1]), KC_ERR_RECORD_DAMAGED);
    assert_the_last_of_each_works();
}

static void a_row_of_another_key_under_this_id_is_refused(void **state)
{
    (void)state;
    struct rows rows;
    rows_open(&custodian, &rows);
    rows_run(&rows,
        "UPDATE records SET (seal, secret, mac, public_key) = (SELECT seal, secret, mac, public_key"
        " FROM records WHERE id = %Q) WHERE id = %Q",
        sealed.keys[1].id, sealed.keys[0].id);
    rows_close(&rows);
    kc_custodian_start_with(&custodian, &client);
    assert_answer(use_key(client, &sealed.keys[0]), KC_ERR_RECORD_DAMAGED);
    assert_answer(use_key(client, &sealed.keys[1]), KC_OK);
}

/* The desk comes back with other rows, the vault has seen newer ones. */
static void an_older_row_put_back_while_the_vault_runs_is_refused(void **state)
{
    (void)state;
    struct rows rows;
    char old[128];
    kc_custodian_start_with(&custodian, &client);
    assert_answer(use_key(client, &sealed.keys[0]), KC_OK);
    assert_answer(ASK(client, KEY_DISABLE, NULL, TEXT(KEY, sealed.keys[0].id)), KC_OK);
    assert_answer(destroy_key(client, sealed.keys[1].id), KC_OK);
    desk_hold(&custodian);
    rows_open(&custodian, &rows);
    snprintf(old, sizeof old, "%s/good/custodian.db", custodian.folder);
    rows_run(&rows,
        "ATTACH %Q AS old; REPLACE INTO records SELECT * FROM old.records WHERE id IN (%Q, %Q);"
        "DETACH old",
        old, sealed.keys[0].id, sealed.keys[1].id);
    rows_close(&rows);
    desk_release(&custodian);
    kc_client_free(client);
    client = connect_to(&custodian);
    assert_refused(use_key(client, &sealed.keys[0]), "an older row", "a disabled key");
    assert_refused(use_key(client, &sealed.keys[1]), "an older row", "a destroyed key");
    assert_the_last_of_each_works();
}

/* --- the whole store --- */

static void assert_freshness(const char *word)
{
    struct kc_client_answer *answer;
    char freshness[65];
    assert_answer(ASK_NOTHING(client, STATUS, &answer), KC_OK);
    copy_text(answer, KC_FIELD_FRESHNESS, freshness);
    assert_string_equal(freshness, word);
    kc_client_answer_free(answer);
}

static enum kc_error accept_rollback(const char *pin)
{
    struct kc_client_answer *answer;
    assert_answer(ASK_NOTHING(client, STATUS, &answer), KC_OK);
    uint64_t head = kc_client_answer_message(answer)->values.value[KC_FIELD_HEAD].number;
    kc_client_answer_free(answer);
    return ASK(client, STORE_ACCEPT, NULL, NUMBER(HEAD, head), OCTETS(PIN, pin, strlen(pin)));
}

static void a_rollback_of_the_whole_store_is_refused_until_the_operator_accepts_it(void **state)
{
    (void)state;
    kc_custodian_start_with(&custodian, &client);
    assert_answer(ASK(client, KEY_DISABLE, NULL, TEXT(KEY, sealed.keys[0].id)), KC_OK);
    kc_custodian_stop(&custodian);
    rows_restore_store(&custodian, "good");
    for (int starts = 0; starts < 2; starts++) {
        kc_custodian_start_with(&custodian, &client);
        assert_answer(use_key(client, &sealed.keys[0]), KC_ERR_STORE_ROLLED_BACK);
        assert_answer(use_share(&shares.keys[0]), KC_ERR_STORE_ROLLED_BACK);
        assert_freshness("rolled-back");
        assert_answer(accept_rollback("not the right one"), KC_ERR_OPERATOR_PROOF);
        kc_custodian_stop(&custodian);
    }
    kc_custodian_start_with(&custodian, &client);
    assert_answer(accept_rollback(PIN), KC_OK);
    assert_answer(use_key(client, &sealed.keys[0]), KC_OK); /* it is to be disabled again */
    assert_freshness("anchored");
    assert_answer(accept_rollback(PIN), KC_ERR_REFUSED);
    kc_custodian_stop(&custodian);
    kc_custodian_start_with(&custodian, &client);
    assert_the_last_of_each_works();
}

#define CASE(name) cmocka_unit_test_teardown(name, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_flipped_column_refuses_its_record),
        CASE(a_flipped_column_of_the_vaults_row_opens_nothing),
        CASE(a_flipped_column_of_the_operators_row_proves_nothing),
        CASE(a_flipped_column_of_a_pins_row_lets_nobody_in),
        CASE(a_deleted_row_is_refused_and_no_other),
        CASE(hiding_the_operators_row_makes_no_new_operator),
        CASE(rows_that_swapped_their_ids_are_refused),
        CASE(a_row_of_another_key_under_this_id_is_refused),
        CASE(an_older_row_put_back_while_the_vault_runs_is_refused),
        CASE(a_rollback_of_the_whole_store_is_refused_until_the_operator_accepts_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
