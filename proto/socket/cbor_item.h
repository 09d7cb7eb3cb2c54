/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one cursor over CBOR: an item at a time, in its canonical form or not at all (RFC 8949,
 * section 4.2.1). Allocates nothing.
 */
#ifndef KC_PROTO_SOCKET_CBOR_ITEM_H
#define KC_PROTO_SOCKET_CBOR_ITEM_H

#include "base/reader.h"

enum kc_cbor_type {
    KC_CBOR_OTHER, /* none of ours: negative, float, tag, null, of indefinite length, not shortest */
    KC_CBOR_UINT,
    KC_CBOR_BOOL,
    KC_CBOR_TEXT, /* not yet known to be UTF-8 */
    KC_CBOR_BYTES,
    KC_CBOR_ARRAY, /* its items follow */
    KC_CBOR_MAP,   /* its keys and values follow */
};

struct kc_cbor_item {
    enum kc_cbor_type type;
    uint64_t number;     /* BOOL: 0 or 1; ARRAY, MAP: how many follow; TEXT, BYTES: their size */
    struct kc_span span; /* TEXT, BYTES: borrowed from the reader's bytes */
};

/*
 * Reads the next item. The count of an array or map is held against the bytes left, of which each
 * item takes at least one. A failure fails the reader and gives OTHER.
 */
struct kc_cbor_item kc_cbor_item_next(struct kc_reader *r);

#endif
