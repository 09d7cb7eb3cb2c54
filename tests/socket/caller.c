/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "tests/socket/caller.h"

#include <string.h>

struct server server;
struct kc_client *client;

void with_server(server_script *const *scripts)
{
    server_start(&server, scripts);
    assert_int_equal(kc_client_new(server.path, &client), KC_OK);
}

int without_server(void **state)
{
    (void)state;
    kc_client_free(client);
    client = NULL;
    server_stop(&server);
    return 0;
}

void ask_random(struct kc_client_request *request, uint64_t size)
{
    kc_client_request_init(request, KC_OPERATION_RANDOM);
    kc_values_set_number(&request->message.values, KC_FIELD_SIZE, size);
}

bool is_random(const struct kc_client_answer *answer, uint64_t size)
{
    if (!answer)
        return false;
    const struct kc_message *message = kc_client_answer_message(answer);
    const struct kc_span *span = &message->values.value[KC_FIELD_RANDOM].span;
    return span->size == size && (size == 0 || span->bytes[size - 1] == (size & 0xff));
}

enum kc_error call_random(uint64_t size, int deadline_ms)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    ask_random(&request, size);
    enum kc_error error = kc_client_call(client, &request, deadline_ms, &answer);
    bool right = is_random(answer, size);
    kc_client_answer_free(answer);
    return error == KC_OK && !right ? KC_ERR_INTERNAL : error;
}

void answer_random(int connection, const struct kc_message *request)
{
    static _Thread_local uint8_t octets[1024];
    struct kc_message answer;
    uint64_t size = request->values.value[KC_FIELD_SIZE].number;
    memset(octets, (int)(size & 0xff), sizeof octets);
    kc_message_init(&answer, KC_OPERATION_RANDOM);
    answer.id = request->id;
    kc_values_set_span(&answer.values, KC_FIELD_RANDOM, octets, (size_t)size);
    server_answer(connection, &answer);
}

void answers_everything(int connection)
{
    static struct received request;
    while (server_receive(connection, &request))
        answer_random(connection, &request.message);
}

void says_nothing(int connection)
{
    static struct received request;
    while (server_receive(connection, &request))
        ;
}
