/* SPDX-License-Identifier: Apache-2.0 */
/* An answer as the client's connection fills it. Private to libcustodian. */
#ifndef KC_PROTO_SOCKET_CLIENT_ANSWER_H
#define KC_PROTO_SOCKET_CLIENT_ANSWER_H

#include "proto/socket/client.h"

struct kc_client_answer {
    struct kc_message message; /* from the start: the operations that were asked for */
    struct kc_descriptors descriptors;
    struct kc_values *items;  /* owned; NULL if the operation has none */
    struct kc_message *batch; /* owned; NULL but for a batch */
    uint8_t *bytes;           /* owned; the answer as it came */
    size_t size;
};

/* An answer to be, for a request; NULL: no memory. */
struct kc_client_answer *kc_client_answer_new(const struct kc_message *request);

/*
 * Takes what came: the octets are copied, the descriptors taken over in any case.
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_client_answer_fill(struct kc_client_answer *answer, const void *bytes,
    size_t size, struct kc_descriptors *descriptors);

/* Decodes what was taken. KC_ERR_BAD_REPLY: not an answer to the request. */
KC_CHECKED enum kc_error kc_client_answer_decode(struct kc_client_answer *answer);

#endif
