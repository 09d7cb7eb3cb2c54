/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"
#include "custodian/log.h"

#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_AT_ONCE 64

/* Tells the vault that a question has no answer. */
static void tell_unasked(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_vault_message *message = kc_desk_vault_message(desk, KC_VAULT_ASKED);
    call->asking = false;
    message->ticket = call->ticket;
    message->error = KC_ERR_PEER_ABSENT;
    kc_message_init(&message->message, call->request.operation);
    kc_desk_vault_send(desk, NULL);
}

/* As for the vault's edge, a number below `lowest` must not come back. */
static void courier_gone(struct kc_desk *desk)
{
    if (desk->courier < 0)
        return;
    kc_log(KC_LOG_WARNING, "courier-gone");
    (void)shutdown(desk->courier, SHUT_RDWR);
    if (desk->courier >= desk->lowest)
        close(desk->courier);
    desk->courier = -1;
    for (size_t i = 0; i < desk->call_limit; i++)
        if (desk->calls[i] && desk->calls[i]->asking)
            tell_unasked(desk, desk->calls[i]);
}

/* A courier that takes no more is busy for longer than any answer can wait. */
void kc_desk_ask_courier(struct kc_desk *desk, struct kc_call *call, struct kc_span packed,
    struct kc_descriptors *descriptors)
{
    enum kc_error error = KC_ERR_CONNECTION_LOST;
    if (desk->courier >= 0)
        error = kc_transport_send(desk->courier, packed.bytes, packed.size, descriptors);
    kc_descriptors_close(descriptors);
    call->asking = true;
    if (error != KC_OK)
        tell_unasked(desk, call);
}

/* A call that has ended meanwhile needs no answer. */
static void take_answer(struct kc_desk *desk)
{
    struct kc_call *call = kc_desk_find_call(desk, desk->message.ticket);
    if (!call || !call->asking)
        return;
    call->asking = false;
    kc_desk_vault_send(desk, NULL);
}

void kc_desk_courier_readable(struct kc_desk *desk)
{
    for (size_t i = 0; i < PACKETS_AT_ONCE && desk->courier >= 0; i++) {
        struct kc_descriptors descriptors = {.count = 0};
        size_t size = 0;
        enum kc_error error = kc_transport_receive(
            desk->courier, desk->received, sizeof desk->received, &size, &descriptors);
        if (error == KC_OK && size == 0)
            return;
        if (error == KC_OK)
            error = kc_vault_message_unpack(desk->received, size, NULL, &desk->message);
        kc_descriptors_close(&descriptors);
        if (error == KC_OK && desk->message.type == KC_VAULT_ASKED)
            take_answer(desk);
        else
            courier_gone(desk);
    }
}

void kc_desk_courier_replace(struct kc_desk *desk, int descriptor)
{
    courier_gone(desk);
    desk->courier = descriptor;
}
