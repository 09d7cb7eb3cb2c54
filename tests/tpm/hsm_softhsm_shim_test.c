/* SPDX-License-Identifier: Apache-2.0 */
/* A root on a token that does not behave: SoftHSM behind a module that fails and hangs on order. */
#include "tests/support/softhsm.h"
#include "tests/tpm/hsm_shim.h"
#include "tpm/root.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SHIM KC_BUILD_DIR "/tests/hsm_shim.so"
#define DEADLINE_MS 60000     /* nothing waits for it */
#define SHORT_DEADLINE_MS 300 /* for calls that hang */
#define CALLS_MAX 64          /* more than connecting and one operation need */

static const uint8_t sealing_key[KC_ROOT_KEY_SIZE] = "a key that is never put in clear";

static struct kc_hsm_shim *shim;
static struct kc_softhsm hsm;
static struct kc_hsm_settings settings;
static uint8_t name[KC_ROOT_NAME_SIZE];
static uint8_t blob[KC_ROOT_BLOB_MAX];
static size_t blob_size;
static struct kc_root *root;

static void behave(void)
{
    shim->calls = shim->logins = shim->fails_at = shim->hangs_at = 0;
    shim->token_flags = shim->wrong_mechanism = shim->added_size = 0;
    shim->fails_on = 1;
}

static struct kc_root *make_root(void)
{
    struct kc_root *made = NULL;
    assert_int_equal(kc_hsm_new(&settings, &made), KC_OK);
    return made;
}

/* A token that is not provisioned. */
static int set_up_token(void **state)
{
    (void)state;
    kc_softhsm_init(&hsm, geteuid());
    settings = (struct kc_hsm_settings){
        .module = SHIM,
        .token = KC_SOFTHSM_TOKEN,
        .key_label = KC_SOFTHSM_KEY,
        .pin = (const uint8_t *)KC_SOFTHSM_PIN,
        .pin_size = strlen(KC_SOFTHSM_PIN),
        .deadline_ms = DEADLINE_MS,
    };
    sem_init(&shim->hanging, 0, 0);
    sem_init(&shim->released, 0, 0);
    behave();
    return 0;
}

static int tear_down_token(void **state)
{
    (void)state;
    kc_softhsm_done(&hsm);
    return 0;
}

/* A root that is provisioned, has sealed a key, and is not connected. */
static int set_up(void **state)
{
    set_up_token(state);
    root = make_root();
    assert_int_equal(kc_root_provision(root, name), KC_OK);
    kc_root_free(root);
    settings.name = name;
    root = make_root();
    assert_int_equal(
        kc_root_seal(root, sealing_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size), KC_OK);
    kc_root_disconnect(root);
    behave();
    return 0;
}

static int tear_down(void **state)
{
    kc_root_free(root);
    return tear_down_token(state);
}

/* Opens the blob; a key that comes out must be the right one, and a failure has a cause. */
static enum kc_error unseal(void)
{
    static const uint8_t untouched[KC_ROOT_KEY_SIZE] = {0};
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    enum kc_error error = kc_root_unseal(root, blob, blob_size, key);
    assert_memory_equal(key, error == KC_OK ? sealing_key : untouched, sizeof key);
    if (error != KC_OK)
        assert_string_not_equal(kc_root_cause(root), "");
    return error;
}

/* Until the token has answered the call that it was late with. */
static enum kc_error unseal_when_it_answers(void)
{
    enum kc_error error = KC_ERR_ROOT_UNAVAILABLE;
    for (int i = 0; i < 10000000 && error == KC_ERR_ROOT_UNAVAILABLE; i++)
        error = unseal();
    return error;
}

/* --- failures --- */

static const CK_RV codes[] = {CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR, CKR_TOKEN_NOT_PRESENT,
    CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN, CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED,
    CKR_HOST_MEMORY, CKR_VENDOR_DEFINED | 7};
#define CODES (sizeof codes / sizeof codes[0])

/* Runs the operation with its n-th call failing, for every n; after each it works again. */
static void fail_each_call(enum kc_error (*operation)(void), CK_RV code, bool connected)
{
    for (unsigned n = 1;; n++) {
        assert_true(n < CALLS_MAX);
        kc_root_disconnect(root);
        if (connected)
            assert_int_equal(kc_root_connect(root), KC_OK);
        behave();
        shim->code = code;
        shim->fails_at = n;
        enum kc_error error = operation();
        bool reached = shim->calls >= n;
        behave();
        if (error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_ROOT_CHANGED)
            fail_msg("call %u with 0x%lx: %s", n, code, kc_error_name(error));
        assert_int_equal(unseal(), KC_OK);
        if (!reached)
            return;
    }
}

static void any_call_to_softhsm_that_fails_is_a_clean_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODES; i++)
        fail_each_call(unseal, codes[i], false);
}

static enum kc_error seal(void)
{
    uint8_t made[KC_ROOT_BLOB_MAX];
    size_t made_size = 0;
    enum kc_error error = kc_root_seal(root, sealing_key, KC_ROOT_ABOUT_NOTHING, made, &made_size);
    assert_int_equal(made_size != 0, error == KC_OK);
    return error;
}

static void any_call_that_fails_while_sealing_is_a_clean_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODES; i++)
        fail_each_call(seal, codes[i], true);
}

/* --- resident keys --- */

static const uint8_t no_auth[KC_ROOT_AUTH_SIZE];
static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = "a maker, life 1",
                     next_tag[KC_ROOT_KEY_TAG_SIZE] = "a maker, life 2";
static struct kc_root_made resident;

static enum kc_error make_resident(void)
{
    struct kc_root_made made = {.blob_size = 0};
    enum kc_error error =
        kc_root_key_make(root, KC_ALGORITHM_P256, KC_USE_SIGN, no_auth, tag, &made);
    assert_int_equal(made.blob_size != 0, error == KC_OK);
    return error;
}

static enum kc_error sign(void)
{
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {no_auth, {resident.blob, resident.blob_size}};
    const struct kc_span digest = {sealing_key, 32};
    enum kc_error error = kc_root_key_sign(root, &key, KC_ROOT_ECDSA, digest, signature, &size);
    assert_int_equal(size, error == KC_OK ? 64 : 0);
    return error;
}

static enum kc_error agree(void)
{
    uint8_t agreed[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {no_auth, {resident.blob, resident.blob_size}};
    const struct kc_span peer = {resident.public_key, resident.public_size};
    enum kc_error error = kc_root_key_agree(root, &key, peer, agreed, &size);
    assert_int_equal(size, error == KC_OK ? 32 : 0);
    return error;
}

static void fail_each_use(enum kc_use use, enum kc_error (*operation)(void))
{
    assert_int_equal(
        kc_root_key_make(root, KC_ALGORITHM_P256, use, no_auth, tag, &resident), KC_OK);
    for (size_t i = 0; i < CODES; i++)
        fail_each_call(operation, codes[i], true);
    assert_int_equal(operation(), KC_OK);
}

static void any_call_that_fails_while_a_resident_key_in_softhsm_is_used_is_a_clean_error(
    void **state)
{
    (void)state;
    fail_each_use(KC_USE_SIGN, sign);
    fail_each_use(KC_USE_AGREE, agree);
}

#define TOOL(line)                                                                                 \
    "pkcs11-tool --module " KC_SOFTHSM_MODULE " --token-label " KC_SOFTHSM_TOKEN                   \
    " --login --pin " KC_SOFTHSM_PIN " " line

/* What the next life does. */
static void destroy_what_was_left(void)
{
    struct kc_root_made left;
    for (;;) {
        assert_int_equal(kc_root_key_left(root, next_tag, 0, &left), KC_OK);
        if (left.blob_size == 0)
            break;
        const struct kc_root_key key = {no_auth, {left.blob, left.blob_size}};
        assert_int_equal(kc_root_key_destroy(root, &key), KC_OK);
    }
    kc_root_disconnect(root);
}

/* Whatever a token that fails has kept of the keys that it was to make: the next life finds it. */
static void what_softhsm_kept_of_resident_keys_that_failed_is_found(void **state)
{
    (void)state;
    size_t before = kc_softhsm_count_objects(&hsm);
    for (size_t i = 0; i < CODES; i++)
        fail_each_call(make_resident, codes[i], true);
    destroy_what_was_left();
    assert_int_equal(kc_softhsm_count_objects(&hsm), before);
}

/* The life ends with any call of a destruction: half a key is nothing that stays, or stands in the way. */
static void what_softhsm_kept_of_a_destruction_that_was_interrupted_is_removed(void **state)
{
    (void)state;
    size_t before = kc_softhsm_count_objects(&hsm);
    bool reached = true;
    for (unsigned n = 1; reached; n++) {
        assert_int_equal(
            kc_root_key_make(root, KC_ALGORITHM_P256, KC_USE_SIGN, no_auth, tag, &resident), KC_OK);
        const struct kc_root_key key = {no_auth, {resident.blob, resident.blob_size}};
        behave();
        shim->code = CKR_VENDOR_DEFINED | 7;
        shim->fails_at = n;
        shim->fails_on = 1000000;
        enum kc_error error = kc_root_key_destroy(root, &key);
        reached = shim->calls >= n;
        assert_int_equal(error == KC_OK, !reached);
        behave();
        destroy_what_was_left();
        assert_int_equal(kc_softhsm_count_objects(&hsm), before);
    }
}

/* Public or private: what else is in the token and looks like ours is passed over, and stays. */
static void what_others_have_in_softhsm_under_such_a_label_is_left_alone(void **state)
{
    (void)state;
    size_t before = kc_softhsm_count_objects(&hsm);
    kc_root_disconnect(root);
    assert_true(kc_softhsm_run(&hsm, TOOL("--keypairgen --key-type EC:prime256v1 "
                                          "--label 'custodian new' --id 0102")));
    assert_true(kc_softhsm_run(&hsm,
        TOOL(
            "--keypairgen --key-type EC:prime256v1 --label 'custodian new' --id "
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000")));
    assert_int_equal(make_resident(), KC_OK);
    destroy_what_was_left();
    assert_int_equal(kc_softhsm_count_objects(&hsm), before + 4);
}

/* Facts about SoftHSM 2.6.1; nothing of the trying stays. */
static void the_quirks_of_softhsm_are_found(void **state)
{
    (void)state;
    struct kc_root_quirks quirks;
    size_t before = kc_softhsm_count_objects(&hsm);
    assert_int_equal(kc_root_find_quirks(root, &quirks), KC_OK);
    for (unsigned i = KC_ALGORITHM_ED25519; i <= KC_ALGORITHM_P384; i++) {
        bool agrees = i != KC_ALGORITHM_ED25519 && i != KC_ALGORITHM_ED448;
        assert_true(quirks.of[i].is_there);
        assert_true(quirks.of[i].point_is_der);
        assert_false(quirks.of[i].is_montgomery);
        assert_false(quirks.of[i].curve_by_name);
        assert_int_equal(quirks.of[i].derives, agrees);
        assert_false(quirks.of[i].takes_small_order);
    }
    kc_root_disconnect(root);
    assert_int_equal(kc_softhsm_count_objects(&hsm), before);
}

/* --- connections --- */

static void a_session_or_a_login_that_was_lost_is_made_again_unnoticed(void **state)
{
    (void)state;
    static const CK_RV lost[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
        CKR_USER_NOT_LOGGED_IN, CKR_DEVICE_REMOVED, CKR_CRYPTOKI_NOT_INITIALIZED};
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        assert_int_equal(kc_root_connect(root), KC_OK);
        behave();
        shim->code = lost[i];
        shim->fails_at = 1;
        assert_int_equal(unseal(), KC_OK);
        assert_int_equal(shim->logins, 1);
        behave();
    }
}

static void a_token_that_stays_away_is_unavailable_until_it_is_back(void **state)
{
    (void)state;
    uint8_t random[8];
    assert_int_equal(kc_root_connect(root), KC_OK);
    behave();
    shim->code = CKR_DEVICE_REMOVED;
    shim->fails_at = 1;
    shim->fails_on = 1000000;
    assert_int_equal(unseal(), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_root_random(root, random, sizeof random), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_root_connect(root), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(shim->logins, 0);
    behave();
    assert_int_equal(unseal(), KC_OK);
}

static void answers_of_a_wrong_size_are_refused(void **state)
{
    (void)state;
    assert_int_equal(kc_root_connect(root), KC_OK);
    shim->added_size = 1;
    assert_int_equal(unseal(), KC_ERR_ROOT_ANSWER);
    assert_int_equal(seal(), KC_ERR_ROOT_ANSWER);
    shim->added_size = (CK_ULONG)-1;
    assert_int_equal(seal(), KC_ERR_ROOT_ANSWER);
    behave();
    assert_int_equal(unseal(), KC_OK);
}

/* --- calls that hang --- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void remake_with_a_short_deadline(void)
{
    kc_root_free(root);
    settings.deadline_ms = SHORT_DEADLINE_MS;
    root = make_root();
    behave();
}

/* Whether a call hangs. A machine that is busy can be late for the deadline without one: then the
 * token is asked until it hangs, or answers. */
static bool hangs(enum kc_error first)
{
    enum kc_error error = first;
    while (sem_trywait(&shim->hanging) != 0) {
        if (error == KC_OK)
            return false;
        error = unseal();
    }
    return true;
}

static void a_call_to_softhsm_that_hangs_ends_at_the_deadline(void **state)
{
    (void)state;
    int64_t soonest =
        DEADLINE_MS; /* of the answers that are to come at once: the machine may be busy */
    remake_with_a_short_deadline();
    for (unsigned n = 1;; n++) {
        assert_true(n < CALLS_MAX);
        kc_root_disconnect(root);
        behave();
        shim->hangs_at = n;
        int64_t start = now_ms();
        enum kc_error error = unseal();
        int64_t took_ms = now_ms() - start;
        if (!hangs(error)) /* all calls have hung once */
            break;
        assert_int_equal(error, KC_ERR_ROOT_UNAVAILABLE);
        assert_in_range(took_ms, SHORT_DEADLINE_MS, DEADLINE_MS);
        start = now_ms();
        assert_int_equal(unseal(), KC_ERR_ROOT_UNAVAILABLE); /* at once */
        assert_non_null(strstr(kc_root_cause(root), "earlier call"));
        soonest = now_ms() - start < soonest ? now_ms() - start : soonest;
        kc_root_disconnect(root); /* neither waits nor harms */
        sem_post(&shim->released);
        assert_int_equal(unseal_when_it_answers(), KC_OK);
    }
    assert_true(soonest < SHORT_DEADLINE_MS / 2);
}

static size_t count_threads(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void a_root_is_left_though_a_call_hangs(void **state)
{
    (void)state;
    remake_with_a_short_deadline();
    const size_t before = 2; /* this one and the root's; one of a root before may be ending still */
    while (count_threads() != before)
        sched_yield();
    shim->hangs_at = 1;
    assert_int_equal(unseal(), KC_ERR_ROOT_UNAVAILABLE);
    kc_root_free(root);
    assert_int_equal(count_threads(), before);
    sem_post(&shim->released);
    while (count_threads() == before)
        sched_yield(); /* what the root had is freed by its thread, which then ends */
    behave();
    settings.deadline_ms = DEADLINE_MS;
    root = make_root();
    assert_int_equal(unseal(), KC_OK);
}

/* --- the PIN --- */

static void a_pin_that_softhsm_refused_is_not_tried_again(void **state)
{
    (void)state;
    struct kc_root_status status;
    kc_root_free(root);
    settings.pin = (const uint8_t *)"not the PIN";
    settings.pin_size = strlen("not the PIN");
    root = make_root();
    behave();
    for (int i = 0; i < 5; i++)
        assert_int_equal(unseal(), KC_ERR_ROOT_PIN);
    assert_int_equal(kc_root_status(root, &status), KC_ERR_ROOT_PIN);
    assert_int_equal(kc_root_connect(root), KC_ERR_ROOT_PIN);
    assert_int_equal(shim->logins, 1);
    assert_null(strstr(kc_root_cause(root), "not the PIN"));
}

static void no_pin_is_tried_when_one_more_would_lock_the_token(void **state)
{
    (void)state;
    shim->token_flags = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
    assert_int_equal(unseal(), KC_ERR_ROOT_PIN);
    assert_int_equal(shim->logins, 0);
    shim->token_flags = CKF_USER_PIN_COUNT_LOW;
    assert_int_equal(unseal(), KC_OK);
}

static void a_locked_pin_is_lockout_and_the_status_says_so(void **state)
{
    (void)state;
    struct kc_root_status status;
    shim->token_flags = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_LOCKED;
    assert_int_equal(unseal(), KC_ERR_ROOT_LOCKOUT);
    assert_int_equal(kc_root_status(root, &status), KC_OK);
    assert_true(status.in_lockout);
    assert_int_equal(status.lockout_counter, 1);
    assert_int_equal(shim->logins, 0);
    behave();
    assert_int_equal(unseal(), KC_OK); /* the security officer unlocked it */
    assert_int_equal(kc_root_status(root, &status), KC_OK);
    assert_false(status.in_lockout);
}

/* --- provisioning --- */

static enum kc_error provision(void)
{
    struct kc_root *owner = make_root();
    enum kc_error error = kc_root_provision(owner, name);
    if (error != KC_OK)
        assert_string_not_equal(kc_root_cause(owner), "");
    kc_root_free(owner);
    return error;
}

static void a_token_without_gcm_is_unfit_and_stays_as_it_was(void **state)
{
    (void)state;
    shim->wrong_mechanism = CKM_AES_GCM;
    assert_int_equal(provision(), KC_ERR_ROOT_UNFIT);
    assert_int_equal(kc_softhsm_count_objects(&hsm), 0);
}

#define MAKE_KEY(line) TOOL("--keygen --label " KC_SOFTHSM_KEY " " line)

static void a_key_that_could_leave_softhsm_is_refused(void **state)
{
    (void)state;
    assert_true(kc_softhsm_run(&hsm, MAKE_KEY("--key-type aes:32 --extractable")));
    assert_int_equal(provision(), KC_ERR_ROOT_HANDLE);
    assert_int_equal(kc_softhsm_count_objects(&hsm), 1);
}

static void a_key_of_another_size_is_refused(void **state)
{
    (void)state;
    assert_true(kc_softhsm_run(&hsm, MAKE_KEY("--key-type aes:16 --sensitive")));
    assert_int_equal(provision(), KC_ERR_ROOT_HANDLE);
}

static void two_keys_of_the_label_are_refused(void **state)
{
    (void)state;
    assert_int_equal(provision(), KC_OK);
    assert_true(kc_softhsm_run(&hsm, MAKE_KEY("--key-type aes:32 --sensitive")));
    assert_int_equal(provision(), KC_ERR_ROOT_HANDLE);
}

static void two_tokens_of_the_label_are_refused(void **state)
{
    (void)state;
    assert_true(kc_softhsm_run(&hsm, "softhsm2-util --init-token --free --label " KC_SOFTHSM_TOKEN
                                     " --so-pin 87654321 --pin " KC_SOFTHSM_PIN));
    assert_int_equal(provision(), KC_ERR_ROOT_HANDLE);
}

static void a_token_of_another_label_is_not_taken(void **state)
{
    (void)state;
    settings.token = "custodian";
    assert_int_equal(provision(), KC_ERR_ROOT_UNAVAILABLE);
}

static void what_is_no_module_is_unavailable(void **state)
{
    (void)state;
    settings.module = "/nowhere/module.so";
    assert_int_equal(provision(), KC_ERR_ROOT_UNAVAILABLE);
    settings.module = "/dev/null";
    assert_int_equal(provision(), KC_ERR_ROOT_UNAVAILABLE);
}

static void settings_that_are_missing_or_out_of_range_are_refused(void **state)
{
    (void)state;
    static const char too_long[] = "123456789012345678901234567890123";
    const struct kc_hsm_settings good = settings;
    struct kc_hsm_settings wrong[] = {good, good, good, good, good, good, good, good, good, good};
    struct kc_root *none = NULL;
    wrong[0].module = NULL;
    wrong[1].module = "libsofthsm2.so";
    wrong[2].token = NULL;
    wrong[3].token = too_long;
    wrong[4].key_label = "";
    wrong[5].key_label = too_long;
    wrong[6].pin = NULL;
    wrong[7].pin_size = 0;
    wrong[8].pin_size = KC_HSM_PIN_MAX + 1;
    wrong[9].deadline_ms = 3600001;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(kc_hsm_new(&wrong[i], &none), KC_ERR_CONFIG);
    assert_null(none);
}

#define TEST(case) cmocka_unit_test_setup_teardown(case, set_up, tear_down)
#define TOKEN_TEST(case) cmocka_unit_test_setup_teardown(case, set_up_token, tear_down_token)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_call_to_softhsm_that_fails_is_a_clean_error),
        TEST(any_call_that_fails_while_sealing_is_a_clean_error),
        TEST(any_call_that_fails_while_a_resident_key_in_softhsm_is_used_is_a_clean_error),
        TEST(what_softhsm_kept_of_resident_keys_that_failed_is_found),
        TEST(what_softhsm_kept_of_a_destruction_that_was_interrupted_is_removed),
        TEST(what_others_have_in_softhsm_under_such_a_label_is_left_alone),
        TEST(the_quirks_of_softhsm_are_found),
        TEST(a_session_or_a_login_that_was_lost_is_made_again_unnoticed),
        TEST(a_token_that_stays_away_is_unavailable_until_it_is_back),
        TEST(answers_of_a_wrong_size_are_refused),
        TEST(a_call_to_softhsm_that_hangs_ends_at_the_deadline),
        TEST(a_root_is_left_though_a_call_hangs),
        TEST(a_pin_that_softhsm_refused_is_not_tried_again),
        TEST(no_pin_is_tried_when_one_more_would_lock_the_token),
        TEST(a_locked_pin_is_lockout_and_the_status_says_so),
        TOKEN_TEST(a_token_without_gcm_is_unfit_and_stays_as_it_was),
        TOKEN_TEST(a_key_that_could_leave_softhsm_is_refused),
        TOKEN_TEST(a_key_of_another_size_is_refused),
        TOKEN_TEST(two_keys_of_the_label_are_refused),
        TOKEN_TEST(two_tokens_of_the_label_are_refused),
        TOKEN_TEST(a_token_of_another_label_is_not_taken),
        TOKEN_TEST(what_is_no_module_is_unavailable),
        TOKEN_TEST(settings_that_are_missing_or_out_of_range_are_refused),
    };
    void *module = dlopen(SHIM, RTLD_NOW | RTLD_LOCAL);
    shim = module ? dlsym(module, KC_HSM_SHIM_STATE) : NULL;
    if (!shim)
        return 1;
    return cmocka_run_group_tests_name("softhsm behind a shim", tests, NULL, NULL);
}
