/* SPDX-License-Identifier: Apache-2.0 */
/* Operate in the vault: what a crash forgets, what a limit stops, what a desk that lies gains. */
#include "tests/vault/service_case.h"

#include "custodian/vault/core.h"
#include "custodian/vault/mesh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPERATE KC_OPERATION_MESH_OPERATE

/* --- each request once --- */

static void a_request_is_answered_once(void **state)
{
    struct bench *bench = *state;
    char *request = service_flow(bench, CASE_AGREE, 0);
    assert_int_equal(service_operate(bench, strdup(request)), 201);
    assert_int_equal(service_operate(bench, request), 401);
    assert_string_equal(bench->told.note, "replayed");
}

static void what_a_crash_forgot_is_refused_after_it(void **state)
{
    struct bench *bench = *state;
    char *now = service_flow(bench, CASE_AGREE, 0);
    char *ahead = service_flow(bench, CASE_AGREE, 250000); /* of a client whose clock is ahead */
    assert_int_equal(service_operate(bench, strdup(now)), 201);
    assert_int_equal(service_operate(bench, strdup(ahead)), 201);
    bench_restart(bench);
    bench->seconds += 5;
    assert_int_equal(service_operate(bench, now), 401);
    assert_string_equal(bench->told.note, "stale");
    assert_int_equal(service_operate(bench, ahead), 401);
    assert_string_equal(bench->told.note, "stale");
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
    bench->seconds += 300;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
}

static void what_came_before_the_start_is_refused(void **state)
{
    struct bench *bench = *state;
    char *before = service_flow(bench, CASE_AGREE, -1000);
    bench_restart(bench);
    assert_int_equal(service_operate(bench, before), 401);
    assert_string_equal(bench->told.note, "stale");
}

/* An ID is taken only when what covers it is stored: with whichever write the vault dies, the request is
 * answered at most once. */
static void a_request_is_answered_once_though_the_vault_dies_at_any_write(void **state)
{
    (void)state;
    for (size_t stored = 0; stored < 2; stored++) {
        struct bench *bench = service_with_shares();
        char *request = service_flow(bench, CASE_AGREE, 0);
        struct ask ask = ask_new(OPERATE);
        ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
        ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
        bench->dies_at_commit = 1;
        bench->dies_stored = stored == 1;
        uint64_t ticket = bench_send(bench, &ask);
        bench_pump(bench);
        assert_null(bench_take(bench, ticket));
        bench->is_dead = false;
        bench_restart(bench);
        int status = service_operate(bench, strdup(request));
        assert_int_equal(status, stored == 1 ? 401 : 201);
        assert_int_equal(service_operate(bench, request), 401);
        bench_free(bench);
    }
}

/* --- limits --- */

static void restart_with(struct bench *bench, uint32_t rate, uint32_t total)
{
    bench->config.operate.rate = rate;
    bench->config.operate.total = total;
    bench_restart(bench);
    bench->seconds++;
    bench_open(bench);
}

static void a_capability_answers_as_often_as_its_rate_in_an_hour(void **state)
{
    struct bench *bench = *state;
    restart_with(bench, 3, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 429);
    assert_string_equal(bench->told.note, "quota");
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_SIGN, 0)), 201);
    bench->seconds += 3600;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
}

static void a_crash_gives_back_nothing_that_was_charged(void **state)
{
    struct bench *bench = *state;
    restart_with(bench, 0, 100);
    for (size_t start = 0; start < 2; start++) { /* of two blocks: 64, and the 36 that are left */
        assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
        bench_restart(bench);
        bench->seconds += 20;
    }
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 429);
}

static void a_crash_between_charge_and_use_uses_it_up(void **state)
{
    struct bench *bench = *state;
    restart_with(bench, 0, 1);
    char *request = service_flow(bench, CASE_AGREE, 0);
    struct ask ask = ask_new(OPERATE);
    ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
    bench->dies_at_commit = 1;
    bench->dies_stored = true;
    uint64_t ticket = bench_send(bench, &ask);
    bench_pump(bench);
    assert_null(bench_take(bench, ticket));
    bench->is_dead = false;
    bench_restart(bench);
    bench->seconds += 20;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 429);
    free(request);
}

static void requests_that_nobody_is_believed_for_are_not_charged(void **state)
{
    struct bench *bench = *state;
    size_t commits = bench->commits;
    char *request = service_flow(bench, CASE_AGREE, 0);
    char *place = strstr(request, "\"signature\":\"");
    assert_non_null(place);
    place[20] = place[20] == 'A' ? 'B' : 'A';
    assert_int_equal(service_operate(bench, request), 401);
    assert_int_equal(bench->commits, commits);
}

/* --- desks that lie --- */

static uint8_t lied_kind;
static size_t lies;

static void leave_out(struct bench *bench, struct kc_vault_message *request)
{
    size_t kept = 0;
    (void)bench;
    for (size_t i = 0; i < request->record_count; i++) {
        struct kc_record record;
        bool goes =
            kc_record_unpack(request->records[i], &record) == KC_OK && record.kind == lied_kind;
        lies += goes;
        if (!goes)
            request->records[kept++] = request->records[i];
    }
    request->record_count = kept;
}

static void a_record_that_is_left_out_is_missed(void **state)
{
    static const uint8_t kinds[] = {KC_KIND_SERVICE, KC_KIND_ACCOUNT, KC_KIND_CAPABILITY};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof kinds; i++) {
        bench_restart(bench); /* no record was brought before */
        lied_kind = kinds[i];
        bench->lie = leave_out;
        lies = 0;
        service_expect(bench, OPERATE, service_flow(bench, CASE_AGREE, 0), KC_ERR_RECORD_DAMAGED);
        assert_true(lies > 0);
    }
}

static const struct bench_copy *older;

/* Gives what the store had before in place of what it has. */
static void give_older(struct bench *bench, struct kc_vault_message *request)
{
    static uint8_t rooms[KC_VAULT_RECORDS_MAX][KC_RECORD_SIZE_MAX];
    (void)bench;
    for (size_t i = 0; i < request->record_count; i++) {
        struct kc_record record;
        assert_int_equal(kc_record_unpack(request->records[i], &record), KC_OK);
        for (size_t k = 0; k < older->record_count; k++) {
            const struct kc_record *former = &older->records[k];
            struct kc_writer w;
            if (former->kind != record.kind || strcmp(former->id, record.id) != 0 ||
                former->kind != lied_kind)
                continue;
            kc_writer_init(&w, rooms[i], sizeof rooms[i]);
            kc_record_pack(&w, former);
            request->records[i] = (struct kc_span){w.bytes, w.size};
            lies++;
        }
    }
}

static void an_older_capability_is_refused_by_a_running_vault(void **state)
{
    struct bench *bench = *state;
    struct bench_copy *copy = bench_copy(bench);
    service_expect(bench, KC_OPERATION_MESH_CAPABILITY_REVOKE,
        service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID), KC_OK);
    older = copy;
    lied_kind = KC_KIND_CAPABILITY;
    lies = 0;
    bench->lie = give_older;
    service_expect(bench, OPERATE, service_flow(bench, CASE_AGREE, 0), KC_ERR_RECORD_DAMAGED);
    assert_true(lies > 0);
    free(copy);
}

static void an_older_account_is_refused_by_a_running_vault(void **state)
{
    struct bench *bench = *state;
    struct bench_copy *copy = bench_copy(bench);
    service_expect(
        bench, KC_OPERATION_MESH_ACCOUNT_UNBIND, service_unbind_request(bench, 0), KC_OK);
    older = copy;
    lied_kind = KC_KIND_ACCOUNT;
    bench->lie = give_older;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 401);
    bench_restart(bench); /* which has the newest no more, and asks for it */
    lies = 0;
    service_expect(bench, OPERATE, service_flow(bench, CASE_AGREE, 20000), KC_ERR_RECORD_DAMAGED);
    assert_true(lies > 0);
    free(copy);
}

static size_t flipped_octet;

static void flip(struct bench *bench, struct kc_vault_message *request)
{
    static uint8_t room[KC_RECORD_SIZE_MAX];
    (void)bench;
    for (size_t i = 0; i < request->record_count; i++) {
        struct kc_record record;
        if (kc_record_unpack(request->records[i], &record) != KC_OK || record.kind != lied_kind)
            continue;
        memcpy(room, request->records[i].bytes, request->records[i].size);
        room[flipped_octet % request->records[i].size] ^= 1;
        request->records[i].bytes = room;
        lies++;
    }
}

static void a_record_that_is_altered_in_any_part_is_refused(void **state)
{
    static const uint8_t kinds[] = {KC_KIND_SERVICE, KC_KIND_ACCOUNT, KC_KIND_CAPABILITY};
    struct bench *bench = *state;
    bench->lie = flip;
    for (size_t i = 0; i < sizeof kinds; i++) {
        bench_restart(bench); /* no record was brought before */
        lied_kind = kinds[i];
        for (flipped_octet = 0; flipped_octet < 1500; flipped_octet += 37) {
            struct answer *answer = service_ask(bench, OPERATE, service_flow(bench, CASE_AGREE, 0));
            assert_int_not_equal(answer->error, KC_OK);
            answer_done(answer);
        }
    }
    bench->lie = NULL;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 20000)), 201);
}

static void desk_comes_back(struct bench *bench)
{
    kc_vault_desk_gone(bench->vault);
    close(bench->client);
    bench_connect(bench);
}

/* The vault has used each of them, and no start in between. */
static void a_record_that_is_altered_is_refused_when_a_desk_comes_back_to_a_running_vault(
    void **state)
{
    static const uint8_t kinds[] = {KC_KIND_SERVICE, KC_KIND_ACCOUNT, KC_KIND_CAPABILITY};
    struct bench *bench = *state;
    int64_t shift = 20000; /* each request is another one */
    for (size_t i = 0; i < sizeof kinds; i++) {
        lied_kind = kinds[i];
        for (flipped_octet = 0; flipped_octet < 1500; flipped_octet += 97) {
            bench->lie = NULL;
            assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, shift++)), 201);
            desk_comes_back(bench);
            bench->lie = flip;
            struct answer *answer =
                service_ask(bench, OPERATE, service_flow(bench, CASE_AGREE, shift++));
            assert_int_not_equal(answer->error, KC_OK);
            answer_done(answer);
        }
    }
    bench->lie = NULL;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, shift)), 201);
}

/* Another capability of the account under the name of the one that is asked for. */
static void swap(struct bench *bench, struct kc_vault_message *request)
{
    static uint8_t room[KC_RECORD_SIZE_MAX];
    const char *account = json_string_value(case_at(case_base, "account.udf"));
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_capability_record_id(account, CASE_LAGRANGE_ID, id);
    for (size_t i = 0; i < request->record_count; i++) {
        struct kc_record record;
        struct kc_writer w;
        if (kc_record_unpack(request->records[i], &record) != KC_OK ||
            record.kind != KC_KIND_CAPABILITY)
            continue;
        char wanted[KC_RECORD_ID_SIZE];
        memcpy(wanted, record.id, sizeof wanted);
        record = *bench_record(bench, KC_KIND_CAPABILITY, id);
        memcpy(record.id, wanted, sizeof record.id);
        kc_writer_init(&w, room, sizeof room);
        kc_record_pack(&w, &record);
        request->records[i] = (struct kc_span){w.bytes, w.size};
        lies++;
    }
}

static void a_record_under_another_s_name_is_refused(void **state)
{
    struct bench *bench = *state;
    lies = 0;
    bench->lie = swap;
    bench_restart(bench); /* no record was brought before */
    service_expect(bench, OPERATE, service_flow(bench, CASE_AGREE, 0), KC_ERR_RECORD_DAMAGED);
    assert_true(lies > 0);
}

static void count(struct bench *bench, struct kc_vault_message *request)
{
    (void)bench;
    lies += request->type == KC_VAULT_REQUEST;
}

static void what_was_brought_before_is_not_asked_for_again(void **state)
{
    struct bench *bench = *state;
    bench_restart(bench);
    bench->lie = count;
    lies = 0;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 20000)), 201);
    assert_true(lies > 1);
    lies = 0;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_SIGN, 20000)), 201);
    assert_int_equal(lies, 2); /* for the other capability */
    lies = 0;
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 20001)), 201);
    assert_int_equal(lies, 1);
}

/* --- the store that was put back --- */

static void a_store_from_before_a_revocation_is_refused_after_a_start(void **state)
{
    struct bench *bench = *state;
    struct bench_copy *copy = bench_copy(bench);
    char *request = service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID);
    struct ask ask = ask_new(KC_OPERATION_MESH_CAPABILITY_REVOKE);
    ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
    ask_number(&ask, KC_FIELD_WAIT, 1);
    struct answer *answer = bench_ask(bench, &ask);
    json_t *receipt = service_opened(answer);
    const json_t *inner = json_object_get(receipt, "CustodianReceipt");
    assert_int_equal(json_integer_value(json_object_get(inner, "Effective")),
        json_integer_value(json_object_get(inner, "Anchored")));
    json_decref(receipt);
    answer_done(answer);
    free(request);
    bench_restore(bench, copy);
    bench_restart(bench);
    service_expect(
        bench, OPERATE, service_flow(bench, CASE_AGREE, 20000), KC_ERR_STORE_ROLLED_BACK);
    free(copy);
}

/* --- the vault dies at any write --- */

struct step {
    enum kc_operation operation;
    char *(*request)(struct bench *bench);
};

static char *bind_now(struct bench *bench)
{
    return service_bind_request(bench, 0);
}

static char *unbind_now(struct bench *bench)
{
    return service_unbind_request(bench, 0);
}

static char *revoke_one(struct bench *bench)
{
    return service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID);
}

static char *revoke_device(struct bench *bench)
{
    return service_delete_request(
        bench, "MMM_Device", json_string_value(case_at(case_base, "device.udf")));
}

static const struct step steps[] = {{KC_OPERATION_MESH_ACCOUNT_BIND, bind_now},
    {KC_OPERATION_MESH_CAPABILITY_ACCEPT, service_accept_request},
    {KC_OPERATION_MESH_CAPABILITY_REVOKE, revoke_one},
    {KC_OPERATION_MESH_DEVICE_REVOKE, revoke_device},
    {KC_OPERATION_MESH_ACCOUNT_UNBIND, unbind_now}};
#define STEPS (sizeof steps / sizeof *steps)

static void check_death(size_t at, bool stored)
{
    struct bench *bench = service_new();
    for (size_t i = 0; i < STEPS; i++) {
        char *request = steps[i].request(bench);
        if (i == at) {
            struct ask ask = ask_new(steps[i].operation);
            ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
            ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
            bench->dies_at_commit = 1;
            bench->dies_stored = stored;
            uint64_t ticket = bench_send(bench, &ask);
            bench_pump(bench);
            assert_null(bench_take(bench, ticket));
            assert_true(bench->is_dead);
            bench->is_dead = false;
            bench_restart(bench);
        }
        service_expect(bench, steps[i].operation, request, KC_OK);
    }
    bench_free(bench);
}

static void a_change_that_a_vault_dies_of_is_made_by_the_same_request_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        check_death(i, false);
        check_death(i, true);
    }
}

/* --- revocation and requests in flight --- */

static void what_is_revoked_while_it_is_asked_for_is_not_answered(void **state)
{
    struct bench *bench = *state;
    char *request = service_flow(bench, CASE_AGREE, 0);
    char *revocation = revoke_one(bench);
    struct ask operate = ask_new(OPERATE), revoke = ask_new(KC_OPERATION_MESH_CAPABILITY_REVOKE);
    ask_text(&operate, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&operate, KC_FIELD_REQUEST, request, strlen(request));
    ask_text(&revoke, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&revoke, KC_FIELD_REQUEST, revocation, strlen(revocation));
    bench->holds_stored = true; /* the revocation is on its way to the store */
    uint64_t revoking = bench_send(bench, &revoke);
    bench_pump(bench);
    uint64_t operating = bench_send(bench, &operate);
    bench_pump(bench);
    assert_null(bench_take(bench, operating)); /* it waits for what comes of that */
    bench->holds_stored = false;
    bench_pump(bench);
    struct answer *revoked = bench_take(bench, revoking), *answer = bench_take(bench, operating);
    assert_non_null(revoked);
    assert_non_null(answer);
    assert_int_equal(revoked->error, KC_OK);
    assert_string_equal(bench->told.note, "refused");
    answer_done(revoked);
    answer_done(answer);
    free(request);
    free(revocation);
}

/* What is being revoked, once the request was judged and its answer is made. */
static enum kc_mesh_revoked revoked_what;
static const char *revoked_name;

static void revoke_now(struct bench *bench)
{
    struct kc_record revocation = {.kind = KC_KIND_REVOCATION, .state = KC_STATE_ACTIVE};
    const char *account = json_string_value(case_at(case_base, "account.udf"));
    bench->during_random = NULL;
    kc_mesh_revocation_id(revoked_what, account, revoked_name, revocation.id);
    assert_int_equal(kc_map_issue(bench->vault->ledger.map, &revocation), KC_OK);
    kc_map_settle(bench->vault->ledger.map, &revocation, true);
}

static void what_is_revoked_while_its_answer_is_made_gets_none(void **state)
{
    struct bench *bench = *state;
    const struct {
        enum kc_mesh_revoked what;
        const char *name, *note; /* that of a request which came after it */
    } cases[] = {{KC_MESH_REVOKED_CAPABILITY, CASE_DECRYPT_ID, "refused"},
        {KC_MESH_REVOKED_DEVICE, json_string_value(case_at(case_base, "device.udf")),
            "not-authenticated"},
        {KC_MESH_REVOKED_DEVICE,
            json_string_value(case_at(case_base, "device.composite_keys.Sign.udf")),
            "not-authenticated"},
        {KC_MESH_REVOKED_DEVICE,
            json_string_value(case_at(case_base, "device.composite_keys.Authenticate.udf")),
            "not-authenticated"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* nothing is to be stored for the next one */
        service_expect(bench, OPERATE, service_flow(bench, CASE_AGREE, 0), KC_OK);
        revoked_what = cases[i].what;
        revoked_name = cases[i].name;
        bench->during_random = revoke_now;
        service_expect(bench, OPERATE, service_flow(bench, CASE_AGREE, 0), KC_OK);
        assert_null(bench->during_random);
        assert_string_equal(bench->told.note, cases[i].note);
        service_teardown(state);
        service_setup(state);
        bench = *state;
    }
}

#define WITH_SHARES(test) cmocka_unit_test_setup_teardown(test, service_setup, service_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SHARES(a_request_is_answered_once),
        WITH_SHARES(what_a_crash_forgot_is_refused_after_it),
        WITH_SHARES(what_came_before_the_start_is_refused),
        cmocka_unit_test(a_request_is_answered_once_though_the_vault_dies_at_any_write),
        WITH_SHARES(a_capability_answers_as_often_as_its_rate_in_an_hour),
        WITH_SHARES(a_crash_gives_back_nothing_that_was_charged),
        WITH_SHARES(a_crash_between_charge_and_use_uses_it_up),
        WITH_SHARES(requests_that_nobody_is_believed_for_are_not_charged),
        WITH_SHARES(a_record_that_is_left_out_is_missed),
        WITH_SHARES(an_older_capability_is_refused_by_a_running_vault),
        WITH_SHARES(an_older_account_is_refused_by_a_running_vault),
        WITH_SHARES(a_record_that_is_altered_in_any_part_is_refused),
        WITH_SHARES(a_record_that_is_altered_is_refused_when_a_desk_comes_back_to_a_running_vault),
        WITH_SHARES(a_record_under_another_s_name_is_refused),
        WITH_SHARES(what_was_brought_before_is_not_asked_for_again),
        WITH_SHARES(a_store_from_before_a_revocation_is_refused_after_a_start),
        cmocka_unit_test(a_change_that_a_vault_dies_of_is_made_by_the_same_request_again),
        WITH_SHARES(what_is_revoked_while_it_is_asked_for_is_not_answered),
        WITH_SHARES(what_is_revoked_while_its_answer_is_made_gets_none),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
