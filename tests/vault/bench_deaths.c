/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault that dies at every write: a request of the Mesh that changes something is asked again and
 * again, and each time the vault dies with its first write, its second and so on, before and after
 * that is stored. What the store holds then is what was there before, or all that the request does;
 * and the request asked again by the next vault does it, or is told that it was done. After each death
 * the store and the root are put back; in the end the request is done once, and the test goes on.
 *
 * The environment's KC_BENCH_DEATHS names a file, which gets a line for each such request: the
 * operation, and how many writes it died of. deaths_test runs all of it.
 */
#include "tests/vault/bench_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEATHS_MAX 32

/* What the same request gets when it was done and nobody had heard of it. */
static const struct changing {
    enum kc_operation operation;
    enum kc_error again; /* KC_OK: it is done again, or its answer given again */
    bool counts;         /* that there was a try is stored by itself, and stays */
} changing[] = {
    {KC_OPERATION_MESH_SERVICE_CREATE, KC_ERR_EXISTS, false},
    {KC_OPERATION_MESH_ACCOUNT_BIND, KC_OK, false},
    {KC_OPERATION_MESH_ACCOUNT_UNBIND, KC_OK, false},
    {KC_OPERATION_MESH_CAPABILITY_ACCEPT, KC_OK, false},
    {KC_OPERATION_MESH_CAPABILITY_REVOKE, KC_OK, false},
    {KC_OPERATION_MESH_DEVICE_REVOKE, KC_OK, false},
    {KC_OPERATION_MESH_CAPABILITY_WITHDRAW, KC_OK, false},
    {KC_OPERATION_MESH_DEVICE_WITHDRAW, KC_OK, false},
    {KC_OPERATION_MESH_DEVICE_CREATE, KC_ERR_LABEL_TAKEN, false},
    {KC_OPERATION_MESH_DEVICE_INSTALL, KC_ERR_EXISTS, false},
    {KC_OPERATION_MESH_DEVICE_DESTROY, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_DEVICE_REQUEST, KC_OK, false},
    {KC_OPERATION_MESH_DEVICE_CHECK, KC_OK, false},
    {KC_OPERATION_MESH_DEVICE_ACTIVATE, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_DEVICE_CANCEL, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_DEVICE_LEAVE, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_DEVICE_REFRESH, KC_ERR_EPOCH, false},
    {KC_OPERATION_MESH_ACCOUNT_CREATE, KC_ERR_LABEL_TAKEN, false},
    {KC_OPERATION_MESH_ACCOUNT_ACTIVATE, KC_ERR_EXISTS, false},
    {KC_OPERATION_MESH_ACCOUNT_REFRESH, KC_OK, false},
    {KC_OPERATION_MESH_ACCOUNT_DISCONNECT, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_ACCOUNT_MOVE, KC_OK, false},
    {KC_OPERATION_MESH_ACCOUNT_CLOSE, KC_OK, false},
    {KC_OPERATION_MESH_ACCOUNT_REPEAT, KC_OK, false},
    {KC_OPERATION_MESH_GROUP_CREATE, KC_ERR_LABEL_TAKEN, false},
    {KC_OPERATION_MESH_GROUP_MEMBER_ADD, KC_ERR_EXISTS, false},
    {KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_GROUP_ROTATE, KC_OK, false},
    {KC_OPERATION_MESH_GROUP_JOIN, KC_ERR_EPOCH, false},
    {KC_OPERATION_MESH_PIN_CREATE, KC_OK, false},
    {KC_OPERATION_MESH_PIN_CHECK, KC_ERR_MESH_PIN_USED, true},
    {KC_OPERATION_MESH_PIN_VERIFY, KC_OK, true},
    {KC_OPERATION_MESH_PIN_CLOSE, KC_ERR_MESH_PIN_USED, false},
    {KC_OPERATION_MESH_EARL_CREATE, KC_OK, false},
    {KC_OPERATION_MESH_EARL_PUBLISH, KC_ERR_EXISTS, false},
    {KC_OPERATION_MESH_EARL_CHECK, KC_ERR_CLAIMED, true},
    {KC_OPERATION_MESH_ESCROW_CREATE, KC_OK, false},
    {KC_OPERATION_MESH_ESCROW_VERIFY, KC_OK, false},
    {KC_OPERATION_MESH_ESCROW_RECOVER, KC_ERR_EXISTS, false},
    {KC_OPERATION_MESH_ESCROW_RETIRE, KC_ERR_REFUSED, false},
    {KC_OPERATION_MESH_ESCROW_SEAL, KC_OK, false},
    {KC_OPERATION_MESH_ESCROW_OPEN, KC_ERR_EXISTS, false},
};

/* The rest of the Mesh's operations: they change nothing, or what a death ends by itself. */
static const enum kc_operation others[] = {
    KC_OPERATION_MESH_SERVICE_SHOW,
    KC_OPERATION_MESH_HOST_SIGN,
    KC_OPERATION_MESH_ACCOUNT_LIST,
    KC_OPERATION_MESH_ACCOUNT_SHOW,
    KC_OPERATION_MESH_ACCOUNT_PROFILE,
    KC_OPERATION_MESH_CAPABILITY_LIST,
    KC_OPERATION_MESH_OPERATE, /* mesh_operate_test has its deaths: each request is answered once */
    KC_OPERATION_MESH_DEVICE_LIST,
    KC_OPERATION_MESH_DEVICE_PENDING,
    KC_OPERATION_MESH_DEVICE_SHOW,
    KC_OPERATION_MESH_EARL_OPEN,
    KC_OPERATION_MESH_EARL_CLAIM,
    KC_OPERATION_MESH_ESCROW_SHARE, /* of an escrow in memory: escrow_test */
    KC_OPERATION_MESH_ESCROW_SHOW,
};

static const struct changing *find(enum kc_operation operation)
{
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
        if (changing[i].operation == operation)
            return &changing[i];
    return NULL;
}

/* Every operation of the Mesh is of the one kind or the other. */
void bench_check_operations(void)
{
    for (size_t i = 0; i < KC_OPERATIONS; i++) {
        size_t times = find((enum kc_operation)i) != NULL;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            times += others[k] == i;
        if (times != (strncmp(kc_operations[i].name, "mesh-", 5) == 0))
            fail_msg("%s is in the wrong list, or in none", kc_operations[i].name);
    }
}

/* A bench whose test lets things go wrong by itself is left alone. */
static bool is_calm(const struct bench *bench)
{
    return !bench->holds_stored && bench->store_error == KC_OK && bench->root_error == KC_OK &&
           bench->head_error == KC_OK && bench->dies_at_commit == 0 && bench->dies_at_root == 0 &&
           !bench->lies_about_storing && !bench->during_root && !bench->lie && !bench->peer &&
           !bench->is_dead;
}

bool bench_dies_of(struct bench *bench, const struct ask *ask)
{
    if (ask->message.operation == KC_OPERATION_MESH_OPERATE)
        bench->dies_everywhere = false; /* the next vault would refuse requests from before */
    return bench->dies_everywhere && is_calm(bench) && find(ask->message.operation) != NULL;
}

/* --- all that lasts --- */

struct kept {
    struct bench_copy *store;
    struct bench_head heads[KC_CONFIG_ROOTS_MAX];
    bool retired[KC_CONFIG_ROOTS_MAX];
    size_t seal_count, commits, head_writes;
};

static struct kept keep(const struct bench *bench)
{
    struct kept kept = {.store = bench_copy(bench),
        .seal_count = bench->seal_count,
        .commits = bench->commits,
        .head_writes = bench->head_writes};
    memcpy(kept.heads, bench->heads, sizeof kept.heads);
    memcpy(kept.retired, bench->retired, sizeof kept.retired);
    return kept;
}

/* Whether the policy allows it is no matter: to be refused opens the store as well. */
static void open_store(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_LIST);
    uint64_t ticket = bench_send(bench, &ask);
    bench_pump(bench);
    answer_done(bench_take(bench, ticket));
}

/* The next vault finds what was there; it opens that before anything else is counted. */
static void put_back(struct bench *bench, const struct kept *kept)
{
    bench_restore(bench, kept->store);
    memcpy(bench->heads, kept->heads, sizeof bench->heads);
    memcpy(bench->retired, kept->retired, sizeof bench->retired);
    bench->seal_count = kept->seal_count;
    bench_restart(bench);
    open_store(bench);
    bench->commits = kept->commits;
    bench->head_writes = kept->head_writes;
}

/* Which records there are, of which version and state: their ids and octets are random. The operator's
 * record counts the tries of the PIN. */
static uint64_t form_of(const struct bench *bench)
{
    uint64_t form = 0;
    for (size_t i = 0; i < bench->record_count; i++) {
        const struct kc_record *record = &bench->records[i];
        if (record->kind != KC_KIND_OPERATOR)
            form += (UINT64_C(1) << 40) + ((uint64_t)record->kind << 32) +
                    ((uint64_t)record->state << 24) + record->version;
    }
    return form;
}

/* --- one death --- */

static struct ask copy_of(const struct ask *ask)
{
    struct ask copy = *ask;
    for (size_t i = 0; i < ask->descriptors.count; i++)
        copy.descriptors.fd[i] = dup(ask->descriptors.fd[i]);
    return copy;
}

/* What was found after a death, and what the request asked again has come to. */
struct death {
    uint64_t form, form_again;
    enum kc_error again;
};

static struct answer *ask_once(struct bench *bench, struct ask *ask)
{
    uint64_t ticket = bench_send(bench, ask);
    bench_pump(bench);
    return bench_take(bench, ticket);
}

/* The answer, if there are not so many writes. */
static struct answer *die_at(
    struct bench *bench, const struct ask *ask, size_t write, bool is_stored, struct death *death)
{
    struct ask copy = copy_of(ask);
    bench->dies_at_commit = write;
    bench->dies_stored = is_stored;
    struct answer *answer = ask_once(bench, &copy);
    if (answer) {
        bench->dies_at_commit = 0;
        return answer;
    }
    assert_true(bench->is_dead);
    kc_descriptors_close(&copy.descriptors);
    death->form = form_of(bench);
    bench_restart(bench);
    open_store(bench);
    copy = copy_of(ask);
    struct answer *again = ask_once(bench, &copy);
    assert_non_null(again);
    death->again = again->error;
    death->form_again = form_of(bench);
    answer_done(again);
    return NULL;
}

/* --- all of them --- */

static void check(const struct changing *row, const struct death *death, uint64_t before,
    uint64_t after, enum kc_error done)
{
    bool is_before = death->form == before, is_after = death->form == after && !is_before;
    const char *name = kc_operations[row->operation].name;
    if (!is_before && !is_after && !row->counts)
        fail_msg("%s: a death left half of it", name);
    if (is_before && death->again != done)
        fail_msg("%s: nothing was done, and again it is %s", name, kc_error_name(death->again));
    if (is_after && death->again != row->again && death->again != done)
        fail_msg("%s: it was done, and again it is %s", name, kc_error_name(death->again));
    if (is_before && !row->counts && death->form_again != after)
        fail_msg("%s: asked again it does something else", name);
}

static void tell(const struct changing *row, size_t deaths)
{
    FILE *file = fopen(getenv("KC_BENCH_DEATHS"), "a");
    assert_non_null(file);
    fprintf(file, "%s %zu\n", kc_operations[row->operation].name, deaths / 2);
    fclose(file);
}

struct answer *bench_ask_with_deaths(struct bench *bench, struct ask *ask)
{
    const struct changing *row = find(ask->message.operation);
    struct death deaths[DEATHS_MAX];
    struct answer *answer = NULL;
    size_t count = 0;
    open_store(bench);
    struct kept kept = keep(bench);
    uint64_t before = form_of(bench);
    while (!answer) {
        assert_true(count < DEATHS_MAX);
        answer = die_at(bench, ask, count / 2 + 1, count % 2 == 1, &deaths[count]);
        if (!answer) {
            put_back(bench, &kept);
            count++;
        }
    }
    for (size_t i = 0; i < count; i++)
        check(row, &deaths[i], before, form_of(bench), answer->error);
    tell(row, count);
    kc_descriptors_close(&ask->descriptors);
    free(kept.store);
    return answer;
}
