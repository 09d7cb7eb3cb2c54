/* SPDX-License-Identifier: Apache-2.0 */
/* A desk that lies about records gains nothing: they are changed, cut, swapped, old or hidden, or are
 * not stored though it says so. */
#include "tests/vault/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What the desk sends in place of the request's own records. */
static uint8_t forged[KC_RECORD_SIZE_MAX];
static size_t forged_size;

static void send_forged(struct bench *bench, struct kc_vault_message *request)
{
    (void)bench;
    if (request->message.operation != KC_OPERATION_KEY_SIGN)
        return;
    request->records[0] = (struct kc_span){forged, forged_size};
    request->record_count = 1;
}

static void forge(const struct kc_record *record)
{
    struct kc_writer w;
    kc_writer_init(&w, forged, sizeof forged);
    kc_record_pack(&w, record);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
    forged_size = w.size;
}

static enum kc_error sign_with_forged(struct bench *bench, const char *key)
{
    struct ask ask = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    struct answer *answer = bench_ask(bench, &ask);
    enum kc_error error = answer->error;
    answer_done(answer);
    return error;
}

static void a_record_with_any_octet_changed_is_refused_and_no_other(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *other = bench_generate(bench, "Ed25519", "application", "b");
    bench->lie = send_forged;
    forge(bench_record(bench, KC_KIND_KEY, key));
    for (size_t i = 0; i < forged_size; i++) {
        for (int bit = 0; bit < 8; bit += 7) {
            forged[i] ^= (uint8_t)(1 << bit);
            enum kc_error error = sign_with_forged(bench, key);
            assert_true(error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_REFUSED);
            forged[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_int_equal(sign_with_forged(bench, key), KC_OK);
    bench->lie = NULL;
    bench_expect_sign(bench, other, KC_OK);
    free(other);
    free(key);
}

static void a_record_cut_short_anywhere_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "X25519", "wrap", "a");
    bench->lie = send_forged;
    forge(bench_record(bench, KC_KIND_KEY, key));
    for (size_t size = forged_size; forged_size-- > 0 && size > 0;)
        assert_int_equal(sign_with_forged(bench, key), KC_ERR_RECORD_DAMAGED);
    free(key);
}

static void another_keys_record_is_not_taken_for_this_one(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *other = bench_generate(bench, "Ed25519", "application", "b");
    bench->lie = send_forged;
    forge(bench_record(bench, KC_KIND_KEY, other));
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED); /* it is there, and was not sent */
    struct kc_record renamed = *bench_record(bench, KC_KIND_KEY, other);
    memcpy(renamed.id, bench_record(bench, KC_KIND_KEY, key)->id, sizeof renamed.id);
    forge(&renamed);
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    struct kc_record swapped = *bench_record(bench, KC_KIND_KEY, key);
    memcpy(swapped.secret, bench_record(bench, KC_KIND_KEY, other)->secret, sizeof swapped.secret);
    memcpy(swapped.seal, bench_record(bench, KC_KIND_KEY, other)->seal, sizeof swapped.seal);
    forge(&swapped);
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(other);
    free(key);
}

static void another_vaults_record_is_refused(void **state)
{
    struct bench *bench = *state, *other = bench_new();
    char *key = bench_generate(other, "Ed25519", "application", "a");
    char *own = bench_generate(bench, "Ed25519", "application", "a");
    bench->lie = send_forged;
    forge(bench_record(other, KC_KIND_KEY, key));
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    bench_free(other);
    free(own);
    free(key);
}

static void a_revoked_key_stays_revoked_whatever_the_store_holds(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record active = *bench_record(bench, KC_KIND_KEY, key);
    bench_expect_sign(bench, key, KC_OK);
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &disable, KC_OK);
    *bench_record(bench, KC_KIND_KEY, key) = active;
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(key);
}

static void a_destroyed_key_seen_after_a_restart_stays_destroyed(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record active = *bench_record(bench, KC_KIND_KEY, key);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    bench_restart(bench);
    struct ask show = key_ask(KC_OPERATION_KEY_SHOW, key);
    bench_expect(bench, &show, KC_OK);
    *bench_record(bench, KC_KIND_KEY, key) = active;
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(key);
}

static void a_change_said_to_be_stored_but_not_stored_holds(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->lies_about_storing = true;
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(key);
}

/* Two changes of one version would let the desk choose: the second is refused before it is made. */
static void of_two_changes_at_the_same_time_one_is_made(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->holds_stored = true;
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    uint64_t first = bench_send(bench, &disable), second = bench_send(bench, &destroy);
    struct answer *refused = bench_take(bench, second);
    assert_non_null(refused);
    assert_int_equal(refused->error, KC_ERR_CONFLICT);
    answer_done(refused);
    bench_expect_sign(bench, key, KC_OK);
    bench->holds_stored = false;
    bench_pump(bench);
    answer_done(bench_take(bench, first));
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    free(key);
}

static struct kc_record unstored;

static void keep_commit(struct bench *bench)
{
    static struct kc_vault_message message;
    assert_int_equal(bench->queued, 1);
    assert_int_equal(
        kc_vault_message_unpack(bench->queue[0].bytes, bench->queue[0].size, NULL, &message),
        KC_OK);
    assert_int_equal(message.type, KC_VAULT_COMMIT);
    assert_int_equal(kc_record_unpack(message.records[0], &unstored), KC_OK);
}

/* A change whose storing failed is worth nothing, though the desk kept it. */
static void a_change_that_failed_is_never_believed(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench->holds_stored = true;
    uint64_t ticket = bench_send(bench, &disable);
    keep_commit(bench);
    bench->holds_stored = false;
    bench->store_error = KC_ERR_STORE_FULL;
    bench_pump(bench);
    struct answer *answer = bench_take(bench, ticket);
    assert_int_equal(answer->error, KC_ERR_STORE_FULL);
    answer_done(answer);
    bench->store_error = KC_OK;
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    *bench_record(bench, KC_KIND_KEY, key) = unstored;
    struct ask enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    bench_expect(bench, &enable, KC_ERR_RECORD_DAMAGED);
    free(key);
}

/* The desk read the record, and another request changed it before this one came. */
static struct kc_record read_before;

static void send_old_once(struct bench *bench, struct kc_vault_message *request)
{
    static uint8_t packed[KC_RECORD_SIZE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, packed, sizeof packed);
    kc_record_pack(&w, &read_before);
    if (request->id_count == 0)
        request->records[0] = (struct kc_span){packed, w.size};
    (void)bench;
}

static void a_record_read_too_early_is_asked_for_again(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    read_before = *bench_record(bench, KC_KIND_KEY, key);
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &disable, KC_OK);
    struct ask enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    bench_expect(bench, &enable, KC_OK);
    bench->lie = send_old_once;
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

static void hide_all(struct bench *bench, struct kc_vault_message *request)
{
    (void)bench;
    request->record_count = 0;
}

static void hiding_the_vaults_record_opens_nothing(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_restart(bench);
    bench->lie = hide_all;
    struct ask ask = key_ask(KC_OPERATION_KEY_SHOW, key);
    bench_expect(bench, &ask, KC_ERR_ROOT_HEAD_TAKEN); /* no second store on this root */
    bench->lie = NULL;
    bench_expect_sign(bench, key, KC_OK);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

static void the_vaults_own_record_with_any_octet_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record *own = bench_record(bench, KC_KIND_VAULT, KC_RECORD_ID_VAULT);
    struct kc_record good = *own;
    uint8_t *const fields[] = {own->seal, own->mac, &own->has_operator, &own->role,
        (uint8_t *)own->label, (uint8_t *)&own->created, (uint8_t *)&own->version};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bench_restart(bench);
        *fields[i] ^= 1;
        bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
        *own = good;
    }
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

/* The vault compares a record that it has used before, and does not compute its MAC again. */
static void a_key_in_use_with_any_octet_of_its_record_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record *stored = bench_record(bench, KC_KIND_KEY, key);
    struct kc_record good = *stored;
    uint8_t *const fields[] = {(uint8_t *)stored->label, (uint8_t *)stored->keyring,
        (uint8_t *)stored->account, &stored->role, &stored->use, &stored->state, &stored->dealer,
        stored->public_key, stored->group_public, stored->peer_public, stored->seal, stored->secret,
        stored->mac, (uint8_t *)&stored->created, (uint8_t *)&stored->expiry};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bench_expect_sign(bench, key, KC_OK);
        *fields[i] ^= 1;
        bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
        *stored = good;
    }
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

/* --- requests --- */

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_record_with_any_octet_changed_is_refused_and_no_other),
        CASE(a_record_cut_short_anywhere_is_refused),
        CASE(another_keys_record_is_not_taken_for_this_one),
        CASE(another_vaults_record_is_refused),
        CASE(a_revoked_key_stays_revoked_whatever_the_store_holds),
        CASE(a_destroyed_key_seen_after_a_restart_stays_destroyed),
        CASE(a_change_said_to_be_stored_but_not_stored_holds),
        CASE(of_two_changes_at_the_same_time_one_is_made),
        CASE(a_change_that_failed_is_never_believed),
        CASE(a_record_read_too_early_is_asked_for_again),
        CASE(hiding_the_vaults_record_opens_nothing),
        CASE(the_vaults_own_record_with_any_octet_changed_is_refused),
        CASE(a_key_in_use_with_any_octet_of_its_record_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
