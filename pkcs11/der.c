/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/der.h"

/* X.690, 10.1: "The definite form of length encoding shall be used, encoded in the minimum number of
 * octets." Nothing here is longer than 64 KiB. */
static size_t read_length(struct kc_reader *r)
{
    uint8_t first = kc_reader_u8(r);
    if (first < 0x80)
        return first;
    size_t length = first == 0x81 ? kc_reader_u8(r) : kc_reader_u16(r);
    if ((first != 0x81 && first != 0x82) || length < (first == 0x81 ? 0x80u : 0x100u))
        kc_reader_fail(r);
    return length;
}

void kc_der_next(struct kc_reader *r, struct kc_der *value)
{
    const uint8_t *start = r->next;
    size_t left = r->left;
    struct kc_der result = {.tag = kc_reader_u8(r)};
    if ((result.tag & 0x1f) == 0x1f)
        kc_reader_fail(r);
    size_t size = read_length(r);
    result.content = (struct kc_span){kc_reader_bytes(r, size), size};
    result.whole = (struct kc_span){start, left - r->left};
    if (r->failed)
        result = (struct kc_der){0};
    *value = result;
}

struct kc_span kc_der_take(struct kc_reader *r, uint8_t tag)
{
    struct kc_der value;
    kc_der_next(r, &value);
    if (r->failed || value.tag != tag) {
        kc_reader_fail(r);
        return (struct kc_span){NULL, 0};
    }
    return value.content;
}

struct kc_reader kc_der_enter(struct kc_reader *r, uint8_t tag)
{
    struct kc_reader inner;
    struct kc_span content = kc_der_take(r, tag);
    kc_reader_init(&inner, content.bytes, content.size);
    if (r->failed)
        kc_reader_fail(&inner);
    return inner;
}

size_t kc_der_head_size(size_t content_size)
{
    if (content_size < 0x80)
        return 2;
    return content_size < 0x100 ? 3 : 4;
}

void kc_der_head(struct kc_writer *w, uint8_t tag, size_t content_size)
{
    kc_writer_u8(w, tag);
    if (content_size < 0x80) {
        kc_writer_u8(w, (uint8_t)content_size);
    } else if (content_size < 0x100) {
        kc_writer_u8(w, 0x81);
        kc_writer_u8(w, (uint8_t)content_size);
    } else {
        kc_writer_u8(w, 0x82);
        kc_writer_u16(w, (uint16_t)content_size);
    }
}
