/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shim between the root and its TPM: each fault at each command of each operation. Every outcome
 * is the right result or a clean error; the next call works, nothing stays in the TPM, no key is
 * lost. And a TPM that takes its time.
 */
#include "tests/support/tpm_proxy.h"
#include "tests/tpm/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COMMANDS_MAX 40   /* more than connecting and any operation need */
#define PATIENCE_MS 60000 /* a machine that is busy with something else is no fault */
#define DEADLINE_MS 400   /* for answers that never come */

struct shim {
    struct fixture *fixture;
    struct kc_tpm_proxy proxy;
    struct kc_root *root; /* through the proxy */
    uint8_t blob[KC_ROOT_BLOB_MAX], bound_blob[KC_ROOT_BLOB_MAX];
    size_t blob_size, bound_size;
    struct kc_root_made made;
};

static const uint8_t auth[KC_ROOT_AUTH_SIZE] = "thirty-two octets of a value.";
static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = "shim";
static const uint8_t digest[32] = "what is signed";
static const uint8_t head[KC_ROOT_HEAD_SIZE] = "a head";

static void must(struct kc_root *root, enum kc_error error)
{
    if (error != KC_OK)
        fail_msg("%s: %s", kc_error_name(error), kc_root_cause(root));
}

/* What is opened later: a key without a policy, one bound to PCRs, one that is resident. */
static void fill(struct shim *s)
{
    struct kc_root_settings bound = s->fixture->settings;
    must(
        s->root, kc_root_seal(s->root, fixture_key, KC_ROOT_ABOUT_NOTHING, s->blob, &s->blob_size));
    must(s->root, kc_root_key_make(s->root, KC_ALGORITHM_P256, KC_USE_SIGN, auth, tag, &s->made));
    must(s->root, kc_root_head_make(s->root, auth, head));
    kc_root_disconnect(s->root);
    bound.pcr_mask = 1u << 7;
    struct kc_root *root = make_root(&bound);
    must(root,
        kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, s->bound_blob, &s->bound_size));
    kc_root_free(root);
}

static int make_shim(void **state)
{
    struct shim *s = calloc(1, sizeof *s);
    void *fixture = NULL;
    assert_non_null(s);
    assert_int_equal(make_fixture(&fixture), 0);
    s->fixture = fixture;
    kc_tpm_proxy_init(&s->proxy, &s->fixture->tpm);
    s->proxy.forgets = true;
    s->fixture->settings.tcti = s->proxy.tcti;
    s->fixture->settings.deadline_ms = PATIENCE_MS;
    s->root = make_root(&s->fixture->settings);
    fill(s);
    *state = s;
    return 0;
}

static int drop_shim(void **state)
{
    struct shim *s = *state;
    void *fixture = s->fixture;
    kc_root_free(s->root);
    kc_tpm_proxy_done(&s->proxy);
    drop_fixture(&fixture);
    free(s);
    return 0;
}

/* --- operations: a result that comes must be right --- */

static enum kc_error do_seal(struct shim *s)
{
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t size = 0;
    return kc_root_seal(s->root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &size);
}

static enum kc_error open_one(struct shim *s, const uint8_t *blob, size_t size)
{
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    enum kc_error error = kc_root_unseal(s->root, blob, size, key);
    if (error == KC_OK)
        assert_memory_equal(key, fixture_key, sizeof key);
    return error;
}

static enum kc_error do_unseal(struct shim *s)
{
    return open_one(s, s->blob, s->blob_size);
}

static enum kc_error do_unseal_bound(struct shim *s)
{
    return open_one(s, s->bound_blob, s->bound_size);
}

static enum kc_error do_random(struct shim *s)
{
    uint8_t random[KC_ROOT_RANDOM_MAX];
    return kc_root_random(s->root, random, sizeof random);
}

static enum kc_error do_status(struct shim *s)
{
    struct kc_root_status status;
    return kc_root_status(s->root, &status);
}

static enum kc_error do_sign(struct shim *s)
{
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {auth, {s->made.blob, s->made.blob_size}};
    return kc_root_key_sign(
        s->root, &key, KC_ROOT_ECDSA, (struct kc_span){digest, sizeof digest}, signature, &size);
}

static enum kc_error do_head_read(struct shim *s)
{
    uint8_t content[KC_ROOT_HEAD_SIZE];
    enum kc_error error = kc_root_head_read(s->root, auth, content);
    if (error == KC_OK)
        assert_memory_equal(content, head, sizeof content);
    return error;
}

static enum kc_error do_head_write(struct shim *s)
{
    return kc_root_head_write(s->root, auth, head);
}

static enum kc_error do_make_key(struct shim *s)
{
    struct kc_root_made made = {.blob_size = 0};
    enum kc_error error =
        kc_root_key_make(s->root, KC_ALGORITHM_P256, KC_USE_AGREE, auth, tag, &made);
    assert_int_equal(made.blob_size != 0, error == KC_OK);
    return error;
}

/* A quote, and the certificates of an object and of its creation. */
static enum kc_error do_attest(struct shim *s)
{
    uint8_t evidence[KC_ROOT_EVIDENCE_MAX];
    size_t size = 0;
    const struct kc_root_attest request = {.step = KC_ROOT_ATTEST_SEALED,
        .qualifying = digest,
        .key = {auth, {s->blob, s->blob_size}}};
    enum kc_error error = kc_root_attest(s->root, &request, evidence, &size);
    assert_int_equal(size != 0, error == KC_OK);
    return error;
}

static const struct operation {
    const char *name;
    enum kc_error (*run)(struct shim *s);
} operations[] = {
    {"seal", do_seal},
    {"make a resident key", do_make_key},
    {"attest", do_attest},
    {"unseal", do_unseal},
    {"unseal by PCRs", do_unseal_bound},
    {"random", do_random},
    {"status", do_status},
    {"sign", do_sign},
    {"read the head", do_head_read},
    {"write the head", do_head_write},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])
#define OPERATIONS_THAT_MAKE 3 /* the first ones: slower than others */

/* --- faults --- */

static uint32_t code_to_say;
static unsigned times_to_say;

/* The TPM is not asked; the command that has the number and the next ones are refused. */
static bool say_code(
    struct kc_tpm_proxy *proxy, const uint8_t *command, uint8_t *answer, size_t *answer_size)
{
    (void)command;
    *answer_size = kc_tpm_proxy_answer_code(answer, code_to_say);
    unsigned number = proxy->count--;
    return number == 0 || number > UINT32_MAX - (times_to_say - 1);
}

static bool is_the_one(struct kc_tpm_proxy *proxy)
{
    return proxy->count-- == 0;
}

static void set_size(uint8_t *answer, size_t size)
{
    memcpy(answer + 2, (uint8_t[]){0, 0, (uint8_t)(size >> 8), (uint8_t)size}, 4);
}

static size_t truncate_answer(struct kc_tpm_proxy *proxy, const uint8_t *command,
    size_t command_size, uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (!is_the_one(proxy) || answer_size < 14)
        return answer_size;
    set_size(answer, answer_size - 3);
    return answer_size - 3;
}

static size_t stop_in_the_middle(struct kc_tpm_proxy *proxy, const uint8_t *command,
    size_t command_size, uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    (void)answer;
    return is_the_one(proxy) ? answer_size - 1 : answer_size; /* the last octet never comes */
}

static size_t oversize(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (!is_the_one(proxy))
        return answer_size;
    memset(answer + answer_size, 0x41, KC_TPM_PROXY_MESSAGE_MAX - answer_size);
    set_size(answer, KC_TPM_PROXY_MESSAGE_MAX);
    return KC_TPM_PROXY_MESSAGE_MAX;
}

static size_t close_connection(struct kc_tpm_proxy *proxy, const uint8_t *command,
    size_t command_size, uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    (void)answer;
    return is_the_one(proxy) ? 0 : answer_size;
}

static const struct fault {
    const char *name;
    kc_tpm_proxy_hook *hook; /* or a code: */
    uint32_t code;
    unsigned times;
} faults[] = {
    {"RETRY once", NULL, 0x922, 1},
    {"YIELDED twice", NULL, 0x908, 2},
    {"TESTING once", NULL, 0x90a, 1},
    {"NV_RATE once", NULL, 0x920, 1},
    {"LOCKOUT", NULL, 0x921, 1},
    {"OBJECT_MEMORY", NULL, 0x902, 1},
    {"SESSION_MEMORY", NULL, 0x903, 1},
    {"SESSION_HANDLES for ever", NULL, 0x905, COMMANDS_MAX},
    {"INITIALIZE", NULL, 0x100, 1},
    {"FAILURE", NULL, 0x101, 1},
    {"REFERENCE_S0", NULL, 0x918, 1},
    {"HANDLE of the first", NULL, 0x18b, 1},
    {"AUTH_FAIL of the first session", NULL, 0x98e, 1},
    {"SIZE of the first parameter", NULL, 0x1d5, 1},
    {"another layer's code", NULL, 0x000a000a, 1},
    {"truncated", truncate_answer, 0, 0},
    {"oversized", oversize, 0, 0},
    {"closed", close_connection, 0, 0},
};

#define FAULTS (sizeof faults / sizeof faults[0])

static void set_fault(struct shim *s, const struct fault *fault, unsigned at)
{
    code_to_say = fault->code;
    times_to_say = fault->times;
    s->proxy.count = at;
    s->proxy.hook = fault->hook;
    s->proxy.answers = fault->hook ? NULL : say_code;
}

static void no_fault(struct shim *s)
{
    s->proxy.hook = NULL;
    s->proxy.answers = NULL;
}

static size_t count_remains(struct shim *s)
{
    kc_root_disconnect(s->root);
    return kc_swtpm_count_lines(&s->fixture->tpm, "tpm2_getcap handles-transient") +
           kc_swtpm_count_lines(&s->fixture->tpm, "tpm2_getcap handles-loaded-session");
}

static bool is_clean(enum kc_error error)
{
    return error == KC_OK || kc_error_row(error)->class == KC_CLASS_HARDWARE ||
           error == KC_ERR_RECORD_DAMAGED;
}

static void try_fault(struct shim *s, const struct operation *operation, const struct fault *fault)
{
    for (unsigned at = 0; at < COMMANDS_MAX; at++) {
        kc_root_disconnect(s->root);
        set_fault(s, fault, at);
        enum kc_error error = operation->run(s);
        bool was_reached = s->proxy.count > COMMANDS_MAX;
        if (!is_clean(error))
            fail_msg("%s at command %u of %s: %s", fault->name, at, operation->name,
                kc_error_name(error));
        if (error != KC_OK)
            assert_string_not_equal(kc_root_cause(s->root), "");
        no_fault(s);
        if ((error = operation->run(s)) != KC_OK)
            fail_msg("after %s at command %u of %s: %s: %s", fault->name, at, operation->name,
                kc_error_name(error), kc_root_cause(s->root));
        if (!was_reached)
            return; /* the operation has no such command */
    }
    fail_msg("%s has more commands than the test knows", operation->name);
}

static void each_fault_at_each_command_of_each_operation_behind_the_shim(void **state)
{
    struct shim *s = *state;
    for (size_t o = 0; o < OPERATIONS; o++) {
        for (size_t f = 0; f < FAULTS; f++) {
            try_fault(s, &operations[o], &faults[f]);
            if (f % 6 == 5)
                assert_int_equal(count_remains(s), 0);
        }
    }
}

/* An error that passes is not handed on: the TPM did nothing of the command. */
static void a_busy_tpm_behind_the_shim_costs_time_and_nothing_else(void **state)
{
    struct shim *s = *state;
    for (size_t o = 0; o < OPERATIONS; o++) {
        for (size_t f = 0; f < 4; f++) {
            for (unsigned at = 0; at < 4; at++) {
                kc_root_disconnect(s->root);
                set_fault(s, &faults[f], at);
                must(s->root, operations[o].run(s));
                no_fault(s);
            }
        }
    }
}

static void an_answer_that_stops_in_the_middle_behind_the_shim_ends_at_the_deadline(void **state)
{
    struct shim *s = *state;
    const struct fault silent = {"stops", stop_in_the_middle, 0, 0};
    struct kc_root *patient = s->root;
    s->fixture->settings.deadline_ms = DEADLINE_MS;
    struct kc_root *hasty = make_root(&s->fixture->settings);
    for (unsigned at = 0; at < 4; at++) {
        kc_root_disconnect(patient);
        while (kc_root_connect(hasty) != KC_OK) /* on a busy machine even this may be late */
            continue;
        s->root = hasty; /* connected: these are the operation's own commands */
        set_fault(s, &silent, at);
        enum kc_error error = do_sign(s);
        assert_true(error == KC_OK || error == KC_ERR_ROOT_UNAVAILABLE);
        no_fault(s);
        kc_root_disconnect(hasty);
        s->root = patient;
        must(s->root, do_sign(s));
    }
    kc_root_free(hasty);
    assert_int_equal(count_remains(s), 0);
}

/* Real parts take this long for a signature. */
static size_t take_200_ms(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)proxy;
    (void)command;
    (void)command_size;
    (void)answer;
    const struct timespec pause = {.tv_nsec = 200 * 1000000};
    nanosleep(&pause, NULL);
    return answer_size;
}

static void a_slow_tpm_behind_the_shim_is_only_slow(void **state)
{
    struct shim *s = *state;
    s->proxy.hook = take_200_ms;
    for (size_t o = 0; o < OPERATIONS; o++)
        must(s->root, operations[o].run(s));
    no_fault(s);
}

/* --- for a long time --- */

static size_t count_sessions(struct shim *s)
{
    return kc_swtpm_count_lines(&s->fixture->tpm, "tpm2_getcap handles-loaded-session");
}

static unsigned soak_count = 2000;

/* Through the shim, which counts: sessions are started once, however many operations there are. */
static size_t count_starts(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command_size;
    (void)answer;
    proxy->count += kc_tpm_proxy_command_code(command) == 0x176;
    return answer_size;
}

static void thousands_of_operations_use_the_same_sessions(void **state)
{
    struct shim *s = *state;
    const struct operation *light = &operations[OPERATIONS_THAT_MAKE];
    size_t light_count = OPERATIONS - OPERATIONS_THAT_MAKE - 1; /* writes wear a TPM out */
    s->proxy.hook = count_starts;
    s->proxy.count = 0;
    for (unsigned i = 0; i < soak_count; i++)
        must(s->root, light[i % light_count].run(s));
    assert_in_range(s->proxy.count, 2, 2); /* the standing one, and that of policies */
    no_fault(s);
    kc_root_disconnect(s->root);
    assert_int_equal(count_sessions(s), 0);
    assert_int_equal(count_remains(s), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_shim, drop_shim)

int main(int count, char **values)
{
    const struct CMUnitTest long_tests[] = {TEST(thousands_of_operations_use_the_same_sessions)};
    const struct CMUnitTest tests[] = {
        TEST(each_fault_at_each_command_of_each_operation_behind_the_shim),
        TEST(a_busy_tpm_behind_the_shim_costs_time_and_nothing_else),
        TEST(an_answer_that_stops_in_the_middle_behind_the_shim_ends_at_the_deadline),
        TEST(a_slow_tpm_behind_the_shim_is_only_slow),
        TEST(thousands_of_operations_use_the_same_sessions),
    };
    if (count > 1) {
        soak_count = (unsigned)strtoul(values[1], NULL, 10);
        return cmocka_run_group_tests(long_tests, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
