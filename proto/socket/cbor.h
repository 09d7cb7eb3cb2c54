/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the socket API as CBOR (RFC 8949), the form of docs/socket-api.cddl.
 *
 * One form only: core deterministic encoding (section 4.2.1), so that each message has one
 * encoding. Definite lengths, shortest heads, map keys in order and unique, no floats, no tags, no
 * null. Decoding allocates nothing and follows no count that was not checked against the bytes
 * left; what is decoded points into the bytes given.
 */
#ifndef KC_PROTO_SOCKET_CBOR_H
#define KC_PROTO_SOCKET_CBOR_H

#include "base/error.h"
#include "proto/socket/message.h"

/*
 * Reads a request and checks it (kc_request_check).
 *
 * descriptors  how many came with the message: every index is below it
 * batch        room for KC_BATCH_MAX, lent to *request; NULL: a batch is refused
 * request      its id is valid on failure too, so that an answer can name the request whatever else
 *              was wrong: 0 if the id could not be read. All else is undefined on failure
 * detail       static text that says what was wrong, for the answer's `detail`, or NULL
 *
 * KC_ERR_TOO_LARGE          more than KC_MESSAGE_SIZE_MAX bytes
 * KC_ERR_BAD_VERSION        `v` is not KC_PROTOCOL_VERSION
 * KC_ERR_UNKNOWN_OPERATION  `op` names none
 * KC_ERR_BAD_REQUEST        not the canonical form of a request
 * KC_ERR_BAD_ARGUMENT       the form is right, a value is outside its range
 */
KC_CHECKED enum kc_error kc_cbor_request_decode(const void *bytes, size_t size, size_t descriptors,
    struct kc_message *batch, struct kc_message *request, const char **detail);

/* The id of an answer (0: of a request that had none), to find the request that it belongs to.
 * KC_ERR_BAD_REPLY: there is none to be read. */
KC_CHECKED enum kc_error kc_cbor_answer_id(const void *bytes, size_t size, uint64_t *id);

/*
 * Reads an answer and checks it (kc_answer_check).
 *
 * answer  on entry: operation, as the answer does not name it; items, room for KC_ITEMS_MAX, unless
 *         the operation's answer has none; for a batch: batch and batch_count, each with its
 *         operation. On failure its values and items are undefined.
 *
 * KC_ERR_BAD_REPLY  not an answer to this operation in canonical form
 */
KC_CHECKED enum kc_error kc_cbor_answer_decode(
    const void *bytes, size_t size, size_t descriptors, struct kc_message *answer);

/*
 * Writes a message into limit bytes. What is written is what the decoder takes if the message
 * passes its check; an answer with an error gets the error's name and sentence from the table.
 *
 * KC_ERR_TOO_LARGE  it does not fit, or is larger than KC_MESSAGE_SIZE_MAX
 */
KC_CHECKED enum kc_error kc_cbor_request_encode(
    const struct kc_message *request, void *bytes, size_t limit, size_t *size);
KC_CHECKED enum kc_error kc_cbor_answer_encode(
    const struct kc_message *answer, void *bytes, size_t limit, size_t *size);

#endif
