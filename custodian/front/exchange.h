/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer, as the handlers of the front end see it. Private to custodian/front.
 */
#ifndef KC_CUSTODIAN_FRONT_EXCHANGE_H
#define KC_CUSTODIAN_FRONT_EXCHANGE_H

#include "custodian/front/front.h"
#include "custodian/mesh/replay.h"
#include "proto/dare_envelope.h"
#include "proto/object.h"
#include "proto/transaction.h"

#include <pthread.h>

#define KC_FRONT_LOCKS 64                          /* accounts that are changed at once, at most */
#define KC_FRONT_RESPONSE_MAX ((size_t)128 * 1024) /* octets of a response's payload */

/* What no account's address has: Hello tells it, and bind holds to it. */
#define KC_FRONT_ADDRESS_REFUSED                                                                   \
    "\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18"   \
    "\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f \"(),:;<>[\\]"

struct kc_front {
    const struct kc_front_settings *settings;
    struct kc_front_store *store;
    struct kc_custody *custody;
    pthread_mutex_t locks[KC_FRONT_LOCKS]; /* an account's stores change under one of them */
};

struct kc_exchange {
    struct kc_front *front;
    struct kc_span body;               /* as it came */
    struct kc_dare_envelope *envelope; /* NULL: the body was bare */
    struct kc_json_document document;
    struct kc_request request; /* as it says: nobody has verified it */
    uint64_t now_ms;           /* since 1970 */
    struct kc_front_reply *reply;
};

/* --- refusing --- */

/* The status that an error is told as: 503 for what may help to try again, 400, 401, 403, 409, 413,
 * 429, 500. */
int kc_exchange_status(enum kc_error error);

/* Answers with a status and words alone; signed by the host, if the request was and there is a
 * custodian. */
void kc_exchange_refuse(struct kc_exchange *exchange, int status, const char *words);

/* The same for stores that it names and that are none (kc_containers_check, which says the status). */
void kc_exchange_refuse_stores(struct kc_exchange *exchange, int status);

/* The same for an error, whose sentence it takes; logs it if it is no requester's doing. */
void kc_exchange_fail(struct kc_exchange *exchange, enum kc_error error);

/* --- answering --- */

/*
 * A response: the object of the request's transaction, with Status, StatusDescription and the
 * request's ID; open for its other fields. kc_response_end closes it.
 */
struct kc_response {
    struct kc_object_writer writer;
    uint8_t *octets; /* KC_FRONT_RESPONSE_MAX; owned */
    int status;
    enum kc_object_type type;
};

/* KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_response_begin(
    struct kc_exchange *exchange, int status, const char *words, struct kc_response *response);

/*
 * Completes it, has it enveloped and signed by the host if the request was enveloped, and makes it
 * the reply. The response is freed, whatever comes of it.
 *
 * Errors of kc_object_writer_finish and kc_custody_sign
 */
KC_CHECKED enum kc_error kc_response_end(
    struct kc_exchange *exchange, struct kc_response *response);

/* Writes what the vault signed of what it did. */
void kc_response_receipt(
    struct kc_response *response, const struct kc_custody_text *receipts, size_t count);

/* --- requesters --- */

struct kc_requester {
    struct kc_front_account account; /* owned */
    uint8_t id[KC_REPLAY_ID_SIZE];   /* of the request */
    bool is_administrator;           /* the administrator's key itself signed */
    char device[KC_UDF_ID_SIZE];     /* of kc_mesh_device_name, else: the one that signed */
    char device_key[KC_UDF_ID_SIZE]; /* and the key that it did so with */
};

/*
 * Who asks: the account that the request names, verified along its chain, for this service, in time,
 * by a device that was not revoked. False: the reply is there; also the one that this very request
 * got before.
 *
 * requester  given: kc_requester_done
 */
KC_CHECKED bool kc_requester_find(struct kc_exchange *exchange, struct kc_requester *requester);

/*
 * The same with the account's lock held, for one that was found before it was: until it is given back
 * no other request unbinds the account or revokes the device. False: the reply is there.
 */
KC_CHECKED bool kc_requester_is_still(struct kc_exchange *exchange, struct kc_requester *requester);
void kc_requester_done(struct kc_requester *requester);

/* The ID of a request; false: it has none of the form. */
KC_CHECKED bool kc_exchange_id(const struct kc_exchange *exchange, uint8_t id[KC_REPLAY_ID_SIZE]);

/* Whether this very request was answered before, or its ID was another's: the reply is there then. */
KC_CHECKED bool kc_exchange_was_answered(
    struct kc_exchange *exchange, const char *address, const uint8_t id[KC_REPLAY_ID_SIZE]);

/* An answer to be kept with a change, and found again by kc_requester_find. */
struct kc_front_kept_answer kc_exchange_keep(
    const struct kc_exchange *exchange, const uint8_t id[KC_REPLAY_ID_SIZE]);

/* --- handlers --- */

pthread_mutex_t *kc_front_lock(struct kc_front *front, const char *address);

void kc_front_hello(struct kc_exchange *exchange);
void kc_front_bind(struct kc_exchange *exchange);
void kc_front_unbind(struct kc_exchange *exchange);
void kc_front_status(struct kc_exchange *exchange);
void kc_front_download(struct kc_exchange *exchange);
void kc_front_transact(struct kc_exchange *exchange);
void kc_front_operate(struct kc_exchange *exchange);

#endif
