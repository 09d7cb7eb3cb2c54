/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include <string.h>

void kc_reader_init(struct kc_reader *r, const void *bytes, size_t size)
{
    r->next = bytes;
    r->left = size;
    r->failed = false;
}

void kc_reader_fail(struct kc_reader *r)
{
    r->failed = true;
    r->left = 0;
}

const uint8_t *kc_reader_bytes(struct kc_reader *r, size_t size)
{
    if (r->failed || size > r->left) {
        kc_reader_fail(r);
        return NULL;
    }
    const uint8_t *bytes = r->next;
    if (size > 0) /* next may be NULL for an empty input */
        r->next += size;
    r->left -= size;
    return bytes;
}

static uint64_t big_endian(struct kc_reader *r, size_t size)
{
    const uint8_t *bytes = kc_reader_bytes(r, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t kc_reader_u8(struct kc_reader *r)
{
    return (uint8_t)big_endian(r, 1);
}

uint16_t kc_reader_u16(struct kc_reader *r)
{
    return (uint16_t)big_endian(r, 2);
}

uint32_t kc_reader_u32(struct kc_reader *r)
{
    return (uint32_t)big_endian(r, 4);
}

uint64_t kc_reader_u64(struct kc_reader *r)
{
    return big_endian(r, 8);
}

void kc_reader_copy(struct kc_reader *r, void *out, size_t size)
{
    const uint8_t *bytes = kc_reader_bytes(r, size);
    if (bytes && size > 0)
        memcpy(out, bytes, size);
    else if (size > 0)
        memset(out, 0, size);
}

struct kc_span kc_reader_span(struct kc_reader *r, size_t limit)
{
    size_t size = kc_reader_u32(r);
    if (size > limit)
        kc_reader_fail(r);
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes ? (struct kc_span){bytes, size} : (struct kc_span){NULL, 0};
}

void kc_reader_text(struct kc_reader *r, char *text, size_t size)
{
    struct kc_span span = kc_reader_span(r, size - 1);
    memset(text, 0, size);
    if (span.size == 0)
        return;
    if (memchr(span.bytes, 0, span.size))
        kc_reader_fail(r);
    else
        memcpy(text, span.bytes, span.size);
}

size_t kc_reader_count(struct kc_reader *r, size_t limit, size_t item_size)
{
    size_t count = kc_reader_u32(r);
    if (count > limit || (item_size > 0 && count > r->left / item_size))
        kc_reader_fail(r);
    return r->failed ? 0 : count;
}

enum kc_error kc_reader_finish(const struct kc_reader *r)
{
    return r->failed || r->left > 0 ? KC_ERR_BAD_REQUEST : KC_OK;
}
