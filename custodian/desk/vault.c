/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"
#include "custodian/log.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_AT_ONCE 64
#define TOGETHER_MAX 8 /* messages in a packet to the vault */

/* The vault is our own: what it sends and we cannot read means that one of us is broken. */
static _Noreturn void end(const char *why)
{
    kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", why));
    _exit(KC_CLASS_INTERNAL);
}

struct kc_vault_message *kc_desk_vault_message(struct kc_desk *desk, enum kc_vault_type type)
{
    struct kc_vault_message *message = &desk->message;
    message->type = type;
    message->ticket = message->connection = 0;
    message->error = KC_OK;
    message->record_count = message->id_count = message->node_count = message->ticket_count = 0;
    message->place = 0;
    return message;
}

/* A descriptor below `lowest` is never closed: its number must not come back (desk_sandbox.h). */
static void vault_gone(struct kc_desk *desk)
{
    if (desk->vault < 0)
        return;
    kc_log(KC_LOG_WARNING, "vault-gone");
    (void)shutdown(desk->vault, SHUT_RDWR);
    if (desk->vault >= desk->lowest)
        close(desk->vault);
    desk->vault = -1;
    desk->vaults++;
    kc_packets_free(&desk->to_vault, false);
    desk->packed_size = desk->packed_count = 0;
    kc_desk_fail_all(desk);
    kc_desk_forget_introductions(desk);
}

static void post(struct kc_desk *desk, const struct kc_descriptors *descriptors)
{
    enum kc_error error = KC_ERR_LIMIT;
    size_t size = desk->packed_size;

    desk->packed_size = desk->packed_count = 0;
    if (!desk->to_vault.first)
        error = kc_transport_send(desk->vault, desk->packet, size, descriptors);
    if (error == KC_OK || error == KC_ERR_CONNECTION_LOST)
        return; /* a vault that is gone is seen when it is read from: the caller is not done yet */
    struct kc_packet *packet = kc_packet_new(desk->packet, size, descriptors);
    if (error != KC_ERR_LIMIT || !packet)
        end("message-to-vault-lost");
    kc_packet_append(&desk->to_vault, packet);
}

void kc_desk_vault_flush(struct kc_desk *desk)
{
    if (desk->packed_count > 0)
        post(desk, NULL);
}

static enum kc_error pack(struct kc_desk *desk)
{
    struct kc_writer w;
    kc_writer_init(&w, desk->packet + desk->packed_size, sizeof desk->packet - desk->packed_size);
    enum kc_error error = kc_vault_message_pack(&w, &desk->message);
    if (error == KC_OK) {
        desk->packed_size += w.size;
        desk->packed_count++;
    }
    return error;
}

/* One of the vault's workers does what is in a packet: so a packet has but a part of what is in
 * flight, and leaves some to the others. */
static size_t messages_together(const struct kc_desk *desk)
{
    size_t part = (desk->call_count - desk->idle_count) / 4;
    return part < TOGETHER_MAX ? part : TOGETHER_MAX;
}

void kc_desk_vault_send(struct kc_desk *desk, const struct kc_descriptors *descriptors)
{
    bool alone = descriptors && descriptors->count > 0;
    if (alone)
        kc_desk_vault_flush(desk);
    enum kc_error error = pack(desk);
    if (error != KC_OK && desk->packed_count > 0) {
        kc_desk_vault_flush(desk);
        error = pack(desk);
    }
    if (error != KC_OK)
        end("message-too-large");
    if (alone || desk->packed_count >= messages_together(desk))
        post(desk, descriptors);
}

void kc_desk_vault_writable(struct kc_desk *desk)
{
    while (desk->to_vault.first) {
        const struct kc_packet *packet = desk->to_vault.first;
        if (kc_transport_send(desk->vault, packet->bytes, packet->size, &packet->descriptors) ==
            KC_ERR_LIMIT)
            return;
        free(kc_packet_take(&desk->to_vault));
    }
}

static void take_connected(struct kc_desk *desk, struct kc_descriptors *descriptors)
{
    if (kc_desk_introduced(desk, desk->message.connection) != KC_OK)
        end("unknown-connection-from-vault");
    kc_descriptors_close(descriptors);
}

/* desk->message, which came as `packed`. The descriptors are given. */
static void take_message(
    struct kc_desk *desk, struct kc_span packed, struct kc_descriptors *descriptors)
{
    struct kc_vault_message *message = &desk->message;
    if (message->type == KC_VAULT_CONNECTED) {
        take_connected(desk, descriptors);
        return;
    }
    if (message->type == KC_VAULT_COMMIT || message->type == KC_VAULT_FETCH) {
        kc_descriptors_close(descriptors);
        (message->type == KC_VAULT_COMMIT ? kc_desk_take_commit : kc_desk_take_fetch)(desk);
        return;
    }
    if (message->type == KC_VAULT_NEED && message->ticket == KC_VAULT_TICKET_OWN) {
        kc_descriptors_close(descriptors);
        kc_desk_take_own_need(desk);
        return;
    }
    struct kc_call *call = kc_desk_find_call(desk, message->ticket);
    if (!call || call->answered || call->working)
        end("unknown-ticket-from-vault");
    switch (message->type) {
    case KC_VAULT_ANSWER:
        kc_desk_take_answer(desk, call, packed, descriptors);
        return;
    case KC_VAULT_ASK:
        kc_desk_ask_courier(desk, call, packed, descriptors);
        return;
    case KC_VAULT_NEED:
        kc_desk_take_need(desk, call);
        break;
    case KC_VAULT_COMMIT:
    case KC_VAULT_FETCH:
    case KC_VAULT_FETCHED:
    case KC_VAULT_CONNECT:
    case KC_VAULT_DISCONNECT:
    case KC_VAULT_REQUEST:
    case KC_VAULT_STORED:
    case KC_VAULT_CONNECTED:
    case KC_VAULT_ASKED:
        end("malformed-message-from-vault");
    }
    kc_descriptors_close(descriptors);
}

/* The descriptors are those of the first message. */
static void take_packet(struct kc_desk *desk, size_t size, struct kc_descriptors *descriptors)
{
    struct kc_reader r;
    kc_reader_init(&r, desk->received, size);
    while (r.left > 0) {
        const uint8_t *start = r.next;
        kc_vault_message_read(&r, desk->items, &desk->message);
        if (r.failed)
            end("malformed-message-from-vault");
        take_message(desk, (struct kc_span){start, (size_t)(r.next - start)}, descriptors);
        descriptors->count = 0;
    }
}

void kc_desk_vault_readable(struct kc_desk *desk)
{
    for (size_t i = 0; i < PACKETS_AT_ONCE && desk->vault >= 0; i++) {
        struct kc_descriptors descriptors = {.count = 0};
        size_t size = 0;
        enum kc_error error = kc_transport_receive(
            desk->vault, desk->received, sizeof desk->received, &size, &descriptors);
        if (error == KC_ERR_CONNECTION_LOST)
            vault_gone(desk);
        else if (error != KC_OK)
            end("malformed-message-from-vault");
        else if (size == 0)
            return;
        else
            take_packet(desk, size, &descriptors);
        if (desk->call_count == desk->idle_count)
            return; /* nothing was asked that is not answered; what comes unasked, poll tells */
    }
}

void kc_desk_vault_replace(struct kc_desk *desk, int descriptor)
{
    vault_gone(desk);
    desk->vault = descriptor;
    kc_log(KC_LOG_NOTICE, "vault-back", kc_log_number("clients", desk->connection_count));
    kc_desk_introduce_all(desk);
    kc_desk_tell_watchers(desk);
}
