/* SPDX-License-Identifier: Apache-2.0 */
/* What the desk does when the vault or the supervisor dies, comes back, or says what it should not. */
#include "tests/daemon/desk_fixture.h"

#include "custodian/process.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what siblings do --- */

/* Gives the desk a new edge, as the supervisor does when it has started a vault again. */
static void replace_vault(struct kc_test_desk *desk)
{
    int pair[2];
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    if (desk->vault >= 0)
        close(desk->vault);
    desk->vault = pair[0];
    kc_test_desk_order(desk, KC_CONTROL_EDGE, KC_EDGE_DESK_VAULT, pair[1]);
    close(pair[1]);
}

static void fails_what_is_in_flight_when_the_vault_dies_and_goes_on_with_the_next(void **state)
{
    struct kc_test_desk *desk = *state;
    uint64_t connection;
    struct kc_record record = kc_test_key("M1", "M1");
    int client = kc_test_connect(desk, &connection);
    kc_test_ping(client, 1, "vault");
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    replace_vault(desk);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), KC_ERR_UNAVAILABLE);
    kc_test_vault_connect(desk); /* the new vault learns of the old clients */
    assert_true(desk->message.connection == connection);

    /* what may have been stored is not said to be undone */
    uint64_t ticket = kc_test_ask_for(desk, client, "M1");
    assert_int_equal(kc_test_vault_commit(desk, ticket, &record, 1), KC_OK);
    replace_vault(desk);
    assert_int_equal(
        kc_test_receive_error(client, KC_OPERATION_KEY_SHOW, NULL), KC_ERR_CONNECTION_LOST);
    kc_test_vault_connect(desk);
    ticket = kc_test_ask_for(desk, client, "M1");
    kc_test_vault_answer(desk, ticket, KC_OPERATION_KEY_SHOW, KC_ERR_REFUSED);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_KEY_SHOW, NULL), KC_ERR_REFUSED);
    close(client);
}

static void answers_at_once_while_there_is_no_vault(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    close(desk->vault);
    desk->vault = -1;
    kc_test_ping(client, 1, "vault");
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), KC_ERR_UNAVAILABLE);
    kc_test_ping(client, 2, "vault");
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), KC_ERR_UNAVAILABLE);
    replace_vault(desk);
    kc_test_vault_connect(desk);
    close(client);
}

static void send_watch(int client, uint64_t id, uint64_t seen)
{
    struct kc_message request;
    kc_message_init(&request, KC_OPERATION_WATCH);
    request.id = id;
    if (seen != 0)
        kc_values_set_number(&request.values, KC_FIELD_SEEN, seen);
    kc_test_send(client, &request, NULL);
}

static uint64_t receive_seen(int client)
{
    static struct kc_test_answer received;
    kc_test_receive(client, KC_OPERATION_WATCH, &received);
    assert_int_equal(received.message.error, KC_OK);
    return received.message.values.value[KC_FIELD_SEEN].number;
}

static void a_watch_is_answered_when_there_is_another_vault(void **state)
{
    struct kc_test_desk *desk = *state;
    uint64_t id;
    int client = kc_test_connect(desk, NULL), gone = kc_test_connect(desk, NULL);
    send_watch(client, 1, 0);
    uint64_t seen = receive_seen(client);
    send_watch(client, 2, seen - 1);
    assert_true(receive_seen(client) == seen);

    send_watch(client, 3, seen);
    send_watch(client, 4, seen); /* one waits for each client */
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_WATCH, &id), KC_ERR_LIMIT);
    assert_true(id == 4);
    send_watch(gone, 1, seen);
    kc_test_ping(client, 5, "desk"); /* the connection serves on */
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), KC_OK);
    close(gone);
    kc_test_vault_expect(desk, KC_VAULT_DISCONNECT);

    replace_vault(desk);
    kc_test_vault_connect(desk);
    assert_true(receive_seen(client) == seen + 1);
    send_watch(client, 6, seen); /* has been */
    assert_true(receive_seen(client) == seen + 1);
    close(client);
}

static void a_watch_does_not_keep_the_desk_from_stopping(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    send_watch(client, 1, 0);
    send_watch(client, 2, receive_seen(client));
    kc_test_desk_order(desk, KC_CONTROL_STOP, 0, -1);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_WATCH, NULL), KC_ERR_STOPPING);
    assert_int_equal(kc_test_desk_wait(desk), 0);
    close(client);
}

/* The vault's workers may do what was sent later first. */
static void reads_no_request_before_the_vault_knows_the_client(void **state)
{
    struct kc_test_desk *desk = *state;
    int other = kc_test_connect(desk, NULL), client = kc_test_connect_alone(desk);
    kc_test_vault_expect(desk, KC_VAULT_CONNECT);
    struct kc_vault_message connected = {
        .type = KC_VAULT_CONNECTED, .connection = desk->message.connection};
    kc_test_ping(client, 1, "vault");
    for (uint64_t id = 1; id <= 3; id++) { /* the desk has looked around since */
        kc_test_ping(other, id, "desk");
        assert_int_equal(kc_test_receive_error(other, KC_OPERATION_PING, NULL), KC_OK);
    }
    assert_false(kc_test_vault_has_message(desk));
    kc_test_vault_send(desk, &connected, NULL);
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    assert_true(desk->message.connection == connected.connection);
    close(client);
    close(other);
}

static void ends_when_the_vault_knows_somebody_who_never_came(void **state)
{
    struct kc_test_desk *desk = *state;
    struct kc_vault_message connected = {.type = KC_VAULT_CONNECTED, .connection = 4711};
    kc_test_vault_send(desk, &connected, NULL);
    assert_int_equal(kc_test_desk_wait(desk), KC_CLASS_INTERNAL);
}

static void ends_at_a_malformed_message_from_the_vault(void **state)
{
    struct kc_test_desk *desk = *state;
    assert_int_equal(kc_transport_send(desk->vault, "nonsense", 8, NULL), KC_OK);
    assert_int_equal(kc_test_desk_wait(desk), KC_CLASS_INTERNAL);
}

static void ends_at_an_answer_to_nothing(void **state)
{
    struct kc_test_desk *desk = *state;
    kc_test_vault_answer(desk, 12345, KC_OPERATION_PING, KC_OK);
    assert_int_equal(kc_test_desk_wait(desk), KC_CLASS_INTERNAL);
}

static void ends_when_the_supervisor_is_gone(void **state)
{
    struct kc_test_desk *desk = *state;
    shutdown(desk->control, SHUT_RDWR);
    assert_int_equal(kc_test_desk_wait(desk), KC_CLASS_INTERNAL);
}

static void stops_when_what_is_in_flight_is_answered(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    uint64_t id, ticket = kc_test_ask_for(desk, client, "M1");
    kc_test_desk_order(desk, KC_CONTROL_STOP, 0, -1);
    do { /* until it has read the order, it takes requests */
        kc_test_ping(client, 2, "desk");
    } while (kc_test_receive_error(client, KC_OPERATION_PING, &id) != KC_ERR_STOPPING);
    kc_test_vault_answer(desk, ticket, KC_OPERATION_KEY_SHOW, KC_ERR_REFUSED);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_KEY_SHOW, NULL), KC_ERR_REFUSED);
    assert_int_equal(kc_test_desk_wait(desk), 0);
    close(client);
}

/* --- the process --- */

static bool status_says(pid_t pid, const char *line)
{
    char path[64], text[8192];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    return strstr(text, line) != NULL;
}

static void has_given_up_its_rights(void **state)
{
    struct kc_test_desk *desk = *state;
    assert_true(status_says(desk->pid, "\nSeccomp:\t2\n"));
    assert_true(status_says(desk->pid, "\nNoNewPrivs:\t1\n"));
    if (geteuid() != 0)
        return;
    assert_true(status_says(desk->pid, "\nUid:\t64801\t64801\t64801\t64801\n"));
    assert_true(status_says(desk->pid, "\nGid:\t64801\t64801\t64801\t64801\n"));
    assert_true(status_says(desk->pid, "\nGroups:\t \n"));
    assert_true(status_says(desk->pid, "\nCapEff:\t0000000000000000\n"));
}

#define CASE(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, kc_test_desk_set_up, kc_test_desk_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fails_what_is_in_flight_when_the_vault_dies_and_goes_on_with_the_next),
        CASE(answers_at_once_while_there_is_no_vault),
        CASE(a_watch_is_answered_when_there_is_another_vault),
        CASE(a_watch_does_not_keep_the_desk_from_stopping),
        CASE(reads_no_request_before_the_vault_knows_the_client),
        CASE(ends_when_the_vault_knows_somebody_who_never_came),
        CASE(ends_at_a_malformed_message_from_the_vault),
        CASE(ends_at_an_answer_to_nothing),
        CASE(ends_when_the_supervisor_is_gone),
        CASE(stops_when_what_is_in_flight_is_answered),
        CASE(has_given_up_its_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
