/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the maps of the socket API: one for each field, and those of the frame around them.
 * A key below KC_FIELDS is that field.
 */
#ifndef KC_PROTO_SOCKET_CBOR_KEY_H
#define KC_PROTO_SOCKET_CBOR_KEY_H

#include "proto/socket/message.h"

enum kc_frame_key {
    KC_KEY_V = KC_FIELDS,
    KC_KEY_ID,
    KC_KEY_OP,
    KC_KEY_ERROR,
    KC_KEY_NAME,
    KC_KEY_SENTENCE,
    KC_KEY_KEYS, /* how many there are */
};

/* A set of the frame's keys. */
#define KC_KEY_FRAME(key) (1u << ((key)-KC_FIELDS))

/* All keys in the order that maps have them: bytewise by their encodings (RFC 8949, section 4.2.1).
 * Thread-safe; static. */
const uint8_t *kc_key_order(void);

/* The text of a key; static. */
struct kc_span kc_key_text(unsigned int key);

#endif
