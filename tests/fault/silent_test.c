/* SPDX-License-Identifier: Apache-2.0 */
/* A TPM that says nothing holds up those who need it, and nobody else. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAITING 12 /* more than the vault has workers */
#define SOON_MS 8000
#define SLOW_MS 4000 /* longer than who holds up all others stays in line */

static struct kc_custodian custodian;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_custodian_done(&custodian);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum kc_error generate_sealed(const char *label)
{
    struct kc_client *client = connect_to(&custodian);
    struct key key;
    enum kc_error error = generate(client, "Ed25519", "application", "sealed", label, &key);
    kc_client_free(client);
    return error;
}

/* Needs the root; whatever the answer is. */
static void *wait_for_the_root(void *label)
{
    (void)generate_sealed(label);
    return NULL;
}

struct patient {
    pthread_t thread;
    const char *label;
    enum kc_error error;
};

static void *wait_patiently(void *context)
{
    struct patient *patient = context;
    patient->error = generate_sealed(patient->label);
    return NULL;
}

static void a_silent_tpm_leaves_a_worker_for_what_needs_none(void **state)
{
    (void)state;
    pthread_t threads[WAITING];
    char labels[WAITING][16];
    struct kc_client *client = connect_to(&custodian);
    struct key wrapped;
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "free", &wrapped), KC_OK);
    assert_answer(use_key(client, &wrapped), KC_OK);
    kc_swtpm_freeze(&custodian.tpm);
    for (size_t i = 0; i < WAITING; i++) {
        snprintf(labels[i], sizeof labels[i], "sealed-%zu", i);
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_the_root, labels[i]), 0);
    }
    for (int i = 0; i < 5; i++) {
        int64_t start = now_ms();
        assert_answer(use_key(client, &wrapped), KC_OK);
        assert_in_range(now_ms() - start, 0, SOON_MS);
    }
    kc_swtpm_thaw(&custodian.tpm);
    for (size_t i = 0; i < WAITING; i++)
        pthread_join(threads[i], NULL);
    wait_for_the_root((char[]){"after"});
    assert_answer(use_key(client, &wrapped), KC_OK);
    kc_client_free(client);
}

/* The vault may be at the root itself when a caller needs it, or another caller: who is next in line is
 * not sent away as long as there is somebody for what needs no root. */
static void a_slow_tpm_is_waited_for_by_who_asks_and_by_who_is_next(void **state)
{
    (void)state;
    struct patient two[2] = {{.label = "one"}, {.label = "two"}};
    assert_answer(generate_sealed("before"), KC_OK);
    struct kc_client *client = NULL;
    kc_custodian_restart_with(&custodian, &client); /* nothing is left to be anchored */
    assert_answer(ASK_NOTHING(client, STATUS, NULL), KC_OK);
    kc_swtpm_freeze(&custodian.tpm);
    int64_t start = now_ms();
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&two[i].thread, NULL, wait_patiently, &two[i]), 0);
    while (now_ms() - start < SLOW_MS)
        assert_answer(ASK(client, PING, NULL, TEXT(THROUGH, "vault")), KC_OK);
    kc_swtpm_thaw(&custodian.tpm);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(two[i].thread, NULL), 0);
        assert_answer(two[i].error, KC_OK);
    }
    kc_client_free(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_silent_tpm_leaves_a_worker_for_what_needs_none),
        TEST(a_slow_tpm_is_waited_for_by_who_asks_and_by_who_is_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
