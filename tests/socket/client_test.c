/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/socket/client_link.h"
#include "tests/socket/caller.h"
#include "tests/support/descriptors.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what the server does --- */

/* Waits for three, then answers the last one first. */
static void answers_backwards(int connection)
{
    static struct received requests[3];
    for (size_t i = 0; i < 3; i++) {
        if (!server_receive(connection, &requests[i]))
            return;
    }
    for (size_t i = 3; i-- > 0;)
        answer_random(connection, &requests[i].message);
    (void)server_receive(connection, &requests[0]);
}

static void closes_after_a_request(int connection)
{
    static struct received request;
    (void)server_receive(connection, &request);
}

static sem_t ended;

static void answers_once_and_ends(int connection)
{
    static struct received request;
    if (server_receive(connection, &request))
        answer_random(connection, &request.message);
    shutdown(connection, SHUT_RDWR);
    sem_post(&ended);
}

static void answers_garbage(int connection)
{
    static struct received request;
    if (server_receive(connection, &request))
        server_send(connection, "\xa1\x61v\x01garbage", 10);
    (void)server_receive(connection, &request);
}

static void answers_another_id(int connection)
{
    static struct received request;
    if (server_receive(connection, &request)) {
        request.message.id += 77;
        answer_random(connection, &request.message);
    }
    (void)server_receive(connection, &request);
}

static void answers_another_operation(int connection)
{
    static struct received request;
    if (server_receive(connection, &request)) {
        struct kc_message answer;
        kc_message_init(&answer, KC_OPERATION_KEY_DISABLE);
        answer.id = request.message.id;
        kc_values_set_number(&answer.values, KC_FIELD_VERSION, 1);
        server_answer(connection, &answer);
    }
    (void)server_receive(connection, &request);
}

static void answers_with_an_error(int connection)
{
    static struct received request;
    if (server_receive(connection, &request)) {
        struct kc_message answer;
        kc_message_init(&answer, KC_OPERATION_RANDOM);
        answer.id = request.message.id;
        answer.error = KC_ERR_OPERATOR_WAIT;
        kc_values_set_text(&answer.values, KC_FIELD_DETAIL, "12 seconds");
        server_answer(connection, &answer);
    }
    (void)server_receive(connection, &request);
}

/* The first request is answered when the second is there. */
static void answers_one_late(int connection)
{
    static struct received first, second;
    if (!server_receive(connection, &first) || !server_receive(connection, &second))
        return;
    answer_random(connection, &first.message);
    answer_random(connection, &second.message);
    (void)server_receive(connection, &first);
}

/* Answers with the PIN that came, turned round, in the place of an agreed secret. */
static void answers_with_a_secret(int connection)
{
    static struct received request;
    struct kc_message answer;
    uint8_t secret[64];
    size_t size = 0;
    int descriptor = -1;
    if (!server_receive(connection, &request) ||
        kc_sealed_read(request.descriptors.fd[0], secret, sizeof secret, &size) != KC_OK)
        return;
    kc_descriptors_close(&request.descriptors);
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t swapped = secret[i];
        secret[i] = secret[size - 1 - i];
        secret[size - 1 - i] = swapped;
    }
    if (kc_sealed_make(secret, size, &descriptor) != KC_OK)
        return;
    kc_message_init(&answer, KC_OPERATION_BATCH);
    struct kc_message parts[2];
    kc_message_init(&parts[0], KC_OPERATION_OPERATOR_PIN);
    kc_values_set_number(&parts[0].values, KC_FIELD_VERSION, 3);
    kc_message_init(&parts[1], KC_OPERATION_KEY_AGREE);
    kc_values_set_passed(&parts[1].values, KC_FIELD_SECRET, 0);
    answer.id = request.message.id;
    kc_field_set_add(&answer.values.present, KC_FIELD_ITEMS);
    answer.batch = parts;
    answer.batch_count = 2;
    server_answer_passing(connection, &answer, descriptor);
    close(descriptor);
    (void)server_receive(connection, &request);
}

/* --- what the tests do --- */

static void a_call_brings_its_answer(void **state)
{
    (void)state;
    with_server((server_script *[]){answers_everything, NULL});
    assert_int_equal(call_random(17, PATIENCE_MS), KC_OK);
    assert_int_equal(call_random(1024, KC_CLIENT_FOREVER), KC_OK);
}

static void answers_out_of_order_find_their_requests(void **state)
{
    (void)state;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint64_t ids[3];
    with_server((server_script *[]){answers_backwards, NULL});
    for (size_t i = 0; i < 3; i++) {
        ask_random(&request, 100 + i);
        assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &ids[i]), KC_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kc_client_receive(client, ids[i], PATIENCE_MS, &answer), KC_OK);
        assert_true(is_random(answer, 100 + i));
        kc_client_answer_free(answer);
    }
    assert_int_equal(kc_client_receive(client, ids[0], PATIENCE_MS, &answer), KC_ERR_BAD_ARGUMENT);
}

static void the_first_answer_can_be_asked_for(void **state)
{
    (void)state;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint64_t ids[3], id;
    with_server((server_script *[]){answers_backwards, NULL});
    for (size_t i = 0; i < 3; i++) {
        ask_random(&request, 100 + i);
        assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &ids[i]), KC_OK);
        if (i == 0)
            assert_int_equal(kc_client_receive_any(client, 1, &id, &answer), KC_ERR_TIMED_OUT);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kc_client_receive_any(client, PATIENCE_MS, &id, &answer), KC_OK);
        assert_true(is_random(answer, 100 + id - ids[0]));
        kc_client_answer_free(answer);
    }
    assert_int_equal(kc_client_receive_any(client, PATIENCE_MS, &id, &answer), KC_ERR_BAD_ARGUMENT);
    assert_null(answer);
}

static void a_limit_of_requests_is_under_way(void **state)
{
    (void)state;
    struct kc_client_request request;
    uint64_t id;
    with_server((server_script *[]){says_nothing, NULL});
    ask_random(&request, 1);
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++)
        assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &id), KC_OK);
    assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &id), KC_ERR_LIMIT);
    assert_int_equal(call_random(1, 1), KC_ERR_TIMED_OUT); /* a call waits for a place */
}

static void check_bad_reply(server_script *script)
{
    with_server((server_script *[]){script, answers_everything, NULL});
    assert_int_equal(call_random(5, PATIENCE_MS), KC_ERR_BAD_REPLY);
    assert_int_equal(call_random(6, PATIENCE_MS), KC_OK); /* over a connection of its own */
}

/* A daemon that has too many clients says so before it reads, and closes. */
static void refuses_the_connection(int connection)
{
    struct kc_message answer;
    kc_message_init(&answer, KC_OPERATION_PING);
    answer.error = KC_ERR_LIMIT;
    server_answer(connection, &answer);
}

static void refuses_the_connection_after_a_request(int connection)
{
    struct received request;
    if (server_receive(connection, &request))
        refuses_the_connection(connection);
}

static void a_refused_connection_says_why(void **state)
{
    (void)state;
    with_server((server_script *[]){
        refuses_the_connection_after_a_request, refuses_the_connection, answers_everything, NULL});
    assert_int_equal(call_random(5, PATIENCE_MS), KC_ERR_LIMIT);
    assert_int_equal(call_random(6, PATIENCE_MS), KC_ERR_LIMIT);
    assert_int_equal(call_random(7, PATIENCE_MS), KC_OK);
}

static void a_malformed_answer_ends_the_connection(void **state)
{
    (void)state;
    check_bad_reply(answers_garbage);
}

static void an_answer_to_no_request_ends_the_connection(void **state)
{
    (void)state;
    check_bad_reply(answers_another_id);
}

static void an_answer_to_another_operation_ends_the_connection(void **state)
{
    (void)state;
    check_bad_reply(answers_another_operation);
}

static void a_lost_connection_is_told_once_and_made_again(void **state)
{
    (void)state;
    with_server((server_script *[]){closes_after_a_request, answers_everything, NULL});
    assert_int_equal(call_random(5, PATIENCE_MS), KC_ERR_CONNECTION_LOST);
    assert_int_equal(call_random(6, PATIENCE_MS), KC_OK);
}

static void a_connection_that_ended_while_idle_is_told_once(void **state)
{
    (void)state;
    sem_init(&ended, 0, 0);
    with_server((server_script *[]){answers_once_and_ends, answers_everything, NULL});
    assert_int_equal(call_random(5, PATIENCE_MS), KC_OK);
    sem_wait(&ended);
    assert_int_equal(call_random(6, PATIENCE_MS), KC_ERR_CONNECTION_LOST);
    assert_int_equal(call_random(7, PATIENCE_MS), KC_OK);
}

static void an_answer_that_came_before_the_end_is_kept(void **state)
{
    (void)state;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint64_t id, lost;
    sem_init(&ended, 0, 0);
    with_server((server_script *[]){answers_once_and_ends, NULL});
    ask_random(&request, 5);
    assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &id), KC_OK);
    sem_wait(&ended);
    assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &lost), KC_ERR_CONNECTION_LOST);
    assert_int_equal(kc_client_receive(client, id, PATIENCE_MS, &answer), KC_OK);
    assert_true(is_random(answer, 5));
    kc_client_answer_free(answer);
}

static void an_absent_daemon_is_told(void **state)
{
    (void)state;
    assert_int_equal(kc_client_new("/nonexistent/custodian/socket", &client), KC_OK);
    assert_int_equal(call_random(5, PATIENCE_MS), KC_ERR_DAEMON_ABSENT);
    kc_client_free(client);
    client = NULL;
}

static void a_deadline_holds_and_the_late_answer_is_dropped(void **state)
{
    (void)state;
    with_server((server_script *[]){answers_one_late, NULL});
    assert_int_equal(call_random(5, 1), KC_ERR_TIMED_OUT);
    assert_int_equal(call_random(6, PATIENCE_MS), KC_OK);
}

static void an_error_comes_with_its_detail(void **state)
{
    (void)state;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    with_server((server_script *[]){answers_with_an_error, NULL});
    ask_random(&request, 1);
    assert_int_equal(kc_client_call(client, &request, PATIENCE_MS, &answer), KC_ERR_OPERATOR_WAIT);
    assert_non_null(answer);
    assert_true(kc_values_text_is(
        &kc_client_answer_message(answer)->values, KC_FIELD_DETAIL, "12 seconds"));
    kc_client_answer_free(answer);
}

static void secrets_travel_in_descriptors_and_none_is_left(void **state)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    struct kc_message parts[2];
    uint8_t secret[64];
    size_t size = 0;
    size_t before = open_descriptors();
    with_server((server_script *[]){answers_with_a_secret, NULL});

    kc_client_request_init(&request, KC_OPERATION_BATCH);
    kc_field_set_add(&request.message.values.present, KC_FIELD_ITEMS);
    request.message.batch = parts;
    request.message.batch_count = 2;
    kc_message_init(&parts[0], KC_OPERATION_OPERATOR_PIN);
    assert_int_equal(
        kc_client_request_secret(&request, &parts[0].values, KC_FIELD_NEW_PIN, "abcdefgh", 8),
        KC_OK);
    kc_message_init(&parts[1], KC_OPERATION_KEY_AGREE);
    kc_values_set_text(&parts[1].values, KC_FIELD_KEY, "key");
    kc_values_set_span(&parts[1].values, KC_FIELD_PEER, "point", 5);
    assert_int_equal(kc_client_call(client, &request, PATIENCE_MS, &answer), KC_OK);

    const struct kc_message *message = kc_client_answer_message(answer);
    assert_int_equal(message->batch_count, 2);
    assert_int_equal(kc_client_answer_secret(answer, &message->batch[1].values, KC_FIELD_SECRET,
                         secret, sizeof secret, &size),
        KC_OK);
    assert_int_equal(size, 8);
    assert_memory_equal(secret, "hgfedcba", 8);
    assert_int_equal(kc_client_answer_secret(answer, &message->batch[0].values, KC_FIELD_SECRET,
                         secret, sizeof secret, &size),
        KC_ERR_BAD_ARGUMENT);
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    without_server(state);
    assert_int_equal(open_descriptors(), before);
}

static void data_goes_into_a_descriptor_when_it_is_large(void **state)
{
    (void)state;
    static uint8_t data[KC_DATA_SIZE_MAX + 1];
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    struct kc_values *values = &request.message.values;
    const struct kc_value *value = &values->value[KC_FIELD_MESSAGE];
    assert_int_equal(
        kc_client_request_data(&request, values, KC_FIELD_MESSAGE, data, KC_CLIENT_DATA_INLINE),
        KC_OK);
    assert_false(value->passed);
    assert_int_equal(
        kc_client_request_data(&request, values, KC_FIELD_MESSAGE, data, KC_DATA_SIZE_MAX), KC_OK);
    assert_true(value->passed);
    assert_int_equal(
        kc_client_request_data(&request, values, KC_FIELD_MESSAGE, data, KC_DATA_SIZE_MAX + 1),
        KC_ERR_BAD_ARGUMENT);
    kc_client_request_done(&request);
}

static void a_child_makes_a_connection_of_its_own(void **state)
{
    (void)state;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint64_t id;
    int status = -1;
    with_server((server_script *[]){answers_one_late, answers_everything, NULL});
    ask_random(&request, 9);
    assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &id), KC_OK);

    pid_t child = fork();
    if (child == 0) {
        bool good = kc_client_receive(client, id, 0, &answer) == KC_ERR_BAD_ARGUMENT &&
                    call_random(7, PATIENCE_MS) == KC_OK;
        _exit(good ? 0 : 1);
    }
    /* The child is served when the parent's connection has ended, and that ends with the client. */
    assert_int_equal(call_random(8, PATIENCE_MS), KC_OK);
    assert_int_equal(kc_client_receive(client, id, PATIENCE_MS, &answer), KC_OK);
    assert_true(is_random(answer, 9));
    kc_client_answer_free(answer);
    kc_client_free(client);
    client = NULL;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static struct kc_slot *first_under_way(void)
{
    struct kc_slot *slot = client->slots;
    while (slot->state != KC_SLOT_WAITING)
        slot++;
    return slot;
}

static void a_child_frees_nothing_that_a_thread_of_its_parent_was_freeing(void **state)
{
    (void)state;
    struct kc_client_request request;
    uint64_t id;
    int status = -1;
    with_server((server_script *[]){answers_one_late, answers_everything, NULL});
    ask_random(&request, 9);
    assert_int_equal(kc_client_send(client, &request, PATIENCE_MS, &id), KC_OK);
    struct kc_slot *slot = first_under_way();
    struct kc_client_answer *answer = slot->answer;
    slot->answer = (struct kc_client_answer *)&status; /* what must not be freed */
    pid_t child = fork();
    if (child == 0)
        _exit(call_random(7, PATIENCE_MS) == KC_OK ? 0 : 1);
    slot->answer = answer;
    kc_client_free(client);
    client = NULL;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void *calls_many_times(void *wrong)
{
    unsigned int failures = 0;
    for (uint64_t size = 1; size <= 300; size++)
        failures += call_random(size, PATIENCE_MS) != KC_OK;
    *(unsigned int *)wrong = failures;
    return NULL;
}

static void threads_share_a_connection(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    unsigned int wrong[THREADS];
    with_server((server_script *[]){answers_everything, NULL});
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, calls_many_times, &wrong[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

static sem_t first_received, given_up;

/* Two requests; the second is answered when the first is given up. */
static void answers_when_the_first_has_given_up(int connection)
{
    static struct received requests[2];
    if (!server_receive(connection, &requests[0]))
        return;
    sem_post(&first_received);
    if (!server_receive(connection, &requests[1]))
        return;
    while (sem_wait(&given_up) != 0)
        ;
    answer_random(connection, &requests[1].message);
    answer_random(connection, &requests[0].message);
    says_nothing(connection);
}

static void *gives_up(void *error)
{
    *(enum kc_error *)error = call_random(1, 300);
    sem_post(&given_up);
    return NULL;
}

/* The first thread reads for both; then nobody does, unless it wakes the other. */
static void a_reader_that_gives_up_leaves_the_reading_to_another(void **state)
{
    (void)state;
    pthread_t first;
    enum kc_error error = KC_OK;
    sem_init(&first_received, 0, 0);
    sem_init(&given_up, 0, 0);
    with_server((server_script *[]){answers_when_the_first_has_given_up, NULL});
    assert_int_equal(pthread_create(&first, NULL, gives_up, &error), 0);
    while (sem_wait(&first_received) != 0)
        ;
    assert_int_equal(call_random(2, PATIENCE_MS), KC_OK);
    pthread_join(first, NULL);
    assert_int_equal(error, KC_ERR_TIMED_OUT);
    assert_int_equal(call_random(3, 1), KC_ERR_TIMED_OUT); /* the late answer was dropped */
}

static void the_path_is_the_argument_or_the_environment_or_the_default(void **state)
{
    (void)state;
    char path[256];
    memset(path, 'a', sizeof path);
    path[255] = 0;
    assert_int_equal(kc_client_new(path, &client), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_client_new("", &client), KC_ERR_BAD_ARGUMENT);
    setenv("CUSTODIAN_SOCKET", "/somewhere", 1);
    assert_int_equal(kc_client_new(NULL, &client), KC_OK);
    assert_string_equal(kc_client_path(client), "/somewhere");
    kc_client_free(client);
    unsetenv("CUSTODIAN_SOCKET");
    assert_int_equal(kc_client_new(NULL, &client), KC_OK);
    assert_string_equal(kc_client_path(client), "/run/custodian/socket");
    kc_client_free(client);
    client = NULL;
}

#define served(test) cmocka_unit_test_teardown(test, without_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        served(a_call_brings_its_answer),
        served(answers_out_of_order_find_their_requests),
        served(the_first_answer_can_be_asked_for),
        served(a_limit_of_requests_is_under_way),
        served(a_malformed_answer_ends_the_connection),
        served(an_answer_to_no_request_ends_the_connection),
        served(a_refused_connection_says_why),
        served(an_answer_to_another_operation_ends_the_connection),
        served(a_lost_connection_is_told_once_and_made_again),
        served(a_connection_that_ended_while_idle_is_told_once),
        served(an_answer_that_came_before_the_end_is_kept),
        cmocka_unit_test(an_absent_daemon_is_told),
        served(a_deadline_holds_and_the_late_answer_is_dropped),
        served(an_error_comes_with_its_detail),
        cmocka_unit_test(secrets_travel_in_descriptors_and_none_is_left),
        cmocka_unit_test(data_goes_into_a_descriptor_when_it_is_large),
        served(a_child_makes_a_connection_of_its_own),
        served(a_child_frees_nothing_that_a_thread_of_its_parent_was_freeing),
        served(threads_share_a_connection),
        served(a_reader_that_gives_up_leaves_the_reading_to_another),
        cmocka_unit_test(the_path_is_the_argument_or_the_environment_or_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
