/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of DARE sequences, and what the frames of each carry.
 */
#ifndef KC_PROTO_SEQUENCE_TYPE_H
#define KC_PROTO_SEQUENCE_TYPE_H

#include "proto/sequence_link.h"

enum kc_sequence_type {
    KC_SEQUENCE_LIST,   /* frames, no more */
    KC_SEQUENCE_DIGEST, /* the digest of each payload */
    KC_SEQUENCE_CHAIN,  /* ChainDigest */
    KC_SEQUENCE_TREE,   /* TreePosition: the way to any frame is short; no link */
    KC_SEQUENCE_MERKLE, /* TreePosition and TreeDigest */
};

/* The name of a type in SequenceInfo.ContainerType, and back. NULL, false: none. */
const char *kc_sequence_type_name(enum kc_sequence_type type);
bool kc_sequence_type_find(const char *name, enum kc_sequence_type *type);

/* The member of the trailer that has the link, or NULL. */
const char *kc_sequence_type_link(enum kc_sequence_type type);

bool kc_sequence_type_has_positions(enum kc_sequence_type type);

/* The link of a frame of a type that has them. Errors of kc_link_chain. */
KC_CHECKED enum kc_error kc_sequence_type_link_make(enum kc_sequence_type type, uint64_t frame,
    const uint8_t payload[KC_LINK_SIZE], kc_link_earlier earlier, const void *context,
    uint8_t link[KC_LINK_SIZE]);

#endif
