/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another custodian, over its socket or over TLS; any number of workers ask it at once. Connections
 * are made when they are needed, and kept for the next question.
 */
#ifndef KC_CUSTODIAN_COURIER_PEER_H
#define KC_CUSTODIAN_COURIER_PEER_H

#include "custodian/config.h"
#include "custodian/tls/link.h"
#include "proto/socket/client.h"

struct kc_peer_way;

/*
 * Makes a way to a peer; does not connect.
 *
 * config  borrowed
 * tls     borrowed; NULL where no peer is reached over TLS
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_peer_way_new(
    const struct kc_config_peer *config, const struct kc_tls *tls, struct kc_peer_way **way);

/* An answer: the message lends from the other two. */
struct kc_peer_answer {
    struct kc_message message;
    struct kc_client_answer *held;
    uint8_t *bytes;
};

/*
 * Asks, and waits for the answer, at most as long as the peer's deadline.
 *
 * request  a contribution
 * answer   kc_peer_answer_done, whatever the outcome
 *
 * KC_OK       answer->message is what the peer said, whatever error it carries
 * others      how it failed to answer: those of tls/link.h, over a socket KC_ERR_PEER_ABSENT and
 *             KC_ERR_PEER_LATE; KC_ERR_BAD_REPLY: what came is no answer; KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_peer_ask(
    struct kc_peer_way *way, struct kc_client_request *request, struct kc_peer_answer *answer);

void kc_peer_answer_done(struct kc_peer_answer *answer);

#endif
