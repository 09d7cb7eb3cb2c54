/* SPDX-License-Identifier: Apache-2.0 */
/* The courier when its desk dies and another one comes: its workers are stopped where they begin to
 * receive (the linker's --wrap). */
#include "custodian/courier/courier.h"
#include "custodian/vault_message.h"
#include "proto/socket/transport.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define MOMENT_NS 100000000 /* that is given to what should not happen */

/* --- workers, stopped --- */

static atomic_bool closed;
static sem_t arrived, opened;

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) < 0 && errno == EINTR)
        continue;
}

enum kc_error __real_kc_transport_wait(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors);
enum kc_error __wrap_kc_transport_wait(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors);
enum kc_error __wrap_kc_transport_wait(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors)
{
    if (atomic_load(&closed)) {
        sem_post(&arrived);
        await(&opened);
    }
    return __real_kc_transport_wait(socket, bytes, limit, size, descriptors);
}

/* --- the desk --- */

static int make_edge(int *theirs)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    *theirs = pair[1];
    return pair[0];
}

static void ask(int desk, uint64_t ticket)
{
    static uint8_t bytes[KC_VAULT_MESSAGE_MAX];
    static const uint8_t name[] = "nobody";
    static struct kc_vault_message question;
    struct kc_writer w;
    question = (struct kc_vault_message){
        .type = KC_VAULT_ASK, .ticket = ticket, .ids = {{name, sizeof name - 1}}, .id_count = 1};
    kc_message_init(&question.message, KC_OPERATION_SIGNATURE_CONTRIBUTE);
    kc_writer_init(&w, bytes, sizeof bytes);
    assert_int_equal(kc_vault_message_pack(&w, &question), KC_OK);
    assert_int_equal(kc_transport_send(desk, bytes, w.size, NULL), KC_OK);
}

static void expect_answer(int desk, uint64_t ticket)
{
    static uint8_t bytes[KC_VAULT_MESSAGE_MAX];
    static struct kc_vault_message answer;
    struct kc_descriptors none;
    struct pollfd wait = {.fd = desk, .events = POLLIN};
    size_t size;
    if (poll(&wait, 1, PATIENCE_MS) != 1)
        fail_msg("no answer for %d ms", PATIENCE_MS);
    assert_int_equal(kc_transport_receive(desk, bytes, sizeof bytes, &size, &none), KC_OK);
    assert_int_equal(kc_vault_message_unpack(bytes, size, NULL, &answer), KC_OK);
    assert_int_equal(answer.type, KC_VAULT_ASKED);
    assert_true(answer.ticket == ticket);
}

struct replacement {
    struct kc_courier *courier;
    int edge;
};

static void *replace(void *argument)
{
    struct replacement *with = argument;
    kc_courier_new_desk(with->courier, with->edge);
    return NULL;
}

/* Whoever begins to receive before the desk is another, and receives after it is, knows which it is. */
static void a_question_of_a_new_desk_is_answered_to_it(void **state)
{
    (void)state;
    static struct kc_config config;
    struct kc_courier *courier;
    struct replacement with;
    struct timespec moment;
    pthread_t thread;
    int theirs;
    sem_init(&arrived, 0, 0);
    sem_init(&opened, 0, 0);
    atomic_store(&closed, true);
    int desk = make_edge(&theirs);
    assert_int_equal(kc_courier_new(&config, NULL, theirs, &courier), KC_OK);
    for (size_t i = 0; i < KC_COURIER_WORKERS; i++)
        await(&arrived);

    with.courier = courier;
    int new_desk = make_edge(&with.edge);
    assert_int_equal(pthread_create(&thread, NULL, replace, &with), 0);
    struct pollfd ended = {.fd = desk, .events = POLLIN};
    assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_nsec += MOMENT_NS;
    moment.tv_sec += moment.tv_nsec / 1000000000;
    moment.tv_nsec %= 1000000000;
    bool early = pthread_timedjoin_np(thread, NULL, &moment) == 0;
    atomic_store(&closed, false);
    for (size_t i = 0; i < KC_COURIER_WORKERS; i++)
        sem_post(&opened);
    if (!early)
        assert_int_equal(pthread_join(thread, NULL), 0);
    for (uint64_t ticket = 1; ticket <= KC_COURIER_WORKERS; ticket++) {
        ask(new_desk, ticket);
        expect_answer(new_desk, ticket);
    }
    close(desk); /* the workers stay, as long as the program */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_of_a_new_desk_is_answered_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
