/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the Mesh protocol, of all generations: which transaction a tag asks for.
 *
 * Generations tag a request by the transaction's name ({"Operate": {...}}) or by the message's
 * ({"OperateRequest": {...}}); both are read for all of them. Answers are tagged by the message's
 * name.
 */
#ifndef KC_PROTO_TRANSACTION_H
#define KC_PROTO_TRANSACTION_H

#include "proto/object.h"

enum kc_transaction {
#define KC_TRANSACTION(name, request, response, years) KC_TRANSACTION_##name,
#include "proto/transaction.def"
#undef KC_TRANSACTION
    KC_TRANSACTION_COUNT
};

struct kc_transaction_info {
    const char *name;
    enum kc_object_type request, response;
    const char *years;
};

const struct kc_transaction_info *kc_transaction_info(enum kc_transaction transaction);

struct kc_request {
    enum kc_transaction transaction;
    struct kc_object object;
};

/*
 * Reads a request: a bare body, or the verified payload of an envelope.
 *
 * octets    borrowed for as long as the document is used
 * document  given: kc_json_done
 * notes     written in any case; or NULL
 *
 * KC_ERR_TOO_LARGE          as kc_json_read
 * KC_ERR_BAD_REQUEST        as kc_object_parse
 * KC_ERR_UNKNOWN_OPERATION  a tag that is no transaction's
 */
KC_CHECKED enum kc_error kc_request_parse(struct kc_span octets, size_t size_max,
    struct kc_json_document *document, struct kc_request *request, struct kc_object_notes *notes);

#endif
