/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcbor's stream decoder reads one head at a time, without allocating; whatever it lets pass and
 * the canonical form does not have is refused here.
 */
#include "proto/socket/cbor_item.h"

#include <cbor.h>

static void take_uint8(void *item, uint8_t number)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_UINT, .number = number};
}

static void take_uint16(void *item, uint16_t number)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_UINT, .number = number};
}

static void take_uint32(void *item, uint32_t number)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_UINT, .number = number};
}

static void take_uint64(void *item, uint64_t number)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_UINT, .number = number};
}

static void take_bool(void *item, bool value)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_BOOL, .number = value};
}

static void take_text(void *item, cbor_data bytes, size_t size)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){KC_CBOR_TEXT, size, {bytes, size}};
}

static void take_bytes(void *item, cbor_data bytes, size_t size)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){KC_CBOR_BYTES, size, {bytes, size}};
}

static void take_array(void *item, size_t count)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_ARRAY, .number = count};
}

static void take_map(void *item, size_t count)
{
    *(struct kc_cbor_item *)item = (struct kc_cbor_item){.type = KC_CBOR_MAP, .number = count};
}

/* Whatever goes to a null callback stays KC_CBOR_OTHER, and so is refused. */
static const struct cbor_callbacks callbacks = {
    .uint8 = take_uint8,
    .uint16 = take_uint16,
    .uint32 = take_uint32,
    .uint64 = take_uint64,
    .negint8 = cbor_null_negint8_callback,
    .negint16 = cbor_null_negint16_callback,
    .negint32 = cbor_null_negint32_callback,
    .negint64 = cbor_null_negint64_callback,
    .byte_string_start = cbor_null_byte_string_start_callback,
    .byte_string = take_bytes,
    .string = take_text,
    .string_start = cbor_null_string_start_callback,
    .indef_array_start = cbor_null_indef_array_start_callback,
    .array_start = take_array,
    .indef_map_start = cbor_null_indef_map_start_callback,
    .map_start = take_map,
    .tag = cbor_null_tag_callback,
    .float2 = cbor_null_float2_callback,
    .float4 = cbor_null_float4_callback,
    .float8 = cbor_null_float8_callback,
    .undefined = cbor_null_undefined_callback,
    .null = cbor_null_null_callback,
    .boolean = take_bool,
    .indef_break = cbor_null_indef_break_callback,
};

/* The bytes of the shortest head for a number (RFC 8949, section 3). */
static size_t head_size(uint64_t number)
{
    if (number < 24)
        return 1;
    if (number <= UINT8_MAX)
        return 2;
    if (number <= UINT16_MAX)
        return 3;
    return number <= UINT32_MAX ? 5 : 9;
}

static bool is_shortest(const struct kc_cbor_item *item, size_t read)
{
    return item->type == KC_CBOR_BOOL ? read == 1
                                      : read == head_size(item->number) + item->span.size;
}

static bool count_fits(const struct kc_cbor_item *item, size_t left)
{
    if (item->type == KC_CBOR_MAP)
        return item->number <= left / 2;
    return item->type != KC_CBOR_ARRAY || item->number <= left;
}

struct kc_cbor_item kc_cbor_item_next(struct kc_reader *r)
{
    struct kc_cbor_item item = {KC_CBOR_OTHER, 0, {NULL, 0}};
    struct cbor_decoder_result result = {0, CBOR_DECODER_NEDATA, 0};
    if (r->left > 0)
        result = cbor_stream_decode(r->next, r->left, &callbacks, &item);
    bool good = result.status == CBOR_DECODER_FINISHED && item.type != KC_CBOR_OTHER &&
                is_shortest(&item, result.read);
    if (good)
        (void)kc_reader_bytes(r, result.read);
    if (!good || !count_fits(&item, r->left)) {
        kc_reader_fail(r);
        return (struct kc_cbor_item){KC_CBOR_OTHER, 0, {NULL, 0}};
    }
    return item;
}
