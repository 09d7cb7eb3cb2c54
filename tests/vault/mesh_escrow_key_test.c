/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of an account in escrow by its escrow key: what goes in, and where it comes back. */
#include "tests/vault/admin_world.h"

#include "custodian/mesh/account_create.h"
#include "custodian/mesh/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define STORE "CompleteAccountEncryptMMM_Contact"

/* --- asking --- */

static struct ask derive_ask(const char *seed, const char *name)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_DERIVE);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_text(&ask, KC_FIELD_DETAIL, name);
    ask_text(&ask, KC_FIELD_LABEL, name + strlen("CompleteAccount"));
    return ask;
}

/* Makes a key of a seed a key of its own; its id is given: free. */
static char *derive(struct bench *bench, const char *seed, const char *name)
{
    struct ask ask = derive_ask(seed, name);
    struct answer *answer = bench_ask(bench, &ask);
    GOOD(answer->error);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return id;
}

static struct ask seal_ask(const char *account, const char *key)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_SEAL);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_pin(&ask);
    return ask;
}

static char *seal(struct bench *bench, const char *account, const char *key)
{
    size_t size;
    struct ask ask = seal_ask(account, key);
    struct answer *answer = bench_ask(bench, &ask);
    GOOD(answer->error);
    assert_string_equal(answer_text(answer, KC_FIELD_KEY), key);
    char *text = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    return text;
}

static struct ask open_ask(const char *account, const char *text)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_OPEN);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&ask, KC_FIELD_LABEL, "taken back");
    ask_octets(&ask, KC_FIELD_DOCUMENT, text, strlen(text));
    ask_pin(&ask);
    return ask;
}

static void expect_open(
    struct bench *bench, const char *account, const char *text, enum kc_error error)
{
    struct ask ask = open_ask(account, text);
    bench_expect(bench, &ask, error);
}

/* --- a seed in escrow, and back --- */

struct escrow {
    char id[KC_UDF_ID_SIZE];
    char *record, *shares; /* owned */
};

static void escrow_done(struct escrow *escrow)
{
    free(escrow->record);
    free(escrow->shares);
}

static char *take_share(struct bench *bench, const char *id)
{
    size_t size;
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_SHARE);
    ask_text(&ask, KC_FIELD_OBJECT, id);
    struct answer *answer = bench_ask(bench, &ask);
    GOOD(answer->error);
    char *share = answer_octets(answer, KC_FIELD_SECRET, &size);
    answer_done(answer);
    return share;
}

/* Two shares of two, shown and verified. */
static struct escrow escrow_seed(struct bench *bench, const char *seed)
{
    size_t size;
    struct escrow escrow;
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_CREATE);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_number(&ask, KC_FIELD_COUNT, 2);
    ask_number(&ask, KC_FIELD_THRESHOLD, 2);
    ask_pin(&ask);
    struct answer *answer = bench_ask(bench, &ask);
    GOOD(answer->error);
    strcpy(escrow.id, answer_text(answer, KC_FIELD_OBJECT));
    escrow.record = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    answer_done(answer);
    char *a = take_share(bench, escrow.id), *b = take_share(bench, escrow.id);
    assert_true(asprintf(&escrow.shares, "%s\n%s\n", a, b) > 0);
    free(a);
    free(b);
    ask = ask_new(KC_OPERATION_MESH_ESCROW_VERIFY);
    ask_secret(&ask, KC_FIELD_SHARES, escrow.shares, strlen(escrow.shares));
    bench_expect(bench, &ask, KC_OK);
    return escrow;
}

static void recover(struct bench *bench, const char *seed, const struct escrow *escrow)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_RECOVER);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "recovered");
    ask_secret(&ask, KC_FIELD_SHARES, escrow->shares, strlen(escrow->shares));
    ask_octets(&ask, KC_FIELD_DOCUMENT, escrow->record, strlen(escrow->record));
    ask_pin(&ask);
    bench_expect(bench, &ask, KC_OK);
}

static void retire(struct bench *bench, const struct escrow *escrow)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_RETIRE);
    ask_text(&ask, KC_FIELD_OBJECT, escrow->id);
    ask_pin(&ask);
    bench_expect(bench, &ask, KC_OK);
}

/* --- what comes back --- */

static void a_store_s_key_comes_back_where_the_account_was_recovered(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    char *key = derive(w->bench, account, STORE);
    char *text = seal(w->bench, account, key);
    struct escrow escrow = escrow_seed(w->bench, account);
    expect_open(w->bench, account, text, KC_ERR_EXISTS);
    struct bench *other = bench_new();
    bench_set_pin(other);
    expect_open(other, account, text, KC_ERR_REFUSED); /* before there is the seed */
    recover(other, account, &escrow);
    struct ask ask = open_ask(account, text);
    struct answer *answer = bench_ask(other, &ask);
    GOOD(answer->error);
    assert_string_equal(answer_text(answer, KC_FIELD_KEY), key);
    assert_string_equal(answer_text(answer, KC_FIELD_ROLE), "account");
    assert_string_equal(answer_text(answer, KC_FIELD_RESIDENCE), "wrapped");
    assert_string_equal(answer_text(answer, KC_FIELD_LABEL), "taken back");
    answer_done(answer);
    GOOD(bench_opens(other, sample_source(), key));
    free(seal(other, account, key)); /* and goes into escrow again */
    expect_open(other, account, text, KC_ERR_EXISTS);
    bench_free(other);
    escrow_done(&escrow);
    free(text);
    free(key);
    free(account);
}

/* Of a group the seed alone does not make it: its escrow is of the key. */
static void a_group_s_key_that_was_rotated_comes_back_with_the_first_seed(void **state)
{
    struct world *w = *state;
    char *group = world_create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_OK);
    char *key = derive(
        w->bench, bench_record(w->bench, KC_KIND_SEED, group)->group, KC_MESH_NAME_ENCRYPTION);
    char *text = seal(w->bench, group, key);
    struct escrow escrow = escrow_seed(w->bench, group);
    struct bench *other = bench_new();
    bench_set_pin(other);
    recover(other, group, &escrow);
    assert_null(bench_record(other, KC_KIND_KEY, key));
    expect_open(other, group, text, KC_OK);
    GOOD(bench_opens(other, sample_source(), key));
    bench_free(other);
    escrow_done(&escrow);
    free(text);
    free(key);
    free(group);
}

/* --- what does not go in --- */

/* 7.23, 001 8.1.1 */
static void a_key_that_signs_or_authenticates_or_is_no_account_s_is_not_sealed(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    static const char *const labels[] = {
        "account profile", "account administrator", "account authenticate", "account sign"};
    size_t refused = 0;
    for (size_t i = 0; i < w->bench->record_count; i++)
        for (size_t k = 0; k < sizeof labels / sizeof *labels; k++) {
            const struct kc_record *record = &w->bench->records[i];
            if (record->kind != KC_KIND_KEY || strcmp(record->label, labels[k]) != 0)
                continue;
            struct ask ask = seal_ask(account, record->id);
            bench_expect(w->bench, &ask, KC_ERR_ESCROW_KEY);
            refused++;
        }
    assert_int_equal(refused, 4);
    char *others[] = {derive(w->bench, account, "CompleteAccountAdminEncrypt"),
        bench_generate(w->bench, "Ed448", "application", "signs"),
        bench_generate(w->bench, "X448", "application", "agrees"),
        bench_generate(w->bench, "X448", "account", "of no seed")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct ask ask = seal_ask(account, others[i]);
        bench_expect(w->bench, &ask, KC_ERR_ESCROW_KEY);
        free(others[i]);
    }
    char *key = derive(w->bench, account, STORE);
    struct ask unproven = ask_new(KC_OPERATION_MESH_ESCROW_SEAL);
    ask_text(&unproven, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&unproven, KC_FIELD_KEY, key);
    ask_secret(&unproven, KC_FIELD_PIN, "another PIN", 11);
    bench_expect(w->bench, &unproven, KC_ERR_OPERATOR_PROOF);
    struct ask none = seal_ask(account, "MAAA");
    bench_expect(w->bench, &none, KC_ERR_REFUSED);
    free(key);
    free(account);
}

static void a_key_is_sealed_for_its_own_account_alone(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    struct ask ask = create_ask(w, KC_OPERATION_MESH_GROUP_CREATE, "group", GROUP_ADDRESS);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *group = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    answer_done(answer);
    char *key = derive(w->bench, account, STORE);
    ask = seal_ask(group, key);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    char *text = seal(w->bench, account, key);
    expect_open(w->bench, group, text, KC_ERR_SIGNATURE);
    expect_open(w->bench, account, "[]", KC_ERR_DECRYPTION);
    bench_allow_only(w->bench, KC_OPERATION_KEY_LIST);
    ask = seal_ask(account, key);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    expect_open(w->bench, account, text, KC_ERR_REFUSED);
    free(text);
    free(key);
    free(group);
    free(account);
}

/* Whoever had it as a key would have each key in escrow in the clear, from envelope-open. */
static void the_escrow_key_itself_is_made_no_key_of_its_own(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    struct ask ask = derive_ask(account, KC_MESH_NAME_ESCROW);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    free(account);
}

/* --- when the seed goes --- */

/* "derived keys that are in use kept" (custodian-ops 4, retire-seed) */
static void keys_of_stores_outlive_their_seed(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    char *key = derive(w->bench, account, STORE);
    char *other = derive(w->bench, account, "CompleteAccountEncryptMMM_Bookmark");
    struct ask ask = ask_new(KC_OPERATION_KEY_DISABLE);
    ask_text(&ask, KC_FIELD_KEY, other);
    bench_expect(w->bench, &ask, KC_OK);
    struct escrow escrow = escrow_seed(w->bench, account);
    retire(w->bench, &escrow);
    bench_restart(w->bench);
    GOOD(bench_opens(w->bench, sample_source(), key));
    assert_int_equal(bench_record(w->bench, KC_KIND_KEY, other)->state, KC_STATE_DISABLED);
    ask = ask_new(KC_OPERATION_KEY_ENABLE);
    ask_text(&ask, KC_FIELD_KEY, other);
    bench_expect(w->bench, &ask, KC_OK);
    GOOD(bench_opens(w->bench, sample_source(), other));
    recover(w->bench, account, &escrow);
    free(seal(w->bench, account, key)); /* its seed is known of */
    escrow_done(&escrow);
    free(other);
    free(key);
    free(account);
}

static void a_seed_knows_as_many_keys_as_it_can_let_go(void **state)
{
    struct world *w = *state;
    char *account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    char name[KC_MESH_KEY_NAME_SIZE], *keys[14];
    for (unsigned i = 0; i < 14; i++) {
        snprintf(name, sizeof name, STORE "%u", i);
        keys[i] = derive(w->bench, account, name);
    }
    struct ask ask = derive_ask(account, STORE);
    bench_expect(w->bench, &ask, KC_ERR_LIMIT);
    struct escrow escrow = escrow_seed(w->bench, account);
    retire(w->bench, &escrow);
    for (unsigned i = 0; i < 14; i++) {
        GOOD(bench_opens(w->bench, sample_source(), keys[i]));
        free(keys[i]);
    }
    escrow_done(&escrow);
    free(account);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_store_s_key_comes_back_where_the_account_was_recovered),
        IN_A_WORLD(a_group_s_key_that_was_rotated_comes_back_with_the_first_seed),
        IN_A_WORLD(a_key_that_signs_or_authenticates_or_is_no_account_s_is_not_sealed),
        IN_A_WORLD(a_key_is_sealed_for_its_own_account_alone),
        IN_A_WORLD(the_escrow_key_itself_is_made_no_key_of_its_own),
        IN_A_WORLD(keys_of_stores_outlive_their_seed),
        IN_A_WORLD(a_seed_knows_as_many_keys_as_it_can_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
