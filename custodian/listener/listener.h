/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener: takes TLS connections of other custodians (tls/link.h), finds by the name in the
 * certificate as which local user the holder asks, and carries requests for contributions to the
 * desk's socket and the answers back. It holds the key of its certificate and nothing of the
 * vault's; what a remote custodian may do is the policy's to say.
 *
 *     accept -> handshake -> name -> a connection to the desk as the user -> greeting
 *     -> frame, desk, frame, again and again
 *
 * Each worker serves one connection at a time.
 */
#ifndef KC_CUSTODIAN_LISTENER_H
#define KC_CUSTODIAN_LISTENER_H

#include "custodian/listener/relay.h"
#include "custodian/tls/link.h"

#define KC_LISTENER_HANDSHAKE_MS 5000    /* from accept to greeting */
#define KC_LISTENER_FRAME_MS 10000       /* for all of a request, or all of an answer */
#define KC_LISTENER_ANSWER_MS 60000      /* that the desk may take for one */
#define KC_LISTENER_IDLE_MS (300 * 1000) /* between two requests */

/* Opens the socket on which other custodians connect. KC_ERR_CONFIG, logged: it does not go. */
KC_CHECKED enum kc_error kc_listener_open(const struct kc_config_listen *listen, int *descriptor);

/*
 * Starts the workers, who serve until the process ends.
 *
 * config, relays, tls  borrowed
 * descriptor           given; in blocking mode
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_listener_start(const struct kc_config *config, struct kc_relays *relays,
    const struct kc_tls *tls, int descriptor);

#endif
