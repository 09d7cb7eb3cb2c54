/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What root does for the vault: one request in, one reply out, no I/O of its own besides the
 * hardware root's. A table names the operations; the default is refusal.
 *
 * While the hardware root does not answer, it is asked again only after a pause that grows from
 * 100 ms to 5 s; in between the reply is KC_ERR_ROOT_UNAVAILABLE at once.
 */
#ifndef KC_CUSTODIAN_ROOT_SERVICE_H
#define KC_CUSTODIAN_ROOT_SERVICE_H

#include "custodian/root_message.h"

struct kc_root_service {
    struct kc_root *root; /* borrowed */
    uint64_t (*now_ms)(void);
    uint64_t ask_again_at; /* 0: at any time */
    uint32_t pause_ms;
    enum kc_error answered; /* by the last reply; for the log */
};

/* now_ms  a clock that never goes back */
void kc_root_service_init(
    struct kc_root_service *service, struct kc_root *root, uint64_t (*now_ms)(void));

/*
 * Answers one packet.
 *
 * reply  secret: the caller's, to be wiped; written only on KC_OK
 *
 * KC_ERR_BAD_REQUEST  the packet is malformed: the process ends
 * KC_ERR_NO_MEMORY    the arena is full: the process ends
 */
KC_CHECKED enum kc_error kc_root_service_answer(struct kc_root_service *service,
    const uint8_t *packet, size_t size, uint8_t reply[static KC_ROOT_REPLY_MAX],
    size_t *reply_size);

#endif
