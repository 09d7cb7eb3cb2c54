/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/exchange.h"

#include "custodian/log.h"

#include <stdlib.h>
#include <string.h>

/* --- the status of an error --- */

/* Where the class of an error says too little; words: where its sentence is for who asks a custodian,
 * and not for who sent the request. */
static const struct told {
    enum kc_error error;
    int status;
    const char *words;
} told[] = {
    {KC_ERR_BAD_REQUEST, 400, NULL},
    {KC_ERR_BAD_ARGUMENT, 400, "The request does not have the required form"},
    {KC_ERR_ENVELOPE, 400, NULL},
    {KC_ERR_CONTRIBUTION, 400, "A share is not the one of its verification share"},
    {KC_ERR_SIGNATURE, 401, NULL},
    {KC_ERR_STALE, 401, NULL},
    {KC_ERR_CONFLICT, 409, "What is there is not older than this"},
    {KC_ERR_TOO_LARGE, 413, NULL},
    {KC_ERR_LIMIT, 503, NULL},
    {KC_ERR_NO_MEMORY, 503, NULL},
};

/* NULL: its class says enough. */
static const struct told *told_of(enum kc_error error)
{
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (told[i].error == error)
            return &told[i];
    return NULL;
}

int kc_exchange_status(enum kc_error error)
{
    const struct told *row = told_of(error);
    if (row)
        return row->status;
    enum kc_error_class class = kc_error_row(error)->class;
    if (class == KC_CLASS_PEER || class == KC_CLASS_HARDWARE || class == KC_CLASS_STORE)
        return 503;
    return class == KC_CLASS_CALLER    ? 400
           : class == KC_CLASS_REFUSED ? 403
           : class == KC_CLASS_STATE   ? 409
                                       : 500;
}

/* --- answering --- */

static void echo_id(const struct kc_exchange *exchange, struct kc_object_writer *w)
{
    uint8_t id[256];
    size_t size = sizeof id;
    struct kc_json value = kc_object_member(&exchange->request.object, "ID");
    if (kc_json_octets(value, id, &size) == KC_OK && size > 0)
        kc_object_write_octets(w, "ID", (struct kc_span){id, size});
}

enum kc_error kc_response_begin(
    struct kc_exchange *exchange, int status, const char *words, struct kc_response *response)
{
    response->octets = malloc(KC_FRONT_RESPONSE_MAX);
    response->status = status;
    response->type = exchange->request.object.type != KC_OBJECT_NONE
                         ? kc_transaction_info(exchange->request.transaction)->response
                         : KC_OBJECT_MeshResponse;
    if (!response->octets)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&response->writer, response->octets, KC_FRONT_RESPONSE_MAX);
    kc_object_write_tagged(&response->writer, NULL, response->type);
    kc_object_write_integer(&response->writer, "Status", status);
    kc_object_write_text(&response->writer, "StatusDescription", words);
    echo_id(exchange, &response->writer);
    return KC_OK;
}

static void put_reply(struct kc_exchange *exchange, int status, char *text, size_t size)
{
    free(exchange->reply->text);
    *exchange->reply = (struct kc_front_reply){.status = status, .text = text, .size = size};
}

enum kc_error kc_response_end(struct kc_exchange *exchange, struct kc_response *response)
{
    kc_object_write_end(&response->writer);
    enum kc_error error = kc_object_writer_finish(&response->writer);
    size_t size = response->writer.json.out.size;
    if (error == KC_OK && exchange->envelope) {
        struct kc_custody_text signed_text = {NULL, 0};
        error = kc_custody_sign(
            exchange->front->custody, (struct kc_span){response->octets, size}, &signed_text);
        if (error == KC_OK)
            put_reply(exchange, response->status, signed_text.text, signed_text.size);
    } else if (error == KC_OK) {
        put_reply(exchange, response->status, (char *)response->octets, size);
        response->octets = NULL;
    }
    free(response->octets);
    response->octets = NULL;
    return error;
}

void kc_response_receipt(
    struct kc_response *response, const struct kc_custody_text *receipts, size_t count)
{
    kc_object_write_list(&response->writer, "EnvelopedReceipts");
    for (size_t i = 0; i < count; i++)
        if (receipts[i].text)
            kc_object_write_source(&response->writer, NULL,
                (struct kc_span){(const uint8_t *)receipts[i].text, receipts[i].size});
    kc_object_write_end(&response->writer);
}

/* --- refusing --- */

/* "All responses are authenticated" (002, 4.3), as long as there is a custodian to sign them and the
 * request was no bare one: who did not sign gets no signature for it. */
static enum kc_error refuse_signed(struct kc_exchange *exchange, int status, const char *words)
{
    struct kc_response response = {.octets = NULL};
    enum kc_error error = kc_response_begin(exchange, status, words, &response);
    return error == KC_OK ? kc_response_end(exchange, &response) : error;
}

void kc_exchange_refuse(struct kc_exchange *exchange, int status, const char *words)
{
    bool is_signed = exchange->envelope && exchange->envelope->signature_count > 0 &&
                     status != 503 && status != 500;
    if (!is_signed || refuse_signed(exchange, status, words) != KC_OK)
        kc_front_reply_plain(exchange->reply, status, words);
}

void kc_exchange_refuse_stores(struct kc_exchange *exchange, int status)
{
    kc_exchange_refuse(exchange, status,
        status == 404 ? "There is no such store" : "The request does not have the required form");
}

void kc_exchange_fail(struct kc_exchange *exchange, enum kc_error error)
{
    int status = kc_exchange_status(error);
    const struct told *row = told_of(error);
    if (status >= 500)
        kc_log(KC_LOG_WARNING, "request-failed",
            kc_log_text("transaction", kc_transaction_info(exchange->request.transaction)->name),
            kc_log_error(error));
    kc_exchange_refuse(exchange, status,
        status == 503       ? "The service is not available now"
        : status == 500     ? "The service failed"
        : row && row->words ? row->words
                            : kc_error_row(error)->sentence);
}
