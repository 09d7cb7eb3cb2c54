/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front end has the custodian do: whatever needs a key. It passes octets on and carries
 * the answers back; neither says more than the vault says.
 *
 * Any number of threads. Each call has the deadline of limits.custodian_deadline_ms.
 */
#ifndef KC_CUSTODIAN_FRONT_CUSTODY_H
#define KC_CUSTODIAN_FRONT_CUSTODY_H

#include "proto/socket/client.h"

struct kc_custody;

/*
 * Does not connect.
 *
 * service  DNS name; borrowed
 *
 * KC_ERR_BAD_ARGUMENT, KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_custody_new(
    const char *socket, const char *service, uint32_t deadline_ms, struct kc_custody **custody);
void kc_custody_free(struct kc_custody *custody);

/* Text that is given: free. NULL: there is none. */
struct kc_custody_text {
    char *text;
    size_t size;
};

/* What the service shows of itself, enveloped. */
struct kc_custody_service {
    struct kc_custody_text profile_service, profile_host, connection_host;
};

/* service: given (kc_custody_service_done). Errors of kc_client_call; KC_ERR_REFUSED: the custodian has
 * none of the name, or not for this user. */
KC_CHECKED enum kc_error kc_custody_service(
    struct kc_custody *custody, struct kc_custody_service *service);
void kc_custody_service_done(struct kc_custody_service *service);

/* The operations that take a request as it came. */
enum kc_custody_operation {
    KC_CUSTODY_OPERATE,
    KC_CUSTODY_ACCOUNT_BIND,
    KC_CUSTODY_ACCOUNT_UNBIND,
    KC_CUSTODY_CAPABILITY_ACCEPT,
    KC_CUSTODY_CAPABILITY_REVOKE,
    KC_CUSTODY_DEVICE_REVOKE,
    KC_CUSTODY_OPERATIONS
};

/* What the vault answers. */
struct kc_custody_answer {
    int status; /* of operate: as the requester is told it; else 0 */
    struct kc_custody_text
        response; /* of operate: the OperateResponse; else the receipt; enveloped and signed */
    struct kc_custody_text document; /* of bind: the AccountHostAssignment */
};

/*
 * Passes a request to one of them.
 *
 * answer  given on KC_OK: kc_custody_answer_done
 *
 * Errors of kc_client_call, and the vault's own
 */
KC_CHECKED enum kc_error kc_custody_pass(struct kc_custody *custody,
    enum kc_custody_operation operation, struct kc_span request, struct kc_custody_answer *answer);
void kc_custody_answer_done(struct kc_custody_answer *answer);

/* Has a response signed by the host's key. envelope: given. */
KC_CHECKED enum kc_error kc_custody_sign(
    struct kc_custody *custody, struct kc_span payload, struct kc_custody_text *envelope);

#endif
