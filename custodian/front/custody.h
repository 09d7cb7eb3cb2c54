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

/* Does not connect. KC_ERR_BAD_ARGUMENT, KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_custody_new(
    const char *socket, uint32_t deadline_ms, struct kc_custody **custody);
void kc_custody_free(struct kc_custody *custody);

/* Text that is given: free. */
struct kc_custody_text {
    char *text;
    size_t size;
};

/* What the service shows of itself: enveloped ProfileService, ProfileHost and ConnectionHost. */
struct kc_custody_service {
    struct kc_custody_text profile_service, profile_host, connection_host;
    char udf[64];
};

/* service: given (kc_custody_service_done). Errors of kc_client_call; KC_ERR_SERVICE: none is made. */
KC_CHECKED enum kc_error kc_custody_service(
    struct kc_custody *custody, const char *name, struct kc_custody_service *service);
void kc_custody_service_done(struct kc_custody_service *service);

/* What the vault answers to a request that it was passed. */
struct kc_custody_answer {
    int status; /* as the requester is told it */
    struct kc_custody_text
        response; /* enveloped and signed by the vault; text NULL: there is none */
};

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

/*
 * Passes a request to one of them.
 *
 * answer  given: free its text; empty unless the custodian answered
 *
 * Errors of kc_client_call
 */
KC_CHECKED enum kc_error kc_custody_pass(struct kc_custody *custody,
    enum kc_custody_operation operation, struct kc_span request, struct kc_custody_answer *answer);

/* Has a response signed by the host's key. envelope: given. */
KC_CHECKED enum kc_error kc_custody_sign(
    struct kc_custody *custody, struct kc_span payload, struct kc_custody_text *envelope);

#endif
