/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Every transaction that is offered. What is known and not here is answered with 501. */
static const struct row {
    enum kc_transaction transaction;
    bool is_open; /* to anybody, in a bare body too */
    void (*handle)(struct kc_exchange *exchange);
} rows[] = {
    {KC_TRANSACTION_Hello, true, kc_front_hello},
    {KC_TRANSACTION_BindAccount, false, kc_front_bind},
    {KC_TRANSACTION_CreateAccount, false, kc_front_bind},
    {KC_TRANSACTION_CreateGroup, false, kc_front_bind},
    {KC_TRANSACTION_UnbindAccount, false, kc_front_unbind},
    {KC_TRANSACTION_DeleteAccount, false, kc_front_unbind},
    {KC_TRANSACTION_Status, false, kc_front_status},
    {KC_TRANSACTION_Download, false, kc_front_download},
    {KC_TRANSACTION_Transact, false, kc_front_transact},
    {KC_TRANSACTION_Upload, false, kc_front_transact},
    {KC_TRANSACTION_Operate, false, kc_front_operate},
};

enum kc_error kc_front_new(const struct kc_front_settings *settings, struct kc_front_store *store,
    struct kc_custody *custody, struct kc_front **front)
{
    struct kc_front *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->settings = settings;
    made->store = store;
    made->custody = custody;
    for (size_t i = 0; i < KC_FRONT_LOCKS; i++)
        pthread_mutex_init(&made->locks[i], NULL);
    *front = made;
    return KC_OK;
}

void kc_front_free(struct kc_front *front)
{
    if (!front)
        return;
    for (size_t i = 0; i < KC_FRONT_LOCKS; i++)
        pthread_mutex_destroy(&front->locks[i]);
    free(front);
}

pthread_mutex_t *kc_front_lock(struct kc_front *front, const char *address)
{
    unsigned number = 0;
    for (; *address; address++)
        number = number * 31 + (unsigned char)*address;
    return &front->locks[number % KC_FRONT_LOCKS];
}

/* --- a body --- */

static bool is_array(struct kc_span body)
{
    size_t i = 0;
    while (i < body.size && strchr(" \t\r\n", body.bytes[i]) && body.bytes[i])
        i++;
    return i < body.size && body.bytes[i] == '[';
}

/* The tagged form of an envelope, {"DareEnvelope": [...]}, is the array in it. */
static struct kc_span untagged(struct kc_span body)
{
    struct kc_json_document document = {.nodes = NULL};
    struct kc_span inner = body;
    if (kc_json_read(body, body.size, &document) != KC_OK)
        return body;
    struct kc_json envelope = kc_json_member(kc_json_root(&document), "DareEnvelope");
    if (kc_json_kind(envelope) == KC_JSON_ARRAY && kc_json_count(kc_json_root(&document)) == 1)
        inner = kc_json_source(envelope);
    kc_json_done(&document);
    return inner;
}

static enum kc_error open_envelope(struct kc_exchange *exchange, struct kc_span *payload)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (!envelope)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(exchange->body, envelope);
    if (error != KC_OK) {
        free(envelope);
        return error;
    }
    exchange->envelope = envelope;
    *payload = (struct kc_span){envelope->body, envelope->body_size};
    return envelope->salt_size == 0 ? KC_OK : KC_ERR_ENVELOPE;
}

static enum kc_error read_body(struct kc_exchange *exchange)
{
    struct kc_span payload = exchange->body;
    enum kc_error error = KC_OK;
    if (!is_array(payload))
        exchange->body = payload = untagged(payload);
    if (is_array(payload))
        error = open_envelope(exchange, &payload);
    if (error != KC_OK)
        return error;
    return kc_request_parse(payload, exchange->front->settings->limits.message_size,
        &exchange->document, &exchange->request, NULL);
}

static void dispatch(struct kc_exchange *exchange)
{
    const struct row *row = NULL;
    for (size_t i = 0; !row && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].transaction == exchange->request.transaction)
            row = &rows[i];
    if (!row)
        kc_exchange_refuse(exchange, 501, "This transaction is not offered");
    else if (!row->is_open && !exchange->envelope)
        kc_exchange_refuse(exchange, 401, "The request is not signed");
    else
        row->handle(exchange);
}

static uint64_t wall_clock_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void kc_front_answer(void *front, struct kc_span body, struct kc_front_reply *reply)
{
    struct kc_exchange exchange = {
        .front = front, .body = body, .now_ms = wall_clock_ms(), .reply = reply};
    enum kc_error error = read_body(&exchange);
    if (error == KC_OK)
        dispatch(&exchange);
    else
        kc_exchange_refuse(&exchange,
            error == KC_ERR_TOO_LARGE   ? 413
            : error == KC_ERR_NO_MEMORY ? 503
                                        : 400,
            error == KC_ERR_UNKNOWN_OPERATION ? "This is no transaction"
            : error == KC_ERR_TOO_LARGE       ? "The request is too large, or nested too deep"
                                              : "The request does not have the required form");
    kc_json_done(&exchange.document);
    if (exchange.envelope)
        kc_dare_envelope_done(exchange.envelope);
    free(exchange.envelope);
}

/* Answered by the vault to the last octet; what it is told by HTTP too is its status. */
void kc_front_operate(struct kc_exchange *exchange)
{
    struct kc_custody_answer answer = {.status = 0};
    enum kc_error error =
        kc_custody_pass(exchange->front->custody, KC_CUSTODY_OPERATE, exchange->body, &answer);
    if (error == KC_OK && !answer.response.text)
        error = KC_ERR_BAD_REPLY;
    if (error == KC_OK) {
        kc_front_reply_done(exchange->reply);
        *exchange->reply = (struct kc_front_reply){.status = answer.status,
            .text = answer.response.text,
            .size = answer.response.size,
            .retry_after = answer.status == 503 || answer.status == 429};
        answer.response = (struct kc_custody_text){NULL, 0};
    } else {
        kc_exchange_fail(exchange, error);
    }
    kc_custody_answer_done(&answer);
}
