/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one cursor over untrusted bytes.
 *
 * Sticky: after the first failure it stays failed and every getter returns zero, so a parser reads
 * like the format and checks once, with kc_reader_finish. Bounds are checked by subtraction from
 * what is left. Integers are big-endian.
 *
 *     kc_reader_init(&r, bytes, size);
 *     index = kc_reader_u8(&r);
 *     kc_reader_copy(&r, public, 57);
 *     if ((error = kc_reader_finish(&r)) != KC_OK)
 *         return error;
 */
#ifndef KC_BASE_READER_H
#define KC_BASE_READER_H

#include "base/error.h"
#include "base/language.h"

#include <stdint.h>

KC_C_BEGIN

struct kc_reader {
    const uint8_t *next; /* borrowed: the bytes outlive the reader and all that it lends */
    size_t left;
    bool failed;
};

/* A borrowed run of bytes. */
struct kc_span {
    const uint8_t *bytes;
    size_t size;
};

void kc_reader_init(struct kc_reader *r, const void *bytes, size_t size);

uint8_t kc_reader_u8(struct kc_reader *r);
uint16_t kc_reader_u16(struct kc_reader *r);
uint32_t kc_reader_u32(struct kc_reader *r);
uint64_t kc_reader_u64(struct kc_reader *r);

/* Copies exactly size bytes out; zeroes them on failure. */
void kc_reader_copy(struct kc_reader *r, void *out, size_t size);

/* Lends exactly size bytes; NULL on failure. A run of no bytes is lent as a pointer that may not be
 * read. */
const uint8_t *kc_reader_bytes(struct kc_reader *r, size_t size);

/* A u32 length of at most limit, then that many bytes, lent. {NULL, 0} on failure. */
struct kc_span kc_reader_span(struct kc_reader *r, size_t limit);

/* A span without a zero in it, so that it packs to what it was read from, as a text of size octets
 * with its terminator; the rest is zero. Empty on failure. */
void kc_reader_text(struct kc_reader *r, char *text, size_t size);

/* A u32 count of at most limit items of at least item_size bytes each: checked against what is
 * left. */
size_t kc_reader_count(struct kc_reader *r, size_t limit, size_t item_size);

/* Marks the reader failed: for a value that is read well but not permitted. */
void kc_reader_fail(struct kc_reader *r);

/* KC_ERR_BAD_REQUEST if anything failed or bytes are left over. */
KC_CHECKED enum kc_error kc_reader_finish(const struct kc_reader *r);

KC_C_END

#endif
