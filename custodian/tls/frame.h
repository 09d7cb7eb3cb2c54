/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over a connection between two custodians: messages of the socket API (cbor.h), one
 * request and then its answer. What would be a descriptor on a socket follows the message:
 *
 *     u32 size of the message, 1..KC_MESSAGE_SIZE_MAX       big-endian
 *     u8  count of octet strings, 0..KC_DESCRIPTORS_MAX
 *     u32 size of each, KC_DESCRIPTORS_MAX of them, at most KC_DATA_SIZE_MAX; 0 from count on
 *     the message, the octet strings
 */
#ifndef KC_CUSTODIAN_TLS_FRAME_H
#define KC_CUSTODIAN_TLS_FRAME_H

#include "custodian/tls/link.h"
#include "proto/socket/message.h"
#include "proto/socket/transport.h"

#define KC_FRAME_HEAD_SIZE (4 + 1 + 4 * KC_DESCRIPTORS_MAX)

/*
 * Whether one custodian asks another for this: contributions of its share to an agreement or a
 * signature, and nothing else. Not what needs no share (frost-aggregate, which whoever asks does
 * himself), what brings or makes one (share-accept, share-join, share-form: a person decides, there),
 * what has a secret in it, and what is to be passed on to a third (with peer_name).
 */
bool kc_is_carried(const struct kc_message *request);

/* The head of a frame. */
struct kc_frame_head {
    size_t size;
    size_t count;
    size_t sizes[KC_DESCRIPTORS_MAX];
};

/* KC_ERR_BAD_REQUEST: not a head. */
KC_CHECKED enum kc_error kc_frame_head_read(
    const uint8_t bytes[static KC_FRAME_HEAD_SIZE], struct kc_frame_head *head);

/*
 * Sends a message. Descriptors, sealed memfds, are borrowed; NULL: none.
 *
 * Those of a link, and KC_ERR_BAD_REQUEST: a descriptor cannot be sent
 */
KC_CHECKED enum kc_error kc_frame_send(struct kc_tls_link *link, const void *message, size_t size,
    const struct kc_descriptors *descriptors, int64_t deadline_ms);

/*
 * Receives one.
 *
 * message      room for KC_MESSAGE_SIZE_MAX
 * descriptors  given on success: sealed memfds, at most `limit` of them
 *
 * Those of a link, and KC_ERR_BAD_REQUEST: not a frame, or more than that
 */
KC_CHECKED enum kc_error kc_frame_receive(struct kc_tls_link *link, uint8_t *message, size_t *size,
    size_t limit, struct kc_descriptors *descriptors, int64_t deadline_ms);

#endif
