/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The courier: carries the vault's questions to the custodians that have the other shares, and their
 * answers back. Outbound only; it holds no secret of the
 * vault's (but the key of its TLS certificate), and is trusted for availability only (design
 * rule 3): what it brings is checked by the vault.
 *
 *     desk: ASK -> a worker -> the peer (peer.h) -> its answer -> desk: ASKED
 *
 * Each of its workers carries one question at a time, at most as long as the peer's deadline.
 */
#ifndef KC_CUSTODIAN_COURIER_H
#define KC_CUSTODIAN_COURIER_H

#include "custodian/config.h"
#include "custodian/tls/link.h"

#define KC_COURIER_WORKERS 16

struct kc_courier;

/*
 * Makes a courier over the desk's edge, which is set to blocking mode, and starts its workers.
 *
 * config  borrowed
 * tls     borrowed; NULL where no peer is reached over TLS
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_courier_new(const struct kc_config *config, const struct kc_tls *tls,
    int desk, struct kc_courier **courier);

/* The desk was started again: its end takes the place of the old one. The descriptor is given. */
void kc_courier_new_desk(struct kc_courier *courier, int descriptor);

#endif
