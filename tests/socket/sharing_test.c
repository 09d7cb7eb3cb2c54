/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of one client that wait for each other: for a place, for an answer, for their turn to read. */
#include "tests/support/cmocka.h"

#include "proto/socket/client_link.h"
#include "tests/socket/caller.h"

#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Less than for what a reader sleeps and looks at nothing: who sleeps over its place is told late. */
#define CALL_MS 9000

static sem_t go; /* what a server's script waits for */

static int setup(void **state)
{
    (void)state;
    return sem_init(&go, 0, 0);
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) {
    }
}

/* --- a thread in a call --- */

struct caller {
    pthread_t thread;
    void (*work)(struct caller *caller);
    sem_t begun;
    pid_t number;
    uint64_t size, id; /* that are asked for */
    enum kc_error error;
};

static void *work(void *argument)
{
    struct caller *caller = argument;
    caller->number = gettid();
    sem_post(&caller->begun);
    caller->work(caller);
    return NULL;
}

static char state_of(pid_t thread)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "re");
    int read = file ? fscanf(file, "%*d (%*[^)]) %c", &state) : 0;
    if (file)
        fclose(file);
    return read == 1 ? state : 0;
}

/* Returns when the thread sleeps in its call; nobody has the client's lock then. */
static void start(struct caller *caller, void (*what)(struct caller *caller))
{
    caller->work = what;
    sem_init(&caller->begun, 0, 0);
    if (pthread_create(&caller->thread, NULL, work, caller) != 0)
        abort();
    wait_for(&caller->begun);
    while (state_of(caller->number) != 'S')
        sched_yield();
}

static enum kc_error end(struct caller *caller)
{
    pthread_join(caller->thread, NULL);
    return caller->error;
}

static void calls(struct caller *caller)
{
    caller->error = call_random(caller->size, CALL_MS);
}

static void receives(struct caller *caller)
{
    struct kc_client_answer *answer;
    caller->error = kc_client_receive(client, caller->id, PATIENCE_MS, &answer);
    if (!is_random(answer, caller->size))
        caller->error = KC_ERR_INTERNAL;
    kc_client_answer_free(answer);
}

/* --- without other threads --- */

static uint64_t send_random(uint64_t size)
{
    struct kc_client_request request;
    uint64_t id = 0;
    ask_random(&request, size);
    assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &id), KC_OK);
    return id;
}

/* As many as may be under way, of the sizes from 1 on. */
static void send_all(uint64_t ids[static KC_IN_FLIGHT_MAX])
{
    for (uint64_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        ids[i] = send_random(i + 1);
}

static void receive_random(uint64_t id, uint64_t size)
{
    struct kc_client_answer *answer;
    assert_int_equal(kc_client_receive(client, id, PATIENCE_MS, &answer), KC_OK);
    assert_true(is_random(answer, size));
    kc_client_answer_free(answer);
}

static void give_up(uint64_t id)
{
    struct kc_client_answer *answer;
    assert_int_equal(kc_client_receive(client, id, 0, &answer), KC_ERR_TIMED_OUT);
}

/* --- places --- */

static struct received requests[KC_IN_FLIGHT_MAX];

static bool receive_all(int connection)
{
    bool good = true;
    for (size_t i = 0; good && i < KC_IN_FLIGHT_MAX; i++)
        good = server_receive(connection, &requests[i]);
    return good;
}

/* Of as many requests as may be under way the first, when it is told to; and then what comes. */
static void answers_the_first_of_all(int connection)
{
    if (!receive_all(connection))
        return;
    wait_for(&go);
    answer_random(connection, &requests[0].message);
    answers_everything(connection);
}

/* Nothing else comes until who waits has got through. */
static void who_waits_for_a_place_has_that_of_an_answer_that_is_taken(void **state)
{
    (void)state;
    uint64_t ids[KC_IN_FLIGHT_MAX];
    struct caller caller = {.size = 100};
    with_server((server_script *[]){answers_the_first_of_all, NULL});
    send_all(ids);
    start(&caller, calls);
    sem_post(&go);
    receive_random(ids[0], 1);
    assert_int_equal(end(&caller), KC_OK);
}

static void who_waits_for_a_place_reads_for_it_if_all_are_given_up(void **state)
{
    (void)state;
    uint64_t ids[KC_IN_FLIGHT_MAX];
    struct caller caller = {.size = 100};
    with_server((server_script *[]){answers_the_first_of_all, NULL});
    send_all(ids);
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        give_up(ids[i]);
    start(&caller, calls);
    sem_post(&go);
    assert_int_equal(end(&caller), KC_OK);
}

/* It waits for who may free a slot, and has to read itself when that one goes. */
static void who_waits_for_a_place_reads_for_it_when_nobody_else_will(void **state)
{
    (void)state;
    uint64_t ids[KC_IN_FLIGHT_MAX];
    struct caller caller = {.size = 100};
    with_server((server_script *[]){answers_the_first_of_all, NULL});
    send_all(ids);
    for (size_t i = 0; i + 1 < KC_IN_FLIGHT_MAX; i++)
        give_up(ids[i]);
    kc_link_enter(client);
    struct kc_slot *last = kc_link_find(client, ids[KC_IN_FLIGHT_MAX - 1]);
    last->attended = true; /* as if a thread still sent it */
    kc_link_leave(client);
    start(&caller, calls);
    kc_link_enter(client);
    kc_slot_leave(client, last);
    kc_link_leave(client);
    sem_post(&go);
    assert_int_equal(end(&caller), KC_OK);
}

static sem_t answered;

static void answers_all_at_once(int connection)
{
    if (!receive_all(connection))
        return;
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        answer_random(connection, &requests[i].message);
    sem_post(&answered);
    answers_everything(connection);
}

/* Who only sends has nobody who reads for it. */
static void a_late_answer_that_is_there_makes_a_place(void **state)
{
    (void)state;
    uint64_t ids[KC_IN_FLIGHT_MAX];
    sem_init(&answered, 0, 0);
    with_server((server_script *[]){answers_all_at_once, NULL});
    for (uint64_t i = 0; i + 1 < KC_IN_FLIGHT_MAX; i++) {
        ids[i] = send_random(i + 1);
        give_up(ids[i]);
    }
    ids[0] = send_random(KC_IN_FLIGHT_MAX);
    wait_for(&answered);
    receive_random(send_random(77), 77);
    receive_random(ids[0], KC_IN_FLIGHT_MAX);
}

/* --- whose answer it is --- */

static void answers_when_told(int connection)
{
    while (server_receive(connection, &requests[0])) {
        wait_for(&go);
        answer_random(connection, &requests[0].message);
    }
}

static void what_a_thread_receives_is_no_other_ones(void **state)
{
    (void)state;
    struct kc_client_answer *answer;
    uint64_t id;
    struct caller caller = {.size = 5};
    with_server((server_script *[]){answers_when_told, NULL});
    caller.id = send_random(5);
    start(&caller, receives);
    assert_int_equal(kc_client_receive_any(client, PATIENCE_MS, &id, &answer), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_client_receive(client, caller.id, PATIENCE_MS, &answer), KC_ERR_BAD_ARGUMENT);
    sem_post(&go);
    assert_int_equal(end(&caller), KC_OK);
}

#define shared(test) cmocka_unit_test_setup_teardown(test, setup, without_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        shared(who_waits_for_a_place_has_that_of_an_answer_that_is_taken),
        shared(who_waits_for_a_place_reads_for_it_if_all_are_given_up),
        shared(who_waits_for_a_place_reads_for_it_when_nobody_else_will),
        shared(a_late_answer_that_is_there_makes_a_place),
        shared(what_a_thread_receives_is_no_other_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
