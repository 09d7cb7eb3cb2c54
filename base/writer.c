/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"

#include <string.h>

void kc_writer_init(struct kc_writer *w, void *bytes, size_t limit)
{
    w->bytes = bytes;
    w->size = 0;
    w->limit = limit;
    w->failed = false;
}

void kc_writer_bytes(struct kc_writer *w, const void *bytes, size_t size)
{
    if (w->failed || size > w->limit - w->size) {
        w->failed = true;
        return;
    }
    if (size > 0)
        memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static void big_endian(struct kc_writer *w, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    kc_writer_bytes(w, bytes, size);
}

void kc_writer_u8(struct kc_writer *w, uint8_t value)
{
    big_endian(w, value, 1);
}

void kc_writer_u16(struct kc_writer *w, uint16_t value)
{
    big_endian(w, value, 2);
}

void kc_writer_u32(struct kc_writer *w, uint32_t value)
{
    big_endian(w, value, 4);
}

void kc_writer_u64(struct kc_writer *w, uint64_t value)
{
    big_endian(w, value, 8);
}

void kc_writer_span(struct kc_writer *w, const void *bytes, size_t size)
{
    if (size > UINT32_MAX) {
        w->failed = true;
        return;
    }
    kc_writer_u32(w, (uint32_t)size);
    kc_writer_bytes(w, bytes, size);
}

void kc_writer_text(struct kc_writer *w, const char *text)
{
    kc_writer_span(w, text, strlen(text));
}

enum kc_error kc_writer_finish(const struct kc_writer *w)
{
    return w->failed ? KC_ERR_TOO_LARGE : KC_OK;
}
