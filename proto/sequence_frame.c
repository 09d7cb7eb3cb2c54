/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sequence_frame.h"

#include "base/writer.h"

#include <string.h>

#define RECORD_TAG 0xf0
#define FRAME_TAG 0xf4
#define RECORDS_MAX 3

/* Octets of a length under a tag: 1, 2, 4 or 8; 0: it is not that kind of tag. */
static size_t length_octets(uint8_t tag, uint8_t kind)
{
    return (tag & 0xfc) == kind ? (size_t)1 << (tag & 3) : 0;
}

/* Takes a tag and a length. */
static uint64_t read_length(struct kc_reader *r, uint8_t kind)
{
    size_t octets = length_octets(kc_reader_u8(r), kind);
    uint64_t length = 0;
    if (octets == 0)
        kc_reader_fail(r);
    for (size_t i = 0; i < octets; i++)
        length = length << 8 | kc_reader_u8(r);
    return length;
}

enum kc_error kc_frame_size(struct kc_span head, size_t *size)
{
    struct kc_reader r;
    if (head.size > 0 && length_octets(head.bytes[0], FRAME_TAG) == 0)
        return KC_ERR_ENVELOPE;
    kc_reader_init(&r, head.bytes, head.size);
    uint64_t length = read_length(&r, FRAME_TAG);
    if (r.failed)
        return KC_ERR_BAD_REQUEST;
    size_t ends = 2 * (head.size - r.left);
    if (length > KC_FRAME_MAX - ends)
        return KC_ERR_ENVELOPE;
    *size = (size_t)length + ends;
    return KC_OK;
}

enum kc_error kc_frame_size_before(struct kc_span tail, size_t *size)
{
    uint8_t head[KC_FRAME_HEAD_MAX];
    size_t count = tail.size < sizeof head ? tail.size : sizeof head;
    for (size_t i = 0; i < count; i++)
        head[i] = tail.bytes[tail.size - 1 - i];
    return kc_frame_size((struct kc_span){head, count}, size);
}

static bool is_reversed(const uint8_t *head, const uint8_t *tail, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (head[i] != tail[size - 1 - i])
            return false;
    return true;
}

static struct kc_span read_record(struct kc_reader *r)
{
    uint64_t length = read_length(r, RECORD_TAG);
    if (length > r->left)
        kc_reader_fail(r);
    struct kc_span record = {NULL, 0};
    if (!r->failed)
        record = (struct kc_span){kc_reader_bytes(r, (size_t)length), (size_t)length};
    return record;
}

static enum kc_error records_read(struct kc_span content, struct kc_frame *frame)
{
    struct kc_span records[RECORDS_MAX] = {{NULL, 0}};
    struct kc_reader r;
    kc_reader_init(&r, content.bytes, content.size);
    for (int i = 0; i < 2; i++)
        records[i] = read_record(&r);
    if (r.left > 0)
        records[2] = read_record(&r);
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_ENVELOPE;
    *frame = (struct kc_frame){records[0], records[1], records[2]};
    return KC_OK;
}

enum kc_error kc_frame_read(struct kc_span octets, struct kc_frame *frame)
{
    size_t size;
    if (kc_frame_size(octets, &size) != KC_OK || size != octets.size)
        return KC_ERR_ENVELOPE;
    size_t head = 1 + length_octets(octets.bytes[0], FRAME_TAG);
    if (!is_reversed(octets.bytes, octets.bytes + octets.size - head, head))
        return KC_ERR_ENVELOPE;
    return records_read((struct kc_span){octets.bytes + head, octets.size - 2 * head}, frame);
}

/* The low bits of the shortest tag that takes a length. */
static uint8_t length_kind(uint64_t length)
{
    if (length <= UINT8_MAX)
        return 0;
    if (length <= UINT16_MAX)
        return 1;
    return length <= UINT32_MAX ? 2 : 3;
}

static size_t length_size(uint64_t length)
{
    return 1 + ((size_t)1 << length_kind(length));
}

static size_t record_size(struct kc_span record)
{
    return length_size(record.size) + record.size;
}

static size_t content_size(const struct kc_frame *frame)
{
    size_t size = record_size(frame->header) + record_size(frame->payload);
    return frame->trailer.size > 0 ? size + record_size(frame->trailer) : size;
}

size_t kc_frame_written_size(const struct kc_frame *frame)
{
    if (frame->header.size > KC_FRAME_MAX || frame->payload.size > KC_FRAME_MAX ||
        frame->trailer.size > KC_FRAME_MAX)
        return 0;
    size_t content = content_size(frame), size = content + 2 * length_size(content);
    return size <= KC_FRAME_MAX ? size : 0;
}

static void write_length(struct kc_writer *w, uint8_t kind, uint64_t length)
{
    size_t octets = length_size(length) - 1;
    kc_writer_u8(w, kind | length_kind(length));
    for (size_t i = octets; i-- > 0;)
        kc_writer_u8(w, (uint8_t)(length >> (8 * i)));
}

static void write_record(struct kc_writer *w, struct kc_span record)
{
    write_length(w, RECORD_TAG, record.size);
    kc_writer_bytes(w, record.bytes, record.size);
}

void kc_frame_write(const struct kc_frame *frame, uint8_t *octets)
{
    struct kc_writer w;
    size_t content = content_size(frame), head = length_size(content);
    kc_writer_init(&w, octets, content + 2 * head);
    write_length(&w, FRAME_TAG, content);
    write_record(&w, frame->header);
    write_record(&w, frame->payload);
    if (frame->trailer.size > 0)
        write_record(&w, frame->trailer);
    for (size_t i = head; i-- > 0;)
        kc_writer_u8(&w, octets[i]);
}
