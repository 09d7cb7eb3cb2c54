/* SPDX-License-Identifier: Apache-2.0 */
/* The command against daemons that answer wrong. */
#include "custodian/cli/cli.h"
#include "tests/socket/server.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

/* Runs a line, whose words have one blank between them, against a daemon of one connection. */
static int exit_status_of(server_script *script, const char *line)
{
    struct server server;
    char text[256], *words[16];
    int count = 0;
    server_start(&server, (server_script *[]){script, NULL});
    snprintf(text, sizeof text, "custodian --socket %s %s", server.path, line);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    int status = kc_cli_main(count, words);
    server_stop(&server);
    return status;
}

static void gives_fewer_octets_than_asked_for(int connection)
{
    struct received request;
    struct kc_message answer;
    if (!server_receive(connection, &request))
        return;
    kc_message_init(&answer, KC_OPERATION_RANDOM);
    answer.id = request.message.id;
    kc_values_set_span(&answer.values, KC_FIELD_RANDOM, "fives", 5);
    server_answer(connection, &answer);
}

static void has_no_room_for_another_client(int connection)
{
    struct kc_message answer;
    kc_message_init(&answer, KC_OPERATION_PING);
    answer.error = KC_ERR_LIMIT;
    server_answer(connection, &answer);
}

static void refuses_an_answer_of_another_size(void **state)
{
    (void)state;
    server_script *script = gives_fewer_octets_than_asked_for;
    assert_int_equal(exit_status_of(script, "random 8"), KC_CLASS_PEER);
    assert_int_equal(exit_status_of(script, "random 5"), 0);
}

static void says_that_the_custodian_has_too_many_clients(void **state)
{
    (void)state;
    assert_int_equal(exit_status_of(has_no_room_for_another_client, "status"), KC_CLASS_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_an_answer_of_another_size),
        cmocka_unit_test(says_that_the_custodian_has_too_many_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
