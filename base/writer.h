/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes fixed layouts into a buffer of the caller's; the counterpart of reader.h.
 *
 * Sticky: a write that does not fit marks the writer failed and writes nothing. Integers are
 * big-endian.
 */
#ifndef KC_BASE_WRITER_H
#define KC_BASE_WRITER_H

#include "base/error.h"
#include "base/language.h"
#include "base/reader.h"

#include <stdint.h>

KC_C_BEGIN

struct kc_writer {
    uint8_t *bytes; /* the caller's */
    size_t size;    /* written */
    size_t limit;
    bool failed;
};

void kc_writer_init(struct kc_writer *w, void *bytes, size_t limit);

void kc_writer_u8(struct kc_writer *w, uint8_t value);
void kc_writer_u16(struct kc_writer *w, uint16_t value);
void kc_writer_u32(struct kc_writer *w, uint32_t value);
void kc_writer_u64(struct kc_writer *w, uint64_t value);
void kc_writer_bytes(struct kc_writer *w, const void *bytes, size_t size);

/* A u32 length, then the bytes: what kc_reader_span reads. */
void kc_writer_span(struct kc_writer *w, const void *bytes, size_t size);

/* A text without its terminator, as a span: what kc_reader_text reads. */
void kc_writer_text(struct kc_writer *w, const char *text);

/* KC_ERR_TOO_LARGE if anything did not fit. */
KC_CHECKED enum kc_error kc_writer_finish(const struct kc_writer *w);

KC_C_END

#endif
