/* SPDX-License-Identifier: Apache-2.0 */
/* The courier's workers and the desk's ends that they are given. */
#include "tests/support/cmocka.h"

#include "custodian/courier/courier.h"
#include "custodian/vault_message.h"
#include "proto/socket/transport.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESKS 2000
#define LATE_MS 20000 /* longer than anything takes that works */

static int desk; /* the desk's end */

/* Makes an edge; the courier's end of it. */
static int new_edge(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    desk = ends[0];
    return ends[1];
}

/* A question for a peer that there is not: it is answered at once. */
static void ask(uint64_t ticket)
{
    static uint8_t packet[KC_VAULT_MESSAGE_MAX];
    static struct kc_vault_message question;
    struct kc_writer w;
    question = (struct kc_vault_message){.type = KC_VAULT_ASK, .ticket = ticket, .id_count = 1};
    question.ids[0] = (struct kc_span){(const uint8_t *)"nobody", 6};
    kc_message_init(&question.message, KC_OPERATION_PING);
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, &question), KC_OK);
    assert_int_equal(kc_transport_send(desk, packet, w.size, NULL), KC_OK);
}

static void expect_answer(uint64_t ticket)
{
    static uint8_t packet[KC_VAULT_MESSAGE_MAX];
    static struct kc_vault_message answer;
    struct kc_descriptors none = {.count = 0};
    struct pollfd readable = {.fd = desk, .events = POLLIN};
    size_t size = 0;
    assert_int_equal(poll(&readable, 1, LATE_MS), 1);
    assert_int_equal(kc_transport_receive(desk, packet, sizeof packet, &size, &none), KC_OK);
    assert_int_equal(kc_vault_message_unpack(packet, size, NULL, &answer), KC_OK);
    assert_int_equal(answer.ticket, ticket);
    assert_int_equal(answer.error, KC_ERR_BAD_REQUEST);
}

/* The worker that has just answered is about to wait for the next question when the desk is another. */
static void each_desk_is_answered_what_it_asks(void **state)
{
    (void)state;
    static struct kc_config config;
    struct kc_courier *courier = NULL;
    assert_int_equal(kc_courier_new(&config, NULL, new_edge(), &courier), KC_OK);
    for (uint64_t ticket = 1; ticket <= DESKS; ticket++) {
        ask(ticket);
        expect_answer(ticket);
        int former = desk;
        kc_courier_new_desk(courier, new_edge());
        close(former);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_desk_is_answered_what_it_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
