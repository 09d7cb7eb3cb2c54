/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of one client that wait for each other: for a place, for an answer, for their turn to read. */
#include "tests/support/cmocka.h"

#include "proto/socket/client_link.h"
#include "tests/socket/caller.h"

#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
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
    assert_int_equal(kc_client_send(client, &request, CALL_MS, &id), KC_OK);
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

/* --- the connection --- */

static void answers_slowly_in_little_room(int connection)
{
    const int least = 1; /* the kernel's minimum */
    setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    answers_everything(connection);
}

/* The server reads no more while its answers are not taken; who sends is the one to take them. */
static void who_sends_receives_what_holds_the_daemon_up(void **state)
{
    (void)state;
    const int least = 1;
    uint64_t ids[KC_IN_FLIGHT_MAX];
    with_server((server_script *[]){answers_slowly_in_little_room, NULL});
    assert_int_equal(call_random(1, PATIENCE_MS), KC_OK);
    setsockopt(client->socket, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    send_all(ids);
    for (uint64_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        receive_random(ids[i], i + 1);
}

static void waits_until_told(int connection)
{
    (void)connection;
    sem_post(&answered);
    wait_for(&go);
}

static struct sockaddr_un address_of_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server.path);
    return address;
}

/* Connects to the server, of which it takes the first, and until it queues no more. */
static size_t fill_queue(int ends[], size_t most)
{
    struct sockaddr_un address = address_of_server();
    for (size_t i = 0; i < most; i++) {
        ends[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(ends[i], (struct sockaddr *)&address, sizeof address) != 0)
            return i + 1;
        if (i == 0)
            wait_for(&answered); /* it was accepted, and no other one will be */
    }
    fail_msg("the queue is never full");
    return 0;
}

static void calls_for_ever(struct caller *caller)
{
    caller->error = call_random(caller->size, KC_CLIENT_FOREVER);
}

static void a_deadline_holds_while_another_thread_connects(void **state)
{
    (void)state;
    int ends[64];
    struct caller caller = {.size = 5};
    sem_init(&answered, 0, 0);
    with_server((server_script *[]){waits_until_told, NULL});
    size_t count = fill_queue(ends, sizeof ends / sizeof *ends);
    start(&caller, calls_for_ever);
    assert_int_equal(call_random(6, 1), KC_ERR_TIMED_OUT);
    for (size_t i = 1; i < count; i++) /* those that wait, and then the caller */
        close(accept(server.listener, NULL, NULL));
    assert_int_equal(end(&caller), KC_ERR_CONNECTION_LOST);
    sem_post(&go);
    while (count > 0)
        close(ends[--count]);
}

static void drains(struct caller *caller)
{
    kc_link_enter(client);
    kc_link_drain(client);
    kc_link_leave(client);
    caller->error = KC_OK;
}

/* Another connection in the place of the one that there is; the lock is held all the time, so that no
 * thread sees the client without one. */
static void connect_anew(void)
{
    struct sockaddr_un address = address_of_server();
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(made, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(dup3(made, client->socket, O_CLOEXEC), client->socket);
    close(made);
    client->connection++;
    pthread_cond_broadcast(&client->changed);
}

/* A thread that found the connection ended waits for its reader; meanwhile there is another one. */
static void who_ends_a_connection_ends_no_later_one(void **state)
{
    (void)state;
    struct caller caller = {.size = 0};
    with_server((server_script *[]){answers_everything, answers_everything, NULL});
    assert_int_equal(call_random(5, PATIENCE_MS), KC_OK);
    kc_link_enter(client);
    client->reading = true; /* as if a thread read */
    kc_link_leave(client);
    start(&caller, drains);
    kc_link_enter(client);
    client->reading = false;
    connect_anew();
    kc_link_leave(client);
    assert_int_equal(end(&caller), KC_OK);
    assert_int_equal(call_random(6, CALL_MS), KC_OK);
    assert_int_equal(client->connection, 2);
}

static void nothing(int number)
{
    (void)number;
}

static void reads_once(struct caller *caller)
{
    kc_link_enter(client);
    caller->error = kc_link_step(client, NULL, KC_NEVER);
    kc_link_leave(client);
    sem_post(&answered);
}

/* Each signal that comes before the thread sleeps is followed by another. */
static bool interrupts(const struct caller *caller)
{
    bool is_back = false;
    for (size_t i = 0; i < 500 && !is_back; i++) {
        struct timespec until;
        pthread_kill(caller->thread, SIGUSR1);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 20000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        is_back = sem_timedwait(&answered, &until) == 0;
    }
    return is_back;
}

/* Else they could come for longer than a deadline. */
static void signals_do_not_make_a_reader_sleep_longer(void **state)
{
    (void)state;
    const struct sigaction action = {.sa_handler = nothing};
    struct caller caller = {.size = 0};
    sem_init(&answered, 0, 0);
    sigaction(SIGUSR1, &action, NULL);
    with_server((server_script *[]){answers_everything, NULL});
    assert_int_equal(call_random(5, PATIENCE_MS), KC_OK);
    start(&caller, reads_once);
    bool is_back = interrupts(&caller);
    shutdown(client->socket, SHUT_RDWR); /* and so is who sleeps on */
    assert_int_equal(end(&caller), KC_OK);
    assert_true(is_back);
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
        shared(who_sends_receives_what_holds_the_daemon_up),
        shared(a_deadline_holds_while_another_thread_connects),
        shared(who_ends_a_connection_ends_no_later_one),
        shared(signals_do_not_make_a_reader_sleep_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
