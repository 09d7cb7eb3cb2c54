/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes killed at any moment, also two at once, one as soon as it is back, and just before a stop:
 * each request is answered within its deadline, with a result or with why there is none; the custodian
 * comes back with its store, and keeps nothing of whom it served.
 *
 *     fault_anytime_test [SEED [ROUNDS]]
 */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/support/sanitized.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CLIENTS 4
#define MOMENT_US 60000  /* up to which nothing is killed in a round */
#define PATIENCE_TRIES 3 /* requests of 20 s each, until the custodian must be back */
#define CONNECTIONS 10000
#define GROWTH_KIB 512 /* of the desk over all of them: 53 octets of each would be seen */

static struct kc_custodian custodian;
static struct key key;
static atomic_bool working;
static atomic_uint served;
static atomic_int unexpected; /* enum kc_error */
static unsigned seed, rounds = 8;

/* --- load --- */

/* Too late is not among them: whatever dies, somebody is told. */
static bool is_expected(enum kc_error error)
{
    return error == KC_OK || error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST ||
           error == KC_ERR_DAEMON_ABSENT || error == KC_ERR_ROOT_UNAVAILABLE ||
           error == KC_ERR_STOPPING;
}

static enum kc_error ask_something(struct kc_client *client, unsigned number)
{
    static atomic_uint labels;
    struct key made;
    char label[32];
    snprintf(label, sizeof label, "%u", atomic_fetch_add(&labels, 1));
    if (number % 4 == 0)
        return ASK_NOTHING(client, PING, NULL);
    if (number % 4 == 1)
        return generate(client, "X25519", "application", "wrapped", label, &made);
    return use_key(client, &key);
}

static void *work(void *argument)
{
    struct kc_client *client = connect_to(&custodian);
    unsigned own = *(const unsigned *)argument;
    while (atomic_load(&working)) {
        enum kc_error error = ask_something(client, (unsigned)rand_r(&own));
        if (!is_expected(error))
            atomic_store(&unexpected, (int)error);
        atomic_fetch_add(&served, error == KC_OK);
    }
    kc_client_free(client);
    return NULL;
}

static pthread_t threads[CLIENTS];
static unsigned seeds[CLIENTS];

static void start_work(void)
{
    atomic_store(&working, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        seeds[i] = (unsigned)rand_r(&seed);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &seeds[i]), 0);
    }
}

static void end_work(void)
{
    atomic_store(&working, false);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_string_equal(kc_error_name((enum kc_error)atomic_load(&unexpected)), "ok");
}

static void await_service(void)
{
    struct kc_client *client = connect_to(&custodian);
    enum kc_error error = KC_ERR_UNAVAILABLE;
    int late = 0;
    while (error != KC_OK && late < PATIENCE_TRIES) {
        error = use_key(client, &key);
        if (!is_expected(error))
            late++;
    }
    kc_client_free(client);
    if (error != KC_OK) {
        (void)shell("tail -n 400 %s | grep -v op=key-generate | tail -n 60 >&2", custodian.log);
        fail_msg("not served: %s", kc_error_name(error));
    }
}

/* --- moments --- */

static void let_pass_a_moment(void)
{
    usleep((useconds_t)(rand_r(&seed) % MOMENT_US));
}

static void kill_some(void)
{
    enum process victim = (enum process)(rand_r(&seed) % SUPERVISOR);
    enum process other = (enum process)(rand_r(&seed) % SUPERVISOR);
    pid_t first = find_process(&custodian, victim), second = find_process(&custodian, other);
    switch (rand_r(&seed) % 3) {
    case 0:
        kill_process(&custodian, victim);
        break;
    case 1:
        kill(first, SIGKILL);
        if (second != first)
            kill(second, SIGKILL);
        await_restart(&custodian, victim, first);
        await_restart(&custodian, other, second);
        break;
    default:
        kill_process(&custodian, victim);
        kill_process(&custodian, victim);
    }
}

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    struct kc_client *client = connect_to(&custodian);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "kept", &key), KC_OK);
    kc_client_free(client);
    print_message("seed %u\n", seed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_custodian_done(&custodian);
    return 0;
}

static void whoever_is_killed_each_request_is_answered(void **state)
{
    (void)state;
    size_t descriptors = count_descriptors(custodian.pid);
    start_work();
    for (unsigned i = 0; i < rounds; i++) {
        let_pass_a_moment();
        kill_some();
        if (rand_r(&seed) % 2 == 0)
            await_service();
    }
    await_service();
    end_work();
    assert_int_equal(count_descriptors(custodian.pid), descriptors);
    print_message("%u requests were served\n", atomic_load(&served));
}

static void it_stops_in_order_whatever_was_just_killed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        start_work();
        pid_t victim = find_process(&custodian, (enum process)(rand_r(&seed) % SUPERVISOR));
        let_pass_a_moment();
        kill(victim, SIGKILL);
        let_pass_a_moment();
        kc_custodian_stop(&custodian);
        end_work();
        assert_false(file_has(custodian.log, "stop-timed-out"));
        kc_custodian_start(&custodian);
        await_service();
    }
}

/* --- what is kept --- */

static unsigned long desk_memory(void)
{
    char value[128];
    read_status(find_process(&custodian, DESK), "VmData", value);
    return strtoul(value, NULL, 10);
}

static void come_and_go(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct kc_client *client = connect_to(&custodian);
        assert_answer(i % 16 == 0 ? use_key(client, &key) : ASK_NOTHING(client, PING, NULL), KC_OK);
        kc_client_free(client);
    }
}

static void clients_that_have_gone_leave_nothing(void **state)
{
    (void)state;
    come_and_go(CONNECTIONS / 10);
    unsigned long memory = desk_memory();
    size_t descriptors[SUPERVISOR];
    for (enum process process = DESK; process < SUPERVISOR; process++)
        descriptors[process] = count_descriptors(find_process(&custodian, process));
    come_and_go(CONNECTIONS);
    await_service();
    print_message("desk: %lu KiB, then %lu\n", memory, desk_memory());
    if (!KC_TEST_SANITIZED) /* sanitizers keep for a while what was freed */
        assert_in_range(desk_memory(), 1, memory + GROWTH_KIB);
    for (enum process process = DESK; process < SUPERVISOR; process++)
        assert_in_range(count_descriptors(find_process(&custodian, process)), 0,
            descriptors[process] + 2); /* who came last may still be leaving */
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_killed_each_request_is_answered),
        cmocka_unit_test(it_stops_in_order_whatever_was_just_killed),
        cmocka_unit_test(clients_that_have_gone_leave_nothing),
    };
    if (count > 1)
        seed = (unsigned)strtoul(arguments[1], NULL, 10);
    else if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return 1;
    if (count > 2)
        rounds = (unsigned)strtoul(arguments[2], NULL, 10);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
