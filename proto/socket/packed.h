/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the socket API in the fixed layout that desk and vault speak. Integers big-endian:
 *
 *   message   id u64, operation u16, error u16, values, and if ITEMS is present: count u32, values...
 *   values    present (bit n of word m: field 64 * m + n) four u64, word 0 first; then the values in
 *             the order of their numbers:
 *             UINT u64; BOOL and SECRET u8; TEXT and BYTES u32 size, octets;
 *             DATA u8: 1 and a descriptor's index u8, or 0 and u32 size, octets
 *
 * A batch has no such form: the desk takes it apart.
 */
#ifndef KC_PROTO_SOCKET_PACKED_H
#define KC_PROTO_SOCKET_PACKED_H

#include "base/reader.h"
#include "base/writer.h"
#include "proto/socket/message.h"

/* Appends a message; kc_writer_finish tells whether it fitted. */
void kc_message_pack(struct kc_writer *w, const struct kc_message *message);

/*
 * Reads a message; what it lends points into the reader's bytes. The sizes and ranges of fields.def
 * hold after it; whether the fields belong to the operation is for kc_request_check or
 * kc_answer_check. A malformed message fails the reader, and *message is then empty.
 *
 * items  room for KC_ITEMS_MAX, lent to *message; NULL: a list fails the reader
 */
void kc_message_unpack(struct kc_reader *r, struct kc_values *items, struct kc_message *message);

#endif
