/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcustodian: the client of the custodian's socket. No cryptography in it.
 *
 *     struct kc_client *client;
 *     struct kc_client_request request;
 *     struct kc_client_answer *answer;
 *
 *     error = kc_client_new(NULL, &client);
 *     kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
 *     kc_values_set_text(&request.message.values, KC_FIELD_KEY, id);
 *     error = kc_client_request_data(
 *         &request, &request.message.values, KC_FIELD_MESSAGE, bytes, size);
 *     error = kc_client_call(client, &request, 5000, &answer);
 *     if (error == KC_OK)
 *         use(kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span);
 *     kc_client_answer_free(answer);
 *     kc_client_request_done(&request);
 *     kc_client_free(client);
 *
 * Threads    One client may be used by any number of threads; their calls share one connection and
 *            up to KC_IN_FLIGHT_MAX of them are under way at once. A request or an answer belongs
 *            to one thread at a time.
 * Fork       A child may use the client: it makes a connection of its own at its first call, and
 *            what the parent had under way is not under way in it.
 * Connection Made at the first call that needs it. When it is lost, whatever was under way fails
 *            with KC_ERR_CONNECTION_LOST, and so does the call that notices; the next one connects
 *            again. Open signing sessions end with the connection they were opened on.
 * Signals    No call raises one; a call that is interrupted by one goes on.
 *
 * The interface is stable: fields, operations and errors are only ever added, at the end.
 */
#ifndef KC_PROTO_SOCKET_CLIENT_H
#define KC_PROTO_SOCKET_CLIENT_H

#include "base/error.h"
#include "proto/socket/message.h"
#include "proto/socket/transport.h"

#include <stdint.h>

#define KC_CLIENT_FOREVER (-1) /* a deadline that never comes */

struct kc_client;

/*
 * Makes a client; does not connect.
 *
 * path    of the socket; NULL: the environment's CUSTODIAN_SOCKET (not in a set-user-id program),
 *         else the path that the library was built with, /run/custodian/socket
 * client  given to the caller: kc_client_free
 *
 * KC_ERR_BAD_ARGUMENT  the path is empty or too long for a socket
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_client_new(const char *path, struct kc_client **client);

/* The path in use; lives as long as the client. */
const char *kc_client_path(const struct kc_client *client);

/* Closes the connection and frees. NULL is fine. No other call may be under way. */
void kc_client_free(struct kc_client *client);

/* --- a request --- */

/* A request and the descriptors that go with it. Fields are set with kc_values_set_*, those that
 * travel in a descriptor with the functions below. One request may be sent any number of times. */
struct kc_client_request {
    struct kc_message message; /* its id is set by the client */
    struct kc_descriptors descriptors;
};

void kc_client_request_init(struct kc_client_request *request, enum kc_operation operation);

/* Closes its descriptors. */
void kc_client_request_done(struct kc_client_request *request);

/*
 * Gives a SECRET field its octets: copied into a sealed memfd, so the caller can wipe its own.
 *
 * values  of the request's message, or of a message in its batch
 *
 * KC_ERR_BAD_ARGUMENT  longer than the field may be
 * KC_ERR_LIMIT         KC_DESCRIPTORS_MAX descriptors are there already
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_client_request_secret(struct kc_client_request *request,
    struct kc_values *values, enum kc_field field, const void *bytes, size_t size);

/* Gives a DATA field its octets: borrowed until the request was sent if they are small, copied into
 * a sealed memfd above KC_CLIENT_DATA_INLINE. Errors as for a secret. */
KC_CHECKED enum kc_error kc_client_request_data(struct kc_client_request *request,
    struct kc_values *values, enum kc_field field, const void *bytes, size_t size);
#define KC_CLIENT_DATA_INLINE 16384

/* --- a call --- */

struct kc_client_answer;

/*
 * Sends a request and waits for its answer.
 *
 * deadline_ms  milliseconds from now, or KC_CLIENT_FOREVER
 * answer       set whenever the daemon answered, also if it answered with an error (for its
 *              `detail`), else NULL; given to the caller: kc_client_answer_free
 *
 * Returns the answer's error, or one of
 * KC_ERR_DAEMON_ABSENT    nobody listens on the socket: nothing was done
 * KC_ERR_REFUSED          the socket may not be opened by this user: nothing was done
 * KC_ERR_TOO_LARGE        the request does not fit a message: nothing was done
 * KC_ERR_LIMIT            the daemon has as many clients as it takes: nothing was done
 * KC_ERR_CONNECTION_LOST, KC_ERR_TIMED_OUT  it is not known whether the request was done
 * KC_ERR_BAD_REPLY        what came is not an answer to this; the connection is closed
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_client_call(struct kc_client *client, struct kc_client_request *request,
    int deadline_ms, struct kc_client_answer **answer);

/*
 * The two halves of a call, for many in flight: whatever is sent is received once, by the id that
 * sending gave, in any order and by any thread. The errors are those of a call, and
 *
 * KC_ERR_LIMIT  kc_client_send: KC_IN_FLIGHT_MAX requests are under way; receive first
 * KC_ERR_BAD_ARGUMENT  kc_client_receive: no request with this id is under way, or another thread
 *                      is receiving it
 *
 * After any error of kc_client_receive the request is no longer under way; an answer that comes
 * later is dropped, and until then it counts against the limit.
 */
KC_CHECKED enum kc_error kc_client_send(
    struct kc_client *client, struct kc_client_request *request, int deadline_ms, uint64_t *id);
KC_CHECKED enum kc_error kc_client_receive(
    struct kc_client *client, uint64_t id, int deadline_ms, struct kc_client_answer **answer);

/*
 * As kc_client_receive, for whichever answer comes first; *id says which, and is set to 0 if none
 * did: then all requests are under way as before.
 *
 * KC_ERR_BAD_ARGUMENT  nothing that kc_client_send sent is under way but what other threads receive
 *                      by its id
 */
KC_CHECKED enum kc_error kc_client_receive_any(
    struct kc_client *client, int deadline_ms, uint64_t *id, struct kc_client_answer **answer);

/* --- an answer --- */

/* The answer's fields; they live as long as the answer. A batch's answers are in its `batch`. */
const struct kc_message *kc_client_answer_message(const struct kc_client_answer *answer);

/*
 * Reads a SECRET field of an answer, or of an answer in a batch, into limit bytes of the caller's.
 *
 * KC_ERR_BAD_ARGUMENT  the values do not hold the field
 * KC_ERR_BAD_REPLY     what the daemon passed is not a sealed memfd, or larger than limit
 */
KC_CHECKED enum kc_error kc_client_answer_secret(const struct kc_client_answer *answer,
    const struct kc_values *values, enum kc_field field, void *bytes, size_t limit, size_t *size);

/* The same for a DATA field, in the message or in a descriptor. */
KC_CHECKED enum kc_error kc_client_answer_data(const struct kc_client_answer *answer,
    const struct kc_values *values, enum kc_field field, void *bytes, size_t limit, size_t *size);

/* Closes its descriptors and frees. NULL is fine. */
void kc_client_answer_free(struct kc_client_answer *answer);

#endif
